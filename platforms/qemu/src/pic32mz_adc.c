/*
 * PIC32MZ 12-bit high-speed SAR ADC
 *
 * Models section 22 of the PIC32 Family Reference Manual (DS60001344) and
 * DS60001320 chapter 28: five dedicated converters for AN0 to AN4 (class 1),
 * the shared one, ADC7, for AN5 to AN11 (class 2) and AN12 to AN44 (class 3),
 * software, timer, output compare, INT0 and comparator triggers, scans,
 * resolution and format, sampling and conversion in their time, digital
 * comparators and filters, the FIFO of the dedicated converters, all
 * interrupts. Voltages come from the pins, see pic32mz_ports.h; the converter
 * is ideal: no noise, no offset.
 *
 * What the manuals leave open: the reference is ready 10 us after ON; a
 * trigger for a converter that is not awake yet waits until it is; a trigger
 * of a scan that is under way is lost; AN44, the temperature sensor, gives
 * 825 mV, 25 degrees. A conversion that a level repeats begins at most once a
 * microsecond: the host would be busy with nothing else.
 *
 * Left out: capacitive voltage division (CVDEN, CVDCPL, CVDDATA), turbo
 * channels (TRBEN), presynchronized triggers (STRGENx), the effect of the
 * calibration words, stop in idle (SIDL), reference faults (REFFLT is 0),
 * levels of the trigger sources INT0, timers and output compare (LVLx, STRGLVL:
 * their events are edges), a change of clock during a conversion (it counts
 * from the next one), the limits of the supply and of the clock rates.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_adc_internal.h"
#include "pic32mz_vectors.h"

#define MMIO_SIZE       0x400
#define INPUTS_HIGH     MAKE_64BIT_MASK(0, PIC32_ADC_INPUTS - 32)
#define ADCCON3_READ_ONLY R_ADCCON3_UPDRDY_MASK

#define REG(name, offset, reset, writable) \
    { name, offset, reset, writable, true }
#define CMP(n) \
    REG("ADCCMPEN" #n, A_ADCCMPEN1 + (n - 1) * 8, 0, UINT32_MAX), \
    REG("ADCCMP" #n, A_ADCCMP1 + (n - 1) * 8, 0, UINT32_MAX), \
    REG("ADCCMPCON" #n, A_ADCCMPCON1 + (n - 1) * 4, 0, 0xdf), \
    REG("ADCFLTR" #n, A_ADCFLTR1 + (n - 1) * 4, 0, 0xfe1f0000)
#define UNIT(n) \
    REG("ADC" #n "TIME", A_ADC0TIME + n * 4, 0x03000000, 0x1f7f03ff), \
    REG("ADC" #n "CFG", A_ADC0CFG + n * 4, 0, UINT32_MAX)
#define DATA(n)     REG("ADCDATA" #n, A_ADCDATA0 + n * 4, 0, 0)
#define DATA5(a, b, c, d, e) DATA(a), DATA(b), DATA(c), DATA(d), DATA(e)

static const PIC32SfrDef adc_defs[] = {
    REG("ADCCON1", A_ADCCON1, 0x00600000, 0xbfffbe78),
    REG("ADCCON2", A_ADCCON2, 0, 0x1ffff77f),
    REG("ADCCON3", A_ADCCON3, 0, 0xff9ffbff),
    REG("ADCTRGMODE", A_ADCTRGMODE, 0, 0x03ff1f1f),
    REG("ADCIMCON1", A_ADCIMCON1, 0, UINT32_MAX),
    REG("ADCIMCON2", A_ADCIMCON1 + 4, 0, UINT32_MAX),
    REG("ADCIMCON3", A_ADCIMCON1 + 8, 0, 0x03ffffff),
    REG("ADCGIRQEN1", A_ADCGIRQEN1, 0, UINT32_MAX),
    REG("ADCGIRQEN2", A_ADCGIRQEN1 + 4, 0, INPUTS_HIGH),
    REG("ADCCSS1", A_ADCCSS1, 0, UINT32_MAX),
    REG("ADCCSS2", A_ADCCSS1 + 4, 0, INPUTS_HIGH),
    REG("ADCDSTAT1", A_ADCDSTAT1, 0, 0),
    REG("ADCDSTAT2", A_ADCDSTAT1 + 4, 0, 0),
    CMP(1), CMP(2), CMP(3), CMP(4), CMP(5), CMP(6),
    REG("ADCTRG1", A_ADCTRG1, 0, 0x1f1f1f1f),
    REG("ADCTRG2", A_ADCTRG1 + 4, 0, 0x1f1f1f1f),
    REG("ADCTRG3", A_ADCTRG1 + 8, 0, 0x1f1f1f1f),
    REG("ADCFSTAT", A_ADCFSTAT, 0, 0x9f800000),
    REG("ADCFIFO", A_ADCFIFO, 0, 0),
    REG("ADCBASE", A_ADCBASE, 0, 0xffff),
    REG("ADCTRGSNS", A_ADCTRGSNS, 0, 0xfff),
    UNIT(0), UNIT(1), UNIT(2), UNIT(3), UNIT(4),
    REG("ADCEIEN1", A_ADCEIEN1, 0, UINT32_MAX),
    REG("ADCEIEN2", A_ADCEIEN1 + 4, 0, INPUTS_HIGH),
    REG("ADCEISTAT1", A_ADCEISTAT1, 0, 0),
    REG("ADCEISTAT2", A_ADCEISTAT1 + 4, 0, 0),
    REG("ADCANCON", A_ADCANCON, 0, 0x0f9f009f),
    REG("ADC7CFG", A_ADC0CFG + 7 * 4, 0, UINT32_MAX),
    REG("ADCSYSCFG0", A_ADCSYSCFG0, 0, 0),
    REG("ADCSYSCFG1", A_ADCSYSCFG1, 0, 0),
    DATA5(0, 1, 2, 3, 4), DATA5(5, 6, 7, 8, 9), DATA5(10, 11, 12, 13, 14),
    DATA5(15, 16, 17, 18, 19), DATA5(20, 21, 22, 23, 24),
    DATA5(25, 26, 27, 28, 29), DATA5(30, 31, 32, 33, 34),
    DATA5(35, 36, 37, 38, 39), DATA5(40, 41, 42, 43, 44),
};

/* --- interrupts: all are levels, DS60001320 table 7-2 */

static void adc_want(uint64_t *lines, unsigned n, bool level)
{
    lines[n / 64] = deposit64(lines[n / 64], n % 64, 1, level);
}

static void adc_want_units(PIC32Adc *s, uint64_t *lines)
{
    uint32_t ancon = adc_reg(s, A_ADCANCON);
    uint32_t warm = FIELD_EX32(ancon, ADCANCON, WKRDY) &
                    FIELD_EX32(ancon, ADCANCON, WKIEN);
    uint64_t early = 0, of_unit;
    unsigned i;

    if (FIELD_EX32(adc_reg(s, A_ADCCON2), ADCCON2, ADCEIOVR)) {
        early = adc_input_bits(s, A_ADCEISTAT1) & adc_input_bits(s, A_ADCEIEN1);
    }
    adc_want(lines, PIC32_ADC_IRQ_EARLY, early);
    for (i = 0; i < PIC32_ADC_UNITS; i++) {
        of_unit = i == ADC_SHARED ? early >> i : extract64(early, i, 1);
        adc_want(lines, PIC32_ADC_IRQ_EARLY0 + i, of_unit);
        adc_want(lines, PIC32_ADC_IRQ_WARM0 + i,
                 extract32(warm, adc_unit_bit(i), 1));
    }
}

/* What the interrupt outputs should be. */
static void adc_want_all(PIC32Adc *s, uint64_t *lines)
{
    uint32_t con2 = adc_reg(s, A_ADCCON2), con3 = adc_reg(s, A_ADCCON3);
    uint32_t fstat = adc_reg(s, A_ADCFSTAT), reg;
    uint64_t ready = adc_input_bits(s, A_ADCDSTAT1) &
                     adc_input_bits(s, A_ADCGIRQEN1);
    unsigned i;
    bool global = ready;

    for (i = 0; i < PIC32_ADC_INPUTS; i++) {
        adc_want(lines, PIC32_ADC_IRQ_DATA0 + i, extract64(ready, i, 1));
    }
    adc_want(lines, PIC32_ADC_IRQ_FIFO, FIELD_EX32(fstat, ADCFSTAT, FRDY) &&
                                        FIELD_EX32(fstat, ADCFSTAT, FIEN));
    for (i = 0; i < ADC_COMPARATORS; i++) {
        reg = adc_reg(s, A_ADCCMPCON1 + i * 4);
        adc_want(lines, PIC32_ADC_IRQ_COMPARATOR1 + i,
                 FIELD_EX32(reg, ADCCMPCON1, DCMPED) &&
                 FIELD_EX32(reg, ADCCMPCON1, DCMPGIEN));
        reg = adc_reg(s, A_ADCFLTR1 + i * 4);
        adc_want(lines, PIC32_ADC_IRQ_FILTER1 + i,
                 FIELD_EX32(reg, ADCFLTR1, AFRDY) &&
                 FIELD_EX32(reg, ADCFLTR1, AFGIEN));
    }
    adc_want(lines, PIC32_ADC_IRQ_FAULT,
             FIELD_EX32(con2, ADCCON2, REFFLT) &&
             FIELD_EX32(con2, ADCCON2, REFFLTIEN));
    adc_want(lines, PIC32_ADC_IRQ_EOS, FIELD_EX32(con2, ADCCON2, EOSRDY) &&
                                       FIELD_EX32(con2, ADCCON2, EOSIEN));
    adc_want(lines, PIC32_ADC_IRQ_ARDY, FIELD_EX32(con2, ADCCON2, BGVRRDY) &&
                                        FIELD_EX32(con2, ADCCON2, BGVRIEN));
    adc_want(lines, PIC32_ADC_IRQ_URDY, FIELD_EX32(con3, ADCCON3, UPDRDY) &&
                                        FIELD_EX32(con3, ADCCON3, UPDIEN));
    adc_want_units(s, lines);
    for (i = PIC32_ADC_IRQ_FIFO; i < PIC32_ADC_IRQ_DATA0; i++) {
        global |= extract64(lines[i / 64], i % 64, 1);
    }
    adc_want(lines, PIC32_ADC_IRQ_GLOBAL, global);
}

void pic32_adc_update_irqs(PIC32Adc *s)
{
    uint64_t want[ARRAY_SIZE(s->line)] = { 0 }, changed[ARRAY_SIZE(s->line)];
    unsigned i, n;

    adc_want_all(s, want);
    for (i = 0; i < ARRAY_SIZE(want); i++) {
        changed[i] = want[i] ^ s->line[i];
        s->line[i] = want[i];
    }
    for (i = 0; i < ARRAY_SIZE(want); i++) {
        for (; changed[i]; changed[i] &= changed[i] - 1) {
            n = ctz64(changed[i]);
            /* not want: who hears of this event may have read a result */
            qemu_set_irq(s->irq[i * 64 + n], extract64(s->line[i], n, 1));
        }
    }
}

/* --- registers */

static void adc_clear_bits(PIC32Adc *s, hwaddr offset, uint32_t bits)
{
    pic32_sfr_set(&s->regs, offset, adc_reg(s, offset) & ~bits);
    pic32_adc_update_irqs(s);
}

/* ADCBASE plus the entry of the lowest input that is ready. */
static uint32_t adc_base(PIC32Adc *s)
{
    uint64_t ready = adc_input_bits(s, A_ADCDSTAT1) &
                     adc_input_bits(s, A_ADCGIRQEN1);
    unsigned shift = FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, IRQVS);

    return adc_reg(s, A_ADCBASE) + (ready ? ctz64(ready) << shift : 0);
}

/* Reading a result takes it: its flag is cleared. */
static uint32_t adc_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Adc *s = opaque;
    uint32_t value = adc_reg(s, offset);

    if (offset >= A_ADCDATA0) {
        adc_set_input_bit(s, A_ADCDSTAT1, (offset - A_ADCDATA0) / 4, false);
        adc_set_input_bit(s, A_ADCEISTAT1, (offset - A_ADCDATA0) / 4, false);
        pic32_adc_update_irqs(s);
    } else if (offset >= A_ADCFLTR1 && offset < A_ADCTRG1) {
        adc_clear_bits(s, offset, R_ADCFLTR1_AFRDY_MASK);
    } else if (offset >= A_ADCCMPCON1 && offset < A_ADCFSTAT) {
        adc_clear_bits(s, offset, R_ADCCMPCON1_DCMPED_MASK);
    }
    switch (offset) {
    case A_ADCCON2:
        adc_clear_bits(s, offset, R_ADCCON2_EOSRDY_MASK);
        break;
    case A_ADCFSTAT:
        adc_clear_bits(s, offset, R_ADCFSTAT_FWROVERR_MASK);
        break;
    case A_ADCFIFO:
        value = pic32_adc_fifo_pop(s);
        pic32_adc_update_irqs(s);
        break;
    case A_ADCBASE:
        value = adc_base(s);
        break;
    }
    return value;
}

static void adc_write_con3(PIC32Adc *s, uint32_t old, uint32_t value)
{
    unsigned input = FIELD_EX32(value, ADCCON3, ADINSEL);

    pic32_sfr_set(&s->regs, A_ADCCON3, value & ~(R_ADCCON3_GSWTRG_MASK |
                                                 R_ADCCON3_RQCNVRT_MASK));
    if (FIELD_EX32(old & ~value, ADCCON3, SAMP)) {
        pic32_adc_hold(s, FIELD_EX32(old, ADCCON3, ADINSEL));
    }
    if (FIELD_EX32(value, ADCCON3, GSWTRG)) {
        pic32_adc_trigger(s, ADC_TRIGGER_SOFTWARE);
    }
    if (FIELD_EX32(value & ~old, ADCCON3, GLSWTRG)) {
        pic32_adc_trigger(s, ADC_TRIGGER_LEVEL);
    }
    if (FIELD_EX32(value, ADCCON3, RQCNVRT)) {
        pic32_adc_request(s, input);
    }
}

static void adc_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Adc *s = opaque;

    if (offset >= A_ADCFLTR1 && offset < A_ADCTRG1) {
        if (!FIELD_EX32(old & value, ADCFLTR1, AFEN)) {
            pic32_adc_filter_restart(s, (offset - A_ADCFLTR1) / 4);
            pic32_sfr_set(&s->regs, offset, value & ~R_ADCFLTR1_AFRDY_MASK);
        }
    } else if (offset >= A_ADCCMPCON1 && offset < A_ADCFSTAT) {
        if (!FIELD_EX32(value, ADCCMPCON1, ENDCMP)) {
            pic32_sfr_set(&s->regs, offset, value & ~R_ADCCMPCON1_DCMPED_MASK);
        }
    }
    switch (offset) {
    case A_ADCCON1:
        if (!FIELD_EX32(value, ADCCON1, ON)) {
            pic32_adc_stop(s);
        }
        break;
    case A_ADCCON3:
        adc_write_con3(s, old, value);
        break;
    case A_ADCFSTAT:
        if (!FIELD_EX32(value, ADCFSTAT, FEN)) {
            pic32_adc_fifo_clear(s);
        }
        break;
    }
    pic32_adc_power(s);
    pic32_adc_run(s);
}

static const PIC32SfrOps adc_ops = {
    .read = adc_read,
    .write = adc_write,
};

/* --- what comes from outside */

static void adc_timer(void *opaque)
{
    pic32_adc_run(opaque);
}

static void adc_clock_update(void *opaque, ClockEvent event)
{
    PIC32Adc *s = opaque;

    if (s->regs.value) {
        pic32_adc_power(s);
        pic32_adc_run(s);
    }
}

static void adc_event(void *opaque, int vector)
{
    static const struct {
        int vector;
        unsigned source;
    } sources[] = {
        { PIC32_VECTOR_EXTERNAL_0, ADC_TRIGGER_INT0 },
        { PIC32_VECTOR_TIMER_1, ADC_TRIGGER_TMR1 },
        { PIC32_VECTOR_TIMER_3, ADC_TRIGGER_TMR3 },
        { PIC32_VECTOR_TIMER_5, ADC_TRIGGER_TMR5 },
        { PIC32_VECTOR_OUTPUT_COMPARE_1, ADC_TRIGGER_OC1 },
        { PIC32_VECTOR_OUTPUT_COMPARE_3, ADC_TRIGGER_OC3 },
        { PIC32_VECTOR_OUTPUT_COMPARE_5, ADC_TRIGGER_OC5 },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(sources); i++) {
        if (sources[i].vector == vector) {
            pic32_adc_trigger(opaque, sources[i].source);
            pic32_adc_run(opaque);
        }
    }
}

static void adc_cout(void *opaque, int n, int level)
{
    PIC32Adc *s = opaque;
    bool rises = level && !s->cout[n];

    s->cout[n] = level;
    if (rises) {
        pic32_adc_trigger(s, ADC_TRIGGER_COUT1 + n);
        pic32_adc_run(s);
    }
}

/* --- device */

static void adc_reset_enter(Object *obj, ResetType type)
{
    PIC32Adc *s = PIC32_ADC(obj);
    uint64_t present = 0;
    unsigned input;

    pic32_sfr_reset(&s->regs);
    for (input = 0; input < PIC32_ADC_INPUTS; input++) {
        present |= (uint64_t)pic32_adc_has_input(s, input) << input;
    }
    pic32_sfr_set(&s->regs, A_ADCSYSCFG0, present);
    pic32_sfr_set(&s->regs, A_ADCSYSCFG1, present >> 32);
    pic32_adc_stop(s);
    memset(s->line, 0, sizeof(s->line));
    memset(s->cout, 0, sizeof(s->cout));
}

static void adc_init(Object *obj)
{
    PIC32Adc *s = PIC32_ADC(obj);
    struct {
        const char *name;
        Clock **clock;
    } clocks[] = {
        { "pbclk", &s->pbclk }, { "sysclk", &s->sysclk },
        { "frc", &s->frc }, { "refclk", &s->refclk },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(clocks); i++) {
        *clocks[i].clock = qdev_init_clock_in(DEVICE(obj), clocks[i].name,
                                              adc_clock_update, s, ClockUpdate);
    }
    for (i = 0; i < PIC32_ADC_IRQS; i++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[i]);
    }
    qdev_init_gpio_in_named(DEVICE(obj), adc_cout, "cout", 2);
}

static void adc_realize(DeviceState *dev, Error **errp)
{
    PIC32Adc *s = PIC32_ADC(dev);

    if (!s->ports || !s->evic) {
        error_setg(errp, "%s: links 'ports' and 'evic' are not set",
                   TYPE_PIC32_ADC);
        return;
    }
    pic32_sfr_init(&s->regs, OBJECT(s), TYPE_PIC32_ADC, MMIO_SIZE, adc_defs,
                   ARRAY_SIZE(adc_defs), &adc_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, adc_timer, s);
    s->watch.event = adc_event;
    s->watch.opaque = s;
    pic32_evic_watch(s->evic, &s->watch);
    pic32_adc_stop(s);      /* a clock may run before the first reset */
}

static const VMStateDescription vmstate_adc_unit = {
    .name = TYPE_PIC32_ADC "/unit",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT64(requested, PIC32AdcUnit),
        VMSTATE_UINT8(phase, PIC32AdcUnit),
        VMSTATE_UINT8(input, PIC32AdcUnit),
        VMSTATE_UINT8(burst, PIC32AdcUnit),
        VMSTATE_UINT16(code, PIC32AdcUnit),
        VMSTATE_INT64(held_at, PIC32AdcUnit),
        VMSTATE_INT64(early_at, PIC32AdcUnit),
        VMSTATE_INT64(done_at, PIC32AdcUnit),
        VMSTATE_INT64(tracked_at, PIC32AdcUnit),
        VMSTATE_INT64(wake_at, PIC32AdcUnit),
        VMSTATE_INT64(repeat_at, PIC32AdcUnit),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_adc_filter = {
    .name = TYPE_PIC32_ADC "/filter",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_INT64(sum, PIC32AdcFilter),
        VMSTATE_UINT32(count, PIC32AdcFilter),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_adc = {
    .name = TYPE_PIC32_ADC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Adc),
        VMSTATE_CLOCK(pbclk, PIC32Adc),
        VMSTATE_CLOCK(sysclk, PIC32Adc),
        VMSTATE_CLOCK(frc, PIC32Adc),
        VMSTATE_CLOCK(refclk, PIC32Adc),
        VMSTATE_TIMER_PTR(timer, PIC32Adc),
        VMSTATE_STRUCT_ARRAY(unit, PIC32Adc, PIC32_ADC_UNITS, 1,
                             vmstate_adc_unit, PIC32AdcUnit),
        VMSTATE_STRUCT_ARRAY(filter, PIC32Adc, ADC_FILTERS, 1,
                             vmstate_adc_filter, PIC32AdcFilter),
        VMSTATE_UINT64(scan, PIC32Adc),
        VMSTATE_INT64(scan_again_at, PIC32Adc),
        VMSTATE_INT64(reference_at, PIC32Adc),
        VMSTATE_UINT8_ARRAY(cout, PIC32Adc, 2),
        VMSTATE_UINT8(manual_input, PIC32Adc),
        VMSTATE_UINT16(manual_code, PIC32Adc),
        VMSTATE_UINT32_ARRAY(fifo_data, PIC32Adc, ADC_FIFO_DEPTH),
        VMSTATE_UINT8_ARRAY(fifo_tag, PIC32Adc, ADC_FIFO_DEPTH),
        VMSTATE_UINT32(fifo_first, PIC32Adc),
        VMSTATE_UINT32(fifo_count, PIC32Adc),
        VMSTATE_UINT64_ARRAY(line, PIC32Adc, DIV_ROUND_UP(PIC32_ADC_IRQS, 64)),
        VMSTATE_END_OF_LIST()
    }
};

static Property adc_properties[] = {
    DEFINE_PROP_UINT32("package", PIC32Adc, package, 144),
    DEFINE_PROP_LINK("ports", PIC32Adc, ports, TYPE_PIC32_PORTS, PIC32Ports *),
    DEFINE_PROP_LINK("evic", PIC32Adc, evic, TYPE_PIC32_EVIC, PIC32Evic *),
    DEFINE_PROP_END_OF_LIST(),
};

static void adc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = adc_realize;
    dc->vmsd = &vmstate_adc;
    rc->phases.enter = adc_reset_enter;
    device_class_set_props(dc, adc_properties);
}

static const TypeInfo adc_types[] = {
    {
        .name = TYPE_PIC32_ADC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Adc),
        .instance_init = adc_init,
        .class_init = adc_class_init,
    },
};

DEFINE_TYPES(adc_types)
