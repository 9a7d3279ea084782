/* SPDX-License-Identifier: MIT
 * CAN module for guest programs: DS60001320 chapter 29, FRM section 34 (DS60001154).
 */
#ifndef CAN_H
#define CAN_H

#include "guest.h"

#define CAN(module, offset) SFR(0x1F880000 + ((module) - 1) * 0x1000 + (offset))
#define CON             0x000
#define CFG             0x010
#define INT             0x020
#define VEC             0x030
#define TREC            0x040
#define FSTAT           0x050
#define RXM(n)          (0x080 + (n) * 0x10)
#define FLTCON(n)       (0x0C0 + (n) * 0x10)
#define RXF(n)          (0x140 + (n) * 0x10)
#define FIFOBA          0x340
#define FIFOCON(n)      (0x350 + (n) * 0x40)
#define FIFOINT(n)      (0x360 + (n) * 0x40)
#define FIFOUA(n)       (0x370 + (n) * 0x40)
#define CLEAR           4           /* to the CLR and SET aliases of a register */
#define SETS            8

#define NORMAL          0
#define LOOPBACK        2
#define CONFIGURATION   4

#define TXREQ           (1u << 3)
#define TXERR           (1u << 4)
#define TXLARB          (1u << 5)
#define TXEN            (1u << 7)
#define UINC            (1u << 13)
#define FSIZE(messages) (((messages) - 1u) << 16)
#define RXNEMPTY        (1u << 0)
#define RXFULL          (1u << 2)
#define RXOVFL          (1u << 3)
#define TXEMPTY         (1u << 8)
#define TXNFULL         (1u << 10)
#define RBIF            (1u << 1)
#define TBIF            (1u << 0)
#define CERRIF          (1u << 13)
#define IE              16          /* an enable bit is so far above its flag */
#define TXBP            (1u << 20)
#define EXTENDED        (1u << 31)  /* of an identifier here */
#define VECTOR_CAN(module) (150 + (module))

/* 1 Mbit/s from PBCLK5 at 100 MHz: 10 quanta of 10 clocks */
#define CFG_1M          (4 | 2 << 8 | 2 << 11 | 1 << 15 | 2 << 16)

/* C1TX on RD2, C2TX on RD1; C1RX and C2RX are on RD3 and RD9 after a reset. */
static inline void can_pins(void)
{
    SFR(0x1F8015C8) = 15;
    SFR(0x1F8015C4) = 15;
}

static inline void can_mode(unsigned module, unsigned mode)
{
    CAN(module, CON) = (CAN(module, CON) & ~(7u << 24)) | mode << 24;
    while ((CAN(module, CON) >> 21 & 7) != mode) {
    }
}

static inline uint32_t *can_buffer(unsigned module, unsigned fifo)
{
    return (uint32_t *)(CAN(module, FIFOUA(fifo)) | 0xA0000000);
}

static inline void can_queue(unsigned module, unsigned fifo, uint32_t id, uint32_t data, unsigned length)
{
    uint32_t *message = can_buffer(module, fifo);

    if (id & EXTENDED) {
        message[0] = id >> 18 & 0x7FF;
        message[1] = 1u << 29 | 1u << 28 | (id & 0x3FFFF) << 10 | length;
    } else {
        message[0] = id;
        message[1] = length;
    }
    message[2] = data;
    message[3] = ~data;
    CAN(module, FIFOCON(fifo) + SETS) = UINC;
}

static inline void can_send(unsigned module, unsigned fifo, uint32_t id, uint32_t data, unsigned length)
{
    can_queue(module, fifo, id, data, length);
    CAN(module, FIFOCON(fifo) + SETS) = TXREQ;
}

static inline void can_wait_sent(unsigned module, unsigned fifo)
{
    while (CAN(module, FIFOCON(fifo)) & TXREQ) {
    }
}

/* Takes the oldest message out of a FIFO; its identifier, as can_send has it. */
static inline uint32_t can_receive(unsigned module, unsigned fifo, uint32_t *data)
{
    uint32_t *message = can_buffer(module, fifo);
    uint32_t id = message[0] & 0x7FF;

    if (message[1] & 1u << 28) {
        id = EXTENDED | id << 18 | (message[1] >> 10 & 0x3FFFF);
    }
    *data = message[2];
    CAN(module, FIFOCON(fifo) + SETS) = UINC;
    return id;
}

#endif
