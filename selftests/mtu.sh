#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# The device's MTU by formula for each cipher, encapsulation and outer family, and a path that
# becomes narrower.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# octets of IV and ICV, and the boundary of padding, from the RFCs of each algorithm
declare -A OVERHEAD=(
	[aes128gcm16]='8 16 4' [aes192gcm16]='8 16 4' [aes256gcm16]='8 16 4'
	[chacha20poly1305]='8 16 4'
	[aes128-sha256]='16 16 16' [aes192-sha256]='16 16 16' [aes256-sha256]='16 16 16'
	[aes128-sha384]='16 24 16' [aes192-sha384]='16 24 16' [aes256-sha384]='16 24 16'
	[aes128-sha512]='16 32 16' [aes192-sha512]='16 32 16' [aes256-sha512]='16 32 16'
	[null-sha256]='0 16 4'
)

# inner_mtu LINK OUTER ENCAP ALG: the largest inner packet. RFC 4303 section 2: SPI and sequence
# number 8, IV, payload, padding to the boundary including 2 octets, ICV.
inner_mtu() {
	local iv icv block room

	read -r iv icv block <<<"${OVERHEAD[$4]}"
	room=$(($1 - 8 - iv - icv))
	[ "$2" = 4 ] && room=$((room - 20)) || room=$((room - 40))
	[ "$3" = none ] || room=$((room - 8))
	echo $((room / block * block - 2))
}

# fits HOST ADDRESS SIZE, too_big HOST ADDRESS SIZE: an IP packet of that size with DF
fits() {
	head_of "$2"
	ping_once "$1" "$2" df=1 size=$(($3 - HEAD))
}
# head_of ADDRESS: sets HEAD to the octets of IP and ICMP.
head_of() { case $1 in *:*) HEAD=48 ;; *) HEAD=28 ;; esac; }
too_big() {
	local said

	head_of "$2"
	ask "$1" ping "$2" df=1 size=$(($3 - HEAD)) wait=0 >"$WORK/said" && return 1
	read -r said <"$WORK/said"
	echo "$said"
	[[ $said == *'Message too long'* ]]
}
mtu_is() { [ "$(mtu left vti0)" = "$1" ]; }
path_is() { [ "$(show left vti0 path-mtu)" = "$1" ]; }

hosts
for outer in 4 6; do
	for encap in none udp; do
		for alg in "${!OVERHEAD[@]}"; do
			[ $encap = none ] || [ "$alg" = aes128gcm16 ] || [ "$alg" = aes256-sha512 ] || continue
			tunnel outer=$outer encap=$encap alg="$alg"
			mtu=$(inner_mtu 1500 $outer $encap "$alg")
			expect "$alg, encap $encap, outer IPv$outer: MTU" "$mtu" \
				"$(mtu left vti0)"
			check "$alg, encap $encap, outer IPv$outer: a packet of that size is answered" \
				fits left $LAN_RIGHT4 "$mtu"
			check "$alg, encap $encap, outer IPv$outer: one more is refused" \
				too_big left $LAN_RIGHT4 $((mtu + 1))
			[ $encap = none ] || { end "${UDP_ESP[left]}"; end "${UDP_ESP[right]}"; }
			tunnel_down
		done
	done
done

# The link's MTU changes, the device's follows; never below 1280, and IPv6 stays.
tunnel
addresses=$(left ip -br -6 addr show dev vti0)
left ip link set wan mtu 1400
check 'the MTU follows the link' wait_for 2 mtu_is "$(inner_mtu 1400 4 none aes128gcm16)"
left ip link set wan mtu 1300
check 'down to 1280' wait_for 2 mtu_is 1280
left ip link set wan mtu 576
left ip link set wan mtu 1280
right ip link set wan mtu 1280
check 'not below' mtu_is 1280
left ip addr add $LEFT6/64 dev wan nodad
expect 'IPv6 addresses survive' "$addresses" "$(left ip -br -6 addr show dev vti0)"
check 'an IPv6 packet of 1280 octets still gets through, in fragments outside' \
	ping_once left $LAN_RIGHT6 df=1 size=1232
left ip link set wan mtu 1500
right ip link set wan mtu 1500
check 'and up again' wait_for 2 mtu_is "$(inner_mtu 1500 4 none aes128gcm16)"
left ipvtictl set vti0 mtu 1350
check 'fixed by the user' wait_for 2 mtu_is 1350
left ip link set wan mtu 1480
check 'it stays' mtu_is 1350
left ipvtictl set vti0 mtu auto
check 'until it is automatic again' wait_for 2 mtu_is "$(inner_mtu 1480 4 none aes128gcm16)"
check_fails 'an MTU below 1280 is refused' left ipvtictl set vti0 mtu 1279

# A route may say that more fits than the device says; IP's own length field is the end of it.
left ip route replace $NET_RIGHT4 dev vti0 mtu 65520
before=$(drops left vti0 too-big)
check_fails 'an inner packet that no IP packet can carry is not sent' \
	ping_once left $LAN_RIGHT4 size=65492
expect 'it is dropped as too-big' $((before + 1)) "$(drops left vti0 too-big)"
check 'and the sender was told: the next one goes in fragments' \
	ping_once left $LAN_RIGHT4 size=65000
tunnel_cleanup
WORK=$(mktemp -d /tmp/ipvti-test.XXXXXX)

# A narrower path behind a router, which says so by ICMP.
hosts_routed
for outer in 4 6; do
	tunnel outer=$outer
	[ $outer = 4 ] && target=$LAN_RIGHT4 || target=$LAN_RIGHT6
	check "outer IPv$outer: the full size fits the path" \
		fits left $LAN_RIGHT4 "$(inner_mtu 1500 $outer none aes128gcm16)"
	middle ip link set far mtu 1400
	right ip link set wan mtu 1400
	left ping -q -c 2 -i 0.1 -W 0.2 -M "do" -s 1350 $LAN_RIGHT4 >/dev/null 2>&1
	check "outer IPv$outer: the path MTU is learnt" wait_for 2 path_is 1400
	narrow=$(inner_mtu 1400 $outer none aes128gcm16)
	check "outer IPv$outer: the sender is told" too_big left $LAN_RIGHT4 $((narrow + 1))
	check "outer IPv$outer: what fits is answered" fits left $LAN_RIGHT4 "$narrow"
	check "outer IPv$outer: TCP works" tcp_transfer left right "$target" 1
	expect "outer IPv$outer: the device's MTU is not touched" \
		"$(inner_mtu 1500 $outer none aes128gcm16)" \
		"$(mtu left vti0)"
	middle ip link set far mtu 1300
	right ip link set wan mtu 1300
	left ping -q -c 3 -i 0.1 -W 0.2 -M "do" -s 1252 $LAN_RIGHT4 >/dev/null 2>&1
	check "outer IPv$outer: IPv6 of 1280 octets on a path below that" \
		wait_for 5 ping_once left $LAN_RIGHT6 df=1 size=1232
	middle ip link set far mtu 1500
	right ip link set wan mtu 1500
	left ip route flush cache
	tunnel_down
done
