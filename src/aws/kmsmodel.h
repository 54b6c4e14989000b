/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_KMSMODEL_H
#define KEYHAUL_AWS_KMSMODEL_H

#include <stdbool.h>
#include <stddef.h>

/* What AWS's API model says of the operations that keyhaul-kms has under the AWS CLI's names. */

#define KMSMODEL_NONE (-1L)
#define KMSMODEL_OPTION_MAX 64

enum kmsmodel_kind {
	KMSMODEL_STRING, /* min and max in characters */
	KMSMODEL_BLOB,	 /* in bytes */
	KMSMODEL_INTEGER,
	KMSMODEL_BOOLEAN,
	KMSMODEL_TIMESTAMP,
	KMSMODEL_LIST, /* in elements */
	KMSMODEL_STRUCTURE,
};

struct kmsmodel_shape;

struct kmsmodel_member {
	const char *name;
	const struct kmsmodel_shape *shape;
	bool required;
};

struct kmsmodel_shape {
	const char *name;
	enum kmsmodel_kind kind;
	long min, max;				/* KMSMODEL_NONE where the model has none */
	const char *pattern;			/* as the model writes it (pattern.h); NULL for none */
	const char *const *values;		/* of an enumeration, up to a NULL; NULL for none */
	const struct kmsmodel_member *members;	/* of a structure, in the model's order, up to one without a name */
	const struct kmsmodel_shape *element;	/* of a list */
};

struct kmsmodel_operation {
	const char *name;
	const struct kmsmodel_shape *input, *output;
	const char *answer; /* the member without which a reply says nothing (ours, not the model's); NULL: it may be empty */
};

/* The Ith operation, in order of their names; NULL behind the last. */
const struct kmsmodel_operation *kmsmodel_operation(size_t i);

/* The operation of that name ("DescribeKey"); NULL for none. */
const struct kmsmodel_operation *kmsmodel_find(const char *name);

/* A structure's member; NULL for none. */
const struct kmsmodel_member *kmsmodel_member(const struct kmsmodel_shape *structure, const char *name);

/* The AWS CLI's name for a member or operation: "key-id" for KeyId. */
void kmsmodel_option(const char *member, char out[KMSMODEL_OPTION_MAX]);

/* Values of the requests' enumerations, up to a NULL. */
extern const char *const kmsmodel_AlgorithmSpec[], *const kmsmodel_WrappingKeySpec[], *const kmsmodel_ExpirationModelType[],
	*const kmsmodel_ImportType[], *const kmsmodel_KeyUsageType[], *const kmsmodel_OriginType[],
	*const kmsmodel_CustomerMasterKeySpec[], *const kmsmodel_KeySpec[], *const kmsmodel_IncludeKeyMaterial[];

#endif
