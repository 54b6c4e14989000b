#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms fetch against a server that answers badly: the status, what is said, and how often it was asked.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

fetch() {
	"$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out "$TAP_DIR/x.bundle" --cli-connect-timeout 2 \
		--cli-read-timeout 1 "$@"
}

# Of each line: which operation, how it behaves, tries allowed, the status, requests of that operation, the error.
rows=0
while IFS='|' read -r operation how tries status count says; do
	[ -n "$operation" ] || continue
	rows=$((rows + 1))
	server_start fetch "$operation=$how"
	rm -f x.bundle
	AWS_MAX_ATTEMPTS=$tries
	export AWS_MAX_ATTEMPTS
	tap_run fetch
	unset AWS_MAX_ATTEMPTS
	left=no
	[ ! -e x.bundle ] || left=yes
	[ "$status" != 0 ] || left=$(jq -r 'if .request.import_token then "no" else "bad" end' x.bundle)
	tap_is "$tap_status $(server_count "$operation") $left" "$status $count no" "$operation $how: status, requests, bundle"
	tap_like "$tap_err" "$says" "$operation $how: the error" || tap_diag "$tap_err"
	tap_stop "$server_pid"
done <<'TABLE'
DescribeKey|describesother|3|5|1|DescribeKey: the reply is about .*9, not
DescribeKey|html|3|5|1|not an answer of KMS: HTTP 200, text/html.*WiFi
DescribeKey|half|3|5|1|no JSON object
DescribeKey|nothing|3|5|1|nothing
DescribeKey|array|3|5|1|no JSON object
DescribeKey|redirect|3|5|1|redirects to .*elsewhere
DescribeKey|huge|3|5|1|larger than 1048576
DescribeKey|bighead|3|5|1|its headers
DescribeKey|manyheads|3|5|1|its headers
DescribeKey|nothttp|3|5|1|no HTTP
DescribeKey|close|2|6|2|no answer
DescribeKey|short|2|6|2|no answer
DescribeKey|hang|2|6|2|no answer
DescribeKey|drip|1|6|1|no answer
DescribeKey|500|2|6|2|KMSInternalException
DescribeKey|500,ok|3|0|2|warning
DescribeKey|empty500,503,ok|3|0|3|warning
DescribeKey|throttle,close,ok|3|0|3|warning
DescribeKey|throttle|2|6|2|ThrottlingException: Rate exceeded
DescribeKey|429|2|6|2|HTTP 429
DescribeKey|html503|2|5|2|text/html
DescribeKey|header|3|5|1|NotFoundException
DescribeKey|code|3|5|1|NotFoundException: in the body
DescribeKey|no:KMSInvalidStateException|3|5|1|KMSInvalidStateException
DescribeKey|no:com.amazonaws.kms#LimitExceededException|3|5|1|LimitExceededException
DescribeKey|no:SomethingNewException|3|5|1|SomethingNewException: told to
DescribeKey|denied|3|5|1|hint: .*--key-spec
DescribeKey|skew|3|5|1|10 minutes behind
DescribeKey|nometadata|3|5|1|KeyMetadata is missing
DescribeKey|aliased|3|5|1|KeySpec is not a string
GetParametersForImport|otherkey|3|5|1|the reply is about
GetParametersForImport|otheraccount|3|5|1|the reply is about
GetParametersForImport|otherregion|3|5|1|the reply is about
GetParametersForImport|noarn|3|5|1|KeyId
GetParametersForImport|small|3|5|1|PublicKey.*1024 bits
GetParametersForImport|ec|3|5|1|PublicKey
GetParametersForImport|exponent|3|5|1|PublicKey.*exponent
GetParametersForImport|expired|3|7|1|good until
GetParametersForImport|badbase64|3|5|1|ImportToken is not base64
GetParametersForImport|notoken|3|5|1|ImportToken is missing
GetParametersForImport|nulltoken|3|5|1|ImportToken is not a string
GetParametersForImport|bigtoken|3|5|1|ImportToken is
GetParametersForImport|texttime|3|5|1|ParametersValidTo is not a number
GetParametersForImport|listkey|3|5|1|PublicKey is not a string
GetParametersForImport|twice|3|5|1|no JSON object
GetParametersForImport|deep|3|0|1|warning
GetParametersForImport|html|3|5|1|not an answer of KMS
GetParametersForImport|close,close,ok|3|0|3|warning
TABLE

server_start fetch DescribeKey=denied
rm -f x.bundle
tap_exits 0 "DescribeKey denied and --key-spec said" fetch --key-spec SYMMETRIC_DEFAULT
tap_like "$tap_out" "^next: keyhaul-token wrap --key 'pkcs11:token=TOKEN;object=KEY' .*/x.bundle$" "what to type next is told"
tap_like "$tap_out" "^    $(jq -jcS .request x.bundle | sha256sum | cut -d' ' -f1)$" "and the digest that is read aloud"
tap_like "$tap_err" "^warning: the bundle does not say whether the key material expires" "an expiry that is left open is said"
tap_like "$tap_err" "warning: DescribeKey is denied" "and it says so"
tap_is "$(jq -c '[.request.described, .request.kms_key_arn, .request.multi_region]' x.bundle)" "[false,\"$arn\",null]" \
	"the bundle says so too"
rm -f x.bundle
tap_exits 5 "an alias cannot be resolved then" "$kms" fetch --key-id alias/a --key-spec HMAC_256 --region eu-west-1 \
	--out x.bundle

rm -f x.bundle
tap_exits 5 "and another Region's key of that id is not the one" env AWS_REGION=us-east-1 "$kms" fetch \
	--key-id "${arn##*/}" --key-spec SYMMETRIC_DEFAULT --wrapping-key-spec RSA_2048 --out x.bundle
server_start fetch "arn=${arn%2}9"
tap_exits 5 "an id, and every reply is about another key" "$kms" fetch --key-id "${arn##*/}" --region eu-west-1 \
	--wrapping-key-spec RSA_2048 --out x.bundle
tap_is "$(server_count GetParametersForImport)" 0 "no parameters are asked for"

server_start fetch multi=true
tap_exits 5 "MultiRegion of a key whose id is no mrk-" fetch
tap_like "$tap_err" "KMS.s reply contradicts itself: .*multi_region" "says whose mistake it is"

server_start fetch
tap_exits 0 "an alias is resolved once" "$kms" fetch --key-id alias/a --region eu-west-1 --out x.bundle \
	--wrapping-key-spec RSA_2048 --valid-to 30d --key-uri 'pkcs11:token=t;object=k' --token-serial 12
tap_is "$(jq -c '[.request.kms_key_arn, .request.intent.valid_for, .request.key_uri, .request.token_serial]' x.bundle)" \
	"[\"$arn\",2592000,\"pkcs11:token=t;object=k\",\"12\"]" "and the ARN stored, with all that was said"
tap_is "$(jq -r 'select(.operation == "GetParametersForImport") | .body | fromjson | .KeyId' "$server/log")" "$arn" \
	"KMS is asked by the ARN"
cp x.bundle before
tap_exits 3 "a bundle that is there is not overwritten" fetch
tap_like "$tap_err" "good until" "and its request is named"
cmp -s x.bundle before
tap_ok $? "it is as it was"
server_forget
rm -f x.bundle
tap_exits 2 "a --region that differs from the ARN's" fetch --region us-east-1
tap_exits 3 "a module path in --key-uri" "$kms" fetch --key-id "$arn" --out y.bundle --key-uri 'pkcs11:object=k?module-path=/x.so'
tap_exits 2 "a time that is past" "$kms" fetch --key-id "$arn" --out y.bundle --valid-to 2020-01-01 --key-spec HMAC_256
tap_exits 2 "ValidTo over 365 days" "$kms" fetch --key-id "$arn" --out y.bundle --valid-to 366d --key-spec HMAC_256
tap_exits 2 "no key id" "$kms" fetch --out y.bundle
tap_exits 2 "a key id of bad form" "$kms" fetch --key-id '../x' --out y.bundle --region eu-west-1
tap_is "$(server_count)" 0 "nothing was sent for these"

for row in "origin=AWS_KMS Origin" "spec=ML_DSA_44 ML_DSA" "spec=RSA_2048 RSA" "state=PendingDeletion PendingDeletion"; do
	server_start fetch "${row% *}"
	rm -f x.bundle
	tap_exits 7 "a key of ${row% *}" fetch --wrapping-algorithm RSAES_OAEP_SHA_256
	tap_is "$(server_count GetParametersForImport)" 0 "and no parameters are asked for"
done
server_start fetch
tap_exits 7 "another --key-spec than KMS's" fetch --key-spec HMAC_256

# A key of the rehearsals' account is never asked of AWS, and this machine is the only one without TLS.
tap_exits 7 "rehearsals never with AWS" env -u AWS_ENDPOINT_URL_KMS "$kms" fetch --out y.bundle \
	--key-id arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012
tap_like "$tap_err" "000000000000" "and it says why"
tap_exits 7 "plain http to another machine" env AWS_ENDPOINT_URL_KMS=http://192.0.2.1 "$kms" fetch --key-id "$arn" --out y.bundle
tap_like "$tap_err" "not this machine" "and it says why"
tap_exits 7 "not even through a proxy here" env http_proxy="$AWS_ENDPOINT_URL_KMS" AWS_ENDPOINT_URL_KMS=http://192.0.2.1 \
	"$kms" fetch --key-id "$arn" --out y.bundle
tap_exits 7 "nor https unverified" env AWS_ENDPOINT_URL_KMS=https://192.0.2.1 "$kms" fetch --no-verify-ssl \
	--key-id "$arn" --out y.bundle
tap_exits 7 "nor AWS unverified, and nobody is asked where it is" "$kms" fetch --no-verify-ssl --key-id "$arn" \
	--endpoint-url https://kms.eu-west-1.amazonaws.com --out y.bundle
tap_like "$tap_err" "not this machine" "and it says why"
tap_is "$(ls -- *.bundle *.lock 2>/dev/null | tr '\n' ' ')" "" "no file is left behind"
tap_run "$kms" fetch --json --key-id "$arn" --wrapping-key-spec RSA_2048 --out j.bundle
tap_is "$(printf %s "$tap_out" | jq -c '[.ok, .results[0].kms_key_arn, (.warnings | length)]')" "[true,\"$arn\",2]" \
	"--json is one document"
tap_done $((2 * rows + 44))
