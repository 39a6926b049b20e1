// SPDX-License-Identifier: GPL-2.0
/* The peer's address and our own: names through the resolver, source addresses from routing. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_SUBSYSTEM LOG_NAMES
#include "../core/ids.h"
#include "daemon.h"

/*
 * Connecting a UDP socket sends nothing, and routing chooses its source address. Errno says why
 * there is none.
 */
static bool source_address(struct tunnel *t, const struct ike_addr *remote, struct ike_addr *local)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT_IKE) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(PORT_IKE) };
	uint32_t mark = t->d->conf.fwmark;
	struct sockaddr *sa;
	socklen_t len;
	bool ok;
	int fd;

	if (t->conf.local.family) {
		*local = t->conf.local;
		errno = local->family == remote->family ? EADDRNOTAVAIL : EAFNOSUPPORT;
		return local->family == remote->family && route_is_local(local);
	}
	memset(local, 0, sizeof(*local));
	local->family = remote->family;
	memcpy(&in.sin_addr, remote->ip, 4);
	memcpy(&in6.sin6_addr, remote->ip, 16);
	sa = remote->family == 4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	len = remote->family == 4 ? sizeof(in) : sizeof(in6);

	fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (mark)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (t->conf.lower[0])
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, t->conf.lower,
			   strlen(t->conf.lower) + 1);
	ok = !connect(fd, sa, len) && !getsockname(fd, sa, &len);
	close(fd);
	memcpy(local->ip, remote->family == 4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr,
	       remote->family == 4 ? 4 : 16);
	return ok;
}

static void answer(struct tunnel *t)
{
	struct msg_event m = { .type = IKE_EV_ADDRESS };
	const struct msg_found *found = &t->found;
	char text[64];

	if (found->n) {
		m.remote = found->addr[t->resolve_attempt % found->n];
		m.ok = source_address(t, &m.remote, &m.local);
		t->stranded = !m.ok;
		if (!m.ok) {
			ike_addr_text(&m.remote, text, sizeof(text));
			snprintf(t->no_way, sizeof(t->no_way), "no way to %s: %s", text,
				 !t->conf.local.family ? strerror(errno) :
				 errno == EAFNOSUPPORT ? "local is of the other address family" :
				 "local is not an address of this host now");
			log_info(t->conf.name, "%s", t->no_way);
		}
	}
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, t->resolve_token, &m,
		 sizeof(m));
	t->resolve_token = 0;
}

static void add_address(struct tunnel *t, const struct ike_addr *a)
{
	if (t->found.n == IKE_MAX_ADDRS)
		return;
	if (t->conf.local.family && t->conf.local.family != a->family)
		return;
	t->found.addr[t->found.n] = *a;
	t->found.addr[t->found.n++].port = 0;
}

static void say_no_way(struct tunnel *t, const char *text)
{
	snprintf(t->no_way, sizeof(t->no_way), "remote cannot be looked up: %s", text);
	log_info(t->conf.name, "%s", t->no_way);
}

void lookup_start(struct tunnel *t, uint32_t token, uint32_t attempt)
{
	struct msg_channel *resolver = t->d->processes[MSG_RESOLVER].channel;
	struct msg_lookup m = { 0 };
	struct ike_addr a;
	uint32_t i;

	t->found.n = 0;
	t->n_lookups = 0;
	t->no_way[0] = 0;
	t->resolve_token = token;
	t->resolve_attempt = attempt;
	for (i = 0; i < t->conf.remote.n; i++) {
		if (ike_addr_parse(t->conf.remote.v[i], &a)) {
			add_address(t, &a);
			continue;
		}
		if (!resolver) {
			say_no_way(t, "the resolver is being restarted");
			continue;
		}
		memcpy(m.host, t->conf.remote.v[i], sizeof(m.host));
		msg_send(resolver, MSG_LOOKUP, t->handle, token, &m, sizeof(m));
		t->n_lookups++;
	}
	if (!t->n_lookups)
		answer(t);
}

void lookup_from_resolver(struct daemon *d, const struct msg *msg)
{
	struct tunnel *t = tunnel_by_handle(d, msg->head.tunnel);
	const struct msg_found *m = msg->data;
	char text[sizeof(m->text)];
	uint32_t i;

	if (!t || !t->n_lookups || msg->head.token != t->resolve_token || m->n > IKE_MAX_ADDRS)
		return;
	memcpy(text, m->text, sizeof(text));
	text[sizeof(text) - 1] = 0;
	if (!m->n)
		say_no_way(t, text);
	for (i = 0; i < m->n; i++)
		add_address(t, &m->addr[i]);
	if (!--t->n_lookups)
		answer(t);
}

static void tell(struct tunnel *t, bool ok, const struct ike_addr *local, const char *what)
{
	struct msg_event m = { .type = IKE_EV_ROAMED, .ok = ok, .local = *local };
	char text[64];

	ike_addr_text(local, text, sizeof(text));
	log_notice(t->conf.name, "%s %s", text, what);
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

/* Where the peer is, or is looked for. */
static const struct ike_addr *peer(const struct tunnel *t)
{
	if (t->up && t->endpoint_set)
		return &t->endpoint.remote;
	return t->found.n ? &t->found.addr[t->resolve_attempt % t->found.n] : NULL;
}

static bool is_inner(const struct tunnel *t, const struct ike_addr *a)
{
	uint32_t i;

	for (i = 0; i < t->addresses.n; i++)
		if (t->addresses.v[i].family == a->family &&
		    !memcmp(t->addresses.v[i].ip, a->ip, a->family == 4 ? 4 : 16))
			return true;
	return false;
}

/* What routing chooses. A route through the tunnel itself does not lead to its peer. */
static bool choose(struct tunnel *t, const struct ike_addr *remote, struct ike_addr *local)
{
	bool ok = source_address(t, remote, local) && !is_inner(t, local);

	if (ok)
		t->chosen = *local;
	return ok;
}

void lookup_endpoint(struct tunnel *t)
{
	struct ike_addr local;

	t->chosen.family = 0;
	choose(t, &t->endpoint.remote, &local);
}

/*
 * A peer may have come to another address of ours than routing would choose, and that is well until
 * routing changes its mind or the address is gone.
 */
static bool has_moved(const struct tunnel *t, const struct ike_addr *before,
		      const struct ike_addr *local)
{
	const struct ike_addr *known = &t->endpoint.local;

	if (!t->endpoint_set || ike_addr_same(local, known))
		return false;
	return (before->family && !ike_addr_same(before, local)) || !route_is_local(known);
}

void lookup_again(struct tunnel *t)
{
	const struct ike_addr *remote = peer(t);
	struct ike_addr before = t->chosen;
	struct ike_addr local;
	bool ok;

	if (!remote || (!t->up && !t->stranded))
		return;
	ok = choose(t, remote, &local);
	if (t->stranded && ok) {
		t->stranded = false;
		tell(t, true, &local, "leads to the peer again");
	} else if (!ok && !t->stranded && t->conf.local.family) {
		t->stranded = true;
		tell(t, false, &local, "is not an address of this host any more");
	} else if (ok && has_moved(t, &before, &local)) {
		tell(t, true, &local, "is the own address now");
	}
}

void lookup_moved(struct daemon *d)
{
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link)
		lookup_again(t);
}

void lookup_abandon(struct daemon *d)
{
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link) {
		if (!t->n_lookups)
			continue;
		t->n_lookups = 0;
		answer(t);
	}
}
