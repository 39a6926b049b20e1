/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ipvti - objects of the module and what each file offers the others.
 *
 * The way of a packet, and where to look:
 *
 *   stack -> device.c (ndo_start_xmit) -> send.c -> selectors.c, segment.c, esp.c,
 *      (pipe.c: on another CPU) -> crypto.c -> queue.c -> output.c -> the wire
 *   the wire -> transport.c, sockets.c, bulk.c -> receive.c -> replay.c, (pipe.c) -> crypto.c,
 *      queue.c -> selectors.c -> GRO -> stack
 *
 * Locks, outermost first: RTNL; ipvti_dev.lock (configuration and SA lists of one device);
 * the SPI table's own. Readers of the packet path take none: they are in RCU (bh) sections.
 * Hard expiry in softirq only flips the state of an SA; work wipes and frees.
 */
#ifndef _IPVTI_H
#define _IPVTI_H

#include <crypto/aead.h>
#include <linux/in6.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/dst_cache.h>
#include <net/gro_cells.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "compat.h"
#include "drops.h"
#include "esp.h"
#include "replay.h"
#include "../uapi/linux/ipvti.h"	/* IWYU: the contract */

/* An outer address; the family stands beside it in struct ipvti_config. */
union ipvti_addr {
	__be32 v4;
	struct in6_addr v6;
};

/**
 * struct ipvti_config - settings of a device, replaced as a whole
 *
 * Published with RCU in &ipvti_dev.config, never changed after that; written under
 * &ipvti_dev.lock. What the packet path learns by itself (a peer that moved) is also a new one.
 */
struct ipvti_config {
	struct rcu_head rcu;
	u16 family;			/* of remote; AF_UNSPEC: no peer yet */
	u16 local_family;		/* that of local, set before remote; AF_UNSPEC: any */
	union ipvti_addr local;		/* any: chosen by route */
	union ipvti_addr remote;
	u8 encap;			/* enum ipvti_encap */
	__be16 sport, dport;		/* UDP encapsulation */
	int lower;			/* ifindex, 0 any */
	u32 fwmark;
	u8 ttl;				/* 0 inherit */
	u8 dscp;			/* IPVTI_DSCP_INHERIT */
	u8 df, parallel, roam, inner_checksum;
	bool secpath;
	u16 tfc;			/* pad inner packets to this length, if it fits; 0 off */
	u32 mtu_fixed;			/* 0 automatic */
	u32 quiet_ms, keepalive_s;
	u8 tag[IPVTI_TAG_LEN];
};

/* Counters of one CPU, of a device or of an SA. Written with bh off on that CPU. */
struct ipvti_pcpu_stats {
	u64_stats_t packets[2];		/* [0] received, [1] sent; an SA: its own direction */
	u64_stats_t bytes[2];		/* of inner packets */
	u64_stats_t drops[__IPVTI_DROP_COUNT];
	u64_stats_t spilled;		/* packets that went to another CPU for crypto */
	struct u64_stats_sync sync;
};

/* The sum over CPUs. */
struct ipvti_stats {
	u64 packets[2], bytes[2];
	u64 drops[__IPVTI_DROP_COUNT];
	u64 spilled;
};

/* How much of a CPU the crypto of one SA takes: load.c. CPUs race for it, which costs precision. */
struct ipvti_load {
	u32 start;			/* of the window, ipvti_load_clock() */
	u32 busy;			/* ns in it */
	u32 packets;			/* in it */
	int cpu;			/* whose time it is, unless @spilling */
	u8 calm;			/* windows, if @spilling */
	bool spilling;
};

/* Traffic selector of an SA in compiled form: masks applied, ports in host order. */
struct ipvti_ts {
	u8 family, proto;		/* proto 0: any */
	u8 src_len, dst_len;		/* prefix lengths */
	union ipvti_addr src, dst;
	u16 sport_min, sport_max, dport_min, dport_max;
};

struct ipvti_limits {
	u64 packets, bytes;		/* U64_MAX: none */
	u32 seconds, idle;		/* 0: none */
};

/**
 * struct ipvti_sa - one security association, RFC 4301 section 4.4.2.1
 *
 * Found through the SPI table (inbound) or &ipvti_dev.out (outbound) inside an RCU section, which
 * keeps it, its keys and @dev in place. Whoever leaves the section with it (async crypto, queues)
 * holds @refs, which keeps the same. An SA that is expired or deleted gives back the reference it
 * was born with; after the last one and a grace period work wipes its keys. The object itself, and
 * its reference on the net device, lives until it is unlinked too (@handles), so that an expired
 * SA can be shown and its packets named.
 */
struct ipvti_sa {
	/* read-mostly on the packet path */
	u32 spi;
	u8 dir;				/* enum ipvti_sa_dir */
	bool esn, limited;
	u8 activate;			/* enum ipvti_activate */
	u32 state;			/* enum ipvti_sa_state; EXPIRED is final */
	struct ipvti_dev *dev;
	const struct ipvti_alg *alg;
	struct crypto_aead *aead;
	bool async;			/* crypto may outlive the RCU section: take @refs */
	u64 iv_mask;			/* counter modes: the IV is the sequence number XOR this */
	u16 ts_count;
	struct ipvti_ts *ts;		/* none: any */
	struct ipvti_limits soft, hard;
	struct ipvti_pcpu_stats __percpu *stats;

	/* written per batch */
	atomic64_t seq;			/* outbound: last number handed out */
	spinlock_t replay_lock;		/* updates of @replay, taken with bh off */
	struct ipvti_replay replay;	/* inbound */
	struct ipvti_order *queue;	/* queue.c: restores sequence order */
	struct ipvti_load load;		/* parallel auto */
	atomic64_t limit_packets, limit_bytes;	/* usage against @soft and @hard, if @limited */
	unsigned long used;		/* jiffies of last use, WRITE_ONCE at most once a jiffy */
	unsigned long flags;		/* IPVTI_SA_F_* bits, atomic */

	/* control plane, under ipvti_dev.lock unless said otherwise */
	possible_net_t net;		/* key of the SPI table with @spi */
	struct rhash_head spi_node;
	struct list_head list;		/* ipvti_dev.sas, by @serial */
	u64 serial;			/* of the device: cursor of dumps */
	u64 order;			/* outbound: place in the match order, inherited */
	u32 pair, replaces, flow;
	u32 replaced;			/* the one it did take over from */
	bool retired;			/* the reference it was born with is given back */
	u64 installed_ns;		/* ktime_get_boottime_ns() */
	u8 tag[IPVTI_TAG_LEN];
	char *driver;			/* crypto driver, for show */
	struct delayed_work timer;	/* all that is not for softirq: see ipvti_sa_wake() */
	struct ipvti_hold *hold;	/* receive.c: waiting for the key of a reserved SPI */
	struct hlist_node mtu_node;	/* pmtu.c: outbound SAs by SPI */
	refcount_t refs;		/* users of the keys */
	refcount_t handles;		/* of the object: list and tables, keys, pending timer */
	netdevice_tracker dev_tracker;
	struct rcu_head rcu;
	struct rcu_work free_work;
};

/* State of an SA; what a state stands on was written before it (pairs with sa.c set_state()). */
static inline enum ipvti_sa_state ipvti_sa_state(const struct ipvti_sa *sa)
{
	/* Pairs with the cmpxchg in sa_set_state(): a state comes with all set up before it. */
	return smp_load_acquire(&sa->state);
}

enum {
	IPVTI_SA_F_SOFT_SENT,		/* soft event is out */
	IPVTI_SA_F_HARD,		/* hard limit reached, work is queued */
	IPVTI_SA_F_USED,		/* inbound: first-use event is out */
};

/* The current outbound SAs, in order of match; replaced as a whole (RCU). NULL stands for none. */
struct ipvti_out_set {
	struct rcu_head rcu;
	unsigned int count;
	struct ipvti_sa *sa[];
};

/**
 * struct ipvti_dev - private part of a net device of kind ipvti
 */
struct ipvti_dev {
	/* read-mostly on the packet path */
	struct net_device *dev;
	struct net *net;		/* of creation; NULL after it went: READ_ONCE, under RCU */
	struct ipvti_config __rcu *config;
	struct ipvti_out_set __rcu *out;
	struct ipvti_pcpu_stats __percpu *stats;
	struct gro_cells gro_cells;
	struct dst_cache dst_cache;
	u32 path_mtu;			/* outer, 0: as the link; pmtu.c, see ipvti_mtu_path() */
	unsigned long path_mtu_expires;	/* jiffies */
	unsigned long unreachable_jiffies;	/* an ICMP error said so; 0: none, or it was told */
	unsigned long rx_jiffies;	/* last authenticated packet, 0 never; WRITE_ONCE */
	unsigned long tx_jiffies;
	unsigned long spill_jiffies;	/* last packet to another CPU, 0 never; WRITE_ONCE */
	struct xfrm_state *secpath;	/* secpath.c: NULL until the setting is on; WRITE_ONCE */

	/* control plane */
	struct mutex lock;		/* config, sas, out, carrier decisions */
	bool dead;			/* it or its creation namespace goes: takes no SA */
	u64 next_serial;
	struct list_head sas;		/* ipvti_sa.list, both directions, reserved ones too */
	struct list_head list;		/* ipvti_net.devices, RTNL */
	u64 id;
	u32 sas_in, sas_out;		/* usable ones */
	u64 carrier_ns;			/* boottime of the last carrier change */
	struct nf_hook_ops egress;	/* egress.c, RTNL */
	struct work_struct changed_work;	/* a peer that moved, carrier, MTU */
	struct delayed_work quiet_work, keepalive_work;
	unsigned long quiet_since;	/* jiffies: quiet counts from here or from rx */
	unsigned long flags;		/* IPVTI_DEV_F_* bits, atomic */
	u32 mtu_given;			/* at creation; 0: none */
	bool mtu_own;			/* RTNL: the MTU change under way is not the user's */
	int via;			/* device of the outer route when the MTU was worked out */
	spinlock_t roam_lock;		/* the next three: where packets authenticate from */
	union ipvti_addr roam_addr;
	u16 roam_family;
	__be16 roam_port;
	/* rate limits of events, each only a jiffies stamp or a count */
	unsigned long acquire_last, auth_start, auth_last;
	atomic_t auth_failures;
};

enum {
	IPVTI_DEV_F_SUSPECT,		/* set by netlink, cleared by any authenticated packet */
	IPVTI_DEV_F_QUIET,		/* the event `quiet` is out */
	IPVTI_DEV_F_UNHEARD,		/* nothing came since the clock of `quiet` was started */
	IPVTI_DEV_F_ROAMED,		/* roam_* wait for changed_work */
};

/* Per namespace of creation. */
struct ipvti_net {
	struct net *net;
	struct list_head devices;	/* RTNL */
	struct xarray ids;		/* id -> struct ipvti_dev; readers RCU */
	u64 next_id;
	struct mutex sockets_lock;	/* sockets */
	struct list_head sockets;	/* sockets.c: adopted sockets and stand-ins */
	bool bulk;			/* bulk.c: hooks are there; sockets_lock */
	struct sock *ctl;		/* output.c: IPv4 output ignores the route's PMTU */
	atomic_t held_bytes;		/* packets held on reserved SPIs */
	struct ipvti_pcpu_stats __percpu *stats;	/* packets that found no device */
	struct delayed_work overrun_work;	/* events.c: tells that events were lost */
	bool dead;			/* RTNL */
};

extern unsigned int ipvti_net_id;

static inline struct ipvti_net *ipvti_net(const struct net *net)
{
	return net_generic(net, ipvti_net_id);
}

/* ---- algs.c: the algorithms ---- */
enum ipvti_iv_mode {
	IPVTI_IV_NONE,
	IPVTI_IV_COUNTER,		/* must not repeat: RFC 3686, 4106, 4309, 4543, 7634 */
	IPVTI_IV_RANDOM,		/* must not be predictable: RFC 3602 */
};

/**
 * struct ipvti_encr - an encryption transform or combined mode, one line of the table
 * @name: strongSwan proposal keyword
 * @crypto: crypto API name, of an AEAD if @sizes has an ICV, else of a cipher
 * @id: IKEv2 transform type 1 id, 0: none is assigned
 * @key_bits: IKEv2 key length attribute, 0: not sent
 * @key_len: bytes of key
 * @salt_len: bytes of salt or nonce behind it
 * @sizes: icv_len 0: needs an integrity transform
 * @iv_mode: enum ipvti_iv_mode
 * @status: enum ipvti_alg_status
 * @rfc: for ESP, 0: none
 */
struct ipvti_encr {
	const char *name, *crypto;
	u16 id, key_bits;
	u8 key_len, salt_len;
	struct ipvti_esp_sizes sizes;
	u8 iv_mode, status;
	u16 rfc;
};

/* An integrity transform, one line of the table; members as above. */
struct ipvti_integ {
	const char *name, *crypto;
	u16 id;				/* IKEv2 transform type 3 */
	u8 key_len, icv_len, status;
	u16 rfc;
};

/**
 * struct ipvti_alg - what an SA can use: a combined mode, or encryption with integrity
 * @encr: its line of the table
 * @integ: its line of the table, NULL: combined mode
 * @sizes: of the packet
 * @iv_mode: enum ipvti_iv_mode
 * @name: strongSwan proposal keyword
 *
 * Both are AEADs to the packet path.
 */
struct ipvti_alg {
	const struct ipvti_encr *encr;
	const struct ipvti_integ *integ;
	struct ipvti_esp_sizes sizes;
	u8 iv_mode;
	char name[28];
};

/* Bytes of key for the cipher, with salt. */
static inline unsigned int ipvti_alg_encr_key_len(const struct ipvti_alg *alg)
{
	return alg->encr->key_len + alg->encr->salt_len;
}

static inline unsigned int ipvti_alg_integ_key_len(const struct ipvti_alg *alg)
{
	return alg->integ ? alg->integ->key_len : 0;
}

/* Bytes in IPVTI_A_SA_KEY: for the cipher, then for integrity. */
static inline unsigned int ipvti_alg_key_len(const struct ipvti_alg *alg)
{
	return ipvti_alg_encr_key_len(alg) + ipvti_alg_integ_key_len(alg);
}

/* The worse one of its parts. */
static inline enum ipvti_alg_status ipvti_alg_status(const struct ipvti_alg *alg)
{
	return max(alg->encr->status, alg->integ ? alg->integ->status : (u8)IPVTI_ALG_MUST);
}

/* To be used only by those who say that they mean it. */
static inline bool ipvti_alg_legacy(const struct ipvti_alg *alg)
{
	return ipvti_alg_status(alg) >= IPVTI_ALG_SHOULD_NOT;
}

void ipvti_algs_init(void);		/* module init, first */
const struct ipvti_alg *ipvti_alg_find(const char *name);
const struct ipvti_alg *ipvti_alg_at(unsigned int index);	/* NULL past the end */
void ipvti_alg_crypto_name(const struct ipvti_alg *alg, bool esn, char *buf);
struct ipvti_drivers *ipvti_drivers_probe(void);	/* process context; kvfree() */
/* NULL: none */
const char *ipvti_driver_encr(const struct ipvti_drivers *drivers, const struct ipvti_alg *alg);
const char *ipvti_driver_integ(const struct ipvti_drivers *drivers, const struct ipvti_alg *alg);

/**
 * struct ipvti_batch - packets that keep their place among those of their SA
 *
 * Outbound: one packet of the stack, segmented. Inbound: one packet. Lives in the first
 * &struct ipvti_op that worked on it.
 */
struct ipvti_batch {
	struct list_head node;		/* in queue.c */
	struct list_head job;		/* in pipe.c */
	struct ipvti_sa *sa;
	struct sk_buff *head, **tail;	/* packets, linked by skb->next */
	struct dst_entry *dst;		/* outer route, only in the RCU section of its lookup */
	const struct ipvti_config *config;	/* settings it was looked up with, if @dst */
	union ipvti_addr saddr;		/* and the source address it gave */
	unsigned int packets;		/* places it takes in the order */
	atomic_t pending;		/* packets in crypto, and one for who submits them */
	bool ready;			/* under the lock of the queue */
	bool held;			/* has a reference on @sa */
	u8 depth;			/* tunnels inside each other so far */
	u16 pad_to;			/* outbound: TFC padding up to this length */
};

/* What is known of a packet besides its bytes. */
struct ipvti_cb {
	u64 seq;
	int err;			/* of crypto */
	u32 inner_len;			/* outbound */
	__be32 flowlabel;		/* outbound, of the outer header */
	u8 tos, ttl;			/* of the outer header; inbound: tos as received */
	bool df;			/* outbound */
	bool fragment;			/* outbound: does not fit, to be fragmented outside */
	u16 family;			/* inbound: where it came from */
	__be16 sport;			/* inbound: 0 without UDP */
	union ipvti_addr saddr;		/* inbound */
};

static inline struct ipvti_cb *ipvti_cb(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct ipvti_cb) > sizeof(skb->cb));
	return (struct ipvti_cb *)skb->cb;
}

/**
 * struct ipvti_op - one AEAD request and what it works on
 * @own: the batch, if this is its first operation; it lives as long as the batch then
 * @batch: batch of the packet
 * @skb: the packet, its ESP header at data; it belongs to the batch
 * @sg: the one linear buffer, worked on in place
 * @iv: for the cipher, which may overwrite it
 * @reusable: of the size that suits the next one too
 * @req: request, followed by the driver's context
 */
struct ipvti_op {
	struct ipvti_batch own;
	struct ipvti_batch *batch;
	struct sk_buff *skb;
	struct scatterlist sg;
	bool reusable;
	u8 iv[IPVTI_ESP_IV_MAX] __aligned(8);
	struct aead_request req;
};

/* ---- crypto.c ---- */
/* Sets aead and iv_mask; process context. */
int ipvti_crypto_init_sa(struct ipvti_sa *sa, const u8 *key, size_t len,
			 struct netlink_ext_ack *extack);
void ipvti_crypto_free_sa(struct ipvti_sa *sa);			/* process context */
bool ipvti_crypto_owned(const struct sk_buff *skb);
/* The next with bh off. */
struct ipvti_op *ipvti_op_alloc(struct ipvti_sa *sa);
void ipvti_op_free(struct ipvti_op *op);
void ipvti_crypto_iv(struct ipvti_sa *sa, u64 seq, u8 *iv);
int ipvti_crypto_seal(struct ipvti_op *op, struct sk_buff *skb);
int ipvti_crypto_open(struct ipvti_op *op, struct sk_buff *skb);
void ipvti_crypto_exit(void);			/* module exit */

/* ---- buffer.c: memory that packets are encrypted and decrypted in ---- */
struct sk_buff *ipvti_buffer(unsigned int head, unsigned int len, unsigned int tail); /* bh off */
void ipvti_buffer_exit(void);			/* module exit */

/* ---- queue.c: packets of one SA leave in the order of their numbers, or of their arrival ---- */
int ipvti_order_init(struct ipvti_sa *sa);
void ipvti_order_free(struct ipvti_sa *sa);
void ipvti_batch_init(struct ipvti_op *op, struct ipvti_sa *sa);
bool ipvti_batch_hold(struct ipvti_batch *batch);	/* RCU */
void ipvti_batch_free(struct ipvti_batch *batch);
void ipvti_batch_leave_route(struct ipvti_batch *batch);
int ipvti_order_reserve(struct ipvti_batch *batch, unsigned int n, u64 *first);
bool ipvti_order_room(const struct ipvti_sa *sa);
bool ipvti_order_idle(const struct ipvti_sa *sa);
void ipvti_order_enter(struct ipvti_batch *batch);
/* So many of its pending are done; bh off, RCU. */
void ipvti_batch_done(struct ipvti_batch *batch, unsigned int n);
bool ipvti_order_deliver(struct list_head *node);	/* by pipe.c */

/* ---- pipe.c: crypto on other CPUs; bh off ---- */
int ipvti_pipe_init(void);
void ipvti_pipe_exit(void);			/* module exit, after the last packet */
bool ipvti_pipe_wanted(const struct ipvti_sa *sa, const struct ipvti_config *config);
bool ipvti_pipe_push(struct ipvti_batch *batch);	/* RCU; false: do it yourself */
void ipvti_pipe_deliver(struct list_head *node, int cpu);	/* by queue.c */
/* Around crypto: how long it takes. */
u64 ipvti_pipe_begin(const struct ipvti_config *config);
void ipvti_pipe_end(struct ipvti_sa *sa, u64 begin, unsigned int packets);
u32 ipvti_load_clock(void);

/* ---- load.c: pure ---- */
void ipvti_load_add(struct ipvti_load *load, u32 now, u32 ns, unsigned int packets, int cpu);
bool ipvti_load_spilling(const struct ipvti_load *load, u32 now);

/* ---- segment.c: TCP and UDP super-packets, in one pass; bh off ---- */
struct sk_buff *ipvti_segment(struct sk_buff *skb, unsigned int head, unsigned int tail);

/* ---- send.c, egress.c ---- */
netdev_tx_t ipvti_send(struct sk_buff *skb, struct net_device *dev);	/* ndo_start_xmit */
void ipvti_send_seal(struct ipvti_batch *batch);	/* by pipe.c: it is prepared */
/* Whether copies of a packet are to be charged to its sender. */
bool ipvti_send_charges(const struct sk_buff *skb);
struct sk_buff *ipvti_send_prepare(struct ipvti_sa *sa, struct sk_buff *skb, unsigned int headroom,
				   unsigned int pad_to);
/* The hook that answers while carrier is off; RTNL. */
int ipvti_egress_open(struct ipvti_dev *idev);
void ipvti_egress_stop(struct ipvti_dev *idev);	/* RTNL */
void ipvti_send_unreachable(struct sk_buff *skb);	/* to its sender; bh off, RCU */

/*
 * Would an ICMP error to the sender of a packet find anybody? Not with the kernel's own sockets:
 * that of ICMP, which answers echo requests, is locked meanwhile, and would meet itself.
 */
static inline bool ipvti_has_listener(const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	return !sk || !sk_fullsock(sk) || !sk->sk_kern_sock;
}

void ipvti_refuse(struct ipvti_dev *idev, struct sk_buff *skb, enum ipvti_drop reason);

/* ---- receive.c ---- */
/* Inbound: ESP header at data; takes the packet. Softirq, RCU. @sport: 0 without UDP. */
void ipvti_receive(struct ipvti_sa *sa, struct sk_buff *skb, __be16 sport);
/* The same for a super-packet of so many bytes of ESP each, but for the last. */
void ipvti_receive_bulk(struct ipvti_sa *sa, struct sk_buff *skb, unsigned int size, __be16 sport);
void ipvti_receive_open(struct ipvti_batch *batch);	/* by pipe.c: it has its place */
void ipvti_deliver(struct ipvti_batch *batch);		/* by queue.c: decrypted, its turn */
/* Packets of a reserved SPI, replayed once the key is installed. */
int ipvti_hold_init(struct ipvti_sa *sa);
void ipvti_hold_drain(struct ipvti_sa *sa);	/* it has its key: process what waited, in order */
void ipvti_hold_release(struct ipvti_sa *sa);	/* the SA is live: and what came since */
void ipvti_hold_purge(struct ipvti_sa *sa, enum ipvti_drop reason);	/* and go on holding */
void ipvti_hold_close(struct ipvti_sa *sa);	/* the reservation goes; before the grace period */
void ipvti_hold_free(struct ipvti_sa *sa);	/* after it */

/* ---- secpath.c: decrypted packets that nft sees as such ---- */
int ipvti_secpath_open(struct ipvti_dev *idev);		/* device lock */
void ipvti_secpath_close(struct ipvti_dev *idev);	/* the device is freed */
bool ipvti_secpath_set(struct ipvti_dev *idev, struct sk_buff *skb);	/* softirq */

/* ---- transport.c ---- */
int ipvti_transport_init(void);			/* registers protocol handlers: module init */
void ipvti_transport_exit(void);
struct ipvti_sa *ipvti_transport_sa(const struct sk_buff *skb, __be32 spi);	/* softirq, RCU */

/* ---- output.c ---- */
int ipvti_output_net_init(struct ipvti_net *in);	/* pernet init */
void ipvti_output_net_exit(struct ipvti_net *in);	/* pernet exit */
int ipvti_output_route(struct ipvti_dev *idev, const struct ipvti_config *config, struct net *net,
		       struct dst_entry **dst, union ipvti_addr *saddr);	/* bh off, RCU */
unsigned int ipvti_output_overhead(const struct ipvti_config *config);
void ipvti_output_batch(struct ipvti_batch *batch);	/* by queue.c: encrypted, its turn */
unsigned int ipvti_output_depth(void);		/* tunnels this CPU is inside of; bh off */
void ipvti_output_keepalive(struct ipvti_dev *idev);	/* RFC 3948 section 2.3, process context */

/* ---- sockets.c: ESP in UDP on sockets of the namespace ---- */
/* Process context of the owner. */
int ipvti_socket_adopt(struct ipvti_net *in, int fd, const union ipvti_addr *local, u16 family,
		       __be16 port, struct netlink_ext_ack *extack);
int ipvti_socket_dump(struct ipvti_net *in, struct sk_buff *msg, struct netlink_callback *cb);
/* Close the stand-ins whose port no device uses: after one went or its settings changed. */
void ipvti_socket_prune(struct ipvti_net *in);	/* process, also under RTNL or a device lock */
void ipvti_socket_net_exit(struct ipvti_net *in);	/* namespace goes: close stand-ins */

/* ---- bulk.c: ESP in UDP super-packets; sockets_lock ---- */
void ipvti_bulk_open(struct ipvti_net *in);
void ipvti_bulk_close(struct ipvti_net *in);

/* ---- pmtu.c ---- */
/* Effective inner MTU from cipher, encapsulation, link and path; see docs. */
u32 ipvti_mtu_device(struct ipvti_dev *idev);	/* RTNL or dev lock; >= IPVTI_MTU_MIN */
u32 ipvti_mtu_path(const struct ipvti_dev *idev);	/* as learnt; 0: not below the link's */
u32 ipvti_mtu_outer(struct ipvti_dev *idev, const struct dst_entry *dst);	/* link and path */
u32 ipvti_mtu_inner(const struct ipvti_config *config, const struct ipvti_alg *alg, u32 outer);
/* An outbound SA that may send: ICMP errors may quote it. */
void ipvti_mtu_track(struct ipvti_sa *sa);
void ipvti_mtu_untrack(struct ipvti_sa *sa);	/* before its RCU grace period; idempotent */
/* Softirq: an ICMP error quotes this IP packet with this ESP header (two words). Is it ours? */
bool ipvti_path_error4(struct net *net, const struct iphdr *iph, const __be32 *esph, u8 type,
		       u8 code, u32 mtu);
bool ipvti_path_error6(struct net *net, const struct ipv6hdr *ip6h, const __be32 *esph, u8 type,
		       u8 code, u32 mtu);
bool ipvti_path_unreachable(struct ipvti_dev *idev);	/* once for each error; bh off */

/* ---- selectors.c (pure but for skb access) ---- */
int ipvti_ts_parse(struct ipvti_sa *sa, const struct nlattr *nest, struct netlink_ext_ack *extack);
/* The inner header is at data. */
bool ipvti_ts_match(const struct ipvti_sa *sa, const struct sk_buff *skb);
int ipvti_ts_dump(struct sk_buff *msg, const struct ipvti_sa *sa);
int ipvti_ts_put_packet(struct sk_buff *msg, const struct sk_buff *skb);	/* for acquire */

/* ---- device.c ---- */
int ipvti_device_init(void);			/* pernet, notifier */
void ipvti_device_exit(void);
int ipvti_link_init(void);			/* rtnl_link: from here on there are devices */
void ipvti_link_exit(void);			/* deletes them, waits for whoever holds one */
bool ipvti_is_device(const struct net_device *dev);
struct ipvti_dev *ipvti_device_find(struct net *net, u64 id);	/* RCU or RTNL */
struct ipvti_dev *ipvti_device_next(struct net *net, u64 *id);	/* RCU: the first from *id on */
int ipvti_device_set(struct ipvti_dev *idev, struct nlattr **tb, bool outer,
		     struct netlink_ext_ack *extack);
int ipvti_device_put(struct sk_buff *msg, const struct ipvti_dev *idev);
int ipvti_device_suspect(struct ipvti_dev *idev, bool suspect);
/* Carrier, quiet and keepalive after a change of SAs or suspicion; device lock. */
void ipvti_device_update(struct ipvti_dev *idev);
void ipvti_device_update_mtu(struct ipvti_dev *idev);	/* RTNL */
/* Something carrier or MTU depend on has changed: any context. */
void ipvti_device_changed(struct ipvti_dev *idev);
/* Called once per authenticated packet or batch: clears suspect, re-arms quiet; softirq. */
void ipvti_device_heard(struct ipvti_dev *idev);
/* Where a packet authenticated from, if not config's remote and dport; honours `roam`; softirq. */
void ipvti_device_roamed(struct ipvti_dev *idev, const union ipvti_addr *addr, u16 family,
			 __be16 port);
void ipvti_device_auth_failed(struct ipvti_dev *idev);		/* by ipvti_drop() */

/* ---- spi.c: the table of inbound SPIs ---- */
int ipvti_spi_init(void);
void ipvti_spi_exit(void);
struct ipvti_sa *ipvti_sa_lookup(const struct net *net, u32 spi);	/* RCU */
int ipvti_spi_insert(struct ipvti_sa *sa);	/* device lock; -EEXIST */
void ipvti_spi_remove(struct ipvti_sa *sa);	/* device lock */
bool ipvti_spi_foreign(struct ipvti_dev *idev, u32 spi);	/* XFRM has it; device lock */

/* ---- limits.c: pure ---- */
int ipvti_seq_take(atomic64_t *seq, bool esn, unsigned int n, u64 *first);
enum ipvti_limit_verdict { IPVTI_LIMIT_OK, IPVTI_LIMIT_LAST, IPVTI_LIMIT_OVER };
enum ipvti_limit_verdict ipvti_limit_check(u64 used, u64 limit);
u64 ipvti_limit_next(const struct ipvti_limits *limits, u64 age, u64 idle);

/* ---- sa.c ---- */
extern struct workqueue_struct *ipvti_wq;	/* for everything of this module that waits */
int ipvti_sa_init(void);
void ipvti_sa_exit(void);			/* waits until every SA is freed */
struct ipvti_sa *ipvti_sa_find(struct ipvti_dev *idev, u8 dir, u32 spi);	/* dev lock */
int ipvti_sa_reserve(struct ipvti_dev *idev, u32 *spi, struct netlink_ext_ack *extack);
int ipvti_sa_new(struct ipvti_dev *idev, const struct nlattr *nest, struct nlattr **tb,
		 struct netlink_ext_ack *extack);
int ipvti_sa_delete(struct ipvti_dev *idev, u8 dir, u32 spi);
int ipvti_sa_activate(struct ipvti_dev *idev, u32 spi, struct netlink_ext_ack *extack);
/* All of them: the device or its namespace goes; device lock. */
void ipvti_sa_flush(struct ipvti_dev *idev);
/* For use after the RCU section: keeps the SA, its keys and the device; false: it is gone. */
bool ipvti_sa_hold(struct ipvti_sa *sa);
void ipvti_sa_put(struct ipvti_sa *sa);		/* any context */
/* Run the SA's work within @delay jiffies: first use, hard limit, end of a reservation. */
void ipvti_sa_wake(struct ipvti_sa *sa, unsigned long delay);	/* any context */
/* Outbound: take n sequence numbers; 0 and the first one, or -EOVERFLOW (the SA expires itself). */
int ipvti_sa_take_seq(struct ipvti_sa *sa, unsigned int n, u64 *first);
/* Charge usage against the limits; softirq. False: a hard limit is reached, drop. */
bool ipvti_sa_charge(struct ipvti_sa *sa, unsigned int bytes);
/* The same for a list: how many of it may pass. */
unsigned int ipvti_sa_charge_list(struct ipvti_sa *sa, const struct sk_buff *list,
				  unsigned int packets, u64 bytes);
/* Inbound: every authenticated packet or batch (event; activates the pair waiting for it). */
void ipvti_sa_first_use(struct ipvti_sa *sa);

/* ---- netlink.c ---- */
int ipvti_netlink_init(void);
void ipvti_netlink_exit(void);
extern struct genl_family ipvti_family;
enum { IPVTI_MCGRP_EVENTS };
extern const struct nla_policy ipvti_ts_policy[IPVTI_A_TS_MAX + 1];
extern const struct nla_policy ipvti_limit_policy[IPVTI_A_LIMIT_MAX + 1];
/* One whole SOCKET_GET dump message, for ipvti_socket_dump(); -EMSGSIZE: go on in the next. */
int ipvti_netlink_put_socket(struct sk_buff *msg, struct netlink_callback *cb,
			     const union ipvti_addr *local, u16 family, __be16 port, bool owned);
/* What messages say of objects, and upper bounds of its size. */
#define IPVTI_REF_SIZE		(nla_total_size_64bit(sizeof(u64)) + nla_total_size(sizeof(u32)) + \
				 nla_total_size(IFNAMSIZ))
#define IPVTI_DEVICE_SIZE	(512 + IPVTI_REF_SIZE)
#define IPVTI_TS_SIZE		128
#define IPVTI_SOCKET_SIZE	128
size_t ipvti_sa_size(const struct ipvti_sa *sa);
int ipvti_put_ref(struct sk_buff *msg, const struct ipvti_dev *idev);
int ipvti_put_device(struct sk_buff *msg, const struct ipvti_dev *idev);
int ipvti_put_sa(struct sk_buff *msg, const struct ipvti_sa *sa);
int ipvti_put_socket(struct sk_buff *msg, const union ipvti_addr *local, u16 family, __be16 port,
		     bool owned);

/* ---- events.c ---- */
void ipvti_events_net_init(struct ipvti_net *in);
void ipvti_events_net_exit(struct ipvti_net *in);
/* Events: any context (GFP_ATOMIC); lost ones are followed by IPVTI_EVENT_OVERRUN. */
void ipvti_event_device(struct ipvti_dev *idev, enum ipvti_event event);
void ipvti_event_sa(struct ipvti_sa *sa, enum ipvti_event event);
/* A packet that has no tunnel; rate-limited per device, silent for multicast and link-local. */
void ipvti_event_acquire(struct ipvti_dev *idev, const struct sk_buff *skb);
void ipvti_event_socket(struct net *net, const union ipvti_addr *local, u16 family, __be16 port);

/* ---- stats.c ---- */
extern const struct ipvti_drop_name { const char *name, *help; } ipvti_drop_names[];
/*
 * Count, trace, and say nothing else; the caller frees the packet. Any argument but reason may be
 * NULL. bh off.
 */
void ipvti_drop(struct ipvti_net *in, struct ipvti_dev *idev, struct ipvti_sa *sa,
		const struct sk_buff *skb, enum ipvti_drop reason);
void ipvti_stats_device(struct net_device *dev, struct rtnl_link_stats64 *total);
void ipvti_count(struct ipvti_dev *idev, struct ipvti_sa *sa, unsigned int packets, u64 bytes);
void ipvti_count_spilled(struct ipvti_sa *sa, unsigned int packets);	/* bh off */
u64 ipvti_stats_spilled(const struct ipvti_pcpu_stats __percpu *pcpu);
struct ipvti_pcpu_stats __percpu *ipvti_stats_alloc(void);
void ipvti_stats_sum(const struct ipvti_pcpu_stats __percpu *pcpu, struct ipvti_stats *sum);

#endif /* _IPVTI_H */
