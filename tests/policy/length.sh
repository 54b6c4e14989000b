#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The budgets: a file 400 lines, a function 60, main 40. No exceptions.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

cd "$KEYHAUL_SRC" || exit 1
find src pkcs11 tests -name '*.[ch]' | sort >"$TAP_DIR/c"
find src pkcs11 tests softhsm-conf completions bootstrap .ci -type f ! -name '*.[ch]' ! -path 'tests/fuzz/corpus/*' \
	! -path '*/vectors/*' ! -name '*.json' ! -name '*.o' 2>/dev/null | sort >"$TAP_DIR/other"

# functions MAX < list of C files: those that are longer, braces not counted.
functions() {
	xargs awk -v max="$1" '
		FNR == 1 { begun = 0 }
		/^\{/ && !begun { begun = FNR; name = before }
		/^\}/ && begun {
			limit = name ~ /(^| )main\(/ ? 40 : max
			if (FNR - begun - 1 > limit)
				print FILENAME ":" begun ": " FNR - begun - 1 " lines: " name
			begun = 0
		}
		/^[a-zA-Z]/ { before = $0 }'
}
shell_functions() {
	xargs awk -v max="$1" '
		FNR == 1 { begun = 0 }
		/^[a-z_]+\(\) \{/ { begun = FNR; name = $1 }
		/^\}/ && begun { if (FNR - begun - 1 > max) print FILENAME ":" begun ": " FNR - begun - 1 " lines: " name; begun = 0 }'
}

[ "$(wc -l <"$TAP_DIR/c")" -gt 50 ]
tap_ok $? "the C files are found"
tap_is "$(xargs wc -l <"$TAP_DIR/c" | awk '$1 > 400 && $2 != "total"')" "" "no C file has over 400 lines"
tap_is "$(xargs wc -l <"$TAP_DIR/other" | awk '$1 > 400 && $2 != "total"')" "" "no other file has over 400 lines"
tap_is "$(functions 60 <"$TAP_DIR/c")" "" "no function has over 60 lines, no main over 40"
tap_is "$(shell_functions 60 <"$TAP_DIR/other")" "" "no shell function has over 60 lines"

# The search itself: a function of 61 lines, a main of 41.
{
	printf 'static int long_one(void)\n{\n'
	yes '	;' | head -n 61
	printf '}\n\nint main(void)\n{\n'
	yes '	;' | head -n 41
	printf '}\n\nint short_one(void)\n{\n'
	yes '	;' | head -n 60
	printf '}\n'
} >"$TAP_DIR/sample.c"
tap_is "$(echo "$TAP_DIR/sample.c" | functions 60 | sed 's/.*lines: //' | tr '\n' ';')" \
	"static int long_one(void);int main(void);" "the search finds what is too long"

tap_done 6
