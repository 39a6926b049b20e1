#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# ESP in UDP (RFC 3948): both families, keepalives, a port that outlives its owner, and SPIs of others.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

owned() { left ipvtictl -j socket show | jq -r '.[] | "\(.port) \(.owned)"' | xargs; }
owned_is() { [ "$(owned)" = "$1" ]; }

# ike_arrives: what begins with four zero octets reaches the owner, which says so (see ipvti_nl.py).
ike_arrives() {
	printf '\0\0\0\0hello' |
		ip netns exec right socat -u - "UDP6-SENDTO:[$LEFT6]:4500"
	wait_for 5 grep -q hello "$UDP_GOT"
}

hosts
monitor left

for outer in 4 6; do
	tunnel outer=$outer encap=udp
	owner=${UDP_ESP[left]} foreign=${UDP_ESP[right]}
	check "outer IPv$outer: ping 4" ping_all left $LAN_RIGHT4
	check "outer IPv$outer: ping 6 from the peer" ping_all right $LAN_LEFT6
	check "outer IPv$outer: TCP" tcp_transfer left right $LAN_RIGHT4 1
	expect "outer IPv$outer: dropped packets" 0 "$(drops left vti0 all)"
	[ $outer = 6 ] || {
		tunnel_down
		end "$foreign"
		end "$owner"
		check 'no device uses the port: nobody stands in' wait_for 5 owned_is ''
	}
done

# The daemon dies: the port stays, traffic too; the next one takes over.
expect 'IPv6 socket: a process has it' '4500 true' "$(owned)"
flow_start there left right $LAN_RIGHT6
flow_start back right left $LAN_LEFT6
clear_events
end "$owner" KILL
check 'the owner is killed: the kernel stands in' wait_for 5 owned_is '4500 false'
check 'the event socket-lost comes' wait_for 5 saw socket-lost
check_fails 'nobody else can bind the port' \
	left timeout 2 socat -u "UDP6-LISTEN:4500,bind=[$LEFT6]" /dev/null
udp_esp left claim $LEFT6
check 'the next owner takes over' wait_for 5 owned_is '4500 true'
check 'and receives what is not ESP' ike_arrives
flow_stop there
expect "killed and replaced: lost of $FLOW_SENT sent" 0 $FLOW_LOST
flow_stop back
expect "killed and replaced: lost of $FLOW_SENT received" 0 $FLOW_LOST

# A process may take its socket back: then nobody stands in, and the port is free for the next one. A
# reference to the module that is left would keep it from being unloaded after the test.
udp_esp left recant $LEFT6 4600
expect 'taken back with UDP_ENCAP 0: it stays the owner while it lives' '4500 true 4600 true' \
	"$(owned)"
end "${UDP_ESP[left]}"
check 'when it is gone nobody has the port' wait_for 5 owned_is '4500 true'
udp_esp left claim $LEFT6 4600
check 'the next one can have it' wait_for 5 owned_is '4500 true 4600 true'
end "${UDP_ESP[left]}"

# An SPI that ipvti does not know goes on to XFRM, on the same socket.
xfrm_sa left $RIGHT6 $LEFT6 0x5001 aes128gcm16 "$(key aes128gcm16 x)" \
	encap espinudp 4500 4500 0.0.0.0
ask right esp $RIGHT6 $LEFT6 0x5001 "$(key null-sha256 x)" 1 none encap=4500 from=4501
expect 'an SPI of XFRM goes on to XFRM: it counts the forged packet' 1 "$(
	left ip -s xfrm state get src $RIGHT6 dst $LEFT6 proto esp spi 0x5001 |
		sed -n 's/.* failed \([0-9]*\).*/\1/p')"
tunnel_down

# Keepalives (RFC 3948 section 2.3): one octet 0xff, only when nothing else is sent.
tunnel encap=udp peer=none
job ip netns exec right tcpdump -n -l -i wan 'udp src port 4500 and udp[8] = 0xff and udp[4:2] = 9' \
	>"$WORK/keepalives" 2>"$WORK/err"
wait_for 10 grep -q listening "$WORK/err"
left ipvtictl set vti0 keepalive 1
check 'a keepalive after a second of silence' wait_for 4 test -s "$WORK/keepalives"
left ipvtictl set vti0 keepalive off

# Encapsulation that does not match the device.
ask right esp $RIGHT4 $LEFT4 $SPI_IN "$(key aes128gcm16 in)" 1 none
expect 'native ESP on a device with UDP encapsulation' 1 "$(drops left vti0 wrong-encap)"
for text in '\xff' '\x00\x00\x00\x00ike' 'a' '' 'ab' '\x01\x02\x03'; do
	printf "$text" | ip netns exec right socat -u - "UDP4-SENDTO:$LEFT4:4500,sourceport=4500"
done
expect 'keepalives, IKE and short datagrams are no ESP' 1 "$(drops left vti0 all)"
