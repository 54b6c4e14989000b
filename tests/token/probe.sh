#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# `probe` on SoftHSM and NSS: what each way of wrapping is found to be, the profile, and that nothing is left; `clean`;
# and `wrap --rsa-aes` and `--kwp-mechanism`, which choose and skip no proof.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util jq pkcs11-tool openssl
arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab

count() {
	"$KEYHAUL_BUILD/tests/token/token_object" "$KEYHAUL_TOKEN" \
		"$(if [ -n "${KEYHAUL_PIN_FILE:-}" ]; then cat "$KEYHAUL_PIN_FILE"; else echo -; fi)" count
}

# rows FILTER: "verdict spec[,spec...]" for each verdict of the rows that fit, from the profile
rows() {
	jq -r "[.rows[] | select($1)] | group_by(.verdict)[] | .[0].verdict + \" \" + (map(.key_spec) | unique | join(\",\"))" profile
}
ec='ECC_NIST_P256,ECC_NIST_P384,ECC_NIST_P521,ECC_SECG_P256K1'
nist='ECC_NIST_P256,ECC_NIST_P384,ECC_NIST_P521'
secrets='HMAC_224,HMAC_256,HMAC_384,HMAC_512'
sha1='(.wrapping_algorithm | endswith("SHA_1"))'
sha256='(.wrapping_algorithm | endswith("SHA_256"))'

token_softhsm hsm || tap_skip_all "softhsm2 cannot make a token here"
pkcs11_tool_label() {
	pkcs11-tool --module "$KEYHAUL_MODULE" --token-label hsm --login --pin "$(cat "$KEYHAUL_PIN_FILE")" "$@" >/dev/null 2>&1
}
token_run generate --label stays --key-spec ECC_NIST_P256
before=$(count)
token_exits 0 "SoftHSM: a probe" probe --out profile
cp out table
tap_is "$(count)" "$before" "SoftHSM: nothing is left on it"
tap_like "$tap_out" "Nothing was left on the token: $before objects? before, $before after, none keyhaul-tmp-" "SoftHSM: and it says so"
tap_is "$(awk 'length > 80' table)" "" "SoftHSM: the table fits 80 columns"
tap_like "$tap_out" '^ECC_NIST_P256  *refused  *refused  *proven\* 0x210A  *refused$' "SoftHSM: the zero bytes are marked"
tap_like "$(paste -sd' ' table | tr -s ' ')" 'named-curve and 5 zero bytes behind it' "SoftHSM: and counted"
tap_is "$(rows '.kwp_mechanism == 8458 and '"$sha1")" "proven $ec,RSA_2048" "SoftHSM: 0x210A is RFC 5649"
tap_is "$(rows '.kwp_mechanism == 8459')" "refused $ec,RSA_2048" "SoftHSM: 0x210B is refused"
tap_is "$(rows '.way == "native"')" "refused $ec,RSA_2048" "SoftHSM: so is the native way"
tap_is "$(rows "$sha256")" "refused $ec,$secrets,RSA_2048,SYMMETRIC_DEFAULT" "SoftHSM: and everything with SHA-256"
tap_is "$(rows '.way == "oaep" and '"$sha1")" "proven $secrets,SYMMETRIC_DEFAULT
refused $ec" "SoftHSM: OAEP with SHA-1 wraps secrets"
tap_is "$(jq -r '[.rows[] | select(.verdict == "refused") | .native_name] | unique | join(" ")' profile)" \
	"CKR_ARGUMENTS_BAD CKR_KEY_NOT_WRAPPABLE CKR_MECHANISM_INVALID" "SoftHSM: each refusal has its code"
tap_is "$(jq -c '.rows[] | select(.verdict == "proven" and .key_spec == "ECC_NIST_P256") |
	[.oaep_hash, .mgf_hash, .kek_bits, .key_wrap, .pkcs8, .trailing_zeros, .same_by]' profile)" \
	'["SHA1","SHA1",256,"RFC 5649","named-curve",5,"public key"]' "SoftHSM: what is inside a blob"
tap_is "$(jq -c '[.claims[] | .claim + "=" + .honour]' profile)" \
	'["sensitive=honoured","unextractable=honoured","wrap_with_trusted=honoured","user_trusted=honoured"]' \
	"SoftHSM: what it says of keys it keeps"
tap_is "$(jq -r .module.sha256 profile)" "$(sha256sum "$KEYHAUL_MODULE" | cut -d' ' -f1)" "the module's digest"
tap_is "$(jq -r '[.keyhaul_token_profile, .module.file, .token.label, .token.model, .token.firmware, .token.hardware] | join("|")' profile)" \
	"1|libsofthsm2.so|hsm|SoftHSM v2|2.6|false" "whose profile it is"
token_exits 3 "a profile is not overwritten" probe --out profile
token_exits 3 "a folder that is not there" probe --out nowhere/profile --debug
tap_is "$(printf '%s\n' "$tap_err" | grep -c 'C_Initialize')" 0 "is told before the token is asked"
# the folder goes while the PIN is waited for
mkdir gone && mkfifo pin.fifo
"$TOKEN" probe --token "$KEYHAUL_TOKEN" --pin-file pin.fifo --out gone/profile >gone.out 2>gone.err &
tap_children="$tap_children $!"
exec 9>pin.fifo
rmdir gone
cat "$KEYHAUL_PIN_FILE" >&9
exec 9>&-
wait $!
tap_is "$? $(grep -c '^Nothing was left' gone.out) $(grep -c '^error: what was found is printed, but' gone.err)" "3 1 1" \
	"a profile that cannot be written at the end: what was found is not lost" || tap_diag "$(cat gone.err)"
token_exits 0 "as JSON" probe --json
tap_is "$(jq -c '.results[0] | del(.probed_at, .rows[].trailing_zeros, .rows[].warnings)' "$TAP_DIR/out")" \
	"$(jq -c 'del(.probed_at, .rows[].trailing_zeros, .rows[].warnings)' profile)" "--json is what --out writes"

# The way by hand: proven all the same, and nothing else is tried.
blob_key 2048
"$KEYHAUL_BUILD/tests/token/make_bundle" b w2048.der ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 RSA_2048 "arn=$arn" \
	key_uri=pkcs11:object=stays
cp b kept
token_exits 7 "--rsa-aes native on a token without it" wrap --rsa-aes native b
tap_like "$tap_err" 'CKM_RSA_AES_KEY_WRAP: .*CKR_MECHANISM_INVALID' "is tried, and does not hold"
tap_unlike "$tap_err" '0x210A' "and no other way is"
tap_like "$tap_err" '^hint: nothing was wrapped; leave out --rsa-aes' "what was chosen is the first suspect"
token_exits 7 "--kwp-mechanism 0x2109, which is not RFC 5649" wrap --kwp-mechanism 0x2109 b
tap_like "$tap_err" 'CKM_AES_KEY_WRAP \(0x2109\).*(RFC 3394|CKR_)' "is found out by the proof"
cmp -s b kept
tap_ok $? "the bundle is as it was"
token_exits 2 "a mechanism that is no number" wrap --kwp-mechanism CKM_AES b
token_exits 2 "one for the native way" wrap --kwp-mechanism 0x210A --rsa-aes native b
token_exits 0 "--kwp-mechanism 0x210A" wrap --kwp-mechanism 0x210A b
blob_open RSA_AES_KEY_WRAP_SHA_1 w2048.pem b opened
tap_ok $? "and openssl opens what it made"

# clean: what is labelled so and no more
pkcs11_tool_label --keygen --key-type AES:32 --label keyhaul-tmp-0123456789abcdef --extractable --sensitive
pkcs11_tool_label --keypairgen --key-type EC:prime256v1 --label keyhaul-tmp-00112233445566778899aabbccddeeff
pkcs11_tool_label --keygen --key-type AES:32 --label keyhaul-tmp-payroll --sensitive
tap_is "$(count)" "$((before + 4))" "four objects are put there as a power cut leaves them"
token_exits 0 "a probe beside them" probe
tap_like "$tap_err" 'warning: 4 keyhaul-tmp-\* objects of an earlier run' "warns of them"
token_exits 2 "clean without a terminal and --yes" clean
tap_is "$(count)" "$((before + 4))" "destroys nothing"
saved=$KEYHAUL_TOKEN
KEYHAUL_TOKEN="$saved;object=stays"
token_exits 2 "clean of another object" clean --yes
tap_like "$tap_err" 'keyhaul did not leave' "is refused"
KEYHAUL_TOKEN=$saved
token_exits 0 "clean" clean --yes
tap_like "$tap_out" '^3 of 3 destroyed$' "destroys the three"
tap_like "$tap_out" 'keyhaul-tmp-payroll  \(left alone' "and leaves what is only labelled like them"
tap_is "$(count)" "$((before + 1))" "which is still there, as is the real key"
token_exits 0 "clean again" clean --yes
tap_like "$tap_out" '^nothing to clean' "has nothing to do"

nss=42
if token_nss >/dev/null 2>"$TAP_DIR/nss.err"; then
	rm -f profile
	token_exits 0 "NSS: a probe" probe --out profile
	cp out table
	tap_is "$(awk 'length > 80' table)" "" "NSS: the table fits 80 columns"
	tap_is "$(count)" 0 "NSS: nothing is left on it"
	tap_is "$(rows '.kwp_mechanism == 8459')" "proven $nist,RSA_2048
refused ECC_SECG_P256K1" "NSS: 0x210B is RFC 5649"
	tap_is "$(rows '.kwp_mechanism == 8458')" "refused ECC_SECG_P256K1
wrong $nist,RSA_2048" "NSS: 0x210A is wrong"
	tap_is "$(jq -r '[.rows[] | select(.verdict == "wrong") | .key_wrap + ": " + .why] | unique[]' profile)" \
		"RFC 3394 after PKCS#7 padding: it is not RFC 5649 but RFC 3394 after PKCS#7 padding" "NSS: and why"
	tap_like "$tap_out" '^ECC_NIST_P384  *proven  *proven  *proven 0x210B  *proven 0x210B$' "NSS: which of them holds"
	tap_is "$(jq -c '[.claims[] | .claim + "=" + .honour]' profile)" \
		'["sensitive=honoured","unextractable=broken","wrap_with_trusted=broken","user_trusted=broken"]' \
		"NSS: which claims it breaks"
	tap_is "$(jq -r '.claims[] | select(.claim == "unextractable") | .why' profile)" \
		"C_WrapKey wrapped it all the same, and it opens" "NSS: and the unextractable key did come out"
	tap_is "$(jq -r '[.rows[] | select(.key_spec == "ECC_SECG_P256K1") | .native] | unique[]' profile)" 304 "NSS: has no secp256k1"
else
	for what in probe table left 0x210B 0x210A why which claims secp256k1 out; do
		tap_skip "NSS: $what" "$(tail -n 1 "$TAP_DIR/nss.err")"
	done
fi
tap_done $((nss + 14))
