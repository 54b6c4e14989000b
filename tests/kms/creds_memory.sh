#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# No secret of AWS's is left in keyhaul-kms's memory when it ends, whatever way it came by and however the run ended, nor
# shown by --debug, nor in a child's arguments; and a TLS key log is never written. Memory is read as tests/memory does, at
# each system call, and a secret's pieces of eight bytes may be there until the program asks to exit.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"

tap_need openssl
reader=$KEYHAUL_BUILD/tests/memory/memory_reader
case ${KEYHAUL_SANITIZERS:-no} in
no | '') ;;
*) tap_skip_all "a sanitizer keeps what was freed" ;;
esac
[ -x "$reader" ] || tap_skip_all "the memory reader is built with keyhaul-token"
why=$("$reader" --can 2>&1) || tap_skip_all "$why"

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
# what creds_server.py hands out
cat >answers <<'LINES'
session+token/with=signs
secret+of/one
secret/json
LINES

# watch SECRET COMMAND...: reads the run's memory for the secret and for the answers'; $status is the reader's
watch() {
	watch_secret=$1
	shift
	{ printf '%s\n' "$watch_secret" | tr '|' '\n' && cat answers; } | while read -r line; do
		printf 'pin %s %s\n' "secret-$((n = ${n-0} + 1))" "$(printf %s "$line" | od -An -tx1 -v | tr -d ' \n')"
	done >needles
	rm -f report
	"$reader" --report report --preload "$KEYHAUL_BUILD/tests/memory/planted.so" --needles needles --until-exit -- "$@" \
		>end.out 2>end.err </dev/null
	status=$?
	return 0
}

# left SECRET WHAT EXIT [NAME=VALUE...] -- VERB...: of keyhaul-kms
left() {
	left_secret=$1 left_what=$2 left_exit=$3
	shift 3
	left_settings=
	while [ "$1" != -- ]; do
		left_settings="$left_settings $1"
		shift
	done
	shift
	# shellcheck disable=SC2086,SC2163 # words, NAME=VALUE each
	(export AWS_PAGER='' $left_settings && watch "$left_secret" "$kms" "$@" --debug && exit "$status")
	status=$?
	tap_is "$status $(sed -n 's/^exit //p; s/^places //p' report | tr '\n' ' ')" "0 $left_exit 0 " "$left_what: at its end there is nothing" ||
		tap_diag "$(cat report end.err)"
	grep -Eq '^login returned at stop [0-9]+, PIN at [1-9][0-9]* stops before$' report
	tap_ok $? "$left_what: before that there was"
	tap_unlike "$(cat end.out end.err)" "$left_secret|secret[+]of/|secret/json|session[+]token/" "$left_what: --debug does not show it"
}

left "$file_secret" "a role by keys of a file" 0 AWS_PROFILE=role -- whoami
left "$environment" "keys of the environment" 0 AWS_ACCESS_KEY_ID=A "AWS_SECRET_ACCESS_KEY=$environment" \
	"AWS_SESSION_TOKEN=session+token/$environment" -- whoami
left "$environment|$pod" "an environment that is not asked" 0 AWS_PROFILE=role "AWS_SECRET_ACCESS_KEY=$environment" \
	"AWS_CONTAINER_AUTHORIZATION_TOKEN=$pod" -- whoami
left "$web" "web identity" 0 AWS_PROFILE=web -- whoami
left "$process" "a process" 0 AWS_PROFILE=process -- whoami
tap_is "$(cat cmdline)" "/bin/sh $TAP_DIR/helper of mine " "a child's arguments are the profile's own"
left "$login" "IAM Identity Center" 0 AWS_PROFILE=sso -- whoami
left "$pod" "a container" 0 "AWS_CONTAINER_AUTHORIZATION_TOKEN=$pod" "AWS_CONTAINER_CREDENTIALS_FULL_URI=$creds_url/container" -- whoami
left "secret/json" "an instance" 0 AWS_EC2_METADATA_DISABLED=false "AWS_EC2_METADATA_SERVICE_ENDPOINT=$creds_url" -- whoami

# KMS's own calls, by one thread and by several, and the ways in which they fail. What KMS says may have the token in it.
haul_start_sim
one=$(kms create --key-spec HMAC_256)
two=$(kms create --key-spec HMAC_256)
haul_key k
for key in one two; do
	eval "haul_bundle $key.bundle \"\$$key\" k --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE" || exit 1
done
secret=$AWS_SECRET_ACCESS_KEY
left "$secret" "fetch" 0 -- fetch --key-id "$one" --wrapping-key-spec RSA_2048 --out x.bundle
left "$environment" "a session token that KMS does not know" 5 "AWS_SESSION_TOKEN=session+token/$environment" -- create --key-spec HMAC_256
haul_stop_sim
haul_start_sim --fault ImportKeyMaterial:1=close --fault "ImportKeyMaterial:2=AccessDeniedException"
left "$AWS_SECRET_ACCESS_KEY" "closed" 6 AWS_MAX_ATTEMPTS=1 -- import --wait-timeout 0 one.bundle
left "$AWS_SECRET_ACCESS_KEY" "many at once" 5 AWS_MAX_ATTEMPTS=1 -- import one.bundle two.bundle
tap_is "$(sed -n 's/^processes.*threads more \([0-9]*\).*/\1/p' report)" 2 "by a thread each"

# A key log would have what each https connection is encrypted with: KMS's, and of what hands out credentials.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>/dev/null
sim_start --cert ca.pem --key key.pem || exit 1
url=https://localhost:${AWS_ENDPOINT_URL_KMS##*:}
SSLKEYLOGFILE=$TAP_DIR/keylog
AWS_ENDPOINT_URL_STS=$url
AWS_ENDPOINT_URL_KMS=$url
export SSLKEYLOGFILE
tap_exits 0 "KMS and STS over https" sh -c '"$1" create --key-spec HMAC_256 --ca-bundle ca.pem && "$1" whoami --ca-bundle ca.pem' sh "$kms"
curl -s --cacert ca.pem "$url/" >/dev/null
tap_isnt "$(grep -c . keylog)" 0 "where another program writes a key log"
rm -f keylog
"$kms" create --key-spec HMAC_256 --ca-bundle ca.pem >/dev/null && "$kms" whoami --ca-bundle ca.pem >/dev/null
tap_is "$? $(ls keylog 2>/dev/null)" "0 " "keyhaul-kms writes none"
tap_done 41
