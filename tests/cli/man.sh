#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The man pages against what the programs say of themselves: verbs, options, statuses; and mandoc's lint.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

tests=0
# "status TAB text" for each row of a page's EXIT STATUS
statuses() {
	awk '/^\.Sh / { on = ($0 == ".Sh EXIT STATUS") } !on { next }
		/^\.It / { if (n != "") print n "\t" t; n = $2; t = ""; next }
		/^\./ { if (n != "") print n "\t" t; n = ""; next }
		n != "" { t = t (t == "" ? "" : " ") $0 }' "$1"
}
# "--name ARG" for each option in a page's lists
items() {
	grep '^\.It Fl ' "$1" | grep -o 'Fl -[a-z0-9-]*\( Ar [^ ]*\)\{0,1\}' | sed 's/^Fl -/--/; s/ Ar / /'
}
"$KEYHAUL_BUILD/keyhaul" --dump-options | awk -F '\t' '$1 == "status" { print $2 "\t" $4 }' | sort -u >wanted
cut -f1 wanted | sort >numbers

for program in keyhaul keyhaul-token keyhaul-kms keyhaul-sim keyhaul-qr; do
	page=$KEYHAUL_SRC/man/$program.1
	if [ ! -x "$KEYHAUL_BUILD/$program" ]; then
		tests=$((tests + 1))
		tap_skip "the page of $program" "it is not built"
		continue
	fi
	tests=$((tests + 5))
	"$KEYHAUL_BUILD/$program" --dump-options >rows
	{ awk -F '\t' '$1 == "option" { print $3 }' rows; echo help; echo version; } | sort -u >has
	items "$page" | sed 's/^--//; s/ .*//' | sort -u >said
	tap_is "$(cat said)" "$(cat has)" "$program(1) has every option and no other"
	# with its argument's name as --help shows it
	awk -F '\t' '$1 == "option" { print "--" $3 ($5 == "" ? "" : " " $5) }' rows | sort -u >has
	items "$page" | sort -u >said
	tap_is "$(comm -13 said has)" "" "$program(1) names their arguments as --help does"
	awk -F '\t' '$1 == "verb" && $2 != "" && $5 == "" { print $2 }' rows | sort >has
	sed -n 's/^\.Ss \([a-z]*\)$/\1/p' "$page" | sort >said
	tap_is "$(cat said)" "$(cat has)" "$program(1) has a section for every verb and no other"
	# of those that stand in for the AWS CLI's a list does
	awk -F '\t' '$1 == "verb" && $5 != "" { print $2 }' rows | sort >has
	sed -n 's/^\.It Cm \([a-z]*-[a-z-]*\)$/\1/p' "$page" | sort >said
	tap_is "$(cat said)" "$(cat has)" "$program(1) lists the AWS CLI's verbs, and no other"
	if [ "$program" = keyhaul-sim ]; then
		# a server has few of them, and says of each when
		tap_is "$(statuses "$page" | cut -f1 | sort | comm -23 - numbers)" "" "$program(1) has no other statuses"
	else
		tap_is "$(statuses "$page" | sort)" "$(cat wanted)" "$program(1) has the status table"
	fi
done

# keyhaul(1) lists the other programs' verbs
tests=$((tests + 1))
"$KEYHAUL_BUILD/keyhaul" --help | sed -n 's/^  \([a-z-]*\)  *\(keyhaul-[a-z]*\)  *.*$/\1 \2/p' | sort >has
sed -n 's/^\.It Cm \([a-z-]*\) Ta \(keyhaul-[a-z]*\)$/\1 \2/p' "$KEYHAUL_SRC/man/keyhaul.1" | sort >said
tap_is "$(cat said)" "$(cat has)" "keyhaul(1) has the table of the other programs' verbs"

for page in "$KEYHAUL_SRC"/man/*.[1-8]; do
	tests=$((tests + 1))
	if command -v mandoc >/dev/null 2>&1; then
		# whether the others' pages are installed is not the page's matter
		tap_is "$(mandoc -T lint "$page" 2>&1 | grep -v 'referenced manual not found')" "" "mandoc finds nothing in ${page##*/}"
	else
		tap_skip "mandoc finds nothing in ${page##*/}" "mandoc is not installed"
	fi
done
tap_done "$tests"
