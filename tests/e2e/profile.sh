#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A token profile chooses at fetch what this token can do, so that the wrap goes through at once; it replaces no proof.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/e2e/rehearsal.sh"
rehearsal_begin --region us-east-1
kmsprog=$KEYHAUL_BUILD/keyhaul-kms token=$KEYHAUL_BUILD/keyhaul-token

tap_exits 0 "the token is probed" "$token" probe --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --out token.profile
generate aes SYMMETRIC_DEFAULT
generate ec ECC_NIST_P256
generate rsa RSA_3072

# choose LABEL SPEC ALGORITHM [USAGE]
choose() {
	key=$(create "$2" ${4:+"$4"})
	tap_exits 0 "$2: fetch by the profile" "$kmsprog" fetch --key-id "$key" --token-profile token.profile \
		--valid-to 90d --key-uri "pkcs11:object=$1" --out "$1.bundle"
	tap_is "$(jq -r .request.wrapping_algorithm "$1.bundle")" "$3" "$2: it takes what SoftHSM can do"
	tap_like "$tap_out" "$3 is the best that the token 'keyhaul-rehearsal' \\(model SoftHSM v2, serial [0-9a-f]+\\) was proven to do" \
		"$2: and says so"
	tap_exits 0 "$2: wrap" "$token" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" "$1.bundle"
	tap_like "$tap_out" 'a throwaway key of [0-9]+ bits, opened by OpenSSL' "$2: which proves it anew"
	tap_exits 0 "$2: import" "$kmsprog" import "$1.bundle"
}
choose aes SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1
choose ec ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 SIGN_VERIFY
choose rsa RSA_3072 RSA_AES_KEY_WRAP_SHA_1 SIGN_VERIFY

key=$(create SYMMETRIC_DEFAULT)
fetch() {
	"$kmsprog" fetch --key-id "$key" --valid-to 90d --out x.bundle "$@"
}
tap_exits 0 "as JSON" fetch --json --token-profile token.profile
tap_is "$(jq -r '.results[0] | .token_profile + " " + .wrapping_algorithm' out)" "token.profile RSAES_OAEP_SHA_1" "the choice is told"
rm -f x.bundle
tap_exits 2 "a profile and an algorithm contradict each other" fetch --token-profile token.profile \
	--wrapping-algorithm RSAES_OAEP_SHA_256
jq '.rows[].verdict = "wrong"' token.profile >wrong.profile
tap_exits 7 "a token that was proven to do nothing" fetch --token-profile wrong.profile
tap_like "$tap_err" 'wrong.profile: .*no algorithm that KMS takes for SYMMETRIC_DEFAULT' "is told"
printf '{"keyhaul_token_profile": 2}' >newer.profile
tap_exits 3 "a newer profile" fetch --token-profile newer.profile
tap_exits 3 "a bundle is no profile" fetch --token-profile aes.bundle
tap_exits 3 "a profile that is not there" fetch --token-profile none
[ ! -e x.bundle ]
tap_ok $? "none of these wrote a bundle"

# A profile that lies chooses what the token cannot do: the proof stops it.
jq '(.rows[] | select(.wrapping_algorithm == "RSAES_OAEP_SHA_256")).verdict = "proven"' token.profile >lie.profile
tap_exits 0 "a profile that lies is believed at fetch" fetch --token-profile lie.profile --key-uri pkcs11:object=aes
tap_is "$(jq -r .request.wrapping_algorithm x.bundle)" RSAES_OAEP_SHA_256 "and chooses"
tap_exits 7 "and the proof stops it" "$token" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" x.bundle

# What is proven and listed comes before what is not, and what KMS gets as it is before zeros behind it; what wrap has to be
# told of stands in the next command.
key=$(create ECC_NIST_P256 SIGN_VERIFY)
made() { # JQ: the profile, changed
	rm -f x.bundle
	jq "$1" token.profile >made.profile
	tap_run fetch --token-profile made.profile --key-uri pkcs11:object=ec
}
p256='.rows[] | select(.key_spec == "ECC_NIST_P256")'
made "(.rows[] | select(.verdict == \"proven\" and .way == \"two-step\")).listed = false"
tap_is "$tap_status" 0 "a way that is not listed is chosen where there is no other" || tap_diag "$tap_err"
tap_like "$tap_out" '^next: keyhaul-token wrap .*x\.bundle --kwp-mechanism 0x210A$' "and the next command says how"
made "(($p256) | select(.way == \"oaep\" and .wrapping_algorithm == \"RSAES_OAEP_SHA_1\")) |= (.verdict = \"proven\" | del(.native, .native_name)) |
	(.rows[] | select(.verdict == \"proven\" and .way == \"two-step\")).listed = false"
tap_is "$(jq -r .request.wrapping_algorithm x.bundle)" RSAES_OAEP_SHA_1 "what is listed comes first"
tap_unlike "$tap_out" 'kwp-mechanism' "and needs no option"
made "(($p256) | select(.way == \"oaep\" and .wrapping_algorithm == \"RSAES_OAEP_SHA_1\")) |= (.verdict = \"proven\" | del(.native, .native_name)) |
	(($p256) | select(.verdict == \"proven\" and .way == \"two-step\")).trailing_zeros = 5"
tap_is "$(jq -r .request.wrapping_algorithm x.bundle)" RSAES_OAEP_SHA_1 "zeros behind the key come last"
tap_is "$tap_err" "" "of this token and this day there is nothing to warn of"

# Of another token, of a day to come, or from a token that was in trouble: told.
rm -f x.bundle
tap_run fetch --token-profile token.profile --key-uri 'pkcs11:token=other%20one;object=ec' --token-serial 0123
tap_is "$tap_status $(printf '%s\n' "$tap_err" | grep -Ec "^warning: token.profile is of another token than the request: (token=keyhaul-rehearsal, not other one|serial=[0-9a-f]+, not 0123)\$")" \
	"0 2" "a profile of another token" || tap_diag "$tap_err"
made '.probed_at = "2099-01-01T00:00:00Z"'
tap_like "$tap_err" '^warning: made.profile: the token was probed at 2099-01-01T00:00:00Z, which is yet to come' "one from the future"
made '.rows[] |= (.verdict = "not-known" | .native = 5 | .native_name = "CKR_GENERAL_ERROR")'
tap_is "$tap_status" 7 "one that knows nothing"
tap_like "$tap_err" '^hint: what it does with such a key is not known: .*CKR_GENERAL_ERROR.*probe it again' "says why, and what helps"
tap_done 41
