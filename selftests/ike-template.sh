#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Templates: each road warrior that connects gets a tunnel and a device of its own, with certificates
# and with a shared secret, several behind one NAT; they outlive the daemon, and go when the client does.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"
. "${0%/*}/pki.sh"

command -v openssl >/dev/null || skip_all 'openssl is not installed'
CHARON_PLUGINS+=' pkcs8'
DOMAIN=example.net

# --- the gateway on left ---------------------------------------------------------------

# gateway_config [LINE]: the templates, and one more line for staff. NO_GUESTS leaves the other out.
gateway_config() {
	cat <<-END | ipvtid_config left
		profile: { gateway: {
			local-id = "$ID_LEFT";
			detect = "2s"; give-up = "20s"; mobike = true;
			local-ts = [ "$NET_LEFT4", "$NET_LEFT6" ];
		}; };
		pool: {
			staff: { addresses = [ "10.9.0.0/24", "2001:db8:9::/112" ]; dns = "$LAN_LEFT4"; subnets = "$NET_LEFT4"; };
			guests: { addresses = [ "10.9.1.0/24", "2001:db8:91::/112" ]; };
		};
		template: {
			staff: {
				profile = "gateway"; device = "rw-%i"; remote-id = "*.$DOMAIN"; pool = "staff";
				auth = "pubkey"; certificate = "$PKI/gateway.pem"; private-key = "$PKI/gateway.key";
				ca = "$PKI/root/cert.pem";
				${1:+$1;}
			};
			${NO_GUESTS:+#} guests: { profile = "gateway"; device = "vti%d"; remote-id = "*@$DOMAIN"; pool = "guests"; psk = "$SECRET"; clients = 2; hook = "echo hook \$IPVTI_EVENT \$IPVTI_DEVICE \$(id -un)"; };
		};
	END
}
# exists DEVICE, gone DEVICE; devices: of ipvtid, in the order of their names.
exists() { left test -e "/sys/class/net/$1"; }
gone() { ! exists "$1"; }
devices() { left ls /sys/class/net | grep -E '^(rw-|vti)' | tr '\n' ' '; }
index() { left cat "/sys/class/net/$1/ifindex"; }
# clients TEMPLATE: how many the status says there are.
clients() { status left "$1" .clients; }
record() { ctl left -j explain "$1" | jq -r "$2"; }
backstops() { left ip -4 route show type unreachable | cut -d ' ' -f 2 | sort | tr '\n' ' '; }
log_has() { [ "$(log_said "$1")" -gt 0 ]; }
# told EVENT TUNNEL: such an event came, with the template and the device.
told() {
	jq -es --arg event "$1" --arg name "$2" 'any(.[]; .event == $event and .name == $name and
		.template == "staff" and .device)' "$WORK/events" >/dev/null
}
one_pair_of() { [ "$(ask left sas "$1" | wc -l)" = 2 ]; }

# --- clients on right and other --------------------------------------------------------

# swan_vici HOST WORD...: ask its charon.
swan_vici() { ask "$1" vici "$(charon_dir "$1")/vici" "${@:2}"; }
# client HOST NAME ID [LOCAL...]: a connection that asks for addresses of both families; LOCAL are
# lines for how it proves who it is, by default with the shared secret.
client() {
	local auth='auth = psk' remote='auth = psk'

	[ $# -eq 3 ] || { auth=$(printf '%s\n' "${@:4}"); remote='auth = pubkey'; }
	cat >"$WORK/swanctl.conf" <<-END
		connections {
			$2 {
				version = 2
				remote_addrs = $LEFT4
				vips = 0.0.0.0,::
				local {
					$auth
					id = "$3"
				}
				remote {
					$remote
					id = "$ID_LEFT"
				}
				children {
					net {
						local_ts = dynamic
						remote_ts = 0.0.0.0/0,::/0
					}
				}
			}
		}
	END
	[ $# -gt 3 ] || printf 'secrets {\nike-%s {\nid-a = "%s"\nsecret = "%s"\n}\n}\n' "$2" "$3" \
		"$SECRET" >>"$WORK/swanctl.conf"
	swan_vici "$1" load "$WORK/swanctl.conf"
}
# certified HOST NAME [DOMAIN]: a connection with the certificate of that name.
certified() {
	swan_vici "$1" credentials "$PKI/$2.key" "$PKI/root/cert.pem" &&
		client "$1" "$2" "$2.${3:-$DOMAIN}" 'auth = pubkey' "certs = $PKI/$2.pem"
}
connect() { swan_vici "$1" initiate child=net "ike=$2" timeout=20000; }
leave() { swan_vici "$1" terminate "ike=$2" timeout=5000; }
# given HOST ID: its addresses.
given() {
	swan_vici "$1" sas | jq -r --arg id "$2" '[.[] | select(.["local-id"] == $id)][-1]["local-vips"] | join(" ")'
}
# passes HOST IP4 IP6: both families, from either side.
passes() {
	ping_once "$1" $LAN_LEFT4 from="$2" && ping_once "$1" $LAN_LEFT6 from="$3" &&
		ping_once left "$2" from=$LAN_LEFT4 && ping_once left "$3" from=$LAN_LEFT6
}
# comes HOST NAME ID DEVICE: it connects, and both families pass. Sets IP4 and IP6.
comes() {
	check "$2: swanctl --initiate" connect "$1" "$2"
	check "$2: $4 has carrier" wait_for $UP_WITHIN is_carrier left "$4" 1
	read -r IP4 IP6 <<<"$(given "$1" "$3")"
	check "$2: both families pass" wait_for 10 passes "$1" "$IP4" "$IP6"
}

# --- certificates and secrets, behind one NAT ------------------------------------------

authority root
certify gateway p256 $ID_LEFT "DNS:$ID_LEFT"
certify phone p256 phone "DNS:phone.$DOMAIN"
certify laptop p256 laptop "DNS:laptop.$DOMAIN"
certify stranger p256 stranger 'DNS:stranger.example.org'

hosts_routed
host other
ip link add wan netns other type veth peer name side netns middle
batch other 'addr add 10.0.8.2/24 dev wan' 'link set wan up' 'route add default via 10.0.8.254'
batch middle 'addr add 10.0.8.254/24 dev side' 'link set side up'
batch left 'link add lan type dummy' 'link set lan up' "addr add $LAN_LEFT4/24 dev lan" \
	"addr add $LAN_LEFT6/64 dev lan nodad"
ip netns exec middle nft 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname near masquerade; }; }'
for host in right other; do
	check "charon starts on $host" charon_start $host 'install_virtual_ip = yes'
done
gateway_config
check 'ipvtid starts' ipvtid_start left
[ "$KTAP_FAILED" -eq 0 ] || { diag "$(tail -n 20 "$(ipvtid_log left)")"; exit 1; }
expect 'no client, no device' '' "$(devices)"
expect 'nothing leaves for one that is not there' '10.9.0.0/24 10.9.1.0/24 ' "$(backstops)"
IPVTI_CONTROL=$(ipvtid_dir left)/control monitor left

check 'phone: its certificate' certified right phone
comes right phone phone.$DOMAIN rw-phone
PHONE=("$IP4" "$IP6")
check 'laptop: its certificate' certified other laptop
comes other laptop laptop.$DOMAIN rw-laptop
LAPTOP=("$IP4" "$IP6")
check 'phone: both families pass still' passes right "${PHONE[@]}"
expect 'each has a device' 'rw-laptop rw-phone ' "$(devices)"
expect 'and is a tunnel of the template' 'staff rw-phone udp phone.example.net true' \
	"$(status left staff/phone.$DOMAIN '[.template, .device, .encap, .["remote-id"], .ike["nat-remote"]] | map(tostring) | join(" ")')"
at=$(status left staff/phone.$DOMAIN .remote)
other_at=$(status left staff/laptop.$DOMAIN .remote)
expect 'both are behind one address' "${at%:*}" "${other_at%:*}"
check 'with two ports' [ "$at" != "$other_at" ]
expect 'the template has two clients' 2 "$(clients staff)"
check 'an event tells of a client' told up staff/laptop.$DOMAIN

check 'stranger: its certificate' certified other stranger example.org
check_fails 'stranger: swanctl --initiate' connect other stranger
expect 'stranger: no device' 'rw-laptop rw-phone ' "$(devices)"

check 'alice: a secret' client right alice alice@$DOMAIN
comes right alice alice@$DOMAIN vti0
check 'alice: the hook runs' wait_for 5 log_has 'hook up vti0 nobody'
ALICE=("$IP4" "$IP6")
check 'bob: a secret' client other bob bob@$DOMAIN
comes other bob bob@$DOMAIN vti1
check 'alice: both families pass still' passes right "${ALICE[@]}"
check 'carol: a secret' client right carol carol@$DOMAIN
check_fails 'carol: swanctl --initiate, but there are two already' connect right carol
expect 'carol: explained' 'too-many template "guests" has as many clients as it may have: 2' \
	"$(record guests '"\(.reason) \(.detail)"')"
expect 'carol: no device' 'rw-laptop rw-phone vti0 vti1 ' "$(devices)"

# --- coming again ----------------------------------------------------------------------

before=$(index rw-phone)
end "${CHARON_PID[right]}" KILL
right ip addr flush dev wan scope global
batch right "addr add $RIGHT4/24 dev wan" "addr add $RIGHT6/64 dev wan nodad" 'route add default via 10.0.9.254'
right ip xfrm state flush
right ip xfrm policy flush
check 'charon of right is killed and starts again' charon_start right 'install_virtual_ip = yes'
check 'phone again: its certificate' certified right phone
comes right phone phone.$DOMAIN rw-phone
expect 'phone again: the same device and addresses' "$before ${PHONE[*]}" "$(index rw-phone) $IP4 $IP6"
expect 'phone again: one pair of SAs' 2 "$(ask left sas rw-phone | wc -l)"
check 'alice, who did not come again, is gone' wait_for 60 gone vti0
check 'alice is gone: the hook runs' wait_for 5 log_has 'hook down vti0 nobody'

# --- without the daemon ----------------------------------------------------------------

before="$(index rw-phone) $(index rw-laptop)"
ipvtid_kill left
check 'killed: phone passes' passes right "${PHONE[@]}"
check 'killed: laptop passes' passes other "${LAPTOP[@]}"
check 'ipvtid starts again' ipvtid_start left
expect 'started again: no SA was lost' '2 2' "$(ask left sas rw-phone | wc -l) $(ask left sas rw-laptop | wc -l)"
check 'started again: phone passes' wait_for 10 passes right "${PHONE[@]}"
check 'started again: laptop passes' wait_for 10 passes other "${LAPTOP[@]}"
expect 'started again: the same devices' "$before" "$(index rw-phone) $(index rw-laptop)"
expect 'started again: their names' 'staff/laptop.example.net rw-laptop, staff/phone.example.net rw-phone' \
	"$(ctl left -j status | jq -r '[.[] | select(.template == "staff") | "\(.name) \(.device)"] | sort | join(", ")')"
swan_vici right terminate ike=phone force=yes timeout=1000 >/dev/null
comes right phone phone.$DOMAIN rw-phone
expect 'phone again: the same addresses' "${PHONE[*]}" "$IP4 $IP6"
check 'phone again: one pair of SAs in the end' wait_for 30 one_pair_of rw-phone
kill -KILL "$(ipvtid_process left network)"
check 'the network process is killed: phone passes' wait_for 10 passes right "${PHONE[@]}"
swan_vici right terminate ike=phone force=yes timeout=1000 >/dev/null
check 'the network process is back' wait_for 10 connect right phone
check 'phone passes' wait_for 10 passes right "${PHONE[@]}"

# --- going -----------------------------------------------------------------------------

check 'phone hangs up' leave right phone
check 'phone hangs up: its device goes' wait_for 20 gone rw-phone
check_fails 'phone hangs up: so does its tunnel' ctl left status staff/phone.$DOMAIN
check 'phone hangs up: an event' told down staff/phone.$DOMAIN
swan_vici other terminate ike=laptop force=yes timeout=1000 >/dev/null
check 'laptop: its certificate' certified other laptop
comes other laptop laptop.$DOMAIN rw-laptop
end "${CHARON_PID[other]}" KILL
other ip xfrm state flush
check 'laptop dies: its device goes' wait_for 60 gone rw-laptop
comes right phone phone.$DOMAIN rw-phone
expect 'phone has its addresses' "${PHONE[*]}" "$IP4 $IP6"
check 'ipvtictl down of a client' ctl left down staff/phone.$DOMAIN
check 'ipvtictl down of a client: its device goes' wait_for 5 gone rw-phone
comes right phone phone.$DOMAIN rw-phone
check 'ipvtictl down of the template' ctl left down staff
check 'ipvtictl down of the template: the device goes' wait_for 5 gone rw-phone
expect 'ipvtictl down of the template: it is closed' closed "$(status left staff .state)"
check_fails 'closed: swanctl --initiate' connect right phone
check 'ipvtictl up of the template' ctl left up staff
comes right phone phone.$DOMAIN rw-phone

# --- reload ----------------------------------------------------------------------------

before=$(index rw-phone)
gateway_config 'metric = 77'
check 'another metric: reload' ctl left reload
expect 'another metric: the route has it' 77 "$(left ip -json route show "${PHONE[0]}" dev rw-phone | jq '.[0].metric')"
check 'another metric: phone passes' passes right "${PHONE[@]}"
expect 'another metric: the same device' "$before" "$(index rw-phone)"
gateway_config 'remote-ts = [ "10.9.0.0/24", "2001:db8:9::/64" ]'
check 'other selectors: reload' ctl left reload
check 'other selectors: phone is disconnected' gone rw-phone
comes right phone phone.$DOMAIN rw-phone
NO_GUESTS=1 gateway_config
check 'no template for guests: reload' ctl left reload
expect 'no template for guests: what is left' staff "$(ctl left -j status | jq -r '[.[].name | select(startswith("staff/") | not)] | join(" ")')"
expect 'no template for guests: no backstop' '10.9.0.0/24 ' "$(left ip -4 route show type unreachable | cut -d ' ' -f 2 | grep / | tr '\n' ' ')"

# The daemon was away while the template left the configuration.
check 'phone is there again' wait_for 20 connect right phone
ipvtid_kill left
sites | ipvtid_config left
check 'ipvtid starts without templates' ipvtid_start left
expect 'no template: no device' '' "$(devices)"

# --- ipvtid as client, and on the move -------------------------------------------------

end "${CHARON_PID[right]}"
gateway_config
check 'ipvtid has its templates again' ctl left reload
# shellcheck disable=SC2016 # the shell of the hook is meant
site remote=$LEFT4 local-id=phone.$DOMAIN remote-id=$ID_LEFT 'virtual-ip=["any4", "any6"]' address= \
	routes=from-selectors auth=pubkey psk= "certificate=$PKI/phone.pem" \
	"private-key=$PKI/phone.key" "ca=$PKI/root/cert.pem" mobike=true \
	'hook=echo hook $IPVTI_EVENT $IPVTI_DEVICE $IPVTI_VIRTUAL_IP, $IPVTI_DNS, $IPVTI_SUBNETS' | ipvtid_config right
check 'ipvtid as client starts' ipvtid_start right
check 'ipvtid as client: up' ctl right up site-b
expect 'ipvtid as client: the addresses' "${PHONE[*]}" "$(status right site-b '.["virtual-ip"] | join(" ")')"
check 'ipvtid as client: its hook knows what it is assigned' wait_for 5 grep -q \
	"hook up vti0 ${PHONE[*]}, $LAN_LEFT4, $NET_LEFT4\$" "$(ipvtid_log right)"
check 'ipvtid as client: both families pass' wait_for 10 passes right "${PHONE[@]}"
before="$(index rw-phone) $(status left staff/phone.$DOMAIN '.ike["spi-i"]')"
batch right "addr del $RIGHT4/24 dev wan" 'addr add 10.0.9.7/24 dev wan' 'route add default via 10.0.9.254'
check 'ipvtid as client moves: both families pass' wait_for 20 passes right "${PHONE[@]}"
expect 'ipvtid as client moves: the same device and IKE SA' "$before" \
	"$(index rw-phone) $(status left staff/phone.$DOMAIN '.ike["spi-i"]')"
check 'ipvtid as client: down' ctl right down site-b
check 'ipvtid as client: its device goes' wait_for 20 gone rw-phone
check 'ipvtid as client: its hook knows what it had' wait_for 5 grep -q \
	"hook down vti0 ${PHONE[*]}, $LAN_LEFT4, $NET_LEFT4\$" "$(ipvtid_log right)"
[ "$KTAP_FAILED" -eq 0 ] || diag "$(tail -n 150 "$(ipvtid_log left)")"
