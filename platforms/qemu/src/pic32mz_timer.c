/*
 * PIC32MZ timers: Timer1 (type A) and Timer2 to Timer9 (type B)
 *
 * Models section 14 "Timers" of the PIC32 Family Reference Manual
 * (DS60001105) and DS60001320 chapters 13 and 14: internal and external
 * clock, gated mode, prescalers, 16 and 32 bits.
 *
 * TMR is worked out from the virtual time at which it was last loaded, so
 * that no rounding adds up, however long a timer runs. Matches that come faster
 * than one a microsecond set the interrupt flag once a microsecond: a period of
 * a few clocks would keep the host busy with nothing else.
 *
 * Left out: the delay of asynchronous writes (TWIP reads as 0). Timer1's
 * external clock is the secondary oscillator while that runs, else edges of its
 * pin T1CK (RC14).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_ticks.h"
#include "pic32mz_timer.h"

REG32(CON, 0x00)
    FIELD(CON, TCS, 1, 1)
    FIELD(CON, TSYNC, 2, 1)
    FIELD(CON, T32, 3, 1)
    FIELD(CON, TCKPS, 4, 3)
    FIELD(CON, TGATE, 7, 1)
    FIELD(CON, ON, 15, 1)
REG32(TMR, 0x10)
REG32(PR, 0x20)

#define NO_MATCH    UINT64_MAX
#define MATCH_MIN_NS    1000    /* between two matches that interrupt */
#define T1CK_PIN    "RC14"

/* Type A, even and odd type B: the bits of CON that exist differ. */
static const PIC32SfrDef tmr_defs[3][3] = {
    { { "T1CON", A_CON, 0, 0xB0B6, false }, { "TMR1", A_TMR, 0, 0xFFFF, false },
      { "PR1", A_PR, 0xFFFF, 0xFFFF, false } },
    { { "TxCON", A_CON, 0, 0xA0FA, false }, { "TMRx", A_TMR, 0, 0xFFFFFFFF, false },
      { "PRx", A_PR, 0xFFFF, 0xFFFFFFFF, false } },
    { { "TyCON", A_CON, 0, 0xA0F2, false }, { "TMRy", A_TMR, 0, 0xFFFF, false },
      { "PRy", A_PR, 0xFFFF, 0xFFFF, false } },
};

static uint32_t tmr_reg(PIC32Timer *s, hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset);
}

static bool tmr_is_32(PIC32Timer *s)
{
    return s->partner && FIELD_EX32(tmr_reg(s, A_CON), CON, T32);
}

/* Whether this is the odd timer of a pair in 32-bit mode. */
static bool tmr_is_upper(PIC32Timer *s)
{
    return s->master && tmr_is_32(s->master);
}

static uint64_t tmr_max(PIC32Timer *s)
{
    return tmr_is_32(s) ? UINT32_MAX : UINT16_MAX;
}

static unsigned tmr_prescale(PIC32Timer *s)
{
    static const uint16_t type_a[] = { 1, 8, 64, 256, 1, 8, 64, 256 };
    static const uint16_t type_b[] = { 1, 2, 4, 8, 16, 32, 64, 256 };
    unsigned tckps = FIELD_EX32(tmr_reg(s, A_CON), CON, TCKPS);

    return s->index == 1 ? type_a[tckps] : type_b[tckps];
}

static bool tmr_is_gated(PIC32Timer *s)
{
    uint32_t con = tmr_reg(s, A_CON);

    return FIELD_EX32(con, CON, TGATE) && !FIELD_EX32(con, CON, TCS);
}

/* Whether an external clock counts: synchronous ones need PBCLK (FRM 14.3.6). */
static bool tmr_sees_edges(PIC32Timer *s)
{
    return clock_is_enabled(s->pbclk) ||
           (s->index == 1 && !FIELD_EX32(tmr_reg(s, A_CON), CON, TSYNC));
}

/* The clock that the timer counts now; NULL: it stands, or counts edges. */
static Clock *tmr_clock(PIC32Timer *s)
{
    uint32_t con = tmr_reg(s, A_CON);
    Clock *clock = s->pbclk;

    if (!FIELD_EX32(con, CON, ON) || tmr_is_upper(s)) {
        return NULL;
    }
    if (FIELD_EX32(con, CON, TCS)) {
        /* only Timer1 can do without a PBCLK that an edge is seen with */
        clock = tmr_sees_edges(s) ? s->sosc : NULL;
    } else if (tmr_is_gated(s) && !s->pin) {
        return NULL;
    }
    return clock && clock_is_enabled(clock) ? clock : NULL;
}

static int64_t tmr_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint64_t tmr_ticks(PIC32Timer *s, int64_t ns)
{
    Clock *clock = tmr_clock(s);

    return s->base_ticks
           + (clock && ns > s->base_ns
              ? clock_ns_to_ticks(clock, ns - s->base_ns) : 0);
}

/* Steps that TMR has made until ns since it was start. */
static uint64_t tmr_steps(PIC32Timer *s, int64_t ns)
{
    return tmr_ticks(s, ns) / tmr_prescale(s);
}

static uint32_t tmr_count_at(PIC32Timer *s, int64_t ns)
{
    uint64_t steps = tmr_steps(s, ns);
    uint64_t period = (uint64_t)tmr_reg(s, A_PR) + 1;
    uint64_t to_wrap;

    if (s->start < period) {
        return (s->start + steps) % period;
    }
    /* Beyond PR: on to the end of the register, then from 0. */
    to_wrap = tmr_max(s) + 1 - s->start;
    return steps < to_wrap ? s->start + steps : (steps - to_wrap) % period;
}

static uint32_t tmr_count(PIC32Timer *s)
{
    return tmr_count_at(s, tmr_now());
}

/* The step at which the first match after TMR = start comes. */
static uint64_t tmr_first_match(PIC32Timer *s)
{
    uint64_t period = (uint64_t)tmr_reg(s, A_PR) + 1;

    if (period == 1) {
        return NO_MATCH;    /* FRM 14.3.9: PR = 0 never interrupts */
    }
    return s->start < period ? period - s->start
                             : tmr_max(s) + 1 - s->start + period;
}

/* Sets the timer for the next match; it always lies in the future. */
static void tmr_arm(PIC32Timer *s)
{
    Clock *clock = tmr_clock(s);
    uint64_t ticks, ns;

    timer_del(s->match);
    if (!clock || s->next_match == NO_MATCH || tmr_is_gated(s)) {
        return;
    }
    ticks = s->next_match * tmr_prescale(s) - s->base_ticks;
    ns = pic32_ticks_to_ns(clock, ticks);
    if (ns > PIC32_TICKS_NEVER) {
        return;
    }
    timer_mod_ns(s->match, MAX(s->base_ns + (int64_t)ns,
                               s->delivered_ns + MATCH_MIN_NS));
}

/* Lets TMR go on from value: the steps count from here. */
static void tmr_restart(PIC32Timer *s, uint32_t value, int64_t rest)
{
    s->base_ns = tmr_now();
    s->base_ticks = rest;
    s->start = value;
    s->next_match = tmr_first_match(s);
}

static void tmr_interrupt(PIC32Timer *s)
{
    /* FRM 14.3.11: the odd timer of a 32-bit pair has the interrupt. */
    qemu_irq_pulse(tmr_is_32(s) ? s->partner->irq : s->irq);
}

/* Delivers the matches that are due; several at once are one interrupt. */
static void tmr_deliver(PIC32Timer *s)
{
    uint64_t steps = tmr_steps(s, tmr_now());
    uint64_t period = (uint64_t)tmr_reg(s, A_PR) + 1;

    if (s->next_match == NO_MATCH || steps < s->next_match) {
        return;
    }
    s->next_match += ((steps - s->next_match) / period + 1) * period;
    s->delivered_ns = tmr_now();
    /* FRM 14.3.5: gated, the gate's end interrupts, not the match. */
    if (!tmr_is_gated(s)) {
        tmr_interrupt(s);
    }
}

static void tmr_match(void *opaque)
{
    PIC32Timer *s = opaque;

    tmr_deliver(s);
    tmr_arm(s);
}

static void tmr_tell_before(PIC32Timer *s)
{
    PIC32TimerListener *listener;

    QLIST_FOREACH(listener, &s->listeners, next) {
        if (listener->before) {
            listener->before(listener->opaque, s);
        }
    }
}

static void tmr_tell_after(PIC32Timer *s)
{
    PIC32TimerListener *listener;

    QLIST_FOREACH(listener, &s->listeners, next) {
        if (listener->after) {
            listener->after(listener->opaque, s);
        }
    }
}

static void tmr_tell_stepped(PIC32Timer *s)
{
    PIC32TimerListener *listener;

    QLIST_FOREACH(listener, &s->listeners, next) {
        if (listener->stepped) {
            listener->stepped(listener->opaque, s);
        }
    }
}

/* Writes the ticks up to now down, for a change of the clock or the gate. */
static void tmr_freeze(PIC32Timer *s)
{
    tmr_deliver(s);
    s->base_ticks = tmr_ticks(s, tmr_now());
    s->base_ns = tmr_now();
}

static void tmr_clock_event(void *opaque, ClockEvent event)
{
    PIC32Timer *s = opaque;

    if (event == ClockPreUpdate) {
        tmr_tell_before(s);
        tmr_freeze(s);
    } else {
        tmr_arm(s);
        tmr_tell_after(s);
    }
}

/* What a read of TMR gives. */
static uint32_t tmr_tmr(PIC32Timer *s)
{
    return tmr_is_upper(s) ? tmr_count(s->master) >> 16 : tmr_count(s);
}

static uint32_t tmr_pr(PIC32Timer *s)
{
    return tmr_is_upper(s) ? tmr_reg(s->master, A_PR) >> 16
                             : tmr_reg(s, A_PR);
}

static uint32_t tmr_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Timer *s = opaque;

    switch (offset) {
    case A_TMR:
        return tmr_tmr(s);
    case A_PR:
        return tmr_pr(s);
    default:
        return tmr_reg(s, offset);
    }
}

/* Whether the timer counts edges of its pin, or the pin gates it. */
static bool tmr_heeds(void *opaque)
{
    PIC32Timer *s = opaque;
    uint32_t con = tmr_reg(s, A_CON);

    return FIELD_EX32(con, CON, ON) && !tmr_is_upper(s)
           && (tmr_is_gated(s) || (FIELD_EX32(con, CON, TCS) && !tmr_clock(s)));
}

static bool tmr_heeds_port_pin(void *opaque, PIC32Pin pin)
{
    return pin == pic32_pin_parse(T1CK_PIN) && tmr_heeds(opaque);
}

/* Learns the level of TxCK, which may have changed unheeded. */
static void tmr_look(PIC32Timer *s)
{
    g_autofree char *input = g_strdup_printf("T%uCK", s->index);

    if (s->index == 1 && s->ports) {
        pic32_ports_look(s->ports, pic32_pin_parse(T1CK_PIN));
    } else if (s->index > 1 && s->pps) {
        pic32_pps_look(s->pps, input);
    }
}

static void tmr_write_con(PIC32Timer *s, uint32_t old, uint32_t value)
{
    PIC32Timer *odd = s->partner;
    uint32_t count, upper;

    if (old == value) {
        return;
    }
    /* Up to now the old value counted. */
    pic32_sfr_set(&s->regs, A_CON, old);
    tmr_look(s);
    tmr_tell_before(s);
    tmr_deliver(s);
    count = tmr_count(s);
    if (odd && FIELD_EX32(old ^ value, CON, T32)) {
        tmr_tell_before(odd);
        upper = tmr_tmr(odd);
        if (FIELD_EX32(value, CON, T32)) {
            count |= upper << 16;
            pic32_sfr_set(&s->regs, A_PR, tmr_reg(s, A_PR)
                          | tmr_reg(odd, A_PR) << 16);
        } else {
            pic32_sfr_set(&odd->regs, A_PR, tmr_reg(s, A_PR) >> 16);
            pic32_sfr_set(&s->regs, A_PR, (uint16_t)tmr_reg(s, A_PR));
            count = (uint16_t)count;
        }
        pic32_sfr_set(&s->regs, A_CON, value);
        tmr_restart(odd, upper, 0);
        tmr_arm(odd);
        tmr_tell_after(odd);
    }
    pic32_sfr_set(&s->regs, A_CON, value);
    tmr_restart(s, count, 0);
    tmr_arm(s);
    tmr_look(s);
    tmr_tell_after(s);
}

static void tmr_write_tmr(PIC32Timer *s, uint32_t value)
{
    if (tmr_is_upper(s)) {
        s = s->master;
        value = (uint16_t)tmr_count(s) | value << 16;
    } else {
        value &= tmr_max(s);
    }
    tmr_tell_before(s);
    tmr_deliver(s);
    tmr_restart(s, value, 0);     /* FRM 14.3.4: clears the prescaler */
    tmr_arm(s);
    tmr_tell_after(s);
}

static void tmr_write_pr(PIC32Timer *s, uint32_t old, uint32_t value)
{
    uint64_t steps;
    uint32_t count;

    if (tmr_is_upper(s)) {
        s = s->master;
        old = tmr_reg(s, A_PR);
        value = (uint16_t)old | value << 16;
    } else {
        value &= tmr_max(s);
    }
    pic32_sfr_set(&s->regs, A_PR, old);
    if (value == old) {
        return;             /* what hangs on the timer goes on in peace */
    }
    tmr_tell_before(s);
    tmr_deliver(s);
    steps = tmr_steps(s, tmr_now());
    count = tmr_count(s);
    pic32_sfr_set(&s->regs, A_PR, value);
    /* The steps so far go into start; time and prescaler run on. */
    s->base_ticks -= steps * tmr_prescale(s);
    s->start = count;
    s->next_match = tmr_first_match(s);
    tmr_arm(s);
    tmr_tell_after(s);
}

static void tmr_write(void *opaque, hwaddr offset, uint32_t old,
                        uint32_t value)
{
    PIC32Timer *s = opaque;

    switch (offset) {
    case A_CON:
        tmr_write_con(s, old, value);
        break;
    case A_TMR:
        tmr_write_tmr(s, value);
        break;
    case A_PR:
        tmr_write_pr(s, old, value);
        break;
    }
}

static bool tmr_before_write(void *opaque, hwaddr addr, uint32_t data,
                             unsigned size)
{
    PIC32Timer *s = opaque;

    pic32_sfr_set(&s->regs, A_TMR, tmr_tmr(s));
    pic32_sfr_set(&s->regs, A_PR, tmr_pr(s));
    return false;
}

static const PIC32SfrOps tmr_ops = {
    .before_write = tmr_before_write,
    .read = tmr_read,
    .write = tmr_write,
};

static void tmr_pin_level(void *opaque, int level)
{
    PIC32Timer *s = opaque;
    uint32_t con = tmr_reg(s, A_CON);
    uint64_t steps;
    bool gated;

    if (level == s->pin) {
        return;
    }
    gated = tmr_is_gated(s);
    if (gated) {
        tmr_tell_before(s);
    }
    tmr_freeze(s);
    s->pin = level;
    if (FIELD_EX32(con, CON, ON) && !tmr_is_upper(s)) {
        if (FIELD_EX32(con, CON, TCS)) {
            if (level && !tmr_clock(s) && tmr_sees_edges(s)) {
                steps = tmr_steps(s, tmr_now());
                s->base_ticks++;
                tmr_deliver(s);
                if (tmr_steps(s, tmr_now()) != steps) {
                    tmr_tell_stepped(s);
                }
            }
        } else if (gated && !level) {
            tmr_interrupt(s);
        }
    }
    tmr_arm(s);
    if (gated) {
        tmr_tell_after(s);
    }
}

static void tmr_port_pin(void *opaque, PIC32Pin pin, int level)
{
    if (pin == pic32_pin_parse(T1CK_PIN)) {
        tmr_pin_level(opaque, level);
    }
}

/* For what hangs on the timer */

void pic32_timer_listen(PIC32Timer *s, PIC32TimerListener *listener)
{
    QLIST_INSERT_HEAD(&s->listeners, listener, next);
}

uint32_t pic32_timer_count(PIC32Timer *s, int64_t ns)
{
    return tmr_is_upper(s) ? tmr_count_at(s->master, ns) >> 16
                           : tmr_count_at(s, ns);
}

uint64_t pic32_timer_period(PIC32Timer *s)
{
    return (uint64_t)tmr_reg(s, A_PR) + 1;
}

bool pic32_timer_reaches(PIC32Timer *s, uint32_t value, int64_t ns,
                         PIC32TimerMoment *moment)
{
    Clock *clock = tmr_clock(s);
    uint64_t period = pic32_timer_period(s), count, steps;
    __int128 units;

    if (!clock || value > tmr_max(s)) {
        return false;
    }
    count = tmr_count_at(s, ns);
    steps = tmr_steps(s, ns);
    if (count < period) {
        if (value >= period) {
            return false;
        }
        steps += value > count ? value - count : period - count + value;
    } else if (value > count) {
        steps += value - count;
    } else if (value < period) {
        steps += tmr_max(s) + 1 - count + value;
    } else {
        return false;
    }
    units = ((__int128)steps * tmr_prescale(s) - s->base_ticks)
            * clock_get(clock);
    if (units >> 32 > INT64_MAX / 2) {
        return false;       /* not in this machine's life */
    }
    moment->ns = s->base_ns + (int64_t)(units >> 32);
    moment->frac = (uint32_t)units;
    return true;
}

bool pic32_timer_waveform(PIC32Timer *s, uint64_t steps, uint64_t high,
                          PIC32TimerMoment start, PIC32Waveform *waveform)
{
    Clock *clock = tmr_clock(s);
    unsigned __int128 step, period;

    if (!clock) {
        return false;
    }
    step = (unsigned __int128)clock_get(clock) * tmr_prescale(s);
    period = step * steps;
    if (period > UINT64_MAX) {
        return false;
    }
    *waveform = (PIC32Waveform) {
        .start_ns = start.ns, .start_frac = start.frac,
        .period = period, .high = step * high,
    };
    return true;
}

static void tmr_reset_enter(Object *obj, ResetType type)
{
    PIC32Timer *s = PIC32_TIMER(obj);

    pic32_sfr_reset(&s->regs);
    timer_del(s->match);
    s->delivered_ns = 0;
}

static void tmr_reset_hold(Object *obj)
{
    tmr_restart(PIC32_TIMER(obj), 0, 0);
}

static void tmr_init(Object *obj)
{
    PIC32Timer *s = PIC32_TIMER(obj);

    QLIST_INIT(&s->listeners);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", tmr_clock_event, s,
                                  ClockPreUpdate | ClockUpdate);
    s->sosc = qdev_init_clock_in(DEVICE(obj), "sosc", tmr_clock_event, s,
                                 ClockPreUpdate | ClockUpdate);
}

static void tmr_realize(DeviceState *dev, Error **errp)
{
    PIC32Timer *s = PIC32_TIMER(dev);
    g_autofree char *name = g_strdup_printf("%s%u", TYPE_PIC32_TIMER,
                                            s->index);
    g_autofree char *input = g_strdup_printf("T%uCK", s->index);

    if (s->index < 1 || s->index > 9) {
        error_setg(errp, "index %u: timers are 1 to 9", s->index);
        return;
    }
    if (s->partner) {
        if (s->index % 2 || s->partner->index != s->index + 1) {
            error_setg(errp, "timer %u cannot pair with timer %u", s->index,
                       s->partner->index);
            return;
        }
        s->partner->master = s;
    }
    pic32_sfr_init(&s->regs, OBJECT(s), name, PIC32_TIMER_SIZE,
                   tmr_defs[s->index == 1 ? 0 : s->index % 2 ? 2 : 1], 3,
                   &tmr_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
    s->match = timer_new_ns(QEMU_CLOCK_VIRTUAL, tmr_match, s);
    if (s->index == 1 && s->ports) {
        s->watch.input = tmr_port_pin;
        s->watch.heeds = tmr_heeds_port_pin;
        s->watch.opaque = s;
        pic32_ports_watch(s->ports, &s->watch);
    } else if (s->index > 1 && s->pps) {
        pic32_pps_watch_input(s->pps, input, tmr_pin_level, tmr_heeds, s);
    }
}

static const VMStateDescription vmstate_tmr = {
    .name = TYPE_PIC32_TIMER,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Timer),
        VMSTATE_CLOCK(pbclk, PIC32Timer),
        VMSTATE_CLOCK(sosc, PIC32Timer),
        VMSTATE_TIMER_PTR(match, PIC32Timer),
        VMSTATE_INT64(base_ns, PIC32Timer),
        VMSTATE_INT64(base_ticks, PIC32Timer),
        VMSTATE_INT64(delivered_ns, PIC32Timer),
        VMSTATE_UINT32(start, PIC32Timer),
        VMSTATE_UINT64(next_match, PIC32Timer),
        VMSTATE_UINT8(pin, PIC32Timer),
        VMSTATE_END_OF_LIST()
    }
};

static Property tmr_properties[] = {
    DEFINE_PROP_UINT32("index", PIC32Timer, index, 0),
    DEFINE_PROP_LINK("partner", PIC32Timer, partner, TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("pps", PIC32Timer, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_LINK("ports", PIC32Timer, ports, TYPE_PIC32_PORTS,
                     PIC32Ports *),
    DEFINE_PROP_END_OF_LIST(),
};

static void tmr_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = tmr_realize;
    dc->vmsd = &vmstate_tmr;
    rc->phases.enter = tmr_reset_enter;
    rc->phases.hold = tmr_reset_hold;
    device_class_set_props(dc, tmr_properties);
}

static const TypeInfo tmr_types[] = {
    {
        .name = TYPE_PIC32_TIMER,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Timer),
        .instance_init = tmr_init,
        .class_init = tmr_class_init,
    },
};

DEFINE_TYPES(tmr_types)
