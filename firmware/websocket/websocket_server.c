/* SPDX-License-Identifier: MIT */
/* WebSocket server: connections come, are served from the main loop, and go. */
#include "websocket_server.h"
#include <string.h>
#include "console.h"
#include "pbufs.h"
#include "tick.h"
#include "websocket_connection.h"

#define DELAY_AT_BOOT 10u                           /* ms */

struct websocket_connection ws_connections[WEBSOCKET_PLACES];

static struct {
    uint32_t delay;                                 /* ms between the frames of every stream */
} ws_server;

uint32_t websocket_delay(void)
{
    return ws_server.delay;
}

void websocket_set_delay(uint32_t ms)
{
    ws_server.delay = ms;
    FOR_EACH_CONNECTION(c)
        if (c->state == WEBSOCKET_OPEN)
            c->message.stream.due = tick_ms() + ms;
}

bool websocket_streams(void)
{
    FOR_EACH_CONNECTION(c)
        if (c->state == WEBSOCKET_OPEN && c->message.stream.active)
            return true;
    return false;
}

static bool places_taken(void)
{
    unsigned count = 0;

    FOR_EACH_CONNECTION(c)
        count += c->state >= WEBSOCKET_OPEN;
    return count >= WEBSOCKET_CLIENTS;
}

static err_t websocket_receive(void *connection, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct websocket_connection *c = connection;

    (void)pcb;
    (void)error;
    if (!data)
        c->peer_done = true;
    else if ((data = drop_empty_pbufs(data)))
        websocket_take_input(c, data);
    return ERR_OK;
}

static void websocket_fail(void *connection, err_t error)
{
    struct websocket_connection *c = connection;

    (void)error;
    c->pcb = NULL;                                  /* lwIP has freed it */
}

/* Gives up all that a connection holds. */
static void __attribute__((noinline)) websocket_release(struct websocket_connection *c)
{
    if (c->pcb)
        tcp_abort(c->pcb);
    if (c->input)
        pbuf_free(c->input);
    memset(c, 0, sizeof *c);
    console_log("Clear Text connection was closed");
}

static err_t websocket_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    if (error != ERR_OK)
        return error;
    FOR_EACH_CONNECTION(c)
        if (!c->pcb) {
            if (c->state != WEBSOCKET_FREE)
                websocket_release(c);               /* was lost just now */
            console_log("Received a clear text connection");
            websocket_begin(c, pcb);
            tcp_arg(pcb, c);
            tcp_recv(pcb, websocket_receive);
            tcp_err(pcb, websocket_fail);
            tcp_nagle_disable(pcb);
            ip_set_option(pcb, SOF_KEEPALIVE);
            return ERR_OK;
        }
    return ERR_MEM;
}

void websocket_server_task(void)
{
    FOR_EACH_CONNECTION(c)
        if (c->state != WEBSOCKET_FREE && !websocket_worker(c, places_taken()))
            websocket_release(c);
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
