#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# wrap on SoftHSM: what it writes, and everything that it refuses, with the
# token as it was before and the bundle as it was before.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"

tap_need jq openssl softhsm2-util flock
object=$KEYHAUL_BUILD/tests/token/token_object
# shellcheck disable=SC2154 # tap.sh sets tap_status and the like
make_bundle=$KEYHAUL_BUILD/tests/token/make_bundle
real=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
china=arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

on_token() {
	"$object" "$KEYHAUL_TOKEN" "$(cat "$KEYHAUL_PIN_FILE")" "$@"
}

# fresh BUNDLE [SPEC ALGORITHM [NAME=VALUE...]]: a request for w2048.pem
fresh() {
	rm -f "$1"
	fresh_name=$1
	fresh_spec=${2:-SYMMETRIC_DEFAULT}
	fresh_alg=${3:-RSAES_OAEP_SHA_1}
	shift
	[ $# -gt 0 ] && shift
	[ $# -gt 0 ] && shift
	"$make_bundle" "$fresh_name" w2048.der "$fresh_spec" "$fresh_alg" RSA_2048 "$@" || tap_diag "no bundle $fresh_name"
}

# refused STATUS ERE WHAT OPTION...: b.bundle stays as it was
refused() {
	refused_status=$1
	refused_words=$2
	refused_what=$3
	shift 3
	cp b.bundle before
	tap_run "$TOKEN" wrap --pin-file "$KEYHAUL_PIN_FILE" "$@" b.bundle
	if [ "$tap_status" -eq "$refused_status" ] && printf '%s' "$tap_err" | grep -Eq -e "$refused_words" &&
		cmp -s b.bundle before && [ -z "$tap_out" ]; then
		tap_ok 0 "refused: $refused_what"
	else
		tap_ok 1 "refused: $refused_what"
		tap_diag "status $tap_status, wanted $refused_status; stdout: $tap_out; stderr: $tap_err"
	fi
}

key() { # LABEL
	printf '%s;object=%s' "$KEYHAUL_TOKEN" "$1"
}

blob_key 2048
token_softhsm
head -c 32 /dev/urandom >value
for put in 'payroll' 'open sensitive=0' 'fixed extractable=0' 'trusted trusted=1' 'twin' 'twin'; do
	# shellcheck disable=SC2086 # label and attributes
	set -- $put
	label=$1
	shift
	on_token put aes "$label" "$(blob_hex value)" "$@"
done
on_token put generic mac "$(blob_hex value)"
count=$(on_token count)
tap_is "$count" 7 "seven keys are on the token"

# what it writes
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 'key_uri=pkcs11:object=payroll;type=secret-key'
cp b.bundle request.bundle
tap_exits 0 "a key is wrapped" "$TOKEN" wrap --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_like "$tap_out" 'OAEP SHA1, MGF1 SHA1; the same key by its AES encryption' "the result says what was proven"
tap_like "$tap_out" '^next: keyhaul-kms import .*b\.bundle$' "and what to type next"
blob_open RSAES_OAEP_SHA_1 w2048.pem b.bundle opened && cmp -s opened value
tap_ok $? "openssl opens it to the key on the token"
tap_is "$(jq -jcS .request b.bundle)" "$(jq -jcS .request request.bundle)" "the request is as it was"
tap_is "$(jq -r .material.request_sha256 b.bundle)" "$(jq -jcS .request b.bundle | sha256sum | cut -d' ' -f1)" \
	"the material names its request by digest"
tap_is "$(jq -c '.material | [.token.label, .key.label, .key.sensitive, .key.kept, .mechanisms[0].number,
	.proof.oaep_hash, .policy_sha256]' b.bundle)" '["keyhaul-rehearsal","payroll",true,true,9,"SHA1","none"]' \
	"the material says token, key, mechanism and proof"
cp b.bundle wrapped.bundle
cp request.bundle b.bundle
tap_exits 0 "--out leaves the bundle as it is" "$TOKEN" wrap --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" \
	--out out.bundle --json b.bundle
jq -e '.ok and .results[0].ok and (.results[0].bundle == "out.bundle")' out >/dev/null && cmp -s b.bundle request.bundle &&
	jq -e .material out.bundle >/dev/null
tap_ok $? "and writes the new one"
refused 3 'exists' "--out to a file that exists" --key "$(key payroll)" --out out.bundle

# material, receipt
cp wrapped.bundle b.bundle
refused 7 'it has material already' "a bundle with material" --key "$(key payroll)"
cp wrapped.bundle b.bundle
tap_exits 0 "--again wraps again" "$TOKEN" wrap --again --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_isnt "$(jq -r .material.encrypted_key_material b.bundle)" "$(jq -r .material.encrypted_key_material wrapped.bundle)" \
	"and the material is new"
material=$(jq -jcS .material wrapped.bundle | sha256sum | cut -d' ' -f1)
jq --arg m "$material" '.receipt = {expiration_model: "KEY_MATERIAL_DOES_NOT_EXPIRE", imported_at: "2026-11-22T10:00:00Z",
	material_sha256: $m}' wrapped.bundle >b.bundle
refused 7 'it is imported already' "a bundle with a receipt" --key "$(key payroll)"
refused 7 'would drop its receipt' "and with --again, so that the receipt is not lost" --again --key "$(key payroll)"

# keys
fresh b.bundle
refused 7 'not extractable.*CKR_KEY_UNEXTRACTABLE \(0x6A\)' "a key that is not extractable" --key "$(key fixed)"
refused 7 'not sensitive' "a key that is not sensitive" --key "$(key open)"
refused 7 'CKA_WRAP_WITH_TRUSTED' "a key for trusted wrapping keys" --key "$(key trusted)"
refused 3 '2 keys' "two keys of one label" --key "$(key twin)"
refused 3 "no key 'none'" "a key that is not there" --key "$(key none)"
refused 7 'the request is for SYMMETRIC_DEFAULT' "a key of another kind" --key "$(key mac)"
refused 2 'names no key' "a URI of no key" --key "$KEYHAUL_TOKEN"
refused 2 'names no key' "a token, and a request that names no key" --token "$KEYHAUL_TOKEN"
refused 3 "labelled 'payroll' already" "--generate of a label that is there" --token "$KEYHAUL_TOKEN" --generate payroll
tap_exits 0 "--allow-non-sensitive" "$TOKEN" wrap --allow-non-sensitive --key "$(key open)" \
	--pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_like "$tap_err" 'warning: .*not sensitive' "warns"
fresh b.bundle HMAC_512
refused 7 'the request is for HMAC_512' "a secret of another length" --key "$(key mac)"

# requests
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 valid_to=-5
refused 7 'expired|past' "parameters past their time" --key "$(key payroll)"
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 key_uri=pkcs11:object=other
refused 7 "is for the key 'other'" "a --key that is not request.key_uri" --key "$(key payroll)"
refused 7 "is for the key 'other'" "a --generate that is not request.key_uri" --token "$KEYHAUL_TOKEN" --generate x
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 'key_uri=pkcs11:id=%99'
refused 7 'not the one that the request is for' "a key whose id is not the request's" --key "$(key payroll)"
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 'key_uri=pkcs11:token=another;object=payroll'
refused 7 'another token' "another token than the request's" --key "$(key payroll)"
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 token_serial=feed
refused 7 'serial feed' "another token by its serial" --key "$(key payroll)"
fresh other.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 "arn=$real"
jq -s '.[0] + {material: .[1].material}' other.bundle wrapped.bundle >b.bundle
refused 7 'another request' "the material of another bundle" --again --key "$(key payroll)"
fresh b.bundle HMAC_256 RSAES_OAEP_SHA_256
refused 7 'the proof failed.*CKR_ARGUMENTS_BAD \(0x7\)' "a hash that the token does not do" --key "$(key mac)"
tap_like "$tap_err" 'hint: nothing was wrapped; .*RSAES_OAEP_SHA_1' "and says what to do"
head -c 900 wrapped.bundle >b.bundle
refused 3 'b.bundle' "half a bundle" --key "$(key payroll)"

# PIN, files
fresh b.bundle
printf 'wrong\n' >wrong.pin
cp b.bundle before
tap_exits 4 "a wrong PIN" "$TOKEN" wrap --debug --key "$(key payroll)" --pin-file wrong.pin b.bundle
tap_is "$(grep -c '^debug: .* C_Login' err)" 1 "is tried once"
for i in 1 2; do
	fresh $i.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 key_uri=pkcs11:object=payroll
done
tap_exits 4 "a wrong PIN with two bundles" "$TOKEN" wrap --debug --token "$KEYHAUL_TOKEN" --pin-file wrong.pin 1.bundle 2.bundle
tap_is "$(grep -c '^debug: .* C_Login' err) $(grep -c '^error: ' err)" "1 1" "ends the run at the login"
flock b.bundle.lock "$TOKEN" wrap --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" b.bundle >out 2>err
tap_is $? 6 "a lock in the way"
rm -f b.bundle.lock
cmp -s b.bundle before
tap_ok $? "leaves the bundle as it was"
mv b.bundle there.bundle
ln -s there.bundle b.bundle
refused 3 'symbolic link|symlink' "a symbolic link" --key "$(key payroll)"
rm b.bundle
mv there.bundle b.bundle
(
	trap '' XFSZ
	ulimit -f 1
	exec "$TOKEN" wrap --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" b.bundle >out 2>err
)
tap_is $? 1 "no room on the disk"
cmp -s b.bundle before && [ "$(find . -name 'b.bundle?*' | wc -l)" -eq 0 ]
tap_ok $? "leaves the bundle as it was, and no temporary file"

# generate, rehearsals
fresh b.bundle
tap_exits 0 "--generate --no-keep" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --generate gone --no-keep \
	--pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_like "$tap_err" 'never be imported again' "warns"
tap_is "$(jq -c .material.key.kept b.bundle)" false "and the material says that it was not kept"
tap_is "$(on_token count)" "$count" "after all of this the token has what it had"
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 "arn=$china"
tap_exits 0 "in aws-cn an AES key of 16 bytes is made" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --generate sixteen --no-keep \
	--pin-file "$KEYHAUL_PIN_FILE" b.bundle
blob_open RSAES_OAEP_SHA_1 w2048.pem b.bundle opened
tap_is "$(wc -c <opened)" 16 "and wrapped"
fresh b.bundle HMAC_256
tap_exits 0 "--generate of an HMAC key" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --generate made \
	--pin-file "$KEYHAUL_PIN_FILE" b.bundle
blob_open RSAES_OAEP_SHA_1 w2048.pem b.bundle opened
tap_is "$(printf challenge | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(blob_hex opened)" -r | cut -d' ' -f1)" \
	"$(on_token mac made "$(printf challenge | od -An -tx1 | tr -d ' \n')")" "the opened key has the MAC of the token's"
fresh b.bundle
tap_exits 0 "--token-objects" "$TOKEN" wrap --token-objects --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_is "$(on_token count)" $((count + 1)) "leaves no temporary object"

# many
fresh 1.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 key_uri=pkcs11:object=payroll
fresh 2.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 key_uri=pkcs11:object=missing
fresh 3.bundle HMAC_256 RSAES_OAEP_SHA_1 key_uri=pkcs11:object=mac
cp wrapped.bundle 4.bundle
tap_exits 3 "one failure does not stop the others" "$TOKEN" wrap --json --debug --token "$KEYHAUL_TOKEN" \
	--pin-file "$KEYHAUL_PIN_FILE" 1.bundle 2.bundle 3.bundle 4.bundle
tap_is "$(jq -c '[.results[] | .ok, .skipped // false]' out)" '[true,false,false,false,true,false,true,true]' \
	"each has its result, and what is done is passed over"
tap_is "$(grep -c '^debug: .* C_Login' err)" 1 "in one login"
tap_exits 2 "--key is for one bundle" "$TOKEN" wrap --key "$(key payroll)" 1.bundle 2.bundle
tap_exits 2 "--key or --token" "$TOKEN" wrap --key "$(key payroll)" --token "$KEYHAUL_TOKEN" 1.bundle
tap_exits 2 "--token names no key" "$TOKEN" wrap --token "$KEYHAUL_TOKEN;object=other" --pin-file "$KEYHAUL_PIN_FILE" 1.bundle
tap_exits 2 "nor for many" "$TOKEN" wrap --token "$KEYHAUL_TOKEN;object=other" --pin-file "$KEYHAUL_PIN_FILE" 1.bundle 2.bundle
tap_exits 2 "nor for a probe" "$TOKEN" probe --token "$KEYHAUL_TOKEN;object=other" --pin-file "$KEYHAUL_PIN_FILE"
tap_exits 2 "--no-keep goes with --generate" "$TOKEN" wrap --no-keep --token "$KEYHAUL_TOKEN" 1.bundle

# The clock is read when it counts: the PIN comes late, and by then the time is another.
mkfifo pin.fifo
waits() { # SECONDS: wrap asks for its PIN, which comes when so many have passed
	tap_start late "$TOKEN" wrap --key "$(key payroll)" --pin-file pin.fifo b.bundle
	late_pid=$tap_pid
	exec 8>pin.fifo
	late_from=$(date +%s)
	tap_poll 20 later "$1"
	late_at=$(date +%s)
	cat "$KEYHAUL_PIN_FILE" >&8
	exec 8>&-
	wait "$late_pid"
}
# shellcheck disable=SC2317 # tap_poll calls it
later() { [ "$(date +%s)" -gt $((late_from + $1)) ]; }
fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 valid_to=2
cp b.bundle before
waits 2
tap_is "$?" 7 "parameters that ended while the PIN was awaited"
tap_like "$(cat late.err)" 'expired|ended|valid' "is said"
cmp -s b.bundle before
tap_ok $? "and the bundle is as it was"
fresh b.bundle
waits 0
tap_is "$?" 0 "a PIN that comes late"
[ "$(date -d "$(jq -r .material.wrapped_at b.bundle)" +%s)" -ge "$late_at" ]
tap_ok $? "wrapped_at is when it was wrapped"

# a result that cannot be printed
fresh b.bundle
"$TOKEN" wrap --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" b.bundle >/dev/full 2>full.err
tap_is "$? $(jq 'has("material")' b.bundle)" "1 true" "the result cannot be printed, the bundle is written"
tap_like "$(cat full.err)" '^hint: what it says was done' "and that is said"
cp b.bundle user.lock
fresh user
"$TOKEN" wrap --key "$(key payroll)" --pin-file "$KEYHAUL_PIN_FILE" user >/dev/null 2>full.err
tap_is "$? $(cmp b.bundle user.lock)" "3 " "a user's file by the lock's name is refused and stays"

fresh b.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 'key_uri=pkcs11:object=payroll;type=private'
refused 7 "the request is for the key 'pkcs11:object=payroll;type=private', not for '.*;type=secret-key'" \
	"another type than the request's, before the token is asked" --key "$(key payroll);type=secret-key" --module /none

# a token that is not for rehearsals
eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/softhsm" keyhaul-prod)"
on_token put aes payroll "$(blob_hex value)"
fresh b.bundle
refused 7 'not a rehearsal token' "a rehearsal's request on a token that is not for rehearsals" --key "$(key payroll)"
refused 7 'not a rehearsal token' "the same with --generate" --token "$KEYHAUL_TOKEN" --generate x
tap_exits 0 "but with --generate --no-keep" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --generate x --no-keep \
	--pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_is "$(on_token count)" 1 "the token has what it had"
fresh b.bundle
tap_exits 0 "--generate --no-keep --token-objects" "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --generate x --no-keep \
	--token-objects --pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_is "$(on_token count)" 1 "leaves nothing on the token"
tap_is "$(jq -r '.material.key | "\(.label) \(.kept)"' b.bundle)" "x false" "and records the label that was asked for"
fresh b.bundle
tap_run "$TOKEN" wrap --token "$KEYHAUL_TOKEN" --generate x --no-keep --kwp-mechanism 0x210A --pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_like "$tap_status $tap_err" '^0 .*--kwp-mechanism chooses nothing for a request of RSAES_OAEP_SHA_1' "what chooses nothing is said"

# a token's own name is text from outside: on no line but its own
softhsm2-util --init-token --free --label "keyhaul-rehearsal
2: wrapped" --so-pin 12345678 --pin "$(cat "$KEYHAUL_PIN_FILE")" >/dev/null
odd='pkcs11:token=keyhaul-rehearsal%0A2%3A%20wrapped'
tap_run "$TOKEN" slots
tap_is "$(printf '%s\n' "$tap_out" | grep -c '^2: wrapped') $(printf '%s' "$tap_out" | grep -c "'keyhaul-rehearsal.x0A2: wrapped'")" "0 1" \
	"slots: a line end in a token's label is escaped"
fresh b.bundle
tap_run "$TOKEN" wrap --token "$odd" --generate x --pin-file "$KEYHAUL_PIN_FILE" b.bundle
tap_is "$tap_status $(printf '%s\n' "$tap_out" | grep -c '^2: wrapped') $(printf '%s' "$tap_out" | grep -c "of token 'keyhaul-rehearsal.x0A2")" "0 0 1" \
	"wrap: likewise"
softhsm2-util --delete-token --token "keyhaul-rehearsal
2: wrapped" >/dev/null 2>&1
tap_done 85
