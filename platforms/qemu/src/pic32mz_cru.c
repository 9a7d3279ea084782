/*
 * PIC32MZ clock and reset unit, system key and device configuration
 *
 * PIC32 Family Reference Manual, section 42 (oscillators with enhanced PLL,
 * DS60001250) and section 7 (resets, DS60001118); CFGCON, DEVID, SYSKEY and
 * PMDx as in the data sheet, DS60001320, chapters 33 and 34.
 *
 * Left out: the fail-safe clock monitor (no oscillator fails here), slew
 * rate of clock changes, sleep; REFOx are registers without an output; a
 * module that PMDx disables stays usable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "sysemu/qtest.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "pic32mz_cru.h"

REG32(CFGCON, 0x000)
    FIELD(CFGCON, JTAGEN, 3, 1)
    FIELD(CFGCON, ECCCON, 4, 2)
    FIELD(CFGCON, PGLOCK, 11, 1)
    FIELD(CFGCON, PMDLOCK, 12, 1)
    FIELD(CFGCON, IOLOCK, 13, 1)
    FIELD(CFGCON, OCACLK, 16, 1)
    FIELD(CFGCON, ICACLK, 17, 1)
    FIELD(CFGCON, CPUPRI, 24, 1)
    FIELD(CFGCON, DMAPRI, 25, 1)
REG32(DEVID, 0x020)
REG32(SYSKEY, 0x030)
REG32(PMD1, 0x040)
REG32(PMD2, 0x050)
REG32(PMD3, 0x060)
REG32(PMD4, 0x070)
REG32(PMD5, 0x080)
REG32(PMD6, 0x090)
REG32(PMD7, 0x0a0)
REG32(CFGEBIA, 0x0c0)
REG32(CFGEBIC, 0x0d0)
REG32(CFGPG, 0x0e0)

REG32(OSCCON, 0x000)
    FIELD(OSCCON, OSWEN, 0, 1)
    FIELD(OSCCON, SOSCEN, 1, 1)
    FIELD(OSCCON, CLKLOCK, 7, 1)
    FIELD(OSCCON, NOSC, 8, 3)
    FIELD(OSCCON, COSC, 12, 3)
    FIELD(OSCCON, FRCDIV, 24, 3)
REG32(OSCTUN, 0x010)
REG32(SPLLCON, 0x020)
    FIELD(SPLLCON, PLLICLK, 7, 1)
    FIELD(SPLLCON, PLLIDIV, 8, 3)
    FIELD(SPLLCON, PLLMULT, 16, 7)
    FIELD(SPLLCON, PLLODIV, 24, 3)
REG32(RCON, 0x040)
    FIELD(RCON, POR, 0, 1)
    FIELD(RCON, BOR, 1, 1)
    FIELD(RCON, WDTO, 4, 1)
    FIELD(RCON, DMTO, 5, 1)
    FIELD(RCON, SWR, 6, 1)
    FIELD(RCON, EXTR, 7, 1)
REG32(RSWRST, 0x050)
    FIELD(RSWRST, SWRST, 0, 1)
REG32(RNMICON, 0x060)
    FIELD(RNMICON, NMICNT, 0, 16)
    FIELD(RNMICON, SWNMI, 23, 1)
    FIELD(RNMICON, WDTO, 24, 1)
    FIELD(RNMICON, DMTO, 25, 1)
REG32(PWRCON, 0x070)
REG32(REFO1CON, 0x080)
REG32(REFO1TRIM, 0x090)
REG32(REFO2CON, 0x0a0)
REG32(REFO2TRIM, 0x0b0)
REG32(REFO3CON, 0x0c0)
REG32(REFO3TRIM, 0x0d0)
REG32(REFO4CON, 0x0e0)
REG32(REFO4TRIM, 0x0f0)
REG32(PB1DIV, 0x100)
    FIELD(PB1DIV, PBDIV, 0, 7)
    FIELD(PB1DIV, PBDIVRDY, 11, 1)
    FIELD(PB1DIV, ON, 15, 1)
REG32(PB2DIV, 0x110)
REG32(PB3DIV, 0x120)
REG32(PB4DIV, 0x130)
REG32(PB5DIV, 0x140)
REG32(PB7DIV, 0x160)
REG32(PB8DIV, 0x170)
REG32(SLEWCON, 0x1c0)
REG32(CLKSTAT, 0x1d0)
    FIELD(CLKSTAT, FRCRDY, 0, 1)
    FIELD(CLKSTAT, SPLLRDY, 1, 1)
    FIELD(CLKSTAT, POSCRDY, 2, 1)
    FIELD(CLKSTAT, SOSCRDY, 4, 1)
    FIELD(CLKSTAT, LPRCRDY, 5, 1)

/* Fields of the configuration words */
FIELD(DEVCFG0, JTAGEN, 2, 1)
FIELD(DEVCFG0, FECCCON, 8, 2)
FIELD(DEVCFG1, FNOSC, 0, 3)
FIELD(DEVCFG1, FSOSCEN, 6, 1)
FIELD(DEVCFG1, POSCMOD, 8, 2)
FIELD(DEVCFG1, SWITCH_ENABLED, 14, 1)
FIELD(DEVCFG3, PGL1WAY, 27, 1)
FIELD(DEVCFG3, PMDL1WAY, 28, 1)
FIELD(DEVCFG3, IOL1WAY, 29, 1)

/* CFGCON bits that only the unlock sequence opens; JTAGEN and such are free */
#define CFGCON_LOCKED   (R_CFGCON_PGLOCK_MASK | R_CFGCON_PMDLOCK_MASK | \
                         R_CFGCON_IOLOCK_MASK | R_CFGCON_OCACLK_MASK | \
                         R_CFGCON_ICACLK_MASK | R_CFGCON_CPUPRI_MASK | \
                         R_CFGCON_DMAPRI_MASK)

#define CFG_SIZE        0x100
#define OSC_SIZE        0x200
#define POSCMOD_OFF     3

#define FRC_HZ          8000000
#define LPRC_HZ         32768

/* Oscillator start-up is over in this time; the PLL locks in the longer one. */
#define SWITCH_NS       2000
#define PLL_LOCK_NS     100000

#define SYSKEY1         0xaa996655
#define SYSKEY2         0x556699aa

enum {
    NOSC_FRCDIV, NOSC_SPLL, NOSC_POSC, NOSC_RESERVED, NOSC_SOSC, NOSC_LPRC,
    NOSC_BFRC, NOSC_FRCDIV7,
};

static const PIC32SfrDef cfg_defs[] = {
    { "CFGCON", A_CFGCON, 0x00000009, 0x030338ff | (1 << 8), true },
    { "DEVID", A_DEVID, 0, 0, true },
    { "SYSKEY", A_SYSKEY, 0, UINT32_MAX, true },
    { "PMD1", A_PMD1, 0, 0x00001001 },
    { "PMD2", A_PMD2, 0, 0x00000003 },
    { "PMD3", A_PMD3, 0, 0x01ff01ff },
    { "PMD4", A_PMD4, 0, 0x000001ff },
    { "PMD5", A_PMD5, 0, 0x311f3f3f },
    { "PMD6", A_PMD6, 0, 0x10830f01 },
    { "PMD7", A_PMD7, 0, 0x00500010 },
    { "CFGEBIA", A_CFGEBIA, 0, 0x80ffffff },
    { "CFGEBIC", A_CFGEBIC, 0, 0xee0337f3 },
    { "CFGPG", A_CFGPG, 0, 0xc0f33333 },
};

#define PBDIV_WRITABLE  0x0000807f
#define PBDIV_BY_2      0x00008801
#define PBDIV_BY_1      0x00008800
#define REFOCON_FIELDS  0x7fffba0f

static const PIC32SfrDef osc_defs[] = {
    { "OSCCON", A_OSCCON, 0, 0x07a0079b },
    { "OSCTUN", A_OSCTUN, 0, 0x0000003f },
    { "SPLLCON", A_SPLLCON, 0, 0x077f0787 },
    { "RCON", A_RCON, 0, 0x0c0002ff },
    { "RSWRST", A_RSWRST, 0, 0x00000001 },
    { "RNMICON", A_RNMICON, 0, 0x038bffff },
    { "PWRCON", A_PWRCON, 0, 0x00000001 },
    { "REFO1CON", A_REFO1CON, 0, REFOCON_FIELDS },
    { "REFO1TRIM", A_REFO1TRIM, 0, 0xff800000 },
    { "REFO2CON", A_REFO2CON, 0, REFOCON_FIELDS },
    { "REFO2TRIM", A_REFO2TRIM, 0, 0xff800000 },
    { "REFO3CON", A_REFO3CON, 0, REFOCON_FIELDS },
    { "REFO3TRIM", A_REFO3TRIM, 0, 0xff800000 },
    { "REFO4CON", A_REFO4CON, 0, REFOCON_FIELDS },
    { "REFO4TRIM", A_REFO4TRIM, 0, 0xff800000 },
    { "PB1DIV", A_PB1DIV, PBDIV_BY_2, 0x0000007f },
    { "PB2DIV", A_PB2DIV, PBDIV_BY_2, PBDIV_WRITABLE },
    { "PB3DIV", A_PB3DIV, PBDIV_BY_2, PBDIV_WRITABLE },
    { "PB4DIV", A_PB4DIV, PBDIV_BY_2, PBDIV_WRITABLE },
    { "PB5DIV", A_PB5DIV, PBDIV_BY_2, PBDIV_WRITABLE },
    { "PB7DIV", A_PB7DIV, PBDIV_BY_1, PBDIV_WRITABLE },
    { "PB8DIV", A_PB8DIV, PBDIV_BY_2, PBDIV_WRITABLE },
    { "SLEWCON", A_SLEWCON, 0, 0x000f0706 },
    { "CLKSTAT", A_CLKSTAT, 0, 0 },
};

/* Clocks */

static bool cru_posc_on(PIC32Cru *s)
{
    return s->posc_hz &&
           FIELD_EX32(s->devcfg[1], DEVCFG1, POSCMOD) != POSCMOD_OFF;
}

static bool cru_sosc_on(PIC32Cru *s)
{
    return s->sosc_hz &&
           FIELD_EX32(pic32_sfr_get(&s->osc, A_OSCCON), OSCCON, SOSCEN);
}

static uint64_t cru_spll_hz(PIC32Cru *s)
{
    uint32_t pll = pic32_sfr_get(&s->osc, A_SPLLCON);
    unsigned odiv = FIELD_EX32(pll, SPLLCON, PLLODIV);
    uint64_t in = FIELD_EX32(pll, SPLLCON, PLLICLK) ? FRC_HZ
                  : cru_posc_on(s) ? s->posc_hz : 0;

    return in / (FIELD_EX32(pll, SPLLCON, PLLIDIV) + 1) *
           (FIELD_EX32(pll, SPLLCON, PLLMULT) + 1) >> MIN(MAX(odiv, 1), 5);
}

static uint64_t cru_source_hz(PIC32Cru *s, unsigned nosc)
{
    static const uint8_t frcdiv_shift[] = { 0, 1, 2, 3, 4, 5, 6, 8 };
    uint32_t osccon = pic32_sfr_get(&s->osc, A_OSCCON);

    switch (nosc) {
    case NOSC_FRCDIV:
    case NOSC_FRCDIV7:
        return FRC_HZ >> frcdiv_shift[FIELD_EX32(osccon, OSCCON, FRCDIV)];
    case NOSC_SPLL:
        return cru_spll_hz(s);
    case NOSC_POSC:
        return cru_posc_on(s) ? s->posc_hz : 0;
    case NOSC_SOSC:
        return cru_sosc_on(s) ? s->sosc_hz : 0;
    case NOSC_LPRC:
        return LPRC_HZ;
    case NOSC_BFRC:
        return FRC_HZ;
    default:
        return 0;
    }
}

static void cru_update_clocks(PIC32Cru *s)
{
    uint32_t osccon = pic32_sfr_get(&s->osc, A_OSCCON);
    uint64_t sysclk = cru_source_hz(s, FIELD_EX32(osccon, OSCCON, COSC));
    uint32_t stat = 0;
    unsigned i;

    if (!sysclk) {
        /* no clock, no chip: the back-up FRC takes over (FRM 42.4) */
        qemu_log_mask(LOG_GUEST_ERROR, "%s: the selected oscillator does not "
                      "run, SYSCLK is the FRC\n", TYPE_PIC32_CRU);
        sysclk = FRC_HZ;
    }
    clock_update_hz(s->sysclk, sysclk);
    m5150_set_sysclk(s->cpu, sysclk);
    for (i = 0; i < PIC32_PBCLKS; i++) {
        uint32_t div = pic32_sfr_get(&s->osc, A_PB1DIV + i * 0x10);
        bool on = i == 0 || FIELD_EX32(div, PB1DIV, ON);

        /* in periods: a third of 8 MHz is no whole number of Hz */
        clock_update(s->pbclk[i],
                     on ? clock_get(s->sysclk) *
                          (FIELD_EX32(div, PB1DIV, PBDIV) + 1) : 0);
    }
    clock_update_hz(s->frc, FRC_HZ);
    clock_update_hz(s->lprc, LPRC_HZ);
    clock_update_hz(s->sosc, cru_sosc_on(s) ? s->sosc_hz : 0);
    clock_update_hz(s->posc, cru_posc_on(s) ? s->posc_hz : 0);

    stat = FIELD_DP32(stat, CLKSTAT, FRCRDY, 1);
    stat = FIELD_DP32(stat, CLKSTAT, LPRCRDY, 1);
    stat = FIELD_DP32(stat, CLKSTAT, SPLLRDY, cru_spll_hz(s) != 0);
    stat = FIELD_DP32(stat, CLKSTAT, POSCRDY, cru_posc_on(s));
    stat = FIELD_DP32(stat, CLKSTAT, SOSCRDY, cru_sosc_on(s));
    pic32_sfr_set(&s->osc, A_CLKSTAT, stat);
}

static void cru_switch_done(void *opaque)
{
    PIC32Cru *s = opaque;
    uint32_t osccon = pic32_sfr_get(&s->osc, A_OSCCON);
    unsigned nosc = FIELD_EX32(osccon, OSCCON, NOSC);

    if (!cru_source_hz(s, nosc)) {
        return;     /* waits for an oscillator that does not run, like the chip */
    }
    osccon = FIELD_DP32(osccon, OSCCON, COSC, nosc);
    osccon = FIELD_DP32(osccon, OSCCON, OSWEN, 0);
    pic32_sfr_set(&s->osc, A_OSCCON, osccon);
    cru_update_clocks(s);
}

static void cru_write_osccon(PIC32Cru *s, uint32_t old, uint32_t value)
{
    if (FIELD_EX32(value, OSCCON, OSWEN) && !FIELD_EX32(old, OSCCON, OSWEN)) {
        if (!FIELD_EX32(s->devcfg[1], DEVCFG1, SWITCH_ENABLED) ||
            FIELD_EX32(old, OSCCON, CLKLOCK)) {
            value = FIELD_DP32(value, OSCCON, OSWEN, 0);
            pic32_sfr_set(&s->osc, A_OSCCON, value);
        } else {
            bool pll = FIELD_EX32(value, OSCCON, NOSC) == NOSC_SPLL;

            timer_mod(s->switch_timer,
                      qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                      (pll ? PLL_LOCK_NS : SWITCH_NS));
        }
    }
    cru_update_clocks(s);
}

/* Resets */

static void cru_do_reset(CPUState *cs, run_on_cpu_data data)
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
    async_run_on_cpu(CPU(s->cpu), cru_do_reset, RUN_ON_CPU_NULL);
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
        [PIC32_RESET_MCLR] = "mclr",
        [PIC32_RESET_SOFTWARE] = "software",
        [PIC32_RESET_WATCHDOG] = "watchdog",
        [PIC32_RESET_DEADMAN] = "deadman",
    };

    return names[cause];
}

static void cru_nmi_counted_down(void *opaque)
{
    PIC32Cru *s = opaque;

    pic32_cru_reset(s, s->nmi_cause);
}

void pic32_cru_nmi(PIC32Cru *s, PIC32ResetCause cause)
{
    uint32_t rnmicon = pic32_sfr_get(&s->osc, A_RNMICON);
    unsigned count = FIELD_EX32(rnmicon, RNMICON, NMICNT);

    s->nmi_cause = cause;
    if (cause == PIC32_RESET_WATCHDOG) {
        rnmicon = FIELD_DP32(rnmicon, RNMICON, WDTO, 1);
    } else {
        rnmicon = FIELD_DP32(rnmicon, RNMICON, DMTO, 1);
    }
    pic32_sfr_set(&s->osc, A_RNMICON, rnmicon);
    if (!count) {
        pic32_cru_reset(s, cause);
        return;
    }
    m5150_raise_nmi(s->cpu);
    timer_mod(s->nmi_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                            MAX(clock_ticks_to_ns(s->sysclk, count), 1));
}

static uint32_t cru_rcon_after(PIC32ResetCause cause, uint32_t rcon)
{
    switch (cause) {
    case PIC32_RESET_POWER_ON:
        return R_RCON_POR_MASK | R_RCON_BOR_MASK;
    case PIC32_RESET_MCLR:
        return rcon | R_RCON_EXTR_MASK;
    case PIC32_RESET_SOFTWARE:
        return rcon | R_RCON_SWR_MASK;
    case PIC32_RESET_WATCHDOG:
        return rcon | R_RCON_WDTO_MASK;
    case PIC32_RESET_DEADMAN:
        return rcon | R_RCON_DMTO_MASK;
    }
    g_assert_not_reached();
}

/* Register access */

bool pic32_cru_unlocked(PIC32Cru *s)
{
    return s->key_state == 2;
}

bool pic32_cru_iolock(PIC32Cru *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->cfg, A_CFGCON), CFGCON, IOLOCK);
}

uint32_t pic32_cru_devcfg(PIC32Cru *s, unsigned n)
{
    return s->devcfg[n];
}

void pic32_cru_latch_devcfg(PIC32Cru *s, const uint32_t devcfg[4])
{
    memcpy(s->devcfg, devcfg, sizeof(s->devcfg));
}

static void cru_write_syskey(PIC32Cru *s, uint32_t value)
{
    if (value == SYSKEY1) {
        s->key_state = 1;
    } else {
        s->key_state = value == SYSKEY2 && s->key_state == 1 ? 2 : 0;
    }
}

static void cru_refuse(PIC32SfrBlock *block, hwaddr offset, uint32_t keep,
                       const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: write to %s refused, %s\n",
                  TYPE_PIC32_CRU, block->def[offset >> 2]->name, why);
    pic32_sfr_set(block, offset, keep);
}

static uint32_t cfg_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Cru *s = opaque;

    if (offset == A_SYSKEY) {
        return pic32_cru_unlocked(s);
    }
    return pic32_sfr_get(&s->cfg, offset);
}

/* CFGCON locks that stay set until a reset: DEVCFG3.PGL1WAY and its like. */
static uint32_t cfg_one_way(PIC32Cru *s)
{
    uint32_t mask = 0;

    if (FIELD_EX32(s->devcfg[3], DEVCFG3, PGL1WAY)) {
        mask |= R_CFGCON_PGLOCK_MASK;
    }
    if (FIELD_EX32(s->devcfg[3], DEVCFG3, PMDL1WAY)) {
        mask |= R_CFGCON_PMDLOCK_MASK;
    }
    if (FIELD_EX32(s->devcfg[3], DEVCFG3, IOL1WAY)) {
        mask |= R_CFGCON_IOLOCK_MASK;
    }
    return mask;
}

static void cfg_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Cru *s = opaque;
    uint32_t cfgcon = pic32_sfr_get(&s->cfg, A_CFGCON);

    if (offset == A_SYSKEY) {
        cru_write_syskey(s, value);
    } else if (offset == A_CFGCON && !pic32_cru_unlocked(s) &&
               ((old ^ value) & CFGCON_LOCKED)) {
        cru_refuse(&s->cfg, offset,
                   (old & CFGCON_LOCKED) | (value & ~CFGCON_LOCKED),
                   "SYSKEY is locked");
    } else if (offset == A_CFGCON && (old & ~value & cfg_one_way(s))) {
        cru_refuse(&s->cfg, offset, value | (old & cfg_one_way(s)),
                   "DEVCFG3 lets this lock be set once only");
    } else if (offset >= A_PMD1 && offset <= A_PMD7 &&
               FIELD_EX32(cfgcon, CFGCON, PMDLOCK)) {
        cru_refuse(&s->cfg, offset, old, "CFGCON.PMDLOCK is set");
    } else if (offset == A_CFGPG && FIELD_EX32(cfgcon, CFGCON, PGLOCK)) {
        cru_refuse(&s->cfg, offset, old, "CFGCON.PGLOCK is set");
    }
}

static bool osc_needs_key(hwaddr offset)
{
    switch (offset) {
    case A_OSCCON:
    case A_OSCTUN:
    case A_SPLLCON:
    case A_RSWRST:
    case A_RNMICON:
    case A_PWRCON:
    case A_SLEWCON:
    case A_PB1DIV ... A_PB8DIV:
        return true;
    default:
        return false;
    }
}

static uint32_t osc_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Cru *s = opaque;
    uint32_t value = pic32_sfr_get(&s->osc, offset);

    if (offset == A_RSWRST && FIELD_EX32(value, RSWRST, SWRST)) {
        /* the read that follows the unlocked write resets (FRM 7.3.4) */
        pic32_cru_reset(s, PIC32_RESET_SOFTWARE);
    }
    return value;
}

static void osc_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Cru *s = opaque;

    if (osc_needs_key(offset) && !pic32_cru_unlocked(s)) {
        cru_refuse(&s->osc, offset, old, "SYSKEY is locked");
        return;
    }
    switch (offset) {
    case A_OSCCON:
        cru_write_osccon(s, old, value);
        break;
    case A_SPLLCON:
    case A_PB1DIV ... A_PB8DIV:
        cru_update_clocks(s);
        break;
    case A_RNMICON:
        if (FIELD_EX32(value, RNMICON, SWNMI) &&
            !FIELD_EX32(old, RNMICON, SWNMI)) {
            m5150_raise_nmi(s->cpu);
        }
        if (!(value & (R_RNMICON_WDTO_MASK | R_RNMICON_DMTO_MASK))) {
            timer_del(s->nmi_timer);
        }
        break;
    default:
        break;
    }
}

static const PIC32SfrOps cfg_ops = { .read = cfg_read, .write = cfg_write };
static const PIC32SfrOps osc_ops = { .read = osc_read, .write = osc_write };

/* Device */

static void cru_reset(DeviceState *dev)
{
    PIC32Cru *s = PIC32_CRU(dev);
    uint32_t rcon = cru_rcon_after(s->next_cause,
                                   pic32_sfr_get(&s->osc, A_RCON));
    uint32_t fnosc = FIELD_EX32(s->devcfg[1], DEVCFG1, FNOSC);
    uint32_t value;

    s->cause = s->next_cause;
    s->next_cause = PIC32_RESET_MCLR;   /* what a reset from outside is */
    timer_del(s->switch_timer);
    timer_del(s->nmi_timer);
    s->key_state = 0;
    pic32_sfr_reset(&s->cfg);
    pic32_sfr_reset(&s->osc);
    pic32_sfr_set(&s->cfg, A_DEVID, s->devid);

    value = pic32_sfr_get(&s->cfg, A_CFGCON);
    value = FIELD_DP32(value, CFGCON, JTAGEN,
                       FIELD_EX32(s->devcfg[0], DEVCFG0, JTAGEN));
    value = FIELD_DP32(value, CFGCON, ECCCON,
                       FIELD_EX32(s->devcfg[0], DEVCFG0, FECCCON));
    pic32_sfr_set(&s->cfg, A_CFGCON, value);

    value = FIELD_DP32(0, OSCCON, COSC, fnosc);
    value = FIELD_DP32(value, OSCCON, NOSC, fnosc);
    value = FIELD_DP32(value, OSCCON, SOSCEN,
                       FIELD_EX32(s->devcfg[1], DEVCFG1, FSOSCEN));
    pic32_sfr_set(&s->osc, A_OSCCON, value);
    /* DEVCFG2 has the PLL fields of SPLLCON, two of them elsewhere */
    value = s->devcfg[2] & 0x87;
    value = FIELD_DP32(value, SPLLCON, PLLIDIV, s->devcfg[2] & 7);
    value = deposit32(value, 0, 3, extract32(s->devcfg[2], 4, 3));
    value = FIELD_DP32(value, SPLLCON, PLLMULT, extract32(s->devcfg[2], 8, 7));
    value = FIELD_DP32(value, SPLLCON, PLLODIV, extract32(s->devcfg[2], 16, 3));
    pic32_sfr_set(&s->osc, A_SPLLCON, value);
    pic32_sfr_set(&s->osc, A_RCON, rcon);
    cru_update_clocks(s);
}

static void cru_init(Object *obj)
{
    PIC32Cru *s = PIC32_CRU(obj);
    unsigned i;

    pic32_sfr_init(&s->cfg, obj, "pic32mz-cfg", CFG_SIZE, cfg_defs,
                   ARRAY_SIZE(cfg_defs), &cfg_ops, s);
    pic32_sfr_init(&s->osc, obj, TYPE_PIC32_CRU, OSC_SIZE, osc_defs,
                   ARRAY_SIZE(osc_defs), &osc_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->cfg.iomem);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->osc.iomem);
    s->sysclk = qdev_init_clock_out(DEVICE(obj), "sysclk");
    for (i = 0; i < PIC32_PBCLKS; i++) {
        g_autofree char *name = g_strdup_printf("pbclk%u", i + 1);

        s->pbclk[i] = qdev_init_clock_out(DEVICE(obj), name);
    }
    s->frc = qdev_init_clock_out(DEVICE(obj), "frc");
    s->lprc = qdev_init_clock_out(DEVICE(obj), "lprc");
    s->sosc = qdev_init_clock_out(DEVICE(obj), "sosc");
    s->posc = qdev_init_clock_out(DEVICE(obj), "posc");
    s->switch_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cru_switch_done, s);
    s->nmi_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cru_nmi_counted_down, s);
    s->next_cause = PIC32_RESET_POWER_ON;
}

static void cru_realize(DeviceState *dev, Error **errp)
{
    if (!PIC32_CRU(dev)->cpu) {
        error_setg(errp, "%s: link 'cpu' is not set", TYPE_PIC32_CRU);
    }
}

static const VMStateDescription vmstate_cru = {
    .name = TYPE_PIC32_CRU,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(cfg, PIC32Cru),
        VMSTATE_PIC32_SFR(osc, PIC32Cru),
        VMSTATE_UINT32_ARRAY(devcfg, PIC32Cru, 4),
        VMSTATE_UINT32(cause, PIC32Cru),
        VMSTATE_UINT32(next_cause, PIC32Cru),
        VMSTATE_UINT32(nmi_cause, PIC32Cru),
        VMSTATE_UINT8(key_state, PIC32Cru),
        VMSTATE_TIMER_PTR(switch_timer, PIC32Cru),
        VMSTATE_TIMER_PTR(nmi_timer, PIC32Cru),
        VMSTATE_CLOCK(sysclk, PIC32Cru),
        VMSTATE_ARRAY_CLOCK(pbclk, PIC32Cru, PIC32_PBCLKS),
        VMSTATE_CLOCK(frc, PIC32Cru),
        VMSTATE_CLOCK(lprc, PIC32Cru),
        VMSTATE_CLOCK(sosc, PIC32Cru),
        VMSTATE_CLOCK(posc, PIC32Cru),
        VMSTATE_END_OF_LIST()
    }
};

static Property cru_properties[] = {
    DEFINE_PROP_LINK("cpu", PIC32Cru, cpu, TYPE_M5150_CPU, M5150CPU *),
    DEFINE_PROP_UINT32("posc-hz", PIC32Cru, posc_hz, 24000000),
    DEFINE_PROP_UINT32("sosc-hz", PIC32Cru, sosc_hz, 32768),
    DEFINE_PROP_UINT32("devid", PIC32Cru, devid, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void cru_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = cru_realize;
    dc->reset = cru_reset;
    dc->vmsd = &vmstate_cru;
    device_class_set_props(dc, cru_properties);
}

static const TypeInfo cru_info = {
    .name = TYPE_PIC32_CRU,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(PIC32Cru),
    .instance_init = cru_init,
    .class_init = cru_class_init,
};

static void cru_register_types(void)
{
    type_register_static(&cru_info);
}

type_init(cru_register_types)
