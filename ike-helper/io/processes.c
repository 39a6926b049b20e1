// SPDX-License-Identifier: GPL-2.0
/* Starting and restarting the unprivileged processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"

#define RESTART_AFTER_S 1
#define SAFE_FD 64	/* above all descriptors a child is given */

static const char *const names[MSG_N_ROLES] = {
	[MSG_PARENT] = "parent",
	[MSG_NETWORK] = "network process",
	[MSG_KEYS] = "key process",
	[MSG_RESOLVER] = "resolver",
};

/* In the child: descriptors to their places, and nothing else left open. */
static void place_descriptors(const struct process *p, int channel)
{
	int fds[1 + CHILD_MAX_SOCKETS], n = 0, i;

	fds[n++] = channel;
	if (p->role == MSG_NETWORK)
		for (i = 0; i < p->d->n_sockets; i++)
			fds[n++] = p->d->sockets[i];
	for (i = 0; i < n; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, SAFE_FD);
	for (i = 0; i < n; i++)
		if (dup2(fds[i], CHILD_FD + i) < 0)
			_exit(126);
	close_range(CHILD_FD + n, ~0U, 0);
}

static void execute(const struct process *p, int channel)
{
	char cookies[16], half_open[16], sockets[16];
	const struct conf_daemon *c = &p->d->conf;
	char *const env[] = { NULL };
	char *const argv[MSG_N_ROLES][8] = {
		[MSG_NETWORK] = { "ipvtid", "--child", "network", (char *)c->user, cookies,
				  half_open, sockets, NULL },
		[MSG_KEYS] = { "ipvtid", "--child", "keys", (char *)c->user, NULL },
		[MSG_RESOLVER] = { "ipvtid", "--child", "resolver", (char *)c->user, NULL },
	};
	sigset_t none;

	snprintf(cookies, sizeof(cookies), "%u", (unsigned int)c->cookie_threshold);
	snprintf(half_open, sizeof(half_open), "%u", (unsigned int)c->half_open_max);
	snprintf(sockets, sizeof(sockets), "%d", p->d->n_sockets);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	place_descriptors(p, channel);
	execve("/proc/self/exe", argv[p->role], env);
	_exit(127);
}

static void on_closed(struct msg_channel *ch, const char *why, void *arg)
{
	const struct timeval wait = { .tv_sec = RESTART_AFTER_S };
	struct process *p = arg;

	log_error(NULL, "%s %s; restarting it, traffic goes on", names[p->role], why);
	msg_channel_free(ch);
	p->channel = NULL;
	if (p->pid)
		kill(p->pid, SIGKILL);
	if (p->role == MSG_NETWORK)
		control_network_lost(p->d);
	if (p->role == MSG_RESOLVER)
		lookup_abandon(p->d);
	evtimer_add(p->restart, &wait);
}

/* Tell a new process what it must know. */
static void introduce(struct process *p)
{
	struct msg_level level = { .level = log_level(LOG_IKE) };
	struct tunnel *t;

	if (p->role == MSG_NETWORK)
		msg_send(p->channel, MSG_LOG_LEVEL, 0, 0, &level, sizeof(level));
	LIST_FOREACH(t, &p->d->tunnels, link) {
		if (p->role == MSG_NETWORK)
			tunnel_introduce(t);
		else if (p->role == MSG_KEYS && !t->template)
			tunnel_share_secret(t);
	}
	tunnels_settled(p->d);
}

static bool start(struct process *p)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	p->pid = fork();
	if (p->pid < 0) {
		p->pid = 0;
		close(pair[0]);
		close(pair[1]);
		return false;
	}
	if (!p->pid)
		execute(p, pair[1]);
	close(pair[1]);
	p->channel = msg_channel_new(p->d->base, pair[0], MSG_PARENT, p->role, actions_take,
				     on_closed, p);
	if (!p->channel)
		abort();
	introduce(p);
	return true;
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval wait = { .tv_sec = RESTART_AFTER_S };
	struct process *p = arg;

	(void)fd;
	(void)what;
	if (p->pid || !start(p))
		evtimer_add(p->restart, &wait);
}

void processes_start(struct daemon *d)
{
	/* The key process first: the core asks it as soon as it has tunnels. */
	static const enum msg_role order[] = { MSG_KEYS, MSG_RESOLVER, MSG_NETWORK };
	struct process *p;
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		p = &d->processes[order[i]];
		p->d = d;
		p->role = order[i];
		p->restart = evtimer_new(d->base, on_restart, p);
		if (!p->restart)
			abort();
		on_restart(-1, 0, p);
	}
}

void processes_reap(struct daemon *d)
{
	struct process *p;
	int role, status;

	for (role = MSG_PARENT + 1; role < MSG_N_ROLES; role++) {
		p = &d->processes[role];
		if (!p->pid || waitpid(p->pid, &status, WNOHANG) != p->pid)
			continue;
		p->pid = 0;
		if (WIFSIGNALED(status))
			log_error(NULL, "%s was ended by signal %d (%s)", names[role],
				  WTERMSIG(status), strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status))
			log_error(NULL, "%s ended with status %d", names[role],
				  WEXITSTATUS(status));
	}
}

void processes_stop(struct daemon *d)
{
	struct process *p;
	int role;

	for (role = MSG_PARENT + 1; role < MSG_N_ROLES; role++) {
		p = &d->processes[role];
		if (p->restart)
			event_free(p->restart);
		msg_channel_free(p->channel);
		p->channel = NULL;
		if (p->pid) {
			kill(p->pid, SIGKILL);
			waitpid(p->pid, NULL, 0);
		}
		p->pid = 0;
	}
}
