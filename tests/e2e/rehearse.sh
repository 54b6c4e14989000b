#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A day, typed from its sheet with tokens and certificates of its own, and its rehearsal from the same plan and policy: their
# masked transcripts are the same, line by line. The plan has two tokens, a key that is there with a material of before and a
# new one that is rotated to, a key that is made with a replica and a key policy, and one for signatures. Then a plan that
# SoftHSM could not do on the day, and rehearsals that are ended in their midst.
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
for label in Ada Cleo keyhaul-rehearsal-two keyhaul-rehearsal-day; do
	eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/token" "$label")"
	case $label in keyhaul-*) ;; *) people_token "$label" EC:prime256v1 ;; esac
done
people_token Room EC:prime256v1
people_file Ben prime256v1
pin=$KEYHAUL_PIN_FILE
while read -r label spec; do
	case $label in next) token='keyhaul-rehearsal-two' ;; *) token='keyhaul-rehearsal-day' ;; esac
	"$keyhaul" generate --token "pkcs11:token=$token" --pin-file "$pin" --label "$label" --key-spec "$spec" --json
done <<END | jq -r '.results[] | .uri' >uris
next SYMMETRIC_DEFAULT
vault SYMMETRIC_DEFAULT
archive SYMMETRIC_DEFAULT
seal ECC_NIST_P256
END
of() { # ATTRIBUTE LABEL
	grep "object=$2;" uris | tr ';:' '\n\n' | sed -n "s/^$1=//p"
}
next=$(of serial next)
known=$(printf 'a material of before' | sha256sum | cut -d' ' -f1)
cat >plan.yaml <<END
keyhaul_plan: 1
keys:
  - {name: vault, key_id: arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, expires: 90d,
     wrapping_algorithm: RSAES_OAEP_SHA_1, wrapping_key_spec: RSA_2048, materials: [
       {key_uri: "pkcs11:token=keyhaul-rehearsal-day;id=$(of id vault);type=secret-key", key_material_id: $known},
       {key_uri: "pkcs11:token=keyhaul-rehearsal-two;object=next;id=$(of id next)", description: the next}]}
  - name: archive
    region: eu-central-1
    create: {key_spec: SYMMETRIC_DEFAULT, multi_region: true, description: für alle, policy: p/key.json,
             replicas: [{region: eu-west-1, policy: p/key.json}]}
    expires: 90d
    wrapping_algorithm: RSAES_OAEP_SHA_1
    wrapping_key_spec: RSA_2048
    materials: [{key_uri: "pkcs11:token=keyhaul-rehearsal-day;object=archive;id=$(of id archive)"}]
  - {name: seal, region: eu-central-1, create: {key_spec: ECC_NIST_P256, key_usage: SIGN_VERIFY}, expires: 90d,
     wrapping_algorithm: RSA_AES_KEY_WRAP_SHA_1, wrapping_key_spec: RSA_2048,
     materials: [{key_uri: "pkcs11:token=keyhaul-rehearsal-day;object=seal;id=$(of id seal)"}]}
END
mkdir p && echo '{"Version":"2012-10-17","Statement":[]}' >p/key.json
"$KEYHAUL_BUILD/keyhaul-sim" --make-key-pool pool --pool-size 1 2>/dev/null
tap_start sim "$KEYHAUL_BUILD/keyhaul-sim" --region eu-central-1 --key-pool pool --seed-plan plan.yaml
tap_poll 20 grep -qs KEYHAUL_SIM_PID sim.out || tap_diag "$(cat sim.err)"
eval "$(cat sim.out)"
cat >policy.yaml <<END
keyhaul_policy: 1
# the day's: keyhaul-sim stands for KMS
accounts: ["111122223333", "000000000000"]
endpoints: ["$AWS_ENDPOINT_URL_KMS"]
tokens: [{serial: "$(of serial vault)", label: keyhaul-rehearsal-day}, {serial: "$(of serial next)", label: keyhaul-rehearsal-two}]
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

# ---- the day, from its sheet ----------------------------------------------------------------------
tap_exits 0 "the sheet" "$keyhaul" sheet --plan plan.yaml --policy policy.yaml --rotate --json
printf '%s' "$tap_out" | jq -r '.results[] | if .from then "carry day/\(.from) day/\(.to)" else "\(.host) \(.command)" end' >steps
for host in online witness gap desk; do
	mkdir -p "day/$host"
	cp -r plan.yaml policy.yaml p ca.crt Ada.crt Cleo.crt Room.crt "day/$host/"
done
typed() { # HOST keyhaul WORD...
	typed_host=$1
	shift 2
	case " $* " in *" --token "* | *" --signer "*) set -- "$@" --pin-file "$pin" ;; esac # asked for on the day
	case " $* " in *" --token pkcs11:serial=$next --signer "*) set -- "$@" --signer-pin-file "$pin" ;; esac # the signer is on the other
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
tap_exits 0 "the rehearsal, from the same files" "$keyhaul" rehearse --plan plan.yaml --policy policy.yaml --rotate --out rehearsal --key-pool pool
for host in online witness gap; do
	for run in day rehearsal; do
		"$keyhaul" transcript mask "$run/desk/$host.transcript" >"$run.$host"
	done
	diff day.$host rehearsal.$host >differ
	tap_ok $? "$host: the masked transcripts are the same" || tap_diag "$(cut -c1-4000 differ)"
done
tap_is "$(cat day.online day.witness day.gap | wc -l)" "$(($(grep -vc '^carry\|^desk' steps)))" "a line for each command"
tap_is "$(jq -s '[.[].tokens | length] | max' day/desk/gap.transcript)" 2 "two tokens where a command used two"
tap_is "$(ls rehearsal/desk/wrapped)" "$(ls day/desk/wrapped)" "the same bundles are left"
tap_is "$(diff policy.yaml rehearsal/gap/policy.yaml | grep '^>' | sed 's/^> *\(- {name: \)\{0,1\}\([A-Za-z]*\).*/\2/' | xargs)" \
	"endpoints tokens Ada Cleo Room" "of the policy nothing else differs"
masked_plan() {
	sed 's/id=[^";]*//g; s/kms:eu-central-1:[0-9]*:/kms:eu-central-1:ACCOUNT:/; s/keyhaul-rehearsal[-a-z0-9]*/LABEL/g' "$1"
}
masked_plan plan.yaml >plan.day && masked_plan rehearsal/online/plan.yaml | diff plan.day - >differ
tap_ok $? "of the plan the ids and the account" || tap_diag "$(cat differ)"
tap_is "$(jq -r '.request.kms_key_arn' rehearsal/online/wrapped/vault.eu-central-1.bundle):$(jq -r '.receipt.key_material_id' \
	rehearsal/online/wrapped/vault.eu-central-1.bundle)" "arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab:$known" \
	"the key that was there has its material of before"
# a day that went otherwise is seen
sed 2d day.gap | diff - rehearsal.gap >differ
tap_is $? 1 "a command that was left out is seen"
tap_is "$(ls rehearsal | paste -sd' ')" "desk gap online witness" "no throwaway token is left"

tap_exits 3 "a folder that is there" "$keyhaul" rehearse --plan plan.yaml --policy policy.yaml --out rehearsal
tap_exits 2 "no softhsm2-util" env PATH=/nowhere "$keyhaul" rehearse --plan plan.yaml --policy policy.yaml --out other
tap_like "$tap_err" "install softhsm2" "is said"

# ---- what SoftHSM could not do on the day -----------------------------------------------------------
mkdir -p hsm/ca && cp ca.crt hsm/ca/
cat >hsm/policy.yaml <<END
keyhaul_policy: 1
accounts: ["111122223333"]
wrapping_algorithms: [RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_256]
tokens: [{serial: "5b1f", label: HSM}]
hardware: true
approvals:
  threshold: 1
  approvers:
    - {name: Cleo, issued_by: [{issuer: $(people_sha256 ca), file: ca/ca.crt, subject: "CN=Cleo,O=X"}]}
    - {name: Dora, issued_by: [{issuer: $(people_sha256 ca), file: ca/ca.crt, subject: CN=Cleo}]}
material_signers: none
END
cat >hsm/plan.yaml <<END
keyhaul_plan: 1
keys:
  - name: mac
    key_id: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    wrapping_key_spec: RSA_2048
    expires: never
    materials:
      - key_uri: pkcs11:token=HSM;object=mac;id=%01
END
# nor is anything asked but keyhaul-sim, whatever the host's settings say; no proxy is on that port
mkdir home && printf '[default]\nignore_configured_endpoint_urls = true\nrole_arn = arn:aws:iam::111122223333:role/x\n' >home/config
tap_exits 0 "a plan for an HSM, with its best algorithm" env AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true AWS_CONFIG_FILE="$TAP_DIR/home/config" \
	AWS_PROFILE=day AWS_SESSION_TOKEN=day AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_USE_FIPS_ENDPOINT=true http_proxy=http://127.0.0.1:1 \
	HTTPS_PROXY=http://127.0.0.1:1 "$keyhaul" rehearse --plan hsm/plan.yaml --policy hsm/policy.yaml --out hsm/out --key-pool pool
tap_like "$tap_out" "SoftHSM has no OAEP but with SHA-1" "SoftHSM's is taken, and said"
tap_like "$tap_err" "does not say the key_spec of 'mac'" "and the key spec that was taken"
tap_is "$(diff hsm/plan.yaml hsm/out/online/plan.yaml | grep '^>' | sed 's/id=%.*/id=/' | xargs)" \
	"> - wrapping_algorithm: RSAES_OAEP_SHA_1 > name: mac > key_id: arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab > - key_uri: pkcs11:token=keyhaul-rehearsal;object=mac;id=" \
	"in the plan of the rehearsal"

tap_exits 7 "in a rehearsal no other host is asked" env KEYHAUL_REHEARSAL=yes HTTPS_PROXY=http://127.0.0.1:1 "$keyhaul" fetch --out no.bundle \
	--endpoint-url https://kms.eu-west-1.amazonaws.com --key-id 1234abcd-12ab-34cd-56ef-1234567890ab --valid-to 90d
tap_like "$tap_err" "is not this machine, and this is a rehearsal" "and that is said"
sed 's/never/1h/' hsm/plan.yaml >hsm/short.yaml
tap_exits 7 "a step that fails" "$keyhaul" rehearse --plan hsm/short.yaml --policy hsm/policy.yaml --out hsm/short --key-pool pool
tap_like "$tap_err" "it said: .*NOT WELL" "shows what it said"

# ---- ended in its midst -----------------------------------------------------------------------------
begin() { # WHAT: from here on $run is the process
	rm -rf mid
	tap_start mid "$keyhaul" rehearse --plan hsm/plan.yaml --policy hsm/policy.yaml --out mid --key-pool pool
	run=$tap_pid
	tap_poll 30 "$1" || tap_diag "$1 was not reached: $(cat mid.err)"
}
simulator() { # that ends with $run: one of its words is that number
	for process in $(grep -lzsx -e "$run" /proc/[0-9]*/cmdline | cut -d/ -f3); do
		[ "$(cat "/proc/$process/comm" 2>/dev/null)" = keyhaul-sim ] && echo "$process"
	done
}
child() { # of $run, by the name of its program
	for process in $(cat "/proc/$run/task/$run/children" 2>/dev/null); do
		[ "$(cat "/proc/$process/comm" 2>/dev/null)" = "$1" ] && echo "$process"
	done
}
at_tokens() { [ -d mid/throwaway/tokens ]; }
at_generate() { [ "$(child keyhaul-token)" ]; }
at_witness() { [ -d mid/witness/requests ]; }
at_gap() { [ -d mid/gap/requests ]; }
kills_token() { # one that is alive: it has stopped first
	victim=$(child keyhaul-token)
	[ "$victim" ] && kill -STOP "$victim" 2>/dev/null && [ "$(cut -d' ' -f3 "/proc/$victim/stat" 2>/dev/null)" = T ] && kill -9 "$victim"
}
is_clean() { [ "$(simulator)" = "" ]; }
ended() { # STATUS WHAT
	wait "$run"
	tap_is "$?:$(ls mid | paste -sd' ')" "$1:INCOMPLETE desk gap online witness" "$2: it ends, and without tokens" || tap_diag "$(cat mid.err)"
	tap_poll 20 is_clean
	tap_ok $? "$2: no keyhaul-sim is left"
}
# under sanitizers one is stopped: the others are the same code
moments='TERM:at_gap INT:at_tokens TERM:at_generate'
[ "${KEYHAUL_SANITIZERS:-no}" = no ] || moments=TERM:at_gap
for moment in $moments; do
	begin "${moment#*:}"
	kill -"${moment%:*}" "$run"
	ended 130 "$moment"
	tap_like "$(tr '\n' ' ' <mid.err)" "mid is incomplete.*error: .*hint: remove the folder and rehearse again" "$moment: and is said"
done
tests=29
if [ "$moments" != TERM:at_gap ]; then
	tests=41
	begin at_gap
	tap_poll 30 kills_token
	ended 1 "keyhaul-token killed"
	tap_like "$(cat mid.err)" "step [0-9]* of [0-9]*, gap, .*keyhaul-token [a-z]* was ended by signal 9" "it is named"
	begin at_witness
	kill -9 "$(simulator)"
	ended 6 "keyhaul-sim killed"
	tap_like "$(cat mid.err)" "step [0-9]* of [0-9]*, (online|witness), .*keyhaul-sim .process [0-9]*. has ended" "it is named"
fi
tap_done "$tests"
