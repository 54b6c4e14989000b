#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# README.md: its commands are run as they stand, but for what a rehearsal has instead: SoftHSM's module, the label of its
# token, SHA-1 for SHA-256 (which SoftHSM has not), a file for the PIN that a person types, and an endpoint for the AWS CLI.
# shellcheck disable=SC2013,SC2016 # words are words here, and nothing in quotes is to be expanded
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/e2e/rehearsal.sh"
readme=$KEYHAUL_SRC/README.md
rehearsal_begin --region us-east-1

# block LANGUAGE N: the Nth fenced block of that language
block() {
	awk -v lang="$1" -v n="$2" '/^```/ { if (on) { on = 0; next } if ($0 == "```" lang && ++k == n) on = 1; next } on' "$readme"
}
blocks=$(grep -c '^```sh$' "$readme")
tap_is "$blocks" 14 "the blocks that are run"
tap_is "$(grep '^```[a-z]' "$readme" | sort | uniq -c | awk '{ print $2, $1 }' | paste -sd,)" '```json 4,```sh 14,```text 12' \
	"and no others than these"

cat >before.sh <<'END'
set -eu
keyhaul-token() {
	case $1 in
	slots) command keyhaul-token "$@" ;;
	*) command keyhaul-token "$@" --pin-file "$KEYHAUL_PIN_FILE" ;;
	esac
}
keyhaul() {
	case $1 in
	run | wrap) command keyhaul "$@" --pin-file "$KEYHAUL_PIN_FILE" ;;
	*) command keyhaul "$@" ;;
	esac
}
aws() {
	/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" "$@"
}
END
cp before.sh all.sh
rehearsed=6 # the first blocks, which are "Rehearse"
n=$rehearsed
while [ "$n" -lt "$blocks" ]; do
	n=$((n + 1))
	{
		block sh "$n" | sed "s|/opt/vendor/lib/libpkcs11.so|$KEYHAUL_MODULE|; s|token=hsm|token=keyhaul-rehearsal|; s/SHA_256/SHA_1/g;
			s|DIGEST|\$(jq -jcS .material gap.bundle \| sha256sum \| cut -d' ' -f1)|"
		echo "echo done $n >>blocks"
	} >>all.sh
done
: >blocks
tap_exits 0 "every command ends well" bash all.sh
tap_is "$(tail -n 1 blocks)" "done $blocks" "to the last block"
tap_like "$tap_out" "^order.bundle: imported" "one host: imported"
tap_is "$(jq -r 'has("receipt")' gap.bundle)" true "air gap: imported"
tap_is "$(jq -r .request.intent.valid_for gap.bundle)" "7776000" "and 90 days are meant"

# what export printed for the AWS CLI, pasted
pasted=$(printf '%s\n' "$tap_out" | grep -- '--cli-input-json')
tap_is "$(printf '%s\n' "$pasted" | wc -l)" 1 "export printed a command"
# shellcheck disable=SC2016 # for that shell
bash -c 'aws() { /usr/bin/aws "$@"; }; eval "$1"' bash "$pasted" >paste.out 2>&1
tap_ok $? "which the AWS CLI takes" || tap_diag "$(cat paste.out)"
tap_is "$(kms describe-key --key-id "$(jq -r .request.kms_key_arn cli.bundle)" --query KeyMetadata.KeyState --output text)" \
	Enabled "and the key is enabled"

# Rehearse: the first blocks, with nothing of this test's but which aws it is
{
	echo 'set -eu'
	n=0
	while [ "$((n += 1))" -lt "$rehearsed" ]; do
		block sh "$n"
	done
	echo 'mkdir kept && cp rehearsal/*.bundle rehearsal/plan/*.bundle kept'
	block sh "$rehearsed"
} | sed "s|softhsm-conf/|$KEYHAUL_SRC/softhsm-conf/|; s|command aws|/usr/bin/aws|; s|^aws kms describe|echo state; &|" >rehearse.sh
tap_exits 0 "the rehearsal" env -u AWS_ENDPOINT_URL_KMS -u KEYHAUL_TOKEN -u KEYHAUL_PIN_FILE -u KEYHAUL_MODULE -u SOFTHSM2_CONF bash rehearse.sh
tap_is "$(printf '%s\n' "$tap_out" | tail -n 1)" Enabled "to its end" || tap_diag "$tap_err"
tap_is "$(jq -r .receipt.material_sha256 kept/order.bundle kept/gap.bundle kept/orders.*.bundle | grep -c '^[0-9a-f]*$')" 3 \
	"its bundles, the plan's too, are imported"

test ! -e rehearsal
tap_ok $? "and nothing of it is left"

# Where one of the two does not start, the shell is not left with AWS's own endpoint.
block sh 1 | sed "s|softhsm-conf/|$KEYHAUL_SRC/softhsm-conf/|" >start.sh
echo 'echo went on' >>start.sh
for broken in keyhaul-sim softhsm2-util; do
	mkdir -p "without/$broken"
	printf '#!/bin/sh\nexec %s --listen nowhere "$@"\n' "$KEYHAUL_BUILD/keyhaul-sim" >"without/$broken/$broken"
	chmod +x "without/$broken/$broken"
	tap_run env -u AWS_ENDPOINT_URL_KMS PATH="$TAP_DIR/without/$broken:$PATH" bash start.sh
	tap_isnt "$tap_status" 0 "$broken fails: the rehearsal ends"
	tap_unlike "$tap_out" "went on" "$broken fails: and does not go on"
done

# The status table is the programs' own
"$KEYHAUL_BUILD/keyhaul" --dump-options | awk -F '\t' '$1 == "status" { print "| " $2 " | " $4 " |" }' | uniq >wanted
tap_is "$(sed -n 's/^\(| [0-9][0-9]* | .* |\)$/\1/p' "$readme" | sort)" "$(sort wanted)" "the status table"
# policies are JSON, of actions that keyhaul-kms asks for
n=0
while [ "$n" -lt 4 ]; do
	n=$((n + 1))
	block json "$n" >policy.json
	tap_is "$(jq -r '.Version, ([.Statement[].Effect] | unique[])' policy.json | paste -sd' ')" "2012-10-17 Allow" "policy $n is one"
done
missing=
for action in $(grep -o 'kms:[A-Z][A-Za-z]*"' "$readme" | tr -d '"' | cut -d: -f2 | sort -u); do
	[ "$action" = TagResource ] || grep -q "\"$action\"" "$KEYHAUL_SRC"/src/kms/*.c || missing="$missing $action"
done
for action in $(grep -oh '_call(k, "[A-Za-z]*"\|_owned(k, "[A-Za-z]*"' "$KEYHAUL_SRC"/src/kms/ops*.c | cut -d'"' -f2 | sort -u); do
	grep -q "\"kms:$action\"" "$readme" || missing="$missing -$action"
done
tap_is "$missing" "" "their actions are those that are called"
for word in $(grep -o '^./bootstrap [a-z]*' "$readme" | cut -d' ' -f2); do
	grep -q "^$word)" "$KEYHAUL_SRC/bootstrap"
	tap_ok $? "./bootstrap has $word"
done
tap_done 26
