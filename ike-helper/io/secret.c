// SPDX-License-Identifier: GPL-2.0
/* Getting at pre-shared keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "secret.h"

_Static_assert(COMMAND_OUTPUT_MAX <= CONF_SECRET_MAX, "what a command writes fits");

/**
 * struct secret_job - a command whose output is the secret
 * @command: it
 * @done: who wants the secret
 * @arg: for @done
 */
struct secret_job {
	struct command *command;
	secret_done *done;
	void *arg;
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

static void on_output(const uint8_t *out, size_t len, const char *err, void *arg)
{
	struct secret_job *job = arg;
	uint8_t buf[CONF_SECRET_MAX];
	secret_done *done = job->done;
	void *whose = job->arg;

	free(job);
	if (err) {
		done(NULL, 0, err, whose);
		return;
	}
	memcpy(buf, out, len);
	deliver(buf, len, done, whose);
	explicit_bzero(buf, sizeof(buf));
}

static struct secret_job *fetch_command(struct event_base *base, const char *text,
					const char *user, secret_done *done, void *arg)
{
	struct secret_job *job = calloc(1, sizeof(*job));

	if (!job)
		abort();
	job->done = done;
	job->arg = arg;
	job->command = command_run(base, text, user, NULL, on_output, job);
	if (job->command)
		return job;
	free(job);
	done(NULL, 0, strerror(errno), arg);
	return NULL;
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
	command_cancel(job->command);
	free(job);
}
