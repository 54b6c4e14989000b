#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-qr: a bundle as codes and back, in the terminal, as PNG and as one page; what is missing, mixed, changed or no
# picture is refused, and nothing is written then.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need convert tmux jq python3 openssl
qr=$KEYHAUL_BUILD/keyhaul-qr
cp "$KEYHAUL_SRC/tests/fuzz/corpus/bundle/whole" a.bundle
cp "$KEYHAUL_SRC/tests/fuzz/corpus/bundle/request" b.bundle
digest=$(sha256sum <a.bundle | cut -d' ' -f1)

tap_exits 0 "pictures of a bundle" "$qr" qr --png a --json a.bundle
tap_is "$(printf '%s' "$tap_out" | jq -r '.results[0] | "\(.frames) \(.sha256) \(.where)"')" "6 $digest a" "how many, and of what"
tap_exits 0 "read again, the last first and one of them twice" "$qr" scan --out back.bundle --json a/frame-006.png a/frame-00?.png
tap_is "$(sha256sum <back.bundle | cut -d' ' -f1) $(stat -c %a back.bundle)" "$digest 600" "the very file, for its owner alone"
tap_exits 3 "it does not overwrite" "$qr" scan --out back.bundle a/frame-00?.png
convert a/frame-001.png a/frame-002.png a/frame-003.png +append row1.png && convert a/frame-00[456].png +append row2.png &&
	convert row1.png row2.png -append -quality 80 wall.jpg
tap_exits 0 "all codes in one photograph" "$qr" scan --out wall.bundle wall.jpg
cmp -s wall.bundle a.bundle
tap_ok $? "the same bundle"

tap_exits 3 "two are missing" "$qr" scan --out part.bundle a/frame-00[1346].png
tap_like "$tap_err" "4 of 6 frames were read; missing: 2, 5" "they are named"
tap_exits 0 "one of them anew" "$qr" qr --png again --frame 2 a.bundle
tap_is "$(ls again)" "frame-002.png" "that one alone"
tap_exits 0 "with it and the other it is whole" "$qr" scan --out part.bundle a/frame-00[1346].png again/*.png a/frame-005.png
"$qr" qr --png b b.bundle >/dev/null
tap_exits 7 "a frame of another bundle mixed in" "$qr" scan --out mixed.bundle a/frame-00[123456].png b/frame-001.png
tap_like "$tap_err" "frame of another bundle" "it says so"
"$qr" qr --png split --frame-bytes 150 a.bundle >/dev/null
tap_exits 7 "a frame of the same bundle in another split" "$qr" scan --out mixed.bundle a/frame-001.png split/frame-002.png
tap_like "$tap_err" "the same bundle in another split" "is told to be that"
[ ! -e mixed.bundle ]
tap_ok $? "nothing was written"
tap_exits 2 "--out is asked for" "$qr" scan a/frame-001.png
tap_exits 3 "no bundle is not shown" "$qr" qr --png no a/frame-001.png
tap_exits 3 "a folder that is there is not filled" "$qr" qr --png a b.bundle
tap_exits 2 "no terminal" "$qr" qr a.bundle

# The record: a bundle that was read from pictures is one that a host's command made, and its 'qr' showed.
cli_parameters 2048 "$(cli_hours 20)"
# day NAME: adopted, shown and read on two hosts with transcripts; MADE, SHOWN empty: not in them; FORGED: another's pictures
day() {
	mkdir -p "$1/gap" && cp parameters.json "$1" && cd "$1" || exit 1
	KEYHAUL_TRANSCRIPT=${MADE-online.transcript} cli_adopt a.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d >/dev/null
	if [ -n "${FORGED:-}" ]; then
		cli_adopt shown.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 80d >/dev/null
	else
		cp a.bundle shown.bundle
	fi
	KEYHAUL_TRANSCRIPT=${SHOWN-online.transcript} "$qr" qr --png p shown.bundle >/dev/null
	KEYHAUL_TRANSCRIPT=gap.transcript "$qr" scan --out gap/a.bundle p/*.png >/dev/null
	KEYHAUL_TRANSCRIPT=gap.transcript "$KEYHAUL_BUILD/keyhaul" merge --out gap/b.bundle gap/a.bundle gap/a.bundle >/dev/null
	tap_run "$KEYHAUL_BUILD/keyhaul" record --open --out page.html ./*.transcript gap/a.bundle
	cd .. || exit 1
}
day whole
tap_is "$tap_status" 0 "a bundle over the gap by pictures" || tap_diag "$tap_err"
FORGED=yes SHOWN='' day forged
tap_like "$tap_status $tap_err" "^7 .*gap.transcript: line 1 .* scanned the bundle 'gap/a.bundle' as no command in these transcripts wrote it" \
	"pictures of another's bundle are a finding"
FORGED=yes day forged_shown
tap_like "$tap_status $tap_err" "^7 .* the bundle '(gap/a|shown).bundle' as no command in these transcripts wrote it" "also where they were shown here"
SHOWN='' day unshown
tap_like "$tap_status $tap_err" "^7 .*gap.transcript: line 1 .* from QR codes that no 'keyhaul qr' in these transcripts made" "and pictures that were made elsewhere"

# pictures that are none, or too much
convert -size 200x200 xc:white empty.png
tap_exits 3 "no code in it" "$qr" scan --out x.bundle empty.png
tap_like "$tap_err" "no QR code is seen" "it says so"
head -c 700 a/frame-001.png >cut.png
head -c 2000 wall.jpg >cut.jpg
printf 'BM not a picture' >other.bmp
# good pictures whose heads say 20,000 by 20 pixels
convert -size 20x20 xc:white small.png && convert -size 20x20 xc:white small.jpg
python3 - <<'PY'
import struct, zlib
for name, width, height in ("wide", 20000, 20), ("square", 16384, 16384):
    png = bytearray(open("small.png", "rb").read())
    png[16:24] = struct.pack(">II", width, height)
    png[29:33] = struct.pack(">I", zlib.crc32(bytes(png[12:29])))
    open(name + ".png", "wb").write(png)
    jpg = bytearray(open("small.jpg", "rb").read())
    at = jpg.index(b"\xff\xc0")
    jpg[at + 5:at + 9] = struct.pack(">HH", height, width)
    open(name + ".jpg", "wb").write(jpg)
PY
for kind in png jpg; do
	tap_exits 3 "a $kind that is too wide" "$qr" scan --out x.bundle "wide.$kind"
	tap_like "$tap_err" "a picture of 20000 by 20 pixels" "is refused by its size"
	tap_exits 3 "a $kind of too many pixels" "$qr" scan --out x.bundle "square.$kind"
	tap_like "$tap_err" "a picture of 16384 by 16384 pixels" "is refused by its size"
done
for name in cut.png other.bmp a.bundle /dev/zero "$TAP_DIR"; do
	tap_exits 3 "refused: ${name##*/}" "$qr" scan --out x.bundle "$name"
done
tap_run "$qr" scan --out x.bundle cut.jpg
tap_is "$tap_status $([ -e x.bundle ] && echo written)" "3 " "half a JPEG gives no bundle"

# one page; it loads nothing, and has each frame
tap_exits 0 "a page" "$qr" qr --html page.html a.bundle
tap_is "$(grep -c '<svg' page.html) $(grep -ciE 'src=|href=|<script|url\(' page.html)" "6 0" "of six drawings, and nothing from elsewhere"
tap_like "$(cat page.html)" "6 of 6.*${digest%"${digest#????????}"}" "numbered, with the digest"
"$qr" qr --svg drawn a.bundle >/dev/null
tap_is "$(find drawn -name 'frame-*.svg' | wc -l)" 6 "or as files"

# in a terminal: what is drawn there is a code
screen() {
	tmux -L "qr$$" capture-pane -p -t qr 2>&1
}
shows() {
	screen | grep -q "$1"
}
# screen_shows RE WHAT: within a while, and else what it showed is told.
screen_shows() {
	tap_poll 20 shows "$1"
	tap_ok $? "$2" || tap_diag "the screen, where $1 was awaited: $(screen)"
}
tmux -L "qr$$" -f /dev/null new-session -d -s qr -x 150 -y 70 "exec $qr qr $TAP_DIR/a.bundle"
screen_shows "1 of .*, SHA-256 ${digest%"${digest#????????}"}" "the first code, with its number and the digest's beginning"
screen >first
tmux -L "qr$$" send-keys -t qr Enter
screen_shows "^2 of " "Enter shows the next"
tmux -L "qr$$" kill-server
# half blocks to pixels: what is drawn is light
python3 - first screen.pgm <<'PY'
import sys
lines = [l.rstrip("\n") for l in open(sys.argv[1], encoding="utf-8") if any(c in l for c in "▀▄█")]
width = max(map(len, lines))
rows = []
for l in lines:
    l = l.ljust(width)
    rows.append([255 if c in "▀█" else 0 for c in l])
    rows.append([255 if c in "▄█" else 0 for c in l])
with open(sys.argv[2], "w") as out:
    out.write("P2 %d %d 255\n" % (width, len(rows)))
    for r in rows:
        out.write(" ".join(map(str, r)) + "\n")
PY
convert screen.pgm -scale 500% screen.png
tap_exits 3 "what the terminal shows can be read" "$qr" scan --out x.bundle screen.png
tap_like "$tap_err" "^error: 1 of [0-9]* frames were read; missing: 2" "it is frame 1"
tmux -L "qr$$" -f /dev/null new-session -d -s qr -x 80 -y 24 "$qr qr $TAP_DIR/a.bundle; exec sleep 60"
screen_shows "no code fits a terminal of 80 columns and 24 lines" "a terminal that is too small is told"
tap_like "$(screen)" "larger terminal.*--png" "with the ways out"
tmux -L "qr$$" kill-server
tap_done 51
