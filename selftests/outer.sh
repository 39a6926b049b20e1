#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Where the inside and the outside of a tunnel are: VRFs on either side, a mark and a lower device for
# outer packets, a source address that moves, routes that change while traffic flows.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=aes128gcm16

# in_vrf ADDRESS: echo requests from the VRF red.
in_vrf() { left ping -n -q -c 3 -i 0.05 -W $SLOWER -I red "$1"; }
told_in_vrf() { left ping -n -c 2 -i 0.2 -W $SLOWER -I red "$1" 2>&1 | grep -i unreachable; }
# unreachable ADDRESS: a sender is told so, and not something else by the peer.
unreachable() { ask left told "$1" | grep 'No route to host'; }
# no_way NAME: both senders are told, and it is counted as no-route.
no_way() {
	local before

	before=$(drops left vti0 no-route)
	check "$1: IPv4 sender is told" unreachable $LAN_RIGHT4
	check "$1: IPv6 sender is told" unreachable $LAN_RIGHT6
	check "$1: counted as no-route" test "$(drops left vti0 no-route)" -ge $((before + 2))
}
# readdress: the IPv6 addresses of left's wan, which changes of a master take away.
readdress() {
	batch left "addr replace $LEFT6/64 dev wan nodad"
	wait_for 5 ping_once right $LEFT6
}
mtu_is() { [ "$(mtu left vti0)" = "$1" ]; }

hosts

# --- the inside in a VRF ---
tunnel
batch left 'link add red type vrf table 100' 'link set red up' 'link set vti0 master red' \
	"addr replace $LAN_LEFT6/64 dev vti0 nodad" "route replace $NET_RIGHT4 dev vti0 vrf red" \
	"route replace $NET_RIGHT6 dev vti0 vrf red"
check 'inside in a VRF: ping' in_vrf $LAN_RIGHT4
check 'inside in a VRF: ping over IPv6' in_vrf $LAN_RIGHT6
check 'inside in a VRF: ping from the peer' ping_all right $LAN_LEFT4
check 'inside in a VRF: ping from the peer over IPv6' ping_all right $LAN_LEFT6
check_fails 'inside in a VRF: the main table has no way there' ask left ping $LAN_RIGHT4
job ip netns exec left socat -u TCP4-LISTEN:7000,so-bindtodevice=red "CREATE:$WORK/got"
receiver=$JOB
wait_for 10 listens left 7000
head -c 1M /dev/urandom >"$WORK/sent"
right timeout $((30 * SLOWER)) socat -u "OPEN:$WORK/sent" TCP4:$LAN_LEFT4:7000
wait "$receiver"
check 'inside in a VRF: a megabyte over TCP' cmp "$WORK/sent" "$WORK/got"
left ipvtictl sa del vti0 out spi $SPI_OUT
check 'inside in a VRF, no tunnel: IPv4 sender is told' told_in_vrf $LAN_RIGHT4
check 'inside in a VRF, no tunnel: IPv6 sender is told' told_in_vrf $LAN_RIGHT6
tunnel_down
batch left 'link del red'

# --- the outside in a VRF ---
batch left 'link add blue type vrf table 200' 'link set blue up' 'link set wan master blue'
for case in '4 none' '6 none' '4 udp' '6 udp'; do
	read -r outer encap <<<"$case"
	[ "$outer" = 4 ] && near=$LEFT4 far=$RIGHT4 || near=$LEFT6 far=$RIGHT6
	readdress
	words=
	if [ "$encap" = udp ]; then
		check "outside in a VRF, $case: a socket of the VRF is adopted" \
			udp_esp left adopt "$near%blue"
		udp_esp right foreign "$far"
		words='encap udp 4500 4500'
	fi
	vti_device left $near $far $LAN_LEFT4/24 $LAN_LEFT6/64 "$words"
	tunnel_keys $alg off 1024 '' ''
	batch left "route add $NET_RIGHT4 dev vti0" "route add $NET_RIGHT6 dev vti0"
	xfrm_peer $alg $near $far "$encap" off 1024 '' ''
	[ "$case" != '4 none' ] || no_way 'outside in a VRF, without lower'
	left ipvtictl set vti0 lower blue
	check "outside in a VRF, $case: ping" ping_all left $LAN_RIGHT4
	check "outside in a VRF, $case: ping from the peer over IPv6" ping_all right $LAN_LEFT6
	check "outside in a VRF, $case: TCP" tcp_transfer left right $LAN_RIGHT4 1
	before=$(mtu left vti0)
	left ip link set wan mtu 1400
	check "outside in a VRF, $case: the MTU follows the link in it" \
		wait_for 5 mtu_is $((before - 100))
	left ip link set wan mtu 1500
	check "outside in a VRF, $case: and up again" wait_for 5 mtu_is "$before"
	if [ "$encap" = udp ]; then
		end "${UDP_ESP[left]}" KILL
		check "outside in a VRF, $case: the kernel's stand-in is in it too" \
			ping_all left $LAN_RIGHT4
		end "${UDP_ESP[right]}"
	fi
	tunnel_down
done
check 'a port can be adopted once for each device' \
	eval 'udp_esp left adopt 0.0.0.0%blue 4700 && udp_esp left adopt 0.0.0.0%lo 4700'
check 'but not twice for the same' eval \
	'left "$HELPERS/ipvti_nl.py" claim 0.0.0.0%blue 4700 2>&1 | grep "another socket"'
batch left 'link set wan nomaster' 'link del blue'
readdress

# --- two links ---
LINK4=$LEFT4 LINK6=$LEFT6
batch left 'addr add 10.0.8.1/32 dev lo' 'addr add 2001:db8:8::1/128 dev lo nodad'
batch right 'addr add 10.0.8.2/32 dev lo' 'addr add 2001:db8:8::2/128 dev lo nodad' \
	"route add 10.0.8.1 via $LINK4" "route add 2001:db8:8::1 via $LINK6"
ip link add wan2 netns left type veth peer name wan2 netns right
batch left 'addr add 10.1.0.1/24 dev wan2' 'addr add 2001:db8:a::1/64 dev wan2 nodad' 'link set wan2 up'
batch right 'addr add 10.1.0.2/24 dev wan2' 'addr add 2001:db8:a::2/64 dev wan2 nodad' 'link set wan2 up'
wait_for 5 ping_once left 2001:db8:a::2
HOP4=$RIGHT4 HOP6=$RIGHT6
LEFT4=10.0.8.1 RIGHT4=10.0.8.2 LEFT6=2001:db8:8::1 RIGHT6=2001:db8:8::2

sent() { left cat "/sys/class/net/$1/statistics/tx_packets"; }
sent_more() { [ "$(sent "$1")" -ge "$2" ]; }
# goes_by DEV: that is where five echo requests leave, each once.
goes_by() {
	local before

	before=$(sent "$1")
	ping_all left $LAN_RIGHT4 && sent_more "$1" $((before + 5))
}
for outer in 4 6; do
	if [ $outer = 4 ]; then
		to="10.0.8.2 via $HOP4" to2='10.0.8.2 via 10.1.0.2' ip='-4'
	else
		to="2001:db8:8::2 via $HOP6" to2='2001:db8:8::2 via 2001:db8:a::2' ip='-6'
	fi
	left ip route add $to
	tunnel outer=$outer

	left ip $ip rule add fwmark 7 table 77
	left ip route add $to2 table 77
	check "outer IPv$outer: no mark: by the first link" goes_by wan
	left ipvtictl set vti0 fwmark 7
	check "outer IPv$outer: the mark's table: by the second link" goes_by wan2
	left ipvtictl set vti0 fwmark 8
	check "outer IPv$outer: another mark: by the first again" goes_by wan
	# All that is not marked goes into the tunnel, the peer's own address too.
	left ip $ip rule add pref 90 fwmark 9 lookup main
	left ip $ip rule add pref 91 lookup 78
	left ip $ip route add default dev vti0 table 78
	before=$(drops left vti0 loop)
	check_fails "outer IPv$outer: a default route into the tunnel swallows what is not marked" \
		ping_once left $LAN_RIGHT4
	check "outer IPv$outer: counted as loop" test "$(drops left vti0 loop)" -gt "$before"
	left ipvtictl set vti0 fwmark 9
	check "outer IPv$outer: not what is" goes_by wan
	left ip $ip rule del pref 90
	left ip $ip rule del pref 91
	left ip $ip rule del fwmark 7
	left ipvtictl set vti0 fwmark 0

	left ip route add $to2 metric 2000
	left ipvtictl set vti0 lower wan2
	check "outer IPv$outer: lower device: by the second link" goes_by wan2
	left ip link set wan2 down
	no_way "outer IPv$outer: the lower device is down"
	left ip link set wan2 up
	batch left 'addr replace 2001:db8:a::1/64 dev wan2 nodad'
	left ip route replace $to2 metric 2000
	check "outer IPv$outer: and up again" wait_for 5 goes_by wan2
	left ipvtictl set vti0 lower any
	check "outer IPv$outer: no lower device: by the first link" goes_by wan

	[ $outer = 4 ] && target=$LAN_RIGHT4 || target=$LAN_RIGHT6
	flow_start there left right $target
	left ip route del $to2 metric 2000
	before=$(sent wan2)
	left ip route replace $to2
	check "outer IPv$outer: the route changes: the flow does" wait_for 5 sent_more wan2 $((before + 50))
	before=$(sent wan)
	left ip route replace $to
	check "outer IPv$outer: and back" wait_for 5 sent_more wan $((before + 50))
	flow_stop there
	expect "outer IPv$outer: lost of $FLOW_SENT" 0 $FLOW_LOST
	tunnel_down
	left ip route del $to
done

# --- a source address that moves ---
LEFT4=$LINK4 LEFT6=$LINK6 RIGHT4=$HOP4 RIGHT6=$HOP6
for outer in 4 6; do
	if [ $outer = 4 ]; then
		any=0.0.0.0 old=$LINK4/24 new=10.0.0.9/24 lo=$LINK4/32 via=$LINK4
	else
		any=:: old=$LINK6/64 new=2001:db8::9/64 lo=$LINK6/128 via=$LINK6
	fi
	tunnel outer=$outer peer=vti
	right ipvtictl set vti0 roam any
	left ipvtictl set vti0 local $any
	check "outer IPv$outer: any local address: ping" ping_all left $LAN_RIGHT4
	batch left "addr del $old dev wan" "addr add $new dev wan"
	check "outer IPv$outer: the address moves: the tunnel goes on" \
		wait_for 5 ping_once left $LAN_RIGHT4
	expect "outer IPv$outer: the peer sees the new one" "${new%/*}" "$(show right vti0 remote)"
	left ipvtictl set vti0 local "${old%/*}"
	no_way "outer IPv$outer: a local address that is not there"
	batch left "addr add $lo dev lo"
	right ip route add "${lo}" via "${new%/*}"
	check "outer IPv$outer: it is there again, elsewhere" wait_for 5 ping_once left $LAN_RIGHT4
	expect "outer IPv$outer: the peer sees it" "${old%/*}" "$(show right vti0 remote)"
	right ip route del "${lo}" via "${new%/*}"
	batch left "addr del $lo dev lo" "addr del $new dev wan" "addr add $old dev wan"
	tunnel_down
done
