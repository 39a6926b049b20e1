// SPDX-License-Identifier: GPL-2.0
/*
 * Templates: each client that has proved who it is gets a tunnel with a name and a device of its own.
 * What has to be known of a client after a restart stands in its lease and on its device.
 */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "../core/ids.h"
#include "daemon.h"

#define CONNECT_S 35	/* a client that was verified may take so long to have its Child SA */
#define AWAY_S 5	/* and one that has gone so long to be back */
#define ID_TEXT (2 * IKE_MAX_ID + 16)

/* ---- names ----------------------------------------------------------------------------------- */

static uint32_t id_hash(const struct ike_id *id)
{
	uint8_t digest[EVP_MAX_MD_SIZE], data[1 + IKE_MAX_ID];

	data[0] = id->type;
	memcpy(data + 1, id->data, id->len);
	if (!EVP_Digest(data, 1 + id->len, digest, NULL, EVP_sha256(), NULL))
		abort();
	return (uint32_t)digest[0] << 24 | digest[1] << 16 | digest[2] << 8 | digest[3];
}

/* Return: whether an octet had to be replaced. */
static bool keep_only(char *text, const char *others, char otherwise)
{
	bool replaced = false;

	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr(others, *text))
			continue;
		*text = otherwise;
		replaced = true;
	}
	return replaced;
}

void template_client_name(const char *template, const struct ike_id *id, char name[IKE_MAX_NAME])
{
	int room = IKE_MAX_NAME - 2 - (int)strlen(template);
	char text[ID_TEXT];
	bool changed;

	ike_id_text(id, text, sizeof(text));
	changed = keep_only(text, "@._=+,:-", '_');
	if (changed || strlen(text) > (size_t)room)
		snprintf(name, IKE_MAX_NAME, "%s/%.*s~%08x", template, room - 9, text, id_hash(id));
	else
		snprintf(name, IKE_MAX_NAME, "%s/%.*s", template, room, text);
}

/* What of an identity people call somebody by: host, user, common name. */
static void short_name(const struct ike_id *id, char *name, size_t len)
{
	char text[ID_TEXT];
	const char *start = text, *common;

	ike_id_text(id, text, sizeof(text));
	if (id->type == IKE_ID_FQDN || id->type == IKE_ID_RFC822_ADDR)
		snprintf(text, sizeof(text), "%.*s", (int)id->len, (const char *)id->data);
	if (id->type == IKE_ID_FQDN)
		text[strcspn(text, ".")] = 0;
	else if (id->type == IKE_ID_RFC822_ADDR)
		text[strcspn(text, "@")] = 0;
	else if (id->type == IKE_ID_KEY_ID && !strncmp(text, "keyid:", 6))
		start += text[6] == '@' ? 7 : 6;
	common = id->type == IKE_ID_DER_ASN1_DN ? strstr(text, "CN=") : NULL;
	if (common) {
		start = common + 3;
		text[start - text + strcspn(start, ",")] = 0;
	}
	snprintf(name, len, "%.*s", (int)len - 1, start);
	keep_only(name, "._-", '-');
}

bool template_device_name(const char *pattern, const struct ike_id *id, unsigned int n,
			  char name[IFNAMSIZ])
{
	int before = (int)strcspn(pattern, "%"), room = IFNAMSIZ - 1;
	const char *behind = pattern[before] ? pattern + before + 2 : "";
	char middle[IFNAMSIZ], end[16] = "", all[3 * IFNAMSIZ];

	if (pattern[before] && pattern[before + 1] == 'd') {
		snprintf(all, sizeof(all), "%.*s%u%s", before, pattern, n, behind);
	} else {
		short_name(id, middle, sizeof(middle));
		snprintf(all, sizeof(all), "%.*s%s%s", before, pattern, middle, behind);
		if (n)
			snprintf(end, sizeof(end), "~%u", n);
		room -= (int)strlen(end);
		all[room] = 0;
		strcat(all, end);
	}
	if (strlen(all) >= IFNAMSIZ)
		return false;
	strcpy(name, all);
	return true;
}

static bool name_is_taken(struct daemon *d, const char *name)
{
	struct tunnel *t;

	if (if_nametoindex(name))
		return true;
	LIST_FOREACH(t, &d->tunnels, link)
		if (!strcmp(t->conf.device, name))
			return true;
	return false;
}

static bool choose_device(struct tunnel *t)
{
	char name[IFNAMSIZ];
	unsigned int n = 0;

	do {
		if (!template_device_name(t->template->conf.device, &t->conf.remote_id, n++, name))
			return false;
	} while (name_is_taken(t->d, name));
	memcpy(t->conf.device, name, sizeof(name));
	return true;
}

/* ---- clients --------------------------------------------------------------------------------- */

unsigned int template_clients(const struct tunnel *t)
{
	const struct tunnel *client;
	unsigned int n = 0;

	LIST_FOREACH(client, &t->d->tunnels, link)
		n += client->template == t;
	return n;
}

static struct tunnel *find(const struct tunnel *t, const struct ike_id *id)
{
	struct tunnel *client;

	LIST_FOREACH(client, &t->d->tunnels, link)
		if (client->template == t && ike_id_match(&client->conf.remote_id, id))
			return client;
	return NULL;
}

/* Secrets are for the template alone. */
static void client_conf(const struct tunnel *t, const struct ike_id *id, struct conf_tunnel *conf)
{
	*conf = t->conf;
	conf->template = false;
	conf->remote_id = *id;
	conf->device[0] = 0;
	explicit_bzero(&conf->psk, sizeof(conf->psk));
	explicit_bzero(&conf->ppk, sizeof(conf->ppk));
	template_client_name(t->conf.name, id, conf->name);
}

static void on_leave(evutil_socket_t fd, short what, void *arg)
{
	struct tunnel *t = arg;

	(void)fd;
	(void)what;
	/* While it has SAs of an earlier run they will end some day, and the core will say so. */
	if (!t->held && (t->up || !LIST_EMPTY(&t->sas)))
		return;
	log_notice(t->conf.name, "the client is gone, and %s with it", t->conf.device);
	tunnel_end(t);
}

static void leave_in(struct tunnel *t, long seconds)
{
	const struct timeval wait = { .tv_sec = seconds };

	evtimer_add(t->leave, &wait);
}

static struct tunnel *client_new(struct tunnel *template, const struct ike_id *id)
{
	struct conf_tunnel conf;
	struct tunnel *t;

	client_conf(template, id, &conf);
	t = tunnel_new(template->d, &conf);
	t->template = template;
	t->leave = evtimer_new(t->d->base, on_leave, t);
	if (!t->leave)
		abort();
	return t;
}

static struct tunnel *admit(struct tunnel *template, const struct ike_id *id, char *err,
			    size_t len)
{
	char name[IKE_MAX_NAME];
	struct tunnel *t;

	template_client_name(template->conf.name, id, name);
	if (tunnel_find(template->d, name)) {
		snprintf(err, len, "another client is called \"%s\"", name);
		return NULL;
	}
	if (template_clients(template) >= template->conf.clients) {
		snprintf(err, len, "template \"%s\" has as many clients as it may have: %u",
			 template->conf.name, template_clients(template));
		return NULL;
	}
	t = client_new(template, id);
	if (choose_device(t))
		tunnel_furnish(t);
	if (!t->ref.id) {
		snprintf(err, len, "no device can be made for it from \"%s\"",
			 template->conf.device);
		tunnel_end(t);
		return NULL;
	}
	log_notice(t->conf.name, "a client, on device %s", t->conf.device);
	tunnel_introduce(t);
	return t;
}

struct tunnel *template_client(struct tunnel *t, const struct ike_id *id, char *err, size_t len)
{
	struct tunnel *client = find(t, id);

	if (t->held || (client && client->held)) {
		snprintf(err, len, "\"%s\" was taken down by hand",
			 t->held ? t->conf.name : client->conf.name);
		return NULL;
	}
	if (!client)
		return admit(t, id, err, len);
	if (!client->up)
		leave_in(client, CONNECT_S);
	return client;
}

void template_client_state(struct tunnel *t)
{
	if (t->up) {
		evtimer_del(t->leave);
		return;
	}
	if (LIST_EMPTY(&t->sas))
		route_withdraw(t);	/* its addresses may be another client's by now */
	if (t->held)
		leave_in(t, 0);
	else if (t->reason == IKE_REASON_NONE)
		leave_in(t, CONNECT_S);
	else
		leave_in(t, AWAY_S);
}

/* ---- from one daemon to the next ------------------------------------------------------------- */

static void adopt(struct daemon *d, const char *name, const struct ike_id *id)
{
	const char *slash = strchr(name, '/');
	char template[IKE_MAX_NAME];
	struct tunnel *t, *client;

	if (!slash || tunnel_find(d, name))
		return;
	snprintf(template, sizeof(template), "%.*s", (int)(slash - name), name);
	t = tunnel_find(d, template);
	if (!t || !t->conf.template || !ike_id_match(&t->conf.remote_id, id))
		return;
	client = client_new(t, id);
	if (!strcmp(client->conf.name, name) && kernel_device_find(client)) {
		tunnel_furnish(client);
		return;
	}
	pool_release(client);
	tunnel_free(client);
}

void template_adopt(struct daemon *d)
{
	pool_each_user(d, adopt);
	kernel_sweep(d);
}

/* ---- all clients of a template --------------------------------------------------------------- */

/* What the client has of the pool it keeps while the pool has it. */
static bool must_reconnect(struct tunnel *t, const struct conf_tunnel *conf)
{
	json_t *keys = json_array();
	enum conf_reload class;

	t->conf.pool = conf->pool;
	class = tunnel_difference(&t->conf, conf, keys);
	json_decref(keys);
	return class == CONF_RENEGOTIATE || !pool_covers(t) ||
	       !ike_id_match(&t->template->conf.remote_id, &t->conf.remote_id);
}

static void client_changed(struct tunnel *t)
{
	struct conf_tunnel conf;

	client_conf(t->template, &t->conf.remote_id, &conf);
	memcpy(conf.device, t->conf.device, sizeof(conf.device));
	if (must_reconnect(t, &conf)) {
		log_notice(t->conf.name, "disconnected: its template has changed");
		control_state(t, IKE_ACT_DOWN, "its template has changed");
		tunnel_end(t);
		return;
	}
	t->conf = conf;
	tunnel_apply(t);
}

static void each_client(struct tunnel *t, void (*fn)(struct tunnel *client))
{
	struct tunnel *client, *next;

	for (client = LIST_FIRST(&t->d->tunnels); client; client = next) {
		next = LIST_NEXT(client, link);
		if (client->template == t)
			fn(client);
	}
}

void template_changed(struct tunnel *t)
{
	each_client(t, client_changed);
}

static void client_down(struct tunnel *t)
{
	t->held = true;
	tunnel_event(t, IKE_EV_DOWN);
}

void template_down(struct tunnel *t)
{
	each_client(t, client_down);
}

static void client_end(struct tunnel *t)
{
	control_state(t, IKE_ACT_DOWN, "its template was removed from the configuration");
	tunnel_end(t);
}

void template_end(struct tunnel *t)
{
	each_client(t, client_end);
}
