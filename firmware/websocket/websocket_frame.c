/* SPDX-License-Identifier: MIT */
/* Frame headers. RFC 6455 section 5.2. */
#include "websocket_frame.h"
#include <string.h>

#define RESERVED_BITS 0x70u
#define MASKED        0x80u
#define LENGTH_7      0x7Fu
#define LENGTH_16     126u
#define LENGTH_64     127u

int websocket_parse_frame(const uint8_t *bytes, size_t available, struct websocket_frame *frame)
{
    if (available < 2)
        return 0;
    unsigned opcode = bytes[0] & WEBSOCKET_OPCODE;
    unsigned length_7 = bytes[1] & LENGTH_7;
    bool control = opcode & WEBSOCKET_CONTROL;

    if ((bytes[0] & RESERVED_BITS) || !(bytes[1] & MASKED) || (opcode & 7) > 2)
        return -1;
    if (control && (!(bytes[0] & WEBSOCKET_FIN) || length_7 > WEBSOCKET_CONTROL_MAX))
        return -1;
    frame->opcode = bytes[0] & (WEBSOCKET_FIN | WEBSOCKET_OPCODE);

    unsigned extended = length_7 == LENGTH_64 ? 8 : length_7 == LENGTH_16 ? 2 : 0;
    if (available < 2 + extended + sizeof frame->mask)
        return 0;
    bytes += 2;
    uint32_t high = 0, low = extended ? 0 : length_7;
    for (unsigned i = 0; i < extended; i++) {
        high = high << 8 | low >> 24;
        low = low << 8 | *bytes++;
    }
    /* 5.2: the shortest form, and a 64-bit length has its top bit clear. */
    if ((extended == 2 && low < LENGTH_16) || (extended == 8 && !high && low <= 0xFFFF) || high >> 31)
        return -1;
    frame->length = (uint64_t)high << 32 | low;
    memcpy(&frame->mask, bytes, sizeof frame->mask);
    return (int)(2 + extended + sizeof frame->mask);
}

uint8_t *websocket_make_frame(uint8_t *payload, size_t length, uint8_t opcode)
{
    if (length < LENGTH_16) {
        *--payload = (uint8_t)length;
    } else {
        *--payload = (uint8_t)length;
        *--payload = (uint8_t)(length >> 8);
        *--payload = LENGTH_16;
    }
    *--payload = opcode;
    return payload;
}

uint32_t websocket_unmask(uint8_t *bytes, size_t length, uint32_t mask)
{
    typedef uint32_t __attribute__((may_alias)) word;
    unsigned used = 8 * (length % sizeof mask);

    for (uint8_t *end = bytes + length; bytes < end; bytes += sizeof mask)
        *(word *)bytes ^= mask;
    return mask >> used | mask << (-used & 31);
}

bool websocket_close_code_valid(unsigned code)
{
    /* 7.4.1 and the registry it opens: 1004 to 1006 and 1015 stand for things that are not sent. */
    return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
}
