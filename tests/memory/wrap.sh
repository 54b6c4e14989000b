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
	runs=$memory_runs
	for spec; do
		memory_put "$spec" "$spec.$runs" && memory_bundle "$spec" "$algorithm" "$spec.$runs" || return 1
		bundles="$bundles $spec.$runs.bundle"
	done
	# shellcheck disable=SC2086 # words
	memory_watch --needles needles.txt -- wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --jobs "$jobs" $bundles
	wrong=
	for spec; do
		memory_is_key "$algorithm" "$spec" "$spec.$runs" || wrong="$wrong $spec"
	done
	tap_is "$wrong" "" "$name: $* are wrapped, and open to the keys that are looked for"
	memory_clean "$name: at $(memory_number stops) stops nothing of the keys or the PIN, and the canaries"
	tap_diag "$(grep -v '^end\|^exit\|^places' report | tr '\n' ';')"
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

# What locks a key looks whether the token wraps it still, after a throwaway and under a key that is gone.
cp pin.txt needles.txt
memory_put HMAC_384 locked
memory_watch --needles needles.txt -- lock --yes --key "$KEYHAUL_TOKEN;object=locked" --pin-file "$KEYHAUL_PIN_FILE"
memory_clean "SoftHSM, lock: at $(memory_number stops) stops nothing of the key or the PIN, and the canaries"

# behind_server KIND ALGORITHM: the token is behind p11-kit server, without the relay.
behind_server() {
	"$KEYHAUL_SRC/tests/token/p11kit-token.sh" "$TAP_DIR/served.$1" "$1" sh "$KEYHAUL_SRC/tests/memory/served.sh" \
		SYMMETRIC_DEFAULT "$2" 2>served.err
	memory_status=$?
	if [ "$memory_status" -eq 77 ]; then
		tap_skip "p11-kit server, $1, $2: a key is wrapped" "$(tail -n 1 served.err)"
		tap_skip "p11-kit server, $1, $2: nothing of the key is found" "$(tail -n 1 served.err)"
		return
	fi
	memory_is_key "$2" SYMMETRIC_DEFAULT served
	tap_ok $? "p11-kit server, $1, $2: a key is wrapped, and opens to the one that is looked for" || tap_diag "$(cat served.err err)"
	memory_add
	memory_clean "p11-kit server, $1, $2: at $(memory_number stops) stops nothing of the key, and the canaries"
}
behind_server softhsm RSAES_OAEP_SHA_1
behind_server nss RSAES_OAEP_SHA_256

if memory_nss "$TAP_DIR/nss"; then
	wrap_all NSS 1 RSAES_OAEP_SHA_256 SYMMETRIC_DEFAULT HMAC_384 ECC_NIST_P384
	tells_apart NSS
	wrap_all NSS 2 RSA_AES_KEY_WRAP_SHA_256 RSA_2048 ECC_NIST_P256
	KEYHAUL_RELAY_NATIVE=yes
	export KEYHAUL_RELAY_NATIVE
	wrap_all "NSS, natively" 1 RSA_AES_KEY_WRAP_SHA_256 RSA_2048 ECC_NIST_P256
	tap_is "$(jq -r '.material.mechanisms[].name' "RSA_2048.$runs.bundle")" CKM_RSA_AES_KEY_WRAP "in one call of C_WrapKey"
else
	for what in RSAES_OAEP_SHA_256 RSA_AES_KEY_WRAP_SHA_256 "RSA_AES_KEY_WRAP_SHA_256, natively"; do
		tap_skip "NSS, $what: keys are wrapped" "libnss3 or libnss3-tools is not installed"
		tap_skip "NSS, $what: nothing of them is found" "libnss3 or libnss3-tools is not installed"
	done
	tap_skip "NSS: the token's process is left unread" "libnss3 or libnss3-tools is not installed"
	tap_skip "NSS: the PIN was in memory" "libnss3 or libnss3-tools is not installed"
	tap_skip "in one call of C_WrapKey" "libnss3 or libnss3-tools is not installed"
fi

memory_figures
tap_done 20
