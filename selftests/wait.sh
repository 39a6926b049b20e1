# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Waiting for a condition instead of sleeping. To be sourced.

# wait_for SECONDS COMMAND...: run COMMAND until it succeeds, with its output thrown away; fail when
# SECONDS are over.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}
