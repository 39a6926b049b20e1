# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What stress.sh and failures.sh share: eight devices with keys on each of two hosts, whose addresses
# helpers/stress.py knows. To be sourced after tunnel.sh.

stress() { "$HELPERS/stress.py" "$@"; }

# eight_devices: on left and right.
eight_devices() {
	local host four six

	hosts
	for host in left right; do
		[ $host = left ] && four=$LEFT4 six=$LEFT6 || four=$RIGHT4 six=$RIGHT6
		udp_esp $host adopt "$four"
		udp_esp $host adopt "$six"
	done
	check 'eight devices with keys on each host' stress devices 0
}

# works SECONDS: within so many, each device passes a ping, in one direction over IPv4 and in the other
# over IPv6.
works() {
	local i

	for i in {0..7}; do
		wait_for "$1" ask left ping "10.$((100 + i)).0.2" || { echo "s$i over IPv4"; return 1; }
		wait_for "$1" ask right ping "fd00:$i::1" || { echo "s$i over IPv6"; return 1; }
	done
}
