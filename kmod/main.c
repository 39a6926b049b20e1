// SPDX-License-Identifier: GPL-2.0
/*
 * Order of starting, and its exact reverse.
 */
#include <linux/module.h>

#include "ipvti.h"

static int __init ipvti_init(void)
{
	int err;

	ipvti_algs_init();
	err = ipvti_sa_init();
	if (err)
		return err;
	err = ipvti_pipe_init();
	if (err)
		goto err_sa;
	err = ipvti_device_init();
	if (err)
		goto err_pipe;
	err = ipvti_transport_init();
	if (err)
		goto err_device;
	err = ipvti_netlink_init();
	if (err)
		goto err_transport;
	err = ipvti_link_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	ipvti_netlink_exit();
err_transport:
	ipvti_transport_exit();
err_device:
	ipvti_device_exit();
err_pipe:
	ipvti_pipe_exit();
err_sa:
	ipvti_sa_exit();
	return err;
}

/* Deleting the devices unlinks every SA and waits for the packets that hold one. */
static void __exit ipvti_exit(void)
{
	ipvti_link_exit();
	ipvti_netlink_exit();
	ipvti_transport_exit();
	ipvti_device_exit();
	ipvti_pipe_exit();
	ipvti_sa_exit();
	ipvti_crypto_exit();
	ipvti_buffer_exit();
}

module_init(ipvti_init);
module_exit(ipvti_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("One virtual interface per IPsec peer");
MODULE_ALIAS_RTNL_LINK(IPVTI_LINK_KIND);
MODULE_ALIAS_GENL_FAMILY(IPVTI_GENL_NAME);
