#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The end of a tunnel: taken down here, taken down by the peer, and a peer that starts afresh without
# a word.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

settled() {
	check_one_pair "$1: one pair of SAs on both sides"
	check "$1: both families pass" wait_for 5 answers
}

hosts
ike_peers detect=2s give-up=6s
check 'charon brings it up' initiate
check 'carrier' wait_for $UP_WITHIN is_carrier left vti0 1
check 'charon takes it down' hang_up
expect 'no carrier' 0 "$(carrier left vti0)"
expect 'status says who did it' 'down deleted-by-peer' "$(status left site-b '"\(.state) \(.reason)"')"

check 'ipvtictl up' up
check 'ipvtictl down' ctl left down site-b
check 'nothing is left on both sides' wait_for $UP_WITHIN nothing_left
expect 'no carrier' 0 "$(carrier left vti0)"
expect 'status' 'down deleted-here' "$(status left site-b '"\(.state) \(.reason)"')"
expect 'the address stays' "$LAN_LEFT4" \
	"$(left ip -j -4 addr show dev vti0 | jq -r '.[0].addr_info[0].local')"
check 'ipvtictl down again does nothing' ctl left down site-b

# What was brought up here is kept up.
check 'ipvtictl up' up
spi=$(outbound)
check 'charon deletes the IKE SA' vici terminate ike=site-a
check 'it comes up again' wait_for $UP_WITHIN differs outbound "$spi"
settled 'IKE SA deleted'
spi=$(outbound)
check 'charon deletes the Child SA' vici terminate child=net
check 'it comes up again' wait_for $UP_WITHIN differs outbound "$spi"
settled 'Child SA deleted'

spi=$(outbound)
end "${CHARON_PID[right]}" KILL
right ip xfrm state flush
right ip xfrm policy flush
check 'charon starts afresh' charon_start right
check 'charon takes its configuration' gateway_load
check 'ipvtid notices and comes up again' wait_for 60 differs outbound "$spi"
settled 'afresh, left starts'

# Without detection it is right that has to say so, with INITIAL_CONTACT (RFC 7296 section 2.4).
site_reload detect=off
spi=$(outbound)
said=$(charon_said 'generating .*N(INIT_CONTACT)')
end "${CHARON_PID[right]}" KILL
right ip xfrm state flush
right ip xfrm policy flush
check 'charon starts afresh' charon_start right
check 'charon takes its configuration' gateway_load
check 'and initiates' initiate
expect 'with INITIAL_CONTACT' $((said + 1)) "$(charon_said 'generating .*N(INIT_CONTACT)')"
check 'its SA replaces the old one' wait_for $UP_WITHIN differs outbound "$spi"
check 'ipvtid knows why' log_said 'the peer started afresh'
settled 'afresh, right starts'
logs_if_failed
