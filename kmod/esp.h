/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ESP packet arithmetic, RFC 4303 sections 2 and 3.3.2: how long what becomes, and the trailer.
 *
 * Pure: no sk_buff, no allocation, no state, so that selftests/host compiles it as it is.
 */
#ifndef _IPVTI_ESP_H
#define _IPVTI_ESP_H

#include <linux/types.h>

#define IPVTI_ESP_HDR_LEN	8	/* SPI and sequence number */
#define IPVTI_ESP_ESN_LEN	4	/* high half of an extended sequence number, never sent */
#define IPVTI_ESP_TRAILER_LEN	2	/* pad length and next header */
#define IPVTI_ESP_ALIGN		4	/* the least alignment of the ciphertext, section 2.4 */
#define IPVTI_ESP_IV_MAX	16
#define IPVTI_ESP_ICV_MAX	32
#define IPVTI_ESP_BLOCK_MAX	16
/* What ESP adds at most behind the inner packet: padding, trailer, ICV. */
#define IPVTI_ESP_TAIL_MAX \
	(IPVTI_ESP_BLOCK_MAX - 1 + IPVTI_ESP_TRAILER_LEN + IPVTI_ESP_ICV_MAX)

/**
 * struct ipvti_esp_sizes - what the length of an ESP packet depends on
 * @iv_len: bytes of IV in the packet
 * @icv_len: bytes of ICV at its end
 * @block: the padded plaintext is a multiple of this, a power of two of at least 4
 */
struct ipvti_esp_sizes {
	u8 iv_len;
	u8 icv_len;
	u8 block;
};

unsigned int ipvti_esp_pad_len(const struct ipvti_esp_sizes *sizes, unsigned int inner_len);
unsigned int ipvti_esp_len(const struct ipvti_esp_sizes *sizes, unsigned int inner_len);
unsigned int ipvti_esp_inner_max(const struct ipvti_esp_sizes *sizes, unsigned int room);
bool ipvti_esp_len_valid(const struct ipvti_esp_sizes *sizes, unsigned int len);
void ipvti_esp_write_trailer(u8 *tail, unsigned int pad_len, u8 next_header);
int ipvti_esp_read_trailer(const u8 *plain, unsigned int len, u8 *next_header);

#endif /* _IPVTI_ESP_H */
