#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A token that is slow, and one that never answers. A call that takes over a second says what is waited for; the key in
# hand is waited for after a first SIGINT, which is said too; the second ends the run at once, and nothing has changed.
#
# shellcheck disable=SC2317 # tap_poll calls functions
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
relay_direct generate --label k --key-spec SYMMETRIC_DEFAULT >/dev/null || exit 1
"$KEYHAUL_BUILD/tests/token/make_bundle" fresh w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn" \
	key_uri=pkcs11:object=k || exit 1
place="token 'keyhaul-rehearsal' \(serial [0-9a-f]+\)"

cp fresh bundle
KEYHAUL_RELAY_RULES='C_WrapKey.2=delay-3300' tap_exits 0 "a wrap that takes over three seconds" relay_token wrap bundle
tap_like "$(cat "$TAP_DIR/err")" "^waiting for C_WrapKey on $place: 1 s\$" "says what it waits for"
tap_is "$(sed -n 's/^waiting.*: //p' "$TAP_DIR/err" | paste -sd' ')" "1 s 2 s" "each time after twice as long"
KEYHAUL_RELAY_RULES='C_FindObjects=delay-300' tap_exits 0 "calls that take less" relay_token keys
tap_unlike "$tap_err" 'waiting' "are not spoken of"

hung() {
	grep -q ' hang$' "$KEYHAUL_RELAY_TRACE"
}
said() {
	grep -Eq "$1" "$said_name.err"
}

# start NAME CALL: a wrap that hangs there, in the background
start() {
	rm -rf hang
	mkdir hang
	cp fresh hang/bundle
	: >"$KEYHAUL_RELAY_TRACE"
	said_name=$1
	KEYHAUL_RELAY_RULES=$2=hang
	KEYHAUL_MODULE=$RELAY
	export KEYHAUL_RELAY_RULES KEYHAUL_MODULE
	tap_start "$1" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" hang/bundle
	unset KEYHAUL_RELAY_RULES KEYHAUL_MODULE
	tap_poll 20 hung
	tap_ok $? "$2 hangs"
}

gone() { # a child that ended is there until it is waited for
	! grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$tap_pid/status" 2>/dev/null
}
# its status, in time: one that goes on is killed, which is 137
status_of() {
	tap_poll 20 gone || kill -KILL "$tap_pid"
	wait "$tap_pid"
}

# ended CALL
ended() {
	status_of
	tap_is "$?" 130 "$1: the second signal ends it"
	cmp -s fresh hang/bundle
	tap_ok $? "$1: the bundle is as it was"
	tap_is "$(find hang -type f ! -name '*.lock' | wc -l)" 1 "$1: and no other file beside it, but for its lock" || tap_diag "$(ls -la hang)"
	tap_is "$(relay_token wrap hang/bundle >/dev/null 2>&1 && relay_left)" 0 "$1: and the next run wraps it"
}

for call in C_OpenSession C_WrapKey.1; do
	start "hang-$call" "$call"
	kill -TERM "$tap_pid"
	kill -INT "$tap_pid" # two of one kind may arrive as one
	ended "$call"
done

start real C_WrapKey.2
tap_poll 20 said "^waiting for C_WrapKey on $place: 1 s\$"
tap_ok $? "the real key: it says what it waits for"
kill -INT "$tap_pid"
tap_poll 20 said "^interrupted: waiting for C_WrapKey on $place to answer; interrupt again to end at once\$"
tap_ok $? "the real key: the first SIGINT says that the call in hand is waited for"
kill -0 "$tap_pid"
tap_ok $? "the real key: and it is"
kill -INT "$tap_pid"
ended "the real key"

# The call in hand comes back after the first SIGINT: that key is done, the next is not begun.
cp fresh hang/first
cp fresh hang/second
: >"$KEYHAUL_RELAY_TRACE"
KEYHAUL_RELAY_RULES=C_WrapKey.2=delay-1500
KEYHAUL_MODULE=$RELAY
export KEYHAUL_RELAY_RULES KEYHAUL_MODULE
said_name=late
tap_start late "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" hang/first hang/second
unset KEYHAUL_RELAY_RULES KEYHAUL_MODULE
tap_poll 20 said '^waiting for C_WrapKey'
kill -INT "$tap_pid"
status_of
tap_is "$?" 130 "interrupted in a call that comes back: status 130"
cmp -s fresh hang/second && ! cmp -s fresh hang/first
tap_ok $? "the key in hand was finished, and no other was begun"
tap_is "$(relay_left)" 0 "and nothing is left on the token"

KEYHAUL_RELAY_RULES=C_GetSlotList=hang
export KEYHAUL_RELAY_RULES
said_name=slots
tap_start slots "$TOKEN" slots --module "$RELAY"
tap_poll 20 said "^waiting for C_GetSlotList on $RELAY: 1 s\$"
tap_ok $? "before there is a token it is the module that is named"
kill -TERM "$tap_pid"
kill -INT "$tap_pid"
status_of
tap_is "$?" 130 "and two signals end that too"

tap_done 28
