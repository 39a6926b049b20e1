// SPDX-License-Identifier: GPL-2.0
/* Cookies against floods of IKE_SA_INIT (RFC 7296 section 2.6). Stateless. */
#include <string.h>

#include "state.h"

enum {
	COOKIE_LEN = 33,	/* number of the secret, then its HMAC-SHA2-256 */
	SECRET_LIFE = 60000,
	CALM = 10000,
	SHARE = 4,		/* of half-open SAs one address may have a quarter, cookie or not */
	SITE = 8,		/* octets of an IPv6 address that its owner cannot choose */
};

static bool half_open(const struct ike_sa *sa)
{
	return !sa->dead && !sa->initiator && sa->state == IKE_SA_CONNECTING;
}

static bool same_site(const struct ike_addr *a, const struct ike_addr *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, a->family == 4 ? 4 : SITE);
}

unsigned int ike_half_open(const struct ike_core *c, const struct ike_addr *from)
{
	const struct ike_sa *sa;
	unsigned int n = 0;

	for (sa = c->sas; sa; sa = sa->next)
		n += half_open(sa) && (!from || same_site(&sa->remote, from));
	return n;
}

/* Told once for a flood, though half-open SAs come and go meanwhile. */
static void tell(struct ike_core *c, unsigned int all)
{
	if (!c->cfg.cookie_threshold || all < c->cfg.cookie_threshold)
		return;
	if (!c->flooded)
		ike_log(c, NULL, IKE_LOG_NOTICE,
			"%u half-open IKE SAs: whoever comes must return a cookie", all);
	c->flooded = true;
	c->calm_at = c->now + CALM;
}

uint64_t ike_door_deadline(const struct ike_core *c)
{
	return c->flooded ? c->calm_at : IKE_NEVER;
}

void ike_door_tick(struct ike_core *c)
{
	if (c->now < ike_door_deadline(c))
		return;
	c->flooded = false;
	ike_log(c, NULL, IKE_LOG_NOTICE, "no cookie had to be asked for in %d s, %u half-open IKE SAs",
		CALM / 1000, ike_half_open(c, NULL));
}

enum ike_door ike_door(struct ike_core *c, const struct ike_addr *remote)
{
	unsigned int from_there = ike_half_open(c, remote);
	unsigned int all = ike_half_open(c, NULL);
	unsigned int share = (c->cfg.half_open_max + SHARE - 1) / SHARE;

	tell(c, all);
	if (all >= c->cfg.half_open_max || from_there >= share)
		return IKE_DOOR_SHUT;
	if (all >= c->cfg.cookie_threshold || from_there >= c->cfg.half_open_per_addr)
		return IKE_DOOR_COOKIE;
	return IKE_DOOR_OPEN;
}

bool ike_cookie_make(struct ike_core *c, uint64_t spi_i, const struct ike_addr *remote,
		     struct ike_chunk nonce, unsigned int which, uint8_t out[COOKIE_LEN])
{
	const struct ike_alg *prf = ike_alg_find(IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0);
	struct ike_chunk key = { c->cookie_key[which], sizeof(c->cookie_key[which]) };
	uint8_t spi[8];
	struct ike_chunk parts[3] = { nonce, { remote->ip, sizeof(remote->ip) }, { spi, 8 } };

	ike_store_u64(spi, spi_i);
	out[0] = which;
	return ike_prf(c->cfg.crypto, prf, key, parts, 3, out + 1);
}

bool ike_cookie_check(struct ike_core *c, uint64_t spi_i, const struct ike_addr *remote,
		      struct ike_chunk nonce, struct ike_chunk cookie)
{
	uint8_t ours[COOKIE_LEN];

	return cookie.len == COOKIE_LEN && cookie.data[0] < 2 &&
	       ike_cookie_make(c, spi_i, remote, nonce, cookie.data[0], ours) &&
	       ike_same(ours, cookie.data, COOKIE_LEN);
}

/* The secrets take turns: the one not in use is renewed, then it is in use. */
void ike_cookie_tick(struct ike_core *c)
{
	if (c->now < c->cookie_at)
		return;
	c->cookie_which = !c->cookie_which;
	ike_random(c, c->cookie_key[c->cookie_which], sizeof(c->cookie_key[0]));
	c->cookie_at = c->now + SECRET_LIFE;
}
