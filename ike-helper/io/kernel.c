// SPDX-License-Identifier: GPL-2.0
/* The kernel module: devices, SAs and events. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOG_SUBSYSTEM LOG_KERNEL
#include "../core/ids.h"
#include "daemon.h"

#define MS_PER_S 1000

/* Copy a value and mark it for sending. */
#define PUT(obj, attr, field, value) do { (obj)->field = (value); ipvti_mark(obj, attr); } while (0)

static void put_address(struct ipvti_address *to, const struct ike_addr *a)
{
	to->len = a->family == 4 ? 4 : 16;
	memcpy(to->bytes, a->ip, to->len);
}

/* ---- devices --------------------------------------------------------------------------------- */

/**
 * struct search - a device of a tunnel among all
 * @t: tunnel
 * @found: it is there
 * @msg: what the kernel says of it
 */
struct search {
	struct tunnel *t;
	bool found;
	struct ipvti_message msg;
};

/* The tag finds a device that was moved into another namespace or renamed. */
static int by_tag(const struct ipvti_message *msg, void *arg)
{
	struct search *s = arg;

	if (!ipvti_has(&msg->device, IPVTI_A_DEV_TAG) ||
	    !tag_is_of(msg->device.tag, s->t->tag))
		return 0;
	s->found = true;
	s->msg = *msg;
	return 1;
}

static int by_name(const struct ipvti_message *msg, void *arg)
{
	struct search *s = arg;

	if (msg->device.foreign || strcmp(msg->ifname, s->t->conf.device))
		return 0;
	s->found = true;
	s->msg = *msg;
	return 1;
}

static bool find_device(struct search *s)
{
	struct ipvti *k = s->t->d->ipvti;

	ipvti_device_dump(k, by_tag, s);
	if (!s->found)
		ipvti_device_dump(k, by_name, s);
	return s->found;
}

static bool create_device(struct search *s)
{
	struct tunnel *t = s->t;
	struct ipvti *k = t->d->ipvti;
	struct ipvti_ref ref = { 0 };
	int ret;

	ret = ipvti_link_add(k, t->conf.device, &ref.ifindex);
	if (!ret)
		ret = ipvti_device_get(k, &ref, &s->msg);
	if (ret) {
		log_error(t->conf.name, "cannot create device %s: %s", t->conf.device,
			  ret == -EEXIST ? "a device of another kind has that name; rename it or choose another for `device`" :
			  ipvti_error(k));
		return false;
	}
	t->ours = true;
	log_info(t->conf.name, "created device %s", t->conf.device);
	return true;
}

static void put_settings(struct tunnel *t, struct ipvti_device *dev)
{
	const struct conf_tunnel *c = &t->conf;
	uint32_t lower = c->lower[0] ? if_nametoindex(c->lower) : 0;

	if (c->lower[0] && !lower)
		log_warning(c->name, "lower: there is no device %s", c->lower);
	PUT(dev, IPVTI_A_DEV_LOWER, lower, lower);
	PUT(dev, IPVTI_A_DEV_FWMARK, fwmark, c->fwmark);
	PUT(dev, IPVTI_A_DEV_TTL, ttl, c->ttl);
	PUT(dev, IPVTI_A_DEV_DSCP, dscp, c->dscp);
	PUT(dev, IPVTI_A_DEV_DF, df, c->df);
	PUT(dev, IPVTI_A_DEV_MTU_FIXED, mtu_fixed, c->mtu);
	PUT(dev, IPVTI_A_DEV_PARALLEL, parallel, c->parallel);
	PUT(dev, IPVTI_A_DEV_ROAM, roam, c->roam);
	PUT(dev, IPVTI_A_DEV_SECPATH, secpath, c->secpath);
	PUT(dev, IPVTI_A_DEV_INNER_CHECKSUM, inner_checksum, c->inner_checksum);
	PUT(dev, IPVTI_A_DEV_QUIET, quiet, conf_probe_after(c));
	PUT(dev, IPVTI_A_DEV_KEEPALIVE, keepalive, (c->keepalive + MS_PER_S - 1) / MS_PER_S);
	memcpy(dev->tag, t->tag, sizeof(t->tag));
	dev->tag[TAG_FLAGS] = (t->ours ? TAG_DEVICE_OURS : 0) |
			      (t->template ? TAG_DEVICE_CLIENT : 0);
	ipvti_mark(dev, IPVTI_A_DEV_TAG);
}

bool kernel_device(struct tunnel *t)
{
	struct ipvti_device settings = { 0 };
	struct search s = { .t = t };
	bool created = false;

	if (!find_device(&s)) {
		created = true;
		if (!create_device(&s))
			return false;
	}
	t->ref.id = s.msg.id;
	t->ifindex = s.msg.device.foreign ? 0 : s.msg.ifindex;
	t->carrier = s.msg.device.carrier;
	if (ipvti_has(&s.msg.device, IPVTI_A_DEV_TAG) && tag_is_of(s.msg.device.tag, t->tag) &&
	    (s.msg.device.tag[TAG_FLAGS] & TAG_DEVICE_OURS))
		t->ours = true;
	put_settings(t, &settings);
	if (ipvti_device_set(t->d->ipvti, &t->ref, &settings)) {
		log_error(t->conf.name, "device %s: %s", t->conf.device, ipvti_error(t->d->ipvti));
		return false;
	}
	if (created)
		route_link_up(t);
	return true;
}

bool kernel_device_find(struct tunnel *t)
{
	struct search s = { .t = t };

	ipvti_device_dump(t->d->ipvti, by_tag, &s);
	if (s.found)
		snprintf(t->conf.device, sizeof(t->conf.device), "%s", s.msg.ifname);
	return s.found;
}

#define STRAYS_MAX 64

/**
 * struct strays - devices to be deleted
 * @d: daemon
 * @n: used in @ifindex
 * @ifindex: of each
 */
struct strays {
	struct daemon *d;
	unsigned int n;
	uint32_t ifindex[STRAYS_MAX];
};

static int stray(const struct ipvti_message *msg, void *arg)
{
	struct strays *s = arg;
	struct tunnel *t;

	if (!ipvti_has(&msg->device, IPVTI_A_DEV_TAG) || msg->device.foreign ||
	    !(msg->device.tag[TAG_FLAGS] & TAG_DEVICE_CLIENT))
		return 0;
	LIST_FOREACH(t, &s->d->tunnels, link)
		if (tag_is_of(msg->device.tag, t->tag))
			return 0;
	s->ifindex[s->n++] = msg->ifindex;
	return s->n == STRAYS_MAX;
}

void kernel_sweep(struct daemon *d)
{
	struct strays s = { .d = d };
	unsigned int i;

	do {
		s.n = 0;
		ipvti_device_dump(d->ipvti, stray, &s);
		for (i = 0; i < s.n; i++)
			if (ipvti_link_del(d->ipvti, s.ifindex[i]))
				return;
	} while (s.n == STRAYS_MAX);
}

void kernel_device_delete(struct tunnel *t)
{
	if (!t->ours || !t->ifindex)
		return;
	if (ipvti_link_del(t->d->ipvti, t->ifindex))
		log_error(t->conf.name, "cannot delete device %s: %s", t->conf.device,
			  ipvti_error(t->d->ipvti));
	t->ref.id = 0;
	t->ifindex = 0;
}

void kernel_endpoint(struct tunnel *t, const struct msg_endpoint *e)
{
	struct ipvti_device dev = { 0 };

	t->endpoint = *e;
	t->endpoint_set = true;
	if (!t->ref.id)
		return;
	put_address(&dev.local, &e->local);
	ipvti_mark(&dev, IPVTI_A_DEV_LOCAL);
	put_address(&dev.remote, &e->remote);
	ipvti_mark(&dev, IPVTI_A_DEV_REMOTE);
	PUT(&dev, IPVTI_A_DEV_ENCAP, encap, e->encap ? IPVTI_ENCAP_UDP : IPVTI_ENCAP_NONE);
	if (e->encap) {
		PUT(&dev, IPVTI_A_DEV_SPORT, sport, e->local.port);
		PUT(&dev, IPVTI_A_DEV_DPORT, dport, e->remote.port);
	}
	if (ipvti_device_set(t->d->ipvti, &t->ref, &dev))
		log_error(t->conf.name, "cannot set the outer addresses: %s",
			  ipvti_error(t->d->ipvti));
}

bool kernel_device_get(struct tunnel *t, struct ipvti_message *msg)
{
	return t->ref.id && !ipvti_device_get(t->d->ipvti, &t->ref, msg);
}

bool kernel_sa_get(struct tunnel *t, uint8_t dir, uint32_t spi, struct ipvti_message *msg)
{
	return t->ref.id && !ipvti_sa_get(t->d->ipvti, &t->ref, dir, spi, msg);
}

/* ---- SAs ------------------------------------------------------------------------------------- */

/* Does an address range make up exactly one prefix? */
static bool range_prefix(const struct ike_ts *ts, struct ipvti_address *a, uint8_t *len)
{
	unsigned int bits = ts->family == 4 ? 32 : 128, i;

	a->len = bits / 8;
	memcpy(a->bytes, ts->min, a->len);
	*len = ike_ts_prefix_len(ts);
	for (i = *len; i < bits; i++)
		if ((ts->min[i / 8] & (0x80 >> (i % 8))) || !(ts->max[i / 8] & (0x80 >> (i % 8))))
			return false;
	return true;
}

/* One selector pair of the kernel: source and destination of the SA's direction. */
static bool put_ts(struct ipvti_sa *sa, const struct ike_ts *src, const struct ike_ts *dst)
{
	struct ipvti_ts *ts = &sa->ts[sa->ts_count];

	if (src->family != dst->family)
		return true;
	if (src->proto && dst->proto && src->proto != dst->proto)
		return true;
	if (sa->ts_count == IPVTI_TS_MAX)
		return false;
	if (!range_prefix(src, &ts->src, &ts->src_len) ||
	    !range_prefix(dst, &ts->dst, &ts->dst_len))
		return false;
	ipvti_mark(ts, IPVTI_A_TS_SRC);
	ipvti_mark(ts, IPVTI_A_TS_SRC_LEN);
	ipvti_mark(ts, IPVTI_A_TS_DST);
	ipvti_mark(ts, IPVTI_A_TS_DST_LEN);
	PUT(ts, IPVTI_A_TS_PROTO, proto, src->proto ? src->proto : dst->proto);
	PUT(ts, IPVTI_A_TS_SPORT_MIN, sport_min, src->port_min);
	PUT(ts, IPVTI_A_TS_SPORT_MAX, sport_max, src->port_max);
	PUT(ts, IPVTI_A_TS_DPORT_MIN, dport_min, dst->port_min);
	PUT(ts, IPVTI_A_TS_DPORT_MAX, dport_max, dst->port_max);
	sa->ts_count++;
	return true;
}

static bool put_selectors(struct ipvti_sa *sa, const struct ike_install *in)
{
	const struct ike_ts *src, *dst;
	unsigned int i, k, n_src, n_dst;

	src = in->dir == IKE_OUT ? in->local : in->remote;
	dst = in->dir == IKE_OUT ? in->remote : in->local;
	n_src = in->dir == IKE_OUT ? in->n_local : in->n_remote;
	n_dst = in->dir == IKE_OUT ? in->n_remote : in->n_local;
	for (i = 0; i < n_src; i++)
		for (k = 0; k < n_dst; k++)
			if (!put_ts(sa, &src[i], &dst[k]))
				return false;
	return true;
}

static void put_limit(struct ipvti_sa *sa, int attr, struct ipvti_limit *to,
		      const struct ike_limits *from)
{
	if (from->packets)
		PUT(to, IPVTI_A_LIMIT_PACKETS, packets, from->packets);
	if (from->bytes)
		PUT(to, IPVTI_A_LIMIT_BYTES, bytes, from->bytes);
	if (from->seconds)
		PUT(to, IPVTI_A_LIMIT_SECONDS, seconds, from->seconds);
	if (to->has)
		ipvti_mark(sa, attr);
}

static void put_sa(const struct tunnel *t, const struct ike_install *in, struct ipvti_sa *sa)
{
	PUT(sa, IPVTI_A_SA_DIR, dir, in->dir == IKE_IN ? IPVTI_SA_IN : IPVTI_SA_OUT);
	PUT(sa, IPVTI_A_SA_SPI, spi, in->spi);
	memcpy(sa->alg, in->alg, sizeof(in->alg));
	ipvti_mark(sa, IPVTI_A_SA_ALG);
	sa->key.len = in->key_len;
	memcpy(sa->key.bytes, in->key, in->key_len);
	ipvti_mark(sa, IPVTI_A_SA_KEY);
	PUT(sa, IPVTI_A_SA_ESN, esn, in->esn);
	if (t->conf.legacy)
		PUT(sa, IPVTI_A_SA_LEGACY, legacy, 1);
	if (in->dir == IKE_IN)
		PUT(sa, IPVTI_A_SA_REPLAY_WINDOW, replay_window, t->conf.replay_window);
	else
		PUT(sa, IPVTI_A_SA_ACTIVATE, activate, in->activate == IKE_ACTIVATE_NOW ?
		    IPVTI_ACTIVATE_NOW : IPVTI_ACTIVATE_FIRST_USE);
	if (in->pair)
		PUT(sa, IPVTI_A_SA_PAIR, pair, in->pair);
	if (in->replaces)
		PUT(sa, IPVTI_A_SA_REPLACES, replaces, in->replaces);
	memcpy(sa->tag, in->tag, sizeof(sa->tag));
	ipvti_mark(sa, IPVTI_A_SA_TAG);
	put_limit(sa, IPVTI_A_SA_SOFT, &sa->soft, &in->soft);
	put_limit(sa, IPVTI_A_SA_HARD, &sa->hard, &in->hard);
}

static void remember(struct tunnel *t, const struct ike_install *in)
{
	uint8_t dir = in->dir == IKE_IN ? IPVTI_SA_IN : IPVTI_SA_OUT;
	struct sa *sa = tunnel_sa_find(t, dir, in->spi);

	if (sa)
		tunnel_sa_forget(sa);
	sa = calloc(1, sizeof(*sa));
	if (!sa)
		abort();
	sa->dir = dir;
	sa->spi = in->spi;
	sa->pair = in->pair;
	sa->esn = in->esn;
	sa->child = in->child;
	memcpy(sa->alg, in->alg, sizeof(sa->alg));
	memcpy(sa->tag, in->tag, sizeof(sa->tag));
	sa->n_remote = in->n_remote;
	memcpy(sa->remote, in->remote, sizeof(sa->remote));
	LIST_INSERT_HEAD(&t->sas, sa, link);
}

static bool sane(const struct ike_install *in)
{
	return in->key_len <= sizeof(in->key) && in->n_local <= IKE_MAX_TS &&
	       in->n_remote <= IKE_MAX_TS && memchr(in->alg, 0, sizeof(in->alg));
}

static void set_tfc(struct tunnel *t, bool refused)
{
	struct ipvti_device dev = { 0 };

	if (refused && !t->no_tfc && t->conf.tfc)
		log_warning(t->conf.name,
			    "the peer takes no padding (ESP_TFC_PADDING_NOT_SUPPORTED): tfc is off");
	t->no_tfc = refused;
	if (!t->ref.id)
		return;
	PUT(&dev, IPVTI_A_DEV_TFC, tfc, refused ? 0 : t->conf.tfc);
	if (ipvti_device_set(t->d->ipvti, &t->ref, &dev))
		log_error(t->conf.name, "tfc: %s", ipvti_error(t->d->ipvti));
}

void kernel_tfc(struct tunnel *t)
{
	bool refused = false;
	struct sa *sa;

	LIST_FOREACH(sa, &t->sas, link)
		refused |= sa->dir == IPVTI_SA_OUT && (sa->tag[TAG_SA_FLAGS] & IKE_TAG_NO_TFC);
	set_tfc(t, refused);
}

bool kernel_install(struct tunnel *t, const struct ike_install *in, char *err, size_t len)
{
	struct ipvti_sa sa = { 0 };
	int ret;

	if (!t->ref.id || !sane(in)) {
		snprintf(err, len, t->ref.id ? "malformed" : "there is no device %s",
			 t->conf.device);
		return false;
	}
	if (!put_selectors(&sa, in)) {
		snprintf(err, len, "selectors that are no prefixes, or more than %d pairs of them",
			 IPVTI_TS_MAX);
		return false;
	}
	put_sa(t, in, &sa);
	/* Before the first packet leaves by it. */
	if (in->dir == IKE_OUT && (in->tag[TAG_SA_FLAGS] & IKE_TAG_NO_TFC) && !t->no_tfc)
		set_tfc(t, true);
	ret = ipvti_sa_new(t->d->ipvti, &t->ref, &sa);
	explicit_bzero(&sa.key, sizeof(sa.key));
	if (ret) {
		snprintf(err, len, "%s", ipvti_error(t->d->ipvti));
		return false;
	}
	remember(t, in);
	if (t->no_tfc)
		kernel_tfc(t);
	if (t->conf.routes.from_selectors)
		route_apply(t);
	return true;
}

/* ---- adoption -------------------------------------------------------------------------------- */

/* The peer's side of the kernel's selectors, each prefix once. */
static void adopt_selectors(struct sa *sa, const struct ipvti_sa *k)
{
	const struct ipvti_address *a;
	unsigned int i, j, bit, len;
	struct ike_ts ts;

	for (i = 0; i < k->ts_count && sa->n_remote < IKE_MAX_TS; i++) {
		a = sa->dir == IPVTI_SA_IN ? &k->ts[i].src : &k->ts[i].dst;
		len = sa->dir == IPVTI_SA_IN ? k->ts[i].src_len : k->ts[i].dst_len;
		memset(&ts, 0, sizeof(ts));
		ts.family = a->len == 4 ? 4 : 6;
		ts.port_max = UINT16_MAX;
		memcpy(ts.min, a->bytes, a->len);
		memcpy(ts.max, a->bytes, a->len);
		for (bit = len; bit < a->len * 8U; bit++)
			ts.max[bit / 8] |= 0x80 >> (bit % 8);
		for (j = 0; j < sa->n_remote; j++)
			if (!memcmp(&sa->remote[j], &ts, sizeof(ts)))
				break;
		if (j == sa->n_remote)
			sa->remote[sa->n_remote++] = ts;
	}
}

static int adopt_one(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_sa *k = &msg->sa;
	struct tunnel *t = arg;
	struct sa *sa;

	if (k->state == IPVTI_SA_STATE_RESERVED || k->state == IPVTI_SA_STATE_EXPIRED ||
	    !ipvti_has(k, IPVTI_A_SA_TAG) || !tag_is_of(k->tag, t->tag))
		return 0;
	sa = calloc(1, sizeof(*sa));
	if (!sa)
		abort();
	sa->adopted = true;
	sa->dir = k->dir;
	sa->spi = k->spi;
	sa->pair = k->pair;
	sa->esn = k->esn;
	sa->child = k->tag[TAG_CHILD];
	snprintf(sa->alg, sizeof(sa->alg), "%.*s", IKE_MAX_ALG - 1, k->alg);
	memcpy(sa->tag, k->tag, sizeof(sa->tag));
	adopt_selectors(sa, k);
	LIST_INSERT_HEAD(&t->sas, sa, link);
	return 0;
}

void kernel_adopt(struct tunnel *t)
{
	unsigned int n = 0;
	struct sa *sa;

	if (ipvti_sa_dump(t->d->ipvti, &t->ref, adopt_one, t))
		log_error(t->conf.name, "cannot list the SAs of %s: %s", t->conf.device,
			  ipvti_error(t->d->ipvti));
	LIST_FOREACH(sa, &t->sas, link)
		n++;
	if (n)
		log_notice(t->conf.name, "took back %u SAs of an earlier run; they carry traffic", n);
	kernel_tfc(t);
}

static bool reached_soft(const struct ipvti_sa *sa)
{
	const struct ipvti_limit *l = &sa->soft;

	return ipvti_has(sa, IPVTI_A_SA_SOFT) &&
	       ((ipvti_has(l, IPVTI_A_LIMIT_SECONDS) && sa->age >= l->seconds * MS_PER_S) ||
		(ipvti_has(l, IPVTI_A_LIMIT_BYTES) && sa->bytes >= l->bytes) ||
		(ipvti_has(l, IPVTI_A_LIMIT_PACKETS) && sa->packets >= l->packets));
}

static int introduce_one(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_sa *sa = &msg->sa;
	struct tunnel *t = arg;
	struct msg_event m = { .type = IKE_EV_SOFT_EXPIRE, .spi = sa->spi };

	m.dir = sa->dir == IPVTI_SA_IN ? IKE_IN : IKE_OUT;
	if (sa->state == IPVTI_SA_STATE_RESERVED) {
		m.type = IKE_EV_SPI;
		m.ok = true;
	} else if (!tunnel_sa_find(t, sa->dir, sa->spi) || !reached_soft(sa)) {
		return 0;
	}
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
	return 0;
}

void kernel_introduce(struct tunnel *t)
{
	if (t->ref.id)
		ipvti_sa_dump(t->d->ipvti, &t->ref, introduce_one, t);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void sa_event(struct tunnel *t, const struct ipvti_message *msg, enum ike_event_type type)
{
	struct msg_event m = {
		.type = type,
		.dir = msg->sa.dir == IPVTI_SA_IN ? IKE_IN : IKE_OUT,
		.spi = msg->sa.spi,
	};

	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

static void on_acquire(struct tunnel *t, const struct ipvti_message *msg)
{
	(void)msg;
	tunnel_event(t, IKE_EV_ACQUIRE);
}

static void on_quiet(struct tunnel *t, const struct ipvti_message *msg)
{
	struct msg_event m = { .type = IKE_EV_QUIET, .ms = conf_probe_after(&t->conf) };

	(void)msg;
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

static void on_heard(struct tunnel *t, const struct ipvti_message *msg)
{
	(void)msg;
	tunnel_event(t, IKE_EV_HEARD);
}

static void on_soft(struct tunnel *t, const struct ipvti_message *msg)
{
	sa_event(t, msg, IKE_EV_SOFT_EXPIRE);
}

static void on_hard(struct tunnel *t, const struct ipvti_message *msg)
{
	struct sa *sa = tunnel_sa_find(t, msg->sa.dir, msg->sa.spi);
	bool replaced;

	if (!sa)
		return;
	/* An inbound SA outlives its pair for a moment after a rekey. */
	replaced = sa->dir == IPVTI_SA_IN && !tunnel_sa_find(t, IPVTI_SA_OUT, sa->pair);
	log_line(LOG_KERNEL, replaced ? IKE_LOG_DEBUG : IKE_LOG_WARNING, t->conf.name,
		 "SA 0x%08x reached its hard limit", sa->spi);
	sa_event(t, msg, IKE_EV_HARD_EXPIRE);
	ipvti_sa_del(t->d->ipvti, &t->ref, sa->dir, sa->spi);
	tunnel_sa_forget(sa);
}

static void on_first_use(struct tunnel *t, const struct ipvti_message *msg)
{
	sa_event(t, msg, IKE_EV_FIRST_USE);
}

/* Ours are forgotten before they are deleted: this was someone else. */
static void on_sa_deleted(struct tunnel *t, const struct ipvti_message *msg)
{
	struct sa *sa = tunnel_sa_find(t, msg->sa.dir, msg->sa.spi);

	if (!sa)
		return;
	log_warning(t->conf.name, "SA 0x%08x was deleted by someone else", sa->spi);
	sa_event(t, msg, IKE_EV_HARD_EXPIRE);
	tunnel_sa_forget(sa);
}

static void on_peer(struct tunnel *t, const struct ipvti_message *msg)
{
	struct msg_event m = { .type = IKE_EV_ROAMED, .ok = true };
	const struct ipvti_address *a = &msg->device.remote;
	char text[64];

	if (!ipvti_has(&msg->device, IPVTI_A_DEV_REMOTE) || !t->endpoint_set)
		return;
	m.local = t->endpoint.local;
	m.remote.family = a->len == 4 ? 4 : 6;
	m.remote.port = msg->device.dport;
	memcpy(m.remote.ip, a->bytes, a->len);
	ike_addr_text(&m.remote, text, sizeof(text));
	log_notice(t->conf.name, "the peer's ESP now comes from %s", text);
	t->endpoint.remote = m.remote;
	msg_send(t->d->processes[MSG_NETWORK].channel, MSG_EVENT, t->handle, 0, &m, sizeof(m));
}

static void on_auth_failures(struct tunnel *t, const struct ipvti_message *msg)
{
	log_warning(t->conf.name, "many packets with SPI 0x%08x fail authentication", msg->sa.spi);
}

static void on_carrier(struct tunnel *t, const struct ipvti_message *msg)
{
	if (t->carrier == msg->device.carrier)
		return;
	t->carrier = msg->device.carrier;
	log_notice(t->conf.name, "%s has %s", t->conf.device,
		   t->carrier ? "carrier" : "no carrier: senders get ICMP unreachable");
}

static void on_device(struct tunnel *t, const struct ipvti_message *msg)
{
	uint32_t before = t->ifindex;
	struct ipvti_message now;
	struct sa *sa;

	if (msg->ifindex) {
		if (kernel_device_get(t, &now))
			t->ifindex = now.device.foreign ? 0 : now.ifindex;
		if (t->ifindex && !before)
			route_apply(t);	/* back from another namespace */
		return;
	}
	log_error(t->conf.name, "device %s was deleted by someone else; `ipvtictl reload` makes it again",
		  t->conf.device);
	t->ref.id = 0;
	t->ifindex = 0;
	t->carrier = false;
	while ((sa = LIST_FIRST(&t->sas)))
		tunnel_sa_forget(sa);
	tunnel_event(t, IKE_EV_DOWN);
}

typedef void kernel_event(struct tunnel *t, const struct ipvti_message *msg);

static kernel_event *const kernel_events[IPVTI_EVENT_MAX + 1] = {
	[IPVTI_EVENT_ACQUIRE] = on_acquire,
	[IPVTI_EVENT_QUIET] = on_quiet,
	[IPVTI_EVENT_HEARD] = on_heard,
	[IPVTI_EVENT_SOFT] = on_soft,
	[IPVTI_EVENT_HARD] = on_hard,
	[IPVTI_EVENT_FIRST_USE] = on_first_use,
	[IPVTI_EVENT_SA_DELETED] = on_sa_deleted,
	[IPVTI_EVENT_PEER] = on_peer,
	[IPVTI_EVENT_AUTH_FAILURES] = on_auth_failures,
	[IPVTI_EVENT_CARRIER] = on_carrier,
	[IPVTI_EVENT_DEVICE] = on_device,
};

/* After lost events: what we think is there and is not, is gone. */
static void resynchronise(struct daemon *d)
{
	struct ipvti_message msg;
	struct sa *sa, *next;
	struct tunnel *t;

	log_warning(NULL, "events of the kernel were lost; comparing with what it has");
	LIST_FOREACH(t, &d->tunnels, link) {
		for (sa = LIST_FIRST(&t->sas); sa; sa = next) {
			next = LIST_NEXT(sa, link);
			if (kernel_sa_get(t, sa->dir, sa->spi, &msg) &&
			    msg.sa.state != IPVTI_SA_STATE_EXPIRED)
				continue;
			msg.sa.dir = sa->dir;
			msg.sa.spi = sa->spi;
			sa_event(t, &msg, IKE_EV_HARD_EXPIRE);
			tunnel_sa_forget(sa);
		}
		if (kernel_device_get(t, &msg))
			on_carrier(t, &msg);
	}
}

static int on_event(const struct ipvti_message *msg, void *arg)
{
	struct daemon *d = arg;
	struct tunnel *t;

	if (msg->event == IPVTI_EVENT_OVERRUN) {
		resynchronise(d);
		return 0;
	}
	t = tunnel_by_device(d, msg->id);
	if (t && msg->event <= IPVTI_EVENT_MAX && kernel_events[msg->event])
		kernel_events[msg->event](t, msg);
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	ipvti_events_receive(d->events, on_event, d);
}

bool kernel_open(struct daemon *d, bool events)
{
	int ret;

	ret = ipvti_open(&d->ipvti, -1);
	if (ret) {
		log_error(NULL, "%s%s", d->ipvti ? ipvti_error(d->ipvti) : strerror(-ret),
			  ret == -ENOENT ? "; load the module with `modprobe ipvti`" : "");
		return false;
	}
	if (!events)
		return true;
	ret = ipvti_events_open(&d->events, -1);
	if (ret) {
		log_error(NULL, "cannot subscribe to the kernel's events: %s", strerror(-ret));
		return false;
	}
	d->events_readable = event_new(d->base, ipvti_events_fd(d->events), EV_READ | EV_PERSIST,
				       on_readable, d);
	if (!d->events_readable)
		abort();
	event_add(d->events_readable, NULL);
	return true;
}

void kernel_close(struct daemon *d)
{
	if (d->events_readable)
		event_free(d->events_readable);
	if (d->events)
		ipvti_events_close(d->events);
	ipvti_close(d->ipvti);
}
