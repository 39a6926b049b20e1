/* SPDX-License-Identifier: GPL-2.0 */
/* Giving up privileges. */
#ifndef IPVTID_SANDBOX_H
#define IPVTID_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/**
 * enum sandbox_kind - what a process may still do
 * @SANDBOX_NETWORK: use the sockets it has
 * @SANDBOX_KEYS: talk to the parent
 * @SANDBOX_RESOLVER: look up names; no system call filter, the resolver of the C library loads
 *	modules and opens sockets as nsswitch.conf(5) says
 */
enum sandbox_kind {
	SANDBOX_NETWORK,
	SANDBOX_KEYS,
	SANDBOX_RESOLVER,
};

/**
 * sandbox_no_dump() - no core dumps, no ptrace, for this process
 */
void sandbox_no_dump(void);

/**
 * sandbox_become() - change to a user, drop every capability and the way back
 * @user: name
 * @err: says what failed
 * @len: size of @err
 */
bool sandbox_become(const char *user, char *err, size_t len);

/**
 * sandbox_enter() - sandbox_become() and the system call filter; from then on the process dies
 * with its parent
 * @kind: which
 * @user: name
 * @err: says what failed
 * @len: size of @err
 */
bool sandbox_enter(enum sandbox_kind kind, const char *user, char *err, size_t len);

#endif
