#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: p11kit-token.sh DIR KIND served.sh SPEC ALGORITHM
#
# For wrap.sh, where a token is behind `p11-kit server`: a known key onto it, and the run that wraps it, read at each
# system call. Leaves served.bundle, served.known and report; exits as memory_reader does. The needles are the key's
# alone: p11-kit's client keeps a PIN of its own.
set -u
. "$KEYHAUL_SRC/tests/memory/fixture.sh"
memory_module=$KEYHAUL_MODULE
pin=-
[ -z "${KEYHAUL_PIN_FILE:-}" ] || read -r pin <"$KEYHAUL_PIN_FILE"
"$memory_tools/known_key" put "$KEYHAUL_TOKEN" "$pin" "$1" served >served.txt && memory_bundle "$1" "$2" served || exit 1
memory_watch --needles served.txt -- wrap --token "$KEYHAUL_TOKEN" ${KEYHAUL_PIN_FILE:+--pin-file "$KEYHAUL_PIN_FILE"} \
	served.bundle
exit "$memory_status"
