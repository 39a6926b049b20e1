#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Soft and hard limits of an SA: packets, bytes, seconds, idle. RFC 4301 section 4.4.2.1.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# sent COUNT: how many of that many echo requests reached the peer.
sent() {
	left ping -q -n -c "$1" -i 0.02 -W 1 $LAN_RIGHT4 | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
state_is() { [ "$(sa_show left vti0 "$1" "$2" state)" = "$3" ]; }

hosts
monitor left

tunnel out='soft packets 3 hard packets 6'
expect 'of ten packets the hard limit of six lets six out' 6 "$(sent 10)"
expect 'the soft event came' 1 "$(events soft)"
expect 'the hard event came' 1 "$(events hard)"
expect 'the SA is expired' expired "$(sa_show left vti0 out $SPI_OUT state)"
expect 'carrier went with the last SA that can send' 0 "$(carrier left vti0)"
expect 'the inbound SA lives on' live "$(sa_show left vti0 in $SPI_IN state)"
check_fails 'the expired SA cannot be made current again' \
	left ipvtictl sa activate vti0 spi $SPI_OUT
check 'it can be deleted' left ipvtictl sa del vti0 out spi $SPI_OUT
vti_sa left vti0 out 0x1234 aes128gcm16 "$(key aes128gcm16 new)"
expect 'a new one brings carrier back' 1 "$(carrier left vti0)"
tunnel_down

tunnel in='hard packets 4'
expect 'an inbound hard limit of four' 4 "$(sent 8)"
expect 'the inbound SA is expired' expired "$(sa_show left vti0 in $SPI_IN state)"
expect 'carrier went with the last SA that can receive' 0 "$(carrier left vti0)"
before=$(drops left vti0 sa-expired)
ping_once right $LAN_LEFT4 >/dev/null
expect 'what still arrives on it is counted as sa-expired' $((before + 1)) \
	"$(drops left vti0 sa-expired)"
tunnel_down

# 84 octets each: the fifth is the one that would pass 400.
tunnel out='soft bytes 200 hard bytes 400'
expect 'a hard limit of 400 octets' 4 "$(sent 8)"
expect 'the SA is expired' expired "$(sa_show left vti0 out $SPI_OUT state)"
tunnel_down

clear_events
tunnel out='soft seconds 1 hard seconds 3'
check 'the hard limit in seconds needs no packet' wait_for 8 saw hard
expect 'the soft one came before it' soft "$(
	grep -oE '"event": *"(soft|hard)"' "$WORK/events" | head -n 1 | grep -oE 'soft|hard')"
expect 'the SA is expired' expired "$(sa_show left vti0 out $SPI_OUT state)"
expect 'carrier is gone' 0 "$(carrier left vti0)"
tunnel_down

tunnel in='hard idle 4'
ask left ping $LAN_RIGHT4 count=60 interval=0.1 need=0 >/dev/null
ask right ping $LAN_LEFT4 count=60 interval=0.1 need=0 >/dev/null
expect 'an SA in use does not idle away' live "$(sa_show left vti0 in $SPI_IN state)"
check 'one that is not used does' wait_for 10 state_is in $SPI_IN expired
tunnel_down

# A batch that crosses the limit is cut, not let through whole.
tunnel out='hard packets 20'
check_fails 'TCP with large segments does not get through' \
	ask left tcp-send $LAN_RIGHT4 "$(ask right tcp-listen $LAN_RIGHT4)" 1 5
expect 'it stops at exactly 20 packets' 20 \
	"$(sa_show left vti0 out $SPI_OUT packets)"
