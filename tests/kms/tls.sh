#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# TLS: verified against the CA that was named, by host name, and never left out for fetch but on this machine.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.tmp -out cert.tmp -days 2 -subj "/CN=$1" \
		-addext "subjectAltName=$2" 2>/dev/null
	cat key.tmp cert.tmp >server.pem
	cp cert.tmp "$3"
}

fetch() {
	rm -f x.bundle
	"$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --out x.bundle --endpoint-url "$url" "$@"
}

certificate localhost DNS:localhost,IP:127.0.0.1 ca.pem
server_start tls tls=server
url=https://localhost:$(cat "$server/port")
unset AWS_ENDPOINT_URL_KMS
tap_exits 7 "a CA that nobody named" fetch
tap_like "$tap_err" "TLS is not verified" "it says so"
tap_like "$tap_err" "hint: .*--ca-bundle" "and what to do"
tap_is "$(server_count)" 0 "nothing was sent"
tap_exits 0 "--ca-bundle" fetch --ca-bundle ca.pem
tap_is "$(jq -c '[.request.tls_verified, .request.endpoint]' x.bundle)" "[true,\"$url\"]" "the bundle says verified"
AWS_CA_BUNDLE=$TAP_DIR/ca.pem
export AWS_CA_BUNDLE
tap_exits 0 "AWS_CA_BUNDLE" fetch
unset AWS_CA_BUNDLE
mkdir cas "$HOME/.aws"
cp ca.pem cas/ && openssl rehash cas
tap_exits 0 "a folder of hashed certificates" fetch --ca-bundle cas
printf '[default]\nca_bundle = %s\n' "$TAP_DIR/ca.pem" >"$HOME/.aws/config"
tap_exits 0 "the profile's ca_bundle" fetch
tap_exits 3 "a CA bundle that is not there" fetch --ca-bundle nothing.pem
certificate other.example DNS:other.example other.pem
tap_exits 7 "another CA than the server's" fetch --ca-bundle other.pem
rm "$HOME/.aws/config"
tap_exits 0 "--no-verify-ssl, on this machine" fetch --no-verify-ssl
tap_like "$tap_err" "warning: --no-verify-ssl" "with a warning"
tap_is "$(jq -c .request.tls_verified x.bundle)" false "and the bundle says not verified"
server_start tls tls=server
url=https://localhost:$(cat "$server/port")
unset AWS_ENDPOINT_URL_KMS
tap_exits 7 "a certificate for another host" fetch --ca-bundle other.pem
tap_like "$tap_err" "localhost" "names the host"
# its end lies before its beginning
openssl req -new -key key.tmp -subj /CN=localhost | openssl x509 -req -signkey key.tmp -days -1 -out expired.pem 2>/dev/null
cat key.tmp expired.pem >server.pem
server_start tls tls=server
url=https://localhost:$(cat "$server/port")
unset AWS_ENDPOINT_URL_KMS
tap_exits 7 "a certificate that has expired" fetch --ca-bundle expired.pem
tap_like "$tap_err" "TLS is not verified: .*expired" "is called so"
tap_is "$(server_count)" 0 "and nothing was sent"
SSLKEYLOGFILE=$TAP_DIR/secrets tap_run fetch --no-verify-ssl
tap_is "$tap_status $(test -e secrets && echo leaked)" "0 " "SSLKEYLOGFILE is passed over"
tap_done 20
