/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note OR MIT */
/*
 * ipvti: one virtual interface per IPsec peer - generic netlink contract.
 *
 * uapi/ipvti.yaml is the specification of the same thing; `make check` compares the two.
 * Conventions: SPIs, ports and interface indices are in host byte order; addresses are 4 or
 * 16 bytes in network byte order; times are milliseconds unless the name says otherwise;
 * enumerators start at 0 where 0 is the default.
 */
#ifndef _UAPI_LINUX_IPVTI_H
#define _UAPI_LINUX_IPVTI_H

#define IPVTI_GENL_NAME		"ipvti"
#define IPVTI_GENL_VERSION	1
#define IPVTI_GENL_MCGRP_EVENTS	"events"
#define IPVTI_LINK_KIND		"ipvti"

#define IPVTI_TAG_LEN		32	/* opaque to the kernel, owned by whoever installs the SA */
#define IPVTI_KEY_MAX		160	/* bytes: the longest cipher key, salt and integrity key */
#define IPVTI_ALG_NAME_MAX	64
#define IPVTI_SPI_MIN		256	/* RFC 4303 section 2.1: 0 is local, 1-255 are reserved */
#define IPVTI_REPLAY_WINDOW_MAX	8192	/* packets */
#define IPVTI_TS_MAX		64	/* traffic selectors of one SA */
#define IPVTI_MTU_MIN		1280	/* RFC 8200: below this IPv6 leaves the device */
#define IPVTI_DSCP_INHERIT	255
#define IPVTI_TTL_INHERIT	0
#define IPVTI_TFC_MTU		65535	/* RFC 4303 section 2.7: pad to what fits into a packet */

enum ipvti_cmd {
	IPVTI_CMD_UNSPEC,
	IPVTI_CMD_DEVICE_GET,		/* do and dump */
	IPVTI_CMD_DEVICE_SET,
	IPVTI_CMD_SA_NEW,
	IPVTI_CMD_SA_DEL,		/* also releases an SPI that is only reserved */
	IPVTI_CMD_SA_GET,		/* do and dump */
	IPVTI_CMD_SA_ACTIVATE,		/* make an outbound SA the current one of its selectors */
	IPVTI_CMD_SPI_ALLOC,
	IPVTI_CMD_SOCKET_ADOPT,
	IPVTI_CMD_SOCKET_GET,		/* dump */
	IPVTI_CMD_PEER_SET,		/* suspect, or no longer */
	IPVTI_CMD_STATS_GET,
	IPVTI_CMD_ALG_GET,		/* dump */
	IPVTI_CMD_EVENT,		/* notification only */

	__IPVTI_CMD_MAX,
	IPVTI_CMD_MAX = __IPVTI_CMD_MAX - 1
};

/* Top level of every message. A device is named by its id, valid in the namespace it was
 * created in and also after it was moved, or by its ifindex in the caller's namespace.
 */
enum ipvti_attr {
	IPVTI_A_UNSPEC,
	IPVTI_A_PAD,
	IPVTI_A_ID,			/* u64 */
	IPVTI_A_IFINDEX,		/* u32 */
	IPVTI_A_IFNAME,			/* string, in the device's namespace; reply only */
	IPVTI_A_DEVICE,			/* nest of IPVTI_A_DEV_* */
	IPVTI_A_SA,			/* nest of IPVTI_A_SA_* */
	IPVTI_A_SOCKET,			/* nest of IPVTI_A_SOCK_* */
	IPVTI_A_STAT,			/* nest of IPVTI_A_STAT_*, multi */
	IPVTI_A_ALG,			/* nest of IPVTI_A_ALG_* */
	IPVTI_A_EVENT,			/* u32, enum ipvti_event */

	__IPVTI_A_MAX,
	IPVTI_A_MAX = __IPVTI_A_MAX - 1
};

enum ipvti_encap {
	IPVTI_ENCAP_NONE,		/* IP protocol 50 */
	IPVTI_ENCAP_UDP,		/* RFC 3948 */
};

enum ipvti_df {
	IPVTI_DF_SET,
	IPVTI_DF_CLEAR,
	IPVTI_DF_COPY,
};

enum ipvti_parallel {
	IPVTI_PARALLEL_OFF,
	IPVTI_PARALLEL_ON,
	IPVTI_PARALLEL_AUTO,
};

enum ipvti_roam {
	IPVTI_ROAM_OFF,
	IPVTI_ROAM_PORT,		/* follow the peer's UDP source port */
	IPVTI_ROAM_ANY,			/* and its address */
};

enum ipvti_inner_checksum {
	IPVTI_INNER_CHECKSUM_TRUST,	/* the ICV vouches for the inner transport checksum */
	IPVTI_INNER_CHECKSUM_VERIFY,
};

enum ipvti_attr_dev {
	IPVTI_A_DEV_UNSPEC,
	IPVTI_A_DEV_PAD,
	/* settings, in DEVICE_SET and in replies */
	IPVTI_A_DEV_LOCAL,		/* binary, outer source address; absent or any: by route */
	IPVTI_A_DEV_REMOTE,		/* binary, outer destination address */
	IPVTI_A_DEV_ENCAP,		/* u8, enum ipvti_encap */
	IPVTI_A_DEV_SPORT,		/* u16, UDP source port */
	IPVTI_A_DEV_DPORT,		/* u16, UDP destination port */
	IPVTI_A_DEV_LOWER,		/* u32, ifindex that outer packets leave through; 0 any */
	IPVTI_A_DEV_FWMARK,		/* u32, mark of outer packets */
	IPVTI_A_DEV_TTL,		/* u8, 1-255, or IPVTI_TTL_INHERIT */
	IPVTI_A_DEV_DSCP,		/* u8, 0-63, or IPVTI_DSCP_INHERIT */
	IPVTI_A_DEV_DF,			/* u8, enum ipvti_df */
	IPVTI_A_DEV_MTU_FIXED,		/* u32, 0: follow cipher, encapsulation and link */
	IPVTI_A_DEV_PARALLEL,		/* u8, enum ipvti_parallel */
	IPVTI_A_DEV_ROAM,		/* u8, enum ipvti_roam */
	IPVTI_A_DEV_SECPATH,		/* u8, 0 or 1 */
	IPVTI_A_DEV_INNER_CHECKSUM,	/* u8, enum ipvti_inner_checksum */
	IPVTI_A_DEV_TFC,		/* u16, length that inner packets are padded to; 0 off */
	IPVTI_A_DEV_QUIET,		/* u32, ms of silence until event `quiet`; 0: off */
	IPVTI_A_DEV_KEEPALIVE,		/* u32, s between RFC 3948 NAT keepalives; 0 off */
	IPVTI_A_DEV_TAG,		/* binary, IPVTI_TAG_LEN */
	/* state, in replies only */
	IPVTI_A_DEV_MTU,		/* u32, of the netdevice */
	IPVTI_A_DEV_PATH_MTU,		/* u32, as learnt; absent: not below the link's */
	IPVTI_A_DEV_CARRIER,		/* u8 */
	IPVTI_A_DEV_SUSPECT,		/* u8 */
	IPVTI_A_DEV_CARRIER_AGE,	/* u64, ms since carrier last changed */
	IPVTI_A_DEV_RX_AGE,		/* u64, ms since authenticated receive; absent: never */
	IPVTI_A_DEV_TX_AGE,		/* u64, ms since the last ESP packet sent; absent: never */
	IPVTI_A_DEV_SAS_IN,		/* u32 */
	IPVTI_A_DEV_SAS_OUT,		/* u32 */
	IPVTI_A_DEV_FOREIGN,		/* flag: now in another namespace than it was created in */
	IPVTI_A_DEV_SPILLING,		/* u8, other CPUs encrypt or decrypt for it now */
	IPVTI_A_DEV_SPILLED,		/* u64, packets that other CPUs did so with */

	__IPVTI_A_DEV_MAX,
	IPVTI_A_DEV_MAX = __IPVTI_A_DEV_MAX - 1
};

enum ipvti_sa_dir {
	IPVTI_SA_DIR_UNSPEC,
	IPVTI_SA_IN,
	IPVTI_SA_OUT,
};

enum ipvti_activate {
	IPVTI_ACTIVATE_NOW,
	IPVTI_ACTIVATE_FIRST_USE,	/* first packet on its pair, predecessor gone, or 30 s */
	IPVTI_ACTIVATE_MANUAL,		/* on SA_ACTIVATE */
};

enum ipvti_sa_state {
	IPVTI_SA_STATE_RESERVED,	/* inbound: SPI taken, no key yet */
	IPVTI_SA_STATE_LIVE,		/* inbound: receives */
	IPVTI_SA_STATE_WAITING,		/* outbound: installed, not yet activated */
	IPVTI_SA_STATE_CURRENT,		/* outbound: sends */
	IPVTI_SA_STATE_SUPERSEDED,	/* outbound: another took over */
	IPVTI_SA_STATE_EXPIRED,		/* hard limit reached, keys wiped */
};

enum ipvti_attr_sa {
	IPVTI_A_SA_UNSPEC,
	IPVTI_A_SA_PAD,
	/* in SA_NEW and in replies */
	IPVTI_A_SA_DIR,			/* u8, enum ipvti_sa_dir */
	IPVTI_A_SA_SPI,			/* u32 */
	IPVTI_A_SA_ALG,			/* string, keyword as in ALG_GET */
	IPVTI_A_SA_KEY,			/* binary, SA_NEW only: RFC key material, never returned */
	IPVTI_A_SA_ESN,			/* u8, 0 or 1 */
	IPVTI_A_SA_REPLAY_WINDOW,	/* u32, packets, inbound; 0 off; default 1024 */
	IPVTI_A_SA_SEQ,			/* u64, last sent (out) or highest authenticated (in) */
	IPVTI_A_SA_PAIR,		/* u32, SPI in the other direction, negotiated with it */
	IPVTI_A_SA_REPLACES,		/* u32, SPI in this direction, which it takes over from */
	IPVTI_A_SA_FLOW,		/* u32, flow or CPU class, RFC 9611 */
	IPVTI_A_SA_ACTIVATE,		/* u8, enum ipvti_activate, outbound */
	IPVTI_A_SA_TAG,			/* binary, IPVTI_TAG_LEN */
	IPVTI_A_SA_TS,			/* nest of IPVTI_A_TS_*, multi; none: any */
	IPVTI_A_SA_SOFT,		/* nest of IPVTI_A_LIMIT_* */
	IPVTI_A_SA_HARD,		/* nest of IPVTI_A_LIMIT_* */
	IPVTI_A_SA_LEGACY,		/* flag: an algorithm that is not to be used is meant */
	/* in replies only */
	IPVTI_A_SA_STATE,		/* u8, enum ipvti_sa_state */
	IPVTI_A_SA_PACKETS,		/* u64 */
	IPVTI_A_SA_BYTES,		/* u64, of inner packets */
	IPVTI_A_SA_AGE,			/* u64, ms since installed */
	IPVTI_A_SA_USED_AGE,		/* u64, ms since last used; absent: never */
	IPVTI_A_SA_DRIVER,		/* string, crypto driver in use */
	IPVTI_A_SA_SPILLED,		/* u64, packets that went to another CPU for crypto */

	__IPVTI_A_SA_MAX,
	IPVTI_A_SA_MAX = __IPVTI_A_SA_MAX - 1
};

/* One selector pair, RFC 4301 section 4.4.1.1. Source and destination are those of the inner
 * packet in the direction of the SA. Both addresses have the same family.
 */
enum ipvti_attr_ts {
	IPVTI_A_TS_UNSPEC,
	IPVTI_A_TS_SRC,			/* binary */
	IPVTI_A_TS_SRC_LEN,		/* u8, prefix length */
	IPVTI_A_TS_DST,			/* binary */
	IPVTI_A_TS_DST_LEN,		/* u8 */
	IPVTI_A_TS_PROTO,		/* u8, 0 any */
	IPVTI_A_TS_SPORT_MIN,		/* u16 */
	IPVTI_A_TS_SPORT_MAX,		/* u16 */
	IPVTI_A_TS_DPORT_MIN,		/* u16 */
	IPVTI_A_TS_DPORT_MAX,		/* u16 */

	__IPVTI_A_TS_MAX,
	IPVTI_A_TS_MAX = __IPVTI_A_TS_MAX - 1
};

enum ipvti_attr_limit {
	IPVTI_A_LIMIT_UNSPEC,
	IPVTI_A_LIMIT_PAD,
	IPVTI_A_LIMIT_PACKETS,		/* u64 */
	IPVTI_A_LIMIT_BYTES,		/* u64 */
	IPVTI_A_LIMIT_SECONDS,		/* u64, since installed */
	IPVTI_A_LIMIT_IDLE,		/* u64, s since last used */

	__IPVTI_A_LIMIT_MAX,
	IPVTI_A_LIMIT_MAX = __IPVTI_A_LIMIT_MAX - 1
};

/* SOCKET_ADOPT: the UDP socket `FD` of the caller becomes an ESP-in-UDP socket of the
 * namespace. An unbound socket is bound to LOCAL and PORT after it was set up, so that no
 * datagram slips through. When its owner dies, the kernel keeps the port open on a socket of
 * its own and ESP keeps flowing; the next SOCKET_ADOPT of the same address and port takes over.
 */
enum ipvti_attr_sock {
	IPVTI_A_SOCK_UNSPEC,
	IPVTI_A_SOCK_FD,		/* u32, request only */
	IPVTI_A_SOCK_LOCAL,		/* binary, address; absent: any of the socket's family */
	IPVTI_A_SOCK_PORT,		/* u16 */
	IPVTI_A_SOCK_FAMILY,		/* u8, AF_INET or AF_INET6; reply only */
	IPVTI_A_SOCK_OWNED,		/* u8, 1: by a process; 0: the kernel stands in */

	__IPVTI_A_SOCK_MAX,
	IPVTI_A_SOCK_MAX = __IPVTI_A_SOCK_MAX - 1
};

enum ipvti_attr_stat {
	IPVTI_A_STAT_UNSPEC,
	IPVTI_A_STAT_PAD,
	IPVTI_A_STAT_NAME,		/* string, kebab-case drop reason */
	IPVTI_A_STAT_VALUE,		/* u64, packets */
	IPVTI_A_STAT_HELP,		/* string, one line */

	__IPVTI_A_STAT_MAX,
	IPVTI_A_STAT_MAX = __IPVTI_A_STAT_MAX - 1
};

enum ipvti_alg_status {			/* RFC 8221 and 9395; the worst is the last */
	IPVTI_ALG_MUST,
	IPVTI_ALG_MUST_MINUS,
	IPVTI_ALG_SHOULD,
	IPVTI_ALG_MAY,
	IPVTI_ALG_SHOULD_NOT,
	IPVTI_ALG_MUST_NOT,
	IPVTI_ALG_UNLISTED,		/* in no RFC at all */
};

enum ipvti_attr_alg {
	IPVTI_A_ALG_UNSPEC,
	IPVTI_A_ALG_NAME,		/* string, keyword */
	IPVTI_A_ALG_ENCR,		/* u16, IKEv2 transform type 1 id; 0: none is assigned */
	IPVTI_A_ALG_KEY_BITS,		/* u16, IKEv2 key length attribute; 0: not sent */
	IPVTI_A_ALG_INTEG,		/* u16, IKEv2 transform type 3 id; 0: none; absent: AEAD */
	IPVTI_A_ALG_KEY_LEN,		/* u16, bytes of key material for IPVTI_A_SA_KEY */
	IPVTI_A_ALG_IV_LEN,		/* u8, bytes in the packet */
	IPVTI_A_ALG_ICV_LEN,		/* u8, bytes */
	IPVTI_A_ALG_BLOCK,		/* u8, padding boundary in bytes */
	IPVTI_A_ALG_STATUS,		/* u8, enum ipvti_alg_status, the worse one of both */
	IPVTI_A_ALG_RFC,		/* u16, of the cipher or combined mode; absent: none */
	IPVTI_A_ALG_DRIVER,		/* string, of the same; absent: this kernel has none */
	IPVTI_A_ALG_LEGACY,		/* flag: only for an SA with IPVTI_A_SA_LEGACY */
	IPVTI_A_ALG_INTEG_KEY_LEN,	/* u16, bytes at the end of the key material */
	IPVTI_A_ALG_INTEG_RFC,		/* u16; absent: none */
	IPVTI_A_ALG_INTEG_DRIVER,	/* string; absent: this kernel has none */

	__IPVTI_A_ALG_MAX,
	IPVTI_A_ALG_MAX = __IPVTI_A_ALG_MAX - 1
};

/* Each event carries IPVTI_A_ID, IFINDEX and IFNAME, and what it is about in DEVICE or SA. */
enum ipvti_event {
	IPVTI_EVENT_UNSPEC,
	IPVTI_EVENT_ACQUIRE,		/* a packet had no tunnel; SA nest: TS of that packet */
	IPVTI_EVENT_QUIET,		/* nothing authenticated for DEV_QUIET ms */
	IPVTI_EVENT_HEARD,		/* first packet, also after quiet or suspect */
	IPVTI_EVENT_SOFT,		/* soft limit of an SA */
	IPVTI_EVENT_HARD,		/* hard limit: the SA is dead */
	IPVTI_EVENT_FIRST_USE,		/* first authenticated packet of an inbound SA */
	IPVTI_EVENT_SA_DELETED,
	IPVTI_EVENT_SA_REPLACED,	/* outbound: SA is now current, REPLACES no longer */
	IPVTI_EVENT_PEER,		/* its outer address or port: DEVICE nest, REMOTE, DPORT */
	IPVTI_EVENT_AUTH_FAILURES,	/* a burst of packets that failed authentication */
	IPVTI_EVENT_CARRIER,		/* DEVICE nest: CARRIER, SUSPECT */
	IPVTI_EVENT_SOCKET_LOST,	/* owner of an adopted socket is gone; SOCKET nest */
	IPVTI_EVENT_DEVICE,		/* settings changed, device moved, or deleted (IFINDEX 0) */
	IPVTI_EVENT_OVERRUN,		/* events were lost: dump to resynchronise */

	__IPVTI_EVENT_MAX,
	IPVTI_EVENT_MAX = __IPVTI_EVENT_MAX - 1
};

#endif /* _UAPI_LINUX_IPVTI_H */
