// SPDX-License-Identifier: GPL-2.0
/* ipvtictl up, down, rekey, reload, status, explain, log: what the daemon does. */
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

static struct text joined(const json_t *list)
{
	struct text text = {};

	for (size_t i = 0; i < json_array_size(list); i++)
		text_append(&text, ", ", "%s", json_string_value(json_array_get(list, i)));
	return text;
}

/* The reply for `-j`, or nothing for people: progress has said it all. */
static int finish(const struct ctl *ctl, json_t *reply)
{
	if (ctl->json)
		return json_out(ctl, reply);
	json_decref(reply);
	return CTL_OK;
}

/* Ask about the tunnel that is named next, or about all. 0: the reply is the caller's to free. */
static int ask(struct ctl *ctl, const char *command, json_t **reply)
{
	json_t *request = json_pack("{s:s}", "command", command);

	if (*ctl->args)
		json_object_set_new(request, "name", json_string(*ctl->args++));
	if (ctl_end(ctl)) {
		json_decref(request);
		return CTL_USAGE;
	}
	return control_request(ctl, request, reply);
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

/* A command that is about one tunnel and nothing else. */
static int about_tunnel(struct ctl *ctl, json_t **reply)
{
	const char *name = ctl_word(ctl, "NAME");

	if (!name || ctl_end(ctl))
		return CTL_USAGE;
	return control_request(ctl, json_pack("{s:s, s:s}", "command", ctl->command->name, "name",
					      name), reply);
}

int down_run(struct ctl *ctl)
{
	json_t *reply;
	int err = about_tunnel(ctl, &reply);

	return err ? err : finish(ctl, reply);
}

/* Side by side, the first line that does not meet marked. */
static void show_compare(const json_t *lines, bool by_peer)
{
	struct table table = { .indent = "    " };
	const json_t *line;

	if (!json_array_size(lines))
		return;
	table_add(&table, "", by_peer ? "they want" : "theirs", "ours");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		line = json_array_get(lines, i);
		table_add(&table, word(line, "what"),
			  string(line, "theirs") ? string(line, "theirs") : "not said",
			  word(line, "ours"),
			  json_is_true(json_object_get(line, "differs")) ? "<-- differs" : "");
	}
	table_print(&table, stdout);
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void show_path(const json_t *failure)
{
	const char *route = string(failure, "route"), *hint = string(failure, "hint");

	if (!string(failure, "remote"))
		return;
	printf("    path    %s to %s%s%s\n", word(failure, "local"), word(failure, "remote"),
	       route ? ", " : "", route ? route : "");
	printf("    sent    %lld, came back %lld", number(failure, "sent"),
	       number(failure, "received"));
	if (number(failure, "unusable"))
		printf(" of which %lld could not be used", number(failure, "unusable"));
	putchar('\n');
	if (hint)
		printf("    hint    %s\n", hint);
}

static void show_failure(const json_t *failure)
{
	const json_t *places = json_object_get(failure, "look-at");
	struct text since = age(failure, "age");

	printf("%s%s%s\n", string(failure, "name") ? string(failure, "name") : "",
	       string(failure, "name") ? ": " : "a peer without tunnel: ", word(failure, "text"));
	if (!string(failure, "step"))
		return;
	printf("    step    %s, %s, %s ago\n", word(failure, "step"),
	       json_is_true(json_object_get(failure, "by-peer")) ? "refused by the peer" :
	       "ended here", since.s);
	show_compare(json_object_get(failure, "compare"),
		     json_is_true(json_object_get(failure, "by-peer")));
	show_path(failure);
	for (size_t i = 0; i < json_array_size(places); i++)
		printf("    %-7s %s:%lld: %s\n", i ? "" : "look at",
		       word(json_array_get(places, i), "file"),
		       number(json_array_get(places, i), "line"),
		       word(json_array_get(places, i), "key"));
}

int explain_run(struct ctl *ctl)
{
	const json_t *failures;
	json_t *reply;
	int err;

	err = ask(ctl, "explain", &reply);
	if (err)
		return err;
	failures = json_object_get(reply, "failures");
	if (!ctl->json && !failures)
		show_failure(reply);
	if (!ctl->json && failures && !json_array_size(failures))
		puts("no negotiation failed so far");
	for (size_t i = 0; !ctl->json && i < json_array_size(failures); i++)
		show_failure(json_array_get(failures, i));
	json_object_del(reply, "ok");
	return finish(ctl, reply);
}

int rekey_run(struct ctl *ctl)
{
	static const char *const whats[] = { "ike", "child", NULL };
	const char *name = ctl_word(ctl, "NAME");
	json_t *request, *reply;
	uint8_t what = 1;

	if (!name)
		return CTL_USAGE;
	if (*ctl->args && (ctl_name(ctl, "what", whats, &what) || ctl_end(ctl)))
		return CTL_USAGE;
	request = json_pack("{s:s, s:s, s:s}", "command", "rekey", "name", name, "what",
			    whats[what]);
	return control_request(ctl, request, &reply) ? CTL_FAILED : finish(ctl, reply);
}

int log_run(struct ctl *ctl)
{
	const char *level = ctl_word(ctl, "LEVEL");
	json_t *request, *reply;

	if (!level)
		return CTL_USAGE;
	request = json_pack("{s:s}", "command", "log");
	/* The level is the last word. */
	if (*ctl->args) {
		json_object_set_new(request, "subsystem", json_string(level));
		level = *ctl->args++;
	}
	json_object_set_new(request, "level", json_string(level));
	if (ctl_end(ctl)) {
		json_decref(request);
		return CTL_USAGE;
	}
	if (control_request(ctl, request, &reply))
		return CTL_FAILED;
	return finish(ctl, reply);
}

/* {"tunnel":"site-b","change":"at once","keys":["detect"]}, or one key of the daemon. */
static void show_change(const json_t *change)
{
	const json_t *keys = json_object_get(change, "keys");
	const char *tunnel = string(change, "tunnel");

	printf("%s: %s", tunnel ? tunnel : word(change, "key"), word(change, "change"));
	if (json_array_size(keys))
		printf(": %s", joined(keys).s);
	putchar('\n');
}

int reload_run(struct ctl *ctl)
{
	const json_t *changes, *errors;
	json_t *reply;
	int failed = 0, status;

	if (ctl_end(ctl))
		return CTL_USAGE;
	if (control_request(ctl, json_pack("{s:s}", "command", "reload"), &reply))
		return CTL_FAILED;
	changes = json_object_get(reply, "changes");
	for (size_t i = 0; i < json_array_size(changes) && !ctl->json; i++)
		show_change(json_array_get(changes, i));
	if (!ctl->json && !json_array_size(changes))
		puts("nothing changed");
	errors = json_object_get(reply, "errors");
	for (size_t i = 0; i < json_array_size(errors); i++)
		failed = ctl_say(ctl, CTL_FAILED, "%s: %s",
				 word(json_array_get(errors, i), "tunnel"),
				 word(json_array_get(errors, i), "error"));
	status = finish(ctl, reply);
	return failed ? failed : status;
}

static void show_end(const json_t *tunnel, const char *title, const char *address_key,
		     const char *id_key)
{
	const char *address = string(tunnel, address_key), *id = string(tunnel, id_key);

	if (address || id)
		printf("    %-7s %s%s%s%s\n", title, address ? address : "",
		       address && id ? " is " : "", id ? id : "",
		       json_is_true(json_object_get(json_object_get(tunnel, "ike"),
						    text_format("nat-%s", title).s))
		       ? ", behind NAT" : "");
}

static void show_ike(const json_t *ike)
{
	struct text rekey = age(ike, "rekey-in"), since = age(ike, "age");
	struct text unanswered = age(ike, "unanswered");

	if (!json_is_object(ike))
		return;
	printf("    IKE     %s%s, %s%s%s%s%s\n", word(ike, "state"),
	       json_is_true(json_object_get(ike, "resumed")) ? " and resumed" : "",
	       word(ike, "role"), *since.s ? ", since " : "", since.s,
	       *rekey.s ? ", new keys in " : "", rekey.s);
	printf("            %s%s\n", word(ike, "proposal"),
	       json_is_true(json_object_get(ike, "ppk")) ? ", protected by a PPK" : "");
	printf("            SPIs %s and %s\n", word(ike, "spi-i"), word(ike, "spi-r"));
	if (*unanswered.s)
		printf("            has not answered for %s\n", unanswered.s);
}

static void show_traffic(const json_t *child, const char *title, const char *packets_key,
			 const char *bytes_key, const char *spi_key)
{
	const json_t *packets = json_object_get(child, packets_key);

	printf("            %-3s %s", title, word(child, spi_key));
	if (packets)
		printf(", %lld packets, %s", (long long)json_integer_value(packets),
		       text_bytes(json_integer_value(json_object_get(child, bytes_key))).s);
	putchar('\n');
}

static void show_child(const json_t *child)
{
	struct text since = age(child, "age");

	printf("    child   %s%s%s%s\n", word(child, "alg"),
	       json_is_true(json_object_get(child, "esn")) ? " with ESN" : "",
	       *since.s ? ", since " : "", since.s);
	printf("            %s to %s\n", joined(json_object_get(child, "local-ts")).s,
	       joined(json_object_get(child, "remote-ts")).s);
	show_traffic(child, "in", "packets-in", "bytes-in", "spi-in");
	show_traffic(child, "out", "packets-out", "bytes-out", "spi-out");
}

static void show_liveness(const json_t *tunnel)
{
	struct text heard = age(tunnel, "last-heard");
	struct text detect = age(tunnel, "detect");

	if (*heard.s)
		printf("    heard   %s ago%s%s\n", heard.s, *detect.s ? ", suspect after " : "",
		       detect.s);
}

static void show_list(const json_t *tunnel, const char *title, const char *key)
{
	const json_t *list = json_object_get(tunnel, key);

	if (json_array_size(list))
		printf("    %-7s %s\n", title, joined(list).s);
}

/* Whose client it is, or how many clients it has. */
static void show_template(const json_t *tunnel)
{
	const json_t *clients = json_object_get(tunnel, "clients");
	const char *template = string(tunnel, "template");

	if (template)
		printf("    client  of template %s\n", template);
	if (clients)
		printf("    clients %lld of at most %lld\n", (long long)json_integer_value(clients),
		       (long long)json_integer_value(json_object_get(tunnel, "clients-max")));
}

static void show_tunnel(const json_t *tunnel)
{
	json_int_t adopted = json_integer_value(json_object_get(tunnel, "adopted-sas"));
	const json_t *children = json_object_get(tunnel, "children");
	const char *error = string(tunnel, "error"), *tfc = string(tunnel, "tfc");
	struct text since = age(tunnel, "since");

	printf("%s  %s%s%s, %s%s\n", word(tunnel, "name"), word(tunnel, "state"),
	       *since.s ? " for " : "", since.s, word(tunnel, "device"),
	       json_is_true(json_object_get(tunnel, "carrier")) ? " with carrier" : "");
	if (error)
		printf("    why     %s\n", error);
	show_template(tunnel);
	show_end(tunnel, "local", "local", "local-id");
	show_end(tunnel, "remote", "remote", "remote-id");
	show_list(tunnel, "virtual", "virtual-ip");
	show_list(tunnel, "dns", "dns");
	show_list(tunnel, "subnets", "subnets");
	show_list(tunnel, "leased", "leases");
	show_ike(json_object_get(tunnel, "ike"));
	for (size_t i = 0; i < json_array_size(children); i++)
		show_child(json_array_get(children, i));
	if (adopted)
		printf("    adopted %lld SAs of an earlier run, to be replaced\n",
		       (long long)adopted);
	if (tfc)
		printf("    padding %s\n", tfc);
	show_liveness(tunnel);
}

/* Peers that began and have not said who they are, of all tunnels; a few are nothing special. */
static void show_half_open(const json_t *reply)
{
	json_int_t n = json_integer_value(json_object_get(reply, "half-open"));

	if (n)
		printf("\nhalf-open IKE SAs: %lld%s\n", (long long)n,
		       json_is_true(json_object_get(reply, "cookies")) ?
		       "; cookies are asked for" : "");
}

int status_run(struct ctl *ctl)
{
	json_t *reply, *tunnels;
	int err;

	err = ask(ctl, "status", &reply);
	if (err)
		return err;
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
	show_half_open(reply);
	json_decref(reply);
	return CTL_OK;
}
