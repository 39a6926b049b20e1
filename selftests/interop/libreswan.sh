# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Libreswan's pluto as the peer, see cells.sh. To be sourced after it with PEER_FILES set.

PLUTO=/usr/libexec/ipsec
PEER_LOG=$WORK/pluto.log
PLUTO_CONF=$WORK/ipsec.conf PLUTO_CONNS=$WORK/conns.conf PLUTO_SECRETS=$WORK/ipsec.secrets
PLUTO_NSS=$WORK/nss
PLUTO_WORDS=()	# for its configuration, besides those of the cell
declare -A PLUTO_IKE=([cbc]='aes128-sha2_256;dh19' [gcm]='aes_gcm256-sha2_384;dh20'
	[chacha]='chacha20_poly1305-sha2_256;dh31')
declare -A PLUTO_ESP=([cbc]=aes128-sha2_256 [gcm]=aes_gcm256 [chacha]=chacha20_poly1305)
declare -A PLUTO_AUTH=([psk]=secret [rsa]=rsasig [p256]=ecdsa [p384]=ecdsa)

whack() { ask peer run $PLUTO/whack "$@"; }

# A Child SA of Libreswan 4 has one selector on each side. It starts two in one IKE SA; of those that
# ipvtid offers in one it takes a pair, so that one family is left: the one that is not outside.
families() {
	case ${CELL[role]}${CELL[outer]} in
	initiator4) echo 6 ;;
	initiator6) echo 4 ;;
	*) echo 4 6 ;;
	esac
}

peer_start() {
	if [ ! -d "$PLUTO_NSS" ]; then
		peer_files "$PEER_FILES" && pluto_nss || return
		pluto_section 'config setup' "logfile=$PEER_LOG" "nssdir=$PLUTO_NSS" nhelpers=0 \
			dnssec-enable=no >"$PLUTO_CONF"
		printf '%%any %%any : PSK "%s"\n' "$SECRET" >"$PLUTO_SECRETS"
		on peer mkdir -p /run/pluto
	fi
	on peer $PLUTO/pluto --config "$PLUTO_CONF" --secretsfile "$PLUTO_SECRETS" &&
		wait_for 30 whack --status && whack --listen
}

# pluto_section HEAD LINE...
pluto_section() {
	echo "$1"
	printf '    %s\n' "${@:2}"
}

# pluto_nss: the data base with keys and certificates.
pluto_nss() {
	local kind nss=sql:$PLUTO_NSS

	mkdir "$PLUTO_NSS"
	on peer certutil -N -d "$nss" --empty-password &&
		on peer certutil -A -d "$nss" -n root -t CT,, -i "$PKI/root/cert.pem" || return
	for kind in rsa p256 p384; do
		openssl pkcs12 -export -in "$PKI/right-$kind.pem" -inkey "$PKI/right-$kind.key" \
			-name right-$kind -passout pass:x -out "$WORK/pkcs12" &&
			on peer pk12util -i "$WORK/pkcs12" -d "$nss" -W x || return
	done
}

# With KILL nothing of it is left but what it wrote.
peer_kill() {
	local pid

	pid=$(on peer cat /run/pluto/pluto.pid)
	kill -KILL "$pid"
	wait_for 10 ended "$pid"
	on peer rm -f /run/pluto/pluto.pid /run/pluto/pluto.ctl
}
ended() { ! kill -0 "$1" 2>/dev/null; }

peer_configure() {
	local auth=${CELL[auth]} proposal=${CELL[proposal]} family

	{
		cat "$PLUTO_CONF"
		pluto_section 'conn common' ikev2=insist mobike=no leftupdown=%disabled "left=$PEER_LOCAL" \
			"right=${PEER_REMOTE:-%any}" "leftid=@$ID_RIGHT" "rightid=@$ID_LEFT" \
			"authby=${PLUTO_AUTH[$auth]}" "${PLUTO_WORDS[@]}"
		[ "$auth" = psk ] || printf '    %s\n' "leftcert=right-$auth" leftsendcert=always
		[ "$proposal" = default ] ||
			printf '    %s\n' "ike=${PLUTO_IKE[$proposal]}" "esp=${PLUTO_ESP[$proposal]}"
		pluto_section 'conn net4' also=common "leftsubnet=$NET_RIGHT4" "rightsubnet=$NET_LEFT4"
		pluto_section 'conn net6' also=common "leftsubnet=$NET_RIGHT6" "rightsubnet=$NET_LEFT6"
	} >"$PLUTO_CONNS"
	for family in $(families); do
		on peer $PLUTO/addconn --config "$PLUTO_CONNS" --ctlsocket /run/pluto/pluto.ctl net"$family" ||
			return
	done
}

peer_initiate() { pluto_all --initiate; }
peer_delete() { pluto_all --terminate; }
peer_forget() { pluto_all --delete; }
pluto_all() {
	local family

	for family in 4 6; do
		whack "$1" --name net$family
	done
}
# pluto_one COMMAND: for the first of the two.
pluto_one() { whack "$1" --asynchronous --name "net$(families | cut -c1)"; }
peer_rekey_child() { pluto_one --rekey-ipsec; }
peer_rekey_ike() { pluto_one --rekey-ike; }
