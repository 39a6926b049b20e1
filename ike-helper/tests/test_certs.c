// SPDX-License-Identifier: GPL-2.0
/* Two cores that authenticate with certificates: every key, every refusal, and both ends say why. */
#include <string.h>

#include "party.h"
#include "pki.h"

static const char *const ids[N_PARTIES] = { "gw-a.example.net", "gw-b.example.net" };

static void certify(struct party *p, const struct pki_spec *spec)
{
	ike_credentials_free(p->credentials);
	p->credentials = pki_credentials(spec, spec->revoked);
	p->cfg.auth = IKE_BY_PUBKEY;
	assert_true(ike_id_parse(ids[p->side], &p->cfg.local_id));
	assert_true(ike_id_parse(ids[!p->side], &p->cfg.remote_id));
	p->cfg.authorities_len = ike_credentials_authorities(p->credentials, p->cfg.authorities,
							     sizeof(p->cfg.authorities));
	assert_int_equal(p->cfg.authorities_len, 20);
}

static struct world *certified_world(const struct pki_spec *a, const struct pki_spec *b)
{
	struct world *w = world_new(1);

	w->party[A].credentials = w->party[B].credentials = NULL;
	certify(&w->party[A], a);
	certify(&w->party[B], b);
	return w;
}

static void end_world(struct world *w)
{
	ike_credentials_free(w->party[A].credentials);
	ike_credentials_free(w->party[B].credentials);
	world_free(w);
}

static struct pki_spec spec_of(int side, enum pki_key key)
{
	static const char *const sans[] = { "DNS:gw-a.example.net", "DNS:gw-b.example.net" };

	return (struct pki_spec){ .key = key, .san = sans[side], .cn = side ? "b" : "a" };
}

static void every_key_with_every_other(void **state)
{
	struct pki_spec a, b;
	struct world *w;
	int i, k;

	(void)state;
	for (i = 0; i < PKI_N_KEYS; i++)
		for (k = 0; k < PKI_N_KEYS; k++) {
			a = spec_of(A, i);
			b = spec_of(B, k);
			w = certified_world(&a, &b);
			snprintf(w->label, sizeof(w->label), "%s with %s", pki_key_name(i),
				 pki_key_name(k));
			world_up(w);
			assert_pairs(w);
			assert_traffic(w);
			assert_int_equal(w->party[A].explained.count, 0);
			assert_int_equal(w->party[B].explained.count, 0);
			end_world(w);
		}
}

/* A chain makes IKE_AUTH longer than a packet. */
static void a_chain_in_fragments(void **state)
{
	struct pki_spec a = spec_of(A, PKI_RSA);
	struct pki_spec b = spec_of(B, PKI_RSA);
	struct world *w;

	(void)state;
	a.between = true;
	b.between = true;
	w = certified_world(&a, &b);
	w->party[A].cfg.fragment_size = 576;
	w->party[B].cfg.fragment_size = 576;
	world_up(w);
	assert_true(w->datagrams > 8);
	assert_pairs(w);
	end_world(w);
}

static void expect_refusal(struct world *w, int side, enum ike_reason reason, const char *text)
{
	const struct ike_explanation *e = &w->party[side].explained.e;

	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	world_run(w, 500);
	assert_true(w->party[side].explained.count > 0);
	assert_string_equal(ike_reason_name(e->reason), ike_reason_name(reason));
	if (!strstr(e->detail, text))
		fail_msg("\"%s\" is not in \"%s\"", text, e->detail);
	assert_int_equal(w->party[A].kernel.n_sas, 0);
}

/* What is wrong with the certificate of one end is said by the other, whichever began. */
static void refused_certificates(void **state)
{
	static const struct {
		struct pki_spec spec;
		const char *said;
	} cases[] = {
		{ { .san = "DNS:elsewhere.example.net" }, "its certificate is for DNS:elsewhere" },
		{ { .to = -60 }, "expired on 20" },
		{ { .other_ca = true }, "which is no ca of this tunnel" },
	};
	struct pki_spec spec[N_PARTIES];
	struct world *w;
	size_t i;
	int bad;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (bad = A; bad < N_PARTIES; bad++) {
			spec[A] = spec_of(A, PKI_P256);
			spec[B] = spec_of(B, PKI_P256);
			spec[bad].to = cases[i].spec.to;
			spec[bad].other_ca = cases[i].spec.other_ca;
			if (cases[i].spec.san)
				spec[bad].san = cases[i].spec.san;
			w = certified_world(&spec[A], &spec[B]);
			expect_refusal(w, !bad, IKE_REASON_CERTIFICATE, cases[i].said);
			end_world(w);
		}
}

static void a_secret_against_a_certificate(void **state)
{
	struct pki_spec a = spec_of(A, PKI_P256);
	struct pki_spec b = spec_of(B, PKI_P256);
	struct world *w = certified_world(&a, &b);
	const struct ike_contrast *row = &w->party[B].explained.e.row[0];

	(void)state;
	w->party[A].cfg.auth = IKE_BY_PSK;
	expect_refusal(w, B, IKE_REASON_AUTH_METHOD, "");
	assert_true(row->differs);
	assert_string_equal(row->theirs, "pre-shared key");
	assert_string_equal(row->ours, "certificate and signature");
	end_world(w);
}

/* RFC 8784: another signature goes along for a peer that does not know the PPK. */
static void a_ppk_beside_signatures(void **state)
{
	static const struct {
		const char *id;
		const char *ppk;
		bool up;
		bool used;
	} cases[] = {
		{ "ppk", "secret", true, true },
		{ "other", "secret", true, false },
		{ "ppk", "other", false, false },
	};
	struct pki_spec a = spec_of(A, PKI_RSA);
	struct pki_spec b = spec_of(B, PKI_P256);
	struct ike_status st;
	struct world *w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w = certified_world(&a, &b);
		party_ppk(&w->party[A], "ppk", "secret", false);
		party_ppk(&w->party[B], cases[i].id, cases[i].ppk, false);
		if (cases[i].up) {
			world_up(w);
			assert_pairs(w);
			assert_true(ike_core_status(w->party[B].core, TUNNEL + B, &st));
			assert_int_equal(st.ppk, cases[i].used);
		} else {
			expect_refusal(w, B, IKE_REASON_AUTH_FAILED, ", or another PPK of that name");
		}
		end_world(w);
	}
}

static int done(void **state)
{
	pki_done();
	return world_done(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_with_every_other),
		cmocka_unit_test(a_chain_in_fragments),
		cmocka_unit_test(refused_certificates),
		cmocka_unit_test(a_secret_against_a_certificate),
		cmocka_unit_test(a_ppk_beside_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
