#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: p11kit-token.sh DIR softhsm|nss COMMAND [ARGUMENT...]
#
# Runs the command where a fresh SoftHSM token or NSS database, made in DIR, is behind `p11-kit server`, which is another
# process: KEYHAUL_MODULE is p11-kit's client, and KEYHAUL_TOKEN and KEYHAUL_PIN_FILE are the token's. Exits as the command
# does; the server ends with it. KEYHAUL_BEHIND_MODULE is the module in the server, for SoftHSM.
#
#	p11kit-token.sh DIR softhsm keyhaul-token slots
#
# p11-kit gives NSS its init string only from its folder of modules, which is replaced in a mount namespace for this.
# Exits 77 with a reason on stderr where something is not installed or there are no namespaces.
set -eu
umask 077

skip() {
	printf '%s\n' "$1" >&2
	exit 77
}

quit() {
	[ -n "${server:-}" ] || return 0
	kill "$server" 2>/dev/null || :
	wait "$server" 2>/dev/null || :
}

client_module() {
	path=$(pkg-config --variable=p11_module_path p11-kit-1 2>/dev/null) || path=
	for path in "$path/p11-kit-client.so" /usr/lib/*/pkcs11/p11-kit-client.so /usr/lib64/pkcs11/p11-kit-client.so; do
		if [ -f "$path" ]; then
			printf '%s\n' "$path"
			return
		fi
	done
	skip "p11-kit-client.so is not there: install p11-kit-modules"
}

# The folder that p11-kit reads is DIR/modules, and the host's own is out of the way.
own_modules() {
	mkdir -p "$dir/modules" "$dir/none"
	printf 'module: %s\nx-init-reserved: %s\n' "$KEYHAUL_MODULE" "$KEYHAUL_NSS_INIT" >"$dir/modules/nss.module"
	folder=$(pkg-config --variable=p11_module_configs p11-kit-1 2>/dev/null) || folder=/usr/share/p11-kit/modules
	mount --bind "$dir/modules" "$folder"
	if [ -d /etc/pkcs11/modules ]; then
		mount --bind "$dir/none" /etc/pkcs11/modules
	fi
}

# serve OPTION...: the server in front of the token; waits until its socket is there
serve() {
	rm -f "$dir/socket"
	p11-kit server --foreground --name "$dir/socket" "$@" "$KEYHAUL_TOKEN" >"$dir/server.out" 2>"$dir/server.err" </dev/null &
	server=$!
	trap quit EXIT
	trap 'exit 143' TERM HUP INT
	tries=0
	until [ -S "$dir/socket" ]; do
		tries=$((tries + 1))
		{ [ "$tries" -lt 200 ] && kill -0 "$server" 2>/dev/null; } || skip "p11-kit server: $(tail -n 1 "$dir/server.err")"
		sleep 0.02
	done
	P11_KIT_SERVER_ADDRESS=unix:path=$dir/socket
	KEYHAUL_BEHIND_MODULE=$KEYHAUL_MODULE
	KEYHAUL_MODULE=$client
	export P11_KIT_SERVER_ADDRESS KEYHAUL_BEHIND_MODULE KEYHAUL_MODULE
	unset KEYHAUL_NSS_INIT
}

inside=no
if [ "${1:-}" = --inside ]; then
	inside=yes
	shift
fi
if [ $# -lt 3 ]; then
	printf 'usage: p11kit-token.sh DIR softhsm|nss COMMAND [ARGUMENT...]\n' >&2
	exit 2
fi
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(CDPATH='' cd "$1" && pwd)
kind=$2
shift 2
command -v p11-kit >/dev/null 2>&1 || skip "p11-kit is not there: install p11-kit"
client=$(client_module)
case $kind:$inside in
softhsm:*)
	made=$("$here/../../softhsm-conf/fresh-token" "$dir" keyhaul-rehearsal) || skip "softhsm2 cannot make a token here"
	eval "$made"
	serve --provider "$KEYHAUL_MODULE"
	;;
nss:yes)
	made=$("$here/nss-token.sh" "$dir" 2>"$dir/made.err") || skip "$(tail -n 1 "$dir/made.err")"
	eval "$made"
	own_modules
	serve
	;;
nss:no)
	map=
	[ "$(id -u)" -eq 0 ] || map=--map-root-user
	unshare $map --mount true 2>/dev/null || skip "no mount namespaces here"
	exec unshare $map --mount sh "$here/${0##*/}" --inside "$dir" nss "$@"
	;;
*)
	printf 'p11kit-token.sh: softhsm or nss\n' >&2
	exit 2
	;;
esac
status=0
"$@" || status=$?
exit "$status"
