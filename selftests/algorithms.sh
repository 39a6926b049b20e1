#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Every algorithm this kernel has, in both directions against XFRM with the same keys.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# sizes: packets of 17 consecutive lengths from the peer, so that every padding occurs.
sizes() {
	local size

	for size in {40..56}; do
		ping_once right $LAN_LEFT4 "size=$size" || {
			echo "no answer to $size octets"
			return 1
		}
	done
}

hosts

algs=$(left ipvtictl -j algs)
expect 'the table has each algorithm once, and none that is unknown here' \
	"$(printf '%s\n' "${!ALGS[@]}" | sort)" "$(jq -r '.[].name' <<<"$algs" | sort)"

for alg in $(jq -r '.[].name' <<<"$algs"); do
	[ -n "${ALGS[$alg]:-}" ] || continue
	if [ "$(jq --arg a "$alg" '.[] | select(.name == $a) | has("driver")' <<<"$algs")" != true ]; then
		skip "$alg" 'this kernel has no driver'
		continue
	fi
	expect "$alg: bytes of key material" "$(($(key "$alg" out | wc -c) / 2))" \
		"$(jq --arg a "$alg" '.[] | select(.name == $a) | .["key-len"]' <<<"$algs")"
	tunnel alg="$alg"
	check "$alg: ping" ping_all left $LAN_RIGHT4
	check "$alg: ping from the peer, all sizes of padding" sizes
	check "$alg: TCP" tcp_transfer left right $LAN_RIGHT4 1
	expect "$alg: dropped packets" 0 "$(drops left vti0 all)"
	tunnel_down
done
