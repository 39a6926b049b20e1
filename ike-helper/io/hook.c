// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that a tunnel runs when it comes up or goes down: for what is not ours to configure, as
 * the name servers of this host.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../core/ids.h"
#include "command.h"
#include "daemon.h"

#define AT_A_TIME 16	/* commands that run; others wait */
#define VARIABLES 8

/**
 * struct hook - a command that runs or is to run
 * @link: in struct daemon, the oldest first
 * @d: daemon
 * @tunnel: name of its tunnel, which may be gone by now
 * @text: for the shell
 * @user: whom it runs as
 * @env: its environment, NULL-terminated
 * @command: it runs
 */
struct hook {
	TAILQ_ENTRY(hook) link;
	struct daemon *d;
	char tunnel[IKE_MAX_NAME];
	char text[CONF_COMMAND_MAX];
	char user[32];
	char *env[VARIABLES + 1];
	struct command *command;
};

static void hook_free(struct hook *h)
{
	unsigned int i;

	TAILQ_REMOVE(&h->d->hooks, h, link);
	command_cancel(h->command);
	for (i = 0; h->env[i]; i++)
		free(h->env[i]);
	free(h);
}

static void start_waiting(struct daemon *d);

/* What it wrote is for the log. */
static void on_done(const uint8_t *out, size_t len, const char *err, void *arg)
{
	struct hook *h = arg;
	struct daemon *d = h->d;

	while (len && out[len - 1] == '\n')
		len--;
	if (err)
		log_error(h->tunnel, "hook: %s", err);
	else if (len)
		log_info(h->tunnel, "hook: %.*s", (int)len, (const char *)out);
	h->command = NULL;
	hook_free(h);
	start_waiting(d);
}

/* Those of one tunnel run one after the other. */
static bool must_wait(const struct hook *h)
{
	const struct hook *other;

	TAILQ_FOREACH(other, &h->d->hooks, link) {
		if (other == h)
			return false;
		if (!strcmp(other->tunnel, h->tunnel))
			return true;
	}
	return false;
}

static void start_waiting(struct daemon *d)
{
	unsigned int running = 0;
	struct hook *h, *next;

	TAILQ_FOREACH(h, &d->hooks, link)
		running += h->command != NULL;
	for (h = TAILQ_FIRST(&d->hooks); h && running < AT_A_TIME; h = next) {
		next = TAILQ_NEXT(h, link);
		if (h->command || must_wait(h))
			continue;
		h->command = command_run(d->base, h->text, h->user, h->env, on_done, h);
		if (h->command) {
			running++;
		} else {
			log_error(h->tunnel, "hook: it cannot be started");
			hook_free(h);
		}
	}
}

/* ---- the environment ------------------------------------------------------------------------- */

static void set(struct hook *h, unsigned int *n, const char *name, const char *value)
{
	if (*n == VARIABLES || asprintf(&h->env[*n], "%s=%s", name, value) < 0)
		abort();
	(*n)++;
}

static void set_addresses(struct hook *h, unsigned int *n, const char *name,
			  const struct ike_addr *a, uint8_t count)
{
	char text[IKE_MAX_DNS * 48] = "", one[48];
	size_t used = 0;
	uint8_t i;

	for (i = 0; i < count; i++) {
		ike_addr_text(&a[i], one, sizeof(one));
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", one);
	}
	set(h, n, name, text);
}

static void set_subnets(struct hook *h, unsigned int *n, const struct ike_assigned *a)
{
	char text[IKE_MAX_TS * 112] = "", one[112];
	size_t used = 0;
	uint8_t i;

	for (i = 0; i < a->n_subnets; i++) {
		ike_ts_text(&a->subnet[i], one, sizeof(one));
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", one);
	}
	set(h, n, "IPVTI_SUBNETS", text);
}

static void set_environment(struct hook *h, const struct tunnel *t, const char *event)
{
	static const struct ike_assigned nothing;
	const struct ike_assigned *a = t->assigned_set ? &t->assigned : &nothing;
	unsigned int n = 0;

	set(h, &n, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	set(h, &n, "IPVTI_EVENT", event);
	set(h, &n, "IPVTI_TUNNEL", t->conf.name);
	set(h, &n, "IPVTI_TEMPLATE", t->template ? t->template->conf.name : "");
	set(h, &n, "IPVTI_DEVICE", t->conf.device);
	set_addresses(h, &n, "IPVTI_VIRTUAL_IP", a->addr, a->n_addrs);
	set_addresses(h, &n, "IPVTI_DNS", a->dns, a->n_dns);
	set_subnets(h, &n, a);
}

void hook_run(struct tunnel *t, const char *event)
{
	struct daemon *d = t->d;
	struct hook *h;

	if (!t->conf.hook[0])
		return;
	h = calloc(1, sizeof(*h));
	if (!h)
		abort();
	h->d = d;
	memcpy(h->tunnel, t->conf.name, sizeof(h->tunnel));
	memcpy(h->text, t->conf.hook, sizeof(h->text));
	memcpy(h->user, t->conf.hook_user[0] ? t->conf.hook_user : d->conf.user, sizeof(h->user));
	set_environment(h, t, event);
	TAILQ_INSERT_TAIL(&d->hooks, h, link);
	start_waiting(d);
}

void hook_close(struct daemon *d)
{
	while (!TAILQ_EMPTY(&d->hooks))
		hook_free(TAILQ_FIRST(&d->hooks));
}
