/* SPDX-License-Identifier: MIT
 * A driver of a 25-series flash on SPI2 with FIFOs and interrupts: identification, write enable, page program, read back,
 * sector erase, waiting for the part as the real ones want it (DS60001320 chapter 19, DS60001106).
 * Run with: -machine spi2=w25q80@RD4
 * Time: 200 ms
 */
#include "guest.h"

#define VECTOR_SPI2_RX  143
#define VECTOR_SPI2_TX  144

#define SPI2(offset) SFR(0x1F821200 + (offset))
#define CON     0x00
#define STAT    0x10
#define BUF     0x20
#define BRG     0x30

#define ON      (1 << 15)
#define MSTEN   (1 << 5)
#define CKE     (1 << 8)
#define ENHBUF  (1 << 16)
#define TBF     (1 << 1)
#define RBE     (1 << 5)
#define DEPTH   16

#define ANSELGCLR   SFR(0x1F860604)
#define TRISDCLR    SFR(0x1F860314)
#define LATDCLR     SFR(0x1F860334)
#define LATDSET     SFR(0x1F860338)
#define SDI2R       SFR(0x1F8014A8)
#define RPG8R       SFR(0x1F8016A0)
#define SELECT      (1 << 4)

static const uint8_t *out;
static uint8_t *in;
static volatile unsigned out_left, in_left;

/* Keeps no more under way than the receive FIFO holds. */
static void feed(void)
{
    while (out_left && in_left - out_left < DEPTH && !(SPI2(STAT) & TBF)) {
        SPI2(BUF) = *out++;
        out_left--;
    }
}

static void __attribute__((interrupt("eic"))) tx_handler(void)
{
    feed();
    if (!out_left || in_left - out_left >= DEPTH) {
        IECCLR(VECTOR_SPI2_TX) = BIT(VECTOR_SPI2_TX);
    }
    IFSCLR(VECTOR_SPI2_TX) = BIT(VECTOR_SPI2_TX);
}

static void __attribute__((interrupt("eic"))) rx_handler(void)
{
    while (!(SPI2(STAT) & RBE)) {
        *in++ = SPI2(BUF);
        in_left--;
    }
    if (out_left) {
        IECSET(VECTOR_SPI2_TX) = BIT(VECTOR_SPI2_TX);
    }
    IFSCLR(VECTOR_SPI2_RX) = BIT(VECTOR_SPI2_RX);
}

static void transfer(const uint8_t *send, uint8_t *receive, unsigned size)
{
    LATDCLR = SELECT;
    interrupts_off();
    out = send;
    in = receive;
    in_left = out_left = size;
    IECSET(VECTOR_SPI2_TX) = BIT(VECTOR_SPI2_TX);
    interrupts_on();
    while (in_left) {
        __asm__ volatile("" : : : "memory");    /* the handlers move data */
    }
    LATDSET = SELECT;
}

static uint8_t frame[4 + 256], answer[4 + 256];

static void command(uint8_t code, uint32_t address, unsigned size)
{
    frame[0] = code;
    frame[1] = address >> 16;
    frame[2] = address >> 8;
    frame[3] = address;
    transfer(frame, answer, size);
}

static unsigned wait_until_ready(void)
{
    unsigned polls = 0;

    do {
        command(0x05, 0, 2);            /* RDSR */
        polls++;
    } while (answer[1] & 1);
    return polls;
}

static uint8_t content(unsigned n)
{
    return n * 7 + 3;
}

static void check_page(uint32_t address, int programmed)
{
    unsigned wrong = 0;

    command(0x03, address, 4 + 256);    /* READ */
    for (unsigned i = 0; i < 256; i++) {
        wrong += answer[4 + i] != (programmed ? content(i) : 0xFF);
    }
    CHECK(wrong == 0);
}

int main(void)
{
    const uint32_t page = 0x41200;

    INTCON = INTCON_MVEC;
    ANSELGCLR = 1 << 7 | 1 << 8;
    LATDSET = SELECT;
    TRISDCLR = SELECT;
    RPG8R = 6;                          /* SDO2 */
    SDI2R = 1;                          /* RG7 */
    SPI2(CON) = 0;
    SPI2(BRG) = 0;
    SPI2(CON) = MSTEN | CKE | ENHBUF | 2 << 2 | 1;  /* half empty, not empty */
    SPI2(CON) |= ON;
    attach(VECTOR_SPI2_RX, rx_handler, 3, 0);
    attach(VECTOR_SPI2_TX, tx_handler, 2, 0);

    command(0x9F, 0, 4);                /* RDID */
    CHECK(answer[1] == 0xEF && answer[2] == 0x40 && answer[3] == 0x14);

    check_page(page, 0);
    command(0x06, 0, 1);                /* WREN */
    command(0x05, 0, 2);
    CHECK(answer[1] == 0x02);
    for (unsigned i = 0; i < 256; i++) {
        frame[4 + i] = content(i);
    }
    command(0x02, page, 4 + 256);       /* PP */
    CHECK(wait_until_ready() > 10);
    CHECK(answer[1] == 0);              /* the latch fell */
    check_page(page, 1);
    check_page(page + 256, 0);

    command(0x20, page, 4);             /* erase without WREN: nothing */
    CHECK(wait_until_ready() == 1);
    check_page(page, 1);
    command(0x06, 0, 1);
    command(0x20, page, 4);
    CHECK(wait_until_ready() > 1000);
    check_page(page, 0);
    CHECK(RESULT->exceptions == 0);
    return 0;
}
