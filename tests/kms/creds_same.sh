#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Beside the AWS CLI: of several credentials that could be taken, both take the same. A proxy brings AWS's own host names to
# creds_server.py, whose certificate is of them, so that neither is told of an endpoint.
# shellcheck disable=SC2086,SC2154 # lists of words on purpose; creds is of creds_server.sh
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
tap_need openssl
sim_need_aws

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=aws \
	-addext subjectAltName=DNS:sts.us-east-1.amazonaws.com,DNS:portal.sso.eu-central-1.amazonaws.com 2>/dev/null
cat key.pem ca.pem >aws.pem
creds_start "tls=$TAP_DIR/aws.pem"
creds_front=${creds_url##*:}
unset AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_SSO AWS_ENDPOINT_URL_SSO_OIDC
mkdir proxy
printf '%s' "$creds_front" >proxy/to
echo ok >proxy/how
tap_start proxy python3 "$KEYHAUL_SRC/tests/kms/connect.py" "$TAP_DIR/proxy"
tap_poll 20 test -f proxy/port || exit 1
HTTPS_PROXY=http://127.0.0.1:$(cat proxy/port)
AWS_CA_BUNDLE=$TAP_DIR/ca.pem
AWS_REGION=us-east-1
AWS_PAGER=
export HTTPS_PROXY AWS_CA_BUNDLE AWS_REGION AWS_PAGER

role=arn:aws:iam::111122223333:role
mkdir -p "$HOME/.aws/sso/cache"
cat >"$HOME/.aws/credentials" <<FILE
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = s
[both]
aws_access_key_id = AKIABOTH
aws_secret_access_key = s
FILE
cat >"$HOME/.aws/config" <<FILE
[profile both]
credential_process = false
aws_access_key_id = AKIACONFIG
aws_secret_access_key = s
[profile process]
credential_process = "$TAP_DIR/my helper" 'two words'
aws_access_key_id = AKIACONFIG
aws_secret_access_key = s
[profile chain]
role_arn = $role/chain
source_profile = middle
[profile middle]
role_arn = $role/middle
source_profile = both
[profile sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 111122223333
sso_role_name = Admin
FILE
cat >"my helper" <<'SCRIPT'
#!/bin/sh
[ "$1" = "two words" ] && echo '{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"p","SessionToken":"t"}'
SCRIPT
chmod +x "my helper"
printf '{"startUrl":"https://corp.awsapps.com/start","region":"eu-central-1","accessToken":"t","expiresAt":"2099-01-01T00:00:00Z"}' \
	>"$HOME/.aws/sso/cache/$(printf https://corp.awsapps.com/start | sha1sum | cut -d' ' -f1).json"
echo eyJ.web.x >web

# The access key id that the CLI takes, and that which keyhaul-kms signs with.
rows=0
while IFS='|' read -r what wanted settings words; do
	rows=$((rows + 1))
	cli=$(env $settings /usr/bin/aws configure export-credentials $words 2>cli.err </dev/null | jq -r .AccessKeyId)
	ours=$(env $settings "$kms" whoami --json $words 2>ours.err </dev/null | jq -r '.results[0].arn | sub(".*/"; "")')
	tap_is "$cli $ours" "$wanted $wanted" "$what" || tap_diag "$(cat cli.err ours.err)"
done <<TABLE
a profile that is named, before the environment's keys|AKIABOTH|AWS_ACCESS_KEY_ID=AKIAENV AWS_SECRET_ACCESS_KEY=e|--profile both
credential_process, before keys of the config file|ASIAPROCESS|AWS_PROFILE=process|
a role by a role by keys|ASIAchain|AWS_PROFILE=chain|
web identity, before the credentials file|ASIAweb|AWS_WEB_IDENTITY_TOKEN_FILE=$TAP_DIR/web AWS_ROLE_ARN=$role/web|
IAM Identity Center, before a container|ASIAJSON|AWS_PROFILE=sso AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/|
TABLE
tap_is "$(jq -r .operation "$creds/log" | grep -v GetCallerIdentity | tr '\n' ' ')" \
	"AssumeRole AssumeRole AssumeRole AssumeRole AssumeRoleWithWebIdentity AssumeRoleWithWebIdentity GetRoleCredentials GetRoleCredentials " \
	"and both asked the same of AWS"
tap_done $((rows + 1))
