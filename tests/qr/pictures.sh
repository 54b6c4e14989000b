#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# 201 frames as cameras and scanners give them: turned, blurred, larger or smaller, as PNG and as JPEG of every quality, by a
# seed. Each is read or not, and none wrongly: what is read fits to the frames as they were made, and the bundle is the
# same. make qr-soak does it with many seeds; under the sanitizers a quarter of the frames does.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need convert
qr=$KEYHAUL_BUILD/keyhaul-qr
bundle=$KEYHAUL_SRC/tests/fuzz/corpus/bundle/whole
every=1
[ "${KEYHAUL_SANITIZERS:-no}" = no ] || every=4

# the ImageMagick command that changes each picture of $1 into one of $2, by seed $3
change() {
	find "$1" -name '*.png' | sort | awk -v seed="$3" -v to="$2" -v every="$every" '
		BEGIN { srand(seed) }
		{
			turn = rand() * 360; blur = rand() * 2; size = 45 + rand() * 120; quality = 25 + rand() * 70
			if (rand() < 0.4) turn = int(rand() * 4) * 90 + rand() * 8 - 4
			if (NR % every) next
			printf "%s -background white -rotate %.1f -blur 0x%.2f -resize %.0f%% -quality %d -write %s/%d.%s +delete ",
				$0, turn, blur, size, quality, to, NR, rand() < 0.5 ? "png" : "jpg"
		}'
}

# how many the last scan did not get: all is none, and "missing: 3, 7-9" is four
not_read() {
	case $tap_err in
	*"no frame was read"*) echo "$1" ;;
	*) printf '%s\n' "$tap_err" | sed -n 's/.*error: \([0-9]*\) of \([0-9]*\) frames were read.*/\2 \1/p' | awk '{ n = $1 - $2 } END { print n + 0 }' ;;
	esac
}

seed=2026
all=0 got=0 wrong=0 tests=0
while [ "$seed" -lt $((2026 + ${KEYHAUL_QR_ROUNDS:-1})) ]; do
	for bytes in 40 60 80 100 120 150 250 400; do
		rm -rf made changed back again
		mkdir changed
		"$qr" qr --png made --frame-bytes "$bytes" --scale 4 "$bundle" >/dev/null || exit 1
		# shellcheck disable=SC2046 # words
		convert $(change made changed "$seed$bytes") xc:white null: || exit 1
		frames=$(find made -name '*.png' | wc -l)
		pictures=$(find changed -type f | wc -l)
		# shellcheck disable=SC2046
		tap_run "$qr" scan --out back $(find changed -type f | sort)
		all=$((all + pictures))
		case $tap_status in
		0) got=$((got + pictures)) ;;
		3) got=$((got + frames - $(not_read "$frames"))) ;;
		*) wrong=$((wrong + 1)) && tap_diag "seed $seed, $bytes: $tap_status: $tap_err" ;;
		esac
		# with the frames as they were made nothing contradicts, and it is the bundle
		# shellcheck disable=SC2046
		tap_run "$qr" scan --out again $(find changed made -type f | sort)
		if [ "$tap_status" -ne 0 ] || ! cmp -s again "$bundle" || { [ -e back ] && ! cmp -s back "$bundle"; }; then
			wrong=$((wrong + 1))
			tap_diag "seed $seed, $bytes: $tap_status: $tap_err"
		fi
	done
	seed=$((seed + 1))
done
tap_is "$wrong" 0 "of $all pictures none was read wrongly"
[ "$all" -ge $((200 / every - 7)) ]
tap_ok $? "there were $all"
[ "$got" -ge $((all * 8 / 10)) ]
tap_ok $? "$got of them were read"
tap_done 3
