// SPDX-License-Identifier: GPL-2.0
/* ipvtictl stats: why packets were dropped, by device and SA. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl.h"

/* @drops: JSON object of the device or SA under way, or NULL for people. */
struct view {
	struct ctl *ctl;
	struct ipvti_ref ref;
	bool all;
	json_t *drops;
	json_t *sas;
	struct table table;
};

static int add_reason(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_stat *stat = &msg->stat;
	struct view *view = arg;

	if (view->drops)
		json_object_set_new(view->drops, stat->name, json_integer(stat->value));
	else if (stat->value || view->all)
		table_add(&view->table, text_format("%" PRIu64, stat->value).s, stat->name,
			  stat->help);
	return 0;
}

static void print_reasons(struct view *view, const char *title)
{
	printf("%s%s\n", title, view->table.count ? "" : ": no drops");
	table_print(&view->table, stdout);
}

static int add_sa(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_sa *sa = &msg->sa;
	struct view *view = arg;
	const char *dir = ipvti_name(ipvti_sa_dir_names, sa->dir);
	int err;

	if (view->sas)
		view->drops = json_object();
	err = ipvti_stats(view->ctl->ipvti, &view->ref, sa->dir, sa->spi, add_reason, view);
	if (view->sas)
		json_array_append_new(view->sas, json_pack("{s:s, s:s, s:o}", "dir", dir, "spi",
							   text_spi(sa->spi).s, "drops",
							   view->drops));
	else if (!err && view->table.count)
		print_reasons(view, text_format("%s %s", dir, text_spi(sa->spi).s).s);
	return err == -ENOENT ? 0 : err;	/* it went meanwhile */
}

static int device_stats(struct view *view, const char *name)
{
	json_t *object = NULL;
	int err;

	if (view->ctl->json) {
		view->drops = json_object();
		view->sas = json_array();
		object = json_pack("{s:s, s:o, s:o}", "ifname", name, "drops", view->drops, "sas",
				   view->sas);
	}
	err = ipvti_stats(view->ctl->ipvti, &view->ref, 0, 0, add_reason, view);
	if (err)
		goto out;
	if (!object)
		print_reasons(view, name);
	err = ipvti_sa_dump(view->ctl->ipvti, &view->ref, add_sa, view);
	if (err == -EPERM)
		err = 0;	/* a guest: its SAs belong to another namespace */
out:
	if (!err && object)
		return json_out(view->ctl, object);
	json_decref(object);
	return err ? ctl_refused(view->ctl, name) : CTL_OK;
}

/* Packets that no device was found for. */
static int namespace_stats(struct view *view)
{
	json_t *object = NULL;
	int err;

	if (view->ctl->json) {
		view->drops = json_object();
		object = json_pack("{s:o}", "drops", view->drops);
	}
	err = ipvti_stats(view->ctl->ipvti, NULL, 0, 0, add_reason, view);
	if (!err && object)
		return json_out(view->ctl, object);
	json_decref(object);
	if (err)
		return ctl_refused(view->ctl, "namespace");
	print_reasons(view, "packets of no device");
	return CTL_OK;
}

int stats_run(struct ctl *ctl)
{
	struct view view = { .ctl = ctl, .table = { .indent = "    ", .right = 1 } };
	const char *name = NULL;
	int err;

	view.all = ctl_take(ctl, "all");
	if (!view.all)
		name = ctl_word_if_any(ctl);
	view.all |= ctl_take(ctl, "all");
	if (ctl_end(ctl))
		return CTL_USAGE;
	err = name ? ctl_device(ctl, name, &view.ref) : ctl_open(ctl);
	if (err)
		return err;
	return name ? device_stats(&view, name) : namespace_stats(&view);
}
