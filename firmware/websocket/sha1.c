/* SPDX-License-Identifier: MIT */
/* SHA-1. FIPS 180-4 section 6.1. Small rather than fast: it is made once for each connection. */
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
    uint32_t w[16], v[WORDS];                       /* v: a, b, c, d, e */

    memcpy(v, hash, sizeof v);
    for (unsigned t = 0; t < 80; t++) {
        uint32_t *word = &w[t % 16], b = v[1], c = v[2], d = v[3], next;
        if (t < 16) {
            for (unsigned i = 0; i < 4; i++)
                *word = *word << 8 | *block++;
        } else
            *word = rotated(w[(t + 13) % 16] ^ w[(t + 8) % 16] ^ w[(t + 2) % 16] ^ *word, 1);
        if (t < 20)
            next = (d ^ (b & (c ^ d))) + 0x5A827999;
        else if (t < 40)
            next = (b ^ c ^ d) + 0x6ED9EBA1;
        else if (t < 60)
            next = ((b & c) | (d & (b | c))) + 0x8F1BBCDC;
        else
            next = (b ^ c ^ d) + 0xCA62C1D6;
        next += rotated(v[0], 5) + v[4] + *word;
        memmove(v + 1, v, sizeof v - sizeof *v);
        v[2] = rotated(v[2], 30);
        v[0] = next;
    }
    for (unsigned i = 0; i < WORDS; i++)
        hash[i] += v[i];
}

void sha1(const uint8_t *message, size_t length, uint8_t digest[SHA1_SIZE])
{
    uint32_t hash[WORDS] = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0 };
    uint8_t blocks[2 * BLOCK_SIZE];
    size_t padded = length < BLOCK_SIZE - 8 ? BLOCK_SIZE : 2 * BLOCK_SIZE;

    memset(blocks, 0, sizeof blocks);
    memcpy(blocks, message, length);
    blocks[length] = 0x80;
    blocks[padded - 2] = (uint8_t)(length >> 5);
    blocks[padded - 1] = (uint8_t)(length << 3);
    for (size_t done = 0; done < padded; done += BLOCK_SIZE)
        sha1_mix(hash, blocks + done);
    for (unsigned i = 0; i < SHA1_SIZE; i++)
        digest[i] = (uint8_t)(hash[i / 4] >> (24 - i % 4 * 8));
}
