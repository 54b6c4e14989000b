#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# `slots` without a module: all that p11-kit has registered; one that fails costs one line.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
tap_need softhsm2-util jq unshare pkg-config

token_softhsm keyhaul-rehearsal || tap_skip_all "softhsm2 cannot make a token here"
configured=$(pkg-config --variable=p11_module_configs p11-kit-1) || tap_skip_all "p11-kit's folder is not known"
mkdir modules none
printf 'module: %s\n' "$KEYHAUL_MODULE" >modules/a.module
printf 'module: %s/missing.so\n' "$TAP_DIR" >modules/b.module
# shellcheck disable=SC2119
if token_nss >/dev/null; then
	printf 'module: %s\n' "$KEYHAUL_MODULE" >modules/c.module # without its init string it fails to start
	refusals=1
else
	refusals=0
fi
unset KEYHAUL_MODULE

# with FOLDER: `slots` where FOLDER is what p11-kit reads
with() {
	folder=$1
	shift
	# shellcheck disable=SC2016 # the inner shell expands it
	tap_run unshare --map-root-user --mount sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh "$TAP_DIR/$folder" \
		"$configured" "$TOKEN" slots "$@"
}
with modules
case $tap_err in
*unshare:* | *mount:*) tap_skip_all "no mount namespaces here: $tap_err" ;;
esac
tap_is "$tap_status" 0 "modules that fail do not fail it"
tap_like "$tap_out" 'token=keyhaul-rehearsal$' "the one that works is shown"
tap_is "$(printf '%s\n' "$tap_err" | grep -c 'missing\.so')" 1 "one line for the one that is missing"
tap_is "$(printf '%s\n' "$tap_err" | grep -c '^warning: C_Initialize on .*CKR_ARGUMENTS_BAD')" "$refusals" \
	"one line for the one that does not start"
with modules --json
jq -e '.ok and (.results | length == 2) and all(.results[]; .module | test("softhsm"))' "$TAP_DIR/out" >/dev/null
tap_ok $? "and as JSON"
with none
tap_is "$tap_status $tap_out" "0 no tokens" "no module at all is no error"
tap_done 6
