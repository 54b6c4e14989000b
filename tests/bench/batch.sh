#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Many AES keys in one run of wrap, against a bare C loop of the same PKCS#11 calls, which checks every code and does
# nothing else (bare_loop.c). BENCH_BUNDLES (1,000) of them, three times each, taking turns; the best of each counts.
#
#   - in this process, on SoftHSM, where a call costs nothing: the loop alone, and the loop that also reads each request
#     and writes each result so that it is there after a power cut, which no program can leave out
#   - over the relay with a round trip of 2 ms, as to an HSM on a network: one thread, and --jobs 4 (target: 3.5 times)
#   - peak memory at 10,000 bundles and at 10 (target: at most 1.2 times), over the relay, for SoftHSM itself never gives
#     back what a session object took; the loop's growth in its process is printed beside
. "${KEYHAUL_SRC:?run it by make bench}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
[ -x "$TOKEN" ] || tap_skip_all "keyhaul-token is not built"
tap_need softhsm2-util openssl jq
measure=$KEYHAUL_BUILD/tests/bench/measure
loop=$KEYHAUL_BUILD/tests/bench/bare_loop
n=${BENCH_BUNDLES:-1000}

blob_key 4096
# shellcheck disable=SC2059 # the format is the bytes, as octal escapes
printf "$(openssl rsa -in w4096.pem -noout -modulus 2>/dev/null | sed 's/^Modulus=//' | awk '{
	for (i = 1; i < length($0); i += 2)
		printf "\\%o", 16 * (index("0123456789ABCDEF", substr($0, i, 1)) - 1) + index("0123456789ABCDEF", substr($0, i + 1, 1)) - 1
}')" >modulus
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
relay_direct generate --label bench --key-spec SYMMETRIC_DEFAULT >log
"$KEYHAUL_BUILD/tests/token/make_bundle" base.bundle w4096.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_4096 key_uri=pkcs11:object=bench
pin=$(cat "$KEYHAUL_PIN_FILE")

fresh() { # N
	rm -rf bundles
	mkdir bundles
	# shellcheck disable=SC2046 # names without blanks
	tee $(seq -f 'bundles/%05.0f' "$1") <base.bundle >/dev/null
}
looped() { # MODULE N FILE...: "CPU-us KiB us"
	looped_module=$1
	shift
	"$measure" "$loop" "$looped_module" keyhaul-rehearsal "$pin" bench modulus "$@" 2>>log
}
wrapped() { # MODULE OPTION... BUNDLE...
	wrapped_module=$1
	shift
	"$measure" "$TOKEN" wrap --module "$wrapped_module" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" "$@" 2>>log
}
best() { sort -n "$1" | awk -v f="$2" 'NR == 1 || $f < least { least = $f } END { print least }'; } # FILE FIELD
over() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }'; }
is() { [ "$(awk "BEGIN { print ($1) }")" -eq 1 ]; }

# in this process
for _ in 1 2 3; do
	looped "$KEYHAUL_RELAY_MODULE" "$n" >>alone.runs
	fresh "$n"
	looped "$KEYHAUL_RELAY_MODULE" "$n" bundles/* >>files.runs
	fresh "$n"
	wrapped "$KEYHAUL_RELAY_MODULE" bundles/* >>keyhaul.runs
	wrapped "$KEYHAUL_RELAY_MODULE" bundles/00001 >>one.runs
done
tap_is "$(cat alone.runs files.runs keyhaul.runs | wc -l) $(grep -l '"material"' bundles/* | wc -l)" "9 $n" "each run wrapped $n keys"
echo "# $n AES-256 keys under RSA_4096 on SoftHSM in this process, best of 3, CPU and clock in us for each key:"
for what in alone files keyhaul; do
	echo "# $what $(($(best $what.runs 1) / n)) $(($(best $what.runs 3) / n))"
done
echo "# rate by CPU: keyhaul is $(over "$(best alone.runs 1)" "$(best keyhaul.runs 1)") of the bare calls alone, $(over \
	"$(best files.runs 1)" "$(best keyhaul.runs 1)") of the loop with files; by the clock $(over "$(best alone.runs 3)" \
	"$(best keyhaul.runs 3)") and $(over "$(best files.runs 3)" "$(best keyhaul.runs 3)")"

# a round trip of 2 ms
KEYHAUL_RELAY_DELAY_US=2000
unset KEYHAUL_RELAY_TRACE
export KEYHAUL_RELAY_DELAY_US
for _ in 1 2; do
	fresh "$n"
	looped "$RELAY" "$n" bundles/* >>far-files.runs
	fresh "$n"
	wrapped "$RELAY" bundles/* >>far-keyhaul.runs
	fresh "$n"
	wrapped "$RELAY" --jobs 4 bundles/* >>far-jobs.runs
done
rate=$(over "$(best far-files.runs 3)" "$(best far-keyhaul.runs 3)")
jobs=$(over "$(best far-keyhaul.runs 3)" "$(best far-jobs.runs 3)")
echo "# with a round trip of 2 ms, clock in us for each key: loop with files $(($(best far-files.runs 3) / n)), keyhaul $(($(best \
	far-keyhaul.runs 3) / n)), with --jobs 4 $(($(best far-jobs.runs 3) / n))"
is "$rate >= 0.95"
tap_ok $? "over the network $rate of the rate of the bare loop with files (target: at least 0.95)"
is "$jobs >= 3.5"
tap_ok $? "--jobs 4 is $jobs times as fast (target: at least 3.5)"

# memory: of this program alone, so the relay's host must not be its child when it is measured
unset KEYHAUL_RELAY_DELAY_US
cat >host <<'END'
#!/bin/sh
"$KEYHAUL_BUILD/tests/relay/relay_host" &
END
chmod +x host
export KEYHAUL_RELAY_HOST="$TAP_DIR/host"
for json in '' --json; do
	for many in 10 10000; do
		fresh $many
		# shellcheck disable=SC2086 # nothing or an option
		wrapped "$RELAY" $json bundles/* >>"memory$json.$many"
		grep -c . "memory$json.$many" >/dev/null || cat log
	done
	ratio=$(over "$(best "memory$json.10000" 2)" "$(best "memory$json.10" 2)")
	echo "# peak memory${json:+ with $json}: $(best "memory$json.10" 2) KiB at 10 bundles, $(best "memory$json.10000" 2) KiB at 10,000"
	is "$ratio <= 1.2"
	tap_ok $? "peak memory${json:+ with $json} at 10,000 bundles is $ratio times that at 10 (target: at most 1.2)"
done
echo "# SoftHSM in the bare loop's process: $(looped "$KEYHAUL_RELAY_MODULE" 10 | cut -d' ' -f2) KiB after 10 keys, $(looped \
	"$KEYHAUL_RELAY_MODULE" 10000 | cut -d' ' -f2) KiB after 10,000"
tap_done 5
