#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2119,SC2317 # token_nss may be without a password; tap_poll calls functions
#
# Where the PIN comes from, that it is tried once, and that it is nowhere else.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
tap_need softhsm2-util

pin='user:p%ss word'
KEYHAUL_FRESH_PIN=$pin
export KEYHAUL_FRESH_PIN
token_softhsm keyhaul-rehearsal || tap_skip_all "softhsm2 cannot make a token here"
encoded='user%3Ap%25ss%20word'
tries() { grep -c 'C_Login: ' "$TAP_DIR/err"; }
keys() {
	what=$1
	status=$2
	shift 2
	tap_exits "$status" "$what" "$TOKEN" keys "$@"
}

keys "--pin-file" 0 --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE"
keys "pin-source" 0 --token "$KEYHAUL_TOKEN?pin-source=$KEYHAUL_PIN_FILE"
keys "pin-source with file:" 0 --token "$KEYHAUL_TOKEN?pin-source=file:$KEYHAUL_PIN_FILE"
keys "pin-value" 0 --token "$KEYHAUL_TOKEN?pin-value=$encoded"
tap_like "$tap_err" '^warning: .*pin-value' "pin-value is warned of"
printf '%s\r\nmore\n' "$pin" >crlf
keys "the first line counts, with CR or without" 0 --token "$KEYHAUL_TOKEN" --pin-file crlf
"$TOKEN" keys --token "$KEYHAUL_TOKEN" --pin-fd 7 7<"$KEYHAUL_PIN_FILE" >out 2>err
tap_is "$? $(cat err)" "0 " "--pin-fd"
printf '%s\n' "$pin" | "$TOKEN" keys --token "$KEYHAUL_TOKEN" --pin-fd 0 >out 2>err
tap_is "$? $(cat err)" "0 " "--pin-fd 0 from a pipe"
chmod 644 crlf
keys "a PIN file that others may read" 0 --token "$KEYHAUL_TOKEN" --pin-file crlf
tap_like "$tap_err" '^warning: crlf holds a secret, and others may read it \(mode 0644\)' "is warned of"
chmod 600 crlf
keys "one that they may not" 0 --token "$KEYHAUL_TOKEN" --pin-file crlf
tap_is "$tap_err" "" "is not"
: >none
keys "an empty one" 3 --token "$KEYHAUL_TOKEN" --pin-file none
tap_like "$tap_err" '^hint: the secret is the first line' "has a hint"

keys "two sources" 2 --token "$KEYHAUL_TOKEN?pin-source=$KEYHAUL_PIN_FILE" --pin-file "$KEYHAUL_PIN_FILE"
tap_like "$tap_err" 'in 2 ways' "are counted"
keys "a PIN and --no-login" 2 --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --no-login
keys "pin-source that is a command" 3 --token "$KEYHAUL_TOKEN?pin-source=%7Ctouch%20$TAP_DIR/ran"
test ! -e "$TAP_DIR/ran"
tap_ok $? "is not run"
keys "a PIN file that is not there" 3 --token "$KEYHAUL_TOKEN" --pin-file none
keys "a PIN file that is empty" 3 --token "$KEYHAUL_TOKEN" --pin-file /dev/null
keys "a descriptor that is not open" 3 --token "$KEYHAUL_TOKEN" --pin-fd 9
keys "a descriptor that is no number" 2 --token "$KEYHAUL_TOKEN" --pin-fd x
keys "no login" 0 --token "$KEYHAUL_TOKEN" --no-login
tap_like "$tap_err" '^warning: nobody is logged in' "is warned of"

if command -v setsid >/dev/null 2>&1; then
	tap_exits 3 "no terminal to ask on" setsid -w "$TOKEN" keys --token "$KEYHAUL_TOKEN"
	tap_like "$tap_err" '^hint: .*--pin-file' "says what to do"
else
	tap_skip "no terminal to ask on" "setsid is not installed"
	tap_skip "says what to do" "setsid is not installed"
fi

printf 'wrong-pin-1\n' >wrong
keys "a wrong PIN" 4 --token "$KEYHAUL_TOKEN" --pin-file wrong --debug
tap_like "$tap_err" 'C_Login on token .*CKR_PIN_INCORRECT \(0xA0\)' "is told by the token's own code"
tap_is "$(tries)" 1 "is tried once"
tap_unlike "$tap_err" 'wrong-pin-1' "and is not in the log"
keys "a PIN by --debug" 0 --token "$KEYHAUL_TOKEN?pin-value=$encoded" --debug
tap_unlike "$tap_err" 'p%ss|p%25ss' "is not in the log"
tap_like "$tap_err" 'C_Login: CKR_OK \(0x0\), [0-9.]+ ms' "but the call is"
keys "a wrong PIN as JSON" 4 --token "$KEYHAUL_TOKEN" --pin-file wrong --json
tap_like "$tap_out" '"native":"CKR_PIN_INCORRECT"' "has the code"

# The module is a FIFO that nobody writes to: the program waits for it, and by then its arguments hold no PIN.
mkfifo "$TAP_DIR/fifo.so"
tap_start waits "$TOKEN" keys --module "$TAP_DIR/fifo.so" --token "$KEYHAUL_TOKEN?pin-value=seen-by-all"
arguments() { tr '\0' ' ' <"/proc/$tap_pid/cmdline" | grep -q 'pin-value=\*\*\*'; }
tap_poll 10 arguments
tap_ok $? "pin-value is starred out of the arguments"
tr '\0' ' ' <"/proc/$tap_pid/cmdline" | grep -q seen-by-all
tap_is "$?" 1 "and the PIN is not in them"
grep -Eq '^Max core file size +0 +0 ' "/proc/$tap_pid/limits"
tap_ok $? "and it leaves no core"
tap_stop "$tap_pid"
tap_start waits "$TOKEN" wrap --module "$TAP_DIR/fifo.so" --token pkcs11:token=t "b?pin-value=seen-by-all" "--pin-value=seen-by-all"
wait "$tap_pid"
tap_unlike "$(cat waits.out waits.err)" seen-by-all "nor is one that stands where none belongs told"
tap_exits 2 "a URI with a PIN where it is not wanted" "$TOKEN" slots --json "$KEYHAUL_TOKEN?pin-value=seen-by-all"
tap_unlike "$tap_out$tap_err" seen-by-all "is told without it"
tap_start waits "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --out new.bundle "operand?pin-value=seen-by-all" other
wait "$tap_pid"
tap_unlike "$(cat waits.out waits.err)" seen-by-all "an operand's is not told either"
tap_exits 2 "generate without a label" "$TOKEN" generate --token "$KEYHAUL_TOKEN"
tap_like "$tap_err" "^hint: such as --token 'pkcs11:token=T' --label" "says where to look"
"$TOKEN" keys --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" >/dev/full 2>err
tap_is "$?" 1 "a result that cannot be printed"
tap_like "$(cat err)" '^hint: what it says was done' "does not hide that the work was done"

if token_nss 'two words'; then
	keys "NSS with a password" 0 --module-init-args "$KEYHAUL_NSS_INIT" --token "$KEYHAUL_TOKEN" \
		--pin-file "$KEYHAUL_PIN_FILE"
	keys "NSS with a wrong one" 4 --module-init-args "$KEYHAUL_NSS_INIT" --token "$KEYHAUL_TOKEN" --pin-file wrong --debug
	tap_is "$(tries)" 1 "is tried once"
	keys "NSS without its init string" 4 --token "$KEYHAUL_TOKEN"
	tap_like "$tap_err" '^hint: .*--module-init-args' "says what it needs"
	# which NSS 3.87 crashes at, inside
	keys "NSS with an init string that is none" 4 --module-init-args bogus --token "$KEYHAUL_TOKEN"
	tap_like "$tap_err" '^hint: .*--module-init-args' "is an error line all the same"
else
	for what in "NSS with a password" "NSS with a wrong one" "is tried once" "NSS without its init string" "says what it needs" \
		"NSS with an init string that is none" "is an error line all the same"; do
		tap_skip "$what" "libnss3 or libnss3-tools is not installed"
	done
fi
if token_nss; then
	keys "NSS without a password needs no login" 0 --module-init-args "$KEYHAUL_NSS_INIT" --token "$KEYHAUL_TOKEN" --debug
	tap_is "$(tries)" 0 "and gets none"
	keys "a PIN that is not needed" 0 --module-init-args "$KEYHAUL_NSS_INIT" --token "$KEYHAUL_TOKEN" --pin-file wrong
	tap_like "$tap_err" '^warning: .*not used' "is not used"
else
	for what in "NSS without a password needs no login" "and gets none" "a PIN that is not needed" "is not used"; do
		tap_skip "$what" "libnss3 or libnss3-tools is not installed"
	done
fi
tap_done 58
