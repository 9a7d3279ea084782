/*
 * PIC32MZ crypto engine
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 26 and DS60001246
 * (PIC32 Family Reference Manual, section 49): the engine of the EFK and EFM
 * chips. It takes buffer descriptors and their security associations from
 * memory, encrypts, decrypts or hashes, and writes results and descriptors
 * back. A buffer takes the time of the data sheet's table of performance, in
 * PBCLK5 clocks, and DESCRIPTOR_CLOCKS, our own estimate. A message runs from
 * the first buffer to the one with LIFM.
 *
 * DES, triple DES, AES in all modes but CBC-MAC, MD5, SHA-1, SHA-256 and their
 * HMAC; DES comes from nettle, which QEMU's crypto library is built with.
 *
 * Our own assumptions where the manuals are silent: CEVER reads 0; digests
 * start from their standard values, not from SA_AUTHIV; an HMAC's key is as
 * long as its digest and ends with SA_AUTHKEY8; a security association that is
 * fetched within a message changes nothing; GCM copies additional data to the
 * destination as it is; messages to hash end at MESSAGE_MAX bytes.
 *
 * Left out: CBC-MAC, encryption and authentication in one pass, verification
 * of a tag, headers and trailers (CEHDLEN, CETRLLEN), partial results, results
 * written back to the security association. What cannot be done ends its
 * packet with CESTAT.ERROP and a line in the log. A disabled descriptor is
 * looked at again after 2 to 50 us, not after CEPOLLCON clocks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "exec/address-spaces.h"
#include "hw/clock.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_crypto.h"
#include "pic32mz_crypto_modes.h"
#include "pic32mz_sfr.h"

REG32(CEVER, 0x00)
REG32(CECON, 0x04)
    FIELD(CECON, DMAEN, 0, 1)
    FIELD(CECON, BDPPLEN, 1, 1)
    FIELD(CECON, BDPCHST, 2, 1)
    FIELD(CECON, SWAPEN, 5, 1)
    FIELD(CECON, SWRST, 6, 1)
    FIELD(CECON, SWAPOEN, 7, 1)
REG32(CEBDADDR, 0x08)
REG32(CEBDPADDR, 0x0c)
REG32(CESTAT, 0x10)
    FIELD(CESTAT, BDCTRL, 0, 16)
    FIELD(CESTAT, ACTIVE, 16, 1)
    FIELD(CESTAT, START, 17, 1)
    FIELD(CESTAT, ERRPHASE, 24, 2)
    FIELD(CESTAT, ERROP, 26, 3)
REG32(CEINTSRC, 0x14)
    FIELD(CEINTSRC, PENDIF, 0, 1)
    FIELD(CEINTSRC, CBDIF, 1, 1)
    FIELD(CEINTSRC, PKTIF, 2, 1)
    FIELD(CEINTSRC, AREIF, 3, 1)
REG32(CEINTEN, 0x18)
    FIELD(CEINTEN, PENDIE, 0, 1)
REG32(CEPOLLCON, 0x1c)
REG32(CEHDLEN, 0x20)
REG32(CETRLLEN, 0x24)

/* Buffer descriptor, DS60001320 figure 26-1: words and the bits of the first */
enum { BD_CTRL, BD_SA_ADDR, BD_SRCADDR, BD_DSTADDR, BD_NXTPTR, BD_UPDPTR,
       BD_MSG_LEN, BD_ENC_OFF, BD_WORDS };
REG32(BD, 0x00)
    FIELD(BD, BUFLEN, 0, 16)
    FIELD(BD, CBD_INT_EN, 16, 1)
    FIELD(BD, PKT_INT_EN, 17, 1)
    FIELD(BD, LIFM, 18, 1)
    FIELD(BD, LAST_BD, 19, 1)
    FIELD(BD, SA_FETCH_EN, 22, 1)
    FIELD(BD, DESC_EN, 31, 1)

/* Security association, DS60001320 figure 26-10 */
enum { SA_CTRL, SA_AUTHKEY, SA_ENCKEY = SA_AUTHKEY + 8,
       SA_AUTHIV = SA_ENCKEY + 8, SA_ENCIV = SA_AUTHIV + 8,
       SA_WORDS = SA_ENCIV + 4 };
REG32(SA, 0x00)
    FIELD(SA, CRYPTOALGO, 0, 4)
    FIELD(SA, KEYSIZE, 7, 2)
    FIELD(SA, ENCTYPE, 9, 1)
    FIELD(SA, ALGO, 10, 7)

enum { ALGO_DES = 0x01, ALGO_TDES = 0x02, ALGO_AES = 0x04, ALGO_MD5 = 0x08,
       ALGO_SHA1 = 0x10, ALGO_SHA256 = 0x20, ALGO_HMAC = 0x40 };
enum { ERRPHASE_BD, ERRPHASE_SA, ERRPHASE_SOURCE, ERRPHASE_DESTINATION };
enum { ERROP_ENCRYPTION = 1, ERROP_DECRYPTION = 2, ERROP_AUTHENTICATION = 4 };
enum { CE_IDLE, CE_FETCH, CE_POLL, CE_BUSY };

#define MMIO_SIZE           0x28
#define DESCRIPTOR_CLOCKS   50
#define POLL_MIN_NS         2000
#define POLL_MAX_NS         50000
#define MESSAGE_MAX         (16 * MiB)
#define KEY_MAX             32

struct PIC32Crypto {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *pbclk;
    qemu_irq irq;
    QEMUTimer *timer;

    uint8_t state;
    bool in_message;            /* its last buffer has not come yet */
    int64_t poll_ns;            /* until a disabled descriptor is read again */
    uint32_t bd[BD_WORDS];      /* the descriptor in work */
    uint32_t sa[SA_WORDS];
    PIC32CipherState cipher;
    uint8_t *message;           /* what is to be hashed */
    uint32_t message_len;
};

typedef struct CryptoCipher {
    QCryptoCipherAlgorithm algorithm;
    PIC32CipherMode mode;
    size_t key_len;
    unsigned rate;              /* bits a clock, times ten: table 26-1 */
} CryptoCipher;

typedef struct CryptoHash {
    QCryptoHashAlgorithm algorithm;
    unsigned rate;
} CryptoHash;

static uint32_t ce_con(const PIC32Crypto *s)
{
    return pic32_sfr_get(&s->regs, A_CECON);
}

static bool ce_on(const PIC32Crypto *s)
{
    return FIELD_EX32(ce_con(s), CECON, DMAEN) &&
           FIELD_EX32(ce_con(s), CECON, BDPCHST);
}

/* --- what the security association asks for */

static unsigned sa_algo(const PIC32Crypto *s)
{
    return FIELD_EX32(s->sa[SA_CTRL], SA, ALGO);
}

static bool sa_cipher(const PIC32Crypto *s, CryptoCipher *c)
{
    /* DES has modes 0 to 3, triple DES 4 to 7, AES 8 to 14 */
    static const PIC32CipherMode modes[] = {
        PIC32_CIPHER_ECB, PIC32_CIPHER_CBC, PIC32_CIPHER_CFB, PIC32_CIPHER_OFB,
    };
    static const CryptoCipher aes[] = {
        { QCRYPTO_CIPHER_ALG_AES_128, 0, 16, 90 },
        { QCRYPTO_CIPHER_ALG_AES_192, 0, 24, 79 },
        { QCRYPTO_CIPHER_ALG_AES_256, 0, 32, 72 },
    };
    unsigned mode = FIELD_EX32(s->sa[SA_CTRL], SA, CRYPTOALGO);
    unsigned key_size = FIELD_EX32(s->sa[SA_CTRL], SA, KEYSIZE);

    switch (sa_algo(s)) {
    case ALGO_DES:
        *c = (CryptoCipher) { QCRYPTO_CIPHER_ALG_DES, 0, 8, 144 };
        break;
    case ALGO_TDES:
        *c = (CryptoCipher) { QCRYPTO_CIPHER_ALG_3DES, 0, 24, 66 };
        break;
    case ALGO_AES:
        if (key_size >= ARRAY_SIZE(aes)) {
            return false;
        }
        *c = aes[key_size];
        break;
    default:
        return false;
    }
    c->mode = modes[mode % 4];
    if (mode == 13 || mode == 14) {
        c->mode = mode == 13 ? PIC32_CIPHER_CTR : PIC32_CIPHER_GCM;
    } else if (mode == 12 || mode == 15) {
        return false;
    }
    return qcrypto_cipher_supports(c->algorithm, QCRYPTO_CIPHER_MODE_ECB);
}

static bool sa_hash(const PIC32Crypto *s, CryptoHash *h)
{
    switch (sa_algo(s) & ~ALGO_HMAC) {
    case ALGO_MD5:
        *h = (CryptoHash) { QCRYPTO_HASH_ALG_MD5, 156 };
        break;
    case ALGO_SHA1:
        *h = (CryptoHash) { QCRYPTO_HASH_ALG_SHA1, 132 };
        break;
    case ALGO_SHA256:
        *h = (CryptoHash) { QCRYPTO_HASH_ALG_SHA256, 93 };
        break;
    default:
        return false;
    }
    return qcrypto_hash_supports(h->algorithm);
}

/* Keys and vectors are numbers: the first byte is the upper one of a word. */
static void sa_bytes(const PIC32Crypto *s, unsigned end, uint8_t *to,
                     size_t len)
{
    unsigned word = end - len / 4, i;

    for (i = 0; i < len / 4; i++) {
        stl_be_p(to + i * 4, s->sa[word + i]);
    }
}

/* --- memory */

static void ce_update_irq(PIC32Crypto *s)
{
    uint32_t enabled = pic32_sfr_get(&s->regs, A_CEINTEN);
    uint32_t flags = pic32_sfr_get(&s->regs, A_CEINTSRC) & enabled;

    qemu_set_irq(s->irq, FIELD_EX32(enabled, CEINTEN, PENDIE) && flags);
}

static void ce_raise(PIC32Crypto *s, uint32_t flags)
{
    pic32_sfr_set(&s->regs, A_CEINTSRC,
                  pic32_sfr_get(&s->regs, A_CEINTSRC) | flags);
    ce_update_irq(s);
}

static void ce_error(PIC32Crypto *s, unsigned phase)
{
    unsigned algo = sa_algo(s);
    uint32_t stat = 0;

    stat = FIELD_DP32(stat, CESTAT, ERRPHASE, phase);
    stat = FIELD_DP32(stat, CESTAT, ERROP,
                      algo >= ALGO_MD5 ? ERROP_AUTHENTICATION :
                      FIELD_EX32(s->sa[SA_CTRL], SA, ENCTYPE)
                      ? ERROP_ENCRYPTION : ERROP_DECRYPTION);
    pic32_sfr_set(&s->regs, A_CESTAT, stat);
}

static bool ce_memory(PIC32Crypto *s, uint32_t address, void *data, size_t len,
                      bool is_write, unsigned phase)
{
    if (pic32_bus_rw("crypto engine", address, address, MEMTXATTRS_UNSPECIFIED,
                     data, len, is_write)) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "crypto engine: nothing to %s at 0x%08x\n",
                  is_write ? "write" : "read", address);
    ce_error(s, phase);
    s->state = CE_IDLE;
    s->in_message = false;
    ce_raise(s, R_CEINTSRC_AREIF_MASK);
    return false;
}

static bool ce_read_words(PIC32Crypto *s, uint32_t address, uint32_t *words,
                          unsigned count, unsigned phase)
{
    unsigned i;

    if (!ce_memory(s, address, words, count * 4, false, phase)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        words[i] = le32_to_cpu(words[i]);
    }
    return true;
}

static void ce_swap_words(uint8_t *data, size_t len)
{
    for (; len >= 4; data += 4, len -= 4) {
        stl_le_p(data, ldl_be_p(data));
    }
}

static bool ce_write_result(PIC32Crypto *s, uint32_t address, uint8_t *data,
                            size_t len)
{
    if (!FIELD_EX32(ce_con(s), CECON, SWAPOEN)) {
        ce_swap_words(data, len);
    }
    return ce_memory(s, address, data, len, true, ERRPHASE_DESTINATION);
}

/* --- a buffer */

static void ce_forget_message(PIC32Crypto *s)
{
    g_free(s->message);
    s->message = NULL;
    s->message_len = 0;
    memset(&s->cipher, 0, sizeof(s->cipher));
    s->in_message = false;
}

static void ce_begin_message(PIC32Crypto *s)
{
    PIC32CipherState *c = &s->cipher;

    ce_forget_message(s);
    s->in_message = true;
    c->aad = s->bd[BD_ENC_OFF];
    c->length = s->bd[BD_MSG_LEN];
    if (sa_algo(s) == ALGO_AES) {
        sa_bytes(s, SA_ENCIV + 4, c->iv, 16);
    } else {
        sa_bytes(s, SA_ENCIV + 4, c->iv, 8);
    }
    memcpy(c->j0, c->iv, sizeof(c->j0));
}

static bool ce_cipher(PIC32Crypto *s, const CryptoCipher *c, uint8_t *data,
                      size_t len)
{
    bool last = FIELD_EX32(s->bd[BD_CTRL], BD, LIFM);
    uint8_t key[KEY_MAX], tag[PIC32_CRYPTO_BLOCK];

    sa_bytes(s, SA_ENCKEY + 8, key, c->key_len);
    if (!pic32_cipher_run(&s->cipher, c->algorithm, key, c->key_len, c->mode,
                          FIELD_EX32(s->sa[SA_CTRL], SA, ENCTYPE), data, len)) {
        ce_error(s, ERRPHASE_SA);       /* the library refuses the key */
        return true;
    }
    if (!ce_write_result(s, s->bd[BD_DSTADDR], data, len)) {
        return false;
    }
    return !last || c->mode != PIC32_CIPHER_GCM ||
           !pic32_cipher_tag(&s->cipher, c->algorithm, key, c->key_len, tag) ||
           ce_write_result(s, s->bd[BD_UPDPTR], tag, sizeof(tag));
}

static bool ce_hash(PIC32Crypto *s, const CryptoHash *h, const uint8_t *data,
                    size_t len)
{
    g_autofree uint8_t *digest = NULL;
    size_t digest_len = 0;
    uint8_t key[KEY_MAX];

    if (s->cipher.length) {     /* a buffer is padded to whole words */
        len = MIN(len, s->cipher.length - MIN(s->cipher.length,
                                              s->message_len));
    }
    if (s->message_len + len > MESSAGE_MAX) {
        ce_error(s, ERRPHASE_SOURCE);
        return true;
    }
    s->message = g_realloc(s->message, s->message_len + len);
    memcpy(s->message + s->message_len, data, len);
    s->message_len += len;
    if (!FIELD_EX32(s->bd[BD_CTRL], BD, LIFM)) {
        return true;
    }
    if (sa_algo(s) & ALGO_HMAC) {
        size_t key_len = qcrypto_hash_digest_len(h->algorithm);
        QCryptoHmac *hmac;

        sa_bytes(s, SA_AUTHKEY + 8, key, key_len);
        hmac = qcrypto_hmac_new(h->algorithm, key, key_len, NULL);
        if (hmac) {
            qcrypto_hmac_bytes(hmac, (const char *)s->message, s->message_len,
                               &digest, &digest_len, NULL);
            qcrypto_hmac_free(hmac);
        }
    } else {
        qcrypto_hash_bytes(h->algorithm, (const char *)s->message,
                           s->message_len, &digest, &digest_len, NULL);
    }
    if (!digest) {
        ce_error(s, ERRPHASE_SA);
        return true;
    }
    return ce_write_result(s, s->bd[BD_UPDPTR], digest, digest_len);
}

/* False: a bus error has ended it all. */
static bool ce_process(PIC32Crypto *s)
{
    size_t len = FIELD_EX32(s->bd[BD_CTRL], BD, BUFLEN);
    g_autofree uint8_t *data = g_malloc(len + 1);
    CryptoCipher cipher;
    CryptoHash hash;

    if (!ce_memory(s, s->bd[BD_SRCADDR], data, len, false, ERRPHASE_SOURCE)) {
        return false;
    }
    if (!FIELD_EX32(ce_con(s), CECON, SWAPEN)) {
        ce_swap_words(data, len);
    }
    if (sa_cipher(s, &cipher)) {
        return ce_cipher(s, &cipher, data, len);
    }
    if (sa_hash(s, &hash)) {
        return ce_hash(s, &hash, data, len);
    }
    qemu_log_mask(LOG_UNIMP, "crypto engine: SA_CTRL 0x%08x: this algorithm is"
                  " not available\n", s->sa[SA_CTRL]);
    ce_error(s, ERRPHASE_SA);
    return true;
}

/* --- descriptors */

static void ce_wait(PIC32Crypto *s, unsigned state, int64_t ns)
{
    s->state = state;
    timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + MAX(ns, 1));
}

static int64_t ce_clocks_ns(const PIC32Crypto *s, uint64_t clocks)
{
    return clock_ticks_to_ns(s->pbclk, clocks);
}

static void ce_fetch(PIC32Crypto *s)
{
    uint32_t address = pic32_sfr_get(&s->regs, A_CEBDADDR);
    CryptoCipher cipher;
    CryptoHash hash;
    unsigned rate;

    if (!ce_read_words(s, address, s->bd, BD_WORDS, ERRPHASE_BD)) {
        return;
    }
    if (!FIELD_EX32(s->bd[BD_CTRL], BD, DESC_EN)) {
        if (FIELD_EX32(ce_con(s), CECON, BDPPLEN)) {
            ce_wait(s, CE_POLL, s->poll_ns);
            s->poll_ns = MIN(s->poll_ns * 2, POLL_MAX_NS);
        } else {
            s->state = CE_IDLE;
        }
        return;
    }
    s->poll_ns = POLL_MIN_NS;
    if (!s->in_message) {
        if (FIELD_EX32(s->bd[BD_CTRL], BD, SA_FETCH_EN) &&
            !ce_read_words(s, s->bd[BD_SA_ADDR], s->sa, SA_WORDS,
                           ERRPHASE_SA)) {
            return;
        }
        ce_begin_message(s);
    }
    rate = sa_cipher(s, &cipher) ? cipher.rate
           : sa_hash(s, &hash) ? hash.rate : 100;
    ce_wait(s, CE_BUSY,
            ce_clocks_ns(s, DESCRIPTOR_CLOCKS +
                         FIELD_EX32(s->bd[BD_CTRL], BD, BUFLEN) * 80 / rate));
}

static void ce_finish(PIC32Crypto *s)
{
    uint32_t address = pic32_sfr_get(&s->regs, A_CEBDADDR);
    uint32_t ctrl = s->bd[BD_CTRL];
    bool last = FIELD_EX32(ctrl, BD, LAST_BD);
    uint32_t flags = 0, word;

    if (!ce_process(s)) {
        return;
    }
    word = cpu_to_le32(FIELD_DP32(ctrl, BD, DESC_EN, 0));
    if (!ce_memory(s, address, &word, sizeof(word), true, ERRPHASE_BD)) {
        return;
    }
    if (FIELD_EX32(ctrl, BD, CBD_INT_EN)) {
        flags |= R_CEINTSRC_CBDIF_MASK;
    }
    if (FIELD_EX32(ctrl, BD, LIFM)) {
        ce_forget_message(s);
        if (FIELD_EX32(ctrl, BD, PKT_INT_EN)) {
            flags |= R_CEINTSRC_PKTIF_MASK;
        }
    }
    pic32_sfr_set(&s->regs, A_CEBDADDR,
                  last ? pic32_sfr_get(&s->regs, A_CEBDPADDR)
                       : s->bd[BD_NXTPTR]);
    if (last && !FIELD_EX32(ce_con(s), CECON, BDPPLEN)) {
        s->state = CE_IDLE;
    } else {
        ce_wait(s, last ? CE_POLL : CE_FETCH,
                ce_clocks_ns(s, DESCRIPTOR_CLOCKS));
    }
    ce_raise(s, flags);
}

static void ce_timer(void *opaque)
{
    PIC32Crypto *s = opaque;

    if (s->state == CE_BUSY) {
        ce_finish(s);
    } else {
        ce_fetch(s);
    }
}

/* --- registers */

static void ce_reset(PIC32Crypto *s)
{
    pic32_sfr_reset(&s->regs);
    timer_del(s->timer);
    s->state = CE_IDLE;
    s->poll_ns = POLL_MIN_NS;
    memset(s->bd, 0, sizeof(s->bd));
    memset(s->sa, 0, sizeof(s->sa));
    ce_forget_message(s);
}

static bool ce_before_write(void *opaque, hwaddr addr, uint32_t data,
                            unsigned size)
{
    PIC32Crypto *s = opaque;

    if ((addr & ~3) != A_CEINTSRC) {
        return false;
    }
    /* a one clears its flag */
    pic32_sfr_set(&s->regs, A_CEINTSRC, pic32_sfr_get(&s->regs, A_CEINTSRC) &
                                        ~(data << (addr & 3) * 8));
    ce_update_irq(s);
    return true;
}

static uint32_t ce_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Crypto *s = opaque;
    uint32_t value = pic32_sfr_get(&s->regs, offset);

    switch (offset) {
    case A_CESTAT:
        value = FIELD_DP32(value, CESTAT, BDCTRL, s->bd[BD_CTRL] >> 16);
        value = FIELD_DP32(value, CESTAT, ACTIVE,
                           s->state == CE_FETCH || s->state == CE_BUSY);
        value = FIELD_DP32(value, CESTAT, START, s->state != CE_IDLE);
        break;
    case A_CEINTSRC:
        value = FIELD_DP32(value, CEINTSRC, PENDIF, value != 0);
        break;
    }
    return value;
}

static void ce_write(void *opaque, hwaddr offset, uint32_t old, uint32_t value)
{
    PIC32Crypto *s = opaque;

    switch (offset) {
    case A_CECON:
        if (FIELD_EX32(value, CECON, SWRST)) {
            ce_reset(s);
            ce_update_irq(s);
        } else if (!ce_on(s)) {
            timer_del(s->timer);
            s->state = CE_IDLE;
        } else if (s->state == CE_IDLE) {
            pic32_sfr_set(&s->regs, A_CESTAT, 0);
            s->poll_ns = POLL_MIN_NS;
            ce_wait(s, CE_FETCH, ce_clocks_ns(s, DESCRIPTOR_CLOCKS));
        }
        break;
    case A_CEBDPADDR:
        if (s->state != CE_BUSY) {
            pic32_sfr_set(&s->regs, A_CEBDADDR, value);
        }
        break;
    case A_CEINTEN:
        ce_update_irq(s);
        break;
    }
}

static const PIC32SfrDef ce_defs[] = {
    { "CEVER", A_CEVER, .plain = true },
    { "CECON", A_CECON, .writable = 0xe7, .plain = true },
    { "CEBDADDR", A_CEBDADDR, .plain = true },
    { "CEBDPADDR", A_CEBDPADDR, .writable = UINT32_MAX, .plain = true },
    { "CESTAT", A_CESTAT, .plain = true },
    { "CEINTSRC", A_CEINTSRC, .plain = true },
    { "CEINTEN", A_CEINTEN, .writable = 0xf, .plain = true },
    { "CEPOLLCON", A_CEPOLLCON, .writable = 0xffff, .plain = true },
    { "CEHDLEN", A_CEHDLEN, .writable = 0xff, .plain = true },
    { "CETRLLEN", A_CETRLLEN, .writable = 0xff, .plain = true },
};

static const PIC32SfrOps ce_ops = {
    .before_write = ce_before_write,
    .read = ce_read,
    .write = ce_write,
};

/* --- device */

static void ce_reset_enter(Object *obj, ResetType type)
{
    ce_reset(PIC32_CRYPTO(obj));
}

static void ce_reset_hold(Object *obj)
{
    ce_update_irq(PIC32_CRYPTO(obj));
}

static void ce_init(Object *obj)
{
    PIC32Crypto *s = PIC32_CRYPTO(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", NULL, NULL, 0);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_CRYPTO, MMIO_SIZE, ce_defs,
                   ARRAY_SIZE(ce_defs), &ce_ops, s);
    sysbus_init_mmio(sbd, &s->regs.iomem);
    sysbus_init_irq(sbd, &s->irq);
}

static void ce_realize(DeviceState *dev, Error **errp)
{
    PIC32Crypto *s = PIC32_CRYPTO(dev);

    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, ce_timer, s);
}

static const VMStateDescription vmstate_ce_cipher = {
    .name = TYPE_PIC32_CRYPTO "/cipher",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(iv, PIC32CipherState, PIC32_CRYPTO_BLOCK),
        VMSTATE_UINT8_ARRAY(j0, PIC32CipherState, PIC32_CRYPTO_BLOCK),
        VMSTATE_UINT8_ARRAY(ghash, PIC32CipherState, PIC32_CRYPTO_BLOCK),
        VMSTATE_UINT32(aad, PIC32CipherState),
        VMSTATE_UINT32(aad_done, PIC32CipherState),
        VMSTATE_UINT32(length, PIC32CipherState),
        VMSTATE_UINT32(done, PIC32CipherState),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_ce = {
    .name = TYPE_PIC32_CRYPTO,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Crypto),
        VMSTATE_CLOCK(pbclk, PIC32Crypto),
        VMSTATE_TIMER_PTR(timer, PIC32Crypto),
        VMSTATE_UINT8(state, PIC32Crypto),
        VMSTATE_BOOL(in_message, PIC32Crypto),
        VMSTATE_INT64(poll_ns, PIC32Crypto),
        VMSTATE_UINT32_ARRAY(bd, PIC32Crypto, BD_WORDS),
        VMSTATE_UINT32_ARRAY(sa, PIC32Crypto, SA_WORDS),
        VMSTATE_STRUCT(cipher, PIC32Crypto, 1, vmstate_ce_cipher,
                       PIC32CipherState),
        VMSTATE_UINT32(message_len, PIC32Crypto),
        VMSTATE_VBUFFER_ALLOC_UINT32(message, PIC32Crypto, 1, NULL,
                                     message_len),
        VMSTATE_END_OF_LIST()
    }
};

static void ce_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = ce_realize;
    dc->vmsd = &vmstate_ce;
    dc->desc = "PIC32MZ crypto engine";
    rc->phases.enter = ce_reset_enter;
    rc->phases.hold = ce_reset_hold;
}

static const TypeInfo ce_types[] = {
    {
        .name = TYPE_PIC32_CRYPTO,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Crypto),
        .instance_init = ce_init,
        .class_init = ce_class_init,
    },
};

DEFINE_TYPES(ce_types)
