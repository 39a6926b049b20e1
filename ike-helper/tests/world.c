// SPDX-License-Identifier: GPL-2.0
#include "party.h"

#include <stdlib.h>
#include <string.h>

enum {
	LONG_NAME = 250,
};

/**
 * struct item - something that will happen to a party: an event, a call or a packet
 */
struct item {
	struct item *next;
	uint64_t at;
	uint64_t seq;
	struct party *to;
	struct ike_event ev;
	uint8_t *data;
	uint8_t *certs;
	char *text;
	void (*call)(struct party *p, uint64_t arg);
	uint64_t arg;
	struct esp_packet *packet;
};

struct party *peer_of(const struct party *p)
{
	return &p->w->party[!p->side];
}

/* ---- life ---- */

/* splitmix64 */
static uint64_t draw(struct world *w)
{
	uint64_t z = w->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t world_random(struct world *w, uint32_t n)
{
	return n ? draw(w) % n : 0;
}

static void print_core(const struct party *p)
{
	const struct ike_child *child;
	const struct ike_sa *sa;

	for (sa = p->core ? p->core->sas : NULL; sa; sa = sa->next) {
		print_message("%c: IKE SA %016llx_i %016llx_r %s, job %d\n", 'A' + p->side,
			      (unsigned long long)sa->spi_i, (unsigned long long)sa->spi_r,
			      ike_sa_state_name(sa->state), sa->job.type);
		for (child = sa->children; child; child = child->next)
			print_message("%c:   Child SA %u in 0x%08x out 0x%08x, state %d\n",
				      'A' + p->side, child->cfg, child->spi_in, child->spi_out,
				      child->state);
	}
}

static void print_kernel(const struct party *p)
{
	const struct kernel *k = &p->kernel;
	size_t i;

	for (i = 0; i < k->n_sas; i++)
		print_message("%c: kernel %s 0x%08x of child %u%s\n", 'A' + p->side,
			      k->sa[i].in.dir == IKE_IN ? "in " : "out", k->sa[i].in.spi,
			      k->sa[i].in.child,
			      k->current[k->sa[i].in.child] == k->sa[i].in.spi ? ", current" : "");
	for (i = 0; i < k->n_reserved; i++)
		print_message("%c: kernel reserved 0x%08x\n", 'A' + p->side, k->reserved[i]);
}

/* A test that fails leaves its world behind. */
static struct world *live;

static void clear_up(void)
{
	int side;

	if (!live)
		return;
	print_message("it happened in: %s, seed %llu\n", live->label,
		      (unsigned long long)live->first_seed);
	for (side = A; side < N_PARTIES; side++) {
		print_core(&live->party[side]);
		print_kernel(&live->party[side]);
	}
	world_free(live);
}

struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	int side;

	assert_non_null(w);
	clear_up();
	live = w;

	w->now = 1000000;
	w->seed = seed;
	w->first_seed = seed;
	w->delay = 10;
	w->trace = getenv("IKE_TRACE");
	for (side = A; side < N_PARTIES; side++)
		w->party[side].w = w;
	for (side = A; side < N_PARTIES; side++)
		party_init(&w->party[side], w, side);
	return w;
}

static void item_free(struct item *item)
{
	free(item->data);
	free(item->certs);
	free(item->text);
	free(item->packet);
	free(item);
}

void world_free(struct world *w)
{
	struct item *next;
	int side;

	if (!w)
		return;
	for (side = A; side < N_PARTIES; side++)
		party_free(&w->party[side]);
	for (; w->queue; w->queue = next) {
		next = w->queue->next;
		item_free(w->queue);
	}
	free(w->wire);
	free(w);
	live = NULL;
}

unsigned long world_setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

void world_long_names(struct world *w)
{
	char name[8 + LONG_NAME + 1] = "fqdn:";
	int side;

	for (side = A; side < N_PARTIES; side++) {
		memset(name + 5, 'a' + side, LONG_NAME);
		assert_true(ike_id_parse(name, &w->party[side].cfg.local_id));
		w->party[!side].cfg.remote_id = w->party[side].cfg.local_id;
	}
}

int world_done(void **state)
{
	(void)state;
	clear_up();
	tap_done();
	return 0;
}

void world_configure(struct world *w)
{
	party_configure(&w->party[A]);
	party_configure(&w->party[B]);
}

void world_up(struct world *w)
{
	world_configure(w);
	party_command(&w->party[A], IKE_EV_UP);
	assert_true(world_run_until(w, world_both_up, 60000));
}

/* ---- queue ---- */

static struct item *enqueue(struct world *w, struct party *to, uint64_t delay)
{
	struct item *item = calloc(1, sizeof(*item));
	struct item **at = &w->queue;

	assert_non_null(item);
	item->to = to;
	item->at = w->now + delay;
	item->seq = w->seq++;
	while (*at && (*at)->at <= item->at)
		at = &(*at)->next;
	item->next = *at;
	*at = item;
	return item;
}

/* Exactly as long as it is, so that reading past the end is seen. */
static uint8_t *copy_data(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

static void copy_auth(struct item *item, const struct ike_event *ev)
{
	item->data = copy_data(ev->u.auth.data, ev->u.auth.len);
	item->certs = copy_data(ev->u.auth.certs, ev->u.auth.certs_len);
	item->text = ev->u.auth.text ? strdup(ev->u.auth.text) : NULL;
	item->ev.u.auth.data = item->data;
	item->ev.u.auth.certs = item->certs;
	item->ev.u.auth.text = item->text;
}

static void copy_mixed(struct item *item, const struct ike_event *ev)
{
	item->data = copy_data((const uint8_t *)ev->u.mixed.keys, sizeof(*ev->u.mixed.keys));
	item->text = ev->u.mixed.text ? strdup(ev->u.mixed.text) : NULL;
	item->ev.u.mixed.keys = (const struct ike_ppk_keys *)item->data;
	item->ev.u.mixed.text = item->text;
}

void world_event(struct world *w, struct party *to, uint64_t delay, const struct ike_event *ev)
{
	struct item *item = enqueue(w, to, delay);

	item->ev = *ev;
	if (ev->type == IKE_EV_DATAGRAM)
		item->ev.u.datagram.data = item->data = copy_data(ev->u.datagram.data,
								  ev->u.datagram.len);
	else if (ev->type == IKE_EV_AUTH_MADE || ev->type == IKE_EV_AUTH_CHECKED)
		copy_auth(item, ev);
	else if (ev->type == IKE_EV_PPK_MIXED)
		copy_mixed(item, ev);
}

void world_answer(struct world *w, struct party *to, const struct ike_event *ev)
{
	world_event(w, to, world_random(w, w->answer_delay), ev);
}

void world_call(struct world *w, struct party *to, uint64_t delay,
		void (*call)(struct party *p, uint64_t arg), uint64_t arg)
{
	struct item *item = enqueue(w, to, delay);

	item->call = call;
	item->arg = arg;
}

void world_esp(struct world *w, struct party *to, const struct esp_packet *packet)
{
	struct item *item = enqueue(w, to, w->delay);

	item->packet = malloc(sizeof(*packet));
	assert_non_null(item->packet);
	*item->packet = *packet;
}

void world_forget(struct world *w, const struct party *p)
{
	struct item **at = &w->queue;
	struct item *item;

	while ((item = *at)) {
		if (item->to != p || item->call || item->packet ||
		    item->ev.type == IKE_EV_DATAGRAM) {
			at = &item->next;
			continue;
		}
		*at = item->next;
		item_free(item);
	}
}

/* ---- network ---- */

/* How the sender looks from outside. */
static struct ike_addr outside(const struct world *w, const struct party *p,
			       const struct ike_addr *local)
{
	struct ike_addr addr = *local;

	if (!w->nat || p->side != A)
		return addr;
	addr = w->nat_addr;
	addr.port = w->nat_port - (local->port != 4500);
	return addr;
}

/* Where a datagram to that address arrives; false if nowhere. */
static bool inside(const struct world *w, const struct party *p, const struct ike_addr *remote,
		   struct ike_addr *addr)
{
	*addr = *remote;
	if (!w->nat || p->side != A)
		return ike_addr_same(remote, &p->addr);
	if (!ike_addr_same(remote, &w->nat_addr) || remote->port > w->nat_port ||
	    remote->port + 1 < w->nat_port)
		return false;
	*addr = p->addr;
	addr->port = remote->port == w->nat_port ? 4500 : 500;
	return true;
}

static void trace_datagram(const struct datagram *d, const struct world *w, const struct fate *f)
{
	printf("%10llu %c datagram %u: exchange %u %s %u, %zu octets, %s\n",
	       (unsigned long long)w->now, 'A' + d->from, d->number, d->exchange,
	       d->response ? "response" : "request", d->id, d->len,
	       f->copies ? f->copies > 1 ? "twice" : "sent" : "lost");
}

/* ---- what may be said once only ---- */

/**
 * struct said - something that went over the wire
 * @what: which message, or which IV, as a hash; 0 for nothing
 * @datagram: hash of the datagram
 */
struct said {
	uint64_t what;
	uint64_t datagram;
};

/* FNV-1a */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

static struct said *find_said(struct said *table, size_t size, uint64_t what)
{
	size_t i = what % size;

	while (table[i].what && table[i].what != what)
		i = (i + 1) % size;
	return &table[i];
}

static void more_room(struct world *w)
{
	size_t size = w->wire_size ? 2 * w->wire_size : 256;
	struct said *table = calloc(size, sizeof(*table));
	size_t i;

	assert_non_null(table);
	for (i = 0; i < w->wire_size; i++)
		if (w->wire[i].what)
			*find_said(table, size, w->wire[i].what) = w->wire[i];
	free(w->wire);
	w->wire = table;
	w->wire_size = size;
}

static bool said_otherwise(struct world *w, uint64_t what, uint64_t datagram)
{
	struct said *s;

	if (2 * w->n_wire >= w->wire_size)
		more_room(w);
	s = find_said(w->wire, w->wire_size, what);
	if (s->what)
		return s->datagram != datagram;
	*s = (struct said){ what, datagram };
	w->n_wire++;
	return false;
}

/*
 * Whatever happens to an end: under one message id it says one thing (RFC 7296 section 2.1), and an IV
 * protects one message.
 */
static void check_wire(struct world *w, const struct datagram *d, const struct ike_header *h)
{
	size_t at = IKE_HEADER_LEN + (h->next == IKE_P_SKF ? IKE_SKF_HEADER_LEN :
				      IKE_PAYLOAD_HEADER_LEN);
	uint64_t datagram = hash(0xcbf29ce484222325, d->data, d->len);
	uint8_t by = h->flags & IKE_FLAG_INITIATOR;
	uint64_t sa;

	if ((h->next != IKE_P_SK && h->next != IKE_P_SKF) || d->len < at + 8)
		return;
	sa = hash(0xcbf29ce484222325, &h->spi_i, 8);
	sa = hash(hash(sa, &h->spi_r, 8), &by, 1);
	if (said_otherwise(w, hash(sa, d->data + at, 8), datagram))
		fail_msg("%c uses an IV again", 'A' + d->from);
	/* Flags, message id, and the number of a fragment. */
	sa = hash(sa, d->data + 19, 5);
	sa = hash(sa, d->data + IKE_HEADER_LEN + 4, at - IKE_HEADER_LEN - 4);
	if (said_otherwise(w, sa, datagram))
		fail_msg("%c says something else with message id %u", 'A' + d->from, h->id);
}

void world_send(struct party *from, const struct ike_action *act)
{
	struct world *w = from->w;
	struct party *to = peer_of(from);
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };
	struct fate f = { .copies = 1, .delay = { w->delay, w->delay } };
	struct datagram d = { .number = w->datagrams++, .from = from->side };
	struct ike_header h;
	unsigned int i;

	assert_true(ike_header_get(act->u.send.data, act->u.send.len, &h));
	d.exchange = h.exchange;
	d.response = h.flags & IKE_FLAG_RESPONSE;
	d.id = h.id;
	d.dscp = act->u.send.dscp;
	d.data = act->u.send.data;
	d.len = act->u.send.len;
	check_wire(w, &d, &h);
	if (w->net)
		w->net(w, &d, &f);
	if (w->trace)
		trace_datagram(&d, w, &f);
	ev.u.datagram.remote = outside(w, from, &act->u.send.local);
	if (!inside(w, to, &act->u.send.remote, &ev.u.datagram.local))
		return;
	ev.u.datagram.data = act->u.send.data;
	ev.u.datagram.len = act->u.send.len;
	for (i = 0; i < f.copies; i++)
		world_event(w, to, f.delay[i], &ev);
}

/* ---- clock ---- */

static struct party *next_timer(struct world *w)
{
	struct party *a = &w->party[A];
	struct party *b = &w->party[B];

	return a->deadline <= b->deadline ? a : b;
}

static void happen(struct item *item)
{
	if (item->call)
		item->call(item->to, item->arg);
	else if (item->packet)
		party_esp(item->to, item->packet);
	else
		party_step(item->to, &item->ev);
}

/* A timer that is due again at once and does nothing would spin for ever. */
static void fire_timer(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_TIMER };
	uint64_t before = p->deadline;

	party_step(p, &ev);
	if (p->deadline <= before && p->deadline <= p->w->now)
		fail_msg("the timer of %c stands still at %llu", 'A' + p->side,
			 (unsigned long long)before);
}

/* The next thing to happen, if it is not later than @until. */
static bool advance(struct world *w, uint64_t until)
{
	struct party *timer = next_timer(w);
	struct item *item = w->queue;
	uint64_t at = item && item->at <= timer->deadline ? item->at : timer->deadline;

	if (at > until)
		return false;
	if (at > w->now)
		w->now = at;
	if (!item || item->at > timer->deadline) {
		fire_timer(timer);
		return true;
	}
	w->queue = item->next;
	happen(item);
	item_free(item);
	return true;
}

void world_run(struct world *w, uint64_t ms)
{
	uint64_t until = w->now + ms;

	while (advance(w, until))
		;
	w->now = until;
}

bool world_run_until(struct world *w, bool (*done)(const struct world *w), uint64_t ms)
{
	uint64_t until = w->now + ms;

	while (!done(w))
		if (!advance(w, until)) {
			w->now = until;
			return done(w);
		}
	return true;
}

/* ---- conditions ---- */

bool world_both_up(const struct world *w)
{
	return w->party[A].up && w->party[B].up;
}

bool world_both_down(const struct world *w)
{
	return !w->party[A].up && !w->party[B].up;
}

static bool party_quiet(const struct party *p)
{
	const struct ike_sa *sa;

	for (sa = p->core->sas; sa; sa = sa->next)
		if (!sa->dead && (sa->job.type || sa->answer.active))
			return false;
	return true;
}

bool world_quiet(const struct world *w)
{
	return party_quiet(&w->party[A]) && party_quiet(&w->party[B]);
}

size_t count_ike_sas(const struct party *p)
{
	const struct ike_sa *sa;
	size_t n = 0;

	for (sa = p->core->sas; sa; sa = sa->next)
		n += !sa->dead;
	return n;
}

static const struct kernel_sa *only_sa(const struct party *p, enum ike_dir dir, uint8_t child)
{
	const struct kernel_sa *found = NULL;
	size_t i;

	for (i = 0; i < p->kernel.n_sas; i++) {
		const struct kernel_sa *sa = &p->kernel.sa[i];

		if (sa->in.dir != dir || sa->in.child != child)
			continue;
		if (found)
			fail_msg("%c has two %s SAs of child %u: 0x%x and 0x%x", 'A' + p->side,
				 dir == IKE_IN ? "inbound" : "outbound", child, found->in.spi,
				 sa->in.spi);
		found = sa;
	}
	if (!found)
		fail_msg("%c has no %s SA of child %u", 'A' + p->side,
			 dir == IKE_IN ? "inbound" : "outbound", child);
	return found;
}

static void assert_fit(const struct party *from, uint8_t child)
{
	const struct party *to = peer_of(from);
	const struct ike_install *out = &only_sa(from, IKE_OUT, child)->in;
	const struct ike_install *in = &only_sa(to, IKE_IN, child)->in;

	assert_int_equal(out->spi, in->spi);
	assert_int_equal(out->pair, in->pair);
	assert_string_equal(out->alg, in->alg);
	assert_int_equal(out->key_len, in->key_len);
	assert_memory_equal(out->key, in->key, in->key_len);
	assert_int_equal(out->esn, in->esn);
	assert_true(ike_ts_same(out->local, out->n_local, in->remote, in->n_remote));
	assert_true(ike_ts_same(out->remote, out->n_remote, in->local, in->n_local));
	assert_int_equal(from->kernel.current[child], out->spi);
}

void assert_pairs(struct world *w)
{
	const struct party *a = &w->party[A];
	const struct party *b = &w->party[B];
	uint8_t child;
	int side;

	assert_int_equal(a->cfg.n_children, b->cfg.n_children);
	for (child = 0; child < a->cfg.n_children; child++) {
		assert_fit(a, child);
		assert_fit(b, child);
	}
	for (side = A; side < N_PARTIES; side++) {
		assert_int_equal(w->party[side].kernel.n_sas, 2 * a->cfg.n_children);
		assert_int_equal(w->party[side].kernel.n_reserved, 0);
		assert_int_equal(count_ike_sas(&w->party[side]), 1);
		assert_true(w->party[side].up);
	}
	assert_true(a->core->sas->spi_i == b->core->sas->spi_i);
	assert_true(a->core->sas->spi_r == b->core->sas->spi_r);
}

void assert_nothing(struct world *w)
{
	int side;

	for (side = A; side < N_PARTIES; side++) {
		assert_int_equal(w->party[side].kernel.n_sas, 0);
		assert_int_equal(w->party[side].kernel.n_reserved, 0);
		assert_int_equal(count_ike_sas(&w->party[side]), 0);
		assert_false(w->party[side].up);
	}
}

void assert_traffic(struct world *w)
{
	struct party before[N_PARTIES] = { w->party[A], w->party[B] };
	unsigned int n = w->party[A].cfg.n_children;
	uint8_t child;
	int side;

	for (child = 0; child < n; child++) {
		party_ping(&w->party[A], child);
		party_ping(&w->party[B], child);
	}
	world_run(w, 2 * w->delay + 1);
	for (side = A; side < N_PARTIES; side++) {
		assert_true(w->party[side].received >= before[side].received + n);
		assert_int_equal(w->party[side].unsent, before[side].unsent);
		assert_int_equal(w->party[side].lost, before[side].lost);
	}
}
