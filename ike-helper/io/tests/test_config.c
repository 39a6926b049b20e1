// SPDX-License-Identifier: GPL-2.0
/* The configuration: what is read from good files, and what is said about broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../config.h"

#define EXAMPLE "ike-helper/systemd/ipvti.conf.example"

/* A tunnel that lacks nothing, with room for one more line. */
#define TUNNEL(extra) \
	"tunnel: { site-b: {\n" \
	"device = \"vti0\"; remote = \"192.0.2.1\";\n" \
	"local-id = \"a.example.net\"; remote-id = \"b.example.net\";\n" \
	"psk = \"secret\";\n" \
	extra "\n" \
	"}; };\n"

/* The same for a template. */
#define TEMPLATE(device, extra) \
	"template: { staff: {\n" \
	"device = \"" device "\"; pool = \"p\";\n" \
	"local-id = \"a.example.net\"; remote-id = \"*.example.net\"; psk = \"secret\";\n" \
	extra "\n" \
	"}; };\n"
#define CLIENTS POOL("addresses = \"10.9.0.0/24\";")

#define POOL(lines) "pool: { p: { " lines " }; };\n"

static char dir[] = "/tmp/ipvti-test-XXXXXX";
static char path[64];

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(name, 0600);
}

static bool load(const char *text, struct config *conf, char **said)
{
	struct conf_faults faults = { 0 };
	size_t len;
	bool ok;

	write_file(path, text);
	faults.out = open_memstream(said, &len);
	ok = conf_load(path, conf, &faults);
	fclose(faults.out);
	assert_int_equal(ok, !faults.n);
	return ok;
}

/**
 * struct broken - a configuration with a fault
 * @text: file
 * @said: every one of these is in what is said, up to NULL
 */
struct broken {
	const char *text;
	const char *said[4];
};

static const struct broken table[] = {
	{ "tunnel: {\n site-b: {\n", { ":3: syntax error" } },
	{ "tunnel: { a: { device = \"x\"; device = \"y\"; }; };", { ":1: duplicate setting name" } },
	{ "pools: { };", { ":1: pools: unknown section; allowed are ipvtid, profile, tunnel, template and pool" } },
	{ "tunnel = 5;", { ":1: tunnel: is not a group" } },
	{ "tunnel: { site-b = 5; };", { ":1: site-b: is not a group" } },
	{ "ipvtid: { user = \"no-such-user\"; };", { "user: there is no user \"no-such-user\"" } },
	{ "ipvtid: { user = 5; log = \"loud\"; };",
	  { ":1: log: \"loud\" is none of the allowed words: error, warning, notice, info, debug" } },
	{ "tunnel: { site-b: { }; };",
	  { ":1: device: is missing from tunnel \"site-b\"", ":1: remote-id: is missing",
	    ":1: psk: is missing" } },
	{ TUNNEL("detekt = \"3s\";"), { ":5: detekt: unknown key" } },
	{ "tunnel: { x: { device = \"vti%d\"; local-id = \"a\"; remote-id = \"b\"; psk = \"s\"; start = \"manual\"; }; };",
	  { ":1: device: \"vti%d\" is for a template; tunnel \"x\" has one device" } },
	{ TEMPLATE("vti0", "") CLIENTS,
	  { ":2: device: \"vti0\" has neither %d nor %i, which template \"staff\" needs" } },
	{ TEMPLATE("vti%x", "") CLIENTS, { ":2: device: \"vti%x\" is not the name of a device" } },
	{ TEMPLATE("vti%d%d", "") CLIENTS, { ":2: device: " } },
	{ TEMPLATE("vti%d", "remote = \"192.0.2.1\";") CLIENTS,
	  { ":4: remote: has no place in this section" } },
	{ TEMPLATE("vti%d", "start = \"now\"; virtual-ip = \"any4\";") CLIENTS,
	  { ":4: start: has no place in this section", ":4: virtual-ip: has no place" } },
	{ TEMPLATE("vti%d", "routes = \"10.0.0.0/8\"; address = \"10.0.0.1/32\";") CLIENTS,
	  { ":4: routes: has no place in this section", ":4: address: has no place" } },
	{ TEMPLATE("vti%d", "clients = 0;") CLIENTS,
	  { ":4: clients: \"0\" is not allowed; give a number from 1 to 65536" } },
	{ TUNNEL("clients = 5;"), { ":5: clients: has no place in this section" } },
	{ TEMPLATE("vti%d", ""), { ":2: pool: there is no pool \"p\"" } },
	{ "template: { staff: { device = \"vti%d\"; local-id = \"a\"; remote-id = \"%any\"; psk = \"s\"; }; };",
	  { ":1: pool: is missing from template \"staff\"" } },
	{ "template: { staff: { }; };",
	  { ":1: device: is missing from template \"staff\"", ":1: psk: is missing from template" } },
	{ "template: { a-name-that-is-too-long-for-a-template: { device = \"vti%d\"; local-id = \"a\"; remote-id = \"%any\"; psk = \"s\"; pool = \"p\"; }; };" CLIENTS,
	  { "is longer than 31 characters" } },
	{ TUNNEL("") "template: { site-b: { }; };", { ":7: site-b: is the name of a tunnel in" } },
	{ "tunnel: { x: { local-id = \"*.example.net\"; }; };",
	  { ":1: local-id: *.example.net is not an identity to show to a peer" } },
	{ TUNNEL("log = \"info\";"), { ":5: log: has no place in this section" } },
	{ TUNNEL("detect = \"3\";"), { ":5: detect: \"3\" is not allowed; give a time as \"3s\"",
				       "from 500ms to 1h, or off" } },
	{ TUNNEL("detect = \"1ms\";"), { ":5: detect: \"1ms\" is not allowed" } },
	{ TUNNEL("detect = \"10m\";"), { "detect: is longer than give-up" } },
	{ TUNNEL("detect = [ \"3s\" ];"), { ":5: detect: is a list; give one duration" } },
	{ TUNNEL("detect = 3.5;"), { ":5: detect: is neither a string" } },
	{ TUNNEL("mtu = 1000;"), { ":5: mtu: \"1000\" is not allowed; give a number from 1280 to 65535, or auto" } },
	{ TUNNEL("mtu = 99999999999999999999;"), { ":5" } },
	{ TUNNEL("replay-window = -1;"), { ":5: replay-window: \"-1\" is not allowed" } },
	{ TUNNEL("child-bytes = \"99999999999T\";"), { ":5: child-bytes:" } },
	{ TUNNEL("start = \"auto\";"), { ":5: start: \"auto\" is none of the allowed words: manual, now, on-traffic" } },
	{ TUNNEL("backstop = \"maybe\";"), { ":5: backstop: \"maybe\" is not a truth value" } },
	{ TUNNEL("address = \"10.0.0.1/33\";"), { ":5: address: \"10.0.0.1/33\" is not an address" } },
	{ TUNNEL("pool = \"staff\";"), { ":5: pool: there is no pool \"staff\"" } },
	{ TUNNEL("pool = \"p\";") POOL(""), { ":7: addresses: is missing from pool \"p\"" } },
	{ TUNNEL("pool = \"p\";") POOL("addresses = \"10.9.0.0/33\";"), { ":7: addresses: \"10.9.0.0/33\" is not allowed; give a range" } },
	{ TUNNEL("pool = \"p\";") POOL("addresses = \"10.9.0.0/24[6]\";"), { ":7: addresses: " } },
	{ TUNNEL("pool = \"p\"; remote-ts = \"10.8.0.0/16\";") POOL("addresses = \"10.9.0.0/24\";"),
	  { ":5: pool: has no address that remote-ts" } },
	{ TUNNEL("pool = \"p\"; virtual-ip = \"any4\";") POOL("addresses = \"10.9.0.0/24\";"),
	  { ":5: pool: and virtual-ip exclude each other" } },
	{ TUNNEL("") POOL("addresses = \"10.9.0.0/24\"; subnets = \"10.2.0.1/24\"; dns = \"ns\";"),
	  { ":7: subnets: \"10.2.0.1/24\" is not allowed", ":7: dns: \"ns\" is not allowed" } },
	{ TUNNEL("") POOL("addresses = \"10.9.0.0/24\"; device = \"vti0\";"), { ":7: device: has no place in this section" } },
	{ TUNNEL("virtual-ip = \"any\";"), { ":5: virtual-ip: \"any\" is not allowed; give any4, any6, or the address" } },
	{ TUNNEL("virtual-ip = \"224.0.0.1\";"), { ":5: virtual-ip: \"224.0.0.1\" is not allowed" } },
	{ TUNNEL("virtual-ip = [ \"any4\", \"10.9.0.1\" ];"), { ":5: virtual-ip: \"10.9.0.1\" is a second one of its family" } },
	{ TUNNEL("virtual-ip = [ \"any4\", \"any6\", \"any6\" ];"), { ":5: virtual-ip: \"any6\" is a second one" } },
	{ TUNNEL("virtual-ip = \"any6\"; local-ts = \"10.0.0.0/8\";"), { ":5: virtual-ip: asks for an IPv6 address, but local-ts" } },
	{ TUNNEL("routes = \"10.0.0.1/8\";"), { ":5: routes: \"10.0.0.1/8\" has bits set" } },
	{ TUNNEL("routes = [ \"from-selectors\", \"10.0.0.0/8\" ];"), { ":5: routes: \"from-selectors\" is not a prefix" } },
	{ TUNNEL("local = \"gw.example.net\";"), { ":5: local: \"gw.example.net\" is not an address" } },
	{ TUNNEL("local-ts = \"10.0.0.0/8/9\";"), { ":5: local-ts: \"10.0.0.0/8/9\" is not a selector" } },
	{ TUNNEL("local-ts = [ ];"), { ":5: local-ts: 0 selectors; allowed are 1 to 16" } },
	{ TUNNEL("esp-proposals = \"rot13\";"), { ":5: esp-proposals: \"rot13\": " } },
	{ TUNNEL("ike-proposals = [ \"aes256gcm16-prfsha384-x25519\", \"aes257\" ];"), { ":5: ike-proposals: \"aes257\": " } },
	{ TUNNEL("lower = \"a/b\";"), { ":5: lower: \"a/b\" is not the name of a device" } },
	{ TUNNEL("profile = \"branch\";"), { ":5: profile: there is no profile \"branch\"" } },
	{ TUNNEL("dscp = 64;"), { ":5: dscp: \"64\" is not allowed; give a number from 0 to 63, or inherit" } },
	{ "profile: { p: { device = \"vti0\"; }; };", { ":1: device: has no place in this section" } },
	{ "tunnel: { a: { device = \"vti0\"; remote = \"192.0.2.1.\"; local-id = \"%any\"; remote-id = \"b\"; psk = \"\"; }; };",
	  { ":1: remote: \"192.0.2.1.\" is neither an address nor a host name",
	    ":1: local-id: %any is not an identity to show", ":1: psk: is empty" } },
	{ "tunnel: { a: { device = \"vti0\"; remote = \"%any\"; local-id = \"a\"; remote-id = \"b\"; psk = \"s\"; }; };",
	  { ":1: start: tunnel \"a\" has no remote" } },
	{ "tunnel: { a: { device = \"vti0\"; remote = \"x\"; local-id = \"a\"; remote-id = \"b\"; psk = \"s\"; };\n"
	  "b: { device = \"vti0\"; remote = \"x\"; local-id = \"a\"; remote-id = \"b\"; psk = \"s\"; }; };",
	  { ":2: device: \"vti0\" belongs to tunnel \"a\" already" } },
	{ TUNNEL("start = \"on-traffic\"; failover = true;"),
	  { ":5: failover: lets traffic pass by tunnel \"site-b\"" } },
	{ TUNNEL("start = \"on-traffic\"; routes = \"from-selectors\";"),
	  { ":5: routes: from-selectors are not known" } },
	{ TUNNEL("local-ts = \"x\"; remote-ts = \"y\"; metric = 0;"),
	  { ":5: local-ts: \"x\"", ":5: remote-ts: \"y\"", ":5: metric: \"0\"" } },
	{ "tunnel: { a: { device = \"vti0\"; remote = \"x\"; local-id = \"a\"; remote-id = \"b\"; psk = \"file:/nonexistent\"; }; };",
	  { ":1: psk: /nonexistent: No such file or directory" } },
	{ TUNNEL("version = 1; protocol = \"ah\"; compress = true; window = 8;"),
	  { ":5: version: \"1\" is not allowed, only 2 is: IKEv1 is not there: it is deprecated (RFC 9395)",
	    ":5: protocol: \"ah\" is not allowed, only esp is: AH is not there",
	    ":5: compress: \"true\" is not allowed, only no is: IPComp is not there",
	    ":5: window: \"8\" is not allowed, only 1 is: requests are answered one after the other" } },
	{ TUNNEL("host = \"192.0.2.9\";"),
	  { ":5: host: is another name of remote, which is given too; choose one" } },
	{ TUNNEL("dpd-timeout = \"1ms\";"), { ":5: dpd-timeout: \"1ms\" is not allowed; give a time" } },
	{ TUNNEL("remote-subnets = \"10.0.0.1/8\";"), { ":5: remote-subnets: \"10.0.0.1/8\" has bits set" } },
	{ TUNNEL("dpd-delay = \"30s\";"), { ":5: dpd-delay: is longer than half of detect" } },
	{ TUNNEL("dpd-action = \"trap\"; close-action = \"start\";"),
	  { ":5: dpd-action: \"trap\" is none of the allowed words: auto, clear, hold, restart",
	    ":5: close-action: \"start\" is none of the allowed words" } },
	{ TUNNEL("dpd-action = \"hold\"; failover = true;"),
	  { ":5: dpd-action: \"hold\" waits for traffic, which failover lets pass by" } },
	{ "tunnel: { a: { device = \"vti0\"; local-id = \"a\"; remote-id = \"b\"; psk = \"s\"; start = \"manual\"; dpd-action = \"restart\"; close-action = \"hold\"; }; };",
	  { ":1: dpd-action: \"restart\": tunnel \"a\" has no remote", ":1: close-action: \"hold\": tunnel \"a\" has no remote" } },
	{ TUNNEL("retransmit-limit = 0; ike-dscp = 64; tfc = 65535;"),
	  { ":5: retransmit-limit: \"0\" is not allowed; give a number from 1 to 100, or off",
	    ":5: ike-dscp: \"64\" is not allowed; give a number from 0 to 63",
	    ":5: tfc: \"65535\" is not allowed; give a number from 1 to 65534, or off, mtu" } },
	{ TUNNEL("pfs = [ \"x25519\", \"modp1024\" ];"), { ":5: pfs: \"modp1024\": 'modp1024' is SHOULD NOT by RFC 8221 and needs legacy = yes" } },
	{ TUNNEL("children = \"10.1.0.0/16\";"),
	  { ":5: children: \"10.1.0.0/16\" is not allowed; give up to 8 of \"LOCAL to REMOTE\"" } },
	{ TUNNEL("children = \"10.1.0.0/16 to \";"), { ":5: children: " } },
	{ TUNNEL("children = \"10.1.0.0/16 to 10.2.0.0/99\";"), { ":5: children: " } },
	{ TUNNEL("children = [ \"10.1.0.0/16 to 10.2.0.0/16\" ]; local-ts = \"10.0.0.0/8\";"),
	  { ":5: local-ts: and children exclude each other in tunnel \"site-b\"" } },
	{ TUNNEL("pfs = \"sha256\";"), { ":5: pfs: \"sha256\": is no key exchange group, such as x25519" } },
	{ TUNNEL("pfs = \"x25519-ecp256\";"), { ":5: pfs: \"x25519-ecp256\": give each group of its own" } },
	{ TUNNEL("pfs = \"x25519\"; esp-proposals = \"aes128gcm16-ecp256\";"),
	  { ":5: pfs: and the groups in esp-proposals of tunnel \"site-b\" say the same twice" } },
	{ TUNNEL("ppk = \"s\";"), { ":1: ppk-id: is missing from tunnel \"site-b\": ppk needs a name" } },
	{ TUNNEL("ppk = \"\"; ppk-id = \"x\";"), { ":5: ppk: is empty" } },
	{ TUNNEL("ppk-id = \"x\";"), { ":1: ppk: is missing from tunnel \"site-b\", which has ppk-id" } },
	{ TUNNEL("ppk-required = true;"),
	  { ":5: ppk-required: but tunnel \"site-b\" has no ppk" } },
	{ TUNNEL("auth = \"eap\";"), { ":5: auth: \"eap\" is none of the allowed words: psk, pubkey" } },
	{ TUNNEL("auth = \"pubkey\";"),
	  { ":1: certificate: is missing from tunnel \"site-b\", which needs it with auth = \"pubkey\"",
	    ":1: private-key: is missing", ":1: ca: is missing" } },
	{ TUNNEL("certificate = \"gw.pem\"; ca = \"/nonexistent\";"),
	  { ":5: certificate: \"gw.pem\" is not an absolute path",
	    ":5: ca: /nonexistent: No such file" } },
	{ TUNNEL("private-key = \"/etc/passwd\";"),
	  { ":5: private-key: /etc/passwd is open to others (mode 644); chmod 600" } },
	{ "tunnel: { a: { device = \"vti0\"; remote = \"x\"; local-id = \"a\"; remote-id = \"b\"; psk = \"file:secret\"; }; };",
	  { ":1: psk: \"secret\" is not an absolute path" } },
};

static void broken_configurations(void **state)
{
	struct config conf;
	size_t i, k;
	char *said;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (load(table[i].text, &conf, &said))
			fail_msg("accepted: %s", table[i].text);
		for (k = 0; k < 4 && table[i].said[k]; k++)
			if (!strstr(said, table[i].said[k]))
				fail_msg("%s\nis missing from\n%s\nabout\n%s", table[i].said[k], said,
					 table[i].text);
		conf_free(&conf);
		free(said);
	}
}

static void good_configuration(void **state)
{
	const struct conf_tunnel *t;
	struct conf_place place;
	struct config conf;
	char *said;

	(void)state;
	if (!load("profile: { p: { detect = \"5s\";\n metric = 7; start = \"on-traffic\"; }; };\n"
		  TUNNEL("profile = \"p\"; metric = 8; routes = [ \"192.168.200.0/24\", \"2001:db8::/32\" ];"
			 "address = \"10.255.0.1/31\"; child-bytes = \"2G\"; child-lifetime = \"off\";"
			 "encap = \"udp\"; dscp = 46; local = \"192.0.2.2\";"), &conf, &said))
		fail_msg("%s", said);
	free(said);
	t = conf_tunnel_find(&conf, "site-b");
	assert_non_null(t);
	assert_string_equal(t->device, "vti0");
	assert_int_equal(t->detect, 5000);
	assert_int_equal(t->metric, 8);
	assert_int_equal(t->start, IKE_START_ON_TRAFFIC);
	assert_int_equal(t->encap, IKE_ENCAP_FORCE);
	assert_int_equal(t->child_bytes, UINT64_C(2) << 30);
	assert_int_equal(t->child_lifetime, 0);
	assert_int_equal(t->dscp, 46);
	assert_int_equal(t->ttl, 64);
	assert_int_equal(t->backstop, 1);
	assert_int_equal(t->local.family, 4);
	assert_int_equal(t->routes.list.n, 2);
	assert_int_equal(t->routes.list.v[1].family, 6);
	assert_int_equal(t->routes.list.v[1].len, 32);
	assert_int_equal(t->address.v[0].len, 31);
	assert_int_equal(t->remote_id.type, IKE_ID_FQDN);
	assert_int_equal(t->local_ts.n, 2);
	assert_int_equal(conf.daemon.log, IKE_LOG_INFO - IKE_LOG_ERROR);

	conf_key_place(t, "start", &place);
	assert_int_equal(place.line, 2);
	conf_key_place(t, "metric", &place);
	assert_int_equal(place.line, 7);
	conf_key_place(t, "ttl", &place);
	assert_int_equal(place.line, 0);
	conf_free(&conf);
}

/* What profiles of other gateways hold, by the names they have for it. */
static void names_of_others(void **state)
{
	const struct conf_tunnel *t;
	struct conf_place place;
	struct config conf;
	char *said;

	(void)state;
	if (!load("profile: { p: { legacy = true; version = 2; protocol = \"esp\"; compress = false;\n"
		  "ike-proposals = \"3des-md5-modp1024\"; esp-proposals = \"null-md5\"; pfs = [ \"modp1024\", \"modp2048\" ];\n"
		  "dpd-delay = \"5s\"; dpd-timeout = \"2m\"; dpd-action = \"hold\"; close-action = \"restart\";\n"
		  "start-action = \"on-traffic\"; remote-subnets = [ \"10.2.0.0/16\" ]; metric = 5; mtu = 1400;\n"
		  "retransmit = \"1s\"; retransmit-limit = 4; ike-dscp = 48; fragment-size = 1000; window = 1;\n"
		  "tfc = \"mtu\"; encap = \"udp\"; }; };\n"
		  "tunnel: { a: { profile = \"p\"; device = \"vti0\"; host = \"gw.example.net\";\n"
		  "local-id = \"a\"; remote-id = \"b\"; psk = \"s\"; give-up = \"1m\"; }; };\n", &conf, &said))
		fail_msg("%s", said);
	free(said);
	t = conf_tunnel_find(&conf, "a");
	assert_non_null(t);
	assert_string_equal(t->remote.v[0], "gw.example.net");
	assert_int_equal(t->give_up, 60000);
	assert_int_equal(t->dpd_action, IKE_AGAIN_HOLD);
	assert_int_equal(t->close_action, IKE_AGAIN_RESTART);
	assert_int_equal(t->start, IKE_START_ON_TRAFFIC);
	assert_int_equal(t->routes.list.n, 1);
	assert_int_equal(conf_probe_after(t), 5000);
	assert_int_equal(t->retransmit_limit, 4);
	assert_int_equal(t->ike_dscp, 48);
	assert_int_equal(t->tfc, 65535);
	assert_false(t->pfs.none);
	assert_int_equal(t->pfs.list.n, 1);
	assert_int_equal(t->pfs.list.p[0].n, 2);
	conf_key_place(t, "remote", &place);
	assert_int_equal(place.line, 7);
	conf_key_place(t, "routes", &place);
	assert_int_equal(place.line, 4);
	conf_free(&conf);

	assert_true(load(TUNNEL("pfs = false; tfc = \"off\"; detect = \"off\";"), &conf, &said));
	free(said);
	assert_true(conf.tunnels[0].pfs.none);
	assert_int_equal(conf.tunnels[0].tfc, 0);
	assert_int_equal(conf_probe_after(&conf.tunnels[0]), 0);
	conf_free(&conf);
}

/* Each has its own, the tunnel what they have together. */
static void several_children(void **state)
{
	const struct conf_tunnel *t;
	struct config conf;
	char *said;

	(void)state;
	if (!load(TUNNEL("children = [ \"10.1.0.0/16, 10.3.0.0/16 to 10.2.0.0/16\", \"10.1.0.0/16 to 2001:db8:2::/48\" ];"),
		  &conf, &said))
		fail_msg("%s", said);
	free(said);
	t = &conf.tunnels[0];
	assert_int_equal(t->children.n, 2);
	assert_int_equal(t->children.v[0].local.n, 2);
	assert_int_equal(t->children.v[0].remote.n, 1);
	assert_int_equal(t->children.v[1].remote.v[0].family, 6);
	assert_int_equal(t->local_ts.n, 2);
	assert_int_equal(t->remote_ts.n, 2);
	conf_free(&conf);
}

/* A template takes from a profile what it has a place for. */
static void templates(void **state)
{
	const struct conf_tunnel *t;
	struct config conf;
	char *said;

	(void)state;
	assert_true(load("profile: { all: { remote = \"192.0.2.1\"; start = \"now\"; detect = \"5s\"; routes = \"10.0.0.0/8\"; }; };"
			 TEMPLATE("rw-%i", "profile = \"all\"; clients = 20;") CLIENTS, &conf,
			 &said));
	free(said);
	assert_int_equal(conf.n, 1);
	t = &conf.tunnels[0];
	assert_true(t->template);
	assert_string_equal(t->name, "staff");
	assert_string_equal(t->device, "rw-%i");
	assert_string_equal(t->pool.name, "p");
	assert_int_equal(t->clients, 20);
	assert_int_equal(t->detect, 5000);
	assert_int_equal(t->remote.n, 0);
	assert_int_equal(t->start, IKE_START_MANUAL);
	assert_true(t->routes.from_selectors);
	assert_int_equal(t->routes.list.n, 0);
	assert_int_equal(t->remote_id.type, IKE_ID_FQDN_IN);
	conf_free(&conf);
}

static void defaults_are_valid(void **state)
{
	struct config conf;
	char *said;

	(void)state;
	assert_true(load(TUNNEL(""), &conf, &said));
	free(said);
	conf_free(&conf);
}

static void several_files(void **state)
{
	struct conf_faults faults = { 0 };
	struct config conf;
	char name[128];
	size_t len;
	char *said;

	(void)state;
	snprintf(name, sizeof(name), "%s/conf.d", dir);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "%s/conf.d/20.conf", dir);
	write_file(name, TUNNEL("profile = \"p\";"));
	snprintf(name, sizeof(name), "%s/conf.d/10.conf", dir);
	write_file(name, "profile: { p: { metric = 3; }; };");
	snprintf(name, sizeof(name), "%s/ipvti.conf", dir);
	write_file(name, "ipvtid: { log = \"debug\"; };");
	assert_true(conf_load(dir, &conf, &faults));
	assert_int_equal(conf.n, 1);
	assert_int_equal(conf.tunnels[0].metric, 3);
	assert_int_equal(conf.daemon.log, IKE_LOG_DEBUG - IKE_LOG_ERROR);
	conf_free(&conf);

	/* the same tunnel twice */
	write_file(name, TUNNEL(""));
	faults.out = open_memstream(&said, &len);
	assert_false(conf_load(dir, &conf, &faults));
	fclose(faults.out);
	assert_non_null(strstr(said, "20.conf:1: site-b: is defined in "));
	free(said);
	conf_free(&conf);
}

static void secrets_must_be_private(void **state)
{
	struct conf_faults faults = { 0 };
	struct config conf;
	char text[512];
	char name[128];
	char *said;
	size_t len;

	(void)state;
	write_file(path, TUNNEL(""));
	chmod(path, 0644);
	faults.out = open_memstream(&said, &len);
	assert_false(conf_load(path, &conf, &faults));
	fclose(faults.out);
	assert_non_null(strstr(said, "psk: stands in a file open to others (mode 644); chmod 600"));
	assert_null(strstr(said, "secret\""));
	free(said);
	conf_free(&conf);

	snprintf(name, sizeof(name), "%s/psk", dir);
	write_file(name, "secret\n");
	snprintf(text, sizeof(text), "tunnel: { a: { device = \"vti0\"; remote = \"x\"; local-id = \"a\"; remote-id = \"b\"; psk = \"file:%s\"; }; };",
		 name);
	assert_true(load(text, &conf, &said));
	free(said);
	conf_free(&conf);
	chmod(name, 0640);
	assert_false(load(text, &conf, &said));
	assert_non_null(strstr(said, "is open to others (mode 640); chmod 600"));
	free(said);
	conf_free(&conf);
}

static void example_is_valid(void **state)
{
	struct conf_faults faults = { .out = stderr };
	struct config conf;

	(void)state;
	assert_true(conf_load(EXAMPLE, &conf, &faults));
	assert_int_equal(conf.n, 2);
	conf_free(&conf);
}

/* Every key has its entry "*key*" in the manual, and the default stands there. */
static void manual_has_every_key(void **state)
{
	static char text[1 << 18];
	FILE *f = fopen("ike-helper/man/ipvti.conf.5.scd", "r");
	char entry[80];
	size_t n, k;

	(void)state;
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	for (k = 0; k < conf_n_keys; k++) {
		snprintf(entry, sizeof(entry), "\n*%s* = ", conf_keys[k].name);
		if (!strstr(text, entry))
			fail_msg("%s is not described", conf_keys[k].name);
		snprintf(entry, sizeof(entry), "*%s*", conf_keys[k].alias);
		if (conf_keys[k].alias && !strstr(text, entry))
			fail_msg("%s is not described", conf_keys[k].alias);
	}
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/one", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_configurations),
		cmocka_unit_test(good_configuration),
		cmocka_unit_test(names_of_others),
		cmocka_unit_test(several_children),
		cmocka_unit_test(templates),
		cmocka_unit_test(defaults_are_valid),
		cmocka_unit_test(several_files),
		cmocka_unit_test(secrets_must_be_private),
		cmocka_unit_test(example_is_valid),
		cmocka_unit_test(manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
