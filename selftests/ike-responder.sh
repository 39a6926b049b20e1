#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# strongSwan starts, ipvtid answers: default proposals, narrowing of selectors, a key exchange
# group that is not ours, cookies.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# initiated NAME: charon brings it up, and both families pass.
initiated() {
	check "$1: swanctl --initiate" initiate
	check "$1: carrier" wait_for $UP_WITHIN is_carrier left vti0 1
	check "$1: both families pass" wait_for 5 answers
}
# selectors SIDE: of charon's Child SA.
selectors() {
	vici sas | jq -r "[.[0][\"child-sas\"][][\"$1\"][]] | sort | join(\" \")"
}
restart() {
	end "${IPVTID_PID[left]}"
	printf 'ipvtid: { cookie-threshold = 0; };\n%s\n' "$(site "$@")" | ipvtid_config left
	ipvtid_start left
}

hosts
ike_peers
initiated 'default proposals'
expect 'status names the role' responder "$(status left site-b .ike.role)"
expect 'and the state' up "$(status left site-b .state)"
check 'charon takes it down' hang_up

site_reload local-ts=192.168.1.0/28 remote-ts="[ \"$NET_RIGHT4\", \"$NET_RIGHT6\" ]"
gateway_load local-ts=0.0.0.0/0,::/0 remote-ts=0.0.0.0/0
check 'narrowing: swanctl --initiate' initiate
expect "narrowing: charon's side" "$NET_RIGHT4 $NET_RIGHT6" "$(selectors local-ts)"
expect 'narrowing: our side' 192.168.1.0/28 "$(selectors remote-ts)"
expect 'narrowing: status says the same' 192.168.1.0/28 \
	"$(status left site-b '.children[0]["local-ts"] | join(" ")')"
check 'narrowing: what is inside passes' wait_for 5 ping_once left $LAN_RIGHT4 from=$LAN_LEFT4
before=$(drops left vti0 all)
check_fails 'narrowing: what is outside does not' ping_once left $LAN_RIGHT6 from=$LAN_LEFT6
check 'narrowing: and is counted' [ "$(drops left vti0 all)" -gt "$before" ]
check 'charon takes it down' hang_up

gateway_load conn='proposals = aes256-sha256-ecp521-ecp256'
site_reload ike-proposals=aes256-sha256-ecp256
initiated 'another group'
expect 'another group: charon was told which' 1 \
	"$(charon_said "didn't accept DH group ECP_521, it requested ECP_256")"
check 'charon takes it down' hang_up

check 'ipvtid starts with cookie-threshold = 0' restart ike-proposals=aes256-sha256-ecp256
initiated 'cookie and another group'
check 'charon was asked for a cookie' [ "$(charon_said 'IKE_SA_INIT response 0 \[ N(COOKIE) \]')" -gt 0 ]
check 'and returned it' [ "$(charon_said 'IKE_SA_INIT request 0 \[ N(COOKIE)')" -gt 0 ]
logs_if_failed
