#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul run and signals: the program that it runs is told, is waited for, and does not outlive it.
# shellcheck disable=SC2317,SC2119 # functions that tap.sh calls
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/kms/server.sh"

asked() {
	[ "$(server_count "$1")" -ge 1 ]
}

children() {
	cat "/proc/$1/task/$1/children"
}

# begin NAME OPTION...: a run whose fetch waits for an answer that does not come: $run, $fetch
begin() {
	name=$1
	shift
	server_start "$name" GetParametersForImport=hang
	tap_start "$name" env --default-signal=INT setsid "$KEYHAUL_BUILD/keyhaul" run --key 'pkcs11:token=t;object=o' --key-id "$arn" \
		--wrapping-algorithm RSAES_OAEP_SHA_256 --valid-to 90d --out "$name.bundle" "$@"
	run=$tap_pid
	tap_poll 20 asked GetParametersForImport
	fetch=$(children "$run" | tr -d ' ')
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# Of two signals that come while the first is still to be taken the kernel drops one: so the second is sent after that.
switches() {
	awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$1/status"
}

woken() {
	[ "$(switches "$1")" -gt "$2" ]
}

# Once, to the run alone: the key in hand is finished, which here is a wait of one second.
begin once --cli-read-timeout 1
kill -TERM "$run"
wait "$run"
tap_is "$?" 6 "one signal: fetch came to its own end, and its status is passed on"
gone "$fetch"
tap_ok $? "one signal: fetch ended before the run"
tap_is "$(grep -c '^error: ' once.err)" 2 "one signal: both say how it ended" || tap_diag "$(cat once.err)"
tap_is "$(find . -name 'once.bundle*' | wc -l)" 0 "one signal: no bundle is left"

# Twice, to the run alone: at once, though the reply is waited for without limit.
begin twice --cli-read-timeout 0
before=$(switches "$run")
before_fetch=$(switches "$fetch")
kill -TERM "$run"
tap_poll 10 woken "$run" "$before"
tap_poll 10 woken "$fetch" "$before_fetch"
kill -TERM "$run"
tap_poll 10 gone "$fetch"
tap_ok $? "two signals: fetch is ended"
wait "$run"
tap_is "$?" 130 "two signals: status 130"
tap_like "$(cat twice.err)" "^error: keyhaul-kms fetch ended with status 130" "two signals: and it is said" || tap_diag "$(cat twice.err)"

# Once, to both, as a terminal does: that is one signal for each, and fetch is not ended at once by it.
begin both --cli-read-timeout 1
kill -INT -- "-$run"
wait "$run"
tap_is "$?" 6 "one signal to both: the same"
tap_is "$(grep -c '^error: ' both.err)" 2 "one signal to both: fetch came to its own end" || tap_diag "$(cat both.err)"

# Three times: a program that does not end is killed, and none is left behind.
mkdir bin
cat >bin/keyhaul-kms <<'END'
#!/bin/sh
n=0
trap 'n=$((n + 1)); echo "$n" >>signals' TERM
: >ready
while :; do
	read -r line <>never
done
END
chmod +x bin/keyhaul-kms
mkfifo never
: >signals
KEYHAUL_BINDIR=$TAP_DIR/bin tap_start deaf "$KEYHAUL_BUILD/keyhaul" run --key 'pkcs11:token=t;object=o' --key-id "$arn" --valid-to 90d
run=$tap_pid
told() {
	[ "$(wc -l <signals)" -ge "$1" ]
}
tap_poll 10 test -e ready
deaf=$(children "$run" | tr -d ' ')
kill -TERM "$run"
tap_poll 10 told 1
tap_ok $? "the first is passed on"
kill -TERM "$run"
tap_poll 10 told 2
tap_ok $? "and so is the second"
kill -TERM "$run"
wait "$run"
tap_is "$?" 130 "at the third it is over"
gone "$deaf"
tap_ok $? "and the other is killed"
tap_like "$(cat deaf.err)" "^error: interrupted: keyhaul-kms fetch was ended" "and it is said"
tap_done 14
