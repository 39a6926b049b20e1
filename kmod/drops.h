/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one table of drop reasons: enumerator, stable kebab-case name, one line for a person.
 * Order is free; names are what `ipvtictl stats`, the tracepoint and tests know.
 */
#ifndef _IPVTI_DROPS_H
#define _IPVTI_DROPS_H

#define IPVTI_DROPS(X) \
	/* send */ \
	X(NO_TUNNEL,	"no-tunnel",	"no usable outbound SA: the tunnel is down") \
	X(NO_REMOTE,	"no-remote",	"the device has no peer address") \
	X(NO_SELECTOR,	"no-selector",	"no outbound SA whose traffic selectors match") \
	X(NO_ROUTE,	"no-route",	"no route to the peer's outer address") \
	X(LOOP,		"loop",		"the route to the peer leads back into this device") \
	X(NESTING,	"nesting",	"more than 4 tunnels inside each other") \
	X(TOO_BIG,	"too-big",	"larger than the path takes; the sender was told") \
	X(SEQ_EXHAUSTED, "seq-exhausted", "the outbound SA has no sequence numbers left") \
	X(NOT_IP,	"not-ip",	"neither IPv4 nor IPv6, or a broken header") \
	X(TX_QUEUE_FULL, "tx-queue-full", "the send pipeline is full") \
	X(TX_ERROR,	"tx-error",	"refused by the IP stack or the link outside") \
	X(NO_MEMORY,	"no-memory",	"memory allocation failed") \
	X(CRYPTO,	"crypto",	"the crypto driver failed") \
	/* receive */ \
	X(MALFORMED,	"malformed",	"too short or badly aligned to be ESP of this SA") \
	X(SA_EXPIRED,	"sa-expired",	"the SA has reached a hard limit") \
	X(NO_KEY,	"no-key",	"reserved SPI without its key, hold queue full") \
	X(HOLD_TIMEOUT,	"hold-timeout",	"held on a reserved SPI whose key did not come in time") \
	X(WRONG_ENCAP,	"wrong-encap",	"native ESP, but UDP encapsulation was agreed upon") \
	X(REPLAY_OLD,	"replay-old",	"sequence number older than the replay window") \
	X(REPLAY_SEEN,	"replay-seen",	"sequence number seen before") \
	X(SEQ_ZERO,	"seq-zero",	"sequence number 0 is never sent") \
	X(AUTH_FAILED,	"auth-failed",	"integrity check failed: forged, corrupted, wrong key") \
	X(BAD_TRAILER,	"bad-trailer",	"padding or next header does not fit after decryption") \
	X(DUMMY,	"dummy",	"dummy packet, RFC 4303 section 2.6") \
	X(BAD_INNER,	"bad-inner",	"the inner packet's version or lengths lie") \
	X(SELECTOR,	"selector",	"inner packet outside the SA's traffic selectors") \
	X(ECN,		"ecn",		"CE outside, Not-ECT inside: RFC 6040 says drop") \
	X(RX_QUEUE_FULL, "rx-queue-full", "the receive pipeline is full") \
	X(RX_BACKLOG,	"rx-backlog",	"the backlog of packets for the stack is full") \
	X(DEVICE_DOWN,	"device-down",	"the device is administratively down") \
	/* no device */ \
	X(NO_SA,	"no-sa",	"an ESP packet that neither ipvti nor XFRM has an SA for")

enum ipvti_drop {
#define X(id, name, help) IPVTI_DROP_##id,
	IPVTI_DROPS(X)
#undef X
	__IPVTI_DROP_COUNT
};

#endif /* _IPVTI_DROPS_H */
