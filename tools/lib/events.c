// SPDX-License-Identifier: GPL-2.0
/* The multicast group of events, for an event loop. */
#include <errno.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#define RECEIVE_BUFFER	(1 << 20)

/**
 * struct ipvti_events - subscription
 * @each: of the receive under way
 * @result: what it returned
 */
struct ipvti_events {
	struct nl_sock *sock;
	struct nl_cb *cb;
	int family;
	ipvti_each *each;
	void *arg;
	int result;
	struct ipvti_message msg;
};

static int on_event(struct nl_msg *msg, void *arg)
{
	struct ipvti_events *events = arg;

	if (nlmsg_hdr(msg)->nlmsg_type != events->family)
		return NL_SKIP;
	events->result = ipvti_decode_message(msg, &events->msg);
	if (!events->result && ipvti_has(&events->msg, IPVTI_A_EVENT))
		events->result = events->each(&events->msg, events->arg);
	return events->result ? NL_STOP : NL_OK;
}

static int no_sequence(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static int subscribe(struct ipvti_events *events, int netns)
{
	static const int size = RECEIVE_BUFFER;
	int err, group, fd;

	err = ipvti_socket_open(&events->sock, NETLINK_GENERIC, netns);
	if (err)
		return err;
	events->family = genl_ctrl_resolve(events->sock, IPVTI_GENL_NAME);
	if (events->family < 0)
		return ipvti_errno(events->family);
	group = genl_ctrl_resolve_grp(events->sock, IPVTI_GENL_NAME, IPVTI_GENL_MCGRP_EVENTS);
	if (group < 0)
		return ipvti_errno(group);
	/* More than the system's default limit, where we may; what does not fit is an overrun. */
	fd = nl_socket_get_fd(events->sock);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	err = nl_socket_add_membership(events->sock, group);
	if (!err)
		err = nl_socket_set_nonblocking(events->sock);
	return err ? ipvti_errno(err) : 0;
}

int ipvti_events_open(struct ipvti_events **out, int netns)
{
	struct ipvti_events *events = calloc(1, sizeof(*events));
	int err = -ENOMEM;

	if (!events)
		return err;
	events->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!events->cb)
		goto fail;
	nl_cb_set(events->cb, NL_CB_VALID, NL_CB_CUSTOM, on_event, events);
	nl_cb_set(events->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, no_sequence, NULL);
	err = subscribe(events, netns);
	if (err)
		goto fail;
	*out = events;
	return 0;
fail:
	ipvti_events_close(events);
	return err;
}

void ipvti_events_close(struct ipvti_events *events)
{
	if (!events)
		return;
	nl_cb_put(events->cb);
	nl_socket_free(events->sock);
	free(events);
}

int ipvti_events_fd(const struct ipvti_events *events)
{
	return nl_socket_get_fd(events->sock);
}

static int overrun(struct ipvti_events *events)
{
	events->msg = (struct ipvti_message){ .event = IPVTI_EVENT_OVERRUN };
	ipvti_mark(&events->msg, IPVTI_A_EVENT);
	return events->each(&events->msg, events->arg);
}

int ipvti_events_receive(struct ipvti_events *events, ipvti_each *each, void *arg)
{
	int err;

	events->each = each;
	events->arg = arg;
	events->result = 0;
	while (!events->result) {
		err = nl_recvmsgs(events->sock, events->cb);
		if (err == -NLE_AGAIN)
			return events->result;
		if (err == -NLE_NOMEM)		/* libnl's word for ENOBUFS */
			events->result = overrun(events);
		else if (err < 0)
			return ipvti_errno(err);
	}
	return events->result;
}
