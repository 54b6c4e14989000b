#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Token x algorithm x key spec x wrapping size: each cell is wrapped or refused
# with the reason, as facts of the token say, and each blob is opened by the
# openssl command line and compared with the key on the token. KEYHAUL_MATRIX_SIZES names
# fewer wrapping sizes, for a run whose subject is another.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"

tap_need jq openssl softhsm2-util certutil
token=$KEYHAUL_BUILD/keyhaul-token
object=$KEYHAUL_BUILD/tests/token/token_object
bundle=$KEYHAUL_BUILD/tests/token/make_bundle
arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
secrets='SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512'
pairs='RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1'
sizes=${KEYHAUL_MATRIX_SIZES:-RSA_2048 RSA_3072 RSA_4096}
algorithms='RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 RSA_AES_KEY_WRAP_SHA_1 RSA_AES_KEY_WRAP_SHA_256'

bytes_of() {
	case $1 in
	SYMMETRIC_DEFAULT) echo 32 ;;
	*) echo $((${1#HMAC_} / 8)) ;;
	esac
}

# The wrap options of the token at hand.
wrap() {
	if [ -n "${KEYHAUL_PIN_FILE:-}" ]; then
		set -- "$@" --pin-file "$KEYHAUL_PIN_FILE"
	fi
	if [ -n "${KEYHAUL_NSS_INIT:-}" ]; then
		set -- "$@" --module-init-args "$KEYHAUL_NSS_INIT"
	fi
	"$token" "$@"
}

on_token() {
	if [ -n "${KEYHAUL_PIN_FILE:-}" ]; then
		"$object" "$KEYHAUL_TOKEN" "$(cat "$KEYHAUL_PIN_FILE")" "$@"
	else
		"$object" "$KEYHAUL_TOKEN" - "$@"
	fi
}

# Secrets have values that this test knows; pairs are generated. A kind the token cannot make is absent.
make_keys() { # NAME
	for spec in $secrets; do
		head -c "$(bytes_of "$spec")" /dev/urandom >"$1.$spec.value"
		case $spec in SYMMETRIC_DEFAULT) type=aes ;; *) type=generic ;; esac
		on_token put "$type" "$spec" "$(blob_hex "$1.$spec.value")" || return 1
	done
	for spec in $pairs; do
		if wrap generate --token "$KEYHAUL_TOKEN" --label "$spec" --key-spec "$spec" --json >"$1.$spec.json" 2>/dev/null; then
			jq -r '.results[0].public_key' "$1.$spec.json" | base64 -d >"$1.$spec.pub"
		else
			jq -r '.error | .message' "$1.$spec.json" >"$1.$spec.absent"
		fi
	done
}

# What the cell must be: "wrapped", or words of the reason (extended regular expression).
expected() { # NAME ALGORITHM SPEC BITS
	case $2:$3:$4 in
	RSAES_OAEP_*:RSA_*:RSA_*) echo 'does not fit into one RSA block' && return ;;
	RSAES_OAEP_*:ECC_NIST_P521:RSA_2048) echo '241 bytes do not fit' && return ;;
	RSA_AES_*:SYMMETRIC_DEFAULT:* | RSA_AES_*:HMAC_*) echo 'RSA_AES_KEY_WRAP' && return ;;
	esac
	case $1:$2:$3 in
	nss:*:ECC_SECG_P256K1) echo 'CKR_[A-Z_]+ \(0x130\)' ;;
	softhsm:*_SHA_256:*) echo 'CKR_ARGUMENTS_BAD \(0x7\)' ;;
	softhsm:RSAES_OAEP_*:ECC_*) echo 'CKR_KEY_NOT_WRAPPABLE \(0x69\)' ;;
	*) echo '^wrapped$' ;;
	esac
}

make_cells() { # NAME
	for algorithm in $algorithms; do
		for spec in $secrets $pairs; do
			for bits in $sizes; do
				cell=$1.$algorithm.$spec.$bits
				if [ -f "$1.$spec.absent" ] && "$bundle" "$cell" "w${bits#RSA_}.der" "$spec" \
					"$algorithm" "$bits" "arn=$arn" 2>"$cell.why"; then
					cp "$1.$spec.absent" "$cell.why"
					rm -f "$cell"
				elif [ ! -f "$1.$spec.absent" ]; then
					"$bundle" "$cell" "w${bits#RSA_}.der" "$spec" "$algorithm" "$bits" \
						"arn=$arn" "key_uri=pkcs11:object=$spec" 2>"$cell.why"
				fi
				[ -f "$cell" ] && printf '%s\n' "$cell" >>"$1.cells"
			done
		done
	done
}

# True where what was opened is the key on the token.
same_key() { # NAME SPEC FILE
	if [ -f "$1.$2.value" ]; then
		cmp -s "$1.$2.value" "$3"
		return
	fi
	openssl pkey -inform DER -in "$3" -pubout -outform DER -out opened.pub 2>/dev/null && cmp -s opened.pub "$1.$2.pub"
}

check_cell() { # NAME ALGORITHM SPEC BITS: prints wrapped, or the reason
	cell=$1.$2.$3.$4
	if [ ! -f "$cell" ]; then
		cat "$cell.why"
	elif jq -e --arg b "$cell" '.results[] | select(.bundle == $b) | .ok' "$1.result" >/dev/null; then
		if blob_open "$2" "w${4#RSA_}.pem" "$cell" opened && same_key "$1" "$3" opened; then
			echo wrapped
		else
			echo "WRONG: openssl does not open it to the key on the token"
		fi
	else
		jq -r --arg b "$cell" '.results[] | select(.item == $b) | .error.message' "$1.result"
	fi
}

# A reason in a few words for the table; the whole of it is compared.
short() {
	printf '%s' "$1" | sed -E 's/.*(CKR_[A-Z_]+).*/\1/; t; s/.*does not fit into one RSA block.*/KMS: too long/
		s/.*bytes do not fit.*/KMS: too long/; s/.*RSA_AES_KEY_WRAP.*/KMS: not by this/' | cut -c1-40
}

table() { # NAME
	printf '# %s\n' "$1"
	wrong=0 cells=0
	for algorithm in $algorithms; do
		for spec in $secrets $pairs; do
			line=
			for bits in $sizes; do
				cells=$((cells + 1))
				want=$(expected "$1" "$algorithm" "$spec" "$bits")
				got=$(check_cell "$1" "$algorithm" "$spec" "$bits")
				if printf '%s\n' "$got" | grep -Eq -e "$want"; then
					mark=
				else
					mark='!! '
					wrong=$((wrong + 1))
					tap_diag "$algorithm $spec $bits: wanted $want, got $got"
				fi
				line="$line $(printf '%-28s' "$mark$(short "$got")")"
			done
			printf '# %-25s %-18s%s\n' "$algorithm" "$spec" "$line"
		done
	done
	tap_is "$wrong" 0 "$1: $cells cells are wrapped or refused as the token's facts say"
}

check_token() { # NAME
	make_keys "$1"
	tap_ok $? "$1: keys are on the token"
	make_cells "$1"
	before=$(on_token count)
	# shellcheck disable=SC2046 # names without blanks
	wrap wrap --token "$KEYHAUL_TOKEN" --json $(cat "$1.cells") >"$1.result" 2>"$1.err"
	tap_is "$(jq '.results | length' "$1.result")" "$(wc -l <"$1.cells")" "$1: each bundle has a result, from one login"
	tap_is "$(on_token count)" "$before" "$1: nothing is left on the token"
	tap_diag "algorithm, key spec, then under $sizes"
	table "$1"
	# shellcheck disable=SC2046
	tap_is "$(jq -s '[.[].material.proof | .oaep_hash == .mgf_hash] | all' $(grep -l '"material"' $(cat "$1.cells")))" true \
		"$1: each material says by which proof"
}

unset KEYHAUL_NSS_INIT
for bits in 2048 3072 4096; do
	blob_key $bits || tap_diag "no wrapping key of $bits bits"
done

eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/softhsm" matrix)"
check_token softhsm
plans=$(on_token plans ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1)
tap_is "$plans" 'CKM_AES_KEY_WRAP_PAD (0x210A) with CKM_RSA_PKCS_OAEP: right, the same key by its public key' \
	"softhsm: 0x210A is RFC 5649"

eval "$("$KEYHAUL_SRC/tests/token/nss-token.sh" "$TAP_DIR/nss" 2>"$TAP_DIR/nss.err")"
check_token nss
plans=$(on_token plans ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_256)
tap_like "$plans" '0x210B.*: right, the same key' "nss: the proof finds 0x210B right"
tap_like "$plans" '0x210A.*: it is not RFC 5649 but RFC 3394 after PKCS#7 padding' "nss: the proof finds 0x210A wrong, and how"
tap_is "$(jq -r '[.results[] | select(.proof.kek_bits == 256) | .proof.mechanism] | unique[]' nss.result)" \
	'CKM_AES_KEY_WRAP_KWP (0x210B) with CKM_RSA_PKCS_OAEP' "nss: every two-step wrap used 0x210B"
tap_done 14
