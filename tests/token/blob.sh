# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For tests that open what keyhaul-token wrapped, by code that is not ours: the
# openssl command line. Sourced after tap.sh.
#
#	blob_key BITS [N]             wrapping key wBITS.pem, its public half wBITS.der; N: another one (14)
#	blob_cut BUNDLE OUT           the encrypted key material of a bundle
#	blob_open ALGORITHM PEM BUNDLE OUT    opens it; fails where openssl does
#	blob_hex FILE                 its bytes in hex

blob_key() {
	cp "$(tap_rsa "$1" "${2:-13}")" "w$1.pem" &&
		openssl pkey -in "w$1.pem" -pubout -outform DER -out "w$1.der"
}

blob_hex() {
	od -An -v -tx1 "$1" | tr -d ' \n'
}

blob_cut() {
	jq -r .material.encrypted_key_material "$1" | base64 -d >"$2"
}

blob_oaep() { # ALGORITHM PEM IN OUT
	case $1 in
	*_SHA_1) blob_hash=sha1 ;;
	*) blob_hash=sha256 ;;
	esac
	openssl pkeyutl -decrypt -inkey "$2" -in "$3" -out "$4" -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt "rsa_oaep_md:$blob_hash" -pkeyopt "rsa_mgf1_md:$blob_hash" 2>/dev/null
}

blob_open() {
	blob_cut "$3" blob || return 1
	case $1 in
	RSAES_OAEP_*)
		blob_oaep "$1" "$2" blob "$4"
		return
		;;
	esac
	blob_rsa=$(openssl pkey -in "$2" -noout -text | sed -n '1s/.*(\([0-9]*\) bit.*/\1/p')
	head -c $((blob_rsa / 8)) blob >blob.kek
	tail -c +$((blob_rsa / 8 + 1)) blob >blob.kwp
	blob_oaep "$1" "$2" blob.kek kek || return 1
	[ "$(wc -c <kek)" -eq 32 ] || return 1
	openssl enc -d -id-aes256-wrap-pad -K "$(blob_hex kek)" -iv a65959a6 -in blob.kwp -out "$4" 2>/dev/null
}
