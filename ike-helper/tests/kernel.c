// SPDX-License-Identifier: GPL-2.0
#include "party.h"

#include <string.h>

/* ---- SPIs ---- */

static size_t find_reserved(const struct kernel *k, uint32_t spi)
{
	size_t i;

	for (i = 0; i < k->n_reserved && k->reserved[i] != spi; i++)
		;
	return i;
}

uint32_t kernel_alloc(struct party *p)
{
	struct kernel *k = &p->kernel;
	uint32_t spi;

	if (k->refuse_spi) {
		k->refuse_spi--;
		return 0;
	}
	/* Each kernel has its own half of the numbers, so that a mix-up does not pass. */
	do {
		spi = 0x10000000 * (p->side + 1) + world_random(p->w, 0x10000000);
	} while (find_reserved(k, spi) < k->n_reserved || kernel_find(p, IKE_IN, spi));
	assert_true(k->n_reserved < MAX_SAS);
	k->reserved[k->n_reserved++] = spi;
	return spi;
}

static void unreserve(struct kernel *k, uint32_t spi)
{
	size_t i = find_reserved(k, spi);

	if (i == k->n_reserved && k->patient)
		return;
	if (i == k->n_reserved)
		fail_msg("SPI 0x%08x was not reserved", spi);
	k->reserved[i] = k->reserved[--k->n_reserved];
}

bool kernel_is_reserved(const struct party *p, uint32_t spi)
{
	return find_reserved(&p->kernel, spi) < p->kernel.n_reserved;
}

void kernel_free_spi(struct party *p, uint32_t spi)
{
	unreserve(&p->kernel, spi);
}

/* ---- SAs the core may still believe in ---- */

static void forget(struct party *p, uint32_t spi)
{
	struct kernel *k = &p->kernel;

	k->gone[k->n_gone++ % MAX_GONE] = spi;
}

static bool forgotten(const struct kernel *k, uint32_t spi)
{
	size_t i;

	for (i = 0; i < k->n_gone && i < MAX_GONE; i++)
		if (k->gone[i] == spi)
			return true;
	return false;
}

/* ---- SAs ---- */

struct kernel_sa *kernel_find(struct party *p, enum ike_dir dir, uint32_t spi)
{
	struct kernel *k = &p->kernel;
	size_t i;

	for (i = 0; i < k->n_sas; i++)
		if (k->sa[i].in.dir == dir && k->sa[i].in.spi == spi)
			return &k->sa[i];
	return NULL;
}

/* The newest outbound SA takes over from one that goes; the SAs are in the order of their age. */
static void hand_over(struct kernel *k, uint8_t child)
{
	size_t i;

	k->current[child] = 0;
	for (i = 0; i < k->n_sas; i++)
		if (k->sa[i].in.dir == IKE_OUT && k->sa[i].in.child == child)
			k->current[child] = k->sa[i].in.spi;
	for (i = 0; i < k->n_sas; i++)
		if (k->sa[i].in.spi == k->current[child])
			k->sa[i].waiting = false;
}

static void remove_sa(struct party *p, struct kernel_sa *sa)
{
	struct kernel *k = &p->kernel;
	struct ike_install gone = sa->in;

	k->n_sas--;
	memmove(sa, sa + 1, (k->sa + k->n_sas - sa) * sizeof(*sa));
	if (gone.dir == IKE_OUT && k->current[gone.child] == gone.spi)
		hand_over(k, gone.child);
}

static void raise_sa_event(struct party *p, enum ike_event_type type, enum ike_dir dir,
			   uint32_t spi)
{
	struct ike_event ev = {
		.type = type,
		.tunnel = party_tunnel(p),
		.u.sa = { .dir = dir, .spi = spi, .text = "refused by the test" },
	};

	world_answer(p->w, p, &ev);
}

/* Both directions share one argument: the upper half tells which. */
static uint64_t sa_arg(enum ike_dir dir, uint32_t spi)
{
	return (uint64_t)dir << 32 | spi;
}

static void soft_limit(struct party *p, uint64_t arg)
{
	if (kernel_find(p, arg >> 32, arg))
		raise_sa_event(p, IKE_EV_SOFT_EXPIRE, arg >> 32, arg);
}

void kernel_expire(struct party *p, enum ike_dir dir, uint32_t spi)
{
	struct kernel_sa *sa = kernel_find(p, dir, spi);

	if (!sa)
		return;
	remove_sa(p, sa);
	forget(p, spi);
	raise_sa_event(p, IKE_EV_HARD_EXPIRE, dir, spi);
}

static void hard_limit(struct party *p, uint64_t arg)
{
	kernel_expire(p, arg >> 32, arg);
}

/* Silence that is told. */
static uint32_t quiet_after(const struct party *p)
{
	return p->cfg.probe_ms ? p->cfg.probe_ms : p->cfg.detect_ms / 3;
}

static void look_at_silence(struct party *p, uint64_t arg)
{
	struct kernel *k = &p->kernel;
	struct ike_event ev = { .type = IKE_EV_QUIET, .tunnel = party_tunnel(p) };
	uint64_t since = p->w->now - k->last_in;

	(void)arg;
	k->watching = false;
	if (!k->n_sas || k->quiet)
		return;
	if (since < quiet_after(p)) {
		k->watching = true;
		world_call(p->w, p, quiet_after(p) - since, look_at_silence, 0);
		return;
	}
	k->quiet = true;
	ev.u.quiet.ms = since;
	world_answer(p->w, p, &ev);
}

static void watch(struct party *p)
{
	if (p->kernel.watching || !quiet_after(p))
		return;
	p->kernel.watching = true;
	world_call(p->w, p, quiet_after(p), look_at_silence, 0);
}

static void check_install(struct party *p, const struct ike_install *in)
{
	struct kernel *k = &p->kernel;

	assert_true(k->endpoint_set);
	assert_true(in->spi > 255 && in->pair > 255);
	assert_true(in->key_len > 0);
	assert_true(in->n_local > 0 && in->n_remote > 0);
	assert_true(in->child < p->cfg.n_children);
	assert_memory_equal(in->tag, p->cfg.tag, sizeof(p->cfg.tag));
	if (kernel_find(p, in->dir, in->spi))
		fail_msg("SA 0x%08x is there already", in->spi);
	if (k->n_sas == MAX_SAS)
		fail_msg("too many SAs");
}

bool kernel_install(struct party *p, const struct ike_install *in)
{
	struct kernel *k = &p->kernel;
	struct kernel_sa *sa;
	size_t i;

	check_install(p, in);
	if (in->dir == IKE_IN)
		unreserve(k, in->spi);
	if (k->refuse_install) {
		k->refuse_install--;
		forget(p, in->spi);
		raise_sa_event(p, IKE_EV_SA_FAILED, in->dir, in->spi);
		return false;
	}
	if (!k->n_sas) {
		k->last_in = p->w->now;
		k->quiet = false;
		k->unheard = true;
		watch(p);
	}
	sa = &k->sa[k->n_sas++];
	*sa = (struct kernel_sa){ .in = *in };
	if (in->soft.seconds)
		world_call(p->w, p, in->soft.seconds * 1000ull, soft_limit,
			   sa_arg(in->dir, in->spi));
	if (in->hard.seconds)
		world_call(p->w, p, in->hard.seconds * 1000ull, hard_limit,
			   sa_arg(in->dir, in->spi));
	if (in->dir == IKE_OUT) {
		sa->waiting = in->activate == IKE_ACTIVATE_FIRST_USE;
		if (!sa->waiting)
			k->current[in->child] = in->spi;
	}
	for (i = 0; in->dir == IKE_IN && i < MAX_HELD; i++)
		if (k->held[i].spi == in->spi) {
			world_esp(p->w, p, &k->held[i]);
			k->held[i].spi = 0;
		}
	return true;
}

void kernel_activate(struct party *p, uint32_t spi)
{
	struct kernel_sa *sa = kernel_find(p, IKE_OUT, spi);

	if (!sa && (p->kernel.patient || forgotten(&p->kernel, spi)))
		return;
	if (!sa)
		fail_msg("no outbound SA 0x%08x to activate", spi);
	sa->waiting = false;
	p->kernel.current[sa->in.child] = spi;
}

void kernel_delete(struct party *p, enum ike_dir dir, uint32_t spi)
{
	struct kernel_sa *sa = kernel_find(p, dir, spi);

	if (!sa && (p->kernel.patient || forgotten(&p->kernel, spi)))
		return;
	if (!sa)
		fail_msg("no %s SA 0x%08x to delete", dir == IKE_IN ? "inbound" : "outbound", spi);
	remove_sa(p, sa);
}

/* ---- packets ---- */

static void fill_packet(const struct ike_install *in, struct esp_packet *packet)
{
	*packet = (struct esp_packet){
		.spi = in->spi,
		.key_len = in->key_len,
		.esn = in->esn,
	};
	memcpy(packet->key, in->key, in->key_len);
	memcpy(packet->alg, in->alg, sizeof(packet->alg));
}

bool kernel_send(struct party *p, uint8_t child, struct esp_packet *packet)
{
	uint32_t spi = p->kernel.current[child];
	struct kernel_sa *sa = spi ? kernel_find(p, IKE_OUT, spi) : NULL;

	if (sa)
		fill_packet(&sa->in, packet);
	return sa;
}

static bool authentic(const struct ike_install *in, const struct esp_packet *packet)
{
	struct esp_packet want;

	fill_packet(in, &want);
	return want.key_len == packet->key_len && want.esn == packet->esn &&
	       !strcmp(want.alg, packet->alg) && !memcmp(want.key, packet->key, want.key_len);
}

static void first_use(struct party *p, struct kernel_sa *sa)
{
	struct kernel_sa *pair = kernel_find(p, IKE_OUT, sa->in.pair);

	sa->used = true;
	if (pair && pair->waiting) {
		pair->waiting = false;
		p->kernel.current[pair->in.child] = pair->in.spi;
	}
	raise_sa_event(p, IKE_EV_FIRST_USE, IKE_IN, sa->in.spi);
}

/* The peer's packets come from another port of its NAT: ours go there from now on. */
static void roam(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_ROAMED, .tunnel = party_tunnel(p) };
	struct kernel *k = &p->kernel;

	if (!p->w->nat || p->side == A || !k->encap || k->remote.port == p->w->nat_port)
		return;
	k->remote.port = p->w->nat_port;
	ev.u.address.ok = true;
	ev.u.address.remote = k->remote;
	world_answer(p->w, p, &ev);
}

static bool hold(struct kernel *k, const struct esp_packet *packet)
{
	if (find_reserved(k, packet->spi) == k->n_reserved)
		return false;
	k->held[k->n_held++ % MAX_HELD] = *packet;
	return true;
}

enum kernel_verdict kernel_receive(struct party *p, const struct esp_packet *packet)
{
	struct kernel *k = &p->kernel;
	struct kernel_sa *sa = kernel_find(p, IKE_IN, packet->spi);
	struct ike_event ev = { .type = IKE_EV_HEARD, .tunnel = party_tunnel(p) };

	if (!sa)
		return hold(k, packet) ? KERNEL_HELD : KERNEL_LOST;
	if (!authentic(&sa->in, packet))
		return KERNEL_LOST;
	k->last_in = p->w->now;
	roam(p);
	if (k->quiet || k->unheard) {
		k->quiet = false;
		k->unheard = false;
		world_answer(p->w, p, &ev);
	}
	watch(p);
	if (!sa->used)
		first_use(p, sa);
	return KERNEL_RECEIVED;
}
