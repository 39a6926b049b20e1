#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: stock
# timeout: 600
# One tunnel on several CPUs: `parallel` off, on and auto. Whatever it is, and while it changes,
# nothing comes out of order that went in in order; auto spills under load only; devices, namespaces
# and CPUs go while other CPUs work for them. On one CPU: that nothing is spilled, and all works.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

cpus=$(nproc)
parallel() { on "$1" ipvtictl set vti0 parallel "$2"; }
spilled() { device "$1" vti0 spilled; }
is_spilling() { [ "$(device "$1" vti0 spilling)" = "$2" ]; }

# expect_spilled NAME HOST SINCE: other CPUs took part, or nothing of the sort on the only CPU.
expect_spilled() {
	if [ "$cpus" = 1 ]; then
		expect "$1: nothing is spilled, there is one CPU" "$3" "$(spilled "$2")"
	else
		check "$1: other CPUs take part" test "$(spilled "$2")" -gt "$3"
	fi
}

# flows_start FROM TO ADDRESS COUNT CPUS: so many flows, from CPUS CPUs in turn.
flows_start() {
	local i

	FLOWS=$4
	for ((i = 0; i < $4; i++)); do
		flow_start "$i" "$1" "$2" "$3" 150 $((i % $5))
	done
}
# flows_stop NAME: nothing of it is late.
flows_stop() {
	local i sent=0 late=0

	for ((i = 0; i < FLOWS; i++)); do
		end "$(<"$WORK/flow.$i.sender")"
	done
	for ((i = 0; i < FLOWS; i++)); do
		kill "$(<"$WORK/flow.$i.receiver")"
	done
	for ((i = 0; i < FLOWS; i++)); do
		flow_stop "$i"
		sent=$((sent + FLOW_SENT))
		late=$((late + FLOW_LATE))
	done
	expect "$1: out of order, of $sent" 0 $late
}
# What was sent on an SA: so much of it.
has_sent() { [ "$(sa_show "$1" vti0 out "$2" packets)" -ge "$3" ]; }
has_received() { [ "$(sa_show "$1" vti0 in "$2" packets)" -ge "$3" ]; }
replayed() { right awk '$1 == "XfrmInStateSeqError" { print $2 }' /proc/net/xfrm_stat; }

# one_sa MODE: eight senders on all CPUs over one SA, to a peer that has a small window; and back.
one_sa() {
	local spilled before

	before=$(replayed)
	tunnel peer=xfrm window=32
	parallel left "$1"
	flows_start left right $LAN_RIGHT4 8 "$cpus"
	check "$1: eight senders" wait_for 20 has_sent left $SPI_OUT 2000
	flows_stop "$1"
	expect "$1: replay drops of the peer" 0 $(($(replayed) - before))
	[ "$1" != on ] || expect_spilled "$1" left 0
	spilled=$(spilled left)
	flows_start right left $LAN_LEFT4 2 1
	check "$1: two senders of the peer" wait_for 20 has_received left $SPI_IN 500
	flows_stop "$1, received"
	[ "$1" != on ] || expect_spilled "$1, received" left "$spilled"
	[ "$1" != off ] || expect "$1: nothing is spilled" 0 "$(spilled left)"
	check "$1: TCP" tcp_transfer left right $LAN_RIGHT4 1
	check "$1: TCP, received" tcp_transfer right left $LAN_LEFT6 1
	expect "$1: nothing is dropped but what the link has no room for" \
		"$(drops left vti0 tx-error)" "$(drops left vti0 all)"
	tunnel_down
}

hosts
for mode in off on auto; do
	one_sa $mode
done

# Automatic.
tunnel peer=vti
parallel left auto
check 'auto, idle: ping' ping_all left $LAN_RIGHT4 count=30
expect 'auto, idle: nothing is spilled' 0 "$(spilled left)"
expect 'auto, idle: so it says' 0 "$(device left vti0 spilling)"
flood() {
	ip netns exec right socat -u TCP4-LISTEN:5001,bind=$LAN_RIGHT4,fork,reuseaddr /dev/null &
	JOBS+=("$!")
	wait_for 10 listens right 5001
	job ip netns exec left socat -u /dev/zero TCP4:$LAN_RIGHT4:5001
}
if [ "$cpus" = 1 ]; then
	skip 'auto, under load: it spills' 'there is one CPU'
else
	flood
	check 'auto, under load: it spills' wait_for 20 is_spilling left 1
	check 'auto, under load: show says so' wait_for 5 \
		eval 'left ipvtictl show vti0 | grep -q "others encrypt and decrypt too"'
	end "$JOB"
	check 'auto: it returns' wait_for 5 is_spilling left 0
	before=$(spilled left)
	check 'auto, idle again: ping' ping_all left $LAN_RIGHT4 count=30
	expect 'auto, idle again: nothing is spilled' "$before" "$(spilled left)"
fi

# The setting changes under traffic.
flow_start east left right $LAN_RIGHT4 200
flow_start west right left $LAN_LEFT6 200
for round in {1..5}; do
	for mode in on off auto; do
		for host in left right; do
			parallel $host $mode
		done
	done
	ask left ping $LAN_RIGHT6 count=3 >/dev/null
done
for way in east west; do
	flow_stop $way
	expect "the setting changes: lost of $FLOW_SENT $way" 0 "$FLOW_LOST"
	expect "the setting changes: out of order" 0 "$FLOW_LATE"
done

if [ "$cpus" = 1 ]; then
	skip 'a CPU goes' 'it is the only one'
else
	parallel left on
	parallel right on
	flow_start east left right $LAN_RIGHT4 200
	flow_start west right left $LAN_LEFT6 200
	online=/sys/devices/system/cpu/cpu1/online
	for round in 1 2 3; do
		check "a CPU goes, $round" eval "echo 0 >$online"
		check "a CPU goes, $round: ping" ping_all left $LAN_RIGHT4
		check "a CPU comes, $round" eval "echo 1 >$online"
		check "a CPU comes, $round: ping" ping_all left $LAN_RIGHT4
	done
	for way in east west; do
		flow_stop $way
		expect "CPUs come and go: lost of $FLOW_SENT $way" 0 "$FLOW_LOST"
	done
fi
tunnel_down

# Devices, keys and namespaces go under traffic.
for round in 1 2; do
	tunnel peer=vti
	parallel left on
	parallel right on
	flows_start left right $LAN_RIGHT4 4 "$cpus"
	left ipvtictl sa del vti0 out spi $SPI_OUT
	vti_sa left vti0 out $SPI_OUT aes128gcm16 "$(key aes128gcm16 out)" seq 1000000
	right ipvtictl sa del vti0 in spi $SPI_OUT
	vti_sa right vti0 in $SPI_OUT aes128gcm16 "$(key aes128gcm16 out)"
	check "round $round: keys are replaced" wait_for 10 has_received right $SPI_OUT 100
	check "round $round: the sender's device is deleted" left ip link del vti0
	check "round $round: and the receiver's" right ip link del vti0
	flows_stop "round $round"
	peer_down
done
tunnel peer=vti
parallel left on
parallel right on
flows_start left right $LAN_RIGHT4 4 "$cpus"
host_del left
host_del right
for ((i = 0; i < FLOWS; i++)); do
	end "$(<"$WORK/flow.$i.sender")" KILL
	end "$(<"$WORK/flow.$i.receiver")" KILL
done
check 'namespaces go, and let the module go' wait_for 20 rmmod ipvti
