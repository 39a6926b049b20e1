// SPDX-License-Identifier: GPL-2.0
/* ipvtictl show: devices with their SAs. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

/* What one device is shown from. */
struct view {
	struct ctl *ctl;
	json_t *json;
	struct table table;
	bool first;
};

static struct text ago(bool known, uint64_t ms)
{
	struct text text = { "never" };

	if (known) {
		text = text_age(ms);
		text_append(&text, " ", "ago");
	}
	return text;
}

static const char *why_down(const struct ipvti_device *dev)
{
	if (dev->suspect)
		return ": the peer does not answer";
	if (!dev->sas_in && !dev->sas_out)
		return ": no SA";
	if (!dev->sas_in)
		return ": no inbound SA";
	if (!dev->sas_out)
		return ": no outbound SA";
	return "";
}

/* Nothing flows through an interface that was never set up, whatever its tunnel does. */
static bool set_down(const struct view *view, const struct ipvti_message *msg)
{
	unsigned int flags = IFF_UP;

	if (!msg->device.foreign)
		ipvti_link_flags(view->ctl->ipvti, msg->ifindex, &flags);
	return !(flags & IFF_UP);
}

static void show_state(const struct view *view, const struct ipvti_message *msg)
{
	const struct ipvti_device *dev = &msg->device;

	printf("%s  %s for %s%s", *msg->ifname ? msg->ifname : "?", dev->carrier ? "up" : "down",
	       text_age(dev->carrier_age).s, dev->carrier ? "" : why_down(dev));
	if (set_down(view, msg))
		printf("; the interface is set down, ip link set %s up", msg->ifname);
	printf("  (id %" PRIu64 "%s)\n", msg->id,
	       dev->foreign ? ", now in another namespace" : "");
}

static void show_peer(const struct ipvti_device *dev)
{
	if (!dev->remote.len) {
		printf("    peer  none\n");
		return;
	}
	printf("    peer  %s", text_address(&dev->remote).s);
	if (dev->local.len)
		printf(" from %s", text_address(&dev->local).s);
	printf(", ");
	if (dev->encap == IPVTI_ENCAP_UDP)
		printf("ESP in UDP %u to %u\n", dev->sport, dev->dport);
	else
		printf("ESP\n");
}

static void show_mtu(const struct ipvti_device *dev)
{
	printf("    mtu   %u%s", dev->mtu, dev->mtu_fixed ? ", fixed" : "");
	if (ipvti_has(dev, IPVTI_A_DEV_PATH_MTU))
		printf(", path %u", dev->path_mtu);
	putchar('\n');
}

/* What `parallel` comes to. */
static void show_parallel(const struct ipvti_device *dev)
{
	if (dev->parallel == IPVTI_PARALLEL_OFF && !dev->spilled)
		return;
	printf("    cpus  %s, %" PRIu64 " packets so far\n",
	       dev->spilling ? "others encrypt and decrypt too" : "no others take part",
	       dev->spilled);
}

/* Settings that are not what a new device has. */
static void show_settings(const struct ipvti_device *dev)
{
	static const struct ipvti_device defaults = {
		.ttl = 64,
		.dscp = IPVTI_DSCP_INHERIT,
	};
	const struct ipvti_field *field;
	struct text text = {};

	for (field = ipvti_nest_device.fields; field->name; field++) {
		uint64_t value;

		if (field->type < IPVTI_A_DEV_LOWER || field->type > IPVTI_A_DEV_KEEPALIVE ||
		    !ipvti_has(dev, field->type) || field->type == IPVTI_A_DEV_MTU_FIXED)
			continue;
		value = ipvti_field_number(field, dev);
		if (value == ipvti_field_number(field, &defaults))
			continue;
		text_append(&text, ", ", "%s ", field->name);
		if (field->word && value == field->word_value)
			text_append(&text, "", "%s", field->word);
		else if (field->form == IPVTI_FORM_NAME)
			text_append(&text, "", "%s", ipvti_name(field->names, value));
		else if (field->form == IPVTI_FORM_BOOL)
			text_append(&text, "", "%s", value ? "on" : "off");
		else if (field->form == IPVTI_FORM_HEX)
			text_append(&text, "", "0x%" PRIx64, value);
		else if (field->form == IPVTI_FORM_MS)
			text_append(&text, "", "%s", text_age(value).s);
		else if (field->form == IPVTI_FORM_SECONDS)
			text_append(&text, "", "%s", text_age(value * 1000).s);
		else
			text_append(&text, "", "%" PRIu64, value);
	}
	if (*text.s)
		printf("    set   %s\n", text.s);
}

/* Lets all packets of its address family pass. */
static bool is_any(const struct ipvti_ts *ts)
{
	return !ts->src_len && !ts->dst_len && !ts->proto;
}

static struct text selectors(const struct ipvti_sa *sa)
{
	struct text text = { "any" };

	if (!sa->ts_count)
		return text;
	if (sa->ts_count == 2 && is_any(&sa->ts[0]) && is_any(&sa->ts[1]) &&
	    sa->ts[0].src.len != sa->ts[1].src.len)
		return text;
	text = is_any(&sa->ts[0]) ?
		text_format("any IPv%d", sa->ts[0].src.len == 4 ? 4 : 6) : text_ts(&sa->ts[0]);
	if (sa->ts_count > 1)
		text_append(&text, "", " and %u more", sa->ts_count - 1);
	return text;
}

static int add_sa(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_sa *sa = &msg->sa;
	struct view *view = arg;

	if (view->ctl->json) {
		json_array_append_new(view->json, json_struct(&ipvti_nest_sa, sa));
		return 0;
	}
	if (!view->table.count)
		table_add(&view->table, "", "SPI", "ALGORITHM", "STATE", "AGE", "USED", "PACKETS",
			  "BYTES", "SELECTORS");
	if (sa->state == IPVTI_SA_STATE_RESERVED) {
		table_add(&view->table, ipvti_name(ipvti_sa_dir_names, sa->dir),
			  text_spi(sa->spi).s, "", "reserved");
		return 0;
	}
	table_add(&view->table, ipvti_name(ipvti_sa_dir_names, sa->dir), text_spi(sa->spi).s,
		  sa->alg, ipvti_name(ipvti_sa_state_names, sa->state),
		  text_age(sa->age).s, ago(ipvti_has(sa, IPVTI_A_SA_USED_AGE), sa->used_age).s,
		  text_format("%" PRIu64, sa->packets).s, text_bytes(sa->bytes).s,
		  selectors(sa).s);
	return 0;
}

/*
 * What to call a device of the list. A foreign one is either one of ours that lives elsewhere, and
 * has an id here; or a guest, and has an ifindex here.
 */
static struct ipvti_ref name_device(const struct view *view, const struct ipvti_message *msg)
{
	struct ipvti_ref ref = { .ifindex = msg->ifindex };
	struct ipvti_message here;

	if (msg->device.foreign && !ipvti_device_get(view->ctl->ipvti, &ref, &here) &&
	    here.id == msg->id && here.device.foreign)
		return ref;
	return (struct ipvti_ref){ .id = msg->id };
}

/* Who may see a device need not be allowed to see its outer side. */
static int add_sas(struct view *view, const struct ipvti_message *msg)
{
	struct ipvti_ref ref = name_device(view, msg);
	int err;

	err = ipvti_sa_dump(view->ctl->ipvti, &ref, add_sa, view);
	return err == -EPERM ? 0 : err;
}

static int add_device(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_device *dev = &msg->device;
	struct view *view = arg;
	json_t *object = NULL, *list = view->json;
	int err;

	if (view->ctl->json) {
		object = json_message(msg, "device");
		json_array_append_new(list, object);
		view->json = json_array();
		json_object_set_new(object, "sas", view->json);
		err = add_sas(view, msg);
		view->json = list;
		return err;
	}
	if (!view->first)
		putchar('\n');
	view->first = false;
	show_state(view, msg);
	show_peer(dev);
	printf("    last  received %s, sent %s\n",
	       ago(ipvti_has(dev, IPVTI_A_DEV_RX_AGE), dev->rx_age).s,
	       ago(ipvti_has(dev, IPVTI_A_DEV_TX_AGE), dev->tx_age).s);
	show_mtu(dev);
	show_settings(dev);
	show_parallel(dev);
	err = add_sas(view, msg);
	table_print(&view->table, stdout);
	return err;
}

/* A device may go between the list and the question for its SAs: that is no error. */
static int add_device_if_there(const struct ipvti_message *msg, void *arg)
{
	int err = add_device(msg, arg);

	return err == -ENODEV ? 0 : err;
}

int show_run(struct ctl *ctl)
{
	struct view view = {
		.ctl = ctl,
		.table = { .indent = "    ", .right = 1 << 6 | 1 << 7 },
		.first = true,
	};
	const char *name = ctl_word_if_any(ctl);
	struct ipvti_message msg;
	struct ipvti_ref ref;
	int err;

	if (ctl_end(ctl))
		return CTL_USAGE;
	err = name ? ctl_device(ctl, name, &ref) : ctl_open(ctl);
	if (err)
		return err;
	if (ctl->json)
		view.json = json_array();
	if (name) {
		err = ipvti_device_get(ctl->ipvti, &ref, &msg);
		if (!err)
			err = add_device(&msg, &view);
	} else {
		err = ipvti_device_dump(ctl->ipvti, add_device_if_there, &view);
	}
	if (!err && ctl->json)
		return json_out(ctl, view.json);
	json_decref(view.json);
	return err ? ctl_refused(ctl, name ? name : "devices") : CTL_OK;
}
