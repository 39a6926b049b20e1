/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tag of a device and of an SA: IPVTI_TAG_LEN octets that the kernel keeps for the daemon, so
 * that the next daemon knows what it finds. Numbers are in network byte order.
 *
 *	octets	device				SA (filled in by the core)
 *	0-7	hash of the tunnel's name	the same
 *	8	TAG_DEVICE_* flags		index of the child
 *	9					IKE_TAG_* flags
 *	12-15					generation: rekeys since the tunnel came up
 *	16-23					IKE SPI of the initiator
 *	24-31					IKE SPI of the responder
 */
#ifndef IPVTID_TAG_H
#define IPVTID_TAG_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TAG_TUNNEL_LEN 8
#define TAG_FLAGS 8
#define TAG_CHILD 8
#define TAG_SA_FLAGS 9
#define TAG_GENERATION 12
#define TAG_IKE_SPI_I 16
#define TAG_IKE_SPI_R 24

#define TAG_DEVICE_OURS 1	/* created by the daemon, which may delete it */
#define TAG_DEVICE_CLIENT 2	/* made for a client of a template, and goes with it */

/**
 * tag_tunnel() - hash of a tunnel's name
 * @name: of the tunnel
 * @tag: TAG_TUNNEL_LEN octets
 */
void tag_tunnel(const char *name, uint8_t *tag);

static inline bool tag_is_of(const uint8_t *tag, const uint8_t *tunnel_tag)
{
	return !memcmp(tag, tunnel_tag, TAG_TUNNEL_LEN);
}

static inline uint64_t tag_ike_spi(const uint8_t *tag, unsigned int offset)
{
	uint64_t spi;

	memcpy(&spi, tag + offset, sizeof(spi));
	return be64toh(spi);
}

#endif
