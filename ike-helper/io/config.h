/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration: libconfig files in, plain structures out. One table (config_keys.c) of all
 * keys drives parsing, checks, defaults and the test of the man page.
 */
#ifndef IPVTID_CONFIG_H
#define IPVTID_CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../core/ike.h"

#define CONF_DIR	"/etc/ipvti"
#define CONF_LIST_MAX	64
#define CONF_HOST_MAX	256
#define CONF_SECRET_MAX	512
#define CONF_COMMAND_MAX 256

/**
 * struct conf_prefix - an address with a prefix length
 * @family: 4 or 6
 * @len: prefix length in bits
 * @ip: network byte order, the rest zero
 */
struct conf_prefix {
	uint8_t family;
	uint8_t len;
	uint8_t ip[16];
};

struct conf_prefixes {
	uint32_t n;
	struct conf_prefix v[CONF_LIST_MAX];
};

/**
 * struct conf_routes - what is routed into the device
 * @from_selectors: the destinations of the agreed selectors instead of @list
 * @list: prefixes
 */
struct conf_routes {
	bool from_selectors;
	struct conf_prefixes list;
};

#define CONF_FILES_MAX 16

/**
 * struct conf_files - absolute paths
 */
struct conf_files {
	uint32_t n;
	char v[CONF_FILES_MAX][256];
};

struct conf_selectors {
	uint32_t n;
	struct ike_ts v[IKE_MAX_TS];
};

/**
 * struct conf_children - selectors of Child SAs of their own
 * @n: Child SAs used in @v
 */
struct conf_children {
	uint32_t n;
	struct conf_child {
		struct conf_selectors local;
		struct conf_selectors remote;
	} v[IKE_MAX_CHILDREN];
};

/**
 * struct conf_hosts - names or addresses of a peer; none means any
 */
struct conf_hosts {
	uint32_t n;
	char v[IKE_MAX_ADDRS][CONF_HOST_MAX];
};

/**
 * struct conf_vips - virtual addresses to ask the peer for, at most one of each family
 * @n: used in @v
 * @v: all zero stands for any address of the family
 */
struct conf_vips {
	uint32_t n;
	struct ike_addr v[IKE_MAX_VIPS];
};

/**
 * struct conf_groups - key exchange groups of Child SAs
 * @none: there shall be none, also for peers that insist
 * @list: one proposal that holds nothing but groups, or no proposal
 */
struct conf_groups {
	bool none;
	struct ike_proposals list;
};

enum conf_secret_kind {
	CONF_SECRET_INLINE,
	CONF_SECRET_FILE,
	CONF_SECRET_CREDENTIAL,		/* systemd.exec(5), LoadCredential= */
	CONF_SECRET_COMMAND,
};

/**
 * struct conf_secret - where a pre-shared key comes from
 * @kind: enum conf_secret_kind
 * @text: the secret, the path, the name of the credential or the command
 */
struct conf_secret {
	uint32_t kind;
	char text[CONF_SECRET_MAX];
};

/**
 * struct conf_place - where a value was given
 * @file: path; "" for a default
 * @line: line; 0 for a default
 */
struct conf_place {
	char file[256];
	uint32_t line;
};

/**
 * struct conf_addresses - addresses without a prefix length
 */
struct conf_addresses {
	uint32_t n;
	struct ike_addr v[IKE_MAX_DNS];
};

/**
 * struct conf_pool - virtual addresses to hand out, and what goes with them
 * @name: of its group in the file; empty for none
 * @addresses: ranges
 * @dns: name servers
 * @subnets: what is behind us
 */
struct conf_pool {
	char name[IKE_MAX_NAME];
	struct conf_selectors addresses;
	struct conf_addresses dns;
	struct conf_selectors subnets;
};

#define CONF_KEYS_MAX 96
#define CONF_PROBE_AFTER 3	/* of the detection time, one part may pass in silence */
#define CONF_TEMPLATE_NAME_MAX 31	/* the identity of the client stands behind it */

/**
 * struct conf_tunnel - one peer and one device, or a template of such
 * @template: peers get tunnels of their own, made from it
 * @name: of its group in the file
 * @file: where it is defined
 * @line: and in which line
 * @profile_file: where its profile is defined
 * @key_line: by index of the key, where it is given, 0 for a default
 * @key_in_profile: by index of the key, the line is one of @profile_file
 *
 * Everything else is described in config_keys.c. Plain data without pointers, so that the
 * fields of two can be compared octet by octet.
 */
struct conf_tunnel {
	bool template;
	char name[IKE_MAX_NAME];
	char file[256];
	uint32_t line;
	char profile_file[256];
	uint32_t key_line[CONF_KEYS_MAX];
	bool key_in_profile[CONF_KEYS_MAX];

	char profile[IKE_MAX_NAME];
	char device[IFNAMSIZ];
	struct ike_addr local;
	struct conf_hosts remote;
	struct ike_id local_id;
	struct ike_id remote_id;
	uint64_t auth;
	struct conf_secret psk;
	struct conf_secret ppk;
	char ppk_id[IKE_MAX_PPK_ID + 1];
	uint64_t ppk_required;
	char certificate[256];
	char private_key[256];
	struct conf_files ca;
	struct conf_files crl;
	struct ike_proposals ike_proposals;
	struct ike_proposals esp_proposals;
	struct conf_groups pfs;
	uint64_t version;
	uint64_t protocol;
	uint64_t compress;
	uint64_t window;
	struct conf_selectors local_ts;
	struct conf_selectors remote_ts;
	struct conf_children children;
	struct conf_prefixes address;
	struct conf_vips virtual_ip;
	struct conf_pool pool;
	uint64_t clients;
	struct conf_routes routes;
	uint64_t metric;
	uint64_t backstop;
	uint64_t failover;
	uint64_t start;
	uint64_t encap;
	uint64_t close_action;
	uint64_t detect;
	uint64_t dpd_delay;
	uint64_t dpd_action;
	uint64_t give_up;
	uint64_t retry;
	uint64_t retransmit;
	uint64_t retransmit_limit;
	uint64_t fragment_size;
	uint64_t ike_dscp;
	uint64_t mobike;
	uint64_t ike_lifetime;
	uint64_t child_lifetime;
	uint64_t child_bytes;
	uint64_t child_packets;
	uint64_t replay_window;
	uint64_t keepalive;
	uint64_t mtu;
	uint64_t fwmark;
	char lower[IFNAMSIZ];
	uint64_t ttl;
	uint64_t dscp;
	uint64_t tfc;
	uint64_t df;
	uint64_t parallel;
	uint64_t roam;
	uint64_t secpath;
	uint64_t inner_checksum;
	char hook[CONF_COMMAND_MAX];
	char hook_user[32];
	uint64_t legacy;
};

/**
 * struct conf_daemon - the section `ipvtid`
 */
struct conf_daemon {
	uint64_t log;
	char user[32];
	uint64_t fwmark;
	uint64_t cookie_threshold;
	uint64_t half_open_max;
};

/**
 * struct config - a whole configuration
 * @daemon: what concerns no single tunnel
 * @n: tunnels and templates used in @tunnels
 * @tunnels: in the order of the files
 * @n_pools: pools used in @pools
 * @pools: likewise
 */
struct config {
	struct conf_daemon daemon;
	size_t n_pools;
	struct conf_pool *pools;
	size_t n;
	struct conf_tunnel *tunnels;
};

/**
 * enum conf_reload - what a change of a key means for a tunnel that is up
 */
enum conf_reload {
	CONF_IN_PLACE,
	CONF_NEXT_REKEY,
	CONF_RENEGOTIATE,	/* make before break */
	CONF_RESTART,		/* of the daemon */
};

enum conf_section {
	CONF_IN_DAEMON = 1,
	CONF_IN_PROFILE = 2,
	CONF_IN_TUNNEL = 4,
	CONF_IN_POOL = 8,
	CONF_IN_TEMPLATE = 16,
};

struct conf_type;

/**
 * struct conf_key - one key
 * @name: as in the file
 * @sections: enum conf_section, or-ed
 * @type: how to read it
 * @offset: of the field in struct conf_tunnel, which templates have too, or in struct conf_daemon for CONF_IN_DAEMON, or in
 *	struct conf_pool for CONF_IN_POOL
 * @size: of that field
 * @min: smallest number, in the unit of the field
 * @max: largest number
 * @words: the words allowed, in the order of their values; NULL-terminated. Where numbers are
 *	allowed too these are at most two
 * @word: where numbers are allowed too: what the words are worth
 * @why: where one value is allowed: why there is no other
 * @alias: another name that it has, NULL for none
 * @def: default as in a file, list elements separated by spaces; NULL: the key is required,
 *	"": empty
 * @reload: what a change means
 * @help: one line
 */
struct conf_key {
	const char *name;
	unsigned int sections;
	const struct conf_type *type;
	size_t offset;
	size_t size;
	uint64_t min;
	uint64_t max;
	const char *const *words;
	uint64_t word[2];
	const char *why;
	const char *alias;
	const char *def;
	enum conf_reload reload;
	const char *help;
};

extern const struct conf_key conf_keys[];
extern const size_t conf_n_keys;

/**
 * struct conf_text - the value of a key as text
 * @file: where it stands
 * @line: and in which line
 * @list: it was written as a list or array
 * @legacy: the tunnel allows algorithms that RFC 8221 and RFC 8247 advise against
 * @n: elements used in @item
 * @item: elements
 */
struct conf_text {
	const char *file;
	unsigned int line;
	bool list;
	bool legacy;
	unsigned int n;
	char item[CONF_LIST_MAX][CONF_SECRET_MAX];
};

/**
 * struct conf_faults - the faults of a run
 * @out: each is printed here at once, as "file:line: key: what is wrong, what is allowed"
 * @n: how many there were
 */
struct conf_faults {
	FILE *out;
	unsigned int n;
};

/**
 * conf_fault() - report one
 * @faults: the run
 * @file: file or NULL
 * @line: line, 0 for none
 * @key: key, or NULL
 * @fmt: what is wrong, what is allowed
 */
void conf_fault(struct conf_faults *faults, const char *file, unsigned int line, const char *key,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/**
 * struct conf_type - how values of a kind are read
 * @name: for people
 * @list: takes several elements
 * @parse: reads @t into @field; false after conf_fault()
 */
struct conf_type {
	const char *name;
	bool list;
	bool (*parse)(struct conf_faults *faults, const struct conf_key *key,
		      const struct conf_text *t, void *field);
};

extern const struct conf_type conf_type_word, conf_type_number, conf_type_duration,
	conf_type_size, conf_type_flag, conf_type_name, conf_type_ifname, conf_type_device,
	conf_type_address, conf_type_command, conf_type_text,
	conf_type_hosts, conf_type_id, conf_type_secret, conf_type_file,
	conf_type_private_file, conf_type_files, conf_type_prefixes, conf_type_vips, conf_type_pool,
	conf_type_ranges, conf_type_subnets, conf_type_addresses, conf_type_routes,
	conf_type_selectors, conf_type_children, conf_type_ike_proposals, conf_type_esp_proposals, conf_type_groups;

/**
 * conf_load() - read and check a configuration
 * @path: a file, or a directory that holds ipvti.conf and conf.d/
 * @conf: result, to be given to conf_free() in any case
 * @faults: receives every fault of the run
 *
 * Return: true if there was none.
 */
bool conf_load(const char *path, struct config *conf, struct conf_faults *faults);

/**
 * conf_free() - wipe and free
 */
void conf_free(struct config *conf);

/**
 * conf_tunnel_find() - a tunnel by its name, or NULL
 */
const struct conf_tunnel *conf_tunnel_find(const struct config *conf, const char *name);

/**
 * conf_ts_is_any() - whether a selector holds all addresses of its family
 */
bool conf_ts_is_any(const struct ike_ts *ts);

/**
 * conf_key_place() - where a key of a tunnel was given
 */
void conf_key_place(const struct conf_tunnel *t, const char *key, struct conf_place *place);

/**
 * conf_probe_after() - milliseconds of silence after which the peer is asked; 0: never
 */
uint64_t conf_probe_after(const struct conf_tunnel *t);

/**
 * conf_word() - the name of a word's value
 * @words: NULL-terminated
 * @value: index
 */
const char *conf_word(const char *const *words, uint64_t value);

extern const char *const conf_words_log[], *const conf_words_start[], *const conf_words_encap[],
	*const conf_words_auth[],
	*const conf_words_df[], *const conf_words_parallel[], *const conf_words_roam[],
	*const conf_words_checksum[];

#endif
