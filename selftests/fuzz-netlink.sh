#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Requests made from the grammar in uapi/ipvti.yaml, sound and less so, and links of the kind ipvti:
# each refusal has a text, nothing breaks, and the tunnel of somebody else in another namespace goes
# on. FUZZ_REQUESTS of them, with the seed FUZZ_SEED, 1 by default.
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"

count=${FUZZ_REQUESTS:-$((1500 / SLOWER))}
seed=${FUZZ_SEED:-1}

# requests NAME COMMAND...: the fuzzer, run by COMMAND.
requests() {
	local start=$SECONDS

	check "$1: what is asked with seed $seed" "${@:2}"
	diag "$1, $((SECONDS - start)) s: $(tail -n 1 "$KTAP_OUTPUT")"
}

hosts
tunnel
host middle
host other
before=$(left ipvtictl -j show | grep -v -e 'age"' -e '"packets"' -e '"bytes"' -e '"seq"')

requests 'two namespaces and nobody' \
	ip netns exec middle "$HELPERS/fuzz_netlink.py" "$seed" "$count" other
requests 'root of a user namespace' \
	unshare -Urn "$HELPERS/fuzz_netlink.py" "$seed" $((count / 4))

check 'a device can be made, keyed and deleted in that namespace' eval '
	middle ip link add vti0 type ipvti &&
	middle ipvtictl set vti0 local 10.0.0.1 remote 10.0.0.9 &&
	vti_sa middle vti0 in 0x7777 aes128gcm16 "$(key aes128gcm16 in)" &&
	middle ip link del vti0'
expect 'the tunnel in another namespace is as it was' "$before" \
	"$(left ipvtictl -j show | grep -v -e 'age"' -e '"packets"' -e '"bytes"' -e '"seq"')"
check 'and works' ping_all left $LAN_RIGHT4
