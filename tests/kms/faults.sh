#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms against keyhaul-sim --fault: what each fault gives, and that the next run ends it: nothing is taken for done
# that is not, nothing is imported, made or rotated twice, no bundle and no receipt gets lost.
# shellcheck disable=SC2086,SC2317 # lists of words on purpose; functions that are called by name
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq
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
# what is in KMS at the end: materials imported of the key that waited, of the one that had one; rotations; keys
counts() {
	kms status --json --key-id "$waits" "$has" "$turns" 2>/dev/null |
		jq -r '[.results[0, 1] | [.materials[] | select(.imported)] | length] + [.results[2].rotations] | join(" ")'
}
# a service as it was, with these faults (one a line)
fresh() {
	rm -rf state fetched.bundle
	cp -r template state
	for bundle in first existing new turns; do
		cp "$bundle.bundle" "kept.$bundle"
	done
	haul_start_sim --rotation-delay 0 --fault "$1"
}
restore() {
	haul_stop_sim
	for bundle in first existing new turns; do
		mv "kept.$bundle" "$bundle.bundle"
	done
}

# The verb, faults, tries, the status, what it says; the counts when it was run once more.
rows=0
while IFS='|' read -r verb faults tries status says ends; do
	[ -n "$verb" ] || continue
	rows=$((rows + 1))
	printf '%s\n' "$faults" | tr ';' '\n' >faults
	fresh ./faults
	AWS_MAX_ATTEMPTS=$tries
	export AWS_MAX_ATTEMPTS
	tap_run "$verb"
	unset AWS_MAX_ATTEMPTS
	tap_is "$tap_status" "$status" "$verb, $faults: the status" || tap_diag "$tap_err"
	tap_like "$tap_out$tap_err" "$says" "$verb, $faults: what it says"
	[ "$verb" = create ] || [ "$verb" = remove ] || [ -e fetched.bundle ] || "$verb" >/dev/null 2>&1
	tap_is "$? $(counts)" "0 $ends" "$verb, $faults: once more, and it is done, once"
	restore
done <<'TABLE'
first|ImportKeyMaterial:1=throttle|2|0|: imported into|1 1 0
first|ImportKeyMaterial:1=throttle;ImportKeyMaterial:2=throttle|2|6|ThrottlingException|1 1 0
first|ImportKeyMaterial:1=http 500|2|0|: imported into|1 1 0
first|ImportKeyMaterial:1=http 503|1|6|HTTP 503|1 1 0
first|ImportKeyMaterial:1=http 503 <h1>busy</h1>|1|5|HTTP 503, text/html|1 1 0
first|ImportKeyMaterial:1=close|1|6|not known|1 1 0
first|ImportKeyMaterial:1=drop|1|0|found imported|1 1 0
first|ImportKeyMaterial:1=after http 500 {}|1|0|found imported|1 1 0
first|ImportKeyMaterial:1=half|1|0|found imported|1 1 0
first|ImportKeyMaterial:1=html|1|5|not an answer of KMS|1 1 0
first|ImportKeyMaterial:1=after html|1|0|found imported|1 1 0
first|ImportKeyMaterial:1=empty|1|5|not an answer of KMS|1 1 0
first|ImportKeyMaterial:1=http 200 {"KeyId":7}|1|5|KeyId is not a string|1 1 0
first|ImportKeyMaterial:1=redirect http://192.0.2.1/|3|5|redirects to .http://192.0.2.1/|1 1 0
first|ImportKeyMaterial:1=after redirect|1|5|redirects to|1 1 0
first|ImportKeyMaterial:1=ExpiredTokenException|3|5|renew the credentials|1 1 0
first|DescribeKey:1=half|1|5|not an answer of KMS|1 1 0
first|DescribeKey:2=http 503|1|6|accepted|1 1 0
existing|ImportKeyMaterial:1=drop|2|0|: imported into|0 1 0
existing|ImportKeyMaterial:1=drop|1|6|not known|0 1 0
existing|ImportKeyMaterial:1=close|1|6|not known|0 1 0
new|ImportKeyMaterial:1=drop|3|0|found imported|0 2 0
new|ImportKeyMaterial:1=after DependencyTimeoutException|3|0|found imported|0 2 0
new|ImportKeyMaterial:1=close|3|6|not known|0 2 0
new|ImportKeyMaterial:1=throttle|3|6|ThrottlingException|0 2 0
create|CreateKey:1=drop|3|6|whether a key was made is not known|0 1 0
create|CreateKey:1=close|3|6|whether a key was made is not known|0 1 0
create|CreateKey:1=half|3|5|whether a key was made is not known|0 1 0
rotate|RotateKeyOnDemand:1=drop|3|0|1 on-demand rotation done|0 1 1
rotate|RotateKeyOnDemand:1=close|3|6|not known|0 1 1
rotate|RotateKeyOnDemand:1=after http 200 {"KeyId":"x"}|1|0|1 on-demand rotation done|0 1 1
rotate|RotateKeyOnDemand:1=half|3|0|1 on-demand rotation done|0 1 1
rotate|RotateKeyOnDemand:1=LimitExceededException|3|5|25 on-demand rotations|0 1 1
rotate|RotateKeyOnDemand:1=ConflictException|1|6|under way|0 1 1
rotate|GetKeyRotationStatus:1+=AccessDeniedException|1|0|1 on-demand rotation done|0 1 1
rotate|ListKeyRotations:1=html|1|5|not an answer of KMS|0 1 1
fetch|GetParametersForImport:1=drop|2|0|a request for|0 1 0
fetch|GetParametersForImport:1=throttle;GetParametersForImport:2=throttle|2|6|ThrottlingException|0 1 0
fetch|GetParametersForImport:1=half|3|5|not an answer of KMS|0 1 0
remove|DeleteImportedKeyMaterial:1=drop|1|0|deleted key material|0 0 0
remove|DeleteImportedKeyMaterial:1=throttle|1|6|ThrottlingException|0 1 0
remove|DeleteImportedKeyMaterial:1=AccessDeniedException|1|5|AccessDenied|0 1 0
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
tap_done $((3 * rows + n + 1))
