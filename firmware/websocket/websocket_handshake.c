/* SPDX-License-Identifier: MIT */
/* Opening handshake: an incremental parser of the request, and the answer. RFC 6455 section 4.2. */
#include "websocket_handshake.h"
#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "sha1.h"

#define RESOURCE "/echo"

static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";   /* RFC 6455 1.3 */

/* RFC 9110 5.6.2: what no field's name may have in it, beside controls and what is not ASCII. */
static const char delimiters[] __attribute__((nonstring)) = " \"(),/:;<=>?@[\\]{}\x7F";

enum part { METHOD, TARGET, AUTHORITY, QUERY, VERSION, NAME, VALUE, END };
enum field { HOST, KEY, PROTOCOL_VERSION, UPGRADE, CONNECTION, OTHER };

static const char field_names[] = "host\0sec-websocket-key\0sec-websocket-version\0upgrade\0connection\0";
static const char *const wanted[] = { "13", "websocket", "upgrade" };   /* in the last three */

/* Of these fields: it has come; an element of it is what was wanted, or is not. */
#define CAME(field)   (1u << (field))
#define RIGHT(field)  (0x20u << (field))
#define WRONG(field)  (0x400u << (field))

static bool handshake_token_is(const struct websocket_handshake *h, const char *text)
{
    return h->token_length == strlen(text) && !memcmp(h->token, text, h->token_length);
}

static void refuse(struct websocket_handshake *h, unsigned status)
{
    if (!h->refusal)
        h->refusal = (uint16_t)status;
}

static void expect(struct websocket_handshake *h, const char *token, unsigned otherwise)
{
    if (!handshake_token_is(h, token))
        refuse(h, otherwise);
}

/* One element of a field's comma-separated value. */
static void take_element(struct websocket_handshake *h)
{
    bool right = h->token_length;

    if (h->field == OTHER)
        return;
    if (h->field == KEY) {
        right = h->token_length == WEBSOCKET_KEY_LENGTH && !h->key[0];
        memcpy(h->key, h->token, WEBSOCKET_KEY_LENGTH);
    } else if (h->field != HOST)
        right = handshake_token_is(h, wanted[h->field - PROTOCOL_VERSION]);
    h->seen |= (uint16_t)((right ? RIGHT(HOST) : WRONG(HOST)) << h->field);
}

static void take_field_name(struct websocket_handshake *h)
{
    const char *name = field_names;

    for (h->field = HOST; *name && !handshake_token_is(h, name); h->field++)
        name += strlen(name) + 1;
    if (h->field <= PROTOCOL_VERSION && (h->seen & CAME(h->field)))
        refuse(h, 400);                             /* RFC 9112 3.2, RFC 6455 11.3.1 and 11.3.5: not more than once */
    if (h->field < OTHER)
        h->seen |= (uint16_t)CAME(h->field);
}

/* HTTP/1.1 or a later HTTP/1. RFC 6455 4.2.1, 1. */
static bool version_valid(const struct websocket_handshake *h)
{
    return h->token_length == 8 && !memcmp(h->token, "HTTP/1.", 7) && h->token[7] >= '1' && h->token[7] <= '9';
}

static void take_character(struct websocket_handshake *h, unsigned char character)
{
    if (h->space || h->token_length >= WEBSOCKET_TOKEN_LENGTH)
        h->token_length = WEBSOCKET_TOKEN_LENGTH + 1;
    else
        h->token[h->token_length++] = (char)character;
}

/* Ends the token; what follows is `part`. */
static void next_part(struct websocket_handshake *h, enum part part)
{
    h->part = (uint8_t)part;
    h->token_length = 0;
    h->space = false;
}

static unsigned char lowered(unsigned char character)
{
    return character >= 'A' && character <= 'Z' ? character | 0x20 : character;
}

/* One byte. False where the request stops to make sense. */
static bool take_byte(struct websocket_handshake *h, unsigned char byte)
{
    bool blank = byte == ' ' || byte == '\t', returned = h->returned;

    h->returned = byte == '\r';
    if (returned && byte != '\n')
        return false;                               /* RFC 9112 2.2: no CR alone */
    if (h->part < VERSION ? byte < ' ' || byte >= 0x7F : (byte < ' ' && byte != '\r' && byte != '\n' && byte != '\t') || byte == 0x7F)
        /* RFC 9112 2.2: empty lines may come before the request. */
        return h->part == METHOD && !h->token_length && (byte == '\r' || byte == '\n');
    if (h->returned)
        return true;                                /* RFC 9112 2.2: LF alone ends a line, too */
    switch (h->part) {
    case METHOD:
        if (byte == ' ') {
            expect(h, "GET", 405);
            next_part(h, TARGET);
            return true;
        }
        break;
    case TARGET:
        if (byte == ' ' || byte == '?') {
            expect(h, RESOURCE, 404);
            next_part(h, byte == ' ' ? VERSION : QUERY);
            return true;
        }
        if (byte == '/' && (handshake_token_is(h, "http:/") || handshake_token_is(h, "https:/"))) {     /* RFC 9112 3.2.2 */
            next_part(h, AUTHORITY);
            return true;
        }
        if (h->token[0] != '/')
            byte = lowered(byte);
        break;
    case AUTHORITY:
        if (byte != '/' && byte != '?' && byte != ' ')
            return true;
        next_part(h, TARGET);
        return take_byte(h, byte);
    case QUERY:
        if (byte == ' ')
            next_part(h, VERSION);
        return true;
    case VERSION:
        if (byte == '\n') {
            if (!version_valid(h))
                return false;
            next_part(h, NAME);
            return true;
        }
        break;
    case NAME:
        if (h->token_length ? byte == ':' : byte == '\n') {
            if (byte == ':')
                take_field_name(h);
            next_part(h, byte == ':' ? VALUE : END);
            return true;
        }
        /* RFC 9112 5.1 and 5.2: no blanks in a name, no folded lines. */
        if (byte <= ' ' || byte >= 0x7F || memchr(delimiters, byte, sizeof delimiters))
            return false;
        byte = lowered(byte);
        break;
    default:
        if (byte == '\n' || byte == ',') {
            take_element(h);
            next_part(h, byte == '\n' ? NAME : VALUE);
            return true;
        }
        if (blank) {
            h->space = h->token_length;
            return true;
        }
        if (h->field != KEY)
            byte = lowered(byte);
        break;
    }
    take_character(h, byte);
    return true;
}

size_t websocket_parse_handshake(struct websocket_handshake *handshake, const char *bytes, size_t length)
{
    size_t used = 0;

    while (used < length && handshake->part != END) {
        unsigned wrong = 0;
        if (!take_byte(handshake, (unsigned char)bytes[used++]))
            wrong = 400;
        else if (++handshake->length > WEBSOCKET_HEAD_MAX)
            wrong = 431;
        if (wrong) {
            handshake->refusal = (uint16_t)wrong;
            handshake->part = END;
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
    return !(base64_value(key[21]) & 15) && !memcmp(key + 22, "==", 2);
}

/* The whole head has been read. RFC 6455 4.2.1 and 4.2.2. */
static unsigned verdict(const struct websocket_handshake *h, bool full)
{
    unsigned upgrade = RIGHT(PROTOCOL_VERSION) | RIGHT(UPGRADE) | RIGHT(CONNECTION);

    if (h->refusal)
        return h->refusal;
    if ((h->seen & (RIGHT(HOST) | WRONG(HOST))) != RIGHT(HOST))
        return 400;
    if ((h->seen & (upgrade | WRONG(PROTOCOL_VERSION))) != upgrade)
        return 426;
    if ((h->seen & (RIGHT(KEY) | WRONG(KEY))) != RIGHT(KEY) || !key_valid(h->key))
        return 400;
    return full ? 503 : 101;
}

/* Reason phrase and the fields that the status asks for. RFC 9110 10.2.3, 15.5.6 and 15.5.22, RFC 6455 4.4. */
static const struct { unsigned status; const char *text; } refusals[] = {
    { 404, "Not Found" },
    { 405, "Method Not Allowed\r\nAllow: GET" },
    { 426, "Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13" },
    { 431, "Request Header Fields Too Large" },
    { 503, "Service Unavailable\r\nRetry-After: 10" },
    { 400, "Bad Request" },
};

unsigned websocket_handshake_answer(const struct websocket_handshake *handshake, bool full, char *answer, size_t *length)
{
    if (handshake->part != END)
        return 0;

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
        unsigned i = 0;
        while (refusals[i].status != status)
            i++;
        *length = (size_t)sniprintf(answer, WEBSOCKET_ANSWER_MAX,
                                    "HTTP/1.1 %u %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                                    status, refusals[i].text);
    }
    return status;
}
