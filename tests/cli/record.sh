#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# shellcheck disable=SC2154 # tap_out and tap_err are tap.sh's
#
# keyhaul record: two hosts' transcripts and their bundles in one page, and each thing that can be wrong with them named.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl
[ -x "$KEYHAUL_BUILD/keyhaul-token" ] || tap_skip_all "keyhaul-token, which signs, is not built"

keyhaul=$KEYHAUL_BUILD/keyhaul
sha() { sha256sum "$@" | cut -d' ' -f1; }
# signer NAME SUBJECT: NAME.pem and NAME.crt
signer() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.pem" -out "$1.crt" -subj "$2" -days 30 2>/dev/null
	chmod 600 "$1.pem"
}
signer ada '/CN=Ada <i>Witness<\/i>'
signer mallory '/CN=Mallory'
# chain_anew FILE: as one who has the file could
chain_anew() {
	before=none
	while IFS= read -r line; do
		line=$(printf '%s' "$line" | sed "s/\"previous\":\"[^\"]*\"/\"previous\":\"$before\"/")
		printf '%s\n' "$line"
		before=$(printf '%s' "$line" | sha)
	done <"$1" >anew
	mv anew "$1"
}

# A day: a request is adopted on one host, and read on the other; one command fails, one is of a file with markup in its name.
mkdir day
cd day || exit 1
cli_parameters 2048 "$(cli_hours 20)"
KEYHAUL_TRANSCRIPT=online.transcript
export KEYHAUL_TRANSCRIPT
tap_run cli_adopt order.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d
tap_run "$keyhaul" inspect "<script>alert(1)<img src=x onerror=alert(2)>$(printf '\033[2J-\342\200\256-\302\233').bundle"
tap_run "$keyhaul" inspect order.bundle
KEYHAUL_TRANSCRIPT=gap.transcript
tap_run "$keyhaul" inspect order.bundle
printf '{"keyhaul_tran' >>gap.transcript
tap_run "$keyhaul" inspect order.bundle
unset KEYHAUL_TRANSCRIPT
cp -r . ../unclosed

# close
close() { # STATUS WHAT FILE
	tap_exits "$1" "$2" "$keyhaul" transcript close --signer ../ada.pem --cert ../ada.crt "$3"
}
close 0 "a transcript is closed" online.transcript
tap_like "$tap_out" "^    $(tail -n 1 online.transcript | tr -d '\n' | sha)\$" "with the digest of its last line"
words=$(printf '%s\n' "$tap_out" | awk '/^ +[0-9]+  [A-Za-z]+ +[A-Za-z]+ +[A-Za-z]+ +[A-Za-z]+$/ { n += NF - 1 } END { print n }')
tap_is "$words" 32 "in words"
close 7 "once" online.transcript
close 0 "the other" gap.transcript
sed '2s/alert/blert/' ../unclosed/online.transcript >changed.transcript
cp changed.transcript before
close 7 "one that was changed is not closed" changed.transcript
tap_is "$(cmp before changed.transcript 2>&1)" "" "nor signed"
rm before changed.transcript
tail -n 1 online.transcript | jq -jcS .close >content
tail -n 1 online.transcript | jq -r .signature | base64 -d >signature
tap_exits 0 "openssl verifies what was signed" \
	openssl cms -verify -binary -inform DER -in signature -content content -noverify -purpose any -out back
tap_is "$(jq -c '[.lines, .last]' content)" "[3,\"$(sed -n 3p online.transcript | tr -d '\n' | sha)\"]" "which is its lines and the last of them"
tap_exits 0 "check" "$keyhaul" transcript check online.transcript
tap_is "$tap_out" "online.transcript: 4 lines, closed" "says so"

# the page
tap_exits 0 "a record, signed" "$keyhaul" record --out page.html --signer ../ada.pem --cert ../ada.crt --closed-by ../ada.crt -- online.transcript gap.transcript
tap_exits 0 "openssl verifies its signature" \
	openssl cms -verify -binary -inform DER -in page.html.p7s -content page.html -noverify -purpose any -out back
tap_exits 3 "a page that is there stays" "$keyhaul" record --out page.html online.transcript gap.transcript
says() { # ERE WHAT
	tap_like "$(cat page.html)" "$1" "$2"
}
says '<b>No findings\.</b>' "the page has no findings"
says "$(sha order.bundle)" "the bundle's digest"
says "$(jq -jcS .request order.bundle | sha)" "the request's"
says '<td class="place">29</td><td>[A-Za-z]+</td><td>[A-Za-z]+</td><td>[A-Za-z]+</td><td>[A-Za-z]+</td></tr></table>' "in words"
says 'arn:aws:kms:eu-central-1:000000000000:key/' "the KMS key"
says '<span class="failed">FAILED</span>, status 3' "what failed"
says 'before it a torn line of 14 bytes' "what was torn"
says 'Approved by</th><td>NOBODY' "who approved: nobody"
says 'Closed by</th><td>CN=Ada \\&lt;i\\&gt;Witness\\&lt;/i\\&gt;</td>' "markup in a certificate is text"
says '&lt;script&gt;alert\(1\)&lt;img src=x onerror=alert\(2\)&gt;' "markup in a file's name is text"
tap_is "$(grep -ciE '<script|<img|<i>|<iframe|<link|<object|javascript:|https?://[^<]*\.(js|css)' page.html)" 0 "nothing on it is a script or is fetched"
tap_is "$(sed 's/<[^>]*>//g' page.html | grep -c '[<>]')" 0 "every tag is closed"
says '&gt;[\]x1B\[2J-[\]u\{202E\}-[\]u\{9B\}[.]bundle' "control characters are, and what turns the text round"
tap_is "$(LC_ALL=C tr -cd '\000-\010\013-\037' <page.html | wc -c) $(LC_ALL=C grep -c "$(printf '\342\200\256\|\302\233')" page.html)" "0 0" \
	"and stand nowhere as they are"

# markup in a label: of the token, of the key, of a person
cp order.bundle label.bundle
cli_material label.bundle
jq -S '.material.key.label = "<script>alert(3)</script>" | .material.token.label = "\"><b onmouseover=alert(4)>"' label.bundle >label.new
mv label.new label.bundle
tap_exits 7 "a bundle that no command left" "$keyhaul" record --out label.html online.transcript gap.transcript label.bundle
tap_like "$(cat label.html)" '&lt;script&gt;alert\(3\)&lt;/script&gt;' "markup in a key's label is text"
tap_like "$(cat label.html)" '&quot;&gt;&lt;b onmouseover=alert\(4\)&gt;' "and in a token's"
tap_is "$(grep -c '<script\|<b on' label.html)" 0 "and nowhere markup"
rm label.bundle label.html

# What is wrong is named, in the page too, which is then not signed.
cd ..
# row STATUS ERE WHAT COMMAND: the day with something done to it
row() {
	rm -rf try
	cp -r day try
	rm -f try/page.html*
	(cd try && eval "$4")
	(cd try && "$keyhaul" record --out page.html --closed-by ../ada.crt --signer ../ada.pem --cert ../ada.crt -- ./*.transcript >out 2>err)
	tap_is "$?" "$1" "$3"
	tap_like "$(cat try/err)" "$2" "is named" || tap_diag "$(cat try/err)"
	[ ! -e try/page.html.p7s ] && { [ ! -e try/page.html ] || grep -qE 'NOT SOUND|OPEN' try/page.html; }
	tap_ok $? "and is not signed"
}
close_of_99() {
	sed -n '$p' online.transcript | jq -jcS '.close | .lines = 99' >content
	openssl cms -sign -binary -md sha256 -outform DER -in content -signer ../ada.crt -inkey ../ada.pem -out content.p7s
	jq -cj --slurpfile close content --arg signature "$(base64 -w0 content.p7s)" '.close = $close[0] | .signature = $signature' \
		<<-END >last
			$(sed -n '$p' online.transcript)
		END
	sed -i '$d' online.transcript
	cat last >>online.transcript
	echo >>online.transcript
}
row 7 'online.transcript: line 2 was changed' "a line that is changed" "sed -i '2s/alert/blert/' online.transcript"
row 7 'online.transcript: lines are missing: 3 follows 1$' "a line that is removed" "sed -i 2d online.transcript"
row 7 'online.transcript: lines are missing: 2 follows 0$' "the first line removed" "sed -i 1d online.transcript"
row 7 'online.transcript: lines are out of order: 2 follows 3$' "lines in another order" "sed -i -n '2{h;d};3{p;x};p' online.transcript"
row 7 'online.transcript is open' "the tail cut, with the close" "sed -i '\$d' online.transcript"
row 7 'online.transcript: its last line closes other lines than these|lines are missing: 4 follows 2' "the tail cut but for the close" \
	"sed -i 3d online.transcript"
row 7 'online.transcript: its last line closes other lines' "a changed line, and all behind it chained anew" \
	"sed -i '2s/alert/blert/' online.transcript; chain_anew online.transcript"
row 7 'the signature of the line that closes it' "a close of another host" \
	"sed -i '\$s/\"host\":\"[^\"]*\"/\"host\":\"other\"/' online.transcript"
row 7 'online.transcript: closed by .*Mallory.*, and by nobody who may' "the tail cut, and closed by somebody else" \
	"sed -i '3,\$d' online.transcript; \"$keyhaul\" transcript close --signer ../mallory.pem --cert ../mallory.crt online.transcript >/dev/null"
# cut, and closed by Ada's own signature of a file that somebody gave her
head -n 2 day/online.transcript >head.transcript
tail -n 1 day/online.transcript | jq -jcS --arg last "$(tail -n 1 head.transcript | tr -d '\n' | sha)" '.close | .last = $last | .lines = 2' >innocent
jq -jcS '.a = "more"' innocent >longer
ada_signs() { # STATUS WHAT FILE
	tap_exits "$1" "$2" "$KEYHAUL_BUILD/keyhaul-token" sign --signer ada.pem --cert ada.crt --out "$3.p7s" "$3"
}
ada_signs 7 "sign signs no end of a transcript" innocent
tap_like "$tap_err" "this is what 'keyhaul transcript close' signs" "and says whose it is"
ada_signs 0 "but what begins otherwise" longer
row 7 'online.transcript is open' "which is no end of a transcript" \
	'{ cat ../head.transcript; jq -jcn --slurpfile close ../longer --arg s "$(base64 -w0 ../longer.p7s)" --arg p "$(jq -r .last ../longer)" \
		"{keyhaul_transcript: 1, n: 3, close: \$close[0], signature: \$s, previous: \$p, whole: true}"; echo; } >online.transcript'
row 7 'stands behind the line that closes it' "a line behind the close" "sed -n 1p online.transcript >first; cat first >>online.transcript"
row 7 'what stands before it is no line' "a line that is none" "sed -i '2s/^/x/' online.transcript"
row 7 'what stands before it is no line' "a member that is there twice" "sed -i '2s/\"status\":/\"status\":0,&/' online.transcript"
row 7 'what stands before it is no line' "a line that does not say that it is whole" "sed -i '2s/,\"whole\":true}/}/' online.transcript"
row 7 'online.transcript: line 2 is of the host .other., the first of ' "a line of another host" \
	"sed -i '2s/\"host\":\"[^\"]*\"/\"host\":\"other\"/' online.transcript; chain_anew online.transcript"
row 7 'online.transcript: its last line closes other lines than these' "a close of another number of lines, which its closer signed" close_of_99
row 7 'the torn line before it was changed' "a torn line changed" "sed -i 's/^{\"keyhaul_tran\$/{\"keyhaul_tram/' gap.transcript"
row 3 'it ends in a torn line of 5 bytes' "a torn last line" "printf '{\"key' >>gap.transcript"
row 3 "the bundle 'order.bundle' is missing: line [0-9] of ./[a-z]*.transcript \(host" "a bundle that is missing" "rm order.bundle"
row 7 'order.bundle: the bundle is not as any command' "a bundle that is changed" "jq -S . order.bundle >n; mv n order.bundle; truncate -s -1 order.bundle"
row 3 "the bundle 'order.bundle' is missing" "a bundle elsewhere, by a symlink" "mv order.bundle there; ln -s there order.bundle"
row 3 'order.bundle: ' "a bundle that is none" "echo '{' >order.bundle"
row 7 'read the bundle .order.bundle. as no command' "a host that is left out" "rm online.transcript"
row 3 'the same transcript as \./gap.transcript' "a transcript that is there twice" "cp gap.transcript host.transcript"
row 3 'empty.transcript: it is empty' "an empty file" ": >empty.transcript"
tap_exits 2 "no page" "$keyhaul" record day/online.transcript
tap_exits 2 "an option of several took all words" "$keyhaul" record --out x.html --closed-by ada.crt day/online.transcript
tap_like "$tap_err" "^hint: --closed-by takes all words behind it: put '--' before the first FILE" "how to end it is told"
tap_exits 2 "no transcript" "$keyhaul" record --out x.html day/order.bundle
tap_exits 2 "--transcript is not for it" "$keyhaul" record --transcript day/new --out x.html day/online.transcript

tap_exits 3 "a signature that fails" "$keyhaul" record --out unsigned.html --signer ada.pem --cert none.crt day/online.transcript day/gap.transcript
[ ! -e unsigned.html ]
tap_ok $? "leaves no page"

# open ones
cd unclosed || exit 1
sed '2s/alert/blert/' online.transcript >unsound.transcript
tap_exits 7 "one that is not sound is not closed" "$keyhaul" transcript close --signer ../ada.pem --cert ../ada.crt unsound.transcript
tap_is "$(grep -c '"close"' unsound.transcript)" 0 "and nothing is signed"
rm unsound.transcript
tap_exits 7 "open transcripts" "$keyhaul" record --out page.html online.transcript gap.transcript
tap_exits 0 "open transcripts, taken as they are" "$keyhaul" record --open --json --out open.html online.transcript gap.transcript
tap_is "$(printf '%s' "$tap_out" | jq -c '.results[0] | [.open, .transcripts, .bundles, .findings, .sha256]')" \
	"[2,2,1,0,\"$(sha open.html)\"]" "--json tells them"
tap_like "$(cat open.html)" '<b>OPEN: 2 of 2 transcripts' "and the page"

# masked, the day and its rehearsal are the same
"$keyhaul" transcript mask ../unclosed/gap.transcript >one
sed 's/0\([0-9]\):/1\1:/g; s/[0-9a-f]\{64\}/'"$(sha one)"'/g; s/"host":"[^"]*"/"host":"there"/' gap.transcript >other
"$keyhaul" transcript mask other >two
tap_is "$(cmp -s gap.transcript other; echo $?)$(diff one two)" 1 "masked they do not differ"
tap_like "$(sed -n 1p one)" '"at":"TIME","ended":"TIME","host":"HOST".*"sha256":"DIGEST"' "times and digests have names"
sed 's/inspect/inspekt/' gap.transcript >other
"$keyhaul" transcript mask other >two
tap_isnt "$(diff one two)" "" "what was done is not masked"
long=$(printf 'folder%.0s' 1 2 3 4 5 6 7 8 9 10 11 12)
printf '{"keyhaul_transcript":1,"n":7,"path":"/%s/a","signature":"%s"}\n' "$long" "$long" >paths
tap_is "$("$keyhaul" transcript mask paths)" "{\"keyhaul_transcript\":1,\"n\":N,\"path\":\"/$long/a\",\"signature\":\"BASE64\"}" "nor is a long path: bytes are known by their name"
sed 's/"n":3,/"n":4,/; s/"n":2,/"n":3,/; 2{h; s/"n":3,/"n":2,/; p; g}' gap.transcript >other
"$keyhaul" transcript mask other >two
tap_is "$(diff one two | grep -c '^[<>]')" 1 "one line more is one line of difference"
for id in 1234abcd-12ab-34cd-56ef-1234567890ab mrk-1234abcd12ab34cd56ef1234567890ab; do
	printf '{"keyhaul_transcript":1,"n":1,"typed":["status","--key-id","%s","arn:aws:kms:eu-central-1:111122223333:key/%s"],"item":"%s"}\n' \
		$id $id $id >named
	tap_is "$("$keyhaul" transcript mask named)" \
		"{\"keyhaul_transcript\":1,\"n\":N,\"typed\":[\"status\",\"--key-id\",\"$id\",\"arn:aws:kms:eu-central-1:ACCOUNT:key/$id\"],\"item\":\"$id\"}" \
		"a key's id is not masked: $id"
done
tap_exits 3 "no transcript is not masked" "$keyhaul" transcript mask ../ada.crt
tap_like "$tap_err" 'neither a transcript nor a bundle' "and told to be none"
cd ..

tap_done 132
