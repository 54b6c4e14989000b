#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: nss-token.sh DIR [PASSWORD]
#
# Makes a fresh NSS database in DIR, with an empty password (no login) or this one,
# and prints what a shell needs to use it as a token:
#
#	eval "$(nss-token.sh DIR)"
#	keyhaul-token keys --module-init-args "$KEYHAUL_NSS_INIT" --token "$KEYHAUL_TOKEN"
#
# Exits 77 with a reason on stderr where NSS is not installed.
set -eu
umask 077

skip() {
	printf '%s\n' "$1" >&2
	exit 77
}

find_module() {
	if [ -n "${KEYHAUL_NSS_MODULE:-}" ]; then
		printf '%s\n' "$KEYHAUL_NSS_MODULE"
		return
	fi
	libdir=$(pkg-config --variable=libdir nss 2>/dev/null) || libdir=
	loader=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libsoftokn3\.so .*=> //p' | head -n 1)
	for path in "$loader" "$libdir/libsoftokn3.so" "$libdir/nss/libsoftokn3.so" /usr/lib/*/libsoftokn3.so \
		/usr/lib/*/nss/libsoftokn3.so /usr/lib64/libsoftokn3.so; do
		if [ -n "$path" ] && [ -f "$path" ]; then
			printf '%s\n' "$path"
			return
		fi
	done
	skip "libsoftokn3.so is not there: install libnss3"
}

case $# in
1 | 2) ;;
*)
	printf 'usage: nss-token.sh DIR [PASSWORD]\n' >&2
	exit 2
	;;
esac
command -v certutil >/dev/null 2>&1 || skip "certutil is not there: install libnss3-tools"
module=$(find_module)
mkdir -p "$1"
dir=$(CDPATH='' cd "$1" && pwd)
case $dir in
*[\'\ ]*) skip "NSS cannot take a quote or a blank in $dir" ;;
esac
if [ $# -eq 2 ]; then
	printf '%s\n' "$2" >"$dir/pin"
	certutil -N -d "sql:$dir" -f "$dir/pin" >&2
	printf "KEYHAUL_PIN_FILE='%s'; export KEYHAUL_PIN_FILE;\n" "$dir/pin"
else
	certutil -N -d "sql:$dir" --empty-password >&2
	printf 'unset KEYHAUL_PIN_FILE;\n'
fi
printf "KEYHAUL_MODULE='%s'; export KEYHAUL_MODULE;\n" "$module"
printf "KEYHAUL_TOKEN='pkcs11:token=NSS%%20Certificate%%20DB'; export KEYHAUL_TOKEN;\n"
printf "KEYHAUL_NSS_INIT=\"configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags= \"; export KEYHAUL_NSS_INIT;\n" "$dir"
