#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2317 # tap_poll calls functions
#
# The PIN is nowhere in memory once login has returned, by whatever way it came.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/memory/fixture.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
memory_need
memory_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"

# gone WHAT WORD...: of keyhaul-token keys
gone() {
	what=$1
	shift
	memory_watch --needles pin.txt -- keys "$@"
	was_there "$what"
}

was_there() { # WHAT
	memory_clean "$1: at $(memory_number stops) stops"
	memory_says '^login returned at stop [0-9]+, PIN at [1-9][0-9]* stops before$'
	tap_ok $? "$1: and was there before" || tap_diag "$(cat report)"
}

gone "--pin-file" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE"
gone "pin-source" --token "$KEYHAUL_TOKEN?pin-source=$KEYHAUL_PIN_FILE"
gone "pin-value" --token "$KEYHAUL_TOKEN?pin-value=$(cat pin)"
gone "--debug" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --debug
gone "--json" --token "$KEYHAUL_TOKEN?pin-value=$(cat pin)" --json

memory_reader --needles pin.txt -- "$TOKEN" keys --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-fd 7 7<pin >out 2>err
was_there "--pin-fd"
(cat pin; echo) | memory_reader --needles pin.txt -- "$TOKEN" keys --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-fd 0 >out 2>err
memory_status=$(sed -n 's/^end //p' report)
was_there "--pin-fd 0, a pipe"

# Where a key signs that does not want the PIN each time, it is gone as it is for others.
(
	KEYHAUL_MODULE=$KEYHAUL_RELAY_MODULE
	people_ca ca
	people_token ann EC:prime256v1
)
memory_watch --needles pin.txt -- sign --signer "$KEYHAUL_TOKEN;object=ann" --cert ann.crt --pin-file "$KEYHAUL_PIN_FILE" \
	--out ann.p7s ann.crt
was_there "a signature"

# A wrong one is a PIN, too: of another token, perhaps.
rev pin >wrong
sed "s/ [0-9a-f]*\$/ $(blob_hex wrong)/" pin.txt >wrong.txt
memory_watch --needles wrong.txt -- keys --token "$KEYHAUL_TOKEN" --pin-file wrong
memory_says '^exit 4$' && memory_says '^places 0$' && memory_says 'returned at stop [0-9]+, PIN at [1-9][0-9]* stops before$'
tap_ok $? "a wrong PIN is gone when it was refused" || tap_diag "$(cat report err)"

mux() { tmux -S "$TAP_DIR/tmux" -f /dev/null "$@"; }
screen() { mux capture-pane -p; }
shows() { screen | grep -q -e "$1"; }
if command -v tmux >/dev/null 2>&1 && mux new-session -d -x 200 -y 50 'PS1="ready> " exec sh'; then
	tap_children="$tap_children $(mux display-message -p '#{pid}')"
	tap_poll 10 shows 'ready>'
	rm -f report
	mux send-keys "'$memory_tools/memory_reader' --report report --preload '$memory_preload' --needles pin.txt --host" \
		" '$KEYHAUL_BUILD/tests/relay/relay_host' -- '$TOKEN' keys --module '$RELAY' --token '$KEYHAUL_TOKEN'; clear; echo ended=\$?" Enter
	tap_poll 20 shows "PIN of token 'keyhaul-rehearsal':"
	mux send-keys -l "$(cat pin)"
	mux send-keys Enter
	tap_poll 20 shows 'ended=0'
	tap_ok $? "typed at the prompt" || tap_diag "$(screen)"
	memory_status=$(sed -n 's/^end //p' report)
	was_there "typed at the prompt"
	mux kill-server
else
	for what in "it is typed" "gone" "was there before"; do
		tap_skip "typed at the prompt: $what" "tmux is not installed, or does not start here"
	done
fi

memory_figures
tap_done 20
