#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# A device is made, named, filled with keys and used; XFRM stands on the other side.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

hosts

expect_devices() {
	left ip -d -j link show type ipvti | jq length
}

left ip link add type ipvti
check 'a device without a name is called ipvti0' left ip link show dev ipvti0
left ip link add "my-tunnel.15chr" type ipvti
check 'a device can have any name' left ip link show dev my-tunnel.15chr

link=$(left ip -d link show dev ipvti0)
expect 'it is of kind ipvti' ipvti \
	"$(left ip -d -j link show dev ipvti0 | jq -r '.[0].linkinfo.info_kind')"
expect 'it is point to point, without ARP' 'POINTOPOINT NOARP' \
	"$(grep -o POINTOPOINT <<<"$link") $(grep -o NOARP <<<"$link")"
expect 'it has no carrier without keys' NO-CARRIER "$(
	left ip link set ipvti0 up
	left ip link show dev ipvti0 | grep -o NO-CARRIER)"
expect 'it gives itself no address' '' "$(left ip -br addr show dev ipvti0 | awk '{ print $3 }')"

hundred() {
	local i

	for i in {1..100}; do
		echo "link add many$i type ipvti"
		echo "link set many$i up"
	done | ip -n left -batch -
}
check 'a hundred devices can be made' hundred
expect 'they all exist' 102 "$(expect_devices)"
expect 'ipvtictl shows them all' 102 "$(left ipvtictl -j show | jq length)"
for i in {1..100}; do echo "link del many$i"; done | ip -n left -batch -
expect 'and are gone when deleted' 2 "$(expect_devices)"
left ip link del ipvti0
left ip link del my-tunnel.15chr
check_fails 'a deleted device is unknown' left ipvtictl show ipvti0

tunnel
expect 'it has carrier with a key for each direction' 1 "$(carrier left vti0)"
check 'ping over IPv4' ping_all left $LAN_RIGHT4
check 'ping over IPv6' ping_all left $LAN_RIGHT6
check 'ping from the peer over IPv4' ping_all right $LAN_LEFT4
check 'ping from the peer over IPv6' ping_all right $LAN_LEFT6
check 'TCP to the peer' tcp_transfer left right $LAN_RIGHT4 1
check 'TCP from the peer' tcp_transfer right left $LAN_LEFT4 1
check 'TCP to the peer over IPv6' tcp_transfer left right $LAN_RIGHT6 1
check 'TCP from the peer over IPv6' tcp_transfer right left $LAN_LEFT6 1
expect 'nothing was dropped' 0 "$(drops left vti0 all)"

rx=$(rx_packets left vti0)
tx=$(left ip -s -j link show dev vti0 | jq '.[0].stats64.tx.packets')
check 'the interface counts what it received' test "$rx" -gt 20
check 'and what it sent' test "$tx" -gt 20
expect 'the SA counts the same packets' "$tx" "$(sa_show left vti0 out $SPI_OUT packets)"
text=$(left ipvtictl show vti0)
check 'ipvtictl show names the peer' grep -qF "$RIGHT4" <<<"$text"
check_fails 'ipvtictl show has no key' grep -qF "$(key aes128gcm16 out | cut -c1-32)" <<<"$(
	left ipvtictl -j sa show vti0)"

left ip link del vti0
check_fails 'without the device the peer is not reached' ping_once left $LAN_RIGHT4
