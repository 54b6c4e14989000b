#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2119 # token_nss may be without a password
#
# Every key spec, made on SoftHSM and on NSS: what the token says of it, and that nothing else is there.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
tap_need softhsm2-util jq openssl

secrets="SYMMETRIC_DEFAULT:AES:256 HMAC_224:GENERIC_SECRET:224 HMAC_256:GENERIC_SECRET:256
	HMAC_384:GENERIC_SECRET:384 HMAC_512:GENERIC_SECRET:512"
pairs="RSA_2048:RSA:2048 RSA_3072:RSA:3072 RSA_4096:RSA:4096 ECC_NIST_P256:EC:256 ECC_NIST_P384:EC:384
	ECC_NIST_P521:EC:521 ECC_SECG_P256K1:EC:256"

# The facts that must hold of each new key, whatever the token leaves out.
says() {
	jq -e --arg spec "$1" --arg type "$2" --argjson bits "$3" --arg name "$4" '.keyhaul_output == 1 and .ok and
		(.results | length == 1) and (.results[0] | .key_spec == $spec and .type == $type and .bits == $bits and
		.label == $name and .sensitive and .always_sensitive != false and .extractable and .haulable and
		.token_object and .private and (.id | test("^[0-9a-f]{32}$")) and (.uri | startswith("pkcs11:")))' \
		"$TAP_DIR/out" >/dev/null
}

# A key's public half is one of its kind by OpenSSL's word.
public_is() {
	jq -r '.results[0].public_key' "$TAP_DIR/out" | base64 -d >public.der &&
		openssl pkey -pubin -inform DER -in public.der -noout -text >public.txt 2>&1 || return 1
	case $1 in
	RSA) grep -q "Public-Key: ($2 bit)" public.txt && grep -q 'Exponent: 65537' public.txt ;;
	EC) grep -q "Public-Key: ($2 bit)" public.txt ;;
	esac
}

# make_one TOKEN SPEC:TYPE:BITS
make_one() {
	spec=${2%%:*}
	bits=${2##*:}
	type=${2#*:}
	type=${type%:*}
	token_exits 0 "$1: $spec is generated" generate --label "key $spec" --key-spec "$spec" --json || return
	says "$spec" "$type" "$bits" "key $spec"
	tap_ok $? "$1: $spec is what was asked for" || tap_diag "$tap_out"
	case $type in
	RSA | EC)
		public_is "$type" "$bits"
		tap_ok $? "$1: $spec has its public half"
		;;
	esac
}

make_all() {
	for row in $secrets $pairs; do
		case $1:$row in
		NSS:ECC_SECG_P256K1*)
			token_exits 4 "NSS: ECC_SECG_P256K1 is refused" generate --label k1 --key-spec ECC_SECG_P256K1
			tap_like "$tap_err" 'CKR_DOMAIN_PARAMS_INVALID \(0x130\)' "NSS: with the token's own code"
			tap_like "$tap_err" '^hint: .*curve' "NSS: and that it is the curve"
			;;
		*) make_one "$1" "$row" ;;
		esac
	done
}

token_softhsm keyhaul-rehearsal || tap_skip_all "softhsm2 cannot make a token here"
make_all SoftHSM

token_exits 3 "a label that is there is refused" generate --label 'key RSA_2048' --key-spec RSA_2048
tap_like "$tap_err" "^error: 2 objects are labelled 'key RSA_2048' already" "with how many there are"
token_exits 3 "also by another kind" generate --label 'key RSA_2048' --key-spec SYMMETRIC_DEFAULT
token_run keys --json
tap_is "$(jq '.results | length' "$TAP_DIR/out")" 12 "nothing was made by what was refused"

# Others on this host may make keys with the same module, and then it says that it waits: this one is the test's own.
host_module=$KEYHAUL_MODULE
cp "$host_module" own-module.so
KEYHAUL_MODULE=$TAP_DIR/own-module.so
token_exits 0 "in words" generate --label words --key-spec HMAC_256
tap_like "$(head -n 1 "$TAP_DIR/out")" '^pkcs11:.*;object=words;type=secret-key$' "the URI comes first"
tap_like "$tap_out" 'HMAC_256 \(GENERIC_SECRET, 256 bits\)' "then what it is"
tap_like "$tap_out" 'extractable +true' "then the token's flags"
tap_is "$tap_err" "" "and nothing on stderr"
cp "$TAP_DIR/out" words.out


# Whoever has the lock is waited for, and not for ever.
# shellcheck disable=SC2317 # tap_poll calls it
locked() { ! flock -n own-module.so true; }
mkfifo release
# shellcheck disable=SC2154 # by tap_start
{
	tap_start holder flock -x own-module.so cat release
	holder=$tap_pid
	tap_poll 10 locked
	tap_start waiter "$TOKEN" generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label waited --key-spec HMAC_256
	waiter=$tap_pid
}
tap_poll 10 grep -q '^waiting for another program that makes a key with this module$' waiter.err
tap_ok $? "it says that it waits for another program"
if [ "${KEYHAUL_SANITIZERS:-no}" = no ] && strace -qq -o /dev/null true 2>/dev/null; then
	tap_run strace -f -qq -o /dev/null -e trace=clock_nanosleep -e inject=clock_nanosleep:retval=0 \
		"$TOKEN" generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label never --key-spec HMAC_256
	tap_is "$tap_status $(printf '%s\n' "$tap_err" | grep -c '^error: another program has held the lock on .*own-module.so for 60 s$')" "6 1" \
		"a minute, and no longer"
else
	tap_skip "a minute, and no longer" "strace cannot shorten it here"
fi
: >release
wait "$holder"
wait "$waiter"
tap_is "$? $(grep -c '^pkcs11:.*object=waited' waiter.out)" "0 1" "and makes its key when it is let"
KEYHAUL_MODULE=$host_module

id=$(sed -n 's/^  id  *//p' words.out)
tap_is "$("$TOKEN" keys --token "$(head -n 1 words.out)" --pin-file "$KEYHAUL_PIN_FILE" | grep -c '^  pkcs11:')" 1 \
	"the printed URI finds that key"

if command -v pkcs11-tool >/dev/null 2>&1; then
	printf 'message' >message
	pkcs11_tool --sign --mechanism SHA256-HMAC --id "$id" --input-file message --output-file mac >/dev/null 2>&1
	tap_is "$(wc -c <mac)" 32 "another tool signs with an HMAC key"
	tap_like "$(pkcs11_tool --list-objects --type privkey --label 'key RSA_2048' 2>/dev/null)" 'Usage: +none$' \
		"another tool says an RSA key can do nothing"
else
	tap_skip "another tool signs with an HMAC key" "pkcs11-tool is not installed"
	tap_skip "another tool says an RSA key can do nothing" "pkcs11-tool is not installed"
fi

token_exits 2 "a key spec that KMS does not import" generate --label x --key-spec ML_DSA_65
tap_exits 2 "no label" "$TOKEN" generate --token "$KEYHAUL_TOKEN" --key-spec RSA_2048
tap_like "$tap_err" '^error: --label is missing' "and it says so"
token_exits 2 "an empty label" generate --label '' --key-spec RSA_2048
token_exits 2 "a label with a control" generate --label "$(printf 'a\033b')" --key-spec RSA_2048

if token_nss; then
	make_all NSS
	if token_nss 'two words'; then
		token_exits 0 "NSS with a password: a key is generated" generate --label n --key-spec SYMMETRIC_DEFAULT
	fi
	tap_done 83
else
	tap_skip "every key spec on NSS" "libnss3 or libnss3-tools is not installed"
	tap_done 53
fi
