/* SPDX-License-Identifier: GPL-2.0 */
/* The log of the daemon: lines on standard error, "LEVEL TUNNEL: TEXT". */
#ifndef IPVTID_LOG_H
#define IPVTID_LOG_H

#include "../core/ike.h"

/**
 * enum log_subsystem - what a line is about; each has a level of its own
 * @LOG_DAEMON: starting, stopping, configuration, control socket, processes
 * @LOG_IKE: negotiation, as the network process sees it
 * @LOG_KEYS: secrets and authentication
 * @LOG_KERNEL: devices and SAs
 * @LOG_ROUTES: addresses and routes
 * @LOG_NAMES: the peers' names and addresses
 */
enum log_subsystem {
	LOG_DAEMON,
	LOG_IKE,
	LOG_KEYS,
	LOG_KERNEL,
	LOG_ROUTES,
	LOG_NAMES,
	LOG_N_SUBSYSTEMS,
};

/* names of these; NULL-terminated */
extern const char *const log_subsystems[];

/**
 * log_set_level() - least level that is written
 * @subsystem: which, or LOG_N_SUBSYSTEMS for all
 * @level: level
 */
void log_set_level(enum log_subsystem subsystem, enum ike_log_level level);

/**
 * log_level() - as set
 */
enum ike_log_level log_level(enum log_subsystem subsystem);

/**
 * log_line() - write a line
 * @subsystem: what it is about
 * @level: level
 * @tunnel: whose; NULL: the daemon's
 * @fmt: text
 */
void log_line(enum log_subsystem subsystem, enum ike_log_level level, const char *tunnel,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A file that belongs to another subsystem says so before it includes this. */
#ifndef LOG_SUBSYSTEM
#define LOG_SUBSYSTEM LOG_DAEMON
#endif

#define log_error(tunnel, ...) log_line(LOG_SUBSYSTEM, IKE_LOG_ERROR, tunnel, __VA_ARGS__)
#define log_warning(tunnel, ...) log_line(LOG_SUBSYSTEM, IKE_LOG_WARNING, tunnel, __VA_ARGS__)
#define log_notice(tunnel, ...) log_line(LOG_SUBSYSTEM, IKE_LOG_NOTICE, tunnel, __VA_ARGS__)
#define log_info(tunnel, ...) log_line(LOG_SUBSYSTEM, IKE_LOG_INFO, tunnel, __VA_ARGS__)
#define log_debug(tunnel, ...) log_line(LOG_SUBSYSTEM, IKE_LOG_DEBUG, tunnel, __VA_ARGS__)

#endif
