// SPDX-License-Identifier: GPL-2.0
/*
 * The order of the packets of one SA.
 *
 * Outbound, several CPUs encrypt packets of one SA at a time, and an engine may finish them in any
 * order, while the peer's replay window wants them in the order of their sequence numbers. So
 * numbers and a place in the queue are taken together, encryption runs outside the lock, and
 * whoever completes the head sends it and what is ready behind it. Inbound, packets enter in the
 * order of arrival, but only while something is in flight: crypto that completes at once finds the
 * queue idle and does without it.
 *
 * One CPU at a time is the home of an SA and does that for all, since what leaves from two CPUs
 * does not stay in order for long: links without hardware, and GRO, have a queue for each. Inbound
 * it is the CPU that packets arrive on, outbound the one that sends. It stays so until all that it
 * has passed on must be through. Who completes the head of the queue elsewhere tells the home
 * (pipe.c).
 *
 * A batch that waits here is covered by the one at the head: that one is either being worked on
 * inside an RCU section, or it is in flight or on a pipe, or the home was told of it; these hold
 * the SA.
 */

#include <linux/slab.h>

#include "ipvti.h"

#define ORDER_MAX	4096	/* packets that may wait */
#define DRAIN_MAX	512	/* packets delivered before the CPU may do something else */
#define HOME_NONE	(-1)
#define HOME_PAUSE	HZ	/* without a packet, after which any CPU may be the home */
/*
 * When others want to send, and the home does not: polls from that on where the queue that links
 * without hardware put packets in is empty, until they are through decryption and GRO at the other
 * end too, if that is in this kernel.
 */
#define SETTLE_POLLS	4

/**
 * struct ipvti_order - queue of one SA
 * @lock: protects all of this, and ready of the batches; softirq, short
 * @sa: whose it is
 * @batches: in order
 * @count: packets of @batches, and of the one being delivered
 * @home: CPU that delivers
 * @passed: jiffies when it did last
 * @draining: somebody is delivering
 * @told: the home was told, or will look again, and holds the SA for that
 * @others: another CPU has something to deliver, and the home had nothing since
 * @settle: polls until the home may go, see SETTLE_POLLS
 * @node: in the list of its pipe, if @told; protected by that one's lock
 */
struct ipvti_order {
	spinlock_t lock;		/* all below */
	struct ipvti_sa *sa;
	struct list_head batches;
	unsigned int count;
	int home;
	unsigned long passed;
	bool draining, told, others;
	unsigned int settle;
	struct list_head node;
};

/**
 * ipvti_order_init() - give an SA its queue
 * @sa: SA
 */
int ipvti_order_init(struct ipvti_sa *sa)
{
	struct ipvti_order *order = kzalloc(sizeof(*order), GFP_KERNEL);

	if (!order)
		return -ENOMEM;
	spin_lock_init(&order->lock);
	INIT_LIST_HEAD(&order->batches);
	order->sa = sa;
	order->home = HOME_NONE;
	sa->queue = order;
	return 0;
}

/**
 * ipvti_order_free() - take the queue away again
 * @sa: SA that no packet uses any more; idempotent
 */
void ipvti_order_free(struct ipvti_sa *sa)
{
	WARN_ON_ONCE(sa->queue && !list_empty(&sa->queue->batches));
	kfree(sa->queue);
	sa->queue = NULL;
}

/**
 * ipvti_batch_init() - make an empty batch
 * @op: operation that carries it; it becomes one of its own batch
 * @sa: SA, on which the batch holds a reference if that is async
 */
void ipvti_batch_init(struct ipvti_op *op, struct ipvti_sa *sa)
{
	struct ipvti_batch *batch = &op->own;

	op->batch = batch;
	batch->sa = sa;
	batch->head = NULL;
	batch->tail = &batch->head;
	batch->dst = NULL;
	batch->packets = 1;
	batch->ready = false;
	batch->held = sa->async;
	batch->depth = 0;
}

/**
 * ipvti_batch_hold() - let a batch hold its SA
 * @batch: that is about to leave the RCU section
 *
 * Context: RCU.
 * Return: false when the SA is expired or deleted.
 */
bool ipvti_batch_hold(struct ipvti_batch *batch)
{
	if (!batch->held)
		batch->held = ipvti_sa_hold(batch->sa);
	return batch->held;
}

/**
 * ipvti_batch_free() - give back a batch and its operation
 * @batch: without packets, not queued
 */
void ipvti_batch_free(struct ipvti_batch *batch)
{
	struct ipvti_sa *sa = batch->held ? batch->sa : NULL;

	dst_release(batch->dst);
	ipvti_op_free(container_of(batch, struct ipvti_op, own));
	if (sa)
		ipvti_sa_put(sa);
}

/**
 * ipvti_batch_leave_route() - give back the outer route of a batch
 * @batch: that is not sent inside the RCU section that found its route
 *
 * A route must not outlive its namespace, and may be stale by the time of sending.
 */
void ipvti_batch_leave_route(struct ipvti_batch *batch)
{
	dst_release(batch->dst);
	batch->dst = NULL;
}

static void append(struct ipvti_order *order, struct ipvti_batch *batch)
{
	list_add_tail(&batch->node, &order->batches);
	WRITE_ONCE(order->count, order->count + batch->packets);
}

/* Somebody sends on this CPU: be the home if there is none, or not for long. */
static void settle_here(struct ipvti_order *order)
{
	int cpu = smp_processor_id();

	if (order->home == cpu)
		order->others = false;
	else if (!order->count && (order->home == HOME_NONE ||
				   time_after(jiffies, order->passed + HOME_PAUSE)))
		order->home = cpu;
}

/**
 * ipvti_order_reserve() - take sequence numbers and the place they stand for
 * @batch: of an outbound SA
 * @n: how many
 * @first: the first of them
 *
 * Context: softirq.
 * Return: 0, -ENOBUFS if too many wait, or what ipvti_sa_take_seq() says.
 */
int ipvti_order_reserve(struct ipvti_batch *batch, unsigned int n, u64 *first)
{
	struct ipvti_order *order = batch->sa->queue;
	int err = -ENOBUFS;

	spin_lock(&order->lock);
	if (order->count < ORDER_MAX)
		err = ipvti_sa_take_seq(batch->sa, n, first);
	if (!err) {
		settle_here(order);
		batch->packets = n;
		append(order, batch);
	}
	spin_unlock(&order->lock);
	return err;
}

/**
 * ipvti_order_room() - may another packet enter?
 * @sa: inbound SA
 */
bool ipvti_order_room(const struct ipvti_sa *sa)
{
	return READ_ONCE(sa->queue->count) < ORDER_MAX;
}

/**
 * ipvti_order_idle() - is nothing in flight, so that a packet may pass by?
 * @sa: inbound SA
 */
bool ipvti_order_idle(const struct ipvti_sa *sa)
{
	return !READ_ONCE(sa->queue->count);
}

/**
 * ipvti_order_enter() - take the place after those who arrived before
 * @batch: of an inbound SA
 *
 * Context: softirq.
 */
void ipvti_order_enter(struct ipvti_batch *batch)
{
	struct ipvti_order *order = batch->sa->queue;

	spin_lock(&order->lock);
	if (!order->count)
		order->home = smp_processor_id();
	append(order, batch);
	spin_unlock(&order->lock);
}

static struct ipvti_batch *ready_head(struct ipvti_order *order)
{
	struct ipvti_batch *batch;

	batch = list_first_entry_or_null(&order->batches, struct ipvti_batch, node);
	return batch && batch->ready ? batch : NULL;
}

static void deliver(struct ipvti_batch *batch)
{
	if (batch->sa->dir == IPVTI_SA_OUT)
		ipvti_output_batch(batch);
	else
		ipvti_deliver(batch);
}

/* Under the lock. False: the SA is going, and the home cannot be told. */
static bool tell_home(struct ipvti_order *order)
{
	if (order->told)
		return true;
	if (!ipvti_sa_hold(order->sa))
		return false;
	order->told = true;
	ipvti_pipe_deliver(&order->node, order->home);
	return true;
}

/* Under the lock: is there something to deliver, and by this CPU? */
static bool is_mine(struct ipvti_order *order)
{
	if (order->draining || !ready_head(order))
		return false;
	if (order->home == smp_processor_id())
		return true;
	order->others = true;
	return !tell_home(order);
}

/*
 * Under the lock, which is left for each batch. The last batch may take the last reference along:
 * the RCU section keeps the queue.
 */
static void drain(struct ipvti_order *order)
{
	unsigned int packets, total = 0;
	struct ipvti_batch *head;

	order->draining = true;
	while ((head = ready_head(order))) {
		if (total >= DRAIN_MAX && tell_home(order))
			break;
		list_del(&head->node);
		packets = head->packets;
		spin_unlock(&order->lock);
		deliver(head);
		spin_lock(&order->lock);
		WRITE_ONCE(order->count, order->count - packets);
		total += packets;
	}
	order->passed = jiffies;
	order->settle = SETTLE_POLLS;
	order->draining = false;
}

static void ready(struct ipvti_batch *batch)
{
	struct ipvti_order *order = batch->sa->queue;
	bool mine;

	spin_lock(&order->lock);
	batch->ready = true;
	mine = is_mine(order);
	if (!mine || ready_head(order) != batch)
		ipvti_batch_leave_route(batch);
	if (mine)
		drain(order);
	spin_unlock(&order->lock);
}

/**
 * ipvti_batch_done() - packets of a batch are through crypto, or all are submitted
 * @batch: whose pending was set to the packets and one; gone after the last of them
 * @n: how many of these are done
 *
 * Context: bottom halves disabled, RCU read lock held.
 */
void ipvti_batch_done(struct ipvti_batch *batch, unsigned int n)
{
	if (atomic_sub_and_test(n, &batch->pending))
		ready(batch);
}

/* Another CPU sends and the home does not: let it go as soon as all it sent is through. */
static bool settles(struct ipvti_order *order)
{
	if (order->sa->dir != IPVTI_SA_OUT || !order->others || order->count)
		return false;
	if (!ipvti_compat_backlog_empty())
		order->settle = SETTLE_POLLS;
	if (order->settle) {
		order->settle--;
		return true;
	}
	order->home = HOME_NONE;
	order->others = false;
	return false;
}

/**
 * ipvti_order_deliver() - deliver what is ready, as the home
 * @node: as given to ipvti_pipe_deliver()
 *
 * Context: NAPI, RCU.
 * Return: true to be called again in the next poll; false: the queue may be gone.
 */
bool ipvti_order_deliver(struct list_head *node)
{
	struct ipvti_order *order = container_of(node, struct ipvti_order, node);
	struct ipvti_sa *sa = order->sa;
	bool again;

	spin_lock(&order->lock);
	if (!order->draining && ready_head(order))
		drain(order);
	again = ready_head(order) || settles(order);
	order->told = again;
	spin_unlock(&order->lock);
	if (!again)
		ipvti_sa_put(sa);
	return again;
}
