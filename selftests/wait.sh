# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Waiting for a condition instead of sleeping. To be sourced.

# How much slower a test machine is than uml, which runs at native speed: all that waits for
# something to happen gives it so many times longer. Nothing else may depend on it.
case ${KERNEL:-uml} in
stock) SLOWER=3 ;;
debug | kcsan) SLOWER=10 ;;
*)     SLOWER=1 ;;
esac
export SLOWER

# wait_for SECONDS COMMAND...: run COMMAND until it succeeds, with its output thrown away; fail when
# SECONDS, of a machine of native speed, are over.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * SLOWER * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}
