// SPDX-License-Identifier: GPL-2.0
/* Numbers, durations, sizes and addresses as people write them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl.h"

/* A number and the rest of the word. */
static bool leading_number(const char *word, uint64_t *value, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)*word))	/* strtoull takes blanks and signs */
		return false;
	errno = 0;
	*value = strtoull(word, &end, !strncasecmp(word, "0x", 2) ? 16 : 10);
	*rest = end;
	return !errno && end != word;
}

bool unit_number(const char *word, uint64_t *value)
{
	const char *rest;

	return leading_number(word, value, &rest) && !*rest;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static bool with_unit(const char *word, const struct unit *units, uint64_t *value)
{
	const char *rest;

	if (!leading_number(word, value, &rest))
		return false;
	for (; units->name; units++)
		if (!strcasecmp(rest, units->name))
			return !__builtin_mul_overflow(*value, units->factor, value);
	return false;
}

bool unit_count(const char *word, uint64_t *value)
{
	static const struct unit units[] = {
		{ "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 },
		{ "T", 1000000000000 }, {}
	};

	return with_unit(word, units, value);
}

bool unit_bytes(const char *word, uint64_t *value)
{
	static const struct unit units[] = {
		{ "", 1 }, { "B", 1 },
		{ "k", UINT64_C(1) << 10 }, { "KiB", UINT64_C(1) << 10 },
		{ "M", UINT64_C(1) << 20 }, { "MiB", UINT64_C(1) << 20 },
		{ "G", UINT64_C(1) << 30 }, { "GiB", UINT64_C(1) << 30 },
		{ "T", UINT64_C(1) << 40 }, { "TiB", UINT64_C(1) << 40 }, {}
	};

	return with_unit(word, units, value);
}

bool unit_duration(const char *word, uint64_t unit, uint64_t *ms)
{
	const struct unit units[] = {
		{ "", unit }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 },
		{ "min", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 }, {}
	};

	return with_unit(word, units, ms);
}

bool unit_address(const char *word, struct ipvti_address *address)
{
	if (inet_pton(AF_INET, word, address->bytes) == 1)
		address->len = 4;
	else if (inet_pton(AF_INET6, word, address->bytes) == 1)
		address->len = 16;
	else
		return false;
	return true;
}

/* No bit behind the prefix may be set: that would be a slip of the pen. */
static bool host_bits_clear(const struct ipvti_address *address, unsigned int len)
{
	for (unsigned int bit = len; bit < address->len * 8u; bit++)
		if (address->bytes[bit / 8] & (0x80 >> bit % 8))
			return false;
	return true;
}

bool unit_prefix(const char *word, struct ipvti_address *address, uint8_t *len)
{
	const char *slash = strchrnul(word, '/');
	char text[INET6_ADDRSTRLEN];
	uint64_t value;

	if ((size_t)(slash - word) >= sizeof(text))
		return false;
	memcpy(text, word, slash - word);
	text[slash - word] = '\0';
	if (!unit_address(text, address))
		return false;
	value = address->len * 8;
	if (*slash && (!unit_number(slash + 1, &value) || value > address->len * 8u))
		return false;
	*len = value;
	return host_bits_clear(address, value);
}

bool unit_range(const char *word, uint16_t *min, uint16_t *max)
{
	uint64_t low, high;
	const char *rest;

	if (!leading_number(word, &low, &rest))
		return false;
	high = low;
	if (*rest == '-' ? !unit_number(rest + 1, &high) : !!*rest)
		return false;
	if (low > high || high > UINT16_MAX)
		return false;
	*min = low;
	*max = high;
	return true;
}

bool unit_protocol(const char *word, uint8_t *proto)
{
	const struct protoent *entry;
	uint64_t value;

	if (unit_number(word, &value)) {
		*proto = value;
		return value <= UINT8_MAX;
	}
	entry = getprotobyname(word);
	if (!entry)
		return false;
	*proto = entry->p_proto;
	return true;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool unit_hex(const char *word, uint8_t *bytes, size_t max, size_t *len)
{
	if (!strncasecmp(word, "0x", 2))
		word += 2;
	for (*len = 0; *word; word += 2) {
		int high = hex_digit(word[0]);
		int low = high < 0 ? -1 : hex_digit(word[1]);

		if (low < 0 || *len >= max)
			return false;
		bytes[(*len)++] = high << 4 | low;
	}
	return *len > 0;
}
