#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: breadth_suite.sh NAME [FOLDER]
#
# What keyhaul-token does with the token of the environment (KEYHAUL_MODULE, KEYHAUL_TOKEN, KEYHAUL_PIN_FILE,
# KEYHAUL_NSS_INIT), a fresh one: slots, generate, keys, wrap with each blob opened by the openssl command line, probe, clean,
# lock. What this kind of token is known to do must work; what else it refuses is skipped, with what it answered. Any other
# NAME than those in must() is a token that nothing is known of: all it refuses is skipped. FOLDER gets NAME.probe, what
# `probe` printed. Prints TAP; breadth.sh runs it for every kind.
kind=${1:?usage: breadth_suite.sh NAME [FOLDER]}
folder=${2:-}
token_module=${KEYHAUL_MODULE:?} token_uri=${KEYHAUL_TOKEN:?} token_conf=${SOFTHSM2_CONF:-}
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
KEYHAUL_MODULE=$token_module KEYHAUL_TOKEN=$token_uri # tap.sh takes away what a caller had set
export KEYHAUL_MODULE KEYHAUL_TOKEN
[ -z "$token_conf" ] || export SOFTHSM2_CONF="$token_conf"
# openCryptoki leaks in libraries that it unloads again, so that no suppression can name them
[ "$kind" != opencryptoki ] || ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
specs='SYMMETRIC_DEFAULT HMAC_256 RSA_2048 ECC_NIST_P256'

# What must work: the cells of the README's tables, and what p11-kit 0.24 passes on of them.
must() { # SPEC ALGORITHM
	case $kind:$1:$2 in
	softhsm:[SH]*:RSAES_OAEP_SHA_1 | softhsm:[RE]*:RSA_AES_KEY_WRAP_SHA_1) return 0 ;;
	nss:[SHE]*:RSAES_* | nss:[RE]*:RSA_AES_*) return 0 ;;
	opencryptoki:[SH]*:RSAES_*) return 0 ;;
	p11kit-softhsm:[SH]*:RSAES_OAEP_SHA_1) return 0 ;;
	p11kit-nss:[SHE]*:RSAES_*) return 0 ;;
	esac
	return 1
}

must_generate() { # SPEC
	case $kind:$1 in
	softhsm:* | nss:* | p11kit-*) return 0 ;;
	opencryptoki:[SHR]*) return 0 ;;
	esac
	return 1
}

algorithms_of() { # SPEC: those that KMS takes for it
	case $1 in
	SYMMETRIC_DEFAULT | HMAC_*) echo RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 ;;
	RSA_*) echo RSA_AES_KEY_WRAP_SHA_1 RSA_AES_KEY_WRAP_SHA_256 ;;
	*) echo RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 RSA_AES_KEY_WRAP_SHA_1 RSA_AES_KEY_WRAP_SHA_256 ;;
	esac
}

on_token() {
	"$KEYHAUL_BUILD/tests/token/token_object" "$KEYHAUL_TOKEN" \
		"$(if [ -n "${KEYHAUL_PIN_FILE:-}" ]; then cat "$KEYHAUL_PIN_FILE"; else echo -; fi)" "$@"
}

# answered TEXT: the codes in it, or the text
answered() {
	printf '%s\n' "$1" | grep -o 'CKR_[A-Z_]* (0x[0-9A-F]*)' | sort -u | paste -sd, | grep . ||
		printf '%s\n' "$1" | sed 's/.* as KMS opens it: //; s/.*cannot be hauled: //' | head -n 1
}

make_keys() {
	for spec in $specs; do
		token_run generate --label "made $spec" --key-spec "$spec" --json
		if [ "$tap_status" -eq 0 ]; then
			tap_ok 0 "generate $spec"
			jq -r '.results[0].public_key // empty' "$TAP_DIR/out" | base64 -d >"$spec.public"
			made="$made $spec"
		elif must_generate "$spec"; then
			tap_ok 1 "generate $spec" || tap_diag "$tap_err"
		else
			tap_skip "generate $spec" "answered $(answered "$tap_err")"
			case $kind:$spec in
			opencryptoki:ECC*) tap_like "$tap_err" '^hint: the token makes no such keys .CKM_EC_KEY_PAIR_GEN' "$spec: and what it lacks is said" ;;
			esac
		fi
	done
	token_exits 0 "keys" keys
	for spec in $made; do
		tap_like "$(keys_row "made $spec")" "^made $spec .* $spec +pkcs11:.*;object=made%20$spec;[^ ]*\$" "keys has $spec"
	done
}

# keys_row LABEL: what keys has of the key, in one line
keys_row() {
	printf '%s\n' "$tap_out" | awk -v l="$1 " '/^[^ ]/ { on = index($0, l) == 1 } on' | paste -sd' '
}

# Secrets whose value this test knows, beside those that the token made. Where it does not tell their size they are not
# hauled, and those that it made are.
put_keys() {
	openssl rand -hex 32 >aes.hex
	openssl rand -hex 32 >generic.hex
	on_token put aes 'put SYMMETRIC_DEFAULT' "$(cat aes.hex)" && on_token put generic 'put HMAC_256' "$(cat generic.hex)"
	tap_ok $? "two secrets with known values are put on the token"
	token_run keys
	put=$(keys_row 'put SYMMETRIC_DEFAULT')
	case $kind:$put in
	*'  SYMMETRIC_DEFAULT '*)
		secret=put
		tap_ok 0 "which can be hauled"
		;;
	softhsm:* | nss:* | p11kit-*) tap_ok 1 "which can be hauled" || tap_diag "$put" ;;
	*) tap_skip "which can be hauled" "answered $(answered "$put")" ;;
	esac
}

make_bundles() {
	for spec in $made; do
		case $spec in [RE]*) label="made%20$spec" ;; *) label="$secret%20$spec" ;; esac
		for algorithm in $(algorithms_of "$spec"); do
			"$KEYHAUL_BUILD/tests/token/make_bundle" "$spec.$algorithm" w2048.der "$spec" "$algorithm" RSA_2048 "arn=$arn" \
				"key_uri=pkcs11:object=$label" || tap_diag "$spec.$algorithm: no bundle"
			cp "$spec.$algorithm" "$spec.$algorithm.before"
			bundles="$bundles $spec.$algorithm"
		done
	done
}

# A secret that the token made: an HMAC key by its MAC, an AES key by being the same under every algorithm.
same_made() { # SPEC FILE
	case $1 in
	HMAC_*)
		[ "$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(blob_hex "$2")" -r <challenge | cut -d' ' -f1)" = \
			"$(on_token mac "made $1" "$(blob_hex challenge)")" ]
		;;
	*)
		[ "$(wc -c <"$2")" -eq 32 ] && { [ -f first.opened ] || cp "$2" first.opened; } && cmp -s "$2" first.opened
		;;
	esac
}

same_key() { # SPEC FILE
	case $secret:$1 in
	made:[SH]*)
		same_made "$@"
		return
		;;
	esac
	case $1 in
	SYMMETRIC_DEFAULT) [ "$(blob_hex "$2")" = "$(cat aes.hex)" ] ;;
	HMAC_*) [ "$(blob_hex "$2")" = "$(cat generic.hex)" ] ;;
	*) openssl pkey -inform DER -in "$2" -pubout -outform DER 2>/dev/null | cmp -s - "$1.public" ;;
	esac
}

check_bundle() { # SPEC ALGORITHM
	what="wrap $1 by $2"
	if [ "$(wrapped "$1" "$2")" = true ]; then
		blob_open "$2" w2048.pem "$1.$2" opened && same_key "$1" opened
		tap_ok $? "$what: openssl opens it to the key"
		return
	fi
	jq -r --arg b "$1.$2" '.results[] | select(.item == $b) | .error | .status, .message' result >why
	cmp -s "$1.$2" "$1.$2.before" && [ "$(head -n 1 why)" = 7 ]
	tap_ok $? "$what: refused by the proof, the bundle is as it was" || tap_diag "$(cat why)"
	if must "$1" "$2"; then
		tap_ok 1 "$what" || tap_diag "$(cat why)"
	else
		tap_skip "$what" "answered $(answered "$(tail -n +2 why)")"
	fi
}

wrap_all() {
	before=$(on_token count)
	# shellcheck disable=SC2086 # names without blanks
	token_run wrap --json --jobs 2 $bundles
	cp out result
	for spec in $made; do
		for algorithm in $(algorithms_of "$spec"); do
			check_bundle "$spec" "$algorithm"
		done
	done
	"$KEYHAUL_BUILD/tests/token/make_bundle" kept w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn" \
		key_uri="pkcs11:object=$secret%20SYMMETRIC_DEFAULT"
	token_exits 0 "wrap --token-objects" wrap --token-objects kept
	tap_is "$(on_token count)" "$before" "nothing is left on the token"
}

# proven SPEC ALGORITHM, wrapped SPEC ALGORITHM: true or false, by the profile and by what wrap did
proven() {
	jq --arg s "$1" --arg a "$2" 'any(.rows[]; .key_spec == $s and .wrapping_algorithm == $a and .verdict == "proven")' profile
}
wrapped() {
	jq --arg b "$1.$2" 'any(.results[]; .bundle == $b and .ok)' result
}

probe_it() {
	token_exits 0 "probe" probe --out profile
	[ -z "$folder" ] || cp out "$folder/$kind.probe"
	tap_like "$tap_out" "^Nothing was left on the token: $before objects? before, $before after, none keyhaul-tmp-" \
		"probe leaves nothing, and says so"
	wrong=
	for spec in $made; do
		for algorithm in $(algorithms_of "$spec"); do
			[ "$(proven "$spec" "$algorithm")" = "$(wrapped "$spec" "$algorithm")" ] || wrong="$wrong $spec:$algorithm"
		done
	done
	tap_is "$wrong" "" "probe proves what wrap wraps, and no more"
}

clean_it() {
	on_token put aes keyhaul-tmp-0123456789abcdef "$(openssl rand -hex 32)" && on_token put aes keyhaul-tmp-payroll "$(openssl rand -hex 32)"
	tap_is "$(on_token count)" $((before + 2)) "what a power cut leaves, and what only looks like it"
	token_exits 0 "clean" clean --yes
	tap_like "$tap_out" '^1 of 1 destroyed$' "destroys the one"
	tap_is "$(on_token count) $(on_token remove keyhaul-tmp-payroll; on_token count)" "$((before + 1)) $before" "and leaves the other"
}

lock_it() {
	token_key=$KEYHAUL_TOKEN lock_keys=' SYMMETRIC_DEFAULT +pkcs11:[^ ]*$'
	tap_run "$TOKEN" lock --yes --key "$token_key;object=made%20SYMMETRIC_DEFAULT" \
		${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"} ${KEYHAUL_PIN_FILE:+--pin-file "$KEYHAUL_PIN_FILE"}
	case $kind in
	*nss)
		tap_is "$tap_status" 7 "lock: it wraps what is locked, and the key is left: status 7" || tap_diag "$tap_err"
		tap_like "$tap_err" 'undoes locks \(C_CopyObject with CKA_EXTRACTABLE true: CKR_OK\)' "and copies it into one that is extractable"
		;;
	softhsm | opencryptoki | p11kit-softhsm)
		tap_is "$tap_status" 0 "lock" || tap_diag "$tap_err"
		tap_like "$tap_out" 'wraps it no more: C_WrapKey: CKR_KEY_UNEXTRACTABLE' "and the token keeps to it"
		tap_like "$tap_out" '^  the key can leave this token no more, ' "and undoes no lock"
		lock_keys=' no +pkcs11:[^ ]* +cannot be hauled: not extractable'
		;;
	*) tap_skip "lock" "status $tap_status: $tap_err" ;;
	esac
	token_run keys
	tap_like "$(keys_row 'made SYMMETRIC_DEFAULT')" "$lock_keys" "what is locked, and what is not, is told by keys"
}

# One try of a wrong PIN where there is one; openCryptoki counts, and the last try is not spent.
login_it() {
	printf '99999999\n' >wrong.pin
	if [ -z "${KEYHAUL_PIN_FILE:-}" ]; then
		tap_skip "a wrong PIN" "this token takes none"
		return
	fi
	token_pin=$KEYHAUL_PIN_FILE
	KEYHAUL_PIN_FILE=$TAP_DIR/wrong.pin
	token_exits 4 "a wrong PIN" keys --debug
	tap_is "$(grep -c 'C_Login: CKR_PIN_INCORRECT' err)" 1 "is one try"
	if [ "$kind" = opencryptoki ]; then
		token_exits 4 "a second one" keys --debug
		tap_is "$(grep -c 'C_Login: ' err) $(grep -c '^warning: .*CKF_USER_PIN_COUNT_LOW' err)" "1 1" "is tried, with a warning"
		token_exits 4 "the last one" keys --debug
		tap_is "$(grep -c 'C_Login: ' err) $(grep -c '^error: .*CKF_USER_PIN_FINAL_TRY' err)" "0 1" "is not"
	fi
	KEYHAUL_PIN_FILE=$token_pin
}

made='' bundles='' secret=made
printf 'challenge' >challenge
tap_exits 0 "slots" "$TOKEN" slots ${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"}
tap_like "$tap_out" ";${KEYHAUL_TOKEN#pkcs11:}\$" "has the token"
blob_key 2048 || exit 1
make_keys
put_keys
make_bundles
wrap_all
probe_it
clean_it
lock_it
login_it
tap_done
