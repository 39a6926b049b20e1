#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The peer is gone: carrier drops within `detect` of its last packet, senders are told, and the
# tunnel comes back with the peer: with its SAs while they live, with new ones after `give-up`.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

DETECT=3000	# ms

# cut_off NAME: under traffic from right, so that its last packet is just before, carrier drops in time.
cut_off() {
	local took

	flow_start back right left $LAN_LEFT4
	check "$1: ESP arrives until then" wait_for 10 heard_now
	right ip link set wan down
	check "$1: carrier drops" wait_for $((DETECT / 1000 + 5)) is_carrier left vti0 0
	took=$(($(device left vti0 rx-age) - $(device left vti0 carrier-age)))
	[ $took -le $DETECT ] && [ $took -ge $((DETECT / 2)) ]
	expect "$1: $took ms after the last packet, no more than detect" 0 $?
	expect "$1: status" suspect "$(status left site-b .state)"
	flow_stop back
}
heard_now() { [ "$(device left vti0 rx-age)" -lt 300 ]; }
unreachable() { ask left ping "$1" from="$2" 2>&1 | grep -iE 'unreachable|no route'; }

hosts
ike_peers start=now detect=${DETECT}ms
check 'it comes up by itself' wait_for $UP_WITHIN is_carrier left vti0 1
check 'both families pass' wait_for 5 answers
spi=$(outbound)
changes=$(carrier_changes)

cut_off 'link down'
check 'a sender of IPv4 is told' unreachable $LAN_RIGHT4 $LAN_LEFT4
check 'a sender of IPv6 is told' unreachable $LAN_RIGHT6 $LAN_LEFT6
expect 'the SAs stay' "$spi" "$(outbound)"
right ip link set wan up
right ip route replace $NET_LEFT4 dev wan src $LAN_RIGHT4 table 220
check 'heard again: carrier' wait_for $UP_WITHIN is_carrier left vti0 1
check 'heard again: IPv4 passes' wait_for 10 ping_once left $LAN_RIGHT4 from=$LAN_LEFT4
expect 'heard again: with the same SA' "$spi" "$(outbound)"
expect 'status' up "$(status left site-b .state)"
expect 'carrier changed twice' $((changes + 2)) "$(carrier_changes)"

ipvti_only() { [ -z "$(sas left)" ]; }
site_reload start=now detect=${DETECT}ms give-up=8s
cut_off 'link down again'
check 'after give-up the SAs are gone' wait_for 25 ipvti_only
expect 'and no carrier' 0 "$(carrier left vti0)"
right ip link set wan up
check 'link up: the tunnel comes back' wait_for 60 is_carrier left vti0 1
right ip route replace $NET_LEFT4 dev wan src $LAN_RIGHT4 table 220
check 'IPv4 passes' wait_for 10 ping_once left $LAN_RIGHT4 from=$LAN_LEFT4
check 'with another SA' differs outbound "$spi"
logs_if_failed
