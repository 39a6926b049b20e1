# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Authorities and certificates, made with openssl. To be sourced after tunnel.sh.

PKI=$WORK/pki
FAR=20400101000000Z
PAST=20200101000000Z

# authority NAME [BY]: with a database of its own; below another one, or by itself.
authority() {
	local dir=$PKI/$1 itself=()

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
	request p256 "$1" "$dir/key.pem" "$dir/req.pem"
	[ -n "${2:-}" ] || itself=(-selfsign -keyfile "$dir/key.pem")
	issue "${2:-$1}" "$dir/req.pem" "$dir/cert.pem" ca_ext "$PKI/${2:-$1}/conf" $PAST $FAR \
		"${itself[@]}"
}

# issue BY REQUEST CERTIFICATE SECTION EXTFILE FROM TO [OPTION...]
issue() {
	local by=$1 request=$2 certificate=$3 section=$4 file=$5 from=$6 to=$7

	shift 7
	openssl ca -batch -notext -config "$PKI/$by/conf" -in "$request" -out "$certificate" \
		-extensions "$section" -extfile "$file" -startdate "$from" -enddate "$to" \
		"$@" 2>>"$PKI/log"
}

# request KIND NAME KEY REQUEST: a new key of that kind, and a request with it.
request() {
	local how

	case $1 in
	rsa) how=(rsa:2048) ;;
	p256) how=(ec -pkeyopt ec_paramgen_curve:P-256) ;;
	p384) how=(ec -pkeyopt ec_paramgen_curve:P-384) ;;
	ed25519) how=(ed25519) ;;
	esac
	openssl req -new -newkey "${how[@]}" -nodes -config "$PKI/root/conf" \
		-subj "/C=CH/O=Test/CN=$2" -keyout "$3" -out "$4" 2>>"$PKI/log"
}

# certify NAME KIND HOST SAN [BY [FROM [TO]]]: $PKI/NAME.key and $PKI/NAME.pem.
certify() {
	local name=$1 by=${5:-root}

	request "$2" "$3" "$PKI/$name.key" "$PKI/$name.req"
	printf '[ext]\nbasicConstraints = CA:false\nkeyUsage = digitalSignature\n%s\n' \
		"subjectAltName = $4" >"$PKI/$name.ext"
	issue "$by" "$PKI/$name.req" "$PKI/$name.pem" ext "$PKI/$name.ext" "${6:-$PAST}" \
		"${7:-$FAR}"
}
