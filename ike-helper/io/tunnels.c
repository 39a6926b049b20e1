// SPDX-License-Identifier: GPL-2.0
/* The configured tunnels: from configuration to objects, and the difference on reload. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "../core/ids.h"
#include "../core/proposal.h"
#include "../crypto/pubkey.h"
#include "daemon.h"

#define MS_PER_S 1000

void tag_tunnel(const char *name, uint8_t *tag)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (!EVP_Digest(name, strlen(name), digest, NULL, EVP_sha256(), NULL))
		abort();
	memcpy(tag, digest, TAG_TUNNEL_LEN);
}

struct tunnel *tunnel_find(struct daemon *d, const char *name)
{
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link)
		if (!strcmp(t->conf.name, name))
			return t;
	return NULL;
}

struct tunnel *tunnel_by_handle(struct daemon *d, uint32_t handle)
{
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link)
		if (t->handle == handle)
			return t;
	return NULL;
}

struct tunnel *tunnel_by_device(struct daemon *d, uint64_t id)
{
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link)
		if (t->ref.id && t->ref.id == id)
			return t;
	return NULL;
}

/* ---- SAs ------------------------------------------------------------------------------------- */

struct sa *tunnel_sa_find(struct tunnel *t, uint8_t dir, uint32_t spi)
{
	struct sa *sa;

	LIST_FOREACH(sa, &t->sas, link)
		if (sa->dir == dir && sa->spi == spi)
			return sa;
	return NULL;
}

void tunnel_sa_forget(struct sa *sa)
{
	LIST_REMOVE(sa, link);
	free(sa);
}

void tunnel_verified(struct tunnel *t, uint64_t spi_i, uint64_t spi_r, const struct ike_id *id)
{
	if (t->n_verified == VERIFIED_MAX)
		memmove(t->verified, t->verified + 1,
			--t->n_verified * sizeof(t->verified[0]));
	t->verified[t->n_verified].spi_i = spi_i;
	t->verified[t->n_verified].id = *id;
	t->verified[t->n_verified++].spi_r = spi_r;
}

const struct ike_id *tunnel_peer(struct tunnel *t, uint64_t spi_i, uint64_t spi_r)
{
	unsigned int i;

	for (i = 0; i < t->n_verified; i++)
		if (t->verified[i].spi_i == spi_i && t->verified[i].spi_r == spi_r)
			return t->verified[i].id.type == IKE_ID_ANY ? NULL : &t->verified[i].id;
	return NULL;
}

bool tunnel_is_verified(struct tunnel *t, const uint8_t *tag)
{
	uint64_t spi_i = tag_ike_spi(tag, TAG_IKE_SPI_I);
	uint64_t spi_r = tag_ike_spi(tag, TAG_IKE_SPI_R);
	const struct ike_id unknown = { .type = IKE_ID_ANY };
	unsigned int i;

	for (i = 0; i < t->n_verified; i++)
		if (t->verified[i].spi_i == spi_i && t->verified[i].spi_r == spi_r)
			return true;
	if (!t->n_verified)
		return false;
	tunnel_verified(t, spi_i, spi_r, &unknown);
	return true;
}

/* ---- what the core gets to know -------------------------------------------------------------- */

static void child_config(struct tunnel *t, const char *name, const struct conf_selectors *local,
			 const struct conf_selectors *remote, struct ike_child_config *child)
{
	const struct conf_tunnel *c = &t->conf;
	struct ike_proposals esp = c->esp_proposals;

	snprintf(child->name, sizeof(child->name), "%s", name);
	if (!esp.n)
		ike_proposals_default(IKE_PROTO_ESP, t->d->crypto, &esp);
	ike_proposals_add_groups(&esp, ike_proposals_group(&esp), &c->pfs.list, &child->proposals);
	child->no_groups = c->pfs.none;
	child->n_local = local->n;
	memcpy(child->local, local->v, sizeof(child->local));
	child->n_remote = remote->n;
	memcpy(child->remote, remote->v, sizeof(child->remote));
	child->soft.seconds = c->child_lifetime / MS_PER_S;
	child->soft.bytes = c->child_bytes;
	child->soft.packets = c->child_packets;
}

static void peer_config(struct tunnel *t, struct ike_peer_config *p)
{
	const struct conf_tunnel *c = &t->conf;
	char name[IKE_MAX_NAME + 16];
	uint32_t i;

	memset(p, 0, sizeof(*p));
	p->tunnel = t->handle;
	memcpy(p->name, c->name, sizeof(p->name));
	memcpy(p->tag, t->tag, sizeof(p->tag));
	p->local_id = c->local_id;
	p->remote_id = c->remote_id;
	p->template = c->template;
	p->instance_of = t->template ? t->template->handle : 0;
	p->auth = c->auth;
	p->authorities_len = t->authorities_len;
	memcpy(p->authorities, t->authorities, sizeof(p->authorities));
	p->ppk_id_len = strlen(c->ppk_id);
	memcpy(p->ppk_id, c->ppk_id, p->ppk_id_len);
	p->ppk_required = c->ppk_required;
	p->local = c->local;
	/* Names may mean any address: then the identity alone tells who it is. */
	for (i = 0; i < c->remote.n; i++) {
		if (!ike_addr_parse(c->remote.v[i], &p->remote[i])) {
			p->n_remote = 0;
			break;
		}
		p->n_remote = i + 1;
	}
	p->ike = c->ike_proposals;
	if (!p->ike.n)
		ike_proposals_default(IKE_PROTO_IKE, t->d->crypto, &p->ike);
	assigned_hints(t, p);
	p->pool = c->pool.name[0];
	p->encap = c->encap;
	p->start = c->start;
	p->when_closed = c->close_action;
	p->when_dead = c->dpd_action;
	p->ike_lifetime_s = c->ike_lifetime / MS_PER_S;
	p->detect_ms = c->detect;
	p->probe_ms = conf_probe_after(c);
	p->give_up_ms = c->give_up;
	p->retry_ms = c->retry;
	p->retransmit_ms = c->retransmit;
	p->retransmit_limit = c->retransmit_limit;
	p->dscp = c->ike_dscp;
	p->fragment_size = c->fragment_size;
	p->mobike = c->mobike;

	p->n_children = c->children.n;
	for (i = 0; i < c->children.n; i++) {
		snprintf(name, sizeof(name), "%s-%u", c->name, i + 1);
		child_config(t, name, &c->children.v[i].local, &c->children.v[i].remote,
			     &p->children[i]);
	}
	if (c->children.n)
		return;
	p->n_children = 1;
	child_config(t, c->name, &c->local_ts, &c->remote_ts, &p->children[0]);
}

static void send_config(struct tunnel *t)
{
	struct ike_peer_config p;

	if (t->introduce_later)
		return;
	peer_config(t, &p);
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_CONFIG, t->handle, 0, &p, sizeof(p));
}

void tunnel_event(struct tunnel *t, enum ike_event_type type)
{
	struct msg_event m = { .type = type };

	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

static void introduce_sa(struct tunnel *t, const struct sa *in, const struct sa *out)
{
	struct msg_event m = {
		.type = IKE_EV_ADOPTED,
		.child = in ? in->child : out->child,
		.spi_in = in ? in->spi : 0,
		.spi_out = out ? out->spi : 0,
	};

	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

/* The kernel tells of changes only, and of this one it told a network process that is gone. */
static void introduce_silence(struct tunnel *t)
{
	struct msg_event m = { .type = IKE_EV_HEARD };
	struct ipvti_message dev;
	uint64_t age = UINT32_MAX;

	if (!conf_probe_after(&t->conf) || !t->ref.id || !kernel_device_get(t, &dev))
		return;
	if (ipvti_has(&dev.device, IPVTI_A_DEV_RX_AGE) && dev.device.rx_age < age)
		age = dev.device.rx_age;
	if (age >= conf_probe_after(&t->conf)) {
		m.type = IKE_EV_QUIET;
		m.ms = age;
	}
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

/* After the SAs it had: the core goes on with its IKE SA only if they are all there. */
static void introduce_state(struct tunnel *t)
{
	uint8_t *data = malloc(IKE_MAX_STATE);
	size_t len;

	if (!data)
		abort();
	len = state_load(t, data);
	if (len)
		msg_send(t->d->processes[MSG_NETWORK].channel, MSG_RESUME, t->handle, 0, data, len);
	explicit_bzero(data, IKE_MAX_STATE);
	free(data);
}

void tunnel_introduce(struct tunnel *t)
{
	struct sa *sa, *pair;

	t->n_verified = 0;
	t->resuming = false;
	t->up = false;
	/* Without its secret a tunnel can neither start nor answer, nor ask for certificates. */
	t->introduce_later = t->secret || t->ppk || t->reading;
	if (t->introduce_later)
		return;
	send_config(t);
	LIST_FOREACH(sa, &t->sas, link) {
		sa->adopted = true;
		pair = NULL;
		if (sa->pair)
			pair = tunnel_sa_find(t, sa->dir == IPVTI_SA_IN ? IPVTI_SA_OUT :
					      IPVTI_SA_IN, sa->pair);
		if (sa->dir == IPVTI_SA_IN)
			introduce_sa(t, sa, pair);
		else if (!pair)
			introduce_sa(t, NULL, sa);
	}
	introduce_state(t);
	kernel_introduce(t);
	if (!LIST_EMPTY(&t->sas))
		introduce_silence(t);
	if (t->held)
		tunnel_event(t, IKE_EV_DOWN);
	/* It was up, so it shall be, whatever `start` says. */
	else if (!LIST_EMPTY(&t->sas) && t->conf.remote.n)
		tunnel_event(t, IKE_EV_UP);
	if (t->template)
		template_client_state(t);
}

void tunnel_admit(struct tunnel *t)
{
	t->held = false;
	tunnel_event(t, IKE_EV_UNCONFIG);
	tunnel_introduce(t);
}

/* ---- secrets --------------------------------------------------------------------------------- */

/* What was waited for is known, or it is known that it cannot be had. */
static void settle(struct tunnel *t)
{
	if (t->introduce_later && !t->secret && !t->ppk && !t->reading) {
		tunnel_introduce(t);
		if (t->up_later)
			tunnel_event(t, IKE_EV_UP);
		t->up_later = false;
	}
	tunnels_settled(t->d);
}

const char *tunnel_lack(const struct tunnel *t, enum ike_reason reason)
{
	if (reason == IKE_REASON_PPK_MISSING || (reason == IKE_REASON_NONE && !t->secret_error[0]))
		return t->ppk_error;
	return reason == IKE_REASON_NO_SECRET || reason == IKE_REASON_NONE ? t->secret_error : "";
}

static void got_secret(const uint8_t *data, size_t len, const char *err, void *arg)
{
	struct tunnel *t = arg;
	struct msg_secret m = {
		.local_id = t->conf.local_id, .remote_id = t->conf.remote_id, .len = len,
	};
	struct msg_channel *keys = t->d->processes[MSG_KEYS].channel;
	bool waited = t->secret;

	t->secret = NULL;
	if (err) {
		snprintf(t->secret_error, sizeof(t->secret_error), "psk: %s", err);
		log_line(LOG_KEYS, IKE_LOG_ERROR, t->conf.name, "%s", t->secret_error);
		msg_send(keys, MSG_SECRET_GONE, t->handle, 0, NULL, 0);
	} else {
		memcpy(m.secret, data, len);
		msg_send(keys, MSG_SECRET, t->handle, 0, &m, sizeof(m));
		explicit_bzero(&m, sizeof(m));
	}
	if (waited)
		settle(t);
}

static void send_ppk(struct tunnel *t, const uint8_t *data, size_t len)
{
	struct msg_ppk m = { .len = len };

	if (len)
		memcpy(m.secret, data, len);
	msg_send(t->d->processes[MSG_KEYS].channel, MSG_PPK, t->handle, 0, &m, sizeof(m));
	explicit_bzero(&m, sizeof(m));
}

static void got_ppk(const uint8_t *data, size_t len, const char *err, void *arg)
{
	struct tunnel *t = arg;
	bool waited = t->ppk;

	t->ppk = NULL;
	if (err) {
		snprintf(t->ppk_error, sizeof(t->ppk_error), "ppk: %s", err);
		log_line(LOG_KEYS, IKE_LOG_ERROR, t->conf.name, "%s", t->ppk_error);
	}
	send_ppk(t, data, err ? 0 : len);
	if (waited)
		settle(t);
}

static bool send_credential(struct tunnel *t, enum ike_credential_kind kind, const char *key,
			    const char *path)
{
	struct msg_credential *m = calloc(1, sizeof(*m) + MSG_FILE_MAX);
	char err[IKE_MAX_TEXT / 2];
	size_t len;

	if (!m)
		abort();
	m->kind = kind;
	snprintf(m->name, sizeof(m->name), "%s", path);
	len = secret_file(path, kind == IKE_CREDENTIAL_KEY, m->data, MSG_FILE_MAX, err,
			  sizeof(err));
	if (len)
		msg_send(t->d->processes[MSG_KEYS].channel, MSG_CREDENTIAL, t->handle, 0, m,
			 sizeof(*m) + len);
	else
		snprintf(t->secret_error, sizeof(t->secret_error), "%s: %s", key, err);
	explicit_bzero(m, sizeof(*m) + MSG_FILE_MAX);
	free(m);
	return len;
}

static bool send_files(struct tunnel *t)
{
	const struct conf_tunnel *c = &t->conf;
	uint32_t i;

	if (!send_credential(t, IKE_CREDENTIAL_CERTIFICATE, "certificate", c->certificate) ||
	    !send_credential(t, IKE_CREDENTIAL_KEY, "private-key", c->private_key))
		return false;
	for (i = 0; i < c->ca.n; i++)
		if (!send_credential(t, IKE_CREDENTIAL_CA, "ca", c->ca.v[i]))
			return false;
	for (i = 0; i < c->crl.n; i++)
		if (!send_credential(t, IKE_CREDENTIAL_CRL, "crl", c->crl.v[i]))
			return false;
	return true;
}

static void share_credentials(struct tunnel *t)
{
	struct msg_channel *keys = t->d->processes[MSG_KEYS].channel;
	struct msg_secret m = {
		.kind = IKE_BY_PUBKEY, .local_id = t->conf.local_id, .remote_id = t->conf.remote_id,
	};

	msg_send(keys, MSG_SECRET, t->handle, 0, &m, sizeof(m));
	t->reading = send_files(t);
	if (t->reading) {
		msg_send(keys, MSG_CREDENTIALS_END, t->handle, 0, NULL, 0);
		return;
	}
	log_line(LOG_KEYS, IKE_LOG_ERROR, t->conf.name, "%s", t->secret_error);
	msg_send(keys, MSG_SECRET_GONE, t->handle, 0, NULL, 0);
}

void tunnel_credentials(struct tunnel *t, const struct msg_credentials *m)
{
	memcpy(t->secret_error, m->text, sizeof(t->secret_error));
	t->secret_error[sizeof(t->secret_error) - 1] = 0;
	if (t->secret_error[0])
		log_line(LOG_KEYS, IKE_LOG_ERROR, t->conf.name, "%s", t->secret_error);
	if (m->len <= sizeof(t->authorities)) {
		t->authorities_len = m->len;
		memcpy(t->authorities, m->authorities, sizeof(t->authorities));
	}
	t->reading = false;
	send_config(t);
	settle(t);
}

static void share_ppk(struct tunnel *t)
{
	struct secret_job *job;

	if (!t->conf.ppk.text[0]) {
		send_ppk(t, NULL, 0);
		return;
	}
	job = secret_fetch(t->d->base, &t->conf.ppk, t->d->conf.user, got_ppk, t);
	if (job)
		t->ppk = job;
}

void tunnel_share_secret(struct tunnel *t)
{
	struct secret_job *job;

	secret_cancel(t->secret);
	secret_cancel(t->ppk);
	t->secret = NULL;
	t->ppk = NULL;
	t->reading = false;
	t->secret_error[0] = 0;
	t->ppk_error[0] = 0;
	share_ppk(t);
	if (t->conf.auth == IKE_BY_PUBKEY) {
		share_credentials(t);
		return;
	}
	job = secret_fetch(t->d->base, &t->conf.psk, t->d->conf.user, got_secret, t);
	if (job)
		t->secret = job;
}

/* ---- coming and going ------------------------------------------------------------------------ */

struct tunnel *tunnel_new(struct daemon *d, const struct conf_tunnel *conf)
{
	struct tunnel *t = calloc(1, sizeof(*t)), *last;

	if (!t)
		abort();
	t->d = d;
	t->handle = ++d->last_handle;
	t->conf = *conf;
	t->since = daemon_clock();
	LIST_INIT(&t->sas);
	tag_tunnel(conf->name, t->tag);
	last = LIST_FIRST(&d->tunnels);
	while (last && LIST_NEXT(last, link))
		last = LIST_NEXT(last, link);
	if (last)
		LIST_INSERT_AFTER(last, t, link);
	else
		LIST_INSERT_HEAD(&d->tunnels, t, link);
	return t;
}

void tunnel_free(struct tunnel *t)
{
	struct sa *sa;

	while ((sa = LIST_FIRST(&t->sas)))
		tunnel_sa_forget(sa);
	secret_cancel(t->secret);
	secret_cancel(t->ppk);
	if (t->leave)
		event_free(t->leave);
	LIST_REMOVE(t, link);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

void tunnel_furnish(struct tunnel *t)
{
	if (t->conf.template) {
		route_apply(t);
		return;
	}
	if (!kernel_device(t))
		return;
	kernel_adopt(t);
	route_adopt(t);
	assigned_adopt(t);
	route_apply(t);
}

void tunnels_settled(struct daemon *d)
{
	bool reading = false, fetching = false;
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link) {
		reading |= t->reading;
		fetching |= t->secret || t->ppk;
	}
	/* A command may take its time; peers of other tunnels do not wait for it. */
	if (!reading)
		msg_send(d->processes[MSG_NETWORK].channel, MSG_LISTEN, 0, 0, NULL, 0);
	if (!reading && !fetching)
		control_settled(d);
}

void tunnels_load(struct daemon *d, const struct config *conf)
{
	size_t i;

	for (i = 0; i < conf->n; i++)
		tunnel_furnish(tunnel_new(d, &conf->tunnels[i]));
}

void tunnels_free(struct daemon *d)
{
	while (!LIST_EMPTY(&d->tunnels))
		tunnel_free(LIST_FIRST(&d->tunnels));
}

/* ---- reload ---------------------------------------------------------------------------------- */

static const char *const reload_words[] = {
	[CONF_IN_PLACE] = "in-place",
	[CONF_NEXT_REKEY] = "next-rekey",
	[CONF_RENEGOTIATE] = "renegotiate",
	[CONF_RESTART] = "restart",
};

static void report_line(json_t *report, const char *tunnel, const char *what, json_t *keys)
{
	json_array_append_new(report, json_pack("{s:s, s:s, s:o}", "tunnel", tunnel, "change",
						what, "keys", keys));
}

static bool key_differs(const struct conf_key *key, const void *a, const void *b)
{
	return memcmp((const char *)a + key->offset, (const char *)b + key->offset, key->size);
}

enum conf_reload tunnel_difference(const struct conf_tunnel *a, const struct conf_tunnel *b,
				   json_t *keys)
{
	enum conf_reload class = CONF_IN_PLACE;
	const struct conf_key *key;

	for (key = conf_keys; key < conf_keys + conf_n_keys; key++) {
		if (!(key->sections & (CONF_IN_TUNNEL | CONF_IN_TEMPLATE)) ||
		    !key_differs(key, a, b))
			continue;
		json_array_append_new(keys, json_string(key->name));
		if (key->reload > class)
			class = key->reload;
	}
	return class;
}

void tunnel_end(struct tunnel *t)
{
	if (t->up)
		hook_run(t, "down");
	tunnel_event(t, IKE_EV_UNCONFIG);
	pool_release(t);
	state_forget(t);
	route_withdraw(t);
	kernel_device_delete(t);
	tunnel_free(t);
}

static void tunnel_remove(struct tunnel *t)
{
	log_notice(t->conf.name, "removed from the configuration");
	template_end(t);
	msg_send(t->d->processes[MSG_KEYS].channel, MSG_SECRET_GONE, t->handle, 0, NULL, 0);
	control_state(t, IKE_ACT_DOWN, "removed from the configuration");
	tunnel_end(t);
}

static void tunnel_add(struct daemon *d, const struct conf_tunnel *conf)
{
	struct tunnel *t = tunnel_new(d, conf);

	log_notice(t->conf.name, "added by the configuration");
	tunnel_furnish(t);
	tunnel_share_secret(t);
	tunnel_introduce(t);
}

void tunnel_apply(struct tunnel *t)
{
	if (!t->conf.virtual_ip.n)
		assigned_withdraw(t);
	if (t->conf.template) {
		route_apply(t);
	} else if (kernel_device(t)) {
		kernel_tfc(t);
		route_apply(t);
	}
	send_config(t);
}

static void tunnel_change(struct tunnel *t, const struct conf_tunnel *conf, json_t *report)
{
	json_t *keys = json_array();
	enum conf_reload class = tunnel_difference(&t->conf, conf, keys);
	bool secret = memcmp(&t->conf.psk, &conf->psk, sizeof(conf->psk)) ||
		      memcmp(&t->conf.local_id, &conf->local_id, sizeof(conf->local_id)) ||
		      memcmp(&t->conf.remote_id, &conf->remote_id, sizeof(conf->remote_id)) ||
		      memcmp(&t->conf.ppk, &conf->ppk, sizeof(conf->ppk)) ||
		      conf->psk.kind != CONF_SECRET_INLINE ||
		      conf->ppk.kind != CONF_SECRET_INLINE || conf->auth != t->conf.auth ||
		      conf->auth == IKE_BY_PUBKEY || tunnel_lack(t, IKE_REASON_NONE)[0];

	t->conf = *conf;
	/* What a file or a command says may have changed while the configuration did not. */
	if (secret)
		tunnel_share_secret(t);
	if (!json_array_size(keys)) {
		json_decref(keys);
		if (!t->ref.id)
			tunnel_furnish(t);
		return;
	}
	report_line(report, conf->name, reload_words[class], keys);
	log_notice(conf->name, "configuration changed, takes effect: %s", reload_words[class]);
	tunnel_apply(t);
	template_changed(t);
}

static void reload_daemon(struct daemon *d, const struct conf_daemon *conf, json_t *report)
{
	const struct conf_key *key;

	for (key = conf_keys; key < conf_keys + conf_n_keys; key++) {
		if (!(key->sections & CONF_IN_DAEMON) || !key_differs(key, &d->conf, conf))
			continue;
		json_array_append_new(report, json_pack("{s:s, s:s}", "key", key->name, "change",
							reload_words[key->reload]));
		if (key->reload == CONF_RESTART)
			log_notice(NULL, "%s takes effect when the daemon is restarted", key->name);
	}
	d->conf.log = conf->log;
}

void tunnels_reload(struct daemon *d, const struct config *conf, json_t *report)
{
	const struct conf_tunnel *c;
	struct tunnel *t, *next;
	size_t i;

	reload_daemon(d, &conf->daemon, report);
	for (t = LIST_FIRST(&d->tunnels); t; t = next) {
		next = LIST_NEXT(t, link);
		if (t->template)
			continue;
		c = conf_tunnel_find(conf, t->conf.name);
		/* Another device is another tunnel of the same name. */
		if (c && c->template == t->conf.template && !strcmp(c->device, t->conf.device))
			continue;
		report_line(report, t->conf.name, "removed", json_array());
		tunnel_remove(t);
		next = LIST_FIRST(&d->tunnels);		/* the one behind it may have been its client */
	}
	for (i = 0; i < conf->n; i++) {
		t = tunnel_find(d, conf->tunnels[i].name);
		if (t) {
			tunnel_change(t, &conf->tunnels[i], report);
		} else {
			report_line(report, conf->tunnels[i].name, "added", json_array());
			tunnel_add(d, &conf->tunnels[i]);
		}
	}
	tunnels_settled(d);
}
