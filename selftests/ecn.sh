#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# ECN through the tunnel (RFC 6040, normal mode), and DSCP and TTL of the outer header.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
seq=0
name=(not-ect ect1 ect0 ce)

# Counters on the way in (vti0) and on the way out (wan), one for each codepoint.
count_ecn() {
	local code

	{
		echo 'table netdev codes {'
		echo 'chain in { type filter hook ingress device vti0 priority 0;'
		for code in "${name[@]}"; do
			echo "ip ecn $code counter comment \"in-$code\""
			echo "ip6 ecn $code counter comment \"in-$code\""
		done
		echo '}'
		echo 'chain out { type filter hook egress device wan priority 0;'
		for code in "${name[@]}"; do
			echo "ip protocol esp ip ecn $code counter comment \"out-$code\""
			echo "ip6 nexthdr esp ip6 ecn $code counter comment \"out-$code\""
		done
		echo '}'
		echo '}'
	} >"$WORK/nft"
	left nft -f "$WORK/nft"
	left nft list table netdev codes >"$WORK/counters"
}
# codes in|out: which codepoints were seen since the last look.
codes() {
	left nft list table netdev codes >"$WORK/counters.now"
	diff "$WORK/counters" "$WORK/counters.now" | sed -n "s/^>.*comment \"$1-\(.*\)\"/\1/p"
	mv "$WORK/counters.now" "$WORK/counters"
}

hosts
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
	count_ecn
	for inner in 4 6; do
		for i in 0 1 2 3; do
			read -ra row <<<"${expected[i]}"
			for o in 0 1 2 3; do
				drops=$(drops left vti0 ecn)
				seq=$((seq + 1))
				ask right esp $from $to $SPI_IN "$key" $seq none \
					inner=$inner tos=$i outer-tos=$o
				seen=$(codes in)
				[ "$(drops left vti0 ecn)" = "$drops" ] || seen=drop
				expect "$inner in $outer: inner ${name[i]}, outer ${name[o]}" "${row[o]}" "$seen"
			done
		done
	done
	for inner in $LAN_RIGHT4 $LAN_RIGHT6; do
		for i in 0 1 2 3; do
			ask left ping "$inner" wait=0 tos=$i >/dev/null
			expect "sent to $inner over $outer: ${name[i]} goes outside" "${name[i]}" "$(codes out)"
		done
	done
	left nft delete table netdev codes
	tunnel_down
done

# DSCP and TTL of the outer header, as set.
# outer_field EXPRESSION OPTION...: that field of the outer header of a ping with these options.
outer_field() {
	job ip netns exec left tcpdump -n -v -c 1 -i wan -Q out esp 2>"$WORK/err" >"$WORK/dump"
	wait_for 10 grep -q listening "$WORK/err"
	left ping -q -c 1 -W 0.1 "${@:2}" $LAN_RIGHT4 >/dev/null
	wait "$JOB"
	grep -oE "$1" "$WORK/dump"
}
tunnel peer=none
expect 'dscp inherit is the default' 'tos 0xb8' "$(outer_field 'tos 0x[0-9a-f]+' -Q 0xb8)"
left ipvtictl set vti0 dscp 10
expect 'dscp 10 hides the inner one and keeps ECN' 'tos 0x2a' \
	"$(outer_field 'tos 0x[0-9a-f]+' -Q 0xba)"
left ipvtictl set vti0 ttl 33
expect 'ttl 33' 'ttl 33' "$(outer_field 'ttl [0-9]+' -t 99)"
left ipvtictl set vti0 ttl inherit
expect 'ttl inherit' 'ttl 99' "$(outer_field 'ttl [0-9]+' -t 99)"
