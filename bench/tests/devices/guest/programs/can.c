/* SPDX-License-Identifier: MIT
 * CAN1 in loopback: filters and masks with standard and extended identifiers, FIFO depth and overflow, interrupts
 * told apart by C1VEC. Then in normal mode with nobody on the bus: error passive.
 */
#include "can.h"

#define DEPTH 4

static uint32_t buffers[(8 + DEPTH + 2) * 4];
static volatile uint32_t got[8], got_data[8], received, sent, errors, strange;

static void __attribute__((interrupt("eic"))) can_handler(void)
{
    uint32_t code = CAN(1, VEC) & 0x7F, data;

    switch (code) {
    case 0:                                     /* FIFO 0 has sent everything */
        CAN(1, FIFOINT(0) + CLEAR) = TXEMPTY << IE;
        sent++;
        break;
    case 2:
        got[received & 7] = can_receive(1, 2, &data);
        got_data[received++ & 7] = data;
        break;
    case 0x41:
        errors++;
        CAN(1, INT + CLEAR) = CERRIF;
        break;
    default:
        strange++;
        CAN(1, INT + CLEAR) = 0xFFFF0000;       /* no more of it */
    }
    IFSCLR(VECTOR_CAN(1)) = BIT(VECTOR_CAN(1));
}

static void configure(void)
{
    CAN(1, CON + SETS) = 1u << 15;
    can_mode(1, CONFIGURATION);
    CAN(1, CFG) = CFG_1M;
    CAN(1, FIFOBA) = (uint32_t)buffers & 0x1FFFFFFF;
    CAN(1, FIFOCON(0)) = FSIZE(8) | TXEN;
    CAN(1, FIFOCON(1)) = FSIZE(DEPTH);
    CAN(1, FIFOCON(2)) = FSIZE(2);
    CAN(1, RXM(0)) = 0x7F0u << 21 | 1u << 19;           /* 0x12x, standard only */
    CAN(1, RXF(0)) = 0x120u << 21;
    CAN(1, RXM(1)) = 0x7FFu << 21 | 0x3FFFFu | 1u << 19; /* one extended identifier */
    CAN(1, RXF(1)) = 0x155u << 21 | 1u << 19 | 0x2AAAA;
    CAN(1, FLTCON(0)) = 0x81u | (0x80u | 1u << 5 | 2u) << 8;
}

static void filters(void)
{
    uint32_t data;

    can_mode(1, LOOPBACK);
    can_queue(1, 0, 0x123, 0x11111111, 4);
    can_queue(1, 0, 0x133, 0x22222222, 4);
    can_queue(1, 0, EXTENDED | 0x123u << 18, 0x33333333, 4);
    can_queue(1, 0, EXTENDED | 0x155u << 18 | 0x2AAAA, 0x44444444, 8);
    can_queue(1, 0, EXTENDED | 0x155u << 18 | 0x2AAAB, 0x55555555, 8);
    can_send(1, 0, 0x12F, 0x66666666, 2);
    can_wait_sent(1, 0);
    CHECK(can_receive(1, 1, &data) == 0x123 && data == 0x11111111);
    CHECK(can_receive(1, 1, &data) == 0x12F && data == 0x00006666);
    CHECK(!(CAN(1, FIFOINT(1)) & RXNEMPTY));
    CHECK(can_receive(1, 2, &data) == (EXTENDED | 0x155u << 18 | 0x2AAAA) && data == 0x44444444);
    CHECK(!(CAN(1, FIFOINT(2)) & RXNEMPTY));
}

static void depth(void)
{
    uint32_t data;

    for (unsigned n = 0; n < DEPTH; n++) {
        CHECK(!(CAN(1, FIFOINT(1)) & RXFULL));
        can_send(1, 0, 0x120 + n, n, 1);
        can_wait_sent(1, 0);
    }
    CHECK((CAN(1, FIFOINT(1)) & (RXFULL | RXOVFL)) == RXFULL);
    can_send(1, 0, 0x12F, 0, 0);
    can_wait_sent(1, 0);
    CHECK(CAN(1, FIFOINT(1)) & RXOVFL);
    CAN(1, FIFOINT(1) + CLEAR) = RXOVFL;
    for (unsigned n = 0; n < DEPTH; n++) {
        CHECK(can_receive(1, 1, &data) == 0x120 + n && data == n);
    }
    CHECK(!(CAN(1, FIFOINT(1)) & (RXNEMPTY | RXOVFL)));
}

static void interrupts(void)
{
    attach(VECTOR_CAN(1), can_handler, 3, 0);
    CAN(1, INT + SETS) = (RBIF | TBIF) << IE;
    CAN(1, FIFOINT(2) + SETS) = RXNEMPTY << IE;
    interrupts_on();
    for (unsigned n = 0; n < 3; n++) {
        can_queue(1, 0, EXTENDED | 0x155u << 18 | 0x2AAAA, 0x1000 + n, 8);
    }
    CAN(1, FIFOCON(0) + SETS) = TXREQ;
    CAN(1, FIFOINT(0) + SETS) = TXEMPTY << IE;
    while (!sent || received < 3) {
        __asm__ volatile("wait");
    }
    CHECK(sent == 1 && received == 3 && strange == 0);
    for (unsigned n = 0; n < 3; n++) {
        CHECK(got[n] == (EXTENDED | 0x155u << 18 | 0x2AAAA) && got_data[n] == 0x1000 + n);
    }
}

static void alone(void)
{
    can_pins();
    can_mode(1, NORMAL);
    CAN(1, INT + CLEAR) = CERRIF;
    CAN(1, INT + SETS) = CERRIF << IE;
    can_send(1, 0, 0x7, 0, 8);
    while (!(CAN(1, TREC) & TXBP)) {
        __asm__ volatile("wait");
    }
    CHECK((CAN(1, TREC) >> 8 & 0xFF) == 128);
    CHECK(errors == 2);                         /* warning, then passive */
    CHECK(CAN(1, FIFOCON(0)) & TXREQ);
    CHECK(CAN(1, FIFOCON(0)) & TXERR);
    CHECK(strange == 0);
}

int main(void)
{
    INTCON = INTCON_MVEC;
    configure();
    filters();
    depth();
    interrupts();
    alone();
    return 0;
}
