// SPDX-License-Identifier: GPL-2.0
/*
 * The key process: it has the pre-shared keys, makes our AUTH data and checks the peer's
 * (RFC 7296 section 2.15). It never tells what the peer's AUTH data should have been. With a
 * shared secret both sides sign with the same key, so it also keeps in mind which side of an IKE
 * SA we are: it signs only that side's octets and checks only the other's, lest a network process
 * gone astray have it sign what the peer should have signed.
 */
#include <endian.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "../crypto/openssl.h"
#include "child.h"
#include "msg.h"
#include "sandbox.h"

#define ROLES 8192

/* RFC 7296 section 3.1 */
#define IKE_HEADER_LEN 28
#define EXCHANGE_OFFSET 18
#define FLAGS_OFFSET 19
#define IKE_SA_INIT 34
#define FLAG_INITIATOR 0x08
#define FLAG_RESPONSE 0x20

struct secret {
	LIST_ENTRY(secret) link;
	uint32_t tunnel;
	struct msg_secret m;
};

enum side {
	SIDE_NONE,
	SIDE_INITIATOR,
	SIDE_RESPONDER,
};

/**
 * struct role - our side of an IKE SA
 * @spi_i: initiator's SPI; the initiator's octets hold no other
 * @ours: our side
 */
struct role {
	uint64_t spi_i;
	enum side ours;
};

/**
 * struct keys - the process
 * @base: event loop
 * @parent: channel
 * @crypto: OpenSSL
 * @secrets: by tunnel
 * @next: next of @roles to be used again
 * @roles: the most recent ones
 */
struct keys {
	struct event_base *base;
	struct msg_channel *parent;
	struct ike_crypto *crypto;
	LIST_HEAD(, secret) secrets;
	unsigned int next;
	struct role roles[ROLES];
};

static struct secret *secret_find(struct keys *keys, uint32_t tunnel)
{
	struct secret *s;

	LIST_FOREACH(s, &keys->secrets, link)
		if (s->tunnel == tunnel)
			return s;
	return NULL;
}

static void secret_forget(struct keys *keys, uint32_t tunnel)
{
	struct secret *s = secret_find(keys, tunnel);

	if (!s)
		return;
	LIST_REMOVE(s, link);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static void secret_keep(struct keys *keys, const struct msg *msg)
{
	struct secret *s;

	secret_forget(keys, msg->head.tunnel);
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->tunnel = msg->head.tunnel;
	memcpy(&s->m, msg->data, sizeof(s->m));
	if (s->m.len > sizeof(s->m.secret))
		abort();
	LIST_INSERT_HEAD(&keys->secrets, s, link);
}

/* Whose IKE_SA_INIT message do these octets start with? */
static enum side signer(const struct msg_auth *m, size_t len)
{
	uint64_t spi_i, spi_r;
	uint8_t flags;

	if (len < IKE_HEADER_LEN || m->octets[EXCHANGE_OFFSET] != IKE_SA_INIT)
		return SIDE_NONE;
	memcpy(&spi_i, m->octets, 8);
	memcpy(&spi_r, m->octets + 8, 8);
	flags = m->octets[FLAGS_OFFSET];
	if (be64toh(spi_i) != m->spi_i)
		return SIDE_NONE;
	if (flags & FLAG_INITIATOR)
		return flags & FLAG_RESPONSE ? SIDE_NONE : SIDE_INITIATOR;
	if (!(flags & FLAG_RESPONSE) || be64toh(spi_r) != m->spi_r)
		return SIDE_NONE;
	return SIDE_RESPONDER;
}

/* The first use of an SPI settles our side for good. */
static bool role_allows(struct keys *keys, uint64_t spi_i, enum side ours)
{
	unsigned int i;

	for (i = 0; i < ROLES; i++)
		if (keys->roles[i].ours != SIDE_NONE && keys->roles[i].spi_i == spi_i)
			return keys->roles[i].ours == ours;
	keys->roles[keys->next].spi_i = spi_i;
	keys->roles[keys->next].ours = ours;
	keys->next = (keys->next + 1) % ROLES;
	return true;
}

static bool id_equal(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && a->len == b->len && a->len <= sizeof(a->data) &&
	       !memcmp(a->data, b->data, a->len);
}

static const char *objection(struct keys *keys, const struct msg_auth *m, size_t octets_len,
			     const struct secret *s, bool make)
{
	enum side side = signer(m, octets_len);

	if (!s)
		return "there is no secret for this tunnel";
	if (m->method != IKE_AUTH_PSK)
		return "the authentication method is not supported";
	if (!id_equal(&m->local_id, &s->m.local_id))
		return "the tunnel has another local-id";
	if (s->m.remote_id.type != IKE_ID_ANY && !id_equal(&m->remote_id, &s->m.remote_id))
		return "the tunnel has another remote-id";
	if (side == SIDE_NONE)
		return "the octets to be signed are of no IKE_SA_INIT message";
	if (!make)
		side = side == SIDE_INITIATOR ? SIDE_RESPONDER : SIDE_INITIATOR;
	if (!role_allows(keys, m->spi_i, side))
		return "the octets to be signed are the other side's";
	return NULL;
}

static void on_auth(struct keys *keys, const struct msg *msg, bool make)
{
	size_t octets_len = msg->head.len - sizeof(struct msg_auth);
	const struct secret *s = secret_find(keys, msg->head.tunnel);
	const struct msg_auth *m = msg->data;
	struct msg_verdict v = { .spi_i = m->spi_i, .spi_r = m->spi_r };
	const char *text = objection(keys, m, octets_len, s, make);
	uint8_t auth[IKE_MAX_PRF];
	size_t n = 0;

	if (!text) {
		n = ike_openssl_psk_auth(keys->crypto, m->prf,
					 (struct ike_chunk){ s->m.secret, s->m.len },
					 (struct ike_chunk){ m->octets, octets_len }, auth);
		if (!n)
			text = "the PRF is not supported";
	}
	if (n && make) {
		v.ok = true;
		v.len = n;
		memcpy(v.auth, auth, n);
	} else if (n) {
		v.ok = n == m->auth_len && !CRYPTO_memcmp(auth, m->auth, n);
		if (!v.ok)
			text = "the peer has another pre-shared key";
	}
	if (text)
		snprintf(v.text, sizeof(v.text), "%s", text);
	OPENSSL_cleanse(auth, sizeof(auth));
	msg_send(keys->parent, make ? MSG_AUTH_MADE : MSG_AUTH_CHECKED, msg->head.tunnel,
		 msg->head.token, &v, sizeof(v));
}

static void on_message(struct msg_channel *ch, const struct msg *msg, void *arg)
{
	(void)ch;
	switch ((enum msg_type)msg->head.type) {
	case MSG_SECRET:
		secret_keep(arg, msg);
		break;
	case MSG_SECRET_GONE:
		secret_forget(arg, msg->head.tunnel);
		break;
	case MSG_MAKE_AUTH:
		on_auth(arg, msg, true);
		break;
	case MSG_CHECK_AUTH:
		on_auth(arg, msg, false);
		break;
	default:
		abort();
	}
}

static void on_closed(struct msg_channel *ch, const char *why, void *arg)
{
	struct keys *keys = arg;

	(void)ch;
	(void)why;
	event_base_loopbreak(keys->base);
}

int keys_main(const char *user)
{
	static struct keys keys;
	char err[256];

	LIST_INIT(&keys.secrets);
	keys.base = event_base_new();
	keys.crypto = ike_openssl_new();
	if (!keys.base || !keys.crypto)
		return 1;
	keys.parent = msg_channel_new(keys.base, CHILD_FD, MSG_KEYS, MSG_PARENT, on_message,
				      on_closed, &keys);
	if (!keys.parent)
		return 1;
	if (!sandbox_enter(SANDBOX_KEYS, user, err, sizeof(err))) {
		fprintf(stderr, "error ipvtid: key process: %s\n", err);
		return 1;
	}
	event_base_dispatch(keys.base);

	while (!LIST_EMPTY(&keys.secrets))
		secret_forget(&keys, LIST_FIRST(&keys.secrets)->tunnel);
	msg_channel_free(keys.parent);
	ike_openssl_free(keys.crypto);
	event_base_free(keys.base);
	return 0;
}
