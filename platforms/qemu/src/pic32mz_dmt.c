/*
 * PIC32MZ deadman timer
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 15 and DS60001114
 * (PIC32 Family Reference Manual, section 9): the count, its window and the
 * clear sequence.
 *
 * Counts instructions: with -icount those that the core has executed, and so
 * none while it waits in WAIT; without, one a SYSCLK cycle. At DMTPSCNT, or
 * at a wrong step of the clear sequence (0x40 to DMTPRECLR.STEP1, then 0x08
 * to DMTCLR.STEP2, with the window open), it has its event and stops until the
 * next reset. The event goes to the clock and reset unit: NMI, then reset.
 *
 * Left out: a core that sleeps may notice the end up to a millisecond late.
 * Correct STEP2 without STEP1, or before the window, is taken as BAD2.
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
#include "sysemu/cpu-timers.h"
#include "pic32mz_cru.h"
#include "pic32mz_dmt.h"
#include "pic32mz_sfr.h"

REG32(DMTCON, 0x00)
    FIELD(DMTCON, ON, 15, 1)
REG32(DMTPRECLR, 0x10)
    FIELD(DMTPRECLR, STEP1, 8, 8)
REG32(DMTCLR, 0x20)
    FIELD(DMTCLR, STEP2, 0, 8)
REG32(DMTSTAT, 0x30)
    FIELD(DMTSTAT, WINOPN, 0, 1)
    FIELD(DMTSTAT, DMTEVENT, 5, 1)
    FIELD(DMTSTAT, BAD2, 6, 1)
    FIELD(DMTSTAT, BAD1, 7, 1)
REG32(DMTCNT, 0x40)
REG32(DMTPSCNT, 0x60)
REG32(DMTPSINTV, 0x70)

/* DEVCFG1 */
FIELD(DEVCFG1, DMTINTV, 3, 3)
FIELD(DEVCFG1, DMTCNT, 26, 5)
FIELD(DEVCFG1, FDMTEN, 31, 1)

#define MMIO_SIZE       0x200
#define STEP1_KEY       0x40
#define STEP2_KEY       0x08
#define DMTCNT_MAX      23          /* 2^31 instructions; more is reserved */
#define ASLEEP_POLL_MAX (1 * SCALE_MS)

struct PIC32Dmt {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *sysclk;
    PIC32Cru *cru;
    QEMUTimer *timer;
    uint64_t count;             /* instructions since the last clear, */
    int64_t count_mark;         /* as of this reading of dmt_now() */
    int64_t poll;               /* ns between looks at a core that sleeps */
};

static uint32_t dmt_limit(PIC32Dmt *s)
{
    return pic32_sfr_get(&s->regs, A_DMTPSCNT);
}

static bool dmt_counting(PIC32Dmt *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->regs, A_DMTCON), DMTCON, ON) &&
           !FIELD_EX32(pic32_sfr_get(&s->regs, A_DMTSTAT), DMTSTAT, DMTEVENT);
}

/* What the counter is driven by: instructions, or without -icount time. */
static int64_t dmt_now(void)
{
    return icount_enabled() ? icount_get_raw()
                            : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void dmt_run(PIC32Dmt *s)
{
    int64_t now = dmt_now();
    int64_t passed = now - s->count_mark;

    s->count_mark = now;
    if (!dmt_counting(s)) {
        return;
    }
    if (!icount_enabled()) {
        int64_t ns = passed;

        passed = clock_ns_to_ticks(s->sysclk, ns);
        if (clock_is_enabled(s->sysclk)) {
            /* a cycle that has begun counts when it ends */
            s->count_mark -= ns - clock_ticks_to_ns(s->sysclk, passed);
        }
    }
    s->count = MIN(s->count + passed, dmt_limit(s));
}

/* Sets the timer for when the limit can be reached at the earliest. */
static void dmt_arm(PIC32Dmt *s)
{
    uint64_t rest = dmt_limit(s) - MIN(s->count, dmt_limit(s));
    int64_t ns;

    if (!dmt_counting(s)) {
        timer_del(s->timer);
        return;
    }
    if (icount_enabled()) {
        ns = icount_to_ns(rest);
    } else if (clock_is_enabled(s->sysclk)) {
        ns = clock_ticks_to_ns(s->sysclk, rest) + 1;
    } else {
        timer_del(s->timer);
        return;
    }
    timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                        MAX(ns, s->poll));
}

static void dmt_clear(PIC32Dmt *s)
{
    s->count = 0;
    s->count_mark = dmt_now();
    s->poll = 1;
    dmt_arm(s);
}

static void dmt_event(PIC32Dmt *s, uint32_t flags)
{
    uint32_t stat = pic32_sfr_get(&s->regs, A_DMTSTAT);

    dmt_run(s);
    pic32_sfr_set(&s->regs, A_DMTSTAT,
                  stat | flags | R_DMTSTAT_DMTEVENT_MASK);
    timer_del(s->timer);
    pic32_cru_nmi(s->cru, PIC32_RESET_DEADMAN);
}

static void dmt_expired(void *opaque)
{
    PIC32Dmt *s = opaque;
    uint64_t before = s->count;

    dmt_run(s);
    if (s->count >= dmt_limit(s)) {
        dmt_event(s, 0);
        return;
    }
    /* Time has passed but fewer instructions: the core was in WAIT. */
    s->poll = s->count == before ? MIN(s->poll * 2, ASLEEP_POLL_MAX) : 1;
    dmt_arm(s);
}

static void dmt_clock_update(void *opaque, ClockEvent event)
{
    PIC32Dmt *s = opaque;

    if (event == ClockPreUpdate) {
        dmt_run(s);
    } else {
        dmt_arm(s);
    }
}

static bool dmt_window_open(PIC32Dmt *s)
{
    dmt_run(s);
    return s->count >= pic32_sfr_get(&s->regs, A_DMTPSINTV);
}

/* --- registers */

static void dmt_write_step1(PIC32Dmt *s, uint8_t step1)
{
    if (step1 != STEP1_KEY) {
        qemu_log_mask(LOG_GUEST_ERROR, "DMT: wrong STEP1 0x%02x\n", step1);
        dmt_event(s, R_DMTSTAT_BAD1_MASK);
    }
}

static void dmt_write_step2(PIC32Dmt *s, uint8_t step2)
{
    uint8_t step1 = FIELD_EX32(pic32_sfr_get(&s->regs, A_DMTPRECLR),
                               DMTPRECLR, STEP1);

    if (step2 == STEP2_KEY && step1 == STEP1_KEY && dmt_window_open(s)) {
        pic32_sfr_set(&s->regs, A_DMTPRECLR, 0);
        pic32_sfr_set(&s->regs, A_DMTCLR, 0);
        dmt_clear(s);
        return;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "DMT: STEP2 0x%02x after STEP1 0x%02x%s\n",
                  step2, step1,
                  dmt_window_open(s) ? "" : ", and the window is shut");
    dmt_event(s, R_DMTSTAT_BAD2_MASK);
}

static void dmt_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Dmt *s = opaque;

    switch (offset) {
    case A_DMTCON:
        if (FIELD_EX32(pic32_cfg_devcfg(s->cru->cfg, 1), DEVCFG1, FDMTEN)) {
            value |= R_DMTCON_ON_MASK;
        }
        pic32_sfr_set(&s->regs, A_DMTCON, old);
        dmt_run(s);
        pic32_sfr_set(&s->regs, A_DMTCON, value);
        dmt_arm(s);
        break;
    case A_DMTPRECLR:
        if (dmt_counting(s)) {
            dmt_write_step1(s, FIELD_EX32(value, DMTPRECLR, STEP1));
        }
        break;
    case A_DMTCLR:
        if (dmt_counting(s)) {
            dmt_write_step2(s, FIELD_EX32(value, DMTCLR, STEP2));
        }
        break;
    }
}

static uint32_t dmt_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Dmt *s = opaque;
    uint32_t value = pic32_sfr_get(&s->regs, offset);

    switch (offset) {
    case A_DMTCNT:
        dmt_run(s);
        return s->count;
    case A_DMTSTAT:
        return FIELD_DP32(value, DMTSTAT, WINOPN,
                          dmt_counting(s) && dmt_window_open(s));
    default:
        return value;
    }
}

static const PIC32SfrDef dmt_defs[] = {
    {
        "DMTCON", A_DMTCON, .writable = R_DMTCON_ON_MASK, .plain = true,
    },
    {
        "DMTPRECLR", A_DMTPRECLR, .writable = R_DMTPRECLR_STEP1_MASK,
        .plain = true,
    },
    {
        "DMTCLR", A_DMTCLR, .writable = R_DMTCLR_STEP2_MASK, .plain = true,
    },
    { "DMTSTAT", A_DMTSTAT, .plain = true },
    { "DMTCNT", A_DMTCNT, .plain = true },
    { "DMTPSCNT", A_DMTPSCNT, .plain = true },
    { "DMTPSINTV", A_DMTPSINTV, .plain = true },
};

static const PIC32SfrOps dmt_ops = {
    .read = dmt_read,
    .write = dmt_write,
};

/* DS60001320 registers 15-6 and 15-7: limit and window come from DEVCFG1 */
static void dmt_reset_hold(Object *obj)
{
    PIC32Dmt *s = PIC32_DMT(obj);
    uint32_t devcfg1 = pic32_cfg_devcfg(s->cru->cfg, 1);
    unsigned cnt = MIN(FIELD_EX32(devcfg1, DEVCFG1, DMTCNT), DMTCNT_MAX);
    unsigned intv = FIELD_EX32(devcfg1, DEVCFG1, DMTINTV);
    uint32_t limit = 1u << (8 + cnt);

    pic32_sfr_reset(&s->regs);
    pic32_sfr_set(&s->regs, A_DMTCON,
                  FIELD_DP32(0, DMTCON, ON,
                             FIELD_EX32(devcfg1, DEVCFG1, FDMTEN)));
    pic32_sfr_set(&s->regs, A_DMTPSCNT, limit);
    /* 0, 1/2, 3/4, ... 127/128 of the limit */
    pic32_sfr_set(&s->regs, A_DMTPSINTV, limit - (limit >> intv));
    dmt_clear(s);
}

static void dmt_init(Object *obj)
{
    PIC32Dmt *s = PIC32_DMT(obj);

    s->sysclk = qdev_init_clock_in(DEVICE(obj), "sysclk", dmt_clock_update, s,
                                   ClockPreUpdate | ClockUpdate);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_DMT, MMIO_SIZE, dmt_defs,
                   ARRAY_SIZE(dmt_defs), &dmt_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, dmt_expired, s);
}

static void dmt_realize(DeviceState *dev, Error **errp)
{
    if (!PIC32_DMT(dev)->cru) {
        error_setg(errp, "%s: link 'cru' is not set", TYPE_PIC32_DMT);
    }
}

static const VMStateDescription vmstate_dmt = {
    .name = TYPE_PIC32_DMT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Dmt),
        VMSTATE_CLOCK(sysclk, PIC32Dmt),
        VMSTATE_TIMER_PTR(timer, PIC32Dmt),
        VMSTATE_UINT64(count, PIC32Dmt),
        VMSTATE_INT64(count_mark, PIC32Dmt),
        VMSTATE_INT64(poll, PIC32Dmt),
        VMSTATE_END_OF_LIST()
    }
};

static Property dmt_properties[] = {
    DEFINE_PROP_LINK("cru", PIC32Dmt, cru, TYPE_PIC32_CRU, PIC32Cru *),
    DEFINE_PROP_END_OF_LIST(),
};

static void dmt_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = dmt_realize;
    dc->vmsd = &vmstate_dmt;
    dc->desc = "PIC32MZ deadman timer";
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.hold = dmt_reset_hold;
    device_class_set_props(dc, dmt_properties);
}

static const TypeInfo dmt_types[] = {
    {
        .name = TYPE_PIC32_DMT,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Dmt),
        .instance_init = dmt_init,
        .class_init = dmt_class_init,
    },
};

DEFINE_TYPES(dmt_types)
