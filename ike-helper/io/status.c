// SPDX-License-Identifier: GPL-2.0
/* What the daemon tells people about a tunnel. Times are milliseconds ago, or from now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"

json_t *status_string(const char *text)
{
	char ascii[4 * IKE_MAX_TEXT];
	json_t *s = json_string(text);
	size_t i;

	if (s)
		return s;
	for (i = 0; i < sizeof(ascii) - 1 && text[i]; i++)
		ascii[i] = (signed char)text[i] < 0 ? '?' : text[i];
	ascii[i] = 0;
	return json_string(ascii);
}

static void set_string(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, status_string(text));
}

static void set_address(json_t *o, const char *key, const struct ike_addr *a, bool port)
{
	struct ike_addr copy = *a;
	char text[64];

	if (!a->family)
		return;
	if (!port)
		copy.port = 0;
	ike_addr_text(&copy, text, sizeof(text));
	set_string(o, key, text);
}

static void set_id(json_t *o, const char *key, const struct ike_id *id)
{
	char text[2 * IKE_MAX_ID + 16];

	ike_id_text(id, text, sizeof(text));
	set_string(o, key, text);
}

static void set_spi(json_t *o, const char *key, uint64_t spi, int digits)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, spi);
	set_string(o, key, text);
}

static void set_number(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer(n));
}

static json_t *selectors(const struct ike_ts *ts, uint8_t n)
{
	json_t *list = json_array();
	char text[128];
	uint8_t i;

	for (i = 0; i < n && i < IKE_MAX_TS; i++) {
		ike_ts_text(&ts[i], text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *ike_json(const struct msg_status *m)
{
	const struct ike_status *st = &m->status;
	json_t *o = json_object();

	set_string(o, "state", ike_sa_state_name(st->state));
	set_string(o, "role", st->initiator ? "initiator" : "responder");
	json_object_set_new(o, "resumed", json_boolean(st->resumed));
	json_object_set_new(o, "ppk", json_boolean(st->ppk));
	set_spi(o, "spi-i", st->spi_i, 16);
	set_spi(o, "spi-r", st->spi_r, 16);
	set_string(o, "proposal", st->proposal);
	json_object_set_new(o, "nat-local", json_boolean(st->nat_local));
	json_object_set_new(o, "nat-remote", json_boolean(st->nat_remote));
	if (st->state != IKE_SA_CONNECTING && m->now >= st->since)
		set_number(o, "age", m->now - st->since);
	if (st->rekey_at != IKE_NEVER && st->rekey_at > m->now)
		set_number(o, "rekey-in", st->rekey_at - m->now);
	if (st->asked != IKE_NEVER && m->now >= st->asked)
		set_number(o, "unanswered", m->now - st->asked);
	return o;
}

static void set_counters(json_t *o, struct tunnel *t, uint8_t dir, uint32_t spi)
{
	struct ipvti_message msg;

	if (!spi || !kernel_sa_get(t, dir, spi, &msg))
		return;
	set_number(o, dir == IPVTI_SA_IN ? "packets-in" : "packets-out", msg.sa.packets);
	set_number(o, dir == IPVTI_SA_IN ? "bytes-in" : "bytes-out", msg.sa.bytes);
}

static json_t *child_json(struct tunnel *t, const struct msg_status *m,
			  const struct ike_child_status *c)
{
	const struct sa *in = tunnel_sa_find(t, IPVTI_SA_IN, c->spi_in);
	json_t *o = json_object();

	set_string(o, "alg", in ? in->alg : c->proposal);
	json_object_set_new(o, "esn", json_boolean(in && in->esn));
	set_spi(o, "spi-in", c->spi_in, 8);
	set_spi(o, "spi-out", c->spi_out, 8);
	if (m->now >= c->since)
		set_number(o, "age", m->now - c->since);
	json_object_set_new(o, "local-ts", selectors(c->local, c->n_local));
	json_object_set_new(o, "remote-ts", selectors(c->remote, c->n_remote));
	set_counters(o, t, IPVTI_SA_IN, c->spi_in);
	set_counters(o, t, IPVTI_SA_OUT, c->spi_out);
	return o;
}

/* SAs of an earlier run that no new ones have replaced yet. */
static unsigned int count_adopted(struct tunnel *t)
{
	unsigned int n = 0;
	struct sa *sa;

	LIST_FOREACH(sa, &t->sas, link)
		n += sa->adopted;
	return n;
}

static const char *state_word(struct tunnel *t, const struct msg_status *m)
{
	if (t->up)
		return t->suspect ? "suspect" : "up";
	if (count_adopted(t))
		return "adopted";
	if (m && m->known && m->status.state == IKE_SA_CONNECTING)
		return "connecting";
	return m && m->known && m->status.wanted ? "waiting" : "down";
}

/* What was asked for is no error. */
static bool is_error(enum ike_reason reason)
{
	return reason != IKE_REASON_NONE && reason != IKE_REASON_DELETED_HERE;
}

static void set_error(json_t *o, struct tunnel *t)
{
	char text[4 * IKE_MAX_TEXT];

	if (tunnel_lack(t, IKE_REASON_NONE)[0]) {
		set_string(o, "error", tunnel_lack(t, IKE_REASON_NONE));
	} else if (!t->up && is_error(t->reason)) {
		if (t->failure.known)
			explain_line(&t->failure, &t->conf, text, sizeof(text));
		set_string(o, "error", t->failure.known ? text : ike_reason_text(t->reason));
	}
	if (t->reason != IKE_REASON_NONE)
		set_string(o, "reason", ike_reason_name(t->reason));
}

/* Heard by ESP, as the kernel knows, or by IKE, as the core knows. */
static void set_heard(json_t *o, const struct ipvti_message *dev, const struct msg_status *m)
{
	uint64_t ms = UINT64_MAX;

	if (dev && ipvti_has(&dev->device, IPVTI_A_DEV_RX_AGE))
		ms = dev->device.rx_age;
	if (m && m->known && m->status.heard && m->now - m->status.heard < ms)
		ms = m->now - m->status.heard;
	if (ms != UINT64_MAX)
		set_number(o, "last-heard", ms);
}

static void set_core(json_t *o, struct tunnel *t, const struct msg_status *m)
{
	const struct ike_status *st = &m->status;
	json_t *children = json_array();
	uint8_t i;

	if (st->state != IKE_SA_NONE)
		json_object_set_new(o, "ike", ike_json(m));
	for (i = 0; i < st->n_children && i < 2 * IKE_MAX_CHILDREN; i++)
		json_array_append_new(children, child_json(t, m, &st->children[i]));
	json_object_set_new(o, "children", children);
	set_address(o, "local", &st->local, st->encap);
	set_address(o, "remote", &st->remote, st->encap);
	if (st->state == IKE_SA_ESTABLISHED && st->remote_id.type != IKE_ID_ANY)
		set_id(o, "remote-id", &st->remote_id);
}

static json_t *template_json(struct tunnel *t)
{
	json_t *o = json_object();

	set_string(o, "name", t->conf.name);
	set_string(o, "state", t->held ? "closed" : "template");
	set_string(o, "device", t->conf.device);
	set_number(o, "clients", template_clients(t));
	set_number(o, "clients-max", t->conf.clients);
	set_id(o, "local-id", &t->conf.local_id);
	set_id(o, "remote-id", &t->conf.remote_id);
	set_error(o, t);
	return o;
}

json_t *status_json(struct tunnel *t, const struct msg_status *m)
{
	struct ipvti_message dev;
	json_t *o;
	bool have;

	if (t->conf.template)
		return template_json(t);
	o = json_object();
	have = kernel_device_get(t, &dev);
	set_string(o, "name", t->conf.name);
	if (t->template)
		set_string(o, "template", t->template->conf.name);
	set_string(o, "state", state_word(t, m));
	set_number(o, "since", daemon_clock() - t->since);
	set_string(o, "device", t->conf.device);
	json_object_set_new(o, "carrier", json_boolean(have && dev.device.carrier));
	json_object_set_new(o, "suspect", json_boolean(t->suspect));
	if (t->conf.detect)
		set_number(o, "detect", t->conf.detect);
	if (t->conf.tfc)
		set_string(o, "tfc", t->no_tfc ? "refused by the peer" : "on");
	set_id(o, "local-id", &t->conf.local_id);
	set_id(o, "remote-id", &t->conf.remote_id);
	set_number(o, "adopted-sas", count_adopted(t));
	set_string(o, "encap", t->endpoint_set && t->endpoint.encap ? "udp" : "none");
	if (t->up || count_adopted(t))
		set_heard(o, have ? &dev : NULL, m);
	assigned_json(t, o);
	pool_json(t, o);
	set_error(o, t);
	if (m && m->known)
		set_core(o, t, m);
	return o;
}
