#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Traffic flow confidentiality (RFC 4303 sections 2.6 and 2.7) with XFRM as the peer: padding sent
# and received, and dummy packets.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# far_end HOST: where the packets of HOST arrive. What leaves is not looked at on its own host: with
# esp4_offload XFRM completes its packets only behind the egress hook.
far_end() {
	case $1 in
	left) echo right ;;
	right) echo left ;;
	esac
}

# esp_counter HOST: count by length the ESP packets that come from HOST, from now on.
esp_counter() {
	ip netns exec "$(far_end "$1")" nft -f - <<-END
		table netdev lengths
		delete table netdev lengths
		table netdev lengths {
			set seen {
				typeof ip length
				flags dynamic
				size 2048
			}
			chain in {
				type filter hook ingress device wan priority -500;
				ip protocol esp update @seen { ip length }
			}
		}
	END
}

# lengths HOST: of the ESP packets counted, each once.
lengths() {
	on "$(far_end "$1")" nft -j list set netdev lengths seen |
		jq -r '.nftables[].set?.elem[]?' | sort -n | xargs
}

# exchange: packets of many lengths, answered.
exchange() {
	local size

	for size in 0 1 17 100 333 700 1000; do
		ping_once left $LAN_RIGHT4 "size=$size" && ping_once left $LAN_RIGHT6 "size=$size" ||
			return 1
	done
}

# few HOST MOST: no more than that many different lengths.
few() { [ "$(lengths "$1" | wc -w)" -le "$2" ]; }

hosts
check_fails 'esp4_offload is not there: with it XFRM does not pad' loaded esp4_offload
for alg in aes128gcm16 aes128-sha256 chacha20poly1305; do
	tunnel alg=$alg xfrm-in='tfcpad 1200'

	esp_counter left
	check "$alg: packets of many lengths, padded by the peer" exchange
	check_fails "$alg: without tfc their lengths show" few left 6

	left ipvtictl set vti0 tfc 1200
	esp_counter left
	esp_counter right
	check "$alg: the same, padded by both" exchange
	expect "$alg: tfc 1200: the length we send" 1 "$(lengths left | wc -w)"
	expect "$alg: tfc 1200: it is the length that XFRM sends" "$(lengths right)" "$(lengths left)"

	left ipvtictl set vti0 tfc mtu
	esp_counter left
	check "$alg: the same with tfc mtu" exchange
	expect "$alg: tfc mtu: the length we send" 1 "$(lengths left | wc -w)"
	check "$alg: tfc mtu: as long as the link takes" \
		test "$(lengths left)" -gt $((1500 - 32)) -a "$(lengths left)" -le 1500
	check "$alg: TCP with tfc mtu" tcp_transfer left right $LAN_RIGHT4 1
	check "$alg: TCP from the peer" tcp_transfer right left $LAN_LEFT4 1
	expect "$alg: dropped packets" 0 "$(drops left vti0 all)"
	tunnel_down
done

# The default is off, and off is off.
tunnel
expect 'a new device does not pad' 0 "$(show left vti0 tfc)"
left ipvtictl set vti0 tfc 1000
expect 'what was set is shown' 1000 "$(show left vti0 tfc)"
left ipvtictl set vti0 tfc off
esp_counter left
check 'packets of many lengths' exchange
check_fails 'after tfc off their lengths show' few left 6
tunnel_down

# Dummy packets: dropped, counted as what they are, and no error.
tunnel alg=null-sha256 peer=none
errors() { left ip -j -s link show vti0 | jq -r '.[0].stats64.rx | "\(.errors) \(.dropped)"'; }
before=$(errors)
ask right esp $RIGHT4 $LEFT4 $SPI_IN "$(key null-sha256 in)" 1 dummy count=5
expect 'dummy packets are counted' 5 "$(drops left vti0 dummy)"
expect 'and nothing else is' 5 "$(drops left vti0 all)"
expect 'they are neither errors nor drops of the interface' "$before" "$(errors)"
expect 'nor packets received' 0 "$(rx_packets left vti0)"
expect 'they show that the peer is there, and move the window' 5 "$(sa_show left vti0 in $SPI_IN seq)"
