// SPDX-License-Identifier: GPL-2.0
/*
 * ESP in UDP, RFC 3948: sockets that processes lend us, and the stand-ins that keep their ports.
 *
 * We do not hold the file of a process: its socket keeps the namespace alive, and we would keep
 * the socket. When the process is gone, and still before its socket leaves the port, encap_destroy
 * binds a socket of the kernel there, which ESP finds instead; the two share the port by
 * SO_REUSEPORT for that moment. So the port is open all the time. The next process that brings a
 * socket for the port is let in beside the stand-in, which then closes.
 *
 * encap_destroy is not called for a socket whose process has set UDP_ENCAP to 0 since: it has taken
 * its port back. So what adoption took, the module too, is given back by sk_destruct. That runs in
 * an RCU callback, for which the module's exit waits.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/module.h>
#include <linux/udp.h>
#include <net/esp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>
#include <net/xfrm.h>

#include "ipvti.h"

#define KEEPALIVE	0xff	/* RFC 3948 section 2.3 */

/**
 * struct ipvti_socket - a UDP port of a namespace that takes ESP
 * @list: in &ipvti_net.sockets; all of this is under &ipvti_net.sockets_lock
 * @family: of the socket
 * @local: address it is bound to
 * @port: and port
 * @v6only: IPv6 socket that takes no IPv4
 * @bound_dev: device it is bound to, 0: none
 * @owner: socket of a process, NULL while the stand-in serves; becomes NULL without the lock when
 *	the last user of a socket goes whose process took its port back
 * @stand_in: socket of the kernel, NULL while there is an owner; without either the entry is vacant
 */
struct ipvti_socket {
	struct list_head list;
	u16 family;
	union ipvti_addr local;
	__be16 port;
	bool v6only;
	int bound_dev;
	struct sock *owner;
	struct socket *stand_in;
};

/**
 * struct ipvti_adoption - what an adopted socket carries, its sk_user_data
 * @entry: whose owner it is; NULL when that is over
 * @destruct: its own sk_destruct
 */
struct ipvti_adoption {
	struct ipvti_socket *entry;
	void (*destruct)(struct sock *sk);
};

/* ---- datagrams ---- */

enum kind { KIND_ESP, KIND_IKE, KIND_KEEPALIVE };

static enum kind datagram_kind(struct sk_buff *skb)
{
	unsigned int len = skb->len - sizeof(struct udphdr);
	const u8 *data;

	if (!pskb_may_pull(skb, sizeof(struct udphdr) + min(len, IPVTI_ESP_HDR_LEN + 0U)))
		return KIND_IKE;
	data = skb->data + sizeof(struct udphdr);
	if (len == 1 && *data == KEEPALIVE)
		return KIND_KEEPALIVE;
	/* Four zero bytes stand where the SPI would be: section 2.2. */
	return len > IPVTI_ESP_HDR_LEN && *(__be32 *)data ? KIND_ESP : KIND_IKE;
}

/* Not our SPI: XFRM gets it the way it gets those of its own sockets, the UDP header taken off. */
static int pass_to_xfrm(struct sk_buff *skb)
{
	if (skb_unclone(skb, GFP_ATOMIC)) {
		kfree_skb(skb);
		return 0;
	}
	__skb_pull(skb, sizeof(struct udphdr));
	skb_reset_transport_header(skb);
	if (ip_hdr(skb)->version == 4) {
		be16_add_cpu(&ip_hdr(skb)->tot_len, -(u16)sizeof(struct udphdr));
		return xfrm4_rcv_encap(skb, IPPROTO_ESP, 0, UDP_ENCAP_ESPINUDP);
	}
	be16_add_cpu(&ipv6_hdr(skb)->payload_len, -(u16)sizeof(struct udphdr));
	return xfrm6_rcv_encap(skb, IPPROTO_ESP, 0, UDP_ENCAP_ESPINUDP);
}

static int receive_esp(struct sk_buff *skb)
{
	const struct udphdr *uh = (const struct udphdr *)skb->data;
	const struct ip_esp_hdr *esph = (const void *)(uh + 1);
	struct ipvti_sa *sa = ipvti_transport_sa(skb, esph->spi);
	__be16 sport = uh->source;

	if (!sa)
		return pass_to_xfrm(skb);
	__skb_pull(skb, sizeof(*uh));
	skb_reset_transport_header(skb);
	ipvti_receive(sa, skb, sport);
	return 0;
}

/* encap_rcv: 0 taken, 1 for the process. */
static int owner_rcv(struct sock *sk, struct sk_buff *skb)
{
	switch (datagram_kind(skb)) {
	case KIND_ESP:
		return receive_esp(skb);
	case KIND_KEEPALIVE:
		consume_skb(skb);
		return 0;
	default:
		return 1;
	}
}

/* There is no process to read IKE; the peer will retransmit. */
static int stand_in_rcv(struct sock *sk, struct sk_buff *skb)
{
	if (datagram_kind(skb) == KIND_ESP)
		return receive_esp(skb);
	kfree_skb(skb);
	return 0;
}

/*
 * encap_err_lookup: an ICMP error quotes a datagram of this socket. Non-zero: it was about ESP of
 * ours; then the stack must not lower the route's PMTU, which it does without looking at the SPI.
 */
static int encap_err(struct sock *sk, struct sk_buff *skb)
{
	unsigned int offset = skb_transport_offset(skb) + sizeof(struct udphdr);
	__be32 buf[IPVTI_ESP_HDR_LEN / sizeof(__be32)];
	const struct icmp6hdr *icmp6h;
	const struct icmphdr *icmph;
	const __be32 *esph;

	/* Only read: the caller has pointers into the packet. */
	esph = skb_header_pointer(skb, offset, sizeof(buf), buf);
	if (!esph || !esph[0])
		return 0;
	if (ip_hdr(skb)->version == 4) {
		icmph = (const void *)(skb->data - sizeof(*icmph));
		return ipvti_path_error4(dev_net(skb->dev), ip_hdr(skb), esph, icmph->type,
					 icmph->code, ntohs(icmph->un.frag.mtu));
	}
	icmp6h = (const void *)(skb->data - sizeof(*icmp6h));
	return ipvti_path_error6(dev_net(skb->dev), ipv6_hdr(skb), esph, icmp6h->icmp6_type,
				 icmp6h->icmp6_code, ntohl(icmp6h->icmp6_mtu));
}

/* ---- stand-ins ---- */

static void setup_stand_in(struct socket *sock)
{
	struct udp_tunnel_sock_cfg cfg = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_rcv = stand_in_rcv,
		.encap_err_lookup = encap_err,
	};

	ipvti_compat_setup_udp_tunnel(sock, &cfg);
}

static int bind_to(struct socket *sock, const struct ipvti_socket *entry)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = entry->port,
		.sin6_addr = entry->local.v6,
	};
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = entry->port,
		.sin_addr.s_addr = entry->local.v4,
	};

	/* void: the type of the argument depends on the kernel */
	if (entry->family == AF_INET)
		return kernel_bind(sock, (void *)&sin, sizeof(sin));
	if (ipv6_addr_type(&sin6.sin6_addr) & IPV6_ADDR_LINKLOCAL)
		sin6.sin6_scope_id = entry->bound_dev;
	return kernel_bind(sock, (void *)&sin6, sizeof(sin6));
}

/* Only sockets of one user share a port. */
static void share_with(struct socket *stand_in, struct sock *sk)
{
	SOCK_INODE(stand_in)->i_uid = ipvti_compat_sock_uid(sk);
	stand_in->sk->sk_uid = sk->sk_uid;
}

static int open_stand_in(struct ipvti_net *in, struct ipvti_socket *entry)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(in->net, entry->family, SOCK_DGRAM, IPPROTO_UDP, &sock);
	if (err)
		return err;
	sock->sk->sk_reuseport = 1;
	sock->sk->sk_bound_dev_if = entry->bound_dev;
	sock->sk->sk_ipv6only = entry->v6only;
	share_with(sock, entry->owner);
	setup_stand_in(sock);
	err = bind_to(sock, entry);
	if (err)
		udp_tunnel_sock_release(sock);
	else
		entry->stand_in = sock;
	return err;
}

static struct ipvti_adoption *adoption(const struct sock *sk)
{
	return (void *)((__force uintptr_t)sk->sk_user_data & SK_USER_DATA_PTRMASK);
}

static void close_entry(struct ipvti_socket *entry)
{
	list_del(&entry->list);
	if (entry->stand_in)
		udp_tunnel_sock_release(entry->stand_in);
	kfree(entry);
}

static bool device_uses(struct ipvti_net *in, __be16 port)
{
	const struct ipvti_config *config;
	struct ipvti_dev *idev;
	unsigned long id;
	bool found = false;

	rcu_read_lock();
	xa_for_each(&in->ids, id, idev) {
		config = rcu_dereference(idev->config);
		found = config->encap == IPVTI_ENCAP_UDP && config->sport == port;
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

static struct ipvti_socket *find_owner(struct ipvti_net *in, const struct sock *sk)
{
	struct ipvti_socket *entry;

	list_for_each_entry(entry, &in->sockets, list)
		if (READ_ONCE(entry->owner) == sk)
			return entry;
	return NULL;
}

/* encap_destroy: the process is gone, its socket still has the port. */
static void owner_gone(struct sock *sk)
{
	struct ipvti_net *in = ipvti_net(sock_net(sk));
	struct ipvti_socket *entry;

	mutex_lock(&in->sockets_lock);
	entry = find_owner(in, sk);
	if (entry) {
		ipvti_event_socket(in->net, &entry->local, entry->family, entry->port);
		adoption(sk)->entry = NULL;
		if (!device_uses(in, entry->port) || open_stand_in(in, entry))
			close_entry(entry);
		else
			WRITE_ONCE(entry->owner, NULL);
	}
	mutex_unlock(&in->sockets_lock);
}

/* sk_destruct: nobody has the socket any more; RCU callback, as of all UDP sockets once bound. */
static void owner_destruct(struct sock *sk)
{
	struct ipvti_adoption *own = adoption(sk);

	/* The namespace, and with it the entry, lives as long as the socket. */
	if (own->entry)
		WRITE_ONCE(own->entry->owner, NULL);
	own->destruct(sk);
	kfree(own);
	module_put(THIS_MODULE);
}

/* ---- adoption ---- */

static void setup_owner(struct socket *sock, struct ipvti_adoption *own)
{
	struct udp_tunnel_sock_cfg cfg = {
		.sk_user_data = own,
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_rcv = owner_rcv,
		.encap_err_lookup = encap_err,
		.encap_destroy = owner_gone,
	};

	own->destruct = sock->sk->sk_destruct;
	sock->sk->sk_destruct = owner_destruct;
	ipvti_compat_setup_udp_tunnel(sock, &cfg);
}

static void undo_owner(struct sock *sk)
{
	struct ipvti_adoption *own = adoption(sk);
	struct udp_sock *up = udp_sk(sk);

	sk->sk_destruct = own->destruct;
	rcu_assign_sk_user_data(sk, NULL);
	WRITE_ONCE(up->encap_type, 0);
	WRITE_ONCE(up->encap_rcv, NULL);
	WRITE_ONCE(up->encap_err_lookup, NULL);
	WRITE_ONCE(up->encap_destroy, NULL);
	kfree(own);
}

static int check_socket(struct ipvti_net *in, const struct sock *sk,
			struct netlink_ext_ack *extack)
{
	if ((sk->sk_family != AF_INET && sk->sk_family != AF_INET6) ||
	    sk->sk_type != SOCK_DGRAM || sk->sk_protocol != IPPROTO_UDP) {
		NL_SET_ERR_MSG(extack, "the descriptor is no UDP socket");
		return -EINVAL;
	}
	if (!net_eq(sock_net(sk), in->net)) {
		NL_SET_ERR_MSG(extack, "the socket belongs to another namespace");
		return -EXDEV;
	}
	if (sk->sk_state == TCP_ESTABLISHED) {
		NL_SET_ERR_MSG(extack, "the socket is connected");
		return -EISCONN;
	}
	if (udp_sk(sk)->encap_destroy || sk->sk_user_data) {
		NL_SET_ERR_MSG(extack, "already adopted, or the socket of another kind of tunnel");
		return -EBUSY;
	}
	return 0;
}

static union ipvti_addr bound_address(const struct sock *sk)
{
	union ipvti_addr addr = {};

	if (sk->sk_family == AF_INET)
		addr.v4 = inet_sk(sk)->inet_rcv_saddr;
	else
		addr.v6 = sk->sk_v6_rcv_saddr;
	return addr;
}

/* What the socket is bound to, or is to be bound to. */
static int describe(struct ipvti_socket *want, const struct sock *sk,
		    const union ipvti_addr *local, u16 family, __be16 port,
		    struct netlink_ext_ack *extack)
{
	union ipvti_addr bound = bound_address(sk);

	want->family = sk->sk_family;
	want->v6only = sk->sk_ipv6only;
	want->bound_dev = sk->sk_bound_dev_if;
	if (local && family != sk->sk_family) {
		NL_SET_ERR_MSG(extack, "the address is not of the socket's family");
		return -EINVAL;
	}
	if (inet_sk(sk)->inet_num) {
		if ((port && port != inet_sk(sk)->inet_sport) ||
		    (local && memcmp(local, &bound, sizeof(bound)))) {
			NL_SET_ERR_MSG(extack, "the socket is bound to another address or port");
			return -EADDRINUSE;
		}
		want->port = inet_sk(sk)->inet_sport;
		want->local = bound;
		return 0;
	}
	if (!port) {
		NL_SET_ERR_MSG(extack, "the socket is not bound, and no port is given");
		return -EINVAL;
	}
	want->port = port;
	if (local)
		want->local = *local;
	return 0;
}

static struct ipvti_socket *find_entry(struct ipvti_net *in, const struct ipvti_socket *want)
{
	struct ipvti_socket *entry;

	list_for_each_entry(entry, &in->sockets, list)
		if (entry->family == want->family && entry->port == want->port &&
		    entry->bound_dev == want->bound_dev &&
		    !memcmp(&entry->local, &want->local, sizeof(want->local)))
			return entry;
	return NULL;
}

static struct ipvti_socket *get_entry(struct ipvti_net *in, const struct ipvti_socket *want)
{
	struct ipvti_socket *entry = find_entry(in, want);

	if (entry)
		return READ_ONCE(entry->owner) ? ERR_PTR(-EADDRINUSE) : entry;
	entry = kmemdup(want, sizeof(*want), GFP_KERNEL);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	list_add_tail(&entry->list, &in->sockets);
	return entry;
}

/* Callbacks first, so that an unbound socket never has the port without them. */
static int take_socket(struct ipvti_socket *entry, struct socket *sock,
		       struct netlink_ext_ack *extack)
{
	struct ipvti_adoption *own;
	struct sock *sk = sock->sk;
	int err = 0;

	own = kzalloc(sizeof(*own), GFP_KERNEL);
	if (!own)
		return -ENOMEM;
	lock_sock(sk);
	sk->sk_reuseport = 1;
	release_sock(sk);
	if (entry->stand_in)
		share_with(entry->stand_in, sk);
	setup_owner(sock, own);
	if (!inet_sk(sk)->inet_num)
		err = bind_to(sock, entry);
	if (err) {
		NL_SET_ERR_MSG(extack, "the socket cannot be bound to that address and port");
		undo_owner(sk);
		return err;
	}
	__module_get(THIS_MODULE);
	own->entry = entry;
	WRITE_ONCE(entry->owner, sk);
	ipvti_bulk_open(ipvti_net(sock_net(sk)));
	if (entry->stand_in)
		udp_tunnel_sock_release(entry->stand_in);
	entry->stand_in = NULL;
	return 0;
}

static int adopt(struct ipvti_net *in, struct socket *sock, const struct ipvti_socket *want,
		 struct netlink_ext_ack *extack)
{
	struct ipvti_socket *entry;
	int err;

	if (in->dead)
		return -ENODEV;
	entry = get_entry(in, want);
	if (IS_ERR(entry)) {
		NL_SET_ERR_MSG(extack, "another socket of that address and port is adopted");
		return PTR_ERR(entry);
	}
	err = take_socket(entry, sock, extack);
	if (err && !entry->stand_in)
		close_entry(entry);
	return err;
}

/**
 * ipvti_socket_adopt() - take ESP from a UDP socket of a process
 * @in: namespace of the socket
 * @fd: descriptor of the caller
 * @local: address to bind it to, NULL: any, or what it is bound to
 * @family: of @local
 * @port: to bind it to, 0: what it is bound to
 * @extack: says what is wrong
 *
 * IKE still goes to the process, keepalives to nobody, ESP of unknown SPIs to XFRM.
 *
 * Context: process, of the owner.
 */
int ipvti_socket_adopt(struct ipvti_net *in, int fd, const union ipvti_addr *local, u16 family,
		       __be16 port, struct netlink_ext_ack *extack)
{
	struct ipvti_socket want = {};
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock) {
		NL_SET_ERR_MSG(extack, "no such descriptor, or no socket");
		return err;
	}
	mutex_lock(&in->sockets_lock);
	err = check_socket(in, sock->sk, extack);
	if (!err)
		err = describe(&want, sock->sk, local, family, port, extack);
	if (!err)
		err = adopt(in, sock, &want, extack);
	mutex_unlock(&in->sockets_lock);
	sockfd_put(sock);
	return err;
}

/**
 * ipvti_socket_dump() - write adopted sockets and stand-ins, one message each
 * @in: namespace
 * @msg: dump message
 * @cb: args[0] counts those written
 *
 * Return: bytes in @msg, or an error when not even one fits.
 */
int ipvti_socket_dump(struct ipvti_net *in, struct sk_buff *msg, struct netlink_callback *cb)
{
	struct ipvti_socket *entry;
	long index = 0;
	int err = 0;
	bool owned;

	mutex_lock(&in->sockets_lock);
	list_for_each_entry(entry, &in->sockets, list) {
		owned = READ_ONCE(entry->owner);
		if (index++ < cb->args[0] || (!owned && !entry->stand_in))
			continue;
		err = ipvti_netlink_put_socket(msg, cb, &entry->local, entry->family,
					       entry->port, owned);
		if (err)
			break;
		cb->args[0] = index;
	}
	mutex_unlock(&in->sockets_lock);
	return msg->len ?: err;
}

/**
 * ipvti_socket_prune() - close the stand-ins whose port no device uses any more, and vacant entries
 * @in: namespace
 *
 * Context: process, also under RTNL or a device lock.
 */
void ipvti_socket_prune(struct ipvti_net *in)
{
	struct ipvti_socket *entry, *next;

	mutex_lock(&in->sockets_lock);
	list_for_each_entry_safe(entry, next, &in->sockets, list)
		if (!READ_ONCE(entry->owner) &&
		    (!entry->stand_in || !device_uses(in, entry->port)))
			close_entry(entry);
	mutex_unlock(&in->sockets_lock);
}

/**
 * ipvti_socket_net_exit() - the namespace goes: close all stand-ins
 * @in: namespace; no socket of a process is left in it
 *
 * Context: pernet exit.
 */
void ipvti_socket_net_exit(struct ipvti_net *in)
{
	struct ipvti_socket *entry, *next;

	mutex_lock(&in->sockets_lock);
	ipvti_bulk_close(in);
	list_for_each_entry_safe(entry, next, &in->sockets, list)
		close_entry(entry);
	mutex_unlock(&in->sockets_lock);
}
