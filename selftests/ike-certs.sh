#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Certificates: RSA, ECDSA and Ed25519 with charon in both roles, chains and names, the older
# signature methods, and what is not in order is refused and named.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

command -v openssl >/dev/null || skip_all 'openssl is not installed'
CHARON_PLUGINS+=' pkcs8 revocation'

PKI=$WORK/pki
FAR=20400101000000Z
PAST=20200101000000Z

# --- the authorities -------------------------------------------------------------------

# authority NAME [BY]: with a database of its own; below another one, or by itself.
authority() {
	local dir=$PKI/$1

	mkdir -p "$dir"
	: >"$dir/index"
	echo 01 >"$dir/serial"
	echo 01 >"$dir/crlnumber"
	cat >"$dir/conf" <<-END
		[ca]
		default_ca = this
		[this]
		database = $dir/index
		serial = $dir/serial
		crlnumber = $dir/crlnumber
		new_certs_dir = $dir
		certificate = $dir/cert.pem
		private_key = $dir/key.pem
		default_md = sha256
		default_crl_days = 30
		policy = any
		unique_subject = no
		[any]
		countryName = supplied
		organizationName = supplied
		commonName = supplied
		[req]
		distinguished_name = dn
		[dn]
		[ca_ext]
		basicConstraints = critical,CA:true
		keyUsage = critical,keyCertSign,cRLSign
		subjectKeyIdentifier = hash
	END
	openssl ecparam -genkey -name prime256v1 -noout -out "$dir/key.pem"
	openssl req -new -config "$dir/conf" -key "$dir/key.pem" -subj "/C=CH/O=Test/CN=$1" \
		-out "$dir/req.pem"
	issue "${2:-$1}" "$dir/req.pem" "$dir/cert.pem" ca_ext "$PKI/${2:-$1}/conf" $PAST $FAR \
		$([ -n "${2:-}" ] || echo "-selfsign -keyfile $dir/key.pem")
}

# issue BY REQUEST CERTIFICATE SECTION EXTFILE FROM TO [OPTION...]
issue() {
	local by=$1 request=$2 certificate=$3 section=$4 file=$5 from=$6 to=$7

	shift 7
	openssl ca -batch -notext -config "$PKI/$by/conf" -in "$request" -out "$certificate" \
		-extensions "$section" -extfile "$file" -startdate "$from" -enddate "$to" \
		"$@" 2>>"$PKI/log"
}

# new_key KIND FILE
new_key() {
	case $1 in
	rsa) openssl genrsa -traditional -out "$2" 2048 ;;
	p256) openssl ecparam -genkey -name prime256v1 -noout -out "$2" ;;
	p384) openssl ecparam -genkey -name secp384r1 -noout -out "$2" ;;
	ed25519) openssl genpkey -algorithm ed25519 -out "$2" ;;
	esac 2>>"$PKI/log"
	chmod 600 "$2"
}

# certify NAME KIND HOST SAN [BY [FROM [TO]]]: $PKI/NAME.key and $PKI/NAME.pem.
certify() {
	local name=$1 by=${5:-root}

	new_key "$2" "$PKI/$name.key"
	openssl req -new -config "$PKI/root/conf" -key "$PKI/$name.key" \
		-subj "/C=CH/O=Test/CN=$3" -out "$PKI/$name.req"
	printf '[ext]\nbasicConstraints = CA:false\nkeyUsage = digitalSignature\n%s\n' \
		"subjectAltName = $4" >"$PKI/$name.ext"
	issue "$by" "$PKI/$name.req" "$PKI/$name.pem" ext "$PKI/$name.ext" "${6:-$PAST}" \
		"${7:-$FAR}"
}

# --- both ends -------------------------------------------------------------------------

# right_has NAME [KEY=VALUE...]: charon authenticates with $PKI/NAME; id is its identity, peer ours.
right_has() {
	local name=$1 word dir
	local -A conf=([id]=$ID_RIGHT [peer]=$ID_LEFT [also]='')

	shift
	for word; do
		conf[${word%%=*}]=${word#*=}
	done
	dir=$(charon_dir right)/swanctl
	rm -rf "$dir/x509" "$dir/private" "$dir/x509ca"
	mkdir -p "$dir/x509" "$dir/private" "$dir/x509ca"
	cp "$PKI/$name.pem" "$dir/x509/right.pem"
	cp "$PKI/$name.key" "$dir/private/right.key"
	cp "$PKI/root/cert.pem" "$dir/x509ca/root.pem"
	[ -z "${conf[also]}" ] || cp "$PKI/${conf[also]}/cert.pem" "$dir/x509ca/between.pem"
	charon_load right <<-END
		connections {
			site-a {
				version = 2
				local_addrs = $RIGHT4
				remote_addrs = $LEFT4
				send_certreq = yes
				local {
					auth = pubkey
					certs = right.pem
					id = "${conf[id]}"
				}
				remote {
					auth = pubkey
					id = "${conf[peer]}"
				}
				children {
					net {
						local_ts = $NET_RIGHT4,$NET_RIGHT6
						remote_ts = $NET_LEFT4,$NET_LEFT6
					}
				}
			}
		}
	END
}

# left_words NAME [KEY=VALUE...]: configuration of ipvtid with $PKI/NAME.
left_words() {
	printf '%s\n' auth=pubkey psk= "certificate=$PKI/$1.pem" "private-key=$PKI/$1.key" \
		"ca=$PKI/root/cert.pem" "${@:2}"
}
left_has() {
	local words

	mapfile -t words < <(left_words "$@")
	site_reload "${words[@]}"
}

# both_roles NAME: charon brings it up, then ipvtid does.
both_roles() {
	check "$1: charon starts" initiate
	check "$1: carrier" wait_for $UP_WITHIN is_carrier left vti0 1
	check "$1: both families pass" wait_for 5 answers
	check "$1: charon takes it down" hang_up
	check "$1: ipvtid starts" up
	check "$1: both families pass" wait_for 5 answers
	check "$1: charon takes it down" hang_up
}

# refused NAME TEXT [KEY]: ipvtid starts, refuses charon's certificate, and says why.
refused() {
	local out

	out=$(ctl left up site-b 2>&1) && not_ok "$1: ipvtictl up fails"
	check "$1: ipvtictl up says why" grep -qF -- "$2" <(echo "$out")
	expect "$1: explain: reason and step" 'certificate IKE_AUTH' \
		"$(ctl left -j explain site-b | jq -r '"\(.reason) \(.step)"')"
	check "$1: explain: in words" grep -qF -- "$2" <(ctl left -j explain site-b | jq -r .detail)
	expect "$1: no SA" '' "$(sas left)"
	diag "$out"
	ctl left down site-b >/dev/null
}

# --- here we go ------------------------------------------------------------------------

hosts
lan_right
mkdir -p "$PKI"
authority root
authority between root
authority stranger
for kind in rsa p256 p384 ed25519; do
	certify "left-$kind" $kind $ID_LEFT DNS:$ID_LEFT
	certify "right-$kind" $kind $ID_RIGHT DNS:$ID_RIGHT
done
check 'the certificates are made' test -s "$PKI/right-ed25519.pem"

check 'charon starts' charon_start right
check 'charon takes its configuration' right_has right-p256
mapfile -t words < <(left_words left-p256)
check 'ipvtid starts' site_start "${words[@]}"

for kind in rsa p256 p384 ed25519; do
	check "$kind: charon takes its certificate" right_has right-$kind
	left_has left-$kind
	both_roles $kind
done
check 'charon took a digital signature' [ "$(charon_said 'authentication of .* with .* successful')" -ge 8 ]
diag "$(grep 'authentication of' "$(charon_dir right)/log")"

certify right-chain p256 $ID_RIGHT DNS:$ID_RIGHT between
check 'a chain: charon takes it' right_has right-chain also=between
left_has left-rsa
both_roles 'a chain'

check 'distinguished names: charon takes them' right_has right-p256 "id=C=CH, O=Test, CN=$ID_RIGHT" \
	"peer=C=CH, O=Test, CN=$ID_LEFT"
left_has left-p256 "local-id=C=CH, O=Test, CN=$ID_LEFT" "remote-id=C=CH, O=Test, CN=$ID_RIGHT"
both_roles 'distinguished names'
expect 'distinguished names: status' "C=CH, O=Test, CN=$ID_RIGHT" "$(status left site-b '."remote-id"')"

# --- what is refused -------------------------------------------------------------------

left_has left-p256
certify right-expired p256 $ID_RIGHT DNS:$ID_RIGHT root $PAST 20210101000000Z
certify right-other p256 other DNS:other.example.net
certify right-stranger p256 $ID_RIGHT DNS:$ID_RIGHT stranger
certify right-revoked p256 $ID_RIGHT DNS:$ID_RIGHT
openssl ca -config "$PKI/root/conf" -revoke "$PKI/right-revoked.pem" 2>>"$PKI/log"
openssl ca -config "$PKI/root/conf" -gencrl -out "$PKI/root/crl.pem" 2>>"$PKI/log"

check 'expired: charon takes it' right_has right-expired
refused 'expired' 'expired on 2021-01-01'
check 'another authority: charon takes it' right_has right-stranger also=stranger
refused 'another authority' 'comes from "C=CH, O=Test, CN=stranger", which is no ca of this tunnel'
left_has left-p256 "crl=$PKI/root/crl.pem"
check 'revoked: charon takes it' right_has right-revoked
refused 'revoked' 'was revoked by'
check 'not revoked: charon takes it' right_has right-p256
check 'with a CRL that it is not in: up' up
check 'charon takes it down' hang_up

chmod 644 "$PKI/left-p256.key"
check_fails 'a private key open to others is refused' ctl left reload
check 'and it says so' grep -q 'private-key.*open to others' "$(ipvtid_log left)"
chmod 600 "$PKI/left-p256.key"
mapfile -t words < <(left_words left-p256 "private-key=$PKI/left-rsa.key")
site "${words[@]}" | ipvtid_config left
ctl left reload >/dev/null
wait_for 10 grep -q 'private-key is not the key of certificate' "$(ipvtid_log left)"
expect 'a key of another certificate: status says so' 'private-key is not the key of certificate' \
	"$(status left site-b .error)"

# --- without RFC 7427 ------------------------------------------------------------------

end "${CHARON_PID[right]}"
check 'charon starts without RFC 7427' charon_start right 'signature_authentication = no'
for kind in rsa p384; do
	check "$kind, older method: charon takes it" right_has right-$kind
	left_has left-$kind
	both_roles "$kind, older method"
done
logs_if_failed
