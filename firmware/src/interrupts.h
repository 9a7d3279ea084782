/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: one handler a source through OFFx (EIC mode). All run in shadow register set 1 and none nests, so they
 * need no set each. DS60001320 chapter 7.
 */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>
#include "cp0.h"
#include "pic32mz_sfr.h"

/* Set by every interrupt: the main loop has something to look at. */
extern volatile uint32_t idle_wake;

/* Waits for an interrupt, unless one came since idle_wake was cleared (idle.S). */
void idle_until_interrupt(void);

/* Vectors, MVEC, shadow sets; then interrupts on. */
void interrupts_init(void);

/* Points `irq` at an INTERRUPT's entry, with priority 1..7, and enables it. */
void interrupt_attach(unsigned irq, void (*entry)(void), unsigned priority);

static inline void interrupt_enable(unsigned irq)  { (&IEC0SET)[(irq / 32) * 4] = 1u << (irq % 32); }
static inline void interrupt_disable(unsigned irq) { (&IEC0CLR)[(irq / 32) * 4] = 1u << (irq % 32); }
static inline void interrupt_clear(unsigned irq)   { (&IFS0CLR)[(irq / 32) * 4] = 1u << (irq % 32); }

static inline uint32_t interrupts_off(void)
{
    uint32_t status;
    __asm__ volatile("di %0; ehb" : "=r"(status) : : "memory");
    return status & STATUS_IE;
}

static inline void interrupts_restore(uint32_t enabled)
{
    if (enabled)
        __asm__ volatile("ei; ehb" : : : "memory");
}

/* Handlers, and the entries that OFFx points at (interrupt_entries.S). */
#define INTERRUPT(name)           \
    void name##_entry(void);      \
    void name##_interrupt(void);  \
    void name##_interrupt(void)

#endif
