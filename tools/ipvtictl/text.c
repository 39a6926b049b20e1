// SPDX-License-Identifier: GPL-2.0
/* Numbers and addresses as people read them, and aligned columns. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static void append(struct text *text, const char *separator, const char *format, va_list args)
{
	size_t used = strlen(text->s);

	if (used)
		snprintf(text->s + used, sizeof(text->s) - used, "%s", separator);
	used = strlen(text->s);
	vsnprintf(text->s + used, sizeof(text->s) - used, format, args);
}

void text_append(struct text *text, const char *separator, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(text, separator, format, args);
	va_end(args);
}

struct text text_format(const char *format, ...)
{
	struct text text = {};
	va_list args;

	va_start(args, format);
	append(&text, "", format, args);
	va_end(args);
	return text;
}

/* Two units at most: what is below does not matter any more. */
struct text text_age(uint64_t ms)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {
		{ "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 },
	};
	struct text text = {};
	uint64_t s = ms / 1000, rest;
	size_t i = 0;

	if (s < 10)
		return text_format("%" PRIu64 ".%" PRIu64 " s", s, ms % 1000 / 100);
	while (s < units[i].seconds)
		i++;
	text_append(&text, "", "%" PRIu64 " %s", s / units[i].seconds, units[i].name);
	rest = s % units[i].seconds;
	if (rest && rest >= units[i + 1].seconds)
		text_append(&text, " ", "%" PRIu64 " %s", rest / units[i + 1].seconds,
			    units[i + 1].name);
	return text;
}

struct text text_bytes(uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = bytes;
	size_t i = 0;

	if (bytes < 1024)
		return text_format("%" PRIu64 " B", bytes);
	for (; value >= 1024 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		value /= 1024;
	return text_format("%.1f %s", value, names[i]);
}

struct text text_address(const struct ipvti_address *address)
{
	struct text text = { "any" };

	if (address->len)
		inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->bytes, text.s,
			  sizeof(text.s));
	return text;
}

struct text text_spi(uint32_t spi)
{
	return text_format("0x%08x", spi);
}

static void append_ports(struct text *text, const char *word, uint16_t min, uint16_t max)
{
	if (!min && max == UINT16_MAX)
		return;
	text_append(text, " ", "%s %u", word, min);
	if (max != min)
		text_append(text, "", "-%u", max);
}

/* RFC 4301 section 4.4.1.1: of ICMP the "port" is type and code. */
static bool append_icmp(struct text *text, const struct ipvti_ts *ts)
{
	if (ts->proto != IPPROTO_ICMP && ts->proto != IPPROTO_ICMPV6)
		return false;
	if (ts->dport_min != ts->dport_max)
		return false;
	text_append(text, " ", "type %u code %u", ts->dport_min >> 8, ts->dport_min & 0xff);
	return true;
}

struct text text_ts(const struct ipvti_ts *ts)
{
	struct text text;

	text = text_format("%s/%u -> %s/%u", text_address(&ts->src).s, ts->src_len,
			   text_address(&ts->dst).s, ts->dst_len);
	if (ts->proto) {
		const struct protoent *entry = getprotobynumber(ts->proto);

		text_append(&text, " ", entry ? "%s" : "proto %s",
			    entry ? entry->p_name : text_format("%u", ts->proto).s);
	}
	if (ipvti_has(ts, IPVTI_A_TS_DPORT_MAX) && append_icmp(&text, ts))
		return text;
	if (ipvti_has(ts, IPVTI_A_TS_SPORT_MAX))
		append_ports(&text, "sport", ts->sport_min, ts->sport_max);
	if (ipvti_has(ts, IPVTI_A_TS_DPORT_MAX))
		append_ports(&text, "dport", ts->dport_min, ts->dport_max);
	return text;
}

struct text text_hex(const uint8_t *bytes, size_t len)
{
	struct text text = {};

	for (size_t i = 0; i < len && 2 * i + 2 < sizeof(text.s); i++)
		snprintf(text.s + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

struct text text_limit(const struct ipvti_limit *limit)
{
	struct text text = {};

	if (ipvti_has(limit, IPVTI_A_LIMIT_SECONDS))
		text_append(&text, ", ", "%s", text_age(limit->seconds * 1000).s);
	if (ipvti_has(limit, IPVTI_A_LIMIT_BYTES))
		text_append(&text, ", ", "%s", text_bytes(limit->bytes).s);
	if (ipvti_has(limit, IPVTI_A_LIMIT_PACKETS))
		text_append(&text, ", ", "%" PRIu64 " packets", limit->packets);
	if (ipvti_has(limit, IPVTI_A_LIMIT_IDLE))
		text_append(&text, ", ", "idle %s", text_age(limit->idle * 1000).s);
	return text;
}

static void *no_memory(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "ipvtictl: %s\n", strerror(ENOMEM));
	exit(CTL_FAILED);
}

void table_add_row(struct table *table, const char *const *cells)
{
	table->rows = no_memory(realloc(table->rows, sizeof(*table->rows) * (table->count + 1)));
	memset(table->rows[table->count], 0, sizeof(*table->rows));
	for (int i = 0; i < TABLE_COLUMNS && cells[i]; i++)
		table->rows[table->count][i] = no_memory(strdup(cells[i]));
	table->count++;
}

static void print_row(const struct table *table, char *const *row, const int *width, FILE *out)
{
	fputs(table->indent ? table->indent : "", out);
	for (int i = 0; i < TABLE_COLUMNS && row[i]; i++) {
		bool last = i + 1 == TABLE_COLUMNS || !row[i + 1];

		if (table->right >> i & 1)
			fprintf(out, "%*s", width[i], row[i]);
		else if (last)
			fputs(row[i], out);
		else
			fprintf(out, "%-*s", width[i], row[i]);
		fputs(last ? "\n" : "  ", out);
	}
}

void table_print(struct table *table, FILE *out)
{
	int width[TABLE_COLUMNS] = {};

	for (size_t row = 0; row < table->count; row++)
		for (int i = 0; i < TABLE_COLUMNS && table->rows[row][i]; i++)
			if ((int)strlen(table->rows[row][i]) > width[i])
				width[i] = (int)strlen(table->rows[row][i]);
	for (size_t row = 0; row < table->count; row++) {
		print_row(table, table->rows[row], width, out);
		for (int i = 0; i < TABLE_COLUMNS; i++)
			free(table->rows[row][i]);
	}
	free(table->rows);
	table->rows = NULL;
	table->count = 0;
}
