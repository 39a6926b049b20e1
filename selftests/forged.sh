#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Truncated, forged and lying packets: each is a drop with the right reason, and nothing else
# changes.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)
seq=100

# esp FAULT [OPTION...]: one packet with that fault, otherwise fit for the SA.
esp() {
	seq=$((seq + 1))
	ask right esp $RIGHT4 $LEFT4 "${spi:-$SPI_IN}" "$key" $seq "$@"
}

# state: everything that a packet could change but for drop counters.
state() {
	left ipvtictl -j show vti0 | grep -v -e '-age"' -e '"age"'
	rx_packets left vti0
}

# refused FAULT REASON [OPTION...]
refused() {
	local fault=$1 reason=$2 before drops

	shift 2
	before=$(state)
	drops=$(drops left vti0 "$reason")
	esp "$fault" "$@"
	expect "$fault${*:+ ($*)}: dropped as $reason" $((drops + 1)) "$(drops left vti0 "$reason")"
	expect "$fault${*:+ ($*)}: nothing else changes" "$before" "$(state)"
}

hosts
tunnel alg=$alg peer=none
ask right esp $RIGHT4 $LEFT4 $SPI_IN "$key" 1 none
expect 'a sound packet is taken' 1 "$(sa_show left vti0 in $SPI_IN packets)"

refused no-payload malformed
refused cut-in-icv malformed
refused odd malformed
refused cut-one malformed
refused wrong-key auth-failed
refused cut-four auth-failed
refused longer auth-failed
refused flip-icv auth-failed
refused flip-payload auth-failed
refused flip-seq auth-failed

# From here on the ICV is right: the peer itself lies. The window and the SA's life may move on.
# lies FAULT REASON [OPTION...]
lies() {
	local fault=$1 reason=$2 drops rx

	shift 2
	drops=$(drops left vti0 "$reason")
	rx=$(rx_packets left vti0)
	esp "$fault" "$@"
	expect "$fault${*:+ ($*)}: dropped as $reason" $((drops + 1)) "$(drops left vti0 "$reason")"
	expect "$fault${*:+ ($*)}: nothing is delivered" "$rx" \
		"$(rx_packets left vti0)"
}
lies pad-too-long bad-trailer
lies next-header-udp bad-trailer
lies next-header-esp bad-trailer
lies dummy dummy
for inner in 4 6; do
	lies empty bad-inner inner=$inner
	lies short-inner bad-inner inner=$inner
	lies header-only-part bad-inner inner=$inner
	lies version-0 bad-inner inner=$inner
	lies version-15 bad-inner inner=$inner
done
lies version-6-in-4 bad-inner
lies total-length-more bad-inner
lies total-length-less bad-inner
lies header-length-less bad-inner
lies header-length-more bad-inner size=16
lies payload-length-more bad-inner inner=6

# Padding for traffic flow confidentiality behind the inner packet is no lie (RFC 4303 2.7).
before=$(rx_packets left vti0)
esp tfc
esp tfc inner=6
expect 'octets behind the inner packet are cut off, the packet is delivered' $((before + 2)) \
	"$(rx_packets left vti0)"

# SPIs that are nobody's: no device is touched. With XFRM's esp4, which takes every ESP packet that
# reaches it, or without.
before=$(state) drops=$(drops left vti0 all) count=$(drops left none no-sa)
for spi in 0 1 255 256 0xdeadbeef 0xffffffff; do
	esp none
done
for fault in cut-spi one-octet; do
	spi=$SPI_IN esp $fault
done
expect 'unknown and reserved SPIs: the device is as it was' "$before" "$(state)"
expect 'unknown and reserved SPIs: not its drops' "$drops" "$(drops left vti0 all)"
expect 'unknown and reserved SPIs: counted once each' $((count + 8)) "$(drops left none no-sa)"
ask right esp $RIGHT6 $LEFT6 0xdeadbeef "$key" 1 none
expect 'over IPv6 too' $((count + 9)) "$(drops left none no-sa)"

# One that XFRM has is not nobody's, even if its key is wrong.
xfrm_sa left $RIGHT4 $LEFT4 0x6001 $alg "$(key $alg other)"
spi=0x6001 esp none
expect 'an SPI of XFRM is not' $((count + 9)) "$(drops left none no-sa)"
expect 'XFRM has the packet' 1 "$(left ip -s xfrm state get src $RIGHT4 dst $LEFT4 proto esp \
	spi 0x6001 | sed -n 's/.* failed \([0-9]*\).*/\1/p')"
left ip xfrm state flush

# The destination must be the device's local address.
left ip addr add 10.0.0.77/24 dev wan
ask right esp $RIGHT4 10.0.0.77 $SPI_IN "$key" 999 none
expect 'to another address of the host: not taken' "$before" "$(state)"

for spi in 0 1 255; do
	check_fails "an SA with SPI $spi is refused" \
		vti_sa left vti0 in $spi $alg "$key"
done
