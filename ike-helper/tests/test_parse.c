// SPDX-License-Identifier: GPL-2.0
/* Hostile input: cut short, bits flipped, by strangers and by a peer that has proved itself. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "party.h"

enum {
	LIES = 400,
	LONG_AFTER = 300000,
};

/* ---- parsers alone ---- */

/* Everything the core may do with a chain of payloads before it believes any of it. */
static void parse_all(uint8_t first, struct ike_chunk chain)
{
	struct ike_ts ts[IKE_MAX_TS];
	struct ike_notify_view view;
	struct ike_payloads ps;
	struct ike_offers offers;
	char text[IKE_MAX_TEXT];
	struct ike_nonce nonce;
	struct ike_chunk pub;
	struct ike_id id;
	uint16_t group;
	uint8_t n;
	size_t i;

	if (!ike_payloads_get(first, chain, &ps))
		return;
	ike_notify_error(&ps, &view);
	for (i = 0; i < ps.n; i++) {
		struct ike_chunk body = ps.p[i].body;

		if (ike_sa_payload_get(body, &offers))
			ike_offers_text(&offers, text, sizeof(text));
		if (ike_ts_get(body, ts, &n))
			ike_ts_list_text(ts, n, text, sizeof(text));
		if (ike_id_get(body, &id))
			ike_id_text(&id, text, sizeof(text));
		ike_ke_get(body, &group, &pub);
		ike_nonce_get(body, &nonce);
		ike_notify_get(&ps.p[i], &view);
	}
}

/* A copy exactly as long as it is, so that the sanitizer sees the first octet too far. */
static void parse_copy(uint8_t first, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	parse_all(first, (struct ike_chunk){ copy, len });
	free(copy);
}

static void put_id(struct ike_builder *b, uint8_t type, const char *text)
{
	size_t start = ike_payload_begin(b, type);
	struct ike_id id;

	assert_true(ike_id_parse(text, &id));
	ike_id_put(&b->w, &id);
	ike_payload_end(b, start);
}

static void put_ts(struct ike_builder *b, uint8_t type, const char *one, const char *two)
{
	size_t start = ike_payload_begin(b, type);
	struct ike_ts ts[2];

	assert_true(ike_ts_parse(one, &ts[0]) && ike_ts_parse(two, &ts[1]));
	ike_ts_put(&b->w, ts, 2);
	ike_payload_end(b, start);
}

static void put_sa(struct ike_builder *b)
{
	static const uint8_t spi[4] = { 1, 2, 3, 4 };
	size_t start = ike_payload_begin(b, IKE_P_SA);
	struct world *w = world_new(1);
	struct ike_proposals list;

	ike_proposals_default(IKE_PROTO_ESP, &w->party[A].crypto, &list);
	ike_sa_payload_put(&b->w, &list, spi, sizeof(spi), IKE_KE_OPTIONAL);
	ike_payload_end(b, start);
	world_free(w);
}

/* One of each payload. */
static void make_chain(struct ike_builder *b)
{
	static const uint8_t octets[64] = { 42 };

	put_sa(b);
	put_id(b, IKE_P_IDI, "gw-a.example.net");
	put_id(b, IKE_P_IDR, "2001:db8::1");
	ike_payload_put(b, IKE_P_AUTH, octets, 36);
	ike_payload_put(b, IKE_P_NONCE, octets, 32);
	ike_ke_put(b, 31, octets, 32);
	put_ts(b, IKE_P_TSI, "10.0.0.0/8", "2001:db8::/32");
	put_ts(b, IKE_P_TSR, "10.0.0.1-10.0.0.9[6/80-443]", "0.0.0.0/0");
	ike_notify_put_spi(b, IKE_NOTIFY_REKEY_SA, 0x12345678);
	ike_notify_put(b, IKE_NOTIFY_COOKIE, octets, 33);
	ike_payload_put(b, IKE_P_DELETE, "\x03\x04\x00\x01\x12\x34\x56\x78", 8);
	ike_payload_put(b, IKE_P_VENDOR, octets, 16);
}

static void chains_cut_short(void **state)
{
	struct ike_builder b = { 0 };
	struct ike_payloads ps;
	size_t len;

	(void)state;
	make_chain(&b);
	assert_true(ike_payloads_get(b.first, (struct ike_chunk){ b.w.data, b.w.len }, &ps));
	assert_int_equal(ps.n, 12);
	for (len = 0; len < b.w.len; len++) {
		assert_false(ike_payloads_get(b.first, (struct ike_chunk){ b.w.data, len }, &ps));
		parse_copy(b.first, b.w.data, len);
	}
	ike_writer_free(&b.w);
}

static void chains_with_flipped_bits(void **state)
{
	struct ike_builder b = { 0 };
	size_t bit;

	(void)state;
	make_chain(&b);
	for (bit = 0; bit < 8 * b.w.len; bit++) {
		b.w.data[bit / 8] ^= 1 << bit % 8;
		parse_copy(b.first, b.w.data, b.w.len);
		b.w.data[bit / 8] ^= 1 << bit % 8;
	}
	ike_writer_free(&b.w);
}

/* Each body cut short inside a payload whose length says so. */
static void bodies_cut_short(void **state)
{
	struct ike_builder whole = { 0 };
	struct ike_payloads ps;
	size_t i, len;

	(void)state;
	make_chain(&whole);
	assert_true(ike_payloads_get(whole.first, (struct ike_chunk){ whole.w.data, whole.w.len },
				     &ps));
	for (i = 0; i < ps.n; i++)
		for (len = 0; len <= ps.p[i].body.len; len++) {
			struct ike_builder b = { 0 };

			ike_payload_put(&b, ps.p[i].type, ps.p[i].body.data, len);
			parse_copy(b.first, b.w.data, b.w.len);
			ike_writer_free(&b.w);
		}
	ike_writer_free(&whole.w);
}

static void random_octets(void **state)
{
	struct world *w = world_new(3);
	uint8_t data[400] = { 0 };
	size_t len, i;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = world_random(w, sizeof(data));
		for (i = 0; i < len; i++)
			data[i] = world_random(w, 256);
		/* Most would end at the first length field; give that a chance. */
		if (len > 4 && world_random(w, 4)) {
			data[2] = 0;
			data[3] = 4 + world_random(w, len);
		}
		parse_copy(33 + world_random(w, 16), data, len);
	}
	world_free(w);
}

static void more_payloads_than_anybody_needs(void **state)
{
	struct ike_builder b = { 0 };
	struct ike_payloads ps;
	int i;

	(void)state;
	for (i = 0; i <= IKE_MAX_PAYLOADS; i++)
		ike_notify_put(&b, IKE_NOTIFY_MOBIKE_SUPPORTED, NULL, 0);
	assert_false(ike_payloads_get(b.first, (struct ike_chunk){ b.w.data, b.w.len }, &ps));
	ike_writer_free(&b.w);
}

/* RFC 7296 section 2.5. */
static void unknown_payloads(void **state)
{
	struct octets plain = hex("28000005 00 00000005 00");
	struct octets critical = hex("28800005 00 00000005 00");
	struct ike_payloads ps;

	(void)state;
	assert_true(ike_payloads_get(200, chunk(&plain), &ps));
	assert_int_equal(ps.n, 1);
	assert_int_equal(ps.p[0].type, IKE_P_NONCE);
	assert_int_equal(ps.critical, 0);
	assert_true(ike_payloads_get(200, chunk(&critical), &ps));
	assert_int_equal(ps.critical, 200);
}

/* ---- single datagrams to a responder ---- */

struct capture {
	uint8_t data[2048];
	size_t len;
	unsigned int from_b;
	uint8_t last[2048];
	size_t last_len;
};

static void capture(struct world *w, const struct datagram *d, struct fate *f)
{
	struct capture *c = w->ctx;

	f->copies = 0;
	if (d->from == A && !c->len) {
		assert_true(d->len <= sizeof(c->data));
		memcpy(c->data, d->data, d->len);
		c->len = d->len;
	}
	if (d->from != B)
		return;
	assert_true(d->len <= sizeof(c->last));
	memcpy(c->last, d->data, d->len);
	c->last_len = d->len;
	c->from_b++;
}

/* A world in which B waits and A's first request is in @c. */
static struct world *with_first_request(struct capture *c)
{
	struct world *w = world_new(1);

	memset(c, 0, sizeof(*c));
	w->net = capture;
	w->ctx = c;
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 1);
	assert_true(c->len > 0);
	return w;
}

static void deliver(struct world *w, int to, const uint8_t *data, size_t len)
{
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	ev.u.datagram.local = w->party[to].addr;
	ev.u.datagram.local.port = 500;
	ev.u.datagram.remote = w->party[!to].addr;
	ev.u.datagram.remote.port = 500;
	ev.u.datagram.data = copy;
	ev.u.datagram.len = len;
	party_step(&w->party[to], &ev);
	free(copy);
}

static uint16_t answered_notify(const struct capture *c)
{
	struct ike_payloads ps;
	struct ike_notify_view n;
	struct ike_header h;

	assert_true(ike_header_get(c->last, c->last_len, &h));
	assert_true(h.flags & IKE_FLAG_RESPONSE);
	assert_true(ike_payloads_get(h.next, (struct ike_chunk){ c->last + IKE_HEADER_LEN,
								 c->last_len - IKE_HEADER_LEN },
				     &ps));
	assert_true(ike_notify_error(&ps, &n));
	return n.type;
}

/* RFC 7296 section 2.5: a higher major version is refused, IKEv1 gets no answer. */
static void other_versions(void **state)
{
	struct capture c;
	struct world *w = with_first_request(&c);

	(void)state;
	c.data[17] = 0x30;
	deliver(w, B, c.data, c.len);
	assert_int_equal(c.from_b, 1);
	assert_int_equal(answered_notify(&c), IKE_NOTIFY_INVALID_MAJOR_VERSION);
	c.data[17] = 0x10;
	deliver(w, B, c.data, c.len);
	assert_int_equal(c.from_b, 1);
	c.data[17] = 0x2f;
	deliver(w, B, c.data, c.len);
	assert_int_equal(c.from_b, 2);
	assert_int_equal(count_ike_sas(&w->party[B]), 1);
	world_free(w);
}

static void a_critical_payload_in_the_first_request(void **state)
{
	static const uint8_t unknown[] = { 0, 0x80, 0, 4 };
	struct capture c;
	struct world *w = with_first_request(&c);

	(void)state;
	memmove(c.data + IKE_HEADER_LEN + 4, c.data + IKE_HEADER_LEN, c.len - IKE_HEADER_LEN);
	memcpy(c.data + IKE_HEADER_LEN, unknown, sizeof(unknown));
	c.data[IKE_HEADER_LEN] = c.data[16];
	c.data[16] = 200;
	c.len += 4;
	ike_store_u32(c.data + 24, c.len);
	deliver(w, B, c.data, c.len);
	assert_int_equal(answered_notify(&c), IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(count_ike_sas(&w->party[B]), 0);
	c.data[IKE_HEADER_LEN + 1] = 0;
	deliver(w, B, c.data, c.len);
	assert_int_equal(count_ike_sas(&w->party[B]), 1);
	world_free(w);
}

static void first_requests_cut_short(void **state)
{
	struct capture c;
	struct world *w = with_first_request(&c);
	size_t len;

	(void)state;
	for (len = 0; len < c.len; len++) {
		deliver(w, B, c.data, len);
		/* And with a length field that agrees. */
		if (len >= IKE_HEADER_LEN) {
			ike_store_u32(c.data + 24, len);
			deliver(w, B, c.data, len);
			ike_store_u32(c.data + 24, c.len);
		}
	}
	assert_int_equal(count_ike_sas(&w->party[B]), 0);
	world_free(w);
}

/* Half-open IKE SAs stay few however many requests come. */
static void first_requests_with_flipped_bits(void **state)
{
	struct capture c;
	struct world *w = with_first_request(&c);
	size_t bit;

	(void)state;
	for (bit = 0; bit < 8 * c.len; bit++) {
		c.data[bit / 8] ^= 1 << bit % 8;
		deliver(w, B, c.data, c.len);
		c.data[bit / 8] ^= 1 << bit % 8;
		assert_true(count_ike_sas(&w->party[B]) <= 256);
	}
	w->net = NULL;
	assert_true(world_run_until(w, world_both_up, 60000));
	world_run(w, 40000);
	assert_pairs(w);
	world_free(w);
}

/* ---- damaged copies of every message, ahead of the real one ---- */

struct damage {
	bool cut;
	bool first_exchange;
};

static void queue_copy(struct world *w, const struct datagram *d, size_t len, uint64_t delay)
{
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };

	ev.u.datagram.local = w->party[!d->from].addr;
	ev.u.datagram.local.port = 500;
	ev.u.datagram.remote = w->party[d->from].addr;
	ev.u.datagram.remote.port = 500;
	ev.u.datagram.data = d->data;
	ev.u.datagram.len = len;
	world_event(w, &w->party[!d->from], delay, &ev);
}

static void send_cut(struct world *w, const struct datagram *d, uint64_t delay)
{
	size_t len;

	for (len = 0; len < d->len; len++)
		queue_copy(w, d, len, delay);
}

static void send_flipped(struct world *w, const struct datagram *d, uint64_t delay)
{
	struct datagram bad = *d;
	uint8_t data[2048];
	size_t bit;

	assert_true(d->len <= sizeof(data));
	memcpy(data, d->data, d->len);
	bad.data = data;
	for (bit = 0; bit < 8 * d->len; bit++) {
		data[bit / 8] ^= 1 << bit % 8;
		queue_copy(w, &bad, d->len, delay);
		data[bit / 8] ^= 1 << bit % 8;
	}
}

static void damaged_copies_first(struct world *w, const struct datagram *d, struct fate *f)
{
	const struct damage *damage = w->ctx;

	if ((d->exchange == IKE_EXCH_SA_INIT) != damage->first_exchange)
		return;
	/* The first exchange proves nothing: once is enough, then it must go through. */
	if (damage->first_exchange && d->number > 3)
		return;
	if (damage->cut)
		send_cut(w, d, f->delay[0] - 1);
	else
		send_flipped(w, d, f->delay[0] - 1);
}

/* What is not authentic has no effect at all. */
static void protected_messages_are_immune(void **state)
{
	struct damage damage = { 0 };
	int cut;

	(void)state;
	for (cut = 0; cut < 2; cut++) {
		struct world *w = world_new(1);

		damage.cut = cut;
		w->net = damaged_copies_first;
		w->ctx = &damage;
		world_up(w);
		party_command(&w->party[A], IKE_EV_REKEY_CHILD);
		world_run(w, 1000);
		party_command(&w->party[B], IKE_EV_REKEY_IKE);
		world_run(w, 10000);
		assert_pairs(w);
		assert_traffic(w);
		assert_int_equal(w->party[A].explained.count + w->party[B].explained.count, 0);
		assert_int_equal(w->party[A].fails + w->party[A].downs + w->party[B].downs, 0);
		party_command(&w->party[A], IKE_EV_DOWN);
		world_run(w, 10000);
		assert_nothing(w);
		world_free(w);
	}
}

/* A damaged answer may cost an attempt, but not the tunnel. */
static void unprotected_messages_do_no_lasting_harm(void **state)
{
	struct damage damage = { .first_exchange = true };
	int cut;

	(void)state;
	for (cut = 0; cut < 2; cut++) {
		struct world *w = world_new(1);

		damage.cut = cut;
		w->net = damaged_copies_first;
		w->ctx = &damage;
		world_configure(w);
		party_command(&w->party[A], IKE_EV_UP);
		assert_true(world_run_until(w, world_both_up, 120000));
		world_run(w, 60000);
		assert_pairs(w);
		world_free(w);
	}
}

/* ---- a peer that has proved itself and lies ---- */

static void lie(struct world *w, struct party *from, uint8_t *data, size_t len)
{
	uint32_t n;

	(void)from;
	if (world_random(w, 6))
		return;
	for (n = 1 + world_random(w, 3); n--;) {
		uint8_t *octet = data + world_random(w, len);

		switch (world_random(w, 3)) {
		case 0:
			*octet ^= 1 << world_random(w, 8);
			break;
		case 1:
			*octet = 0xff;
			break;
		default:
			*octet = world_random(w, 8);
			break;
		}
	}
}

static void one_liar(uint64_t seed)
{
	static const enum ike_event_type commands[] = {
		IKE_EV_UP, IKE_EV_REKEY_CHILD, IKE_EV_REKEY_IKE, IKE_EV_UP, IKE_EV_DOWN,
	};
	struct world *w = world_new(seed);
	int i;

	snprintf(w->label, sizeof(w->label), "lies");
	w->plain = lie;
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	for (i = 0; i < 8; i++) {
		world_run(w, world_random(w, 3000));
		party_command(&w->party[world_random(w, N_PARTIES)],
			      commands[world_random(w, ARRAY_SIZE(commands))]);
	}
	/* What was agreed upon meanwhile may not fit; begin anew. */
	w->plain = NULL;
	party_command(&w->party[A], IKE_EV_DOWN);
	party_command(&w->party[B], IKE_EV_DOWN);
	world_run(w, 30000);
	party_command(&w->party[B], IKE_EV_UP);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, LONG_AFTER);
	assert_pairs(w);
	assert_traffic(w);
	world_free(w);
}

static void an_authentic_peer_that_lies(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= LIES; seed++)
		one_liar(seed);
}

/* ---- words ---- */

static void proposals_as_text(void **state)
{
	static const char *const texts[] = {
		"aes256gcm16-prfsha384-x25519", "aes128-sha256-prfsha256-modp2048",
		"chacha20poly1305-prfsha512-ecp256-ecp384",
	};
	struct ike_proposal p, again;
	char text[IKE_MAX_TEXT];
	char err[IKE_MAX_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(ike_proposal_parse(texts[i], IKE_PROTO_IKE, false, &p, err,
					       sizeof(err)));
		ike_proposal_text(&p, text, sizeof(text));
		assert_true(ike_proposal_parse(text, IKE_PROTO_IKE, false, &again, err,
					       sizeof(err)));
		assert_memory_equal(&p, &again, sizeof(p));
	}
}

static void proposals_that_are_none(void **state)
{
	static const char *const texts[] = {
		"", "-", "aes256gcm16", "x25519", "aes256-x25519", "aes256gcm17-x25519",
		"aes256gcm16-aes256-sha256-x25519", "null-sha256-x25519", "3des-sha256-x25519",
		"aes256-md5-x25519", "aes256gcm16-x25519-", "aes256-sha256-modp1536",
	};
	struct ike_proposal p;
	char err[IKE_MAX_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		err[0] = '\0';
		if (ike_proposal_parse(texts[i], IKE_PROTO_IKE, false, &p, err, sizeof(err)))
			fail_msg("'%s' was taken", texts[i]);
		assert_true(strlen(err) > 0);
	}
}

static void selectors_as_text(void **state)
{
	static const char *const texts[] = {
		"10.0.0.0/8", "::/0", "0.0.0.0/0", "2001:db8::/32", "10.0.0.1-10.0.0.9",
		"10.0.0.0/8[6]", "10.0.0.1/32[17/53-53]", "2001:db8::1-2001:db8::3[6/80-443]",
	};
	struct ike_ts ts, again;
	char text[192];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(ike_ts_parse(texts[i], &ts));
		ike_ts_text(&ts, text, sizeof(text));
		assert_true(ike_ts_parse(text, &again));
		assert_memory_equal(&ts, &again, sizeof(ts));
	}
}

static void selectors_that_are_none(void **state)
{
	static const char *const texts[] = {
		"", "/", "10.0.0.0/33", "10.0.0.0/", "10.0.0.9-10.0.0.1", "10.0.0.1-2001:db8::1",
		"10.0.0.0/8[", "10.0.0.0/8]", "10.0.0.0/8[256]", "10.0.0.0/8[6/443-80]",
		"10.0.0.0/8[6/65536]", "10.0.0.0/8-10.0.0.9", "example.net", "::/129",
	};
	struct ike_ts ts;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (ike_ts_parse(texts[i], &ts))
			fail_msg("'%s' was taken", texts[i]);
}

static void identities_as_text(void **state)
{
	static const struct {
		const char *text;
		uint8_t type;
	} cases[] = {
		{ "gw.example.net", IKE_ID_FQDN }, { "me@example.net", IKE_ID_RFC822_ADDR },
		{ "192.0.2.1", IKE_ID_IPV4_ADDR }, { "2001:db8::1", IKE_ID_IPV6_ADDR },
		{ "keyid:@branch-7", IKE_ID_KEY_ID }, { "keyid:00ff10", IKE_ID_KEY_ID },
		{ "dn:3000", IKE_ID_DER_ASN1_DN },
		{ "C=CH, O=Example Org, CN=gw", IKE_ID_DER_ASN1_DN }, { "%any", IKE_ID_ANY },
		{ "*.example.net", IKE_ID_FQDN_IN }, { "*@example.net", IKE_ID_RFC822_IN },
		{ "fqdn:*.example.net", IKE_ID_FQDN }, { "email:*@example.net", IKE_ID_RFC822_ADDR },
	};
	struct ike_id id, again;
	char text[IKE_MAX_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(ike_id_parse(cases[i].text, &id));
		assert_int_equal(id.type, cases[i].type);
		ike_id_text(&id, text, sizeof(text));
		assert_true(ike_id_parse(text, &again));
		assert_memory_equal(&id, &again, sizeof(id));
	}
	assert_false(ike_id_parse("", &id));
	assert_false(ike_id_parse("keyid:0g", &id));
	assert_false(ike_id_parse("keyid:", &id));
	assert_false(ike_id_parse("two words", &id));
	assert_false(ike_id_parse("*", &id));
	assert_false(ike_id_parse("*.", &id));
	assert_false(ike_id_parse("gw.*.net", &id));
	assert_false(ike_id_parse("*.*.net", &id));
	assert_false(ike_id_parse("*a.example.net", &id));
}

static void identities_of_a_domain(void **state)
{
	static const struct {
		const char *wanted;
		const char *id;
		bool match;
	} cases[] = {
		{ "*.example.net", "gw.example.net", true },
		{ "*.example.net", "GW.b.Example.NET", true },
		{ "*.example.net", "example.net", false },
		{ "*.example.net", "fqdn:.example.net", false },
		{ "*.example.net", "gw-example.net", false },
		{ "*.example.net", "gw.example.net.org", false },
		{ "*.example.net", "me@x.example.net", false },
		{ "*.example.net", "keyid:@gw.example.net", false },
		{ "*@example.net", "me@example.net", true },
		{ "*@example.net", "me@b.example.net", false },
		{ "*@example.net", "email:@example.net", false },
		{ "*@example.net", "fqdn:me@example.net", false },
		{ "gw.example.net", "GW.example.net", true },
		{ "fqdn:*.example.net", "gw.example.net", false },
		{ "%any", "keyid:@anybody", true },
	};
	struct ike_id wanted, id;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(ike_id_parse(cases[i].wanted, &wanted));
		assert_true(ike_id_parse(cases[i].id, &id));
		if (ike_id_match(&wanted, &id) != cases[i].match)
			fail_msg("%s and %s", cases[i].wanted, cases[i].id);
		if (ike_id_is_pattern(&wanted) && ike_id_match(&id, &wanted))
			fail_msg("%s is no identity", cases[i].wanted);
	}
}

/* What stands for many in a configuration is nobody on the wire. */
static void patterns_are_not_received(void **state)
{
	static const uint8_t types[] = { IKE_ID_ANY, IKE_ID_FQDN_IN, IKE_ID_RFC822_IN };
	uint8_t body[] = { 0, 0, 0, 0, 'n', 'e', 't' };
	struct ike_id id;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		body[0] = types[i];
		assert_false(ike_id_get((struct ike_chunk){ body, sizeof(body) }, &id));
	}
	body[0] = IKE_ID_FQDN;
	assert_true(ike_id_get((struct ike_chunk){ body, sizeof(body) }, &id));
}

/* RFC 7296 section 2.9, with protocols, ports and both families. */
static void narrowing(void **state)
{
	static const struct {
		const char *offered;
		const char *wanted;
		const char *common;
	} cases[] = {
		{ "0.0.0.0/0", "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16" },
		{ "10.1.0.5-10.1.0.20", "10.1.0.10-10.1.0.30", "10.1.0.10-10.1.0.20" },
		{ "10.1.0.0/16[6]", "10.1.0.0/16[17]", NULL },
		{ "10.1.0.0/16[6/80-90]", "10.1.0.0/16[6/85-443]", "10.1.0.0/16[6/85-90]" },
		{ "10.1.0.0/16", "10.1.0.0/16[6/443]", "10.1.0.0/16[6/443-443]" },
		{ "10.1.0.0/16", "10.2.0.0/16", NULL },
		{ "::/0", "0.0.0.0/0", NULL },
	};
	struct ike_ts offered, wanted, common, out[IKE_MAX_TS];
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(ike_ts_parse(cases[i].offered, &offered));
		assert_true(ike_ts_parse(cases[i].wanted, &wanted));
		n = ike_ts_narrow(&offered, 1, &wanted, 1, out);
		assert_int_equal(n, !!cases[i].common);
		if (!n)
			continue;
		assert_true(ike_ts_parse(cases[i].common, &common));
		assert_true(ike_ts_same(out, n, &common, 1));
		assert_true(ike_ts_within(out, n, &wanted, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_cut_short),
		cmocka_unit_test(chains_with_flipped_bits),
		cmocka_unit_test(bodies_cut_short),
		cmocka_unit_test(random_octets),
		cmocka_unit_test(more_payloads_than_anybody_needs),
		cmocka_unit_test(unknown_payloads),
		cmocka_unit_test(other_versions),
		cmocka_unit_test(a_critical_payload_in_the_first_request),
		cmocka_unit_test(first_requests_cut_short),
		cmocka_unit_test(first_requests_with_flipped_bits),
		cmocka_unit_test(protected_messages_are_immune),
		cmocka_unit_test(unprotected_messages_do_no_lasting_harm),
		cmocka_unit_test(an_authentic_peer_that_lies),
		cmocka_unit_test(proposals_as_text),
		cmocka_unit_test(proposals_that_are_none),
		cmocka_unit_test(selectors_as_text),
		cmocka_unit_test(selectors_that_are_none),
		cmocka_unit_test(identities_as_text),
		cmocka_unit_test(identities_of_a_domain),
		cmocka_unit_test(patterns_are_not_received),
		cmocka_unit_test(narrowing),
	};

	return cmocka_run_group_tests(tests, NULL, world_done);
}
