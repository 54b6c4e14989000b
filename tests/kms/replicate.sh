#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms replicate against keyhaul-sim: the replica, the wait while it is made, its bundle; run again; refused before.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq curl
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
keep="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"

haul_start_sim --replica-delay 1 --lag 1 --fault ReplicateKey:1=drop
haul_key m
single=$(kms create --key-spec HMAC_256)
primary=$(kms create --key-spec SYMMETRIC_DEFAULT --multi-region)
europe=$(printf '%s' "$primary" | sed s/us-east-1/eu-west-1/)
# reading lags behind: the key is not seen at once
tap_poll 10 kms status --json --key-id "$primary" "$single" >/dev/null 2>&1
printf '{"Statement": []}' >policy.json
printf '[]' >nopolicy.json

tap_exits 2 "no word of a policy" kms replicate --key-id "$primary" --replica-region eu-west-1
tap_exits 2 "two of them" kms replicate --key-id "$primary" --replica-region eu-west-1 --policy policy.json --default-policy
tap_exits 2 "no Region" kms replicate --key-id "$primary" --replica-region "the moon" --default-policy
tap_exits 3 "a policy that is none" kms replicate --key-id "$primary" --replica-region eu-west-1 --policy nopolicy.json
tap_exits 7 "a key of one Region" kms replicate --key-id "$single" --replica-region eu-west-1 --default-policy
: >there.bundle
tap_exits 3 "a bundle that is there" kms replicate --key-id "$primary" --replica-region eu-west-1 --default-policy --out there.bundle
tap_is "$(kms status --json --key-id "$europe" 2>/dev/null | jq -r '.results[0].ok')" false "nothing was made by these"
# shellcheck disable=SC2086 # words on purpose
tap_exits 0 "a replica whose answer is lost, made after a while" kms replicate --json --key-id "$primary" \
	--replica-region eu-west-1 --policy policy.json --tags TagKey=a,TagValue=1 --wrapping-key-spec RSA_2048 $keep --out e.bundle
tap_is "$(printf '%s' "$tap_out" | jq -r '.results[0] | [.kms_key_arn, .key_state, .was_there, .bundle] | @csv')" \
	"\"$europe\",\"PendingImport\",false,\"e.bundle\"" "its ARN, and the state that it waits in"
tap_is "$(jq -r '.request | [.kms_key_arn, .multi_region, .intent.expiration_model] | @csv' e.bundle)" \
	"\"$europe\",true,\"KEY_MATERIAL_DOES_NOT_EXPIRE\"" "its bundle"
tap_exits 0 "again, without a bundle" kms replicate --key-id "$primary" --replica-region eu-west-1 --default-policy
tap_like "$tap_out$tap_err" "was there already" "no second one is made"
tap_exits 7 "by the replica" kms replicate --key-id "$europe" --replica-region ap-south-1 --default-policy
tap_like "$tap_err" "that is $primary" "the primary is named"
# shellcheck disable=SC2086
haul_import p.bundle "$primary" m $keep
haul_wrap e.bundle m.raw
tap_exits 0 "the same key into it" kms import e.bundle
tap_is "$(jq -r .receipt.key_material_id p.bundle)" "$(jq -r .receipt.key_material_id e.bundle)" "one material in both Regions"
for named in "$primary" "${primary##*/}"; do
	rm -f u.bundle
	# shellcheck disable=SC2086
	tap_exits 0 "--region is the primary's: ${named%%:*}" kms replicate --key-id "$named" --region us-east-1 \
		--replica-region us-west-2 --default-policy --wrapping-key-spec RSA_2048 $keep --out u.bundle
done
tap_is "$(jq -r .request.kms_key_arn u.bundle)" "$(printf '%s' "$primary" | sed s/us-east-1/us-west-2/)" "and the bundle is the replica's"
haul_stop_sim
haul_start_sim --replica-delay 3600
tap_exits 6 "a replica that takes its time" kms replicate --key-id "$primary" --replica-region ap-south-1 --default-policy --wait-timeout 0
tap_like "$tap_err" "not ready yet" "it says so"
haul_stop_sim
tap_done 21
