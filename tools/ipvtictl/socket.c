// SPDX-License-Identifier: GPL-2.0
/* ipvtictl socket: UDP ports for tunnels without a daemon. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl.h"

static int uses_port(const struct ipvti_message *msg, void *arg)
{
	const uint16_t *port = arg;

	return msg->device.encap == IPVTI_ENCAP_UDP && msg->device.sport == *port;
}

/*
 * The kernel binds the socket, and keeps the port open when we are gone, as long as a device
 * sends from it.
 */
static int adopt(struct ctl *ctl, struct ipvti_socket *sock)
{
	int err;

	err = ipvti_device_dump(ctl->ipvti, uses_port, &sock->port);
	if (!err)
		return ctl_say(ctl, CTL_FAILED,
			       "no device sends from port %u: set DEV encap udp %u DPORT first",
			       sock->port, sock->port);
	if (err > 0)
		err = ipvti_socket_adopt(ctl->ipvti, sock);
	if (err)
		return ctl_refused(ctl, text_format("port %u", sock->port).s);
	return CTL_OK;
}

int socket_add_run(struct ctl *ctl)
{
	struct ipvti_socket sock = {};
	uint64_t port;
	int err, fd;

	err = ctl_number(ctl, "PORT", 1, UINT16_MAX, &port);
	if (!err && *ctl->args) {
		err = ctl_address(ctl, "ADDRESS", &sock.local);
		ipvti_mark(&sock, IPVTI_A_SOCK_LOCAL);
	}
	if (!err)
		err = ctl_end(ctl);
	if (!err)
		err = ctl_open(ctl);
	if (err)
		return err;
	fd = socket(sock.local.len == 16 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ctl_say(ctl, CTL_FAILED, "socket: %s", strerror(errno));
	sock.fd = fd;
	sock.port = port;
	ipvti_mark(&sock, IPVTI_A_SOCK_FD);
	ipvti_mark(&sock, IPVTI_A_SOCK_PORT);
	err = adopt(ctl, &sock);
	close(fd);
	return err;
}

struct view {
	json_t *list;
	struct table table;
};

static int add_socket(const struct ipvti_message *msg, void *arg)
{
	const struct ipvti_socket *sock = &msg->socket;
	struct view *view = arg;

	if (view->list)
		json_array_append_new(view->list, json_message(msg, "socket"));
	else
		table_add(&view->table,
			  text_format(sock->local.len == 16 ? "[%s]:%u" : "%s:%u",
				      text_address(&sock->local).s, sock->port).s,
			  sock->family == AF_INET6 ? "IPv6" : "IPv4",
			  sock->owned ? "a process has it" : "kept by the kernel");
	return 0;
}

int socket_show_run(struct ctl *ctl)
{
	struct view view = {};
	int err;

	err = ctl_end(ctl);
	if (!err)
		err = ctl_open(ctl);
	if (err)
		return err;
	view.list = ctl->json ? json_array() : NULL;
	err = ipvti_socket_dump(ctl->ipvti, add_socket, &view);
	table_print(&view.table, stdout);
	if (!err && view.list)
		return json_out(ctl, view.list);
	json_decref(view.list);
	return err ? ctl_refused(ctl, "sockets") : CTL_OK;
}
