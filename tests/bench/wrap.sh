#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# One wrap of an AES key under RSA_4096 as a whole process on SoftHSM: keyhaul-token with the proof left out (a program
# of the bench's own) against the smallest C program that makes the same PKCS#11 calls. Target: CPU at most 1.3 times.
# Beside it keyhaul-token as it is: the difference is the proof. BENCH_WRAPS (30) of each, taking turns.
. "${KEYHAUL_SRC:?run it by make bench}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
[ -x "$TOKEN" ] || tap_skip_all "keyhaul-token is not built"
tap_need softhsm2-util openssl jq

measure=$KEYHAUL_BUILD/tests/bench/measure
smallest=$KEYHAUL_BUILD/tests/bench/smallest_wrap
bare=$KEYHAUL_BUILD/tests/bench/token_without_proof

blob_key 4096
# shellcheck disable=SC2059 # the format is the bytes, as octal escapes
printf "$(openssl rsa -in w4096.pem -noout -modulus 2>/dev/null | sed 's/^Modulus=//' | awk '{
	for (i = 1; i < length($0); i += 2)
		printf "\\%o", 16 * (index("0123456789ABCDEF", substr($0, i, 1)) - 1) + index("0123456789ABCDEF", substr($0, i + 1, 1)) - 1
}')" >modulus
token_softhsm
"$TOKEN" generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label bench --key-spec SYMMETRIC_DEFAULT >log
"$KEYHAUL_BUILD/tests/token/make_bundle" base.bundle w4096.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_4096
pin=$(cat "$KEYHAUL_PIN_FILE")

wrap_by() { # PROGRAM RUNS
	cp base.bundle run.bundle
	"$measure" "$1" wrap --key "$KEYHAUL_TOKEN;object=bench" --pin-file "$KEYHAUL_PIN_FILE" run.bundle >>"$2" 2>>log || cat log
}

: >smallest.runs
: >bare.runs
: >whole.runs
n=0
while [ $n -lt "${BENCH_WRAPS:-30}" ]; do
	n=$((n + 1))
	"$measure" "$smallest" "$KEYHAUL_MODULE" keyhaul-rehearsal "$pin" bench modulus blob.small >>smallest.runs 2>>log || cat log
	wrap_by "$bare" bare.runs
	wrap_by "$TOKEN" whole.runs
done
blob_open RSAES_OAEP_SHA_1 w4096.pem run.bundle whole && blob_oaep RSAES_OAEP_SHA_1 w4096.pem blob.small small && cmp -s whole small
tap_ok $? "both wrapped the same key"

median() {
	sort -n "$1" | awk '{ cpu[NR] = $1 } END { print cpu[int((NR + 1) / 2)] }'
}
small=$(median smallest.runs)
without=$(median bare.runs)
whole=$(median whole.runs)
tap_is "$(cat smallest.runs bare.runs whole.runs | wc -l)" $((3 * n)) "each of the $n runs of the three succeeded"
ratio=$(awk -v a="$without" -v b="$small" 'BEGIN { printf "%.2f", a / b }')
echo "# wrap of an AES-256 key under RSA_4096 on SoftHSM, one process each, median CPU of $n runs:"
echo "# smallest program     $small us"
echo "# without the proof    $without us, $ratio times that"
echo "# keyhaul-token        $whole us; the proof is $((whole - without)) us of it, once a run"
[ "$(awk -v r="$ratio" 'BEGIN { print (r <= 1.3) }')" -eq 1 ]
tap_ok $? "CPU $ratio times the smallest program's (target: at most 1.3)"
tap_done 3
