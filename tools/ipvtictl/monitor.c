// SPDX-License-Identifier: GPL-2.0
/* ipvtictl monitor: events of the kernel and of the daemon as they happen, one line each. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"

#define LOOK_AGAIN_MS 2000	/* for a daemon, while none runs */

/* RFC 3339, with milliseconds and the offset of the local time zone. */
static struct text now(void)
{
	char day[40], zone[8];
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(day, sizeof(day), "%FT%T", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	return text_format("%s.%03ld%.3s:%s", day, ts.tv_nsec / 1000000, zone, zone + 3);
}

static void say_carrier(const struct ipvti_message *msg)
{
	printf(" %s%s", msg->device.carrier ? "on" : "off",
	       msg->device.suspect ? ", the peer does not answer" : "");
}

static void say_peer(const struct ipvti_message *msg)
{
	const struct ipvti_device *dev = &msg->device;

	printf(" %s", text_address(&dev->remote).s);
	if (dev->encap == IPVTI_ENCAP_UDP)
		printf(" port %u", dev->dport);
}

static void say_device(const struct ipvti_message *msg)
{
	if (!msg->ifindex)
		printf(" deleted");
	else if (msg->device.foreign)
		printf(" changed, in another namespace");
	else
		printf(" changed");
}

static void say_selectors(const struct ipvti_message *msg)
{
	if (msg->sa.ts_count)
		printf(" %s", text_ts(&msg->sa.ts[0]).s);
}

static void say_sa(const struct ipvti_message *msg)
{
	printf(" %s %s", ipvti_name(ipvti_sa_dir_names, msg->sa.dir), text_spi(msg->sa.spi).s);
}

static void say_replaced(const struct ipvti_message *msg)
{
	say_sa(msg);
	if (msg->sa.replaces)
		printf(" replaces %s", text_spi(msg->sa.replaces).s);
}

static void say_socket(const struct ipvti_message *msg)
{
	printf(" %s port %u", text_address(&msg->socket.local).s, msg->socket.port);
}

static void say_lost(const struct ipvti_message *msg)
{
	(void)msg;
	printf(": events were lost");
}

/* What there is to say about each event. */
static void (*const say[])(const struct ipvti_message *msg) = {
	[IPVTI_EVENT_ACQUIRE] = say_selectors,
	[IPVTI_EVENT_SOFT] = say_sa,
	[IPVTI_EVENT_HARD] = say_sa,
	[IPVTI_EVENT_FIRST_USE] = say_sa,
	[IPVTI_EVENT_SA_DELETED] = say_sa,
	[IPVTI_EVENT_SA_REPLACED] = say_replaced,
	[IPVTI_EVENT_PEER] = say_peer,
	[IPVTI_EVENT_CARRIER] = say_carrier,
	[IPVTI_EVENT_SOCKET_LOST] = say_socket,
	[IPVTI_EVENT_DEVICE] = say_device,
	[IPVTI_EVENT_OVERRUN] = say_lost,
};

static void print_event(const struct ipvti_message *msg)
{
	printf("%s ", now().s);
	if (*msg->ifname)
		printf("%s ", msg->ifname);
	else if (ipvti_has(msg, IPVTI_A_ID))
		printf("id %" PRIu64 " ", msg->id);
	printf("%s", ipvti_name(ipvti_event_names, msg->event));
	if (msg->event < sizeof(say) / sizeof(say[0]) && say[msg->event])
		say[msg->event](msg);
	putchar('\n');
}

/* @output: errno of standard output; @daemon: its events, NULL while it does not run */
struct view {
	const struct ctl *ctl;
	int output;
	FILE *daemon;
};

static int show_event(const struct ipvti_message *msg, void *arg)
{
	struct view *view = arg;
	json_t *object;

	if (view->ctl->json) {
		object = json_struct(&ipvti_nest_message, msg);
		json_object_set_new(object, "time", json_string(now().s));
		json_dumpf(object, stdout, JSON_COMPACT);
		json_decref(object);
		putchar('\n');
	} else {
		print_event(msg);
	}
	if (fflush(stdout))
		view->output = errno;
	return -view->output;
}

/* {"event":"failed","name":"site-b","text":…}: the daemon says in words what it is about. */
static void show_told(struct view *view, const char *line)
{
	json_t *object = json_loads(line, 0, NULL);
	const char *event = json_string_value(json_object_get(object, "event"));
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *text = json_string_value(json_object_get(object, "text"));

	if (event && view->ctl->json) {
		json_object_set_new(object, "time", json_string(now().s));
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (event) {
		printf("%s %s%s%s: %s\n", now().s, name ? name : "", name ? " " : "", event,
		       text ? text : "");
	}
	json_decref(object);
	if (fflush(stdout))
		view->output = errno;
}

/* Return: false when the daemon has gone. */
static bool read_daemon(struct view *view)
{
	char *line = NULL;
	size_t size = 0;
	bool there;

	errno = 0;
	while (getline(&line, &size, view->daemon) > 0 && !view->output)
		show_told(view, line);
	there = errno == EAGAIN;
	clearerr(view->daemon);
	free(line);
	return there;
}

static void serve_daemon(struct view *view, bool readable)
{
	if (!view->daemon) {
		view->daemon = control_watch(view->ctl);
	} else if (readable && !read_daemon(view)) {
		fclose(view->daemon);
		view->daemon = NULL;
	}
}

static int watch(struct view *view, struct ipvti_events *events)
{
	struct pollfd pfd[2] = { { .fd = ipvti_events_fd(events), .events = POLLIN },
				 { .events = POLLIN } };
	int err = 0;

	do {
		pfd[1].fd = view->daemon ? fileno(view->daemon) : -1;
		if (poll(pfd, 2, view->daemon ? -1 : LOOK_AGAIN_MS) < 0 && errno != EINTR)
			return -errno;
		serve_daemon(view, view->daemon && pfd[1].revents);
		if (pfd[0].revents)
			err = ipvti_events_receive(events, show_event, view);
	} while (!err && !view->output);
	return err;
}

int monitor_run(struct ctl *ctl)
{
	struct view view = { .ctl = ctl };
	struct ipvti_events *events;
	int err;

	if (ctl_end(ctl))
		return CTL_USAGE;
	view.daemon = control_watch(ctl);
	while (!(err = ipvti_events_open(&events, -1))) {
		err = watch(&view, events);
		ipvti_events_close(events);
		if (view.output)
			return ctl_say(ctl, CTL_FAILED, "output: %s", strerror(view.output));
		ctl_say(ctl, 0, "events were lost (%s); subscribing again", strerror(-err));
	}
	return ctl_say(ctl, CTL_FAILED, "%s",
		       err == -ENOENT ? "the kernel module ipvti is not loaded" :
		       err == -EPERM ? IPVTI_NO_PERMISSION : strerror(-err));
}
