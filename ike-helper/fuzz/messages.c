// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between the processes of the daemon. The input is a list of records: an octet that says
 * who sends it, an octet of message type, one of tunnel, two of length, and what the payload begins
 * with; the rest of a payload of fixed size is zero. The parent gets what the network process, the
 * key process and the resolver say, each as if it were an enemy; the key process gets what the
 * network process asks and the parent says. With FUZZ_SEED=FILE honest ones go to FILE-0, -1, -2.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../core/ids.h"
#include "../io/keys.h"
#include "daemon.h"

enum {
	FROM_NETWORK,
	FROM_KEYS,
	FROM_RESOLVER,
	TO_KEYS,
	RAW,			/* or-ed: the length is as given, right or wrong */

	RECORD_HEADER = 5,
	FIXED_MAX = 128 << 10,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const size_t fixed[MSG_N_TYPES] = {
	[MSG_RESOLVE] = sizeof(struct msg_resolve),
	[MSG_FREE_SPI] = sizeof(struct msg_sa),
	[MSG_ENDPOINT] = sizeof(struct msg_endpoint),
	[MSG_INSTALL] = sizeof(struct ike_install),
	[MSG_ACTIVATE] = sizeof(struct msg_sa),
	[MSG_DELETE] = sizeof(struct msg_sa),
	[MSG_PEER_STATE] = sizeof(struct msg_peer),
	[MSG_ASSIGNED] = sizeof(struct ike_assigned),
	[MSG_LEASE] = sizeof(struct msg_lease),
	[MSG_STATE] = sizeof(struct msg_state),
	[MSG_EXPLAIN] = sizeof(struct ike_explanation),
	[MSG_LOG] = sizeof(struct msg_log),
	[MSG_STATUS] = sizeof(struct msg_status),
	[MSG_MAKE_AUTH] = sizeof(struct msg_auth) + 64,
	[MSG_CHECK_AUTH] = sizeof(struct msg_auth) + 64,
	[MSG_MIX_PPK] = sizeof(struct msg_mix),
	[MSG_AUTH_MADE] = sizeof(struct msg_verdict),
	[MSG_AUTH_CHECKED] = sizeof(struct msg_verdict),
	[MSG_PPK_MIXED] = sizeof(struct msg_mixed),
	[MSG_SECRET] = sizeof(struct msg_secret),
	[MSG_PPK] = sizeof(struct msg_ppk),
	[MSG_CREDENTIAL] = sizeof(struct msg_credential),
	[MSG_CREDENTIALS] = sizeof(struct msg_credentials),
	[MSG_FOUND] = sizeof(struct msg_found),
};

static struct {
	struct msg_header head;
	_Alignas(max_align_t) uint8_t data[FIXED_MAX];
} message;

/* Somebody watches, and somebody waits for the state of all tunnels. */
static int ask(const char *request)
{
	int fd = fuzz_client();

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		abort();
	fuzz_settle();
	return fd;
}

/* Messages to the parent go through a channel. */
static void to_parent(enum msg_role from)
{
	static uint8_t buf[sizeof(message.head) + FIXED_MAX];

	memcpy(buf, &message.head, sizeof(message.head));
	memcpy(buf + sizeof(message.head), message.data, message.head.len);
	send(fuzz_end(from), buf, sizeof(message.head) + message.head.len,
	     MSG_DONTWAIT | MSG_NOSIGNAL);
	fuzz_settle();
}

/* The parent has checked the type and size of what it passes on. */
static void to_keys(struct keys *keys)
{
	struct msg_credentials answer;
	struct msg_mixed mixed;
	struct msg_verdict v;
	size_t tail = message.head.len;
	const void *data = message.data;

	switch ((enum msg_type)message.head.type) {
	case MSG_SECRET:
		/* The parent's own: of a length that fits. */
		if (((const struct msg_secret *)data)->len <= CONF_SECRET_MAX)
			keys_learn(keys, message.head.tunnel, data);
		break;
	case MSG_PPK:
		if (((const struct msg_ppk *)data)->len <= CONF_SECRET_MAX)
			keys_learn_ppk(keys, message.head.tunnel, data);
		break;
	case MSG_MIX_PPK:
		keys_mix(keys, message.head.tunnel, data, &mixed);
		break;
	case MSG_SECRET_GONE:
		keys_forget(keys, message.head.tunnel);
		break;
	case MSG_CREDENTIAL:
		keys_credential(keys, message.head.tunnel, data,
				tail - sizeof(struct msg_credential));
		break;
	case MSG_CREDENTIALS_END:
		keys_credentials_end(keys, message.head.tunnel, &answer);
		break;
	default:
		keys_auth(keys, message.head.tunnel, data, tail - sizeof(struct msg_auth),
			  message.head.type == MSG_MAKE_AUTH, &v);
	}
}

static void take(struct keys *keys, uint8_t who, const uint8_t *body, size_t len)
{
	uint32_t type = message.head.type;
	size_t size = type < MSG_N_TYPES ? fixed[type] : 0;

	memcpy(message.data, body, len);
	memset(message.data + len, 0, size > len ? size - len : 0);
	if (who & RAW || type == MSG_MAKE_AUTH || type == MSG_CHECK_AUTH || type == MSG_CREDENTIAL ||
	    type == MSG_STORE)
		message.head.len = size > len && !(who & RAW) ? size : len;
	else
		message.head.len = size;
	if ((who & 3) != TO_KEYS)
		to_parent(MSG_NETWORK + (who & 3));
	else if (!msg_check(&message.head, MSG_PARENT, MSG_KEYS))
		to_keys(keys);
}

/* ---- seeds ---- */

static FILE *seed_file;

static void put(uint8_t who, enum msg_type type, const void *payload, size_t len)
{
	const uint8_t head[RECORD_HEADER] = { who, type, FUZZ_HANDLE, len >> 8, len };

	fwrite(head, sizeof(head), 1, seed_file);
	fwrite(payload, len, 1, seed_file);
}

#define PUT(who, type, payload) put(who, type, payload, sizeof(*(payload)))

static void fill_install(struct ike_install *in)
{
	in->dir = IKE_OUT;
	in->spi = 0x2000;
	in->pair = 0x1000;
	strcpy(in->alg, "aes256gcm16");
	in->key_len = 36;
	in->n_local = 1;
	in->n_remote = 1;
	ike_ts_parse("10.1.0.0/16", &in->local[0]);
	ike_ts_parse("10.2.0.0/16", &in->remote[0]);
	tag_tunnel("site-b", in->tag);
	in->tag[TAG_IKE_SPI_I] = 1;
	in->tag[TAG_IKE_SPI_R] = 2;
}

static void put_sa(void)
{
	struct msg_endpoint endpoint = { .encap = true };
	struct ike_install *in = calloc(1, sizeof(*in));
	struct msg_verdict *v = calloc(1, sizeof(*v));
	struct msg_sa sa = { .dir = IKE_OUT, .spi = 0x2000 };
	struct ike_assigned assigned = { .n_addrs = 1, .n_subnets = 1 };

	if (!in || !v)
		abort();
	v->ok = true;
	v->spi_i = UINT64_C(1) << 56;
	v->spi_r = UINT64_C(2) << 56;
	put(FROM_KEYS, MSG_AUTH_CHECKED, v, offsetof(struct msg_verdict, text));
	ike_addr_parse("192.0.2.1", &endpoint.remote);
	ike_addr_parse("192.0.2.2", &endpoint.local);
	PUT(FROM_NETWORK, MSG_ENDPOINT, &endpoint);
	fill_install(in);
	PUT(FROM_NETWORK, MSG_INSTALL, in);
	ike_addr_parse("10.9.0.1", &assigned.addr[0]);
	ike_ts_parse("10.2.0.0/24", &assigned.subnet[0]);
	PUT(FROM_NETWORK, MSG_ASSIGNED, &assigned);
	PUT(FROM_NETWORK, MSG_ACTIVATE, &sa);
	PUT(FROM_NETWORK, MSG_DELETE, &sa);
	free(in);
	free(v);
}

static void put_words(void)
{
	struct ike_explanation *e = calloc(1, sizeof(*e));
	struct msg_status *status = calloc(1, sizeof(*status));
	struct msg_resolve resolve = { 0 };
	struct msg_found found = { .n = 1 };
	struct msg_state state = { .what = IKE_ACT_UP };
	struct msg_log line = { .level = IKE_LOG_INFO, .text = "text" };

	if (!e || !status)
		abort();
	e->step = IKE_STEP_AUTH;
	e->reason = IKE_REASON_TIMEOUT;
	e->n = 1;
	e->has_path = true;
	e->row[0].differs = true;
	PUT(FROM_NETWORK, MSG_EXPLAIN, e);
	status->known = true;
	status->status.n_children = 1;
	status->status.children[0].n_local = 1;
	put(FROM_NETWORK, MSG_STATUS, status, offsetof(struct msg_status, status.children[1]));
	PUT(FROM_NETWORK, MSG_RESOLVE, &resolve);
	PUT(FROM_RESOLVER, MSG_FOUND, &found);
	PUT(FROM_NETWORK, MSG_STATE, &state);
	PUT(FROM_NETWORK, MSG_LOG, &line);
	put(FROM_NETWORK, MSG_ALLOC_SPI, "", 0);
	/* neither true nor false */
	put(FROM_NETWORK, MSG_PEER_STATE, ";", 1);
	put(FROM_NETWORK, MSG_ENDPOINT, ";", 1);
	free(e);
	free(status);
}

static void put_auth(void)
{
	struct msg_secret *secret = calloc(1, sizeof(*secret));
	size_t size = sizeof(struct msg_auth) + 64;
	struct msg_auth *m = calloc(1, size);

	if (!secret || !m)
		abort();
	ike_id_parse("a.example.net", &secret->local_id);
	ike_id_parse("b.example.net", &secret->remote_id);
	secret->len = 1;
	PUT(TO_KEYS, MSG_SECRET, secret);
	m->prf = 5;
	m->method = IKE_AUTH_PSK;
	m->local_id = secret->local_id;
	m->remote_id = secret->remote_id;
	m->data[18] = 34;
	m->data[19] = 0x08;
	put(TO_KEYS, MSG_MAKE_AUTH, m, size);
	m->data[19] = 0x20;
	put(TO_KEYS, MSG_CHECK_AUTH, m, size);
	put(FROM_NETWORK, MSG_CHECK_AUTH, m, size);
	free(secret);
	free(m);
}

static void put_ppk(void)
{
	struct msg_mixed *mixed = calloc(1, sizeof(*mixed));
	struct msg_ppk *ppk = calloc(1, sizeof(*ppk));
	struct msg_mix m = { .prf = 5 };

	if (!mixed || !ppk)
		abort();
	ppk->len = 1;
	put(TO_KEYS, MSG_PPK, ppk, offsetof(struct msg_ppk, secret) + 1);
	PUT(TO_KEYS, MSG_MIX_PPK, &m);
	PUT(FROM_NETWORK, MSG_MIX_PPK, &m);
	mixed->ok = true;
	put(FROM_KEYS, MSG_PPK_MIXED, mixed, offsetof(struct msg_mixed, text));
	free(mixed);
	free(ppk);
}

static void write_seed(const char *name, void (*what)(void))
{
	seed_file = fopen(name, "w");
	if (!seed_file)
		abort();
	what();
	fclose(seed_file);
}

static void write_seeds(const char *dir)
{
	static void (*const all[])(void) = { put_sa, put_words, put_auth, put_ppk };
	char name[512];
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(name, sizeof(name), "%s-%zu", dir, i);
		write_seed(name, all[i]);
	}
}

/* ---- entry ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daemon *d = fuzz_daemon();
	struct keys *keys = keys_new(d->crypto);
	int watcher = ask("{\"command\":\"monitor\"}\n");
	int waiting = ask("{\"command\":\"status\"}\n");
	size_t len;

	if (getenv("FUZZ_SEED")) {
		write_seeds(getenv("FUZZ_SEED"));
		_Exit(0);
	}
	while (size >= RECORD_HEADER) {
		len = data[3] << 8 | data[4];
		len = len < size - RECORD_HEADER ? len : size - RECORD_HEADER;
		message.head.type = data[1];
		message.head.tunnel = data[2];
		message.head.token = data[2];
		take(keys, data[0], data + RECORD_HEADER, len);
		data += RECORD_HEADER + len;
		size -= RECORD_HEADER + len;
	}
	keys_free(keys);
	close(watcher);
	close(waiting);
	fuzz_daemon_done();
	return 0;
}
