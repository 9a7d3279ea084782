/* SPDX-License-Identifier: MIT */
/* SHA-1. FIPS 180-4 section 6.1. */
#include "sha1.h"
#include <string.h>

#define BLOCK_SIZE 64u
#define WORDS      5u

static uint32_t rotated(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

/* Takes one block into the hash value; the schedule is a ring of 16 words (FIPS 180-4 6.1.3). */
static void __attribute__((noinline)) sha1_mix(uint32_t hash[WORDS], const uint8_t block[BLOCK_SIZE])
{
    uint32_t w[16], a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];

    for (unsigned t = 0; t < 80; t++) {
        uint32_t *word = &w[t % 16], f;
        if (t < 16)
            *word = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
                    (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
        else
            *word = rotated(w[(t + 13) % 16] ^ w[(t + 8) % 16] ^ w[(t + 2) % 16] ^ *word, 1);
        if (t < 20)
            f = ((b & c) | (~b & d)) + 0x5A827999;
        else if (t < 40)
            f = (b ^ c ^ d) + 0x6ED9EBA1;
        else if (t < 60)
            f = ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
        else
            f = (b ^ c ^ d) + 0xCA62C1D6;
        f += rotated(a, 5) + e + *word;
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = f;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
}

void sha1(const uint8_t *message, size_t length, uint8_t digest[SHA1_SIZE])
{
    uint32_t hash[WORDS] = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0 };
    uint8_t block[BLOCK_SIZE];
    uint32_t bits = (uint32_t)length * 8;          /* below 512 MiB */

    for (; length >= BLOCK_SIZE; message += BLOCK_SIZE, length -= BLOCK_SIZE)
        sha1_mix(hash, message);
    memset(block, 0, sizeof block);
    memcpy(block, message, length);
    block[length] = 0x80;
    if (length >= BLOCK_SIZE - 8) {
        sha1_mix(hash, block);
        memset(block, 0, sizeof block);
    }
    for (unsigned i = 0; i < 4; i++)
        block[BLOCK_SIZE - 1 - i] = (uint8_t)(bits >> 8 * i);
    sha1_mix(hash, block);
    for (unsigned i = 0; i < SHA1_SIZE; i++)
        digest[i] = (uint8_t)(hash[i / 4] >> (24 - i % 4 * 8));
}
