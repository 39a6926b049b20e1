#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The own address changes: with MOBIKE the IKE SA goes on, without another one is made. A configured
# address that comes and goes (VRRP): the tunnel waits for it, and lets go of it.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

ELSEWHERE4=10.0.0.7 SHARED4=10.0.0.9

# move FROM TO: another address in place of that one.
move() { batch left "addr del $1/24 dev wan" "addr add $2/24 dev wan"; }
# seen_at: where charon has the peer of its first IKE SA.
seen_at() { vici sas | jq -r '.[0]["remote-host"]'; }
seen_from() { [ "$(seen_at)" = "$1" ]; }
routed() { [ -n "$(left ip route show $NET_RIGHT4 dev vti0)" ]; }
no_sas() { [ -z "$(sas left)" ]; }

# with_mobike NAME FROM TO
with_mobike() {
	local before

	before=$(ike_spi)
	move "$2" "$3"
	check "$1: both families pass from the new address" wait_for 10 answers
	expect "$1: charon sees it there" "$3" "$(seen_at)"
	expect "$1: it is the same IKE SA" "$before 1 1" "$(ike_spi) $(charon_counts)"
	expect "$1: and the device sends from there" "$3" "$(show left vti0 local)"
}

hosts
lan_right
check 'charon starts' charon_start right
check 'charon takes its configuration' gateway_load remote=%any
check 'ipvtid starts' site_start mobike=true
check 'ipvtictl up' up
check 'both families pass' wait_for 5 answers
with_mobike 'MOBIKE' $LEFT4 $ELSEWHERE4
spi=$(outbound)
ctl left rekey site-b
check 'rekeying goes on from there' wait_for $UP_WITHIN differs outbound "$spi"
with_mobike 'and back' $ELSEWHERE4 $LEFT4
site_reload mobike=true encap=udp
check 'encapsulated: both families pass' wait_for $UP_WITHIN answers
check_one_pair 'encapsulated: one pair'
with_mobike 'encapsulated' $LEFT4 $ELSEWHERE4
move $ELSEWHERE4 $LEFT4
wait_for 10 seen_from $LEFT4
check 'down' down

# Who was called can only let the initiator see where it is now (RFC 4555, sections 3.5 and 3.6).
check 'called: both at rest' rest
check 'called: charon takes its configuration' gateway_load
site_reload mobike=true
updates=$(charon_said 'parsed INFORMATIONAL request .*N(UPD_SA_ADDR)')
check 'called: charon starts' initiate
check 'called: both families pass' wait_for 5 answers
with_mobike 'called' $LEFT4 $ELSEWHERE4
with_mobike 'called, and back' $ELSEWHERE4 $LEFT4
expect 'called: nothing was updated from here' "$updates" \
	"$(charon_said 'parsed INFORMATIONAL request .*N(UPD_SA_ADDR)')"
check 'called: at rest again' rest
gateway_load remote=%any

site_reload
check 'without MOBIKE: ipvtictl up' up
check 'without MOBIKE: both families pass' wait_for 5 answers
before=$(ike_spi)
move $LEFT4 $ELSEWHERE4
check 'without MOBIKE: charon sees another address' wait_for $UP_WITHIN seen_from $ELSEWHERE4
check 'without MOBIKE: both families pass from there' wait_for 10 answers
check_one_pair 'without MOBIKE: one pair in the end'
check 'without MOBIKE: it is another IKE SA' [ "$before" != "$(ike_spi)" ]
move $ELSEWHERE4 $LEFT4

# A peer that comes to another address than routing would choose stays there. That the daemon has
# looked shows in a route that it puts back.
check 'a second address: both at rest' rest
batch left "addr add $ELSEWHERE4/24 dev wan"
check 'a second address: charon takes its configuration' gateway_load remote=$ELSEWHERE4
site_reload
check 'a second address: charon starts' initiate
check 'a second address: both families pass' wait_for 5 answers
before=$(ike_spi)
batch left "route add 10.99.0.0/24 via $RIGHT4" "route del $NET_RIGHT4 dev vti0"
check 'a second address: another route comes' wait_for 10 routed
expect 'a second address: nothing moves' "$ELSEWHERE4 $before 1 1" \
	"$(show left vti0 local) $(ike_spi) $(charon_counts)"
check 'a second address: at rest again' rest
batch left "addr del $ELSEWHERE4/24 dev wan"
gateway_load remote=%any

# The pause between attempts is longer than the test waits: what comes, comes of the address.
site_reload local=$SHARED4 retry=1h
said=$(ctl left up site-b)
expect 'an address that is elsewhere: ipvtictl up fails' 1 $?
check 'an address that is elsewhere: it says so' \
	grep 'local is not an address of this host now' <<<"$said"
batch left "addr add $SHARED4/24 dev wan"
check 'the address comes: carrier' wait_for $UP_WITHIN is_carrier left vti0 1
check 'the address comes: both families pass' wait_for 5 answers
before=$(ike_spi)
batch left "addr del $SHARED4/24 dev wan"
check 'the address goes: no SA' wait_for 10 no_sas
expect 'the address goes: no carrier' 0 "$(carrier left vti0)"
expect 'the address goes: nothing was said to the peer' "$before 1 1" "$(ike_spi) $(charon_counts)"
batch left "addr add $SHARED4/24 dev wan"
check 'the address is back: both families pass' wait_for $UP_WITHIN answers
check_one_pair 'the address is back: one pair in the end'
logs_if_failed
