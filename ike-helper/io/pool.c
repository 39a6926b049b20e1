// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual addresses that are handed out: which peer has which, in memory and in a file. A lease
 * belongs to an identity and is never forgotten while there are other addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/cp.h"
#include "../core/ids.h"
#include "daemon.h"

#define CONNECT_MS 60000	/* so long after a lease the tunnel may take to come up */
#define TRIES_MAX 65536		/* addresses looked at to find a free one */
#define ID_TEXT (2 * IKE_MAX_ID + 16)

/**
 * struct lease - of one address
 * @link: in struct leases, the longest unused first
 * @pool: name of the pool
 * @tunnel: name of the tunnel that uses it; empty for none
 * @id: who has it
 * @addr: address
 * @at: daemon_clock() when it was handed out, 0: by an earlier daemon
 */
struct lease {
	TAILQ_ENTRY(lease) link;
	char pool[IKE_MAX_NAME];
	char tunnel[IKE_MAX_NAME];
	struct ike_id id;
	struct ike_addr addr;
	uint64_t at;
};

/**
 * struct leases - all of them
 * @dir: directory of the file
 * @list: leases
 */
struct leases {
	const char *dir;
	TAILQ_HEAD(, lease) list;
};

/* ---- the file -------------------------------------------------------------------------------- */

/* The identity as text is for people: it may not be one that can be read again. */
static json_t *lease_json(const struct lease *l)
{
	char addr[64], id[ID_TEXT], hex[2 * IKE_MAX_ID + 1] = "";
	size_t i;

	ike_addr_text(&l->addr, addr, sizeof(addr));
	ike_id_text(&l->id, id, sizeof(id));
	for (i = 0; i < l->id.len; i++)
		sprintf(hex + 2 * i, "%02x", l->id.data[i]);
	return json_pack("{s:s, s:s, s:o, s:i, s:s, s:s}", "pool", l->pool, "address", addr,
			 "identity", status_string(id), "id-type", l->id.type, "id", hex, "tunnel",
			 l->tunnel);
}

static bool read_id(const json_t *o, struct ike_id *id)
{
	const char *hex = json_string_value(json_object_get(o, "id"));
	json_int_t type = json_integer_value(json_object_get(o, "id-type"));
	unsigned int octet;

	if (!hex || strlen(hex) % 2 || strlen(hex) > 2 * IKE_MAX_ID || type < 1 || type > UINT8_MAX)
		return false;
	id->type = type;
	for (; hex[2 * id->len]; id->data[id->len++] = octet)
		if (sscanf(hex + 2 * id->len, "%2x", &octet) != 1)
			return false;
	return true;
}

/* As a whole or not at all, and only for root to read. */
static bool write_file(const char *dir, const char *text)
{
	char path[512], fresh[512];
	size_t len = strlen(text);
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/leases", dir);
	snprintf(fresh, sizeof(fresh), "%s/leases.new", dir);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return false;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	ok = write(fd, text, len) == (ssize_t)len && !fsync(fd);
	close(fd);
	return ok && !rename(fresh, path);
}

static void save(struct leases *all)
{
	json_t *list = json_array();
	struct lease *l;
	char *text;

	TAILQ_FOREACH(l, &all->list, link)
		json_array_append_new(list, lease_json(l));
	text = json_dumps(list, JSON_INDENT(1));
	if (!text || !write_file(all->dir, text))
		log_error(NULL, "%s/leases: %s; leases will not survive a restart", all->dir,
			  strerror(errno));
	free(text);
	json_decref(list);
}

static bool read_name(const json_t *o, const char *key, char name[IKE_MAX_NAME])
{
	const char *text = json_string_value(json_object_get(o, key));

	if (!text || strlen(text) >= IKE_MAX_NAME)
		return false;
	strcpy(name, text);
	return true;
}

static struct lease *read_lease(const json_t *o)
{
	const char *addr = json_string_value(json_object_get(o, "address"));
	struct lease *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	if (addr && read_name(o, "pool", l->pool) && read_name(o, "tunnel", l->tunnel) &&
	    ike_addr_parse(addr, &l->addr) && read_id(o, &l->id))
		return l;
	free(l);
	return NULL;
}

void pool_open(struct daemon *d)
{
	struct leases *all = calloc(1, sizeof(*all));
	json_error_t err;
	struct lease *l;
	char path[512];
	json_t *list;
	size_t i;

	if (!all)
		abort();
	d->leases = all;
	all->dir = d->state_dir;
	TAILQ_INIT(&all->list);
	snprintf(path, sizeof(path), "%s/leases", all->dir);
	if (access(path, F_OK))
		return;
	list = json_load_file(path, 0, &err);
	if (!json_is_array(list))
		log_error(NULL, "%s: cannot be read, so all leases are forgotten: %s", path,
			  list ? "it is no list" : err.text);
	for (i = 0; i < json_array_size(list); i++) {
		l = read_lease(json_array_get(list, i));
		if (l)
			TAILQ_INSERT_TAIL(&all->list, l, link);
		else
			log_warning(NULL, "%s: element %zu is no lease", path, i);
	}
	json_decref(list);
}

void pool_close(struct daemon *d)
{
	struct lease *l;

	if (!d->leases)
		return;
	while ((l = TAILQ_FIRST(&d->leases->list))) {
		TAILQ_REMOVE(&d->leases->list, l, link);
		free(l);
	}
	free(d->leases);
	d->leases = NULL;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static bool in_pool(const struct conf_pool *p, const struct ike_addr *a)
{
	struct ike_ts ts = { .family = a->family, .port_max = 65535 };

	memcpy(ts.min, a->ip, sizeof(ts.min));
	memcpy(ts.max, a->ip, sizeof(ts.max));
	return ike_ts_within(&ts, 1, p->addresses.v, p->addresses.n);
}

/* Whoever has an address, of whatever pool. */
static struct lease *lease_of(struct leases *all, const struct ike_addr *a)
{
	struct lease *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (ike_addr_same(&l->addr, a))
			return l;
	return NULL;
}

static struct lease *had_before(struct leases *all, const struct conf_pool *p,
				const struct ike_id *id, uint8_t family)
{
	struct lease *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (l->addr.family == family && !strcmp(l->pool, p->name) && ike_id_same(&l->id, id) &&
		    in_pool(p, &l->addr))
			return l;
	return NULL;
}

static bool in_use(struct daemon *d, const struct lease *l)
{
	struct tunnel *t = l->tunnel[0] ? tunnel_find(d, l->tunnel) : NULL;

	return t && (t->up || !LIST_EMPTY(&t->sas) ||
		     (l->at && daemon_clock() - l->at < CONNECT_MS));
}

static void next_address(struct ike_addr *a)
{
	size_t i = ike_addr_size(a);

	while (i && !++a->ip[i - 1])
		i--;
}

static bool never_leased(struct leases *all, const struct conf_pool *p, struct ike_addr *a)
{
	unsigned int tries = 0;
	uint32_t i;

	for (i = 0; i < p->addresses.n; i++) {
		const struct ike_ts *ts = &p->addresses.v[i];
		struct ike_addr one = { .family = ts->family };

		if (ts->family != a->family)
			continue;
		memcpy(one.ip, ts->min, sizeof(one.ip));
		for (; tries < TRIES_MAX; tries++) {
			if (!lease_of(all, &one)) {
				*a = one;
				return true;
			}
			if (!memcmp(one.ip, ts->max, sizeof(one.ip)))
				break;
			next_address(&one);
		}
	}
	return false;
}

static struct lease *longest_unused(struct daemon *d, const struct conf_pool *p, uint8_t family)
{
	struct lease *l;

	TAILQ_FOREACH(l, &d->leases->list, link)
		if (l->addr.family == family && !strcmp(l->pool, p->name) &&
		    in_pool(p, &l->addr) && !in_use(d, l))
			return l;
	return NULL;
}

static struct lease *lease_new(struct leases *all, const struct conf_pool *p,
			       const struct ike_addr *a)
{
	struct lease *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->addr = *a;
	strcpy(l->pool, p->name);
	TAILQ_INSERT_TAIL(&all->list, l, link);
	return l;
}

/* @wanted: address or any of its family. Return: the lease, or NULL. */
static struct lease *choose(struct tunnel *t, const struct ike_id *id,
			    const struct ike_addr *wanted)
{
	const struct conf_pool *p = &t->conf.pool;
	struct leases *all = t->d->leases;
	struct ike_addr a = { .family = wanted->family };
	struct lease *l;

	memcpy(a.ip, wanted->ip, ike_addr_size(&a));
	l = had_before(all, p, id, a.family);
	if (l)
		return l;
	if ((in_pool(p, &a) && !lease_of(all, &a)) || never_leased(all, p, &a))
		return lease_new(all, p, &a);
	return longest_unused(t->d, p, a.family);
}

/* ---- handing out ----------------------------------------------------------------------------- */

static bool release(struct tunnel *t)
{
	struct leases *all = t->d->leases;
	bool any = false;
	struct lease *l;

	TAILQ_FOREACH(l, &all->list, link) {
		if (strcmp(l->tunnel, t->conf.name))
			continue;
		l->tunnel[0] = 0;
		any = true;
	}
	return any;
}

void pool_each_user(struct daemon *d, void (*fn)(struct daemon *d, const char *tunnel,
						 const struct ike_id *id))
{
	char name[IKE_MAX_NAME];
	struct lease *l;

	TAILQ_FOREACH(l, &d->leases->list, link) {
		if (!l->tunnel[0])
			continue;
		strcpy(name, l->tunnel);
		fn(d, name, &l->id);
	}
}

bool pool_covers(struct tunnel *t)
{
	struct lease *l;

	TAILQ_FOREACH(l, &t->d->leases->list, link)
		if (!strcmp(l->tunnel, t->conf.name) && !in_pool(&t->conf.pool, &l->addr))
			return false;
	return true;
}

void pool_release(struct tunnel *t)
{
	if (t->d->leases && release(t))
		save(t->d->leases);
}

static void give(struct tunnel *t, const struct ike_id *id, struct lease *l, struct msg_leased *m)
{
	struct leases *all = t->d->leases;

	l->id = *id;
	l->at = daemon_clock();
	strcpy(l->tunnel, t->conf.name);
	TAILQ_REMOVE(&all->list, l, link);
	TAILQ_INSERT_TAIL(&all->list, l, link);
	m->assigned.addr[m->assigned.n_addrs++] = l->addr;
}

static bool has_family(const struct conf_selectors *list, uint8_t family)
{
	uint32_t i;

	for (i = 0; i < list->n; i++)
		if (list->v[i].family == family)
			return true;
	return false;
}

static void go_with(const struct conf_pool *p, struct ike_assigned *a)
{
	uint32_t i;

	for (i = 0; i < p->dns.n; i++)
		if (ike_cp_addr(a, p->dns.v[i].family))
			a->dns[a->n_dns++] = p->dns.v[i];
	for (i = 0; i < p->subnets.n; i++)
		if (ike_cp_addr(a, p->subnets.v[i].family))
			a->subnet[a->n_subnets++] = p->subnets.v[i];
}

void pool_lease(struct tunnel *t, const struct ike_id *id, const struct ike_assigned *wanted,
		struct msg_leased *m)
{
	const struct conf_pool *p = &t->conf.pool;
	struct lease *l;
	uint8_t i;

	release(t);
	for (i = 0; i < wanted->n_addrs && i < IKE_MAX_VIPS; i++) {
		const struct ike_addr *a = &wanted->addr[i];

		if (!has_family(&p->addresses, a->family) || ike_cp_addr(&m->assigned, a->family))
			continue;
		l = choose(t, id, a);
		if (l)
			give(t, id, l, m);
		else
			snprintf(m->text, sizeof(m->text),
				 "all IPv%u addresses of pool \"%s\" are in use", a->family,
				 p->name);
	}
	save(t->d->leases);
	if (m->assigned.n_addrs)
		go_with(p, &m->assigned);
	else if (!m->text[0])
		snprintf(m->text, sizeof(m->text),
			 "pool \"%s\" has no addresses of the families the peer asks for", p->name);
}

void pool_json(const struct tunnel *t, json_t *o)
{
	json_t *list;
	struct lease *l;
	char text[64];

	if (!t->conf.pool.name[0] || !t->d->leases)
		return;
	list = json_array();
	TAILQ_FOREACH(l, &t->d->leases->list, link) {
		if (strcmp(l->tunnel, t->conf.name))
			continue;
		ike_addr_text(&l->addr, text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	json_object_set_new(o, "leases", list);
}
