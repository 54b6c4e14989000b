#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# What a file may be called and what it may name.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

cd "$KEYHAUL_SRC" || exit 1
find . \( -name '_build*' -o -name .git -o -name autom4te.cache -o -name build-aux \) -prune -o -type f -print |
	sed 's,^\./,,' | grep -vxE 'configure~?|config\.h\.in~?|aclocal\.m4|Makefile\.in|.*\.tar\.xz' | sort >"$TAP_DIR/files"
text=$TAP_DIR/text
xargs -d '\n' grep -IlE . <"$TAP_DIR/files" >"$text"

# in_files FILE_ERE ERE: the lines of the files so named that match.
in_files() {
	grep -E "$1" "$text" | grep -v '^tests/fuzz/corpus/' | xargs -d '\n' grep -nE -e "$2"
}

[ "$(wc -l <"$text")" -gt 100 ]
tap_ok $? "the files are found"

tap_is "$(grep -iE '(^|[/_.-])(util|utils|misc|common|helpers?)([._-][^/]*)?$' "$TAP_DIR/files")" "" \
	"no file is named util, misc, common or helper"

# Corpora and vectors are data, and take no comment.
tap_is "$(grep -E '\.([chs]|sh|py|am|ac|m4|in|[1-8])$|(^|/)(bootstrap|check-all|run-criterion|run)$' "$text" |
	grep -vE '^tests/fuzz/corpus/' | while read -r file; do
		head -n 4 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
	done)" "" "every source begins with its licence"

tap_is "$(in_files . "(^|[^a-zA-Z0-9_.\$}])/(work|home|root|Users)/[a-z]" | grep -v '^LICENSE:')" "" \
	"no file names a folder of somebody's machine"

# Hosts: AWS's own, names kept for examples, loopback. No mirror and no registry.
hosts='https?://[a-zA-Z0-9_-][a-zA-Z0-9_.-]*'
allowed='([a-z0-9.-]*\.)?(amazonaws\.com(\.cn)?|awsapps\.com|api\.aws|amazonwebservices\.com\.cn|example(\.com|\.net|\.org)?|invalid|test)'
allowed="$allowed|(www\.)?(apache\.org|w3\.org)|127[0-9.]*|[a-z-]+|192\.0\.2\.[0-9]+|169\.254\.[0-9.]+|0\.0\.0\.0"
in_files . "$hosts" | grep -oE "^[^:]*:[0-9]*:|$hosts" | awk '/^http/ { print at $0; next } { at = $0 }' |
	grep -viE "https?://($allowed)[.]?\$" >"$TAP_DIR/hosts"
tap_is "$(cat "$TAP_DIR/hosts")" "" "no file names a host but AWS's and those for examples"

tap_is "$(in_files '^(src|pkcs11)/.*\.c$' '(^|[^a-z_])(printf|fprintf|puts|putchar|fputs|perror)\(' |
	grep -v '^src/base/' | grep -v '/main\.c:')" "" "only src/base prints"
tap_is "$(in_files '^(src|pkcs11)/.*\.[ch]$' '(^|[^a-z_])(exit|_exit|assert)\(' |
	grep -vE '^src/(sim|base|front)/|/main\.c:')" "" "libraries return: they do not exit"
tap_is "$(in_files '^(src|pkcs11)/.*\.[ch]$' \
	'(^|[^a-z_])(strcpy|strcat|sprintf|gets|strtok|alloca|atoi|xmalloc)\(|TODO|FIXME')" "" \
	"no unbounded call and nothing left to do"
# jansson reads, writes and packs wrongly where there is no memory.
tap_is "$(in_files '^src/.*\.c$' '(^|[^a-z_])(json_(load|loads|loadb|dumps|dump|sprintf)\(|json_pack\("[^"]*\*)' | grep -v '^src/bundle/jsontext\.c:')" "" \
	"texts and optional members of JSON go by jsontext.c"

tap_done 9
