// SPDX-License-Identifier: GPL-2.0
/*
 * What the parent does for the network process. Every message passed the table in msg.c; here it
 * is checked against what the tunnel may do, as if the network process were an enemy.
 */
#include <string.h>

#include "../core/ids.h"
#include "daemon.h"

static void on_resolve(struct tunnel *t, const struct msg *msg)
{
	const struct msg_resolve *m = msg->data;

	lookup_start(t, msg->head.token, m->attempt);
}

static void on_alloc_spi(struct tunnel *t, const struct msg *msg)
{
	struct msg_event answer = { .type = IKE_EV_SPI };
	int ret = -1;

	if (t->ref.id)
		ret = ipvti_spi_alloc(t->d->ipvti, &t->ref, &answer.spi);
	answer.ok = !ret;
	if (ret)
		log_error(t->conf.name, "cannot reserve an SPI: %s",
			  t->ref.id ? ipvti_error(t->d->ipvti) : "there is no device");
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, msg->head.token,
		 &answer, sizeof(answer));
}

static uint8_t kernel_dir(uint32_t dir)
{
	return dir == IKE_IN ? IPVTI_SA_IN : IPVTI_SA_OUT;
}

static void on_free_spi(struct tunnel *t, const struct msg *msg)
{
	const struct msg_sa *m = msg->data;

	if (t->ref.id)
		ipvti_sa_del(t->d->ipvti, &t->ref, IPVTI_SA_IN, m->spi);
}

static void on_delete(struct tunnel *t, const struct msg *msg)
{
	const struct msg_sa *m = msg->data;
	struct sa *sa = tunnel_sa_find(t, kernel_dir(m->dir), m->spi);

	if (!sa)
		return;
	if (t->ref.id && ipvti_sa_del(t->d->ipvti, &t->ref, sa->dir, sa->spi))
		log_debug(t->conf.name, "SA 0x%08x: %s", sa->spi, ipvti_error(t->d->ipvti));
	tunnel_sa_forget(sa);
	if (t->no_tfc)
		kernel_tfc(t);
	if (t->conf.routes.from_selectors)
		route_apply(t);
}

static void on_activate(struct tunnel *t, const struct msg *msg)
{
	const struct msg_sa *m = msg->data;

	if (t->ref.id && ipvti_sa_activate(t->d->ipvti, &t->ref, m->spi))
		log_debug(t->conf.name, "SA 0x%08x: %s", m->spi, ipvti_error(t->d->ipvti));
}

static void on_endpoint(struct tunnel *t, const struct msg *msg)
{
	kernel_endpoint(t, msg->data);
	lookup_endpoint(t);
}

static void on_install(struct tunnel *t, const struct msg *msg)
{
	const struct ike_install *in = msg->data;
	struct msg_event failed = {
		.type = IKE_EV_SA_FAILED, .dir = in->dir, .spi = in->spi,
	};

	if (!tag_is_of(in->tag, t->tag) || !tunnel_is_verified(t, in->tag))
		snprintf(failed.text, sizeof(failed.text),
			 "the key process did not verify the peer of that IKE SA");
	else if (kernel_install(t, in, failed.text, sizeof(failed.text)))
		return;
	log_error(t->conf.name, "SA 0x%08x refused: %s", in->spi, failed.text);
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &failed,
		 sizeof(failed));
}

static void on_peer_state(struct tunnel *t, const struct msg *msg)
{
	const struct msg_peer *m = msg->data;

	t->suspect = m->suspect;
	if (t->ref.id && ipvti_peer_set(t->d->ipvti, &t->ref, m->suspect))
		log_error(t->conf.name, "cannot set the peer's state: %s",
			  ipvti_error(t->d->ipvti));
}

static void on_state(struct tunnel *t, const struct msg *msg)
{
	const struct msg_state *m = msg->data;
	char text[3 * IKE_MAX_TEXT];

	if (m->reason >= IKE_N_REASONS)
		return;
	if (m->what != IKE_ACT_FAILED) {
		t->up = m->what == IKE_ACT_UP;
		t->since = daemon_clock();
	}
	t->reason = m->reason;
	/* An earlier daemon ran it for this, and name servers are not known yet. */
	if (m->what != IKE_ACT_FAILED && !(t->up && t->assigned_before))
		hook_run(t, t->up ? "up" : "down");
	if (m->what == IKE_ACT_DOWN) {
		assigned_withdraw(t);
		pool_release(t);
	}
	if (m->what == IKE_ACT_FAILED && t->failure.known)
		explain_line(&t->failure, &t->conf, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", ike_reason_text(t->reason));
	if (t->reason != IKE_REASON_NONE && tunnel_lack(t, t->reason)[0])
		snprintf(text, sizeof(text), "%s", tunnel_lack(t, t->reason));
	control_state(t, m->what, text);
	/* Addresses may have changed while nobody looked. */
	if (m->what == IKE_ACT_UP)
		lookup_again(t);
	if (t->template && m->what != IKE_ACT_FAILED)
		template_client_state(t);
}

static void on_resumed(struct tunnel *t, const struct msg *msg)
{
	struct sa *sa;

	(void)msg;
	t->resuming = false;
	LIST_FOREACH(sa, &t->sas, link)
		sa->adopted = false;
}

/* A datagram may wait for the answer, also of a tunnel that has left the configuration. */
static void on_store(struct daemon *d, struct tunnel *t, const struct msg *msg)
{
	if (t)
		state_store(t, msg->data, msg->head.len);
	msg_send(d->processes[MSG_NETWORK].channel, MSG_STORED, msg->head.tunnel, msg->head.token,
		 NULL, 0);
}

static void on_assigned(struct tunnel *t, const struct msg *msg)
{
	assigned_take(t, msg->data);
}

static void on_lease(struct tunnel *t, const struct msg *msg)
{
	const struct msg_lease *m = msg->data;
	const struct ike_id *id = tunnel_peer(t, m->spi_i, m->spi_r);
	struct msg_leased answer = { 0 };

	if (!t->conf.pool.name[0] || !id)
		snprintf(answer.text, sizeof(answer.text),
			 "the key process did not verify the peer of that IKE SA");
	else
		pool_lease(t, id, &m->wanted, &answer);
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_LEASED, t->handle, msg->head.token,
		 &answer, sizeof(answer));
}

static void terminate(char *text, size_t size)
{
	text[size - 1] = 0;
}

static void on_log(struct tunnel *t, const struct msg *msg)
{
	struct msg_log m = *(const struct msg_log *)msg->data;

	terminate(m.text, sizeof(m.text));
	if (m.level < IKE_LOG_ERROR || m.level > IKE_LOG_DEBUG)
		return;
	log_line(LOG_IKE, m.level, t ? t->conf.name : NULL, "%s", m.text);
	if (t)
		control_log(t, m.level, m.text);
}

/* What the key process would have answered. */
static void no_keys(struct daemon *d, const struct msg *msg)
{
	struct msg_channel *network = d->processes[MSG_NETWORK].channel;
	struct msg_verdict verdict = { .text = "the key process is not running" };
	struct msg_mixed mixed = { .text = "the key process is not running" };

	if (msg->head.type == MSG_MIX_PPK)
		msg_send(network, MSG_PPK_MIXED, msg->head.tunnel, msg->head.token, &mixed,
			 sizeof(mixed));
	else
		msg_send(network, msg->head.type == MSG_MAKE_AUTH ? MSG_AUTH_MADE :
			 MSG_AUTH_CHECKED, msg->head.tunnel, msg->head.token, &verdict,
			 sizeof(verdict));
}

/* The key process knows templates, not their clients. */
static void to_keys(struct daemon *d, const struct msg *msg)
{
	const struct tunnel *t = tunnel_by_handle(d, msg->head.tunnel);
	struct msg_channel *keys = d->processes[MSG_KEYS].channel;
	uint32_t handle = t && t->template ? t->template->handle : msg->head.tunnel;

	if (keys)
		msg_send(keys, msg->head.type, handle, msg->head.token, msg->data, msg->head.len);
	else
		no_keys(d, msg);
}

typedef void tunnel_action(struct tunnel *t, const struct msg *msg);

static tunnel_action *const tunnel_actions[MSG_N_TYPES] = {
	[MSG_RESOLVE] = on_resolve,
	[MSG_ALLOC_SPI] = on_alloc_spi,
	[MSG_FREE_SPI] = on_free_spi,
	[MSG_ENDPOINT] = on_endpoint,
	[MSG_INSTALL] = on_install,
	[MSG_ACTIVATE] = on_activate,
	[MSG_DELETE] = on_delete,
	[MSG_PEER_STATE] = on_peer_state,
	[MSG_ASSIGNED] = on_assigned,
	[MSG_LEASE] = on_lease,
	[MSG_STATE] = on_state,
	[MSG_RESUMED] = on_resumed,
};

static void from_network(struct daemon *d, const struct msg *msg)
{
	struct tunnel *t = tunnel_by_handle(d, msg->head.tunnel);

	switch ((enum msg_type)msg->head.type) {
	case MSG_LOG:
		/* Of a tunnel that left the configuration all was said. */
		if (t || !msg->head.tunnel)
			on_log(t, msg);
		break;
	case MSG_EXPLAIN:
		if (t || !msg->head.tunnel)
			explain_take(d, t, msg->data);
		break;
	case MSG_STATUS:
		control_status(d, msg);
		break;
	case MSG_MAKE_AUTH:
	case MSG_CHECK_AUTH:
	case MSG_MIX_PPK:
		to_keys(d, msg);
		break;
	case MSG_STORE:
		on_store(d, t, msg);
		break;
	default:
		/* A tunnel may have left the configuration while the message was under way. */
		if (t)
			tunnel_actions[msg->head.type](t, msg);
	}
}

/* The peer is who it says: it may have SAs, and if it came to a template, a tunnel for them. */
static struct tunnel *verified(struct tunnel *t, struct msg_verdict *v)
{
	struct tunnel *its = t;

	if (v->remote_id.len > sizeof(v->remote_id.data) || ike_id_is_pattern(&v->remote_id)) {
		v->ok = false;
		return t;
	}
	if (t->conf.template)
		its = template_client(t, &v->remote_id, v->text, sizeof(v->text));
	if (its) {
		tunnel_verified(its, v->spi_i, v->spi_r, &v->remote_id);
		return its;
	}
	v->ok = false;
	v->reason = IKE_REASON_TOO_MANY;
	return t;
}

/* Pass it on. */
static void from_keys(struct daemon *d, const struct msg *msg)
{
	struct tunnel *t = tunnel_by_handle(d, msg->head.tunnel);
	struct msg_verdict v;

	if (!t)
		return;
	if (msg->head.type == MSG_CREDENTIALS) {
		tunnel_credentials(t, msg->data);
		return;
	}
	if (msg->head.type == MSG_PPK_MIXED) {
		msg_send(d->processes[MSG_NETWORK].channel, MSG_PPK_MIXED, msg->head.tunnel,
			 msg->head.token, msg->data, msg->head.len);
		return;
	}
	v = *(const struct msg_verdict *)msg->data;
	terminate(v.text, sizeof(v.text));
	if (v.ok && msg->head.type == MSG_AUTH_CHECKED)
		t = verified(t, &v);
	if (!v.ok)
		log_line(LOG_KEYS, IKE_LOG_NOTICE, t->conf.name, "authentication: %s", v.text);
	msg_send(d->processes[MSG_NETWORK].channel, msg->head.type, t->handle, msg->head.token, &v,
		 sizeof(v));
}

void actions_take(struct msg_channel *ch, const struct msg *msg, void *arg)
{
	struct process *p = arg;

	(void)ch;
	if (p->role == MSG_NETWORK)
		from_network(p->d, msg);
	else if (p->role == MSG_KEYS)
		from_keys(p->d, msg);
	else
		lookup_from_resolver(p->d, msg);
}
