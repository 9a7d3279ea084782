/*
 * PIC32MZ output compare and PWM, OC1 to OC9
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_OC_H
#define HW_MIPS_PIC32MZ_OC_H

#include "hw/sysbus.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "pic32mz_cfg.h"
#include "pic32mz_pps.h"
#include "pic32mz_timer.h"

#define TYPE_PIC32_OC "pic32mz-oc"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Oc, PIC32_OC)

#define PIC32_OC_SIZE       0x200   /* bytes of the register block */
#define PIC32_OC_TIMERS     4

/*
 * Properties: index, 1 to 9; cfg, pps, ports; timer0 and timer1, the time
 * bases that OCTSEL selects while CFGCON.OCACLK is 0, timer2 and timer3 while
 * it is 1. irq 0: the event of the mode.
 */
struct PIC32Oc {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    qemu_irq irq;
    uint32_t index;
    char *output;                   /* "OC1" */
    PIC32Cfg *cfg;
    PIC32Pps *pps;
    PIC32Ports *ports;
    PIC32Timer *timer[PIC32_OC_TIMERS];
    PIC32TimerListener listener[PIC32_OC_TIMERS];
    PIC32PinWatch fault_watch;
    Notifier cfg_notifier;
    QEMUTimer *event;

    uint8_t alternate;              /* CFGCON.OCACLK as last seen */
    uint8_t out;                    /* the output's level */
    bool done;                      /* the single pulse is over */
    bool steady;                    /* PWM repeats itself */
    bool waving;                    /* the output is the waveform */
    PIC32Waveform waveform;
    uint8_t fault_pin;              /* level of OCFA or OCFB */
    uint8_t next;                   /* what happens next ... */
    PIC32TimerMoment moment;        /* ... and when */
    int64_t interrupted_ns;         /* when the last one was raised */
};

#endif
