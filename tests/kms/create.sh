#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-kms create: sent once whatever comes back, and what an answer that got lost leaves to be looked for.
# shellcheck disable=SC2086,SC2317,SC2119,SC2012 # lists of words on purpose; functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"
. "$KEYHAUL_SRC/tests/kms/sim_lib.sh"

AWS_REGION=eu-west-1
export AWS_REGION
rows=0
while IFS='|' read -r how status says; do
	rows=$((rows + 1))
	server_start create "CreateKey=$how"
	tap_run "$kms" create --key-spec SYMMETRIC_DEFAULT --cli-connect-timeout 1 --cli-read-timeout 1
	tap_is "$tap_status $(server_count CreateKey)" "$status 1" "$how: status, and sent once"
	tap_like "$tap_out$tap_err" "$says" "and what it says"
	tap_stop "$server_pid"
done <<'TABLE'
ok|0|^arn:aws:kms:
close|6|whether a key was made is not known
did-close|6|look for it before trying again
500|6|whether a key was made is not known
hang|6|whether a key was made is not known
html|5|whether a key was made is not known
half|5|whether a key was made is not known
nometadata|5|KeyMetadata
enabledalready|7|a key was made, arn:aws:kms:.* KeyState
denied|5|AccessDeniedException
no:MalformedPolicyDocumentException|5|MalformedPolicyDocumentException
no:TagException|5|TagException
TABLE

# Throttled, KMS did nothing: it is sent again, as often as any call.
server_start create CreateKey=throttle,ok
tap_exits 0 "throttled once" "$kms" create --key-spec HMAC_384
tap_is "$(server_count CreateKey)" 2 "it is sent again"
server_start create CreateKey=throttle
tap_exits 6 "throttled to the end" env AWS_MAX_ATTEMPTS=2 "$kms" create --key-spec HMAC_384
tap_is "$(server_count CreateKey)" 2 "no further"
tap_unlike "$tap_err" "whether a key was made" "and nothing can have been made"

server_start create
tap_run "$kms" create --json --key-spec HMAC_384
tap_is "$(printf %s "$tap_out" | jq -c '[.ok, .results[0].kms_key_arn, .results[0].key_spec]')" "[true,\"$arn\",\"HMAC_384\"]" "--json"
tap_is "$(jq -c '.body | fromjson | [.KeySpec, .KeyUsage, .Origin]' "$server/log")" '["HMAC_384","GENERATE_VERIFY_MAC","EXTERNAL"]' \
	"the usage that the spec has alone is said"
tap_exits 7 "a key of another Region than asked" "$kms" create --key-spec HMAC_256 --region us-east-1
tap_exits 0 "this machine is asked through no proxy" env http_proxy=http://127.0.0.1:1 "$kms" create --key-spec HMAC_256
tap_exits 7 "plain http to another machine" "$kms" create --key-spec HMAC_256 --endpoint-url http://192.0.2.1
tap_exits 7 "nor https unverified" "$kms" create --key-spec HMAC_256 --endpoint-url https://192.0.2.1 --no-verify-ssl
tap_exits 6 "a proxy that refuses" env AWS_MAX_ATTEMPTS=1 https_proxy="$AWS_ENDPOINT_URL_KMS" "$kms" create \
	--key-spec HMAC_256 --endpoint-url https://kms.invalid
tap_unlike "$tap_err" "whether a key was made" "was sent nothing of the request"
server_forget
tap_exits 2 "RSA without --key-usage" "$kms" create --key-spec RSA_2048
tap_exits 2 "a spec that cannot be imported" "$kms" create --key-spec ML_DSA_44
tap_exits 2 "no spec" "$kms" create
tap_exits 2 "tags of bad form" "$kms" create --key-spec HMAC_256 --tags Key=a
tap_exits 2 "a policy that is no JSON" "$kms" create --key-spec HMAC_256 --policy '{'
tap_exits 3 "a policy that is not there" "$kms" create --key-spec HMAC_256 --policy file:///nonexistent/policy
tap_exits 2 "a usage that KMS has not" "$kms" create --key-spec HMAC_256 --key-usage ENCRYPT
tap_is "$(server_count)" 0 "nothing was sent for these"

# What never left this machine may be tried again: nobody listens there.
tap_stop "$server_pid"
tap_exits 6 "nobody there" env AWS_MAX_ATTEMPTS=2 "$kms" create --key-spec HMAC_256
tap_like "$tap_err" "^hint: nothing listens there: a keyhaul-sim that has ended" "on this machine that is a simulator which ended"
tap_like "$tap_err" "2 tries: .*no answer" "tried again, since nothing was sent"
tap_unlike "$tap_err" "whether a key was made" "and nothing can have been made"

# ---- --out: the id is on disk before the key is made, and what got lost is found by it ----------------
if [ ! -x "$sim" ]; then
	tap_skip "create --out" "keyhaul-sim is not built"
	tap_done $((2 * rows + 26))
fi
keys() {
	find "state$1" -name 'key-*.json' | wc -l
}
make_noted() {
	"$kms" create --key-spec SYMMETRIC_DEFAULT --out note "$@"
}
noted() {
	jq -r '[.keyhaul_create, (.create_id | length), has("attempted_at"), has("kms_key_arn")] | join(" ")' note
}
pool=$(sim_pool)
unset AWS_REGION
sim_start --key-pool "$pool" --state state1 --fault CreateKey:1=drop || exit 1
tap_exits 0 "the answer is lost, and the key found by its tag" make_noted --tags TagKey=Team,TagValue=x
made=$tap_out
tap_is "$(noted) $(keys 1)" "1 36 false true 1" "it is in the file, and the only one"
tap_is "$(jq -r '[.tags[] | "\(.TagKey) \(.TagValue)"] | sort | join(", ")' state1/key-*.json)" "Team x, keyhaul:create-id $(jq -r .create_id note)" \
	"with the user's tags and the id"
tap_exits 0 "run again" make_noted --json
tap_is "$(printf %s "$tap_out" | jq -r '.results[0] | [.result, .kms_key_arn, .key_state] | join(" ")') $(keys 1)" "made before $made PendingImport 1" \
	"it is the same key, and no other is made"
jq 'del(.kms_key_arn) | .attempted_at = "2026-01-01T00:00:00Z"' note >x && mv x note
tap_exits 0 "killed before the ARN was on disk" make_noted
tap_is "$tap_out $(keys 1)" "$made 1" "it is found by its tag"
jq 'del(.kms_key_arn) | .attempted_at = (now + 600 | floor | todate)' note >x && mv x note
tap_exits 0 "a clock that was ahead of KMS's" make_noted
tap_is "$tap_out $(keys 1)" "$made 1" "hides it not"
tap_exits 7 "run again for another kind of key" "$kms" create --key-spec HMAC_256 --out note
tap_like "$tap_err" "^hint: give what it was made with, or name another --out" "is refused"
tap_exits 7 "and for another Region" make_noted --region eu-central-1
tap_is "$(keys 1)" 1 "nothing was made by these"
echo mine >own
tap_exits 3 "somebody's own file" "$kms" create --key-spec SYMMETRIC_DEFAULT --out own
tap_is "$(cat own) $(keys 1)" "mine 1" "is left alone, and nothing made"
sim_stop
rm note
sim_start --key-pool "$pool" --state state2 --fault CreateKey:1=close || exit 1
tap_exits 6 "the request is lost" make_noted
tap_is "$(noted) $(keys 2)" "1 36 true false 0" "that it was sent is on disk"
tap_like "$tap_err" "none with the tag keyhaul:create-id=$(jq -r .create_id note) shows yet" "and what it is looked for by"
tap_exits 6 "which is looked for, and not made again at once" make_noted
tap_like "$tap_err" "^hint: run this again: .* only from $(jq -r '.attempted_at | fromdate + 300 | todate' note) on another is made\$" "but from then on"
tap_is "$(noted) $(keys 2)" "1 36 true false 0" "none yet"
sim_later note
tap_exits 0 "then it is" make_noted
tap_is "$(noted) $(keys 2)" "1 36 false true 1" "one key"
sim_stop
sim_start --key-pool "$pool" --state state2 --fault CreateKey:1=AccessDeniedException --fault DescribeKey:1+=AccessDeniedException || exit 1
tap_exits 0 "where DescribeKey is denied" make_noted
tap_like "$tap_out$tap_err" "what became of it is not looked at: .*AccessDenied.*" "the ARN is told all the same"
rm note
tap_exits 5 "CreateKey is denied" make_noted
tap_is "$(noted) $(keys 2)" "1 36 false false 1" "then nothing was made"
sim_stop
rm note
sim_start --key-pool "$pool" --state state3 --lag 3600 --fault CreateKey:1=drop || exit 1
tap_exits 6 "a key that was made, and does not show yet" make_noted
tap_exits 6 "nor later" make_noted
tap_is "$(noted) $(keys 3)" "1 36 true false 1" "is the only one"
sim_stop
tap_done $((2 * rows + 55))
