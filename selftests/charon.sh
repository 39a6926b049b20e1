# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# strongSwan's charon in a namespace, with files of its own. To be sourced.

CHARON=/usr/lib/ipsec/charon
# With its default list charon would do ESP itself (kernel-libipsec), and swanctl takes ten seconds.
CHARON_PLUGINS='random nonce openssl curve25519 aes sha1 sha2 hmac gcm chapoly kdf pem pkcs1 x509
	pubkey constraints kernel-netlink socket-default updown vici'
SWANCTL_PLUGINS='random nonce openssl pem pkcs1 x509 pubkey'
CHARON_IN=()	# command that runs charon with other files
declare -A CHARON_PID=()

# charon_start HOST [LINE...]: start it, with further lines for the section charon of
# strongswan.conf, and wait until it answers. Its log is $(charon_dir HOST)/log.
charon_start() {
	local host=$1 dir

	shift
	dir=$(charon_dir "$host")
	mkdir -p "$dir/run" "$dir/swanctl"
	{
		echo 'charon {'
		printf '\t%s\n' 'install_virtual_ip = no' \
			"load = ${CHARON_PLUGINS//$'\n'/ }" "$@"
		printf '\t%s\n' 'filelog {' "	log {" "		path = $dir/log" \
			'		flush_line = yes' '		time_format = %T' '		default = 1' \
			'	}' '}'
		printf '\t%s\n' 'plugins {' '	vici {' "		socket = unix://$dir/vici" \
			'	}' '}'
		echo '}'
		printf 'swanctl {\n\tload = %s\n}\n' "$SWANCTL_PLUGINS"
	} >"$dir/strongswan.conf"
	STRONGSWAN_CONF=$dir/strongswan.conf ip netns exec "$host" unshare -m "${CHARON_IN[@]}" \
		sh -c 'mount --bind "$1" /run && exec "$2"' sh "$dir/run" "$CHARON" >"$dir/out" 2>&1 &
	CHARON_PID[$host]=$!
	JOBS+=("$!")
	wait_for 60 swan_answers "$host"
}

charon_dir() { echo "$WORK/charon.$1"; }

swan_answers() {
	ask "$1" vici "$(charon_dir "$1")/vici" version
}

# swan HOST ARGUMENT...: swanctl for that charon.
swan() {
	local dir

	dir=$(charon_dir "$1")
	SWANCTL_DIR=$dir/swanctl STRONGSWAN_CONF=$dir/strongswan.conf \
		timeout $((60 * SLOWER)) ip netns exec "$1" swanctl "${@:2}" --uri "unix://$dir/vici"
}

# charon_load HOST: take swanctl.conf from standard input.
charon_load() {
	cat >"$(charon_dir "$1")/swanctl/swanctl.conf"
	swan "$1" --load-all --noprompt >"$(charon_dir "$1")/load" 2>&1 || {
		cat "$(charon_dir "$1")/load" >&2
		return 1
	}
}

# charon_children HOST: number of installed Child SAs.
charon_children() {
	swan "$1" --list-sas | grep -c ', INSTALLED'
}
