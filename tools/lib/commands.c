// SPDX-License-Identifier: GPL-2.0
/* The commands of the generic netlink family. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int ipvti_open(struct ipvti **out, int netns)
{
	struct ipvti *ipvti = calloc(1, sizeof(*ipvti));
	int err;

	*out = ipvti;
	if (!ipvti)
		return -ENOMEM;
	err = ipvti_socket_open(&ipvti->genl, NETLINK_GENERIC, netns);
	if (!err)
		err = ipvti_socket_open(&ipvti->route, NETLINK_ROUTE, netns);
	if (err)
		return ipvti_fail(ipvti, err, "netlink socket: %s", strerror(-err));
	ipvti->family = genl_ctrl_resolve(ipvti->genl, IPVTI_GENL_NAME);
	if (ipvti->family >= 0)
		return 0;
	err = ipvti_errno(ipvti->family);
	if (err == -ENOENT)
		return ipvti_fail(ipvti, err, "the kernel module ipvti is not loaded");
	return ipvti_fail(ipvti, err, "generic netlink: %s", strerror(-err));
}

void ipvti_close(struct ipvti *ipvti)
{
	if (!ipvti)
		return;
	nl_socket_free(ipvti->genl);
	nl_socket_free(ipvti->route);
	free(ipvti);
}

/* A request about a device with one top-level nest, or with none. */
static struct nl_msg *request_with(struct ipvti *ipvti, uint8_t cmd, int flags,
				   const struct ipvti_ref *ref, uint16_t attr,
				   const struct ipvti_nest *nest, const void *obj)
{
	struct nl_msg *msg = ipvti_request(ipvti, cmd, flags, ref);
	struct nlattr *start;
	int err;

	if (!msg || !nest)
		return msg;
	start = nla_nest_start(msg, NLA_F_NESTED | attr);
	err = start ? ipvti_encode(msg, nest, obj) : -EMSGSIZE;
	if (!err) {
		nla_nest_end_keep_empty(msg, start);
		return msg;
	}
	explicit_bzero(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	nlmsg_free(msg);
	ipvti_fail(ipvti, err, "%s", strerror(-err));
	return NULL;
}

static int transact(struct ipvti *ipvti, struct nl_msg *msg, struct ipvti_replies *replies)
{
	return ipvti_transact(ipvti, ipvti->genl, msg, &ipvti_nest_message, GENL_HDRLEN, replies);
}

/* Send; decode the one reply. */
static int transact_one(struct ipvti *ipvti, struct nl_msg *msg, struct ipvti_message *out)
{
	struct ipvti_replies replies = {};
	int err;

	err = transact(ipvti, msg, &replies);
	if (err)
		goto out;
	err = replies.count == 1 ? ipvti_decode_message(replies.msgs[0], out) : -EBADMSG;
	if (err)
		ipvti_fail(ipvti, err, "the kernel's reply makes no sense");
out:
	ipvti_replies_free(&replies);
	return err;
}

/* Send; decode each reply and hand it over. */
static int transact_each(struct ipvti *ipvti, struct nl_msg *msg, ipvti_each *each, void *arg)
{
	struct ipvti_replies replies = {};
	struct ipvti_message *reply;
	int err;

	err = transact(ipvti, msg, &replies);
	reply = malloc(sizeof(*reply));
	if (!reply && !err)
		err = ipvti_fail(ipvti, -ENOMEM, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < replies.count && !err; i++) {
		err = ipvti_decode_message(replies.msgs[i], reply);
		if (err)
			ipvti_fail(ipvti, err, "the kernel's reply makes no sense");
		else
			err = each(reply, arg);
	}
	free(reply);
	ipvti_replies_free(&replies);
	return err;
}

int ipvti_device_get(struct ipvti *ipvti, const struct ipvti_ref *ref, struct ipvti_message *msg)
{
	return transact_one(ipvti, ipvti_request(ipvti, IPVTI_CMD_DEVICE_GET, 0, ref), msg);
}

int ipvti_device_set(struct ipvti *ipvti, const struct ipvti_ref *ref,
		     const struct ipvti_device *dev)
{
	return transact(ipvti, request_with(ipvti, IPVTI_CMD_DEVICE_SET, 0, ref, IPVTI_A_DEVICE,
					    &ipvti_nest_device, dev), NULL);
}

int ipvti_device_dump(struct ipvti *ipvti, ipvti_each *each, void *arg)
{
	return transact_each(ipvti, ipvti_request(ipvti, IPVTI_CMD_DEVICE_GET, NLM_F_DUMP, NULL),
			     each, arg);
}

/* A request about one SA. */
static struct nl_msg *sa_request(struct ipvti *ipvti, uint8_t cmd, const struct ipvti_ref *ref,
				 uint8_t dir, uint32_t spi)
{
	struct ipvti_sa sa = { .dir = dir, .spi = spi };

	ipvti_mark(&sa, IPVTI_A_SA_DIR);
	ipvti_mark(&sa, IPVTI_A_SA_SPI);
	return request_with(ipvti, cmd, 0, ref, IPVTI_A_SA, &ipvti_nest_sa, &sa);
}

int ipvti_sa_new(struct ipvti *ipvti, const struct ipvti_ref *ref, const struct ipvti_sa *sa)
{
	return transact(ipvti, request_with(ipvti, IPVTI_CMD_SA_NEW, 0, ref, IPVTI_A_SA,
					    &ipvti_nest_sa, sa), NULL);
}

int ipvti_sa_del(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi)
{
	return transact(ipvti, sa_request(ipvti, IPVTI_CMD_SA_DEL, ref, dir, spi), NULL);
}

int ipvti_sa_get(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi,
		 struct ipvti_message *msg)
{
	return transact_one(ipvti, sa_request(ipvti, IPVTI_CMD_SA_GET, ref, dir, spi), msg);
}

int ipvti_sa_activate(struct ipvti *ipvti, const struct ipvti_ref *ref, uint32_t spi)
{
	return transact(ipvti, sa_request(ipvti, IPVTI_CMD_SA_ACTIVATE, ref, IPVTI_SA_OUT, spi),
			NULL);
}

int ipvti_sa_dump(struct ipvti *ipvti, const struct ipvti_ref *ref, ipvti_each *each, void *arg)
{
	return transact_each(ipvti, ipvti_request(ipvti, IPVTI_CMD_SA_GET, NLM_F_DUMP, ref), each,
			     arg);
}

int ipvti_spi_alloc(struct ipvti *ipvti, const struct ipvti_ref *ref, uint32_t *spi)
{
	struct ipvti_message *reply = malloc(sizeof(*reply));
	int err;

	if (!reply)
		return ipvti_fail(ipvti, -ENOMEM, "%s", strerror(ENOMEM));
	err = transact_one(ipvti, ipvti_request(ipvti, IPVTI_CMD_SPI_ALLOC, 0, ref), reply);
	if (!err && !ipvti_has(&reply->sa, IPVTI_A_SA_SPI))
		err = ipvti_fail(ipvti, -EBADMSG, "the kernel's reply has no SPI");
	if (!err)
		*spi = reply->sa.spi;
	free(reply);
	return err;
}

int ipvti_peer_set(struct ipvti *ipvti, const struct ipvti_ref *ref, bool suspect)
{
	struct ipvti_device dev = { .suspect = suspect };

	ipvti_mark(&dev, IPVTI_A_DEV_SUSPECT);
	return transact(ipvti, request_with(ipvti, IPVTI_CMD_PEER_SET, 0, ref, IPVTI_A_DEVICE,
					    &ipvti_nest_device, &dev), NULL);
}

int ipvti_socket_adopt(struct ipvti *ipvti, const struct ipvti_socket *sock)
{
	return transact(ipvti, request_with(ipvti, IPVTI_CMD_SOCKET_ADOPT, 0, NULL,
					    IPVTI_A_SOCKET, &ipvti_nest_socket, sock), NULL);
}

int ipvti_socket_dump(struct ipvti *ipvti, ipvti_each *each, void *arg)
{
	return transact_each(ipvti, ipvti_request(ipvti, IPVTI_CMD_SOCKET_GET, NLM_F_DUMP, NULL),
			     each, arg);
}

/* A message of statistics holds many reasons. */
static int each_stat(const struct nl_msg *reply, struct ipvti_message *msg, ipvti_each *each,
		     void *arg)
{
	const struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr((struct nl_msg *)reply));
	const struct nlattr *attr;
	int rest, err;

	err = ipvti_decode_message(reply, msg);
	if (err)
		return err;
	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0), rest) {
		if (nla_type(attr) != IPVTI_A_STAT)
			continue;
		memset(&msg->stat, 0, sizeof(msg->stat));
		err = ipvti_decode(&ipvti_nest_stat, &msg->stat, nla_data(attr), nla_len(attr));
		if (!err)
			err = each(msg, arg);
		if (err)
			return err;
	}
	return 0;
}

int ipvti_stats(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi,
		ipvti_each *each, void *arg)
{
	struct ipvti_message *msg = malloc(sizeof(*msg));
	struct ipvti_replies replies = {};
	int err;

	if (!msg)
		return ipvti_fail(ipvti, -ENOMEM, "%s", strerror(ENOMEM));
	err = transact(ipvti, dir ? sa_request(ipvti, IPVTI_CMD_STATS_GET, ref, dir, spi)
				  : ipvti_request(ipvti, IPVTI_CMD_STATS_GET, 0, ref), &replies);
	for (size_t i = 0; i < replies.count && !err; i++) {
		err = each_stat(replies.msgs[i], msg, each, arg);
		if (err == -EBADMSG)
			ipvti_fail(ipvti, err, "the kernel's reply makes no sense");
	}
	ipvti_replies_free(&replies);
	free(msg);
	return err;
}

int ipvti_alg_dump(struct ipvti *ipvti, ipvti_each *each, void *arg)
{
	return transact_each(ipvti, ipvti_request(ipvti, IPVTI_CMD_ALG_GET, NLM_F_DUMP, NULL),
			     each, arg);
}
