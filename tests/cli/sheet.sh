#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul sheet: the steps of a ceremony from its plan and policy, as commands and as a page.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need jq
keyhaul=$KEYHAUL_BUILD/keyhaul

fingerprint() {
	printf %s "$1" | sha256sum | cut -d' ' -f1
}
# policy TOKENS APPROVALS SIGNERS
policy() {
	printf 'keyhaul_policy: 1\naccounts: ["111122223333"]\n%sapprovals: %s\nmaterial_signers: %s\n' "$1" "$2" "$3"
}
tokens='tokens: [{serial: "0a b"}]
'
people="{threshold: 2, approvers: [{name: Ada <b>, certificates: [$(fingerprint a)]}, {name: Ben, certificates: [$(fingerprint b)]},
  {name: Cleo, certificates: [$(fingerprint c)]}]}"
policy "$tokens" "$people" "[{name: Room, certificates: [$(fingerprint r)]}]" >policy.yaml
# plan ENTRIES-OF-THE-FIRST-KEY
plan() {
	printf 'keyhaul_plan: 1\nkeys:\n  - {name: vault, %s, wrapping_algorithm: RSAES_OAEP_SHA_256, expires: 90d}\n' "$1"
	printf '  - {name: seal, region: eu-central-1, create: {key_spec: ECC_NIST_P256, key_usage: SIGN_VERIFY}, wrapping_algorithm: %s,\n' \
		RSA_AES_KEY_WRAP_SHA_256
	printf '     expires: 90d, materials: [{key_uri: "pkcs11:object=seal;id=%%01"}]}\n'
}
first='region: eu-west-1, create: {key_spec: SYMMETRIC_DEFAULT}'
uri='materials: [{key_uri: "pkcs11:object=the%20vault%27s;id=%02"}]'
plan "$first, $uri" >plan.yaml

tap_exits 0 "the commands" "$keyhaul" sheet --plan plan.yaml --policy policy.yaml
printf '%s\n' "$tap_out" | grep -v '^#' >commands
cat >wanted <<'END'
keyhaul policy policy.yaml
keyhaul policy policy.yaml
keyhaul keys --token pkcs11:serial=0a%20b
keyhaul fetch --plan plan.yaml --policy policy.yaml --jobs 1 --out requests
keyhaul confirm requests/vault.eu-west-1.bundle
keyhaul confirm requests/seal.eu-central-1.bundle
keyhaul inspect requests/vault.eu-west-1.bundle requests/seal.eu-central-1.bundle
keyhaul approve --policy policy.yaml --signer 'pkcs11:token=Ada%20%3Cb%3E;object=Ada%20%3Cb%3E' --cert Ada--b-.crt requests/vault.eu-west-1.bundle
keyhaul approve --policy policy.yaml --signer 'pkcs11:token=Ada%20%3Cb%3E;object=Ada%20%3Cb%3E' --cert Ada--b-.crt requests/seal.eu-central-1.bundle
keyhaul approve --policy policy.yaml --signer 'pkcs11:token=Ben;object=Ben' --cert Ben.crt requests/vault.eu-west-1.bundle
keyhaul approve --policy policy.yaml --signer 'pkcs11:token=Ben;object=Ben' --cert Ben.crt requests/seal.eu-central-1.bundle
keyhaul wrap --policy policy.yaml --token pkcs11:serial=0a%20b --signer 'pkcs11:serial=0a%20b;object=Room' --cert Room.crt requests/vault.eu-west-1.bundle requests/seal.eu-central-1.bundle
keyhaul inspect requests/vault.eu-west-1.bundle requests/seal.eu-central-1.bundle
keyhaul import --policy policy.yaml --jobs 1 wrapped/vault.eu-west-1.bundle wrapped/seal.eu-central-1.bundle
keyhaul status --expiring-within 1h wrapped/vault.eu-west-1.bundle wrapped/seal.eu-central-1.bundle
keyhaul transcript close --signer 'pkcs11:token=Ada%20%3Cb%3E;object=Ada%20%3Cb%3E' --cert Ada--b-.crt online.transcript
keyhaul transcript close --signer 'pkcs11:token=Ada%20%3Cb%3E;object=Ada%20%3Cb%3E' --cert Ada--b-.crt witness.transcript
keyhaul transcript close --signer 'pkcs11:token=Ada%20%3Cb%3E;object=Ada%20%3Cb%3E' --cert Ada--b-.crt gap.transcript
keyhaul record --out record.html --policy policy.yaml --closed-by Ada--b-.crt -- online.transcript witness.transcript gap.transcript wrapped/vault.eu-west-1.bundle wrapped/seal.eu-central-1.bundle
END
diff wanted commands >differ
tap_ok $? "are these" || tap_diag "$(cat differ)"

# each option of a command is one that its verb has
while read -r _ verb rest; do
	case $verb in keys | approve | wrap) [ -x "$KEYHAUL_BUILD/keyhaul-token" ] || continue ;; esac
	case $verb in fetch | confirm | import | status) [ -x "$KEYHAUL_BUILD/keyhaul-kms" ] || continue ;; esac
	for word in $rest; do
		case $word in
		--) ;;
		--*) "$keyhaul" "$verb" --help | grep -q -e "^ *$word " || printf '%s %s\n' "$verb" "$word" ;;
		esac
	done
done <commands >strange
tap_is "$(cat strange)" "" "and each option is one that its verb has"

tap_exits 0 "the page" "$keyhaul" sheet --plan plan.yaml --policy policy.yaml --out sheet.html --json
printf '%s' "$tap_out" | jq -r '.results[] | .command // empty' | diff - commands >differ
tap_ok $? "--json has the same commands" || tap_diag "$(cat differ)"
sed -n 's/.*<code class="command">\(.*\)<\/code>.*/\1/p' sheet.html |
	sed "s/<span class=.word.>//g; s/<\/span>//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&#39;/'/g; s/&amp;/\&/g" | diff - commands >differ
tap_ok $? "and the page" || tap_diag "$(cat differ)"
tap_is "$(grep -c '<b>Seen:</b>' sheet.html):$(grep -c '<h2>Exception sheet' sheet.html)" \
	"$(printf '%s' "$tap_out" | jq '.results | length'):2" "each step has what must be seen, and there are exception sheets"
tap_is "$(grep -c 'Ada <b>' sheet.html):$(grep -c '<script\|<img\|http:' sheet.html)" "0:0" "nothing of the policy is markup, and nothing is from elsewhere"
tap_like "$(cat sheet.html)" "$(sha256sum plan.yaml | cut -d' ' -f1)" "it has the plan's digest"
tap_like "$(cat sheet.html)" "$(sha256sum policy.yaml | cut -d' ' -f1)" "and the policy's"
tap_exits 3 "a page that is there is not written over" "$keyhaul" sheet --plan plan.yaml --policy policy.yaml --out sheet.html

# without approvers and signers there is nobody to close a transcript
policy "$tokens" none none >free.yaml
tap_exits 0 "a policy without people" "$keyhaul" sheet --plan plan.yaml --policy free.yaml
tap_is "$(printf '%s\n' "$tap_out" | grep -c ' --signer \|transcript close'):$(printf '%s\n' "$tap_out" | grep -c 'record.* --open ')" "0:1" \
	"the record takes open transcripts"

refused() { # STATUS WHY WHAT
	tap_exits "$1" "$3" "$keyhaul" sheet --plan odd-plan.yaml --policy odd-policy.yaml
	tap_like "$tap_err" "$2" "$3: why"
}
cp policy.yaml odd-policy.yaml
plan "$first, materials: [{key_uri: 'pkcs11:object=a'}]" >odd-plan.yaml
refused 3 "odd-plan.yaml: line 3.*'id='" "a key without an id"
plan "create: {key_spec: SYMMETRIC_DEFAULT}, $uri" >odd-plan.yaml
refused 3 "line 3.*no 'region'" "a key without a Region"
plan "$first, materials: [{key_uri: 'pkcs11:id=%02', key_material_id: $(fingerprint m)}]" >odd-plan.yaml
refused 3 "line 3.*made on the day" "a key that is made, with a material of before"
cp plan.yaml odd-plan.yaml
policy "" "$people" none >odd-policy.yaml
refused 2 "names no token" "a policy without a token"
policy 'tokens: [{serial: "01", label: A}, {serial: "02", label: B}]
' "$people" none >odd-policy.yaml
refused 3 "line 3.*of the 2 tokens" "a key that could be on two tokens"
policy "$tokens" "{threshold: 2, approvers: [{name: A B, certificates: [$(fingerprint a)]}, {name: A-B, certificates: [$(fingerprint b)]}]}" none \
	>odd-policy.yaml
refused 2 "the same file A-B.crt" "two people with one file"
long=1234567890123456789012345678901
policy "$tokens" "{threshold: 2, approvers: [{name: $long 1, certificates: [$(fingerprint a)]}, {name: $long 2, certificates: [$(fingerprint b)]}]}" \
	none >odd-policy.yaml
refused 2 "the same token $long" "two people with one token, whose label is cut"

# what the policy forbids of the plan is found before a page is printed
rows=0
while IFS='|' read -r rule edit_policy edit_plan; do
	rows=$((rows + 1))
	{ cat policy.yaml && printf '%s\n' "$edit_policy"; } >odd-policy.yaml
	sed "$edit_plan" plan.yaml >odd-plan.yaml
	refused 7 "odd-plan.yaml: line [34].*policy rule '$rule' allows.*odd-policy.yaml:" "the policy's $rule"
done <<'END'
largest_expiry|largest_expiry: 90d|s/expires: 90d/expires: 120d/
key_specs|key_specs: [SYMMETRIC_DEFAULT]|
regions|regions: [eu-west-1]|
wrapping_algorithms|wrapping_algorithms: [RSAES_OAEP_SHA_256]|s/, wrapping_algorithm: RSAES_OAEP_SHA_256//
accounts||s/create: {key_spec: SYMM[^}]*}/key_id: "arn:aws:kms:eu-west-1:444455556666:key\/1234abcd-12ab-34cd-56ef-1234567890ab"/
END
tap_is "$rows" 5 "all rows were read"
cp policy.yaml odd-policy.yaml
sed 's/expires: 90d/expires: 2020-01-01T00:00:00Z/' plan.yaml >odd-plan.yaml
refused 3 "odd-plan.yaml: line 3.*past" "an expiry that is past"

# what a plan can have beside: two tokens, several materials, replicas, a key that is there and whose spec is not said
policy 'tokens: [{serial: "01", label: A}, {serial: "02", label: B}]
' none none >many-policy.yaml
cat >many.yaml <<END
keyhaul_plan: 1
keys:
  - name: two
    region: eu-west-1
    create: {key_spec: SYMMETRIC_DEFAULT, multi_region: true, replicas: [{region: us-east-1, policy: default-policy}]}
    expires: never
    materials: [{key_uri: "pkcs11:token=A;id=%01"}, {key_uri: "pkcs11:token=B;id=%02"}]
  - name: there
    key_id: arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    expires: never
    materials: [{key_uri: "pkcs11:token=B;id=%03", key_material_id: $(fingerprint m)}, {key_uri: "pkcs11:token=B;id=%04"}]
END
tap_exits 0 "a plan of every kind" "$keyhaul" sheet --plan many.yaml --policy many-policy.yaml --rotate
w=wrapped/ r=requests/
tap_is "$(printf '%s\n' "$tap_out" | grep '^keyhaul wrap\|^keyhaul rotate' | sed 's/ --policy policy.yaml//')" "keyhaul wrap --token pkcs11:serial=01 ${r}two.eu-west-1.bundle ${r}two.us-east-1.bundle
keyhaul wrap --token pkcs11:serial=02 ${r}two.2.eu-west-1.bundle ${r}two.2.us-east-1.bundle ${r}there.us-west-2.bundle ${r}there.2.us-west-2.bundle
keyhaul rotate ${w}two.2.eu-west-1.bundle ${w}two.2.us-east-1.bundle
keyhaul rotate ${w}there.2.us-west-2.bundle" "each token wraps its own, and what is new is rotated to in all its Regions"
tap_is "$(printf '%s\n' "$tap_out" | grep -c '^keyhaul keys'):$(printf '%s\n' "$tap_out" | grep -c '^keyhaul confirm')" "2:6" \
	"each token is looked at, and each bundle confirmed"
"$keyhaul" sheet --plan many.yaml --policy many-policy.yaml | grep -c '^keyhaul rotate' >rotations
tap_is "$(cat rotations)" 0 "without --rotate none is"
tap_done 44
