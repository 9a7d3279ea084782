/* SPDX-License-Identifier: MIT */
/* Base64, for the opening handshake. RFC 4648 section 4. */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Encodes `length` bytes as 4 * ceil(length / 3) characters and a terminating zero. */
void base64_encode(const uint8_t *bytes, size_t length, char *text);

/* The value of a character of the alphabet, or -1. */
int base64_value(char character);

#endif
