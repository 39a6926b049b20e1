/* SPDX-License-Identifier: GPL-2.0 */
/* Distinguished names as identities. */
#ifndef IKE_DN_H
#define IKE_DN_H

#include "buf.h"

/** ike_dn_parse() - "C=CH, O=Example, CN=gw" to DER, appended; false if it is none */
bool ike_dn_parse(const char *text, struct ike_writer *der);
/** ike_dn_text() - DER to text; false if it holds what ike_dn_parse() does not take */
bool ike_dn_text(struct ike_chunk der, char *buf, size_t len);
/** ike_dn_same() - the same attributes in the same order, whatever their strings' kind and case */
bool ike_dn_same(struct ike_chunk a, struct ike_chunk b);

#endif
