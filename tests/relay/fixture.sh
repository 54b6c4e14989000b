# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For tests over the relay (relay.h says what it can do); sourced behind tests/tap.sh.
#
#	relay_softhsm DIR         a fresh SoftHSM token behind the relay
#	relay_nss DIR             a fresh NSS database behind it; 1 where there is no NSS
#	relay_token VERB OPTION.. keyhaul-token over the relay, with the token's PIN; the trace starts anew
#	relay_direct VERB OPTION..  the same without the relay
#	relay_object VERB ...     token_object, without the relay
#	relay_left                what the trace says is left behind
#	relay_calls [ERE]         how many calls, or how many whose line matches
#
# KEYHAUL_RELAY_RULES is set by the test for one run. All of it works in any folder.

# shellcheck shell=sh
RELAY=$KEYHAUL_BUILD/tests/relay/relay.so
TOKEN=$KEYHAUL_BUILD/keyhaul-token
export KEYHAUL_RELAY_MODULE KEYHAUL_RELAY_TRACE
unset KEYHAUL_RELAY_RULES KEYHAUL_RELAY_DELAY_US KEYHAUL_RELAY_HOST KEYHAUL_NSS_INIT

relay_behind() {
	eval "$1"
	KEYHAUL_RELAY_MODULE=$KEYHAUL_MODULE
	KEYHAUL_RELAY_TRACE=$2/trace
	unset KEYHAUL_MODULE
}

relay_softhsm() {
	relay_made=$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$1") || return 1
	unset KEYHAUL_NSS_INIT
	relay_behind "$relay_made" "$1"
}

relay_nss() {
	relay_made=$("$KEYHAUL_SRC/tests/token/nss-token.sh" "$1" 2>"$TAP_DIR/nss.err") || return 1
	relay_behind "$relay_made" "$1"
}

relay_direct() {
	relay_verb=$1
	shift
	"$TOKEN" "$relay_verb" --module "${relay_module:-$KEYHAUL_RELAY_MODULE}" --token "$KEYHAUL_TOKEN" \
		${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"} \
		${KEYHAUL_PIN_FILE:+--pin-file "$KEYHAUL_PIN_FILE"} "$@"
}

relay_token() {
	: >"$KEYHAUL_RELAY_TRACE"
	relay_module=$RELAY
	relay_direct "$@"
	relay_status=$?
	relay_module=
	return "$relay_status"
}

relay_object() {
	relay_pin=-
	[ -z "${KEYHAUL_PIN_FILE:-}" ] || read -r relay_pin <"$KEYHAUL_PIN_FILE"
	KEYHAUL_MODULE=$KEYHAUL_RELAY_MODULE "$KEYHAUL_BUILD/tests/token/token_object" "$KEYHAUL_TOKEN" "$relay_pin" "$@"
}

relay_left() {
	sed -n 's/^left //p' "$KEYHAUL_RELAY_TRACE"
}

relay_calls() {
	grep -Ec -e "${1:-^[0-9]}" "$KEYHAUL_RELAY_TRACE"
}
