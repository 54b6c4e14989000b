# shellcheck shell=sh disable=SC2034,SC2154 # its variables are those of the tests that source it
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For the tests of what follows an import, after tap.sh and sim_lib.sh: keyhaul-kms against keyhaul-sim, openssl as the
# token. Bundles are fetched with RSA_2048, so that the key pool of the simulator does.
#
#	kms VERB ...                       keyhaul-kms
#	haul_key NAME [KIND]               NAME.raw: 32 random bytes, N bytes, RSA or EC (P-256) as PKCS#8
#	haul_bundle BUNDLE ARN NAME [WORD...]  fetched with WORDs, and NAME.raw wrapped into it
#	haul_import BUNDLE ARN NAME [WORD...]  and imported
#	haul_stop_sim, haul_start_sim [OPTION...]  the same simulator again, at its address, with its folder
#	haul_calls OPERATION               how many of these the simulator had (it runs with --debug)

kms() {
	"$KEYHAUL_BUILD/keyhaul-kms" "$@"
}

haul_key() {
	case ${2:-32} in
	RSA)
		haul_rsa=$((${haul_rsa:-20} + 1))
		openssl pkey -in "$(tap_rsa 2048 $haul_rsa)" -outform DER -out key.der
		openssl pkcs8 -topk8 -nocrypt -inform DER -in key.der -outform DER -out "$1.raw"
		;;
	EC)
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out key.der
		openssl pkcs8 -topk8 -nocrypt -inform DER -in key.der -outform DER -out "$1.raw"
		;;
	*) openssl rand -out "$1.raw" "${2:-32}" ;;
	esac
}

# $1 in, $2 out
haul_oaep() {
	openssl pkeyutl -encrypt -pubin -inkey wrapping.der -keyform DER -in "$1" -out "$2" \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
}

# $1 the bundle, $2 the plain key: the material section, as keyhaul-token would write it
haul_wrap() {
	jq -j .request.public_key "$1" | base64 -d >wrapping.der
	public=
	case $(jq -r .request.key_spec "$1") in
	SYMMETRIC_DEFAULT) key='"type":"AES","size":256' ;;
	HMAC_*) key='"type":"GENERIC_SECRET","size":'$(($(wc -c <"$2") * 8)) ;;
	RSA_2048) key='"type":"RSA","size":2048' public=rsa-two-prime ;;
	*) key='"type":"EC","size":256' public=named-curve ;;
	esac
	if [ "$public" ]; then
		openssl rand -out kek.bin 32
		haul_oaep kek.bin first.bin
		openssl enc -e -id-aes256-wrap-pad -K "$(od -An -tx1 -v kek.bin | tr -d ' \n')" -iv A65959A6 -in "$2" -out second.bin
		cat first.bin second.bin >blob
		openssl pkey -inform DER -in "$2" -pubout -outform DER -out public.der
	else
		haul_oaep "$2" blob
		: >public.der
	fi
	jq --arg digest "$(jq -jcS .request "$1" | sha256sum | cut -d' ' -f1)" --arg blob "$(base64 -w0 blob)" \
		--arg public "$(base64 -w0 public.der)" --arg shape "$public" --argjson key "{$key,\"label\":\"k\",\"kept\":true}" \
		--arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		'.material = {encrypted_key_material: $blob, request_sha256: $digest, token: {label: "test"}, key: $key,
		  mechanisms: [{name: "CKM_RSA_PKCS_OAEP", number: 9, role: "wrap"}], proof: {oaep_hash: "SHA256",
		  mgf_hash: "SHA256", wrapping_bits: 2048, target_bits: 2048}, policy_sha256: "none", wrapped_at: $now,
		  generator: "test 0"} |
		 if $shape != "" then .material.public_key = $public | .material.proof += {pkcs8: $shape, kek_bits: 256} else . end' \
		"$1" >wrapped && mv wrapped "$1"
}

haul_bundle() {
	haul_file=$1
	haul_arn=$2
	haul_raw=$3.raw
	shift 3
	rm -f "$haul_file"
	if kms fetch --key-id "$haul_arn" --wrapping-key-spec RSA_2048 --out "$haul_file" "$@" >/dev/null 2>"$TAP_DIR/haul.err"; then
		haul_wrap "$haul_file" "$haul_raw" && return 0
	fi
	tap_diag "haul_bundle $haul_file: $(cat "$TAP_DIR/haul.err")"
	return 1
}

haul_import() {
	haul_bundle "$@" && kms import "$1" >/dev/null 2>"$TAP_DIR/haul.err" && return 0
	tap_diag "haul_import $1: $(cat "$TAP_DIR/haul.err")"
	return 1
}

haul_start_sim() {
	sim_start --key-pool "$(sim_pool)" --state "$TAP_DIR/state" --listen "${haul_at:-127.0.0.1:0}" "$@" || exit 1
	haul_at=${AWS_ENDPOINT_URL_KMS#*://}
}

haul_stop_sim() {
	sim_stop
}
