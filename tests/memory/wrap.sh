#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Plaintext nowhere: keyhaul-token wraps keys whose values only this test knows, in a token of another process, by each of
# the four algorithms. Its whole memory is read where each of its system calls begins and ends: no piece of eight bytes of
# a key, or of the PIN once login has returned, is in it. What was planted is found each time.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/memory/fixture.sh"
memory_need

# wrap_all NAME JOBS ALGORITHM SPEC...: one run for a key of each of the specs, so many threads.
wrap_all() {
	name="$1, $3"
	jobs=$2
	algorithm=$3
	shift 3
	cp pin.txt needles.txt
	bundles=
	for spec; do
		rm -f "$spec.bundle"
		memory_put "$spec" "$spec.$algorithm" && memory_bundle "$spec" "$algorithm" "$spec.$algorithm" || return 1
		bundles="$bundles $spec.$algorithm.bundle"
	done
	# shellcheck disable=SC2086 # words
	memory_watch --needles needles.txt -- wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --jobs "$jobs" $bundles
	wrong=
	for spec; do
		memory_is_key "$algorithm" "$spec" "$spec.$algorithm" || wrong="$wrong $spec"
	done
	tap_is "$wrong" "" "$name: $* are wrapped, and open to the keys that are looked for"
	memory_clean "$name: at $(memory_number stops) stops nothing of the keys or the PIN, and the canaries"
	tap_diag "$(grep -v '^end' report | tr '\n' ';')"
}

# The token is one process beside, and the PIN passes through ours.
tells_apart() { # NAME
	memory_says '^processes 2, .* left alone 1$'
	tap_ok $? "$1: the token's process alone is left unread" || tap_diag "$(cat report)"
	memory_says '^login returned at stop [0-9]+, PIN at [1-9][0-9]* stops before$'
	tap_ok $? "$1: the PIN was in memory until login returned" || tap_diag "$(cat report)"
}

blob_key 2048 || exit 1
memory_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
wrap_all SoftHSM 1 RSAES_OAEP_SHA_1 SYMMETRIC_DEFAULT HMAC_224 HMAC_512
tells_apart SoftHSM
wrap_all SoftHSM 3 RSA_AES_KEY_WRAP_SHA_1 RSA_2048 ECC_NIST_P256 ECC_NIST_P521 ECC_SECG_P256K1

# p11-kit's client keeps a PIN of its own: the key alone is looked for.
client=$(pkg-config --variable=p11_module_path p11-kit-1 2>/dev/null)/p11-kit-client.so
if command -v p11-kit >/dev/null 2>&1 && [ -f "$client" ]; then
	memory_put SYMMETRIC_DEFAULT served && memory_bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 served
	grep '^key served ' needles.txt >served.txt
	tap_start server p11-kit server -f -n "$TAP_DIR/server" --provider "$KEYHAUL_RELAY_MODULE" "$KEYHAUL_TOKEN"
	tap_poll 10 test -S "$TAP_DIR/server"
	P11_KIT_SERVER_ADDRESS=unix:path=$TAP_DIR/server
	export P11_KIT_SERVER_ADDRESS
	memory_module=$client
	memory_watch --needles served.txt -- wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" served.bundle
	memory_is_key RSAES_OAEP_SHA_1 SYMMETRIC_DEFAULT served
	tap_ok $? "p11-kit server: a key is wrapped, and opens to the one that is looked for" || tap_diag "$(cat err)"
	memory_clean "p11-kit server: at $(memory_number stops) stops nothing of the key"
	memory_module=$RELAY
	tap_stop "$tap_pid"
else
	tap_skip "p11-kit server: a key is wrapped" "p11-kit or its client module is not installed"
	tap_skip "p11-kit server: nothing of the key" "p11-kit or its client module is not installed"
fi

if memory_nss "$TAP_DIR/nss"; then
	wrap_all NSS 1 RSAES_OAEP_SHA_256 SYMMETRIC_DEFAULT HMAC_384 ECC_NIST_P384
	tells_apart NSS
	wrap_all NSS 2 RSA_AES_KEY_WRAP_SHA_256 RSA_2048 ECC_NIST_P256
else
	for what in RSAES_OAEP_SHA_256 RSA_AES_KEY_WRAP_SHA_256; do
		tap_skip "NSS, $what: keys are wrapped" "libnss3 or libnss3-tools is not installed"
		tap_skip "NSS, $what: nothing of them is found" "libnss3 or libnss3-tools is not installed"
	done
	tap_skip "NSS: the token's process is left unread" "libnss3 or libnss3-tools is not installed"
	tap_skip "NSS: the PIN was in memory" "libnss3 or libnss3-tools is not installed"
fi

memory_figures
tap_done 14
