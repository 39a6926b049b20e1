/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's state and, grouped by the file that implements them, the functions the files call of
 * each other. The path of a message:
 *
 *	core.c		event -> datagram, command, answer or timer
 *	message.c	header and payload chain	protect.c	Encrypted payload, fragments
 *	exchange.c	window, response cache, retransmission
 *	sa_init.c auth.c create_child.c rekey_ike.c info.c	one exchange each, both roles
 *	explain.c	why one of them failed
 *	ppk.c		post-quantum preshared keys: who uses one, and which
 *	vip.c		virtual addresses, as they are asked for, given and narrowed to
 *	child.c sa.c tunnel.c	what the exchanges make and unmake
 *	resume.c	what of it outlives the process
 *
 * State is plain values. Pointers are ownership (children of an IKE SA, SAs of the core) or lead
 * from an IKE SA to its tunnel; everything else refers by serial number, 0 for none.
 */
#ifndef IKE_STATE_H
#define IKE_STATE_H

#include <stdio.h>

#include "buf.h"
#include "cp.h"
#include "ids.h"
#include "ike.h"
#include "message.h"
#include "proposal.h"

#define IKE_MAX_NONCE		256
#define IKE_NONCE_LEN		32	/* of ours: half the largest PRF's key, as section 2.10 asks */
#define IKE_MAX_FRAGMENTS	64
#define IKE_MAX_COOKIE		64
#define IKE_MAX_CHILD_SAS	(3 * IKE_MAX_CHILDREN)	/* of a tunnel, replaced ones counted */

/* Milliseconds. */
#define IKE_CONNECT_TIME	30000	/* IKE_SA_INIT and IKE_AUTH, each; half-open SAs live so long */
#define IKE_DELETE_TIME		5000	/* how long a Delete of an IKE SA is repeated */
#define IKE_RESEND_MAX		5000	/* longest retransmission interval */
#define IKE_LINGER_TIME		5000	/* a replaced inbound SA stays for packets on their way */
#define IKE_ACTIVATE_TIME	1000	/* first-use falls back to now: the peer may know no other SA */
#define IKE_ACTIVATE_REKEY	30000	/* the same after a rekey, where it does */
#define IKE_REPLACED_TIME	500	/* a replaced Child SA is not deleted before: peers drop at once
					   what still comes on it */
#define IKE_TEMPORARY_TIME	2000	/* pause after TEMPORARY_FAILURE */
#define IKE_REKEYED_TIME	60000	/* wait for the peer to delete a rekeyed IKE SA */
#define IKE_CROSS_TIME		60000	/* IKE SAs made so close to each other count as crossing */
#define IKE_TWIN_TIME		5000	/* two Child SAs that do the same: one goes */
#define IKE_ORPHAN_TIME		10000	/* adopted SAs after a new pair that carries nothing */
#define IKE_GRACE_TIME		5000	/* nothing is suspect so long after a clock jump */
#define IKE_JUMP_TIME		10000	/* a timer this late is one */

/**
 * struct ike_nonce - Nonce payload data
 */
struct ike_nonce {
	uint16_t len;
	uint8_t data[IKE_MAX_NONCE];
};

/**
 * struct ike_ke - our half of a key exchange, later the shared secret
 */
struct ike_ke {
	uint16_t group;
	uint16_t priv_len;
	uint16_t pub_len;
	uint16_t secret_len;
	uint8_t priv[IKE_MAX_KE_PRIV];
	uint8_t pub[IKE_MAX_KE_PUB];
	uint8_t secret[IKE_MAX_KE_SECRET];
};

/**
 * struct ike_keys - keys of an IKE SA (RFC 7296 section 2.14)
 */
struct ike_keys {
	uint8_t d[IKE_MAX_PRF];
	uint8_t ai[IKE_MAX_PRF];
	uint8_t ar[IKE_MAX_PRF];
	uint8_t ei[IKE_MAX_PRF];
	uint8_t er[IKE_MAX_PRF];
	uint8_t pi[IKE_MAX_PRF];
	uint8_t pr[IKE_MAX_PRF];
};

enum ike_child_state {
	IKE_CHILD_LARVAL,	/* under negotiation */
	IKE_CHILD_LIVE,
	IKE_CHILD_REPLACED,	/* a rekey has made its successor; whoever initiated that deletes it */
	IKE_CHILD_DELETING,	/* our Delete is out */
};

/**
 * struct ike_child - a Child SA pair
 * @next: next of the same IKE SA
 * @serial: names it for good
 * @cfg: index into the tunnel's children
 * @state: enum ike_child_state
 * @initiator: we initiated the exchange that made it
 * @inbound: the inbound half is in the kernel
 * @outbound: the outbound half is
 * @spi_in: ours
 * @spi_out: the peer's
 * @proposal: chosen
 * @ni: initiator's nonce of its exchange
 * @nr: responder's
 * @ke: for PFS, during the exchange
 * @no_tfc: the peer takes no TFC padding on it
 * @old: serial of the Child SA it replaces
 * @since: when installed
 * @activate_at: first-use falls back to now
 * @retry_at: no rekey before
 * @delete_at: it was replaced, and is to be deleted then
 * @want_rekey: to be rekeyed
 * @want_delete: to be deleted
 * @ke_retries: INVALID_KE_PAYLOAD seen in its exchange
 */
struct ike_child {
	struct ike_child *next;
	uint32_t serial;
	uint8_t cfg;
	enum ike_child_state state;
	bool initiator;
	bool inbound;
	bool outbound;
	uint32_t spi_in;
	uint32_t spi_out;
	struct ike_proposal proposal;
	uint8_t n_local;
	uint8_t n_remote;
	struct ike_ts local[IKE_MAX_TS];
	struct ike_ts remote[IKE_MAX_TS];
	struct ike_nonce ni;
	struct ike_nonce nr;
	struct ike_ke ke;
	bool no_tfc;
	uint32_t old;
	uint64_t since;
	uint64_t activate_at;
	uint64_t retry_at;
	uint64_t delete_at;
	bool want_rekey;
	bool want_delete;
	uint8_t ke_retries;
};

enum ike_job_type {
	IKE_JOB_NONE,
	IKE_JOB_SA_INIT,
	IKE_JOB_AUTH,
	IKE_JOB_CHILD,		/* create, or rekey if there is an old one */
	IKE_JOB_REKEY_IKE,
	IKE_JOB_DELETE_CHILD,
	IKE_JOB_DELETE_IKE,
	IKE_JOB_PROBE,
	IKE_JOB_MOVE,		/* MOBIKE: addresses have changed */
	IKE_N_JOBS,
};

/**
 * struct ike_job - our outstanding request; the window is one (RFC 7296 section 2.3)
 * @type: enum ike_job_type
 * @sent: on its way; before that it waits for the answer to an action
 * @flight: datagrams, each behind its length, repeated byte for byte
 * @first_sent: when first sent
 * @last_sent: when last sent
 * @resend_at: when to repeat
 * @interval: to the next repeat
 * @tries: times sent
 * @token: of the ALLOC_SPI it waits for
 * @child: Child SA being made; owned
 * @old: serial of the Child SA being rekeyed or deleted
 * @fresh: serial of the IKE SA being made by a rekey
 * @rival: serial of what the peer's crossing request has made: a Child SA or an IKE SA
 * @rival_ni: nonces of its exchange, for it may be gone again before ours is answered
 * @rival_nr: likewise
 * @gone: SPI the peer has deleted and we do not know: it may be in the response to come
 */
struct ike_job {
	enum ike_job_type type;
	bool sent;
	struct ike_blob flight;
	uint64_t first_sent;
	uint64_t last_sent;
	uint64_t resend_at;
	uint32_t interval;
	unsigned int tries;
	uint32_t token;
	struct ike_child *child;
	uint32_t old;
	uint32_t fresh;
	uint32_t rival;
	struct ike_nonce rival_ni;
	struct ike_nonce rival_nr;
	uint32_t gone;
};

/**
 * struct ike_answer - the peer's request in work
 * @active: there is one, and no response to it yet
 * @local: where it arrived
 * @remote: where it came from, and the response goes
 * @token: of the ALLOC_SPI it waits for, 0 if for none
 * @child: Child SA being made; owned
 * @number: proposal number chosen
 * @error: notification that goes out in place of a Child SA
 */
struct ike_answer {
	bool active;
	struct ike_addr local;
	struct ike_addr remote;
	uint32_t token;
	struct ike_child *child;
	uint8_t number;
	uint16_t error;
};

/**
 * struct ike_auth - what IKE_AUTH needs until it is done
 * @round: IKE_AUTH exchanges begun; PSK needs one
 * @init_i: IKE_SA_INIT request as sent, signed by the initiator
 * @init_r: IKE_SA_INIT response
 * @make_token: of the MAKE_AUTH awaited
 * @check_token: of the CHECK_AUTH awaited
 * @lease_token: of the LEASE awaited
 * @use_ppk: both sides have said USE_PPK
 * @mix_token: of the MIX_PPK awaited
 * @unmixed: with a PPK: the keys it was mixed into
 * @bare_token: initiator: of the MAKE_AUTH without PPK awaited
 * @bare: and that AUTH data, for a peer that does not have our PPK
 * @bare_proof: responder: the peer's AUTH data without PPK is the one that counts
 * @own: our AUTH data
 * @own_method: and its method
 * @own_certs: our certificates, each behind its length
 * @held: inner payloads of the peer's message while its AUTH is checked
 * @held_first: type of the first of them
 * @contact: INITIAL_CONTACT was in the peer's request
 * @child: initiator: first Child SA, while the peer's AUTH is checked; owned
 */
struct ike_auth {
	unsigned int round;
	struct ike_blob init_i;
	struct ike_blob init_r;
	uint32_t make_token;
	uint32_t check_token;
	uint32_t lease_token;
	bool use_ppk;
	uint32_t mix_token;
	struct ike_ppk_keys unmixed;
	uint32_t bare_token;
	struct ike_blob bare;
	bool bare_proof;
	struct ike_blob own;
	uint8_t own_method;
	struct ike_blob own_certs;
	struct ike_blob held;
	uint8_t held_first;
	bool contact;
	struct ike_child *child;
};

/**
 * struct ike_fragments - a message being put together (RFC 7383 section 2.6)
 */
struct ike_fragments {
	uint32_t id;
	bool response;
	uint16_t total;
	uint16_t count;
	size_t len;
	uint8_t first;
	struct ike_blob part[IKE_MAX_FRAGMENTS];
};

/**
 * struct ike_traffic - what went over the wire since our last request was first sent
 * @sent: transmissions of it; as responder: responses
 * @received: messages that came in
 * @unusable: of these, not authentic, malformed or out of turn
 */
struct ike_traffic {
	uint32_t sent;
	uint32_t received;
	uint32_t unusable;
};

/**
 * struct ike_sa - an IKE SA
 * @next: next of the core
 * @tunnel: its tunnel; NULL for a responder until IKE_AUTH; set with ike_sa_belong()
 * @mate: next of that, in the order of the core
 * @serial: names it for good
 * @state: enum ike_sa_state; NONE while a rekey makes it
 * @dead: freed at the end of this step
 * @initiator: we initiated the exchange that made it
 * @spi_i: initiator's SPI
 * @spi_r: responder's SPI
 * @local: our address and port
 * @remote: the peer's
 * @nat_local: we are behind a NAT, or pretend to be
 * @nat_remote: the peer is
 * @force_encap: we pretend to be
 * @dscp: of half-open SAs: that of the tunnel it may become one of
 * @frag: both sides do RFC 7383
 * @mobike: both sides do MOBIKE
 * @leads: we initiated the first of its line of IKE SAs, and decide on addresses with MOBIKE: what RFC
 *	4555 calls the initiator
 * @childless: the peer does RFC 6023
 * @ppk: a PPK is mixed into its keys, or into those of the IKE SA it was rekeyed from
 * @hashes: of RFC 7427, a bit for each enum ike_hash; 0 if the peer does not do it
 * @proposal: chosen
 * @keys: keys
 * @ni: initiator's nonce
 * @nr: responder's nonce
 * @ke: our half of the key exchange, until it is done
 * @iv: next IV counter of AEADs; never repeats under a key
 * @peer_id: the identity the peer proved
 * @lease: virtual addresses of the peer, with all that was given with them
 * @next_out: message id of our next request
 * @next_in: message id of the peer's next request
 * @job: our outstanding request
 * @answer: the peer's request in work
 * @traffic: what went over the wire, to explain a failure
 * @cached: the response to the last request
 * @request: IKE_SA_INIT request it was made from, to know a repeat
 * @cookie: to be returned in IKE_SA_INIT
 * @init_retries: IKE_SA_INIT begun again for COOKIE or INVALID_KE_PAYLOAD
 * @auth: IKE_AUTH
 * @fragments: message being put together
 * @children: Child SAs
 * @created: when its first message was sent or received
 * @since: when established
 * @rekey_at: rekey after this
 * @delete_at: delete after this: superseded, or rekeyed and not deleted by the peer
 * @child_at: no new Child SA before
 * @drop_at: half-open SAs: forget
 * @heir: serial of the IKE SA that has taken over its children
 * @want_rekey: to be rekeyed
 * @want_delete: to be deleted
 * @want_move: to tell the peer about addresses that have changed
 * @want_probe: to send an empty INFORMATIONAL
 * @reason: why it is being deleted
 * @resumed: an earlier process established it
 */
struct ike_sa {
	struct ike_sa *next;
	struct ike_tunnel *tunnel;
	struct ike_sa *mate;
	uint32_t serial;
	enum ike_sa_state state;
	bool dead;
	bool initiator;
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_addr local;
	struct ike_addr remote;
	bool nat_local;
	bool nat_remote;
	bool force_encap;
	uint8_t dscp;
	bool frag;
	bool mobike;
	bool leads;
	bool childless;
	bool ppk;
	uint32_t hashes;
	struct ike_proposal proposal;
	struct ike_keys keys;
	struct ike_nonce ni;
	struct ike_nonce nr;
	struct ike_ke ke;
	uint64_t iv;
	struct ike_id peer_id;
	struct ike_assigned lease;
	uint32_t next_out;
	uint32_t next_in;
	struct ike_job job;
	struct ike_answer answer;
	struct ike_traffic traffic;
	struct ike_blob cached;
	struct ike_blob request;
	struct ike_blob cookie;
	uint8_t init_retries;
	struct ike_auth auth;
	struct ike_fragments fragments;
	struct ike_child *children;
	uint64_t created;
	uint64_t since;
	uint64_t rekey_at;
	uint64_t delete_at;
	uint64_t child_at;
	uint64_t drop_at;
	uint32_t heir;
	bool want_rekey;
	bool want_delete;
	bool want_move;
	bool want_probe;
	enum ike_reason reason;
	bool resumed;
};

/**
 * struct ike_orphan - an ESP SA pair in the kernel whose IKE SA is gone
 * @delete_at: when it goes at the latest, once a new pair is there
 */
struct ike_orphan {
	struct ike_orphan *next;
	uint8_t cfg;
	uint32_t spi_in;
	uint32_t spi_out;
	uint64_t delete_at;
};

/**
 * struct ike_tunnel - a configured tunnel
 * @next: next of the core
 * @cfg: configuration
 * @sas: its IKE SAs
 * @wanted: to be kept up
 * @down: taken down by command; the peer may not bring it up either
 * @hold: the peer is gone, and the next traffic brings the tunnel up
 * @gone: no longer configured; freed with its last IKE SA
 * @up: UP was reported
 * @wants_groups: the peer refused a Child SA without a key exchange of its own
 * @suspect: PEER_STATE suspect was reported
 * @quiet: nothing comes in by ESP at the moment
 * @heard_esp: last ESP as far as known, when @quiet
 * @heard_ike: last authenticated IKE message
 * @resolve_token: of the RESOLVE awaited
 * @beside: the attempt in work is made beside an established IKE SA
 * @yielded: the attempt to come has waited for one of the peer's
 * @attempt: attempts since the last success
 * @retry_at: connect again
 * @seen: address of the last attempt, taken for the peer's as responder
 * @orphans: SAs without IKE SA
 * @generation: counts Child SAs, for tags
 * @assigned: what the peer assigned last; asked for again
 * @endpoint_local: last ENDPOINT action
 * @endpoint_remote: last ENDPOINT action
 * @endpoint_encap: last ENDPOINT action
 * @reason: why the last attempt failed or the last tunnel ended
 * @touched: what is stored of it has changed in this step
 * @stored: something is
 */
struct ike_tunnel {
	struct ike_tunnel *next;
	struct ike_peer_config cfg;
	struct ike_sa *sas;
	bool wanted;
	bool down;
	bool hold;
	bool gone;
	bool up;
	bool wants_groups;
	bool suspect;
	bool quiet;
	uint64_t heard_esp;
	uint64_t heard_ike;
	uint32_t resolve_token;
	bool beside;
	bool yielded;
	unsigned int attempt;
	uint64_t retry_at;
	struct ike_addr seen;
	struct ike_orphan *orphans;
	uint32_t generation;
	struct ike_assigned assigned;
	struct ike_addr endpoint_local;
	struct ike_addr endpoint_remote;
	bool endpoint_encap;
	enum ike_reason reason;
	bool touched;
	bool stored;
};

/**
 * struct ike_linger - a replaced inbound SA that stays a while
 */
struct ike_linger {
	struct ike_linger *next;
	uint32_t tunnel;
	uint32_t spi;
	uint64_t at;
};

/**
 * struct ike_core - everything
 * @cfg: configuration
 * @now: time of the event in work
 * @acts: actions of the step in work
 * @tunnels: configured tunnels
 * @sas: IKE SAs
 * @lingers: inbound SAs to delete later
 * @serial: last serial given
 * @token: last token given
 * @refused_at: since when refused IKE_SA_INIT requests are counted
 * @refused: how many
 * @unknown_at: since when messages of unknown IKE SAs are counted
 * @unknown: how many
 * @cookie_key: current and previous secret of our cookies
 * @cookie_which: the current one
 * @cookie_at: next change of it
 * @flooded: it was told that everybody must return a cookie
 * @calm_at: when it is told that this is over
 * @grace_until: nobody becomes suspect before
 * @deadline: last deadline given
 */
struct ike_core {
	struct ike_core_config cfg;
	uint64_t now;
	struct ike_actions *acts;
	struct ike_tunnel *tunnels;
	struct ike_sa *sas;
	struct ike_linger *lingers;
	uint32_t serial;
	uint32_t token;
	uint64_t refused_at;
	uint32_t refused;
	uint64_t unknown_at;
	uint32_t unknown;
	uint8_t cookie_key[2][32];
	uint8_t cookie_which;
	uint64_t cookie_at;
	bool flooded;
	uint64_t calm_at;
	uint64_t grace_until;
	uint64_t deadline;
};

/* ---- action.c ---- */

/** ike_act() - append an action. Return: it, to be filled in */
struct ike_action *ike_act(struct ike_core *c, enum ike_action_type type, uint32_t tunnel);
/** ike_act_octets() - copy octets that live as long as the action */
const uint8_t *ike_act_octets(struct ike_action *a, const void *data, size_t len);
/** ike_act_sa() - an action about one ESP SA */
void ike_act_sa(struct ike_core *c, enum ike_action_type type, uint32_t tunnel, enum ike_dir dir,
		uint32_t spi);
/** ike_log() - a line of log about a tunnel, or none */
void ike_log(struct ike_core *c, const struct ike_tunnel *t, enum ike_log_level level,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/** ike_new_token() - a token never given before */
uint32_t ike_new_token(struct ike_core *c);
/** ike_random() - octets from the caller's source */
void ike_random(struct ike_core *c, void *out, size_t len);
/** ike_jitter() - @v changed by up to @percent either way */
uint64_t ike_jitter(struct ike_core *c, uint64_t v, unsigned int percent);

/* ---- explain.c ---- */

/** ike_explain() - an explanation about a tunnel, or none, to be filled in further */
struct ike_action *ike_explain(struct ike_core *c, const struct ike_tunnel *t, enum ike_step step,
			       enum ike_reason reason, bool by_peer);
/** ike_explain_sa() - the same about an IKE SA of a tunnel, with what went over the wire */
struct ike_action *ike_explain_sa(struct ike_core *c, const struct ike_sa *sa, enum ike_step step,
				  enum ike_reason reason, bool by_peer);
/** ike_explain_path() - what went over the wire on an IKE SA */
void ike_explain_path(struct ike_action *a, const struct ike_sa *sa);
/** ike_contrast() - one more line side by side, to be filled in */
struct ike_contrast *ike_contrast(struct ike_action *a, enum ike_aspect aspect);
/** ike_contrast_id() - identities; @theirs NULL: not said */
void ike_contrast_id(struct ike_action *a, enum ike_aspect aspect, const struct ike_id *theirs,
		     const struct ike_id *ours);
/** ike_contrast_ts() - selectors; @n_theirs 0: not said */
void ike_contrast_ts(struct ike_action *a, enum ike_aspect aspect, const struct ike_ts *theirs,
		     size_t n_theirs, const struct ike_ts *ours, size_t n_ours);
/** ike_contrast_offers() - proposals by transform type: the two that go furthest together */
void ike_contrast_offers(struct ike_action *a, const struct ike_proposals *own,
			 const struct ike_offers *offers, enum ike_ke_rule rule);
/** ike_contrast_ours() - our proposals by transform type; what the peer wanted is not known */
void ike_contrast_ours(struct ike_action *a, const struct ike_proposals *own,
		       enum ike_ke_rule rule);
/** ike_contrast_group() - the same when the peer asked for a group (INVALID_KE_PAYLOAD) */
void ike_contrast_group(struct ike_action *a, const struct ike_proposals *own, uint16_t group);

/* ---- keys.c ---- */

/** ike_nonce_new() - a fresh nonce */
void ike_nonce_new(struct ike_core *c, struct ike_nonce *n);
/** ike_nonce_get() - a Nonce payload; false if its length is not allowed */
bool ike_nonce_get(struct ike_chunk body, struct ike_nonce *n);
/** ike_nonce_lower() - whether the lowest of a pair is lower than the lowest of another (2.8.1) */
bool ike_nonce_lower(const struct ike_nonce *ai, const struct ike_nonce *ar,
		     const struct ike_nonce *bi, const struct ike_nonce *br);
/** ike_prf() - the PRF over several parts */
bool ike_prf(const struct ike_crypto *crypto, const struct ike_alg *prf, struct ike_chunk key,
	     const struct ike_chunk *parts, size_t n, uint8_t *out);
/** ike_prf_plus() - prf+ (RFC 7296 section 2.13) */
bool ike_prf_plus(const struct ike_crypto *crypto, const struct ike_alg *prf, struct ike_chunk key,
		  struct ike_chunk seed, uint8_t *out, size_t len);
/** ike_skeyseed() - SKEYSEED of a first exchange */
bool ike_skeyseed(const struct ike_crypto *crypto, const struct ike_alg *prf,
		  const struct ike_nonce *ni, const struct ike_nonce *nr, struct ike_chunk secret,
		  uint8_t *out);
/** ike_skeyseed_rekey() - SKEYSEED of a rekey (section 2.18); @prf is the old SA's */
bool ike_skeyseed_rekey(const struct ike_crypto *crypto, const struct ike_alg *prf,
			struct ike_chunk sk_d, const struct ike_nonce *ni,
			const struct ike_nonce *nr, struct ike_chunk secret, uint8_t *out);
/** ike_derive() - all SK_* of an IKE SA from SKEYSEED */
bool ike_derive(const struct ike_crypto *crypto, struct ike_sa *sa, struct ike_chunk skeyseed);
/** ike_keymat() - KEYMAT of a Child SA (section 2.17); @secret may be empty */
bool ike_keymat(const struct ike_crypto *crypto, const struct ike_sa *sa, struct ike_chunk secret,
		const struct ike_nonce *ni, const struct ike_nonce *nr, uint8_t *out, size_t len);
/** ike_ke_start() - our half of a key exchange */
bool ike_ke_start(struct ike_core *c, struct ike_ke *ke, uint16_t group);
/** ike_ke_finish() - the shared secret; the private key is wiped */
bool ike_ke_finish(struct ike_core *c, struct ike_ke *ke, struct ike_chunk peer_pub);
/** ike_auth_octets() - what one side signs (section 2.15) */
bool ike_auth_octets(struct ike_core *c, const struct ike_sa *sa, bool by_initiator,
		     const struct ike_id *id, struct ike_writer *out);

/* ---- protect.c ---- */

enum ike_open_result {
	IKE_OPEN_OK,
	IKE_OPEN_BAD,		/* forged or malformed */
	IKE_OPEN_PARTIAL,	/* a good fragment of a message not yet whole */
};

/**
 * ike_protect() - encrypt a chain of payloads into one datagram or several
 * @h: exchange, flags and message id; SPIs are the SA's
 * @flight: datagrams, each behind its length in two octets
 */
bool ike_protect(struct ike_core *c, struct ike_sa *sa, struct ike_header h, struct ike_builder *b,
		 struct ike_blob *flight);
/**
 * ike_unprotect() - check and decrypt a datagram
 * @inner: decrypted chain
 * @first: type of its first payload
 */
enum ike_open_result ike_unprotect(struct ike_core *c, struct ike_sa *sa,
				   const struct ike_header *h, struct ike_chunk datagram,
				   struct ike_blob *inner, uint8_t *first);
/**
 * ike_authentic() - check a datagram without using it
 * @leading: set if it is a whole message or the first of its fragments
 */
bool ike_authentic(struct ike_core *c, struct ike_sa *sa, const struct ike_header *h,
		   struct ike_chunk datagram, bool *leading);
/** ike_fragments_reset() - forget what was collected */
void ike_fragments_reset(struct ike_fragments *f);

/* ---- exchange.c ---- */

/** ike_send_flight() - send datagrams from the SA's address to the peer's */
void ike_send_flight(struct ike_core *c, const struct ike_sa *sa, const struct ike_addr *local,
		     const struct ike_addr *remote, const struct ike_blob *flight);
/** ike_flight_plain() - one unprotected datagram as a flight */
void ike_flight_plain(struct ike_blob *flight, const struct ike_writer *w);
/** ike_request_send() - send the SA's job with these payloads; frees them */
void ike_request_send(struct ike_core *c, struct ike_sa *sa, uint8_t exchange,
		      struct ike_builder *b);
/** ike_request_start() - put the flight of the SA's job on its way */
void ike_request_start(struct ike_core *c, struct ike_sa *sa);
/** ike_request_tick() - repeat or give up */
void ike_request_tick(struct ike_core *c, struct ike_sa *sa);
/** ike_request_deadline() - when to repeat or give up */
uint64_t ike_request_deadline(const struct ike_core *c, const struct ike_sa *sa);
/** ike_response_send() - answer the request in work with these payloads; frees them */
void ike_response_send(struct ike_core *c, struct ike_sa *sa, uint8_t exchange,
		       struct ike_builder *b);
/** ike_response_error() - answer with one notification */
void ike_response_error(struct ike_core *c, struct ike_sa *sa, uint8_t exchange, uint16_t type);
/** ike_exchange_datagram() - a datagram of a known IKE SA */
void ike_exchange_datagram(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev,
			   const struct ike_header *h);
/** ike_exchange_work() - start the next request if none is outstanding */
void ike_exchange_work(struct ike_core *c, struct ike_sa *sa);
/** ike_job_clear() - forget the outstanding request and what it was making */
void ike_job_clear(struct ike_core *c, struct ike_sa *sa, struct ike_job *job);
/** ike_job_step() - where in the protocol a job stands */
enum ike_step ike_job_step(const struct ike_job *job);

/* ---- sa.c ---- */

/** ike_sa_belong() - it is of that tunnel from here on, NULL: of none */
void ike_sa_belong(struct ike_sa *sa, struct ike_tunnel *t);
/** ike_sa_new() - an IKE SA with a fresh SPI of ours */
struct ike_sa *ike_sa_new(struct ike_core *c, struct ike_tunnel *t, bool initiator);
/** ike_sa_free() - wipe and free; the kernel is not touched */
void ike_sa_free(struct ike_core *c, struct ike_sa *sa);
/** ike_sa_find() - by our SPI in a header */
struct ike_sa *ike_sa_find(struct ike_core *c, const struct ike_header *h);
/** ike_sa_by_serial() - by serial, NULL if gone */
struct ike_sa *ike_sa_by_serial(struct ike_core *c, uint32_t serial);
/** ike_sa_of() - the tunnel's current IKE SA: established if there is one, else the newest */
struct ike_sa *ike_sa_of(const struct ike_tunnel *t);
/** ike_sa_encap() - whether its Child SAs go in UDP */
bool ike_sa_encap(const struct ike_sa *sa);
/** ike_sa_alive() - not dead, not being made by a rekey */
bool ike_sa_alive(const struct ike_sa *sa);
/** ike_sa_established() - authentication done: lifetimes, superseded SAs */
void ike_sa_established(struct ike_core *c, struct ike_sa *sa);
/** ike_sa_auth_done() - wipe what only IKE_AUTH needed */
void ike_sa_auth_done(struct ike_sa *sa);
/** ike_sa_successor() - an IKE SA that is to follow by rekey, with the addresses and all else */
struct ike_sa *ike_sa_successor(struct ike_core *c, struct ike_sa *sa, bool initiator);
/** ike_sa_inherit() - @heir takes over the children (section 2.8) */
void ike_sa_inherit(struct ike_core *c, struct ike_sa *sa, struct ike_sa *heir);
/** ike_sa_kill() - forget at once; its Child SAs leave the kernel */
void ike_sa_kill(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason);
/** ike_sa_lost() - the peer no longer answers on it */
void ike_sa_lost(struct ike_core *c, struct ike_sa *sa);
/** ike_sa_delete() - say Delete to the peer, then forget; its Child SAs leave the kernel now */
void ike_sa_delete(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason);
/** ike_sa_finish() - nothing more to say on it, but the last response may have to be repeated */
void ike_sa_finish(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason);
/** ike_sa_endpoint() - tell the kernel's owner about addresses and encapsulation if they changed */
void ike_sa_endpoint(struct ike_core *c, struct ike_sa *sa);
/** ike_sa_tick() - timers of an IKE SA */
void ike_sa_tick(struct ike_core *c, struct ike_sa *sa);
/** ike_sa_deadline() - its next timer */
uint64_t ike_sa_deadline(const struct ike_core *c, const struct ike_sa *sa);

/* ---- nat.c ---- */

/** ike_nat_put() - both NAT detection notifications */
void ike_nat_put(struct ike_core *c, const struct ike_sa *sa, uint64_t spi_r, struct ike_builder *b);
/** ike_nat_get() - compare the peer's; sets nat_local and nat_remote. False if there are none */
bool ike_nat_get(struct ike_core *c, struct ike_sa *sa, uint64_t spi_r,
		 const struct ike_payloads *ps);

/* ---- cookie.c ---- */

/** enum ike_door - what becomes of an IKE_SA_INIT request */
enum ike_door {
	IKE_DOOR_OPEN,
	IKE_DOOR_COOKIE,	/* it must carry a cookie */
	IKE_DOOR_SHUT,		/* there are too many, of all or of those from there */
};

/** ike_half_open() - number of half-open SAs; those from that address or its /64, NULL: all */
unsigned int ike_half_open(const struct ike_core *c, const struct ike_addr *from);
/** ike_door() - what becomes of a request from there */
enum ike_door ike_door(struct ike_core *c, const struct ike_addr *remote);
/** ike_door_deadline() - when it is told that a flood is over, unless it goes on */
uint64_t ike_door_deadline(const struct ike_core *c);
/** ike_door_tick() - tell it */
void ike_door_tick(struct ike_core *c);
/** ike_cookie_make() - our cookie for a request (section 2.6) */
bool ike_cookie_make(struct ike_core *c, uint64_t spi_i, const struct ike_addr *remote,
		     struct ike_chunk nonce, unsigned int which, uint8_t out[33]);
/** ike_cookie_check() - whether a request carries a cookie of ours */
bool ike_cookie_check(struct ike_core *c, uint64_t spi_i, const struct ike_addr *remote,
		      struct ike_chunk nonce, struct ike_chunk cookie);
/** ike_cookie_tick() - change the secret now and then */
void ike_cookie_tick(struct ike_core *c);

/* ---- sa_init.c ---- */

/** ike_sa_init_start() - connect to an address */
void ike_sa_init_start(struct ike_core *c, struct ike_tunnel *t, const struct ike_addr *local,
		       const struct ike_addr *remote);
/** ike_sa_init_request() - an IKE_SA_INIT request. Return: whether there is an IKE SA for it now */
bool ike_sa_init_request(struct ike_core *c, const struct ike_event *ev,
			 const struct ike_header *h);
/** ike_sa_init_response() - an IKE_SA_INIT response */
void ike_sa_init_response(struct ike_core *c, struct ike_sa *sa, struct ike_chunk datagram,
			  const struct ike_header *h);

/* ---- auth.c ---- */

/** ike_auth_start() - begin IKE_AUTH as initiator */
void ike_auth_start(struct ike_core *c, struct ike_sa *sa);
/** ike_auth_spi() - the SPI for the first Child SA has come, or could not be had (0) */
void ike_auth_spi(struct ike_core *c, struct ike_sa *sa, uint32_t spi);
/** ike_auth_made() - our AUTH data has come */
void ike_auth_made(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev);
/** ike_auth_checked() - the verdict on the peer's AUTH data has come */
void ike_auth_checked(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev);
/** ike_auth_mixed() - the keys with our PPK mixed in have come, or there is none */
void ike_auth_mixed(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev);
/** ike_auth_leased() - the peer's virtual addresses have come, or there are none for it */
void ike_auth_leased(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev);
/** ike_auth_request() - an IKE_AUTH request */
void ike_auth_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps,
		      struct ike_blob *inner, uint8_t first);
/** ike_auth_response() - an IKE_AUTH response */
void ike_auth_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
		       struct ike_payloads *ps, struct ike_blob *inner, uint8_t first);

/* ---- ppk.c ---- */

/** ike_ppk_offered() - whether USE_PPK is to be said in IKE_SA_INIT */
bool ike_ppk_offered(struct ike_core *c, const struct ike_sa *sa);
/** ike_ppk_ask() - have our PPK mixed into the keys; goes on with ike_auth_mixed() */
void ike_ppk_ask(struct ike_core *c, struct ike_sa *sa);
/** ike_ppk_take() - the keys with the PPK are those of the IKE SA */
void ike_ppk_take(struct ike_sa *sa, const struct ike_ppk_keys *mixed);
/** ike_ppk_put() - PPK_IDENTITY of the initiator, and NO_PPK_AUTH if it goes without as well */
void ike_ppk_put(struct ike_builder *b, const struct ike_sa *sa);
/**
 * ike_ppk_request() - the responder's choice: with our PPK, without one, or not at all
 *
 * With it ike_ppk_ask() has been called.
 *
 * Return: false if it is refused; the explanation has been given.
 */
bool ike_ppk_request(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps);
/** ike_ppk_response() - what the responder chose; false if that will not do, and was explained */
bool ike_ppk_response(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps);
/** ike_ppk_contrast() - names of PPKs; @theirs without data: not said */
void ike_ppk_contrast(struct ike_action *a, const struct ike_tunnel *t, struct ike_chunk theirs);

/* ---- vip.c ---- */

/** ike_vip_ask() - CP(CFG_REQUEST) of the initiator, if the tunnel wants virtual addresses */
void ike_vip_ask(struct ike_builder *b, const struct ike_tunnel *t);
/**
 * ike_vip_take() - what the responder has assigned
 *
 * Return: false if we need an address and have none; the explanation has been given.
 */
bool ike_vip_take(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps);
/** ike_vip_explain() - addresses asked for beside those assigned; @theirs NULL: none */
void ike_vip_explain(struct ike_action *a, const struct ike_tunnel *t,
		     const struct ike_assigned *theirs);
/**
 * ike_vip_lease() - ask for virtual addresses for the initiator, if it is to have some
 *
 * Return: true if it goes on with ike_auth_leased(). Otherwise the answer's error may have been set.
 */
bool ike_vip_lease(struct ike_core *c, struct ike_sa *sa, const struct ike_payloads *ps);
/** ike_vip_leased() - keep them for the IKE SA, or set the answer's error */
void ike_vip_leased(struct ike_core *c, struct ike_sa *sa, const struct ike_event *ev);
/** ike_vip_give() - CP(CFG_REPLY) of the responder, if it assigns something */
void ike_vip_give(struct ike_builder *b, const struct ike_sa *sa);
/** ike_vip_local() - our selectors of a Child SA: of families that we have addresses of */
size_t ike_vip_local(const struct ike_sa *sa, const struct ike_child_config *cfg,
		     struct ike_ts *out);
/** ike_vip_remote() - the peer's selectors: only what was assigned to it, if something was */
size_t ike_vip_remote(const struct ike_sa *sa, const struct ike_child_config *cfg,
		      struct ike_ts *out);

/* ---- child.c ---- */

/** ike_child_new() - a larval Child SA */
struct ike_child *ike_child_new(struct ike_core *c, uint8_t cfg, bool initiator);
/** ike_child_free() - wipe and free */
void ike_child_free(struct ike_child *child);
/** ike_child_discard() - free a larval one, if there is one, and its SPI */
void ike_child_discard(struct ike_core *c, const struct ike_tunnel *t, struct ike_child **child);
/** ike_child_unusable() - the peer has made it and we cannot use it: to be deleted there */
void ike_child_unusable(struct ike_core *c, struct ike_sa *sa, struct ike_child **child);
/** ike_child_config() - its configuration, NULL if there is none any more */
const struct ike_child_config *ike_child_config(const struct ike_sa *sa,
						const struct ike_child *child);
/** ike_child_by_serial() - of one IKE SA */
struct ike_child *ike_child_by_serial(const struct ike_sa *sa, uint32_t serial);
/** ike_child_by_spi() - of any IKE SA of the tunnel; @sa is set to its owner */
struct ike_child *ike_child_by_spi(const struct ike_tunnel *t, enum ike_dir dir, uint32_t spi,
				   struct ike_sa **sa);
/** ike_child_spi_taken() - whether an SA of the tunnel goes to the peer by that SPI already */
bool ike_child_spi_taken(const struct ike_tunnel *t, uint32_t spi);
/**
 * ike_child_install() - derive keys, give both halves to the kernel, add it to the IKE SA
 * @inbound_only: it lost a collision and is about to be deleted
 *
 * Return: false if keys could not be derived; the Child SA is not added then.
 */
bool ike_child_install(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		       bool inbound_only);
/** ike_child_stop_sending() - take the outbound half out of the kernel, a sibling's taking over */
void ike_child_stop_sending(struct ike_core *c, const struct ike_tunnel *t,
			    struct ike_child *child);
/**
 * ike_child_remove() - take it out of the kernel and free it
 * @linger: leave the inbound half for packets on their way
 */
void ike_child_remove(struct ike_core *c, struct ike_sa *sa, struct ike_child *child, bool linger);
/** ike_child_sibling() - the newest other live Child SA with the same selectors, NULL if none */
struct ike_child *ike_child_sibling(const struct ike_tunnel *t, const struct ike_child *child);
/**
 * ike_child_confirmed() - the peer has what we answered it, and so its new Child SAs: send on them
 *
 * RFC 7296 section 2.8: a responder may wait with that until it knows.
 */
void ike_child_confirmed(struct ike_core *c, struct ike_sa *sa);
/** ike_child_used() - the first packet has come in on it */
void ike_child_used(struct ike_core *c, struct ike_sa *sa, struct ike_child *child);
/** ike_child_lack() - a Child SA could not be made: try again later, tell if that leaves none */
void ike_child_lack(struct ike_core *c, struct ike_sa *sa, enum ike_reason reason);
/** ike_child_twin_at() - when it goes because another of its IKE SA does the same */
uint64_t ike_child_twin_at(const struct ike_sa *sa, const struct ike_child *child);
/** ike_child_missing() - index of a configured Child SA the tunnel lacks, -1 if it has all */
int ike_child_missing(const struct ike_sa *sa);
/** ike_child_expired() - the kernel has deleted one half */
void ike_child_expired(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		       enum ike_dir dir);
/** ike_child_failed() - the kernel refused one half */
void ike_child_failed(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
		      const char *text);
/** ike_child_tick() - first-use falls back to now */
void ike_child_tick(struct ike_core *c, struct ike_sa *sa);
/** ike_linger() - leave an inbound SA in the kernel for packets on their way */
void ike_linger(struct ike_core *c, const struct ike_tunnel *t, uint32_t spi);
/** ike_linger_tick() - delete inbound SAs that have lingered */
void ike_linger_tick(struct ike_core *c);

/* ---- create_child.c ---- */

/** ike_create_child_start() - create a Child SA, or rekey @old */
void ike_create_child_start(struct ike_core *c, struct ike_sa *sa, uint8_t cfg,
			    struct ike_child *old);
/** ike_create_child_spi() - the SPI for our request or answer has come, or could not be had (0) */
void ike_create_child_spi(struct ike_core *c, struct ike_sa *sa, uint32_t token, uint32_t spi);
/** ike_create_child_request() - a CREATE_CHILD_SA request for a Child SA */
void ike_create_child_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps);
/** ike_create_child_response() - the response to ours */
void ike_create_child_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			       struct ike_payloads *ps);
/**
 * ike_child_accept() - the responder's choice for a Child SA: proposal and selectors
 * @child: larval, filled in
 * @cfg: the only configured Child SA that will do, -1 for any
 * @number: set to the number of the proposal chosen
 *
 * Return: 0, or the error notification to answer with; the explanation has been given.
 */
uint16_t ike_child_accept(struct ike_core *c, struct ike_sa *sa, struct ike_child *child, int cfg,
			  const struct ike_payloads *ps, enum ike_step step, uint8_t *number);
/** ike_explain_own_ts() - selectors we asked for and the peer refused */
void ike_explain_own_ts(struct ike_action *a, const struct ike_sa *sa,
			const struct ike_child_config *cfg);
/** ike_child_put_answer() - SA of the responder's answer */
void ike_child_put_answer(struct ike_builder *b, const struct ike_child *child, uint8_t number);
/** ike_child_put_answer_ts() - TSi and TSr of the responder's answer */
void ike_child_put_answer_ts(struct ike_builder *b, const struct ike_child *child);
/** ike_child_put_sa() - SA of the initiator's request */
void ike_child_put_sa(struct ike_builder *b, const struct ike_proposals *list, uint32_t spi,
		      enum ike_ke_rule rule);
/** ike_child_put_ts() - TSi and TSr of the initiator's request */
void ike_child_put_ts(struct ike_builder *b, const struct ike_sa *sa,
		      const struct ike_child_config *cfg);
/**
 * ike_child_chosen() - check and take over the answer to our offer
 *
 * Return: IKE_REASON_NONE, or why not; the explanation has been given.
 */
enum ike_reason ike_child_chosen(struct ike_core *c, struct ike_sa *sa, struct ike_child *child,
				 const struct ike_payloads *ps, enum ike_step step);

/* ---- rekey_ike.c ---- */

/** ike_rekey_ike_start() - rekey the IKE SA */
void ike_rekey_ike_start(struct ike_core *c, struct ike_sa *sa);
/** ike_rekey_ike_request() - a CREATE_CHILD_SA request that rekeys the IKE SA */
void ike_rekey_ike_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps);
/** ike_rekey_ike_response() - the response to ours */
void ike_rekey_ike_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
			    struct ike_payloads *ps);

/* ---- info.c ---- */

/** ike_info_request() - an INFORMATIONAL request */
void ike_info_request(struct ike_core *c, struct ike_sa *sa, struct ike_payloads *ps,
		      const struct ike_event *ev);
/** ike_info_delete_child() - send Delete for a Child SA */
void ike_info_delete_child(struct ike_core *c, struct ike_sa *sa, struct ike_child *child);
/** ike_info_delete_ike() - send Delete for the IKE SA */
void ike_info_delete_ike(struct ike_core *c, struct ike_sa *sa);
/** ike_info_probe() - send an empty request */
void ike_info_probe(struct ike_core *c, struct ike_sa *sa);
/** ike_info_move() - tell the peer that addresses have changed (RFC 4555 sections 3.5 and 3.6) */
void ike_info_move(struct ike_core *c, struct ike_sa *sa);
/** ike_info_auth_failed() - tell the peer that its proof is wrong, expecting no answer */
void ike_info_auth_failed(struct ike_core *c, struct ike_sa *sa);
/** ike_info_response() - the response to any of ours */
void ike_info_response(struct ike_core *c, struct ike_sa *sa, struct ike_job *job,
		       struct ike_payloads *ps);

/* ---- liveness.c ---- */

/** ike_heard() - an authenticated IKE message came in */
void ike_heard(struct ike_core *c, struct ike_tunnel *t);
/** ike_heard_esp() - the kernel's QUIET and HEARD */
void ike_heard_esp(struct ike_core *c, struct ike_tunnel *t, bool quiet, uint32_t ms);
/** ike_liveness_last() - when the peer was last heard, as far as known */
uint64_t ike_liveness_last(const struct ike_core *c, const struct ike_tunnel *t);
/** ike_liveness_interval() - retransmission interval of a request that counts as probe */
uint32_t ike_liveness_interval(const struct ike_core *c, const struct ike_tunnel *t,
			       uint32_t interval);
/** ike_liveness_tick() - probe, become suspect */
void ike_liveness_tick(struct ike_core *c, struct ike_tunnel *t);
/** ike_liveness_orphans_at() - when SAs without IKE SA go because nothing comes in on them */
uint64_t ike_liveness_orphans_at(const struct ike_core *c, const struct ike_tunnel *t);
/** ike_liveness_deadline() - next time there is something to do */
uint64_t ike_liveness_deadline(const struct ike_core *c, const struct ike_tunnel *t);

/* ---- tunnel.c ---- */

/** ike_tunnel_find() - by handle, NULL if there is none */
struct ike_tunnel *ike_tunnel_find(const struct ike_core *c, uint32_t handle);
/** ike_tunnel_for_peer() - the next tunnel after @prev, or template, for a peer at these addresses */
struct ike_tunnel *ike_tunnel_for_peer(struct ike_core *c, struct ike_tunnel *prev,
				       const struct ike_addr *local,
				       const struct ike_addr *remote);
/** ike_tunnel_config() - add or change */
void ike_tunnel_config(struct ike_core *c, const struct ike_peer_config *cfg);
/** ike_tunnel_unconfig() - forget */
void ike_tunnel_unconfig(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_up() - bring up */
void ike_tunnel_up(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_down() - take down and stay down */
void ike_tunnel_down(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_acquire() - traffic without SA */
void ike_tunnel_acquire(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_connect() - begin an attempt, beside whatever SA there is */
void ike_tunnel_connect(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_address() - the answer to RESOLVE */
void ike_tunnel_address(struct ike_core *c, struct ike_tunnel *t, const struct ike_event *ev);
/** ike_tunnel_roamed() - an address has changed */
void ike_tunnel_roamed(struct ike_core *c, struct ike_tunnel *t, const struct ike_event *ev);
/** ike_tunnel_failed() - an attempt has failed; schedules the next */
void ike_tunnel_failed(struct ike_core *c, struct ike_tunnel *t, enum ike_reason reason);
/** ike_tunnel_succeeded() - an attempt has made an IKE SA */
void ike_tunnel_succeeded(struct ike_tunnel *t);
/** ike_tunnel_closed() - the peer has deleted a Child SA, perhaps the last one; the IKE SA lives */
void ike_tunnel_closed(struct ike_tunnel *t);
/** ike_tunnel_ended() - an established IKE SA is gone; schedules a new one if wanted */
void ike_tunnel_ended(struct ike_core *c, const struct ike_sa *ended, enum ike_reason reason);
/** ike_tunnel_retry_in() - pause before the next attempt, growing */
uint64_t ike_tunnel_retry_in(struct ike_core *c, const struct ike_tunnel *t);
/** ike_tunnel_adopt() - SAs in the kernel without IKE SA */
void ike_tunnel_adopt(struct ike_core *c, struct ike_tunnel *t, uint8_t cfg, uint32_t spi_in,
		      uint32_t spi_out);
/** ike_tunnel_orphans_due() - a new pair of this Child SA is installed (or has carried: now) */
void ike_tunnel_orphans_due(struct ike_core *c, struct ike_tunnel *t, uint8_t cfg, uint64_t at);
/** ike_tunnel_orphan_gone() - the kernel has deleted one half of an orphan */
bool ike_tunnel_orphan_gone(struct ike_core *c, struct ike_tunnel *t, enum ike_dir dir,
			    uint32_t spi);
/** ike_tunnel_has() - whether one half of an SA without IKE SA is in the kernel */
bool ike_tunnel_has(const struct ike_tunnel *t, enum ike_dir dir, uint32_t spi);
/** ike_tunnel_take() - that half belongs to an IKE SA again */
void ike_tunnel_take(struct ike_tunnel *t, enum ike_dir dir, uint32_t spi);
/** ike_tunnel_settle_orphans() - all were taken that will be: single halves go */
void ike_tunnel_settle_orphans(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_renewing() - whether an attempt is made beside an established IKE SA */
bool ike_tunnel_renewing(const struct ike_tunnel *t);
/** ike_tunnel_tick() - timers of a tunnel */
void ike_tunnel_tick(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_deadline() - its next timer */
uint64_t ike_tunnel_deadline(const struct ike_core *c, const struct ike_tunnel *t);
/** ike_tunnel_report() - UP or DOWN if that has changed */
void ike_tunnel_report(struct ike_core *c, struct ike_tunnel *t);
/** ike_tunnel_free() - free */
void ike_tunnel_free(struct ike_tunnel *t);

/* ---- resume.c ---- */

/**
 * ike_resume_store() - STORE for each tunnel that was touched, in front of the step's actions
 *
 * Last in a step: what is stored is what the other actions lead to.
 */
void ike_resume_store(struct ike_core *c);
/**
 * ike_resume() - go on with the IKE SAs of an earlier process
 * @data: of its last STORE; nothing is believed of it
 *
 * The tunnel's SAs in the kernel have been adopted. If these are not those of the Child SAs, if the
 * tunnel is not configured as it was, or @data is not sound, all stays as it is but for a line of log.
 */
void ike_resume(struct ike_core *c, struct ike_tunnel *t, struct ike_chunk data);

#endif
