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
 * A batch that waits here is covered by the one at the head: that one is either being worked on
 * inside an RCU section, or is in flight and holds the SA.
 */

#include <linux/slab.h>

#include "ipvti.h"

#define ORDER_MAX	512	/* batches that may wait */

/**
 * struct ipvti_order - queue of one SA
 * @lock: protects all of this, and ready of the batches; softirq, short
 * @batches: in order
 * @count: of @batches, and the one being delivered
 * @draining: somebody is delivering
 */
struct ipvti_order {
	spinlock_t lock;		/* all below */
	struct list_head batches;
	unsigned int count;
	bool draining;
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
	batch->ready = false;
	batch->held = sa->async;
	batch->depth = 0;
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
		list_add_tail(&batch->node, &order->batches);
		WRITE_ONCE(order->count, order->count + 1);
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
	list_add_tail(&batch->node, &order->batches);
	WRITE_ONCE(order->count, order->count + 1);
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

/* The last batch may take the last reference along: the RCU section keeps the queue. */
static void ready(struct ipvti_batch *batch)
{
	struct ipvti_order *order = batch->sa->queue;
	struct ipvti_batch *head;

	spin_lock(&order->lock);
	batch->ready = true;
	if (order->draining || ready_head(order) != batch)
		ipvti_batch_leave_route(batch);
	if (order->draining)
		goto unlock;
	order->draining = true;
	while ((head = ready_head(order))) {
		list_del(&head->node);
		spin_unlock(&order->lock);
		deliver(head);
		spin_lock(&order->lock);
		WRITE_ONCE(order->count, order->count - 1);
	}
	order->draining = false;
unlock:
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
