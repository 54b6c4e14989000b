/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "pass.h"

#include <string.h>

#define AT(member) .offset = offsetof(struct pass_token, member)
const struct opt_row pass_token_rows[] = {
	/* no .env: keyhaul-token reads KEYHAUL_MODULE itself */
	{.name = "module", .kind = OPT_INPUT, AT(module), .arg = "FILE", .text = "the token's PKCS#11 module"},
	{.name = "module-init-args", .kind = OPT_TEXT, AT(module_init_args), .arg = "TEXT",
	 .text = "text that the module is initialised with"},
	{.name = "pin-file", .kind = OPT_INPUT, AT(pin_file), .arg = "FILE", .text = "the PIN, in the first line"},
	{.name = "pin-fd", .kind = OPT_TEXT, AT(pin_fd), .arg = "N", .text = "the PIN, from a file descriptor"},
	{.name = "no-login", .kind = OPT_FLAG, AT(no_login), .text = "the token asks for no PIN"},
	{.name = "token-objects", .kind = OPT_FLAG, AT(token_objects),
	 .text = "for a token that has no session objects"},
	{.name = "rsa-aes", .kind = OPT_TEXT, AT(rsa_aes), .arg = "WAY", .text = "native, two-step or auto"},
	{.name = "kwp-mechanism", .kind = OPT_TEXT, AT(kwp_mechanism), .arg = "NUMBER",
	 .text = "the mechanism that is RFC 5649 on this token"},
	{.name = "signer", .kind = OPT_URI, AT(signer), .arg = "URI|FILE", .text = "sign the material with this private key"},
	{.name = "cert", .kind = OPT_INPUT, AT(cert), .arg = "FILE", .text = "the signer's certificate"},
	{.name = "signer-pin-file", .kind = OPT_INPUT, AT(signer_pin_file), .arg = "FILE",
	 .text = "the PIN of the signer's token, or the key file's passphrase"},
	{.name = "allow-non-sensitive", .kind = OPT_FLAG, AT(allow_non_sensitive),
	 .text = "wrap a key that is not CKA_SENSITIVE"},
};

#undef AT
#define AT(member) .offset = offsetof(struct pass_kms, member)
const struct opt_row pass_kms_rows[] = {
	{.name = "profile", .kind = OPT_TEXT, AT(profile), .arg = "NAME", .text = "AWS profile"},
	{.name = "region", .kind = OPT_TEXT, AT(region), .arg = "REGION", .text = "AWS Region"},
	{.name = "endpoint-url", .kind = OPT_TEXT, AT(endpoint_url), .arg = "URL", .text = "KMS endpoint"},
	{.name = "ca-bundle", .kind = OPT_INPUT, AT(ca_bundle), .arg = "FILE", .text = "CA certificates (PEM)"},
	{.name = "no-verify-ssl", .kind = OPT_FLAG, AT(no_verify_ssl), .text = "do not verify TLS"},
	{.name = "cli-connect-timeout", .kind = OPT_TEXT, AT(connect_timeout), .arg = "SECONDS",
	 .text = "for connecting"},
	{.name = "cli-read-timeout", .kind = OPT_TEXT, AT(read_timeout), .arg = "SECONDS", .text = "for each answer"},
	{.name = "max-attempts", .kind = OPT_TEXT, AT(max_attempts), .arg = "N", .text = "tries of a call"},
	{.name = "rate", .kind = OPT_TEXT, AT(rate), .arg = "OP=N,...", .text = "calls of an operation a second"},
};

#undef AT
#define AT(member) .offset = offsetof(struct pass_import, member)
const struct opt_row pass_import_rows[] = {
	{.name = "wait-timeout", .kind = OPT_TEXT, AT(wait_timeout), .arg = "SECONDS",
	 .text = "how long to wait until KMS shows the material"},
	{.name = "yes", .kind = OPT_FLAG, AT(yes), .text = "import a key that was not kept although it expires"},
};
#undef AT

int pass_check_uri(const char *name, const char *uri, struct kh_error *err)
{
	if (!uri || !strstr(uri, "pin-value="))
		return 0;
	kh_fail(err, KH_E_USAGE, 0, "%s holds a pin-value, which others could read in the programs' arguments", name);
	return kh_hint(err, "let it ask for the PIN, or use --pin-file");
}

int pass_on(struct step *s, const struct opt_group *group, const void *opts, struct kh_error *err)
{
	const char *at = (const char *)opts + group->offset;

	for (size_t i = 0; i < group->n; i++) {
		const struct opt_row *row = &group->rows[i];

		if (opt_given(row, at) &&
		    step_option(s, row->name, row->kind == OPT_FLAG ? NULL : *(const char *const *)(at + row->offset), err))
			return -1;
	}
	return 0;
}
