#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# start = "on-traffic": the first packet is answered with ICMP unreachable and brings the tunnel up.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

unreachable() { ask left ping "$1" from="$2" 2>&1 | grep -iE 'unreachable|no route'; }

hosts
monitor left
ike_peers start=on-traffic
expect 'nothing happens by itself: no SA' '' "$(sas left)"
expect 'no carrier' 0 "$(carrier left vti0)"

left ping -6 -c 1 -W 1 ff02::1%vti0 >/dev/null
expect 'multicast is no traffic: no acquire' 0 "$(events acquire)"
expect 'and no IKE' 0 "$(charon_said 'parsed IKE_SA_INIT request')"

check 'the first packet is refused, not lost' unreachable $LAN_RIGHT4 $LAN_LEFT4
check 'it raised acquire' wait_for 5 saw acquire
check 'and brings the tunnel up' wait_for $UP_WITHIN is_carrier left vti0 1
check 'both families pass' wait_for 5 answers
expect 'charon was asked once' 1 "$(charon_said 'parsed IKE_SA_INIT request')"

check 'charon takes it down' hang_up
expect 'no carrier' 0 "$(carrier left vti0)"
check 'the first packet of IPv6 is refused' unreachable $LAN_RIGHT6 $LAN_LEFT6
check 'and brings it up again' wait_for $UP_WITHIN is_carrier left vti0 1
check 'both families pass again' wait_for 5 answers

# TCP asks again by itself, and so the first connection succeeds.
check 'charon takes it down' hang_up
job ip netns exec right socat -u TCP-LISTEN:5001 "CREATE:$WORK/greeting"
check 'a listener on right' wait_for 10 listens right 5001
connect() { echo hello | ip netns exec left timeout 5 socat -u - "TCP:$LAN_RIGHT4:5001,bind=$LAN_LEFT4"; }
check 'a connection brings it up' wait_for $UP_WITHIN connect
wait_for 5 test -s "$WORK/greeting"
expect 'and carries data' hello "$(<"$WORK/greeting")"
logs_if_failed
