/*
 * PIC32MZ timers: Timer1 (type A) and Timer2 to Timer9 (type B)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_TIMER_H
#define HW_MIPS_PIC32MZ_TIMER_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_TIMER "pic32mz-timer"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Timer, PIC32_TIMER)

#define PIC32_TIMER_SIZE 0x200  /* bytes of the register block */

/*
 * Properties: index, 1 to 9; partner, of an even timer: the odd one above,
 * for 32-bit mode; pps (Timer2 to Timer9) and ports (Timer1): where the
 * external clock and the gate come from; unset: nowhere.
 * Clocks: pbclk, and sosc of Timer1. irq 0: period match.
 */
struct PIC32Timer {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    qemu_irq irq;
    Clock *pbclk;
    Clock *sosc;
    QEMUTimer *match;
    uint32_t index;
    PIC32Timer *partner;    /* of an even timer: the odd one of the pair */
    PIC32Timer *master;     /* of an odd timer: the even one of the pair */
    PIC32Pps *pps;
    PIC32Ports *ports;
    PIC32PinWatch watch;

    /*
     * The source ticked base_ticks + (ticks of its clock since base_ns)
     * times since TMR was start. next_match counts in steps of TMR.
     */
    int64_t base_ns;
    int64_t base_ticks;
    uint32_t start;
    uint64_t next_match;
    int64_t delivered_ns;   /* when the last match was delivered */
    uint8_t pin;            /* level of TxCK */
};

#endif
