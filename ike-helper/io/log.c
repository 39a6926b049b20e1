// SPDX-License-Identifier: GPL-2.0
/* The log of the daemon. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "log.h"

const char *const log_subsystems[] = {
	[LOG_DAEMON] = "daemon", [LOG_IKE] = "ike", [LOG_KEYS] = "keys", [LOG_KERNEL] = "kernel",
	[LOG_ROUTES] = "routes", [LOG_NAMES] = "names", [LOG_N_SUBSYSTEMS] = NULL,
};

static enum ike_log_level least[LOG_N_SUBSYSTEMS] = {
	[0 ... LOG_N_SUBSYSTEMS - 1] = IKE_LOG_INFO
};

void log_set_level(enum log_subsystem subsystem, enum ike_log_level level)
{
	int i;

	for (i = 0; i < LOG_N_SUBSYSTEMS; i++)
		if (subsystem == LOG_N_SUBSYSTEMS || i == (int)subsystem)
			least[i] = level;
}

enum ike_log_level log_level(enum log_subsystem subsystem)
{
	return least[subsystem];
}

void log_line(enum log_subsystem subsystem, enum ike_log_level level, const char *tunnel,
	      const char *fmt, ...)
{
	char line[4 * IKE_MAX_TEXT + 160], priority[8] = "";
	va_list ap;
	size_t n;
	char *p;

	if (level > least[subsystem])
		return;
	/* sd-daemon(3): so the journal knows the level as well. */
	if (getenv("JOURNAL_STREAM"))
		snprintf(priority, sizeof(priority), "<%d>", level);
	n = snprintf(line, sizeof(line), "%s%s %s: ", priority,
		     conf_word(conf_words_log, level - IKE_LOG_ERROR), tunnel ? tunnel : "ipvtid");
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	/* A peer's text must not start lines of its own. */
	for (p = line; p < line + n; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
