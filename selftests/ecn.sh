#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# ECN through the tunnel (RFC 6040, normal mode), and DSCP and TTL of the outer header.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
seq=0
name=(not-ect ect1 ect0 ce)

# codes DEV in|out PROTO: which ECN codepoints were seen since the last look.
codes() {
	local tos

	for tos in $(ask left tapped "$1" "$2" "$3"); do
		echo "${name[tos & 3]}"
	done
}

hosts
ask left tap wan
# RFC 6040 figure 4: rows are the inner, columns the outer codepoint. Between two ECT codepoints
# Linux, as the RFC allows, lets the outer ECT(1) win over the inner ECT(0).
expected=(
	#        not-ect  ect1     ect0     ce
	[0]='not-ect not-ect not-ect drop'
	[1]='ect1    ect1    ect1    ce'
	[2]='ect0    ect1    ect0    ce'
	[3]='ce      ce      ce      ce'
)
for outer in 4 6; do
	case $outer in
	4) from=$RIGHT4 to=$LEFT4 ;;
	6) from=$RIGHT6 to=$LEFT6 ;;
	esac
	tunnel alg=$alg peer=none outer=$outer
	ask left tap vti0
	for inner in 4 6; do
		for i in 0 1 2 3; do
			read -ra row <<<"${expected[i]}"
			for o in 0 1 2 3; do
				drops=$(drops left vti0 ecn)
				seq=$((seq + 1))
				ask right esp $from $to $SPI_IN "$key" $seq none \
					inner=$inner tos=$i outer-tos=$o
				seen=$(codes vti0 in 17)
				[ "$(drops left vti0 ecn)" = "$drops" ] || seen=drop
				expect "$inner in $outer: inner ${name[i]}, outer ${name[o]}" "${row[o]}" "$seen"
			done
		done
	done
	for inner in $LAN_RIGHT4 $LAN_RIGHT6; do
		for i in 0 1 2 3; do
			codes wan out 50 >/dev/null	# answers to the above
			ask left ping "$inner" wait=0 tos=$i >/dev/null
			expect "sent to $inner over $outer: ${name[i]} goes outside" "${name[i]}" "$(codes wan out 50)"
		done
	done
	tunnel_down
done

# DSCP and TTL of the outer header, as set.
# sent_tos TOS: that of the outer header of a packet with TOS inside.
sent_tos() {
	ask left tapped wan out 50 >/dev/null
	ask left ping $LAN_RIGHT4 wait=0 tos="$1" >/dev/null
	ask left tapped wan out 50
}
# sent_ttl TTL
sent_ttl() {
	job ip netns exec left tcpdump -n -v -c 1 -i wan -Q out esp 2>"$WORK/err" >"$WORK/dump"
	wait_for 10 grep -q listening "$WORK/err"
	left ping -q -c 1 -W 0.1 -t "$1" $LAN_RIGHT4 >/dev/null
	wait "$JOB"
	grep -o 'ttl [0-9]*' "$WORK/dump"
}
tunnel peer=none
expect 'dscp inherit is the default' 0xb8 "$(sent_tos 0xb8)"
left ipvtictl set vti0 dscp 10
expect 'dscp 10 hides the inner one and keeps ECN' 0x2a "$(sent_tos 0xba)"
left ipvtictl set vti0 ttl 33
expect 'ttl 33' 'ttl 33' "$(sent_ttl 99)"
left ipvtictl set vti0 ttl inherit
expect 'ttl inherit' 'ttl 99' "$(sent_ttl 99)"
