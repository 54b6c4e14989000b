#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: make ceremony
#
# A whole ceremony: three keys (AES, HMAC, EC) of one token go into KMS, approved by 2 of 3 people whose keys are in three
# tokens of their own, on two hosts: `online` has a loopback with keyhaul-sim and nothing else, `gap` has no interface up. What
# goes between them goes once as files and once as pictures of QR codes. At the end stands the record of both, without a
# finding. Each command is shown as it is typed.
. "${KEYHAUL_SRC:?run it by make ceremony}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
tap_need softhsm2-util pkcs11-tool openssl jq unshare nsenter ip convert
keyhaul=$KEYHAUL_BUILD/keyhaul
for program in keyhaul-token keyhaul-kms keyhaul-sim keyhaul-qr; do
	[ -x "$KEYHAUL_BUILD/$program" ] || tap_skip_all "$program is not built"
done
case $(id -u) in
0) alone='unshare --net --uts' enter='nsenter --net --uts' ;;
*) alone='unshare --map-root-user --net --uts' enter='nsenter --user --preserve-credentials --net --uts' ;;
esac
$alone true 2>/dev/null || tap_skip_all "no network namespaces here"

# ---- two hosts -------------------------------------------------------------------------------
host_pid() {
	eval "printf %s \"\$${1}_pid\""
}
# at HOST COMMAND...: in its folder, in its namespaces, in its transcript
at() {
	at_host=$1
	shift
	# shellcheck disable=SC2086 # words
	(cd "$at_host" && KEYHAUL_TRANSCRIPT=$at_host.transcript exec $enter --target "$(host_pid "$at_host")" "$@")
}
step() { # STATUS WHAT HOST VERB...
	step_status=$1 step_what=$2 step_host=$3
	shift 3
	printf '# %s$ keyhaul %s\n' "$step_host" "$*"
	tap_exits "$step_status" "$step_what" at "$step_host" "$keyhaul" "$@"
}
for host in online gap; do
	mkdir "$host"
	# shellcheck disable=SC2086
	tap_start "$host" $alone sh -c 'echo "$1" >/proc/sys/kernel/hostname; [ "$1" = gap ] || ip link set lo up; echo ready; exec sleep 900' \
		sh "$host"
	eval "${host}_pid=$tap_pid"
	tap_poll 10 grep -qs ready "$host.out" || tap_skip_all "a host could not be made: $(cat "$host.err")"
done
tap_is "$(at gap ip -o link show up | wc -l):$(at online ip -o link show up | sed 's/^[0-9]*: \([a-z0-9]*\):.*/\1/')" "0:lo" \
	"no interface is up on one, the loopback alone on the other"

# ---- tokens: the ceremony's, and one of each person ---------------------------------------------
fresh() { # LABEL
	eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/token-$1" "$1")"
}
pkcs11_tool() {
	pkcs11-tool --module "$KEYHAUL_MODULE" --token-label "$label" --login --pin "$(cat "$KEYHAUL_PIN_FILE")" "$@"
}
people_ca ca
for label in Ada Ben Cleo; do
	fresh "$label"
	people_token "$label" EC:prime256v1 --always-auth
	eval "${label}_conf=\$SOFTHSM2_CONF ${label}_pin=\$KEYHAUL_PIN_FILE"
done
label='keyhaul-rehearsal'
fresh "$label"
people_token Room rsa:2048
export KEYHAUL_MODULE SOFTHSM2_CONF
token="pkcs11:token=$label" pin=$KEYHAUL_PIN_FILE room_conf=$SOFTHSM2_CONF

step 0 "a key for AES" gap generate --token "$token" --pin-file "$pin" --label vault --key-spec SYMMETRIC_DEFAULT
step 0 "a key for HMAC" gap generate --token "$token" --pin-file "$pin" --label audit --key-spec HMAC_256
step 0 "a key for signatures" gap generate --token "$token" --pin-file "$pin" --label seal --key-spec ECC_NIST_P256
step 0 "what is on the token" gap keys --token "$token" --pin-file "$pin" --json
printf '%s' "$tap_out" | jq -r '.results[] | .uri' >uris
serial=$(sed -n '1s/.*serial=\([^;]*\).*/\1/p' uris)
id_of() {
	sed -n "s/.*;id=\([^;]*\);object=$1;.*/\1/p; s/.*;object=$1;id=\([^;]*\).*/\1/p" uris | head -n 1
}

# ---- the service, the plan and the policy --------------------------------------------------------
"$KEYHAUL_BUILD/keyhaul-sim" --make-key-pool pool --pool-size 1 || exit 1
# shellcheck disable=SC2086
tap_start sim $enter --target "$online_pid" "$KEYHAUL_BUILD/keyhaul-sim" --region eu-central-1 --key-pool pool
tap_poll 20 grep -qs KEYHAUL_SIM_PID sim.out || tap_diag "$(cat sim.err)"
eval "$(cat sim.out)"
cat >policy.yaml <<END
keyhaul_policy: 1
accounts: ["000000000000"]
regions: [eu-central-1]
endpoints: ["$AWS_ENDPOINT_URL_KMS"]
key_specs: [SYMMETRIC_DEFAULT, HMAC_256, ECC_NIST_P256]
wrapping_algorithms: [RSAES_OAEP_SHA_1, RSA_AES_KEY_WRAP_SHA_1]
longest_request_age: 8h
largest_expiry: 90d
tokens: [{serial: "$serial", label: $label}]
key: {sensitive: true, always_sensitive: true, local: true}
approvals:
  threshold: 2
  approvers:
    - {name: Ada, certificates: [$(people_sha256 Ada)]}
    - {name: Ben, certificates: [$(people_sha256 Ben)]}
    - {name: Cleo, issued_by: [{issuer: $(people_sha256 ca), file: ca.crt, subject: CN=Cleo}]}
material_signers:
  - {name: the room's token, certificates: [$(people_sha256 Room)]}
END
planned() { # NAME SPEC USAGE ALGORITHM
	cat <<END
  - {name: $1, region: eu-central-1, create: {key_spec: $2, key_usage: $3}, wrapping_algorithm: $4, wrapping_key_spec: RSA_2048,
     expires: 90d, materials: [{key_uri: "pkcs11:token=$label;object=$1;id=$(id_of "$1")"}]}
END
}
{
	printf 'keyhaul_plan: 1\nkeys:\n'
	planned vault SYMMETRIC_DEFAULT ENCRYPT_DECRYPT RSAES_OAEP_SHA_1
	planned audit HMAC_256 GENERATE_VERIFY_MAC RSAES_OAEP_SHA_1
	planned seal ECC_NIST_P256 SIGN_VERIFY RSA_AES_KEY_WRAP_SHA_1
} >plan.yaml
cp plan.yaml policy.yaml ca.crt online/ && cp policy.yaml ca.crt Ada.crt Ben.crt Cleo.crt Room.crt gap/

# ---- over the gap ----------------------------------------------------------------------------------
# carry_files FROM TO: folders HOST/DIR, the second one new
carry_files() {
	mkdir "$2" && cp "$1"/*.bundle "$2/"
}
# each frame is photographed: a little turned, out of focus, as JPEG
carry_pictures() {
	from=${1%%/*} to=${2%%/*}
	mkdir "$2"
	for bundle in "$1"/*.bundle; do
		name=$(basename "$bundle" .bundle)
		rm -rf camera "$from/codes" "$to/photos"
		step 0 "$name is shown" "$from" qr --png codes "${1#*/}/$name.bundle"
		mkdir "$to/photos"
		for code in "$from"/codes/*.png; do
			printf '%s -background white -rotate 3 -blur 0x0.8 -quality 75 -write %s +delete ' "$code" "$to/photos/$(basename "$code" .png).jpg"
		done >camera
		# shellcheck disable=SC2046 # words
		convert $(cat camera) xc:white null:
		# shellcheck disable=SC2046
		step 0 "$name is read" "$to" scan --out "${2#*/}/$name.bundle" $(cd "$to" && ls photos/*.jpg)
		cmp -s "$bundle" "$2/$name.bundle"
		tap_ok $? "$name is the same over there"
	done
}
digest() {
	jq -jcS .request "$1" | sha256sum | cut -d' ' -f1
}

# approve PERSON DIR: in a copy of his own
approve() {
	rm -rf "gap/$2-$1"
	cp -r "gap/$2" "gap/$2-$1"
	eval "SOFTHSM2_CONF=\$$1_conf their_pin=\$$1_pin"
	for bundle in "gap/$2-$1"/*.bundle; do
		step 0 "$1 approves $(basename "$bundle")" gap approve --policy policy.yaml --signer "pkcs11:token=$1;object=$1" \
			--cert "$1.crt" --pin-file "$their_pin" --confirm "$(digest "$bundle")" "${bundle#gap/}"
	done
	SOFTHSM2_CONF=$room_conf
}

# one CARRY ROUND: the ceremony, once
one() {
	step 0 "$2: requests for all keys of the plan" online fetch --plan plan.yaml --policy policy.yaml --out "$2"
	for bundle in online/"$2"/*.bundle; do
		step 0 "$2: KMS's own wrapping key" online confirm "${bundle#online/}"
	done
	"$1" "online/$2" "gap/$2"
	wrap="wrap --policy policy.yaml --token $token --pin-file $pin --signer $token;object=Room --cert Room.crt"
	approve Ada "$2"
	# shellcheck disable=SC2046,SC2086 # words
	step 7 "$2: one approval is not enough" gap $wrap $(cd gap && ls "$2-Ada"/*.bundle)
	approve Cleo "$2"
	for bundle in gap/"$2"/*.bundle; do
		name=$(basename "$bundle")
		step 0 "$2: both approvals of $name" gap merge "$2/$name" "$2-Ada/$name" "$2-Cleo/$name"
	done
	# shellcheck disable=SC2046,SC2086
	step 0 "$2: the keys are wrapped" gap $wrap $(cd gap && ls "$2"/*.bundle)
	"$1" "gap/$2" "online/$2-back"
	# shellcheck disable=SC2046
	step 0 "$2: and imported" online import --policy policy.yaml $(cd online && ls "$2-back"/*.bundle)
	# shellcheck disable=SC2046
	step 0 "$2: KMS has them" online status --json $(cd online && ls "$2-back"/*.bundle)
	tap_is "$(printf '%s' "$tap_out" | jq -r '[.results[].key_state] | join(" ")')" "Enabled Enabled Enabled" "$2: all three"
}
one carry_files files
one carry_pictures pictures

# anybody can check who approved, without keyhaul
step 0 "the approvals as files" online export --to checked files-back/vault.eu-central-1.bundle
for n in 1 2; do
	openssl cms -verify -binary -purpose any -CAfile ca.crt -inform DER -in online/checked/approval-$n.p7s \
		-content online/checked/approval-$n.json >/dev/null 2>verify.err
	tap_ok $? "openssl cms -verify takes approval $n" || tap_diag "$(cat verify.err)"
done
jq -r .approver online/checked/approval-1.json online/checked/approval-2.json | sort | tr '\n' ' ' >approvers
tap_is "$(cat approvers)" "Ada Cleo " "Ada's and Cleo's"

for host in online gap; do
	step 0 "$host's transcript is closed" "$host" transcript close --signer "$token;object=Room" --pin-file "$pin" \
		--cert "$TAP_DIR/Room.crt" "$host.transcript"
done
# shellcheck disable=SC2046
tap_run "$keyhaul" record --out record.html --policy policy.yaml --closed-by Room.crt -- online/online.transcript gap/gap.transcript \
	online/*-back/*.bundle
tap_is "$tap_status" 0 "the record has no findings" || tap_diag "$tap_err"
tap_is "$(grep -c '<section class="key">' record.html)" 6 "six hauls are in it"
if [ -n "${KEYHAUL_CEREMONY_OUT:-}" ]; then
	cp -r record.html online gap plan.yaml policy.yaml "$KEYHAUL_CEREMONY_OUT/"
fi
tap_done 67
