// SPDX-License-Identifier: GPL-2.0
/* The parent process: the order of starting and stopping, signals, reload. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../crypto/openssl.h"
#include "daemon.h"
#include "sandbox.h"

#define N_SIGNALS 4

uint64_t daemon_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * UINT64_C(1000) + ts.tv_nsec / 1000000;
}

void daemon_set_log(struct daemon *d, enum log_subsystem subsystem, enum ike_log_level level)
{
	struct msg_level m = { .level = level };

	log_set_level(subsystem, level);
	if (subsystem == LOG_IKE || subsystem == LOG_N_SUBSYSTEMS)
		msg_send(d->processes[MSG_NETWORK].channel, MSG_LOG_LEVEL, 0, 0, &m, sizeof(m));
}

static void log_from_config(struct daemon *d)
{
	if (!d->log_fixed)
		daemon_set_log(d, LOG_N_SUBSYSTEMS, IKE_LOG_ERROR + d->conf.log);
}

/* Faults go to the log line by line, and in one line to @err. */
static void tell_faults(char *text, char *err, size_t len)
{
	char *line, *save = NULL;
	size_t n = 0;

	err[0] = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		log_error(NULL, "%s", line);
		if (n < len)
			n += snprintf(err + n, len - n, "%s%s", n ? "; " : "", line);
	}
}

static bool load(struct daemon *d, struct config *conf, char *err, size_t len)
{
	struct conf_faults faults = { 0 };
	char *text = NULL;
	size_t size = 0;
	bool ok;

	faults.out = open_memstream(&text, &size);
	if (!faults.out)
		abort();
	ok = conf_load(d->conf_path, conf, &faults);
	fclose(faults.out);
	if (!ok)
		tell_faults(text, err, len);
	free(text);
	return ok;
}

bool daemon_reload(struct daemon *d, json_t *report, char *err, size_t len)
{
	struct config conf;
	bool ok = load(d, &conf, err, len);

	if (ok) {
		tunnels_reload(d, &conf, report);
		log_from_config(d);
		log_notice(NULL, "configuration read again, %zu changes",
			   json_array_size(report));
	} else {
		log_error(NULL, "the old configuration stays in force");
	}
	conf_free(&conf);
	return ok;
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	(void)what;
	log_notice(NULL, "%s: stopping, tunnels stay up", strsignal(sig));
	event_base_loopbreak(d->base);
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	json_t *report = json_array();
	char err[4096];

	(void)sig;
	(void)what;
	daemon_reload(arg, report, err, sizeof(err));
	json_decref(report);
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	processes_reap(arg);
}

static void catch_signals(struct daemon *d, struct event *signals[N_SIGNALS])
{
	static const struct {
		int sig;
		event_callback_fn fn;
	} table[N_SIGNALS] = {
		{ SIGTERM, on_stop }, { SIGINT, on_stop },
		{ SIGHUP, on_hangup }, { SIGCHLD, on_child },
	};
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < N_SIGNALS; i++) {
		signals[i] = evsignal_new(d->base, table[i].sig, table[i].fn, d);
		if (!signals[i])
			abort();
		event_add(signals[i], NULL);
	}
}

/* ---- start and stop -------------------------------------------------------------------------- */

static bool make_run_dir(const char *dir)
{
	if (!mkdir(dir, 0755) || errno == EEXIST)
		return true;
	log_error(NULL, "%s: %s", dir, strerror(errno));
	return false;
}

static bool begin(struct daemon *d, const struct daemon_options *opt, struct config *conf)
{
	char err[4096];

	sandbox_no_dump();
	d->conf_path = opt->conf_path;
	d->log_fixed = opt->log >= 0;
	if (d->log_fixed)
		log_set_level(LOG_N_SUBSYSTEMS, IKE_LOG_ERROR + opt->log);
	LIST_INIT(&d->tunnels);
	TAILQ_INIT(&d->hooks);
	d->base = event_base_new();
	d->crypto = ike_openssl_new();
	if (!d->base || !d->crypto) {
		log_error(NULL, "OpenSSL or libevent does not work");
		return false;
	}
	if (!load(d, conf, err, sizeof(err)))
		return false;
	d->conf = conf->daemon;
	log_from_config(d);
	return true;
}

static void end(struct daemon *d, struct config *conf)
{
	control_close(d);
	hook_close(d);
	processes_stop(d);
	tunnels_free(d);
	pool_close(d);
	state_close(d);
	route_close(d);
	kernel_close(d);
	conf_free(conf);
	ike_openssl_free(d->crypto);
	if (d->base)
		event_base_free(d->base);
}

int daemon_run(const struct daemon_options *opt)
{
	struct event *signals[N_SIGNALS] = { NULL };
	struct config conf = { .n = 0 };
	struct daemon d = { 0 };
	char path[512];
	int i, ret = 1;

	snprintf(path, sizeof(path), "%s/control", opt->run_dir);
	d.control_path = opt->control_path ? opt->control_path : path;
	d.state_dir = opt->state_dir;
	if (!begin(&d, opt, &conf) || !make_run_dir(opt->run_dir))
		goto out;
	catch_signals(&d, signals);
	if (!kernel_open(&d, true) || !route_open(&d, true) || !control_open(&d) ||
	    !sockets_open(&d))
		goto out;
	tunnels_load(&d, &conf);
	pool_open(&d);
	template_adopt(&d);
	state_open(&d, opt->run_dir);
	state_sweep(&d);
	route_sweep(&d);
	processes_start(&d);
	log_notice(NULL, "ipvtid " IPVTI_VERSION " started, %zu tunnels", conf.n);
	conf_free(&conf);
	event_base_dispatch(d.base);
	ret = 0;
out:
	for (i = 0; i < N_SIGNALS; i++)
		if (signals[i])
			event_free(signals[i]);
	end(&d, &conf);
	return ret;
}

int daemon_prepare(const struct daemon_options *opt)
{
	struct config conf = { .n = 0 };
	struct daemon d = { 0 };
	struct tunnel *t;
	int ret = 1;

	if (!begin(&d, opt, &conf) || !kernel_open(&d, false) || !route_open(&d, false))
		goto out;
	tunnels_load(&d, &conf);
	ret = 0;
	LIST_FOREACH(t, &d.tunnels, link)
		if (!t->ref.id && !t->conf.template)
			ret = 1;
out:
	end(&d, &conf);
	return ret;
}
