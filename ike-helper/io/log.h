/* SPDX-License-Identifier: GPL-2.0 */
/* The log of the daemon: lines on standard error, "LEVEL TUNNEL: TEXT". */
#ifndef IPVTID_LOG_H
#define IPVTID_LOG_H

#include "../core/ike.h"

/**
 * log_set_level() - least level that is written
 */
void log_set_level(enum ike_log_level level);

/**
 * log_level() - as set
 */
enum ike_log_level log_level(void);

/**
 * log_line() - write a line
 * @level: level
 * @tunnel: what it is about; NULL: the daemon
 * @fmt: text
 */
void log_line(enum ike_log_level level, const char *tunnel, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(tunnel, ...) log_line(IKE_LOG_ERROR, tunnel, __VA_ARGS__)
#define log_warning(tunnel, ...) log_line(IKE_LOG_WARNING, tunnel, __VA_ARGS__)
#define log_notice(tunnel, ...) log_line(IKE_LOG_NOTICE, tunnel, __VA_ARGS__)
#define log_info(tunnel, ...) log_line(IKE_LOG_INFO, tunnel, __VA_ARGS__)
#define log_debug(tunnel, ...) log_line(IKE_LOG_DEBUG, tunnel, __VA_ARGS__)

#endif
