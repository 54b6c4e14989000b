#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# walk_lane.sh NUMBER POINTS: walks the points of a file, each line SCENARIO FUNCTION NTH CODE:NAME, and prints a line a
# point: "good SCENARIO ..." or "bad SCENARIO ... WHY". walk.sh starts it, and sources it for the runs without faults.
#
# A point is good when
#   - the status is 4, or 7 where the fault is a finding of the proof, with exactly one error line, which names the call
#     and the code; or 0 where the fault may be passed over, and then a warning names both unless nothing was lost by it
#   - the bundle is as it was where the run failed, and there is no other file beside it
#   - nothing that was made is left, but for an object whose own destruction failed, and what generate was asked for
#   - the token holds what it held: SoftHSM's files, one an object, are looked at behind each run
# A probe goes on where a way of wrapping fails: there the code stands in the row or the claim, which is status 0.
set -u

# shellcheck disable=SC2034 # walk.sh reads it
lane_scenarios='slots generate-secret generate-pair keys wrap-secret wrap-hmac wrap-rsa wrap-ec clean probe'
lane_arn=arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab

# What is passed over without a word, since it has another way: the proof's comparisons, other slots, a list that grew;
# and the end of a login or session that has ended by itself.
lane_silent='C_SignInit C_Sign C_EncryptInit C_Encrypt'

lane_bundle() { # NAME SPEC ALGORITHM
	"$KEYHAUL_BUILD/tests/token/make_bundle" "$1" "$TAP_DIR/w2048.der" "$2" "$3" RSA_2048 "arn=$lane_arn" \
		"key_uri=pkcs11:object=$2"
}

# A token with one key of each kind, and a bundle for each, in folder lane.N: the current one from here on.
lane_make() {
	mkdir "$TAP_DIR/lane.$1" && cd "$TAP_DIR/lane.$1" && mkdir bundles && relay_softhsm "$TAP_DIR/lane.$1/token" || return 1
	for lane_spec in SYMMETRIC_DEFAULT HMAC_256 RSA_2048 ECC_NIST_P256; do
		relay_direct generate --label "$lane_spec" --key-spec "$lane_spec" >made 2>&1 || return 1
	done
	lane_bundle wrap-secret SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 && lane_bundle wrap-hmac HMAC_256 RSAES_OAEP_SHA_1 &&
		lane_bundle wrap-rsa RSA_2048 RSA_AES_KEY_WRAP_SHA_1 &&
		lane_bundle wrap-ec ECC_NIST_P256 RSA_AES_KEY_WRAP_SHA_1 || return 1
	lane_folder=$(dirname "$(find token/tokens -name token.object)") && mkdir kept kept/tmp && cp "$lane_folder"/*.object kept &&
		relay_object put generic keyhaul-tmp-0123456789abcdef 000102030405060708090a0b0c0d0e0f || return 1
	for lane_file in "$lane_folder"/*.object; do
		[ -e "kept/${lane_file##*/}" ] || mv "$lane_file" kept/tmp
	done
	set -- kept/*.object kept/tmp/*.object && [ $# -eq 8 ]
}

# Makes the token's objects what they were; lane_extra is how many there were more, lane_lost how many fewer.
lane_restore() {
	lane_extra=0 lane_lost=0
	for lane_file in "$lane_folder"/*.object; do
		[ -e "kept/${lane_file##*/}" ] && continue
		lane_extra=$((lane_extra + 1))
		rm -f "$lane_file" "${lane_file%.object}.lock"
	done
	for lane_file in kept/*.object; do
		[ -e "$lane_folder/${lane_file##*/}" ] && continue
		lane_lost=$((lane_lost + 1))
		cp "$lane_file" "$lane_folder"
	done
}

lane_command() { # SCENARIO
	case $1 in
	slots) "$TOKEN" slots --module "$RELAY" ;;
	generate-secret) relay_token generate --label new --key-spec SYMMETRIC_DEFAULT ;;
	generate-pair) relay_token generate --label new --key-spec ECC_NIST_P256 ;;
	keys) relay_token keys ;;
	clean) relay_token clean --yes ;;
	probe) relay_token probe --json --out bundles/profile ;;
	wrap-*) relay_token wrap bundles/b ;;
	esac
}

# One run, with KEYHAUL_RELAY_RULES; lane_status, files out and err.
lane_run() { # SCENARIO
	case $1 in
	wrap-*) cp "$1" bundles/b ;;
	clean)
		for lane_file in kept/tmp/*.object; do
			cp "$lane_file" "$lane_folder"
			lane_file=${lane_file##*/}
			: >"$lane_folder/${lane_file%.object}.lock"
		done
		;;
	esac
	: >"$KEYHAUL_RELAY_TRACE"
	LD_PRELOAD=$KEYHAUL_WALK_PRELOAD
	[ -z "$LD_PRELOAD" ] || export LD_PRELOAD
	lane_command "$1" >out 2>err </dev/null
	lane_status=$?
	unset LD_PRELOAD
	lane_restore
}

# lane_errors, lane_error, lane_warnings; lane_left of the trace.
lane_read() {
	lane_errors=0 lane_error='' lane_warnings='' lane_left=none
	while IFS= read -r lane_line; do
		case $lane_line in
		error:*)
			lane_errors=$((lane_errors + 1))
			lane_error=$lane_line
			;;
		warning:*) lane_warnings="$lane_warnings $lane_line" ;;
		esac
	done <err
	while read -r lane_word lane_number _; do
		[ "$lane_word" != left ] || lane_left=$lane_number
	done <"$KEYHAUL_RELAY_TRACE"
}

# A text that has both the function and "NAME (CODE)".
lane_names() { # TEXT FUNCTION CODE:NAME
	case $1 in
	*"$2"*"${3#*:} (${3%%:*})"*) return 0 ;;
	esac
	return 1
}

# Why the outcome is wrong, into lane_why; empty when it is right.
lane_judge_status() { # SCENARIO FUNCTION NTH CODE:NAME
	case $lane_status:$lane_errors in
	4:1 | 7:1)
		lane_names "$lane_error" "$2" "$4" || lane_why="the error line names neither: $lane_error"
		[ "$lane_status" -eq 4 ] || [ "${lane_error#*the proof failed: }" != "$lane_error" ] ||
			lane_why="status 7 without a proof: $lane_error"
		;;
	0:0)
		lane_passed=passed-over
		lane_may_pass "$@" || lane_names "$lane_warnings" "$2" "$4" || lane_why="passed over without a word"
		;;
	*) lane_why="status $lane_status with $lane_errors error lines: $lane_error" ;;
	esac
}

lane_may_pass() { # SCENARIO FUNCTION NTH CODE:NAME
	case " $lane_silent " in
	*" $2 "*) return 0 ;;
	esac
	case $2.$3:$4 in
	C_Logout.*:*CKR_USER_NOT_LOGGED_IN | C_CloseSession.*:*CKR_USER_NOT_LOGGED_IN) return 0 ;;
	C_Logout.*:*CKR_SESSION_* | C_Logout.*:*CKR_DEVICE_REMOVED | C_Logout.*:*CKR_TOKEN_NOT_PRESENT) return 0 ;;
	C_CloseSession.*:*CKR_SESSION_* | C_CloseSession.*:*CKR_DEVICE_REMOVED | C_CloseSession.*:*CKR_TOKEN_NOT_PRESENT) return 0 ;;
	C_GetSlotList.2:*CKR_BUFFER_TOO_SMALL) return 0 ;; # asked again
	C_GetSlotInfo.2:* | C_GetTokenInfo.2:*) return 0 ;; # the empty slot, not the one with the token
	esac
	[ "$1" = probe ] && lane_in_profile "$2" "$3" "$4"
}

# How many rows and claims of the probe name both.
lane_rows() { # FUNCTION CODE:NAME OUT
	tr '{' '\n' <"$3" | grep -F "$1" | grep -Fc "${2#*:}"
}

# Some row has the code for its finding that has it not where nothing fails; or the fault gave what the token gives anyway.
lane_in_profile() { # FUNCTION NTH CODE:NAME
	[ "$(lane_rows "$1" "$3" out)" -gt "$(lane_rows "$1" "$3" probe.out)" ] ||
		grep -q "^[0-9]* $1 $2 ${3%%:*}\( \|\$\)" probe.trace
}

lane_judge_rest() { # SCENARIO FUNCTION
	set -- "$1" "$2" bundles/* bundles/.[!.]*
	case $1 in
	probe)
		[ "$lane_status" -eq 0 ] || [ ! -e bundles/profile ] || lane_why="status $lane_status, and a profile"
		rm -f bundles/profile
		;;
	wrap-*)
		[ "$#:$3:$4" = "4:bundles/b:bundles/.[!.]*" ] || lane_why="files beside the bundle: $*"
		[ "$lane_status" -eq 0 ] || cmp -s "$1" bundles/b || lane_why="status $lane_status, but the bundle was changed"
		;;
	esac
	case $1:$lane_status:$lane_extra:$lane_lost in
	generate-secret:0:1:0 | generate-pair:0:2:0 | clean:0:0:0 | *:0:0) ;;
	clean:4:1:0) ;; # it was not taken away, and that is said
	clean:0:1:0) [ "$2" = C_GetAttributeValue ] || lane_why="it is there still, and nothing is said" ;; # in a warning
	*) lane_why="$lane_extra objects more on the token and $lane_lost fewer" ;;
	esac
	case $1:$lane_status:$2:$lane_left in
	generate-secret:0:*:1 | generate-pair:0:*:2) ;; # it was asked for
	*:C_DestroyObject:1) ;; # its own destruction failed; the session's end takes it
	*:0) ;;
	*) lane_why="$lane_left objects are left behind" ;;
	esac
}

lane_walk() { # SCENARIO FUNCTION NTH CODE:NAME
	lane_why='' lane_passed=''
	KEYHAUL_RELAY_RULES=$2.$3=${4%%:*}
	export KEYHAUL_RELAY_RULES
	lane_run "$1"
	unset KEYHAUL_RELAY_RULES
	lane_read
	lane_judge_status "$@"
	lane_judge_rest "$1" "$2"
	if [ -z "$lane_why" ]; then
		echo "good $* $lane_passed"
	else
		echo "bad $* $lane_why"
	fi
}

if [ $# -eq 2 ] && [ "${0##*/}" = walk_lane.sh ]; then
	. "$KEYHAUL_SRC/tests/relay/fixture.sh"
	lane_make "$1" && lane_run probe && [ "$lane_status" -eq 0 ] || exit 1
	rm bundles/profile
	cp out probe.out
	cp "$KEYHAUL_RELAY_TRACE" probe.trace
	while read -r lane_scenario lane_function lane_nth lane_code; do
		lane_walk "$lane_scenario" "$lane_function" "$lane_nth" "$lane_code"
	done <"$2"
fi
