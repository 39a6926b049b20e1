// SPDX-License-Identifier: GPL-2.0
/* ESP packet arithmetic, see esp.h. */

#include "esp.h"

/**
 * ipvti_esp_pad_len() - padding bytes that a plaintext needs, RFC 4303 section 2.4
 * @sizes: of the algorithm
 * @inner_len: bytes of the inner packet
 *
 * Return: 0 to block - 1, without pad length and next header.
 */
unsigned int ipvti_esp_pad_len(const struct ipvti_esp_sizes *sizes, unsigned int inner_len)
{
	return -(inner_len + IPVTI_ESP_TRAILER_LEN) & (sizes->block - 1);
}

/**
 * ipvti_esp_len() - length of the ESP packet that carries an inner packet
 * @sizes: of the algorithm
 * @inner_len: bytes of the inner packet
 *
 * Return: bytes from the SPI to the end of the ICV.
 */
unsigned int ipvti_esp_len(const struct ipvti_esp_sizes *sizes, unsigned int inner_len)
{
	return IPVTI_ESP_HDR_LEN + sizes->iv_len + inner_len +
	       ipvti_esp_pad_len(sizes, inner_len) + IPVTI_ESP_TRAILER_LEN + sizes->icv_len;
}

/**
 * ipvti_esp_inner_max() - longest inner packet whose ESP packet fits
 * @sizes: of the algorithm
 * @room: bytes there are for the ESP packet
 *
 * Return: the largest length that ipvti_esp_len() maps to @room or less; 0 if there is none.
 */
unsigned int ipvti_esp_inner_max(const struct ipvti_esp_sizes *sizes, unsigned int room)
{
	unsigned int fixed = IPVTI_ESP_HDR_LEN + sizes->iv_len + sizes->icv_len;
	unsigned int padded;

	if (room < fixed)
		return 0;
	padded = (room - fixed) & ~(unsigned int)(sizes->block - 1);
	return padded > IPVTI_ESP_TRAILER_LEN ? padded - IPVTI_ESP_TRAILER_LEN : 0;
}

/**
 * ipvti_esp_len_valid() - can a packet of this length be ESP of this algorithm?
 * @sizes: of the algorithm
 * @len: bytes from the SPI to the end of the packet
 */
bool ipvti_esp_len_valid(const struct ipvti_esp_sizes *sizes, unsigned int len)
{
	unsigned int fixed = IPVTI_ESP_HDR_LEN + sizes->iv_len + sizes->icv_len;

	return len > fixed && !((len - fixed) & (sizes->block - 1));
}

/**
 * ipvti_esp_write_trailer() - padding 1, 2, 3, ..., pad length, next header
 * @tail: where the inner packet ends; room for @pad_len + 2 bytes
 * @pad_len: from ipvti_esp_pad_len()
 * @next_header: 4 (IPv4) or 41 (IPv6) in tunnel mode
 */
void ipvti_esp_write_trailer(u8 *tail, unsigned int pad_len, u8 next_header)
{
	unsigned int i;

	for (i = 0; i < pad_len; i++)
		tail[i] = i + 1;
	tail[pad_len] = pad_len;
	tail[pad_len + 1] = next_header;
}

/**
 * ipvti_esp_read_trailer() - length and type of the payload of an authenticated plaintext
 * @plain: payload, padding, pad length, next header
 * @len: bytes at @plain
 * @next_header: set on success
 *
 * The content of the padding is not looked at: the ICV covers it. What stands between the end of
 * the inner packet and the padding is TFC padding, section 2.7; the inner header tells.
 *
 * Return: bytes of payload, or -1 if the pad length does not fit.
 */
int ipvti_esp_read_trailer(const u8 *plain, unsigned int len, u8 *next_header)
{
	unsigned int pad_len;

	if (len < IPVTI_ESP_TRAILER_LEN)
		return -1;
	pad_len = plain[len - 2];
	if (pad_len + IPVTI_ESP_TRAILER_LEN > len)
		return -1;
	*next_header = plain[len - 1];
	return len - IPVTI_ESP_TRAILER_LEN - pad_len;
}
