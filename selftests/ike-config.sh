#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The configuration: faults are all listed with file, line and key; reload applies differences and
# leaves the other tunnel alone.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# fault FILE:LINE: KEY: TEXT is among what check says.
fault() { check "fault: $1" grep -qE "^$WORK/faulty.conf:$1" "$WORK/faults"; }

cat >"$WORK/faulty.conf" <<'END'
tunnel: {
  a: {
    device = "vti0";
    remot = "10.0.0.2";
    local-id = "a.example.net";
    remote-id = "b.example.net";
    psk = "file:/nonexistent";
    detect = "3 parsecs";
    esp-proposals = "aes128gcm99";
    address = [ "10.0.0.300/24" ];
    profile = "nope";
    routes = [ "192.168.1.0/33" ];
  };
  b: {
    device = "vti0";
    start = "sometimes";
    metric = 0;
  };
};
END
chmod 600 "$WORK/faulty.conf"
ipvtictl check "$WORK/faulty.conf" >"$WORK/faults" 2>&1
expect 'ipvtictl check: exit status' 1 $?
fault '4: remot: unknown key'
fault '7: psk: .*No such file'
fault '8: detect: .*3s'
fault '9: esp-proposals: .*aes128gcm16'
fault '10: address: .*10\.0\.0\.300'
fault '11: profile: .*nope'
fault '12: routes: .*192\.168\.1\.0/33'
fault '14: local-id: is missing'
fault '15: device: .*vti0'
fault '16: start: .*on-traffic'
fault '17: metric: '
printf 'tunnel: {\n  a: {\n    device = "vti0"\n    device = "vti1"\n  }\n}\n' >"$WORK/faulty.conf"
ipvtictl check "$WORK/faulty.conf" >"$WORK/faults" 2>&1
fault '4: .*duplicate'

# Two tunnels to right, over IPv4 and over IPv6.
SECOND=(device=vti1 remote="$RIGHT6" local-id=a2.example.net remote-id=b2.example.net address=10.9.0.1/32
	routes=10.9.9.0/24)
both_load() {
	gateway_load && gateway_load name=site-c local=$RIGHT6 remote=$LEFT6 local-id=b2.example.net \
		remote-id=a2.example.net local-ts=10.9.9.0/24 remote-ts=10.9.0.1/32
}
# reload WORD...: site-b as ever, and site-c with these keys; "without" leaves it out.
reload() {
	local blocks=("$(site_block site-b)")

	[ "$*" = without ] || blocks+=("$(site_block site-c "${SECOND[@]}" "$@")")
	sites "${blocks[@]}" | ipvtid_config left
	ctl left reload
}
spis() { ask left sas "$1"; }
spis1() { spis vti1; }
has_route() { left ip route show "$1" | grep -qE "$2"; }

hosts
lan_right
check 'charon starts' charon_start right
check 'charon takes two connections' both_load
sites "$(site_block site-b)" "$(site_block site-c "${SECOND[@]}")" | ipvtid_config left
check 'ipvtid starts' ipvtid_start left
check 'site-b is up' up
check 'site-c is up' ctl left up site-c
first=$(spis vti0) second=$(spis vti1)
check 'site-b has SAs' [ -n "$first" ]
check 'site-c has SAs' [ -n "$second" ]

expect 'reload of the same' 'nothing changed' "$(reload)"
out=$(reload metric=77 detect=9s)
expect 'reload names tunnel and keys' 1 "$(grep -c 'site-c.*: .*metric' <<<"$out")"
expect 'and nothing of the other' 0 "$(grep -c site-b <<<"$out")"
check 'metric: applied' wait_for 5 has_route 10.9.9.0/24 'metric 77'
expect 'metric: site-c keeps its SAs' "$second" "$(spis vti1)"
reload metric=77 routes=10.9.8.0/24 >/dev/null
check 'routes: the new one is there' wait_for 5 has_route 10.9.8.0/24 vti1
check_fails 'routes: the old one is not' has_route 10.9.9.0/24 vti1
expect 'routes: site-c keeps its SAs' "$second" "$(spis vti1)"
reload address=10.9.0.2/32 >/dev/null
expect 'address: replaced' 10.9.0.2 "$(left ip -j -4 addr show dev vti1 | jq -r '[.[0].addr_info[].local] | join(" ")')"
expect 'address: site-c keeps its SAs' "$second" "$(spis vti1)"

check_fails 'a faulty one is refused' reload detect=soon
expect 'and changes nothing' "$second" "$(spis vti1)"
changes=$(left cat /sys/class/net/vti1/carrier_changes)
check 'selectors: reload' reload local-ts=10.9.0.1/32 remote-ts=10.9.9.0/24
check 'selectors: renegotiated' wait_for $UP_WITHIN differs spis1 "$second"
expect 'selectors: carrier never changed' "$changes" "$(left cat /sys/class/net/vti1/carrier_changes)"

check 'removal: reload' reload without
no_vti1() { ! left ip link show vti1; }
check 'removal: its device is gone' wait_for $UP_WITHIN no_vti1
charon_forgot() { [ "$(charon_counts)" = '1 1' ]; }
check 'removal: charon was told' wait_for $UP_WITHIN charon_forgot
expect 'site-b has the SAs of the beginning' "$first" "$(spis vti0)"
check 'and both families pass' wait_for 5 answers
logs_if_failed
