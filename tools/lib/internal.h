/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of libipvti offer each other. */
#ifndef TOOLS_LIB_INTERNAL_H
#define TOOLS_LIB_INTERNAL_H

#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "ipvti.h"

#define IPVTI_ERROR_MAX	256
/* The largest request: an SA with IPVTI_TS_MAX selector pairs of IPv6. */
#define IPVTI_REQUEST_MAX 16384

/**
 * struct ipvti - handle for requests
 * @genl: generic netlink socket
 * @route: rtnetlink socket
 * @family: number of the generic netlink family
 * @error: text of the last failure
 */
struct ipvti {
	struct nl_sock *genl;
	struct nl_sock *route;
	int family;
	char error[IPVTI_ERROR_MAX];
};

/**
 * struct ipvti_replies - messages that answered one request
 */
struct ipvti_replies {
	struct nl_msg **msgs;
	size_t count;
};

/* socket.c */

/**
 * ipvti_socket_open - open a netlink socket in a network namespace
 * @protocol: NETLINK_*
 * @netns: file descriptor, or -1 for the thread's
 */
int ipvti_socket_open(struct nl_sock **out, int protocol, int netns);

/**
 * ipvti_errno - negative errno for an error of libnl
 */
int ipvti_errno(int nl_error);

/* codec.c */

/**
 * ipvti_encode - append the marked attributes of a struct
 *
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_encode(struct nl_msg *msg, const struct ipvti_nest *nest, const void *obj);

/**
 * ipvti_decode - fill a struct that is all zero from attributes
 *
 * Attributes unknown to the table are left out. Of repeated ones the last counts.
 *
 * Return: 0 or -EBADMSG.
 */
int ipvti_decode(const struct ipvti_nest *nest, void *obj, const struct nlattr *head, int len);

/* request.c */

/**
 * ipvti_request - allocate a request and say which device it is about
 * @flags: NLM_F_DUMP or 0
 * @ref: NULL: none
 *
 * Return: the request, or NULL with the error text set.
 */
struct nl_msg *ipvti_request(struct ipvti *ipvti, uint8_t cmd, int flags,
			     const struct ipvti_ref *ref);

/**
 * ipvti_transact - send a request and wait for its end
 * @msg: wiped and freed, also on error; NULL: -ENOMEM
 * @nest: of @msg, to name the attribute that the kernel refused; NULL: none
 * @header: bytes between netlink header and attributes
 * @replies: to be freed with ipvti_replies_free() also after an error; NULL: not wanted
 *
 * A dump that was interrupted by a change is repeated.
 */
int ipvti_transact(struct ipvti *ipvti, struct nl_sock *sock, struct nl_msg *msg,
		   const struct ipvti_nest *nest, int header, struct ipvti_replies *replies);
void ipvti_replies_free(struct ipvti_replies *replies);

/**
 * ipvti_decode_message - decode a message of the family
 */
int ipvti_decode_message(const struct nl_msg *msg, struct ipvti_message *out);

/**
 * ipvti_fail - set the error text
 *
 * Return: @err
 */
int ipvti_fail(struct ipvti *ipvti, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* TOOLS_LIB_INTERNAL_H */
