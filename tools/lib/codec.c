// SPDX-License-Identifier: GPL-2.0
/* Structs to attributes and back, as the tables of fields.c say. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* How a kind of field is written and read. @at is the member of the struct. */
struct kind {
	int (*put)(struct nl_msg *msg, const struct ipvti_field *field, const void *at);
	int (*get)(const struct ipvti_field *field, void *at, const struct nlattr *attr);
};

static int put_plain(struct nl_msg *msg, const struct ipvti_field *field, const void *at)
{
	return nla_put(msg, field->type, field->size, at);
}

static int get_plain(const struct ipvti_field *field, void *at, const struct nlattr *attr)
{
	if ((uint32_t)nla_len(attr) != field->size)
		return -EBADMSG;
	memcpy(at, nla_data(attr), field->size);
	return 0;
}

static int put_flag(struct nl_msg *msg, const struct ipvti_field *field, const void *at)
{
	return *(const bool *)at ? nla_put_flag(msg, field->type) : 0;
}

static int get_flag(const struct ipvti_field *field, void *at, const struct nlattr *attr)
{
	(void)field;
	(void)attr;
	*(bool *)at = true;
	return 0;
}

static int put_string(struct nl_msg *msg, const struct ipvti_field *field, const void *at)
{
	return nla_put_string(msg, field->type, at);
}

static int get_string(const struct ipvti_field *field, void *at, const struct nlattr *attr)
{
	nla_strlcpy(at, attr, field->size);
	return 0;
}

static int put_address(struct nl_msg *msg, const struct ipvti_field *field, const void *at)
{
	const struct ipvti_address *address = at;

	return nla_put(msg, field->type, address->len, address->bytes);
}

static int get_address(const struct ipvti_field *field, void *at, const struct nlattr *attr)
{
	struct ipvti_address *address = at;

	(void)field;
	if (nla_len(attr) != 4 && nla_len(attr) != 16)
		return -EBADMSG;
	address->len = nla_len(attr);
	memcpy(address->bytes, nla_data(attr), address->len);
	return 0;
}

static int put_key(struct nl_msg *msg, const struct ipvti_field *field, const void *at)
{
	const struct ipvti_key *key = at;

	return nla_put(msg, field->type, key->len, key->bytes);
}

static int get_key(const struct ipvti_field *field, void *at, const struct nlattr *attr)
{
	(void)field;
	(void)at;
	(void)attr;
	return -EBADMSG;	/* keys go in and never come out */
}

static int put_nest(struct nl_msg *msg, const struct ipvti_field *field, const void *at)
{
	struct nlattr *start = nla_nest_start(msg, NLA_F_NESTED | field->type);
	int err;

	if (!start)
		return -EMSGSIZE;
	err = ipvti_encode(msg, field->nest, at);
	nla_nest_end_keep_empty(msg, start);
	return err;
}

static int get_nest(const struct ipvti_field *field, void *at, const struct nlattr *attr)
{
	memset(at, 0, field->size);
	return ipvti_decode(field->nest, at, nla_data(attr), nla_len(attr));
}

static const struct kind kinds[] = {
	[IPVTI_KIND_U8] = { put_plain, get_plain },
	[IPVTI_KIND_U16] = { put_plain, get_plain },
	[IPVTI_KIND_U32] = { put_plain, get_plain },
	[IPVTI_KIND_U64] = { put_plain, get_plain },
	[IPVTI_KIND_FLAG] = { put_flag, get_flag },
	[IPVTI_KIND_STRING] = { put_string, get_string },
	[IPVTI_KIND_BINARY] = { put_plain, get_plain },
	[IPVTI_KIND_ADDRESS] = { put_address, get_address },
	[IPVTI_KIND_KEY] = { put_key, get_key },
	[IPVTI_KIND_NEST] = { put_nest, get_nest },
	[IPVTI_KIND_NESTS] = { put_nest, get_nest },	/* of one element */
};

int ipvti_encode(struct nl_msg *msg, const struct ipvti_nest *nest, const void *obj)
{
	const uint64_t *has = obj;	/* the first member of every struct */
	const struct ipvti_field *field;

	for (field = nest->fields; field->name; field++) {
		const char *at = (const char *)obj + field->offset;
		unsigned int count = *has >> field->type & 1;

		if (field->kind == IPVTI_KIND_NESTS)
			count = *(const uint16_t *)((const char *)obj + field->count_offset);
		for (unsigned int i = 0; i < count; i++)
			if (kinds[field->kind].put(msg, field, at + i * field->size))
				return -EMSGSIZE;
	}
	return 0;
}

int ipvti_decode(const struct ipvti_nest *nest, void *obj, const struct nlattr *head, int len)
{
	const struct ipvti_field *field;
	const struct nlattr *attr;
	uint64_t *has = obj;
	int rest, err;

	nla_for_each_attr(attr, (struct nlattr *)head, len, rest) {
		char *at;

		field = ipvti_field_find(nest, nla_type(attr));
		if (!field)
			continue;
		at = (char *)obj + field->offset;
		if (field->kind == IPVTI_KIND_NESTS) {
			uint16_t *count = (uint16_t *)((char *)obj + field->count_offset);

			if (*count >= field->count_max)
				return -EBADMSG;
			at += field->size * (*count)++;
		}
		err = kinds[field->kind].get(field, at, attr);
		if (err)
			return err;
		*has |= UINT64_C(1) << field->type;
	}
	return 0;
}
