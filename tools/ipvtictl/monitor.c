// SPDX-License-Identifier: GPL-2.0
/* ipvtictl monitor: events as they happen, one line each. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

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

/* What the event says about its device, in the order of the table. */
static struct text about_device(const struct ipvti_device *dev)
{
	struct text text = {};

	if (ipvti_has(dev, IPVTI_A_DEV_CARRIER))
		text_append(&text, ", ", "carrier %s", dev->carrier ? "on" : "off");
	if (ipvti_has(dev, IPVTI_A_DEV_SUSPECT) && dev->suspect)
		text_append(&text, ", ", "suspect");
	if (ipvti_has(dev, IPVTI_A_DEV_REMOTE))
		text_append(&text, ", ", "peer %s", text_address(&dev->remote).s);
	if (ipvti_has(dev, IPVTI_A_DEV_DPORT) && dev->dport)
		text_append(&text, " ", "port %u", dev->dport);
	if (ipvti_has(dev, IPVTI_A_DEV_FOREIGN))
		text_append(&text, ", ", "in another namespace");
	return text;
}

static struct text about_sa(const struct ipvti_sa *sa)
{
	struct text text = {};

	if (sa->dir)
		text_append(&text, " ", "%s", ipvti_name(ipvti_sa_dir_names, sa->dir));
	if (ipvti_has(sa, IPVTI_A_SA_SPI))
		text_append(&text, " ", "%s", text_spi(sa->spi).s);
	if (ipvti_has(sa, IPVTI_A_SA_REPLACES) && sa->replaces)
		text_append(&text, " ", "replaces %s", text_spi(sa->replaces).s);
	if (sa->ts_count)
		text_append(&text, " ", "%s", text_ts(&sa->ts[0]).s);
	return text;
}

static void print_event(const struct ipvti_message *msg)
{
	printf("%s", now().s);
	if (*msg->ifname)
		printf(" %s", msg->ifname);
	else if (ipvti_has(msg, IPVTI_A_ID))
		printf(" id %" PRIu64, msg->id);
	printf(" %s", ipvti_name(ipvti_event_names, msg->event));
	if (msg->event == IPVTI_EVENT_OVERRUN)
		printf(": events were lost");
	if (msg->event == IPVTI_EVENT_DEVICE && ipvti_has(msg, IPVTI_A_IFINDEX) && !msg->ifindex)
		printf(": deleted");
	if (ipvti_has(msg, IPVTI_A_SA))
		printf(" %s", about_sa(&msg->sa).s);
	if (ipvti_has(msg, IPVTI_A_DEVICE) && *about_device(&msg->device).s)
		printf(" %s", about_device(&msg->device).s);
	if (ipvti_has(msg, IPVTI_A_SOCKET))
		printf(" %s port %u", text_address(&msg->socket.local).s, msg->socket.port);
	putchar('\n');
}

/* @output: errno of standard output */
struct view {
	const struct ctl *ctl;
	int output;
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

static int watch(struct view *view, struct ipvti_events *events)
{
	struct pollfd pfd = { .fd = ipvti_events_fd(events), .events = POLLIN };
	int err;

	do {
		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			return -errno;
		err = ipvti_events_receive(events, show_event, view);
	} while (!err);
	return err;
}

int monitor_run(struct ctl *ctl)
{
	struct view view = { .ctl = ctl };
	struct ipvti_events *events;
	int err;

	if (ctl_end(ctl))
		return CTL_USAGE;
	while (!(err = ipvti_events_open(&events, -1))) {
		err = watch(&view, events);
		ipvti_events_close(events);
		if (view.output)
			return ctl_say(ctl, CTL_FAILED, "output: %s", strerror(view.output));
		ctl_say(ctl, 0, "events were lost (%s); subscribing again", strerror(-err));
	}
	return ctl_say(ctl, CTL_FAILED, "%s",
		       err == -ENOENT ? "the kernel module ipvti is not loaded" : strerror(-err));
}
