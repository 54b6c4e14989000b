#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2317 # tap_poll calls functions
#
# The PIN asked for on a terminal: without echo, tried once, and the terminal is given back as it was.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
tap_need softhsm2-util tmux

KEYHAUL_FRESH_PIN='user:pa%ss'
export KEYHAUL_FRESH_PIN
token_softhsm keyhaul-rehearsal || tap_skip_all "softhsm2 cannot make a token here"

# A server of its own, in this folder, ended with it.
mux() { tmux -S "$TAP_DIR/tmux" -f /dev/null "$@"; }
screen() { mux capture-pane -p; }
cleared() { ! shows 'PIN of token'; }
shows() { screen | grep -q -e "$1"; }
mux new-session -d -x 200 -y 50 'PS1="ready> " exec sh' || tap_skip_all "tmux does not start here"
tap_children="$tap_children $(mux display-message -p '#{pid}')"
tap_poll 10 shows 'ready>' || tap_skip_all "tmux shows nothing here"

# ask NAME: starts the command on the terminal and waits until it asks
ask() {
	mux send-keys clear Enter
	tap_poll 20 cleared
	mux send-keys "sh -c 'echo \$\$ >$1.pid; exec \"\$@\"' sh '$TOKEN' keys --token '$KEYHAUL_TOKEN' --debug 2>$1.err >$1.out; echo ended=\$?" Enter
	tap_poll 20 shows "PIN of token 'keyhaul-rehearsal':"
}

ask good
tap_ok $? "it asks, and names the token"
mux send-keys -l 'user:pa%ss'
mux send-keys Enter
tap_poll 20 shows 'ended=0'
tap_ok $? "the right PIN is taken" || tap_diag "$(screen)"
screen | grep -q 'pa%ss'
tap_is "$?" 1 "the PIN is not echoed"
tap_is "$(cat good.out)" "no secret or private keys" "and the command goes on"
grep -q 'pa%ss' good.err
tap_is "$?" 1 "the PIN is not logged"

ask wrong
mux send-keys -l 'something else'
mux send-keys Enter
tap_poll 20 shows 'ended=4'
tap_ok $? "a wrong PIN is status 4" || tap_diag "$(screen)"
tap_is "$(grep -c 'C_Login: ' wrong.err)" 1 "and is tried once"

ask empty
mux send-keys Enter
tap_poll 20 shows 'ended=3'
tap_ok $? "nothing typed is status 3" || tap_diag "$(screen)"
tap_is "$(grep -c 'C_Login: ' empty.err) $(grep -c '^hint: no try was spent: run it again and type it' empty.err)" "0 1" \
	"and is not tried, which it says"

ask interrupted
mux send-keys C-c
tap_poll 20 shows 'ended=130'
tap_ok $? "Ctrl-C is status 130" || tap_diag "$(screen)"
tap_is "$(grep -c 'C_Login: ' interrupted.err)" 0 "and nothing is tried"
echoes() { # WHAT
	mux send-keys 'clear; stty -a | tr " " "\n" | grep "^-*echo;*$"' Enter
	tap_poll 20 shows '^echo;*$'
	tap_ok $? "the terminal has its echo back $1" || tap_diag "$(screen)"
}
echoes "after Ctrl-C"

for signal in QUIT HUP TERM; do
	ask "$signal"
	kill -"$signal" "$(cat "$signal.pid")"
	tap_poll 20 shows 'ended=130'
	tap_ok $? "SIG$signal is status 130" || tap_diag "$(screen)"
	echoes "after SIG$signal"
done

ask stopped
mux send-keys C-z
tap_poll 20 shows 'Stopped'
tap_ok $? "Ctrl-Z stops it" || tap_diag "$(screen)"
echoes "while it is stopped"
mux send-keys 'clear; fg; echo again=$?' Enter
tap_poll 20 shows "PIN of token 'keyhaul-rehearsal':"
tap_ok $? "it asks anew when it goes on" || tap_diag "$(screen)"
mux send-keys -l 'user:pa%ss'
mux send-keys Enter
tap_poll 20 shows 'again=0'
tap_is "$? $(cat stopped.out)" "0 no secret or private keys" "and takes the PIN" || tap_diag "$(screen)"
screen | grep -q 'pa%ss'
tap_is "$?" 1 "which is not echoed"

mux kill-server
tap_done 23
