#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# kernels: uml stock
# ipvtid starts, strongSwan with its default proposals answers: each algorithm, each kind of
# identity, IPv4 and IPv6 outside and inside.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# case_up NAME IKE ESP [KEY=VALUE...]: with this configuration it comes up with these algorithms, and
# carries both families.
case_up() {
	local name=$1 ike=$2 esp=$3

	shift 3
	site_reload "$@"
	check "$name: ipvtictl up" up
	expect "$name: what charon agreed on" "$ike $esp" "$(negotiated)"
	check "$name: both families pass" wait_for 5 answers
	check "$name: down" down
}

# proposal IKE ESP WANTED-IKE WANTED-ESP
proposal() {
	case_up "$1, $2" "$3" "$4" ike-proposals="$1" esp-proposals="$2"
}

# identity NAME LEFT RIGHT [CHARON-LEFT CHARON-RIGHT]
identity() {
	gateway_load local-id="${5:-$3}" remote-id="${4:-$2}"
	case_up "identity $1" "$default_ike" "$default_esp" local-id="$2" remote-id="$3"
}

hosts
ike_peers
check 'default proposals: ipvtictl up' up
check 'default proposals: both families pass' wait_for 5 answers
read -r default_ike default_esp <<<"$(negotiated)"
expect 'default proposals: ESP is an AEAD' AES_GCM_16 "${default_esp%-*}"
expect 'status is up' up "$(status left site-b .state)"
expect 'status names the role' initiator "$(status left site-b .ike.role)"
check 'down' down

proposal aes256gcm16-prfsha384-x25519 aes256gcm16 \
	AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519 AES_GCM_16-256
proposal aes128-sha256-prfsha256-ecp256 aes128-sha256 \
	AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256 AES_CBC-128/HMAC_SHA2_256_128
proposal aes256-sha512-prfsha512-modp2048 aes256-sha512 \
	AES_CBC-256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/MODP_2048 AES_CBC-256/HMAC_SHA2_512_256
proposal aes192-sha384-prfsha384-modp3072 aes192-sha384 \
	AES_CBC-192/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/MODP_3072 AES_CBC-192/HMAC_SHA2_384_192
gateway_load child='esp_proposals = chacha20poly1305'
proposal chacha20poly1305-prfsha512-ecp384 chacha20poly1305 \
	CHACHA20_POLY1305/PRF_HMAC_SHA2_512/ECP_384 CHACHA20_POLY1305
gateway_load child='esp_proposals = aes128gcm16-esn'
proposal aes128gcm16-prfsha256-x25519 aes128gcm16-esn \
	AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519 AES_GCM_16-128/ESN

identity email left@example.net right@example.net
identity 'IPv4 address' $LEFT4 $RIGHT4
identity 'IPv6 address' $LEFT6 $RIGHT6
identity keyid keyid:@left-key keyid:007269676874 'keyid:left-key' '@#007269676874'

gateway_load local=$RIGHT6 remote=$LEFT6
case_up 'IPv6 outside' "$default_ike" "$default_esp" remote=$RIGHT6

# Several Child SAs over one device, each with selectors of its own.
PER_FAMILY="[ \"$NET_LEFT4 to $NET_RIGHT4\", \"$NET_LEFT6 to $NET_RIGHT6\" ]"
children() { status left site-b '[.children[] | "\(.["local-ts"][0]) \(.["remote-ts"][0])"] | sort | join(", ")'; }
both_children() { [ "$(children)" = "$NET_LEFT4 $NET_RIGHT4, $NET_LEFT6 $NET_RIGHT6" ]; }
senders() { sas left | grep -c 'out .* current'; }
two_pairs() { [ "$(charon_counts)" = '1 2' ] && [ "$(xfrm_states right)" = 4 ] && both_children; }
check 'children: both at rest' rest
gateway_load local-ts=$NET_RIGHT4 remote-ts=$NET_LEFT4 \
	child=$'}\nnet6 {\nlocal_ts = '"$NET_RIGHT6"$'\nremote_ts = '"$NET_LEFT6"
site_reload children="$PER_FAMILY" routes=from-selectors
check 'children: ipvtictl up' up
check 'children: there are two, with one IKE SA' wait_for $UP_WITHIN two_pairs
check 'children: both families pass' wait_for 5 answers
expect 'children: two SAs send' 2 "$(senders)"
check 'children: rekey' ctl left rekey site-b
check 'children: still two' wait_for $UP_WITHIN two_pairs
check 'children: both families pass' wait_for 5 answers
changes=$(carrier_changes)
check 'children: charon deletes one' vici terminate child=net6
check 'children: it comes again' wait_for $UP_WITHIN two_pairs
check 'children: both families pass' wait_for 5 answers
expect 'children: carrier never changed' "$changes" "$(carrier_changes)"
again() { ipvtid_kill left; ipvtid_start left; }
none_adopted() { [ "$(status left site-b '.["adopted-sas"]')" = 0 ] && both_children && [ "$(senders)" = 2 ]; }
check 'children: ipvtid is killed and starts again' again
check 'children: both families pass' answers
check 'children: their IKE SA goes on' wait_for $UP_WITHIN ipvtid_resumed left
check 'children: with both' wait_for $UP_WITHIN none_adopted
check 'children: both families pass' wait_for 5 answers
logs_if_failed
