// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, per CPU, of devices, SAs and namespaces; drop reasons and their tracepoint.
 */
#include <linux/percpu.h>

#include "ipvti.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

const struct ipvti_drop_name ipvti_drop_names[] = {
#define X(id, name, help)	\
	[IPVTI_DROP_##id] = { name, help },
	IPVTI_DROPS(X)
#undef X
};

/**
 * ipvti_stats_alloc() - allocate counters
 *
 * Context: process.
 * Return: to be freed with free_percpu(), or NULL.
 */
struct ipvti_pcpu_stats __percpu *ipvti_stats_alloc(void)
{
	struct ipvti_pcpu_stats __percpu *pcpu;
	int cpu;

	pcpu = alloc_percpu(struct ipvti_pcpu_stats);
	if (!pcpu)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(pcpu, cpu)->sync);
	return pcpu;
}

static void count_drop(struct ipvti_pcpu_stats __percpu *pcpu, enum ipvti_drop reason)
{
	struct ipvti_pcpu_stats *stats = this_cpu_ptr(pcpu);

	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->drops[reason]);
	u64_stats_update_end(&stats->sync);
}

/**
 * ipvti_drop() - count and trace a packet that is about to be dropped
 * @in: namespace, used when there is no device; may be NULL
 * @idev: device it was for; may be NULL
 * @sa: SA it was for; may be NULL
 * @skb: the packet, still the caller's; may be NULL
 * @reason: why
 *
 * Context: bottom halves disabled, RCU read lock held.
 */
void ipvti_drop(struct ipvti_net *in, struct ipvti_dev *idev, struct ipvti_sa *sa,
		const struct sk_buff *skb, enum ipvti_drop reason)
{
	if (!idev && sa)
		idev = sa->dev;
	if (idev)
		count_drop(idev->stats, reason);
	else if (in)
		count_drop(in->stats, reason);
	if (sa)
		count_drop(sa->stats, reason);
	if (reason == IPVTI_DROP_AUTH_FAILED && idev)
		ipvti_device_auth_failed(idev);
	trace_ipvti_drop(idev ? idev->dev : NULL, sa ? sa->spi : 0, skb,
			 ipvti_drop_names[reason].name);
}

static void count_pass(struct ipvti_pcpu_stats __percpu *pcpu, int way, unsigned int packets,
		       u64 bytes)
{
	struct ipvti_pcpu_stats *stats = this_cpu_ptr(pcpu);

	u64_stats_update_begin(&stats->sync);
	u64_stats_add(&stats->packets[way], packets);
	u64_stats_add(&stats->bytes[way], bytes);
	u64_stats_update_end(&stats->sync);
}

/**
 * ipvti_count() - count inner packets that passed
 * @idev: device
 * @sa: SA they took, its direction is theirs
 * @packets: how many
 * @bytes: of the inner packets
 *
 * Context: bottom halves disabled.
 */
void ipvti_count(struct ipvti_dev *idev, struct ipvti_sa *sa, unsigned int packets, u64 bytes)
{
	int way = sa->dir == IPVTI_SA_OUT;

	count_pass(idev->stats, way, packets, bytes);
	count_pass(sa->stats, way, packets, bytes);
}

static void count_spilled(struct ipvti_pcpu_stats __percpu *pcpu, unsigned int packets)
{
	struct ipvti_pcpu_stats *stats = this_cpu_ptr(pcpu);

	u64_stats_update_begin(&stats->sync);
	u64_stats_add(&stats->spilled, packets);
	u64_stats_update_end(&stats->sync);
}

/**
 * ipvti_count_spilled() - count packets that another CPU encrypts or decrypts
 * @sa: whose they are
 * @packets: how many
 *
 * Context: bottom halves disabled.
 */
void ipvti_count_spilled(struct ipvti_sa *sa, unsigned int packets)
{
	unsigned long now = jiffies ?: 1;

	count_spilled(sa->dev->stats, packets);
	count_spilled(sa->stats, packets);
	if (READ_ONCE(sa->dev->spill_jiffies) != now)
		WRITE_ONCE(sa->dev->spill_jiffies, now);
}

/**
 * ipvti_stats_spilled() - add up only these
 * @pcpu: per-CPU counters
 */
u64 ipvti_stats_spilled(const struct ipvti_pcpu_stats __percpu *pcpu)
{
	u64 part, sum = 0;
	unsigned int start;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct ipvti_pcpu_stats *stats = per_cpu_ptr(pcpu, cpu);

		do {
			start = u64_stats_fetch_begin(&stats->sync);
			part = u64_stats_read(&stats->spilled);
		} while (u64_stats_fetch_retry(&stats->sync, start));
		sum += part;
	}
	return sum;
}

/**
 * ipvti_stats_sum() - add up the counters of all CPUs
 * @pcpu: per-CPU counters
 * @sum: result
 */
void ipvti_stats_sum(const struct ipvti_pcpu_stats __percpu *pcpu, struct ipvti_stats *sum)
{
	struct ipvti_stats part;
	unsigned int start, i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct ipvti_pcpu_stats *stats = per_cpu_ptr(pcpu, cpu);

		do {
			start = u64_stats_fetch_begin(&stats->sync);
			for (i = 0; i < 2; i++) {
				part.packets[i] = u64_stats_read(&stats->packets[i]);
				part.bytes[i] = u64_stats_read(&stats->bytes[i]);
			}
			for (i = 0; i < __IPVTI_DROP_COUNT; i++)
				part.drops[i] = u64_stats_read(&stats->drops[i]);
			part.spilled = u64_stats_read(&stats->spilled);
		} while (u64_stats_fetch_retry(&stats->sync, start));

		for (i = 0; i < 2; i++) {
			sum->packets[i] += part.packets[i];
			sum->bytes[i] += part.bytes[i];
		}
		for (i = 0; i < __IPVTI_DROP_COUNT; i++)
			sum->drops[i] += part.drops[i];
		sum->spilled += part.spilled;
	}
}

/*
 * Where a drop reason shows in the counters every net device has: all that is dropped on send or
 * receive, and what kind of error it is, if one. Absent: nowhere, or the kernel counts it there by
 * itself, as it does with a full backlog.
 */
struct link_counter {
	u8 dropped, error;	/* offsets */
};

#define COUNTER(member)		offsetof(struct rtnl_link_stats64, member)
#define TX_DROPPED		{ COUNTER(tx_dropped) }
#define TX_ERROR(member)	{ COUNTER(tx_dropped), COUNTER(member) }
#define RX_DROPPED		{ COUNTER(rx_dropped) }
#define RX_ERROR(member)	{ COUNTER(rx_dropped), COUNTER(member) }

static const struct link_counter link_counters[__IPVTI_DROP_COUNT] = {
	[IPVTI_DROP_NO_TUNNEL] = TX_ERROR(tx_carrier_errors),
	[IPVTI_DROP_NO_REMOTE] = TX_ERROR(tx_carrier_errors),
	[IPVTI_DROP_NO_SELECTOR] = TX_DROPPED,
	[IPVTI_DROP_NO_ROUTE] = TX_ERROR(tx_carrier_errors),
	[IPVTI_DROP_LOOP] = TX_ERROR(tx_errors),
	[IPVTI_DROP_NESTING] = TX_ERROR(tx_errors),
	[IPVTI_DROP_TOO_BIG] = TX_DROPPED,
	[IPVTI_DROP_SEQ_EXHAUSTED] = TX_DROPPED,
	[IPVTI_DROP_NOT_IP] = TX_DROPPED,
	[IPVTI_DROP_TX_QUEUE_FULL] = TX_DROPPED,
	[IPVTI_DROP_TX_ERROR] = TX_ERROR(tx_errors),
	[IPVTI_DROP_NO_MEMORY] = TX_DROPPED,
	[IPVTI_DROP_CRYPTO] = TX_ERROR(tx_errors),
	[IPVTI_DROP_MALFORMED] = RX_ERROR(rx_frame_errors),
	[IPVTI_DROP_SA_EXPIRED] = RX_DROPPED,
	[IPVTI_DROP_NO_KEY] = RX_DROPPED,
	[IPVTI_DROP_HOLD_TIMEOUT] = RX_DROPPED,
	[IPVTI_DROP_WRONG_ENCAP] = RX_ERROR(rx_errors),
	[IPVTI_DROP_REPLAY_OLD] = RX_DROPPED,
	[IPVTI_DROP_REPLAY_SEEN] = RX_DROPPED,
	[IPVTI_DROP_SEQ_ZERO] = RX_ERROR(rx_errors),
	[IPVTI_DROP_AUTH_FAILED] = RX_ERROR(rx_crc_errors),
	[IPVTI_DROP_BAD_TRAILER] = RX_ERROR(rx_frame_errors),
	[IPVTI_DROP_BAD_INNER] = RX_ERROR(rx_frame_errors),
	[IPVTI_DROP_SELECTOR] = RX_ERROR(rx_errors),
	[IPVTI_DROP_ECN] = RX_ERROR(rx_errors),
	[IPVTI_DROP_RX_QUEUE_FULL] = RX_DROPPED,
	[IPVTI_DROP_DEVICE_DOWN] = RX_DROPPED,
};

static u64 *counter(struct rtnl_link_stats64 *total, u8 offset)
{
	return (u64 *)((u8 *)total + offset);
}

/**
 * ipvti_stats_device() - ndo_get_stats64
 * @dev: device
 * @total: result
 */
void ipvti_stats_device(struct net_device *dev, struct rtnl_link_stats64 *total)
{
	const struct ipvti_dev *idev = netdev_priv(dev);
	struct ipvti_stats sum;
	unsigned int i;

	ipvti_stats_sum(idev->stats, &sum);
	total->rx_packets = sum.packets[0];
	total->tx_packets = sum.packets[1];
	total->rx_bytes = sum.bytes[0];
	total->tx_bytes = sum.bytes[1];
	for (i = 0; i < __IPVTI_DROP_COUNT; i++) {
		if (link_counters[i].dropped)
			*counter(total, link_counters[i].dropped) += sum.drops[i];
		if (link_counters[i].error)
			*counter(total, link_counters[i].error) += sum.drops[i];
	}
	total->rx_errors += total->rx_crc_errors + total->rx_frame_errors;
	total->tx_errors += total->tx_carrier_errors;
}
