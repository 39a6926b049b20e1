// SPDX-License-Identifier: GPL-2.0
/* Addresses, routes, backstops and sysctls of the devices. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_SUBSYSTEM LOG_ROUTES
#include "daemon.h"
#include "prefix.h"

#define SETTLE_MS 100	/* others remove several things at a time */
#ifndef IFA_PROTO
#define IFA_PROTO 11	/* since 5.18 */
#endif

/**
 * struct rtnl - rtnetlink of the parent
 * @d: daemon
 * @sk: requests
 * @watch: notifications
 * @readable: on @watch
 * @settle: looks for what is missing
 * @roam: looks for own addresses that are others now
 * @culprit: netlink port of who removed something last, often a process id
 */
struct rtnl {
	struct daemon *d;
	struct nl_sock *sk;
	struct nl_sock *watch;
	struct event *readable;
	struct event *settle;
	struct event *roam;
	uint32_t culprit;
};

/* ---- what is wanted -------------------------------------------------------------------------- */

/*
 * What shall be routed into the device. Without SAs the agreed selectors are those known last, or
 * those that are configured; all addresses in one are no prefix of the peer. What is configured for
 * clients of a template is for all of them.
 */
static void wanted_routes(struct tunnel *t, struct conf_prefixes *list)
{
	struct sa *sa;
	uint32_t i;

	if (t->conf.template) {
		list->n = 0;
		return;
	}
	if (!t->conf.routes.from_selectors) {
		*list = t->conf.routes.list;
		return;
	}
	if (t->assigned_before) {
		*list = t->routes;
		return;
	}
	memset(list, 0, sizeof(*list));
	LIST_FOREACH(sa, &t->sas, link)
		for (i = 0; i < sa->n_remote; i++)
			assigned_destinations(t, &sa->remote[i], list);
	if (!list->n)
		*list = t->routes;
	if (t->template)
		return;
	for (i = 0; !t->routes.n && i < t->conf.remote_ts.n && LIST_EMPTY(&t->sas); i++)
		if (!conf_ts_is_any(&t->conf.remote_ts.v[i]))
			prefix_from_range(&t->conf.remote_ts.v[i], list);
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct nl_addr *nl_prefix(const struct conf_prefix *p)
{
	struct nl_addr *a = nl_addr_build(p->family == 4 ? AF_INET : AF_INET6, p->ip,
					  p->family == 4 ? 4 : 16);

	if (!a)
		abort();
	nl_addr_set_prefixlen(a, p->len);
	return a;
}

/* ifindex 0: a backstop. */
static struct rtnl_route *build_route(const struct conf_prefix *p, uint32_t ifindex,
				      uint32_t metric)
{
	struct rtnl_route *r = rtnl_route_alloc();
	struct nl_addr *dst = nl_prefix(p);
	struct rtnl_nexthop *nh;

	if (!r)
		abort();
	rtnl_route_set_family(r, p->family == 4 ? AF_INET : AF_INET6);
	rtnl_route_set_dst(r, dst);
	rtnl_route_set_table(r, RT_TABLE_MAIN);
	rtnl_route_set_protocol(r, ROUTE_PROTOCOL);
	rtnl_route_set_priority(r, metric);
	rtnl_route_set_type(r, ifindex ? RTN_UNICAST : RTN_UNREACHABLE);
	rtnl_route_set_scope(r, ifindex && p->family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	if (ifindex) {
		nh = rtnl_route_nh_alloc();
		if (!nh)
			abort();
		rtnl_route_nh_set_ifindex(nh, ifindex);
		rtnl_route_add_nexthop(r, nh);
	}
	nl_addr_put(dst);
	return r;
}

/* Return: 1 if it was missing, 0 if it is there, or a negative libnl error. */
static int ensure_route(struct rtnl *r, const struct conf_prefix *p, uint32_t ifindex,
			uint32_t metric)
{
	struct rtnl_route *route = build_route(p, ifindex, metric);
	int ret = rtnl_route_add(r->sk, route, 0);

	rtnl_route_put(route);
	return ret == -NLE_EXIST ? 0 : ret < 0 ? ret : 1;
}

static void delete_route(struct rtnl *r, const struct conf_prefix *p, uint32_t ifindex,
			 uint32_t metric)
{
	struct rtnl_route *route = build_route(p, ifindex, metric);

	rtnl_route_delete(r->sk, route, 0);
	rtnl_route_put(route);
}

static int request_address(struct rtnl *r, const struct conf_prefix *p, uint32_t ifindex, bool add)
{
	struct rtnl_addr *a = rtnl_addr_alloc();
	struct nl_addr *local = nl_prefix(p);
	struct nl_msg *msg = NULL;
	int ret;

	if (!a)
		abort();
	rtnl_addr_set_ifindex(a, ifindex);
	rtnl_addr_set_local(a, local);
	nl_addr_put(local);
	if (add)
		ret = rtnl_addr_build_add_request(a, 0, &msg);
	else
		ret = rtnl_addr_build_delete_request(a, 0, &msg);
	rtnl_addr_put(a);
	if (!ret && add)
		ret = nla_put_u8(msg, IFA_PROTO, ROUTE_PROTOCOL);
	if (!ret)
		ret = nl_send_sync(r->sk, msg);
	else
		nlmsg_free(msg);
	return ret == -NLE_EXIST ? 0 : ret < 0 ? ret : 1;
}

void route_link_up(struct tunnel *t)
{
	struct rtnl_link *link = rtnl_link_alloc(), *change = rtnl_link_alloc();
	int ret;

	if (!link || !change)
		abort();
	rtnl_link_set_ifindex(link, t->ifindex);
	rtnl_link_set_flags(change, IFF_UP);
	ret = rtnl_link_change(t->d->rtnl->sk, link, change, 0);
	if (ret < 0)
		log_error(t->conf.name, "cannot set %s up: %s", t->conf.device, nl_geterror(ret));
	rtnl_link_put(link);
	rtnl_link_put(change);
}

static void set_sysctl(struct tunnel *t, const char *family, const char *name, bool on)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, t->conf.device, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1)
		log_debug(t->conf.name, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* ---- looking --------------------------------------------------------------------------------- */

struct description {
	char *buf;
	size_t len;
};

static int describe(struct nl_msg *msg, void *arg)
{
	const struct description *d = arg;
	struct rtnl_route *route = NULL;
	struct rtnl_nexthop *nh;
	char via[64], name[IFNAMSIZ];
	struct nl_addr *gw;
	size_t n = 0;

	if (rtnl_route_parse(nlmsg_hdr(msg), &route) < 0)
		return NL_SKIP;
	nh = rtnl_route_nexthop_n(route, 0);
	if (nh) {
		gw = rtnl_route_nh_get_gateway(nh);
		if (gw)
			n = snprintf(d->buf, d->len, "via %s ", nl_addr2str(gw, via, sizeof(via)));
		if (if_indextoname(rtnl_route_nh_get_ifindex(nh), name) && n < d->len)
			snprintf(d->buf + n, d->len - n, "dev %s", name);
	}
	rtnl_route_put(route);
	return NL_OK;
}

/* How the kernel would route to an address; from and mark are optional. */
static void ask_route(const struct ike_addr *to, const struct ike_addr *from, uint32_t mark,
		      nl_recvmsg_msg_cb_t answer, void *arg)
{
	struct rtmsg rtm = { .rtm_family = to->family == 4 ? AF_INET : AF_INET6,
			     .rtm_dst_len = to->family == 4 ? 32 : 128 };
	struct nl_sock *sk = nl_socket_alloc();
	size_t size = to->family == 4 ? 4 : 16;
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (!sk || !msg || nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, RTA_DST, size, to->ip) < 0 ||
	    (from && from->family == to->family && nla_put(msg, RTA_SRC, size, from->ip) < 0) ||
	    (mark && nla_put_u32(msg, RTA_MARK, mark) < 0))
		goto out;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, answer, arg);
	if (nl_connect(sk, NETLINK_ROUTE) < 0 || nl_send_auto(sk, msg) < 0)
		goto out;
	nl_recvmsgs_default(sk);
out:
	nlmsg_free(msg);
	nl_socket_free(sk);
}

static int is_local(struct nl_msg *msg, void *arg)
{
	const struct rtmsg *rtm = nlmsg_data(nlmsg_hdr(msg));
	bool *local = arg;

	*local = nlmsg_datalen(nlmsg_hdr(msg)) >= (int)sizeof(*rtm) && rtm->rtm_type == RTN_LOCAL;
	return NL_OK;
}

bool route_is_local(const struct ike_addr *addr)
{
	bool local = false;

	ask_route(addr, NULL, 0, is_local, &local);
	return local;
}

void route_describe(struct daemon *d, const struct ike_addr *local, const struct ike_addr *remote,
		    char *buf, size_t len)
{
	struct description result = { buf, len };

	buf[0] = 0;
	ask_route(remote, local, d->conf.fwmark, describe, &result);
}

/* Addresses of the device with our protocol. */
static int found_address(struct nl_msg *msg, void *arg)
{
	const struct ifaddrmsg *ifa = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[IFA_PROTO + 1];
	struct conf_prefix p = { 0 };
	struct tunnel *t = arg;
	struct nlattr *ip;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*ifa), tb, IFA_PROTO, NULL) < 0 ||
	    ifa->ifa_index != t->ifindex || !tb[IFA_PROTO] ||
	    nla_get_u8(tb[IFA_PROTO]) != ROUTE_PROTOCOL)
		return NL_SKIP;
	ip = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	p.family = ifa->ifa_family == AF_INET ? 4 : 6;
	p.len = ifa->ifa_prefixlen;
	if (ip && nla_len(ip) == (p.family == 4 ? 4 : 16)) {
		memcpy(p.ip, nla_data(ip), nla_len(ip));
		prefix_add(&t->addresses, &p);
	}
	return NL_OK;
}

static struct conf_prefix destination(struct rtnl_route *route)
{
	struct nl_addr *dst = rtnl_route_get_dst(route);
	struct conf_prefix p = { 0 };

	p.family = rtnl_route_get_family(route) == AF_INET ? 4 : 6;
	p.len = nl_addr_get_prefixlen(dst);
	memcpy(p.ip, nl_addr_get_binary_addr(dst), nl_addr_get_len(dst));
	return p;
}

static void found_route(struct nl_object *obj, void *arg)
{
	struct rtnl_route *route = (struct rtnl_route *)obj;
	struct rtnl_nexthop *nh = rtnl_route_nexthop_n(route, 0);
	struct tunnel *t = arg;
	struct conf_prefix p;

	if (rtnl_route_get_protocol(route) != ROUTE_PROTOCOL ||
	    rtnl_route_get_table(route) != RT_TABLE_MAIN || !nh ||
	    rtnl_route_get_type(route) != RTN_UNICAST ||
	    rtnl_route_nh_get_ifindex(nh) != (int)t->ifindex)
		return;
	p = destination(route);
	prefix_add(&t->routes, &p);
}

static void adopt_routes(struct tunnel *t)
{
	struct nl_cache *cache;

	if (rtnl_route_alloc_cache(t->d->rtnl->sk, AF_UNSPEC, 0, &cache) < 0)
		return;
	nl_cache_foreach(cache, found_route, t);
	nl_cache_free(cache);
	t->metric = t->conf.metric;
}

void route_adopt(struct tunnel *t)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC, .ifa_index = t->ifindex };
	struct nl_sock *sk = nl_socket_alloc();
	const int strict = 1;

	if (t->conf.virtual_ip.n)
		adopt_routes(t);
	if (!sk)
		abort();
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, found_address, t);
	/* Those of this device alone: there may be thousands of them, and each is asked for. */
	if (nl_connect(sk, NETLINK_ROUTE) < 0 ||
	    setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
		       sizeof(strict)) ||
	    nl_send_simple(sk, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa)) < 0 ||
	    nl_recvmsgs_default(sk) < 0)
		log_debug(t->conf.name, "addresses of %s cannot be read", t->conf.device);
	nl_socket_free(sk);
}

/* ---- as it should be ------------------------------------------------------------------------- */

/* A route into a device that is down comes when it is set up. */
static bool later(int ret)
{
	return ret == -NLE_NODEV || ret == -NLE_FAILURE || ret == -NLE_INVAL;
}

static void say(struct tunnel *t, int ret, const char *what, const struct conf_prefix *p,
		const char *who)
{
	char text[80];

	prefix_text(p, text, sizeof(text));
	if (ret > 0 && who)
		log_warning(t->conf.name, "%s %s was removed by %s; put back", what, text, who);
	else if (ret > 0)
		log_debug(t->conf.name, "%s %s added", what, text);
	else if (ret < 0)
		log_line(LOG_ROUTES, later(ret) && who ? IKE_LOG_DEBUG : IKE_LOG_ERROR, t->conf.name,
			 "%s %s: %s", what, text, nl_geterror(ret));
}

/* What is missing comes. @who removed it, or NULL when it was not there before. */
static void ensure(struct tunnel *t, const char *who)
{
	struct rtnl *r = t->d->rtnl;
	uint32_t i;

	for (i = 0; i < t->backstops.n; i++)
		say(t, ensure_route(r, &t->backstops.v[i], 0, ROUTE_BACKSTOP_METRIC), "backstop",
		    &t->backstops.v[i], who);
	if (!t->ifindex)
		return;
	for (i = 0; i < t->addresses.n; i++)
		say(t, request_address(r, &t->addresses.v[i], t->ifindex, true), "address",
		    &t->addresses.v[i], who);
	for (i = 0; i < t->routes.n; i++)
		say(t, ensure_route(r, &t->routes.v[i], t->ifindex, t->metric), "route",
		    &t->routes.v[i], who);
}

/* Return: whether one has gone. */
static bool delete_addresses(struct tunnel *t, const struct conf_prefixes *before)
{
	bool gone = false;
	uint32_t i;

	for (i = 0; i < before->n && t->ifindex; i++) {
		if (prefix_in(&t->addresses, &before->v[i]))
			continue;
		request_address(t->d->rtnl, &before->v[i], t->ifindex, false);
		gone = true;
	}
	return gone;
}

void route_apply(struct tunnel *t)
{
	struct conf_prefixes routes, backstops = { 0 }, before = t->addresses;
	struct rtnl *r = t->d->rtnl;
	uint32_t i;

	wanted_routes(t, &routes);
	if (t->conf.backstop && t->conf.template)
		prefix_from_pool(&t->conf.pool.addresses, &backstops);
	else if (t->conf.backstop)
		backstops = routes;
	for (i = 0; i < t->routes.n; i++)
		if (t->metric != t->conf.metric || !prefix_in(&routes, &t->routes.v[i]))
			delete_route(r, &t->routes.v[i], t->ifindex, t->metric);
	for (i = 0; i < t->backstops.n; i++)
		if (!prefix_in(&backstops, &t->backstops.v[i]))
			delete_route(r, &t->backstops.v[i], 0, ROUTE_BACKSTOP_METRIC);
	t->routes = routes;
	t->metric = t->conf.metric;
	t->backstops = backstops;
	t->addresses = t->conf.address;
	assigned_addresses(t, &t->addresses);
	if (t->ifindex) {
		set_sysctl(t, "ipv4", "ignore_routes_with_linkdown", t->conf.failover);
		set_sysctl(t, "ipv6", "ignore_routes_with_linkdown", t->conf.failover);
	} else if (t->ref.id) {
		log_notice(t->conf.name, "%s is in another network namespace; addresses and routes are set there by hand",
			   t->conf.device);
	}
	ensure(t, NULL);
	/* With its last IPv4 address a device loses all its IPv4 routes, and nobody is told. */
	if (delete_addresses(t, &before))
		ensure(t, NULL);
}

void route_withdraw(struct tunnel *t)
{
	struct rtnl *r = t->d->rtnl;
	uint32_t i;

	for (i = 0; i < t->routes.n && t->ifindex; i++)
		delete_route(r, &t->routes.v[i], t->ifindex, t->metric);
	for (i = 0; i < t->addresses.n && t->ifindex; i++)
		request_address(r, &t->addresses.v[i], t->ifindex, false);
	for (i = 0; i < t->backstops.n; i++)
		delete_route(r, &t->backstops.v[i], 0, ROUTE_BACKSTOP_METRIC);
	t->routes.n = 0;
	t->addresses.n = 0;
	t->backstops.n = 0;
}

/* ---- leftovers ------------------------------------------------------------------------------- */

static bool route_is_wanted(struct daemon *d, struct rtnl_route *route)
{
	struct rtnl_nexthop *nh = rtnl_route_nexthop_n(route, 0);
	struct conf_prefix p = destination(route);
	uint32_t ifindex = 0;
	struct tunnel *t;

	if (nh && rtnl_route_get_type(route) == RTN_UNICAST)
		ifindex = rtnl_route_nh_get_ifindex(nh);
	LIST_FOREACH(t, &d->tunnels, link) {
		if (ifindex ? ifindex == t->ifindex && prefix_in(&t->routes, &p) &&
		    rtnl_route_get_priority(route) == t->metric : prefix_in(&t->backstops, &p))
			return true;
	}
	return false;
}

static void sweep_one(struct nl_object *obj, void *arg)
{
	struct rtnl_route *route = (struct rtnl_route *)obj;
	struct daemon *d = arg;

	if (rtnl_route_get_protocol(route) == ROUTE_PROTOCOL &&
	    rtnl_route_get_table(route) == RT_TABLE_MAIN && !route_is_wanted(d, route))
		rtnl_route_delete(d->rtnl->sk, route, 0);
}

void route_sweep(struct daemon *d)
{
	struct nl_cache *cache;

	if (rtnl_route_alloc_cache(d->rtnl->sk, AF_UNSPEC, 0, &cache) < 0)
		return;
	nl_cache_foreach(cache, sweep_one, d);
	nl_cache_free(cache);
}

/* ---- watching -------------------------------------------------------------------------------- */

static void describe_culprit(struct rtnl *r, char *buf, size_t len)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(buf, len, "someone");
	if (!r->culprit)
		return;
	snprintf(path, sizeof(path), "/proc/%u/comm", r->culprit);
	f = fopen(path, "re");
	if (f && fgets(comm, sizeof(comm), f)) {
		comm[strcspn(comm, "\n")] = 0;
		snprintf(buf, len, "process %u, probably %s,", r->culprit, comm);
	} else {
		snprintf(buf, len, "process %u, which has ended,", r->culprit);
	}
	if (f)
		fclose(f);
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct rtnl *r = arg;
	struct tunnel *t;
	char who[96];

	(void)fd;
	(void)what;
	describe_culprit(r, who, sizeof(who));
	r->culprit = 0;
	LIST_FOREACH(t, &r->d->tunnels, link)
		ensure(t, who);
}

static void on_roam(evutil_socket_t fd, short what, void *arg)
{
	struct rtnl *r = arg;

	(void)fd;
	(void)what;
	lookup_moved(r->d);
}

static bool ifindex_is_ours(struct daemon *d, uint32_t ifindex)
{
	struct tunnel *t;

	LIST_FOREACH(t, &d->tunnels, link)
		if (t->ifindex && t->ifindex == ifindex)
			return true;
	return false;
}

static bool concerns_us(struct daemon *d, struct nlmsghdr *nlh)
{
	const struct rtmsg *rt = nlmsg_data(nlh);
	const struct ifaddrmsg *ifa = nlmsg_data(nlh);
	const struct ifinfomsg *ifi = nlmsg_data(nlh);

	switch (nlh->nlmsg_type) {
	case RTM_DELROUTE:
		return nlmsg_datalen(nlh) >= (int)sizeof(*rt) &&
		       rt->rtm_protocol == ROUTE_PROTOCOL;
	case RTM_DELADDR:
		return nlmsg_datalen(nlh) >= (int)sizeof(*ifa) &&
		       ifindex_is_ours(d, ifa->ifa_index);
	case RTM_NEWLINK:
		return nlmsg_datalen(nlh) >= (int)sizeof(*ifi) && (ifi->ifi_flags & IFF_UP) &&
		       ifindex_is_ours(d, ifi->ifi_index);
	}
	return false;
}

static int on_notification(struct nl_msg *msg, void *arg)
{
	const struct timeval wait = { .tv_usec = SETTLE_MS * 1000 };
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct rtnl *r = arg;

	if (nlh->nlmsg_pid == nl_socket_get_local_port(r->sk))
		return NL_OK;
	/* Not put off by what comes meanwhile: routes may change all the time. */
	if (!evtimer_pending(r->roam, NULL))
		evtimer_add(r->roam, &wait);
	if (!concerns_us(r->d, nlh))
		return NL_OK;
	if (nlh->nlmsg_pid)
		r->culprit = nlh->nlmsg_pid;
	evtimer_add(r->settle, &wait);
	return NL_OK;
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval now = { 0 };
	struct rtnl *r = arg;

	(void)fd;
	(void)what;
	/* Lost notifications could have been ours. */
	if (nl_recvmsgs_default(r->watch) != -NLE_NOMEM)
		return;
	evtimer_add(r->settle, &now);
	evtimer_add(r->roam, &now);
}

static bool watch(struct rtnl *r)
{
	r->watch = nl_socket_alloc();
	if (!r->watch)
		abort();
	nl_socket_disable_seq_check(r->watch);
	nl_socket_modify_cb(r->watch, NL_CB_VALID, NL_CB_CUSTOM, on_notification, r);
	if (nl_connect(r->watch, NETLINK_ROUTE) < 0 || nl_socket_set_nonblocking(r->watch) < 0)
		return false;
	nl_socket_set_buffer_size(r->watch, 1 << 20, 0);
	if (nl_socket_add_memberships(r->watch, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				      RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
				      0) < 0)
		return false;
	r->settle = evtimer_new(r->d->base, on_settle, r);
	r->roam = evtimer_new(r->d->base, on_roam, r);
	r->readable = event_new(r->d->base, nl_socket_get_fd(r->watch), EV_READ | EV_PERSIST,
				on_watch, r);
	if (!r->settle || !r->roam || !r->readable)
		abort();
	event_add(r->readable, NULL);
	return true;
}

bool route_open(struct daemon *d, bool watching)
{
	struct rtnl *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->d = d;
	d->rtnl = r;
	r->sk = nl_socket_alloc();
	if (!r->sk)
		abort();
	if (nl_connect(r->sk, NETLINK_ROUTE) < 0 || (watching && !watch(r))) {
		log_error(NULL, "rtnetlink: %s", strerror(errno));
		return false;
	}
	return true;
}

void route_close(struct daemon *d)
{
	struct rtnl *r = d->rtnl;

	if (!r)
		return;
	if (r->readable)
		event_free(r->readable);
	if (r->settle)
		event_free(r->settle);
	if (r->roam)
		event_free(r->roam);
	if (r->watch)
		nl_socket_free(r->watch);
	nl_socket_free(r->sk);
	free(r);
	d->rtnl = NULL;
}
