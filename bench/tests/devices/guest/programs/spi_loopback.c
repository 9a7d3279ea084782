/* SPDX-License-Identifier: MIT
 * SPI4 hears itself over a wire on the board, in words of 8, 16 and 32 bits: polled word by word, with FIFOs, and from
 * interrupts; and SPI1 with SDO and SDI on one pin (DS60001320 chapter 19, DS60001106).
 * Run with: -machine jumpers=RD3-RD11
 */
#include "guest.h"

#define VECTOR_SPI4_FAULT   163
#define VECTOR_SPI4_RX      164
#define VECTOR_SPI4_TX      165

#define SPI(n, offset) SFR(0x1F821000 + ((n) - 1) * 0x200 + (offset))
#define CON     0x00
#define STAT    0x10
#define BUF     0x20
#define BRG     0x30
#define CON_SET 0x08
#define STATCLR 0x14

#define ON      (1 << 15)
#define MSTEN   (1 << 5)
#define CKE     (1 << 8)
#define MODE16  (1 << 10)
#define MODE32  (1 << 11)
#define ENHBUF  (1 << 16)
#define RBF     (1 << 0)
#define TBF     (1 << 1)
#define RBE     (1 << 5)
#define ROV     (1 << 6)
#define BUSY    (1 << 11)

#define SDI1R   SFR(0x1F80149C)
#define SDI4R   SFR(0x1F8014C0)
#define RPD2R   SFR(0x1F8015C8)
#define RPD3R   SFR(0x1F8015CC)

#define WORDS   100

static volatile unsigned sent, received, wrong, faults;

static uint32_t pattern(unsigned n, uint32_t mask)
{
    return (0x9E3779B9u * (n + 1)) & mask;
}

static void __attribute__((interrupt("eic"))) tx_handler(void)
{
    while (sent < WORDS && !(SPI(4, STAT) & TBF) && sent - received < 4) {
        SPI(4, BUF) = pattern(sent++, 0xFFFFFFFF);
    }
    IFSCLR(VECTOR_SPI4_TX) = BIT(VECTOR_SPI4_TX);
    if (sent == WORDS || sent - received >= 4) {
        IECCLR(VECTOR_SPI4_TX) = BIT(VECTOR_SPI4_TX);
    }
}

static void __attribute__((interrupt("eic"))) rx_handler(void)
{
    while (!(SPI(4, STAT) & RBE)) {
        wrong += SPI(4, BUF) != pattern(received++, 0xFFFFFFFF);
    }
    IFSCLR(VECTOR_SPI4_RX) = BIT(VECTOR_SPI4_RX);
    if (sent < WORDS) {
        IECSET(VECTOR_SPI4_TX) = BIT(VECTOR_SPI4_TX);
    }
}

static void __attribute__((interrupt("eic"))) fault_handler(void)
{
    faults++;
    SPI(4, STATCLR) = ROV;
    IFSCLR(VECTOR_SPI4_FAULT) = BIT(VECTOR_SPI4_FAULT);
}

static uint32_t exchange(unsigned n, uint32_t word)
{
    SPI(n, BUF) = word;
    while (!(SPI(n, STAT) & RBF)) {
    }
    return SPI(n, BUF);
}

static void polled(unsigned n, uint32_t mode, uint32_t mask)
{
    SPI(n, CON) = 0;
    SPI(n, BRG) = 0;
    SPI(n, CON) = ON | MSTEN | CKE | mode;
    for (unsigned i = 0; i < 5; i++) {
        CHECK(exchange(n, pattern(i, 0xFFFFFFFF)) == pattern(i, mask));
    }
}

static void with_fifos(uint32_t mode, uint32_t mask, unsigned depth)
{
    SPI(4, CON) = 0;
    SPI(4, CON) = MSTEN | CKE | mode | ENHBUF;
    SPI(4, CON_SET) = ON;
    for (unsigned i = 0; i < depth; i++) {
        CHECK(!(SPI(4, STAT) & TBF));
        SPI(4, BUF) = pattern(i, 0xFFFFFFFF);
    }
    while (SPI(4, STAT) & BUSY) {
    }
    CHECK((SPI(4, STAT) >> 24 & 0x1F) == depth);
    for (unsigned i = 0; i < depth; i++) {
        CHECK(SPI(4, BUF) == pattern(i, mask));
    }
    CHECK(SPI(4, STAT) & RBE);
}

static void from_interrupts(void)
{
    SPI(4, CON) = 0;
    SPI(4, CON) = ON | MSTEN | CKE | MODE32 | ENHBUF | 3 << 2 | 1;  /* not full, not empty */
    attach(VECTOR_SPI4_TX, tx_handler, 2, 0);
    attach(VECTOR_SPI4_RX, rx_handler, 3, 0);
    attach(VECTOR_SPI4_FAULT, fault_handler, 4, 0);
    interrupts_on();
    while (received < WORDS) {
    }
    CHECK(sent == WORDS);
    CHECK(wrong == 0 && faults == 0);
    IECCLR(VECTOR_SPI4_TX) = BIT(VECTOR_SPI4_TX);
    IECCLR(VECTOR_SPI4_RX) = BIT(VECTOR_SPI4_RX);

    /* five words come, four have room */
    for (unsigned i = 0; i < 5; i++) {
        SPI(4, BUF) = i;
    }
    while (SPI(4, STAT) & BUSY) {
    }
    CHECK(faults == 1);
    CHECK(SPI(4, BUF) == 0 && SPI(4, BUF) == 1);
    interrupts_off();
}

int main(void)
{
    INTCON = INTCON_MVEC;
    RPD3R = 8;              /* SDO4 */
    SDI4R = 3;              /* RD11, which the board joins to RD3 */
    RPD2R = 5;              /* SDO1 */
    SDI1R = 0;              /* RD2 as well */

    polled(1, 0, 0xFF);
    polled(1, MODE32, 0xFFFFFFFF);
    polled(4, 0, 0xFF);
    polled(4, MODE16, 0xFFFF);
    polled(4, MODE32, 0xFFFFFFFF);
    with_fifos(0, 0xFF, 16);
    with_fifos(MODE16, 0xFFFF, 8);
    with_fifos(MODE32, 0xFFFFFFFF, 4);
    from_interrupts();
    CHECK(RESULT->exceptions == 0);
    return 0;
}
