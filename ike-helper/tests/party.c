// SPDX-License-Identifier: GPL-2.0
#include "party.h"

#include <string.h>

/* ---- configuration ---- */

static void set_proposals(struct ike_proposals *list, const char *text, enum ike_protocol protocol)
{
	char err[IKE_MAX_TEXT];

	if (!ike_proposal_parse(text, protocol, false, &list->p[list->n++], err, sizeof(err)))
		fail_msg("%s", err);
}

static void default_child(struct party *p, struct ike_child_config *child)
{
	snprintf(child->name, sizeof(child->name), "net");
	set_proposals(&child->proposals, "aes256gcm16-esn-noesn", IKE_PROTO_ESP);
	child->n_local = 1;
	child->n_remote = 1;
	assert_true(ike_ts_parse(p->side == A ? "10.1.0.0/16" : "10.2.0.0/16", &child->local[0]));
	assert_true(ike_ts_parse(p->side == A ? "10.2.0.0/16" : "10.1.0.0/16", &child->remote[0]));
}

static void default_config(struct party *p)
{
	static const char *const names[] = { "gw-a.example.net", "gw-b.example.net" };
	struct ike_peer_config *cfg = &p->cfg;

	cfg->tunnel = party_tunnel(p);
	snprintf(cfg->name, sizeof(cfg->name), "%s", names[!p->side]);
	memset(cfg->tag, 0xa0 + p->side, sizeof(cfg->tag));
	assert_true(ike_id_parse(names[p->side], &cfg->local_id));
	assert_true(ike_id_parse(names[!p->side], &cfg->remote_id));
	cfg->auth = IKE_BY_PSK;
	cfg->local = p->addr;
	cfg->n_remote = 1;
	cfg->remote[0] = peer_of(p)->addr;
	set_proposals(&cfg->ike, "aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE);
	cfg->n_children = 1;
	default_child(p, &cfg->children[0]);
	cfg->start = IKE_START_MANUAL;
	cfg->detect_ms = 3000;
	cfg->give_up_ms = 180000;
	cfg->retry_ms = 1000;
	cfg->retransmit_ms = 500;
}

/* ---- life ---- */

uint32_t party_tunnel(const struct party *p)
{
	return p->instance ? p->instance : (uint32_t)TUNNEL + p->side;
}

static void draw(void *ctx, uint8_t *out, size_t len)
{
	struct party *p = ctx;

	while (len--)
		*out++ = world_random(p->w, 256);
}

static void start(struct party *p)
{
	struct ike_core_config cfg = {
		.crypto = &p->crypto,
		.random = draw,
		.random_ctx = p,
		.cookie_threshold = p->cookie_threshold,
	};

	p->core = ike_core_new(&cfg);
	assert_non_null(p->core);
	p->deadline = IKE_NEVER;
}

void party_init(struct party *p, struct world *w, int side)
{
	p->w = w;
	p->side = side;
	p->psk = "a shared secret";
	p->resolves = true;
	p->cookie_threshold = 30;
	p->addr = (struct ike_addr){ .family = 4, .ip = { 192, 0, 2, 1 + side } };
	tap_init(p);
	peer_of(p)->addr = (struct ike_addr){ .family = 4, .ip = { 192, 0, 2, 2 - side } };
	default_config(p);
	start(p);
}

void party_restart(struct party *p)
{
	world_forget(p->w, p);
	ike_core_free(p->core);
	ike_blob_free(&p->stored);
	memset(&p->kernel, 0, sizeof(p->kernel));
	p->up = false;
	p->suspect = false;
	start(p);
}

void party_reboot(struct party *p)
{
	party_restart(p);
	party_configure(p);
}

/* What the new daemon finds in the kernel, as tunnel_introduce() tells it. */
static void adopt(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_ADOPTED, .tunnel = party_tunnel(p) };
	const struct kernel_sa *sa;
	size_t i;

	for (i = 0; i < p->kernel.n_sas; i++) {
		sa = &p->kernel.sa[i];
		ev.u.adopted.child = sa->in.child;
		if (sa->in.dir == IKE_IN) {
			ev.u.adopted.spi_in = sa->in.spi;
			ev.u.adopted.spi_out = kernel_find(p, IKE_OUT, sa->in.pair) ? sa->in.pair : 0;
		} else {
			ev.u.adopted.spi_in = 0;
			ev.u.adopted.spi_out = sa->in.spi;
			if (kernel_find(p, IKE_IN, sa->in.pair))
				continue;
		}
		party_step(p, &ev);
	}
}

static void tell_silence(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_HEARD, .tunnel = party_tunnel(p) };

	if (p->kernel.quiet) {
		ev.type = IKE_EV_QUIET;
		ev.u.quiet.ms = p->w->now - p->kernel.last_in;
	}
	party_step(p, &ev);
}

static void tell_address(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_ROAMED, .tunnel = party_tunnel(p) };

	ev.u.address.ok = true;
	ev.u.address.local = p->addr;
	party_step(p, &ev);
}

static void tell_stored(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_RESUME, .tunnel = party_tunnel(p) };
	struct ike_blob copy = { 0 };

	/* Exactly as long as it is, and the core stores again meanwhile. */
	ike_blob_set(&copy, p->stored.data, p->stored.len);
	ev.u.resume.data = copy.data;
	ev.u.resume.len = copy.len;
	if (copy.len)
		party_step(p, &ev);
	ike_blob_free(&copy);
}

static void tell_reserved(struct party *p, const struct kernel *before)
{
	struct ike_event ev = { .type = IKE_EV_SPI, .tunnel = party_tunnel(p), .u.spi.ok = true };
	size_t i;

	/* One that was freed by now would be freed again, which comes to nothing. */
	for (i = 0; i < before->n_reserved; i++) {
		ev.u.spi.spi = before->reserved[i];
		if (kernel_is_reserved(p, ev.u.spi.spi))
			party_step(p, &ev);
	}
}

void party_die(struct party *p)
{
	world_forget(p->w, p);
	ike_core_free(p->core);
	p->core = NULL;
	p->deadline = IKE_NEVER;
	p->up = false;
	p->suspect = false;
	p->crash_in = 0;
	world_call(p->w, p, p->down_for, party_resume, 0);
}

/* What tunnel_introduce() does. */
void party_resume(struct party *p, uint64_t arg)
{
	const struct kernel before = p->kernel;
	bool had = before.n_sas;

	(void)arg;
	if (p->core)
		return;
	p->resumed = false;
	start(p);
	party_configure(p);
	adopt(p);
	tell_stored(p);
	tell_reserved(p, &before);
	if (p->resumed && p->moved)
		tell_address(p);
	if (had)
		tell_silence(p);
	if (p->held)
		party_command(p, IKE_EV_DOWN);
	if (had && !p->held)
		party_command(p, IKE_EV_UP);
}

void party_crash(struct party *p)
{
	ike_blob_free(&p->stored);
	ike_core_free(p->core);
	p->core = NULL;
	p->up = false;
	p->suspect = false;
	world_forget(p->w, p);
	party_resume(p, 0);
}

void party_move(struct party *p, uint8_t last_octet)
{
	p->moved = true;
	p->addr.ip[3] = last_octet;
	tell_address(p);
}

void party_ppk(struct party *p, const char *id, const char *ppk, bool required)
{
	p->cfg.ppk_id_len = id ? strlen(id) : 0;
	memcpy(p->cfg.ppk_id, id ? id : "", p->cfg.ppk_id_len);
	p->cfg.ppk_required = required;
	p->ppk = ppk;
}

void party_free(struct party *p)
{
	ike_core_free(p->core);
	ike_blob_free(&p->stored);
}

/* ---- actions ---- */

/* Answer of the key process. */
struct key_answer {
	bool ok;
	uint8_t method;
	enum ike_reason reason;
	size_t len;
	size_t certs_len;
	uint8_t auth[IKE_MAX_AUTH];
	uint8_t certs[IKE_MAX_CERTS];
	char text[IKE_MAX_TEXT];
};

static void answer_address(struct party *p, const struct ike_action *act)
{
	struct ike_event ev = { .type = IKE_EV_ADDRESS, .tunnel = act->tunnel, .token = act->token };

	ev.u.address.ok = p->resolves;
	ev.u.address.local = p->addr;
	ev.u.address.remote = p->w->nat && p->side == B ? p->w->nat_addr : peer_of(p)->addr;
	world_answer(p->w, p, &ev);
}

static void answer_spi(struct party *p, const struct ike_action *act)
{
	struct ike_event ev = { .type = IKE_EV_SPI, .tunnel = act->tunnel, .token = act->token };

	ev.u.spi.spi = kernel_alloc(p);
	ev.u.spi.ok = ev.u.spi.spi;
	world_answer(p->w, p, &ev);
}

/* What the key process does with a pre-shared key. */
static void psk_auth(struct party *p, const struct ike_auth_work *work, bool make,
		     struct key_answer *m)
{
	size_t len = 0;

	if (p->psk)
		len = tap_psk_auth(work->prf, (struct ike_chunk){ (const uint8_t *)p->psk,
								  strlen(p->psk) },
				   (struct ike_chunk){ work->octets, work->octets_len }, m->auth);
	m->method = IKE_AUTH_PSK;
	m->len = make ? len : 0;
	m->ok = make ? len : len && len == work->auth_len && !memcmp(m->auth, work->auth, len);
}

/* And with certificates. */
static void pubkey_auth(struct party *p, const struct ike_auth_work *work, bool make,
			struct key_answer *m)
{
	struct ike_chunk octets = { work->octets, work->octets_len };
	struct ike_chunk auth = { work->auth, work->auth_len };
	struct ike_chunk certs = { work->certs, work->certs_len };

	if (make) {
		m->len = ike_pubkey_sign(p->credentials, work->hashes, octets, &m->method, m->auth,
					 m->text, sizeof(m->text));
		m->ok = m->len;
		m->certs_len = ike_credentials_chain(p->credentials, m->certs, sizeof(m->certs));
	} else {
		m->ok = ike_pubkey_verify(p->credentials, &work->remote_id, certs, work->method,
					  auth, octets, &m->reason, m->text, sizeof(m->text));
	}
}

/* What the parent does with a template whose peer is verified. */
static void instantiate(struct party *p, const struct ike_id *id, struct ike_event *answer)
{
	struct ike_peer_config cfg = p->cfg;
	struct ike_event ev = { .type = IKE_EV_CONFIG };

	if (p->full) {
		answer->u.auth.ok = false;
		answer->u.auth.reason = IKE_REASON_TOO_MANY;
		answer->u.auth.text = "the house is full";
		return;
	}
	p->instance = INSTANCE + p->side;
	cfg.tunnel = p->instance;
	cfg.template = false;
	cfg.instance_of = TUNNEL + p->side;
	cfg.remote_id = *id;
	ev.tunnel = p->instance;
	ev.u.config = &cfg;
	party_step(p, &ev);
	answer->tunnel = p->instance;
}

static void answer_auth(struct party *p, const struct ike_action *act)
{
	bool make = act->type == IKE_ACT_MAKE_AUTH;
	struct ike_event ev = {
		.type = make ? IKE_EV_AUTH_MADE : IKE_EV_AUTH_CHECKED,
		.tunnel = act->tunnel,
		.token = act->token,
	};
	const struct ike_auth_work *work = &act->u.auth;
	struct key_answer m = { .reason = IKE_REASON_AUTH_FAILED };

	if (p->deaf) {
		p->deaf--;
		return;
	}
	assert_int_equal(work->kind, p->cfg.auth);
	assert_true(work->spi_i && work->spi_r);
	assert_true(ike_id_match(&p->cfg.local_id, &work->local_id));
	if (work->kind == IKE_BY_PUBKEY)
		pubkey_auth(p, work, make, &m);
	else
		psk_auth(p, work, make, &m);
	ev.u.auth.ok = m.ok;
	ev.u.auth.method = m.method;
	ev.u.auth.data = m.auth;
	ev.u.auth.len = m.len;
	ev.u.auth.certs = m.certs;
	ev.u.auth.certs_len = m.certs_len;
	ev.u.auth.reason = m.reason;
	ev.u.auth.text = m.text;
	if (!make && m.ok && p->cfg.template)
		instantiate(p, &work->remote_id, &ev);
	world_answer(p->w, p, &ev);
}

static void answer_mix(struct party *p, const struct ike_action *act)
{
	struct ike_chunk ppk = { (const uint8_t *)p->ppk, p->ppk ? strlen(p->ppk) : 0 };
	struct ike_event ev = {
		.type = IKE_EV_PPK_MIXED, .tunnel = act->tunnel, .token = act->token,
	};
	const struct ike_ppk_keys *keys = &act->u.mix.keys;
	struct ike_ppk_keys mixed = { 0 };
	uint16_t prf = act->u.mix.prf;

	if (p->deaf) {
		p->deaf--;
		return;
	}
	assert_true(p->cfg.ppk_id_len);
	ev.u.mixed.ok = p->ppk && tap_ppk_mix(prf, ppk, keys->d, mixed.d) &&
			tap_ppk_mix(prf, ppk, keys->pi, mixed.pi) &&
			tap_ppk_mix(prf, ppk, keys->pr, mixed.pr);
	ev.u.mixed.keys = &mixed;
	ev.u.mixed.text = ev.u.mixed.ok ? NULL : "there is no PPK";
	world_answer(p->w, p, &ev);
}

static void take_assigned(struct party *p, const struct ike_action *act)
{
	assert_true(p->cfg.n_vips && act->u.assigned.n_addrs);
	p->assigned = act->u.assigned;
}

static void answer_lease(struct party *p, const struct ike_action *act)
{
	struct ike_event ev = { .type = IKE_EV_LEASED, .tunnel = act->tunnel, .token = act->token };

	assert_true(p->cfg.pool && act->u.lease.spi_i && act->u.lease.spi_r);
	p->wanted = act->u.lease.wanted;
	ev.u.lease.assigned = &p->pool;
	ev.u.lease.text = "the pool is empty";
	world_answer(p->w, p, &ev);
}

static void send_datagram(struct party *p, const struct ike_action *act)
{
	assert_true(act->u.send.len >= IKE_HEADER_LEN);
	assert_int_equal(act->u.send.natt, act->u.send.local.port == 4500);
	assert_true(act->u.send.local.port == 500 || act->u.send.local.port == 4500);
	assert_true(p->moved || ike_addr_same(&act->u.send.local, &p->addr));
	if (ike_addr_same(&act->u.send.local, &p->addr))
		world_send(p, act);
}

static void take_endpoint(struct party *p, const struct ike_action *act)
{
	p->kernel.endpoint_set = true;
	p->kernel.local = act->u.endpoint.local;
	p->kernel.remote = act->u.endpoint.remote;
	p->kernel.encap = act->u.endpoint.encap;
}

static void install_sa(struct party *p, const struct ike_action *act)
{
	kernel_install(p, &act->u.install);
}

static void activate_sa(struct party *p, const struct ike_action *act)
{
	assert_int_equal(act->u.sa.dir, IKE_OUT);
	kernel_activate(p, act->u.sa.spi);
}

static void delete_sa(struct party *p, const struct ike_action *act)
{
	kernel_delete(p, act->u.sa.dir, act->u.sa.spi);
}

static void free_spi(struct party *p, const struct ike_action *act)
{
	kernel_free_spi(p, act->u.sa.spi);
}

static void take_peer_state(struct party *p, const struct ike_action *act)
{
	assert_int_not_equal(p->suspect, act->u.peer.suspect);
	p->suspect = act->u.peer.suspect;
}

static void take_up(struct party *p, const struct ike_action *act)
{
	(void)act;
	assert_false(p->up);
	p->up = true;
	p->ups++;
}

static void take_down(struct party *p, const struct ike_action *act)
{
	assert_true(p->up);
	p->up = false;
	p->downs++;
	p->down_reason = act->u.down.reason;
}

static void take_failed(struct party *p, const struct ike_action *act)
{
	(void)act;
	p->fails++;
}

static void store(struct party *p, const struct ike_action *act)
{
	assert_true(act->u.store.len <= IKE_MAX_STATE);
	ike_blob_set(&p->stored, act->u.store.data, act->u.store.len);
}

static void take_resumed(struct party *p, const struct ike_action *act)
{
	(void)act;
	assert_false(p->resumed);
	p->resumed = true;
}

static void take_explain(struct party *p, const struct ike_action *act)
{
	p->explained.e = act->u.explain;
	p->explained.count++;
	if (p->w->trace)
		printf("%10llu %c explains %s: %s %s; offered %s; wanted %s; %s\n",
		       (unsigned long long)p->w->now, 'A' + p->side,
		       ike_step_name(act->u.explain.step), ike_reason_name(act->u.explain.reason),
		       act->u.explain.by_peer ? "by the peer" : "here", act->u.explain.offered,
		       act->u.explain.wanted, act->u.explain.detail);
}

static void take_log(struct party *p, const struct ike_action *act)
{
	if (p->w->trace)
		printf("%10llu %c log %s\n", (unsigned long long)p->w->now, 'A' + p->side,
		       act->u.log.text);
}

static const struct {
	const char *name;
	void (*carry_out)(struct party *p, const struct ike_action *act);
} actions[] = {
	[IKE_ACT_SEND] = { "send", send_datagram },
	[IKE_ACT_RESOLVE] = { "resolve", answer_address },
	[IKE_ACT_ALLOC_SPI] = { "alloc-spi", answer_spi },
	[IKE_ACT_FREE_SPI] = { "free-spi", free_spi },
	[IKE_ACT_MAKE_AUTH] = { "make-auth", answer_auth },
	[IKE_ACT_CHECK_AUTH] = { "check-auth", answer_auth },
	[IKE_ACT_MIX_PPK] = { "mix-ppk", answer_mix },
	[IKE_ACT_ENDPOINT] = { "endpoint", take_endpoint },
	[IKE_ACT_INSTALL] = { "install", install_sa },
	[IKE_ACT_ACTIVATE] = { "activate", activate_sa },
	[IKE_ACT_DELETE] = { "delete", delete_sa },
	[IKE_ACT_PEER_STATE] = { "peer-state", take_peer_state },
	[IKE_ACT_UP] = { "up", take_up },
	[IKE_ACT_DOWN] = { "down", take_down },
	[IKE_ACT_EXPLAIN] = { "explain", take_explain },
	[IKE_ACT_LOG] = { "log", take_log },
	[IKE_ACT_FAILED] = { "failed", take_failed },
	[IKE_ACT_ASSIGNED] = { "assigned", take_assigned },
	[IKE_ACT_LEASE] = { "lease", answer_lease },
	[IKE_ACT_STORE] = { "store", store },
	[IKE_ACT_RESUMED] = { "resumed", take_resumed },
};

static void trace_action(const struct party *p, const struct ike_action *act)
{
	uint32_t spi = 0;

	if (act->type == IKE_ACT_LOG || act->type == IKE_ACT_EXPLAIN || act->type == IKE_ACT_SEND)
		return;
	if (act->type == IKE_ACT_INSTALL)
		spi = act->u.install.spi;
	else if (act->type == IKE_ACT_ACTIVATE || act->type == IKE_ACT_DELETE ||
		 act->type == IKE_ACT_FREE_SPI)
		spi = act->u.sa.spi;
	printf("%10llu %c %s 0x%x\n", (unsigned long long)p->w->now, 'A' + p->side,
	       actions[act->type].name, spi);
}

/* ---- events ---- */

static bool installs(const struct ike_action *act)
{
	while (act && act->type != IKE_ACT_INSTALL)
		act = act->next;
	return act;
}

/* @act: what would be done next; NULL: an event is there to be looked at */
static bool killed(struct party *p, const struct ike_action *act)
{
	if (act && (act->type == IKE_ACT_LOG || act->type == IKE_ACT_EXPLAIN))
		return false;
	if (!p->crash_in || --p->crash_in)
		return false;
	p->killed = true;
	p->uninstalled = act && act->type != IKE_ACT_STORE && installs(act);
	if (p->w->trace)
		printf("%10llu %c is killed before %s\n", (unsigned long long)p->w->now,
		       'A' + p->side, act ? actions[act->type].name : "an event");
	return true;
}

void party_step(struct party *p, struct ike_event *ev)
{
	struct ike_actions acts = { 0 };
	const struct ike_action *act;
	bool dead = false;

	/* Nobody is there to hear it. */
	if (!p->core)
		return;
	if (killed(p, NULL)) {
		party_die(p);
		return;
	}
	ev->now = p->w->now;
	p->w->steps++;
	ike_core_step(p->core, ev, &acts);
	p->deadline = acts.deadline;
	for (act = acts.head; act; act = act->next) {
		assert_true((size_t)act->type < ARRAY_SIZE(actions));
		/* A template speaks of peers that are not verified. */
		if (act->tunnel && act->type != IKE_ACT_LOG && act->type != IKE_ACT_EXPLAIN &&
		    (!p->cfg.template || (act->type != IKE_ACT_CHECK_AUTH &&
					  act->type != IKE_ACT_MIX_PPK)))
			assert_int_equal(act->tunnel, party_tunnel(p));
		if (p->w->trace)
			trace_action(p, act);
		dead = killed(p, act);
		if (dead)
			break;
		actions[act->type].carry_out(p, act);
	}
	ike_actions_clear(&acts);
	if (dead)
		party_die(p);
}

void party_configure(struct party *p)
{
	struct ike_event ev = { .type = IKE_EV_CONFIG, .tunnel = party_tunnel(p) };

	ev.u.config = &p->cfg;
	party_step(p, &ev);
}

void party_command(struct party *p, enum ike_event_type type)
{
	struct ike_event ev = { .type = type, .tunnel = party_tunnel(p) };

	if (type == IKE_EV_UP || type == IKE_EV_DOWN)
		p->held = type == IKE_EV_DOWN;
	party_step(p, &ev);
}

void party_sa_event(struct party *p, enum ike_event_type type, enum ike_dir dir, uint32_t spi)
{
	struct ike_event ev = { .type = type, .tunnel = party_tunnel(p) };

	ev.u.sa.dir = dir;
	ev.u.sa.spi = spi;
	party_step(p, &ev);
}

/* ---- traffic ---- */

void party_ping(struct party *p, uint8_t child)
{
	struct esp_packet packet;

	p->sent++;
	if (kernel_send(p, child, &packet))
		world_esp(p->w, peer_of(p), &packet);
	else
		p->unsent++;
}

void party_esp(struct party *p, const struct esp_packet *packet)
{
	enum kernel_verdict verdict = kernel_receive(p, packet);

	p->received += verdict == KERNEL_RECEIVED;
	p->lost += verdict == KERNEL_LOST;
	if (verdict == KERNEL_LOST && p->w->trace)
		printf("%10llu %c packet for 0x%x lost\n", (unsigned long long)p->w->now,
		       'A' + p->side, packet->spi);
}
