// SPDX-License-Identifier: GPL-2.0
/* ipvtictl set: settings of a device. */
#include <errno.h>
#include <string.h>

#include "ctl.h"

struct setting;

typedef int setting_parse(struct ctl *ctl, const struct setting *setting,
			  const struct ipvti_field *field, struct ipvti_device *dev);

static setting_parse parse_address, parse_encap, parse_lower, parse_number, parse_name,
		     parse_switch, parse_duration, parse_tfc;

/* The words of the command; what they set is in libipvti's table. */
static const struct setting {
	const char *word;
	uint16_t attr;
	uint64_t min, max;
	setting_parse *parse;
} settings[] = {
	{ "local", IPVTI_A_DEV_LOCAL, 0, 0, parse_address },
	{ "remote", IPVTI_A_DEV_REMOTE, 0, 0, parse_address },
	{ "encap", IPVTI_A_DEV_ENCAP, 0, 0, parse_encap },
	{ "lower", IPVTI_A_DEV_LOWER, 0, 0, parse_lower },
	{ "fwmark", IPVTI_A_DEV_FWMARK, 0, UINT32_MAX, parse_number },
	{ "ttl", IPVTI_A_DEV_TTL, 1, 255, parse_number },
	{ "dscp", IPVTI_A_DEV_DSCP, 0, 63, parse_number },
	{ "df", IPVTI_A_DEV_DF, 0, 0, parse_name },
	{ "mtu", IPVTI_A_DEV_MTU_FIXED, IPVTI_MTU_MIN, 65535, parse_number },
	{ "parallel", IPVTI_A_DEV_PARALLEL, 0, 0, parse_name },
	{ "roam", IPVTI_A_DEV_ROAM, 0, 0, parse_name },
	{ "secpath", IPVTI_A_DEV_SECPATH, 0, 0, parse_switch },
	{ "inner-checksum", IPVTI_A_DEV_INNER_CHECKSUM, 0, 0, parse_name },
	{ "tfc", IPVTI_A_DEV_TFC, 1, IPVTI_TFC_MTU, parse_tfc },
	{ "quiet", IPVTI_A_DEV_QUIET, 0, 1, parse_duration },
	{ "keepalive", IPVTI_A_DEV_KEEPALIVE, 0, 1000, parse_duration },
	{ "suspect", IPVTI_A_DEV_SUSPECT, 0, 0, parse_switch },
};

static const char *const switch_names[] = { "off", "on", NULL };

static int parse_address(struct ctl *ctl, const struct setting *setting,
			 const struct ipvti_field *field, struct ipvti_device *dev)
{
	struct ipvti_address *address = (void *)((char *)dev + field->offset);

	if (ctl_take(ctl, "any")) {
		*address = (struct ipvti_address){ .len = 4 };
		return 0;
	}
	return ctl_address(ctl, setting->word, address);
}

static int parse_encap(struct ctl *ctl, const struct setting *setting,
		       const struct ipvti_field *field, struct ipvti_device *dev)
{
	uint64_t sport, dport;
	int err;

	err = ctl_name(ctl, setting->word, field->names, &dev->encap);
	if (err || dev->encap != IPVTI_ENCAP_UDP)
		return err;
	err = ctl_number(ctl, "encap udp SPORT", 1, UINT16_MAX, &sport);
	if (!err)
		err = ctl_number(ctl, "encap udp DPORT", 1, UINT16_MAX, &dport);
	if (err)
		return err;
	dev->sport = sport;
	dev->dport = dport;
	ipvti_mark(dev, IPVTI_A_DEV_SPORT);
	ipvti_mark(dev, IPVTI_A_DEV_DPORT);
	return 0;
}

static int parse_lower(struct ctl *ctl, const struct setting *setting,
		       const struct ipvti_field *field, struct ipvti_device *dev)
{
	const char *name;
	int err;

	(void)field;
	if (ctl_take(ctl, "any")) {
		dev->lower = 0;
		return 0;
	}
	name = ctl_word(ctl, setting->word);
	if (!name)
		return CTL_USAGE;
	err = ctl_open(ctl);
	if (err)
		return err;
	if (ipvti_link_find(ctl->ipvti, name, &dev->lower))
		return ctl_say(ctl, CTL_FAILED, "lower %s: %s", name, ipvti_error(ctl->ipvti));
	return 0;
}

static int parse_number(struct ctl *ctl, const struct setting *setting,
			const struct ipvti_field *field, struct ipvti_device *dev)
{
	uint64_t value = field->word_value;
	int err;

	if (!field->word || !ctl_take(ctl, field->word)) {
		err = ctl_number(ctl, setting->word, setting->min, setting->max, &value);
		if (err)
			return err;
	}
	ipvti_field_set_number(field, dev, value);
	return 0;
}

static int parse_tfc(struct ctl *ctl, const struct setting *setting,
		     const struct ipvti_field *field, struct ipvti_device *dev)
{
	dev->tfc = 0;
	return ctl_take(ctl, "off") ? 0 : parse_number(ctl, setting, field, dev);
}

static int parse_names(struct ctl *ctl, const struct setting *setting,
		       const struct ipvti_field *field, const char *const *names,
		       struct ipvti_device *dev)
{
	uint8_t value;
	int err;

	err = ctl_name(ctl, setting->word, names, &value);
	if (!err)
		ipvti_field_set_number(field, dev, value);
	return err;
}

static int parse_name(struct ctl *ctl, const struct setting *setting,
		      const struct ipvti_field *field, struct ipvti_device *dev)
{
	return parse_names(ctl, setting, field, field->names, dev);
}

static int parse_switch(struct ctl *ctl, const struct setting *setting,
			const struct ipvti_field *field, struct ipvti_device *dev)
{
	return parse_names(ctl, setting, field, switch_names, dev);
}

/* setting->max is the attribute's unit in milliseconds. */
static int parse_duration(struct ctl *ctl, const struct setting *setting,
			  const struct ipvti_field *field, struct ipvti_device *dev)
{
	uint64_t ms = 0, unit = setting->max;
	const char *word;

	if (!ctl_take(ctl, "off")) {
		word = ctl_word(ctl, setting->word);
		if (!word)
			return CTL_USAGE;
		if (!unit_duration(word, 1000, &ms) || ms % unit || ms / unit > UINT32_MAX)
			return ctl_say(ctl, CTL_USAGE, "%s: '%s' is not a duration (as %s or off)",
				       setting->word, word, unit == 1 ? "1500ms, 3s" : "20s, 1m");
	}
	ipvti_field_set_number(field, dev, ms / unit);
	return 0;
}

static const struct setting *find_setting(const char *word)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(settings[i].word, word))
			return &settings[i];
	return NULL;
}

int set_parse(struct ctl *ctl, struct ipvti_device *dev)
{
	const struct ipvti_field *field;
	const struct setting *setting;
	int err;

	if (!ctl_word(ctl, "what to set"))
		return CTL_USAGE;
	for (ctl->args--; *ctl->args;) {
		const char *word = *ctl->args++;

		setting = find_setting(word);
		if (!setting)
			return ctl_say(ctl, CTL_USAGE, "there is no setting '%s'", word);
		if (ipvti_has(dev, setting->attr))
			return ctl_say(ctl, CTL_USAGE, "%s is given twice", word);
		field = ipvti_field_find(&ipvti_nest_device, setting->attr);
		err = setting->parse(ctl, setting, field, dev);
		if (err)
			return err;
		ipvti_mark(dev, setting->attr);
	}
	return 0;
}

int set_run(struct ctl *ctl)
{
	const uint64_t suspect = UINT64_C(1) << IPVTI_A_DEV_SUSPECT;
	struct ipvti_device dev = {};
	struct ipvti_ref ref;
	const char *name;
	uint64_t has;
	int err;

	name = ctl_word(ctl, "DEV");
	if (!name)
		return CTL_USAGE;
	err = set_parse(ctl, &dev);
	if (!err)
		err = ctl_device(ctl, name, &ref);
	if (err)
		return err;
	/* Suspicion is no setting to the kernel, but state, with a command of its own. */
	has = dev.has;
	dev.has &= ~suspect;
	if (dev.has)
		err = ipvti_device_set(ctl->ipvti, &ref, &dev);
	if (!err && has & suspect)
		err = ipvti_peer_set(ctl->ipvti, &ref, dev.suspect);
	return err ? ctl_refused(ctl, name) : CTL_OK;
}
