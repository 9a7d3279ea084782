/*
 * PIC32MZ reference clock generators REFCLK1 to REFCLK4
 *
 * PIC32 Family Reference Manual, section 42 (DS60001250), and DS60001320
 * registers 8-4 and 8-5. Part of the clock and reset unit.
 *
 * The clock is a clock output of the unit, whether OE gives it a pin or not.
 * On the pin it is high for half of its period, from the moment on at which it
 * starts or changes; a clock that stands is low there. While ON is set a new
 * RODIV or ROTRIM counts once DIVSWEN is written.
 *
 * Left out: REFCLKI1, 3 and 4 as a source (ROSEL 8) give no clock; ACTIVE
 * follows ON at once, and a switch of the divider takes no time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "pic32mz_cru_internal.h"

#define TRIM_STEPS      512     /* ROTRIM's steps in one of RODIV */
#define PMD6_REFO1MD    8       /* bit of the first */

static uint32_t refo_con(PIC32Cru *s, unsigned n)
{
    return pic32_sfr_get(&s->osc, A_REFO1CON + n * REFO_STRIDE);
}

static Clock *refo_source(PIC32Cru *s, uint32_t con)
{
    switch (FIELD_EX32(con, REFOCON, ROSEL)) {
    case ROSEL_SYSCLK:
        return s->sysclk;
    case ROSEL_PBCLK1:
        return s->pbclk[0];
    case ROSEL_POSC:
        return s->posc;
    case ROSEL_FRC:
    case ROSEL_BFRC:
        return s->frc;
    case ROSEL_LPRC:
        return s->lprc;
    case ROSEL_SOSC:
        return s->sosc;
    case ROSEL_SPLL:
        return s->spll;
    default:
        return NULL;
    }
}

static bool refo_runs(PIC32Cru *s, unsigned n)
{
    uint32_t con = refo_con(s, n);

    if (!FIELD_EX32(con, REFOCON, ON) ||
        extract32(pic32_cfg_pmd(s->cfg, 6), PMD6_REFO1MD + n, 1)) {
        return false;
    }
    switch (pic32_cru_mode(s)) {
    case PIC32_POWER_IDLE:
        return !FIELD_EX32(con, REFOCON, SIDL);
    case PIC32_POWER_SLEEP:
        return FIELD_EX32(con, REFOCON, RSLP);
    default:
        return true;
    }
}

/* RODIV and ROTRIM, from now on in use. */
static void refo_take_divider(PIC32Cru *s, unsigned n)
{
    uint32_t trim = pic32_sfr_get(&s->osc,
                                  A_REFO1TRIM + n * REFO_STRIDE);

    s->refo_divider[n] = FIELD_EX32(refo_con(s, n), REFOCON, RODIV) *
                         TRIM_STEPS + FIELD_EX32(trim, REFOTRIM, ROTRIM);
}

/* ON and OE give the clock to the pin that pin select has chosen. */
static void refo_update_pin(PIC32Cru *s, unsigned n)
{
    /* REFCLKO2 has no pin */
    static const char *const output[PIC32_REFCLKS] = {
        "REFCLKO1", NULL, "REFCLKO3", "REFCLKO4",
    };
    uint32_t con = refo_con(s, n);
    bool driven = FIELD_EX32(con, REFOCON, ON) && FIELD_EX32(con, REFOCON, OE);
    uint64_t period = driven ? clock_get(s->refclk[n]) : 0;

    if (!s->pps || !output[n]) {
        return;
    }
    if (!period) {
        pic32_pps_set_output(s->pps, output[n], driven ? 0 : -1);
    } else if (period != s->refo_shown[n]) {
        PIC32Waveform waveform = {
            .start_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL),
            .period = period, .high = period / 2,
        };

        pic32_pps_set_waveform(s->pps, output[n], &waveform);
    }
    s->refo_shown[n] = period;
}

void pic32_cru_connect_pins(PIC32Cru *s, PIC32Pps *pps)
{
    s->pps = pps;
}

void cru_refo_update(PIC32Cru *s)
{
    unsigned n;

    for (n = 0; n < PIC32_REFCLKS; n++) {
        uint32_t con = refo_con(s, n);
        Clock *source = refo_source(s, con);
        uint64_t period = source && refo_runs(s, n) ? clock_get(source) : 0;

        /* 2 x (RODIV + ROTRIM / 512); RODIV 0 divides by nothing */
        if (s->refo_divider[n] >= TRIM_STEPS) {
            period = muldiv64(period, s->refo_divider[n], TRIM_STEPS / 2);
        }
        clock_update(s->refclk[n], period);
        refo_update_pin(s, n);
    }
}

bool cru_refo_asleep(PIC32Cru *s, unsigned rosel)
{
    unsigned n;

    for (n = 0; n < PIC32_REFCLKS; n++) {
        uint32_t con = refo_con(s, n);

        if (FIELD_EX32(con, REFOCON, ROSEL) == rosel && refo_runs(s, n)) {
            return true;
        }
    }
    return false;
}

void cru_refo_write(PIC32Cru *s, hwaddr offset, uint32_t old, uint32_t value)
{
    unsigned n = (offset - A_REFO1CON) / REFO_STRIDE;
    bool con = (offset - A_REFO1CON) % REFO_STRIDE == 0;

    if (con) {
        if ((value & ~old & R_REFOCON_ON_MASK) ||
            FIELD_EX32(value, REFOCON, DIVSWEN)) {
            refo_take_divider(s, n);
        }
        value &= ~R_REFOCON_DIVSWEN_MASK;
        value = FIELD_DP32(value, REFOCON, ACTIVE,
                           FIELD_EX32(value, REFOCON, ON));
        pic32_sfr_set(&s->osc, offset, value);
    }
    cru_update_clocks(s);
}

void cru_refo_reset(PIC32Cru *s)
{
    memset(s->refo_divider, 0, sizeof(s->refo_divider));
    memset(s->refo_shown, 0, sizeof(s->refo_shown));
}
