// SPDX-License-Identifier: GPL-2.0
/* Getting at pre-shared keys. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"
#include "secret.h"

#define COMMAND_SECONDS 10

/**
 * struct secret_job - a command whose output is the secret
 * @pid: of the shell
 * @fd: its output
 * @pidfd: readable when it has ended
 * @ended: on @pidfd
 * @timeout: kills it
 * @done: who wants the secret
 * @arg: for @done
 * @len: octets used in @buf
 * @buf: what it wrote
 */
struct secret_job {
	pid_t pid;
	int fd;
	int pidfd;
	struct event *ended;
	struct event *timeout;
	secret_done *done;
	void *arg;
	size_t len;
	uint8_t buf[CONF_SECRET_MAX];
};

static bool credential_path(const char *name, char *path, size_t len, char *err, size_t err_len)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (!dir || !*name || strchr(name, '/')) {
		snprintf(err, err_len, dir ? "\"%s\" is not the name of a credential" :
			 "credential \"%s\": CREDENTIALS_DIRECTORY is not set; use LoadCredential= in the unit of the daemon",
			 name);
		return false;
	}
	snprintf(path, len, "%s/%s", dir, name);
	return true;
}

/* A secret that others can read is none. */
static bool private_file(const char *path, char *err, size_t len)
{
	struct stat st;

	if (stat(path, &st) < 0)
		snprintf(err, len, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		snprintf(err, len, "%s is not a regular file", path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		snprintf(err, len, "%s belongs to user %u; chown it to root", path, st.st_uid);
	else if (st.st_mode & 077)
		snprintf(err, len, "%s is open to others (mode %o); chmod 600", path,
			 st.st_mode & 0777);
	else
		return true;
	return false;
}

bool secret_check(const struct conf_secret *secret, const char *conf_file, char *err, size_t len)
{
	char path[1024];
	struct stat st;

	if (!secret->text[0]) {
		snprintf(err, len,
			 "is empty; allowed are a secret, file:PATH, credential:NAME and command:COMMAND");
		return false;
	}
	switch (secret->kind) {
	case CONF_SECRET_FILE:
		if (secret->text[0] != '/') {
			snprintf(err, len, "\"%s\" is not an absolute path", secret->text);
			return false;
		}
		return private_file(secret->text, err, len);
	case CONF_SECRET_CREDENTIAL:
		/* Only known inside the unit. */
		return !getenv("CREDENTIALS_DIRECTORY") ||
		       (credential_path(secret->text, path, sizeof(path), err, len) &&
			private_file(path, err, len));
	case CONF_SECRET_INLINE:
		if (!stat(conf_file, &st) && (st.st_mode & 077)) {
			snprintf(err, len,
				 "stands in a file open to others (mode %o); chmod 600 %s, or use file:PATH",
				 st.st_mode & 0777, conf_file);
			return false;
		}
		return true;
	}
	return true;
}

bool secret_file_check(const char *path, bool private, char *err, size_t len)
{
	struct stat st;

	if (private)
		return private_file(path, err, len);
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		return true;
	snprintf(err, len, "%s: %s", path, strerror(errno ? errno : EINVAL));
	return false;
}

size_t secret_file(const char *path, bool private, uint8_t *out, size_t max, char *err,
		   size_t err_len)
{
	ssize_t n = -1;
	int fd;

	errno = 0;
	if (!secret_file_check(path, private, err, err_len))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, out, max);
	if (n < 0)
		snprintf(err, err_len, "%s: %s", path, strerror(errno));
	else if (!n || n == (ssize_t)max)
		snprintf(err, err_len, n ? "%s is longer than %zu octets" : "%s is empty", path,
			 max - 1);
	if (fd >= 0)
		close(fd);
	return n > 0 && n < (ssize_t)max ? n : 0;
}

/* The newline that editors and echo leave behind is not part of the secret. */
static void deliver(uint8_t *buf, size_t len, secret_done *done, void *arg)
{
	while (len && (buf[len - 1] == '\n' || buf[len - 1] == '\r'))
		len--;
	if (len)
		done(buf, len, NULL, arg);
	else
		done(NULL, 0, "the secret is empty", arg);
}

static void fetch_file(const char *path, secret_done *done, void *arg)
{
	uint8_t buf[CONF_SECRET_MAX];
	char err[1280];
	ssize_t n;
	int fd;

	if (!private_file(path, err, sizeof(err))) {
		done(NULL, 0, err, arg);
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));
	if (n < 0) {
		snprintf(err, sizeof(err), "%s: %s", path, strerror(errno));
		done(NULL, 0, err, arg);
	} else if (n == sizeof(buf)) {
		snprintf(err, sizeof(err), "%s is longer than %d characters", path,
			 CONF_SECRET_MAX - 1);
		done(NULL, 0, err, arg);
	} else {
		deliver(buf, n, done, arg);
	}
	if (fd >= 0)
		close(fd);
	explicit_bzero(buf, sizeof(buf));
}

static void finish(struct secret_job *job, const char *err)
{
	if (err)
		job->done(NULL, 0, err, job->arg);
	else
		deliver(job->buf, job->len, job->done, job->arg);
	secret_cancel(job);
}

/* The pipe holds more than a secret may have, so nothing needs reading before the end. */
static void on_exit_of_command(evutil_socket_t fd, short what, void *arg)
{
	struct secret_job *job = arg;
	int status = 0;
	ssize_t n;

	(void)fd;
	(void)what;
	if (waitpid(job->pid, &status, WNOHANG) != job->pid)
		return;
	job->pid = 0;
	n = read(job->fd, job->buf, sizeof(job->buf));
	job->len = n > 0 ? n : 0;
	if (status)
		finish(job, "the command failed");
	else if (job->len == sizeof(job->buf))
		finish(job, "the command wrote more than a secret");
	else
		finish(job, NULL);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, "the command took too long");
}

static void run_command(const char *command, const char *user, int out)
{
	const struct rlimit files = { 64, 64 }, size = { 1 << 16, 1 << 16 };
	char err[128];

	dup2(out, STDOUT_FILENO);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_FSIZE, &size);
	setsid();
	if (!sandbox_become(user, err, sizeof(err)))
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static struct secret_job *fetch_command(struct event_base *base, const char *command,
					const char *user, secret_done *done, void *arg)
{
	const struct timeval limit = { .tv_sec = COMMAND_SECONDS };
	struct secret_job *job;
	int pipefd[2];

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0) {
		done(NULL, 0, strerror(errno), arg);
		return NULL;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		abort();
	job->done = done;
	job->arg = arg;
	job->fd = pipefd[0];
	job->pid = fork();
	if (!job->pid)
		run_command(command, user, pipefd[1]);
	close(pipefd[1]);
	if (job->pid < 0) {
		done(NULL, 0, strerror(errno), arg);
		close(job->fd);
		free(job);
		return NULL;
	}
	job->pidfd = pidfd_open(job->pid, 0);
	job->ended = event_new(base, job->pidfd, EV_READ | EV_PERSIST, on_exit_of_command, job);
	job->timeout = evtimer_new(base, on_timeout, job);
	if (!job->ended || !job->timeout)
		abort();
	event_add(job->ended, NULL);
	evtimer_add(job->timeout, &limit);
	return job;
}

struct secret_job *secret_fetch(struct event_base *base, const struct conf_secret *secret,
				const char *user, secret_done *done, void *arg)
{
	char path[1024], err[256];

	switch (secret->kind) {
	case CONF_SECRET_FILE:
		fetch_file(secret->text, done, arg);
		break;
	case CONF_SECRET_CREDENTIAL:
		if (credential_path(secret->text, path, sizeof(path), err, sizeof(err)))
			fetch_file(path, done, arg);
		else
			done(NULL, 0, err, arg);
		break;
	case CONF_SECRET_COMMAND:
		return fetch_command(base, secret->text, user, done, arg);
	default:
		done((const uint8_t *)secret->text, strlen(secret->text), NULL, arg);
		break;
	}
	return NULL;
}

void secret_cancel(struct secret_job *job)
{
	if (!job)
		return;
	if (job->pid > 0) {
		kill(-job->pid, SIGKILL);
		waitpid(job->pid, NULL, 0);
	}
	event_free(job->ended);
	event_free(job->timeout);
	close(job->pidfd);
	close(job->fd);
	explicit_bzero(job->buf, sizeof(job->buf));
	free(job);
}
