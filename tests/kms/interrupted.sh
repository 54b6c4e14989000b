#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Ended at any instant, a bundle is as it was or as it was to be, and run again it finishes; two at once; a full disk.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

asked() {
	[ "$(server_count "$1")" -ge "${2:-1}" ]
}

# Kills import while the server is at the request: operation, behaviour, how many of it came before, import type.
rows=0
while read -r operation how at type; do
	rows=$((rows + 1))
	server_start stop "$operation=$how"
	new_bundle k.bundle
	cp k.bundle before
	set -- $keep
	[ "$type" = - ] || set -- "$@" --import-type "$type"
	tap_start import "$kms" import "$@" k.bundle
	tap_poll 10 asked "$operation" "$at"
	kill -KILL "$tap_pid"
	wait "$tap_pid" 2>/dev/null
	if cmp -s before k.bundle; then
		state=before
	else
		state=$(jq -r 'if .receipt then "after" else "torn" end' k.bundle)
	fi
	wanted=before
	[ "$at" = 3 ] && wanted=after
	tap_is "$state" "$wanted" "killed in $operation ($how, $type): the bundle is $wanted"
	tap_exits 0 "and run again it finishes" "$kms" import "$@" k.bundle
	tap_is "$(jq -r .receipt.key_material_id k.bundle)" "$(printf 'ab%.0s' $(seq 32))" "with the receipt"
	tap_is "$(find . -maxdepth 1 -name 'k.bundle*' | wc -l)" 1 "and nothing is left beside it"
	tap_stop "$server_pid"
done <<'TABLE'
DescribeKey ok,hang,ok 2 -
ImportKeyMaterial hang,ok 1 -
ImportKeyMaterial did-hang,ok 1 -
ImportKeyMaterial did-hang,ok 1 EXISTING_KEY_MATERIAL
ImportKeyMaterial did-hang,no:IncorrectKeyMaterialException,ok 1 NEW_KEY_MATERIAL
DescribeKey ok,ok,hang,ok 3 -
TABLE

# fetch: nothing half-written
server_start stop GetParametersForImport=hang,ok
tap_start fetch "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out f.bundle
tap_poll 10 asked GetParametersForImport
tap_exits 6 "two at once: the second finds it in use" "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out f.bundle
tap_like "$tap_err" "in use by another keyhaul" "and says so"
kill -KILL "$tap_pid" 2>/dev/null
wait "$tap_pid" 2>/dev/null
tap_poll 10 test ! -e f.bundle
tap_ok $? "killed in fetch: no bundle"
tap_exits 0 "and run again it is there" "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out f.bundle

# A signal that ends: the key in hand is finished, the rest is not begun.
for signal in INT TERM HUP QUIT; do
	server_start stop delay=0.5
	new_bundle "$signal.1.bundle"
	cp "$signal.1.bundle" "$signal.2.bundle"
	tap_start import env --default-signal=$signal "$kms" import $keep "$signal.1.bundle" "$signal.2.bundle"
	import_pid=$tap_pid
	tap_poll 10 asked ImportKeyMaterial
	kill -$signal "$import_pid"
	wait "$import_pid"
	tap_is "$?" 130 "SIG$signal: status 130"
	tap_is "$(jq -s -c 'map(has("receipt"))' "$signal.1.bundle" "$signal.2.bundle")" "[true,false]" \
		"the key in hand is finished, the next not begun"
done

# The one key in hand is finished, and its result told.
server_start stop delay=0.5
new_bundle only.bundle
tap_start import env --default-signal=INT "$kms" import $keep --json only.bundle
tap_poll 10 asked ImportKeyMaterial
kill -INT "$tap_pid"
wait "$tap_pid"
tap_is "$?" 130 "an interrupt in the last import is status 130"
tap_is "$(jq -c '[.ok, .error.status, (.results | length)]' import.out) $(jq 'has("receipt")' only.bundle)" "[false,130,1] true" \
	"it is finished and told"

# Two imports of one bundle.
server_start stop ImportKeyMaterial=hang
new_bundle t.bundle
tap_start import "$kms" import $keep t.bundle
first=$tap_pid
tap_poll 10 asked ImportKeyMaterial
tap_exits 6 "a second import of a bundle finds it in use" "$kms" import $keep t.bundle
tap_is "$(server_count ImportKeyMaterial)" 1 "and sends nothing"
kill -KILL "$first"
wait "$first" 2>/dev/null

# A receipt that cannot be written: KMS has the material, and the next run finishes.
server_start stop
new_bundle full.bundle
cp full.bundle before
tap_run sh -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' sh "$kms" import $keep full.bundle
tap_is "$tap_status" 1 "disk full at the receipt"
tap_like "$tap_err" "receipt could not be written" "and it says so"
cmp -s full.bundle before
tap_ok $? "the bundle is as it was"
tap_exits 0 "with room again it finishes" "$kms" import $keep full.bundle
tap_run sh -c 'trap "" XFSZ; ulimit -f 0; exec "$@"' sh "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out none.bundle
tap_is "$tap_status $(find . -maxdepth 1 -name 'none.bundle*' | wc -l)" "1 0" "disk full at fetch: status 1 and no file"
tap_done $((4 * rows + 21))
