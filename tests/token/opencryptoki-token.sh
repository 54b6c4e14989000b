#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: opencryptoki-token.sh DIR COMMAND [ARGUMENT...]
#
# Runs the command where there is a fresh soft token of openCryptoki, with KEYHAUL_MODULE, KEYHAUL_TOKEN and
# KEYHAUL_PIN_FILE set for it, and exits as it does. The token lies in DIR and is used there again by the next call; its
# daemon, pkcsslotd, runs in mount, IPC and PID namespaces of its own and ends with the command, and nothing of the host
# is touched: needs root.
#
#	opencryptoki-token.sh DIR keyhaul-token slots
#
# Exits 77 with a reason on stderr where openCryptoki is not installed or there are no namespaces.
set -eu
umask 077
slot=3
so_pin=76543210
pin=12345678

skip() {
	printf '%s\n' "$1" >&2
	exit 77
}

find_module() {
	for path in /usr/lib/*/opencryptoki/libopencryptoki.so.0 /usr/lib/*/libopencryptoki.so.0 \
		/usr/lib64/opencryptoki/libopencryptoki.so.0 /usr/lib64/pkcs11/libopencryptoki.so; do
		if [ -f "$path" ]; then
			printf '%s\n' "$path"
			return
		fi
	done
	skip "libopencryptoki.so.0 is not there: install opencryptoki"
}

# What the daemon and the library write, of this token's own: state in DIR, the rest for the time of the command.
hide_host() {
	mkdir -p "$dir/state/swtok/TOK_OBJ" "$dir/etc"
	chown -R root:pkcs11 "$dir/state"
	mount --make-rprivate /
	for path in /run /dev/shm /var/log; do
		mount -t tmpfs tmpfs "$path"
	done
	mkdir -p /run/lock/opencryptoki/swtok /var/log/opencryptoki /run/opencryptoki
	if [ ! -L /var/lock ]; then
		mount --bind /run/lock /var/lock
	fi
	chown -R root:pkcs11 /run/lock/opencryptoki /var/log/opencryptoki /run/opencryptoki
	printf 'version opencryptoki-3.1\nslot %d\n{\nstdll = libpkcs11_sw.so\n}\n' "$slot" >"$dir/etc/opencryptoki.conf"
	mount --bind "$dir/state" /var/lib/opencryptoki
	mount --bind "$dir/etc" /etc/opencryptoki
}

start_daemon() {
	pkcsslotd >"$dir/pkcsslotd.log" 2>&1 || skip "pkcsslotd does not start: $(tail -n 1 "$dir/pkcsslotd.log")"
	tries=0
	until pkcsconf -s -c "$slot" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || skip "pkcsslotd does not answer"
		sleep 0.02
	done
}

# pkcsconf asks for what it is not given: the token's first SO PIN is 87654321, and must be changed before it is good.
make_token() {
	printf '87654321\nopencryptoki\n' | pkcsconf -I -c "$slot"
	pkcsconf -P -c "$slot" -S 87654321 -n "$so_pin"
	pkcsconf -u -c "$slot" -S "$so_pin" -n "$pin"
	printf '%s\n' "$pin" >"$dir/pin"
}

if [ "${1:-}" = --inside ]; then
	dir=$2
	shift 2
	hide_host
	start_daemon
	[ -f "$dir/pin" ] || make_token >"$dir/make.log" 2>&1 || skip "pkcsconf: $(tail -n 1 "$dir/make.log")"
	KEYHAUL_MODULE=$(find_module)
	KEYHAUL_TOKEN=pkcs11:token=opencryptoki
	KEYHAUL_PIN_FILE=$dir/pin
	export KEYHAUL_MODULE KEYHAUL_TOKEN KEYHAUL_PIN_FILE
	unset KEYHAUL_NSS_INIT
	status=0
	"$@" || status=$?
	exit "$status"
fi

if [ $# -lt 2 ]; then
	printf 'usage: opencryptoki-token.sh DIR COMMAND [ARGUMENT...]\n' >&2
	exit 2
fi
PATH=$PATH:/usr/sbin:/sbin
for command in pkcsslotd pkcsconf unshare; do
	command -v "$command" >/dev/null 2>&1 || skip "$command is not there: install opencryptoki and util-linux"
done
find_module >/dev/null
[ "$(id -u)" -eq 0 ] || skip "openCryptoki's daemon is root's alone"
unshare --mount --ipc --pid --fork true 2>/dev/null || skip "no mount, IPC and PID namespaces here"
mkdir -p "$1"
dir=$(CDPATH='' cd "$1" && pwd)
case $dir/ in
/run/* | /dev/shm/* | /var/log/*) skip "$dir would be hidden: another folder than /run, /dev/shm and /var/log" ;;
esac
shift
self=$(CDPATH='' cd "$(dirname "$0")" && pwd)/${0##*/}
exec unshare --mount --ipc --pid --fork --kill-child --mount-proc sh "$self" --inside "$dir" "$@"
