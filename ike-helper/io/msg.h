/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages between the processes of the daemon. The parent stands in the middle: every other
 * process has one channel, to the parent, and what the network process asks of the key process
 * passes through it. All processes run the same binary, so payloads are plain structures; one
 * table (msg.c) says who may send which type to whom and how long it may be.
 */
#ifndef IPVTID_MSG_H
#define IPVTID_MSG_H

#include <event2/event.h>

#include "config.h"

#define MSG_FILE_MAX	(96U << 10)	/* of certificates or CRLs */
#define MSG_OCTETS_MAX	16384	/* what an AUTH payload signs: an IKE_SA_INIT message and more */

enum msg_role {
	MSG_PARENT,
	MSG_NETWORK,
	MSG_KEYS,
	MSG_RESOLVER,
	MSG_N_ROLES,
};

enum msg_type {
	/* parent to network process */
	MSG_CONFIG,		/* struct ike_peer_config */
	MSG_EVENT,		/* struct msg_event */
	MSG_LOG_LEVEL,		/* struct msg_level */
	MSG_LISTEN,		/* it knows all tunnels: take what comes in */
	MSG_STATUS_GET,
	/* network process to parent */
	MSG_RESOLVE,		/* struct msg_resolve */
	MSG_ALLOC_SPI,
	MSG_FREE_SPI,		/* struct msg_sa */
	MSG_ENDPOINT,		/* struct msg_endpoint */
	MSG_INSTALL,		/* struct ike_install */
	MSG_ACTIVATE,		/* struct msg_sa */
	MSG_DELETE,		/* struct msg_sa */
	MSG_PEER_STATE,		/* struct msg_peer */
	MSG_STATE,		/* struct msg_state */
	MSG_EXPLAIN,		/* struct ike_explanation */
	MSG_LOG,		/* struct msg_log */
	MSG_STATUS,		/* struct msg_status */
	/* network process to key process */
	MSG_MAKE_AUTH,		/* struct msg_auth */
	MSG_CHECK_AUTH,		/* struct msg_auth */
	/* key process to network process */
	MSG_AUTH_MADE,		/* struct msg_verdict */
	MSG_AUTH_CHECKED,	/* struct msg_verdict */
	/* parent to key process */
	MSG_SECRET,		/* struct msg_secret */
	MSG_SECRET_GONE,
	MSG_CREDENTIAL,		/* struct msg_credential */
	MSG_CREDENTIALS_END,
	/* key process to parent */
	MSG_CREDENTIALS,	/* struct msg_credentials */
	/* parent to resolver and back */
	MSG_LOOKUP,		/* struct msg_lookup */
	MSG_FOUND,		/* struct msg_found */
	/* network process to parent */
	MSG_ASSIGNED,		/* struct ike_assigned */
	MSG_LEASE,		/* struct msg_lease */
	/* and its answer */
	MSG_LEASED,		/* struct msg_leased */
	/* network process to parent: to be kept for MSG_RESUME; nothing: forget it */
	MSG_STORE,
	/* and its answer, with the same token */
	MSG_STORED,
	/* parent to network process: what the last MSG_STORE of the tunnel said */
	MSG_RESUME,
	/* and what came of it, if something did */
	MSG_RESUMED,
	/* parent to key process */
	MSG_PPK,		/* struct msg_ppk */
	/* network process to key process */
	MSG_MIX_PPK,		/* struct msg_mix */
	/* and its answer */
	MSG_PPK_MIXED,		/* struct msg_mixed */
	MSG_N_TYPES,
};

/**
 * struct msg_header - in front of every message
 * @type: enum msg_type
 * @len: octets that follow
 * @tunnel: handle, 0 for none
 * @token: of the question, in question and answer
 */
struct msg_header {
	uint32_t type;
	uint32_t len;
	uint32_t tunnel;
	uint32_t token;
};

/**
 * struct msg_event - an event for the core that carries numbers only
 * @type: enum ike_event_type
 * Everything else as in struct ike_event.
 */
struct msg_event {
	uint32_t type;
	bool ok;
	uint8_t dir;
	uint8_t child;
	uint32_t spi;
	uint32_t spi_in;
	uint32_t spi_out;
	uint32_t ms;
	struct ike_addr local;
	struct ike_addr remote;
	char text[IKE_MAX_TEXT];
};

struct msg_level {
	uint32_t level;
};

struct msg_resolve {
	uint32_t attempt;
};

struct msg_sa {
	uint32_t dir;
	uint32_t spi;
};

struct msg_endpoint {
	struct ike_addr local;
	struct ike_addr remote;
	bool encap;
};

struct msg_peer {
	bool suspect;
};

/**
 * struct msg_state - the tunnel came up, went down or could not be brought up
 * @what: IKE_ACT_UP, IKE_ACT_DOWN or IKE_ACT_FAILED
 * @reason: enum ike_reason
 */
struct msg_state {
	uint32_t what;
	uint32_t reason;
};

struct msg_log {
	uint32_t level;
	char text[IKE_MAX_TEXT];
};

/**
 * struct msg_status - what the core knows of a tunnel
 * @known: false if it does not know it at all
 * @now: the core's time when it was asked
 * @status: state
 */
struct msg_status {
	bool known;
	uint64_t now;
	struct ike_status status;
};

/**
 * struct msg_auth - struct ike_auth_work without pointers
 * @auth_len: octets used in @auth
 * @certs_len: octets of certificates at the end
 * @auth: the peer's AUTH data
 * @data: what is signed, as long as the message says, and behind it the peer's certificates
 */
struct msg_auth {
	uint16_t prf;
	uint8_t kind;
	uint8_t method;
	uint32_t hashes;
	uint32_t auth_len;
	uint32_t certs_len;
	struct ike_id local_id;
	struct ike_id remote_id;
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t auth[IKE_MAX_AUTH];
	uint8_t data[];
};

/**
 * struct msg_verdict - answer of the key process
 * @ok: the AUTH data was made, or is right
 * @method: of @auth
 * @reason: enum ike_reason: what is wrong with the peer's
 * @len: octets used in @auth, 0 in MSG_AUTH_CHECKED
 * @certs_len: octets used in @certs, likewise
 * @spi_i: IKE SPIs it holds for
 * @spi_r: IKE SPIs it holds for
 * @text: why not
 * @auth: our AUTH data
 * @certs: our certificates, each behind its length
 * @remote_id: MSG_AUTH_CHECKED: the identity that was proved
 */
struct msg_verdict {
	bool ok;
	uint8_t method;
	uint32_t reason;
	uint32_t len;
	uint32_t certs_len;
	uint64_t spi_i;
	uint64_t spi_r;
	char text[IKE_MAX_TEXT];
	uint8_t auth[IKE_MAX_AUTH];
	uint8_t certs[IKE_MAX_CERTS];
	struct ike_id remote_id;
};

/**
 * struct msg_mix - session keys to mix a post-quantum preshared key into
 * @prf: transform id of the PRF
 * @keys: keys
 */
struct msg_mix {
	uint16_t prf;
	struct ike_ppk_keys keys;
};

/**
 * struct msg_mixed - answer of the key process
 * @ok: it was mixed in
 * @keys: keys
 * @text: why not
 */
struct msg_mixed {
	bool ok;
	struct ike_ppk_keys keys;
	char text[IKE_MAX_TEXT];
};

/**
 * struct msg_lease - a peer asks for virtual addresses
 * @spi_i: IKE SPIs that it was verified for
 * @spi_r: likewise
 * @wanted: addresses
 */
struct msg_lease {
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_assigned wanted;
};

/**
 * struct msg_leased - what it gets
 * @assigned: no address: @text says why not
 */
struct msg_leased {
	struct ike_assigned assigned;
	char text[IKE_MAX_TEXT];
};

/**
 * struct msg_secret - whom a secret is for
 * @kind: enum ike_auth_kind
 * @len: IKE_BY_PSK: octets used in @secret; otherwise credentials follow in messages of their own
 */
struct msg_secret {
	uint32_t kind;
	struct ike_id local_id;
	struct ike_id remote_id;
	uint32_t len;
	uint8_t secret[CONF_SECRET_MAX];
};

/**
 * struct msg_ppk - a post-quantum preshared key
 * @len: octets used in @secret, 0 for none
 */
struct msg_ppk {
	uint32_t len;
	uint8_t secret[CONF_SECRET_MAX];
};

/**
 * struct msg_credential - a file
 * @kind: enum ike_credential_kind
 * @name: of the file
 * @data: what it holds, as long as the message says
 */
struct msg_credential {
	uint32_t kind;
	char name[256];
	uint8_t data[];
};

/**
 * struct msg_credentials - whether those of a tunnel are usable
 * @len: octets used in @authorities
 * @authorities: data of CERTREQ
 * @text: what is wrong with them; empty if they are usable
 */
struct msg_credentials {
	uint32_t len;
	uint8_t authorities[IKE_MAX_AUTHORITIES];
	char text[IKE_MAX_TEXT];
};

struct msg_lookup {
	char host[CONF_HOST_MAX];
};

/**
 * struct msg_found - addresses of a name
 * @n: addresses used in @addr; 0: @text says why there are none
 */
struct msg_found {
	uint32_t n;
	struct ike_addr addr[IKE_MAX_ADDRS];
	char text[128];
};

/**
 * struct msg - a message received
 * @head: checked against the table
 * @data: payload, valid during the call
 */
struct msg {
	struct msg_header head;
	const void *data;
};

struct msg_channel;

typedef void msg_handler(struct msg_channel *ch, const struct msg *msg, void *arg);
typedef void msg_closed(struct msg_channel *ch, const char *why, void *arg);

/**
 * msg_channel_new() - serve a socketpair
 * @base: event loop
 * @fd: one end of a SOCK_SEQPACKET pair; owned by the channel from now on
 * @self: who we are
 * @peer: who is at the other end
 * @handler: called for each message that passes the table
 * @closed: called once when the other end is gone or sent what it must not; it may free the channel
 * @arg: for both
 *
 * Return: the channel, or NULL without memory.
 */
struct msg_channel *msg_channel_new(struct event_base *base, int fd, enum msg_role self,
				    enum msg_role peer, msg_handler *handler, msg_closed *closed,
				    void *arg);

/**
 * msg_channel_free() - close and free; what was not sent yet is wiped
 */
void msg_channel_free(struct msg_channel *ch);

/**
 * msg_send() - send or queue a message
 * @ch: channel; NULL drops the message
 * @type: enum msg_type
 * @tunnel: handle or 0
 * @token: token or 0
 * @data: payload
 * @len: its length
 *
 * Never blocks. Aborts if the table forbids the message: that is a bug here, not the peer's.
 */
void msg_send(struct msg_channel *ch, enum msg_type type, uint32_t tunnel, uint32_t token,
	      const void *data, size_t len);

/**
 * msg_check() - the table
 * @head: of a message
 * @from: who sent it
 * @to: who has it now
 *
 * Return: NULL if it is allowed, otherwise what is wrong.
 */
const char *msg_check(const struct msg_header *head, enum msg_role from, enum msg_role to);

#endif
