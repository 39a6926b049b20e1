// SPDX-License-Identifier: GPL-2.0
#include "message.h"

#include <stdio.h>
#include <string.h>

enum {
	CRITICAL = 0x80,
	LENGTH_OFFSET = 24,
	CERT_X509_SIGNATURE = 4,
	KNOWN_FIRST = IKE_P_SA,
	KNOWN_LAST = IKE_P_EAP,
};

bool ike_header_get(const uint8_t *data, size_t len, struct ike_header *h)
{
	struct ike_reader r = ike_reader_init(data, len);

	h->spi_i = ike_get_u64(&r);
	h->spi_r = ike_get_u64(&r);
	h->next = ike_get_u8(&r);
	h->version = ike_get_u8(&r);
	h->exchange = ike_get_u8(&r);
	h->flags = ike_get_u8(&r);
	h->id = ike_get_u32(&r);
	h->len = ike_get_u32(&r);
	return !r.bad && h->len == len && h->spi_i;
}

void ike_header_put(struct ike_writer *w, const struct ike_header *h)
{
	ike_put_u64(w, h->spi_i);
	ike_put_u64(w, h->spi_r);
	ike_put_u8(w, h->next);
	ike_put_u8(w, IKE_VERSION);
	ike_put_u8(w, h->exchange);
	ike_put_u8(w, h->flags);
	ike_put_u32(w, h->id);
	ike_put_u32(w, 0);
}

void ike_header_finish(struct ike_writer *w)
{
	ike_patch_u32(w, LENGTH_OFFSET, w->len);
}

static bool payload_known(uint8_t type)
{
	return (type >= KNOWN_FIRST && type <= KNOWN_LAST) || type == IKE_P_SKF;
}

bool ike_payloads_get(uint8_t first, struct ike_chunk chain, struct ike_payloads *ps)
{
	struct ike_reader r = ike_reader_init(chain.data, chain.len);
	struct ike_payload p = { .type = first };
	uint8_t flags;
	uint16_t len;

	ps->n = 0;
	ps->critical = 0;
	while (p.type != IKE_P_NONE) {
		p.offset = chain.len - r.left;
		p.next = ike_get_u8(&r);
		flags = ike_get_u8(&r);
		len = ike_get_u16(&r);
		if (r.bad || len < IKE_PAYLOAD_HEADER_LEN)
			return false;
		p.body.len = len - IKE_PAYLOAD_HEADER_LEN;
		p.body.data = ike_get(&r, p.body.len);
		if (!p.body.data)
			return false;
		if (!payload_known(p.type)) {
			if (flags & CRITICAL && !ps->critical)
				ps->critical = p.type;
		} else {
			if (ps->n == IKE_MAX_PAYLOADS)
				return false;
			ps->p[ps->n++] = p;
		}
		/* The next field of an Encrypted payload names the first inside (section 3.14). */
		if (p.type == IKE_P_SK || p.type == IKE_P_SKF)
			break;
		p.type = p.next;
	}
	return !r.left;
}

const struct ike_payload *ike_payload_find(const struct ike_payloads *ps, uint8_t type)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->p[i].type == type)
			return &ps->p[i];
	return NULL;
}

struct ike_chunk ike_payload_body(const struct ike_payloads *ps, uint8_t type)
{
	const struct ike_payload *p = ike_payload_find(ps, type);

	return p ? p->body : (struct ike_chunk){ 0 };
}

bool ike_notify_get(const struct ike_payload *p, struct ike_notify_view *n)
{
	struct ike_reader r = ike_reader_init(p->body.data, p->body.len);

	n->protocol = ike_get_u8(&r);
	n->spi.len = ike_get_u8(&r);
	n->type = ike_get_u16(&r);
	n->spi.data = ike_get(&r, n->spi.len);
	n->data.data = r.p;
	n->data.len = r.left;
	return !r.bad;
}

bool ike_notify_find(const struct ike_payloads *ps, uint16_t type, struct ike_notify_view *n)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->p[i].type == IKE_P_NOTIFY && ike_notify_get(&ps->p[i], n) &&
		    n->type == type)
			return true;
	return false;
}

bool ike_notify_error(const struct ike_payloads *ps, struct ike_notify_view *n)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->p[i].type == IKE_P_NOTIFY && ike_notify_get(&ps->p[i], n) &&
		    n->type < IKE_NOTIFY_FIRST_STATUS)
			return true;
	return false;
}

size_t ike_payload_begin(struct ike_builder *b, uint8_t type)
{
	size_t start = b->w.len;

	if (b->first)
		b->w.data[b->last] = type;
	else
		b->first = type;
	b->last = start;
	ike_put_u32(&b->w, 0);
	return start;
}

void ike_payload_end(struct ike_builder *b, size_t start)
{
	ike_patch_u16(&b->w, start + 2, b->w.len - start);
}

void ike_payload_put(struct ike_builder *b, uint8_t type, const void *body, size_t len)
{
	size_t start = ike_payload_begin(b, type);

	ike_put(&b->w, body, len);
	ike_payload_end(b, start);
}

void ike_notify_put(struct ike_builder *b, uint16_t type, const void *data, size_t len)
{
	size_t start = ike_payload_begin(b, IKE_P_NOTIFY);

	ike_put_u16(&b->w, 0);
	ike_put_u16(&b->w, type);
	ike_put(&b->w, data, len);
	ike_payload_end(b, start);
}

void ike_notify_put_spi(struct ike_builder *b, uint16_t type, uint32_t spi)
{
	size_t start = ike_payload_begin(b, IKE_P_NOTIFY);

	ike_put_u8(&b->w, IKE_PROTO_ESP);
	ike_put_u8(&b->w, sizeof(spi));
	ike_put_u16(&b->w, type);
	ike_put_u32(&b->w, spi);
	ike_payload_end(b, start);
}

void ike_ke_put(struct ike_builder *b, uint16_t group, const uint8_t *pub, size_t len)
{
	size_t start = ike_payload_begin(b, IKE_P_KE);

	ike_put_u16(&b->w, group);
	ike_put_u16(&b->w, 0);
	ike_put(&b->w, pub, len);
	ike_payload_end(b, start);
}

void ike_cert_put(struct ike_builder *b, uint8_t type, struct ike_chunk data)
{
	size_t start = ike_payload_begin(b, type);

	ike_put_u8(&b->w, CERT_X509_SIGNATURE);
	ike_put(&b->w, data.data, data.len);
	ike_payload_end(b, start);
}

void ike_certs_put(struct ike_builder *b, struct ike_chunk certs)
{
	struct ike_reader r = ike_reader_init(certs.data, certs.len);
	struct ike_chunk one;

	while (r.left) {
		one.len = ike_get_u16(&r);
		one.data = ike_get(&r, one.len);
		if (!one.data)
			return;
		ike_cert_put(b, IKE_P_CERT, one);
	}
}

void ike_certs_get(const struct ike_payloads *ps, struct ike_writer *out)
{
	struct ike_chunk body;
	size_t i;

	for (i = 0; i < ps->n; i++) {
		body = ps->p[i].body;
		if (ps->p[i].type != IKE_P_CERT || body.len < 2 ||
		    body.data[0] != CERT_X509_SIGNATURE ||
		    out->len + 2 + body.len - 1 > IKE_MAX_CERTS)
			continue;
		ike_put_u16(out, body.len - 1);
		ike_put(out, body.data + 1, body.len - 1);
	}
}

bool ike_ke_get(struct ike_chunk body, uint16_t *group, struct ike_chunk *pub)
{
	struct ike_reader r = ike_reader_init(body.data, body.len);

	*group = ike_get_u16(&r);
	ike_get_u16(&r);
	pub->data = r.p;
	pub->len = r.left;
	return !r.bad && pub->len;
}

/* The table of notifications that mean something to people. */
static const struct {
	uint16_t type;
	const char *name;
	enum ike_reason reason;
} notifies[] = {
	{ IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, "UNSUPPORTED_CRITICAL_PAYLOAD", IKE_REASON_CRITICAL_PAYLOAD },
	{ IKE_NOTIFY_INVALID_IKE_SPI, "INVALID_IKE_SPI", IKE_REASON_PEER_ERROR },
	{ IKE_NOTIFY_INVALID_MAJOR_VERSION, "INVALID_MAJOR_VERSION", IKE_REASON_VERSION },
	{ IKE_NOTIFY_INVALID_SYNTAX, "INVALID_SYNTAX", IKE_REASON_INVALID_SYNTAX },
	{ IKE_NOTIFY_INVALID_MESSAGE_ID, "INVALID_MESSAGE_ID", IKE_REASON_PEER_ERROR },
	{ IKE_NOTIFY_INVALID_SPI, "INVALID_SPI", IKE_REASON_PEER_ERROR },
	{ IKE_NOTIFY_NO_PROPOSAL_CHOSEN, "NO_PROPOSAL_CHOSEN", IKE_REASON_NO_PROPOSAL_CHOSEN },
	{ IKE_NOTIFY_INVALID_KE_PAYLOAD, "INVALID_KE_PAYLOAD", IKE_REASON_INVALID_KE },
	{ IKE_NOTIFY_AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", IKE_REASON_AUTH_REFUSED },
	{ IKE_NOTIFY_SINGLE_PAIR_REQUIRED, "SINGLE_PAIR_REQUIRED", IKE_REASON_TS_UNACCEPTABLE },
	{ IKE_NOTIFY_NO_ADDITIONAL_SAS, "NO_ADDITIONAL_SAS", IKE_REASON_NO_ADDITIONAL_SAS },
	{ IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE, "INTERNAL_ADDRESS_FAILURE", IKE_REASON_ADDRESS_CONFIG },
	{ IKE_NOTIFY_FAILED_CP_REQUIRED, "FAILED_CP_REQUIRED", IKE_REASON_ADDRESS_CONFIG },
	{ IKE_NOTIFY_TS_UNACCEPTABLE, "TS_UNACCEPTABLE", IKE_REASON_TS_UNACCEPTABLE },
	{ IKE_NOTIFY_INVALID_SELECTORS, "INVALID_SELECTORS", IKE_REASON_PEER_ERROR },
	{ IKE_NOTIFY_TEMPORARY_FAILURE, "TEMPORARY_FAILURE", IKE_REASON_PEER_ERROR },
	{ IKE_NOTIFY_CHILD_SA_NOT_FOUND, "CHILD_SA_NOT_FOUND", IKE_REASON_PEER_ERROR },
};

#define N_NOTIFIES (sizeof(notifies) / sizeof(notifies[0]))

const char *ike_notify_name(uint16_t type, char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < N_NOTIFIES; i++)
		if (notifies[i].type == type)
			return notifies[i].name;
	snprintf(buf, len, "notification %u", type);
	return buf;
}

enum ike_reason ike_notify_reason(uint16_t type)
{
	size_t i;

	for (i = 0; i < N_NOTIFIES; i++)
		if (notifies[i].type == type)
			return notifies[i].reason;
	return IKE_REASON_PEER_ERROR;
}
