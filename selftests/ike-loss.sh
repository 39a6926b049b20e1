#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Packets are lost, doubled and overtaken: whatever the handshake and the rekeys lose, both sides end
# with one working pair.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# bad_link, good_link: between left and right, in both directions.
bad_link() {
	local host

	for host in left right; do
		on $host tc qdisc replace dev wan root netem delay 15ms 10ms loss 25% duplicate 20% reorder 30%
	done
}
good_link() {
	local host

	for host in left right; do
		on $host tc qdisc del dev wan root
	done
}
settled() {
	local failed=$KTAP_FAILED

	check_one_pair "$1: one pair of SAs on both sides"
	check "$1: both families pass" wait_for 5 answers
	[ "$KTAP_FAILED" -eq "$failed" ] || lost_where
}

hosts
lan_right
check 'charon starts' charon_start right 'retransmit_timeout = 0.3' 'retransmit_base = 1.2' \
	'retransmit_tries = 15'
check 'charon takes its configuration' gateway_load
check 'ipvtid starts' site_start retransmit=200ms
for round in 1 2 3; do
	bad_link
	check "round $round: ipvtictl up" up
	spi=$(outbound)
	check "round $round: Child rekey from left" ctl left rekey site-b
	check "round $round: another SA sends" wait_for $UP_WITHIN differs outbound "$spi"
	spi=$(outbound)
	check "round $round: Child rekey from right" vici rekey child=net
	check "round $round: another SA sends again" wait_for $UP_WITHIN differs outbound "$spi"
	spi=$(ike_spi)
	check "round $round: IKE rekey from left" ctl left rekey site-b ike
	check "round $round: another IKE SA" wait_for $UP_WITHIN differs ike_spi "$spi"
	good_link
	settled "round $round"
	bad_link
	spi=$(outbound)
	ctl left rekey site-b >/dev/null
	vici rekey child=net >/dev/null
	check "round $round: Child rekeys from both sides at once" wait_for $UP_WITHIN differs outbound "$spi"
	ctl left rekey site-b ike >/dev/null
	vici rekey ike=site-a >/dev/null
	good_link
	settled "round $round, at once"
	check "round $round: down" down
done
logs_if_failed
