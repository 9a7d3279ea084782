/*
 * PIC32MZ interrupt controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_EVIC_H
#define HW_MIPS_PIC32MZ_EVIC_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"
#include "m5150.h"
#include "pic32mz_cru.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_EVIC "pic32mz-evic"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Evic, PIC32_EVIC)

#define PIC32_EVIC_VECTORS  214
#define PIC32_EVIC_WORDS    DIV_ROUND_UP(PIC32_EVIC_VECTORS, 32)

#define PIC32_EVIC_PINS     5       /* INT0 to INT4 */

/* Told of an event of a source, numbered as PIC32_VECTOR_*. */
typedef void PIC32EvicEventFn(void *opaque, int vector);

/* Whether every event of a source is needed, also while its flag is set. */
typedef bool PIC32EvicNeedFn(void *opaque, int vector);

typedef struct PIC32EvicWatch {
    PIC32EvicEventFn *event;
    PIC32EvicNeedFn *needs;     /* or NULL: none that waits for software */
    void *opaque;
    QLIST_ENTRY(PIC32EvicWatch) next;
} PIC32EvicWatch;

/* INT0 to INT4, of the controller that it belongs to. */
typedef struct PIC32EvicPin {
    PIC32Evic *evic;
    PIC32PinWatch watch;        /* of INT0 */
    uint8_t level;
} PIC32EvicPin;

/*
 * Clock: sysclk, of the proximity timer.
 * GPIO inputs: one a vector, numbered as PIC32_VECTOR_*. A rising edge sets
 * IFS. While an input stays high (a level source such as the UART), software
 * cannot clear its IFS bit.
 */
struct PIC32Evic {
    SysBusDevice parent_obj;

    PIC32SfrBlock sfr;
    M5150CPU *cpu;
    PIC32Cru *cru;
    uint32_t line[PIC32_EVIC_WORDS];    /* inputs that are high */
    uint32_t requested_vector;          /* what the core has been offered */
    uint32_t requested_ipl;
    PIC32Ports *ports;
    PIC32Pps *pps;
    PIC32EvicPin pin[PIC32_EVIC_PINS];
    Clock *sysclk;
    QEMUTimer *proximity_timer;
    uint8_t proximity;
    QLIST_HEAD(, PIC32EvicWatch) watches;
};

/*
 * Watches all sources from now on, whether their interrupts are enabled or
 * not: this is how one peripheral triggers another. An event is an input's
 * rising edge; setting IFS by software is none. The watch must live as long
 * as the device.
 */
void pic32_evic_watch(PIC32Evic *s, PIC32EvicWatch *watch);

/* INT0 is RD0, INT1 to INT4 are where pin select puts them. */
void pic32_evic_connect_pins(PIC32Evic *s, PIC32Ports *ports, PIC32Pps *pps);

/* Whether a source's input is high: a level source is still active. */
bool pic32_evic_active(PIC32Evic *s, int vector);

#endif
