#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A host without a clock: --now tells the time there and nowhere else, within the bundle's own times, and what was done by it
# says so in the bundle, the transcript, inspect, the import and the record. The host's clock is odd_host.so's.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
tap_need jq openssl softhsm2-util
keyhaul=$KEYHAUL_BUILD/keyhaul
odd=$KEYHAUL_BUILD/tests/hosts/odd_host.so

people_ca ca
for name in Ada Hsm; do
	people_file "$name" prime256v1
done
token_softhsm
token_run generate --json --label order --key-spec SYMMETRIC_DEFAULT
uri=$(printf '%s' "$tap_out" | jq -r '.results[0].uri' | sed 's/[?].*//')
sim_start --region eu-central-1 || exit 1
people_policy "$AWS_ENDPOINT_URL_KMS" >policy.yaml
echo "longest_request_age: 2h" >>policy.yaml
mkdir online gap
KEYHAUL_TRANSCRIPT=$TAP_DIR/online/online.transcript
export KEYHAUL_TRANSCRIPT
tap_run "$keyhaul" create --key-spec SYMMETRIC_DEFAULT
tap_exits 0 "a request is fetched" "$keyhaul" fetch --key-id "$tap_out" --wrapping-algorithm RSAES_OAEP_SHA_1 \
	--wrapping-key-spec RSA_2048 --valid-to 90d --policy policy.yaml --key-uri "$uri" --out online/order.bundle
cp online/order.bundle gap/
fetched=$(jq -r .request.fetched_at gap/order.bundle)
fetched_s=$(date -u -d "$fetched" +%s)
good_to=$(jq -r .request.parameters_valid_to gap/order.bundle)
later() { # SECONDS after the fetch
	date -u -d "@$((fetched_s + $1))" +%Y-%m-%dT%H:%M:%SZ
}
# without a clock: 1970, two minutes after power on
transcript=
on_gap() { # COMMAND...
	(cd gap && KEYHAUL_TRANSCRIPT=$transcript LD_PRELOAD=$odd ODD_CLOCK=${clock:-120} "$@")
}
approve() { # OPTION...
	tap_run on_gap "$keyhaul" approve --signer ../Ada.key --cert ../Ada.crt --policy ../policy.yaml \
		--confirm "$(jq -jcS .request gap/order.bundle | sha256sum | cut -d' ' -f1)" "$@" order.bundle
}
wrap() { # OPTION...
	tap_run on_gap "$keyhaul" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy ../policy.yaml \
		--signer ../Hsm.key --cert ../Hsm.crt "$@"
}
told='{"host_clock":"1970-01-01T00:02:00Z","said":"'$(later 60)'"}'

approve
tap_is "$tap_status" 7 "nothing is approved by a clock of 1970"
tap_like "$tap_err" "^hint: .*--now tells the time" "and what is to be done is said"
transcript=$TAP_DIR/gap/gap.transcript
approve --now "$(later 60)"
tap_is "$tap_status" 0 "by a time that is told it is" || tap_diag "$tap_err"
tap_like "$tap_err" "warning: the time was told, $(later 60) \\(--now\\), and this host's clock says 1970-01-01T00:02:00Z: certificates" \
	"and what it is judged and dated by is said"
tap_is "$(jq -cS '.approvals[0].approval.told_now' gap/order.bundle)" "$told" "the approval says what was told, and what the clock said"
cp gap/order.bundle approved.bundle

transcript=
tap_run on_gap "$keyhaul" inspect order.bundle
tap_like "$tap_err" "^warning: this host's clock says 1970-01-01T00:02:00Z, before the bundle was fetched \\($fetched\\).*--now tells" \
	"a clock that is wrong is told to be"

# what is refused, with the bundle as it was: each host's clock, what is told, the status and the reason
date=$(sed -n 's/^#define KEYHAUL_SOURCE_DATE "\(.*\)"$/\1/p' "$KEYHAUL_BUILD/config.h")
while IFS='|' read -r clock said status why; do
	tap_run on_gap "$keyhaul" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy ../policy.yaml \
		--signer ../Hsm.key --cert ../Hsm.crt --now "$said" order.bundle
	[ "$tap_status" -eq "$status" ] && printf '%s' "$tap_err" | grep -Eq -e "^error: .*$why" && cmp -s gap/order.bundle approved.bundle
	tap_ok $? "wrap by a clock of $clock --now $said: $status" || tap_diag "status $tap_status: $tap_err"
done <<-END
	$fetched_s|$(later 60)|7|$(later 60) is refused: this host has a clock. It says $fetched, .*date \\(${date}\\).*fetched \\($fetched; it is good until $good_to\\)
	$((fetched_s + 7200))|$(later 60)|7|refused: this host has a clock
	$((fetched_s - 1))|$(later 60)|7|refused: this host has a clock
	120|$good_to|7|is refused: the bundle was fetched at $fetched, .* good until $good_to
	120|$(later 9000)|7|policy rule 'longest_request_age'
	120|90d|2|--now '90d' is not a time
	120|tomorrow|2|--now 'tomorrow' is not a time
END
unset clock
for said in "$(later -1)" "$good_to"; do
	tap_run on_gap "$keyhaul" inspect --now "$said" order.bundle
	tap_is "$tap_status:$tap_out" "7:" "inspect --now $said, and no more"
	tap_like "$tap_err" "$said is refused: the bundle was fetched at $fetched, .* good until $good_to \\(this host's clock says 1970-01-01T00:02:00Z" \
		"is refused with both clocks and the limits"
done
# by the other verbs, on a host that has a clock and on one that has none
while IFS='|' read -r clock said why command; do
	eval "tap_run on_gap $command --now $said"
	[ "$tap_status" -eq 7 ] && printf '%s' "$tap_err" | grep -q "^error: .*--now $said is refused: $why"
	tap_ok $? "${command#*keyhaul\\\" } by a clock of $clock: refused" || tap_diag "status $tap_status: $tap_err"
done <<-END
	$fetched_s|$(later 60)|this host has a clock|"\$keyhaul" inspect order.bundle
	$fetched_s|$(later 60)|this host has a clock|"\$keyhaul" approve --signer ../Ada.key --cert ../Ada.crt --policy ../policy.yaml order.bundle
	$fetched_s|$(later 60)|this host has a clock|"\$keyhaul" sign --signer ../Ada.key --cert ../Ada.crt --bundle order.bundle --out sig order.bundle
	$fetched_s|$(later 60)|this host has a clock|"\$keyhaul" trust --token "\$KEYHAUL_TOKEN" --so-pin-file "\$KEYHAUL_PIN_FILE" --policy ../policy.yaml order.bundle
	120|$good_to|the bundle was fetched|"\$keyhaul" trust --token "\$KEYHAUL_TOKEN" --so-pin-file "\$KEYHAUL_PIN_FILE" --policy ../policy.yaml order.bundle
END
unset clock

# of several bundles it has to hold for each
jq --arg from "$(later -7200)" --arg to "$(later 30)" 'del(.approvals) | .request.fetched_at = $from | .request.parameters_valid_to = $to' \
	approved.bundle >gap/sooner.bundle
cp gap/order.bundle gap/both.bundle
wrap --now "$(later 60)" sooner.bundle both.bundle
tap_is "$tap_status:$(jq -r .material.token.label gap/both.bundle):$(jq -r .material gap/sooner.bundle)" "7:keyhaul-rehearsal:null" \
	"the one that it holds for is wrapped, and the other is not" || tap_diag "$tap_err"
tap_like "$tap_err" "^error: sooner.bundle: --now $(later 60) is refused: the bundle was fetched at $(later -7200), .* good until $(later 30)" \
	"and why is said of it"
transcript=$TAP_DIR/gap/gap.transcript
wrap --now "$(later 60)" order.bundle
tap_is "$tap_status" 0 "it is wrapped by a time that is told" || tap_diag "$tap_err"
tap_is "$(jq -cS .material.told_now gap/order.bundle)" "$told" "the material says what was told, and what the clock said"
wrapped=$(date -u -d "$(jq -r .material.wrapped_at gap/order.bundle)" +%s)
[ "$wrapped" -ge $((fetched_s + 60)) ] && [ "$wrapped" -lt $((fetched_s + 160)) ]
tap_ok $? "and it is dated by what was told" || tap_diag "$wrapped, fetched $fetched_s"
tap_exits 3 "a time that was not the request's to tell" sh -c 'jq ".material.told_now.said = \"2020-01-01T00:00:00Z\"" gap/order.bundle >odd.bundle; "$1" inspect odd.bundle' sh "$keyhaul"
tap_like "$tap_err" 'odd.bundle: material.told_now: before the request was fetched' "is no bundle's"
tap_run on_gap "$keyhaul" inspect --now "$(later 70)" order.bundle
tap_is "$tap_status" 0 "inspect by a time that is told"
tap_is "$(printf '%s' "$tap_out" | grep -c "the time was TOLD with --now $(later 60); the host's clock said 1970-01-01T00:02:00Z")" 2 \
	"inspect tells it of the approval and of the wrap"
tap_like "$tap_out" "fetched +$fetched \\([6-9][0-9] s ago\\)" "and goes by it itself"
"$keyhaul" export --to parts gap/order.bundle >/dev/null
for part in approval-1 material; do
	openssl cms -verify -binary -inform DER -in "parts/$part.p7s" -content "parts/$part.json" -CAfile ca.crt -out out 2>err
	tap_ok $? "openssl takes $part's signature, of what was told too" || tap_diag "$(cat err)"
done

# the approver signed what was told: without it his signature is of something else
tap_exits 7 "an approval whose told_now was taken out" sh -c 'jq "del(.material, .material_signature) | .approvals |= map(del(.approval.told_now))" gap/order.bundle >gap/untold.bundle &&
	cd gap && KEYHAUL_TRANSCRIPT="" "$1" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy ../policy.yaml --signer ../Hsm.key --cert ../Hsm.crt untold.bundle' sh "$keyhaul"
tap_like "$tap_err" "approval.*signature" "is no approval"

# the close is told the time by the bundle that it is held to
tap_exits 2 "--now wants --bundle where there is no bundle" on_gap "$keyhaul" transcript close --signer ../Ada.key --cert ../Ada.crt --now "$(later 80)" \
	gap.transcript
tap_exits 7 "without it the certificate is of another time" on_gap "$keyhaul" transcript close --signer ../Ada.key --cert ../Ada.crt gap.transcript
close() { # TIME
	on_gap "$keyhaul" transcript close --signer ../Ada.key --cert ../Ada.crt --now "$1" --bundle order.bundle gap.transcript
}
tap_exits 7 "nor is it closed past the bundle's time" close "$good_to"
tap_exits 0 "it is closed" close "$(later 80)"
tap_is "$(jq -r 'select(.told_now) | "\(.typed[1]) \(.at) \(.told_now.said)"' gap/gap.transcript | paste -sd,)" \
	"approve 1970-01-01T00:02:00Z $(later 60),wrap 1970-01-01T00:02:00Z $(later 60),inspect 1970-01-01T00:02:00Z $(later 70)" "its lines have the clock's time, and what was told"
tap_is "$(tail -n 1 gap/gap.transcript | jq -cS '.close.told_now')" "{\"host_clock\":\"1970-01-01T00:02:00Z\",\"said\":\"$(later 80)\"}" \
	"and so does what is signed at the close"

cp gap/order.bundle online/
tap_exits 0 "it is imported" "$keyhaul" import --json --policy policy.yaml online/order.bundle
tap_is "$(printf '%s' "$tap_out" | jq -r '.results[0] | "\(.told_now) \(.told_host_clock)"')" "$(later 60) 1970-01-01T00:02:00Z" \
	"the import says so"
tap_like "$tap_err" "warning: online/order.bundle: the time of its wrap was told with --now $(later 60); the host's clock said 1970" "in words too"
tap_exits 0 "the host that has a clock closes its own" "$keyhaul" transcript close --signer Ada.key --cert Ada.crt online/online.transcript
unset KEYHAUL_TRANSCRIPT
tap_exits 0 "the record has no findings" "$keyhaul" record --out page.html --policy policy.yaml --closed-by Ada.crt -- \
	online/online.transcript gap/gap.transcript
tap_is "$(grep -c 'Time told</th><td>the time was TOLD with --now' page.html)" 2 "the page tells it of approval and wrap"
tap_is "$(grep -c "00:02:00<div class=\"small\">told 20" page.html)" \
	"$(jq -c 'select(.told_now or .close.told_now)' gap/gap.transcript | wc -l)" "and in each line of its timeline"
tap_is "$(sed -n '/<h2>Timeline/,$p' page.html | sed 's/<[^>]*>//g' | grep -oE 'keyhaul-(kms|token) (fetch|approve|wrap|import)' | uniq | paste -sd' ')" \
	"keyhaul-kms fetch keyhaul-token approve keyhaul-token wrap keyhaul-kms import" "which is in the order of what happened"

# verify, which may come after the parameters' time
transcript=
token_run generate --json --label mac --key-spec HMAC_256
uri=$(printf '%s' "$tap_out" | jq -r '.results[0].uri' | sed 's/[?].*//')
tap_run "$keyhaul" create --key-spec HMAC_256
"$keyhaul" fetch --key-id "$tap_out" --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE --key-uri "$uri" --out gap/mac.bundle >/dev/null 2>err &&
	"$keyhaul" wrap --key "$uri" --pin-file "$KEYHAUL_PIN_FILE" gap/mac.bundle >/dev/null 2>err && "$keyhaul" import gap/mac.bundle >/dev/null 2>err &&
	"$keyhaul" prove gap/mac.bundle >/dev/null 2>err
tap_is "$(jq -c '.proofs | map(has("verdict"))' gap/mac.bundle)" "[false]" "a MAC is asked for" || tap_diag "$(cat err)"
fetched=$(jq -r .request.fetched_at gap/mac.bundle)
fetched_s=$(date -u -d "$fetched" +%s)
verify() { # [OPTION...]
	tap_run on_gap "$keyhaul" verify --pin-file "$KEYHAUL_PIN_FILE" "$@" mac.bundle
}
cp gap/mac.bundle asked.bundle
clock=$((fetched_s + 60)) verify --now "$(later 90)"
tap_is "$tap_status" 7 "verify --now on a host that has a clock"
tap_like "$tap_err" "this host has a clock.*before the bundle was fetched \\($fetched\\)" "is refused"
verify --now "$(later -1)"
tap_is "$tap_status" 7 "and a time before the fetch"
cmp -s gap/mac.bundle asked.bundle
tap_ok $? "with the bundle as it was"
transcript=$TAP_DIR/gap/late.transcript
verify --now "$(later 200000)"
transcript=
tap_is "$tap_status" 0 "a day after the parameters' time it is not" || tap_diag "$tap_err"
tap_is "$(jq -cS '.proofs[0].told_now' gap/mac.bundle)" '{"host_clock":"1970-01-01T00:02:00Z","said":"'"$(later 200000)"'"}' \
	"the proof says what was told"
tap_like "$(jq -r '.proofs[0].at' gap/mac.bundle)" "^$(later 200000 | cut -c1-15)" "and is dated by it"
tap_run on_gap "$keyhaul" inspect mac.bundle
tap_like "$tap_out" "the time was TOLD with --now $(later 200000); the host's clock said 1970-01-01T00:02:00Z" "inspect tells it"
"$keyhaul" record --out late.html gap/late.transcript >/dev/null 2>&1
tap_is "$(grep -c 'Time told</th><td>the time was TOLD with --now' late.html)" 1 "and the page"
tap_exits 3 "a time before the fetch was no proof's" sh -c 'jq ".proofs[0].told_now.said = \"2020-01-01T00:00:00Z\"" gap/mac.bundle >odd.bundle; "$1" inspect odd.bundle' sh "$keyhaul"
cp asked.bundle gap/mac.bundle
verify
tap_is "$tap_status" 0 "without --now it is dated by the clock"
tap_like "$tap_err" "warning: this host's clock says 1970-01-01T00:02:00Z, before the bundle was fetched \\($fetched\\): what it dates" "which is warned of"
tap_done 64
