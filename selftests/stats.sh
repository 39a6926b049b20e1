#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Every drop has a named reason that ipvtictl stats shows, for the device and for the SA.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
esp() { ask right esp $RIGHT4 $LEFT4 $SPI_IN "$key" "$1" "${2:-none}"; }
json() { left ipvtictl -j stats vti0; }

hosts
tunnel alg=$alg peer=none
names=$(sed -n 's/^\tX([A-Z_]*,\s*"\([a-z-]*\)".*/\1/p' "${0%/*}/../kmod/drops.h" | sort)
expect 'ipvtictl -j stats has every reason of the table, and no other' "$names" \
	"$(json | jq -r '.drops | keys[]' | sort)"
expect 'and an SA has the same' "$names" "$(json | jq -r '.sas[0].drops | keys[]' | sort)"

esp 1
esp 2 flip-icv
esp 3 flip-icv
esp 1
esp 0
esp 9 wrong-key
ask left ping 192.168.2.1 wait=0 >/dev/null
stats=$(json)
expect 'the device counts each' 'auth-failed 3 replay-seen 1 seq-zero 1' "$(
	jq -r '.drops | to_entries[] | select(.value > 0) | "\(.key) \(.value)"' <<<"$stats" |
		sort | xargs)"
expect 'and so does the SA' 'auth-failed 3 replay-seen 1 seq-zero 1' "$(
	jq -r '.sas[] | select(.dir == "in") | .drops | to_entries[] | select(.value > 0) |
		"\(.key) \(.value)"' <<<"$stats" | sort | xargs)"
text=$(left ipvtictl stats vti0)
check 'the text names the reason' grep -qw 'auth-failed' <<<"$text"
check 'and explains it' grep -q 'integrity check failed' <<<"$text"
expect 'dropped packets that were received are rx_dropped of the interface' 5 \
	"$(left cat /sys/class/net/vti0/statistics/rx_dropped)"

left ipvtictl set vti0 remote 10.0.5.5
ask left ping 192.168.2.1 wait=0 >/dev/null
expect 'no route to the peer: no-route' 1 "$(drops left vti0 no-route)"
left ip route add 10.0.5.5 dev vti0
ask left ping 192.168.2.1 wait=0 >/dev/null
expect 'a route to the peer through the device itself: loop' 1 "$(drops left vti0 loop)"
left ip route del 10.0.5.5
left ipvtictl set vti0 remote $RIGHT4
left ipvtictl sa del vti0 out spi $SPI_OUT
ask left ping 192.168.2.1 wait=0 >/dev/null
expect 'no outbound SA: no-tunnel' 1 "$(drops left vti0 no-tunnel)"

if [ -d /sys/kernel/tracing/events/ipvti ]; then
	echo 1 >/sys/kernel/tracing/events/ipvti/enable
	esp 4 flip-icv
	check 'the tracepoint tells the reason' grep -q 'auth-failed' /sys/kernel/tracing/trace
	echo 0 >/sys/kernel/tracing/events/ipvti/enable
else
	skip 'the tracepoint tells the reason' 'this kernel has no event tracing'
fi

# More than four tunnels inside each other.
for i in 1 2 3 4 5; do
	left ip link add nest$i type ipvti
	left ipvtictl set nest$i local 10.9.$i.1 remote 10.9.$i.2
	batch left "addr add 10.9.$((i + 1)).1/24 dev nest$i" "link set nest$i up"
	vti_sa left nest$i out 0x900$i $alg "$key"
	vti_sa left nest$i in 0x910$i $alg "$key"
done
left ipvtictl set nest1 local $LEFT4 remote $RIGHT4
ask left ping 10.9.6.9 wait=0 >/dev/null
total=0
for i in 1 2 3 4 5; do
	total=$((total + $(drops left nest$i nesting)))
done
expect 'a fifth tunnel inside: nesting' 1 $total
