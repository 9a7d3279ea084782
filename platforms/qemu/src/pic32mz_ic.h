/*
 * PIC32MZ input capture, IC1 to IC9
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_IC_H
#define HW_MIPS_PIC32MZ_IC_H

#include "hw/sysbus.h"
#include "pic32mz_cfg.h"
#include "pic32mz_pps.h"
#include "pic32mz_timer.h"

#define TYPE_PIC32_IC "pic32mz-ic"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Ic, PIC32_IC)

#define PIC32_IC_SIZE       0x200   /* bytes of the register block */
#define PIC32_IC_TIMERS     4
#define PIC32_IC_FIFO       4       /* captures that ICxBUF holds */

/*
 * Properties: index, 1 to 9; cfg, pps; timer0 and timer1, the time bases while
 * CFGCON.ICACLK is 0, timer2 and timer3 while it is 1: the even one first.
 * irq 0: captures wait; irq 1: the FIFO has overflowed.
 */
struct PIC32Ic {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    qemu_irq capture_irq;
    qemu_irq error_irq;
    uint32_t index;
    char *input;                    /* "IC1" */
    PIC32Cfg *cfg;
    PIC32Pps *pps;
    PIC32Timer *timer[PIC32_IC_TIMERS];

    uint32_t fifo[PIC32_IC_FIFO];   /* the oldest first */
    uint8_t captures;               /* in the FIFO */
    bool overflow;                  /* ICOV */
    uint8_t prescaler;              /* rising edges counted so far */
    bool begun;                     /* FEDGE's first edge has come */
    uint8_t pin;                    /* level of ICx */
};

#endif
