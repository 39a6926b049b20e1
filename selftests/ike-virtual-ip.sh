#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# A road warrior: ipvtid asks charon for virtual addresses of both families, name servers and
# subnets; puts them on the device, keeps them across a crash, gives them back; and says why when
# there are none.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

POOL4=10.9.0.8/30 POOL6=2001:db8:9::8/126
DNS4=192.168.2.53 DNS6=2001:db8:2::53
WARRIOR=('virtual-ip=["any4", "any6"]' address= routes=from-selectors)

# pools_load [KEY=VALUE...]: a gateway for anybody with the secret, that has everything behind it.
pools_load() {
	{
		gateway remote-id=%any local-ts=0.0.0.0/0,::/0 remote-ts=dynamic "conn=pools = four,six" "$@"
		cat <<-END
			pools {
				four {
					addrs = $POOL4
					dns = $DNS4
					subnet = $NET_RIGHT4
				}
				six {
					addrs = $POOL6
					dns = $DNS6
					subnet = $NET_RIGHT6
				}
				one {
					addrs = 10.9.1.1/32
				}
			}
		END
	} >"$WORK/swanctl.conf"
	vici load "$WORK/swanctl.conf"
}
# warrior_config [KEY=VALUE...]: site-b, and site-c with another identity and device.
warrior_config() {
	sites "$(site_block site-b "${WARRIOR[@]}" "$@")" \
		"$(site_block site-c "${WARRIOR[@]}" device=vti1 local-id=gw-c.example.net "$@")" |
		ipvtid_config left
}
# assigned: what the status says; has DEVICE: its addresses; bare: vti0 has none.
assigned() { status left site-b '[(.["virtual-ip"] // [])[], (.dns // [])[], (.subnets // [])[]] | join(" ")'; }
has() { left ip -json address show dev "$1" | jq -r '[.[].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | join(" ")'; }
bare() { [ -z "$(has vti0)" ]; }
own() { status left site-b ".[\"virtual-ip\"][$1]"; }
# routes: what goes into vti0.
routes() { (left ip -4 route show dev vti0 proto 94; left ip -6 route show dev vti0 proto 94) | cut -d ' ' -f 1 | sort | tr '\n' ' '; }
passes() { ping_once left $LAN_RIGHT4 from="$VIP4" && ping_once left $LAN_RIGHT6 from="$VIP6"; }
# record FILTER: of the explanation of a tunnel.
record() { ctl left -j explain "$1" | jq -r "$2"; }

# says COMMAND TUNNEL TEXT: what ipvtictl tells people about a tunnel.
says() { ctl left "$1" "$2" | grep -qF -- "$3"; }

# told: the event that tells of name servers.
told() {
	[ "$(jq -r 'select(.event == "assigned") | "\(.name): \(.dns | join(" "))"' "$WORK/events" | head -n 1)" = \
		"site-b: $DNS4 $DNS6" ]
}

hosts
export IPVTI_CONTROL=$WORK/ipvtid.left/control
monitor left
lan_right
check 'charon starts' charon_start right
check 'charon takes pools' pools_load
warrior_config
check 'ipvtid starts' ipvtid_start left
expect 'no address yet' '' "$(has vti0)"
check 'ipvtictl up' up
VIP4=$(own 0) VIP6=$(own 1)
expect "an address of each pool" '10.9.0 2001:db8:9' "${VIP4%.*} ${VIP6%::*}"
expect 'status: addresses, name servers, subnets' \
	"$VIP4 $VIP6 $DNS4 $DNS6 $NET_RIGHT4 $NET_RIGHT6" "$(assigned)"
check 'an event tells the same' wait_for 5 told
check 'status for people' says status site-b "virtual $VIP4, $VIP6"
expect 'the device has them' "$VIP4/32 $VIP6/128" "$(has vti0)"
expect 'the subnets are routed' "$NET_RIGHT4 $NET_RIGHT6 " "$(routes)"
expect 'the selectors are narrowed to them' "$VIP4/32 $VIP6/128" \
	"$(status left site-b '.children[0]["local-ts"] | join(" ")')"
check 'both families pass' wait_for 5 passes

spi=$(outbound)
check 'rekey' ctl left rekey site-b
check 'rekey: other SAs' wait_for $UP_WITHIN differs outbound "$spi"
check 'rekey: both families pass' wait_for 5 passes
expect 'rekey: the same selectors' "$VIP4/32 $VIP6/128" \
	"$(status left site-b '.children[-1]["local-ts"] | join(" ")')"

ipvtid_kill left
check 'killed: ipvtid starts again' ipvtid_start left
check 'killed: and resumes' wait_for $UP_WITHIN ipvtid_resumed left
expect 'killed: addresses, name servers, subnets' \
	"$VIP4 $VIP6 $DNS4 $DNS6 $NET_RIGHT4 $NET_RIGHT6" "$(assigned)"
expect 'killed: the subnets are routed' "$NET_RIGHT4 $NET_RIGHT6 " "$(routes)"

spi=$(outbound)
ipvtid_kill left
ipvtid_lose left
expect 'killed: the addresses stay' "$VIP4/32 $VIP6/128" "$(has vti0)"
check 'killed: both families pass' passes
check 'ipvtid starts again' ipvtid_start left
check 'what it would resume from is lost: the SAs are replaced' wait_for $UP_WITHIN differs outbound "$spi"
expect 'the same addresses' "$VIP4 $VIP6" "$(own 0) $(own 1)"
expect 'on the device' "$VIP4/32 $VIP6/128" "$(has vti0)"
check 'both families pass' wait_for 5 passes
expect 'the subnets are routed' "$NET_RIGHT4 $NET_RIGHT6 " "$(routes)"
expect 'and never more than these' 0 "$(log_said 'route 0.0.0.0/0 added')"
check 'they were asked for' charon_said "peer requested virtual IP $VIP4"

# There is only one address, and site-b has it.
check 'down' ctl left down site-b
check 'the addresses are gone' wait_for 5 bare
expect 'no address in the status' '' "$(assigned)"
check 'a smaller pool' pools_load 'conn=pools = one'
warrior_config virtual-ip=any4 routes=
check 'reload' ctl left reload
check 'one address: ipvtictl up' up
expect 'one address: the device has it' 10.9.1.1/32 "$(has vti0)"
check_fails 'another client: ipvtictl up fails' ctl left up site-c
expect 'another client: explained' 'address-config true virtual-ip virtual-addresses any IPv4 none' \
	"$(record site-c '[.reason, (."by-peer" | tostring), .key, (.compare[] | select(.differs) |
		.what, .ours, .theirs)] | join(" ")')"
check 'another client: in words' says explain site-c INTERNAL_ADDRESS_FAILURE
check 'another client: gives up' ctl left down site-c

warrior_config virtual-ip= routes=
check 'reload' ctl left reload
check 'without virtual-ip no address is left' wait_for 5 bare
ctl left down site-b
check_fails 'charon insists: ipvtictl up fails' ctl left up site-b
expect 'charon insists: explained' 'address-config true virtual-ip' \
	"$(record site-b '"\(.reason) \(.["by-peer"]) \(.key)"')"
check 'charon insists: in words' says explain site-b FAILED_CP_REQUIRED
logs_if_failed
