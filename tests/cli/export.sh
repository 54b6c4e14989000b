#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul export: the files, import.json, and the command to paste.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl

keyhaul=$KEYHAUL_BUILD/keyhaul
cli_key=$cli_real_arn
cli_parameters 2048 "$(cli_hours 20)"
cli_adopt order.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE \
	--import-type NEW_KEY_MATERIAL --key-material-description 'order 1' >/dev/null
cp order.bundle request.bundle
cli_material order.bundle

tap_exits 0 "exports" "$keyhaul" export --to files order.bundle
tap_is "$tap_out" "aws kms import-key-material --region eu-central-1 --cli-binary-format base64 \
--cli-input-json file://files/import.json" "the command"
tap_is "$(cd files && echo *)" "EncryptedKeyMaterial.bin ImportToken.bin PublicKey.bin import.json request.json" "the files"
cmp files/PublicKey.bin wrapping.der && cmp files/ImportToken.bin token.bin && cmp files/EncryptedKeyMaterial.bin blob.bin
tap_ok $? "the .bin files are the raw bytes"
tap_is "$(sha256sum <files/request.json | cut -d' ' -f1)" "$(jq -r .material.request_sha256 order.bundle)" \
	"request.json is what the digest is of"
tap_is "$(stat -c %a files files/* | sort -u | paste -sd' ')" "600 700" "modes"
tap_is "$(jq -cS . files/import.json)" "$(jq -ncS --arg key "$cli_key" --arg token "$(base64 -w0 token.bin)" \
	--arg blob "$(base64 -w0 blob.bin)" '{KeyId: $key, ImportToken: $token, EncryptedKeyMaterial: $blob,
	ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE", ImportType: "NEW_KEY_MATERIAL",
	KeyMaterialDescription: "order 1"}')" "import.json: KMS's members and no others"
tap_run "$keyhaul" export --json --to json order.bundle
tap_is "$(printf '%s\n' "$tap_out" | jq -r '.ok, .results[0].command')" "true
aws kms import-key-material --region eu-central-1 --cli-binary-format base64 --cli-input-json file://json/import.json" "--json"

# nothing is overwritten, and all or nothing
before=$(cat files/* | sha256sum)
tap_exits 3 "a second time is refused" "$keyhaul" export --to files order.bundle
tap_is "$(cat files/* | sha256sum)" "$before" "and changes nothing"
mkdir part
echo mine >part/EncryptedKeyMaterial.bin
tap_exits 3 "a file in the way" "$keyhaul" export --to part order.bundle
tap_is "$(cd part && echo * && cat ./*)" "EncryptedKeyMaterial.bin
mine" "leaves nothing new behind"
tap_is "$tap_out" "" "and prints no command"
tap_exits 3 "a file for a folder" "$keyhaul" export --to order.bundle order.bundle
tap_exits 1 "a folder that cannot be made" "$keyhaul" export --to none/deep order.bundle
tap_exits 2 "no --to" "$keyhaul" export order.bundle

# the expiry
cli_adopt open.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 >/dev/null
cli_material open.bundle
tap_exits 2 "an expiry that nobody said" "$keyhaul" export --to open open.bundle
tap_like "$tap_err" '^hint: .*--valid-to.*KEY_MATERIAL_DOES_NOT_EXPIRE' "what to say"
[ ! -e open ]
tap_ok $? "and nothing is written"
tap_exits 0 "said on the command line" "$keyhaul" export --to open --valid-to 90d open.bundle
now=$(date +%s)
tap_is "$(jq -r --argjson now "$now" '.ExpirationModel, (.ValidTo | type), ((.ValidTo - $now - 90 * 86400) | fabs < 60)' \
	open/import.json | paste -sd' ')" "KEY_MATERIAL_EXPIRES number true" "ValidTo is a number, 90 days from now"
grep -q '"ValidTo": [0-9]*,\?$' open/import.json
tap_ok $? "and an integer"
tap_exits 2 "an option that contradicts the bundle" "$keyhaul" export --to contra --valid-to 90d order.bundle

# for another tool that wraps
tap_exits 0 "without material" "$keyhaul" export --to request request.bundle
tap_is "$(cd request && echo *)" "ImportToken.bin PublicKey.bin request.json" "the files without material"
tap_is "$(printf '%s\n' "$tap_out" | tail -n 1)" "aws kms import-key-material --region eu-central-1 --key-id $cli_key \
--import-token fileb://request/ImportToken.bin --encrypted-key-material fileb://request/EncryptedKeyMaterial.bin \
--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE --import-type NEW_KEY_MATERIAL --key-material-description 'order 1'" \
	"the command without material"

# what a shell must not take for something else
awkward="it's \$(touch pwned) & more"
tap_exits 0 "an awkward folder" "$keyhaul" export --to "$awkward" order.bundle
aws() { printf '%s\n' "$8"; }
tap_is "$(eval "$tap_out" | tail -c +8)" "$awkward/import.json" "is quoted"
[ ! -e pwned ]
tap_ok $? "and nothing of it was run"

# a rehearsal's goes to no AWS host
cli_key=$cli_arn
cli_parameters 2048 "$(cli_hours 20)"
cli_adopt sim.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 1d >/dev/null
cli_material sim.bundle
tap_run "$keyhaul" export --to sim sim.bundle
tap_like "$tap_out" '--endpoint-url "\$AWS_ENDPOINT_URL_KMS" --cli-binary-format' "a rehearsal's command has an endpoint"

# expired, and imported already
jq -S '.request.parameters_valid_to = "2026-01-01T00:00:00Z" | .request.fetched_at = "2025-12-31T00:00:00Z"' \
	request.bundle >old.bundle
tap_exits 7 "expired parameters are not exported" "$keyhaul" export --to old old.bundle
cli_receipt order.bundle
tap_exits 0 "imported already" "$keyhaul" export --to again order.bundle
tap_like "$tap_err" '^warning: order.bundle has a receipt' "is told"
tap_done 33
