/* SPDX-License-Identifier: MIT */
/* DHCP and AutoIP. Their state is not in lwIP's heap, where there might be no room when one of them starts. */
#include "address.h"
#include <stdbool.h>
#include <string.h>
#include "lwip/autoip.h"
#include "lwip/dhcp.h"
#include "lwip/netif.h"
#include "lwip/prot/autoip.h"
#include "lwip/prot/dhcp.h"
#include "lwip/prot/etharp.h"
#include "lwip/prot/ethernet.h"

static struct dhcp dhcp;
static struct autoip autoip;
static netif_linkoutput_fn send_frame;

static bool is_address(const struct ip4_addr_wordaligned *field, const ip4_addr_t *address)
{
    return !memcmp(field, address, sizeof *field);
}

/* Who probes for an address names none of its own, or others would learn it too early (RFC 5227 2.1.1). lwIP thinks
 * that it has none, but an address is in use here while it, or one that DHCP offers, is probed for. */
static err_t send_as_probe(struct netif *netif, struct pbuf *frame)
{
    const struct eth_hdr *header = frame->payload;
    struct etharp_hdr *arp = (struct etharp_hdr *)((uint8_t *)frame->payload + SIZEOF_ETH_HDR);

    if (header->type == PP_HTONS(ETHTYPE_ARP) && arp->opcode == PP_HTONS(ARP_REQUEST) &&
        ((autoip.state == AUTOIP_STATE_PROBING && is_address(&arp->dipaddr, &autoip.llipaddr)) ||
         (dhcp.state == DHCP_STATE_CHECKING && is_address(&arp->dipaddr, &dhcp.offered_ip_addr))))
        memset(&arp->sipaddr, 0, sizeof arp->sipaddr);
    return send_frame(netif, frame);
}

void address_start(struct netif *netif)
{
    send_frame = netif->linkoutput;
    netif->linkoutput = send_as_probe;
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
