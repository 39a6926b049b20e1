#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# IPv4 and IPv6 inside, over IPv4 and IPv6 outside, against XFRM.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

hosts

for outer in 4 6; do
	tunnel outer=$outer
	check "ping 4 in $outer" ping_all left $LAN_RIGHT4
	check "ping 6 in $outer" ping_all left $LAN_RIGHT6
	check "ping 4 in $outer, large packets" ping_all left $LAN_RIGHT4 size=1300
	check "ping 6 in $outer, in fragments" ping_all left $LAN_RIGHT6 size=4000
	check "TCP 4 in $outer" tcp_transfer left right $LAN_RIGHT4 1
	check "TCP 6 in $outer" tcp_transfer left right $LAN_RIGHT6 1
	check "TCP 4 in $outer from the peer" tcp_transfer right left $LAN_LEFT4 1
	check "TCP 6 in $outer from the peer" tcp_transfer right left $LAN_LEFT6 1
	tunnel_down
done
