# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of the tests that source it
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For the tests of credentials, sourced after tap.sh: creds_server.py stands in for AWS.
#
#	creds_start [OPERATION=BEHAVIOUR...]   starts it anew: $creds_url, its log in $creds/log
#	creds_asked [OPERATION]       how many requests it had
#	creds_saw JQ                  of the log's last line
#	creds_whoami [NAME=VALUE...] [-- OPTION...]    keyhaul-kms whoami
#	creds_are WANTED WHAT [...]   as creds_whoami: status, access key id and provider are WANTED
#	creds_refused STATUS ERE WHAT [...]            status and error; nothing on standard output, no secret shown

kms=$KEYHAUL_BUILD/keyhaul-kms
creds_pid=
tap_need python3 jq

creds_start() {
	[ -z "$creds_pid" ] || tap_stop "$creds_pid"
	creds=$TAP_DIR/creds
	rm -rf "$creds"
	mkdir "$creds"
	: >"$creds/log"
	tap_start creds python3 "$KEYHAUL_SRC/tests/kms/creds_server.py" "$creds" "$@"
	creds_pid=$tap_pid
	tap_poll 20 test -f "$creds/port" || exit 1
	creds_url=http://127.0.0.1:$(cat "$creds/port")
	AWS_ENDPOINT_URL_STS=$creds_url
	AWS_ENDPOINT_URL_SSO=$creds_url
	AWS_ENDPOINT_URL_SSO_OIDC=$creds_url
	export AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_SSO AWS_ENDPOINT_URL_SSO_OIDC
}

creds_asked() {
	jq -r .operation "$creds/log" | grep -c -x -e "${1:-.*}"
}

creds_saw() {
	tail -n 1 "$creds/log" | jq -r "$1"
}

creds_whoami() {
	creds_settings=
	while [ $# -gt 0 ]; do
		[ "$1" != -- ] || { shift; break; }
		creds_settings="$creds_settings $1"
		shift
	done
	# shellcheck disable=SC2086 # words
	tap_run env $creds_settings "$kms" whoami --cli-connect-timeout 2 --cli-read-timeout 1 "$@"
}

creds_are() {
	creds_wanted=$1
	creds_what=$2
	shift 2
	creds_whoami "$@"
	tap_is "$tap_status $(printf '%s\n' "$tap_out" | sed -n 's,^arn .*/,,p; s/^provider  \([a-z-]*\):.*/\1/p' | tr '\n' ' ')" \
		"0 $creds_wanted " "$creds_what" || tap_diag "$tap_err"
}

creds_refused() {
	creds_status=$1
	creds_ere=$2
	creds_what=$3
	shift 3
	creds_whoami "$@"
	printf '%s\n' "$tap_err" | grep -Eq -e "$creds_ere" && ! printf '%s' "$tap_out$tap_err" | grep -Eq 'secret[+/]|session.token/' &&
		[ -z "$tap_out" ] && [ "$tap_status" = "$creds_status" ]
	tap_ok $? "$creds_what" || tap_diag "$tap_status, wanted $creds_status; $tap_err$tap_out; no match: $creds_ere"
}
