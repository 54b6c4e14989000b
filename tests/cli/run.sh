#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul run: which programs it starts with which words, how their ends become its own, and that no bundle is lost.
# The programs are stand-ins here; tests/e2e/run.sh has the real ones.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl

cli_parameters 2048 "$(cli_hours 20)"
cli_adopt fetched SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d >/dev/null
cp fetched wrapped
cli_material wrapped
cp wrapped imported
cli_receipt imported
export TAP_DIR

# Each writes its words to calls, puts the next bundle in place and ends as STATUS_VERB says.
mkdir bin tmp
cat >bin/keyhaul-kms <<'END'
#!/bin/sh
{ printf '[%s]' "${0##*/}" "$@"; echo; } >>"$TAP_DIR/calls"
for last; do :; done
eval "status=\${STATUS_$1:-0}"
if [ "$status" -ne 0 ]; then
	printf 'error: no luck with %s\n' "$1" >&2
	case " $* " in *' --json '*) printf '{"keyhaul_output":1,"command":"x %s","ok":false,"results":[],"error":{"status":%s,
		"code":"kms","native":"AccessDeniedException","message":"no luck with %s","hint":"ask"}}\n' "$1" "$status" "$1" ;; esac
	exit "$status"
fi
case $1 in fetch) next=fetched ;; wrap) next=wrapped ;; import) next=imported ;; esac
cp "$TAP_DIR/$next" "$last"
case " $* " in
*' --json '*) printf '{"keyhaul_output":1,"command":"x %s","ok":true,"results":[{"item":"y"}]}\n' "$1" ;;
*) printf 'did %s\nnext: a command\n' "$1" ;;
esac
END
cp bin/keyhaul-kms bin/keyhaul-token
chmod +x bin/*
KEYHAUL_BINDIR=$TAP_DIR/bin TMPDIR=$TAP_DIR/tmp
export KEYHAUL_BINDIR TMPDIR
keyhaul=$KEYHAUL_BUILD/keyhaul
run() {
	tap_wanted_status=$1 what=$2
	shift 2
	: >calls
	tap_exits "$tap_wanted_status" "$what" "$keyhaul" run --key "$key" "$@"
}
key='pkcs11:token=hsm%201;object=order%0Akey'

run 0 "fetch, wrap and import" --key-id "$cli_arn" --valid-to 90d --out one.bundle --region eu-central-1 --no-verify-ssl \
	--module m.so --pin-fd 3 --wrapping-key-spec RSA_4096 --wait-timeout 9 --token-objects --max-attempts 4 \
	--rate ImportKeyMaterial=5 --policy p.yaml
tap_is "$(cat calls)" "[keyhaul-kms][fetch][--policy][p.yaml][--valid-to][90d][--region][eu-central-1][--no-verify-ssl][--max-attempts][4]\
[--rate][ImportKeyMaterial=5][--key-id][$cli_arn]\
[--wrapping-key-spec][RSA_4096][--out][one.bundle]
[keyhaul-token][wrap][--policy][p.yaml][--key][$key][--module][m.so][--pin-fd][3][--token-objects][--][one.bundle]
[keyhaul-kms][import][--policy][p.yaml][--valid-to][90d][--region][eu-central-1][--no-verify-ssl][--max-attempts][4]\
[--rate][ImportKeyMaterial=5][--wait-timeout][9][--][one.bundle]" \
	"each program gets its options, word for word"
tap_is "$tap_out" "did fetch
did wrap
the key: 'order%0akey' (AES, 256 bits, id 01ff) of the token 'hsm%201'
did import" "their results are its result"
tap_is "$(jq -r 'has("receipt")' one.bundle)" true "the bundle is in --out"

run 0 "without --out" --key-id "$cli_arn" --valid-to 90d
tap_is "$(ls tmp)" "" "the folder made for the run is gone"
tap_is "$(printf '%s\n' "$tap_out" | tail -n 1)" "the bundle was not kept: --out FILE keeps it" "and that is said"

# a step that fails
for step in fetch:5: wrap:4:fetched import:6:wrapped; do
	verb=${step%%:*} rest=${step#*:}
	status=${rest%%:*} left=${rest#*:}
	export "STATUS_$verb=$status"
	run "$status" "$verb fails: its status is passed on" --key-id "$cli_arn" --valid-to 90d
	tap_is "$tap_out" "" "$verb fails: stdout is empty"
	tap_like "$tap_err" "^error: keyhaul-(kms|token) $verb ended with status $status" "$verb fails: it is named"
	kept=$(find tmp -name '*.bundle')
	if [ -z "$left" ]; then
		tap_is "$kept$(ls tmp)" "" "$verb fails: nothing to keep"
	else
		cmp -s "$left" "$kept" && printf '%s\n' "$tap_err" | grep -q -F -- "--out $TAP_DIR/$kept goes on"
		tap_ok $? "$verb fails: the bundle is kept and named"
	fi
	unset "STATUS_$verb"
	rm -rf tmp/*
done

# it goes on where it stood
cp fetched go.bundle
run 0 "from a request on" --key-id "${cli_arn##*/}" --out go.bundle
tap_is "$(cut -d']' -f2 calls | paste -sd' ')" "[wrap [import" "wrap and import"
cp wrapped go.bundle
run 0 "from material on" --key-id "$cli_arn" --out go.bundle
tap_is "$(cut -d']' -f2 calls | paste -sd' ')" "[import" "import alone"
# nothing that is said is passed over because its step is done
for stage in wrapped imported; do
	cp $stage go.bundle
	while IFS='|' read -r status option value why; do
		run "$status" "$stage: $option $value" --key-id "$cli_arn" --out go.bundle "$option" "$value"
		printf '%s\n' "$tap_err" | grep -F -q -- "$why" && printf '%s\n' "$tap_err" | grep -q "^hint: .*move go.bundle away" &&
			[ ! -s calls ] && cmp -s $stage go.bundle
		tap_ok $? "$stage: both are named, nothing is started" || tap_diag "$tap_err"
	done <<'END'
2|--wrapping-algorithm|RSAES_OAEP_SHA_1|RSAES_OAEP_SHA_1, the bundle says RSAES_OAEP_SHA_256
2|--wrapping-key-spec|RSA_4096|RSA_4096, the bundle says RSA_2048
2|--key-spec|HMAC_256|HMAC_256, the bundle says SYMMETRIC_DEFAULT
2|--import-type|NEW_KEY_MATERIAL|NEW_KEY_MATERIAL contradicts the bundle
2|--valid-to|30d|"expires 30d after the import", the bundle "expires 90d after the import"
2|--expiration-model|KEY_MATERIAL_DOES_NOT_EXPIRE|"does not expire", the bundle "expires 90d
END
	for uri in 'object=other' 'object=order%0Akey;token=other' 'object=order%0Akey;id=%01%fe' 'object=order%0Akey;serial=1' \
		'type=private;object=order%0Akey'; do
		key=pkcs11:$uri
		run 7 "$stage: the key $uri" --key-id "$cli_arn" --out go.bundle
		tap_like "$tap_err$(cat calls)" "names $key, and the bundle holds material of the key 'order%0akey' \(AES, 256" \
			"$stage: both keys are named, nothing is started"
	done
	for key in nonsense pkcs11:nonsense; do
		run 3 "$stage: the key $key" --key-id "$cli_arn" --out go.bundle
	done
	key='pkcs11:token=hsm%201;object=order%0akey;id=%01%FF;type=secret-key?module-path=m.so'
	run 0 "$stage: what the bundle says may be said again" --key-id "$cli_arn" --out go.bundle --valid-to 90d \
		--wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_2048 --key-spec SYMMETRIC_DEFAULT
	tap_exits 7 "$stage: --generate of another label" "$keyhaul" run --token 'pkcs11:token=hsm%201' --generate other --no-keep \
		--key-id "$cli_arn" --out go.bundle
	key='pkcs11:token=hsm%201;object=order%0Akey'
done
cp fetched go.bundle
run 2 "fetched: another algorithm" --key-id "$cli_arn" --out go.bundle --wrapping-algorithm RSAES_OAEP_SHA_1
tap_like "$tap_err" "^hint: .*move go.bundle away or name another --out" "fetched: what to do"
# a bundle without an intent: what its receipt says
cli_adopt bare SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 >/dev/null
cli_material bare
cli_receipt bare
cp bare bare.copy
run 2 "the receipt says otherwise" --key-id "$cli_arn" --out bare --valid-to 90d
run 0 "the receipt says so" --key-id "$cli_arn" --out bare.copy --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
cp wrapped go.bundle
run 2 "another key's bundle is refused" --key-id "$cli_real_arn" --out go.bundle
tap_like "$tap_err" "is for $cli_arn, not for $cli_real_arn" "and told"
run 2 "an alias may have moved" --key-id alias/order --out go.bundle
tap_is "$(cat calls)" "" "nothing was started"
echo '{' >bad.bundle
run 3 "a bad bundle" --key-id "$cli_arn" --out bad.bundle
cp fetched ./-odd
run 0 "a name like an option" --key-id "$cli_arn" --out -odd

# --json
run 0 "--json" --key-id "$cli_arn" --valid-to 90d --json
tap_is "$(printf '%s\n' "$tap_out" | jq -cs '[length, .[0].ok, (.[0].results[] | .item, .ok)]')" \
	'[1,true,"fetch",true,"wrap",true,"import",true]' "one document with a result for each step"
STATUS_import=5
export STATUS_import
run 5 "--json and a failure" --key-id "$cli_arn" --valid-to 90d --json --out js.bundle
tap_is "$(printf '%s\n' "$tap_out" | jq -cs '[length, .[0].ok, .[0].error.status, .[0].error.native, (.[0].results | length)]')" \
	'[1,false,5,"AccessDeniedException",3]' "one document, the program's own error in it"
tap_like "$(printf '%s\n' "$tap_out" | jq -r .error.hint)" '^ask; the bundle is kept' "and its hint"
tap_is "$(printf '%s\n' "$tap_out" | jq -cS '.results[2].key')" '{"id":"01ff","label":"order%0akey","token":"hsm%201","type":"AES"}' \
	"the key that is imported is named"
unset STATUS_import
STATUS_wrap=7
export STATUS_wrap
run 7 "a failed proof" --key-id "$cli_arn" --valid-to 90d --out failed.bundle
tap_like "$tap_err" "^hint: .*move failed.bundle away or name another --out" "what helps is told"
tap_unlike "$tap_err" "goes on from there" "and nothing that does not help"
unset STATUS_wrap

# usage
tap_is "$("$keyhaul" run --help | grep -o KEY_MATERIAL_DOES_NOT_EXPIRE | wc -l)" 1 "the values of MODEL are listed once"
run 2 "no --key-id" --valid-to 90d
run 2 "no expiry" --key-id "$cli_arn"
tap_like "$tap_err" "^hint: say --valid-to" "what to say"
run 2 "an expiry of what does not expire" --key-id "$cli_arn" --valid-to 90d --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
tap_is "$(cat calls)" "" "is refused before fetch is started"
run 2 "no key id of any form" --key-id 'x y' --valid-to 90d
tap_exits 2 "no --key" "$keyhaul" run --key-id "$cli_arn" --valid-to 90d
tap_exits 2 "--key and --generate" "$keyhaul" run --key u --token u --generate l --key-id "$cli_arn" --valid-to 90d
tap_exits 2 "a PIN on the command line" "$keyhaul" run --key 'pkcs11:object=o?pin-value=1234' --key-id "$cli_arn" --valid-to 90d
tap_unlike "$tap_err" 1234 "which is not said again"
rm bin/keyhaul-token
run 2 "a program that is not installed" --key-id "$cli_arn" --valid-to 90d --out two.bundle
tap_like "$tap_err" "keyhaul-token is not installed here" "is named"
tap_is "$(cmp fetched two.bundle && echo kept)" kept "and what was fetched is kept"

# every option that is passed on is one of the program's
for program in kms:fetch kms:import token:wrap; do
	rows=$KEYHAUL_BUILD/keyhaul-${program%%:*}
	if [ ! -x "$rows" ]; then
		tap_skip "options of ${program#*:}" "keyhaul-${program%%:*} is not built"
		continue
	fi
	"$rows" --dump-options | awk -F '\t' -v v="${program#*:}" '$1 == "option" && $2 == v { print $3 }' | sort >"has.${program#*:}"
	tap_is "$(wc -l <"has.${program#*:}" | grep -c '^0$')" 0 "${program#*:} has options"
done
"$keyhaul" --dump-options | awk -F '\t' '$1 == "option" && $2 == "run" { print $3 }' | sort -u >passed
if cat has.* 2>/dev/null | sort -u >has && [ -f has.wrap ] && [ -f has.fetch ]; then
	tap_is "$(comm -23 passed has)" "" "each option of run is one of theirs"
	tap_is "$(comm -13 passed has | paste -sd' ')" "again csv expiring-within jobs key-uri material-sha256 now plan token-serial" "and these are left to them"
else
	tap_skip "each option of run is one of theirs" "not all is built"
	tap_skip "and some are left to them" "not all is built"
fi
tap_done 113
