// SPDX-License-Identifier: GPL-2.0
#include "ids.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dn.h"

/* The table of identity types: how a prefix names them and whether their octets are text. */
static const struct id_type {
	uint8_t type;
	const char *prefix;
	bool text;
} id_types[] = {
	{ IKE_ID_FQDN, "fqdn:", true },
	{ IKE_ID_RFC822_ADDR, "email:", true },
	{ IKE_ID_KEY_ID, "keyid:", false },
	{ IKE_ID_DER_ASN1_DN, "dn:", false },
	{ IKE_ID_DER_ASN1_GN, "gn:", false },
};

static const struct id_type *find_id_type(uint8_t type)
{
	size_t i;

	for (i = 0; i < sizeof(id_types) / sizeof(id_types[0]); i++)
		if (id_types[i].type == type)
			return &id_types[i];
	return NULL;
}

static bool set_id(struct ike_id *id, uint8_t type, const void *data, size_t len)
{
	if (!len || len > IKE_MAX_ID)
		return false;
	id->type = type;
	id->len = len;
	memcpy(id->data, data, len);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool set_id_hex(struct ike_id *id, uint8_t type, const char *hex)
{
	uint8_t data[IKE_MAX_ID];
	size_t n;

	for (n = 0; hex[0] && hex[1] && n < sizeof(data); n++, hex += 2) {
		if (hex_digit(hex[0]) < 0 || hex_digit(hex[1]) < 0)
			return false;
		data[n] = hex_digit(hex[0]) << 4 | hex_digit(hex[1]);
	}
	return !*hex && set_id(id, type, data, n);
}

static bool id_from_prefix(const char *text, struct ike_id *id, bool *found)
{
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(id_types) / sizeof(id_types[0]); i++) {
		*found = !strncmp(text, id_types[i].prefix, strlen(id_types[i].prefix));
		if (!*found)
			continue;
		value = text + strlen(id_types[i].prefix);
		if (id_types[i].text)
			return set_id(id, id_types[i].type, value, strlen(value));
		if (value[0] == '@')
			return set_id(id, id_types[i].type, value + 1, strlen(value + 1));
		return set_id_hex(id, id_types[i].type, value);
	}
	return false;
}

static bool set_dn(struct ike_id *id, const char *text)
{
	struct ike_writer der = { 0 };
	bool ok = ike_dn_parse(text, &der) && set_id(id, IKE_ID_DER_ASN1_DN, der.data, der.len);

	ike_writer_free(&der);
	return ok;
}

/* "*.example.net" and "*@example.net"; a star has no other place. */
static bool set_pattern(struct ike_id *id, const char *text)
{
	const char *domain = text + 2;

	if ((text[1] != '.' && text[1] != '@') || strpbrk(domain, "*@ \t=,/:%"))
		return false;
	return set_id(id, text[1] == '.' ? IKE_ID_FQDN_IN : IKE_ID_RFC822_IN, domain,
		      strlen(domain));
}

bool ike_id_parse(const char *text, struct ike_id *id)
{
	struct ike_addr a;
	bool found;
	bool ok;

	memset(id, 0, sizeof(*id));
	if (!strcmp(text, "%any"))
		return true;
	if (text[0] == '*')
		return set_pattern(id, text);
	if (ike_addr_parse(text, &a))
		return set_id(id, a.family == 4 ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR, a.ip,
			      ike_addr_size(&a));
	ok = id_from_prefix(text, id, &found);
	if (found)
		return ok;
	if (strchr(text, '='))
		return set_dn(id, text);
	if (strpbrk(text, " \t=,/:%*"))
		return false;
	return set_id(id, strchr(text, '@') ? IKE_ID_RFC822_ADDR : IKE_ID_FQDN, text, strlen(text));
}

static void put_hex(const struct ike_id *id, const char *prefix, char *buf, size_t len)
{
	size_t used = snprintf(buf, len, "%s", prefix);
	size_t i;

	for (i = 0; i < id->len && used + 3 <= len; i++)
		used += snprintf(buf + used, len - used, "%02x", id->data[i]);
}

static bool printable(const struct ike_id *id)
{
	size_t i;

	for (i = 0; i < id->len; i++)
		if (id->data[i] <= ' ' || id->data[i] > '~')
			return false;
	return id->len;
}

static void plain_id_text(const struct ike_id *id, const struct id_type *type, char *buf,
			  size_t len)
{
	struct ike_id again;

	snprintf(buf, len, "%.*s", (int)id->len, (const char *)id->data);
	if (ike_id_parse(buf, &again) && again.type == id->type)
		return;
	snprintf(buf, len, "%s%.*s", type->prefix, (int)id->len, (const char *)id->data);
}

void ike_id_text(const struct ike_id *id, char *buf, size_t len)
{
	const struct id_type *type = find_id_type(id->type);
	struct ike_addr a = { .family = id->type == IKE_ID_IPV4_ADDR ? 4 : 6 };

	if (id->type == IKE_ID_ANY) {
		snprintf(buf, len, "%%any");
	} else if (ike_id_is_pattern(id)) {
		snprintf(buf, len, id->type == IKE_ID_FQDN_IN ? "*.%.*s" : "*@%.*s", (int)id->len,
			 (const char *)id->data);
	} else if (id->type == IKE_ID_IPV4_ADDR || id->type == IKE_ID_IPV6_ADDR) {
		memcpy(a.ip, id->data, ike_addr_size(&a));
		ike_addr_text(&a, buf, len);
	} else if (!type) {
		snprintf(buf, len, "type %u", id->type);
	} else if (type->text && printable(id)) {
		plain_id_text(id, type, buf, len);
	} else if (id->type == IKE_ID_DER_ASN1_DN &&
		   ike_dn_text((struct ike_chunk){ id->data, id->len }, buf, len)) {
		return;
	} else if (id->type == IKE_ID_KEY_ID && printable(id)) {
		snprintf(buf, len, "keyid:@%.*s", (int)id->len, (const char *)id->data);
	} else {
		put_hex(id, type->prefix, buf, len);
	}
}

bool ike_id_same(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && a->len == b->len && !memcmp(a->data, b->data, a->len);
}

bool ike_id_is_pattern(const struct ike_id *id)
{
	return id->type == IKE_ID_ANY || id->type == IKE_ID_FQDN_IN || id->type == IKE_ID_RFC822_IN;
}

/* Something, then the separator, then the domain. */
static bool in_domain(const struct ike_id *domain, const struct ike_id *id, char separator)
{
	size_t host;

	if (id->len < domain->len + 2)
		return false;
	host = id->len - domain->len;
	return id->data[host - 1] == separator &&
	       !strncasecmp((const char *)id->data + host, (const char *)domain->data, domain->len);
}

bool ike_id_match(const struct ike_id *wanted, const struct ike_id *id)
{
	if (wanted->type == IKE_ID_ANY)
		return true;
	if (wanted->type == IKE_ID_FQDN_IN)
		return id->type == IKE_ID_FQDN && in_domain(wanted, id, '.');
	if (wanted->type == IKE_ID_RFC822_IN)
		return id->type == IKE_ID_RFC822_ADDR && in_domain(wanted, id, '@');
	if (wanted->type == IKE_ID_DER_ASN1_DN && id->type == IKE_ID_DER_ASN1_DN &&
	    ike_dn_same((struct ike_chunk){ wanted->data, wanted->len },
			(struct ike_chunk){ id->data, id->len }))
		return true;
	if (wanted->type != id->type || wanted->len != id->len)
		return false;
	if (id->type == IKE_ID_FQDN || id->type == IKE_ID_RFC822_ADDR)
		return !strncasecmp((const char *)wanted->data, (const char *)id->data, id->len);
	return !memcmp(wanted->data, id->data, id->len);
}

void ike_id_put(struct ike_writer *w, const struct ike_id *id)
{
	ike_put_u32(w, (uint32_t)id->type << 24);
	ike_put(w, id->data, id->len);
}

bool ike_id_get(struct ike_chunk body, struct ike_id *id)
{
	struct ike_reader r = ike_reader_init(body.data, body.len);
	uint8_t type = ike_get_u8(&r);

	memset(id, 0, sizeof(*id));
	ike_get(&r, 3);
	if (r.bad || !set_id(id, type, r.p, r.left) || ike_id_is_pattern(id))
		return false;
	if (type == IKE_ID_IPV4_ADDR)
		return id->len == 4;
	if (type == IKE_ID_IPV6_ADDR)
		return id->len == 16;
	return true;
}

size_t ike_addr_size(const struct ike_addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool ike_addr_same(const struct ike_addr *a, const struct ike_addr *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, ike_addr_size(a));
}

bool ike_endpoint_same(const struct ike_addr *a, const struct ike_addr *b)
{
	return ike_addr_same(a, b) && a->port == b->port;
}

bool ike_addr_parse(const char *text, struct ike_addr *a)
{
	memset(a, 0, sizeof(*a));
	a->family = inet_pton(AF_INET, text, a->ip) == 1 ? 4 :
		    inet_pton(AF_INET6, text, a->ip) == 1 ? 6 : 0;
	return a->family;
}

void ike_addr_text(const struct ike_addr *a, char *buf, size_t len)
{
	char ip[INET6_ADDRSTRLEN] = "any";

	if (a->family)
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, ip, sizeof(ip));
	if (!a->port)
		snprintf(buf, len, "%s", ip);
	else
		snprintf(buf, len, a->family == 6 ? "[%s]:%u" : "%s:%u", ip, a->port);
}
