#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul's table of the other programs' verbs against what those programs say of themselves.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

# a row that is broken at the terminal's width is one row
"$KEYHAUL_BUILD/keyhaul" --help | awk '/^              / { sub(/^ +/, " "); row = row $0; next } { if (NR > 1) print row; row = $0 } END { print row }' >help
tap_is "$("$KEYHAUL_BUILD/keyhaul" --help | awk 'length > 80')" "" "--help has 80 columns"
# "  wrap        keyhaul-token  wrap a key ..." -> verb TAB program TAB summary
sed -n 's/^  \([a-z-]*\)  *\(keyhaul-[a-z]*\)  *\(.*\)$/\1\t\2\t\3/p' help | sort >table
tap_isnt "$(wc -l <table)" 0 "--help has a table"
for program in keyhaul-token keyhaul-kms; do
	if [ ! -x "$KEYHAUL_BUILD/$program" ]; then
		tap_skip "the verbs of $program" "it is not built"
		continue
	fi
	"$KEYHAUL_BUILD/$program" --dump-options |
		awk -F '\t' -v p="$program" '$1 == "verb" { print $2 "\t" p "\t" $4 }' | sort >has
	awk -F '\t' -v p="$program" '$2 == p' table >said
	tap_is "$(cat said)" "$(cat has)" "the verbs of $program, and its words for them"
done
tap_is "$(cut -f1 table | cat - | sort | uniq -d)" "" "no verb is two programs'"
"$KEYHAUL_BUILD/keyhaul" --dump-options | awk -F '\t' '$1 == "verb" { print $2 }' | sort >own
tap_is "$(cut -f1 table | sort | comm -12 - own)" "" "no verb of keyhaul's is another program's"
tap_done 6
