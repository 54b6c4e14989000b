# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck shell=sh
# For shell tests that print TAP. A test begins with
#
#	. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
#
# and ends with `tap_done N`, N being the number of tests it has: a script that
# ends sooner has no plan and fails. It works in $TAP_DIR, a fresh folder that is
# removed at the end; what tap_start started is killed. HOME is in that folder,
# and nothing of the caller's AWS, PKCS#11 or proxy settings reaches the test.
#
#	tap_ok STATUS WHAT            passes when STATUS is 0: `cmp a b; tap_ok $? "same"`
#	tap_is GOT WANTED WHAT        equal strings
#	tap_isnt GOT OTHER WHAT       different strings
#	tap_like TEXT ERE WHAT        TEXT matches
#	tap_unlike TEXT ERE WHAT      TEXT does not match
#	tap_run COMMAND...            runs it: $tap_status $tap_out $tap_err, files
#	                              $TAP_DIR/out and $TAP_DIR/err; standard input is /dev/null
#	tap_exits STATUS WHAT CMD...  tap_run, then its exit status is STATUS
#	tap_skip WHAT WHY             a test that cannot run here, said aloud
#	tap_skip_all WHY              the same for the whole script; exits
#	tap_need COMMAND...           tap_skip_all where a command is not installed
#	tap_diag TEXT                 a comment in the log
#	tap_start NAME COMMAND...     in the background: $tap_pid, files NAME.out and NAME.err
#	tap_stop PID                  ends what tap_start started, and waits for it
#	tap_poll SECONDS COMMAND...   tries until it succeeds; 1 when the time is up
#	tap_rsa BITS N                the name of a PEM file: the Nth RSA key of that size, the same one in all tests of a build
#	tap_key_pool                  keyhaul-sim --key-pool's folder, of such keys: 1 and 2 of each size; others are 11 and up
#	tap_one_rsa BITS...           such keys for tests/relay/one_rsa.so: sets KEYHAUL_RELAY_RSA
#	tap_done N                    the plan, and a failure where a sanitizer or valgrind wrote a report
#
# With KEYHAUL_VALGRIND=yes tap_run puts programs of the build folder under valgrind.

set -u

: "${KEYHAUL_SRC:?}" "${KEYHAUL_BUILD:?}"
KEYHAUL_BINDIR=${KEYHAUL_BINDIR:-$KEYHAUL_BUILD}
export KEYHAUL_SRC KEYHAUL_BUILD KEYHAUL_BINDIR

for tap_name in $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'); do
	unset "$tap_name"
done
unset KEYHAUL_MODULE KEYHAUL_TRANSCRIPT SOFTHSM2_CONF CDPATH TERM_PROGRAM
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
AWS_EC2_METADATA_DISABLED=true
NO_COLOR=1
LC_ALL=C.UTF-8
TZ=UTC
SHELL=/bin/sh # tmux and script run commands by it; where it is unset by the account's, and nobody's is nologin
export AWS_EC2_METADATA_DISABLED NO_COLOR LC_ALL TZ SHELL

tap_count=0
tap_failed=0
tap_children=
tap_status=0
tap_out=
tap_err=
tap_pid=

TAP_DIR=$(mktemp -d "${TMPDIR:-/tmp}/keyhaul-test.XXXXXXXX") || exit 1
mkdir "$TAP_DIR/home" "$TAP_DIR/reports" || exit 1
HOME=$TAP_DIR/home
export TAP_DIR HOME

tap_clean() {
	for tap_child in $tap_children; do
		kill -KILL "$tap_child" 2>/dev/null
	done
	cd / && rm -rf "$TAP_DIR"
}
trap tap_clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cd "$TAP_DIR" || exit 1

# Sanitizers report to files: a program that hides its exit status hides nothing.
tap_supp=$KEYHAUL_SRC/tests/lsan.supp
ASAN_OPTIONS=log_path=$TAP_DIR/reports/asan:exitcode=99:detect_stack_use_after_return=0
UBSAN_OPTIONS=log_path=$TAP_DIR/reports/ubsan:exitcode=99:print_stacktrace=1
LSAN_OPTIONS=suppressions=$tap_supp:print_suppressions=0
TSAN_OPTIONS=log_path=$TAP_DIR/reports/tsan:exitcode=99:report_thread_leaks=0 # a second interrupt waits for nobody
export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS TSAN_OPTIONS

tap_diag() {
	printf '%s\n' "$*" | LC_ALL=C tr -c '\n\t\040-\176' '?' | sed 's/^/# /'
}

tap_ok() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tap_count" "$2"
	else
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n' "$tap_count" "$2"
	fi
	return "$1"
}

tap_is() {
	[ "$1" = "$2" ]
	tap_ok $? "$3" && return 0
	tap_diag "got:    $1"
	tap_diag "wanted: $2"
	return 1
}

tap_isnt() {
	[ "$1" != "$2" ]
	tap_ok $? "$3" && return 0
	tap_diag "got what it must not be: $1"
	return 1
}

tap_like() {
	printf '%s\n' "$1" | grep -Eq -e "$2"
	tap_ok $? "$3" && return 0
	tap_diag "got:     $1"
	tap_diag "no match: $2"
	return 1
}

tap_unlike() {
	! printf '%s\n' "$1" | grep -Eq -e "$2"
	tap_ok $? "$3" && return 0
	tap_diag "got:  $1"
	tap_diag "match: $2"
	return 1
}

tap_wrapped() {
	case ${KEYHAUL_VALGRIND:-no}:$1 in
	yes:"$KEYHAUL_BUILD"/*)
		valgrind -q --trace-children=yes --leak-check=full --error-exitcode=99 \
			--suppressions="$KEYHAUL_SRC/tests/valgrind.supp" \
			--log-file="$TAP_DIR/reports/valgrind.%p" "$@" ;;
	*)
		"$@" ;;
	esac
}

# gcc's UBSan has no log_path beside its ASan: what it says is on standard error.
tap_undefined() {
	grep -F ': runtime error: ' "$1" >>"$TAP_DIR/reports/stderr" 2>/dev/null
}

tap_run() {
	tap_wrapped "$@" >"$TAP_DIR/out" 2>"$TAP_DIR/err" </dev/null
	tap_status=$?
	tap_out=$(cat "$TAP_DIR/out")
	tap_err=$(cat "$TAP_DIR/err")
	tap_undefined "$TAP_DIR/err"
	return 0
}

tap_exits() {
	tap_wanted=$1
	tap_what=$2
	shift 2
	tap_run "$@"
	tap_is "$tap_status" "$tap_wanted" "$tap_what" && return 0
	tap_diag "command: $*"
	tap_diag "stdout: $tap_out"
	tap_diag "stderr: $tap_err"
	return 1
}

tap_skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

tap_skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

tap_need() {
	for tap_name; do
		command -v "$tap_name" >/dev/null 2>&1 || tap_skip_all "$tap_name is not installed"
	done
}

tap_start() {
	tap_name=$1
	shift
	"$@" >"$TAP_DIR/$tap_name.out" 2>"$TAP_DIR/$tap_name.err" </dev/null &
	tap_pid=$!
	tap_children="$tap_children $tap_pid"
}

tap_stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	tap_left=
	for tap_child in $tap_children; do
		[ "$tap_child" = "$1" ] || tap_left="$tap_left $tap_child"
	done
	tap_children=$tap_left
}

# The one pause in the tests: between two tries, never in place of one.
tap_poll() {
	tap_end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$tap_end" ] || return 1
		sleep 0.02
	done
}

# Making RSA keys was half of what the tests did: where any key will do it is one that is there.
tap_keys=${KEYHAUL_KEY_POOL:-$KEYHAUL_BUILD/tests/key-pool}
tap_rsa() {
	tap_key=$tap_keys/rsa-$1-$(printf %02d "$2").pem
	[ -f "$tap_key" ] || (
		umask 077
		mkdir -p "$tap_keys" && flock "$tap_keys/lock-$1-$2" sh -c '[ -f "$1" ] ||
			{ openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" -out "$1.new" 2>/dev/null && mv "$1.new" "$1"; }' \
			sh "$tap_key" "$1"
	) || return 1
	printf '%s\n' "$tap_key"
}

tap_key_pool() {
	for tap_bits in 2048 3072 4096; do
		tap_rsa "$tap_bits" 1 >/dev/null && tap_rsa "$tap_bits" 2 >/dev/null || return 1
	done
	printf '%s\n' "$tap_keys"
}

tap_one_rsa() {
	for tap_bits; do
		ln -sf "$(tap_rsa "$tap_bits" 11)" "$TAP_DIR/one.host.$tap_bits" &&
			ln -sf "$(tap_rsa "$tap_bits" 12)" "$TAP_DIR/one.token.$tap_bits" || return 1
	done
	KEYHAUL_RELAY_RSA=$TAP_DIR/one
	export KEYHAUL_RELAY_RSA
}

tap_done() {
	for tap_child in $tap_children; do
		tap_stop "$tap_child"
	done
	for tap_report in "$TAP_DIR"/*.err; do
		tap_undefined "$tap_report"
	done
	for tap_report in "$TAP_DIR"/reports/*; do
		[ -s "$tap_report" ] || continue
		tap_ok 1 "no report of a sanitizer or valgrind"
		tap_diag "$(cat "$tap_report")"
	done
	tap_plan=$tap_count
	if [ $# -gt 0 ] && [ "$1" -ne "$tap_count" ] && [ "$tap_failed" -eq 0 ]; then
		tap_ok 1 "$1 tests ran" || tap_diag "it was $tap_plan"
	fi
	if [ "$tap_count" -eq 0 ]; then
		tap_ok 1 "a test ran"
	fi
	printf '1..%d\n' "$tap_count"
	exit 0 # a failure is told by its line; a status besides would count twice
}
