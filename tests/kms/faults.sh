#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The fault table. keyhaul-kms against keyhaul-sim --fault, and through a proxy that breaks HTTP and TLS themselves: what each
# fault gives, and that the next run ends it: nothing is taken for done that is not, nothing is imported, made or rotated
# twice, no bundle and no receipt gets lost. What other scripts show stands at the end, each with its name.
# shellcheck disable=SC2086,SC2154,SC2317 # lists of words on purpose; arn of no row; functions that are called by name
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq python3
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
keep="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"

# One key that waits, one that has material, one that can be rotated; and their bundles.
haul_start_sim --rotation-delay 0
waits=$(kms create --key-spec SYMMETRIC_DEFAULT)
has=$(kms create --key-spec SYMMETRIC_DEFAULT)
turns=$(kms create --key-spec SYMMETRIC_DEFAULT)
haul_key one
haul_key two
haul_bundle first.bundle "$waits" one $keep
haul_import had.bundle "$has" one $keep
haul_bundle existing.bundle "$has" one $keep --import-type EXISTING_KEY_MATERIAL
haul_bundle new.bundle "$has" two $keep --import-type NEW_KEY_MATERIAL
haul_import turned.bundle "$turns" one $keep
haul_import turns.bundle "$turns" two $keep --import-type NEW_KEY_MATERIAL
haul_stop_sim
cp -r state template
cat >made.yaml <<PLAN
keyhaul_plan: 1
keys:
  - {name: one, create: {key_spec: HMAC_256}, expires: never, wrapping_key_spec: RSA_2048, materials: [{key_uri: 'pkcs11:object=o'}]}
PLAN

times=
kms() {
	kms_verb=$1
	shift
	"$KEYHAUL_BUILD/keyhaul-kms" "$kms_verb" $times "$@"
}
first() {
	kms import --wait-timeout "${wait:-1}" first.bundle
}
existing() {
	kms import --wait-timeout "${wait:-1}" existing.bundle
}
new() {
	kms import --wait-timeout "${wait:-1}" new.bundle
}
rotate() {
	kms rotate --wait-timeout 5 turns.bundle
}
fetch() {
	kms fetch --key-id "$waits" --wrapping-key-spec RSA_2048 --out fetched.bundle
}
remove() {
	kms delete --yes --key-id "$has" --wait-timeout 1
}
create() {
	kms create --key-spec HMAC_256
}
# a key that a plan has made: the next run finds it by its tag
planned() {
	[ ! -e made ] || sim_later made/*.create
	kms fetch --plan made.yaml --out made --rate ListKeys=100,ListResourceTags=100,DescribeKey=100
}
# two keys: the first has what it needs when the credentials end
both() {
	kms import --jobs 1 --wait-timeout 1 first.bundle new.bundle
}
# over https
tls() {
	kms import --ca-bundle ca.pem --endpoint-url "https://localhost:${haul_at##*:}" --wait-timeout 1 secure.bundle
}
# what is in KMS at the end: materials imported of the key that waited, of the one that had one; rotations; keys made
counts() {
	kms status --json --key-id "$waits" "$has" "$turns" 2>/dev/null |
		jq -r --arg made "$(($(ls state/key-* | wc -l) - $(ls template/key-* | wc -l)))" \
		'[.results[0, 1] | [.materials[] | select(.imported)] | length] + [.results[2].rotations, $made] | join(" ")'
}
# a service as it was, with these faults (one a line)
bundles="first existing new turns"
fresh() {
	rm -rf state fetched.bundle made
	cp -r template state
	for bundle in $bundles; do
		cp "$bundle.bundle" "kept.$bundle"
	done
	haul_start_sim --rotation-delay 0 --fault "$1"
}
restore() {
	haul_stop_sim
	for bundle in $bundles; do
		mv "kept.$bundle" "$bundle.bundle"
	done
}

# The verb, faults, tries, the status, what it says; the counts when it was run once more.
rows=0
row() {
	rows=$((rows + 1))
	AWS_MAX_ATTEMPTS=$3
	export AWS_MAX_ATTEMPTS
	tap_run "$1"
	unset AWS_MAX_ATTEMPTS
	tap_is "$tap_status" "$4" "$1, $2: the status" || tap_diag "$tap_err"
	tap_like "$tap_out$tap_err" "$5" "$1, $2: what it says"
	if [ "$4" != 0 ]; then
		printf '%s\n' "$tap_err" | grep -q '^hint: '
		tap_ok $? "$1, $2: with a hint"
	else
		tap_is "$(receipts "$1")" "" "$1, $2: what was imported has its receipt"
	fi
	case $1 in create | remove) ;; *) [ -e fetched.bundle ] || "$1" >/dev/null 2>&1 ;; esac
	tap_is "$? $(counts) $(receipts "$1")" "0 $6 " "$1, $2: once more, and it is done, once"
}
# the bundles of the verb that have no receipt
receipts() {
	case $1 in
	both) set -- first.bundle new.bundle ;;
	tls) set -- secure.bundle ;;
	first | existing | new) set -- "$1.bundle" ;;
	*) return ;;
	esac
	grep -L '"receipt": {' "$@"
}
# Under a sanitizer every second row of the tables is enough.
lines=0
passed_over() {
	lines=$((lines + 1))
	[ "${KEYHAUL_SANITIZERS:-no}" != no ] && [ $((lines % 2)) -eq 0 ]
}
while IFS='|' read -r verb faults tries status says ends; do
	! passed_over || continue
	printf '%s\n' "$faults" | tr ';' '\n' | sed "s#WAITS#$waits#; s#HAS#$has#" >faults
	fresh ./faults
	row "$verb" "$faults" "$tries" "$status" "$says" "$ends"
	restore
done <<'TABLE'
first|ImportKeyMaterial:1=throttle|2|0|: imported into|1 1 0 0
first|ImportKeyMaterial:1=throttle;ImportKeyMaterial:2=throttle|2|6|ThrottlingException|1 1 0 0
first|ImportKeyMaterial:1=http 500|2|0|: imported into|1 1 0 0
first|ImportKeyMaterial:1=http 503|1|6|HTTP 503|1 1 0 0
first|ImportKeyMaterial:1=http 500;ImportKeyMaterial:2=http 503|2|6|2 tries: .*HTTP 503|1 1 0 0
first|ImportKeyMaterial:1=DependencyTimeoutException|2|0|: imported into|1 1 0 0
first|ImportKeyMaterial:1=after DependencyTimeoutException|1|0|found imported|1 1 0 0
first|ImportKeyMaterial:1=http 503 <h1>busy</h1>|1|5|HTTP 503, text/html|1 1 0 0
first|ImportKeyMaterial:1=close|1|6|not known|1 1 0 0
first|ImportKeyMaterial:1=drop|1|0|found imported|1 1 0 0
first|ImportKeyMaterial:1=after http 500 {}|1|0|found imported|1 1 0 0
first|ImportKeyMaterial:1=half|1|0|found imported|1 1 0 0
first|ImportKeyMaterial:1=html|1|5|not an answer of KMS|1 1 0 0
first|ImportKeyMaterial:1=after html|1|0|found imported|1 1 0 0
first|ImportKeyMaterial:1=empty|1|5|not an answer of KMS|1 1 0 0
first|ImportKeyMaterial:1=http 200 {"KeyId":7}|1|5|KeyId is not a string|1 1 0 0
first|ImportKeyMaterial:1=http 200 {}|1|5|not known: .*KeyId is missing|1 1 0 0
first|ImportKeyMaterial:1=after http 200 {}|1|0|found imported|1 1 0 0
first|ImportKeyMaterial:1=http 200 {"KeyId":"WAITS"}|1|5|not known: .*KeyMaterialId is missing|1 1 0 0
first|ImportKeyMaterial:1=redirect http://192.0.2.1/|3|5|redirects to .http://192.0.2.1/|1 1 0 0
first|ImportKeyMaterial:1=after redirect|1|5|redirects to|1 1 0 0
first|ImportKeyMaterial:1=ExpiredTokenException|3|5|renew the credentials|1 1 0 0
both|ImportKeyMaterial:2=ExpiredTokenException|3|5|renew the credentials|1 2 0 0
first|DescribeKey:1=half|1|5|not an answer of KMS|1 1 0 0
first|DescribeKey:2=http 503|1|6|accepted|1 1 0 0
existing|ImportKeyMaterial:1=drop|2|0|: imported into|0 1 0 0
existing|ImportKeyMaterial:1=drop|1|6|not known|0 1 0 0
existing|ImportKeyMaterial:1=close|1|6|not known|0 1 0 0
existing|ImportKeyMaterial:1=http 200 {}|1|5|not known: .*KeyId is missing|0 1 0 0
existing|ImportKeyMaterial:1=http 200 {"KeyId":"HAS"}|1|5|not known: .*KeyMaterialId is missing|0 1 0 0
new|ImportKeyMaterial:1=http 200 {}|1|5|not known: .*KeyId is missing|0 2 0 0
new|ImportKeyMaterial:1=after http 200 {}|1|0|found imported|0 2 0 0
new|ImportKeyMaterial:1=http 200 {"KeyId":"HAS"}|1|5|not known: .*KeyMaterialId is missing|0 2 0 0
new|ImportKeyMaterial:1=http 200 {"__type":"InternalFailure"}|1|5|not known: .*InternalFailure|0 2 0 0
new|ImportKeyMaterial:1=drop;ImportKeyMaterial:2=http 200 {}|1|6|not known|0 2 0 0
new|ImportKeyMaterial:1=drop|3|0|found imported|0 2 0 0
new|ImportKeyMaterial:1=after DependencyTimeoutException|3|0|found imported|0 2 0 0
new|ImportKeyMaterial:1=close|3|6|not known|0 2 0 0
new|ImportKeyMaterial:1=throttle|3|0|: imported into|0 2 0 0
new|ImportKeyMaterial:1=throttle;ImportKeyMaterial:2=throttle|2|6|2 tries: .*ThrottlingException|0 2 0 0
create|CreateKey:1=drop|3|6|whether a key was made is not known|0 1 0 1
create|CreateKey:1=close|3|6|whether a key was made is not known|0 1 0 0
create|CreateKey:1=half|3|5|whether a key was made is not known|0 1 0 1
planned|CreateKey:1=drop|3|0|1 bundle: 1 fetched|0 1 0 1
planned|CreateKey:1=close|1|6|whether a key was made is not known|0 1 0 1
planned|CreateKey:1=after http 500|1|0|1 bundle: 1 fetched|0 1 0 1
planned|CreateKey:1=LimitExceededException|3|5|LimitExceededException|0 1 0 1
rotate|RotateKeyOnDemand:1=drop|3|0|1 on-demand rotation done|0 1 1 0
rotate|RotateKeyOnDemand:1=close|3|6|not known|0 1 1 0
rotate|RotateKeyOnDemand:1=after http 200 {"KeyId":"x"}|1|0|1 on-demand rotation done|0 1 1 0
rotate|RotateKeyOnDemand:1=half|3|0|1 on-demand rotation done|0 1 1 0
rotate|RotateKeyOnDemand:1=LimitExceededException|3|5|25 on-demand rotations|0 1 1 0
rotate|RotateKeyOnDemand:1=ConflictException|1|6|under way|0 1 1 0
rotate|GetKeyRotationStatus:1+=AccessDeniedException|1|0|1 on-demand rotation done|0 1 1 0
rotate|ListKeyRotations:1=html|1|5|not an answer of KMS|0 1 1 0
fetch|GetParametersForImport:1=drop|2|0|a request for|0 1 0 0
fetch|GetParametersForImport:1=throttle;GetParametersForImport:2=throttle|2|6|ThrottlingException|0 1 0 0
fetch|GetParametersForImport:1=half|3|5|not an answer of KMS|0 1 0 0
remove|DeleteImportedKeyMaterial:1=drop|1|0|deleted key material|0 0 0 0
remove|DeleteImportedKeyMaterial:1=throttle|1|6|ThrottlingException|0 1 0 0
remove|DeleteImportedKeyMaterial:1=AccessDeniedException|1|5|AccessDenied|0 1 0 0
TABLE

# Each exception of KMS's and of the front door: its name, a hint, never 0, and the bundle is whole for the next run.
codes="AccessDeniedException AlreadyExistsException ConflictException DependencyTimeoutException DisabledException
	ExpiredImportTokenException ExpiredTokenException IncompleteSignatureException IncorrectKeyException
	IncorrectKeyMaterialException InvalidAliasNameException InvalidArnException InvalidCiphertextException
	InvalidImportTokenException InvalidKeyUsageException InvalidMarkerException InvalidSignatureException
	KeyUnavailableException KMSInternalException KMSInvalidMacException KMSInvalidSignatureException
	KMSInvalidStateException LimitExceededException MalformedPolicyDocumentException
	MissingAuthenticationTokenException NotFoundException TagException ThrottlingException
	UnrecognizedClientException UnsupportedOperationException ValidationException"
n=0
: >faults
for code in $codes; do
	n=$((n + 1))
	echo "ImportKeyMaterial:$n=$code" >>faults
done
fresh ./faults
wait=0
AWS_MAX_ATTEMPTS=1
export AWS_MAX_ATTEMPTS
for code in $codes; do
	first >out 2>err
	status=$?
	case $code in
	DependencyTimeoutException | KeyUnavailableException | KMSInternalException | ThrottlingException) wanted=6 ;;
	*) wanted=5 ;;
	esac
	[ "$status" = "$wanted" ] && [ ! -s out ] && grep -q "^error: .*$code" err && grep -q '^hint: ' err && cmp -s first.bundle kept.first
	tap_ok $? "$code: status $wanted, named, with a hint, and the bundle as it was" || tap_diag "$status $(cat err)"
done
tap_exits 0 "and then it is imported" first
restore

# On the wire. The proxy is where the bundles say that KMS is, the simulator behind it.
bundles="first existing new turns secure"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>/dev/null
cat key.pem ca.pem >proxy.pem
jq --arg url "https://localhost:${haul_at##*:}" '.request.endpoint = $url' first.bundle >secure.bundle
jq --arg d "$(jq -jcS .request secure.bundle | sha256sum | cut -d' ' -f1)" '.material.request_sha256 = $d' secure.bundle >s
mv s secure.bundle
cp first.bundle refused.bundle
AWS_MAX_ATTEMPTS=2 tap_run kms import refused.bundle
tap_is "$tap_status $(cmp first.bundle refused.bundle && echo same)" "6 same" "a connection that is refused"
tap_like "$tap_err" "2 tries: ImportKeyMaterial|DescribeKey: .*http://$haul_at: no answer: " "and what it says"
tap_like "$tap_err" "^hint: nothing listens there" "with a hint"
times="--cli-connect-timeout 1 --cli-read-timeout 1"
RES_OPTIONS="attempts:1 timeout:1" tap_run kms fetch --max-attempts 1 --endpoint-url https://kms.keyhaul.invalid --key-id "$waits" --out x.bundle
tap_is "$tap_status $(ls x.bundle 2>/dev/null)" "6 " "a name that nobody knows"
tap_like "$tap_err" "^error: .*https://kms.keyhaul.invalid: no answer: .*[Rr]esolv" "and what it says"
tap_like "$tap_err" "^hint: .*(no host of that name|the network)" "with a hint"
: >plan
tap_start proxy python3 "$KEYHAUL_SRC/tests/kms/faults_proxy.py" "$TAP_DIR" "${haul_at##*:}" proxy.pem
front=$haul_at
haul_at=127.0.0.1:0
tap_poll 20 test -f port || exit 1
while IFS='|' read -r verb plan tries status says ends; do
	! passed_over || continue
	times=
	echo "${plan##*with }" | grep : >faults
	fresh ./faults
	printf '%s' "$haul_at" >upstream
	printf '%s\n# %s\n' "${plan% with *}" "$rows" >plan
	haul_at=$front
	AWS_ENDPOINT_URL_KMS=http://$front
	case $plan in *drip | *long | *hello*) times="--cli-connect-timeout 2 --cli-read-timeout 1" ;; esac
	row "$verb" "$plan" "$tries" "$status" "$says" "$ends"
	haul_at=127.0.0.1:0
	restore
done <<'TABLE'
first|ImportKeyMaterial=garbage|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=before-garbage|3|5|no HTTP|1 1 0 0
first|ImportKeyMaterial=status|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=cutline|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=cuthead|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=cutbody|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=cutbody|2|0|: imported into|1 1 0 0
first|ImportKeyMaterial=before-cutbody|1|6|not known|1 1 0 0
first|ImportKeyMaterial=long|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=short|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=negative|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=twolengths|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=chunks|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=drip|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=before-drip|1|6|not known|1 1 0 0
first|ImportKeyMaterial=reset|1|0|found imported|1 1 0 0
first|ImportKeyMaterial=before-reset|1|6|not known|1 1 0 0
first|ImportKeyMaterial=clock with ImportKeyMaterial:1=InvalidSignatureException|3|5|hint: this machine.s clock is 60 minutes behind KMS.s|1 1 0 0
existing|ImportKeyMaterial=cutbody|2|0|: imported into|0 1 0 0
new|ImportKeyMaterial=cutbody|3|0|found imported|0 2 0 0
new|ImportKeyMaterial=reset|3|0|found imported|0 2 0 0
new|ImportKeyMaterial=before-garbage|3|5|not known|0 2 0 0
create|CreateKey=cutbody|3|6|whether a key was made is not known|0 1 0 1
planned|CreateKey=cutbody|3|0|1 bundle: 1 fetched|0 1 0 1
create|CreateKey=garbage|3|5|whether a key was made is not known|0 1 0 1
rotate|RotateKeyOnDemand=cuthead|3|0|1 on-demand rotation done|0 1 1 0
rotate|RotateKeyOnDemand=reset|3|0|1 on-demand rotation done|0 1 1 0
rotate|RotateKeyOnDemand=before-garbage|3|5|not known|0 1 1 0
fetch|GetParametersForImport=cutbody|2|0|a request for|0 1 0 0
fetch|GetParametersForImport=drip|1|6|no answer|0 1 0 0
remove|DeleteImportedKeyMaterial=cutbody|1|0|deleted key material|0 0 0 0
tls|ImportKeyMaterial=halfrecord|1|0|found imported|1 1 0 0
tls|ImportKeyMaterial=before-halfrecord|1|6|not known|1 1 0 0
tls|connect=halfhello|1|6|no answer|1 1 0 0
tls|connect=nottls|1|6|no answer|1 1 0 0
tls|connect=reset,halfhello|3|0|: imported into|1 1 0 0
TABLE

# What other scripts show: the fault, the script, the name of its test.
seen=0
while IFS='|' read -r fault script name; do
	seen=$((seen + 1))
	grep -qF "\"$name" "$KEYHAUL_SRC/tests/kms/$script"
	tap_ok $? "$fault: $script, '$name'"
done <<'TABLE'
a certificate of another host|tls.sh|a certificate for another host
one that has expired|tls.sh|a certificate that has expired
one of an unknown issuer|tls.sh|a CA that nobody named
half an answer, a drip, an answer without end, HTML, in fetch|fetch.sh|$operation $how: status, requests, bundle
a redirect in fetch|fetch.sh|$operation $how: the error
ImportKeyMaterial closed, done or not, of each type and state|import.sh|$how, type $type, $state: status, times sent, receipt
ended at each call|interrupted.sh|killed in $operation ($how, $type): the bundle is $wanted
credentials that end half-way, by their own time|creds_renew.sh|nothing is signed with them after their end
ReplicateKey closed after it was done|replicate.sh|a replica whose answer is lost, made after a while"
a proxy that fails|proxy.sh|$how: status
what hands out credentials: AssumeRole|creds_role.sh|AssumeRole $how
a container's|creds_provider.sh|container: $how
TABLE
tap_done $((4 * rows + n + 1 + 6 + seen))
