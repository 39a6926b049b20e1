#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# Bad input over netlink is refused with a text, and changes nothing; replies leak nothing.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# cases WORD...: one result for each line of helpers/netlink_bad.py
cases() {
	local verdict text

	left "$HELPERS/netlink_bad.py" "$@" >"$WORK/cases"
	while read -r verdict text; do
		if [ "$verdict" = PASS ]; then
			ok "$1: $text"
		else
			not_ok "$1: $verdict $text"
		fi
	done <"$WORK/cases"
	[ -s "$WORK/cases" ] || not_ok "$1: cases were run"
}
state() {
	left ipvtictl -j show | grep -v -e 'age"' -e '"packets"' -e '"bytes"' -e '"seq"'
}

hosts
tunnel
before=$(state)
cases refused vti0
expect 'what was refused has changed nothing' "$before" "$(state)"
check 'the tunnel works on' ping_all left $LAN_RIGHT4

cases padding
cases secret "$(key aes128gcm16 out | cut -c1-32)"
cases secret "$(key aes128gcm16 in | cut -c1-32)"

# Without the capability: look, but do not touch, and hear nothing.
nobody() { left setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
check_fails 'without CAP_NET_ADMIN nothing can be set' nobody ipvtictl set vti0 ttl 5
check_fails 'nor an SA be deleted' nobody ipvtictl sa del vti0 in spi $SPI_IN
check_fails 'nor events be heard' nobody "$HELPERS/netlink_bad.py" group
expect 'all is as it was' "$before" "$(state)"

left ip link add fuzz0 type ipvti
left ipvtictl set fuzz0 local $LEFT4 remote 10.0.0.3
for seed in 1 2 3; do
	cases fuzz fuzz0 $seed 700
done
left ip link del fuzz0
check 'the tunnel still works' ping_all left $LAN_RIGHT4
