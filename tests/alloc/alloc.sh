#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Every allocation of our own objects and of jansson fails once, in each command that works on a token or a bundle; and
# then with all behind it, at every third or eleventh. fail_alloc.c says what must hold each time. Of a pair's wrap, which
# begins as a secret's does, every third fails; under the sanitizers every ninth of all.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
. "$KEYHAUL_SRC/tests/token/people.sh"
tap_need softhsm2-util openssl jq
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

# walk NAME LEAST EVERY-MANIETH-OF-THE-REST PROGRAM VERB...: both ways; LEAST allocations there are, or nothing was walked,
# and of those that fail most are missed
walk() {
	walk_name=$1 walk_least=$2 walk_rest=$3 walk_program=$KEYHAUL_BUILD/tests/alloc/$4
	shift 4
	for KEYHAUL_ALLOC_MODE in one rest; do
		KEYHAUL_ALLOC_STEP=1
		[ "$walk_name" != "wrap a pair" ] || KEYHAUL_ALLOC_STEP=3
		[ "$KEYHAUL_ALLOC_MODE" = one ] || KEYHAUL_ALLOC_STEP=$walk_rest
		[ "${KEYHAUL_SANITIZERS:-no}" = no ] || KEYHAUL_ALLOC_STEP=$((KEYHAUL_ALLOC_STEP * 9))
		export KEYHAUL_ALLOC_MODE KEYHAUL_ALLOC_STEP
		LD_PRELOAD=$KEYHAUL_BUILD/tests/relay/one_rsa.so "$walk_program" "$@" >walked 2>walked.err </dev/null
		walk_status=$?
		read -r walk_word walk_n walk_passed_over walk_passed <<-END
			$(tail -n 1 walked)
		END
		walk_bad=$(grep -c '^bad' walked)
		walk_few=0
		[ $((walk_n * KEYHAUL_ALLOC_STEP)) -ge "$walk_least" ] && [ $((walk_passed * 4)) -lt "$walk_n" ] || walk_few=too-few
		tap_is "$walk_status $walk_word $walk_passed_over $walk_bad $walk_few" "0 walked passed-over 0 0" \
			"$walk_name: $walk_n allocations, $KEYHAUL_ALLOC_MODE of them failing, $walk_passed done without it" ||
			tap_diag "$(grep '^bad' walked | head -n 12; head -n 3 walked.err)"
	done
}

tap_one_rsa 2048 3072 || exit 1
blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
bundle() { # NAME SPEC ALGORITHM
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$1" w2048.der "$2" "$3" RSA_2048 "arn=$arn" "key_uri=pkcs11:object=$2"
}
for spec in SYMMETRIC_DEFAULT ECC_NIST_P256; do
	relay_direct generate --label "$spec" --key-spec "$spec" >/dev/null || exit 1
done
bundle secret SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 && bundle pair ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 || exit 1
KEYHAUL_ALLOC_TOKEN=$(dirname "$(find softhsm/tokens -name token.object)")
KEYHAUL_MODULE=$KEYHAUL_RELAY_MODULE
export KEYHAUL_ALLOC_TOKEN KEYHAUL_MODULE

walk slots 100 3 keyhaul-token slots
walk keys 20 3 keyhaul-token keys --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE"
walk "generate a secret" 60 3 keyhaul-token generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label new \
	--key-spec SYMMETRIC_DEFAULT
walk "generate a pair" 60 3 keyhaul-token generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label new \
	--key-spec ECC_NIST_P256
mkdir bundles
KEYHAUL_ALLOC_BUNDLE=bundles/b
export KEYHAUL_ALLOC_BUNDLE KEYHAUL_ALLOC_FRESH
for KEYHAUL_ALLOC_FRESH in secret pair; do
	walk "wrap a $KEYHAUL_ALLOC_FRESH" 350 11 keyhaul-token wrap --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" bundles/b
done
relay_direct wrap --out wrapped secret >/dev/null || exit 1
KEYHAUL_ALLOC_FRESH=wrapped
unset KEYHAUL_ALLOC_TOKEN
walk inspect 350 3 keyhaul inspect bundles/b
KEYHAUL_ALLOC_OUT=exported
export KEYHAUL_ALLOC_OUT
walk export 200 3 keyhaul export --to exported --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE bundles/b
unset KEYHAUL_ALLOC_BUNDLE KEYHAUL_ALLOC_FRESH
jq -n --arg key "$arn" --arg spki "$(base64 -w0 w2048.der)" --arg until "$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)" \
	'{KeyId: $key, ImportToken: "YWJjZA==", PublicKey: $spki, ParametersValidTo: $until}' >parameters.json
KEYHAUL_ALLOC_OUT=adopted
walk adopt 150 3 keyhaul adopt --parameters parameters.json --key-spec SYMMETRIC_DEFAULT --wrapping-algorithm RSAES_OAEP_SHA_256 \
	--out adopted

# one who approves, and what he approved in a copy
people_ca ca && people_file ann P-256
cat >policy.yaml <<END
keyhaul_policy: 1
endpoints: [unstated]
material_signers: none
approvals: {threshold: 1, approvers: [{name: Ann, issued_by: [{issuer: $(people_sha256 ca), file: ca.crt, subject: CN=ann}]}]}
END
jq '.request.intent = {expiration_model: "KEY_MATERIAL_DOES_NOT_EXPIRE"} | .request.token_serial = "1" |
	.request.key_uri = "pkcs11:object=k;id=%01"' secret >asked
digest=$(jq -jcS .request asked | sha256sum | cut -d' ' -f1)
unset KEYHAUL_ALLOC_OUT
KEYHAUL_ALLOC_BUNDLE=bundles/b KEYHAUL_ALLOC_FRESH=asked
export KEYHAUL_ALLOC_BUNDLE KEYHAUL_ALLOC_FRESH
walk approve 300 3 keyhaul-token approve --signer ann.key --cert ann.crt --policy policy.yaml --confirm "$digest" bundles/b
cp asked copy
"$KEYHAUL_BUILD/keyhaul-token" approve --signer ann.key --cert ann.crt --policy policy.yaml --confirm "$digest" copy >/dev/null || exit 1
walk merge 300 3 keyhaul merge bundles/b copy

# a closed transcript, and its page
unset KEYHAUL_ALLOC_BUNDLE KEYHAUL_ALLOC_FRESH
"$KEYHAUL_BUILD/keyhaul" adopt --parameters parameters.json --key-spec SYMMETRIC_DEFAULT --wrapping-algorithm RSAES_OAEP_SHA_256 \
	--out order --transcript day >/dev/null 2>&1 || exit 1
"$KEYHAUL_BUILD/keyhaul" transcript close --signer ann.key --cert ann.crt day >/dev/null || exit 1
KEYHAUL_ALLOC_OUT=page
export KEYHAUL_ALLOC_OUT
walk record 300 9 keyhaul record --closed-by ann.crt --out page -- day
tap_done 24
