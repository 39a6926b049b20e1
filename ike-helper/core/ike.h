/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The public interface of the IKEv2 core (RFC 7296).
 *
 * The core is pure: it does no I/O, reads no clock, draws no randomness and holds no long-term
 * secret of its own. Everything it learns comes in as an event, everything it wants done goes out
 * as an action:
 *
 *	struct ike_actions acts = { 0 };
 *
 *	ike_core_step(core, &event, &acts);
 *	for (a = acts.head; a; a = a->next)
 *		carry_out(a);			// in this order
 *	arm_timer(acts.deadline);
 *	ike_actions_clear(&acts);		// wipes keys
 *
 * Rules for the caller:
 *  - Actions are carried out in the order given. An INSTALL in flight need not hold up a later
 *    SEND: the kernel keeps packets that arrive on an SPI it has allocated.
 *  - Events that answer an action (SPI, AUTH_MADE, AUTH_CHECKED, PPK_MIXED, LEASED, ADDRESS) carry the
 *    action's token back. They may come in any order, late or never; nothing happens for an unknown token, but
 *    an SPI that nobody waits for is given back with FREE_SPI.
 *  - An answer is given in a later step, never from inside ike_core_step().
 *  - A STORE is kept before any action behind it is carried out, of the same step or a later one. So a
 *    crash leaves what was stored last, which covers every datagram sent and every SA installed.
 *  - SPIs are in host byte order, times in milliseconds of one monotonic clock.
 *
 * Context of every function here: one process, one thread; nothing blocks.
 */
#ifndef IKE_H
#define IKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto.h"

#define IKE_MAX_NAME		64	/* tunnel and child names, with NUL */
#define IKE_MAX_ID		256	/* octets of identification data */
#define IKE_MAX_TRANSFORMS	48	/* in one proposal */
#define IKE_MAX_PROPOSALS	8	/* per configured list and per parsed SA payload we look at */
#define IKE_MAX_TS		16	/* selectors per side */
#define IKE_MAX_CHILDREN	8	/* configured Child SAs of one tunnel */
#define IKE_MAX_ADDRS		8	/* addresses of one peer */
#define IKE_MAX_KEYMAT		128	/* key material of one ESP SA: 32 + 64 is the most in use */
#define IKE_MAX_ALG		32	/* an algorithm keyword, with NUL */
#define IKE_MAX_TEXT		512	/* a line of log or explanation, with NUL */
#define IKE_MAX_PPK_ID		255	/* octets of the name of a PPK */
#define IKE_MAX_AUTH		1024	/* AUTH data: an AlgorithmIdentifier and RSA-4096, with room */
#define IKE_MAX_CERTS		16384	/* certificates of one side, each behind its length */
#define IKE_MAX_AUTHORITIES	320	/* data of CERTREQ: 16 authorities */
#define IKE_MAX_CONTRASTS	8	/* lines of an explanation that compare */
#define IKE_MAX_CONTRAST	256	/* one side of such a line, with NUL */
#define IKE_MAX_VIPS		2	/* virtual addresses of one end: one of each family */
#define IKE_MAX_DNS		8	/* name servers that come with them */
#define IKE_TAG_LEN		32	/* the kernel's owner tag of an SA */
#define IKE_TAG_NO_TFC		1	/* flag in it: the peer takes no TFC padding (RFC 7296 3.10.1) */

#define IKE_MAX_STATE		98304	/* octets of a STORE */

#define IKE_NEVER		UINT64_MAX

/**
 * struct ike_addr - an outer address and UDP port
 * @family: 4, 6, or 0 for none
 * @port: UDP port in host byte order; 0 where no port is meant
 * @ip: network byte order, the first four octets for IPv4, the rest zero
 */
struct ike_addr {
	uint8_t family;
	uint16_t port;
	uint8_t ip[16];
};

/**
 * enum ike_id_type - ID payload types (RFC 7296 section 3.5)
 * @IKE_ID_ANY: config only: matches every identity; never sent
 * @IKE_ID_FQDN_IN: config only: every name below a domain, which is the data
 * @IKE_ID_RFC822_IN: config only: every address of a domain, which is the data
 *
 * The last two are of the range for private use, and are refused when a peer shows them.
 */
enum ike_id_type {
	IKE_ID_ANY = 0,
	IKE_ID_IPV4_ADDR = 1,
	IKE_ID_FQDN = 2,
	IKE_ID_RFC822_ADDR = 3,
	IKE_ID_IPV6_ADDR = 5,
	IKE_ID_DER_ASN1_DN = 9,
	IKE_ID_DER_ASN1_GN = 10,
	IKE_ID_KEY_ID = 11,
	IKE_ID_FQDN_IN = 254,
	IKE_ID_RFC822_IN = 255,
};

/**
 * struct ike_id - an identity
 * @type: enum ike_id_type
 * @len: octets used in @data
 * @data: as on the wire
 */
struct ike_id {
	uint8_t type;
	uint16_t len;
	uint8_t data[IKE_MAX_ID];
};

/**
 * struct ike_ts - a traffic selector (RFC 7296 section 3.13.1)
 * @family: 4 or 6
 * @proto: IP protocol, 0 any
 * @port_min: first port (or ICMP type and code)
 * @port_max: last port; with @port_min 0 this is 65535 for any
 * @min: first address, network byte order
 * @max: last address, network byte order
 */
struct ike_ts {
	uint8_t family;
	uint8_t proto;
	uint16_t port_min;
	uint16_t port_max;
	uint8_t min[16];
	uint8_t max[16];
};

/**
 * struct ike_assigned - what one end has from the other (RFC 7296 sections 2.19 and 3.15)
 * @n_addrs: used in @addr
 * @n_dns: used in @dns
 * @n_subnets: used in @subnet
 * @addr: virtual addresses, at most one of each family; where it is a question, all zero stands for
 *	any of the family. Ports are 0
 * @dns: name servers
 * @subnet: what is behind the other end; of a family without any, all that the selectors allow
 */
struct ike_assigned {
	uint8_t n_addrs;
	uint8_t n_dns;
	uint8_t n_subnets;
	struct ike_addr addr[IKE_MAX_VIPS];
	struct ike_addr dns[IKE_MAX_DNS];
	struct ike_ts subnet[IKE_MAX_TS];
};

/**
 * struct ike_transform - a transform of a proposal (RFC 7296 section 3.3.2)
 * @type: enum ike_transform_type
 * @id: transform id from the IANA registry
 * @key_bits: Key Length attribute, 0 where the transform has none
 */
struct ike_transform {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;
};

/**
 * struct ike_proposal - what is offered or accepted together
 * @protocol: IKE_PROTO_IKE or IKE_PROTO_ESP
 * @n: transforms used in @t
 * @t: transforms; several of a type are alternatives, in order of preference
 */
struct ike_proposal {
	uint8_t protocol;
	uint8_t n;
	struct ike_transform t[IKE_MAX_TRANSFORMS];
};

/**
 * struct ike_proposals - a list of proposals, the preferred one first
 */
struct ike_proposals {
	uint8_t n;
	struct ike_proposal p[IKE_MAX_PROPOSALS];
};

enum ike_protocol {
	IKE_PROTO_IKE = 1,
	IKE_PROTO_AH = 2,
	IKE_PROTO_ESP = 3,
};

/**
 * enum ike_auth_method - AUTH payload methods (RFC 7296 section 3.8)
 */
enum ike_auth_method {
	IKE_AUTH_RSA = 1,
	IKE_AUTH_PSK = 2,
	IKE_AUTH_ECDSA_256 = 9,			/* RFC 4754, and likewise below */
	IKE_AUTH_ECDSA_384 = 10,
	IKE_AUTH_ECDSA_521 = 11,
	IKE_AUTH_DIGITAL_SIGNATURE = 14,	/* RFC 7427 */
};

/**
 * enum ike_hash - SIGNATURE_HASH_ALGORITHMS (RFC 7427 section 7)
 * @IKE_HASH_IDENTITY: none, for signatures that have their own (RFC 8420)
 */
enum ike_hash {
	IKE_HASH_SHA1 = 1,
	IKE_HASH_SHA2_256 = 2,
	IKE_HASH_SHA2_384 = 3,
	IKE_HASH_SHA2_512 = 4,
	IKE_HASH_IDENTITY = 5,
};

/**
 * enum ike_auth_kind - how both sides of a tunnel prove who they are
 * @IKE_BY_PSK: with a shared secret
 * @IKE_BY_PUBKEY: with signatures and certificates
 */
enum ike_auth_kind {
	IKE_BY_PSK,
	IKE_BY_PUBKEY,
};

/**
 * enum ike_encap - when ESP goes in UDP (RFC 3948)
 * @IKE_ENCAP_AUTO: when NAT detection says so
 * @IKE_ENCAP_FORCE: always; the peer is made to believe in a NAT
 */
enum ike_encap {
	IKE_ENCAP_AUTO,
	IKE_ENCAP_FORCE,
};

/**
 * enum ike_start - who brings a tunnel up
 * @IKE_START_MANUAL: the UP event, or the peer
 * @IKE_START_NOW: as soon as configured, again after every loss
 * @IKE_START_ON_TRAFFIC: an ACQUIRE event
 */
enum ike_start {
	IKE_START_MANUAL,
	IKE_START_NOW,
	IKE_START_ON_TRAFFIC,
};

/**
 * enum ike_again - what becomes of a tunnel that the peer has ended, or whose peer is dead
 * @IKE_AGAIN_AUTO: what was brought up from here is brought up again, at once or by traffic as
 *	enum ike_start says; the rest is the peer's to begin
 * @IKE_AGAIN_CLEAR: it stays down until UP, or the peer, or with IKE_START_ON_TRAFFIC traffic
 * @IKE_AGAIN_HOLD: the next ACQUIRE brings it up
 * @IKE_AGAIN_RESTART: it is brought up again, whoever began
 */
enum ike_again {
	IKE_AGAIN_AUTO,
	IKE_AGAIN_CLEAR,
	IKE_AGAIN_HOLD,
	IKE_AGAIN_RESTART,
};

/**
 * struct ike_limits - lifetime of a Child SA; the kernel counts
 * @seconds: 0 for no limit, and likewise below
 * @bytes: of ESP payload
 * @packets: count
 *
 * Applies as the soft limit. The hard limit leaves room for a rekey whose messages get lost: in
 * time a tenth, at least the time until the peer is given up and two minutes; in packets and bytes
 * the same again, at least 2^20 packets or 2^30 bytes, within the sequence numbers there are and
 * 2^52 bytes.
 */
struct ike_limits {
	uint32_t seconds;
	uint64_t bytes;
	uint64_t packets;
};

/**
 * struct ike_child_config - one Child SA a tunnel shall have
 * @name: for log and explanation
 * @proposals: ESP. Groups among them mean PFS for CREATE_CHILD_SA; in IKE_AUTH they are left out
 * @no_groups: there shall be no PFS, also for a peer that insists
 * @n_local: selectors used in @local
 * @local: what may be sent from here
 * @n_remote: selectors used in @remote
 * @remote: what may be sent from there
 * @soft: rekey after this much
 */
struct ike_child_config {
	char name[IKE_MAX_NAME];
	struct ike_proposals proposals;
	bool no_groups;
	uint8_t n_local;
	uint8_t n_remote;
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	struct ike_limits soft;
};

/**
 * struct ike_peer_config - everything the core knows about a tunnel
 * @tunnel: the caller's handle, not 0; names the tunnel in every event and action
 * @name: for log and explanation
 * @tag: goes into the first eight octets of every SA tag
 * @local_id: our identity
 * @remote_id: the identity the peer must prove; IKE_ID_ANY takes any
 * @template: AUTH_CHECKED names an instance for each peer that is verified; the tunnel has no IKE SA
 *	of its own
 * @instance_of: handle of the template it is an instance of, 0 for none; a peer comes to it by the
 *	template alone
 * @auth: enum ike_auth_kind, for both directions
 * @authorities_len: octets used in @authorities
 * @authorities: IKE_BY_PUBKEY: data of CERTREQ
 * @ppk_id_len: octets used in @ppk_id, 0 for no post-quantum preshared key (RFC 8784)
 * @ppk_id: its name; the key itself is asked for with MIX_PPK
 * @ppk_required: there is no IKE SA without it
 * @local: our address, family 0 for any; ports are ignored
 * @n_remote: addresses used in @remote; 0 lets the peer come from anywhere
 * @remote: the peer's addresses, matched as responder. As initiator the address comes with the
 *	ADDRESS event
 * @ike: IKE proposals
 * @n_children: Child SAs used in @children; 0 gives a childless IKE SA (RFC 6023)
 * @children: the first is negotiated in IKE_AUTH, the others follow
 * @n_vips: addresses used in @vip; 0: we want none from the peer
 * @vip: virtual addresses to ask for as initiator, at most one of each family; all zero: any. Local
 *	selectors of another family are then left out
 * @last_vip: what the peer assigned before, to be asked for again where @vip says any; family 0
 *	for none
 * @pool: the peer must ask for virtual addresses, and has none but those that LEASE gives it
 * @encap: when to use UDP encapsulation
 * @start: who brings it up
 * @when_closed: enum ike_again: the peer has deleted the IKE SA or the last Child SA
 * @when_dead: enum ike_again: the peer has been given up, and nothing comes from it by ESP
 * @ike_lifetime_s: IKE SA is rekeyed after about so many seconds, 0 never
 * @detect_ms: at most so long after the last authenticated packet the peer is suspect; 0 is off
 * @probe_ms: silence after which the peer is asked; 0: a third of @detect_ms; not more than half of it
 * @give_up_ms: a request unanswered for so long ends the IKE SA
 * @retry_ms: pause before a failed negotiation is tried again; grows to 32 times that
 * @retransmit_ms: first retransmission interval; each next is 1.8 times longer, ±10 %
 * @retransmit_limit: a request repeated so often without an answer ends the IKE SA, 0 is off
 * @dscp: of IKE packets
 * @fragment_size: largest IP packet sent unfragmented by IKE (RFC 7383), 0 for the default 1280
 * @mobike: announce MOBIKE (RFC 4555)
 */
struct ike_peer_config {
	uint32_t tunnel;
	char name[IKE_MAX_NAME];
	uint8_t tag[8];
	struct ike_id local_id;
	struct ike_id remote_id;
	bool template;
	uint32_t instance_of;
	uint8_t auth;
	uint16_t authorities_len;
	uint8_t authorities[IKE_MAX_AUTHORITIES];
	uint8_t ppk_id_len;
	uint8_t ppk_id[IKE_MAX_PPK_ID];
	bool ppk_required;
	struct ike_addr local;
	uint8_t n_remote;
	struct ike_addr remote[IKE_MAX_ADDRS];
	struct ike_proposals ike;
	uint8_t n_children;
	struct ike_child_config children[IKE_MAX_CHILDREN];
	uint8_t n_vips;
	struct ike_addr vip[IKE_MAX_VIPS];
	struct ike_addr last_vip[IKE_MAX_VIPS];
	bool pool;
	enum ike_encap encap;
	enum ike_start start;
	enum ike_again when_closed;
	enum ike_again when_dead;
	uint32_t ike_lifetime_s;
	uint32_t detect_ms;
	uint32_t probe_ms;
	uint32_t give_up_ms;
	uint32_t retry_ms;
	uint32_t retransmit_ms;
	uint32_t retransmit_limit;
	uint8_t dscp;
	uint16_t fragment_size;
	bool mobike;
};

/**
 * struct ike_core_config - what all tunnels share
 * @crypto: backend; must outlive the core
 * @random: fills @len octets; must not fail
 * @random_ctx: first argument of @random
 * @port_ike: local port of IKE, 500
 * @port_natt: local port of IKE and ESP in UDP, 4500
 * @cookie_threshold: from so many half-open SAs on IKE_SA_INIT needs a cookie; 0: always
 * @half_open_per_addr: half-open SAs one address, or an IPv6 /64, may have without a cookie, 3
 * @half_open_max: half-open SAs in all, 256; one address may have a quarter of them
 */
struct ike_core_config {
	const struct ike_crypto *crypto;
	void (*random)(void *ctx, uint8_t *out, size_t len);
	void *random_ctx;
	uint16_t port_ike;
	uint16_t port_natt;
	unsigned int cookie_threshold;
	unsigned int half_open_per_addr;
	unsigned int half_open_max;
};

/**
 * enum ike_step - where in the protocol something happened
 */
enum ike_step {
	IKE_STEP_RESOLVE,
	IKE_STEP_SA_INIT,
	IKE_STEP_AUTH,
	IKE_STEP_CREATE_CHILD,
	IKE_STEP_REKEY_CHILD,
	IKE_STEP_REKEY_IKE,
	IKE_STEP_INFORMATIONAL,
	IKE_STEP_INSTALL,
	IKE_N_STEPS,
};

/**
 * enum ike_reason - why something failed or ended
 */
enum ike_reason {
	IKE_REASON_NONE,
	IKE_REASON_NO_ADDRESS,		/* name does not resolve, or no route */
	IKE_REASON_TIMEOUT,		/* no answer */
	IKE_REASON_NO_PROPOSAL_CHOSEN,
	IKE_REASON_INVALID_KE,		/* groups do not meet */
	IKE_REASON_INVALID_SYNTAX,
	IKE_REASON_VERSION,		/* the peer does not speak IKEv2 */
	IKE_REASON_NO_CONFIG,		/* a peer we have no tunnel for */
	IKE_REASON_WRONG_ID,		/* the peer is not who it should be */
	IKE_REASON_NO_SECRET,		/* we have no secret for this peer */
	IKE_REASON_AUTH_FAILED,		/* the peer's proof is wrong */
	IKE_REASON_AUTH_REFUSED,	/* the peer says ours is */
	IKE_REASON_AUTH_METHOD,		/* the peer authenticates in another way */
	IKE_REASON_CERTIFICATE,		/* the peer's certificate is not accepted */
	IKE_REASON_TS_UNACCEPTABLE,
	IKE_REASON_NO_ADDITIONAL_SAS,
	IKE_REASON_ADDRESS_CONFIG,	/* a virtual address was wanted and not given */
	IKE_REASON_CRITICAL_PAYLOAD,	/* a critical payload unknown here or there */
	IKE_REASON_KERNEL,		/* SPI or SA refused */
	IKE_REASON_CRYPTO,		/* key exchange or decryption failed */
	IKE_REASON_PEER_ERROR,		/* an error notification of no other kind */
	IKE_REASON_DELETED_BY_PEER,
	IKE_REASON_DELETED_HERE,
	IKE_REASON_PEER_RESTARTED,	/* INITIAL_CONTACT */
	IKE_REASON_REPLACED,		/* by a newer SA of the same tunnel */
	IKE_REASON_EXPIRED,		/* hard limit */
	IKE_REASON_TOO_MANY,		/* of a template, or no room for more */
	IKE_REASON_PPK_UNUSED,		/* the peer does without a PPK, which is required here */
	IKE_REASON_PPK_UNKNOWN,		/* the peer uses one that we do not have */
	IKE_REASON_PPK_MISSING,		/* ours cannot be had */
	IKE_N_REASONS,
};

/* ---- events ---------------------------------------------------------------------------------- */

/**
 * enum ike_event_type - what happened
 * @IKE_EV_TIMER: the deadline has come; harmless when early
 * @IKE_EV_DATAGRAM: u.datagram, the non-ESP marker removed
 * @IKE_EV_CONFIG: u.config; adds the tunnel or replaces its configuration. Proposals and lifetimes
 *	count from the next negotiation; identities, authentication, selectors and addresses make a
 *	new IKE SA before the old one is deleted
 * @IKE_EV_UNCONFIG: forget the tunnel; sends Delete and removes its SAs as DOWN does
 * @IKE_EV_UP: bring the tunnel up; nothing happens if it is
 * @IKE_EV_DOWN: delete its SAs here and at the peer, and stay down
 * @IKE_EV_REKEY_CHILD: rekey all its Child SAs
 * @IKE_EV_REKEY_IKE: rekey its IKE SA
 * @IKE_EV_ADDRESS: u.address answers IKE_ACT_RESOLVE
 * @IKE_EV_SPI: u.spi answers IKE_ACT_ALLOC_SPI. With token 0: an earlier process had it reserved; FREE_SPI
 *	follows unless a request that was resumed has it
 * @IKE_EV_AUTH_MADE: u.auth answers IKE_ACT_MAKE_AUTH
 * @IKE_EV_AUTH_CHECKED: u.auth answers IKE_ACT_CHECK_AUTH; @ok, @reason and @text are looked at. Of a
 *	template, @tunnel is the instance for that peer, which has been configured before
 * @IKE_EV_PPK_MIXED: u.mixed answers IKE_ACT_MIX_PPK
 * @IKE_EV_SA_FAILED: u.sa: the kernel refused the INSTALL of that SPI; @text says why
 * @IKE_EV_SOFT_EXPIRE: u.sa: rekey it
 * @IKE_EV_HARD_EXPIRE: u.sa: the kernel has deleted it
 * @IKE_EV_FIRST_USE: u.sa: first packet authenticated on that inbound SA
 * @IKE_EV_ACQUIRE: the tunnel had a packet to send and no SA
 * @IKE_EV_QUIET: nothing authenticated came in by ESP for u.quiet.ms; @tunnel says where. Wanted
 *	once when the peer is to be asked (probe_ms) for the silence; repeats do no harm
 * @IKE_EV_HEARD: ESP came in again after a QUIET, or for the first time on a tunnel
 * @IKE_EV_ADOPTED: u.adopted: SAs of this tunnel live in the kernel, left by an earlier process. No
 *	INITIAL_CONTACT is sent while they do; they go when a new pair has carried a packet
 * @IKE_EV_ROAMED: u.address: local address changed or the kernel saw the peer move (NAT rebinding);
 *	not ok: the configured local address has left this host, and the SAs with it
 * @IKE_EV_LEASED: u.lease answers IKE_ACT_LEASE
 * @IKE_EV_RESUME: u.resume: what the last STORE of the tunnel said, by an earlier process on this host
 *	with the same clock. To be given once, after its SAs were told as ADOPTED and before anything
 *	else; then each SPI that is reserved, as SPI without token
 */
enum ike_event_type {
	IKE_EV_TIMER,
	IKE_EV_DATAGRAM,
	IKE_EV_CONFIG,
	IKE_EV_UNCONFIG,
	IKE_EV_UP,
	IKE_EV_DOWN,
	IKE_EV_REKEY_CHILD,
	IKE_EV_REKEY_IKE,
	IKE_EV_ADDRESS,
	IKE_EV_SPI,
	IKE_EV_AUTH_MADE,
	IKE_EV_AUTH_CHECKED,
	IKE_EV_SA_FAILED,
	IKE_EV_SOFT_EXPIRE,
	IKE_EV_HARD_EXPIRE,
	IKE_EV_FIRST_USE,
	IKE_EV_ACQUIRE,
	IKE_EV_QUIET,
	IKE_EV_HEARD,
	IKE_EV_ADOPTED,
	IKE_EV_ROAMED,
	IKE_EV_LEASED,
	IKE_EV_RESUME,
	IKE_EV_PPK_MIXED,
};

/**
 * enum ike_dir - direction of an ESP SA
 */
enum ike_dir {
	IKE_IN,
	IKE_OUT,
};

/**
 * struct ike_ppk_keys - what a PPK is mixed into (RFC 8784 section 3), each as long as the PRF's output
 * @d: SK_d
 * @pi: SK_pi
 * @pr: SK_pr
 */
struct ike_ppk_keys {
	uint8_t d[IKE_MAX_PRF];
	uint8_t pi[IKE_MAX_PRF];
	uint8_t pr[IKE_MAX_PRF];
};

/**
 * struct ike_event - one event
 * @type: enum ike_event_type
 * @now: monotonic milliseconds; never less than in the event before
 * @tunnel: handle; 0 for TIMER and DATAGRAM. SOFT_EXPIRE, HARD_EXPIRE, FIRST_USE and SA_FAILED are
 *	found by tunnel, direction and SPI
 * @token: of the action this answers
 * @u: by @type; pointers need to live only as long as the call
 */
struct ike_event {
	enum ike_event_type type;
	uint64_t now;
	uint32_t tunnel;
	uint32_t token;
	union {
		struct {
			struct ike_addr local;
			struct ike_addr remote;
			const uint8_t *data;
			size_t len;
		} datagram;
		const struct ike_peer_config *config;
		/**
		 * @ok: false if the name does not resolve or there is no route
		 * @local: source address the kernel would use; port ignored
		 * @remote: peer's address; port ignored in ADDRESS, the new port in ROAMED
		 */
		struct {
			bool ok;
			struct ike_addr local;
			struct ike_addr remote;
		} address;
		struct {
			bool ok;
			uint32_t spi;
		} spi;
		/**
		 * @ok: false: no secret for this peer, or the proof is wrong
		 * @method: AUTH method
		 * @data: AUTH payload data
		 * @certs: our certificates, each behind its length in two octets
		 * @reason: IKE_REASON_AUTH_FAILED, IKE_REASON_CERTIFICATE or IKE_REASON_TOO_MANY
		 * @text: why not, in words, or NULL
		 */
		struct {
			bool ok;
			uint8_t method;
			const uint8_t *data;
			size_t len;
			const uint8_t *certs;
			size_t certs_len;
			enum ike_reason reason;
			const char *text;
		} auth;
		/** @ok: false: there is no PPK, @text says why or is NULL */
		struct {
			bool ok;
			const struct ike_ppk_keys *keys;
			const char *text;
		} mixed;
		struct {
			enum ike_dir dir;
			uint32_t spi;
			const char *text;
		} sa;
		struct {
			uint32_t ms;
		} quiet;
		/** @assigned: what the peer gets; no address: none can be had, @text says why */
		struct {
			const struct ike_assigned *assigned;
			const char *text;
		} lease;
		struct {
			const uint8_t *data;
			size_t len;
		} resume;
		/**
		 * @child: index into the tunnel's children, IKE_MAX_CHILDREN if no longer there
		 * @spi_in: 0 if there is no such half
		 * @spi_out: 0 if there is no such half
		 */
		struct {
			uint8_t child;
			uint32_t spi_in;
			uint32_t spi_out;
		} adopted;
	} u;
};

/* ---- actions --------------------------------------------------------------------------------- */

/**
 * enum ike_action_type - what to do
 * @IKE_ACT_SEND: u.send
 * @IKE_ACT_RESOLVE: find the peer's address, answer with ADDRESS. @attempt counts from 0, so that
 *	all addresses of a name get their turn
 * @IKE_ACT_ALLOC_SPI: reserve an inbound SPI of the tunnel, answer with SPI
 * @IKE_ACT_FREE_SPI: u.sa.spi: reserved, not needed after all
 * @IKE_ACT_MAKE_AUTH: u.auth: compute our AUTH data, answer with AUTH_MADE
 * @IKE_ACT_CHECK_AUTH: u.auth: check the peer's AUTH data, answer with AUTH_CHECKED
 * @IKE_ACT_MIX_PPK: u.mix: mix the tunnel's PPK into these keys, answer with PPK_MIXED
 * @IKE_ACT_ENDPOINT: u.endpoint: outer addresses and encapsulation of the tunnel; before its first
 *	INSTALL and on each change
 * @IKE_ACT_INSTALL: u.install
 * @IKE_ACT_ACTIVATE: u.sa: make this outbound SA the current one, if it is not
 * @IKE_ACT_DELETE: u.sa: delete this SA from the kernel
 * @IKE_ACT_PEER_STATE: u.peer: suspect or alive, for the carrier
 * @IKE_ACT_UP: a first Child SA of the tunnel is installed
 * @IKE_ACT_DOWN: the last is gone; u.down says why
 * @IKE_ACT_EXPLAIN: u.explain: why a negotiation failed
 * @IKE_ACT_LOG: u.log
 * @IKE_ACT_ASSIGNED: u.assigned: the peer has assigned virtual addresses, which replace those before.
 *	They hold until DOWN
 * @IKE_ACT_LEASE: u.lease: a peer that has been verified asks for virtual addresses; answer with LEASED
 * @IKE_ACT_STORE: u.store: keep this for RESUME in place of what was there, or nothing if it is empty; it
 *	has keys in it. See the rules for the caller
 * @IKE_ACT_RESUMED: an IKE SA goes on where an earlier process left it, and its SAs are no longer only
 *	adopted. Without it a RESUME came to nothing
 * @IKE_ACT_FAILED: an attempt to bring the tunnel up ended without a tunnel; u.down says why. It is
 *	tried again by itself with IKE_START_NOW or after IKE_EV_UP
 */
enum ike_action_type {
	IKE_ACT_SEND,
	IKE_ACT_RESOLVE,
	IKE_ACT_ALLOC_SPI,
	IKE_ACT_FREE_SPI,
	IKE_ACT_MAKE_AUTH,
	IKE_ACT_CHECK_AUTH,
	IKE_ACT_ENDPOINT,
	IKE_ACT_INSTALL,
	IKE_ACT_ACTIVATE,
	IKE_ACT_DELETE,
	IKE_ACT_PEER_STATE,
	IKE_ACT_UP,
	IKE_ACT_DOWN,
	IKE_ACT_EXPLAIN,
	IKE_ACT_LOG,
	IKE_ACT_FAILED,
	IKE_ACT_ASSIGNED,
	IKE_ACT_LEASE,
	IKE_ACT_STORE,
	IKE_ACT_RESUMED,
	IKE_ACT_MIX_PPK,
};

/**
 * enum ike_activate - when an outbound SA becomes current
 * @IKE_ACTIVATE_NOW: on installation
 * @IKE_ACTIVATE_FIRST_USE: when the paired inbound SA has authenticated a packet; the core asks
 *	with ACTIVATE when it knows by other means that the peer is ready, or after some time
 */
enum ike_activate {
	IKE_ACTIVATE_NOW,
	IKE_ACTIVATE_FIRST_USE,
};

/**
 * enum ike_log_level - as in syslog(3)
 */
enum ike_log_level {
	IKE_LOG_ERROR = 3,
	IKE_LOG_WARNING = 4,
	IKE_LOG_NOTICE = 5,
	IKE_LOG_INFO = 6,
	IKE_LOG_DEBUG = 7,
};

/**
 * enum ike_aspect - what two sides can differ in
 */
enum ike_aspect {
	IKE_ASPECT_ENCRYPTION,
	IKE_ASPECT_INTEGRITY,
	IKE_ASPECT_PRF,
	IKE_ASPECT_KEY_EXCHANGE,
	IKE_ASPECT_ESN,
	IKE_ASPECT_AUTH,		/* how one proves who one is */
	IKE_ASPECT_PEER_ID,		/* the peer's identity: shown, and wanted here */
	IKE_ASPECT_OWN_ID,		/* ours: asked for by the peer, and configured here */
	IKE_ASPECT_PEER_TS,
	IKE_ASPECT_OWN_TS,
	IKE_ASPECT_ADDRESS,		/* virtual addresses: assigned by the peer, and asked for */
	IKE_ASPECT_PPK,			/* names of post-quantum preshared keys */
	IKE_N_ASPECTS,
};

/**
 * struct ike_contrast - what the peer says of something beside what we say
 * @aspect: enum ike_aspect
 * @differs: this is where the two do not meet; of algorithms only the first is marked
 * @theirs: what the peer offers, shows or asks for; empty if it did not say
 * @ours: what we would take, or are
 */
struct ike_contrast {
	enum ike_aspect aspect;
	bool differs;
	char theirs[IKE_MAX_CONTRAST];
	char ours[IKE_MAX_CONTRAST];
};

/**
 * struct ike_explanation - why a negotiation failed
 * @step: where
 * @reason: why
 * @by_peer: the peer refused; otherwise we did
 * @offered: what the offering side offered, in words; may be empty
 * @wanted: what the refusing side would take, as far as known; may be empty
 * @detail: one more sentence; may be empty
 * @n: lines used in @row
 * @row: side by side
 * @has_path: what follows is known
 * @initiator: we initiated the IKE SA
 * @established: the IKE SA was established before
 * @nat_local: we are behind a NAT
 * @nat_remote: the peer is
 * @local: our address and port
 * @remote: the peer's
 * @sent: transmissions of our last request, or responses sent as responder
 * @received: messages of this IKE SA that came in since
 * @unusable: of these, not authentic, malformed or out of turn
 */
struct ike_explanation {
	enum ike_step step;
	enum ike_reason reason;
	bool by_peer;
	char offered[IKE_MAX_TEXT];
	char wanted[IKE_MAX_TEXT];
	char detail[IKE_MAX_TEXT];
	uint8_t n;
	struct ike_contrast row[IKE_MAX_CONTRASTS];
	bool has_path;
	bool initiator;
	bool established;
	bool nat_local;
	bool nat_remote;
	struct ike_addr local;
	struct ike_addr remote;
	uint32_t sent;
	uint32_t received;
	uint32_t unusable;
};

/**
 * struct ike_install - an ESP SA for the kernel
 * @dir: direction
 * @spi: of this SA; inbound: the one allocated
 * @pair: SPI of the other direction
 * @replaces: SPI (same direction) this one succeeds, 0 for none
 * @alg: keyword as in the kernel's table, "aes256gcm16", "aes128-sha256"
 * @key_len: octets used in @key
 * @key: encryption key then salt, or encryption key then integrity key
 * @esn: extended sequence numbers
 * @activate: outbound: when to use it
 * @n_local: selectors used in @local
 * @n_remote: selectors used in @remote
 * @local: our side of the traffic, whatever @dir
 * @remote: the peer's side of the traffic, whatever @dir
 * @soft: limits that raise SOFT_EXPIRE, jitter applied
 * @hard: limits after which the kernel deletes it
 * @child: index into the tunnel's children
 * @tag: config's tag, child index, IKE_TAG_* flags, generation, IKE SPIs
 */
struct ike_install {
	enum ike_dir dir;
	uint32_t spi;
	uint32_t pair;
	uint32_t replaces;
	char alg[IKE_MAX_ALG];
	uint8_t key_len;
	uint8_t key[IKE_MAX_KEYMAT];
	bool esn;
	enum ike_activate activate;
	uint8_t n_local;
	uint8_t n_remote;
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	struct ike_limits soft;
	struct ike_limits hard;
	uint8_t child;
	uint8_t tag[IKE_TAG_LEN];
};

/**
 * struct ike_auth_work - a question to the key process
 * @kind: enum ike_auth_kind
 * @method: CHECK_AUTH: AUTH method of the peer
 * @hashes: MAKE_AUTH: what the peer takes by RFC 7427, a bit for each enum ike_hash
 * @prf: transform id of the negotiated PRF
 * @local_id: ours
 * @remote_id: the peer's, as it claims
 * @spi_i: IKE SPI of the initiator; the verdict holds for this pair of SPIs
 * @spi_r: IKE SPI of the responder
 * @octets: what is signed (RFC 7296 section 2.15): message, nonce and prf(SK_p, ID)
 * @octets_len: length of @octets
 * @auth: CHECK_AUTH: the peer's AUTH data
 * @auth_len: length of @auth
 * @certs: CHECK_AUTH: the peer's certificates, each behind its length in two octets
 * @certs_len: length of @certs
 */
struct ike_auth_work {
	uint8_t kind;
	uint8_t method;
	uint32_t hashes;
	uint16_t prf;
	struct ike_id local_id;
	struct ike_id remote_id;
	uint64_t spi_i;
	uint64_t spi_r;
	const uint8_t *octets;
	size_t octets_len;
	const uint8_t *auth;
	size_t auth_len;
	const uint8_t *certs;
	size_t certs_len;
};

/**
 * struct ike_action - one action
 * @next: the one to do after it, or NULL
 * @type: enum ike_action_type
 * @tunnel: handle, 0 where it belongs to none
 * @token: to be carried back by the event that answers
 * @u: by @type; pointers live until ike_actions_clear()
 */
struct ike_action {
	struct ike_action *next;
	enum ike_action_type type;
	uint32_t tunnel;
	uint32_t token;
	union {
		/**
		 * @natt: prefix four zero octets (non-ESP marker, RFC 3948 section 2.2)
		 * @dscp: of the IP packet
		 */
		struct {
			struct ike_addr local;
			struct ike_addr remote;
			bool natt;
			uint8_t dscp;
			const uint8_t *data;
			size_t len;
		} send;
		struct {
			unsigned int attempt;
		} resolve;
		struct ike_auth_work auth;
		/** @prf: transform id of the negotiated PRF */
		struct {
			uint16_t prf;
			struct ike_ppk_keys keys;
		} mix;
		/** @encap: ESP goes in UDP between the two ports; otherwise ports mean nothing */
		struct {
			struct ike_addr local;
			struct ike_addr remote;
			bool encap;
		} endpoint;
		struct ike_install install;
		struct {
			enum ike_dir dir;
			uint32_t spi;
		} sa;
		struct {
			bool suspect;
		} peer;
		struct {
			enum ike_reason reason;
		} down;
		struct ike_explanation explain;
		struct ike_assigned assigned;
		/** @wanted: addresses it would like; the SPIs are those it was verified for */
		struct {
			uint64_t spi_i;
			uint64_t spi_r;
			struct ike_assigned wanted;
		} lease;
		struct {
			const uint8_t *data;
			size_t len;
		} store;
		struct {
			enum ike_log_level level;
			char text[IKE_MAX_TEXT];
		} log;
	} u;
};

/**
 * struct ike_actions - what one step asks for
 * @head: first action or NULL
 * @tail: last action or NULL
 * @deadline: give a TIMER event at this time, IKE_NEVER for none; replaces the one before
 */
struct ike_actions {
	struct ike_action *head;
	struct ike_action *tail;
	uint64_t deadline;
};

/**
 * ike_actions_clear() - free a step's actions and wipe the keys in them
 * @acts: list; empty afterwards
 */
void ike_actions_clear(struct ike_actions *acts);

/* ---- the core -------------------------------------------------------------------------------- */

struct ike_core;

/**
 * ike_core_new() - make a core without tunnels
 * @cfg: copied; limits and ports that are 0 get their defaults
 *
 * Return: the core, or NULL without memory.
 */
struct ike_core *ike_core_new(const struct ike_core_config *cfg);

/**
 * ike_core_free() - wipe and free; sends nothing and leaves the kernel's SAs alone
 * @core: core or NULL
 */
void ike_core_free(struct ike_core *core);

/**
 * ike_core_step() - the state machine
 * @core: core
 * @ev: what happened
 * @acts: receives the actions, appended in order, and the deadline
 */
void ike_core_step(struct ike_core *core, const struct ike_event *ev, struct ike_actions *acts);

/**
 * enum ike_sa_state - of an IKE SA, for people
 */
enum ike_sa_state {
	IKE_SA_NONE,
	IKE_SA_CONNECTING,
	IKE_SA_ESTABLISHED,
	IKE_SA_REKEYED,
	IKE_SA_DELETING,
	IKE_N_SA_STATES,
};

/**
 * struct ike_child_status - one Child SA
 * @child: index into the tunnel's children
 * @spi_in: inbound SPI
 * @spi_out: outbound SPI
 * @since: when installed
 * @proposal: chosen algorithms as keywords
 * @n_local: selectors used in @local
 * @n_remote: selectors used in @remote
 * @local: agreed selectors, our side
 * @remote: agreed selectors, the peer's side
 */
struct ike_child_status {
	uint8_t child;
	uint32_t spi_in;
	uint32_t spi_out;
	uint64_t since;
	char proposal[IKE_MAX_TEXT];
	uint8_t n_local;
	uint8_t n_remote;
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
};

/**
 * struct ike_status - a tunnel, as `ipvtictl status` shows it
 * @wanted: we are to keep it up
 * @state: of its IKE SA
 * @initiator: we initiated that IKE SA
 * @resumed: an earlier process established it
 * @ppk: a post-quantum preshared key protects it and its Child SAs
 * @suspect: nothing was heard for too long
 * @spi_i: IKE SPI of the initiator
 * @spi_r: IKE SPI of the responder
 * @since: when the IKE SA was established
 * @rekey_at: when it will be rekeyed, IKE_NEVER for never
 * @heard: last authenticated packet as far as the core knows
 * @asked: when the request was first sent that has been repeated and not answered, IKE_NEVER if
 *	there is none
 * @local: our outer address and port
 * @remote: the peer's
 * @encap: ESP goes in UDP
 * @nat_local: we are behind a NAT
 * @nat_remote: the peer is
 * @remote_id: the identity the peer proved
 * @proposal: the IKE SA's algorithms as keywords
 * @reason: why the last attempt failed or the last tunnel ended, IKE_REASON_NONE if it did not
 * @half_open: IKE SAs whose initiator has yet to say who it is, of all tunnels
 * @cookies: there are so many that everybody must return a cookie
 * @n_children: Child SAs used in @children
 * @children: installed Child SAs
 */
struct ike_status {
	bool wanted;
	enum ike_sa_state state;
	bool initiator;
	bool resumed;
	bool ppk;
	bool suspect;
	uint64_t spi_i;
	uint64_t spi_r;
	uint64_t since;
	uint64_t rekey_at;
	uint64_t heard;
	uint64_t asked;
	struct ike_addr local;
	struct ike_addr remote;
	bool encap;
	bool nat_local;
	bool nat_remote;
	struct ike_id remote_id;
	char proposal[IKE_MAX_TEXT];
	enum ike_reason reason;
	uint32_t half_open;
	bool cookies;
	uint8_t n_children;
	struct ike_child_status children[2 * IKE_MAX_CHILDREN];
};

/**
 * ike_core_status() - look at a tunnel
 * @core: core
 * @tunnel: handle
 * @st: filled in
 *
 * Return: false if there is no such tunnel.
 */
bool ike_core_status(const struct ike_core *core, uint32_t tunnel, struct ike_status *st);

/* ---- words ----------------------------------------------------------------------------------- */

/**
 * ike_step_name() - a step in words, "IKE_AUTH"
 */
const char *ike_step_name(enum ike_step step);

/**
 * ike_reason_name() - a stable kebab-case name, "no-proposal-chosen"
 */
const char *ike_reason_name(enum ike_reason reason);

/**
 * ike_reason_text() - a reason in a few words for people
 */
const char *ike_reason_text(enum ike_reason reason);

/**
 * ike_aspect_name() - a stable kebab-case name, "key-exchange"
 */
const char *ike_aspect_name(enum ike_aspect aspect);

/**
 * ike_sa_state_name() - a stable kebab-case name
 */
const char *ike_sa_state_name(enum ike_sa_state state);

/**
 * ike_proposal_parse() - strongSwan keywords to a proposal
 * @text: "aes256gcm16-prfsha384-x25519"; ESP also "aes128-sha256-esn-noesn"
 * @protocol: IKE_PROTO_IKE or IKE_PROTO_ESP
 * @legacy: take what RFC 8221 and RFC 8247 call SHOULD NOT or MUST NOT
 * @p: result. What may be left out is added: the PRFs that go with the digests, for IKE with an
 *	AEAD all PRFs; for ESP both esn and noesn
 * @err: says what is wrong and what is allowed
 * @err_len: size of @err
 *
 * Return: false with @err filled in if it is not a usable proposal.
 */
bool ike_proposal_parse(const char *text, enum ike_protocol protocol, bool legacy,
			struct ike_proposal *p, char *err, size_t err_len);

/**
 * ike_proposals_default() - what is offered when the config says nothing
 * @protocol: IKE_PROTO_IKE or IKE_PROTO_ESP
 * @crypto: what this does not support is left out
 * @list: result
 */
void ike_proposals_default(enum ike_protocol protocol, const struct ike_crypto *crypto,
			   struct ike_proposals *list);

/**
 * ike_proposal_text() - a proposal as keywords
 * @p: proposal
 * @buf: result, cut short if it does not fit
 * @len: size of @buf
 */
void ike_proposal_text(const struct ike_proposal *p, char *buf, size_t len);

/**
 * ike_id_parse() - text to an identity
 * @text: an address, a name, user@name, "keyid:HEX" or "keyid:@TEXT", "fqdn:…", "email:…",
 *	"C=CH, O=Example, CN=gw", "dn:HEX" (DER), "%any", "*.DOMAIN", "*@DOMAIN"
 * @id: result
 *
 * Return: false if it is none of these or too long.
 */
bool ike_id_parse(const char *text, struct ike_id *id);

/**
 * ike_id_text() - an identity as text that ike_id_parse() takes
 */
void ike_id_text(const struct ike_id *id, char *buf, size_t len);

/**
 * ike_ts_parse() - text to a traffic selector
 * @text: "10.0.0.0/8", "::/0", "10.0.0.1-10.0.0.9", each with "[PROTO[/PORT[-PORT]]]" behind
 * @ts: result
 *
 * Return: false if it is not a selector.
 */
bool ike_ts_parse(const char *text, struct ike_ts *ts);

/**
 * ike_ts_text() - a traffic selector as text that ike_ts_parse() takes
 */
void ike_ts_text(const struct ike_ts *ts, char *buf, size_t len);

/**
 * ike_addr_text() - an address, with ":PORT" or "[…]:PORT" if there is a port
 */
void ike_addr_text(const struct ike_addr *a, char *buf, size_t len);

#endif
