#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# SECURITY.md: each claim has its argument and its evidence, and the evidence exists.
# Evidence is written as `tests/AREA/NAME.sh` or `tests/unit/test_STEM.c`, the latter
# with the test's name where one is meant: `tests/unit/test_STEM.c: test_name`.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

page=$KEYHAUL_SRC/SECURITY.md
sed -n 's/^### \([0-9]*\)\. .*/\1/p' "$page" >numbers
tap_is "$(tr '\n' ' ' <numbers)" "$(seq -s ' ' 1 19) " "claims 1 to 19 are there, once and in order"

while read -r number; do
	awk -v n="$number" '/^#/ { on = index($0, "### " n ". ") == 1 } on' "$page" >claim
	for word in Claim Argument Evidence; do
		grep -q "^\*\*$word\.\*\* ." claim || echo "$number has no $word"
	done
	sed -n '/^\*\*Evidence/,$p' claim | grep -o '`tests/[^`]*`' | tr -d '`' >evidence
	[ -s evidence ] || echo "$number names no test"
done <numbers >lacking
tap_is "$(cat lacking)" "" "each has a claim, an argument and the name of a test"

grep -o '`tests/[^`]*`' "$page" | tr -d '`' | sort -u >evidence
while IFS= read -r line; do
	file=${line%%: *}
	if [ ! -f "$KEYHAUL_SRC/$file" ]; then
		echo "$file is not there"
		continue
	fi
	case $file in
	*.c) grep -Fq "$(basename "$file" .c)" "$KEYHAUL_SRC/tests/unit/counts" || echo "$file is not run" ;;
	*.sh) grep -Fq "$file" "$KEYHAUL_SRC/Makefile.am" || echo "$file is not run" ;;
	esac
	[ "$line" = "$file" ] || grep -Eq "^Test\([a-z0-9_]+, ${line#*: }[,)]" "$KEYHAUL_SRC/$file" ||
		echo "$file has no test ${line#*: }"
done <evidence >missing
tap_is "$(cat missing)" "" "every test that is named exists and is run"
[ "$(wc -l <evidence)" -ge 15 ]
tap_ok $? "the names of tests are found"
grep -q '^## What is not claimed' "$page"
tap_ok $? "it says what is not claimed"

tap_done 5
