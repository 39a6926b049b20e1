// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket. One request per connection, one JSON object per line:
 *
 *	{"command":"up","name":"site-b","wait":true}
 *
 * is answered by any number of {"progress":"text for people"} and one last line, after which the
 * daemon closes the connection: {"ok":true, …} or {"ok":false,"error":"one line"}.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon.h"

#define REQUEST_MAX 65536
#define CLIENTS_MAX 64
#define EVENTS_MAX (1 << 20)	/* octets that a client may leave unread */
#define WAIT_S 60	/* for a tunnel to come up or go down */

enum waiting {
	WAIT_REQUEST,
	WAIT_UP,
	WAIT_DOWN,
	WAIT_STATUS,
	WAIT_RELOAD,
	WAIT_EVENTS,
	WAIT_SENT,
};

/**
 * struct client - a connection
 * @link: in struct control
 * @d: daemon
 * @bev: stream
 * @timeout: while it waits
 * @waiting: for what
 * @tunnel: handle of the tunnel it waits for
 * @token: of its questions to the network process
 * @missing: answers of the network process
 * @half_open: half-open IKE SAs
 * @cookies: everybody must return a cookie
 * @items: of the answer so far: tunnels, failures, or what reload changed
 */
struct client {
	LIST_ENTRY(client) link;
	struct daemon *d;
	struct bufferevent *bev;
	struct event *timeout;
	enum waiting waiting;
	uint32_t tunnel;
	uint32_t token;
	unsigned int missing;
	uint32_t half_open;
	bool cookies;
	json_t *items;
};

/**
 * struct control - the socket
 * @listener: socket
 * @clients: connections
 * @n: how many
 * @last_token: of the newest status request
 */
struct control {
	struct evconnlistener *listener;
	LIST_HEAD(, client) clients;
	unsigned int n;
	uint32_t last_token;
};

/* ---- answers --------------------------------------------------------------------------------- */

static void client_free(struct client *c)
{
	LIST_REMOVE(c, link);
	c->d->control->n--;
	bufferevent_free(c->bev);
	event_free(c->timeout);
	json_decref(c->items);
	free(c);
}

static void send_line(struct client *c, json_t *object)
{
	char *line = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!line)
		abort();
	evbuffer_add_printf(bufferevent_get_output(c->bev), "%s\n", line);
	free(line);
}

/* The last line; takes @object. */
static void finish(struct client *c, json_t *object)
{
	send_line(c, object);
	evtimer_del(c->timeout);
	c->waiting = WAIT_SENT;
}

static void succeed(struct client *c)
{
	finish(c, json_pack("{s:b}", "ok", 1));
}

static void refuse(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct client *c, const char *fmt, ...)
{
	char text[4 * IKE_MAX_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Text of a peer need not be UTF-8. */
	finish(c, json_pack("{s:b, s:o}", "ok", 0, "error", status_string(text)));
}

static void wait_for(struct client *c, enum waiting what, const struct tunnel *t)
{
	const struct timeval limit = { .tv_sec = WAIT_S };

	c->waiting = what;
	c->tunnel = t ? t->handle : 0;
	evtimer_add(c->timeout, &limit);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)what;
	if (c->waiting == WAIT_STATUS)
		refuse(c, "the network process does not answer");
	else if (c->waiting == WAIT_REQUEST)
		refuse(c, "no request came");
	else
		refuse(c, "not done after %d s; it goes on, see `ipvtictl status`", WAIT_S);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* Whether there is a network process to tell something. */
static bool network_runs(struct client *c)
{
	if (c->d->processes[MSG_NETWORK].channel)
		return true;
	refuse(c, "the network process is being restarted; try again");
	return false;
}

static void do_up(struct client *c, struct tunnel *t, const json_t *request)
{
	const json_t *wait = json_object_get(request, "wait");

	if (t->held && !t->conf.remote.n) {
		if (!network_runs(c))
			return;
		tunnel_admit(t);
		succeed(c);
		return;
	}
	t->held = false;
	if (t->up || t->conf.template) {
		succeed(c);
		return;
	}
	if (!t->conf.remote.n) {
		refuse(c, "%s:%u: remote is %%any, so only the peer can start this tunnel",
		       t->conf.file, t->conf.line);
		return;
	}
	if (!t->ref.id)
		tunnel_furnish(t);
	if (!t->ref.id) {
		refuse(c, "device %s cannot be had; the daemon's log says why", t->conf.device);
		return;
	}
	if (!network_runs(c))
		return;
	if (t->introduce_later)
		t->up_later = true;
	else
		tunnel_event(t, IKE_EV_UP);
	if (json_is_false(wait))
		succeed(c);
	else
		wait_for(c, WAIT_UP, t);
}

static void do_down(struct client *c, struct tunnel *t, const json_t *request)
{
	(void)request;
	if (!network_runs(c))
		return;
	t->held = true;
	t->up_later = false;
	tunnel_event(t, IKE_EV_DOWN);
	template_down(t);
	if (t->up)
		wait_for(c, WAIT_DOWN, t);
	else
		succeed(c);
}

static void do_rekey(struct client *c, struct tunnel *t, const json_t *request)
{
	const char *what = json_string_value(json_object_get(request, "what"));

	if (!t->up)
		refuse(c, "is not up; `ipvtictl up %s` brings it up", t->conf.name);
	else if (!what || !strcmp(what, "child"))
		tunnel_event(t, IKE_EV_REKEY_CHILD);
	else if (!strcmp(what, "ike"))
		tunnel_event(t, IKE_EV_REKEY_IKE);
	else
		refuse(c, "\"what\" is child or ike");
	if (c->waiting != WAIT_SENT)
		succeed(c);
}

/* Of one tunnel, or of all and of strangers. */
static void do_explain(struct client *c, struct tunnel *t, const json_t *request)
{
	struct tunnel *each;
	json_t *answer;

	(void)request;
	if (t) {
		answer = explain_json(&t->failure, &t->conf);
		if (!t->failure.known && t->up)
			json_object_set_new(answer, "text", json_string("is up; no negotiation failed"));
		json_object_set_new(answer, "ok", json_true());
		finish(c, answer);
		return;
	}
	c->items = json_array();
	LIST_FOREACH(each, &c->d->tunnels, link)
		if (each->failure.known)
			json_array_append_new(c->items, explain_json(&each->failure, &each->conf));
	if (c->d->stranger.known)
		json_array_append_new(c->items, explain_json(&c->d->stranger, NULL));
	finish(c, json_pack("{s:b, s:O}", "ok", 1, "failures", c->items));
}

/* Everything from now on, until the client goes. */
static void do_monitor(struct client *c, struct tunnel *t, const json_t *request)
{
	(void)t;
	(void)request;
	evtimer_del(c->timeout);
	c->waiting = WAIT_EVENTS;
}

static void do_reload(struct client *c, struct tunnel *t, const json_t *request)
{
	json_t *report = json_array();
	char err[4 * IKE_MAX_TEXT];

	(void)t;
	(void)request;
	if (daemon_reload(c->d, report, err, sizeof(err))) {
		c->items = report;
		wait_for(c, WAIT_RELOAD, NULL);
		tunnels_settled(c->d);
		return;
	}
	json_decref(report);
	refuse(c, "%s", err);
}

static void do_log(struct client *c, struct tunnel *t, const json_t *request)
{
	const char *level = json_string_value(json_object_get(request, "level"));
	const char *subsystem = json_string_value(json_object_get(request, "subsystem"));
	size_t i, k = LOG_N_SUBSYSTEMS;

	(void)t;
	for (i = 0; subsystem && i < LOG_N_SUBSYSTEMS; i++)
		if (!strcmp(log_subsystems[i], subsystem))
			k = i;
	if (subsystem && k == LOG_N_SUBSYSTEMS) {
		refuse(c, "\"subsystem\" is daemon, ike, keys, kernel, routes or names");
		return;
	}
	for (i = 0; level && conf_words_log[i]; i++) {
		if (strcmp(conf_words_log[i], level))
			continue;
		daemon_set_log(c->d, k, IKE_LOG_ERROR + i);
		succeed(c);
		return;
	}
	refuse(c, "\"level\" is error, warning, notice, info or debug");
}

static void finish_status(struct client *c)
{
	finish(c, json_pack("{s:b, s:O, s:I, s:b}", "ok", 1, "tunnels", c->items, "half-open",
			    (json_int_t)c->half_open, "cookies", c->cookies));
}

static void do_status(struct client *c, struct tunnel *t, const json_t *request)
{
	struct msg_channel *network = c->d->processes[MSG_NETWORK].channel;
	struct tunnel *each;

	(void)request;
	c->items = json_array();
	c->token = ++c->d->control->last_token;
	LIST_FOREACH(each, &c->d->tunnels, link) {
		if (t && each != t)
			continue;
		if (network) {
			msg_send(network, MSG_STATUS_GET, each->handle, c->token, NULL, 0);
			c->missing++;
		} else {
			json_array_append_new(c->items, status_json(each, NULL));
		}
	}
	if (c->missing)
		wait_for(c, WAIT_STATUS, NULL);
	else
		finish_status(c);
}

enum naming {
	NAME_NONE,
	NAME_OPTIONAL,
	NAME_REQUIRED,
};

static const struct {
	const char *name;
	enum naming naming;
	void (*run)(struct client *c, struct tunnel *t, const json_t *request);
} commands[] = {
	{ "up", NAME_REQUIRED, do_up },
	{ "down", NAME_REQUIRED, do_down },
	{ "rekey", NAME_REQUIRED, do_rekey },
	{ "explain", NAME_OPTIONAL, do_explain },
	{ "status", NAME_OPTIONAL, do_status },
	{ "reload", NAME_NONE, do_reload },
	{ "log", NAME_NONE, do_log },
	{ "monitor", NAME_NONE, do_monitor },
};

static void dispatch(struct client *c, const json_t *request)
{
	const char *command = json_string_value(json_object_get(request, "command"));
	const char *name = json_string_value(json_object_get(request, "name"));
	struct tunnel *t = NULL;
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (command && !strcmp(commands[i].name, command))
			break;
	if (i == sizeof(commands) / sizeof(commands[0])) {
		refuse(c, "unknown command; this daemon is " IPVTI_VERSION);
		return;
	}
	if (name && commands[i].naming != NAME_NONE)
		t = tunnel_find(c->d, name);
	if (name && !t && commands[i].naming != NAME_NONE)
		refuse(c, "there is no such tunnel in the configuration; `ipvtictl reload` reads it again");
	else if (!name && commands[i].naming == NAME_REQUIRED)
		refuse(c, "the name of a tunnel is missing");
	else
		commands[i].run(c, t, request);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct client *c = arg;
	json_t *request;
	char *line;
	size_t len;

	if (c->waiting != WAIT_REQUEST) {
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (!line) {
		if (evbuffer_get_length(in) > REQUEST_MAX)
			refuse(c, "the request is too long");
		return;
	}
	evtimer_del(c->timeout);
	request = json_loadb(line, len, 0, NULL);
	free(line);
	if (json_is_object(request))
		dispatch(c, request);
	else
		refuse(c, "the request is not a JSON object on one line");
	json_decref(request);
}

/* Everything is sent. */
static void on_write(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	(void)bev;
	if (c->waiting == WAIT_SENT)
		client_free(c);
}

/* A client that shut down its sending side may still wait for the answer. */
static void on_stream_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	if ((what & BEV_EVENT_EOF) && c->waiting != WAIT_REQUEST && c->waiting != WAIT_EVENTS)
		bufferevent_disable(bev, EV_READ);
	else
		client_free(c);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
		      int len, void *arg)
{
	const struct timeval limit = { .tv_sec = WAIT_S };
	struct daemon *d = arg;
	struct client *c;

	(void)listener;
	(void)addr;
	(void)len;
	if (d->control->n >= CLIENTS_MAX) {
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->d = d;
	c->bev = bufferevent_socket_new(d->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->timeout = evtimer_new(d->base, on_timeout, c);
	if (!c->bev || !c->timeout)
		abort();
	LIST_INSERT_HEAD(&d->control->clients, c, link);
	d->control->n++;
	bufferevent_setcb(c->bev, on_read, on_write, on_stream_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	evtimer_add(c->timeout, &limit);
}

/* ---- what clients wait for ------------------------------------------------------------------- */

void control_log(struct tunnel *t, enum ike_log_level level, const char *text)
{
	struct client *c;

	if (level > IKE_LOG_INFO)
		return;
	LIST_FOREACH(c, &t->d->control->clients, link)
		if ((c->waiting == WAIT_UP || c->waiting == WAIT_DOWN) && c->tunnel == t->handle)
			send_line(c, json_pack("{s:o}", "progress", status_string(text)));
}

static json_t *state_json(const struct tunnel *t, const char *text)
{
	json_t *o = json_pack("{s:s, s:s, s:o}", "tunnel", t->conf.name, "name", t->conf.name,
			      "text", status_string(text));

	if (t->template) {
		json_object_set_new(o, "template", json_string(t->template->conf.name));
		json_object_set_new(o, "device", json_string(t->conf.device));
	}
	return o;
}

void control_state(struct tunnel *t, enum ike_action_type what, const char *text)
{
	struct client *c;

	if (what != IKE_ACT_FAILED)
		control_event(t->d, what == IKE_ACT_UP ? "up" : "down", state_json(t, text));
	LIST_FOREACH(c, &t->d->control->clients, link) {
		if ((c->waiting != WAIT_UP && c->waiting != WAIT_DOWN) || c->tunnel != t->handle)
			continue;
		if (what == (c->waiting == WAIT_UP ? IKE_ACT_UP : IKE_ACT_DOWN))
			succeed(c);
		else if (what != IKE_ACT_UP)
			refuse(c, "%s", text);
	}
}

void control_event(struct daemon *d, const char *name, json_t *event)
{
	struct client *c, *next;

	json_object_set_new(event, "event", json_string(name));
	for (c = LIST_FIRST(&d->control->clients); c; c = next) {
		next = LIST_NEXT(c, link);
		if (c->waiting != WAIT_EVENTS)
			continue;
		/* One that does not read loses its place, not the daemon its memory. */
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) > EVENTS_MAX)
			client_free(c);
		else
			send_line(c, json_incref(event));
	}
	json_decref(event);
}

void control_status(struct daemon *d, const struct msg *msg)
{
	const struct msg_status *m = msg->data;
	struct tunnel *t = tunnel_by_handle(d, msg->head.tunnel);
	struct client *c;

	LIST_FOREACH(c, &d->control->clients, link) {
		if (c->waiting != WAIT_STATUS || c->token != msg->head.token)
			continue;
		if (t)
			json_array_append_new(c->items, status_json(t, m));
		c->half_open = m->status.half_open;
		c->cookies = m->status.cookies;
		if (!--c->missing)
			finish_status(c);
		return;
	}
}

static json_t *secret_errors(struct daemon *d)
{
	json_t *errors = json_array();
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link)
		if (tunnel_lack(t, IKE_REASON_NONE)[0])
			json_array_append_new(errors, json_pack("{s:s, s:o}", "tunnel",
				t->conf.name, "error",
				status_string(tunnel_lack(t, IKE_REASON_NONE))));
	return errors;
}

void control_settled(struct daemon *d)
{
	struct client *c;

	LIST_FOREACH(c, &d->control->clients, link)
		if (c->waiting == WAIT_RELOAD)
			finish(c, json_pack("{s:b, s:O, s:o}", "ok", 1, "changes", c->items,
					    "errors", secret_errors(d)));
}

void control_network_lost(struct daemon *d)
{
	struct client *c;

	LIST_FOREACH(c, &d->control->clients, link)
		if (c->waiting == WAIT_UP || c->waiting == WAIT_DOWN || c->waiting == WAIT_STATUS)
			refuse(c, "the network process ended and is being restarted; try again");
}

/* ---- the socket ------------------------------------------------------------------------------ */

/* A socket nobody listens on is what a killed daemon leaves behind. */
static bool in_use(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool used = !connect(fd, (const struct sockaddr *)sun, sizeof(*sun));

	close(fd);
	return used;
}

bool control_open(struct daemon *d)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	if (strlen(d->control_path) >= sizeof(sun.sun_path)) {
		log_error(NULL, "control socket: %s is too long", d->control_path);
		return false;
	}
	strcpy(sun.sun_path, d->control_path);
	if (in_use(&sun)) {
		log_error(NULL, "another ipvtid listens on %s; use --control or --run-dir for a second one",
			  d->control_path);
		return false;
	}
	unlink(sun.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		log_error(NULL, "control socket %s: %s", d->control_path, strerror(errno));
		umask(mask);
		if (fd >= 0)
			close(fd);
		return false;
	}
	umask(mask);
	d->control = calloc(1, sizeof(*d->control));
	if (!d->control)
		abort();
	LIST_INIT(&d->control->clients);
	d->control->listener = evconnlistener_new(d->base, on_accept, d, LEV_OPT_CLOSE_ON_FREE |
						  LEV_OPT_CLOSE_ON_EXEC, -1, fd);
	if (!d->control->listener)
		abort();
	return true;
}

void control_close(struct daemon *d)
{
	if (!d->control)
		return;
	while (!LIST_EMPTY(&d->control->clients))
		client_free(LIST_FIRST(&d->control->clients));
	evconnlistener_free(d->control->listener);
	unlink(d->control_path);
	free(d->control);
	d->control = NULL;
}
