#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The air-gapped host's work where nothing can be written but one tmpfs: the root, /tmp, /dev/shm and the home folder are
# read-only, as on a live system. In a mount namespace of its own; skipped where there are none.
if [ -z "${KEYHAUL_TMPFS:-}" ]; then
	: "${KEYHAUL_SRC:?run it by make check}"
	as_root=
	[ "$(id -u)" -eq 0 ] || as_root=-r
	if ! unshare $as_root -m true 2>/dev/null; then
		echo '1..0 # SKIP no mount namespaces here (unshare -m)'
		exit 0
	fi
	KEYHAUL_TMPFS=$(mktemp -d "${TMPDIR:-/tmp}/keyhaul-tmpfs.XXXXXX") || exit 1
	export KEYHAUL_TMPFS
	unshare $as_root -m sh "$0"
	status=$?
	rmdir "$KEYHAUL_TMPFS"
	exit $status
fi

# All that is mounted, this machine's folders among them, the deepest first.
mount -t tmpfs tmpfs "$KEYHAUL_TMPFS" || exit 1
awk '{ print length($5), $5 }' /proc/self/mountinfo | sort -rn | cut -d' ' -f2- | while read -r at; do
	[ "$at" = "$KEYHAUL_TMPFS" ] || mount -o remount,bind,ro "$(printf '%b' "$at")" 2>/dev/null
done
TMPDIR=$KEYHAUL_TMPFS
KEYHAUL_KEY_POOL=$KEYHAUL_TMPFS/keys # that of the build cannot be written to
export TMPDIR KEYHAUL_KEY_POOL
. "$KEYHAUL_SRC/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
unset TMPDIR
for at in / /tmp /dev/shm /var/tmp /etc "$KEYHAUL_BUILD" "$KEYHAUL_SRC"; do
	if [ -d "$at" ] && touch "$at/keyhaul-writable" 2>/dev/null; then
		rm -f "$at/keyhaul-writable"
		tap_skip_all "$at could not be made read-only here"
	fi
done
tap_need jq openssl softhsm2-util
keyhaul=$KEYHAUL_BUILD/keyhaul
HOME=/nonexistent
export HOME

# what is carried there, and the token
people_ca ca
for name in Ada Hsm; do
	people_file "$name" prime256v1
done
people_policy unstated >policy.yaml
blob_key 2048
token_softhsm
KEYHAUL_TRANSCRIPT=$TAP_DIR/gap.transcript
export KEYHAUL_TRANSCRIPT

tap_exits 0 "slots" "$keyhaul" slots --module "$KEYHAUL_MODULE"
tap_exits 0 "generate" "$keyhaul" generate --json --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label order \
	--key-spec SYMMETRIC_DEFAULT
uri=$(printf '%s' "$tap_out" | jq -r '.results[0].uri' | sed 's/[?].*//')
tap_exits 0 "keys" "$keyhaul" keys --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE"
"$KEYHAUL_BUILD/tests/token/make_bundle" fetched.bundle w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "key_uri=$uri" \
	"token_serial=$(printf '%s' "$uri" | sed 's/.*serial=\([^;]*\).*/\1/')"
jq '.request.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_for: 864000}' fetched.bundle >order.bundle
if [ -x "$KEYHAUL_BUILD/keyhaul-qr" ]; then
	tap_exits 0 "qr, to pictures" "$keyhaul" qr --png frames order.bundle
	tap_exits 0 "scan of them" "$keyhaul" scan --out scanned.bundle frames/*.png
	cmp order.bundle scanned.bundle
	tap_ok $? "gives the bundle"
else
	for what in qr scan bundle; do
		tap_skip "$what" "keyhaul-qr is not built"
	done
fi
tap_exits 0 "inspect" "$keyhaul" inspect order.bundle
tap_exits 0 "approve" "$keyhaul" approve --signer Ada.key --cert Ada.crt --policy policy.yaml \
	--confirm "$(jq -jcS .request order.bundle | sha256sum | cut -d' ' -f1)" order.bundle
tap_exits 0 "wrap" "$keyhaul" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml \
	--signer Hsm.key --cert Hsm.crt order.bundle
blob_open RSAES_OAEP_SHA_1 w2048.pem order.bundle key && [ "$(wc -c <key)" -eq 32 ]
tap_ok $? "and the blob opens"
"$keyhaul" inspect --json order.bundle | jq -r '.results[0].material_words' >words
"$keyhaul" compare order.bundle <words >out 2>err
tap_ok $? "compare" || tap_diag "$(cat err)"
tap_exits 0 "export" "$keyhaul" export --to parts order.bundle
tap_exits 0 "sign" "$keyhaul" sign --signer Hsm.key --cert Hsm.crt --out order.p7s policy.yaml
tap_exits 0 "transcript check" "$keyhaul" transcript check gap.transcript
tap_exits 0 "transcript close" "$keyhaul" transcript close --signer Ada.key --cert Ada.crt gap.transcript
unset KEYHAUL_TRANSCRIPT
tap_exits 7 "record, of a bundle that no command here made" "$keyhaul" record --out page.html --signer Hsm.key --cert Hsm.crt --closed-by Ada.crt --open -- gap.transcript order.bundle
tap_is "$(printf '%s\n' "$tap_err" | grep -c '^error: ')" 1 "and that is all there is to say"
tap_is "$(find "$KEYHAUL_TMPFS" -path "$TAP_DIR/softhsm" -prune -o -name 'keyhaul-??????' -print -o -name '*.lock' -print)" "" "nothing is left of what was made for a moment"
# and with nothing that can be written, which is said
mkdir sealed && cp order.bundle sealed/ && mount --bind sealed sealed && mount -o remount,bind,ro sealed
tap_run "$keyhaul" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml --signer Hsm.key --cert Hsm.crt \
	--again sealed/order.bundle
tap_is "$tap_status" 1 "a bundle that cannot be written is status 1"
tap_like "$tap_err" 'sealed/order.bundle.lock: Read-only file system' "and why is said"
tap_like "$tap_err" '^hint: the folder must be writable' "and what is wanted"
umount sealed
tap_done 21
