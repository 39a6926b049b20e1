// SPDX-License-Identifier: GPL-2.0
/* Which unprivileged process this is. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "child.h"
#include "sandbox.h"

int child_main(int argc, char **argv)
{
	const char *role = argv[0];
	char name[16];

	snprintf(name, sizeof(name), "ipvtid-%s", role);
	prctl(PR_SET_NAME, name);
	signal(SIGINT, SIG_IGN);	/* from a terminal it is meant for the parent */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sandbox_no_dump();
	if (argc == 5 && !strcmp(role, "network"))
		return network_main(argv[1], atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	if (argc == 2 && !strcmp(role, "keys"))
		return keys_main(argv[1]);
	if (argc == 2 && !strcmp(role, "resolver"))
		return resolver_main(argv[1]);
	return 2;
}
