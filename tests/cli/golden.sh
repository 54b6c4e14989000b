#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Transcripts of keyhaul's command line against tests/cli/golden.txt, and --help's in golden_help.txt, which hold the
# commands too: after "$ " a command, then what it printed, stderr lines marked "2> ", then "= STATUS". KEYHAUL_GOLDEN=write tests/cli/golden.sh writes it anew;
# read the difference before committing it.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

golden=$KEYHAUL_SRC/tests/cli
version=$("$KEYHAUL_BUILD/keyhaul" --version | sed 's/keyhaul //')
# no bundle that golden.txt names is there but these
printf '{' >cut.bundle
printf 'root:x:0:0:-\n' >passwd
: >none
printf '{"keyhaul_bundle": 1}' >empty.bundle
printf '{"keyhaul_bundle": 1, "\033]0;x\007": 1}' >escape.bundle
mkdir bin
KEYHAUL_BINDIR=$TAP_DIR/bin
export KEYHAUL_BINDIR

transcript() {
	printf '$ %s\n' "$1"
	(
		keyhaul() {
			"$KEYHAUL_BUILD/keyhaul" "$@"
		}
		eval "$1"
	) >o 2>e </dev/null
	status=$?
	cat o
	sed 's/^/2> /' e
	printf '= %s\n' "$status"
}
for file in golden.txt golden_help.txt; do
	sed -n 's/^\$ //p' "$golden/$file" >commands
	while IFS= read -r command; do
		transcript "$command" | sed "s|$TAP_DIR|TMP|g; s|keyhaul $version|keyhaul VERSION|"
	done <commands >"$file"
	if [ "${KEYHAUL_GOLDEN:-}" = write ]; then
		cp "$file" "$golden/$file"
	fi
	cat "$golden/$file" >&3
	cat "$file"
done 3>wanted >transcripts
sed -n 's/^\$ //p' wanted >commands
# one test a command, so that the first difference is where it is
split_by_command() {
	awk -v stem="$2" '/^\$ / { n++ } { print > (stem "." n) }' "$1"
}
split_by_command wanted want
split_by_command transcripts got
n=0
while IFS= read -r command; do
	n=$((n + 1))
	tap_is "$(cat "got.$n")" "$(cat "want.$n")" "$command"
done <commands
tap_is "$(grep -c "$(printf '[\001-\011\013-\037]')" transcripts)" 0 "no control character reaches the terminal"
tap_done $((n + 1))
