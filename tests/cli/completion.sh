#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The bash completion, asked as bash asks it.
# make check runs it with sh
[ -n "${BASH_VERSION:-}" ] || ! command -v bash >/dev/null 2>&1 || exec bash "$0"
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need bash

# shellcheck disable=SC1091 # built
. "$KEYHAUL_BUILD/completions/keyhaul"
tap_ok $? "bash takes it"

# asks WORDS...: what it offers for the last of them is in COMPREPLY
asks() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_keyhaul "$1"
}
# completes WORDS...: prints it
completes() {
	asks "$@"
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}
touch order.bundle other.bundle
tap_is "$(completes keyhaul in)" "inspect" "a verb"
tap_like "$(completes keyhaul '')" "adopt .*export .*inspect .*run" "all verbs"
tap_is "$(completes keyhaul export --t)" "--to --transcript" "an option"
tap_is "$(completes keyhaul adopt --key-spec HMAC_2)" "HMAC_224 HMAC_256" "a choice"
tap_is "$(completes keyhaul adopt --key-id or)" "" "free text"
tap_is "$(completes keyhaul adopt --out or)" "order.bundle" "a file for an option"
tap_is "$(completes keyhaul inspect o)" "order.bundle other.bundle" "an operand"
tap_is "$(completes keyhaul adopt --key-spec = HMAC_2)" "HMAC_224 HMAC_256" "a choice behind ="
tap_is "$(completes keyhaul adopt --out = or)" "order.bundle" "a file behind ="
tap_is "$(completes keyhaul create --policy file : //or)" "//order.bundle" "a file behind file://"
tap_is "$(completes keyhaul wrap --pin-file or)" "order.bundle" "a PIN's file"
tap_is "$(completes keyhaul inspect --js)" "--json" "an option of every command"
tap_is "$(completes keyhaul nosuch --x)" "" "nothing for a verb that is not there"
tap_is "$(completes "$KEYHAUL_BUILD/keyhaul" in)" "inspect" "called by a path"
n=15
for program in keyhaul keyhaul-token keyhaul-kms keyhaul-sim keyhaul-qr; do
	[ -x "$KEYHAUL_BUILD/$program" ] || continue
	n=$((n + 2))
	complete -p "$program" 2>/dev/null | grep -q _keyhaul
	tap_ok $? "$program is completed"
	bad=
	while IFS='|' read -r verb name; do
		asks "$program" ${verb:+"$verb"} "--$name" # in this process: there are 500 of them
		case " ${COMPREPLY[*]} " in
		*" --$name "*) ;;
		*) bad="$bad $verb:$name" ;;
		esac
		[ "$program" != keyhaul ] && [ -n "$verb" ] || continue
		asks keyhaul "$verb" "--$name"
		case " ${COMPREPLY[*]} " in
		*" --$name "*) ;;
		*) bad="$bad keyhaul:$verb:$name" ;;
		esac
	done < <("$KEYHAUL_BUILD/$program" --dump-options | awk -F '\t' '$1 == "option" { print $2 "|" $3 }')
	tap_is "$bad" "" "$program: every option is offered, by keyhaul too"
done
tap_done "$n"
