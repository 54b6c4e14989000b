#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-sim as a program: its lines, its end, its limits, TLS, a request signed by openssl.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need curl openssl jq
# shellcheck source=tests/kms/sim_lib.sh
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"

# what eval gets
AWS_PROFILE=somebody AWS_SESSION_TOKEN=old
export AWS_PROFILE AWS_SESSION_TOKEN
sim_makes_keys=yes # as it does where no pool is given
sim_start --region eu-west-3
tap_like "$AWS_ENDPOINT_URL_KMS" '^http://127\.0\.0\.1:[0-9]+$' 'AWS_ENDPOINT_URL_KMS is loopback'
tap_is "${AWS_PROFILE-unset} ${AWS_SESSION_TOKEN-unset} $AWS_REGION" 'unset unset eu-west-3' 'profile and session token are unset'
kill -0 "$KEYHAUL_SIM_PID"
tap_ok $? 'KEYHAUL_SIM_PID runs'
tap_is "$(readlink "/proc/$sim_pid/fd/0" "/proc/$sim_pid/fd/1" "/proc/$sim_pid/fd/2" 2>/dev/null | sort -u)" /dev/null \
	'it has let go of stdin, stdout and stderr'

# signed by openssl
answer=$(sim_request "$(sim_date 0)" TrentService.CreateKey '{"Origin":"EXTERNAL"}')
tap_like "$answer" '^200 .*"KeyState":"PendingImport"' 'a request that openssl signed is let in'
tap_like "$(sim_request "$(sim_date -840)" TrentService.ListKeys '{}')" '^200 ' '14 min early is let in'
tap_like "$(sim_request "$(sim_date -960)" TrentService.ListKeys '{}')" '^400 .*InvalidSignatureException.*Signature expired' \
	'16 min early is not'
tap_like "$(sim_request "$(sim_date 960)" TrentService.ListKeys '{}')" '^400 .*InvalidSignatureException.*not yet current' \
	'16 min late is not'
tap_like "$(AWS_SECRET_ACCESS_KEY=other sim_request "$(sim_date 0)" TrentService.CreateKey '{}')" \
	'^400 .*InvalidSignatureException' 'another secret is not'
tap_like "$(sim_request "$(sim_date 0)" TrentService.ListKeys '{}')" '"Keys":\[\{[^{]*\}\]' 'and nothing was made by it'

tap_like "$(sim_request "$(sim_date 0)" TrentService.ListKeys '{"Extra":[1],"Limit":1}')" '^200 ' 'a member that nobody knows is ignored'

# limits
unsigned() {
	curl -s -o answer -w '%{http_code}' "$@" "$AWS_ENDPOINT_URL_KMS/"
}
tap_is "$(unsigned -d '{}' -H 'Content-Type: application/x-amz-json-1.1') $(jq -r .__type answer)" '400 MissingAuthenticationTokenException' 'unsigned'
tap_is "$(unsigned)" 400 'GET'
tap_is "$(unsigned -d 'Action=GetCallerIdentity') $(grep -o '<Code>.*</Code>' answer)" \
	'403 <Code>MissingAuthenticationToken</Code>' 'unsigned, of STS'
head -c 300000 /dev/zero | tr '\0' ' ' >large
tap_is "$(unsigned --data-binary @large -H 'Expect:')" 413 'a body over the cap'
tap_is "$(unsigned --data-binary @large -H 'Expect:' -H 'Transfer-Encoding: chunked')" 000 'chunked over the cap: closed'
set --
for n in $(seq 70); do
	set -- "$@" -H "X-Header-$n: 1"
done
tap_is "$(unsigned "$@" -d '{}')" 431 'too many headers'
tap_is "$(unsigned -H "X-Long: $(head -c 40000 /dev/zero | tr '\0' x)" -d '{}')" 431 'too long a header'
printf '\0\1\2 nonsense\r\n\r\n' | curl -s --max-time 1 "telnet://${AWS_ENDPOINT_URL_KMS#*://}" >nonsense 2>&1
tap_like "$(sim_request "$(sim_date 0)" TrentService.ListKeys '{}')" '^200 ' 'it still answers'
sim_stop
tap_ok $? 'SIGTERM ends it'

# --die-with
sh -c 'read -r line' <&- &
sleeper=$!
wait "$sleeper"
tap_exits 3 '--die-with a process that is not there' "$sim" --daemon --die-with "$sleeper"
mkfifo hold
tap_start holder cat hold
eval "$("$sim" --daemon --die-with "$tap_pid")"
sim_pid=$KEYHAUL_SIM_PID
kill -0 "$sim_pid" && tap_stop "$tap_pid" && tap_poll 10 sim_gone
tap_ok $? '--die-with: it ends with that process'

# for eval: a start that fails makes it fail, and nothing is set
tap_run "$sim" --daemon --listen "${AWS_ENDPOINT_URL_KMS#http://}x"
tap_is "$tap_status $tap_out" '2 false' 'a start that fails prints what fails'
sim_start
tap_run "$sim" --daemon --listen "${AWS_ENDPOINT_URL_KMS#http://}"
tap_is "$tap_status $tap_out" '1 false' 'and so does an address in use'
tap_like "$tap_err" "^error: listening on 127.0.0.1 port ${AWS_ENDPOINT_URL_KMS##*:}: .*" 'which names the port'
tap_like "$tap_err" '^hint: another keyhaul-sim may have it' 'and says what to do'
( eval "$("$sim" --deamon 2>/dev/null)" )
tap_isnt $? 0 'eval fails'
tap_is "$AWS_DEFAULT_REGION" "$AWS_REGION" 'a client of either variable finds the Region'
sim_stop

# the examples of its page, one behind the other; the last is the end of them
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$KEYHAUL_SRC/man/keyhaul-sim.1" | awk '/^\.Bd/ { on = 1; n++; next } /^\.Ed/ { on = 0 } on { print >("example." n) }'
cat example.1 example.2 >examples
cat >>examples <<'END'
keyhaul-kms fetch --key-id "$arn" --valid-to 90d --out again.bundle
jq -r .request.endpoint late.bundle again.bundle | uniq
END
sed 's/ || exit$/ || exit 9/' example.3 >>examples
tap_run env PATH="$KEYHAUL_BUILD:$PATH" bash -e examples
tap_is "$tap_status $(printf '%s\n' "$tap_out" | grep -c '^http://127')" '0 1' 'its examples work: the key is there a day later, at the same address' ||
	tap_diag "$tap_err"

# in front
tap_start front "$sim" --listen '[::1]:0' --access-key AKIDSOMEBODYELSE01
front=$tap_pid
tap_poll 10 grep -q '^unset ' "$TAP_DIR/front.out"
tap_like "$(cat front.out)" "AWS_ENDPOINT_URL_KMS='http://\\[::1\\]:" 'in front it prints the same lines'
tap_like "$(cat front.out)" "AWS_ACCESS_KEY_ID='AKIDSOMEBODYELSE01'" '--access-key'
kill -INT "$front"
kill -TERM "$front" 2>/dev/null
wait "$front"
tap_like $? '^(0|130)$' 'SIGINT ends it'

# two of them and one folder; other addresses; wrong options
sim_start --state kept
tap_exits 6 '--state: one at a time' "$sim" --daemon --state kept
mv kept away
tap_like "$(sim_request "$(sim_date 0)" TrentService.CreateKey '{}')" '^500 .*KMSInternalException' 'what cannot be saved fails'
mv away kept
tap_like "$(sim_request "$(sim_date 0)" TrentService.ListKeys '{}')" '^200 .*"Keys":\[\]' 'and has not happened'
sim_stop
tap_exits 2 'another address only on purpose' "$sim" --daemon --listen 0.0.0.0:0
tap_like "$tap_err" 'allow-remote' 'and it says how'
tap_exits 2 '--cert without --key' "$sim" --daemon --cert x
tap_exits 2 '--clock nonsense' "$sim" --daemon --clock tomorrow
tap_exits 2 '--fault nonsense' "$sim" --daemon --fault Encrypt:1=nothing
tap_exits 3 '--key-pool without keys' "$sim" --daemon --key-pool .
tap_exits 0 '--json' "$sim" --daemon --json --die-with $$
sim_pid=$(printf '%s' "$tap_out" | jq -r '.results[0].environment.KEYHAUL_SIM_PID')
sim_stop
tap_ok $? 'the document says its process'

# TLS
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 1 -subj /CN=localhost \
	-addext subjectAltName=IP:127.0.0.1 2>/dev/null
tap_exits 3 'a key that is none' "$sim" --daemon --cert tls.crt --key "$KEYHAUL_SRC/tests/tap.sh"
sim_start --cert tls.crt --key tls.key
CURL_CA_BUNDLE=$PWD/tls.crt
export CURL_CA_BUNDLE
tap_like "$AWS_ENDPOINT_URL_KMS $(sim_request "$(sim_date 0)" TrentService.ListKeys '{}')" '^https://[^ ]* 200 ' '--cert, --key: https'
sim_stop

# what goes wrong on purpose
unset CURL_CA_BUNDLE
sim_start --fault CreateKey:1=drop --fault ListKeys:1=ThrottlingException
tap_like "$(sim_request "$(sim_date 0)" TrentService.CreateKey '{"Origin":"EXTERNAL"}')" '^000' '--fault drop: no answer'
tap_like "$(sim_request "$(sim_date 0)" TrentService.ListKeys '{}')" '^400 .*ThrottlingException' '--fault ThrottlingException'
tap_like "$(sim_request "$(sim_date 0)" TrentService.ListKeys '{}')" '"KeyId"' 'and the key was made'
sim_stop
tap_done 48
