/* SPDX-License-Identifier: MIT
 * A driver of a 24-series EEPROM on I2C1, a state machine that the master interrupt moves on: page write, acknowledge
 * polling, sequential read, and an address where nobody is (DS60001320 chapter 20, DS60001116).
 * Run with: -machine i2c1=24c02@0x50
 * Time: 30 ms
 */
#include "guest.h"

#define VECTOR_I2C1_BUS     115
#define VECTOR_I2C1_MASTER  117

#define I2C1(offset) SFR(0x1F820000 + (offset))
#define CON     0x00
#define CONCLR  0x04
#define CONSET  0x08
#define STAT    0x10
#define BRG     0x40
#define TRN     0x50
#define RCV     0x60

#define ON      (1 << 15)
#define SEN     (1 << 0)
#define RSEN    (1 << 1)
#define PEN     (1 << 2)
#define RCEN    (1 << 3)
#define ACKEN   (1 << 4)
#define ACKDT   (1 << 5)
#define RBF     (1 << 1)
#define P       (1 << 4)
#define ACKSTAT (1 << 15)

enum state { IDLE, SENDING, RESTARTED, READ_ADDRESS, RECEIVING, ACKNOWLEDGING, STOPPING };
enum outcome { UNDER_WAY, DONE, NOT_ACKNOWLEDGED };

static volatile enum state state;
static volatile enum outcome outcome;
static volatile unsigned collisions;
static uint8_t device;
static const uint8_t *out;
static volatile unsigned out_left, in_left;
static uint8_t *in;

static void stop(enum outcome how)
{
    outcome = how;
    state = STOPPING;
    I2C1(CONSET) = PEN;
}

static void __attribute__((interrupt("eic"))) master_handler(void)
{
    IFSCLR(VECTOR_I2C1_MASTER) = BIT(VECTOR_I2C1_MASTER);
    switch (state) {
    case SENDING:
        if (I2C1(STAT) & ACKSTAT) {
            stop(NOT_ACKNOWLEDGED);
        } else if (out_left) {
            out_left--;
            I2C1(TRN) = *out++;
        } else if (in_left) {
            state = RESTARTED;
            I2C1(CONSET) = RSEN;
        } else {
            stop(DONE);
        }
        break;
    case RESTARTED:
        state = READ_ADDRESS;
        I2C1(TRN) = device << 1 | 1;
        break;
    case READ_ADDRESS:
        if (I2C1(STAT) & ACKSTAT) {
            stop(NOT_ACKNOWLEDGED);
            break;
        }
        state = RECEIVING;
        I2C1(CONSET) = RCEN;
        break;
    case RECEIVING:
        *in++ = I2C1(RCV);
        I2C1(--in_left ? CONCLR : CONSET) = ACKDT;
        state = ACKNOWLEDGING;
        I2C1(CONSET) = ACKEN;
        break;
    case ACKNOWLEDGING:
        if (in_left) {
            state = RECEIVING;
            I2C1(CONSET) = RCEN;
        } else {
            stop(DONE);
        }
        break;
    case STOPPING:
        state = IDLE;
        break;
    case IDLE:
        state = SENDING;                /* the start condition is out */
        I2C1(TRN) = device << 1;
        break;
    }
}

static void __attribute__((interrupt("eic"))) bus_handler(void)
{
    IFSCLR(VECTOR_I2C1_BUS) = BIT(VECTOR_I2C1_BUS);
    collisions++;
}

static enum outcome transfer(uint8_t address, const uint8_t *send, unsigned size, uint8_t *receive, unsigned wanted)
{
    device = address;
    out = send;
    out_left = size;
    in = receive;
    in_left = wanted;
    outcome = UNDER_WAY;
    I2C1(CONSET) = SEN;
    while (outcome == UNDER_WAY || state != IDLE) {
        __asm__ volatile("" : : : "memory");    /* the handlers move data */
    }
    CHECK((I2C1(CON) & 0x1F) == 0);
    CHECK(I2C1(STAT) & P);
    return outcome;
}

static unsigned poll(uint8_t address)
{
    unsigned polls = 1;

    while (transfer(address, 0, 0, 0, 0) == NOT_ACKNOWLEDGED) {
        polls++;
    }
    return polls;
}

int main(void)
{
    static const uint8_t page[] = { 0x20, 1, 2, 3, 4, 5, 6, 7, 8 };
    static const uint8_t more[] = { 0x26, 0xAA, 0xBB, 0xCC };   /* runs over its page's end */
    static const uint8_t expected[] = { 0xFF, 0xCC, 2, 3, 4, 5, 6, 0xAA, 0xBB, 0xFF };
    const uint8_t from = 0x1F;
    uint8_t data[sizeof(expected)];

    INTCON = INTCON_MVEC;
    I2C1(BRG) = 3;                      /* 4 MHz: some 370 kHz */
    I2C1(CON) = ON;
    attach(VECTOR_I2C1_MASTER, master_handler, 3, 0);
    attach(VECTOR_I2C1_BUS, bus_handler, 4, 0);
    interrupts_on();

    CHECK(transfer(0x51, 0, 0, 0, 0) == NOT_ACKNOWLEDGED);
    CHECK(transfer(0x50, page, sizeof(page), 0, 0) == DONE);
    CHECK(poll(0x50) > 50);
    CHECK(transfer(0x50, more, sizeof(more), 0, 0) == DONE);
    CHECK(poll(0x50) > 50);
    CHECK(transfer(0x50, &from, 1, data, sizeof(data)) == DONE);
    for (unsigned i = 0; i < sizeof(data); i++) {
        CHECK(data[i] == expected[i]);
    }
    CHECK(!(I2C1(STAT) & RBF));

    /* a second start while the bus is ours: a collision, and the bus is given up */
    IECCLR(VECTOR_I2C1_MASTER) = BIT(VECTOR_I2C1_MASTER);
    I2C1(CONSET) = SEN;
    while (I2C1(CON) & SEN) {
    }
    I2C1(CONSET) = SEN;
    while (I2C1(CON) & SEN) {
    }
    CHECK(collisions == 1);
    CHECK(RESULT->exceptions == 0);
    return 0;
}
