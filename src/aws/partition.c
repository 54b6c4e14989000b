/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "partition.h"

#include "base/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PREFIXES_MAX 11

/* A Region of a partition is one of its prefixes, a word and a number: us-gov-west-1; or ID-global. */
static const struct row {
	struct partition partition;
	const char *prefixes[PREFIXES_MAX];
} rows[] = {
	{{"aws", "amazonaws.com", "api.aws"}, {"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"}},
	{{"aws-us-gov", "amazonaws.com", "api.aws"}, {"us-gov"}},
	{{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"}, {"cn"}},
	{{"aws-iso", "c2s.ic.gov", "api.aws.ic.gov"}, {"us-iso"}},
	{{"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"}, {"us-isob"}},
	{{"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"}, {"eu-isoe"}},
	{{"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"}, {"us-isof"}},
	{{"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"}, {"eusc-de"}},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const published[] = {
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
	"ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
	"eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1",
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1",
	"us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-east-1",
	"us-isof-south-1", "eusc-de-east-1",
};

/* The names of a partition as a whole ("aws-cn-global") are no one's Region here. */
bool partition_region_published(const char *region, const char **nearest)
{
	struct nearest near = {NULL, 0};

	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		if (strcmp(published[i], region) == 0)
			return true;
		nearest_offer(&near, region, strlen(region), published[i]);
	}
	*nearest = near.name;
	return false;
}

bool partition_region_valid(const char *region)
{
	size_t len = strnlen(region, 32);

	if (len == 0 || len > 31 || region[0] == '-' || region[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)region[i]) && region[i] != '-')
			return false;
	return true;
}

/* PREFIX-word-number */
static bool has_prefix(const char *region, const char *prefix)
{
	size_t len = strlen(prefix), digits;

	if (strncmp(region, prefix, len) != 0 || region[len] != '-')
		return false;
	region += len + 1;
	len = strcspn(region, "-");
	if (len == 0 || region[len] != '-')
		return false;
	digits = strspn(region + len + 1, "0123456789");
	return digits > 0 && region[len + 1 + digits] == '\0';
}

static bool is_global(const char *region, const char *id)
{
	size_t len = strlen(id);

	return strncmp(region, id, len) == 0 && strcmp(region + len, "-global") == 0;
}

static bool holds(const struct row *row, const char *region)
{
	for (size_t i = 0; i < PREFIXES_MAX && row->prefixes[i]; i++)
		if (has_prefix(region, row->prefixes[i]))
			return true;
	return is_global(region, row->partition.id);
}

const struct partition *partition_of_region(const char *region)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (holds(&rows[i], region))
			return &rows[i].partition;
	return &rows[0].partition;
}

const struct partition *partition_find(const char *id)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].partition.id, id) == 0)
			return &rows[i].partition;
	return NULL;
}

int partition_host(const char *service, const char *region, bool fips, bool dual_stack, char out[PARTITION_HOST_MAX],
		   struct kh_error *err)
{
	const struct partition *p;

	if (!partition_region_valid(region)) {
		kh_fail(err, KH_E_USAGE, 0, "'%.64s' is not the name of a Region", region);
		return kh_hint(err, "letters, digits and hyphens, such as eu-central-1");
	}
	p = partition_of_region(region);
	(void)snprintf(out, PARTITION_HOST_MAX, "%s%s.%s.%s", service, fips ? "-fips" : "", region,
		       dual_stack ? p->dual_stack_suffix : p->suffix);
	return 0;
}

/* The host is the suffix itself or ends in a dot and it, without regard to case. */
static bool ends_in(const char *host, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && strncasecmp(host + len - n, suffix, n) == 0 && (len == n || host[len - n - 1] == '.');
}

bool partition_is_aws_host(const char *host)
{
	size_t len = strlen(host);

	if (len && host[len - 1] == '.') /* a name may end in the root's dot */
		len--;
	for (size_t i = 0; i < N_ROWS; i++)
		if (ends_in(host, len, rows[i].partition.suffix) ||
		    ends_in(host, len, rows[i].partition.dual_stack_suffix))
			return true;
	return false;
}
