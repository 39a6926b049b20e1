// SPDX-License-Identifier: GPL-2.0
/*
 * The key process: it has the pre-shared keys, private keys and certificates, makes our AUTH data
 * and checks the peer's (RFC 7296 section 2.15), and mixes post-quantum preshared keys into session keys. It never tells what the peer's AUTH data should have been. With a
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
#include <time.h>

#include "../core/ids.h"
#include "../crypto/openssl.h"
#include "../crypto/pubkey.h"
#include "child.h"
#include "keys.h"
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

/**
 * struct secret - what a tunnel authenticates with
 * @link: in struct keys
 * @tunnel: handle
 * @m: whom it is for, and a pre-shared key
 * @credentials: private key and certificates; NULL with a pre-shared key
 * @wrong: one of their files is
 * @fault: what is wrong with them; empty if they are usable
 */
struct secret {
	LIST_ENTRY(secret) link;
	uint32_t tunnel;
	struct msg_secret m;
	struct ike_credentials *credentials;
	bool wrong;
	char fault[IKE_MAX_TEXT];
};

/**
 * struct ppk - a tunnel's post-quantum preshared key; beside its secret, for it comes in its own time
 * @link: in struct keys
 * @tunnel: handle
 * @m: key
 */
struct ppk {
	LIST_ENTRY(ppk) link;
	uint32_t tunnel;
	struct msg_ppk m;
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
 * struct keys - what the process knows
 * @crypto: OpenSSL
 * @secrets: by tunnel
 * @ppks: likewise
 * @next: next of @roles to be used again
 * @roles: the most recent ones
 */
struct keys {
	struct ike_crypto *crypto;
	LIST_HEAD(, secret) secrets;
	LIST_HEAD(, ppk) ppks;
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

static void secret_forget(struct secret *s)
{
	if (!s)
		return;
	LIST_REMOVE(s, link);
	ike_credentials_free(s->credentials);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static struct ppk *ppk_find(struct keys *keys, uint32_t tunnel)
{
	struct ppk *ppk;

	LIST_FOREACH(ppk, &keys->ppks, link)
		if (ppk->tunnel == tunnel)
			return ppk;
	return NULL;
}

static void ppk_forget(struct ppk *ppk)
{
	if (!ppk)
		return;
	LIST_REMOVE(ppk, link);
	explicit_bzero(ppk, sizeof(*ppk));
	free(ppk);
}

struct keys *keys_new(struct ike_crypto *crypto)
{
	struct keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		abort();
	keys->crypto = crypto;
	LIST_INIT(&keys->secrets);
	LIST_INIT(&keys->ppks);
	return keys;
}

void keys_free(struct keys *keys)
{
	while (!LIST_EMPTY(&keys->secrets))
		secret_forget(LIST_FIRST(&keys->secrets));
	while (!LIST_EMPTY(&keys->ppks))
		ppk_forget(LIST_FIRST(&keys->ppks));
	free(keys);
}

void keys_forget(struct keys *keys, uint32_t tunnel)
{
	secret_forget(secret_find(keys, tunnel));
	ppk_forget(ppk_find(keys, tunnel));
}

void keys_learn_ppk(struct keys *keys, uint32_t tunnel, const struct msg_ppk *m)
{
	struct ppk *ppk;

	ppk_forget(ppk_find(keys, tunnel));
	if (!m->len)
		return;
	ppk = calloc(1, sizeof(*ppk));
	if (!ppk || m->len > sizeof(m->secret))
		abort();
	ppk->tunnel = tunnel;
	ppk->m = *m;
	LIST_INSERT_HEAD(&keys->ppks, ppk, link);
}

void keys_learn(struct keys *keys, uint32_t tunnel, const struct msg_secret *secret)
{
	struct secret *s;

	secret_forget(secret_find(keys, tunnel));
	s = calloc(1, sizeof(*s));
	if (!s || secret->len > sizeof(secret->secret))
		abort();
	s->tunnel = tunnel;
	s->m = *secret;
	if (secret->kind == IKE_BY_PUBKEY) {
		s->credentials = ike_credentials_new();
		snprintf(s->fault, sizeof(s->fault), "the certificates are not read yet");
	}
	LIST_INSERT_HEAD(&keys->secrets, s, link);
}

void keys_credential(struct keys *keys, uint32_t tunnel, const struct msg_credential *m,
		     size_t len)
{
	struct secret *s = secret_find(keys, tunnel);
	char err[IKE_MAX_TEXT / 2 - 4];

	/* The first fault is the one to be told. */
	if (!s || !s->credentials || s->wrong || m->kind >= IKE_N_CREDENTIALS)
		return;
	s->wrong = !ike_credentials_add(s->credentials, m->kind,
					(struct ike_chunk){ m->data, len }, err, sizeof(err));
	if (s->wrong)
		snprintf(s->fault, sizeof(s->fault), "%.*s: %s", (int)sizeof(m->name) - 1, m->name,
			 err);
}

void keys_credentials_end(struct keys *keys, uint32_t tunnel, struct msg_credentials *answer)
{
	struct secret *s = secret_find(keys, tunnel);

	memset(answer, 0, sizeof(*answer));
	if (!s || !s->credentials) {
		snprintf(answer->text, sizeof(answer->text), "the tunnel has no certificates");
		return;
	}
	if (!s->wrong && ike_credentials_usable(s->credentials, &s->m.local_id, s->fault,
						sizeof(s->fault))) {
		s->fault[0] = 0;
		answer->len = ike_credentials_authorities(s->credentials, answer->authorities,
							  sizeof(answer->authorities));
	}
	memcpy(answer->text, s->fault, sizeof(answer->text));
}

/* Whose IKE_SA_INIT message do these octets start with? */
static enum side signer(const struct msg_auth *m, size_t len)
{
	uint64_t spi_i, spi_r;
	uint8_t flags;

	if (len < IKE_HEADER_LEN || m->data[EXCHANGE_OFFSET] != IKE_SA_INIT)
		return SIDE_NONE;
	memcpy(&spi_i, m->data, 8);
	memcpy(&spi_r, m->data + 8, 8);
	flags = m->data[FLAGS_OFFSET];
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

/* What the network process says may be anything. */
static bool id_sound(const struct ike_id *id)
{
	return id->len <= sizeof(id->data);
}

/* Before the peer has shown who it is, we sign for whomever the tunnel takes. */
static bool may_be(const struct ike_id *wanted, const struct ike_id *id, bool make)
{
	if (ike_id_is_pattern(id))
		return make && ike_id_same(wanted, id);
	return ike_id_match(wanted, id);
}

static const char *objection(struct keys *keys, const struct msg_auth *m, size_t octets_len,
			     const struct secret *s, bool make)
{
	enum side side = signer(m, octets_len);

	if (!s)
		return "there is no secret for this tunnel";
	if (m->kind != s->m.kind)
		return "the tunnel authenticates in another way";
	if (s->fault[0])
		return s->fault;
	if (!id_sound(&m->local_id) || !ike_id_same(&m->local_id, &s->m.local_id))
		return "the tunnel has another local-id";
	if (!id_sound(&m->remote_id) || !may_be(&s->m.remote_id, &m->remote_id, make))
		return "the tunnel has another remote-id";
	if (side == SIDE_NONE)
		return "the octets to be signed are of no IKE_SA_INIT message";
	if (!make)
		side = side == SIDE_INITIATOR ? SIDE_RESPONDER : SIDE_INITIATOR;
	if (!role_allows(keys, m->spi_i, side))
		return "the octets to be signed are the other side's";
	return NULL;
}

static void psk_auth(struct keys *keys, const struct secret *s, const struct msg_auth *m,
		     struct ike_chunk octets, bool make, struct msg_verdict *v)
{
	struct ike_chunk psk = { s->m.secret, s->m.len };
	uint8_t auth[IKE_MAX_PRF];
	size_t n = ike_openssl_psk_auth(keys->crypto, m->prf, psk, octets, auth);

	if (!n) {
		snprintf(v->text, sizeof(v->text), "the PRF is not supported");
	} else if (make) {
		v->ok = true;
		v->method = IKE_AUTH_PSK;
		v->len = n;
		memcpy(v->auth, auth, n);
	} else {
		v->ok = m->method == IKE_AUTH_PSK && n == m->auth_len &&
			!CRYPTO_memcmp(auth, m->auth, n);
		v->reason = IKE_REASON_AUTH_FAILED;
		if (!v->ok)
			snprintf(v->text, sizeof(v->text), "the peer has another pre-shared key");
	}
	OPENSSL_cleanse(auth, sizeof(auth));
}

static void pubkey_auth(const struct secret *s, const struct msg_auth *m, struct ike_chunk octets,
			bool make, struct msg_verdict *v)
{
	struct ike_chunk certs = { octets.data + octets.len, m->certs_len };
	struct ike_chunk auth = { m->auth, m->auth_len };
	enum ike_reason reason = IKE_REASON_AUTH_FAILED;

	if (make) {
		v->len = ike_pubkey_sign(s->credentials, m->hashes, octets, &v->method, v->auth,
					 v->text, sizeof(v->text));
		v->ok = v->len;
		v->certs_len = ike_credentials_chain(s->credentials, v->certs, sizeof(v->certs));
	} else {
		v->ok = ike_pubkey_verify(s->credentials, &m->remote_id, certs, m->method, auth,
					  octets, &reason, v->text, sizeof(v->text));
		v->reason = reason;
	}
}

void keys_auth(struct keys *keys, uint32_t tunnel, const struct msg_auth *m, size_t len,
	       bool make, struct msg_verdict *v)
{
	const struct secret *s = secret_find(keys, tunnel);
	struct ike_chunk octets = { m->data, len };
	const char *text;

	memset(v, 0, sizeof(*v));
	v->spi_i = m->spi_i;
	v->spi_r = m->spi_r;
	v->reason = IKE_REASON_AUTH_FAILED;
	v->remote_id = m->remote_id;
	if (m->certs_len > len || m->auth_len > sizeof(m->auth)) {
		snprintf(v->text, sizeof(v->text), "a malformed question");
		return;
	}
	octets.len -= m->certs_len;
	text = objection(keys, m, octets.len, s, make);
	if (text)
		snprintf(v->text, sizeof(v->text), "%s", text);
	else if (s->m.kind == IKE_BY_PUBKEY)
		pubkey_auth(s, m, octets, make, v);
	else
		psk_auth(keys, s, m, octets, make, v);
}

void keys_mix(struct keys *keys, uint32_t tunnel, const struct msg_mix *m,
	      struct msg_mixed *answer)
{
	const struct ppk *ppk = ppk_find(keys, tunnel);
	struct ike_chunk secret = { ppk ? ppk->m.secret : NULL, ppk ? ppk->m.len : 0 };

	memset(answer, 0, sizeof(*answer));
	if (!ppk) {
		snprintf(answer->text, sizeof(answer->text), "there is no PPK for this tunnel");
		return;
	}
	answer->ok = ike_openssl_ppk_mix(keys->crypto, m->prf, secret, m->keys.d,
					 answer->keys.d) &&
		     ike_openssl_ppk_mix(keys->crypto, m->prf, secret, m->keys.pi,
					 answer->keys.pi) &&
		     ike_openssl_ppk_mix(keys->crypto, m->prf, secret, m->keys.pr,
					 answer->keys.pr);
	if (!answer->ok)
		snprintf(answer->text, sizeof(answer->text), "the PRF is not supported");
}

/* ---- the process ----------------------------------------------------------------------------- */

static void on_auth(struct msg_channel *ch, struct keys *keys, const struct msg *msg, bool make)
{
	struct msg_verdict v;

	keys_auth(keys, msg->head.tunnel, msg->data, msg->head.len - sizeof(struct msg_auth), make,
		  &v);
	msg_send(ch, make ? MSG_AUTH_MADE : MSG_AUTH_CHECKED, msg->head.tunnel, msg->head.token, &v,
		 sizeof(v));
}

static void on_mix(struct msg_channel *ch, struct keys *keys, const struct msg *msg)
{
	struct msg_mixed answer;

	keys_mix(keys, msg->head.tunnel, msg->data, &answer);
	msg_send(ch, MSG_PPK_MIXED, msg->head.tunnel, msg->head.token, &answer, sizeof(answer));
	explicit_bzero(&answer, sizeof(answer));
}

static void on_message(struct msg_channel *ch, const struct msg *msg, void *arg)
{
	struct msg_credentials answer;

	switch ((enum msg_type)msg->head.type) {
	case MSG_SECRET:
		keys_learn(arg, msg->head.tunnel, msg->data);
		break;
	case MSG_PPK:
		keys_learn_ppk(arg, msg->head.tunnel, msg->data);
		break;
	case MSG_SECRET_GONE:
		keys_forget(arg, msg->head.tunnel);
		break;
	case MSG_CREDENTIAL:
		keys_credential(arg, msg->head.tunnel, msg->data,
				msg->head.len - sizeof(struct msg_credential));
		break;
	case MSG_CREDENTIALS_END:
		keys_credentials_end(arg, msg->head.tunnel, &answer);
		msg_send(ch, MSG_CREDENTIALS, msg->head.tunnel, 0, &answer, sizeof(answer));
		break;
	case MSG_MAKE_AUTH:
		on_auth(ch, arg, msg, true);
		break;
	case MSG_CHECK_AUTH:
		on_auth(ch, arg, msg, false);
		break;
	case MSG_MIX_PPK:
		on_mix(ch, arg, msg);
		break;
	default:
		abort();
	}
}

/* Without the parent there is nothing to do and nobody to tell. */
static void on_closed(struct msg_channel *ch, const char *why, void *arg)
{
	(void)why;
	keys_free(arg);
	msg_channel_free(ch);
	exit(0);
}

int keys_main(const char *user)
{
	struct event_base *base = event_base_new();
	struct ike_crypto *crypto = ike_openssl_new();
	char err[256];

	/* Dates are told in UTC; the C library would look for the local zone again and again. */
	setenv("TZ", "UTC0", 1);
	tzset();
	if (!base || !crypto || !ike_pubkey_init())
		return 1;
	if (!msg_channel_new(base, CHILD_FD, MSG_KEYS, MSG_PARENT, on_message, on_closed,
			     keys_new(crypto)))
		return 1;
	if (!sandbox_enter(SANDBOX_KEYS, user, err, sizeof(err))) {
		fprintf(stderr, "error ipvtid: key process: %s\n", err);
		return 1;
	}
	return event_base_dispatch(base) < 0;
}
