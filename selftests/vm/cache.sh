# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The cache of kernels and root file systems, outside the checkout. To be sourced.
#
# An entry NAME is the folder $IPVTI_CACHE/NAME; it is complete when NAME.ok exists. NAME.log
# holds what its build printed. NAME carries everything the content depends on, so that an
# entry is never updated: another version or another configuration is another entry.

IPVTI_CACHE=${IPVTI_CACHE:-$HOME/.cache/ipvti}

# cache_hash FILE...: eight hex digits that change when any of the files does.
cache_hash() {
	cat -- "$@" | sha256sum | cut -c1-8
}

# cache_entry NAME BUILDER [ARG...]: print the folder of entry NAME. When it is not there yet,
# run BUILDER ARG... FOLDER first, once however many callers wait, with its progress on stderr.
cache_entry() {
	local name=$1 dir=$IPVTI_CACHE/$1 lock
	shift

	if [ ! -e "$dir.ok" ]; then
		mkdir -p "$IPVTI_CACHE"
		exec {lock}>"$dir.lock"
		flock -n "$lock" || {
			echo "cache: waiting for $name, which another process is making" >&2
			flock "$lock"
		}
		if [ ! -e "$dir.ok" ]; then
			rm -rf "$dir"
			cache_build "$name" "$dir" "$@" || return 1
			touch "$dir.ok"
		fi
		exec {lock}>&-
	fi
	echo "$dir"
}

# cache_build NAME DIR BUILDER [ARG...]: run the builder with its output in the log, tell every
# few seconds how far it is, and show the end of the log when it fails.
cache_build() {
	local name=$1 dir=$2 log=$2.log start=$SECONDS pid
	shift 2

	echo "cache: making $name (log: $log)" >&2
	set -m		# a process group of its own, so that it can be stopped as a whole
	(set -e; "$@" "$dir") >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	trap 'kill -TERM -- -$pid; exit 130' INT TERM HUP
	while sleep 1; kill -0 $pid 2>/dev/null; do
		if [ $(((SECONDS - start) % 10)) -eq 0 ]; then
			printf '  %4d s  %.90s\n' $((SECONDS - start)) "$(tail -n 1 "$log" | tr -d '\r')" >&2
		fi
	done
	trap - INT TERM HUP
	if ! wait $pid; then
		echo "cache: making $name failed, the end of its log:" >&2
		tail -n 30 "$log" >&2
		return 1
	fi
	echo "cache: $name took $((SECONDS - start)) s" >&2
}
