#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# --token-objects: a device that makes no session objects, as the relay makes one of SoftHSM. It is hauled from, everything
# temporary is labelled keyhaul-tmp-* and destroyed on every path; what a power cut leaves (SIGKILL at each call that makes,
# uses or destroys one) `clean` removes, and nothing else.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq pkcs11-tool
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab
none='C_CreateObject=session-0xD1 C_GenerateKey=session-0xD1 C_GenerateKeyPair=session-0xD1'

# run RULES VERB OPTION...: on the device without session objects, into $status, files out and err
run() {
	KEYHAUL_RELAY_RULES="$1 $none"
	export KEYHAUL_RELAY_RULES
	shift
	preload "$1"
	relay_token "$@" >out 2>err </dev/null
	status=$?
	unset KEYHAUL_RELAY_RULES LD_PRELOAD
}

# RSA keys are always the same ones: making them is what takes time.
preload() { # VERB
	case $1 in
	wrap | probe) export LD_PRELOAD="$KEYHAUL_BUILD/tests/relay/one_rsa.so" ;;
	esac
}
tap_one_rsa 2048 3072

# The labels of all objects on the token, by another tool.
labels() {
	pkcs11-tool --module "$KEYHAUL_RELAY_MODULE" --token-label keyhaul-rehearsal --login --pin "$(cat "$KEYHAUL_PIN_FILE")" \
		--list-objects 2>/dev/null | sed -n 's/^  label:  *//p' | sort
}

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
for row in SYMMETRIC_DEFAULT:RSAES_OAEP_SHA_1 RSA_2048:RSA_AES_KEY_WRAP_SHA_1 ECC_NIST_P256:RSA_AES_KEY_WRAP_SHA_1; do
	spec=${row%%:*}
	run '' generate --label "$spec" --key-spec "$spec"
	tap_is "$status" 0 "generate $spec, which is a token object anyway"
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$spec" w2048.der "$spec" "${row#*:}" RSA_2048 "arn=$arn" "key_uri=pkcs11:object=$spec"
done
relay_object put aes keyhaul-tmp-payroll "$(openssl rand -hex 32)"
relay_object put aes xkeyhaul-tmp-0123456789abcdef "$(openssl rand -hex 32)"
relay_object put aes keyhaul-tmp-0123456789ABCDEF "$(openssl rand -hex 32)"
relay_object put aes keyhaul-tmp-0123456789abcde "$(openssl rand -hex 32)"
labels >stays
count=$(relay_object count)

cp SYMMETRIC_DEFAULT before
run '' wrap SYMMETRIC_DEFAULT
tap_is "$status $(grep -c '^error: .*CKR_TEMPLATE_INCONSISTENT (0xD1)' err) $(relay_calls ' C_WrapKey ')" "4 1 0" \
	"without --token-objects it ends before anything is wrapped"
tap_is "$(grep '^hint: ' err)" "hint: a device without session objects needs --token-objects" "and says what it needs"
cmp -s SYMMETRIC_DEFAULT before
tap_ok $? "the bundle is as it was"
KEYHAUL_RELAY_RULES='C_GenerateKey=session-0x13 C_GenerateKeyPair=session-0x13' relay_token wrap ECC_NIST_P256 >out 2>err
tap_is "$? $(grep '^hint: ' err)" "4 hint: a device without session objects needs --token-objects" \
	"one that takes wrapping keys, and makes no keys of the session, is told the same"
run '' probe
tap_is "$status $(grep -c '^warning: no throwaway could be put on the token: .*--token-objects' err)" "0 1" "probe says so beside its table"
tap_like "$(cat out)" '^  not known  the user cannot make a CKA_TRUSTED key' "and takes no refusal for what it is not"

for spec in SYMMETRIC_DEFAULT RSA_2048 ECC_NIST_P256; do
	run '' wrap --token-objects "$spec"
	tap_is "$status $(relay_left) $(relay_object count)" "0 0 $count" "wrap --token-objects of $spec leaves nothing" || tap_diag "$(cat err)"
	case $spec in SYM*) algorithm=RSAES_OAEP_SHA_1 ;; *) algorithm=RSA_AES_KEY_WRAP_SHA_1 ;; esac
	blob_open "$algorithm" w2048.pem "$spec" opened
	tap_ok $? "and openssl opens it"
done
run C_OpenSession.2+=0xB1 probe --token-objects
tap_is "$status $(relay_left) $(relay_object count)" "0 0 $count" "probe --token-objects leaves nothing"
tap_like "$(cat out)" '^ECC_NIST_P384  *refused  *refused  *proven 0x210A ' "and finds what SoftHSM does"
tap_like "$(cat out)" '^ +.*CKR_SESSION_COUNT \(0xB1\)' "but for what takes a second session, where there is one only"

# Failures on the way: the rest is destroyed, and what cannot be is told.
run C_WrapKey.2=0x30 wrap --again --token-objects RSA_2048
tap_is "$status $(relay_left) $(relay_object count)" "4 0 $count" "a failure in the middle leaves nothing"
run C_GenerateKeyPair=0x31 wrap --again --token-objects ECC_NIST_P256
tap_is "$status $(relay_left) $(relay_object count)" "4 0 $count" "nor does one at the start"
cp ECC_NIST_P256 before
for nth in 1 5; do
	run C_DestroyObject.$nth=0x30 wrap --again --token-objects ECC_NIST_P256
	cmp -s before ECC_NIST_P256
	tap_is "$status $? $(grep -c '^error: .*C_DestroyObject on the ephemeral key: CKR_DEVICE_ERROR' err)" "4 0 1" \
		"an ephemeral key that cannot be destroyed, the $nth. object: nothing is written"
	tap_like "$(cat err)" "^hint: .*'keyhaul-token clean'" "and what it was is told"
	run '' clean --yes
	tap_is "$status $(relay_object count) $(tail -n 1 out)" "0 $count 1 of 1 destroyed" "clean destroys it"
done
run C_DestroyObject.2=0x30 wrap --again --token-objects ECC_NIST_P256
tap_is "$status $(relay_left) $(grep -c '^error: .*1 object that this command made could not be taken off' err)" "4 1 1" \
	"one that cannot be destroyed is counted: status 4"
tap_like "$(cat err)" "^hint: .*'keyhaul-token clean'" "with what removes it"
run '' clean --yes
tap_is "$status $(relay_object count) $(tail -n 1 out)" "0 $count 1 of 1 destroyed" "which does"

# What is there while it works carries its mark. A power cut comes at each of these calls.
cut() { # CALL VERB OPTION...
	cut_at=$1
	shift
	KEYHAUL_RELAY_RULES="$cut_at=hang $none"
	export KEYHAUL_RELAY_RULES
	: >"$KEYHAUL_RELAY_TRACE"
	preload "$1"
	tap_start cut "$TOKEN" "$@" --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --token-objects
	unset KEYHAUL_RELAY_RULES LD_PRELOAD
	if tap_poll 20 hangs; then
		cuts=$((cuts + 1))
	else
		tap_diag "$cut_at: it does not come so far: $(cat cut.err)"
	fi
	kill -KILL "$tap_pid"
	wait "$tap_pid" 2>/dev/null
	labels | comm -13 stays - >more
	left=$((left + $(wc -l <more)))
	grep -vxE 'keyhaul-tmp-([0-9a-f]{16}|[0-9a-f]{32})' more >>unmarked
}
# shellcheck disable=SC2317 # tap_poll calls it
hangs() { grep -q ' hang$' "$KEYHAUL_RELAY_TRACE"; }

: >unmarked
cuts=0 left=0
for call in C_GenerateKeyPair.1 C_WrapKey.1 C_WrapKey.2 C_DestroyObject.1 C_DestroyObject.2 C_DestroyObject.3 C_DestroyObject.4 \
	C_CreateObject.2 C_WrapKey.3 C_WrapKey.4 C_DestroyObject.5 C_DestroyObject.6; do
	cut "$call" wrap --again ECC_NIST_P256
done
cut C_DestroyObject.1 wrap --again SYMMETRIC_DEFAULT
cut C_WrapKey.2 wrap --again SYMMETRIC_DEFAULT
"$KEYHAUL_BUILD/tests/token/make_bundle" new w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn"
cp new new.bundle
cut C_WrapKey.2 wrap --generate once --no-keep new.bundle
tap_is "$cuts $(cat unmarked)" "15 " "power cuts at 15 calls leave nothing but what is labelled keyhaul-tmp- and hex digits"
[ "$left" -ge 20 ]
tap_ok $? "and they leave some" || tap_diag "$left"
run '' keys
tap_is "$status" 0 "the token is in order all the same"
run '' clean --yes
tap_is "$status" 0 "clean" || tap_diag "$(cat err)"
tap_is "$(labels | comm -3 stays -)" "" "removes all of it and nothing else"
tap_is "$(grep -c 'left alone' out)" 3 "and says what it leaves alone"
run '' clean --yes
tap_like "$(cat out)" '^nothing to clean' "and then has nothing to do"
run '' wrap --again --token-objects ECC_NIST_P256
tap_is "$status $(relay_object count)" "0 $count" "the haul goes on where it was"

# No key that is kept may look like one of them.
run '' generate --label keyhaul-tmp-0123456789abcdef --key-spec HMAC_256
tap_is "$status $(relay_calls) $(relay_object count)" "2 0 $count" "generate takes no label that begins so, and asks no token"
run '' wrap --generate keyhaul-tmp-mine new
tap_is "$status $(relay_calls) $(relay_object count)" "2 0 $count" "nor does wrap --generate"
relay_object put aes keyhaul-tmp-0123456789abcdef "$(openssl rand -hex 32)"
relay_module=$RELAY tap_exits 7 "a throwaway that was left is not hauled: its value was on the host" "$TOKEN" wrap --module "$RELAY" \
	--key "$KEYHAUL_TOKEN;object=keyhaul-tmp-0123456789abcdef" --pin-file "$KEYHAUL_PIN_FILE" new
run '' keys
tap_like "$(paste -sd' ' out)" 'object=keyhaul-tmp-0123456789abcdef;[^ ]* *cannot be hauled: a temporary object' "and keys says so"
run '' clean --yes

# Two that generate at once: the second waits until the first has made its key, and then the label is there.
looked() { [ "$(relay_calls ' C_FindObjectsFinal ')" -ge "$looks" ]; }
race() { # LOOKS VERB OPTION...
	looks=$1
	shift
	: >"$KEYHAUL_RELAY_TRACE"
	KEYHAUL_RELAY_RULES="C_GenerateKey${made_nth}=delay-600"
	export KEYHAUL_RELAY_RULES
	tap_start race "$TOKEN" "$@" --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE"
	unset KEYHAUL_RELAY_RULES
	tap_poll 20 looked
	KEYHAUL_RELAY_TRACE=$TAP_DIR/other.trace "$TOKEN" generate --module "$RELAY" --token "$KEYHAUL_TOKEN" \
		--pin-file "$KEYHAUL_PIN_FILE" --label twice --key-spec HMAC_256 >other 2>&1
	other=$?
	wait "$tap_pid"
	tap_is "$? $other $(labels | grep -c '^twice$')" "0 3 1" "$1 and generate at the same moment: one key of that label"
	tap_like "$(cat other)" "error: 1 object is labelled 'twice' already" "and the other is told" || tap_diag "$(cat race.err)"
	relay_object remove twice
}
made_nth=''
race 1 generate --label twice --key-spec SYMMETRIC_DEFAULT
made_nth=.2 # behind the proof's
race 2 wrap --generate twice new
tap_done 45
