#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# One host: keyhaul run hauls a key of each kind out of SoftHSM into keyhaul-sim. That it is the same key is shown by
# the AWS CLI and the openssl command line.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/e2e/rehearsal.sh"
rehearsal_begin --region us-east-1
echo "two crates of oranges" >message
openssl rand -out hmac.key 32

# haul LABEL KEY-ARN ALGORITHM MORE...
haul() {
	label=$1 arn=$2 algorithm=$3
	shift 3
	tap_exits 0 "run hauls $label" "$KEYHAUL_BUILD/keyhaul" run --key "$KEYHAUL_TOKEN;object=$label" \
		--pin-file "$KEYHAUL_PIN_FILE" --key-id "$arn" --wrapping-algorithm "$algorithm" --wrapping-key-spec RSA_2048 \
		--out "$label.bundle" "$@"
	tap_is "$(jq -r .receipt.material_sha256 "$label.bundle")" \
		"$(jq -jcS .material "$label.bundle" | sha256sum | cut -d' ' -f1)" "$label: the receipt is of this material"
}

# AES: what KMS encrypts under it, it decrypts
generate aes SYMMETRIC_DEFAULT
aes=$(create SYMMETRIC_DEFAULT)
haul aes "$aes" RSAES_OAEP_SHA_1 --valid-to 90d
kms encrypt --key-id "$aes" --plaintext fileb://message --query CiphertextBlob --output text | base64 -d >aes.sealed
kms decrypt --ciphertext-blob fileb://aes.sealed --query Plaintext --output text | base64 -d >aes.opened
tap_is "$(cat aes.opened)" "$(cat message)" "aes: encrypted and decrypted under the imported key"
cmp -s aes.sealed message
tap_isnt $? 0 "aes: and it was encrypted"
tap_is "$(kms describe-key --key-id "$aes" --query 'KeyMetadata.[KeyState,ExpirationModel]' --output text)" \
	"Enabled	KEY_MATERIAL_EXPIRES" "aes: enabled, and it expires"

# HMAC: a key that the test knows
mac=$(create HMAC_256 GENERATE_VERIFY_MAC)
put_secret mac hmac.key
haul mac "$mac" RSAES_OAEP_SHA_1 --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
tap_is "$(kms generate-mac --key-id "$mac" --message fileb://message --mac-algorithm HMAC_SHA_256 --query Mac --output text)" \
	"$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(od -An -v -tx1 hmac.key | tr -d ' \n')" -binary message | base64)" \
	"mac: KMS's MAC is openssl's with the key that was put on the token"

# RSA: openssl encrypts to the token's public key, KMS decrypts
generate rsa RSA_2048
rsa=$(create RSA_2048 ENCRYPT_DECRYPT)
haul rsa "$rsa" RSA_AES_KEY_WRAP_SHA_1 --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
public_key rsa.bundle rsa.der
openssl pkeyutl -encrypt -pubin -inkey rsa.der -keyform DER -in message -out rsa.sealed -pkeyopt rsa_padding_mode:oaep \
	-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
tap_is "$(kms decrypt --key-id "$rsa" --encryption-algorithm RSAES_OAEP_SHA_256 --ciphertext-blob fileb://rsa.sealed \
	--query Plaintext --output text | base64 -d)" "$(cat message)" "rsa: KMS decrypts what openssl encrypted to the token's key"
kms get-public-key --key-id "$rsa" --query PublicKey --output text | base64 -d >rsa-kms.der
cmp rsa.der rsa-kms.der
tap_ok $? "rsa: KMS's public key is the token's"

# EC: KMS signs, openssl verifies with the token's public key
generate ec ECC_NIST_P256
ec=$(create ECC_NIST_P256 SIGN_VERIFY)
haul ec "$ec" RSA_AES_KEY_WRAP_SHA_1 --valid-to 2d
public_key ec.bundle ec.der
kms sign --key-id "$ec" --message fileb://message --message-type RAW --signing-algorithm ECDSA_SHA_256 --query Signature \
	--output text | base64 -d >ec.signature
tap_is "$(openssl dgst -sha256 -verify ec.der -keyform DER -signature ec.signature message 2>&1)" "Verified OK" \
	"ec: KMS's signature is the token's key's"

# once more is no second import; another key's bundle is refused
receipt=$(jq -cS .receipt aes.bundle)
haul aes "$aes" RSAES_OAEP_SHA_1 --valid-to 90d
tap_is "$(jq -cS .receipt aes.bundle)" "$receipt" "aes, run again: imported already, the receipt is the same"
tap_exits 2 "the bundle is not taken for another key" "$KEYHAUL_BUILD/keyhaul" run --key "$KEYHAUL_TOKEN;object=aes" \
	--pin-file "$KEYHAUL_PIN_FILE" --key-id "$mac" --valid-to 90d --out aes.bundle

# nor is an imported bundle taken for another key of the token
generate other SYMMETRIC_DEFAULT
tap_exits 7 "the bundle's material is of another key" "$KEYHAUL_BUILD/keyhaul" run --key "$KEYHAUL_TOKEN;object=other" \
	--pin-file "$KEYHAUL_PIN_FILE" --key-id "$aes" --valid-to 90d --out aes.bundle
tap_like "$tap_err" "^error: .*object=other, and the bundle holds material of the key 'aes' .* of the token 'keyhaul-rehearsal'" \
	"both are named"

# a failed proof: SoftHSM has no SHA-256, and the same command would fail again
failed=$(create SYMMETRIC_DEFAULT)
tap_run "$KEYHAUL_BUILD/keyhaul" run --key "$KEYHAUL_TOKEN;object=other" --pin-file "$KEYHAUL_PIN_FILE" --key-id "$failed" \
	--wrapping-algorithm RSAES_OAEP_SHA_256 --valid-to 90d --out failed.bundle
tap_is "$tap_status" 7 "a failed proof"
tap_like "$tap_err" "^hint: .*move failed.bundle away or name another --out" "and what helps"
tap_exits 2 "another algorithm needs another request" "$KEYHAUL_BUILD/keyhaul" run --key "$KEYHAUL_TOKEN;object=other" \
	--pin-file "$KEYHAUL_PIN_FILE" --key-id "$failed" --wrapping-algorithm RSAES_OAEP_SHA_1 --valid-to 90d --out failed.bundle

# a wrong PIN: the token's status, and the bundle goes on where it stood
generate late HMAC_256
late=$(create HMAC_256 GENERATE_VERIFY_MAC)
echo 000000 >wrong.pin
run_late() {
	"$KEYHAUL_BUILD/keyhaul" run --key "$KEYHAUL_TOKEN;object=late" --key-id "$late" --wrapping-algorithm RSAES_OAEP_SHA_1 \
		--wrapping-key-spec RSA_2048 --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE "$@"
}
TMPDIR=$TAP_DIR/home
export TMPDIR
tap_exits 4 "a wrong PIN" run_late --pin-file wrong.pin
tap_is "$tap_out" "" "stdout is empty"
kept=$(find "$TMPDIR" -name run.bundle)
tap_is "$(jq -r .request.kms_key_arn "$kept")" "$late" "the bundle is kept"
tap_like "$tap_err" "^hint: .*--out $kept goes on from there" "and named"
tap_exits 0 "with the right PIN and that --out it goes on" run_late --pin-file "$KEYHAUL_PIN_FILE" --out "$kept" --json
tap_is "$(printf '%s\n' "$tap_out" | jq -cs '[length, .[0].ok, (.[0].results[] | .item)]')" '[1,true,"wrap","import"]' \
	"without fetching again, as one JSON document"
tap_is "$(kms describe-key --key-id "$late" --query KeyMetadata.KeyState --output text)" Enabled "and the key is enabled"

# made and hauled in one go, and not kept
once=$(create SYMMETRIC_DEFAULT)
tap_exits 0 "a key made for the run and not kept" "$KEYHAUL_BUILD/keyhaul" run --token "$KEYHAUL_TOKEN" --generate once --no-keep \
	--pin-file "$KEYHAUL_PIN_FILE" --key-id "$once" --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
tap_unlike "$("$KEYHAUL_BUILD/keyhaul-token" keys --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE")" "object=once" \
	"is not on the token"
tap_is "$(kms describe-key --key-id "$once" --query KeyMetadata.KeyState --output text)" Enabled "and is in KMS"
tap_done 34
