// SPDX-License-Identifier: GPL-2.0
/* Why a negotiation failed: kept, logged, and told as JSON, as a line and as an event. */
#include <stdio.h>
#include <string.h>

#include "daemon.h"

#define KEYS_MAX 5

/**
 * struct remedy - which keys to look at after a failure, the likeliest first
 * @reason: of the failure
 * @ike: when it was about the IKE SA
 * @child: when it was about a Child SA; NULL: the same
 */
static const struct remedy {
	enum ike_reason reason;
	const char *ike[KEYS_MAX];
	const char *child[KEYS_MAX];
} remedies[] = {
	{ IKE_REASON_NO_ADDRESS, { "remote", "local", "lower" }, { NULL } },
	{ IKE_REASON_TIMEOUT, { "remote", "encap", "fwmark" }, { NULL } },
	{ IKE_REASON_NO_PROPOSAL_CHOSEN, { "ike-proposals" }, { "esp-proposals" } },
	{ IKE_REASON_INVALID_KE, { "ike-proposals" }, { "esp-proposals" } },
	{ IKE_REASON_WRONG_ID, { "remote-id" }, { NULL } },
	{ IKE_REASON_NO_SECRET, { "psk" }, { NULL } },
	{ IKE_REASON_AUTH_FAILED, { "psk", "ppk" }, { NULL } },
	{ IKE_REASON_AUTH_REFUSED, { "psk", "local-id", "remote-id", "ppk", "ppk-id" }, { NULL } },
	{ IKE_REASON_AUTH_METHOD, { "auth" }, { NULL } },
	{ IKE_REASON_CERTIFICATE, { "ca", "crl", "remote-id" }, { NULL } },
	{ IKE_REASON_TS_UNACCEPTABLE, { "local-ts", "remote-ts" }, { NULL } },
	{ IKE_REASON_ADDRESS_CONFIG, { "virtual-ip" }, { NULL } },
	{ IKE_REASON_TOO_MANY, { "clients" }, { NULL } },
	{ IKE_REASON_PPK_UNUSED, { "ppk-required" }, { NULL } },
	{ IKE_REASON_PPK_UNKNOWN, { "ppk-id" }, { NULL } },
	{ IKE_REASON_PPK_MISSING, { "ppk" }, { NULL } },
};

/* The key that decides of an aspect; NULL: the reason tells more. */
static const char *const aspect_keys[IKE_N_ASPECTS] = {
	[IKE_ASPECT_AUTH] = "auth",
	[IKE_ASPECT_PEER_ID] = "remote-id",
	[IKE_ASPECT_OWN_ID] = "local-id",
	[IKE_ASPECT_PEER_TS] = "remote-ts",
	[IKE_ASPECT_OWN_TS] = "local-ts",
	[IKE_ASPECT_ADDRESS] = "virtual-ip",
	[IKE_ASPECT_PPK] = "ppk-id",
};

static bool about_ike(const struct ike_explanation *e)
{
	return e->step == IKE_STEP_SA_INIT || e->step == IKE_STEP_REKEY_IKE;
}

/*
 * What is a secret in one kind of authentication is a certificate in the other; selectors may be those
 * of several Child SAs; what one end asks for the other has a pool of; and what has no name is not there.
 */
static const char *by_kind(const char *key, const struct conf_tunnel *conf)
{
	if (conf->children.n && (!strcmp(key, "local-ts") || !strcmp(key, "remote-ts")))
		return "children";
	if (conf->pool.name[0] && !strcmp(key, "virtual-ip"))
		return "pool";
	if (!conf->ppk_id[0] && !strcmp(key, "ppk-id"))
		return "ppk";
	return conf->auth == IKE_BY_PUBKEY && !strcmp(key, "psk") ? "certificate" : key;
}

/* Where no PPK is configured nothing is wrong with it. */
static bool may_be_wrong(const char *key, const struct conf_tunnel *conf)
{
	return conf->ppk_id[0] || (strcmp(key, "ppk") && strcmp(key, "ppk-id"));
}

/* The key that decides of a marked line; NULL: the reason tells more. */
static const char *key_of(const struct ike_explanation *e, const struct ike_contrast *row,
			  const struct conf_tunnel *conf)
{
	if (!row->differs)
		return NULL;
	if (row->aspect == IKE_ASPECT_KEY_EXCHANGE && !about_ike(e) &&
	    (conf->pfs.none || conf->pfs.list.n))
		return "pfs";
	return aspect_keys[row->aspect] ? by_kind(aspect_keys[row->aspect], conf) : NULL;
}

/* Return: how many. A mark names the cause; what the reason alone says is a guess. */
static size_t keys_of(const struct ike_explanation *e, const struct conf_tunnel *conf,
		      const char *keys[KEYS_MAX])
{
	const char *const *list;
	const char *key;
	size_t n = 0, i, k;

	for (i = 0; i < e->n && n < KEYS_MAX; i++) {
		key = key_of(e, &e->row[i], conf);
		if (key)
			keys[n++] = key;
	}
	for (i = 0; !n && i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (remedies[i].reason != e->reason)
			continue;
		list = about_ike(e) || !remedies[i].child[0] ? remedies[i].ike : remedies[i].child;
		for (k = 0; k < KEYS_MAX && list[k]; k++)
			if (!n || may_be_wrong(list[k], conf))
				keys[n++] = by_kind(list[k], conf);
	}
	return n;
}

/* ---- the wire -------------------------------------------------------------------------------- */

/* What a firewall, a NAT or a peer that is not there looks like from here. */
static void hint(const struct ike_explanation *e, char *buf, size_t len)
{
	const char *nat = e->nat_local ? " There is a NAT on our side: its mapping may be gone." :
			  e->nat_remote ? " The peer is behind a NAT: its mapping may be gone." : "";
	unsigned int port = e->remote.port;

	buf[0] = 0;
	if (e->reason != IKE_REASON_TIMEOUT || !e->has_path)
		return;
	if (e->unusable)
		snprintf(buf, len,
			 "%u messages came back and could not be used: something else answers there, or changes them",
			 e->unusable);
	else if (!e->initiator && !e->established)
		snprintf(buf, len,
			 "the peer got our answer to its first message on UDP %u, or not, and did not go on: it refused our answer, or a firewall lets only one way or only UDP %u through",
			 e->local.port, e->local.port);
	else if (e->established)
		snprintf(buf, len,
			 "the peer answered before: it is down, or the path is cut.%s", nat);
	else if (e->step == IKE_STEP_SA_INIT)
		snprintf(buf, len,
			 "nothing came back at all: a firewall that drops UDP %u, a wrong address and a peer that does not run look the same from here",
			 port);
	else if (port == PORT_NATT)
		snprintf(buf, len,
			 "IKE_SA_INIT was answered on UDP %d, IKE_AUTH was not on UDP %d: a firewall or NAT that lets only the first port through looks like that",
			 PORT_IKE, PORT_NATT);
	else
		snprintf(buf, len,
			 "IKE_SA_INIT was answered, IKE_AUTH, which is larger, was not: a firewall that drops IP fragments looks like that, or a peer that has no tunnel for us and does not say so");
}

static void set_path(json_t *o, const struct failure *f)
{
	const struct ike_explanation *e = &f->e;
	char text[512];

	if (!e->has_path)
		return;
	ike_addr_text(&e->local, text, sizeof(text));
	json_object_set_new(o, "local", json_string(text));
	ike_addr_text(&e->remote, text, sizeof(text));
	json_object_set_new(o, "remote", json_string(text));
	if (f->route[0])
		json_object_set_new(o, "route", status_string(f->route));
	json_object_set_new(o, "role", json_string(e->initiator ? "initiator" : "responder"));
	json_object_set_new(o, "nat-local", json_boolean(e->nat_local));
	json_object_set_new(o, "nat-remote", json_boolean(e->nat_remote));
	json_object_set_new(o, "sent", json_integer(e->sent));
	json_object_set_new(o, "received", json_integer(e->received));
	json_object_set_new(o, "unusable", json_integer(e->unusable));
	hint(e, text, sizeof(text));
	if (text[0])
		json_object_set_new(o, "hint", json_string(text));
}

/* ---- words ----------------------------------------------------------------------------------- */

static void place_text(const struct conf_tunnel *conf, const char *key, char *buf, size_t len)
{
	struct conf_place where;

	conf_key_place(conf, key, &where);
	if (where.line)
		snprintf(buf, len, "; see %s in %s:%u", key, where.file, where.line);
	else
		snprintf(buf, len, "; set %s in %s:%u", key, conf->file, conf->line);
}

/* The line where the two do not meet; NULL if none is marked. */
static const struct ike_contrast *marked(const struct ike_explanation *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (e->row[i].differs)
			return &e->row[i];
	return NULL;
}

void explain_line(const struct failure *f, const struct conf_tunnel *conf, char *buf, size_t len)
{
	const struct ike_explanation *e = &f->e;
	const struct ike_contrast *row = marked(e);
	const char *keys[KEYS_MAX];
	size_t n;

	n = snprintf(buf, len, "%s: %s%s", ike_step_name(e->step),
		     e->by_peer ? "the peer says: " : "", ike_reason_text(e->reason));
	if (row && n < len)
		n += snprintf(buf + n, len - n, "; %s differs: theirs %s, ours %s",
			      ike_aspect_name(row->aspect), row->theirs, row->ours);
	if (n < len)
		n += snprintf(buf + n, len - n, "%s%s%s%s%s%s", e->detail[0] ? "; " : "", e->detail,
			      e->offered[0] ? "; offered " : "", e->offered,
			      e->wanted[0] ? "; wanted " : "", e->wanted);
	if (f->route[0] && e->reason == IKE_REASON_TIMEOUT && n < len)
		n += snprintf(buf + n, len - n, "; %s", f->route);
	if (conf && keys_of(e, conf, keys) && n < len)
		place_text(conf, keys[0], buf + n, len - n);
}

static json_t *contrasts(const struct ike_explanation *e)
{
	json_t *list = json_array();
	json_t *o;
	size_t i;

	for (i = 0; i < e->n; i++) {
		o = json_object();
		json_object_set_new(o, "what", json_string(ike_aspect_name(e->row[i].aspect)));
		if (e->row[i].theirs[0])
			json_object_set_new(o, "theirs", status_string(e->row[i].theirs));
		json_object_set_new(o, "ours", status_string(e->row[i].ours));
		json_object_set_new(o, "differs", json_boolean(e->row[i].differs));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *places(const struct ike_explanation *e, const struct conf_tunnel *conf)
{
	const char *keys[KEYS_MAX];
	json_t *list = json_array();
	struct conf_place where;
	size_t n = keys_of(e, conf, keys), i;

	for (i = 0; i < n; i++) {
		conf_key_place(conf, keys[i], &where);
		json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "key", keys[i], "file",
						      where.line ? where.file : conf->file, "line",
						      where.line ? where.line : conf->line));
	}
	return list;
}

json_t *explain_json(const struct failure *f, const struct conf_tunnel *conf)
{
	const struct ike_explanation *e = &f->e;
	char text[4 * IKE_MAX_TEXT];
	json_t *o = json_object();
	json_t *list;

	if (conf)
		json_object_set_new(o, "name", json_string(conf->name));
	if (!f->known) {
		json_object_set_new(o, "text", json_string("no negotiation failed so far"));
		return o;
	}
	explain_line(f, conf, text, sizeof(text));
	json_object_set_new(o, "text", status_string(text));
	json_object_set_new(o, "age", json_integer(daemon_clock() - f->at));
	json_object_set_new(o, "step", json_string(ike_step_name(e->step)));
	json_object_set_new(o, "reason", json_string(ike_reason_name(e->reason)));
	json_object_set_new(o, "meaning", json_string(ike_reason_text(e->reason)));
	json_object_set_new(o, "by-peer", json_boolean(e->by_peer));
	json_object_set_new(o, "offered", status_string(e->offered));
	json_object_set_new(o, "wanted", status_string(e->wanted));
	json_object_set_new(o, "detail", status_string(e->detail));
	json_object_set_new(o, "compare", contrasts(e));
	set_path(o, f);
	if (!conf)
		return o;
	list = places(e, conf);
	json_object_update(o, json_array_get(list, 0));	/* the likeliest also by itself */
	json_object_set_new(o, "look-at", list);
	return o;
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* From the network process: nothing in it is trusted to be as it should. */
static bool take(struct ike_explanation *e)
{
	size_t i;

	e->offered[sizeof(e->offered) - 1] = 0;
	e->wanted[sizeof(e->wanted) - 1] = 0;
	e->detail[sizeof(e->detail) - 1] = 0;
	if (e->step >= IKE_N_STEPS || e->reason >= IKE_N_REASONS || e->n > IKE_MAX_CONTRASTS)
		return false;
	for (i = 0; i < e->n; i++) {
		e->row[i].theirs[sizeof(e->row[i].theirs) - 1] = 0;
		e->row[i].ours[sizeof(e->row[i].ours) - 1] = 0;
		if (e->row[i].aspect >= IKE_N_ASPECTS)
			return false;
	}
	return true;
}

/* What the parent knows better than the core. */
static void complete(const struct tunnel *t, struct ike_explanation *e)
{
	if (e->reason == IKE_REASON_NO_ADDRESS)
		snprintf(e->detail, sizeof(e->detail), "%s", t->no_way);
	else if (e->reason != IKE_REASON_NONE && tunnel_lack(t, e->reason)[0])
		snprintf(e->detail, sizeof(e->detail), "%s", tunnel_lack(t, e->reason));
}

void explain_take(struct daemon *d, struct tunnel *t, const struct ike_explanation *e)
{
	struct failure *f = t ? &t->failure : &d->stranger;
	const struct conf_tunnel *conf = t ? &t->conf : NULL;
	char text[4 * IKE_MAX_TEXT];

	f->e = *e;
	f->known = take(&f->e);
	if (!f->known)
		return;
	if (t)
		complete(t, &f->e);
	f->at = daemon_clock();
	f->route[0] = 0;
	if (f->e.has_path)
		route_describe(d, &f->e.local, &f->e.remote, f->route, sizeof(f->route));
	explain_line(f, conf, text, sizeof(text));
	log_line(LOG_IKE, IKE_LOG_WARNING, t ? t->conf.name : NULL, "%s", text);
	/* The tunnel of a client that could not be served is not there for long. */
	if (t && t->template)
		t->template->failure = *f;
	if (t)
		control_log(t, IKE_LOG_WARNING, text);
	control_event(d, "failed", explain_json(f, conf));
}
