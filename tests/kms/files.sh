#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Credentials, profiles and Region out of the environment and AWS's files: what a request is signed with.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
server_start files "arn=arn:aws:kms:REGION:${arn#*:*:*:*:}"
mkdir -p "$HOME/.aws"
long=$(printf 'x%.0s' $(seq 900))
cat >"$HOME/.aws/credentials" <<-FILE
	# a comment
	[default]
	aws_access_key_id = CREDDEFAULT
	aws_secret_access_key = s3cret/+ ; still the secret
	[plain]
	AWS_ACCESS_KEY_ID: CREDPLAIN
	aws_secret_access_key=p
	aws_session_token = $long
	[both]
	aws_access_key_id = CREDBOTH
	aws_secret_access_key = b
	region = ca-central-1
	[half]
	aws_access_key_id = HALF
FILE
cat >"$HOME/.aws/config" <<-FILE
	[default]
	region = eu-west-2
	[profile plain]
	region = eu-west-3
	[profile "conf ig"]
	region = eu-north-1
	aws_access_key_id = CONFIG
	aws_secret_access_key = c
	[profile both]
	region = eu-south-1
	aws_access_key_id = NEVER
	aws_secret_access_key = n
	[profile role]
	region = eu-west-1
	role_arn = arn:aws:iam::111122223333:role/x
	[profile sso]
	region = eu-west-1
	sso_session = s
	[profile process]
	region = eu-west-1
	credential_process = /bin/true
	[profile login]
	region = eu-west-1
	login_session = s
	[profile none]
	region = eu-west-1
	[profile served]
	region = eu-west-1
	aws_access_key_id = SERVED
	aws_secret_access_key = s
	services = here
	endpoint_url = http://127.0.0.1:1
	[services here]
	kms =
	  endpoint_url = $AWS_ENDPOINT_URL_KMS
FILE
sed -i 's/s3cret.*/s3cret/' "$HOME/.aws/credentials"

signed() {
	jq -r '(.headers | map({key: (.[0] | ascii_downcase), value: .[1]}) | from_entries) as $h |
		($h.authorization | capture("Credential=(?<c>[^/]*)/[0-9]*/(?<r>[^/]*)") | "\(.c) \(.r) ") +
		(($h["x-amz-security-token"] // "") | length | tostring)' "$server/log"
}

# signs WITH WHAT [NAME=VALUE...] [-- OPTION...]: the id, the Region and the token's length that the request has
signs() {
	wanted=$1
	what=$2
	shift 2
	server_forget
	settings=
	while [ $# -gt 0 ]; do
		[ "$1" != -- ] || { shift; break; }
		settings="$settings $1"
		shift
	done
	tap_run env $settings "$kms" create --key-spec HMAC_256 "$@"
	tap_is "$tap_status $(signed)" "0 $wanted" "$what" || tap_diag "$tap_err"
}

env_keys="AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=e"
signs "CREDDEFAULT eu-west-2 0" "the default profile"
signs "ENV eu-west-2 0" "the environment wins" $env_keys
signs "ENV eu-west-2 5" "with its session token" $env_keys AWS_SESSION_TOKEN=token
signs "CREDPLAIN eu-west-3 900" "AWS_PROFILE, names in capitals, a long token whole" AWS_PROFILE=plain
signs "CREDPLAIN eu-west-3 900" "AWS_DEFAULT_PROFILE" AWS_DEFAULT_PROFILE=plain
signs "CREDPLAIN eu-west-3 900" "--profile comes before the environment's keys" $env_keys -- --profile plain
signs "ENV eu-west-3 0" "AWS_PROFILE does not" $env_keys AWS_PROFILE=plain
signs "CONFIG eu-north-1 0" "keys in the config file, a name with a space" -- --profile "conf ig"
signs "CREDBOTH ca-central-1 0" "the credentials file wins over the config file" AWS_PROFILE=both
signs "CREDDEFAULT us-west-1 0" "AWS_REGION" AWS_REGION=us-west-1 AWS_DEFAULT_REGION=us-west-2
signs "CREDDEFAULT us-west-2 0" "AWS_DEFAULT_REGION" AWS_DEFAULT_REGION=us-west-2
signs "CREDDEFAULT us-east-1 0" "--region" AWS_REGION=us-west-1 -- --region us-east-1
here_url=$AWS_ENDPOINT_URL_KMS
unset AWS_ENDPOINT_URL_KMS
signs "SERVED eu-west-1 0" "the profile's services section" AWS_PROFILE=served
signs "CREDDEFAULT eu-west-2 0" "--endpoint-url" AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 -- --endpoint-url "$here_url"
signs "CREDDEFAULT eu-west-2 0" "AWS_ENDPOINT_URL" AWS_ENDPOINT_URL="$here_url"
AWS_ENDPOINT_URL_KMS=$here_url
export AWS_ENDPOINT_URL_KMS

# What is refused, by its name, and before anything is sent.
server_forget
while IFS='|' read -r settings status says; do
	tap_run env $settings "$kms" create --key-spec HMAC_256
	tap_is "$tap_status" "$status" "refused: $settings"
	tap_like "$tap_err" "$says" "and it says why"
done <<'TABLE'
AWS_PROFILE=role|3|without source_profile
AWS_PROFILE=sso|3|IAM Identity Center
AWS_PROFILE=process|3|credential_process
AWS_PROFILE=login|3|login_session
AWS_PROFILE=none|3|no AWS credentials
AWS_PROFILE=half|3|without its secret
AWS_PROFILE=missing|3|no profile 'missing'
AWS_ACCESS_KEY_ID=A|3|without its secret
AWS_PROFILE=none AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x|3|container
AWS_WEB_IDENTITY_TOKEN_FILE=/x AWS_ROLE_ARN=a|3|web identity
AWS_MAX_ATTEMPTS=0|2|AWS_MAX_ATTEMPTS
AWS_REGION=../x|2|no name of a Region
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1/path|2|more than a host
AWS_USE_FIPS_ENDPOINT=true|2|FIPS
TABLE
tap_exits 3 "a line end in the token" env AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN="a
X-Injected: 1" "$kms" create --key-spec HMAC_256
tap_unlike "$tap_err" "Injected" "and the token is not shown"
tap_exits 3 "a line end in the id" env AWS_SECRET_ACCESS_KEY=s AWS_ACCESS_KEY_ID="A
X-Injected: 1" "$kms" create --key-spec HMAC_256
printf '[default]\nregion = a\nregion = b\n' >bad
tap_exits 3 "an option twice" env AWS_CONFIG_FILE="$TAP_DIR/bad" "$kms" create --key-spec HMAC_256
tap_like "$tap_err" "bad:3: " "named with its line"
tap_exits 2 "no Region" env AWS_PROFILE=default AWS_CONFIG_FILE=/dev/null "$kms" create --key-spec HMAC_256
tap_like "$tap_err" "^hint: give --region or AWS_REGION$" "and names no ARN where there is no key yet"

tap_exits 3 "no credentials at all" env AWS_PROFILE=none "$kms" create --key-spec HMAC_256
tap_like "$tap_err" "^hint: set AWS_ACCESS_KEY_ID" "what to do is told"
tap_is "$(server_count)" 0 "nothing was sent for these"
tap_run env $env_keys AWS_SESSION_TOKEN=sessiontoken "$kms" create --key-spec HMAC_256 --debug
tap_unlike "$tap_err$tap_out" "sessiontoken|Signature|$(jq -r '.headers[] | select(.[0] == "Authorization") | .[1][-20:]' "$server/log")" \
	"--debug shows neither token nor signature"
tap_done 54
