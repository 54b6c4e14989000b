# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# People who sign, with certificates of a CA of the test's; sourced behind tests/token/fixture.sh.
#
#	people_ca NAME                              NAME.key, NAME.crt
#	people_file NAME KIND [DAYS [EXTENSION]]    NAME.key, NAME.crt, by the CA; KIND: P-256, rsa:2048; DAYS: -1 has expired
#	people_token NAME KIND OPTION...            the key in the SoftHSM token, NAME.crt by the CA; KIND: EC:prime256v1
#	people_sha256 NAME                          the certificate's fingerprint, as a policy has it
#	people_policy ENDPOINT >FILE                a policy by which Ada approves and Hsm signs material

# shellcheck shell=sh disable=SC2154 # fixture.sh

people_ca() {
	people_ca=$1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 30 \
		-subj "/CN=The CA" 2>/dev/null
}

people_key() { # NAME KIND
	case $2 in
	rsa:*) people_rsa=$((${people_rsa:-30} + 1)) && cp "$(tap_rsa "${2#rsa:}" $people_rsa)" "$1.key" ;;
	*) openssl ecparam -genkey -noout -name "$2" -out "$1.key" 2>/dev/null ;;
	esac
	chmod 600 "$1.key"
}

# people_cert NAME PUBLIC-KEY.pem [DAYS [EXTENSION]]: of the CA that people_ca made last, in the name of $people_cn or NAME
people_cert() {
	printf '%s\n' "basicConstraints=critical,CA:FALSE" "${4:-keyUsage=critical,digitalSignature}" >"$1.ext"
	openssl x509 -new -force_pubkey "$2" -CA "$people_ca.crt" -CAkey "$people_ca.key" -subj "/CN=${people_cn:-$1}" \
		-extfile "$1.ext" -days "${3:-10}" -set_serial "0x$(openssl rand -hex 8)" -out "$1.crt" 2>/dev/null
}

people_file() {
	people_key "$1" "$2"
	openssl pkey -in "$1.key" -pubout -out "$1.pub" 2>/dev/null
	people_cert "$1" "$1.pub" "${3:-}" "${4:-}"
}

people_token() {
	people_name=$1
	people_kind=$2
	shift 2
	pkcs11_tool --keypairgen --key-type "$people_kind" --label "$people_name" --id "$(openssl rand -hex 4)" --usage-sign "$@" \
		>/dev/null 2>&1
	pkcs11_tool --read-object --type pubkey --label "$people_name" -o "$people_name.der" >/dev/null 2>&1
	openssl pkey -pubin -inform DER -in "$people_name.der" -out "$people_name.pub" 2>/dev/null
	people_cert "$people_name" "$people_name.pub"
}

people_sha256() {
	openssl x509 -in "$1.crt" -outform DER | sha256sum | cut -d' ' -f1
}

people_policy() {
	cat <<-END
		keyhaul_policy: 1
		endpoints: ["$1"]
		approvals: {threshold: 1, approvers: [{name: Ada, certificates: [$(people_sha256 Ada)]}]}
		material_signers: [{name: Hsm, certificates: [$(people_sha256 Hsm)]}]
	END
}
