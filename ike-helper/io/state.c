// SPDX-License-Identifier: GPL-2.0
/*
 * What IKE SAs resume from: a file for each tunnel in a directory of root's on a tmpfs, so that it
 * goes with the SAs when the host does. It holds keys.
 *
 * A file has two parts. The first is the parent's: for which IKE SAs the key process verified the
 * peer. The second is the network process's (struct ike_event, RESUME) and opaque here. So what the
 * network process says of its IKE SAs never makes one that may install SAs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon.h"

#define TRIES_MAX 3	/* times the same state is resumed from: it may be what ends the process */
#define NAME_LEN (2 * TAG_TUNNEL_LEN)
#define WIPE 4096

static const char magic[8] = "ipvtiIKE";

/**
 * struct states - the directory
 * @dir: descriptor of it
 */
struct states {
	int dir;
};

/**
 * struct state_head - the parent's part of a file
 * @magic: as above
 * @size: of this structure: another build may have another
 * @tries: times it was given to a network process
 * @len: octets of the second part
 * @n_verified: used in @verified
 * @verified: as in struct tunnel
 */
struct state_head {
	char magic[8];
	uint32_t size;
	uint32_t tries;
	uint32_t len;
	uint32_t n_verified;
	struct verified verified[VERIFIED_MAX];
};

/* Names of tunnels may hold what names of files must not. */
static void file_name(const struct tunnel *t, char name[NAME_LEN + 1])
{
	int i;

	for (i = 0; i < TAG_TUNNEL_LEN; i++)
		sprintf(name + 2 * i, "%02x", t->tag[i]);
}

/* ---- the directory --------------------------------------------------------------------------- */

static bool is_private(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 077);
}

static bool in_memory(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

void state_open(struct daemon *d, const char *run_dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/ike", run_dir);
	if (mkdir(path, 0700) && errno != EEXIST) {
		log_error(NULL, "%s: %s; IKE SAs will not be resumed", path, strerror(errno));
		return;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !is_private(fd)) {
		log_error(NULL, "%s: it is to be a directory of mode 0700 that is ours; IKE SAs will not be resumed",
			  path);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!in_memory(fd))
		log_warning(NULL, "%s: not on a tmpfs, so keys of IKE SAs may reach a disk", path);
	d->states = malloc(sizeof(*d->states));
	if (!d->states)
		abort();
	d->states->dir = fd;
}

void state_close(struct daemon *d)
{
	if (d->states)
		close(d->states->dir);
	free(d->states);
	d->states = NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void overwrite(int fd, off_t len)
{
	static const uint8_t zeros[WIPE];
	off_t at;

	for (at = 0; at < len; at += WIPE)
		if (pwrite(fd, zeros, len - at < WIPE ? len - at : WIPE, at) < 0)
			return;
}

static void remove_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st))
		overwrite(fd, st.st_size);
	close(fd);
	unlinkat(dir, name, 0);
}

void state_forget(struct tunnel *t)
{
	char name[NAME_LEN + 1];

	file_name(t, name);
	if (t->d->states)
		remove_file(t->d->states->dir, name);
}

void state_sweep(struct daemon *d)
{
	char name[NAME_LEN + 1];
	struct dirent *e;
	struct tunnel *t;
	DIR *dir = NULL;
	int fd = -1;

	if (d->states)
		fd = openat(d->states->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	while (dir && (e = readdir(dir))) {
		LIST_FOREACH(t, &d->tunnels, link) {
			file_name(t, name);
			if (!strcmp(e->d_name, name))
				break;
		}
		if (!t && e->d_name[0] != '.')
			remove_file(d->states->dir, e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* As a whole or not at all. */
static bool write_file(int dir, const char *name, struct state_head *head, const void *data)
{
	struct iovec parts[2] = { { head, sizeof(*head) }, { (void *)data, head->len } };
	char fresh[NAME_LEN + 8];
	int fd, error;
	bool ok;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	errno = ENOSPC; /* what a short write means */
	ok = writev(fd, parts, 2) == (ssize_t)(sizeof(*head) + head->len);
	if (ok && !renameat(dir, fresh, dir, name)) {
		close(fd);
		return true;
	}
	error = errno;
	close(fd);
	remove_file(dir, fresh);
	errno = error;
	return false;
}

void state_store(struct tunnel *t, const void *data, size_t len)
{
	struct state_head head = {
		.size = sizeof(head), .len = len, .n_verified = t->n_verified,
	};
	char name[NAME_LEN + 1];

	/* What was restored for an IKE SA that could not be resumed goes with it. */
	if (!len && t->resuming)
		t->n_verified = 0;
	if (!len)
		t->resuming = false;
	file_name(t, name);
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(head.verified, t->verified, sizeof(head.verified));
	if (t->d->states && len && write_file(t->d->states->dir, name, &head, data))
		return;
	/* Better nothing than what is no longer true. */
	if (t->d->states && len)
		log_error(t->conf.name, "cannot store the IKE SA, it will not be resumed: %s",
			  strerror(errno));
	state_forget(t);
}

static bool head_sound(const struct state_head *head)
{
	uint32_t i;

	if (memcmp(head->magic, magic, sizeof(magic)) || head->size != sizeof(*head) ||
	    head->len > IKE_MAX_STATE || head->n_verified > VERIFIED_MAX)
		return false;
	for (i = 0; i < head->n_verified; i++)
		if (head->verified[i].id.len > IKE_MAX_ID)
			return false;
	return true;
}

static bool read_file(int fd, struct state_head *head, void *data)
{
	struct iovec parts[2] = { { head, sizeof(*head) }, { data, IKE_MAX_STATE } };
	ssize_t n = readv(fd, parts, 2);

	return is_private(fd) && n >= (ssize_t)sizeof(*head) && head_sound(head) &&
	       n == (ssize_t)(sizeof(*head) + head->len);
}

/* Counted before it is given away, for whoever gets it may not live to tell. */
static bool may_try(int fd, struct state_head *head)
{
	return head->tries++ < TRIES_MAX && pwrite(fd, head, sizeof(*head), 0) == sizeof(*head);
}

size_t state_load(struct tunnel *t, void *data)
{
	struct state_head head = { .len = 0 };
	char name[NAME_LEN + 1];
	int fd = -1;

	file_name(t, name);
	if (t->d->states)
		fd = openat(t->d->states->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	t->resuming = read_file(fd, &head, data) && may_try(fd, &head);
	close(fd);
	if (!t->resuming) {
		log_notice(t->conf.name, "the IKE SA of an earlier run is not resumed: its file is of another version, or did harm before");
		state_forget(t);
		return 0;
	}
	memcpy(t->verified, head.verified, sizeof(t->verified));
	t->n_verified = head.n_verified;
	return head.len;
}
