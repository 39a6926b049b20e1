// SPDX-License-Identifier: GPL-2.0
/*
 * The attribute tables: one line per attribute, one table per nest.
 *
 * A line holds all that user space knows about an attribute: number, type on the wire, member of
 * the struct, name, and how to show it. Adding an attribute is one line here and one member in
 * ipvti.h.
 */
#include <errno.h>
#include <string.h>

#include "ipvti.h"

const char *const ipvti_encap_names[] = { "none", "udp", NULL };
const char *const ipvti_df_names[] = { "set", "clear", "copy", NULL };
const char *const ipvti_parallel_names[] = { "off", "on", "auto", NULL };
const char *const ipvti_roam_names[] = { "off", "port", "any", NULL };
const char *const ipvti_inner_checksum_names[] = { "trust", "verify", NULL };
const char *const ipvti_sa_dir_names[] = { "", "in", "out", NULL };
const char *const ipvti_activate_names[] = { "now", "first-use", "manual", NULL };
const char *const ipvti_sa_state_names[] = {
	"reserved", "live", "waiting", "current", "superseded", "expired", NULL
};
const char *const ipvti_alg_status_names[] = {
	"must", "must-minus", "should", "may", "should-not", "must-not", "unlisted", NULL
};
const char *const ipvti_event_names[] = {
	[IPVTI_EVENT_UNSPEC] = "",
	[IPVTI_EVENT_ACQUIRE] = "acquire",
	[IPVTI_EVENT_QUIET] = "quiet",
	[IPVTI_EVENT_HEARD] = "heard",
	[IPVTI_EVENT_SOFT] = "soft",
	[IPVTI_EVENT_HARD] = "hard",
	[IPVTI_EVENT_FIRST_USE] = "first-use",
	[IPVTI_EVENT_SA_DELETED] = "sa-deleted",
	[IPVTI_EVENT_SA_REPLACED] = "sa-replaced",
	[IPVTI_EVENT_PEER] = "peer",
	[IPVTI_EVENT_AUTH_FAILURES] = "auth-failures",
	[IPVTI_EVENT_CARRIER] = "carrier",
	[IPVTI_EVENT_SOCKET_LOST] = "socket-lost",
	[IPVTI_EVENT_DEVICE] = "device",
	[IPVTI_EVENT_OVERRUN] = "overrun",
	NULL
};

/* FIELD(name, attribute, struct, member, kind, further initialisers) */
#define FIELD(_name, _type, _struct, _member, _kind, ...) { \
	.name = (_name), .type = (_type), .kind = IPVTI_KIND_##_kind, \
	.offset = offsetof(struct _struct, _member), \
	.size = sizeof(((struct _struct *)NULL)->_member), __VA_ARGS__ }
#define HEX	.form = IPVTI_FORM_HEX
#define BOOL	.form = IPVTI_FORM_BOOL
#define BYTES	.form = IPVTI_FORM_BYTES
#define MS	.form = IPVTI_FORM_MS
#define SECONDS	.form = IPVTI_FORM_SECONDS
#define NAMES(_enum)		.form = IPVTI_FORM_NAME, .names = ipvti_##_enum##_names
#define WORD(_word, _value)	.word = (_word), .word_value = (_value)
#define NEST(_nest)		.nest = &ipvti_nest_##_nest

static const struct ipvti_field limit_fields[] = {
#define LIMIT(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_LIMIT_##_type, ipvti_limit, _member, _kind, __VA_ARGS__)
	LIMIT("packets", PACKETS, packets, U64),
	LIMIT("bytes", BYTES, bytes, U64, BYTES),
	LIMIT("seconds", SECONDS, seconds, U64, SECONDS),
	LIMIT("idle", IDLE, idle, U64, SECONDS),
	{}
};
const struct ipvti_nest ipvti_nest_limit = { IPVTI_A_LIMIT_MAX, limit_fields };

static const struct ipvti_field ts_fields[] = {
#define TS(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_TS_##_type, ipvti_ts, _member, _kind, __VA_ARGS__)
	TS("src", SRC, src, ADDRESS, .form = IPVTI_FORM_PREFIX),
	TS("src-len", SRC_LEN, src_len, U8, .form = IPVTI_FORM_PREFIX_LEN),
	TS("dst", DST, dst, ADDRESS, .form = IPVTI_FORM_PREFIX),
	TS("dst-len", DST_LEN, dst_len, U8, .form = IPVTI_FORM_PREFIX_LEN),
	TS("proto", PROTO, proto, U8),
	TS("sport-min", SPORT_MIN, sport_min, U16),
	TS("sport-max", SPORT_MAX, sport_max, U16),
	TS("dport-min", DPORT_MIN, dport_min, U16),
	TS("dport-max", DPORT_MAX, dport_max, U16),
	{}
};
const struct ipvti_nest ipvti_nest_ts = { IPVTI_A_TS_MAX, ts_fields };

static const struct ipvti_field device_fields[] = {
#define DEV(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_DEV_##_type, ipvti_device, _member, _kind, __VA_ARGS__)
	DEV("local", LOCAL, local, ADDRESS),
	DEV("remote", REMOTE, remote, ADDRESS),
	DEV("encap", ENCAP, encap, U8, NAMES(encap)),
	DEV("sport", SPORT, sport, U16),
	DEV("dport", DPORT, dport, U16),
	DEV("lower", LOWER, lower, U32),
	DEV("fwmark", FWMARK, fwmark, U32, HEX),
	DEV("ttl", TTL, ttl, U8, WORD("inherit", IPVTI_TTL_INHERIT)),
	DEV("dscp", DSCP, dscp, U8, WORD("inherit", IPVTI_DSCP_INHERIT)),
	DEV("df", DF, df, U8, NAMES(df)),
	DEV("mtu-fixed", MTU_FIXED, mtu_fixed, U32, WORD("auto", 0)),
	DEV("parallel", PARALLEL, parallel, U8, NAMES(parallel)),
	DEV("roam", ROAM, roam, U8, NAMES(roam)),
	DEV("secpath", SECPATH, secpath, U8, BOOL),
	DEV("inner-checksum", INNER_CHECKSUM, inner_checksum, U8, NAMES(inner_checksum)),
	DEV("tfc", TFC, tfc, U16, WORD("mtu", IPVTI_TFC_MTU)),
	DEV("quiet", QUIET, quiet, U32, MS),
	DEV("keepalive", KEEPALIVE, keepalive, U32, SECONDS),
	DEV("tag", TAG, tag, BINARY),
	DEV("mtu", MTU, mtu, U32),
	DEV("path-mtu", PATH_MTU, path_mtu, U32),
	DEV("carrier", CARRIER, carrier, U8, BOOL),
	DEV("suspect", SUSPECT, suspect, U8, BOOL),
	DEV("carrier-age", CARRIER_AGE, carrier_age, U64, MS),
	DEV("rx-age", RX_AGE, rx_age, U64, MS),
	DEV("tx-age", TX_AGE, tx_age, U64, MS),
	DEV("sas-in", SAS_IN, sas_in, U32),
	DEV("sas-out", SAS_OUT, sas_out, U32),
	DEV("foreign", FOREIGN, foreign, FLAG, BOOL),
	DEV("spilling", SPILLING, spilling, U8, BOOL),
	DEV("spilled", SPILLED, spilled, U64),
	{}
};
const struct ipvti_nest ipvti_nest_device = { IPVTI_A_DEV_MAX, device_fields };

static const struct ipvti_field sa_fields[] = {
#define SA(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_SA_##_type, ipvti_sa, _member, _kind, __VA_ARGS__)
	SA("dir", DIR, dir, U8, NAMES(sa_dir)),
	SA("spi", SPI, spi, U32, HEX),
	SA("alg", ALG, alg, STRING),
	SA("key", KEY, key, KEY),
	SA("esn", ESN, esn, U8, BOOL),
	SA("replay-window", REPLAY_WINDOW, replay_window, U32),
	SA("seq", SEQ, seq, U64),
	SA("pair", PAIR, pair, U32, HEX),
	SA("replaces", REPLACES, replaces, U32, HEX),
	SA("flow", FLOW, flow, U32),
	SA("activate", ACTIVATE, activate, U8, NAMES(activate)),
	SA("tag", TAG, tag, BINARY),
	{
		.name = "ts",
		.type = IPVTI_A_SA_TS,
		.kind = IPVTI_KIND_NESTS,
		.offset = offsetof(struct ipvti_sa, ts),
		.size = sizeof(struct ipvti_ts),
		.count_offset = offsetof(struct ipvti_sa, ts_count),
		.count_max = IPVTI_TS_MAX,
		NEST(ts)
	},
	SA("soft", SOFT, soft, NEST, NEST(limit)),
	SA("hard", HARD, hard, NEST, NEST(limit)),
	SA("legacy", LEGACY, legacy, FLAG, BOOL),
	SA("state", STATE, state, U8, NAMES(sa_state)),
	SA("packets", PACKETS, packets, U64),
	SA("bytes", BYTES, bytes, U64, BYTES),
	SA("age", AGE, age, U64, MS),
	SA("used-age", USED_AGE, used_age, U64, MS),
	SA("driver", DRIVER, driver, STRING),
	SA("spilled", SPILLED, spilled, U64),
	{}
};
const struct ipvti_nest ipvti_nest_sa = { IPVTI_A_SA_MAX, sa_fields };

static const struct ipvti_field socket_fields[] = {
#define SOCK(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_SOCK_##_type, ipvti_socket, _member, _kind, __VA_ARGS__)
	SOCK("fd", FD, fd, U32),
	SOCK("local", LOCAL, local, ADDRESS),
	SOCK("port", PORT, port, U16),
	SOCK("family", FAMILY, family, U8),
	SOCK("owned", OWNED, owned, U8, BOOL),
	{}
};
const struct ipvti_nest ipvti_nest_socket = { IPVTI_A_SOCK_MAX, socket_fields };

static const struct ipvti_field stat_fields[] = {
#define STAT(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_STAT_##_type, ipvti_stat, _member, _kind, __VA_ARGS__)
	STAT("name", NAME, name, STRING),
	STAT("value", VALUE, value, U64),
	STAT("help", HELP, help, STRING),
	{}
};
const struct ipvti_nest ipvti_nest_stat = { IPVTI_A_STAT_MAX, stat_fields };

static const struct ipvti_field alg_fields[] = {
#define ALG(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_ALG_##_type, ipvti_alg, _member, _kind, __VA_ARGS__)
	ALG("name", NAME, name, STRING),
	ALG("encr", ENCR, encr, U16),
	ALG("key-bits", KEY_BITS, key_bits, U16),
	ALG("integ", INTEG, integ, U16),
	ALG("key-len", KEY_LEN, key_len, U16),
	ALG("iv-len", IV_LEN, iv_len, U8),
	ALG("icv-len", ICV_LEN, icv_len, U8),
	ALG("block", BLOCK, block, U8),
	ALG("status", STATUS, status, U8, NAMES(alg_status)),
	ALG("rfc", RFC, rfc, U16),
	ALG("driver", DRIVER, driver, STRING),
	ALG("legacy", LEGACY, legacy, FLAG, BOOL),
	ALG("integ-key-len", INTEG_KEY_LEN, integ_key_len, U16),
	ALG("integ-rfc", INTEG_RFC, integ_rfc, U16),
	ALG("integ-driver", INTEG_DRIVER, integ_driver, STRING),
	{}
};
const struct ipvti_nest ipvti_nest_alg = { IPVTI_A_ALG_MAX, alg_fields };

static const struct ipvti_field message_fields[] = {
#define MESSAGE(_name, _type, _member, _kind, ...) \
	FIELD(_name, IPVTI_A_##_type, ipvti_message, _member, _kind, __VA_ARGS__)
	MESSAGE("id", ID, id, U64),
	MESSAGE("ifindex", IFINDEX, ifindex, U32),
	MESSAGE("ifname", IFNAME, ifname, STRING),
	MESSAGE("device", DEVICE, device, NEST, NEST(device)),
	MESSAGE("sa", SA, sa, NEST, NEST(sa)),
	MESSAGE("socket", SOCKET, socket, NEST, NEST(socket)),
	MESSAGE("stat", STAT, stat, NEST, NEST(stat)),
	MESSAGE("alg", ALG, alg, NEST, NEST(alg)),
	MESSAGE("event", EVENT, event, U32, NAMES(event)),
	{}
};
const struct ipvti_nest ipvti_nest_message = { IPVTI_A_MAX, message_fields };

const char *ipvti_name(const char *const *names, uint64_t value)
{
	for (; *names; names++, value--)
		if (!value)
			return *names;
	return "unknown";
}

int ipvti_name_find(const char *const *names, const char *name)
{
	if (!*name)
		return -EINVAL;
	for (int value = 0; names[value]; value++)
		if (!strcmp(names[value], name))
			return value;
	return -EINVAL;
}

const struct ipvti_field *ipvti_field_find(const struct ipvti_nest *nest, uint16_t type)
{
	const struct ipvti_field *field;

	for (field = nest->fields; field->name; field++)
		if (field->type == type)
			return field;
	return NULL;
}

uint64_t ipvti_field_number(const struct ipvti_field *field, const void *obj)
{
	const void *at = (const char *)obj + field->offset;

	switch (field->size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)at;
	case sizeof(uint16_t):
		return *(const uint16_t *)at;
	case sizeof(uint32_t):
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

void ipvti_field_set_number(const struct ipvti_field *field, void *obj, uint64_t value)
{
	void *at = (char *)obj + field->offset;

	switch (field->size) {
	case sizeof(uint8_t):
		*(uint8_t *)at = value;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)at = value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)at = value;
		break;
	default:
		*(uint64_t *)at = value;
	}
}
