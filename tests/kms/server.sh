# shellcheck shell=sh disable=SC2034,SC2154,SC2119,SC2120 # its variables are those of the tests that source it
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For the tests of keyhaul-kms, sourced after tap.sh: hostile.py as the server, openssl as the token.
#
#	server_start NAME [WORD...]    hostile.py in $TAP_DIR/NAME, sets AWS_ENDPOINT_URL_KMS, $server, $server_pid
#	server_count [OPERATION]       how many requests it had
#	server_forget                  forgets them
#	wrap_into BUNDLE [JQ]          adds a material section, as keyhaul-token would; JQ changes it first
#	new_bundle BUNDLE [WORD...]    fetch and wrap_into

kms=$KEYHAUL_BUILD/keyhaul-kms
here=$KEYHAUL_SRC/tests/kms
arn=arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012
keep="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"
AWS_ACCESS_KEY_ID=AKIDEXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIexample
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
tap_need python3 jq openssl

# The keys that the server hands out.
server_files() {
	cp "$(tap_rsa 2048 13)" wrap.pem
	openssl rsa -in wrap.pem -pubout -outform DER -out wrap.der 2>/dev/null
	openssl genrsa 1024 2>/dev/null | openssl rsa -pubout -outform DER -out small.der 2>/dev/null
	openssl ecparam -genkey -name prime256v1 -noout 2>/dev/null |
		openssl ec -pubout -outform DER -out ec.der 2>/dev/null
	cp ec.der material.der
	cat >exponent.conf <<-CONF
		asn1=SEQUENCE:spki
		[spki]
		algorithm=SEQUENCE:rsa
		key=BITWRAP,SEQUENCE:public
		[rsa]
		oid=OID:rsaEncryption
		null=NULL
		[public]
		n=INTEGER:0x$(openssl rsa -in wrap.pem -noout -modulus | cut -d= -f2)
		e=INTEGER:1
	CONF
	openssl asn1parse -genconf exponent.conf -noout -out exponent.der
}

server_files || exit 1

server_start() {
	server=$TAP_DIR/$1
	shift
	rm -rf "$server"
	mkdir "$server"
	ln "$TAP_DIR"/*.der "$server/"
	: >"$server/log"
	[ ! -f server.pem ] || ln server.pem "$server/"
	tap_start server python3 "$here/hostile.py" "$server" "$@"
	server_pid=$tap_pid
	tap_poll 20 test -f "$server/port" || exit 1
	AWS_ENDPOINT_URL_KMS=http://127.0.0.1:$(cat "$server/port")
	export AWS_ENDPOINT_URL_KMS
}

server_count() {
	jq -r .operation "$server/log" | grep -c -x -e "${1:-.*}"
}

server_forget() {
	: >"$server/log"
}

wrap_into() {
	jq -j .request.public_key "$1" | base64 -d >wrapping.der
	openssl rand -out key.raw 32
	openssl pkeyutl -encrypt -pubin -inkey wrapping.der -keyform DER -in key.raw -out blob \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 || return 1
	jq --arg digest "$(jq -jcS .request "$1" | sha256sum | cut -d' ' -f1)" --arg blob "$(base64 -w0 blob)" \
		--arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg public "$(base64 -w0 material.der)" \
		'.material = {encrypted_key_material: $blob, request_sha256: $digest, token: {label: "test"},
		  key: {label: "k", type: "AES", size: 256, kept: true}, mechanisms: [{name: "CKM_RSA_PKCS_OAEP", number: 9,
		  role: "wrap"}], proof: {oaep_hash: "SHA256", mgf_hash: "SHA256", wrapping_bits: 2048, target_bits: 256},
		  policy_sha256: "none", wrapped_at: $now, generator: "test 0"} |
		 if .request.key_spec | startswith("ECC") then .material.public_key = $public | .material.key.type = "EC" |
		 .material.proof.pkcs8 = "named-curve" | .material.proof.target_bits = 256
		 else . end | '"${2:-.}" "$1" >wrapped && mv wrapped "$1"
}

new_bundle() {
	new=$1
	shift
	rm -f "$new"
	"$kms" fetch --key-id "$arn" --wrapping-key-spec RSA_2048 --wrapping-algorithm RSAES_OAEP_SHA_256 --out "$new" \
		"$@" >/dev/null 2>"$TAP_DIR/new.err" && wrap_into "$new" && return 0
	tap_diag "new_bundle: $(cat "$TAP_DIR/new.err")"
	return 1
}
