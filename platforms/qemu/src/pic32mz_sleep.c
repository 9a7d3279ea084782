/*
 * PIC32MZ sleep and idle
 *
 * PIC32 Family Reference Manual, section 10 (power-saving modes, DS60001130),
 * and DS60001320 chapter 33. Part of the clock and reset unit.
 *
 * WAIT is idle: the core stands still, and so do peripherals whose SIDL bit is
 * set (pic32mz_gates.c). With OSCCON.SLPEN set it is sleep: SYSCLK, all PBCLKs
 * and what counts on them stand still; LPRC, SOSC and their users go on. An
 * enabled interrupt ends both, after the start of SYSCLK's oscillator where it
 * was stopped; one that Status.IPL masks makes idle of sleep. A watchdog's
 * time-out in sleep is an NMI that resets nothing.
 *
 * Left out: dream mode (DRMEN) is sleep; the regulator's stand-by (PWRCON)
 * costs no time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_cru_internal.h"

PIC32PowerMode pic32_cru_mode(PIC32Cru *s)
{
    return s->mode;
}

void pic32_cru_watch_mode(PIC32Cru *s, Notifier *watch)
{
    notifier_list_add(&s->mode_watches, watch);
}

static void sleep_set_mode(PIC32Cru *s, PIC32PowerMode mode)
{
    bool clocks_change;

    if (mode == s->mode) {
        return;
    }
    clocks_change = MAX(mode, s->mode) == PIC32_POWER_SLEEP;
    s->mode = mode;
    if (clocks_change) {
        cru_update_clocks(s);
    } else {
        cru_refo_update(s);
    }
    notifier_list_notify(&s->mode_watches, s);
}

static void sleep_core_waits(void *opaque)
{
    PIC32Cru *s = opaque;
    uint32_t osccon = pic32_sfr_get(&s->osc, A_OSCCON);
    uint32_t rcon = pic32_sfr_get(&s->osc, A_RCON);

    if (!FIELD_EX32(osccon, OSCCON, SLPEN)) {
        pic32_sfr_set(&s->osc, A_RCON, rcon | R_RCON_IDLE_MASK);
        sleep_set_mode(s, PIC32_POWER_IDLE);
        return;
    }
    pic32_sfr_set(&s->osc, A_RCON, rcon | R_RCON_SLEEP_MASK);
    m5150_stop(s->cpu);
    sleep_set_mode(s, PIC32_POWER_SLEEP);
}

/* The core runs on, or waits on in idle if all that came is masked. */
static void sleep_end(PIC32Cru *s)
{
    sleep_set_mode(s, m5150_wanted(s->cpu) ? PIC32_POWER_RUN
                                           : PIC32_POWER_IDLE);
    m5150_go(s->cpu);
}

/* Two-speed start-up: the oscillator that COSC names is there now. */
static void sleep_started(void *opaque)
{
    PIC32Cru *s = opaque;
    bool before = m5150_begin_change(s->cpu);

    if (s->mode == PIC32_POWER_SLEEP) {
        sleep_end(s);
    } else {
        s->on_frc = false;
        cru_update_clocks(s);
    }
    m5150_end_change(s->cpu, before);
}

static void sleep_core_wanted(void *opaque, bool taken)
{
    PIC32Cru *s = opaque;
    uint32_t osccon = pic32_sfr_get(&s->osc, A_OSCCON);
    int64_t started = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                      cru_start_ns(s, FIELD_EX32(osccon, OSCCON, COSC));

    if (s->mode == PIC32_POWER_IDLE && taken) {
        sleep_set_mode(s, PIC32_POWER_RUN);
    } else if (s->mode == PIC32_POWER_SLEEP && !timer_pending(s->wake_timer)) {
        timer_mod(s->wake_timer, started);
        if (FIELD_EX32(osccon, OSCCON, SLP2SPD)) {
            s->on_frc = true;
            sleep_end(s);
        }
    }
}

bool cru_watchdog_wakes(PIC32Cru *s)
{
    uint32_t rnmicon = pic32_sfr_get(&s->osc, A_RNMICON);
    uint32_t rcon = pic32_sfr_get(&s->osc, A_RCON);

    if (s->mode != PIC32_POWER_SLEEP) {
        return false;
    }
    pic32_sfr_set(&s->osc, A_RNMICON, rnmicon | R_RNMICON_WDTS_MASK);
    pic32_sfr_set(&s->osc, A_RCON, rcon | R_RCON_WDTO_MASK);
    m5150_raise_nmi(s->cpu);
    return true;
}

static const M5150PowerOps sleep_ops = {
    .waits = sleep_core_waits,
    .wanted = sleep_core_wanted,
};

void cru_sleep_init(PIC32Cru *s)
{
    s->wake_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, sleep_started, s);
    notifier_list_init(&s->mode_watches);
}

void cru_sleep_realize(PIC32Cru *s)
{
    m5150_set_power_ops(s->cpu, &sleep_ops, s);
}

void cru_sleep_reset(PIC32Cru *s)
{
    timer_del(s->wake_timer);
    s->on_frc = false;
    s->mode = PIC32_POWER_RUN;
}
