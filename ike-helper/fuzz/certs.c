// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates: files of ours, and what a peer proves itself with. The input is a list of records,
 * each an octet of what it is, two of length and a body: 0 to 3 are files (enum
 * ike_credential_kind), 4 is a certificate the peer sends, 5 its AUTH payload, method first, 6 its
 * identity. With FUZZ_SEED=FILE a good proof is written there in the same form; the authority is
 * part of the input, so that it stays a good one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/ids.h"
#include "../tests/pki.h"

enum {
	RECORD_CERT = IKE_N_CREDENTIALS,
	RECORD_AUTH,
	RECORD_ID,
	N_RECORDS,

	RECORD_HEADER = 3,
	FILE_MAX = 16384,
	CENTURY = 100,
};

#define YEAR (365L * 24 * 3600)
#define ALL_HASHES (1U << IKE_HASH_SHA2_256 | 1U << IKE_HASH_SHA2_384 | \
		    1U << IKE_HASH_SHA2_512 | 1U << IKE_HASH_IDENTITY)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ike_chunk octets = { (const uint8_t *)"what both sides have said", 25 };

/* ---- seeds ---- */

static void put(FILE *f, uint8_t what, const void *body, size_t len)
{
	const uint8_t head[RECORD_HEADER] = { what, len >> 8, len };

	fwrite(head, sizeof(head), 1, f);
	fwrite(body, len, 1, f);
}

static void put_chain(FILE *f, const uint8_t *chain, size_t len)
{
	size_t one;

	for (; len > 2; chain += 2 + one, len -= 2 + one) {
		one = chain[0] << 8 | chain[1];
		put(f, RECORD_CERT, chain + 2, one);
	}
}

/* The key of our own is left out: it has no place in a corpus, and nothing here signs with it. */
static void write_seed(const char *name)
{
	const struct pki_spec spec = {
		.key = atoi(getenv("FUZZ_KEY") ? getenv("FUZZ_KEY") : "1"),
		.san = "DNS:b.example.net,email:b@example.net,IP:192.0.2.2", .cn = "b",
		.to = CENTURY * YEAR, .between = getenv("FUZZ_BETWEEN"),
	};
	static uint8_t buf[1 + FILE_MAX];
	char err[IKE_MAX_TEXT];
	struct ike_credentials *c;
	FILE *f = fopen(name, "w");
	struct ike_id id;
	size_t len;

	if (!f)
		abort();
	pki_authority_life(CENTURY * YEAR);
	c = pki_credentials(&spec, false);
	put(f, IKE_CREDENTIAL_CA, buf, pki_pem(&spec, IKE_CREDENTIAL_CA, (char *)buf, FILE_MAX));
	if (getenv("FUZZ_CRL"))
		put(f, IKE_CREDENTIAL_CRL, buf,
		    pki_pem(&spec, IKE_CREDENTIAL_CRL, (char *)buf, FILE_MAX));
	put_chain(f, buf, ike_credentials_chain(c, buf, FILE_MAX));
	len = ike_pubkey_sign(c, ALL_HASHES, octets, &buf[0], buf + 1, err, sizeof(err));
	put(f, RECORD_AUTH, buf, 1 + len);
	if (!ike_id_parse("b.example.net", &id))
		abort();
	buf[0] = id.type;
	memcpy(buf + 1, id.data, id.len);
	put(f, RECORD_ID, buf, 1 + id.len);
	fclose(f);
}

/* ---- entry ---- */

/**
 * struct proof - what the input holds
 */
struct proof {
	struct ike_credentials *c;
	struct ike_id id;
	uint8_t method;
	struct ike_chunk auth;
	size_t certs_len;
	uint8_t certs[IKE_MAX_CERTS];
};

static void take(struct proof *p, uint8_t what, const uint8_t *body, size_t len)
{
	char err[IKE_MAX_TEXT];

	if (what < IKE_N_CREDENTIALS) {
		ike_credentials_add(p->c, what, (struct ike_chunk){ body, len }, err, sizeof(err));
	} else if (what == RECORD_CERT && p->certs_len + 2 + len <= sizeof(p->certs)) {
		p->certs[p->certs_len++] = len >> 8;
		p->certs[p->certs_len++] = len;
		memcpy(p->certs + p->certs_len, body, len);
		p->certs_len += len;
	} else if (what == RECORD_AUTH && len) {
		p->method = body[0];
		p->auth = (struct ike_chunk){ body + 1, len - 1 };
	} else if (what == RECORD_ID && len && len - 1 <= IKE_MAX_ID) {
		p->id.type = body[0];
		p->id.len = len - 1;
		memcpy(p->id.data, body + 1, len - 1);
	}
}

static void judge(struct proof *p)
{
	uint8_t authorities[IKE_MAX_AUTHORITIES];
	enum ike_reason reason = IKE_REASON_NONE;
	char err[IKE_MAX_TEXT] = "";
	bool ok;

	ike_credentials_usable(p->c, &p->id, err, sizeof(err));
	ike_credentials_authorities(p->c, authorities, sizeof(authorities));
	ok = ike_pubkey_verify(p->c, &p->id, (struct ike_chunk){ p->certs, p->certs_len },
			       p->method, p->auth, octets, &reason, err, sizeof(err));
	if (!ok && reason != IKE_REASON_CERTIFICATE && reason != IKE_REASON_AUTH_FAILED)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proof *p = calloc(1, sizeof(*p));
	size_t len;

	if (getenv("FUZZ_SEED")) {
		write_seed(getenv("FUZZ_SEED"));
		_Exit(0);
	}
	if (!p)
		abort();
	p->c = ike_credentials_new();
	while (size >= RECORD_HEADER) {
		len = data[1] << 8 | data[2];
		len = len < size - RECORD_HEADER ? len : size - RECORD_HEADER;
		take(p, data[0] % N_RECORDS, data + RECORD_HEADER, len);
		data += RECORD_HEADER + len;
		size -= RECORD_HEADER + len;
	}
	judge(p);
	ike_credentials_free(p->c);
	free(p);
	return 0;
}
