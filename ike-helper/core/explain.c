// SPDX-License-Identifier: GPL-2.0
/* Explanations: what they say beside what we say, and what went over the wire. */
#include <string.h>

#include "state.h"

/* Of transforms we do not do, the names that people know. */
static const struct {
	uint8_t type;
	uint16_t id;
	const char *name;
} foreign[] = {
	{ IKE_TRANSFORM_ENCR, 2, "des" },
	{ IKE_TRANSFORM_ENCR, 3, "3des" },
	{ IKE_TRANSFORM_ENCR, 6, "cast128" },
	{ IKE_TRANSFORM_ENCR, 7, "blowfish" },
	{ IKE_TRANSFORM_ENCR, 13, "aesctr" },
	{ IKE_TRANSFORM_ENCR, 14, "aesccm8" },
	{ IKE_TRANSFORM_ENCR, 15, "aesccm12" },
	{ IKE_TRANSFORM_ENCR, 16, "aesccm16" },
	{ IKE_TRANSFORM_ENCR, 18, "aesgcm8" },
	{ IKE_TRANSFORM_ENCR, 19, "aesgcm12" },
	{ IKE_TRANSFORM_ENCR, 21, "aesgmac" },
	{ IKE_TRANSFORM_ENCR, 23, "camellia" },
	{ IKE_TRANSFORM_PRF, 4, "prfaesxcbc" },
	{ IKE_TRANSFORM_PRF, 8, "prfaescmac" },
	{ IKE_TRANSFORM_INTEG, 5, "aesxcbc" },
	{ IKE_TRANSFORM_INTEG, 8, "aescmac" },
	{ IKE_TRANSFORM_KE, 1, "modp768" },
	{ IKE_TRANSFORM_KE, 2, "modp1024" },
	{ IKE_TRANSFORM_KE, 17, "modp6144" },
	{ IKE_TRANSFORM_KE, 18, "modp8192" },
	{ IKE_TRANSFORM_KE, 22, "modp1024s160" },
	{ IKE_TRANSFORM_KE, 23, "modp2048s224" },
	{ IKE_TRANSFORM_KE, 24, "modp2048s256" },
	{ IKE_TRANSFORM_KE, 25, "ecp192" },
	{ IKE_TRANSFORM_KE, 26, "ecp224" },
	{ IKE_TRANSFORM_KE, 28, "ecp256bp" },
	{ IKE_TRANSFORM_KE, 29, "ecp384bp" },
	{ IKE_TRANSFORM_KE, 30, "ecp512bp" },
	{ IKE_TRANSFORM_KE, 32, "x448" },
};

/* Transform types in the order in which a mismatch is looked for. */
static const struct {
	uint8_t type;
	enum ike_aspect aspect;
} order[] = {
	{ IKE_TRANSFORM_ENCR, IKE_ASPECT_ENCRYPTION },
	{ IKE_TRANSFORM_INTEG, IKE_ASPECT_INTEGRITY },
	{ IKE_TRANSFORM_PRF, IKE_ASPECT_PRF },
	{ IKE_TRANSFORM_KE, IKE_ASPECT_KEY_EXCHANGE },
	{ IKE_TRANSFORM_ESN, IKE_ASPECT_ESN },
};

#define N_TYPES (sizeof(order) / sizeof(order[0]))

struct ike_action *ike_explain(struct ike_core *c, const struct ike_tunnel *t, enum ike_step step,
			       enum ike_reason reason, bool by_peer)
{
	struct ike_action *a = ike_act(c, IKE_ACT_EXPLAIN, t ? t->cfg.tunnel : 0);

	a->u.explain.step = step;
	a->u.explain.reason = reason;
	a->u.explain.by_peer = by_peer;
	return a;
}

void ike_explain_path(struct ike_action *a, const struct ike_sa *sa)
{
	struct ike_explanation *e = &a->u.explain;

	e->has_path = true;
	e->local = sa->local;
	e->remote = sa->remote;
	e->nat_local = sa->nat_local;
	e->nat_remote = sa->nat_remote;
	e->initiator = sa->initiator;
	e->established = sa->state != IKE_SA_CONNECTING;
	e->sent = sa->traffic.sent;
	e->received = sa->traffic.received;
	e->unusable = sa->traffic.unusable;
}

struct ike_action *ike_explain_sa(struct ike_core *c, const struct ike_sa *sa, enum ike_step step,
				  enum ike_reason reason, bool by_peer)
{
	struct ike_action *a = ike_explain(c, sa->tunnel, step, reason, by_peer);

	ike_explain_path(a, sa);
	return a;
}

/* ---- side by side ---- */

struct ike_contrast *ike_contrast(struct ike_action *a, enum ike_aspect aspect)
{
	struct ike_explanation *e = &a->u.explain;
	struct ike_contrast *row = &e->row[e->n < IKE_MAX_CONTRASTS ? e->n++ : e->n - 1];

	memset(row, 0, sizeof(*row));
	row->aspect = aspect;
	return row;
}

void ike_contrast_id(struct ike_action *a, enum ike_aspect aspect, const struct ike_id *theirs,
		     const struct ike_id *ours)
{
	struct ike_contrast *row = ike_contrast(a, aspect);

	if (theirs)
		ike_id_text(theirs, row->theirs, sizeof(row->theirs));
	ike_id_text(ours, row->ours, sizeof(row->ours));
	row->differs = theirs && !ike_id_match(ours, theirs);
}

void ike_contrast_ts(struct ike_action *a, enum ike_aspect aspect, const struct ike_ts *theirs,
		     size_t n_theirs, const struct ike_ts *ours, size_t n_ours)
{
	struct ike_contrast *row = ike_contrast(a, aspect);
	struct ike_ts common[IKE_MAX_TS];

	ike_ts_list_text(theirs, n_theirs, row->theirs, sizeof(row->theirs));
	ike_ts_list_text(ours, n_ours, row->ours, sizeof(row->ours));
	row->differs = n_theirs && !ike_ts_narrow(theirs, n_theirs, ours, n_ours, common);
}

static const char *transform_name(const struct ike_transform *t, char *buf, size_t len)
{
	const struct ike_alg *alg = ike_alg_find(t->type, t->id, t->key_bits);
	size_t i;

	if (alg)
		return alg->keyword;
	snprintf(buf, len, "number %u", t->id);
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (foreign[i].type == t->type && foreign[i].id == t->id)
			snprintf(buf, len, "%s", foreign[i].name);
	if (t->key_bits)
		snprintf(buf + strlen(buf), len - strlen(buf), "/%u", t->key_bits);
	return buf;
}

static bool is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

/* The transforms of a type, each once; those of another proposal may be there already. */
static void add_names(const struct ike_proposal *p, uint8_t type, char *buf, size_t len)
{
	char own[32];
	const char *name;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->t[i].type != type || (type == IKE_TRANSFORM_INTEG && !p->t[i].id))
			continue;
		name = transform_name(&p->t[i], own, sizeof(own));
		if (!is_listed(buf, name) && strlen(buf) + strlen(name) + 2 <= len)
			snprintf(buf + strlen(buf), len - strlen(buf), "%s%s", *buf ? " " : "",
				 name);
	}
}

static bool is_aead(const struct ike_proposal *p)
{
	const struct ike_alg *alg;
	size_t i;

	for (i = 0; i < p->n; i++) {
		alg = ike_alg_find(p->t[i].type, p->t[i].id, p->t[i].key_bits);
		if (alg && alg->aead)
			return true;
	}
	return false;
}

static bool has_any(const struct ike_proposal *p, uint8_t type)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->t[i].type == type && p->t[i].id)
			return true;
	return false;
}

static bool common(const struct ike_proposal *own, const struct ike_proposal *peer, uint8_t type)
{
	size_t i;
	size_t j;

	for (i = 0; i < own->n; i++)
		for (j = 0; j < peer->n; j++)
			if (own->t[i].type == type && peer->t[j].type == type &&
			    own->t[i].id == peer->t[j].id &&
			    own->t[i].key_bits == peer->t[j].key_bits)
				return true;
	return false;
}

/* Whether two proposals meet in a type: the same rules as in ike_proposal_choose(). */
static bool meets(const struct ike_proposal *own, const struct ike_proposal *peer, uint8_t type,
		  enum ike_ke_rule rule)
{
	bool own_has = ike_proposal_id(own, type) >= 0;
	bool peer_has = ike_proposal_id(peer, type) >= 0;

	if (common(own, peer, type))
		return true;
	switch (type) {
	case IKE_TRANSFORM_INTEG:
		return is_aead(own) && (!peer_has || ike_proposal_has(peer, type, 0));
	case IKE_TRANSFORM_PRF:
		return own->protocol != IKE_PROTO_IKE;
	case IKE_TRANSFORM_KE:
		return rule == IKE_KE_IGNORED || (rule == IKE_KE_OPTIONAL && !own_has);
	case IKE_TRANSFORM_ESN:
		return own->protocol != IKE_PROTO_ESP ||
		       (!peer_has && ike_proposal_has(own, type, IKE_ESN_NO));
	}
	return false;
}

/* How far two proposals go together: types that meet, those before the first mismatch most. */
static unsigned int score(const struct ike_proposal *own, const struct ike_proposal *peer,
			  enum ike_ke_rule rule)
{
	unsigned int first = 0;
	unsigned int all = 0;
	bool straight = true;
	size_t i;

	for (i = 0; i < N_TYPES; i++) {
		if (meets(own, peer, order[i].type, rule))
			all++;
		else
			straight = false;
		first += straight;
	}
	return first * (N_TYPES + 1) + all;
}

static void put_rows(struct ike_action *a, const struct ike_proposal *own,
		     const struct ike_proposal *peer, enum ike_ke_rule rule)
{
	struct ike_contrast *row;
	bool marked = false;
	uint8_t type;
	size_t i;

	for (i = 0; i < N_TYPES; i++) {
		type = order[i].type;
		if ((type == IKE_TRANSFORM_KE && rule == IKE_KE_IGNORED) ||
		    (!has_any(own, type) && !has_any(peer, type) && type != IKE_TRANSFORM_ESN) ||
		    (type == IKE_TRANSFORM_ESN && own->protocol != IKE_PROTO_ESP))
			continue;
		row = ike_contrast(a, order[i].aspect);
		add_names(own, type, row->ours, sizeof(row->ours));
		add_names(peer, type, row->theirs, sizeof(row->theirs));
		row->differs = !marked && !meets(own, peer, type, rule);
		marked |= row->differs;
		if (!*row->theirs)
			snprintf(row->theirs, sizeof(row->theirs), "none");
		if (!*row->ours)
			snprintf(row->ours, sizeof(row->ours), "none");
	}
}

void ike_contrast_offers(struct ike_action *a, const struct ike_proposals *own,
			 const struct ike_offers *offers, enum ike_ke_rule rule)
{
	const struct ike_proposal *best_own = NULL;
	const struct ike_proposal *best_peer = NULL;
	unsigned int best = 0;
	unsigned int one;
	size_t i;
	size_t j;

	ike_offers_text(offers, a->u.explain.offered, IKE_MAX_TEXT);
	ike_proposals_text(own, a->u.explain.wanted, IKE_MAX_TEXT);
	for (i = 0; i < own->n; i++)
		for (j = 0; j < offers->n; j++) {
			one = score(&own->p[i], &offers->o[j].p, rule) + 1;
			if (one <= best)
				continue;
			best = one;
			best_own = &own->p[i];
			best_peer = &offers->o[j].p;
		}
	if (best)
		put_rows(a, best_own, best_peer, rule);
}

void ike_contrast_ours(struct ike_action *a, const struct ike_proposals *own,
		       enum ike_ke_rule rule)
{
	struct ike_contrast *row;
	size_t i;
	size_t j;

	ike_proposals_text(own, a->u.explain.offered, IKE_MAX_TEXT);
	for (i = 0; i < N_TYPES; i++) {
		for (j = 0; j < own->n && !has_any(&own->p[j], order[i].type); j++)
			;
		if (j == own->n || (order[i].type == IKE_TRANSFORM_KE && rule == IKE_KE_IGNORED))
			continue;
		row = ike_contrast(a, order[i].aspect);
		for (j = 0; j < own->n; j++)
			add_names(&own->p[j], order[i].type, row->ours, sizeof(row->ours));
	}
}

void ike_contrast_group(struct ike_action *a, const struct ike_proposals *own, uint16_t group)
{
	const struct ike_transform t = { IKE_TRANSFORM_KE, group, 0 };
	struct ike_explanation *e = &a->u.explain;
	char name[32];
	size_t i;

	ike_contrast_ours(a, own, IKE_KE_REQUIRED);
	for (i = 0; i < e->n; i++) {
		if (e->row[i].aspect != IKE_ASPECT_KEY_EXCHANGE)
			continue;
		snprintf(e->row[i].theirs, sizeof(e->row[i].theirs), "%s",
			 transform_name(&t, name, sizeof(name)));
		e->row[i].differs = !ike_proposals_have_group(own, group);
	}
}
