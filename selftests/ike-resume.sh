#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 1200
# An IKE SA outlives the daemon: ipvtid is killed as a whole, its network process, and all of its
# processes one after the other, as responder with native ESP and as initiator in UDP. charon sees nothing of
# it: it has the same IKE SA, one, and whatever either side asks for next works. No packet is lost.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

states() { ls "$(ipvtid_dir left)/run/ike"; }
state_file() { echo "$(ipvtid_dir left)/run/ike/$(states)"; }
another() { [ -n "$(ipvtid_process left network)" ] && [ "$(ipvtid_process left network)" != "$1" ]; }
# same: what must not change: the IKE SA on both sides, and the Child SA that sends.
same() {
	echo "$(ike_spi) $(status left site-b '"\(.ike["spi-i"]) \(.ike["spi-r"])"') $(outbound)"
}

kill_parent() { ipvtid_kill left; ipvtid_start left; }
kill_network() {
	local pid

	pid=$(ipvtid_process left network)
	kill -KILL "$pid" && wait_for $UP_WITHIN another "$pid"
}
kill_all() {
	local role

	for role in network keys resolver; do
		kill -KILL "$(ipvtid_process left $role)"
	done
	kill_parent
}

# survives NAME FUNCTION: it is killed so, and nobody noticed.
survives() {
	local before

	before=$(same)
	check "$1: starts again" "$2"
	check "$1: status says resumed" wait_for $UP_WITHIN ipvtid_resumed left
	expect "$1: the same IKE SA and Child SA" "$before" "$(same)"
	expect "$1: and no other" '1 1' "$(charon_counts)"
	expect "$1: nothing to be replaced" 'up 0' \
		"$(status left site-b '"\(.state) \(.["adopted-sas"])"')"
}
# rekeys NAME: of everything, from each side.
rekeys() {
	local spi ike

	ike=$(ike_spi)
	spi=$(outbound)
	check "$1: Child rekey from left" ctl left rekey site-b
	check "$1: another SA sends" wait_for $UP_WITHIN differs outbound "$spi"
	spi=$(outbound)
	check "$1: Child rekey from right" vici rekey child=net
	check "$1: another SA sends again" wait_for $UP_WITHIN differs outbound "$spi"
	expect "$1: in the same IKE SA" "$ike" "$(ike_spi)"
}
rekeys_ike() {
	local ike

	ike=$(ike_spi)
	check "$1: IKE rekey from left" ctl left rekey site-b ike
	check "$1: another IKE SA" wait_for $UP_WITHIN differs ike_spi "$ike"
	ike=$(ike_spi)
	check "$1: IKE rekey from right" vici rekey ike=site-a
	check "$1: another IKE SA again" wait_for $UP_WITHIN differs ike_spi "$ike"
	expect "$1: which is not resumed" false "$(status left site-b .ike.resumed)"
}
unharmed() {
	flows_stop "$1"
	check_one_pair "$1: one pair of SAs on both sides"
	expect "$1: carrier never changed" "$changes" "$(carrier_changes)"
}

# round NAME HOW...: the tunnel is up.
round() {
	local how

	changes=$(carrier_changes)
	for how in "${@:2}"; do
		flows_start
		survives "$1, $how killed" kill_$how
		rekeys "$1, $how killed"
		survives "$1, $how killed again" kill_$how
		rekeys_ike "$1, $how killed"
		survives "$1, $how killed after the IKE rekey" kill_$how
		unharmed "$1, $how killed"
	done
}

hosts
ike_peers
check 'charon brings it up' initiate
check 'carrier' wait_for $UP_WITHIN is_carrier left vti0 1
round responder parent network
check 'all rests' wait_for $UP_WITHIN rest
site_reload encap=udp
check 'ipvtictl up' up
round 'initiator, ESP in UDP' all

# In the midst of exchanges of either side, one after the other: charon repeats its request until it
# is answered; what becomes of ours depends on when the kill came.
flows_start
for _ in 1 2 3; do
	pid=$(ipvtid_process left network)
	spi=$(outbound)
	vici rekey child=net
	kill -KILL "$pid"
	check 'killed in the midst of a rekey from right: it is made' wait_for $UP_WITHIN differs outbound "$spi"
	check 'killed in the midst of a rekey from right: starts again' wait_for $UP_WITHIN another "$pid"
	check 'killed in the midst of a rekey from right: one pair is left' wait_for $UP_WITHIN one_pair
done
for _ in 1 2 3; do
	pid=$(ipvtid_process left network)
	ctl left rekey site-b
	kill -KILL "$pid"
	check 'killed in the midst of a rekey from left: starts again' wait_for $UP_WITHIN another "$pid"
	check 'killed in the midst of a rekey from left: one pair is left' wait_for $UP_WITHIN one_pair
done
check 'killed in the midst of rekeys: resumed' wait_for $UP_WITHIN ipvtid_resumed left
flows_stop 'killed in the midst of rekeys'
check_one_pair 'killed in the midst of rekeys: one pair of SAs on both sides'
expect 'killed in the midst of rekeys: carrier never changed' "$changes" "$(carrier_changes)"

# Who may read it, and when it is gone.
expect 'the directory is for root alone' '700 0' "$(stat -c '%a %u' "$(ipvtid_dir left)/run/ike")"
expect 'one file, for root alone' '600 0 1' \
	"$(stat -c '%a %u' "$(state_file)") $(states | wc -l)"
end "${IPVTID_PID[left]}" TERM
expect 'SIGTERM leaves it' 1 "$(states | wc -l)"
touch "$(ipvtid_dir left)/run/ike/0123456789abcdef"
check 'ipvtid starts' ipvtid_start left
check 'and resumes' wait_for $UP_WITHIN ipvtid_resumed left
expect 'what belongs to no tunnel is removed' 1 "$(states | wc -l)"

# What cannot be resumed is replaced, as without it.
flows_start
spi=$(outbound)
ipvtid_kill left
file=$(state_file)
truncate -s -1 "$file"
check 'a file that is not whole: ipvtid starts' ipvtid_start left
check 'a file that is not whole: the SAs are replaced' wait_for $UP_WITHIN differs outbound "$spi"
expect 'a file that is not whole: not resumed' false "$(status left site-b .ike.resumed)"
flows_stop 'a file that is not whole'
expect 'a file that is not whole: carrier never changed' "$changes" "$(carrier_changes)"
check 'ipvtictl down' ctl left down site-b
expect 'down: nothing is stored' '' "$(states)"
logs_if_failed
