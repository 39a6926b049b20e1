#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Without a working tunnel the sender gets ICMP unreachable; never silence, never plaintext on
# another route. There is a default route beside the tunnel all the time.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# both_told WHAT: senders here and behind us learn within a second that there is no way.
both_told() {
	check "$1: IPv4 sender is told" ask left told $LAN_RIGHT4
	check "$1: IPv6 sender is told" ask left told $LAN_RIGHT6
	check "$1: forwarded IPv4 sender is told" ask other told $LAN_RIGHT4
	check "$1: forwarded IPv6 sender is told" ask other told $LAN_RIGHT6
	expect "$1: clear packets outside" 0 "$(clear_count left)"
}

hosts
monitor left
left ip route add default via $RIGHT4
left ip route add default via $RIGHT6
clear_counter left

# A host behind left.
host other
ip link add lan netns left type veth peer name eth netns other
left ip addr add 192.168.100.1/24 dev lan
left ip addr add 2001:db8:100::1/64 dev lan nodad
left ip link set lan up
other ip addr add 192.168.100.2/24 dev eth
other ip addr add 2001:db8:100::2/64 dev eth nodad
other ip link set eth up
other ip route add default via 192.168.100.1
other ip route add default via 2001:db8:100::1
left sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
wait_for 5 ping_once other 2001:db8:100::1

# The way out of the default route is counted, or else the counts below say nothing.
ping_once left 192.168.77.1
expect 'a packet that takes the default route is seen in clear' 1 "$(clear_count left)"
left nft delete table netdev clear
clear_counter left

vti_device left $LEFT4 $RIGHT4 $LAN_LEFT4/24 $LAN_LEFT6/64
left ip route add $NET_RIGHT4 dev vti0
left ip route add $NET_RIGHT6 dev vti0
clear_events
both_told 'no keys'
check 'no keys: counted as no-tunnel' test "$(drops left vti0 no-tunnel)" -ge 4
check 'no keys: event acquire' wait_for 2 saw acquire

clear_events
left ping -q -c 1 -W 1 -I vti0 224.0.0.1 >/dev/null 2>&1
left ping -q -c 1 -W 1 -I vti0 ff02::1 >/dev/null 2>&1
expect 'multicast and link-local raise no acquire' 0 "$(events acquire)"

left ip link del vti0
tunnel
check 'with keys: the peer answers' ping_all left $LAN_RIGHT4
flow_start there left right $LAN_RIGHT4 200
flow_start six left right $LAN_RIGHT6 200
left ipvtictl sa del vti0 out spi $SPI_OUT
both_told 'keys deleted under traffic'
vti_sa left vti0 out 0x1002 aes128gcm16 "$(key aes128gcm16 out2)"
xfrm_sa right $LEFT4 $RIGHT4 0x1002 aes128gcm16 "$(key aes128gcm16 out2)"
check 'new keys: the peer answers at once' ping_once left $LAN_RIGHT4
left ipvtictl set vti0 suspect on
both_told 'suspect peer'
left ipvtictl set vti0 suspect off

# As the daemon sets it up for failover: linkdown routes are passed over, a backstop is behind.
left sysctl -qw net.ipv4.conf.vti0.ignore_routes_with_linkdown=1 \
	net.ipv6.conf.vti0.ignore_routes_with_linkdown=1
left ip route add unreachable $NET_RIGHT4 metric 4278198272
left ip route add unreachable $NET_RIGHT6 metric 4278198272
check 'failover with a backstop: the tunnel is used while it is there' \
	ping_all left $LAN_RIGHT4
left ipvtictl sa del vti0 out spi 0x1002
both_told 'failover, linkdown route and backstop'
left ip link set vti0 down
both_told 'failover, device down'
left ip link del vti0
both_told 'failover, device gone'
flow_stop there
flow_stop six
expect 'clear packets outside in all' 0 "$(clear_count left)"
