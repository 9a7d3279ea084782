/* SPDX-License-Identifier: MIT */
/* Opening handshake: an incremental parser of the request, and the answer. RFC 6455 section 4.2. */
#include "websocket_handshake.h"
#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "sha1.h"

#define RESOURCE "/echo"

static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";   /* RFC 6455 1.3 */

enum part { METHOD, TARGET, QUERY, VERSION, NAME, VALUE };
enum field { HOST, UPGRADE, CONNECTION, KEY, PROTOCOL_VERSION, OTHER };

static const char field_names[OTHER][WEBSOCKET_TOKEN_LENGTH] = {
    "host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version",
};

#define SEEN(field)  (1u << (field))
#define BAD_KEY      SEEN(OTHER)

static bool token_is(const struct websocket_handshake *h, const char *text)
{
    return h->token_length == strlen(text) && !memcmp(h->token, text, h->token_length);
}

static void refuse(struct websocket_handshake *h, unsigned status)
{
    if (!h->refusal)
        h->refusal = (uint16_t)status;
}

/* One element of a field's comma-separated value. */
static void take_element(struct websocket_handshake *h)
{
    switch (h->field) {
    case UPGRADE:
        if (token_is(h, "websocket"))
            h->seen |= SEEN(UPGRADE);
        break;
    case CONNECTION:
        if (token_is(h, "upgrade"))
            h->seen |= SEEN(CONNECTION);
        break;
    case PROTOCOL_VERSION:
        if (token_is(h, "13"))
            h->seen |= SEEN(PROTOCOL_VERSION);
        break;
    case KEY:
        if ((h->seen & SEEN(KEY)) || h->token_length != WEBSOCKET_KEY_LENGTH)
            h->seen |= BAD_KEY;
        h->seen |= SEEN(KEY);
        memcpy(h->key, h->token, WEBSOCKET_KEY_LENGTH);
        break;
    }
}

static void take_field_name(struct websocket_handshake *h)
{
    h->field = HOST;
    while (h->field < OTHER && !token_is(h, field_names[h->field]))
        h->field++;
    if (h->field == HOST) {
        if (h->seen & SEEN(HOST))
            refuse(h, 400);                         /* RFC 9112 3.2: exactly one */
        h->seen |= SEEN(HOST);
    }
}

/* HTTP/1.1 or a later HTTP/1. RFC 6455 4.2.1, 1. */
static bool version_valid(const struct websocket_handshake *h)
{
    return h->token_length == 8 && !memcmp(h->token, "HTTP/1.", 7) && h->token[7] >= '1' && h->token[7] <= '9';
}

static void take_character(struct websocket_handshake *h, char character)
{
    if (h->space || h->token_length >= WEBSOCKET_TOKEN_LENGTH) {
        h->token_length = WEBSOCKET_TOKEN_LENGTH + 1;
        return;
    }
    h->token[h->token_length++] = character;
}

/* Ends the token; what follows is `part`. */
static void next_part(struct websocket_handshake *h, enum part part)
{
    h->part = (uint8_t)part;
    h->token_length = 0;
    h->space = false;
}

static char lowered(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character | 0x20) : character;
}

/* One byte; true at the end of the head, or where it stops to make sense. */
static bool take_byte(struct websocket_handshake *h, unsigned char byte)
{
    bool blank = byte == ' ' || byte == '\t';

    if (byte == '\r' && h->part >= VERSION)
        return false;                               /* RFC 9112 2.2: LF alone ends a line, too */
    if (byte < ' ' && (h->part < VERSION || (byte != '\n' && !blank)))
        goto malformed;
    switch (h->part) {
    case METHOD:
        if (byte == ' ') {
            if (!token_is(h, "GET"))
                refuse(h, 405);
            next_part(h, TARGET);
            return false;
        }
        break;
    case TARGET:
        if (byte == ' ' || byte == '?') {
            if (!token_is(h, RESOURCE))
                refuse(h, 404);
            next_part(h, byte == ' ' ? VERSION : QUERY);
            return false;
        }
        break;
    case QUERY:
        if (byte == ' ')
            next_part(h, VERSION);
        return false;
    case VERSION:
        if (byte == '\n') {
            if (!version_valid(h))
                goto malformed;
            next_part(h, NAME);
            return false;
        }
        break;
    case NAME:
        if (byte == '\n' && !h->token_length)
            return true;
        if (byte == ':' && h->token_length) {
            take_field_name(h);
            next_part(h, VALUE);
            return false;
        }
        if (blank || byte == '\n' || byte == ':')
            goto malformed;                         /* RFC 9112 5.1 and 5.2: no blanks in a name, no folded lines */
        byte = (unsigned char)lowered((char)byte);
        break;
    default:
        if (byte == '\n' || byte == ',') {
            take_element(h);
            next_part(h, byte == '\n' ? NAME : VALUE);
            return false;
        }
        if (blank) {
            h->space = h->token_length;
            return false;
        }
        if (h->field != KEY)
            byte = (unsigned char)lowered((char)byte);
        break;
    }
    take_character(h, (char)byte);
    return false;

malformed:
    h->refusal = 400;
    return true;
}

size_t websocket_parse_handshake(struct websocket_handshake *handshake, const char *bytes, size_t length, bool *done)
{
    size_t used = 0;

    for (*done = false; used < length && !*done; ) {
        *done = take_byte(handshake, (unsigned char)bytes[used++]);
        if (++handshake->length > WEBSOCKET_HEAD_MAX) {
            handshake->refusal = 431;
            *done = true;
        }
    }
    return used;
}

/* RFC 6455 4.1: base64 of 16 bytes, so 22 characters, the last with four bits to spare, and two of padding. */
static bool key_valid(const char *key)
{
    for (unsigned i = 0; i < WEBSOCKET_KEY_LENGTH - 2; i++)
        if (base64_value(key[i]) < 0)
            return false;
    return !(base64_value(key[21]) & 15) && key[22] == '=' && key[23] == '=';
}

/* The whole head has been read. RFC 6455 4.2.1 and 4.2.2. */
static unsigned verdict(const struct websocket_handshake *h, bool full)
{
    if (h->refusal)
        return h->refusal;
    if (!(h->seen & SEEN(HOST)))
        return 400;
    if (~h->seen & (SEEN(UPGRADE) | SEEN(CONNECTION) | SEEN(PROTOCOL_VERSION)))
        return 426;
    if ((h->seen & (SEEN(KEY) | BAD_KEY)) != SEEN(KEY) || !key_valid(h->key))
        return 400;
    return full ? 503 : 101;
}

/* Reason phrase and the fields that the status asks for. RFC 9110 15.5.6 and 15.5.22, RFC 6455 4.4. */
static const char *refusal_text(unsigned status)
{
    switch (status) {
    case 404: return "Not Found";
    case 405: return "Method Not Allowed\r\nAllow: GET";
    case 426: return "Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default:  return "Bad Request";
    }
}

unsigned websocket_handshake_answer(const struct websocket_handshake *handshake, bool full, char *answer, size_t *length)
{
    unsigned status = verdict(handshake, full);

    if (status == 101) {
        uint8_t digest[SHA1_SIZE];
        char text[WEBSOCKET_KEY_LENGTH + sizeof accept_guid];   /* first key and GUID, then the digest in base64 */

        memcpy(text, handshake->key, WEBSOCKET_KEY_LENGTH);
        memcpy(text + WEBSOCKET_KEY_LENGTH, accept_guid, sizeof accept_guid);
        sha1((const uint8_t *)text, WEBSOCKET_KEY_LENGTH + sizeof accept_guid - 1, digest);
        base64_encode(digest, sizeof digest, text);
        *length = (size_t)sniprintf(answer, WEBSOCKET_ANSWER_MAX,
                                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Accept: %s\r\n\r\n", text);
    } else {
        *length = (size_t)sniprintf(answer, WEBSOCKET_ANSWER_MAX,
                                    "HTTP/1.1 %u %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                                    status, refusal_text(status));
    }
    return status;
}
