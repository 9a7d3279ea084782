/* SPDX-License-Identifier: MIT */
/* UTF-8, by the syntax of RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "utf8.h"

bool utf8_valid(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    while (length--) {
        uint8_t byte = *bytes++;
        if (state->missing) {
            if (byte < state->low || byte > state->high)
                return false;
            state->missing--;
            state->low = 0x80;
            state->high = 0xBF;
        } else if (byte >= 0x80) {
            if (byte < 0xC2 || byte > 0xF4)
                return false;
            state->missing = (uint8_t)(1 + (byte >= 0xE0) + (byte >= 0xF0));
            state->low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
            state->high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
        }
    }
    return true;
}
