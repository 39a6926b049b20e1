# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What the IKE scripts share: ipvtid on left and strongSwan's charon on right, the hosts of
# tunnel.sh, and one tunnel site-b between them. To be sourced after lib.sh.
. "${BASH_SOURCE[0]%/*}/tunnel.sh"
. "${BASH_SOURCE[0]%/*}/charon.sh"
. "${BASH_SOURCE[0]%/*}/ipvtid.sh"

ID_LEFT=gw-a.example.net ID_RIGHT=gw-b.example.net
SECRET='a secret for the tests, 32 octets'
UP_WITHIN=30	# seconds a busy machine may take for a negotiation and what follows from it

# --- configurations --------------------------------------------------------------------

# site [KEY=VALUE...]: configuration of ipvtid with the tunnel site-b, whose keys these replace or
# join. A list is written as libconfig has it; "KEY=" leaves the key out.
site() { sites "$(site_block site-b "$@")"; }

# sites BLOCK...: a configuration with several of what site_block prints.
sites() {
	echo 'tunnel: {'
	printf '%s\n' "$@"
	echo '};'
}
site_block() {
	local name=$1 word key
	local -A conf=([device]=vti0 [remote]=$RIGHT4 [local-id]=$ID_LEFT [remote-id]=$ID_RIGHT
		[psk]=$SECRET [address]="[ \"$LAN_LEFT4/24\", \"$LAN_LEFT6/64\" ]"
		[routes]="[ \"$NET_RIGHT4\", \"$NET_RIGHT6\" ]" [start]=manual)

	shift
	for word; do
		conf[${word%%=*}]=${word#*=}
	done
	echo "  $name: {"
	for key in "${!conf[@]}"; do
		case ${conf[$key]} in
		'') ;;
		'['*|true|false) echo "    $key = ${conf[$key]};" ;;
		*) echo "    $key = \"${conf[$key]}\";" ;;
		esac
	done
	echo '  };'
}

# gateway [KEY=VALUE...]: swanctl.conf with the connection site-a and its child net. Keys are name,
# local, remote, local-id, remote-id, secret, local-ts, remote-ts, and conn, child and secrets, further
# lines of those sections.
gateway() {
	local -A conf=([name]=site-a [local]=$RIGHT4 [remote]=$LEFT4 [local-id]=$ID_RIGHT [remote-id]=$ID_LEFT
		[secret]=$SECRET [local-ts]="$NET_RIGHT4,$NET_RIGHT6"
		[remote-ts]="$NET_LEFT4,$NET_LEFT6" [conn]='' [child]='' [secrets]='')
	local word

	for word; do
		conf[${word%%=*}]=${word#*=}
	done
	cat <<-END
		connections {
			${conf[name]} {
				version = 2
				local_addrs = ${conf[local]}
				remote_addrs = ${conf[remote]}
				${conf[conn]}
				local {
					auth = psk
					id = "${conf[local-id]}"
				}
				remote {
					auth = psk
					id = "${conf[remote-id]}"
				}
				children {
					net {
						local_ts = ${conf[local-ts]}
						remote_ts = ${conf[remote-ts]}
						${conf[child]}
					}
				}
			}
		}
		secrets {
			ike-${conf[name]} {
				id-a = "${conf[remote-id]}"
				id-b = "${conf[local-id]}"
				secret = "${conf[secret]}"
			}
			${conf[secrets]}
		}
	END
}

# lan_right: the addresses behind right.
lan_right() {
	batch right "addr add $LAN_RIGHT4/24 dev lan" "addr add $LAN_RIGHT6/64 dev lan nodad"
}

# ike_peers [KEY=VALUE...]: both daemons with the default configurations; the words are for site.
ike_peers() {
	lan_right
	check 'charon starts' charon_start right
	check 'charon takes its configuration' gateway_load
	check 'ipvtid starts' site_start "$@"
}
gateway_load() {
	gateway "$@" >"$WORK/swanctl.conf"
	vici load "$WORK/swanctl.conf"
}
site_start() { site "$@" | ipvtid_config left; ipvtid_start left; }

# site_reload [KEY=VALUE...]: give ipvtid another configuration of site-b.
site_reload() {
	local out

	site "$@" | ipvtid_config left
	out=$(ctl left reload 2>&1) || { not_ok "reload with $*"; diag "$out"; }
}

# --- bringing it up --------------------------------------------------------------------

# up: ipvtictl up site-b, and vti0 has carrier.
up() { ctl left up site-b && wait_for $UP_WITHIN is_carrier left vti0 1; }
# initiate: charon brings it up.
initiate() { vici initiate child=net ike=site-a timeout=30000; }
# down: nothing of the tunnel is left on both sides.
down() { ctl left down site-b; wait_for $UP_WITHIN nothing_left; }
# hang_up: the same from the other side. Unlike `ipvtictl down` it lets right begin again.
hang_up() { vici terminate ike=site-a && wait_for $UP_WITHIN nothing_left; }
nothing_left() { [ -z "$(sas left)" ] && [ "$(charon_counts)" = '0 0' ] && [ "$(xfrm_states right)" = 0 ]; }

# rest: no SA on both sides, and no tunnel at ipvtid until site_reload gives it another. What was
# brought up with `ipvtictl up` is kept up, and `ipvtictl down` bars the peer as well.
rest() {
	sites | ipvtid_config left
	ctl left reload && wait_for $UP_WITHIN resting
}
resting() {
	# charon keeps an IKE SA whose Child SA came to nothing.
	[ "$(charon_counts)" = '0 0' ] || vici terminate ike=site-a force=yes timeout=5000
	[ "$(charon_counts)" = '0 0' ] && [ "$(xfrm_states right)" = 0 ] &&
		! left test -e /sys/class/net/vti0
}

# answers: a ping of each family through the tunnel is answered.
answers() {
	ping_once left $LAN_RIGHT4 from=$LAN_LEFT4 && ping_once left $LAN_RIGHT6 from=$LAN_LEFT6
}

# --- what can be seen ------------------------------------------------------------------

# sas HOST: a line "in|out SPI STATE" for each SA of its vti0.
sas() { ask "$1" sas vti0; }
# outbound [HOST]: SPI of the SA that sends.
outbound() {
	local spi state

	while read -r _ spi state; do
		[ "$state" != current ] || echo "$spi"
	done <<<"$(sas "${1:-left}")"
}
# differs FUNCTION VALUE: what FUNCTION prints is something else now.
differs() {
	local now

	now=$($1) && [ -n "$now" ] && [ "$now" != "$2" ]
}
# check_one_pair NAME: in the end there is one pair of SAs, and both sides mean the same one.
check_one_pair() {
	wait_for $UP_WITHIN one_pair
	expect "$1" "$ONE_PAIR" "$PAIRS"
}
# one_pair: right now; what was seen is in PAIRS.
one_pair() {
	PAIRS=$(pairs)
	[ "$PAIRS" = "$ONE_PAIR" ]
}
ONE_PAIR='left: in live, out current; IKE SAs and Child SAs of charon: 1 1; XFRM: the same SPIs'
# pairs: what there is on both sides.
pairs() {
	local halves near far

	halves=$(halves)
	near=$(sas left | awk '{ print $2 }' | sort)
	far=$(right ip xfrm state list | grep -o 'spi 0x[0-9a-f]*' | cut -d ' ' -f 2 | sort)
	[ "$near" != "$far" ] || far='the same SPIs'
	echo "left: ${halves//$'\n'/, }; IKE SAs and Child SAs of charon: $(charon_counts);" \
		"XFRM: ${far//$'\n'/, }"
}
# halves: direction and state of each SA of left.
halves() {
	local list

	list=$(sas left)
	echo "${list// 0x????????/}"
}

# vici COMMAND [NAME=VALUE...]: ask the charon of right, see helpers/vici.py.
vici() { ask right vici "$(charon_dir right)/vici" "$@"; }
# charon_counts: IKE SAs and installed Child SAs; ike_spi: initiator's SPI of the first.
charon_counts() { vici counts; }
ike_spi() { vici ike-spi; }
# negotiated: the algorithms of IKE and ESP as charon has them.
negotiated() { vici negotiated; }
# xfrm_states HOST: number of states in XFRM.
xfrm_states() {
	local text

	text=$(on "$1" ip xfrm state count)
	echo "${text##* }"
}
# charon_said TEXT: how often it is in charon's log; log_said TEXT: in ipvtid's.
charon_said() { grep -c -- "$1" "$(charon_dir right)/log"; }
log_said() { grep -c -- "$1" "$(ipvtid_log left)"; }
# carrier_changes: of vti0 on left.
carrier_changes() { left cat /sys/class/net/vti0/carrier_changes; }

# logs: the end of both logs, to explain a failure.
logs() {
	diag "$(tail -n "${1:-15}" "$(ipvtid_log left)")"
	diag "$(tail -n "${1:-15}" "$(charon_dir right)/log")"
}
# logs_if_failed: at the end of a script, when one of its checks failed.
logs_if_failed() { [ "$KTAP_FAILED" -eq 0 ] || logs 60 >&2; }

# --- traffic in both directions --------------------------------------------------------

# flows_start [RATE]: numbered datagrams from left to right and back.
flows_start() {
	flow_start there left right $LAN_RIGHT4 "${1:-100}"
	flow_start back right left $LAN_LEFT4 "${1:-100}"
}
# flows_stop NAME: nothing of them was lost.
flows_stop() {
	local way

	for way in there back; do
		flow_stop $way
		expect "$1: lost on the way $way" "0 of $FLOW_SENT" "$FLOW_LOST of $FLOW_SENT"
		[ "$FLOW_SENT" -gt 20 ] || not_ok "$1: packets were sent"
		[ "$FLOW_LOST" -eq 0 ] || lost_where
	done
}
# lost_where: what both sides have, and what counted drops.
lost_where() {
	diag "$(pairs); policies of XFRM: $(right ip xfrm policy count)"
	diag "vti0: $(left ipvtictl stats vti0)"
	diag "$(left ip -s link show dev vti0)"
	diag "XFRM of right: $(right grep -v '[^0-9]0$' /proc/net/xfrm_stat)"
	diag "UDP of both: $(left nstat -asz UdpInErrors UdpRcvbufErrors) $(right nstat -asz UdpRcvbufErrors UdpNoPorts)"
}
