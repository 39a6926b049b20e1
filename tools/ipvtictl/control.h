/* SPDX-License-Identifier: GPL-2.0 */
/* Requests to ipvtid over its control socket. */
#ifndef TOOLS_IPVTICTL_CONTROL_H
#define TOOLS_IPVTICTL_CONTROL_H

#include "ctl.h"

/**
 * control_request - send one request, show progress, wait for the final reply
 * @request: taken over
 * @reply: the final one, when it is no error; to be freed by the caller
 *
 * Return: 0, or CTL_FAILED after saying why.
 */
int control_request(const struct ctl *ctl, json_t *request, json_t **reply);

/**
 * control_watch - ask for the events of the daemon
 *
 * Return: a stream of lines, non-blocking, or NULL while no daemon listens; says nothing then.
 */
FILE *control_watch(const struct ctl *ctl);

#endif /* TOOLS_IPVTICTL_CONTROL_H */
