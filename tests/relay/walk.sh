#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The fault walk: every call of slots, generate, keys, wrap, clean and probe fails once, with a code that goes round, and
# every function with every code; a third of it under the sanitizers. KEYHAUL_FAULT_SOAK=yes (make fault-soak): every call
# with every code. What must hold at each point is in walk_lane.sh; two lanes walk beside each other, each with a token of
# its own.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl
lanes=2

# CODE:NAME, those of issue 3.
codes=$(echo '0x30:CKR_DEVICE_ERROR 0x32:CKR_DEVICE_REMOVED 0xE0:CKR_TOKEN_NOT_PRESENT 0xB3:CKR_SESSION_HANDLE_INVALID
	0xB0:CKR_SESSION_CLOSED 0x101:CKR_USER_NOT_LOGGED_IN 0xA4:CKR_PIN_LOCKED 0xA3:CKR_PIN_EXPIRED
	0x6A:CKR_KEY_UNEXTRACTABLE 0x69:CKR_KEY_NOT_WRAPPABLE 0x71:CKR_MECHANISM_PARAM_INVALID
	0x150:CKR_BUFFER_TOO_SMALL 0x2:CKR_HOST_MEMORY 0x5:CKR_GENERAL_ERROR 0x54:CKR_FUNCTION_NOT_SUPPORTED' | tr -s '\n\t' '  ')

# From the trace of a run without faults: lines of SCENARIO FUNCTION NTH CODE:NAME. A pair of function and code is walked
# once for each command, whatever it is made to do; by clean and probe where no other command has it.
points() { # SCENARIO CODES FIRST
	grep '^[0-9]' "$KEYHAUL_RELAY_TRACE" >calls
	case $1 in
	clean | probe) cp "$TAP_DIR/points" before ;;
	*) grep "^${1%-*}" "$TAP_DIR/points" >before ;;
	esac
	awk -v scenario="$1" -v codes="$2" -v turn="$3" -v soak="${KEYHAUL_FAULT_SOAK:-no}" '
		BEGIN {
			n = split(codes, code)
			for (c = 1; c <= n; c++)
				number[code[c]] = c
		}
		FILENAME == "before" {
			pair[$2, number[$4]] = 1
			next
		}
		function walk(f, nth, c) {
			print scenario, f, nth, code[c]
			pair[f, c] = 1
		}
		{
			calls[$2] = $3
			order[++total] = $2
			if (soak == "yes")
				for (c = 1; c <= n; c++)
					walk($2, $3, c)
			else
				walk($2, $3, (turn++ % n) + 1)
		}
		END {
			for (i = 1; i <= total; i++)
				for (c = 1; c <= n; c++)
					if (!((order[i], c) in pair))
						walk(order[i], (c + turn) % calls[order[i]] + 1, c)
		}' before calls
}

# Throwaway RSA keys are always the same ones.
tap_one_rsa 2048 3072 || exit 1
KEYHAUL_WALK_PRELOAD=$KEYHAUL_BUILD/tests/relay/one_rsa.so
export KEYHAUL_WALK_PRELOAD

blob_key 2048 || exit 1
. "$KEYHAUL_SRC/tests/relay/walk_lane.sh"
lane_make 0 || tap_skip_all "softhsm2 cannot make a token here"
turn=0
: >"$TAP_DIR/points"
for scenario in $lane_scenarios; do
	lane_run "$scenario"
	tap_is "$lane_status" 0 "$scenario succeeds where nothing fails" || tap_diag "$(cat err)"
	points "$scenario" "$codes" "$turn" >>"$TAP_DIR/points"
	turn=$((turn + 7))
done
cd "$TAP_DIR" || exit 1
pairs=$(cut -d' ' -f2,4 points | sort -u | wc -l)
functions=$(cut -d' ' -f2 points | sort -u | wc -l)
tap_is "$pairs" $((functions * 15)) "$functions functions with each of 15 codes"
[ "$functions" -ge 26 ]
tap_ok $? "and that is every function that these commands call"
least=1400
case ${KEYHAUL_SANITIZERS:-no}:${KEYHAUL_FAULT_SOAK:-no} in
no:* | *:yes) ;;
*) # each costs four times as much there
	awk 'NR % 3 == 0' points >third && mv third points
	least=$((least / 3))
	;;
esac

lane=1
while [ "$lane" -le "$lanes" ]; do
	awk -v lane="$lane" -v lanes="$lanes" 'NR % lanes == lane - 1' points >"points.$lane"
	tap_start "lane$lane" "$SHELL" "$KEYHAUL_SRC/tests/relay/walk_lane.sh" "$lane" "$TAP_DIR/points.$lane"
	eval "lane$lane=$tap_pid"
	lane=$((lane + 1))
done
lane=1
while [ "$lane" -le "$lanes" ]; do
	eval "wait \$lane$lane"
	tap_is "$?" 0 "lane $lane came to its end" || tap_diag "$(cat "lane$lane.err")"
	lane=$((lane + 1))
done

cat lane?.out >walked
for scenario in $lane_scenarios; do
	planned=$(grep -c "^$scenario " points)
	good=$(grep -c "^good $scenario " walked)
	[ "$planned" -gt 0 ] && [ "$good" -eq "$planned" ]
	tap_ok $? "$scenario: $planned points, all as they should be" ||
		tap_diag "$(grep "^bad $scenario " walked | head -n 20)"
done
[ "$(grep -c '^good ' walked)" -ge "$least" ]
tap_ok $? "$(wc -l <points) points walked, $(grep -c ' passed-over$' walked) of them passed over with a word or for good reason"
tap_diag "$(cut -d' ' -f1 <points | sort | uniq -c | tr -s ' \n' ' ')"
tap_done 25
