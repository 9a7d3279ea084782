/*
 * PIC32MZ clock and reset unit
 *
 * PIC32 Family Reference Manual, section 42 (oscillators with enhanced PLL,
 * DS60001250) and section 7 (resets, DS60001118).
 *
 * Left out: the fail-safe clock monitor (no oscillator fails here), slew
 * rate of clock changes, sleep; REFOx are registers without an output.
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
FIELD(DEVCFG1, FNOSC, 0, 3)
FIELD(DEVCFG1, FSOSCEN, 6, 1)
FIELD(DEVCFG1, POSCMOD, 8, 2)
FIELD(DEVCFG1, SWITCH_ENABLED, 14, 1)

#define OSC_SIZE        0x200
#define POSCMOD_OFF     3

#define FRC_HZ          8000000
#define LPRC_HZ         32768

/* Oscillator start-up is over in this time; the PLL locks in the longer one. */
#define SWITCH_NS       2000
#define PLL_LOCK_NS     100000

enum {
    NOSC_FRCDIV, NOSC_SPLL, NOSC_POSC, NOSC_RESERVED, NOSC_SOSC, NOSC_LPRC,
    NOSC_BFRC, NOSC_FRCDIV7,
};

#define PBDIV_WRITABLE  0x0000807f
#define PBDIV_BY_2      0x00008801
#define PBDIV_BY_1      0x00008800
#define REFOCON_FIELDS  0x7fffba0f

static const PIC32SfrDef osc_defs[] = {
    { "OSCCON", A_OSCCON, 0, 0x07a0079b, false },
    { "OSCTUN", A_OSCTUN, 0, 0x0000003f, false },
    { "SPLLCON", A_SPLLCON, 0, 0x077f0787, false },
    { "RCON", A_RCON, 0, 0x0c0002ff, false },
    { "RSWRST", A_RSWRST, 0, 0x00000001, false },
    { "RNMICON", A_RNMICON, 0, 0x038bffff, false },
    { "PWRCON", A_PWRCON, 0, 0x00000001, false },
    { "REFO1CON", A_REFO1CON, 0, REFOCON_FIELDS, false },
    { "REFO1TRIM", A_REFO1TRIM, 0, 0xff800000, false },
    { "REFO2CON", A_REFO2CON, 0, REFOCON_FIELDS, false },
    { "REFO2TRIM", A_REFO2TRIM, 0, 0xff800000, false },
    { "REFO3CON", A_REFO3CON, 0, REFOCON_FIELDS, false },
    { "REFO3TRIM", A_REFO3TRIM, 0, 0xff800000, false },
    { "REFO4CON", A_REFO4CON, 0, REFOCON_FIELDS, false },
    { "REFO4TRIM", A_REFO4TRIM, 0, 0xff800000, false },
    { "PB1DIV", A_PB1DIV, PBDIV_BY_2, 0x0000007f, false },
    { "PB2DIV", A_PB2DIV, PBDIV_BY_2, PBDIV_WRITABLE, false },
    { "PB3DIV", A_PB3DIV, PBDIV_BY_2, PBDIV_WRITABLE, false },
    { "PB4DIV", A_PB4DIV, PBDIV_BY_2, PBDIV_WRITABLE, false },
    { "PB5DIV", A_PB5DIV, PBDIV_BY_2, PBDIV_WRITABLE, false },
    { "PB7DIV", A_PB7DIV, PBDIV_BY_1, PBDIV_WRITABLE, false },
    { "PB8DIV", A_PB8DIV, PBDIV_BY_2, PBDIV_WRITABLE, false },
    { "SLEWCON", A_SLEWCON, 0, 0x000f0706, false },
    { "CLKSTAT", A_CLKSTAT, 0, 0, false },
};

/* Clocks */

static bool cru_posc_on(PIC32Cru *s)
{
    return s->posc_hz &&
           FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, POSCMOD) != POSCMOD_OFF;
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
    if (clock_set_hz(s->sysclk, sysclk)) {
        m5150_set_sysclk(s->cpu, sysclk);   /* Count begins a tick anew */
        clock_propagate(s->sysclk);
    }
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

static void cru_begin_switch(PIC32Cru *s, uint32_t osccon)
{
    bool pll = FIELD_EX32(osccon, OSCCON, NOSC) == NOSC_SPLL;

    timer_mod(s->switch_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                               (pll ? PLL_LOCK_NS : SWITCH_NS));
}

static void cru_write_osccon(PIC32Cru *s, uint32_t old, uint32_t value)
{
    if (FIELD_EX32(value, OSCCON, OSWEN) && !FIELD_EX32(old, OSCCON, OSWEN)) {
        if (!FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, SWITCH_ENABLED) ||
            FIELD_EX32(old, OSCCON, CLKLOCK)) {
            value = FIELD_DP32(value, OSCCON, OSWEN, 0);
            pic32_sfr_set(&s->osc, A_OSCCON, value);
        } else {
            cru_begin_switch(s, value);
        }
    } else if (FIELD_EX32(value, OSCCON, OSWEN) &&
               !timer_pending(s->switch_timer)) {
        cru_begin_switch(s, value);     /* perhaps the oscillator runs now */
    } else if (!FIELD_EX32(value, OSCCON, OSWEN)) {
        timer_del(s->switch_timer);     /* given up */
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

    if (osc_needs_key(offset) && !pic32_cfg_unlocked(s->cfg)) {
        pic32_sfr_refuse(&s->osc, offset, old, "SYSKEY is locked");
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

static const PIC32SfrOps osc_ops = { .read = osc_read, .write = osc_write };

/* Device */

static void cru_reset(DeviceState *dev)
{
    PIC32Cru *s = PIC32_CRU(dev);
    uint32_t rcon = cru_rcon_after(s->next_cause,
                                   pic32_sfr_get(&s->osc, A_RCON));
    uint32_t devcfg2 = pic32_cfg_devcfg(s->cfg, 2);
    uint32_t fnosc = FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, FNOSC);
    uint32_t value;

    s->cause = s->next_cause;
    s->next_cause = PIC32_RESET_MCLR;   /* what a reset from outside is */
    timer_del(s->switch_timer);
    timer_del(s->nmi_timer);
    pic32_sfr_reset(&s->osc);

    value = FIELD_DP32(0, OSCCON, COSC, fnosc);
    value = FIELD_DP32(value, OSCCON, NOSC, fnosc);
    value = FIELD_DP32(value, OSCCON, SOSCEN,
                       FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, FSOSCEN));
    pic32_sfr_set(&s->osc, A_OSCCON, value);
    /* DEVCFG2 has the PLL fields of SPLLCON, two of them elsewhere */
    value = devcfg2 & 0x87;
    value = FIELD_DP32(value, SPLLCON, PLLIDIV, devcfg2 & 7);
    value = deposit32(value, 0, 3, extract32(devcfg2, 4, 3));
    value = FIELD_DP32(value, SPLLCON, PLLMULT, extract32(devcfg2, 8, 7));
    value = FIELD_DP32(value, SPLLCON, PLLODIV, extract32(devcfg2, 16, 3));
    pic32_sfr_set(&s->osc, A_SPLLCON, value);
    pic32_sfr_set(&s->osc, A_RCON, rcon);
    cru_update_clocks(s);
}

static void cru_init(Object *obj)
{
    PIC32Cru *s = PIC32_CRU(obj);
    unsigned i;

    pic32_sfr_init(&s->osc, obj, TYPE_PIC32_CRU, OSC_SIZE, osc_defs,
                   ARRAY_SIZE(osc_defs), &osc_ops, s);
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
    PIC32Cru *s = PIC32_CRU(dev);

    if (!s->cpu || !s->cfg) {
        error_setg(errp, "%s: link 'cpu' or 'cfg' is not set", TYPE_PIC32_CRU);
    }
}

static const VMStateDescription vmstate_cru = {
    .name = TYPE_PIC32_CRU,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(osc, PIC32Cru),
        VMSTATE_UINT32(cause, PIC32Cru),
        VMSTATE_UINT32(next_cause, PIC32Cru),
        VMSTATE_UINT32(nmi_cause, PIC32Cru),
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
    DEFINE_PROP_LINK("cfg", PIC32Cru, cfg, TYPE_PIC32_CFG, PIC32Cfg *),
    DEFINE_PROP_UINT32("posc-hz", PIC32Cru, posc_hz, 24000000),
    DEFINE_PROP_UINT32("sosc-hz", PIC32Cru, sosc_hz, 32768),
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

static const TypeInfo cru_types[] = {
    {
        .name = TYPE_PIC32_CRU,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Cru),
        .instance_init = cru_init,
        .class_init = cru_class_init,
    },
};

DEFINE_TYPES(cru_types)
