#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The liars of liars.sh as `probe` sees them: each is called by what is wrong, in every way of wrapping that the lie
# reaches, and what it does not reach is proven as on the honest token. The token has CKM_RSA_AES_KEY_WRAP too, by the relay.
# Then `wrap` with liars of that mechanism, with some that lie about one kind of key, and with some that begin late.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq
arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
export KEYHAUL_RELAY_RULES KEYHAUL_RELAY_NATIVE

tap_one_rsa 2048 3072 || exit 1
with_one_rsa() {
	LD_PRELOAD=$KEYHAUL_BUILD/tests/relay/one_rsa.so
	export LD_PRELOAD
	"$@"
	with_status=$?
	unset LD_PRELOAD
	return "$with_status"
}

# rows FILTER: the verdicts of those that fit, each once
rows() {
	jq -r "[.rows[] | select($1) | .verdict] | unique | join(\" \")" profile
}

# probed RULE: the profile of a token that follows it
probed() {
	rm -f profile
	KEYHAUL_RELAY_RULES=$1
	with_one_rsa relay_token probe --out profile >out 2>err
	probed_status=$?
	KEYHAUL_RELAY_RULES=
	[ "$probed_status" -eq 0 ] || : >profile
}

# liar LIE FILTER-OF-WHAT-IT-REACHES ERE: each row of it is wrong, for that; no other that is proven on the honest token is
liar() {
	probed "C_WrapKey=$1"
	tap_is "$probed_status left=$(relay_left) $(rows "($2)")" "0 left=0 wrong" "probe: $1 is wrong wherever it reaches"
	tap_is "$(jq -r --arg why "$3" "[.rows[] | select(($2) and .verdict == \"wrong\") | .why | select(test(\$why) | not)][0] // \"\"" profile)" \
		"" "probe: $1 is called by its name" || tap_diag "$(jq -c '.rows[] | select(.verdict == "wrong") | [.key_spec, .way, .why]' profile | head -n 5)"
	[ "$2" = "$honest" ] || tap_is "$(rows "($honest) and (($2) | not)")" "proven" "probe: what $1 does not reach is proven"
}

relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
KEYHAUL_RELAY_NATIVE=yes
honest='(.way == "native") or (.way == "oaep" and (.wrapping_algorithm | endswith("_SHA_1"))) or
	(.way == "two-step" and .kwp_mechanism == 8458 and (.wrapping_algorithm | endswith("_SHA_1")))'
secret='(.key_spec | test("HMAC|SYMMETRIC"))'
honest="($honest) and (.way != \"oaep\" or $secret)"
two="($honest) and .way != \"oaep\""

probed ''
tap_is "$probed_status $(rows "$honest")" "0 proven" "probe: the honest token is proven, natively and in two steps" ||
	tap_diag "$(cat err; jq -c ".rows[] | select(($honest) and .verdict != \"proven\") | [.key_spec, .way, .why]" profile | head -n 5)"

liar oaep-sha1 '(.wrapping_algorithm | endswith("_SHA_256")) and ((.way == "native") or (.way == "oaep" and '"$secret"'))' 'the hash is SHA1 and the MGF1 hash is SHA1'
liar oaep-mgf "$honest" 'the hash is SHA(1|256) and the MGF1 hash is SHA(256|1)$'
liar kwp-iv "$two" 'foreign initial value 4b575031'
liar zero-padding "$two" 'not RFC 5649 but RFC 3394 (after zero|without) padding'
liar other-key "$honest" 'not the key in the token'
liar explicit-curve "($two) and (.key_spec | test(\"ECC\"))" 'explicit parameters'
liar noise "$honest" 'does not open'
liar empty "$honest" 'CKR_OK with 0 bytes'
liar short-kek "$two" 'key-encryption key is 16 bytes'
liar bytes-behind "$two" 'not zero are behind the PKCS#8'

# wrap: what reaches the real key, and what does not
blob_key 2048 || exit 1
for row in SYMMETRIC_DEFAULT:RSAES_OAEP_SHA_1 ECC_NIST_P256:RSA_AES_KEY_WRAP_SHA_256 ECC_NIST_P384:RSA_AES_KEY_WRAP_SHA_256; do
	spec=${row%:*}
	relay_direct generate --label "$spec" --key-spec "$spec" >/dev/null || exit 1
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$spec" w2048.der "$spec" "${row#*:}" RSA_2048 "arn=$arn" \
		"key_uri=pkcs11:object=$spec" || exit 1
done

# refused RULE SPEC ERE: the proof finds it, and C_WrapKey was never called on the real key
refused() {
	cp "$2" bundle
	KEYHAUL_RELAY_RULES=$1
	tap_run with_one_rsa relay_token wrap bundle
	KEYHAUL_RELAY_RULES=
	cmp -s "$2" bundle && same=yes || same=no
	tap_is "$tap_status same=$same left=$(relay_left) real=$(relay_calls 'C_WrapKey.* token=1')" "7 same=yes left=0 real=0" \
		"wrap: $1 is stopped before the real key" || tap_diag "$tap_err"
	tap_like "$tap_err" "$3" "wrap: and $1 is called by its name"
}
for lie in oaep-sha1:'the hash is SHA1' oaep-mgf:'the MGF1 hash is SHA1' kwp-iv:'foreign initial value' zero-padding:'RFC 3394' \
	other-key:'not the key in the token' explicit-curve:'explicit parameters' noise:'does not open' empty:'0 bytes' \
	short-kek:'key is 16 bytes' bytes-behind:'behind the PKCS#8'; do
	refused "C_WrapKey=${lie%%:*}" ECC_NIST_P256 "${lie#*:}"
done
refused C_WrapKey:ec384=kwp-iv ECC_NIST_P384 'foreign initial value'
refused C_WrapKey:secret=other-key SYMMETRIC_DEFAULT 'not the key in the token'
cp ECC_NIST_P256 bundle
KEYHAUL_RELAY_RULES=C_WrapKey:ec384=kwp-iv tap_exits 0 "wrap: a lie about P-384 alone does not touch P-256" relay_token wrap bundle

# Honest to the throwaway, and a liar to the real key: what can be seen from outside is.
for lie in empty length-less length-more length-zero length-huge; do
	cp SYMMETRIC_DEFAULT bundle
	KEYHAUL_RELAY_RULES="C_WrapKey.2+=$lie"
	tap_run relay_token wrap bundle
	cmp -s SYMMETRIC_DEFAULT bundle
	tap_is "$tap_status $?" "4 0" "wrap: $lie from the second C_WrapKey on is found, and the bundle is as it was" || tap_diag "$tap_err"
done
KEYHAUL_RELAY_RULES='C_WrapKey.2+=other-key'
cp SYMMETRIC_DEFAULT bundle
tap_exits 0 "wrap: another key under the right wrapping key cannot be told from outside (SECURITY.md)" relay_token wrap bundle
cp SYMMETRIC_DEFAULT bundle
cp ECC_NIST_P256 later
KEYHAUL_RELAY_RULES='C_WrapKey.3+=kwp-iv'
tap_run relay_token wrap bundle later
tap_is "$tap_status" 7 "wrap: the next kind of key has a proof of its own, which finds it"
cmp -s ECC_NIST_P256 later && ! cmp -s SYMMETRIC_DEFAULT bundle
tap_ok $? "wrap: and what was wrapped before stays wrapped"
tap_done 60
