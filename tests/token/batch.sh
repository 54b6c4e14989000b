#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2317,SC2154 # tap_poll calls functions, tap.sh sets tap_pid
#
# wrap over many bundles, one after the other: the table, the statuses, --json, and what ends a run before its end.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"
tap_need softhsm2-util openssl jq flock
arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab
export KEYHAUL_RELAY_RULES=

request() { # FILE KEY SPEC ALGORITHM [NAME=VALUE...]
	request_file=$1
	request_key=$2
	request_spec=$3
	request_alg=$4
	shift 4
	rm -f "$request_file"
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$request_file" w2048.der "$request_spec" "$request_alg" RSA_2048 "arn=$arn" \
		"key_uri=pkcs11:$request_key" "$@"
}
secret() { request "$1" object=payroll SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1; }

many() { # OPTION... BUNDLE...
	relay_token wrap "$@" >out 2>err </dev/null
	many_status=$?
}
has() { jq 'has("material")' "$@" | paste -sd' '; }

blob_key 2048 || exit 1
relay_softhsm "$TAP_DIR/softhsm" || tap_skip_all "softhsm2 cannot make a token here"
for row in payroll:SYMMETRIC_DEFAULT mac:HMAC_512 sign:ECC_NIST_P256; do
	relay_direct generate --label "${row%%:*}" --key-spec "${row#*:}" >/dev/null || exit 1
done
head -c 32 /dev/urandom >value
relay_object put generic "$(printf '\351\215\265\033')" "$(blob_hex value)" # a wide character, a control
odd_id=$(relay_direct keys --json | jq -r '.results[] | select(.label | test("\u001b")) | .id' | sed 's/../%&/g')

# the table
secret a.bundle
request b.bundle object=mac HMAC_512 RSAES_OAEP_SHA_1
request c.bundle object=sign ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1
request d.bundle object=sign ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1
request e.bundle object=none SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1
echo '{' >f.bundle
odd=$(printf 'g\033[31m\nfailed.bundle')
request "$odd" "id=$odd_id" HMAC_256 RSAES_OAEP_SHA_1
many a.bundle b.bundle c.bundle d.bundle e.bundle f.bundle "$odd"
tap_is "$many_status" 3 "two of seven fail"
cat >table <<'END'
bundle                      key      algorithm               result
a.bundle                    payroll  RSAES_OAEP_SHA_1        wrapped
b.bundle                    mac      RSAES_OAEP_SHA_1        wrapped
c.bundle                    sign     RSA_AES_KEY_WRAP_SHA_1  wrapped
d.bundle                    sign     RSA_AES_KEY_WRAP_SHA_1  wrapped
e.bundle                    none     RSAES_OAEP_SHA_1        failed
  no key 'none' matches on token 'keyhaul-rehearsal' (serial SERIAL)
f.bundle                    -        -                       failed
  line 2, column 0: not JSON: string or '}' expected near end of file
g\x1B[31m\x0Afailed.bundle  鍵\x1B   RSAES_OAEP_SHA_1        wrapped

7 bundles: 5 wrapped, 2 failed
END
sed 's/(serial [0-9a-f]*)/(serial SERIAL)/' out | cmp -s - table
tap_ok $? "the table is aligned, and safe for a terminal" || tap_diag "$(cat out)"
tap_is "$(relay_calls ' C_Login ') $(relay_calls ' C_OpenSession ') $(relay_left)" "1 1 0" "one login, one session, nothing left behind"
tap_is "$(grep -c '^warning: ' err) $(grep -c '^warning: proof for ECC_NIST_P256: .*behind the PKCS#8: go on; ' err)" "2 1" \
	"what a proof warns of is said once"
tap_is "$(grep -c '^error: [ef].bundle: ' err) $(grep -c '^error: ' err)" "2 2" "each failure has its error line"
many a.bundle e.bundle
tap_is "$many_status $(sed -n '2,3p' out | paste -sd,)" "3 a.bundle  payroll  RSAES_OAEP_SHA_1  skipped,  it has material already" "what is wrapped is passed over"
many --again a.bundle b.bundle
tap_is "$many_status $(tail -n 2 out)" "0 2 bundles: 2 wrapped
next: keyhaul-kms import *.bundle" "but not with --again, and then they are to be imported"

"$KEYHAUL_BUILD/tests/token/make_bundle" u1.bundle w2048.der SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSA_2048 "arn=$arn"
cp u1.bundle u2.bundle
cp u1.bundle u3.bundle
secret ok.bundle
many u1.bundle u2.bundle ok.bundle u3.bundle
tap_is "$many_status $(grep -c '^error: u[123].bundle: the request names no key$' err) $(grep -c '^hint: ' err) $(tail -n 1 out)" \
	"3 3 3 4 bundles: 1 wrapped, 3 failed" "bundles that name no key: an error line each, and a hint" || tap_diag "$(cat err)"
tap_is "$(grep -c '^hint: as above$' err)" 2 "which is said once in full"
tap_like "$(cat err)" '^hint: of several bundles each names its key: fetch them again with --key-uri' "which names what helps"

# the worst status
secret ok.bundle
request late.bundle object=payroll SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 valid_to=-5
request none.bundle object=none SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1
worst() { # STATUS RULES BUNDLE...
	worst_status=$1
	KEYHAUL_RELAY_RULES=$2
	shift 2
	secret ok.bundle
	secret 4.bundle
	secret 6.bundle
	flock 6.bundle.lock "$TOKEN" wrap --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" "$@" >out 2>err
	tap_is "$? $(has ok.bundle)" "$worst_status true" "status $worst_status of $*, and the good one is wrapped"
	rm -f 6.bundle.lock
	KEYHAUL_RELAY_RULES=
}
refused='C_WrapKey.3=0x30' # behind the proof and ok.bundle
worst 6 '' ok.bundle 6.bundle
worst 3 '' 6.bundle ok.bundle none.bundle
worst 4 "$refused" none.bundle ok.bundle 4.bundle 6.bundle
worst 7 "$refused" ok.bundle 4.bundle none.bundle 6.bundle late.bundle
worst 7 '' late.bundle ok.bundle

# --json: more than is held until the end
set --
i=100
while [ $i -lt 160 ]; do
	i=$((i + 1))
	secret "j$i"
	set -- "$@" "j$i"
done
many --json "$@" none.bundle
tap_is "$many_status $(jq -r '.ok' out) $(jq -r '.keyhaul_output, .command' out | paste -sd' ')" "3 false 1 keyhaul-token wrap" \
	"a long document is one"
tap_like "$(head -c 70 out)" '^[{]"keyhaul_output":1,"command":"keyhaul-token wrap","results":\[' "which began before its end" || tap_diag "$(head -c 70 out)"
tap_is "$(jq -r '.results[] | .bundle // .item' out | paste -sd' ')" "$* none.bundle" "with the results in order"
tap_is "$(jq -c '[.results[] | .ok] | group_by(.) | map([.[0], length])' out)" '[[false,1],[true,60]]' "and each of them"
tap_is "$(jq -c '.results[60].error | [.status, .code]' out)" '[3,"input"]' "a failed one with its error"
for i in 101 102 103; do secret "j$i"; done
many --json --again "$@" >/dev/null
tap_is "$many_status $(jq -r '.ok' out)" "0 true" "and ok where all is"
for i in 101 160; do secret "j$i"; done
relay_token wrap --again --json "$@" >/dev/full 2>err
tap_is "$? $(has j101 j160)" "1 true true" "where it cannot be printed the bundles are written all the same"
tap_like "$(cat err)" '^error: the result could not be printed: ' "and that is said"
for i in 101 160; do secret "j$i"; done
relay_token wrap "$@" >/dev/full 2>err
tap_is "$? $(has j101 j160)" "1 true true" "the same with the table"

# a run that ends before its end
for i in 101 102 103 104 105; do secret "j$i"; done
KEYHAUL_RELAY_RULES='C_WrapKey.4+=0x32'
many --json j101 j102 none.bundle j103 j104 j105
tap_is "$many_status $(has j101 j102 j103 j104 j105)" "4 true true false false false" "a token that is gone ends the run"
tap_is "$(jq -c '[.results[] | .error.status // 0], .error.status' out | paste -sd' ')" '[0,0,3,4,4,4] 4' "each has its result"
tap_is "$(grep -c '^error: ' err)" 3 "and there is one error line for those that were not tried"
tap_like "$(cat err)" '^error: the token is gone: 2 of 6 bundles were not tried$' "which says how many"
for i in 101 102 103 104 105; do secret "j$i"; done
many j101 j102 late.bundle none.bundle j103 j104 j105
tap_is "$many_status $(tail -n 1 out)" "7 7 bundles: 2 wrapped, 3 failed, 2 not tried" "where something else was worse that is the status"
KEYHAUL_RELAY_RULES=
for i in 101 102 103 104 105; do secret "j$i"; done
(umask 077 && printf 'wrong\n' >wrong.pin)
: >"$KEYHAUL_RELAY_TRACE"
"$TOKEN" wrap --module "$RELAY" --token "$KEYHAUL_TOKEN" --pin-file wrong.pin j101 j102 >out 2>err
tap_is "$? $(relay_calls ' C_Login ') $(grep -c . err) $(wc -c <out)" "4 1 2 0" "a wrong PIN ends it, with one error and its hint" ||
	tap_diag "$(cat out err)"
begun() { [ "$(relay_calls ' C_WrapKey .* token=1')" -ge 2 ]; }
for json in '' --json; do
	for i in 101 102 103 104 105; do secret "j$i"; done
	: >"$KEYHAUL_RELAY_TRACE"
	KEYHAUL_RELAY_DELAY_US=10000 tap_start run "$TOKEN" wrap $json --module "$RELAY" --token "$KEYHAUL_TOKEN" \
		--pin-file "$KEYHAUL_PIN_FILE" j101 none.bundle j102 j103 j104 j105
	tap_poll 30 begun
	kill -TERM "$tap_pid"
	wait "$tap_pid"
	tap_is "$?" 130 "an interrupt${json:+ with $json} is status 130"
	n=$(grep -l '"material"' j10[1-5] | wc -l)
	if [ -n "$json" ]; then
		tap_is "$(jq -c '[.results[] | .error.status // 0], .error.status' run.out | paste -sd' ')" \
			"[0,3,0$([ "$n" -eq 2 ] && echo ,130 || echo ,0),130,130] 130" "and each bundle has its result"
	else
		tap_is "$(tail -n 1 run.out)" "6 bundles: $n wrapped, 1 failed, $((5 - n)) not tried" "and the table says what was not tried"
	fi
done
tap_done 34
