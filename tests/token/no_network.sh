#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The token suite once more where there is no network at all, each program under strace: no socket but AF_UNIX.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need strace unshare softhsm2-util jq openssl

unshare -rn true 2>/dev/null || unshare -n true 2>/dev/null || tap_skip_all "no network namespace may be made here"
strace -f -e trace=network -o probe true 2>/dev/null || tap_skip_all "strace may not trace here"
unshare -n true 2>/dev/null && alone='unshare -n' || alone='unshare -rn'

# Any socket that is not AF_UNIX's, from strace's log.
foreign() {
	grep -E '\b(socket|connect|bind)\(' "$1" | grep -Ev 'AF_UNIX|AF_LOCAL' || true
}

# The watch itself is watched: a program that opens an internet socket is seen.
strace -f -e trace=network -o control openssl s_client -connect 127.0.0.1:9 </dev/null >/dev/null 2>&1
tap_isnt "$(foreign control)" "" "strace sees a program that opens an internet socket"

for script in wrap generate keys; do
	# shellcheck disable=SC2086 # a command and its option
	$alone strace -f -q -e trace=network -o "$script.trace" sh "$KEYHAUL_SRC/tests/token/$script.sh" >"$script.out" 2>"$script.err"
	[ "$(tail -n 1 "$script.out" | cut -c1-3)" = 1.. ] && ! grep -q '^not ok' "$script.out"
	tap_ok $? "tests/token/$script.sh passes without a network" || tap_diag "$(grep '^not ok' "$script.out")"
	tap_is "$(foreign "$script.trace")" "" "and no socket but AF_UNIX was opened"
done
tap_done 7
