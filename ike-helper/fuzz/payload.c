// SPDX-License-Identifier: GPL-2.0
/*
 * What stands inside payloads, each parser by itself: the first octet of the input says which, the
 * second which of our configurations it meets. What was parsed goes through everything that looks
 * at it, and what we choose of it must be ours.
 */
#include <stdlib.h>
#include <string.h>

#include "../core/state.h"
#include "../crypto/openssl.h"

enum {
	LISTS = 4,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	enum ike_protocol protocol;
	const char *text[2];
} texts[LISTS] = {
	{ IKE_PROTO_IKE, { "aes256gcm16-prfsha256-x25519-ecp256", "aes128-sha256-modp2048" } },
	{ IKE_PROTO_IKE, { "3des-sha1-modp1536", "chacha20poly1305-prfsha512-ecp521" } },
	{ IKE_PROTO_ESP, { "aes256gcm16-x25519-esn-noesn", "aes128-sha256" } },
	{ IKE_PROTO_ESP, { "null-sha256", "chacha20poly1305-ecp384-noesn" } },
};

static const struct ike_proposals *own(unsigned int which)
{
	static struct ike_proposals lists[LISTS];
	struct ike_proposals *list = &lists[which];
	char err[IKE_MAX_TEXT];

	for (; list->n < 2; list->n++)
		if (!ike_proposal_parse(texts[which].text[list->n], texts[which].protocol, true,
					&list->p[list->n], err, sizeof(err)))
			abort();
	return list;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* What was chosen of an offer is chosen of it alone, too. */
static void fuzz_choice(const struct ike_proposals *list, const struct ike_offer *o,
			const struct ike_proposal *chosen, enum ike_ke_rule rule, uint16_t group)
{
	struct ike_writer w = { 0 };
	struct ike_proposal same;
	struct ike_offers again;
	char text[IKE_MAX_TEXT];

	must(chosen->protocol != IKE_PROTO_IKE || ike_proposal_accepts(list, chosen));
	ike_proposal_text(chosen, text, sizeof(text));
	if (chosen->protocol == IKE_PROTO_ESP)
		ike_proposal_kernel_alg(chosen, text, IKE_MAX_ALG);
	ike_sa_payload_answer(&w, chosen, o->number, o->spi, o->spi_len);
	must(ike_sa_payload_get((struct ike_chunk){ w.data, w.len }, &again));
	must(again.n == 1 && ike_proposal_choose(list, &again, rule, group, &same));
	must(same.n == chosen->n && !memcmp(same.t, chosen->t, same.n * sizeof(same.t[0])));
	ike_writer_free(&w);
}

static void fuzz_sa(struct ike_chunk body, uint8_t which)
{
	const struct ike_proposals *list = own(which % LISTS);
	enum ike_ke_rule rule = list->p[0].protocol == IKE_PROTO_IKE ? IKE_KE_REQUIRED :
				which / LISTS % 2 ? IKE_KE_OPTIONAL : IKE_KE_IGNORED;
	uint16_t group = which / LISTS / 2;
	struct ike_proposal chosen;
	struct ike_action a = { 0 };
	struct ike_offers offers;
	const struct ike_offer *o;
	char text[IKE_MAX_TEXT];

	if (!ike_sa_payload_get(body, &offers))
		return;
	ike_offers_text(&offers, text, sizeof(text));
	ike_contrast_offers(&a, list, &offers, rule);
	ike_proposal_check(list, &offers, rule);
	o = ike_proposal_choose(list, &offers, rule, group, &chosen);
	if (o)
		fuzz_choice(list, o, &chosen, rule, group);
}

static void fuzz_ts(struct ike_chunk body, uint8_t which)
{
	static const char *const ours[] = {
		"0.0.0.0/0", "10.0.0.0/8[6/443-1024]", "10.1.2.3-10.4.5.6", "::/0",
		"2001:db8::/32[58]", "10.1.0.0/16[17]",
	};
	struct ike_ts list[IKE_MAX_TS];
	struct ike_ts narrow[IKE_MAX_TS];
	struct ike_ts own_ts[2];
	struct ike_ts parsed;
	char text[IKE_MAX_TEXT];
	uint8_t n, i, k;

	if (!ike_ts_get(body, list, &n))
		return;
	must(n <= IKE_MAX_TS);
	must(ike_ts_parse(ours[which % 6], &own_ts[0]) && ike_ts_parse(ours[which / 6 % 6], &own_ts[1]));
	ike_ts_list_text(list, n, text, sizeof(text));
	for (i = 0; i < n; i++) {
		ike_ts_text(&list[i], text, sizeof(text));
		if (ike_ts_parse(text, &parsed))
			must(ike_ts_same(&parsed, 1, &list[i], 1));
	}
	k = ike_ts_narrow(list, n, own_ts, 2, narrow);
	must(k <= IKE_MAX_TS);
	must(!k || ike_ts_within(narrow, k, own_ts, 2));
	must(!k || ike_ts_within(narrow, k, list, n));
}

static void fuzz_id(struct ike_chunk body, uint8_t which)
{
	char text[4 * IKE_MAX_ID + 64];
	struct ike_id id;
	struct ike_id again;

	(void)which;
	if (!ike_id_get(body, &id))
		return;
	must(id.len <= IKE_MAX_ID && ike_id_match(&id, &id));
	ike_id_text(&id, text, sizeof(text));
	ike_id_parse(text, &again);
}

static void fuzz_chain(struct ike_chunk body, uint8_t first)
{
	struct ike_writer certs = { 0 };
	struct ike_notify_view n;
	struct ike_payloads ps;
	struct ike_nonce nonce;
	struct ike_chunk pub;
	uint16_t group;
	size_t i;

	if (!ike_payloads_get(first, body, &ps))
		return;
	must(ps.n <= IKE_MAX_PAYLOADS);
	for (i = 0; i < ps.n; i++) {
		must(ps.p[i].body.data + ps.p[i].body.len <= body.data + body.len);
		ike_notify_get(&ps.p[i], &n);
	}
	ike_notify_error(&ps, &n);
	ike_nonce_get(ike_payload_body(&ps, IKE_P_NONCE), &nonce);
	ike_ke_get(ike_payload_body(&ps, IKE_P_KE), &group, &pub);
	ike_certs_get(&ps, &certs);
	ike_writer_free(&certs);
}

/* What is understood is the same when written and read again. */
static void fuzz_cp(struct ike_chunk body, uint8_t which)
{
	enum ike_cp_type type = which & 1 ? IKE_CFG_REQUEST : IKE_CFG_REPLY;
	struct ike_builder b = { 0 };
	struct ike_assigned again;
	struct ike_assigned a;
	char text[IKE_MAX_TEXT];
	size_t i;

	if (ike_cp_get(body, type, &a))
		return;
	must(a.n_addrs <= IKE_MAX_VIPS && a.n_dns <= IKE_MAX_DNS && a.n_subnets <= IKE_MAX_TS);
	ike_cp_addrs_text(a.addr, a.n_addrs, text, sizeof(text));
	for (i = 0; type == IKE_CFG_REPLY && i < a.n_addrs; i++)
		must(ike_cp_addr_usable(&a.addr[i]) && ike_cp_addr(&a, a.addr[i].family) == &a.addr[i]);
	ike_cp_put(&b, type, &a);
	must(!ike_cp_get((struct ike_chunk){ b.w.data + IKE_PAYLOAD_HEADER_LEN,
					     b.w.len - IKE_PAYLOAD_HEADER_LEN }, type, &again));
	must(again.n_addrs == a.n_addrs);
	must(type == IKE_CFG_REQUEST || again.n_dns == a.n_dns);
	must(type == IKE_CFG_REQUEST || ike_ts_same(a.subnet, a.n_subnets, again.subnet,
						    again.n_subnets));
	ike_writer_free(&b.w);
}

/* Text of the configuration, but also of what ike_*_text() writes. */
static void fuzz_text(struct ike_chunk body, uint8_t which)
{
	struct ike_proposal p;
	char err[IKE_MAX_TEXT];
	struct ike_ts ts;
	struct ike_id id;
	char *text = calloc(1, body.len + 1);

	must(text);
	memcpy(text, body.data, body.len);
	switch (which % 4) {
	case 0:
		ike_id_parse(text, &id);
		break;
	case 1:
		ike_ts_parse(text, &ts);
		break;
	default:
		ike_proposal_parse(text, which % 4 == 2 ? IKE_PROTO_IKE : IKE_PROTO_ESP, which & 4,
				   &p, err, sizeof(err));
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct ike_chunk body, uint8_t which) = {
		fuzz_sa, fuzz_ts, fuzz_id, fuzz_chain, fuzz_text, fuzz_cp,
	};

	if (size >= 2)
		parsers[data[0] % (sizeof(parsers) / sizeof(parsers[0]))](
			(struct ike_chunk){ data + 2, size - 2 }, data[1]);
	return 0;
}
