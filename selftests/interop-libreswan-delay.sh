#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# kernels: uml
# peers: libreswan
# Libreswan sends on a new SA before its answer to our rekey has come, which takes 50 ms longer than
# its ESP packets: those wait on the reserved SPI, and none is lost. It says that it takes no padding,
# so there is none although it is configured.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"
. "${0%/*}/pki.sh"
. "${0%/*}/interop/cells.sh"
PEER_FILES=/peers/libreswan
. "${0%/*}/interop/libreswan.sh"

RATE=10000	# a second; User Mode Linux with its checkers comes to some hundreds, see the diagnostics

# slow_ike: what right sends by UDP takes 50 ms longer.
slow_ike() {
	right tc qdisc add dev wan root handle 1: prio bands 3 priomap 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 &&
		right tc qdisc add dev wan parent 1:3 netem delay 50ms limit 10000 &&
		right tc filter add dev wan parent 1: protocol ip u32 match ip protocol 17 0xff flowid 1:3
}

interop_hosts
batch right "route add $NET_LEFT4 via 10.0.9.254 src $LAN_RIGHT4"
CELL=([role]=initiator [auth]=psk [path]=native [event]=child-left [proposal]=chacha [outer]=4)
families() { echo 4; }
LEFT_WORDS=(tfc=1200)
PLUTO_WORDS=(send-no-esp-tfc=yes)
no_padding() {
	expect "$1: tfc is off" '0 refused by the peer' "$(show left vti0 tfc) $(status left site-b .tfc)"
}
way
check 'Libreswan takes its configuration' peer_configure
check 'ipvtid takes its configuration' left_configure
check 'ipvtictl up' begin
check 'it passes' wait_for $UP_WITHIN passes
no_padding 'up'
check 'IKE messages of right take longer' slow_ike

start=${EPOCHREALTIME/./}
flow_start back right left $LAN_LEFT4 $RATE
for round in 1 2 3; do
	spi=$(outbound)
	check "rekey $round" ctl left rekey site-b
	check "rekey $round: another SA sends" wait_for $UP_WITHIN differs outbound "$spi"
	no_padding "rekey $round"
done
flow_stop back
seconds=$(((${EPOCHREALTIME/./} - start) / 1000))
diag "$FLOW_SENT packets in $seconds ms: $((FLOW_SENT * 1000 / seconds)) a second"
expect 'no packet is lost' "0 of $FLOW_SENT" "$FLOW_LOST of $FLOW_SENT"
expect 'nothing was dropped for want of a key' 0 "$(drops left vti0 no-key)"
diag "$(left ipvtictl stats vti0)"
logs() { diag "$(tail -n 20 "$(ipvtid_log left)"; tail -n 20 "$PEER_LOG")"; }
logs_if_failed
