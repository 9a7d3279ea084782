/* SPDX-License-Identifier: MIT */
/* WebSocket server: connections come, are served from the main loop, and go. */
#include "websocket_server.h"
#include <string.h>
#include "console.h"
#include "tick.h"
#include "websocket_connection.h"
#include "lwip/mem.h"

#define CONNECTIONS_MAX    (WEBSOCKET_CLIENTS_MAX + 1u)     /* one more, to be told 503 */
#define HANDSHAKE_PATIENCE 10000u                   /* ms */
#define DELAY_AT_BOOT      10u                      /* ms */
#define INPUT_PBUFS_MAX    8u                       /* more are copied together, so crumbs do not hold the pool */

static struct {
    struct websocket_connection *connections;
    uint32_t delay;                                 /* ms between the frames of every stream */
} ws_server;

uint32_t websocket_delay(void)
{
    return ws_server.delay;
}

void websocket_set_delay(uint32_t ms)
{
    ws_server.delay = ms;
    for (struct websocket_connection *c = ws_server.connections; c; c = c->next)
        if (c->state == WEBSOCKET_OPEN)
            c->message.stream.due = tick_ms() + ms;
}

bool websocket_streams(void)
{
    for (struct websocket_connection *c = ws_server.connections; c; c = c->next)
        if (c->state == WEBSOCKET_OPEN && c->message.stream.active)
            return true;
    return false;
}

/* Connections that hold a client's place; with `all`, those that still shake hands, too. */
static unsigned count_connections(bool all)
{
    unsigned count = 0;
    for (struct websocket_connection *c = ws_server.connections; c; c = c->next)
        count += all || c->state != WEBSOCKET_OPENING;
    return count;
}

static err_t websocket_receive(void *connection, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct websocket_connection *c = connection;

    (void)pcb;
    (void)error;
    if (!data) {
        c->peer_done = true;
        return ERR_OK;
    }
    if (c->input)
        pbuf_cat(c->input, data);
    else
        c->input = data;
    if (pbuf_clen(c->input) > INPUT_PBUFS_MAX)
        c->input = pbuf_coalesce(c->input, PBUF_RAW);
    return ERR_OK;
}

static void websocket_fail(void *connection, err_t error)
{
    struct websocket_connection *c = connection;

    (void)error;
    c->pcb = NULL;                                  /* lwIP has freed it */
}

static err_t websocket_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct websocket_connection *c;

    (void)argument;
    if (error != ERR_OK || !pcb || count_connections(true) >= CONNECTIONS_MAX || !(c = mem_calloc(1, sizeof *c)))
        return ERR_MEM;
    console_log("Received a clear text connection");
    c->pcb = pcb;
    c->deadline = tick_ms() + HANDSHAKE_PATIENCE;
    c->next = ws_server.connections;
    ws_server.connections = c;
    tcp_arg(pcb, c);
    tcp_recv(pcb, websocket_receive);
    tcp_err(pcb, websocket_fail);
    tcp_nagle_disable(pcb);
    pcb->rto = pcb->sv = 1000 / (2 * TCP_TMR_INTERVAL);     /* RFC 6298 2.1: 1 s until the way is known; lwIP takes 3 s */
    ip_set_option(pcb, SOF_KEEPALIVE);
    return ERR_OK;
}

/* Takes a connection out of the list and gives up all it holds. */
static void __attribute__((noinline)) websocket_release(struct websocket_connection **place)
{
    struct websocket_connection *c = *place;

    if (c->pcb) {
        tcp_arg(c->pcb, NULL);
        tcp_recv(c->pcb, NULL);
        tcp_err(c->pcb, NULL);
        if (c->input)
            tcp_recved(c->pcb, c->input->tot_len);  /* or closing would be a reset, and overtake our last words */
        if (tcp_close(c->pcb) != ERR_OK)
            tcp_abort(c->pcb);
    }
    if (c->input)
        pbuf_free(c->input);
    *place = c->next;
    mem_free(c);
    console_log("Clear Text connection was closed");
}

/* One round of service. False: the connection is over. */
static bool serve(struct websocket_connection *c)
{
    enum websocket_progress progress;

    if (!c->pcb)
        return false;
    progress = websocket_worker(c, count_connections(false) >= WEBSOCKET_CLIENTS_MAX);
    if (progress == WEBSOCKET_DONE || (progress == WEBSOCKET_WAITS_FOR_INPUT && c->peer_done))
        return false;
    if (c->state == WEBSOCKET_OPENING)
        return (int32_t)(tick_ms() - c->deadline) < 0;
    websocket_send_stream(c);
    return true;
}

void websocket_server_task(void)
{
    struct websocket_connection **place = &ws_server.connections;

    while (*place) {
        if (serve(*place))
            place = &(*place)->next;
        else
            websocket_release(place);
    }
}

void websocket_server_init(void)
{
    ws_server.delay = DELAY_AT_BOOT;
}

void websocket_server_listen(void)
{
    struct tcp_pcb *pcb = tcp_new();

    tcp_bind(pcb, IP_ADDR_ANY, WEBSOCKET_PORT);
    pcb = tcp_listen(pcb);
    tcp_accept(pcb, websocket_accept);
    console_log("Waiting for Client Connection on port: %u", WEBSOCKET_PORT);
}
