#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# No program can do another's job: the libraries each names (readelf, for ldd follows
# libcurl into libp11-kit), the symbols each asks for, the code linked in, and the
# headers each folder includes. In a plain build: sanitizers bring in all of libc.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

needed() {
	readelf -d "$KEYHAUL_BUILD/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' |
		sort | tr '\n' ' ' | sed 's/ $//'
}

undefined() {
	nm -D --undefined-only "$KEYHAUL_BUILD/$1" | sed 's/^ *[Uwv] //; s/@.*//'
}

# no_symbol PROGRAM ERE WHAT
no_symbol() {
	undefined "$1" >symbols
	[ -s symbols ] && ! grep -E "^($2)\$" symbols >found
	tap_ok $? "$1 has no $3" || tap_diag "$(cat found)"
}

# defines FILE...: the names others may link to.
defines() {
	for file; do
		nm --defined-only --extern-only "$KEYHAUL_BUILD/$file" 2>/dev/null | sed -n 's/.* [A-Z] //p'
	done | sort -u
}

# not_of PROGRAM "ITS ARCHIVES" ARCHIVE...: of the others nothing is linked in.
not_of() {
	not_of_program=$1
	# shellcheck disable=SC2086 # words
	defines $2 libbundle.a libaws.a libbase.a >own
	defines "$1" | comm -23 - own >linked
	shift 2
	for archive; do
		defines "$archive" >theirs
		[ -s own ] && [ -s linked ] && [ -s theirs ] && ! comm -12 linked theirs | grep -vx main >found
		tap_ok $? "$not_of_program has nothing of $archive" || tap_diag "$(cat found)"
	done
}

network='socket|socketpair|connect|bind|listen|accept4?|send|sendto|sendmsg|recv|recvfrom|recvmsg|getaddrinfo'
network="$network|gethostby.*|getnameinfo|res_.*|curl_.*|MHD_.*|SSL_.*|TLS_.*|OSSL_HTTP_.*|OSSL_CMP_.*|BIO_.*connect.*"
network="$network|BIO_.*accept.*|BIO_.*socket.*|BIO_.*datagram.*|BIO_lookup.*|BIO_sock.*"
modules='dlopen|dlmopen|dlsym|dlvsym|C_.*|p11_kit_.*|PKCS11_.*'

tap_is "$(needed keyhaul-token)" "libc.so.6 libcrypto.so.3 libjansson.so.4 libp11-kit.so.0 libyaml-0.so.2" "libraries of keyhaul-token"
tap_is "$(needed keyhaul-kms)" "libc.so.6 libcrypto.so.3 libcurl.so.4 libexpat.so.1 libjansson.so.4 libyaml-0.so.2" "libraries of keyhaul-kms"
tap_is "$(needed keyhaul-sim)" "libc.so.6 libcrypto.so.3 libjansson.so.4 libmicrohttpd.so.12 libyaml-0.so.2" "libraries of keyhaul-sim"
tap_is "$(needed keyhaul)" "libc.so.6 libcrypto.so.3 libjansson.so.4 libyaml-0.so.2" "libraries of keyhaul"

tap_is "$(needed keyhaul-qr)" "libc.so.6 libcrypto.so.3 libjansson.so.4 libjpeg.so.62 libpng16.so.16 libqrencode.so.4 libzbar.so.0" "libraries of keyhaul-qr"

no_symbol keyhaul-qr "$network" "network code"
no_symbol keyhaul-qr "$modules" "PKCS#11 code"
no_symbol keyhaul-token "$network" "network code"
no_symbol keyhaul "$network" "network code"
no_symbol keyhaul "$modules" "PKCS#11 code"
no_symbol keyhaul-kms "$modules" "PKCS#11 code"
no_symbol keyhaul-sim "$modules" "PKCS#11 code"
no_symbol keyhaul-sim 'curl_.*' "client"
no_symbol keyhaul 'system|popen|execvp|execlp|execvpe|posix_spawnp' "shell and no PATH to run a program by"

not_of keyhaul-token 'libtoken.a libkeyhaul-p11.a libunwrap.a libsign.a libtell.a libpolicy.a libyamldoc.a' libkms.a libsim.a libfront.a
not_of keyhaul-kms libkms.a libkeyhaul-p11.a libtoken.a libunwrap.a libsim.a libfront.a
not_of keyhaul-sim 'libsim.a libunwrap.a' libkeyhaul-p11.a libtoken.a libkms.a libfront.a
not_of keyhaul-qr libqr.a libkeyhaul-p11.a libtoken.a libunwrap.a libkms.a libsim.a libfront.a libsign.a
not_of keyhaul 'libfront.a libtell.a libsign.a' libkeyhaul-p11.a libtoken.a libunwrap.a libkms.a libsim.a

# The whole search must be able to find something.
undefined keyhaul-kms | grep -q '^curl_easy_perform$'
tap_ok $? "the search finds what is there"
defines keyhaul-kms >linked
defines libkms.a >theirs
[ "$(comm -12 linked theirs | wc -l)" -gt 20 ]
tap_ok $? "what is linked from an archive is seen"

# may_include FOLDER "OTHERS" "SYSTEM'S, ERE": and nothing else of that kind.
special='dlfcn\.h|sys/socket\.h|netdb\.h|netinet/.*|arpa/.*|sys/un\.h|curl/.*|microhttpd\.h|p11-kit/.*|libp11\.h'
special="$special|openssl/(ssl|http|cmp|ocsp).*"
may_include() {
	(cd "$KEYHAUL_SRC" && grep -rhoE '^[ \t]*#[ \t]*include[ \t]+["<][^">]+[">]' "$1") |
		sed 's/.*include[ \t]*//' >includes
	{
		sed -n 's,^"\(.*\)/[^/]*"$,\1,p' includes | grep -vxE "$(echo "$2" | tr ' ' '|')"
		sed -n 's/^<\(.*\)>$/\1/p' includes | grep -xE "$special" | grep -vxE "$3"
	} | sort -u >found
	[ -s includes ] && ! [ -s found ]
	tap_ok $? "includes of $1" || tap_diag "$(cat found)"
}
may_include src/base base none
may_include src/aws 'base aws' none
may_include src/bundle 'base aws bundle' none
may_include src/yaml 'base yaml' none
may_include src/plan 'base aws bundle yaml plan' none
may_include src/policy 'base aws bundle sign yaml policy' none
may_include src/unwrap 'base aws bundle unwrap' none
may_include src/sign 'base sign' none
may_include src/tell 'base aws bundle sign tell' none
may_include pkcs11 'base aws bundle unwrap pkcs11' 'dlfcn\.h|p11-kit/.*'
may_include src/token 'base aws bundle pkcs11 policy sign tell token' 'p11-kit/.*'
may_include src/kms 'base aws bundle yaml plan policy kms' 'curl/.*|sys/socket\.h|netinet/.*|arpa/.*'
may_include src/sim 'base aws bundle unwrap plan sim' 'microhttpd\.h|sys/socket\.h|netinet/.*|arpa/.*'
may_include src/qr 'base bundle qr' none
may_include src/record 'base aws bundle sign record' none
may_include src/front 'base aws bundle yaml plan policy sign tell record front' none

tap_done 56
