/*
 * PIC32MZ I2C: what its parts share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_I2C_INTERNAL_H
#define HW_MIPS_PIC32MZ_I2C_INTERNAL_H

#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "pic32mz_i2c.h"
#include "pic32mz_jumpers.h"
#include "pic32mz_ports.h"
#include "pic32mz_sfr.h"

REG32(CON, 0x00)
    FIELD(CON, SEN, 0, 1)
    FIELD(CON, RSEN, 1, 1)
    FIELD(CON, PEN, 2, 1)
    FIELD(CON, RCEN, 3, 1)
    FIELD(CON, ACKEN, 4, 1)
    FIELD(CON, ACKDT, 5, 1)
    FIELD(CON, STREN, 6, 1)
    FIELD(CON, GCEN, 7, 1)
    FIELD(CON, A10M, 10, 1)
    FIELD(CON, SCLREL, 12, 1)
    FIELD(CON, ON, 15, 1)
    FIELD(CON, SCIE, 21, 1)
    FIELD(CON, PCIE, 22, 1)
REG32(STAT, 0x10)
    FIELD(STAT, TBF, 0, 1)
    FIELD(STAT, RBF, 1, 1)
    FIELD(STAT, R_W, 2, 1)
    FIELD(STAT, S, 3, 1)
    FIELD(STAT, P, 4, 1)
    FIELD(STAT, D_A, 5, 1)
    FIELD(STAT, I2COV, 6, 1)
    FIELD(STAT, IWCOL, 7, 1)
    FIELD(STAT, GCSTAT, 9, 1)
    FIELD(STAT, BCL, 10, 1)
    FIELD(STAT, TRSTAT, 14, 1)
    FIELD(STAT, ACKSTAT, 15, 1)
REG32(ADD, 0x20)
REG32(MSK, 0x30)
REG32(BRG, 0x40)
REG32(TRN, 0x50)
REG32(RCV, 0x60)

struct PIC32I2c {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *pbclk;
    PIC32Ports *ports;
    PIC32Jumpers *jumpers;
    PIC32I2c *const *peers;
    I2CBus *bus;
    uint8_t index;
    PIC32Pin scl, sda;
    qemu_irq irq_collision;
    qemu_irq irq_slave;
    qemu_irq irq_master;

    uint8_t step;               /* I2cStep */
    int64_t end;                /* of the step, virtual ns */
    QEMUTimer *timer;
    bool addressing;            /* the next byte sent is an address */
    bool reading;               /* its R/W bit */
    bool listening;             /* a device has acknowledged it */
    uint8_t address;
    bool owner;                 /* from its start to its stop */
    bool to_slave;              /* it talks to a module of this chip ... */
    bool waiting;               /* ... which holds the clock */

    bool addressed;             /* the module is somebody's slave */
};

static inline uint32_t i2c_con(PIC32I2c *s)
{
    return pic32_sfr_get(&s->regs, A_CON);
}

static inline uint32_t i2c_stat(PIC32I2c *s)
{
    return pic32_sfr_get(&s->regs, A_STAT);
}

static inline void i2c_set_stat(PIC32I2c *s, uint32_t clear, uint32_t set)
{
    pic32_sfr_set(&s->regs, A_STAT, (i2c_stat(s) & ~clear) | set);
}

static inline bool i2c_on(PIC32I2c *s)
{
    return FIELD_EX32(i2c_con(s), CON, ON);
}

/* pic32mz_i2c.c */

/* A slave has let go of the clock that its master waits for. */
void pic32_i2c_resume(PIC32I2c *s);

/* pic32mz_i2c_slave.c */

/* The module whose pins the board joins to this one's, while it is on. */
PIC32I2c *pic32_i2c_joined(PIC32I2c *s);

/* What a joined module hears as a slave. */
void pic32_i2c_slave_start(PIC32I2c *s);
void pic32_i2c_slave_stop(PIC32I2c *s);
bool pic32_i2c_slave_address(PIC32I2c *s, uint8_t byte);
bool pic32_i2c_slave_receive(PIC32I2c *s, uint8_t byte);
uint8_t pic32_i2c_slave_transmit(PIC32I2c *s);
void pic32_i2c_slave_acknowledged(PIC32I2c *s, bool acknowledged);
bool pic32_i2c_slave_holds_clock(PIC32I2c *s);

#endif
