/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of prefixes. */
#ifndef IPVTID_PREFIX_H
#define IPVTID_PREFIX_H

#include "config.h"

/**
 * prefix_text() - "192.168.200.0/24"
 */
void prefix_text(const struct conf_prefix *p, char *buf, size_t len);

/**
 * prefix_in() - whether a list has exactly this prefix
 */
bool prefix_in(const struct conf_prefixes *list, const struct conf_prefix *p);

/**
 * prefix_add() - add a prefix to a list that does not have it; a full list stays as it is
 */
void prefix_add(struct conf_prefixes *list, const struct conf_prefix *p);

/**
 * prefix_from_range() - add the fewest prefixes that make up the addresses of a selector
 */
void prefix_from_range(const struct ike_ts *ts, struct conf_prefixes *list);

/**
 * prefix_from_pool() - add the prefixes of a pool's ranges to a list
 * @ranges: as in the configuration
 * @list: receives as many as it has room for
 *
 * A range that lacks nothing but the ends of a prefix, which no host can have, is that prefix.
 */
void prefix_from_pool(const struct conf_selectors *ranges, struct conf_prefixes *list);

#endif
