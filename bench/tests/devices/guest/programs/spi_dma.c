/* SPDX-License-Identifier: MIT
 * SPI1 with SDO and SDI on one pin, fed and emptied by DMA as Harmony's drivers do: bytes without and with FIFOs, and
 * words of 32 bits; the receiving channel's end is the transfer's (DS60001320 chapters 10 and 19).
 */
#include "guest.h"

#define VECTOR_SPI1_FAULT   109
#define VECTOR_SPI1_RX      110
#define VECTOR_SPI1_TX      111
#define VECTOR_DMA0         134

#define SPI1(offset)    SFR(0x1F821000 + (offset))
#define CON     0x00
#define STAT    0x10
#define BUF     0x20
#define BRG     0x30

#define ON      (1 << 15)
#define MSTEN   (1 << 5)
#define CKE     (1 << 8)
#define MODE32  (1 << 11)
#define ENHBUF  (1 << 16)
#define STXISEL_EMPTY       (1 << 2)
#define STXISEL_NOT_FULL    (3 << 2)
#define SRXISEL_NOT_EMPTY   1
#define RBE     (1 << 5)
#define ROV     (1 << 6)
#define BUSY    (1 << 11)

#define SDI1R   SFR(0x1F80149C)
#define RPD2R   SFR(0x1F8015C8)

#define DMACON          SFR(0x1F811000)
#define CHANNEL(n, reg) SFR(0x1F811060 + (n) * 0xC0 + (reg))
#define DCH_CON         0x00
#define DCH_ECON        0x10
#define DCH_INT         0x20
#define DCH_SSA         0x30
#define DCH_DSA         0x40
#define DCH_SSIZ        0x50
#define DCH_DSIZ        0x60
#define DCH_CSIZ        0x90
#define CHEN            (1 << 7)
#define SIRQEN          (1 << 4)
#define CHBCIF          (1 << 3)
#define PHYSICAL(pointer) ((uint32_t)(pointer) & 0x1FFFFFFF)

static uint8_t source[256] __attribute__((aligned(4))), copy[256] __attribute__((aligned(4)));
static volatile unsigned done;

static void __attribute__((interrupt("eic"))) dma0_handler(void)
{
    CHANNEL(0, DCH_INT + 4) = 0xFF;
    IFSCLR(VECTOR_DMA0) = BIT(VECTOR_DMA0);
    done++;
}

static void channel(unsigned n, unsigned vector, uint32_t from, unsigned from_size, uint32_t to, unsigned to_size,
                    unsigned cell)
{
    CHANNEL(n, DCH_SSA) = from;
    CHANNEL(n, DCH_DSA) = to;
    CHANNEL(n, DCH_SSIZ) = from_size;
    CHANNEL(n, DCH_DSIZ) = to_size;
    CHANNEL(n, DCH_CSIZ) = cell;
    CHANNEL(n, DCH_ECON) = SIRQEN | vector << 8;
    CHANNEL(n, DCH_INT) = n == 0 ? CHBCIF << 16 : 0;
}

static void transfer(uint32_t con, unsigned cell)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(source); i++) {
        source[i] = i * 7 + con;
        copy[i] = 0;
    }
    SPI1(CON) = 0;
    SPI1(CON) = ON | MSTEN | CKE | con;
    done = 0;
    channel(0, VECTOR_SPI1_RX, PHYSICAL(&SPI1(BUF)), cell, PHYSICAL(copy), sizeof(copy), cell);
    channel(1, VECTOR_SPI1_TX, PHYSICAL(source), sizeof(source), PHYSICAL(&SPI1(BUF)), cell, cell);
    CHANNEL(0, DCH_CON) = CHEN | 3;     /* receiving goes first */
    CHANNEL(1, DCH_CON) = CHEN;
    while (!done) {
        __asm__ volatile("" : : : "memory");    /* DMA moves data */
    }
    for (unsigned i = 0; i < sizeof(copy); i++) {
        wrong += copy[i] != source[i];
    }
    CHECK(wrong == 0);
    CHECK(!(CHANNEL(1, DCH_CON) & CHEN));
    CHECK((SPI1(STAT) & (RBE | ROV | BUSY)) == RBE);
    CHECK(!(IFS(VECTOR_SPI1_FAULT) & BIT(VECTOR_SPI1_FAULT)));
}

int main(void)
{
    INTCON = INTCON_MVEC;
    RPD2R = 5;              /* SDO1 */
    SDI1R = 0;              /* RD2 as well */
    DMACON = 0x8000;
    attach(VECTOR_DMA0, dma0_handler, 1, 0);
    interrupts_on();
    transfer(STXISEL_EMPTY | SRXISEL_NOT_EMPTY, 1);
    transfer(STXISEL_EMPTY | SRXISEL_NOT_EMPTY | ENHBUF, 1);
    transfer(STXISEL_NOT_FULL | SRXISEL_NOT_EMPTY | ENHBUF, 1);
    transfer(STXISEL_NOT_FULL | SRXISEL_NOT_EMPTY | ENHBUF | MODE32, 4);
    CHECK(RESULT->exceptions == 0);
    return 0;
}
