# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# For tests that read the token program's memory; sourced behind tests/tap.sh.
#
#	memory_need                skips the whole script where memory cannot be read
#	memory_softhsm DIR         a fresh SoftHSM token behind the relay; 1 where there is none
#	memory_nss DIR             a fresh NSS database with a password behind it; 1 where there is no NSS
#	memory_put SPEC LABEL      a key that only this test knows onto the token: needles.txt, LABEL.known
#	memory_bundle SPEC ALGORITHM LABEL   LABEL.bundle, for the key of that label
#	memory_watch OPTION... -- WORD...    $memory_program VERB... over the relay, read at each system call: $memory_status,
#	                           file report; its output in out and err
#	memory_says ERE            the report has such a line
#	memory_number NAME         the number behind the name in the report
#	memory_clean WHAT          the last run was read whole and nothing was found
#	memory_is_key ALGORITHM SPEC LABEL   the bundle's blob opens to the key that is known
#	memory_figures             what all runs together have read, as a comment
#
# memory_preload is planted.so, and may be more with colons between.
# The PIN of every token here is in the file pin, and its needle in pin.txt: never in a variable that a program gets.

. "$KEYHAUL_SRC/tests/relay/fixture.sh"
. "$KEYHAUL_SRC/tests/token/blob.sh"

memory_arn=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
memory_tools=$KEYHAUL_BUILD/tests/memory
memory_module=$RELAY
memory_program=$TOKEN
memory_preload=$memory_tools/planted.so
memory_runs=0
memory_stops=0
memory_read=0

memory_need() {
	case ${KEYHAUL_SANITIZERS:-no} in
	no | '') ;;
	*) tap_skip_all "a sanitizer's shadow memory is too much to read at each system call" ;;
	esac
	tap_need softhsm2-util openssl jq
	memory_why=$("$memory_tools/memory_reader" --can 2>&1) || tap_skip_all "$memory_why"
	# three times as long as the pieces that are looked for
	od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >pin
	printf 'pin PIN %s\n' "$(blob_hex pin)" >pin.txt
	cp pin.txt needles.txt
}

memory_softhsm() {
	KEYHAUL_FRESH_PIN=$(cat pin)
	export KEYHAUL_FRESH_PIN
	relay_softhsm "$1"
	memory_made=$?
	unset KEYHAUL_FRESH_PIN
	return "$memory_made"
}

memory_nss() {
	relay_made=$("$KEYHAUL_SRC/tests/token/nss-token.sh" "$1" "$(cat pin)" 2>"$TAP_DIR/nss.err") || return 1
	relay_behind "$relay_made" "$1"
}

memory_put() {
	KEYHAUL_MODULE=$KEYHAUL_RELAY_MODULE "$memory_tools/known_key" put "$KEYHAUL_TOKEN" "$(cat pin)" "$1" "$2" >>needles.txt
}

memory_bundle() {
	rm -f "$3.bundle"
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$3.bundle" w2048.der "$1" "$2" RSA_2048 "arn=$memory_arn" \
		"key_uri=pkcs11:object=$3"
}

memory_reader() {
	rm -f report
	"$memory_tools/memory_reader" --report report --preload "$memory_preload" \
		--host "$KEYHAUL_BUILD/tests/relay/relay_host" "$@"
	memory_status=$?
	memory_add
}

# The figures of the report that is there.
memory_add() {
	memory_runs=$((memory_runs + 1))
	memory_stops=$((memory_stops + $(memory_number stops)))
	memory_read=$((memory_read + $(memory_number read)))
}

memory_watch() {
	memory_options=
	while [ "$1" != -- ]; do
		memory_options="$memory_options $1"
		shift
	done
	shift
	memory_verb=$1
	shift
	# shellcheck disable=SC2086 # words without blanks
	memory_reader $memory_options -- "$memory_program" "$memory_verb" --module "$memory_module" \
		${KEYHAUL_NSS_INIT:+--module-init-args "$KEYHAUL_NSS_INIT"} "$@" >out 2>err </dev/null
}

memory_says() {
	grep -Eq -e "$1" report
}

memory_number() {
	sed -n "s/^$1 \([0-9]*\).*/\1/p" report 2>/dev/null | grep . || echo 0
}

memory_clean() {
	[ "$memory_status" -eq 0 ] && memory_says '^exit 0$' && memory_says '^places 0$' && ! memory_says '^needles 0 of keys, 0 '
	tap_ok $? "$1" || tap_diag "status $memory_status; $(cat report err)"
}

memory_is_key() {
	blob_open "$1" w2048.pem "$3.bundle" opened || return 1
	case $2 in
	RSA_* | ECC_*)
		openssl pkey -inform DER -in opened -pubout -outform DER -out opened.pub 2>/dev/null &&
			cmp -s opened.pub "$3.known"
		return
		;;
	esac
	cmp -s opened "$3.known"
}

memory_figures() {
	tap_diag "$memory_runs runs: $memory_stops stops, $memory_read MiB read"
}
