/*
 * PIC32MZ ADC: the converters, their power, triggers and time
 *
 * See pic32mz_adc.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_adc_internal.h"

#define REFERENCE_NS    10000   /* band gap and reference, from ON */
#define REPEAT_MIN_NS   1000    /* between two starts that a level repeats */
#define SAMC_EXTRA      2       /* sampling takes SAMC + 2 TAD */
#define CLASS12_INPUTS  12      /* AN0 to AN11 have triggers of their own */
#define SHARED_INPUTS   MAKE_64BIT_MASK(ADC_SHARED, \
                                        PIC32_ADC_INPUTS - ADC_SHARED)

static int64_t adc_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static bool adc_on(PIC32Adc *s)
{
    return FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, ON);
}

static Clock *adc_clock(PIC32Adc *s)
{
    Clock *const source[] = { s->pbclk, s->sysclk, s->refclk, s->frc };

    return source[FIELD_EX32(adc_reg(s, A_ADCCON3), ADCCON3, ADCSEL)];
}

/* So many TAD of a unit in ns. DS60001320 28-2, 28-3: TAD = 2 ADCDIV TQ. */
static int64_t adc_tad_ns(PIC32Adc *s, unsigned unit, unsigned tads)
{
    uint64_t tq = FIELD_EX32(adc_reg(s, A_ADCCON3), ADCCON3, CONCLKDIV) + 1;
    unsigned adcdiv = unit == ADC_SHARED
                      ? FIELD_EX32(adc_reg(s, A_ADCCON2), ADCCON2, ADCDIV)
                      : FIELD_EX32(adc_reg(s, A_ADC0TIME + unit * 4),
                                   ADC0TIME, ADCDIV);
    uint64_t ticks = tads * tq * 2 * MAX(adcdiv, 1);    /* 0 is reserved */

    return MAX(clock_ticks_to_ns(adc_clock(s), ticks), 1);
}

static unsigned adc_samc(PIC32Adc *s, unsigned unit)
{
    return SAMC_EXTRA +
           (unit == ADC_SHARED
            ? FIELD_EX32(adc_reg(s, A_ADCCON2), ADCCON2, SAMC)
            : FIELD_EX32(adc_reg(s, A_ADC0TIME + unit * 4), ADC0TIME, SAMC));
}

static unsigned adc_early_tads(PIC32Adc *s, unsigned unit)
{
    return 1 + (unit == ADC_SHARED
                ? FIELD_EX32(adc_reg(s, A_ADCCON2), ADCCON2, ADCEIS)
                : FIELD_EX32(adc_reg(s, A_ADC0TIME + unit * 4), ADC0TIME,
                             ADCEIS));
}

/* --- power */

static bool adc_is_awake(PIC32Adc *s, unsigned unit)
{
    return extract32(FIELD_EX32(adc_reg(s, A_ADCANCON), ADCANCON, WKRDY),
                     adc_unit_bit(unit), 1);
}

static void adc_set_awake(PIC32Adc *s, unsigned unit, bool awake)
{
    uint32_t ancon = adc_reg(s, A_ADCANCON);
    uint32_t ready = FIELD_EX32(ancon, ADCANCON, WKRDY);

    ready = deposit32(ready, adc_unit_bit(unit), 1, awake);
    pic32_sfr_set(&s->regs, A_ADCANCON,
                  FIELD_DP32(ancon, ADCANCON, WKRDY, ready));
}

/* Whether a unit can convert. */
static bool adc_is_ready(PIC32Adc *s, unsigned unit)
{
    uint32_t con3 = adc_reg(s, A_ADCCON3);

    return adc_on(s) && FIELD_EX32(adc_reg(s, A_ADCCON2), ADCCON2, BGVRRDY) &&
           adc_is_awake(s, unit) && clock_is_enabled(adc_clock(s)) &&
           extract32(FIELD_EX32(con3, ADCCON3, DIGEN), adc_unit_bit(unit), 1);
}

static void adc_unit_reset(PIC32AdcUnit *unit)
{
    *unit = (PIC32AdcUnit) {
        .burst = ADC_NONE, .held_at = ADC_NEVER, .early_at = ADC_NEVER,
        .done_at = ADC_NEVER, .wake_at = ADC_NEVER,
    };
}

void pic32_adc_stop(PIC32Adc *s)
{
    unsigned i;

    for (i = 0; i < PIC32_ADC_UNITS; i++) {
        adc_unit_reset(&s->unit[i]);
        adc_set_awake(s, i, false);
    }
    for (i = 0; i < ADC_FILTERS; i++) {
        pic32_adc_filter_restart(s, i);
    }
    s->scan = 0;
    s->scan_again_at = 0;
    s->reference_at = ADC_NEVER;
    s->manual_input = ADC_NONE;
    pic32_adc_fifo_clear(s);
    for (i = 0; i < 2; i++) {
        pic32_sfr_set(&s->regs, A_ADCDSTAT1 + i * 4, 0);
        pic32_sfr_set(&s->regs, A_ADCEISTAT1 + i * 4, 0);
    }
    pic32_sfr_set(&s->regs, A_ADCCON2, adc_reg(s, A_ADCCON2) &
                  ~(R_ADCCON2_BGVRRDY_MASK | R_ADCCON2_EOSRDY_MASK));
    timer_del(s->timer);
}

void pic32_adc_power(PIC32Adc *s)
{
    uint32_t ancon = adc_reg(s, A_ADCANCON);
    unsigned i;

    if (!adc_on(s)) {
        return;
    }
    if (s->reference_at == ADC_NEVER &&
        !FIELD_EX32(adc_reg(s, A_ADCCON2), ADCCON2, BGVRRDY)) {
        s->reference_at = adc_now() + REFERENCE_NS;
    }
    for (i = 0; i < PIC32_ADC_UNITS; i++) {
        PIC32AdcUnit *unit = &s->unit[i];
        unsigned bit = adc_unit_bit(i);

        if (!extract32(FIELD_EX32(ancon, ADCANCON, ANEN), bit, 1)) {
            if (unit->wake_at != ADC_NEVER || adc_is_awake(s, i)) {
                adc_unit_reset(unit);
                adc_set_awake(s, i, false);
            }
        } else if (!adc_is_awake(s, i) && unit->wake_at == ADC_NEVER &&
                   clock_is_enabled(adc_clock(s))) {
            unsigned count = MAX(FIELD_EX32(ancon, ADCANCON, WKUPCLKCNT), 4);

            unit->wake_at = adc_now() + adc_tad_ns(s, i, 1 << count);
            /* a dedicated sample and hold then follows its input */
            unit->tracked_at = unit->wake_at +
                               adc_tad_ns(s, i, adc_samc(s, i));
        }
    }
}

/* --- triggers */

static unsigned adc_trigger_source(PIC32Adc *s, unsigned input)
{
    return extract32(adc_reg(s, A_ADCTRG1 + input / 4 * 4), input % 4 * 8, 5);
}

/* The level of a trigger source that has one. */
static bool adc_trigger_level(PIC32Adc *s, unsigned source)
{
    switch (source) {
    case ADC_TRIGGER_LEVEL:
        return FIELD_EX32(adc_reg(s, A_ADCCON3), ADCCON3, GLSWTRG);
    case ADC_TRIGGER_COUT1:
    case ADC_TRIGGER_COUT2:
        return s->cout[source - ADC_TRIGGER_COUT1];
    default:
        return false;
    }
}

static bool adc_suspended(PIC32Adc *s)
{
    return FIELD_EX32(adc_reg(s, A_ADCCON3), ADCCON3, TRGSUSP);
}

/* Inputs of a unit that a level triggers again and again. */
static uint64_t adc_level_inputs(PIC32Adc *s, unsigned unit)
{
    uint32_t sense = adc_reg(s, A_ADCTRGSNS);
    unsigned last = unit == ADC_SHARED ? CLASS12_INPUTS - 1 : unit, input;
    uint64_t inputs = 0;

    if (!sense || adc_suspended(s)) {
        return 0;
    }
    for (input = unit; input <= last; input++) {
        if (extract32(sense, input, 1) &&
            adc_trigger_level(s, adc_trigger_source(s, input))) {
            inputs |= 1ull << input;
        }
    }
    return inputs;
}

/* FRM 22.3.2: classes 1 and 2 take part if their trigger is the scan's. */
static uint64_t adc_scan_inputs(PIC32Adc *s)
{
    uint64_t inputs = adc_input_bits(s, A_ADCCSS1);
    unsigned input;

    for (input = 0; input < CLASS12_INPUTS; input++) {
        if (adc_trigger_source(s, input) != ADC_TRIGGER_SCAN) {
            inputs &= ~(1ull << input);
        }
    }
    return inputs;
}

/* Whether a level starts scans again and again. */
static bool adc_level_scans(PIC32Adc *s)
{
    uint32_t con1 = adc_reg(s, A_ADCCON1);

    return FIELD_EX32(con1, ADCCON1, STRGLVL) && !adc_suspended(s) &&
           adc_trigger_level(s, FIELD_EX32(con1, ADCCON1, STRGSRC)) &&
           adc_scan_inputs(s);
}

static void adc_start_scan(PIC32Adc *s)
{
    uint64_t inputs = adc_scan_inputs(s);

    if (!s->scan && inputs) {
        s->scan = inputs;
        s->scan_again_at = adc_now() + REPEAT_MIN_NS;
    }
}


void pic32_adc_trigger(PIC32Adc *s, unsigned source)
{
    unsigned input;

    if (!adc_on(s) || adc_suspended(s)) {
        return;
    }
    for (input = 0; input < CLASS12_INPUTS; input++) {
        if (adc_trigger_source(s, input) == source) {
            s->unit[adc_unit_of(input)].requested |= 1ull << input;
        }
    }
    if (FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, STRGSRC) == source) {
        adc_start_scan(s);
    }
}

void pic32_adc_request(PIC32Adc *s, unsigned input)
{
    if (adc_on(s) && !adc_suspended(s) && input < PIC32_ADC_INPUTS) {
        s->unit[adc_unit_of(input)].requested |= 1ull << input;
    }
}

void pic32_adc_hold(PIC32Adc *s, unsigned input)
{
    if (adc_on(s) && input >= ADC_SHARED && input < PIC32_ADC_INPUTS) {
        s->manual_input = input;
        s->manual_code = pic32_adc_sample(s, input);
    }
}

/* --- time */

static void adc_start(PIC32Adc *s, unsigned n, unsigned input)
{
    PIC32AdcUnit *unit = &s->unit[n];
    int64_t now = adc_now(), start = now;
    unsigned sampling = adc_samc(s, n), conversion = pic32_adc_bits(s, n) + 1;
    bool manual = input == s->manual_input;

    unit->requested &= ~(1ull << input);
    unit->input = input;
    unit->phase = ADC_SAMPLING;
    unit->repeat_at = now + REPEAT_MIN_NS;
    if (manual) {
        sampling = 0;
        s->manual_input = ADC_NONE;
    } else if (n != ADC_SHARED &&
               !extract32(adc_reg(s, A_ADCTRGMODE), n, 1)) {
        /* it has followed its input since the last conversion */
        sampling = 0;
        start = MAX(now, unit->tracked_at);
    }
    unit->held_at = start + (sampling ? adc_tad_ns(s, n, sampling) : 0);
    unit->done_at = start + adc_tad_ns(s, n, sampling + conversion);
    unit->early_at = unit->done_at - adc_tad_ns(s, n, adc_early_tads(s, n));
    if (manual) {
        unit->code = s->manual_code;
        unit->phase = ADC_CONVERTING;
        unit->held_at = ADC_NEVER;
    }
}

/* The input that an idle unit converts next, or ADC_NONE. */
static unsigned adc_next_input(PIC32Adc *s, unsigned n)
{
    PIC32AdcUnit *unit = &s->unit[n];
    uint64_t scanned = s->scan & (n == ADC_SHARED ? SHARED_INPUTS : 1ull << n);
    uint64_t level;

    /* FRM 22.6.2: during a filter's burst only a lower input comes between */
    if (unit->burst != ADC_NONE) {
        return MIN(unit->requested ? ctz64(unit->requested) : ADC_NONE,
                   unit->burst);
    }
    if (unit->requested) {
        return ctz64(unit->requested);
    }
    if (scanned) {
        return ctz64(scanned);
    }
    level = adc_level_inputs(s, n);
    return level && adc_now() >= unit->repeat_at ? ctz64(level) : ADC_NONE;
}

static void adc_start_next(PIC32Adc *s, unsigned n)
{
    bool tracks = FIELD_EX32(adc_reg(s, A_ADCCON3), ADCCON3, SAMP);
    unsigned input;

    if (s->unit[n].phase != ADC_IDLE || !adc_is_ready(s, n) ||
        (n == ADC_SHARED && tracks)) {
        return;
    }
    input = adc_next_input(s, n);
    if (input != ADC_NONE) {
        adc_start(s, n, input);
    }
}

static void adc_finish(PIC32Adc *s, unsigned n)
{
    PIC32AdcUnit *unit = &s->unit[n];
    unsigned input = unit->input;

    unit->phase = ADC_IDLE;
    unit->done_at = ADC_NEVER;
    unit->tracked_at = adc_now() + adc_tad_ns(s, n, adc_samc(s, n));
    if (pic32_adc_deliver(s, input, unit->code)) {
        unit->burst = input;
        return;
    }
    if (unit->burst == input) {
        unit->burst = ADC_NONE;
    }
    if (extract64(s->scan, input, 1)) {
        s->scan &= ~(1ull << input);
        if (!s->scan) {
            pic32_sfr_set(&s->regs, A_ADCCON2,
                          adc_reg(s, A_ADCCON2) | R_ADCCON2_EOSRDY_MASK);
        }
    }
}

/* Does what is due of a unit. */
static void adc_run_unit(PIC32Adc *s, unsigned n, int64_t now)
{
    PIC32AdcUnit *unit = &s->unit[n];

    if (now >= unit->wake_at) {
        unit->wake_at = ADC_NEVER;
        adc_set_awake(s, n, true);
    }
    if (unit->phase == ADC_IDLE) {
        adc_start_next(s, n);
    }
    if (unit->phase == ADC_SAMPLING && now >= unit->held_at) {
        unit->code = pic32_adc_sample(s, unit->input);
        unit->phase = ADC_CONVERTING;
        unit->held_at = ADC_NEVER;
    }
    if (unit->phase == ADC_CONVERTING && now >= unit->early_at) {
        adc_set_input_bit(s, A_ADCEISTAT1, unit->input, true);
        unit->early_at = ADC_NEVER;
    }
    if (unit->phase == ADC_CONVERTING && now >= unit->done_at) {
        adc_finish(s, n);
        adc_start_next(s, n);
    }
}

static void adc_update_ready(PIC32Adc *s)
{
    bool busy = s->scan != 0;
    unsigned i;

    for (i = 0; i < PIC32_ADC_UNITS; i++) {
        busy |= s->unit[i].phase != ADC_IDLE || s->unit[i].requested ||
                s->unit[i].burst != ADC_NONE;
    }
    pic32_sfr_set(&s->regs, A_ADCCON3,
                  FIELD_DP32(adc_reg(s, A_ADCCON3), ADCCON3, UPDRDY,
                             adc_on(s) && adc_suspended(s) && !busy));
}

static void adc_arm(PIC32Adc *s)
{
    int64_t next = s->reference_at;
    unsigned i;

    for (i = 0; i < PIC32_ADC_UNITS; i++) {
        PIC32AdcUnit *unit = &s->unit[i];

        next = MIN(next, unit->wake_at);
        if (unit->phase == ADC_SAMPLING) {
            next = MIN(next, unit->held_at);
        } else if (unit->phase == ADC_CONVERTING) {
            next = MIN(next, MIN(unit->early_at, unit->done_at));
        } else if (adc_is_ready(s, i) && adc_level_inputs(s, i)) {
            next = MIN(next, MAX(unit->repeat_at, adc_now() + 1));
        }
    }
    if (adc_on(s) && !s->scan && adc_level_scans(s)) {
        next = MIN(next, MAX(s->scan_again_at, adc_now() + 1));
    }
    if (next == ADC_NEVER) {
        timer_del(s->timer);
    } else {
        timer_mod_ns(s->timer, next);
    }
}

void pic32_adc_run(PIC32Adc *s)
{
    int64_t now = adc_now();
    unsigned i;

    if (now >= s->reference_at) {
        s->reference_at = ADC_NEVER;
        pic32_sfr_set(&s->regs, A_ADCCON2,
                      adc_reg(s, A_ADCCON2) | R_ADCCON2_BGVRRDY_MASK);
    }
    if (adc_on(s)) {
        if (!s->scan && now >= s->scan_again_at && adc_level_scans(s)) {
            adc_start_scan(s);
        }
        for (i = 0; i < PIC32_ADC_UNITS; i++) {
            adc_run_unit(s, i, now);
        }
    }
    adc_update_ready(s);
    adc_arm(s);
    pic32_adc_update_irqs(s);
}
