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
*) printf 'did %s\n' "$1" ;;
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
	tap_exits "$tap_wanted_status" "$what" "$keyhaul" run --key 'pkcs11:token=t;object=o' "$@"
}

run 0 "fetch, wrap and import" --key-id "$cli_arn" --valid-to 90d --out one.bundle --region eu-central-1 --no-verify-ssl \
	--module m.so --pin-fd 3 --wrapping-key-spec RSA_4096 --wait-timeout 9 --token-objects
tap_is "$(cat calls)" "[keyhaul-kms][fetch][--valid-to][90d][--region][eu-central-1][--no-verify-ssl][--key-id][$cli_arn]\
[--wrapping-key-spec][RSA_4096][--out][one.bundle]
[keyhaul-token][wrap][--key][pkcs11:token=t;object=o][--module][m.so][--pin-fd][3][--token-objects][--][one.bundle]
[keyhaul-kms][import][--valid-to][90d][--region][eu-central-1][--no-verify-ssl][--wait-timeout][9][--][one.bundle]" \
	"each program gets its options, word for word"
tap_is "$tap_out" "did fetch
did wrap
did import" "their results are its result"
tap_is "$(jq -r 'has("receipt")' one.bundle)" true "the bundle is in --out"

run 0 "without --out" --key-id "$cli_arn" --valid-to 90d
tap_is "$(ls tmp)" "" "the folder made for the run is gone"

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
unset STATUS_import

# usage
run 2 "no --key-id" --valid-to 90d
run 2 "no expiry" --key-id "$cli_arn"
tap_like "$tap_err" "^hint: --valid-to" "what to say"
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
	tap_is "$(comm -13 passed has | paste -sd' ')" "again key-uri token-serial" "and these are left to them"
else
	tap_skip "each option of run is one of theirs" "not all is built"
	tap_skip "and some are left to them" "not all is built"
fi
tap_done 49
