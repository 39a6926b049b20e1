#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each memory allocation of each command fails once: an error, nothing changed, nothing leaked.
# timeout: 300
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

[ -e /proc/self/fail-nth ] || skip_all 'this kernel cannot inject failures'

hosts
vti_device left $LEFT4 $RIGHT4 $LAN_LEFT4/24 $LAN_LEFT6/64
# Failures are to hit allocations that may sleep, in silence.
for injector in failslab fail_page_alloc; do
	echo 0 >/sys/kernel/debug/$injector/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$injector/verbose
done 2>/dev/null
output=$(ip netns exec left "$HELPERS/fail_nth.py" 2>&1)
status=$?
diag "$output"
expect 'every command was tried' 0 $status
expect 'each failure is an error and changes nothing' '' "$(grep ^FAIL <<<"$output")"
check 'the device works on' left ipvtictl set vti0 remote $RIGHT4
check 'and can be deleted' left ip link del vti0
