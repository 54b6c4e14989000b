#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# keyhaul-bundle(5) against the table of fields, and its commands against a bundle.
. "${KEYHAUL_SRC:?run it by make check}/tests/tap.sh"

page=$KEYHAUL_SRC/man/keyhaul-bundle.5
table=$KEYHAUL_SRC/src/bundle/field_table.c
bundle=$KEYHAUL_SRC/tests/fuzz/corpus/bundle/whole

sed -n 's/^	{"\([a-z0-9_]*\)", FIELD_.*/\1/p' "$table" | sort -u >fields
missing=
while read -r name; do
	grep -qw -e "$name" "$page" || missing="$missing $name"
done <fields
tap_is "$missing" "" "the page names every field"
tap_is "$(($(wc -l <fields) > 60))" 1 "there are more than 60 of them"
# of a section's own fields, which have an entry each, the asterisk says what the table says
sed -n 's/^\.It Ic \([a-z0-9_]*\) \*$/\1/p' "$page" | sort -u >starred
sed -n '/^static const struct field \(request\|material\|receipt\|kms_proof\)\[\]/,/^};/s/^	{"\([a-z0-9_]*\)", FIELD_[A-Z]*, MUST.*/\1/p' \
	"$table" | sort -u >required
tap_is "$(cat starred)" "$(cat required)" "an asterisk stands where a field is required"
if command -v jq >/dev/null 2>&1; then
	for pair in 'request material.request_sha256' 'material receipt.material_sha256'; do
		section=${pair% *}
		path=${pair#* }
		digest=$(jq -jcS ".$section" "$bundle" | sha256sum)
		tap_is "${digest%% *}" "$(jq -r ".$path" "$bundle")" "jq and sha256sum give $path"
	done
else
	tap_skip "jq and sha256sum give the digests" "jq is not installed"
	tap_skip "jq and sha256sum give the digests" "jq is not installed"
fi
tap_done 5
