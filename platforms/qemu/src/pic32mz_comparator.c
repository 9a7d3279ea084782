/*
 * PIC32MZ analog comparators and comparator voltage reference
 *
 * Models sections 19 and 20 of the PIC32 Family Reference Manual (DS60001110
 * and DS60001109) and DS60001320 chapters 31 and 32: two comparators between
 * pins, CVREF and the internal 1.2 V reference, their outputs on pins and in
 * CMSTAT, interrupts by EVPOL, the reference's range and steps, its output on
 * CVREFOUT (RB10). Voltages come from the pins, see pic32mz_ports.h. An output
 * follows its inputs after the data sheet's typical response time.
 *
 * Left out: input offset and hysteresis, the settling time of CVREF, the
 * load on CVREFOUT, stop in idle (SIDL).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/timer.h"
#include "pic32mz_comparator.h"
#include "pic32mz_ports.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"

REG32(CM1CON, 0x00)
    FIELD(CM1CON, CCH, 0, 2)
    FIELD(CM1CON, CREF, 4, 1)
    FIELD(CM1CON, EVPOL, 6, 2)
    FIELD(CM1CON, COUT, 8, 1)
    FIELD(CM1CON, CPOL, 13, 1)
    FIELD(CM1CON, COE, 14, 1)
    FIELD(CM1CON, ON, 15, 1)
REG32(CM2CON, 0x10)
REG32(CMSTAT, 0x60)
REG32(CVRCON, 0x00)
    FIELD(CVRCON, CVR, 0, 4)
    FIELD(CVRCON, CVRSS, 4, 1)
    FIELD(CVRCON, CVRR, 5, 1)
    FIELD(CVRCON, CVROE, 6, 1)
    FIELD(CVRCON, ON, 15, 1)

#define CM_SIZE         0x100
#define CVR_SIZE        0x10
#define CON_WRITABLE    0xe0d3
#define CON_RESET       0x00c3
#define IVREF_MV        1200
#define RESPONSE_NS     150     /* DS60001320 chapter 37, D302: typical */

enum { EVENT_RISING = 1, EVENT_FALLING = 2 };   /* bits of EVPOL */
enum { A, B, C, D, E, F, G };
#define PIN(port, bit)  ((port) * PIC32_PORT_PINS + (bit))
#define CVREFOUT_PIN    PIN(B, 10)

/* Pins of CxINA to CxIND. */
static const PIC32Pin input_pins[PIC32_COMPARATORS][4] = {
    { PIN(B, 5), PIN(B, 4), PIN(G, 7), PIN(G, 6) },
    { PIN(B, 3), PIN(B, 2), PIN(G, 9), PIN(G, 8) },
};

struct PIC32Comparator {
    SysBusDevice parent_obj;

    PIC32SfrBlock cm;
    PIC32SfrBlock cvr;
    qemu_irq irq[PIC32_COMPARATORS];
    qemu_irq cout[PIC32_COMPARATORS];
    PIC32Ports *ports;
    PIC32Pps *pps;
    PIC32PinWatch watch;
    uint32_t package;
    QEMUTimer *timer[PIC32_COMPARATORS];    /* an output is about to change */
};

static const PIC32SfrDef cm_defs[] = {
    { "CM1CON", A_CM1CON, CON_RESET, CON_WRITABLE, false },
    { "CM2CON", A_CM2CON, CON_RESET, CON_WRITABLE, false },
    { "CMSTAT", A_CMSTAT, 0, 0x2000, false },
};

static const PIC32SfrDef cvr_defs[] = {
    { "CVRCON", A_CVRCON, 0, 0x807f, false },
};

static hwaddr cmp_offset(unsigned n)
{
    return A_CM1CON + n * (A_CM2CON - A_CM1CON);
}

static uint32_t cmp_con(PIC32Comparator *s, unsigned n)
{
    return pic32_sfr_get(&s->cm, cmp_offset(n));
}

/* CVREF, FRM 20.3; the 64-pin parts have CVREF+ and CVREF- on RB0 and RB1. */
static int cmp_cvref(PIC32Comparator *s)
{
    uint32_t cvrcon = pic32_sfr_get(&s->cvr, A_CVRCON);
    int cvr = FIELD_EX32(cvrcon, CVRCON, CVR);
    int low = 0, source = PIC32_VDD_MV, part;
    bool small = s->package == 64;

    if (!FIELD_EX32(cvrcon, CVRCON, ON)) {
        return 0;
    }
    if (FIELD_EX32(cvrcon, CVRCON, CVRSS)) {
        low = pic32_ports_voltage(s->ports, small ? PIN(B, 1) : PIN(A, 9));
        source = pic32_ports_voltage(s->ports,
                                     small ? PIN(B, 0) : PIN(A, 10)) - low;
        source = MAX(source, 0);
    }
    /* in 1/96: steps of 1/24, or of 1/32 from 1/4 on */
    part = FIELD_EX32(cvrcon, CVRCON, CVRR) ? cvr * 4 : 24 + cvr * 3;
    return low + (source * part + 48) / 96;
}

static void cmp_drive_cvrefout(PIC32Comparator *s)
{
    uint32_t cvrcon = pic32_sfr_get(&s->cvr, A_CVRCON);
    bool drives = FIELD_EX32(cvrcon, CVRCON, ON) &&
                  FIELD_EX32(cvrcon, CVRCON, CVROE);

    pic32_ports_analog_output(s->ports, CVREFOUT_PIN,
                              drives ? cmp_cvref(s) : PIC32_VOLTAGE_NONE);
}

/* What an output should be. */
static bool cmp_compare(PIC32Comparator *s, unsigned n)
{
    uint32_t con = cmp_con(s, n);
    unsigned cch = FIELD_EX32(con, CM1CON, CCH);
    int plus, minus;

    if (!FIELD_EX32(con, CM1CON, ON)) {
        return false;
    }
    plus = FIELD_EX32(con, CM1CON, CREF)
           ? cmp_cvref(s) : pic32_ports_voltage(s->ports, input_pins[n][0]);
    minus = cch == 3 ? IVREF_MV
                     : pic32_ports_voltage(s->ports, input_pins[n][1 + cch]);
    return (plus > minus) != FIELD_EX32(con, CM1CON, CPOL);
}

static void cmp_drive_pin(PIC32Comparator *s, unsigned n)
{
    uint32_t con = cmp_con(s, n);
    int level = -1;

    if (FIELD_EX32(con, CM1CON, ON) && FIELD_EX32(con, CM1CON, COE)) {
        level = FIELD_EX32(con, CM1CON, COUT);
    }
    if (s->pps) {
        pic32_pps_set_output(s->pps, n ? "C2OUT" : "C1OUT", level);
    }
}

static void cmp_set_output(PIC32Comparator *s, unsigned n, bool level)
{
    uint32_t con = cmp_con(s, n);
    unsigned event = level ? EVENT_RISING : EVENT_FALLING;

    pic32_sfr_set(&s->cm, cmp_offset(n),
                  FIELD_DP32(con, CM1CON, COUT, level));
    pic32_sfr_set(&s->cm, A_CMSTAT,
                  deposit32(pic32_sfr_get(&s->cm, A_CMSTAT), n, 1, level));
    cmp_drive_pin(s, n);
    qemu_set_irq(s->cout[n], level);
    if (FIELD_EX32(con, CM1CON, ON) &&
        FIELD_EX32(con, CM1CON, EVPOL) & event) {
        qemu_irq_pulse(s->irq[n]);
    }
}

/*
 * Something about the inputs has changed. Outputs change later, also because
 * one may be an input of its own comparator.
 */
static void cmp_update(PIC32Comparator *s)
{
    unsigned n;

    for (n = 0; n < PIC32_COMPARATORS; n++) {
        if (cmp_compare(s, n) == FIELD_EX32(cmp_con(s, n), CM1CON, COUT)) {
            timer_del(s->timer[n]);
        } else if (!timer_pending(s->timer[n])) {
            timer_mod_ns(s->timer[n], qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                      RESPONSE_NS);
        }
    }
}

static void cmp_respond(PIC32Comparator *s, unsigned n)
{
    bool level = cmp_compare(s, n);

    if (level != FIELD_EX32(cmp_con(s, n), CM1CON, COUT)) {
        cmp_set_output(s, n, level);
    }
}

static void cmp_timer1(void *opaque)
{
    cmp_respond(opaque, 0);
}

static void cmp_timer2(void *opaque)
{
    cmp_respond(opaque, 1);
}

static void cmp_voltage(void *opaque, PIC32Pin pin)
{
    PIC32Comparator *s = opaque;

    if ((cmp_con(s, 0) | cmp_con(s, 1)) & R_CM1CON_ON_MASK) {
        cmp_update(s);
    }
    /* CVREF may come from this pin; its own output is no news */
    if (pin != CVREFOUT_PIN &&
        pic32_sfr_get(&s->cvr, A_CVRCON) & R_CVRCON_CVRSS_MASK) {
        cmp_drive_cvrefout(s);
    }
}

/* Which pins the comparators compare now: edges of a waveform count there. */
static bool cmp_heeds(void *opaque, PIC32Pin pin)
{
    PIC32Comparator *s = opaque;
    unsigned n;

    for (n = 0; n < PIC32_COMPARATORS; n++) {
        uint32_t con = cmp_con(s, n);
        unsigned cch = FIELD_EX32(con, CM1CON, CCH);

        if (FIELD_EX32(con, CM1CON, ON) &&
            ((!FIELD_EX32(con, CM1CON, CREF) && pin == input_pins[n][0]) ||
             (cch < 3 && pin == input_pins[n][1 + cch]))) {
            return true;
        }
    }
    return false;
}

static void cmp_look(PIC32Comparator *s, unsigned n)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(input_pins[n]); i++) {
        pic32_ports_look(s->ports, input_pins[n][i]);
    }
}

static void cmp_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Comparator *s = opaque;
    unsigned n = offset / (A_CM2CON - A_CM1CON);

    if (offset != A_CMSTAT) {
        if (!FIELD_EX32(value, CM1CON, ON) &&
            FIELD_EX32(value, CM1CON, COUT)) {
            cmp_set_output(s, n, false);
        } else {
            cmp_drive_pin(s, n);
        }
        cmp_look(s, n);
        cmp_update(s);
    }
}

static void cvr_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Comparator *s = opaque;

    cmp_drive_cvrefout(s);
    cmp_update(s);
}

static const PIC32SfrOps cm_ops = {
    .write = cmp_write,
};

static const PIC32SfrOps cvr_ops = {
    .write = cvr_write,
};

static void cmp_reset_enter(Object *obj, ResetType type)
{
    PIC32Comparator *s = PIC32_COMPARATOR(obj);
    unsigned n;

    pic32_sfr_reset(&s->cm);
    pic32_sfr_reset(&s->cvr);
    for (n = 0; n < PIC32_COMPARATORS; n++) {
        timer_del(s->timer[n]);
    }
}

static void cmp_init(Object *obj)
{
    PIC32Comparator *s = PIC32_COMPARATOR(obj);
    unsigned n;

    for (n = 0; n < PIC32_COMPARATORS; n++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[n]);
    }
    qdev_init_gpio_out_named(DEVICE(obj), s->cout, "cout", PIC32_COMPARATORS);
}

static void cmp_realize(DeviceState *dev, Error **errp)
{
    static QEMUTimerCB *const callback[] = { cmp_timer1, cmp_timer2 };
    PIC32Comparator *s = PIC32_COMPARATOR(dev);
    unsigned n;

    if (!s->ports) {
        error_setg(errp, "%s: link 'ports' is not set", TYPE_PIC32_COMPARATOR);
        return;
    }
    pic32_sfr_init(&s->cm, OBJECT(s), TYPE_PIC32_COMPARATOR, CM_SIZE, cm_defs,
                   ARRAY_SIZE(cm_defs), &cm_ops, s);
    pic32_sfr_init(&s->cvr, OBJECT(s), TYPE_PIC32_COMPARATOR, CVR_SIZE,
                   cvr_defs, ARRAY_SIZE(cvr_defs), &cvr_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->cm.iomem);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->cvr.iomem);
    for (n = 0; n < PIC32_COMPARATORS; n++) {
        s->timer[n] = timer_new_ns(QEMU_CLOCK_VIRTUAL, callback[n], s);
    }
    s->watch.voltage = cmp_voltage;
    s->watch.heeds = cmp_heeds;
    s->watch.opaque = s;
    pic32_ports_watch(s->ports, &s->watch);
}

static const VMStateDescription vmstate_cmp = {
    .name = TYPE_PIC32_COMPARATOR,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(cm, PIC32Comparator),
        VMSTATE_PIC32_SFR(cvr, PIC32Comparator),
        VMSTATE_TIMER_PTR_ARRAY(timer, PIC32Comparator, PIC32_COMPARATORS),
        VMSTATE_END_OF_LIST()
    }
};

static Property cmp_properties[] = {
    DEFINE_PROP_UINT32("package", PIC32Comparator, package, 144),
    DEFINE_PROP_LINK("ports", PIC32Comparator, ports, TYPE_PIC32_PORTS,
                     PIC32Ports *),
    DEFINE_PROP_LINK("pps", PIC32Comparator, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_END_OF_LIST(),
};

static void cmp_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = cmp_realize;
    dc->vmsd = &vmstate_cmp;
    rc->phases.enter = cmp_reset_enter;
    device_class_set_props(dc, cmp_properties);
}

static const TypeInfo cmp_types[] = {
    {
        .name = TYPE_PIC32_COMPARATOR,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Comparator),
        .instance_init = cmp_init,
        .class_init = cmp_class_init,
    },
};

DEFINE_TYPES(cmp_types)
