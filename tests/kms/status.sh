#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms status and delete against keyhaul-sim: what is well, what expires, what is missing, what goes and what stays.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq curl
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
keep="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"

problems() {
	printf '%s' "$tap_out" | jq -r '.results[0].problems | join("; ")'
}

haul_start_sim
symmetric=$(kms create --key-spec SYMMETRIC_DEFAULT)
mac=$(kms create --key-spec HMAC_256)
haul_key one
haul_key two
haul_key mac 32
tap_exits 2 "no key is named" kms status
tap_exits 2 "a span that is none" kms status --expiring-within soon --key-id "$symmetric"
tap_exits 7 "a key that waits for its material" kms status --json --key-id "$symmetric"
tap_like "$(problems)" "waits for key material" "and that is said"
haul_import one.bundle "$symmetric" one --valid-to 40d
# shellcheck disable=SC2086 # words on purpose
haul_import mac.bundle "$mac" mac $keep
tap_exits 0 "all well: a bundle and an id" kms status one.bundle --key-id "$mac"
tap_like "$tap_out" "CURRENT, expires .*, in (39|40) days" "the expiry in dates and days"
tap_like "$tap_out" "0 of 25 on-demand rotations done" "and the rotations"
# what is wider than the terminal is broken between the columns, and nowhere else
tmux -L "wide$$" -f /dev/null new-session -d -s wide -x 80 -y 24 "$KEYHAUL_BUILD/keyhaul-kms import one.bundle mac.bundle; exec cat" 2>/dev/null
wide() {
	tmux -L "wide$$" capture-pane -p -J -t wide 2>/dev/null
}
shown() {
	wide | grep -q '^2 bundles:'
}
if tap_poll 20 shown; then
	tap_is "$(wide | awk 'length > 80') $(wide | grep -c '^  arn:aws:kms:[^ ]*$')" " 2" "a table on a terminal of 80 columns"
else
	tap_skip "a table on a terminal of 80 columns" "there is no tmux"
fi
tmux -L "wide$$" kill-server 2>/dev/null
tap_like "$(kms import one.bundle mac.bundle)" "^one.bundle +already imported +expires 20.*Z +$symmetric\$" "and in a file: a line a bundle"
tap_exits 7 "within 41 days it expires" kms status --json --expiring-within 41d one.bundle
tap_like "$(problems)" "expires at .*, in (39|40) days: import it again before \(.keyhaul renew., or fetch --plan --expiring-within\)" "and that is said, and by what"
tap_is "$(printf '%s' "$tap_out" | jq -r '.results[0] | [.well, .key_state, .materials[0].days_left >= 39, .materials[0].imported] | @csv')" \
	'false,"Enabled",true,true' "and in the document"
tap_run kms status --key-id "$mac" nothere.bundle "$symmetric"
tap_is "$tap_status" 3 "a bundle that is not there"
tap_like "$tap_out" "$mac" "does not stop the others"
tap_exits 6 "a key that does not answer" env AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9 \
	"$KEYHAUL_BUILD/keyhaul-kms" status --key-id "$symmetric"
tap_exits 5 "one that is not there for KMS" kms status --key-id 00000000-0000-0000-0000-000000000000
tap_like "$tap_err" "hint: no such key in us-east-1:" "the Region that was asked is named"
tap_run kms status --region eu-cental-1 --key-id alias/x alias/y
tap_is "$(printf '%s\n' "$tap_err" | grep -c "^warning: 'eu-cental-1' .*: was eu-central-1 meant?\$")" 1 "a Region that AWS does not publish is doubted, once"

# by a plan: one that is there, and one that it makes
printf '%s\n' 'keyhaul_plan: 1' 'keys:' '  - name: there' "    key_id: $mac" '    expires: never' \
	"    materials: [{key_uri: 'pkcs11:object=a'}]" '  - name: made' '    create: {key_spec: HMAC_256}' '    expires: never' \
	"    wrapping_key_spec: RSA_2048" "    materials: [{key_uri: 'pkcs11:object=b'}]" >plan.yaml
tap_exits 3 "by a plan that is none" kms status --plan metrics.none
tap_run kms status --json --plan plan.yaml
tap_is "$tap_status $(printf '%s' "$tap_out" | jq -c '[.results[] | [.item, .ok]]')" '2 [["there",true],["made",false]]' \
	"by a plan, without the folder of what it made"
tap_run kms fetch --plan plan.yaml --out made
tap_exits 7 "and with it" kms status --json --plan plan.yaml --dir made
tap_is "$(printf '%s' "$tap_out" | jq -c '[.results[] | [.item, .key_state]]')" '[["there","Enabled"],["made","PendingImport"]]' \
	"each by its name"
tap_run kms status --plan plan.yaml --dir made
tap_like "$tap_out" "^there:" "in words too"
tap_run kms status --format prometheus --plan plan.yaml --dir made --key-id "$mac"
tap_is "$(printf '%s\n' "$tap_out" | grep -c "^keyhaul_kms_key_name{key=\"$mac\",name=\"there\"} 1\$")" 1 "and for Prometheus"

# the exposition format: each metric once, its samples behind it
tap_exits 0 "for Prometheus" kms status --format prometheus --key-id "$symmetric" "$mac"
printf '%s\n' "$tap_out" >metrics
tap_is "$(awk '/^# TYPE/ { name = $3; seen[name]++; next } /^#/ { next } { sub(/[{ ].*/, ""); if ($0 != name) bad++ }
	END { for (n in seen) if (seen[n] != 1) bad++; print bad + 0 }' metrics)" 0 "samples stand with their metric"
tap_is "$(grep -c '^keyhaul_kms_key_up{key="arn:aws:kms:us-east-1:000000000000:key/[^"]*"} 1$' metrics)" 2 "both are up"
valid=$(sed -n 's/^keyhaul_kms_material_valid_to_timestamp_seconds{.*} //p' metrics)
[ $((valid - $(date +%s))) -gt 3400000 ] && [ $((valid - $(date +%s))) -le 3456000 ]
tap_ok $? "the expiry as seconds since 1970"
# a key that is named twice has a series once, and its ARN for a name whether it answers or not
cp one.bundle twin.bundle
up() {
	printf '%s\n' "$tap_out" | grep '^keyhaul_kms_key_up' | xargs -d '\n'
}
twice() {
	printf '%s\n' "$tap_out" | sed -n '/^[^#]/s/ [^ ]*$//p' | sort | uniq -d
}
tap_exits 0 "one key, by two bundles, its ARN and its id" kms status --format prometheus one.bundle twin.bundle --key-id "$symmetric" "${symmetric##*/}"
tap_is "$(up) $(twice)" "keyhaul_kms_key_up{key=\"$symmetric\"} 1 " "each series stands there once"
tap_run kms status one.bundle twin.bundle
tap_is "$(printf '%s\n' "$tap_out" | grep -c "$symmetric")" 1 "in words the key of two bundles stands there once"
sed "s,key_id: .*,key_id: $mac," plan.yaml | sed '/name: made/,$d' >arn.yaml
tap_run env AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9 "$KEYHAUL_BUILD/keyhaul-kms" status --format prometheus \
	--plan arn.yaml one.bundle twin.bundle --key-id "$symmetric" alias/x
tap_is "$(up)$(twice)" "keyhaul_kms_key_up{key=\"$symmetric\"} 0 keyhaul_kms_key_up{key=\"alias/x\"} 0 keyhaul_kms_key_up{key=\"$mac\"} 0" \
	"where it does not answer, by bundle, plan or option: by its ARN, once"
haul_stop_sim
haul_start_sim --fault DescribeKey:1=AccessDeniedException
tap_exits 5 "one that answers at the second time" kms status --format prometheus --key-id "$symmetric" "$symmetric"
tap_is "$(up) $(twice)" "keyhaul_kms_key_up{key=\"$symmetric\"} 1 " "is up"
mkdir collector
KEYHAUL_KMS=$KEYHAUL_BUILD/keyhaul-kms "$KEYHAUL_SRC/doc/examples/keyhaul-textfile" collector "$symmetric" "$mac"
tap_is "$? $(ls collector) $(grep -vc timestamp_seconds collector/keyhaul.prom)" "0 keyhaul.prom $(grep -vc timestamp_seconds metrics)" \
	"the example for the textfile collector"

# what is deleted: another by its id, the current one, all
# shellcheck disable=SC2086
haul_import two.bundle "$symmetric" two $keep --import-type NEW_KEY_MATERIAL
second=$(jq -r .receipt.key_material_id two.bundle)
first=$(jq -r .receipt.key_material_id one.bundle)
tap_exits 2 "delete without a terminal and --yes" setsid "$KEYHAUL_BUILD/keyhaul-kms" delete --key-id "$symmetric"
tap_exits 2 "an id and all" kms delete --yes --all --key-material-id "$second" --key-id "$symmetric"
tap_exits 3 "a material that is none of the key's" kms delete --yes --key-material-id "$(printf '00%.0s' $(seq 32))" --key-id "$symmetric"
tap_exits 2 "an id for a key that has none" kms delete --yes --key-material-id "$second" --key-id "$mac"
tap_exits 0 "nothing was deleted by these" kms status one.bundle mac.bundle
tap_like "$tap_out" "CURRENT, expires .*, note \"sha256:[0-9a-f]*\"$" "the description is marked as one"
tap_exits 0 "the staged one, by its id" kms delete --yes --key-material-id "$second" --key-id "$symmetric"
tap_exits 0 "the key is well all the same" kms status --json one.bundle
tap_is "$(printf '%s' "$tap_out" | jq -c '[.results[0].materials[].key_material_id]')" "[\"$first\"]" "and has the other alone"
tap_exits 0 "the current one" kms delete --yes --json --key-id "$symmetric"
tap_is "$(printf '%s' "$tap_out" | jq -c '.results[0] | [.deleted, .key_state]')" "[[\"$first\"],\"PendingImport\"]" "its id and the state"
tap_exits 0 "once more" kms delete --yes --key-id "$symmetric"
tap_like "$tap_out" "nothing to delete" "there is nothing"
tap_exits 7 "a material that is missing" kms status --json one.bundle
tap_like "$(problems)" "material $first \(CURRENT\) is missing" "it is named"
tmux -L "delete$$" -f /dev/null new-session -d -s delete -x 200 -y 20 "$KEYHAUL_BUILD/keyhaul-kms delete --key-id $mac" 2>/dev/null
asked() {
	tmux -L "delete$$" capture-pane -p -t delete 2>/dev/null | grep -q "until"
}
if tap_poll 20 asked; then
	asked_what=$(tmux -L "delete$$" capture-pane -p -t delete)
	tap_like "$asked_what" "^This deletes the key material of $mac\.$" "an HMAC key has no list of materials"
	tap_like "$asked_what" "It cannot make or verify MACs until" "and what is lost is what it does"
else
	tap_skip "an HMAC key has no list of materials" "there is no tmux"
	tap_skip "and what is lost is what it does" "there is no tmux"
fi
tmux -L "delete$$" kill-server 2>/dev/null
tap_exits 0 "the only one of an HMAC key" kms delete --yes --all --key-id "$mac"
tap_exits 7 "which waits again" kms status mac.bundle
tap_exits 7 "a bundle's key elsewhere than where it came from" kms status --endpoint-url http://localhost:9 one.bundle

# expiry comes with the simulator's clock; an answer that is lost, and one that is late
haul_import one.bundle "$symmetric" one --valid-to 2d
haul_stop_sim
haul_start_sim --clock +3d
tap_exits 7 "after its time" kms status --json one.bundle
tap_like "$(problems)" "PendingImport|waits for key material.*$first \(CURRENT\) is missing" "it has gone"
haul_stop_sim
haul_start_sim --fault DeleteImportedKeyMaterial:1=drop --lag 1
# shellcheck disable=SC2086
haul_import one.bundle "$symmetric" one $keep
tap_exits 0 "a deletion whose answer is lost, and shows late" kms delete --yes --key-id "$symmetric"
tap_is "$(kms status --json one.bundle | jq -r '.results[0].materials[0].imported')" false "it is gone"
sim_request "$(sim_date 0)" TrentService.DescribeKey "{\"KeyId\":\"$mac\"}" | cut -d' ' -f2- |
	jq -c '.KeyMetadata.KeyState = "En\"} 1\nevil{x=\"" | .KeyMetadata.KeySpec = "S\nevil"' | sed 's/^/DescribeKey:1+=http 200 /' >evil
haul_stop_sim

# a state with a quote and a line end in it: no line and no label of its own
haul_start_sim --fault ./evil
tap_run kms status --key-id "$mac"
tap_like "$tap_out" 'En"} 1.x0Aevil\{x=", S.x0Aevil' "a line end from KMS is shown as one, in words"
tap_is "$(printf '%s\n' "$tap_out" | grep -c '^evil')" 0 "and is none"
tap_run kms status --format prometheus --key-id "$mac"
tap_is "$(printf '%s\n' "$tap_out" | grep '^keyhaul_kms_key_state\|^evil')" "keyhaul_kms_key_state{key=\"$mac\",state=\"En?} 1?evil{x=?\"} 1" \
	"nor a label's end"
tap_run kms delete --yes --key-id "$mac"
tap_is "$(printf '%s\n' "$tap_out$tap_err" | grep -c '^evil')" 0 "delete shows it likewise"
haul_stop_sim

# where ListKeyRotations is denied: what DescribeKey tells, and that the rest is not known
haul_start_sim --fault 'ListKeyRotations:1+=AccessDeniedException'
haul_import one.bundle "$symmetric" one --valid-to 40d
tap_exits 0 "status without the list of materials" kms status one.bundle
tap_like "$tap_out$tap_err" "materials are not known.*AccessDenied" "it says so"
tap_exits 7 "its expiry is judged all the same" kms status --expiring-within 41d one.bundle
tap_exits 5 "delete all, without knowing which" kms delete --yes --all --key-id "$symmetric"
tap_exits 0 "one by its id" kms delete --yes --json --key-material-id "$first" --key-id "$symmetric"
tap_is "$(printf '%s' "$tap_out" | jq -c '.results[0] | [.deleted, .key_state]')" "[[\"$first\"],\"PendingImport\"]" "it is deleted"
haul_stop_sim
haul_start_sim --fault 'DescribeKey:1+=AccessDeniedException'
tap_is "$(kms import --json one.bundle 2>/dev/null | jq -r '.results[0] | "\(.result) \(.visible)"')" "with a receipt false" \
	"import of what has a receipt says no more than that"
haul_stop_sim
tap_done 70
