#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Super-packets of ESP in UDP: they cross the link whole where it takes them, the firewall sees
# them, every datagram in them is treated as if it came alone, and without them all works as well.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# firewall HOST: count what it lets in on port 4500; firewall_count HOST: packets so far.
firewall() {
	ip netns exec "$1" nft -f - <<-END
		table inet seen {
			chain in {
				type filter hook input priority 0;
				udp dport 4500 counter
			}
		}
	END
}
firewall_count() {
	on "$1" nft -j list table inet seen |
		jq '[.nftables[].rule?.expr[]?.counter?.packets // 0] | add'
}

# transfer FROM TO ADDRESS: 1 MB; sets SA_PACKETS and SEEN, what the SA from left to right and the
# firewall of right counted of it.
transfer() {
	local sa seen

	sa=$(sa_show right vti0 in $SPI_OUT packets)
	seen=$(firewall_count right)
	tcp_transfer "$1" "$2" "$3" 1 >/dev/null || return 1
	SA_PACKETS=$(($(sa_show right vti0 in $SPI_OUT packets) - sa))
	SEEN=$(($(firewall_count right) - seen))
}

# words COUNT SIZE WORD: COUNT datagrams of SIZE octets in a row, each beginning with WORD, in hex.
words() {
	local i

	for ((i = 0; i < $1; i++)); do
		printf "\\x${3:0:2}\\x${3:2:2}\\x${3:4:2}\\x${3:6:2}"
		head -c $(($2 - 4)) /dev/zero | tr '\0' x
	done
}
super() { words "$1" "$2" "$4" | ip netns exec right "$HELPERS/udp_super.py" "$3" 4500 "$2"; }

hosts
firewall right
for outer in 4 6; do
	tunnel outer=$outer encap=udp peer=vti alg=null-sha256
	near=$LEFT4
	[ $outer = 4 ] || near=$LEFT6

	check "outer IPv$outer: TCP" transfer left right $LAN_RIGHT4
	check "outer IPv$outer: the firewall sees super-packets" test $((SEEN * 2)) -lt "$SA_PACKETS"
	check "outer IPv$outer: TCP over IPv6" transfer left right $LAN_RIGHT6
	check "outer IPv$outer: the firewall sees them too" test $((SEEN * 2)) -lt "$SA_PACKETS"
	expect "outer IPv$outer: dropped at left" 0 "$(drops left vti0 all)"
	expect "outer IPv$outer: dropped at right" 0 "$(drops right vti0 all)"

	left ethtool -K wan tx-udp-segmentation off
	check "outer IPv$outer: TCP, a link without segmentation" transfer left right $LAN_RIGHT4
	check "outer IPv$outer: every packet goes alone" test "$SEEN" -ge "$SA_PACKETS"
	left ethtool -K wan tx-udp-segmentation on

	end "${UDP_ESP[right]}"
	right ipvtictl set vti0 encap none
	check "outer IPv$outer: a super-packet with our SPI" super 10 96 $near "${SPI_IN#0x}"
	expect "outer IPv$outer: each datagram of it is looked at" 10 \
		"$(drops left vti0 auth-failed)"
	check "outer IPv$outer: one of datagrams that are too short" super 10 16 $near "${SPI_IN#0x}"
	expect "outer IPv$outer: they are malformed" 10 "$(drops left vti0 malformed)"
	{
		words 3 96 "${SPI_IN#0x}"
		words 3 96 00000000
		words 3 96 "${SPI_IN#0x}"
	} | ip netns exec right "$HELPERS/udp_super.py" $near 4500 96
	expect "outer IPv$outer: one with IKE in it, ESP of it is looked at" 16 \
		"$(drops left vti0 auth-failed)"
	ike_datagrams() { [ "$(grep -c xxx "$GOT_LEFT")" = 3 ]; }
	GOT_LEFT=$(readlink "/proc/${UDP_ESP[left]}/fd/1")
	check "outer IPv$outer: and IKE arrives, datagram by datagram" wait_for 5 ike_datagrams
	end "${UDP_ESP[left]}"
	tunnel_down
done
