#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# credential_process, a container's service, instance metadata, IAM Identity Center: what is asked and how, and each fault.
# shellcheck disable=SC2016 # scripts of its own
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"

mkdir -p "$HOME/.aws/sso/cache" "bin dir"
cat >"$HOME/.aws/config" <<FILE
[default]
region = eu-west-1
[profile process]
credential_process = "$TAP_DIR/bin dir/helper" 'two words' back\\\\ slash "" \$HOME ~ *
[profile path]
credential_process = helper
[profile missing]
credential_process = $TAP_DIR/nowhere
[profile open]
credential_process = helper 'open
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Ad+min
[sso-session corp]
sso_region = eu-central-1
sso_start_url = https://corp.awsapps.com/start
[profile oldsso]
sso_region = eu-central-1
sso_start_url = https://corp.awsapps.com/start
sso_account_id = 111122223333
sso_role_name = Admin
[profile halfsso]
sso_session = corp
sso_account_id = 111122223333
[profile nosession]
sso_session = nobody
sso_account_id = 111122223333
sso_role_name = Admin
[profile split]
sso_session = corp
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Admin
[profile ofsso]
role_arn = arn:aws:iam::111122223333:role/ofsso
source_profile = sso
FILE
cat >"bin dir/helper" <<'SCRIPT'
#!/bin/sh
printf '%s\n' "$@" >words
cat answer
echo "helper: no login for you" >&2
exit "$(cat status)"
SCRIPT
chmod +x "bin dir/helper"
ln -s "bin dir" bin
creds_start

# process STATUS ANSWER
process() {
	echo "$1" >status
	printf '%s' "$2" >answer
}
keys='"AccessKeyId":"ASIAPROC","SecretAccessKey":"secret/p","SessionToken":"t"'
process 0 "{\"Version\":1,$keys,\"Expiration\":\"2030-01-01T00:00:00+01:00\"}"
creds_are "ASIAPROC custom-process" "credential_process" AWS_PROFILE=process
tap_is "$(tr '\n' '|' <words)" 'two words|back\|slash||$HOME|~|*|' "split into words, and no shell"
tap_like "$tap_out" 'expires   2029-12-31T23:00:00Z' "its Expiration"
process 0 '{"Version":1,"AccessKeyId":"AKIAPROC","SecretAccessKey":"secret/p"}'
creds_are "AKIAPROC custom-process" "found in PATH, with neither token nor end" AWS_PROFILE=path "PATH=$TAP_DIR/bin:$PATH"
process 3 ''
creds_refused 3 "ended with status 3: helper: no login for you" "its standard error is the message" AWS_PROFILE=process
process 0 "{\"Version\":2,$keys}"
creds_refused 3 "not of Version 1" "another version" AWS_PROFILE=process
process 0 "{\"Version\":1,\"AccessKeyId\":\"A\"}"
creds_refused 3 "no SecretAccessKey" "half the keys" AWS_PROFILE=process
process 0 "{\"Version\":1,$keys"
creds_refused 3 "no JSON object" "half a JSON" AWS_PROFILE=process
process 0 "{\"Version\":1,$keys,\"Expiration\":\"2020-01-01T00:00:00Z\"}"
creds_refused 5 "ended at 2020-01-01" "ended ones" AWS_PROFILE=process
head -c 40000 /dev/zero | tr '\0' x >answer
creds_refused 3 "more than 32768 bytes" "no end of output" AWS_PROFILE=process
creds_refused 3 "nowhere.*No such file" "a program that is not there" AWS_PROFILE=missing
creds_refused 3 "quote that is not closed" "an open quote" AWS_PROFILE=open
tap_is "$(creds_asked)" 2 "nobody else was asked for these"

# A container's service.
full=AWS_CONTAINER_CREDENTIALS_FULL_URI
creds_start
creds_are "ASIAJSON container-role" "a container" "$full=$creds_url/container/v1?x=y"
tap_is "$(jq -r 'select(.operation == "Container") | "\(.path) \(.headers.accept) \(.headers.authorization)"' "$creds/log")" \
	"/container/v1?x=y application/json null" "asked for JSON, without a token"
printf 'file-token\n' >token
creds_are "ASIAJSON container-role" "with a token" "$full=$creds_url/container" AWS_CONTAINER_AUTHORIZATION_TOKEN=variable
creds_are "ASIAJSON container-role" "a token file before it" "$full=$creds_url/container" AWS_CONTAINER_AUTHORIZATION_TOKEN=variable \
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$TAP_DIR/token"
tap_is "$(jq -r 'select(.operation == "Container") | .headers.authorization' "$creds/log" | tr '\n' ' ')" \
	"null variable file-token " "as Authorization"
creds_are "ASIAJSON container-role" "past a proxy" "$full=$creds_url/container" http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1
printf 'two\nlines' >lines
asked=$(creds_asked)
creds_refused 3 "line end in the token" "a token file of two lines" "$full=$creds_url/container" AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$TAP_DIR/lines"
creds_refused 3 "/nowhere" "none at all" "$full=$creds_url/container" AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/nowhere
creds_refused 3 "http to the host '192.0.2.1'" "http to another host" "$full=http://192.0.2.1/x"
creds_refused 3 "http to the host '169.254.170.2.example'" "nor one that begins so" "$full=http://169.254.170.2.example/x"
creds_refused 3 "no http or https URL" "a user in the URL" "$full=http://127.0.0.1@192.0.2.1/x"
creds_refused 3 "no path" "a relative URI that is none" AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=.example/x
tap_is "$(creds_asked)" "$asked" "nothing was asked for these"
while IFS='|' read -r how status count says; do
	creds_start "Container=$how"
	creds_refused "$status" "$says" "container: $how" "$full=$creds_url/container" AWS_EC2_METADATA_DISABLED=false \
		"AWS_EC2_METADATA_SERVICE_ENDPOINT=$creds_url"
	tap_is "$(creds_asked Container) $(creds_asked)" "$count $count" "container: $how: asked so often, and nobody else"
done <<'TABLE'
close|6|3|no answer
403|5|3|HTTP 403, Told: told to
500|5|3|HTTP 500
half|5|3|no JSON object
no-SecretAccessKey|5|3|no SecretAccessKey
no-Expiration|5|3|no Expiration
huge|5|3|larger than
TABLE
creds_start Container=close,500,ok
creds_are "ASIAJSON container-role" "the third try" "$full=$creds_url/container"

# Instance metadata, version 2 alone.
imds="AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT="
creds_start
# shellcheck disable=SC2086 # two words
creds_are "ASIAJSON iam-role" "an instance's role" $imds$creds_url http_proxy=http://127.0.0.1:1
tap_is "$(jq -r '"\(.method) \(.operation) \(.headers["x-aws-ec2-metadata-token-ttl-seconds"]) \(.headers["x-aws-ec2-metadata-token"])"' "$creds/log" | head -n 3 | tr '\n' '|')" \
	"PUT ImdsToken 21600 null|GET ImdsRole null metadata-token|GET ImdsKeys null metadata-token|" "by a session's token"
tap_like "$tap_out" "instance role app-role" "it is named"
creds_start ImdsKeys=in--60
# shellcheck disable=SC2086
creds_are "ASIAJSON iam-role" "ended keys of an instance are tried" $imds$creds_url
tap_like "$tap_err" "warning: the instance's credentials have ended" "and that is said"
for how in ImdsToken=403 ImdsToken=404 ImdsToken=close ImdsRole=404 ImdsRole=evil ImdsKeys=half ImdsKeys=code ImdsKeys=no-Token; do
	creds_start "$how"
	# shellcheck disable=SC2086
	creds_refused 3 "no AWS credentials" "passed over: $how" $imds$creds_url
done
tap_is "$(jq -r 'select(.operation == "ImdsUnknown") | .path' "$creds/log")" "" "version 1 is not tried"
creds_refused 3 "no AWS credentials" "AWS_EC2_METADATA_DISABLED" AWS_EC2_METADATA_DISABLED=TRUE "AWS_EC2_METADATA_SERVICE_ENDPOINT=$creds_url"

# IAM Identity Center: the cache of 'aws sso login'.
new=$HOME/.aws/sso/cache/$(printf corp | sha1sum | cut -d' ' -f1).json
old=$HOME/.aws/sso/cache/$(printf https://corp.awsapps.com/start | sha1sum | cut -d' ' -f1).json
at() { date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ; }
# login FILE SECONDS [JQ]
login() {
	jq -n --arg ends "$(at "$2")" --arg registered "$(at 86400)" '{startUrl: "https://corp.awsapps.com/start", region: "eu-central-1",
		accessToken: "access", expiresAt: $ends, clientId: "id", clientSecret: "client", refreshToken: "refresh-1",
		registrationExpiresAt: $registered} | '"${3:-.}" >"$1"
	chmod 600 "$1"
}
creds_start
creds_refused 3 "no login on this machine" "no login" AWS_PROFILE=sso
tap_like "$tap_err" "^hint: run 'aws sso login --profile sso'" "what to do is said"
login "$new" 3600
creds_are "ASIAJSON sso" "a login with a session" AWS_PROFILE=sso
tap_is "$(jq -r 'select(.operation == "GetRoleCredentials") | "\(.path) \(.headers["x-amz-sso_bearer_token"])"' "$creds/log")" \
	"/federation/credentials?account_id=111122223333&role_name=Ad%2Bmin access" "asked with its token"
tap_is "$(creds_asked CreateToken)" 0 "a login that is good is not renewed"
creds_are "ASIAofsso assume-role" "a role by it" AWS_PROFILE=ofsso
login "$old" 3600 'del(.refreshToken) | .expiresAt |= sub("Z$"; "UTC")'
creds_are "ASIAJSON sso" "a login without a session" AWS_PROFILE=oldsso
login "$new" 60
creds_are "ASIAJSON sso" "one that ends soon" AWS_PROFILE=sso
tap_is "$(jq -c 'select(.operation == "CreateToken") | .json' "$creds/log")" \
	'{"grantType":"refresh_token","clientId":"id","clientSecret":"client","refreshToken":"refresh-1"}' "is renewed"
tap_is "$(tail -n 2 "$creds/log" | head -n 1 | jq -r '.headers["x-amz-sso_bearer_token"]')" renewed "and the new one is used"
tap_is "$(jq -r '"\(.accessToken) \(.refreshToken) \(.clientSecret)"' "$new") $(stat -c %a "$new")" "renewed refresh-2 client 600" \
	"and written back for other tools"
login "$new" -60 'del(.refreshToken)'
creds_refused 5 "login has run out" "one that has run out" AWS_PROFILE=sso
login "$old" -60
creds_refused 5 "login has run out" "nor is one without a session renewed" AWS_PROFILE=oldsso
creds_refused 3 "lacks sso_role_name" "half a profile" AWS_PROFILE=halfsso
creds_refused 3 "no sso-session nobody" "a session that is not there" AWS_PROFILE=nosession
creds_refused 3 "contradict each other in sso_region" "a profile and its session that differ" AWS_PROFILE=split
login "$new" 3600 '{accessToken}'
creds_refused 3 "no accessToken and expiresAt" "a cache file with less" AWS_PROFILE=sso
printf '{' >"$new"
creds_refused 3 "no JSON object" "a cache file that is cut" AWS_PROFILE=sso
login "$new" 60
creds_start CreateToken=401
creds_are "ASIAJSON sso" "not renewed, and still good" AWS_PROFILE=sso
login "$new" -60
creds_refused 5 "login has run out" "not renewed, and at its end" AWS_PROFILE=sso
login "$new" 3600
while IFS='|' read -r how status count says; do
	creds_start "GetRoleCredentials=$how"
	creds_refused "$status" "$says" "GetRoleCredentials $how" AWS_PROFILE=sso AWS_MAX_ATTEMPTS=2 "$full=$creds_url/container"
	tap_is "$(creds_asked GetRoleCredentials) $(creds_asked)" "$count $count" "GetRoleCredentials $how: asked so often"
done <<'TABLE'
401|5|1|login was refused
403|5|1|HTTP 403: told to
500|6|2|HTTP 500
close|6|2|no answer
half|5|1|no JSON object
no-sessionToken|5|1|no sessionToken
TABLE
tap_done 88
