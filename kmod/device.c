// SPDX-License-Identifier: GPL-2.0
/*
 * The net device: links, settings, carrier, MTU, namespaces, and what the kernel does by the clock.
 */
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/l3mdev.h>

#include "ipvti.h"

#define TTL_DEFAULT	64
/* Outer IPv6 and UDP, ESP, IV: what goes in front of a packet besides the link's header. */
#define HEADROOM	(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 IPVTI_ESP_HDR_LEN + IPVTI_ESP_IV_MAX)
#define MTU_MAX		(IP_MAX_MTU - HEADROOM + LL_MAX_HEADER - IPVTI_ESP_TAIL_MAX)
#define DSCP_MAX	63	/* six bits, RFC 2474 section 3 */
/* Event `auth-failures`: this many within a second, told once in ten. */
#define AUTH_BURST	16
#define AUTH_WINDOW	(1 * HZ)
#define AUTH_PAUSE	(10 * HZ)
/* A device spills as long as the last packet that did is no older. */
#define SPILL_TIME	(HZ / 4)

unsigned int ipvti_net_id;

static struct rtnl_link_ops ipvti_link_ops;

/* ---- settings ---- */

/**
 * struct setting - an attribute that is a plain member of struct ipvti_config
 * @attr: IPVTI_A_DEV_*
 * @size: of both, in bytes
 * @offset: of the member
 * @inner: does not touch the outer side, so that the namespace the device is in may change it
 */
struct setting {
	u8 attr, size;
	u16 offset;
	bool inner;
};

#define SETTING(name, member, is_inner) {				\
	.attr = IPVTI_A_DEV_##name,					\
	.size = sizeof_field(struct ipvti_config, member),		\
	.offset = offsetof(struct ipvti_config, member),		\
	.inner = is_inner,						\
}

static const struct setting settings[] = {
	SETTING(ENCAP, encap, false),
	SETTING(SPORT, sport, false),
	SETTING(DPORT, dport, false),
	SETTING(LOWER, lower, false),
	SETTING(FWMARK, fwmark, false),
	SETTING(TTL, ttl, false),
	SETTING(DSCP, dscp, false),
	SETTING(DF, df, false),
	SETTING(MTU_FIXED, mtu_fixed, true),
	SETTING(PARALLEL, parallel, true),
	SETTING(ROAM, roam, false),
	SETTING(SECPATH, secpath, true),
	SETTING(INNER_CHECKSUM, inner_checksum, true),
	SETTING(TFC, tfc, true),
	SETTING(QUIET, quiet_ms, false),
	SETTING(KEEPALIVE, keepalive_s, false),
	SETTING(TAG, tag, false),
};

static struct ipvti_config *config_locked(struct ipvti_dev *idev)
{
	return rcu_dereference_protected(idev->config, lockdep_is_held(&idev->lock));
}

static struct ipvti_config *config_copy(struct ipvti_dev *idev)
{
	return kmemdup(config_locked(idev), sizeof(struct ipvti_config), GFP_KERNEL);
}

/* Device lock. Routes depend on the settings: packets look them up anew. */
static void config_publish(struct ipvti_dev *idev, struct ipvti_config *config)
{
	struct ipvti_config *old = config_locked(idev);

	rcu_assign_pointer(idev->config, config);
	dst_cache_reset(&idev->dst_cache);
	kfree_rcu(old, rcu);
}

static int parse_address(const struct nlattr *attr, union ipvti_addr *addr, u16 *family,
			 struct netlink_ext_ack *extack)
{
	memset(addr, 0, sizeof(*addr));
	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		addr->v4 = nla_get_in_addr(attr);
		*family = addr->v4 ? AF_INET : AF_UNSPEC;
		return 0;
	case sizeof(struct in6_addr):
		addr->v6 = nla_get_in6_addr(attr);
		*family = ipv6_addr_any(&addr->v6) ? AF_UNSPEC : AF_INET6;
		return 0;
	default:
		NL_SET_ERR_MSG_ATTR(extack, attr, "an address has 4 or 16 bytes");
		return -EINVAL;
	}
}

static bool addr_is_unicast(const union ipvti_addr *addr, u16 family)
{
	if (family == AF_INET)
		return !ipv4_is_multicast(addr->v4) && !ipv4_is_lbcast(addr->v4);
	return !ipv6_addr_is_multicast(&addr->v6) && !ipv6_addr_v4mapped(&addr->v6);
}

static int set_addresses(struct ipvti_config *config, struct nlattr **tb,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *local = tb[IPVTI_A_DEV_LOCAL], *remote = tb[IPVTI_A_DEV_REMOTE];
	int err = 0;

	if (local)
		err = parse_address(local, &config->local, &config->local_family, extack);
	if (!err && remote)
		err = parse_address(remote, &config->remote, &config->family, extack);
	if (err)
		return err;

	if (local && config->local_family &&
	    !addr_is_unicast(&config->local, config->local_family)) {
		NL_SET_ERR_MSG_ATTR(extack, local, "the local address is not unicast");
		return -EINVAL;
	}
	if (remote && config->family && !addr_is_unicast(&config->remote, config->family)) {
		NL_SET_ERR_MSG_ATTR(extack, remote, "the remote address is not unicast");
		return -EINVAL;
	}
	if (config->local_family && config->family && config->local_family != config->family) {
		NL_SET_ERR_MSG_ATTR(extack, remote ?: local,
				    "local and remote are not of the same address family");
		return -EINVAL;
	}
	return 0;
}

static int check_lower(struct ipvti_dev *idev, const struct ipvti_config *config,
		       struct nlattr **tb, struct netlink_ext_ack *extack)
{
	const struct net_device *lower;

	if (tb[IPVTI_A_DEV_LOWER] && config->lower) {
		lower = __dev_get_by_index(idev->net, config->lower);
		if (!lower) {
			NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_LOWER],
					    "no such device in the namespace of creation");
			return -ENODEV;
		}
		if (lower == idev->dev) {
			NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_LOWER],
					    "a device cannot be its own lower device");
			return -ELOOP;
		}
	}
	if (tb[IPVTI_A_DEV_REMOTE] && config->family == AF_INET6 && !config->lower &&
	    __ipv6_addr_needs_scope_id(ipv6_addr_type(&config->remote.v6))) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_REMOTE],
				    "a link-local address needs a lower device");
		return -EINVAL;
	}
	return 0;
}

static int check_encap(const struct ipvti_config *config, struct nlattr **tb,
		       struct netlink_ext_ack *extack)
{
	if (config->encap != IPVTI_ENCAP_UDP)
		return 0;
	if (!config->sport) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_SPORT] ?: tb[IPVTI_A_DEV_ENCAP],
				    "UDP encapsulation needs a source port");
		return -EINVAL;
	}
	if (!config->dport) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_DPORT] ?: tb[IPVTI_A_DEV_ENCAP],
				    "UDP encapsulation needs a destination port");
		return -EINVAL;
	}
	return 0;
}

static int set_plain(struct ipvti_config *config, struct nlattr **tb, bool outer,
		     struct netlink_ext_ack *extack)
{
	const struct setting *setting;
	const struct nlattr *attr;
	unsigned int i;

	if (!outer && (tb[IPVTI_A_DEV_LOCAL] || tb[IPVTI_A_DEV_REMOTE])) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_LOCAL] ?: tb[IPVTI_A_DEV_REMOTE],
				    "the outer side belongs to the namespace of creation");
		return -EPERM;
	}
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		setting = &settings[i];
		attr = tb[setting->attr];
		if (!attr)
			continue;
		if (!outer && !setting->inner) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "the outer side belongs to the namespace of creation");
			return -EPERM;
		}
		memcpy((void *)config + setting->offset, nla_data(attr), setting->size);
	}
	/* Ports are in network byte order inside. */
	if (tb[IPVTI_A_DEV_SPORT])
		config->sport = htons(nla_get_u16(tb[IPVTI_A_DEV_SPORT]));
	if (tb[IPVTI_A_DEV_DPORT])
		config->dport = htons(nla_get_u16(tb[IPVTI_A_DEV_DPORT]));
	if (config->dscp > DSCP_MAX && config->dscp != IPVTI_DSCP_INHERIT) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_DSCP],
				    "a DSCP is 0 to 63, or 255 to inherit it");
		return -ERANGE;
	}
	if (config->mtu_fixed &&
	    (config->mtu_fixed < IPVTI_MTU_MIN || config->mtu_fixed > MTU_MAX)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_DEV_MTU_FIXED],
				    "an MTU below 1280 or larger than an IP packet has room for");
		return -ERANGE;
	}
	return 0;
}

static void device_arm(struct ipvti_dev *idev, struct delayed_work *work, unsigned long delay)
{
	dev_hold(idev->dev);
	if (mod_delayed_work(ipvti_wq, work, delay))
		dev_put(idev->dev);	/* the pending run holds it */
}

/*
 * The clock of silence starts anew. Who wants to know of silence is told of the first packet as
 * well: a peer that is heard all the time would else make no event at all.
 */
static void quiet_restart(struct ipvti_dev *idev, const struct ipvti_config *config)
{
	idev->quiet_since = jiffies;
	clear_bit(IPVTI_DEV_F_QUIET, &idev->flags);
	assign_bit(IPVTI_DEV_F_UNHEARD, &idev->flags, config->quiet_ms);
}

/**
 * ipvti_device_set() - change settings of a device
 * @idev: device
 * @tb: attributes IPVTI_A_DEV_*, validated; what is absent stays
 * @outer: the caller may touch the outer side
 * @extack: says why not
 *
 * Context: RTNL held.
 * Return: 0, or a negative errno and nothing has changed.
 */
int ipvti_device_set(struct ipvti_dev *idev, struct nlattr **tb, bool outer,
		     struct netlink_ext_ack *extack)
{
	struct ipvti_config *config;
	int err = -ENODEV;

	ASSERT_RTNL();
	mutex_lock(&idev->lock);
	if (idev->dead) {
		NL_SET_ERR_MSG(extack, "the device or its namespace of creation is going away");
		goto err_unlock;
	}
	err = -ENOMEM;
	config = config_copy(idev);
	if (!config)
		goto err_unlock;
	err = set_plain(config, tb, outer, extack);
	if (!err)
		err = set_addresses(config, tb, extack);
	if (!err)
		err = check_encap(config, tb, extack);
	if (!err)
		err = check_lower(idev, config, tb, extack);
	if (!err && config->secpath)
		err = ipvti_secpath_open(idev);
	if (err)
		goto err_free;

	config_publish(idev, config);
	if (tb[IPVTI_A_DEV_ENCAP] || tb[IPVTI_A_DEV_SPORT])
		ipvti_socket_prune(ipvti_net(idev->net));
	if (tb[IPVTI_A_DEV_REMOTE])
		WRITE_ONCE(idev->path_mtu, 0);
	if (tb[IPVTI_A_DEV_QUIET]) {
		quiet_restart(idev, config);
		device_arm(idev, &idev->quiet_work, 0);
	}
	device_arm(idev, &idev->keepalive_work, 0);
	ipvti_device_update(idev);
	ipvti_event_device(idev, IPVTI_EVENT_DEVICE);
	mutex_unlock(&idev->lock);
	ipvti_device_update_mtu(idev);
	return 0;

err_free:
	kfree(config);
err_unlock:
	mutex_unlock(&idev->lock);
	return err;
}

static int put_address(struct sk_buff *msg, int attr, const union ipvti_addr *addr, u16 family)
{
	if (family == AF_UNSPEC)
		return 0;
	return nla_put(msg, attr, family == AF_INET ? sizeof(addr->v4) : sizeof(addr->v6), addr);
}

static int put_settings(struct sk_buff *msg, const struct ipvti_config *config)
{
	const struct setting *setting;
	unsigned int i;

	if (put_address(msg, IPVTI_A_DEV_LOCAL, &config->local, config->local_family) ||
	    put_address(msg, IPVTI_A_DEV_REMOTE, &config->remote, config->family) ||
	    nla_put_u16(msg, IPVTI_A_DEV_SPORT, ntohs(config->sport)) ||
	    nla_put_u16(msg, IPVTI_A_DEV_DPORT, ntohs(config->dport)))
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		setting = &settings[i];
		if (setting->attr == IPVTI_A_DEV_SPORT || setting->attr == IPVTI_A_DEV_DPORT)
			continue;
		if (nla_put(msg, setting->attr, setting->size,
			    (const void *)config + setting->offset))
			return -EMSGSIZE;
	}
	return 0;
}

static int put_age(struct sk_buff *msg, int attr, unsigned long stamp)
{
	if (!stamp)
		return 0;
	return nla_put_u64_64bit(msg, attr, jiffies_to_msecs(jiffies - stamp), IPVTI_A_DEV_PAD);
}

static bool is_spilling(const struct ipvti_dev *idev)
{
	unsigned long last = READ_ONCE(idev->spill_jiffies);

	return last && time_before(jiffies, last + SPILL_TIME);
}

static int put_state(struct sk_buff *msg, const struct ipvti_dev *idev)
{
	const struct net_device *dev = idev->dev;
	u32 path_mtu = ipvti_mtu_path(idev);
	u64 age;

	age = div_u64(ktime_get_boottime_ns() - READ_ONCE(idev->carrier_ns), NSEC_PER_MSEC);
	if (nla_put_u32(msg, IPVTI_A_DEV_MTU, READ_ONCE(dev->mtu)) ||
	    (path_mtu && nla_put_u32(msg, IPVTI_A_DEV_PATH_MTU, path_mtu)) ||
	    nla_put_u8(msg, IPVTI_A_DEV_CARRIER, netif_carrier_ok(dev)) ||
	    nla_put_u8(msg, IPVTI_A_DEV_SUSPECT, test_bit(IPVTI_DEV_F_SUSPECT, &idev->flags)) ||
	    nla_put_u64_64bit(msg, IPVTI_A_DEV_CARRIER_AGE, age, IPVTI_A_DEV_PAD) ||
	    put_age(msg, IPVTI_A_DEV_RX_AGE, READ_ONCE(idev->rx_jiffies)) ||
	    put_age(msg, IPVTI_A_DEV_TX_AGE, READ_ONCE(idev->tx_jiffies)) ||
	    nla_put_u32(msg, IPVTI_A_DEV_SAS_IN, READ_ONCE(idev->sas_in)) ||
	    nla_put_u32(msg, IPVTI_A_DEV_SAS_OUT, READ_ONCE(idev->sas_out)) ||
	    nla_put_u8(msg, IPVTI_A_DEV_SPILLING, is_spilling(idev)) ||
	    nla_put_u64_64bit(msg, IPVTI_A_DEV_SPILLED, ipvti_stats_spilled(idev->stats),
			      IPVTI_A_DEV_PAD) ||
	    (!net_eq(dev_net(dev), READ_ONCE(idev->net)) &&
	     nla_put_flag(msg, IPVTI_A_DEV_FOREIGN)))
		return -EMSGSIZE;
	return 0;
}

/**
 * ipvti_device_put() - write settings and state of a device into a message
 * @msg: message, inside the nest IPVTI_A_DEVICE
 * @idev: device
 *
 * Context: RCU read lock held.
 * Return: 0 or -EMSGSIZE.
 */
int ipvti_device_put(struct sk_buff *msg, const struct ipvti_dev *idev)
{
	return put_settings(msg, rcu_dereference(idev->config)) || put_state(msg, idev) ?
		-EMSGSIZE : 0;
}

/* ---- carrier and MTU ---- */

static void set_carrier(struct ipvti_dev *idev, bool carrier)
{
	struct net_device *dev = idev->dev;

	if (carrier == netif_carrier_ok(dev))
		return;
	WRITE_ONCE(idev->carrier_ns, ktime_get_boottime_ns());
	if (carrier)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
	ipvti_event_device(idev, IPVTI_EVENT_CARRIER);
}

/**
 * ipvti_device_update() - draw the consequences of a change of SAs, peer or suspicion
 * @idev: device
 *
 * Carrier is on exactly while there is a peer, an inbound SA that receives, an outbound SA that
 * sends, and no suspicion. Admin state is not ours.
 *
 * Context: device lock held.
 */
void ipvti_device_update(struct ipvti_dev *idev)
{
	const struct ipvti_config *config = config_locked(idev);
	u32 in = 0, out = 0;
	struct ipvti_sa *sa;

	list_for_each_entry(sa, &idev->sas, list) {
		in += ipvti_sa_state(sa) == IPVTI_SA_STATE_LIVE;
		out += ipvti_sa_state(sa) == IPVTI_SA_STATE_CURRENT;
	}
	if (in && !idev->sas_in)
		quiet_restart(idev, config);
	WRITE_ONCE(idev->sas_in, in);
	WRITE_ONCE(idev->sas_out, out);
	set_carrier(idev, !idev->dead && config->family != AF_UNSPEC && in && out &&
		    !test_bit(IPVTI_DEV_F_SUSPECT, &idev->flags));

	if (idev->dead)
		return;
	if (in && config->quiet_ms && !test_bit(IPVTI_DEV_F_QUIET, &idev->flags) &&
	    !delayed_work_pending(&idev->quiet_work))
		device_arm(idev, &idev->quiet_work, 0);
	if (out && config->keepalive_s && !delayed_work_pending(&idev->keepalive_work))
		device_arm(idev, &idev->keepalive_work, 0);
}

/**
 * ipvti_device_update_mtu() - let the device's MTU follow what it depends on
 * @idev: device
 *
 * Context: RTNL held, device lock not.
 */
void ipvti_device_update_mtu(struct ipvti_dev *idev)
{
	struct net_device *dev = idev->dev;
	u32 mtu = 0;

	ASSERT_RTNL();
	mutex_lock(&idev->lock);
	if (!idev->dead)
		mtu = config_locked(idev)->mtu_fixed ?: ipvti_mtu_device(idev);
	mutex_unlock(&idev->lock);
	mtu = min(mtu, dev->max_mtu);
	if (!mtu || mtu == dev->mtu || dev->reg_state != NETREG_REGISTERED)
		return;
	idev->mtu_own = true;
	dev_set_mtu(dev, mtu);
	idev->mtu_own = false;
}

/**
 * ipvti_device_changed() - something that carrier or MTU depend on has changed
 * @idev: device
 *
 * Context: any; the caller is in an RCU section or has a reference.
 */
void ipvti_device_changed(struct ipvti_dev *idev)
{
	dev_hold(idev->dev);
	if (!queue_work(ipvti_wq, &idev->changed_work))
		dev_put(idev->dev);
}

static void follow_peer(struct ipvti_dev *idev)
{
	struct ipvti_config *config;

	if (!test_and_clear_bit(IPVTI_DEV_F_ROAMED, &idev->flags))
		return;
	config = config_copy(idev);
	if (!config)
		return;		/* the next packet says so again */
	spin_lock_bh(&idev->roam_lock);
	config->remote = idev->roam_addr;
	config->family = idev->roam_family;
	if (config->encap == IPVTI_ENCAP_UDP)
		config->dport = idev->roam_port;
	spin_unlock_bh(&idev->roam_lock);
	if (config->local_family && config->local_family != config->family) {
		kfree(config);	/* local was set meanwhile */
		return;
	}
	config_publish(idev, config);
	WRITE_ONCE(idev->path_mtu, 0);
	ipvti_event_device(idev, IPVTI_EVENT_PEER);
}

static void changed_work(struct work_struct *work)
{
	struct ipvti_dev *idev = container_of(work, struct ipvti_dev, changed_work);

	/* Without RTNL, which others may hold for long: a peer that is back has carrier at once. */
	mutex_lock(&idev->lock);
	if (!idev->dead)
		follow_peer(idev);
	ipvti_device_update(idev);
	mutex_unlock(&idev->lock);

	rtnl_lock();
	ipvti_device_update_mtu(idev);
	rtnl_unlock();
	dev_put(idev->dev);
}

/**
 * ipvti_device_suspect() - set or clear suspicion that the peer is gone
 * @idev: device
 * @suspect: new state
 *
 * The SAs stay and receive; any packet that authenticates clears it.
 *
 * Context: process.
 * Return: 0 or -ENODEV.
 */
int ipvti_device_suspect(struct ipvti_dev *idev, bool suspect)
{
	int err = 0;

	mutex_lock(&idev->lock);
	if (idev->dead)
		err = -ENODEV;
	else if (suspect)
		set_bit(IPVTI_DEV_F_SUSPECT, &idev->flags);
	else
		clear_bit(IPVTI_DEV_F_SUSPECT, &idev->flags);
	ipvti_device_update(idev);
	mutex_unlock(&idev->lock);
	return err;
}

/* ---- what packets tell ---- */

/**
 * ipvti_device_heard() - a packet from the peer has authenticated
 * @idev: device
 *
 * Context: softirq, RCU read lock held.
 */
void ipvti_device_heard(struct ipvti_dev *idev)
{
	unsigned long now = jiffies ?: 1;
	bool news;

	if (READ_ONCE(idev->rx_jiffies) != now)
		WRITE_ONCE(idev->rx_jiffies, now);
	if (likely(!(READ_ONCE(idev->flags) &
		     (BIT(IPVTI_DEV_F_QUIET) | BIT(IPVTI_DEV_F_UNHEARD) |
		      BIT(IPVTI_DEV_F_SUSPECT)))))
		return;
	news = test_and_clear_bit(IPVTI_DEV_F_QUIET, &idev->flags);
	news |= test_and_clear_bit(IPVTI_DEV_F_UNHEARD, &idev->flags);
	news |= test_and_clear_bit(IPVTI_DEV_F_SUSPECT, &idev->flags);
	if (!news)
		return;
	ipvti_event_device(idev, IPVTI_EVENT_HEARD);
	ipvti_device_changed(idev);
}

static bool addr_equal(const union ipvti_addr *a, const union ipvti_addr *b, u16 family)
{
	return family == AF_INET ? a->v4 == b->v4 : ipv6_addr_equal(&a->v6, &b->v6);
}

/**
 * ipvti_device_roamed() - tell where a packet has authenticated from
 * @idev: device
 * @addr: outer source address
 * @family: of @addr
 * @port: UDP source port; 0 without UDP
 *
 * Context: softirq, RCU read lock held. Changes nothing unless the settings let it.
 */
void ipvti_device_roamed(struct ipvti_dev *idev, const union ipvti_addr *addr, u16 family,
			 __be16 port)
{
	const struct ipvti_config *config = rcu_dereference(idev->config);
	bool moved = family != config->family || !addr_equal(addr, &config->remote, family);

	if (config->roam == IPVTI_ROAM_OFF || (moved && config->roam == IPVTI_ROAM_PORT))
		return;
	if (!moved && (config->encap != IPVTI_ENCAP_UDP || port == config->dport))
		return;
	if (config->local_family && config->local_family != family)
		return;
	/* As check_lower() has it: we could not send there. */
	if (family == AF_INET6 && !config->lower &&
	    __ipv6_addr_needs_scope_id(ipv6_addr_type(&addr->v6)))
		return;

	spin_lock_bh(&idev->roam_lock);
	idev->roam_addr = *addr;
	idev->roam_family = family;
	idev->roam_port = port;
	spin_unlock_bh(&idev->roam_lock);
	if (!test_and_set_bit(IPVTI_DEV_F_ROAMED, &idev->flags))
		ipvti_device_changed(idev);
}

/**
 * ipvti_device_auth_failed() - count a packet that failed authentication, tell of a burst
 * @idev: device
 *
 * Context: softirq, RCU read lock held. Races between CPUs cost a count or an early event.
 */
void ipvti_device_auth_failed(struct ipvti_dev *idev)
{
	unsigned long now = jiffies;

	if (time_after(now, READ_ONCE(idev->auth_start) + AUTH_WINDOW)) {
		WRITE_ONCE(idev->auth_start, now);
		atomic_set(&idev->auth_failures, 0);
	}
	if (atomic_inc_return(&idev->auth_failures) != AUTH_BURST ||
	    time_before(now, READ_ONCE(idev->auth_last) + AUTH_PAUSE))
		return;
	WRITE_ONCE(idev->auth_last, now);
	ipvti_event_device(idev, IPVTI_EVENT_AUTH_FAILURES);
}

/* ---- the clock: packets only leave stamps, so that they never touch a timer ---- */

static void quiet_work(struct work_struct *work)
{
	struct ipvti_dev *idev = container_of(to_delayed_work(work), struct ipvti_dev, quiet_work);
	unsigned long since, heard, limit;

	mutex_lock(&idev->lock);
	limit = msecs_to_jiffies(config_locked(idev)->quiet_ms);
	if (idev->dead || !limit || !idev->sas_in)
		goto out;
	since = idev->quiet_since;
	heard = READ_ONCE(idev->rx_jiffies);
	if (heard && time_after(heard, since))
		since = heard;
	if (time_before(jiffies, since + limit))
		device_arm(idev, &idev->quiet_work, since + limit - jiffies);
	else if (!test_and_set_bit(IPVTI_DEV_F_QUIET, &idev->flags))
		ipvti_event_device(idev, IPVTI_EVENT_QUIET);
out:
	mutex_unlock(&idev->lock);
	dev_put(idev->dev);
}

static void keepalive_work(struct work_struct *work)
{
	struct ipvti_dev *idev = container_of(to_delayed_work(work), struct ipvti_dev,
					      keepalive_work);
	const struct ipvti_config *config;
	unsigned long sent, limit, next;

	mutex_lock(&idev->lock);
	config = config_locked(idev);
	limit = config->keepalive_s * HZ;
	next = limit;
	if (idev->dead || !limit || !idev->sas_out || config->encap != IPVTI_ENCAP_UDP ||
	    config->family == AF_UNSPEC)
		goto out;
	sent = READ_ONCE(idev->tx_jiffies);
	if (sent && time_before(jiffies, sent + limit))
		next = sent + limit - jiffies;
	else
		ipvti_output_keepalive(idev);
	device_arm(idev, &idev->keepalive_work, next);
out:
	mutex_unlock(&idev->lock);
	dev_put(idev->dev);
}

/* ---- net device ---- */

static int device_init(struct net_device *dev)
{
	struct ipvti_dev *idev = netdev_priv(dev);
	struct ipvti_net *in = ipvti_net(idev->net);
	struct ipvti_config *config;
	int err = -ENOMEM;

	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	config->ttl = TTL_DEFAULT;
	config->dscp = IPVTI_DSCP_INHERIT;
	config->mtu_fixed = idev->mtu_given;
	RCU_INIT_POINTER(idev->config, config);

	idev->stats = ipvti_stats_alloc();
	if (!idev->stats)
		goto err_config;
	err = gro_cells_init(&idev->gro_cells, dev);
	if (err)
		goto err_stats;
	err = dst_cache_init(&idev->dst_cache, GFP_KERNEL);
	if (err)
		goto err_cells;
	idev->id = ++in->next_id;
	err = xa_reserve(&in->ids, idev->id, GFP_KERNEL);
	if (err)
		goto err_routes;

	mutex_lock(&idev->lock);
	if (!config->mtu_fixed)
		dev->mtu = ipvti_mtu_device(idev);
	mutex_unlock(&idev->lock);
	return 0;

err_routes:
	dst_cache_destroy(&idev->dst_cache);
err_cells:
	gro_cells_destroy(&idev->gro_cells);
err_stats:
	free_percpu(idev->stats);
err_config:
	kfree(config);
	return err;
}

/* Device lock. From here on it takes no SA; those it has go when their last packet is through. */
static void device_kill(struct ipvti_dev *idev)
{
	idev->dead = true;
	ipvti_sa_flush(idev);
	ipvti_device_update(idev);
}

static void device_uninit(struct net_device *dev)
{
	struct ipvti_dev *idev = netdev_priv(dev);
	struct net *net = idev->net;

	mutex_lock(&idev->lock);
	device_kill(idev);
	mutex_unlock(&idev->lock);

	/* 1. nobody finds it any more */
	if (!list_empty(&idev->list)) {
		ipvti_event_device(idev, IPVTI_EVENT_DEVICE);
		list_del_init(&idev->list);
	}
	if (net) {
		xa_erase(&ipvti_net(net)->ids, idev->id);
		ipvti_socket_prune(ipvti_net(net));
	}
	/* 2. nothing runs by the clock; what runs now sees that it is dead, and holds the device */
	if (cancel_work(&idev->changed_work))
		dev_put(dev);
	if (cancel_delayed_work(&idev->quiet_work))
		dev_put(dev);
	if (cancel_delayed_work(&idev->keepalive_work))
		dev_put(dev);
	/* 3. what is still in crypto may outlive the namespace of creation, which forgets it now */
	WRITE_ONCE(idev->net, NULL);
	dst_cache_reset_now(&idev->dst_cache);
}

/* After the last reference: no packet, SA or work has it. */
static void device_free(struct net_device *dev)
{
	struct ipvti_dev *idev = netdev_priv(dev);

	gro_cells_destroy(&idev->gro_cells);
	dst_cache_destroy(&idev->dst_cache);
	ipvti_secpath_close(idev);
	free_percpu(idev->stats);
	kfree(rcu_access_pointer(idev->config));
	mutex_destroy(&idev->lock);
}

static int device_open(struct net_device *dev)
{
	return ipvti_egress_open(netdev_priv(dev));
}

static int device_stop(struct net_device *dev)
{
	ipvti_egress_stop(netdev_priv(dev));
	return 0;
}

/* RTNL. What the user sets is fixed; what we set follows cipher, encapsulation and link. */
static int device_change_mtu(struct net_device *dev, int mtu)
{
	struct ipvti_dev *idev = netdev_priv(dev);
	struct ipvti_config *config;

	if (!idev->mtu_own) {
		mutex_lock(&idev->lock);
		config = config_copy(idev);
		if (config) {
			config->mtu_fixed = mtu;
			config_publish(idev, config);
		}
		mutex_unlock(&idev->lock);
		if (!config)
			return -ENOMEM;
	}
	WRITE_ONCE(dev->mtu, mtu);
	return 0;
}

/* Differs from our own index, so that linkwatch does not sit on carrier changes for a second. */
static int device_get_iflink(const struct net_device *dev)
{
	const struct ipvti_dev *idev = netdev_priv(dev);
	int lower;

	rcu_read_lock();
	lower = rcu_dereference(idev->config)->lower;
	rcu_read_unlock();
	return lower;
}

static const struct net_device_ops ipvti_netdev_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = ipvti_send,
	.ndo_change_mtu = device_change_mtu,
	.ndo_get_iflink = device_get_iflink,
	.ndo_get_stats64 = ipvti_stats_device,
};

static const struct ethtool_ops ipvti_ethtool_ops = {
	.get_link = ethtool_op_get_link,
};

#define DEVICE_FEATURES (NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | NETIF_F_HW_CSUM | \
			 NETIF_F_RXCSUM | NETIF_F_GSO_SOFTWARE)

static void link_setup(struct net_device *dev)
{
	struct ipvti_dev *idev = netdev_priv(dev);

	dev->netdev_ops = &ipvti_netdev_ops;
	dev->ethtool_ops = &ipvti_ethtool_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->priv_destructor = device_free;
	dev->needs_free_netdev = true;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->needed_headroom = HEADROOM;
	dev->needed_tailroom = IPVTI_ESP_TAIL_MAX;
	dev->mtu = IPVTI_MTU_MIN;
	dev->min_mtu = IPVTI_MTU_MIN;
	dev->max_mtu = MTU_MAX;
	dev->features |= DEVICE_FEATURES | NETIF_F_VLAN_CHALLENGED;
	dev->hw_features |= DEVICE_FEATURES;
	dev->hw_enc_features |= DEVICE_FEATURES;
	ipvti_compat_set_lltx(dev);
	/* ICMP answers to local senders need the route they came by. */
	netif_keep_dst(dev);
	netif_carrier_off(dev);

	idev->dev = dev;
	mutex_init(&idev->lock);
	spin_lock_init(&idev->roam_lock);
	INIT_LIST_HEAD(&idev->sas);
	INIT_LIST_HEAD(&idev->list);
	INIT_WORK(&idev->changed_work, changed_work);
	INIT_DELAYED_WORK(&idev->quiet_work, quiet_work);
	INIT_DELAYED_WORK(&idev->keepalive_work, keepalive_work);
	idev->carrier_ns = ktime_get_boottime_ns();
	idev->acquire_last = jiffies - HZ;
	idev->auth_start = jiffies;
	idev->auth_last = jiffies - AUTH_PAUSE;
}

/* @link_net, where the caller is or what he named, keeps the outer side for good. */
static int link_new(struct net *link_net, struct net_device *dev, struct nlattr *tb[],
		    struct netlink_ext_ack *extack)
{
	struct ipvti_dev *idev = netdev_priv(dev);
	struct ipvti_net *in = ipvti_net(link_net);
	int err;

	idev->net = link_net;
	idev->mtu_given = tb[IFLA_MTU] ? dev->mtu : 0;
	err = register_netdevice(dev);
	if (err)
		return err;
	list_add_tail(&idev->list, &in->devices);
	xa_store(&in->ids, idev->id, idev, GFP_KERNEL);	/* reserved: cannot fail */
	return 0;
}

IPVTI_COMPAT_NEWLINK(link_new)

static struct net *link_get_net(const struct net_device *dev)
{
	const struct ipvti_dev *idev = netdev_priv(dev);

	return READ_ONCE(idev->net) ?: dev_net(dev);
}

static struct rtnl_link_ops ipvti_link_ops = {
	.kind = IPVTI_LINK_KIND,
	.priv_size = sizeof(struct ipvti_dev),
	.setup = link_setup,
	.newlink = link_new_compat,
	.get_link_net = link_get_net,
};

/**
 * ipvti_is_device() - is this one of ours?
 * @dev: any net device
 */
bool ipvti_is_device(const struct net_device *dev)
{
	return dev->netdev_ops == &ipvti_netdev_ops;
}

/**
 * ipvti_device_find() - find a device by its id
 * @net: namespace of creation
 * @id: id
 *
 * Context: RCU read lock or RTNL held, which keeps it.
 */
struct ipvti_dev *ipvti_device_find(struct net *net, u64 id)
{
	return id == (unsigned long)id ? xa_load(&ipvti_net(net)->ids, id) : NULL;
}

/**
 * ipvti_device_next() - walk over the devices created in a namespace
 * @net: namespace of creation
 * @id: the first one to consider; set to that of the result
 *
 * Context: RCU read lock held.
 */
struct ipvti_dev *ipvti_device_next(struct net *net, u64 *id)
{
	struct ipvti_dev *idev;
	unsigned long index = *id;

	idev = xa_find(&ipvti_net(net)->ids, &index, ULONG_MAX, XA_PRESENT);
	if (idev)
		*id = index;
	return idev;
}

/* ---- namespaces and other devices ---- */

/* RTNL. XFRM has no say on packets that are routed here; no address comes of its own accord. */
static void set_sysctls(struct net_device *dev)
{
	struct in_device *in4 = __in_dev_get_rtnl(dev);
	struct inet6_dev *in6 = __in6_dev_get(dev);

	if (in4) {
		IN_DEV_CONF_SET(in4, NOXFRM, 1);
		IN_DEV_CONF_SET(in4, NOPOLICY, 1);
		IN_DEV_CONF_SET(in4, SEND_REDIRECTS, 0);
	}
	if (in6) {
		in6->cnf.disable_policy = 1;
		in6->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	}
}

static void own_device_event(struct net_device *dev, unsigned long event)
{
	struct ipvti_dev *idev = netdev_priv(dev);

	if (event == NETDEV_REGISTER)	/* also after a move */
		set_sysctls(dev);
	if ((event == NETDEV_REGISTER || event == NETDEV_CHANGENAME) && !list_empty(&idev->list))
		ipvti_event_device(idev, IPVTI_EVENT_DEVICE);
}

/*
 * Routes may lead through any device: only its MTU matters unless it is named as the lower one, or
 * is part of a VRF that is. One of ours matters only to those whose packets it carried last: when
 * thousands get their keys, and their MTU with them, all of them would look at their routes for
 * each.
 */
static bool matters(const struct ipvti_dev *idev, struct net_device *dev, unsigned long event)
{
	int lower = rtnl_dereference(idev->config)->lower;

	if (lower)
		return lower == dev->ifindex || lower == l3mdev_master_ifindex(dev);
	return event == NETDEV_CHANGEMTU &&
	       (!ipvti_is_device(dev) || READ_ONCE(idev->via) == dev->ifindex);
}

static void lower_device_event(struct net_device *dev, unsigned long event)
{
	struct ipvti_dev *idev;

	if (event != NETDEV_CHANGEMTU && event != NETDEV_UP && event != NETDEV_REGISTER)
		return;
	list_for_each_entry(idev, &ipvti_net(dev_net(dev))->devices, list)
		if (matters(idev, dev, event))
			ipvti_device_changed(idev);
}

static int netdevice_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (ipvti_is_device(dev))
		own_device_event(dev, event);
	lower_device_event(dev, event);
	return NOTIFY_DONE;
}

/* After those of IPv4 and IPv6, which make the sysctls of a device. */
static struct notifier_block netdevice_notifier = {
	.notifier_call = netdevice_event,
	.priority = -10,
};

static int __net_init net_init(struct net *net)
{
	struct ipvti_net *in = ipvti_net(net);
	int err;

	in->net = net;
	in->stats = ipvti_stats_alloc();
	if (!in->stats)
		return -ENOMEM;
	INIT_LIST_HEAD(&in->devices);
	INIT_LIST_HEAD(&in->sockets);
	mutex_init(&in->sockets_lock);
	xa_init(&in->ids);
	err = ipvti_output_net_init(in);
	if (err)
		goto err_stats;
	ipvti_events_net_init(in);
	return 0;

err_stats:
	xa_destroy(&in->ids);
	mutex_destroy(&in->sockets_lock);
	free_percpu(in->stats);
	return err;
}

/*
 * Devices created here may live elsewhere: their outer side ends now. After the grace period that
 * all namespaces which go share, no packet uses @idev->net any more.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct ipvti_net *in = ipvti_net(net);
	struct ipvti_dev *idev;

	rtnl_lock();
	in->dead = true;
	list_for_each_entry(idev, &in->devices, list) {
		mutex_lock(&idev->lock);
		device_kill(idev);
		xa_erase(&in->ids, idev->id);
		WRITE_ONCE(idev->net, NULL);
		mutex_unlock(&idev->lock);
	}
	rtnl_unlock();
	ipvti_socket_net_exit(in);
}

/* Routes of the namespace must not outlive it. No packet looks at them any more. */
static void __net_exit net_exit_routes(struct net *net)
{
	struct ipvti_net *in = ipvti_net(net);
	struct ipvti_dev *idev, *next;

	rtnl_lock();
	list_for_each_entry_safe(idev, next, &in->devices, list) {
		dst_cache_reset_now(&idev->dst_cache);
		list_del_init(&idev->list);
	}
	rtnl_unlock();
}

static void __net_exit net_exit(struct net *net)
{
	struct ipvti_net *in = ipvti_net(net);

	ipvti_events_net_exit(in);
	ipvti_output_net_exit(in);
	xa_destroy(&in->ids);
	mutex_destroy(&in->sockets_lock);
	free_percpu(in->stats);
}

/* A subsystem exits after the devices of the namespace are gone, a device before. */
static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &ipvti_net_id,
	.size = sizeof(struct ipvti_net),
};

static struct pernet_operations routes_ops = {
	.exit = net_exit_routes,
};

int ipvti_device_init(void)
{
	int err;

	err = register_pernet_subsys(&net_ops);
	if (err)
		return err;
	err = register_pernet_device(&routes_ops);
	if (err)
		goto err_subsys;
	err = register_netdevice_notifier(&netdevice_notifier);
	if (err)
		goto err_routes;
	return 0;

err_routes:
	unregister_pernet_device(&routes_ops);
err_subsys:
	unregister_pernet_subsys(&net_ops);
	return err;
}

void ipvti_device_exit(void)
{
	unregister_netdevice_notifier(&netdevice_notifier);
	unregister_pernet_device(&routes_ops);
	unregister_pernet_subsys(&net_ops);
}

int ipvti_link_init(void)
{
	return rtnl_link_register(&ipvti_link_ops);
}

void ipvti_link_exit(void)
{
	rtnl_link_unregister(&ipvti_link_ops);
}
