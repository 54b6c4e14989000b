/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_PROFILE_H
#define KEYHAUL_KMS_PROFILE_H

#include "awsfile.h"

#define PROFILE_KEPT 8 /* settings that are asked for after the credentials */
#define PROFILE_SERVICES 2 /* whose endpoints are, too */

/* The user's profile out of AWS's two files. Strings belong to it. */
struct profile {
	const char *name;
	bool by_option; /* --profile named it: then it comes before the environment's keys */
	struct awsfile *config;
	struct awsfile *credentials;
	const char *config_section; /* NULL where the file has none */
	const char *credentials_section;
	/* what is left after profile_drop_files */
	bool dropped;
	char *kept[PROFILE_KEPT];
	char *service_urls[PROFILE_SERVICES];
	int service_rc;
};

/*
 * Reads AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE (else ~/.aws/config and ~/.aws/credentials) and takes the
 * profile: the option, else AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". KH_E_INPUT for a bad file or where one is
 * named that is in neither. The caller clears it, also after an error.
 */
int profile_load(const char *option, struct profile *out, struct kh_error *err);
void profile_clear(struct profile *p);

/*
 * Wipes and frees the two files, which may hold keys, and keeps the settings that endpoint, Region, CA and retries need:
 * profile_get knows only these from then on. For after creds_load. KH_E_MEMORY.
 */
int profile_drop_files(struct profile *p, struct kh_error *err);

/* An option of the profile's; the credentials file wins. NULL for none or empty. */
const char *profile_get(const struct profile *p, const char *option);

/* The option is there, and says nothing. Before profile_drop_files. */
bool profile_is_empty(const struct profile *p, const char *option);

/*
 * The endpoint URL for a service ("kms", "sts", "sso_oidc") in the profile's services section, into `out`: 1 for one, 0
 * for none, -1 KH_E_INPUT. After profile_drop_files it knows kms and sts.
 */
int profile_service_endpoint(const struct profile *p, const char *service, char *out, size_t size, struct kh_error *err);

/* Another profile of the same two files, which stay p's: `out` is not cleared. False where neither file has it. */
bool profile_other(const struct profile *p, const char *name, struct profile *out);

/* An option of a section like [sso-session NAME] of the config file; NULL for none or empty. */
const char *profile_section_get(const struct profile *p, const char *kind, const char *name, const char *option);
bool profile_section_is_there(const struct profile *p, const char *kind, const char *name);

/* The home folder, "" where there is none. */
const char *profile_home(void);

#endif
