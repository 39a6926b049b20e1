// SPDX-License-Identifier: GPL-2.0
/*
 * The table of inbound SPIs: one for all namespaces, keyed by namespace and SPI.
 */
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <net/addrconf.h>
#include <net/netns/hash.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "ipvti.h"

struct spi_key {
	const struct net *net;
	u32 spi;
};

static struct rhashtable ipvti_spis;

static u32 spi_hash(const void *data, u32 len, u32 seed)
{
	const struct spi_key *key = data;

	return jhash_2words(key->spi, net_hash_mix(key->net), seed);
}

static u32 spi_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct ipvti_sa *sa = data;

	return jhash_2words(sa->spi, net_hash_mix(read_pnet(&sa->net)), seed);
}

static int spi_obj_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct spi_key *key = arg->key;
	const struct ipvti_sa *sa = obj;

	return sa->spi != key->spi || !net_eq(read_pnet(&sa->net), key->net);
}

static const struct rhashtable_params spi_params = {
	.head_offset = offsetof(struct ipvti_sa, spi_node),
	.hashfn = spi_hash,
	.obj_hashfn = spi_obj_hash,
	.obj_cmpfn = spi_obj_cmp,
	.automatic_shrinking = true,
};

/**
 * ipvti_sa_lookup() - find the inbound SA of an SPI
 * @net: namespace of the outer packet
 * @spi: SPI
 *
 * Context: RCU read lock held; the SA is valid until it is dropped.
 * Return: the SA, in whatever state, or NULL.
 */
struct ipvti_sa *ipvti_sa_lookup(const struct net *net, u32 spi)
{
	struct spi_key key = { .net = net, .spi = spi };

	return rhashtable_lookup(&ipvti_spis, &key, spi_params);
}

/**
 * ipvti_spi_insert() - take the SPI of an inbound SA
 * @sa: SA; packets find it from now on
 *
 * Context: device lock held.
 * Return: 0, -EEXIST when an SA of this namespace has it, or another negative errno.
 */
int ipvti_spi_insert(struct ipvti_sa *sa)
{
	struct spi_key key = { .net = read_pnet(&sa->net), .spi = sa->spi };

	return rhashtable_lookup_insert_key(&ipvti_spis, &key, &sa->spi_node, spi_params);
}

/**
 * ipvti_spi_remove() - give back the SPI of an inbound SA
 * @sa: SA that ipvti_spi_insert() succeeded for
 *
 * Context: device lock held. Readers may have the SA for another grace period.
 */
void ipvti_spi_remove(struct ipvti_sa *sa)
{
	rhashtable_remove_fast(&ipvti_spis, &sa->spi_node, spi_params);
}

struct foreign_search {
	struct net *net;
	const struct ipvti_config *config;
	__be32 spi;
};

/* Would packets to this XFRM state and packets to us have the same destination? */
static bool foreign_is_ours(const struct foreign_search *search, const struct xfrm_state *x)
{
	const struct ipvti_config *config = search->config;
	struct in6_addr daddr6;

	if (x->props.family == AF_INET) {
		if (config->local_family == AF_INET && config->local.v4)
			return config->local.v4 == x->id.daddr.a4;
		return inet_addr_type(search->net, x->id.daddr.a4) == RTN_LOCAL;
	}
	memcpy(&daddr6, &x->id.daddr.a6, sizeof(daddr6));
	if (config->local_family == AF_INET6 && !ipv6_addr_any(&config->local.v6))
		return ipv6_addr_equal(&config->local.v6, &daddr6);
	return ipv6_chk_addr(search->net, &daddr6, NULL, 0);
}

static int foreign_check(struct xfrm_state *x, int count, void *data)
{
	const struct foreign_search *search = data;

	return x->id.spi == search->spi && foreign_is_ours(search, x) ? -EEXIST : 0;
}

/**
 * ipvti_spi_foreign() - does XFRM receive on an SPI?
 * @idev: device that would like to have it
 * @spi: SPI
 *
 * With esp4_offload loaded GRO gives such packets to XFRM before we see them, so the SPI is
 * refused. States are walked rather than looked up because they may carry any mark, and because
 * the device may have no fixed local address.
 *
 * Context: process, device lock held, creation namespace alive.
 */
bool ipvti_spi_foreign(struct ipvti_dev *idev, u32 spi)
{
	struct foreign_search search = {
		.net = idev->net,
		.config = rcu_dereference_protected(idev->config, lockdep_is_held(&idev->lock)),
		.spi = cpu_to_be32(spi),
	};
	struct xfrm_state_walk walk;
	int err;

	xfrm_state_walk_init(&walk, IPPROTO_ESP, NULL);
	err = xfrm_state_walk(idev->net, &walk, foreign_check, &search);
	xfrm_state_walk_done(&walk, idev->net);
	return err == -EEXIST;
}

int ipvti_spi_init(void)
{
	return rhashtable_init(&ipvti_spis, &spi_params);
}

void ipvti_spi_exit(void)
{
	rhashtable_destroy(&ipvti_spis);
}
