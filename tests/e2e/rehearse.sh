#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A day, typed from its sheet with tokens and certificates of its own, and its rehearsal from the same plan and policy: their
# masked transcripts are the same, line by line.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
tap_need softhsm2-util pkcs11-tool openssl jq
keyhaul=$KEYHAUL_BUILD/keyhaul
for program in keyhaul-token keyhaul-kms keyhaul-sim; do
	[ -x "$KEYHAUL_BUILD/$program" ] || tap_skip_all "$program is not built"
done

# ---- the day's tokens and people ------------------------------------------------------------------
KEYHAUL_FRESH_PIN=246810
export KEYHAUL_FRESH_PIN
label='keyhaul-rehearsal-day' # for keyhaul-sim's account
pkcs11_tool() {
	pkcs11-tool --module "$KEYHAUL_MODULE" --token-label "$label" --login --pin "$KEYHAUL_FRESH_PIN" "$@"
}
people_ca ca
for label in Ada Cleo keyhaul-rehearsal-day; do
	eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/token" "$label")"
	[ "$label" = keyhaul-rehearsal-day ] || people_token "$label" EC:prime256v1
done
people_token Room EC:prime256v1
people_file Ben prime256v1
pin=$KEYHAUL_PIN_FILE
for key in vault:SYMMETRIC_DEFAULT seal:ECC_NIST_P256; do
	"$keyhaul" generate --token "$KEYHAUL_TOKEN" --pin-file "$pin" --label "${key%:*}" --key-spec "${key#*:}" --json
done | jq -r '.results[] | .uri' >uris
of() { # ATTRIBUTE LABEL
	grep "object=$2;" uris | tr ';:' '\n\n' | sed -n "s/^$1=//p"
}
"$KEYHAUL_BUILD/keyhaul-sim" --make-key-pool pool --pool-size 1 2>/dev/null
tap_start sim "$KEYHAUL_BUILD/keyhaul-sim" --region eu-central-1 --key-pool pool
tap_poll 20 grep -qs KEYHAUL_SIM_PID sim.out || tap_diag "$(cat sim.err)"
eval "$(cat sim.out)"
cat >policy.yaml <<END
keyhaul_policy: 1
# the day's: keyhaul-sim stands for KMS
accounts: ["000000000000"]
endpoints: ["$AWS_ENDPOINT_URL_KMS"]
tokens: [{serial: "$(of serial vault)"}]
key: {sensitive: true, local: true}
approvals:
  threshold: 2
  approvers:
    - {name: Ada, certificates: [$(people_sha256 Ada)]}
    - {name: Cleo, issued_by: [{issuer: $(people_sha256 ca), file: ca.crt, subject: CN=Cleo}]}
    - {name: Ben, certificates: [$(people_sha256 Ben)]}
material_signers:
  - {name: Room, certificates: [$(people_sha256 Room)]}
END
cat >plan.yaml <<END
keyhaul_plan: 1
keys:
  - {name: vault, region: eu-central-1, create: {key_spec: SYMMETRIC_DEFAULT, key_usage: ENCRYPT_DECRYPT}, expires: 90d,
     wrapping_algorithm: RSAES_OAEP_SHA_1, wrapping_key_spec: RSA_2048, materials: [{key_uri: "pkcs11:object=vault;id=$(of id vault)"}]}
  - {name: seal, region: eu-central-1, create: {key_spec: ECC_NIST_P256, key_usage: SIGN_VERIFY}, expires: 90d,
     wrapping_algorithm: RSA_AES_KEY_WRAP_SHA_1, wrapping_key_spec: RSA_2048, materials: [{key_uri: "pkcs11:object=seal;id=$(of id seal)"}]}
END

# ---- the day, from its sheet ----------------------------------------------------------------------
tap_exits 0 "the sheet" "$keyhaul" sheet --plan plan.yaml --policy policy.yaml --json
printf '%s' "$tap_out" | jq -r '.results[] | if .from then "carry day/\(.from) day/\(.to)" else "\(.host) \(.command)" end' >steps
for host in online witness gap desk; do
	mkdir -p "day/$host"
	cp plan.yaml policy.yaml ca.crt Ada.crt Cleo.crt Room.crt "day/$host/"
done
typed() { # HOST keyhaul WORD...
	typed_host=$1
	shift 2
	case " $* " in *" --token "* | *" --signer "*) set -- "$@" --pin-file "$pin" ;; esac # asked for on the day
	[ "$1" != approve ] || set -- "$@" --confirm "$(jq -jcS .request "$typed_host/$typed_bundle" | sha256sum | cut -d' ' -f1)"
	cd "$typed_host" && {
		[ "$typed_host" = desk ] || export KEYHAUL_TRANSCRIPT="$typed_host.transcript"
		exec "$keyhaul" "$@"
	}
}
failed=
while read -r host rest; do
	typed_bundle=${rest##* }
	case $host in
	carry) # shellcheck disable=SC2086 # from and to
		cp -r $rest || failed="$failed$rest
" ;;
	*) (cd day && eval "typed $host $rest") </dev/null >out 2>err || failed="$failed$rest: $(cat err)
" ;;
	esac
done <steps
tap_is "$failed" "" "each step of the sheet works as it is typed"
tap_ok "$([ -s day/desk/record.html ] && echo 0 || echo 1)" "up to the record"

# ---- its rehearsal ----------------------------------------------------------------------------------
tap_exits 0 "the rehearsal, from the same files" "$keyhaul" rehearse --plan plan.yaml --policy policy.yaml --out rehearsal --key-pool pool
for host in online witness gap; do
	for run in day rehearsal; do
		"$keyhaul" transcript mask "$run/$host/$host.transcript" >"$run.$host"
	done
	diff day.$host rehearsal.$host >differ
	tap_ok $? "$host: the masked transcripts are the same" || tap_diag "$(cut -c1-600 differ)"
done
tap_is "$(cat day.online day.witness day.gap | wc -l)" "$(($(grep -vc '^carry\|^desk' steps)))" "a line for each command"
tap_is "$(ls rehearsal/desk/wrapped)" "$(ls day/desk/wrapped)" "the same bundles are left"
tap_is "$(diff policy.yaml rehearsal/gap/policy.yaml | grep '^>' | sed 's/^> *\(- {name: \)\{0,1\}\([A-Za-z]*\).*/\2/' | xargs)" \
	"endpoints tokens Ada Cleo Room" "of the policy nothing else differs"
tap_is "$(diff plan.yaml rehearsal/online/plan.yaml | grep '^>' | sed 's/id=[^"]*//; s/.*key_uri: //' | xargs)" \
	"pkcs11:object=vault;}]} pkcs11:object=seal;}]}" "of the plan the ids"
# a day that went otherwise is seen
sed 2d day.gap | diff - rehearsal.gap >differ
tap_is $? 1 "a command that was left out is seen"

tap_exits 3 "a folder that is there" "$keyhaul" rehearse --plan plan.yaml --policy policy.yaml --out rehearsal
tap_exits 2 "no softhsm2-util" env PATH=/nowhere "$keyhaul" rehearse --plan plan.yaml --policy policy.yaml --out other
tap_like "$tap_err" "install softhsm2" "is said"
tap_done 15
