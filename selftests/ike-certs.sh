#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Certificates: RSA, ECDSA and Ed25519 with charon in both roles, chains and names, the older
# signature methods, and what is not in order is refused and named.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"
. "${0%/*}/pki.sh"

command -v openssl >/dev/null || skip_all 'openssl is not installed'
CHARON_PLUGINS+=' pkcs8 revocation'

# --- both ends -------------------------------------------------------------------------

# right_has NAME [KEY=VALUE...]: charon authenticates with $PKI/NAME; id is its identity, peer ours,
# also another authority whose certificate it sends.
right_has() {
	local name=$1 word
	local -A conf=([id]=$ID_RIGHT [peer]=$ID_LEFT [also]='')

	shift
	for word; do
		conf[${word%%=*}]=${word#*=}
	done
	cat >"$WORK/swanctl.conf" <<-END
		connections {
			site-a {
				version = 2
				local_addrs = $RIGHT4
				remote_addrs = $LEFT4
				local {
					auth = pubkey
					certs = $PKI/$name.pem
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
	vici credentials "$PKI/$name.key" "$PKI/root/cert.pem" \
		${conf[also]:+"$PKI/${conf[also]}/cert.pem"} && vici load "$WORK/swanctl.conf"
}

# left_words NAME [KEY=VALUE...]: configuration of ipvtid with $PKI/NAME. It does not try again by
# itself: the next try would have an SPI reserved while we look for what the refused one left.
left_words() {
	printf '%s\n' auth=pubkey psk= retry=1h "certificate=$PKI/$1.pem" "private-key=$PKI/$1.key" \
		"ca=$PKI/root/cert.pem" "${@:2}"
}
left_has() {
	local words

	mapfile -t words < <(left_words "$@")
	site_reload "${words[@]}"
}

# case_of NAME RIGHT [KEY=VALUE...] -- LEFT [KEY=VALUE...]: from rest, both with their certificates;
# the words are for right_has and left_has.
case_of() {
	local name=$1 words=()

	shift
	check "$name: both at rest" rest
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	check "$name: charon takes it" right_has "${words[@]}"
	left_has "${@:2}"
}

# both_roles NAME WORD...: charon brings it up, then ipvtid does; the words as for case_of.
both_roles() {
	case_of "$@"
	check "$1: charon starts" initiate
	check "$1: carrier" wait_for $UP_WITHIN is_carrier left vti0 1
	check "$1: both families pass" wait_for 5 answers
	check "$1: charon takes it down" hang_up
	check "$1: ipvtid starts" up
	check "$1: both families pass" wait_for 5 answers
}

# refused_answering NAME REASON TEXT WORD...: charon starts, ipvtid refuses it and says why.
refused_answering() {
	case_of "$1" "${@:4}"
	check_fails "$1, charon starts: it fails" initiate
	explained "$1, charon starts" "$2" "$3"
}
# refused_starting NAME REASON TEXT WORD...: ipvtid starts, refuses charon and says why.
refused_starting() {
	local out status

	case_of "$1" "${@:4}"
	expect "$1, ipvtid starts: nothing is explained yet" null \
		"$(ctl left -j explain site-b | jq -r .reason)"
	out=$(ctl left up site-b 2>&1)
	status=$?
	expect "$1: exit status of ipvtictl up" 1 $status
	check "$1: ipvtictl up says why" grep -qF -- "$3" <(echo "$out")
	diag "$out"
	explained "$1, ipvtid starts" "$2" "$3"
}
# both_refused NAME REASON TEXT WORD...: in both roles ipvtid refuses charon's certificate.
both_refused() {
	refused_answering "$@"
	refused_starting "$@"
}
# explained NAME REASON TEXT: what explain says, and nothing is half installed.
explained() {
	expect "$1: explain: reason and step" "$2 IKE_AUTH" \
		"$(ctl left -j explain site-b | jq -r '"\(.reason) \(.step)"')"
	check "$1: explain: in words" grep -qF -- "$3" <(ctl left explain site-b)
	expect "$1: no SA" '' "$(sas left)"
	expect "$1: no carrier" 0 "$(carrier left vti0)"
}

# --- here we go ------------------------------------------------------------------------

hosts
lan_right
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
	both_roles $kind right-$kind -- left-$kind
done
expect 'charon took our signature in both roles' 8 \
	"$(charon_said "authentication of '$ID_LEFT' with .* successful")"
diag "$(grep 'authentication of' "$(charon_dir right)/log")"

# A peer that starts right after `ipvtictl reload` is asked for its certificate.
check 'certificates take long: both at rest' rest
check 'certificates take long: charon takes it' right_has right-p384
reader=$(ipvtid_process left keys)
kill -STOP "$reader"
site "${words[@]}" | ipvtid_config left
job ip netns exec left ipvtictl --socket "$(ipvtid_dir left)/control" reload
check 'certificates take long: the tunnel is there' wait_for 10 ctl left status site-b
check 'certificates take long: reload waits' kill -0 "$JOB"
kill -CONT "$reader"
check 'certificates take long: reload returns' wait "$JOB"
check 'certificates take long: charon starts' initiate
check 'certificates take long: both families pass' wait_for 5 answers

certify right-chain p256 $ID_RIGHT DNS:$ID_RIGHT between
both_roles 'a chain' right-chain also=between -- left-rsa
both_roles 'distinguished names' right-p256 "id=C=CH, O=Test, CN=$ID_RIGHT" \
	"peer=C=CH, O=Test, CN=$ID_LEFT" -- \
	left-p256 "local-id=C=CH, O=Test, CN=$ID_LEFT" "remote-id=C=CH, O=Test, CN=$ID_RIGHT"
expect 'distinguished names: status' "C=CH, O=Test, CN=$ID_RIGHT" "$(status left site-b '."remote-id"')"

# --- what is refused -------------------------------------------------------------------

certify right-expired p256 $ID_RIGHT DNS:$ID_RIGHT root $PAST 20210101000000Z
certify right-early p256 $ID_RIGHT DNS:$ID_RIGHT root 20390101000000Z $FAR
certify right-other p256 other DNS:other.example.net
certify right-stranger p256 $ID_RIGHT DNS:$ID_RIGHT stranger
certify right-revoked p256 $ID_RIGHT DNS:$ID_RIGHT
openssl ca -config "$PKI/root/conf" -revoke "$PKI/right-revoked.pem" 2>>"$PKI/log"
openssl ca -config "$PKI/root/conf" -gencrl -out "$PKI/root/crl.pem" 2>>"$PKI/log"

both_refused 'expired' certificate 'expired on 2021-01-01' right-expired -- left-p256
both_refused 'not yet valid' certificate 'not valid before 2039-01-01' right-early -- left-p256
both_refused 'another authority' certificate \
	'comes from "C=CH, O=Test, CN=stranger", which is no ca of this tunnel' \
	right-stranger -- left-p256
refused_answering 'another identity' wrong-id other.example.net \
	right-other id=other.example.net -- left-p256
# With a pattern for its identity charon shows the one it is asked for, or the pattern itself when
# it starts, whatever its certificate says.
other='its certificate is for DNS:other.example.net'
refused_answering "another's certificate" certificate "$other" \
	right-other 'id=*.example.net' -- left-p256 'remote-id=*.example.net'
refused_starting "another's certificate" certificate "$other" \
	right-other 'id=*.example.net' -- left-p256
both_refused 'revoked' certificate 'was revoked by' right-revoked -- \
	left-p256 "crl=$PKI/root/crl.pem"
both_refused 'a chain without CRL of its authority' certificate 'there is no CRL of' \
	right-chain also=between -- left-p256 "crl=$PKI/root/crl.pem"
both_roles 'in order, with a CRL' right-p256 -- left-p256 "crl=$PKI/root/crl.pem"

chmod 644 "$PKI/left-p256.key"
check_fails 'a private key open to others is refused' ctl left reload
check 'and it says so' grep -q 'private-key.*open to others' "$(ipvtid_log left)"
chmod 600 "$PKI/left-p256.key"
mapfile -t words < <(left_words left-p256 "private-key=$PKI/left-rsa.key")
site "${words[@]}" | ipvtid_config left
check 'a key of another certificate: reload says so' \
	grep -q 'site-b: private-key is not the key of certificate' \
	<(ctl left reload)
check 'a key of another certificate: the log says so' \
	grep -q 'private-key is not the key of certificate' "$(ipvtid_log left)"
expect 'a key of another certificate: status says so' 'private-key is not the key of certificate' \
	"$(status left site-b .error)"

# --- without RFC 7427 ------------------------------------------------------------------

check 'the older methods: both at rest' rest
end "${CHARON_PID[right]}"
check 'charon starts without RFC 7427' charon_start right 'signature_authentication = no'
for kind in rsa p384; do
	both_roles "$kind, older method" right-$kind -- left-$kind
done
logs_if_failed
