/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ipvtictl - what its files offer each other.
 *
 *	main.c		options, the table of commands, help
 *	args.c		words of the command line; errors in one line
 *	units.c		numbers, durations, sizes, addresses as people write them (pure)
 *	keyfile.c	secrets from files and standard input
 *	text.c		numbers as people read them, and aligned columns (pure)
 *	json.c		structs of libipvti as JSON, by its tables (pure)
 *	the others	one group of commands each
 */
#ifndef TOOLS_IPVTICTL_CTL_H
#define TOOLS_IPVTICTL_CTL_H

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "../lib/ipvti.h"

#define CTL_SOCKET	"/run/ipvti/control"

/* Exit status. */
enum {
	CTL_OK,
	CTL_FAILED,
	CTL_USAGE,
};

struct command;

/**
 * struct ctl - one invocation
 * @json: -j
 * @socket: control socket of ipvtid
 * @command: the one that runs
 * @args: words not yet used, NULL at the end
 * @ipvti: opened by ctl_open()
 */
struct ctl {
	bool json;
	const char *socket;
	const struct command *command;
	char **args;
	struct ipvti *ipvti;
};

/**
 * struct command - a subcommand
 * @group: first of two words, or NULL
 * @name: the word
 * @usage: its arguments, as shown
 * @summary: one line
 * @run: returns the exit status, and has said on stderr why when that is not 0
 */
struct command {
	const char *group;
	const char *name;
	const char *usage;
	const char *summary;
	int (*run)(struct ctl *ctl);
};

int show_run(struct ctl *ctl);
int set_run(struct ctl *ctl);
int sa_add_run(struct ctl *ctl);
int sa_del_run(struct ctl *ctl);
int sa_show_run(struct ctl *ctl);
int sa_reserve_run(struct ctl *ctl);
int sa_activate_run(struct ctl *ctl);
int socket_add_run(struct ctl *ctl);
int socket_show_run(struct ctl *ctl);
int stats_run(struct ctl *ctl);
int monitor_run(struct ctl *ctl);
int algs_run(struct ctl *ctl);
int up_run(struct ctl *ctl);
int down_run(struct ctl *ctl);
int rekey_run(struct ctl *ctl);
int reload_run(struct ctl *ctl);
int explain_run(struct ctl *ctl);
int log_run(struct ctl *ctl);
int status_run(struct ctl *ctl);
int check_run(struct ctl *ctl);

/* args.c */

/**
 * ctl_say - one line on stderr: program, command, text
 *
 * Return: @status
 */
int ctl_say(const struct ctl *ctl, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ctl_open - open the handle of libipvti
 *
 * Return: 0, or the exit status after saying why.
 */
int ctl_open(struct ctl *ctl);

/**
 * ctl_refused - say what libipvti said
 * @what: that it is about, as a device
 *
 * Return: CTL_FAILED
 */
int ctl_refused(const struct ctl *ctl, const char *what);

/**
 * ctl_word - next word of the command line
 * @what: name of the argument, for the error
 *
 * Return: the word, or NULL after saying that it is missing.
 */
const char *ctl_word(struct ctl *ctl, const char *what);

/**
 * ctl_word_if_any - next word, or NULL
 */
const char *ctl_word_if_any(struct ctl *ctl);

/**
 * ctl_take - use up the next word if it is @word
 */
bool ctl_take(struct ctl *ctl, const char *word);

/**
 * ctl_end - check that no word is left
 *
 * Return: 0, or CTL_USAGE after saying which.
 */
int ctl_end(const struct ctl *ctl);

/**
 * ctl_device - open the handle and find a device
 * @word: its name, or its id
 *
 * To be called when all words were found good: usage comes before refusals.
 *
 * Return: 0, or the exit status after saying why.
 */
int ctl_device(struct ctl *ctl, const char *word, struct ipvti_ref *ref);

/**
 * ctl_number - next word is a number from @min to @max
 * @what: name of the argument
 */
int ctl_number(struct ctl *ctl, const char *what, uint64_t min, uint64_t max, uint64_t *value);
int ctl_spi(struct ctl *ctl, const char *what, uint32_t *spi);
int ctl_address(struct ctl *ctl, const char *what, struct ipvti_address *address);
int ctl_prefix(struct ctl *ctl, const char *what, struct ipvti_address *address, uint8_t *len);

/**
 * ctl_name - next word is one of @names
 */
int ctl_name(struct ctl *ctl, const char *what, const char *const *names, uint8_t *value);

/* Shared by `sa add` and its tests: words into a struct. */
int sa_parse(struct ctl *ctl, struct ipvti_sa *sa);
/* Shared by `set` and its tests; `suspect` is marked as if it were a setting. */
int set_parse(struct ctl *ctl, struct ipvti_device *dev);

/* units.c; all return false when the word is not what it should be */

bool unit_number(const char *word, uint64_t *value);		/* decimal or 0x */
bool unit_count(const char *word, uint64_t *value);		/* k, M, G, T: powers of 1000 */
bool unit_bytes(const char *word, uint64_t *value);		/* k, M, G, T: powers of 1024 */
/* @unit: milliseconds of a number without a unit; ms, s, m, h, d */
bool unit_duration(const char *word, uint64_t unit, uint64_t *ms);
bool unit_address(const char *word, struct ipvti_address *address);
bool unit_prefix(const char *word, struct ipvti_address *address, uint8_t *len);
bool unit_range(const char *word, uint16_t *min, uint16_t *max);	/* PORT or A-B */
bool unit_protocol(const char *word, uint8_t *proto);		/* number or name */
bool unit_hex(const char *word, uint8_t *bytes, size_t max, size_t *len);

/* keyfile.c */

/**
 * keyfile_read - read key material
 * @path: of a file with one hex string, or "-" for standard input
 * @key: to be wiped by the caller
 *
 * Warns when others can read the file.
 *
 * Return: 0, or the exit status after saying why.
 */
int keyfile_read(const struct ctl *ctl, const char *path, struct ipvti_key *key);

/* text.c */

/* A short text by value: text_age(ms).s in an argument list. */
struct text {
	char s[160];
};

struct text text_age(uint64_t ms);		/* 2 m 13 s */
struct text text_bytes(uint64_t bytes);		/* 12.4 MiB */
struct text text_address(const struct ipvti_address *address);
struct text text_spi(uint32_t spi);
struct text text_ts(const struct ipvti_ts *ts);	/* 10.0.0.0/24 -> 10.1.0.0/24 tcp dport 80 */
struct text text_hex(const uint8_t *bytes, size_t len);
struct text text_limit(const struct ipvti_limit *limit);
struct text text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Append to a text, after @separator unless it is empty. */
void text_append(struct text *text, const char *separator, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define TABLE_COLUMNS 10

/**
 * struct table - rows of cells, printed in aligned columns
 * @indent: before each row
 * @right: bit set of columns aligned to the right
 */
struct table {
	const char *indent;
	unsigned int right;
	size_t count;
	char *(*rows)[TABLE_COLUMNS];
};

/**
 * table_add_row - append a row
 * @cells: up to NULL; copied
 */
void table_add_row(struct table *table, const char *const *cells);
#define table_add(table, ...)	table_add_row(table, (const char *const[]){ __VA_ARGS__, NULL })

/**
 * table_print - print and free all rows
 */
void table_print(struct table *table, FILE *out);

/* json.c */

/**
 * json_struct - the marked members of a struct
 * @nest: its table
 */
json_t *json_struct(const struct ipvti_nest *nest, const void *obj);

/**
 * json_message - a message, with the members of @inner, "device" or "sa", among its own
 */
json_t *json_message(const struct ipvti_message *msg, const char *inner);

/**
 * json_out - print a value for `-j`
 *
 * Return: CTL_OK or CTL_FAILED
 */
int json_out(const struct ctl *ctl, json_t *value);

#endif /* TOOLS_IPVTICTL_CTL_H */
