#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The peer's IKE is silent while its kernel goes on with ESP: carrier stays, status says so.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

hosts
# Long enough that ESP flows before ipvtid could have asked once: no silence, and no IKE, is ever seen.
ike_peers detect=6s
check 'ipvtictl up' up
changes=$(carrier_changes)
spi=$(outbound)
flows_start
kill -STOP "${CHARON_PID[right]}"
check 'a rekey that nobody answers' ctl left rekey site-b
silent() { [ "$(status left site-b '.ike.unanswered > 12000')" = true ]; }
check 'IKE has not answered for twice detect, status says so' wait_for 25 silent
expect 'status: ESP was heard just now' true "$(status left site-b '.["last-heard"] < 1000')"
expect 'status: not suspect' 'up false' "$(status left site-b '"\(.state) \(.suspect)"')"
expect 'carrier is on' 1 "$(carrier left vti0)"
expect 'carrier never changed' "$changes" "$(carrier_changes)"
kill -CONT "${CHARON_PID[right]}"
check 'IKE lives again: the rekey is done' wait_for $UP_WITHIN differs outbound "$spi"
flows_stop 'all the time'
check_one_pair 'one pair of SAs on both sides'
logs_if_failed
