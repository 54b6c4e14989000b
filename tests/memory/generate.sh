#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The memory of keyhaul-token while a key is generated. Nobody knows that key beforehand: all memory is recorded as it
# changes, and searched when the key has come out of a blob whose wrapping key is this test's.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/memory/fixture.sh"
memory_need

# search SPEC ALGORITHM LABEL: the key in LABEL.bundle in what was recorded: 0 nothing, 3 found.
search() {
	blob_open "$2" w2048.pem "$3.bundle" opened || return 1
	"$memory_tools/known_key" opened "$1" "$3" opened >opened.txt || return 1
	rm -f report
	"$memory_tools/memory_reader" --report report --needles opened.txt --search record
}

# recorded NAME SPEC ALGORITHM LABEL: the run before was clean, and there is nothing of the key in its record.
recorded() {
	memory_clean "$1: at $(memory_number stops) stops nothing of the PIN, and the canaries"
	if [ ! -f "$4.bundle" ]; then
		memory_bundle "$2" "$3" "$4"
		relay_token wrap "$4.bundle" >/dev/null 2>err || tap_diag "$(cat err)"
	fi
	search "$2" "$3" "$4"
	tap_is "$? $(memory_number places)" "0 0" "$1: nothing of the key that was made" || tap_diag "$(cat report)"
	tap_diag "$(wc -c <record) bytes recorded, $(sed -n 's/^needles //p' report)"
}

blob_key 2048 || exit 1
memory_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"

generate() { # SPEC LABEL
	memory_watch --needles pin.txt --record record -- generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" \
		--key-spec "$1" --label "$2"
}
generate SYMMETRIC_DEFAULT aes
recorded "generate SYMMETRIC_DEFAULT" SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 aes
generate RSA_2048 rsa
recorded "generate RSA_2048" RSA_2048 RSA_AES_KEY_WRAP_SHA_1 rsa
generate ECC_NIST_P256 ec
recorded "generate ECC_NIST_P256" ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 ec

# wrap_generated SPEC ALGORITHM LABEL
wrap_generated() {
	memory_bundle "$1" "$2" "$3"
	memory_watch --needles pin.txt --record record -- wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" \
		--generate "$3" --no-keep "$3.bundle"
}
wrap_generated HMAC_256 RSAES_OAEP_SHA_1 hmac
recorded "wrap --generate HMAC_256" HMAC_256 RSAES_OAEP_SHA_1 hmac
wrap_generated ECC_NIST_P384 RSA_AES_KEY_WRAP_SHA_1 p384
recorded "wrap --generate ECC_NIST_P384" ECC_NIST_P384 RSA_AES_KEY_WRAP_SHA_1 p384

memory_program=$memory_tools/token_leaky
KEYHAUL_LEAK=briefly
export KEYHAUL_LEAK
wrap_generated HMAC_384 RSAES_OAEP_SHA_1 leaked
search HMAC_384 RSAES_OAEP_SHA_1 leaked
tap_is "$?" 3 "a generated key that is in memory for one system call is found in the record" || tap_diag "$(cat report)"

memory_figures
tap_done 11
