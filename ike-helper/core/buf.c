// SPDX-License-Identifier: GPL-2.0
#include "buf.h"

#include <stdlib.h>
#include <string.h>

struct ike_reader ike_reader_init(const uint8_t *data, size_t len)
{
	struct ike_reader r = { .p = data, .left = len };

	return r;
}

const uint8_t *ike_get(struct ike_reader *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	if (len) {
		r->p += len;
		r->left -= len;
	}
	return p;
}

static uint64_t get_int(struct ike_reader *r, size_t len)
{
	const uint8_t *p = ike_get(r, len);
	uint64_t v = 0;

	while (p && len--)
		v = v << 8 | *p++;
	return v;
}

uint8_t ike_get_u8(struct ike_reader *r)
{
	return get_int(r, 1);
}

uint16_t ike_get_u16(struct ike_reader *r)
{
	return get_int(r, 2);
}

uint32_t ike_get_u32(struct ike_reader *r)
{
	return get_int(r, 4);
}

uint64_t ike_get_u64(struct ike_reader *r)
{
	return get_int(r, 8);
}

static void grow(struct ike_writer *w, size_t need)
{
	size_t cap = w->cap ? w->cap : 256;
	uint8_t *data;

	if (w->len + need <= w->cap)
		return;
	while (cap < w->len + need)
		cap *= 2;
	data = ike_alloc(cap);
	if (w->len)
		memcpy(data, w->data, w->len);
	ike_wipe(w->data, w->cap);
	free(w->data);
	w->data = data;
	w->cap = cap;
}

uint8_t *ike_put(struct ike_writer *w, const void *data, size_t len)
{
	uint8_t *p;

	if (!len)
		return w->data;
	grow(w, len);
	p = w->data + w->len;
	if (data)
		memcpy(p, data, len);
	else
		memset(p, 0, len);
	w->len += len;
	return p;
}

static void put_int(struct ike_writer *w, uint64_t v, size_t len)
{
	uint8_t *p = ike_put(w, NULL, len);

	while (len--) {
		p[len] = v;
		v >>= 8;
	}
}

void ike_put_u8(struct ike_writer *w, uint8_t v)
{
	put_int(w, v, 1);
}

void ike_put_u16(struct ike_writer *w, uint16_t v)
{
	put_int(w, v, 2);
}

void ike_put_u32(struct ike_writer *w, uint32_t v)
{
	put_int(w, v, 4);
}

void ike_put_u64(struct ike_writer *w, uint64_t v)
{
	put_int(w, v, 8);
}

void ike_patch_u16(struct ike_writer *w, size_t off, uint16_t v)
{
	w->data[off] = v >> 8;
	w->data[off + 1] = v;
}

void ike_store_u32(uint8_t *p, uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++)
		p[i] = v >> (24 - 8 * i);
}

void ike_store_u64(uint8_t *p, uint64_t v)
{
	ike_store_u32(p, v >> 32);
	ike_store_u32(p + 4, v);
}

void ike_patch_u32(struct ike_writer *w, size_t off, uint32_t v)
{
	ike_store_u32(w->data + off, v);
}

void ike_writer_free(struct ike_writer *w)
{
	ike_wipe(w->data, w->cap);
	free(w->data);
	memset(w, 0, sizeof(*w));
}

void ike_blob_set(struct ike_blob *b, const void *data, size_t len)
{
	uint8_t *copy = len ? ike_alloc(len) : NULL;

	if (len)
		memcpy(copy, data, len);
	ike_blob_free(b);
	b->data = copy;
	b->len = len;
}

void ike_blob_take(struct ike_blob *b, struct ike_writer *w)
{
	ike_blob_free(b);
	b->data = w->data;
	b->len = w->len;
	memset(w, 0, sizeof(*w));
}

void ike_blob_free(struct ike_blob *b)
{
	ike_wipe(b->data, b->len);
	free(b->data);
	b->data = NULL;
	b->len = 0;
}

void *ike_alloc(size_t len)
{
	void *p = calloc(1, len ? len : 1);

	if (!p)
		abort();
	return p;
}

void ike_wipe(void *p, size_t len)
{
	if (p && len)
		explicit_bzero(p, len);
}

bool ike_same(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a;
	const uint8_t *y = b;
	uint8_t diff = 0;

	while (len--)
		diff |= *x++ ^ *y++;
	return !diff;
}
