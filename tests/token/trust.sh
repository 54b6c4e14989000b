#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# Two-person control on the token: `generate --wrap-with-trusted`, `trust` as the security officer, and `wrap` under what he
# trusted and nothing else. On SoftHSM, which keeps to it, and NSS, which does not.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq
arn=key/1234abcd-12ab-34cd-56ef-1234567890ab

# bundle FILE WRAPPING-KEY [FIELD=VALUE...]: a request for the key `two`
bundle() {
	bundle_file=$1
	bundle_key=$2
	shift 2
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$bundle_file" "$bundle_key" SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 \
		"arn=arn:aws:kms:eu-central-1:${bundle_account:-000000000000}:$arn" key_uri=pkcs11:object=two "$@"
}

# over RULES VERB OPTION...: over the relay, without a PIN, into $tap_status and the like
over() {
	KEYHAUL_RELAY_RULES=$1
	export KEYHAUL_RELAY_RULES
	: >"$KEYHAUL_RELAY_TRACE"
	over_verb=$2
	shift 2
	[ -z "$preload" ] || export LD_PRELOAD="$preload"
	tap_run "$TOKEN" "$over_verb" --module "$RELAY" --token "$KEYHAUL_TOKEN" \
		${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"} "$@"
	unset KEYHAUL_RELAY_RULES LD_PRELOAD
}
tap_one_rsa 2048
preload=$KEYHAUL_BUILD/tests/relay/one_rsa.so
make() { over "" generate --pin-file "$KEYHAUL_PIN_FILE" --wrap-with-trusted "$@"; } # OPTION...
trust() { over "$1" trust --so-pin-file "$so_pin" "$2" ${3:+"$3" "$4"}; }           # RULES BUNDLE [OPTION VALUE]
wrap() { over "" wrap --pin-file "$KEYHAUL_PIN_FILE" "$@"; }
real() { relay_calls ' C_WrapKey .* token=1'; }

blob_key 2048 14 && mv w2048.pem other.pem && mv w2048.der other.der && blob_key 2048 || exit 1
bundle b w2048.der && bundle other.b other.der && bundle elsewhere.b w2048.der token_serial=1234 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
so_pin=$TAP_DIR/softhsm/keyhaul-rehearsal.so-pin

# The key: after what it stands on was seen.
make --label two --key-spec SYMMETRIC_DEFAULT --json
tap_is "$tap_status $(printf '%s' "$tap_out" | jq -c '.results[0] | [.wrap_with_trusted, .extractable, .sensitive, .haulable]')" \
	'0 [true,true,true,true]' "a key that only a trusted key may wrap" || tap_diag "$tap_err"
check=$(printf '%s' "$tap_out" | jq -r '.results[0].check_value')
tap_is "$(relay_calls ' C_WrapKey .* 0x0 token=0') $(relay_calls ' C_WrapKey .* 0x69 token=0') $(relay_calls ' C_GenerateKey ')" \
	"1 1 5" "a throwaway was wrapped, and such a throwaway refused with CKR_KEY_NOT_WRAPPABLE, before the key was made"
tap_like "$(sed -n '/C_CreateObject/{s/.* \(0x.*\)/\1/p;}' "$KEYHAUL_RELAY_TRACE" | paste -sd' ')" ' 0x10 0x0$' \
	"and a CKA_TRUSTED key of the user's was refused, which without it he can make"
tap_like "$(sed -n 's/.* C_SetAttributeValue [0-9]* //p' "$KEYHAUL_RELAY_TRACE" | paste -sd' ')" '^0x10 0x10$' "nor can he call one so, or take CKA_WRAP_WITH_TRUSTED back"
tap_is "$(relay_object count)" 1 "nothing but the key is on the token"
over "C_SetAttributeValue.2=0x0" generate --pin-file "$KEYHAUL_PIN_FILE" --wrap-with-trusted --label back --key-spec SYMMETRIC_DEFAULT
tap_is "$tap_status $(relay_object count) $(relay_left)" "7 1 0" "a token that says he can is given no key"
make --label ec --key-spec ECC_NIST_P256
tap_is "$tap_status $(relay_object count)" "7 1" "an EC key on a token without 0x1054: status 7, and none is made"
tap_like "$tap_err" '^error: ECC_NIST_P256, .*CKM_RSA_AES_KEY_WRAP \(0x1054\) natively' "and says what it would need"

# Without trust.
cp b before
wrap b
tap_is "$tap_status $(real) $(cmp b before)" "7 0 " "without trust it is not wrapped, and the token not asked"
tap_like "$tap_err" 'CKA_WRAP_WITH_TRUSTED.*CKR_KEY_NOT_WRAPPABLE \(0x69\)' "CKR_KEY_NOT_WRAPPABLE is explained"
tap_like "$tap_err" "^hint: .*'keyhaul-token trust " "and what to do"

relay_object trusted-only ec ECC_NIST_P256
"$KEYHAUL_BUILD/tests/token/make_bundle" ec.b w2048.der ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 RSA_2048 \
	"arn=arn:aws:kms:eu-central-1:000000000000:$arn" key_uri='pkcs11:object=ec;type=private'
wrap ec.b
tap_is "$tap_status $(real)" "7 0" "an EC key that was made so is not wrapped in two steps"
tap_like "$tap_err" 'CKM_RSA_AES_KEY_WRAP \(0x1054\) natively' "and why is said"
relay_object remove ec

# The security officer's PIN, once and by its flags.
cp "$KEYHAUL_PIN_FILE" wrong
over "" trust --so-pin-file wrong b
tap_is "$tap_status $(relay_calls ' C_Login ') $(relay_calls ' C_CreateObject .* 0x0$') $(relay_object count)" "4 1 1 1" \
	"a wrong SO PIN is tried once, and nothing is put there"
for flags in 0x200000 0x400000 0x800000; do
	trust "C_GetTokenInfo=flags+$flags" b
	tap_is "$tap_status $(relay_calls ' C_Login ')" "4 0" "flag $flags of the SO PIN: it is not tried"
done
trust "C_GetTokenInfo.2+=flags+0x200000" b
tap_is "$tap_status $(relay_calls ' C_Login ')" "4 0" "nor where the flag comes up at the last moment"
over "" trust --so-pin-file "$so_pin"
tap_is "$tap_status" 2 "without a bundle no PIN is used"
tap_exits 2 "nor is that of a URI" "$TOKEN" trust --module "$RELAY" --token "$KEYHAUL_TOKEN?pin-source=wrong" --so-pin-file "$so_pin" b
tap_like "$tap_err" "the PIN of a URI is the user's" "which is said"

# What wrap would refuse.
trust "" elsewhere.b
tap_is "$tap_status $(relay_calls ' C_Login ')" "7 0" "a request for another token"
bundle late.b w2048.der valid_to=-5
trust "" late.b
tap_is "$tap_status $(relay_calls)" "7 0" "one whose time is over"
cat >policy.yaml <<END
keyhaul_policy: 1
endpoints: [unstated]
approvals:
  threshold: 1
  approvers:
    - {name: Ann, certificates: [$(sha256sum <b | cut -d' ' -f1)]}
material_signers: none
END
id=$(relay_direct keys --json | jq -r '.results[0] | .id, .uri' | sed 's/.*;serial=\([^;]*\);.*/\1/' | paste -sd' ')
"$KEYHAUL_BUILD/tests/token/make_bundle" whole.b w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 \
	"arn=arn:aws:kms:eu-central-1:000000000000:$arn" "token_serial=${id#* }" \
	"key_uri=pkcs11:object=two;id=$(printf '%s' "${id% *}" | sed 's/../%&/g')"
jq '.request.intent = {expiration_model: "KEY_MATERIAL_EXPIRES", valid_for: 864000}' whole.b >asked.b
trust "" asked.b --policy policy.yaml
tap_is "$tap_status $(relay_calls)" "7 0" "one that nobody approved, under a policy that asks for it"
tap_like "$tap_err" '^error: asked.b: .*approv.*Ann' "says who is missing"

# the bundle's time ends while a PIN is looked for: what comes before the login takes longer than it has
bundle short.b w2048.der valid_to=4
trust "C_CreateObject.1=delay-4500" short.b
tap_is "$tap_status $(relay_calls ' C_Login ') $(relay_object count)" "7 1 1" "nor one whose time ends before it is done"

# Tokens that do not keep it.
trust "C_CreateObject.3=0x10" b
tap_is "$tap_status $(relay_object count)" "4 1" "a token that refuses the officer: nothing stays there" || tap_diag "$tap_err"
trust "C_CreateObject.4=0x30" b
tap_is "$tap_status $(relay_object count)" "4 1" "nor where it fails at the last" || tap_diag "$tap_err"
for row in '3=drop-0x86:it is CKA_TRUSTED false' '4=drop-0x86:it is CKA_TRUSTED false' '3=drop-0x3:it is another key' \
	'4=drop-0x1:it is not kept'; do
	trust "C_CreateObject.${row%%:*}" b
	tap_is "$tap_status $(relay_object count)" "7 1" "C_CreateObject.${row%%:*}: CKR_OK is not evidence, and nothing stays" || tap_diag "$tap_err"
	tap_like "$tap_err" "^error: .*C_CreateObject: CKR_OK for a CKA_TRUSTED key, and the token says of it: ${row#*:}\$" "and it says what is wrong"
done

# With trust.
trust "" b
tap_is "$tap_status $(relay_object count) $(relay_left)" "0 2 1" "the wrapping key is trusted, and one object more there" || tap_diag "$tap_err"
label=keyhaul-trusted-$(jq -jcS .request b | sha256sum | cut -c1-16)
tap_like "$tap_out" "^$label: trusted from now on$" "labelled by the request's digest"
tap_is "$(relay_object uses "$label" | xargs)" "wrap" "which may wrap and do nothing else"
trust "" b
tap_is "$tap_status $(relay_calls ' C_Login ') $(relay_object count)" "0 0 2" "again: it is there already"
wrap other.b
tap_is "$tap_status $(real)" "7 0" "under another wrapping key the key is not wrapped"
wrap b
tap_is "$tap_status $(real) $(relay_calls ' C_CreateObject ') $(relay_calls ' C_DestroyObject ')" "0 1 1 2" \
	"with it the key is wrapped, no wrapping key made for it, and the trusted one left" || tap_diag "$tap_err"
blob_open RSAES_OAEP_SHA_1 w2048.pem b opened
tap_is "$(head -c 16 /dev/zero | openssl enc -aes-256-ecb -nopad -K "$(blob_hex opened)" | od -An -v -tx1 -N3 | tr -d ' \n')" "$check" \
	"and opens to the key on the token"
over "" keys --pin-file "$KEYHAUL_PIN_FILE"
tap_like "$tap_out" "^  $label  RSA 2048$" "keys lists what opens such keys"
over "" keys --pin-file "$KEYHAUL_PIN_FILE" --json
tap_is "$(printf '%s' "$tap_out" | jq -cS '.results[0].trusted_keys')" \
	"[{\"bits\":2048,\"by_keyhaul\":true,\"class\":\"public\",\"label\":\"$label\"}]" "as JSON"

# A second one, and away with both.
trust "" other.b
tap_is "$tap_status $(printf '%s\n' "$tap_out" | grep -c "^  $label  RSA 2048")" "0 1" "trust lists the others"
over "" trust --json
tap_is "$tap_status $(printf '%s' "$tap_out" | jq -r '.results | length') $(relay_calls ' C_Login ')" "0 2 0" "trust lists them all, without a PIN"
over "" trust --remove --so-pin-file "$so_pin" b
tap_is "$tap_status $(relay_object count)" "0 2" "trust --remove takes one away" || tap_diag "$tap_err"
wrap --again b
tap_is "$tap_status $(real)" "7 0" "and the key is not wrapped under it any more"
over "" trust --remove --so-pin-file "$so_pin" b
tap_is "$tap_status" 3 "what is not there cannot go"
printf 'so:' | cat - "$so_pin" >officer
KEYHAUL_PIN_FILE=officer relay_object trusted "by hand" w2048.der
over "" trust --remove --so-pin-file "$so_pin" b
tap_is "$tap_status $(relay_object count)" "7 3" "what others put there stays"
tap_like "$tap_err" "under a label that is not keyhaul's" "and is said"
relay_object remove "by hand"
over "C_DestroyObject=0x0" trust --remove --so-pin-file "$so_pin" other.b
tap_is "$tap_status" 4 "CKR_OK without doing it is found out"

# Where the token has 0x1054: the relay does it, with an AES key between that the officer trusts on the real token.
openssl rand -hex 32 >kek
KEYHAUL_MODULE=$KEYHAUL_RELAY_MODULE "$KEYHAUL_BUILD/tests/token/token_object" "$KEYHAUL_TOKEN" "so:$(cat "$so_pin")" trusted-kek "relay kek" "$(cat kek)"
KEYHAUL_RELAY_NATIVE=yes KEYHAUL_RELAY_KEK=$TAP_DIR/kek
export KEYHAUL_RELAY_NATIVE KEYHAUL_RELAY_KEK
make --label pair --key-spec ECC_NIST_P256
tap_is "$tap_status $(relay_calls ' C_WrapKey .* 0x0 token=0') $(relay_calls ' C_WrapKey .* 0x69 token=0')" "0 1 1" \
	"an EC key that only a trusted key may wrap, where the mechanism is native" || tap_diag "$tap_err"
"$KEYHAUL_BUILD/tests/token/make_bundle" pair.b w2048.der ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 RSA_2048 \
	"arn=arn:aws:kms:eu-central-1:000000000000:$arn" 'key_uri=pkcs11:object=pair;type=private'
wrap pair.b
tap_is "$tap_status $(real)" "7 0" "without trust it is not wrapped natively either"
trust "" pair.b
wrap pair.b
tap_is "$tap_status $(real) $(relay_calls ' C_GenerateKey ')" "0 1 0" "with trust it is, and no key between is made" || tap_diag "$tap_err"
blob_open RSA_AES_KEY_WRAP_SHA_1 w2048.pem pair.b opened && openssl pkey -inform DER -in opened -pubout -outform DER -out pair.der &&
	jq -r '.material.public_key' pair.b | base64 -d | cmp -s - pair.der
tap_is "$? $(jq -c '[.material.mechanisms[].number]' pair.b)" "0 [4180]" "by 0x1054, and it opens to the key on the token"
unset KEYHAUL_RELAY_NATIVE KEYHAUL_RELAY_KEK

if relay_nss "$TAP_DIR/nss"; then
	bundle_account=111122223333 bundle nss.b w2048.der
	over "" generate --wrap-with-trusted --label two --key-spec SYMMETRIC_DEFAULT
	tap_is "$tap_status $(relay_object count)" "7 0" "NSS: no such key is made"
	tap_like "$tap_err" 'does not keep to .*CKA_WRAP_WITH_TRUSTED: not wrapped .*C_WrapKey wrapped it all the same, and it opens' "NSS: it says what was seen"
	over "" trust nss.b
	tap_is "$tap_status $(relay_object count)" "7 0" "NSS: nothing is trusted"
	tap_like "$tap_err" 'the user cannot make a CKA_TRUSTED key\): C_CreateObject made one for the user' "NSS: anybody could"
	tap_done 61
else
	tap_skip "NSS does not keep to it" "$(tail -n 1 "$TAP_DIR/nss.err")"
	tap_done 58
fi
