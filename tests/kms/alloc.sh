#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Allocations of keyhaul-kms, of libcurl, expat and jansson in it fail, one by one, and all from one on: each time the run says
# that there is no memory, and nothing that the service, STS or IAM Identity Center would have been to blame for. Every so
# manieth here; KEYHAUL_ALLOC_EVERY=1 takes every one. tests/alloc/fail_alloc.c says what must hold.
# shellcheck disable=SC2154 # creds_url is of creds_server.sh
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
[ -x "$sim" ] || tap_skip_all "keyhaul-sim is not built"

# walk WHAT EVERY [NAME=VALUE...] -- VERB...: each of them once, and with all behind it at every fourth of these
walk() {
	walk_what=$1 walk_every=${KEYHAUL_ALLOC_EVERY:-$2} walk_settings=
	[ "${KEYHAUL_SANITIZERS:-no}" = no ] || walk_every=$((walk_every * 5))
	shift 2
	while [ "$1" != -- ]; do
		walk_settings="$walk_settings $1"
		shift
	done
	shift
	for walk_mode in one rest; do
		# shellcheck disable=SC2086 # words
		env AWS_MAX_ATTEMPTS=1 KEYHAUL_ALLOC_MODE=$walk_mode KEYHAUL_ALLOC_STEP="$walk_every" $walk_settings \
			"$KEYHAUL_BUILD/tests/alloc/keyhaul-kms" "$@" >walked 2>walked.err </dev/null
		read -r walk_word walk_n walk_passed_over walk_passed <<-END
			$(tail -n 1 walked)
		END
		tap_is "$walk_word $walk_passed_over $(grep -c '^bad' walked)" "walked passed-over 0" \
			"$walk_what: $walk_n allocations, $walk_mode of them failing, $walk_passed done without it" ||
			tap_diag "$(grep '^bad' walked | head -n 12; head -n 3 walked.err)"
		walk_every=$((walk_every * 4))
	done
}

sim_start
walk "a key is made" 5 -- create --key-spec HMAC_256 --description hello --policy '{"Statement":[]}' --tags TagKey=a,TagValue=b
key=$("$kms" create --key-spec SYMMETRIC_DEFAULT)
walk "a key has no material to delete" 7 -- delete --yes --key-id "$key"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
creds_start
mkdir -p "$HOME/.aws/sso/cache"
cat >"$HOME/.aws/config" <<FILE
[profile process]
credential_process = "$TAP_DIR/helper" 'two words'
[profile chain]
role_arn = arn:aws:iam::111122223333:role/chain
source_profile = process
[profile sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 111122223333
sso_role_name = Admin
FILE
cat >helper <<'SCRIPT'
#!/bin/sh
echo '{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"p","SessionToken":"t"}'
SCRIPT
chmod +x helper
printf '{"accessToken":"t","expiresAt":"2099-01-01T00:00:00Z"}' \
	>"$HOME/.aws/sso/cache/$(printf https://corp.awsapps.com/start | sha1sum | cut -d' ' -f1).json"
walk "a role by a process" 7 AWS_PROFILE=chain -- whoami
walk "IAM Identity Center" 7 AWS_PROFILE=sso -- whoami
walk "a container" 11 AWS_CONTAINER_CREDENTIALS_FULL_URI="$creds_url/container" -- whoami
walk "an instance" 11 AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT="$creds_url" -- whoami
tap_done 12
