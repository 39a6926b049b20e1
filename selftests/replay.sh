#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# The anti-replay window of RFC 4303 section 3.4.3 and appendix A2, with ESP made by hand.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

alg=null-sha256
key=$(key $alg in)

# esp SEQ [FAULT] [OPTION...]: one packet from right to left.
esp() {
	ask right esp $RIGHT4 $LEFT4 $SPI_IN "$key" "$1" "${2:-none}" "${@:3}"
}

# accepted: packets that the inbound SA has let in.
accepted() { sa_show left vti0 in $SPI_IN packets; }

hosts

# What the top and the window's lower edge do, for each size.
for window in 32 64 1024 8192; do
	tunnel alg=$alg window=$window peer=none
	top=20000
	esp $top
	expect "window $window: the first packet is taken" 1 "$(accepted)"
	expect "window $window: it is the highest" $top "$(sa_show left vti0 in $SPI_IN seq)"
	esp $top
	expect "window $window: the same again is dropped" '1 1' \
		"$(accepted) $(drops left vti0 replay-seen)"
	esp $((top - window + 1))
	expect "window $window: the oldest inside is taken" 2 "$(accepted)"
	esp $((top - window + 1))
	expect "window $window: once" '2 2' "$(accepted) $(drops left vti0 replay-seen)"
	esp $((top - window))
	expect "window $window: the next older is dropped" '2 1' \
		"$(accepted) $(drops left vti0 replay-old)"
	esp $((top + 3 * window))
	esp $((top + 2 * window + 1))
	expect "window $window: it moves with the highest" 4 "$(accepted)"
	esp $((top + 2 * window))
	expect "window $window: and forgets what it left behind" 2 "$(drops left vti0 replay-old)"
	esp $((top + 4 * window)) flip-icv
	expect "window $window: a forged packet does not move it" "1 $((top + 3 * window))" \
		"$(drops left vti0 auth-failed) $(sa_show left vti0 in $SPI_IN seq)"
	esp 1 none count=100
	expect "window $window: a hundred old ones" 102 "$(drops left vti0 replay-old)"
	tunnel_down
done

tunnel alg=$alg window=0 peer=none
esp 100
esp 100
esp 5
expect 'window 0 checks nothing' 3 "$(accepted)"
tunnel_down

# A captured packet of a real peer, sent once more.
tunnel alg=aes128gcm16
job ip netns exec left tcpdump -q -n -U -c 1 -s 0 -Q in -i wan -w "$WORK/one.pcap" esp 2>"$WORK/tcpdump"
tap=$JOB
wait_for 10 grep -q listening "$WORK/tcpdump"
check 'a packet of XFRM is answered' ping_once right $LAN_LEFT4
wait "$tap"
before=$(accepted)
right "$HELPERS/resend.py" "$WORK/one.pcap" wan
wait_for 5 dropped left vti0 replay-seen 1
expect 'captured and sent again it is dropped' "$before 1" \
	"$(accepted) $(drops left vti0 replay-seen)"
