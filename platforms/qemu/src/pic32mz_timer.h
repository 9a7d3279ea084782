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

typedef void PIC32TimerFn(void *opaque, PIC32Timer *timer);

/*
 * What hangs on a timer as its time base is told when the timer comes to count
 * in another way: another clock, period or count, started, stopped. Any of
 * these may be NULL.
 */
typedef struct PIC32TimerListener {
    PIC32TimerFn *before;   /* it is about to: up to now all was as known */
    PIC32TimerFn *after;    /* it has */
    PIC32TimerFn *stepped;  /* an edge of its pin moved TMR by one */
    void *opaque;
    QLIST_ENTRY(PIC32TimerListener) next;
} PIC32TimerListener;

/* A virtual time, exact to 2^-32 ns. */
typedef struct PIC32TimerMoment {
    int64_t ns;
    uint32_t frac;      /* 2^-32 ns on top */
} PIC32TimerMoment;

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
    QLIST_HEAD(, PIC32TimerListener) listeners;
};

/* Listens from now on; the listener must live as long as the timer. */
void pic32_timer_listen(PIC32Timer *s, PIC32TimerListener *listener);

/* TMR at a virtual time: now, or just past. */
uint32_t pic32_timer_count(PIC32Timer *s, int64_t ns);

/* The timer's period in steps of TMR: PR + 1. */
uint64_t pic32_timer_period(PIC32Timer *s);

/*
 * When TMR comes to value by counting, for the first time after ns, if
 * everything goes on as it is. False: never, or nobody can know, as edges of
 * a pin are counted.
 */
bool pic32_timer_reaches(PIC32Timer *s, uint32_t value, int64_t ns,
                         PIC32TimerMoment *moment);

/*
 * The waveform of so many steps of TMR, of which some are high, from a moment
 * on. False: it is too slow for one.
 */
bool pic32_timer_waveform(PIC32Timer *s, uint64_t steps, uint64_t high,
                          PIC32TimerMoment start, PIC32Waveform *waveform);

/* The first whole nanosecond that is not before the moment. */
static inline int64_t pic32_timer_moment_ns(PIC32TimerMoment moment)
{
    return moment.ns + !!moment.frac;
}

#endif
