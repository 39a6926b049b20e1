// SPDX-License-Identifier: GPL-2.0
/* The list of actions a step hands out. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define ACTION_OCTETS 3	/* what is signed, the signature, certificates */

/* Octets behind an action live in one allocation that the action owns. */
struct action_block {
	struct ike_action act;
	uint8_t *octets[ACTION_OCTETS];
	size_t len[ACTION_OCTETS];
};

/* What is done to SAs is stored before it is done; what is said, when it is encrypted. */
static void touch(const struct ike_core *c, enum ike_action_type type, uint32_t tunnel)
{
	struct ike_tunnel *t;

	if (type != IKE_ACT_INSTALL && type != IKE_ACT_ACTIVATE && type != IKE_ACT_DELETE &&
	    type != IKE_ACT_FREE_SPI && type != IKE_ACT_DOWN)
		return;
	t = ike_tunnel_find(c, tunnel);
	if (t)
		t->touched = true;
}

struct ike_action *ike_act(struct ike_core *c, enum ike_action_type type, uint32_t tunnel)
{
	struct action_block *b = ike_alloc(sizeof(*b));

	b->act.type = type;
	b->act.tunnel = tunnel;
	if (c->acts->tail)
		c->acts->tail->next = &b->act;
	else
		c->acts->head = &b->act;
	c->acts->tail = &b->act;
	touch(c, type, tunnel);
	return &b->act;
}

const uint8_t *ike_act_octets(struct ike_action *a, const void *data, size_t len)
{
	struct action_block *b = (struct action_block *)a;
	int i = 0;

	while (b->octets[i])
		i++;
	b->octets[i] = ike_alloc(len);
	b->len[i] = len;
	if (len)
		memcpy(b->octets[i], data, len);
	return b->octets[i];
}

void ike_actions_clear(struct ike_actions *acts)
{
	struct ike_action *next;
	struct action_block *b;
	int i;

	for (; acts->head; acts->head = next) {
		next = acts->head->next;
		b = (struct action_block *)acts->head;
		for (i = 0; i < ACTION_OCTETS; i++) {
			ike_wipe(b->octets[i], b->len[i]);
			free(b->octets[i]);
		}
		ike_wipe(b, sizeof(*b));
		free(b);
	}
	acts->tail = NULL;
}

void ike_act_sa(struct ike_core *c, enum ike_action_type type, uint32_t tunnel, enum ike_dir dir,
		uint32_t spi)
{
	struct ike_action *a = ike_act(c, type, tunnel);

	a->u.sa.dir = dir;
	a->u.sa.spi = spi;
}

void ike_log(struct ike_core *c, const struct ike_tunnel *t, enum ike_log_level level,
	     const char *fmt, ...)
{
	struct ike_action *a = ike_act(c, IKE_ACT_LOG, t ? t->cfg.tunnel : 0);
	va_list ap;

	a->u.log.level = level;
	va_start(ap, fmt);
	vsnprintf(a->u.log.text, sizeof(a->u.log.text), fmt, ap);
	va_end(ap);
}

uint32_t ike_new_token(struct ike_core *c)
{
	if (!++c->token)
		c->token = 1;
	return c->token;
}

void ike_random(struct ike_core *c, void *out, size_t len)
{
	c->cfg.random(c->cfg.random_ctx, out, len);
}

uint64_t ike_jitter(struct ike_core *c, uint64_t v, unsigned int percent)
{
	uint64_t span = v * percent / 100;
	uint32_t r;

	ike_random(c, &r, sizeof(r));
	return span ? v - span + r % (2 * span + 1) : v;
}
