#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# A device is moved into another namespace; its outer side stays where it was made.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

foreign_sa() {
	key aes128gcm16 evil >"$WORK/key"
	foreign ipvtictl sa add vti0 in spi 0x6666 alg aes128gcm16 key-file "$WORK/key"
}
gone() { [ "$(left ipvtictl -j show | jq length)" = 0 ]; }

hosts
host other
tunnel
id=$(show left vti0 id)
left ip link set vti0 netns other
other ip addr add $LAN_LEFT4/24 dev vti0
other ip addr add $LAN_LEFT6/64 dev vti0 nodad
other ip link set vti0 up
other ip route add $NET_RIGHT4 dev vti0
other ip route add $NET_RIGHT6 dev vti0
expect 'a namespace with no other interface reaches the peer' 1 "$(carrier other vti0)"
check 'over IPv4' ping_all other $LAN_RIGHT4
check 'over IPv6' ping_all other $LAN_RIGHT6
check 'TCP to it' tcp_transfer right other $LAN_LEFT4 1
expect 'its id is still known where it was made' vti0 "$(show left "$id" ifname)"
expect 'ipvtictl shows it there' 1 "$(left ipvtictl -j show | jq length)"

flow_start there other right $LAN_RIGHT4 200
vti_sa left "$id" out 0x1002 aes128gcm16 "$(key aes128gcm16 out2)"
xfrm_sa right $LEFT4 $RIGHT4 0x1002 aes128gcm16 "$(key aes128gcm16 out2)" replay-window 32
check 'it is rekeyed by its id' wait_for 5 ping_once other $LAN_RIGHT4
flow_stop there

# Root of a user namespace owns the namespace that the device is moved to, and nothing more.
unshare -Urn sleep infinity &
inside=$!
JOBS+=("$inside")
wait_for 5 test "$(readlink /proc/$inside/ns/net)" != "$(readlink /proc/self/ns/net)"
other ip link set vti0 netns $inside
# foreign COMMAND...: as root of that user namespace
foreign() { nsenter -t $inside -U -n --preserve-credentials "$@"; }
check 'its root has the device' foreign ip link set vti0 up
foreign ip addr add $LAN_LEFT4/24 dev vti0
foreign ip route add $NET_RIGHT4 dev vti0
check 'and uses it' foreign ping -q -n -c 2 -i 0.1 -W 1 $LAN_RIGHT4
check_fails 'but cannot change the peer' foreign ipvtictl set vti0 remote 10.0.0.99
check_fails 'nor the mark' foreign ipvtictl set vti0 fwmark 1
check_fails 'nor add an SA' foreign_sa
check_fails 'nor delete one' foreign ipvtictl sa del vti0 in spi $SPI_IN
expect 'all is as it was' "$RIGHT4 1" "$(show left "$id" remote) $(show left "$id" sas-in)"
check 'it still works' foreign ping -q -n -c 2 -i 0.1 -W 1 $LAN_RIGHT4

# A namespace with its devices goes: they go back or vanish, and nothing hangs.
end $inside KILL
wait_for 10 gone
expect 'with the namespace the device is gone' 0 "$(left ipvtictl -j show | jq length)"
peer_down

# The namespace of creation goes before the device.
tunnel
left ip link set vti0 netns other
other ip link set vti0 up
expect 'carrier before' 1 "$(carrier other vti0)"
host_del left
check 'the namespace of creation goes: carrier off' wait_for 10 is_carrier other vti0 0
expect 'no SA is left' '0 0' "$(show other vti0 sas-in) $(show other vti0 sas-out)"
check 'the device can be deleted' other ip link del vti0
