/*
 * PIC32MZ interrupt controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_EVIC_H
#define HW_MIPS_PIC32MZ_EVIC_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "m5150.h"
#include "pic32mz_sfr.h"

#define TYPE_PIC32_EVIC "pic32mz-evic"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Evic, PIC32_EVIC)

#define PIC32_EVIC_VECTORS  214
#define PIC32_EVIC_WORDS    DIV_ROUND_UP(PIC32_EVIC_VECTORS, 32)

/* Told of an event of a source, numbered as PIC32_VECTOR_*. */
typedef void PIC32EvicEventFn(void *opaque, int vector);

typedef struct PIC32EvicWatch {
    PIC32EvicEventFn *event;
    void *opaque;
    QLIST_ENTRY(PIC32EvicWatch) next;
} PIC32EvicWatch;

/*
 * GPIO inputs: one a vector, numbered as PIC32_VECTOR_*. A rising edge sets
 * IFS. While an input stays high (a level source such as the UART), software
 * cannot clear its IFS bit.
 */
struct PIC32Evic {
    SysBusDevice parent_obj;

    PIC32SfrBlock sfr;
    M5150CPU *cpu;
    uint32_t line[PIC32_EVIC_WORDS];    /* inputs that are high */
    uint32_t requested_vector;          /* what the core has been offered */
    uint32_t requested_ipl;
    QLIST_HEAD(, PIC32EvicWatch) watches;
};

/*
 * Watches all sources from now on, whether their interrupts are enabled or
 * not: this is how one peripheral triggers another. An event is an input's
 * rising edge; setting IFS by software is none. The watch must live as long
 * as the device.
 */
void pic32_evic_watch(PIC32Evic *s, PIC32EvicWatch *watch);

/* Whether a source's input is high: a level source is still active. */
bool pic32_evic_active(PIC32Evic *s, int vector);

#endif
