#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# What keyhaul-kms sends, beside what the AWS CLI sends for the same call: method, path, Content-Type, X-Amz-Target,
# the set of signed headers, the JSON.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
/usr/bin/aws --version 2>/dev/null | grep -q '^aws-cli/2' || tap_skip_all "/usr/bin/aws is not version 2 of the AWS CLI"

AWS_REGION=eu-west-1
AWS_DEFAULT_REGION=eu-west-1
export AWS_REGION AWS_DEFAULT_REGION

# The newest request of an operation.
sent() {
	jq -sc --arg operation "$1" 'map(select(.operation == $operation)) | last |
		(.headers | map({key: (.[0] | ascii_downcase), value: .[1]}) | from_entries) as $h |
		[.method, .path, $h["content-type"], $h["x-amz-target"],
		 ($h.authorization | capture("SignedHeaders=(?<s>[^,]*)").s),
		 ($h.authorization | capture("Credential=(?<c>[^/]*)/[0-9]*/(?<r>[^,]*)") | [.c, .r]),
		 $h["x-amz-security-token"], (.body | fromjson | walk(if type == "object" then to_entries | sort | from_entries else . end))]' "$server/log"
}

aws_sends() {
	operation=$1
	shift
	ours=$(sent "$operation")
	tap_run /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms "$@"
	tap_isnt "$ours" null "keyhaul-kms sent $operation"
	tap_is "$ours" "$(sent "$operation")" "and the AWS CLI sends the same" || tap_diag "$tap_err"
}

for token in "" "session+token/with=signs"; do
	unset AWS_SESSION_TOKEN
	[ -z "$token" ] || export AWS_SESSION_TOKEN="$token"
	server_start same spec=ECC_NIST_P256 usage=SIGN_VERIFY
	new_bundle s.bundle
	aws_sends DescribeKey describe-key --key-id "$arn"
	aws_sends GetParametersForImport get-parameters-for-import --key-id "$arn" \
		--wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_2048
	tap_exits 0 "import" "$kms" import --valid-to "$(($(date +%s) + 86400))" s.bundle
	jq -j .request.import_token s.bundle | base64 -d >token.bin
	jq -j .material.encrypted_key_material s.bundle | base64 -d >blob.bin
	aws_sends ImportKeyMaterial import-key-material --key-id "$arn" --import-token fileb://token.bin \
		--encrypted-key-material fileb://blob.bin --expiration-model KEY_MATERIAL_EXPIRES \
		--valid-to "$(jq '.receipt.valid_to | fromdateiso8601' s.bundle)"
	aws_sends GetPublicKey get-public-key --key-id "$arn"
done

server_start same
echo '{"Statement": [] }' >policy.json
tap_exits 0 "create" "$kms" create --key-spec RSA_2048 --key-usage SIGN_VERIFY --description 'a "key"' \
	--tags TagKey=a,TagValue=b TagKey=c,TagValue="'d,e'" --policy file://policy.json --multi-region \
	--bypass-policy-lockout-safety-check
aws_sends CreateKey create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY --description 'a "key"' --origin EXTERNAL \
	--tags TagKey=a,TagValue=b TagKey=c,TagValue="'d,e'" --policy file://policy.json --multi-region \
	--bypass-policy-lockout-safety-check

# The newer members, which Debian's CLI learns from AWS's model.
model=$KEYHAUL_SRC/../shared/data/kms-service-2.json
if [ -f "$model" ]; then
	mkdir -p data/kms/2014-11-01
	ln -s "$model" data/kms/2014-11-01/service-2.json
	ln -s "${model%service-2.json}paginators-1.json" data/kms/2014-11-01/paginators-1.json
	export AWS_DATA_PATH="$TAP_DIR/data"
	server_start same
	new_bundle n.bundle
	tap_exits 0 "import of new material" "$kms" import $keep --import-type NEW_KEY_MATERIAL --key-material-description "a/b 1" n.bundle
	jq -j .request.import_token n.bundle | base64 -d >token.bin
	jq -j .material.encrypted_key_material n.bundle | base64 -d >blob.bin
	aws_sends ListKeyRotations list-key-rotations --key-id "$arn" --include-key-material ALL_KEY_MATERIAL --no-paginate
	aws_sends ImportKeyMaterial import-key-material --key-id "$arn" --import-token fileb://token.bin \
		--encrypted-key-material fileb://blob.bin $keep --import-type NEW_KEY_MATERIAL --key-material-description "a/b 1"
else
	for what in import list import; do
		tap_skip "$what of new material" "../shared/data/kms-service-2.json is not there"
	done
	tap_skip "the AWS CLI's list" "the same"
	tap_skip "the AWS CLI's import" "the same"
fi
tap_done 26
