#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms's verbs of the AWS CLI's names beside the AWS CLI itself, which AWS's model has been taught, on the same
# keyhaul-sim: the same output, the same status, the same words for an exception of KMS. Each has keys of its own in the same
# state, and does the rows in the same order.
#
# A row: the AWS CLI's status, ours, and the arguments, before them NAME=VALUE for the environment. Statuses that differ are
# what is meant to: the model is checked before the call, and a 200 that cannot be read is no success. @WORD@ is a file or
# key of the caller's own.
# Under sanitizers the AWS CLI is left out, for what it says is the same in every build: the statuses and the reports count.
# shellcheck disable=SC2154 # variables of sim_lib.sh
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need jq openssl python3
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
sim_need_aws
case ${KEYHAUL_SANITIZERS:-no} in
no | '') both=yes ;;
*) both=no ;;
esac
model=$KEYHAUL_SRC/../shared/data/kms-service-2.json
[ -r "$model" ] || tap_skip_all "AWS's API model is not there: ../shared/data/kms-service-2.json"
mkdir -p models/kms/2014-11-01 "$HOME/.aws"
cp "$model" models/kms/2014-11-01/service-2.json
cp "${model%service-2.json}paginators-1.json" models/kms/2014-11-01/paginators-1.json
AWS_DATA_PATH=$PWD/models
TZ=Asia/Kolkata
AWS_MAX_ATTEMPTS=2
export AWS_DATA_PATH TZ AWS_MAX_ATTEMPTS
kms() {
	tap_wrapped "$KEYHAUL_BUILD/keyhaul-kms" "$@"
}

# The one size of wrapping keys that is asked for, and the secret of both simulators.
mkdir pool
openssl genrsa -out pool/rsa-2048-01.pem 2048 2>/dev/null
openssl rand -hex 20 >secret
# A simulator in which every operation goes wrong in a way of its own (the fourth RotateKeyOnDemand is one too many: the AWS
# CLI sends it twice, and we once), and one that does what it is asked.
sim_start --key-pool pool --secret-key-file secret --fault GetKeyRotationStatus:1+=throttle --fault GetPublicKey:1+=KMSInternalException --fault DescribeKey:1+=html \
	--fault 'ListKeyRotations:1+=http 200 {"Rotations": [' --fault CreateKey:50%=throttle --fault RotateKeyOnDemand:1=close --fault RotateKeyOnDemand:2=close \
	--fault RotateKeyOnDemand:3=close --fault RotateKeyOnDemand:4+=LimitExceededException \
	--fault 'ReplicateKey:1+=http 400 {"__type":"com.amazonaws.kms#TagException","Message":"a \"tag\""}' \
	--fault 'ImportKeyMaterial:1+=http 400 {"__type":"InvalidCiphertextException"}' --fault 'GetParametersForImport:1+=http 200 {"KeyId":"x"}' \
	--fault 'DeleteImportedKeyMaterial:1+=http 503 {"message":"busy"}' || exit 1
faults=$AWS_ENDPOINT_URL_KMS faults_pid=$sim_pid
sim_start --key-pool pool --secret-key-file secret --rotation-delay 0 || exit 1
printf '[profile bare]\nregion = us-east-1\n[profile wire]\ncli_timestamp_format = wire\n[profile role]\nregion = us-east-1\nsource_profile = wire\nrole_arn = arn:aws:iam::111122223333:role/none\n' >"$HOME/.aws/config"
printf '[wire]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" \
	>"$HOME/.aws/credentials"

key() {
	kms create-key --origin EXTERNAL --query KeyMetadata.KeyId --output text "$@"
}
# $1 key, $2 plain text, $3 where to: a token and what is wrapped for it
wrap() {
	kms get-parameters-for-import --key-id "$1" --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_2048 \
		--query '[PublicKey,ImportToken]' --output text >both
	cut -f1 both | base64 -d >public.der
	cut -f2 both | base64 -d >"$3.token"
	openssl pkeyutl -encrypt -in "$2" -pubin -keyform DER -inkey public.der -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -out "$3.blob"
}

openssl rand -out one.raw 32
openssl rand -out two.raw 32
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out ec.pem
openssl pkcs8 -topk8 -nocrypt -inform DER -in ec.pem -outform DER -out ec.raw
elliptic=$(key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY)
wrap "$elliptic" ec.raw ec
tap_exits 0 "an EC key is there to be looked at" kms import-key-material --key-id "$elliptic" --import-token fileb://ec.token \
	--encrypted-key-material fileb://ec.blob --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
for who in aws ours; do
	mkdir $who
	key >$who/key
	key --multi-region >$who/multi
	for n in one two; do
		wrap "$(cat $who/key)" $n.raw $who/$n
	done
	wrap "$(cat $who/multi)" one.raw $who/multi
	base64 -w 20 $who/one.token >$who/one.b64
	printf '{"KeyId": "%s", "Nosuch": 1, "GrantTokens": ["a", ""]}' "$(cat $who/key)" >$who/odd.json
	printf '{"KeyId": "none", "KeyMaterialDescription": "from JSON", "ImportType": "NEW_KEY_MATERIAL", "ImportToken": "%s",
		"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}' "$(base64 -w 0 $who/two.token)" >$who/new.json
done

cat >rows <<'ROWS'
252 252 describe-key
252 252 describe-key --key-id
252 252 describe-key --key-id x --nosuch
252 252 describe-key --key-id x extra
252 252 describe-key --key-id x --output xml
252 252 describe-key --key-id x --query KeyMetadata.[
0 252 describe-key --key-id @KEY@ --query 'keys(KeyMetadata)'
252 252 describe-key --key-id ''
252 252 describe-key --cli-input-json file://@DIR@/odd.json
252 252 describe-key --cli-input-json '{'
252 252 describe-key --key-id x --endpoint-url localhost
255 255 describe-key --key-id x --endpoint-url http://127.0.0.1:1
255 255 describe-key --key-id x --profile nosuch
253 253 describe-key --key-id x --profile bare
253 253 AWS_REGION= AWS_DEFAULT_REGION= describe-key --key-id x
254 254 describe-key --key-id x --no-sign-request
254 254 describe-key --key-id x --output text
254 254 describe-key --key-id arn:aws:kms:eu-west-1:000000000000:key/@KEY@
254 254 get-public-key --key-id @KEY@
254 254 rotate-key-on-demand --key-id @KEY@
254 254 get-parameters-for-import --key-id alias/x --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048
0 0 get-parameters-for-import --key-id @KEY@ --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048
254 252 get-parameters-for-import --key-id @KEY@ --wrapping-algorithm RSAES_OAEP --wrapping-key-spec RSA_2048
254 252 delete-imported-key-material --key-id @KEY@ --key-material-id nononononononononononononononononononononononononononononononono
254 252 create-key --tags '[{"TagKey":"a","TagValue":"b"}]' --origin NOSUCH
252 252 create-key --tags TagKey=a
252 252 import-key-material --key-id @KEY@ --import-token fileb://@DIR@/nosuch --encrypted-key-material aaaa
255 255 import-key-material --key-id @KEY@ --import-token a --encrypted-key-material aaaa
252 252 import-key-material --key-id @KEY@ --import-token aaaa --encrypted-key-material aaaa --valid-to soon
254 254 import-key-material --key-id @KEY@ --import-token fileb://@DIR@/one.token --encrypted-key-material fileb://@DIR@/one.blob
254 254 import-key-material --key-id @KEY@ --import-token abcd --encrypted-key-material a --cli-binary-format raw-in-base64-out --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
0 0 import-key-material --key-id @KEY@ --import-token file://@DIR@/one.b64 --encrypted-key-material fileb://@DIR@/one.blob --valid-to 2027-02-03T04:05:06+01:00
0 0 describe-key --key-id @KEY@ --output text
0 0 import-key-material --key-id @KEY@ --cli-input-json file://@DIR@/new.json --encrypted-key-material fileb://@DIR@/two.blob
0 0 list-key-rotations --key-id @KEY@ --include-key-material ALL_KEY_MATERIAL
0 0 list-key-rotations --key-id @KEY@ --include-key-material ALL_KEY_MATERIAL --output text
0 0 list-key-rotations --key-id @KEY@ --include-key-material ALL_KEY_MATERIAL --output text --no-paginate --query '[Truncated,Rotations[0].[KeyMaterialState,ValidTo]]'
0 0 list-key-rotations --key-id @KEY@ --include-key-material ALL_KEY_MATERIAL --page-size 1 --output text --query 'Rotations[*].[KeyMaterialState,ImportState]'
0 0 list-key-rotations --key-id @KEY@ --include-key-material ALL_KEY_MATERIAL --max-items 1 --query '[NextToken,Rotations[-1].KeyMaterialState]'
0 0 list-key-rotations --key-id @KEY@ --include-key-material ALL_KEY_MATERIAL --starting-token eyJNYXJrZXIiOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ== --output table --query 'Rotations[*].[KeyMaterialState,ImportState,Nosuch]'
252 252 list-key-rotations --key-id @KEY@ --limit 0
0 0 rotate-key-on-demand --key-id @KEY@ --output table
0 0 get-key-rotation-status --key-id @KEY@ --output yaml
0 0 delete-imported-key-material --key-id @KEY@ --query '[KeyId]' --output text
0 0 import-key-material --key-id @MULTI@ --import-token fileb://@DIR@/multi.token --encrypted-key-material fileb://@DIR@/multi.blob --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
0 0 replicate-key --key-id @MULTI@ --replica-region eu-west-1 --tags TagKey=a,TagValue="'b,c'" --description '- "ü"'
254 254 replicate-key --key-id @MULTI@ --replica-region eu-west-1
0 0 describe-key --key-id @EC@
0 0 describe-key --key-id @EC@ --output yaml --profile wire
0 0 get-public-key --key-i @EC@
0 0 --output text get-public-key --key-id @EC@
0 0 create-key --generate-cli-skeleton
252 252 describe-key --key-id x --generate-cli-skeleton output
0 0 rotate-key-on-demand --key-id x --generate-cli-skeleton output --output text
254 254 get-key-rotation-status --key-id x --endpoint-url @FAULTS@
254 254 get-public-key --key-id x --endpoint-url @FAULTS@
0 255 describe-key --key-id x --endpoint-url @FAULTS@
0 255 get-parameters-for-import --key-id x --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 --endpoint-url @FAULTS@
0 255 list-key-rotations --key-id x --endpoint-url @FAULTS@
255 255 rotate-key-on-demand --key-id x --endpoint-url @FAULTS@
0 0 create-key --origin EXTERNAL --endpoint-url @FAULTS@ --output table
254 254 replicate-key --key-id x --replica-region eu-west-1 --endpoint-url @FAULTS@
254 254 import-key-material --key-id x --import-token aaaa --encrypted-key-material aaaa --endpoint-url @FAULTS@
254 254 delete-imported-key-material --key-id x --endpoint-url @FAULTS@
ROWS

# the arguments alone, with $1's own things
rows_of() {
	sed -e 's/^[0-9]* [0-9]* //' -e "s|@KEY@|$(cat "$1/key")|g; s|@MULTI@|$(cat "$1/multi")|g; s|@DIR@|$PWD/$1|g" \
		-e "s|@EC@|$elliptic|g; s|@FAULTS@|$faults|g" rows
}
# the AWS CLI of Debian has no AWS_ENDPOINT_URL: --endpoint-url, where the row has none
rows_of aws | sed -E "/--endpoint-url/!s|\$| --endpoint-url $AWS_ENDPOINT_URL_KMS|; s/^(([A-Z_]+=[^ ]* )*)/\1kms /" >aws.rows
if [ $both = yes ]; then
	/usr/bin/python3 "$KEYHAUL_SRC/tests/kms/awscli_rows.py" aws <aws.rows >python.out 2>&1 || tap_diag "$(cat python.out)"
fi
rows_of ours | sed -E 's/^(([A-Z_]+=[^ ]* )*)/\1kms /; s/(^| )([A-Z_]+)= /\1unset \2; /g' >ours.rows
n=0
while IFS= read -r row; do
	n=$((n + 1))
	(eval "$row") >ours/$n.out 2>ours/$n.err </dev/null
	echo $? >ours/$n.status
	tap_undefined ours/$n.err
	[ $both = yes ] || sed -n "${n}s/ .*//p" rows >aws/$n.status
	[ $both = yes ] || cp ours/$n.out ours/$n.err aws/
done <ours.rows

# ids, times and wrapping keys are each one's own
sed -E -i 's/(mrk-)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/ID/g; s/\b[0-9a-f]{64}\b/MATERIAL/g
	s/"[A-Za-z0-9+\/]{200,}=*"/BLOB/; s/("CreationDate": |"RotationDate": |"ParametersValidTo": |CreationDate +\|  )[^ ,]*/\1T/; /^(KEYMETADATA|REPLICA)/s/202[0-9]-[^	]*/T/' \
	aws/*.out ours/*.out aws/*.err ours/*.err
n=0
while read -r theirs mine row; do
	n=$((n + 1))
	why=
	[ "$(cat aws/$n.status)" = "$theirs" ] || why="the AWS CLI gave $(cat aws/$n.status): $(cat aws/$n.err) "
	[ "$(cat ours/$n.status)" = "$mine" ] || why="${why}it gave $(cat ours/$n.status): $(cat ours/$n.err) "
	[ "$theirs" != "$mine" ] || cmp -s aws/$n.out ours/$n.out || why="$why$(diff aws/$n.out ours/$n.out) "
	[ "$mine" = 0 ] || [ ! -s ours/$n.out ] || why="${why}stdout is not empty "
	[ "$theirs $mine" != "254 254" ] || cmp -s aws/$n.err ours/$n.err || why="$why$(diff aws/$n.err ours/$n.err)"
	[ -z "$why" ]
	tap_ok $? "$mine: $row" || tap_diag "$why"
done <rows
tap_is "$n" "$(wc -l <rows)" "every row was run"
kill "$faults_pid"

# what the AWS CLI would do: ask another machine over plain http
tap_exits 255 "no other machine is asked without TLS" kms describe-key --key-id x --endpoint-url http://192.0.2.1:9
tap_like "$tap_err" "192.0.2.1:9 is not this machine, and nothing proves who answers there" "and that is said"
# Debian's would ask AWS's own STS; the simulator's has no AssumeRole
tap_exits 254 "a role that STS refuses is an exception too" kms describe-key --key-id x --profile role
export KEYHAUL_TRANSCRIPT=transcript
kms describe-key --key-id "$elliptic" >/dev/null
kms describe-key --key-id nosuch 2>/dev/null
kms describe-key --no-such-word secret 2>/dev/null
tap_is "$(jq -r '"\(.typed[2:] | join(" ")) \(.status)"' transcript)" "--key-id $elliptic 0
--key-id nosuch 254
--no-such-word *** 252" "a transcript has them, with the AWS CLI's statuses"
tap_done $((n + 6))
