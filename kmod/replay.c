// SPDX-License-Identifier: GPL-2.0
/* Anti-replay window, see replay.h. */

#include <linux/compiler.h>

#include "replay.h"

/**
 * ipvti_replay_words() - length of the bitmap that a window needs
 * @window: in packets
 *
 * One word more than the window has, so that whole words are cleared when the window moves on.
 *
 * Return: 64-bit words, a power of two; 0 for window 0.
 */
unsigned int ipvti_replay_words(u32 window)
{
	unsigned int need = (window + IPVTI_REPLAY_WORD_BITS - 1) / IPVTI_REPLAY_WORD_BITS + 1;
	unsigned int words = 1;

	if (!window)
		return 0;
	while (words < need)
		words <<= 1;
	return words;
}

/**
 * ipvti_replay_init() - start a window
 * @replay: to initialise
 * @window: in packets, 0: off
 * @esn: extended sequence numbers
 * @top: highest number that counts as seen, 0 for a new SA; everything up to it is refused
 * @bitmap: ipvti_replay_words(@window) words, overwritten
 */
void ipvti_replay_init(struct ipvti_replay *replay, u32 window, bool esn, u64 top, u64 *bitmap)
{
	unsigned int i;

	replay->top = top;
	replay->window = window;
	replay->words = ipvti_replay_words(window);
	replay->esn = esn;
	replay->bitmap = bitmap;
	for (i = 0; i < replay->words; i++)
		bitmap[i] = top ? ~0ULL : 0;
	/* Bits right of the top are cleared when the window gets there, except in its own word. */
	if (replay->words)
		bitmap[(top / IPVTI_REPLAY_WORD_BITS) & (replay->words - 1)] =
			~0ULL >> (IPVTI_REPLAY_WORD_BITS - 1 - top % IPVTI_REPLAY_WORD_BITS);
}

/**
 * ipvti_replay_number() - the whole sequence number of a packet
 * @replay: window
 * @low: what the packet carries
 *
 * Of the numbers with these lower bits, the one nearest to the top: what appendix A2.2 infers,
 * but without its asymmetry, so that an old packet is an old one and not one that fails to
 * authenticate in a subspace it was never sent in. It needs no lock: a top that moves meanwhile
 * changes the result only for packets 2^31 away from it.
 */
u64 ipvti_replay_number(const struct ipvti_replay *replay, u32 low)
{
	u64 top = READ_ONCE(replay->top);
	s64 distance;

	if (!replay->esn)
		return low;
	distance = (s32)(low - (u32)top);
	if (distance < 0 && top < (u64)-distance)
		return low;	/* there is no subspace before the first */
	return top + distance;
}

/**
 * ipvti_replay_check() - may this number be accepted?
 * @replay: window; without lock the answer is only a hint that saves decryption
 * @seq: from ipvti_replay_number()
 */
enum ipvti_replay_verdict ipvti_replay_check(const struct ipvti_replay *replay, u64 seq)
{
	u64 top = READ_ONCE(replay->top);
	u64 word;

	if (!replay->window)
		return IPVTI_REPLAY_OK;
	if (!seq)
		return IPVTI_REPLAY_ZERO;
	if (seq > top)
		return IPVTI_REPLAY_OK;
	if (top - seq >= replay->window)
		return IPVTI_REPLAY_OLD;
	word = READ_ONCE(replay->bitmap[(seq / IPVTI_REPLAY_WORD_BITS) & (replay->words - 1)]);
	return word >> (seq % IPVTI_REPLAY_WORD_BITS) & 1 ? IPVTI_REPLAY_SEEN : IPVTI_REPLAY_OK;
}

/* The window moves right to @seq: forget what the ring held of the words it enters. */
static void replay_advance(struct ipvti_replay *replay, u64 seq)
{
	u64 from = replay->top / IPVTI_REPLAY_WORD_BITS;
	u64 steps = seq / IPVTI_REPLAY_WORD_BITS - from;
	u64 i;

	if (steps > replay->words)
		steps = replay->words;
	for (i = 1; i <= steps; i++)
		WRITE_ONCE(replay->bitmap[(from + i) & (replay->words - 1)], 0);
	WRITE_ONCE(replay->top, seq);
}

/**
 * ipvti_replay_update() - check again and mark as seen, after authentication
 * @replay: window; the caller holds its lock
 * @seq: of a packet that has authenticated
 */
enum ipvti_replay_verdict ipvti_replay_update(struct ipvti_replay *replay, u64 seq)
{
	enum ipvti_replay_verdict verdict = ipvti_replay_check(replay, seq);
	u64 *word;

	if (verdict != IPVTI_REPLAY_OK)
		return verdict;
	if (!replay->window) {
		if (seq > replay->top)
			WRITE_ONCE(replay->top, seq);
		return IPVTI_REPLAY_OK;
	}
	if (seq > replay->top)
		replay_advance(replay, seq);
	word = &replay->bitmap[(seq / IPVTI_REPLAY_WORD_BITS) & (replay->words - 1)];
	WRITE_ONCE(*word, *word | 1ULL << (seq % IPVTI_REPLAY_WORD_BITS));
	return IPVTI_REPLAY_OK;
}
