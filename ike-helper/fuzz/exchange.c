// SPDX-License-Identifier: GPL-2.0
/*
 * Two parties with crypto.c, brought to a stage; then the network is the fuzzer's. The input is a
 * list of records, each an octet of what it is, two of length and a body:
 *
 *	0	the body is a datagram
 *	1, 2	likewise, but its header is put right for the next request (the response awaited)
 *		of an IKE SA of the receiver, and so is the length of its Encrypted payload: what is
 *		left is what somebody who knows the keys can say
 *	3	the first octet of the body is a command for the receiver
 *	4	time passes: two octets of milliseconds
 *
 * Bits 0 to 2 of the first octet say which; bit 3: the receiver is A, not B; bit 4: to port 4500;
 * bit 5: from elsewhere; bits 6 and 7: which IKE SA. The kernel of tests/kernel.c checks what the
 * cores do, and when both ends are told to go down nothing may be left.
 *
 * With FUZZ_SEED=FILE the messages that a tunnel would exchange from the stage on go there instead,
 * in the form of the input.
 */
#include <stdlib.h>
#include <string.h>

#include "../tests/party.h"

enum {
	STAGE_INIT,		/* configured; A may be told to connect */
	STAGE_AUTH,		/* IKE_SA_INIT is done, IKE_AUTH is not */
	STAGE_BODY,		/* up */
	STAGE_FRAGMENTS,	/* like AUTH, and A sends fragments */
};

enum {
	RECORD_DATAGRAM,
	RECORD_REQUEST,
	RECORD_RESPONSE,
	RECORD_COMMAND,
	RECORD_TIME,
	RECORD_MASK = 7,
	TO_A = 8,
	TO_NATT = 16,
	FROM_ELSEWHERE = 32,
	WHICH_SHIFT = 6,

	RECORD_HEADER = 3,
	MAX_DATAGRAM = 8192,
	PAUSE = 5,			/* ms after a record */
	PEACE = 60000,
	SMALL = 576,
	INIT_MESSAGES = 2,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the stages ---- */

static void drop(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	(void)d;
	f->copies = 0;
}

static void drop_behind_init(struct world *w, const struct datagram *d, struct fate *f)
{
	(void)w;
	f->copies = d->number < INIT_MESSAGES;
}

static bool keys_known(const struct world *w)
{
	const struct ike_sa *sa = w->party[A].core->sas;

	return sa && sa->job.type == IKE_JOB_AUTH && sa->job.sent;
}

/* Something to choose from, and a group for each rekey. */
static void configure(struct party *p)
{
	struct ike_peer_config *cfg = &p->cfg;
	char err[IKE_MAX_TEXT];

	cfg->detect_ms = 0;
	cfg->mobike = true;
	cfg->fragment_size = STAGE == STAGE_FRAGMENTS ? SMALL : 0;
	cfg->children[1] = cfg->children[0];
	cfg->n_children = 2;
	assert_true(ike_ts_parse("2001:db8::/32", &cfg->children[1].local[0]));
	assert_true(ike_ts_parse("2001:db8::/32[6/443]", &cfg->children[1].remote[0]));
	assert_true(ike_ts_parse("10.8.0.0-10.9.3.4", &cfg->children[0].local[1]));
	cfg->children[0].n_local = 2;
	assert_true(ike_proposal_parse("aes256gcm16-x25519-ecp256-esn-noesn", IKE_PROTO_ESP, false,
				       &cfg->children[0].proposals.p[1], err, sizeof(err)));
	cfg->children[0].proposals.n = 2;
	assert_true(ike_proposal_parse("aes128-sha256-ecp256-modp2048", IKE_PROTO_IKE, false,
				       &cfg->ike.p[1], err, sizeof(err)));
	cfg->ike.n = 2;
	party_ppk(p, "ppk", "key", false);
}

static void reach_stage(struct world *w)
{
	configure(&w->party[A]);
	configure(&w->party[B]);
	if (STAGE == STAGE_FRAGMENTS)
		world_long_names(w);
	world_configure(w);
	if (STAGE == STAGE_BODY) {
		party_command(&w->party[A], IKE_EV_UP);
		assert_true(world_run_until(w, world_both_up, PEACE));
		world_run(w, 1000);
	} else if (STAGE != STAGE_INIT) {
		w->net = drop_behind_init;
		party_command(&w->party[A], IKE_EV_UP);
		assert_true(world_run_until(w, keys_known, PEACE));
	}
}

/* ---- records ---- */

static const struct ike_sa *choose_sa(const struct party *p, unsigned int which)
{
	const struct ike_sa *sa = p->core->sas;

	while (sa && which--)
		sa = sa->next;
	return sa;
}

static void put_right(const struct ike_sa *sa, bool response, uint8_t *data, size_t len)
{
	uint8_t next = data[16];

	ike_store_u64(data, sa->spi_i);
	ike_store_u64(data + 8, sa->spi_r);
	data[17] = IKE_VERSION;
	data[19] = (sa->initiator ? 0 : IKE_FLAG_INITIATOR) | (response ? IKE_FLAG_RESPONSE : 0);
	ike_store_u32(data + 20, response ? sa->next_out : sa->next_in);
	ike_store_u32(data + 24, len);
	if ((next != IKE_P_SK && next != IKE_P_SKF) ||
	    len < IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN)
		return;
	data[30] = (len - IKE_HEADER_LEN) >> 8;
	data[31] = len - IKE_HEADER_LEN;
}

static void send_record(struct party *to, uint8_t what, const uint8_t *body, size_t len)
{
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };
	const struct ike_sa *sa = choose_sa(to, what >> WHICH_SHIFT);
	unsigned int kind = what & RECORD_MASK;
	uint8_t *data = malloc(len ? len : 1);

	assert_non_null(data);
	if (len)
		memcpy(data, body, len);
	if (kind != RECORD_DATAGRAM && sa && len >= IKE_HEADER_LEN)
		put_right(sa, kind == RECORD_RESPONSE, data, len);
	ev.u.datagram.local = to->addr;
	ev.u.datagram.remote = peer_of(to)->addr;
	if (what & FROM_ELSEWHERE)
		ev.u.datagram.remote.ip[3] = 77;
	ev.u.datagram.local.port = what & TO_NATT ? 4500 : 500;
	ev.u.datagram.remote.port = ev.u.datagram.local.port;
	ev.u.datagram.data = data;
	ev.u.datagram.len = len;
	party_step(to, &ev);
	free(data);
}

static void command(struct party *p, uint8_t number)
{
	static const enum ike_event_type commands[] = {
		IKE_EV_UP, IKE_EV_DOWN, IKE_EV_REKEY_CHILD, IKE_EV_REKEY_IKE, IKE_EV_ACQUIRE,
		IKE_EV_HEARD, IKE_EV_QUIET,
	};
	size_t n = number % (ARRAY_SIZE(commands) + 1);
	struct kernel *k = &p->kernel;

	if (n < ARRAY_SIZE(commands))
		party_command(p, commands[n]);
	else if (k->n_sas)
		kernel_expire(p, k->sa[number % k->n_sas].in.dir, k->sa[number % k->n_sas].in.spi);
}

static void play(struct world *w, const uint8_t *data, size_t size)
{
	struct party *to;
	size_t len;

	while (size >= RECORD_HEADER) {
		len = data[1] << 8 | data[2];
		len = len < size - RECORD_HEADER ? len : size - RECORD_HEADER;
		to = &w->party[data[0] & TO_A ? A : B];
		if ((data[0] & RECORD_MASK) <= RECORD_RESPONSE && len <= MAX_DATAGRAM)
			send_record(to, data[0], data + RECORD_HEADER, len);
		else if ((data[0] & RECORD_MASK) == RECORD_COMMAND && len)
			command(to, data[RECORD_HEADER]);
		else if ((data[0] & RECORD_MASK) == RECORD_TIME && len >= 2)
			world_run(w, data[RECORD_HEADER] << 8 | data[RECORD_HEADER + 1]);
		world_run(w, PAUSE);
		data += RECORD_HEADER + len;
		size -= RECORD_HEADER + len;
	}
}

/* ---- seeds ---- */

static FILE *seed_file;

static void write_record(uint8_t what, const void *body, size_t len)
{
	const uint8_t head[RECORD_HEADER] = { what, len >> 8, len };

	fwrite(head, sizeof(head), 1, seed_file);
	fwrite(body, len, 1, seed_file);
}

static void record(struct world *w, const struct datagram *d, struct fate *f)
{
	uint8_t what = RECORD_DATAGRAM;

	(void)w;
	(void)f;
	if (d->exchange != IKE_EXCH_SA_INIT)
		what = d->response ? RECORD_RESPONSE : RECORD_REQUEST;
	write_record(what | (d->from == A ? 0 : TO_A), d->data, d->len);
}

static void tell(struct world *w, int side, uint8_t number)
{
	write_record(RECORD_COMMAND | (side == A ? TO_A : 0), &number, 1);
	command(&w->party[side], number);
	world_run(w, 2000);
}

static void write_seed(struct world *w, const char *name)
{
	uint8_t number;

	seed_file = fopen(name, "w");
	assert_non_null(seed_file);
	w->net = record;
	if (STAGE == STAGE_INIT)
		tell(w, A, 0);
	world_run(w, 6000);
	for (number = 2; STAGE == STAGE_BODY && number <= 3; number++) {
		tell(w, A, number);
		tell(w, B, number);
	}
	tell(w, A, 1);
	fclose(seed_file);
}

/* ---- entry ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *seed = getenv("FUZZ_SEED");
	struct world *w = world_new(1);

	reach_stage(w);
	if (seed) {
		write_seed(w, seed);
		_Exit(0);
	}
	w->net = drop;
	play(w, data, size);
	party_command(&w->party[A], IKE_EV_DOWN);
	party_command(&w->party[B], IKE_EV_DOWN);
	world_run(w, PEACE);
	assert_nothing(w);
	world_free(w);
	return 0;
}
