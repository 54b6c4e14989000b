#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Beside the AWS CLI, both ways: it does one half, keyhaul the other.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/e2e/rehearsal.sh"
rehearsal_begin --region us-east-1
echo "two crates of oranges" >message
openssl rand -out hmac.key 32

# What export printed, as a person pastes it; `aws` is the CLI, whatever else is called so here.
aws() {
	/usr/bin/aws "$@" </dev/null
}
pastes() {
	tap_what=$1
	eval "$2" >pasted.out 2>pasted.err
	tap_is $? 0 "$tap_what" || tap_diag "$2: $(cat pasted.err)"
}
mac_is_known() {
	tap_is "$(kms generate-mac --key-id "$1" --message fileb://message --mac-algorithm HMAC_SHA_256 --query Mac --output text)" \
		"$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(od -An -v -tx1 hmac.key | tr -d ' \n')" -binary message | base64)" "$2"
}

# The CLI fetches and imports, keyhaul-token wraps
generate order SYMMETRIC_DEFAULT
n=0
for zone in UTC America/New_York Asia/Kolkata; do
	n=$((n + 1))
	arn=$(create SYMMETRIC_DEFAULT)
	TZ=$zone kms get-parameters-for-import --key-id "$arn" --wrapping-algorithm RSAES_OAEP_SHA_1 \
		--wrapping-key-spec RSA_2048 --output json >parameters.json
	tap_exits 0 "adopts what the CLI printed in $zone" keyhaul adopt --parameters parameters.json \
		--key-spec SYMMETRIC_DEFAULT --wrapping-algorithm RSAES_OAEP_SHA_1 --valid-to 90d --out "order$n.bundle"
	until=$(jq -r .request.parameters_valid_to "order$n.bundle")
	left=$(($(date -d "$until" +%s) - $(date +%s)))
	[ "$left" -gt 86000 ] && [ "$left" -le 86400 ]
	tap_ok $? "$zone: the end of the parameters is a day from now" || tap_diag "$until"
done
tap_exits 0 "wraps for it" keyhaul wrap --key "$KEYHAUL_TOKEN;object=order" --pin-file "$KEYHAUL_PIN_FILE" order1.bundle
tap_exits 0 "exports it" keyhaul export --to order.files order1.bundle
pastes "the CLI takes import.json" "$tap_out"
arn=$(jq -r .request.kms_key_arn order1.bundle)
tap_is "$(kms describe-key --key-id "$arn" --query 'KeyMetadata.[KeyState,ExpirationModel]' --output text)" \
	"Enabled	KEY_MATERIAL_EXPIRES" "the key is enabled, and expires"
tap_is "$(date -d "$(kms describe-key --key-id "$arn" --query KeyMetadata.ValidTo --output text)" +%s)" \
	"$(jq .ValidTo order.files/import.json)" "when import.json says"
kms encrypt --key-id "$arn" --plaintext fileb://message --query CiphertextBlob --output text | base64 -d >sealed
tap_is "$(kms decrypt --ciphertext-blob fileb://sealed --query Plaintext --output text | base64 -d)" "$(cat message)" \
	"and works"

# cli_timestamp_format=wire: a number
mkdir -p "$HOME/.aws"
printf '[default]\ncli_timestamp_format = wire\ncli_binary_format = raw-in-base64-out\n' >"$HOME/.aws/config"
arn=$(create HMAC_256 GENERATE_VERIFY_MAC)
kms get-parameters-for-import --key-id "$arn" --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 \
	--output json >wire.json
tap_is "$(jq -r '.ParametersValidTo | type' wire.json)" number "the wire form is a number"
tap_exits 0 "adopts it from stdin" sh -c 'keyhaul adopt --parameters - --key-spec HMAC_256 --wrapping-algorithm RSAES_OAEP_SHA_1 \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE --out wire.bundle <wire.json'
put_secret mac hmac.key
tap_exits 0 "wraps a key that the test knows" keyhaul wrap --key "$KEYHAUL_TOKEN;object=mac" --pin-file "$KEYHAUL_PIN_FILE" wire.bundle
tap_exits 0 "exports it" keyhaul export --to wire.files wire.bundle
pastes "the CLI imports it, though its binary format is raw" "$tap_out"
mac_is_known "$arn" "KMS's MAC is openssl's with that key"
rm "$HOME/.aws/config"

# the .bin files of AWS's guide
arn=$(create RSA_2048 SIGN_VERIFY)
generate seal RSA_2048
kms get-parameters-for-import --key-id "$arn" --wrapping-algorithm RSA_AES_KEY_WRAP_SHA_1 --wrapping-key-spec RSA_3072 \
	--query '[PublicKey,ImportToken]' --output text | tr '\t' '\n' >both
sed -n 1p both | base64 -d >PublicKey.bin
sed -n 2p both >ImportToken.b64
tap_exits 0 "adopts the files" keyhaul adopt --public-key PublicKey.bin --import-token ImportToken.b64 --key-id "$arn" \
	--key-spec RSA_2048 --wrapping-algorithm RSA_AES_KEY_WRAP_SHA_1 --wrapping-key-spec RSA_3072 \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE --out seal.bundle
tap_exits 0 "wraps" keyhaul wrap --key "$KEYHAUL_TOKEN;object=seal" --pin-file "$KEYHAUL_PIN_FILE" seal.bundle
tap_exits 0 "exports" keyhaul export --to seal.files seal.bundle
pastes "the CLI imports" "$tap_out"
public_key seal.bundle seal.der
kms sign --key-id "$arn" --message fileb://message --message-type RAW --signing-algorithm RSASSA_PSS_SHA_256 --query Signature \
	--output text | base64 -d >signature
tap_is "$(openssl dgst -sha256 -verify seal.der -keyform DER -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1 \
	-signature signature message 2>&1)" "Verified OK" "KMS's signature is the token's key's"

# The other way: keyhaul-kms fetches, openssl wraps, the CLI imports
arn=$(create HMAC_256 GENERATE_VERIFY_MAC)
tap_exits 0 "keyhaul-kms fetches" keyhaul fetch --key-id "$arn" --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096 \
	--valid-to 36h --out other.bundle
tap_exits 0 "exports the request" keyhaul export --to other.files other.bundle
command=$(printf '%s\n' "$tap_out" | tail -n 1)
openssl pkeyutl -encrypt -pubin -inkey other.files/PublicKey.bin -keyform DER -in hmac.key \
	-out other.files/EncryptedKeyMaterial.bin -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
	-pkeyopt rsa_mgf1_md:sha256
pastes "the CLI imports what openssl wrapped" "$command"
mac_is_known "$arn" "and KMS's MAC is openssl's"
tap_done 27
