#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Every header compiles alone, and twice.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

: "${CC:=gcc}"
flags="-std=gnu11 -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wundef -Werror"
flags="$flags -I$KEYHAUL_SRC/src -I$KEYHAUL_SRC -include $KEYHAUL_BUILD/config.h"
flags="$flags $(pkg-config --cflags p11-kit-1 jansson libcrypto libcurl libmicrohttpd)"

compiles() {
	printf '#include "%s"\n#include "%s"\n' "$1" "$1" >alone.c
	# shellcheck disable=SC2086 # words
	"$CC" $flags -fsyntax-only alone.c 2>errors || { cat errors; return 1; }
}

(cd "$KEYHAUL_SRC" && find src pkcs11 -name '*.h' | sort) >headers
: >refused
while read -r header; do
	compiles "$KEYHAUL_SRC/$header" >>refused || echo "$header" >>refused
done <headers
[ "$(wc -l <headers)" -gt 20 ]
tap_ok $? "the headers are found"
tap_is "$(cat refused)" "" "every header compiles alone and twice"
echo 'size_t size_of(FILE *f);' >needs.h
! compiles "$TAP_DIR/needs.h" >refused
tap_ok $? "a header that needs another is found"

tap_done 3
