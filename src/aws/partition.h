/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_AWS_PARTITION_H
#define KEYHAUL_AWS_PARTITION_H

#include "base/error.h"

#include <stdbool.h>

#define PARTITION_HOST_MAX 256

/* A partition of AWS: its id ("aws-cn") and the suffixes of its hosts. */
struct partition {
	const char *id;
	const char *suffix;
	const char *dual_stack_suffix;
};

/* True where the text has the form of a Region name (letters, digits, hyphens; a host label). */
bool partition_region_valid(const char *region);

/*
 * True for a Region that AWS has published (partitions.json of 2026); it adds some every year, so that another may well be
 * one. Else `*nearest` is the one that it may be meant for, NULL for none that is near.
 */
bool partition_region_published(const char *region, const char **nearest);

/* The partition whose Region pattern fits; "aws" for unknown Regions of good form, as AWS's endpoint rules do. */
const struct partition *partition_of_region(const char *region);

/* The partition of that id; NULL for none. */
const struct partition *partition_find(const char *id);

/* Host of SERVICE ("kms", "sts") in the Region, "kms-fips.us-east-1.api.aws" and so on. KH_E_USAGE for a bad Region. */
int partition_host(const char *service, const char *region, bool fips, bool dual_stack, char out[PARTITION_HOST_MAX],
		   struct kh_error *err);

/* True where the host (no port) is AWS's own in any partition: what a rehearsal's bundle is never sent to. */
bool partition_is_aws_host(const char *host);

#endif
