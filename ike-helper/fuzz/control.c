// SPDX-License-Identifier: GPL-2.0
/*
 * The control protocol: the input is what clients send, a zero octet begins the next client's. A
 * network process that answers status requests with nonsense is fuzz_messages'. Each client gets
 * whole lines of JSON, the last of which says whether it was done.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"

enum {
	CLIENTS = 8,
	ANSWER_MAX = 1 << 16,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say(int fd, const uint8_t *data, size_t size)
{
	/* What does not fit into the socket is more than a request may be. */
	if (size)
		send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void check_line(char *line)
{
	json_t *o = json_loads(line, 0, NULL);

	if (!json_is_object(o))
		abort();
	json_decref(o);
}

static void check_answer(int fd)
{
	static char buf[ANSWER_MAX + 1];
	ssize_t n = recv(fd, buf, ANSWER_MAX, MSG_DONTWAIT);
	char *line, *end;

	if (n <= 0)
		return;
	buf[n] = 0;
	for (line = buf; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		check_line(line);
	}
	if (*line && n < ANSWER_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	const uint8_t *stop;
	int fd[CLIENTS];
	int i, n = 0;

	fuzz_daemon();
	for (; data < end && n < CLIENTS; data = stop + 1) {
		stop = memchr(data, 0, end - data);
		stop = stop ? stop : end;
		fd[n] = fuzz_client();
		say(fd[n++], data, stop - data);
		fuzz_settle();
	}
	fuzz_settle();
	for (i = 0; i < n; i++) {
		check_answer(fd[i]);
		close(fd[i]);
	}
	fuzz_settle();
	fuzz_daemon_done();
	return 0;
}
