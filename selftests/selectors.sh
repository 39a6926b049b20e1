#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Traffic selectors of an SA (RFC 4301 sections 4.4.1.1 and 5.2): inbound packets outside of them
# are dropped after decryption, outbound ones take the first SA that matches.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
seq=0
esp() {
	seq=$((seq + 1))
	ask right esp $RIGHT4 $LEFT4 "$1" "$key" $seq none "${@:2}"
}
# inside SPI OPTION..., outside SPI OPTION...
inside() {
	local before rx

	before=$(drops left vti0 selector)
	rx=$(sa_show left vti0 in "$1" packets)
	esp "$@"
	expect "in, ${*:2}: inside" "$before $((rx + 1))" \
		"$(drops left vti0 selector) $(sa_show left vti0 in "$1" packets)"
}
outside() {
	local before rx

	before=$(drops left vti0 selector)
	rx=$(rx_packets left vti0)
	esp "$@"
	expect "in, ${*:2}: outside" "$((before + 1)) $rx" \
		"$(drops left vti0 selector) $(rx_packets left vti0)"
}

hosts
vti_device left $LEFT4 $RIGHT4 $LAN_LEFT4/24 $LAN_LEFT6/64
vti_sa left vti0 in 0x2001 $alg "$key" ts 192.168.2.0/24 192.168.1.0/24 \
	ts 2001:db8:2::/64 2001:db8:1::/65

inside 0x2001 src=192.168.2.1 dst=192.168.1.1
inside 0x2001 src=192.168.2.255 dst=192.168.1.0
outside 0x2001 src=192.168.3.0 dst=192.168.1.1
outside 0x2001 src=192.168.1.255 dst=192.168.1.1
outside 0x2001 src=192.168.2.1 dst=192.168.0.255
outside 0x2001 src=192.168.2.1 dst=10.0.0.1
inside 0x2001 inner=6 src=2001:db8:2::1 dst=2001:db8:1::1
outside 0x2001 inner=6 src=2001:db8:2::1 dst=2001:db8:1:0:8000::1
outside 0x2001 inner=6 src=2001:db8:3::1 dst=2001:db8:1::1

# Outbound: three subnet pairs on one device, each with its own SA, as a policy-based peer has it.
vti_sa left vti0 out 0x1001 $alg "$(key $alg out1)" ts 192.168.1.0/24 192.168.2.0/24
vti_sa left vti0 out 0x1002 $alg "$(key $alg out2)" ts 192.168.1.0/24 192.168.3.0/24
vti_sa left vti0 out 0x1003 $alg "$(key $alg out3)" ts 2001:db8:1::/64 2001:db8:2::/64
left ip route add 192.168.0.0/16 dev vti0 src $LAN_LEFT4
left ip route add 2001:db8:2::/63 dev vti0 src $LAN_LEFT6
counts() {
	local spi

	for spi in 0x1001 0x1002 0x1003; do
		sa_show left vti0 out $spi packets
	done | xargs
}
ask left ping 192.168.2.1
expect 'out: the first pair' '1 0 0' "$(counts)"
ask left ping 192.168.3.9
ask left ping 192.168.3.9
expect 'out: the second pair' '1 2 0' "$(counts)"
ask left ping 2001:db8:2::5
expect 'out: the IPv6 pair' '1 2 1' "$(counts)"
out=$(left ping -n -c 1 -W 2 192.168.4.1 2>&1)
expect 'out: no pair matches, nothing is sent' '1 2 1' "$(counts)"
expect 'out: it is dropped as no-selector' 1 "$(drops left vti0 no-selector)"
check 'out: and the sender is told' grep -qi 'unreachable\|prohibited\|filtered' <<<"$out"
check_fails 'a selector with two families is refused' \
	vti_sa left vti0 out 0x1004 $alg "$(key $alg out4)" ts 192.168.1.0/24 2001:db8::/32
