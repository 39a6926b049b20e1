#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Dumps of devices and SAs that span several messages, while both come and go.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

hosts
many=60

{
	for ((i = 0; i < many; i++)); do
		echo "link add many$i type ipvti"
	done
} >"$WORK/add"
sed 's/ type ipvti//; s/add/del/' "$WORK/add" >"$WORK/del"
left ip -batch "$WORK/add"
tunnel peer=none
check 'SAs of one device: 200 pairs can be installed' \
	left "$HELPERS/dump.py" fill vti0 200
expect 'a dump has each exactly once' '402 402' "$(
	left ipvtictl -j sa show vti0 | jq -r '[length, (unique_by([.dir, .spi]) | length)] | join(" ")')"
expect 'a dump of devices has each exactly once' "$((many + 1)) $((many + 1))" "$(
	left ipvtictl -j show | jq -r '[length, (unique_by(.id) | length)] | join(" ")')"

# Dumps go on while others add and delete; each ends, and what stays is in all of them.
job bash -c '
	while :; do
		ip -n left -batch "$1/del"
		ip -n left -batch "$1/add"
	done' bash "$WORK"
churn=$JOB
job ip netns exec left "$HELPERS/dump.py" churn vti0
sas=$JOB
check 'dumps while devices and SAs come and go' left "$HELPERS/dump.py" watch vti0 5
end "$churn"
end "$sas"
expect 'the SAs that stayed are there' '402' "$(
	left ipvtictl -j sa show vti0 | jq '[.[] | select(.spi < "0x0f000000")] | length')"
check 'a device with 400 SAs is deleted at once' left ip link del vti0
