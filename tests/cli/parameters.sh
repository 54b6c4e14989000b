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
		cp "$(tap_rsa "$1" 13)" "wrapping-$1.pem"
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

# cli_material BUNDLE: puts material into a SYMMETRIC_DEFAULT or HMAC_256 bundle as keyhaul-token would; the key is in
# target.bin and the blob is what openssl makes of it.
cli_material() {
	[ -f target.bin ] || openssl rand -out target.bin 32
	openssl pkeyutl -encrypt -pubin -inkey wrapping.der -keyform DER -in target.bin -out blob.bin \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
	cli_request=$(jq -jcS .request "$1" | sha256sum | cut -d' ' -f1)
	jq -S --arg request "$cli_request" --arg blob "$(base64 -w0 blob.bin)" --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '
		.material = {encrypted_key_material: $blob, request_sha256: $request, generator: "keyhaul-token 0.1.0",
			key: {kept: true, size: 256, label: "order%0akey", id: "01ff", sensitive: true, extractable: true,
				type: (if .request.key_spec == "SYMMETRIC_DEFAULT" then "AES" else "GENERIC_SECRET" end)},
			mechanisms: [{name: "CKM_RSA_PKCS_OAEP", number: 9, role: "wrap"}], policy_sha256: "none",
			proof: {oaep_hash: "SHA256", mgf_hash: "SHA256", target_bits: 256,
				wrapping_bits: (.request.wrapping_key_spec | ltrimstr("RSA_") | tonumber)},
			token: {label: "hsm%201", hardware: true}, wrapped_at: $now}' "$1" >"$1.new" && mv "$1.new" "$1"
}

# cli_receipt BUNDLE: puts a receipt of its material into it.
cli_receipt() {
	cli_digest=$(jq -jcS .material "$1" | sha256sum | cut -d' ' -f1)
	jq -S --arg material "$cli_digest" --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '.receipt =
		{expiration_model: "KEY_MATERIAL_DOES_NOT_EXPIRE", imported_at: $now, material_sha256: $material,
			caller: "arn:aws:iam::000000000000:user/ada"}' "$1" >"$1.new" && mv "$1.new" "$1"
}
