#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Every algorithm this kernel has, in both directions against XFRM with the same keys; what XFRM
# does not know, against ourselves (KUnit has vectors of it).
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

# Each mode, each block size and each length of ICV: with all paddings and with TCP.
FULL='aes128gcm8 aes192gcm12 aes256gcm16 aes128ccm8 aes192ccm12 aes256ccm16 camellia192ccm16
	chacha20poly1305 aes128gmac aes128-sha256 aes192-sha384 aes256-sha512 aes192ctr-aesxcbc
	camellia256-aescmac camellia128ctr-sha1 null-sha256 3des-sha1_160 cast128-md5
	blowfish192-md5_128 serpent128-sha256_96 twofish256-sha1'

declare -A HAS=()	# keyword: whether this kernel has drivers for it
declare -A KEY_LEN=()	# keyword: bytes

# sizes: packets of 17 consecutive lengths from the peer, so that every padding occurs.
sizes() { ask right ping $LAN_LEFT4 count=17 size=40 grow=1; }

# read_algs: HAS and KEY_LEN from what the module says.
read_algs() {
	local name len has

	while read -r name len has; do
		HAS[$name]=$has
		KEY_LEN[$name]=$len
	done < <(jq -r '.[] | "\(.name) \(.["key-len"]) " +
		"\(has("driver") and (has("integ-driver") or (has("integ") | not)))"')
}

# in_full ALG: a tunnel of its own.
in_full() {
	local alg=$1 peer=xfrm

	xfrm_has "$alg" || peer=vti
	tunnel alg="$alg" peer=$peer
	check "$alg: ping" ping_all left $LAN_RIGHT4
	check "$alg: ping from the peer, all sizes of padding" sizes
	check "$alg: TCP" tcp_transfer left right $LAN_RIGHT4 1
	expect "$alg: dropped packets" 0 "$(drops left vti0 all)"
	tunnel_down
}

# rekey ALG NUMBER: new SAs of that algorithm for the tunnel that is there, the odd ones with ESN.
rekey() {
	local alg=$1 out=$((SPI_OUT + $2)) in=$((SPI_IN + $2)) esn=$(($2 % 2)) words=() common
	local out_key in_key there

	key_of "$alg" out
	out_key=$KEY
	key_of "$alg" in
	in_key=$KEY
	is_legacy "$alg" && words=(legacy=1)
	ask left install vti0 in $in "$alg" "$in_key" esn=$esn "${words[@]}" &&
		ask left install vti0 out $out "$alg" "$out_key" esn=$esn "${words[@]}" || return 1
	common='flag af-unspec replay-window 32'
	[ $esn = 0 ] || common='flag af-unspec esn replay-window 32'
	xfrm_sa_of $LEFT4 $RIGHT4 $out "$alg" "$out_key" "$common"
	there=$LINE
	xfrm_sa_of $RIGHT4 $LEFT4 $in "$alg" "$in_key" "$common"
	batch right 'xfrm state flush' "$there" "$LINE"
}

# exchange ALG NUMBER: an echo request and its answer, one in each direction.
exchange() { rekey "$1" "$2" && ping_once left $LAN_RIGHT4; }

hosts
start=$EPOCHREALTIME
left ipvtictl -j algs >"$WORK/algs"
diag "the list of algorithms took $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) ms"
expect 'the list has each algorithm once, and none that is unknown here' \
	"$(printf '%s\n' "${!ALGS[@]}" | sort)" "$(jq -r '.[].name' "$WORK/algs" | sort)"
expect 'those that need the word legacy are marked' \
	"$(for alg in "${!ALGS[@]}"; do ! is_legacy "$alg" || echo "$alg"; done | sort)" \
	"$(jq -r '.[] | select(.legacy) | .name' "$WORK/algs" | sort)"
read_algs <"$WORK/algs"

vti_device left $LEFT4 $RIGHT4 $LAN_LEFT4/24 $LAN_LEFT6/64
said=$(vti_sa left vti0 in $SPI_IN 3des-md5 "$(key 3des-md5 in)")
expect 'a legacy algorithm is refused' 1 $?
check 'and the refusal says what is missing' grep legacy <<<"$said"
left ip link del vti0

for alg in $FULL; do
	if [ "${HAS[$alg]:-}" = true ]; then
		in_full "$alg"
	else
		skip "$alg" 'this kernel has no driver'
	fi
done

# Every combination is new to the crypto API, which runs modprobe twice for each name that it does
# not know. All parts are there by now.
modprobe -qa authenc authencesn
modprobe=$(</proc/sys/kernel/modprobe)
at_exit sysctl -qw "kernel.modprobe=$modprobe"
echo >/proc/sys/kernel/modprobe

tunnel
number=0
for alg in $(printf '%s\n' "${!ALGS[@]}" | sort); do
	read -r cipher integ _ <<<"${ALGS[$alg]}"
	expect "$alg: bytes of key material" $((cipher + integ)) "${KEY_LEN[$alg]}"
	number=$((number + 1))
	if [ "${HAS[$alg]:-}" != true ]; then
		skip "$alg: both directions" 'this kernel has no driver'
	elif xfrm_has "$alg"; then
		check "$alg: both directions" exchange "$alg" $number
	fi
done
expect 'dropped packets' 0 "$(drops left vti0 all)"
