#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What old and odd gateways ask for: each kind of algorithm that ipvtid negotiates beyond its defaults,
# with charon; what is out of favour only with `legacy`.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"

# negotiated_as NAME IKE ESP CHARON [KEY=VALUE...]: one of them brings it up with these proposals;
# CHARON is how charon calls what came of it.
negotiated_as() {
	local name=$1 ike=$2 esp=$3 said=$4

	check "$name: both at rest" rest
	gateway_load conn="proposals = $ike" child="esp_proposals = $esp"
	site_reload "ike-proposals=$ike" "esp-proposals=$esp" "${@:5}"
	check "$name: ${BEGINS[0]} brings it up" "${BEGINS[0]}"
	check "$name: both families pass" wait_for 5 answers
	expect "$name: what charon sees" "$said" "$(negotiated)"
	BEGINS=("${BEGINS[1]}" "${BEGINS[0]}")
}
BEGINS=(up initiate)	# by turns

IKE=aes128-sha256-x25519
NEW=AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519

hosts
ike_peers

negotiated_as 'GCM with a short ICV' $IKE aes192gcm8 "$NEW AES_GCM_8-192"
negotiated_as 'CCM' $IKE aes128ccm12 "$NEW AES_CCM_12-128"
negotiated_as 'GMAC' $IKE aes256gmac "$NEW NULL_AES_GMAC-256"
negotiated_as 'CTR with XCBC' $IKE aes256ctr-aesxcbc "$NEW AES_CTR-256/AES_XCBC_96"
negotiated_as 'Camellia with CMAC' $IKE camellia192-aescmac "$NEW CAMELLIA_CBC-192/AES_CMAC_96"

OLD=AES_CBC-128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024
site ike-proposals=aes128-sha1-modp1024 | ipvtid_config left
said=$(ctl left reload)
expect 'without legacy modp1024 is refused' 1 $?
check 'and it says what to do' grep "'modp1024' is SHOULD NOT by RFC 8247 and needs legacy = yes" <<<"$said"
negotiated_as 'an old profile: SHA-1, modp1024, NULL with MD5' aes128-sha1-modp1024 null-md5 \
	"$OLD NULL/HMAC_MD5_96" legacy=true
negotiated_as '3DES and MD5 all through' 3des-md5-modp1536 3des-sha1 \
	'3DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_1536 3DES_CBC/HMAC_SHA1_96' legacy=true
negotiated_as 'Blowfish' aes128-sha1-modp1024 blowfish256-md5 \
	"$OLD BLOWFISH_CBC-256/HMAC_MD5_96" legacy=true
logs_if_failed
