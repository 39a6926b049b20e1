// SPDX-License-Identifier: GPL-2.0
/* ipvtictl algs: what this kernel can do. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

/* Transforms, each as a part of the best algorithm that it occurs in. */
struct parts {
	struct part {
		char name[IPVTI_ALG_NAME_MAX];
		struct ipvti_alg alg;
	} *list;
	size_t count;
};

struct view {
	json_t *list;
	bool all;
	struct table table;
	struct parts encr, integ;
};

static const char *or_none(bool has, const char *text)
{
	return has ? text : "-";
}

static const char *driver_of(const struct ipvti_alg *alg, uint16_t attr, const char *driver)
{
	return ipvti_has(alg, attr) ? driver : "not in this kernel";
}

static struct text number(uint64_t value)
{
	return text_format("%u", (unsigned int)value);
}

static struct text rfc(const struct ipvti_alg *alg, uint16_t attr, uint16_t value)
{
	return text_format(ipvti_has(alg, attr) ? "%u" : "-", value);
}

static struct text status(const struct ipvti_alg *alg)
{
	return text_format("%s%s", ipvti_name(ipvti_alg_status_names, alg->status),
			   alg->legacy ? " (legacy)" : "");
}

static void add_part(struct parts *parts, const char *name, size_t len,
		     const struct ipvti_alg *alg)
{
	struct part *part;

	for (size_t i = 0; i < parts->count; i++) {
		part = &parts->list[i];
		if (strlen(part->name) != len || memcmp(part->name, name, len))
			continue;
		if (alg->status < part->alg.status)
			part->alg = *alg;
		return;
	}
	parts->list = realloc(parts->list, (parts->count + 1) * sizeof(*parts->list));
	if (!parts->list)
		abort();
	part = &parts->list[parts->count++];
	memcpy(part->name, name, len);
	part->name[len] = '\0';
	part->alg = *alg;
}

static void add_parts(struct view *view, const struct ipvti_alg *alg)
{
	const char *dash = strchr(alg->name, '-');

	add_part(&view->encr, alg->name, dash ? (size_t)(dash - alg->name) : strlen(alg->name),
		 alg);
	if (dash)
		add_part(&view->integ, dash + 1, strlen(dash + 1), alg);
}

static void print_encr(struct parts *parts)
{
	struct table table = { .right = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 };

	table_add(&table, "ENCRYPTION", "ID", "BITS", "KEY", "IV", "ICV", "RFC", "STATUS", "DRIVER");
	for (size_t i = 0; i < parts->count; i++) {
		const struct ipvti_alg *alg = &parts->list[i].alg;
		bool combined = !ipvti_has(alg, IPVTI_A_ALG_INTEG);

		table_add(&table, parts->list[i].name, or_none(alg->encr, number(alg->encr).s),
			  or_none(alg->key_bits, number(alg->key_bits).s),
			  number(alg->key_len - alg->integ_key_len).s, number(alg->iv_len).s,
			  or_none(combined, number(alg->icv_len).s),
			  rfc(alg, IPVTI_A_ALG_RFC, alg->rfc).s, status(alg).s,
			  driver_of(alg, IPVTI_A_ALG_DRIVER, alg->driver));
	}
	table_print(&table, stdout);
}

static void print_integ(struct parts *parts)
{
	struct table table = { .right = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 };

	table_add(&table, "INTEGRITY", "ID", "KEY", "ICV", "RFC", "STATUS", "DRIVER");
	for (size_t i = 0; i < parts->count; i++) {
		const struct ipvti_alg *alg = &parts->list[i].alg;

		table_add(&table, parts->list[i].name, or_none(alg->integ, number(alg->integ).s),
			  number(alg->integ_key_len).s, number(alg->icv_len).s,
			  rfc(alg, IPVTI_A_ALG_INTEG_RFC, alg->integ_rfc).s, status(alg).s,
			  driver_of(alg, IPVTI_A_ALG_INTEG_DRIVER, alg->integ_driver));
	}
	table_print(&table, stdout);
}

static void add_row(struct table *table, const struct ipvti_alg *alg)
{
	const char *driver = driver_of(alg, IPVTI_A_ALG_DRIVER, alg->driver);
	struct text drivers = text_format("%s", driver);

	if (ipvti_has(alg, IPVTI_A_ALG_INTEG))
		text_append(&drivers, " + ", "%s",
			    driver_of(alg, IPVTI_A_ALG_INTEG_DRIVER, alg->integ_driver));
	table_add(table, alg->name, number(alg->key_len).s, number(alg->iv_len).s,
		  number(alg->icv_len).s, status(alg).s, drivers.s);
}

static int add_alg(const struct ipvti_message *msg, void *arg)
{
	struct view *view = arg;

	if (view->list)
		json_array_append_new(view->list, json_message(msg, "alg"));
	else if (view->all)
		add_row(&view->table, &msg->alg);
	else
		add_parts(view, &msg->alg);
	return 0;
}

static void print_parts(struct view *view)
{
	print_encr(&view->encr);
	puts("");
	print_integ(&view->integ);
	puts("\nAlone: those with an ICV of their own. The others as ENCRYPTION-INTEGRITY.");
}

int algs_run(struct ctl *ctl)
{
	struct view view = { .table = { .right = 1 << 1 | 1 << 2 | 1 << 3 } };
	int err;

	view.all = ctl_take(ctl, "all");
	err = ctl_end(ctl);
	if (!err)
		err = ctl_open(ctl);
	if (err)
		return err;
	view.list = ctl->json ? json_array() : NULL;
	if (view.all)
		table_add(&view.table, "ALGORITHM", "KEY", "IV", "ICV", "STATUS", "DRIVERS");
	err = ipvti_alg_dump(ctl->ipvti, add_alg, &view);
	if (!err && !view.list && !view.all)
		print_parts(&view);
	if (!view.list)
		table_print(&view.table, stdout);
	free(view.encr.list);
	free(view.integ.list);
	if (!err && view.list)
		return json_out(ctl, view.list);
	json_decref(view.list);
	return err ? ctl_refused(ctl, "algorithms") : CTL_OK;
}
