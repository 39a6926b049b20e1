// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that packets are encrypted and decrypted in: parts of pages, as drivers have it, so that
 * GRO can merge them. The pages go round: one whose packets are all gone is used again, and the
 * kernel need not find and clear a new one for every few packets.
 */

#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "ipvti.h"

#define FRAG_MIN	1024	/* smaller ones would keep too much memory in use */
#define BLOCK_ORDER	get_order(32768)
#define BLOCK_BYTES	(PAGE_SIZE << BLOCK_ORDER)
#define BLOCKS		8

/**
 * struct ring - blocks of pages of one CPU; bh off
 * @block: each with a reference of the ring, and one for every part in use; NULL at first
 * @at: the one that parts are taken from
 * @used: bytes of it that were
 */
struct ring {
	struct page *block[BLOCKS];
	unsigned int at, used;
};

static DEFINE_PER_CPU(struct ring, rings);

static bool next_block(struct ring *ring)
{
	unsigned int at = (ring->at + 1) % BLOCKS;
	struct page *fresh;

	if (!ring->block[at] || page_ref_count(ring->block[at]) != 1) {
		fresh = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY |
				    __GFP_NOMEMALLOC, BLOCK_ORDER);
		if (!fresh)
			return false;
		if (ring->block[at])
			put_page(ring->block[at]);
		ring->block[at] = fresh;
	}
	ring->at = at;
	ring->used = 0;
	return true;
}

static void *take_part(unsigned int size)
{
	struct ring *ring = this_cpu_ptr(&rings);
	struct page *block;
	void *part;

	if ((!ring->block[ring->at] || ring->used + size > BLOCK_BYTES) && !next_block(ring))
		return NULL;
	block = ring->block[ring->at];
	part = page_address(block) + ring->used;
	ring->used += size;
	get_page(block);
	return part;
}

static struct sk_buff *part_skb(unsigned int size)
{
	void *part = take_part(size);
	struct sk_buff *skb;

	if (!part)
		return NULL;
	skb = napi_build_skb(part, size);
	if (!skb)
		skb_free_frag(part);
	return skb;
}

/**
 * ipvti_buffer() - a packet in memory of its own
 * @head: bytes to keep free before the packet
 * @len: of the packet
 * @tail: bytes to keep free behind it
 *
 * Context: bottom halves disabled.
 * Return: packet of @len bytes that are not initialised, or NULL.
 */
struct sk_buff *ipvti_buffer(unsigned int head, unsigned int len, unsigned int tail)
{
	unsigned int size = SKB_DATA_ALIGN(head + len + tail) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	struct sk_buff *skb = NULL;

	if (size >= FRAG_MIN && size <= PAGE_SIZE)
		skb = part_skb(size);
	if (!skb)
		skb = alloc_skb(head + len + tail, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, head);
	__skb_put(skb, len);
	return skb;
}

/**
 * ipvti_buffer_exit() - let go of all blocks
 *
 * Context: module exit, after the last packet.
 */
void ipvti_buffer_exit(void)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu)
		for (i = 0; i < BLOCKS; i++)
			if (per_cpu(rings, cpu).block[i])
				put_page(per_cpu(rings, cpu).block[i]);
}
