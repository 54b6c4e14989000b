#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms prove and keyhaul-token verify: yes for each kind of key, no where the simulator holds another one.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq softhsm2-util
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
# shellcheck source=tests/token/fixture.sh
. "$KEYHAUL_SRC/tests/token/fixture.sh"
keep="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"

# "METHOD VERDICT" of each proof in a bundle
proofs() {
	jq -r '[(.proofs // [])[] | "\(.method) \(.verdict)"] | join(", ")' "$1"
}

haul_start_sim

# RSA and EC: what KMS has, and what the bundle says, of the same key and of two
for row in "RSA_2048 RSA" "ECC_NIST_P256 EC"; do
	spec=${row% *}
	arn=$(kms create --key-spec "$spec" --key-usage SIGN_VERIFY)
	haul_key good "${row#* }"
	haul_key bad "${row#* }"
	# shellcheck disable=SC2086 # words on purpose
	haul_import good.bundle "$arn" good $keep
	# shellcheck disable=SC2086
	haul_bundle bad.bundle "$arn" bad $keep
	tap_exits 0 "$spec: it is the key" kms prove good.bundle
	tap_is "$(proofs good.bundle)" "public-key yes, signature yes" "$spec: by the public key and a signature"
	jq -r '.proofs[1].challenge' good.bundle | base64 -d >challenge
	jq -r '.proofs[1].answer' good.bundle | base64 -d >signature
	openssl pkey -inform DER -in good.raw -pubout -out public.pem
	pss=
	[ "$spec" != RSA_2048 ] || pss="-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
	# shellcheck disable=SC2086
	tap_is "$(openssl dgst -sha256 $pss -verify public.pem -signature signature challenge)" "Verified OK" "$spec: openssl verifies it too"
	tap_exits 7 "$spec: KMS holds another key" kms prove bad.bundle
	tap_like "$tap_err" "KMS HAS ANOTHER KEY" "$spec: it is loud"
	tap_is "$(proofs bad.bundle)" "public-key no" "$spec: and that is in the bundle"
done
jq 'del(.material.public_key)' good.bundle | jq 'del(.receipt, .proofs)' >mute.bundle
tap_exits 7 "a bundle without a public key proves nothing" kms prove mute.bundle
jq '.proofs[0].material_sha256 = "'"$(printf '00%.0s' $(seq 32))"'"' good.bundle >mixed.bundle
tap_exits 7 "a proof of another material" kms prove mixed.bundle
tap_exits 7 "of two bundles one" kms prove good.bundle bad.bundle
tap_is "$(proofs good.bundle)" "public-key yes, signature yes, public-key yes, signature yes" "each is asked, and proofs add up"

# an import whose answer names nothing is settled by the public key: what would be sent again is refused
haul_stop_sim
haul_start_sim --fault 'ImportKeyMaterial:1=after http 200 {}' --fault ImportKeyMaterial:2+=AccessDeniedException
arn=$(kms create --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY)
# shellcheck disable=SC2086
haul_bundle lost.bundle "$arn" good $keep
tap_exits 0 "EC: an import whose answer names nothing" kms import lost.bundle
tap_like "$tap_out" "found imported.*" "is settled without a second one"
tap_is "$(jq -r 'has("receipt")' lost.bundle)" true "and has its receipt"
haul_stop_sim
haul_start_sim

# a symmetric key, by a second wrap; its expiry stays
arn=$(kms create --key-spec SYMMETRIC_DEFAULT)
haul_key good
haul_key bad
haul_import good.bundle "$arn" good --valid-to 20d
before=$(kms status --json --expiring-within 1d good.bundle | jq -c '.results[0].materials | map(del(.days_left))')
tap_exits 2 "symmetric: not without a second wrap" kms prove good.bundle
tap_like "$tap_err" "fetch --key-id $arn --wrapping-algorithm [A-Z0-9_]+ --wrapping-key-spec RSA_2048 .*--out NEW.bundle" "it says how to make one"
tap_exits 3 "beside another bundle" kms prove good.bundle good.bundle
tap_like "$tap_err" "good.bundle: not proven: needs --by" "it is not proven, and no alarm"
haul_bundle second.bundle "$arn" good
haul_bundle wrong.bundle "$arn" bad
haul_bundle says.bundle "$arn" good --valid-to 30d
tap_exits 7 "symmetric: a second one that says another expiry" kms prove --by says.bundle good.bundle
tap_exits 2 "a second one for two bundles" kms prove --by second.bundle good.bundle good.bundle
tap_exits 0 "symmetric: it is the key" kms prove --by second.bundle good.bundle
tap_like "$tap_err" "this writes to KMS" "it says that it writes"
tap_is "$(proofs good.bundle)" "reimport yes" "and that it was proven is in the bundle"
tap_is "$(kms status --json --expiring-within 1d good.bundle | jq -c '.results[0].materials | map(del(.days_left))')" "$before" "nothing else has changed"
tap_exits 7 "symmetric: another key" kms prove --by wrong.bundle good.bundle
tap_is "$(proofs good.bundle)" "reimport yes, reimport no" "and that it is not is there too"
tap_exits 7 "a second one that was used" kms prove --by second.bundle good.bundle

# a 200 that does not name this material proves nothing, and is no first import
haul_stop_sim
cat >faults <<FAULTS
ImportKeyMaterial:1=http 200 {}
ImportKeyMaterial:2=http 200 {"KeyId":"$arn","KeyMaterialId":"$(printf '00%.0s' $(seq 32))"}
ImportKeyMaterial:3=http 200 {}
FAULTS
haul_start_sim --fault ./faults
rm wrong.bundle
haul_bundle wrong.bundle "$arn" bad
for what in nothing "another material"; do
	tap_exits 5 "symmetric: a 200 that names $what" kms prove --by wrong.bundle good.bundle
	tap_is "$(proofs good.bundle)" "reimport yes, reimport no" "$what: no proof is written"
done

# HMAC: the token itself compares
token_softhsm keyhaul-rehearsal-prove || exit 1
arn=$(kms create --key-spec HMAC_384)
for name in good bad; do
	token_run generate --label "$name" --key-spec HMAC_384
	rm -f "$name.bundle"
	# shellcheck disable=SC2086
	kms fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --wrapping-algorithm RSAES_OAEP_SHA_1 $keep --out "$name.bundle" \
		--key-uri "$KEYHAUL_TOKEN;object=$name" >/dev/null
	"$TOKEN" wrap --key "$KEYHAUL_TOKEN;object=$name" --pin-file "$KEYHAUL_PIN_FILE" "$name.bundle" >/dev/null
done
verify() {
	"$TOKEN" verify --key "$KEYHAUL_TOKEN;object=$1" --pin-file "$KEYHAUL_PIN_FILE" "$2"
}
tap_exits 3 "HMAC: nothing to verify yet" verify good good.bundle
tap_exits 5 "HMAC: a first import, and a 200 that names nothing" kms import good.bundle
tap_is "$(jq 'has("receipt")' good.bundle)" false "it has no receipt"
tap_exits 0 "HMAC: so it is imported by the next run" kms import good.bundle
tap_exits 0 "HMAC: KMS makes a MAC" kms prove good.bundle
tap_like "$tap_out" "next: keyhaul-token verify good.bundle" "it says what is next"
tap_is "$(proofs good.bundle)" "hmac null" "the verdict is open"
tap_like "$("$KEYHAUL_BUILD/keyhaul" inspect good.bundle)" "keyhaul-token verify good.bundle" "and so does inspect"
tap_exits 0 "HMAC: by the key that the bundle names" "$TOKEN" verify --pin-file "$KEYHAUL_PIN_FILE" good.bundle
tap_run kms prove good.bundle
tap_exits 0 "HMAC: the token makes the same" verify good good.bundle
tap_is "$(proofs good.bundle)" "hmac yes, hmac yes" "and that is in the bundle"
tap_like "$("$KEYHAUL_BUILD/keyhaul" inspect good.bundle)" "KMS has it +yes: by hmac, keyhaul-token" "inspect tells it"
tap_exits 0 "HMAC: a bundle of another key" kms prove bad.bundle
tap_exits 7 "HMAC: the key that is not the bundle's" verify good bad.bundle
tap_exits 7 "HMAC: KMS holds another key" verify bad bad.bundle
tap_like "$tap_err" "KMS HAS ANOTHER KEY" "it is loud"
tap_is "$(proofs bad.bundle)" "hmac no" "and that is in the bundle"
haul_stop_sim
tap_done 53
