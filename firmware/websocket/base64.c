/* SPDX-License-Identifier: MIT */
/* Base64. RFC 4648 section 4. */
#include "base64.h"
#include <string.h>

static const char alphabet[64] __attribute__((nonstring)) = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *bytes, size_t length, char *text)
{
    uint32_t bits = 0;
    unsigned count = 0, written = 0;

    while (length || count) {
        if (length) {
            bits = bits << 8 | *bytes++;
            length--;
            count += 8;
        } else if (count < 6) {
            bits <<= 6 - count;
            count = 6;
        }
        while (count >= 6) {
            count -= 6;
            text[written++] = alphabet[bits >> count & 63];
        }
    }
    while (written % 4)
        text[written++] = '=';
    text[written] = '\0';
}

int base64_value(char character)
{
    const char *place = memchr(alphabet, character, sizeof alphabet);
    return place ? (int)(place - alphabet) : -1;
}
