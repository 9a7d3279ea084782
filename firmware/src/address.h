/* SPDX-License-Identifier: MIT */
/* The interface's address: DHCP, and RFC 3927 while no server answers. */
#ifndef ADDRESS_H
#define ADDRESS_H

struct netif;

/* Looks for an address from now on. */
void address_start(struct netif *netif);

/* The cable is in: instead of netif_set_link_up(). */
void address_link_up(struct netif *netif);

/* Who gave the address, for people. */
const char *address_source(const struct netif *netif);

#endif
