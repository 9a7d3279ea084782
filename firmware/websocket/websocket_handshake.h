/* SPDX-License-Identifier: MIT */
/* The opening handshake, server's side. RFC 6455 sections 4.1 and 4.2; RFC 9112 for the syntax. */
#ifndef WEBSOCKET_HANDSHAKE_H
#define WEBSOCKET_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBSOCKET_KEY_LENGTH   24u                  /* 16 bytes in base64 */
#define WEBSOCKET_TOKEN_LENGTH 24u
#define WEBSOCKET_HEAD_MAX     8192u                /* a longer request head is refused */
#define WEBSOCKET_ANSWER_MAX   160u                 /* the longest answer */

/* A request as far as it has been read: byte by byte, no line is ever stored. All zero: nothing yet. */
struct websocket_handshake {
    uint8_t part;                                   /* what the next byte belongs to */
    uint8_t field;                                  /* header field whose value is read */
    uint8_t token_length;                           /* WEBSOCKET_TOKEN_LENGTH + 1: too long for any we know */
    bool space;                                     /* white space inside or after the token */
    bool returned;                                  /* the last byte was CR: LF must follow */
    uint16_t seen;                                  /* fields and tokens found, a bit each */
    uint16_t refusal;                               /* HTTP status, 0 while nothing is wrong */
    uint16_t length;
    char token[WEBSOCKET_TOKEN_LENGTH];
    char key[WEBSOCKET_KEY_LENGTH];
};

/* Takes the request on, and returns the number of bytes used: none once the head has ended, or cannot any more. */
size_t websocket_parse_handshake(struct websocket_handshake *handshake, const char *bytes, size_t length);

/*
 * Judges the request and writes the whole answer, at most WEBSOCKET_ANSWER_MAX bytes. Returns its HTTP status: 101, or
 * why not, or 0 while the head has not ended. `full`: no place is left for another client.
 */
unsigned websocket_handshake_answer(const struct websocket_handshake *handshake, bool full, char *answer, size_t *length);

#endif
