/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Octet strings: a bounded reader, a growing writer, and owned blobs. Integers are big-endian.
 * Out of memory ends the process: a crash of the daemon costs no traffic, half a state would.
 */
#ifndef IKE_BUF_H
#define IKE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto.h"

/**
 * struct ike_reader - reads within bounds
 * @p: next octet
 * @left: octets left
 * @bad: something was read past the end; what was read since is zero
 */
struct ike_reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

/**
 * struct ike_blob - owned octets
 */
struct ike_blob {
	uint8_t *data;
	size_t len;
};

/**
 * struct ike_writer - grows as needed
 * @data: what was written
 * @len: octets written
 * @cap: octets allocated
 */
struct ike_writer {
	uint8_t *data;
	size_t len;
	size_t cap;
};

/** ike_reader_init() - a reader over @len octets */
struct ike_reader ike_reader_init(const uint8_t *data, size_t len);
/** ike_get_u8() - next octet, 0 past the end */
uint8_t ike_get_u8(struct ike_reader *r);
/** ike_get_u16() - next 16 bits */
uint16_t ike_get_u16(struct ike_reader *r);
/** ike_get_u32() - next 32 bits */
uint32_t ike_get_u32(struct ike_reader *r);
/** ike_get_u64() - next 64 bits */
uint64_t ike_get_u64(struct ike_reader *r);
/** ike_get() - next @len octets in place, NULL past the end */
const uint8_t *ike_get(struct ike_reader *r, size_t len);

/** ike_put_u8() - append an octet */
void ike_put_u8(struct ike_writer *w, uint8_t v);
/** ike_put_u16() - append 16 bits */
void ike_put_u16(struct ike_writer *w, uint16_t v);
/** ike_put_u32() - append 32 bits */
void ike_put_u32(struct ike_writer *w, uint32_t v);
/** ike_put_u64() - append 64 bits */
void ike_put_u64(struct ike_writer *w, uint64_t v);
/** ike_put() - append @len octets, zeros if @data is NULL. Return: them, until the next put */
uint8_t *ike_put(struct ike_writer *w, const void *data, size_t len);
/** ike_patch_u16() - overwrite 16 bits at @off */
void ike_patch_u16(struct ike_writer *w, size_t off, uint16_t v);
/** ike_patch_u32() - overwrite 32 bits at @off */
void ike_patch_u32(struct ike_writer *w, size_t off, uint32_t v);
/** ike_writer_free() - wipe and free */
void ike_writer_free(struct ike_writer *w);

/** ike_blob_set() - replace by a copy */
void ike_blob_set(struct ike_blob *b, const void *data, size_t len);
/** ike_blob_take() - replace by what a writer holds, which is empty afterwards */
void ike_blob_take(struct ike_blob *b, struct ike_writer *w);
/** ike_blob_free() - wipe and free */
void ike_blob_free(struct ike_blob *b);

/** ike_store_u64() - 64 bits to memory */
void ike_store_u64(uint8_t *p, uint64_t v);
/** ike_store_u32() - 32 bits to memory */
void ike_store_u32(uint8_t *p, uint32_t v);

/** ike_alloc() - zeroed memory; does not return without */
void *ike_alloc(size_t len);
/** ike_wipe() - overwrite a secret */
void ike_wipe(void *p, size_t len);
/** ike_same() - compare in constant time */
bool ike_same(const void *a, const void *b, size_t len);

#endif
