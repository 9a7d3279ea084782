/* SPDX-License-Identifier: MIT */
/* What the demo does over its WebSocket: commands, and the stream of values. */
#ifndef WEBSOCKET_STREAM_H
#define WEBSOCKET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_TEXT_MAX   24u                       /* four values, three spaces, a zero */
#define COMMAND_MAX       19u                       /* "SetDelay 4294967295" */

/* Of one connection. All zero: no stream, ramp from 4000 on. */
struct websocket_stream {
    bool active;
    uint16_t value;                                 /* the last one made */
    uint32_t due;                                   /* ms: when the next frame should go */
};

/* Runs a text message that is a command; leaves any other alone. */
void stream_command(struct websocket_stream *stream, const char *text, size_t length);

/* True when a frame is due. */
bool stream_due(const struct websocket_stream *stream);

/* Makes the values that are due. Writes them as text, a zero behind it, and returns the text's length. */
size_t stream_text(struct websocket_stream *stream, char text[STREAM_TEXT_MAX]);

#endif
