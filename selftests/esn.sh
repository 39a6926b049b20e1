#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Extended sequence numbers (RFC 4303 section 2.2.1, appendix A) across 2^32 in both directions
# against XFRM, and the end of 32-bit ones.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

hosts

top=$(((1 << 32) - 6))
# XFRM takes the two halves apart; "oseq" is what it sent last, "seq" what it received last.
xfrm_top="replay-seq $(printf '0x%x' $((top & 0xffffffff))) replay-seq-hi 0x0"
xfrm_otop="replay-oseq $(printf '0x%x' $((top & 0xffffffff))) replay-oseq-hi 0x0"

for alg in aes256gcm16 aes128-sha256 chacha20poly1305; do
	tunnel alg=$alg esn=on out="seq $top" in="seq $top" \
		xfrm-out="$xfrm_top" xfrm-in="$xfrm_otop"
	check "$alg: no packet is lost across 2^32, both ways" ping_all left $LAN_RIGHT4 count=20
	expect "$alg: the last number sent has a high half" $((top + 20)) \
		"$(sa_show left vti0 out $SPI_OUT seq)"
	expect "$alg: the highest number received has a high half" $((top + 20)) \
		"$(sa_show left vti0 in $SPI_IN seq)"
	expect "$alg: dropped packets" 0 "$(drops left vti0 all)"
	tunnel_down
done

# Far above 2^32, and a high half alone that differs is another packet.
far=$((5 << 32 | 0x1000))
tunnel esn=on out="seq $far" in="seq $far" \
	xfrm-out='replay-seq 0x1000 replay-seq-hi 0x5' xfrm-in='replay-oseq 0x1000 replay-oseq-hi 0x5'
check 'numbers that start with high half 5' ping_all left $LAN_RIGHT4
tunnel_down

# Without ESN the SA stops at 2^32 - 1 and says so; it never wraps.
tunnel out="seq $top"
expect 'without ESN five more packets are sent' 5 "$(
	left ping -q -n -c 12 -i 0.02 -W 1 $LAN_RIGHT4 | sed -n 's/.* \([0-9]*\) received.*/\1/p')"
expect 'the last number is 2^32 - 1' expired "$(sa_show left vti0 out $SPI_OUT state)"
expect 'and carrier is gone, as no SA can send' 0 "$(carrier left vti0)"
