/*
 * PIC32MZ crypto engine: modes of ciphers
 *
 * QEMU's crypto library encrypts and decrypts single blocks; the modes over
 * them are here, as some builds of the library have ECB and CBC only.
 * NIST SP 800-38A (CBC, CFB, OFB, CTR) and SP 800-38D (GCM).
 *
 * Left out: nothing known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "pic32mz_crypto_modes.h"

typedef struct Blocks {
    QCryptoCipher *cipher;
    size_t size;
} Blocks;

static bool blocks_open(Blocks *b, QCryptoCipherAlgorithm algorithm,
                        const uint8_t *key, size_t key_len)
{
    b->size = qcrypto_cipher_get_block_len(algorithm);
    b->cipher = qcrypto_cipher_new(algorithm, QCRYPTO_CIPHER_MODE_ECB, key,
                                   key_len, NULL);
    return b->cipher != NULL;
}

static void block_encrypt(const Blocks *b, const uint8_t *in, uint8_t *out)
{
    qcrypto_cipher_encrypt(b->cipher, in, out, b->size, NULL);
}

static void block_decrypt(const Blocks *b, const uint8_t *in, uint8_t *out)
{
    qcrypto_cipher_decrypt(b->cipher, in, out, b->size, NULL);
}

static void bytes_xor(uint8_t *to, const uint8_t *with, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        to[i] ^= with[i];
    }
}

/* Adds 1 to a big-endian number. */
static void bytes_increment(uint8_t *number, size_t len)
{
    while (len-- && !++number[len]) {
        continue;
    }
}

static void ecb_block(const Blocks *b, bool encrypt, uint8_t *data)
{
    if (encrypt) {
        block_encrypt(b, data, data);
    } else {
        block_decrypt(b, data, data);
    }
}

static void cbc_block(const Blocks *b, bool encrypt, uint8_t *iv,
                      uint8_t *data)
{
    uint8_t input[PIC32_CRYPTO_BLOCK];

    memcpy(input, data, b->size);
    if (encrypt) {
        bytes_xor(data, iv, b->size);
        block_encrypt(b, data, data);
        memcpy(iv, data, b->size);
    } else {
        block_decrypt(b, data, data);
        bytes_xor(data, iv, b->size);
        memcpy(iv, input, b->size);
    }
}

static void cfb_block(const Blocks *b, bool encrypt, uint8_t *iv,
                      uint8_t *data, size_t len)
{
    uint8_t key_stream[PIC32_CRYPTO_BLOCK];

    block_encrypt(b, iv, key_stream);
    if (!encrypt) {
        memcpy(iv, data, len);
    }
    bytes_xor(data, key_stream, len);
    if (encrypt) {
        memcpy(iv, data, len);
    }
}

static void ofb_block(const Blocks *b, uint8_t *iv, uint8_t *data, size_t len)
{
    block_encrypt(b, iv, iv);
    bytes_xor(data, iv, len);
}

static void ctr_block(const Blocks *b, uint8_t *iv, uint8_t *data, size_t len)
{
    uint8_t key_stream[PIC32_CRYPTO_BLOCK];

    block_encrypt(b, iv, key_stream);
    bytes_increment(iv, b->size);
    bytes_xor(data, key_stream, len);
}

/* --- GCM */

/* SP 800-38D 6.3 and 6.4: the hash takes one more block in. */
static void ghash_block(const Blocks *b, uint8_t *hash, const uint8_t *data,
                        size_t len)
{
    uint8_t key[PIC32_CRYPTO_BLOCK] = { 0 };
    uint64_t high = 0, low = 0, v_high, v_low;
    int i;

    block_encrypt(b, key, key);
    v_high = ldq_be_p(key);
    v_low = ldq_be_p(key + 8);
    bytes_xor(hash, data, len);
    for (i = 0; i < 128; i++) {
        bool carry = v_low & 1;

        if (hash[i / 8] & 0x80 >> i % 8) {
            high ^= v_high;
            low ^= v_low;
        }
        v_low = v_low >> 1 | v_high << 63;
        v_high = v_high >> 1 ^ (carry ? 0xe100000000000000 : 0);
    }
    stq_be_p(hash, high);
    stq_be_p(hash + 8, low);
}

/* Additional data comes first, in whole blocks, and stays as it is. */
static void gcm_block(const Blocks *b, PIC32CipherState *s, bool encrypt,
                      uint8_t *data, size_t len)
{
    uint8_t key_stream[PIC32_CRYPTO_BLOCK];
    size_t counts;

    if (s->aad_done < s->aad) {
        counts = MIN(len, s->aad - s->aad_done);
        ghash_block(b, s->ghash, data, counts);
        s->aad_done += counts;
        return;
    }
    counts = s->length > s->done ? MIN(len, s->length - s->done) : 0;
    s->done += counts;
    bytes_increment(s->iv + 12, 4);
    block_encrypt(b, s->iv, key_stream);
    if (counts && !encrypt) {
        ghash_block(b, s->ghash, data, counts);
    }
    bytes_xor(data, key_stream, len);
    if (counts && encrypt) {
        ghash_block(b, s->ghash, data, counts);
    }
}

bool pic32_cipher_tag(const PIC32CipherState *state,
                      QCryptoCipherAlgorithm algorithm, const uint8_t *key,
                      size_t key_len, uint8_t tag[PIC32_CRYPTO_BLOCK])
{
    uint8_t lengths[PIC32_CRYPTO_BLOCK], mask[PIC32_CRYPTO_BLOCK];
    Blocks b;

    if (!blocks_open(&b, algorithm, key, key_len)) {
        return false;
    }
    stq_be_p(lengths, (uint64_t)state->aad_done * 8);
    stq_be_p(lengths + 8, (uint64_t)state->done * 8);
    memcpy(tag, state->ghash, PIC32_CRYPTO_BLOCK);
    ghash_block(&b, tag, lengths, sizeof(lengths));
    block_encrypt(&b, state->j0, mask);
    bytes_xor(tag, mask, PIC32_CRYPTO_BLOCK);
    qcrypto_cipher_free(b.cipher);
    return true;
}

/* --- all of them */

bool pic32_cipher_run(PIC32CipherState *state, QCryptoCipherAlgorithm algorithm,
                      const uint8_t *key, size_t key_len, PIC32CipherMode mode,
                      bool encrypt, uint8_t *data, size_t len)
{
    bool whole_blocks = mode == PIC32_CIPHER_ECB || mode == PIC32_CIPHER_CBC;
    Blocks b;

    if (!blocks_open(&b, algorithm, key, key_len)) {
        return false;
    }
    while (len && !(whole_blocks && len < b.size)) {
        size_t n = MIN(len, b.size);

        switch (mode) {
        case PIC32_CIPHER_ECB:
            ecb_block(&b, encrypt, data);
            break;
        case PIC32_CIPHER_CBC:
            cbc_block(&b, encrypt, state->iv, data);
            break;
        case PIC32_CIPHER_CFB:
            cfb_block(&b, encrypt, state->iv, data, n);
            break;
        case PIC32_CIPHER_OFB:
            ofb_block(&b, state->iv, data, n);
            break;
        case PIC32_CIPHER_CTR:
            ctr_block(&b, state->iv, data, n);
            break;
        case PIC32_CIPHER_GCM:
            gcm_block(&b, state, encrypt, data, n);
            break;
        }
        data += n;
        len -= n;
    }
    qcrypto_cipher_free(b.cipher);
    return true;
}
