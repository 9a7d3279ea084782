/* SPDX-License-Identifier: MIT */
/* Interrupt controller: vector offsets, priorities, shadow set. DS60001320 chapter 7. */
#include "interrupts.h"

#define HANDLER_SET 1u

volatile uint32_t idle_wake;

void interrupts_init(void)
{
    PRISS = HANDLER_SET << PRISS_PRI1SS_POSITION | HANDLER_SET << PRISS_PRI2SS_POSITION |
            HANDLER_SET << PRISS_PRI3SS_POSITION | HANDLER_SET << PRISS_PRI4SS_POSITION |
            HANDLER_SET << PRISS_PRI5SS_POSITION | HANDLER_SET << PRISS_PRI6SS_POSITION |
            HANDLER_SET << PRISS_PRI7SS_POSITION;
    INTCONSET = INTCON_MVEC_MASK;
    interrupts_restore(1);
}

void interrupt_attach(unsigned irq, void (*entry)(void), unsigned priority)
{
    extern const char _ebase[];
    volatile uint32_t *ipc = &IPC0 + (irq / 4) * 4;
    unsigned shift = (irq % 4) * 8;

    interrupt_disable(irq);
    (&OFF000)[irq] = (uintptr_t)entry - (uintptr_t)_ebase;
    ipc[1] = 0x1Fu << shift;                        /* IPCxCLR: priority and subpriority */
    ipc[2] = priority << (shift + 2);               /* IPCxSET */
    interrupt_clear(irq);
    interrupt_enable(irq);
}
