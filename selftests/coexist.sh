#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# A vti0 tunnel, an xfrm interface and a plain ip xfrm tunnel between the same two addresses at
# once, all carrying traffic, with and without esp4_offload.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=aes128gcm16

# xfrmi HOST LOCAL REMOTE ADDRESS PEER SPI-OUT SPI-IN: an xfrm interface with if_id 7.
xfrmi() {
	batch "$1" 'link add xfrm7 type xfrm dev wan if_id 7' "addr add $4/32 dev xfrm7" \
		'link set xfrm7 up' "route add $5/32 dev xfrm7 src $4"
	xfrm_sa "$1" "$2" "$3" "$6" $alg "$(key $alg "i$6")" if_id 7 replay-window 32
	xfrm_sa "$1" "$3" "$2" "$7" $alg "$(key $alg "i$7")" if_id 7 replay-window 32
	xfrm_policies "$1" "$2" "$3" 0.0.0.0/0 0.0.0.0/0 if_id 7
}
# plain HOST LOCAL REMOTE ADDRESS PEER SPI-OUT SPI-IN: policies alone.
plain() {
	batch "$1" "addr add $4/32 dev lo" "route add $5/32 dev wan src $4"
	xfrm_sa "$1" "$2" "$3" "$6" $alg "$(key $alg "p$6")" replay-window 32
	xfrm_sa "$1" "$3" "$2" "$7" $alg "$(key $alg "p$7")" replay-window 32
	xfrm_policies "$1" "$2" "$3" "$4" "$5"
}

hosts
for offload in no yes; do
	if [ $offload = yes ]; then
		modprobe -q esp4_offload
		modprobe -q esp6_offload
		loaded esp4_offload || {
			skip 'with esp4_offload' 'this kernel has no esp4_offload'
			break
		}
	fi
	tunnel alg=$alg
	REQID=7 xfrmi left $LEFT4 $RIGHT4 10.7.0.1 10.7.0.2 0x7001 0x7002
	REQID=7 xfrmi right $RIGHT4 $LEFT4 10.7.0.2 10.7.0.1 0x7002 0x7001
	REQID=8 plain left $LEFT4 $RIGHT4 10.8.0.1 10.8.0.2 0x8001 0x8002
	REQID=8 plain right $RIGHT4 $LEFT4 10.8.0.2 10.8.0.1 0x8002 0x8001

	flow_start vti left right $LAN_RIGHT4 200
	flow_start xfrmi left right 10.7.0.2 200
	flow_start plain left right 10.8.0.2 200
	check "offload $offload: vti0 answers" ping_all left $LAN_RIGHT4
	check "offload $offload: the xfrm interface answers" ping_all left 10.7.0.2
	check "offload $offload: the plain tunnel answers" ping_all left 10.8.0.2
	check "offload $offload: TCP over vti0" tcp_transfer left right $LAN_RIGHT4 1
	check "offload $offload: TCP over the xfrm interface" tcp_transfer left right 10.7.0.2 1
	check "offload $offload: TCP over the plain tunnel" tcp_transfer right left 10.8.0.1 1
	for name in vti xfrmi plain; do
		flow_stop $name
		expect "offload $offload: lost of $FLOW_SENT through $name" 0 $FLOW_LOST
	done
	expect "offload $offload: vti0 dropped nothing" 0 "$(drops left vti0 all)"
	expect "offload $offload: nothing found no SA" 0 "$(drops left none no-sa)"
	expect "offload $offload: each took its own" 0 "$(
		left grep -vE '[^0-9]0$' /proc/net/xfrm_stat | wc -l)"

	# A policy for everything must not swallow the packets that vti0 sends.
	left ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 9999 action block
	check "offload $offload: a policy that blocks everything does not touch vti0's ESP" \
		ask left ping $LAN_RIGHT4
	left ip xfrm policy flush
	left ip xfrm state flush
	batch left 'link del xfrm7' 'addr del 10.8.0.1/32 dev lo'
	batch right 'link del xfrm7' 'addr del 10.8.0.2/32 dev lo'
	tunnel_down
done
