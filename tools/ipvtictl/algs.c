// SPDX-License-Identifier: GPL-2.0
/* ipvtictl algs: what this kernel can do. */
#include "ctl.h"

struct view {
	json_t *list;
	struct table table;
};

static int add_alg(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_alg *alg = &msg->alg;
	struct view *view = arg;

	if (view->list) {
		json_array_append_new(view->list, json_message(msg, "alg"));
		return 0;
	}
	if (!view->table.count)
		table_add(&view->table, "ALGORITHM", "KEY", "IV", "ICV", "RFC", "STATUS", "DRIVER");
	table_add(&view->table, alg->name, text_format("%u", alg->key_len).s,
		  text_format("%u", alg->iv_len).s, text_format("%u", alg->icv_len).s,
		  text_format("%u", alg->rfc).s, ipvti_name(ipvti_alg_status_names, alg->status),
		  ipvti_has(alg, IPVTI_A_ALG_DRIVER) ? alg->driver : "not in this kernel");
	return 0;
}

int algs_run(struct ctl *ctl)
{
	struct view view = { .table = { .right = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 } };
	int err;

	err = ctl_end(ctl);
	if (!err)
		err = ctl_open(ctl);
	if (err)
		return err;
	view.list = ctl->json ? json_array() : NULL;
	err = ipvti_alg_dump(ctl->ipvti, add_alg, &view);
	table_print(&view.table, stdout);
	if (!err && view.list)
		return json_out(ctl, view.list);
	json_decref(view.list);
	return err ? ctl_refused(ctl, "algorithms") : CTL_OK;
}
