// SPDX-License-Identifier: GPL-2.0
/* The resolver: getaddrinfo(3) for the parent, in a thread per name; none waits for another. */
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "msg.h"
#include "sandbox.h"

#define THREADS_MAX 32

/**
 * struct lookup - a question in work
 * @head: of the question
 * @host: name
 */
struct lookup {
	struct msg_header head;
	char host[CONF_HOST_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* protects running */
static unsigned int running;

static void answer(const struct msg_header *question, const struct msg_found *found)
{
	struct {
		struct msg_header head;
		struct msg_found found;
	} m = { .found = *found };

	m.head.type = MSG_FOUND;
	m.head.len = sizeof(m.found);
	m.head.tunnel = question->tunnel;
	m.head.token = question->token;
	/* A SOCK_SEQPACKET send is one message, whichever thread makes it. */
	if (send(CHILD_FD, &m, sizeof(m.head) + sizeof(m.found), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void collect(const struct addrinfo *list, struct msg_found *found)
{
	const struct addrinfo *ai;
	struct ike_addr *a;

	for (ai = list; ai && found->n < IKE_MAX_ADDRS; ai = ai->ai_next) {
		a = &found->addr[found->n];
		if (ai->ai_family == AF_INET) {
			a->family = 4;
			memcpy(a->ip, &((struct sockaddr_in *)ai->ai_addr)->sin_addr, 4);
			found->n++;
		} else if (ai->ai_family == AF_INET6) {
			a->family = 6;
			memcpy(a->ip, &((struct sockaddr_in6 *)ai->ai_addr)->sin6_addr, 16);
			found->n++;
		}
	}
}

static void *look_up(void *arg)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct msg_found found = { 0 };
	struct addrinfo *list = NULL;
	struct lookup *l = arg;
	int ret;

	ret = getaddrinfo(l->host, NULL, &hints, &list);
	if (ret) {
		snprintf(found.text, sizeof(found.text), "%s", gai_strerror(ret));
	} else {
		collect(list, &found);
		freeaddrinfo(list);
	}
	answer(&l->head, &found);
	free(l);
	pthread_mutex_lock(&lock);
	running--;
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void start(const struct msg_header *head, const struct msg_lookup *m)
{
	struct msg_found busy = { .text = "too many names are being looked up" };
	struct lookup *l = calloc(1, sizeof(*l));
	pthread_t thread;
	bool full;

	if (!l)
		abort();
	l->head = *head;
	memcpy(l->host, m->host, sizeof(l->host));
	l->host[sizeof(l->host) - 1] = 0;
	pthread_mutex_lock(&lock);
	full = running >= THREADS_MAX;
	running += !full;
	pthread_mutex_unlock(&lock);
	if (full) {
		answer(head, &busy);
		free(l);
	} else if (pthread_create(&thread, NULL, look_up, l)) {
		abort();
	} else {
		pthread_detach(thread);
	}
}

int resolver_main(const char *user)
{
	struct {
		struct msg_header head;
		struct msg_lookup lookup;
	} m;
	char err[256];

	if (!sandbox_enter(SANDBOX_RESOLVER, user, err, sizeof(err))) {
		fprintf(stderr, "error ipvtid: resolver: %s\n", err);
		return 1;
	}
	while (recv(CHILD_FD, &m, sizeof(m), 0) == sizeof(m.head) + sizeof(m.lookup)) {
		if (msg_check(&m.head, MSG_PARENT, MSG_RESOLVER))
			return 1;
		start(&m.head, &m.lookup);
	}
	return 0;
}
