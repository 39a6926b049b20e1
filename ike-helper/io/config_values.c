// SPDX-License-Identifier: GPL-2.0
/* The types of values: from text to a field. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/cp.h"
#include "../core/ids.h"
#include "../core/transform.h"
#include "config.h"
#include "secret.h"

#define CONF_GROUPS_MAX 16

const char *conf_word(const char *const *words, uint64_t value)
{
	uint64_t i;

	for (i = 0; words[i]; i++)
		if (i == value)
			return words[i];
	return "?";
}

static const char *word_list(const char *const *words, char *buf, size_t len)
{
	size_t n = 0;

	buf[0] = 0;
	for (; *words && n < len; words++)
		n += snprintf(buf + n, len - n, "%s%s", n ? ", " : "", *words);
	return buf;
}

static int word_find(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words && words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	return -1;
}

static bool parse_word(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	int i = word_find(key->words, t->item[0]);
	char buf[128];

	if (i < 0 && key->why) {
		conf_fault(faults, t->file, t->line, key->name, "\"%s\" is not allowed, only %s is: %s",
			   t->item[0], key->words[0], key->why);
		return false;
	}
	if (i < 0) {
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is none of the allowed words: %s", t->item[0],
			   word_list(key->words, buf, sizeof(buf)));
		return false;
	}
	*(uint64_t *)field = key->why ? 0 : i;
	return true;
}

const struct conf_type conf_type_word = { "word", false, parse_word };

static const char *const words_flag[] = { "no", "yes", "false", "true", NULL };

static bool parse_flag(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	int i = word_find(words_flag, t->item[0]);

	if (i < 0) {
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not a truth value; allowed are true and false", t->item[0]);
		return false;
	}
	*(uint64_t *)field = i & 1;
	return true;
}

const struct conf_type conf_type_flag = { "flag", false, parse_flag };

/**
 * struct unit - a suffix of a number
 * @suffix: text
 * @factor: what it multiplies with
 */
struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit units_none[] = { { "", 1 }, { NULL, 0 } };
static const struct unit units_time[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	{ NULL, 0 }
};
static const struct unit units_size[] = {
	{ "", 1 }, { "K", UINT64_C(1) << 10 }, { "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 }, { "T", UINT64_C(1) << 40 }, { NULL, 0 }
};

static void unit_text(uint64_t v, const struct unit *units, char *buf, size_t len)
{
	const struct unit *best = units;
	const struct unit *u;

	for (u = units; u->suffix; u++)
		if (v >= u->factor && v % u->factor == 0 && u->factor >= best->factor)
			best = u;
	snprintf(buf, len, "%" PRIu64 "%s", v / best->factor, best->suffix);
}

static bool read_unit(const char *text, const struct unit *units, uint64_t *v)
{
	const struct unit *u;
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno)
		return false;
	for (u = units; u->suffix; u++)
		if (!strcmp(u->suffix, end))
			return !__builtin_mul_overflow(n, u->factor, v);
	return false;
}

static bool parse_units(struct conf_faults *faults, const struct conf_key *key,
			const struct conf_text *t, const struct unit *units, const char *example,
			void *field)
{
	int word = word_find(key->words, t->item[0]);
	char min[32], max[32], words[64];
	uint64_t v;

	if (word >= 0) {
		*(uint64_t *)field = key->word[word];
		return true;
	}
	if (read_unit(t->item[0], units, &v) && v >= key->min && v <= key->max) {
		*(uint64_t *)field = v;
		return true;
	}
	unit_text(key->min, units, min, sizeof(min));
	unit_text(key->max, units, max, sizeof(max));
	conf_fault(faults, t->file, t->line, key->name,
		   "\"%s\" is not allowed; give %s from %s to %s%s%s", t->item[0], example, min, max,
		   key->words ? ", or " : "",
		   key->words ? word_list(key->words, words, sizeof(words)) : "");
	return false;
}

static bool parse_number(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	return parse_units(faults, key, t, units_none, "a number", field);
}

const struct conf_type conf_type_number = { "number", false, parse_number };

static bool parse_duration(struct conf_faults *faults, const struct conf_key *key,
			   const struct conf_text *t, void *field)
{
	return parse_units(faults, key, t, units_time, "a time as \"3s\" or \"500ms\"", field);
}

const struct conf_type conf_type_duration = { "duration", false, parse_duration };

static bool parse_size(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	return parse_units(faults, key, t, units_size, "a size as \"100M\"", field);
}

const struct conf_type conf_type_size = { "size", false, parse_size };

static bool parse_name(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	size_t len = strlen(t->item[0]);

	if (len >= key->size || strpbrk(t->item[0], " /:\t\n")) {
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not a name of up to %zu characters", t->item[0],
			   key->size - 1);
		return false;
	}
	memcpy(field, t->item[0], len + 1);
	return true;
}

const struct conf_type conf_type_name = { "name", false, parse_name };

/* As dev_valid_name() in the kernel. */
static bool parse_ifname(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	const char *s = t->item[0];
	size_t len = strlen(s);

	if (!len || len >= IFNAMSIZ || !strcmp(s, ".") || !strcmp(s, "..") ||
	    strpbrk(s, "/: \t\n%")) {
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not the name of a device, 1 to %d characters without / : %% and spaces",
			   s, IFNAMSIZ - 1);
		return false;
	}
	memcpy(field, s, len + 1);
	return true;
}

const struct conf_type conf_type_ifname = { "device", false, parse_ifname };

/* For a template with a place for a number or for who the client is. */
static bool parse_device(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	const char *s = t->item[0], *place = strchr(s, '%');
	struct conf_text plain = *t;

	if (!place || (place[1] != 'd' && place[1] != 'i'))
		return parse_ifname(faults, key, t, field);
	plain.item[0][place - s] = '-';
	if (!parse_ifname(faults, key, &plain, field))
		return false;
	((char *)field)[place - s] = '%';
	return true;
}

const struct conf_type conf_type_device = { "device", false, parse_device };

static bool parse_command(struct conf_faults *faults, const struct conf_key *key,
			  const struct conf_text *t, void *field)
{
	size_t len = strlen(t->item[0]);

	if (len >= key->size) {
		conf_fault(faults, t->file, t->line, key->name,
			   "is longer than %zu characters; put it into a script", key->size - 1);
		return false;
	}
	memcpy(field, t->item[0], len + 1);
	return true;
}

const struct conf_type conf_type_command = { "command", false, parse_command };

static bool parse_text(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	size_t len = strlen(t->item[0]);

	if (len >= key->size) {
		conf_fault(faults, t->file, t->line, key->name, "is longer than %zu characters",
			   key->size - 1);
		return false;
	}
	memcpy(field, t->item[0], len + 1);
	return true;
}

const struct conf_type conf_type_text = { "text", false, parse_text };

static uint8_t read_ip(const char *text, uint8_t ip[16])
{
	memset(ip, 0, 16);
	if (inet_pton(AF_INET, text, ip) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, ip) == 1)
		return 6;
	return 0;
}

static bool parse_address(struct conf_faults *faults, const struct conf_key *key,
			  const struct conf_text *t, void *field)
{
	struct ike_addr *a = field;

	memset(a, 0, sizeof(*a));
	if (!strcmp(t->item[0], "%any"))
		return true;
	a->family = read_ip(t->item[0], a->ip);
	if (!a->family)
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not an address; give an IPv4 or IPv6 address, or %%any",
			   t->item[0]);
	return a->family;
}

const struct conf_type conf_type_address = { "address", false, parse_address };

static bool host_ok(const char *s)
{
	uint8_t ip[16];
	const char *p;

	if (read_ip(s, ip))
		return true;
	for (p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
			return false;
	/* Only digits and dots would be an address with a slip of the pen. */
	return *s && *s != '-' && strspn(s, "0123456789.") != strlen(s);
}

static bool parse_hosts(struct conf_faults *faults, const struct conf_key *key,
			const struct conf_text *t, void *field)
{
	struct conf_hosts *hosts = field;
	unsigned int i;

	memset(hosts, 0, sizeof(*hosts));
	if (t->n == 1 && !strcmp(t->item[0], "%any"))
		return true;
	if (t->n > IKE_MAX_ADDRS) {
		conf_fault(faults, t->file, t->line, key->name, "%u hosts; allowed are %d", t->n,
			   IKE_MAX_ADDRS);
		return false;
	}
	for (i = 0; i < t->n; i++) {
		if (strlen(t->item[i]) >= CONF_HOST_MAX || !host_ok(t->item[i])) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" is neither an address nor a host name, nor %%any alone",
				   t->item[i]);
			return false;
		}
		memcpy(hosts->v[i], t->item[i], strlen(t->item[i]) + 1);
	}
	hosts->n = t->n;
	return true;
}

const struct conf_type conf_type_hosts = { "hosts", true, parse_hosts };

static bool parse_id(struct conf_faults *faults, const struct conf_key *key,
		     const struct conf_text *t, void *field)
{
	struct ike_id *id = field;

	if (!ike_id_parse(t->item[0], id)) {
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not an identity; allowed are a host name, user@host, an address, keyid:HEX, keyid:@TEXT, a distinguished name as C=…, O=…, CN=…, dn:HEX, and for others %%any, *.DOMAIN, *@DOMAIN",
			   t->item[0]);
		return false;
	}
	if (ike_id_is_pattern(id) && !strcmp(key->name, "local-id")) {
		conf_fault(faults, t->file, t->line, key->name,
			   "%s is not an identity to show to a peer; name one", t->item[0]);
		return false;
	}
	return true;
}

const struct conf_type conf_type_id = { "identity", false, parse_id };

static bool parse_secret(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	static const struct {
		const char *prefix;
		enum conf_secret_kind kind;
	} kinds[] = {
		{ "file:", CONF_SECRET_FILE },
		{ "credential:", CONF_SECRET_CREDENTIAL },
		{ "command:", CONF_SECRET_COMMAND },
		{ "", CONF_SECRET_INLINE },
	};
	struct conf_secret *secret = field;
	const char *text = t->item[0];
	char err[512];
	size_t i;

	for (i = 0; strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)); i++)
		;
	memset(secret, 0, sizeof(*secret));
	secret->kind = kinds[i].kind;
	text += strlen(kinds[i].prefix);
	memcpy(secret->text, text, strlen(text) + 1);
	if (!secret_check(secret, t->file, err, sizeof(err))) {
		conf_fault(faults, t->file, t->line, key->name, "%s", err);
		return false;
	}
	return true;
}

const struct conf_type conf_type_secret = { "secret", false, parse_secret };

static bool read_file(struct conf_faults *faults, const struct conf_key *key,
		      const struct conf_text *t, const char *text, char path[256], bool private)
{
	char err[512];

	snprintf(err, sizeof(err), "\"%s\" is not an absolute path of up to 255 characters", text);
	if (text[0] != '/' || strlen(text) > 255 ||
	    !secret_file_check(text, private, err, sizeof(err))) {
		conf_fault(faults, t->file, t->line, key->name, "%s", err);
		return false;
	}
	memset(path, 0, 256);
	memcpy(path, text, strlen(text));
	return true;
}

static bool parse_file(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	return read_file(faults, key, t, t->item[0], field, false);
}

static bool parse_private_file(struct conf_faults *faults, const struct conf_key *key,
			       const struct conf_text *t, void *field)
{
	return read_file(faults, key, t, t->item[0], field, true);
}

static bool parse_files(struct conf_faults *faults, const struct conf_key *key,
			const struct conf_text *t, void *field)
{
	struct conf_files *files = field;
	unsigned int i;

	if (t->n > CONF_FILES_MAX) {
		conf_fault(faults, t->file, t->line, key->name, "%u files; allowed are %d", t->n,
			   CONF_FILES_MAX);
		return false;
	}
	memset(files, 0, sizeof(*files));
	for (i = 0; i < t->n; i++)
		if (!read_file(faults, key, t, t->item[i], files->v[files->n++], false))
			return false;
	return true;
}

const struct conf_type conf_type_file = { "file", false, parse_file };
const struct conf_type conf_type_private_file = { "file", false, parse_private_file };
const struct conf_type conf_type_files = { "files", true, parse_files };

static bool host_bits(const struct conf_prefix *p)
{
	unsigned int i;

	for (i = p->len; i < (p->family == 4 ? 32U : 128U); i++)
		if (p->ip[i / 8] & (0x80 >> (i % 8)))
			return true;
	return false;
}

static bool read_prefix(const char *text, struct conf_prefix *p)
{
	char buf[64];
	uint64_t len;
	char *slash;

	if (strlen(text) >= sizeof(buf))
		return false;
	strcpy(buf, text);
	slash = strchr(buf, '/');
	if (slash)
		*slash++ = 0;
	memset(p, 0, sizeof(*p));
	p->family = read_ip(buf, p->ip);
	if (!p->family)
		return false;
	p->len = p->family == 4 ? 32 : 128;
	if (!slash)
		return true;
	if (!read_unit(slash, units_none, &len) || len > p->len)
		return false;
	p->len = len;
	return true;
}

static bool parse_prefixes(struct conf_faults *faults, const struct conf_key *key,
			   const struct conf_text *t, void *field)
{
	struct conf_prefixes *list = field;
	unsigned int i;

	memset(list, 0, sizeof(*list));
	for (i = 0; i < t->n; i++) {
		if (!read_prefix(t->item[i], &list->v[i])) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" is not an address with a prefix length, as \"10.255.0.1/31\"",
				   t->item[i]);
			return false;
		}
	}
	list->n = t->n;
	return true;
}

const struct conf_type conf_type_prefixes = { "prefixes", true, parse_prefixes };

static bool read_vip(const char *text, struct ike_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (!strcmp(text, "any4") || !strcmp(text, "any6")) {
		a->family = text[3] - '0';
		return true;
	}
	a->family = read_ip(text, a->ip);
	return ike_cp_addr_usable(a);
}

static bool parse_vips(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	struct conf_vips *list = field;
	struct ike_addr a;
	unsigned int i;

	memset(list, 0, sizeof(*list));
	for (i = 0; i < t->n; i++) {
		if (!read_vip(t->item[i], &a)) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" is not allowed; give any4, any6, or the address to ask for",
				   t->item[i]);
			return false;
		}
		if (list->n && (list->n == IKE_MAX_VIPS || list->v[0].family == a.family)) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" is a second one of its family; allowed is one of each",
				   t->item[i]);
			return false;
		}
		list->v[list->n++] = a;
	}
	return true;
}

const struct conf_type conf_type_vips = { "virtual addresses", true, parse_vips };

/* The pool itself is looked up when all files are read. */
static bool parse_pool(struct conf_faults *faults, const struct conf_key *key,
		       const struct conf_text *t, void *field)
{
	struct conf_pool *pool = field;

	memset(pool, 0, sizeof(*pool));
	if (strlen(t->item[0]) >= sizeof(pool->name)) {
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not a name of up to %zu characters", t->item[0],
			   sizeof(pool->name) - 1);
		return false;
	}
	memcpy(pool->name, t->item[0], strlen(t->item[0]) + 1);
	return true;
}

const struct conf_type conf_type_pool = { "pool", false, parse_pool };

/* Neither the first address of a prefix nor, with IPv4, the last is one of a host. */
static void leave_out_ends(struct ike_ts *ts)
{
	size_t last = ts->family == 4 ? 3 : 15;

	if (ts->max[last] - ts->min[last] < 3 && !memcmp(ts->min, ts->max, last))
		return;
	ts->min[last]++;
	if (ts->family == 4)
		ts->max[last]--;
}

static bool read_range(const char *text, struct ike_ts *ts)
{
	if (strchr(text, '[') || !ike_ts_parse(text, ts))
		return false;
	if (strchr(text, '/'))
		leave_out_ends(ts);
	return true;
}

static bool read_subnet(const char *text, struct ike_ts *ts)
{
	struct conf_prefix p;

	return read_prefix(text, &p) && !host_bits(&p) && ike_ts_parse(text, ts);
}

static bool parse_ts_list(struct conf_faults *faults, const struct conf_key *key,
			  const struct conf_text *t, void *field, const char *example,
			  bool (*read)(const char *text, struct ike_ts *ts))
{
	struct conf_selectors *list = field;
	unsigned int i;

	memset(list, 0, sizeof(*list));
	if (t->n > IKE_MAX_TS) {
		conf_fault(faults, t->file, t->line, key->name, "%u elements; allowed are %d", t->n,
			   IKE_MAX_TS);
		return false;
	}
	for (i = 0; i < t->n; i++) {
		if (read(t->item[i], &list->v[i]))
			continue;
		conf_fault(faults, t->file, t->line, key->name, "\"%s\" is not allowed; give %s",
			   t->item[i], example);
		return false;
	}
	list->n = t->n;
	return true;
}

static bool parse_ranges(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	return parse_ts_list(faults, key, t, field,
			     "a range as \"10.9.0.10-10.9.0.99\" or a prefix as \"2001:db8:9::/112\"",
			     read_range);
}

const struct conf_type conf_type_ranges = { "ranges", true, parse_ranges };

static bool parse_subnets(struct conf_faults *faults, const struct conf_key *key,
			  const struct conf_text *t, void *field)
{
	return parse_ts_list(faults, key, t, field,
			     "a prefix as \"192.168.200.0/24\", without bits behind its length",
			     read_subnet);
}

const struct conf_type conf_type_subnets = { "subnets", true, parse_subnets };

static bool parse_addresses(struct conf_faults *faults, const struct conf_key *key,
			    const struct conf_text *t, void *field)
{
	struct conf_addresses *list = field;
	struct ike_addr *a;
	unsigned int i;

	memset(list, 0, sizeof(*list));
	for (i = 0; i < t->n; i++) {
		a = &list->v[list->n];
		if (list->n == IKE_MAX_DNS || !(a->family = read_ip(t->item[i], a->ip))) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" is not allowed; give up to %d addresses", t->item[i],
				   IKE_MAX_DNS);
			return false;
		}
		list->n++;
	}
	return true;
}

const struct conf_type conf_type_addresses = { "addresses", true, parse_addresses };

static bool parse_routes(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	struct conf_routes *routes = field;
	unsigned int i;

	memset(routes, 0, sizeof(*routes));
	if (t->n == 1 && !strcmp(t->item[0], "from-selectors")) {
		routes->from_selectors = true;
		return true;
	}
	for (i = 0; i < t->n; i++) {
		if (!read_prefix(t->item[i], &routes->list.v[i])) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" is not a prefix as \"192.168.200.0/24\", nor from-selectors alone",
				   t->item[i]);
			return false;
		}
		if (host_bits(&routes->list.v[i])) {
			conf_fault(faults, t->file, t->line, key->name,
				   "\"%s\" has bits set behind its prefix length; clear them",
				   t->item[i]);
			return false;
		}
	}
	routes->list.n = t->n;
	return true;
}

const struct conf_type conf_type_routes = { "routes", true, parse_routes };

static bool parse_selectors(struct conf_faults *faults, const struct conf_key *key,
			    const struct conf_text *t, void *field)
{
	struct conf_selectors *list = field;
	unsigned int i;

	memset(list, 0, sizeof(*list));
	if (!t->n || t->n > IKE_MAX_TS) {
		conf_fault(faults, t->file, t->line, key->name,
			   "%u selectors; allowed are 1 to %d", t->n, IKE_MAX_TS);
		return false;
	}
	for (i = 0; i < t->n; i++) {
		if (ike_ts_parse(t->item[i], &list->v[i]))
			continue;
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not a selector; allowed are \"10.0.0.0/8\", \"10.0.0.1-10.0.0.9\", with \"[6/80]\" behind",
			   t->item[i]);
		return false;
	}
	list->n = t->n;
	return true;
}

const struct conf_type conf_type_selectors = { "selectors", true, parse_selectors };

/* Selectors with commas between. */
static bool read_selectors(char *text, struct conf_selectors *list)
{
	char *word, *save = NULL;

	for (word = strtok_r(text, ", ", &save); word; word = strtok_r(NULL, ", ", &save))
		if (list->n == IKE_MAX_TS || !ike_ts_parse(word, &list->v[list->n++]))
			return false;
	return list->n;
}

static bool parse_children(struct conf_faults *faults, const struct conf_key *key,
			   const struct conf_text *t, void *field)
{
	struct conf_children *children = field;
	char text[CONF_SECRET_MAX];
	struct conf_child *child;
	unsigned int i;
	char *to;

	memset(children, 0, sizeof(*children));
	for (i = 0; i < t->n; i++) {
		child = &children->v[children->n];
		memcpy(text, t->item[i], sizeof(text));
		to = strstr(text, " to ");
		if (to)
			*to = 0;
		if (to && children->n < IKE_MAX_CHILDREN && read_selectors(text, &child->local) &&
		    read_selectors(to + 4, &child->remote)) {
			children->n++;
			continue;
		}
		conf_fault(faults, t->file, t->line, key->name,
			   "\"%s\" is not allowed; give up to %d of \"LOCAL to REMOTE\", as \"10.1.0.0/16, 10.3.0.0/16 to 10.2.0.0/16\"",
			   t->item[i], IKE_MAX_CHILDREN);
		return false;
	}
	return true;
}

const struct conf_type conf_type_children = { "children", true, parse_children };

static bool parse_proposals(struct conf_faults *faults, const struct conf_key *key,
			    const struct conf_text *t, enum ike_protocol protocol, void *field)
{
	struct ike_proposals *list = field;
	char err[IKE_MAX_TEXT];
	unsigned int i;

	memset(list, 0, sizeof(*list));
	if (t->n > IKE_MAX_PROPOSALS) {
		conf_fault(faults, t->file, t->line, key->name, "%u proposals; allowed are %d",
			   t->n, IKE_MAX_PROPOSALS);
		return false;
	}
	for (i = 0; i < t->n; i++) {
		if (ike_proposal_parse(t->item[i], protocol, t->legacy, &list->p[i], err,
				       sizeof(err)))
			continue;
		conf_fault(faults, t->file, t->line, key->name, "\"%s\": %s", t->item[i], err);
		return false;
	}
	list->n = t->n;
	return true;
}

static bool parse_ike_proposals(struct conf_faults *faults, const struct conf_key *key,
				const struct conf_text *t, void *field)
{
	return parse_proposals(faults, key, t, IKE_PROTO_IKE, field);
}

const struct conf_type conf_type_ike_proposals = { "IKE proposals", true, parse_ike_proposals };

static bool parse_esp_proposals(struct conf_faults *faults, const struct conf_key *key,
				const struct conf_text *t, void *field)
{
	return parse_proposals(faults, key, t, IKE_PROTO_ESP, field);
}

const struct conf_type conf_type_esp_proposals = { "ESP proposals", true, parse_esp_proposals };

/* A group is read as part of a proposal that holds nothing else of interest. */
static bool read_group(const char *text, bool legacy, struct ike_proposal *out, char *err,
		       size_t err_len)
{
	char proposal[CONF_SECRET_MAX + 16];
	struct ike_proposal p;
	uint8_t i;

	if (strchr(text, '-')) {
		snprintf(err, err_len, "give each group of its own");
		return false;
	}
	snprintf(proposal, sizeof(proposal), "aes128gcm16-%s", text);
	if (!ike_proposal_parse(proposal, IKE_PROTO_ESP, legacy, &p, err, err_len))
		return false;
	for (i = 0; i < p.n; i++) {
		if (p.t[i].type != IKE_TRANSFORM_KE)
			continue;
		out->t[out->n++] = p.t[i];
		return true;
	}
	snprintf(err, err_len, "is no key exchange group, such as x25519; see ipvti.conf(5)");
	return false;
}

static bool parse_groups(struct conf_faults *faults, const struct conf_key *key,
			 const struct conf_text *t, void *field)
{
	struct conf_groups *groups = field;
	struct ike_proposal *p = &groups->list.p[0];
	char err[IKE_MAX_TEXT];
	unsigned int i;

	memset(groups, 0, sizeof(*groups));
	if (t->n == 1 && (!strcmp(t->item[0], "no") || !strcmp(t->item[0], "false"))) {
		groups->none = true;
		return true;
	}
	p->protocol = IKE_PROTO_ESP;
	for (i = 0; i < t->n; i++) {
		if (p->n == CONF_GROUPS_MAX)
			snprintf(err, sizeof(err), "allowed are %d groups", CONF_GROUPS_MAX);
		else if (read_group(t->item[i], t->legacy, p, err, sizeof(err)))
			continue;
		conf_fault(faults, t->file, t->line, key->name, "\"%s\": %s, or no alone",
			   t->item[i], err);
		return false;
	}
	groups->list.n = p->n > 0;
	return true;
}

const struct conf_type conf_type_groups = { "groups", true, parse_groups };
