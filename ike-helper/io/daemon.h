/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parent process: what its files share. Prototypes are grouped by the file that has them.
 * Everything runs in one thread from one event loop.
 */
#ifndef IPVTID_DAEMON_H
#define IPVTID_DAEMON_H

#include <event2/event.h>
#include <ipvti.h>
#include <jansson.h>
#include <sys/queue.h>

#include "child.h"
#include "config.h"
#include "log.h"
#include "msg.h"
#include "secret.h"
#include "tag.h"

#define RUN_DIR "/run/ipvti"
#define STATE_DIR "/var/lib/ipvti"
#define VERIFIED_MAX 8		/* IKE SAs of one tunnel at a time: the old, the new, collisions */

/**
 * struct sa - an SA in the kernel
 * @link: in struct tunnel
 * @dir: IPVTI_SA_IN or IPVTI_SA_OUT
 * @spi: SPI
 * @pair: SPI of the other direction, 0 if unknown
 * @adopted: left by an earlier process of the daemon, or known to the core only as such
 * @esn: extended sequence numbers
 * @child: index of the child
 * @alg: keyword
 * @tag: as in the kernel
 * @n_remote: selectors used in @remote
 * @remote: the peer's side of the traffic; not known of adopted ones
 */
struct sa {
	LIST_ENTRY(sa) link;
	uint8_t dir;
	uint32_t spi;
	uint32_t pair;
	bool adopted;
	bool esn;
	uint8_t child;
	char alg[IKE_MAX_ALG];
	uint8_t tag[IPVTI_TAG_LEN];
	uint8_t n_remote;
	struct ike_ts remote[IKE_MAX_TS];
};

/**
 * struct failure - of a negotiation
 * @known: there was one
 * @at: daemon_clock() when it was explained
 * @e: why
 * @route: how packets go to the peer, in words; empty if that is not known
 */
struct failure {
	bool known;
	uint64_t at;
	struct ike_explanation e;
	char route[128];
};

/**
 * struct verified - an IKE SA whose peer the key process verified
 * @id: who it is; type IKE_ID_ANY of one that came by a rekey
 */
struct verified {
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_id id;
};

/**
 * struct tunnel - a configured tunnel, a template, or the tunnel of a template's client
 * @link: in struct daemon
 * @d: daemon
 * @handle: its number in messages
 * @conf: its configuration
 * @template: of a client: the template it is of; otherwise NULL
 * @leave: of a client: when it fires the client is gone
 * @tag: hash of its name
 * @ref: its device; id 0 while there is none
 * @ifindex: of the device in this network namespace, 0 if it was moved into another
 * @ours: the daemon created the device
 * @sas: in the kernel
 * @n_verified: used in @verified
 * @verified: IKE SAs it may install SAs for
 * @no_tfc: its peer takes no TFC padding
 * @resuming: @verified is what an earlier run stored, and the network process has not yet said whether
 *	it goes on with its IKE SA
 * @held: taken down by hand, until it is brought up by hand
 * @up: it has a Child SA
 * @since: daemon_clock() when it came up or went down
 * @reason: why the last attempt failed or it went down
 * @carrier: as the kernel says
 * @suspect: as the core says
 * @endpoint: outer addresses as the core says
 * @endpoint_set: @endpoint is known
 * @found: addresses of the configured hosts as looked up last
 * @resolve_token: question of the core that waits for the resolver, 0 for none
 * @resolve_attempt: of that question
 * @n_lookups: answers of the resolver that are missing
 * @chosen: own address that routing chose for the peer at the last look
 * @stranded: at the last look there was no way to the peer, or the own address was not here
 * @no_way: why the peer has no address or there is no way to it
 * @secret: a command that fetches its secret
 * @ppk: one that fetches its post-quantum preshared key
 * @reading: the key process reads its certificates
 * @introduce_later: the network process gets to know the tunnel when these have ended
 * @up_later: and then is to bring it up
 * @secret_error: why there is no secret, behind the name of the key; empty if there is one
 * @ppk_error: likewise of its post-quantum preshared key
 * @authorities_len: octets used in @authorities
 * @authorities: data of CERTREQ
 * @failure: of the last negotiation that failed
 * @assigned: what the peer assigned last; asked for again
 * @assigned_set: and it holds
 * @assigned_before: by an earlier daemon: of it the addresses are known, and the routes on the device
 * @addresses: of the device, as set by route.c
 * @routes: into the device, as set by route.c; also while the device is down
 * @backstops: as set by route.c
 * @metric: of @routes
 */
struct tunnel {
	LIST_ENTRY(tunnel) link;
	struct daemon *d;
	uint32_t handle;
	struct conf_tunnel conf;
	struct tunnel *template;
	struct event *leave;
	uint8_t tag[TAG_TUNNEL_LEN];
	struct ipvti_ref ref;
	uint32_t ifindex;
	bool ours;
	LIST_HEAD(, sa) sas;
	unsigned int n_verified;
	struct verified verified[VERIFIED_MAX];
	bool no_tfc;
	bool resuming;
	bool held;
	bool up;
	uint64_t since;
	enum ike_reason reason;
	bool carrier;
	bool suspect;
	struct msg_endpoint endpoint;
	bool endpoint_set;
	struct msg_found found;
	uint32_t resolve_token;
	uint32_t resolve_attempt;
	unsigned int n_lookups;
	struct ike_addr chosen;
	bool stranded;
	char no_way[IKE_MAX_TEXT];
	struct secret_job *secret;
	struct secret_job *ppk;
	bool reading;
	bool introduce_later;
	bool up_later;
	char secret_error[IKE_MAX_TEXT];
	char ppk_error[IKE_MAX_TEXT];
	uint32_t authorities_len;
	uint8_t authorities[IKE_MAX_AUTHORITIES];
	struct failure failure;
	struct ike_assigned assigned;
	bool assigned_set;
	bool assigned_before;
	struct conf_prefixes addresses;
	struct conf_prefixes routes;
	struct conf_prefixes backstops;
	uint64_t metric;
};

LIST_HEAD(tunnel_list, tunnel);
TAILQ_HEAD(hook_list, hook);

/**
 * struct process - an unprivileged process
 * @d: daemon
 * @role: what it is
 * @pid: 0 while it is not running
 * @channel: to it
 * @restart: starts it again
 */
struct process {
	struct daemon *d;
	enum msg_role role;
	pid_t pid;
	struct msg_channel *channel;
	struct event *restart;
};

/**
 * struct daemon - the parent process
 * @base: event loop
 * @conf_path: where the configuration is
 * @control_path: control socket
 * @state_dir: what is to survive a restart of the host
 * @log_fixed: the level was given on the command line
 * @conf: what does not belong to a tunnel
 * @tunnels: tunnels and templates in the order of the configuration, and clients behind them
 * @stranger: of the last peer that no tunnel is configured for
 * @last_handle: of the newest tunnel
 * @ipvti: requests to the kernel
 * @events: events from the kernel
 * @events_readable: on @events
 * @crypto: to know what it supports
 * @processes: by enum msg_role; the parent's is unused
 * @n_sockets: used in @sockets
 * @sockets: UDP sockets of the network process
 * @leases: struct of pool.c
 * @hooks: struct of hook.c
 * @states: struct of state.c
 * @rtnl: struct of route.c
 * @control: struct of control.c
 */
struct daemon {
	struct event_base *base;
	const char *conf_path;
	const char *control_path;
	const char *state_dir;
	bool log_fixed;
	struct conf_daemon conf;
	struct tunnel_list tunnels;
	struct failure stranger;
	uint32_t last_handle;
	struct ipvti *ipvti;
	struct ipvti_events *events;
	struct event *events_readable;
	struct ike_crypto *crypto;
	struct process processes[MSG_N_ROLES];
	int n_sockets;
	int sockets[CHILD_MAX_SOCKETS];
	struct leases *leases;
	struct hook_list hooks;
	struct states *states;
	struct rtnl *rtnl;
	struct control *control;
};

/* ---- daemon.c -------------------------------------------------------------------------------- */

/**
 * struct daemon_options - from the command line
 * @conf_path: file or directory
 * @run_dir: directory of the control socket and of what IKE SAs resume from
 * @state_dir: directory of the leases
 * @control_path: control socket, or NULL: in @run_dir
 * @log: least level, or -1: as configured
 */
struct daemon_options {
	const char *conf_path;
	const char *run_dir;
	const char *state_dir;
	const char *control_path;
	int log;
};

/**
 * daemon_run() - be the daemon until a signal ends it
 *
 * Return: exit status.
 */
int daemon_run(const struct daemon_options *opt);

/**
 * daemon_prepare() - create the devices and install the backstops, with no network
 *
 * Return: exit status.
 */
int daemon_prepare(const struct daemon_options *opt);

/**
 * daemon_reload() - read the configuration again and apply the difference
 * @d: daemon
 * @report: array of what changed
 * @err: says what is wrong with the configuration
 * @len: size of @err
 *
 * Return: false if it has faults; nothing changed then.
 */
bool daemon_reload(struct daemon *d, json_t *report, char *err, size_t len);

/**
 * daemon_set_log() - change the least level at run time
 * @d: daemon
 * @subsystem: which, or LOG_N_SUBSYSTEMS for all
 * @level: level
 */
void daemon_set_log(struct daemon *d, enum log_subsystem subsystem, enum ike_log_level level);

/**
 * daemon_clock() - milliseconds since boot, suspended or not
 */
uint64_t daemon_clock(void);

/* ---- tunnels.c ------------------------------------------------------------------------------- */

/**
 * tunnel_find() - by name, or NULL
 */
struct tunnel *tunnel_find(struct daemon *d, const char *name);

/**
 * tunnel_by_handle() - by the number in messages, or NULL
 */
struct tunnel *tunnel_by_handle(struct daemon *d, uint32_t handle);

/**
 * tunnel_by_device() - by the kernel's device id, or NULL
 */
struct tunnel *tunnel_by_device(struct daemon *d, uint64_t id);

/**
 * tunnels_load() - make tunnels of a configuration when nothing runs yet
 * @d: daemon
 * @conf: loaded; its tunnels are copied
 */
void tunnels_load(struct daemon *d, const struct config *conf);

/**
 * tunnels_reload() - apply the difference
 * @d: daemon
 * @conf: loaded
 * @report: array; receives a line for each tunnel that changed
 */
void tunnels_reload(struct daemon *d, const struct config *conf, json_t *report);

/**
 * tunnels_free() - forget all; leaves kernel and peers alone
 */
void tunnels_free(struct daemon *d);

/**
 * tunnel_new() - make a tunnel, at the end of the list
 * @d: daemon
 * @conf: copied
 */
struct tunnel *tunnel_new(struct daemon *d, const struct conf_tunnel *conf);

/**
 * tunnel_end() - delete its SAs here and at the peer, its routes and its device, and forget it
 */
void tunnel_end(struct tunnel *t);

/**
 * tunnel_free() - forget it; leaves kernel and peer alone
 */
void tunnel_free(struct tunnel *t);

/**
 * tunnel_difference() - what differs between two configurations of a tunnel
 * @a: before
 * @b: after
 * @keys: array; receives the names of the keys
 *
 * Return: the heaviest class among them.
 */
enum conf_reload tunnel_difference(const struct conf_tunnel *a, const struct conf_tunnel *b,
				   json_t *keys);

/**
 * tunnel_apply() - let a tunnel's device, routes and core follow its changed configuration
 */
void tunnel_apply(struct tunnel *t);

/**
 * tunnels_settled() - see whether all secrets are known
 *
 * The network process listens once certificates are read, `reload` is answered once everything is.
 */
void tunnels_settled(struct daemon *d);

/**
 * tunnel_furnish() - give a tunnel its device, SAs, addresses and routes
 *
 * A tunnel whose device cannot be had stays without until the next reload or `up`.
 */
void tunnel_furnish(struct tunnel *t);

/**
 * tunnel_introduce() - tell the network process about a tunnel and the SAs it has already
 */
void tunnel_introduce(struct tunnel *t);

/**
 * tunnel_admit() - let the peer of a tunnel that was taken down come again
 */
void tunnel_admit(struct tunnel *t);

/**
 * tunnel_lack() - why a secret of a tunnel is not there
 * @t: tunnel
 * @reason: which one: IKE_REASON_NO_SECRET, IKE_REASON_PPK_MISSING, IKE_REASON_NONE for any
 *
 * Return: behind the name of the key; empty if it is there, or for another reason.
 */
const char *tunnel_lack(const struct tunnel *t, enum ike_reason reason);

/**
 * tunnel_share_secret() - fetch the secrets and tell the key process
 */
void tunnel_share_secret(struct tunnel *t);

/**
 * tunnel_credentials() - the key process has read the certificates of a tunnel
 */
void tunnel_credentials(struct tunnel *t, const struct msg_credentials *m);

/**
 * tunnel_event() - give the core an event that has no arguments
 */
void tunnel_event(struct tunnel *t, enum ike_event_type type);

/**
 * tunnel_sa_find() - an SA in the kernel, or NULL
 */
struct sa *tunnel_sa_find(struct tunnel *t, uint8_t dir, uint32_t spi);

/**
 * tunnel_sa_forget() - the kernel has it no more
 */
void tunnel_sa_forget(struct sa *sa);

/**
 * tunnel_is_verified() - may this tunnel have SAs negotiated by that IKE SA?
 * @t: tunnel
 * @tag: of the SA
 *
 * Yes if the key process verified the peer for those IKE SPIs. An IKE SA that was rekeyed has new
 * ones, so also if it verified the peer for others of the same network process.
 */
bool tunnel_is_verified(struct tunnel *t, const uint8_t *tag);

/**
 * tunnel_verified() - the key process verified a peer
 * @t: tunnel
 * @spi_i: for this IKE SA
 * @spi_r: likewise
 * @id: who it is
 */
void tunnel_verified(struct tunnel *t, uint64_t spi_i, uint64_t spi_r, const struct ike_id *id);

/**
 * tunnel_peer() - the identity that was proved for an IKE SA, or NULL
 */
const struct ike_id *tunnel_peer(struct tunnel *t, uint64_t spi_i, uint64_t spi_r);

/* ---- template.c ------------------------------------------------------------------------------ */

/**
 * template_client_name() - the name of the tunnel of a client
 * @template: name of the template
 * @id: who the client is
 * @name: result: the template's name, a slash, and the identity as far as it fits. Where octets
 *	are replaced or left out, a hash tells identities apart
 */
void template_client_name(const char *template, const struct ike_id *id, char name[IKE_MAX_NAME]);

/**
 * template_device_name() - a name for the device of a client
 * @pattern: of the template, with %d or %i
 * @id: who the client is
 * @n: so many names before were taken
 * @name: result
 *
 * Return: false if there are no more.
 */
bool template_device_name(const char *pattern, const struct ike_id *id, unsigned int n,
			  char name[IFNAMSIZ]);

/**
 * template_client() - the tunnel of a client, which is made if there is none
 * @t: template
 * @id: who the client is, as the key process has verified
 * @err: says why there is none
 * @len: size of @err
 *
 * A client that does not come up in time is gone again. The network process knows the tunnel when
 * this returns.
 */
struct tunnel *template_client(struct tunnel *t, const struct ike_id *id, char *err, size_t len);

/**
 * template_adopt() - take back the clients that an earlier daemon had
 *
 * They are known by their leases and the tags of their devices. Devices of clients that no template
 * has any more are deleted.
 */
void template_adopt(struct daemon *d);

/**
 * template_client_state() - a client came up, went down, or got to be known to a network process
 * @t: its tunnel
 */
void template_client_state(struct tunnel *t);

/**
 * template_changed() - let the clients of a template follow its changed configuration
 *
 * Those for which this needs another negotiation are disconnected: it is they who begin.
 */
void template_changed(struct tunnel *t);

/**
 * template_clients() - how many there are
 */
unsigned int template_clients(const struct tunnel *t);

/**
 * template_down() - disconnect all clients of a template
 */
void template_down(struct tunnel *t);

/**
 * template_end() - forget all clients of a template and what they have
 */
void template_end(struct tunnel *t);

/* ---- hook.c ---------------------------------------------------------------------------------- */

/**
 * hook_run() - run the command of a tunnel, if it has one
 * @t: tunnel; not needed any more on return
 * @event: what it is told: "up", "down", or "changed" when the assigned addresses are others
 */
void hook_run(struct tunnel *t, const char *event);

/**
 * hook_close() - kill those that run
 */
void hook_close(struct daemon *d);

/* ---- processes.c ----------------------------------------------------------------------------- */

/**
 * processes_start() - start all unprivileged processes
 */
void processes_start(struct daemon *d);

/**
 * processes_reap() - after SIGCHLD
 */
void processes_reap(struct daemon *d);

/**
 * processes_stop() - end them
 */
void processes_stop(struct daemon *d);

/* ---- actions.c ------------------------------------------------------------------------------- */

/**
 * actions_take() - do what an unprivileged process asks, if it may; a msg_handler
 * @ch: channel to it
 * @msg: what it says
 * @arg: struct process
 */
void actions_take(struct msg_channel *ch, const struct msg *msg, void *arg);

/* ---- lookup.c -------------------------------------------------------------------------------- */

/**
 * lookup_start() - the core wants the peer's address
 * @t: tunnel
 * @token: of the question
 * @attempt: how many times it asked before
 */
void lookup_start(struct tunnel *t, uint32_t token, uint32_t attempt);

/**
 * lookup_from_resolver() - the resolver answered
 */
void lookup_from_resolver(struct daemon *d, const struct msg *msg);

/**
 * lookup_abandon() - the resolver is gone; questions are answered with failure
 */
void lookup_abandon(struct daemon *d);

/**
 * lookup_endpoint() - the core has another endpoint: see what routing chooses for it
 */
void lookup_endpoint(struct tunnel *t);

/**
 * lookup_again() - see whether the own address of a tunnel is still the right one
 */
void lookup_again(struct tunnel *t);

/**
 * lookup_moved() - addresses or routes have changed: tell the core where own addresses have
 *
 * A configured one that has left this host (VRRP) ends the tunnel, and its return, like that of a
 * route to the peer, makes the core try again at once.
 */
void lookup_moved(struct daemon *d);

/* ---- sockets.c ------------------------------------------------------------------------------- */

/**
 * sockets_open() - make the UDP sockets of the network process
 *
 * Return: false after logging why not.
 */
bool sockets_open(struct daemon *d);

/* ---- kernel.c -------------------------------------------------------------------------------- */

/**
 * kernel_open() - connect to the module and its events
 * @d: daemon
 * @events: also events
 */
bool kernel_open(struct daemon *d, bool events);
void kernel_close(struct daemon *d);

/**
 * kernel_device() - find or create the device of a tunnel and apply its settings
 *
 * Return: false after logging why not.
 */
bool kernel_device(struct tunnel *t);

/**
 * kernel_device_find() - learn the name of the device that an earlier daemon made for a client
 * @t: tunnel of the client
 *
 * Return: false if there is none.
 */
bool kernel_device_find(struct tunnel *t);

/**
 * kernel_sweep() - delete the devices of clients that there are no tunnels of
 */
void kernel_sweep(struct daemon *d);

/**
 * kernel_device_delete() - delete the device of a tunnel if the daemon created it
 */
void kernel_device_delete(struct tunnel *t);

/**
 * kernel_adopt() - take back the SAs of a tunnel that an earlier daemon left
 */
void kernel_adopt(struct tunnel *t);

/**
 * kernel_introduce() - tell the network process which SPIs are reserved, and which SAs have reached a
 * soft limit: it may know, or an earlier one did
 */
void kernel_introduce(struct tunnel *t);

/**
 * kernel_endpoint() - set outer addresses and encapsulation
 */
void kernel_endpoint(struct tunnel *t, const struct msg_endpoint *e);

/**
 * kernel_tfc() - let the device pad, unless the peer of one of its SAs does not take that
 *
 * RFC 7296 section 3.10.1, ESP_TFC_PADDING_NOT_SUPPORTED. To be called when SAs or configuration
 * have changed.
 */
void kernel_tfc(struct tunnel *t);

/**
 * kernel_install() - install an SA
 * @t: tunnel
 * @in: what
 * @err: says why not
 * @len: size of @err
 */
bool kernel_install(struct tunnel *t, const struct ike_install *in, char *err, size_t len);

/**
 * kernel_device_get() - what the kernel knows of the device of a tunnel
 */
bool kernel_device_get(struct tunnel *t, struct ipvti_message *msg);

/**
 * kernel_sa_get() - what the kernel knows of an SA
 */
bool kernel_sa_get(struct tunnel *t, uint8_t dir, uint32_t spi, struct ipvti_message *msg);

/* ---- assigned.c ------------------------------------------------------------------------------ */

/**
 * assigned_take() - the network process says that the peer has assigned virtual addresses
 *
 * They go to the device if the tunnel asks for such, and its peer has been verified.
 */
void assigned_take(struct tunnel *t, const struct ike_assigned *m);

/**
 * assigned_adopt() - take over what an earlier daemon has put on the device
 * @t: tunnel; its SAs and the addresses of its device are known
 *
 * While SAs are left the addresses stay; in any case they are asked for again.
 */
void assigned_adopt(struct tunnel *t);

/**
 * assigned_withdraw() - the tunnel is down, or asks for no addresses any more
 */
void assigned_withdraw(struct tunnel *t);

/**
 * assigned_addresses() - add those the device is to have to a list
 */
void assigned_addresses(const struct tunnel *t, struct conf_prefixes *list);

/**
 * assigned_destinations() - add what a selector of the peer's side lets us route there to a list
 *
 * Where the peer has named subnets of the family, that is what both have in common.
 */
void assigned_destinations(const struct tunnel *t, const struct ike_ts *ts,
			   struct conf_prefixes *list);

/**
 * assigned_hints() - what the core is to ask for again
 */
void assigned_hints(const struct tunnel *t, struct ike_peer_config *p);

/**
 * assigned_json() - add what holds to an object for people
 */
void assigned_json(const struct tunnel *t, json_t *o);

/* ---- pool.c ---------------------------------------------------------------------------------- */

/**
 * pool_open() - read the leases
 * @d: daemon; its state directory is known
 *
 * What cannot be read of them is logged and forgotten.
 */
void pool_open(struct daemon *d);
void pool_close(struct daemon *d);

/**
 * pool_lease() - addresses for a peer from the pool of its tunnel
 * @t: tunnel with a pool
 * @id: the peer, as it has proved
 * @wanted: families, and addresses it would like; not trusted
 * @m: filled in
 *
 * A peer gets what it had before; then what it would like; then what nobody had; and last what is
 * not in use, the longest unused first. What is leased is written before it is told.
 */
void pool_lease(struct tunnel *t, const struct ike_id *id, const struct ike_assigned *wanted,
		struct msg_leased *m);

/**
 * pool_each_user() - call a function for each tunnel that uses leases
 * @d: daemon
 * @fn: gets the name of the tunnel and the identity that it leases for; may call pool_release()
 */
void pool_each_user(struct daemon *d, void (*fn)(struct daemon *d, const char *tunnel,
						 const struct ike_id *id));

/**
 * pool_covers() - whether a tunnel's pool still has all that the tunnel leases
 */
bool pool_covers(struct tunnel *t);

/**
 * pool_release() - the tunnel is down: its leases are kept, but no longer in use
 */
void pool_release(struct tunnel *t);

/**
 * pool_json() - add the addresses that a tunnel has handed out to an object for people
 */
void pool_json(const struct tunnel *t, json_t *o);

/* ---- state.c --------------------------------------------------------------------------------- */

/**
 * state_open() - open or make the directory of what IKE SAs resume from
 * @d: daemon
 * @run_dir: it is made in there
 *
 * Without it nothing is stored, and every restart negotiates anew.
 */
void state_open(struct daemon *d, const char *run_dir);
void state_close(struct daemon *d);

/**
 * state_sweep() - remove what belongs to no tunnel
 */
void state_sweep(struct daemon *d);

/**
 * state_store() - replace what is stored of a tunnel, with the IKE SAs that were verified
 * @t: tunnel
 * @data: of the network process
 * @len: its length; 0 removes it
 *
 * When this returns, a crash of any process leaves the new state, or none if it cannot be had.
 */
void state_store(struct tunnel *t, const void *data, size_t len);

/**
 * state_load() - what the network process said last, and the IKE SAs that were verified then
 * @t: tunnel
 * @data: room for IKE_MAX_STATE octets
 *
 * Return: its length, 0 if there is nothing to be resumed.
 */
size_t state_load(struct tunnel *t, void *data);

/**
 * state_forget() - wipe and remove what is stored of a tunnel
 */
void state_forget(struct tunnel *t);

/* ---- route.c --------------------------------------------------------------------------------- */

#define ROUTE_PROTOCOL 94			/* of addresses and routes of the daemon */
#define ROUTE_BACKSTOP_METRIC 4294967000U

/**
 * route_open() - connect to rtnetlink
 * @d: daemon
 * @watch: put back what others remove
 */
bool route_open(struct daemon *d, bool watch);
void route_close(struct daemon *d);

/**
 * route_link_up() - set a device administratively up
 */
void route_link_up(struct tunnel *t);

/**
 * route_adopt() - learn which addresses of the device an earlier daemon has set, and with virtual
 * addresses also which routes, since they come from what the peer has said
 */
void route_adopt(struct tunnel *t);

/**
 * route_apply() - make addresses, routes, backstops and sysctls of a tunnel as they should be
 * @t: tunnel
 *
 * What it has that is not wanted any more goes, what is missing comes.
 */
void route_apply(struct tunnel *t);

/**
 * route_sweep() - remove routes of the daemon's protocol that no tunnel has any more
 */
void route_sweep(struct daemon *d);

/**
 * route_is_local() - whether this host has an address
 */
bool route_is_local(const struct ike_addr *addr);

/**
 * route_describe() - how packets go to a peer, "via 192.0.2.1 dev eth0"
 * @d: daemon
 * @local: source address
 * @remote: destination
 * @buf: result; empty if it cannot be known
 * @len: size of @buf
 */
void route_describe(struct daemon *d, const struct ike_addr *local, const struct ike_addr *remote,
		    char *buf, size_t len);

/**
 * route_withdraw() - remove them, when the tunnel leaves the configuration
 */
void route_withdraw(struct tunnel *t);

/* ---- control.c ------------------------------------------------------------------------------- */

/**
 * control_open() - listen on the control socket
 *
 * Return: false after logging why not.
 */
bool control_open(struct daemon *d);
void control_close(struct daemon *d);

/**
 * control_log() - a line of a tunnel's log, for those who wait for it
 */
void control_log(struct tunnel *t, enum ike_log_level level, const char *text);

/**
 * control_state() - a tunnel came up, went down or could not be brought up
 * @t: tunnel
 * @what: IKE_ACT_UP, IKE_ACT_DOWN or IKE_ACT_FAILED
 * @text: why
 */
void control_state(struct tunnel *t, enum ike_action_type what, const char *text);

/**
 * control_event() - something happened that `ipvtictl monitor` shows; takes @event
 * @d: daemon
 * @name: of the event
 * @event: object
 */
void control_event(struct daemon *d, const char *name, json_t *event);

/**
 * control_status() - the network process answered MSG_STATUS_GET
 */
void control_status(struct daemon *d, const struct msg *msg);

/**
 * control_settled() - every tunnel has its secret, or it is known why not
 */
void control_settled(struct daemon *d);

/**
 * control_network_lost() - it will not answer any more
 */
void control_network_lost(struct daemon *d);

/* ---- status.c -------------------------------------------------------------------------------- */

/**
 * status_string() - a JSON string; octets that are not UTF-8 are replaced
 */
json_t *status_string(const char *text);

/**
 * status_json() - a tunnel for `ipvtictl status`
 * @t: tunnel
 * @m: what the core knows; NULL while the network process is not running
 */
json_t *status_json(struct tunnel *t, const struct msg_status *m);

/* ---- explain.c ------------------------------------------------------------------------------- */

/**
 * explain_take() - the core explained a failure: keep it, log it, tell those who watch
 * @d: daemon
 * @t: whose, or NULL: of a peer that no tunnel is configured for
 * @e: what the network process said
 */
void explain_take(struct daemon *d, struct tunnel *t, const struct ike_explanation *e);
/**
 * explain_json() - a failure for `ipvtictl explain` and for events
 * @f: what failed
 * @conf: of the tunnel; NULL: no tunnel is configured for that peer
 */
json_t *explain_json(const struct failure *f, const struct conf_tunnel *conf);

/**
 * explain_line() - the same in one line, with the line of the configuration to look at
 */
void explain_line(const struct failure *f, const struct conf_tunnel *conf, char *buf, size_t len);

#endif
