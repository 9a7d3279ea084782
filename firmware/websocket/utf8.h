/* SPDX-License-Identifier: MIT */
/* Incremental validation of UTF-8. RFC 3629 section 4. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between two bytes of a text. All zero: at a character's boundary. */
struct utf8_state {
    uint8_t missing;                                /* bytes that the character still needs */
    uint8_t low, high;                              /* what the next one may be */
} __attribute__((aligned(4)));

/* Takes `length` more bytes. False as soon as no continuation can make the text valid. */
bool utf8_valid(struct utf8_state *state, const uint8_t *bytes, size_t length);

#endif
