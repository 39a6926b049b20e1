#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration, inside the test machine. See `make demo`.
#
#   left  10.0.0.1 ---- wire (bridge, captures) ---- 10.0.0.2  right
#   vti0  10.255.0.1                         192.168.200.1, 192.168.210.1  lan
#   ipvtid                                            charon, kernel XFRM
set -u
here=$(dirname "$(readlink -f "$0")")

# --- what the shared scripts expect of a test library ------------------------------------

step=''
# The logs of both daemons are kept in build/out/demo of the checkout.
keep_logs() {
	mkdir -p /out/demo
	cp "$(ipvtid_log left)" /out/demo/ipvtid.log
	cp "$(charon_dir right)/log" /out/demo/charon.log
}
# shellcheck disable=SC2064 # expanded now: what is given is what runs
at_exit() { trap "keep_logs 2>/dev/null; $*" EXIT; }

. "$here/../wait.sh"
. "$here/../module.sh"
. "$here/../tunnel.sh"
. "$here/../charon.sh"
. "$here/../ipvtid.sh"

say() {
	step=$1
	printf '\n%s. %s\n' "$1" "$2"
}
note() { printf '   %s\n' "$@"; }

# expected WHAT SEEN: end the demonstration.
expected() {
	printf '\ndemo: step %s failed: expected %s; saw: %s\n' "$step" "$1" "$2"
	[ ! -s "$LOG" ] || {
		echo '--- the end of the log of ipvtid'
		tail -n 30 "$LOG"
	}
	[ ! -s "$(charon_dir right)/log" ] || {
		echo '--- the end of the log of charon'
		tail -n 20 "$(charon_dir right)/log"
	}
	exit 1
}

# must WHAT SECONDS COMMAND...: wait for it.
must() {
	local what=$1 seconds=$2 out

	shift 2
	wait_for "$seconds" "$@" >/dev/null 2>&1 && return
	out=$("$@" 2>&1)
	expected "$what within $seconds s" "${out:-$* fails}"
}

# is WHAT EXPECTED SEEN
is() { [ "$2" = "$3" ] || expected "$1 $2" "${3:-nothing}"; }

wire() { on wire "$@"; }

# --- the hosts -------------------------------------------------------------------------

LOG=$(ipvtid_log left)
TRANSFER=${DEMO_MEGABYTES:-100}
DETECT=3	# seconds

make_hosts() {
	local host

	host left
	host wire
	host right
	on wire ip link add bridge type bridge
	for host in left right; do
		ip link add wan netns $host type veth peer name to-$host netns wire
		on wire ip link set to-$host master bridge
		on wire ip link set to-$host up
	done
	on wire ip addr add 10.0.0.254/24 dev bridge
	on wire ip link set bridge up
	left ip addr add 10.0.0.1/24 dev wan
	left ip link set wan up
	left ip route add default via 10.0.0.254
	right ip addr add 10.0.0.2/24 dev wan
	right ip link set wan up
	right ip link add lan type dummy
	right ip addr add 192.168.200.1/24 dev lan
	right ip addr add 192.168.210.1/24 dev lan
	right ip link set lan up
}

# capture NAME LENGTH [FILTER...]: all packets on the wire next to left, into $WORK/NAME.pcap. Sets
# JOB.
capture() {
	local name=$1 length=$2

	shift 2
	job ip netns exec wire tcpdump -q -n -U -B 32768 -s "$length" -i to-left -w "$WORK/$name.pcap" "$@" \
		2>"$WORK/$name.err"
	must 'tcpdump to listen' 20 grep -q listening "$WORK/$name.err"
}

# Everything but ESP, IKE, ARP and what belongs to the link itself.
CLEAR='not esp and not udp port 500 and not udp port 4500 and not arp
	and not (ip6 and (src net fe80::/10 or src host ::))
	and not (icmp and host 10.0.0.1 and host 10.0.0.2)'

count() { tcpdump -n -r "$1" "$2" 2>/dev/null | wc -l; }

both_answer() {
	ask left ping 192.168.200.1 from=10.255.0.1 && ask left ping 192.168.210.1 from=10.255.0.1
}

flows_start() {
	flow_start there left right 192.168.200.1 100
	flow_start back right left 10.255.0.1 100
}
# flows_stop: prints and checks.
flows_stop() {
	flow_stop there
	note "left to right: $FLOW_SENT packets sent, $FLOW_LOST lost"
	is 'lost packets from left to right:' 0 "$FLOW_LOST"
	flow_stop back
	note "right to left: $FLOW_SENT packets sent, $FLOW_LOST lost"
	is 'lost packets from right to left:' 0 "$FLOW_LOST"
}

config() {
	cat <<-END
		tunnel: {
		  site-b: {
		    device    = "vti0"
		    remote    = "10.0.0.2"
		    local-id  = "gw-a.example.net"
		    remote-id = "gw-b.example.net"
		    psk       = "file:$WORK/psk"
		    address   = [ "10.255.0.1/32" ]
		    routes    = [ "192.168.210.0/24" ]
		    detect    = "${DETECT}s"
		    encap     = "$1"
		    start     = "manual"
		  }
		}
	END
}

# outbound: SPI of the SA that sends.
outbound() {
	left ipvtictl -j sa show vti0 | jq -r '.[] | select(.state == "current") | .spi'
}
differs() { [ -n "$("$1")" ] && [ "$("$1")" != "$2" ]; }

# ike_spi: initiator SPI of the IKE SA as charon has it.
ike_spi() { swan right --list-sas | grep -o '[0-9a-f]\{16\}_[ir]' | head -n 1; }

# --- 1 ---------------------------------------------------------------------------------

say 1 "A machine with kernel $(uname -r) and two hosts, left and right."
load_ipvti || expected 'ipvti.ko to load' 'the above'
note "ipvti.ko is loaded ($(modinfo -F description "$IPVTI_KO"))."
make_hosts
capture all 128
whole=$JOB
(umask 077; openssl rand -hex 32 >"$WORK/psk")
charon_start right || expected 'charon to start' "$(tail -n 5 "$(charon_dir right)/log")"
charon_load right <<END || expected 'charon to take its configuration' 'the above'
connections {
	site-a {
		version = 2
		local_addrs = 10.0.0.2
		remote_addrs = 10.0.0.1
		local {
			auth = psk
			id = gw-b.example.net
		}
		remote {
			auth = psk
			id = gw-a.example.net
		}
		children {
			net {
				local_ts = 192.168.200.0/24,192.168.210.0/24
				remote_ts = 10.255.0.1/32
			}
		}
	}
}
secrets {
	ike-a {
		id-a = gw-a.example.net
		id-b = gw-b.example.net
		secret = "$(<"$WORK/psk")"
	}
}
END
note "right runs $(swan right --version | head -n 1) with its default proposals on the kernel's XFRM."
config auto | ipvtid_config left
ipvtid_start left || expected 'ipvtid to start' "$(tail -n 5 "$LOG")"
note 'left runs ipvtid.'

# --- 2 ---------------------------------------------------------------------------------

say 2 'ipvtictl up site-b'
out=$(ctl left up site-b 2>&1) || expected 'exit status 0' "$out"
must 'carrier on vti0' 30 is_carrier left vti0 1
note 'ipvtictl show:'
left ipvtictl show | sed 's/^/      /'

# --- 3 ---------------------------------------------------------------------------------

say 3 'A route by hand beside the one from the config, and a default route that leads outside.'
left ip route add 192.168.200.0/24 dev vti0 src 10.255.0.1
left ip route show | sed 's/^/      /'
must 'answers from both prefixes' 10 both_answer
note 'ping to 192.168.200.1 and to 192.168.210.1: answered.'

# 32 octets with the newline; `yes` repeats it.
marker=$(openssl rand -hex 16 | cut -c1-31)
capture transfer 65535
tap=$JOB
job ip netns exec left tcpdump -q -n -U -c 20 -i vti0 -w "$WORK/inside.pcap" greater 500 2>/dev/null
inside=$JOB
job ip netns exec right socat -u TCP-LISTEN:5000 "EXEC:b2sum -l 256" >"$WORK/got"
receiver=$JOB
must 'a listener on right' 20 listens right 5000
start=${EPOCHREALTIME/./}
yes "$marker" | head -c "${TRANSFER}MB" | tee >(b2sum -l 256 >"$WORK/sent") |
	ip netns exec left timeout 250 socat -u - TCP:192.168.200.1:5000 ||
	expected 'the transfer to end' 'socat failed'
wait "$receiver"
took=$(((${EPOCHREALTIME/./} - start) / 1000))
must 'a checksum of what was sent' 10 test -s "$WORK/sent"
is 'the checksum at the other end to be' "$(cut -d' ' -f1 "$WORK/sent")" "$(cut -d' ' -f1 "$WORK/got")"
note "$TRANSFER MB over TCP in $took ms, the checksum is the same at the other end:" \
	"  $(cut -d' ' -f1 "$WORK/got")"
end "$tap" INT
end "$inside" INT
esp=$(count "$WORK/transfer.pcap" esp)
[ "$esp" -gt $((TRANSFER * 600)) ] ||
	expected "more than $((TRANSFER * 600)) ESP packets on the wire" "$esp"
grep -qaF "$marker" "$WORK/inside.pcap" ||
	expected "the marker $marker in a capture on vti0" 'it is not there'
is 'packets on the wire with the marker:' 0 "$(grep -caF "$marker" "$WORK/transfer.pcap")"
note "On the wire: $esp ESP packets, none with the marker $marker," \
	'which a capture on vti0 does show.'
rm -f "$WORK/transfer.pcap" "$WORK/inside.pcap"

# --- 4 ---------------------------------------------------------------------------------

say 4 'Rekeying the Child SA and the IKE SA from each side, with traffic in both directions.'
flows_start
spi=$(outbound)
out=$(ctl left rekey site-b 2>&1) || expected 'ipvtictl rekey to succeed' "$out"
must 'a new outbound SA' 20 differs outbound "$spi"
note "left rekeyed the Child SA: SPI $spi, now $(outbound)."
spi=$(outbound)
out=$(swan right --rekey --child net 2>&1) || expected 'swanctl --rekey --child to succeed' "$out"
must 'a new outbound SA' 20 differs outbound "$spi"
note "right rekeyed the Child SA: SPI $spi, now $(outbound)."
spi=$(ike_spi)
out=$(ctl left rekey site-b ike 2>&1) || expected 'ipvtictl rekey to succeed' "$out"
must 'a new IKE SA' 20 differs ike_spi "$spi"
note "left rekeyed the IKE SA: $spi, now $(ike_spi)."
spi=$(ike_spi)
out=$(swan right --rekey --ike site-a 2>&1) || expected 'swanctl --rekey --ike to succeed' "$out"
must 'a new IKE SA' 20 differs ike_spi "$spi"
note "right rekeyed the IKE SA: $spi, now $(ike_spi)."
flows_stop

# --- 5 ---------------------------------------------------------------------------------

encap_is() { [ "$(show left vti0 encap)" = "$1" ]; }

# kill_and_restart HOW
kill_and_restart() {
	local changes spi

	changes=$(left cat /sys/class/net/vti0/carrier_changes)
	flows_start
	spi=$(outbound)
	ipvtid_kill left
	note "$1: ipvtid killed with SIGKILL."
	must 'traffic on both prefixes without the daemon' 10 both_answer
	ipvtid_start left || expected 'ipvtid to start' "$(tail -n 5 "$LOG")"
	must 'the IKE SA to be resumed after the restart' 60 ipvtid_resumed left
	is 'the outbound SA after the restart' "$spi" "$(outbound)"
	note "$1: restarted, it goes on with its IKE SA and the SAs it found: SPI $spi."
	must 'traffic on both prefixes' 10 both_answer
	flows_stop
	is 'carrier changes of vti0 to stay at' "$changes" \
		"$(left cat /sys/class/net/vti0/carrier_changes)"
	note "$1: carrier never dropped."
}

say 5 'ipvtid is killed and restarted.'
kill_and_restart 'native ESP'
config udp | ipvtid_config left
out=$(ctl left down site-b 2>&1) || expected 'ipvtictl down to succeed' "$out"
out=$(ctl left reload 2>&1) || expected 'ipvtictl reload to succeed' "$out"
out=$(ctl left up site-b 2>&1) || expected 'ipvtictl up to succeed' "$out"
must 'carrier on vti0' 30 is_carrier left vti0 1
left ip route replace 192.168.200.0/24 dev vti0 src 10.255.0.1
must 'UDP encapsulation' 10 encap_is udp
must 'answers from both prefixes' 10 both_answer
kill_and_restart 'UDP encapsulation'

# --- 6 ---------------------------------------------------------------------------------

# unreachable ADDRESS: a sender is told at once.
unreachable() {
	left ping -n -c 1 -W 2 -I 10.255.0.1 "$1" 2>&1 | grep -iE 'unreachable|no route'
}

say 6 'right is cut off.'
on wire ip link set to-right down
cut=${EPOCHREALTIME/./}
must 'carrier of vti0 to drop' $((DETECT + 5)) is_carrier left vti0 0
now=${EPOCHREALTIME/./}
detected=$(((now - cut) / 1000 - $(device left vti0 carrier-age)))
[ $detected -le $((DETECT * 1000)) ] ||
	expected "carrier to drop at most $DETECT s after the link went down" "$detected ms"
note "Carrier dropped $detected ms after the link went down; configured are $DETECT s."
for address in 192.168.200.1 192.168.210.1; do
	out=$(unreachable $address) || expected "ICMP unreachable for $address" 'silence'
	note "ping $address: $out"
done
on wire ip link set to-right up
must 'carrier on vti0 to come back by itself' 60 is_carrier left vti0 1
must 'answers from both prefixes' 30 both_answer
note 'The link came back, and so did the tunnel, by itself.'
end "$whole" INT
clear=$(count "$WORK/all.pcap" "$CLEAR")
note "Outside of left, in the whole demonstration: $(count "$WORK/all.pcap" "esp or udp port 4500") packets of the tunnel, $clear in clear."
[ "$clear" = 0 ] || tcpdump -n -r "$WORK/all.pcap" "$CLEAR" 2>/dev/null | head
is 'clear packets outside of left:' 0 "$clear"

# --- 7 ---------------------------------------------------------------------------------

echo
echo 'demo: ok'
