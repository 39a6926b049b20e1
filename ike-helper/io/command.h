/* SPDX-License-Identifier: GPL-2.0 */
/* Commands from the configuration: as a user without privileges, for a time, with so much output. */
#ifndef IPVTID_COMMAND_H
#define IPVTID_COMMAND_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_OUTPUT_MAX 512	/* octets; one that writes more fails */

struct command;

/**
 * command_done - called once, when a command has ended or was ended
 * @out: what it wrote, wiped when the callback returns; NULL: @err says why not
 * @len: octets of it, fewer than COMMAND_OUTPUT_MAX
 * @err: one line
 * @arg: of the request
 *
 * The command is forgotten afterwards.
 */
typedef void command_done(const uint8_t *out, size_t len, const char *err, void *arg);

/**
 * command_run() - start one
 * @base: event loop
 * @text: for the shell
 * @user: whom it runs as; of root's rights only the name is left
 * @env: its environment, NULL-terminated; NULL: ours
 * @done: called later, unless command_cancel() is
 * @arg: for @done
 *
 * It has ten seconds, and is killed then with all it has started.
 *
 * Return: the command; NULL if it could not be started, with errno set.
 */
struct command *command_run(struct event_base *base, const char *text, const char *user,
			    char *const env[], command_done *done, void *arg);

/**
 * command_cancel() - kill and forget it
 * @c: command or NULL
 */
void command_cancel(struct command *c);

#endif
