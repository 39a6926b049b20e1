// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual addresses that the peer has assigned: checked, put on the device, told, and asked for
 * again. What has to be known of them after a restart stands on the device.
 */
#include <string.h>

#include "../core/cp.h"
#include "../core/ids.h"
#include "daemon.h"
#include "prefix.h"

static bool asked_for(const struct tunnel *t, uint8_t family)
{
	uint32_t i;

	for (i = 0; i < t->conf.virtual_ip.n; i++)
		if (t->conf.virtual_ip.v[i].family == family)
			return true;
	return false;
}

/* Octets that are no part of the address are zero, so that addresses compare. */
static struct ike_addr tidy(const struct ike_addr *a)
{
	struct ike_addr out = { .family = a->family };

	memcpy(out.ip, a->ip, ike_addr_size(a));
	return out;
}

static void add_address(struct tunnel *t, const struct ike_addr *from)
{
	struct ike_addr a = tidy(from);

	if (asked_for(t, a.family) && ike_cp_addr_usable(&a) && !ike_cp_addr(&t->assigned, a.family))
		t->assigned.addr[t->assigned.n_addrs++] = a;
}

static bool subnet_ok(const struct ike_ts *ts)
{
	return (ts->family == 4 || ts->family == 6) &&
	       memcmp(ts->min, ts->max, ts->family == 4 ? 4 : 16) <= 0;
}

static void tell(struct tunnel *t)
{
	json_t *o = json_object();
	char text[IKE_MAX_TEXT];

	json_object_set_new(o, "name", json_string(t->conf.name));
	ike_cp_addrs_text(t->assigned.addr, t->assigned.n_addrs, text, sizeof(text));
	json_object_set_new(o, "text", json_string(text));
	assigned_json(t, o);
	control_event(t->d, "assigned", o);
}

void assigned_take(struct tunnel *t, const struct ike_assigned *m)
{
	struct ike_assigned before = t->assigned;
	struct ike_addr dns;
	uint8_t i;

	if (!t->conf.virtual_ip.n || !t->n_verified || m->n_addrs > IKE_MAX_VIPS ||
	    m->n_dns > IKE_MAX_DNS || m->n_subnets > IKE_MAX_TS) {
		log_error(t->conf.name, "virtual addresses refused: the tunnel may not have such");
		return;
	}
	memset(&t->assigned, 0, sizeof(t->assigned));
	for (i = 0; i < m->n_addrs; i++)
		add_address(t, &m->addr[i]);
	for (i = 0; i < m->n_dns; i++) {
		dns = tidy(&m->dns[i]);
		if (ike_addr_size(&dns))
			t->assigned.dns[t->assigned.n_dns++] = dns;
	}
	for (i = 0; i < m->n_subnets; i++)
		if (subnet_ok(&m->subnet[i]))
			t->assigned.subnet[t->assigned.n_subnets++] = m->subnet[i];
	t->assigned_set = true;
	t->assigned_before = false;
	route_apply(t);
	tell(t);
	if (t->up && memcmp(&before, &t->assigned, sizeof(before)))
		hook_run(t, "changed");
}

void assigned_adopt(struct tunnel *t)
{
	struct ike_addr a;
	uint32_t i;

	for (i = 0; i < t->addresses.n && !t->assigned_set; i++) {
		const struct conf_prefix *p = &t->addresses.v[i];

		if (prefix_in(&t->conf.address, p) || p->len != (p->family == 4 ? 32 : 128))
			continue;
		a = (struct ike_addr){ .family = p->family };
		memcpy(a.ip, p->ip, sizeof(a.ip));
		add_address(t, &a);
	}
	if (t->assigned_set || !t->assigned.n_addrs || LIST_EMPTY(&t->sas))
		return;
	t->assigned_set = true;
	t->assigned_before = true;
}

void assigned_withdraw(struct tunnel *t)
{
	if (!t->assigned_set)
		return;
	t->assigned_set = false;
	t->assigned_before = false;
	route_apply(t);
}

void assigned_addresses(const struct tunnel *t, struct conf_prefixes *list)
{
	struct conf_prefix p;
	uint8_t i;

	for (i = 0; t->assigned_set && i < t->assigned.n_addrs; i++) {
		p = (struct conf_prefix){ .family = t->assigned.addr[i].family };
		p.len = p.family == 4 ? 32 : 128;
		memcpy(p.ip, t->assigned.addr[i].ip, sizeof(p.ip));
		prefix_add(list, &p);
	}
}

void assigned_destinations(const struct tunnel *t, const struct ike_ts *ts,
			   struct conf_prefixes *list)
{
	struct ike_ts common[IKE_MAX_TS];
	bool named = false;
	size_t n, i;

	for (i = 0; t->assigned_set && i < t->assigned.n_subnets; i++)
		named |= t->assigned.subnet[i].family == ts->family;
	if (!named) {
		prefix_from_range(ts, list);
		return;
	}
	n = ike_ts_narrow(ts, 1, t->assigned.subnet, t->assigned.n_subnets, common);
	for (i = 0; i < n; i++)
		prefix_from_range(&common[i], list);
}

void assigned_hints(const struct tunnel *t, struct ike_peer_config *p)
{
	const struct ike_addr *before;
	uint8_t i;

	p->n_vips = t->conf.virtual_ip.n;
	for (i = 0; i < p->n_vips; i++) {
		p->vip[i] = t->conf.virtual_ip.v[i];
		before = ike_cp_addr(&t->assigned, p->vip[i].family);
		if (before)
			p->last_vip[i] = *before;
	}
}

static json_t *addresses(const struct ike_addr *a, uint8_t n)
{
	json_t *list = json_array();
	char text[64];
	uint8_t i;

	for (i = 0; i < n; i++) {
		ike_addr_text(&a[i], text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

void assigned_json(const struct tunnel *t, json_t *o)
{
	const struct ike_assigned *a = &t->assigned;
	json_t *list;
	char text[128];
	uint8_t i;

	if (!t->assigned_set)
		return;
	list = json_array();
	for (i = 0; i < a->n_subnets; i++) {
		ike_ts_text(&a->subnet[i], text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	json_object_set_new(o, "virtual-ip", addresses(a->addr, a->n_addrs));
	json_object_set_new(o, "dns", addresses(a->dns, a->n_dns));
	json_object_set_new(o, "subnets", list);
}
