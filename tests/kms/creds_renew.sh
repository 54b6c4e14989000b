#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Credentials that end while a run goes on: asked for again before that, and what becomes of the run where that fails.
# shellcheck disable=SC2154 # arn is of server.sh
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY

fetch() {
	rm -f x.bundle
	tap_run env AWS_CONTAINER_CREDENTIALS_FULL_URI="$creds_url/container" "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 \
		--out x.bundle "$@"
}
start() { # DELAY BEHAVIOUR
	[ -z "${server_pid-}" ] || tap_stop "$server_pid"
	server_start kms "delay=$1"
	creds_start "Container=$2"
}

start 0 ok
fetch
tap_is "$tap_status $(creds_asked) $(server_count)" "0 1 2" "good ones are asked for once"
start 0 in-3
fetch
tap_is "$tap_status $(creds_asked) $(server_count)" "0 3 2" "those that end are asked for again before each call"
start 0 in-3,ok
fetch --json
tap_is "$tap_status $(creds_asked) $(grep -c "not renewed" out)" "0 2 0" "once, where the new ones are good"
start 0 in-3,500
fetch
tap_is "$tap_status $(server_count)" "0 2" "a failure does not end the run as long as they are good"
tap_is "$(printf '%s\n' "$tap_err" | grep -c 'warning: the credentials end at .* were not renewed: .*HTTP 500')" 1 "it is said, once"
tap_is "$(creds_asked)" 4 "and not tried at each call"
start 2.2 in-2,500
fetch
tap_is "$tap_status $(server_count) $(test -e x.bundle && echo left)" "5 1 " "nothing is signed with them after their end"
tap_like "$tap_err" "^error: .*renewing the credentials, which end at .*HTTP 500" "and the error says so"
start 0 in-3,no-Token
fetch
tap_like "$tap_err" "warning: .*no Token" "half an answer is none"

# Another provider's in the middle of a run: whose keys are these?
mkdir "$HOME/.aws"
cat >helper <<'SCRIPT'
#!/bin/sh
printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"%s"}' "$(date -u -d '3 seconds' +%Y-%m-%dT%H:%M:%SZ)"
printf '[default]\naws_access_key_id = OTHER\naws_secret_access_key = o\n' >"$HOME/.aws/config"
SCRIPT
chmod +x helper
printf '[default]\ncredential_process = %s/helper\n' "$TAP_DIR" >"$HOME/.aws/config"
start 0 ok
rm -f x.bundle
tap_exits 7 "files that were changed meanwhile" "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out x.bundle
tap_like "$tap_err" "came from credential_process .*, and now would from profile 'default' in the config file" "are told"
tap_is "$(server_count)" 0 "and nothing was signed with the others"
tap_done 12
