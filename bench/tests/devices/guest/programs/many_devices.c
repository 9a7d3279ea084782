/* SPDX-License-Identifier: MIT
 * Keeps many peripherals busy at once and folds what they show into one number: a machine that is restored from a
 * snapshot in the middle of it must come to the same number.
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
#define IFS_WORD(n) SFR(0x1F810040 + (n) * 0x10)

static uint32_t digest;
static uint32_t programmed;
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
    }
    CHECK(received > 10);
    CHECK(programmed > 10);
    CHECK(copied[0] == SFR(0x1D000000));
    CHECK(sampled[10]);
    CHECK(SFR(FLASH) != 0xFFFFFFFF);
    return 0;
}
