#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2317,SC2154 # tap_poll calls functions, tap.sh sets tap_pid
#
# wrap --jobs: threads in one login, a session each, over the relay, which counts, delays and breaks. What is wrapped, and
# what is said of it, is what one thread would do and say.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

request() { # SPEC ALGORITHM
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$1.request" w2048.der "$1" "$2" RSA_2048 "arn=$arn" "key_uri=pkcs11:object=$1"
}

fresh() { # N SPEC...: bundles/SPEC.1 to SPEC.N of each
	rm -rf bundles
	mkdir bundles
	fresh_n=$1
	shift
	for fresh_spec; do
		fresh_i=0
		while [ "$fresh_i" -lt "$fresh_n" ]; do
			fresh_i=$((fresh_i + 1))
			cat "$fresh_spec.request" >"bundles/$fresh_spec.$fresh_i"
		done
	done
}

many() { # OPTION... BUNDLE...
	relay_token wrap --jobs 4 "$@" >out 2>err </dev/null
	many_status=$?
}

wrapped() { grep -l '"material"' bundles/* 2>/dev/null | wc -l; }
calls() { relay_calls " $1 "; }

# Each file is a whole bundle, with material or as it was, and nothing lies beside them.
whole() { # N
	for whole_file in bundles/* bundles/.[!.]*; do
		case $whole_file in
		'bundles/.[!.]*') continue ;;
		bundles/.* | *.lock | *.??????) return 1 ;;
		esac
		grep -q '"material"' "$whole_file" && continue
		whole_of=${whole_file#bundles/}
		cmp -s "$whole_file" "${whole_of%.*}.request" || return 1
	done
	[ "$(jq -r '.request.key_uri' bundles/* | wc -l)" -eq "$1" ]
}

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
for row in SYMMETRIC_DEFAULT:RSAES_OAEP_SHA_1 HMAC_256:RSAES_OAEP_SHA_1 ECC_NIST_P256:RSA_AES_KEY_WRAP_SHA_1; do
	relay_direct generate --label "${row%%:*}" --key-spec "${row%%:*}" >/dev/null && request "${row%%:*}" "${row#*:}" || exit 1
done
head -c 32 /dev/urandom >value
relay_object put aes known "$(blob_hex value)"
"$KEYHAUL_BUILD/tests/token/make_bundle" known.request w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn" \
	'key_uri=pkcs11:object=known'
objects=$(relay_object count)
export KEYHAUL_RELAY_RULES KEYHAUL_RELAY_DELAY_US

# what four threads do
fresh 6 known ECC_NIST_P256 HMAC_256
many --json bundles/*
tap_is "$many_status $(wrapped)" "0 18" "18 keys of three kinds by four threads" || tap_diag "$(cat err)"
for i in 1 2 3 4 5 6; do
	blob_open RSAES_OAEP_SHA_1 w2048.pem bundles/known.$i opened && cmp -s opened value || break
done
tap_ok $? "each blob opens to the key on the token"
tap_is "$(jq -r '.results[] | .bundle' out | paste -sd' ')" "$(echo bundles/*)" "the results are in the order of the command line"
tap_is "$(jq -r '.results[] | .material_sha256' out | sort -u | wc -l)" 18 "and each is its own"
tap_is "$(calls C_Login) $(calls C_OpenSession) $(calls C_CloseSession) $(relay_left)" "1 4 4 0" \
	"one login, four sessions, closed again, and nothing left behind"
# one throwaway of each kind; of the two-step way also an ephemeral AES key for each wrap and for its proof
tap_is "$(calls C_GenerateKeyPair) $(($(calls C_GenerateKey) - 6))" "1 3" "each of the three proofs was made once" ||
	tap_diag "$(grep -c . "$KEYHAUL_RELAY_TRACE") calls"
fresh 3 known
many bundles/*
tap_is "$many_status $(calls C_OpenSession)" "0 2" "no more sessions than bundles behind the first"
fresh 4 known
KEYHAUL_RELAY_RULES='C_GenerateKey.1=0x31'
many bundles/*
tap_is "$many_status $(wrapped)" "4 3" "a proof that fails by a code of the moment is tried again with the next bundle"
KEYHAUL_RELAY_RULES=
"$KEYHAUL_BUILD/tests/token/make_bundle" no.request w2048.der HMAC_256 RSAES_OAEP_SHA_256 RSA_2048 "arn=$arn" \
	'key_uri=pkcs11:object=HMAC_256'
fresh 4 known no
KEYHAUL_RELAY_DELAY_US=1000
many bundles/*
tap_is "$many_status $(wrapped) $(grep -c '^error: .*the proof failed' err) $(calls C_GenerateKey)" "7 4 4 2" \
	"a proof that cannot be is made once, waited for by the others, and refuses each of its bundles"

# the same file, the same key
fresh 3 known
KEYHAUL_RELAY_DELAY_US=2000
# shellcheck disable=SC2046 # names without blanks
many bundles/known.1 $(for i in 1 2 3 4 5 6; do echo "bundles/known.2 bundles/../bundles/known.2 ./bundles/known.3"; done)
tap_is "$many_status $(wrapped)" "0 3" "bundles that are named again and again"
tap_like "$(cat out)" '^19 bundles: 3 wrapped, 16 skipped$' "are wrapped once"
whole 3
tap_ok $? "and whole"
KEYHAUL_RELAY_DELAY_US=0

# modules and tokens that do not let threads in
fresh 5 known
KEYHAUL_RELAY_RULES='C_Initialize.1=0xA'
many --json bundles/*
tap_is "$many_status $(wrapped) $(calls C_OpenSession)" "0 5 1" "CKR_CANT_LOCK: one thread, and all are wrapped"
tap_is "$(grep -c '^warning: --jobs 4: the module cannot be called by threads' err) $(jq '[.warnings[] | select(startswith("--jobs"))] | length' out)" "1 1" "said once"
fresh 5 known
KEYHAUL_RELAY_RULES='C_OpenSession.3+=0xB1'
many bundles/*
tap_is "$many_status $(wrapped) $(calls C_CloseSession)" "0 5 2" "CKR_SESSION_COUNT: as many sessions as there are"
tap_like "$(cat err)" '^warning: --jobs 4: 2 keys at a time, for there are no more sessions: C_OpenSession .*CKR_SESSION_COUNT \(0xB1\)$' \
	"said, with the code"
for n in 1 2; do
	fresh 5 known
	KEYHAUL_RELAY_RULES="C_OpenSession.$((n + 1))+=same"
	many bundles/*
	tap_is "$many_status $(wrapped) $(calls C_CloseSession)" "0 5 $n" "a session that is given twice is one, and closed once: $n"
	tap_like "$(cat err)" "^warning: --jobs 4: $n keys? at a time, .*: C_OpenSession: CKR_OK with the handle of a session that is open\$" "said"
done
# one object stays of the first key's three, and is counted once, however many sessions begin behind it
fresh 5 known
KEYHAUL_RELAY_RULES='C_DestroyObject.1=0x30'
many --token-objects bundles/*
tap_is "$many_status $(grep -c '^error: 1 object that this command made could not be taken off ' err)" "4 1" \
	"what stays of the first key is counted once" || tap_diag "$(cat err)"
KEYHAUL_RELAY_RULES=
relay_direct clean --yes >/dev/null

# the token goes
fresh 40 known
KEYHAUL_RELAY_RULES='C_WrapKey.12+=0x32 C_FindObjectsInit.14+=0x32'
many bundles/*
tap_is "$many_status" 4 "a token that is gone is status 4"
gone=$(sed -n 's/^40 bundles: \([0-9]*\) wrapped, \([0-9]*\) failed, \([0-9]*\) not tried$/\1 \2 \3/p' out)
tap_is "$(wrapped)" "${gone%% *}" "the table tells those that are wrapped" || tap_diag "$(tail -n 1 out)"
[ "$(grep -c '^error: bundles/' err)" -le 4 ] && [ "$(grep -c '^error: the token is gone: [0-9]* of 40 bundles were not tried$' err)" -eq 1 ]
tap_ok $? "at most four failed, one for each thread, and one line says how many were not tried" || tap_diag "$(cat err)"
[ "$(calls C_FindObjectsInit)" -le 18 ] && whole 40
tap_ok $? "all threads stop, and each bundle is whole"
KEYHAUL_RELAY_RULES=
many bundles/*
tap_is "$many_status $(wrapped)" "0 40" "and the same command wraps the rest"

# interrupts
some() { [ "$(wrapped)" -ge "$1" ]; }
begin() {
	: >"$KEYHAUL_RELAY_TRACE"
	tap_start run "$TOKEN" wrap --jobs 4 --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" "$@"
}
fresh 100 HMAC_256
KEYHAUL_RELAY_DELAY_US=5000
begin bundles/*
tap_poll 30 some 5
kill -INT "$tap_pid"
wait "$tap_pid"
tap_is "$?" 130 "an interrupt is status 130"
done_n=$(wrapped)
tap_like "$(tail -n 1 run.out)" "^100 bundles: $done_n wrapped, $((100 - done_n)) not tried$" "the table says which were not tried"
tap_is "$(grep -c 'HMAC_256\.[0-9]* .* wrapped$' run.out) $(grep -c ' not tried$' run.out)" "$done_n $((101 - done_n))" "row by row"
tap_is "$(cat run.err)" "error: interrupted: $((100 - done_n)) of 100 bundles were not tried
hint: run the same command again: what is wrapped is passed over" "in one error line"
tap_is "$(relay_left)" 0 "nothing is left on the token"
whole 100
tap_ok $? "each bundle is whole"
KEYHAUL_RELAY_DELAY_US=0
fresh 20 known
KEYHAUL_RELAY_RULES='C_WrapKey.8+=hang'
begin bundles/*
tap_poll 30 some 5
kill -INT "$tap_pid"
hangs() { grep -q 'interrupt again' run.err; }
tap_poll 30 hangs
tap_ok $? "a call that does not come back is said to be waited for" || tap_diag "$(cat run.err)"
kill -INT "$tap_pid"
wait "$tap_pid"
tap_is "$?" 130 "a second interrupt ends at once"
rm -f bundles/*.lock # which nobody holds any more
whole 20
tap_ok $? "and each bundle is whole"
tap_is "$(relay_object count)" "$objects" "after all of this the token has what it had"
tap_exits 2 "--jobs 0 is refused" "$TOKEN" wrap --jobs 0 --token "$KEYHAUL_TOKEN" bundles/known.1
tap_done 37
