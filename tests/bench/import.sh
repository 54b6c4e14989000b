#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# One import as a whole process: keyhaul-kms against the AWS CLI making the same ImportKeyMaterial call, both over http
# to keyhaul-sim, taking turns. Targets: at least 50 times less CPU, at most 16 MiB at the peak. BENCH_RUNS (10) of each.
. "${KEYHAUL_SRC:?run it by make bench}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
/usr/bin/aws --version 2>/dev/null | grep -q '^aws-cli/2' || tap_skip_all "/usr/bin/aws is not version 2 of the AWS CLI"
[ -x "$KEYHAUL_BUILD/keyhaul-sim" ] || tap_skip_all "keyhaul-sim is not built"

eval "$("$KEYHAUL_BUILD/keyhaul-sim" --daemon --die-with $$)"
AWS_DEFAULT_REGION=$AWS_REGION
export AWS_DEFAULT_REGION
arn=$("$kms" create --key-spec SYMMETRIC_DEFAULT)
new_bundle base.bundle --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE || exit 1
jq -j .request.import_token base.bundle | base64 -d >token.bin
jq -j .material.encrypted_key_material base.bundle | base64 -d >blob.bin
: >keyhaul.runs
: >aws.runs
: >log

n=0
while [ $n -lt "${BENCH_RUNS:-10}" ]; do
	n=$((n + 1))
	cp base.bundle run.bundle
	"$KEYHAUL_BUILD/tests/bench/measure" "$kms" import run.bundle >>keyhaul.runs 2>>log || cat log
	"$KEYHAUL_BUILD/tests/bench/measure" /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms import-key-material \
		--key-id "$arn" --import-token fileb://token.bin --encrypted-key-material fileb://blob.bin \
		--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE >>aws.runs 2>>log || cat log
done

# The median of the CPU times, the largest peak.
figures() {
	sort -n "$1" | awk '{ cpu[NR] = $1; if ($2 > peak) peak = $2 }
		END { printf "%d %d %d\n", NR, cpu[int((NR + 1) / 2)], peak }'
}

ours=$(figures keyhaul.runs)
theirs=$(figures aws.runs)
# shellcheck disable=SC2086 # three words each
set -- $ours $theirs
echo "# import, one process each, median of $1 (and $4) runs over http:"
echo "# keyhaul-kms  CPU $2 us, peak $3 KiB (DescribeKey, ImportKeyMaterial, DescribeKey, receipt on disk)"
echo "# aws          CPU $5 us, peak $6 KiB (ImportKeyMaterial)"
ratio=$(($5 / ($2 > 0 ? $2 : 1)))
[ "$1" -eq "$n" ] && [ "$4" -eq "$n" ]
tap_ok $? "each of the $n runs succeeded"
[ "$ratio" -ge 50 ]
tap_ok $? "CPU $ratio times less than the AWS CLI (target: 50)"
[ "$3" -le 16384 ]
tap_ok $? "peak memory $3 KiB (target: at most 16384)"
kill "$KEYHAUL_SIM_PID"
tap_done 3
