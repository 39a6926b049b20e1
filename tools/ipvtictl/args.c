// SPDX-License-Identifier: GPL-2.0
/* Words of the command line. Whoever finds a fault says it, in one line, where it is. */
#include <errno.h>
#include <string.h>

#include "ctl.h"

int ctl_say(const struct ctl *ctl, int status, const char *format, ...)
{
	const struct command *command = ctl->command;
	va_list args;

	fputs("ipvtictl: ", stderr);
	if (command)
		fprintf(stderr, "%s%s%s: ", command->group ? command->group : "",
			command->group ? " " : "", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

int ctl_open(struct ctl *ctl)
{
	if (ctl->ipvti)
		return 0;
	return ipvti_open(&ctl->ipvti, -1) ? ctl_say(ctl, CTL_FAILED, "%s", ipvti_error(ctl->ipvti))
					   : 0;
}

int ctl_refused(const struct ctl *ctl, const char *what)
{
	const char *text = ipvti_error(ctl->ipvti);
	const char *colon = strstr(text, ": ");
	const char *dot = strchrnul(text, '.');

	/* "sa.spi: taken": the command has said already that it is about an SA. */
	if (colon && dot < colon)
		text = dot + 1;
	return ctl_say(ctl, CTL_FAILED, "%s: %s", what, text);
}

const char *ctl_word(struct ctl *ctl, const char *what)
{
	if (*ctl->args)
		return *ctl->args++;
	ctl_say(ctl, CTL_USAGE, "%s is missing", what);
	return NULL;
}

const char *ctl_word_if_any(struct ctl *ctl)
{
	return *ctl->args ? *ctl->args++ : NULL;
}

bool ctl_take(struct ctl *ctl, const char *word)
{
	if (!*ctl->args || strcmp(*ctl->args, word))
		return false;
	ctl->args++;
	return true;
}

int ctl_end(const struct ctl *ctl)
{
	return *ctl->args ? ctl_say(ctl, CTL_USAGE, "'%s' is one word too many", *ctl->args) : 0;
}

int ctl_device(struct ctl *ctl, const char *word, struct ipvti_ref *ref)
{
	uint64_t id;
	int err;

	err = ctl_open(ctl);
	if (err)
		return err;
	*ref = (struct ipvti_ref){};
	err = ipvti_link_find(ctl->ipvti, word, &ref->ifindex);
	if (!err)
		return 0;
	if (err != -ENODEV || !unit_number(word, &id) || !id)
		return ctl_refused(ctl, word);
	ref->id = id;
	return 0;
}

int ctl_number(struct ctl *ctl, const char *what, uint64_t min, uint64_t max, uint64_t *value)
{
	const char *word = ctl_word(ctl, what);

	if (!word)
		return CTL_USAGE;
	if (unit_number(word, value) && *value >= min && *value <= max)
		return 0;
	return ctl_say(ctl, CTL_USAGE, "%s: '%s' is not a number from %llu to %llu", what, word,
		       (unsigned long long)min, (unsigned long long)max);
}

int ctl_spi(struct ctl *ctl, const char *what, uint32_t *spi)
{
	const char *word = ctl_word(ctl, what);
	uint64_t value;

	if (!word)
		return CTL_USAGE;
	if (!unit_number(word, &value) || value < IPVTI_SPI_MIN || value > UINT32_MAX)
		return ctl_say(ctl, CTL_USAGE, "%s: '%s' is not an SPI (0x%x to 0xffffffff)", what,
			       word, IPVTI_SPI_MIN);
	*spi = value;
	return 0;
}

int ctl_address(struct ctl *ctl, const char *what, struct ipvti_address *address)
{
	const char *word = ctl_word(ctl, what);

	if (!word)
		return CTL_USAGE;
	if (unit_address(word, address))
		return 0;
	return ctl_say(ctl, CTL_USAGE, "%s: '%s' is not an IP address", what, word);
}

int ctl_prefix(struct ctl *ctl, const char *what, struct ipvti_address *address, uint8_t *len)
{
	const char *word = ctl_word(ctl, what);

	if (!word)
		return CTL_USAGE;
	if (unit_prefix(word, address, len))
		return 0;
	return ctl_say(ctl, CTL_USAGE,
		       "%s: '%s' is not a prefix (as 192.0.2.0/24 or 2001:db8::/32)", what,
		       word);
}

int ctl_name(struct ctl *ctl, const char *what, const char *const *names, uint8_t *value)
{
	const char *word = ctl_word(ctl, what);
	struct text list = {};
	int found;

	if (!word)
		return CTL_USAGE;
	found = ipvti_name_find(names, word);
	if (found >= 0) {
		*value = found;
		return 0;
	}
	for (; *names; names++)
		if (**names)
			text_append(&list, ", ", "%s", *names);
	return ctl_say(ctl, CTL_USAGE, "%s: '%s' is none of %s", what, word, list.s);
}
