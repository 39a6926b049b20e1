#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Forged and random ESP, native and in UDP, over both families: each packet is delivered, or counted
# once as what RFC 4303 makes of it (helpers/fuzz_esp.py works that out), or is none for ESP; no
# memory is lost. FUZZ_PACKETS of them, with the seed FUZZ_SEED, 1 by default.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

count=${FUZZ_PACKETS:-$((20000 / SLOWER))}
seed=${FUZZ_SEED:-1}
alg=null-sha256

# device NAME LOCAL REMOTE NUMBER [WORD...]: with an outbound SA, so that answers are sent.
device_up() {
	batch left "link add $1 type ipvti"
	left ipvtictl set "$1" local "$2" remote "$3" "${@:5}"
	vti_sa left "$1" out 0x2000$4 $alg "$(key $alg out)"
	batch left "addr add 192.168.$((20 + $4)).1/24 dev $1" \
		"addr add 2001:db8:2$4::1/64 dev $1 nodad" "link set $1 up"
	left sysctl -qw "net.ipv4.conf.$1.rp_filter=0"
}

hosts
batch left 'addr add 10.0.0.77/24 dev wan' 'addr add 2001:db8::77/64 dev wan nodad' \
	'link add lan type dummy' 'link set lan up' "addr add $LAN_LEFT4/24 dev lan" \
	"addr add $LAN_LEFT6/64 dev lan nodad" 'addr add 192.168.3.1/24 dev lan' \
	'addr add 2001:db8:3::1/64 dev lan nodad'
udp_esp left adopt $LEFT4
udp_esp left adopt $LEFT6
owner6=${UDP_ESP[left]}
device_up fuzz0 $LEFT4 $RIGHT4 0
device_up fuzz1 $LEFT6 $RIGHT6 1
device_up fuzz2 $LEFT4 $RIGHT4 2 encap udp 4500 4500
device_up fuzz3 $LEFT6 $RIGHT6 3 encap udp 4500 4500
end "$owner6" KILL		# the kernel's own socket stands in for IPv6
batch left "route add $NET_RIGHT4 dev fuzz0" "route add $NET_RIGHT6 dev fuzz1"
while read -r dev spi key esn window top selector; do
	case $selector in
	selector_net) words="ts $NET_RIGHT4 $NET_LEFT4" ;;
	selector_port) words='ts 0.0.0.0/0 0.0.0.0/0 proto udp dport 9' ;;
	*) words= ;;
	esac
	[ "$esn" = 1 ] && esn=on || esn=off
	# shellcheck disable=SC2086 # words
	vti_sa left "$dev" in "$spi" $alg "$key" esn $esn replay-window "$window" seq "$top" $words ||
		not_ok "SA $spi of $dev"
done < <("$HELPERS/fuzz_esp.py" setup)

# What is delivered meets a gateway with a firewall that tracks it; the outer packets are not its
# business. No answer may be missing because a queue or a table of the stack is full.
left sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
sysctl -qw net.core.netdev_max_backlog=100000 net.netfilter.nf_conntrack_max=1000
ip netns exec left nft -f - <<-'END'
	table inet inner {
		chain raw {
			type filter hook prerouting priority -350;
			iifname "wan" notrack
		}
		chain input {
			type filter hook input priority 0;
			ct state invalid counter drop
		}
		chain again {	# until the counters have been compared
			type filter hook input priority 1;
			iifname "fuzz*" meta l4proto esp drop
			iifname "fuzz*" udp dport 4500 drop
		}
	}
END

start=$SECONDS
ip netns exec right "$HELPERS/fuzz_esp.py" "$seed" "$count" wan \
	"$(left cat /sys/class/net/wan/address)" left >"$WORK/fuzz" 2>&1
status=$?
diag "seed $seed, $((SECONDS - start)) s: $(tail -n 5 "$WORK/fuzz")"
expect "seed $seed: what becomes of each of $count packets" 0 $status
check 'most outcomes were seen' grep -q 'auth-failed.*bad-inner.*bad-trailer.*delivered.*dummy.*ecn.*malformed.*no-sa.*replay-old.*replay-seen.*selector.*seq-zero.*wrong-encap' "$WORK/fuzz"

# It works as before.
xfrm_sa right $LEFT4 $RIGHT4 0x20000 $alg "$(key $alg out)" replay-window 32
vti_sa left fuzz0 in 0x30000 $alg "$(key $alg in)"
ask right esp $RIGHT4 $LEFT4 0x30000 "$(key $alg in)" 1 none
expect 'a sound packet is still taken' 1 "$(sa_show left fuzz0 in 0x30000 packets)"
check 'the devices can be deleted' batch left 'link del fuzz0' 'link del fuzz1' 'link del fuzz2' \
	'link del fuzz3'
