#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Lengths that lie (0, 2^62, one less, one more, in the first or the second call of two). No length is believed past the
# room that there was: the run ends by the table of statuses, or does without what was lied about, and the bundle changes
# only with status 0.
#
# shellcheck disable=SC2317 # tap_run and tap_poll call functions
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab


# lied RULE STATUSES VERB...: adds to $wrong what is not one of the statuses, or has other than its one error line.
lied() {
	KEYHAUL_RELAY_RULES=$1
	export KEYHAUL_RELAY_RULES
	lied_want=$2
	shift 2
	cp fresh bundle
	tap_run "$@"
	lied_errors=$(grep -c '^error: ' "$TAP_DIR/err")
	lied_same=$(cmp -s fresh bundle && echo same || echo changed)
	case " $lied_want ":$tap_status:$lied_errors:$lied_same in
	*" $tap_status "*:0:0:*) ;;
	*" $tap_status "*:[!0]*:1:same) ;;
	*) wrong="$wrong; $KEYHAUL_RELAY_RULES: $tap_status, $lied_errors errors, bundle $lied_same: $tap_err" ;;
	esac
	[ "$(relay_left)" = 0 ] || wrong="$wrong; $KEYHAUL_RELAY_RULES: left $(relay_left)"
	unset KEYHAUL_RELAY_RULES
	lied_n=$((lied_n + 1))
}

slots() {
	: >"$KEYHAUL_RELAY_TRACE"
	"$TOKEN" slots --module "$RELAY"
}


checked() { # WHAT
	tap_is "$wrong" "" "$1 ($lied_n lies)"
	wrong='' lied_n=0
}

make_bundle() { # SPEC ALGORITHM
	rm -f fresh
	"$KEYHAUL_BUILD/tests/token/make_bundle" fresh w2048.der "$1" "$2" RSA_2048 "arn=$arn" "key_uri=pkcs11:object=$1" &&
		cp fresh bundle
}

all_lies='zero huge less more'
wrong='' lied_n=0
blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
for spec in SYMMETRIC_DEFAULT ECC_NIST_P256; do
	relay_direct generate --label $spec --key-spec $spec >/dev/null || exit 1
done
make_bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 || exit 1

for lie in $all_lies; do
	for call in C_GetSlotList.1 C_GetSlotList.2 C_GetMechanismList.1 C_GetMechanismList.2; do
		lied "$call=length-$lie" "0 4" slots
	done
done
checked "slots: lists that are longer or shorter than they are"

for lie in $all_lies; do
	lied "C_FindObjects.1=length-$lie" "0 4" relay_token keys
	lied "C_GetAttributeValue.1=length-$lie" "4" relay_token keys
done
checked "keys: objects and attributes"

for lie in $all_lies; do
	lied "C_WrapKey.1=length-$lie" 7 relay_token wrap bundle
	lied "C_WrapKey.2=length-$lie" 4 relay_token wrap bundle
	found="3 4"
	case $lie in zero | less) found=0 ;; esac # none of its class: then it is searched by its name alone
	lied "C_FindObjects.1=length-$lie" "$found" relay_token wrap bundle
	lied "C_GetAttributeValue.1=length-$lie" 4 relay_token wrap bundle
done
for lie in zero less more; do
	lied "C_Encrypt=length-$lie" 7 relay_token wrap bundle
done
checked "wrap: the blob, the key, what it is compared by"

KEYHAUL_RELAY_RULES=C_Encrypt=length-huge tap_exits 0 "an encryption that cannot be read is none" relay_token wrap bundle
tap_like "$tap_err" '^warning: .*check value alone \(24 bits\)' "and it is said by what less the key was compared"

make_bundle ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 || exit 1
relay_token wrap --out other fresh >/dev/null
attributes=$(relay_calls ' C_GetAttributeValue ')
for lie in $all_lies; do
	lied "C_WrapKey.1=length-$lie" 7 relay_token wrap bundle
	lied "C_WrapKey.2=length-$lie" 7 relay_token wrap bundle
	lied "C_WrapKey.3=length-$lie" "4 7" relay_token wrap bundle
	lied "C_WrapKey.4=length-$lie" 4 relay_token wrap bundle
done
checked "wrap in two steps: every blob"
call=1
while [ "$call" -le "$attributes" ]; do
	lied "C_GetAttributeValue.$call=length-zero" "0 4 7" relay_token wrap bundle
	lied "C_GetAttributeValue.$call=length-huge" "4 7" relay_token wrap bundle
	lied "C_GetAttributeValue.$call=length-more" "0 4 7" relay_token wrap bundle
	call=$((call + 1))
done
checked "wrap in two steps: each of $attributes readings of attributes"

tap_done 7
