#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# 100,000 IKE_SA_INITs in others' names from a host on the path: a legitimate peer connects meanwhile, a
# tunnel that is up loses nothing, memory and log stay small, and nothing is left when it is over.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

COUNT=100000
ONE=203.0.113.7			# the address that part of them come from
SECOND4=10.0.9.3		# of right, for the legitimate peer
LAN_SECOND4=192.168.3.1 NET_SECOND4=192.168.3.0/24
LAN_FIRST4=192.168.4.1 NET_FIRST4=192.168.4.0/24
GROWTH_KIB=2048			# that each process of ipvtid may grow by: 256 half-open IKE SAs and a bit
LOG_LINES=1000			# of 100,000
ROLES='parent network keys resolver'

process() {
	case $1 in
	parent) echo "${IPVTID_PID[left]}" ;;
	*) ipvtid_process left "$1" ;;
	esac
}
# memory KEY: of the processes, in KiB; in the order of ROLES.
memory() {
	local role

	for role in $ROLES; do
		awk -v key="$1:" '$1 == key { print $2 }' "/proc/$(process "$role")/status"
	done | tr '\n' ' '
}
# ticks ROLE: CPU time of a process.
ticks() { awk '{ print $14 + $15 }' "/proc/$(process "$1")/stat"; }
# half_open: how many there are, and whether cookies are asked for; nothing when there are none.
half_open() { ctl left status | grep '^half-open'; }
flooded() { [[ $(half_open) == *'cookies are asked for' ]]; }
drained() { [ -z "$(half_open)" ]; }
second_up() { vici initiate child=net ike=second timeout=$((UP_WITHIN * 1000)); }
log_lines() { wc -l <"$(ipvtid_log left)"; }
udp_of_left() { left nstat -asz UdpInDatagrams UdpRcvbufErrors | awk 'NR > 1 { printf "%s %s ", $1, $2 }'; }

hosts_routed
# Answers to those who never asked go nowhere, as they do on the Internet.
batch middle 'route add blackhole default' "route add $RIGHT4/32 dev far" "route add $SECOND4/32 dev far"
batch right "addr add $SECOND4/24 dev wan" "addr add $LAN_SECOND4/24 dev lan"
lan_right
check 'charon starts' charon_start right
check 'charon takes the connection of the tunnel' gateway_load
check 'and that of the second peer' gateway_load name=second local=$SECOND4 local-id=gw-c.example.net \
	local-ts=$NET_SECOND4 remote-ts=$NET_FIRST4
sites "$(site_block site-b)" "$(site_block site-c device=vti1 remote=%any remote-id=gw-c.example.net \
	address="[ \"$LAN_FIRST4/24\" ]" routes="[ \"$NET_SECOND4\" ]")" | ipvtid_config left
check 'ipvtid starts' ipvtid_start left
check 'a tunnel is up' up
check 'both families pass' wait_for 5 answers
expect 'no half-open IKE SA' '' "$(half_open)"

read -ra before <<<"$(memory VmRSS)"
lines=$(log_lines)
cpu=$(ticks network)
flows_start
start=$EPOCHREALTIME
job ip netns exec middle "$HELPERS/flood.py" $LEFT4 $COUNT $ONE >"$WORK/flood"
flood=$JOB
check 'the flood is met: cookies are asked for' wait_for 30 flooded
check 'the second peer comes up' second_up
check 'and has carrier' wait_for 5 is_carrier left vti1 1
check 'and traffic' wait_for 5 ping_once left $LAN_SECOND4 from=$LAN_FIRST4
check 'while the flood went on' kill -0 "$flood"
diag "under the flood: $(half_open)"
read -ra during <<<"$(memory VmRSS)"
wait "$flood"
expect 'all were sent' $COUNT "$(<"$WORK/flood")"
took=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
flows_stop 'under the flood'
cpu=$(($(ticks network) - cpu))
lines=$(($(log_lines) - lines))
read -ra most <<<"$(memory VmHWM)"
read -ra after <<<"$(memory VmRSS)"
diag "the flood took $took ms; UDP of left: $(udp_of_left)"
diag "the network process used $((cpu * 10)) ms, $((cpu * 10000 / COUNT)) us for each that was sent"
n=0
for role in $ROLES; do
	diag "memory of $role in KiB: before ${before[n]}, during ${during[n]}, most ${most[n]}, after ${after[n]}"
	check "$role grows by at most $GROWTH_KIB KiB" [ $((most[n] - before[n])) -le $GROWTH_KIB ]
	n=$((n + 1))
done
check "at most $LOG_LINES lines of log" [ $lines -le $LOG_LINES ]
diag "$lines lines of log"
check 'no half-open IKE SA is left' wait_for 40 drained
expect 'it was told when it began' 1 "$(log_said 'whoever comes must return a cookie')"
expect 'and when it was over' 1 "$(log_said 'no cookie had to be asked for')"
check 'both families pass still' answers
logs_if_failed
