/*
 * PIC32MZ clock and reset unit
 *
 * PIC32 Family Reference Manual, section 42 (oscillators with enhanced PLL,
 * DS60001250), and DS60001320 chapter 8. This file is the device and its
 * oscillators; the reference clocks, resets and sleep have files of their own.
 *
 * A crystal of the board may stop (see the panel). With the fail-safe clock
 * monitor on, SYSCLK becomes the back-up FRC, with CF set and an NMI; without,
 * the chip stands still until the crystal or a reset. An oscillator that is
 * not there at reset is told to the log, and the FRC takes its place.
 *
 * Left out: two-speed start-up after power-on (IESO): the chip starts with the
 * clock of DEVCFG1, and only SLP2SPD after sleep is modelled; the steps of a
 * slewed clock (SLWDIV): SYSDIV counts at once; the time that SOSC takes to
 * start; limits of the PLL's frequencies (PLLRANGE).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_cru_internal.h"

/* Fields of the configuration words */
FIELD(DEVCFG1, FNOSC, 0, 3)
FIELD(DEVCFG1, FSOSCEN, 6, 1)
FIELD(DEVCFG1, POSCMOD, 8, 2)
FIELD(DEVCFG1, SWITCH_ENABLED, 14, 1)
FIELD(DEVCFG1, MONITOR_ENABLED, 15, 1)

#define OSC_SIZE        0x200
#define POSCMOD_OFF     3

#define FRC_HZ          8000000
#define FRC_TUN_HZ      5000        /* a step of OSCTUN: 2 % are 32 of them */
#define LPRC_HZ         32768

/* Oscillator start-up is over in this time; the PLL locks in the longer one. */
#define SWITCH_NS       2000
#define PLL_LOCK_NS     100000
#define POSC_START_CYCLES 1024

enum {
    NOSC_FRCDIV, NOSC_SPLL, NOSC_POSC, NOSC_RESERVED, NOSC_SOSC, NOSC_LPRC,
    NOSC_BFRC, NOSC_FRCDIV7,
};

#define PBDIV_WRITABLE  0x0000807f
#define PBDIV_BY_2      0x00008801
#define PBDIV_BY_1      0x00008800
#define REFOCON_FIELDS  0x7fffba0f      /* ACTIVE is the chip's */

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

static uint64_t cru_frc_hz(PIC32Cru *s)
{
    int32_t tun = sextract32(pic32_sfr_get(&s->osc, A_OSCTUN),
                             R_OSCTUN_TUN_SHIFT, R_OSCTUN_TUN_LENGTH);

    return FRC_HZ + tun * FRC_TUN_HZ;
}

static uint64_t cru_posc_hz(PIC32Cru *s)
{
    bool off = FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, POSCMOD) ==
               POSCMOD_OFF;

    return off || s->crystal_stopped[PIC32_CRYSTAL_POSC] ? 0 : s->posc_hz;
}

static uint64_t cru_sosc_hz(PIC32Cru *s)
{
    bool on = FIELD_EX32(pic32_sfr_get(&s->osc, A_OSCCON), OSCCON, SOSCEN);

    return on && !s->crystal_stopped[PIC32_CRYSTAL_SOSC] ? s->sosc_hz : 0;
}

static uint64_t cru_spll_hz(PIC32Cru *s)
{
    uint32_t pll = pic32_sfr_get(&s->osc, A_SPLLCON);
    unsigned odiv = FIELD_EX32(pll, SPLLCON, PLLODIV);
    uint64_t in = FIELD_EX32(pll, SPLLCON, PLLICLK) ? cru_frc_hz(s)
                                                    : cru_posc_hz(s);

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
        return cru_frc_hz(s) >>
               frcdiv_shift[FIELD_EX32(osccon, OSCCON, FRCDIV)];
    case NOSC_SPLL:
        return cru_spll_hz(s);
    case NOSC_POSC:
        return cru_posc_hz(s);
    case NOSC_SOSC:
        return cru_sosc_hz(s);
    case NOSC_LPRC:
        return LPRC_HZ;
    case NOSC_BFRC:
        return FRC_HZ;
    default:
        return 0;
    }
}

static unsigned cru_cosc(PIC32Cru *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->osc, A_OSCCON), OSCCON, COSC);
}

int64_t cru_start_ns(PIC32Cru *s, unsigned nosc)
{
    uint64_t posc_hz = cru_posc_hz(s);

    switch (nosc) {
    case NOSC_SPLL:
        return PLL_LOCK_NS;
    case NOSC_POSC:
        return posc_hz ? POSC_START_CYCLES * NANOSECONDS_PER_SECOND / posc_hz
                       : SWITCH_NS;
    default:
        return SWITCH_NS;
    }
}

static void cru_update_clkstat(PIC32Cru *s)
{
    uint32_t stat = 0;

    stat = FIELD_DP32(stat, CLKSTAT, FRCRDY, 1);
    stat = FIELD_DP32(stat, CLKSTAT, LPRCRDY, 1);
    stat = FIELD_DP32(stat, CLKSTAT, SPLLRDY, cru_spll_hz(s) != 0);
    stat = FIELD_DP32(stat, CLKSTAT, POSCRDY, cru_posc_hz(s) != 0);
    stat = FIELD_DP32(stat, CLKSTAT, SOSCRDY, cru_sosc_hz(s) != 0);
    pic32_sfr_set(&s->osc, A_CLKSTAT, stat);
}

/* SYSCLK and, unless they stand still, what is made of it. */
static void cru_update_system(PIC32Cru *s, uint64_t hz)
{
    bool runs = s->mode != PIC32_POWER_SLEEP && !s->stalled;
    uint32_t slewcon = pic32_sfr_get(&s->osc, A_SLEWCON);
    uint32_t pb7div = pic32_sfr_get(&s->osc, A_PB7DIV);
    unsigned sysdiv = FIELD_EX32(slewcon, SLEWCON, SYSDIV) + 1;
    uint64_t period = runs ? CLOCK_PERIOD_FROM_HZ(hz) * sysdiv : 0;
    /* the core's clock is PBCLK7 */
    uint32_t core_hz = hz / sysdiv / (FIELD_EX32(pb7div, PB1DIV, PBDIV) + 1);
    unsigned i;

    if (runs && core_hz != s->core_hz) {
        s->core_hz = core_hz;
        m5150_set_sysclk(s->cpu, core_hz);      /* Count begins a tick anew */
    }
    clock_update(s->sysclk, period);
    for (i = 0; i < PIC32_PBCLKS; i++) {
        uint32_t div = pic32_sfr_get(&s->osc, A_PB1DIV + i * 0x10);
        bool on = i == 0 || FIELD_EX32(div, PB1DIV, ON);

        /* in periods: a third of 8 MHz is no whole number of Hz */
        clock_update(s->pbclk[i],
                     on ? period * (FIELD_EX32(div, PB1DIV, PBDIV) + 1) : 0);
    }
}

void cru_update_clocks(PIC32Cru *s)
{
    uint64_t hz = s->on_frc ? cru_frc_hz(s) : cru_source_hz(s, cru_cosc(s));
    bool asleep = s->mode == PIC32_POWER_SLEEP;

    if (!hz && !s->stalled) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: the selected oscillator does not "
                      "run, SYSCLK is the FRC\n", TYPE_PIC32_CRU);
        hz = FRC_HZ;
    }
    cru_update_system(s, hz);
    clock_update_hz(s->frc, cru_frc_hz(s));
    clock_update_hz(s->lprc, LPRC_HZ);
    clock_update_hz(s->sosc, cru_sosc_hz(s));
    /* in sleep these two run on for a reference clock only */
    clock_update_hz(s->posc, asleep && !cru_refo_asleep(s, ROSEL_POSC)
                             ? 0 : cru_posc_hz(s));
    clock_update_hz(s->spll, asleep && !cru_refo_asleep(s, ROSEL_SPLL)
                             ? 0 : cru_spll_hz(s));
    cru_refo_update(s);
    cru_update_clkstat(s);
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
    timer_mod(s->switch_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              cru_start_ns(s, FIELD_EX32(osccon, OSCCON, NOSC)));
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

/* The crystal that SYSCLK comes from has stopped (FRM 42.3.7). */
static void cru_lose_sysclk(PIC32Cru *s)
{
    uint32_t osccon = pic32_sfr_get(&s->osc, A_OSCCON);

    if (!FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, MONITOR_ENABLED)) {
        s->stalled = true;
        m5150_stop(s->cpu);
        cru_update_clocks(s);
        return;
    }
    osccon = FIELD_DP32(osccon, OSCCON, COSC, NOSC_BFRC);
    osccon = FIELD_DP32(osccon, OSCCON, OSWEN, 0);
    osccon = FIELD_DP32(osccon, OSCCON, CF, 1);
    pic32_sfr_set(&s->osc, A_OSCCON, osccon);
    timer_del(s->switch_timer);
    cru_update_clocks(s);
    cru_clock_failed(s);
}

void pic32_cru_set_crystal(PIC32Cru *s, PIC32Crystal crystal, bool runs)
{
    bool had_sysclk = cru_source_hz(s, cru_cosc(s));
    bool before = m5150_begin_change(s->cpu);
    bool has_sysclk;

    s->crystal_stopped[crystal] = !runs;
    has_sysclk = cru_source_hz(s, cru_cosc(s));
    if (had_sysclk && !has_sysclk && s->mode != PIC32_POWER_SLEEP &&
        !s->mclr_low) {
        cru_lose_sysclk(s);
    } else if (s->stalled && has_sysclk) {
        s->stalled = false;
        cru_update_clocks(s);
        m5150_go(s->cpu);
    } else {
        cru_update_clocks(s);
    }
    m5150_end_change(s->cpu, before);
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

    if (offset == A_RSWRST) {
        cru_read_rswrst(s);
    }
    return pic32_sfr_get(&s->osc, offset);
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
        if (cru_cosc(s) == NOSC_SPLL) {
            pic32_sfr_refuse(&s->osc, offset, old, "SYSCLK is the PLL");
            break;
        }
        cru_update_clocks(s);
        break;
    case A_OSCTUN:
    case A_SLEWCON:
    case A_PB1DIV ... A_PB8DIV:
        cru_update_clocks(s);
        break;
    case A_REFO1CON ... A_REFO4TRIM:
        cru_refo_write(s, offset, old, value);
        break;
    case A_RNMICON:
        cru_write_rnmicon(s, old, value);
        break;
    default:
        break;
    }
}

static const PIC32SfrOps osc_ops = { .read = osc_read, .write = osc_write };

/* Device */

static void cru_pmd_changed(Notifier *watch, void *data)
{
    cru_refo_update(container_of(watch, PIC32Cru, pmd_watch));
}

static void cru_reset(DeviceState *dev)
{
    PIC32Cru *s = PIC32_CRU(dev);
    uint32_t rcon = pic32_sfr_get(&s->osc, A_RCON);
    uint32_t devcfg2 = pic32_cfg_devcfg(s->cfg, 2);
    uint32_t fnosc = FIELD_EX32(pic32_cfg_devcfg(s->cfg, 1), DEVCFG1, FNOSC);
    uint32_t value;

    timer_del(s->switch_timer);
    pic32_sfr_reset(&s->osc);
    cru_reset_begin(s, rcon);
    cru_refo_reset(s);
    cru_sleep_reset(s);
    s->stalled = false;

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
    for (i = 0; i < PIC32_REFCLKS; i++) {
        g_autofree char *name = g_strdup_printf("refclk%u", i + 1);
        g_autofree char *period = g_strdup_printf("%s-period", name);

        s->refclk[i] = qdev_init_clock_out(DEVICE(obj), name);
        object_property_add_uint64_ptr(obj, period, &s->refclk[i]->period,
                                       OBJ_PROP_FLAG_READ);
    }
    s->frc = qdev_init_clock_out(DEVICE(obj), "frc");
    s->lprc = qdev_init_clock_out(DEVICE(obj), "lprc");
    s->sosc = qdev_init_clock_out(DEVICE(obj), "sosc");
    s->posc = qdev_init_clock_out(DEVICE(obj), "posc");
    s->spll = qdev_init_clock_out(DEVICE(obj), "spll");
    s->switch_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cru_switch_done, s);
    cru_reset_init(s);
    cru_sleep_init(s);
}

static void cru_realize(DeviceState *dev, Error **errp)
{
    PIC32Cru *s = PIC32_CRU(dev);

    if (!s->cpu || !s->cfg) {
        error_setg(errp, "%s: link 'cpu' or 'cfg' is not set", TYPE_PIC32_CRU);
        return;
    }
    cru_sleep_realize(s);
    s->pmd_watch.notify = cru_pmd_changed;
    pic32_cfg_watch_pmd(s->cfg, &s->pmd_watch);
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
        VMSTATE_UINT8(mode, PIC32Cru),
        VMSTATE_BOOL(stalled, PIC32Cru),
        VMSTATE_BOOL(on_frc, PIC32Cru),
        VMSTATE_BOOL(mclr_low, PIC32Cru),
        VMSTATE_BOOL_ARRAY(crystal_stopped, PIC32Cru, PIC32_CRYSTALS),
        VMSTATE_UINT32(core_hz, PIC32Cru),
        VMSTATE_UINT32_ARRAY(refo_divider, PIC32Cru, PIC32_REFCLKS),
        VMSTATE_UINT64_ARRAY(refo_shown, PIC32Cru, PIC32_REFCLKS),
        VMSTATE_TIMER_PTR(switch_timer, PIC32Cru),
        VMSTATE_TIMER_PTR(nmi_timer, PIC32Cru),
        VMSTATE_TIMER_PTR(wake_timer, PIC32Cru),
        VMSTATE_CLOCK(sysclk, PIC32Cru),
        VMSTATE_ARRAY_CLOCK(pbclk, PIC32Cru, PIC32_PBCLKS),
        VMSTATE_ARRAY_CLOCK(refclk, PIC32Cru, PIC32_REFCLKS),
        VMSTATE_CLOCK(frc, PIC32Cru),
        VMSTATE_CLOCK(lprc, PIC32Cru),
        VMSTATE_CLOCK(sosc, PIC32Cru),
        VMSTATE_CLOCK(posc, PIC32Cru),
        VMSTATE_CLOCK(spll, PIC32Cru),
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
