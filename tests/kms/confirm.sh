#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms confirm: yes to what KMS gave out, for each kind of key; no where the wrapping key or the import token is
# another's; and that it cannot tell where KMS's answers do not.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
verdict() {
	printf '%s' "$tap_out" | jq -r '.results[0] | "\(.verdict) \(.own_answer) \(.noise_answer) \(.bundle_answer)"'
}
# what confirm left of the key: nothing was imported
state() {
	kms status --json --key-id "$1" | jq -r '.results[0] | "\(.key_state) \(.materials | length)"'
}

haul_start_sim
for row in "SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256" "HMAC_512 RSAES_OAEP_SHA_1" "RSA_2048 RSA_AES_KEY_WRAP_SHA_256" \
	"ECC_NIST_P256 RSAES_OAEP_SHA_256" "ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1"; do
	spec=${row% *} algorithm=${row#* }
	usage=
	case $spec in RSA_* | ECC_*) usage="--key-usage SIGN_VERIFY" ;; esac
	# shellcheck disable=SC2086 # words on purpose
	arn=$(kms create --key-spec "$spec" $usage)
	rm -f b.bundle
	kms fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --wrapping-algorithm "$algorithm" --out b.bundle >/dev/null || exit 1
	cp b.bundle before.bundle
	tap_exits 0 "$spec, $algorithm: KMS's own key" kms confirm --json b.bundle
	tap_is "$(verdict)" "yes IncorrectKeyMaterialException InvalidCiphertextException IncorrectKeyMaterialException" \
		"$spec, $algorithm: by three answers"
	cmp -s b.bundle before.bundle
	tap_ok $? "$spec, $algorithm: the bundle is as it was"
	tap_is "$(state "$arn")" "PendingImport 0" "$spec, $algorithm: nothing was imported"
done
tap_exits 0 "for people" kms confirm b.bundle
tap_like "$tap_out" "yes, the wrapping key is KMS's, for $arn" "it says so"
tap_like "$tap_out" "$(jq -jcS .request b.bundle | sha256sum | cut -d' ' -f1)" "and of which request, by its digest"

# the online host's own wrapping key, whatever else it may write
openssl genrsa -out attacker.pem 2048 2>/dev/null
openssl rsa -in attacker.pem -pubout -outform DER -out attacker.der 2>/dev/null
jq --arg key "$(base64 -w0 attacker.der)" '.request.public_key = $key' b.bundle >replaced.bundle
tap_exits 7 "a replaced wrapping key" kms confirm replaced.bundle
tap_like "$tap_err" "THE WRAPPING KEY IS NOT KMS'S for $arn: KMS answers InvalidCiphertextException" "it is loud"
tap_like "$tap_err" "hint: wrap nothing under it" "and says what to do"
tap_is "$tap_out" "" "no word on standard output"
tap_exits 7 "of two bundles one" kms confirm --json b.bundle replaced.bundle
tap_is "$(printf '%s' "$tap_out" | jq -r '[.results[] | .verdict // .error.status] | map(tostring) | join(" ")')" "yes 7" "each by itself"

# both from KMS, of another key (the attacker's account): the token is none of this key's
other=$(kms create --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY)
kms fetch --key-id "$other" --wrapping-key-spec RSA_2048 --wrapping-algorithm RSA_AES_KEY_WRAP_SHA_1 --out other.bundle >/dev/null
jq --slurpfile other other.bundle '.request.public_key = $other[0].request.public_key |
	.request.import_token = $other[0].request.import_token' b.bundle >foreign.bundle
tap_exits 7 "another key's parameters" kms confirm foreign.bundle
tap_like "$tap_err" "NOT KMS'S.*InvalidImportTokenException" "the import token gives it away"
jq --slurpfile other other.bundle '.request.import_token = $other[0].request.import_token' b.bundle >token.bundle
tap_exits 7 "a replaced import token" kms confirm token.bundle
jq '.request.key_spec = "ECC_NIST_P384"' b.bundle >spec.bundle
calls=$(haul_calls ImportKeyMaterial)
tap_exits 7 "a request that is not of this key" kms confirm spec.bundle
tap_like "$tap_err" "KeySpec" "names what differs"
jq '.request.parameters_valid_to = "2026-01-02T00:00:00Z" | .request.fetched_at = "2026-01-01T00:00:00Z"' b.bundle >late.bundle
tap_exits 7 "parameters past their time" kms confirm late.bundle
tap_is "$(haul_calls ImportKeyMaterial)" "$calls" "neither was sent a canary"
tap_exits 5 "a key that is gone" kms confirm "$(jq '.request.kms_key_arn |= sub("........$"; "00000000")' b.bundle >gone.bundle; echo gone.bundle)"

# KMS says no more than that it does not open
haul_stop_sim
haul_start_sim --opaque-import
tap_exits 7 "answers that do not tell" kms confirm b.bundle
tap_like "$tap_err" "cannot tell whether the wrapping key is KMS's" "it says that it cannot tell"
tap_exits 7 "nor of a replaced one" kms confirm replaced.bundle
tap_like "$tap_err" "cannot tell" "it claims nothing"
tap_exits 7 "a foreign token is told even so" kms confirm foreign.bundle
tap_like "$tap_err" "NOT KMS'S" "by the token"
tap_is "$(state "$arn")" "PendingImport 0" "nothing was imported by any of this"
haul_stop_sim

# what takes a canary is no KMS, and what does not take its own import token neither
haul_start_sim --fault "ImportKeyMaterial:1=http 200 {\"KeyId\":\"$arn\"}" --fault ImportKeyMaterial:2=InvalidImportTokenException \
	--fault ImportKeyMaterial:4=AccessDeniedException --fault ImportKeyMaterial:7=ValidationException
tap_exits 7 "what takes a canary" kms confirm b.bundle
tap_like "$tap_err" "TOOK A CANARY" "it is loud"
tap_exits 5 "what does not take the token that it gave" kms confirm b.bundle
tap_exits 5 "an import that is not allowed" kms confirm b.bundle
tap_like "$tap_err" "AccessDeniedException" "is not taken for an answer"
tap_exits 7 "an answer that is neither" kms confirm b.bundle
tap_like "$tap_err" "cannot tell" "tells nothing"
haul_stop_sim
tap_done 51
