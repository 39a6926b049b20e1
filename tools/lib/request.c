// SPDX-License-Identifier: GPL-2.0
/* One request and all that answers it; refusals in words. */
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DUMP_TRIES	10

/* Progress of one request. */
struct transaction {
	struct ipvti *ipvti;
	const struct nlmsghdr *request;
	const struct ipvti_nest *nest;
	int header;
	struct ipvti_replies *replies;
	bool done;
	int err;
};

int ipvti_fail(struct ipvti *ipvti, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ipvti->error, sizeof(ipvti->error), format, args);
	va_end(args);
	return err;
}

const char *ipvti_error(const struct ipvti *ipvti)
{
	return ipvti ? ipvti->error : strerror(ENOMEM);
}

void ipvti_replies_free(struct ipvti_replies *replies)
{
	for (size_t i = 0; i < replies->count; i++)
		nlmsg_free(replies->msgs[i]);
	free(replies->msgs);
	*replies = (struct ipvti_replies){};
}

/* Append the path of the attribute at byte @target of the request: "sa.ts.src". */
static void attribute_path(char *path, size_t size, const struct ipvti_nest *nest,
			   const struct nlmsghdr *request, const struct nlattr *head, int len,
			   uint32_t target)
{
	const struct ipvti_field *field;
	const struct nlattr *attr;
	size_t used = strlen(path);
	int rest;

	nla_for_each_attr(attr, (struct nlattr *)head, len, rest) {
		uint32_t at = (const char *)attr - (const char *)request;

		if (target < at || target >= at + nla_total_size(nla_len(attr)))
			continue;
		field = ipvti_field_find(nest, nla_type(attr));
		if (!field)
			return;
		snprintf(path + used, size - used, "%s%s", used ? "." : "", field->name);
		if (target > at && field->nest)
			attribute_path(path, size, field->nest, request, nla_data(attr),
				       nla_len(attr), target);
		return;
	}
}

/* The nest that the attribute at byte @target of the request stands for; the outermost for 0. */
static const struct ipvti_nest *nest_at(const struct transaction *t, const char *path)
{
	const struct ipvti_nest *nest = t->nest;
	const struct ipvti_field *field;
	size_t len;

	for (; *path && nest; path += len + !!path[len]) {
		len = strcspn(path, ".");
		for (field = nest->fields; field->name; field++)
			if (strlen(field->name) == len && !memcmp(field->name, path, len))
				break;
		nest = field->nest;
	}
	return nest;
}

static void request_path(const struct transaction *t, char *path, size_t size, uint32_t target)
{
	if (t->nest)
		attribute_path(path, size, t->nest, t->request,
			       nlmsg_attrdata(t->request, t->header),
			       nlmsg_attrlen(t->request, t->header), target);
}

/* Which device it is about, the caller knows best. */
static bool names_device(const char *path)
{
	return !strcmp(path, "id") || !strcmp(path, "ifindex");
}

/* Say what the kernel said: extack TLVs, or the errno alone. */
static void explain(struct transaction *t, int err, const struct nlattr *tlvs, int len)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = {};
	const char *text = err == -EPERM ? IPVTI_NO_PERMISSION : strerror(-err);
	const struct ipvti_field *field;
	const struct ipvti_nest *nest;
	char path[80] = "";

	if (len > 0)
		nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)tlvs, len, NULL);
	if (tb[NLMSGERR_ATTR_MISS_TYPE]) {
		if (tb[NLMSGERR_ATTR_MISS_NEST])
			request_path(t, path, sizeof(path),
				     nla_get_u32(tb[NLMSGERR_ATTR_MISS_NEST]));
		nest = nest_at(t, path);
		field = nest ? ipvti_field_find(nest, nla_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]))
			     : NULL;
		if (field) {
			size_t used = strlen(path);

			snprintf(path + used, sizeof(path) - used, "%s%s", used ? "." : "",
				 field->name);
		}
		text = "missing";
	} else if (tb[NLMSGERR_ATTR_OFFS]) {
		request_path(t, path, sizeof(path), nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	}
	if (tb[NLMSGERR_ATTR_MSG])
		text = nla_get_string(tb[NLMSGERR_ATTR_MSG]);
	if (names_device(path))
		*path = '\0';
	ipvti_fail(t->ipvti, err, "%s%s%s", path, *path ? ": " : "", text);
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	const struct nlmsghdr *hdr = (void *)((char *)error - NLMSG_HDRLEN);
	struct transaction *t = arg;
	size_t skip = sizeof(*error);

	(void)from;
	t->err = error->error;
	t->done = true;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	if (hdr->nlmsg_flags & NLM_F_ACK_TLVS)
		explain(t, t->err, (struct nlattr *)((char *)error + skip),
			(int)hdr->nlmsg_len - NLMSG_HDRLEN - (int)skip);
	else
		explain(t, t->err, NULL, 0);
	return NL_STOP;
}

/* The end of a dump carries its result. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct transaction *t = arg;

	t->done = true;
	if (nlmsg_datalen(hdr) < (int)sizeof(int))
		return NL_OK;
	memcpy(&t->err, nlmsg_data(hdr), sizeof(int));
	if (t->err > 0)
		t->err = 0;
	if (t->err)
		explain(t, t->err, nlmsg_attrdata(hdr, sizeof(int)),
			hdr->nlmsg_flags & NLM_F_ACK_TLVS ? nlmsg_attrlen(hdr, sizeof(int)) : 0);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct transaction *t = arg;

	(void)msg;
	t->done = true;
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct transaction *t = arg;
	struct nl_msg **msgs;

	if (!t->replies)
		return NL_OK;
	if (!(t->replies->count & (t->replies->count - 1))) {	/* a power of two: full */
		msgs = realloc(t->replies->msgs,
			       sizeof(*msgs) * (t->replies->count ? t->replies->count * 2 : 1));
		if (!msgs)
			return -NLE_NOMEM;
		t->replies->msgs = msgs;
	}
	nlmsg_get(msg);
	t->replies->msgs[t->replies->count++] = msg;
	return NL_OK;
}

/* Send and receive once. Return: 0, a negative errno, or -EINTR for an interrupted dump. */
static int exchange(struct transaction *t, struct nl_sock *sock, struct nl_msg *msg,
		    struct nl_cb *cb)
{
	int err;

	err = nl_send(sock, msg);
	while (err >= 0 && !t->done)
		err = nl_recvmsgs(sock, cb);
	if (t->done && t->err)
		return t->err;
	if (err == -NLE_DUMP_INTR)
		return -EINTR;
	if (err < 0)
		return ipvti_fail(t->ipvti, ipvti_errno(err), "%s", nl_geterror(err));
	return 0;
}

int ipvti_transact(struct ipvti *ipvti, struct nl_sock *sock, struct nl_msg *msg,
		   const struct ipvti_nest *nest, int header, struct ipvti_replies *replies)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	struct transaction t;
	int err = -ENOMEM;

	if (!cb || !msg) {
		ipvti_fail(ipvti, err, "%s", strerror(ENOMEM));
		goto out;
	}
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &t);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, &t);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &t);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &t);
	for (int i = 0; i < DUMP_TRIES; i++) {
		t = (struct transaction){
			.ipvti = ipvti,
			.request = nlmsg_hdr(msg),
			.nest = nest,
			.header = header,
			.replies = replies,
		};
		nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
		nl_complete_msg(sock, msg);
		err = exchange(&t, sock, msg, cb);
		if (err != -EINTR)
			goto out;
		if (replies)
			ipvti_replies_free(replies);
	}
	ipvti_fail(ipvti, err, "the kernel's list keeps changing while it is read");
out:
	nl_cb_put(cb);
	if (msg) {
		explicit_bzero(nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
		nlmsg_free(msg);
	}
	return err;
}

struct nl_msg *ipvti_request(struct ipvti *ipvti, uint8_t cmd, int flags,
			     const struct ipvti_ref *ref)
{
	/* As long as it can get, so that it is never copied to a larger buffer. */
	struct nl_msg *msg = nlmsg_alloc_size(IPVTI_REQUEST_MAX);
	struct ipvti_message top = {};

	if (!msg)
		goto fail;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, ipvti->family, 0, flags, cmd,
			 IPVTI_GENL_VERSION))
		goto fail;
	if (ref && ref->id) {
		top.id = ref->id;
		ipvti_mark(&top, IPVTI_A_ID);
	} else if (ref) {
		top.ifindex = ref->ifindex;
		ipvti_mark(&top, IPVTI_A_IFINDEX);
	}
	if (ipvti_encode(msg, &ipvti_nest_message, &top))
		goto fail;
	return msg;
fail:
	nlmsg_free(msg);
	ipvti_fail(ipvti, -ENOMEM, "%s", strerror(ENOMEM));
	return NULL;
}

int ipvti_decode_message(const struct nl_msg *msg, struct ipvti_message *out)
{
	const struct nlmsghdr *hdr = nlmsg_hdr((struct nl_msg *)msg);

	memset(out, 0, sizeof(*out));
	return ipvti_decode(&ipvti_nest_message, out, genlmsg_attrdata(nlmsg_data(hdr), 0),
			    genlmsg_attrlen(nlmsg_data(hdr), 0));
}
