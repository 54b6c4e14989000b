/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "errname.h"

#include <stdio.h>
#include <string.h>

#define FINAL ERRNAME_FINAL, KH_E_KMS
#define TRANSIENT ERRNAME_TRANSIENT, KH_E_AGAIN
#define THROTTLE ERRNAME_THROTTLE, KH_E_AGAIN

#define HINT_SKEW "this host's clock is wrong: set it (NTP), then run this again"
#define HINT_CREDENTIALS \
	"AWS does not know these credentials (any more): look at access key id, secret key and session token, or name another --profile"
#define HINT_RENEW "renew the credentials (a new session, 'aws sso login'), then run this again"
#define HINT_LATER "wait a little, then run this again: nothing was lost"
#define HINT_SLOWER "too many calls a second in this account and Region: wait, then run this again"
#define HINT_ADMIN "look at the key with 'aws kms describe-key'"

static const struct errname rows[] = {
	/* KMS, on imports */
	{"InvalidCiphertextException", 400, FINAL,
	 "KMS could not open the blob: another algorithm or hash than the request's, another wrapping key, or a "
	 "token that wraps wrongly; run 'keyhaul inspect' on the bundle, then fetch and wrap again"},
	{"IncorrectKeyMaterialException", 400, FINAL,
	 "this is not the material that the KMS key had before, or it is there already, or it is invalid or "
	 "expired; wrap the key that was imported first, or for new material on a symmetric key use --import-type "
	 "NEW_KEY_MATERIAL"},
	{"ExpiredImportTokenException", 400, FINAL,
	 "the import token is past its 24 hours: run fetch again, wrap again, and import within a day"},
	{"InvalidImportTokenException", 400, FINAL,
	 "the import token is not one of this KMS key's; run fetch again for this key and wrap into the new bundle"},
	{"KMSInvalidStateException", 400, FINAL,
	 "the KMS key's state does not allow this now; 'aws kms describe-key' shows it (KeyState, Origin), and "
	 "'aws kms list-key-rotations' what is pending"},
	{"UnsupportedOperationException", 400, FINAL,
	 "the KMS key cannot take imported material: it needs Origin EXTERNAL and no custom key store; make one "
	 "with 'keyhaul-kms create'"},
	{"NotFoundException", 400, FINAL,
	 "no such key here: check the id, the Region and the account ('aws kms list-keys'); right after creation "
	 "wait a few seconds"},
	{"InvalidArnException", 400, FINAL, "check the ARN: arn:PARTITION:kms:REGION:ACCOUNT:key/ID"},
	{"ValidationException", 400, FINAL,
	 "a value is out of KMS's range; the message names it: check the options and the bundle's intent"},
	{"LimitExceededException", 400, FINAL,
	 "a limit of the key or account is used up (such as 25 on-demand rotations a key); trying again does not "
	 "help: ask for a higher quota, or make another key"},
	{"DryRunOperationException", 400, FINAL, "this was a dry run: nothing was done"},
	/* KMS, otherwise */
	{"DisabledException", 400, FINAL, "the KMS key is disabled: 'aws kms enable-key' enables it"},
	{"ConflictException", 400, FINAL, "another change of this key is under way: wait until it is done"},
	{"AlreadyExistsException", 400, FINAL, "it is there already: look at it before trying again"},
	{"MalformedPolicyDocumentException", 400, FINAL,
	 "the key policy is not valid JSON policy text: check the file given to --policy"},
	{"TagException", 400, FINAL, "a tag is not valid: keys of 1 to 128 characters, no 'aws:' prefix, at most 50"},
	{"InvalidMarkerException", 400, FINAL, "the list changed while it was read: run this again"},
	{"InvalidKeyUsageException", 400, FINAL,
	 "the KMS key's usage does not allow this; 'aws kms describe-key' shows KeyUsage and KeySpec"},
	{"InvalidAliasNameException", 400, FINAL, "an alias is 'alias/' and letters, digits, '/', '_' and '-'"},
	{"InvalidGrantTokenException", 400, FINAL, "the grant token is not valid: ask for a new grant"},
	{"IncorrectKeyException", 400, FINAL, "the ciphertext belongs to another KMS key: check --key-id"},
	{"KMSInvalidMacException", 400, FINAL, "the MAC is not this key's: the KMS key holds other material"},
	{"KMSInvalidSignatureException", 400, FINAL, "the signature is not this key's: the KMS key holds other material"},
	{"CloudHsmClusterInvalidConfigurationException", 400, FINAL, HINT_ADMIN},
	{"CustomKeyStoreNotFoundException", 400, FINAL, HINT_ADMIN},
	{"CustomKeyStoreInvalidStateException", 400, FINAL, HINT_ADMIN},
	{"XksKeyNotFoundException", 400, FINAL, HINT_ADMIN},
	{"XksKeyInvalidConfigurationException", 400, FINAL, HINT_ADMIN},
	{"XksKeyAlreadyInUseException", 400, FINAL, HINT_ADMIN},
	{"DependencyTimeoutException", 500, TRANSIENT, HINT_LATER},
	{"KMSInternalException", 500, TRANSIENT, HINT_LATER},
	{"KeyUnavailableException", 500, TRANSIENT, HINT_LATER},
	{"InternalFailure", 500, TRANSIENT, HINT_LATER},
	{"InternalServerError", 500, TRANSIENT, HINT_LATER},
	{"ServiceUnavailable", 503, TRANSIENT, HINT_LATER},
	{"ServiceUnavailableException", 503, TRANSIENT, HINT_LATER},
	{"RequestTimeout", 400, TRANSIENT, HINT_LATER},
	{"RequestTimeoutException", 400, TRANSIENT, HINT_LATER},
	{"PriorRequestNotComplete", 400, TRANSIENT, HINT_LATER},
	/* throttles */
	{"Throttling", 400, THROTTLE, HINT_SLOWER},
	{"ThrottlingException", 400, THROTTLE, HINT_SLOWER},
	{"ThrottledException", 400, THROTTLE, HINT_SLOWER},
	{"RequestThrottled", 400, THROTTLE, HINT_SLOWER},
	{"RequestThrottledException", 400, THROTTLE, HINT_SLOWER},
	{"TooManyRequestsException", 429, THROTTLE, HINT_SLOWER},
	{"RequestLimitExceeded", 503, THROTTLE, HINT_SLOWER},
	{"SlowDown", 503, THROTTLE, HINT_SLOWER},
	{"ProvisionedThroughputExceededException", 400, THROTTLE, HINT_SLOWER},
	{"BandwidthLimitExceeded", 400, THROTTLE, HINT_SLOWER},
	/* the front door: who asks, and when */
	{"AccessDeniedException", 400, FINAL,
	 "the key policy or IAM policy does not allow this to the caller: README.md has the policy that each verb "
	 "needs"},
	{"AccessDenied", 403, FINAL, "the caller's IAM policy does not allow this"},
	{"OptInRequired", 403, FINAL, "the account has not enabled this Region"},
	{"ExpiredTokenException", 400, FINAL, HINT_RENEW},
	{"ExpiredToken", 403, FINAL, HINT_RENEW},
	{"UnrecognizedClientException", 400, FINAL, HINT_CREDENTIALS},
	{"InvalidClientTokenId", 403, FINAL, HINT_CREDENTIALS},
	{"MissingAuthenticationToken", 403, FINAL, HINT_CREDENTIALS},
	{"MissingAuthenticationTokenException", 400, FINAL, HINT_CREDENTIALS},
	{"IncompleteSignature", 400, FINAL, HINT_CREDENTIALS},
	{"IncompleteSignatureException", 400, FINAL, HINT_CREDENTIALS},
	{"InvalidSignatureException", 400, FINAL,
	 "the secret key is not this access key's, or " HINT_SKEW},
	{"SignatureDoesNotMatch", 403, FINAL,
	 "the secret key is not this access key's, or " HINT_SKEW},
	{"RequestExpired", 400, FINAL, HINT_SKEW},
	{"RequestTimeTooSkewed", 403, FINAL, HINT_SKEW},
	{"RequestInTheFuture", 403, FINAL, HINT_SKEW},
	{"SerializationException", 400, FINAL, "KMS could not read the request: please report this as a bug of keyhaul"},
	{"UnknownOperationException", 404, FINAL,
	 "what answers does not know this operation: check --endpoint-url and the Region"},
	/* STS */
	{"PackedPolicyTooLarge", 400, FINAL, "the session policy or tags of the role are too large"},
	{"RegionDisabledException", 403, FINAL, "STS is not enabled in this Region: enable it, or name another Region"},
	{"IDPRejectedClaim", 403, FINAL, "the identity provider's token was refused: get a new one"},
	{"InvalidIdentityToken", 400, FINAL, "the web identity token is not valid: get a new one"},
	{"IDPCommunicationError", 400, TRANSIENT, HINT_LATER},
};

const struct errname *errname_find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

void errname_bare(const char *raw, char out[64])
{
	size_t len = strcspn(raw, ":"); /* "Name:http://..." */
	const char *hash = memchr(raw, '#', len);

	if (hash) {
		len -= (size_t)(hash + 1 - raw);
		raw = hash + 1;
	}
	(void)snprintf(out, 64, "%.*s", (int)(len < 63 ? len : 63), raw);
}

enum errname_retry errname_retry_of(const char *name, int http)
{
	const struct errname *row = errname_find(name);

	if (row)
		return row->retry;
	if (http == 429)
		return ERRNAME_THROTTLE;
	return http == 500 || http == 502 || http == 503 || http == 504 ? ERRNAME_TRANSIENT : ERRNAME_FINAL;
}
