# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For shell tests that need parameters for an import without a KMS.
#
#	cli_wrapping_key BITS         wrapping.pem (private), wrapping.der (SPKI), once a size
#	cli_parameters BITS TIME      parameters.json as the AWS CLI prints it, with that ParametersValidTo (JSON)
#	cli_adopt BUNDLE SPEC ALG ... adopts parameters.json; further options are passed on

cli_arn=arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-4333-8444-555555555555
cli_real_arn=arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-4333-8444-555555555555

cli_wrapping_key() {
	if [ ! -f "wrapping-$1.pem" ]; then
		openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$1" -out "wrapping-$1.pem" 2>/dev/null ||
			openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$1" -out "wrapping-$1.pem" 2>/dev/null
		openssl pkey -in "wrapping-$1.pem" -pubout -outform DER -out "wrapping-$1.der"
	fi
	cp "wrapping-$1.pem" wrapping.pem
	cp "wrapping-$1.der" wrapping.der
}

cli_parameters() {
	cli_wrapping_key "$1"
	[ -f token.bin ] || openssl rand -out token.bin 1024
	jq -n --arg key "${cli_key:-$cli_arn}" --arg spki "$(base64 -w0 wrapping.der)" \
		--arg token "$(base64 -w0 token.bin)" --argjson until "$2" \
		'{KeyId: $key, ImportToken: $token, PublicKey: $spki, ParametersValidTo: $until}' >parameters.json
}

cli_adopt() {
	cli_bundle=$1 cli_spec=$2 cli_algorithm=$3
	shift 3
	"$KEYHAUL_BUILD/keyhaul" adopt --parameters parameters.json --key-spec "$cli_spec" \
		--wrapping-algorithm "$cli_algorithm" --out "$cli_bundle" "$@"
}

# Epoch seconds so many hours from now.
cli_hours() {
	echo $(($(date +%s) + $1 * 3600))
}
