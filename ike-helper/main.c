// SPDX-License-Identifier: GPL-2.0
/* ipvtid: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/daemon.h"

enum mode {
	MODE_RUN,
	MODE_PREPARE,
	MODE_CHECK,
};

enum option_code {
	OPT_CHECK = 256,
	OPT_PREPARE,
	OPT_LOG,
	OPT_RUN_DIR,
	OPT_STATE_DIR,
	OPT_CONTROL,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", required_argument, NULL, OPT_CHECK },
	{ "prepare", no_argument, NULL, OPT_PREPARE },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "run-dir", required_argument, NULL, OPT_RUN_DIR },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
	"usage: ipvtid [-c PATH] [--log LEVEL] [--run-dir DIR] [--state-dir DIR]\n"
	"              [--control PATH]\n"
	"       ipvtid [-c PATH] --prepare\n"
	"       ipvtid --check PATH\n"
	"PATH is a file, or a directory with ipvti.conf and conf.d/; default " CONF_DIR "\n"
	"LEVEL is error, warning, notice, info or debug. See ipvtid(8).\n";

static int check(const char *path)
{
	struct conf_faults faults = { .out = stderr };
	struct config conf;
	bool ok = conf_load(path, &conf, &faults);

	if (ok)
		printf("%s: %zu tunnels, no faults\n", path, conf.n);
	else
		fprintf(stderr, "%s: %u faults\n", path, faults.n);
	conf_free(&conf);
	return !ok;
}

static int log_word(const char *text)
{
	int i;

	for (i = 0; conf_words_log[i]; i++)
		if (!strcmp(conf_words_log[i], text))
			return i;
	fputs(usage, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct daemon_options opt = {
		.conf_path = CONF_DIR, .run_dir = RUN_DIR, .state_dir = STATE_DIR, .log = -1,
		.control_path = getenv("IPVTI_CONTROL"),
	};
	const char *control = NULL;	/* goes before the environment, as --run-dir does */
	enum mode mode = MODE_RUN;
	int c;

	if (argc > 2 && !strcmp(argv[1], "--child"))
		return child_main(argc - 2, argv + 2);
	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt.conf_path = optarg;
			break;
		case OPT_CHECK:
			mode = MODE_CHECK;
			opt.conf_path = optarg;
			break;
		case OPT_PREPARE:
			mode = MODE_PREPARE;
			break;
		case OPT_LOG:
			opt.log = log_word(optarg);
			break;
		case OPT_RUN_DIR:
			opt.run_dir = optarg;
			opt.control_path = control;
			break;
		case OPT_STATE_DIR:
			opt.state_dir = optarg;
			break;
		case OPT_CONTROL:
			control = optarg;
			opt.control_path = optarg;
			break;
		case OPT_HELP:
			fputs(usage, stdout);
			return 0;
		case OPT_VERSION:
			puts("ipvtid " IPVTI_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (mode == MODE_CHECK)
		return check(opt.conf_path);
	return mode == MODE_PREPARE ? daemon_prepare(&opt) : daemon_run(&opt);
}
