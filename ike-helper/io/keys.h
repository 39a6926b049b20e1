/* SPDX-License-Identifier: GPL-2.0 */
/* What the key process knows, and its answers. */
#ifndef IPVTID_KEYS_H
#define IPVTID_KEYS_H

#include "msg.h"

struct ike_crypto;
struct keys;

/**
 * keys_new() - no secrets yet
 * @crypto: OpenSSL; must outlive the result
 */
struct keys *keys_new(struct ike_crypto *crypto);

/**
 * keys_free() - wipe and free
 */
void keys_free(struct keys *keys);

/**
 * keys_learn() - a tunnel has this secret
 */
void keys_learn(struct keys *keys, uint32_t tunnel, const struct msg_secret *secret);

/**
 * keys_learn_ppk() - a tunnel has this post-quantum preshared key, or none any more
 */
void keys_learn_ppk(struct keys *keys, uint32_t tunnel, const struct msg_ppk *ppk);

/**
 * keys_forget() - a tunnel has no secret of any kind
 */
void keys_forget(struct keys *keys, uint32_t tunnel);

/**
 * keys_credential() - a file of a tunnel that authenticates with certificates
 * @keys: secrets; keys_learn() came before
 * @tunnel: whose
 * @m: file
 * @len: length of what it holds
 */
void keys_credential(struct keys *keys, uint32_t tunnel, const struct msg_credential *m,
		     size_t len);

/**
 * keys_credentials_end() - that were all files of a tunnel
 * @keys: secrets
 * @tunnel: whose
 * @answer: whether they are usable
 */
void keys_credentials_end(struct keys *keys, uint32_t tunnel, struct msg_credentials *answer);

/**
 * keys_auth() - make or check AUTH data (RFC 7296 section 2.15)
 * @keys: secrets
 * @tunnel: whose
 * @m: question
 * @len: length of what follows @m
 * @make: make ours; otherwise check the peer's
 * @v: answer
 */
void keys_auth(struct keys *keys, uint32_t tunnel, const struct msg_auth *m, size_t len,
	       bool make, struct msg_verdict *v);

/**
 * keys_mix() - mix a tunnel's post-quantum preshared key into session keys (RFC 8784 section 3)
 * @keys: secrets
 * @tunnel: whose
 * @m: question
 * @answer: answer, with keys in it
 */
void keys_mix(struct keys *keys, uint32_t tunnel, const struct msg_mix *m,
	      struct msg_mixed *answer);

#endif
