// SPDX-License-Identifier: GPL-2.0
/*
 * The control protocol of ipvtid, client side.
 *
 * A stream socket in the file system; one JSON object per line. The client sends one request:
 *
 *	{"command":"up","name":"site-b","wait":true}
 *
 * with "command" one of up, down, rekey, reload, status, explain, log, monitor; "name" of a tunnel
 * where the command is about one, which status and explain need not be; "wait" with up; "what"
 * ("ike" or "child") with rekey; "level" and, if it is for one only, "subsystem" with log. The
 * daemon answers with any number of
 *
 *	{"progress":"text for people"}
 *
 * and one last line, after which it closes the connection:
 *
 *	{"ok":true, further members}		or	{"ok":false,"error":"one line"}
 *
 * Further members are "tunnels", "half-open" (a number) and "cookies" (whether they are asked for) of
 * status, "changes" and "errors" of reload, and what explain has to say: "failures" if it was asked
 * for all. After monitor there is no end: each line is an event,
 * {"event":"failed", …}.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

/* Return: descriptor, or -1; @err is why */
static int open_socket(const struct ctl *ctl, int *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	*err = ENAMETOOLONG;
	if (strlen(ctl->socket) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, ctl->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	*err = errno;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int connect_daemon(const struct ctl *ctl)
{
	int err, fd = open_socket(ctl, &err);

	if (fd >= 0)
		return fd;
	if (err == ENOENT || err == ECONNREFUSED)
		ctl_say(ctl, CTL_FAILED, "ipvtid does not run: nobody listens on %s", ctl->socket);
	else if (err == ENAMETOOLONG)
		ctl_say(ctl, CTL_FAILED, "%s: longer than a socket's path can be", ctl->socket);
	else
		ctl_say(ctl, CTL_FAILED, "%s: %s", ctl->socket, strerror(err));
	return -1;
}

static bool send_line(int fd, const json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT);
	size_t len, sent = 0;
	ssize_t n = 0;

	if (!line)
		return false;
	len = strlen(line);
	line[len++] = '\n';	/* in place of the NUL */
	while (sent < len && n >= 0) {
		n = send(fd, line + sent, len - sent, MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
	}
	free(line);
	return sent == len;
}

/* Return: true when @object is the final reply. */
static bool take_reply(const struct ctl *ctl, const json_t *object)
{
	const char *progress = json_string_value(json_object_get(object, "progress"));

	if (json_object_get(object, "ok"))
		return true;
	if (progress && !ctl->json) {
		puts(progress);
		fflush(stdout);
	}
	return false;
}

/* Read lines up to the final one. Return: it, or NULL after saying what is wrong. */
static json_t *receive(const struct ctl *ctl, FILE *stream)
{
	json_t *object = NULL;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stream) > 0) {
		object = json_loads(line, 0, NULL);
		if (!json_is_object(object)) {
			ctl_say(ctl, CTL_FAILED, "%s: this is not ipvtid", ctl->socket);
			json_decref(object);
			goto out;
		}
		if (take_reply(ctl, object)) {
			free(line);
			return object;
		}
		json_decref(object);
	}
	ctl_say(ctl, CTL_FAILED, "ipvtid closed the connection without an answer");
out:
	free(line);
	return NULL;
}

int control_request(const struct ctl *ctl, json_t *request, json_t **reply)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	const char *error;
	FILE *stream;
	int fd, err = CTL_FAILED;

	*reply = NULL;
	fd = connect_daemon(ctl);
	if (fd < 0)
		goto out;
	stream = fdopen(fd, "r");
	if (!stream) {
		close(fd);
		goto out;
	}
	if (send_line(fd, request))
		*reply = receive(ctl, stream);
	else
		ctl_say(ctl, CTL_FAILED, "%s: %s", ctl->socket, strerror(errno));
	fclose(stream);
	if (!*reply)
		goto out;
	err = 0;
	if (!json_is_true(json_object_get(*reply, "ok"))) {
		error = json_string_value(json_object_get(*reply, "error"));
		err = ctl_say(ctl, CTL_FAILED, "%s%s%s", name ? name : "", name ? ": " : "",
			      error ? error : "failed");
		json_decref(*reply);
		*reply = NULL;
	}
out:
	json_decref(request);
	return err;
}

FILE *control_watch(const struct ctl *ctl)
{
	json_t *request = json_pack("{s:s}", "command", "monitor");
	int err, fd = open_socket(ctl, &err);
	FILE *stream = NULL;

	if (fd >= 0 && send_line(fd, request) && !fcntl(fd, F_SETFL, O_NONBLOCK))
		stream = fdopen(fd, "r");
	if (fd >= 0 && !stream)
		close(fd);
	json_decref(request);
	return stream;
}
