/* SPDX-License-Identifier: MIT */
/* DHCP and AutoIP. Their state is not in lwIP's heap, where there might be no room when one of them starts. */
#include "address.h"
#include <stdbool.h>
#include "lwip/autoip.h"
#include "lwip/dhcp.h"
#include "lwip/netif.h"
#include "lwip/prot/dhcp.h"

static struct dhcp dhcp;
static struct autoip autoip;

void address_start(struct netif *netif)
{
    dhcp_set_struct(netif, &dhcp);
    autoip_set_struct(netif, &autoip);
    dhcp_start(netif);
}

/*
 * A lease is asked for again with its address in use (RFC 2131 3.2), and so connections live on. An address that the
 * board gave itself lwIP would drop, for ten seconds and with all connections, as DHCP begins anew. It is probed for
 * while it stays in use instead, and DHCP goes on beside it, quickly again.
 */
void address_link_up(struct netif *netif)
{
    bool keep = autoip_supplied_address(netif) && dhcp.state == DHCP_STATE_SELECTING;

    if (keep)
        netif_set_client_data(netif, LWIP_NETIF_CLIENT_DATA_INDEX_DHCP, NULL);
    netif_set_link_up(netif);
    if (keep) {
        netif_set_client_data(netif, LWIP_NETIF_CLIENT_DATA_INDEX_DHCP, &dhcp);
        dhcp.tries = 0;
        dhcp.request_timeout = 1;                   /* at the next tick of its timer */
    }
}

const char *address_source(const struct netif *netif)
{
    if (dhcp_supplied_address(netif))
        return "DHCP";
    if (ip4_addr_islinklocal(netif_ip4_addr(netif)))
        return "AutoIP";
    return "none yet";
}
