// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic between two network namespaces of one machine, measured without the noise of starting and
 * stopping. For the benchmark of selftests/bench.
 *
 *	load tcp FROM TO ADDRESS FLOWS BYTES	BYTES from FROM to TO; ADDRESS is TO's
 *	load reverse FROM TO ADDRESS FLOWS BYTES	the other way on connections of FROM
 *	load udp FROM TO ADDRESS SIZE COUNT	datagrams of SIZE octets
 *	load rr FROM TO ADDRESS SIZE COUNT	request and response, one after the other
 *
 * Prints nanoseconds, and how many octets (tcp, reverse) or datagrams or exchanges arrived. What is
 * measured begins after a warm-up and with nothing in flight, and ends when all has been received.
 * A warm-up is a quarter of the measurement.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT		5001
#define MAX_FLOWS	64
#define CHUNK		(128 * 1024)	/* octets of a read or write of TCP */
#define BURST		32		/* datagrams sent before they are received */
#define PATIENCE	1000		/* milliseconds until a datagram counts as lost */

static char chunk[CHUNK];

/* What profile.c looks for: instructions that do nothing, with a displacement that says which. */
static void mark_begin(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .ascii \"ipvB\"" ::: "memory");
}

static void mark_end(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .ascii \"ipvE\"" ::: "memory");
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void enter(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

/* A socket in a namespace, bound to the port of the address or connected to it. */
static int socket_in(const char *name, int type, const char *address, int serve)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd, on = 1, size = 4 << 20;

	enter(name);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		err(1, "socket for %s", address);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (serve ? bind(fd, (struct sockaddr *)&to, sizeof(to)) :
		    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "%s", address);
	return fd;
}

static void wait_byte(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		errx(1, "the other process is gone");
}

static void send_byte(int fd)
{
	if (write(fd, "", 1) != 1)
		err(1, "pipe");
}

/* --- TCP ---------------------------------------------------------------------------------- */

/* Move total octets, shared out evenly, through flows; whichever is ready is next. */
static void transfer(int *flows, int n, uint64_t total, short events)
{
	uint64_t left[MAX_FLOWS], all = 0;
	struct pollfd poll_fds[MAX_FLOWS];
	ssize_t done;
	size_t want;
	int i;

	for (i = 0; i < n; i++) {
		left[i] = total / n;
		all += left[i];
		poll_fds[i] = (struct pollfd) { .fd = flows[i], .events = events };
	}
	while (all) {
		if (poll(poll_fds, n, -1) < 0)
			err(1, "poll");
		for (i = 0; i < n; i++) {
			if (!poll_fds[i].revents)
				continue;
			want = left[i] < CHUNK ? left[i] : CHUNK;
			done = events == POLLIN ? read(flows[i], chunk, want) :
						  write(flows[i], chunk, want);
			if (done <= 0) {
				if (done < 0 && errno == EAGAIN)
					continue;
				err(1, "TCP");
			}
			left[i] -= done;
			all -= done;
			if (!left[i])
				poll_fds[i].fd = -1;
		}
	}
}

/* The sender waits for its turn before each of the two transfers. */
static void tcp_sender(int *flows, int n, uint64_t bytes, int turn)
{
	wait_byte(turn);
	transfer(flows, n, bytes / 4, POLLOUT);
	wait_byte(turn);
	transfer(flows, n, bytes, POLLOUT);
	wait_byte(turn);
	_exit(0);
}

static void tcp_receiver(int *flows, int n, uint64_t bytes, int turn)
{
	uint64_t start;

	send_byte(turn);
	transfer(flows, n, bytes / 4, POLLIN);
	start = now();
	mark_begin();
	send_byte(turn);
	transfer(flows, n, bytes, POLLIN);
	mark_end();
	printf("%lu %lu\n", (unsigned long)(now() - start), (unsigned long)(bytes / n * n));
	send_byte(turn);
}

static void tcp(char **arg, int reverse)
{
	int listener, ends[2][MAX_FLOWS], turn[2], i, n = atoi(arg[3]);
	uint64_t bytes = strtoull(arg[4], NULL, 0);

	if (n < 1 || n > MAX_FLOWS)
		errx(2, "1 to %d flows", MAX_FLOWS);
	listener = socket_in(arg[1], SOCK_STREAM, arg[2], 1);
	if (listen(listener, n))
		err(1, "listen");
	for (i = 0; i < n; i++) {
		ends[0][i] = socket_in(arg[0], SOCK_STREAM, arg[2], 0);
		ends[1][i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (ends[1][i] < 0)
			err(1, "accept");
		fcntl(ends[0][i], F_SETFL, O_NONBLOCK);
		fcntl(ends[1][i], F_SETFL, O_NONBLOCK);
	}
	if (pipe(turn))
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(turn[1]);
		tcp_sender(ends[reverse], n, bytes, turn[0]);
	}
	tcp_receiver(ends[!reverse], n, bytes, turn[1]);
	wait(NULL);
}

/* --- UDP ---------------------------------------------------------------------------------- */

/* Send a burst, then receive what arrives of it; the number of those that did. */
static int burst(int from, int to, size_t size)
{
	static struct mmsghdr messages[BURST];
	static char in[BURST][65536 / BURST];
	struct iovec iov[BURST];
	int i, n, sent = 0, got = 0;

	for (i = 0; i < BURST; i++) {
		iov[i] = (struct iovec) { .iov_base = chunk, .iov_len = size };
		messages[i].msg_hdr = (struct msghdr) { .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	while (sent < BURST) {
		n = sendmmsg(from, messages + sent, BURST - sent, 0);
		if (n < 0)
			err(1, "send");
		sent += n;
	}
	for (i = 0; i < BURST; i++)
		iov[i] = (struct iovec) { .iov_base = in[i], .iov_len = sizeof(in[i]) };
	while (got < BURST) {
		struct pollfd ready = { .fd = to, .events = POLLIN };

		n = recvmmsg(to, messages + got, BURST - got, MSG_DONTWAIT, NULL);
		if (n > 0)
			got += n;
		else if (errno != EAGAIN)
			err(1, "receive");
		else if (!poll(&ready, 1, PATIENCE))
			break;
	}
	return got;
}

static void udp(char **arg)
{
	int from, to, i, size = atoi(arg[3]), count = atoi(arg[4]) / BURST;
	unsigned long got = 0;
	uint64_t start;

	if (size < 1 || size > 65536 / BURST)
		errx(2, "datagrams of 1 to %d octets", 65536 / BURST);
	to = socket_in(arg[1], SOCK_DGRAM, arg[2], 1);
	from = socket_in(arg[0], SOCK_DGRAM, arg[2], 0);
	for (i = 0; i < count / 4; i++)
		burst(from, to, size);
	start = now();
	mark_begin();
	for (i = 0; i < count; i++)
		got += burst(from, to, size);
	mark_end();
	printf("%lu %lu\n", (unsigned long)(now() - start), got);
}

static void answer(int fd)
{
	struct sockaddr_in peer;
	socklen_t length;
	ssize_t n;

	for (;;) {
		length = sizeof(peer);
		n = recvfrom(fd, chunk, sizeof(chunk), 0, (struct sockaddr *)&peer, &length);
		if (n < 0 || sendto(fd, chunk, n, 0, (struct sockaddr *)&peer, length) != n)
			err(1, "answer");
		if (!n)
			_exit(0);
	}
}

static void exchange(int fd, size_t size)
{
	if (send(fd, chunk, size, 0) != (ssize_t)size || recv(fd, chunk, sizeof(chunk), 0) < 0)
		err(1, "exchange");
}

static void rr(char **arg)
{
	struct timeval patience = { .tv_sec = 5 };
	int from, to, i, size = atoi(arg[3]), count = atoi(arg[4]);
	uint64_t start;

	to = socket_in(arg[1], SOCK_DGRAM, arg[2], 1);
	from = socket_in(arg[0], SOCK_DGRAM, arg[2], 0);
	setsockopt(from, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		answer(to);
	}
	for (i = 0; i < count / 4; i++)
		exchange(from, size);
	start = now();
	mark_begin();
	for (i = 0; i < count; i++)
		exchange(from, size);
	mark_end();
	printf("%lu %d\n", (unsigned long)(now() - start), count);
	exchange(from, 0);	/* ends the other process */
	wait(NULL);
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "tcp"))
		tcp(argv + 2, 0);
	else if (argc == 7 && !strcmp(argv[1], "reverse"))
		tcp(argv + 2, 1);
	else if (argc == 7 && !strcmp(argv[1], "udp"))
		udp(argv + 2);
	else if (argc == 7 && !strcmp(argv[1], "rr"))
		rr(argv + 2);
	else
		errx(2, "usage: load tcp|reverse FROM TO ADDRESS FLOWS BYTES, or udp|rr FROM TO ADDRESS SIZE COUNT");
	return 0;
}
