#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The relay with several threads: round trips are beside each other, and one that hangs holds up none of the others.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
tap_need softhsm2-util

relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
beside() { # THREADS CALLS
	: >"$KEYHAUL_RELAY_TRACE"
	"$KEYHAUL_BUILD/tests/relay/beside" "$RELAY" "$1" "$2"
}

# longest: of the milliseconds
longest() {
	sort -k 2 -n "$TAP_DIR/out" | tail -n 1 | cut -d' ' -f2
}

KEYHAUL_RELAY_DELAY_US=20000 tap_exits 0 "one thread" beside 1 20
one=$(longest)
KEYHAUL_RELAY_DELAY_US=20000 tap_exits 0 "eight threads" beside 8 20
tap_is "$(grep -c '^done ' "$TAP_DIR/out")" 8 "all come to their end"
[ "$(longest)" -lt $((4 * one)) ]
tap_ok $? "in less than half the time that they would take one after the other" || tap_diag "$one ms, and $(longest) ms for eight"
tap_is "$(relay_calls ' C_GenerateRandom ')" 160 "each call is counted once"
tap_is "$(cut -d' ' -f1 "$KEYHAUL_RELAY_TRACE" | grep -c '^[0-9]')" "$(grep '^[0-9]' "$KEYHAUL_RELAY_TRACE" | cut -d' ' -f1 | sort -nu | tail -n 1)" \
	"and has a number of its own"

KEYHAUL_RELAY_RULES=C_GenerateRandom.7=hang tap_exits 0 "one of four hangs" beside 4 20
tap_is "$(grep -c '^done ' "$TAP_DIR/out")" 3 "the three others come to their end"
tap_is "$(relay_calls ' hang$')" 1 "and it was one call that hung"

tap_done 9
