/* SPDX-License-Identifier: GPL-2.0 */
/* Getting at pre-shared keys (files, systemd credentials, commands), private keys, certificates. */
#ifndef IPVTID_SECRET_H
#define IPVTID_SECRET_H

#include <event2/event.h>

#include "config.h"

/**
 * secret_check() - whether a secret can be had, without reading it
 * @secret: from the config
 * @conf_file: file that names it; an inline secret needs it to be private
 * @err: says what is wrong and what to do
 * @len: size of @err
 */
bool secret_check(const struct conf_secret *secret, const char *conf_file, char *err, size_t len);

/**
 * secret_done - called once with a secret
 * @data: the secret, valid and not wiped until the callback returns; NULL: @err says why not
 * @len: its length
 * @err: one line
 * @arg: of the request
 */
typedef void secret_done(const uint8_t *data, size_t len, const char *err, void *arg);

/**
 * secret_file_check() - whether a file of certificates or a private key can be read
 * @path: absolute
 * @private: it must be closed to others
 * @err: says what is wrong and what to do
 * @len: size of @err
 */
bool secret_file_check(const char *path, bool private, char *err, size_t len);

/**
 * secret_file() - read one
 * @path: absolute
 * @private: it must be closed to others
 * @out: what it holds
 * @max: size of @out
 * @err: says why not
 * @err_len: size of @err
 *
 * Return: octets read, 0 on failure.
 */
size_t secret_file(const char *path, bool private, uint8_t *out, size_t max, char *err,
		   size_t err_len);

struct secret_job;

/**
 * secret_fetch() - read a secret
 * @base: event loop; commands run while it does
 * @secret: from the config
 * @user: whom commands run as
 * @done: called before this returns, or later for a command
 * @arg: for @done
 *
 * Return: a running command, to be given to secret_cancel() unless @done was called; or NULL.
 */
struct secret_job *secret_fetch(struct event_base *base, const struct conf_secret *secret,
				const char *user, secret_done *done, void *arg);

/**
 * secret_cancel() - kill a command and forget it
 */
void secret_cancel(struct secret_job *job);

#endif
