// SPDX-License-Identifier: GPL-2.0
#include "proposal.h"

#include <stdio.h>
#include <string.h>

enum {
	ATTR_KEY_LENGTH = 0x800e,	/* AF bit set: the value stands in place of a length */
	ATTR_AF = 0x8000,
	MORE_PROPOSALS = 2,
	MORE_TRANSFORMS = 3,
	PROPOSAL_HEADER = 8,
	TRANSFORM_HEADER = 8,
};

static bool add_transform(struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	if (p->n == IKE_MAX_TRANSFORMS)
		return false;
	p->t[p->n++] = (struct ike_transform){ type, id, key_bits };
	return true;
}

static const struct ike_transform *find_transform(const struct ike_proposal *p,
						  const struct ike_transform *t)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->t[i].type == t->type && p->t[i].id == t->id &&
		    p->t[i].key_bits == t->key_bits)
			return &p->t[i];
	return NULL;
}

int ike_proposal_id(const struct ike_proposal *p, uint8_t type)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->t[i].type == type)
			return p->t[i].id;
	return -1;
}

const struct ike_alg *ike_proposal_alg(const struct ike_proposal *p, uint8_t type)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->t[i].type == type)
			return ike_alg_find(type, p->t[i].id, p->t[i].key_bits);
	return NULL;
}

bool ike_proposal_has(const struct ike_proposal *p, uint8_t type, uint16_t id)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->t[i].type == type && p->t[i].id == id)
			return true;
	return false;
}

uint16_t ike_proposals_group(const struct ike_proposals *list)
{
	size_t i;
	int id;

	for (i = 0; i < list->n; i++) {
		id = ike_proposal_id(&list->p[i], IKE_TRANSFORM_KE);
		if (id > 0)
			return id;
	}
	return IKE_KE_NONE;
}

bool ike_proposals_have_group(const struct ike_proposals *list, uint16_t group)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (ike_proposal_has(&list->p[i], IKE_TRANSFORM_KE, group))
			return true;
	return false;
}

static void add_group(struct ike_proposal *p, uint16_t group)
{
	if (group != IKE_KE_NONE && !ike_proposal_has(p, IKE_TRANSFORM_KE, group))
		add_transform(p, IKE_TRANSFORM_KE, group, 0);
}

void ike_proposals_add_groups(const struct ike_proposals *list, uint16_t first,
			      const struct ike_proposals *ike, struct ike_proposals *out)
{
	const struct ike_proposal *from;
	size_t i;
	size_t j;
	size_t k;

	*out = *list;
	for (i = 0; i < out->n; i++) {
		add_group(&out->p[i], first);
		for (j = 0; j < ike->n; j++) {
			from = &ike->p[j];
			for (k = 0; k < from->n; k++)
				if (from->t[k].type == IKE_TRANSFORM_KE)
					add_group(&out->p[i], from->t[k].id);
		}
	}
}

/* ---- text ---- */

static bool alg_allowed(const struct ike_alg *alg, enum ike_protocol protocol, bool legacy,
			const char *word, size_t len, char *err, size_t err_len)
{
	if (!(protocol == IKE_PROTO_IKE ? alg->ike : alg->esp)) {
		snprintf(err, err_len, "'%.*s' cannot be used for %s", (int)len, word,
			 protocol == IKE_PROTO_IKE ? "IKE" : "ESP");
		return false;
	}
	if (alg->standing >= IKE_SHOULD_NOT && !legacy) {
		snprintf(err, err_len, "'%.*s' is %s by RFC %s and needs legacy = yes", (int)len, word,
			 alg->standing == IKE_MUST_NOT ? "MUST NOT" : "SHOULD NOT",
			 protocol == IKE_PROTO_IKE ? "8247" : "8221");
		return false;
	}
	return true;
}

/* Those one should use; all of them are in ipvti.conf(5). */
static void list_keywords(enum ike_protocol protocol, char *buf, size_t len)
{
	size_t used = 0;
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < ike_n_algs; i++) {
		if (!(protocol == IKE_PROTO_IKE ? ike_algs[i].ike : ike_algs[i].esp) ||
		    ike_algs[i].standing > IKE_SHOULD)
			continue;
		if (used + strlen(ike_algs[i].keyword) + 2 > len)
			return;
		used += snprintf(buf + used, len - used, "%s%s", used ? " " : "",
				 ike_algs[i].keyword);
	}
}

static bool parse_words(const char *text, enum ike_protocol protocol, bool legacy,
			struct ike_proposal *p, char *err, size_t err_len)
{
	const struct ike_alg *alg;
	char allowed[400];
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, "-");
		alg = ike_alg_by_keyword(text, len);
		if (!alg) {
			list_keywords(protocol, allowed, sizeof(allowed));
			snprintf(err, err_len, "'%.*s' is no algorithm; such as %s, see ipvti.conf(5)", (int)len,
				 text, allowed);
			return false;
		}
		if (!alg_allowed(alg, protocol, legacy, text, len, err, err_len))
			return false;
		if (!add_transform(p, alg->type, alg->id, alg->key_bits)) {
			snprintf(err, err_len, "more than %d algorithms", IKE_MAX_TRANSFORMS);
			return false;
		}
		if (!text[len])
			return true;
	}
}

static size_t count_encr(const struct ike_proposal *p, bool aead)
{
	const struct ike_alg *alg;
	size_t n = 0;
	size_t i;

	for (i = 0; i < p->n; i++) {
		alg = ike_alg_find(p->t[i].type, p->t[i].id, p->t[i].key_bits);
		if (alg && alg->type == IKE_TRANSFORM_ENCR && alg->aead == aead)
			n++;
	}
	return n;
}

/* The PRFs that go with the digests named; with an AEAD and no digest, all of today's. */
static void add_prfs(struct ike_proposal *p)
{
	size_t n = p->n;
	const struct ike_alg *alg;
	size_t i;

	for (i = 0; i < n; i++) {
		alg = ike_alg_find(p->t[i].type, p->t[i].id, p->t[i].key_bits);
		if (alg && alg->prf)
			add_transform(p, IKE_TRANSFORM_PRF, alg->prf, 0);
	}
	if (p->n > n)
		return;
	add_transform(p, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384, 0);
	add_transform(p, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0);
	add_transform(p, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512, 0);
}

static void drop_type(struct ike_proposal *p, uint8_t type)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->t[i].type != type)
			p->t[n++] = p->t[i];
	p->n = n;
}

static const char *complete(struct ike_proposal *p)
{
	bool aead = count_encr(p, true);

	if (!aead && !count_encr(p, false))
		return "an encryption algorithm is missing";
	if (aead && count_encr(p, false))
		return "AEAD and CBC ciphers belong in two proposals";
	if (!aead && ike_proposal_id(p, IKE_TRANSFORM_INTEG) < 0)
		return "an integrity algorithm is missing, such as sha256";
	if (p->protocol == IKE_PROTO_IKE && ike_proposal_id(p, IKE_TRANSFORM_KE) < 0)
		return "a key exchange group is missing, such as x25519";
	if (p->protocol == IKE_PROTO_IKE && ike_proposal_id(p, IKE_TRANSFORM_PRF) < 0)
		add_prfs(p);
	if (aead)
		drop_type(p, IKE_TRANSFORM_INTEG);
	if (p->protocol == IKE_PROTO_ESP && ike_proposal_id(p, IKE_TRANSFORM_ESN) < 0) {
		add_transform(p, IKE_TRANSFORM_ESN, IKE_ESN_YES, 0);
		add_transform(p, IKE_TRANSFORM_ESN, IKE_ESN_NO, 0);
	}
	return NULL;
}

void ike_proposals_keep_prf(const struct ike_proposals *list, uint16_t prf,
			    struct ike_proposals *out)
{
	struct ike_proposal *p;
	size_t i;

	out->n = 0;
	for (i = 0; i < list->n; i++) {
		if (!ike_proposal_has(&list->p[i], IKE_TRANSFORM_PRF, prf))
			continue;
		p = &out->p[out->n++];
		*p = list->p[i];
		drop_type(p, IKE_TRANSFORM_PRF);
		add_transform(p, IKE_TRANSFORM_PRF, prf, 0);
	}
	if (!out->n)
		*out = *list;
}

bool ike_proposal_parse(const char *text, enum ike_protocol protocol, bool legacy,
			struct ike_proposal *p, char *err, size_t err_len)
{
	const char *missing;

	memset(p, 0, sizeof(*p));
	p->protocol = protocol;
	if (!parse_words(text, protocol, legacy, p, err, err_len))
		return false;
	missing = complete(p);
	if (missing)
		snprintf(err, err_len, "'%s': %s", text, missing);
	return !missing;
}

static const char *const default_ike[] = {
	"aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-prfsha512-"
	"x25519-ecp256-ecp384-ecp521-modp3072-modp4096-modp2048",
	"aes256-aes128-sha256-sha384-sha512-x25519-ecp256-ecp384-ecp521-modp3072-modp4096-modp2048",
};

static const char *const default_esp[] = {
	"aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn",
	"aes256-aes128-sha256-sha384-sha512-esn-noesn",
};

static void drop_unsupported(struct ike_proposal *p, const struct ike_crypto *crypto)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (crypto->supports(crypto->ctx, p->t[i].type, p->t[i].id, p->t[i].key_bits))
			p->t[n++] = p->t[i];
	p->n = n;
}

void ike_proposals_default(enum ike_protocol protocol, const struct ike_crypto *crypto,
			   struct ike_proposals *list)
{
	const char *const *texts = protocol == IKE_PROTO_IKE ? default_ike : default_esp;
	char err[IKE_MAX_TEXT];
	size_t i;

	memset(list, 0, sizeof(*list));
	for (i = 0; i < 2; i++) {
		if (!ike_proposal_parse(texts[i], protocol, false, &list->p[list->n], err,
					sizeof(err)))
			continue;
		if (protocol == IKE_PROTO_IKE)
			drop_unsupported(&list->p[list->n], crypto);
		list->n++;
	}
}

void ike_proposal_text(const struct ike_proposal *p, char *buf, size_t len)
{
	const struct ike_alg *alg;
	char unknown[32];
	size_t used = 0;
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < p->n; i++) {
		if (p->t[i].type == IKE_TRANSFORM_INTEG && p->t[i].id == IKE_INTEG_NONE)
			continue;
		alg = ike_alg_find(p->t[i].type, p->t[i].id, p->t[i].key_bits);
		snprintf(unknown, sizeof(unknown), "type%u/%u/%u", p->t[i].type, p->t[i].id,
			 p->t[i].key_bits);
		if (used + strlen(alg ? alg->keyword : unknown) + 2 > len)
			return;
		used += snprintf(buf + used, len - used, "%s%s", used ? "-" : "",
				 alg ? alg->keyword : unknown);
	}
}

static size_t append_proposal(const struct ike_proposal *p, char *buf, size_t len, size_t used)
{
	if (used + 4 > len)
		return used;
	if (used)
		used += snprintf(buf + used, len - used, ", ");
	ike_proposal_text(p, buf + used, len - used);
	return used + strlen(buf + used);
}

void ike_proposals_text(const struct ike_proposals *list, char *buf, size_t len)
{
	size_t used = 0;
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < list->n; i++)
		used = append_proposal(&list->p[i], buf, len, used);
}

void ike_offers_text(const struct ike_offers *offers, char *buf, size_t len)
{
	size_t used = 0;
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < offers->n; i++)
		used = append_proposal(&offers->o[i].p, buf, len, used);
}

void ike_proposal_kernel_alg(const struct ike_proposal *p, char *buf, size_t len)
{
	const struct ike_alg *encr = ike_proposal_alg(p, IKE_TRANSFORM_ENCR);
	const struct ike_alg *integ = ike_proposal_alg(p, IKE_TRANSFORM_INTEG);

	snprintf(buf, len, "%s%s%s", encr->keyword, integ ? "-" : "", integ ? integ->keyword : "");
}

/* ---- wire ---- */

static void put_transform(struct ike_writer *w, const struct ike_transform *t, bool last)
{
	ike_put_u16(w, last ? 0 : MORE_TRANSFORMS << 8);
	ike_put_u16(w, TRANSFORM_HEADER + (t->key_bits ? 4 : 0));
	ike_put_u16(w, t->type << 8);
	ike_put_u16(w, t->id);
	if (!t->key_bits)
		return;
	ike_put_u16(w, ATTR_KEY_LENGTH);
	ike_put_u16(w, t->key_bits);
}

static void put_proposal(struct ike_writer *w, const struct ike_proposal *p, uint8_t number,
			 const uint8_t *spi, size_t spi_len, bool last)
{
	size_t start = w->len;
	size_t i;

	ike_put_u16(w, last ? 0 : MORE_PROPOSALS << 8);
	ike_put_u16(w, 0);
	ike_put_u8(w, number);
	ike_put_u8(w, p->protocol);
	ike_put_u8(w, spi_len);
	ike_put_u8(w, p->n);
	ike_put(w, spi, spi_len);
	for (i = 0; i < p->n; i++)
		put_transform(w, &p->t[i], i + 1 == p->n);
	ike_patch_u16(w, start + 2, w->len - start);
}

void ike_sa_payload_put(struct ike_writer *w, const struct ike_proposals *list, const uint8_t *spi,
			size_t spi_len, enum ike_ke_rule rule)
{
	struct ike_proposal p;
	size_t i;

	for (i = 0; i < list->n; i++) {
		p = list->p[i];
		if (rule == IKE_KE_IGNORED)
			drop_type(&p, IKE_TRANSFORM_KE);
		put_proposal(w, &p, i + 1, spi, spi_len, i + 1 == list->n);
	}
}

void ike_sa_payload_answer(struct ike_writer *w, const struct ike_proposal *p, uint8_t number,
			   const uint8_t *spi, size_t spi_len)
{
	put_proposal(w, p, number, spi, spi_len, true);
}

/* Attributes we do not know make a transform one we do not choose. */
static bool get_attributes(struct ike_reader *r, struct ike_transform *t, bool *known)
{
	uint16_t type;
	uint16_t value;

	while (r->left) {
		type = ike_get_u16(r);
		value = ike_get_u16(r);
		if (!(type & ATTR_AF))
			ike_get(r, value);
		if (r->bad)
			return false;
		if (type == ATTR_KEY_LENGTH)
			t->key_bits = value;
		else
			*known = false;
	}
	return true;
}

static bool get_transform(struct ike_reader *r, struct ike_transform *t, bool *known, bool *more)
{
	uint8_t next = ike_get_u8(r);
	struct ike_reader attrs;
	const uint8_t *body;
	uint16_t len;

	memset(t, 0, sizeof(*t));
	ike_get_u8(r);
	len = ike_get_u16(r);
	t->type = ike_get_u8(r);
	ike_get_u8(r);
	t->id = ike_get_u16(r);
	if (r->bad || len < TRANSFORM_HEADER || (next && next != MORE_TRANSFORMS))
		return false;
	body = ike_get(r, len - TRANSFORM_HEADER);
	if (!body)
		return false;
	*more = next;
	*known = true;
	attrs = ike_reader_init(body, len - TRANSFORM_HEADER);
	return get_attributes(&attrs, t, known);
}

static bool get_transforms(struct ike_reader *r, uint8_t count, struct ike_proposal *p,
			   bool *usable)
{
	struct ike_transform t;
	bool more = true;
	bool known;

	while (count--) {
		if (!get_transform(r, &t, &known, &more) || more != !!count)
			return false;
		/* Section 3.3.6: an unknown type spoils the proposal, an unknown id does not. */
		if (t.type < IKE_TRANSFORM_ENCR || t.type > IKE_TRANSFORM_ESN)
			*usable = false;
		else if (known)
			add_transform(p, t.type, t.id, t.key_bits);
	}
	return !r->left;
}

static bool get_proposal(struct ike_reader *r, struct ike_offer *o, bool *usable, bool *more)
{
	uint8_t next = ike_get_u8(r);
	struct ike_reader body;
	const uint8_t *p;
	uint16_t len;
	uint8_t count;

	memset(o, 0, sizeof(*o));
	ike_get_u8(r);
	len = ike_get_u16(r);
	if (r->bad || len < PROPOSAL_HEADER || (next && next != MORE_PROPOSALS))
		return false;
	p = ike_get(r, len - 4);
	if (!p)
		return false;
	*more = next;
	*usable = true;
	body = ike_reader_init(p, len - 4);
	o->number = ike_get_u8(&body);
	o->p.protocol = ike_get_u8(&body);
	o->spi_len = ike_get_u8(&body);
	count = ike_get_u8(&body);
	p = ike_get(&body, o->spi_len);
	if (!p)
		return false;
	if (o->spi_len > sizeof(o->spi))
		*usable = false;
	else
		memcpy(o->spi, p, o->spi_len);
	return get_transforms(&body, count, &o->p, usable);
}

bool ike_sa_payload_get(struct ike_chunk body, struct ike_offers *offers)
{
	struct ike_reader r = ike_reader_init(body.data, body.len);
	struct ike_offer o;
	bool usable;
	bool more = true;

	offers->n = 0;
	while (more) {
		if (!get_proposal(&r, &o, &usable, &more))
			return false;
		if (usable && offers->n < IKE_MAX_OFFERS)
			offers->o[offers->n++] = o;
	}
	return !r.left;
}

/* ---- choosing ---- */

static bool pick(const struct ike_proposal *own, const struct ike_proposal *peer, uint8_t type,
		 struct ike_proposal *out)
{
	size_t i;

	for (i = 0; i < own->n; i++)
		if (own->t[i].type == type && find_transform(peer, &own->t[i]))
			return add_transform(out, type, own->t[i].id, own->t[i].key_bits);
	return false;
}

static bool pick_integ(const struct ike_proposal *own, const struct ike_proposal *peer, bool aead,
		       struct ike_proposal *out)
{
	if (!aead)
		return pick(own, peer, IKE_TRANSFORM_INTEG, out);
	if (ike_proposal_id(peer, IKE_TRANSFORM_INTEG) < 0)
		return true;
	return ike_proposal_has(peer, IKE_TRANSFORM_INTEG, IKE_INTEG_NONE) &&
	       add_transform(out, IKE_TRANSFORM_INTEG, IKE_INTEG_NONE, 0);
}

static bool group_usable(uint16_t id)
{
	const struct ike_alg *alg = ike_alg_find(IKE_TRANSFORM_KE, id, 0);

	return id != IKE_KE_NONE && alg && alg->standing < IKE_SHOULD_NOT;
}

/* The peer wants PFS and our list does not mention it: take what it wants, NONE if it may be. */
static bool pick_any_group(const struct ike_proposal *peer, uint16_t group,
			   struct ike_proposal *out)
{
	size_t i;

	if (ike_proposal_has(peer, IKE_TRANSFORM_KE, IKE_KE_NONE))
		return add_transform(out, IKE_TRANSFORM_KE, IKE_KE_NONE, 0);
	if (group_usable(group) && ike_proposal_has(peer, IKE_TRANSFORM_KE, group))
		return add_transform(out, IKE_TRANSFORM_KE, group, 0);
	for (i = 0; i < peer->n; i++)
		if (peer->t[i].type == IKE_TRANSFORM_KE && group_usable(peer->t[i].id))
			return add_transform(out, IKE_TRANSFORM_KE, peer->t[i].id, 0);
	return false;
}

static bool pick_group(const struct ike_proposal *own, const struct ike_proposal *peer,
		       enum ike_ke_rule rule, uint16_t group, struct ike_proposal *out)
{
	bool own_has = ike_proposal_id(own, IKE_TRANSFORM_KE) >= 0;
	bool peer_has = ike_proposal_id(peer, IKE_TRANSFORM_KE) >= 0;

	if (rule == IKE_KE_IGNORED)
		return true;
	if (rule == IKE_KE_OPTIONAL && !own_has)
		return !peer_has || pick_any_group(peer, group, out);
	if (rule == IKE_KE_OPTIONAL && !peer_has)
		return ike_proposal_has(own, IKE_TRANSFORM_KE, IKE_KE_NONE);
	if (ike_proposal_has(own, IKE_TRANSFORM_KE, group) &&
	    ike_proposal_has(peer, IKE_TRANSFORM_KE, group))
		return add_transform(out, IKE_TRANSFORM_KE, group, 0);
	return pick(own, peer, IKE_TRANSFORM_KE, out);
}

static bool pick_esn(const struct ike_proposal *own, const struct ike_proposal *peer,
		     struct ike_proposal *out)
{
	if (ike_proposal_id(peer, IKE_TRANSFORM_ESN) < 0)
		return ike_proposal_has(own, IKE_TRANSFORM_ESN, IKE_ESN_NO);
	return pick(own, peer, IKE_TRANSFORM_ESN, out);
}

static bool choose_with(const struct ike_proposal *own, const struct ike_proposal *peer,
			const struct ike_transform *encr, enum ike_ke_rule rule, uint16_t group,
			struct ike_proposal *out)
{
	const struct ike_alg *alg = ike_alg_find(encr->type, encr->id, encr->key_bits);

	memset(out, 0, sizeof(*out));
	out->protocol = own->protocol;
	if (!alg || !find_transform(peer, encr))
		return false;
	add_transform(out, encr->type, encr->id, encr->key_bits);
	if (!pick_integ(own, peer, alg->aead, out))
		return false;
	if (own->protocol == IKE_PROTO_IKE && !pick(own, peer, IKE_TRANSFORM_PRF, out))
		return false;
	if (!pick_group(own, peer, rule, group, out))
		return false;
	return own->protocol != IKE_PROTO_ESP || pick_esn(own, peer, out);
}

static bool choose_pair(const struct ike_proposal *own, const struct ike_proposal *peer,
			enum ike_ke_rule rule, uint16_t group, struct ike_proposal *out)
{
	size_t i;

	if (own->protocol != peer->protocol)
		return false;
	for (i = 0; i < own->n; i++)
		if (own->t[i].type == IKE_TRANSFORM_ENCR &&
		    choose_with(own, peer, &own->t[i], rule, group, out))
			return true;
	return false;
}

const struct ike_offer *ike_proposal_choose(const struct ike_proposals *own,
					    const struct ike_offers *offers,
					    enum ike_ke_rule rule, uint16_t group,
					    struct ike_proposal *chosen)
{
	size_t i;
	size_t j;

	for (i = 0; i < own->n; i++)
		for (j = 0; j < offers->n; j++)
			if (choose_pair(&own->p[i], &offers->o[j].p, rule, group, chosen))
				return &offers->o[j];
	return NULL;
}

static bool one_of_each(const struct ike_proposal *p)
{
	size_t i;
	size_t j;

	for (i = 0; i < p->n; i++)
		for (j = i + 1; j < p->n; j++)
			if (p->t[i].type == p->t[j].type)
				return false;
	return true;
}

bool ike_proposal_accepts(const struct ike_proposals *own, const struct ike_proposal *choice)
{
	struct ike_proposal out;
	size_t i;

	for (i = 0; i < own->n; i++)
		if (choose_pair(&own->p[i], choice, IKE_KE_REQUIRED, IKE_KE_NONE, &out))
			return true;
	return false;
}

const struct ike_offer *ike_proposal_check(const struct ike_proposals *own,
					   const struct ike_offers *answer, enum ike_ke_rule rule)
{
	const struct ike_offer *o = &answer->o[0];
	struct ike_proposal out;

	if (answer->n != 1 || !o->number || o->number > own->n || !one_of_each(&o->p))
		return NULL;
	if (rule == IKE_KE_IGNORED && ike_proposal_id(&o->p, IKE_TRANSFORM_KE) > 0)
		return NULL;
	if (rule == IKE_KE_OPTIONAL && ike_proposal_id(&o->p, IKE_TRANSFORM_KE) > 0 &&
	    !ike_proposal_has(&own->p[o->number - 1], IKE_TRANSFORM_KE,
			      ike_proposal_id(&o->p, IKE_TRANSFORM_KE)))
		return NULL;
	return choose_pair(&own->p[o->number - 1], &o->p, rule, IKE_KE_NONE, &out) ? o : NULL;
}
