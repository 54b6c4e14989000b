/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "profile.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define URL_SIZE 1024

const char *profile_home(void)
{
	const char *dir = getenv("HOME");
	const struct passwd *pw = dir && *dir ? NULL : getpwuid(getuid());

	return dir && *dir ? dir : pw && pw->pw_dir ? pw->pw_dir : "";
}

/* Where a file is: the variable's value with ~ for the home folder, else the one in the home folder. */
static int read_file(const char *env, const char *usual, struct awsfile **out, struct kh_error *err)
{
	const char *path = getenv(env);
	char full[PATH_SIZE];
	int n;

	if (!path || !*path)
		path = usual;
	if (path[0] == '~' && path[1] == '/')
		n = snprintf(full, sizeof(full), "%s%s", profile_home(), path + 1);
	else
		n = snprintf(full, sizeof(full), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(full))
		return kh_fail(err, KH_E_INPUT, 0, "%s: the path is too long", env);
	return awsfile_read(full, out, err);
}

static const char *choose_name(const char *option)
{
	const char *const names[] = {option, getenv("AWS_PROFILE"), getenv("AWS_DEFAULT_PROFILE")};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && *names[i])
			return names[i];
	return NULL;
}

int profile_load(const char *option, struct profile *out, struct kh_error *err)
{
	const char *chosen = choose_name(option);

	memset(out, 0, sizeof(*out));
	out->name = chosen ? chosen : "default";
	out->by_option = option && *option;
	if (read_file("AWS_CONFIG_FILE", "~/.aws/config", &out->config, err) ||
	    read_file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &out->credentials, err))
		return -1;
	out->config_section = awsfile_section(out->config, "profile", out->name);
	out->credentials_section = awsfile_section(out->credentials, NULL, out->name);
	if (chosen && !out->config_section && !out->credentials_section) {
		kh_fail(err, KH_E_INPUT, 0, "there is no profile '%s' in AWS's config or credentials file", chosen);
		return kh_hint(err, "'aws configure list-profiles' lists those that are there");
	}
	return 0;
}

static const char *const kept_names[PROFILE_KEPT] = {
	"region",	     "endpoint_url",	       "services",			 "ca_bundle",
	"use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls", "max_attempts",
};

static const char *const kept_services[PROFILE_SERVICES] = {"kms", "sts"};

static int keep_services(struct profile *p, struct kh_error *err)
{
	struct kh_error ignored; /* told again when it is asked for */
	char url[URL_SIZE];

	for (size_t i = 0; i < PROFILE_SERVICES; i++) {
		int rc = profile_service_endpoint(p, kept_services[i], url, sizeof(url), &ignored);

		if (rc < 0)
			p->service_rc = rc;
		if (rc > 0) {
			p->service_urls[i] = strdup(url);
			if (!p->service_urls[i])
				return kh_fail_memory(err);
		}
	}
	return 0;
}

int profile_drop_files(struct profile *p, struct kh_error *err)
{
	for (size_t i = 0; i < PROFILE_KEPT; i++) {
		const char *value = profile_get(p, kept_names[i]);

		p->kept[i] = value ? strdup(value) : NULL;
		if (value && !p->kept[i])
			return kh_fail_memory(err);
	}
	if (keep_services(p, err))
		return -1;
	awsfile_free(p->config);
	awsfile_free(p->credentials);
	p->config = p->credentials = NULL;
	p->config_section = p->credentials_section = NULL;
	p->dropped = true;
	return 0;
}

void profile_clear(struct profile *p)
{
	for (size_t i = 0; i < PROFILE_KEPT; i++)
		free(p->kept[i]);
	for (size_t i = 0; i < PROFILE_SERVICES; i++)
		free(p->service_urls[i]);
	awsfile_free(p->config);
	awsfile_free(p->credentials);
	memset(p, 0, sizeof(*p));
}

static const char *get_kept(const struct profile *p, const char *option)
{
	for (size_t i = 0; i < PROFILE_KEPT; i++)
		if (strcmp(option, kept_names[i]) == 0)
			return p->kept[i];
	return NULL;
}

const char *profile_get(const struct profile *p, const char *option)
{
	const char *value;

	if (p->dropped)
		return get_kept(p, option);
	value = awsfile_get(p->credentials, p->credentials_section, option);

	if (!value)
		value = awsfile_get(p->config, p->config_section, option);
	return value && *value ? value : NULL;
}

bool profile_is_empty(const struct profile *p, const char *option)
{
	const char *value = awsfile_get(p->credentials, p->credentials_section, option);

	if (!value)
		value = awsfile_get(p->config, p->config_section, option);
	return value && !*value;
}

static int kept_endpoint(const struct profile *p, const char *service, char *out, size_t size)
{
	for (size_t i = 0; i < PROFILE_SERVICES; i++)
		if (strcmp(service, kept_services[i]) == 0 && p->service_urls[i] && strlen(p->service_urls[i]) < size) {
			memcpy(out, p->service_urls[i], strlen(p->service_urls[i]) + 1);
			return 1;
		}
	return 0;
}

int profile_service_endpoint(const struct profile *p, const char *service, char *out, size_t size, struct kh_error *err)
{
	const char *services = profile_get(p, "services");
	const char *section = services ? awsfile_section(p->config, "services", services) : NULL;

	if (!services)
		return 0;
	if (p->dropped && p->service_rc >= 0)
		return kept_endpoint(p, service, out, size);
	if (!section)
		return kh_fail(err, KH_E_INPUT, 0, "profile '%s' wants [services %s], and the config file has none",
			       p->name, services);
	return awsfile_nested(awsfile_get(p->config, section, service), "endpoint_url", out, size) && *out;
}

bool profile_other(const struct profile *p, const char *name, struct profile *out)
{
	memset(out, 0, sizeof(*out));
	out->name = name;
	out->by_option = true;
	out->config = p->config;
	out->credentials = p->credentials;
	out->config_section = awsfile_section(p->config, "profile", name);
	out->credentials_section = awsfile_section(p->credentials, NULL, name);
	return out->config_section || out->credentials_section;
}

const char *profile_section_get(const struct profile *p, const char *kind, const char *name, const char *option)
{
	const char *value = awsfile_get(p->config, awsfile_section(p->config, kind, name), option);

	return value && *value ? value : NULL;
}

bool profile_section_is_there(const struct profile *p, const char *kind, const char *name)
{
	return awsfile_section(p->config, kind, name) != NULL;
}
