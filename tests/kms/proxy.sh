#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Proxies: asked for what is not this machine, as HTTPS_PROXY, ALL_PROXY and NO_PROXY say; trusted with nothing; never asked
# for what hands out credentials on this machine or in the container.
# shellcheck disable=SC2086,SC2154,SC2317 # lists of words on purpose; arn is of server.sh; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.tmp -out ca.pem -days 2 -subj /CN=kms \
	-addext subjectAltName=DNS:kms.keyhaul.invalid 2>/dev/null
cat key.tmp ca.pem >server.pem
server_start kms tls=server
unset AWS_ENDPOINT_URL_KMS
mkdir proxy
: >proxy/log
cp "$server/port" proxy/to
echo ok >proxy/how
tap_start proxy python3 "$here/connect.py" "$TAP_DIR/proxy"
tap_poll 20 test -f proxy/port || exit 1
proxy=http://127.0.0.1:$(cat proxy/port)
url=https://kms.keyhaul.invalid
RES_OPTIONS="attempts:1 timeout:1"
AWS_MAX_ATTEMPTS=1
export RES_OPTIONS AWS_MAX_ATTEMPTS

# fetch [NAME=VALUE...]: $url, by the proxy that the variables say
fetch() {
	rm -f x.bundle
	: >proxy/log
	server_forget
	tap_run env "$@" "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out x.bundle --endpoint-url "$url" \
		--ca-bundle ca.pem --cli-connect-timeout 3 --cli-read-timeout 2 --debug
}
# what the proxy was asked, once, and how often KMS
asked() {
	printf '%s %s' "$(sort -u proxy/log | tr '\n' ' ')" "$(server_count)"
}

connect="CONNECT kms.keyhaul.invalid:443"
while IFS='|' read -r settings status wanted; do
	fetch $settings
	tap_is "$tap_status $(asked)" "$status $wanted" "$settings" || tap_diag "$tap_err"
done <<TABLE
HTTPS_PROXY=$proxy|0|$connect  2
https_proxy=$proxy|0|$connect  2
ALL_PROXY=$proxy|0|$connect  2
https_proxy=$proxy HTTPS_PROXY=http://127.0.0.1:1|0|$connect  2
HTTPS_PROXY=$proxy NO_PROXY=other.example,10.0.0.1|0|$connect  2
HTTPS_PROXY=$proxy NO_PROXY=.keyhaul.invalid|6| 0
HTTPS_PROXY=$proxy no_proxy=example.com,kms.keyhaul.invalid|6| 0
HTTPS_PROXY=$proxy NO_PROXY=*|6| 0
http_proxy=$proxy|6| 0
TABLE
fetch "HTTPS_PROXY=http://someone:proxy-passw0rd@${proxy#http://}"
tap_is "$tap_status $(asked)" "0 $connect Basic $(printf someone:proxy-passw0rd | base64)  2" "a name and password for the proxy"
tap_unlike "$tap_out$tap_err$(cat x.bundle)" "passw0rd|$(printf someone:proxy-passw0rd | base64)" "which are not shown"
tap_is "$(jq -r '.request | "\(.endpoint) \(.tls_verified)"' x.bundle)" "$url true" "the bundle says who was asked, and that TLS was verified"

# A proxy that leads elsewhere is found out, for it has no certificate of AWS's; STS's calls go the same way.
elsewhere() {
	: >proxy/log
	server_forget
	tap_run env HTTPS_PROXY="$proxy" AWS_REGION=eu-west-1 "$kms" "$@" --cli-connect-timeout 3 --cli-read-timeout 2
}
elsewhere fetch --key-id "$arn" --out y.bundle
tap_is "$tap_status $(asked)" "7 CONNECT kms.eu-west-1.amazonaws.com:443  0" "AWS's own name, and a proxy that leads elsewhere"
tap_like "$tap_err" "TLS is not verified" "is called so"
elsewhere whoami
tap_is "$tap_status $(asked)" "7 CONNECT sts.eu-west-1.amazonaws.com:443  0" "nor are credentials asked for there"

# One that fails.
while IFS='|' read -r how says hint; do
	echo "$how" >proxy/how
	fetch "HTTPS_PROXY=$proxy"
	tap_is "$tap_status $(asked)" "6 $connect  0" "$how: status"
	tap_like "$tap_err" "$says" "$how: what it says"
	tap_like "$tap_err" "^hint: .*$hint" "$how: with a hint"
done <<'TABLE'
407|no answer: .*407|the proxy asks who you are
403|no answer: .*403|the proxy did not connect
502|no answer: .*502|the proxy did not connect
close|no answer: .*[Pp]roxy|the proxy
hang|no answer: |the proxy
TABLE
echo ok >proxy/how
fetch HTTPS_PROXY=http://127.0.0.1:1
tap_is "$tap_status $(server_count)" "6 0" "no proxy there"

# This machine, the container and the machine's metadata: past it.
. "$KEYHAUL_SRC/tests/kms/creds_server.sh"
creds_start
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
AWS_MAX_ATTEMPTS=2
every="http_proxy=$proxy https_proxy=$proxy ALL_PROXY=$proxy HTTPS_PROXY=$proxy"
: >proxy/log
creds_are "ASIAJSON container-role" "a container's service" $every AWS_CONTAINER_CREDENTIALS_FULL_URI="$creds_url/container"
creds_are "ASIAJSON iam-role" "the machine's metadata" $every AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT="$creds_url"
server_start kms
tap_run env $every AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=b "$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out z.bundle
tap_is "$tap_status $(server_count)" "0 2" "KMS on this machine"
tap_is "$(cat proxy/log)" "" "and no proxy was asked for these"
tap_done 35
