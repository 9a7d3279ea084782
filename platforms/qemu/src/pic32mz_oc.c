/*
 * PIC32MZ output compare and PWM, OC1 to OC9
 *
 * Models section 16 "Output Compare" of the PIC32 Family Reference Manual
 * (DS60001111) and DS60001320 chapter 18: all modes with 16 and 32 bits, time
 * base by OCTSEL and CFGCON.OCACLK, fault pins OCFA (OC1 to OC3 and OC7 to
 * OC9) and OCFB (RB15; OC4 to OC6).
 *
 * A compare event is the moment at which TMR becomes the value. What repeats
 * itself (PWM, continuous pulses, toggling) is handed to the pin as a waveform,
 * so that an output that nobody looks at costs nothing; where such a mode
 * interrupts, it does so at most once a microsecond.
 *
 * Left out: stop in idle (SIDL); the one to three clocks that pin and interrupt
 * come later than the match; a 16-bit module on a timer in 32-bit mode compares
 * all 32 bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_oc.h"

REG32(CON, 0x00)
    FIELD(CON, OCM, 0, 3)
    FIELD(CON, OCTSEL, 3, 1)
    FIELD(CON, OCFLT, 4, 1)
    FIELD(CON, OC32, 5, 1)
    FIELD(CON, SIDL, 13, 1)
    FIELD(CON, ON, 15, 1)
REG32(R, 0x10)
REG32(RS, 0x20)

enum {
    OCM_OFF, OCM_HIGH, OCM_LOW, OCM_TOGGLE, OCM_SINGLE, OCM_CONTINUOUS,
    OCM_PWM, OCM_PWM_FAULT,
};

/* What can happen next: TMR comes to OCxR, to OCxRS, or a period begins. */
enum { NEXT_NOTHING, NEXT_R, NEXT_RS, NEXT_PERIOD };

#define INTERRUPT_MIN_NS    1000    /* between two of a waveform */
#define OCFB_PIN            "RB15"

static const PIC32SfrDef oc_defs[] = {
    { "OCxCON", A_CON, 0, 0xA02F, false },
    { "OCxR", A_R, 0, UINT32_MAX, false },
    { "OCxRS", A_RS, 0, UINT32_MAX, false },
};

static uint32_t oc_con(PIC32Oc *s)
{
    return pic32_sfr_get(&s->regs, A_CON);
}

/* The mode of a value of OCxCON; OCM_OFF while the module is off. */
static unsigned oc_mode_of(uint32_t con)
{
    return FIELD_EX32(con, CON, ON) ? FIELD_EX32(con, CON, OCM) : OCM_OFF;
}

static unsigned oc_mode(PIC32Oc *s)
{
    return oc_mode_of(oc_con(s));
}

static bool oc_is_pwm(PIC32Oc *s)
{
    return oc_mode(s) >= OCM_PWM;
}

static bool oc_has_fault(PIC32Oc *s)
{
    return FIELD_EX32(oc_con(s), CON, OCFLT);
}

/* OCxR or OCxRS, as far as the module compares it. */
static uint32_t oc_value(PIC32Oc *s, hwaddr offset)
{
    uint32_t value = pic32_sfr_get(&s->regs, offset);

    return FIELD_EX32(oc_con(s), CON, OC32) ? value : (uint16_t)value;
}

/* Table 18-1; 32 bits: the even timer of the pair, whatever OCTSEL says. */
static PIC32Timer *oc_timer(PIC32Oc *s)
{
    uint32_t con = oc_con(s);

    return s->timer[s->alternate * 2 + (FIELD_EX32(con, CON, OCTSEL)
                                        && !FIELD_EX32(con, CON, OC32))];
}

static void oc_interrupt(PIC32Oc *s)
{
    s->interrupted_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    qemu_irq_pulse(s->irq);
}

static void oc_set_output(PIC32Oc *s, int level)
{
    s->out = level > 0;
    s->waving = false;
    pic32_pps_set_output_at(s->pps, s->output, level,
                            pic32_timer_moment_ns(s->moment));
}

/* Hands out the waveform from this moment on; false: there is none. */
static bool oc_set_waveform(PIC32Oc *s, uint64_t steps, uint64_t high)
{
    if (!pic32_timer_waveform(oc_timer(s), steps, high, s->moment,
                              &s->waveform)) {
        return false;
    }
    s->waving = true;
    pic32_pps_set_waveform(s->pps, s->output, &s->waveform);
    return true;
}

/* A PWM period begins: OCxRS becomes the duty cycle. */
static void oc_begin_period(PIC32Oc *s)
{
    uint32_t duty = oc_value(s, A_RS);
    uint64_t period = pic32_timer_period(oc_timer(s));

    pic32_sfr_set(&s->regs, A_R, pic32_sfr_get(&s->regs, A_RS));
    s->steady = !duty || duty >= period || oc_set_waveform(s, period, duty);
    if (!s->waving || !duty || duty >= period) {
        oc_set_output(s, duty > 0);
    }
}

static void oc_match_r(PIC32Oc *s)
{
    uint64_t period = pic32_timer_period(oc_timer(s));
    uint32_t rise = oc_value(s, A_R), fall = oc_value(s, A_RS);

    switch (oc_mode(s)) {
    case OCM_HIGH:
    case OCM_LOW:
        oc_set_output(s, !s->out);
        oc_interrupt(s);
        break;
    case OCM_TOGGLE:
        if (!s->waving
            && (s->out || !oc_set_waveform(s, 2 * period, period))) {
            oc_set_output(s, !s->out);
        }
        oc_interrupt(s);
        break;
    case OCM_CONTINUOUS:
        /* With OCxRS = OCxR the pin falls a whole period later. */
        if (fall >= period
            || !oc_set_waveform(s, fall == rise ? 2 * period : period,
                                fall > rise ? fall - rise
                                            : period - rise + fall)) {
            oc_set_output(s, 1);
        }
        break;
    case OCM_SINGLE:
        oc_set_output(s, 1);
        break;
    default:        /* PWM */
        oc_set_output(s, 0);
        break;
    }
}

static void oc_match_rs(PIC32Oc *s)
{
    if (!s->waving) {
        oc_set_output(s, 0);
    }
    s->done = true;         /* of interest to the single pulse only */
    oc_interrupt(s);
}

static void oc_happen(PIC32Oc *s, unsigned what)
{
    switch (what) {
    case NEXT_R:
        oc_match_r(s);
        break;
    case NEXT_RS:
        oc_match_rs(s);
        break;
    case NEXT_PERIOD:
        oc_begin_period(s);
        break;
    }
}

/* Whether the module waits for TMR to come to OCxR, OCxRS or 0. */
static bool oc_awaits(PIC32Oc *s, unsigned what)
{
    unsigned mode = oc_mode(s);
    uint32_t duty = oc_value(s, A_R);

    if (oc_has_fault(s)) {
        return false;
    }
    switch (mode) {
    case OCM_HIGH:
        return what == NEXT_R && !s->out;
    case OCM_LOW:
        return what == NEXT_R && s->out;
    case OCM_TOGGLE:
        return what == NEXT_R;
    case OCM_SINGLE:
        return !s->done && what == (s->out ? NEXT_RS : NEXT_R);
    case OCM_CONTINUOUS:
        return what == (s->out ? NEXT_RS : NEXT_R);
    case OCM_PWM:
    case OCM_PWM_FAULT:
        if (what == NEXT_PERIOD) {
            /* What repeats itself needs no look until OCxRS is written. */
            return !s->steady || duty != oc_value(s, A_RS);
        }
        return what == NEXT_R && s->out && !s->steady;
    }
    return false;
}

static uint32_t oc_value_of(PIC32Oc *s, unsigned what)
{
    return what == NEXT_R ? oc_value(s, A_R)
           : what == NEXT_RS ? oc_value(s, A_RS) : 0;
}

/* A waveform's next edge after ns that interrupts. */
static void oc_find_interrupt(PIC32Oc *s, int64_t ns)
{
    int64_t at = pic32_waveform_next_edge(&s->waveform, ns);

    if (oc_mode(s) == OCM_CONTINUOUS
        && pic32_waveform_level(&s->waveform, at)) {
        at = pic32_waveform_next_edge(&s->waveform, at);
    }
    s->next = oc_mode(s) == OCM_CONTINUOUS ? NEXT_RS : NEXT_R;
    s->moment = (PIC32TimerMoment) { .ns = at };
}

/* Finds what happens next after ns. */
static void oc_find_next(PIC32Oc *s, int64_t ns)
{
    PIC32TimerMoment moment;
    unsigned what;

    s->next = NEXT_NOTHING;
    for (what = NEXT_R; what <= NEXT_PERIOD; what++) {
        if (oc_awaits(s, what)
            && pic32_timer_reaches(oc_timer(s), oc_value_of(s, what), ns,
                                   &moment)
            && (s->next == NEXT_NOTHING || moment.ns < s->moment.ns
                || (moment.ns == s->moment.ns
                    && moment.frac < s->moment.frac))) {
            s->next = what;
            s->moment = moment;
        }
    }
}

/* Sets the timer for what happens next after ns. */
static void oc_arm(PIC32Oc *s, int64_t ns)
{
    int64_t at;

    if (s->waving && !oc_is_pwm(s)) {
        oc_find_interrupt(s, ns);
    } else {
        oc_find_next(s, ns);
    }
    if (s->next == NEXT_NOTHING) {
        timer_del(s->event);
        return;
    }
    at = pic32_timer_moment_ns(s->moment);
    if (s->waving && !oc_is_pwm(s)) {
        at = MAX(at, s->interrupted_ns + INTERRUPT_MIN_NS);
    }
    timer_mod_ns(s->event, at);
}

static void oc_event(void *opaque)
{
    PIC32Oc *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t at = pic32_timer_moment_ns(s->moment);
    unsigned what = s->next;

    s->next = NEXT_NOTHING;
    oc_happen(s, what);
    /* Interrupts of a waveform that came too fast are one. */
    oc_arm(s, s->waving ? MAX(at, now - INTERRUPT_MIN_NS) : at);
}

/* Does what is due, and takes a waveform back: it is about to end. */
static void oc_settle(PIC32Oc *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    while (s->next != NEXT_NOTHING
           && pic32_timer_moment_ns(s->moment) <= now) {
        oc_event(s);
        if (s->waving) {
            break;
        }
    }
    s->next = NEXT_NOTHING;
    s->steady = false;
    timer_del(s->event);
    s->moment = (PIC32TimerMoment) { .ns = now };
    if (s->waving) {
        oc_set_output(s, pic32_waveform_level(&s->waveform, now));
    }
}

static void oc_arm_now(PIC32Oc *s)
{
    oc_arm(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

/* Fault pins */

static void oc_fault(PIC32Oc *s)
{
    oc_settle(s);
    pic32_sfr_set(&s->regs, A_CON, FIELD_DP32(oc_con(s), CON, OCFLT, 1));
    oc_set_output(s, -1);
    oc_interrupt(s);
}

static bool oc_heeds_fault(void *opaque)
{
    PIC32Oc *s = opaque;

    return oc_mode(s) == OCM_PWM_FAULT && !oc_has_fault(s);
}

static void oc_fault_level(void *opaque, int level)
{
    PIC32Oc *s = opaque;

    s->fault_pin = level;
    if (!level && oc_heeds_fault(s)) {
        oc_fault(s);
    }
}

static void oc_fault_port_pin(void *opaque, PIC32Pin pin, int level)
{
    if (pin == pic32_pin_parse(OCFB_PIN)) {
        oc_fault_level(opaque, level);
    }
}

static bool oc_heeds_port_pin(void *opaque, PIC32Pin pin)
{
    return pin == pic32_pin_parse(OCFB_PIN) && oc_heeds_fault(opaque);
}

static bool oc_uses_ocfb(PIC32Oc *s)
{
    return s->index >= 4 && s->index <= 6;
}

static void oc_look_at_fault(PIC32Oc *s)
{
    if (oc_uses_ocfb(s)) {
        pic32_ports_look(s->ports, pic32_pin_parse(OCFB_PIN));
    } else {
        pic32_pps_look(s->pps, "OCFA");
    }
}

/* Registers */

/* The module comes into the mode that OCxCON says. */
static void oc_begin(PIC32Oc *s)
{
    unsigned mode = oc_mode(s);

    s->done = false;
    pic32_sfr_set(&s->regs, A_CON, FIELD_DP32(oc_con(s), CON, OCFLT, 0));
    switch (mode) {
    case OCM_OFF:
        oc_set_output(s, -1);
        /* FRM 16.3.1: the level that toggling begins with. */
        s->out = FIELD_EX32(oc_con(s), CON, OCM) == OCM_LOW;
        return;
    case OCM_TOGGLE:
        oc_set_output(s, s->out);
        break;
    case OCM_PWM:
    case OCM_PWM_FAULT:
        oc_set_output(s, oc_value(s, A_R) > 0);
        break;
    default:
        oc_set_output(s, mode == OCM_LOW);
        break;
    }
    if (mode == OCM_PWM_FAULT) {
        oc_look_at_fault(s);
        if (!s->fault_pin) {
            oc_fault(s);
        }
    }
}

static void oc_write_con(PIC32Oc *s, uint32_t old, uint32_t value)
{
    unsigned before = oc_mode_of(old), mode = oc_mode_of(value);
    bool again = (mode == OCM_SINGLE && s->done)
                 || (mode == OCM_PWM_FAULT && (old & R_CON_OCFLT_MASK));

    if (!again && !((old ^ value) & ~R_CON_SIDL_MASK)) {
        return;
    }
    pic32_sfr_set(&s->regs, A_CON, old);
    oc_settle(s);
    pic32_sfr_set(&s->regs, A_CON, value);
    if (again || before != mode || mode == OCM_OFF) {
        oc_begin(s);
    }
    oc_arm_now(s);
}

static void oc_write_compare(PIC32Oc *s, hwaddr offset, uint32_t old,
                             uint32_t value)
{
    if (offset == A_R && oc_is_pwm(s)) {
        /* FRM 16.3.3: OCxR is read-only in the PWM modes. */
        pic32_sfr_set(&s->regs, A_R, old);
        return;
    }
    if (old == value) {
        return;
    }
    pic32_sfr_set(&s->regs, offset, old);
    if (!oc_is_pwm(s)) {
        oc_settle(s);
        pic32_sfr_set(&s->regs, offset, value);
        oc_arm_now(s);
        return;
    }
    /* The waveform goes on until the period ends. */
    if (s->next != NEXT_NOTHING && pic32_timer_moment_ns(s->moment)
                                   <= qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        oc_event(s);
    }
    pic32_sfr_set(&s->regs, offset, value);
    oc_arm_now(s);
}

static void oc_write(void *opaque, hwaddr offset, uint32_t old,
                     uint32_t value)
{
    PIC32Oc *s = opaque;

    if (offset == A_CON) {
        oc_write_con(s, old, value);
    } else {
        oc_write_compare(s, offset, old, value);
    }
}

static const PIC32SfrOps oc_ops = {
    .write = oc_write,
};

/* The time base */

static bool oc_hangs_on(PIC32Oc *s, PIC32Timer *timer)
{
    return oc_mode(s) != OCM_OFF && oc_timer(s) == timer;
}

static void oc_timer_before(void *opaque, PIC32Timer *timer)
{
    PIC32Oc *s = opaque;

    if (oc_hangs_on(s, timer)) {
        oc_settle(s);
    }
}

static void oc_timer_after(void *opaque, PIC32Timer *timer)
{
    PIC32Oc *s = opaque;

    if (oc_hangs_on(s, timer)) {
        oc_arm_now(s);
    }
}

/* The timer counts edges of a pin: nobody knew that this would happen now. */
static void oc_timer_stepped(void *opaque, PIC32Timer *timer)
{
    PIC32Oc *s = opaque;
    unsigned what;

    if (!oc_hangs_on(s, timer)) {
        return;
    }
    s->moment = (PIC32TimerMoment) { .ns = pic32_pps_edge_ns(s->pps) };
    for (what = NEXT_R; what <= NEXT_PERIOD; what++) {
        if (oc_awaits(s, what)
            && pic32_timer_count(timer, s->moment.ns)
               == oc_value_of(s, what)) {
            oc_happen(s, what);
            return;
        }
    }
}

static void oc_cfg_changed(Notifier *notifier, void *data)
{
    PIC32Oc *s = container_of(notifier, PIC32Oc, cfg_notifier);
    bool alternate = pic32_cfg_ocaclk(s->cfg);

    if (alternate != s->alternate) {
        oc_settle(s);
        s->alternate = alternate;
        oc_arm_now(s);
    }
}

/* Device */

static void oc_reset_enter(Object *obj, ResetType type)
{
    PIC32Oc *s = PIC32_OC(obj);

    pic32_sfr_reset(&s->regs);
    timer_del(s->event);
    s->next = NEXT_NOTHING;
    s->alternate = 0;
    s->out = 0;
    s->done = s->steady = s->waving = false;
    s->interrupted_ns = 0;
}

static void oc_init(Object *obj)
{
    PIC32Oc *s = PIC32_OC(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void oc_watch_fault_pin(PIC32Oc *s)
{
    if (oc_uses_ocfb(s)) {
        s->fault_watch.input = oc_fault_port_pin;
        s->fault_watch.heeds = oc_heeds_port_pin;
        s->fault_watch.opaque = s;
        pic32_ports_watch(s->ports, &s->fault_watch);
    } else {
        pic32_pps_watch_input(s->pps, "OCFA", oc_fault_level, oc_heeds_fault,
                              s);
    }
}

static void oc_realize(DeviceState *dev, Error **errp)
{
    PIC32Oc *s = PIC32_OC(dev);
    g_autofree char *name = g_strdup_printf("%s%u", TYPE_PIC32_OC, s->index);
    unsigned i;

    if (s->index < 1 || s->index > 9) {
        error_setg(errp, "index %u: output compares are 1 to 9", s->index);
        return;
    }
    assert(s->cfg && s->pps && s->ports);
    s->output = g_strdup_printf("OC%u", s->index);
    pic32_sfr_init(&s->regs, OBJECT(s), name, PIC32_OC_SIZE, oc_defs,
                   ARRAY_SIZE(oc_defs), &oc_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
    s->event = timer_new_ns(QEMU_CLOCK_VIRTUAL, oc_event, s);
    for (i = 0; i < PIC32_OC_TIMERS; i++) {
        assert(s->timer[i]);
        if (i < 2 || s->timer[i] != s->timer[i - 2]) {
            s->listener[i] = (PIC32TimerListener) {
                .before = oc_timer_before, .after = oc_timer_after,
                .stepped = oc_timer_stepped, .opaque = s,
            };
            pic32_timer_listen(s->timer[i], &s->listener[i]);
        }
    }
    oc_watch_fault_pin(s);
    s->cfg_notifier.notify = oc_cfg_changed;
    pic32_cfg_add_notifier(s->cfg, &s->cfg_notifier);
}

static const VMStateDescription vmstate_oc = {
    .name = TYPE_PIC32_OC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Oc),
        VMSTATE_TIMER_PTR(event, PIC32Oc),
        VMSTATE_UINT8(alternate, PIC32Oc),
        VMSTATE_UINT8(out, PIC32Oc),
        VMSTATE_BOOL(done, PIC32Oc),
        VMSTATE_BOOL(steady, PIC32Oc),
        VMSTATE_BOOL(waving, PIC32Oc),
        VMSTATE_STRUCT(waveform, PIC32Oc, 1, vmstate_pic32_waveform,
                       PIC32Waveform),
        VMSTATE_UINT8(fault_pin, PIC32Oc),
        VMSTATE_UINT8(next, PIC32Oc),
        VMSTATE_INT64(moment.ns, PIC32Oc),
        VMSTATE_UINT32(moment.frac, PIC32Oc),
        VMSTATE_INT64(interrupted_ns, PIC32Oc),
        VMSTATE_END_OF_LIST()
    }
};

static Property oc_properties[] = {
    DEFINE_PROP_UINT32("index", PIC32Oc, index, 0),
    DEFINE_PROP_LINK("cfg", PIC32Oc, cfg, TYPE_PIC32_CFG, PIC32Cfg *),
    DEFINE_PROP_LINK("pps", PIC32Oc, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_LINK("ports", PIC32Oc, ports, TYPE_PIC32_PORTS, PIC32Ports *),
    DEFINE_PROP_LINK("timer0", PIC32Oc, timer[0], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("timer1", PIC32Oc, timer[1], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("timer2", PIC32Oc, timer[2], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("timer3", PIC32Oc, timer[3], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_END_OF_LIST(),
};

static void oc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = oc_realize;
    dc->vmsd = &vmstate_oc;
    rc->phases.enter = oc_reset_enter;
    device_class_set_props(dc, oc_properties);
}

static const TypeInfo oc_types[] = {
    {
        .name = TYPE_PIC32_OC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Oc),
        .instance_init = oc_init,
        .class_init = oc_class_init,
    },
};

DEFINE_TYPES(oc_types)
