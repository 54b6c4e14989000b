#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A multi-Region key with two replicas, of a plan: made, rotated twice with new keys of a SoftHSM token through bundles, stopped
# and resumed between all steps; its three materials expire by the simulator's clock in all Regions, and keyhaul renew, killed
# at chosen system calls and run again, brings them back from the same keys. What was encrypted before opens afterwards.
# shellcheck disable=SC2086,SC2154 # lists of words on purpose
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq curl softhsm2-util
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/kms/haul.sh
. "$KEYHAUL_SRC/tests/kms/haul.sh"
eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/token")"
pin="--pin-file $KEYHAUL_PIN_FILE"
rate="--rate GetParametersForImport=1000,ImportKeyMaterial=1000"
regions="us-east-1 eu-west-1 ap-south-1"
AWS_MAX_ATTEMPTS=1
delay=0
# under sanitizers every step is run, and few are stopped: rotate.sh and plan_killed.sh do that too
whole=yes
[ -z "${KEYHAUL_SANITIZERS:-}" ] || [ "$KEYHAUL_SANITIZERS" = no ] || whole=no
export AWS_MAX_ATTEMPTS

token() {
	"$KEYHAUL_BUILD/keyhaul-token" "$@"
}
# the same simulator with other options
again() {
	haul_stop_sim
	haul_start_sim --rotation-delay "$delay" --replica-delay 0 "$@"
}
# $1 Region, $2 operation, $3 body: the answer's body
ask() {
	AWS_REGION=$1 sim_request "$(sim_date 0)" "TrentService.$2" "$3" | cut -d' ' -f2-
}
# plan EXPIRES MATERIAL...: the plan with the key's materials; those that are imported with their ids
plan() {
	cat >p.yaml <<-PLAN
		keyhaul_plan: 1
		keys:
		  - name: mac
		    create: {key_spec: HMAC_256}
		    wrapping_algorithm: RSAES_OAEP_SHA_1
		    wrapping_key_spec: RSA_2048
		    expires: $1
		    materials: [{key_uri: 'pkcs11:token=keyhaul-rehearsal;object=mac'}]
		  - name: set
		    create:
		      key_spec: SYMMETRIC_DEFAULT
		      multi_region: true
		      replicas: [{region: eu-west-1, policy: default-policy}, {region: ap-south-1, policy: default-policy}]
		    wrapping_algorithm: RSAES_OAEP_SHA_1
		    wrapping_key_spec: RSA_2048
		    expires: $1
		    materials:
	PLAN
	shift
	printf "      - {key_uri: 'pkcs11:token=keyhaul-rehearsal;object=%s'}\n" "$@" >>p.yaml
}
fetch() {
	kms fetch --plan p.yaml --out dir $rate "$@"
}
wrap() {
	token wrap --token "$KEYHAUL_TOKEN" $pin dir/*.bundle
}
renew() {
	"$KEYHAUL_BUILD/keyhaul" renew --plan p.yaml --dir dir $pin $rate "$@"
}
# stopped OPTION... -- WHAT COMMAND...: status 6 with a simulator of these options; the same without them afterwards
stopped() {
	if [ $whole = no ]; then
		delay=0
		return
	fi
	stopped_sim=
	while [ "$1" != -- ]; do
		stopped_sim="$stopped_sim $1"
		shift
	done
	shift
	again $stopped_sim
	tap_exits 6 "$@"
	delay=0
	again
}
# "STATE IMPORTED ..." of the materials in each Region
states() {
	for states_region in $regions; do
		ask "$states_region" ListKeyRotations "{\"KeyId\":\"$id\",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}" |
			jq -r '[.Rotations[] | "\(.KeyMaterialState) \(.ImportState)"] | join(", ")'
	done | sort | uniq -c | sed 's/^ *//'
}
# the ids, and which of them are imported until when: the same in every Region
standing() {
	for standing_region in $regions; do
		ask "$standing_region" ListKeyRotations "{\"KeyId\":\"$id\",\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}" |
			jq -r '.Rotations[] | "\(.KeyMaterialId) \(.KeyMaterialState) \(.ImportState)"'
	done | sort | uniq -c | sed 's/^ *//'
}
sum() {
	find "$1" -type f | sort | xargs sha256sum
}

for key in k1 k2 k3 mac; do
	spec=SYMMETRIC_DEFAULT
	[ $key != mac ] || spec=HMAC_256
	token generate --token "$KEYHAUL_TOKEN" $pin --label $key --key-spec $spec >/dev/null
done
# the one size of wrapping keys that is asked for
mkdir pool
openssl genrsa -out pool/rsa-2048-01.pem 2048 2>/dev/null
haul_start_sim --rotation-delay 0 --replica-delay 0
plan 60d k1
tap_exits 0 "the plan's keys and replicas are made, and fetched" fetch
id=$(jq -r '.kms_key_arn | sub(".*/"; "")' dir/set.create)
tap_exits 0 "wrapped" wrap
stopped --fault ImportKeyMaterial:3+=close -- "the first import, stopped on its way" kms import $rate --wait-timeout 0 dir/*.bundle
tap_exits 0 "imported" kms import $rate dir/*.bundle
sealed=$(ask us-east-1 Encrypt "{\"KeyId\":\"$id\",\"Plaintext\":\"$(printf 'before' | base64)\"}" | jq -r .CiphertextBlob)

# ---- two rotations, each step a run of its own; each is stopped and resumed -------------------------
for n in 2 3; do
	plan 90d $(seq -f k%g $n)
	# a material that was new is one that KMS has, once it is imported: with its id
	[ $n -eq 2 ] || sed "s/object=k2'}/object=k2', key_material_id: $(jq -r .receipt.key_material_id dir/set.2.us-east-1.bundle)}/" \
		p.yaml >x || exit 1
	[ $n -eq 2 ] || mv x p.yaml
	stopped --fault GetParametersForImport:2+=close -- "rotation $n: fetch, stopped" fetch
	tap_exits 0 "rotation $n: fetched" fetch
	tap_is "$(find dir -name "set.$n.*.bundle" | wc -l)" 3 "a bundle in each Region"
	[ $whole = no ] || tap_exits 4 "wrap, stopped by a wrong PIN" token wrap --token "$KEYHAUL_TOKEN" --pin-file p.yaml dir/*.bundle
	tap_exits 0 "wrapped" wrap
	set -- dir/set.$n.us-east-1.bundle dir/set.$n.eu-west-1.bundle dir/set.$n.ap-south-1.bundle --wait-timeout
	stopped --fault ImportKeyMaterial:2+=close -- "rotate, stopped behind the primary's import" kms rotate "$@" 0
	stopped --fault ImportKeyMaterial:2+=close -- "behind the first replica's" kms rotate "$@" 0
	stopped --fault RotateKeyOnDemand:1+=close -- "before RotateKeyOnDemand" kms rotate "$@" 1
	delay=3600
	stopped -- "while it rotates" kms rotate "$@" 0
	again --clock +2h
	tap_exits 0 "and done" kms rotate "$@" 5
	tap_like "$tap_out" "$((n - 1)) on-demand rotations? done, AWS's limit is 25" "which is counted"
done
tap_is "$(states)" "3 NON_CURRENT IMPORTED, NON_CURRENT IMPORTED, CURRENT IMPORTED" "three materials in three Regions"
before=$(standing)

# ---- nothing is due, and then all of it has expired ---------------------------------------------
again
sum dir >sums
tap_exits 0 "renew, while nothing is due" renew
tap_like "$tap_out" '^10 materials: 10 not due$' "says so"
tap_is "$(sum dir | cmp - sums && echo same)" same "and touches nothing"
again --clock +40d
tap_exits 0 "when the first expires soon" renew --json
tap_is "$(printf %s "$tap_out" | jq -r '.results[] | select(.result == "renewed") | "\(.name) \(.material) \(.region) \(.key.label)"' | sort | xargs)" \
	"mac 1 us-east-1 mac set 1 ap-south-1 k1 set 1 eu-west-1 k1 set 1 us-east-1 k1" "it alone is renewed, in each Region, from its key"
again --clock +140d
tap_is "$(states)" "3 NON_CURRENT PENDING_IMPORT, NON_CURRENT PENDING_IMPORT, CURRENT PENDING_IMPORT" "100 days later all have expired"
tap_is "$(ask us-east-1 DescribeKey "{\"KeyId\":\"$id\"}" | jq -r .KeyMetadata.KeyState)" PendingImport "and the key cannot be used"

# killed PROGRAM CALL N: at the Nth such call of it, in a run of renew
killed() {
	cat >at.sh <<-END
		#!/bin/sh
		exec strace -f -qq -o /dev/null -e trace=$2 -e inject=$2:signal=KILL:when=$3 "$KEYHAUL_BUILD/$1" "\$@"
	END
	rm -rf bin && mkdir bin && ln -s "$KEYHAUL_BUILD"/keyhaul* bin/ && rm "bin/$1" && mv at.sh "bin/$1" && chmod +x "bin/$1"
	tap_run env KEYHAUL_BINDIR="$TAP_DIR/bin" bin/keyhaul renew --plan p.yaml --dir dir $pin $rate
}
whole() {
	find dir -name '*.bundle' -print0 | xargs -0 jq -es 'length == 10 and all(.keyhaul_bundle == 1 and .request.key_uri)' >/dev/null
}
kills=0
if [ $whole = no ]; then
	:
elif command -v strace >/dev/null 2>&1 && strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when=1 sh -c : 2>/dev/null; then
	while read -r status program call n; do
		kills=$((kills + 1))
		killed "$program" "$call" "$n"
		tap_is "$tap_status" "$status" "renew, with $program killed at $call number $n" || tap_diag "$tap_err"
		whole
		tap_ok $? "every bundle is there and whole; $(find dir -name '*.bundle' -print0 | xargs -0 grep -l '"receipt"' | wc -l) imported"
	done <<-'TABLE'
		1 keyhaul-kms link 1
		1 keyhaul-kms link 3
		1 keyhaul-kms /^rename 4
		1 keyhaul-token /^rename 2
		1 keyhaul-token fsync 3
		137 keyhaul waitid 2
		1 keyhaul-kms fsync 3
		1 keyhaul-kms /^rename 3
	TABLE
else
	kills=1
	tap_skip "renew, killed" "strace may not trace here"
	tap_skip "every bundle is whole" "strace may not trace here"
fi
again --clock +140d --fault ImportKeyMaterial:2+=close
tap_exits 6 "renew, with KMS gone on its way" renew --wait-timeout 0
again --clock +140d
tap_exits 0 "run again to its end" renew --json
tap_is "$(printf %s "$tap_out" | jq -r '[.results[].result] | unique | join(" ")')" "$(printf %s "$tap_out" | jq -r '[.results[].result] | unique | map(select(. == "renewed" or . == "not due")) | join(" ")')" \
	"each is renewed, now or before"
tap_is "$(standing)" "$before" "the same materials as before, by their ids, in every Region"
tap_is "$(states)" "3 NON_CURRENT IMPORTED, NON_CURRENT IMPORTED, CURRENT IMPORTED" "and all of them are there"
tap_is "$(find dir -name '*.bundle' -print0 | xargs -0 jq -r '.receipt.valid_to[0:10]' | sort | uniq -c | xargs)" \
	"10 $(date -u -d '+230 days' +%Y-%m-%d)" "for 90 days from now on by the simulator's clock"
tap_is "$(ask ap-south-1 Decrypt "{\"CiphertextBlob\":\"$sealed\"}" | jq -r .Plaintext | base64 -d)" before \
	"what was encrypted before opens in another Region"
echo mine >mine.csv
tap_exits 3 "a file that is no table of ours" renew --csv mine.csv
tap_exits 0 "and once more" renew --jobs 2 --csv renewed.csv
tap_like "$tap_out" '^10 materials: 10 not due$' "there is nothing left to do"
tap_is "$(cut -d, -f2- renewed.csv | sed -E 's/"arn:[^"]*"/ARN/; s/"20[^"]*Z"/TIME/' | tr -d '\r' | sort | uniq -c | xargs)" \
	"10 ARN,not due,TIME,0,, 1 kms_key_arn,result,until,status,code,message" "and as CSV"

# ---- what cannot be renewed, beside what can ------------------------------------------------------
again --clock +210d
"$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/token" keyhaul-rehearsal-2 >/dev/null
cp p.yaml good.yaml
sed 's/object=k2/object=k3/; s/object=mac/object=none/; t; s/object=k3/object=k2/' good.yaml >p.yaml
sum dir >sums
tap_exits 5 "another key than the material's, and one that is not on the token" renew
tap_like "$tap_err" "IncorrectKeyMaterialException" "KMS refuses the one"
tap_like "$tap_err" "^error: dir/mac.us-east-1.bundle: .*no key" "the token has not the other"
tap_like "$tap_out" '^10 materials: 7 failed, 3 renewed$' "and the rest is renewed"
tap_is "$(standing)" "$before" "nothing was taken away"
rm -r dir/*.bundle && find dir -name '*.renewed-*' | sort -t- -k4 -n | while read -r file; do cp "$file" "${file%.renewed-*}"; done
sed 's/token=keyhaul-rehearsal;object=k2/token=keyhaul-rehearsal-2;object=k2/' good.yaml >p.yaml
tap_exits 2 "keys on two tokens, and one PIN" renew
tap_like "$tap_err" "^error: the keys are on several tokens, pkcs11:token=keyhaul-rehearsal and pkcs11:token=keyhaul-rehearsal-2" "says which"
tap_exits 7 "one of them" renew --token pkcs11:token=keyhaul-rehearsal
tap_like "$tap_out" ' 3 failed' "is renewed, and the other left"
tap_exits 2 "no plan" "$KEYHAUL_BUILD/keyhaul" renew
tap_exits 2 "a PIN on the command line" renew --token 'pkcs11:token=keyhaul-rehearsal?pin-value=1234'
haul_stop_sim
[ $whole = yes ] && stops=13 || stops=0
tap_done $((43 + stops + 2 * kills))
