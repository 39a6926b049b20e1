# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# ipvtid in a namespace, with files of its own. To be sourced after tunnel.sh.

declare -A IPVTID_PID=()

ipvtid_dir() { echo "$WORK/ipvtid.$1"; }
ipvtid_log() { echo "$WORK/ipvtid.$1/log"; }

# ipvtid_config HOST: take the configuration from standard input.
ipvtid_config() {
	mkdir -p "$WORK/ipvtid.$1"
	(umask 077; cat >"$WORK/ipvtid.$1/ipvti.conf")
}

# ipvtid_start HOST: start it and wait until it answers. Its log is added to $(ipvtid_log HOST).
ipvtid_start() {
	local dir=$WORK/ipvtid.$1

	job ip netns exec "$1" ipvtid -c "$dir/ipvti.conf" --run-dir "$dir/run" \
		--state-dir "$dir/state" --control "$dir/control" --log debug >>"$dir/log" 2>&1
	IPVTID_PID[$1]=$JOB
	wait_for 30 ctl "$1" status
}

# ipvtid_kill HOST: end it without any warning.
ipvtid_kill() {
	end "${IPVTID_PID[$1]}" KILL
}

# ipvtid_process HOST ROLE: process id of its network, keys or resolver process.
ipvtid_process() { pgrep -P "${IPVTID_PID[$1]}" -f -- "--child $2"; }

# ipvtid_resumed HOST [TUNNEL]: it goes on with the IKE SA of an earlier run.
ipvtid_resumed() { [ "$(status "$1" "${2:-site-b}" .ike.resumed)" = true ]; }
# ipvtid_lose HOST: what it would resume from is lost.
ipvtid_lose() { rm -f "$WORK/ipvtid.$1/run/ike/"*; }

# ctl HOST WORD...: ipvtictl for that daemon.
ctl() { on "$1" ipvtictl --socket "$(ipvtid_dir "$1")/control" "${@:2}"; }

# status HOST TUNNEL FILTER: what jq finds in the status of a tunnel.
status() { ctl "$1" -j status "$2" | jq -r ".[0] | $3"; }
