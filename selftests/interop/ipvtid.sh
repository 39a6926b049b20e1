# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# ipvtid itself as the peer, see cells.sh.

PEER_LOG=$(ipvtid_log right)

peer_start() {
	[ -e "$(ipvtid_dir right)" ] || sites | ipvtid_config right
	ipvtid_start right
}
peer_kill() {
	ipvtid_kill right
	right ip link del vti0
	rm -rf "$(ipvtid_dir right)/run"
}

peer_configure() {
	local words=(detect=off "remote=${PEER_REMOTE:-%any}" "local=$PEER_LOCAL" start=manual
		"local-id=$ID_RIGHT" "remote-id=$ID_LEFT" address=
		"routes=$(quoted "$NET_LEFT4" "$NET_LEFT6")"
		"local-ts=$(quoted "$NET_RIGHT4" "$NET_RIGHT6")"
		"remote-ts=$(quoted "$NET_LEFT4" "$NET_LEFT6")")

	mapfile -t -O ${#words[@]} words < <(cell_words right)
	site "${words[@]}" | ipvtid_config right
	ctl right reload
}
peer_initiate() { ctl right up site-b; }
peer_rekey_child() { ctl right rekey site-b; }
peer_rekey_ike() { ctl right rekey site-b ike; }
# `ipvtictl down` would bar left as well.
peer_delete() { peer_forget && peer_configure; }
peer_forget() {
	sites | ipvtid_config right
	ctl right reload
}
peer_spis() {
	local list

	list=$(sas right) || return 0	# it has no device now
	while read -r _ spi _; do
		[ -z "$spi" ] || echo "$spi"
	done <<<"$list"
}
