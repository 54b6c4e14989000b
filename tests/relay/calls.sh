#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# How many PKCS#11 calls a key takes in a batch after the first: the same at 10, 100 and 1,000 bundles, and with 10 and with
# 2,000 objects on the token. Each is a round trip that a person waits for.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

# batch SPEC N: the calls of one run over N bundles, into $calls.
batch() {
	rm -rf batch
	mkdir batch
	# shellcheck disable=SC2046 # names without blanks
	tee $(seq -f 'batch/%04.0f' "$2") <"$1.bundle" >/dev/null
	relay_token wrap batch/* >out 2>err || tap_diag "$1: $(head -n 2 err)"
	calls=$(relay_calls)
	wrapped=$(relay_calls ' C_WrapKey .* token=1')
}

# A key of the batch more costs so many calls, from 10 to 100 as from 100 to 1,000; what is not whole is no answer.
for_each() { # SPEC
	batch "$1" 10
	ten=$calls
	batch "$1" 100
	hundred=$calls
	most=$each_most
	case $1 in HMAC_*) most=100 ;; esac # what is true of one secret is of the other
	batch "$1" "$most"
	tap_is "$wrapped" "$most" "$1: $most keys were wrapped"
	each=$(((hundred - ten) / 90))
	[ $((each * 90 + ten)) -eq "$hundred" ] && [ $((each * (most - 100) + hundred)) -eq "$calls" ] ||
		each="$ten for 10, $hundred for 100, $calls for $most"
}

# SoftHSM has a file for each object: many are one, copied.
fill_token() {
	relay_object put generic filler 000102030405060708090a0b0c0d0e0f || return 1
	dir=$(dirname "$(find "$TAP_DIR/softhsm/tokens" -name '*.object' -newer stamp ! -name token.object | head -n 1)")
	object=$(find "$dir" -name '*.object' -newer stamp ! -name token.object | head -n 1)
	# shellcheck disable=SC2046 # names without blanks
	(cd "$dir" && tee $(seq -f '%08.0f-0000-4000-8000-000000000000.object' 2000) <"$object" >/dev/null &&
		touch $(seq -f '%08.0f-0000-4000-8000-000000000000.lock' 2000))
}

each_most=1000
[ "${KEYHAUL_SANITIZERS:-no}" = no ] || each_most=200 # the same, and less of it
blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
rows='SYMMETRIC_DEFAULT:RSAES_OAEP_SHA_1:8 HMAC_512:RSAES_OAEP_SHA_1:8 RSA_2048:RSA_AES_KEY_WRAP_SHA_1:11
	ECC_NIST_P256:RSA_AES_KEY_WRAP_SHA_1:16'
for row in $rows; do
	spec=${row%%:*}
	algorithm=${row#*:}
	# a pair's public half has its label: where no type is named it is not read all the same
	case $spec in SYMMETRIC_DEFAULT | HMAC_*) type=';type=secret-key' ;; *) type= ;; esac
	relay_direct generate --label "$spec" --key-spec "$spec" >/dev/null || exit 1
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$spec.bundle" w2048.der "$spec" "${algorithm%:*}" RSA_2048 "arn=$arn" \
		"key_uri=pkcs11:object=$spec$type" || exit 1
done

for i in 1 2 3 4; do
	relay_object put generic "filler-$i" 000102030405060708090a0b0c0d0e0f || exit 1
done
tap_is "$(relay_object count)" 10 "10 objects on the token"
for row in $rows; do
	for_each "${row%%:*}"
	tap_is "$each" "${row##*:}" "${row%%:*}: each key more of a batch is ${row##*:} calls"
	eval "ten_${row%%:*}=$ten"
done

: >stamp
fill_token
objects=$(relay_object count)
[ "$objects" -ge 2000 ]
tap_ok $? "2,000 objects more on the token" || tap_diag "$objects"
for row in $rows; do
	batch "${row%%:*}" 10
	eval "before=\$ten_${row%%:*}"
	# shellcheck disable=SC2154 # by eval
	tap_is "$calls" "$before" "${row%%:*}: they make no call more"
done

tap_done 14
