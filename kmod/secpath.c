// SPDX-License-Identifier: GPL-2.0
/*
 * The setting `secpath`: decrypted packets look to the firewall as if XFRM had decrypted them, so
 * that nft's `meta secpath exists` and `meta ipsec exists` match.
 *
 * A path without a state in it panics in __xfrm_policy_check(), so there is one. It is in none of
 * XFRM's tables and stands for no SA: its selector matches everything, and its mode is transport,
 * which a policy without a template for it lets pass.
 */

#include <net/xfrm.h>

#include "ipvti.h"

/**
 * ipvti_secpath_open() - make what the packets of a device are to carry
 * @idev: device
 *
 * It stays until the device goes.
 *
 * Context: device lock held.
 * Return: 0 or -ENOMEM.
 */
int ipvti_secpath_open(struct ipvti_dev *idev)
{
	struct xfrm_state *x;

	if (idev->secpath)
		return 0;
	x = xfrm_state_alloc(idev->net);
	if (!x)
		return -ENOMEM;
	x->props.mode = XFRM_MODE_TRANSPORT;
	/* What XFRM expects of a state whose last reference goes, whoever has it then. */
	x->km.state = XFRM_STATE_DEAD;
	WRITE_ONCE(idev->secpath, x);
	return 0;
}

/**
 * ipvti_secpath_close() - the reverse
 * @idev: device that no packet finds any more; those in the stack have references of their own
 *
 * Context: process.
 */
void ipvti_secpath_close(struct ipvti_dev *idev)
{
	if (idev->secpath)
		xfrm_state_put(idev->secpath);
	idev->secpath = NULL;
}

/**
 * ipvti_secpath_set() - mark a decrypted packet
 * @idev: device it came through, whose settings say so
 * @skb: packet, scrubbed
 *
 * Context: softirq.
 * Return: false when out of memory.
 */
bool ipvti_secpath_set(struct ipvti_dev *idev, struct sk_buff *skb)
{
	struct xfrm_state *x = READ_ONCE(idev->secpath);
	struct sec_path *sp = secpath_set(skb);

	if (!sp)
		return false;
	xfrm_state_hold(x);
	sp->xvec[sp->len++] = x;
	return true;
}
