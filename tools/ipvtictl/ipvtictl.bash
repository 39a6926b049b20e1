# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Bash completion of ipvtictl(8).

_ipvtictl_reply()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_ipvtictl_devices()
{
	ip -o link show type ipvti 2>/dev/null | awk -F '[ :@]+' '{ print $2 }'
}

_ipvtictl_interfaces()
{
	printf '%s\n' /sys/class/net/* | sed 's|.*/||'
}

_ipvtictl_tunnels()
{
	ipvtictl -j status 2>/dev/null | sed -n 's/^ *"name": "\([^"]*\)".*/\1/p'
}

_ipvtictl_algorithms()
{
	ipvtictl -j algs 2>/dev/null | sed -n 's/^ *"name": "\([^"]*\)".*/\1/p'
}

_ipvtictl_spis()
{
	ipvtictl -j sa show "$1" 2>/dev/null | sed -n 's/^ *"spi": "\([^"]*\)".*/\1/p'
}

_ipvtictl_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}

# What may follow a word of `set`.
_ipvtictl_set()
{
	case $1 in
	encap) _ipvtictl_reply 'none udp' ;;
	lower) _ipvtictl_reply "any $(_ipvtictl_interfaces)" ;;
	ttl | dscp) _ipvtictl_reply 'inherit' ;;
	df) _ipvtictl_reply 'set clear copy' ;;
	mtu) _ipvtictl_reply 'auto' ;;
	parallel) _ipvtictl_reply 'off on auto' ;;
	roam) _ipvtictl_reply 'off port any' ;;
	secpath | suspect) _ipvtictl_reply 'off on' ;;
	inner-checksum) _ipvtictl_reply 'trust verify' ;;
	tfc) _ipvtictl_reply 'off mtu' ;;
	quiet | keepalive) _ipvtictl_reply 'off' ;;
	local | remote) _ipvtictl_reply 'any' ;;
	fwmark | udp) ;;
	*)
		_ipvtictl_reply 'local remote encap lower fwmark ttl dscp df mtu parallel roam
			secpath inner-checksum tfc quiet keepalive suspect'
		;;
	esac
}

# What may follow a word of `sa add`.
_ipvtictl_sa_add()
{
	case $1 in
	alg) _ipvtictl_reply "$(_ipvtictl_algorithms)" ;;
	key-file) _ipvtictl_files ;;
	esn) _ipvtictl_reply 'off on' ;;
	soft | hard) _ipvtictl_reply 'packets bytes seconds idle' ;;
	activate) _ipvtictl_reply 'now first-use manual' ;;
	spi | pair | replaces | seq | flow | tag | ts | proto | sport | dport | replay-window) ;;
	packets | bytes | seconds | idle) ;;
	*)
		_ipvtictl_reply 'spi alg key-file esn replay-window ts proto sport dport soft
			hard seq pair replaces flow activate tag legacy'
		;;
	esac
}

# Arguments of `sa VERB`, from the one at index $1.
_ipvtictl_sa()
{
	local at=$1 verb=${COMP_WORDS[$1 - 1]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local place=$((COMP_CWORD - at))

	if ((place == 0)); then
		_ipvtictl_reply "$(_ipvtictl_devices)"
	elif [[ $verb == add ]] && ((place > 1)); then
		_ipvtictl_sa_add "$previous"
	elif [[ $verb == add || $verb == del ]] && ((place == 1)); then
		_ipvtictl_reply 'in out'
	elif [[ $verb == del || $verb == activate ]] && [[ $previous == spi ]]; then
		_ipvtictl_reply "$(_ipvtictl_spis "${COMP_WORDS[at]}")"
	elif [[ $verb == del || $verb == activate ]]; then
		_ipvtictl_reply 'spi'
	fi
}

# Arguments of the command at index $1.
_ipvtictl_arguments()
{
	local at=$1 place=$((COMP_CWORD - $1)) previous=${COMP_WORDS[COMP_CWORD - 1]}

	case ${COMP_WORDS[at]} in
	show)
		((place == 1)) && _ipvtictl_reply "$(_ipvtictl_devices)"
		;;
	stats)
		((place == 1)) && _ipvtictl_reply "all $(_ipvtictl_devices)"
		((place == 2)) && _ipvtictl_reply 'all'
		;;
	set)
		if ((place == 1)); then
			_ipvtictl_reply "$(_ipvtictl_devices)"
		else
			_ipvtictl_set "$previous"
		fi
		;;
	sa)
		if ((place == 1)); then
			_ipvtictl_reply 'add del show reserve activate'
		else
			_ipvtictl_sa $((at + 2))
		fi
		;;
	algs)
		((place == 1)) && _ipvtictl_reply 'all'
		;;
	socket)
		((place == 1)) && _ipvtictl_reply 'add show'
		;;
	up)
		((place == 1)) && _ipvtictl_reply "$(_ipvtictl_tunnels)"
		((place == 2)) && _ipvtictl_reply '--no-wait'
		;;
	rekey)
		((place == 1)) && _ipvtictl_reply "$(_ipvtictl_tunnels)"
		((place == 2)) && _ipvtictl_reply 'ike child'
		;;
	log)
		((place == 1)) && _ipvtictl_reply 'daemon ike keys kernel routes names
			error warning notice info debug'
		((place == 2)) && _ipvtictl_reply 'error warning notice info debug'
		;;
	down | status | explain)
		((place == 1)) && _ipvtictl_reply "$(_ipvtictl_tunnels)"
		;;
	check)
		_ipvtictl_files
		;;
	esac
}

_ipvtictl()
{
	local commands='show set sa socket stats monitor algs up down rekey reload status explain
		log check help'
	local at=1

	COMPREPLY=()
	while ((at < COMP_CWORD)); do
		case ${COMP_WORDS[at]} in
		--socket) at=$((at + 2)) ;;
		-*) at=$((at + 1)) ;;
		*) break ;;
		esac
	done
	if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --socket ]]; then
		_ipvtictl_files
	elif ((at < COMP_CWORD)); then
		_ipvtictl_arguments "$at"
	elif [[ ${COMP_WORDS[COMP_CWORD]} == -* ]]; then
		_ipvtictl_reply '-j --socket --help --version'
	else
		_ipvtictl_reply "$commands"
	fi
	return 0
}

complete -F _ipvtictl ipvtictl
