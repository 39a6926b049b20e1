// SPDX-License-Identifier: GPL-2.0
/* ipvtictl up, down, rekey, reload, status: what the daemon does. */
#include <string.h>

#include "control.h"

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Of a member that is always there, as far as we know. */
static const char *word(const json_t *object, const char *key)
{
	const char *value = string(object, key);

	return value ? value : "-";
}

static struct text age(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? text_age(json_integer_value(value)) : (struct text){};
}

/* The reply for `-j`, or nothing for people: progress has said it all. */
static int finish(const struct ctl *ctl, json_t *reply)
{
	if (ctl->json)
		return json_out(ctl, reply);
	json_decref(reply);
	return CTL_OK;
}

int up_run(struct ctl *ctl)
{
	const char *name = ctl_word(ctl, "NAME");
	json_t *reply;
	bool wait;

	if (!name)
		return CTL_USAGE;
	wait = !ctl_take(ctl, "--no-wait");
	if (ctl_end(ctl))
		return CTL_USAGE;
	if (control_request(ctl, json_pack("{s:s, s:s, s:b}", "command", "up", "name", name,
					   "wait", wait), &reply))
		return CTL_FAILED;
	return finish(ctl, reply);
}

int down_run(struct ctl *ctl)
{
	const char *name = ctl_word(ctl, "NAME");
	json_t *reply;

	if (!name || ctl_end(ctl))
		return CTL_USAGE;
	if (control_request(ctl, json_pack("{s:s, s:s}", "command", "down", "name", name), &reply))
		return CTL_FAILED;
	return finish(ctl, reply);
}

int rekey_run(struct ctl *ctl)
{
	static const char *const whats[] = { "ike", "child", NULL };
	const char *name = ctl_word(ctl, "NAME");
	json_t *request, *reply;
	uint8_t what;

	if (!name)
		return CTL_USAGE;
	request = json_pack("{s:s, s:s}", "command", "rekey", "name", name);
	if (*ctl->args) {
		if (ctl_name(ctl, "what", whats, &what) || ctl_end(ctl)) {
			json_decref(request);
			return CTL_USAGE;
		}
		json_object_set_new(request, "what", json_string(whats[what]));
	}
	return control_request(ctl, request, &reply) ? CTL_FAILED : finish(ctl, reply);
}

int reload_run(struct ctl *ctl)
{
	json_t *reply;

	if (ctl_end(ctl))
		return CTL_USAGE;
	if (control_request(ctl, json_pack("{s:s}", "command", "reload"), &reply))
		return CTL_FAILED;
	return finish(ctl, reply);
}

static void show_peer(const json_t *tunnel)
{
	static const struct {
		const char *title, *id, *address;
	} ends[] = {
		{ "local", "local-id", "local" },
		{ "remote", "remote-id", "remote" },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *address = string(tunnel, ends[i].address);
		const char *id = string(tunnel, ends[i].id);

		if (address || id)
			printf("    %-7s %s%s%s%s\n", ends[i].title, address ? address : "",
			       address && id ? " (" : "", id ? id : "", address && id ? ")" : "");
	}
}

static void show_ike(const json_t *ike)
{
	struct text rekey = age(ike, "rekey-in");

	if (!json_is_object(ike))
		return;
	printf("    IKE     %s, %s, SPIs %s and %s\n", word(ike, "proposal"),
	       word(ike, "role"), word(ike, "spi-i"), word(ike, "spi-r"));
	printf("            since %s%s%s\n", age(ike, "age").s, *rekey.s ? ", rekeyed in " : "",
	       rekey.s);
}

static struct text joined(const json_t *list)
{
	struct text text = {};

	for (size_t i = 0; i < json_array_size(list); i++)
		text_append(&text, ", ", "%s", json_string_value(json_array_get(list, i)));
	return text;
}

static void show_child(const json_t *child)
{
	struct text rekey = age(child, "rekey-in");

	printf("    child   %s%s, in %s, out %s\n", word(child, "alg"),
	       json_is_true(json_object_get(child, "esn")) ? " with ESN" : "",
	       word(child, "spi-in"), word(child, "spi-out"));
	printf("            %s to %s\n", joined(json_object_get(child, "local-ts")).s,
	       joined(json_object_get(child, "remote-ts")).s);
	printf("            since %s%s%s\n", age(child, "age").s,
	       *rekey.s ? ", rekeyed in " : "", rekey.s);
}

static void show_liveness(const json_t *tunnel)
{
	struct text heard = age(tunnel, "last-heard");
	struct text detect = age(tunnel, "detect");

	if (*heard.s)
		printf("    peer    heard %s ago%s%s%s\n", heard.s,
		       json_is_true(json_object_get(tunnel, "suspect")) ? ", does not answer" : "",
		       *detect.s ? ", suspect after " : "", detect.s);
}

static void show_tunnel(const json_t *tunnel)
{
	const char *error = string(tunnel, "error");
	const json_t *children = json_object_get(tunnel, "children");
	struct text since = age(tunnel, "since");

	printf("%s  %s%s%s, %s\n", word(tunnel, "name"), word(tunnel, "state"),
	       *since.s ? " for " : "", since.s, word(tunnel, "device"));
	if (error)
		printf("    last    %s\n", error);
	show_peer(tunnel);
	show_ike(json_object_get(tunnel, "ike"));
	for (size_t i = 0; i < json_array_size(children); i++)
		show_child(json_array_get(children, i));
	show_liveness(tunnel);
}

int status_run(struct ctl *ctl)
{
	json_t *request = json_pack("{s:s}", "command", "status");
	json_t *reply, *tunnels;

	if (*ctl->args)
		json_object_set_new(request, "name", json_string(*ctl->args++));
	if (ctl_end(ctl)) {
		json_decref(request);
		return CTL_USAGE;
	}
	if (control_request(ctl, request, &reply))
		return CTL_FAILED;
	tunnels = json_object_get(reply, "tunnels");
	if (ctl->json) {
		json_incref(tunnels);
		json_decref(reply);
		return json_out(ctl, tunnels);
	}
	for (size_t i = 0; i < json_array_size(tunnels); i++) {
		if (i)
			putchar('\n');
		show_tunnel(json_array_get(tunnels, i));
	}
	json_decref(reply);
	return CTL_OK;
}
