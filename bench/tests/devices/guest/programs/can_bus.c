/* SPDX-License-Identifier: MIT
 * CAN1 and CAN2 on one bus: each sends to the other, both at once are told apart by their identifiers.
 * Run with: -object can-bus,id=can -M can1=can,can2=can
 */
#include "can.h"

static uint32_t buffers[2][16 * 4];

static void configure(unsigned module)
{
    CAN(module, CON + SETS) = 1u << 15;
    can_mode(module, CONFIGURATION);
    CAN(module, CFG) = CFG_1M;
    CAN(module, FIFOBA) = (uint32_t)buffers[module - 1] & 0x1FFFFFFF;
    CAN(module, FIFOCON(0)) = FSIZE(8) | TXEN;
    CAN(module, FIFOCON(1)) = FSIZE(8);
    CAN(module, RXM(0)) = 0;
    CAN(module, FLTCON(0)) = 0x81;
    can_mode(module, NORMAL);
}

static void one_way(unsigned from, unsigned to)
{
    uint32_t data = 0, start = CP0_COUNT(), ticks;

    can_send(from, 0, 0x200 + from, 0x12345678, 8);
    while (!(CAN(to, FIFOINT(1)) & RXNEMPTY)) {
    }
    ticks = CP0_COUNT() - start;
    CHECK(ticks > 10900 && ticks < 13500);      /* 109 to 135 bits of 1 us at 100 MHz */
    CHECK(can_receive(to, 1, &data) == 0x200 + from && data == 0x12345678);
    can_wait_sent(from, 0);
    CHECK(CAN(from, TREC) == 0 && CAN(to, TREC) == 0);
    CHECK(!(CAN(from, FIFOINT(1)) & RXNEMPTY));
}

int main(void)
{
    uint32_t data;

    can_pins();
    configure(1);
    configure(2);
    one_way(1, 2);
    one_way(2, 1);

    can_queue(1, 0, EXTENDED | 0x300u << 18, 1, 8);     /* loses against the standard one */
    can_queue(2, 0, 0x300, 2, 8);
    CAN(1, FIFOCON(0) + SETS) = TXREQ;
    CAN(2, FIFOCON(0) + SETS) = TXREQ;
    can_wait_sent(2, 0);
    CHECK(CAN(1, FIFOCON(0)) & TXLARB);
    CHECK(CAN(1, FIFOCON(0)) & TXREQ);
    can_wait_sent(1, 0);
    CHECK(can_receive(1, 1, &data) == 0x300 && data == 2);
    CHECK(can_receive(2, 1, &data) == (EXTENDED | 0x300u << 18) && data == 1);
    return 0;
}
