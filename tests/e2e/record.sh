#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# A small ceremony on two hosts with transcripts, and its record: who approved, the key, the receipt, and nothing to find. With
# KEYHAUL_RECORD_OUT=DIR its files are left there; doc/record.png is made of them.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/e2e/rehearsal.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
rehearsal_begin --region eu-central-1
keyhaul=$KEYHAUL_BUILD/keyhaul

people_ca ca
for name in Ada Ben Hsm; do
	people_file "$name" prime256v1
done
cat >policy.yaml <<-END
	keyhaul_policy: 1
	endpoints: ["$AWS_ENDPOINT_URL_KMS"]
	approvals:
	  threshold: 2
	  approvers:
	    - {name: Ada, certificates: [$(people_sha256 Ada)]}
	    - {name: Ben, certificates: [$(people_sha256 Ben)]}
	material_signers:
	  - {name: Hsm, certificates: [$(people_sha256 Hsm)]}
END
generate orders SYMMETRIC_DEFAULT
generate payments HMAC_256
mkdir online gap
# Where the host's name can be set it is.
if unshare -ru true 2>/dev/null; then
	at() { # HOST COMMAND...
		at_host=$1
		shift
		(cd "$at_host" && KEYHAUL_TRANSCRIPT=$at_host.transcript unshare -ru sh -c \
			'host=$1; shift; echo "$host" >/proc/sys/kernel/hostname; exec "$@"' sh "$at_host" "$@")
	}
else
	at() {
		at_host=$1
		shift
		(cd "$at_host" && KEYHAUL_TRANSCRIPT=$at_host.transcript "$@")
	}
fi
step() { # STATUS WHAT HOST COMMAND...
	step_status=$1 step_what=$2
	shift 2
	tap_exits "$step_status" "$step_what" at "$@"
}

for key in orders:SYMMETRIC_DEFAULT payments:HMAC_256; do
	name=${key%%:*}
	step 0 "$name is made" online "$keyhaul" create --key-spec "${key#*:}"
	step 0 "$name is fetched" online "$keyhaul" fetch --key-id "$tap_out" \
		--wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 --valid-to 90d --policy ../policy.yaml \
		--key-uri "$(sed -n '1{s/[?].*//;p}' "generate-$name.out")" --out "$name.bundle"
done
cp online/*.bundle gap/
wrap() { # STATUS WHAT
	step "$1" "$2" gap "$keyhaul" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy ../policy.yaml \
		--signer ../Hsm.key --cert ../Hsm.crt orders.bundle payments.bundle
}
wrap 7 "nobody approved them yet"
for person in Ada Ben; do
	for name in orders payments; do
		step 0 "$person approves $name" gap "$keyhaul" approve --signer "../$person.key" --cert "../$person.crt" \
			--policy ../policy.yaml --confirm "$(jq -jcS .request "gap/$name.bundle" | sha256sum | cut -d' ' -f1)" "$name.bundle"
	done
done
wrap 0 "both are wrapped"
mkdir unused
cp gap/* online/online.transcript unused/
cp gap/*.bundle online/
step 0 "both are imported" online "$keyhaul" import --policy ../policy.yaml orders.bundle payments.bundle
for host in online gap; do
	tap_exits 0 "$host is closed" "$keyhaul" transcript close --signer Ada.key --cert Ada.crt "$host/$host.transcript"
done

tap_exits 0 "the record has no findings" "$keyhaul" record --out page.html --signer Ben.key --cert Ben.crt --policy policy.yaml \
	--closed-by Ada.crt -- online/online.transcript gap/gap.transcript
tap_exits 0 "nor in the other order, though the gap has the bundles as they were before" "$keyhaul" record --out other.html \
	--policy policy.yaml --closed-by Ada.crt -- gap/gap.transcript online/online.transcript
tap_is "$(grep -c '<section class="key">' other.html)" 2 "nor a section more"
page=$(cat page.html)
tap_like "$page" '<b>No findings\.</b>' "and says so"
for text in 'Approved by</th><td>Ada, signed [^<]* by CN=Ada</td>' "certificate</th><td>SHA-256 <code>$(people_sha256 Ada)" \
	'Approved by</th><td>Ben, signed ' 'Signed by</th><td>material, signed [^<]* by CN=Hsm' 'keyhaul-rehearsal, ' \
	'token &#39;keyhaul-rehearsal&#39;, model ' 'As the token states</th><td>sensitive, always was, extractable, made on the token' \
	'Proof</th><td>before it a throwaway key of 256 bits' 'Key material id</th><td><code>[0-9a-f]{64}' 'FAILED</span>, status 7' \
	'<span class="w">keyhaul-kms</span> <span class="w">import</span> <span class="w">--policy</span>' "$(jq -jcS .material online/orders.bundle | sha256sum | cut -d' ' -f1)"; do
	tap_like "$page" "$text" "it has: $text"
done
tap_is "$(sed -n '/<h2>Timeline/,$p' page.html | sed 's/<[^>]*>//g' | grep -oE 'keyhaul-(kms|token) (fetch|approve|wrap|import)' | uniq | paste -sd' ')" \
	"keyhaul-kms fetch keyhaul-token wrap keyhaul-token approve keyhaul-token wrap keyhaul-kms import" "what came first stands first"
tap_is "$(grep -c '<section class="key">' page.html)" 2 "a section for each key"
cp gap/orders.bundle online/orders.bundle
tap_exits 7 "a bundle as it was before" "$keyhaul" record --out old.html --closed-by Ada.crt -- online/online.transcript gap/gap.transcript \
	online/orders.bundle
tap_like "$tap_err" 'online/orders.bundle: a later command wrote this bundle anew' "is told"
sed 's/threshold: 2/threshold: 1/; /name: Hsm/s/[0-9a-f]\{64\}/'"$(people_sha256 ca)"'/; $a tokens: [{serial: "0"}]' policy.yaml >lax.yaml
echo 'regions: [us-east-1]' >>lax.yaml
tap_exits 7 "another policy" "$keyhaul" record --out lax.html --policy lax.yaml --closed-by Ada.crt -- online/online.transcript gap/gap.transcript
tap_like "$tap_err" 'online/payments.bundle: the request is under [0-9a-f]{64}, not under this policy' "is told of the request"
tap_like "$tap_err" 'online/payments.bundle: .*0 did; missing: ' "and nobody approved under it"
tap_like "$tap_err" "online/payments.bundle: policy rule 'regions' allows us-east-1, and the Region of the KMS key is eu-central-1" "its rules judge the request"
tap_like "$tap_err" "online/payments.bundle: policy rule 'tokens' allows those that it lists, and the token is" "and the token"
tap_like "$tap_err" 'online/payments.bundle: the key was wrapped under [0-9a-f]{64}, not under this policy' "and of the material"
tap_like "$tap_err" "online/payments.bundle: .*signature.*'CN=Hsm'.* is nobody's" "whose signer is nobody's there"

# The material's signature is that of the other key's: seen without a policy too.
cp online/payments.bundle kept.bundle
jq --slurpfile o online/orders.bundle '.material_signature = $o[0].material_signature | .approvals[0].signature = .approvals[1].signature' kept.bundle >online/payments.bundle
tap_exits 7 "a signature of other material" "$keyhaul" record --out moved.html --closed-by Ada.crt -- online/online.transcript gap/gap.transcript
tap_like "$tap_err" 'online/payments.bundle: the signature of the material: the CMS signature is of something else' "is a finding"
tap_like "$tap_err" 'online/payments.bundle: the approval of Ada: ' "and of another approval"
cp kept.bundle online/payments.bundle

# One approval more, in the name of somebody, by a certificate that anybody makes: the other two are enough, and it counts for nobody.
people_file Mal prime256v1
jq -c '.approvals[0].approval | .approver = "Cy"' gap/payments.bundle | jq -jcS . >cy.json
openssl cms -sign -binary -md sha256 -outform DER -in cy.json -signer Mal.crt -inkey Mal.key -out cy.p7s
cp online/payments.bundle kept.bundle
jq --slurpfile a cy.json --arg s "$(base64 -w0 cy.p7s)" '.approvals = [{approval: $a[0], signature: $s}] + .approvals' kept.bundle >online/payments.bundle
tap_exits 7 "an approval that counts for nobody" "$keyhaul" record --out cy.html --policy policy.yaml --closed-by Ada.crt -- \
	online/online.transcript gap/gap.transcript
tap_like "$tap_err" "online/payments.bundle: the approval of 'Cy': the certificate of 'CN=Mal' .* is nobody's in policy.yaml" "is a finding"
page=$(cat cy.html)
tap_like "$page" 'Does not count</th><td>Cy, signed [^<]* by CN=Mal: the approval of &#39;Cy&#39;: the certificate' "stands on the page as such"
tap_is "$(printf '%s' "$page" | grep -o '<td>[^<]*</td><td class="plain">imported</td>')" '<td>Ada, Ben</td><td class="plain">imported</td>' "and not among those who approved"
"$keyhaul" record --out none.html --closed-by Ada.crt -- online/online.transcript gap/gap.transcript >/dev/null 2>&1
page=$(cat none.html)
tap_like "$page" '<td>Cy .NOT JUDGED., Ada .NOT JUDGED., Ben .NOT JUDGED.</td>' "without a policy nobody's approval is taken for his"
tap_like "$page" 'Approved by</th><td>Cy, signed [^<]* by CN=Mal, NOT JUDGED: no policy was given' "and the page says so of each"
cp kept.bundle online/payments.bundle
# What was wrapped and not imported, when the certificates have expired since.
tap_exits 0 "20 days later" env LD_PRELOAD="$KEYHAUL_BUILD/tests/hosts/odd_host.so" ODD_CLOCK="$(($(date +%s) + 1728000))" \
	"$keyhaul" record --open --out later.html --policy policy.yaml -- unused/online.transcript unused/gap.transcript
tap_like "$(cat later.html)" '<b>No findings\.</b>' "the signers are judged by the day"

# Two copies of one request: 'orders' goes into the one that is shown, and again into the one that is hidden once it was used.
mkdir net cave
step 0 "a request for two copies" net "$keyhaul" fetch --key-id "$(jq -r .request.kms_key_arn online/orders.bundle)" \
	--wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 --valid-to 90d --out a.bundle
cp net/a.bundle cave/
mv net/a.bundle cave/b.bundle
for name in a b; do
	step 0 "a key is wrapped into $name" cave "$keyhaul" wrap --key "$(sed -n '1{s/[?].*//;p}' generate-orders.out)" --pin-file "$KEYHAUL_PIN_FILE" $name.bundle
done
mv cave/b.bundle net/
step 0 "the second is imported" net "$keyhaul" import b.bundle
mv net/b.bundle hidden.bundle
tap_exits 7 "the first is not its record" "$keyhaul" record --open --out forged.html -- net/net.transcript cave/cave.transcript
tap_like "$tap_err" "net/net.transcript: the bundle 'b.bundle' that line 2 .* left, SHA-256 $(sha256sum hidden.bundle | cut -d' ' -f1), is missing" \
	"the second is missed"
tap_exits 7 "nor are both" "$keyhaul" record --open --out both.html -- net/net.transcript cave/cave.transcript hidden.bundle
tap_like "$tap_err" "request $(jq -jcS .request hidden.bundle | sha256sum | cut -d' ' -f1) has two materials: " "of one request"
tap_is "$(grep -c '<section class="key">' both.html)" 2 "which both are shown"
if [ -n "${KEYHAUL_RECORD_OUT:-}" ]; then
	cp -r page.html page.html.p7s online gap policy.yaml "$KEYHAUL_RECORD_OUT/"
fi
tap_done 60
