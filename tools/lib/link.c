// SPDX-License-Identifier: GPL-2.0
/* Links over rtnetlink: create and delete devices, and find any by name. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int transact(struct ipvti *ipvti, struct nl_msg *msg, struct ipvti_replies *replies)
{
	return ipvti_transact(ipvti, ipvti->route, msg, NULL, sizeof(struct ifinfomsg), replies);
}

/* A request that names a link. */
static struct nl_msg *link_request(int type, int flags, uint32_t ifindex, const char *name)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) ||
	    (name && nla_put_string(msg, IFLA_IFNAME, name))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* Ask for one link. */
static int link_get(struct ipvti *ipvti, uint32_t ifindex, const char *name,
		    struct ifinfomsg *info)
{
	struct ipvti_replies replies = {};
	int err;

	err = transact(ipvti, link_request(RTM_GETLINK, 0, ifindex, name), &replies);
	if (!err && !replies.count)
		err = ipvti_fail(ipvti, -EBADMSG, "the kernel's reply has no interface");
	if (!err)
		memcpy(info, nlmsg_data(nlmsg_hdr(replies.msgs[0])), sizeof(*info));
	ipvti_replies_free(&replies);
	return err;
}

int ipvti_link_find(struct ipvti *ipvti, const char *name, uint32_t *ifindex)
{
	struct ifinfomsg info;
	int err;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return ipvti_fail(ipvti, -ENODEV, "no interface has such a name");
	err = link_get(ipvti, 0, name, &info);
	if (!err)
		*ifindex = info.ifi_index;
	return err;
}

int ipvti_link_flags(struct ipvti *ipvti, uint32_t ifindex, unsigned int *flags)
{
	struct ifinfomsg info;
	int err;

	err = link_get(ipvti, ifindex, NULL, &info);
	if (!err)
		*flags = info.ifi_flags;
	return err;
}

int ipvti_link_add(struct ipvti *ipvti, const char *name, uint32_t *ifindex)
{
	struct nl_msg *msg = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name);
	struct nlattr *info;
	int err;

	info = msg ? nla_nest_start(msg, NLA_F_NESTED | IFLA_LINKINFO) : NULL;
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, IPVTI_LINK_KIND)) {
		nlmsg_free(msg);
		return ipvti_fail(ipvti, -ENOMEM, "%s", strerror(ENOMEM));
	}
	nla_nest_end(msg, info);
	err = transact(ipvti, msg, NULL);
	if (err == -EOPNOTSUPP)
		ipvti_fail(ipvti, err, "the kernel module ipvti is not loaded");
	return err ? err : ipvti_link_find(ipvti, name, ifindex);
}

int ipvti_link_del(struct ipvti *ipvti, uint32_t ifindex)
{
	return transact(ipvti, link_request(RTM_DELLINK, 0, ifindex, NULL), NULL);
}
