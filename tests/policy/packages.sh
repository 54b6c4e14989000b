#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# ./bootstrap installs what build, demo and tests call: each command that a script
# names is a file of a package in its table, of one such a package depends on, or of
# one that every Debian has.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"
tap_need dpkg-query dpkg

sed -nE '/^TABLE$/q; s/^(build|demo|check) +([a-z0-9.+-]+).*/\2/p' "$KEYHAUL_SRC/bootstrap" >listed
[ "$(wc -l <listed)" -gt 20 ]
tap_ok $? "the table of ./bootstrap is found"
tap_is "$(sort listed | uniq -d)" "" "each package is there once"

sed -n 's/^build  *\([a-z0-9.+-]*\).*/\1/p' "$KEYHAUL_SRC/bootstrap" | sort >build
tap_is "$(sed -n '/^sudo apt-get install/,/[^\\]$/p' "$KEYHAUL_SRC/README.md" | tr -d '\\' | tr ' ' '\n' |
	grep -vxE 'sudo|apt-get|install|' | sort)" "$(cat build)" "README.md names the packages that a build needs"

# What the packages of the table bring, and what no Debian is without.
dpkg-query -W -f '${db:Status-Status}\t${Package}\t${Essential}\t${Provides}\t${Pre-Depends},${Depends}\n' |
	sed -n 's/^installed\t//p' >installed
awk -F '\t' '
	FILENAME == "listed" { have[$1] = 1; next }
	{
		essential[$1] = $2 == "yes"
		gsub(/\([^)]*\)|:any/, "", $4)
		needs[$1] = $4
		n = split($3, p, / *, */)
		for (i = 1; i <= n; i++) { sub(/ .*/, "", p[i]); by[p[i]] = $1 }
	}
	END {
		for (name in essential) if (essential[name]) have[name] = 1
		have["apt"] = 1
		do {
			grew = 0
			for (name in have) {
				n = split(needs[name], d, / *[,|] */)
				for (i = 1; i <= n; i++) {
					gsub(/ /, "", d[i])
					if (!(d[i] in needs) && (d[i] in by)) d[i] = by[d[i]]
					if (d[i] != "" && !(d[i] in have)) { have[d[i]] = 1; grew = 1 }
				}
			}
		} while (grew)
		for (name in have) print name
	}' listed installed | sort >have

# commands FILE...: the words that stand where a command does; a label of case is none.
commands() {
	sed -E 's/(^|[ \t]in|;;)[ \t]*[A-Za-z0-9_*?.-]+( \| [A-Za-z0-9_*?.-]+)*\)/\1 /; s/^[ \t]*#.*//; s/[ \t]#[ \t].*//; s/\\\\?"//g; s/"[^"$`]*"/""/g; s/(\|\||&&|[|;(){}!`&]|\$\()/\n/g' "$@" |
		sed -E 's/^[ \t]+//; s/^((if|then|else|elif|do|while|until|exec|command -v|env|xargs|time) +|[A-Za-z_]+=[^ ]* +)*//
			s/^(tap_run|tap_need|tap_start [a-z]+|tap_poll [0-9]+|tap_exits [0-9]+ "") +//' |
		sed -nE 's,^/usr/bin/,,; s/^([a-z][a-z0-9._-]*)([ \t].*|$)/\1/p' | sort -u
}

cd "$KEYHAUL_SRC" || exit 1
find bootstrap .ci tests softhsm-conf completions -type f 2>/dev/null |
	xargs grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell' | sort >"$TAP_DIR/scripts"
# without the texts within them that are no shell: tables, plans, Python with its open()
xargs awk -v quote="'" '
	FNR == 1 { until = "" }
	until != "" { line = $0; sub(/^\t+/, "", line); if (line == until) until = ""; next }
	{ print }
	match($0, "<<-?" quote "?[A-Z]+") {
		until = substr($0, RSTART, RLENGTH)
		gsub(/[^A-Z]/, "", until)
		if (until == "SH" || until == "SCRIPT") until = ""
	}' <"$TAP_DIR/scripts" >"$TAP_DIR/all"
cd "$TAP_DIR" || exit 1
sed -nE 's/^[ \t]*([a-z_]+)\(\) \{.*/\1/p' all | sort -u >functions
{ cat functions; echo time; } >ours # time is a word of bash
commands all | grep -Fvxf ours | while read -r word; do
	path=$(command -v "$word") || continue
	case $path in
	/usr/bin/* | /bin/* | /usr/sbin/* | /sbin/*) readlink -f "$path" | sed "s,^,$word ,"; ;;
	esac
done >called

while read -r word path; do
	owner=$(dpkg -S "$path" "${path#/usr}" 2>/dev/null | sed -n '1s/:.*//p')
	grep -Fqx -e "${owner:-none}" have || echo "$word is of ${owner:-no package}"
done <called >lacking
for word in softhsm2-util openssl valgrind readelf jq; do
	grep -q "^$word " called || echo "$word was not seen among the commands" >>lacking
done
tap_is "$(cat lacking)" "" "every command that a script calls is in the table"

tap_done 4
