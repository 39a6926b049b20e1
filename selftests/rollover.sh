#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# One pair of SAs takes over from another under traffic in both directions, and no packet is lost.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=aes128gcm16
state() { sa_show left vti0 "$1" "$2" state; }
state_is() { [ "$(state "$1" "$2")" = "$3" ]; }

flows_start() {
	flow_start there left right $LAN_RIGHT4
	flow_start back right left $LAN_LEFT4
}
# flows_lost WHAT: none is lost either way.
flows_lost() {
	flow_stop there
	expect "$1: lost of $FLOW_SENT sent" 0 $FLOW_LOST
	flow_stop back
	expect "$1: lost of $FLOW_SENT received" 0 $FLOW_LOST
	[ $FLOW_LOST = 0 ] || diag "$(right grep -v '[^0-9]0$' /proc/net/xfrm_stat; right ip -s xfrm state)"
}

# right_switch OLD NEW: XFRM sends on NEW, since OLD is gone.
right_switch() {
	right ip xfrm state delete src $RIGHT4 dst $LEFT4 proto esp spi "$1"
	wait_for 5 used "$2"
}
used() { [ "$(sa_show left vti0 in "$1" packets)" -gt 0 ]; }

hosts
monitor left
tunnel alg=$alg
changes=$(left cat /sys/class/net/vti0/carrier_changes)

# As initiator of the rekey: both new SAs, the old ones go afterwards.
flows_start
vti_sa left vti0 in 0x2002 $alg "$(key $alg in2)"
xfrm_sa right $LEFT4 $RIGHT4 0x1002 $alg "$(key $alg out2)" replay-window 32
xfrm_sa right $RIGHT4 $LEFT4 0x2002 $alg "$(key $alg in2)" replay-window 32
vti_sa left vti0 out 0x1002 $alg "$(key $alg out2)" activate now pair 0x2002 replaces $SPI_OUT
expect 'activate now: the new SA sends' current "$(state out 0x1002)"
expect 'activate now: the old one no longer' superseded "$(state out $SPI_OUT)"
right_switch $SPI_IN 0x2002
check 'the old outbound SA can go' left ipvtictl sa del vti0 out spi $SPI_OUT
check 'the old inbound SA can go' left ipvtictl sa del vti0 in spi $SPI_IN
right ip xfrm state delete src $LEFT4 dst $RIGHT4 proto esp spi $SPI_OUT
flows_lost 'rekey as initiator'

# states OUT...: of these outbound SAs.
states() {
	local spi

	for spi; do
		echo "$spi $(state out "$spi")"
	done
}

# As responder: the new outbound SA waits until the peer has used its pair.
flows_start
vti_sa left vti0 in 0x2003 $alg "$(key $alg in3)"
xfrm_sa right $LEFT4 $RIGHT4 0x1003 $alg "$(key $alg out3)" replay-window 32
printf '%s\n' "$(xfrm_sa_line $RIGHT4 $LEFT4 0x2003 $alg "$(key $alg in3)" replay-window 32)" \
	"xfrm state delete src $RIGHT4 dst $LEFT4 proto esp spi 0x2002" >"$WORK/switch"
clear_events
vti_sa left vti0 out 0x1003 $alg "$(key $alg out3)" activate first-use pair 0x2003 replaces 0x1002
expect 'activate first-use: the new SA waits, the old one sends' '0x1002 current 0x1003 waiting' \
	"$(states 0x1002 0x1003 | xargs)"
right ip -batch "$WORK/switch"
wait_for 5 used 0x2003
expect 'the first packet on its pair makes it current, with no daemon' current \
	"$(state out 0x1003)"
expect 'and the old one superseded' superseded "$(state out 0x1002)"
check 'an event tells of the first use' wait_for 2 saw first-use
check 'and one of the replacement' wait_for 2 saw sa-replaced
left ipvtictl sa del vti0 out spi 0x1002
left ipvtictl sa del vti0 in spi 0x2002
right ip xfrm state delete src $LEFT4 dst $RIGHT4 proto esp spi 0x1002
flows_lost 'rekey as responder'

# A peer that never sends: after half a minute we use it all the same.
vti_sa left vti0 in 0x2004 $alg "$(key $alg in4)"
xfrm_sa right $LEFT4 $RIGHT4 0x1004 $alg "$(key $alg out4)" replay-window 32
start=$SECONDS
vti_sa left vti0 out 0x1004 $alg "$(key $alg out4)" activate first-use pair 0x2004 replaces 0x1003
expect 'a silent peer: it waits' '0x1003 current 0x1004 waiting' "$(states 0x1003 0x1004 | xargs)"
check 'for half a minute' wait_for 40 state_is out 0x1004 current
check 'and not less' test $((SECONDS - start)) -ge 29

vti_sa left vti0 out 0x1005 $alg "$(key $alg out5)" activate manual replaces 0x1004
expect 'activate manual: it waits' waiting "$(state out 0x1005)"
check_fails 'and goes on waiting' wait_for 2 state_is out 0x1005 current
check 'until it is told to' left ipvtictl sa activate vti0 spi 0x1005
expect 'then it sends' current "$(state out 0x1005)"

expect 'carrier never changed' "$changes" "$(left cat /sys/class/net/vti0/carrier_changes)"
expect 'dropped packets' 0 "$(drops left vti0 all)"
