#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2317,SC2154 # tap_poll calls functions, tap.sh sets tap_pid
#
# wrap that is interrupted: in the proof no real key is touched, and once the real key is in hand it is finished; the status
# is 130 either way. The relay holds the call in which the signal comes.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

seen() { [ "$(relay_calls " $1 ")" -ge "$2" ]; }

# during CALL:NTH SIGNAL RULE OPTION...: the signal comes when the call before the one that the rule holds was made
during() {
	during_call=$1 during_signal=$2
	KEYHAUL_RELAY_RULES=$3
	export KEYHAUL_RELAY_RULES
	shift 3
	: >"$KEYHAUL_RELAY_TRACE"
	tap_start run "$TOKEN" wrap --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" "$@"
	tap_poll 30 seen "${during_call%:*}" "${during_call#*:}"
	kill "-$during_signal" "$tap_pid"
	wait "$tap_pid"
	status=$?
	unset KEYHAUL_RELAY_RULES
}

real() { relay_calls 'C_WrapKey.* token=1'; }

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
relay_direct generate --label payroll --key-spec SYMMETRIC_DEFAULT >/dev/null || exit 1
"$KEYHAUL_BUILD/tests/token/make_bundle" request w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn" \
	"key_uri=pkcs11:object=payroll" &&
	"$KEYHAUL_BUILD/tests/token/make_bundle" any w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn" || exit 1
objects=$(relay_object count)

# The throwaway has been compared; the relay is slow to destroy it.
for signal in INT TERM; do
	cp request 1
	during C_Encrypt:1 $signal C_DestroyObject.1=delay-600 1
	cmp -s request 1
	tap_is "$status same=$? real=$(real) left=$(relay_left)" "130 same=0 real=0 left=0" "SIG$signal in the proof: the key is not touched"
done
said() { grep -v '^interrupted: waiting for ' run.err; } # while the call is held
tap_is "$(said)" "error: 1: interrupted before the key was wrapped
hint: nothing was written: run the same command again" "and that is said"
tap_is "$(cat run.out)" '' "alone"
during C_Encrypt:1 INT C_DestroyObject.1=delay-600 --generate new --no-keep any
tap_is "$status $(relay_calls ' C_GenerateKey ')" "130 1" "nor is one made"

cp request 2 && cp request 3
during C_Encrypt:1 INT C_DestroyObject.1=delay-600 1 2 3
tap_is "$status real=$(real) $(tail -n 1 run.out)" "130 real=0 3 bundles: 3 not tried" "of many: none was tried"
tap_like "$(said)" '^hint: run the same command again: what is wrapped is passed over$' "and the same command goes on"
during C_Encrypt:1 INT C_DestroyObject.1=delay-600 --again 1 2 3
tap_is "$status $(said | grep -c '^hint: run it again for those that the result says are not tried: --again wraps all')" "130 1" \
	"but with --again it begins anew, and is not recommended" || tap_diag "$(said)"

# The real key is in hand: it is wrapped, and what would come next does not.
during C_CreateObject:2 TERM C_WrapKey.2=delay-600 1
tap_is "$status real=$(real) left=$(relay_left)" "130 real=1 left=0" "SIGTERM when the key is in hand: it is finished"
tap_like "$(cat run.out)" "^1: wrapped 'payroll' " "and told"
tap_is "$(said | head -n 1)" "error: interrupted, when all was done" "and so is the signal"
tap_exits 0 "the bundle is whole" "$KEYHAUL_BUILD/keyhaul" inspect 1
during C_CreateObject:2 INT C_WrapKey.2=delay-600 --again --json 1
tap_like "$(cat run.out)" '"error":.*"status":130.*|"ok":false.*"status":130' "with --json too"
tap_like "$(cat run.out)" '"material_sha256"' "beside the result"

cp request 1
during C_CreateObject:3 INT C_WrapKey.3=delay-600 1 2
tap_is "$status $(tail -n 2 run.out | head -n 1)" "130 2 bundles: 2 wrapped" "in the last of many: all of them"
tap_is "$(relay_object count)" "$objects" "the token has what it had"

# A list ends between two of its objects.
for i in 1 2 3 4 5 6 7 8; do
	relay_object put generic "keyhaul-tmp-000000000000000$i" 000102030405060708090a0b0c0d0e0f || exit 1
done
for verb in keys 'clean --yes'; do
	: >"$KEYHAUL_RELAY_TRACE"
	KEYHAUL_RELAY_RULES=C_GetAttributeValue=delay-150
	export KEYHAUL_RELAY_RULES
	# shellcheck disable=SC2086 # an option
	tap_start run "$TOKEN" $verb --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE"
	tap_poll 30 seen C_GetAttributeValue 1
	kill -INT "$tap_pid"
	wait "$tap_pid"
	status=$?
	unset KEYHAUL_RELAY_RULES
	reads=$(relay_calls ' C_GetAttributeValue ')
	[ "$status" -eq 130 ] && [ "$reads" -le 4 ] && [ ! -s run.out ]
	tap_ok $? "$verb: an interrupt ends it between two objects" || tap_diag "status $status, $reads reads; $(cat run.err)"
done

# A probe ends between two kinds of keys.
: >"$KEYHAUL_RELAY_TRACE"
KEYHAUL_RELAY_RULES=C_GenerateKey.1=delay-600
export KEYHAUL_RELAY_RULES
tap_start run "$TOKEN" probe --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --out profile
tap_poll 30 seen C_CreateObject 1
kill -INT "$tap_pid"
wait "$tap_pid"
tap_is "$? $(grep -c '^error: probing with .*interrupted before HMAC_224$\|^error: interrupted before HMAC_224$' run.err) $(ls profile 2>/dev/null) $(relay_left)" "130 1  0" \
	"probe: an interrupt ends it between two kinds of keys, without a profile" || tap_diag "$(cat run.err)"
unset KEYHAUL_RELAY_RULES
tap_done 19
