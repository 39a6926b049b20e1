/* SPDX-License-Identifier: GPL-2.0 */
/* Octets written in hexadecimal, for vectors. */
#ifndef IKE_TESTS_HEX_H
#define IKE_TESTS_HEX_H

#include "../core/crypto.h"

/**
 * struct octets - some octets by value
 */
struct octets {
	size_t len;
	uint8_t data[1024];
};

/** hex() - octets of a text of hexadecimal digits; blanks are skipped, anything else fails the test */
struct octets hex(const char *text);
/** text_octets() - octets of a text as it is */
struct octets text_octets(const char *text);
/** chunk() - a view of octets, while they live */
struct ike_chunk chunk(const struct octets *o);
/** assert_hex() - fail the test unless these octets are the ones in @text */
void assert_hex(const void *data, size_t len, const char *text);

#endif
