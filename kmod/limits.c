// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic of sequence numbers and limits. Pure: no SA, no clock.
 */
#include "ipvti.h"

/**
 * ipvti_seq_take() - take sequence numbers that nobody else has or gets
 * @seq: last number taken
 * @esn: numbers have 64 bits, else 32
 * @n: how many, at least 1
 * @first: the first of them, if they were taken
 *
 * RFC 4303 section 3.3.3: the counter must not cycle. @seq itself never passes the limit, so it
 * cannot wrap however often this is refused.
 *
 * Return: 0, or -EOVERFLOW when fewer than @n are left; nothing was taken then.
 */
int ipvti_seq_take(atomic64_t *seq, bool esn, unsigned int n, u64 *first)
{
	u64 max = esn ? U64_MAX : U32_MAX;
	s64 last = atomic64_read(seq);

	do {
		if (n > max - (u64)last)
			return -EOVERFLOW;
	} while (!atomic64_try_cmpxchg(seq, &last, last + n));

	*first = (u64)last + 1;
	return 0;
}

/**
 * ipvti_limit_check() - where usage stands against a limit
 * @used: usage with what is to be allowed now
 * @limit: limit; U64_MAX: none
 *
 * Return: %IPVTI_LIMIT_LAST when this is exactly what was left, %IPVTI_LIMIT_OVER when it is more.
 */
enum ipvti_limit_verdict ipvti_limit_check(u64 used, u64 limit)
{
	if (used < limit)
		return IPVTI_LIMIT_OK;
	return used == limit ? IPVTI_LIMIT_LAST : IPVTI_LIMIT_OVER;
}

/**
 * ipvti_limit_next() - time until the first limit in time is reached
 * @limits: soft or hard limits
 * @age: ms since the SA was installed
 * @idle: ms since it was last used
 *
 * Return: ms; 0: one is reached; U64_MAX: there is none.
 */
u64 ipvti_limit_next(const struct ipvti_limits *limits, u64 age, u64 idle)
{
	u64 next = U64_MAX, limit;

	if (limits->seconds) {
		limit = (u64)limits->seconds * MSEC_PER_SEC;
		next = limit > age ? limit - age : 0;
	}
	if (limits->idle) {
		limit = (u64)limits->idle * MSEC_PER_SEC;
		next = min(next, limit > idle ? limit - idle : 0);
	}
	return next;
}
