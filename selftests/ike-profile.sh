#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# What a profile says, as the peer sees it: DSCP and size of IKE packets, padding of ESP, how often a
# request is repeated, and what becomes of a tunnel whose peer is dead or has closed it.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

LONG=$(printf '%060d.' 1 2 3)example.net	# makes IKE_AUTH longer than the smallest fragments

# watch: see by port, DSCP and length what comes from left by UDP, from now on.
watch() {
	ip netns exec right nft -f - <<-END
		table inet profile
		delete table inet profile
		table inet profile {
			set ike4 {
				typeof ip dscp . udp dport . ip length
				flags dynamic
				size 512
			}
			set right6 {
				typeof udp dport
				flags dynamic
				size 16
			}
			set wrong6 {
				typeof udp dport
				flags dynamic
				size 16
			}
			set padded {
				typeof ip length
				flags dynamic
				size 512
			}
			chain in {
				type filter hook prerouting priority -500;
				iifname wan udp dport 500 update @ike4 { ip dscp . udp dport . ip length }
				iifname wan udp dport 4500 @th,64,32 0 update @ike4 { ip dscp . udp dport . ip length }
				iifname wan udp dport 500 ip6 dscp cs6 update @right6 { udp dport }
				iifname wan udp dport 500 ip6 dscp != cs6 update @wrong6 { udp dport }
				iifname wan udp dport 4500 @th,64,32 > 255 update @padded { ip length }
			}
		}
	END
}
# seen SET FILTER: its elements as jq makes them into lines.
seen() {
	right nft -j list set inet profile "$1" |
		jq -r "[.nftables[].set?.elem[]? | (.elem?.val? // .)] | $2"
}
# ike_dscps: of IKE, each once, by name; ike_longest: longest IP packet of IKE to port 4500.
ike_dscps() { seen ike4 'map(.concat[0] | tostring) | unique | join(" ")'; }
ike_longest() { seen ike4 'map(select(.concat[1] == 4500) | .concat[2]) | max'; }
esp_lengths() { seen padded 'length'; }

sizes() {
	local size

	for size in 0 17 333 1000; do
		ping_once left $LAN_RIGHT4 from=$LAN_LEFT4 "size=$size" || return 1
	done
}

is_state() { [ "$(status left site-b '"\(.state) \(.reason)"')" = "$1" ]; }
no_sas() { [ -z "$(sas left)" ]; }
# attempts: how often left has begun by itself or was told to.
attempts() { log_said 'connecting to'; }
is_more() { [ "$(attempts)" -gt "$1" ]; }

# die, live: charon without a word, and another one.
die() {
	end "${CHARON_PID[right]}" KILL
	right ip xfrm state flush
	right ip xfrm policy flush
}
live() { charon_start right && gateway_load; }

# wakes NAME: traffic brings it up.
wakes() {
	check_fails "$1: the first packet finds nothing" ping_once left $LAN_RIGHT4 from=$LAN_LEFT4 wait=0.1
	check "$1: but brings it up" wait_for $UP_WITHIN is_carrier left vti0 1
	check "$1: both families pass" wait_for 5 answers
}

hosts
lan_right
check 'charon starts' charon_start right
check 'charon takes its configuration' gateway_load remote-id="$LONG" \
	child='esp_proposals = aes128gcm16-ecp256'
check 'the packets of left are watched' watch
check 'ipvtid starts' site_start version=2 protocol=esp compress=false window=1 local-id="$LONG" \
	encap=udp ike-dscp=46 fragment-size=576 tfc=1200 pfs='[ "ecp256" ]'
check 'ipvtictl up' up
check 'packets of many lengths pass' wait_for 10 sizes
expect 'DSCP of IKE packets' ef "$(ike_dscps)"
check "fragment-size: none is longer ($(ike_longest))" [ "$(ike_longest)" -le 576 ]
check 'fragment-size: IKE_AUTH came in fragments' charon_said 'parsed IKE_AUTH request 1 \[ EF('
expect 'tfc: packets of all lengths are equally long' 1 "$(esp_lengths)"
expect 'tfc: status' on "$(status left site-b .tfc)"
spi=$(outbound)
check 'rekey' ctl left rekey site-b
check 'rekey: another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
check 'pfs: the Child SA has a group of its own' grep ECP_256 <<<"$(negotiated)"

# Without pfs what the peer has is asked for. The others change at once, without a word to the peer.
site_reload local-id="$LONG" encap=udp tfc=off ike-dscp=10
watch
check 'reload: packets of many lengths pass' sizes
check 'reload: their lengths show' [ "$(esp_lengths)" -gt 2 ]
spi=$(outbound)
ctl left rekey site-b
check 'reload: another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
expect 'reload: DSCP' af11 "$(ike_dscps)"
check 'down' down

gateway_load local=$RIGHT6 remote=$LEFT6
site_reload remote=$RIGHT6 ike-dscp=48
watch
check 'IPv6: ipvtictl up' up
expect 'IPv6: IKE packets have the DSCP, and no other' '1 0' "$(seen right6 length) $(seen wrong6 length)"
check 'IPv6: down' down

gateway_load
site_reload detect=off retransmit-limit=2 dpd-action=clear
check 'clear: ipvtictl up' up
die
ctl left rekey site-b
check 'clear: after two repetitions the peer is given up' wait_for $UP_WITHIN no_sas
check 'clear: that was said' log_said 'unanswered after 3 transmissions'
check 'clear: it stays down' wait_for 5 is_state 'down timeout'
before=$(attempts)
check 'clear: charon starts again' live
check_fails 'clear: a packet changes nothing' ping_once left $LAN_RIGHT4 from=$LAN_LEFT4
expect 'clear: left has not begun' "$before" "$(attempts)"

site_reload detect=1s dpd-delay=300ms dpd-timeout=2s dpd-action=hold
check 'hold: ipvtictl up' up
die
check 'hold: the peer is given up' wait_for $UP_WITHIN no_sas
check 'hold: it stays down' wait_for 5 is_state 'down timeout'
check 'hold: charon starts again' live
wakes 'hold'
check 'hold: down' down

# What the peer had begun. Down by hand would keep it out.
check 'both at rest' rest
site_reload detect=1s give-up=2s dpd-action=restart close-action=hold
before=$(attempts)
check 'restart: charon brings it up' initiate
check 'restart: carrier' wait_for $UP_WITHIN is_carrier left vti0 1
die
check 'restart: left begins' wait_for $UP_WITHIN is_more "$before"
check 'restart: charon starts again' live
check 'restart: both families pass' wait_for $UP_WITHIN answers

check 'close-action=hold: charon takes it down' vici terminate ike=site-a
check 'close-action=hold: it stays down' wait_for 10 is_state 'down deleted-by-peer'
wakes 'close-action=hold'
check 'close-action=hold: charon deletes the Child SA' vici terminate child=net
check 'close-action=hold: it is down' wait_for 10 is_state 'down deleted-by-peer'
wakes 'close-action=hold, Child SA'

site_reload close-action=clear
check 'close-action=clear: charon takes it down' vici terminate ike=site-a
check 'close-action=clear: it stays down' wait_for 10 is_state 'down deleted-by-peer'
before=$(attempts)
check_fails 'close-action=clear: a packet changes nothing' ping_once left $LAN_RIGHT4 from=$LAN_LEFT4
check 'close-action=clear: but the peer does' initiate
check 'close-action=clear: both families pass' wait_for $UP_WITHIN answers
expect 'close-action=clear: left has not begun' "$before" "$(attempts)"

site_reload close-action=restart
check 'close-action=restart: charon takes it down' vici terminate ike=site-a
check 'close-action=restart: left begins' wait_for $UP_WITHIN is_more "$before"
check 'close-action=restart: both families pass' wait_for $UP_WITHIN answers
check_one_pair 'close-action=restart: one pair in the end'
logs_if_failed
