// SPDX-License-Identifier: GPL-2.0
/*
 * The UDP sockets of the network process. Port 500 is an ordinary socket; port 4500 is handed to
 * the kernel module unbound, which binds it, takes ESP from it and keeps the port when we die.
 */
#include <errno.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"

/* An earlier daemon's processes may take a moment to end. */
#define BUSY_TRIES 50
#define BUSY_WAIT_NS 100000000L

static bool set(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

/* IKE itself is never protected by a policy of the host (RFC 4301 section 5.2.2, bypass). */
static bool set_bypass(int fd, int level, int option)
{
	struct xfrm_userpolicy_info policy = { .action = XFRM_POLICY_ALLOW };
	static const uint8_t dirs[] = { XFRM_POLICY_IN, XFRM_POLICY_OUT };
	size_t i;

	policy.sel.family = level == IPPROTO_IP ? AF_INET : AF_INET6;
	for (i = 0; i < sizeof(dirs); i++) {
		policy.dir = dirs[i];
		if (setsockopt(fd, level, option, &policy, sizeof(policy)) < 0)
			return false;
	}
	return true;
}

static bool prepare(const struct daemon *d, int fd, int family)
{
	if (d->conf.fwmark && !set(fd, SOL_SOCKET, SO_MARK, d->conf.fwmark))
		return false;
	if (family == AF_INET) {
		if (!set_bypass(fd, IPPROTO_IP, IP_XFRM_POLICY))
			log_debug(NULL, "no bypass policy on the IPv4 socket: %s", strerror(errno));
		return set(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
		       set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	}
	if (!set_bypass(fd, IPPROTO_IPV6, IPV6_XFRM_POLICY))
		log_debug(NULL, "no bypass policy on the IPv6 socket: %s", strerror(errno));
	return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
	       set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static int bind_plain(int fd, int family, uint16_t port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	int ret;

	if (family == AF_INET)
		ret = bind(fd, (struct sockaddr *)&in, sizeof(in));
	else
		ret = bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	return ret < 0 ? -errno : 0;
}

static int bind_adopted(struct daemon *d, int fd, uint16_t port)
{
	struct ipvti_socket sock = { .fd = fd, .port = port };

	ipvti_mark(&sock, IPVTI_A_SOCK_FD);
	ipvti_mark(&sock, IPVTI_A_SOCK_PORT);
	return ipvti_socket_adopt(d->ipvti, &sock);
}

static bool open_one(struct daemon *d, int family, uint16_t port)
{
	const struct timespec wait = { .tv_nsec = BUSY_WAIT_NS };
	const char *v = family == AF_INET ? "IPv4" : "IPv6";
	int fd, i, ret = 0;

	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && family == AF_INET6)
		return true;	/* a host without IPv6 */
	if (fd < 0 || !prepare(d, fd, family)) {
		log_error(NULL, "%s socket: %s", v, strerror(errno));
		goto fail;
	}
	for (i = 0; i < BUSY_TRIES; i++) {
		ret = port == PORT_NATT ? bind_adopted(d, fd, port) : bind_plain(fd, family, port);
		if (ret != -EADDRINUSE && ret != -EBUSY)
			break;
		nanosleep(&wait, NULL);
	}
	if (ret) {
		log_error(NULL, "UDP port %u, %s: %s%s", port, v,
			  port == PORT_NATT ? ipvti_error(d->ipvti) : strerror(-ret),
			  ret == -EADDRINUSE ? "; stop the other IKE daemon of this host" : "");
		goto fail;
	}
	d->sockets[d->n_sockets++] = fd;
	return true;

fail:
	if (fd >= 0)
		close(fd);
	return false;
}

bool sockets_open(struct daemon *d)
{
	return open_one(d, AF_INET, PORT_IKE) && open_one(d, AF_INET6, PORT_IKE) &&
	       open_one(d, AF_INET, PORT_NATT) && open_one(d, AF_INET6, PORT_NATT);
}
