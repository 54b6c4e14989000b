#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul compare: words typed back, at places that nobody knows before; the right ones are never shown.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl mkfifo

keyhaul=$KEYHAUL_BUILD/keyhaul
cli_parameters 2048 "$(cli_hours 20)"
cli_adopt request.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d >/dev/null 2>&1
cp request.bundle full.bundle
cli_material full.bundle
"$keyhaul" inspect --json full.bundle >full.json
jq -r '.results[0].request_words' full.json >request.words
jq -r '.results[0].material_words' full.json >material.words
"$keyhaul" inspect full.bundle | sed -n '/^  material/,$p' | grep -E '^ +[0-9]+  [A-Za-z]' >material.lines

# compare STATUS WHAT WORDS ARGUMENT...: with a file as standard input
compare() {
	compare_status=$1 compare_what=$2 compare_words=$3
	shift 3
	"$keyhaul" compare "$@" <"$compare_words" >out 2>err
	tap_is "$?" "$compare_status" "$compare_what"
}
# shows_right WORDS: those of the words that were printed
shows_right() {
	tr ' ' '\n' <"$1" | while read -r word; do
		grep -qwi -e "$word" out err && echo "$word"
	done
}

compare 0 "all words in one line" material.words full.bundle
tap_like "$(cat out)" '^full.bundle: the words are those of its material$' "and of what they are"
compare 0 "all words, in lines as inspect shows them" material.lines full.bundle
compare 0 "the request's, where that is asked for" request.words --of request full.bundle
compare 0 "the request's, where there is no material" request.words request.bundle
compare 7 "the request's words are not the material's" request.words full.bundle
tap_is "$(shows_right material.words)" "" "none of the right ones is shown"
tr '[:lower:]' '[:upper:]' <material.words >shouted
compare 0 "capitals do not count" shouted full.bundle
awk '{ w = $7; $7 = $9; $9 = w; print }' material.words >swapped
compare 7 "two words that changed places" swapped full.bundle
tap_like "$(cat err)" '2 of 32 words are not those of the material: place 7, 9$' "which places"
tap_is "$(wc -c <out)" 0 "and nothing on stdout"
awk '{ NF = 31; print }' material.words >few
compare 3 "a word is missing" few full.bundle
{ cat few; echo; } >gap
compare 3 "a line is empty" gap full.bundle
sed 's/$/ optic/' material.words >many
compare 3 "a word too many" many full.bundle
compare 3 "nothing at all" /dev/null full.bundle
compare 3 "no material to compare" material.words --of material request.bundle
compare 2 "fewer than eight" material.words --words 7 full.bundle
compare 0 "--json" material.words --json full.bundle
tap_is "$(jq -c '.results[0]' out)" '{"item":"full.bundle","match":true,"of":"material","ok":true}' "which shows no word"

# typed WORDS: answers what is asked for with the words of that file; the places asked for are in places
typed() {
	rm -f to
	mkfifo to
	: >places
	: >asked
	"$keyhaul" compare full.bundle <to >out 2>asked &
	typed_pid=$!
	exec 3>to
	typed_n=0
	while [ "$typed_n" -lt 8 ]; do
		typed_n=$((typed_n + 1))
		tap_poll 10 grep -q "^$typed_n of 8: " asked || break
		place=$(sed -n "s/^$typed_n of 8: word \([0-9]*\) of the material: \$/\1/p" asked)
		echo "$place" >>places
		awk -v n="$place" '{ print $n }' "$1" >&3
	done
	exec 3>&-
	wait "$typed_pid"
	typed_status=$?
	cp asked err
}
typed material.words
tap_is "$typed_status" 0 "eight words, one by one"
tap_is "$(sort -u places | grep -cxE '[1-9]|[12][0-9]|3[012]')" 8 "of eight places"
cp places before
typed request.words
tap_is "$typed_status" 7 "eight of another digest are refused"
tap_is "$(shows_right material.words)" "" "and none of the right ones is shown"
cmp -s before places
tap_is "$?" 1 "the places are others the next time"

tap_done 24
