/*
 * PIC32MZ resets and non-maskable interrupts
 *
 * PIC32 Family Reference Manual, section 7 (DS60001118), and DS60001320
 * chapter 6. Part of the clock and reset unit.
 *
 * Left out: what sets RCON.CMR, BCFGERR and BCFGFAIL: the configuration of
 * this chip is never read wrongly.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "sysemu/qtest.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "pic32mz_cru_internal.h"

/* Events of RNMICON that only interrupt, and those that reset in the end */
#define NMI_EVENTS  (R_RNMICON_WDTS_MASK | R_RNMICON_CF_MASK | \
                     R_RNMICON_GNMI_MASK | R_RNMICON_SWNMI_MASK)
#define NMI_RESETS  (R_RNMICON_WDTO_MASK | R_RNMICON_DMTO_MASK)

static void reset_now(CPUState *cs, run_on_cpu_data data)
{
    qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
}

void pic32_cru_reset(PIC32Cru *s, PIC32ResetCause cause)
{
    s->next_cause = cause;
    if (qtest_enabled()) {
        qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        return;
    }
    /*
     * Between two instructions, in the CPU's own thread: a request to the
     * main loop would be served after an unknown number of instructions.
     */
    async_run_on_cpu(CPU(s->cpu), reset_now, RUN_ON_CPU_NULL);
}

PIC32ResetCause pic32_cru_reset_cause(PIC32Cru *s)
{
    return s->cause;
}

PIC32ResetCause pic32_cru_next_cause(PIC32Cru *s)
{
    return s->next_cause;
}

const char *pic32_cru_reset_name(PIC32ResetCause cause)
{
    static const char *const names[] = {
        [PIC32_RESET_POWER_ON] = "power-on",
        [PIC32_RESET_BROWN_OUT] = "brown-out",
        [PIC32_RESET_MCLR] = "mclr",
        [PIC32_RESET_SOFTWARE] = "software",
        [PIC32_RESET_WATCHDOG] = "watchdog",
        [PIC32_RESET_DEADMAN] = "deadman",
    };

    return names[cause];
}

void pic32_cru_set_mclr(PIC32Cru *s, bool level)
{
    if (s->mclr_low == !level) {
        return;
    }
    /* low: reset and held there; high: out of it, into a clean chip */
    s->mclr_low = !level;
    pic32_cru_reset(s, PIC32_RESET_MCLR);
}

void pic32_cru_push_mclr(PIC32Cru *s)
{
    if (!s->mclr_low) {
        pic32_cru_reset(s, PIC32_RESET_MCLR);
    }
}

bool pic32_cru_in_reset(PIC32Cru *s)
{
    return s->mclr_low;
}

static void reset_nmi_counted_down(void *opaque)
{
    PIC32Cru *s = opaque;

    pic32_cru_reset(s, s->nmi_cause);
}

/* An NMI that ends in a reset unless its flag is cleared in time. */
static void reset_begin_nmi(PIC32Cru *s, PIC32ResetCause cause)
{
    unsigned count = FIELD_EX32(pic32_sfr_get(&s->osc, A_RNMICON), RNMICON,
                                NMICNT);

    s->nmi_cause = cause;
    if (!count) {
        pic32_cru_reset(s, cause);
        return;
    }
    m5150_raise_nmi(s->cpu);
    timer_mod(s->nmi_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                            MAX(clock_ticks_to_ns(s->sysclk, count), 1));
}

void pic32_cru_nmi(PIC32Cru *s, PIC32ResetCause cause)
{
    uint32_t rnmicon = pic32_sfr_get(&s->osc, A_RNMICON);

    if (s->mclr_low ||
        (cause == PIC32_RESET_WATCHDOG && cru_watchdog_wakes(s))) {
        return;
    }
    rnmicon |= cause == PIC32_RESET_WATCHDOG ? R_RNMICON_WDTO_MASK
                                             : R_RNMICON_DMTO_MASK;
    pic32_sfr_set(&s->osc, A_RNMICON, rnmicon);
    reset_begin_nmi(s, cause);
}

void cru_write_rnmicon(PIC32Cru *s, uint32_t old, uint32_t value)
{
    uint32_t set = value & ~old;

    if (!(value & NMI_RESETS)) {
        timer_del(s->nmi_timer);
    }
    if (set & NMI_RESETS) {
        reset_begin_nmi(s, set & R_RNMICON_WDTO_MASK ? PIC32_RESET_WATCHDOG
                                                     : PIC32_RESET_DEADMAN);
    } else if (set & NMI_EVENTS) {
        m5150_raise_nmi(s->cpu);
    }
}

/* An NMI that only interrupts, with its flag of RNMICON. */
static void reset_raise_event(PIC32Cru *s, uint32_t flag)
{
    pic32_sfr_set(&s->osc, A_RNMICON,
                  pic32_sfr_get(&s->osc, A_RNMICON) | flag);
    m5150_raise_nmi(s->cpu);
}

void cru_clock_failed(PIC32Cru *s)
{
    reset_raise_event(s, R_RNMICON_CF_MASK);
}

void pic32_cru_general_nmi(PIC32Cru *s)
{
    reset_raise_event(s, R_RNMICON_GNMI_MASK);
}

void cru_read_rswrst(PIC32Cru *s)
{
    /* the read that follows the unlocked write resets (FRM 7.3.4) */
    if (FIELD_EX32(pic32_sfr_get(&s->osc, A_RSWRST), RSWRST, SWRST)) {
        pic32_cru_reset(s, PIC32_RESET_SOFTWARE);
    }
}

void cru_reset_begin(PIC32Cru *s, uint32_t rcon)
{
    static const uint32_t flag[] = {
        [PIC32_RESET_POWER_ON] = R_RCON_POR_MASK | R_RCON_BOR_MASK,
        [PIC32_RESET_BROWN_OUT] = R_RCON_BOR_MASK,
        [PIC32_RESET_MCLR] = R_RCON_EXTR_MASK,
        [PIC32_RESET_SOFTWARE] = R_RCON_SWR_MASK,
        [PIC32_RESET_WATCHDOG] = R_RCON_WDTO_MASK,
        [PIC32_RESET_DEADMAN] = R_RCON_DMTO_MASK,
    };

    if (s->next_cause == PIC32_RESET_POWER_ON) {
        rcon = 0;
    }
    pic32_sfr_set(&s->osc, A_RCON, rcon | flag[s->next_cause]);
    s->cause = s->next_cause;
    s->next_cause = PIC32_RESET_MCLR;   /* what a reset from outside is */
    timer_del(s->nmi_timer);
    if (s->mclr_low) {
        m5150_stop(s->cpu);
    }
}

void cru_reset_init(PIC32Cru *s)
{
    s->nmi_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, reset_nmi_counted_down, s);
    s->next_cause = PIC32_RESET_POWER_ON;
}
