#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# nft, conntrack, NAT and reverse path filtering on vtiN, and hosts with XFRM policies of their own.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# counters: a table on left that counts what its rules match; counted RULE reads one.
counters() {
	ip netns exec left nft -f - <<-END
		table inet count
		delete table inet count
		table inet count {
			chain incoming {
				type filter hook input priority 0;
				iifname vti0 ip version 4 counter comment "by_iif4"
				iifname vti0 ip6 version 6 counter comment "by_iif6"
				iifname vti0 meta secpath exists counter comment "by_secpath"
				iifname vti0 meta ipsec exists counter comment "by_ipsec"
			}
		}
	END
}
counted() {
	left nft -j list table inet count | jq --arg rule "$1" \
		'.nftables[].rule? | select(.comment == $rule) | .expr[].counter?.packets // empty'
}

# spoof COUNT: datagrams from an address whose route is not vti0, inside the tunnel.
spoof() {
	SEQ=$((SEQ + 100))
	ask right esp $RIGHT4 $LEFT4 $SPI_IN "$(key null-sha256 in)" $SEQ none src=10.0.0.99 \
		"count=$1"
}
# rp_dropped: what reverse path filtering has dropped.
rp_dropped() {
	left cat /proc/net/netstat | awk '$1 == "TcpExt:" && !n { n = split($0, name); next }
		$1 == "TcpExt:" { for (i = 1; i <= n; i++) if (name[i] == "IPReversePathFilter") print $i }'
}

hosts

# iifname, and secpath off and on.
tunnel
counters
check 'ping from the peer' ping_all right $LAN_LEFT4
check 'ping from the peer over IPv6' ping_all right $LAN_LEFT6
expect 'iifname matches decrypted packets' 5 "$(counted by_iif4)"
check 'iifname matches decrypted packets over IPv6' test "$(counted by_iif6)" -ge 5
expect 'secpath off: meta secpath exists does not match' 0 "$(counted by_secpath)"
left ipvtictl set vti0 secpath on
expect 'secpath on is shown' true "$(show left vti0 secpath)"
counters
check 'secpath on: ping' ping_all right $LAN_LEFT4
check 'secpath on: ping over IPv6' ping_all right $LAN_LEFT6
check 'secpath on: TCP' tcp_transfer right left $LAN_LEFT4 1
check 'secpath on: TCP over IPv6' tcp_transfer left right $LAN_RIGHT6 1
check 'secpath on: meta secpath exists matches' test "$(counted by_secpath)" -ge 10
expect 'secpath on: meta ipsec exists matches as often' "$(counted by_secpath)" "$(counted by_ipsec)"

# Policies of the host, with and without secpath: they look at neither inner nor outer packets.
REQID=99 xfrm_policies left 10.99.0.1 10.99.0.2 0.0.0.0/0 0.0.0.0/0 priority 9999
for state in on off; do
	left ipvtictl set vti0 secpath $state
	check "secpath $state: a 0/0 policy of XFRM swallows nothing" ping_all left $LAN_RIGHT4
	check "secpath $state: nor when the peer begins" ping_all right $LAN_LEFT4
	check "secpath $state: nor TCP" tcp_transfer left right $LAN_RIGHT4 1
done
left ip xfrm policy flush
for state in on off; do
	left ipvtictl set vti0 secpath $state
	REQID=99 xfrm_policies left 10.99.0.1 10.99.0.2 ::/0 ::/0 priority 9999
	check_fails "secpath $state: there is no disable_xfrm for IPv6: ::/0 takes what the host sends" \
		ping_once left $LAN_RIGHT6
	left ip xfrm policy del src ::/0 dst ::/0 dir out
	check "secpath $state: a ::/0 policy swallows nothing that comes in" \
		ping_all left $LAN_RIGHT6
	left ip xfrm policy flush
done
left ip xfrm policy setdefault in block 2>/dev/null &&
	for state in on off; do
		left ipvtictl set vti0 secpath $state
		check "secpath $state: XFRM's default of block is for others" \
			ping_all right $LAN_LEFT4
	done
left ip xfrm policy setdefault in accept 2>/dev/null

# A device that goes with packets on their way, whose path outlives it.
left ipvtictl set vti0 secpath on
flow_start late right left $LAN_LEFT4 1000
tunnel_down
flow_stop late

# Conntrack and NAT: left is the gateway of a host behind it.
host other
ip link add lan netns left type veth peer name lan netns other
batch left 'addr add 172.16.0.1/24 dev lan' 'link set lan up'
batch other 'addr add 172.16.0.2/24 dev lan' 'link set lan up' 'route add default via 172.16.0.1'
left sysctl -qw net.ipv4.ip_forward=1
tunnel
ip netns exec left nft -f - <<-END
	table ip addresses {
		chain source {
			type nat hook postrouting priority srcnat;
			oifname vti0 ip saddr 172.16.0.0/24 snat to $LAN_LEFT4
		}
		chain destination {
			type nat hook prerouting priority dstnat;
			iifname vti0 ip daddr $LAN_LEFT4 tcp dport 5001 dnat to 172.16.0.2
		}
	}
	table ip gateway {
		chain gate {
			type filter hook forward priority 0; policy drop;
			ct state established,related accept
			iifname lan oifname vti0 accept
			ct status dnat accept
		}
	}
END
for state in off on; do
	left ipvtictl set vti0 secpath $state
	check "secpath $state: source NAT into the tunnel" ping_all other $LAN_RIGHT4
	check "secpath $state: TCP through source NAT" tcp_transfer other right $LAN_RIGHT4 1
	printf 'to the host behind' >"$WORK/sent"
	job ip netns exec other socat -u TCP4-LISTEN:5001,bind=172.16.0.2 "CREATE:$WORK/got"
	receiver=$JOB
	wait_for 10 listens other 5001
	check "secpath $state: destination NAT out of the tunnel" \
		ip netns exec right timeout 20 socat -u "OPEN:$WORK/sent" TCP4:$LAN_LEFT4:5001
	wait "$receiver"
	check "secpath $state: what arrives is what was sent" cmp "$WORK/sent" "$WORK/got"
done
check_fails 'nothing else is forwarded' ping_once right 172.16.0.2
tunnel_down

# Reverse path filtering: strict, an inner source address that is routed elsewhere.
tunnel alg=null-sha256 peer=none
SEQ=0
left sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.vti0.rp_filter=1
before=$(rp_dropped)
spoof 3
expect 'rp_filter drops spoofed inner packets' $((before + 3)) "$(rp_dropped)"
left ipvtictl set vti0 secpath on
before=$(rp_dropped)
spoof 3
expect 'secpath on: rp_filter does not look at them, as documented' "$before" "$(rp_dropped)"
