#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The programs as they are built are hardened, as far as readelf and nm can tell.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

for name in keyhaul keyhaul-token keyhaul-kms keyhaul-sim keyhaul-qr; do
	program=$KEYHAUL_BUILD/$name
	readelf -h "$program" >elf
	readelf -d "$program" >dynamic
	readelf -lW "$program" >segments
	nm -D --undefined-only "$program" >symbols
	tap_like "$(cat elf)" 'Type: +DYN' "$name is position independent"
	tap_like "$(cat dynamic)" 'FLAGS_1.*NOW.*PIE' "$name is bound at once"
	tap_like "$(cat segments)" 'GNU_RELRO' "$name has its relocations read-only"
	tap_like "$(cat segments)" 'GNU_STACK .* RW ' "$name has a stack that is not executable"
	tap_unlike "$(cat segments)" 'LOAD .* RWE' "$name has no segment that is written and run"
	tap_unlike "$(cat dynamic)" 'RPATH|RUNPATH|TEXTREL' "$name names no folder for libraries"
	tap_like "$(cat symbols)" '__stack_chk_fail' "$name has stack protection"
	tap_like "$(cat symbols)" '__(v?snprintf|printf|fprintf|memcpy|read|vfprintf)_chk' "$name has checked libc calls"
done

archives=0
# Debian's crt1.o has no mark, so the linker leaves it off the programs; ours is in every object.
for archive in "$KEYHAUL_BUILD"/lib*.a; do
	name=$(basename "$archive")
	archives=$((archives + 1))
	case $(uname -m) in
	x86_64)
		tap_is "$(readelf -n "$archive" | grep -c 'IBT, SHSTK')" "$(ar t "$archive" | wc -l)" "$name is compiled for CET" ;;
	*)
		tap_skip "$name is compiled for CET" "not x86-64" ;;
	esac
done

tap_ok $((archives < 12)) "there are as many libraries as the tree has folders, or more"
tap_done $((41 + archives))
