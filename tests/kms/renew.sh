#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# fetch --plan --expiring-within: which materials are due by KMS's word and the folder's bundles, which of KMS's each of the
# plan's is, what is refused, and that nothing else is touched. tests/e2e/renew.sh has the token.
# shellcheck disable=SC2086,SC2154 # lists of words on purpose
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"

# plan FILE KEY-ID EXPIRES MATERIAL...: a plan of one key, each material as YAML's inside of {}
plan() {
	plan_file=$1
	{
		printf 'keyhaul_plan: 1\nkeys:\n  - name: k\n    key_id: %s\n    wrapping_key_spec: RSA_2048\n' "$2"
		printf "    expires: %s\n    materials:\n" "$3"
		shift 3
		printf "      - {key_uri: 'pkcs11:object=%s'}\n" "$@" | sed "s/,id:\([0-9a-f]*\)'}/', key_material_id: \1}/"
	} >"$plan_file"
}
within=30d
# due DIR [OPTION...]: "MATERIAL RESULT|STATUS" of each, in one line
due() {
	due_dir=$1
	shift
	tap_run kms fetch --plan p.yaml --out "$due_dir" --expiring-within "$within" --rate GetParametersForImport=1000 --json "$@"
	due=$(printf %s "$tap_out" | jq -r '[.results[] | if .ok then "\(.material) \(.result)" else "\(.error.status)" end] | join(", ")')
}
# is STATUS RESULTS WHAT
is() {
	tap_is "$tap_status $due" "$1 $2" "$3" || tap_diag "$tap_err"
}
id_of() {
	jq -r .receipt.key_material_id "$1"
}

# the one size of wrapping keys that is asked for
mkdir pool
openssl genrsa -out pool/rsa-2048-01.pem 2048 2>/dev/null
haul_start_sim --rotation-delay 0
arn=$(kms create --key-spec SYMMETRIC_DEFAULT)
mac=$(kms create --key-spec HMAC_256)
for key in m1 m2 m3 mac; do
	haul_key $key
done
plan p.yaml "$arn" 90d one
due new
is 0 "1 not imported yet" "a key that never had material: its first import is none of a renewal's"
haul_import 1.bundle "$arn" m1 --valid-to 10d
haul_bundle 2.bundle "$arn" m2 --valid-to 20d --import-type NEW_KEY_MATERIAL
kms rotate 2.bundle >/dev/null 2>&1
haul_import 3.bundle "$arn" m3 --valid-to 80d --import-type NEW_KEY_MATERIAL
one=$(id_of 1.bundle) two=$(id_of 2.bundle) three=$(id_of 3.bundle)

# ---- which of KMS's materials is which --------------------------------------------------
plan p.yaml "$arn" 90d a,id:$one b,id:$two c,id:$three
due ids
is 0 "1 fetched, 2 fetched, 3 not due" "by the plan's ids: what expires within 30 days"
tap_is "$(jq -c '.request | [.intent, .key_uri]' ids/k.2.us-east-1.bundle)" \
	"[{\"expiration_model\":\"KEY_MATERIAL_EXPIRES\",\"import_type\":\"EXISTING_KEY_MATERIAL\",\"key_material_id\":\"$two\",\"valid_for\":7776000},\"pkcs11:object=b\"]" \
	"as what KMS has, from the plan's key, with the plan's expiry"
tap_is "$(find ids -type f | sort | xargs)" "ids/k.2.us-east-1.bundle ids/k.us-east-1.bundle" "and of no other is there a bundle"
due ids
is 0 "1 kept, 2 kept, 3 not due" "run again: the same requests"
within=5d
due ids
is 0 "1 not due, 2 not due, 3 not due" "requests that wait, where nothing is due, are not gone on with"
within=30d
due ids --expiring-within 15d 2>/dev/null
tap_is "$tap_status" 2 "said twice"
tap_exits 2 "no span" kms fetch --plan p.yaml --out ids --expiring-within tomorrow
tap_exits 2 "without a plan" kms fetch --key-id "$arn" --out x --expiring-within 30d
plan p.yaml "$arn" 90d a b,id:$two c,id:$three
due left
is 0 "1 fetched, 2 fetched, 3 not due" "the one that is left is the one without an id"
plan p.yaml "$arn" 90d a b,id:$two c
due new
is 0 "1 fetched, 2 fetched, 3 not due" "of two the new one is that which waits for its rotation"
mkdir by
plan p.yaml "$arn" 90d a b,id:$three
cp 2.bundle by/k.us-east-1.bundle
due by
is 7 "1 fetched, 2 not due, 7" "by the receipt in the folder; and what the plan has no key for"
tap_like "$tap_err" "^error: k: the material $one \(NON_CURRENT\) of $arn expires soon, and the plan names no key" "is named"
tap_is "$(jq -r .request.intent.key_material_id by/k.us-east-1.bundle) $(cmp by/k.us-east-1.bundle.renewed-1 2.bundle && echo kept)" "$two kept" \
	"the new request is in the place of what was imported, which stays beside it"
due by
is 7 "1 kept, 2 not due, 7" "run again: which one it is, is still known"
plan p.yaml "$arn" 90d a b
due unknown
is 7 "7, 2 not due" "two without an id, and two that could be the first"
tap_like "$tap_err" "which of the 3 materials .* is not known" "is said"
plan p.yaml "$arn" 90d "a,id:$(printf %064d 7)"
due unknown
is 7 7 "an id that KMS does not know"

# ---- what a renewal would not change, and what is no renewal -----------------------------------
plan p.yaml "$arn" "$(date -u -d '+5 days' +%Y-%m-%dT%H:%M:%SZ)" a,id:$one b,id:$two c,id:$three
due later
tap_unlike "$tap_err" "warning: k: 'expires' is no longer" "a time is no span"
is 7 "7, 7, 3 not due" "an expiry of the plan that is no later than KMS's"
tap_like "$tap_err" "p.yaml: line 6, column|line 6, column [0-9]+: the material of $arn expires at .* and this is no later" "with its line"
plan p.yaml "$arn" "$(jq -r .receipt.valid_to 1.bundle)" a,id:$one b,id:$two c,id:$three
due later
is 7 "7, 7, 3 not due" "nor the very same"
plan p.yaml "$arn" 90d a,id:$one b,id:$two c,id:$three
mkdir fresh
while read -r ago one_is; do
	jq --argjson ago "$ago" '.receipt.valid_to = (now + 7776000 | floor | todate) | .receipt.imported_at = (now - $ago | floor | todate)' \
		1.bundle >fresh/k.us-east-1.bundle
	due fresh
	is 0 "1 $one_is, 3 not due" "imported $ago seconds ago, and KMS shows the expiry of before"
done <<'TABLE'
120 not due, 2 fetched
900 fetched, 2 kept
TABLE
mkdir first
jq 'del(.receipt)' 1.bundle >first/k.us-east-1.bundle
due first
is 7 "7, 2 fetched, 3 not due" "a bundle of another import in the place"
tap_is "$(jq 'del(.receipt)' 1.bundle | cmp - first/k.us-east-1.bundle && echo same)" same "is left as it is"

# ---- a key that the plan makes, and no folder that says which it became --------------------
printf "keyhaul_plan: 1\nkeys:\n  - {name: m, create: {key_spec: HMAC_256}, wrapping_key_spec: RSA_2048, expires: 90d, materials: [{key_uri: 'pkcs11:object=m'}]}\n" >made.yaml
sed -n '3,$p' p.yaml >>made.yaml
tap_exits 3 "no folder" kms fetch --plan made.yaml --out nowhere --expiring-within 30d
tap_like "$tap_err" "nowhere: there is no such folder, and the plan makes 'm'" "which is said"
tap_like "$tap_err" "^hint: name the folder of 'fetch --plan --out'" "and which one is meant"
tap_is "$(ls -d nowhere 2>/dev/null)" "" "and nothing was fetched"

# ---- what is gone: expired or deleted? -----------------------------------------------------------
kms delete --yes --key-material-id "$two" --key-id "$arn" >/dev/null 2>&1
mkdir gone
cp 1.bundle gone/k.us-east-1.bundle
cp 2.bundle gone/k.2.us-east-1.bundle
due gone
is 7 "1 fetched, 7, 3 not due" "deleted before its time: it is not put back"
tap_like "$tap_err" "the material $two of $arn is missing, and its time is not over: it was deleted" "and said so"
tap_is "$(cmp gone/k.2.us-east-1.bundle 2.bundle && echo same)" same "its bundle is as it was"
due bare
is 0 "1 fetched, 2 fetched, 3 not due" "where nothing tells, what expires by the plan is taken for expired"
tap_like "$tap_err" "warning: .*the material $two is missing, and is taken for expired" "with a warning"
plan p.yaml "$arn" never a,id:$one b,id:$two c,id:$three
due never
is 7 "1 fetched, 7, 3 not due" "what does not expire was deleted"

# ---- the simulator's clock; keys of one material for life ---------------------------------------
haul_import mac.bundle "$mac" mac --valid-to 40d
plan p.yaml "$mac" 90d mac
due mac
is 0 "1 not due" "an HMAC key's, 40 days before its end"
plan p.yaml "$mac" 30d mac
due mac
tap_like "$tap_err" "warning: k: 'expires' is no longer than --expiring-within" "a span that is over at once is warned of"
plan p.yaml "$mac" 90d mac
haul_stop_sim
haul_start_sim --rotation-delay 0 --clock +20d
due mac
is 0 "1 fetched" "and 20 days"
tap_is "$(jq -r '.request | .parameters_valid_to[0:10], (.intent | has("import_type"))' mac/k.us-east-1.bundle | xargs)" \
	"$(date -u -d '+21 days' +%Y-%m-%d) false" "as its only material, by the simulator's time"
haul_wrap mac/k.us-east-1.bundle mac.raw
cp -r mac taken
tap_exits 0 "which is imported" kms import taken/k.us-east-1.bundle
tap_is "$(jq -r '.receipt.valid_to[0:10]' taken/k.us-east-1.bundle)" "$(date -u -d '+110 days' +%Y-%m-%d)" "90 days from then on"
due mac
is 0 "1 kept" "killed before its receipt, it is imported once more"
due taken
is 0 "1 not due" "with its receipt it is not"
haul_stop_sim
haul_start_sim --clock +120d
due none
is 7 7 "nothing tells an HMAC key that lost its material from one that never had any"
tap_like "$tap_err" "$mac waits for key material, and nothing here tells" "which is said"
mkdir waits
jq 'del(.receipt)' mac.bundle >waits/k.us-east-1.bundle
due waits
is 0 "1 not imported yet" "a bundle that waits for its first import is left alone"
due taken
is 0 "1 fetched" "but the receipt in the folder"
cp taken/k.us-east-1.bundle request.bundle
due taken
is 0 "1 kept" "also when a request has taken its place"
jq '.request.parameters_valid_to = "2026-01-01T00:00:00Z"' request.bundle >taken/k.us-east-1.bundle
due taken
is 0 "1 fetched" "a request past its time is fetched anew"
tap_is "$(cd taken && find . -type f | sort | xargs)" "./k.us-east-1.bundle ./k.us-east-1.bundle.expired-1 ./k.us-east-1.bundle.renewed-1" \
	"and both of before are beside it"
ln taken/k.us-east-1.bundle.renewed-1 x && mv -f x taken/k.us-east-1.bundle
due taken
is 0 "1 fetched" "killed when the first had two names"
tap_is "$(find taken -name '*.renewed-*' | wc -l)" 1 "it gets no third"
if command -v strace >/dev/null 2>&1 && strace -f -qq -o /dev/null -e trace=link -e inject=link:error=EPERM sh -c : 2>/dev/null; then
	mv -f taken/k.us-east-1.bundle.renewed-1 taken/k.us-east-1.bundle
	cp taken/k.us-east-1.bundle was
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 tap_exits 0 "on a file system without second names" strace -f -qq -o /dev/null -e trace=link \
		-e inject=link:error=EPERM "$KEYHAUL_BUILD/keyhaul-kms" fetch --plan p.yaml --out taken --expiring-within 30d
	tap_is "$(cmp was taken/k.us-east-1.bundle.renewed-1 && jq -r 'has("receipt")' taken/k.us-east-1.bundle)" false "it stays as a copy"
else
	tap_skip "on a file system without second names" "strace may not trace here"
	tap_skip "it stays as a copy" "strace may not trace here"
fi
haul_stop_sim
haul_start_sim --fault 'ListKeyRotations:1+=AccessDeniedException'
plan p.yaml "$arn" 90d a
due denied
is 5 5 "where the materials may not be listed"
haul_stop_sim
tap_done 56
