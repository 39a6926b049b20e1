# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Results of a stage of `make check`. To be sourced. Each stage prints "ok NAME", "not ok NAME" or
# "ok NAME # SKIP reason" lines and ends with "N passed, N failed, N skipped".
set -u
TOP=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cd "$TOP" || exit 1
PASSED=0 FAILED=0 SKIPPED=0
OUTPUT=$(mktemp)

# passed NAME, failed NAME, skipped NAME REASON
passed() {
	PASSED=$((PASSED + 1))
	echo "ok $1"
}
failed() {
	FAILED=$((FAILED + 1))
	echo "not ok $1"
}
skipped() {
	SKIPPED=$((SKIPPED + 1))
	echo "ok $1 # SKIP $2"
}

# result NAME COMMAND...: passed when COMMAND succeeds; its output is shown when it does not.
result() {
	local name=$1

	shift
	if "$@" >"$OUTPUT" 2>&1; then
		passed "$name"
	else
		failed "$name"
		tail -n 60 "$OUTPUT" | sed 's/^/    /'
	fi
}

# silent NAME COMMAND...: passed when COMMAND succeeds and prints nothing.
silent() {
	local name=$1

	shift
	if "$@" >"$OUTPUT" 2>&1 && [ ! -s "$OUTPUT" ]; then
		passed "$name"
	else
		failed "$name"
		head -n 60 "$OUTPUT" | sed 's/^/    /'
	fi
}

# ktap NAME: count the "ok" and "not ok" lines of standard input, without indentation; show what
# failed with the lines that explain it, which come before it (KUnit) or after it.
ktap() {
	local counts

	cat >"$OUTPUT"
	awk -v name="$1" '
		/^not ok/ { sub(/^not ok [0-9]* ?-? ?/, ""); print "not ok " name ": " $0
			printf "%s", text; text = ""; on = 1; next }
		/^ok/ { text = ""; on = 0; next }
		on { print "    " $0; next }
		{ text = text "    " $0 "\n" }' "$OUTPUT" | head -n 100
	read -ra counts < <(awk '/^not ok/ { bad++; next } /^ok.*# SKIP/ { skip++; next } /^ok/ { good++ }
		END { print good + 0, bad + 0, skip + 0 }' "$OUTPUT")
	PASSED=$((PASSED + counts[0]))
	FAILED=$((FAILED + counts[1]))
	SKIPPED=$((SKIPPED + counts[2]))
	grep '^ok.*# SKIP' "$OUTPUT"
	if [ $((counts[0] + counts[1] + counts[2])) -eq 0 ]; then
		failed "$1: has results"
		tail -n 40 "$OUTPUT" | sed 's/^/    /'
	else
		echo "   $1: ${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped"
	fi
}

tally() {
	rm -f "$OUTPUT"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ $FAILED -eq 0 ]
}
