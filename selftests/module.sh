# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The module in a test machine. To be sourced.

# load_ipvti: load the module and what it needs, unless it is there.
load_ipvti() {
	local dependency

	[ ! -d /sys/module/ipvti ] || return 0
	for dependency in $(modinfo -F depends "$IPVTI_KO" | tr ',' ' '); do
		modprobe -q "$dependency" || return 1
	done
	insmod "$IPVTI_KO"
}
