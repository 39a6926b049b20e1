// SPDX-License-Identifier: GPL-2.0
/* ipvtictl check: ask the parser that will read the file in earnest, which is the daemon's. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define IPVTID "ipvtid"

int check_run(struct ctl *ctl)
{
	const char *file = ctl_word(ctl, "FILE");

	if (!file || ctl_end(ctl))
		return CTL_USAGE;
	fflush(stdout);
	execlp(IPVTID, IPVTID, "--check", file, (char *)NULL);
	/* Where it is installed, also when that is not on the path of the user. */
	if (errno == ENOENT)
		execl("/usr/sbin/" IPVTID, IPVTID, "--check", file, (char *)NULL);
	return ctl_say(ctl, CTL_FAILED, "%s: %s", IPVTID, strerror(errno));
}
