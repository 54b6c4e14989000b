#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Each known liar, made by the relay of an honest token: `wrap` ends with 7 and says what the lie is, the bundle is
# as it was, nothing is left on the token, and C_WrapKey was never called on the real key.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl
arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

make_bundle() { # SPEC ALGORITHM
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$1.$2" w2048.der "$1" "$2" RSA_2048 "arn=$arn" "key_uri=pkcs11:object=$1"
}

# lie NAME SPEC ALGORITHM LIE ERE: what the error says of it
lie() {
	cp "$2.$3" before
	KEYHAUL_RELAY_RULES=C_WrapKey=$4
	export KEYHAUL_RELAY_RULES
	tap_run relay_token wrap "$2.$3"
	unset KEYHAUL_RELAY_RULES
	cmp -s before "$2.$3" && same=yes || same=no
	tap_is "$tap_status bundle-same=$same left=$(relay_left) real=$(relay_calls 'C_WrapKey.* token=1') tried=$(($(relay_calls ' C_WrapKey ') > 0))" \
		"7 bundle-same=yes left=0 real=0 tried=1" "$1: $4 stops the wrap of $2 before the real key"
	tap_like "$(printf '%s' "$tap_err" | paste -sd' ')" "error: .*$5.* hint: nothing was wrapped; the token.s answer was wrong" \
		"$1: and is called by its name" || tap_diag "$2 $3 $4: $tap_err"
}

lies_of_layer_one() { # NAME SPEC ALGORITHM HASH OTHER
	lie "$1" "$2" "$3" oaep-mgf "the hash is $4 and the MGF1 hash is $5"
	lie "$1" "$2" "$3" noise 'does not open with any hash'
	lie "$1" "$2" "$3" empty 'CKR_OK with 0 bytes'
}

lies_of_layer_two() { # NAME SPEC ALGORITHM
	lie "$1" "$2" "$3" kwp-iv 'foreign initial value 4b575031'
	lie "$1" "$2" "$3" zero-padding 'not RFC 5649 but RFC 3394 (after zero|without) padding'
	lie "$1" "$2" "$3" other-key 'not the key in the token \(public key\)'
}

make_keys() {
	for spec in SYMMETRIC_DEFAULT HMAC_384 RSA_2048 ECC_NIST_P256; do
		relay_direct generate --label $spec --key-spec $spec >/dev/null || return 1
	done
}

blob_key 2048 || exit 1
for row in SYMMETRIC_DEFAULT:RSAES_OAEP_SHA_1 SYMMETRIC_DEFAULT:RSAES_OAEP_SHA_256 HMAC_384:RSAES_OAEP_SHA_1 \
	HMAC_384:RSAES_OAEP_SHA_256 RSA_2048:RSA_AES_KEY_WRAP_SHA_1 RSA_2048:RSA_AES_KEY_WRAP_SHA_256 \
	ECC_NIST_P256:RSA_AES_KEY_WRAP_SHA_1 ECC_NIST_P256:RSA_AES_KEY_WRAP_SHA_256; do
	make_bundle "${row%:*}" "${row#*:}" || exit 1
done

relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
make_keys
tap_ok $? "SoftHSM: keys to haul"
lie SoftHSM SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 oaep-sha1 'the hash is SHA1 and the MGF1 hash is SHA1'
lies_of_layer_one SoftHSM SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 SHA1 SHA256
lie SoftHSM SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 other-key 'not the key in the token \(AES encryption\)'
lie SoftHSM HMAC_384 RSAES_OAEP_SHA_1 other-key 'not the key in the token \(HMAC\)'
lies_of_layer_one SoftHSM ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 SHA1 SHA256
lies_of_layer_two SoftHSM ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1
lie SoftHSM ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 explicit-curve 'explicit parameters'
lies_of_layer_two SoftHSM RSA_2048 RSA_AES_KEY_WRAP_SHA_1

# Lies about other keys than the throwaway's kind change nothing: the relay by itself stops no wrap.
KEYHAUL_RELAY_RULES=C_WrapKey=kwp-iv tap_exits 0 "SoftHSM: an honest wrap goes through" relay_token wrap \
	SYMMETRIC_DEFAULT.RSAES_OAEP_SHA_1
tap_is "$(relay_calls 'C_WrapKey.* token=1')" 1 "SoftHSM: and then the real key is wrapped, once"

if relay_nss "$TAP_DIR/nss"; then
	make_keys
	tap_ok $? "NSS: keys to haul"
	lie NSS SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 oaep-sha1 'the hash is SHA1 and the MGF1 hash is SHA1'
	lies_of_layer_one NSS HMAC_384 RSAES_OAEP_SHA_256 SHA256 SHA1
	lie NSS HMAC_384 RSAES_OAEP_SHA_256 other-key 'not the key in the token \(HMAC\)'
	lie NSS ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256 oaep-sha1 'the hash is SHA1 and the MGF1 hash is SHA1'
	lies_of_layer_two NSS ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256
	lie NSS ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256 explicit-curve 'explicit parameters'
	lies_of_layer_two NSS RSA_2048 RSA_AES_KEY_WRAP_SHA_256
	tap_done 62
else
	tap_skip "the liars on NSS" "libnss3 or libnss3-tools is not installed"
	tap_done 38
fi
