#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul adopt: what the AWS CLI and the console give, in all its forms; and what is refused.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl

keyhaul=$KEYHAUL_BUILD/keyhaul
until=$(cli_hours 20)

# KMS's end of the parameters, in the forms of the CLI
n=0
valid_to_is() {
	n=$((n + 1))
	cli_parameters 2048 "$1"
	cli_adopt "time$n.bundle" SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 >/dev/null 2>err || tap_diag "$(cat err)"
	tap_is "$(jq -r .request.parameters_valid_to "time$n.bundle" 2>/dev/null)" \
		"$(date -u -d "@$until" +%Y-%m-%dT%H:%M:%SZ)" "ParametersValidTo as $2"
}
valid_to_is "\"$(TZ=Asia/Kolkata date -d "@$until" +%Y-%m-%dT%H:%M:%S.457000%:z)\"" "local time, six digits"
valid_to_is "\"$(TZ=America/New_York date -d "@$until" +%Y-%m-%dT%H:%M:%S%:z)\"" "local time, no fraction"
valid_to_is "\"$(date -u -d "@$until" +%Y-%m-%dT%H:%M:%SZ)\"" "UTC with Z"
valid_to_is "$until" "a number"
valid_to_is "$until.457" "a number with a fraction"

# the whole of it
cli_parameters 3072 "$until"
tap_exits 0 "adopts" cli_adopt whole.bundle ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256 --valid-to 90d \
	--key-uri 'pkcs11:token=t;object=o'
tap_like "$tap_out" "^next: keyhaul-token wrap --key 'pkcs11:token=t;object=o' whole.bundle" "and says what comes next"
tap_like "$tap_out" "^    $(jq -jcS .request whole.bundle | sha256sum | cut -d' ' -f1)\$" "and the digest that is read aloud"
tap_like "$tap_out" "^  ECC_NIST_P256, RSA_AES_KEY_WRAP_SHA_256 under RSA_3072\$" "and what it was told"
tap_like "$tap_err" "^warning: KMS's answer says neither .*ECC_NIST_P256, and RSA_AES_KEY_WRAP_SHA_256 .*not checked" "which nobody has checked"
tap_unlike "$tap_err" "does not say whether" "the expiry is said"
tap_is "$(jq -r '.request | [.kms_key_arn, .key_spec, .wrapping_algorithm, .wrapping_key_spec, .key_uri,
	.intent.expiration_model] | join(" ")' whole.bundle)" \
	"$cli_arn ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256 RSA_3072 pkcs11:token=t;object=o KEY_MATERIAL_EXPIRES" \
	"the request; the wrapping key's size is the key's own"
tap_is "$(jq -r .request.public_key whole.bundle)" "$(base64 -w0 wrapping.der)" "the wrapping key"
tap_is "$(jq -r .request.import_token whole.bundle)" "$(base64 -w0 token.bin)" "the import token"
tap_is "$(jq -r '.request | has("endpoint") or has("tls_verified")' whole.bundle)" false "no endpoint: nobody here saw it"
tap_is "$(stat -c %a whole.bundle)" 600 "mode 0600"
tap_exits 3 "nothing is overwritten" cli_adopt whole.bundle ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256
tap_like "$tap_err" "File exists" "and that is told"

"$keyhaul" adopt --parameters - --key-spec HMAC_256 --wrapping-algorithm RSAES_OAEP_SHA_256 --out stdin.bundle \
	--json <parameters.json >out
tap_is "$(jq -r '.ok, .results[0].request_sha256' out | paste -sd' ')" \
	"true $(jq -jcS .request stdin.bundle | sha256sum | cut -d' ' -f1)" "from stdin; the request's digest"

# under a policy, as fetch does it: its digest and its token's serial are the request's, and what it forbids makes no bundle
printf 'keyhaul_policy: 1\nendpoints: [unstated]\nkey_specs: [HMAC_256]\ntokens: [{serial: "0a1b"}]\napprovals: none\nmaterial_signers: none\n' >policy.yaml
tap_exits 0 "adopts under a policy" cli_adopt ruled.bundle HMAC_256 RSAES_OAEP_SHA_256 --valid-to 90d --key-uri 'pkcs11:object=o;id=%01' --policy policy.yaml
tap_is "$(jq -r '.request | .policy_sha256, .token_serial' ruled.bundle | paste -sd' ')" "$(sha256sum policy.yaml | cut -d' ' -f1) 0a1b" \
	"the request says which, and for which token"
tap_like "$tap_out" "^next: keyhaul-token approve --signer '[^']*' --cert FILE --policy POLICY ruled.bundle\$" "and people may have to approve it"
tap_exits 7 "what the policy forbids" cli_adopt forbidden.bundle ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256 --valid-to 90d \
	--key-uri 'pkcs11:object=o;id=%01' --policy policy.yaml
tap_like "$tap_err" "policy rule 'key_specs' allows HMAC_256" "is refused by its rule"
tap_exits 7 "another token" cli_adopt forbidden.bundle HMAC_256 RSAES_OAEP_SHA_256 --valid-to 90d --key-uri 'pkcs11:object=o;id=%01' \
	--policy policy.yaml --token-serial 0a1c
[ ! -e forbidden.bundle ]
tap_ok $? "no bundle is made"
tap_exits 0 "a serial without a policy" cli_adopt serial.bundle HMAC_256 RSAES_OAEP_SHA_256 --token-serial 0a1c
tap_is "$(jq -r '.request | [.token_serial, .policy_sha256] | join(" ")' serial.bundle)" "0a1c " "is in the request"

# the files: raw, base64 in one line, base64 in lines
files() {
	what=$1
	shift
	rm -f files.bundle
	tap_exits 0 "$what" "$keyhaul" adopt "$@" --key-id "$cli_arn" --parameters-valid-to "$until" \
		--key-spec HMAC_256 --wrapping-algorithm RSAES_OAEP_SHA_256 --out files.bundle
	tap_is "$(jq -r '.request | .public_key, .import_token' files.bundle)" \
		"$(base64 -w0 wrapping.der; echo; base64 -w0 token.bin)" "$what: the same bytes"
}
base64 -w0 wrapping.der >one.b64
base64 token.bin >lines.b64
sed 's/$/\r/' lines.b64 >crlf.b64
files "raw files" --public-key wrapping.der --import-token token.bin
files "base64 files" --public-key one.b64 --import-token lines.b64
files "base64 with CRLF" --public-key one.b64 --import-token crlf.b64
tap_exits 0 "files without an end: 24 hours, with a warning" "$keyhaul" adopt --public-key wrapping.der \
	--import-token token.bin --key-id "$cli_arn" --key-spec HMAC_256 --wrapping-algorithm RSAES_OAEP_SHA_256 \
	--out noend.bundle
tap_like "$tap_err" "^warning: the end of the parameters is not known" "the warning"

# what is refused: status, pattern of the error, words
refused() {
	status=$1 pattern=$2 what=$3
	shift 3
	rm -f bad.bundle
	tap_exits "$status" "refused: $what" "$@" --out bad.bundle
	tap_like "$tap_err" "$pattern" "told: $what"
	[ -z "$tap_out" ] && [ ! -e bad.bundle ]
	tap_ok $? "nothing on stdout and no bundle: $what"
}
adopt() {
	"$keyhaul" adopt --parameters parameters.json "$@"
}
good="--key-spec SYMMETRIC_DEFAULT --wrapping-algorithm RSAES_OAEP_SHA_256"
# shellcheck disable=SC2086 # words
{
refused 2 "key-spec is missing" "no key spec" adopt --wrapping-algorithm RSAES_OAEP_SHA_256
refused 2 "wrapping-algorithm is missing" "no algorithm" adopt --key-spec HMAC_256
refused 2 "give either" "neither form" "$keyhaul" adopt $good
refused 2 "give either" "both forms" adopt $good --public-key wrapping.der
refused 2 "go together" "half the files" "$keyhaul" adopt $good --public-key wrapping.der --key-id "$cli_arn"
refused 2 "wrapping key is RSA_3072" "another size" adopt $good --wrapping-key-spec RSA_4096
refused 2 "parameters are for" "another key" adopt $good --key-id "$cli_real_arn"
refused 2 "parameters-valid-to" "another end" adopt $good --parameters-valid-to "$(cli_hours 2)"
refused 2 "past|365" "an expiry that is past" adopt $good --valid-to 2020-01-01
refused 7 "RSA" "an RSA key with OAEP" adopt --key-spec RSA_2048 --wrapping-algorithm RSAES_OAEP_SHA_256
refused 2 "symmetric|SYMMETRIC" "an import type for HMAC" adopt --key-spec HMAC_256 \
	--wrapping-algorithm RSAES_OAEP_SHA_256 --import-type NEW_KEY_MATERIAL
refused 3 "module-path" "a URI with module-path" adopt $good --key-uri 'pkcs11:object=o?module-path=/tmp/x.so'
refused 3 "pin-source" "a URI with pin-source" adopt $good --key-uri 'pkcs11:object=o?pin-source=/etc/passwd'
refused 3 "PEM" "a PEM key" "$keyhaul" adopt $good --public-key wrapping.pem --import-token token.bin --key-id "$cli_arn"
openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl pkey -pubout -outform DER -out ec.der 2>/dev/null
refused 3 "wrapping key" "an EC key" "$keyhaul" adopt $good --public-key ec.der --import-token token.bin --key-id "$cli_arn"
: >empty
refused 3 "empty" "an empty token" "$keyhaul" adopt $good --public-key wrapping.der --import-token empty --key-id "$cli_arn"
openssl rand -out long.bin 6145
refused 3 "long.bin" "a token that is too long" "$keyhaul" adopt $good --public-key wrapping.der \
	--import-token long.bin --key-id "$cli_arn"
refused 3 "." "an alias for an ARN" "$keyhaul" adopt $good --public-key wrapping.der --import-token token.bin \
	--key-id alias/x
cli_parameters 3072 "$(cli_hours -1)"
refused 7 "past|expired|EXPIRED" "expired parameters" adopt $good
cli_parameters 3072 "$(cli_hours 48)"
refused 3 "more than a day" "parameters of two days" adopt $good
for broken in '' '{' '[]' '{"KeyId":1}' '{"KeyId":"a","KeyId":"b"}' '{"KeyId":"a"}' \
	'{"KeyId":"a","PublicKey":"!","ImportToken":"AA==","ParametersValidTo":1}'; do
	printf '%s' "$broken" >parameters.json
	refused 3 "parameters.json" "parameters: $broken" adopt $good
done
}
head -c 70000 /dev/zero | tr '\0' ' ' >parameters.json
# shellcheck disable=SC2086
refused 3 "parameters.json" "parameters of 70000 bytes" adopt $good
tap_done 120
