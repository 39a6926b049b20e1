# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The interoperability matrix: ipvtid on left with another implementation on right, a router between
# them that can be a NAT. To be sourced after ike.sh and pki.sh. Ends with what `interop PEER` runs.
#
# interop/FILE.sh holds the peer. It has these functions, which end with a status:
#   peer_start          start it; also again after peer_kill
#   peer_kill           end it as a power failure does
#   peer_configure      take the configuration of CELL and forget that of any other. Its addresses are
#                       PEER_LOCAL and PEER_REMOTE, the latter empty for any
#   peer_initiate       bring the tunnel up
#   peer_rekey_child, peer_rekey_ike, peer_delete
#   peer_forget         no SA and no configuration is left
# and may replace peer_spis and families, below. PEER_LOG is its log, PEER_ENCAP is udp when it never
# sends plain ESP.
INTEROP=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
SEED=${SEED:-1}
LEFT_WORDS=()		# for the configuration of ipvtid, besides those of the cell
declare -A CELL=()	# role, auth, path, event, proposal, outer: see cells.py

# --- a place for the peer --------------------------------------------------------------

# peer_files FILES|none: give the peer the files of $1 (see enter) in the network of right, and an
# agent there with the name peer. Sets ENTER, what runs a command there.
peer_files() {
	local dir

	dir=$(mktemp -d "$WORK/files.XXXXXX")
	agent peer ip netns exec right unshare -m "$INTEROP/enter" "$1" "$dir"
	ENTER=(nsenter -t "${AGENT_PID[peer]}" -m -n -r)
	wait_for 10 ask peer run true
}
# in_peer COMMAND...: run it there; with standard input, and in the background.
in_peer() { "${ENTER[@]}" "$@"; }

# --- left ------------------------------------------------------------------------------

declare -A IKE_PROPOSAL=([cbc]=aes128-sha256-prfsha256-ecp256 [gcm]=aes256gcm16-prfsha384-ecp384
	[chacha]=chacha20poly1305-prfsha256-x25519)
declare -A ESP_PROPOSAL=([cbc]=aes128-sha256 [gcm]=aes256gcm16 [chacha]=chacha20poly1305)

# families: inner families that a cell's tunnel carries: those that the peer takes.
families() { echo 4 6; }

# quoted WORD...: a list of libconfig.
quoted() {
	local list

	printf -v list '"%s", ' "$@"
	echo "[ ${list%, } ]"
}

# cell_words HOST: what ipvtid is told about algorithms and authentication, a word a line.
cell_words() {
	local auth=${CELL[auth]} proposal=${CELL[proposal]}

	[ "$proposal" = default ] || printf '%s\n' "ike-proposals=${IKE_PROPOSAL[$proposal]}" \
		"esp-proposals=${ESP_PROPOSAL[$proposal]}"
	[ "$auth" = psk ] || printf '%s\n' auth=pubkey psk= "ca=$PKI/root/cert.pem" \
		"certificate=$PKI/$1-$auth.pem" "private-key=$PKI/$1-$auth.key"
}

left_configure() {
	local words=(detect=1s give-up=3s keepalive=5s "remote=${LEFT_REMOTE:-%any}" "${LEFT_WORDS[@]}")
	local near=() far=() family

	for family in $(families); do
		case $family in
		4) near+=("$NET_LEFT4"); far+=("$NET_RIGHT4") ;;
		6) near+=("$NET_LEFT6"); far+=("$NET_RIGHT6") ;;
		esac
	done
	words+=("local-ts=$(quoted "${near[@]}")" "remote-ts=$(quoted "${far[@]}")")
	mapfile -t -O ${#words[@]} words < <(cell_words left)
	site "${words[@]}" | ipvtid_config left
	ctl left reload
}

# --- the way between them --------------------------------------------------------------

# way: with a NAT before the one that does not initiate, or none. Sets the addresses that both sides
# are to use: who comes from behind the NAT can have any.
NAT=off
way() {
	local device=far family=ip

	[ "${CELL[outer]}" = 4 ] && PEER_LOCAL=$RIGHT4 PEER_REMOTE=$LEFT4 LEFT_REMOTE=$RIGHT4
	[ "${CELL[outer]}" = 6 ] && PEER_LOCAL=$RIGHT6 PEER_REMOTE=$LEFT6 LEFT_REMOTE=$RIGHT6 family=ip6
	if [ "$NAT" = on ]; then
		middle nft flush ruleset
		middle conntrack -F
	fi
	NAT=off
	[ "${CELL[path]}" = nat ] || return 0
	NAT=on
	if [ "${CELL[role]}" = initiator ]; then
		PEER_REMOTE=
	else
		LEFT_REMOTE=
		device=near
	fi
	ip netns exec middle nft -f - <<-END
		table $family nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname $device meta l4proto udp masquerade to :20000-20999
				oifname $device masquerade
			}
		}
	END
}

# --- what can be seen ------------------------------------------------------------------

# passes: an echo of each family is answered.
passes() {
	local family

	for family in $(families); do
		case $family in
		4) ping_once left $LAN_RIGHT4 from=$LAN_LEFT4 || return ;;
		6) ping_once left $LAN_RIGHT6 from=$LAN_LEFT6 || return ;;
		esac
	done
}
# peer_spis: the SPIs of its SAs, sorted, one a line; of those in XFRM.
peer_spis() { ask right spis; }
# paired: as many SAs receive as send, there are no others, and the peer has the same.
paired() {
	local list theirs direction spi state spis=() counts=(0 0)

	list=$(sas left)
	theirs=$(peer_spis)
	PAIRS="left: ${list//$'\n'/, }; peer: ${theirs//$'\n'/ }"
	mapfile -t spis <<<"$theirs"
	while read -r direction spi state; do
		[[ $theirs = *"$spi"* ]] || return
		case $direction-$state in
		in-live) counts[0]=$((counts[0] + 1)) ;;
		out-current) counts[1]=$((counts[1] + 1)) ;;
		*) return 1 ;;
		esac
	done <<<"$list"
	[ "${counts[0]}" -gt 0 ] && [ "${counts[0]}" = "${counts[1]}" ] &&
		[ ${#spis[@]} = $((2 * counts[0])) ]
}
nothing_anywhere() { [ -z "$(sas left)" ] && [ -z "$(peer_spis)" ]; }
no_device() { ! left test -e /sys/class/net/vti0; }
# left_status PATH...: see status of helpers/agent.py.
left_status() { ask left status "$(ipvtid_dir left)/control" site-b "$@"; }
ike_sa() { left_status ike.spi-i; }
# agreed: algorithms and encapsulation are as they have to be.
agreed() {
	local seen word proposal=${CELL[proposal]} encap=${PEER_ENCAP:-none}

	[ "${CELL[path]}" != nat ] || encap=udp
	mapfile -t seen < <(left_status encap ike.proposal children.0.alg)
	echo "${seen[@]}"
	[ "${seen[0]}" = $encap ] || return
	[ "$proposal" != default ] || return 0
	for word in ${IKE_PROPOSAL[$proposal]//-/ }; do
		[[ -${seen[1]}- = *-$word-* ]] || return
	done
	[ "${seen[2]}" = "${ESP_PROPOSAL[$proposal]}" ]
}

# --- what happens in a cell ------------------------------------------------------------

# step NAME COMMAND...: one after the other; the first that fails is STEP, with its output in KTAP_OUTPUT.
step() {
	STEP=$1
	[ -z "${STEPS:-}" ] || echo "# $EPOCHREALTIME $1"
	"${@:2}" >"$KTAP_OUTPUT" 2>&1
}

begin() {
	if [ "${CELL[role]}" = initiator ]; then
		ctl left up site-b
	else
		peer_initiate
	fi
}
comes_up() {
	step "$1: carrier" wait_for $UP_WITHIN is_carrier left vti0 1 &&
		step "$1: traffic in both directions" wait_for $UP_WITHIN passes &&
		step "$1: the same SAs on both sides" wait_for $UP_WITHIN paired
}

# lossless NAME COMMAND... : while echo requests go and come, COMMAND succeeds; all are answered.
lossless() {
	local there=$LAN_RIGHT4 here=$LAN_LEFT4

	[[ $(families) = *4* ]] || there=$LAN_RIGHT6 here=$LAN_LEFT6
	ask left echo-start "$there" from="$here" interval=0.01
	"$@" || { ask left echo-stop >/dev/null; return 1; }
	step 'no packet is lost' ask left echo-stop
}
child_changes() {
	local spi

	spi=$(outbound)
	step 'Child rekey' "$@" && step 'another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
}
ike_changes() {
	local spi

	spi=$(ike_sa)
	step 'IKE rekey' "$@" && step 'another IKE SA' wait_for $UP_WITHIN differs ike_sa "$spi"
}

event_child-left() { lossless child_changes ctl left rekey site-b; }
event_child-right() { lossless child_changes peer_rekey_child; }
event_ike-left() {
	lossless ike_changes ctl left rekey site-b ike && child_changes ctl left rekey site-b
}
event_ike-right() {
	lossless ike_changes peer_rekey_ike && child_changes ctl left rekey site-b
}
event_delete-left() {
	step 'delete' ctl left down site-b &&
		step 'nothing is left on both sides' wait_for $UP_WITHIN nothing_anywhere &&
		step 'no carrier' is_carrier left vti0 0
}
# What was brought up with `ipvtictl up` is brought up again.
event_delete-right() {
	local spi

	spi=$(outbound)
	step 'delete' peer_delete || return
	if [ "${CELL[role]}" = initiator ]; then
		step 'another SA' wait_for $UP_WITHIN differs outbound "$spi" && comes_up 'after a delete'
	else
		step 'nothing is left on both sides' wait_for $UP_WITHIN nothing_anywhere &&
			step 'no carrier' is_carrier left vti0 0 &&
			step 'it is brought up again' peer_initiate && comes_up 'after a delete'
	fi
}
# A peer that lost all it had: who initiated has to notice, or comes again.
event_restart() {
	local spi

	spi=$(outbound)
	peer_kill
	right ip xfrm state flush
	right ip xfrm policy flush
	step 'the peer starts again' peer_start &&
		step 'and takes its configuration' peer_configure || return
	if [ "${CELL[role]}" = responder ]; then
		step 'it is brought up again' peer_initiate || return
	fi
	step 'another SA' wait_for $UP_WITHIN differs outbound "$spi" && comes_up 'after a restart'
}

cell_steps() {
	step 'both at rest' at_rest && step 'the way between' way &&
		step 'the peer takes its configuration' peer_configure &&
		step 'ipvtid takes its configuration' left_configure &&
		step 'bringing it up' wait_for $UP_WITHIN begin &&
		comes_up up && step 'algorithms and encapsulation' agreed &&
		"event_${CELL[event]}" || return
	[[ ${CELL[event]} = delete-left ]] || comes_up 'in the end'
}

# at_rest: neither side has a tunnel or a configuration.
at_rest() {
	sites | ipvtid_config left
	ctl left reload
	peer_forget
	wait_for $UP_WITHIN no_device && wait_for $UP_WITHIN peer_at_rest
}
peer_at_rest() { [ -z "$(peer_spis)" ]; }

# cell VALUE...: of all dimensions.
cell() {
	local start=$SECONDS name=$* logged

	CELL=([role]=$1 [auth]=$2 [path]=$3 [event]=$4 [proposal]=$5 [outer]=$6)
	logged=$(wc -l <"$(ipvtid_log left)")
	: >"$PEER_LOG"
	if cell_steps; then
		ok "$name ($((SECONDS - start)) s)"
		return
	fi
	not_ok "$name"
	diag "at: $STEP"
	diag "$(tail -n 10 "$KTAP_OUTPUT")"
	paired || diag "$PAIRS"
	diag "vti0: $(left ipvtictl stats vti0 | grep -v ' 0$')"
	diag "XFRM of the peer: $(right grep -v '[^0-9]0$' /proc/net/xfrm_stat)"
	diag "$(right ip -s xfrm state list | grep -E '^src|spi|encap|sel|bytes')"
	diag "$(tail -n "+$((logged + 1))" "$(ipvtid_log left)" | tail -n 25 | cut -c1-300)"
	diag "$(tail -n 40 "$PEER_LOG" | cut -c1-300)"
}

# Their subjects differ: NSS knows certificates by them.
interop_certificates() {
	local kind

	authority root
	for kind in rsa p256 p384 ed25519; do
		certify left-$kind $kind left-$kind DNS:$ID_LEFT
		certify right-$kind $kind right-$kind DNS:$ID_RIGHT
	done
	test -s "$PKI/right-ed25519.pem"
}

# interop_hosts: both daemons, with nothing to do.
interop_hosts() {
	# All that is needed is there, and looking for more takes a second for each algorithm.
	[ "$KERNEL" != uml ] || sysctl -qw kernel.modprobe=
	hosts_routed
	lan_right
	check 'the certificates are made' interop_certificates
	check 'the peer starts' peer_start
	sites | ipvtid_config left
	check 'ipvtid starts' ipvtid_start left
}

# interop PEER: the cells of that peer: those of the environment's CELLS, one a line, or those
# that SEED gives, or with MATRIX=all every one.
interop() {
	local line values

	echo "# seed $SEED"
	check 'the cells are chosen' cells_of "$1"
	interop_hosts
	while read -r line; do
		case $line in
		'# cannot '*)
			line=${line#'# cannot '}
			skip "${line%%: *}" "${line#*: }"
			;;
		?*)
			read -ra values <<<"$line"
			cell "${values[@]}"
			;;
		esac
	done <"$WORK/cells"
}
cells_of() {
	if [ -n "${CELLS:-}" ]; then
		echo "$CELLS" >"$WORK/cells"
	else
		"$INTEROP/cells.py" "${MATRIX:-pairs}" "$1" "$SEED" >"$WORK/cells"
	fi
}
