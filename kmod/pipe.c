// SPDX-License-Identifier: GPL-2.0
/*
 * The work of one SA on several CPUs: each has a pipe with batches to encrypt or decrypt, and
 * queues of SAs that it is to deliver from. A pipe is a NAPI instance, so that it takes turns with
 * the links of its CPU.
 *
 * Crypto that is spilled keeps its place in the order of its SA (queue.c), which alone says when it
 * leaves. What no pipe has room for is done by the CPU that has it: nothing is dropped here. A
 * batch in a pipe holds its SA and has no route; the pipe does not care for devices and namespaces.
 */

#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>

#include "ipvti.h"

/*
 * Packets that wait for one CPU: a few, so that it always has something to do, while the one that
 * has them does its part. A larger batch finds room in a pipe that is empty.
 */
#define ROOM	64
#define TRIES	4	/* pipes that are asked for room */
#define RUN	8	/* batches for one pipe in a row, inbound: packets */

/**
 * struct pipe - work of one CPU
 * @lock: protects what follows up to @active; softirq and below hard interrupts
 * @batches: to encrypt or decrypt, ipvti_batch.job
 * @orders: to deliver from
 * @packets: of @batches, and of the one that is worked on
 * @active: it will be polled, and looks at the lists after that
 * @cpu: whose it is
 * @napi: which polls it, on that CPU unless that one went offline
 * @csd: starts that from another CPU
 * @target: the CPU that the last batch of this one went to; bh off on this CPU
 * @turns: how many in a row did; the same
 */
struct pipe {
	spinlock_t lock;		/* up to active */
	struct list_head batches;
	struct list_head orders;
	unsigned int packets;
	bool active;
	int cpu;
	struct napi_struct napi;
	call_single_data_t csd;
	unsigned int target, turns;
};

static DEFINE_PER_CPU(struct pipe, pipes);
static struct net_device *dummy;

/**
 * ipvti_load_clock() - time, for ipvti_load_add()
 *
 * Context: bottom halves disabled.
 * Return: in units of 1024 ns; wraps.
 */
u32 ipvti_load_clock(void)
{
	return local_clock() >> 10;
}

/**
 * ipvti_pipe_wanted() - shall other CPUs encrypt or decrypt?
 * @sa: SA with something to do
 * @config: settings of its device
 *
 * Context: bottom halves disabled.
 */
bool ipvti_pipe_wanted(const struct ipvti_sa *sa, const struct ipvti_config *config)
{
	switch (config->parallel) {
	case IPVTI_PARALLEL_ON:
		return num_online_cpus() > 1;
	case IPVTI_PARALLEL_AUTO:
		return READ_ONCE(sa->load.spilling) && num_online_cpus() > 1 &&
		       ipvti_load_spilling(&sa->load, ipvti_load_clock());
	}
	return false;
}

/**
 * ipvti_pipe_begin() - before crypto
 * @config: settings of the device
 *
 * Context: bottom halves disabled, until ipvti_pipe_end().
 * Return: for that one.
 */
u64 ipvti_pipe_begin(const struct ipvti_config *config)
{
	return config->parallel == IPVTI_PARALLEL_AUTO ? local_clock() : 0;
}

/**
 * ipvti_pipe_end() - note how long crypto took
 * @sa: whose packets it were; may be held by them no more: RCU
 * @begin: from ipvti_pipe_begin()
 * @packets: how many
 */
void ipvti_pipe_end(struct ipvti_sa *sa, u64 begin, unsigned int packets)
{
	u64 now;

	if (!begin)
		return;
	now = local_clock();
	ipvti_load_add(&sa->load, now >> 10, now - begin, packets, smp_processor_id());
}

static void interrupt(void *data)
{
	struct pipe *pipe = data;

	napi_schedule(&pipe->napi);
}

/* Under the lock. A CPU that is offline has its NAPI instances polled by others. */
static void start(struct pipe *pipe)
{
	int err;

	if (pipe->active)
		return;
	pipe->active = true;
	if (pipe->cpu == smp_processor_id()) {
		napi_schedule(&pipe->napi);
		return;
	}
	err = smp_call_function_single_async(pipe->cpu, &pipe->csd);
	if (err && err != -EBUSY)
		napi_schedule(&pipe->napi);
}

/* Another CPU that may be disturbed; this one if there is none. */
static unsigned int next_cpu(unsigned int cpu)
{
	unsigned int tries, own = smp_processor_id();

	for (tries = num_online_cpus(); tries; tries--) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		if (cpu != own && housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN))
			return cpu;
	}
	return own;
}

static bool push(struct pipe *pipe, struct ipvti_batch *batch)
{
	bool room;

	spin_lock(&pipe->lock);
	room = !pipe->packets || pipe->packets + batch->packets <= ROOM;
	if (room) {
		ipvti_batch_leave_route(batch);
		ipvti_count_spilled(batch->sa, batch->packets);
		pipe->packets += batch->packets;
		list_add_tail(&batch->job, &pipe->batches);
		start(pipe);
	}
	spin_unlock(&pipe->lock);
	return room;
}

/**
 * ipvti_pipe_push() - let another CPU encrypt or decrypt
 * @batch: that has its place in the order; pending is set to its packets and one, inbound to one
 *
 * Context: bottom halves disabled, RCU.
 * Return: false: no CPU has room, it is still the caller's. True: it is gone.
 */
bool ipvti_pipe_push(struct ipvti_batch *batch)
{
	struct pipe *own = this_cpu_ptr(&pipes);
	unsigned int i;

	if (!ipvti_batch_hold(batch))
		return false;
	if (own->turns++ % RUN == 0 || batch->packets > RUN)
		own->target = next_cpu(own->target);
	for (i = 0; i < TRIES && own->target != own->cpu; i++) {
		if (push(per_cpu_ptr(&pipes, own->target), batch))
			return true;
		own->target = next_cpu(own->target);
	}
	return false;
}

/**
 * ipvti_pipe_deliver() - let a CPU call ipvti_order_deliver()
 * @node: of a queue that is in no pipe, and whose SA is held
 * @cpu: which
 *
 * Context: bottom halves disabled; lock of the queue.
 */
void ipvti_pipe_deliver(struct list_head *node, int cpu)
{
	struct pipe *pipe = per_cpu_ptr(&pipes, cpu);

	spin_lock(&pipe->lock);
	list_add_tail(node, &pipe->orders);
	start(pipe);
	spin_unlock(&pipe->lock);
}

/* Once for each of those that wait now. */
static void deliver_orders(struct pipe *pipe)
{
	LIST_HEAD(orders);
	LIST_HEAD(again);
	struct list_head *node;

	spin_lock(&pipe->lock);
	list_splice_init(&pipe->orders, &orders);
	spin_unlock(&pipe->lock);
	while (!list_empty(&orders)) {
		node = orders.next;
		list_del(node);
		if (ipvti_order_deliver(node))
			list_add_tail(node, &again);
	}
	spin_lock(&pipe->lock);
	list_splice_tail(&again, &pipe->orders);
	spin_unlock(&pipe->lock);
}

/* The next batch; @packets were those of the last one. */
static struct ipvti_batch *next_batch(struct pipe *pipe, unsigned int packets)
{
	struct ipvti_batch *batch;

	spin_lock(&pipe->lock);
	pipe->packets -= packets;
	batch = list_first_entry_or_null(&pipe->batches, struct ipvti_batch, job);
	if (batch)
		list_del(&batch->job);
	spin_unlock(&pipe->lock);
	return batch;
}

static unsigned int work(struct pipe *pipe, unsigned int budget)
{
	unsigned int done = 0, packets = 0;
	struct ipvti_batch *batch;

	while ((batch = next_batch(pipe, packets))) {
		packets = batch->packets;
		if (batch->sa->dir == IPVTI_SA_OUT)
			ipvti_send_seal(batch);
		else
			ipvti_receive_open(batch);
		done += packets;
		if (done >= budget) {
			spin_lock(&pipe->lock);
			pipe->packets -= packets;
			spin_unlock(&pipe->lock);
			break;
		}
	}
	return done;
}

/* Is there nothing left? Who comes after that starts it again. */
static bool stop(struct pipe *pipe)
{
	bool idle;

	spin_lock(&pipe->lock);
	idle = list_empty(&pipe->batches) && list_empty(&pipe->orders);
	pipe->active = !idle;
	spin_unlock(&pipe->lock);
	return idle;
}

static int poll(struct napi_struct *napi, int budget)
{
	struct pipe *pipe = container_of(napi, struct pipe, napi);
	unsigned int done;

	if (!budget)
		return 0;
	rcu_read_lock();
	deliver_orders(pipe);
	done = work(pipe, budget);
	rcu_read_unlock();
	if (done >= budget || !stop(pipe))
		return budget;
	napi_complete_done(napi, done);
	return done;
}

/**
 * ipvti_pipe_init() - make the pipes
 *
 * Context: module init, before there are devices.
 */
int ipvti_pipe_init(void)
{
	struct pipe *pipe;
	int cpu;

	dummy = ipvti_compat_alloc_dummy();
	if (!dummy)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		pipe = per_cpu_ptr(&pipes, cpu);
		spin_lock_init(&pipe->lock);
		INIT_LIST_HEAD(&pipe->batches);
		INIT_LIST_HEAD(&pipe->orders);
		pipe->cpu = cpu;
		pipe->target = cpu;
		INIT_CSD(&pipe->csd, interrupt, pipe);
		set_bit(NAPI_STATE_NO_BUSY_POLL, &pipe->napi.state);
		netif_napi_add(dummy, &pipe->napi, poll);
		napi_enable(&pipe->napi);
	}
	return 0;
}

static void nothing(void *unused)
{
}

/**
 * ipvti_pipe_exit() - the reverse
 *
 * Context: module exit, no device is left. Calls of other CPUs that are under way end before, and
 * polls before napi_disable() returns.
 */
void ipvti_pipe_exit(void)
{
	struct pipe *pipe;
	int cpu;

	on_each_cpu(nothing, NULL, 1);
	for_each_possible_cpu(cpu) {
		pipe = per_cpu_ptr(&pipes, cpu);
		napi_disable(&pipe->napi);
		__netif_napi_del(&pipe->napi);
	}
	synchronize_net();
	ipvti_compat_free_dummy(dummy);
}
