#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The findings that must be reported are: by the sanitizers in a build with them, by
# valgrind in one without, by the harness in both.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

program=$KEYHAUL_BUILD/tests/harness/must_report
run_criterion=$KEYHAUL_SRC/tests/unit/run-criterion
case ${KEYHAUL_SANITIZERS:-no} in
no) valgrind=yes findings='leak overflow uninitialised' passed_over='shift' ;;
*) valgrind=no findings='leak overflow shift' passed_over='uninitialised' ;;
esac

# one NUMBER FILTER: the program as the suites run it, in $report.
one() {
	printf 'must_report %s\n' "$1" >counts
	report=$(KEYHAUL_VALGRIND=$valgrind "$run_criterion" --counts counts "$program" --filter "must/$2")
}

one 1 pass
tap_unlike "$report" '^not ok' "a test without fault passes"
for finding in $findings; do
	one 1 "$finding"
	tap_like "$report" '^not ok .*no report of a sanitizer or valgrind' "reported: $finding"
done
one 1 "$passed_over"
tap_unlike "$report" '^not ok .*no report of a sanitizer' "what this build cannot find is not made up: $passed_over"
for finding in exits exits_at_once; do
	one 1 "$finding"
	tap_like "$report" "^not ok .*must::$finding" "reported: $finding"
done
one 1 no_such_test
tap_like "$report" '^not ok .* tests ran' "reported: a filter that matches nothing"
one 0 no_such_test
tap_like "$report" '^not ok .* tests ran' "reported: no test ran, even where none was asked for"
one 2 pass
tap_like "$report" '^not ok .* 2 tests ran' "reported: a wrong count"
: >counts
report=$("$run_criterion" --counts counts "$program" --filter must/pass)
tap_like "$report" '^not ok .*no number in' "reported: a program without a count"
report=$("$run_criterion" "$program.missing")
tap_like "$report" '^not ok .*exit status 127' "reported: a program that is not there"

# The same of programs that shell tests run.
case ${KEYHAUL_SANITIZERS:-no} in
no) KEYHAUL_VALGRIND=yes; export KEYHAUL_VALGRIND ;;
esac
cat >leaks.sh <<'END'
. "$KEYHAUL_SRC/tests/tap.sh"
tap_run "$KEYHAUL_BUILD/tests/harness/leaks"
tap_is "$tap_out" "done" "it ran"
tap_done 1
END
report=$(sh leaks.sh)
tap_like "$report" '^ok 1 - it ran' "the program that leaks ran"
tap_like "$report" '^not ok 2 - no report of a sanitizer or valgrind' "reported: a leak in a program under tap_run"

case ${KEYHAUL_SANITIZERS:-no} in
no)
	;;
*)
	sed 's/leaks"/shifts"/' leaks.sh >shifts.sh
	report=$(sh shifts.sh)
	tap_like "$report" '^not ok .* no report of a sanitizer' "reported: undefined behaviour in a program under tap_run" ;;
esac

# Scripts that end wrongly.
tap_script() {
	{
		echo ". '$KEYHAUL_SRC/tests/tap.sh'"
		cat
	} >script.sh
	report=$(sh script.sh 2>&1)
}
tap_script <<'END'
tap_ok 0 one
exit 0
END
tap_unlike "$report" '^1\.\.' "a script that ends early has no plan"
tap_script <<'END'
tap_ok 0 one
tap_done 2
END
tap_like "$report" '^not ok .* 2 tests ran' "reported: a script with fewer tests than it says"
tap_script <<'END'
tap_done
END
tap_like "$report" '^not ok .* a test ran' "reported: a script without a test"
tap_script <<'END'
tap_ok 0 "$unset_variable"
tap_done 1
END
tap_unlike "$report" '^(ok|1\.\.)' "a script that uses an unset variable has no plan"
tap_script <<'END'
tap_is a b one
tap_like abc '^b' two
tap_unlike abc 'b' three
tap_exits 0 four false
tap_poll 1 false
tap_ok $? five
tap_done 5
END
tap_is "$(printf '%s\n' "$report" | grep -c '^not ok')" 5 "each check fails when it should"
tap_script <<'END'
tap_start server sleep 60
echo "pid $tap_pid"
tap_ok 0 one
tap_done 1
END
child=$(printf '%s\n' "$report" | sed -n 's/^pid //p')
! kill -0 "$child" 2>/dev/null
tap_ok $? "what a script started is ended with it"

case ${KEYHAUL_SANITIZERS:-no} in
no) tap_done 20 ;;
*) tap_done 21 ;;
esac
