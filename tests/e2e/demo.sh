#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# The demo, which ends well only where both keys work in KMS, leaves nothing behind, and fails when a step does.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need softhsm2-util openssl jq /usr/bin/aws

mkdir tmp
TMPDIR=$TAP_DIR/tmp
export TMPDIR
tap_exits 0 "the demo" "$KEYHAUL_SRC/softhsm-conf/demo"
tap_like "$tap_out" '^two crates of oranges$' "what was encrypted was decrypted"
tap_like "$tap_out" '^Verified OK$' "the signature is the token's key's"
tap_is "$(printf '%s\n' "$tap_out" | grep -c '^\$ ')" 18 "each step is shown as it is typed"
tap_unlike "$tap_out$tap_err" "$(printf '\033')" "no colour where there is no terminal"
tap_is "$(ls tmp)" "" "nothing is left in the temporary folder"

# a build in which the wrap fails
mkdir build
for program in keyhaul keyhaul-kms; do
	ln -s "$KEYHAUL_BUILD/$program" build/
done
printf '#!/bin/sh\ncase $1 in wrap) exit 4 ;; esac\nexec "%s" "$@"\n' "$KEYHAUL_BUILD/keyhaul-token" >build/keyhaul-token
printf '#!/bin/sh\nout=$("%s" "$@") && printf "%%s\\n" "$out" | tee "%s/sim.out"\n' "$KEYHAUL_BUILD/keyhaul-sim" "$TAP_DIR" \
	>build/keyhaul-sim
chmod +x build/keyhaul-token build/keyhaul-sim
KEYHAUL_BUILD=$TAP_DIR/build
tap_exits 4 "a step that fails ends it" "$KEYHAUL_SRC/softhsm-conf/demo"
tap_like "$tap_err" "the step above failed" "and that is told"
tap_like "$(printf '%s\n' "$tap_out" | tail -n 1)" '^\$ keyhaul-token wrap' "the last line is that step"
tap_is "$(ls tmp)" "" "and nothing is left"
pid=$(tr -d "'" <sim.out | sed -n 's/.*KEYHAUL_SIM_PID=\([0-9]*\).*/\1/p')
gone() {
	[ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null
}
tap_poll 5 gone
tap_ok $? "the simulator ($pid) is ended"
tap_done 11
