// SPDX-License-Identifier: GPL-2.0
/* Options, the table of commands, help. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const struct command commands[] = {
	{ NULL, "show", "[DEV]",
	  "what is up, since when, to whom, with what, how much", show_run },
	{ NULL, "set", "DEV [local A|any] [remote A|any] [encap none | encap udp SPORT DPORT]\n"
	  "    [lower DEV|any] [fwmark N] [ttl N|inherit] [dscp N|inherit] [df set|clear|copy]\n"
	  "    [mtu auto|N] [parallel off|on|auto] [roam off|port|any] [secpath off|on]\n"
	  "    [inner-checksum trust|verify] [tfc off|mtu|N] [quiet DURATION|off] [keepalive DURATION|off]\n"
	  "    [suspect on|off]",
	  "change the settings of a device", set_run },
	{ "sa", "add", "DEV in|out spi SPI alg NAME key-file F|- [esn on|off] [replay-window N]\n"
	  "    [ts SRC DST [proto N] [sport A-B] [dport A-B]]...\n"
	  "    [soft|hard packets N|bytes N|seconds N|idle N]... [seq N] [pair SPI]\n"
	  "    [replaces SPI] [flow N] [activate now|first-use|manual] [tag HEX] [legacy]",
	  "install a security association", sa_add_run },
	{ "sa", "del", "DEV in|out spi SPI",
	  "delete a security association or a reserved SPI", sa_del_run },
	{ "sa", "show", "[DEV]", "security associations in full", sa_show_run },
	{ "sa", "reserve", "DEV", "reserve a free inbound SPI and print it", sa_reserve_run },
	{ "sa", "activate", "DEV spi SPI",
	  "make an outbound SA the current one", sa_activate_run },
	{ "socket", "add", "PORT [ADDRESS]",
	  "open a UDP port for ESP in UDP, kept by the kernel", socket_add_run },
	{ "socket", "show", "", "UDP ports that take ESP in UDP", socket_show_run },
	{ NULL, "stats", "[DEV] [all]", "drop reasons, by device and SA", stats_run },
	{ NULL, "monitor", "", "events as they happen", monitor_run },
	{ NULL, "algs", "[all]", "what this kernel can do, with RFC and status", algs_run },
	{ NULL, "up", "NAME [--no-wait]", "bring a tunnel up (ipvtid)", up_run },
	{ NULL, "down", "NAME", "take a tunnel down (ipvtid)", down_run },
	{ NULL, "rekey", "NAME [ike|child]", "replace the keys of a tunnel now (ipvtid)",
	  rekey_run },
	{ NULL, "reload", "", "apply what changed in the configuration (ipvtid)", reload_run },
	{ NULL, "status", "[NAME]", "tunnels as the daemon sees them (ipvtid)", status_run },
	{ NULL, "explain", "[NAME]", "why the last negotiation failed (ipvtid)", explain_run },
	{ NULL, "log", "[daemon|ike|keys|kernel|routes|names] error|warning|notice|info|debug",
	  "how much the daemon logs (ipvtid)", log_run },
	{ NULL, "check", "FILE", "look for faults in a configuration", check_run },
	{}
};

static const char *group_of(const struct command *command)
{
	return command->group ? command->group : "";
}

static void print_usage(FILE *out, const struct command *command)
{
	fprintf(out, "usage: ipvtictl [-j] %s%s%s %s\n", group_of(command),
		command->group ? " " : "", command->name, command->usage);
}

static void help(FILE *out)
{
	struct table table = { .indent = "  " };

	fputs("usage: ipvtictl [-j] [--socket PATH] COMMAND [ARGUMENT]...\n"
	      "       ipvtictl help [COMMAND] | -h | --version\n\n", out);
	for (const struct command *command = commands; command->name; command++)
		table_add(&table,
			  text_format("%s%s%s", group_of(command), command->group ? " " : "",
				      command->name).s, command->summary);
	table_print(&table, out);
	fputs("\n-j prints JSON. DEV is the name of an interface, or the id of a device.\n"
	      "Exit status: 0 done, 1 refused or failed, 2 usage. See ipvtictl(8).\n", out);
}

/* The command that the first words name; they are used up. */
static const struct command *find_command(char ***words)
{
	char **args = *words;

	for (const struct command *command = commands; command->name && args[0]; command++) {
		const char *name = command->group ? args[1] : args[0];

		if (command->group && strcmp(command->group, args[0]))
			continue;
		if (!name || strcmp(command->name, name))
			continue;
		*words += command->group ? 2 : 1;
		return command;
	}
	return NULL;
}

/* Is the word the first of two? Then the second one is missing or wrong. */
static bool is_group(const char *word)
{
	for (const struct command *command = commands; command->name; command++)
		if (command->group && !strcmp(command->group, word))
			return true;
	return false;
}

static void print_usage_of_group(FILE *out, const char *group)
{
	for (const struct command *command = commands; command->name; command++)
		if (command->group && !strcmp(command->group, group))
			print_usage(out, command);
}

static int unknown(const struct ctl *ctl, char **words)
{
	if (!is_group(words[0]))
		return ctl_say(ctl, CTL_USAGE, "there is no command '%s'; try 'ipvtictl help'",
			       words[0]);
	if (words[1])
		return ctl_say(ctl, CTL_USAGE,
			       "there is no command '%s %s'; try 'ipvtictl help %s'", words[0],
			       words[1], words[0]);
	return ctl_say(ctl, CTL_USAGE, "%s what? Try 'ipvtictl help %s'", words[0], words[0]);
}

static int help_on(const struct ctl *ctl, char **words)
{
	const struct command *command;

	if (!words[0]) {
		help(stdout);
		return CTL_OK;
	}
	if (is_group(words[0]) && !words[1]) {
		print_usage_of_group(stdout, words[0]);
		return CTL_OK;
	}
	command = find_command(&(char **){ words });
	if (!command)
		return unknown(ctl, words);
	print_usage(stdout, command);
	printf("%s\n", command->summary);
	return CTL_OK;
}

static bool wants_help(const char *word)
{
	return word && (!strcmp(word, "help") || !strcmp(word, "-h") || !strcmp(word, "--help"));
}

static int run(struct ctl *ctl)
{
	char **words = ctl->args;

	if (!words[0]) {
		help(stderr);
		return CTL_USAGE;
	}
	if (wants_help(words[0]))
		return help_on(ctl, words + 1);
	if (is_group(words[0]) && wants_help(words[1]))
		return help_on(ctl, (char *[]){ words[0], NULL });
	ctl->command = find_command(&ctl->args);
	if (!ctl->command)
		return unknown(ctl, words);
	if (wants_help(ctl->args[0]) && !ctl->args[1])
		return help_on(ctl, words);
	return ctl->command->run(ctl);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	struct ctl ctl = { .socket = getenv("IPVTI_CONTROL") };
	int option, status;

	if (!ctl.socket)
		ctl.socket = CTL_SOCKET;
	while ((option = getopt_long(argc, argv, "+jh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			ctl.json = true;
			break;
		case 's':
			ctl.socket = optarg;
			break;
		case 'V':
			puts("ipvtictl " IPVTI_VERSION);
			return CTL_OK;
		case 'h':
			help(stdout);
			return CTL_OK;
		default:
			return CTL_USAGE;
		}
	}
	ctl.args = argv + optind;
	status = run(&ctl);
	ipvti_close(ctl.ipvti);
	if (fflush(stdout) && !status)
		status = ctl_say(&ctl, CTL_FAILED, "output failed");
	return status;
}
