// SPDX-License-Identifier: GPL-2.0
/* Cookies against floods of IKE_SA_INIT (RFC 7296 section 2.6). Stateless. */
#include <string.h>

#include "state.h"

enum {
	COOKIE_LEN = 33,	/* number of the secret, then its HMAC-SHA2-256 */
	SECRET_LIFE = 60000,
};

static bool half_open(const struct ike_sa *sa)
{
	return !sa->dead && !sa->initiator && sa->state == IKE_SA_CONNECTING;
}

bool ike_cookie_needed(const struct ike_core *c, const struct ike_addr *remote)
{
	unsigned int from_there = 0;
	unsigned int all = 0;
	const struct ike_sa *sa;

	for (sa = c->sas; sa; sa = sa->next) {
		if (!half_open(sa))
			continue;
		all++;
		from_there += ike_addr_same(&sa->remote, remote);
	}
	return all >= c->cfg.cookie_threshold || from_there >= c->cfg.half_open_per_addr;
}

bool ike_half_open_full(const struct ike_core *c)
{
	const struct ike_sa *sa;
	unsigned int all = 0;

	for (sa = c->sas; sa; sa = sa->next)
		all += half_open(sa);
	return all >= c->cfg.half_open_max;
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
