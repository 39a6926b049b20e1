#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Broken setups, one thing wrong in each: `ipvtictl explain` names the reason, marks the place where
# the two do not meet, and leads to the line of the configuration. The same stands in the log and
# comes as an event.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

SITE='ike-proposals=aes128gcm16-prfsha256-x25519 esp-proposals=aes128gcm16 retry=60s'

# configure SITE-WORD... -- GATEWAY-WORD...
configure() {
	local mine=() word

	# shellcheck disable=SC2206 # words
	mine=($SITE)
	for word; do
		shift
		[ "$word" != -- ] || break
		mine+=("$word")
	done
	gateway_load "$@" && site_reload "${mine[@]}"
}

# record FILTER: of the explanation.
record() { ctl left -j explain site-b | jq -r "$1"; }
# fresh: the explanation is of now.
fresh() { [ "$(record '.age // 1000000')" -lt 5000 ]; }

# by WHO: the negotiation, which fails.
by() {
	case $1 in
	left) ctl left up site-b ;;
	late) wait_for 20 said_no_secret && ctl left up site-b ;;
	right) initiate ;;
	esac
}

# Until the command has ended the secret before it counts.
said_no_secret() { grep -q 'psk: the command failed' "$(ipvtid_log left)"; }

# broken NAME WHO REASON MARK KEY SITE-WORD... -- GATEWAY-WORD...: MARK is "what theirs ours" of the
# marked line, or "" for none.
broken() {
	local name=$1 who=$2 reason=$3 mark=$4 key=$5

	shift 5
	check "$name: configured" configure "$@"
	check_fails "$name: it fails" by "$who"
	check "$name: there is an explanation" wait_for 20 fresh
	expect "$name: reason, marked line, key" "$reason | $mark | $key" \
		"$(record '"\(.reason) | \([.compare[] | select(.differs) | "\(.what) \(.theirs) \(.ours)"] |
			join(", ")) | \(.key)"')"
	expect "$name: line of the key" \
		"$(grep -nE " ($key = |site-b: )" "$(ipvtid_dir left)/ipvti.conf" | tail -n 1 | cut -d: -f1)" \
		"$(record .line)"
	diag "$(ctl left explain site-b)"
	# An IKE SA without Child SA would be used again. Down means that right may not begin either.
	vici terminate ike=site-a timeout=5000 >/dev/null
	[ "$who" = right ] || ctl left down site-b >/dev/null
}

# told WHAT: the last failure is an event, and a line of the log, with the same text.
told() {
	local text

	text=$(record .text)
	check "$1: the same as an event" wait_for 5 event_has "$text"
	check "$1: and in the log" grep -qF -- "$text" "$(ipvtid_log left)"
}
event_has() {
	[ "$(jq -r --arg t "$1" 'select(.event == "failed" and .text == $t) | .name' \
		"$WORK/events" | head -n 1)" = site-b ]
}

hosts
export IPVTI_CONTROL=$WORK/ipvtid.left/control
monitor left
# shellcheck disable=SC2086 # words
ike_peers $SITE

# --- they offer, we refuse ---
broken 'IKE encryption' right no-proposal-chosen 'encryption aes256gcm16 aes128gcm16' ike-proposals \
	-- conn='proposals = aes256gcm16-prfsha256-x25519'
told 'IKE encryption'
expect 'IKE encryption: what meets is not marked' 'prf prfsha256 prfsha256 false' \
	"$(record '.compare[] | select(.what == "prf") | "\(.what) \(.theirs) \(.ours) \(.differs)"')"
broken 'CBC against AEAD' right no-proposal-chosen 'encryption aes128 aes128gcm16' ike-proposals \
	-- conn='proposals = aes128-sha256-x25519'
broken 'PRF' right no-proposal-chosen 'prf prfsha512 prfsha256' ike-proposals \
	-- conn='proposals = aes128gcm16-prfsha512-x25519'
broken 'key exchange group' right no-proposal-chosen 'key-exchange modp2048 x25519' ike-proposals \
	-- conn='proposals = aes128gcm16-prfsha256-modp2048'
broken 'IKE integrity' right no-proposal-chosen 'integrity sha512 sha256' ike-proposals \
	ike-proposals=aes128-sha256-prfsha512-x25519 -- conn='proposals = aes128-sha512-x25519'
broken 'ESP encryption' right no-proposal-chosen 'encryption aes256gcm16 aes128gcm16' esp-proposals \
	-- child='esp_proposals = aes256gcm16'
broken 'ESP integrity' right no-proposal-chosen 'integrity sha512 sha256' esp-proposals \
	esp-proposals=aes128-sha256 -- child='esp_proposals = aes128-sha512'
broken 'ESN' right no-proposal-chosen 'esn noesn esn' esp-proposals \
	esp-proposals=aes128gcm16-esn -- child='esp_proposals = aes128gcm16-noesn'
broken 'their identity' right wrong-id "peer-identity stranger.example.net $ID_RIGHT" remote-id \
	-- local-id=stranger.example.net
broken 'the identity they ask for' right wrong-id "own-identity stranger.example.net $ID_LEFT" local-id \
	-- remote-id=stranger.example.net
broken 'secrets, seen here' right auth-failed '' psk -- secret='another secret'
broken 'their selectors' right ts-unacceptable "peer-selectors 10.77.0.0/24 $NET_RIGHT4, $NET_RIGHT6" \
	remote-ts remote-ts="[ \"$NET_RIGHT4\", \"$NET_RIGHT6\" ]" -- local-ts=10.77.0.0/24
broken 'selectors of our Child SAs' right ts-unacceptable "own-selectors 10.78.0.0/24 $NET_LEFT4" children \
	children="[ \"$NET_LEFT4 to $NET_RIGHT4\" ]" -- remote-ts=10.78.0.0/24
broken 'our selectors' right ts-unacceptable "own-selectors 10.78.0.0/24 $NET_LEFT4" local-ts \
	local-ts=$NET_LEFT4 -- remote-ts=10.78.0.0/24
stranger() {
	[ "$(ctl left -j explain | jq -r '.failures[] | select(.name == null) | .reason')" = no-config ]
}
check 'a peer without tunnel: configured' configure remote=203.0.113.9 --
check_fails 'a peer without tunnel: it fails' initiate
check 'a peer without tunnel: explain tells' wait_for 20 stranger

# --- we offer, they refuse ---
broken 'IKE proposal, refused there' left no-proposal-chosen '' ike-proposals \
	-- conn='proposals = aes256-sha256-modp4096'
broken 'ESP proposal, refused there' left no-proposal-chosen '' esp-proposals \
	-- child='esp_proposals = aes256-sha512'
broken 'our identity, refused there' left auth-refused '' psk local-id=stranger.example.net --
expect 'our identity, refused there: all keys it may be' 'psk local-id remote-id' \
	"$(record '[."look-at"[].key] | join(" ")')"
broken 'their identity, refused there' left auth-refused '' psk remote-id=stranger.example.net --
broken 'secrets, seen there' left auth-refused '' psk -- secret='another secret'
broken 'selectors, refused there' left ts-unacceptable '' local-ts \
	local-ts=$NET_LEFT4 remote-ts=$NET_RIGHT4 -- local-ts=10.77.0.0/24

# --- it does not come that far ---
broken 'no route' left no-address '' remote remote=203.0.113.1 --
check 'no route: it says so' grep -qi 'no way to 203.0.113.1: network is unreachable' <(record .text)
broken 'no such name' left no-address '' remote remote=gateway.invalid --
check 'no such name: it says so' grep -q 'remote cannot be looked up' <(record .text)
broken 'the command for the secret fails' late no-secret '' psk psk=command:false --
check 'the command for the secret fails: it says so' grep -q 'command failed' <(record .text)

quick='retransmit=100ms detect=2s give-up=3s'
check 'right drops UDP 500' right nft 'add table inet f; add chain inet f in { type filter hook input priority 0; }; add rule inet f in udp dport 500 drop'
# shellcheck disable=SC2086 # words
broken 'a firewall drops UDP 500' left timeout '' remote $quick --
expect 'a firewall drops UDP 500: what came back' '0 true' \
	"$(record '"\(.received) \(.sent > 2)"')"
expect 'a firewall drops UDP 500: where to and how' "$RIGHT4:500 true" \
	"$(record '"\(.remote) \(.route | test("^dev "))"')"
check 'a firewall drops UDP 500: the hint' grep -q 'firewall that drops UDP 500' <(record .hint)
right nft flush chain inet f in
check 'right drops UDP 4500' right nft add rule inet f in udp dport 4500 drop
# shellcheck disable=SC2086 # words
broken 'a firewall drops UDP 4500' left timeout '' remote encap=udp $quick --
check 'a firewall drops UDP 4500: the hint' grep -q 'IKE_AUTH was not on UDP 4500' <(record .hint)
right nft delete table inet f

# --- later ---
check 'PFS: configured' configure esp-proposals=aes128gcm16-x25519 retry=1s -- \
	child='esp_proposals = aes128gcm16-modp2048'
check 'PFS: the tunnel comes up' up
check 'PFS: rekey' ctl left rekey site-b
pfs() { [ "$(record '"\(.step) \(.reason)"')" = 'CREATE_CHILD_SA (Child rekey) no-proposal-chosen' ]; }
check 'PFS: explained' wait_for 20 pfs
expect 'PFS: the key' esp-proposals "$(record .key)"
ctl left down site-b >/dev/null

# --- levels ---
check 'log levels: all but IKE' ctl left log error
check 'log levels: IKE' ctl left log ike debug
check_fails 'log levels: no such subsystem' ctl left log nothing debug
before=$(log_said '^debug site-b')
check 'log levels: configured' configure --
check 'log levels: up' up
check 'log levels: IKE says more' [ "$(log_said '^debug site-b')" -ge "$before" ]
check 'with all put right both families pass' wait_for 5 answers
logs_if_failed
