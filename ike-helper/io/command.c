// SPDX-License-Identifier: GPL-2.0
/* Commands from the configuration. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "sandbox.h"

#define COMMAND_SECONDS 10

/**
 * struct command - one that runs
 * @pid: of the shell
 * @fd: its output
 * @pidfd: readable when it has ended
 * @ended: on @pidfd
 * @timeout: kills it
 * @done: who wants to know
 * @arg: for @done
 */
struct command {
	pid_t pid;
	int fd;
	int pidfd;
	struct event *ended;
	struct event *timeout;
	command_done *done;
	void *arg;
};

void command_cancel(struct command *c)
{
	if (!c)
		return;
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	event_free(c->ended);
	event_free(c->timeout);
	close(c->pidfd);
	close(c->fd);
	free(c);
}

static void finish(struct command *c, const uint8_t *out, size_t len, const char *err)
{
	command_done *done = c->done;
	void *arg = c->arg;

	command_cancel(c);
	done(err ? NULL : out, err ? 0 : len, err, arg);
}

/* The pipe holds more than a command may write, so nothing needs reading before the end. */
static void on_exit_of_command(evutil_socket_t fd, short what, void *arg)
{
	uint8_t buf[COMMAND_OUTPUT_MAX];
	struct command *c = arg;
	int status = 0;
	ssize_t n;

	(void)fd;
	(void)what;
	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	c->pid = 0;
	n = read(c->fd, buf, sizeof(buf));
	if (status)
		finish(c, NULL, 0, "the command failed");
	else if (n == sizeof(buf))
		finish(c, NULL, 0, "the command wrote too much");
	else
		finish(c, buf, n > 0 ? n : 0, NULL);
	explicit_bzero(buf, sizeof(buf));
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, NULL, 0, "the command took too long");
}

static void become_command(const char *text, const char *user, char *const env[], int out)
{
	const struct rlimit files = { 64, 64 }, size = { 1 << 16, 1 << 16 };
	char *const argv[] = { "sh", "-c", (char *)text, NULL };
	char err[128];

	dup2(out, STDOUT_FILENO);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_FSIZE, &size);
	setsid();
	if (!sandbox_become(user, err, sizeof(err)))
		_exit(126);
	execve("/bin/sh", argv, env ? env : environ);
	_exit(127);
}

struct command *command_run(struct event_base *base, const char *text, const char *user,
			    char *const env[], command_done *done, void *arg)
{
	const struct timeval limit = { .tv_sec = COMMAND_SECONDS };
	struct command *c;
	int pipefd[2];

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->done = done;
	c->arg = arg;
	c->fd = pipefd[0];
	c->pid = fork();
	if (!c->pid)
		become_command(text, user, env, pipefd[1]);
	close(pipefd[1]);
	if (c->pid < 0) {
		close(c->fd);
		free(c);
		return NULL;
	}
	c->pidfd = pidfd_open(c->pid, 0);
	c->ended = event_new(base, c->pidfd, EV_READ | EV_PERSIST, on_exit_of_command, c);
	c->timeout = evtimer_new(base, on_timeout, c);
	if (!c->ended || !c->timeout)
		abort();
	event_add(c->ended, NULL);
	evtimer_add(c->timeout, &limit);
	return c;
}
