/* SPDX-License-Identifier: MIT */
/* lwIP in the main loop: interface, NetBIOS name, servers. */
#include "network.h"
#include <stdarg.h>
#include <stdio.h>
#include "address.h"
#include "admission.h"
#include "clock.h"
#include "console.h"
#include "ethernet.h"
#include "exception.h"
#include "http.h"
#include "tick.h"
#include "uart.h"
#include "websocket_server.h"
#include "lwip/apps/netbiosns.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#define INTERFACE_NAME "PIC32INT"
#define HOST_NAME      NETBIOS_LWIP_NAME
#define NEVER          0x7FFFFFFFu                  /* ms: longer than any cable is out */

static struct netif interface;
static ip4_addr_t shown_address;
static bool shown_link = true;                      /* the first "down" is no news */

u32_t sys_now(void)
{
    return tick_ms();
}

void lwip_print(const char *format, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    int length = vsniprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    uart_write(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

void lwip_assertion(const char *message, const char *file, int line)
{
    char text[192];
    int length = sniprintf(text, sizeof text, "\r\n*** ASSERTION: %s, %s:%d\r\n*** Firmware halted\r\n", message, file, line);
    uart_write_now(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
    halt();
}

static void address_changed(struct netif *netif)
{
    const ip4_addr_t *address = netif_ip4_addr(netif);
    if (!ip4_addr_cmp(address, &shown_address))
        console_log("%s IP Address: %s", INTERFACE_NAME, ip4addr_ntoa(address));
    ip4_addr_copy(shown_address, *address);
}

/* While the cable is out nobody can be heard, so nobody has vanished. When it is back, what waits goes out at once and
 * not after the next retransmission time-out, which has grown to many seconds. */
static void connections_follow_link(bool up)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        pcb->keep_idle = up ? TCP_KEEPIDLE_DEFAULT : NEVER;
        pcb->keep_cnt_sent = 0;
        pcb->tmr = tcp_ticks;
        if (up) {
            pcb->rto = (s16_t)((pcb->sa >> 3) + pcb->sv);
            tcp_rexmit_rto(pcb);
            pcb->nrtx = 0;
        }
    }
}

static void link_changed(struct netif *netif)
{
    connections_follow_link(netif_is_link_up(netif));
    if (shown_link != netif_is_link_up(netif))
        console_log("%s Link: %s", INTERFACE_NAME, ethernet_link_text(netif));
    shown_link = netif_is_link_up(netif);
}

bool network_init(void)
{
    console_log("TCP/IP Stack: Initialization Started");
    lwip_init();
    if (!netif_add(&interface, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4, NULL, ethernet_init, ethernet_input)) {
        console_log("TCP/IP Stack: Initialization Ended - no answer from the Ethernet PHY");
        return false;
    }
    netif_set_default(&interface);
    netif_set_hostname(&interface, HOST_NAME);
    netif_set_status_callback(&interface, address_changed);
    netif_set_link_callback(&interface, link_changed);
    netif_set_up(&interface);
    address_start(&interface);
    http_init();
    console_log("TCP/IP Stack: Initialization Ended - success");
    websocket_server_init();
    websocket_server_listen();
    netbiosns_init();
    console_log("Interface %s on host %s     - NBNS enabled", INTERFACE_NAME, HOST_NAME);
    console_log("%s IP Address: %s", INTERFACE_NAME, ip4addr_ntoa(netif_ip4_addr(&interface)));
    return true;
}

void network_task(void)
{
    ethernet_task(&interface);
    sys_check_timeouts();
    admission_task();
    http_task();
    websocket_server_task();
}

void network_print_info(void)
{
    const u8_t *mac = interface.hwaddr;
    console_log("Interface:   %s", INTERFACE_NAME);
    console_log("Host name:   %s", HOST_NAME);
    console_log("MAC address: %02X:%02X:%02X:%02X:%02X:%02X", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
    console_log("IP address:  %s (%s)", ip4addr_ntoa(netif_ip4_addr(&interface)), address_source(&interface));
    console_log("Mask:        %s", ip4addr_ntoa(netif_ip4_netmask(&interface)));
    console_log("Gateway:     %s", ip4addr_ntoa(netif_ip4_gw(&interface)));
    console_log("Link:        %s", ethernet_link_text(&interface));
}

bool network_link_up(void)
{
    return netif_is_link_up(&interface);
}
