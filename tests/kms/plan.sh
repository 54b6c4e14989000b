#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# fetch --plan: what is refused before anything is called, one bundle for each key, material and Region, what a second
# run keeps, sets aside and fetches anew, keys that are made once, and the rehearsal's answers.
# shellcheck disable=SC2034,SC2086,SC2154 # lists of words on purpose
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
[ -x "$sim" ] || tap_skip_all "keyhaul-sim is not built"
wrap=$KEYHAUL_BUILD/tests/kms/wrap_bundles

id=1234abcd-12ab-34cd-56ef-1234567890
one=arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012

# plan FILE: the lines on standard input as the keys of a plan
plan() {
	{ echo 'keyhaul_plan: 1'; echo 'keys:'; cat; } >"$1"
}
# sim_request_in REGION OPERATION BODY: what keyhaul-sim says
sim_request_in() {
	(AWS_REGION=$1 && sim_request "$(sim_date 0)" "TrentService.$2" "$3") | sed 's/^[0-9]* //'
}
# wrap_same BUNDLE: key.raw into it
wrap_same() {
	$wrap "$1" || return 1
	jq -j .request.public_key "$1" | base64 -d >wrapping.der
	openssl pkeyutl -encrypt -pubin -inkey wrapping.der -keyform DER -in key.raw -out blob \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
	jq --arg blob "$(base64 -w0 blob)" '.material.encrypted_key_material = $blob' "$1" >x && mv x "$1"
}
# states DIR: "name result" of each bundle in the last --json
states() {
	printf %s "$tap_out" | jq -r '.results[] | [(.item | sub(".*/"; "")), .result // ("status " + (.error.status | tostring))] | join(" ")'
}

# ---- refused before anything is called -------------------------------------------------
server_start before
rows=0
while IFS='|' read -r says line; do
	rows=$((rows + 1))
	printf '  - name: a\n    key_id: %s\n    wrapping_key_spec: RSA_2048\n%b\n' "$one" "$line" | plan bad.yaml
	tap_exits 3 "refused: $says" "$kms" fetch --plan bad.yaml --out never
	tap_like "$tap_err" "^error: bad.yaml: line [0-9]+, column [0-9]+: .*$says" "with line and column"
done <<'TABLE'
lacks 'expires'|    materials: [{key_uri: 'pkcs11:object=o'}]
an anchor|    expires: &x never\n    materials: [{key_uri: 'pkcs11:object=o'}]
a tag|    expires: !!str never\n    materials: [{key_uri: 'pkcs11:object=o'}]
has no 'profile'|    expires: never\n    profile: p\n    materials: [{key_uri: 'pkcs11:object=o'}]
is past|    expires: 2020-01-01\n    materials: [{key_uri: 'pkcs11:object=o'}]
more than 365 days|    expires: 2099-01-01\n    materials: [{key_uri: 'pkcs11:object=o'}]
'expires' stands there twice|    expires: never\n    expires: 90d\n    materials: [{key_uri: 'pkcs11:object=o'}]
not allowed in a plan|    expires: never\n    materials: [{key_uri: 'pkcs11:serial=1;object=o'}]
TABLE
good="    expires: never\n    materials: [{key_uri: 'pkcs11:object=o'}]\n"
printf "  - name: a\n    create: {key_spec: HMAC_256, policy: none.json}\n$good" | plan policy.yaml
tap_exits 3 "a policy file that is not there" "$kms" fetch --plan policy.yaml --out never
tap_like "$tap_err" 'policy.yaml: line 4, column [0-9]*: none.json: No such file' "and where it is named"
printf '{' >none.json
tap_exits 3 "nor is half a JSON a policy" "$kms" fetch --plan policy.yaml --out never
printf "  - name: a\n    key_id: %s\n    wrapping_key_spec: RSA_2048\n$good" "$one" | plan one.yaml
for option in "--key-id $one" "--valid-to 90d" "--key-uri pkcs11:object=o" "--wrapping-key-spec RSA_2048"; do
	tap_exits 2 "--plan and ${option%% *} contradict" "$kms" fetch --plan one.yaml --out never $option
done
tap_exits 2 "--csv is for --plan" "$kms" fetch --key-id "$one" --out never --csv t.csv
tap_exits 2 "--region contradicts an ARN" "$kms" fetch --plan one.yaml --out region --region us-east-1
printf "  - {name: b, create: {key_spec: HMAC_256}, expires: never, materials: [{key_uri: 'pkcs11:object=b'}]}\n" | cat one.yaml - >two.yaml
tap_exits 2 "no Region for the second key" "$kms" fetch --plan two.yaml --out region
tap_like "$tap_err" '^error: b: ' "which is named, before the first is asked"
tap_exits 2 "--plan without --out" "$kms" fetch --plan one.yaml
echo 'my,own,table' >own.csv
tap_exits 3 "somebody's own CSV file is left alone" "$kms" fetch --plan one.yaml --out never2 --csv own.csv
tap_exits 3 "--out that is a file" "$kms" fetch --plan one.yaml --out own.csv
tap_is "$(server_count) $(find . -name 'never*' ! -name never2)" "0 " "nothing was called, and no folder made"

# ---- what is fetched ----------------------------------------------------------------------
tap_exits 0 "a plan of one key" "$kms" fetch --plan one.yaml --out one --json
tap_is "$(jq -c '.request | [.kms_key_arn, .plan_sha256, .key_uri, .intent]' one/a.eu-west-1.bundle)" \
	"[\"$one\",\"$(sha256sum one.yaml | cut -d' ' -f1)\",\"pkcs11:object=o\",{\"expiration_model\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\"}]" \
	"the bundle says what the plan says, and its digest"
server_forget
tap_exits 0 "run again" "$kms" fetch --plan one.yaml --out one/ --json
tap_is "$(states)$(server_count)" "a.eu-west-1.bundle kept0" "keeps it, and asks KMS for nothing"
jq '.request.parameters_valid_to = "2026-01-01T00:00:00Z"' one/a.eu-west-1.bundle >x && mv x one/a.eu-west-1.bundle
cp one/a.eu-west-1.bundle old
: >one/a.eu-west-1.bundle.expired-1
tap_exits 0 "past its time" "$kms" fetch --plan one.yaml --out one --json
tap_is "$(states)" "a.eu-west-1.bundle fetched" "it is fetched anew"
cmp -s old one/a.eu-west-1.bundle.expired-2
tap_ok $? "and set aside, over nothing that is there"
$wrap one/a.eu-west-1.bundle && "$kms" import one/a.eu-west-1.bundle >/dev/null 2>&1
jq '.request.parameters_valid_to = "2026-01-01T00:00:00Z"' one/a.eu-west-1.bundle |
	jq --arg d "$(jq -jcS '.request.parameters_valid_to = "2026-01-01T00:00:00Z" | .request' one/a.eu-west-1.bundle | sha256sum | cut -d' ' -f1)" \
	'.material.request_sha256 = $d' >x
jq --arg d "$(jq -jcS .material x | sha256sum | cut -d' ' -f1)" '.receipt.material_sha256 = $d' x >one/a.eu-west-1.bundle
server_forget
tap_exits 0 "imported, and its parameters past their time" "$kms" fetch --plan one.yaml --out one --json
tap_is "$(states)$(server_count)" "a.eu-west-1.bundle with a receipt0" "it is passed over"

# ---- a bundle that says otherwise is left alone ------------------------------------------
rows2=0
while IFS='|' read -r what edit; do
	rows2=$((rows2 + 1))
	rm -rf two
	"$kms" fetch --plan one.yaml --out two >/dev/null
	jq "$edit" two/a.eu-west-1.bundle >x && mv x two/a.eu-west-1.bundle
	tap_exits "${what%% *}" "$what: left alone" "$kms" fetch --plan one.yaml --out two
	[ "$(ls two)" = a.eu-west-1.bundle ] && jq -e "$edit == ." two/a.eu-west-1.bundle >/dev/null
	tap_ok $? "and as it was"
done <<'TABLE'
7 another key|.request.kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789019"
7 another account's|.request.kms_key_arn = "arn:aws:kms:eu-west-1:444455556666:key/12345678-1234-1234-1234-123456789012"
7 another key of the token|.request.key_uri = "pkcs11:object=p"
7 another expiry|.request.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_for: 3600}
3 no bundle|.keyhaul_bundle = 9
TABLE
rm -rf link && mkdir link && ln -s ../old link/a.eu-west-1.bundle
tap_exits 3 "a symlink is no place for a bundle" "$kms" fetch --plan one.yaml --out link

# The answer's ARN: in a rehearsal's account it is the plan's key, in any other it is not.
tap_stop "$server_pid"
server_start other "arn=arn:aws:kms:eu-west-1:444455556666:key/12345678-1234-1234-1234-123456789012"
tap_exits 5 "an answer in another account" "$kms" fetch --plan one.yaml --out other
tap_stop "$server_pid"
server_start other "arn=arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789019"
tap_exits 5 "an answer about another key, in the rehearsals' account" "$kms" fetch --plan one.yaml --out other
tap_stop "$server_pid"
server_start other "arn=arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012"
tap_exits 0 "the plan's key in the rehearsals' account" "$kms" fetch --plan one.yaml --out other
tap_is "$(jq -r .request.kms_key_arn other/*.bundle)" "arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012" \
	"is the rehearsal's in the bundle"
tap_stop "$server_pid"
tap_exits 7 "its folder is no place for the real run" env AWS_ENDPOINT_URL_KMS=https://kms.invalid "$kms" fetch --plan one.yaml --out other
tap_like "$tap_err" "is there already, and its KMS key is arn:aws:kms:eu-west-1:000000000000" "and says so"

# ---- with keyhaul-sim: seeded keys, keys that are made, Regions, materials -----------------
plan many.yaml <<PLAN
  - name: orders
    key_id: arn:aws:kms:eu-central-1:111122223333:key/${id}01
    wrapping_key_spec: RSA_2048
    expires: 90d
    materials:
      - key_uri: pkcs11:object=orders
      - {key_uri: 'pkcs11:object=orders2', description: the next}
  - name: mac
    key_id: ${id}02
    region: us-west-2
    key_spec: HMAC_256
    wrapping_key_spec: RSA_2048
    expires: never
    materials: [{key_uri: 'pkcs11:object=mac'}]
  - name: made
    create: {key_spec: SYMMETRIC_DEFAULT, alias: alias/made, description: d, tags: {Team: x}, policy: p/policy.json}
    wrapping_key_spec: RSA_2048
    expires: never
    materials: [{key_uri: 'pkcs11:object=made'}]
PLAN
mkdir p && echo '{"Version":"2012-10-17","Statement":[]}' >p/policy.json
pool=$(sim_pool)
sim_start --key-pool "$pool" --seed-plan many.yaml || exit 1
tap_exits 0 "a plan with every kind" "$kms" fetch --plan many.yaml --out many --csv t.csv
tap_is "$(ls many | tr '\n' ' ')" \
	"mac.us-west-2.bundle made.create made.us-east-1.bundle orders.2.eu-central-1.bundle orders.eu-central-1.bundle " \
	"a bundle for each key, material and Region"
tap_like "$tap_out" '^4 bundles: 4 fetched$' "a table at the end, and what it comes to"
tap_is "$(tr -d '\r' <t.csv | cut -d, -f1,3 | sort | tr '\n' ' ')" \
	'"many/mac.us-west-2.bundle","fetched" "many/made.us-east-1.bundle","fetched" "many/orders.2.eu-central-1.bundle","fetched" "many/orders.eu-central-1.bundle","fetched" bundle,result ' \
	"and as CSV"
tap_is "$(jq -c '[.request.kms_key_arn, .request.intent]' many/orders.2.eu-central-1.bundle)" \
	"[\"arn:aws:kms:eu-central-1:000000000000:key/${id}01\",{\"expiration_model\":\"KEY_MATERIAL_EXPIRES\",\"import_type\":\"NEW_KEY_MATERIAL\",\"key_material_description\":\"the next\",\"valid_for\":7776000}]" \
	"the second material is new, in the simulator's account"
tap_is "$(jq -r .kms_key_arn many/made.create)" "$(jq -r .request.kms_key_arn many/made.us-east-1.bundle)" "the key that was made is known"
tap_exits 0 "a second run with a rehearsal's plan" "$kms" fetch --plan many.yaml --out many --csv t.csv
tap_like "$tap_out" '^4 bundles: 4 kept$' "keeps all of it, the key that was made too"
tap_like "$tap_out" "^next: keyhaul-token wrap --token 'pkcs11:token=TOKEN' 'many'/..bundle" "and says what is next"
rm many/made.us-east-1.bundle
tap_exits 0 "one bundle taken away" "$kms" fetch --plan many.yaml --out many
tap_is "$(jq -r .request.kms_key_arn many/made.us-east-1.bundle)" "$(jq -r .kms_key_arn many/made.create)" "is fetched for the key that is there"
jq 'del(.kms_key_arn) | .attempted_at = "2026-01-01T00:00:00Z"' many/made.create >x && mv x many/made.create
jq '.x = 1' many/made.create >y && mkdir bad && mv y bad/made.create
tap_exits 3 "a file of a key that is made, changed" "$kms" fetch --plan many.yaml --out bad
mv many/made.us-east-1.bundle kept.bundle
if keyhaul_has_tags=$(sim_request "$(sim_date 0)" TrentService.ListResourceTags '{"KeyId":"'"$(jq -r .request.kms_key_arn kept.bundle)"'"}') &&
	[ "${keyhaul_has_tags%% *}" = 200 ]; then
	tap_exits 0 "a key whose ARN did not come to the disk" "$kms" fetch --plan many.yaml --out many
	tap_is "$(jq -r .request.kms_key_arn many/made.us-east-1.bundle)" "$(jq -r .request.kms_key_arn kept.bundle)" "is found by its tag, not made again"
else
	tap_skip "a key whose ARN did not come to the disk" "keyhaul-sim has no ListResourceTags"
	tap_skip "is found by its tag, not made again" "keyhaul-sim has no ListResourceTags"
fi

# ---- import of a plan's bundles: a key's first material before a new one, whatever the shell's order ----
$wrap many/mac.*.bundle
tap_run "$kms" fetch --plan many.yaml --out many
tap_like "$tap_out" '^1 wrapped already, to be imported; 3 to be wrapped first' "one that is wrapped: what is left is told"
$wrap many/[!m]*.bundle many/made*.bundle
tap_run "$kms" fetch --plan many.yaml --out many
tap_like "$tap_out" "^next: keyhaul-kms import 'many'/" "all wrapped: the import is next"
tap_exits 7 "a new material before the first" "$kms" import many/orders.2.eu-central-1.bundle
tap_like "$tap_err" "has no material yet, and this is not its first by the plan" "is refused"
tap_exits 2 "a bundle named twice" "$kms" import many/mac.us-west-2.bundle many/mac.us-west-2.bundle
tap_exits 2 "and under two names" "$kms" import many/mac.us-west-2.bundle many/../many/mac.us-west-2.bundle
tap_like "$tap_err" "are one bundle: it is named twice" "it says which"
tap_exits 2 "--csv of one bundle" "$kms" import --csv i.csv many/mac.us-west-2.bundle
cp -r many alone
jq 'del(.material)' alone/orders.eu-central-1.bundle >x && mv x alone/orders.eu-central-1.bundle
tap_exits 3 "the first of a key's fails" "$kms" import alone/orders.2.eu-central-1.bundle alone/orders.eu-central-1.bundle
tap_like "$tap_err" "orders.2.*not tried, for another bundle of its key failed" "the next is not tried on top of it"
tap_like "$tap_out" "^2 bundles: 1 (failed, 1 not tried|not tried, 1 failed)\$" "and it is no failure of its own"
tap_exits 0 "all of them" "$kms" import --csv i.csv many/*.bundle
tap_like "$tap_out" '^4 bundles: 4 imported$' "a table at the end"
tap_is "$(tr -d '\r' <i.csv | cut -d, -f1,3 | sort | tr '\n' ' ')" \
	'"many/mac.us-west-2.bundle","imported" "many/made.us-east-1.bundle","imported" "many/orders.2.eu-central-1.bundle","imported" "many/orders.eu-central-1.bundle","imported" bundle,result ' \
	"and as CSV"
tap_is "$(sim_request_in eu-central-1 ListKeyRotations '{"KeyId":"'"${id}01"'","IncludeKeyMaterial":"ALL_KEY_MATERIAL"}' |
	jq -r '.Rotations[] | [.KeyMaterialId, .KeyMaterialState, .KeyMaterialDescription] | join(" ")' | sort)" \
	"$(for b in orders:CURRENT orders.2:PENDING_ROTATION; do
		jq -r '.receipt.key_material_id' many/${b%:*}.eu-central-1.bundle | tr '\n' ' '
		printf '%s ' ${b#*:}
		if [ ${b%:*} = orders ]; then
			echo "sha256:$(jq -j .material.encrypted_key_material many/orders.eu-central-1.bundle | base64 -d | sha256sum | cut -d' ' -f1)"
		else
			echo "the next"
		fi
	done | sort)" "the first is current, the second waits; each says what it is: the blob's digest, or the plan's words"
tap_run "$kms" fetch --plan many.yaml --out many
tap_like "$tap_out" "^next: nothing; 'keyhaul-kms status --plan many.yaml --dir many' tells" "then nothing is next"
tap_exits 0 "imported again" "$kms" import --json many/orders.eu-central-1.bundle many/mac.us-west-2.bundle many/orders.2.eu-central-1.bundle
tap_is "$(printf %s "$tap_out" | jq -c '[.results[] | [.item, .result]]')" \
	'[["many/orders.eu-central-1.bundle","already imported"],["many/mac.us-west-2.bundle","already imported"],["many/orders.2.eu-central-1.bundle","already imported"]]' \
	"--json has them in their order"
printf "  - name: other\n    create: {key_spec: HMAC_256, alias: alias/made}\n    wrapping_key_spec: RSA_2048\n$good" | plan alias.yaml
tap_exits 7 "an alias that is another key's" "$kms" fetch --plan alias.yaml --out alias
tap_like "$tap_err" "alias/made is there already, and is arn:" "and whose it is"
sim_stop

# A simulator told of the plan takes its ARNs, and no other's.
sim_start --key-pool "$pool" --seed-plan many.yaml || exit 1
tap_exits 5 "an account that the plan does not name" "$kms" fetch --key-id "arn:aws:kms:eu-central-1:444455556666:key/${id}01" --out x.bundle
tap_exits 0 "the plan's ARN without the plan" "$kms" fetch --key-id "arn:aws:kms:eu-central-1:111122223333:key/${id}01" --out x.bundle \
	--wrapping-key-spec RSA_2048
sim_stop
# ---- multi-Region keys: made with their replicas, imported primary first -----------------------
plan mrk.yaml <<PLAN
  - name: set
    region: us-east-1
    create:
      key_spec: SYMMETRIC_DEFAULT
      multi_region: true
      replicas: [{region: eu-west-1, policy: default-policy}, {region: ap-south-1, policy: p/policy.json}]
    wrapping_key_spec: RSA_2048
    expires: 90d
    materials: [{key_uri: 'pkcs11:object=o'}]
  - name: there
    key_id: arn:aws:kms:us-east-1:111122223333:key/mrk-12345678123412341234123456789012
    wrapping_key_spec: RSA_2048
    expires: never
    materials: [{key_uri: 'pkcs11:object=p'}]
  - name: athere
    key_id: arn:aws:kms:eu-west-1:111122223333:key/mrk-12345678123412341234123456789012
    wrapping_key_spec: RSA_2048
    expires: never
    materials: [{key_uri: 'pkcs11:object=p'}]
PLAN
sim_start --key-pool "$pool" --seed-plan mrk.yaml || exit 1
tap_exits 0 "a multi-Region key and its replicas" "$kms" fetch --plan mrk.yaml --out mrk --json
tap_is "$(ls mrk | tr '\n' ' ')" "athere.eu-west-1.bundle set.ap-south-1.bundle set.create set.eu-west-1.bundle set.us-east-1.bundle there.us-east-1.bundle " \
	"a bundle in each Region"
tap_is "$(jq -r '.request.kms_key_arn | sub(".*/"; "")' mrk/set.*.bundle | sort -u | wc -l)" 1 "of one id"
tap_exits 0 "once more" "$kms" fetch --plan mrk.yaml --out mrk
tap_like "$tap_out" '^5 bundles: 5 kept$' "keeps them"
for stem in set there; do # one key into the bundles of one set
	openssl rand -out same.raw 32
	for bundle in mrk/*$stem.*.bundle; do
		cp same.raw key.raw
		wrap_same "$bundle"
	done
done
tap_exits 0 "imported in the shell's order, replicas first" "$kms" import mrk/*.bundle
tap_like "$tap_out" '^5 bundles: 5 imported$' "the primary's comes before them"
sim_stop

# ---- an interrupt: what is in hand is finished, what was done is told ---------------------------
n=0
while [ $n -lt 9 ]; do
	printf "  - name: k%s\n    key_id: ${id}0%s\n    wrapping_key_spec: RSA_2048\n$good" $n $n
	n=$((n + 1))
done | plan nine.yaml
sim_start --key-pool "$pool" --seed-plan nine.yaml || exit 1
tap_start fetch env --default-signal=INT "$kms" fetch --plan nine.yaml --out nine --json
fetch_pid=$tap_pid
two_there() {
	[ "$(find nine -name '*.bundle' 2>/dev/null | wc -l)" -ge 2 ]
}
tap_poll 20 two_there
kill -INT "$fetch_pid"
wait "$fetch_pid"
tap_is "$?" 130 "SIGINT while calls wait for their turn, one a second: at once"
tap_is "$(jq '.results | length' fetch.out)" "$(find nine -name '*.bundle' | wc -l)" "--json tells each bundle that was fetched"
tap_like "$(cat fetch.err)" 'interrupted: [2-4] of 9 bundles were seen to' "and the line how many"
tap_exits 0 "run again" "$kms" fetch --plan nine.yaml --out nine --rate GetParametersForImport=100
tap_like "$tap_out" '^9 bundles: ([2-4] kept, [5-7] fetched|[5-7] fetched, [2-4] kept)$' "it does what is left"
sim_stop

tap_exits 3 "a bad plan is no seed" "$sim" --daemon --seed-plan bad.yaml
tap_like "$tap_err" "bad.yaml: line" "with its line"

# ---- keyhaul-plan(5)'s own examples are plans ------------------------------------------------------
awk '/^keyhaul_plan: 1$/ { n++; on = 1 } /^\.Ed/ { on = 0 } on { sub(/\\e$/, "\\"); print >("page" n ".yaml") }' \
	"$KEYHAUL_SRC/man/keyhaul-plan.5"
echo '{"Version": "2012-10-17", "Statement": []}' >archive-policy.json
for n in 1 2; do
	sim_start --key-pool "$pool" --seed-plan "page$n.yaml"
	tap_ok $? "the page's example $n is one" || tap_diag "$(cat sim.err 2>/dev/null)"
	sim_stop
done
tap_is "$(echo page*.yaml)" "page1.yaml page2.yaml" "and there are no others"
tap_done $((2 * rows + 2 * rows2 + 84))
