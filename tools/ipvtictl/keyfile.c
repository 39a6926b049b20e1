// SPDX-License-Identifier: GPL-2.0
/* Key material, from a file or standard input; never from the command line. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"

/* Hex digits of the longest key, a prefix, and some blanks around. */
#define KEYFILE_MAX	(2 * IPVTI_KEY_MAX + 64)

/* Read all there is, at most @size - 1 bytes and a NUL. Return: length, or a negative errno. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, buffer + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += n;
	}
	if (used == size)
		return -EFBIG;
	buffer[used] = '\0';
	return used;
}

static void warn_if_open(const struct ctl *ctl, const char *path, int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO))
		ctl_say(ctl, 0, "warning: others may use key file %s (mode %04o): chmod 600",
			path, st.st_mode & 07777);
}

/* The one word of the text. */
static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

int keyfile_read(const struct ctl *ctl, const char *path, struct ipvti_key *key)
{
	bool input = !strcmp(path, "-");
	char text[KEYFILE_MAX];
	ssize_t n;
	size_t len;
	int fd, err = 0;

	fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ctl_say(ctl, CTL_FAILED, "key-file %s: %s", path, strerror(errno));
	if (input)
		path = "standard input";
	else
		warn_if_open(ctl, path, fd);
	n = read_all(fd, text, sizeof(text));
	if (n < 0) {
		err = ctl_say(ctl, CTL_FAILED, "key-file %s: %s", path,
			      n == -EFBIG ? "longer than any key" : strerror(-n));
	} else if (strlen(text) != (size_t)n ||
		   !unit_hex(trim(text), key->bytes, sizeof(key->bytes), &len)) {
		err = ctl_say(ctl, CTL_FAILED,
			      "key-file %s: not one hex string of 1 to %d bytes", path,
			      IPVTI_KEY_MAX);
	} else {
		key->len = len;
	}
	explicit_bzero(text, sizeof(text));
	if (err)
		explicit_bzero(key, sizeof(*key));
	if (!input)
		close(fd);
	return err;
}
