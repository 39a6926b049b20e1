/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Anti-replay window, RFC 4303 section 3.4.3 and appendix A, for 32-bit and extended (64-bit)
 * sequence numbers.
 *
 * Pure: the bitmap belongs to the caller and so does the lock, so that selftests/host compiles
 * it as it is.
 */
#ifndef _IPVTI_REPLAY_H
#define _IPVTI_REPLAY_H

#include <linux/types.h>

#define IPVTI_REPLAY_WORD_BITS	64

enum ipvti_replay_verdict {
	IPVTI_REPLAY_OK,
	IPVTI_REPLAY_ZERO,	/* number 0 is never sent */
	IPVTI_REPLAY_OLD,	/* left of the window */
	IPVTI_REPLAY_SEEN,
};

/**
 * struct ipvti_replay - window of one inbound SA
 * @top: highest authenticated number; 0: none yet
 * @window: numbers up to @top - @window + 1 are still accepted; 0: no replay protection
 * @words: length of @bitmap, a power of two; 0 if @window is
 * @esn: numbers have 64 bits, of which the packet carries the lower half
 * @bitmap: ring of bits, number n at bit n modulo its size
 */
struct ipvti_replay {
	u64 top;
	u32 window;
	u32 words;
	bool esn;
	u64 *bitmap;
};

unsigned int ipvti_replay_words(u32 window);
void ipvti_replay_init(struct ipvti_replay *replay, u32 window, bool esn, u64 top, u64 *bitmap);
u64 ipvti_replay_number(const struct ipvti_replay *replay, u32 low);
enum ipvti_replay_verdict ipvti_replay_check(const struct ipvti_replay *replay, u64 seq);
enum ipvti_replay_verdict ipvti_replay_update(struct ipvti_replay *replay, u64 seq);

#endif /* _IPVTI_REPLAY_H */
