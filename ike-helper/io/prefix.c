// SPDX-License-Identifier: GPL-2.0
/* Lists of prefixes. */
#include <stdio.h>
#include <string.h>

#include "../core/ids.h"
#include "prefix.h"

void prefix_text(const struct conf_prefix *p, char *buf, size_t len)
{
	struct ike_addr a = { .family = p->family };
	char ip[64];

	memcpy(a.ip, p->ip, sizeof(a.ip));
	ike_addr_text(&a, ip, sizeof(ip));
	snprintf(buf, len, "%s/%u", ip, p->len);
}

bool prefix_in(const struct conf_prefixes *list, const struct conf_prefix *p)
{
	uint32_t i;

	for (i = 0; i < list->n; i++)
		if (!memcmp(&list->v[i], p, sizeof(*p)))
			return true;
	return false;
}

void prefix_add(struct conf_prefixes *list, const struct conf_prefix *p)
{
	if (list->n < CONF_LIST_MAX && !prefix_in(list, p))
		list->v[list->n++] = *p;
}

static unsigned __int128 ip_number(const uint8_t *ip, unsigned int len)
{
	unsigned __int128 n = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		n = n << 8 | ip[i];
	return n;
}

static void number_ip(unsigned __int128 n, uint8_t *ip, unsigned int len)
{
	while (len) {
		ip[--len] = (uint8_t)n;
		n >>= 8;
	}
}

void prefix_from_range(const struct ike_ts *ts, struct conf_prefixes *list)
{
	unsigned int octets = ts->family == 4 ? 4 : 16, bits = octets * 8, host;
	unsigned __int128 first = ip_number(ts->min, octets);
	unsigned __int128 last = ip_number(ts->max, octets), size_less_1;
	struct conf_prefix p;

	while (first <= last) {
		host = 0;
		size_less_1 = 0;
		while (host < bits && !(first & ((unsigned __int128)1 << host)) &&
		       (size_less_1 << 1 | 1) <= last - first) {
			host++;
			size_less_1 = size_less_1 << 1 | 1;
		}
		memset(&p, 0, sizeof(p));
		p.family = ts->family;
		p.len = bits - host;
		number_ip(first, p.ip, octets);
		prefix_add(list, &p);
		if (last - first == size_less_1)
			return;
		first += size_less_1 + 1;
	}
}

/* The smallest prefix around a range, if it has no more addresses than those at its ends. */
static bool whole_prefix(const struct ike_ts *ts, struct ike_ts *whole)
{
	unsigned int octets = ts->family == 4 ? 4 : 16, i;
	unsigned __int128 below, above;

	*whole = *ts;
	for (i = ike_ts_prefix_len(ts); i < octets * 8; i++) {
		whole->min[i / 8] &= ~(0x80 >> (i % 8));
		whole->max[i / 8] |= 0x80 >> (i % 8);
	}
	below = ip_number(ts->min, octets) - ip_number(whole->min, octets);
	above = ip_number(whole->max, octets) - ip_number(ts->max, octets);
	return below <= 1 && above <= (ts->family == 4);
}

void prefix_from_pool(const struct conf_selectors *ranges, struct conf_prefixes *list)
{
	struct ike_ts whole;
	uint32_t i;

	for (i = 0; i < ranges->n; i++)
		prefix_from_range(whole_prefix(&ranges->v[i], &whole) ? &whole : &ranges->v[i], list);
}
