#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# ipvtid is killed, as a whole and each of its processes, with native ESP and in UDP, and what its IKE
# SA would resume from is lost (with it see ike-resume.sh): no packet is, carrier stays, the next one
# takes the SAs back and replaces them.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

one_pair_left() { [ "$(halves)" = $'in live\nout current' ]; }
another() { [ -n "$(ipvtid_process left "$1")" ] && [ "$(ipvtid_process left "$1")" != "$2" ]; }

# unharmed NAME: with the traffic of flows_start.
unharmed() {
	flows_stop "$1"
	expect "$1: carrier never changed" "$changes" "$(carrier_changes)"
	wait_for $UP_WITHIN one_pair_left
	expect "$1: one pair of SAs" $'in live\nout current' "$(halves)"
	expect "$1: nothing left to be taken back" 'up 0' \
		"$(status left site-b '"\(.state) \(.["adopted-sas"])"')"
}

kill_parent() {
	local spi

	spi=$(outbound)
	flows_start
	ipvtid_kill left
	ipvtid_lose left
	check "$1: traffic without the daemon" answers
	expect "$1: the SAs are still there" "$spi" "$(outbound)"
	check "$1: ipvtid starts again" ipvtid_start left
	check "$1: the SAs are replaced" wait_for $UP_WITHIN differs outbound "$spi"
	unharmed "$1"
}

# kill_child ENCAP ROLE: the network process has the SAs replaced, the others are not missed.
kill_child() {
	local pid spi

	pid=$(ipvtid_process left "$2")
	spi=$(outbound)
	flows_start
	kill -KILL "$pid"
	# The next network process comes after a second.
	ipvtid_lose left
	check "$1, $2 process: another one" wait_for $UP_WITHIN another "$2" "$pid"
	if [ "$2" != network ]; then
		wait_for 10 ctl left rekey site-b
	fi
	check "$1, $2 process: the SAs are replaced" wait_for $UP_WITHIN differs outbound "$spi"
	unharmed "$1, $2 process"
}

hosts
ike_peers
for encap in auto udp; do
	site_reload encap=$encap
	check "encap $encap: ipvtictl up" up
	changes=$(carrier_changes)
	kill_parent "encap $encap"
	for role in network keys resolver; do
		kill_child "encap $encap" $role
	done
	check "encap $encap: ipvtictl down" ctl left down site-b
	vici terminate ike=site-a force=yes >/dev/null
	check "encap $encap: nothing is left" wait_for $UP_WITHIN nothing_left
done
logs_if_failed
