#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# sign: keys in a token and in files, what OpenSSL says of the signatures, and what is refused.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"

tap_need openssl softhsm2-util pkcs11-tool
token_softhsm
people_ca ca
printf 'what is signed\n' >content

# verified NAME: by the CA, by the certificate pinned, and not of other content
verified() {
	openssl cms -verify -binary -purpose any -CAfile ca.crt -inform DER -in "$1.p7s" -content content >/dev/null 2>log &&
		openssl cms -verify -binary -purpose any -partial_chain -CAfile "$1.crt" -inform DER -in "$1.p7s" \
			-content content >/dev/null 2>>log &&
		! openssl cms -verify -binary -purpose any -CAfile ca.crt -inform DER -in "$1.p7s" -content ca.crt >/dev/null 2>&1
	tap_ok $? "openssl verifies it: $1" || tap_diag "$(cat log)"
}

sign() { # STATUS WHAT KEY CERTIFICATE OUT OPTION...
	sign_status=$1 sign_what=$2 sign_key=$3 sign_cert=$4 sign_out=$5
	shift 5
	tap_exits "$sign_status" "$sign_what" "$TOKEN" sign --signer "$sign_key" --cert "$sign_cert" --out "$sign_out" "$@" content
}

# in the token: NAME KEY-TYPE OPTION
for row in 'rsa rsa:2048' 'p256 EC:prime256v1' 'always EC:prime256v1 --always-auth' 'alwaysrsa rsa:2048 --always-auth'; do
	# shellcheck disable=SC2086 # words
	set -- $row
	people_token "$@"
	sign 0 "a key in the token: $1" "$KEYHAUL_TOKEN;object=$1" "$1.crt" "$1.p7s" --pin-file "$KEYHAUL_PIN_FILE"
	verified "$1"
done
tap_like "$tap_out" "^content: signed by 'CN=alwaysrsa', the signature is in alwaysrsa.p7s\$" "the result names who signed"

token_run generate --label hauled --key-spec ECC_NIST_P256
sign 4 "a key that generate made signs nothing" "$KEYHAUL_TOKEN;object=hauled" p256.crt hauled.p7s --pin-file "$KEYHAUL_PIN_FILE"
tap_like "$tap_err" "^hint: it is no key that signs: those that 'generate' makes are for being hauled" "and why is told"

# in files
for row in 'f2048 rsa:2048' 'f384 P-384' 'f521 P-521'; do
	# shellcheck disable=SC2086 # words
	set -- $row
	people_file "$@"
	sign 0 "a key in a file: $1" "$1.key" "$1.crt" "$1.p7s"
	verified "$1"
done
printf 'pass phrase\n' >pass
openssl pkey -in f384.key -aes256 -passout file:pass -out locked.key
chmod 600 pass locked.key
cp f384.crt locked.crt
sign 0 "an encrypted key in a file" locked.key locked.crt locked.p7s --pin-file pass
verified locked
printf 'wrong\n' >pass
sign 3 "a wrong passphrase" locked.key locked.crt no.p7s --pin-file pass

# refused: nothing is written
sign 7 "another's certificate, in the token" "$KEYHAUL_TOKEN;object=p256" always.crt no.p7s --pin-file "$KEYHAUL_PIN_FILE"
sign 7 "another's certificate, of another kind" f384.key f2048.crt no.p7s
people_file expired P-256 -1
sign 7 "an expired certificate" expired.key expired.crt no.p7s
tap_like "$tap_err" 'has expired' "it says so"
people_file weak rsa:1024
sign 7 "a key of 1024 bits" weak.key weak.crt no.p7s
people_file tls P-256 10 'keyUsage=critical,keyAgreement'
sign 7 "a key usage that does not sign" tls.key tls.crt no.p7s
sign 3 "a signer that is neither" f384.crt f384.crt no.p7s
cat f384.crt f521.crt >both.crt
sign 3 "two certificates" f384.key both.crt no.p7s
tap_like "$tap_err" '2 certificates' "it says so"
sign 3 "a file that is there" f384.key f384.crt f384.p7s
printf '0000\n' >wrong
chmod 600 wrong
sign 4 "a wrong PIN" "$KEYHAUL_TOKEN;object=always" always.crt no.p7s --pin-file wrong
sign 2 "no key is named" "$KEYHAUL_TOKEN" always.crt no.p7s --pin-file "$KEYHAUL_PIN_FILE"
sign 3 "without a login" "$KEYHAUL_TOKEN;object=rsa" rsa.crt no.p7s --no-login
! [ -e no.p7s ]
tap_ok $? "nothing was written where it was refused"
tap_done 34
