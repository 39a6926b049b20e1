#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# A device that was moved into another namespace is still rekeyed, watched and taken down by its
# daemon.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# outbound_other: SPI of the SA that sends. The device is known by its id in left.
outbound_other() { status left site-b '.children[0]["spi-out"]'; }

hosts
host other
ike_peers address= routes= detect=2s
check 'ipvtictl up' up
left ip link set vti0 netns other
batch other "addr add $LAN_LEFT4/24 dev vti0" "addr add $LAN_LEFT6/64 dev vti0 nodad" 'link set vti0 up' \
	"route add $NET_RIGHT4 dev vti0" "route add $NET_RIGHT6 dev vti0"
answers_other() {
	ping_once other $LAN_RIGHT4 from=$LAN_LEFT4 && ping_once other $LAN_RIGHT6 from=$LAN_LEFT6
}
check 'carrier there' wait_for 5 is_carrier other vti0 1
check 'both families pass' wait_for 5 answers_other
changes=$(other cat /sys/class/net/vti0/carrier_changes)

flow_start there other right $LAN_RIGHT4 100
flow_start back right other $LAN_LEFT4 100
spi=$(outbound_other)
check 'Child rekey from left' ctl left rekey site-b
check 'another SA sends' wait_for $UP_WITHIN differs outbound_other "$spi"
spi=$(outbound_other)
check 'Child rekey from right' vici rekey child=net
check 'another SA sends again' wait_for $UP_WITHIN differs outbound_other "$spi"
spi=$(outbound_other)
ipvtid_kill left
check 'ipvtid starts again' ipvtid_start left
check 'and goes on with its IKE SA' wait_for $UP_WITHIN ipvtid_resumed left
expect 'and its SAs' "$spi" "$(outbound_other)"
flow_stop there
expect 'lost from the other namespace to right' "0 of $FLOW_SENT" "$FLOW_LOST of $FLOW_SENT"
flow_stop back
expect 'lost from right to the other namespace' "0 of $FLOW_SENT" "$FLOW_LOST of $FLOW_SENT"
expect 'carrier never changed' "$changes" "$(other cat /sys/class/net/vti0/carrier_changes)"

right ip link set wan down
check 'a dead peer is noticed: carrier drops there' wait_for 6 is_carrier other vti0 0
right ip link set wan up
check 'and comes back' wait_for $UP_WITHIN is_carrier other vti0 1
check 'ipvtictl down' ctl left down site-b
check 'carrier drops there' wait_for $UP_WITHIN is_carrier other vti0 0
logs_if_failed
