#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Crypto that completes later, as that of hardware engines does: a driver forced through cryptd, and
# an engine that completes in random order on several CPUs and makes requests wait. No packet is lost
# or comes out of order, and keys, devices and namespaces go while requests are in flight.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# engine NAME, engine_gone: the test module of that name, see kmod/tests.
engine() {
	ENGINE=$1
	insmod "${IPVTI_KO%.ko}_test_$1.ko"
}
engine_gone() { wait_for 20 rmmod "ipvti_test_$ENGINE"; }
engine_is() { cat "/sys/module/ipvti_test_async/parameters/$1"; }
engine_set() { echo "$2" >"/sys/module/ipvti_test_async/parameters/$1"; }
engine_runs() { test "$(engine_is running)" "$1" "$2"; }
driver() { left ipvtictl -j sa show vti0 | jq -r '.[].driver' | sort -u; }

# replace HOST out|in LABEL SPI [WORD...]: install an SA with the key of LABEL.
replace() { vti_sa "$1" vti0 "$2" "$4" aes128gcm16 "$(key aes128gcm16 "$3")" "${@:5}"; }

# both NAME: numbered datagrams and a TCP transfer, both ways at the same time.
both() {
	local way address from to

	flow_start east left right $LAN_RIGHT4 200
	flow_start west right left $LAN_LEFT6 200
	for way in "left right $LAN_RIGHT4" "right left $LAN_LEFT4"; do
		read -r from to address <<<"$way"
		check "$1: TCP from $from to $to" tcp_transfer "$from" "$to" "$address" 1
	done
	for way in east west; do
		flow_stop $way
		expect "$1: datagrams $way, lost of $FLOW_SENT" 0 "$FLOW_LOST"
		expect "$1: out of order" 0 "$FLOW_LATE"
	done
	for way in left right; do
		expect "$1: $way dropped" 0 "$(drops $way vti0 all)"
	done
}

# rekey: new SAs both ways under traffic, and the old ones go.
rekey() {
	flow_start east left right $LAN_RIGHT4 200
	flow_start west right left $LAN_LEFT4 200
	replace right in 'new out' 0x1002
	replace left out 'new out' 0x1002 replaces $SPI_OUT
	replace left in 'new in' 0x2002
	replace right out 'new in' 0x2002 replaces $SPI_IN
	check "$1: the new SAs are used" wait_for 5 used 0x1002 0x2002
	check "$1: the old ones have nothing in flight" wait_for 5 quiet
	left ipvtictl sa del vti0 out spi $SPI_OUT
	right ipvtictl sa del vti0 out spi $SPI_IN
	left ipvtictl sa del vti0 in spi $SPI_IN
	right ipvtictl sa del vti0 in spi $SPI_OUT
	for way in east west; do
		flow_stop $way
		expect "$1: rekeyed, lost of $FLOW_SENT $way" 0 "$FLOW_LOST"
	done
	for way in left right; do
		expect "$1: rekeyed, $way dropped" 0 "$(drops $way vti0 all)"
	done
}
used() { [ "$(sa_show right vti0 in "$1" packets)" -gt 0 ] &&
	[ "$(sa_show left vti0 in "$2" packets)" -gt 0 ]; }
# What was sent on an old SA has arrived when its receiver has seen as many.
quiet() {
	[ "$(sa_show left vti0 out $SPI_OUT packets)" = "$(sa_show right vti0 in $SPI_OUT packets)" ] &&
		[ "$(sa_show right vti0 out $SPI_IN packets)" = "$(sa_show left vti0 in $SPI_IN packets)" ]
}

# with_xfrm NAME: to a peer with a small replay window, whose own crypto is not that of the engine:
# XFRM takes what completes in another order for old packets.
with_xfrm() {
	replace left out out $SPI_OUT seq 1000
	check "$1, to XFRM: ping" ping_all left $LAN_RIGHT4 count=20
	check "$1, to XFRM: TCP" tcp_transfer left right $LAN_RIGHT4 1
	expect "$1, to XFRM: nothing is outside of its replay window" 0 \
		"$(right awk '$1 == "XfrmInStateSeqError" { print $2 }' /proc/net/xfrm_stat)"
	expect "$1, to XFRM: dropped" 0 "$(drops left vti0 all)"
}

hosts
for name in cryptd async; do
	tunnel peer=xfrm window=32
	left ipvtictl sa del vti0 out spi $SPI_OUT
	check "$name: the module with the driver" engine $name
	with_xfrm $name
	tunnel_down
	tunnel peer=vti esn=on
	case $name in
	cryptd) wanted='cryptd(rfc4106(gcm_base(ctr(aes-generic),ghash-generic)))' ;;
	async)  wanted=ipvti-test-async ;;
	esac
	expect "$name: it is used" "$wanted" "$(driver)"
	both $name
	rekey $name
	tunnel_down
	[ $name = async ] || check "$name: the driver is let go" engine_gone
done
check 'requests were completed later' test "$(engine_is completed)" -gt 0
check 'and some at once' test "$(engine_is at_once)" -gt 0
engine_set room 4
tunnel peer=vti
both 'an engine with little room'
check 'requests had to wait for it' test "$(engine_is backlogged)" -gt 0
tunnel_down
engine_set room 64

# in_flight WHAT: packets both ways that the engine keeps, and more are coming; released WHAT: it does
# no longer, and they are gone.
in_flight() {
	check "$1: it works" wait_for 5 ping_once left $LAN_RIGHT4
	engine_set held Y
	flow_start east left right $LAN_RIGHT4 200
	flow_start west right left $LAN_LEFT4 200
	check "$1: packets are in flight" wait_for 5 engine_runs -ge 16
}
released() {
	engine_set held N
	flow_stop east
	flow_stop west
	check "$1: all are completed" wait_for 5 engine_runs -eq 0
}

tunnel peer=vti
in_flight 'SAs are deleted'
left ipvtictl sa del vti0 out spi $SPI_OUT
left ipvtictl sa del vti0 in spi $SPI_IN
right ipvtictl sa del vti0 out spi $SPI_IN
right ipvtictl sa del vti0 in spi $SPI_OUT
check 'SAs are deleted: what is in flight stays' engine_runs -ge 16
released 'SAs are deleted'
replace left out out $SPI_OUT hard packets 30
replace left in in $SPI_IN
vti_peer_keys aes128gcm16 off 1024
in_flight 'a hard limit is reached'
expired() { [ "$(sa_show left vti0 out $SPI_OUT state)" = expired ]; }
check 'a hard limit is reached: the SA is expired' wait_for 5 expired
released 'a hard limit is reached'
tunnel_down

tunnel peer=vti
in_flight 'a device is deleted'
job ip netns exec left ip link del vti0
deletion=$JOB
gone() { ! left ip link show dev vti0; }
check 'a device is deleted: nobody sees it' wait_for 5 gone
check 'a device is deleted: what is in flight stays' engine_runs -ge 16
released 'a device is deleted'
check 'a device is deleted: that ends' wait "$deletion"
peer_down

tunnel peer=vti
in_flight 'namespaces go'
host_del left
host_del right
released 'namespaces go'
check 'namespaces go: the module is let go' wait_for 20 rmmod ipvti
check 'namespaces go: the engine is let go' engine_gone
