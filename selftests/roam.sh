#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# What the outside tells: a peer that moves, several of them behind one NAT address, and ICMP errors
# of the outer path, which the inner sender hears of when they are about a packet of ours.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
seq=100

# from SRC PORT [FAULT]: a packet of the peer; PORT 0: native.
from() {
	local words=()

	seq=$((seq + 1))
	[ "$2" = 0 ] || words=(encap=4500 from="$2")
	ask right esp "$1" $near $SPI_IN "$key" $seq "${3:-none}" "${words[@]}"
}
where() { echo "$(show left vti0 remote) $(device left vti0 dport)"; }
where_is() { [ "$(where)" = "$1" ]; }
# stays NAME, follows NAME WHERE: after what was sent. An event that came too late shows up in the
# count at the end.
stays() { expect "$1" "$here" "$(where)"; }
follows() {
	here=$2
	moves=$((moves + 1))
	check "$1" wait_for 5 where_is "$here"
}
moves=0
events_are() { [ "$(events peer)" = "$1" ]; }

hosts
monitor left
batch right 'addr add 10.0.0.9/24 dev wan' 'addr add 2001:db8::9/64 dev wan nodad' \
	'addr add fe80::9/64 dev wan nodad'
for outer in 4 6; do
	[ $outer = 4 ] && near=$LEFT4 far=$RIGHT4 new=10.0.0.9 || near=$LEFT6 far=$RIGHT6 new=2001:db8::9
	tunnel alg=$alg outer=$outer encap=udp peer=none
	here="$far 4500"
	from $far 4777
	from $new 4777
	stays "outer IPv$outer, roam off: neither port nor address"
	left ipvtictl set vti0 roam port
	from $new 4777
	stays "outer IPv$outer, roam port: not the address"
	from $far 4888 flip-icv
	stays "outer IPv$outer, roam port: not what is forged"
	from $far 4777
	follows "outer IPv$outer, roam port: the port" "$far 4777"
	seq=$((seq + 10))
	from $far 4777
	seq=$((seq - 5))
	from $far 4888
	stays "outer IPv$outer, roam port: not an older packet"
	seq=$((seq + 10))
	left ipvtictl set vti0 roam any
	from $new 4999 wrong-key
	stays "outer IPv$outer, roam any: not what is forged"
	from $new 4999
	follows "outer IPv$outer, roam any: address and port" "$new 4999"
	end "${UDP_ESP[left]}"
	tunnel_down

	tunnel alg=$alg outer=$outer peer=none
	here="$far 0"
	left ipvtictl set vti0 roam port
	from $new 0
	stays "outer IPv$outer, native, roam port: nothing"
	left ipvtictl set vti0 roam any
	from $new 0
	follows "outer IPv$outer, native, roam any: the address" "$new 0"
	if [ $outer = 6 ]; then
		from fe80::9%wan 0
		expect 'a packet from a link-local address is taken' 3 "$(sa_show left vti0 in $SPI_IN packets)"
		stays 'but not followed, since it has no meaning without a link'
		left ipvtictl set vti0 lower wan
		from fe80::9%wan 0
		follows 'with a lower device it is' 'fe80::9 0'
	fi
	tunnel_down
done
check "one event for each move: $moves" wait_for 5 events_are $moves

# --- ICMP errors that may be forged ---
# quote SPI SEQ TYPE CODE MTU: right sends one.
quote() { right "$HELPERS/icmp_error.py" "$near" "$far" "$@" $port; }
path() { show left vti0 path-mtu; }
unreachable() { ask left told $LAN_RIGHT4 0.2 | grep 'No route to host'; }
for case in '4 none' '6 none' '4 udp' '6 udp'; do
	read -r outer encap <<<"$case"
	if [ "$outer" = 4 ]; then
		near=$LEFT4 far=$RIGHT4 size='3 4' gone='3 1' big=1400
	else
		near=$LEFT6 far=$RIGHT6 size='2 0' gone='1 3' big=1400
	fi
	[ "$encap" = udp ] && port=4500 || port=
	tunnel outer=$outer encap=$encap peer=none
	[ "$encap" = none ] || udp_esp right foreign "$far"	# or its port is unreachable indeed
	ask left ping $LAN_RIGHT4 count=2 wait=0.01 >/dev/null
	none=$(path)
	# shellcheck disable=SC2086 # words
	{
		quote 0x9999 1 $size $big
		quote $SPI_OUT 70000 $size $big
		far=$near quote $SPI_OUT 1 $size $big
		expect "$case: an MTU of another SPI, number or peer is not believed" "$none" "$(path)"
		quote 0x9999 1 $gone 0
		quote $SPI_OUT 70000 $gone 0
		check_fails "$case: nor is it told that such a packet does not arrive" unreachable
		quote $SPI_OUT 1 $size $big
		expect "$case: of a packet of ours it is" $big "$(path)"
		quote $SPI_OUT 1 $gone 0
		check "$case: the next sender is told that ours does not arrive" unreachable
		check_fails "$case: and only that one" unreachable
	}
	[ "$encap" = none ] || { end "${UDP_ESP[left]}"; end "${UDP_ESP[right]}"; }
	tunnel_down
done
tunnel_cleanup
WORK=$(mktemp -d /tmp/ipvti-test.XXXXXX)

# --- a router that knows no way ---
hosts_routed
for case in '4 none' '6 none' '4 udp' '6 udp'; do
	read -r outer encap <<<"$case"
	tunnel outer=$outer encap=$encap
	[ "$outer" = 4 ] && far=$RIGHT4 || far=$RIGHT6
	check "$case: the tunnel works" ping_all left $LAN_RIGHT4
	middle ip route add unreachable "$far"
	check "$case: the router has no way: the inner sender is told" wait_for 5 unreachable
	middle ip route del unreachable "$far"
	check "$case: it has one again" wait_for 5 ping_once left $LAN_RIGHT4
	[ "$encap" = none ] || { end "${UDP_ESP[left]}"; end "${UDP_ESP[right]}"; }
	tunnel_down
done
# A neighbour that does not answer.
vti_device left $LEFT4 10.0.0.77 $LAN_LEFT4/24 $LAN_LEFT6/64
tunnel_keys aes128gcm16 off 1024 '' ''
left ip route add $NET_RIGHT4 dev vti0
check 'a peer on the link that is not there: the inner sender is told' wait_for 10 unreachable
left ip link del vti0

# --- two peers behind one address ---
# nat PORTS: middle hides right and other behind its address towards left, on these ports.
nat() {
	ip netns exec middle nft -f - <<-END && middle conntrack -F
		flush ruleset
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname near udp sport 4500 masquerade to :$1
			}
		}
	END
}
host other
ip link add wan netns other type veth peer name far2 netns middle
batch middle 'addr add 10.0.10.254/24 dev far2' 'link set far2 up'
batch other 'addr add 10.0.10.2/24 dev wan' 'link set wan up' 'route add default via 10.0.10.254'
check 'a NAT' nat 20000-20099
udp_esp left adopt $LEFT4
udp_esp right adopt $RIGHT4
udp_esp other adopt 10.0.10.2
# pair HOST ADDRESS NUMBER: a tunnel of left with that peer, whose port it does not know.
pair() {
	local k="key $alg"

	batch left "link add vti$3 type ipvti"
	left ipvtictl set "vti$3" local $LEFT4 remote 10.0.0.254 encap udp 4500 1 roam port
	vti_sa left "vti$3" out "0x100$3" $alg "$($k "out$3")"
	vti_sa left "vti$3" in "0x200$3" $alg "$($k "in$3")"
	batch left "addr add 192.168.3$3.1/24 dev vti$3" "link set vti$3 up"
	on "$1" ip link add vti0 type ipvti
	on "$1" ipvtictl set vti0 local "$2" remote $LEFT4 encap udp 4500 4500
	vti_sa "$1" vti0 in "0x100$3" $alg "$($k "out$3")"
	vti_sa "$1" vti0 out "0x200$3" $alg "$($k "in$3")"
	batch "$1" "addr add 192.168.3$3.2/24 dev vti0" 'link set vti0 up'
}
monitor left		# before the peers say something by themselves
pair right $RIGHT4 0
pair other 10.0.10.2 1
for ports in 20 21; do
	[ $ports = 20 ] || check 'the mappings change' nat 21000-21099
	check "ports of ${ports}000: both are heard" eval \
		'wait_for 5 ping_once right 192.168.30.1 && wait_for 5 ping_once other 192.168.31.1'
	check "ports of ${ports}000: the first is answered where it is" ping_all left 192.168.30.2
	check "ports of ${ports}000: and the second" ping_all left 192.168.31.2
	a=$(device left vti0 dport) b=$(device left vti1 dport)
	check "ports of ${ports}000: each has its own, $a and $b" \
		test "$a" != "$b" -a $((a / 1000)) = $ports -a $((b / 1000)) = $ports
done
expect 'both kept the address' '10.0.0.254 10.0.0.254' \
	"$(show left vti0 remote) $(show left vti1 remote)"
expect 'nothing was taken for the other' 0 "$(($(drops left vti0 all) + $(drops left vti1 all)))"
check 'an event for each move' wait_for 5 events_are 4
