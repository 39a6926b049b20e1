#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# ipvtid hands out virtual addresses of a pool, to charon and to another ipvtid: to each identity its
# own, the same again after restarts of either side, and none when all are in use.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

DNS4=192.168.1.53
FIRST4=10.9.0.10 FIRST6=2001:db8:9::1
ID_OTHER=gw-c.example.net

# server ADDRESSES: two tunnels for two identities, one pool.
server() {
	local common=(remote=%any pool=staff routes=from-selectors "local-ts=[\"$NET_LEFT4\", \"$NET_LEFT6\"]")

	{
		sites "$(site_block site-b "${common[@]}")" \
			"$(site_block site-c "${common[@]}" device=vti1 address= remote-id=$ID_OTHER)"
		echo "pool: { staff: { addresses = [ $1 ]; dns = \"$DNS4\"; subnets = \"$NET_LEFT4\"; }; };"
	} | ipvtid_config left
}
# client [KEY=VALUE...]: charon asks for both families.
client() {
	gateway_load local-ts=dynamic remote-ts=0.0.0.0/0,::/0 'conn=vips = 0.0.0.0,::' "$@"
}
# other: charon connects with another identity, beside what it has.
other() { client name=site-x local-id=$ID_OTHER && vici initiate child=net ike=site-x timeout=5000; }
# warrior: ipvtid asks for both families.
warrior() {
	site remote=$LEFT4 local-id=$ID_RIGHT remote-id=$ID_LEFT 'virtual-ip=["any4", "any6"]' address= \
		routes=from-selectors | ipvtid_config right
}
given() { vici sas | jq -r '.[0]["local-vips"] | join(" ")'; }
# leased: who has which address, from the file.
leased() { jq -r '[.[] | "\(.identity) \(.address)"] | sort | join(", ")' "$(ipvtid_dir left)/state/leases"; }
# routes: into vti0, apart from those of its own addresses.
routes() { (left ip -4 route show dev vti0 proto 94; left ip -6 route show dev vti0 proto 94) | cut -d ' ' -f 1 | sort | tr '\n' ' '; }
passes() { ping_once left $FIRST4 from=$LAN_LEFT4 && ping_once left $FIRST6 from=$LAN_LEFT6; }
record() { ctl left -j explain "$1" | jq -r "$2"; }
again() { ipvtid_kill left; ipvtid_start left; }
is_up() { [ "$(status left site-b .state)" = up ]; }
virtual() { status right site-b '((.["virtual-ip"] // []) + (.dns // []) + (.subnets // [])) | join(" ")'; }

hosts
check 'charon starts' charon_start right 'install_virtual_ip = yes'
check 'charon takes its configuration' client
server '"10.9.0.10-10.9.0.11", "2001:db8:9::/120"'
check 'ipvtid starts' ipvtid_start left
check 'charon: swanctl --initiate' initiate
expect 'charon has addresses of both families' "$FIRST4 $FIRST6" "$(given)"
expect 'the selectors are narrowed to them' "$FIRST4/32 $FIRST6/128" \
	"$(status left site-b '.children[0]["remote-ts"] | join(" ")')"
expect 'and are all that is routed' "$FIRST4 $FIRST6 " "$(routes)"
check 'both families pass' wait_for 10 passes
expect 'status says what they are' "$FIRST4 $FIRST6" "$(status left site-b '.leases | join(" ")')"
expect 'the file says who' "$ID_RIGHT $FIRST4, $ID_RIGHT $FIRST6" "$(leased)"
expect 'it is for root alone' '600 0' "$(stat -c '%a %u' "$(ipvtid_dir left)/state/leases")"

check 'charon hangs up' hang_up
expect 'status says that it has none any more' 0 "$(status left site-b '.leases | length')"
check 'another identity: swanctl --initiate' other
expect 'another identity: other addresses' '10.9.0.11 2001:db8:9::2' "$(given)"
check 'another identity hangs up' vici terminate ike=site-x
check 'ipvtid is killed and starts again' again
check 'charon: swanctl --initiate' initiate
expect 'charon has the same addresses' "$FIRST4 $FIRST6" "$(given)"
check 'both families pass' wait_for 10 passes

check 'ipvtid is killed while charon is connected' again
server '"10.9.0.10", "2001:db8:9::1"'
check 'a smaller pool' ctl left reload
check 'charon is still there' wait_for 10 passes
check_fails 'all addresses are in use: swanctl --initiate' other
expect 'explained' 'address-config false all IPv6 addresses of pool "staff" are in use' \
	"$(record site-c '"\(.reason) \(.["by-peer"]) \(.detail)"')"
check 'charon is told' [ "$(charon_said INTERNAL_ADDRESS_FAILURE)" -gt 0 ]

check 'charon asks for nothing' client 'conn=' remote-ts=0.0.0.0/0,::/0
# The daemon that was killed had its IKE SA: nobody answers a Delete.
for ike in site-x site-a; do
	vici terminate ike=$ike force=yes timeout=1000 >/dev/null
done
check_fails 'charon asks for nothing: swanctl --initiate' vici initiate child=net ike=site-a timeout=5000
expect 'explained' 'address-config the peer asks for no virtual address, and has none by itself here' \
	"$(record site-b '"\(.reason) \(.detail)"')"
logs_if_failed
end "${CHARON_PID[right]}"

server '"10.9.0.10-10.9.0.11", "2001:db8:9::/120"'
check 'a larger pool' ctl left reload
warrior
check 'ipvtid as client starts' ipvtid_start right
check 'ipvtid as client: up' ctl right up site-b
expect 'what it is assigned' "$FIRST4 $FIRST6 $DNS4 $NET_LEFT4" "$(virtual)"
check 'both families pass' wait_for 10 passes
for side in left right; do
	spi=$(outbound left)
	check "rekey from $side" ctl $side rekey site-b
	check "rekey from $side: other SAs" wait_for $UP_WITHIN differs outbound "$spi"
	check "rekey from $side: both families pass" wait_for 5 passes
done
spi=$(outbound left)
check 'the server is killed and starts again' again
check 'the client brings it up' ctl right up site-b
ipvtid_kill right
check 'the client is killed and starts again' ipvtid_start right
for side in left right; do
	check "$side goes on with its IKE SA" wait_for $UP_WITHIN ipvtid_resumed $side
done
expect 'the same SAs' "$spi" "$(outbound left)"
check 'the server says up' wait_for $UP_WITHIN is_up
expect 'the same addresses' "$FIRST4 $FIRST6 $DNS4 $NET_LEFT4" "$(virtual)"
check 'both families pass' wait_for 10 passes
[ "$KTAP_FAILED" -eq 0 ] || diag "$(tail -n 40 "$(ipvtid_log left)" "$(ipvtid_log right)")"
