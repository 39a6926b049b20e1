// SPDX-License-Identifier: GPL-2.0
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../crypto/openssl.h"

#define TUNNEL(name, device, remote, extra) \
	name ": { device = \"" device "\"; remote = " remote "; local-id = \"a.example.net\";" \
	"remote-id = \"b.example.net\"; psk = \"secret\";" extra "};\n"

static const char text[] = "tunnel: {\n"
	TUNNEL("site-b", "vti0", "\"192.0.2.1\"",
	       "routes = \"from-selectors\"; virtual-ip = [ \"any4\", \"any6\" ];")
	TUNNEL("site-c", "vti1", "\"c.example.net\"", "start = \"now\";")
	"};\n";

static struct daemon daemon_state;
static int ends[MSG_N_ROLES];
static char conf_path[64];
static char control_path[64];

/* ---- in place of libipvti -------------------------------------------------------------------- */

int ipvti_open(struct ipvti **out, int netns)
{
	(void)netns;
	*out = NULL;
	return -ENOSYS;
}

void ipvti_close(struct ipvti *ipvti)
{
	(void)ipvti;
}

const char *ipvti_error(const struct ipvti *ipvti)
{
	(void)ipvti;
	return "refused by the fuzzer";
}

int ipvti_link_add(struct ipvti *ipvti, const char *name, uint32_t *ifindex)
{
	(void)ipvti;
	(void)name;
	*ifindex = 7;
	return 0;
}

int ipvti_link_del(struct ipvti *ipvti, uint32_t ifindex)
{
	(void)ipvti;
	(void)ifindex;
	return 0;
}

int ipvti_device_get(struct ipvti *ipvti, const struct ipvti_ref *ref, struct ipvti_message *msg)
{
	(void)ipvti;
	memset(msg, 0, sizeof(*msg));
	msg->id = ref->id;
	return 0;
}

int ipvti_device_set(struct ipvti *ipvti, const struct ipvti_ref *ref,
		     const struct ipvti_device *dev)
{
	(void)ipvti;
	(void)ref;
	(void)dev;
	return 0;
}

int ipvti_device_dump(struct ipvti *ipvti, ipvti_each *each, void *arg)
{
	(void)ipvti;
	(void)each;
	(void)arg;
	return 0;
}

/* What has no SPI that the kernel would take is refused, so that refusals are seen too. */
int ipvti_sa_new(struct ipvti *ipvti, const struct ipvti_ref *ref, const struct ipvti_sa *sa)
{
	(void)ipvti;
	(void)ref;
	return sa->spi > 255 ? 0 : -EINVAL;
}

int ipvti_sa_del(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi)
{
	(void)ipvti;
	(void)ref;
	(void)dir;
	return spi > 255 ? 0 : -EINVAL;
}

int ipvti_sa_get(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi,
		 struct ipvti_message *msg)
{
	(void)ipvti;
	(void)ref;
	memset(msg, 0, sizeof(*msg));
	msg->sa.dir = dir;
	msg->sa.spi = spi;
	return 0;
}

int ipvti_sa_activate(struct ipvti *ipvti, const struct ipvti_ref *ref, uint32_t spi)
{
	(void)ipvti;
	(void)ref;
	return spi > 255 ? 0 : -EINVAL;
}

int ipvti_sa_dump(struct ipvti *ipvti, const struct ipvti_ref *ref, ipvti_each *each, void *arg)
{
	(void)ipvti;
	(void)ref;
	(void)each;
	(void)arg;
	return 0;
}

int ipvti_spi_alloc(struct ipvti *ipvti, const struct ipvti_ref *ref, uint32_t *spi)
{
	(void)ipvti;
	(void)ref;
	*spi = 0x1000;
	return 0;
}

int ipvti_peer_set(struct ipvti *ipvti, const struct ipvti_ref *ref, bool suspect)
{
	(void)ipvti;
	(void)ref;
	(void)suspect;
	return 0;
}

int ipvti_socket_adopt(struct ipvti *ipvti, const struct ipvti_socket *sock)
{
	(void)ipvti;
	(void)sock;
	return 0;
}

int ipvti_events_open(struct ipvti_events **out, int netns)
{
	(void)netns;
	*out = NULL;
	return -ENOSYS;
}

void ipvti_events_close(struct ipvti_events *events)
{
	(void)events;
}

int ipvti_events_fd(const struct ipvti_events *events)
{
	(void)events;
	return -1;
}

int ipvti_events_receive(struct ipvti_events *events, ipvti_each *each, void *arg)
{
	(void)events;
	(void)each;
	(void)arg;
	return 0;
}

/* ---- in place of route.c --------------------------------------------------------------------- */

bool route_open(struct daemon *d, bool watch)
{
	(void)d;
	(void)watch;
	return true;
}

void route_close(struct daemon *d)
{
	(void)d;
}

void route_link_up(struct tunnel *t)
{
	(void)t;
}

void route_adopt(struct tunnel *t)
{
	(void)t;
}

void route_apply(struct tunnel *t)
{
	(void)t;
}

void route_sweep(struct daemon *d)
{
	(void)d;
}

void route_describe(struct daemon *d, const struct ike_addr *local, const struct ike_addr *remote,
		    char *buf, size_t len)
{
	char to[64];

	(void)d;
	(void)local;
	ike_addr_text(remote, to, sizeof(to));
	snprintf(buf, len, "%s via 192.0.2.1", to);
}

bool route_is_local(const struct ike_addr *addr)
{
	(void)addr;
	return true;
}

void route_withdraw(struct tunnel *t)
{
	(void)t;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void make_config(void)
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, sizeof(text) - 1) != sizeof(text) - 1 || fchmod(fd, 0600))
		abort();
	snprintf(conf_path, sizeof(conf_path), "/proc/self/fd/%d", fd);
}

static void load(struct daemon *d)
{
	struct conf_faults faults = { .out = stderr };
	static struct config conf;
	struct tunnel *t;

	/* Reading it takes longer than all the rest. */
	if (!conf.n && !conf_load(conf_path, &conf, &faults))
		abort();
	d->conf = conf.daemon;
	tunnels_load(d, &conf);
	LIST_FOREACH(t, &d->tunnels, link) {
		t->ref.id = t->handle;
		t->ifindex = t->handle;
	}
}

static void connect_process(struct daemon *d, enum msg_role role);

/* As processes.c does, but at once. */
static void on_closed(struct msg_channel *ch, const char *why, void *arg)
{
	struct process *p = arg;

	(void)why;
	msg_channel_free(ch);
	close(ends[p->role]);
	p->channel = NULL;
	if (p->role == MSG_NETWORK)
		control_network_lost(p->d);
	if (p->role == MSG_RESOLVER)
		lookup_abandon(p->d);
	connect_process(p->d, p->role);
}

static void connect_process(struct daemon *d, enum msg_role role)
{
	struct process *p = &d->processes[role];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	p->d = d;
	p->role = role;
	ends[role] = pair[1];
	p->channel = msg_channel_new(d->base, pair[0], MSG_PARENT, role, actions_take, on_closed, p);
	if (!p->channel)
		abort();
}

struct daemon *fuzz_daemon(void)
{
	struct daemon *d = &daemon_state;
	enum msg_role role;

	if (!d->base) {
		make_config();
		d->base = event_base_new();
		d->crypto = ike_openssl_new();
		d->conf_path = conf_path;
		d->control_path = control_path;
		d->log_fixed = true;
		if (!d->base || !d->crypto)
			abort();
	}
	log_set_level(LOG_N_SUBSYSTEMS, IKE_LOG_ERROR - 1);
	LIST_INIT(&d->tunnels);
	d->last_handle = FUZZ_HANDLE - 1;
	memset(&d->stranger, 0, sizeof(d->stranger));
	load(d);
	for (role = MSG_NETWORK; role < MSG_N_ROLES; role++)
		connect_process(d, role);
	snprintf(control_path, sizeof(control_path), "/tmp/ipvti-fuzz-%d", (int)getpid());
	if (!control_open(d))
		abort();
	return d;
}

void fuzz_daemon_done(void)
{
	struct daemon *d = &daemon_state;
	enum msg_role role;

	control_close(d);
	for (role = MSG_NETWORK; role < MSG_N_ROLES; role++) {
		msg_channel_free(d->processes[role].channel);
		close(ends[role]);
	}
	tunnels_free(d);
}

int fuzz_end(enum msg_role role)
{
	return ends[role];
}

int fuzz_client(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sun.sun_path, control_path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0)
		abort();
	return fd;
}

void fuzz_settle(void)
{
	static uint8_t sink[1 << 18];
	enum msg_role role;

	event_base_loop(daemon_state.base, EVLOOP_NONBLOCK);
	for (role = MSG_NETWORK; role < MSG_N_ROLES; role++)
		while (recv(ends[role], sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
}
