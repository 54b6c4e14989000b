#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# PINs and logins that SoftHSM does not show by itself, over the relay, which counts C_Login and says whether it had a PIN;
# and what real tokens show: no user PIN, two tokens with one label, CKA_ALWAYS_AUTHENTICATE.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq pkcs11-tool setsid
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

# logins: "N given, M none" of the C_Login calls in the trace
logins() {
	printf '%s given, %s none' "$(relay_calls ' C_Login .* pin=given')" "$(relay_calls ' C_Login .* pin=none')"
}

# run RULES VERB OPTION...: keyhaul-token over the relay, with the token's PIN, into $status, files out and err
run() {
	KEYHAUL_RELAY_RULES=$1
	export KEYHAUL_RELAY_RULES
	shift
	relay_token "$@" >out 2>err </dev/null
	status=$?
	unset KEYHAUL_RELAY_RULES
}

# without_pin RULES VERB OPTION...: the same with no PIN, and no terminal to ask on
without_pin() {
	(
		: >"$KEYHAUL_RELAY_TRACE"
		KEYHAUL_RELAY_RULES=$1
		export KEYHAUL_RELAY_RULES
		shift
		exec setsid -w "$TOKEN" "$@" --module "$RELAY" --token "$KEYHAUL_TOKEN" >out 2>err </dev/null
	)
	status=$?
}

# refuses RULES WHAT ERE: status 4 by one error line that matches, a hint, and no try spent
refuses() {
	run "$1" keys
	tap_is "$status $(grep -c '^error: ' err) $(grep -c '^hint: ' err), $(logins)" "4 1 1, 0 given, 0 none" "$2: refused before a try"
	tap_like "$(grep '^error: ' err)" "$3" "$2: and says so" || tap_diag "$(cat err)"
}

relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
relay_direct generate --label payroll --key-spec SYMMETRIC_DEFAULT >/dev/null || exit 1
pin=$(cat "$KEYHAUL_PIN_FILE")

# The token's flags, before a PIN is asked for or sent.
refuses 'C_GetTokenInfo=flags+0x40000' "locked" 'has its PIN locked \(CKF_USER_PIN_LOCKED\)'
refuses 'C_GetTokenInfo=flags+0x20000' "the final try" 'one try of the PIN left \(CKF_USER_PIN_FINAL_TRY\)'
refuses 'C_GetTokenInfo.3=flags+0x20000' "the final try, since the PIN was asked for" 'one try of the PIN left'
refuses 'C_GetTokenInfo=flags+0x80000' "to be changed" 'CKF_USER_PIN_TO_BE_CHANGED'
refuses 'C_GetTokenInfo=flags-0x8' "no user PIN" 'no user PIN yet \(CKF_USER_PIN_INITIALIZED is not set\)'
refuses 'C_GetTokenInfo=flags+0x100-0x8' "a keypad without a user PIN" 'no user PIN yet'
refuses 'C_GetTokenInfo=flags-0x400' "not initialised" 'is not initialised'
run 'C_GetTokenInfo=flags+0x10000' keys
tap_is "$status, $(logins)" "0, 1 given, 0 none" "a wrong PIN was tried before: goes on"
tap_like "$(cat err)" '^warning: .*CKF_USER_PIN_COUNT_LOW' "and warns"

# What C_Login answers: one try, whatever it is.
for row in 0xA0:CKR_PIN_INCORRECT 0xA2:CKR_PIN_LEN_RANGE 0xA3:CKR_PIN_EXPIRED 0xA4:CKR_PIN_LOCKED \
	0x30:CKR_DEVICE_ERROR 0x102:CKR_USER_PIN_NOT_INITIALIZED 0x104:CKR_USER_ANOTHER_ALREADY_LOGGED_IN; do
	run "C_Login=${row%%:*}" keys
	tap_is "$status $(grep -c "^error: C_Login on token .*${row#*:} (${row%%:*})" err), $(logins)" "4 1, 1 given, 0 none" \
		"${row#*:} is one try and status 4"
done
run C_Login=0xA3 keys
tap_like "$(cat err)" '^hint: the PIN has expired: set a new one' "an expired PIN: what to do"

# A wrong PIN is one try with every command, with many bundles, and when more goes wrong.
blob_key 2048 || exit 1
for i in 1 2 3; do
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$i.bundle" w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn" \
		key_uri=pkcs11:object=payroll
done
good=$KEYHAUL_PIN_FILE
printf 'wrong-pin\n' >wrong.pin
KEYHAUL_PIN_FILE=$TAP_DIR/wrong.pin
once() { # RULES VERB OPTION...
	once_rules=$1
	shift
	run "$once_rules" "$@"
	tap_is "$status, $(logins)" "4, 1 given, 0 none" "a wrong PIN is one try: $* $once_rules"
}
once '' keys
once '' probe
once '' generate --label new --key-spec HMAC_256
once '' clean --yes
once '' wrap 1.bundle
once '' wrap 1.bundle 2.bundle 3.bundle
once '' wrap --token-objects 1.bundle 2.bundle
"$TOKEN" wrap --help | grep -q -e --jobs
case $? in
0) once '' wrap --jobs 3 1.bundle 2.bundle 3.bundle ;;
*) tap_skip "a wrong PIN is one try: wrap --jobs" "there are no --jobs" ;;
esac
once 'C_CloseSession=0x30 C_Finalize=0x5' wrap 1.bundle 2.bundle
once 'C_GetSessionInfo=0x5' keys
tap_like "$(cat err)" '^warning: C_GetSessionInfo on .*CKR_GENERAL_ERROR \(0x5\)' "a session that tells no state is logged in, with a warning"
# PIN lengths: SoftHSM says that it takes 4 bytes at least
printf 'abc\n' >wrong.pin
run '' keys
tap_is "$status, $(logins)" "4, 0 given, 0 none" "a PIN shorter than ulMinPinLen is not sent"
tap_like "$(cat err)" 'shorter than 4 bytes.*CKR_PIN_LEN_RANGE \(0xA2\)' "and it says so"
tap_like "$(cat err)" '^hint: it was not sent.*no try was spent' "and that no try was spent"
tap_unlike "$(cat err)" 'abc' "but not what it was"
KEYHAUL_PIN_FILE=$good

# A keypad: no PIN is asked for, none is sent, and a line says where it is typed.
KEYHAUL_RELAY_KEYPAD=$good
export KEYHAUL_RELAY_KEYPAD
without_pin 'C_GetTokenInfo=flags+0x100' keys
tap_is "$status, $(logins)" "0, 0 given, 1 none" "a protected authentication path: C_Login without a PIN, and none is asked for"
tap_is "$(grep -v '^warning: .*CKF_USER_PIN_COUNT_LOW' err)" "the token asks for the PIN itself: enter it at its keypad or dialogue" "a line says where it is typed"
tap_like "$(cat out)" 'object=payroll;' "and the private keys are seen"
run 'C_GetTokenInfo=flags+0x100' wrap 1.bundle
tap_is "$status, $(logins)" "0, 0 given, 1 none" "a PIN that was given is not sent to it"
tap_like "$(cat err)" '^warning: token .* takes no PIN from this host; the one that was given is not used' "and it says so"
unset KEYHAUL_RELAY_KEYPAD
without_pin 'C_GetTokenInfo=flags+0x100 C_Login=0x50' keys
tap_is "$status, $(logins)" "4, 0 given, 1 none" "cancelled at the keypad: once"
without_pin 'C_GetTokenInfo=flags+0x20100' keys
tap_is "$status, $(logins)" "4, 0 given, 0 none" "the final try is not spent at a keypad either"

# No login at all.
without_pin 'C_GetTokenInfo=flags-0x4' keys
tap_is "$status, $(logins)" "0, 0 given, 0 none" "CKF_LOGIN_REQUIRED is clear: no PIN is asked for and nobody logs in"
without_pin '' keys
tap_is "$status, $(logins)" "3, 0 given, 0 none" "with it there has to be a PIN"

# Somebody is logged in already.
KEYHAUL_RELAY_LOGGED_IN=$good
export KEYHAUL_RELAY_LOGGED_IN
without_pin '' keys
tap_is "$status, $(logins)" "0, 0 given, 0 none" "the user is logged in already: no PIN is asked for"
tap_like "$(cat out)" 'object=payroll;' "and the private keys are seen"
tap_is "$(relay_calls ' C_Logout ')" 0 "whose login it is ends it"
run '' keys
tap_is "$status, $(logins)" "0, 0 given, 0 none" "nor is one sent that was given"
tap_like "$(cat err)" '^warning: the user is logged in to .* already; the PIN that was given is not used' "and it says so"
run 'C_GetSessionInfo=0x54' keys
tap_is "$status $(relay_calls ' C_Login .* 0x100 pin=given') $(relay_calls ' C_Logout ')" "0 1 0" \
	"CKR_USER_ALREADY_LOGGED_IN is good, and nobody is logged out"
unset KEYHAUL_RELAY_LOGGED_IN

# CKA_ALWAYS_AUTHENTICATE matters to signing, not to wrapping.
pkcs11-tool --module "$KEYHAUL_RELAY_MODULE" --token-label keyhaul-rehearsal --login --pin "$pin" --keypairgen --key-type EC:prime256v1 \
	--label always --always-auth --extractable --sensitive >/dev/null 2>&1
"$KEYHAUL_BUILD/tests/token/make_bundle" a.bundle w2048.der ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 RSA_2048 "arn=$arn" \
	key_uri=pkcs11:object=always
run '' wrap a.bundle
tap_is "$status, $(logins)" "0, 1 given, 0 none" "a CKA_ALWAYS_AUTHENTICATE key is wrapped with one login" || tap_diag "$(cat err)"
blob_open RSA_AES_KEY_WRAP_SHA_1 w2048.pem a.bundle opened
tap_ok $? "and openssl opens what came out"
tap_like "$(pkcs11-tool --module "$KEYHAUL_RELAY_MODULE" --token-label keyhaul-rehearsal --login --pin "$pin" --list-objects --type privkey \
	--label always 2>/dev/null)" 'Access:.*always authenticate' "it is one"

# The security officer alone: a token without a user's PIN, as pkcs11-tool makes it.
serial=$("$TOKEN" slots --module "$KEYHAUL_RELAY_MODULE" --token "$KEYHAUL_TOKEN" --json | jq -r '.results[0].serial')
empty=$(pkcs11-tool --module "$KEYHAUL_RELAY_MODULE" --list-slots 2>/dev/null | sed -n 's/^Slot \([0-9]*\) .*/\1/p' | tail -n 1)
pkcs11-tool --module "$KEYHAUL_RELAY_MODULE" --slot-index "$empty" --init-token --label officer --so-pin 12345678 >tool.log 2>&1 ||
	tap_diag "$(cat tool.log)"
tap_exits 4 "a real token without a user PIN" "$TOKEN" keys --module "$KEYHAUL_RELAY_MODULE" --token pkcs11:token=officer --pin-file "$good"
tap_like "$tap_err" 'no user PIN yet' "says so"
tap_like "$tap_err" '^hint: the security officer sets' "and who sets one"

# Tokens with one label: each serial is told, and one of them is enough.
for i in 2 3; do
	softhsm2-util --init-token --free --label keyhaul-rehearsal --so-pin "2468$i" --pin "1357$i" >/dev/null
done
run '' keys
serials=$("$TOKEN" slots --module "$KEYHAUL_RELAY_MODULE" --token pkcs11:token=keyhaul-rehearsal --json | jq -r '.results[].serial')
tap_is "$status $(printf '%s\n' "$serials" | wc -l), $(logins)" "3 3, 0 given, 0 none" "three tokens with one label: no PIN is tried on any"
tap_like "$(cat err)" '^error: 3 tokens match' "how many"
missing=
for one in $serials; do
	grep -q "^hint: .*serial=$one" err || missing="$missing $one"
done
tap_is "$missing" "" "each serial is told"
saved=$KEYHAUL_TOKEN
KEYHAUL_TOKEN="$saved;serial=$serial"
run '' keys
tap_is "$status, $(logins)" "0, 1 given, 0 none" "with serial= it is one"
tap_done 64
