#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Bundles on file systems that refuse modes, owners, locks and syncs of folders (odd_host.so, and vfat where this machine can
# mount it): written whole, and what could not be had is said. Torn files are status 3 and named, by every verb that reads them.
if [ -z "${KEYHAUL_PRIVATE:-}" ] && unshare -m true 2>/dev/null; then
	KEYHAUL_PRIVATE=yes exec unshare -m sh "$0" # so that a mount is nobody else's
fi
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need jq openssl softhsm2-util
keyhaul=$KEYHAUL_BUILD/keyhaul
odd=$KEYHAUL_BUILD/tests/hosts/odd_host.so

people_ca ca
people_file Ada prime256v1
cat >policy.yaml <<-END
	keyhaul_policy: 1
	endpoints: [unstated]
	approvals: {threshold: 1, approvers: [{name: Ada, certificates: [$(people_sha256 Ada)]}]}
	material_signers: none
END
token_softhsm
token_run generate --json --label order --key-spec SYMMETRIC_DEFAULT
uri=$(printf '%s' "$tap_out" | jq -r '.results[0].uri' | sed 's/[?].*//')
blob_key 2048
"$KEYHAUL_BUILD/tests/token/make_bundle" fetched w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "key_uri=$uri" \
	"token_serial=$(printf '%s' "$uri" | sed 's/.*serial=\([^;]*\).*/\1/')"
jq '.request.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_for: 864000}' fetched >request.bundle

# steps FOLDER: two commands that write the bundle there anew, and one that makes a file; what they warn of is in warnings
steps() {
	cp request.bundle "$1/a.bundle"
	chmod 644 "$1/a.bundle" 2>/dev/null
	: >warnings
	tap_run "$keyhaul" approve --signer Ada.key --cert Ada.crt --policy policy.yaml \
		--confirm "$(jq -jcS .request request.bundle | sha256sum | cut -d' ' -f1)" "$1/a.bundle"
	[ "$tap_status" -eq 0 ] && printf '%s\n' "$tap_err" >>warnings
	tap_ok $? "$2: approve writes it" || tap_diag "$tap_err"
	tap_run "$keyhaul" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml \
		"$1/a.bundle"
	[ "$tap_status" -eq 0 ] && printf '%s\n' "$tap_err" >>warnings
	tap_ok $? "$2: wrap writes it" || tap_diag "$tap_err"
	tap_run "$keyhaul" merge --out "$1/b.bundle" "$1/a.bundle" "$1/a.bundle"
	[ "$tap_status" -eq 0 ] && cmp -s "$1/a.bundle" "$1/b.bundle" && printf '%s\n' "$tap_err" >>warnings
	tap_ok $? "$2: merge makes a new one" || tap_diag "$tap_err"
	blob_open RSAES_OAEP_SHA_1 w2048.pem "$1/a.bundle" key && [ "$(wc -c <key)" -eq 32 ] &&
		[ "$(jq '.approvals | length' "$1/a.bundle")" -eq 1 ]
	tap_ok $? "$2: what was written is whole"
	tap_is "$(find "$1" -name '*.lock' -o -name '*.bundle.*')" "" "$2: and nothing is left beside it"
}

mount_stick() {
	[ "${KEYHAUL_PRIVATE:-}" ] || {
		echo 'no mount namespaces (unshare -m)' >&2
		return 1
	}
	mkdir stick && truncate -s 4M stick.img && mkfs.vfat stick.img >/dev/null && mount -o loop stick.img stick
}

mkdir plain
steps plain "a disk"
tap_unlike "$(cat warnings)" 'file system' "a disk is warned of in no way"

# ODD_FS|what is warned of, by the command that replaces a file and by the one that makes one; "none" for nothing
while IFS='|' read -r words replaced made; do
	rm -rf odd && mkdir odd
	ODD_FS=$words
	LD_PRELOAD=$odd
	export ODD_FS LD_PRELOAD
	steps odd "$words"
	unset ODD_FS LD_PRELOAD
	for what in "replaced:$replaced" "made:$made"; do
		[ "${what#*:}" = none ] && continue
		grep -Eq "^warning: odd/[ab].bundle${what#*:}" warnings
		tap_ok $? "$words: what could not be had is said of one that is ${what%%:*}" || tap_diag "$(cat warnings)"
	done
done <<-END
	chmod,chown,sync| is on a file system that keeps no modes: it is 600 there, not 644|none
	chmod,open-modes| is on a file system that keeps no modes: it is 755 there, not 644, and others on this host may read it| .*: it is 755 there, not 600, and others
	lock| is on a file system without locks .No locks available.: see to it that no other keyhaul| is on a file system without locks
END
tap_run env ODD_FS=lock LD_PRELOAD="$odd" "$keyhaul" inspect --transcript new.transcript request.bundle
tap_is "$tap_status" 1 "a transcript is not kept without locks"
tap_like "$tap_err" 'the transcript new.transcript cannot be locked.*No locks available' "which is said"
tap_like "$tap_err" 'hint: name a file on a file system that has locks' "and what to do"

# a stick
if mount_stick 2>mount.err; then
	steps stick "vfat"
	grep -Eq '^warning: stick/b.bundle is on a file system that keeps no modes: it is 755 there, not 600, and others' warnings
	tap_ok $? "vfat: that it keeps no modes is said" || tap_diag "$(cat warnings)"
	umount stick
	tests=57
else
	tests=52
	tap_skip "a vfat stick" "it cannot be mounted here: $(tr '\n' ' ' <mount.err)"
fi

# torn files, by the verbs that read them: what is torn, and the command
head -c 900 request.bundle >cut.bundle
cp plain/a.bundle zeros.bundle && dd if=/dev/zero of=zeros.bundle bs=512 seek=1 count=1 conv=notrunc 2>/dev/null
: >empty.bundle
head -c 300 Ada.crt >cut.crt
openssl x509 -in Ada.crt -outform DER -out zeros.crt && dd if=/dev/zero of=zeros.crt bs=64 seek=4 count=1 conv=notrunc 2>/dev/null
: >empty.crt
tap_run "$keyhaul" inspect --transcript whole.transcript plain/a.bundle
tap_run "$keyhaul" inspect --transcript whole.transcript request.bundle
tap_run "$keyhaul" inspect --transcript whole.transcript plain/b.bundle
head -c 700 whole.transcript >cut.transcript
cp whole.transcript zeros.transcript && dd if=/dev/zero of=zeros.transcript bs=512 seek=1 count=1 conv=notrunc 2>/dev/null
{ cat whole.transcript; head -c 100 /dev/zero; } >tail.transcript
while IFS='|' read -r torn command; do
	cp "$torn" before
	eval "tap_run $command"
	[ "$tap_status" -eq 3 ] && printf '%s' "$tap_err" | grep -q "^error: .*$torn" && [ -z "$tap_out" ] && cmp -s "$torn" before
	tap_ok $? "$torn is named, status 3: ${command#??????????}" || tap_diag "status $tap_status: $tap_err"
done <<-END
	cut.bundle|"\$keyhaul" inspect cut.bundle
	zeros.bundle|"\$keyhaul" inspect zeros.bundle
	empty.bundle|"\$keyhaul" inspect empty.bundle
	cut.bundle|"\$keyhaul" compare cut.bundle
	zeros.bundle|"\$keyhaul" export --to parts zeros.bundle
	zeros.bundle|"\$keyhaul" merge --out new.bundle plain/a.bundle zeros.bundle
	cut.bundle|"\$keyhaul" merge cut.bundle plain/a.bundle
	zeros.bundle|"\$keyhaul" import zeros.bundle
	cut.bundle|"\$keyhaul" wrap --token "\$KEYHAUL_TOKEN" --pin-file "\$KEYHAUL_PIN_FILE" cut.bundle
	cut.bundle|"\$keyhaul" approve --signer Ada.key --cert Ada.crt --policy policy.yaml --confirm 00 cut.bundle
	cut.crt|"\$keyhaul" approve --signer Ada.key --cert cut.crt --policy policy.yaml --confirm 00 request.bundle
	zeros.crt|"\$keyhaul" sign --signer Ada.key --cert zeros.crt --out signature policy.yaml
	empty.crt|"\$keyhaul" sign --signer Ada.key --cert empty.crt --out signature policy.yaml
	cut.transcript|"\$keyhaul" transcript check cut.transcript
	zeros.transcript|"\$keyhaul" transcript check zeros.transcript
	tail.transcript|"\$keyhaul" transcript check tail.transcript
	zeros.transcript|"\$keyhaul" transcript close --signer Ada.key --cert Ada.crt zeros.transcript
	zeros.bundle|"\$keyhaul" record --open --out page.html -- whole.transcript zeros.bundle
END
# of several bundles the torn ones are named, and the others are read
tap_run "$keyhaul" inspect plain/a.bundle cut.bundle request.bundle zeros.bundle
tap_is "$tap_status:$(printf '%s\n' "$tap_err" | grep -c '^error: [cz][a-z]*.bundle: ')" "3:2" "of several each torn one is named"
# a transcript whose end a power cut left as zeros goes on, and its next line says so
tap_exits 0 "a command goes on behind a torn end" "$keyhaul" inspect --transcript tail.transcript request.bundle
tap_like "$tap_err" 'the last line of the transcript tail.transcript is torn .100 bytes' "and says so"
tap_exits 0 "and the line that names it makes it whole again" "$keyhaul" transcript check tail.transcript
tap_done $tests
