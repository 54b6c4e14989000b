#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The policy, keyhaul-policy(5): each rule refuses by name and line, at the fetch, the wrap and the import; a bundle of one policy
# goes nowhere under another or under none; and a host's policy cannot be switched off.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need openssl jq softhsm2-util sha256sum
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"
# shellcheck source=tests/token/fixture.sh
. "$KEYHAUL_SRC/tests/token/fixture.sh"
token=$KEYHAUL_BUILD/keyhaul-token
client=$KEYHAUL_BUILD/keyhaul-kms
sim_start --region eu-central-1
token_softhsm

"$token" generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label order --key-spec SYMMETRIC_DEFAULT >made
"$token" keys --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --json >keys
uri=$(jq -r '.results[0].uri' keys)
serial=$(printf '%s\n' "$uri" | sed 's/.*;serial=\([^;]*\).*/\1/')
id=$(printf '%s\n' "$uri" | sed 's/.*;id=\([^;]*\).*/\1/')
key_uri="pkcs11:token=keyhaul-rehearsal;object=order;id=$id"
arn=$("$client" create --key-spec SYMMETRIC_DEFAULT --json | jq -r '.results[0].kms_key_arn')
cat >policy.yaml <<END
keyhaul_policy: 1
accounts: ["000000000000"]
regions: [eu-central-1]
endpoints: ["$AWS_ENDPOINT_URL_KMS"]
key_specs: [SYMMETRIC_DEFAULT]
wrapping_algorithms: [RSAES_OAEP_SHA_1]
least_wrapping_key_spec: RSA_2048
longest_request_age: 8h
largest_expiry: 90d
tokens: [{serial: "$serial", label: keyhaul-rehearsal}]
key: {sensitive: true, local: true, kept: true, key_gen_mechanisms: [CKM_AES_KEY_GEN]}
approvals: none
material_signers: none
END
digest=$(sha256sum policy.yaml | cut -d ' ' -f 1)

tap_exits 0 "keyhaul policy" "$KEYHAUL_BUILD/keyhaul" policy policy.yaml
tap_like "$tap_out" "^    $digest\$" "tells its digest"
tap_like "$tap_out" "^  this host  *has no /etc/keyhaul/policy.yaml: it counts where --policy names it\$" "and where it counts"

fetch() {
	tap_run "$client" fetch --key-id "$arn" --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 "$@"
}
wrap() {
	tap_run "$token" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" "$@"
}
# is STATUS ERE WHAT: what the last run ended with and said.
is() {
	[ "$tap_status" -eq "$1" ] && printf '%s\n' "$tap_out" "$tap_err" | grep -Eq -e "$2"
	tap_ok $? "$3" || tap_diag "status $tap_status, stdout: $tap_out, stderr: $tap_err"
}

fetch --policy policy.yaml --key-uri "$key_uri" --valid-to 90d --out order.bundle
is 0 "^    $digest\$" "fetch under a policy says which"
is 0 "^next: keyhaul-token wrap --key '[^']*' --policy policy.yaml order.bundle\$" "and that wrap wants it too"
sed "s/^approvals: .*/approvals: {threshold: 1, approvers: [{name: Ann, certificates: [$digest]}]}/" policy.yaml >asks.yaml
fetch --policy asks.yaml --key-uri "$key_uri" --valid-to 90d --out asks.bundle
is 0 "^next: keyhaul-token approve --signer '[^']*' --cert FILE --policy asks.yaml asks.bundle\$" "or, where people have to approve, what they type"
tap_is "$(jq -r '.request | .policy_sha256, .token_serial, .key_uri' order.bundle)" "$digest
$serial
$key_uri" "the request has the policy's digest, the token's serial and the key's id"

# what the request has to say
fetch --policy policy.yaml --valid-to 90d --out no.bundle
is 7 "rule 'keyhaul_policy' allows requests that name the key by its id, and the key in this one is not stated \(policy.yaml:1\)" "no key"
fetch --policy policy.yaml --key-uri "pkcs11:object=order" --valid-to 90d --out no.bundle
is 7 "requests that name the key by its id, and the key in this one is pkcs11:object=order" "a key without its id"
fetch --policy policy.yaml --key-uri "$key_uri" --out no.bundle
is 7 "the expiry in this one is not stated" "no expiry"
fetch --policy policy.yaml --key-uri "$key_uri" --token-serial 1 --valid-to 90d --out no.bundle
is 7 "rule 'tokens' allows the serials $serial, and the serial of the request's token is 1 \(policy.yaml:10\)" "another token"

# NAME|LINE|sed's change of the policy|what is said of the rule
while IFS='|' read -r rule line change said; do
	sed "$change" policy.yaml >other.yaml
	fetch --policy other.yaml --key-uri "$key_uri" --valid-to 90d --out no.bundle
	is 7 "policy rule '$rule' allows $said \(other.yaml:$line\)" "fetch: $rule"
	tap_like "$tap_err" "^hint: nothing was done; what the policy forbids only another policy allows" "with a hint that fits"
	jq 'del(.request.policy_sha256)' order.bundle >free.bundle
	wrap --policy other.yaml free.bundle
	is 7 "policy rule '$rule' allows $said \(other.yaml:$line\)" "wrap: $rule"
done <<END
accounts|2|s/000000000000/111122223333/|111122223333, and the account of the KMS key is 000000000000
regions|3|s/eu-central-1/eu-central-2/|eu-central-2, and the Region of the KMS key is eu-central-1
endpoints|1|/^endpoints/d|KMS's own, and the endpoint that the request is from is $AWS_ENDPOINT_URL_KMS
key_specs|5|s/SYMMETRIC_DEFAULT/HMAC_256/|HMAC_256, and the key spec is SYMMETRIC_DEFAULT
wrapping_algorithms|6|s/SHA_1/SHA_256/|RSAES_OAEP_SHA_256, and the wrapping algorithm is RSAES_OAEP_SHA_1
least_wrapping_key_spec|7|s/RSA_2048/RSA_3072/|RSA_3072 and larger, and the wrapping key is RSA_2048
largest_expiry|9|s/90d/89d/|89d, and what the import is to say is expires 90d after the import
END
while IFS='|' read -r rule line change said; do
	sed "$change" policy.yaml >other.yaml
	wrap --policy other.yaml free.bundle
	is 7 "policy rule '$rule' allows .*$said \(other.yaml:$line\)" "wrap: $rule"
done <<END
tokens|10|s/label: keyhaul-rehearsal/label: other/|the token is 'keyhaul-rehearsal' with serial $serial
hardware|11|s/^key:.*/hardware: true/|and this slot is one that does not say so
key.key_gen_mechanisms|11|s/CKM_AES/CKM_GENERIC_SECRET/|and the mechanism that made this key is CKM_AES_KEY_GEN
END
tap_is "$(jq -r .material free.bundle)" null "and nothing was wrapped"
jq --arg at "$(date -u -d '-9 hours' +%Y-%m-%dT%H:%M:%SZ)" --arg to "$(date -u -d '+15 hours' +%Y-%m-%dT%H:%M:%SZ)" \
	'.request.fetched_at = $at | .request.parameters_valid_to = $to' free.bundle >old.bundle
wrap --policy policy.yaml old.bundle
is 7 "rule 'longest_request_age' allows 8h, and the request is from 20.*\(policy.yaml:8\)" "wrap: an old request"
jq --arg at "$(date -u -d '+200 days' +%Y-%m-%dT%H:%M:%SZ)" --arg to "$(date -u -d '+201 days' +%Y-%m-%dT%H:%M:%SZ)" \
	--arg until "$(date -u -d '+280 days' +%Y-%m-%dT%H:%M:%SZ)" '.request |= (.fetched_at = $at | .parameters_valid_to = $to |
		.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_to: $until})' free.bundle >ahead.bundle
sed /^longest_request_age/d policy.yaml >any_age.yaml
wrap --policy any_age.yaml ahead.bundle
is 7 "policy rule 'largest_expiry' allows 90d, and what the import is to say is expires 20" "wrap: an expiry that is counted from a fetch to come"
wrap --policy policy.yaml --generate new order.bundle
is 7 "the request names by their id, and this key is one that --generate would make now" "wrap --generate"

# under this policy or not at all
wrap order.bundle
is 7 "the request is under the policy of SHA-256 $digest, and none is in force here" "wrap without the policy"
sed 's/8h/7h/' policy.yaml >other.yaml
other=$(sha256sum other.yaml | cut -d ' ' -f 1)
wrap --policy other.yaml order.bundle
is 7 "allows what is under it, SHA-256 $other, and the request's policy is $digest" "wrap under another policy"
cp order.bundle plain.bundle
jq 'del(.request.policy_sha256)' order.bundle >plain.bundle
wrap plain.bundle
is 0 wrapped "a request under no policy, wrapped where none is in force"
tap_is "$(jq -r .material.policy_sha256 plain.bundle)" none "says so"
tap_exits 7 "is not imported under a policy" "$client" import --policy policy.yaml plain.bundle
tap_like "$tap_err" "the material's policy is none \(policy.yaml:1\)" "by that"
wrap --policy policy.yaml order.bundle
is 0 "^    $digest\$" "wrap under the policy says which"
tap_is "$(jq -r .material.policy_sha256 order.bundle)" "$digest" "and the material too"
tap_exits 7 "import without the policy" "$client" import order.bundle
tap_like "$tap_err" "the material is under the policy of SHA-256 $digest, and none is in force here" "by that"
tap_exits 7 "import under another policy" "$client" import --policy other.yaml order.bundle
# the material of another key and token, which anybody could have put there
jq '.material.key.id = "00"' order.bundle >key.bundle
tap_exits 7 "import of another key's material" "$client" import --policy policy.yaml key.bundle
tap_like "$tap_err" "the request's key alone, and the id of the material's key is 00" "by its id"
jq '.material.token.serial = "00"' order.bundle >token.bundle
tap_exits 7 "import of another token's material" "$client" import --policy policy.yaml token.bundle
tap_like "$tap_err" "the request's token alone, and the serial of the material's token is 00" "by its serial"
jq '.material.key.local = false' order.bundle >local.bundle
tap_exits 7 "import of a key that the policy does not allow" "$client" import --policy policy.yaml local.bundle
tap_like "$tap_err" "rule 'key.local' allows true or not stated, and it of this key is false \(policy.yaml:11\)" "by the rule"
tap_is "$("$client" status --key-id "$arn" --json | jq -r '.results[0].key_state')" PendingImport "nothing was imported"
tap_exits 0 "import under the policy" "$client" import --policy policy.yaml order.bundle
tap_like "$tap_out" "^    $digest\$" "says which"
tap_exits 0 "inspect" "$KEYHAUL_BUILD/keyhaul" inspect order.bundle
tap_like "$tap_out" "^    $digest\$" "says which"

# the second bundle of prove is imported, and so under the policy too: it says what KMS has of the material
fetch --policy policy.yaml --key-uri "$key_uri" --valid-to "$(jq -r .receipt.valid_to order.bundle)" --import-type EXISTING_KEY_MATERIAL \
	--key-material-id "$(jq -r .receipt.key_material_id order.bundle)" --key-material-description \
	"sha256:$(jq -r .material.encrypted_key_material order.bundle | base64 -d | sha256sum | cut -d ' ' -f 1)" --out second.bundle
is 0 "$digest" "a second request for it"
wrap --policy policy.yaml second.bundle
is 0 "$digest" "the same key wrapped into it"
tap_exits 7 "prove without the policy" "$client" prove --by second.bundle order.bundle
tap_like "$tap_err" "second.bundle: the material is under the policy of SHA-256 $digest" "by that"
tap_exits 0 "prove under the policy" "$client" prove --by second.bundle --policy policy.yaml order.bundle

# a plan is held to it as a whole, before anything is made
cat >plan.yaml <<END
keyhaul_plan: 1
keys:
  - {name: fine, key_id: "$arn", wrapping_algorithm: RSAES_OAEP_SHA_1, wrapping_key_spec: RSA_2048, expires: 90d,
     materials: [{key_uri: "$key_uri"}]}
  - {name: new, region: eu-central-1, create: {key_spec: HMAC_256}, wrapping_algorithm: RSAES_OAEP_SHA_1, expires: 90d,
     materials: [{key_uri: "$key_uri"}]}
END
tap_exits 7 "a plan with a key that the policy forbids" "$client" fetch --plan plan.yaml --policy policy.yaml --out plan
tap_like "$tap_err" "new: policy rule 'key_specs' allows SYMMETRIC_DEFAULT, and the key spec is HMAC_256 \(policy.yaml:5\)" "by key and rule"
tap_is "$(ls plan)" "" "nothing was made, nothing fetched"
sed '5,$d' plan.yaml >fine.yaml
tap_exits 0 "the plan without it" "$client" fetch --plan fine.yaml --policy policy.yaml --out plan
tap_like "$tap_out" "^next: keyhaul-token wrap --token 'pkcs11:token=keyhaul-rehearsal' --policy policy.yaml 'plan'/..bundle\$" "what is next is under it"
tap_exits 0 "the plan under a policy with approvals" "$client" fetch --plan fine.yaml --policy asks.yaml --out asks
tap_like "$tap_out" "^next: keyhaul-token approve --signer '[^']*' --cert FILE --policy asks.yaml 'asks'/..bundle\$" "is approved first"
tap_is "$(jq -r '.request | .policy_sha256, .token_serial' plan/*.bundle)" "$digest
$serial" "its bundles are under the policy, for its one token of that label"
tap_exits 7 "run again under another policy" "$client" fetch --plan fine.yaml --policy other.yaml --out plan
tap_like "$tap_err" "fetched under the policy of SHA-256 $digest, and in force is that of SHA-256 $other" "the bundle that is there does not count"

# renew: every step of it is under the policy, and none goes on under another
renew() {
	"$KEYHAUL_BUILD/keyhaul" renew --plan fine.yaml --dir renewed --expiring-within 91d --pin-file "$KEYHAUL_PIN_FILE" "$@"
}
sed 's/largest_expiry: 90d/largest_expiry: 89d/' policy.yaml >short.yaml
tap_exits 7 "renew under a policy that forbids the plan" renew --policy short.yaml
tap_is "$(find renewed -name '*.bundle' 2>/dev/null)" "" "fetches nothing"
tap_exits 0 "renew under the policy" renew --policy policy.yaml
tap_is "$(jq -r '.request.policy_sha256, .material.policy_sha256, (.receipt | length > 0)' renewed/*.bundle)" "$digest
$digest
true" "is fetched, wrapped and imported under it"

tap_exits 3 "a policy that is none" "$client" import --policy keys order.bundle
tap_like "$tap_err" "^error: keys: line 1, column [0-9]*: a policy has no " "with line and column"

# the example, as in the man page
sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$KEYHAUL_SRC/man/keyhaul-policy.5" | grep -v '^\.' >man.yaml
tap_is "$(grep -v '^#' "$KEYHAUL_SRC/doc/examples/policy.yaml")" "$(cat man.yaml)" "the man page has the example"

# an issuer's certificate is in a file beside the policy, which is the one that the policy means
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=CA -days 2 2>/dev/null
ca=$(openssl x509 -in ca.pem -noout -fingerprint -sha256 | cut -d= -f2)
sed "s/^material_signers: none/material_signers: [{name: a, issued_by: [{issuer: '$ca', file: ca.pem, subject: CN=a}]}]/" policy.yaml >issued.yaml
tap_exits 7 "an issuer's file" "$client" import --policy issued.yaml plain.bundle
tap_like "$tap_err" "the material's policy is none" "is the issuer's"
sed 's/file: ca.pem/file: keys/' issued.yaml >wrong.yaml
tap_exits 3 "a file that is no certificate" "$client" import --policy wrong.yaml plain.bundle
tap_like "$tap_err" "wrong.yaml: line 13, column [0-9]*: keys: " "is told with its line"
sed -e "s/issuer: '00/issuer: '11/;t" -e "s/issuer: '../issuer: '00/" issued.yaml >wrong.yaml
tap_exits 3 "another issuer's" "$client" import --policy wrong.yaml plain.bundle
tap_like "$tap_err" "wrong.yaml: line 13, column [0-9]*: ca.pem is the certificate of SHA-256 [0-9a-f]*, not the issuer's" "likewise"

# the host's policy: /etc of a mount namespace of our own
mkdir etc etc/keyhaul
cp -r /etc/ssl etc/ 2>/dev/null
cp /etc/ld.so.cache /etc/hosts etc/ 2>/dev/null
on_host() {
	tap_run unshare --map-root-user --mount sh -c 'mount --bind etc /etc && exec "$@"' sh "$@"
}
host_fetch() {
	rm -f no.bundle
	on_host "$client" fetch --key-id "$arn" --wrapping-algorithm RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048 \
		--key-uri "$key_uri" --valid-to 90d --out no.bundle "$@"
}
on_host true
if [ "$tap_status" -ne 0 ]; then
	while [ "$tap_count" -lt 116 ]; do
		tap_skip "the host's policy, $tap_count" "no mount namespaces here: $tap_err"
	done
	tap_done 121
fi
jq 'del(.material, .receipt, .proofs)' order.bundle >request.bundle
cp policy.yaml etc/keyhaul/
chmod 755 etc/keyhaul
chmod 644 etc/keyhaul/policy.yaml
host_fetch
is 0 "^    $digest\$" "the host's policy counts by itself"
tap_unlike "$tap_err" "can be written" "without a word more"
chmod 666 etc/keyhaul/policy.yaml
host_fetch
is 0 "/etc/keyhaul/policy.yaml can be written by everybody" "one that everybody can write is warned of"
chmod 664 etc/keyhaul/policy.yaml
chmod 777 etc/keyhaul
host_fetch
is 0 "/etc/keyhaul/policy.yaml can be written by its group" "or its group"
tap_like "$tap_err" "^warning: /etc/keyhaul can be written by everybody" "and a folder that is"
chmod 644 etc/keyhaul/policy.yaml
chmod 755 etc/keyhaul
on_host "$KEYHAUL_BUILD/keyhaul" policy
is 0 "this host  *has it as /etc/keyhaul/policy.yaml: it counts always" "keyhaul policy tells it"
on_host "$KEYHAUL_BUILD/keyhaul" policy other.yaml
is 0 "this host  *has another, and that counts; its SHA-256" "and that another does not count"
host_fetch --policy other.yaml
is 7 "--policy other.yaml \(SHA-256 $other\) is not this host's policy /etc/keyhaul/policy.yaml \(SHA-256 $digest\)" "no other beside it"
host_fetch --policy policy.yaml
is 0 "^    $digest\$" "the same bytes are the same policy"
on_host "$KEYHAUL_BUILD/keyhaul" inspect request.bundle
is 0 "^next: keyhaul-token wrap --key '[^']*' request.bundle\$" "what inspect says is next needs no --policy there"
sed 's/^approvals: .*/approvals: {threshold: 1, approvers: [{name: Ada, certificates: [0000000000000000000000000000000000000000000000000000000000000000]}]}/' \
	policy.yaml >etc/keyhaul/policy.yaml
on_host "$KEYHAUL_BUILD/keyhaul" inspect request.bundle
is 0 "^next: keyhaul-token approve --signer 'pkcs11:token=TOKEN;object=KEY' --cert FILE request.bundle" "and is an approval where one is missing"
cp policy.yaml etc/keyhaul/
on_host "$token" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy other.yaml request.bundle
is 7 "--policy other.yaml .* is not this host's policy" "nor at the wrap"
on_host "$client" import --policy other.yaml order.bundle
is 7 "--policy other.yaml .* is not this host's policy" "nor at the import"
on_host "$client" import plain.bundle
is 7 "the material's policy is none \(/etc/keyhaul/policy.yaml:1\)" "what was wrapped without one is not imported here"
on_host "$client" import-key-material --key-id "$arn" --import-token fileb://keys --encrypted-key-material fileb://keys
is 7 "this host's policy counts, and import-key-material is not held to it" "nor past it by the AWS CLI's verb"

# what makes a key is judged before it is made
ask() { sim_request "$(date -u +%Y%m%dT%H%M%SZ)" "TrentService.$1" "$2"; }
keys() { ask ListKeys '{}' | grep -o '"KeyId"' | wc -l; }
multi=$("$client" create --key-spec SYMMETRIC_DEFAULT --multi-region)
were=$(keys)
on_host "$client" create-key --origin EXTERNAL
is 7 "this host's policy counts, and create-key is not held to it" "no key is made by the AWS CLI's verb"
on_host "$client" replicate-key --key-id "$multi" --replica-region eu-west-1
is 7 "this host's policy counts, and replicate-key is not held to it" "nor a replica"
on_host "$client" create --key-spec HMAC_256
is 7 "rule 'key_specs' allows SYMMETRIC_DEFAULT, and the key spec is HMAC_256" "create: a key spec"
on_host "$client" replicate --key-id "$multi" --replica-region eu-west-1 --default-policy
is 7 "^error: policy rule 'regions' allows eu-central-1, and the Region of the KMS key is eu-west-1" "replicate: a Region"
sed -i 's/^regions.*/regions: [eu-central-1, eu-west-1]/' etc/keyhaul/policy.yaml
on_host "$client" replicate --key-id "$multi" --replica-region eu-west-1 --default-policy --out replica.bundle
is 7 "^error: policy rule 'largest_expiry' allows requests that say the expiry" "replicate: what its bundle lacks"
sed -i 's/^accounts.*/accounts: ["111122223333"]/' etc/keyhaul/policy.yaml
on_host "$client" create --key-spec SYMMETRIC_DEFAULT
is 7 "rule 'accounts' allows 111122223333, and the account of the KMS key is 000000000000" "create: an account, of which the credentials tell"
sed '3,4d; s/HMAC_256/SYMMETRIC_DEFAULT/' plan.yaml >made.yaml
on_host "$client" fetch --plan made.yaml --out forbidden
is 7 "^error: new: policy rule 'accounts' allows 111122223333, and the account of the KMS key is 000000000000" "and a plan's"
tap_is "$(keys) $(AWS_REGION=eu-west-1 && ask DescribeKey "{\"KeyId\":\"${multi##*/}\"}" | grep -o NotFoundException)" "$were NotFoundException" "no key was made"
sed -i 's/^accounts.*/accounts: ["000000000000"]/' etc/keyhaul/policy.yaml
on_host "$client" create --key-spec SYMMETRIC_DEFAULT
is 0 "^arn:aws:kms:eu-central-1:000000000000:key/" "what it allows is made"
sed -i 's/^regions.*/regions: [eu-central-2]/' etc/keyhaul/policy.yaml
host_fetch
is 7 "policy rule 'regions' allows eu-central-2, and .* \(/etc/keyhaul/policy.yaml:3\)" "its rules are told with its path"
jq 'del(.request.policy_sha256)' request.bundle >free.bundle
on_host "$token" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" free.bundle
is 7 "policy rule 'regions' allows eu-central-2" "at the wrap too"
# that it cannot be read is never that there is none
for broken in empty folder link words; do
	rm -rf etc/keyhaul/policy.yaml
	case $broken in
	empty) : >etc/keyhaul/policy.yaml ;;
	folder) mkdir etc/keyhaul/policy.yaml ;;
	link) ln -s nowhere etc/keyhaul/policy.yaml ;;
	words) echo "keyhaul_policy: one" >etc/keyhaul/policy.yaml ;;
	esac
	host_fetch
	is 7 "this host's policy counts, and cannot be read: /etc/keyhaul/policy.yaml" "broken: $broken"
done
on_host "$token" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" free.bundle
is 7 "this host's policy counts, and cannot be read: /etc/keyhaul/policy.yaml: line 1, column 17" "at the wrap too"
rm -r etc/keyhaul
ln -s /nowhere/keyhaul etc/keyhaul
host_fetch
is 7 "this host's policy counts, and cannot be read: /etc/keyhaul/policy.yaml" "broken: the folder is a link to what is not mounted"
tap_done 121
