# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck shell=sh
# For tests of keyhaul-sim, after tap.sh:
#
#	sim_start [OPTION...]          a simulator of its own, its variables set; $sim_pid. Its wrapping keys are
#	                               sim_pool's, where sim_makes_keys is not set
#	sim_stop                       ends it and waits until it is gone
#	sim_pool                       --key-pool's folder
#	sim_later FILE...              what was sent for these keys that are made was sent long ago
#	sim_aws OPERATION...           Debian's AWS CLI against it: as tap_run does
#	sim_request DATE TARGET BODY   a request signed here with openssl: prints "STATUS BODY"

sim=$KEYHAUL_BUILD/keyhaul-sim
sim_pid=

sim_start() {
	case ${sim_makes_keys:-no}:$* in
	no:*--key-pool*) ;;
	no:*) set -- --key-pool "$(sim_pool)" "$@" ;;
	esac
	eval "$("$sim" --daemon --die-with $$ "$@" 2>"$TAP_DIR/sim.err" || echo sim_pid=none)"
	if [ "$sim_pid" = none ]; then
		tap_diag "$(cat "$TAP_DIR/sim.err")"
		return 1
	fi
	sim_pid=$KEYHAUL_SIM_PID
}

# A process that ended is still there until init looks after it, which may take its time.
sim_gone() {
	! kill -0 "$sim_pid" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$sim_pid/status" 2>/dev/null
}

sim_stop() {
	kill "$sim_pid" && tap_poll 10 sim_gone
}

sim_pool() {
	tap_key_pool
}

sim_later() {
	sed -i 's/\("attempted_at": "\)[^"]*/\12026-01-01T00:00:00Z/' "$@"
}

sim_aws() {
	tap_run /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" --region "${sim_region:-$AWS_REGION}" --output json "$@"
}

sim_need_aws() {
	/usr/bin/aws --version 2>&1 | grep -q '^aws-cli/2' || tap_skip_all '/usr/bin/aws is not the AWS CLI 2'
}

# $1: key in hex; standard input: data; prints the HMAC-SHA256 in hex
sim_hmac() {
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d' ' -f1
}

sim_request() {
	sim_day=$(printf '%.8s' "$1")
	sim_host=${AWS_ENDPOINT_URL_KMS#*://}
	sim_scope=$sim_day/$AWS_REGION/kms/aws4_request
	sim_signed='content-type;host;x-amz-date;x-amz-target'
	sim_canonical=$(printf 'POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:%s\nx-amz-date:%s\nx-amz-target:%s\n\n%s\n%s' \
		"$sim_host" "$1" "$2" "$sim_signed" "$(printf %s "$3" | openssl dgst -sha256 -r | cut -d' ' -f1)")
	sim_to_sign=$(printf 'AWS4-HMAC-SHA256\n%s\n%s\n%s' "$1" "$sim_scope" \
		"$(printf %s "$sim_canonical" | openssl dgst -sha256 -r | cut -d' ' -f1)")
	sim_key=$(printf 'AWS4%s' "$AWS_SECRET_ACCESS_KEY" | od -An -tx1 -v | tr -d ' \n')
	for sim_part in "$sim_day" "$AWS_REGION" kms aws4_request "$sim_to_sign"; do
		sim_key=$(printf %s "$sim_part" | sim_hmac "$sim_key")
	done
	curl -s -X POST -w '%{http_code}\n' -o "$TAP_DIR/answer" -H 'Content-Type: application/x-amz-json-1.1' \
		-H "X-Amz-Date: $1" -H "X-Amz-Target: $2" -H "Authorization: AWS4-HMAC-SHA256 Credential=$AWS_ACCESS_KEY_ID/$sim_scope, SignedHeaders=$sim_signed, Signature=$sim_key" \
		--data-binary "$3" "$AWS_ENDPOINT_URL_KMS/" | tr '\n' ' '
	cat "$TAP_DIR/answer"
}

# $1: seconds from now; prints the date as signatures write it
sim_date() {
	date -u -d "@$(($(date +%s) + $1))" +%Y%m%dT%H%M%SZ
}
