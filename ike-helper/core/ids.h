/* SPDX-License-Identifier: GPL-2.0 */
/* Identities, outer addresses, traffic selectors: comparing and coding them. */
#ifndef IKE_IDS_H
#define IKE_IDS_H

#include "buf.h"
#include "ike.h"

/** ike_id_same() - equal octet by octet, as for a lease or a changed configuration */
bool ike_id_same(const struct ike_id *a, const struct ike_id *b);
/** ike_id_is_pattern() - whether it is one that only a configuration has, and stands for others */
bool ike_id_is_pattern(const struct ike_id *id);
/** ike_id_match() - whether @id is what @wanted asks for; names compare without case */
bool ike_id_match(const struct ike_id *wanted, const struct ike_id *id);
/** ike_id_put() - body of an ID payload (RFC 7296 section 3.5) */
void ike_id_put(struct ike_writer *w, const struct ike_id *id);
/** ike_id_get() - parse the body of an ID payload; false if it is no identity we can hold */
bool ike_id_get(struct ike_chunk body, struct ike_id *id);

/** ike_addr_size() - octets of the address: 4, 16, or 0 */
size_t ike_addr_size(const struct ike_addr *a);
/** ike_addr_same() - same address, whatever the port */
bool ike_addr_same(const struct ike_addr *a, const struct ike_addr *b);
/** ike_endpoint_same() - same address and port */
bool ike_endpoint_same(const struct ike_addr *a, const struct ike_addr *b);
/** ike_addr_parse() - a literal address of either family, without port */
bool ike_addr_parse(const char *text, struct ike_addr *a);

/** ike_ts_put() - body of a TS payload (RFC 7296 section 3.13) */
void ike_ts_put(struct ike_writer *w, const struct ike_ts *ts, size_t n);
/** ike_ts_get() - parse a TS payload body; selectors of unknown type are left out */
bool ike_ts_get(struct ike_chunk body, struct ike_ts *ts, uint8_t *n);
/** ike_ts_prefix_len() - leading bits that all addresses of a selector share */
uint8_t ike_ts_prefix_len(const struct ike_ts *ts);
/** ike_ts_same() - equal lists, in any order */
bool ike_ts_same(const struct ike_ts *a, size_t na, const struct ike_ts *b, size_t nb);
/** ike_ts_within() - every selector of @a lies inside one of @b */
bool ike_ts_within(const struct ike_ts *a, size_t na, const struct ike_ts *b, size_t nb);
/**
 * ike_ts_narrow() - intersect what was offered with what is configured (RFC 7296 section 2.9)
 *
 * Return: selectors written to @out (at most IKE_MAX_TS), 0 if nothing is common.
 */
size_t ike_ts_narrow(const struct ike_ts *offered, size_t n_offered, const struct ike_ts *wanted,
		     size_t n_wanted, struct ike_ts *out);
/** ike_ts_list_text() - a list of selectors, separated by commas */
void ike_ts_list_text(const struct ike_ts *ts, size_t n, char *buf, size_t len);

#endif
