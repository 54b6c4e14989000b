#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The air gap: two folders and two environments stand for the two hosts. Only the bundle goes between them.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/e2e/rehearsal.sh"
rehearsal_begin --region us-east-1
mkdir online token-host
echo "two crates of oranges" >message

# The host with the network knows no token; the one with the token no network and no AWS.
online() {
	(cd online && env -u SOFTHSM2_CONF -u KEYHAUL_MODULE "$@")
}
if unshare -rn true 2>/dev/null; then
	no_network="unshare -rn"
else
	no_network=
	tap_diag "unshare -rn is not allowed here: only the environment is without a network"
fi
at_token() {
	# shellcheck disable=SC2086 # words
	(cd token-host && env -i LC_ALL=C.UTF-8 "SOFTHSM2_CONF=$SOFTHSM2_CONF" "KEYHAUL_MODULE=$KEYHAUL_MODULE" \
		"ASAN_OPTIONS=${ASAN_OPTIONS:-}" "LSAN_OPTIONS=${LSAN_OPTIONS:-}" $no_network "$@")
}

tap_exits 0 "at the token: generate" at_token "$KEYHAUL_BUILD/keyhaul-token" generate --token "$KEYHAUL_TOKEN" \
	--pin-file "$KEYHAUL_PIN_FILE" --label order --key-spec SYMMETRIC_DEFAULT
arn=$(create SYMMETRIC_DEFAULT)
for name in order second; do
	tap_exits 0 "online: fetch $name" online "$KEYHAUL_BUILD/keyhaul-kms" fetch --key-id "$arn" \
		--wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 --key-uri 'pkcs11:token=keyhaul-rehearsal;object=order' \
		--valid-to 90d --out "$name.bundle"
done
cp online/*.bundle token-host/
rm online/*.bundle
tap_exits 0 "at the token: inspect, by keyhaul alone" at_token "$KEYHAUL_BUILD/keyhaul" inspect order.bundle
tap_like "$tap_out" "^next: keyhaul-token wrap --key 'pkcs11:token=keyhaul-rehearsal;object=order' order.bundle" "says what to type"
tap_exits 0 "at the token: wrap both, as the bundles say" at_token "$KEYHAUL_BUILD/keyhaul-token" wrap --token "$KEYHAUL_TOKEN" \
	--pin-file "$KEYHAUL_PIN_FILE" order.bundle second.bundle
tap_like "$tap_out" '^second.bundle  order  RSAES_OAEP_SHA_1  wrapped$' "says what came of each"
at_token "$KEYHAUL_BUILD/keyhaul" inspect order.bundle >said
tap_like "$(cat said)" 'expires 90d after the import' "inspect says what the import will say"
tap_exits 3 "at the token there are no credentials: nothing can be sent by mistake" at_token "$KEYHAUL_BUILD/keyhaul-kms" fetch --key-id \
	"${arn##*/}" --valid-to 90d --out third.bundle
cp token-host/*.bundle online/

# swapped on the way
jq -s '.[0] * {material: .[1].material}' online/order.bundle online/second.bundle >online/swapped.bundle
tap_exits 7 "online: material of another bundle is refused" online "$KEYHAUL_BUILD/keyhaul-kms" import swapped.bundle
tap_is "$(kms describe-key --key-id "$arn" --query KeyMetadata.KeyState --output text)" PendingImport "and nothing was imported"
jq '.material.encrypted_key_material |= (.[0:40] + "AAAA" + .[44:])' online/order.bundle >online/bent.bundle
tap_exits 5 "online: a blob bent on the way is refused by KMS" online "$KEYHAUL_BUILD/keyhaul-kms" import bent.bundle
tap_like "$tap_err" "InvalidCiphertextException" "by name"
tap_exits 0 "online: import" online "$KEYHAUL_BUILD/keyhaul-kms" import order.bundle
kms encrypt --key-id "$arn" --plaintext fileb://message --query CiphertextBlob --output text | base64 -d >sealed
tap_is "$(kms decrypt --ciphertext-blob fileb://sealed --query Plaintext --output text | base64 -d)" "$(cat message)" \
	"KMS encrypts and decrypts under it"
tap_done 15
