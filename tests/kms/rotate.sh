#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms rotate: a multi-Region key with two replicas rotated twice through bundles against keyhaul-sim, stopped
# between all steps and run again; what is refused before anything is sent; answers that get lost.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq curl
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
keep="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"
AWS_MAX_ATTEMPTS=1
export AWS_MAX_ATTEMPTS

# $1 Region, $2 operation, $3 body: the answer's body
ask() {
	AWS_REGION=$1 sim_request "$(sim_date 0)" "TrentService.$2" "$3" | cut -d' ' -f2-
}

# the same simulator with other options
again() {
	haul_stop_sim
	haul_start_sim "$@"
}

# "STATE IMPORTED ..." of a key's materials
states() {
	kms status --json --key-id "$1" 2>/dev/null | jq -r '[.results[0].materials[] | "\(.state) \(.imported)"] | join(", ")'
}

# the bundles of one rotation: $1 its number; the same key for each Region
bundles() {
	haul_key "m$1"
	# shellcheck disable=SC2086 # words on purpose
	haul_bundle "p$1.bundle" "$primary" "m$1" $keep --import-type NEW_KEY_MATERIAL &&
		haul_bundle "e$1.bundle" "$europe" "m$1" $keep --import-type EXISTING_KEY_MATERIAL &&
		haul_bundle "a$1.bundle" "$asia" "m$1" $keep --import-type EXISTING_KEY_MATERIAL
}

# $1 its number, $2 seconds to wait
rotate() {
	rotate_n=$1
	shift
	kms rotate "p$rotate_n.bundle" "e$rotate_n.bundle" "a$rotate_n.bundle" --wait-timeout "${1:-20}"
}

haul_start_sim --replica-delay 0
primary=$(kms create --key-spec SYMMETRIC_DEFAULT --multi-region)
id=${primary##*/}
europe=$(ask us-east-1 ReplicateKey "{\"KeyId\":\"$id\",\"ReplicaRegion\":\"eu-west-1\"}" | jq -r .ReplicaKeyMetadata.Arn)
asia=$(ask us-east-1 ReplicateKey "{\"KeyId\":\"$id\",\"ReplicaRegion\":\"ap-south-1\"}" | jq -r .ReplicaKeyMetadata.Arn)
haul_key m0
tap_exits 2 "no key is named" kms rotate
tap_exits 7 "a key without material" kms rotate --key-id "$primary"
tap_like "$tap_err" "PendingImport" "it says why"
for where in "$primary" "$europe" "$asia"; do
	# shellcheck disable=SC2086
	haul_import m0.bundle "$where" m0 $keep || exit 1
done
sealed=$(ask us-east-1 Encrypt "{\"KeyId\":\"$id\",\"Plaintext\":\"$(printf 'before' | base64)\"}" | jq -r .CiphertextBlob)
tap_exits 7 "nothing waits for its rotation" kms rotate --key-id "$europe"
tap_like "$tap_err" "fetch --key-id $primary --import-type NEW_KEY_MATERIAL" "it says what to fetch"

# What is refused before anything is sent.
bundles 1
other=$(kms create --key-spec SYMMETRIC_DEFAULT)
# shellcheck disable=SC2086
haul_bundle other.bundle "$other" m1 $keep
cp p1.bundle twin.bundle
jq 'del(.material)' p1.bundle >bare.bundle
tap_exits 7 "without a bundle for a replica" kms rotate p1.bundle e1.bundle
tap_like "$tap_err" "no bundle for the replica $asia" "it is named"
tap_exits 2 "a bundle of another key" kms rotate p1.bundle e1.bundle a1.bundle other.bundle
tap_exits 2 "two bundles of one key" kms rotate p1.bundle twin.bundle e1.bundle a1.bundle
tap_like "$tap_err" "hint: name one bundle for each key, that of the new material" "it says which to leave out"
tap_exits 3 "a bundle without a key in it" kms rotate bare.bundle e1.bundle a1.bundle
tap_is "$(states "$primary")" "CURRENT true" "nothing is staged"

# The first rotation, stopped before each step: what comes next fails, and the next run goes on there.
again --fault ImportKeyMaterial:2+=close --rotation-delay 3600
tap_exits 6 "stopped behind the primary's import" rotate 1
tap_is "$(states "$primary")" "CURRENT true, PENDING_MULTI_REGION_IMPORT_AND_ROTATION true" "the primary has it"
tap_is "$(states "$europe")" "CURRENT true, PENDING_MULTI_REGION_IMPORT_AND_ROTATION false" "the first replica has not"
tap_like "$(kms status --key-id "$europe")" "NOT WELL: material [0-9a-f]* waits to be imported here" "and status says what it waits for"
again --fault ImportKeyMaterial:2+=close --rotation-delay 3600
tap_exits 6 "stopped behind the first replica's" rotate 1
tap_is "$({ states "$europe"; states "$asia"; } | grep -c 'ROTATION true')" 1 "one replica has it, the other has not"
tap_exits 7 "without a bundle, and it is not everywhere" kms rotate --key-id "$primary"
tap_like "$tap_err" "no bundle for the replica ($europe|$asia)" "which replica is named"
again --fault RotateKeyOnDemand:1+=close --rotation-delay 3600
tap_exits 6 "stopped before RotateKeyOnDemand" rotate 1 1
tap_is "$(states "$primary")" "CURRENT true, PENDING_ROTATION true" "every key has it"
again --rotation-delay 3600
tap_exits 6 "stopped while it rotates" rotate 1 0
tap_like "$tap_err" "under way, and not done yet" "it says so"
again --fault RotateKeyOnDemand:1+=AccessDeniedException --rotation-delay 3600
tap_exits 6 "the next run only waits, by the key alone" kms rotate --wait-timeout 0 --key-id "$europe"
again --clock +2h --fault RotateKeyOnDemand:1+=AccessDeniedException
tap_exits 0 "and is done" rotate 1
tap_like "$tap_out" "1 on-demand rotation done, AWS's limit is 25" "the count and the limit"
for where in "$primary" "$europe" "$asia"; do
	tap_is "$(states "$where")" "NON_CURRENT true, CURRENT true" "current in ${where#arn:aws:kms:}"
done
tap_run kms rotate --json p1.bundle e1.bundle a1.bundle
tap_is "$tap_status $(printf '%s' "$tap_out" | jq -r '.results[0] | [.result, .rotations, .imported, .replicas] | @csv')" \
	'0 "current already",1,0,2' "once more: nothing is left to do"

# Current in the primary is not yet current in every Region: the second look at the last replica shows the one of before.
old=$(jq -r .receipt.key_material_id m0.bundle)
last=$(ask us-east-1 DescribeKey "{\"KeyId\":\"$primary\"}" | jq -r '.KeyMetadata.MultiRegionConfiguration.ReplicaKeys[-1] | "\(.Region) \(.Arn)"')
ask "${last% *}" DescribeKey "{\"KeyId\":\"${last#* }\"}" | jq -c --arg old "$old" '.KeyMetadata.CurrentKeyMaterialId = $old' |
	sed 's/^/DescribeKey:8=http 200 /' >late
again --fault ./late
tap_exits 6 "a replica that has not followed yet" rotate 1 0
tap_like "$tap_err" "under way, and not done yet" "is waited for"
again --fault ./late
tap_exits 0 "until it has" rotate 1

# The second, every answer that counts lost and reading late: in one run, and each sent once.
bundles 2
tap_exits 7 "bundles of two rotations" kms rotate p2.bundle e1.bundle a2.bundle
tap_like "$tap_err" "e1.bundle is of another rotation" "the one of before is named"
again --lag 1 --rotation-delay 1 --fault ImportKeyMaterial:1=drop --fault RotateKeyOnDemand:1=drop \
	--fault RotateKeyOnDemand:2+=AccessDeniedException
tap_exits 0 "rotated, with lost answers and late sight" rotate 2
tap_like "$tap_out" "2 on-demand rotations done" "the second"
tap_like "$tap_err" "RotateKeyOnDemand got lost, and KMS shows the rotation" "the lost answer is settled"
m2=$(jq -r .receipt.key_material_id p2.bundle)
tap_is "$(jq -sr '[.[].receipt.key_material_id] | unique | join(" ")' ?2.bundle)" "$m2" "one material in every receipt"
again
tap_is "$(ask ap-south-1 Decrypt "{\"CiphertextBlob\":\"$sealed\"}" | jq -r .Plaintext | base64 -d)" before \
	"what was encrypted before opens in another Region"
tap_exits 7 "a rotation that is over" kms rotate p1.bundle e1.bundle a1.bundle
tap_like "$tap_err" "was current before" "it says so"

# Two keys into one staging: KMS tells them apart, and the replica takes the right one then.
bundles 3
haul_key wrong
haul_wrap e3.bundle wrong.raw
tap_exits 5 "another key in a replica's bundle" rotate 3
tap_like "$tap_err" "e3.bundle: .*IncorrectKeyMaterialException" "KMS refuses it"
tap_is "$(states "$primary")" "NON_CURRENT true, NON_CURRENT true, CURRENT true, PENDING_MULTI_REGION_IMPORT_AND_ROTATION true" \
	"nothing was rotated"
haul_wrap e3.bundle m3.raw
tap_exits 0 "and with the right one it goes on" rotate 3
tap_like "$tap_out" "3 on-demand rotations done" "the third"

# A key that has had all the rotations that AWS allows is not staged for another.
# shellcheck disable=SC2086
haul_import other.bundle "$other" m1 $keep && haul_bundle next.bundle "$other" m2 $keep --import-type NEW_KEY_MATERIAL
haul_stop_sim
other_file=$(find state -name "key-*${other##*/}*.json")
for had in 25 24; do
	jq --argjson had $had '.materials |= (map(select(.state == "CURRENT"))[0] + {rotated: 0} | . as $is |
		[range(10; 10 + $had) as $n | $is + {id: ("\($n)" * 32), state: "NON_CURRENT"}] + [$is] |
		.[1:][] += {rotated: (now | floor)})' "$other_file" >x && mv x "$other_file"
	haul_start_sim --rotation-delay 3600
	[ $had -eq 25 ] && tap_exits 7 "a key that was rotated 25 times" kms rotate next.bundle --wait-timeout 1
	[ $had -eq 24 ] && tap_exits 6 "and 24 times" kms rotate next.bundle --wait-timeout 1
	tap_like "$tap_err" "$([ $had -eq 25 ] && echo 'has had 25 on-demand rotations, and AWS.s limit is 25' || echo 'under way')" "is told"
	tap_is "$(states "$other" | grep -c PENDING)" $((25 - had)) "and staged, or not"
	haul_stop_sim
done
tap_done 54
