#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# `lock`: CKA_EXTRACTABLE false for ever, read back, and C_WrapKey refused after it, and what would undo it; what is asked
# first; and tokens that do not keep to it: NSS, and those that the relay makes.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq pkcs11-tool tmux
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

# lock RULES LABEL OPTION...: over the relay, into $tap_status and the like
lock() {
	KEYHAUL_RELAY_RULES=$1
	export KEYHAUL_RELAY_RULES
	token=$KEYHAUL_TOKEN
	: >"$KEYHAUL_RELAY_TRACE"
	lock_label=$2
	shift 2
	[ -z "$preload" ] || export LD_PRELOAD="$preload"
	tap_run "$TOKEN" lock --module "$RELAY" --key "$token;object=$lock_label" \
		${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"} ${KEYHAUL_PIN_FILE:+--pin-file "$KEYHAUL_PIN_FILE"} "$@"
	unset KEYHAUL_RELAY_RULES LD_PRELOAD
}

# The host's RSA key is always the same one: making it is what takes time.
tap_one_rsa 2048
preload=$KEYHAUL_BUILD/tests/relay/one_rsa.so

# extractable LABEL: what the token says of it now
extractable() {
	relay_direct keys --json | jq -r --arg name "$1" '.results[] | select(.label == $name) | .extractable'
}

make() { # LABEL SPEC
	relay_direct generate --label "$1" --key-spec "$2" --json >"$1.json" || tap_diag "$1: $2 cannot be generated"
}

# real: how often C_WrapKey and C_CopyObject were called on a key that is kept
real() { relay_calls ' C_(WrapKey|CopyObject) .* token=1'; }

# calls: what was set, copied and wrapped, in order
calls() { sed -n 's/.* C_\(SetAttributeValue\|WrapKey\|CopyObject\) .*/\1/p' "$KEYHAUL_RELAY_TRACE" | paste -sd' '; }

locks() { # WHAT SPEC
	make "$2" "$2"
	before=$(relay_object count)
	lock '' "$2" --yes
	tap_is "$tap_status $(extractable "$2")" "0 false" "$1: a $2 key is locked" || tap_diag "$tap_err"
	tap_like "$tap_out" '^  locked: the token says CKA_EXTRACTABLE false$' "$1: read back"
	tap_like "$tap_out" '^  and wraps it no more: C_WrapKey: CKR_KEY_UNEXTRACTABLE \(0x6A\)$' "$1: and C_WrapKey is refused"
	tap_is "$(printf '%s\n' "$tap_out" | sed -n '/undoes no lock/,/leave/p' | sed '1d;$d')" \
		"    C_CopyObject: CKR_ATTRIBUTE_READ_ONLY (0x10)
    C_SetAttributeValue: CKR_ATTRIBUTE_READ_ONLY (0x10)" "$1: nor is it undone"
	tap_like "$tap_out" '^  the key can leave this token no more, ' "$1: and that is the claim"
	tap_is "$(relay_object count) $(relay_left)" "$before 0" "$1: nothing is left on the token"
}

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
for spec in SYMMETRIC_DEFAULT RSA_2048 ECC_NIST_P256; do
	locks SoftHSM "$spec"
done
tap_like "$tap_err" '^warning: a locked key can never be wrapped again: an import that expires' "a warning says that reimport ends"
tap_is "$(relay_calls ' C_WrapKey .* 0x6A token=0') $(real)" "1 1" "the throwaway is refused before the key is asked for, once"
tap_like "$(calls)" 'WrapKey SetAttributeValue WrapKey CopyObject CopyObject SetAttributeValue SetAttributeValue SetAttributeValue WrapKey$' \
	"wrapped, locked, refused, not copied, not set back, then the key is locked and refused"

# After it: no haul, the public half as it was, and again no failure.
"$KEYHAUL_BUILD/tests/token/make_bundle" b w2048.der ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 RSA_2048 "arn=$arn" \
	key_uri=pkcs11:object=ECC_NIST_P256
tap_exits 7 "what is locked is not hauled" relay_direct wrap b
pkcs11-tool --module "$KEYHAUL_RELAY_MODULE" --token-label keyhaul-rehearsal --read-object --type pubkey --label ECC_NIST_P256 \
	--output-file public.der >/dev/null 2>&1
jq -r '.results[0].public_key' ECC_NIST_P256.json | base64 -d | cmp -s - public.der
tap_ok $? "the public half is as it was"
lock '' ECC_NIST_P256
tap_is "$tap_status $tap_err" "0 " "locked already: no question, no warning, status 0"
tap_like "$tap_out" '^  was locked already: the token says CKA_EXTRACTABLE false$' "and it says so"
tap_is "$(relay_calls ' C_SetAttributeValue .* 0x0$') $(relay_calls ' C_SetAttributeValue ')" "1 3" "and sets it of the throwaway alone"
lock '' ECC_NIST_P256 --json
tap_is "$(printf '%s' "$tap_out" | jq -c '.ok, (.results[0] | .label, .locked, .already, .extractable, .haulable, .wrap_refused, .native, .cannot_leave)' |
	paste -sd' ')" 'true "ECC_NIST_P256" true true false false true "CKR_KEY_UNEXTRACTABLE" true' "as JSON"
tap_is "$(printf '%s' "$tap_out" | jq -r '.results[0].undo[] | "\(.call) \(.change) \(.verdict) \(.native)"' | sort | sed 's/CK[AR]_//g' | paste -sd,)" \
	"C_CopyObject EXTRACTABLE true refused ATTRIBUTE_READ_ONLY,C_CopyObject SENSITIVE false refused ATTRIBUTE_READ_ONLY,\
C_SetAttributeValue EXTRACTABLE true refused ATTRIBUTE_READ_ONLY,C_SetAttributeValue SENSITIVE false refused ATTRIBUTE_READ_ONLY" \
	"as JSON, each call that would undo it"

# One key, and one that was meant.
make one SYMMETRIC_DEFAULT
relay_object put aes twin "$(openssl rand -hex 32)" && relay_object put aes twin "$(openssl rand -hex 32)"
lock '' twin --yes
tap_is "$tap_status $(extractable twin | paste -sd' ')" "3 true true" "two keys of one label: neither is locked"
lock '' none --yes
tap_is "$tap_status" 3 "a key that is not there"
lock '' 'one;type=public' --yes
tap_is "$tap_status $(extractable one)" "3 true" "a public key is none"
tap_exits 2 "a token is no key" relay_direct lock --key "$KEYHAUL_TOKEN" --yes
tap_exits 2 "--key is missing" "$TOKEN" lock --yes
if command -v setsid >/dev/null 2>&1; then
	tap_exits 2 "no terminal and no --yes" setsid -w "$TOKEN" lock --module "$RELAY" --key "$KEYHAUL_TOKEN;object=one" \
		--pin-file "$KEYHAUL_PIN_FILE"
	tap_like "$tap_err" '^hint: .*--yes' "says what to do"
else
	tap_skip "no terminal and no --yes" "setsid is not installed"
	tap_skip "says what to do" "setsid is not installed"
fi
tap_is "$(extractable one)" true "and locks nothing"

# What a person is asked.
mux() { tmux -S "$TAP_DIR/tmux" -f /dev/null "$@"; }
screen() { mux capture-pane -p; }
shows() { screen | grep -q -e "$1"; }
answers() { # ANSWER STATUS EXTRACTABLE HINTS
	mux send-keys "clear; '$TOKEN' lock --module '$KEYHAUL_RELAY_MODULE' --key '$KEYHAUL_TOKEN;object=one' --pin-file '$KEYHAUL_PIN_FILE'; echo ended=\$?" Enter
	tap_poll 20 shows "Lock 'one' in token 'keyhaul-rehearsal' for ever? Type 'yes':" || tap_diag "$(screen)"
	mux send-keys "$1" Enter
	tap_poll 20 shows "ended=$2"
	tap_is "$? $(extractable one) $(screen | grep -c "^hint: nothing was done: run it again and type 'yes'")" "0 $3 $4" \
		"'$1' typed: status $2, extractable $3" || tap_diag "$(screen)"
	mux send-keys clear Enter
	tap_poll 20 cleared
}
# shellcheck disable=SC2317 # tap_poll calls it
cleared() { ! shows ended; }
if mux new-session -d -x 200 -y 50 'PS1="ready> " exec sh' && tap_poll 10 shows 'ready>'; then
	tap_children="$tap_children $(mux display-message -p '#{pid}')"
	answers no 2 true 1
	answers yes 0 false 0
	mux kill-server
else
	tap_skip "'no' typed" "tmux does not start here"
	tap_skip "'yes' typed" "tmux does not start here"
fi

# CKR_OK is not evidence, and a code of the moment is none either.
make two SYMMETRIC_DEFAULT
lock C_SetAttributeValue=0x0 two --yes
tap_is "$tap_status $(extractable two) $(real)" "7 true 0" "CKR_OK without doing it is found out"
tap_like "$tap_err" '^error: C_SetAttributeValue: CKR_OK, but the token says that CKA_EXTRACTABLE of the key is true still' "and said"
lock C_SetAttributeValue=0x10 two --yes
tap_is "$tap_status $(extractable two)" "4 true" "a token that does not let it be changed"
tap_like "$tap_err" '^error: C_SetAttributeValue on CKA_EXTRACTABLE: CKR_ATTRIBUTE_READ_ONLY \(0x10\)' "says its code"
lock C_WrapKey.2=0x32 two --yes
tap_is "$tap_status $(extractable two)" "4 true" "the token is gone when the throwaway is looked at"
tap_like "$tap_err" "^error: 'two' is not locked, and nothing of it was changed: C_WrapKey.*CKR_DEVICE_REMOVED" "the key is as it was, and that is said"
lock C_WrapKey.3=0x32 two --yes
tap_is "$tap_status $(extractable two)" "4 false" "the token is gone when the key is looked at"
tap_like "$tap_err" "^error: 'two' is locked: C_WrapKey.*CKR_DEVICE_REMOVED" "the key is locked, and that is said"
make three SYMMETRIC_DEFAULT
for rules in C_CopyObject=undo C_SetAttributeValue.2=undo; do
	lock "$rules" three --yes --json
	tap_is "$tap_status $(extractable three) $(real) $(relay_left)" "7 true 0 0" "$rules: a token that undoes a lock: the key is left as it is"
	tap_is "$(printf '%s' "$tap_out" | jq -c '.results[0] | .locked, .wrap_refused, .cannot_leave, (.undo | map(select(.verdict != "refused")))' | paste -sd' ')" \
		"false true false [{\"call\":\"${rules%%[.=]*}\",\"change\":\"CKA_EXTRACTABLE true\",\"native\":\"CKR_OK\",\"verdict\":\"allowed\",\"why\":\"\"}]" \
		"$rules: and says by what, and that a locked key is wrapped no more"
done
before=$(relay_object count)
lock C_CopyObject=undo three --yes --token-objects
tap_is "$tap_status $(relay_left) $(relay_object count)" "7 0 $before" \
	"with --token-objects: and nothing stays"
tap_like "$tap_err" "^error: 'three' is not locked, .*: the token undoes locks \(C_CopyObject with CKA_EXTRACTABLE true: CKR_OK for a throwaway" "says so"
lock C_CopyObject=0x32 three --yes
tap_is "$tap_status $(extractable three)" "4 true" "the token is gone when a copy is asked for"
for rules in C_CopyObject=deaf C_CopyObject=0x0 C_SetAttributeValue.2=0x0 C_CopyObject=0x30; do
	lock "$rules" three --yes
	tap_is "$tap_status $(extractable three) $(printf '%s\n' "$tap_out" | grep -c 'leave this token') $(relay_left)" "0 false 0 0" \
		"$rules: neither refused nor done: locked, without the claim"
	tap_like "$tap_err" '^warning: that the token undoes no lock could not be shown: C_[A-Za-z]* of a throwaway with CKA_[EXTRACTABLE]* true: CKR_' \
		"$rules: and a warning says of what"
done
for rules in C_WrapKey.2=0x30 C_WrapKey.3=0x30 C_WrapKey.2=0x54 C_WrapKey.3=0x71 C_WrapKey=0x70 C_GenerateKey=0x70 C_SetAttributeValue=0x5; do
	lock "$rules" two --yes
	tap_is "$tap_status $(printf '%s\n' "$tap_err" | grep -c '^warning: that C_WrapKey is refused to it could not be shown: ') $(relay_left)" \
		"0 1 0" "$rules: not shown, which is a warning"
done
tap_like "$tap_err" 'throwaway key cannot be locked: C_SetAttributeValue on CKA_EXTRACTABLE: CKR_GENERAL_ERROR' "with the reason"

if relay_nss "$TAP_DIR/nss"; then
	for spec in SYMMETRIC_DEFAULT RSA_2048 ECC_NIST_P256; do
		make "$spec" "$spec"
		before=$(relay_object count)
		lock '' "$spec" --yes --json
		tap_is "$tap_status $(extractable "$spec") $(real) $(relay_object count) $(relay_left)" "7 true 0 $before 0" \
			"NSS wraps what is locked: a $spec key is left as it is, status 7"
		tap_is "$(printf '%s' "$tap_out" | jq -c '.ok, (.results[0] | .locked, .wrap_refused)' | paste -sd' ') $(relay_calls ' C_SetAttributeValue .* 0x0$')" \
			'false false false 1' "NSS: as JSON, and one throwaway alone was locked"
	done
	tap_like "$tap_err" "^error: 'ECC_NIST_P256' is not locked, and nothing of it was changed: the token wraps locked keys all the same \(C_WrapKey: CKR_OK for a throwaway" \
		"NSS: it says what it found"
	tap_like "$tap_err" 'CKR_OK for a throwaway key of the same kind\), and undoes locks \(C_CopyObject with CKA_EXTRACTABLE true: CKR_OK\)$' \
		"NSS: and that it copies such a key into one that is extractable"
	lock '' SYMMETRIC_DEFAULT --yes --token-objects
	tap_is "$tap_status $(real) $(relay_object count) $(relay_left)" "7 3 $before 0" \
		"NSS: where a kept key's copy is the key itself, and nothing stays"
	tap_like "$tap_err" '^hint: on this token a lock would keep the key from keyhaul alone' "NSS: and what that means"
	tap_done 79
else
	tap_skip "NSS says that a key is locked, and wraps it" "$(tail -n 1 "$TAP_DIR/nss.err")"
	tap_done 70
fi
