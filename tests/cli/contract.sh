#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# What every command of every program keeps: --help, --version, usage errors, one JSON document, quiet stdout.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need jq

tests=0
# One command (words) must answer in the ways that all of them do.
keeps() {
	tests=$((tests + 8))
	tap_exits 0 "$*: --help" "$KEYHAUL_BUILD/$1" ${2:+"$2"} --help
	tap_like "$tap_out$tap_err" "^usage: $1${2:+ $2}" "$*: --help begins with the usage, and stderr is empty"
	tap_exits 2 "$*: an unknown option" "$KEYHAUL_BUILD/$1" ${2:+"$2"} --no-such-option
	wanted=
	[ "$1" != keyhaul-sim ] || wanted=false # for eval
	tap_is "$tap_out$(printf '%s\n' "$tap_err" | cut -c1-38 | head -n 1)" "${wanted}error: unknown option --no-such-option" \
		"$*: it is named, and stdout is empty"
	tap_like "$tap_err" "^hint: $1${2:+ $2} --help shows the usage$" "$*: and where to look"
	# what it says is missing is in its usage
	tap_run "$KEYHAUL_BUILD/$1" "${2:---no-such-option}" word # keyhaul-sim would stay
	missing=$(printf '%s\n' "$tap_err" | sed -n 's/^error: .*\(--[a-z-]*\) is missing.*/\1/p')
	"$KEYHAUL_BUILD/$1" ${2:+"$2"} --help | head -n 1 | grep -q -e "$missing"
	tap_ok $? "$*: the usage shows what must be given${missing:+, $missing}"
	tap_run "$KEYHAUL_BUILD/$1" ${2:+"$2"} --no-such-option --json
	tap_is "$(printf '%s\n' "$tap_out" | jq -cs '[length, .[0].keyhaul_output, .[0].ok, .[0].error.status,
		.[0].error.code, .[0].command]')" "[1,1,false,2,\"usage\",\"$*\"]" "$*: --json, one document, the usage error too"
	tap_exits 0 "$*: --version" "$KEYHAUL_BUILD/$1" ${2:+"$2"} --version
}

# One that stands in for the AWS CLI's verb ends as that does, and has no --json.
stands_in() {
	tests=$((tests + 6))
	tap_exits 0 "$*: --help" "$KEYHAUL_BUILD/$1" "$2" --help
	tap_like "$tap_out$tap_err" "^usage: $1 $2" "$*: --help begins with the usage, and stderr is empty"
	tap_is "$("$KEYHAUL_BUILD/$1" "$2" help)" "$tap_out" "$*: help, as the AWS CLI has it"
	tap_exits 252 "$*: an unknown option" "$KEYHAUL_BUILD/$1" "$2" --json --cli-input-json '{}'
	tap_is "$tap_out$tap_err" "
Unknown options: --json
hint: $1 $2 --help shows the usage" "$*: it is named with where to look, and stdout is empty"
	tap_exits 0 "$*: --version" "$KEYHAUL_BUILD/$1" "$2" --version
}

statuses=$("$KEYHAUL_BUILD/keyhaul" --dump-options | grep '^status')
for program in keyhaul keyhaul-token keyhaul-kms keyhaul-sim keyhaul-qr; do
	if [ ! -x "$KEYHAUL_BUILD/$program" ]; then
		tests=$((tests + 1))
		tap_skip "$program keeps the contract" "it is not built"
		continue
	fi
	"$KEYHAUL_BUILD/$program" --dump-options >"$program.rows"
	tests=$((tests + 9))
	tap_is "$(grep '^status' "$program.rows")" "$statuses" "$program has the one status table"
	mkfifo "$program.pipe"
	# the reader is gone before anything is written
	# shellcheck disable=SC2094 # both ends, for a moment
	(exec 8<>"$program.pipe" 9>"$program.pipe" 8>&- && env --default-signal=PIPE "$KEYHAUL_BUILD/$program" --help >&9)
	tap_is $? 1 "$program: a pipe that nobody reads is status 1, no signal's end"
	"$KEYHAUL_BUILD/$program" --version >/dev/full 2>err
	tap_is $? 1 "$program: a full disk is status 1"
	awk -F '\t' '$1 == "verb" && $5 == "" { print $2 }' "$program.rows" >"$program.verbs"
	awk -F '\t' '$1 == "verb" && $5 != "" { print $2 }' "$program.rows" >"$program.others"
	# help is --help's other name, of the program and of a verb
	if [ "$program" = keyhaul-sim ]; then
		tests=$((tests - 2))
	else
		verb=$(sed -n '/./{p;q}' "$program.verbs")
		tap_is "$("$KEYHAUL_BUILD/$program" help)" "$("$KEYHAUL_BUILD/$program" --help)" "$program help"
		tap_is "$("$KEYHAUL_BUILD/$program" help "$verb")" "$("$KEYHAUL_BUILD/$program" "$verb" --help)" "$program help $verb"
	fi
	# a PIN in a word that is not understood
	tap_run "$KEYHAUL_BUILD/$program" 'pkcs11:token=t?pin-value=918273645' 'pkcs11:?pin%2Dvalue=918273645' --json
	tap_is "$tap_status" 2 "$program: no verb"
	tap_unlike "$tap_out$tap_err" 9182 "$program: a pin-value in its place is not told"
	tap_like "$tap_err" '^hint: ' "$program: but what to do is"
	verb=$(sed -n '/./{p;q}' "$program.verbs")
	tap_run "$KEYHAUL_BUILD/$program" ${verb:+"$verb"} --no-such=pkcs11:?pin-value=918273645 'pkcs11:?pin-value=918273645' --json
	tap_unlike "$tap_out$tap_err" 9182 "$program: nor one in a word of ${verb:-its own}"
	while read -r verb; do
		keeps "$program" ${verb:+"$verb"}
	done <"$program.verbs"
	while read -r verb; do
		stands_in "$program" "$verb"
	done <"$program.others"
done

# keyhaul-sim stays, so it can be looked at. A closed standard file must not become the number of the next one
# opened: the messages would go into it. A write past `ulimit -f` is an error that is told, not the end.
if [ -x "$KEYHAUL_BUILD/keyhaul-sim" ]; then
	tests=$((tests + 3))
	tap_start sim sh -c 'exec "$KEYHAUL_BUILD/keyhaul-sim" 0<&- 2>&-'
	tap_poll 10 grep -q AWS_ENDPOINT sim.out
	if ls "/proc/$tap_pid/fd/" >/dev/null 2>&1; then
		tap_is "$(readlink "/proc/$tap_pid/fd/0") $(readlink "/proc/$tap_pid/fd/2")" "/dev/null /dev/null" \
			"closed standard files are taken by /dev/null"
	else
		tap_skip "closed standard files are taken by /dev/null" "a program that makes no core is root's to look into"
	fi
	ignored=$((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' "/proc/$tap_pid/status")))
	tap_isnt $((ignored & 1 << 24)) 0 "SIGXFSZ ends no program"
	tap_isnt $((ignored & 1 << 12)) 0 "nor does SIGPIPE"
	tap_stop "$tap_pid"
fi
tap_done "$tests"
