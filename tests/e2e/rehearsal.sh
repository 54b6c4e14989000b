# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For end-to-end tests: a fresh SoftHSM token, a keyhaul-sim, and the AWS CLI pointed at it.
#
#	rehearsal_begin OPTION...     options of keyhaul-sim, which has tap_key_pool's keys; after it KEYHAUL_TOKEN, KEYHAUL_PIN_FILE, KEYHAUL_MODULE and AWS_* are set
#	kms VERB ...                  the AWS CLI; its standard input is /dev/null
#	create SPEC [USAGE]           an EXTERNAL-origin key made with the AWS CLI: prints its ARN
#	generate LABEL SPEC           a key on the token
#	put_secret LABEL FILE         a generic secret with the value that the file holds, on the token
#	public_key BUNDLE FILE        the material's public key as DER

rehearsal_begin() {
	tap_need softhsm2-util openssl jq /usr/bin/aws
	case $(/usr/bin/aws --version 2>&1) in
	aws-cli/2*) ;;
	*) tap_skip_all "/usr/bin/aws is not the AWS CLI 2" ;;
	esac
	PATH=$KEYHAUL_BUILD:$PATH
	AWS_PAGER=
	export PATH AWS_PAGER
	eval "$("$KEYHAUL_SRC/softhsm-conf/fresh-token" "$TAP_DIR/token")"
	tap_start sim "$KEYHAUL_BUILD/keyhaul-sim" --key-pool "$(tap_key_pool)" "$@"
	tap_poll 20 grep -qs KEYHAUL_SIM_PID "$TAP_DIR/sim.out" || tap_diag "$(cat "$TAP_DIR/sim.err")"
	eval "$(cat "$TAP_DIR/sim.out")"
}

kms() {
	/usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms "$@" </dev/null
}

create() {
	kms create-key --origin EXTERNAL --key-spec "$1" ${2:+--key-usage "$2"} --query KeyMetadata.Arn --output text
}

generate() {
	"$KEYHAUL_BUILD/keyhaul-token" generate --token "$KEYHAUL_TOKEN" --pin-file "$KEYHAUL_PIN_FILE" --label "$1" \
		--key-spec "$2" >"generate-$1.out"
}

put_secret() {
	"$KEYHAUL_BUILD/tests/token/token_object" "$KEYHAUL_TOKEN" "$(cat "$KEYHAUL_PIN_FILE")" put generic "$1" \
		"$(od -An -v -tx1 "$2" | tr -d ' \n')" sensitive=1 extractable=1 || tap_diag "put_secret $1 failed"
}

public_key() {
	jq -r .material.public_key "$1" | base64 -d >"$2"
}
