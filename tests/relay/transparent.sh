#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The relay by itself changes nothing: slots, keys, generate and wrap give over it what they give without it.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq
arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

# The same words from both, but for the module's path.
same_both() { # WHAT VERB OPTION...
	same_what=$1
	shift
	relay_direct "$@" >direct.out 2>direct.err
	echo "$?" >>direct.out
	relay_token "$@" >relay.out 2>relay.err
	echo "$?" >>relay.out
	sed "s|$KEYHAUL_RELAY_MODULE|$RELAY|g" direct.out | cmp -s - relay.out && cmp -s direct.err relay.err
	tap_ok $? "$same_what" || tap_diag "$(diff direct.out relay.out; diff direct.err relay.err)"
}

# What of a result is not new each time; an RSA throwaway's PKCS#8 is longer or shorter, and SoftHSM pads it.
lasting() {
	jq -S 'del(.. | .id?, .uri?, .check_value?, .public_key?, .label?, .bundle?, .request_sha256?, .material_sha256?,
		.trailing_zeros?) | del(.. | .warnings? | arrays | .[] | select(contains("zero bytes"))) |
		del(.. | .warnings? | select(. == []))' "$1"
}

same_generate() { # NAME SPEC
	relay_direct generate --label "direct $2" --key-spec "$2" --json >direct.json
	relay_token generate --label "relay $2" --key-spec "$2" --json >relay.json
	tap_is "$(lasting relay.json)" "$(lasting direct.json)" "$1: generate says the same of a new $2 key"
	jq -r '.results[0].public_key // empty' relay.json >"$2.public"
}

same_wrap() { # NAME SPEC ALGORITHM
	for way in direct relay; do
		rm -f "$way.bundle"
		"$KEYHAUL_BUILD/tests/token/make_bundle" "$way.bundle" w2048.der "$2" "$3" RSA_2048 "arn=$arn" \
			"key_uri=pkcs11:object=relay%20$2"
	done
	relay_direct wrap --json direct.bundle >direct.json 2>direct.err
	relay_token wrap --json relay.bundle >relay.json 2>relay.err
	tap_is "$(lasting relay.json) $(grep -vE 'zero bytes|^waiting for' relay.err)" "$(lasting direct.json) $(grep -vE 'zero bytes|^waiting for' direct.err)" \
		"$1: wrap says the same of $2 by $3"
	blob_open "$3" w2048.pem direct.bundle direct.key && blob_open "$3" w2048.pem relay.bundle relay.key &&
		cmp -s direct.key relay.key
	tap_ok $? "$1: both blobs open to the same key"
	tap_is "$(relay_left)" 0 "$1: what was made over the relay was destroyed"
}

both_ways() { # NAME SECRET-ALGORITHM PAIR-ALGORITHM
	slots_of "$KEYHAUL_RELAY_MODULE" | sed "s|$KEYHAUL_RELAY_MODULE|$RELAY|g" >direct.out
	slots_of "$RELAY" >relay.out
	tap_is "$(cat relay.out)" "$(cat direct.out)" "$1: slots"
	same_generate "$1" SYMMETRIC_DEFAULT
	same_generate "$1" HMAC_256
	same_generate "$1" RSA_2048
	same_generate "$1" ECC_NIST_P256
	same_both "$1: keys" keys
	same_both "$1: keys as JSON" keys --json
	same_wrap "$1" SYMMETRIC_DEFAULT "$2"
	same_wrap "$1" HMAC_256 "$2"
	same_wrap "$1" RSA_2048 "$3"
	same_wrap "$1" ECC_NIST_P256 "$3"
}

# Without a PIN.
slots_of() {
	"$TOKEN" slots --module "$1" ${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"}
}

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
both_ways SoftHSM RSAES_OAEP_SHA_1 RSA_AES_KEY_WRAP_SHA_1

relay_token keys >/dev/null
tap_is "$(relay_calls ' C_Login ') $(relay_calls ' C_WrapKey ') $(relay_calls ' C_Finalize ')" "1 0 1" "calls are counted"
relay_token keys --pin-file /dev/null >/dev/null 2>&1
tap_is "$(relay_calls ' C_Login ')" 0 "and anew for each program"

started=$(date +%s%N)
KEYHAUL_RELAY_DELAY_US=20000 relay_token keys >/dev/null
took=$((($(date +%s%N) - started) / 1000000))
[ "$took" -ge $(($(relay_calls) * 20)) ]
tap_ok $? "a delay of 20 ms is one of each call" || tap_diag "$took ms for $(relay_calls) calls"

KEYHAUL_RELAY_HOST=$TAP_DIR/none tap_exits 4 "without its host" relay_token keys
tap_like "$tap_err" '^error: C_Initialize on .*CKR_DEVICE_REMOVED' "the relay is a device that is gone"
KEYHAUL_RELAY_RULES='C_Login=nonsense' tap_exits 4 "a rule that is none" relay_token keys
tap_like "$tap_err" 'no rule: C_Login=nonsense' "is called one"

if command -v pkcs11-tool >/dev/null 2>&1; then
	tap_like "$(pkcs11-tool --module "$RELAY" --login --pin "$(cat "$KEYHAUL_PIN_FILE")" --list-objects 2>&1)" \
		"relay RSA_2048" "another tool lists the token's objects over the relay"
else
	tap_skip "another tool lists the token's objects over the relay" "pkcs11-tool is not installed"
fi

if relay_nss "$TAP_DIR/nss"; then
	both_ways NSS RSAES_OAEP_SHA_256 RSA_AES_KEY_WRAP_SHA_256
	tap_done 46
else
	tap_skip "the same on NSS" "libnss3 or libnss3-tools is not installed"
	tap_done 28
fi
