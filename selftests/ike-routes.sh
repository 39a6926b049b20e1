#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# What the daemon does to addresses and routes: those of the configuration with a backstop behind
# each, put back when others remove them, gone with the tunnel from the configuration; failover.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

BACKSTOP=4294967000
# routed PREFIX, backstopped PREFIX: what ip route shows.
routed() { on left ip "$1" route show "$2" dev vti0 proto 94 | grep -q .; }
backstopped() { on left ip "$1" route show "$2" proto 94 | grep -q "^unreachable .*metric $BACKSTOP"; }
addressed() { on left ip addr show dev vti0 | grep -q "$1"; }
all_there() {
	addressed "$LAN_LEFT4/24" && addressed "$LAN_LEFT6/64" && routed -4 $NET_RIGHT4 &&
		routed -6 $NET_RIGHT6 && backstopped -4 $NET_RIGHT4 && backstopped -6 $NET_RIGHT6
}
shown() { left ip addr show dev vti0; left ip -4 route show; left ip -6 route show; }
sysctl_is() { [ "$(left sysctl -n "net.$1.conf.vti0.ignore_routes_with_linkdown")" = "$2" ]; }
unreachable() { ask left ping "$1" from="$2" 2>&1 | grep -iE 'unreachable|no route'; }

hosts
left ip route add default via $RIGHT4
left ip -6 route add default via $RIGHT6
clear_counter left
lan_right
check 'charon starts' charon_start right
check 'charon takes its configuration' gateway_load
check 'ipvtid starts' site_start
check 'addresses, routes and backstops are there before it is up' wait_for 5 all_there
[ "$KTAP_FAILED" -eq 0 ] || diag "$(shown)"
check 'no tunnel: a sender is told' unreachable $LAN_RIGHT4 $LAN_LEFT4
check 'no tunnel: also of IPv6' unreachable $LAN_RIGHT6 $LAN_LEFT6
check 'ipvtictl up' up
check 'both families pass' wait_for 5 answers

spi=$(outbound)
left ip route del $NET_RIGHT4 dev vti0
left ip -6 route del $NET_RIGHT6 dev vti0
left ip addr del $LAN_LEFT4/24 dev vti0
left ip route del unreachable $NET_RIGHT4 metric $BACKSTOP
check 'what others remove is put back' wait_for 10 all_there
[ "$KTAP_FAILED" -eq 0 ] || diag "$(shown)"
check 'the log says so' log_said 'put'
left ip link set vti0 down
left ip link set vti0 up
check 'set down and up: all there' wait_for 10 all_there
expect 'the SAs are the same' "$spi" "$(outbound)"
check 'both families pass' wait_for 5 answers

# Another way for the same prefix, in clear, of a metric behind that of the tunnel.
left ip route add $NET_RIGHT4 via $RIGHT4 metric 5000
check 'failover is off at first' sysctl_is ipv4 0
site_reload failover=yes
check 'failover: set for IPv4' wait_for 5 sysctl_is ipv4 1
check 'failover: set for IPv6' wait_for 5 sysctl_is ipv6 1
expect 'the SAs are still the same' "$spi" "$(outbound)"
next_hop() { left ip -4 route get $LAN_RIGHT4 | grep -q "$1"; }
check 'with carrier traffic takes the tunnel' next_hop 'dev vti0'
check 'down' down
check 'without, the next route' wait_for 5 next_hop "via $RIGHT4"
left ip route del $NET_RIGHT4 via $RIGHT4 metric 5000
check 'without another route, the backstop: a sender is told' unreachable $LAN_RIGHT4 $LAN_LEFT4
check 'also of IPv6' unreachable $LAN_RIGHT6 $LAN_LEFT6
expect 'nothing left in clear' 0 "$(clear_count left)"

site_reload routes=from-selectors
check 'ipvtictl up' up
check "from-selectors: the peer's prefixes" wait_for 5 all_there

end "${IPVTID_PID[left]}"
check 'the daemon stops: all stays' all_there
check 'and traffic passes' answers
sites | ipvtid_config left
check 'a daemon without the tunnel starts' ipvtid_start left
logs_if_failed
