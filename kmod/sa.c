// SPDX-License-Identifier: GPL-2.0
/*
 * Life of an SA: reserve, install, activate, take over, reach limits, expire, wipe, free.
 *
 * The outbound SAs of a device fall into groups of the same selectors and flow. At most one of a
 * group is current; the current ones of all groups are what packets can take (&ipvti_dev.out).
 */
#include <linux/random.h>
#include <linux/sort.h>

#include "ipvti.h"

/*
 * A responder's new SA sends after this time although the peer has not used its own yet. That is
 * long enough for a peer which missed the answer to ask again: until then it cannot receive on it.
 */
#define FIRST_USE_FALLBACK	(30 * MSEC_PER_SEC)
/* Timers do not run while the machine sleeps: look at the clock at least this often. */
#define TIMER_MAX		(60 * MSEC_PER_SEC)
/* Without ESN a rekey is due here at the latest, RFC 4303 section 3.3.3. */
#define SEQ32_SOFT		(U32_MAX / 4 * 3)
#define REPLAY_WINDOW_DEFAULT	1024
#define SPI_TRIES		64

struct workqueue_struct *ipvti_wq;

static void sa_timer_work(struct work_struct *work);
static void sa_wipe_work(struct work_struct *work);

/* ---- objects ---- */

static struct ipvti_sa *sa_alloc(struct ipvti_dev *idev, u8 dir, u32 spi)
{
	struct ipvti_sa *sa;

	sa = kzalloc(sizeof(*sa), GFP_KERNEL);
	if (!sa)
		return NULL;
	sa->stats = ipvti_stats_alloc();
	if (!sa->stats)
		goto err_free;
	sa->dev = idev;
	write_pnet(&sa->net, idev->net);
	sa->dir = dir;
	sa->spi = spi;
	sa->state = dir == IPVTI_SA_IN ? IPVTI_SA_STATE_RESERVED : IPVTI_SA_STATE_WAITING;
	spin_lock_init(&sa->replay_lock);
	INIT_LIST_HEAD(&sa->list);
	INIT_DELAYED_WORK(&sa->timer, sa_timer_work);
	INIT_RCU_WORK(&sa->free_work, sa_wipe_work);
	refcount_set(&sa->refs, 1);
	refcount_set(&sa->handles, 2);	/* being linked, and the keys */
	netdev_hold(idev->dev, &sa->dev_tracker, GFP_KERNEL);
	return sa;

err_free:
	kfree(sa);
	return NULL;
}

/* Undo of sa_configure(), also of a part of it. Nobody uses the keys any more, or did yet. */
static void sa_unconfigure(struct ipvti_sa *sa)
{
	if (sa->aead)
		ipvti_crypto_free_sa(sa);
	sa->aead = NULL;
	sa->iv_mask = 0;
	if (sa->queue)
		ipvti_order_free(sa);
	sa->queue = NULL;
}

static void sa_free(struct ipvti_sa *sa)
{
	struct ipvti_dev *idev = sa->dev;

	free_percpu(sa->stats);
	kfree(sa->replay.bitmap);
	kfree(sa->ts);
	kfree(sa->driver);
	netdev_put(idev->dev, &sa->dev_tracker);
	kfree_sensitive(sa);
}

static void sa_handle_put(struct ipvti_sa *sa)
{
	if (refcount_dec_and_test(&sa->handles))
		sa_free(sa);
}

/* A grace period after the last user of the keys. */
static void sa_wipe_work(struct work_struct *work)
{
	struct ipvti_sa *sa = container_of(to_rcu_work(work), struct ipvti_sa, free_work);

	ipvti_hold_free(sa);
	sa_unconfigure(sa);
	sa_handle_put(sa);
}

static void sa_unlinked(struct rcu_head *rcu)
{
	sa_handle_put(container_of(rcu, struct ipvti_sa, rcu));
}

/**
 * ipvti_sa_hold() - keep an SA, its keys and its device beyond the RCU section
 * @sa: SA
 *
 * Context: RCU read lock held, or the caller has a reference already.
 * Return: false when it is expired or deleted, and must not be used any longer.
 */
bool ipvti_sa_hold(struct ipvti_sa *sa)
{
	return refcount_inc_not_zero(&sa->refs);
}

/**
 * ipvti_sa_put() - give back what ipvti_sa_hold() took
 * @sa: SA
 *
 * Context: any.
 */
void ipvti_sa_put(struct ipvti_sa *sa)
{
	if (refcount_dec_and_test(&sa->refs))
		queue_rcu_work(ipvti_wq, &sa->free_work);
}

/* The SA will not be used again: its keys go when the last packet is through. */
static void sa_retire(struct ipvti_sa *sa)
{
	if (sa->retired)
		return;
	sa->retired = true;
	ipvti_sa_put(sa);
}

/**
 * ipvti_sa_wake() - let the SA's work run soon
 * @sa: SA
 * @delay: jiffies until it runs at the latest
 *
 * It does what cannot be done in softirq: switch to an SA that waited for first use, bury one
 * that reached a hard limit, purge what is held for a reserved SPI. A pending run that would
 * come later is brought forward.
 *
 * Context: any; in RCU section, with a reference, or with the device lock.
 */
void ipvti_sa_wake(struct ipvti_sa *sa, unsigned long delay)
{
	refcount_inc(&sa->handles);
	if (mod_delayed_work(ipvti_wq, &sa->timer, delay))
		refcount_dec(&sa->handles);	/* the pending run has one */
}

/* ---- states ---- */

/* Pairs with ipvti_sa_state(). Expiry wins: it comes from softirq and is final. */
static bool sa_set_state(struct ipvti_sa *sa, enum ipvti_sa_state state)
{
	u32 old = READ_ONCE(sa->state);

	do {
		if (old == IPVTI_SA_STATE_EXPIRED)
			return false;
	} while (!try_cmpxchg(&sa->state, &old, state));
	return true;
}

/* Softirq or process: nothing passes any more, work does the rest. */
static void sa_reached_hard(struct ipvti_sa *sa)
{
	if (test_and_set_bit(IPVTI_SA_F_HARD, &sa->flags))
		return;
	sa_set_state(sa, IPVTI_SA_STATE_EXPIRED);
	ipvti_sa_wake(sa, 0);
}

static void sa_reached_soft(struct ipvti_sa *sa)
{
	if (!test_and_set_bit(IPVTI_SA_F_SOFT_SENT, &sa->flags))
		ipvti_event_sa(sa, IPVTI_EVENT_SOFT);
}

/**
 * ipvti_sa_take_seq() - take sequence numbers of an outbound SA
 * @sa: SA
 * @n: how many, at least 1
 * @first: the first of them
 *
 * Context: softirq, RCU read lock held.
 * Return: 0, or -EOVERFLOW: the SA has fewer left and is expired with that.
 */
int ipvti_sa_take_seq(struct ipvti_sa *sa, unsigned int n, u64 *first)
{
	int err;

	err = ipvti_seq_take(&sa->seq, sa->esn, n, first);
	if (unlikely(err)) {
		sa_reached_hard(sa);
		return err;
	}
	if (unlikely(!sa->esn && *first > SEQ32_SOFT))
		sa_reached_soft(sa);
	return 0;
}

static bool charge_limits(struct ipvti_sa *sa, unsigned int packets, u64 bytes)
{
	u64 used_packets = atomic64_add_return(packets, &sa->limit_packets);
	u64 used_bytes = atomic64_add_return(bytes, &sa->limit_bytes);
	enum ipvti_limit_verdict verdict;

	if (used_packets >= sa->soft.packets || used_bytes >= sa->soft.bytes)
		sa_reached_soft(sa);
	verdict = max(ipvti_limit_check(used_packets, sa->hard.packets),
		      ipvti_limit_check(used_bytes, sa->hard.bytes));
	if (unlikely(verdict != IPVTI_LIMIT_OK))
		sa_reached_hard(sa);
	return verdict != IPVTI_LIMIT_OVER;
}

static void touch(struct ipvti_sa *sa)
{
	unsigned long now = jiffies ?: 1;

	if (READ_ONCE(sa->used) != now)
		WRITE_ONCE(sa->used, now);
}

/**
 * ipvti_sa_charge() - count a packet against the limits of an SA
 * @sa: SA
 * @bytes: of the inner packet about to pass
 *
 * Context: softirq, RCU read lock held.
 * Return: false when it would exceed a hard limit; the SA is expired then, as it is when the
 * packet is exactly what was left.
 */
bool ipvti_sa_charge(struct ipvti_sa *sa, unsigned int bytes)
{
	touch(sa);
	return !sa->limited || charge_limits(sa, 1, bytes);
}

/* Far enough from the end that a batch can be charged as a whole? */
static bool has_room(const struct ipvti_sa *sa, unsigned int packets, u64 bytes)
{
	return atomic64_read(&sa->limit_packets) + packets < sa->hard.packets &&
	       atomic64_read(&sa->limit_bytes) + bytes < sa->hard.bytes;
}

/**
 * ipvti_sa_charge_list() - count a list of packets against the limits of an SA
 * @sa: SA
 * @list: inner packets about to pass, linked by skb->next
 * @packets: how many
 * @bytes: of them
 *
 * Context: softirq, RCU read lock held.
 * Return: how many of them may pass, the first ones; the SA is expired when it is not all, or
 * when they were exactly what was left.
 */
unsigned int ipvti_sa_charge_list(struct ipvti_sa *sa, const struct sk_buff *list,
				  unsigned int packets, u64 bytes)
{
	unsigned int passed = 0;

	touch(sa);
	if (!sa->limited || (has_room(sa, packets, bytes) && charge_limits(sa, packets, bytes)))
		return packets;
	for (; list && charge_limits(sa, 1, list->len); list = list->next)
		passed++;
	return passed;
}

/**
 * ipvti_sa_first_use() - note that a packet has authenticated on an inbound SA
 * @sa: SA
 *
 * The first time tells user space, and lets the outbound SA of the pair take over.
 *
 * Context: softirq, RCU read lock held.
 */
void ipvti_sa_first_use(struct ipvti_sa *sa)
{
	if (likely(test_bit(IPVTI_SA_F_USED, &sa->flags)))
		return;
	if (test_and_set_bit(IPVTI_SA_F_USED, &sa->flags))
		return;
	ipvti_event_sa(sa, IPVTI_EVENT_FIRST_USE);
	ipvti_sa_wake(sa, 0);
}

/* ---- outbound: which SA is current; all under the device lock ---- */

static bool is_current(const struct ipvti_sa *sa)
{
	return ipvti_sa_state(sa) == IPVTI_SA_STATE_CURRENT;
}

static int out_cmp(const void *a, const void *b)
{
	const struct ipvti_sa *const *x = a, *const *y = b;

	return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

/* An SA must never stay in the set because memory is short: these few bytes are waited for. */
static void out_publish(struct ipvti_dev *idev)
{
	struct ipvti_out_set *set = NULL, *old;
	unsigned int count = 0;
	struct ipvti_sa *sa;

	list_for_each_entry(sa, &idev->sas, list)
		count += is_current(sa);
	if (count) {
		set = kmalloc(struct_size(set, sa, count), GFP_KERNEL | __GFP_NOFAIL);
		set->count = 0;
		list_for_each_entry(sa, &idev->sas, list)
			if (is_current(sa) && set->count < count)
				set->sa[set->count++] = sa;
		sort(set->sa, set->count, sizeof(set->sa[0]), out_cmp, NULL);
	}
	old = rcu_replace_pointer(idev->out, set, lockdep_is_held(&idev->lock));
	if (old)
		kfree_rcu(old, rcu);
}

static bool same_group(const struct ipvti_sa *a, const struct ipvti_sa *b)
{
	return a->dir == IPVTI_SA_OUT && b->dir == IPVTI_SA_OUT && a->flow == b->flow &&
	       a->ts_count == b->ts_count && !memcmp(a->ts, b->ts, a->ts_count * sizeof(*a->ts));
}

/* Let @sa take over from the current SA of its group and from the one it says it replaces. */
static void out_make_current(struct ipvti_sa *sa)
{
	struct ipvti_dev *idev = sa->dev;
	struct ipvti_sa *old;
	bool replaced = false;

	if (is_current(sa) || !sa_set_state(sa, IPVTI_SA_STATE_CURRENT))
		return;
	list_for_each_entry(old, &idev->sas, list) {
		if (old == sa || !is_current(old))
			continue;
		if (old->spi != sa->replaces && !same_group(old, sa))
			continue;
		if (!replaced)
			sa->replaced = old->spi;
		sa->order = min(sa->order, old->order);
		replaced |= sa_set_state(old, IPVTI_SA_STATE_SUPERSEDED);
	}
	out_publish(idev);
	if (replaced || sa->activate != IPVTI_ACTIVATE_NOW)
		ipvti_event_sa(sa, IPVTI_EVENT_SA_REPLACED);
}

/* May take over unasked: it did send already, or waits for something that matters no more. */
static bool is_spare(const struct ipvti_sa *sa)
{
	enum ipvti_sa_state state = ipvti_sa_state(sa);

	return state == IPVTI_SA_STATE_SUPERSEDED ||
	       (state == IPVTI_SA_STATE_WAITING && sa->activate != IPVTI_ACTIVATE_MANUAL);
}

/* The newest SA that can stand in for @gone, which is no longer current. */
static struct ipvti_sa *out_successor(const struct ipvti_sa *gone)
{
	struct ipvti_sa *sa, *best = NULL;

	list_for_each_entry(sa, &gone->dev->sas, list) {
		if (sa == gone || !same_group(sa, gone))
			continue;
		if (is_current(sa))
			return NULL;
		if (is_spare(sa))
			best = sa;
	}
	return best;
}

/* An outbound SA is expired or unlinked: packets must not find it, nor the link flap for it. */
static void out_gone(struct ipvti_sa *gone)
{
	struct ipvti_sa *sa = gone->dev->dead ? NULL : out_successor(gone);

	if (sa) {
		sa->order = min(sa->order, gone->order);
		out_make_current(sa);
	}
	if (!sa || !is_current(sa))
		out_publish(gone->dev);
}

static void activate_pair(struct ipvti_sa *in)
{
	struct ipvti_sa *sa;

	list_for_each_entry(sa, &in->dev->sas, list)
		if (sa->dir == IPVTI_SA_OUT && ipvti_sa_state(sa) == IPVTI_SA_STATE_WAITING &&
		    sa->activate == IPVTI_ACTIVATE_FIRST_USE && sa->pair == in->spi)
			out_make_current(sa);
}

static void activate_if_due(struct ipvti_sa *sa)
{
	const struct ipvti_sa *in;

	if (sa->activate == IPVTI_ACTIVATE_FIRST_USE) {
		in = ipvti_sa_find(sa->dev, IPVTI_SA_IN, sa->pair);
		if (!in || !test_bit(IPVTI_SA_F_USED, &in->flags))
			return;
	} else if (sa->activate == IPVTI_ACTIVATE_MANUAL) {
		return;
	}
	out_make_current(sa);
}

/* ---- time ---- */

static u64 sa_age(const struct ipvti_sa *sa)
{
	return div_u64(ktime_get_boottime_ns() - sa->installed_ns, NSEC_PER_MSEC);
}

static void sa_expire(struct ipvti_sa *sa)
{
	sa_reached_hard(sa);
	if (sa->retired)
		return;
	ipvti_event_sa(sa, IPVTI_EVENT_HARD);
	if (sa->dir == IPVTI_SA_OUT)
		out_gone(sa);
	sa_retire(sa);
	ipvti_device_update(sa->dev);
	ipvti_device_changed(sa->dev);
}

/* Whatever is due by now; and come back when the next thing is. */
static void sa_run(struct ipvti_sa *sa)
{
	u64 age, idle, next, soft;

	if (ipvti_sa_state(sa) == IPVTI_SA_STATE_RESERVED) {
		ipvti_hold_purge(sa, IPVTI_DROP_HOLD_TIMEOUT);
		return;
	}

	age = sa_age(sa);
	idle = sa->used ? jiffies_to_msecs(jiffies - READ_ONCE(sa->used)) : age;
	next = ipvti_limit_next(&sa->hard, age, idle);
	if (!next || test_bit(IPVTI_SA_F_HARD, &sa->flags)) {
		sa_expire(sa);
		return;
	}

	if (!test_bit(IPVTI_SA_F_SOFT_SENT, &sa->flags)) {
		soft = ipvti_limit_next(&sa->soft, age, idle);
		if (!soft)
			sa_reached_soft(sa);
		else
			next = min(next, soft);
	}

	if (sa->dir == IPVTI_SA_IN && test_bit(IPVTI_SA_F_USED, &sa->flags)) {
		activate_pair(sa);
	} else if (ipvti_sa_state(sa) == IPVTI_SA_STATE_WAITING &&
		   sa->activate == IPVTI_ACTIVATE_FIRST_USE) {
		if (age >= FIRST_USE_FALLBACK)
			out_make_current(sa);
		else
			next = min(next, FIRST_USE_FALLBACK - age);
	}
	ipvti_device_update(sa->dev);
	if (next != U64_MAX)
		ipvti_sa_wake(sa, msecs_to_jiffies(min_t(u64, next, TIMER_MAX)) + 1);
}

static void sa_timer_work(struct work_struct *work)
{
	struct ipvti_sa *sa = container_of(to_delayed_work(work), struct ipvti_sa, timer);

	mutex_lock(&sa->dev->lock);
	if (!list_empty(&sa->list))
		sa_run(sa);
	mutex_unlock(&sa->dev->lock);
	sa_handle_put(sa);
}

/* ---- install and delete ---- */

static void sa_link(struct ipvti_sa *sa)
{
	sa->serial = ++sa->dev->next_serial;
	sa->order = sa->serial;
	list_add_tail(&sa->list, &sa->dev->sas);
	if (sa->dir == IPVTI_SA_OUT)
		ipvti_mtu_track(sa);
}

static void sa_unlink(struct ipvti_sa *sa)
{
	list_del_init(&sa->list);
	if (sa->dir == IPVTI_SA_IN) {
		ipvti_spi_remove(sa);
		ipvti_hold_close(sa);
	} else {
		ipvti_mtu_untrack(sa);
		out_gone(sa);
	}
	if (cancel_delayed_work(&sa->timer))
		sa_handle_put(sa);
	sa_retire(sa);
	call_rcu(&sa->rcu, sa_unlinked);
}

/* Before it was linked or found: nobody else can have it. */
static void sa_discard(struct ipvti_sa *sa)
{
	ipvti_hold_free(sa);
	sa_unconfigure(sa);
	sa_free(sa);
}

/**
 * ipvti_sa_find() - find an SA of a device
 * @idev: device
 * @dir: enum ipvti_sa_dir
 * @spi: SPI
 *
 * Context: device lock held.
 */
struct ipvti_sa *ipvti_sa_find(struct ipvti_dev *idev, u8 dir, u32 spi)
{
	struct ipvti_sa *sa;

	list_for_each_entry(sa, &idev->sas, list)
		if (sa->dir == dir && sa->spi == spi)
			return sa;
	return NULL;
}

static int reserve_random_spi(struct ipvti_sa *sa)
{
	unsigned int i;
	int err;

	for (i = 0; i < SPI_TRIES; i++) {
		sa->spi = get_random_u32();
		if (sa->spi < IPVTI_SPI_MIN || ipvti_spi_foreign(sa->dev, sa->spi))
			continue;
		err = ipvti_spi_insert(sa);
		if (err != -EEXIST)
			return err;
	}
	return -EEXIST;
}

/**
 * ipvti_sa_reserve() - take a free inbound SPI for an SA whose key will follow
 * @idev: device
 * @spi: the SPI
 * @extack: says why not
 *
 * It stays reserved until an SA is installed on it or it is deleted. Packets that come before
 * are held for a moment.
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int ipvti_sa_reserve(struct ipvti_dev *idev, u32 *spi, struct netlink_ext_ack *extack)
{
	struct ipvti_sa *sa;
	int err;

	mutex_lock(&idev->lock);
	err = -ENODEV;
	if (idev->dead) {
		NL_SET_ERR_MSG(extack, "the device or its namespace of creation is going away");
		goto out;
	}
	err = -ENOMEM;
	sa = sa_alloc(idev, IPVTI_SA_IN, 0);
	if (!sa)
		goto out;
	err = ipvti_hold_init(sa);
	if (err)
		goto err_discard;
	err = reserve_random_spi(sa);
	if (err) {
		NL_SET_ERR_MSG(extack, "no free SPI found");
		goto err_discard;
	}
	sa_link(sa);
	*spi = sa->spi;
	mutex_unlock(&idev->lock);
	return 0;

err_discard:
	sa_discard(sa);
out:
	mutex_unlock(&idev->lock);
	return err;
}

static int parse_limits(const struct nlattr *nest, struct ipvti_limits *limits,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPVTI_A_LIMIT_MAX + 1] = {};
	int err;

	if (nest) {
		err = nla_parse_nested(tb, IPVTI_A_LIMIT_MAX, nest, ipvti_limit_policy, extack);
		if (err)
			return err;
	}
	*limits = (struct ipvti_limits){ .packets = U64_MAX, .bytes = U64_MAX };
	if (tb[IPVTI_A_LIMIT_PACKETS])
		limits->packets = nla_get_u64(tb[IPVTI_A_LIMIT_PACKETS]);
	if (tb[IPVTI_A_LIMIT_BYTES])
		limits->bytes = nla_get_u64(tb[IPVTI_A_LIMIT_BYTES]);
	if (tb[IPVTI_A_LIMIT_SECONDS])
		limits->seconds = nla_get_u64(tb[IPVTI_A_LIMIT_SECONDS]);
	if (tb[IPVTI_A_LIMIT_IDLE])
		limits->idle = nla_get_u64(tb[IPVTI_A_LIMIT_IDLE]);
	return 0;
}

static int configure_limits(struct ipvti_sa *sa, struct nlattr **tb,
			    struct netlink_ext_ack *extack)
{
	const struct ipvti_limits *soft = &sa->soft, *hard = &sa->hard;
	int err;

	err = parse_limits(tb[IPVTI_A_SA_SOFT], &sa->soft, extack);
	if (!err)
		err = parse_limits(tb[IPVTI_A_SA_HARD], &sa->hard, extack);
	if (err)
		return err;

	if ((soft->packets != U64_MAX && soft->packets > hard->packets) ||
	    (soft->bytes != U64_MAX && soft->bytes > hard->bytes) ||
	    (hard->seconds && soft->seconds > hard->seconds) ||
	    (hard->idle && soft->idle > hard->idle)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_SOFT],
				    "a soft limit is above the hard limit of the same kind");
		return -EINVAL;
	}
	sa->limited = soft->packets != U64_MAX || soft->bytes != U64_MAX ||
		      hard->packets != U64_MAX || hard->bytes != U64_MAX;
	return 0;
}

static int configure_in(struct ipvti_sa *sa, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	u32 window = REPLAY_WINDOW_DEFAULT, words;
	u64 top = 0, *bitmap = NULL;

	if (tb[IPVTI_A_SA_ACTIVATE]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_ACTIVATE],
				    "only an outbound SA is activated; inbound is live at once");
		return -EINVAL;
	}
	if (tb[IPVTI_A_SA_REPLAY_WINDOW])
		window = nla_get_u32(tb[IPVTI_A_SA_REPLAY_WINDOW]);
	if (tb[IPVTI_A_SA_SEQ])
		top = nla_get_u64(tb[IPVTI_A_SA_SEQ]);

	words = ipvti_replay_words(window);
	if (words) {
		bitmap = kcalloc(words, sizeof(*bitmap), GFP_KERNEL);
		if (!bitmap)
			return -ENOMEM;
	}
	ipvti_replay_init(&sa->replay, window, sa->esn, top, bitmap);
	return 0;
}

static int configure_out(struct ipvti_sa *sa, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	if (tb[IPVTI_A_SA_REPLAY_WINDOW]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_REPLAY_WINDOW],
				    "only an inbound SA has a replay window");
		return -EINVAL;
	}
	if (tb[IPVTI_A_SA_ACTIVATE])
		sa->activate = nla_get_u8(tb[IPVTI_A_SA_ACTIVATE]);
	if (sa->activate == IPVTI_ACTIVATE_FIRST_USE && !tb[IPVTI_A_SA_PAIR]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_ACTIVATE],
				    "first-use needs the SPI of the paired inbound SA");
		return -EINVAL;
	}
	if (tb[IPVTI_A_SA_SEQ])
		atomic64_set(&sa->seq, nla_get_u64(tb[IPVTI_A_SA_SEQ]));
	return 0;
}

static int configure_crypto(struct ipvti_sa *sa, const struct nlattr *nest, struct nlattr **tb,
			    struct netlink_ext_ack *extack)
{
	const struct nlattr *key = tb[IPVTI_A_SA_KEY];
	const struct ipvti_alg *alg;
	int err;

	alg = ipvti_alg_find(nla_data(tb[IPVTI_A_SA_ALG]));
	if (!alg) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_ALG], "unknown algorithm");
		return -EINVAL;
	}
	if (ipvti_alg_legacy(alg) && !tb[IPVTI_A_SA_LEGACY]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_ALG],
				    "RFC 8221 advises against this algorithm: only with legacy");
		NL_SET_ERR_ATTR_MISS(extack, nest, IPVTI_A_SA_LEGACY);
		return -EINVAL;
	}
	if (nla_len(key) != ipvti_alg_key_len(alg)) {
		NL_SET_ERR_MSG_ATTR(extack, key, "key material has not the algorithm's length");
		return -EINVAL;
	}
	sa->alg = alg;
	err = ipvti_crypto_init_sa(sa, nla_data(key), nla_len(key), extack);
	if (err)
		return err;
	sa->driver = kstrdup(crypto_tfm_alg_driver_name(crypto_aead_tfm(sa->aead)), GFP_KERNEL);
	if (!sa->driver) {
		sa_unconfigure(sa);
		return -ENOMEM;
	}
	return 0;
}

/* Everything that can fail. The SA is not seen by packets, or only as a reserved SPI. */
static int sa_configure(struct ipvti_sa *sa, const struct nlattr *nest, struct nlattr **tb,
			struct netlink_ext_ack *extack)
{
	int err;

	sa->esn = tb[IPVTI_A_SA_ESN] && nla_get_u8(tb[IPVTI_A_SA_ESN]);
	if (tb[IPVTI_A_SA_SEQ] && !sa->esn && nla_get_u64(tb[IPVTI_A_SA_SEQ]) > U32_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_SEQ],
				    "without esn a sequence number has 32 bits");
		return -ERANGE;
	}
	sa->pair = tb[IPVTI_A_SA_PAIR] ? nla_get_u32(tb[IPVTI_A_SA_PAIR]) : 0;
	sa->replaces = tb[IPVTI_A_SA_REPLACES] ? nla_get_u32(tb[IPVTI_A_SA_REPLACES]) : 0;
	sa->flow = tb[IPVTI_A_SA_FLOW] ? nla_get_u32(tb[IPVTI_A_SA_FLOW]) : 0;
	memset(sa->tag, 0, sizeof(sa->tag));
	if (tb[IPVTI_A_SA_TAG])
		memcpy(sa->tag, nla_data(tb[IPVTI_A_SA_TAG]), sizeof(sa->tag));

	err = configure_limits(sa, tb, extack);
	if (err)
		return err;
	err = sa->dir == IPVTI_SA_IN ? configure_in(sa, tb, extack) : configure_out(sa, tb, extack);
	if (err)
		return err;
	err = ipvti_ts_parse(sa, nest, extack);
	if (err)
		goto err_bitmap;
	err = configure_crypto(sa, nest, tb, extack);
	if (err)
		goto err_ts;
	err = ipvti_order_init(sa);
	if (err)
		goto err_crypto;
	return 0;

err_crypto:
	sa_unconfigure(sa);
	kfree(sa->driver);
	sa->driver = NULL;
err_ts:
	kfree(sa->ts);
	sa->ts = NULL;
	sa->ts_count = 0;
err_bitmap:
	kfree(sa->replay.bitmap);
	sa->replay.bitmap = NULL;
	return err;
}

static int install_reserved(struct ipvti_sa *sa, const struct nlattr *nest, struct nlattr **tb,
			    struct netlink_ext_ack *extack)
{
	int err;

	if (ipvti_sa_state(sa) != IPVTI_SA_STATE_RESERVED) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_SPI],
				    "the device has an SA of this direction and SPI");
		return -EEXIST;
	}
	err = sa_configure(sa, nest, tb, extack);
	if (err)
		return err;
	sa->installed_ns = ktime_get_boottime_ns();
	ipvti_hold_drain(sa);
	sa_set_state(sa, IPVTI_SA_STATE_LIVE);
	ipvti_hold_release(sa);
	sa_run(sa);
	return 0;
}

static int install_fresh(struct ipvti_dev *idev, u8 dir, u32 spi, const struct nlattr *nest,
			 struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct ipvti_sa *sa;
	int err;

	if (dir == IPVTI_SA_IN && ipvti_spi_foreign(idev, spi)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_SPI],
				    "an XFRM state of this host receives on this SPI");
		return -EEXIST;
	}
	sa = sa_alloc(idev, dir, spi);
	if (!sa)
		return -ENOMEM;
	err = sa_configure(sa, nest, tb, extack);
	if (err)
		goto err_discard;
	sa->installed_ns = ktime_get_boottime_ns();
	if (dir == IPVTI_SA_IN) {
		sa->state = IPVTI_SA_STATE_LIVE;
		err = ipvti_spi_insert(sa);
		if (err)
			goto err_insert;
	}
	sa_link(sa);
	if (dir == IPVTI_SA_OUT)
		activate_if_due(sa);
	sa_run(sa);
	return 0;

err_insert:
	if (err == -EEXIST)
		NL_SET_ERR_MSG_ATTR(extack, tb[IPVTI_A_SA_SPI],
				    "another device of the namespace has this SPI");
err_discard:
	sa_discard(sa);
	return err;
}

/**
 * ipvti_sa_new() - install an SA
 * @idev: device
 * @nest: the attribute IPVTI_A_SA
 * @tb: its content, validated, with direction, SPI, algorithm and key
 * @extack: says why not
 *
 * An inbound SA is live with that, and takes what was held for its SPI if that was reserved. An
 * outbound one sends, or waits, as IPVTI_A_SA_ACTIVATE says.
 *
 * Context: process; may load crypto modules.
 * Return: 0, or a negative errno and nothing has changed.
 */
int ipvti_sa_new(struct ipvti_dev *idev, const struct nlattr *nest, struct nlattr **tb,
		 struct netlink_ext_ack *extack)
{
	u32 spi = nla_get_u32(tb[IPVTI_A_SA_SPI]);
	u8 dir = nla_get_u8(tb[IPVTI_A_SA_DIR]);
	struct ipvti_sa *sa;
	int err;

	mutex_lock(&idev->lock);
	sa = ipvti_sa_find(idev, dir, spi);
	if (idev->dead) {
		NL_SET_ERR_MSG(extack, "the device or its namespace of creation is going away");
		err = -ENODEV;
	} else if (sa) {
		err = install_reserved(sa, nest, tb, extack);
	} else {
		err = install_fresh(idev, dir, spi, nest, tb, extack);
	}
	mutex_unlock(&idev->lock);
	return err;
}

/**
 * ipvti_sa_delete() - delete an SA or release a reserved SPI
 * @idev: device
 * @dir: enum ipvti_sa_dir
 * @spi: SPI
 *
 * Context: process.
 * Return: 0 or -ENOENT.
 */
int ipvti_sa_delete(struct ipvti_dev *idev, u8 dir, u32 spi)
{
	struct ipvti_sa *sa;
	int err = -ENOENT;

	mutex_lock(&idev->lock);
	sa = ipvti_sa_find(idev, dir, spi);
	if (sa) {
		ipvti_event_sa(sa, IPVTI_EVENT_SA_DELETED);
		sa_unlink(sa);
		ipvti_device_update(idev);
		err = 0;
	}
	mutex_unlock(&idev->lock);
	return err;
}

/**
 * ipvti_sa_activate() - make an outbound SA the current one of its selectors
 * @idev: device
 * @spi: SPI
 * @extack: says why not
 *
 * Context: process.
 * Return: 0, also when it is current already, or a negative errno.
 */
int ipvti_sa_activate(struct ipvti_dev *idev, u32 spi, struct netlink_ext_ack *extack)
{
	struct ipvti_sa *sa;
	int err = 0;

	mutex_lock(&idev->lock);
	sa = ipvti_sa_find(idev, IPVTI_SA_OUT, spi);
	if (!sa) {
		NL_SET_ERR_MSG(extack, "the device has no outbound SA with this SPI");
		err = -ENOENT;
	} else if (ipvti_sa_state(sa) == IPVTI_SA_STATE_EXPIRED) {
		NL_SET_ERR_MSG(extack, "the SA is expired");
		err = -EKEYEXPIRED;
	} else {
		out_make_current(sa);
		ipvti_device_update(idev);
	}
	mutex_unlock(&idev->lock);
	return err;
}

/**
 * ipvti_sa_flush() - unlink all SAs of a device
 * @idev: device, dead already, so that no other follows
 *
 * Context: device lock held. Does not wait; each SA keeps the device until it is freed.
 */
void ipvti_sa_flush(struct ipvti_dev *idev)
{
	struct ipvti_sa *sa, *next;

	list_for_each_entry_safe(sa, next, &idev->sas, list)
		sa_unlink(sa);
}

int ipvti_sa_init(void)
{
	int err;

	ipvti_wq = alloc_workqueue("ipvti", WQ_UNBOUND, 0);
	if (!ipvti_wq)
		return -ENOMEM;
	err = ipvti_spi_init();
	if (err)
		destroy_workqueue(ipvti_wq);
	return err;
}

/*
 * No device is left, so no SA is linked or pending. Callbacks of call_rcu() and queue_rcu_work()
 * run before rcu_barrier() returns; the work they queued runs before the queue is destroyed, and
 * what that frees by RCU before the second barrier returns.
 */
void ipvti_sa_exit(void)
{
	rcu_barrier();
	destroy_workqueue(ipvti_wq);
	rcu_barrier();
	ipvti_spi_exit();
}
