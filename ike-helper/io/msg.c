// SPDX-License-Identifier: GPL-2.0
/* Channels between the processes of the daemon: framing, checking, queueing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msg.h"

#define VIA_PARENT (1U << MSG_PARENT)
#define QUEUE_MAX (64U << 20)	/* octets; a peer that lets so much pile up does not read any more */

/**
 * struct msg_rule - what a type may look like
 * @from: roles that may send it, one bit each
 * @to: roles that may get it
 * @min: shortest payload
 * @max: longest
 */
struct msg_rule {
	uint8_t from;
	uint8_t to;
	uint32_t min;
	uint32_t max;
};

#define BIT(role) (1U << (role))
#define EXACT(type) sizeof(type), sizeof(type)
#define PARENT_TO_NETWORK BIT(MSG_PARENT), BIT(MSG_NETWORK)
#define NETWORK_TO_PARENT BIT(MSG_NETWORK), BIT(MSG_PARENT)
/* forwarded by the parent */
#define NETWORK_TO_KEYS (BIT(MSG_NETWORK) | VIA_PARENT), (BIT(MSG_KEYS) | VIA_PARENT)
#define KEYS_TO_NETWORK (BIT(MSG_KEYS) | VIA_PARENT), (BIT(MSG_NETWORK) | VIA_PARENT)
#define PARENT_TO_KEYS BIT(MSG_PARENT), BIT(MSG_KEYS)

static const struct msg_rule rules[MSG_N_TYPES] = {
	[MSG_CONFIG] = { PARENT_TO_NETWORK, EXACT(struct ike_peer_config) },
	[MSG_EVENT] = { PARENT_TO_NETWORK, EXACT(struct msg_event) },
	[MSG_LOG_LEVEL] = { PARENT_TO_NETWORK, EXACT(struct msg_level) },
	[MSG_LISTEN] = { PARENT_TO_NETWORK, 0, 0 },
	[MSG_STATUS_GET] = { PARENT_TO_NETWORK, 0, 0 },
	[MSG_RESOLVE] = { NETWORK_TO_PARENT, EXACT(struct msg_resolve) },
	[MSG_ALLOC_SPI] = { NETWORK_TO_PARENT, 0, 0 },
	[MSG_FREE_SPI] = { NETWORK_TO_PARENT, EXACT(struct msg_sa) },
	[MSG_ENDPOINT] = { NETWORK_TO_PARENT, EXACT(struct msg_endpoint) },
	[MSG_INSTALL] = { NETWORK_TO_PARENT, EXACT(struct ike_install) },
	[MSG_ACTIVATE] = { NETWORK_TO_PARENT, EXACT(struct msg_sa) },
	[MSG_DELETE] = { NETWORK_TO_PARENT, EXACT(struct msg_sa) },
	[MSG_PEER_STATE] = { NETWORK_TO_PARENT, EXACT(struct msg_peer) },
	[MSG_ASSIGNED] = { NETWORK_TO_PARENT, EXACT(struct ike_assigned) },
	[MSG_LEASE] = { NETWORK_TO_PARENT, EXACT(struct msg_lease) },
	[MSG_LEASED] = { PARENT_TO_NETWORK, EXACT(struct msg_leased) },
	[MSG_STORE] = { NETWORK_TO_PARENT, 0, IKE_MAX_STATE },
	[MSG_STORED] = { PARENT_TO_NETWORK, 0, 0 },
	[MSG_RESUME] = { PARENT_TO_NETWORK, 1, IKE_MAX_STATE },
	[MSG_RESUMED] = { NETWORK_TO_PARENT, 0, 0 },
	[MSG_STATE] = { NETWORK_TO_PARENT, EXACT(struct msg_state) },
	[MSG_EXPLAIN] = { NETWORK_TO_PARENT, EXACT(struct ike_explanation) },
	[MSG_LOG] = { NETWORK_TO_PARENT, EXACT(struct msg_log) },
	[MSG_STATUS] = { NETWORK_TO_PARENT, EXACT(struct msg_status) },
	[MSG_MAKE_AUTH] = { NETWORK_TO_KEYS, sizeof(struct msg_auth),
			    sizeof(struct msg_auth) + MSG_OCTETS_MAX + IKE_MAX_CERTS },
	[MSG_CHECK_AUTH] = { NETWORK_TO_KEYS, sizeof(struct msg_auth),
			     sizeof(struct msg_auth) + MSG_OCTETS_MAX + IKE_MAX_CERTS },
	[MSG_MIX_PPK] = { NETWORK_TO_KEYS, EXACT(struct msg_mix) },
	[MSG_AUTH_MADE] = { KEYS_TO_NETWORK, EXACT(struct msg_verdict) },
	[MSG_AUTH_CHECKED] = { KEYS_TO_NETWORK, EXACT(struct msg_verdict) },
	[MSG_PPK_MIXED] = { KEYS_TO_NETWORK, EXACT(struct msg_mixed) },
	[MSG_SECRET] = { PARENT_TO_KEYS, EXACT(struct msg_secret) },
	[MSG_PPK] = { PARENT_TO_KEYS, EXACT(struct msg_ppk) },
	[MSG_SECRET_GONE] = { PARENT_TO_KEYS, 0, 0 },
	[MSG_CREDENTIAL] = { PARENT_TO_KEYS, sizeof(struct msg_credential),
			     sizeof(struct msg_credential) + MSG_FILE_MAX },
	[MSG_CREDENTIALS_END] = { PARENT_TO_KEYS, 0, 0 },
	[MSG_CREDENTIALS] = { BIT(MSG_KEYS), BIT(MSG_PARENT), EXACT(struct msg_credentials) },
	[MSG_LOOKUP] = { BIT(MSG_PARENT), BIT(MSG_RESOLVER), EXACT(struct msg_lookup) },
	[MSG_FOUND] = { BIT(MSG_RESOLVER), BIT(MSG_PARENT), EXACT(struct msg_found) },
};

/*
 * Where in a message truth values stand: an unprivileged process may put any octet there, and to
 * use one that is neither true nor false is undefined.
 */
#define BOOLS(...) { (const uint32_t[]){ __VA_ARGS__ }, \
		     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t) }
#define EXPLAIN_BOOL(field) offsetof(struct ike_explanation, field)
#define STATUS_BOOL(field) offsetof(struct msg_status, field)

static const struct {
	const uint32_t *at;
	size_t n;
} bools[MSG_N_TYPES] = {
	[MSG_ENDPOINT] = BOOLS(offsetof(struct msg_endpoint, encap)),
	[MSG_INSTALL] = BOOLS(offsetof(struct ike_install, esn)),
	[MSG_PEER_STATE] = BOOLS(offsetof(struct msg_peer, suspect)),
	[MSG_EXPLAIN] = BOOLS(EXPLAIN_BOOL(by_peer), EXPLAIN_BOOL(has_path),
			      EXPLAIN_BOOL(initiator), EXPLAIN_BOOL(established),
			      EXPLAIN_BOOL(nat_local), EXPLAIN_BOOL(nat_remote),
			      EXPLAIN_BOOL(row[0].differs), EXPLAIN_BOOL(row[1].differs),
			      EXPLAIN_BOOL(row[2].differs), EXPLAIN_BOOL(row[3].differs),
			      EXPLAIN_BOOL(row[4].differs), EXPLAIN_BOOL(row[5].differs),
			      EXPLAIN_BOOL(row[6].differs), EXPLAIN_BOOL(row[7].differs)),
	[MSG_STATUS] = BOOLS(STATUS_BOOL(known), STATUS_BOOL(status.wanted),
			     STATUS_BOOL(status.initiator), STATUS_BOOL(status.resumed), STATUS_BOOL(status.ppk),
			     STATUS_BOOL(status.suspect),
			     STATUS_BOOL(status.encap), STATUS_BOOL(status.nat_local),
			     STATUS_BOOL(status.nat_remote), STATUS_BOOL(status.cookies)),
	[MSG_AUTH_MADE] = BOOLS(offsetof(struct msg_verdict, ok)),
	[MSG_AUTH_CHECKED] = BOOLS(offsetof(struct msg_verdict, ok)),
	[MSG_PPK_MIXED] = BOOLS(offsetof(struct msg_mixed, ok)),
};

_Static_assert(IKE_MAX_CONTRASTS == 8, "rows of MSG_EXPLAIN in the table");

struct queued {
	STAILQ_ENTRY(queued) link;
	size_t len;
	uint8_t data[];
};

struct msg_channel {
	int fd;
	enum msg_role self;
	enum msg_role peer;
	struct event *readable;
	struct event *writable;
	msg_handler *handler;
	msg_closed *closed;
	void *arg;
	size_t queued;
	STAILQ_HEAD(, queued) queue;
	/* one message at a time, aligned for any structure */
	_Alignas(max_align_t) uint8_t buf[sizeof(struct msg_header) + (128U << 10)];
};

_Static_assert(sizeof(struct ike_peer_config) < (128U << 10), "MSG_CONFIG must fit");
_Static_assert(sizeof(struct msg_status) < (128U << 10), "MSG_STATUS must fit");
_Static_assert(IKE_MAX_STATE < (128U << 10), "MSG_STORE must fit");

const char *msg_check(const struct msg_header *head, enum msg_role from, enum msg_role to)
{
	const struct msg_rule *rule;

	if (head->type >= MSG_N_TYPES)
		return "unknown message type";
	rule = &rules[head->type];
	if (!(rule->from & BIT(from)) || !(rule->to & BIT(to)))
		return "message of the wrong process";
	if (head->len < rule->min || head->len > rule->max)
		return "message of the wrong size";
	return NULL;
}

static void fail(struct msg_channel *ch, const char *why)
{
	event_del(ch->readable);
	event_del(ch->writable);
	ch->closed(ch, why, ch->arg);
}

static void settle_bools(uint32_t type, uint8_t *payload)
{
	size_t i;

	for (i = 0; i < bools[type].n; i++)
		payload[bools[type].at[i]] = !!payload[bools[type].at[i]];
}

/* Handles one message per call, so that a channel may be freed by its handler. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct msg_channel *ch = arg;
	struct msg msg;
	const char *wrong;
	ssize_t n;

	(void)what;
	n = recv(fd, ch->buf, sizeof(ch->buf), MSG_DONTWAIT | MSG_TRUNC);
	/*
	 * A process that is killed before it has read all resets the connection, and that is told ahead
	 * of what it has sent: its end comes behind that.
	 */
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	if (n <= 0) {
		fail(ch, n ? strerror(errno) : "is gone");
		return;
	}
	if ((size_t)n < sizeof(msg.head) || (size_t)n > sizeof(ch->buf)) {
		fail(ch, "sent a message of the wrong size");
		return;
	}
	memcpy(&msg.head, ch->buf, sizeof(msg.head));
	wrong = msg.head.len != n - sizeof(msg.head) ? "message of the wrong size" :
		msg_check(&msg.head, ch->peer, ch->self);
	if (wrong) {
		fail(ch, wrong);
		return;
	}
	settle_bools(msg.head.type, ch->buf + sizeof(msg.head));
	msg.data = ch->buf + sizeof(msg.head);
	ch->handler(ch, &msg, ch->arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct msg_channel *ch = arg;
	struct queued *q;

	(void)what;
	while ((q = STAILQ_FIRST(&ch->queue))) {
		if (send(fd, q->data, q->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
			return;
		/* Any other error shows up as the end of the channel on reading. */
		STAILQ_REMOVE_HEAD(&ch->queue, link);
		ch->queued -= q->len;
		explicit_bzero(q->data, q->len);
		free(q);
	}
	event_del(ch->writable);
}

struct msg_channel *msg_channel_new(struct event_base *base, int fd, enum msg_role self,
				    enum msg_role peer, msg_handler *handler, msg_closed *closed,
				    void *arg)
{
	struct msg_channel *ch = calloc(1, sizeof(*ch));
	int size = 1 << 20;

	if (!ch)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ch->fd = fd;
	ch->self = self;
	ch->peer = peer;
	ch->handler = handler;
	ch->closed = closed;
	ch->arg = arg;
	STAILQ_INIT(&ch->queue);
	ch->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, ch);
	ch->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, ch);
	if (!ch->readable || !ch->writable || event_add(ch->readable, NULL) < 0)
		abort();
	return ch;
}

void msg_channel_free(struct msg_channel *ch)
{
	struct queued *q;

	if (!ch)
		return;
	while ((q = STAILQ_FIRST(&ch->queue))) {
		STAILQ_REMOVE_HEAD(&ch->queue, link);
		explicit_bzero(q->data, q->len);
		free(q);
	}
	event_free(ch->readable);
	event_free(ch->writable);
	close(ch->fd);
	explicit_bzero(ch->buf, sizeof(ch->buf));
	free(ch);
}

void msg_send(struct msg_channel *ch, enum msg_type type, uint32_t tunnel, uint32_t token,
	      const void *data, size_t len)
{
	struct msg_header head = { type, len, tunnel, token };
	struct queued *q;

	if (!ch)
		return;
	if (msg_check(&head, ch->self, ch->peer))
		abort();
	q = malloc(sizeof(*q) + sizeof(head) + len);
	if (!q || ch->queued > QUEUE_MAX)
		abort();
	q->len = sizeof(head) + len;
	memcpy(q->data, &head, sizeof(head));
	if (len)
		memcpy(q->data + sizeof(head), data, len);
	ch->queued += q->len;
	STAILQ_INSERT_TAIL(&ch->queue, q, link);
	event_add(ch->writable, NULL);
	on_writable(ch->fd, EV_WRITE, ch);
}
