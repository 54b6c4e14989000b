#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Every fuzz target over its corpus, and no file fewer than tests/fuzz/counts says.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

n=0
while read -r name files; do
	case $name in '' | '#'*) continue ;; esac
	n=$((n + 1))
	replay=$KEYHAUL_BUILD/tests/fuzz/replay_$name
	if [ ! -x "$replay" ]; then
		tap_skip "fuzz $name: $files files" "not built here"
		continue
	fi
	tap_run "$replay" "$KEYHAUL_SRC/tests/fuzz/corpus/$name"
	tap_is "$tap_status $tap_out" "0 $files" "fuzz $name: $files files" || tap_diag "$tap_err"
done <"$KEYHAUL_SRC/tests/fuzz/counts"
folders=$(find "$KEYHAUL_SRC/tests/fuzz/corpus" -mindepth 1 -maxdepth 1 -type d | wc -l)
tap_is "$((folders))" "$n" "each corpus has its line in tests/fuzz/counts"
tap_done $((n + 1))
