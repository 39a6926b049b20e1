/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parent process around a fuzzer: two tunnels, channels to processes that read and say nothing,
 * and in place of libipvti and route.c a kernel that agrees to everything.
 */
#ifndef IPVTID_FUZZ_DAEMON_H
#define IPVTID_FUZZ_DAEMON_H

#include "../io/daemon.h"

enum {
	FUZZ_HANDLE = 1,	/* of the first tunnel; the second's is one more */
};

/** fuzz_daemon() - the daemon, as fresh as after its start */
struct daemon *fuzz_daemon(void);
/** fuzz_daemon_done() - free its tunnels, channels and control socket */
void fuzz_daemon_done(void);
/** fuzz_end() - the other end of the channel of a process */
int fuzz_end(enum msg_role role);
/** fuzz_client() - connect to the control socket */
int fuzz_client(void);
/** fuzz_settle() - let everything happen that can happen now */
void fuzz_settle(void);

#endif
