// SPDX-License-Identifier: GPL-2.0
/* Reading the configuration files. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/ids.h"
#include "../core/proposal.h"
#include "config.h"
#include "prefix.h"

/**
 * struct source - a file that was read
 * @next: the one after it
 * @cfg: its contents; the name of the file is in @name
 * @name: path
 */
struct source {
	struct source *next;
	config_t cfg;
	char name[256];
};

/**
 * struct loader - one run
 * @faults: of the run
 * @first: files in order
 * @last: where the next one goes
 * @conf: result
 */
struct loader {
	struct conf_faults *faults;
	struct source *first;
	struct source **last;
	struct config *conf;
};

static const struct {
	const char *name;
	enum conf_section section;
} sections[] = {
	{ "ipvtid", CONF_IN_DAEMON },
	{ "profile", CONF_IN_PROFILE },
	{ "tunnel", CONF_IN_TUNNEL },
	{ "template", CONF_IN_TEMPLATE },
	{ "pool", CONF_IN_POOL },
};

#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

void conf_fault(struct conf_faults *faults, const char *file, unsigned int line, const char *key,
		const char *fmt, ...)
{
	va_list ap;

	faults->n++;
	if (!faults->out)
		return;
	if (file && line)
		fprintf(faults->out, "%s:%u: ", file, line);
	else if (file)
		fprintf(faults->out, "%s: ", file);
	if (key)
		fprintf(faults->out, "%s: ", key);
	va_start(ap, fmt);
	vfprintf(faults->out, fmt, ap);
	va_end(ap);
	fputc('\n', faults->out);
}

static const struct conf_key *key_find(const char *name, unsigned int section)
{
	size_t i;

	for (i = 0; i < conf_n_keys; i++)
		if ((conf_keys[i].sections & section) &&
		    (!strcmp(conf_keys[i].name, name) ||
		     (conf_keys[i].alias && !strcmp(conf_keys[i].alias, name))))
			return &conf_keys[i];
	return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void read_source(struct loader *l, const char *path)
{
	struct source *src = calloc(1, sizeof(*src));
	FILE *f;

	if (!src)
		abort();
	snprintf(src->name, sizeof(src->name), "%s", path);
	config_init(&src->cfg);
	*l->last = src;
	l->last = &src->next;

	f = fopen(path, "re");
	if (!f) {
		conf_fault(l->faults, path, 0, NULL, "cannot be read: %s", strerror(errno));
		return;
	}
	if (!config_read(&src->cfg, f)) {
		conf_fault(l->faults, path, config_error_line(&src->cfg), NULL, "%s",
			   config_error_text(&src->cfg));
		config_destroy(&src->cfg);
		config_init(&src->cfg);
	}
	fclose(f);
}

static int is_conf(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && !strcmp(d->d_name + len - 5, ".conf");
}

static void read_sources(struct loader *l, const char *path)
{
	char name[1024], dir[512];
	struct dirent **list;
	struct stat st;
	int i, n;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		read_source(l, path);
		return;
	}
	snprintf(name, sizeof(name), "%s/ipvti.conf", path);
	snprintf(dir, sizeof(dir), "%s/conf.d", path);
	n = scandir(dir, &list, is_conf, alphasort);
	if (n <= 0 || !access(name, F_OK))
		read_source(l, name);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", dir, list[i]->d_name);
		read_source(l, name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void free_sources(struct loader *l)
{
	struct source *src;

	while ((src = l->first)) {
		l->first = src->next;
		config_destroy(&src->cfg);
		free(src);
	}
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool scalar_text(const config_setting_t *s, char out[CONF_SECRET_MAX])
{
	const char *text;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(out, CONF_SECRET_MAX, "%lld", config_setting_get_int64(s));
		return true;
	case CONFIG_TYPE_BOOL:
		strcpy(out, config_setting_get_bool(s) ? "true" : "false");
		return true;
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(s);
		if (strlen(text) >= CONF_SECRET_MAX)
			return false;
		strcpy(out, text);
		return true;
	}
	return false;
}

static bool setting_text(struct loader *l, const char *file, const config_setting_t *s,
			 struct conf_text *t)
{
	int i;

	t->file = file;
	t->line = config_setting_source_line(s);
	t->list = config_setting_is_array(s) || config_setting_is_list(s);
	t->n = t->list ? config_setting_length(s) : 1;
	if (t->n > CONF_LIST_MAX) {
		conf_fault(l->faults, file, t->line, config_setting_name(s),
			   "%u elements; allowed are %d", t->n, CONF_LIST_MAX);
		return false;
	}
	for (i = 0; i < (int)t->n; i++) {
		if (scalar_text(t->list ? config_setting_get_elem(s, i) : s, t->item[i]))
			continue;
		conf_fault(l->faults, file, t->line, config_setting_name(s),
			   "is neither a string of up to %d characters, a whole number nor a truth value",
			   CONF_SECRET_MAX - 1);
		return false;
	}
	return true;
}

/* A default is one word, or several with spaces between for a list. */
static void default_text(const struct conf_key *key, struct conf_text *t)
{
	char buf[128], *word, *save = NULL;

	t->file = "default";
	t->line = 0;
	t->n = 0;
	t->list = key->type->list;
	snprintf(buf, sizeof(buf), "%s", key->def);
	for (word = strtok_r(buf, " ", &save); word; word = strtok_r(NULL, " ", &save))
		strcpy(t->item[t->n++], word);
}

static bool parse_text(struct loader *l, const struct conf_key *key, struct conf_text *t,
		       void *base)
{
	void *field = (char *)base + key->offset;

	if (t->list && !key->type->list) {
		conf_fault(l->faults, t->file, t->line, key->name, "is a list; give one %s",
			   key->type->name);
		return false;
	}
	return key->type->parse(l->faults, key, t, field);
}

static bool parse_setting(struct loader *l, const struct conf_key *key, const char *file,
			  const config_setting_t *s, bool legacy, void *base)
{
	struct conf_key as_written = *key;
	struct conf_text t;

	as_written.name = config_setting_name(s);
	t.legacy = legacy;
	return setting_text(l, file, s, &t) && parse_text(l, &as_written, &t, base);
}

static void parse_default(struct loader *l, const struct conf_key *key, void *base)
{
	struct conf_text t;

	t.legacy = false;
	if (!key->def[0])
		return;
	default_text(key, &t);
	if (!parse_text(l, key, &t, base))
		abort();
}

/* ---- sections -------------------------------------------------------------------------------- */

/* Every key of a group must be known there. */
static void check_keys(struct loader *l, const char *file, const config_setting_t *group,
		       enum conf_section section)
{
	const config_setting_t *s;
	int i;

	for (i = 0; i < config_setting_length(group); i++) {
		s = config_setting_get_elem(group, i);
		if (key_find(config_setting_name(s), section))
			continue;
		if (key_find(config_setting_name(s), ~0U))
			conf_fault(l->faults, file, config_setting_source_line(s),
				   config_setting_name(s), "has no place in this section");
		else
			conf_fault(l->faults, file, config_setting_source_line(s),
				   config_setting_name(s), "unknown key; see ipvti.conf(5)");
	}
}

/* A key under either of its names; both are one too many. */
static config_setting_t *member(struct loader *l, const char *file, config_setting_t *group,
				const struct conf_key *key)
{
	config_setting_t *s = config_setting_get_member(group, key->name);
	config_setting_t *other = NULL;

	if (key->alias)
		other = config_setting_get_member(group, key->alias);
	if (s && other)
		conf_fault(l->faults, file, config_setting_source_line(other), key->alias,
			   "is another name of %s, which is given too; choose one", key->name);
	return s ? s : other;
}

/* The group of a profile or tunnel, and the file it stands in. */
static config_setting_t *group_find(struct loader *l, const char *section, const char *name,
				    const struct source **where)
{
	config_setting_t *group, *s;
	struct source *src;

	for (src = l->first; src; src = src->next) {
		s = config_setting_get_member(config_root_setting(&src->cfg), section);
		if (!s || !config_setting_is_group(s))
			continue;
		group = config_setting_get_member(s, name);
		if (group && config_setting_is_group(group)) {
			*where = src;
			return group;
		}
	}
	return NULL;
}

static void load_daemon(struct loader *l)
{
	const struct conf_key *key;
	config_setting_t *group, *s;
	struct source *src;
	bool found;

	for (key = conf_keys; key < conf_keys + conf_n_keys; key++) {
		if (!(key->sections & CONF_IN_DAEMON))
			continue;
		found = false;
		for (src = l->first; src; src = src->next) {
			group = config_setting_get_member(config_root_setting(&src->cfg), "ipvtid");
			if (!group || !config_setting_is_group(group))
				continue;
			s = config_setting_get_member(group, key->name);
			if (!s)
				continue;
			if (found)
				conf_fault(l->faults, src->name, config_setting_source_line(s),
					   key->name, "given before in another file");
			else
				parse_setting(l, key, src->name, s, false, &l->conf->daemon);
			found = true;
		}
		if (!found)
			parse_default(l, key, &l->conf->daemon);
	}
}

static const char *kind_word(const struct conf_tunnel *t)
{
	return t->template ? "template" : "tunnel";
}

/* What a template has no key for is the same for all of them. */
static void fix_template(struct conf_tunnel *t)
{
	t->start = IKE_START_MANUAL;
	t->routes.from_selectors = true;
}

/*
 * What stands in the tunnel or template goes before what stands in its profile, and that before
 * defaults.
 */
static void load_tunnel(struct loader *l, const struct source *src, config_setting_t *group,
			enum conf_section kind)
{
	const struct source *profile_src = NULL;
	config_setting_t *profile = NULL, *s;
	const struct conf_key *key;
	struct conf_tunnel *t;
	size_t k;

	t = reallocarray(l->conf->tunnels, l->conf->n + 1, sizeof(*t));
	if (!t)
		abort();
	l->conf->tunnels = t;
	t += l->conf->n++;
	memset(t, 0, sizeof(*t));
	t->template = kind == CONF_IN_TEMPLATE;
	snprintf(t->name, sizeof(t->name), "%s", config_setting_name(group));
	snprintf(t->file, sizeof(t->file), "%s", src->name);
	t->line = config_setting_source_line(group);

	s = config_setting_get_member(group, "profile");
	if (s && config_setting_get_string(s)) {
		profile = group_find(l, "profile", config_setting_get_string(s), &profile_src);
		if (profile)
			snprintf(t->profile_file, sizeof(t->profile_file), "%s",
				 profile_src->name);
		else
			conf_fault(l->faults, src->name, config_setting_source_line(s), "profile",
				   "there is no profile \"%s\"", config_setting_get_string(s));
	}

	for (k = 0; k < conf_n_keys; k++) {
		key = &conf_keys[k];
		if (!(key->sections & (CONF_IN_TUNNEL | CONF_IN_TEMPLATE)))
			continue;
		s = NULL;
		if (key->sections & kind)
			s = member(l, src->name, group, key);
		if (!s && profile && (key->sections & kind) && (key->sections & CONF_IN_PROFILE)) {
			s = member(l, profile_src->name, profile, key);
			t->key_in_profile[k] = s;
		}
		if (s) {
			t->key_line[k] = config_setting_source_line(s);
			parse_setting(l, key, t->key_in_profile[k] ? t->profile_file : t->file, s,
				      t->legacy, t);
		} else if (key->def) {
			parse_default(l, key, t);
		} else {
			conf_fault(l->faults, t->file, t->line, key->name,
				   "is missing from %s \"%s\"; it is the %s", kind_word(t),
				   t->name, key->help);
		}
	}
	if (t->template)
		fix_template(t);
}

static void load_pool(struct loader *l, const struct source *src, config_setting_t *group)
{
	const struct conf_key *key;
	struct conf_pool *p;
	config_setting_t *s;

	p = reallocarray(l->conf->pools, l->conf->n_pools + 1, sizeof(*p));
	if (!p)
		abort();
	l->conf->pools = p;
	p += l->conf->n_pools++;
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", config_setting_name(group));
	for (key = conf_keys; key < conf_keys + conf_n_keys; key++) {
		if (!(key->sections & CONF_IN_POOL))
			continue;
		s = config_setting_get_member(group, key->name);
		if (s)
			parse_setting(l, key, src->name, s, false, p);
		else if (key->def)
			parse_default(l, key, p);
		else
			conf_fault(l->faults, src->name, config_setting_source_line(group),
				   key->name, "is missing from pool \"%s\"; it is the %s", p->name,
				   key->help);
	}
}

static bool name_ok(struct loader *l, const struct source *src, const config_setting_t *group)
{
	const char *name = config_setting_name(group);

	if (!config_setting_is_group(group)) {
		conf_fault(l->faults, src->name, config_setting_source_line(group), name,
			   "is not a group; write %s: { key = value; }", name);
		return false;
	}
	if (strlen(name) >= IKE_MAX_NAME) {
		conf_fault(l->faults, src->name, config_setting_source_line(group), name,
			   "is longer than %d characters", IKE_MAX_NAME - 1);
		return false;
	}
	return true;
}

static void load_named(struct loader *l, const struct source *src, config_setting_t *section,
		       enum conf_section kind)
{
	const struct source *first;
	config_setting_t *group;
	int i;

	for (i = 0; i < config_setting_length(section); i++) {
		group = config_setting_get_elem(section, i);
		if (!name_ok(l, src, group))
			continue;
		check_keys(l, src->name, group, kind);
		if (group_find(l, config_setting_name(section), config_setting_name(group),
			       &first) != group)
			conf_fault(l->faults, src->name, config_setting_source_line(group),
				   config_setting_name(group), "is defined in %s already",
				   first->name);
		else if (kind == CONF_IN_TEMPLATE &&
			 group_find(l, "tunnel", config_setting_name(group), &first))
			conf_fault(l->faults, src->name, config_setting_source_line(group),
				   config_setting_name(group),
				   "is the name of a tunnel in %s; give it another", first->name);
		else if (kind == CONF_IN_TUNNEL || kind == CONF_IN_TEMPLATE)
			load_tunnel(l, src, group, kind);
		else if (kind == CONF_IN_POOL)
			load_pool(l, src, group);
	}
}

static void load_sections(struct loader *l, const struct source *src)
{
	const config_setting_t *root = config_root_setting(&src->cfg);
	config_setting_t *s;
	size_t k;
	int i;

	for (i = 0; i < config_setting_length(root); i++) {
		s = config_setting_get_elem(root, i);
		for (k = 0; k < N_SECTIONS; k++)
			if (!strcmp(sections[k].name, config_setting_name(s)))
				break;
		if (k == N_SECTIONS)
			conf_fault(l->faults, src->name, config_setting_source_line(s),
				   config_setting_name(s),
				   "unknown section; allowed are ipvtid, profile, tunnel, template and pool");
		else if (!config_setting_is_group(s))
			conf_fault(l->faults, src->name, config_setting_source_line(s),
				   config_setting_name(s), "is not a group; write %s: { … }",
				   config_setting_name(s));
		else if (sections[k].section == CONF_IN_DAEMON)
			check_keys(l, src->name, s, CONF_IN_DAEMON);
		else
			load_named(l, src, s, sections[k].section);
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

bool conf_ts_is_any(const struct ike_ts *ts)
{
	static const uint8_t zero[16], ones[16] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
	};
	size_t n = ts->family == 4 ? 4 : 16;

	return !memcmp(ts->min, zero, n) && !memcmp(ts->max, ones, n);
}

/* Of a key: where it stands, or where its tunnel begins. */
static __attribute__((format(printf, 4, 5)))
void tunnel_fault(struct loader *l, const struct conf_tunnel *t, const char *key, const char *fmt, ...)
{
	struct conf_place at;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_key_place(t, key, &at);
	conf_fault(l->faults, at.line ? at.file : t->file, at.line ? at.line : t->line, key, "%s",
		   text);
}

uint64_t conf_probe_after(const struct conf_tunnel *t)
{
	return t->dpd_delay ? t->dpd_delay : t->detect / CONF_PROBE_AFTER;
}

static void check_dpd(struct loader *l, const struct conf_tunnel *t)
{
	if (t->give_up && t->detect > t->give_up)
		tunnel_fault(l, t, "detect", "is longer than give-up in tunnel \"%s\"", t->name);
	if (t->detect && t->dpd_delay > t->detect / 2)
		tunnel_fault(l, t, "dpd-delay",
			     "is longer than half of detect in tunnel \"%s\": the peer could not be asked often enough before it is suspect",
			     t->name);
}

static void check_action(struct loader *l, const struct conf_tunnel *t, const char *key,
			 uint64_t action)
{
	if (action == IKE_AGAIN_RESTART && !t->remote.n)
		tunnel_fault(l, t, key,
			     "\"restart\": tunnel \"%s\" has no remote and cannot be started from here",
			     t->name);
	if (action == IKE_AGAIN_HOLD && !t->remote.n)
		tunnel_fault(l, t, key,
			     "\"hold\": tunnel \"%s\" has no remote that traffic could start it with",
			     t->name);
	if (action == IKE_AGAIN_HOLD && t->failover)
		tunnel_fault(l, t, key,
			     "\"hold\" waits for traffic, which failover lets pass by tunnel \"%s\" while it is down; choose one",
			     t->name);
}

static void check_pfs(struct loader *l, const struct conf_tunnel *t)
{
	if ((t->pfs.none || t->pfs.list.n) &&
	    ike_proposals_group(&t->esp_proposals) != IKE_KE_NONE)
		tunnel_fault(l, t, "pfs",
			     "and the groups in esp-proposals of tunnel \"%s\" say the same twice; name them in one place",
			     t->name);
}

/* A tunnel that waits for traffic must have something that catches it. */
static void check_on_traffic(struct loader *l, const struct conf_tunnel *t)
{
	uint32_t i;

	if (t->start != IKE_START_ON_TRAFFIC)
		return;
	if (t->failover)
		tunnel_fault(l, t, "failover",
			     "lets traffic pass by tunnel \"%s\" while it is down, so it would never start on-traffic; choose one",
			     t->name);
	if (!t->routes.from_selectors)
		return;
	for (i = 0; i < t->remote_ts.n; i++) {
		if (!conf_ts_is_any(&t->remote_ts.v[i]))
			continue;
		tunnel_fault(l, t, "routes",
			     "from-selectors are not known before tunnel \"%s\" starts on-traffic; list prefixes in routes or remote-ts",
			     t->name);
		return;
	}
}

static void check_auth(struct loader *l, const struct conf_tunnel *t)
{
	const struct {
		const char *key;
		bool given;
		enum ike_auth_kind kind;
	} needed[] = {
		{ "psk", t->psk.text[0], IKE_BY_PSK },
		{ "certificate", t->certificate[0], IKE_BY_PUBKEY },
		{ "private-key", t->private_key[0], IKE_BY_PUBKEY },
		{ "ca", t->ca.n, IKE_BY_PUBKEY },
	};
	struct conf_place at;
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		conf_key_place(t, needed[i].key, &at);
		if (needed[i].kind == t->auth && !needed[i].given && !at.line)
			tunnel_fault(l, t, needed[i].key,
				     "is missing from %s \"%s\", which needs it with auth = \"%s\"",
				     kind_word(t), t->name, conf_word(conf_words_auth, t->auth));
	}
}

/* A post-quantum preshared key has a name, by which the peer finds it. */
static void check_ppk(struct loader *l, const struct conf_tunnel *t)
{
	struct conf_place at;

	conf_key_place(t, "ppk", &at);
	if (t->ppk.text[0] && !t->ppk_id[0])
		tunnel_fault(l, t, "ppk-id",
			     "is missing from %s \"%s\": ppk needs a name that the peer knows it by",
			     kind_word(t), t->name);
	/* One that is wrong was told. */
	if (!t->ppk.text[0] && !at.line && t->ppk_id[0])
		tunnel_fault(l, t, "ppk", "is missing from %s \"%s\", which has ppk-id",
			     kind_word(t), t->name);
	if (t->ppk_required && !t->ppk_id[0] && !at.line)
		tunnel_fault(l, t, "ppk-required",
			     "but %s \"%s\" has no ppk", kind_word(t), t->name);
}

/* Somebody must be asked for virtual addresses, and traffic of their families must be allowed. */
static void check_virtual_ip(struct loader *l, const struct conf_tunnel *t)
{
	uint32_t i, k;

	if (t->virtual_ip.n && !t->remote.n)
		tunnel_fault(l, t, "virtual-ip",
			     "asks nobody: tunnel \"%s\" has no remote to connect to", t->name);
	for (i = 0; i < t->virtual_ip.n; i++) {
		for (k = 0; k < t->local_ts.n; k++)
			if (t->local_ts.v[k].family == t->virtual_ip.v[i].family)
				break;
		if (k == t->local_ts.n)
			tunnel_fault(l, t, "virtual-ip",
				     "asks for an IPv%u address, but local-ts of tunnel \"%s\" has no IPv%u selector",
				     t->virtual_ip.v[i].family, t->name,
				     t->virtual_ip.v[i].family);
	}
}

static bool add_selectors(struct conf_selectors *all, const struct conf_selectors *some)
{
	uint32_t i, k;

	for (i = 0; i < some->n; i++) {
		for (k = 0; k < all->n; k++)
			if (ike_ts_same(&all->v[k], 1, &some->v[i], 1))
				break;
		if (k == IKE_MAX_TS)
			return false;
		if (k == all->n)
			all->v[all->n++] = some->v[i];
	}
	return true;
}

/* What several Child SAs have together is what the tunnel has. */
static void join_children(struct loader *l, struct conf_tunnel *t)
{
	static const char *const others[] = { "local-ts", "remote-ts" };
	struct conf_place at;
	uint32_t i;

	if (!t->children.n)
		return;
	for (i = 0; i < 2; i++) {
		conf_key_place(t, others[i], &at);
		if (at.line)
			tunnel_fault(l, t, others[i],
				     "and children exclude each other in tunnel \"%s\"; give one of them",
				     t->name);
	}
	memset(&t->local_ts, 0, sizeof(t->local_ts));
	memset(&t->remote_ts, 0, sizeof(t->remote_ts));
	for (i = 0; i < t->children.n; i++) {
		if (add_selectors(&t->local_ts, &t->children.v[i].local) &&
		    add_selectors(&t->remote_ts, &t->children.v[i].remote))
			continue;
		tunnel_fault(l, t, "children",
			     "has more than %d selectors of one side in all in tunnel \"%s\"",
			     IKE_MAX_TS, t->name);
		return;
	}
}

static void find_pool(struct loader *l, struct conf_tunnel *t)
{
	struct ike_ts common[IKE_MAX_TS];
	size_t i;

	if (!t->pool.name[0])
		return;
	for (i = 0; i < l->conf->n_pools; i++)
		if (!strcmp(l->conf->pools[i].name, t->pool.name))
			break;
	if (i == l->conf->n_pools) {
		tunnel_fault(l, t, "pool", "there is no pool \"%s\"", t->pool.name);
		return;
	}
	t->pool = l->conf->pools[i];
	if (t->virtual_ip.n)
		tunnel_fault(l, t, "pool",
			     "and virtual-ip exclude each other: tunnel \"%s\" would ask for addresses and hand out some",
			     t->name);
	if (!ike_ts_narrow(t->pool.addresses.v, t->pool.addresses.n, t->remote_ts.v,
			   t->remote_ts.n, common))
		tunnel_fault(l, t, "pool",
			     "has no address that remote-ts of tunnel \"%s\" lets through",
			     t->name);
}

/* A client could claim any address if it were not to have one of ours. */
static void check_template(struct loader *l, const struct conf_tunnel *t)
{
	struct conf_prefixes pool = { 0 };

	if (!!t->template != !!strchr(t->device, '%') && t->device[0])
		tunnel_fault(l, t, "device", t->template ?
			     "\"%s\" has neither %%d nor %%i, which template \"%s\" needs to name a device for each client" :
			     "\"%s\" is for a template; tunnel \"%s\" has one device",
			     t->device, t->name);
	if (!t->template)
		return;
	if (strlen(t->name) > CONF_TEMPLATE_NAME_MAX)
		conf_fault(l->faults, t->file, t->line, t->name,
			   "is longer than %d characters, the most for a template",
			   CONF_TEMPLATE_NAME_MAX);
	if (!t->pool.name[0])
		tunnel_fault(l, t, "pool",
			     "is missing from template \"%s\"; clients get their addresses from one",
			     t->name);
	prefix_from_pool(&t->pool.addresses, &pool);
	if (pool.n == CONF_LIST_MAX)
		tunnel_fault(l, t, "pool",
			     "has ranges that make up %d prefixes or more; give template \"%s\" some that are prefixes",
			     CONF_LIST_MAX, t->name);
}

static void check_tunnels(struct loader *l)
{
	const struct config *c = l->conf;
	size_t i, k;

	for (i = 0; i < c->n; i++) {
		const struct conf_tunnel *t = &c->tunnels[i];

		join_children(l, &c->tunnels[i]);
		find_pool(l, &c->tunnels[i]);
		for (k = 0; k < i; k++)
			if (t->device[0] && !t->template &&
			    !strcmp(c->tunnels[k].device, t->device))
				tunnel_fault(l, t, "device",
					     "\"%s\" belongs to tunnel \"%s\" already", t->device,
					     c->tunnels[k].name);
		if (!t->remote.n && t->start == IKE_START_NOW)
			tunnel_fault(l, t, "start",
				     "tunnel \"%s\" has no remote and cannot be started from here; give remote, or start = \"manual\"",
				     t->name);
		check_auth(l, t);
		check_ppk(l, t);
		check_template(l, t);
		if (t->hook_user[0] && !getpwnam(t->hook_user))
			tunnel_fault(l, t, "hook-user",
				     "there is no user \"%s\"; create it or name another",
				     t->hook_user);
		check_virtual_ip(l, t);
		check_on_traffic(l, t);
		check_dpd(l, t);
		check_action(l, t, "dpd-action", t->dpd_action);
		check_action(l, t, "close-action", t->close_action);
		check_pfs(l, t);
	}
}

static void check_daemon(struct loader *l, const char *path)
{
	const char *user = l->conf->daemon.user;

	if (user[0] && !getpwnam(user))
		conf_fault(l->faults, path, 0, "user",
			   "there is no user \"%s\"; create it or name another", user);
}

bool conf_load(const char *path, struct config *conf, struct conf_faults *faults)
{
	struct loader l = { .faults = faults, .last = &l.first, .conf = conf };
	const struct source *src;

	memset(conf, 0, sizeof(*conf));
	read_sources(&l, path);
	load_daemon(&l);
	check_daemon(&l, path);
	for (src = l.first; src; src = src->next)
		load_sections(&l, src);
	check_tunnels(&l);
	free_sources(&l);
	return !faults->n;
}

void conf_free(struct config *conf)
{
	if (conf->tunnels)
		explicit_bzero(conf->tunnels, conf->n * sizeof(*conf->tunnels));
	free(conf->tunnels);
	free(conf->pools);
	memset(conf, 0, sizeof(*conf));
}

const struct conf_tunnel *conf_tunnel_find(const struct config *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->n; i++)
		if (!strcmp(conf->tunnels[i].name, name))
			return &conf->tunnels[i];
	return NULL;
}

void conf_key_place(const struct conf_tunnel *t, const char *key, struct conf_place *place)
{
	size_t k;

	memset(place, 0, sizeof(*place));
	for (k = 0; k < conf_n_keys; k++) {
		if (!t->key_line[k] || strcmp(conf_keys[k].name, key))
			continue;
		place->line = t->key_line[k];
		snprintf(place->file, sizeof(place->file), "%s",
			 t->key_in_profile[k] ? t->profile_file : t->file);
		return;
	}
}
