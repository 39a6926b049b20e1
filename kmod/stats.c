// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, per CPU, of devices, SAs and namespaces; drop reasons and their tracepoint.
 */
#include <linux/percpu.h>

#include "ipvti.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

const struct ipvti_drop_name ipvti_drop_names[] = {
#define X(id, name, help) [IPVTI_DROP_##id] = { name, help },
	IPVTI_DROPS(X)
#undef X
};

/**
 * ipvti_stats_alloc - allocate counters
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
 * ipvti_drop - count and trace a packet that is about to be dropped
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
 * ipvti_count - count inner packets that passed
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

/**
 * ipvti_stats_sum - add up the counters of all CPUs
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
		} while (u64_stats_fetch_retry(&stats->sync, start));

		for (i = 0; i < 2; i++) {
			sum->packets[i] += part.packets[i];
			sum->bytes[i] += part.bytes[i];
		}
		for (i = 0; i < __IPVTI_DROP_COUNT; i++)
			sum->drops[i] += part.drops[i];
	}
}
