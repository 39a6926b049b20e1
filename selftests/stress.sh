#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Everything at once: traffic both ways on eight devices, rekeys, changing settings, links that go
# down, devices and namespaces that are deleted, dumps. For STRESS_SECONDS, else for a few.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
. "${0%/*}/eight.sh"

seconds=${STRESS_SECONDS:-10}

eight_devices
for host in left right; do
	monitor $host
done
check 'all of them work' works 5

roles=(traffic rekey knobs delete spaces look)
declare -A process=()
for role in "${roles[@]}"; do
	job "$HELPERS/stress.py" "$role" "$seconds" >"$WORK/stress.$role" 2>&1
	process[$role]=$JOB
done
for role in "${roles[@]}"; do
	wait "${process[$role]}"
	count=$(tail -n 1 "$WORK/stress.$role")
	check "$seconds s of $role: $count" test "$count" -gt 0
	[ "$(wc -l <"$WORK/stress.$role")" = 1 ] || diag "$(<"$WORK/stress.$role")"
done

# What no change of keys, settings or devices may bring about.
wrong() {
	local host i reason count

	for host in left right; do
		for i in {0..7}; do
			for reason in auth-failed malformed bad-trailer bad-inner seq-zero replay-seen \
				selector crypto; do
				count=$(drops $host "s$i" $reason)
				[ "$count" = 0 ] || echo "$host s$i: $reason $count"
			done
		done
	done
}
expect 'no packet was damaged or came twice' '' "$(wrong)"
left ip link set wan mtu 1500
right ip link set wan mtu 1500
check 'new keys for all devices' stress settle 0
check 'all of them work again' works 5
tunnel_cleanup
check 'the module is let go' wait_for 20 rmmod ipvti
