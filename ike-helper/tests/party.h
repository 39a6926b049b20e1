/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two cores, A and B, in one process: each with a kernel that allocates SPIs and holds SAs, a key
 * process with a secret, and between them a network that can lose, duplicate, delay and reorder.
 * Time is a number. What a real kernel would refuse fails the test.
 *
 *	world.c		clock, queue, network, both ends in agreement
 *	party.c		one core: events in, actions out
 *	kernel.c	one kernel
 *	tap.c		plaintext of protected messages, to look at or to change
 */
#ifndef IKE_TESTS_PARTY_H
#define IKE_TESTS_PARTY_H

#include <stdio.h>

#include "../core/state.h"
#include "../crypto/pubkey.h"
#include "check.h"

enum {
	A,
	B,
	N_PARTIES,
	MAX_SAS = 64,
	MAX_GONE = 64,
	MAX_HELD = 64,
	TUNNEL = 7,		/* handle of A's tunnel; B's is one more */
	INSTANCE = 9,		/* of what a template is made into, likewise */
};

/**
 * struct esp_packet - a packet under way, or as good as one
 */
struct esp_packet {
	uint32_t spi;
	uint8_t key_len;
	uint8_t key[IKE_MAX_KEYMAT];
	char alg[IKE_MAX_ALG];
	bool esn;
};

/**
 * enum kernel_verdict - on a packet
 * @KERNEL_LOST: no SA, or another key
 * @KERNEL_HELD: the SPI is reserved; it will be looked at again when the SA is there
 * @KERNEL_RECEIVED: authentic
 */
enum kernel_verdict {
	KERNEL_LOST,
	KERNEL_HELD,
	KERNEL_RECEIVED,
};

/**
 * struct kernel_sa - an ESP SA in the kernel
 * @in: as installed
 * @waiting: outbound, to be activated by first use of its pair
 * @used: inbound, has authenticated a packet
 */
struct kernel_sa {
	struct ike_install in;
	bool waiting;
	bool used;
};

/**
 * struct kernel - what the module would do
 * @n_reserved: SPIs allocated and neither installed nor freed
 * @sa: installed SAs of both directions
 * @gone: SPIs of SAs the kernel itself has deleted or refused; the core may not know yet
 * @held: packets that came in on a reserved SPI
 * @current: outbound SPI in use, by child
 * @endpoint_set: an ENDPOINT has come
 * @last_in: when ESP last came in
 * @quiet: QUIET was reported
 * @unheard: nothing has come in yet
 * @watching: a look at the silence is due in the queue
 * @refuse_spi: so many allocations fail
 * @refuse_install: so many installations fail
 * @patient: the core was told nonsense and may ask for nonsense
 */
struct kernel {
	size_t n_reserved;
	uint32_t reserved[MAX_SAS];
	size_t n_sas;
	struct kernel_sa sa[MAX_SAS];
	size_t n_gone;
	uint32_t gone[MAX_GONE];
	size_t n_held;
	struct esp_packet held[MAX_HELD];
	uint32_t current[IKE_MAX_CHILDREN];
	bool endpoint_set;
	struct ike_addr local;
	struct ike_addr remote;
	bool encap;
	uint64_t last_in;
	bool quiet;
	bool unheard;
	bool watching;
	unsigned int refuse_spi;
	unsigned int refuse_install;
	bool patient;
};

/**
 * struct explained - EXPLAIN actions
 * @e: the last one
 * @count: how many there were
 */
struct explained {
	struct ike_explanation e;
	unsigned int count;
};

/**
 * struct party - one end
 * @w: its world
 * @side: A or B
 * @core: under test; NULL while it is down
 * @deadline: of the last step
 * @cfg: configuration, sent by party_configure()
 * @addr: outer address; the port means nothing
 * @psk: what the key process knows, NULL for nothing
 * @ppk: likewise; its name is in the configuration
 * @credentials: with IKE_BY_PUBKEY
 * @cookie_threshold: of the core, from its next start on
 * @instance: handle of what its configuration, a template, was made into, 0 for nothing
 * @full: no instance is made
 * @resolves: the peer's name has an address
 * @deaf: so many questions to the key process are never answered: it was killed
 * @moved: its address has changed; what is sent from an earlier one goes nowhere
 * @held: DOWN without UP
 * @stored: of the last STORE; its file is lost with the host, and in party_crash()
 * @resumed: RESUMED since it was started last
 * @crash_in: it is killed at the so-manieth point where it matters, 0 for never: before an event, and
 *	before each action but lines of log
 * @down_for: and comes back after so many milliseconds
 * @killed: that happened
 * @uninstalled: an SA of which it had stored that it was there was not yet installed then
 * @kernel: its kernel
 * @up: UP without DOWN
 * @suspect: last PEER_STATE
 * @ups: UP actions, and so on
 * @down_reason: of the last DOWN
 * @assigned: last ASSIGNED
 * @pool: answer to LEASE
 * @wanted: question of the last LEASE
 * @explained: last EXPLAIN
 * @sent: packets given to the kernel
 * @unsent: of these, without an outbound SA
 * @received: packets that arrived and were authentic
 * @lost: packets that arrived and were not
 * @crypto: backend of this party, passes through tap.c
 */
struct party {
	struct world *w;
	int side;
	struct ike_core *core;
	uint64_t deadline;
	struct ike_peer_config cfg;
	struct ike_addr addr;
	const char *psk;
	const char *ppk;
	struct ike_credentials *credentials;
	unsigned int cookie_threshold;
	uint32_t instance;
	bool full;
	bool resolves;
	unsigned int deaf;
	bool moved;
	bool held;
	struct ike_blob stored;
	bool resumed;
	unsigned int crash_in;
	uint64_t down_for;
	bool killed;
	bool uninstalled;
	struct kernel kernel;
	bool up;
	bool suspect;
	unsigned int ups;
	unsigned int downs;
	unsigned int fails;
	enum ike_reason down_reason;
	struct ike_assigned assigned;
	struct ike_assigned pool;
	struct ike_assigned wanted;
	struct explained explained;
	unsigned int sent;
	unsigned int unsent;
	unsigned int received;
	unsigned int lost;
	struct ike_crypto crypto;
};

/**
 * struct datagram - one that is about to go out
 * @number: counts all datagrams of the world from 0
 * @from: A or B
 * @exchange: from its header
 * @response: likewise
 * @id: likewise
 * @dscp: of its IP packet
 */
struct datagram {
	unsigned int number;
	int from;
	uint8_t exchange;
	bool response;
	uint32_t id;
	uint8_t dscp;
	const uint8_t *data;
	size_t len;
};

/**
 * struct fate - what becomes of a datagram
 * @copies: how many arrive
 * @delay: of each, in milliseconds
 */
struct fate {
	unsigned int copies;
	uint64_t delay[2];
};

/**
 * struct world - everything
 * @label: said when the test fails
 * @first_seed: likewise
 * @now: the clock
 * @steps: events given to both cores
 * @seed: state of the random numbers
 * @party: both ends
 * @queue: what will happen, in order
 * @seq: items queued
 * @datagrams: datagrams sent
 * @delay: of a datagram, unless @net says otherwise, and of ESP
 * @answer_delay: answers of kernel and key process come within so many milliseconds
 * @net: decides on a datagram, or NULL
 * @plain: sees the plaintext of each protected message and may change it, or NULL
 * @ctx: of the test
 * @nat: A is behind a NAT
 * @nat_addr: its outside address
 * @nat_port: outside port of A's port 4500; that of 500 is one less
 * @trace: print what happens
 * @wire: what was sent of protected messages, see world.c
 * @n_wire: of these
 * @wire_size: room for so many
 */
struct world {
	char label[96];
	uint64_t first_seed;
	uint64_t now;
	unsigned long steps;
	uint64_t seed;
	struct party party[N_PARTIES];
	struct item *queue;
	uint64_t seq;
	unsigned int datagrams;
	uint64_t delay;
	unsigned int answer_delay;
	void (*net)(struct world *w, const struct datagram *d, struct fate *f);
	void (*plain)(struct world *w, struct party *from, uint8_t *data, size_t len);
	void *ctx;
	bool nat;
	struct ike_addr nat_addr;
	uint16_t nat_port;
	bool trace;
	struct said *wire;
	size_t n_wire;
	size_t wire_size;
};

/* ---- world.c ---- */

/** world_new() - two parties with matching configurations, not yet configured. One at a time */
struct world *world_new(uint64_t seed);
/** world_done() - free what is left; the teardown of a test program's group */
int world_done(void **state);
/** world_free() - free it and both cores; NULL is allowed */
void world_free(struct world *w);
/** world_random() - a number below @n */
uint32_t world_random(struct world *w, uint32_t n);
/** world_setting() - a number from the environment */
unsigned long world_setting(const char *name, unsigned long otherwise);
/** world_long_names() - identities as long as a certificate is short, to be configured */
void world_long_names(struct world *w);
/** world_configure() - give both cores their configuration */
void world_configure(struct world *w);
/** world_up() - configure, bring up from A, and wait until both ends are up */
void world_up(struct world *w);
/** world_run() - let so many milliseconds pass */
void world_run(struct world *w, uint64_t ms);
/** world_run_until() - wait for a condition; false if it does not come true in time */
bool world_run_until(struct world *w, bool (*done)(const struct world *w), uint64_t ms);
/** world_event() - queue an event for a party; its data is copied */
void world_event(struct world *w, struct party *to, uint64_t delay, const struct ike_event *ev);
/** world_answer() - queue an event that answers an action */
void world_answer(struct world *w, struct party *to, const struct ike_event *ev);
/** world_call() - queue a call with a number */
void world_call(struct world *w, struct party *to, uint64_t delay,
		void (*call)(struct party *p, uint64_t arg), uint64_t arg);
/** world_esp() - queue a packet for a party */
void world_esp(struct world *w, struct party *to, const struct esp_packet *packet);
/** world_forget() - drop queued events for a party, all but datagrams */
void world_forget(struct world *w, const struct party *p);
/** world_send() - a datagram leaves a party */
void world_send(struct party *from, const struct ike_action *act);
/** world_both_up() - whether both ends have reported UP */
bool world_both_up(const struct world *w);
/** world_both_down() - whether both ends have no Child SA */
bool world_both_down(const struct world *w);
/** world_quiet() - whether neither core has a request or an answer in work */
bool world_quiet(const struct world *w);
/** peer_of() - the other end */
struct party *peer_of(const struct party *p);

/** assert_pairs() - each child has one pair of SAs that fit; nothing else is left anywhere */
void assert_pairs(struct world *w);
/** assert_nothing() - no SA of any kind is left, and no SPI */
void assert_nothing(struct world *w);
/** assert_traffic() - a packet of each child passes each way */
void assert_traffic(struct world *w);
/** count_ike_sas() - IKE SAs of a core that are alive */
size_t count_ike_sas(const struct party *p);

/* ---- party.c ---- */

/** party_init() - make the core */
void party_init(struct party *p, struct world *w, int side);
/** party_restart() - as after a crash of the daemon and a reboot: core and kernel are new */
void party_restart(struct party *p);
/** party_reboot() - the same, and its daemon has read its configuration */
void party_reboot(struct party *p);
/** party_crash() - the daemon is killed and starts again without what it stored; its kernel goes on */
void party_crash(struct party *p);
/** party_die() - the daemon is killed, and resumes after down_for */
void party_die(struct party *p);
/** party_resume() - now, if it is down; the number means nothing */
void party_resume(struct party *p, uint64_t arg);
/** party_move() - to another address, and the core is told */
void party_move(struct party *p, uint8_t last_octet);
/** party_ppk() - have a PPK of that name, from the next configuration on; @id NULL: none */
void party_ppk(struct party *p, const char *id, const char *ppk, bool required);
/** party_free() - free the core */
void party_free(struct party *p);
/** party_configure() - CONFIG with the party's configuration */
void party_configure(struct party *p);
/** party_command() - an event without arguments, now */
void party_command(struct party *p, enum ike_event_type type);
/** party_sa_event() - an event about an SA, now */
void party_sa_event(struct party *p, enum ike_event_type type, enum ike_dir dir, uint32_t spi);
/** party_step() - an event, now */
void party_step(struct party *p, struct ike_event *ev);
/** party_ping() - send one packet through a child's SA */
void party_ping(struct party *p, uint8_t child);
/** party_esp() - a packet arrives */
void party_esp(struct party *p, const struct esp_packet *packet);
/** party_tunnel() - handle of its tunnel; of a template the instance, when there is one */
uint32_t party_tunnel(const struct party *p);

/* ---- kernel.c ---- */

/** kernel_alloc() - ALLOC_SPI: 0 if refused */
uint32_t kernel_alloc(struct party *p);
/** kernel_is_reserved() - whether an SPI was allocated, and neither installed nor freed */
bool kernel_is_reserved(const struct party *p, uint32_t spi);
/** kernel_free_spi() - FREE_SPI */
void kernel_free_spi(struct party *p, uint32_t spi);
/** kernel_install() - INSTALL; false if refused */
bool kernel_install(struct party *p, const struct ike_install *in);
/** kernel_activate() - ACTIVATE */
void kernel_activate(struct party *p, uint32_t spi);
/** kernel_delete() - DELETE */
void kernel_delete(struct party *p, enum ike_dir dir, uint32_t spi);
/** kernel_expire() - the kernel deletes an SA and says so */
void kernel_expire(struct party *p, enum ike_dir dir, uint32_t spi);
/** kernel_find() - an SA, NULL if there is none */
struct kernel_sa *kernel_find(struct party *p, enum ike_dir dir, uint32_t spi);
/** kernel_send() - packet of a child; false without an SA */
bool kernel_send(struct party *p, uint8_t child, struct esp_packet *packet);
/** kernel_receive() - what becomes of a packet that came in */
enum kernel_verdict kernel_receive(struct party *p, const struct esp_packet *packet);

/* ---- tap.c ---- */

/** tap_init() - make the party's backend */
void tap_init(struct party *p);
/** tap_psk_auth() - AUTH data as the key process computes it; its length */
size_t tap_psk_auth(uint16_t prf, struct ike_chunk psk, struct ike_chunk octets, uint8_t *out);
/** tap_ppk_mix() - a key with a PPK mixed in, as the key process does it; its length */
size_t tap_ppk_mix(uint16_t prf, struct ike_chunk ppk, const uint8_t *key, uint8_t *out);
/** tap_done() - free what all parties share */
void tap_done(void);

#endif
