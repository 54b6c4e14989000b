#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# `slots` and `keys`: what is there, what can be hauled and why not; and keys that another tool made.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/token/fixture.sh"
tap_need softhsm2-util jq pkcs11-tool

token_softhsm keyhaul-rehearsal || tap_skip_all "softhsm2 cannot make a token here"

tap_exits 0 "slots of one module" "$TOKEN" slots
tap_like "$tap_out" '^pkcs11:.*;token=keyhaul-rehearsal$' "its token's URI"
tap_like "$tap_out" 'software, login required$' "its flags"
tap_like "$(printf '%s' "$tap_out" | paste -sd' ')" 'CKM_RSA_PKCS_OAEP \(0x9\).*CKM_AES_KEY_WRAP_PAD \(0x210A\)' "its mechanisms"
tap_unlike "$tap_out" 'CKM_RSA_AES_KEY_WRAP' "and not those it lacks"
tap_like "$tap_out" '^slot [0-9]+ of .*: not initialised$' "SoftHSM's empty slot is shown as what it is, in a line"
tap_is "$(printf '%s\n' "$tap_out" | grep -v '^pkcs11:\|^slot\|^  module' | awk 'length > 80')" "" "and the rest is in 80 columns"
uri=$(printf '%s\n' "$tap_out" | grep 'token=keyhaul-rehearsal$')
tap_run env -u KEYHAUL_MODULE "$TOKEN" slots --module-init-args bogus
tap_is "$tap_status $(printf '%s' "$tap_err" | grep -c '^error: --module-init-args is for one module, and none is named')" "2 1" \
	"--module-init-args without a module is not passed over"
tap_exits 0 "slots of one token" "$TOKEN" slots --token "$uri" --json
tap_is "$(jq -r '.results[] | [.label, .flags.login_required, .flags.pin_locked, .hardware] | join(" ")' "$TAP_DIR/out")" \
	"keyhaul-rehearsal true false false" "as JSON"
tap_exits 3 "a token that is not there" "$TOKEN" slots --token pkcs11:token=none
tap_like "$tap_err" "^error: no token matches pkcs11:token=none" "is no empty HSM"

token_exits 0 "no keys yet" keys
tap_is "$tap_out" "no secret or private keys" "is said"
tap_exits 3 "a name that no key has" "$TOKEN" keys --token "$KEYHAUL_TOKEN;object=nope" --pin-file "$KEYHAUL_PIN_FILE"
tap_like "$tap_err" "^error: no key of the token has the object=" "is no empty token"

# two of one label: told apart by what can be pasted
pkcs11_tool --keygen --key-type AES:32 --label twin --id e8d2 --sensitive >/dev/null 2>&1
pkcs11_tool --keygen --key-type AES:32 --label twin --id 0bff --sensitive >/dev/null 2>&1
lock() {
	"$TOKEN" lock --key "$KEYHAUL_TOKEN;object=twin$1" --pin-file "$KEYHAUL_PIN_FILE" --yes
}
tap_exits 3 "two keys of one label" lock ''
tap_like "$tap_err" "^hint: .*';id=%e8%d2' is the AES secret key 'twin'" "each is listed as the URI wants it"
for id in $(printf '%s\n' "$tap_err" | grep -o ';id=[^ ]*' | tr -d "'"); do
	tap_run lock "$id"
	tap_unlike "$tap_err" "keys match|no key" "$id is one key"
done
pkcs11_tool --delete-object --type secrkey --id e8d2 >/dev/null 2>&1
pkcs11_tool --delete-object --type secrkey --id 0bff >/dev/null 2>&1

pkcs11_tool --keygen --key-type AES:32 --label stays --sensitive >/dev/null 2>&1
pkcs11_tool --keygen --key-type AES:32 --label bare --extractable >/dev/null 2>&1
pkcs11_tool --keygen --key-type AES:24 --label middle --extractable --sensitive >/dev/null 2>&1
pkcs11_tool --keygen --key-type AES:16 --label china --extractable --sensitive >/dev/null 2>&1
pkcs11_tool --keygen --key-type GENERIC:20 --label short --extractable --sensitive >/dev/null 2>&1
pkcs11_tool --keypairgen --key-type EC:brainpoolP256r1 --label brain --extractable >/dev/null 2>&1
pkcs11_tool --keypairgen --key-type RSA:1024 --label small --extractable >/dev/null 2>&1
token_run generate --label good --key-spec ECC_NIST_P384

# verdict LABEL ERE: its row, its URI and what follows, in one line, are so
verdict() {
	token_run keys
	tap_like "$(printf '%s\n' "$tap_out" | awk -v l="$1" '/^[^ ]/ { on = $1 == l } on' | paste -sd' ' | tr -s ' ')" \
		"^$1 $2" "$1: $3"
}
uri='pkcs11:[^ ]+;object='
verdict stays "AES 256 no ${uri}stays;[^ ]+ cannot be hauled: not extractable .CKA_EXTRACTABLE is false.; .* whether the token keeps to that" \
	"not extractable, by the token's word"
verdict bare "AES 256 no ${uri}bare;[^ ]+ cannot be hauled: not sensitive.*--allow-non-sensitive" "not sensitive"
verdict middle "AES 192 no ${uri}middle;[^ ]+ cannot be hauled: .*not 192" "a size that KMS does not take"
verdict china "AES 128 SYMMETRIC_DEFAULT ${uri}china;[^ ]+ can be hauled in aws-cn only" "AES-128"
verdict short "GENERIC_SECRET 160 no ${uri}short;[^ ]+ cannot be hauled: .*not 160" "a MAC key that KMS does not take"
verdict brain "EC no ${uri}brain;[^ ]+ cannot be hauled: KMS imports EC keys on" "a curve that KMS does not take"
verdict small "RSA 1024 no ${uri}small;[^ ]+ cannot be hauled: .*not 1024" "an RSA size that KMS does not take"
verdict good "EC 384 ECC_NIST_P384 ${uri}good;[^ ]+\$" "one that can be hauled"
tap_is "$(printf '%s\n' "$tap_out" | sed -n 's/^\([^ ][^ ]*\) .*/\1/p' | paste -sd' ')" \
	"label bare brain china good middle short small stays" "in the order of their labels"
tap_is "$(printf '%s\n' "$tap_out" | grep -v '^  pkcs11:' | awk 'length > 80')" "" "and all but the URIs in 80 columns"

token_exits 0 "as JSON" keys --json
tap_is "$(jq -c '[.results[] | select(.label == "stays") | .haulable, .extractable, (.why_not | length > 0)]' "$TAP_DIR/out")" \
	'[false,false,true]' "a key that cannot be hauled says why"
tap_is "$(jq '.results | length' "$TAP_DIR/out")" 8 "all keys, no public halves"
tap_is "$(jq -r '.results[] | select(.label == "good") | .class' "$TAP_DIR/out")" private "the class is told"

saved=$KEYHAUL_TOKEN
KEYHAUL_TOKEN="$saved;object=good"
token_exits 0 "keys that fit a URI" keys
tap_is "$(printf '%s\n' "$tap_out" | grep -c '^  pkcs11:')" 1 "is one"
KEYHAUL_TOKEN="$saved;type=cert"
token_exits 3 "certificates are no keys" keys
KEYHAUL_TOKEN=$saved

# Labels that would drive a terminal, and such that are no UTF-8.
pkcs11_tool --keygen --key-type AES:32 --label "$(printf 'a\033[2Jb')" --extractable --sensitive >/dev/null 2>&1
pkcs11_tool --keygen --key-type AES:32 --label "$(printf 'x\377y')" --extractable --sensitive >/dev/null 2>&1
token_exits 0 "odd labels are listed" keys
LC_ALL=C grep -q "$(printf '\033')" "$TAP_DIR/out"
tap_is "$?" 1 "and drive no terminal"
token_run keys --json
jq -e '.results | length == 10 and any(.[].label; ascii_downcase | contains("\\xff"))' "$TAP_DIR/out" >/dev/null
tap_ok $? "and make no broken JSON"

tap_exits 3 "a file that is no module" "$TOKEN" keys --module "$KEYHAUL_SRC/LICENSE" --token pkcs11:
tap_like "$tap_err" 'is no PKCS#11 module' "is named so"
tap_exits 3 "a shared object that is no module" "$TOKEN" keys --module libc.so.6 --token pkcs11:
tap_like "$tap_err" 'no C_GetFunctionList' "is named so"
tap_exits 3 "a module that is not there" "$TOKEN" keys --module "$TAP_DIR/none.so" --token pkcs11:
tap_exits 3 "an empty path" "$TOKEN" keys --module= --token pkcs11:
(
	unset KEYHAUL_MODULE
	tap_run "$TOKEN" keys --token pkcs11:
	printf '%s' "$tap_status $tap_err" >"$TAP_DIR/none"
)
tap_like "$(cat "$TAP_DIR/none")" '^2 error: no PKCS#11 module is named' "no module at all"
tap_exits 2 "--module against module-path" "$TOKEN" keys --module "$KEYHAUL_MODULE" --token 'pkcs11:?module-path=/x'
tap_exits 3 "module-path wins over KEYHAUL_MODULE" "$TOKEN" keys --token 'pkcs11:?module-path=/x'
tap_like "$tap_err" '/x is no PKCS#11 module' "and is the one that is loaded"
tap_exits 3 "no token of that name" "$TOKEN" keys --token pkcs11:token=none
tap_exits 4 "a token that is not initialised" "$TOKEN" keys --token pkcs11:serial=
tap_like "$tap_err" 'not initialised' "is named so"

# the same folder and label again is the same token, with its PIN
cp "$KEYHAUL_PIN_FILE" pin.before
token_softhsm keyhaul-rehearsal 2>again.err
cmp -s "$KEYHAUL_PIN_FILE" pin.before
tap_is "$? $("$TOKEN" slots --token "$KEYHAUL_TOKEN" --json | jq '.results | length') $(grep -c 'is used again' again.err)" "0 1 1" \
	"fresh-token twice: the token that is there, and it says so"
softhsm2-util --init-token --free --label keyhaul-rehearsal --so-pin 24681 --pin 13571 >/dev/null
tap_exits 3 "two tokens with one label" "$TOKEN" keys --token pkcs11:token=keyhaul-rehearsal
tap_like "$tap_err" '2 tokens match' "how many"
tap_like "$tap_err" '^hint: .*serial=.*serial=[0-9a-f]{16}' "and what tells them apart"

tap_done 57
