#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Memory that a packet does not own is never written to: a file sent with sendfile() is the same
# afterwards, on disk, in the page cache and at the other end; and ESP that arrives in page cache
# pages (sendfile into UDP, over veth) is decrypted elsewhere.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# Both ends in this kernel: what is sent from the page cache arrives in the page cache.
hosts
head -c 700K /dev/urandom >"$WORK/file"
sum=$(sha256sum <"$WORK/file")

# sendfile_to ADDRESS tcp|udp
sendfile_to() {
	rm -f "$WORK/received"
	job ip netns exec right "$HELPERS/splice.py" receive "$2" 5000 "$WORK/received" 2>&1
	wait_for 10 test -e "$WORK/received"
	left timeout $((60 * SLOWER)) "$HELPERS/splice.py" send "$2" "$1" 5000 "$WORK/file" || {
		end "$JOB"
		return 1
	}
	wait "$JOB"
	sha256sum <"$WORK/received"
	rm -f "$WORK/received"
}

for alg in aes128gcm16 chacha20poly1305 aes128-sha256 null-sha256; do
	for peer in vti xfrm; do
		[ $peer = vti ] || [ $alg = aes128gcm16 ] || continue
		tunnel alg=$alg peer=$peer
		expect "$alg to $peer: sendfile over TCP arrives" "$sum" \
			"$(sendfile_to $LAN_RIGHT4 tcp)"
		expect "$alg to $peer: the file is the same" "$sum" "$(sha256sum <"$WORK/file")"
		sendfile_to $LAN_RIGHT6 udp >/dev/null
		expect "$alg to $peer: after sendfile over UDP it still is" "$sum" \
			"$(sha256sum <"$WORK/file")"
		tunnel_down
	done
done

# An ESP packet as a file: taken from XFRM while left has no key yet.
tunnel alg=aes128gcm16 encap=udp
left ipvtictl sa del vti0 in spi $SPI_IN
job ip netns exec left tcpdump -q -n -U -c 1 -s 0 -Q in -i wan -w "$WORK/one.pcap" \
	'udp port 4500 and greater 1000' 2>"$WORK/err"
wait_for 10 grep -q listening "$WORK/err"
ask right ping $LAN_LEFT4 size=1000 wait=0.1 >/dev/null
wait "$JOB"
# 24 and 16 octets of pcap, 14 of Ethernet, 20 of IPv4, 8 of UDP
tail -c +83 "$WORK/one.pcap" >"$WORK/esp"
expect 'the packet begins with its SPI' "$(printf '%08x' $SPI_IN)" \
	"$(head -c 4 "$WORK/esp" | od -An -tx1 | tr -d ' \n')"
sum=$(sha256sum <"$WORK/esp")
end "${UDP_ESP[right]}"
right ip xfrm policy flush
vti_sa left vti0 in $SPI_IN aes128gcm16 "$(key aes128gcm16 in)"
right "$HELPERS/splice.py" send udp-from-4500 $LEFT4 4500 "$WORK/esp"
taken() { [ "$(sa_show left vti0 in $SPI_IN packets)" = 1 ]; }
check 'ESP out of the page cache is taken' wait_for 5 taken
expect 'and the page cache is as it was' "$sum" "$(sha256sum <"$WORK/esp")"
