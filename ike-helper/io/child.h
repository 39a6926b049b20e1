/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unprivileged processes. Each is this program executed again, so that nothing of the
 * parent's memory is in theirs, with its channel to the parent as descriptor CHILD_FD.
 */
#ifndef IPVTID_CHILD_H
#define IPVTID_CHILD_H

#define CHILD_FD 3
#define CHILD_SOCKETS_FD (CHILD_FD + 1)	/* network process: its UDP sockets follow */
#define CHILD_MAX_SOCKETS 4

#define PORT_IKE 500
#define PORT_NATT 4500

/**
 * child_main() - be an unprivileged process
 * @argc: arguments in @argv
 * @argv: as made by child_start(): role, user, and the role's own
 *
 * Return: exit status.
 */
int child_main(int argc, char **argv);

/**
 * network_main() - the network process: IKE datagrams and the IKE core
 * @user: whom to become
 * @cookie_threshold: as in struct ike_core_config
 * @half_open_max: as in struct ike_core_config
 * @n_sockets: UDP sockets from CHILD_SOCKETS_FD on
 */
int network_main(const char *user, unsigned int cookie_threshold, unsigned int half_open_max,
		 int n_sockets);

/**
 * keys_main() - the key process: secrets, makes and verifies AUTH
 * @user: whom to become
 */
int keys_main(const char *user);

/**
 * resolver_main() - the resolver: names to addresses
 * @user: whom to become
 */
int resolver_main(const char *user);

#endif
