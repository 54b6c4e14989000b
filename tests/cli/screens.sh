#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2317 # tap_poll calls functions
#
# What a person sees of keyhaul-token on a terminal: the prompt for the PIN, the bar, an interrupt, the table. The screens
# are held against screens.txt, where numbers that differ from run to run are N and the bar is [BAR].
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl tmux
export KEYHAUL_FRESH_PIN='user:pa%ss' KEYHAUL_RELAY_RULES='' KEYHAUL_RELAY_DELAY_US=25000

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
relay_direct generate --label payroll --key-spec SYMMETRIC_DEFAULT >/dev/null || exit 1
"$KEYHAUL_BUILD/tests/token/make_bundle" request w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 \
	arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab key_uri=pkcs11:object=payroll

# A server of its own, in this folder, ended with it.
mux() { tmux -S "$TAP_DIR/tmux" -f /dev/null "$@"; }
mux new-session -d -x 100 -y 30 'PS1="ready> " exec sh' || tap_skip_all "tmux does not start here"
tap_children="$tap_children $(mux display-message -p '#{pid}')"

screen() {
	mux capture-pane -p -S - | sed -E -e '/^waiting for /d' -e 's/\[[#-]+\]/[BAR]/' -e 's/[0-9]+(\/[0-9]+ )/N\1/' \
		-e 's/[0-9.]+\/s/N\/s/' -e 's/[0-9]+ s left/N s left/' -e 's/serial [0-9a-f]+/serial N/' |
		sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}
wanted() { awk -v name="$1" '/^== / { on = $2 == name; next } on' "$KEYHAUL_SRC/tests/cli/screens.txt"; }
same() { [ "$(screen)" = "$(wanted "$1")" ]; }
shows() { mux capture-pane -p | grep -q -e "$1"; }
cleared() { [ "$(mux capture-pane -p | tr -d '\n')" = 'ready>' ]; }
sees() { # SCREEN WHAT
	tap_poll 30 same "$1"
	tap_ok $? "$2" && return 0
	tap_diag "$(screen)"
	return 1
}

as=
begin() { # OPTION...: a run over nine bundles, from an empty screen; $as is put before the program
	for i in 1 2 3 4 5 6 7 8 9; do
		cat request >"$i.bundle"
	done
	rm -f begun [1-9].bundle.lock
	cat >run <<END
: >begun
$as '$TOKEN' wrap --module '$RELAY' --token '$KEYHAUL_TOKEN' $* [1-9].bundle
echo status=\$?
END
	mux send-keys clear Enter
	tap_poll 10 cleared && mux clear-history && mux send-keys '. ./run' Enter
	tap_poll 10 test -f begun
}
pin="--pin-file '$KEYHAUL_PIN_FILE'"

begin
sees prompt "it asks for the PIN"
mux send-keys -l 'user:pa%ss'
mux send-keys Enter
sees bar "the bar, after a second, below what was asked"
mux capture-pane -e -p | grep -q "$(printf '\033')\\[[0-9;]*m"
tap_is "$?" 1 "without colours"
sees table "the table, and no bar"

as='env KEYHAUL_RELAY_RULES=C_WrapKey.5=delay-5000'
begin "$pin"
tap_poll 30 shows '^waiting for C_WrapKey on token'
sees slow "a call that takes long is spoken of above the bar"
mux send-keys C-c
sees interrupted "an interrupt: the key in hand is being finished"
sees ended "and the table tells what was not tried"
tap_is "$(grep -l '"material"' [1-9].bundle | paste -sd' ')" "1.bundle 2.bundle 3.bundle 4.bundle" "as it is"

as='env KEYHAUL_RELAY_RULES=C_WrapKey.5=hang'
begin "$pin"
tap_poll 30 shows '^waiting for C_WrapKey on token'
sees slow "a call that does not come back"
mux send-keys C-c
sees interrupted "an interrupt waits for it"
mux send-keys C-c
sees gone "a second one ends at once, and takes the bar away"

as=
begin "$pin >/dev/null"
tap_poll 30 shows '^wrapping \[#'
mux resize-window -x 36
sees narrow "a terminal that becomes narrow meanwhile"
sees narrowed "and nothing of the bar is left there"
mux resize-window -x 100
begin "$pin 2>bar.err"
sees file "to a file there is no bar"
tap_is "$(cat bar.err)" "" "nor anything else"
as='env TERM=dumb'
begin "$pin"
sees quick "nor on a terminal that cannot go back"
as='env KEYHAUL_RELAY_DELAY_US=0'
begin "$pin"
sees quick "nor for what takes less than a second"
mux kill-server
tap_done 17
