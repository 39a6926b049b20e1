/* SPDX-License-Identifier: GPL-2.0 */
/* Configuration payloads: addresses for an end that has none of its own (RFC 7296 section 3.15). */
#ifndef IKE_CP_H
#define IKE_CP_H

#include "ike.h"
#include "message.h"

enum ike_cp_type {
	IKE_CFG_REQUEST = 1,
	IKE_CFG_REPLY = 2,
};

/**
 * ike_cp_put() - append a Configuration payload
 * @b: message
 * @type: IKE_CFG_REQUEST: of each family in @a->addr the address, name servers and subnets are asked
 *	for; IKE_CFG_REPLY: all of @a is given
 * @a: what is asked for or given
 */
void ike_cp_put(struct ike_builder *b, enum ike_cp_type type, const struct ike_assigned *a);

/**
 * ike_cp_get() - parse the body of a Configuration payload
 * @body: body
 * @type: what it must be
 * @a: result. Attributes of other kinds are left out, and so is what @a has no room for; of several
 *	addresses of a family a request gets one
 *
 * Return: NULL, or what is wrong with it, in words that go with "the peer's answer".
 */
const char *ike_cp_get(struct ike_chunk body, enum ike_cp_type type, struct ike_assigned *a);

/** ike_cp_addr() - the address of a family, NULL if there is none */
const struct ike_addr *ike_cp_addr(const struct ike_assigned *a, uint8_t family);
/** ike_cp_addr_any() - whether an address is all zero, any of its family */
bool ike_cp_addr_any(const struct ike_addr *a);
/** ike_cp_addr_usable() - whether an address can be one of a host: no group, no loopback, not zero */
bool ike_cp_addr_usable(const struct ike_addr *a);
/** ike_cp_addrs_text() - addresses separated by commas, "any IPv4" for zero */
void ike_cp_addrs_text(const struct ike_addr *addr, size_t n, char *buf, size_t len);

#endif
