#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Link state is tunnel state: carrier exactly while the peer can be reached.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
changes() { left cat /sys/class/net/vti0/carrier_changes; }
from_peer() {
	ask right esp $RIGHT4 $LEFT4 $SPI_IN "$key" "$1" "${2:-none}"
}

hosts
monitor left
vti_device left $LEFT4 $RIGHT4 $LAN_LEFT4/24 $LAN_LEFT6/64
expect 'no SA: no carrier' 0 "$(carrier left vti0)"
vti_sa left vti0 out $SPI_OUT $alg "$(key $alg out)"
expect 'an outbound SA alone: no carrier' 0 "$(carrier left vti0)"
vti_sa left vti0 in $SPI_IN $alg "$key"
expect 'both: carrier' 1 "$(carrier left vti0)"
check 'an event tells' wait_for 2 saw carrier
left ipvtictl sa del vti0 out spi $SPI_OUT
expect 'an inbound SA alone: no carrier' 0 "$(carrier left vti0)"
vti_sa left vti0 out $SPI_OUT $alg "$(key $alg out)"
expect 'both again: carrier' 1 "$(carrier left vti0)"
spi=$(left ipvtictl sa reserve vti0)
left ipvtictl sa del vti0 in spi $SPI_IN
expect 'a reserved SPI is no SA: no carrier' 0 "$(carrier left vti0)"
vti_sa left vti0 in $SPI_IN $alg "$key"
left ipvtictl sa del vti0 in spi "$spi"
expect 'releasing it takes nothing away' 1 "$(carrier left vti0)"

before=$(changes)
vti_sa left vti0 in 0x2222 $alg "$(key $alg in2)"
vti_sa left vti0 out 0x1111 $alg "$(key $alg out2)"
left ipvtictl sa del vti0 in spi $SPI_IN
left ipvtictl sa del vti0 out spi $SPI_OUT
vti_sa left vti0 in $SPI_IN $alg "$key"
vti_sa left vti0 out $SPI_OUT $alg "$(key $alg out)"
left ipvtictl sa del vti0 in spi 0x2222
left ipvtictl sa del vti0 out spi 0x1111
expect 'duplicate and replaced SAs do not flap the link' "$before" "$(changes)"

# The daemon suspects the peer; any authenticated packet proves it wrong.
left ipvtictl set vti0 suspect on
expect 'a suspect peer: no carrier' 0 "$(carrier left vti0)"
expect 'the SAs stay' 'live current' \
	"$(sa_show left vti0 in $SPI_IN state) $(sa_show left vti0 out $SPI_OUT state)"
from_peer 1 flip-icv
from_peer 1 cut-one
expect 'a forged packet does not bring carrier back' 0 "$(carrier left vti0)"
clear_events
from_peer 1
check 'an authenticated one does, at once' wait_for 1 is_carrier left vti0 1
check 'the event heard comes' wait_for 1 saw heard
left ipvtictl set vti0 suspect on
from_peer 1
expect 'a replayed packet does not' 0 "$(carrier left vti0)"
left ipvtictl set vti0 suspect off
expect 'the daemon can change its mind' 1 "$(carrier left vti0)"

# Silence is an event, not polling.
clear_events
left ipvtictl set vti0 quiet 300ms
check 'the event quiet comes when nothing is heard' wait_for 2 saw quiet
clear_events
from_peer 2
check 'heard, when something is' wait_for 1 saw heard
check 'and quiet again' wait_for 2 saw quiet
# Who asks anew knows nothing: with a peer that is never silent there would be no event.
left ipvtictl set vti0 quiet 60s
clear_events
from_peer 3
check 'the first packet for who asks anew is told, with no silence before it' wait_for 2 saw heard
clear_events
from_peer 4
check_fails 'and no other' wait_for 1 saw heard
left ipvtictl sa del vti0 in spi $SPI_IN
vti_sa left vti0 in $SPI_IN $alg "$key"
clear_events
from_peer 1
check 'so is the first after new SAs' wait_for 2 saw heard
expect 'silence alone leaves carrier' 1 "$(carrier left vti0)"

# Admin state is the user's.
is_up() { left ip link show dev vti0 up | grep -q .; }
check 'all that left the device up' is_up
left ip link set vti0 down
left ipvtictl sa del vti0 in spi $SPI_IN
vti_sa left vti0 in $SPI_IN $alg "$key"
check_fails 'down stays down when keys come' is_up
from_peer 3
expect 'what arrives is dropped as device-down' 1 "$(drops left vti0 device-down)"
left ip link set vti0 up
expect 'up, with keys, it has carrier' 1 "$(carrier left vti0)"
