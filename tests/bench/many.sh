#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Many keys by plan against keyhaul-sim, and the AWS CLI making the same ImportKeyMaterial calls. Targets: 98 % of KMS's
# quotas used where they bound; at least 100 times less CPU and 20 times sooner than the AWS CLI under xargs -P; one import
# over https with 30 times less CPU; and the peak memory at 10,000 bundles against 10. BENCH_KEYS (1000) keys; the AWS CLI
# makes BENCH_AWS (60) of its calls, and its figures are taken times as many.
# shellcheck disable=SC2086,SC2154 # lists of words on purpose; what the sourced files set
. "${KEYHAUL_SRC:?run it by make bench}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
[ -x "$sim" ] || tap_skip_all "keyhaul-sim is not built"
sim_need_aws
keys=${BENCH_KEYS:-1000}
calls=${BENCH_AWS:-60}
measure=$KEYHAUL_BUILD/tests/bench/measure
wrap=$KEYHAUL_BUILD/tests/kms/wrap_bundles
fast="--rate GetParametersForImport=100000,ImportKeyMaterial=100000"

# a plan of $1 SYMMETRIC_DEFAULT keys under RSA_2048
plan_of() {
	awk -v n="$1" 'BEGIN {
		print "keyhaul_plan: 1\nkeys:"
		for (i = 0; i < n; i++)
			printf "  - {name: k%d, key_id: 1234abcd-12ab-34cd-56ef-%012x, wrapping_key_spec: RSA_2048, expires: never, %s%d\047}]}\n",
				i, i, "materials: [{key_uri: \047pkcs11:object=o", i
	}'
}
# timed FILE COMMAND...: measure's line into FILE
timed() {
	timed_file=$1
	shift
	"$measure" "$@" >"$timed_file" 2>timed.log || tap_diag "$(tail -n 3 timed.log)"
}
cpu() { cut -d' ' -f1 "$1"; }
peak() { cut -d' ' -f2 "$1"; }
wall() { echo $(($(cut -d' ' -f3 "$1") / 1000)); } # milliseconds
throttled() {
	grep -c "$1: try [0-9]*: HTTP 400" timed.log
}

# ---- under KMS's quotas times 50 -------------------------------------------------------------
plan_of "$keys" >plan.yaml
pool=$(sim_pool)
sim_start --key-pool "$pool" --seed-plan plan.yaml --quotas 50 || exit 1
timed fetch.figures "$kms" fetch --plan plan.yaml --out dir --debug --rate GetParametersForImport=50,ImportKeyMaterial=750
share=$((keys * 1000 * 100 / 50 / $(wall fetch.figures)))
echo "# fetch of $keys keys, 50 a second: $(wall fetch.figures) ms, $share % of the quota, $(throttled GetParametersForImport) throttled, CPU $(cpu fetch.figures) us"
[ "$share" -ge 98 ] && [ "$share" -le 102 ]
tap_ok $? "fetch uses $share % of GetParametersForImport's quota (target: 98)"
tap_is "$(throttled GetParametersForImport)" 0 "and none of it is throttled"
$wrap dir/*.bundle || exit 1
cp -r dir wrapped
timed import.figures "$kms" import dir/*.bundle --debug --rate GetParametersForImport=50,ImportKeyMaterial=750
share=$((keys * 1000 * 100 / 750 / $(wall import.figures)))
echo "# import of $keys keys, 750 a second: $(wall import.figures) ms, $share % of the quota, $(throttled ImportKeyMaterial) throttled, CPU $(cpu import.figures) us"
tap_is "$(throttled ImportKeyMaterial)" 0 "import: none is throttled ($share % of the quota, as fast as this machine's disk and cores are)"
sim_stop

# ---- 50 ms away, no quota, against the AWS CLI ---------------------------------------------------
sim_start --key-pool "$pool" --seed-plan plan.yaml --latency 50 || exit 1
rm -rf dir
"$kms" fetch --plan plan.yaml --out dir $fast >/dev/null && $wrap dir/*.bundle || exit 1
n=0
for bundle in dir/*.bundle; do
	[ $n -lt "$calls" ] || break
	n=$((n + 1))
	jq -j .request.import_token "$bundle" | base64 -d >"token.$n"
	jq -j .material.encrypted_key_material "$bundle" | base64 -d >"blob.$n"
	printf '%s %s\n' $n "$(jq -r .request.kms_key_arn "$bundle")"
done >aws.calls
cat >aws.sh <<'SH'
exec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" --region us-east-1 kms import-key-material --key-id "$2" \
	--import-token "fileb://token.$1" --encrypted-key-material "fileb://blob.$1" \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
SH
timed aws.figures xargs -P 16 -L 1 sh aws.sh <aws.calls
timed ours.figures "$kms" import dir/*.bundle $fast
aws_cpu=$(($(cpu aws.figures) / calls)) aws_wall=$(($(wall aws.figures) * keys / calls))
our_cpu=$(($(cpu ours.figures) / keys))
echo "# $keys imports, 50 ms away: $(wall ours.figures) ms, CPU $our_cpu us each, peak $(peak ours.figures) KiB"
echo "# aws under xargs -P 16:   $aws_wall ms (of $calls calls), CPU $aws_cpu us each"
tap_is "$(grep -l '"receipt"' dir/*.bundle | wc -l)" "$keys" "all are imported"
less=$((aws_cpu / (our_cpu > 0 ? our_cpu : 1))) sooner=$((aws_wall / $(wall ours.figures)))
[ "$less" -ge 100 ]
tap_ok $? "CPU $less times less than the AWS CLI (target: 100)"
[ "$sooner" -ge 20 ]
tap_ok $? "$sooner times sooner (target: 20)"
sim_stop

# ---- one import over https ----------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=IP:127.0.0.1 2>/dev/null
sim_start --key-pool "$pool" --cert tls.pem --key tls.key --seed-plan plan.yaml || exit 1
export AWS_CA_BUNDLE="$TAP_DIR/tls.pem"
id=1234abcd-12ab-34cd-56ef-000000000000
"$kms" fetch --key-id $id --wrapping-key-spec RSA_2048 --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE --out tls.bundle >/dev/null &&
	$wrap tls.bundle || exit 1
jq -j .request.import_token tls.bundle | base64 -d >token.1
jq -j .material.encrypted_key_material tls.bundle | base64 -d >blob.1
for n in 1 2 3 4 5; do
	cp tls.bundle once.bundle
	timed "tls.$n.figures" "$kms" import once.bundle
	timed "aws.$n.figures" sh aws.sh 1 "$(jq -r .request.kms_key_arn tls.bundle)"
done
median() { sort -n "$@" | sed -n 3p | cut -d' ' -f1; }
less=$(($(median aws.[1-5].figures) / $(median tls.[1-5].figures)))
echo "# one import over https: CPU $(median tls.[1-5].figures) us; aws $(median aws.[1-5].figures) us"
[ "$less" -ge 30 ]
tap_ok $? "one import over https: CPU $less times less than the AWS CLI (target: 30)"
unset AWS_CA_BUNDLE
sim_stop

# ---- memory: 10,000 bundles against 10 -----------------------------------------------------------
plan_of 40 >plan40.yaml
sim_start --key-pool "$pool" --seed-plan plan40.yaml || exit 1
"$kms" fetch --plan plan40.yaml --out few $fast >/dev/null && $wrap few/*.bundle || exit 1
mkdir lots ten
for bundle in few/*.bundle; do
	seq 250 | while read -r n; do
		cp "$bundle" "lots/${bundle#few/}.$n" # each a bundle of its own: one under two names is refused
	done
done
ls few/*.bundle | head -n 10 | while read -r bundle; do
	cp "$bundle" ten/
done
timed ten.figures "$kms" import ten/*.bundle $fast
timed lots.figures "$kms" import lots/* $fast
echo "# peak memory: $(peak ten.figures) KiB at 10 bundles, $(peak lots.figures) KiB at $(find lots -type f ! -name '*.lock' | wc -l), $(wall lots.figures) ms"
tap_is "$(find lots -type f ! -name '*.lock' -exec grep -l '"receipt"' {} + | wc -l)" "$(find lots -type f ! -name '*.lock' | wc -l)" \
	"all of these are imported"
[ "$(peak lots.figures)" -le $((2 * $(peak ten.figures))) ]
tap_ok $? "10,000 bundles take $(($(peak lots.figures) * 100 / $(peak ten.figures))) % of the memory of 10 (target: at most 200)"
sim_stop
tap_done 9
