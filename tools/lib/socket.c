// SPDX-License-Identifier: GPL-2.0
/* Netlink sockets, in the network namespace asked for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

int ipvti_errno(int nl_error)
{
	static const struct {
		int nl, sys;
	} map[] = {
		{ NLE_NOMEM, ENOMEM },
		{ NLE_AGAIN, EAGAIN },
		{ NLE_PERM, EPERM },
		{ NLE_OBJ_NOTFOUND, ENOENT },
		{ NLE_NODEV, ENODEV },
		{ NLE_EXIST, EEXIST },
		{ NLE_BAD_SOCK, EBADF },
		{ NLE_DUMP_INTR, EAGAIN },
		{ NLE_MSGSIZE, EMSGSIZE },
		{ NLE_AF_NOSUPPORT, EAFNOSUPPORT },
		{ NLE_PROTO_MISMATCH, EPROTONOSUPPORT },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].nl == -nl_error)
			return -map[i].sys;
	return -EIO;
}

static int connect_socket(struct nl_sock *sock, int protocol)
{
	static const int one = 1;
	int err, fd;

	err = nl_connect(sock, protocol);
	if (err)
		return ipvti_errno(err);
	fd = nl_socket_get_fd(sock);
	/* Refusals say why, and do not send the request back: it may hold keys. */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		return -errno;
	return 0;
}

/* A socket belongs to the namespace its thread is in when it is made. */
static int connect_in(struct nl_sock *sock, int protocol, int netns)
{
	int home, err;

	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	if (setns(netns, CLONE_NEWNET)) {
		err = -errno;
		goto out;
	}
	err = connect_socket(sock, protocol);
	if (setns(home, CLONE_NEWNET))
		err = -errno;
out:
	close(home);
	return err;
}

int ipvti_socket_open(struct nl_sock **out, int protocol, int netns)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err;

	if (!sock)
		return -ENOMEM;
	err = netns < 0 ? connect_socket(sock, protocol) : connect_in(sock, protocol, netns);
	if (err) {
		nl_socket_free(sock);
		return err;
	}
	*out = sock;
	return 0;
}
