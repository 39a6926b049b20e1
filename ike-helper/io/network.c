// SPDX-License-Identifier: GPL-2.0
/*
 * The network process: it has the UDP sockets and the IKE core, and no privilege, no file and no
 * long-term secret. What it wants done it asks of the parent.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../crypto/openssl.h"
#include "child.h"
#include "msg.h"
#include "sandbox.h"

#define DATAGRAM_MAX 65535
#define DATAGRAMS_PER_WAKE 64
#define WAITING_MAX 4096
#define NON_ESP_MARKER 4	/* RFC 3948 section 2.2 */

struct network;

/**
 * struct net_socket - a UDP socket
 * @net: process
 * @fd: descriptor
 * @family: 4 or 6
 * @natt: bound to PORT_NATT
 * @readable: event
 */
struct net_socket {
	struct network *net;
	int fd;
	uint8_t family;
	bool natt;
	struct event *readable;
};

/**
 * struct outgoing - a datagram that waits for what was stored before it
 * @link: in struct network
 * @after: token of the MSG_STORE it waits for
 * @natt: prefix the non-ESP marker
 * Everything else as in the action SEND.
 */
struct outgoing {
	STAILQ_ENTRY(outgoing) link;
	uint32_t after;
	struct ike_addr local;
	struct ike_addr remote;
	bool natt;
	uint8_t dscp;
	size_t len;
	uint8_t data[];
};

/**
 * struct network - the process
 * @base: event loop
 * @parent: channel
 * @core: state machine
 * @timer: the core's deadline
 * @level: least level of log lines
 * @asked: token of the last MSG_STORE
 * @stored: of the last one answered
 * @n_waiting: in @waiting
 * @waiting: datagrams
 * @n: sockets used in @sockets
 * @sockets: UDP sockets
 */
struct network {
	struct event_base *base;
	struct msg_channel *parent;
	struct ike_core *core;
	struct event *timer;
	enum ike_log_level level;
	uint32_t asked;
	uint32_t stored;
	unsigned int n_waiting;
	STAILQ_HEAD(, outgoing) waiting;
	int n;
	struct net_socket sockets[CHILD_MAX_SOCKETS];
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000) + ts.tv_nsec / 1000000;
}

static void net_random(void *ctx, uint8_t *out, size_t len)
{
	ssize_t n;

	(void)ctx;
	while (len) {
		n = getrandom(out, len, 0);
		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			out += n;
			len -= n;
		}
	}
}

/* ---- addresses ------------------------------------------------------------------------------- */

static socklen_t to_sockaddr(const struct ike_addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (a->family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	memcpy(&in6->sin6_addr, a->ip, 16);
	return sizeof(*in6);
}

static void from_sockaddr(const struct sockaddr_storage *ss, struct ike_addr *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

	memset(a, 0, sizeof(*a));
	if (ss->ss_family == AF_INET) {
		a->family = 4;
		a->port = ntohs(in->sin_port);
		memcpy(a->ip, &in->sin_addr, 4);
	} else {
		a->family = 6;
		a->port = ntohs(in6->sin6_port);
		memcpy(a->ip, &in6->sin6_addr, 16);
	}
}

/* ---- actions --------------------------------------------------------------------------------- */

/* One more control message; there is room for the two that there may be. */
static void put_control(struct msghdr *m, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	m->msg_controllen += CMSG_SPACE(len);
}

static void put_source(struct msghdr *m, const struct ike_addr *local)
{
	struct in6_pktinfo info6 = { 0 };
	struct in_pktinfo info4 = { 0 };

	memcpy(&info4.ipi_spec_dst, local->ip, 4);
	memcpy(&info6.ipi6_addr, local->ip, 16);
	if (local->family == 4)
		put_control(m, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
	else
		put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
}

static void put_dscp(struct msghdr *m, uint8_t family, uint8_t dscp)
{
	int tos = dscp << 2;	/* the two bits behind are for ECN (RFC 2474, RFC 3168) */

	if (family == 4)
		put_control(m, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	else
		put_control(m, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

static void send_datagram(struct network *net, const struct outgoing *out)
{
	_Alignas(struct cmsghdr)
	uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))] = { 0 };
	const struct ike_addr *local = &out->local;
	static const uint8_t marker[NON_ESP_MARKER];
	struct sockaddr_storage to;
	struct iovec iov[2] = {
		{ (void *)marker, out->natt ? NON_ESP_MARKER : 0 },
		{ (void *)out->data, out->len },
	};
	struct msghdr m = {
		.msg_name = &to, .msg_iov = iov, .msg_iovlen = 2, .msg_control = control,
	};
	int i;

	m.msg_namelen = to_sockaddr(&out->remote, &to);
	if (local->family)
		put_source(&m, local);
	put_dscp(&m, out->remote.family, out->dscp);
	for (i = 0; i < net->n; i++) {
		if (net->sockets[i].family != out->remote.family ||
		    net->sockets[i].natt != out->natt)
			continue;
		/* What gets lost is sent again; errors of the path are no different. */
		if (sendmsg(net->sockets[i].fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return;
		/* An error of an earlier datagram may be reported here. */
		sendmsg(net->sockets[i].fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
}

static void send_stored(struct network *net)
{
	struct outgoing *out;

	while ((out = STAILQ_FIRST(&net->waiting)) && (int32_t)(net->stored - out->after) >= 0) {
		send_datagram(net, out);
		STAILQ_REMOVE_HEAD(&net->waiting, link);
		net->n_waiting--;
		free(out);
	}
}

/*
 * A datagram leaves only when all that was stored before is in the parent's file: what the peer has
 * seen of us, the next process must know. The parent answers in the order it is asked.
 */
static void send_when_stored(struct network *net, const struct ike_action *act)
{
	struct outgoing *out;

	if (net->n_waiting == WAITING_MAX)
		return;		/* as if it were lost on the way */
	out = calloc(1, sizeof(*out) + act->u.send.len);
	if (!out)
		abort();
	out->after = net->asked;
	out->local = act->u.send.local;
	out->remote = act->u.send.remote;
	out->natt = act->u.send.natt;
	out->dscp = act->u.send.dscp;
	out->len = act->u.send.len;
	memcpy(out->data, act->u.send.data, act->u.send.len);
	STAILQ_INSERT_TAIL(&net->waiting, out, link);
	net->n_waiting++;
	send_stored(net);
}

static void store(struct network *net, const struct ike_action *act)
{
	msg_send(net->parent, MSG_STORE, act->tunnel, ++net->asked, act->u.store.data,
		 act->u.store.len);
}

static void ask_auth(struct network *net, const struct ike_action *act, enum msg_type type)
{
	const struct ike_auth_work *w = &act->u.auth;
	size_t len = sizeof(struct msg_auth) + w->octets_len + w->certs_len;
	struct msg_auth *m;

	if (w->octets_len > MSG_OCTETS_MAX || w->certs_len > IKE_MAX_CERTS ||
	    w->auth_len > sizeof(m->auth))
		return;
	m = calloc(1, len);
	if (!m)
		abort();
	m->prf = w->prf;
	m->kind = w->kind;
	m->method = w->method;
	m->hashes = w->hashes;
	m->local_id = w->local_id;
	m->remote_id = w->remote_id;
	m->spi_i = w->spi_i;
	m->spi_r = w->spi_r;
	m->auth_len = w->auth_len;
	m->certs_len = w->certs_len;
	if (w->auth_len)
		memcpy(m->auth, w->auth, w->auth_len);
	memcpy(m->data, w->octets, w->octets_len);
	if (w->certs_len)
		memcpy(m->data + w->octets_len, w->certs, w->certs_len);
	msg_send(net->parent, type, act->tunnel, act->token, m, len);
	free(m);
}

static void ask_mix(struct network *net, const struct ike_action *act)
{
	struct msg_mix m = { .prf = act->u.mix.prf, .keys = act->u.mix.keys };

	msg_send(net->parent, MSG_MIX_PPK, act->tunnel, act->token, &m, sizeof(m));
	explicit_bzero(&m, sizeof(m));
}

static void log_up(struct network *net, const struct ike_action *act)
{
	struct msg_log m = { .level = act->u.log.level };

	if (act->u.log.level > net->level)
		return;
	memcpy(m.text, act->u.log.text, sizeof(m.text));
	msg_send(net->parent, MSG_LOG, act->tunnel, 0, &m, sizeof(m));
}

static void carry_out(struct network *net, const struct ike_action *act)
{
	struct msg_sa sa = { .dir = act->u.sa.dir, .spi = act->u.sa.spi };
	struct msg_resolve resolve = { .attempt = act->u.resolve.attempt };
	struct msg_peer peer = { .suspect = act->u.peer.suspect };
	struct msg_state state = { .what = act->type, .reason = act->u.down.reason };
	struct msg_endpoint endpoint = {
		.local = act->u.endpoint.local,
		.remote = act->u.endpoint.remote,
		.encap = act->u.endpoint.encap,
	};
	struct msg_lease lease = {
		.spi_i = act->u.lease.spi_i,
		.spi_r = act->u.lease.spi_r,
		.wanted = act->u.lease.wanted,
	};
	const struct {
		enum msg_type type;
		const void *data;
		size_t len;
	} plain[] = {
		[IKE_ACT_RESOLVE] = { MSG_RESOLVE, &resolve, sizeof(resolve) },
		[IKE_ACT_ALLOC_SPI] = { MSG_ALLOC_SPI, NULL, 0 },
		[IKE_ACT_FREE_SPI] = { MSG_FREE_SPI, &sa, sizeof(sa) },
		[IKE_ACT_ENDPOINT] = { MSG_ENDPOINT, &endpoint, sizeof(endpoint) },
		[IKE_ACT_INSTALL] = { MSG_INSTALL, &act->u.install, sizeof(act->u.install) },
		[IKE_ACT_ACTIVATE] = { MSG_ACTIVATE, &sa, sizeof(sa) },
		[IKE_ACT_DELETE] = { MSG_DELETE, &sa, sizeof(sa) },
		[IKE_ACT_PEER_STATE] = { MSG_PEER_STATE, &peer, sizeof(peer) },
		[IKE_ACT_EXPLAIN] = { MSG_EXPLAIN, &act->u.explain, sizeof(act->u.explain) },
		[IKE_ACT_UP] = { MSG_STATE, &state, sizeof(state) },
		[IKE_ACT_DOWN] = { MSG_STATE, &state, sizeof(state) },
		[IKE_ACT_FAILED] = { MSG_STATE, &state, sizeof(state) },
		[IKE_ACT_LEASE] = { MSG_LEASE, &lease, sizeof(lease) },
		[IKE_ACT_ASSIGNED] = { MSG_ASSIGNED, &act->u.assigned, sizeof(act->u.assigned) },
		[IKE_ACT_RESUMED] = { MSG_RESUMED, NULL, 0 },
	};

	switch (act->type) {
	case IKE_ACT_SEND:
		send_when_stored(net, act);
		break;
	case IKE_ACT_STORE:
		store(net, act);
		break;
	case IKE_ACT_MAKE_AUTH:
		ask_auth(net, act, MSG_MAKE_AUTH);
		break;
	case IKE_ACT_CHECK_AUTH:
		ask_auth(net, act, MSG_CHECK_AUTH);
		break;
	case IKE_ACT_MIX_PPK:
		ask_mix(net, act);
		break;
	case IKE_ACT_LOG:
		log_up(net, act);
		break;
	case IKE_ACT_UP:
		state.reason = IKE_REASON_NONE;
		/* fall through */
	default:
		msg_send(net->parent, plain[act->type].type, act->tunnel, act->token,
			 plain[act->type].data, plain[act->type].len);
	}
}

static void step(struct network *net, struct ike_event *ev)
{
	struct ike_actions acts = { .deadline = IKE_NEVER };
	const struct ike_action *act;
	struct timeval tv;
	uint64_t wait;

	ev->now = now_ms();
	ike_core_step(net->core, ev, &acts);
	for (act = acts.head; act; act = act->next)
		carry_out(net, act);
	evtimer_del(net->timer);
	if (acts.deadline != IKE_NEVER) {
		wait = acts.deadline > ev->now ? acts.deadline - ev->now : 0;
		tv.tv_sec = wait / 1000;
		tv.tv_usec = wait % 1000 * 1000;
		evtimer_add(net->timer, &tv);
	}
	ike_actions_clear(&acts);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ike_event ev = { .type = IKE_EV_TIMER };

	(void)fd;
	(void)what;
	step(arg, &ev);
}

static void local_address(struct msghdr *m, uint16_t port, struct ike_addr *local)
{
	struct in6_pktinfo info6;
	struct in_pktinfo info4;
	struct cmsghdr *c;

	memset(local, 0, sizeof(*local));
	local->port = port;
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info4, CMSG_DATA(c), sizeof(info4));
			local->family = 4;
			memcpy(local->ip, &info4.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			local->family = 6;
			memcpy(local->ip, &info6.ipi6_addr, 16);
		}
	}
}

static bool receive_datagram(struct net_socket *s)
{
	static uint8_t buf[DATAGRAM_MAX];
	uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo)) + 64];
	struct ike_event ev = { .type = IKE_EV_DATAGRAM };
	struct sockaddr_storage from = { 0 };
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	static const uint8_t marker[NON_ESP_MARKER];
	ssize_t n;

	n = recvmsg(s->fd, &m, MSG_DONTWAIT);
	if (n < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK;
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return true;
	ev.u.datagram.data = buf;
	ev.u.datagram.len = n;
	if (s->natt) {
		if (n < NON_ESP_MARKER || memcmp(buf, marker, NON_ESP_MARKER))
			return true;
		ev.u.datagram.data += NON_ESP_MARKER;
		ev.u.datagram.len -= NON_ESP_MARKER;
	}
	from_sockaddr(&from, &ev.u.datagram.remote);
	local_address(&m, s->natt ? PORT_NATT : PORT_IKE, &ev.u.datagram.local);
	if (ev.u.datagram.local.family)
		step(s->net, &ev);
	return true;
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	int i;

	(void)fd;
	(void)what;
	for (i = 0; i < DATAGRAMS_PER_WAKE; i++)
		if (!receive_datagram(arg))
			return;
}

static void on_event(struct network *net, const struct msg *msg)
{
	const struct msg_event *m = msg->data;
	struct ike_event ev = {
		.type = m->type, .tunnel = msg->head.tunnel, .token = msg->head.token,
	};

	switch (ev.type) {
	case IKE_EV_ADDRESS:
	case IKE_EV_ROAMED:
		ev.u.address.ok = m->ok;
		ev.u.address.local = m->local;
		ev.u.address.remote = m->remote;
		break;
	case IKE_EV_SPI:
		ev.u.spi.ok = m->ok;
		ev.u.spi.spi = m->spi;
		break;
	case IKE_EV_SA_FAILED:
	case IKE_EV_SOFT_EXPIRE:
	case IKE_EV_HARD_EXPIRE:
	case IKE_EV_FIRST_USE:
		ev.u.sa.dir = m->dir;
		ev.u.sa.spi = m->spi;
		ev.u.sa.text = m->text;
		break;
	case IKE_EV_QUIET:
		ev.u.quiet.ms = m->ms;
		break;
	case IKE_EV_ADOPTED:
		ev.u.adopted.child = m->child;
		ev.u.adopted.spi_in = m->spi_in;
		ev.u.adopted.spi_out = m->spi_out;
		break;
	default:
		break;
	}
	step(net, &ev);
}

static void on_config(struct network *net, const struct msg *msg)
{
	struct ike_event ev = { .type = IKE_EV_CONFIG, .tunnel = msg->head.tunnel };

	ev.u.config = msg->data;
	step(net, &ev);
}

static void on_verdict(struct network *net, const struct msg *msg, enum ike_event_type type)
{
	const struct msg_verdict *m = msg->data;
	struct ike_event ev = {
		.type = type, .tunnel = msg->head.tunnel, .token = msg->head.token,
	};

	char text[sizeof(m->text)];

	if (m->len > sizeof(m->auth) || m->certs_len > sizeof(m->certs))
		return;
	memcpy(text, m->text, sizeof(text));
	text[sizeof(text) - 1] = 0;
	ev.u.auth.ok = m->ok;
	ev.u.auth.method = m->method;
	ev.u.auth.data = m->auth;
	ev.u.auth.len = m->len;
	ev.u.auth.certs = m->certs;
	ev.u.auth.certs_len = m->certs_len;
	ev.u.auth.reason = m->reason;
	ev.u.auth.text = text;
	step(net, &ev);
}

static void on_mixed(struct network *net, const struct msg *msg)
{
	const struct msg_mixed *m = msg->data;
	struct ike_event ev = {
		.type = IKE_EV_PPK_MIXED, .tunnel = msg->head.tunnel, .token = msg->head.token,
	};
	char text[sizeof(m->text)];

	memcpy(text, m->text, sizeof(text));
	text[sizeof(text) - 1] = 0;
	ev.u.mixed.ok = m->ok;
	ev.u.mixed.keys = &m->keys;
	ev.u.mixed.text = text;
	step(net, &ev);
}

static void on_leased(struct network *net, const struct msg *msg)
{
	const struct msg_leased *m = msg->data;
	struct ike_event ev = {
		.type = IKE_EV_LEASED, .tunnel = msg->head.tunnel, .token = msg->head.token,
	};

	ev.u.lease.assigned = &m->assigned;
	ev.u.lease.text = m->text;
	step(net, &ev);
}

static void on_resume(struct network *net, const struct msg *msg)
{
	struct ike_event ev = { .type = IKE_EV_RESUME, .tunnel = msg->head.tunnel };

	ev.u.resume.data = msg->data;
	ev.u.resume.len = msg->head.len;
	step(net, &ev);
}

static void on_stored(struct network *net, const struct msg *msg)
{
	net->stored = msg->head.token;
	send_stored(net);
}

static void on_status_get(struct network *net, const struct msg *msg)
{
	struct msg_status m = { .now = now_ms() };

	m.known = ike_core_status(net->core, msg->head.tunnel, &m.status);
	msg_send(net->parent, MSG_STATUS, msg->head.tunnel, msg->head.token, &m, sizeof(m));
}

/* Before it knew the tunnels, the core would have refused their peers. */
static void listen_to_peers(struct network *net)
{
	int i;

	for (i = 0; i < net->n; i++)
		event_add(net->sockets[i].readable, NULL);
}

static void on_message(struct msg_channel *ch, const struct msg *msg, void *arg)
{
	struct network *net = arg;

	(void)ch;
	switch ((enum msg_type)msg->head.type) {
	case MSG_CONFIG:
		on_config(net, msg);
		break;
	case MSG_EVENT:
		on_event(net, msg);
		break;
	case MSG_AUTH_MADE:
		on_verdict(net, msg, IKE_EV_AUTH_MADE);
		break;
	case MSG_AUTH_CHECKED:
		on_verdict(net, msg, IKE_EV_AUTH_CHECKED);
		break;
	case MSG_PPK_MIXED:
		on_mixed(net, msg);
		break;
	case MSG_LEASED:
		on_leased(net, msg);
		break;
	case MSG_RESUME:
		on_resume(net, msg);
		break;
	case MSG_STORED:
		on_stored(net, msg);
		break;
	case MSG_LOG_LEVEL:
		net->level = ((const struct msg_level *)msg->data)->level;
		break;
	case MSG_LISTEN:
		listen_to_peers(net);
		break;
	case MSG_STATUS_GET:
		on_status_get(net, msg);
		break;
	default:
		abort();
	}
}

static void on_closed(struct msg_channel *ch, const char *why, void *arg)
{
	struct network *net = arg;

	(void)ch;
	(void)why;
	event_base_loopbreak(net->base);
}

/* ---- start ----------------------------------------------------------------------------------- */

static bool open_socket(struct network *net, int fd)
{
	struct net_socket *s = &net->sockets[net->n];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct ike_addr a;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return false;
	from_sockaddr(&ss, &a);
	s->net = net;
	s->fd = fd;
	s->family = a.family;
	s->natt = a.port == PORT_NATT;
	s->readable = event_new(net->base, fd, EV_READ | EV_PERSIST, on_socket, s);
	net->n++;
	return s->readable;
}

int network_main(const char *user, unsigned int cookie_threshold, unsigned int half_open_max,
		 int n_sockets)
{
	struct network net = { .level = IKE_LOG_INFO };
	struct ike_core_config cfg = {
		.random = net_random,
		.port_ike = PORT_IKE,
		.port_natt = PORT_NATT,
		.cookie_threshold = cookie_threshold,
		.half_open_max = half_open_max,
	};
	struct ike_crypto *crypto;
	char err[256];
	int i;

	STAILQ_INIT(&net.waiting);
	net.base = event_base_new();
	crypto = ike_openssl_new();
	if (!net.base || !crypto || n_sockets > CHILD_MAX_SOCKETS)
		return 1;
	cfg.crypto = crypto;
	net.core = ike_core_new(&cfg);
	net.timer = evtimer_new(net.base, on_timer, &net);
	net.parent = msg_channel_new(net.base, CHILD_FD, MSG_NETWORK, MSG_PARENT, on_message,
				     on_closed, &net);
	if (!net.core || !net.timer || !net.parent)
		return 1;
	for (i = 0; i < n_sockets; i++)
		if (!open_socket(&net, CHILD_SOCKETS_FD + i))
			return 1;
	if (!sandbox_enter(SANDBOX_NETWORK, user, err, sizeof(err))) {
		fprintf(stderr, "error ipvtid: network process: %s\n", err);
		return 1;
	}
	event_base_dispatch(net.base);

	for (i = 0; i < net.n; i++)
		event_free(net.sockets[i].readable);
	msg_channel_free(net.parent);
	event_free(net.timer);
	ike_core_free(net.core);
	ike_openssl_free(crypto);
	event_base_free(net.base);
	return 0;
}
