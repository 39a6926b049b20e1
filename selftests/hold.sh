#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer may send on a new SA before its key has reached the kernel: packets on a reserved SPI wait
# for it, within bounds.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg new)
reserve() { left ipvtictl sa reserve vti0; }
# early SPI COUNT
early() { ask right esp $RIGHT4 $LEFT4 "$1" "$key" 1 none count="$2" "${@:3}"; }

# hold COUNT [OPTION=VALUE...]: so many packets for a new reservation $spi, of which $refused were not
# kept; $late of earlier ones had waited in vain. They may wait for a second: a machine that took
# longer to send them tries again.
hold() {
	local before

	for _ in {1..5}; do
		late=$(drops left vti0 hold-timeout)
		before=$(drops left vti0 no-key)
		spi=$(reserve)
		early "$spi" "$@"
		refused=$(($(drops left vti0 no-key) - before))
		[ "$(drops left vti0 hold-timeout)" != "$late" ] || return 0
	done
	return 1
}
# hold_and_key COUNT: the same, and the key comes in time.
hold_and_key() {
	for _ in {1..5}; do
		hold "$1" || return 1
		vti_sa_now left vti0 in "$spi" $alg "$key"
		[ "$(drops left vti0 hold-timeout)" != "$late" ] || return 0
	done
	return 1
}

packets_are() { [ "$(sa_show left vti0 in "$1" packets)" = "$2" ]; }

hosts
tunnel alg=$alg peer=none

spi=$(reserve)
check 'a reserved SPI is at least 256' test $((spi)) -ge 256
expect 'it is shown as reserved' reserved "$(sa_show left vti0 in "$spi" state)"
early "$spi" 10
vti_sa_now left vti0 in "$spi" $alg "$key"
expect 'nothing is dropped meanwhile' 0 "$(drops left vti0 all)"
check 'ten packets that came before the key are processed after it' \
	wait_for 2 packets_are "$spi" 10
expect 'in order: the last is the highest' 10 "$(sa_show left vti0 in "$spi" seq)"
early "$spi" 10
expect 'and each only once' '10 10' \
	"$(sa_show left vti0 in "$spi" packets) $(drops left vti0 replay-seen)"

check '1100 packets and the key within a second' hold_and_key 1100
expect 'of 1100, 1024 are held' 76 "$refused"
check 'and the 1024 are processed' wait_for 2 packets_are "$spi" 1024

left ip link set wan mtu 9000
right ip link set wan mtu 9000
check '130 packets of 8900 octets within a second' hold 130 size=8900
held=$((130 - refused))
check 'large ones are held up to 1 MiB' test $held -ge 110 -a $held -le 117
check 'after a second they are dropped as hold-timeout' \
	wait_for 5 dropped left vti0 hold-timeout $((late + held))
vti_sa_now left vti0 in "$spi" $alg "$key"
expect 'a late key finds nothing' 0 "$(sa_show left vti0 in "$spi" packets)"

spi=$(reserve)
early "$spi" 5
left ipvtictl sa del vti0 in spi "$spi"
expect 'a reservation that is released is gone' none "$(sa_show left vti0 in "$spi" state)"
expect 'no two reservations are the same' 20 "$(for _ in {1..20}; do reserve; done | sort -u | wc -l)"

left ip xfrm state add src $RIGHT4 dst $LEFT4 proto esp spi 0x7777 mode tunnel \
	aead 'rfc4106(gcm(aes))' "0x$(key aes128gcm16 x)" 128
check_fails 'an SPI that XFRM has is refused' vti_sa left vti0 in 0x7777 $alg "$key"
