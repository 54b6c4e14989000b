#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Approvals M of N and signed material: what wrap and import take, and each attack on them, refused with its reason. What an
# attacker signs he signs with openssl alone.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"

tap_need jq openssl softhsm2-util pkcs11-tool python3
make_bundle=$KEYHAUL_BUILD/tests/token/make_bundle
KEYHAUL=$KEYHAUL_BUILD/keyhaul

blob_key 2048
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null | openssl pkey -pubout -outform DER -out theirs.der
token_softhsm
for label in order other; do
	token_run generate --json --label $label --key-spec SYMMETRIC_DEFAULT
	printf '%s' "$tap_out" | jq -r '.results[0].uri' | sed 's/[?].*//' >$label.uri
done
serial=$(sed -n 's/.*serial=\([^;]*\).*/\1/p' order.uri)

# Ann has a key in the token and another in a file, Ben's certificate is of the CA's, Cy's is pinned; Dan's has expired, Eve's
# is revoked. hsm signs material.
people_ca ca
people_token ann EC:prime256v1 --always-auth
people_token hsm rsa:2048
people_file ann2 P-256
people_file ben P-384
people_file cy rsa:2048
people_file dan P-256 -1
people_file eve P-256
people_cn=ben
people_file server P-256 10 'extendedKeyUsage=serverAuth'
people_file critical P-256 10 '1.2.3.4.5=critical,ASN1:UTF8String:x'
people_file old P-256
openssl x509 -new -force_pubkey old.pub -CA ca.crt -CAkey ca.key -subj /CN=ben -days 10 -sha1 -out old.crt
unset people_cn
# Eve's again, with the CA's signature mirrored (r, n - s): as good, and of another fingerprint
cp eve.key mirror.key
openssl x509 -in eve.crt -outform DER -out eve.der
python3 - eve.der <<'PY' | openssl x509 -inform DER -out mirror.crt
import sys
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551 # of P-256
def take(b):
    n, head = b[1], 2
    if n & 0x80:
        head += n & 0x7f
        n = int.from_bytes(b[2:head], "big")
    return b[head:head + n], b[:head + n], b[head + n:]
def put(tag, c):
    n = len(c)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82]) + n.to_bytes(2, "big")
    return bytes([tag]) + size + c
def number(n):
    return put(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))
_, tbs, rest = take(take(open(sys.argv[1], "rb").read())[0])
_, algorithm, rest = take(rest)
pair = take(take(rest)[0][1:])[0]
r, _, rest = take(pair)
s = take(rest)[0]
pair = put(0x30, number(int.from_bytes(r, "big")) + number(N - int.from_bytes(s, "big")))
sys.stdout.buffer.write(put(0x30, tbs + algorithm + put(3, b"\0" + pair)))
PY
people_ca twins
people_cn=ben people_file twin P-384
policy() { # THRESHOLD
	cat <<-END
		keyhaul_policy: 1
		endpoints: [unstated]
		approvals:
		  threshold: $1
		  approvers:
		    - {name: Ann, certificates: [$(people_sha256 ann), $(people_sha256 ann2)]}
		    - {name: Ben, issued_by: [{issuer: $(people_sha256 ca), file: ca.crt, subject: CN=ben}]}
		    - {name: Cy, certificates: [$(people_sha256 cy)]}
		    - {name: Dan, certificates: [$(people_sha256 dan)]}
		    - {name: Eve, issued_by: [{issuer: $(people_sha256 ca), file: ca.crt, subject: CN=eve}]}
		material_signers:
		  - {name: HSM, certificates: [$(people_sha256 hsm)]}
		revoked: [$(people_sha256 eve)]
	END
}
policy 2 >policy.yaml
policy 1 >lax.yaml
sed '/^material_signers/,/HSM/d; $a material_signers: none' policy.yaml >unsigned.yaml

digest() { # BUNDLE
	jq -jcS .request "$1" | sha256sum | cut -d' ' -f1
}

fresh() { # BUNDLE KEY
	rm -f "$1.tmp" "$1"
	"$make_bundle" "$1.tmp" w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "key_uri=$(cat "$2.uri")" token_serial="$serial"
	jq '.request.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_for: 864000}' "$1.tmp" >"$1"
}

approve() { # NAME BUNDLE [OPTION...]
	approve_name=$1 approve_bundle=$2
	shift 2
	approve_key=$approve_name.key
	[ -f "$approve_key" ] || approve_key="$KEYHAUL_TOKEN;object=$approve_name"
	tap_run "$TOKEN" approve --policy policy.yaml --signer "$approve_key" --cert "$approve_name.crt" \
		--pin-file "$KEYHAUL_PIN_FILE" --confirm "$(digest "$approve_bundle")" "$@" "$approve_bundle"
}

# forge KEY PERSON BUNDLE [POLICY]: his approval in that person's name, made with openssl
forge() {
	jq -jcS --arg p "$(sha256sum <"${4:-policy.yaml}" | cut -d' ' -f1)" --arg r "$(digest "$3")" --arg a "$2" -n \
		'{approver: $a, policy_sha256: $p, request_sha256: $r}' >forged.json
	openssl cms -sign -binary -md sha256 -outform DER -in forged.json -signer "$1.crt" -inkey "$1.key" -out forged.p7s
	jq --slurpfile a forged.json --arg s "$(base64 -w0 forged.p7s)" \
		'.approvals = (.approvals // []) + [{approval: $a[0], signature: $s}]' "$3" >forged.tmp && mv forged.tmp "$3"
}

# wrap_refused WHAT ERE BUNDLE [POLICY]: status 7 for that reason, and the bundle is as it was
wrap_refused() {
	cp "$3" before
	tap_run "$TOKEN" wrap --key "$(cat order.uri)" --pin-file "$KEYHAUL_PIN_FILE" --policy "${4:-policy.yaml}" \
		--signer "$KEYHAUL_TOKEN;object=hsm" --cert hsm.crt "$3"
	[ "$tap_status" -eq 7 ] && printf '%s' "$tap_err" | grep -Eq -e "$2" && cmp -s "$3" before && [ -z "$tap_out" ]
	tap_ok $? "wrap refuses: $1" || tap_diag "status $tap_status: $tap_err"
}

# approving
fresh a.bundle order
cp a.bundle request.bundle
approve ann a.bundle
tap_is "$tap_status:$tap_out" "0:a.bundle: approved by 'Ann'; 1 of the 2 approvals that the policy asks for are there" \
	"a key that always wants its PIN approves"
wrap_refused "one of two" "2 of 5 people have to approve .* 1 did: Ann; missing: Ben, Cy, Dan, Eve" a.bundle
approve ann2 a.bundle
tap_like "$tap_out" "was approved before by 'Ann'; 1 of the 2 .*; nothing was signed now" "one person's second certificate adds nothing"
cp request.bundle b.bundle
approve ben b.bundle
tap_is "$tap_status" 0 "a certificate of the CA's approves" || tap_diag "$tap_err"
tap_exits 0 "merge joins two copies" "$KEYHAUL" merge --out good.bundle a.bundle b.bundle
tap_is "$(jq -r '[.approvals[].approval.approver] | join(" ")' good.bundle)" "Ann Ben" "both approvals are there"
tap_exits 0 "merge again adds none" "$KEYHAUL" merge good.bundle b.bundle a.bundle
tap_like "$tap_out" '2 approvals, 0 of them new' "and says so"
fresh other.bundle other
approve ben other.bundle
approve cy other.bundle
tap_exits 7 "merge refuses another bundle's" "$KEYHAUL" merge good.bundle other.bundle
tap_like "$tap_err" 'not copies of one bundle: the request differs' "and says why"
tap_like "$("$KEYHAUL" inspect good.bundle)" "approval +'Ann', signed 20.*" \
	"inspect tells who approved"

# who may not
while IFS='|' read -r name status why; do
	cp request.bundle refused.bundle
	approve "$name" refused.bundle
	[ "$tap_status" -eq "$status" ] && printf '%s' "$tap_err" | grep -Eq -e "$why" && cmp -s request.bundle refused.bundle
	tap_ok $? "approve refuses $name" || tap_diag "status $tap_status: $tap_err"
done <<-END
	dan|7|has expired
	eve|7|is revoked
	mirror|7|is revoked
	twin|7|not shown to be issued by
	hsm|7|is nobody's
	server|7|is not a person's .extended key usage
	critical|7|has a critical extension that is not known
	old|7|not shown to be issued by .* digest algorithm too weak
END
# what nobody may approve
while IFS='|' read -r what filter why; do
	jq "$filter" request.bundle >refused.bundle
	cp refused.bundle before
	approve cy refused.bundle
	[ "$tap_status" -eq 7 ] && printf '%s' "$tap_err" | grep -Eq -e "$why" && cmp -s before refused.bundle
	tap_ok $? "approve refuses $what" || tap_diag "status $tap_status: $tap_err"
done <<-'END'
	parameters past their time|.request += {fetched_at: "2026-01-01T00:00:00Z", parameters_valid_to: "2026-01-02T00:00:00Z"}|2026-01-02T00:00:00Z
	what the policy forbids|.request.endpoint = "https://kms.example"|policy rule 'endpoints' allows .* is https://kms.example
END
tap_run "$TOKEN" approve --policy policy.yaml --signer cy.key --cert cy.crt --confirm "$(digest other.bundle)" request.bundle
tap_is "$tap_status" 7 "another request's digest is not confirmed"
tap_run "$TOKEN" approve --signer cy.key --cert cy.crt --confirm "$(digest request.bundle)" request.bundle
tap_is "$tap_status" 2 "no approval without a policy"
printf 'no\n%.0s' 1 2 3 4 5 6 7 8 |
	"$TOKEN" approve --policy policy.yaml --signer cy.key --cert cy.crt request.bundle >out 2>err
tap_is "$? $(grep -c '^error: .*8 of 8 words are not those of the request' err)" "7 1" "eight words that are not the request's"
! grep -q approvals request.bundle
tap_ok $? "nothing was approved by these"

# the request changed after it was approved: as it is, and with the digest in the approvals made to fit
while IFS='|' read -r what filter; do
	jq --arg key "$(base64 -w0 theirs.der)" "$filter" good.bundle >changed.bundle
	wrap_refused "$what" "'Ann' approved another request" changed.bundle
	jq --arg d "$(digest changed.bundle)" '.approvals[].approval.request_sha256 = $d' changed.bundle >fit.bundle
	wrap_refused "$what, digests made to fit" "missing: Ann, Ben, Cy, Dan, Eve; the approval of 'Ann': .* is of something else" \
		fit.bundle
done <<-'END'
	wrapping key replaced|.request.public_key = $key
	import token replaced|.request.import_token = "AAAA"
	key ARN replaced|.request.kms_key_arn |= sub("1234abcd"; "aaaabbbb")
	algorithm changed|.request.wrapping_algorithm = "RSAES_OAEP_SHA_256"
	expiry changed|.request.intent.valid_for = 31536000
	key on the token changed|.request.key_uri |= sub("object=order"; "object=other")
END
jq --slurpfile o other.bundle '.approvals = $o[0].approvals' request.bundle >replayed.bundle
wrap_refused "approvals of another request replayed" "'Ben' approved another request" replayed.bundle

# who signed, and how; one approval is Cy's, and one more is wanted
while IFS='|' read -r what forger person policy why; do
	cp request.bundle forged.bundle
	approve cy forged.bundle
	forge "$forger" "$person" forged.bundle "$policy"
	wrap_refused "$what" "$why" forged.bundle
done <<-END
	a certificate that has expired|dan|Dan|policy.yaml|'Dan': the certificate of 'CN=dan' has expired
	a certificate that is revoked|eve|Eve|policy.yaml|'Eve': the certificate of 'CN=eve' is revoked
	the same with its signature mirrored|mirror|Eve|policy.yaml|'Eve': the certificate of 'CN=eve' is revoked
	the same name from another CA|twin|Ben|policy.yaml|'Ben': the certificate of 'CN=ben' is not shown to be issued by 'CN=The CA'
	an approval under another policy|ben|Ben|lax.yaml|'Ben': it is under another policy
	one person twice, by two names|cy|Ben|policy.yaml|'Ben': it names another than 'Cy'
	a person's approval twice|cy|Cy|policy.yaml|1 did: Cy; missing
END
cp a.bundle twice.bundle
forge ann2 Ann twice.bundle
wrap_refused "one person with two certificates" "1 did: Ann; missing" twice.bundle
jq '.approvals[0].signature = .approvals[1].signature' good.bundle >swapped.bundle
wrap_refused "one's signature under another's name" "'Ann': the CMS signature is of something else" swapped.bundle
jq '.approvals[0].approval.policy_sha256 = "'"$(sha256sum <lax.yaml | cut -d' ' -f1)"'"' good.bundle >laxer.bundle
wrap_refused "approvals given for a laxer policy" "'Ann': it is under another policy" laxer.bundle
wrap_refused "approvals of this one under a laxer policy" "'Ann': it is under another policy" good.bundle lax.yaml

# the policy of the host counts where --policy is left out
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	host() { # COMMAND...: with the policy as the host's
		unshare -m sh -c 'mount -t tmpfs none /etc && mkdir /etc/keyhaul && cp policy.yaml ca.crt /etc/keyhaul && "$@"' host "$@"
	}
	tap_run host "$TOKEN" wrap --key "$(cat order.uri)" --pin-file "$KEYHAUL_PIN_FILE" a.bundle
	tap_like "$tap_status $tap_err" '^7 .*/etc/keyhaul/policy.yaml' "the host's policy counts without --policy"
	tap_run host "$TOKEN" wrap --key "$(cat order.uri)" --pin-file "$KEYHAUL_PIN_FILE" --policy lax.yaml a.bundle
	tap_like "$tap_status $tap_err" "^7 .*is not this host's policy" "and no other beside it"
else
	tap_skip "the host's policy counts without --policy" "not root"
	tap_skip "and no other beside it" "not root"
fi

# who is to type words sees on 24 lines what he agrees to: it stands last, and so does what is compared of a policy
tap_run setsid "$TOKEN" approve --policy policy.yaml --signer ann.key --cert ann.crt request.bundle </dev/null
printf '%s\n' "$tap_out" | tail -n 22 >last
tap_is "$(grep -oE '^  (KMS key|key on token|token serial|import says|request.s SHA-256)' last | tr -s ' ' | paste -sd,)" \
	" KMS key, key on token, token serial, import says, request's SHA-256" "the key, the token, the expiry and the words stand last"
"$KEYHAUL_BUILD/keyhaul" policy policy.yaml | tail -n 9 >last
tap_is "$(head -n 1 last | tr -d ' '):$(tail -n 1 last | grep -c '^    29  ')" "$(sha256sum <policy.yaml | cut -d' ' -f1):1" "a policy's digest and words stand last"

# material, signed by a key in the token that the login counts for already
cp good.bundle wrapped.bundle
tap_exits 7 "wrap refuses where nobody would sign the material" "$TOKEN" wrap --key "$(cat order.uri)" \
	--pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml wrapped.bundle
tap_exits 7 "and a signer that the policy does not list" "$TOKEN" wrap --key "$(cat order.uri)" \
	--pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml --signer cy.key --cert cy.crt wrapped.bundle
tap_exits 0 "two of five approved: it is wrapped and signed" "$TOKEN" wrap --key "$(cat order.uri)" \
	--pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml --signer "$KEYHAUL_TOKEN;object=hsm" --cert hsm.crt wrapped.bundle
tap_like "$tap_out" "signed by  'CN=hsm'" "the result says who signed"
tap_like "$tap_out" "^  approved by '[A-Za-z ]+', '[A-Za-z ]+'\$" "and who approved"
cp good.bundle second.bundle && cp good.bundle third.bundle
tap_exits 0 "several at once, by the request's own key" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --json \
	--pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml --signer "$KEYHAUL_TOKEN;object=hsm" --cert hsm.crt second.bundle third.bundle
tap_is "$(printf '%s' "$tap_out" | jq -c '[.results[].approved_by | length]')" "[2,2]" "each says who approved, in --json"
cp good.bundle second.bundle && cp good.bundle third.bundle
tap_run "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --policy policy.yaml \
	--signer "$KEYHAUL_TOKEN;object=hsm" --cert hsm.crt second.bundle third.bundle
tap_is "$(printf '%s\n' "$tap_out" | grep -c "^  approved by '.*', '.*'\$")" 2 "and in the table"
tap_is "$(jq -r .material.policy_sha256 wrapped.bundle)" "$(sha256sum <policy.yaml | cut -d' ' -f1)" "the material says which policy"

cp wrapped.bundle late.bundle
approve cy late.bundle
tap_like "$tap_status $tap_err" '^7 .*it was wrapped at .*: an approval from now on counts for nothing' "nobody approves what is wrapped"
cmp -s wrapped.bundle late.bundle
tap_ok $? "and it stays as it is"

import_refused() { # WHAT STATUS ERE BUNDLE
	cp "$4" before
	tap_run "$KEYHAUL_BUILD/keyhaul-kms" import --policy policy.yaml "$4"
	[ "$tap_status" -eq "$2" ] && printf '%s' "$tap_err" | grep -Eq -e "$3" && cmp -s "$4" before
	tap_ok $? "import refuses: $1" || tap_diag "status $tap_status: $tap_err"
}
if [ -x "$KEYHAUL_BUILD/keyhaul-kms" ]; then
	import_refused "nothing but that there are no credentials" 3 'credentials' wrapped.bundle
	# another key wrapped to the same wrapping key, by whoever has the request
	jq 'del(.approvals) | .request.key_uri = null | del(.request.key_uri)' good.bundle >loose.bundle
	"$TOKEN" wrap --key "$(cat other.uri)" --pin-file "$KEYHAUL_PIN_FILE" --signer cy.key --cert cy.crt loose.bundle >log 2>&1 ||
		tap_diag "$(cat log)"
	jq --slurpfile l loose.bundle '.material.encrypted_key_material = $l[0].material.encrypted_key_material' wrapped.bundle >put.bundle
	import_refused "material replaced by another key wrapped to the same wrapping key" 7 'material.s signature: .* is of something else' put.bundle
	jq 'del(.approvals[1])' wrapped.bundle >few.bundle
	import_refused "what one of two approved" 7 '2 of 5 people have to approve .* 1 did: Ann; missing' few.bundle
	jq 'del(.material_signature)' put.bundle >unsigned.bundle
	import_refused "material that is not signed" 7 'the material is not signed' unsigned.bundle
	jq -jcS .material put.bundle >put.json
	openssl cms -sign -binary -md sha256 -outform DER -in put.json -signer cy.crt -inkey cy.key -out put.p7s
	jq --arg s "$(base64 -w0 put.p7s)" '.material_signature = $s' unsigned.bundle >signed.bundle
	import_refused "material that another signed" 7 "the certificate of 'CN=cy' .* is nobody's" signed.bundle
	jq --slurpfile w wrapped.bundle '.material = $w[0].material | .material_signature = $w[0].material_signature' other.bundle >moved.bundle
	import_refused "material moved between bundles" 7 'wrapped for another request' moved.bundle
	jq '.material.wrapped_at |= sub("^2"; "3")' loose.bundle >later.bundle
	tap_run "$KEYHAUL_BUILD/keyhaul-kms" import later.bundle
	tap_like "$tap_status $tap_err" "^7 .*the material's signature: .* is of something else" "import refuses a bad signature without a policy"
else
	for what in 1 2 3 4 5 6 7; do tap_skip "import refuses" "keyhaul-kms is not built"; done
fi

tap_run "$KEYHAUL" policy policy.yaml
tap_unlike "$tap_err" warning "a policy that asks for both is not warned of"
tap_run "$KEYHAUL" policy unsigned.yaml
tap_like "$tap_err" "^warning: unsigned.yaml:[0-9]*: 'approvals' without 'material_signers': whoever has an approved bundle" "approvals alone are"

# who fetched it in the future, or for longer than KMS gives, has spans of the policy that begin later
at() { # SECONDS from now
	date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%SZ
}
while IFS='|' read -r what from to why; do
	jq --arg from "$(at "$from")" --arg to "$(at "$to")" 'del(.approvals) | .request.fetched_at = $from | .request.parameters_valid_to = $to |
		.request.kms_key_arn |= sub(":000000000000:"; ":111122223333:")' good.bundle >times.bundle
	cp times.bundle request2.bundle
	approve cy times.bundle
	[ "$tap_status" -eq 7 ] && printf '%s' "$tap_err" | grep -Eq -e "^error: .*$why"
	tap_ok $? "approve refuses $what" || tap_diag "status $tap_status: $tap_err"
	wrap_refused "$what" "$why" request2.bundle
done <<-END
	a fetch in the future|+400|+86000|the bundle was fetched at .*, and it is
	parameters for more than a day|-10|+86800|good until .*, and were fetched at
END

# what counts as an approval is not signed as a file
jq -jcS '.approvals[0].approval' good.bundle >words
jq -jcS .material wrapped.bundle >stuff
for file in words stuff; do
	tap_exits 7 "sign signs no such $file" "$TOKEN" sign --signer cy.key --cert cy.crt --out no.p7s $file
done

# anybody can look at it, with openssl alone
tap_exits 0 "export writes the approvals" "$KEYHAUL" export --to files wrapped.bundle
for part in "approval-1 ann.crt" "approval-2 ben.crt" "material hsm.crt"; do
	openssl cms -verify -binary -purpose any -partial_chain -CAfile "${part#* }" -inform DER -in "files/${part% *}.p7s" \
		-content "files/${part% *}.json" -out /dev/null 2>log
	tap_ok $? "openssl cms -verify takes ${part% *}" || tap_diag "$(cat log)"
done
grep '^openssl cms -verify' "$KEYHAUL_SRC/README.md" >command
[ -s command ] && sh ./command >got 2>log && cmp -s got files/approval-1.json
tap_ok $? "and so does README's command" || tap_diag "$(cat log)"
openssl cms -verify -binary -purpose any -partial_chain -CAfile ben.crt -inform DER -in files/approval-1.p7s \
	-content files/approval-1.json -out /dev/null 2>log
tap_is "$?" 4 "and not with another's certificate"
tap_done 85
