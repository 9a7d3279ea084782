/*
 * PIC32MZ real-time clock and calendar
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 25 and DS60001125
 * (PIC32 Family Reference Manual, section 29).
 *
 * 32768 cycles of the secondary oscillator or of LPRC are a second, CAL more
 * or fewer a minute. The calendar knows leap years from 2000 to 2099. All of
 * it outlives every reset but power-on, where the chip leaves time and date
 * undefined: here they are 00:00:00 on Saturday, 1 January 2000, never the
 * host's. A digit that is none (BCD above 9) is kept until it rolls over.
 *
 * Left out: values that change while they are read near a rollover (RTCSYNC
 * and ALRMSYNC announce it, but reads are always whole).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_cru.h"
#include "pic32mz_ports.h"
#include "pic32mz_rtcc.h"
#include "pic32mz_sfr.h"
#include "pic32mz_ticks.h"

REG32(RTCCON, 0x00)
    FIELD(RTCCON, RTCOE, 0, 1)
    FIELD(RTCCON, HALFSEC, 1, 1)
    FIELD(RTCCON, RTCSYNC, 2, 1)
    FIELD(RTCCON, RTCWREN, 3, 1)
    FIELD(RTCCON, RTCCLKON, 6, 1)
    FIELD(RTCCON, RTCOUTSEL, 7, 2)
    FIELD(RTCCON, RTCCLKSEL, 9, 2)
    FIELD(RTCCON, SIDL, 13, 1)
    FIELD(RTCCON, ON, 15, 1)
    FIELD(RTCCON, CAL, 16, 10)
REG32(RTCALRM, 0x10)
    FIELD(RTCALRM, ARPT, 0, 8)
    FIELD(RTCALRM, AMASK, 8, 4)
    FIELD(RTCALRM, ALRMSYNC, 12, 1)
    FIELD(RTCALRM, PIV, 13, 1)
    FIELD(RTCALRM, CHIME, 14, 1)
    FIELD(RTCALRM, ALRMEN, 15, 1)
REG32(RTCTIME, 0x20)
REG32(RTCDATE, 0x30)
REG32(ALRMTIME, 0x40)
REG32(ALRMDATE, 0x50)

/* Two BCD digits each, in RTCTIME and ALRMTIME, RTCDATE and ALRMDATE */
FIELD(TIME, SEC, 8, 8)
FIELD(TIME, MIN, 16, 8)
FIELD(TIME, HR, 24, 8)
FIELD(DATE, WDAY, 0, 4)
FIELD(DATE, DAY, 8, 8)
FIELD(DATE, MONTH, 16, 8)
FIELD(DATE, YEAR, 24, 8)

#define MMIO_SIZE       0x200
#define SECOND          32768       /* cycles of the clock */
#define HALF            (SECOND / 2)
#define SYNC            32          /* cycles before a rollover */
#define SECONDS_BYTE    1           /* of RTCTIME */
#define FIRST_DATE      0x00010106  /* Saturday, 1 January 2000 */
#define RTCC_PIN        "RD0"

enum { CLKSEL_LPRC, CLKSEL_SOSC };
enum { OUTSEL_ALARM, OUTSEL_SECONDS, OUTSEL_CLOCK };

/* What an alarm compares: RTCALRM.AMASK */
enum {
    EVERY_HALF_SECOND, EVERY_SECOND, EVERY_10_SECONDS, EVERY_MINUTE,
    EVERY_10_MINUTES, EVERY_HOUR, EVERY_DAY, EVERY_WEEK, EVERY_MONTH,
    EVERY_YEAR, N_AMASKS,
};

struct PIC32Rtcc {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *sosc;
    Clock *lprc;
    PIC32Cru *cru;
    PIC32Ports *ports;
    qemu_irq irq;
    QEMUTimer *timer;           /* the next half second is over */
    int32_t phase;              /* cycles of this second that are over, */
    uint64_t counted;           /* with this many cycles counted */
    int64_t base_ns;            /* since this virtual time */
    int32_t pin_level;          /* as driven; -1: the pin is not ours */
    uint64_t pin_period;        /* of the clock on the pin; 0: a level */
};

static uint32_t rtcc_reg(PIC32Rtcc *s, hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset);
}

/* The clock that it counts now; NULL: it stands. */
static Clock *rtcc_clock(PIC32Rtcc *s)
{
    uint32_t con = rtcc_reg(s, A_RTCCON);
    unsigned source = FIELD_EX32(con, RTCCON, RTCCLKSEL);
    Clock *clock = source == CLKSEL_SOSC ? s->sosc
                   : source == CLKSEL_LPRC ? s->lprc : NULL;

    return FIELD_EX32(con, RTCCON, ON) && clock && clock_is_enabled(clock)
           ? clock : NULL;
}

/* Calendar */

/* The next value of two BCD digits; first after last, and *carry set. */
static uint8_t bcd_next(uint8_t value, uint8_t first, uint8_t last, bool *carry)
{
    *carry = value >= last;
    if (*carry) {
        return first;
    }
    return (value & 0xf) >= 9 ? (value & 0xf0) + 0x10 : value + 1;
}

static uint8_t rtcc_last_day(uint32_t date)
{
    static const uint8_t last[] = {
        0x31, 0x28, 0x31, 0x30, 0x31, 0x30, 0x31, 0x31, 0x30, 0x31, 0x30, 0x31,
    };
    uint8_t bcd = FIELD_EX32(date, DATE, MONTH);
    uint8_t year = FIELD_EX32(date, DATE, YEAR);
    unsigned month = (bcd >> 4) * 10 + (bcd & 0xf);

    if (month == 2 && ((year >> 4) * 10 + (year & 0xf)) % 4 == 0) {
        return 0x29;
    }
    return month >= 1 && month <= 12 ? last[month - 1] : 0x31;
}

static void rtcc_next_day(PIC32Rtcc *s)
{
    uint32_t date = rtcc_reg(s, A_RTCDATE);
    uint8_t value;
    bool carry;

    value = bcd_next(FIELD_EX32(date, DATE, WDAY), 0, 6, &carry);
    date = FIELD_DP32(date, DATE, WDAY, value);
    value = bcd_next(FIELD_EX32(date, DATE, DAY), 1, rtcc_last_day(date),
                     &carry);
    date = FIELD_DP32(date, DATE, DAY, value);
    if (carry) {
        value = bcd_next(FIELD_EX32(date, DATE, MONTH), 1, 0x12, &carry);
        date = FIELD_DP32(date, DATE, MONTH, value);
    }
    if (carry) {
        value = bcd_next(FIELD_EX32(date, DATE, YEAR), 0, 0x99, &carry);
        date = FIELD_DP32(date, DATE, YEAR, value);
    }
    pic32_sfr_set(&s->regs, A_RTCDATE, date);
}

static void rtcc_next_second(PIC32Rtcc *s)
{
    uint32_t time = rtcc_reg(s, A_RTCTIME);
    uint8_t value;
    bool carry;

    value = bcd_next(FIELD_EX32(time, TIME, SEC), 0, 0x59, &carry);
    time = FIELD_DP32(time, TIME, SEC, value);
    if (carry) {
        /* FRM 29.3.10: CAL pulses are added, once a minute */
        s->phase += sextract32(rtcc_reg(s, A_RTCCON), R_RTCCON_CAL_SHIFT,
                               R_RTCCON_CAL_LENGTH);
        value = bcd_next(FIELD_EX32(time, TIME, MIN), 0, 0x59, &carry);
        time = FIELD_DP32(time, TIME, MIN, value);
    }
    if (carry) {
        value = bcd_next(FIELD_EX32(time, TIME, HR), 0, 0x23, &carry);
        time = FIELD_DP32(time, TIME, HR, value);
    }
    pic32_sfr_set(&s->regs, A_RTCTIME, time);
    if (carry) {
        rtcc_next_day(s);
    }
}

/* Alarm and pin */

/* The clock itself on the pin, high for half of each cycle from now on. */
static void rtcc_show_clock(PIC32Rtcc *s, uint64_t period)
{
    PIC32Waveform waveform = {
        .start_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL),
        .period = period, .high = period / 2,
    };

    if (period != s->pin_period) {
        pic32_ports_override_waveform(s->ports, pic32_pin_parse(RTCC_PIN),
                                      &waveform);
        s->pin_period = period;
    }
}

static void rtcc_update_pin(PIC32Rtcc *s)
{
    uint32_t con = rtcc_reg(s, A_RTCCON);
    Clock *clock = rtcc_clock(s);
    int level = -1;

    if (FIELD_EX32(con, RTCCON, ON) && FIELD_EX32(con, RTCCON, RTCOE)) {
        switch (FIELD_EX32(con, RTCCON, RTCOUTSEL)) {
        case OUTSEL_ALARM:
            level = FIELD_EX32(rtcc_reg(s, A_RTCALRM), RTCALRM, PIV);
            break;
        case OUTSEL_SECONDS:
            level = s->phase < HALF;
            break;
        case OUTSEL_CLOCK:
            if (clock) {
                rtcc_show_clock(s, clock_get(clock));
                return;
            }
            level = 0;
            break;
        default:
            level = 0;
            break;
        }
    }
    if (level != s->pin_level || s->pin_period) {
        s->pin_level = level;
        s->pin_period = 0;
        pic32_ports_override(s->ports, pic32_pin_parse(RTCC_PIN), level);
    }
}

static bool rtcc_alarm_matches(PIC32Rtcc *s, bool second)
{
    static const struct {
        uint32_t time, date;
    } compared[N_AMASKS] = {
        [EVERY_10_SECONDS] = { 0x00000f00, 0 },
        [EVERY_MINUTE] = { 0x0000ff00, 0 },
        [EVERY_10_MINUTES] = { 0x000fff00, 0 },
        [EVERY_HOUR] = { 0x00ffff00, 0 },
        [EVERY_DAY] = { 0xffffff00, 0 },
        [EVERY_WEEK] = { 0xffffff00, R_DATE_WDAY_MASK },
        [EVERY_MONTH] = { 0xffffff00, R_DATE_DAY_MASK },
        [EVERY_YEAR] = { 0xffffff00, R_DATE_DAY_MASK | R_DATE_MONTH_MASK },
    };
    unsigned amask = FIELD_EX32(rtcc_reg(s, A_RTCALRM), RTCALRM, AMASK);

    if (amask >= N_AMASKS || (!second && amask != EVERY_HALF_SECOND)) {
        return false;
    }
    return !((rtcc_reg(s, A_RTCTIME) ^ rtcc_reg(s, A_ALRMTIME)) &
             compared[amask].time) &&
           !((rtcc_reg(s, A_RTCDATE) ^ rtcc_reg(s, A_ALRMDATE)) &
             compared[amask].date);
}

static void rtcc_alarm(PIC32Rtcc *s, bool second)
{
    uint32_t alarm = rtcc_reg(s, A_RTCALRM);
    unsigned left = FIELD_EX32(alarm, RTCALRM, ARPT);

    if (!FIELD_EX32(alarm, RTCALRM, ALRMEN) || !rtcc_alarm_matches(s, second)) {
        return;
    }
    alarm ^= R_RTCALRM_PIV_MASK;
    if (left || FIELD_EX32(alarm, RTCALRM, CHIME)) {
        alarm = FIELD_DP32(alarm, RTCALRM, ARPT, left - 1);
    } else {
        alarm &= ~R_RTCALRM_ALRMEN_MASK;
    }
    pic32_sfr_set(&s->regs, A_RTCALRM, alarm);
    qemu_irq_pulse(s->irq);
}

/* Time */

static int32_t rtcc_next_half(PIC32Rtcc *s)
{
    return s->phase < HALF ? HALF : SECOND;
}

/* Brings everything up to now: the halves of seconds that are over. */
static void rtcc_run(PIC32Rtcc *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    Clock *clock = rtcc_clock(s);
    uint64_t total;
    int64_t passed;

    if (!clock) {
        s->base_ns = now;
        s->counted = 0;
        return;
    }
    total = clock_ns_to_ticks(clock, now - s->base_ns);
    passed = total - s->counted;
    s->counted = total;
    while (s->phase + passed >= rtcc_next_half(s)) {
        passed -= rtcc_next_half(s) - s->phase;
        s->phase = rtcc_next_half(s) % SECOND;
        if (!s->phase) {
            rtcc_next_second(s);
        }
        rtcc_alarm(s, s->phase < HALF);
        rtcc_update_pin(s);
    }
    s->phase += passed;
}

static void rtcc_arm(PIC32Rtcc *s)
{
    Clock *clock = rtcc_clock(s);
    uint64_t end;

    if (!clock) {
        timer_del(s->timer);
        return;
    }
    end = s->counted + (rtcc_next_half(s) - s->phase);
    timer_mod(s->timer, s->base_ns + (int64_t)pic32_ticks_to_ns(clock, end));
}

/* From now on cycles are counted anew; what a second has stays. */
static void rtcc_rebase(PIC32Rtcc *s)
{
    s->base_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->counted = 0;
}

static void rtcc_half_over(void *opaque)
{
    PIC32Rtcc *s = opaque;

    rtcc_run(s);
    rtcc_arm(s);
}

static void rtcc_clock_event(void *opaque, ClockEvent event)
{
    PIC32Rtcc *s = opaque;

    if (event == ClockPreUpdate) {
        rtcc_run(s);
    } else {
        rtcc_rebase(s);
        rtcc_arm(s);
        rtcc_update_pin(s);
    }
}

/* Register access */

static bool rtcc_writable(PIC32Rtcc *s)
{
    return FIELD_EX32(rtcc_reg(s, A_RTCCON), RTCCON, RTCWREN);
}

static bool rtcc_before_write(void *opaque, hwaddr addr, uint32_t data,
                              unsigned size)
{
    PIC32Rtcc *s = opaque;
    unsigned byte = addr & 3;

    rtcc_run(s);
    if ((addr & ~0xf) == A_RTCTIME && rtcc_writable(s) &&
        byte <= SECONDS_BYTE && byte + size > SECONDS_BYTE) {
        s->phase = 0;   /* a write of the seconds clears what divides */
        rtcc_rebase(s);
    }
    return false;
}

static uint32_t rtcc_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Rtcc *s = opaque;
    bool runs = rtcc_clock(s);
    uint32_t value;

    rtcc_run(s);
    value = rtcc_reg(s, offset);
    switch (offset) {
    case A_RTCCON:
        value = FIELD_DP32(value, RTCCON, HALFSEC, s->phase >= HALF);
        value = FIELD_DP32(value, RTCCON, RTCSYNC,
                           runs && s->phase >= SECOND - SYNC);
        value = FIELD_DP32(value, RTCCON, RTCCLKON, runs);
        break;
    case A_RTCALRM:
        value = FIELD_DP32(value, RTCALRM, ALRMSYNC,
                           runs && s->phase >= rtcc_next_half(s) - SYNC);
        break;
    }
    return value;
}

static void rtcc_write_con(PIC32Rtcc *s, uint32_t old, uint32_t value)
{
    if ((value & ~old & R_RTCCON_RTCWREN_MASK) &&
        !pic32_cfg_unlocked(s->cru->cfg)) {
        pic32_sfr_refuse(&s->regs, A_RTCCON, value & ~R_RTCCON_RTCWREN_MASK,
                         "SYSKEY is locked");
        value = rtcc_reg(s, A_RTCCON);
    }
    if (((old ^ value) & R_RTCCON_ON_MASK) &&
        !(old & R_RTCCON_RTCWREN_MASK)) {
        pic32_sfr_refuse(&s->regs, A_RTCCON, value ^ R_RTCCON_ON_MASK,
                         "RTCWREN is clear");
        value = rtcc_reg(s, A_RTCCON);
    }
    if ((old ^ value) & (R_RTCCON_ON_MASK | R_RTCCON_RTCCLKSEL_MASK)) {
        rtcc_rebase(s);
    }
}

static void rtcc_write(void *opaque, hwaddr offset, uint32_t old,
                       uint32_t value)
{
    PIC32Rtcc *s = opaque;

    switch (offset) {
    case A_RTCCON:
        rtcc_write_con(s, old, value);
        break;
    case A_RTCALRM:
        if (FIELD_EX32(old, RTCALRM, ALRMEN)) {     /* PIV is the pulse's now */
            value = FIELD_DP32(value, RTCALRM, PIV,
                               FIELD_EX32(old, RTCALRM, PIV));
            pic32_sfr_set(&s->regs, offset, value);
        }
        break;
    case A_RTCTIME:
    case A_RTCDATE:
        if (!rtcc_writable(s)) {
            pic32_sfr_refuse(&s->regs, offset, old, "RTCWREN is clear");
        }
        break;
    }
    rtcc_update_pin(s);
    rtcc_arm(s);
}

static const PIC32SfrDef rtcc_defs[] = {
    {
        "RTCCON", A_RTCCON,
        .writable = R_RTCCON_RTCOE_MASK | R_RTCCON_RTCWREN_MASK |
                    R_RTCCON_RTCOUTSEL_MASK | R_RTCCON_RTCCLKSEL_MASK |
                    R_RTCCON_SIDL_MASK | R_RTCCON_ON_MASK | R_RTCCON_CAL_MASK,
    },
    { "RTCALRM", A_RTCALRM, .writable = 0xffff & ~R_RTCALRM_ALRMSYNC_MASK },
    { "RTCTIME", A_RTCTIME, .writable = 0xffffff00 },
    { "RTCDATE", A_RTCDATE, .reset = FIRST_DATE, .writable = 0xffffff0f },
    { "ALRMTIME", A_ALRMTIME, .writable = 0xffffff00 },
    { "ALRMDATE", A_ALRMDATE, .writable = 0x00ffff0f },
};

static const PIC32SfrOps rtcc_ops = {
    .before_write = rtcc_before_write,
    .read = rtcc_read,
    .write = rtcc_write,
};

/* Device */

static void rtcc_reset_enter(Object *obj, ResetType type)
{
    PIC32Rtcc *s = PIC32_RTCC(obj);

    if (pic32_cru_next_cause(s->cru) == PIC32_RESET_POWER_ON) {
        pic32_sfr_reset(&s->regs);
        s->phase = 0;
        rtcc_rebase(s);
        rtcc_arm(s);
    }
}

static void rtcc_reset_exit(Object *obj)
{
    PIC32Rtcc *s = PIC32_RTCC(obj);

    s->pin_level = -1;      /* the reset has given the pin back */
    s->pin_period = 0;
    rtcc_update_pin(s);
}

static void rtcc_init(Object *obj)
{
    PIC32Rtcc *s = PIC32_RTCC(obj);

    s->sosc = qdev_init_clock_in(DEVICE(obj), "sosc", rtcc_clock_event, s,
                                 ClockPreUpdate | ClockUpdate);
    s->lprc = qdev_init_clock_in(DEVICE(obj), "lprc", rtcc_clock_event, s,
                                 ClockPreUpdate | ClockUpdate);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_RTCC, MMIO_SIZE, rtcc_defs,
                   ARRAY_SIZE(rtcc_defs), &rtcc_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, rtcc_half_over, s);
    s->pin_level = -1;
}

static void rtcc_realize(DeviceState *dev, Error **errp)
{
    PIC32Rtcc *s = PIC32_RTCC(dev);

    if (!s->cru || !s->ports) {
        error_setg(errp, "%s: link 'cru' or 'ports' is not set",
                   TYPE_PIC32_RTCC);
    }
}

static const VMStateDescription vmstate_rtcc = {
    .name = TYPE_PIC32_RTCC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Rtcc),
        VMSTATE_CLOCK(sosc, PIC32Rtcc),
        VMSTATE_CLOCK(lprc, PIC32Rtcc),
        VMSTATE_TIMER_PTR(timer, PIC32Rtcc),
        VMSTATE_INT32(phase, PIC32Rtcc),
        VMSTATE_UINT64(counted, PIC32Rtcc),
        VMSTATE_INT64(base_ns, PIC32Rtcc),
        VMSTATE_INT32(pin_level, PIC32Rtcc),
        VMSTATE_UINT64(pin_period, PIC32Rtcc),
        VMSTATE_END_OF_LIST()
    }
};

static Property rtcc_properties[] = {
    DEFINE_PROP_LINK("cru", PIC32Rtcc, cru, TYPE_PIC32_CRU, PIC32Cru *),
    DEFINE_PROP_LINK("ports", PIC32Rtcc, ports, TYPE_PIC32_PORTS,
                     PIC32Ports *),
    DEFINE_PROP_END_OF_LIST(),
};

static void rtcc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = rtcc_realize;
    dc->vmsd = &vmstate_rtcc;
    dc->desc = "PIC32MZ real-time clock and calendar";
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.enter = rtcc_reset_enter;
    rc->phases.exit = rtcc_reset_exit;
    device_class_set_props(dc, rtcc_properties);
}

static const TypeInfo rtcc_types[] = {
    {
        .name = TYPE_PIC32_RTCC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Rtcc),
        .instance_init = rtcc_init,
        .class_init = rtcc_class_init,
    },
};

DEFINE_TYPES(rtcc_types)
