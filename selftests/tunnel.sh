# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Two hosts and a tunnel between them, for the scripts of this folder. To be sourced after lib.sh.
#
#   left                                                       right
#   vti0 192.168.1.1/24                           192.168.2.1/24 lan
#        2001:db8:1::1/64                       2001:db8:2::1/64
#   wan  10.0.0.1/24, 2001:db8::1/64 ---- 10.0.0.2/24, 2001:db8::2/64 wan
#
# left has the tunnel in ipvti. right has it in the kernel's own XFRM, which is another
# implementation, or with peer=vti in ipvti as well.

LEFT4=10.0.0.1 RIGHT4=10.0.0.2
LEFT6=2001:db8::1 RIGHT6=2001:db8::2
LAN_LEFT4=192.168.1.1 LAN_RIGHT4=192.168.2.1
LAN_LEFT6=2001:db8:1::1 LAN_RIGHT6=2001:db8:2::1
NET_LEFT4=192.168.1.0/24 NET_RIGHT4=192.168.2.0/24
NET_LEFT6=2001:db8:1::/64 NET_RIGHT6=2001:db8:2::/64

SPI_OUT=0x00001001	# left to right
SPI_IN=0x00002001	# right to left

HELPERS=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/helpers
WORK=$(mktemp -d /tmp/ipvti-test.XXXXXX)
JOBS=()			# processes to end with the script

# --- hosts' agents -------------------------------------------------------------------------

declare -A AGENT_TO=() AGENT_FROM=() AGENT_PID=()

# agent NAME [COMMAND...]: start the agent of a host, see helpers/agent.py; or one by that name, for
# ask, that COMMAND runs.
agent() {
	local to from pipe=$WORK/agent.$1

	[ $# -gt 1 ] || set -- "$1" ip netns exec "$1"
	mkfifo "$pipe.to" "$pipe.from"
	exec {to}<>"$pipe.to" {from}<>"$pipe.from"
	"${@:2}" "$HELPERS/agent.py" <&"$to" >&"$from" &
	AGENT_PID[$1]=$!
	JOBS+=("$!")
	AGENT_TO[$1]=$to
	AGENT_FROM[$1]=$from
}

# ask HOST WORD...: one request to it; prints the output and returns the status.
ask() {
	local host=$1 status length output=''

	shift
	echo "${*@Q}" >&"${AGENT_TO[$host]}"
	read -r status length <&"${AGENT_FROM[$host]}" || return 125
	[ "$length" = 0 ] || IFS= read -r -N "$length" output <&"${AGENT_FROM[$host]}"
	[ -z "$output" ] || printf '%s\n' "$output"
	return "$status"
}

# on HOST COMMAND..., left COMMAND..., right, middle, other: run it there, without standard input.
# In the background, or with standard input, use `ip netns exec`.
on() { ask "$1" run "${@:2}"; }
left() { on left "$@"; }
right() { on right "$@"; }
middle() { on middle "$@"; }
other() { on other "$@"; }

# batch HOST LINE...: commands for ip, in one go; it stops at the first that fails.
batch() {
	printf '%s\n' "${@:2}" >"$WORK/batch"
	on "$1" ip -batch "$WORK/batch"
}

# --- processes -------------------------------------------------------------------------

# job COMMAND...: start it in the background, sets JOB; it ends with the script.
job() {
	"$@" &
	JOB=$!
	JOBS+=("$JOB")
}

# end JOB [SIGNAL]: stop a background process and wait until it is gone.
end() {
	kill "-${2:-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

tunnel_cleanup() {
	local pid ns

	for pid in "${JOBS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	for ns in left right middle other; do
		ip netns del $ns 2>/dev/null
	done
	JOBS=()
	rm -rf "$WORK"
}
at_exit tunnel_cleanup

# --- hosts -----------------------------------------------------------------------------

# host NAME: a namespace without duplicate address detection, so that addresses work at once.
host() {
	ip netns add "$1"
	agent "$1"
	on "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.router_solicitations=0
	batch "$1" 'link set lo up'
}

# host_del NAME: the namespace goes as soon as no other process holds it.
host_del() {
	end "${AGENT_PID[$1]}"
	rm -f "$WORK/agent.$1".*
	ip netns del "$1"
}

# hosts: left and right with one link between them.
hosts() {
	host left
	host right
	ip link add wan netns left type veth peer name wan netns right
	batch left "addr add $LEFT4/24 dev wan" "addr add $LEFT6/64 dev wan nodad" 'link set wan up'
	batch right "addr add $RIGHT4/24 dev wan" "addr add $RIGHT6/64 dev wan nodad" \
		'link set wan up' 'link add lan type dummy' 'link set lan up'
	right sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	wait_for 5 ask right ping $LEFT6
}

# hosts_routed: left and right with a router between them, whose far link's MTU can be set.
# left is in 10.0.0.0/24 and 2001:db8::/64 as ever; RIGHT4 and RIGHT6 change.
hosts_routed() {
	RIGHT4=10.0.9.2
	RIGHT6=2001:db8:9::2
	host left
	host middle
	host right
	ip link add wan netns left type veth peer name near netns middle
	ip link add wan netns right type veth peer name far netns middle
	middle sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	right sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	batch left "addr add $LEFT4/24 dev wan" "addr add $LEFT6/64 dev wan nodad" 'link set wan up' \
		'route add default via 10.0.0.254' 'route add default via 2001:db8::254'
	batch middle 'addr add 10.0.0.254/24 dev near' 'addr add 2001:db8::254/64 dev near nodad' \
		'addr add 10.0.9.254/24 dev far' 'addr add 2001:db8:9::254/64 dev far nodad' \
		'link set near up' 'link set far up'
	batch right "addr add $RIGHT4/24 dev wan" "addr add $RIGHT6/64 dev wan nodad" \
		'link set wan up' 'route add default via 10.0.9.254' \
		'route add default via 2001:db8:9::254' 'link add lan type dummy' 'link set lan up'
	wait_for 5 ask right ping $LEFT6
}

# ping_once HOST ADDRESS [OPTION...]: one echo request and its answer within a second. Options are
# those of the agent.
ping_once() { ask "$1" ping "${@:2}"; }

# ping_all HOST ADDRESS [OPTION...]: five echo requests, and all are answered.
ping_all() { ask "$1" ping "$2" count=5 "${@:3}"; }

# --- algorithms: what they are called and how long their keys are, from the RFCs -------------

# keyword: bytes of cipher key and salt, bytes of integrity key, name of the cipher and of the
# integrity algorithm for ip xfrm, bits of the ICV. RFC 4106, 4309, 4543, 7634, 5529.
declare -A ALGS=([chacha20poly1305]='36 0 rfc7539esp(chacha20,poly1305) - 128')
# keyword: bytes of key and nonce, name. RFC 3602, 3686, 4312, 5529, 2410, 2451.
declare -A CIPHERS=([null]='0 ecb(cipher_null)' [3des]='24 cbc(des3_ede)' [cast128]='16 cbc(cast5)')
# keyword: bytes of key, name, bits of the ICV. RFC 4868, 2404, 3566, 4494, 2403, 4595.
declare -A INTEGS=(
	[sha256]='32 hmac(sha256) 128'
	[sha384]='48 hmac(sha384) 192'
	[sha512]='64 hmac(sha512) 256'
	[sha1]='20 hmac(sha1) 96'
	[aesxcbc]='16 xcbc(aes) 96'
	[aescmac]='16 cmac(aes) 96'
	[sha1_160]='20 hmac(sha1) 160'
	[sha256_96]='32 hmac(sha256) 96'
	[md5]='16 hmac(md5) 96'
	[md5_128]='16 hmac(md5) 128'
)

algorithms() {
	local bits octets icv cipher integ key name auth

	for bits in 128 192 256; do
		octets=$((bits / 8))
		for icv in 8 12 16; do
			ALGS[aes${bits}gcm$icv]="$((octets + 4)) 0 rfc4106(gcm(aes)) - $((icv * 8))"
			ALGS[aes${bits}ccm$icv]="$((octets + 3)) 0 rfc4309(ccm(aes)) - $((icv * 8))"
			ALGS[camellia${bits}ccm$icv]="$((octets + 3)) 0 rfc4309(ccm(camellia)) - $((icv * 8))"
		done
		ALGS[aes${bits}gmac]="$((octets + 4)) 0 rfc4543(gcm(aes)) - 128"
		for cipher in aes camellia; do
			CIPHERS[$cipher${bits}ctr]="$((octets + 4)) rfc3686(ctr($cipher))"
		done
		for cipher in aes camellia blowfish serpent twofish; do
			CIPHERS[$cipher$bits]="$octets cbc($cipher)"
		done
	done
	for cipher in "${!CIPHERS[@]}"; do
		read -r key name <<<"${CIPHERS[$cipher]}"
		for integ in "${!INTEGS[@]}"; do
			read -r octets auth bits <<<"${INTEGS[$integ]}"
			ALGS[$cipher-$integ]="$key $octets $name $auth $bits"
		done
	done
}
algorithms

# is_legacy ALG: whether an SA of that algorithm needs the word legacy.
is_legacy() {
	case $1 in
	3des-* | cast128-* | blowfish* | serpent* | twofish*) ;;
	*-md5 | *-md5_128 | *-sha1_160 | *-sha256_96) ;;
	*) return 1 ;;
	esac
}

# xfrm_has ALG: whether XFRM knows it, on any kernel.
xfrm_has() {
	case $1 in
	camellia*ctr-* | camellia*ccm*) return 1 ;;
	esac
}

# key ALG LABEL: a key of that algorithm in hex, always the same for the same label. key_of sets KEY
# instead: a subshell is what costs most on User Mode Linux.
key() {
	key_of "$@"
	echo "$KEY"
}
key_of() {
	local cipher integ _ text=$2 hex='' i code state=7

	read -r cipher integ _ <<<"${ALGS[$1]}"
	for ((i = 0; i < ${#text}; i++)); do
		printf -v code '%d' "'${text:i:1}"
		state=$(((state * 31 + code) % 65521))
	done
	for ((i = 0; i < cipher + integ; i++)); do
		state=$(((state * 17364 + 1) % 65521))
		printf -v hex '%s%02x' "$hex" $((state >> 4 & 255))
	done
	KEY=$hex
}

# --- SAs -------------------------------------------------------------------------------

# vti_sa HOST DEV in|out SPI ALG KEY [WORD...]: install an SA in ipvti, with further words of
# `ipvtictl sa add`. Prints what ipvtictl says.
vti_sa() {
	local host=$1 dev=$2 dir=$3 spi=$4 alg=$5 key=$6
	local file=$WORK/key

	shift 6
	[ -e "$file" ] || { umask 077; : >"$file"; umask 022; }
	echo "$key" >"$file"
	on "$host" ipvtictl sa add "$dev" "$dir" spi "$spi" alg "$alg" key-file "$file" "$@"
}

# vti_sa_now HOST DEV in|out SPI ALG KEY [NAME=NUMBER...]: the same at once, without starting a
# program; NAME as in IPVTI_A_SA_*.
vti_sa_now() { ask "$1" install "${@:2}"; }

# XFRM finds the SA of a policy by the two addresses and this number.
REQID=0

# xfrm_sa HOST SRC DST SPI ALG KEY [WORD...]: install an SA in XFRM, with further words of
# `ip xfrm state add`.
xfrm_sa() {
	xfrm_sa_of "${@:2}"
	batch "$1" "$LINE"
}
# xfrm_sa_line SRC DST SPI ALG KEY [WORD...]: what ip -batch is told; xfrm_sa_of sets LINE instead.
xfrm_sa_line() {
	xfrm_sa_of "$@"
	echo "$LINE"
}
xfrm_sa_of() {
	local alg=$4 key=$5 cipher integ encr auth bits encr_key=''

	read -r cipher integ encr auth bits <<<"${ALGS[$alg]}"
	[ "$cipher" = 0 ] || encr_key=0x${key:0:2*cipher}
	if [ "$auth" = - ]; then
		encr="aead $encr 0x$key $bits"
	else
		encr="enc $encr \"$encr_key\" auth-trunc $auth 0x${key:2*cipher:2*integ} $bits"
	fi
	LINE="xfrm state add src $1 dst $2 proto esp spi $3 reqid $REQID mode tunnel $encr ${*:6}"
}

# xfrm_policies HOST SRC DST INNER-SRC INNER-DST [WORD...]: send what goes from INNER-SRC to
# INNER-DST from SRC to DST, and expect the reverse.
xfrm_policies() {
	xfrm_policies_of "${@:2}"
	batch "$1" "${LINES_OF[@]}"
}
# xfrm_policies_of SRC DST INNER-SRC INNER-DST [WORD...]: sets LINES_OF to what ip -batch is told.
xfrm_policies_of() {
	local dir

	LINES_OF=("xfrm policy add src $3 dst $4 dir out ${*:5} tmpl src $1 dst $2 proto esp reqid $REQID mode tunnel")
	for dir in in fwd; do
		LINES_OF+=("xfrm policy add src $4 dst $3 dir $dir ${*:5} tmpl src $2 dst $1 proto esp reqid $REQID mode tunnel")
	done
}

# --- tunnels ---------------------------------------------------------------------------

# tunnel [outer=4|6] [alg=ALG] [encap=udp] [esn=on] [window=N] [peer=xfrm|vti|none]
#	[out='WORD...'] [in='WORD...'] [xfrm-out='WORD...'] [xfrm-in='WORD...']
# Make vti0 on left and its peer on right, with static keys. out and in are further words for the
# SAs of left, xfrm-out and xfrm-in for those of XFRM on right (out: from left to right).
tunnel() {
	local -A t=([outer]=4 [alg]=aes128gcm16 [encap]=none [esn]=off [window]=1024 [peer]=xfrm)
	local word near far

	for word; do
		t[${word%%=*}]=${word#*=}
	done
	case ${t[outer]} in
	4) near=$LEFT4 far=$RIGHT4 ;;
	6) near=$LEFT6 far=$RIGHT6 ;;
	esac

	case ${t[encap]} in
	udp)
		udp_esp left adopt "$near"
		word='encap udp 4500 4500'
		;;
	none)
		word=
		;;
	esac
	vti_device left "$near" "$far" $LAN_LEFT4/24 $LAN_LEFT6/64 "$word" \
		"route add $NET_RIGHT4 dev vti0" "route add $NET_RIGHT6 dev vti0"
	tunnel_keys "${t[alg]}" "${t[esn]}" "${t[window]}" "${t[out]:-}" "${t[in]:-}"

	case ${t[peer]} in
	xfrm)
		[ "${t[encap]}" = none ] || udp_esp right foreign "$far"
		xfrm_peer "${t[alg]}" "$near" "$far" "${t[encap]}" "${t[esn]}" "${t[window]}" \
			"${t[xfrm-out]:-}" "${t[xfrm-in]:-}"
		;;
	vti)
		[ "${t[encap]}" = none ] || udp_esp right adopt "$far"
		vti_device right "$far" "$near" $LAN_RIGHT4/24 $LAN_RIGHT6/64 "$word" \
			"route add $NET_LEFT4 dev vti0" "route add $NET_LEFT6 dev vti0"
		vti_peer_keys "${t[alg]}" "${t[esn]}" "${t[window]}"
		;;
	esac
}

# tunnel_down: take away what tunnel made, and leave the hosts.
tunnel_down() {
	left ip link del vti0
	peer_down
}

# peer_down: the part of right.
peer_down() {
	printf '%s\n' 'link del vti0' 'xfrm state flush' 'xfrm policy flush' "route del $NET_LEFT4" \
		"route del $NET_LEFT6" 'addr flush dev lan' >"$WORK/batch"
	right ip -force -batch "$WORK/batch" >/dev/null || true	# not all of them are there
}

# vti_device HOST LOCAL REMOTE ADDRESS4 ADDRESS6 [WORDS [LINE...]]: vti0 with a peer and without keys;
# LINE is for ip, once it is up.
vti_device() {
	on "$1" ip link add vti0 type ipvti
	# shellcheck disable=SC2086 # words
	on "$1" ipvtictl set vti0 local "$2" remote "$3" ${6:-}
	batch "$1" "addr add $4 dev vti0" "addr add $5 dev vti0 nodad" 'link set vti0 up' "${@:7}"
}

# tunnel_keys ALG ESN WINDOW OUT-WORDS IN-WORDS: both SAs of left.
# shellcheck disable=SC2086 # words
tunnel_keys() {
	local word=''

	! is_legacy "$1" || word=legacy
	key_of "$1" out
	vti_sa left vti0 out $SPI_OUT "$1" "$KEY" esn "$2" $word $4
	key_of "$1" in
	vti_sa left vti0 in $SPI_IN "$1" "$KEY" esn "$2" replay-window "$3" $word $5
}

# vti_peer_keys ALG ESN WINDOW: both SAs of right, when that is ipvti too.
# shellcheck disable=SC2086 # words
vti_peer_keys() {
	local word=''

	! is_legacy "$1" || word=legacy
	key_of "$1" out
	vti_sa right vti0 in $SPI_OUT "$1" "$KEY" esn "$2" replay-window "$3" $word
	key_of "$1" in
	vti_sa right vti0 out $SPI_IN "$1" "$KEY" esn "$2" $word
}

# xfrm_peer ALG LEFT RIGHT ENCAP ESN WINDOW OUT-WORDS IN-WORDS: the tunnel in XFRM on right.
xfrm_peer() {
	local alg=$1 left=$2 right=$3 common='' window=$6 lines=()

	[ "$4" = none ] || common="encap espinudp 4500 4500 0.0.0.0"
	common+=" flag af-unspec"	# inner packets of both families
	[ "$5" = off ] || common+=" esn"
	[ "$5" = off ] || [ "$window" -gt 0 ] || window=32
	common+=" replay-window $window"
	key_of "$alg" out
	xfrm_sa_of "$left" "$right" $SPI_OUT "$alg" "$KEY" "$common $7"
	lines=("$LINE")
	key_of "$alg" in
	xfrm_sa_of "$right" "$left" $SPI_IN "$alg" "$KEY" "$common $8"
	lines+=("$LINE")
	xfrm_policies_of "$right" "$left" $NET_RIGHT4 $NET_LEFT4
	lines+=("${LINES_OF[@]}")
	xfrm_policies_of "$right" "$left" $NET_RIGHT6 $NET_LEFT6
	batch right "${lines[@]}" "${LINES_OF[@]}" \
		"addr add $LAN_RIGHT4/24 dev lan" "addr add $LAN_RIGHT6/64 dev lan nodad" \
		"route add $NET_LEFT4 dev wan src $LAN_RIGHT4" \
		"route add $NET_LEFT6 dev wan src $LAN_RIGHT6"
}

# udp_esp HOST adopt|claim|foreign ADDRESS [PORT]: a process with an ESP-in-UDP socket, given to
# ipvti or left to XFRM. Sets UDP_ESP[HOST], its process, and UDP_GOT, the file that shows what it
# receives.
declare -A UDP_ESP=()
udp_esp() {
	UDP_GOT=$WORK/udp-esp.$1.$RANDOM
	job ip netns exec "$1" "$HELPERS/ipvti_nl.py" "$2" "$3" "${4:-4500}" >"$UDP_GOT" 2>&1
	UDP_ESP[$1]=$JOB
	wait_for 10 grep -q ready "$UDP_GOT"
}

# --- what can be seen ------------------------------------------------------------------

# show HOST DEV KEY: one value of the device, as `ipvtictl -j show` has it.
show() { on "$1" ipvtictl -j show "$2" | jq -r ".[0][\"$3\"]"; }

# device HOST DEV KEY: a numeric one, quicker; "none" when it is absent.
device() { ask "$1" device "$2" "$3"; }

# sa_show HOST DEV in|out SPI state|packets|bytes|seq: of an SA; "none" when there is no such SA.
sa_show() { ask "$1" sa "${@:2}"; }

# drops HOST DEV REASON: how many packets the device has dropped for that reason, "all" for any; DEV
# "none" for packets that belong to no device.
drops() { ask "$1" drops "$2" "$3"; }

# dropped HOST DEV REASON COUNT: that many, to be waited for.
dropped() { [ "$(drops "$1" "$2" "$3")" = "$4" ]; }

# mtu HOST DEV, rx_packets HOST DEV: of the interface.
mtu() { ask "$1" link "$2" mtu; }
rx_packets() { ask "$1" link "$2" statistics/rx_packets; }

# carrier HOST DEV: 1 or 0.
carrier() { ask "$1" link "$2" carrier; }
is_carrier() { [ "$(carrier "$1" "$2")" = "$3" ]; }

# monitor HOST: record events, one JSON object a line, from now on.
monitor() {
	job ip netns exec "$1" ipvtictl -j monitor >>"$WORK/events"
	wait_for 10 listens_netlink "$1"
}
listens_netlink() {
	on "$1" awk '$2 == 16 && $4 !~ /^0+$/ { found = 1 } END { exit !found }' \
		/proc/net/netlink
}
clear_events() { : >"$WORK/events"; }
# events NAME: how many of them were seen.
events() { grep -c "\"event\": *\"$1\"" "$WORK/events"; }
saw() { [ "$(events "$1")" -gt 0 ]; }

# clear_counter HOST: count what leaves HOST through wan, from now on, with an address of the inner
# networks outside of ESP. Read with clear_count.
clear_counter() {
	ip netns exec "$1" nft -f - <<-END
		table netdev clear {
			chain out {
				type filter hook egress device wan priority -500;
				ip saddr 192.168.0.0/16 counter accept
				ip daddr 192.168.0.0/16 counter accept
				ip6 saddr { 2001:db8:1::/64, 2001:db8:2::/64 } counter accept
				ip6 daddr { 2001:db8:1::/64, 2001:db8:2::/64 } counter accept
			}
		}
	END
}
clear_count() {
	on "$1" nft -j list table netdev clear |
		jq '[.nftables[].rule?.expr[]?.counter?.packets // 0] | add'
}

# --- traffic ---------------------------------------------------------------------------

# tcp_transfer FROM TO ADDRESS MEGABYTES: send random bytes over TCP and compare the checksums.
# Prints both.
tcp_transfer() {
	local port sent='' got=''

	ask "$2" tcp-listen "$3" >"$WORK/tcp" && read -r port <"$WORK/tcp" || return 1
	ask "$1" tcp-send "$3" "$port" "$4" >"$WORK/tcp"
	read -r sent <"$WORK/tcp"
	[[ $sent =~ ^[0-9a-f]{64}$ ]] || { echo "not sent: $sent"; return 1; }
	ask "$2" tcp-received >"$WORK/tcp"
	read -r got <"$WORK/tcp"
	echo "sent $sent, received $got"
	[ "$sent" = "$got" ]
}

# listens HOST PORT: whether somebody does, over TCP.
listens() {
	on "$1" ss -Hlnt "sport = :$2" | grep -q .
}

# flow_start NAME FROM TO ADDRESS [RATE [CPU]]: numbered UDP datagrams from FROM to ADDRESS on TO, sent
# by that CPU.
flow_start() {
	local name=$1 from=$2 to=$3 address=$4 rate=${5:-500} port=$((30000 + RANDOM % 10000))

	rm -f "$WORK/flow.$name".{in,out}	# of an earlier flow of that name
	job ip netns exec "$to" "$HELPERS/flow.py" receive "$port" "$WORK/flow.$name.in"
	echo "$JOB" >"$WORK/flow.$name.receiver"
	wait_for 10 test -e "$WORK/flow.$name.in"
	job ${6:+taskset -c "$6"} ip netns exec "$from" "$HELPERS/flow.py" send "$address" "$port" "$rate" "$WORK/flow.$name.out"
	echo "$JOB" >"$WORK/flow.$name.sender"
	wait_for 10 test -e "$WORK/flow.$name.out"
}

# flow_stop NAME: ends it and sets FLOW_SENT, FLOW_LOST, FLOW_GAP (the longest silence in ms) and
# FLOW_LATE (how many came after one that was sent later).
flow_stop() {
	local name=$1 distinct

	end "$(<"$WORK/flow.$name.sender")"
	end "$(<"$WORK/flow.$name.receiver")"
	read -r FLOW_SENT <"$WORK/flow.$name.out"
	read -r distinct FLOW_GAP FLOW_LATE <"$WORK/flow.$name.in"
	FLOW_LOST=$((FLOW_SENT - distinct))
}
