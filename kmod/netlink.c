// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: policies, commands, dumps. What a command means is in the file that
 * owns the object; here is who may ask, what may be said, and what is answered.
 */
#include <net/genetlink.h>

#include "ipvti.h"

#define KEEPALIVE_MAX	3600			/* s */
#define QUIET_MAX	(24 * 3600 * 1000)	/* ms */
/* Upper bound of what is said of one drop reason. */
#define STAT_SIZE	192
/* Of an SA without its selectors. */
#define SA_SIZE		(IPVTI_REF_SIZE + 768)

/* ---- policies: one per command, so that what it does not know is refused ---- */

/* Not const: 6.1 takes no pointer to that. */
static struct netlink_range_validation lower_range = { .max = INT_MAX };
static struct netlink_range_validation quiet_range = { .max = QUIET_MAX };
static struct netlink_range_validation count_range = { .min = 1, .max = U64_MAX };
static struct netlink_range_validation seconds_range = { .min = 1, .max = U32_MAX };

#define POLICY_ADDRESS	NLA_POLICY_RANGE(NLA_BINARY, sizeof(__be32), sizeof(struct in6_addr))
#define POLICY_TAG	NLA_POLICY_EXACT_LEN(IPVTI_TAG_LEN)
#define POLICY_SPI	NLA_POLICY_MIN(NLA_U32, IPVTI_SPI_MIN)
#define POLICY_REF						\
	[IPVTI_A_ID] = NLA_POLICY_MIN(NLA_U64, 1),		\
	[IPVTI_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1)

static const struct nla_policy dev_policy[IPVTI_A_DEV_MAX + 1] = {
	[IPVTI_A_DEV_LOCAL] = POLICY_ADDRESS,
	[IPVTI_A_DEV_REMOTE] = POLICY_ADDRESS,
	[IPVTI_A_DEV_ENCAP] = NLA_POLICY_MAX(NLA_U8, IPVTI_ENCAP_UDP),
	[IPVTI_A_DEV_SPORT] = { .type = NLA_U16 },
	[IPVTI_A_DEV_DPORT] = { .type = NLA_U16 },
	[IPVTI_A_DEV_LOWER] = NLA_POLICY_FULL_RANGE(NLA_U32, &lower_range),
	[IPVTI_A_DEV_FWMARK] = { .type = NLA_U32 },
	[IPVTI_A_DEV_TTL] = { .type = NLA_U8 },
	[IPVTI_A_DEV_DSCP] = { .type = NLA_U8 },
	[IPVTI_A_DEV_DF] = NLA_POLICY_MAX(NLA_U8, IPVTI_DF_COPY),
	[IPVTI_A_DEV_MTU_FIXED] = { .type = NLA_U32 },
	[IPVTI_A_DEV_PARALLEL] = NLA_POLICY_MAX(NLA_U8, IPVTI_PARALLEL_AUTO),
	[IPVTI_A_DEV_ROAM] = NLA_POLICY_MAX(NLA_U8, IPVTI_ROAM_ANY),
	[IPVTI_A_DEV_SECPATH] = NLA_POLICY_MAX(NLA_U8, 1),
	[IPVTI_A_DEV_INNER_CHECKSUM] = NLA_POLICY_MAX(NLA_U8, IPVTI_INNER_CHECKSUM_VERIFY),
	[IPVTI_A_DEV_TFC] = { .type = NLA_U16 },
	[IPVTI_A_DEV_QUIET] = NLA_POLICY_FULL_RANGE(NLA_U32, &quiet_range),
	[IPVTI_A_DEV_KEEPALIVE] = NLA_POLICY_MAX(NLA_U32, KEEPALIVE_MAX),
	[IPVTI_A_DEV_TAG] = POLICY_TAG,
};

static const struct nla_policy peer_policy[IPVTI_A_DEV_MAX + 1] = {
	[IPVTI_A_DEV_SUSPECT] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy ipvti_ts_policy[IPVTI_A_TS_MAX + 1] = {
	[IPVTI_A_TS_SRC] = POLICY_ADDRESS,
	[IPVTI_A_TS_SRC_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[IPVTI_A_TS_DST] = POLICY_ADDRESS,
	[IPVTI_A_TS_DST_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[IPVTI_A_TS_PROTO] = { .type = NLA_U8 },
	[IPVTI_A_TS_SPORT_MIN] = { .type = NLA_U16 },
	[IPVTI_A_TS_SPORT_MAX] = { .type = NLA_U16 },
	[IPVTI_A_TS_DPORT_MIN] = { .type = NLA_U16 },
	[IPVTI_A_TS_DPORT_MAX] = { .type = NLA_U16 },
};

const struct nla_policy ipvti_limit_policy[IPVTI_A_LIMIT_MAX + 1] = {
	[IPVTI_A_LIMIT_PACKETS] = NLA_POLICY_FULL_RANGE(NLA_U64, &count_range),
	[IPVTI_A_LIMIT_BYTES] = NLA_POLICY_FULL_RANGE(NLA_U64, &count_range),
	[IPVTI_A_LIMIT_SECONDS] = NLA_POLICY_FULL_RANGE(NLA_U64, &seconds_range),
	[IPVTI_A_LIMIT_IDLE] = NLA_POLICY_FULL_RANGE(NLA_U64, &seconds_range),
};

static const struct nla_policy sa_policy[IPVTI_A_SA_MAX + 1] = {
	[IPVTI_A_SA_DIR] = NLA_POLICY_RANGE(NLA_U8, IPVTI_SA_IN, IPVTI_SA_OUT),
	[IPVTI_A_SA_SPI] = POLICY_SPI,
	[IPVTI_A_SA_ALG] = { .type = NLA_NUL_STRING, .len = IPVTI_ALG_NAME_MAX - 1 },
	[IPVTI_A_SA_KEY] = NLA_POLICY_RANGE(NLA_BINARY, 1, IPVTI_KEY_MAX),
	[IPVTI_A_SA_ESN] = NLA_POLICY_MAX(NLA_U8, 1),
	[IPVTI_A_SA_REPLAY_WINDOW] = NLA_POLICY_MAX(NLA_U32, IPVTI_REPLAY_WINDOW_MAX),
	[IPVTI_A_SA_SEQ] = { .type = NLA_U64 },
	[IPVTI_A_SA_PAIR] = POLICY_SPI,
	[IPVTI_A_SA_REPLACES] = POLICY_SPI,
	[IPVTI_A_SA_FLOW] = { .type = NLA_U32 },
	[IPVTI_A_SA_ACTIVATE] = NLA_POLICY_MAX(NLA_U8, IPVTI_ACTIVATE_MANUAL),
	[IPVTI_A_SA_TAG] = POLICY_TAG,
	[IPVTI_A_SA_TS] = NLA_POLICY_NESTED(ipvti_ts_policy),
	[IPVTI_A_SA_SOFT] = NLA_POLICY_NESTED(ipvti_limit_policy),
	[IPVTI_A_SA_HARD] = NLA_POLICY_NESTED(ipvti_limit_policy),
	[IPVTI_A_SA_LEGACY] = { .type = NLA_FLAG },
};

/* What names an SA. */
static const struct nla_policy sa_key_policy[IPVTI_A_SA_MAX + 1] = {
	[IPVTI_A_SA_DIR] = NLA_POLICY_RANGE(NLA_U8, IPVTI_SA_IN, IPVTI_SA_OUT),
	[IPVTI_A_SA_SPI] = POLICY_SPI,
};

static const struct nla_policy socket_policy[IPVTI_A_SOCK_MAX + 1] = {
	[IPVTI_A_SOCK_FD] = { .type = NLA_U32 },
	[IPVTI_A_SOCK_LOCAL] = POLICY_ADDRESS,
	[IPVTI_A_SOCK_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

static const struct nla_policy none_request[IPVTI_A_MAX + 1] = {};

static const struct nla_policy ref_request[IPVTI_A_MAX + 1] = {
	POLICY_REF,
};

static const struct nla_policy device_set_request[IPVTI_A_MAX + 1] = {
	POLICY_REF,
	[IPVTI_A_DEVICE] = NLA_POLICY_NESTED(dev_policy),
};

static const struct nla_policy peer_set_request[IPVTI_A_MAX + 1] = {
	POLICY_REF,
	[IPVTI_A_DEVICE] = NLA_POLICY_NESTED(peer_policy),
};

static const struct nla_policy sa_new_request[IPVTI_A_MAX + 1] = {
	POLICY_REF,
	[IPVTI_A_SA] = NLA_POLICY_NESTED(sa_policy),
};

static const struct nla_policy sa_key_request[IPVTI_A_MAX + 1] = {
	POLICY_REF,
	[IPVTI_A_SA] = NLA_POLICY_NESTED(sa_key_policy),
};

static const struct nla_policy socket_request[IPVTI_A_MAX + 1] = {
	[IPVTI_A_SOCKET] = NLA_POLICY_NESTED(socket_policy),
};

/* ---- what a request names, and who may ask ---- */

static int missing(struct netlink_ext_ack *extack, const struct nlattr *nest, int type,
		   const char *text)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, type);
	if (extack)
		extack->_msg = text;
	return -EINVAL;
}

/* The device of a request, held. */
static struct ipvti_dev *device_get(struct net *net, struct nlattr **attrs,
				    struct netlink_ext_ack *extack)
{
	const struct nlattr *id = attrs[IPVTI_A_ID], *ifindex = attrs[IPVTI_A_IFINDEX];
	struct ipvti_dev *idev = NULL;
	struct net_device *dev;

	if (!id && !ifindex)
		return ERR_PTR(missing(extack, NULL, IPVTI_A_IFINDEX,
				       "the device is missing: give its id or its ifindex"));
	if (id && ifindex) {
		NL_SET_ERR_MSG_ATTR(extack, ifindex, "give id or ifindex, not both");
		return ERR_PTR(-EINVAL);
	}

	rcu_read_lock();
	if (id) {
		idev = ipvti_device_find(net, nla_get_u64(id));
	} else {
		dev = dev_get_by_index_rcu(net, nla_get_u32(ifindex));
		if (dev && ipvti_is_device(dev))
			idev = netdev_priv(dev);
	}
	if (idev)
		dev_hold(idev->dev);
	rcu_read_unlock();
	if (!idev) {
		NL_SET_ERR_MSG_ATTR(extack, id ?: ifindex, "no ipvti device of this number");
		return ERR_PTR(-ENODEV);
	}
	return idev;
}

static void device_release(struct ipvti_dev *idev)
{
	dev_put(idev->dev);
}

/*
 * The outer side belongs to the namespace of creation. For the caller's own the core has looked
 * at CAP_NET_ADMIN already.
 */
static bool may_outer(struct sk_buff *skb, struct net *net, struct ipvti_dev *idev)
{
	struct net *home;
	bool may;

	rcu_read_lock();
	home = READ_ONCE(idev->net);
	if (home && !net_eq(home, net))
		home = maybe_get_net(home);
	rcu_read_unlock();
	if (!home)
		return false;
	if (net_eq(home, net))
		return true;
	may = netlink_ns_capable(skb, home->user_ns, CAP_NET_ADMIN);
	put_net(home);
	return may;
}

static struct ipvti_dev *device_get_outer(struct sk_buff *skb, struct net *net,
					  struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct ipvti_dev *idev = device_get(net, attrs, extack);

	if (IS_ERR(idev) || may_outer(skb, net, idev))
		return idev;
	device_release(idev);
	NL_SET_ERR_MSG_ATTR(extack, attrs[IPVTI_A_ID] ?: attrs[IPVTI_A_IFINDEX],
			    "the outer side belongs to the namespace of creation");
	return ERR_PTR(-EPERM);
}

/* The nest of an SA, with its SPI in it. */
static int parse_spi(struct nlattr **tb, struct genl_info *info, const struct nla_policy *policy)
{
	const struct nlattr *nest = info->attrs[IPVTI_A_SA];
	int err;

	if (!nest)
		return missing(info->extack, NULL, IPVTI_A_SA, "the SA is missing");
	err = nla_parse_nested(tb, IPVTI_A_SA_MAX, nest, policy, info->extack);
	if (err)
		return err;
	if (!tb[IPVTI_A_SA_SPI])
		return missing(info->extack, nest, IPVTI_A_SA_SPI, "the SPI is missing");
	return 0;
}

/* With direction and SPI. */
static int parse_sa(struct nlattr **tb, struct genl_info *info, const struct nla_policy *policy)
{
	int err = parse_spi(tb, info, policy);

	if (!err && !tb[IPVTI_A_SA_DIR])
		err = missing(info->extack, info->attrs[IPVTI_A_SA], IPVTI_A_SA_DIR,
			      "the direction is missing");
	return err;
}

/* ---- what is said of objects ---- */

/**
 * ipvti_put_ref() - write what names a device
 * @msg: message
 * @idev: device; one that is being deleted has the ifindex 0
 *
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_put_ref(struct sk_buff *msg, const struct ipvti_dev *idev)
{
	const struct net_device *dev = idev->dev;
	char name[IFNAMSIZ];
	u32 ifindex;

	strscpy(name, dev->name, sizeof(name));
	ifindex = READ_ONCE(dev->reg_state) == NETREG_REGISTERED ? dev->ifindex : 0;
	if (nla_put_u64_64bit(msg, IPVTI_A_ID, idev->id, IPVTI_A_PAD) ||
	    nla_put_u32(msg, IPVTI_A_IFINDEX, ifindex) ||
	    nla_put_string(msg, IPVTI_A_IFNAME, name))
		return -EMSGSIZE;
	return 0;
}

/**
 * ipvti_put_device() - write name, settings and state of a device
 * @msg: message, with %IPVTI_DEVICE_SIZE bytes of room
 * @idev: device
 *
 * Context: RCU read lock held.
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_put_device(struct sk_buff *msg, const struct ipvti_dev *idev)
{
	struct nlattr *nest;

	if (ipvti_put_ref(msg, idev))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, IPVTI_A_DEVICE);
	if (!nest || ipvti_device_put(msg, idev))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_limit(struct sk_buff *msg, int attr, u64 value, u64 none)
{
	return value == none ? 0 : nla_put_u64_64bit(msg, attr, value, IPVTI_A_LIMIT_PAD);
}

static int put_limits(struct sk_buff *msg, int attr, const struct ipvti_limits *limits)
{
	struct nlattr *nest = nla_nest_start(msg, attr);

	if (!nest ||
	    put_limit(msg, IPVTI_A_LIMIT_PACKETS, limits->packets, U64_MAX) ||
	    put_limit(msg, IPVTI_A_LIMIT_BYTES, limits->bytes, U64_MAX) ||
	    put_limit(msg, IPVTI_A_LIMIT_SECONDS, limits->seconds, 0) ||
	    put_limit(msg, IPVTI_A_LIMIT_IDLE, limits->idle, 0))
		return -EMSGSIZE;
	if (skb_tail_pointer(msg) == (unsigned char *)nla_data(nest))
		nla_nest_cancel(msg, nest);
	else
		nla_nest_end(msg, nest);
	return 0;
}

static int put_sa_usage(struct sk_buff *msg, const struct ipvti_sa *sa)
{
	bool in = sa->dir == IPVTI_SA_IN;
	struct ipvti_stats sum;
	unsigned long used = READ_ONCE(sa->used);
	u64 age, seq;

	ipvti_stats_sum(sa->stats, &sum);
	age = div_u64(ktime_get_boottime_ns() - sa->installed_ns, NSEC_PER_MSEC);
	seq = in ? READ_ONCE(sa->replay.top) : atomic64_read(&sa->seq);
	if (nla_put_u64_64bit(msg, IPVTI_A_SA_SEQ, seq, IPVTI_A_SA_PAD) ||
	    nla_put_u64_64bit(msg, IPVTI_A_SA_PACKETS, sum.packets[!in], IPVTI_A_SA_PAD) ||
	    nla_put_u64_64bit(msg, IPVTI_A_SA_BYTES, sum.bytes[!in], IPVTI_A_SA_PAD) ||
	    nla_put_u64_64bit(msg, IPVTI_A_SA_SPILLED, sum.spilled, IPVTI_A_SA_PAD) ||
	    nla_put_u64_64bit(msg, IPVTI_A_SA_AGE, age, IPVTI_A_SA_PAD) ||
	    (used && nla_put_u64_64bit(msg, IPVTI_A_SA_USED_AGE,
				       jiffies_to_msecs(jiffies - used), IPVTI_A_SA_PAD)))
		return -EMSGSIZE;
	return 0;
}

static int put_sa_installed(struct sk_buff *msg, const struct ipvti_sa *sa)
{
	u32 replaces = sa->replaced ?: sa->replaces;

	if (nla_put_string(msg, IPVTI_A_SA_ALG, sa->alg->name) ||
	    nla_put_string(msg, IPVTI_A_SA_DRIVER, sa->driver) ||
	    (ipvti_alg_legacy(sa->alg) && nla_put_flag(msg, IPVTI_A_SA_LEGACY)) ||
	    nla_put_u8(msg, IPVTI_A_SA_ESN, sa->esn) ||
	    (sa->dir == IPVTI_SA_IN ?
	     nla_put_u32(msg, IPVTI_A_SA_REPLAY_WINDOW, sa->replay.window) :
	     nla_put_u8(msg, IPVTI_A_SA_ACTIVATE, sa->activate)) ||
	    (sa->pair && nla_put_u32(msg, IPVTI_A_SA_PAIR, sa->pair)) ||
	    (replaces && nla_put_u32(msg, IPVTI_A_SA_REPLACES, replaces)) ||
	    nla_put_u32(msg, IPVTI_A_SA_FLOW, sa->flow) ||
	    nla_put(msg, IPVTI_A_SA_TAG, sizeof(sa->tag), sa->tag) ||
	    put_limits(msg, IPVTI_A_SA_SOFT, &sa->soft) ||
	    put_limits(msg, IPVTI_A_SA_HARD, &sa->hard) ||
	    ipvti_ts_dump(msg, sa))
		return -EMSGSIZE;
	return put_sa_usage(msg, sa);
}

/**
 * ipvti_put_sa() - write everything of an SA but its key
 * @msg: message, with ipvti_sa_size() bytes of room
 * @sa: SA
 *
 * Context: device lock or RCU read lock held.
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_put_sa(struct sk_buff *msg, const struct ipvti_sa *sa)
{
	enum ipvti_sa_state state = ipvti_sa_state(sa);
	struct nlattr *nest;

	if (ipvti_put_ref(msg, sa->dev))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, IPVTI_A_SA);
	if (!nest ||
	    nla_put_u8(msg, IPVTI_A_SA_DIR, sa->dir) ||
	    nla_put_u32(msg, IPVTI_A_SA_SPI, sa->spi) ||
	    nla_put_u8(msg, IPVTI_A_SA_STATE, state))
		return -EMSGSIZE;
	if (state != IPVTI_SA_STATE_RESERVED && put_sa_installed(msg, sa))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * ipvti_sa_size() - room that ipvti_put_sa() needs at most
 * @sa: SA
 */
size_t ipvti_sa_size(const struct ipvti_sa *sa)
{
	return SA_SIZE + sa->ts_count * IPVTI_TS_SIZE;
}

static int put_stats(struct sk_buff *msg, const struct ipvti_pcpu_stats __percpu *pcpu)
{
	struct ipvti_stats sum;
	struct nlattr *nest;
	unsigned int i;

	ipvti_stats_sum(pcpu, &sum);
	for (i = 0; i < __IPVTI_DROP_COUNT; i++) {
		nest = nla_nest_start(msg, IPVTI_A_STAT);
		if (!nest ||
		    nla_put_string(msg, IPVTI_A_STAT_NAME, ipvti_drop_names[i].name) ||
		    nla_put_u64_64bit(msg, IPVTI_A_STAT_VALUE, sum.drops[i], IPVTI_A_STAT_PAD) ||
		    nla_put_string(msg, IPVTI_A_STAT_HELP, ipvti_drop_names[i].help))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int put_integ(struct sk_buff *msg, const struct ipvti_alg *alg,
		     const struct ipvti_drivers *drivers)
{
	const char *driver = ipvti_driver_integ(drivers, alg);
	const struct ipvti_integ *integ = alg->integ;

	if (nla_put_u16(msg, IPVTI_A_ALG_INTEG, integ->id) ||
	    nla_put_u16(msg, IPVTI_A_ALG_INTEG_KEY_LEN, integ->key_len) ||
	    (integ->rfc && nla_put_u16(msg, IPVTI_A_ALG_INTEG_RFC, integ->rfc)) ||
	    (driver && nla_put_string(msg, IPVTI_A_ALG_INTEG_DRIVER, driver)))
		return -EMSGSIZE;
	return 0;
}

static int put_alg(struct sk_buff *msg, const struct ipvti_alg *alg,
		   const struct ipvti_drivers *drivers)
{
	const char *driver = ipvti_driver_encr(drivers, alg);
	struct nlattr *nest = nla_nest_start(msg, IPVTI_A_ALG);
	const struct ipvti_encr *encr = alg->encr;

	if (!nest ||
	    nla_put_string(msg, IPVTI_A_ALG_NAME, alg->name) ||
	    nla_put_u16(msg, IPVTI_A_ALG_ENCR, encr->id) ||
	    nla_put_u16(msg, IPVTI_A_ALG_KEY_BITS, encr->key_bits) ||
	    nla_put_u16(msg, IPVTI_A_ALG_KEY_LEN, ipvti_alg_key_len(alg)) ||
	    nla_put_u8(msg, IPVTI_A_ALG_IV_LEN, alg->sizes.iv_len) ||
	    nla_put_u8(msg, IPVTI_A_ALG_ICV_LEN, alg->sizes.icv_len) ||
	    nla_put_u8(msg, IPVTI_A_ALG_BLOCK, alg->sizes.block) ||
	    nla_put_u8(msg, IPVTI_A_ALG_STATUS, ipvti_alg_status(alg)) ||
	    (ipvti_alg_legacy(alg) && nla_put_flag(msg, IPVTI_A_ALG_LEGACY)) ||
	    (encr->rfc && nla_put_u16(msg, IPVTI_A_ALG_RFC, encr->rfc)) ||
	    (driver && nla_put_string(msg, IPVTI_A_ALG_DRIVER, driver)) ||
	    (alg->integ && put_integ(msg, alg, drivers)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * ipvti_put_socket() - write where an adopted socket is bound and who has it
 * @msg: message, with %IPVTI_SOCKET_SIZE bytes of room
 * @local: address it is bound to
 * @family: of the socket
 * @port: it is bound to
 * @owned: a process has it
 *
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_put_socket(struct sk_buff *msg, const union ipvti_addr *local, u16 family, __be16 port,
		     bool owned)
{
	int len = family == AF_INET ? sizeof(local->v4) : sizeof(local->v6);
	struct nlattr *nest = nla_nest_start(msg, IPVTI_A_SOCKET);

	if (!nest ||
	    nla_put(msg, IPVTI_A_SOCK_LOCAL, len, local) ||
	    nla_put_u16(msg, IPVTI_A_SOCK_PORT, ntohs(port)) ||
	    nla_put_u8(msg, IPVTI_A_SOCK_FAMILY, family) ||
	    nla_put_u8(msg, IPVTI_A_SOCK_OWNED, owned))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* ---- replies ---- */

static struct sk_buff *reply_new(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(size, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put_reply(msg, info, &ipvti_family, 0, info->genlhdr->cmd);
	if (*hdr)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int reply_send(struct genl_info *info, struct sk_buff *msg, void *hdr, int err)
{
	if (WARN_ON_ONCE(err == -EMSGSIZE) || err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/* ---- commands ---- */

static int device_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ipvti_dev *idev = device_get(genl_info_net(info), info->attrs, info->extack);
	struct sk_buff *msg;
	int err = -ENOMEM;
	void *hdr;

	if (IS_ERR(idev))
		return PTR_ERR(idev);
	msg = reply_new(info, IPVTI_DEVICE_SIZE, &hdr);
	if (msg) {
		rcu_read_lock();
		err = ipvti_put_device(msg, idev);
		rcu_read_unlock();
		err = reply_send(info, msg, hdr, err);
	}
	device_release(idev);
	return err;
}

static int device_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[IPVTI_A_DEVICE];
	struct nlattr *tb[IPVTI_A_DEV_MAX + 1];
	struct net *net = genl_info_net(info);
	struct ipvti_dev *idev;
	bool outer;
	int err;

	if (!nest)
		return missing(info->extack, NULL, IPVTI_A_DEVICE, "the settings are missing");
	err = nla_parse_nested(tb, IPVTI_A_DEV_MAX, nest, dev_policy, info->extack);
	if (err)
		return err;
	idev = device_get(net, info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	outer = may_outer(skb, net, idev);
	rtnl_lock();
	err = ipvti_device_set(idev, tb, outer, info->extack);
	rtnl_unlock();
	device_release(idev);
	return err;
}

static int peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[IPVTI_A_DEVICE];
	struct nlattr *tb[IPVTI_A_DEV_MAX + 1];
	struct ipvti_dev *idev;
	int err;

	if (!nest)
		return missing(info->extack, NULL, IPVTI_A_DEVICE, "the new state is missing");
	err = nla_parse_nested(tb, IPVTI_A_DEV_MAX, nest, peer_policy, info->extack);
	if (err)
		return err;
	if (!tb[IPVTI_A_DEV_SUSPECT])
		return missing(info->extack, nest, IPVTI_A_DEV_SUSPECT, "the new state is missing");
	idev = device_get_outer(skb, genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	err = ipvti_device_suspect(idev, nla_get_u8(tb[IPVTI_A_DEV_SUSPECT]));
	device_release(idev);
	return err;
}

static void update_mtu(struct ipvti_dev *idev)
{
	rtnl_lock();
	ipvti_device_update_mtu(idev);
	rtnl_unlock();
}

static int require_key(struct nlattr **tb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[IPVTI_A_SA];

	if (!tb[IPVTI_A_SA_ALG])
		return missing(info->extack, nest, IPVTI_A_SA_ALG, "the algorithm is missing");
	if (!tb[IPVTI_A_SA_KEY])
		return missing(info->extack, nest, IPVTI_A_SA_KEY, "the key is missing");
	return 0;
}

/* The key ends here in every case: the message goes back to the sender with an error. */
static void wipe_key(struct nlattr **tb)
{
	if (tb[IPVTI_A_SA_KEY])
		memzero_explicit(nla_data(tb[IPVTI_A_SA_KEY]), nla_len(tb[IPVTI_A_SA_KEY]));
}

static int sa_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[IPVTI_A_SA_MAX + 1] = {};
	struct ipvti_dev *idev;
	int err;

	err = parse_sa(tb, info, sa_policy);
	if (!err)
		err = require_key(tb, info);
	if (err)
		goto out;
	idev = device_get_outer(skb, genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev)) {
		err = PTR_ERR(idev);
		goto out;
	}
	err = ipvti_sa_new(idev, info->attrs[IPVTI_A_SA], tb, info->extack);
	if (!err)
		update_mtu(idev);
	device_release(idev);
out:
	wipe_key(tb);
	return err;
}

static int sa_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[IPVTI_A_SA_MAX + 1];
	struct ipvti_dev *idev;
	int err;

	err = parse_sa(tb, info, sa_key_policy);
	if (err)
		return err;
	idev = device_get_outer(skb, genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	err = ipvti_sa_delete(idev, nla_get_u8(tb[IPVTI_A_SA_DIR]),
			      nla_get_u32(tb[IPVTI_A_SA_SPI]));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, tb[IPVTI_A_SA_SPI],
				    "the device has no SA of this direction and SPI");
	else
		update_mtu(idev);
	device_release(idev);
	return err;
}

static int sa_activate_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *tb[IPVTI_A_SA_MAX + 1];
	struct ipvti_dev *idev;
	int err;

	err = parse_spi(tb, info, sa_key_policy);
	if (err)
		return err;
	if (tb[IPVTI_A_SA_DIR] && nla_get_u8(tb[IPVTI_A_SA_DIR]) != IPVTI_SA_OUT) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[IPVTI_A_SA_DIR],
				    "only an outbound SA is activated; inbound is live at once");
		return -EINVAL;
	}
	idev = device_get_outer(skb, genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	err = ipvti_sa_activate(idev, nla_get_u32(tb[IPVTI_A_SA_SPI]), info->extack);
	if (!err)
		update_mtu(idev);
	device_release(idev);
	return err;
}

/* What to say of one SA, and how much room that takes. */
struct sa_reply {
	size_t (*size)(const struct ipvti_sa *sa);
	int (*put)(struct sk_buff *msg, const struct ipvti_sa *sa);
};

static int sa_reply(struct sk_buff *skb, struct genl_info *info, const struct sa_reply *what)
{
	struct nlattr *tb[IPVTI_A_SA_MAX + 1];
	struct ipvti_dev *idev;
	struct ipvti_sa *sa;
	struct sk_buff *msg;
	void *hdr;
	int err;

	err = parse_sa(tb, info, sa_key_policy);
	if (err)
		return err;
	idev = device_get_outer(skb, genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);

	mutex_lock(&idev->lock);
	sa = ipvti_sa_find(idev, nla_get_u8(tb[IPVTI_A_SA_DIR]), nla_get_u32(tb[IPVTI_A_SA_SPI]));
	if (sa) {
		msg = reply_new(info, what->size(sa), &hdr);
		err = msg ? what->put(msg, sa) : -ENOMEM;
	}
	mutex_unlock(&idev->lock);
	device_release(idev);
	if (!sa) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[IPVTI_A_SA_SPI],
				    "the device has no SA of this direction and SPI");
		return -ENOENT;
	}
	return msg ? reply_send(info, msg, hdr, err) : err;
}

static int sa_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct sa_reply what = { ipvti_sa_size, ipvti_put_sa };

	return sa_reply(skb, info, &what);
}

static size_t stats_size(const struct ipvti_sa *sa)
{
	return IPVTI_REF_SIZE + __IPVTI_DROP_COUNT * STAT_SIZE;
}

static int put_sa_stats(struct sk_buff *msg, const struct ipvti_sa *sa)
{
	return ipvti_put_ref(msg, sa->dev) ?: put_stats(msg, sa->stats);
}

static int device_stats_reply(struct genl_info *info, const struct ipvti_dev *idev)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = reply_new(info, stats_size(NULL), &hdr);
	if (!msg)
		return -ENOMEM;
	if (idev)
		err = ipvti_put_ref(msg, idev) ?: put_stats(msg, idev->stats);
	else
		err = put_stats(msg, ipvti_net(genl_info_net(info))->stats);
	return reply_send(info, msg, hdr, err);
}

/* Of an SA, of a device, or with neither of packets that found no device. */
static int stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct sa_reply what = { stats_size, put_sa_stats };
	struct ipvti_dev *idev;
	int err;

	if (info->attrs[IPVTI_A_SA])
		return sa_reply(skb, info, &what);
	if (!info->attrs[IPVTI_A_ID] && !info->attrs[IPVTI_A_IFINDEX])
		return device_stats_reply(info, NULL);
	idev = device_get(genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	err = device_stats_reply(info, idev);
	device_release(idev);
	return err;
}

static int spi_alloc_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ipvti_dev *idev;
	struct nlattr *nest;
	struct sk_buff *msg;
	void *hdr;
	u32 spi;
	int err;

	idev = device_get_outer(skb, genl_info_net(info), info->attrs, info->extack);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	err = -ENOMEM;
	msg = reply_new(info, IPVTI_DEVICE_SIZE, &hdr);
	if (!msg)
		goto out;
	err = ipvti_sa_reserve(idev, &spi, info->extack);
	if (err) {
		nlmsg_free(msg);
		goto out;
	}
	err = ipvti_put_ref(msg, idev);
	nest = nla_nest_start(msg, IPVTI_A_SA);
	if (!nest || nla_put_u8(msg, IPVTI_A_SA_DIR, IPVTI_SA_IN) ||
	    nla_put_u32(msg, IPVTI_A_SA_SPI, spi) ||
	    nla_put_u8(msg, IPVTI_A_SA_STATE, IPVTI_SA_STATE_RESERVED))
		err = -EMSGSIZE;
	else
		nla_nest_end(msg, nest);
	err = reply_send(info, msg, hdr, err);
	if (err)	/* nobody knows of it */
		ipvti_sa_delete(idev, IPVTI_SA_IN, spi);
out:
	device_release(idev);
	return err;
}

static int socket_adopt_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[IPVTI_A_SOCKET], *local;
	struct nlattr *tb[IPVTI_A_SOCK_MAX + 1];
	union ipvti_addr addr = {};
	u16 family = AF_UNSPEC;
	__be16 port = 0;
	int err;

	if (!nest)
		return missing(info->extack, NULL, IPVTI_A_SOCKET, "the socket is missing");
	err = nla_parse_nested(tb, IPVTI_A_SOCK_MAX, nest, socket_policy, info->extack);
	if (err)
		return err;
	if (!tb[IPVTI_A_SOCK_FD])
		return missing(info->extack, nest, IPVTI_A_SOCK_FD, "the descriptor is missing");
	local = tb[IPVTI_A_SOCK_LOCAL];
	if (local) {
		if (nla_len(local) != sizeof(addr.v4) && nla_len(local) != sizeof(addr.v6)) {
			NL_SET_ERR_MSG_ATTR(info->extack, local, "an address has 4 or 16 bytes");
			return -EINVAL;
		}
		family = nla_len(local) == sizeof(addr.v4) ? AF_INET : AF_INET6;
		memcpy(&addr, nla_data(local), nla_len(local));
	}
	if (tb[IPVTI_A_SOCK_PORT])
		port = htons(nla_get_u16(tb[IPVTI_A_SOCK_PORT]));
	return ipvti_socket_adopt(ipvti_net(genl_info_net(info)), nla_get_u32(tb[IPVTI_A_SOCK_FD]),
				  local ? &addr : NULL, family, port, info->extack);
}

/* ---- dumps: cursors are numbers, so that nothing they stood on needs to be there any more ---- */

struct dump_cursor {
	u64 id;		/* of the device to go on with */
	u64 serial;	/* of the last SA shown of it */
	u32 ifindex;	/* of the last foreign device shown */
	u32 index;	/* of the next algorithm */
	struct ipvti_drivers *drivers;	/* as they were when the dump began */
};

static struct dump_cursor *dump_cursor(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump_cursor) > sizeof(cb->ctx));
	return (struct dump_cursor *)cb->ctx;
}

static void *dump_put(struct sk_buff *msg, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &ipvti_family,
			   NLM_F_MULTI, cmd);
}

static int dump_device(struct sk_buff *msg, struct netlink_callback *cb,
		       const struct ipvti_dev *idev)
{
	void *hdr = dump_put(msg, cb, IPVTI_CMD_DEVICE_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (ipvti_put_device(msg, idev)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* The next device that lives here and was created elsewhere. RCU. */
static struct ipvti_dev *next_guest(struct net *net, u32 ifindex)
{
	struct net_device *dev, *next = NULL;

	for_each_netdev_rcu(net, dev) {
		if (!ipvti_is_device(dev) || dev->ifindex <= ifindex)
			continue;
		if (net_eq(READ_ONCE(((struct ipvti_dev *)netdev_priv(dev))->net), net))
			continue;
		if (!next || dev->ifindex < next->ifindex)
			next = dev;
	}
	return next ? netdev_priv(next) : NULL;
}

static int device_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct dump_cursor *cursor = dump_cursor(cb);
	struct net *net = sock_net(msg->sk);
	struct ipvti_dev *idev;
	int err = 0;

	rcu_read_lock();
	while (!err && (idev = ipvti_device_next(net, &cursor->id))) {
		err = dump_device(msg, cb, idev);
		if (!err)
			cursor->id++;
	}
	while (!err && (idev = next_guest(net, cursor->ifindex))) {
		err = dump_device(msg, cb, idev);
		if (!err)
			cursor->ifindex = idev->dev->ifindex;
	}
	rcu_read_unlock();
	return msg->len ?: err;
}

/* The SAs of one device that were not shown yet. */
static int dump_sas(struct sk_buff *msg, struct netlink_callback *cb, struct ipvti_dev *idev)
{
	struct dump_cursor *cursor = dump_cursor(cb);
	struct ipvti_sa *sa;
	int err = 0;
	void *hdr;

	mutex_lock(&idev->lock);
	list_for_each_entry(sa, &idev->sas, list) {
		if (sa->serial <= cursor->serial)
			continue;
		hdr = dump_put(msg, cb, IPVTI_CMD_SA_GET);
		err = hdr ? ipvti_put_sa(msg, sa) : -EMSGSIZE;
		if (err) {
			if (hdr)
				genlmsg_cancel(msg, hdr);
			break;
		}
		genlmsg_end(msg, hdr);
		cursor->serial = sa->serial;
	}
	mutex_unlock(&idev->lock);
	return err;
}

static struct ipvti_dev *next_device_get(struct net *net, u64 *id)
{
	struct ipvti_dev *idev;

	rcu_read_lock();
	idev = ipvti_device_next(net, id);
	if (idev)
		dev_hold(idev->dev);
	rcu_read_unlock();
	return idev;
}

static int sa_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct nlattr **attrs = ipvti_compat_dump_attrs(cb);
	struct dump_cursor *cursor = dump_cursor(cb);
	struct net *net = sock_net(msg->sk);
	struct ipvti_dev *idev;
	u64 id = cursor->id;
	int err = 0;

	if (attrs[IPVTI_A_ID] || attrs[IPVTI_A_IFINDEX]) {
		idev = device_get_outer(cb->skb, net, attrs, cb->extack);
		if (IS_ERR(idev))
			return PTR_ERR(idev);
		err = dump_sas(msg, cb, idev);
		device_release(idev);
		return msg->len ?: err;
	}
	while (!err && (idev = next_device_get(net, &cursor->id))) {
		if (cursor->id != id)	/* another one: not where the last one was left */
			cursor->serial = 0;
		id = cursor->id;
		err = dump_sas(msg, cb, idev);
		device_release(idev);
		if (err)
			break;
		cursor->id++;
	}
	return msg->len ?: err;
}

/* An SA with all its selectors needs more than the usual page. */
static int sa_get_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = NLMSG_HDRLEN + GENL_HDRLEN + SA_SIZE +
			     IPVTI_TS_MAX * IPVTI_TS_SIZE;
	return 0;
}

static int socket_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	return ipvti_socket_dump(ipvti_net(sock_net(msg->sk)), msg, cb);
}

/**
 * ipvti_netlink_put_socket() - write one message of a SOCKET_GET dump
 * @msg: message of the dump
 * @cb: of the dump
 * @local: address the socket is bound to
 * @family: of the socket
 * @port: it is bound to
 * @owned: a process has it
 *
 * Return: 0, or -EMSGSIZE: it goes into the next message.
 */
int ipvti_netlink_put_socket(struct sk_buff *msg, struct netlink_callback *cb,
			     const union ipvti_addr *local, u16 family, __be16 port, bool owned)
{
	void *hdr = dump_put(msg, cb, IPVTI_CMD_SOCKET_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (ipvti_put_socket(msg, local, family, port, owned)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* A driver may have to be loaded, or looked for in vain: that is done once. */
static int alg_get_start(struct netlink_callback *cb)
{
	struct dump_cursor *cursor = dump_cursor(cb);

	cursor->drivers = ipvti_drivers_probe();
	return cursor->drivers ? 0 : -ENOMEM;
}

static int alg_get_done(struct netlink_callback *cb)
{
	kvfree(dump_cursor(cb)->drivers);
	return 0;
}

static int alg_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct dump_cursor *cursor = dump_cursor(cb);
	const struct ipvti_alg *alg;
	void *hdr;

	for (; (alg = ipvti_alg_at(cursor->index)); cursor->index++) {
		hdr = dump_put(msg, cb, IPVTI_CMD_ALG_GET);
		if (!hdr)
			break;
		if (put_alg(msg, alg, cursor->drivers)) {
			genlmsg_cancel(msg, hdr);
			break;
		}
		genlmsg_end(msg, hdr);
	}
	return msg->len;
}

/* ---- family ---- */

static const struct genl_ops ipvti_ops[] = {
	{
		.cmd = IPVTI_CMD_DEVICE_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = ref_request,
		.doit = device_get_doit,
		.dumpit = device_get_dumpit,
	}, {
		.cmd = IPVTI_CMD_DEVICE_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = device_set_request,
		.doit = device_set_doit,
	}, {
		.cmd = IPVTI_CMD_SA_NEW,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sa_new_request,
		.doit = sa_new_doit,
	}, {
		.cmd = IPVTI_CMD_SA_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sa_key_request,
		.doit = sa_del_doit,
	}, {
		.cmd = IPVTI_CMD_SA_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sa_key_request,
		.doit = sa_get_doit,
		.start = sa_get_start,
		.dumpit = sa_get_dumpit,
	}, {
		.cmd = IPVTI_CMD_SA_ACTIVATE,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sa_key_request,
		.doit = sa_activate_doit,
	}, {
		.cmd = IPVTI_CMD_SPI_ALLOC,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = ref_request,
		.doit = spi_alloc_doit,
	}, {
		.cmd = IPVTI_CMD_SOCKET_ADOPT,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = socket_request,
		.doit = socket_adopt_doit,
	}, {
		.cmd = IPVTI_CMD_SOCKET_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = none_request,
		.dumpit = socket_get_dumpit,
	}, {
		.cmd = IPVTI_CMD_PEER_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = peer_set_request,
		.doit = peer_set_doit,
	}, {
		.cmd = IPVTI_CMD_STATS_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = sa_key_request,
		.doit = stats_get_doit,
	}, {
		.cmd = IPVTI_CMD_ALG_GET,
		.policy = none_request,
		.start = alg_get_start,
		.dumpit = alg_get_dumpit,
		.done = alg_get_done,
	},
};

static const struct genl_multicast_group ipvti_mcgrps[] = {
	[IPVTI_MCGRP_EVENTS] = {
		.name = IPVTI_GENL_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family ipvti_family __ro_after_init = {
	.name = IPVTI_GENL_NAME,
	.version = IPVTI_GENL_VERSION,
	.maxattr = IPVTI_A_MAX,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ipvti_ops,
	.n_ops = ARRAY_SIZE(ipvti_ops),
	.mcgrps = ipvti_mcgrps,
	.n_mcgrps = ARRAY_SIZE(ipvti_mcgrps),
};

int ipvti_netlink_init(void)
{
	return genl_register_family(&ipvti_family);
}

void ipvti_netlink_exit(void)
{
	genl_unregister_family(&ipvti_family);
}
