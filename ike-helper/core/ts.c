// SPDX-License-Identifier: GPL-2.0
/* Traffic selectors (RFC 7296 sections 2.9 and 3.13). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ids.h"

enum {
	TS_IPV4_ADDR_RANGE = 7,
	TS_IPV6_ADDR_RANGE = 8,
	TS_HEADER_LEN = 8,
};

static size_t ts_addr_size(const struct ike_ts *ts)
{
	return ts->family == 4 ? 4 : 16;
}

void ike_ts_put(struct ike_writer *w, const struct ike_ts *ts, size_t n)
{
	size_t i;

	ike_put_u32(w, (uint32_t)n << 24);
	for (i = 0; i < n; i++) {
		ike_put_u8(w, ts[i].family == 4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
		ike_put_u8(w, ts[i].proto);
		ike_put_u16(w, TS_HEADER_LEN + 2 * ts_addr_size(&ts[i]));
		ike_put_u16(w, ts[i].port_min);
		ike_put_u16(w, ts[i].port_max);
		ike_put(w, ts[i].min, ts_addr_size(&ts[i]));
		ike_put(w, ts[i].max, ts_addr_size(&ts[i]));
	}
}

static bool get_selector(struct ike_reader *r, struct ike_ts *ts, bool *known)
{
	uint8_t type = ike_get_u8(r);
	struct ike_reader sel;
	const uint8_t *body;
	uint16_t len;

	memset(ts, 0, sizeof(*ts));
	ts->proto = ike_get_u8(r);
	len = ike_get_u16(r);
	if (r->bad || len < 4)
		return false;
	body = ike_get(r, len - 4);
	if (!body)
		return false;
	*known = type == TS_IPV4_ADDR_RANGE || type == TS_IPV6_ADDR_RANGE;
	if (!*known)
		return true;
	ts->family = type == TS_IPV4_ADDR_RANGE ? 4 : 6;
	if (len != TS_HEADER_LEN + 2 * ts_addr_size(ts))
		return false;
	sel = ike_reader_init(body, len - 4);
	ts->port_min = ike_get_u16(&sel);
	ts->port_max = ike_get_u16(&sel);
	memcpy(ts->min, ike_get(&sel, ts_addr_size(ts)), ts_addr_size(ts));
	memcpy(ts->max, ike_get(&sel, ts_addr_size(ts)), ts_addr_size(ts));
	*known = memcmp(ts->min, ts->max, ts_addr_size(ts)) <= 0;
	return true;
}

bool ike_ts_get(struct ike_chunk body, struct ike_ts *ts, uint8_t *n)
{
	struct ike_reader r = ike_reader_init(body.data, body.len);
	uint8_t count = ike_get_u8(&r);
	struct ike_ts one;
	bool known;

	*n = 0;
	ike_get(&r, 3);
	if (r.bad || !count)
		return false;
	while (count--) {
		if (!get_selector(&r, &one, &known))
			return false;
		if (known && *n < IKE_MAX_TS)
			ts[(*n)++] = one;
	}
	return !r.left;
}

static bool ts_equal(const struct ike_ts *a, const struct ike_ts *b)
{
	return a->family == b->family && a->proto == b->proto && a->port_min == b->port_min &&
	       a->port_max == b->port_max && !memcmp(a->min, b->min, ts_addr_size(a)) &&
	       !memcmp(a->max, b->max, ts_addr_size(a));
}

static bool ts_inside(const struct ike_ts *a, const struct ike_ts *b)
{
	return a->family == b->family && (!b->proto || a->proto == b->proto) &&
	       a->port_min >= b->port_min && a->port_max <= b->port_max &&
	       memcmp(a->min, b->min, ts_addr_size(a)) >= 0 &&
	       memcmp(a->max, b->max, ts_addr_size(a)) <= 0;
}

static bool all_in(const struct ike_ts *a, size_t na, const struct ike_ts *b, size_t nb,
		   bool (*rel)(const struct ike_ts *, const struct ike_ts *))
{
	size_t i;
	size_t j;

	for (i = 0; i < na; i++) {
		for (j = 0; j < nb && !rel(&a[i], &b[j]); j++)
			;
		if (j == nb)
			return false;
	}
	return true;
}

uint8_t ike_ts_prefix_len(const struct ike_ts *ts)
{
	uint8_t bits = ts->family == 4 ? 32 : 128, i = 0;

	while (i < bits && !((ts->min[i / 8] ^ ts->max[i / 8]) & (0x80 >> (i % 8))))
		i++;
	return i;
}

bool ike_ts_same(const struct ike_ts *a, size_t na, const struct ike_ts *b, size_t nb)
{
	return all_in(a, na, b, nb, ts_equal) && all_in(b, nb, a, na, ts_equal);
}

bool ike_ts_within(const struct ike_ts *a, size_t na, const struct ike_ts *b, size_t nb)
{
	return all_in(a, na, b, nb, ts_inside);
}

static bool intersect(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *out)
{
	size_t len = ts_addr_size(a);

	if (a->family != b->family || (a->proto && b->proto && a->proto != b->proto))
		return false;
	*out = *a;
	out->proto = a->proto ? a->proto : b->proto;
	if (b->port_min > out->port_min)
		out->port_min = b->port_min;
	if (b->port_max < out->port_max)
		out->port_max = b->port_max;
	if (memcmp(b->min, out->min, len) > 0)
		memcpy(out->min, b->min, len);
	if (memcmp(b->max, out->max, len) < 0)
		memcpy(out->max, b->max, len);
	/* OPAQUE (65535 to 0) is the one range whose ends are swapped. */
	if (a->port_min > a->port_max || b->port_min > b->port_max)
		return ts_equal(a, b);
	return out->port_min <= out->port_max && memcmp(out->min, out->max, len) <= 0;
}

size_t ike_ts_narrow(const struct ike_ts *offered, size_t n_offered, const struct ike_ts *wanted,
		     size_t n_wanted, struct ike_ts *out)
{
	struct ike_ts one;
	size_t n = 0;
	size_t i;
	size_t j;
	size_t k;

	for (i = 0; i < n_wanted; i++) {
		for (j = 0; j < n_offered && n < IKE_MAX_TS; j++) {
			if (!intersect(&offered[j], &wanted[i], &one))
				continue;
			for (k = 0; k < n && !ts_inside(&one, &out[k]); k++)
				;
			if (k == n)
				out[n++] = one;
		}
	}
	return n;
}

static bool set_prefix(struct ike_ts *ts, unsigned long bits)
{
	size_t len = ts_addr_size(ts);
	size_t i;

	if (bits > len * 8)
		return false;
	memcpy(ts->max, ts->min, len);
	for (i = 0; i < len; i++) {
		uint8_t mask = bits >= 8 * (i + 1) ? 0xff :
			       bits <= 8 * i ? 0 : 0xff << (8 - (bits - 8 * i));

		ts->min[i] &= mask;
		ts->max[i] |= (uint8_t)~mask;
	}
	return true;
}

static bool number(const char *text, unsigned long max, unsigned long *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*v = strtoul(text, &end, 10);
	return !*end && *v <= max;
}

/* "PROTO[/PORT[-PORT]]" */
static bool parse_proto(char *text, struct ike_ts *ts)
{
	char *port = strchr(text, '/');
	char *to;
	unsigned long v;

	if (port)
		*port++ = '\0';
	if (!number(text, 255, &v))
		return false;
	ts->proto = v;
	if (!port)
		return true;
	to = strchr(port, '-');
	if (to)
		*to++ = '\0';
	if (!number(port, 65535, &v))
		return false;
	ts->port_min = v;
	if (!number(to ? to : port, 65535, &v))
		return false;
	ts->port_max = v;
	return ts->port_min <= ts->port_max;
}

static bool parse_range(char *text, struct ike_ts *ts)
{
	char *prefix = strchr(text, '/');
	char *to = strchr(text, '-');
	struct ike_addr a;
	unsigned long bits;

	if (prefix)
		*prefix++ = '\0';
	if (to)
		*to++ = '\0';
	if ((prefix && to) || !ike_addr_parse(text, &a))
		return false;
	ts->family = a.family;
	memcpy(ts->min, a.ip, sizeof(ts->min));
	if (prefix)
		return number(prefix, 128, &bits) && set_prefix(ts, bits);
	if (to && (!ike_addr_parse(to, &a) || a.family != ts->family))
		return false;
	memcpy(ts->max, a.ip, sizeof(ts->max));
	return memcmp(ts->min, ts->max, sizeof(ts->min)) <= 0;
}

bool ike_ts_parse(const char *text, struct ike_ts *ts)
{
	char copy[128];
	char *proto;
	size_t len = strlen(text);

	memset(ts, 0, sizeof(*ts));
	ts->port_max = 65535;
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len + 1);
	proto = strchr(copy, '[');
	if (proto) {
		if (copy[len - 1] != ']')
			return false;
		copy[len - 1] = '\0';
		*proto++ = '\0';
	}
	return (!proto || parse_proto(proto, ts)) && parse_range(copy, ts);
}

/* Prefix length if the range is one, -1 otherwise. */
static int prefix_bits(const struct ike_ts *ts)
{
	struct ike_ts try;
	int bits;

	for (bits = ts_addr_size(ts) * 8; bits >= 0; bits--) {
		try = *ts;
		set_prefix(&try, bits);
		if (!memcmp(try.min, ts->min, ts_addr_size(ts)) &&
		    !memcmp(try.max, ts->max, ts_addr_size(ts)))
			return bits;
	}
	return -1;
}

void ike_ts_text(const struct ike_ts *ts, char *buf, size_t len)
{
	struct ike_addr a = { .family = ts->family };
	char min[64];
	char max[64];
	char proto[32] = "";
	int bits = prefix_bits(ts);

	memcpy(a.ip, ts->min, sizeof(a.ip));
	ike_addr_text(&a, min, sizeof(min));
	memcpy(a.ip, ts->max, sizeof(a.ip));
	ike_addr_text(&a, max, sizeof(max));
	if (ts->port_min || ts->port_max != 65535)
		snprintf(proto, sizeof(proto), "[%u/%u-%u]", ts->proto, ts->port_min, ts->port_max);
	else if (ts->proto)
		snprintf(proto, sizeof(proto), "[%u]", ts->proto);
	if (bits >= 0)
		snprintf(buf, len, "%s/%d%s", min, bits, proto);
	else
		snprintf(buf, len, "%s-%s%s", min, max, proto);
}

void ike_ts_list_text(const struct ike_ts *ts, size_t n, char *buf, size_t len)
{
	char one[192];
	size_t used = 0;
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < n; i++) {
		ike_ts_text(&ts[i], one, sizeof(one));
		if (used + strlen(one) + 3 > len)
			return;
		used += snprintf(buf + used, len - used, "%s%s", i ? ", " : "", one);
	}
}
