#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# What the memory tests must catch: token_leaky is keyhaul-token with a slip made on purpose (tests/memory/leaky.c), one
# for each way in which a secret stays in memory. Without a slip it is as clean as keyhaul-token.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/memory/fixture.sh"
memory_need

blob_key 2048 || exit 1
memory_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
memory_put HMAC_256 secret && memory_bundle HMAC_256 RSAES_OAEP_SHA_1 secret || exit 1
memory_put RSA_2048 pair && memory_bundle RSA_2048 RSA_AES_KEY_WRAP_SHA_1 pair || exit 1
memory_program=$memory_tools/token_leaky
# the key for the proof and for the slip is one that is there already: a dozen runs would make two each
memory_preload=$memory_preload:$KEYHAUL_BUILD/tests/relay/one_rsa.so
KEYHAUL_RELAY_RSA=$TAP_DIR/w2048.pem
export KEYHAUL_RELAY_RSA

run() { # SLIP LABEL [OPTION...]
	KEYHAUL_LEAK=$1
	export KEYHAUL_LEAK
	leak_label=$2
	shift 2
	memory_watch --needles needles.txt -- wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --again "$@" "$leak_label.bundle"
}

# caught SLIP LABEL ERE WHAT: status 3, and a line of the report as the slip is.
caught() {
	run "$1" "$2"
	memory_says '^exit 0$' && [ "$memory_status" -eq 3 ] && memory_says "^found $3"
	tap_ok $? "$4" || tap_diag "status $memory_status; $(cat report err)"
}

program='of the program at stop [0-9]+ \('
run none secret
memory_clean "without a slip nothing is found"
caught heap secret "secret: bytes, .* in \[heap\] $program" "a secret that is freed and not wiped"
caught heap pair "pair\.qinv: bytes, .* in \[heap\] $program" "a private key's PKCS#8 that is freed and not wiped"
caught half secret "secret: bytes, 8 bytes from 16 on, in .* $program" "a secret's last half"
memory_says '^found secret: bytes, 8 bytes from [08] on'
tap_is "$?" 1 "and of the first half nothing"
caught numbers pair "pair\.dp: reversed, .* in \[heap\] $program" "a private key as OpenSSL's numbers"
caught briefly secret "secret: bytes, .* $program(begin|end) of system call [0-9]+\)" "a secret for one system call, then wiped"
tap_is "$(sed -n 's/^found .*(//p' report | sort -u | grep -c .)" 1 "and all of it at that one"
caught hex secret "secret: hex, " "a secret in hex"
caught upper secret "secret: upper-case hex, " "a secret in upper-case hex"
caught kernel secret "secret: bytes, .* ${program}end of system call [0-9]+\)" "a secret that a system call brings, wiped before the next"
tap_is "$(grep -c '^found.*begin of' report)" 0 "and it is seen at that end alone"
for way in across back; do
	caught $way secret "secret: bytes, 8 bytes from 0 on, in .* $program" "eight bytes on two pages, which change one after the other: $way"
done
caught base64 secret "secret: base64, " "a secret in base64, behind other bytes"
caught thread secret "secret: bytes, .* of a thread at stop" "a secret on another thread's stack"
caught child secret "secret: bytes, .* in \[stack\] of a child at stop" "a secret in a child that was forked off"
tap_is "$(grep '^found' report | grep -vc ' of a child ')" 0 "and not in the program itself"
caught pin secret "PIN: bytes, .* in \[heap\] $program" "a PIN that is kept after the login"
first=$(sed -n 's/^found PIN.* at stop \([0-9]*\).*/\1/p' report | head -n 1)
[ "$(memory_number 'login returned at stop')" -le "${first:-0}" ]
tap_ok $? "and is found from the login's return on only"

# A reader that is not told which file is the token reads it as any child: the key is in there, and found.
unset KEYHAUL_LEAK
memory_program=$TOKEN
KEYHAUL_RELAY_HOST=$TAP_DIR/other_host
export KEYHAUL_RELAY_HOST
cp "$KEYHAUL_BUILD/tests/relay/relay_host" "$KEYHAUL_RELAY_HOST"
memory_watch --needles needles.txt -- wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --again secret.bundle
memory_says '^found secret: bytes, .* of a child at stop'
tap_ok $? "another program than the token's, started by the relay, is read" || tap_diag "$(cat report)"

# Canaries that are lost, or never planted, are no clean run.
unset KEYHAUL_RELAY_HOST
KEYHAUL_MEMORY_WIPES=yes run none secret
[ "$memory_status" -eq 4 ] && memory_says '^canary mapping: at ([0-9]+) of \1 ' && ! memory_says '^canary heap: at ([0-9]+) of \1 '
tap_ok $? "a canary that is wiped is missed" || tap_diag "status $memory_status; $(cat report)"
memory_preload=$KEYHAUL_BUILD/tests/relay/one_rsa.so
run none secret
tap_is "$memory_status" 4 "and so are canaries that were never planted"

memory_figures
tap_done 23
