#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul inspect: what is in a bundle, what comes next, and what is wrong with a bad one.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl

keyhaul=$KEYHAUL_BUILD/keyhaul
inspect() {
	tap_exits "$1" "inspect $2 is status $1" "$keyhaul" inspect "$2"
}
# what it said, each digest behind what it is of
joined() {
	echo "$tap_out" | sed -E ':a; N; $!ba; s/\n    ([0-9a-f]{64})/ \1/g'
}
cli_parameters 2048 "$(cli_hours 20)"
cli_adopt request.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d \
	--import-type NEW_KEY_MATERIAL --key-uri 'pkcs11:token=hsm%201;object=o' >/dev/null

inspect 0 request.bundle
for line in '^request.bundle: fetched$' "^  KMS key +$cli_arn\$" '^  rehearsal +account 000000000000' \
	'^  key spec +SYMMETRIC_DEFAULT$' '^  wrapping +RSAES_OAEP_SHA_256 under RSA_2048$' \
	"^  wrapping key +294 bytes, SHA-256 $(sha256sum <wrapping.der | cut -d' ' -f1)\$" \
	"^  import token +1024 bytes, SHA-256 $(sha256sum <token.bin | cut -d' ' -f1)\$" \
	'^  parameters +valid to .*Z \(in (19|20) h\)$' '^  import says +expires 90d after the import, NEW_KEY_MATERIAL$' \
	"^  request's SHA-256 +$(jq -jcS .request request.bundle | sha256sum | cut -d' ' -f1)\$" \
	"^next: keyhaul-token wrap --key 'pkcs11:token=hsm%201;object=o' request.bundle\$"; do
	tap_like "$(joined)" "$line" "it says: $line"
done

# with material, then with a receipt
cp request.bundle full.bundle
cli_material full.bundle
inspect 0 full.bundle
for line in '^full.bundle: wrapped$' "^  blob +256 bytes, SHA-256 $(sha256sum <blob.bin | cut -d' ' -f1)\$" \
	'^  token +hsm%201, says it is hardware$' '^  key +order%0akey, AES 256 bits, id 01ff, kept on the token$' \
	'^  key says +sensitive, extractable$' '^  mechanisms +CKM_RSA_PKCS_OAEP \(0x9\) wrap$' '^  proof +a throwaway' \
	'^next: keyhaul-kms import full.bundle$'; do
	tap_like "$(joined)" "$line" "it says: $line"
done
cp full.bundle done.bundle
cli_receipt done.bundle
inspect 0 done.bundle
tap_like "$tap_out" '^done.bundle: imported$' "a receipt: imported"
tap_like "$tap_out" '^  imported +.* by arn:aws:iam::000000000000:user/ada$' "by whom"
tap_like "$tap_out" '^next: nothing' "and nothing comes next"
tap_like "$(joined)" "^  material's SHA-256 +$(jq -jcS .material done.bundle | sha256sum | cut -d' ' -f1)\$" "the material's digest, by its name"
tap_is "$(echo "$tap_out" | grep -E '[0-9a-f]{64}' | grep -vE '^    [0-9a-f]{64}$')" "" "a digest has its line to itself, which no terminal breaks"
# the digests in words, request then material, in numbered lines of four; the list's own test is test_words
in_words() {
	od -An -v -tu1 | awk -v list="$list" 'BEGIN { n = 0; while ((getline <list) > 0) { even[n] = $2; odd[n++] = $3 } }
		{ for (i = 1; i <= NF; i++) printf "%s%s", at ? " " : "", at++ % 2 ? odd[$i] : even[$i] }'
}
list=$KEYHAUL_SRC/../shared/data/pgp-words.tsv
told=$(echo "$tap_out" | awk '/^ +[0-9]+  [A-Za-z]+ +[A-Za-z]+ +[A-Za-z]+ +[A-Za-z]+$/ { $1 = ""; printf "%s", $0 }')
tap_run "$keyhaul" inspect --json done.bundle
tap_is "$told" " $(echo "$tap_out" | jq -r '.results[0] | .request_words + " " + .material_words')" "the words, the same in --json"
if [ -e "$list" ]; then
	for section in request material; do
		tap_is "$(echo "$tap_out" | jq -r ".results[0].${section}_words")" \
			"$(jq -jcS ".$section" done.bundle | openssl dgst -sha256 -binary | in_words)" "$section in words of the list"
	done
else
	tap_skip "request in words of the list" "../shared/data/pgp-words.tsv is not there"
	tap_skip "material in words of the list" "../shared/data/pgp-words.tsv is not there"
fi
jq -S --arg id "$(printf 'ab%.0s' $(seq 32))" '.receipt.key_material_id = $id' done.bundle >id.bundle
inspect 0 id.bundle
tap_like "$(joined)" '^  key material id +abab' "and KMS's id, which is another thing"

# a symlink is read through, and what is to be written is named itself
mkdir elsewhere
ln -s "$TAP_DIR/full.bundle" elsewhere/link.bundle
inspect 0 elsewhere/link.bundle
tap_like "$tap_out" "^next: keyhaul-kms import $TAP_DIR/full.bundle\$" "what a link points to comes next"
tap_like "$tap_out" "^      or nothing, where another client imported it" "it cannot know what the AWS CLI did"

# a real account, no expiry said
cli_key=$cli_real_arn
cli_parameters 2048 "$(cli_hours 20)"
cli_adopt real.bundle HMAC_256 RSAES_OAEP_SHA_256 >/dev/null
cli_material real.bundle
inspect 0 real.bundle
tap_unlike "$tap_out" rehearsal "an AWS account is no rehearsal"
tap_like "$tap_out" "^next: keyhaul-kms import --valid-to TIME real.bundle" "the expiry that import will ask for"

# expired: told, and status 0
jq -S '.request.parameters_valid_to = "2026-01-01T00:00:00Z" | .request.fetched_at = "2025-12-31T00:00:00Z"' \
	request.bundle >old.bundle
inspect 0 old.bundle
tap_like "$tap_out" '^  parameters +EXPIRED 2026-01-01T00:00:00Z \([0-9]+ days ago\)' "expired parameters are told"
tap_like "$tap_out" "^next: keyhaul-kms fetch --key-id $cli_arn --wrapping-algorithm RSAES_OAEP_SHA_256" "fetch comes next"
tap_like "$tap_out" "^next: .* RSA_2048 --valid-to 90d --import-type NEW_KEY_MATERIAL --key-uri 'pkcs11:token=hsm%201;object=o' --out NEW.bundle\$" \
	"with all that the bundle says"
for intent in '{"expiration_model":"KEY_MATERIAL_DOES_NOT_EXPIRE"}|--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE' \
	'{"expiration_model":"KEY_MATERIAL_EXPIRES","valid_to":"2026-01-02T00:00:00Z"}|--valid-to TIME' \
	'{"expiration_model":"KEY_MATERIAL_EXPIRES","valid_for":7200}|--valid-to 2h'; do
	jq -S --argjson i "${intent%|*}" '.request |= (.intent = $i | .endpoint = "http://127.0.0.1:1" | .described = false | .token_serial = "7")' \
		old.bundle >older.bundle
	inspect 0 older.bundle
	tap_like "$tap_out" "^next: .* ${intent#*|} --key-uri '.*' --token-serial 7 --key-spec SYMMETRIC_DEFAULT --endpoint-url http://127.0.0.1:1 --out" \
		"${intent#*|}, and where it came from"
done
jq -S '.request |= (.endpoint = "https://kms.eu-central-1.amazonaws.com" | .tls_verified = true)' old.bundle >older.bundle
inspect 0 older.bundle
tap_unlike "$tap_out" "next: .*endpoint-url" "AWS's own endpoint is found again by itself"
tap_run "$keyhaul" inspect --json old.bundle full.bundle
tap_is "$(printf '%s\n' "$tap_out" | jq -c '[.ok, (.results[] | .stage, .expired, .rehearsal)]')" \
	'[true,"fetched",true,true,"wrapped",false,true]' "--json: stage, expired, rehearsal"
tap_is "$(printf '%s\n' "$tap_out" | jq -cS '.results[1].bundle')" "$(jq -cS . full.bundle)" "--json: the whole bundle"
tap_is "$(printf '%s\n' "$tap_out" | jq -r '.results[1] | .request_sha256, .material_sha256')" \
	"$(for part in request material; do jq -jcS ".$part" full.bundle | sha256sum | cut -d' ' -f1; done)" "--json: the digests"

# bad ones
bad() {
	status=$1 pattern=$2 what=$3
	tap_exits "$status" "$what: status $status" "$keyhaul" inspect bad.bundle
	tap_like "$tap_err" "^error: .*$pattern" "$what: told"
	tap_is "$tap_out" "" "$what: stdout is empty"
}
jq '.request.key_spec = "AES_128"' request.bundle >bad.bundle
bad 3 'request.key_spec' "a key spec that is none"
jq '.request.nosuch = "x"' request.bundle >bad.bundle
bad 3 'request.nosuch' "an unknown member"
jq '.request.generator = "x\u001b[2J"' request.bundle >bad.bundle
bad 3 'request.generator' "a control character"
tap_unlike "$tap_err" "$(printf '\033')" "which does not reach the terminal"
jq '.request.wrapping_key_spec = "RSA_4096"' request.bundle >bad.bundle
bad 3 'request' "a wrapping key of another size"
jq '.request.key_uri = "pkcs11:object=o?module-path=/tmp/m.so"' request.bundle >bad.bundle
bad 3 'request.key_uri' "a URI with module-path"
jq '.keyhaul_bundle = 2' request.bundle >bad.bundle
bad 3 'format version 2' "a newer version"
jq '.request.intent.import_type = "EXISTING_KEY_MATERIAL"' full.bundle >bad.bundle
bad 7 'material.request_sha256' "a request that was changed after wrapping"
jq -s '.[0] * {material: .[1].material}' full.bundle real.bundle >bad.bundle
bad 7 'material.request_sha256' "another bundle's material"
sed 's/"request": {/"request": {}, "request": {/' request.bundle >bad.bundle
bad 3 'duplicate' "a duplicate name"
head -c 300 request.bundle >bad.bundle
bad 3 'bad.bundle' "cut"
for pin in hunter2 '{"pin": hunter2' '{"hunter2": 1, "hunter2": 2}'; do
	printf '%s' "$pin" >bad.bundle
	bad 3 'bad.bundle' "a PIN file by mistake: $pin"
	tap_unlike "$tap_out$tap_err" hunter "and nothing of it is shown"
done
head -c 65537 /dev/zero | tr '\0' ' ' >bad.bundle
bad 3 'bad.bundle' "too large"
rm bad.bundle
bad 3 'bad.bundle: No such file' "missing"
tap_exits 2 "no bundle: usage" "$keyhaul" inspect

# many: the good ones are told, the worst counts
echo '{' >bad.bundle
jq '.request.intent.import_type = "EXISTING_KEY_MATERIAL"' full.bundle >swapped.bundle
tap_exits 7 "of many the worst counts" "$keyhaul" inspect bad.bundle request.bundle swapped.bundle
tap_like "$tap_out" '^request.bundle: fetched' "of many the good one is told"
tap_run "$keyhaul" inspect --json bad.bundle request.bundle
tap_is "$(printf '%s\n' "$tap_out" | jq -c '[.ok, (.results[] | .item, .ok)]')" \
	'[false,"bad.bundle",false,"request.bundle",true]' "of many, --json"

# a request under a policy: which it is this host does not know
jq '.request.policy_sha256 = "'"$(printf p | sha256sum | cut -d' ' -f1)"'"' request.bundle >ruled.bundle
tap_exits 0 "a request under a policy" "$keyhaul" inspect ruled.bundle
tap_like "$tap_out" "^next: keyhaul-token approve --signer 'pkcs11:token=TOKEN;object=KEY' --cert FILE --policy POLICY ruled.bundle\$" \
	"is approved next, and the policy is named"
cli_adopt material.bundle HMAC_256 RSAES_OAEP_SHA_256 --valid-to 90d >/dev/null 2>&1
jq '.request.policy_sha256 = "'"$(printf p | sha256sum | cut -d' ' -f1)"'"' material.bundle >x && mv x material.bundle
cli_material material.bundle
tap_exits 0 "material under a policy" "$keyhaul" inspect material.bundle
tap_like "$tap_out" "^next: keyhaul-kms import --policy POLICY material.bundle\$" "is imported under it"
tap_done 110
