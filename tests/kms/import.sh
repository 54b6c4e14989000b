#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms import: what is refused before, how often it is sent, how a lost answer is settled, what a receipt says.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

import() {
	"$kms" import --cli-connect-timeout 2 --cli-read-timeout 2 "$@"
}

receipt() {
	jq -c "[.receipt | $1]" "$2"
}

# A plain first import, and once more.
server_start import
new_bundle a.bundle
cp a.bundle without
tap_exits 2 "neither bundle nor options say the expiry" import a.bundle
tap_is "$(server_count ImportKeyMaterial)" 0 "nothing is sent"
tap_exits 0 "a plain import" import --valid-to 30d a.bundle
tap_like "$tap_out" "^a.bundle: imported into $arn" "it says so"
now=$(date +%s)
tap_is "$(jq -r '.receipt | [.key_material_id, .expiration_model, .endpoint, (.valid_to | fromdateiso8601 - '"$now"' | . > 2591980 and . <= 2592000)] | @csv' a.bundle)" \
	"\"$(printf 'ab%.0s' $(seq 32))\",\"KEY_MATERIAL_EXPIRES\",\"$AWS_ENDPOINT_URL_KMS\",true" "the receipt, 30 days from KMS's own Date"
tap_is "$(jq -r .receipt.material_sha256 a.bundle)" "$(jq -jcS .material a.bundle | sha256sum | cut -d' ' -f1)" \
	"with the material's digest"
cp a.bundle imported
tap_exits 0 "again" import a.bundle
tap_like "$tap_out" "already imported" "it says already imported"
tap_is "$(server_count ImportKeyMaterial)" 1 "and is not sent again"
cmp -s a.bundle imported
tap_ok $? "the bundle is as it was"

# What is said again has to be what was sent, also as a span: 30d is, by the receipt's times; 60d is not.
for said in '--valid-to 60d' '--valid-to 29d' '--valid-to 2026-12-01' '--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE'; do
	tap_exits 2 "imported with 30d, and now $said" import $said a.bundle
done
tap_like "$tap_err" "^error: a.bundle: it is imported already: .*does not expire.*the bundle .expires" "and it says what contradicts what"
tap_exits 0 "30d is what was sent" import --valid-to 30d a.bundle
tap_exits 0 "and so is the receipt's own time" import --valid-to "$(jq -r .receipt.valid_to a.bundle)" a.bundle
jq '.request.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_for: 7776000}' without >said.bundle
jq --arg d "$(jq -jcS .request said.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' said.bundle >s && mv s said.bundle
tap_exits 0 "a bundle that says 90d itself" import --valid-to 90d said.bundle
tap_exits 0 "the same said again" import --valid-to 90d said.bundle
for said in '--valid-to 60d' '--valid-to 2160h --key-material-description other' '--import-type NEW_KEY_MATERIAL'; do
	tap_exits 2 "it was imported with 90d and nothing else, and now $said" import $said said.bundle
done
AWS_ENDPOINT_URL_KMS=http://localhost:$(cat "$server/port") tap_run import --valid-to 30d without
tap_is "$tap_status" 7 "another endpoint than the request's"
tap_like "$tap_err" "the request came from" "and it says why"
tap_exits 2 "an option that contradicts --region" import --region us-east-1 --valid-to 30d without
cp without b.bundle
tap_exits 2 "a ValidTo that is past" import --valid-to 1000000000 b.bundle
tap_exits 2 "a ValidTo over 365 days" import --valid-to 366d b.bundle
tap_exits 2 "DOES_NOT_EXPIRE with ValidTo" import $keep --valid-to 1d b.bundle
tap_exits 2 "NEW with a material id" import $keep --import-type NEW_KEY_MATERIAL --key-material-id "$(printf 'ab%.0s' $(seq 32))" b.bundle
jq '.request.parameters_valid_to = "2026-01-01T00:00:00Z" | .request.fetched_at = "2025-12-31T00:00:00Z"' without >old.bundle
jq --arg d "$(jq -jcS .request old.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' old.bundle >o && mv o old.bundle
server_forget
tap_exits 7 "parameters past their time" import $keep old.bundle
jq 'del(.material)' without >empty.bundle
tap_exits 3 "no material yet" import $keep empty.bundle
jq '.material.request_sha256 = "'"$(printf '00%.0s' $(seq 32))"'"' without >swapped.bundle
tap_exits 7 "a blob from another bundle" import $keep swapped.bundle
head -c 300 without >cut.bundle
tap_exits 3 "half a bundle" import $keep cut.bundle
jq '.material.key.kept = false' without >once.bundle
tap_exits 7 "not kept, and it expires" import --valid-to 1d once.bundle
cp once.bundle sure.bundle
jq '.material.encrypted_key_material = "AAAA"' without >short.bundle
tap_exits 7 "a blob of the wrong length" import $keep short.bundle
tap_is "$(server_count)" 0 "nothing was sent for these"
tap_exits 0 "not kept, it expires, and --yes" import --valid-to 1d --yes sure.bundle
server_forget
tap_exits 7 "many: the worst counts" import $keep b.bundle cut.bundle old.bundle
tap_is "$(server_count ImportKeyMaterial)" 1 "and those that fail do not stop the others"
cp without m1.bundle
cp without m2.bundle
tap_run import --json $keep m1.bundle cut.bundle m2.bundle
tap_is "$tap_status $(printf %s "$tap_out" | jq -c '[.ok, (.results | map(.ok))]')" '3 [false,[true,false,true]]' "--json of many"

# What was read aloud where the key was wrapped: another blob is found by it alone, receipt or none.
digest=$(jq -jcS .material without | sha256sum | cut -d' ' -f1)
cp without same.bundle
wrap_into without
server_forget
tap_exits 7 "another material than --material-sha256" import $keep --material-sha256 "$digest" without
tap_like "$tap_err" "SHA-256 is $(jq -jcS .material without | sha256sum | cut -d' ' -f1)" "and it says which"
tap_exits 7 "also with a receipt" import --material-sha256 "$(printf '00%.0s' $(seq 32))" a.bundle
tap_exits 2 "a digest of bad form" import $keep --material-sha256 00 same.bundle
tap_exits 2 "one digest for two bundles" import $keep --material-sha256 "$digest" same.bundle without
tap_is "$(server_count)" 0 "nothing was sent for these"
tap_exits 0 "the material it is of" import $keep --material-sha256 "$(echo "$digest" | tr a-f A-F)" same.bundle
tap_like "$tap_out" "^    $digest\$" "and import says it"

# No TLS, or none verified, to this machine only.
request_of() {
	jq "$1" imported | jq 'del(.receipt)' >"$2"
	jq --arg d "$(jq -jcS .request "$2" | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' "$2" >r && mv r "$2"
}
request_of 'del(.request.endpoint) | .request.tls_verified = true' any.bundle
server_forget
tap_exits 7 "import over http to another machine" import $keep --endpoint-url http://192.0.2.1 any.bundle
tap_like "$tap_err" "not this machine" "it says so"
tap_exits 7 "import over TLS that is not verified" import $keep --endpoint-url https://192.0.2.1 --no-verify-ssl any.bundle
tap_exits 7 "a request that came over verified TLS" import $keep --no-verify-ssl any.bundle
tap_like "$tap_err" "came over verified TLS" "it says so"
tap_is "$(server_count)" 0 "nothing was sent for these"

# Deleted behind its back.
server_start import
ln "$TAP_DIR/imported" gone.bundle
sed "s#http://127.0.0.1:[0-9]*#$AWS_ENDPOINT_URL_KMS#" imported | jq --arg at 2026-01-01T00:00:00Z '.receipt.imported_at = $at' >gone
jq --arg d "$(jq -jcS .request gone | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' gone >gone2
jq --arg d "$(jq -jcS .material gone2 | sha256sum | cut -d' ' -f1)" '.receipt.material_sha256 = $d' gone2 >gone.bundle2
tap_exits 7 "a receipt, and KMS has it no more" import gone.bundle2
tap_like "$tap_err" "hint: .*fetch again.*: keyhaul-kms fetch --key-id arn:[^ ]* --wrapping-algorithm .* --import-type EXISTING_KEY_MATERIAL --key-material-id [0-9a-f]+ .*--out NEW.bundle" "it gives the command"

# Of each line: the operation, how it behaves, import type, tries, status, times ImportKeyMaterial was sent, a word.
rows=0
while IFS='|' read -r how type tries status count state says; do
	[ -n "$how" ] || continue
	rows=$((rows + 1))
	server_start import "ImportKeyMaterial=$how" "state=$state"
	new_bundle r.bundle
	AWS_MAX_ATTEMPTS=$tries
	export AWS_MAX_ATTEMPTS
	if [ "$type" = - ]; then
		tap_run import $keep --wait-timeout 1 r.bundle
	else
		tap_run import $keep --wait-timeout 1 --import-type "$type" r.bundle
	fi
	unset AWS_MAX_ATTEMPTS
	has=$(jq 'has("receipt")' r.bundle)
	wanted=false
	[ "$status" != 0 ] || wanted=true
	tap_is "$tap_status $(server_count ImportKeyMaterial) $has" "$status $count $wanted" \
		"$how, type $type, $state: status, times sent, receipt"
	tap_like "$tap_out$tap_err" "$says" "$how: what it says" || tap_diag "$tap_err"
	tap_stop "$server_pid"
done <<'TABLE'
500,ok|-|3|0|2|PendingImport|imported
close,ok|-|3|0|2|PendingImport|imported
did-close,ok|-|3|0|2|PendingImport|imported
did-close,ok|-|1|0|2|PendingImport|found imported
did-500,ok|-|1|0|2|PendingImport|found imported
did-half,ok|-|3|0|2|PendingImport|found imported
did-close,no:IncorrectKeyMaterialException|-|1|5|2|PendingImport|KMS HAS ANOTHER MATERIAL
did-close,no:IncorrectKeyMaterialException|NEW_KEY_MATERIAL|1|5|2|Enabled|KMS HAS ANOTHER MATERIAL
did-close,denied|-|1|6|2|PendingImport|not known
close|-|1|6|1|PendingImport|not known
html|-|3|5|1|PendingImport|is not known: .*not an answer of KMS
otherkey,ok|-|3|0|2|PendingImport|found imported
badid,ok|-|3|0|2|PendingImport|found imported
throttle|-|2|6|2|PendingImport|ThrottlingException
no:InvalidCiphertextException|-|3|5|1|PendingImport|hint: KMS could not open the blob
no:ExpiredImportTokenException|-|3|5|1|PendingImport|hint: .*fetch
ok|NEW_KEY_MATERIAL|3|0|1|PendingImport|imported
ok|NEW_KEY_MATERIAL|3|0|1|Enabled|imported
did-close,ok|NEW_KEY_MATERIAL|3|0|2|PendingImport|found imported
did-close,ok|NEW_KEY_MATERIAL|3|0|2|Enabled|found imported
did-500,ok|NEW_KEY_MATERIAL|3|0|2|Enabled|found imported
close|NEW_KEY_MATERIAL|3|6|1|Enabled|not known
500|NEW_KEY_MATERIAL|3|6|1|PendingImport|not known
throttle,ok|NEW_KEY_MATERIAL|3|0|2|Enabled|imported
throttle|NEW_KEY_MATERIAL|2|6|2|Enabled|ThrottlingException
no:IncorrectKeyMaterialException|NEW_KEY_MATERIAL|3|5|2|Enabled|IncorrectKeyMaterialException
TABLE

# NEW goes over a connection of its own.
server_start import
new_bundle n.bundle
tap_exits 0 "NEW" import $keep --import-type NEW_KEY_MATERIAL n.bundle
tap_is "$(server_count ImportKeyMaterial)" 1 "sent once"
tap_isnt "$(jq -r 'select(.operation == "ImportKeyMaterial") | .port' "$server/log")" \
	"$(jq -r 'select(.operation == "ListKeyRotations") | .port' "$server/log" | head -n 1)" "over a connection of its own"

# Another's material waits for its rotation, and a rehearsal's bundle on its way to AWS.
server_start import state=Enabled ImportKeyMaterial=did-ok,no:IncorrectKeyMaterialException
new_bundle p.bundle
cp p.bundle q.bundle
tap_exits 0 "NEW on a key that has material: it waits for its rotation" import $keep --import-type NEW_KEY_MATERIAL p.bundle
tap_exits 5 "NEW again, and it is another" import $keep --import-type NEW_KEY_MATERIAL q.bundle
tap_like "$tap_err" "waits for its rotation.*IncorrectKeyMaterial" "it names what waits"
tap_is "$(jq -sr 'map(select(.operation == "ImportKeyMaterial") | .body | fromjson | .ImportType) | join(" ")' "$server/log")" \
	"NEW_KEY_MATERIAL EXISTING_KEY_MATERIAL" "NEW itself was sent once"
real=$arn
arn=arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012
server_start import "arn=$arn"
new_bundle z.bundle
jq 'del(.request.endpoint)' z.bundle >z2.bundle
jq --arg d "$(jq -jcS .request z2.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' z2.bundle >z.bundle
tap_exits 7 "a rehearsal's bundle never to AWS" env -u AWS_ENDPOINT_URL_KMS "$kms" import $keep z.bundle
tap_like "$tap_err" "rehearsals' account" "it says why"
arn=$real

# DescribeKey against the request.
for row in "spec=HMAC_256 KeySpec" "usage=SIGN_VERIFY KeyUsage" "multi=true MultiRegion" "origin=AWS_KMS Origin" \
	"state=Unavailable KeyState"; do
	server_start import
	new_bundle d.bundle
	port=$(cat "$server/port")
	tap_stop "$server_pid"
	server_start import "${row% *}"
	sed "s#http://127.0.0.1:$port#$AWS_ENDPOINT_URL_KMS#" d.bundle >d2.bundle
	jq --arg d "$(jq -jcS .request d2.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' d2.bundle >d.bundle
	tap_exits 7 "DescribeKey says another ${row#* }" import $keep d.bundle
	tap_is "$(server_count ImportKeyMaterial)" 0 "nothing is sent"
done
server_start import DescribeKey=ok,denied
new_bundle d.bundle
tap_exits 0 "DescribeKey denied" import $keep d.bundle
tap_like "$tap_err" "are not compared" "it says what is not compared"

server_start import
new_bundle f.bundle
jq --arg t "$(date -u -d '+10 minutes' +%Y-%m-%dT%H:%M:%SZ)" '.request.fetched_at = $t' f.bundle >ahead.bundle
jq --arg d "$(jq -jcS .request ahead.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' ahead.bundle >f.bundle
tap_exits 7 "a fetch that is to come" import $keep f.bundle
tap_like "$tap_err" "by KMS's clock: the bundle was fetched at" "it says so"

# KMS's clock decides, as far as it can be KMS's: parameters past their time by it, and a Date that nobody believes.
server_start import ahead=600
new_bundle c.bundle
jq --arg t "$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ)" '.request.parameters_valid_to = $t' c.bundle >soon.bundle
jq --arg d "$(jq -jcS .request soon.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' soon.bundle >c.bundle
tap_exits 7 "past their time by KMS's clock" import $keep c.bundle
tap_like "$tap_err" "by KMS's clock" "it says so"
new_bundle v.bundle
tap_exits 2 "a ValidTo that is past by KMS's clock alone" import --valid-to "$(date -u -d '+5 minutes' +%s)" v.bundle
tap_like "$tap_err" "by KMS's clock: .*past" "it says so too"
tap_is "$(server_count ImportKeyMaterial)" 0 "nothing is sent"
server_start import ahead=-1000000000
new_bundle c.bundle
tap_exits 0 "a Date of long ago" import --valid-to 30d c.bundle
tap_like "$tap_err" "warning: the reply's Date is .* passed over" "is passed over"
tap_is "$(jq '(.receipt.valid_to | fromdateiso8601) - now | . > 2591900 and . <= 2592000' c.bundle)" true "30 days by our own clock"

# A receipt: what is denied is not looked at, what contradicts it is refused.
server_start import DescribeKey=ok,ok,ok,denied ListKeyRotations=denied
new_bundle h.bundle
tap_exits 0 "NEW where ListKeyRotations is denied" import $keep --import-type NEW_KEY_MATERIAL h.bundle
tap_like "$tap_err" "warning: that no other material waits" "it says what is not checked"
tap_exits 0 "a receipt, and DescribeKey is denied" import h.bundle
tap_like "$tap_err" "warning: DescribeKey is denied" "it says so"
server_forget
tap_exits 2 "a receipt that does not expire, and --valid-to" import --valid-to 30d h.bundle
tap_exits 2 "a receipt of new material, and --import-type" import --import-type EXISTING_KEY_MATERIAL h.bundle
tap_is "$(server_count)" 0 "nothing was asked for these"
tap_exits 0 "the same options as before" import $keep --import-type NEW_KEY_MATERIAL h.bundle

# Keys that are not symmetric: the public key afterwards, and waiting for it.
server_start import spec=ECC_NIST_P256 usage=SIGN_VERIFY DescribeKey=ok,ok,no:NotFoundException,ok \
	GetPublicKey=ok
new_bundle e.bundle
tap_exits 0 "a curve's key, visible a little later" import $keep e.bundle
tap_like "$tap_out" "public key is the token's" "the public key is compared"
server_start import spec=ECC_NIST_P256 usage=SIGN_VERIFY GetPublicKey=othermaterial
new_bundle e.bundle
tap_exits 7 "KMS has another public key" import $keep e.bundle
tap_like "$tap_err" "KMS HAS ANOTHER KEY" "and it is loud"
tap_is "$(jq 'has("receipt")' e.bundle)" true "the receipt is there, since it was imported"
tap_exits 7 "and so at the next run" import e.bundle
server_start import DescribeKey=ok,ok,no:NotFoundException
new_bundle w.bundle
tap_exits 6 "accepted, not yet visible" import --wait-timeout 1 $keep w.bundle
tap_like "$tap_err" "accepted, not yet visible" "it says so"
tap_is "$(jq 'has("receipt")' w.bundle)" true "the receipt was written at the 200"
tap_done $((2 * rows + 104))
