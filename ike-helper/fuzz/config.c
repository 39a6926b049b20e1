// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file. What is read without a fault is read the same way again, and faults are
 * told with a line.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../io/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets a string when the file ends within it; the daemon reads few files. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
	ssize_t n;

	for (; size; data += n, size -= n) {
		n = write(fd, data, size);
		if (n <= 0)
			abort();
	}
}

static bool load(const char *path, struct config *conf, char **said)
{
	struct conf_faults faults = { 0 };
	size_t len;
	bool ok;

	faults.out = open_memstream(said, &len);
	if (!faults.out)
		abort();
	ok = conf_load(path, conf, &faults);
	fclose(faults.out);
	if (ok != !faults.n || ok != !len)
		abort();
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config conf, again;
	char path[64];
	char *said;
	size_t i;
	int fd = memfd_create("config", MFD_CLOEXEC);

	/* Files of this machine are nobody's input. */
	if (memmem(data, size, "@include", 8)) {
		close(fd);
		return 0;
	}
	write_all(fd, data, size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (load(path, &conf, &said)) {
		free(said);
		if (!load(path, &again, &said) || conf.n != again.n)
			abort();
		for (i = 0; i < conf.n; i++)
			if (memcmp(&conf.tunnels[i], &again.tunnels[i], sizeof(conf.tunnels[i])) ||
			    conf_tunnel_find(&conf, conf.tunnels[i].name) != &conf.tunnels[i])
				abort();
		conf_free(&again);
	}
	free(said);
	conf_free(&conf);
	close(fd);
	return 0;
}
