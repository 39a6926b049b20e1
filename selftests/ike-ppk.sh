#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Post-quantum preshared keys (RFC 8784) with charon, each side beginning: used and kept through rekeys,
# done without where both sides may, refused and explained where one requires it or has another.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

PPK='a post-quantum secret, 32 octets'
IDENTITY=ppk-site-b

# --- both ends -------------------------------------------------------------------------

# right_has [KEY=VALUE...]: charon with a PPK: its name, the key, whether that is required, and owner, the
# name that the key has if that is another one. With name= it has none.
right_has() {
	local word ppk_lines='' ppk_section=''
	local -A conf=([name]=$IDENTITY [key]=$PPK [required]=no [owner]='')

	for word; do
		conf[${word%%=*}]=${word#*=}
	done
	vici unload-shared id=ppk-b
	if [ -n "${conf[name]}" ]; then
		ppk_lines="ppk_id = ${conf[name]}"$'\n'"ppk_required = ${conf[required]}"
		ppk_section=$(printf '%s\n' 'ppk-b {' "id = ${conf[owner]:-${conf[name]}}" \
			"secret = \"${conf[key]}\"" '}')
	fi
	gateway_load conn="$ppk_lines" secrets="$ppk_section"
}

# left_words [KEY=VALUE...]: the same for ipvtid. It does not try again by itself: the next try would
# have an SPI reserved while we look for what the refused one left.
left_words() { printf '%s\n' retry=1h "ppk=$PPK" ppk-id=$IDENTITY "$@"; }
left_has() {
	local words

	mapfile -t words < <(left_words "$@")
	site_reload "${words[@]}"
}
left_has_none() { site_reload retry=1h; }

# case_of NAME RIGHT [WORD...] -- LEFT [WORD...]: from rest, both as these functions make them.
case_of() {
	local name=$1 words=()

	shift
	check "$name: both at rest" rest
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	check "$name: charon takes it" "${words[@]}"
	"${@:2}"
}

# --- what can be seen ------------------------------------------------------------------

# works NAME PROTECTED: traffic passes, and both sides say whether there is a PPK.
works() {
	check "$1: carrier" wait_for $UP_WITHIN is_carrier left vti0 1
	check "$1: both families pass" wait_for 5 answers
	expect "$1: status says that a PPK protects it" "$2" "$(status left site-b .ike.ppk)"
	expect "$1: so does its text" "$2" "$(is_in_text)"
}
is_in_text() {
	if ctl left status site-b | grep -q 'protected by a PPK'; then echo true; else echo false; fi
}
# used: how often charon has mixed one in.
used() { charon_said "using PPK for PPK_ID '$IDENTITY'"; }

# both_roles NAME PROTECTED WORD...: charon brings it up, then ipvtid does; the words as for case_of.
both_roles() {
	local times

	times=$(used)
	[ "$2" = false ] || times=$((times + 2))
	case_of "$1" "${@:3}"
	check "$1: charon starts" initiate
	works "$1, charon starts" "$2"
	check "$1: charon takes it down" hang_up
	check "$1: ipvtid starts" up
	works "$1, ipvtid starts" "$2"
	expect "$1: times that charon used it" $times "$(used)"
}

# line KEY: of the configuration.
line() { grep -n " $1 = " "$(ipvtid_dir left)/ipvti.conf" | cut -d: -f1; }
# explained NAME REASON KEYS TEXT: what explain says, and nothing is half installed. The line is that
# of the first key.
explained() {
	expect "$1: explain: reason, keys and line" "$2 $3 $(line "${3%% *}")" \
		"$(ctl left -j explain site-b |
			jq -r '"\(.reason) \([."look-at"[].key] | join(" ")) \(.line)"')"
	check "$1: explain: in words" grep -qE -- "$4" <(ctl left explain site-b)
	wait_for 10 no_sas
	expect "$1: no SA" '' "$(sas left)"
	expect "$1: no carrier" 0 "$(carrier left vti0)"
}
no_sas() { [ -z "$(sas left)" ]; }
# refused_answering NAME REASON KEYS TEXT WORD...: charon starts and fails, and ipvtid says why.
refused_answering() {
	case_of "$1" "${@:5}"
	check_fails "$1, charon starts: it fails" initiate
	explained "$1, charon starts" "${@:2:3}"
}
# refused_starting NAME REASON KEYS TEXT WORD...: ipvtid starts and fails.
refused_starting() {
	case_of "$1" "${@:5}"
	in_vain "${@:1:4}"
}
in_vain() {
	local out status

	out=$(ctl left up site-b 2>&1)
	status=$?
	expect "$1, ipvtid starts: exit status of ipvtictl up" 1 $status
	check "$1, ipvtid starts: it says why" grep -qE -- "$4" <(echo "$out")
	diag "$out"
	explained "$1, ipvtid starts" "${@:2:3}"
}

# --- here we go ------------------------------------------------------------------------

hosts
lan_right
check 'charon starts' charon_start right
check 'charon takes its configuration' right_has
mapfile -t words < <(left_words)
check 'ipvtid starts' site_start "${words[@]}"

both_roles 'both have one' true right_has -- left_has
spi=$(ike_spi)
check 'IKE rekey from left' ctl left rekey site-b ike
check 'it makes another IKE SA' wait_for $UP_WITHIN differs ike_spi "$spi"
spi=$(ike_spi)
check 'IKE rekey from right' vici rekey ike=site-a
check 'it makes another IKE SA' wait_for $UP_WITHIN differs ike_spi "$spi"
spi=$(outbound)
check 'Child rekey from left' ctl left rekey site-b
check 'another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
spi=$(outbound)
check 'Child rekey from right' vici rekey child=net
check 'another SA sends' wait_for $UP_WITHIN differs outbound "$spi"
check_one_pair 'rekeys: one pair of SAs on both sides'
works 'after rekeys' true
ipvtid_kill left
check 'ipvtid starts again' ipvtid_start left
check 'and goes on with its IKE SA' wait_for $UP_WITHIN ipvtid_resumed left
works 'resumed' true

both_roles 'both require it' true right_has required=yes -- left_has ppk-required=true
both_roles 'charon has none' false right_has name= -- left_has
both_roles 'ipvtid has none' false right_has -- left_has_none
both_roles 'charon does not have the one of that name' false right_has owner=elsewhere -- left_has
expect 'charon took the proof without' 1 "$(charon_said 'using NO_PPK_AUTH notify')"
case_of 'names differ' right_has name=elsewhere -- left_has
check 'names differ: charon starts' initiate
works 'names differ, charon starts' false
expect 'it knows that there is none' 1 "$(charon_said "didn't use PPK for PPK_ID 'elsewhere'")"

# --- what is refused -------------------------------------------------------------------

unused='the peer does not use a post-quantum key \(PPK\)'
refused_answering 'required, and charon has none' ppk-unused ppk-required "$unused" \
	right_has name= -- left_has ppk-required=true
refused_starting 'required, and charon has none' ppk-unused ppk-required "$unused" \
	right_has name= -- left_has ppk-required=true
refused_answering 'required, and names differ' ppk-unknown ppk-id \
	'uses a post-quantum key \(PPK\) that is unknown here.*theirs elsewhere, ours ppk-site-b' \
	right_has name=elsewhere -- left_has ppk-required=true
refused_starting 'required, and charon does not have the one of that name' auth-refused \
	'psk local-id remote-id ppk ppk-id' 'AUTHENTICATION_FAILED' \
	right_has owner=elsewhere -- left_has ppk-required=true
# charon insists on the name that is configured, also where it could do without.
refused_starting 'names differ' auth-refused 'psk local-id remote-id ppk ppk-id' \
	'AUTHENTICATION_FAILED' right_has name=elsewhere -- left_has
refused_answering 'keys differ' auth-failed 'psk ppk' \
	'another pre-shared key, or another PPK of that name' right_has key=other -- left_has
refused_starting 'keys differ' auth-refused 'psk local-id remote-id ppk ppk-id' \
	'AUTHENTICATION_FAILED' right_has key=other -- left_has
check 'charon requires it: both at rest' rest
check 'charon requires it' right_has required=yes
left_has_none
check_fails 'charon requires it, charon starts: it fails' initiate
check_fails 'charon requires it, ipvtid starts: it fails' ctl left up site-b
expect 'charon requires it: no SA' '' "$(sas left)"

check 'the command for it fails: both at rest' rest
check 'the command for it fails: charon takes it' right_has
mapfile -t words < <(left_words ppk=command:false)
site "${words[@]}" | ipvtid_config left
check 'the command for it fails: reload says so' grep -q 'site-b: ppk: the command failed' \
	<(ctl left reload 2>&1)
in_vain 'the command for it fails' ppk-missing ppk 'ppk: the command failed'

both_roles 'with all put right' true right_has required=yes -- left_has ppk-required=true
logs_if_failed
