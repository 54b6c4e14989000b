#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A hundred keys by plan, killed at system calls all through fetch and import, and run again to the end: every key is made
# once and has one material, every bundle is whole at any moment, and nothing is left beside them.
# shellcheck disable=SC2086,SC2154,SC2317 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
[ -x "$sim" ] || tap_skip_all "keyhaul-sim is not built"
tap_need strace
strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when=1 sh -c : 2>/dev/null ||
	tap_skip_all "strace may not trace here"
wrap=$KEYHAUL_BUILD/tests/kms/wrap_bundles
there=90 made=10
# sanitizers take their time with each of them: a run does less of the same
[ -z "${KEYHAUL_SANITIZERS:-}" ] || [ "$KEYHAUL_SANITIZERS" = no ] || there=18 made=2
all=$((there + made))

{
	echo 'keyhaul_plan: 1'
	echo 'keys:'
	n=0
	while [ $n -lt $all ]; do
		if [ $n -lt $made ]; then
			printf '  - name: k%s\n    create: {key_spec: SYMMETRIC_DEFAULT, alias: alias/k%s}\n' $n $n
		else
			printf '  - name: k%s\n    key_id: 1234abcd-12ab-34cd-56ef-%012x\n' $n $n
		fi
		printf "    region: eu-central-1\n    wrapping_key_spec: RSA_2048\n    expires: 90d\n    materials: [{key_uri: 'pkcs11:object=o%s'}]\n" $n
		n=$((n + 1))
	done
} >plan.yaml

sim_start --key-pool "$(sim_pool)" --state state --seed-plan plan.yaml || exit 1
rate="--rate GetParametersForImport=5000,ImportKeyMaterial=5000,CreateKey=5000,CreateAlias=5000,ListResourceTags=5000"

# killed JOBS CALL N COMMAND...: ended by SIGKILL at the Nth such call of a thread
killed() {
	killed_at=$2
	killed_when=$3
	killed_jobs=$1
	shift 3
	(
		# LeakSanitizer cannot trace what is traced
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o /dev/null -e trace="$killed_at" -e inject="$killed_at:signal=KILL:when=$killed_when" \
			"$kms" "$@" $rate --jobs "$killed_jobs" >/dev/null 2>killed.err
		echo $? >killed.status
	) 2>/dev/null
	killed_status=$(cat killed.status)
}

# whole: every bundle that is there is one, and every file of a key that is made
whole() {
	find dir -name '*.bundle' -o -name '*.create' >whole.files
	[ -s whole.files ] || return 0
	xargs jq -es 'all((.keyhaul_bundle == 1 and (.request.parameters_valid_to | length) == 20) or .keyhaul_create == 1)' \
		<whole.files >/dev/null && [ -z "$(xargs -I F find F -size 0 <whole.files)" ]
}

# ---- fetch, killed -----------------------------------------------------------------------
kills=0
mkdir dir
while read -r jobs call when; do
	kills=$((kills + 1))
	[ $all -eq 100 ] || [ "$when" -lt 4 ] || when=4
	[ $all -eq 100 ] || [ "$jobs" -eq 1 ] || when=1 # a thread has one key of so few
	killed "$jobs" "$call" "$when" fetch --plan plan.yaml --out dir
	tap_is "$killed_status" 137 "fetch, $jobs at a time, killed at $call number $when" || tap_diag "$(cat killed.err)"
	whole
	tap_ok $? "every bundle is whole, $(find dir -name '*.bundle' | wc -l) of $all are there"
done <<'TABLE'
1 /^rename 1
1 fsync 5
1 write 20
1 connect 1
32 /^rename 1
32 fsync 3
32 connect 1
32 write 1
TABLE
[ "$(find dir -name '*.create' | wc -l)" -eq 0 ] || sim_later dir/*.create # whether these were made is asked, and not waited for
tap_exits 0 "fetch, run again to its end" "$kms" fetch --plan plan.yaml --out dir $rate
tap_like "$tap_out" "^$all bundles: " "all of them are there"
tap_is "$(find dir -name '*.bundle' | wc -l)" $all "a bundle each"
tap_is "$(find dir -name '*.expired*' | wc -l)" 0 \
	"and nothing was set aside"

# ---- CreateKey, killed before and after it is sent: each is found again or made, never twice ----
tap_is "$(jq -s 'map(.kms_key_arn) | unique | length' dir/*.create)" $made "each key that is made has its ARN"
tap_is "$(find state -name 'key-*.json' | wc -l)" $all "the account has a key for each of the plan's, and none twice"

# ---- import, killed -------------------------------------------------------------------------
$wrap dir/*.bundle || exit 1
while read -r jobs call when; do
	kills=$((kills + 1))
	[ $all -eq 100 ] || [ "$when" -lt 4 ] || when=4
	[ $all -eq 100 ] || [ "$jobs" -eq 1 ] || when=1 # a thread has one key of so few
	killed "$jobs" "$call" "$when" import dir/*.bundle
	tap_is "$killed_status" 137 "import, $jobs at a time, killed at $call number $when" || tap_diag "$(cat killed.err)"
	whole
	tap_ok $? "every bundle is whole, $(grep -l '"receipt"' dir/*.bundle | wc -l) of $all have a receipt"
done <<'TABLE'
1 /^rename 3
1 fsync 8
1 write 60
1 connect 9
32 /^rename 1
32 fsync 2
32 connect 2
32 write 1
TABLE
tap_exits 0 "import, run again to its end" "$kms" import dir/*.bundle $rate
tap_is "$(jq -s 'map(select(.receipt)) | length' dir/*.bundle)" $all "a receipt each"

# What KMS has of each key: one material, the receipt's, and it is the bundle's blob.
mkdir blobs
jq -r '[(input_filename | sub(".*/"; "")), .material.encrypted_key_material] | @tsv' dir/*.bundle | while read -r name blob; do
	printf %s "$blob" | base64 -d >"blobs/$name"
done
(cd blobs && sha256sum -- *.bundle) | sed 's/\([^ ]*\)  \(.*\)/\2 sha256:\1/' | sort >digests
jq -r '[(input_filename | sub(".*/"; "")), .request.kms_key_arn, .receipt.key_material_id] | join(" ")' dir/*.bundle |
	sort | join - digests | cut -d' ' -f2- | sort >wanted
jq -r '.arn as $arn | .materials[] | [$arn, .id, .description] | join(" ")' state/key-*.json | sort >has
tap_is "$(cmp has wanted 2>&1; wc -l <has | tr -d ' ')" $all "every key has one material: the receipt's, of the bundle's blob"
tap_exits 0 "and once more changes nothing" "$kms" import dir/*.bundle $rate
tap_like "$tap_out" "^$all bundles: $all already imported\$" "all are imported already"
sim_stop
tap_done $((2 * kills + 11))
