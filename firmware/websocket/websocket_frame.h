/* SPDX-License-Identifier: MIT */
/* Frame headers of the WebSocket protocol. RFC 6455 section 5. */
#ifndef WEBSOCKET_FRAME_H
#define WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum websocket_opcode {                             /* RFC 6455 5.2 */
    WEBSOCKET_CONTINUATION = 0x0,
    WEBSOCKET_TEXT = 0x1,
    WEBSOCKET_BINARY = 0x2,
    WEBSOCKET_CLOSE = 0x8,
    WEBSOCKET_PING = 0x9,
    WEBSOCKET_PONG = 0xA,
};
#define WEBSOCKET_FIN              0x80u
#define WEBSOCKET_OPCODE           0x0Fu
#define WEBSOCKET_CONTROL          0x08u            /* set in the opcodes of control frames */
#define WEBSOCKET_CONTROL_MAX      125u             /* payload of a control frame, 5.5 */
#define WEBSOCKET_HEADER_MAX       14u              /* of a masked frame */
#define WEBSOCKET_ROOM             4u               /* header of an unmasked frame of up to 65535 bytes */

enum websocket_close_code {                         /* RFC 6455 7.4.1 */
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_NO_CODE = 1005,                       /* never on the wire */
    WEBSOCKET_NOT_UTF8 = 1007,
    WEBSOCKET_TOO_BIG = 1009,
};

struct websocket_frame {
    uint8_t opcode;                                 /* with WEBSOCKET_FIN */
    uint32_t mask;                                  /* its first byte is the lowest */
    uint64_t length;
};

/*
 * Parses the header of a client's frame out of its first `available` bytes. Returns the header's length, 0 when more
 * bytes are needed, or -1 for a frame that no client may send.
 */
int websocket_parse_frame(const uint8_t *bytes, size_t available, struct websocket_frame *frame);

/*
 * Writes the header of a server's frame right before `payload`, where WEBSOCKET_ROOM bytes are free. Returns the
 * frame's first byte. `length` is at most 65535.
 */
uint8_t *websocket_make_frame(uint8_t *payload, size_t length, uint8_t opcode);

/*
 * Applies the masking key, and returns it as it is for the bytes that follow. RFC 6455 5.3. It goes by words: `bytes` is
 * aligned to 4, and up to three bytes behind `length` change as well.
 */
uint32_t websocket_unmask(uint8_t *bytes, size_t length, uint32_t mask);

/* True for a close code that may come over the wire. RFC 6455 7.4. */
bool websocket_close_code_valid(unsigned code);

#endif
