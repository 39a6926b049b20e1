#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Every way to be refused: `ipvtictl up` fails and names the true cause, explain agrees and names the
# key to change, and nothing is half installed.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# line KEY: of the configuration.
line() { grep -n " $1 = " "$(ipvtid_dir left)/ipvti.conf" | cut -d: -f1; }

# nothing_half NAME: no SA, no reserved SPI, no carrier.
nothing_half() {
	wait_for 10 no_sas
	expect "$1: no SA and no reserved SPI" '' "$(sas left)"
	expect "$1: no carrier" 0 "$(carrier left vti0)"
}
no_sas() { [ -z "$(sas left)" ]; }

# explained NAME REASON KEY TEXT: what explain says.
explained() {
	expect "$1: explain: reason, key and line" "$2 $3 $(line "$3")" \
		"$(ctl left -j explain site-b | jq -r '"\(.reason) \(.key) \(.line)"')"
	check "$1: explain: the text" grep -qE "$4" <(ctl left explain site-b)
}

# refused NAME REASON KEY TEXT: ipvtictl up fails, and says so.
refused() {
	local out status

	out=$(ctl left up site-b 2>&1)
	status=$?
	expect "$1: exit status of ipvtictl up" 1 $status
	check "$1: it names the cause ($2)" grep -qE "$4" <(echo "$out")
	diag "ipvtictl up said: $out"
	explained "$@"
	nothing_half "$1"
	ctl left down site-b >/dev/null
}

# It does not try again by itself: the next try would have an SPI reserved while we look for what the
# refused one left.
proposals='ike-proposals=aes128gcm16-prfsha256-x25519 esp-proposals=aes128gcm16 retry=1h'

hosts
# shellcheck disable=SC2086 # words
ike_peers $proposals

# shellcheck disable=SC2086 # words
reload() { site_reload $proposals "$@"; }

gateway_load secret='another secret'
check_fails 'wrong psk, charon starts: it is refused' initiate
explained 'wrong psk, charon starts' auth-failed psk 'proof of its identity is wrong.*another pre-shared key'
nothing_half 'wrong psk, charon starts'
gateway_load
reload remote-id=elsewhere.example.net
check_fails "charon's identity is not ours: it is refused" initiate
explained "charon's identity is not ours" wrong-id remote-id "identity is not the configured one.*$ID_RIGHT"
nothing_half "charon's identity is not ours"

reload
gateway_load secret='another secret'
refused 'wrong psk' auth-refused psk 'the peer refused our identity or our proof'
gateway_load
reload local-id=stranger.example.net
refused 'identity the peer does not know' auth-refused psk 'the peer refused our identity or our proof'
reload

gateway_load conn='proposals = aes256-sha256-modp4096'
refused 'no common IKE proposal' no-proposal-chosen ike-proposals \
	'IKE_SA_INIT.*no common algorithms.*offered aes128gcm16-prfsha256-x25519'
gateway_load child='esp_proposals = aes256-sha512'
refused 'no common ESP proposal' no-proposal-chosen esp-proposals \
	'no common algorithms.*offered aes128gcm16'
gateway_load local-ts=10.77.0.0/24
reload local-ts=$NET_LEFT4 remote-ts=$NET_RIGHT4
refused 'no common selectors' ts-unacceptable local-ts "no common traffic selectors.*$NET_RIGHT4"
gateway_load
reload remote=203.0.113.1
refused 'no route to the peer' no-address remote 'no route'
reload retransmit=100ms detect=2s give-up=3s
kill -STOP "${CHARON_PID[right]}"
refused 'nobody answers' timeout remote 'the peer does not answer'
kill -CONT "${CHARON_PID[right]}"

reload
check 'and with all put right: up' up
check 'both families pass' wait_for 5 answers
logs_if_failed
