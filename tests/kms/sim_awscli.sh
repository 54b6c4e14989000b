#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Debian's AWS CLI, which is none of ours, through keyhaul-sim; what is imported
# is wrapped by the openssl command. The CLI takes most of a second a call.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq base64
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
sim_need_aws

# $1 key id, $2 algorithm: public.der, token.bin
parameters() {
	sim_aws kms get-parameters-for-import --key-id "$1" --wrapping-algorithm "$2" --wrapping-key-spec "${3:-RSA_2048}"
	printf '%s' "$tap_out" | jq -r .PublicKey | base64 -d >public.der
	printf '%s' "$tap_out" | jq -r .ImportToken | base64 -d >token.bin
}

# $1 in, $2 hash, $3 out
oaep() {
	openssl pkeyutl -encrypt -in "$1" -pubin -keyform DER -inkey public.der -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt "rsa_oaep_md:$2" -pkeyopt "rsa_mgf1_md:$2" -out "$3"
}

# $1 PKCS#8 DER, $2 hash, $3 out: RSA_AES_KEY_WRAP
key_wrap() {
	openssl rand 32 >kek.bin
	oaep kek.bin "$2" first.bin
	openssl enc -e -id-aes256-wrap-pad -K "$(od -An -tx1 -v kek.bin | tr -d ' \n')" -iv A65959A6 -in "$1" -out second.bin
	cat first.bin second.bin >"$3"
}

# $1 key id, $2 blob, then more options
import() {
	import_id=$1
	import_blob=$2
	shift 2
	sim_aws kms import-key-material --key-id "$import_id" --import-token fileb://token.bin \
		--encrypted-key-material "fileb://$import_blob" "$@"
}

new_key() {
	sim_aws kms create-key --origin EXTERNAL "$@"
	id=$(printf '%s' "$tap_out" | jq -r .KeyMetadata.KeyId)
}

state() {
	sim_aws kms describe-key --key-id "$1"
	printf '%s' "$tap_out" | jq -r '.KeyMetadata.KeyState'
}

is_rotated() {
	sim_aws kms list-key-rotations --key-id "$1"
	[ "$(printf '%s' "$tap_out" | jq -r '[.Rotations[].RotationType] | @csv')" = '"ON_DEMAND"' ]
}

sim_start --key-pool "$(sim_pool)" --state "$TAP_DIR/state"
forever='--expiration-model=KEY_MATERIAL_DOES_NOT_EXPIRE'

# a symmetric key
new_key --description rehearsal
symmetric=$id
tap_is "$(printf '%s' "$tap_out" | jq -r '.KeyMetadata | "\(.KeyState) \(.Origin) \(.Enabled) \(.AWSAccountId)"')" \
	'PendingImport EXTERNAL false 000000000000' 'create-key: pending import'
parameters "$symmetric" RSAES_OAEP_SHA_256 RSA_4096
tap_is "$(openssl pkey -pubin -inform DER -in public.der -noout -text | head -n 1)" 'Public-Key: (4096 bit)' \
	'get-parameters-for-import: an RSA_4096 key'
openssl rand 32 >secret.bin
oaep secret.bin sha1 wrong.bin
import "$symmetric" wrong.bin "$forever"
tap_is "$tap_status" 254 'import-key-material: wrapped with another hash'
tap_like "$tap_err" '\(InvalidCiphertextException\)' 'InvalidCiphertextException, as the CLI shows it'
oaep secret.bin sha256 blob.bin
import "$symmetric" blob.bin "$forever" --valid-to 2027-01-01T00:00:00Z
tap_like "$tap_err" '\(ValidationException\)' 'import-key-material: valid-to without expiry'
import "$symmetric" blob.bin
tap_like "$tap_err" 'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES' 'import-key-material: no valid-to'
import "$symmetric" blob.bin "$forever"
tap_is "$tap_status" 0 'import-key-material: the same token is still good, and the blob is opened'
tap_is "$(state "$symmetric")" Enabled 'describe-key: enabled'
printf 'over the hill' >plain.txt
sim_aws kms encrypt --key-id "$symmetric" --plaintext fileb://plain.txt --encryption-context where=here
printf '%s' "$tap_out" | jq -r .CiphertextBlob | base64 -d >sealed.bin
sim_aws kms decrypt --ciphertext-blob fileb://sealed.bin --encryption-context where=here
tap_is "$(printf '%s' "$tap_out" | jq -r .Plaintext | base64 -d)" 'over the hill' 'encrypt, decrypt'
sim_aws kms decrypt --ciphertext-blob fileb://sealed.bin
tap_like "$tap_err" '\(InvalidCiphertextException\)' 'decrypt: another encryption context'

# the front door
AWS_SECRET_ACCESS_KEY=no${AWS_SECRET_ACCESS_KEY#??} sim_aws kms list-keys
tap_like "$tap_err" '\(InvalidSignatureException\)' 'another secret: InvalidSignatureException'
AWS_ACCESS_KEY_ID=AKIDKEYHAULSIM999999 sim_aws kms list-keys
tap_like "$tap_err" '\(UnrecognizedClientException\)' 'another access key: UnrecognizedClientException'
sim_region=eu-central-1
sim_aws kms describe-key --key-id "$symmetric"
tap_like "$tap_err" '\(NotFoundException\)' 'another Region: NotFoundException'
sim_aws kms describe-key --key-id "arn:aws:kms:us-east-1:000000000000:key/$symmetric"
tap_like "$tap_err" 'Invalid arn us-east-1' 'another Region and an ARN: Invalid arn'
sim_region=
sim_aws sts get-caller-identity
tap_is "$(printf '%s' "$tap_out" | jq -r .Account)" 000000000000 'sts get-caller-identity'

# material that goes away
sim_aws kms delete-imported-key-material --key-id "$symmetric"
tap_is "$(state "$symmetric")" PendingImport 'delete-imported-key-material: pending import'
sim_aws kms encrypt --key-id "$symmetric" --plaintext fileb://plain.txt
tap_like "$tap_err" 'KMSInvalidStateException.* is pending import' 'encrypt: KMSInvalidStateException'
openssl rand 32 >other.bin
oaep other.bin sha256 other.blob
import "$symmetric" other.blob "$forever"
tap_like "$tap_err" '\(IncorrectKeyMaterialException\)' 'other material: IncorrectKeyMaterialException'
import "$symmetric" blob.bin --expiration-model KEY_MATERIAL_EXPIRES --valid-to "$(date -u -d '+2 days' +%Y-%m-%dT%H:%M:%SZ)"
tap_is "$(state "$symmetric")" Enabled 'the same material with an expiry: enabled'

# HMAC: the MAC is openssl's
new_key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC
parameters "$id" RSAES_OAEP_SHA_1
oaep secret.bin sha1 blob.bin
import "$id" blob.bin "$forever"
sim_aws kms generate-mac --key-id "$id" --mac-algorithm HMAC_SHA_256 --message fileb://plain.txt
tap_is "$(printf '%s' "$tap_out" | jq -r .Mac | base64 -d | od -An -tx1 -v | tr -d ' \n')" \
	"$(sim_hmac "$(od -An -tx1 -v secret.bin | tr -d ' \n')" <plain.txt)" 'HMAC_256: the MAC is the one that openssl makes'
tap_is "$(cat "$TAP_DIR/err")" '' 'generate-mac: no error'

# RSA and EC: the public key is openssl's, and a signature is checked there
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out rsa.pem 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -inform DER -in rsa.pem -outform DER -out rsa.der
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out ec.pem
openssl pkcs8 -topk8 -nocrypt -inform DER -in ec.pem -outform DER -out ec.der
new_key --key-spec RSA_2048 --key-usage SIGN_VERIFY
parameters "$id" RSA_AES_KEY_WRAP_SHA_256
key_wrap rsa.der sha256 blob.bin
import "$id" blob.bin "$forever"
sim_aws kms get-public-key --key-id "$id"
printf '%s' "$tap_out" | jq -r .PublicKey | base64 -d >kms.der
openssl pkey -inform DER -in rsa.der -pubout -outform DER -out ours.der
cmp -s kms.der ours.der
tap_ok $? 'RSA_2048: get-public-key is the key that was imported'
new_key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY
parameters "$id" RSA_AES_KEY_WRAP_SHA_1
key_wrap ec.der sha1 blob.bin
import "$id" blob.bin "$forever"
sim_aws kms sign --key-id "$id" --message fileb://plain.txt --signing-algorithm ECDSA_SHA_256
printf '%s' "$tap_out" | jq -r .Signature | base64 -d >signature.bin
openssl pkey -inform DER -in ec.der -pubout -out ours.pem
openssl dgst -sha256 -verify ours.pem -signature signature.bin plain.txt >verified 2>&1
tap_is "$(cat verified)" 'Verified OK' 'ECC_NIST_P256: openssl verifies what sign gave'
parameters "$id" RSA_AES_KEY_WRAP_SHA_1
key_wrap rsa.der sha1 blob.bin
import "$id" blob.bin "$forever"
tap_like "$tap_err" '\(IncorrectKeyMaterialException\)' 'an RSA key into an EC key: IncorrectKeyMaterialException'

# the service's time moves: the token of today, and the material that expires in two days
parameters "$symmetric" RSAES_OAEP_SHA_256
oaep secret.bin sha256 blob.bin
sim_stop
tap_ok $? 'SIGTERM ends it'
sim_start --key-pool "$(sim_pool)" --state "$TAP_DIR/state" --clock +50h --rotation-delay 3
tap_is "$(state "$symmetric")" PendingImport '--clock +50h: the material has expired'
import "$symmetric" blob.bin "$forever"
tap_like "$tap_err" '\(ExpiredImportTokenException\)' '--clock +50h: the token has expired'

# the newer API, where its model is there
if [ -r "$KEYHAUL_SRC/../shared/data/kms-service-2.json" ]; then
	mkdir -p models/kms/2014-11-01
	cp "$KEYHAUL_SRC/../shared/data/kms-service-2.json" models/kms/2014-11-01/service-2.json
	cp "$KEYHAUL_SRC/../shared/data/kms-paginators-1.json" models/kms/2014-11-01/paginators-1.json
	AWS_DATA_PATH=$PWD/models
	export AWS_DATA_PATH
	parameters "$symmetric" RSAES_OAEP_SHA_256
	oaep secret.bin sha256 blob.bin
	import "$symmetric" blob.bin "$forever"
	oaep other.bin sha256 blob.bin
	import "$symmetric" blob.bin "$forever" --import-type NEW_KEY_MATERIAL --key-material-description 'second one'
	sim_aws kms list-key-rotations --key-id "$symmetric" --include-key-material ALL_KEY_MATERIAL
	tap_is "$(printf '%s' "$tap_out" | jq -r '[.Rotations[] | "\(.KeyMaterialState) \(.ImportState) \(.KeyMaterialDescription)"] | join(", ")')" \
		'CURRENT IMPORTED null, PENDING_ROTATION IMPORTED second one' 'list-key-rotations, by the newer API'
	sim_aws kms rotate-key-on-demand --key-id "$symmetric"
	tap_is "$tap_status $(printf '%s' "$tap_out" | jq -r .KeyId)" "0 $symmetric" 'rotate-key-on-demand'
	sim_aws kms get-key-rotation-status --key-id "$symmetric"
	tap_is "$(printf '%s' "$tap_out" | jq -r '[.KeyRotationEnabled, has("OnDemandRotationStartDate")] | @csv')" 'false,true' \
		'get-key-rotation-status: under way'
	tap_poll 20 is_rotated "$symmetric"
	tap_ok $? 'list-key-rotations: it becomes current'
	new_key --multi-region --tags TagKey=a,TagValue=1
	sim_aws kms replicate-key --key-id "$id" --replica-region eu-west-1 --tags TagKey=b,TagValue=2
	tap_is "$(printf '%s' "$tap_out" | jq -r '[.ReplicaKeyMetadata.KeyState, .ReplicaTags[0].TagKey, (.ReplicaPolicy | fromjson | .Version)] | @csv')" \
		'"Creating","b","2012-10-17"' 'replicate-key: creating, with tags and the default policy'
	sim_aws kms rotate-key-on-demand --key-id "$id"
	tap_like "$tap_err" '\(KMSInvalidStateException\)' 'rotate-key-on-demand without material: KMSInvalidStateException'
else
	for what in list-key-rotations rotate-key-on-demand get-key-rotation-status 'a rotation' replicate-key 'nothing to rotate'; do
		tap_skip "$what, by the newer API" '../shared/data/kms-service-2.json is not there'
	done
fi
sim_stop
tap_done 33
