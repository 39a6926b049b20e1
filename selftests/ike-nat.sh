#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# A NAT between the two: port 4500, ESP in UDP, keepalives, and a mapping that changes.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# nat DEVICE PORTS: masquerade what leaves middle through DEVICE, and count there what passes.
nat() {
	ip netns exec middle nft -f - <<-END && middle conntrack -F
		flush ruleset
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname $1 meta l4proto udp masquerade to :$2
				oifname $1 masquerade
			}
		}
		table ip seen {
			chain forward {
				type filter hook forward priority 0;
				meta l4proto esp counter comment "esp"
				udp sport 4500 udp length 9 counter comment "keepalive"
				udp sport 4500 udp length > 100 counter comment "udp"
			}
		}
	END
}
# seen COMMENT [bytes]: packets, which may be GSO's; seen_more COMMENT N
seen() {
	middle nft -j list table ip seen | jq --arg what "$1" --arg unit "${2:-packets}" \
		'.nftables[].rule? | select(.comment == $what) | .expr[].counter?[$unit] // empty'
}
seen_more() { [ "$(seen "$1")" -gt "$2" ]; }

hosts_routed
lan_right
check 'charon starts' charon_start right
gateway_load remote=%any
check 'a NAT before right' nat far 20000-20099
check 'ipvtid starts' site_start keepalive=1s detect=off
check 'left behind the NAT: ipvtictl up' up
expect 'left behind the NAT: it knows' 'true false' \
	"$(status left site-b '"\(.ike["nat-local"]) \(.ike["nat-remote"])"')"
expect 'left behind the NAT: ESP goes in UDP' udp "$(status left site-b .encap)"
check 'left behind the NAT: both families pass' wait_for 5 answers
check 'left behind the NAT: a megabyte over TCP' tcp_transfer left right $LAN_RIGHT4 1
check 'the NAT saw it in UDP' [ "$(seen udp bytes)" -gt 1000000 ]
expect 'and no ESP' 0 "$(seen esp)"
before=$(seen keepalive)
check 'keepalives in silence' wait_for 10 seen_more keepalive $((before + 1))
check 'down' down
end "${IPVTID_PID[left]}"
left ip link del vti0

# right behind the NAT, left does not know its address.
check 'a NAT before left' nat near 21000-21099
gateway_load remote=$LEFT4
check 'ipvtid starts again' site_start remote=%any
check 'right behind the NAT: swanctl --initiate' initiate
check 'right behind the NAT: carrier' wait_for $UP_WITHIN is_carrier left vti0 1
check 'right behind the NAT: both families pass' wait_for 5 answers
expect 'right behind the NAT: left knows' 'false true' \
	"$(status left site-b '"\(.ike["nat-local"]) \(.ike["nat-remote"])"')"
old=$(show left vti0 'remote')
port=$(device left vti0 dport)
check 'the port is one of the NAT' [ "$port" -ge 21000 ]
check 'its mapping changes' nat near 22000-22099
check 'a packet from right through a new mapping' ask right ping $LAN_LEFT4 from=$LAN_RIGHT4 count=20 interval=0.2 need=1
port_follows() { [ "$(device left vti0 dport)" -ge 22000 ]; }
check 'left follows' wait_for 10 port_follows
expect 'the address is the same' "$old" "$(show left vti0 'remote')"
check 'both families pass again' wait_for 5 answers
spi=$(outbound)
check 'IKE follows too: Child rekey from left' ctl left rekey site-b
check 'IKE follows too: another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
logs_if_failed
