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

# Now it is left that knows nothing any more. What right asks on the IKE SA that it has is answered with
# INVALID_IKE_SPI, in clear: an INFORMATIONAL response that begins with a notification.
unprotected() {
	right nft -j list chain inet zombie in | jq '[.nftables[].rule?.expr[]?.counter?.packets? // empty] | add'
}
told() { [ "$(unprotected)" -gt 0 ]; }
check 'zombie: both at rest' rest
gateway_load conn='dpd_delay = 1s'
site_reload detect=off
check 'zombie: charon brings it up' initiate
ip netns exec right nft -f - <<-END
	table inet zombie {
		chain in {
			type filter hook prerouting priority -500;
			udp sport 500 @th,192,8 41 @th,208,8 37 @th,216,8 & 0x20 == 0x20 counter
			udp sport 4500 @th,224,8 41 @th,240,8 37 @th,248,8 & 0x20 == 0x20 counter
		}
	}
END
ipvtid_kill left
left ip link del vti0
rm -rf "$(ipvtid_dir left)"/{run,state}
check 'zombie: ipvtid starts with nothing' ipvtid_start left
check 'zombie: charon asks and is told' wait_for $UP_WITHIN told
check 'zombie: charon sees that it is a hint of left' wait_for 10 \
	charon_said "received unencrypted informational: from $LEFT4"
# It is not authentic, and charon is right to go on until it gives up by itself.
vici terminate ike=site-a force=yes timeout=1000 >/dev/null
expect 'zombie: charon has let go of it' '0 0' "$(charon_counts)"
check 'zombie: and begins anew' initiate
check 'zombie: both families pass' wait_for $UP_WITHIN answers
logs_if_failed
