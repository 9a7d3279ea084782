/*
 * PIC32MZ watchdog timer
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 16 and DS60001114
 * (PIC32 Family Reference Manual, section 9).
 *
 * Counts LPRC / 32; times out after 2^RUNDIV counts. A half-word write of the
 * key 0x5743 to WDTCLRKEY, and nothing else, clears it; in window mode only in
 * the last part of the period (DEVCFG1.FWDTWINSZ). A time-out or a violation
 * goes to the clock and reset unit, which gives an NMI and then the reset.
 *
 * In sleep it counts on, and a time-out is an NMI that wakes the core and resets
 * nothing (pic32mz_sleep.c); in idle it is as awake.
 *
 * Left out: DEVCFG1.WDTSPGM (stop while flash is programmed).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/clock.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_cru.h"
#include "pic32mz_sfr.h"
#include "pic32mz_wdt.h"

REG32(WDTCON, 0x00)
    FIELD(WDTCON, WDTWINEN, 0, 1)
    FIELD(WDTCON, RUNDIV, 8, 5)
    FIELD(WDTCON, ON, 15, 1)
    FIELD(WDTCON, WDTCLRKEY, 16, 16)

/* DEVCFG1 */
FIELD(DEVCFG1, WDTPS, 16, 5)
FIELD(DEVCFG1, WINDIS, 22, 1)
FIELD(DEVCFG1, FWDTEN, 23, 1)
FIELD(DEVCFG1, FWDTWINSZ, 24, 2)

#define MMIO_SIZE       0x200
#define CLEAR_KEY       0x5743
#define CLEAR_KEY_AT    2           /* WDTCLRKEY's half-word */
#define PRESCALER       32          /* LPRC cycles a count */
#define RUNDIV_MAX      20          /* 1:1048576; more is reserved */

struct PIC32Wdt {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *lprc;
    PIC32Cru *cru;
    QEMUTimer *timer;
    uint64_t count;                 /* LPRC cycles since the last clear, */
    int64_t count_time;             /* as of this virtual time */
};

static bool wdt_on(PIC32Wdt *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->regs, A_WDTCON), WDTCON, ON);
}

static uint64_t wdt_period(PIC32Wdt *s)
{
    unsigned rundiv = FIELD_EX32(pic32_sfr_get(&s->regs, A_WDTCON), WDTCON,
                                 RUNDIV);

    return (uint64_t)PRESCALER << MIN(rundiv, RUNDIV_MAX);
}

/* LPRC cycles after a clear before the next one is welcome. */
static uint64_t wdt_window_opens(PIC32Wdt *s)
{
    /* FWDTWINSZ: the window is the last 75, 50, 37.5 or 25 % */
    static const unsigned closed_eighths[] = { 2, 4, 5, 6 };
    uint32_t devcfg1 = pic32_cfg_devcfg(s->cru->cfg, 1);
    uint32_t wdtcon = pic32_sfr_get(&s->regs, A_WDTCON);

    if (FIELD_EX32(devcfg1, DEVCFG1, WINDIS) &&
        !FIELD_EX32(wdtcon, WDTCON, WDTWINEN)) {
        return 0;
    }
    return wdt_period(s) / 8 *
           closed_eighths[FIELD_EX32(devcfg1, DEVCFG1, FWDTWINSZ)];
}

static void wdt_run(PIC32Wdt *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint64_t cycles = clock_ns_to_ticks(s->lprc, now - s->count_time);

    if (wdt_on(s) && clock_is_enabled(s->lprc)) {
        s->count += cycles;
        s->count_time += clock_ticks_to_ns(s->lprc, cycles);
    } else {
        s->count_time = now;
    }
}

static void wdt_arm(PIC32Wdt *s)
{
    uint64_t period = wdt_period(s);
    int64_t rest;

    if (!wdt_on(s) || !clock_is_enabled(s->lprc)) {
        timer_del(s->timer);
        return;
    }
    /* one ns more, as both conversions round down */
    rest = clock_ticks_to_ns(s->lprc,
                             s->count < period ? period - s->count : 0) + 1;
    timer_mod(s->timer, s->count_time + rest);
}

static void wdt_clear(PIC32Wdt *s)
{
    s->count = 0;
    s->count_time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    wdt_arm(s);
}

static void wdt_timed_out(void *opaque)
{
    PIC32Wdt *s = opaque;

    wdt_clear(s);
    pic32_cru_nmi(s->cru, PIC32_RESET_WATCHDOG);
}

static void wdt_clear_key_written(PIC32Wdt *s, uint16_t key)
{
    if (key != CLEAR_KEY) {
        qemu_log_mask(LOG_GUEST_ERROR, "WDT: wrong key 0x%04x in WDTCLRKEY\n",
                      key);
        return;
    }
    wdt_run(s);
    if (wdt_on(s) && s->count < wdt_window_opens(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "WDT: cleared before the window is"
                      " open, at %" PRIu64 " of %" PRIu64 " LPRC cycles\n",
                      s->count, wdt_window_opens(s));
        wdt_timed_out(s);
        return;
    }
    wdt_clear(s);
}

static void wdt_clock_update(void *opaque, ClockEvent event)
{
    PIC32Wdt *s = opaque;

    if (event == ClockPreUpdate) {
        wdt_run(s);
    } else {
        wdt_arm(s);
    }
}

/* --- registers */

/* Only a half-word write of its own reaches WDTCLRKEY. */
static bool wdt_before_write(void *opaque, hwaddr addr, uint32_t data,
                             unsigned size)
{
    if (addr == CLEAR_KEY_AT && size == 2) {
        wdt_clear_key_written(opaque, data);
        return true;
    }
    return false;
}

static void wdt_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Wdt *s = opaque;

    /* ON is the firmware's only where the configuration leaves it off */
    if (FIELD_EX32(pic32_cfg_devcfg(s->cru->cfg, 1), DEVCFG1, FWDTEN)) {
        value |= R_WDTCON_ON_MASK;
    }
    pic32_sfr_set(&s->regs, offset, old);
    wdt_run(s);
    pic32_sfr_set(&s->regs, offset, value);
    if (value & ~old & R_WDTCON_ON_MASK) {
        wdt_clear(s);
    } else {
        wdt_arm(s);
    }
}

static const PIC32SfrDef wdt_defs[] = {
    {
        "WDTCON", A_WDTCON,
        .writable = R_WDTCON_WDTWINEN_MASK | R_WDTCON_ON_MASK,
    },
};

static const PIC32SfrOps wdt_ops = {
    .before_write = wdt_before_write,
    .write = wdt_write,
};

/* DS60001320 register 16-1: RUNDIV and ON come from DEVCFG1 */
static void wdt_reset_hold(Object *obj)
{
    PIC32Wdt *s = PIC32_WDT(obj);
    uint32_t devcfg1 = pic32_cfg_devcfg(s->cru->cfg, 1);
    uint32_t wdtcon = 0;

    wdtcon = FIELD_DP32(wdtcon, WDTCON, RUNDIV,
                        FIELD_EX32(devcfg1, DEVCFG1, WDTPS));
    wdtcon = FIELD_DP32(wdtcon, WDTCON, ON,
                        FIELD_EX32(devcfg1, DEVCFG1, FWDTEN));
    pic32_sfr_set(&s->regs, A_WDTCON, wdtcon);
    wdt_clear(s);
}

static void wdt_init(Object *obj)
{
    PIC32Wdt *s = PIC32_WDT(obj);

    s->lprc = qdev_init_clock_in(DEVICE(obj), "lprc", wdt_clock_update, s,
                                 ClockPreUpdate | ClockUpdate);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_WDT, MMIO_SIZE, wdt_defs,
                   ARRAY_SIZE(wdt_defs), &wdt_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, wdt_timed_out, s);
}

static void wdt_realize(DeviceState *dev, Error **errp)
{
    if (!PIC32_WDT(dev)->cru) {
        error_setg(errp, "%s: link 'cru' is not set", TYPE_PIC32_WDT);
    }
}

static const VMStateDescription vmstate_wdt = {
    .name = TYPE_PIC32_WDT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Wdt),
        VMSTATE_CLOCK(lprc, PIC32Wdt),
        VMSTATE_TIMER_PTR(timer, PIC32Wdt),
        VMSTATE_UINT64(count, PIC32Wdt),
        VMSTATE_INT64(count_time, PIC32Wdt),
        VMSTATE_END_OF_LIST()
    }
};

static Property wdt_properties[] = {
    DEFINE_PROP_LINK("cru", PIC32Wdt, cru, TYPE_PIC32_CRU, PIC32Cru *),
    DEFINE_PROP_END_OF_LIST(),
};

static void wdt_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = wdt_realize;
    dc->vmsd = &vmstate_wdt;
    dc->desc = "PIC32MZ watchdog timer";
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.hold = wdt_reset_hold;
    device_class_set_props(dc, wdt_properties);
}

static const TypeInfo wdt_types[] = {
    {
        .name = TYPE_PIC32_WDT,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Wdt),
        .instance_init = wdt_init,
        .class_init = wdt_class_init,
    },
};

DEFINE_TYPES(wdt_types)
