/*
 * PIC32MZ crypto engine: modes of ciphers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CRYPTO_MODES_H
#define HW_MIPS_PIC32MZ_CRYPTO_MODES_H

#include "crypto/cipher.h"

#define PIC32_CRYPTO_BLOCK  16      /* bytes, the largest */

typedef enum PIC32CipherMode {
    PIC32_CIPHER_ECB,
    PIC32_CIPHER_CBC,
    PIC32_CIPHER_CFB,
    PIC32_CIPHER_OFB,
    PIC32_CIPHER_CTR,
    PIC32_CIPHER_GCM,
} PIC32CipherMode;

/* What a frame goes on with in its next buffer. */
typedef struct PIC32CipherState {
    uint8_t iv[PIC32_CRYPTO_BLOCK];     /* chaining value or counter */
    uint8_t j0[PIC32_CRYPTO_BLOCK];     /* GCM: the first counter */
    uint8_t ghash[PIC32_CRYPTO_BLOCK];
    uint32_t aad;                       /* bytes of additional data */
    uint32_t aad_done;
    uint32_t length;                    /* bytes of the message */
    uint32_t done;
} PIC32CipherState;

/*
 * Encrypts or decrypts len bytes in place. ECB and CBC leave a rest that is
 * no block alone. False: QEMU's crypto library has not got the cipher.
 */
bool pic32_cipher_run(PIC32CipherState *state, QCryptoCipherAlgorithm algorithm,
                      const uint8_t *key, size_t key_len, PIC32CipherMode mode,
                      bool encrypt, uint8_t *data, size_t len);

/* The tag of a GCM frame that is complete. False: as above. */
bool pic32_cipher_tag(const PIC32CipherState *state,
                      QCryptoCipherAlgorithm algorithm, const uint8_t *key,
                      size_t key_len, uint8_t tag[PIC32_CRYPTO_BLOCK]);

#endif
