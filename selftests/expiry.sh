#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# SAs expire while they are deleted, under traffic: each goes once, nothing of it is left.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

hosts
tunnel
flow_start back right left $LAN_LEFT4 200
left "$HELPERS/expiry.py" vti0 $LAN_RIGHT4 5 >"$WORK/expiry"
status=$?
read -r count expired <"$WORK/expiry"
diag "$(<"$WORK/expiry")"
expect 'every SA could be deleted, and only once' 0 $status
check "of $count SAs that were deleted some had expired, and some had not" \
	test "${expired:-0}" -gt 20 -a "${expired:-0}" -lt "${count:-0}"
expect 'the two that stayed are there' "in $SPI_IN live
out $SPI_OUT current" "$(ask left sas vti0)"
flow_stop back
expect "lost meanwhile of $FLOW_SENT" 0 $FLOW_LOST
check 'the tunnel works' ping_all left $LAN_RIGHT4
check 'the device can be deleted' left ip link del vti0
