/* SPDX-License-Identifier: MIT
 * DMA as drivers use it: copies with a CRC and a chained channel, UART1 looped back with both directions by DMA until
 * a newline, and samples of a counter that a timer triggers, with interrupts and the core in WAIT meanwhile.
 */
#include "guest.h"

#define DMACON          SFR(0x1F811000)
#define DCRCCON         SFR(0x1F811030)
#define DCRCDATA        SFR(0x1F811040)
#define DCRCXOR         SFR(0x1F811050)
#define CHANNEL(n, reg) SFR(0x1F811060 + (n) * 0xC0 + (reg))
#define CON             0x00
#define ECON            0x10
#define INT             0x20
#define SSA             0x30
#define DSA             0x40
#define SSIZ            0x50
#define DSIZ            0x60
#define CSIZ            0x90
#define DAT             0xB0

#define CHEN            (1 << 7)
#define CHCHN           (1 << 5)
#define CHAED           (1 << 6)
#define CHAEN           (1 << 4)
#define CHBUSY          (1 << 15)
#define SIRQEN          (1 << 4)
#define PATEN           (1 << 5)
#define CFORCE          (1 << 7)
#define CHBCIF          (1 << 3)
#define CHSHIF          (1 << 6)
#define START(vector)   (SIRQEN | (vector) << 8)

#define UART1(offset)   SFR(0x1F822000 + (offset))
#define TIMER(n, offset) SFR(0x1F840000 + ((n) - 1) * 0x200 + (offset))
#define VECTOR_UART1_RX 113
#define VECTOR_UART1_TX 114
#define VECTOR_DMA(n)   (134 + (n))

#define PHYSICAL(pointer) ((uint32_t)(pointer) & 0x1FFFFFFF)

static uint8_t source[1024], copy[1024], chained[16];
static uint8_t received[64];
static uint16_t samples[32];
static uint32_t crc;
static volatile unsigned done[8], halves;

static void setup(unsigned n, uint32_t from, uint32_t to, unsigned from_size, unsigned to_size, unsigned cell)
{
    CHANNEL(n, SSA) = from;
    CHANNEL(n, DSA) = to;
    CHANNEL(n, SSIZ) = from_size;
    CHANNEL(n, DSIZ) = to_size;
    CHANNEL(n, CSIZ) = cell;
}

static void block_done(unsigned n)
{
    if (CHANNEL(n, INT) & CHBCIF) {
        done[n]++;
    }
    if (CHANNEL(n, INT) & CHSHIF && CHANNEL(n, INT) & CHSHIF << 16) {
        halves++;
    }
    CHANNEL(n, INT + 4) = 0xFF;
    IFSCLR(VECTOR_DMA(n)) = BIT(VECTOR_DMA(n));
}

#define HANDLER(n)                                                                                  \
    static void __attribute__((interrupt("eic"), use_shadow_register_set, keep_interrupts_masked))  \
    dma##n(void)                                                                                    \
    {                                                                                               \
        block_done(n);                                                                              \
    }
HANDLER(0)
HANDLER(1)
HANDLER(2)
HANDLER(3)

static void wait_for(unsigned n)
{
    interrupts_off();
    while (!done[n]) {
        __asm__ volatile("wait");       /* ends on a request, which is taken below */
        interrupts_on();
        interrupts_off();
    }
    interrupts_on();
    CHECK(done[n] == 1);
    done[n] = 0;
}

static uint16_t crc_ccitt(const uint8_t *data, unsigned len, uint16_t value)
{
    while (len--) {
        value ^= *data++ << 8;
        for (unsigned bit = 0; bit < 8; bit++) {
            value = value & 0x8000 ? value << 1 ^ 0x1021 : value << 1;
        }
    }
    return value;
}

/* Channel 0 copies, with a CRC; at its end channel 1, which an event waits for, takes the last 16 bytes further. */
static void memory(void)
{
    for (unsigned i = 0; i < sizeof(source); i++) {
        source[i] = i * 7 + (i >> 8);
    }
    source[sizeof(source) - 2] = source[sizeof(source) - 1] = 0;    /* as the shift register wants it */
    DCRCDATA = 0x84CF;
    DCRCXOR = 0x1021;
    DCRCCON = 15 << 8 | 1 << 7;
    setup(1, PHYSICAL(copy + sizeof(copy) - 16), PHYSICAL(chained), 16, 16, 16);
    CHANNEL(1, INT) = CHBCIF << 16;
    CHANNEL(1, CON) = CHCHN | CHAED;
    CHANNEL(1, ECON + 8) = CFORCE;
    setup(0, PHYSICAL(source), PHYSICAL(copy), sizeof(source), sizeof(copy), sizeof(source));
    CHANNEL(0, INT) = (CHBCIF | CHSHIF) << 16;
    CHANNEL(0, CON) = CHEN | 3;
    CHANNEL(0, ECON + 8) = CFORCE;
    CHECK(!done[0] && CHANNEL(0, CON) & CHBUSY);
    wait_for(1);
    CHECK(done[0] == 1 && halves == 1);
    done[0] = 0;
    CHECK(!(CHANNEL(0, CON) & (CHEN | CHBUSY)));
    for (unsigned i = 0; i < sizeof(source); i++) {
        CHECK(copy[i] == source[i]);
    }
    for (unsigned i = 0; i < 16; i++) {
        CHECK(chained[i] == source[sizeof(source) - 16 + i]);
    }
    crc = crc_ccitt(source, sizeof(source) - 2, 0xFFFF);
    CHECK(DCRCDATA == crc);
    DCRCCON = 0;
}

static void uart(void)
{
    static const char message[] = "sent and received by DMA\nmore";

    UART1(0x40) = 6;
    UART1(0x10) = 0x1400;               /* URXEN, UTXEN */
    UART1(0x00) = 0x8048;               /* ON, loopback, four clocks a bit */
    setup(2, PHYSICAL(&UART1(0x30)), PHYSICAL(received), 1, sizeof(received), 1);
    CHANNEL(2, DAT) = '\n';
    CHANNEL(2, ECON) = START(VECTOR_UART1_RX) | PATEN;
    CHANNEL(2, INT) = CHBCIF << 16;
    CHANNEL(2, CON) = CHEN | 3;
    setup(3, PHYSICAL(message), PHYSICAL(&UART1(0x20)), sizeof(message) - 1, 1, 1);
    CHANNEL(3, ECON) = START(VECTOR_UART1_TX);
    CHANNEL(3, INT) = CHBCIF << 16;
    CHANNEL(3, CON) = CHEN;
    wait_for(2);
    for (unsigned i = 0; i < 25; i++) {
        CHECK(received[i] == message[i]);
    }
    CHECK(!received[25]);
    wait_for(3);
    while (!(UART1(0x10) & 0x100)) {
    }
    CHECK(UART1(0x30) == 'm' && UART1(0x30) == 'o' && UART1(0x30) == 'r' && UART1(0x30) == 'e');
}

/* Timer2's match, whose interrupt stays off, has Timer3's count stored, over and over. */
static void timer(void)
{
    uint16_t step;

    TIMER(2, 0x20) = 99;
    setup(0, PHYSICAL(&TIMER(3, 0x10)), PHYSICAL(samples), 2, sizeof(samples), 2);
    CHANNEL(0, ECON) = START(VECTOR_TIMER_2);
    CHANNEL(0, INT) = CHBCIF << 16;
    CHANNEL(0, CON) = CHEN | CHAEN;
    TIMER(3, 0x00) = 0x8000;
    TIMER(2, 0x00) = 0x8000;
    wait_for(0);
    TIMER(2, 0x00) = 0;
    step = samples[1] - samples[0];
    CHECK(step == 100);
    for (unsigned i = 1; i < 32; i++) {
        CHECK((uint16_t)(samples[i] - samples[i - 1]) == step);
    }
    TIMER(2, 0x00) = 0x8000;
    wait_for(0);                        /* CHAEN: and again */
    CHECK(CHANNEL(0, CON) & CHEN);
    CHANNEL(0, ECON + 8) = 1 << 6;      /* CABORT */
    CHECK(!(CHANNEL(0, CON) & CHEN));
}

int main(void)
{
    INTCON = INTCON_MVEC;
    PRISS = 0x10;                       /* priority 1: shadow set 1 */
    attach(VECTOR_DMA(0), dma0, 1, 0);
    attach(VECTOR_DMA(1), dma1, 1, 0);
    attach(VECTOR_DMA(2), dma2, 1, 0);
    attach(VECTOR_DMA(3), dma3, 1, 0);
    DMACON = 0x8000;
    interrupts_on();
    memory();
    uart();
    timer();
    return 0;
}
