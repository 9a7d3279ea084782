/* SPDX-License-Identifier: MIT */
/* The Ethernet controller as an lwIP network interface. */
#ifndef ETHERNET_H
#define ETHERNET_H

#include "lwip/netif.h"

/* Of each descriptor of both rings; a multiple of 16, as ETHCON2.RXBUF_SZ counts. A full frame takes four. */
#define ETHERNET_BUFFER_SIZE 384u

/* What went wrong on the wire since boot. */
struct ethernet_counters {
    uint32_t rx_errors, rx_no_memory, rx_overflows, tx_dropped;
};

extern struct ethernet_counters ethernet_counters;

/* netif_add()'s init function. ERR_IF: no PHY. */
err_t ethernet_init(struct netif *netif);

/* Hands received frames to lwIP and watches the link. */
void ethernet_task(struct netif *netif);

/* "100 Mbit/s full duplex" and the like. */
const char *ethernet_link_text(const struct netif *netif);

#endif
