#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# No secret of AWS's is left in keyhaul-kms's memory when it ends, nor shown by --debug, nor in a child's arguments. gdb writes
# the memory to a file as the program asks to exit, and, so that the search is seen to find something, as it connects.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"

tap_need gdb readelf
case ${KEYHAUL_SANITIZERS:-no} in
no | '') ;;
*) tap_skip_all "a sanitizer keeps what was freed" ;;
esac
gdb -batch -ex 'catch syscall exit_group' -ex run -ex 'generate-core-file probe' --args /bin/true >gdb.log 2>&1
[ -s probe ] || tap_skip_all "gdb cannot read a program's memory here"
rm probe

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
file_secret=$(random)
environment=$(random)
pod=$(random)
web=$(random)
process=$(random)
login=$(random)
mkdir -p "$HOME/.aws/sso/cache"
cat >"$HOME/.aws/credentials" <<FILE
[base]
aws_access_key_id = AKIABASE
aws_secret_access_key = $file_secret
FILE
cat >"$HOME/.aws/config" <<FILE
[profile role]
role_arn = arn:aws:iam::111122223333:role/one
source_profile = base
[profile web]
role_arn = arn:aws:iam::111122223333:role/one
web_identity_token_file = $TAP_DIR/web
[profile process]
credential_process = $TAP_DIR/helper of mine
[profile sso]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_account_id = 111122223333
sso_role_name = Admin
FILE
printf '%s' "$web" >web
cat >helper <<SCRIPT
#!/bin/sh
tr '\0' ' ' </proc/\$\$/cmdline >'$TAP_DIR/cmdline'
echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"$process","SessionToken":"session+token/$process"}'
SCRIPT
chmod +x helper
printf '{"accessToken":"%s","expiresAt":"2099-01-01T00:00:00Z"}' "$login" \
	>"$HOME/.aws/sso/cache/$(printf https://corp.awsapps.com/start | sha1sum | cut -d' ' -f1).json"
unset AWS_PROFILE
creds_start

# memory_at SYSCALL FILE [NAME=VALUE...]: of keyhaul-kms whoami --debug
memory_at() {
	memory_call=$1
	memory_core=$2
	shift 2
	rm -f "$memory_core"
	env "$@" gdb -batch -iex 'set auto-load off' -iex 'set startup-with-shell off' -ex "catch syscall $memory_call" -ex run -ex "generate-core-file $memory_core" -ex kill \
		--args "$kms" whoami --debug >"$memory_core.log" 2>&1
	[ -s "$memory_core" ] || return 1
	# without the notes, for they have the vector registers, and in them what was copied last
	memory_note=$(readelf -lW "$memory_core" 2>/dev/null | awk '$1 == "NOTE" { print $2, $5; exit }')
	memory_from=$((${memory_note% *})) memory_size=$((${memory_note#* }))
	{
		head -c "$memory_from" "$memory_core"
		tail -c "+$((memory_from + memory_size + 1))" "$memory_core"
	} >memory && mv memory "$memory_core"
}

# left SECRETS(ERE) WHAT [NAME=VALUE...]
left() {
	left_secrets=$1
	left_what=$2
	shift 2
	memory_at exit_group end "$@"
	tap_ok $? "$left_what: read at the end" || tap_diag "$(cat end.log)"
	tap_is "$(grep -Eac "assumed-role/" end.log) $(LC_ALL=C grep -Eaoc "$left_secrets" end)" "1 0" "$left_what: it worked, and nothing is left" ||
		tap_diag "$(LC_ALL=C grep -Eao "[ -~]{0,30}($left_secrets)[ -~]{0,20}" end | sort | uniq -c)"
	tap_unlike "$(cat end.log)" "$left_secrets" "$left_what: --debug does not show it"
}

answers='secret[+]of/|secret/json|session[+]token/|session%2Btoken'
memory_at connect begin AWS_PROFILE=role
tap_isnt "$(LC_ALL=C grep -ac "$file_secret" begin)" 0 "while it is needed the search finds it"
left "$file_secret|$answers" "a role by keys of a file" AWS_PROFILE=role
left "$environment|$answers" "keys of the environment" "AWS_ACCESS_KEY_ID=A" "AWS_SECRET_ACCESS_KEY=$environment" "AWS_SESSION_TOKEN=session+token/$environment"
left "$environment|$pod|$answers" "an environment that is not asked" AWS_PROFILE=role "AWS_SECRET_ACCESS_KEY=$environment" \
	"AWS_CONTAINER_AUTHORIZATION_TOKEN=$pod"
left "$web|$answers" "web identity" AWS_PROFILE=web
left "$process|$answers" "a process" AWS_PROFILE=process
tap_is "$(cat cmdline)" "/bin/sh $TAP_DIR/helper of mine " "a child's arguments are the profile's own"
left "$login|$answers" "IAM Identity Center" AWS_PROFILE=sso
left "$pod|$answers" "a container" "AWS_CONTAINER_AUTHORIZATION_TOKEN=$pod" "AWS_CONTAINER_CREDENTIALS_FULL_URI=$creds_url/container"
left "$answers" "an instance" AWS_EC2_METADATA_DISABLED=false "AWS_EC2_METADATA_SERVICE_ENDPOINT=$creds_url"
tap_done 26
