// SPDX-License-Identifier: GPL-2.0
#include "hex.h"

#include <ctype.h>
#include <string.h>

#include "check.h"

static uint8_t digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	assert_non_null(p);
	return p - digits;
}

struct octets hex(const char *text)
{
	struct octets o = { 0 };

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		assert_true(o.len < sizeof(o.data));
		o.data[o.len++] = digit(text[0]) << 4 | digit(text[1]);
		text++;
	}
	return o;
}

struct octets text_octets(const char *text)
{
	struct octets o = { .len = strlen(text) };

	assert_true(o.len <= sizeof(o.data));
	memcpy(o.data, text, o.len);
	return o;
}

struct ike_chunk chunk(const struct octets *o)
{
	return (struct ike_chunk){ o->data, o->len };
}

void assert_hex(const void *data, size_t len, const char *text)
{
	struct octets want = hex(text);

	assert_int_equal(len, want.len);
	assert_memory_equal(data, want.data, len);
}
