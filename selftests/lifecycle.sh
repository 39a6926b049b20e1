#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Devices, namespaces and the module go while packets flow; nothing is left and nothing hangs.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

flood() {
	flow_start four left right $LAN_RIGHT4 1000
	flow_start six right left $LAN_LEFT6 1000
}
flood_end() {
	flow_stop four
	flow_stop six
}

hosts
for i in 1 2 3; do
	tunnel peer=vti
	flood
	check "round $i: the sender's device is deleted under traffic" left ip link del vti0
	check "round $i: and the receiver's" right ip link del vti0
	flood_end
done

tunnel peer=vti
flood
for i in 1 2 3 4 5; do
	left ip link set vti0 down
	left ip link set vti0 up
done
batch left "route add $NET_RIGHT4 dev vti0" "route add $NET_RIGHT6 dev vti0"
check 'down and up under traffic: it works again' wait_for 5 ask left ping $LAN_RIGHT4
for i in 1 2 3 4 5; do
	left ipvtictl sa del vti0 in spi $SPI_IN
	vti_sa left vti0 in $SPI_IN aes128gcm16 "$(key aes128gcm16 in)"
done
left ipvtictl set vti0 remote 10.0.0.3
left ipvtictl set vti0 remote $RIGHT4
right ipvtictl sa del vti0 out spi $SPI_IN
left ipvtictl sa del vti0 in spi $SPI_IN
vti_sa right vti0 out $SPI_IN aes128gcm16 "$(key aes128gcm16 in)"
vti_sa left vti0 in $SPI_IN aes128gcm16 "$(key aes128gcm16 in)"
check 'keys and settings replaced under traffic: it works again' \
	wait_for 5 ask left ping $LAN_RIGHT4
flood_end

# A packet held on a reserved SPI, a keepalive and a quiet timer, and then the device goes.
tunnel_down
tunnel encap=udp peer=none
left ipvtictl set vti0 keepalive 1 quiet 100ms
spi=$(left ipvtictl sa reserve vti0)
ask right esp $RIGHT4 $LEFT4 "$spi" "$(key aes128gcm16 in)" 1 none encap=4500
check 'a device with work of every kind pending is deleted' left ip link del vti0
end "${UDP_ESP[left]}"
peer_down

tunnel peer=vti
flood
# The processes hold the namespaces: they go together with the last of them.
host_del left
host_del right
for name in four six; do
	end "$(<"$WORK/flow.$name.sender")" KILL
	end "$(<"$WORK/flow.$name.receiver")" KILL
done
check 'both namespaces go under traffic, and let the module go' wait_for 20 rmmod ipvti
load_ipvti

# The module is unloaded with devices and traffic: refused or clean.
hosts
tunnel peer=vti
flood
rmmod ipvti 2>"$WORK/rmmod"
status=$?
if [ $status -eq 0 ]; then
	check_fails 'the module was unloaded: its devices are gone' left ip link show dev vti0
else
	check 'the module refused to go: it works on' wait_for 5 ask left ping $LAN_RIGHT4
	tunnel_down
	rmmod ipvti
fi
flood_end
check_fails 'it is gone' loaded ipvti
check 'it can be loaded again' load_ipvti
