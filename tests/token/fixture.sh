# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For tests of keyhaul-token on real tokens; sourced behind tests/tap.sh.
#
#	token_softhsm [LABEL]    a fresh SoftHSM token; sets KEYHAUL_MODULE, KEYHAUL_TOKEN, KEYHAUL_PIN_FILE
#	token_nss [PASSWORD]     a fresh NSS database; 1 where there is no NSS
#	token_run VERB OPTION... tap_run of keyhaul-token with the module, the token and its PIN
#	token_exits STATUS WHAT VERB OPTION...
#	pkcs11_tool OPTION...    OpenSC's tool, logged in to the SoftHSM token

# shellcheck shell=sh disable=SC2154 # tap.sh sets tap_status and the like
TOKEN=$KEYHAUL_BUILD/keyhaul-token

token_softhsm() {
	token_made=$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/softhsm" "$@") || return 1
	eval "$token_made"
	unset KEYHAUL_NSS_INIT
}

token_nss() {
	token_dir=$TAP_DIR/nss${1:+-password}
	token_made=$("$KEYHAUL_SRC/tests/token/nss-token.sh" "$token_dir" "$@") || return 1
	eval "$token_made"
}

token_run() {
	token_verb=$1
	shift
	tap_run "$TOKEN" "$token_verb" --token "$KEYHAUL_TOKEN" \
		${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"} \
		${KEYHAUL_PIN_FILE:+--pin-file "$KEYHAUL_PIN_FILE"} "$@"
}

token_exits() {
	token_wanted=$1
	token_what=$2
	shift 2
	token_run "$@"
	tap_is "$tap_status" "$token_wanted" "$token_what" && return 0
	tap_diag "command: $*"
	tap_diag "stdout: $tap_out"
	tap_diag "stderr: $tap_err"
	return 1
}

pkcs11_tool() {
	pkcs11-tool --module "$KEYHAUL_MODULE" --token-label "${KEYHAUL_LABEL:-keyhaul-rehearsal}" \
		--login --pin "$(cat "$KEYHAUL_PIN_FILE")" "$@"
}
