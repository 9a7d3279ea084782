/* SPDX-License-Identifier: MIT */
/* The station: one interface, a table of TCP connections, ping. */
#include "station.h"
#include <string.h>
#include "lwip/etharp.h"
#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/init.h"
#include "lwip/prot/ip4.h"
#include "lwip/raw.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#define NS_PER_MS       1000000u
#define CONNECTIONS_MAX 4096
#define PING_ID         0x5049

struct connection {
    struct tcp_pcb *pcb;                            /* NULL: none, or no more */
    struct pbuf *input;                             /* has come and was not read yet */
    uint32_t written, acknowledged;
    enum station_state state;
};

static struct netif interface;
static struct connection connections[CONNECTIONS_MAX];
static int connection_count;
static struct pbuf *output_first, *output_last;     /* frames, linked through `next`: each is one pbuf */
static struct raw_pcb *pinger;
static uint16_t echoed;
static uint64_t clock_ns;
static uint32_t random_state;

u32_t sys_now(void)
{
    return (u32_t)(clock_ns / NS_PER_MS);
}

/* Marsaglia's xorshift32. */
uint32_t station_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* --- interface */

static err_t queue_output(struct netif *netif, struct pbuf *frame)
{
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, frame);

    (void)netif;
    if (!copy)
        return ERR_MEM;
    if (output_last)
        output_last->next = copy;
    else
        output_first = copy;
    output_last = copy;
    return ERR_OK;
}

static err_t interface_init(struct netif *netif)
{
    netif->name[0] = 'p';
    netif->name[1] = 'c';
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->output = etharp_output;
    netif->linkoutput = queue_output;
    return ERR_OK;
}

uint32_t station_output(uint8_t *frame, uint32_t room)
{
    struct pbuf *first = output_first;
    uint32_t length;

    if (!first || first->len > room)
        return 0;
    output_first = first->next;
    if (!output_first)
        output_last = NULL;
    first->next = NULL;
    length = first->len;
    memcpy(frame, first->payload, length);
    pbuf_free(first);
    return length;
}

/* --- ping */

static u8_t echo_received(void *argument, struct raw_pcb *pcb, struct pbuf *packet, const ip_addr_t *source)
{
    struct icmp_echo_hdr echo;
    struct ip_hdr header;
    uint16_t offset;

    (void)argument;
    (void)pcb;
    (void)source;
    if (pbuf_copy_partial(packet, &header, sizeof header, 0) != sizeof header)
        return 0;
    offset = IPH_HL_BYTES(&header);
    if (pbuf_copy_partial(packet, &echo, sizeof echo, offset) != sizeof echo || ICMPH_TYPE(&echo) != ICMP_ER ||
        echo.id != PP_HTONS(PING_ID))
        return 0;
    echoed = lwip_ntohs(echo.seqno);
    pbuf_free(packet);
    return 1;
}

void station_ping(uint32_t address, uint16_t sequence)
{
    ip_addr_t to = IPADDR4_INIT(address);
    struct icmp_echo_hdr *echo;
    struct pbuf *packet = pbuf_alloc(PBUF_IP, 64, PBUF_RAM);

    if (!packet)
        return;
    memset(packet->payload, 0, packet->len);
    echo = packet->payload;
    ICMPH_TYPE_SET(echo, ICMP_ECHO);
    echo->id = PP_HTONS(PING_ID);
    echo->seqno = lwip_htons(sequence);
    echo->chksum = inet_chksum(echo, packet->len);
    raw_sendto(pinger, packet, &to);
    pbuf_free(packet);
}

uint16_t station_echoed(void)
{
    return echoed;
}

/* --- clock */

void station_start(const uint8_t mac[6], uint32_t address, uint32_t netmask, uint32_t seed)
{
    ip4_addr_t ours = { address }, mask = { netmask }, none = { 0 };

    random_state = seed ? seed : 1;
    lwip_init();
    netif_add(&interface, &ours, &mask, &none, NULL, interface_init, ethernet_input);
    memcpy(interface.hwaddr, mac, sizeof interface.hwaddr);
    netif_set_default(&interface);
    netif_set_up(&interface);
    pinger = raw_new(IP_PROTO_ICMP);
    raw_recv(pinger, echo_received, NULL);
}

void station_input(uint64_t now, const uint8_t *frame, uint32_t length)
{
    struct pbuf *packet;

    clock_ns = now;
    sys_check_timeouts();
    packet = length ? pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_RAM) : NULL;
    if (!packet)
        return;
    memcpy(packet->payload, frame, length);
    if (interface.input(packet, &interface) != ERR_OK)
        pbuf_free(packet);
}

uint64_t station_next(void)
{
    u32_t wait = sys_timeouts_sleeptime();

    if (wait == SYS_TIMEOUTS_SLEEPTIME_INFINITE)
        return STATION_NONE;
    return (clock_ns / NS_PER_MS + wait) * NS_PER_MS;
}

/* --- TCP */

static struct connection *connection_at(int number)
{
    static struct connection none = { .state = STATION_CLOSED };
    return number >= 0 && number < connection_count ? &connections[number] : &none;
}

static err_t tcp_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct connection *c = argument;

    (void)pcb;
    (void)error;
    c->state = STATION_OPEN;
    return ERR_OK;
}

static err_t tcp_received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct connection *c = argument;

    (void)pcb;
    (void)error;
    if (!data)
        c->state = STATION_ENDED;
    else if (c->input)
        pbuf_cat(c->input, data);
    else
        c->input = data;
    return ERR_OK;
}

static err_t tcp_acknowledged(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    struct connection *c = argument;

    (void)pcb;
    c->acknowledged += length;
    return ERR_OK;
}

/* lwIP has freed the PCB. */
static void tcp_failed(void *argument, err_t error)
{
    struct connection *c = argument;

    c->pcb = NULL;
    if (c->state != STATION_CLOSED)
        c->state = error == ERR_RST ? STATION_RESET : STATION_LOST;
}

int station_connect(uint32_t address, uint16_t port)
{
    ip_addr_t to = IPADDR4_INIT(address);
    struct tcp_pcb *pcb = connection_count < CONNECTIONS_MAX ? tcp_new() : NULL;
    struct connection *c;

    if (!pcb)
        return -1;
    c = &connections[connection_count];
    c->pcb = pcb;
    tcp_arg(pcb, c);
    tcp_recv(pcb, tcp_received);
    tcp_sent(pcb, tcp_acknowledged);
    tcp_err(pcb, tcp_failed);
    tcp_nagle_disable(pcb);
    if (tcp_connect(pcb, &to, port, tcp_connected) != ERR_OK) {
        tcp_abort(pcb);
        return -1;
    }
    return connection_count++;
}

enum station_state station_connection(int number)
{
    return connection_at(number)->state;
}

uint32_t station_write(int number, const uint8_t *data, uint32_t length)
{
    struct connection *c = connection_at(number);
    uint32_t taken = 0;

    if (!c->pcb || c->state == STATION_CONNECTING || c->state == STATION_CLOSED)
        return 0;
    while (taken < length) {
        uint32_t piece = LWIP_MIN(LWIP_MIN(length - taken, tcp_sndbuf(c->pcb)), 0x8000u);
        if (!piece || tcp_write(c->pcb, data + taken, (u16_t)piece, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break;
        taken += piece;
    }
    c->written += taken;
    tcp_output(c->pcb);
    return taken;
}

uint32_t station_unacknowledged(int number)
{
    struct connection *c = connection_at(number);
    return c->written - c->acknowledged;
}

int station_waiting(int number)
{
    return connection_at(number)->input != NULL;
}

uint32_t station_read(int number, uint8_t *data, uint32_t room)
{
    struct connection *c = connection_at(number);
    uint32_t length = 0;

    while (c->input && length < room) {
        uint32_t piece = LWIP_MIN(room - length, c->input->len);
        memcpy(data + length, c->input->payload, piece);
        c->input = pbuf_free_header(c->input, (u16_t)piece);
        if (c->pcb)
            tcp_recved(c->pcb, (u16_t)piece);
        length += piece;
    }
    return length;
}

/* Gives up the PCB and what has come through it. */
static struct tcp_pcb *release(struct connection *c)
{
    struct tcp_pcb *pcb = c->pcb;

    if (pcb) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
        tcp_err(pcb, NULL);
    }
    if (c->input)
        pbuf_free(c->input);
    c->input = NULL;
    c->pcb = NULL;
    c->state = STATION_CLOSED;
    return pcb;
}

void station_shutdown(int number)
{
    struct connection *c = connection_at(number);

    if (c->pcb)
        tcp_shutdown(c->pcb, 0, 1);
}

void station_close(int number)
{
    struct tcp_pcb *pcb = release(connection_at(number));

    if (pcb && tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

void station_abort(int number)
{
    struct tcp_pcb *pcb = release(connection_at(number));

    if (pcb)
        tcp_abort(pcb);
}
