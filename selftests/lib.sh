# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What every selftest has: results in KTAP, cleaning up, waiting, the module. To be sourced first.
#
# A test is an executable script of this folder. It runs as root in a machine of its own
# (selftests/vm), reports with check, check_fails, expect, ok, not_ok and skip, and just ends: the
# plan, the cleaning up and the exit status come by themselves. Comments at its head that
# selftests/guest-run reads:
#   # kernels: uml stock       where it belongs by default; without: uml and debug; matrix: only
#                              in `make check-matrix`
#   # peers: libreswan         programs that are not in the root file system, see vm/root
#   # timeout: 600             seconds it may take on uml, elsewhere see wait.sh; default 300
set -u
# shellcheck source=wait.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/wait.sh"
# shellcheck source=module.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/module.sh"

KTAP_COUNT=0 KTAP_FAILED=0 KTAP_SKIPPED=0
KTAP_OUTPUT=$(mktemp /tmp/ktap.XXXXXX)
AT_EXIT=()

# --- results ---------------------------------------------------------------------------

# ok NAME, not_ok NAME: one result.
ok() {
	KTAP_COUNT=$((KTAP_COUNT + 1))
	echo "ok $KTAP_COUNT $1"
}
not_ok() {
	KTAP_COUNT=$((KTAP_COUNT + 1))
	KTAP_FAILED=$((KTAP_FAILED + 1))
	echo "not ok $KTAP_COUNT $1"
}

# skip NAME REASON: something that cannot be tested here.
skip() {
	KTAP_COUNT=$((KTAP_COUNT + 1))
	KTAP_SKIPPED=$((KTAP_SKIPPED + 1))
	echo "ok $KTAP_COUNT $1 # SKIP $2"
}

# skip_all REASON: nothing of this script can be tested here; ends it.
skip_all() {
	skip "${0##*/}" "$1"
	exit 0
}

# diag TEXT: lines that explain a result.
diag() {
	local line

	while IFS= read -r line; do
		echo "# $line"
	done <<<"$1"
}

# check NAME COMMAND...: COMMAND succeeds. Its output is shown when it does not.
check() {
	local name=$1 status

	shift
	"$@" >"$KTAP_OUTPUT" 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		ok "$name"
	else
		not_ok "$name"
		diag "$*: exit status $status"
		diag "$(tail -n 40 "$KTAP_OUTPUT")"
	fi
}

# check_fails NAME COMMAND...: COMMAND fails, and not by a signal.
check_fails() {
	local name=$1 status

	shift
	"$@" >"$KTAP_OUTPUT" 2>&1
	status=$?
	if [ $status -gt 0 ] && [ $status -lt 126 ]; then
		ok "$name"
	else
		not_ok "$name"
		diag "$*: exit status $status, expected a failure"
		diag "$(tail -n 40 "$KTAP_OUTPUT")"
	fi
}

# expect NAME WANTED SEEN: the two are the same.
expect() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		diag "expected: $2"
		diag "seen:     $3"
	fi
}

# --- the end of the script --------------------------------------------------------------

# at_exit COMMAND...: run it when the script ends, however it ends; last come, first run.
at_exit() {
	AT_EXIT=("$(printf '%q ' "$@")" "${AT_EXIT[@]}")
}

ktap_finish() {
	local status=$? command

	trap '' INT TERM
	[ $status -eq 0 ] || not_ok "the script runs to its end (exit status $status)"
	[ $KTAP_COUNT -gt 0 ] || not_ok 'the script tests something'
	for command in "${AT_EXIT[@]}"; do
		eval "$command" >/dev/null 2>&1
	done
	rm -f "$KTAP_OUTPUT"
	echo "1..$KTAP_COUNT"
	[ $KTAP_FAILED -eq 0 ] || exit 1
	[ $KTAP_SKIPPED -lt $KTAP_COUNT ] || exit 4
	exit 0
}
trap ktap_finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the module ------------------------------------------------------------------------

# loaded MODULE: whether the kernel has it, built in or loaded.
loaded() {
	[ -d "/sys/module/$1" ]
}

echo 'TAP version 13'
if ! load_ipvti; then
	not_ok 'the module loads'
	exit 0
fi
