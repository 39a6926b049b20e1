// SPDX-License-Identifier: GPL-2.0
/* ipvtictl sa: security associations, with keys from files. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl.h"

typedef int sa_parse_word(struct ctl *ctl, const char *word, struct ipvti_sa *sa);

static sa_parse_word parse_spi, parse_alg, parse_key, parse_esn, parse_window, parse_seq,
		     parse_pair, parse_replaces, parse_flow, parse_activate, parse_tag, parse_ts,
		     parse_soft, parse_hard, parse_legacy;

static const struct word {
	const char *word;
	uint16_t attr;
	bool repeated;
	sa_parse_word *parse;
} words[] = {
	{ "spi", IPVTI_A_SA_SPI, false, parse_spi },
	{ "alg", IPVTI_A_SA_ALG, false, parse_alg },
	{ "key-file", IPVTI_A_SA_KEY, false, parse_key },
	{ "esn", IPVTI_A_SA_ESN, false, parse_esn },
	{ "replay-window", IPVTI_A_SA_REPLAY_WINDOW, false, parse_window },
	{ "seq", IPVTI_A_SA_SEQ, false, parse_seq },
	{ "pair", IPVTI_A_SA_PAIR, false, parse_pair },
	{ "replaces", IPVTI_A_SA_REPLACES, false, parse_replaces },
	{ "flow", IPVTI_A_SA_FLOW, false, parse_flow },
	{ "activate", IPVTI_A_SA_ACTIVATE, false, parse_activate },
	{ "tag", IPVTI_A_SA_TAG, false, parse_tag },
	{ "ts", IPVTI_A_SA_TS, true, parse_ts },
	{ "soft", IPVTI_A_SA_SOFT, true, parse_soft },
	{ "hard", IPVTI_A_SA_HARD, true, parse_hard },
	{ "legacy", IPVTI_A_SA_LEGACY, false, parse_legacy },
};

static const char *const switch_names[] = { "off", "on", NULL };

static int parse_spi(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return ctl_spi(ctl, word, &sa->spi);
}

static int parse_pair(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return ctl_spi(ctl, word, &sa->pair);
}

static int parse_replaces(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return ctl_spi(ctl, word, &sa->replaces);
}

static int parse_alg(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	const char *name = ctl_word(ctl, word);

	if (!name)
		return CTL_USAGE;
	if (strlen(name) >= sizeof(sa->alg))
		return ctl_say(ctl, CTL_USAGE, "alg: '%s' is longer than any name", name);
	strcpy(sa->alg, name);
	return 0;
}

static int parse_key(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	const char *path = ctl_word(ctl, word);

	return path ? keyfile_read(ctl, path, &sa->key) : CTL_USAGE;
}

static int parse_esn(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return ctl_name(ctl, word, switch_names, &sa->esn);
}

static int parse_activate(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return ctl_name(ctl, word, ipvti_activate_names, &sa->activate);
}

static int parse_window(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	uint64_t value = 0;
	int err = ctl_number(ctl, word, 0, IPVTI_REPLAY_WINDOW_MAX, &value);

	sa->replay_window = value;
	return err;
}

static int parse_flow(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	uint64_t value = 0;
	int err = ctl_number(ctl, word, 0, UINT32_MAX, &value);

	sa->flow = value;
	return err;
}

static int parse_seq(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return ctl_number(ctl, word, 0, UINT64_MAX, &sa->seq);
}

static int parse_tag(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	const char *hex = ctl_word(ctl, word);
	size_t len;

	if (!hex)
		return CTL_USAGE;
	if (!unit_hex(hex, sa->tag, sizeof(sa->tag), &len))
		return ctl_say(ctl, CTL_USAGE, "tag: '%s' is not a hex string of 1 to %d bytes",
			       hex, IPVTI_TAG_LEN);
	return 0;
}

static int parse_ports(struct ctl *ctl, const char *word, uint16_t *min, uint16_t *max)
{
	const char *range = ctl_word(ctl, word);

	if (!range)
		return CTL_USAGE;
	if (!unit_range(range, min, max))
		return ctl_say(ctl, CTL_USAGE, "ts %s: '%s' is not a port or a range A-B", word,
			       range);
	return 0;
}

static int parse_ts_rest(struct ctl *ctl, struct ipvti_ts *ts)
{
	const char *name;
	int err = 0;

	while (!err) {
		if (ctl_take(ctl, "proto")) {
			name = ctl_word(ctl, "proto");
			if (!name)
				return CTL_USAGE;
			if (!unit_protocol(name, &ts->proto))
				return ctl_say(ctl, CTL_USAGE, "ts proto: '%s' is not a protocol",
					       name);
			ipvti_mark(ts, IPVTI_A_TS_PROTO);
		} else if (ctl_take(ctl, "sport")) {
			err = parse_ports(ctl, "sport", &ts->sport_min, &ts->sport_max);
			ipvti_mark(ts, IPVTI_A_TS_SPORT_MIN);
			ipvti_mark(ts, IPVTI_A_TS_SPORT_MAX);
		} else if (ctl_take(ctl, "dport")) {
			err = parse_ports(ctl, "dport", &ts->dport_min, &ts->dport_max);
			ipvti_mark(ts, IPVTI_A_TS_DPORT_MIN);
			ipvti_mark(ts, IPVTI_A_TS_DPORT_MAX);
		} else {
			break;
		}
	}
	return err;
}

static int parse_ts(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	struct ipvti_ts *ts;
	int err;

	if (sa->ts_count == IPVTI_TS_MAX)
		return ctl_say(ctl, CTL_USAGE, "%s: more than %d", word, IPVTI_TS_MAX);
	ts = &sa->ts[sa->ts_count++];
	err = ctl_prefix(ctl, "ts SRC", &ts->src, &ts->src_len);
	if (!err)
		err = ctl_prefix(ctl, "ts DST", &ts->dst, &ts->dst_len);
	if (err)
		return err;
	if (ts->src.len != ts->dst.len)
		return ctl_say(ctl, CTL_USAGE, "ts: %s is of one address family and %s of another",
			       text_address(&ts->src).s, text_address(&ts->dst).s);
	ipvti_mark(ts, IPVTI_A_TS_SRC);
	ipvti_mark(ts, IPVTI_A_TS_SRC_LEN);
	ipvti_mark(ts, IPVTI_A_TS_DST);
	ipvti_mark(ts, IPVTI_A_TS_DST_LEN);
	return parse_ts_rest(ctl, ts);
}

static bool limit_seconds(const char *word, uint64_t *seconds)
{
	if (!unit_duration(word, 1000, seconds) || *seconds % 1000)
		return false;
	*seconds /= 1000;
	return true;
}

static int parse_limit(struct ctl *ctl, const char *which, struct ipvti_limit *limit)
{
	static const struct {
		const char *word, *example;
		uint16_t attr;
		bool (*parse)(const char *word, uint64_t *value);
	} limits[] = {
		{ "packets", "a number, as 100k or 4G", IPVTI_A_LIMIT_PACKETS, unit_count },
		{ "bytes", "a size, as 500M or 4G", IPVTI_A_LIMIT_BYTES, unit_bytes },
		{ "seconds", "a duration, as 3600, 50m or 8h", IPVTI_A_LIMIT_SECONDS,
		  limit_seconds },
		{ "idle", "a duration, as 300 or 5m", IPVTI_A_LIMIT_IDLE, limit_seconds },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct ipvti_field *field;
		const char *word;
		uint64_t value;

		if (!ctl_take(ctl, limits[i].word))
			continue;
		word = ctl_word(ctl, limits[i].word);
		if (!word)
			return CTL_USAGE;
		if (!limits[i].parse(word, &value) || !value)
			return ctl_say(ctl, CTL_USAGE, "%s %s: '%s' is not %s", which,
				       limits[i].word, word, limits[i].example);
		if (ipvti_has(limit, limits[i].attr))
			return ctl_say(ctl, CTL_USAGE, "%s %s is given twice", which,
				       limits[i].word);
		field = ipvti_field_find(&ipvti_nest_limit, limits[i].attr);
		ipvti_field_set_number(field, limit, value);
		ipvti_mark(limit, limits[i].attr);
		return 0;
	}
	return ctl_say(ctl, CTL_USAGE, "%s: packets, bytes, seconds or idle must follow", which);
}

static int parse_soft(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return parse_limit(ctl, word, &sa->soft);
}

static int parse_hard(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	return parse_limit(ctl, word, &sa->hard);
}

/* A word by itself. */
static int parse_legacy(struct ctl *ctl, const char *word, struct ipvti_sa *sa)
{
	(void)ctl;
	(void)word;
	sa->legacy = 1;
	return 0;
}

static const struct word *find_word(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].word, word))
			return &words[i];
	return NULL;
}

int sa_parse(struct ctl *ctl, struct ipvti_sa *sa)
{
	static const char *const required[] = { "spi", "alg", "key-file" };
	const struct word *found;
	int err;

	err = ctl_name(ctl, "direction", ipvti_sa_dir_names, &sa->dir);
	if (err)
		return err;
	ipvti_mark(sa, IPVTI_A_SA_DIR);
	while (*ctl->args) {
		const char *word = *ctl->args++;

		found = find_word(word);
		if (!found)
			return ctl_say(ctl, CTL_USAGE, "'%s' is not part of an SA", word);
		if (!found->repeated && ipvti_has(sa, found->attr))
			return ctl_say(ctl, CTL_USAGE, "%s is given twice", word);
		err = found->parse(ctl, word, sa);
		if (err)
			return err;
		if (found->attr != IPVTI_A_SA_TS)
			ipvti_mark(sa, found->attr);
	}
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!ipvti_has(sa, find_word(required[i])->attr))
			return ctl_say(ctl, CTL_USAGE, "%s is missing", required[i]);
	return 0;
}

int sa_add_run(struct ctl *ctl)
{
	struct ipvti_sa sa = {};
	struct ipvti_ref ref;
	const char *name;
	int err;

	name = ctl_word(ctl, "DEV");
	if (!name)
		return CTL_USAGE;
	err = sa_parse(ctl, &sa);
	if (!err)
		err = ctl_device(ctl, name, &ref);
	if (!err && ipvti_sa_new(ctl->ipvti, &ref, &sa))
		err = ctl_refused(ctl, name);
	explicit_bzero(&sa, sizeof(sa));
	return err;
}

/* `spi SPI` and nothing after it. */
static int last_spi(struct ctl *ctl, uint32_t *spi)
{
	int err;

	if (!ctl_take(ctl, "spi"))
		return ctl_say(ctl, CTL_USAGE, "spi is missing");
	err = ctl_spi(ctl, "spi", spi);
	return err ? err : ctl_end(ctl);
}

int sa_del_run(struct ctl *ctl)
{
	struct ipvti_ref ref;
	const char *name;
	uint32_t spi;
	uint8_t dir;
	int err;

	name = ctl_word(ctl, "DEV");
	if (!name)
		return CTL_USAGE;
	err = ctl_name(ctl, "direction", ipvti_sa_dir_names, &dir);
	if (!err)
		err = last_spi(ctl, &spi);
	if (!err)
		err = ctl_device(ctl, name, &ref);
	if (!err && ipvti_sa_del(ctl->ipvti, &ref, dir, spi))
		err = ctl_refused(ctl, name);
	return err;
}

int sa_activate_run(struct ctl *ctl)
{
	struct ipvti_ref ref;
	const char *name;
	uint32_t spi;
	int err;

	name = ctl_word(ctl, "DEV");
	if (!name)
		return CTL_USAGE;
	err = last_spi(ctl, &spi);
	if (!err)
		err = ctl_device(ctl, name, &ref);
	if (!err && ipvti_sa_activate(ctl->ipvti, &ref, spi))
		err = ctl_refused(ctl, name);
	return err;
}

int sa_reserve_run(struct ctl *ctl)
{
	struct ipvti_ref ref;
	const char *name;
	uint32_t spi;
	int err;

	name = ctl_word(ctl, "DEV");
	if (!name || ctl_end(ctl))
		return CTL_USAGE;
	err = ctl_device(ctl, name, &ref);
	if (err)
		return err;
	if (ipvti_spi_alloc(ctl->ipvti, &ref, &spi))
		return ctl_refused(ctl, name);
	if (ctl->json)
		return json_out(ctl, json_pack("{s:s}", "spi", text_spi(spi).s));
	puts(text_spi(spi).s);
	return CTL_OK;
}

static void show_limits(const struct ipvti_sa *sa)
{
	if (*text_limit(&sa->soft).s)
		printf("    soft       %s\n", text_limit(&sa->soft).s);
	if (*text_limit(&sa->hard).s)
		printf("    hard       %s\n", text_limit(&sa->hard).s);
}

static void show_sequence(const struct ipvti_sa *sa)
{
	printf("    sequence   %" PRIu64 ", %s bits", sa->seq, sa->esn ? "64" : "32");
	if (sa->dir == IPVTI_SA_IN && sa->replay_window)
		printf(", replay window %u", sa->replay_window);
	else if (sa->dir == IPVTI_SA_IN)
		printf(", no replay protection");
	putchar('\n');
}

static void show_relatives(const struct ipvti_sa *sa)
{
	if (sa->pair)
		printf("    pair       %s\n", text_spi(sa->pair).s);
	if (sa->replaces)
		printf("    replaces   %s\n", text_spi(sa->replaces).s);
	if (sa->flow)
		printf("    flow       %u\n", sa->flow);
	if (sa->state == IPVTI_SA_STATE_WAITING)
		printf("    activate   %s\n", ipvti_name(ipvti_activate_names, sa->activate));
}

static int show_sa(const struct ipvti_message *msg, void *arg)
{
	static const uint8_t no_tag[IPVTI_TAG_LEN];
	const struct ipvti_sa *sa = &msg->sa;
	json_t *list = arg;

	if (list) {
		json_array_append_new(list, json_message(msg, "sa"));
		return 0;
	}
	printf("%s %s %s  %s%s  %s\n", msg->ifname, ipvti_name(ipvti_sa_dir_names, sa->dir),
	       text_spi(sa->spi).s, *sa->alg ? sa->alg : "-", sa->legacy ? " (legacy)" : "",
	       ipvti_name(ipvti_sa_state_names, sa->state));
	if (sa->state == IPVTI_SA_STATE_RESERVED)
		return 0;
	printf("    installed  %s ago, used %s%s\n", text_age(sa->age).s,
	       ipvti_has(sa, IPVTI_A_SA_USED_AGE) ? text_age(sa->used_age).s : "never",
	       ipvti_has(sa, IPVTI_A_SA_USED_AGE) ? " ago" : "");
	printf("    carried    %" PRIu64 " packets, %s\n", sa->packets, text_bytes(sa->bytes).s);
	if (sa->spilled)
		printf("    spilled    %" PRIu64 " packets to other CPUs\n", sa->spilled);
	show_sequence(sa);
	show_relatives(sa);
	show_limits(sa);
	for (unsigned int i = 0; i < sa->ts_count; i++)
		printf("    selectors  %s\n", text_ts(&sa->ts[i]).s);
	if (ipvti_has(sa, IPVTI_A_SA_TAG) && memcmp(sa->tag, no_tag, sizeof(no_tag)))
		printf("    tag        %s\n", text_hex(sa->tag, sizeof(sa->tag)).s);
	if (ipvti_has(sa, IPVTI_A_SA_DRIVER))
		printf("    driver     %s\n", sa->driver);
	return 0;
}

int sa_show_run(struct ctl *ctl)
{
	const char *name = ctl_word_if_any(ctl);
	struct ipvti_ref ref;
	json_t *list;
	int err;

	if (ctl_end(ctl))
		return CTL_USAGE;
	err = name ? ctl_device(ctl, name, &ref) : ctl_open(ctl);
	if (err)
		return err;
	list = ctl->json ? json_array() : NULL;
	err = ipvti_sa_dump(ctl->ipvti, name ? &ref : NULL, show_sa, list);
	if (!err && list)
		return json_out(ctl, list);
	json_decref(list);
	return err ? ctl_refused(ctl, name ? name : "devices") : CTL_OK;
}
