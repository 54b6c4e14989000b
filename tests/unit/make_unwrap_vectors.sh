#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Prints unwrap_vectors.h: blobs made by the openssl command line, right ones
# and every wrong one that a token was seen or could be thought to make.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

row() { # NAME FILE
	printf 'static const char %s[] =\n' "$1"
	od -An -v -tx1 "$2" | tr -d ' \n' | fold -w 104 | sed 's/.*/\t"&"/'
	printf ';\n'
}
oaep() { # HASH MGF IN OUT
	openssl pkeyutl -encrypt -inkey rsa.pem -in "$3" -out "$4" -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt rsa_oaep_md:"$1" -pkeyopt rsa_mgf1_md:"$2"
}
hex() { od -An -v -tx1 "$1" | tr -d ' \n'; }
wrap() { # CIPHER IV IN OUT (the inner layer under kek)
	openssl enc -e "-id-aes$((8 * $(wc -c <kek)))-$1" -K "$(hex kek)" -iv "$2" -in "$3" -out inner
	cat outer inner >"$4"
}
rsa() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"$1" -pkeyopt rsa_keygen_primes:"$2"; }
p8() { openssl pkcs8 -topk8 -nocrypt -outform DER; }

rsa 2048 2 >rsa.pem
head -c 32 /dev/urandom >secret
openssl pkey -in rsa.pem -outform DER -out rsa.der
oaep sha1 sha1 secret oaep_sha1
oaep sha256 sha256 secret oaep_sha256
oaep sha256 sha1 secret oaep_sha256_mgf_sha1
openssl pkeyutl -encrypt -inkey rsa.pem -in secret -out pkcs1 -pkeyopt rsa_padding_mode:pkcs1

openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 >ec.pem
p8 <ec.pem >p256
openssl ec -in ec.pem -no_public 2>/dev/null | p8 >p256_no_public
openssl ec -in ec.pem -param_enc explicit 2>/dev/null | p8 >p256_explicit
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 | p8 >k256
rsa 2048 2 | p8 >rsa_2048
rsa 2048 3 | p8 >rsa_three_primes
rsa 1024 2 | p8 >rsa_1024
openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 | p8 >rsa_pss

head -c 32 /dev/urandom >kek
oaep sha256 sha256 kek outer
wrap wrap-pad A65959A6 p256 two_layer
wrap wrap-pad A65959A6 rsa_2048 two_layer_rsa
size=$(wc -c <p256)
pad=$((8 - size % 8))
{ cat p256; i=0; while [ $i -lt $pad ]; do printf "\\$(printf %03o "$pad")"; i=$((i + 1)); done; } >p256_pkcs7
{ cat p256; head -c "$pad" /dev/zero; } >p256_zero
wrap wrap A6A6A6A6A6A6A6A6 p256_pkcs7 inner_pkcs7
wrap wrap A6A6A6A6A6A6A6A6 p256_zero inner_zero
head -c 1200 rsa_2048 >cut
wrap wrap A6A6A6A6A6A6A6A6 cut inner_3394
wrap wrap-pad DEADBEEF p256 inner_foreign
wrap wrap-pad A65959A6 p256_zero two_layer_zero
cp kek kek32
head -c 32 /dev/urandom >kek
wrap wrap-pad A65959A6 p256 inner_other_key
head -c 16 kek32 >kek
oaep sha256 sha256 kek outer
wrap wrap-pad A65959A6 p256 kek_16

cat <<'END'
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_TESTS_UNIT_UNWRAP_VECTORS_H
#define KEYHAUL_TESTS_UNIT_UNWRAP_VECTORS_H

/* Written by make_unwrap_vectors.sh with the openssl command line; hex. These keys are for nothing else. */
END
row vec_rsa_key rsa.der
for f in secret oaep_sha1 oaep_sha256 oaep_sha256_mgf_sha1 pkcs1 p256 p256_no_public p256_explicit p256_zero k256 \
	rsa_2048 rsa_three_primes rsa_1024 rsa_pss two_layer two_layer_rsa two_layer_zero inner_pkcs7 inner_zero \
	inner_3394 inner_foreign inner_other_key kek_16; do
	row "vec_$f" "$f"
done
printf '\n#endif\n'
