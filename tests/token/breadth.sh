#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The suite of breadth_suite.sh on a fresh token of every kind: SoftHSM, NSS, openCryptoki, and SoftHSM and NSS behind
# `p11-kit server`; and the README's tables against what `probe` printed there.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
tap_need softhsm2-util openssl jq
suite=$KEYHAUL_SRC/tests/token/breadth_suite.sh
mkdir probed tmp
TMPDIR=$TAP_DIR/tmp
export TMPDIR

# take KIND: what its suite said, as tests of this one
take() {
	while IFS= read -r line; do
		what=${line#*ok *[0-9] - }
		case $line in
		'not ok '*) tap_ok 1 "$1: $what" ;;
		'ok '*' # SKIP '*) tap_skip "$1: ${what%% # SKIP *}" "${what#* # SKIP }" ;;
		'ok '*) tap_ok 0 "$1: $what" ;;
		'# '*) printf '%s\n' "$line" ;;
		esac
	done <"$1.out"
}

# on KIND COMMAND...: the suite by this command, which is given what to run
on() {
	on_kind=$1
	shift
	"$@" sh "$suite" "$on_kind" "$TAP_DIR/probed" >"$on_kind.out" 2>"$on_kind.err" </dev/null
	on_status=$?
	if [ "$on_status" -eq 77 ]; then
		tap_skip "$on_kind" "$(tail -n 1 "$on_kind.err")"
		return
	fi
	take "$on_kind"
	planned=$(sed -n 's/^1\.\.//p' "$on_kind.out")
	[ "$on_status" -eq 0 ] && [ "${planned:-0}" -ge 25 ]
	tap_ok $? "$on_kind: the suite came to its end" || tap_diag "status $on_status, ${planned:-no} tests: $(tail -n 3 "$on_kind.err")"
}

direct() { "$@"; }

# printed KIND N: the pieces of the README's Nth table, between lines of "...", are in what probe printed, in this order
printed() {
	what="$1: the README has what probe prints"
	if [ ! -f "probed/$1.probe" ]; then
		tap_skip "$what" "there is no such token here"
		return
	fi
	awk -v n="$2" '/^```/ { on = $0 == "```text"; next }
		on && /^key spec/ { k++ }
		on && k == n' "$KEYHAUL_SRC/README.md" >block
	# what differs from run to run: objects that are there, and an RSA key's length, which may need no zeros behind it
	masks='s/[0-9]+ objects? before, [0-9]+ after/N objects before, N after/; s/^(RSA .*)proven\*? 0x210A +/\1proven 0x210A /'
	sed -E "$masks" block >block.masked
	sed -E "$masks" "probed/$1.probe" >probe.masked
	awk 'FILENAME == "probe.masked" { has[++n] = $0; next }
		$0 == "..." { gap = 1; next }
		{ lines++; at++
		  if (gap || lines == 1) { while (at <= n && has[at] != $0) at++; gap = 0 }
		  if (at > n || has[at] != $0) { print "not printed there: " $0; exit } }
		END { if (lines < 10) print "only " lines + 0 " lines" }' probe.masked block.masked >missing
	tap_is "$(cat missing)" "" "$what"
}

token_softhsm keyhaul-rehearsal || tap_skip_all "softhsm2 cannot make a token here"
on softhsm direct
if token_nss >/dev/null 2>nss.err; then
	on nss direct
else
	tap_skip nss "$(tail -n 1 nss.err)"
fi
unset KEYHAUL_MODULE KEYHAUL_TOKEN KEYHAUL_PIN_FILE KEYHAUL_NSS_INIT SOFTHSM2_CONF
on opencryptoki "$KEYHAUL_SRC/tests/token/opencryptoki-token.sh" "$TAP_DIR/opencryptoki"
on p11kit-softhsm "$KEYHAUL_SRC/tests/token/p11kit-token.sh" "$TAP_DIR/p11kit-softhsm" softhsm
on p11kit-nss "$KEYHAUL_SRC/tests/token/p11kit-token.sh" "$TAP_DIR/p11kit-nss" nss

printed softhsm 1
printed nss 2
printed opencryptoki 3
tap_done
