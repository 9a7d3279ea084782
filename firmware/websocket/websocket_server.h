/* SPDX-License-Identifier: MIT */
/* WebSocket server on port 8088, resource /echo. RFC 6455. */
#ifndef WEBSOCKET_SERVER_H
#define WEBSOCKET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#define WEBSOCKET_PORT 8088u

/* State at boot. */
void websocket_server_init(void);

/* Listens from now on. */
void websocket_server_listen(void);

/* Serves every connection as far as its input and its room for output go. */
void websocket_server_task(void);

/* Milliseconds between the frames of every stream. */
uint32_t websocket_delay(void);
void websocket_set_delay(uint32_t ms);

/* True while any connection streams. */
bool websocket_streams(void);

#endif
