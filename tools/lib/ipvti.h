/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libipvti: the generic netlink contract of uapi/linux/ipvti.h as plain C structs.
 *
 * One table per nest (fields.c) drives encoding, decoding, the names in error texts and the JSON
 * of ipvtictl. Each struct has a bit set `has` with one bit per attribute number: a request sends
 * the attributes that are marked, a reply has those marked that the kernel sent.
 *
 *	struct ipvti_device dev = {};
 *
 *	dev.remote = peer;
 *	ipvti_mark(&dev, IPVTI_A_DEV_REMOTE);
 *	err = ipvti_device_set(ipvti, &(struct ipvti_ref){ .ifindex = ifindex }, &dev);
 *	if (err)
 *		warnx("%s", ipvti_error(ipvti));
 *
 * Functions return 0 or a negative errno and leave one line of text for ipvti_error(). A handle
 * works in the network namespace it was opened for, whatever the thread does afterwards; it is
 * not for use by two threads at once. Requests are answered by the kernel at once, so nothing
 * here blocks for long. Byte order and units are those of the contract.
 */
#ifndef TOOLS_LIB_IPVTI_H
#define TOOLS_LIB_IPVTI_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ipvti.h>

#define IPVTI_DRIVER_MAX	128
#define IPVTI_HELP_MAX		160
#define IPVTI_NAME_MAX		64

/* What a refusal for want of CAP_NET_ADMIN says, if the kernel does not say more. */
#define IPVTI_NO_PERMISSION	"not permitted: this needs CAP_NET_ADMIN"

/* Was attribute @attr of @obj received, or shall it be sent? */
#define ipvti_has(obj, attr)	(!!((obj)->has & (UINT64_C(1) << (attr))))
/* Send attribute @attr of @obj. */
#define ipvti_mark(obj, attr)	((void)((obj)->has |= UINT64_C(1) << (attr)))

/**
 * struct ipvti_address - IP address
 * @len: 4, 16, or 0 for none
 * @bytes: network byte order
 */
struct ipvti_address {
	uint8_t len;
	uint8_t bytes[16];
};

/**
 * struct ipvti_ref - names a device
 * @id: as given by the kernel at creation, valid in the namespace of creation; or 0
 * @ifindex: used when @id is 0, in the handle's namespace
 */
struct ipvti_ref {
	uint64_t id;
	uint32_t ifindex;
};

/**
 * struct ipvti_device - settings and state of a device, IPVTI_A_DEV_*
 */
struct ipvti_device {
	uint64_t has;
	struct ipvti_address local;
	struct ipvti_address remote;
	uint8_t encap;
	uint16_t sport;
	uint16_t dport;
	uint32_t lower;
	uint32_t fwmark;
	uint8_t ttl;
	uint8_t dscp;
	uint8_t df;
	uint32_t mtu_fixed;
	uint8_t parallel;
	uint8_t roam;
	uint8_t secpath;
	uint8_t inner_checksum;
	uint16_t tfc;
	uint32_t quiet;
	uint32_t keepalive;
	uint8_t tag[IPVTI_TAG_LEN];
	uint32_t mtu;
	uint32_t path_mtu;
	uint8_t carrier;
	uint8_t suspect;
	uint64_t carrier_age;
	uint64_t rx_age;
	uint64_t tx_age;
	uint32_t sas_in;
	uint32_t sas_out;
	bool foreign;
	uint8_t spilling;
	uint64_t spilled;
};

/**
 * struct ipvti_ts - one pair of traffic selectors, IPVTI_A_TS_*
 */
struct ipvti_ts {
	uint64_t has;
	struct ipvti_address src;
	uint8_t src_len;
	struct ipvti_address dst;
	uint8_t dst_len;
	uint8_t proto;
	uint16_t sport_min;
	uint16_t sport_max;
	uint16_t dport_min;
	uint16_t dport_max;
};

/**
 * struct ipvti_limit - soft or hard limit of an SA, IPVTI_A_LIMIT_*
 */
struct ipvti_limit {
	uint64_t has;
	uint64_t packets;
	uint64_t bytes;
	uint64_t seconds;
	uint64_t idle;
};

/**
 * struct ipvti_key - key material, RFC order
 * @len: bytes used
 * @bytes: for an AEAD key then salt; else encryption key then integrity key
 */
struct ipvti_key {
	uint16_t len;
	uint8_t bytes[IPVTI_KEY_MAX];
};

/**
 * struct ipvti_sa - security association, IPVTI_A_SA_*
 * @key: sent only; the library wipes its own copies, the caller wipes this one
 * @ts_count: selector pairs used in @ts; 0: any. They are sent and received without a mark.
 *
 * Mark IPVTI_A_SA_SOFT and IPVTI_A_SA_HARD, and in them the limits that apply.
 */
struct ipvti_sa {
	uint64_t has;
	uint8_t dir;
	uint32_t spi;
	char alg[IPVTI_ALG_NAME_MAX];
	struct ipvti_key key;
	uint8_t esn;
	uint32_t replay_window;
	uint64_t seq;
	uint32_t pair;
	uint32_t replaces;
	uint32_t flow;
	uint8_t activate;
	uint8_t tag[IPVTI_TAG_LEN];
	uint16_t ts_count;
	struct ipvti_ts ts[IPVTI_TS_MAX];
	struct ipvti_limit soft;
	struct ipvti_limit hard;
	uint8_t legacy;
	uint8_t state;
	uint64_t packets;
	uint64_t bytes;
	uint64_t age;
	uint64_t used_age;
	char driver[IPVTI_DRIVER_MAX];
	uint64_t spilled;
};

/**
 * struct ipvti_socket - ESP-in-UDP socket, IPVTI_A_SOCK_*
 */
struct ipvti_socket {
	uint64_t has;
	uint32_t fd;
	struct ipvti_address local;
	uint16_t port;
	uint8_t family;
	uint8_t owned;
};

/**
 * struct ipvti_stat - one drop reason, IPVTI_A_STAT_*
 */
struct ipvti_stat {
	uint64_t has;
	char name[IPVTI_NAME_MAX];
	uint64_t value;
	char help[IPVTI_HELP_MAX];
};

/**
 * struct ipvti_alg - one algorithm, IPVTI_A_ALG_*
 * @integ: marked when it has an integrity transform of its own
 * @driver: of the cipher or combined mode, marked when this kernel has one
 * @integ_driver: the same of the integrity transform
 */
struct ipvti_alg {
	uint64_t has;
	char name[IPVTI_ALG_NAME_MAX];
	uint16_t encr;
	uint16_t key_bits;
	uint16_t integ;
	uint16_t key_len;
	uint8_t iv_len;
	uint8_t icv_len;
	uint8_t block;
	uint8_t status;
	uint16_t rfc;
	char driver[IPVTI_DRIVER_MAX];
	uint8_t legacy;
	uint16_t integ_key_len;
	uint16_t integ_rfc;
	char integ_driver[IPVTI_DRIVER_MAX];
};

/**
 * struct ipvti_message - one reply, dump entry or event, IPVTI_A_*
 * @has: says which of the members below were in it
 * @event: enum ipvti_event; 0 in replies
 * @stat: the one of many that the callback is called for
 */
struct ipvti_message {
	uint64_t has;
	uint64_t id;
	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	struct ipvti_device device;
	struct ipvti_sa sa;
	struct ipvti_socket socket;
	struct ipvti_stat stat;
	struct ipvti_alg alg;
	uint32_t event;
};

/**
 * ipvti_each - callback of dumps and events
 * @msg: valid during the call
 * @arg: the caller's
 *
 * It may send other requests on the same handle. Non-zero ends the walk, and is what the walk
 * returns.
 */
typedef int ipvti_each(const struct ipvti_message *msg, void *arg);

struct ipvti;
struct ipvti_events;

/**
 * ipvti_open - open a handle for requests
 * @out: the handle, to be closed also after an error, for its text; NULL only on -ENOMEM
 * @netns: file descriptor of a network namespace, or -1 for the thread's
 *
 * Return: 0, -ENOENT when the module is not loaded, or another negative errno.
 */
int ipvti_open(struct ipvti **out, int netns);
void ipvti_close(struct ipvti *ipvti);

/**
 * ipvti_error - what went wrong last
 *
 * Return: one line without newline: the kernel's extack text and the attribute it is about, as
 * "sa.alg: unknown algorithm", or the text of the errno. Valid until the next call.
 */
const char *ipvti_error(const struct ipvti *ipvti);

/* Links of kind ipvti; over rtnetlink in the handle's namespace. */

/**
 * ipvti_link_add - create a device
 * @name: of the interface
 * @ifindex: of the new interface
 */
int ipvti_link_add(struct ipvti *ipvti, const char *name, uint32_t *ifindex);
int ipvti_link_del(struct ipvti *ipvti, uint32_t ifindex);

/**
 * ipvti_link_find - look up an interface of any kind by name
 *
 * Return: 0, -ENODEV or another negative errno.
 */
int ipvti_link_find(struct ipvti *ipvti, const char *name, uint32_t *ifindex);

/**
 * ipvti_link_flags - flags of an interface, IFF_*
 */
int ipvti_link_flags(struct ipvti *ipvti, uint32_t ifindex, unsigned int *flags);

/* Devices. Replies fill @msg: id, ifindex, ifname and device. */
int ipvti_device_get(struct ipvti *ipvti, const struct ipvti_ref *ref, struct ipvti_message *msg);
int ipvti_device_set(struct ipvti *ipvti, const struct ipvti_ref *ref,
		     const struct ipvti_device *dev);
int ipvti_device_dump(struct ipvti *ipvti, ipvti_each *each, void *arg);

/* Security associations. Which one: its device, direction and SPI. */
int ipvti_sa_new(struct ipvti *ipvti, const struct ipvti_ref *ref, const struct ipvti_sa *sa);
int ipvti_sa_del(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi);
int ipvti_sa_get(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi,
		 struct ipvti_message *msg);
int ipvti_sa_activate(struct ipvti *ipvti, const struct ipvti_ref *ref, uint32_t spi);

/**
 * ipvti_sa_dump - walk over SAs
 * @ref: of one device; NULL: of all devices of the namespace
 */
int ipvti_sa_dump(struct ipvti *ipvti, const struct ipvti_ref *ref, ipvti_each *each, void *arg);

/**
 * ipvti_spi_alloc - reserve a free inbound SPI
 *
 * Released by ipvti_sa_del() of direction IPVTI_SA_IN if no SA follows.
 */
int ipvti_spi_alloc(struct ipvti *ipvti, const struct ipvti_ref *ref, uint32_t *spi);

/**
 * ipvti_peer_set - set or clear suspicion that the peer is dead
 */
int ipvti_peer_set(struct ipvti *ipvti, const struct ipvti_ref *ref, bool suspect);

/**
 * ipvti_socket_adopt - make a UDP socket an ESP-in-UDP socket of the namespace
 * @sock: FD; LOCAL and PORT too when the socket is not bound yet
 */
int ipvti_socket_adopt(struct ipvti *ipvti, const struct ipvti_socket *sock);
int ipvti_socket_dump(struct ipvti *ipvti, ipvti_each *each, void *arg);

/**
 * ipvti_stats - walk over drop reasons
 * @ref: of one device; NULL: of packets that no device was found for
 * @dir: of one SA with @spi; IPVTI_SA_DIR_UNSPEC: of the device
 * @each: called with msg->stat for each reason
 */
int ipvti_stats(struct ipvti *ipvti, const struct ipvti_ref *ref, uint8_t dir, uint32_t spi,
		ipvti_each *each, void *arg);

int ipvti_alg_dump(struct ipvti *ipvti, ipvti_each *each, void *arg);

/* Events, on a socket of their own. */

/**
 * ipvti_events_open - subscribe
 * @netns: file descriptor of a network namespace, or -1 for the thread's
 *
 * Return: 0, -ENOENT when the module is not loaded, -EPERM, or another negative errno; nothing to
 * close then.
 */
int ipvti_events_open(struct ipvti_events **out, int netns);
void ipvti_events_close(struct ipvti_events *events);

/**
 * ipvti_events_fd - descriptor to wait on until it is readable
 */
int ipvti_events_fd(const struct ipvti_events *events);

/**
 * ipvti_events_receive - decode what is there, without waiting
 * @each: called for each event. When the socket lost events, it is called with one
 *	IPVTI_EVENT_OVERRUN that has no device: dump to resynchronise.
 *
 * Return: 0, what @each returned if not 0, or a negative errno.
 */
int ipvti_events_receive(struct ipvti_events *events, ipvti_each *each, void *arg);

/* Tables, for whoever prints messages. */

enum ipvti_kind {
	IPVTI_KIND_U8,
	IPVTI_KIND_U16,
	IPVTI_KIND_U32,
	IPVTI_KIND_U64,
	IPVTI_KIND_FLAG,		/* bool */
	IPVTI_KIND_STRING,		/* char[size] */
	IPVTI_KIND_BINARY,		/* uint8_t[size] */
	IPVTI_KIND_ADDRESS,		/* struct ipvti_address */
	IPVTI_KIND_KEY,			/* struct ipvti_key */
	IPVTI_KIND_NEST,		/* struct */
	IPVTI_KIND_NESTS,		/* array of structs, and a uint16_t that counts them */
};

/**
 * enum ipvti_form - how a number is to be read
 */
enum ipvti_form {
	IPVTI_FORM_PLAIN,
	IPVTI_FORM_HEX,			/* SPIs and marks */
	IPVTI_FORM_BOOL,
	IPVTI_FORM_NAME,		/* one of @names */
	IPVTI_FORM_BYTES,
	IPVTI_FORM_MS,
	IPVTI_FORM_SECONDS,
	IPVTI_FORM_PREFIX,		/* address whose prefix length is the next field */
	IPVTI_FORM_PREFIX_LEN,		/* shown with the field before it */
};

/**
 * struct ipvti_field - one attribute of a nest
 * @name: kebab-case; the key in JSON and the word on the command line
 * @type: attribute number
 * @kind: on the wire and in the struct
 * @form: for people
 * @offset: in the struct
 * @size: of the member, or of one element of IPVTI_KIND_NESTS
 * @count_offset: of the counter of IPVTI_KIND_NESTS
 * @count_max: elements of IPVTI_KIND_NESTS
 * @names: of the values, in order, up to NULL; gaps are ""
 * @word: stands for the number @word_value, or NULL
 * @nest: of IPVTI_KIND_NEST and IPVTI_KIND_NESTS
 */
struct ipvti_field {
	const char *name;
	uint16_t type;
	uint8_t kind;
	uint8_t form;
	uint32_t offset;
	uint32_t size;
	uint32_t count_offset;
	uint32_t count_max;
	const char *const *names;
	const char *word;
	uint32_t word_value;
	const struct ipvti_nest *nest;
};

/**
 * struct ipvti_nest - the attributes of one struct, in the order of their numbers
 * @max: highest attribute number
 * @fields: up to one without a name
 */
struct ipvti_nest {
	uint16_t max;
	const struct ipvti_field *fields;
};

extern const struct ipvti_nest ipvti_nest_message, ipvti_nest_device, ipvti_nest_sa, ipvti_nest_ts,
			       ipvti_nest_limit, ipvti_nest_socket, ipvti_nest_stat, ipvti_nest_alg;

extern const char *const ipvti_encap_names[], *const ipvti_df_names[],
			 *const ipvti_parallel_names[], *const ipvti_roam_names[],
			 *const ipvti_inner_checksum_names[], *const ipvti_sa_dir_names[],
			 *const ipvti_activate_names[], *const ipvti_sa_state_names[],
			 *const ipvti_alg_status_names[], *const ipvti_event_names[];

/**
 * ipvti_name - name of a value
 * @names: table of the enumeration
 *
 * Return: the name, or "unknown" when a newer kernel knows more than we do.
 */
const char *ipvti_name(const char *const *names, uint64_t value);

/**
 * ipvti_name_find - value of a name
 *
 * Return: the value, or -EINVAL.
 */
int ipvti_name_find(const char *const *names, const char *name);

/**
 * ipvti_field_find - field of an attribute number
 *
 * Return: the field, or NULL.
 */
const struct ipvti_field *ipvti_field_find(const struct ipvti_nest *nest, uint16_t type);

/**
 * ipvti_field_number - value of a numeric field of a struct
 */
uint64_t ipvti_field_number(const struct ipvti_field *field, const void *obj);

/**
 * ipvti_field_set_number - set a numeric field of a struct; does not mark it
 */
void ipvti_field_set_number(const struct ipvti_field *field, void *obj, uint64_t value);

#endif /* TOOLS_LIB_IPVTI_H */
