# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# strongSwan's charon as the peer, see cells.sh: with ESP in the kernel, or with CHARON_ESP=libipsec in
# its own library; from PEER_FILES, if that is set.

CHARON_ESP=${CHARON_ESP:-kernel}
CHARON_PLUGINS+=' pkcs8'
PEER_LOG=$(charon_dir right)/log
declare -A CHARON_IKE=([cbc]=aes128-sha256-ecp256 [gcm]=aes256gcm16-prfsha384-ecp384
	[chacha]=chacha20poly1305-prfsha256-x25519)
[ -z "${PEER_FILES:-}" ] || CHARON_IN=("$INTEROP/enter" "$PEER_FILES" "$WORK/files")

# libipsec has to come before the kernel, and it needs ESP in UDP everywhere.
if [ "$CHARON_ESP" = libipsec ]; then
	CHARON_PLUGINS=${CHARON_PLUGINS/kernel-netlink/kernel-libipsec kernel-netlink}
	PEER_ENCAP=udp
	peer_spis() { vici spis; }
fi

peer_start() {
	mkdir -p "$WORK/files"
	charon_start right
}
peer_kill() {
	end "${CHARON_PID[right]}" KILL
	rm -rf "$WORK/files" "$(charon_dir right)/vici"
}

peer_configure() {
	local auth=${CELL[auth]} proposal=${CELL[proposal]} how=psk

	[ "$auth" = psk ] || how=pubkey
	{
		printf '%s\n' 'connections {' 'site-a {' 'version = 2' "local_addrs = $PEER_LOCAL" \
			"remote_addrs = ${PEER_REMOTE:-%any}"
		[ "$proposal" = default ] || echo "proposals = ${CHARON_IKE[$proposal]}"
		printf '%s\n' 'local {' "auth = $how" "id = $ID_RIGHT"
		[ "$auth" = psk ] || echo "certs = $PKI/right-$auth.pem"
		printf '%s\n' '}' 'remote {' "auth = $how" "id = $ID_LEFT" '}' 'children {' 'net {' \
			"local_ts = $NET_RIGHT4,$NET_RIGHT6" "remote_ts = $NET_LEFT4,$NET_LEFT6"
		[ "$proposal" = default ] || echo "esp_proposals = ${ESP_PROPOSAL[$proposal]}"
		printf '%s\n' '}' '}' '}' '}'
		[ "$auth" != psk ] || printf '%s\n' 'secrets {' 'ike-site-a {' "id-a = $ID_LEFT" \
			"id-b = $ID_RIGHT" "secret = $SECRET" '}' '}'
	} >"$WORK/swanctl.conf"
	[ "$auth" = psk ] || vici credentials "$PKI/right-$auth.key" "$PKI/root/cert.pem" || return
	vici load "$WORK/swanctl.conf"
}

peer_initiate() { initiate; }
peer_rekey_child() { vici rekey child=net; }
peer_rekey_ike() { vici rekey ike=site-a; }
peer_delete() { vici terminate ike=site-a; }
peer_forget() {
	vici unload-conn name=site-a
	vici terminate ike=site-a force=yes timeout=5000
	vici clear-creds
}
