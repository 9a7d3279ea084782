/* SPDX-License-Identifier: MIT */
/*
 * A fault for the fuzzer to find: a NetBIOS name is copied with the length that it claims to have (RFC 1002 4.1.12 says
 * 32), over the end of an array and into the pointer behind it, which is then written through.
 *
 * Linked into the reference firmware with --wrap=udp_input.
 */
#include <stdint.h>
#include <string.h>
#include "lwip/pbuf.h"

#define NETBIOS_PORT 137u
#define UDP_HEADER   8u
#define NAME         (UDP_HEADER + 12u)

struct netif;
void __real_udp_input(struct pbuf *datagram, struct netif *netif);
void __wrap_udp_input(struct pbuf *datagram, struct netif *netif);

static unsigned names;
static struct {
    char name[100];
    volatile unsigned *count;
} last = { "", &names };

static void __attribute__((noinline)) remember_name(const uint8_t *name)
{
    memcpy(last.name, name + 1, name[0]);
    ++*last.count;
}

void __wrap_udp_input(struct pbuf *datagram, struct netif *netif)
{
    const uint8_t *bytes = datagram->payload;

    if (datagram->len > NAME + 33u && (bytes[2] << 8 | bytes[3]) == (int)NETBIOS_PORT)
        remember_name(bytes + NAME);
    __real_udp_input(datagram, netif);
}
