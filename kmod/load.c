// SPDX-License-Identifier: GPL-2.0
/*
 * Does one SA keep a CPU busy? Pure: no SA, no clock.
 *
 * The time that encryption or decryption took is added up in windows of 20 ms. Below two fifths of
 * a CPU, which is what it comes to when a CPU that does all the rest too is at its limit, nothing
 * is to be gained: a packet is through sooner where it is. It takes half of that, for five windows,
 * to go back, so that a flow does not go to and fro.
 */

#include "ipvti.h"

/* Of ipvti_load_clock(), which has units of 1024 ns. */
#define WINDOW		(20 * NSEC_PER_MSEC >> 10)
#define CALM_WINDOWS	5
#define PACKETS_MIN	16	/* fewer are no load, whatever held them up */
#define BUSY		410	/* of 1024 */
#define CALM		205

static void next_window(struct ipvti_load *load, u32 now, u32 elapsed)
{
	u32 share = READ_ONCE(load->busy) / elapsed, calm = 0;

	if (!READ_ONCE(load->spilling)) {
		if (share >= BUSY && READ_ONCE(load->packets) >= PACKETS_MIN)
			WRITE_ONCE(load->spilling, true);
	} else if (share < CALM) {
		calm = READ_ONCE(load->calm) + min_t(u32, elapsed / WINDOW, CALM_WINDOWS);
		if (calm >= CALM_WINDOWS)
			WRITE_ONCE(load->spilling, false);
	}
	WRITE_ONCE(load->calm, calm);
	WRITE_ONCE(load->start, now);
	WRITE_ONCE(load->busy, 0);
	WRITE_ONCE(load->packets, 0);
}

/**
 * ipvti_load_add() - note what packets of an SA have cost
 * @load: of the SA
 * @now: ipvti_load_clock()
 * @ns: time that they took
 * @packets: how many
 * @cpu: where; as long as nothing is spilled, a window looks at one CPU
 *
 * CPUs may race for it: that costs the part of one of them in a window.
 */
void ipvti_load_add(struct ipvti_load *load, u32 now, u32 ns, unsigned int packets, int cpu)
{
	u32 elapsed = now - READ_ONCE(load->start);
	u32 before = READ_ONCE(load->packets);

	if (!before)
		WRITE_ONCE(load->cpu, cpu);
	if (READ_ONCE(load->spilling) || READ_ONCE(load->cpu) == cpu) {
		WRITE_ONCE(load->busy, READ_ONCE(load->busy) + ns);
		WRITE_ONCE(load->packets, before + packets);
	}
	if (elapsed >= WINDOW)
		next_window(load, now, elapsed);
}

/**
 * ipvti_load_spilling() - is the SA too much for one CPU?
 * @load: of the SA
 * @now: ipvti_load_clock()
 *
 * Not any more when nothing was noted for so long as it takes to go back.
 */
bool ipvti_load_spilling(const struct ipvti_load *load, u32 now)
{
	return READ_ONCE(load->spilling) &&
	       now - READ_ONCE(load->start) < CALM_WINDOWS * WINDOW;
}
