// SPDX-License-Identifier: GPL-2.0
/* NAT detection (RFC 7296 section 2.23). */
#include <string.h>

#include "state.h"

#define HASH_LEN 20

static bool nat_hash(struct ike_core *c, uint64_t spi_i, uint64_t spi_r, const struct ike_addr *a,
		     uint8_t out[HASH_LEN])
{
	const struct ike_crypto *crypto = c->cfg.crypto;
	struct ike_writer w = { 0 };
	struct ike_chunk part;
	bool ok;

	ike_put_u64(&w, spi_i);
	ike_put_u64(&w, spi_r);
	ike_put(&w, a->ip, ike_addr_size(a));
	ike_put_u16(&w, a->port);
	part = (struct ike_chunk){ w.data, w.len };
	ok = crypto->sha1(crypto->ctx, &part, 1, out);
	ike_writer_free(&w);
	return ok;
}

void ike_nat_put(struct ike_core *c, const struct ike_sa *sa, uint64_t spi_r, struct ike_builder *b)
{
	uint8_t hash[HASH_LEN];

	/* To force encapsulation the peer is shown a source address that cannot match. */
	if (sa->force_encap)
		ike_random(c, hash, sizeof(hash));
	else if (!nat_hash(c, sa->spi_i, spi_r, &sa->local, hash))
		return;
	ike_notify_put(b, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, hash, sizeof(hash));
	if (!nat_hash(c, sa->spi_i, spi_r, &sa->remote, hash))
		return;
	ike_notify_put(b, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, hash, sizeof(hash));
}

static bool hash_is(const struct ike_notify_view *n, const uint8_t hash[HASH_LEN])
{
	return n->data.len == HASH_LEN && !memcmp(n->data.data, hash, HASH_LEN);
}

bool ike_nat_get(struct ike_core *c, struct ike_sa *sa, uint64_t spi_r,
		 const struct ike_payloads *ps)
{
	uint8_t ours[HASH_LEN];
	uint8_t theirs[HASH_LEN];
	bool source_seen = false;
	bool source_match = false;
	struct ike_notify_view n;
	size_t i;

	if (!ike_notify_find(ps, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, &n) ||
	    !nat_hash(c, sa->spi_i, spi_r, &sa->local, ours) ||
	    !nat_hash(c, sa->spi_i, spi_r, &sa->remote, theirs))
		return false;
	sa->nat_local = sa->force_encap || !hash_is(&n, ours);
	/* The peer may name several source addresses: one that matches is enough. */
	for (i = 0; i < ps->n; i++) {
		if (ps->p[i].type != IKE_P_NOTIFY || !ike_notify_get(&ps->p[i], &n) ||
		    n.type != IKE_NOTIFY_NAT_DETECTION_SOURCE_IP)
			continue;
		source_seen = true;
		source_match |= hash_is(&n, theirs);
	}
	sa->nat_remote = source_seen && !source_match;
	return true;
}
