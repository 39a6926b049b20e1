// SPDX-License-Identifier: GPL-2.0
/* The log of the daemon. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "log.h"

static enum ike_log_level least = IKE_LOG_INFO;

void log_set_level(enum ike_log_level level)
{
	least = level;
}

enum ike_log_level log_level(void)
{
	return least;
}

void log_line(enum ike_log_level level, const char *tunnel, const char *fmt, ...)
{
	char line[IKE_MAX_TEXT + 160], priority[8] = "";
	va_list ap;
	size_t n;
	char *p;

	if (level > least)
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
