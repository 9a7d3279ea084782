/* SPDX-License-Identifier: MIT */
/* One WebSocket connection: its state, and the worker that serves it. */
#ifndef WEBSOCKET_CONNECTION_H
#define WEBSOCKET_CONNECTION_H

#include "options/WS_BUFFER_SIZE.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "utf8.h"
#include "websocket_frame.h"
#include "websocket_handshake.h"
#include "websocket_stream.h"

enum websocket_state { WEBSOCKET_OPENING, WEBSOCKET_OPEN, WEBSOCKET_CLOSING };

/* A message on its way through, and the frame of it that is being read. */
struct websocket_message {
    uint64_t left;                                  /* payload of the frame that has not come yet */
    uint8_t mask[4];
    uint8_t mask_offset;
    bool in_frame;                                  /* a data frame's header has been read, its end not reached */
    bool whole;                                     /* it is echoed in one piece */
    uint8_t fin;                                    /* of that frame: WEBSOCKET_FIN or 0 */
    uint8_t opcode;                                 /* of the message; WEBSOCKET_CONTINUATION: none */
    bool begun;                                     /* some of its echo has gone out */
    struct utf8_state utf8;
    uint8_t text_length;                            /* COMMAND_MAX + 1: too long for a command */
    char text[COMMAND_MAX];
    struct websocket_stream stream;
};

struct websocket_connection {
    struct websocket_connection *next;
    struct tcp_pcb *pcb;                            /* NULL: the peer is gone */
    struct pbuf *input;                             /* received, not yet used */
    uint32_t deadline;                              /* ms: when patience with the opening handshake ends */
    uint8_t state;
    bool peer_done;                                 /* the peer sends no more */
    uint16_t close_code;                            /* to be sent; 0: none */
    union {
        struct websocket_handshake handshake;       /* while WEBSOCKET_OPENING */
        struct websocket_message message;           /* after it */
    };
};

enum websocket_progress {
    WEBSOCKET_WAITS_FOR_INPUT,
    WEBSOCKET_WAITS_FOR_ROOM,                       /* to send */
    WEBSOCKET_DONE,                                 /* close the TCP connection */
};

/* The one buffer of the server: every piece of payload is unmasked, checked and sent out of it. */
extern uint8_t ws_buffer[WS_BUFFER_SIZE];

/* Serves the connection as far as it goes now. `full`: no further client may open. */
enum websocket_progress websocket_worker(struct websocket_connection *connection, bool full);

/* Hands `length` bytes to TCP, whole or not at all. */
bool websocket_send(struct websocket_connection *connection, const void *bytes, size_t length);

/* Sends what is due of the connection's stream. */
void websocket_send_stream(struct websocket_connection *connection);

#endif
