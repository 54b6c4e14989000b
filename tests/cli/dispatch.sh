#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul VERB: finds the program in its own folder or KEYHAUL_BINDIR, and nowhere else.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need jq

keyhaul=$KEYHAUL_BUILD/keyhaul
own=$TAP_DIR/own
mkdir "$own" "$TAP_DIR/path"
cp "$keyhaul" "$own/keyhaul"

# A stand-in that tells how it was called.
cat >"$TAP_DIR/told" <<'END'
#!/bin/sh
for word; do
	printf '[%s]' "$word"
done
printf '\n'
exit 42
END
chmod +x "$TAP_DIR/told"

tap_exits 0 "--help" "$keyhaul" --help
tap_like "$tap_out" '^  inspect +what is in a bundle' "--help lists keyhaul's own verbs"
tap_like "$tap_out" '^  wrap +keyhaul-token ' "--help lists the other programs' verbs"
tap_is "$tap_err" "" "--help says nothing on stderr"

help=$tap_out
tap_exits 0 "help" "$keyhaul" help
tap_is "$tap_out" "$help" "help is --help"
"$keyhaul" inspect --help >inspect.help
tap_exits 0 "help VERB" "$keyhaul" help inspect
tap_is "$tap_out" "$(cat inspect.help)" "help VERB is VERB --help"

tap_exits 0 "--version" "$keyhaul" --version
tap_like "$tap_out" '^keyhaul [0-9]+\.[0-9]+\.[0-9]+' "--version"

for words in "nosuch" "nosuch --json" "" "--json" "-x"; do
	# shellcheck disable=SC2086 # words, as they are
	tap_exits 2 "usage: keyhaul $words" "$keyhaul" $words
done
tap_run "$keyhaul" nosuch
tap_is "$tap_out" "" "an unknown verb: stdout is empty"
tap_like "$tap_err" "^error: keyhaul has no verb 'nosuch'" "an unknown verb is named"
tap_like "$tap_err" "^hint: " "and there is a hint"
tap_run "$keyhaul" nosuch --json
tap_is "$(printf '%s\n' "$tap_out" | jq -r '[.keyhaul_output, .ok, .error.status, .error.code] | join(" ")')" \
	"1 false 2 usage" "an unknown verb with --json is one document"

# not installed
unset KEYHAUL_BINDIR
PATH=$TAP_DIR/path:$PATH
export PATH
cp "$TAP_DIR/told" "$TAP_DIR/path/keyhaul-token"
tap_exits 2 "a program that is not installed" "$own/keyhaul" wrap x.bundle
tap_is "$tap_out" "" "not installed: stdout is empty, and the one in PATH was not run"
tap_like "$tap_err" "error: keyhaul-token is not installed here" "not installed: the program is named"
tap_like "$tap_err" "hint: .*install keyhaul-token beside keyhaul" "not installed: the hint says what to do"
tap_exits 2 "not installed, with --json" "$own/keyhaul" fetch --key-id x --json
tap_is "$(printf '%s\n' "$tap_out" | jq -r '[.command, .ok, .error.status, .error.native] | join(" ")')" \
	"keyhaul fetch false 2 ENOENT" "not installed, with --json: one document"
tap_run "$own/keyhaul" fetch -- --json
tap_is "$tap_out" "" "a --json behind -- is no option"

# installed beside it
cp "$TAP_DIR/told" "$own/keyhaul-token"
tap_exits 42 "the status is the program's" "$own/keyhaul" wrap --key 'pkcs11:object=a b;id=%01' "it's \$HOME" '*' ''
# shellcheck disable=SC2016 # nothing is to be expanded
tap_is "$tap_out" '[wrap][--key][pkcs11:object=a b;id=%01][it'\''s $HOME][*][]' "the words are passed on as they are"
ln -s "$own/keyhaul" "$TAP_DIR/link"
tap_exits 42 "called by a symlink it still finds its own folder" "$TAP_DIR/link" wrap
cd / || exit 1
tap_exits 42 "called from another folder" "$own/keyhaul" keys
cd "$TAP_DIR" || exit 1

# KEYHAUL_BINDIR
mkdir "$TAP_DIR/build"
cp "$TAP_DIR/told" "$TAP_DIR/build/keyhaul-kms"
KEYHAUL_BINDIR=$TAP_DIR/build
export KEYHAUL_BINDIR
tap_exits 42 "KEYHAUL_BINDIR names the folder" "$own/keyhaul" import x
tap_exits 2 "and then nothing is taken from its own" "$own/keyhaul" wrap x
chmod -x "$TAP_DIR/build/keyhaul-kms"
tap_exits 1 "a program that cannot be run is no usage error" "$own/keyhaul" import x
tap_like "$tap_err" "error: .*keyhaul-kms: Permission denied" "and the system's reason is told"
tap_done 34
