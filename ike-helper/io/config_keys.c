// SPDX-License-Identifier: GPL-2.0
/* The table of all keys of the configuration. ipvti.conf(5) describes the same; a test compares. */
#include <linux/ipvti.h>

#include "config.h"

const char *const conf_words_log[] = {
	"error", "warning", "notice", "info", "debug", NULL
};
const char *const conf_words_start[] = { "manual", "now", "on-traffic", NULL };
const char *const conf_words_auth[] = { "psk", "pubkey", NULL };
const char *const conf_words_encap[] = { "auto", "udp", NULL };
const char *const conf_words_df[] = { "set", "clear", "copy", NULL };
const char *const conf_words_parallel[] = { "off", "on", "auto", NULL };
const char *const conf_words_roam[] = { "off", "port", "any", NULL };
const char *const conf_words_checksum[] = { "trust", "verify", NULL };
static const char *const words_auto[] = { "auto", NULL };
static const char *const words_inherit[] = { "inherit", NULL };
static const char *const words_off[] = { "off", NULL };
static const char *const words_tfc[] = { "off", "mtu", NULL };
static const char *const words_version[] = { "2", NULL };
static const char *const words_protocol[] = { "esp", NULL };
static const char *const words_no[] = { "no", "false", NULL };
static const char *const words_one[] = { "1", NULL };
static const char *const words_again[] = { "auto", "clear", "hold", "restart", NULL };

#define OF_TUNNELS (CONF_IN_PROFILE | CONF_IN_TUNNEL)	/* a template has nothing like it */
#define SHARED (OF_TUNNELS | CONF_IN_TEMPLATE)

#define FIELD(f) \
	.offset = offsetof(struct conf_tunnel, f), .size = sizeof(((struct conf_tunnel *)0)->f)
#define DAEMON_FIELD(f) \
	.offset = offsetof(struct conf_daemon, f), .size = sizeof(((struct conf_daemon *)0)->f)

#define POOL_FIELD(f) \
	.offset = offsetof(struct conf_pool, f), .size = sizeof(((struct conf_pool *)0)->f)

#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

const struct conf_key conf_keys[] = {
	/* the daemon */
	{ "log", CONF_IN_DAEMON, &conf_type_word, DAEMON_FIELD(log), .words = conf_words_log,
	  .def = "info", .reload = CONF_IN_PLACE, .help = "least level that is logged" },
	{ "user", CONF_IN_DAEMON, &conf_type_name, DAEMON_FIELD(user),
	  .def = "nobody", .reload = CONF_RESTART,
	  .help = "user that the unprivileged processes become" },
	{ "fwmark", CONF_IN_DAEMON, &conf_type_number, DAEMON_FIELD(fwmark), .max = UINT32_MAX,
	  .def = "0", .reload = CONF_RESTART, .help = "mark of IKE packets" },
	{ "cookie-threshold", CONF_IN_DAEMON, &conf_type_number, DAEMON_FIELD(cookie_threshold),
	  .max = 65536, .def = "30", .reload = CONF_RESTART,
	  .help = "half-open IKE SAs from which on a cookie is asked for" },
	{ "half-open-max", CONF_IN_DAEMON, &conf_type_number, DAEMON_FIELD(half_open_max), .min = 1,
	  .max = 65536, .def = "256", .reload = CONF_RESTART,
	  .help = "half-open IKE SAs in all" },

	/* pools */
	{ "addresses", CONF_IN_POOL, &conf_type_ranges, POOL_FIELD(addresses), .def = NULL,
	  .reload = CONF_RENEGOTIATE, .help = "ranges of addresses to hand out" },
	{ "dns", CONF_IN_POOL, &conf_type_addresses, POOL_FIELD(dns), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "name servers that go with them" },
	{ "subnets", CONF_IN_POOL, &conf_type_subnets, POOL_FIELD(subnets), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "subnets that the peer is to route to us" },

	/* must be read before the proposals are */
	{ "legacy", SHARED, &conf_type_flag, FIELD(legacy), .def = "no",
	  .reload = CONF_NEXT_REKEY,
	  .help = "allow algorithms that RFC 8221 and RFC 8247 advise against" },

	/* who */
	{ "profile", CONF_IN_TUNNEL | CONF_IN_TEMPLATE, &conf_type_name, FIELD(profile), .def = "",
	  .reload = CONF_IN_PLACE, .help = "profile that gives what the tunnel leaves out" },
	{ "device", CONF_IN_TUNNEL | CONF_IN_TEMPLATE, &conf_type_device, FIELD(device), .def = NULL,
	  .reload = CONF_RENEGOTIATE, .help = "network device of the tunnel" },
	{ "local", SHARED, &conf_type_address, FIELD(local), .def = "%any",
	  .reload = CONF_RENEGOTIATE, .help = "own outer address" },
	{ "remote", OF_TUNNELS, &conf_type_hosts, FIELD(remote), .def = "%any",
	  .alias = "host", .reload = CONF_RENEGOTIATE,
	  .help = "name or addresses of the peer, looked up at each attempt" },
	{ "local-id", SHARED, &conf_type_id, FIELD(local_id), .def = NULL,
	  .reload = CONF_RENEGOTIATE, .help = "identity shown to the peer" },
	{ "remote-id", SHARED, &conf_type_id, FIELD(remote_id), .def = NULL,
	  .reload = CONF_RENEGOTIATE, .help = "identity the peer must prove" },
	{ "auth", SHARED, &conf_type_word, FIELD(auth), .words = conf_words_auth, .def = "psk",
	  .reload = CONF_RENEGOTIATE, .help = "how both sides prove who they are" },
	{ "psk", SHARED, &conf_type_secret, FIELD(psk), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "pre-shared key" },
	{ "ppk", SHARED, &conf_type_secret, FIELD(ppk), .def = "",
	  .reload = CONF_RENEGOTIATE,
	  .help = "post-quantum preshared key, mixed into the keys" },
	{ "ppk-id", SHARED, &conf_type_text, FIELD(ppk_id), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "name of that key, the same on both sides" },
	{ "ppk-required", SHARED, &conf_type_flag, FIELD(ppk_required), .def = "no",
	  .reload = CONF_RENEGOTIATE, .help = "no IKE SA without that key" },
	{ "certificate", SHARED, &conf_type_file, FIELD(certificate), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "file of our certificate" },
	{ "private-key", SHARED, &conf_type_private_file, FIELD(private_key), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "file of its private key" },
	{ "ca", SHARED, &conf_type_files, FIELD(ca), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "files of authorities for the peer's certificate" },
	{ "crl", SHARED, &conf_type_files, FIELD(crl), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "files of revoked certificates" },

	/* IKE */
	{ "version", SHARED, &conf_type_word, FIELD(version), .words = words_version,
	  .why = "IKEv1 is not there: it is deprecated (RFC 9395)", .def = "2",
	  .reload = CONF_IN_PLACE, .help = "version of IKE" },
	{ "ike-proposals", SHARED, &conf_type_ike_proposals, FIELD(ike_proposals), .def = "",
	  .reload = CONF_NEXT_REKEY, .help = "algorithms of the IKE SA" },
	{ "ike-lifetime", SHARED, &conf_type_duration, FIELD(ike_lifetime), .min = 10 * SECOND,
	  .max = 30 * DAY, .words = words_off, .def = "4h", .reload = CONF_NEXT_REKEY,
	  .help = "time until the IKE SA is rekeyed" },
	{ "start", OF_TUNNELS, &conf_type_word, FIELD(start), .words = conf_words_start, .def = "now",
	  .alias = "start-action", .reload = CONF_IN_PLACE, .help = "what brings the tunnel up" },
	{ "close-action", OF_TUNNELS, &conf_type_word, FIELD(close_action), .words = words_again,
	  .def = "auto", .reload = CONF_IN_PLACE,
	  .help = "what becomes of the tunnel when the peer deletes its SAs" },
	{ "detect", SHARED, &conf_type_duration, FIELD(detect), .min = SECOND / 2, .max = HOUR,
	  .words = words_off, .def = "30s", .reload = CONF_IN_PLACE,
	  .help = "longest time from the last authenticated packet to carrier down" },
	{ "dpd-delay", SHARED, &conf_type_duration, FIELD(dpd_delay), .min = SECOND / 10,
	  .max = HOUR, .words = words_auto, .def = "auto", .reload = CONF_IN_PLACE,
	  .help = "silence after which the peer is probed" },
	{ "dpd-action", OF_TUNNELS, &conf_type_word, FIELD(dpd_action), .words = words_again,
	  .def = "auto", .reload = CONF_IN_PLACE,
	  .help = "what becomes of the tunnel when the peer has been given up" },
	{ "give-up", SHARED, &conf_type_duration, FIELD(give_up), .min = SECOND, .max = DAY,
	  .def = "3m", .alias = "dpd-timeout", .reload = CONF_IN_PLACE,
	  .help = "time after which a silent peer's SAs are deleted" },
	{ "retry", SHARED, &conf_type_duration, FIELD(retry), .min = SECOND / 10, .max = HOUR,
	  .def = "1s", .reload = CONF_IN_PLACE,
	  .help = "pause before the second attempt, grows to 32 times that" },
	{ "retransmit", SHARED, &conf_type_duration, FIELD(retransmit), .min = SECOND / 10,
	  .max = 60 * SECOND, .def = "500ms", .reload = CONF_IN_PLACE,
	  .help = "first retransmission interval of a request, each next is 1.8 times longer" },
	{ "retransmit-limit", SHARED, &conf_type_number, FIELD(retransmit_limit), .min = 1,
	  .max = 100, .words = words_off, .def = "off", .reload = CONF_IN_PLACE,
	  .help = "retransmissions of a request after which the peer is given up" },
	{ "window", SHARED, &conf_type_word, FIELD(window), .words = words_one,
	  .why = "requests are answered one after the other, as peers expect that are told nothing else (RFC 7296 section 2.3)",
	  .def = "1", .reload = CONF_IN_PLACE, .help = "requests that may be under way at a time" },
	{ "ike-dscp", SHARED, &conf_type_number, FIELD(ike_dscp), .max = 63, .def = "0",
	  .reload = CONF_IN_PLACE, .help = "DSCP of IKE packets" },
	{ "fragment-size", SHARED, &conf_type_number, FIELD(fragment_size), .min = 576, .max = 9000,
	  .def = "1280", .reload = CONF_NEXT_REKEY,
	  .help = "largest IP packet that IKE sends in one piece" },
	{ "mobike", SHARED, &conf_type_flag, FIELD(mobike), .def = "no",
	  .reload = CONF_RENEGOTIATE, .help = "announce MOBIKE" },

	/* Child SA */
	{ "esp-proposals", SHARED, &conf_type_esp_proposals, FIELD(esp_proposals), .def = "",
	  .reload = CONF_NEXT_REKEY, .help = "algorithms of the Child SAs" },
	{ "pfs", SHARED, &conf_type_groups, FIELD(pfs), .def = "",
	  .reload = CONF_NEXT_REKEY, .help = "key exchange groups of Child SAs" },
	{ "protocol", SHARED, &conf_type_word, FIELD(protocol), .words = words_protocol,
	  .why = "AH is not there: it encrypts nothing, and no NAT lets it pass; ESP with null-sha256 authenticates as much of what is inside",
	  .def = "esp", .reload = CONF_IN_PLACE, .help = "protocol of the Child SAs" },
	{ "compress", SHARED, &conf_type_word, FIELD(compress), .words = words_no,
	  .why = "IPComp is not there: the length of what is compressed before encryption tells what it was",
	  .def = "no", .reload = CONF_IN_PLACE, .help = "compression of packets (IPComp)" },
	{ "local-ts", SHARED, &conf_type_selectors, FIELD(local_ts), .def = "0.0.0.0/0 ::/0",
	  .reload = CONF_RENEGOTIATE, .help = "traffic selectors of this side" },
	{ "remote-ts", SHARED, &conf_type_selectors, FIELD(remote_ts), .def = "0.0.0.0/0 ::/0",
	  .reload = CONF_RENEGOTIATE, .help = "traffic selectors of the peer's side" },
	{ "children", SHARED, &conf_type_children, FIELD(children), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "selectors of Child SAs of their own" },
	{ "child-lifetime", SHARED, &conf_type_duration, FIELD(child_lifetime), .min = 10 * SECOND,
	  .max = 30 * DAY, .words = words_off, .def = "1h", .reload = CONF_NEXT_REKEY,
	  .help = "time until a Child SA is rekeyed" },
	{ "child-bytes", SHARED, &conf_type_size, FIELD(child_bytes), .min = 1024,
	  .max = INT64_MAX, .words = words_off, .def = "off", .reload = CONF_NEXT_REKEY,
	  .help = "octets until a Child SA is rekeyed" },
	{ "child-packets", SHARED, &conf_type_number, FIELD(child_packets), .min = 100,
	  .max = INT64_MAX, .words = words_off, .def = "off", .reload = CONF_NEXT_REKEY,
	  .help = "packets until a Child SA is rekeyed" },
	{ "replay-window", SHARED, &conf_type_number, FIELD(replay_window),
	  .max = IPVTI_REPLAY_WINDOW_MAX, .def = "1024", .reload = CONF_NEXT_REKEY,
	  .help = "packets by which one may be late, 0 checks nothing" },
	{ "encap", SHARED, &conf_type_word, FIELD(encap), .words = conf_words_encap, .def = "auto",
	  .reload = CONF_RENEGOTIATE, .help = "when ESP goes in UDP" },
	{ "keepalive", SHARED, &conf_type_duration, FIELD(keepalive), .min = SECOND, .max = HOUR,
	  .words = words_off, .def = "20s", .reload = CONF_IN_PLACE,
	  .help = "silence after which a NAT keepalive is sent, with UDP encapsulation" },

	/* the device and what is routed into it */
	{ "address", CONF_IN_TUNNEL, &conf_type_prefixes, FIELD(address), .def = "",
	  .reload = CONF_IN_PLACE, .help = "addresses of the device" },
	{ "virtual-ip", OF_TUNNELS, &conf_type_vips, FIELD(virtual_ip), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "addresses of the device to ask the peer for" },
	{ "pool", SHARED, &conf_type_pool, FIELD(pool), .def = "",
	  .reload = CONF_RENEGOTIATE, .help = "pool that the peer gets its addresses from" },
	{ "clients", CONF_IN_TEMPLATE, &conf_type_number, FIELD(clients), .min = 1, .max = 65536,
	  .def = "1000", .reload = CONF_IN_PLACE, .help = "clients that may be connected at a time" },
	{ "routes", OF_TUNNELS, &conf_type_routes, FIELD(routes), .def = "",
	  .alias = "remote-subnets", .reload = CONF_IN_PLACE, .help = "prefixes routed into the device" },
	{ "metric", SHARED, &conf_type_number, FIELD(metric), .min = 1, .max = 4000000000,
	  .def = "1024", .reload = CONF_IN_PLACE, .help = "metric of these routes" },
	{ "backstop", SHARED, &conf_type_flag, FIELD(backstop), .def = "yes",
	  .reload = CONF_IN_PLACE, .help = "keep an unreachable route behind each of them" },
	{ "failover", OF_TUNNELS, &conf_type_flag, FIELD(failover), .def = "no",
	  .reload = CONF_IN_PLACE,
	  .help = "without carrier let traffic take the next route" },
	{ "mtu", SHARED, &conf_type_number, FIELD(mtu), .min = IPVTI_MTU_MIN, .max = 65535,
	  .words = words_auto, .def = "auto", .reload = CONF_IN_PLACE, .help = "MTU of the device" },
	{ "fwmark", SHARED, &conf_type_number, FIELD(fwmark), .max = UINT32_MAX, .def = "0",
	  .reload = CONF_IN_PLACE, .help = "mark of ESP packets" },
	{ "lower", SHARED, &conf_type_ifname, FIELD(lower), .def = "",
	  .reload = CONF_IN_PLACE, .help = "device that ESP packets leave through" },
	{ "ttl", SHARED, &conf_type_number, FIELD(ttl), .min = 1, .max = 255,
	  .words = words_inherit, .def = "64", .reload = CONF_IN_PLACE,
	  .help = "TTL or hop limit of outer packets" },
	{ "dscp", SHARED, &conf_type_number, FIELD(dscp), .max = 63,
	  .words = words_inherit, .word = { IPVTI_DSCP_INHERIT }, .def = "inherit",
	  .reload = CONF_IN_PLACE,
	  .help = "DSCP of outer packets" },
	{ "tfc", SHARED, &conf_type_number, FIELD(tfc), .min = 1, .max = IPVTI_TFC_MTU - 1,
	  .words = words_tfc, .word = { 0, IPVTI_TFC_MTU }, .def = "off",
	  .reload = CONF_IN_PLACE,
	  .help = "length that packets are padded to (traffic flow confidentiality)" },
	{ "df", SHARED, &conf_type_word, FIELD(df), .words = conf_words_df, .def = "set",
	  .reload = CONF_IN_PLACE, .help = "Don't Fragment of outer IPv4 packets" },
	{ "parallel", SHARED, &conf_type_word, FIELD(parallel), .words = conf_words_parallel,
	  .def = "off", .reload = CONF_IN_PLACE, .help = "use of several CPUs for one tunnel" },
	{ "roam", SHARED, &conf_type_word, FIELD(roam), .words = conf_words_roam, .def = "port",
	  .reload = CONF_IN_PLACE, .help = "what of the peer's outer address ESP may change" },
	{ "secpath", SHARED, &conf_type_flag, FIELD(secpath), .def = "no",
	  .reload = CONF_IN_PLACE, .help = "make nft's `meta secpath exists` match" },
	{ "inner-checksum", SHARED, &conf_type_word, FIELD(inner_checksum),
	  .words = conf_words_checksum, .def = "trust", .reload = CONF_IN_PLACE,
	  .help = "whether transport checksums inside are verified again" },
	{ "hook", SHARED, &conf_type_command, FIELD(hook), .def = "", .reload = CONF_IN_PLACE,
	  .help = "command to run when the tunnel comes up or goes down" },
	{ "hook-user", SHARED, &conf_type_name, FIELD(hook_user), .def = "",
	  .reload = CONF_IN_PLACE, .help = "user that it runs as" },
};

const size_t conf_n_keys = sizeof(conf_keys) / sizeof(conf_keys[0]);

_Static_assert(sizeof(conf_keys) / sizeof(conf_keys[0]) <= CONF_KEYS_MAX, "CONF_KEYS_MAX");
