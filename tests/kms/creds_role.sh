#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Roles: by keys of another profile, of the environment, of a container; by web identity; each refusal and each fault.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"

role=arn:aws:iam::111122223333:role
mkdir "$HOME/.aws"
cat >"$HOME/.aws/credentials" <<FILE
[base]
aws_access_key_id = AKIABASE
aws_secret_access_key = base/secret+
[itself]
aws_access_key_id = AKIASELF
aws_secret_access_key = s
role_arn = $role/itself
source_profile = itself
FILE
cat >"$HOME/.aws/config" <<FILE
[default]
region = eu-west-1
[profile one]
region = eu-west-1
role_arn = $role/one
source_profile = base
external_id = ext & id/ü
role_session_name = me@example.com
duration_seconds = 900
[profile two]
role_arn = $role/two
source_profile = one
[profile looped]
role_arn = $role/x
source_profile = loop2
[profile loop2]
role_arn = $role/y
source_profile = looped
[profile alone]
role_arn = $role/x
source_profile = alone
[profile env]
role_arn = $role/env
credential_source = Environment
[profile container]
role_arn = $role/container
credential_source = EcsContainer
[profile metadata]
role_arn = $role/metadata
credential_source = Ec2InstanceMetadata
[profile badsource]
role_arn = $role/x
credential_source = Elsewhere
[profile both]
role_arn = $role/x
credential_source = Environment
source_profile = base
[profile neither]
role_arn = $role/x
[profile gone]
role_arn = $role/x
source_profile = nobody
[profile empty]
region = eu-west-1
[profile ofempty]
role_arn = $role/x
source_profile = empty
[profile long]
role_arn = $role/x
source_profile = base
duration_seconds = 12h
[profile badname]
role_arn = $role/x
source_profile = base
role_session_name = a b
[profile mfa]
role_arn = $role/mfa
source_profile = base
mfa_serial = arn:aws:iam::111122223333:mfa/me
[profile web]
role_arn = $role/web
web_identity_token_file = $TAP_DIR/token
role_session_name = pod
[profile ofweb]
role_arn = $role/ofweb
source_profile = web
[profile webonly]
web_identity_token_file = $TAP_DIR/token
FILE
# a setting that is there and empty, each beside keys that would do
for setting in role_arn source_profile credential_source web_identity_token_file credential_process sso_account_id sso_session; do
	printf '[profile no_%s]\naws_access_key_id = AKIANEXT\naws_secret_access_key = s\nregion = eu-west-1\n%s =\n' $setting $setting
done >>"$HOME/.aws/config"
cat >>"$HOME/.aws/config" <<FILE
[profile ofnothing]
role_arn = $role/x
source_profile = no_role_arn
FILE
printf 'eyJ.web_identity-token.x' >token

creds_start
creds_are "AKIABASE shared-credentials-file" "keys without a role" -- --profile base
creds_are "ASIAone assume-role" "a role by another profile's keys" -- --profile one
head -n 2 "$creds/log" | tail -n 1 >asked
tap_is "$(jq -c '.form | [.Version, .RoleArn, .ExternalId, .RoleSessionName, .DurationSeconds]' asked)" \
	"[\"2011-06-15\",\"$role/one\",\"ext & id/ü\",\"me@example.com\",\"900\"]" "with what the profile says of it"
tap_like "$(jq -r .headers.authorization asked)" 'Credential=AKIABASE/[0-9]+/eu-west-1/sts/aws4_request' "signed for STS with those keys"
tap_is "$(creds_saw '.headers["x-amz-security-token"] | length')" 480 "the role's token goes with what it signs, whole"
creds_are "ASIAtwo assume-role" "a role by a role" AWS_PROFILE=two
tap_is "$(tail -n 3 "$creds/log" | jq -r '.headers.authorization[28:36]' | tr '\n' ' ')" "AKIABASE ASIAone/ ASIAtwo/ " \
	"each signed with the keys of the one before"
tap_like "$tap_out" "role $role/two of profile 'two', by role .*/one" "the chain is told"
tap_like "$tap_out" 'expires   .*in (59|60) minutes' "and its end"
tap_unlike "$tap_out$tap_err" 'secret|session.token' "never the secret"
creds_are "ASIAitself assume-role" "a profile may name itself for its keys" AWS_PROFILE=itself
creds_are "ASIAenv assume-role" "credential_source Environment" AWS_PROFILE=env AWS_ACCESS_KEY_ID=AKIAENV AWS_SECRET_ACCESS_KEY=x -- --profile env
tap_is "$(tail -n 2 "$creds/log" | jq -r '.headers.authorization[28:35]' | head -n 1)" AKIAENV "by the environment's keys"
creds_are "ASIAcontainer assume-role" "credential_source EcsContainer" AWS_CONTAINER_CREDENTIALS_FULL_URI="$creds_url/container" -- --profile container
creds_are "ASIAmetadata assume-role" "credential_source Ec2InstanceMetadata" AWS_EC2_METADATA_DISABLED=false \
	AWS_EC2_METADATA_SERVICE_ENDPOINT="$creds_url" -- --profile metadata
creds_are "ASIAweb assume-role-with-web-identity" "web identity" AWS_WEB_IDENTITY_TOKEN_FILE="$TAP_DIR/token" AWS_ROLE_ARN=$role/web
tail -n 2 "$creds/log" | head -n 1 >asked
tap_is "$(jq -c '[.operation, .form.WebIdentityToken, .headers.authorization]' asked)" \
	'["AssumeRoleWithWebIdentity","eyJ.web_identity-token.x",null]' "unsigned, with the token"
tap_like "$(jq -r .form.RoleSessionName asked)" '^keyhaul-kms-[0-9]+$' "and a session name of ours"
creds_are "ASIAweb assume-role-with-web-identity" "of the profile, whatever the environment says" AWS_ROLE_ARN=$role/other -- --profile web
tap_is "$(tail -n 2 "$creds/log" | jq -r .form.RoleSessionName | head -n 1)" pod "with its session name"
creds_are "ASIAofweb assume-role" "a role by web identity's" -- --profile ofweb
creds_are "AKIABASE shared-credentials-file" "--profile before web identity" AWS_WEB_IDENTITY_TOKEN_FILE=/x AWS_ROLE_ARN=a -- --profile base

asked=$(creds_asked)
while IFS='|' read -r profile status says; do
	creds_refused "$status" "$says" "refused: $profile" AWS_PROFILE="$profile"
done <<'TABLE'
looped|3|leads back
alone|3|leads back
badsource|3|no credential_source Elsewhere
both|3|both source_profile and credential_source
neither|3|without source_profile or credential_source
gone|3|no source_profile nobody
ofempty|3|no credentials in its source_profile empty
long|3|900 to 43200
badname|3|role_session_name
mfa|3|MFA code.*no terminal
env|3|no credentials come from credential_source Environment
metadata|3|no credentials come from credential_source Ec2InstanceMetadata
webonly|3|without a role
no_role_arn|3|'no_role_arn': role_arn is there, and empty
no_source_profile|3|source_profile is there, and empty
no_credential_source|3|credential_source is there, and empty
no_web_identity_token_file|3|web_identity_token_file is there, and empty
no_credential_process|3|credential_process is there, and empty
no_sso_account_id|3|sso_account_id is there, and empty
no_sso_session|3|sso_session is there, and empty
ofnothing|3|'no_role_arn': role_arn is there, and empty
TABLE
creds_refused 3 "/nowhere" "no token file" AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere AWS_ROLE_ARN=$role/x
: >empty
creds_refused 3 "empty" "an empty one" AWS_WEB_IDENTITY_TOKEN_FILE="$TAP_DIR/empty" AWS_ROLE_ARN=$role/x
tap_is "$(creds_asked)" "$asked" "nothing was asked for these"

# Each fault of STS: status, requests, the error. The environment's keys, were they next, would do: no falling through.
while IFS='|' read -r how status count says; do
	creds_start "AssumeRole=$how"
	creds_refused "$status" "$says" "AssumeRole $how" AWS_PROFILE=one AWS_MAX_ATTEMPTS=2 \
		AWS_CONTAINER_CREDENTIALS_FULL_URI="$creds_url/container"
	tap_is "$(creds_asked AssumeRole) $(creds_asked)" "$count $count" "AssumeRole $how: asked so often, and nobody else"
done <<'TABLE'
denied|5|1|error: role [^ ]* of profile 'one', by profile '[a-z]*' in the [a-z ]*: AssumeRole: AccessDenied: User: AKIABASE is not authorized
expired|5|1|ExpiredTokenException
throttle|6|2|Throttling: Rate exceeded
500|6|2|HTTP 500
close|6|2|no answer
html|5|1|no Credentials|no XML
html403|5|1|not an answer of STS
half|5|1|no XML of STS
doctype|5|1|DOCTYPE
twice|5|1|an element twice
notoken|5|1|no Credentials
notime|5|1|Expiration
control|3|1|a space, a line end
huge|5|1|larger than
redirect|5|1|HTTP 307
in--10|5|1|credentials ended
TABLE
creds_start AssumeRole=close,throttle,ok
creds_are "ASIAone assume-role" "two failures, then an answer" AWS_PROFILE=one
creds_start GetCallerIdentity=noaccount
creds_refused 5 "error: role .*: GetCallerIdentity: .*not an answer of STS" "GetCallerIdentity without an account" AWS_PROFILE=one
creds_start AssumeRoleWithWebIdentity=denied
creds_refused 5 "AccessDenied" "web identity refused" AWS_PROFILE=web
creds_refused 7 "not this machine" "http to another machine" AWS_PROFILE=web AWS_ENDPOINT_URL_STS=http://192.0.2.1
creds_refused 2 "FIPS" "FIPS and an endpoint of one's own" AWS_PROFILE=web AWS_USE_FIPS_ENDPOINT=true

# The MFA code, typed.
mux() { tmux -S "$TAP_DIR/tmux" -f /dev/null "$@"; }
screen() { mux capture-pane -p -J; }
shows() { screen | grep -q -e "$1"; }
creds_start
if command -v tmux >/dev/null 2>&1 && mux new-session -d -x 200 -y 50 'PS1="ready> " exec sh'; then
	tap_children="$tap_children $(mux display-message -p '#{pid}')"
	tap_poll 10 shows 'ready>'
	mux send-keys "clear; '$kms' whoami --profile mfa; echo ended=\$?" Enter
	tap_poll 20 shows 'MFA code of arn:aws:iam::111122223333:mfa/me:'
	mux send-keys -l 123456
	mux send-keys Enter
	tap_poll 20 shows 'ended=0'
	tap_like "$(screen)" 'assumed-role/ASIAmfa' "an MFA code that is typed" || tap_diag "$(screen)"
	tap_unlike "$(screen)" 123456 "and not shown"
	tap_is "$(tail -n 2 "$creds/log" | head -n 1 | jq -r '.form | "\(.SerialNumber) \(.TokenCode)"')" \
		"arn:aws:iam::111122223333:mfa/me 123456" "goes to STS"
	mux kill-server
else
	for what in "typed" "not shown" "goes to STS"; do
		tap_skip "an MFA code: $what" "tmux is not installed, or does not start here"
	done
fi
tap_done 86
