#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The token suite once more where there is no network, under strace: it passes, and
# no program asks for a socket that is not of this host.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need unshare strace

case $(id -u) in
0) alone='unshare --net' ;;
*) alone='unshare --map-root-user --net' ;;
esac
$alone true 2>/dev/null || tap_skip_all "no network namespaces here"
strace -f -e trace=network true 2>/dev/null || tap_skip_all "strace may not trace here"

# shellcheck disable=SC2086 # words
$alone sh -c 'cat /proc/net/dev' | sed -n 's/^ *\([a-z0-9]*\):.*/\1/p' >devices
tap_is "$(cat devices)" "lo" "there is no network"

# offline SCRIPT: a suite of the token's, traced.
offline() {
	# shellcheck disable=SC2086 # words
	$alone strace -f --seccomp-bpf -e trace=network -o "$TAP_DIR/calls" sh "$KEYHAUL_SRC/$1" >suite.log 2>&1
	if grep -q '^1\.\.0' suite.log; then
		tap_skip "$1 passes without a network" "it skips itself: $(sed -n 's/^1\.\.0 # SKIP //p' suite.log)"
		tap_skip "$1 asks for no socket but AF_UNIX" "it skips itself"
		return
	fi
	grep -q '^1\.\.[1-9]' suite.log && ! grep -q '^not ok' suite.log
	tap_ok $? "$1 passes without a network" || tap_diag "$(grep -v '^ok' suite.log)"
	# What is no call of a program that talks: a namespace's socket pair, a signal, an exit.
	grep -E '(socket|connect|bind|sendto|sendmsg|getpeername)\(' calls | grep -vE 'AF_UNIX|AF_LOCAL' >found
	[ -f calls ] && ! [ -s found ]
	tap_ok $? "$1 asks for no socket but AF_UNIX" || tap_diag "$(head found)"
}

offline tests/token/keys.sh
offline tests/token/generate.sh
offline tests/token/pin.sh
offline tests/token/wrap.sh
KEYHAUL_MATRIX_SIZES=RSA_2048
export KEYHAUL_MATRIX_SIZES
offline tests/token/matrix.sh

# The trace sees what it looks for.
# shellcheck disable=SC2086 # words
$alone strace -f --seccomp-bpf -e trace=network -o calls python3 -c 'import socket; socket.socket(socket.AF_INET).close()'
grep -q 'socket(AF_INET' calls
tap_ok $? "a socket that is asked for is seen"

# A suite that tests nothing is not one that passes.
mkdir -p empty/tests
printf '%s\n' "echo '1..0 # SKIP nothing here'" >empty/tests/none.sh
skipped=$(KEYHAUL_SRC=$TAP_DIR/empty offline tests/none.sh)
tap_is "$(printf '%s\n' "$skipped" | grep -c '# SKIP it skips itself')" 2 "a suite that skips itself is said to be skipped"

tap_done 13
