/* SPDX-License-Identifier: MIT
 * The crypto engine of the EFM chips as drivers use it: a packet and its interrupt, and a ring of two descriptors that
 * is filled while the engine polls it. Vectors: NIST SP 800-38A F.2.1 (AES-128 in CBC mode), FIPS 180-4 (SHA-256).
 * Run with: -M chip=PIC32MZ2048EFM144
 */
#include "guest.h"

#define CECON           SFR(0x1F8E5004)
#define CEBDPADDR       SFR(0x1F8E500C)
#define CESTAT          SFR(0x1F8E5010)
#define CEINTSRC        SFR(0x1F8E5014)
#define CEINTEN         SFR(0x1F8E5018)
#define CEPOLLCON       SFR(0x1F8E501C)
#define DMAEN           (1 << 0)
#define BDPPLEN         (1 << 1)
#define BDPCHST         (1 << 2)
#define SWAPEN          (1 << 5)
#define SWRST           (1 << 6)
#define SWAPOEN         (1 << 7)
#define PKTIF           (1 << 2)
#define VECTOR_CRYPTO   107

#define PKT_INT_EN      (1 << 17)
#define LIFM            (1 << 18)
#define LAST_BD         (1 << 19)
#define SA_FETCH_EN     (1 << 22)
#define DESC_EN         (1u << 31)
#define SA_FIRST        (7 << 21)       /* LNC, LOADIV, FB */
#define SA_AES_CBC      (4 << 10 | 1 << 9 | 9)
#define SA_SHA256       (32 << 10)

#define PHYSICAL(pointer) ((uint32_t)(pointer) & 0x1FFFFFFF)

struct descriptor {
    volatile uint32_t ctrl;
    uint32_t sa, source, destination, next, result, message, offset;
};

struct association {
    uint32_t ctrl, authentication_key[8], key[8], authentication_iv[8], iv[4];
};

static struct descriptor ring[2] __attribute__((aligned(8)));
static struct association sa __attribute__((aligned(8)));
static uint32_t input[64], output[64];
static volatile unsigned packets;

static void __attribute__((interrupt("eic"), use_shadow_register_set, keep_interrupts_masked)) packet_done(void)
{
    CHECK(CEINTSRC & PKTIF);
    CEINTSRC = 0xF;
    IFSCLR(VECTOR_CRYPTO) = BIT(VECTOR_CRYPTO);
    packets++;
}

static void start(uint32_t con)
{
    CECON = SWRST;
    while (CECON) {
    }
    CEINTSRC = 0xF;
    CEPOLLCON = 10;
    CEBDPADDR = PHYSICAL(&ring[0]);
    CEINTEN = 7;
    CECON = con | DMAEN | BDPCHST | SWAPEN | SWAPOEN;
}

static void describe(unsigned n, uint32_t result)
{
    ring[n] = (struct descriptor) { 0, PHYSICAL(&sa), PHYSICAL(input), PHYSICAL(output), PHYSICAL(&ring[1 - n]), result,
                                    0, 0 };
}

static void encrypt(void)
{
    /* words of memory, whose bytes are 6b c1 be e2 ... and 76 49 ab ac ... */
    static const uint32_t plain[] = { 0xE2BEC16B, 0x969F402E, 0x117E3DE9, 0x2A179373 };
    static const uint32_t cipher[] = { 0xACAB4976, 0x46B21981, 0x9B8EE9CE, 0x7D19E912 };
    static const uint32_t key[] = { 0x2B7E1516, 0x28AED2A6, 0xABF71588, 0x09CF4F3C };
    static const uint32_t iv[] = { 0x00010203, 0x04050607, 0x08090A0B, 0x0C0D0E0F };

    sa.ctrl = SA_AES_CBC | SA_FIRST;
    for (unsigned i = 0; i < 4; i++) {
        sa.key[4 + i] = key[i];
        sa.iv[i] = iv[i];
        input[i] = plain[i];
    }
    describe(0, 0);
    ring[0].message = 16;
    ring[0].ctrl = 16 | PKT_INT_EN | LIFM | LAST_BD | SA_FETCH_EN | DESC_EN;
    start(0);
    CHECK(!packets);
    interrupts_off();
    while (!packets) {
        __asm__ volatile("wait");
        interrupts_on();
        interrupts_off();
    }
    interrupts_on();
    CHECK(packets == 1);
    CHECK(!(CESTAT & 7 << 26));
    CHECK(!(ring[0].ctrl & DESC_EN));
    for (unsigned i = 0; i < 4; i++) {
        CHECK(output[i] == cipher[i]);
    }
}

/* The 56 bytes abcdbcde...nopq, 28 bytes in each descriptor of the ring. */
static void hash(void)
{
    static const uint32_t digest[] = { 0x616A8D24, 0xB83806D2, 0x9326C0E5, 0x39603E0C,
                                       0x59E43CA3, 0x6721FF64, 0xD4EDECF6, 0xC106DB19 };
    uint8_t *bytes = (uint8_t *)input;

    for (unsigned i = 0; i < 56; i++) {
        bytes[i] = 'a' + i / 4 + i % 4;
    }
    sa.ctrl = SA_SHA256 | SA_FIRST;
    describe(0, PHYSICAL(output));
    describe(1, PHYSICAL(output));
    start(BDPPLEN);
    for (unsigned i = 0; i < 2; i++) {
        ring[i].source = PHYSICAL(bytes + 28 * i);
        ring[i].message = 56;
        ring[i].ctrl = 28 | (i ? LIFM | LAST_BD | PKT_INT_EN : SA_FETCH_EN) | DESC_EN;
        while (ring[i].ctrl & DESC_EN) {
        }
    }
    CHECK(packets == 2);
    for (unsigned i = 0; i < 8; i++) {
        CHECK(output[i] == digest[i]);
    }
    CECON = SWRST;
}

int main(void)
{
    INTCON = INTCON_MVEC;
    PRISS = 0x10;                       /* priority 1: shadow set 1 */
    attach(VECTOR_CRYPTO, packet_done, 1, 0);
    interrupts_on();
    encrypt();
    hash();
    return 0;
}
