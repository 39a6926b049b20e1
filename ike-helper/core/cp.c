// SPDX-License-Identifier: GPL-2.0
/* Configuration payloads (RFC 7296 section 3.15). */
#include <stdio.h>
#include <string.h>

#include "cp.h"
#include "ids.h"

#define ATTR_TYPE_MASK 0x7fff	/* the bit in front is reserved */

enum kind {
	KIND_ADDRESS,
	KIND_DNS,
	KIND_SUBNET,
};

/* Attributes we know, in the order in which they are sent. */
static const struct attr {
	uint16_t type;
	enum kind kind;
	uint8_t family;
	uint8_t len;	/* of the value, if there is one */
} attrs[] = {
	{ 1, KIND_ADDRESS, 4, 4 },	/* INTERNAL_IP4_ADDRESS */
	{ 8, KIND_ADDRESS, 6, 17 },	/* INTERNAL_IP6_ADDRESS, with a prefix length */
	{ 3, KIND_DNS, 4, 4 },		/* INTERNAL_IP4_DNS */
	{ 10, KIND_DNS, 6, 16 },	/* INTERNAL_IP6_DNS */
	{ 13, KIND_SUBNET, 4, 8 },	/* INTERNAL_IP4_SUBNET, with a netmask */
	{ 15, KIND_SUBNET, 6, 17 },	/* INTERNAL_IP6_SUBNET, with a prefix length */
};

#define N_ATTRS (sizeof(attrs) / sizeof(attrs[0]))
#define MAX_BITS 128

const struct ike_addr *ike_cp_addr(const struct ike_assigned *a, uint8_t family)
{
	size_t i;

	for (i = 0; i < a->n_addrs; i++)
		if (a->addr[i].family == family)
			return &a->addr[i];
	return NULL;
}

bool ike_cp_addr_any(const struct ike_addr *a)
{
	static const uint8_t zero[sizeof(a->ip)];

	return !memcmp(a->ip, zero, sizeof(zero));
}

bool ike_cp_addr_usable(const struct ike_addr *a)
{
	static const uint8_t loopback[sizeof(a->ip)] = { [15] = 1 };

	if (a->family == 4)
		return a->ip[0] && a->ip[0] != 127 && a->ip[0] < 224;
	return a->family == 6 && !ike_cp_addr_any(a) && a->ip[0] != 0xff &&
	       memcmp(a->ip, loopback, sizeof(loopback));
}

void ike_cp_addrs_text(const struct ike_addr *addr, size_t n, char *buf, size_t len)
{
	size_t used = 0;
	char one[64];
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < n; i++) {
		if (ike_cp_addr_any(&addr[i]))
			snprintf(one, sizeof(one), "any IPv%u", addr[i].family);
		else
			ike_addr_text(&addr[i], one, sizeof(one));
		if (used + strlen(one) + 3 > len)
			return;
		used += snprintf(buf + used, len - used, "%s%s", i ? ", " : "", one);
	}
}

/* ---- writing ---- */

static void put_head(struct ike_builder *b, const struct attr *attr, uint8_t len)
{
	ike_put_u16(&b->w, attr->type);
	ike_put_u16(&b->w, len);
}

static void put_address(struct ike_builder *b, const struct attr *attr, const struct ike_addr *a)
{
	put_head(b, attr, attr->len);
	ike_put(&b->w, a->ip, ike_addr_size(a));
	if (attr->len > ike_addr_size(a))
		ike_put_u8(&b->w, MAX_BITS);
}

static void put_subnet(struct ike_builder *b, const struct attr *attr, const struct ike_ts *ts)
{
	size_t i;

	put_head(b, attr, attr->len);
	ike_put(&b->w, ts->min, ts->family == 4 ? 4 : 16);
	if (ts->family == 6)
		ike_put_u8(&b->w, ike_ts_prefix_len(ts));
	for (i = 0; ts->family == 4 && i < 4; i++)
		ike_put_u8(&b->w, ~(ts->min[i] ^ ts->max[i]));
}

static void put_question(struct ike_builder *b, const struct attr *attr,
			 const struct ike_assigned *a)
{
	const struct ike_addr *addr = ike_cp_addr(a, attr->family);

	if (!addr)
		return;
	if (attr->kind == KIND_ADDRESS && !ike_cp_addr_any(addr))
		put_address(b, attr, addr);
	else
		put_head(b, attr, 0);
}

static void put_answer(struct ike_builder *b, const struct attr *attr, const struct ike_assigned *a)
{
	bool address = attr->kind == KIND_ADDRESS;
	const struct ike_addr *list = address ? a->addr : a->dns;
	size_t n = address ? a->n_addrs : a->n_dns;
	size_t i;

	if (attr->kind == KIND_SUBNET) {
		for (i = 0; i < a->n_subnets; i++)
			if (a->subnet[i].family == attr->family)
				put_subnet(b, attr, &a->subnet[i]);
		return;
	}
	for (i = 0; i < n; i++)
		if (list[i].family == attr->family)
			put_address(b, attr, &list[i]);
}

void ike_cp_put(struct ike_builder *b, enum ike_cp_type type, const struct ike_assigned *a)
{
	size_t start = ike_payload_begin(b, IKE_P_CP);
	size_t i;

	ike_put_u32(&b->w, (uint32_t)type << 24);
	for (i = 0; i < N_ATTRS; i++) {
		if (type == IKE_CFG_REQUEST)
			put_question(b, &attrs[i], a);
		else
			put_answer(b, &attrs[i], a);
	}
	ike_payload_end(b, start);
}

/* ---- reading ---- */

static const struct attr *find_attr(uint16_t type)
{
	size_t i;

	for (i = 0; i < N_ATTRS; i++)
		if (attrs[i].type == type)
			return &attrs[i];
	return NULL;
}

static const char *add_address(struct ike_assigned *a, enum ike_cp_type type,
			       const struct ike_addr *addr)
{
	if (ike_cp_addr(a, addr->family))
		return type == IKE_CFG_REQUEST ? NULL : "assigns two addresses of one family";
	if (type == IKE_CFG_REPLY && !ike_cp_addr_usable(addr))
		return "assigns an address that no host can have";
	a->addr[a->n_addrs++] = *addr;
	return NULL;
}

static void add_dns(struct ike_assigned *a, const struct ike_addr *addr)
{
	size_t i;

	for (i = 0; i < a->n_dns; i++)
		if (ike_addr_same(&a->dns[i], addr))
			return;
	if (a->n_dns < IKE_MAX_DNS && !ike_cp_addr_any(addr))
		a->dns[a->n_dns++] = *addr;
}

/* A netmask is ones, then zeros. */
static bool mask_bits(const uint8_t *mask, uint8_t *bits)
{
	uint32_t m = (uint32_t)mask[0] << 24 | mask[1] << 16 | mask[2] << 8 | mask[3];

	for (*bits = 0; m & UINT32_C(1) << 31; m <<= 1)
		(*bits)++;
	return !m;
}

static const char *add_subnet(struct ike_assigned *a, const struct ike_addr *addr,
			      const uint8_t *behind)
{
	struct ike_ts ts = { .family = addr->family, .port_max = 65535 };
	size_t len = ike_addr_size(addr);
	uint8_t bits = *behind;
	size_t i;

	if (addr->family == 4 && !mask_bits(behind, &bits))
		return "names a subnet whose mask is none";
	if (bits > len * 8)
		return "names a subnet with a prefix longer than an address";
	for (i = 0; i < len; i++) {
		uint8_t mask = bits >= 8 * (i + 1) ? 0xff :
			       bits <= 8 * i ? 0 : 0xff << (8 - (bits - 8 * i));

		ts.min[i] = addr->ip[i] & mask;
		ts.max[i] = addr->ip[i] | (uint8_t)~mask;
	}
	if (a->n_subnets < IKE_MAX_TS && !ike_ts_within(&ts, 1, a->subnet, a->n_subnets))
		a->subnet[a->n_subnets++] = ts;
	return NULL;
}

static const char *take_value(struct ike_assigned *a, enum ike_cp_type type,
			      const struct attr *attr, const uint8_t *value)
{
	struct ike_addr addr = { .family = attr->family };
	size_t len = ike_addr_size(&addr);

	memcpy(addr.ip, value, len);
	switch (attr->kind) {
	case KIND_ADDRESS:
		if (attr->len > len && value[len] > MAX_BITS)
			return "assigns an address with a prefix longer than it";
		return add_address(a, type, &addr);
	case KIND_DNS:
		add_dns(a, &addr);
		return NULL;
	case KIND_SUBNET:
		return add_subnet(a, &addr, value + len);
	}
	return NULL;
}

static const char *get_attr(struct ike_reader *r, enum ike_cp_type type, struct ike_assigned *a)
{
	const struct attr *attr = find_attr(ike_get_u16(r) & ATTR_TYPE_MASK);
	uint16_t len = ike_get_u16(r);
	const uint8_t *value = ike_get(r, len);
	const struct ike_addr any = { .family = attr ? attr->family : 0 };

	if (r->bad)
		return "is malformed";
	if (!attr)
		return NULL;
	/* Without a value it is a question, or says that there is nothing of the kind. */
	if (!len)
		return type == IKE_CFG_REQUEST && attr->kind == KIND_ADDRESS ?
		       add_address(a, type, &any) : NULL;
	if (len != attr->len)
		return "has an attribute of the wrong length";
	return take_value(a, type, attr, value);
}

const char *ike_cp_get(struct ike_chunk body, enum ike_cp_type type, struct ike_assigned *a)
{
	struct ike_reader r = ike_reader_init(body.data, body.len);
	const char *wrong = NULL;

	memset(a, 0, sizeof(*a));
	if (ike_get_u8(&r) != type || !ike_get(&r, 3))
		return "is malformed";
	while (r.left && !wrong)
		wrong = get_attr(&r, type, a);
	return wrong;
}
