// SPDX-License-Identifier: GPL-2.0
/*
 * Distinguished names (RFC 5280 section 4.1.2.4): text as "C=CH, O=Example, CN=gw" to DER and back.
 * What DER is compared with may use another kind of string for the same text.
 */
#include "dn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"

enum {
	TAG_OID = 0x06,
	TAG_UTF8 = 0x0c,
	TAG_PRINTABLE = 0x13,
	TAG_IA5 = 0x16,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	LEN_ONE = 0x81,		/* one octet of length follows */
	LEN_TWO = 0x82,
};

/* Names of attributes, and the kind of string that OpenSSL gives them. */
static const struct attribute {
	const char *name;
	uint8_t tag;
	uint8_t len;
	uint8_t oid[10];
} attributes[] = {
	{ "C", TAG_PRINTABLE, 3, { 0x55, 0x04, 0x06 } },
	{ "ST", TAG_UTF8, 3, { 0x55, 0x04, 0x08 } },
	{ "L", TAG_UTF8, 3, { 0x55, 0x04, 0x07 } },
	{ "STREET", TAG_UTF8, 3, { 0x55, 0x04, 0x09 } },
	{ "O", TAG_UTF8, 3, { 0x55, 0x04, 0x0a } },
	{ "OU", TAG_UTF8, 3, { 0x55, 0x04, 0x0b } },
	{ "CN", TAG_UTF8, 3, { 0x55, 0x04, 0x03 } },
	{ "SN", TAG_UTF8, 3, { 0x55, 0x04, 0x04 } },
	{ "GN", TAG_UTF8, 3, { 0x55, 0x04, 0x2a } },
	{ "serialNumber", TAG_PRINTABLE, 3, { 0x55, 0x04, 0x05 } },
	{ "E", TAG_IA5, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 } },
	{ "emailAddress", TAG_IA5, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 } },
	{ "DC", TAG_IA5, 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19 } },
	{ "UID", TAG_UTF8, 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01 } },
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

/* ---- writing --------------------------------------------------------------------------------- */

static bool put(struct ike_writer *w, uint8_t tag, const void *data, size_t len)
{
	if (len > 0xff)
		return false;
	ike_put_u8(w, tag);
	if (len > 0x7f)
		ike_put_u8(w, LEN_ONE);
	ike_put_u8(w, len);
	ike_put(w, data, len);
	return true;
}

static bool put_attribute(struct ike_writer *w, const struct attribute *a, const char *text,
			  size_t len)
{
	struct ike_writer pair = { 0 };
	struct ike_writer seq = { 0 };
	bool ok;

	ok = put(&pair, TAG_OID, a->oid, a->len) && put(&pair, a->tag, text, len) &&
	     put(&seq, TAG_SEQUENCE, pair.data, pair.len) && put(w, TAG_SET, seq.data, seq.len);
	ike_writer_free(&pair);
	ike_writer_free(&seq);
	return ok;
}

static const struct attribute *by_name(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_ATTRIBUTES; i++)
		if (strlen(attributes[i].name) == len &&
		    !strncasecmp(attributes[i].name, name, len))
			return &attributes[i];
	return NULL;
}

bool ike_dn_parse(const char *text, struct ike_writer *der)
{
	const struct attribute *a;
	struct ike_writer list = { 0 };
	size_t name, value;
	bool ok = *text;

	while (ok && *text) {
		text += strspn(text, " ");
		name = strcspn(text, "=");
		a = by_name(text, name);
		ok = a && text[name] == '=';
		if (!ok)
			break;
		text += name + 1;
		value = strcspn(text, ",");
		ok = value && put_attribute(&list, a, text, value);
		text += value;
		if (*text == ',')
			ok = *++text;
	}
	ok = ok && put(der, TAG_SEQUENCE, list.data, list.len);
	ike_writer_free(&list);
	return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The next element; false if there is none or it is malformed. */
static bool next(struct ike_reader *r, uint8_t *tag, struct ike_reader *body)
{
	const uint8_t *p;
	size_t len;

	*tag = ike_get_u8(r);
	len = ike_get_u8(r);
	if (len == LEN_ONE)
		len = ike_get_u8(r);
	else if (len == LEN_TWO)
		len = ike_get_u16(r);
	else if (len > 0x7f)
		return false;
	p = r->bad ? NULL : ike_get(r, len);
	if (!p)
		return false;
	*body = ike_reader_init(p, len);
	return true;
}

/* The next attribute and its value, of a name whose outer sequence is @r. */
static bool next_attribute(struct ike_reader *r, struct ike_reader *set, struct ike_reader *oid,
			   struct ike_reader *value)
{
	struct ike_reader seq;
	uint8_t tag;

	if (!set->left && (!next(r, &tag, set) || tag != TAG_SET))
		return false;
	return next(set, &tag, &seq) && tag == TAG_SEQUENCE && next(&seq, &tag, oid) &&
	       tag == TAG_OID && next(&seq, &tag, value) && !seq.left;
}

static bool open_name(struct ike_chunk der, struct ike_reader *list)
{
	struct ike_reader r = ike_reader_init(der.data, der.len);
	uint8_t tag;

	return next(&r, &tag, list) && tag == TAG_SEQUENCE && !r.left;
}

static const struct attribute *by_oid(const struct ike_reader *oid)
{
	size_t i;

	for (i = 0; i < N_ATTRIBUTES; i++)
		if (attributes[i].len == oid->left &&
		    !memcmp(attributes[i].oid, oid->p, oid->left))
			return &attributes[i];
	return NULL;
}

bool ike_dn_text(struct ike_chunk der, char *buf, size_t len)
{
	struct ike_reader list, set = { 0 }, oid, value;
	const struct attribute *a;
	size_t used = 0;

	buf[0] = '\0';
	if (!open_name(der, &list) || !list.left)
		return false;
	while (list.left || set.left) {
		if (!next_attribute(&list, &set, &oid, &value))
			return false;
		a = by_oid(&oid);
		if (!a || memchr(value.p, ',', value.left) || used >= len)
			return false;
		used += snprintf(buf + used, len - used, "%s%s=%.*s", used ? ", " : "", a->name,
				 (int)value.left, (const char *)value.p);
	}
	return used < len;
}

bool ike_dn_same(struct ike_chunk a, struct ike_chunk b)
{
	struct ike_reader list[2], set[2] = { { 0 } }, oid[2], value[2];

	if (!open_name(a, &list[0]) || !open_name(b, &list[1]))
		return false;
	while (list[0].left || set[0].left) {
		if (!next_attribute(&list[0], &set[0], &oid[0], &value[0]) ||
		    !next_attribute(&list[1], &set[1], &oid[1], &value[1]))
			return false;
		if (oid[0].left != oid[1].left || memcmp(oid[0].p, oid[1].p, oid[0].left) ||
		    value[0].left != value[1].left ||
		    strncasecmp((const char *)value[0].p, (const char *)value[1].p, value[0].left))
			return false;
	}
	return !list[1].left && !set[1].left;
}
