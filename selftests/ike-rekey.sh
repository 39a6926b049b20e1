#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Rekeying of Child SA and IKE SA from each side, with and without forward secrecy, by hand and at a
# limit of the kernel: with traffic both ways, and nothing is lost.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# child_rekey NAME COMMAND...: COMMAND gives a new outbound SA, and one pair remains.
child_rekey() {
	local spi

	spi=$(outbound)
	check "$1: accepted" "${@:2}"
	check "$1: another SA sends" wait_for $UP_WITHIN differs outbound "$spi"
}
ike_rekey() {
	local spi

	spi=$(ike_spi)
	check "$1: accepted" "${@:2}"
	check "$1: another IKE SA" wait_for $UP_WITHIN differs ike_spi "$spi"
}
# group: key exchange of the Child SA.
group() { negotiated | grep -o '[^/]*$'; }
settled() {
	check_one_pair "$1: one pair of SAs on both sides"
}

hosts
ike_peers esp-proposals=aes128gcm16
check 'ipvtictl up' up
changes=$(carrier_changes)

flows_start
child_rekey 'Child rekey from left' ctl left rekey site-b
child_rekey 'Child rekey from right' vici rekey child=net
ike_rekey 'IKE rekey from left' ctl left rekey site-b ike
ike_rekey 'IKE rekey from right' vici rekey ike=site-a
child_rekey 'Child rekey from left in the new IKE SA' ctl left rekey site-b
child_rekey 'Child rekey from right in the new IKE SA' vici rekey child=net
flows_stop 'rekeys'
settled 'rekeys'
expect 'carrier never changed' "$changes" "$(carrier_changes)"

check 'down' down
gateway_load child='esp_proposals = aes128gcm16-ecp256'
site_reload esp-proposals=aes128gcm16-ecp256
check 'up for forward secrecy' up
changes=$(carrier_changes)
flows_start
child_rekey 'rekey with forward secrecy from left' ctl left rekey site-b
expect 'the Child SA has a group of its own' ECP_256 "$(group)"
child_rekey 'rekey with forward secrecy from right' vici rekey child=net
expect 'and again' ECP_256 "$(group)"
flows_stop 'forward secrecy'
settled 'forward secrecy'

expect 'carrier never changed' "$changes" "$(carrier_changes)"

# Between the soft limit and the hard one there is room for a rekey on a slow machine.
site_reload esp-proposals=aes128gcm16-ecp256 child-packets=1000
spi=$(outbound)
check 'rekey to take up the limit' ctl left rekey site-b
check 'soft limit: another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
spi=$(outbound)
ask left ping $LAN_RIGHT4 from=$LAN_LEFT4 count=850 interval=0.001 need=1 >/dev/null
expect 'soft limit: below it nothing happens' "$spi" "$(outbound)"
flows_start 100
check 'soft limit: at it another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
flows_stop 'soft limit'
settled 'soft limit'

site_reload esp-proposals=aes128gcm16-ecp256 child-packets=300
spi=$(outbound)
check 'rekey to take up a limit of 300 packets' ctl left rekey site-b
check '300 packets: another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
flows_start 100
for round in first second third; do
	spi=$(outbound)
	check "300 packets at 100 a second: $round rekey" wait_for $UP_WITHIN differs outbound "$spi"
done
flows_stop '300 packets'
settled 'soft limit'
expect 'carrier never changed' "$changes" "$(carrier_changes)"
logs_if_failed
