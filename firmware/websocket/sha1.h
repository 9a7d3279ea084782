/* SPDX-License-Identifier: MIT */
/* SHA-1, for the opening handshake. FIPS 180-4. */
#ifndef SHA1_H
#define SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE        20u
#define SHA1_MESSAGE_MAX 119u                       /* two blocks */

/* `length` is at most SHA1_MESSAGE_MAX. */
void sha1(const uint8_t *message, size_t length, uint8_t digest[SHA1_SIZE]);

#endif
