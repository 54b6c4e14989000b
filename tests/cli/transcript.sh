#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# --transcript: a line a command, chained, without secrets; whole or named as torn whatever ends a command.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
. "$KEYHAUL_SRC/tests/cli/parameters.sh"
tap_need jq openssl flock prlimit

keyhaul=$KEYHAUL_BUILD/keyhaul
cli_parameters 2048 "$(cli_hours 20)"
KEYHAUL_TRANSCRIPT=$TAP_DIR/host.transcript
export KEYHAUL_TRANSCRIPT
sha() { sha256sum "$@" | cut -d' ' -f1; }
# line N FILTER: of the transcript
line() { sed -n "$1p" host.transcript | jq -c "$2"; }
# chain FILE: the digest of each whole line that its follower names, with ordinary tools
chain() {
	before=none
	while IFS= read -r text; do
		case $text in *",\"previous\":\"$before\",\"whole\":true}") ;; *) echo "broken at $text" ;; esac
		before=$(printf '%s' "$text" | sha)
	done <"$1"
}

# KEYHAUL_TRANSCRIPT is set: adopt's own line is the first
tap_exits 0 "a first command" cli_adopt a.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d
request=$(jq -jcS .request a.bundle | sha)
tap_is "$(line 1 '[.keyhaul_transcript, .n, .program, .typed[1], .status, .previous, .whole]')" \
	'[1,1,"keyhaul","adopt",0,"none",true]' "its line"
tap_is "$(line 1 '.wrote')" "[{\"path\":\"a.bundle\",\"sha256\":\"$(sha a.bundle)\",\"request_sha256\":\"$request\"}]" \
	"what it wrote, by digest and by its request's"
tap_is "$(line 1 '.read[] | select(.path == "parameters.json") | .sha256')" "\"$(sha parameters.json)\"" "and what it read"
tap_is "$(stat -c %a host.transcript)" 600 "the file is its owner's alone"
tap_exits 3 "one that fails" "$keyhaul" inspect none.bundle
tap_is "$(line 2 '[.status, .error.native, .error.message, .read]')" \
	'[3,"ENOENT","none.bundle: No such file or directory",[]]' "is in it with its reason"
tap_exits 3 "one of many that fails" "$keyhaul" inspect a.bundle none.bundle
tap_is "$(line 3 '[.status, .failed[].item, .read[].path]')" '[3,"none.bundle","a.bundle"]' "is in it too"
tap_is "$(line 3 '.host')" "\"$(uname -n)\"" "the host's name"

# secrets stay out: a PIN in a URI, and what was not understood
tap_run "$keyhaul" inspect 'pkcs11:token=a?pin-value=12345678&module-name=x'
tap_is "$(line 4 '.typed[2]')" '"pkcs11:token=a?pin-value=***&module-name=x"' "a PIN in a URI is starred"
while IFS='|' read -r what want words; do
	[ -x "$KEYHAUL_BUILD/${words%% *}" ] || { tap_skip "secret: $what" "${words%% *} is not built" && continue; }
	KEYHAUL_TRANSCRIPT=secret.transcript
	# shellcheck disable=SC2086 # words
	tap_run "$KEYHAUL_BUILD/"$words
	KEYHAUL_TRANSCRIPT=host.transcript
	tap_is "$(tail -n 1 secret.transcript | jq -c '[.status, .typed[-1]]') $(printf '%s' "$tap_err" | grep -c 12345678)" "$want 0" "secret: $what"
done <<-'END'
	what is no name of a PIN|[3,"pkcs11:token=a?pin=***"]|keyhaul-token keys --module x --token pkcs11:token=a?pin=12345678
	the same in a path|[3,"pkcs11:token=a;pin_value=***"]|keyhaul-token keys --module x --token pkcs11:token=a;pin_value=12345678
	a password in a URL|[3,"--endpoint-url=https://***@host"]|keyhaul-kms whoami --endpoint-url=https://ada:12345678@host
	one without a scheme|[3,"***@host:1"]|keyhaul-kms whoami --endpoint-url ada:12345678@host:1
	a URL that is an operand|[3,"https://***@host/a"]|keyhaul inspect https://ada:12345678@host/a
	what a module is told|[3,"***"]|keyhaul-token slots --module ./none.so --module-init-args userPin=12345678
	and what is none|[3,"configdir=x"]|keyhaul-token slots --module ./none.so --module-init-args configdir=x
END
tap_is "$(grep -c 12345678 secret.transcript)" 0 "none of them is in it"
tap_exits 2 "a command line that is refused" "$keyhaul" inspect --pni=12345678 12345678 a.bundle
tap_is "$(line 5 '[.status, .typed, .error.code]')" '[2,["keyhaul","inspect","--pni","***","***"],"usage"]' "has its options' names alone"
tap_is "$(grep -c 12345678 host.transcript)" 0 "no PIN is in it"
tap_like "$(KEYHAUL_TRANSCRIPT=words.transcript "$keyhaul" compare --words=12345678 a.bundle 2>&1)" "'12345678' is not a number" \
	"a message that quotes what was typed"
tap_is "$(jq -c '[.status, .error.message]' words.transcript) $(grep -c 12345678 words.transcript)" '[2,""] 0' "is not in it"

# other programs, and what a verb of theirs is run by
if [ -x "$KEYHAUL_BUILD/keyhaul-kms" ]; then
	tap_exits 3 "a verb of another program" "$keyhaul" import --valid-to 90d a.bundle --transcript "$KEYHAUL_TRANSCRIPT"
	tap_is "$(line 6 '[.program, .typed[0:2], .status, .read[0].request_sha256]')" \
		"[\"keyhaul-kms\",[\"keyhaul-kms\",\"import\"],3,\"$request\"]" "is in it"
else
	tap_skip "a verb of another program" "keyhaul-kms is not built"
	tap_skip "is in it" "keyhaul-kms is not built"
fi
if [ -x "$KEYHAUL_BUILD/keyhaul-kms" ]; then
	tap_exits 3 "a command that runs others" "$keyhaul" run --key 'pkcs11:token=a;object=b' --valid-to 90d \
		--key-id 11111111-2222-4333-8444-555555555555
	tap_is "$(tail -n 2 host.transcript | jq -c '[.typed[0:2], .status]' | paste -sd' ')" \
		'[["keyhaul-kms","fetch"],3] [["keyhaul","run"],3]' "has a line behind theirs"
else
	tap_skip "a command that runs others" "keyhaul-kms is not built"
	tap_skip "has a line behind theirs" "keyhaul-kms is not built"
fi
lines=$(wc -l <host.transcript)
tap_run "$keyhaul" inspect --help
tap_run "$keyhaul" --version
tap_is "$(wc -l <host.transcript)" "$lines" "--help and --version are no commands"
tap_is "$(chain host.transcript)" "" "each line has the digest of the one before"

# many at once: each line whole, none lost
cp host.transcript before
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	"$keyhaul" inspect a.bundle >/dev/null 2>&1 &
done
wait
tap_is "$(wc -l <host.transcript)" $((lines + 12)) "twelve commands at once add twelve lines"
tap_is "$(chain host.transcript)$(jq -s '[.[].n] == [range(1; length + 1)]' host.transcript)" true "which are a chain"
head -c "$(wc -c <before)" host.transcript | cmp -s - before
tap_ok $? "and what was there stays as it was"

# refused before anything is done
refused() { # STATUS WHAT FILE
	rm -f new.bundle
	KEYHAUL_TRANSCRIPT=$3
	tap_exits "$1" "$2" cli_adopt new.bundle SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 --valid-to 90d
	[ ! -e new.bundle ]
	tap_ok $? "and nothing is done"
	KEYHAUL_TRANSCRIPT=$TAP_DIR/host.transcript
}
echo '{}' >other.json
ln -s host.transcript link
mkfifo pipe
refused 3 "a file that is no transcript" other.json
tap_is "$(cat other.json)" '{}' "which stays as it was"
refused 1 "a folder that is not there" no/where
refused 1 "a symlink" link
refused 3 "a pipe" pipe
refused 1 "a full disk's device" /dev/full/x
{ cat host.transcript; printf '{"keyhaul_transcript":1,"n":99,"close":{"lines":98},"whole":true}\n'; } >closed.transcript
refused 7 "a transcript that is closed" closed.transcript
exec 9>>host.transcript
flock 9
timeout 0.3 "$keyhaul" inspect a.bundle >/dev/null 2>&1 9>&-
tap_is "$?" 124 "one that is locked is waited for"
exec 9>&-

# closed, or made another file, while a command ran: it is not in there, and says so
meanwhile() { # ERE WHAT COMMAND
	rm -f meanwhile.transcript words
	mkfifo words
	KEYHAUL_TRANSCRIPT=$TAP_DIR/meanwhile.transcript
	right=$("$keyhaul" inspect --json a.bundle | jq -r '.results[0].request_words')
	"$keyhaul" compare a.bundle <words >out 2>&1 &
	running=$!
	exec 9>words
	tap_poll 20 grep -q '^1 of 8' out
	eval "$3"
	cp meanwhile.transcript after
	echo "$right" >&9
	exec 9>&-
	wait "$running"
	tap_is "$? $(cmp after meanwhile.transcript 2>&1)" "1 " "$2: status 1, and nothing is added"
	tap_like "$(cat out)" "^error: this command is not in the transcript: the transcript .*$1" "and why is said"
	KEYHAUL_TRANSCRIPT=$TAP_DIR/host.transcript
}
meanwhile 'is closed$' "closed while a command ran" \
	"printf '{\"keyhaul_transcript\":1,\"n\":2,\"close\":{\"lines\":1},\"whole\":true}\n' >>meanwhile.transcript"
meanwhile 'was moved or replaced while a command ran$' "replaced while a command ran" \
	"mv meanwhile.transcript moved; cp moved meanwhile.transcript"

# a torn last line stays, is warned of, and is named by the next
torn() { # WHAT TEXT
	printf '%s' "$2" >>host.transcript
	tap_exits 0 "$1" "$keyhaul" inspect a.bundle
	tap_like "$tap_err" "^warning: the last line of the transcript .* is torn \(${#2} bytes\)" "is warned of"
	tap_is "$(tail -n 1 host.transcript | jq -c .torn)" \
		"{\"bytes\":${#2},\"sha256\":\"$(printf '%s' "$2" | sha)\"}" "and named by the next line"
}
whole=$(tail -n 1 host.transcript)
torn "a torn line" '{"keyhaul_transcript":1,"n":9'
tap_is "$(tail -n 1 host.transcript | jq -r .previous)" "$(printf '%s' "$whole" | sha)" "which follows the last whole one"
torn "one that is cut behind a brace" '{"keyhaul_transcript":1,"n":9,"typed":[],"error":{}'
whole=$(tail -n 1 host.transcript)
truncate -s -1 host.transcript
tap_exits 0 "one that lacks its line end" "$keyhaul" inspect a.bundle
tap_is "$(tail -n 1 host.transcript | jq -r '.previous, .torn')" "$(printf '%s' "$whole" | sha)
null" "is whole"
KEYHAUL_TRANSCRIPT=$TAP_DIR/first.transcript
printf '{"keyhaul_tr' >first.transcript
tap_exits 0 "a first line that is torn" "$keyhaul" inspect a.bundle
tap_is "$(tail -n 1 first.transcript | jq -c '[.n, .previous, .torn.bytes]')" '[1,"none",12]' "is named too"

# killed at any instant: what was there stays, and the chain is whole or its end is named
KEYHAUL_TRANSCRIPT=$TAP_DIR/killed.transcript
bad=
for after in 0.0005 0.001 0.0015 0.002 0.0025 0.003 0.0035 0.004 0.005 0.006 0.008 0.01; do
	[ ! -e killed.transcript ] || cp killed.transcript killed.before
	timeout -s KILL "$after" "$keyhaul" inspect a.bundle >/dev/null 2>&1
	[ ! -e killed.before ] || head -c "$(wc -c <killed.before)" killed.transcript | cmp -s - killed.before || bad="$bad changed:$after"
	"$keyhaul" inspect a.bundle >/dev/null 2>&1 || bad="$bad after:$after"
	"$keyhaul" transcript check killed.transcript >/dev/null 2>&1 || bad="$bad check:$after"
done
tap_is "$bad" "" "killed at any instant: the next command goes on, and the chain is whole"
# who is not root is not shown the files of a program that is not dumpable
if command -v strace >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
	for call in write fsync; do
		cp killed.transcript killed.before
		strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL" -P "$TAP_DIR/killed.transcript" "$keyhaul" inspect a.bundle \
			>/dev/null 2>&1
		tap_is "$?" 137 "ended by the signal"
		head -c "$(wc -c <killed.before)" killed.transcript | cmp -s - killed.before
		tap_ok $? "killed at its $call of the line: what was there stays"
		"$keyhaul" inspect a.bundle >/dev/null 2>&1
		tap_exits 0 "and the chain is whole" "$keyhaul" transcript check killed.transcript
	done
else
	tap_skip "ended by the signal" "there is no strace, or this is not root"
	tap_skip "ended by the signal" "there is no strace, or this is not root"
	tap_skip "killed at its write" "there is no strace, or this is not root"
	tap_skip "and the chain is whole" "there is no strace, or this is not root"
	tap_skip "killed at its fsync" "there is no strace, or this is not root"
	tap_skip "and the chain is whole" "there is no strace, or this is not root"
fi

# a disk that fills: the line is taken back, and the command says that it is not recorded
KEYHAUL_TRANSCRIPT=$TAP_DIR/full.transcript
"$keyhaul" inspect a.bundle >/dev/null 2>&1
room=$(($(wc -c <full.transcript) + 100))
tap_exits 3 "a line that cannot be written, of a command that fails" \
	prlimit "--fsize=$room" "$keyhaul" inspect a.bundle none.bundle
tap_like "$tap_err" 'this command is not in the transcript: writing the transcript .*File too large' "says so"
tap_is "$(chain full.transcript)$(tail -c 1 full.transcript | od -An -tx1 | tr -d ' ')" 0a "and the chain is whole"
tap_exits 1 "of one that does not fail it is status 1" prlimit "--fsize=$room" "$keyhaul" inspect a.bundle
tap_like "$tap_err" '^hint: what it says was done all the same' "and what is done is done"
tap_is "$(prlimit "--fsize=$room" "$keyhaul" inspect --json a.bundle 2>/dev/null | jq -c '[.ok, .results[0].item, .error.status]')" \
	'[false,"a.bundle",1]' "which --json has beside the error"
tap_is "$(wc -l <full.transcript)" 1 "nothing was added"

tap_done 76
