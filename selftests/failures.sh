#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 1200
# One memory allocation in twenty fails, under traffic both ways on eight devices and under requests
# over netlink: packets are lost and requests refused, and afterwards all is whole again. memory.sh
# fails each allocation of each command once. For FAILURE_SECONDS, else for a few.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
. "${0%/*}/eight.sh"

faults=/sys/kernel/debug
[ -d $faults/failslab ] || skip_all 'this kernel cannot inject failures'
seconds=${FAILURE_SECONDS:-6}
seed=${FUZZ_SEED:-1}

# inject PERCENT SLEEPING TASKS: so many fail, of atomic allocations, with SLEEPING=N too of those that
# may sleep; with TASKS=Y only of tasks that ask for it.
inject() {
	local injector

	for injector in failslab fail_page_alloc; do
		echo "$2" >$faults/$injector/ignore-gfp-wait
		echo "$3" >$faults/$injector/task-filter
		echo 0 >$faults/$injector/verbose
		echo -1 >$faults/$injector/times
		echo 1 >$faults/$injector/interval
		echo "$1" >$faults/$injector/probability
	done
	echo 0 >$faults/fail_page_alloc/min-order
}
at_exit inject 0 Y Y

lost() {
	local i sum=0

	for i in {0..7}; do
		sum=$((sum + $(drops "$1" "s$i" no-memory)))
	done
	echo $sum
}

eight_devices
check 'all of them work' works 10

# Sending and receiving, in whatever context: only allocations that may not sleep.
job "$HELPERS/stress.py" traffic "$seconds" >"$WORK/traffic" 2>&1
inject 5 Y N
wait "$JOB"
inject 0 Y Y
diag "$(tail -n 3 "$WORK/traffic"); no-memory: left $(lost left), right $(lost right)"
check 'traffic under failures: left has lost packets for want of memory' test "$(lost left)" -gt 0
check 'traffic under failures: and right' test "$(lost right)" -gt 0
check 'all devices work again' works 10
for i in 0 3 5; do
	flow_start "there$i" left right "10.$((100 + i)).0.2" 200
	flow_start "back$i" right left "10.$((100 + i)).0.1" 200
done
check 'a megabyte over TCP' tcp_transfer left right 10.100.0.2 1
check 'and back, over IPv6' tcp_transfer right left fd00:1::1 1
for i in 0 3 5; do
	for way in there back; do
		flow_stop "$way$i"
		expect "s$i $way: lost of $FLOW_SENT" 0 $FLOW_LOST
	done
done

# Requests: in the task that makes them.
inject 2 N Y
host middle
host other
check "requests under failures, seed $seed" env FAIL=1 ip netns exec middle \
	"$HELPERS/fuzz_netlink.py" "$seed" $((2000 / SLOWER)) other
diag "$(tail -n 1 "$KTAP_OUTPUT")"
inject 0 Y Y
check 'all devices work after that' works 10
tunnel_cleanup
check 'the module is let go' wait_for 20 rmmod ipvti
