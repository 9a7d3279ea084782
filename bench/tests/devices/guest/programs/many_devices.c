/* SPDX-License-Identifier: MIT
 * Keeps many peripherals busy at once and folds what they show into one number: a machine that is restored from a
 * snapshot in the middle of it must come to the same number.
 * Run with: -machine spi2=w25q80@RD4,i2c1=24c02@0x50
 */
#include "guest.h"

#define LOOPS       3000
#define FLASH       0x1D080000

#define VECTOR_TIMER_4  19
#define VECTOR_TIMER_5  24

#define NVM(offset) SFR(0x1F800600 + (offset))
#define DMTCNT      SFR(0x1F800A40)
#define UART1(offset) SFR(0x1F822000 + (offset))
#define TIMER(n, offset) SFR(0x1F840000 + ((n) - 1) * 0x200 + (offset))
#define CON         0x00
#define TMR         0x10
#define PR          0x20
#define EMAC(offset) SFR(0x1F882000 + (offset))
#define RNG(offset) SFR(0x1F8E6000 + (offset))
#define DMA(offset) SFR(0x1F811000 + (offset))
#define CHANNEL(n, offset) DMA(0x60 + (n) * 0xC0 + (offset))
#define PHYSICAL(pointer) ((uint32_t)(pointer) & 0x1FFFFFFF)
#define SPI(n, offset) SFR(0x1F821000 + ((n) - 1) * 0x200 + (offset))
#define STAT        0x10
#define BUF         0x20
#define TBF         (1 << 1)
#define RBE         (1 << 5)
#define BUSY        (1 << 11)
#define SELECT      (1 << 4)        /* RD4, the flash's */
#define I2C1(offset) SFR(0x1F820000 + (offset))
#define REQUESTS    0x1F
#define TRSTAT      (1 << 14)
#define IFS_WORD(n) SFR(0x1F810040 + (n) * 0x10)

static uint32_t digest;
static uint32_t programmed;
static uint32_t answers;
static uint32_t copied[1024];
static uint16_t sampled[500];

/* Cells start by themselves (vector), blocks follow each other for ever. */
static void channel(unsigned n, uint32_t from, unsigned from_size, void *to, unsigned to_size, unsigned cell,
                    unsigned vector)
{
    CHANNEL(n, 0x30) = from;
    CHANNEL(n, 0x40) = PHYSICAL(to);
    CHANNEL(n, 0x50) = from_size;
    CHANNEL(n, 0x60) = to_size;
    CHANNEL(n, 0x90) = cell;
    CHANNEL(n, 0x10) = vector << 8 | 0x10;
    CHANNEL(n, 0x00) = 0x90 | n;        /* CHEN, CHAEN, priority */
}

static void fold(uint32_t value)
{
    digest = (digest << 5 | digest >> 27) ^ value;
}

static void start(void)
{
    for (unsigned n = 1; n <= 9; n++) {
        TIMER(n, PR) = 100 + 37 * n;
        TIMER(n, CON) = 0x8000 | (n > 7 ? 0x20 : 0);
    }
    TIMER(2, CON) = 0x8008;             /* with Timer3: 32 bits */
    RNG(0x08) = 0x1B;
    RNG(0x04) = 0x720;                  /* CONT, PRNGEN, TRNGEN, 32 bits */
    UART1(0x40) = 24;
    UART1(0x00) = 0x8048;               /* ON, loopback */
    UART1(0x10) = 0x1400;               /* URXEN, UTXEN */
    DMA(0x00) = 0x8000;
    DMA(0x30) = 0x1F80;                 /* CRC of 32 bits over channel 0 */
    DMA(0x50) = 0x04C11DB7;
    channel(0, 0x1D000000, sizeof(copied), copied, sizeof(copied), 700, VECTOR_TIMER_4);
    channel(1, PHYSICAL(&TIMER(4, TMR)), 2, sampled, sizeof(sampled), 2, VECTOR_TIMER_5);
    EMAC(0x000) = 0x8000;
    EMAC(0x200) = 0;
    EMAC(0x280) = 9 << 2;
    EMAC(0x2A0) = 1;                    /* the PHY's status register ... */
    EMAC(0x290) = 2;                    /* ... again and again */
}

static void start_buses(void)
{
    SFR(0x1F8015C8) = 5;                /* SDO1 on RD2, ... */
    SFR(0x1F80149C) = 0;                /* ... and SDI1 */
    SPI(1, CON) = 0x18120;              /* ON, master, FIFOs */
    SFR(0x1F860604) = 0x180;            /* RG7, RG8 digital */
    SFR(0x1F8016A0) = 6;                /* SDO2 on RG8 */
    SFR(0x1F8014A8) = 1;                /* SDI2 on RG7 */
    SFR(0x1F860338) = SELECT;
    SFR(0x1F860314) = SELECT;
    SPI(2, CON) = 0x8120;
    I2C1(0x40) = 3;
    I2C1(0x00) = 0x8000;
}

/* SPI1 hears itself; the flash on SPI2 is written and read, over and over. */
static void spi(void)
{
    enum { END = 0x100 };
    static const uint16_t script[] = {
        0x06, END, 0x02, 0, 1, 0, 0x11, 0x22, END, 0x05, 0, 0, 0, 0, END, 0x03, 0, 1, 0, 0, 0, END,
    };
    static unsigned at;

    if (!(SPI(1, STAT) & TBF)) {
        SPI(1, BUF) = digest;
    }
    while (!(SPI(1, STAT) & RBE)) {
        fold(SPI(1, BUF));
    }
    fold(SPI(1, STAT));
    if (!(SPI(2, STAT) & BUSY)) {
        fold(SPI(2, BUF));
        if (script[at] == END) {
            SFR(0x1F860338) = SELECT;
        } else {
            SFR(0x1F860334) = SELECT;
            SPI(2, BUF) = script[at];
        }
        at = (at + 1) % (sizeof(script) / sizeof(script[0]));
    }
}

/* Writes a page of the EEPROM and reads it; while the part writes it does not answer. */
static void i2c(void)
{
    enum { START = 0x100, RESTART = 0x102, STOP = 0x104, RECEIVE = 0x108, ACKNOWLEDGE = 0x110 };
    static const uint16_t script[] = {
        START, 0xA0, 0x10, 1, 2, 3, STOP, START, 0xA0, 0x10, RESTART, 0xA1, RECEIVE, ACKNOWLEDGE, RECEIVE, STOP,
    };
    static unsigned at;

    fold(I2C1(0x00));
    fold(I2C1(0x10));
    if (I2C1(0x00) & REQUESTS || I2C1(0x10) & TRSTAT) {
        return;
    }
    if (I2C1(0x10) & 2) {
        fold(I2C1(0x60));
        answers++;
    }
    if (script[at] & START) {
        I2C1(0x08) = script[at] == START ? 1 : script[at] & REQUESTS;
    } else {
        I2C1(0x50) = script[at];
    }
    at = (at + 1) % (sizeof(script) / sizeof(script[0]));
}

/* One quad word after the other, as fast as the flash takes them. */
static void program(void)
{
    if (NVM(0x00) & 0x8000) {
        return;
    }
    NVM(0x00) = 0x4002;
    NVM(0x20) = FLASH + programmed++ * 16;
    for (unsigned i = 0; i < 4; i++) {
        NVM(0x30 + i * 0x10) = digest + i;
    }
    NVM(0x10) = 0;
    NVM(0x10) = 0xAA996655;
    NVM(0x10) = 0x556699AA;
    NVM(0x08) = 0x8000;
}

int main(void)
{
    unsigned received = 0;

    start();
    start_buses();
    for (unsigned i = 0; i < LOOPS; i++) {
        for (unsigned n = 1; n <= 9; n++) {
            fold(TIMER(n, TMR));
        }
        fold(IFS_WORD(0));
        IFSCLR(9) = 0xFFFFFFFF;
        fold(RNG(0x10));
        fold(RNG(0x18));
        fold(RNG(0x20));
        fold(DMTCNT);
        fold(NVM(0x00));
        fold(EMAC(0x2C0));
        fold(EMAC(0x2D0));
        fold(CP0_COUNT());
        fold(CHANNEL(0, 0x70));
        fold(CHANNEL(1, 0x80));
        fold(DMA(0x40));
        if (!(UART1(0x10) & 0x200)) {
            UART1(0x20) = i & 0xFF;
        }
        if (UART1(0x10) & 1) {
            fold(UART1(0x30));
            received++;
        }
        program();
        spi();
        i2c();
    }
    CHECK(received > 10);
    CHECK(programmed > 10);
    CHECK(answers > 10);
    CHECK(copied[0] == SFR(0x1D000000));
    CHECK(sampled[10]);
    CHECK(SFR(FLASH) != 0xFFFFFFFF);
    return 0;
}
