/* SPDX-License-Identifier: MIT */
/* The network: lwIP, its interface, addresses, names and servers. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>

/* Starts everything. False: no PHY. */
bool network_init(void);

/* Frames, timers, streams. */
void network_task(void);

/* Console command netinfo. */
void network_print_info(void);

bool network_link_up(void);

#endif
