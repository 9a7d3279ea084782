/* SPDX-License-Identifier: MIT */
/* One WebSocket connection: its state, and the worker that serves it. */
#ifndef WEBSOCKET_CONNECTION_H
#define WEBSOCKET_CONNECTION_H

#include "options/WS_BUFFER_SIZE.h"
#include "options/WS_WHOLE_MESSAGES.h"
#include "budget.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "utf8.h"
#include "websocket_frame.h"
#include "websocket_handshake.h"
#include "websocket_stream.h"

/* From WEBSOCKET_OPEN on a connection holds a client's place. */
enum websocket_state {
    WEBSOCKET_FREE,                                 /* no connection */
    WEBSOCKET_OPENING,                              /* the request is read */
    WEBSOCKET_REFUSED,                              /* nothing more is sent: as WEBSOCKET_ENDING */
    WEBSOCKET_OPEN,
    WEBSOCKET_CLOSING,                              /* the Close frame waits for room */
    WEBSOCKET_ENDING,                               /* all has been sent; the peer's end of the TCP connection is awaited */
};

/* A message on its way through, and the frame of it that is being read. */
struct websocket_message {
    uint64_t left;                                  /* payload of the frame that has not come yet */
    uint32_t mask;                                  /* for the next byte of it */
    bool in_frame;                                  /* a data frame's header has been read, its end not reached */
    bool whole;                                     /* it is passed on in one piece */
    uint8_t fin;                                    /* of that frame: WEBSOCKET_FIN or 0 */
    uint8_t opcode;                                 /* of the message; WEBSOCKET_CONTINUATION: none */
    bool echoing;                                   /* some of its echo has gone out, not yet all */
    struct utf8_state utf8;
    uint8_t text_length;                            /* COMMAND_MAX + 1: too long for a command */
    char text[COMMAND_MAX];
    struct websocket_stream stream;
#if WS_WHOLE_MESSAGES
    uint8_t *buffer;                                /* this client's */
    size_t length;                                  /* of what is in it; then, what is still to be sent of the echo */
    uint8_t *echo;                                  /* that */
#endif
};

struct websocket_connection {
    struct tcp_pcb *pcb;                            /* NULL: the peer is gone */
    struct pbuf *input;                             /* received, not yet used */
    uint32_t deadline;                              /* ms: when patience ends */
    uint32_t acknowledged;                          /* how far the peer had taken what was sent when that was set */
    uint8_t state;
    bool peer_done;                                 /* the peer sends no more */
    uint16_t close_code;                            /* to be sent */
    union {
        struct websocket_handshake handshake;       /* while WEBSOCKET_OPENING */
        struct websocket_message message;           /* after it */
    };
};

#if WS_WHOLE_MESSAGES
/* A client's message, with room for its echo's header. */
extern uint8_t ws_buffer[WEBSOCKET_CLIENTS][WEBSOCKET_ROOM + WS_BUFFER_SIZE];
#else
/* The one buffer of the server: every piece of payload is unmasked, checked and sent out of it. */
extern uint8_t ws_buffer[WS_BUFFER_SIZE];
#endif

/* A TCP connection that is open from now on; `connection` was all zero. */
void websocket_begin(struct websocket_connection *connection, struct tcp_pcb *pcb);

/* Takes in what has come. */
void websocket_take_input(struct websocket_connection *connection, struct pbuf *data);

/* All connections. */
extern struct websocket_connection ws_connections[WEBSOCKET_PLACES];
#define FOR_EACH_CONNECTION(c) \
    for (struct websocket_connection *c = ws_connections; c < ws_connections + WEBSOCKET_PLACES; c++)

/* Serves the connection as far as it goes now. `full`: no further client may open. False: it is over. */
bool websocket_worker(struct websocket_connection *connection, bool full);

#endif
