// SPDX-License-Identifier: GPL-2.0
/* Structs of libipvti as JSON: its tables give names and forms. */
#include <errno.h>
#include <string.h>

#include "ctl.h"

static json_t *number(const struct ipvti_field *field, const void *obj)
{
	uint64_t value = ipvti_field_number(field, obj);

	if (field->word && value == field->word_value)
		return json_string(field->word);
	switch (field->form) {
	case IPVTI_FORM_HEX:
		return json_string(text_spi(value).s);
	case IPVTI_FORM_BOOL:
		return json_boolean(value);
	case IPVTI_FORM_NAME:
		return json_string(ipvti_name(field->names, value));
	default:
		return json_integer((json_int_t)value);
	}
}

static json_t *address(const struct ipvti_field *field, const void *obj)
{
	struct text text = text_address((const void *)((const char *)obj + field->offset));

	if (field->form == IPVTI_FORM_PREFIX)
		text_append(&text, "/", "%u", (unsigned int)ipvti_field_number(field + 1, obj));
	return json_string(text.s);
}

static json_t *array(const struct ipvti_field *field, const void *obj)
{
	const char *at = (const char *)obj + field->offset;
	json_t *list = json_array();
	unsigned int count;

	count = *(const uint16_t *)((const char *)obj + field->count_offset);
	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(list, json_struct(field->nest, at + i * field->size));
	return list;
}

static json_t *value_of(const struct ipvti_field *field, const void *obj)
{
	const char *at = (const char *)obj + field->offset;

	switch (field->kind) {
	case IPVTI_KIND_STRING:
		return json_string(at);
	case IPVTI_KIND_BINARY:
		return json_string(text_hex((const void *)at, field->size).s);
	case IPVTI_KIND_ADDRESS:
		return address(field, obj);
	case IPVTI_KIND_NEST:
		return json_struct(field->nest, at);
	case IPVTI_KIND_NESTS:
		return array(field, obj);
	case IPVTI_KIND_KEY:
		return json_null();
	default:
		return number(field, obj);
	}
}

json_t *json_struct(const struct ipvti_nest *nest, const void *obj)
{
	const uint64_t *has = obj;
	const struct ipvti_field *field;
	json_t *object = json_object();

	for (field = nest->fields; field->name; field++) {
		bool shown = *has >> field->type & 1;

		if (field->kind == IPVTI_KIND_NESTS)
			shown = true;
		if (shown && field->form != IPVTI_FORM_PREFIX_LEN)
			json_object_set_new(object, field->name, value_of(field, obj));
	}
	return object;
}

json_t *json_message(const struct ipvti_message *msg, const char *inner)
{
	json_t *object = json_struct(&ipvti_nest_message, msg);
	json_t *members = json_incref(json_object_get(object, inner));

	if (members) {
		json_object_del(object, inner);
		json_object_update(object, members);
		json_decref(members);
	}
	return object;
}

int json_out(const struct ctl *ctl, json_t *value)
{
	int err;

	err = json_dumpf(value, stdout, JSON_INDENT(2)) || putchar('\n') == EOF || fflush(stdout);
	json_decref(value);
	return err ? ctl_say(ctl, CTL_FAILED, "output: %s", strerror(errno)) : CTL_OK;
}
