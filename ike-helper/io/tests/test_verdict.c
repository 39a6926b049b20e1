// SPDX-License-Identifier: GPL-2.0
/* The key process: who gets an AUTH made or checked, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/transform.h"
#include "../../crypto/openssl.h"
#include "../keys.h"

#define TUNNEL 7
#define PRF_HMAC_SHA2_256 5
#define FLAG_INITIATOR 0x08
#define FLAG_RESPONSE 0x20
#define SPI_I UINT64_C(0x1111111111111111)
#define SPI_R UINT64_C(0x2222222222222222)
#define OCTETS 100

struct fixture {
	struct ike_crypto *crypto;
	struct keys *keys;
	struct msg_auth *m;
};

/* What the side with these flags signs: the start of its IKE_SA_INIT message. */
static void question(struct fixture *f, uint64_t spi_i, uint8_t flags)
{
	uint64_t be;

	f->m->prf = PRF_HMAC_SHA2_256;
	f->m->kind = IKE_BY_PSK;
	f->m->method = IKE_AUTH_PSK;
	f->m->spi_i = spi_i;
	f->m->spi_r = SPI_R;
	ike_id_parse("a.example.net", &f->m->local_id);
	ike_id_parse("b.example.net", &f->m->remote_id);
	memset(f->m->data, 0x55, OCTETS);
	be = htobe64(spi_i);
	memcpy(f->m->data, &be, 8);
	be = flags & FLAG_RESPONSE ? htobe64(SPI_R) : 0;
	memcpy(f->m->data + 8, &be, 8);
	f->m->data[18] = 34;
	f->m->data[19] = flags;
}

static void ask(struct fixture *f, bool make, struct msg_verdict *v)
{
	keys_auth(f->keys, TUNNEL, f->m, OCTETS, make, v);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct msg_secret s = { .len = 6, .secret = "secret" };

	f->crypto = ike_openssl_new();
	f->keys = keys_new(f->crypto);
	f->m = calloc(1, sizeof(*f->m) + OCTETS);
	ike_id_parse("a.example.net", &s.local_id);
	ike_id_parse("b.example.net", &s.remote_id);
	keys_learn(f->keys, TUNNEL, &s);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	keys_free(f->keys);
	ike_openssl_free(f->crypto);
	free(f->m);
	free(f);
	return 0;
}

static void makes_and_checks(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict made, checked;

	question(f, SPI_I, FLAG_INITIATOR);
	ask(f, true, &made);
	assert_true(made.ok);
	assert_int_equal(made.len, 32);

	/* The peer's side of another IKE SA signs the same octets with the same key. */
	question(f, SPI_I + 1, FLAG_INITIATOR);
	f->m->auth_len = 32;
	ask(f, false, &checked);
	assert_false(checked.ok);
	assert_int_equal(checked.len, 0);
	assert_non_null(strstr(checked.text, "another pre-shared key"));
}

/* The expected AUTH data of the peer must not be had by asking for it as our own. */
static void does_not_sign_for_the_peer(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict v;

	question(f, SPI_I, FLAG_INITIATOR);
	ask(f, true, &v);
	assert_true(v.ok);
	question(f, SPI_I, FLAG_RESPONSE);
	ask(f, true, &v);
	assert_false(v.ok);
	assert_int_equal(v.len, 0);
	assert_non_null(strstr(v.text, "the other side's"));
}

static void does_not_check_what_it_signed(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict v;

	question(f, SPI_I, FLAG_INITIATOR);
	ask(f, true, &v);
	assert_true(v.ok);
	memcpy(f->m->auth, v.auth, v.len);
	f->m->auth_len = v.len;
	ask(f, false, &v);
	assert_false(v.ok);
}

static void verifies_the_responder(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict v;
	uint8_t auth[64];
	size_t n;

	question(f, SPI_I, FLAG_RESPONSE);
	n = ike_openssl_psk_auth(f->crypto, PRF_HMAC_SHA2_256,
				 (struct ike_chunk){ (const uint8_t *)"secret", 6 },
				 (struct ike_chunk){ f->m->data, OCTETS }, auth);
	memcpy(f->m->auth, auth, n);
	f->m->auth_len = n;
	ask(f, false, &v);
	assert_true(v.ok);
	assert_true(v.spi_i == SPI_I && v.spi_r == SPI_R);
	f->m->auth[0] ^= 1;
	ask(f, false, &v);
	assert_false(v.ok);
	f->m->auth[0] ^= 1;
	f->m->auth_len--;
	ask(f, false, &v);
	assert_false(v.ok);
}

static void refuses_other_identities(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict v;

	question(f, SPI_I, FLAG_INITIATOR);
	ike_id_parse("c.example.net", &f->m->remote_id);
	ask(f, true, &v);
	assert_false(v.ok);
	question(f, SPI_I, FLAG_INITIATOR);
	ike_id_parse("c.example.net", &f->m->local_id);
	ask(f, true, &v);
	assert_false(v.ok);
}

/* For a tunnel that takes several, whoever is named must be somebody. */
static void knows_who_a_pattern_stands_for(void **state)
{
	static const struct {
		const char *wanted;
		const char *shown;
		bool ok;
	} cases[] = {
		{ "%any", "c.example.org", true }, { "%any", "%any", false },
		{ "%any", "*.example.net", false }, { "*.example.net", "c.example.net", true },
		{ "*.example.net", "c.example.org", false },
		{ "*.example.net", "*.example.net", false },
		{ "*@example.net", "me@example.net", true },
		{ "*@example.net", "*@example.net", false },
	};
	struct msg_secret s = { .len = 6, .secret = "secret" };
	struct fixture *f = *state;
	struct msg_verdict v;
	size_t i;

	ike_id_parse("a.example.net", &s.local_id);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ike_id_parse(cases[i].wanted, &s.remote_id);
		keys_learn(f->keys, TUNNEL, &s);
		question(f, SPI_I + i, FLAG_INITIATOR);
		ike_id_parse(cases[i].shown, &f->m->remote_id);
		ask(f, false, &v);
		assert_false(v.ok);
		assert_int_equal(!strstr(v.text, "remote-id"), cases[i].ok);
	}
	/* Before it is known who the responder is. */
	question(f, SPI_I + 100, FLAG_INITIATOR);
	f->m->remote_id = s.remote_id;
	ask(f, true, &v);
	assert_true(v.ok);
}

static void refuses_octets_of_no_message(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict v;

	question(f, SPI_I, FLAG_INITIATOR);
	f->m->data[18] = 35;
	ask(f, true, &v);
	assert_false(v.ok);
	question(f, SPI_I, FLAG_INITIATOR);
	f->m->spi_i++;
	ask(f, true, &v);
	assert_false(v.ok);
	question(f, SPI_I, FLAG_INITIATOR);
	keys_auth(f->keys, TUNNEL, f->m, 20, true, &v);
	assert_false(v.ok);
}

static void forgets(void **state)
{
	struct fixture *f = *state;
	struct msg_verdict v;

	keys_forget(f->keys, TUNNEL);
	question(f, SPI_I, FLAG_INITIATOR);
	ask(f, true, &v);
	assert_false(v.ok);
	assert_non_null(strstr(v.text, "no secret"));
}

static void mix(struct fixture *f, uint16_t prf, struct msg_mixed *answer)
{
	struct msg_mix m = { .prf = prf };

	memset(m.keys.d, 1, sizeof(m.keys.d));
	memset(m.keys.pi, 2, sizeof(m.keys.pi));
	memset(m.keys.pr, 3, sizeof(m.keys.pr));
	keys_mix(f->keys, TUNNEL, &m, answer);
}

/* The first block of prf+ is all there is: prf (PPK, key | 1). */
static void mixes_a_ppk(void **state)
{
	struct msg_ppk ppk = { .len = 3, .secret = "ppk" };
	struct ike_chunk key = { ppk.secret, ppk.len };
	struct fixture *f = *state;
	struct msg_mixed answer;
	uint8_t in[33], out[64];
	struct ike_chunk part = { in, sizeof(in) };

	mix(f, PRF_HMAC_SHA2_256, &answer);
	assert_false(answer.ok);
	assert_non_null(strstr(answer.text, "no PPK"));
	keys_learn_ppk(f->keys, TUNNEL, &ppk);
	mix(f, PRF_HMAC_SHA2_256, &answer);
	assert_true(answer.ok);
	memset(in, 2, sizeof(in));
	in[32] = 1;
	assert_true(f->crypto->mac(f->crypto->ctx, IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_256, key, &part,
				   1, out));
	assert_memory_equal(answer.keys.pi, out, 32);
	assert_memory_not_equal(answer.keys.d, answer.keys.pr, 32);
	mix(f, 999, &answer);
	assert_false(answer.ok);
	assert_non_null(strstr(answer.text, "not supported"));
}

static void forgets_a_ppk(void **state)
{
	struct msg_ppk ppk = { .len = 3, .secret = "ppk" }, none = { 0 };
	struct fixture *f = *state;
	struct msg_mixed answer;

	keys_learn_ppk(f->keys, TUNNEL, &ppk);
	keys_learn_ppk(f->keys, TUNNEL, &none);
	mix(f, PRF_HMAC_SHA2_256, &answer);
	assert_false(answer.ok);
	keys_learn_ppk(f->keys, TUNNEL, &ppk);
	keys_forget(f->keys, TUNNEL);
	mix(f, PRF_HMAC_SHA2_256, &answer);
	assert_false(answer.ok);
}

static void messages_are_checked(void **state)
{
	struct msg_header h = { .type = MSG_INSTALL, .len = sizeof(struct ike_install) };

	(void)state;
	assert_null(msg_check(&h, MSG_NETWORK, MSG_PARENT));
	assert_non_null(msg_check(&h, MSG_KEYS, MSG_PARENT));
	assert_non_null(msg_check(&h, MSG_PARENT, MSG_NETWORK));
	h.len--;
	assert_non_null(msg_check(&h, MSG_NETWORK, MSG_PARENT));
	h.len += 2;
	assert_non_null(msg_check(&h, MSG_NETWORK, MSG_PARENT));
	h.type = MSG_N_TYPES;
	assert_non_null(msg_check(&h, MSG_NETWORK, MSG_PARENT));
	h.type = MSG_SECRET;
	h.len = sizeof(struct msg_secret);
	assert_null(msg_check(&h, MSG_PARENT, MSG_KEYS));
	assert_non_null(msg_check(&h, MSG_PARENT, MSG_NETWORK));
	h.type = MSG_PPK;
	h.len = sizeof(struct msg_ppk);
	assert_null(msg_check(&h, MSG_PARENT, MSG_KEYS));
	assert_non_null(msg_check(&h, MSG_PARENT, MSG_NETWORK));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_and_checks),
		TEST(does_not_sign_for_the_peer),
		TEST(does_not_check_what_it_signed),
		TEST(verifies_the_responder),
		TEST(refuses_other_identities),
		TEST(knows_who_a_pattern_stands_for),
		TEST(refuses_octets_of_no_message),
		TEST(forgets),
		TEST(mixes_a_ppk),
		TEST(forgets_a_ppk),
		TEST(messages_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
