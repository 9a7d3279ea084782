/*
 * PIC32MZ ADC: what becomes of a sample
 *
 * See pic32mz_adc.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_adc_internal.h"

#define CODE_BITS           12
#define IVREF_MV            1200    /* AN43: internal reference */
#define TEMPERATURE_MV      825     /* AN44: 0.5 V at -40 degrees, 5 mV each */

enum { A, B, C, D, E, F, G, H, J };
#define PIN(port, bit)      ((port) * PIC32_PORT_PINS + (bit))
#define INTERNAL            PIC32_PIN_NONE

/* Pin names of the data sheet's tables 2 to 5: "AN5/RPB10/RB10". */
static const PIC32Pin input_pins[PIC32_ADC_INPUTS] = {
    PIN(B, 0), PIN(B, 1), PIN(B, 2), PIN(B, 3), PIN(B, 4),
    PIN(B, 10), PIN(B, 11), PIN(B, 12), PIN(B, 13), PIN(B, 14),
    PIN(B, 15), PIN(G, 9), PIN(G, 8), PIN(G, 7), PIN(G, 6),
    PIN(E, 7), PIN(E, 6), PIN(E, 5), PIN(E, 4), PIN(C, 4),
    PIN(C, 3), PIN(C, 2), PIN(C, 1), PIN(G, 15), PIN(A, 0),
    PIN(E, 8), PIN(E, 9), PIN(A, 9), PIN(A, 10), PIN(A, 1),
    PIN(F, 13), PIN(F, 12), PIN(D, 14), PIN(D, 15), PIN(A, 5),
    PIN(J, 8), PIN(J, 9), PIN(J, 11), PIN(H, 0), PIN(H, 1),
    PIN(H, 4), PIN(H, 5), PIN(H, 6), INTERNAL, INTERNAL,
};

/* AN45 to AN49: in place of AN0 to AN4 where ADCTRGMODE.SHxALT says so. */
static const PIC32Pin alternate_pins[] = {
    PIN(B, 5), PIN(B, 6), PIN(B, 7), PIN(B, 8), PIN(B, 9),
};

/* AN5 to AN9 and AN10: negative inputs in differential mode. */
static const PIC32Pin negative_pins[PIC32_ADC_UNITS] = {
    PIN(B, 10), PIN(B, 11), PIN(B, 12), PIN(B, 13), PIN(B, 14), PIN(B, 15),
};

bool pic32_adc_has_input(PIC32Adc *s, unsigned input)
{
    return input_pins[input] == INTERNAL
           || pic32_ports_has(s->ports, input_pins[input]);
}

static int adc_voltage(PIC32Adc *s, unsigned input)
{
    if (input < ADC_SHARED &&
        extract32(adc_reg(s, A_ADCTRGMODE), 16 + input * 2, 2) == 1) {
        return pic32_ports_voltage(s->ports, alternate_pins[input]);
    }
    if (input_pins[input] == INTERNAL) {
        return input == 43 ? IVREF_MV : TEMPERATURE_MV;
    }
    return pic32_ports_voltage(s->ports, input_pins[input]);
}

/* VREFSEL: bit 0 takes VREF+, bit 1 VREF-. The 64-pin parts have RB0, RB1. */
static void adc_references(PIC32Adc *s, int *high, int *low)
{
    unsigned select = FIELD_EX32(adc_reg(s, A_ADCCON3), ADCCON3, VREFSEL);
    bool small = s->package == 64;

    *high = select & 1 ? pic32_ports_voltage(s->ports, small ? PIN(B, 0)
                                                             : PIN(A, 10))
                       : PIC32_VDD_MV;
    *low = select & 2 ? pic32_ports_voltage(s->ports, small ? PIN(B, 1)
                                                            : PIN(A, 9))
                      : 0;
}

static bool adc_is_signed(PIC32Adc *s, unsigned input)
{
    return extract32(adc_reg(s, A_ADCIMCON1 + input / 16 * 4),
                     input % 16 * 2, 1);
}

static bool adc_is_differential(PIC32Adc *s, unsigned input)
{
    return extract32(adc_reg(s, A_ADCIMCON1 + input / 16 * 4),
                     input % 16 * 2 + 1, 1);
}

unsigned pic32_adc_bits(PIC32Adc *s, unsigned unit)
{
    unsigned selres = unit == ADC_SHARED
                      ? FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, SELRES)
                      : FIELD_EX32(adc_reg(s, A_ADC0TIME + unit * 4),
                                   ADC0TIME, SELRES);

    return 6 + 2 * selres;
}

uint16_t pic32_adc_sample(PIC32Adc *s, unsigned input)
{
    unsigned unit = adc_unit_of(input);
    unsigned bits = pic32_adc_bits(s, unit);
    int voltage = adc_voltage(s, input), steps = 1 << bits;
    int high, low, span, code;

    adc_references(s, &high, &low);
    span = MAX(high - low, 1);
    if (adc_is_differential(s, input)) {
        /* -span to span, 0 V in the middle */
        voltage -= pic32_ports_voltage(s->ports, negative_pins[unit]);
        voltage += span;
        span *= 2;
    } else {
        voltage -= low;
    }
    /* FRM 22.4: the first transition is at half a step */
    code = (MAX(voltage, 0) * 2 * steps + span) / (2 * span);
    return MIN(code, steps - 1) << (CODE_BITS - bits);
}

/* A code as a number: with SIGNx, 0 is in the middle. */
static int32_t adc_value(PIC32Adc *s, unsigned input, uint16_t code)
{
    return adc_is_signed(s, input) ? code - (1 << (CODE_BITS - 1)) : code;
}

/* --- FIFO */

static void adc_fifo_status(PIC32Adc *s)
{
    uint32_t status = adc_reg(s, A_ADCFSTAT);
    uint8_t tag = s->fifo_count ? s->fifo_tag[s->fifo_first] : 0;

    status = FIELD_DP32(status, ADCFSTAT, ADCID, tag);
    status = FIELD_DP32(status, ADCFSTAT, FSIGN, tag >> 7);
    status = FIELD_DP32(status, ADCFSTAT, FCNT, s->fifo_count);
    status = FIELD_DP32(status, ADCFSTAT, FRDY, s->fifo_count > 0);
    pic32_sfr_set(&s->regs, A_ADCFSTAT, status);
}

static void adc_fifo_push(PIC32Adc *s, unsigned unit, uint32_t data, bool sign)
{
    uint32_t status = adc_reg(s, A_ADCFSTAT);
    unsigned last = (s->fifo_first + s->fifo_count) % ADC_FIFO_DEPTH;

    if (unit == ADC_SHARED || !FIELD_EX32(status, ADCFSTAT, FEN) ||
        !extract32(FIELD_EX32(status, ADCFSTAT, ADCEN), unit, 1)) {
        return;
    }
    if (s->fifo_count == ADC_FIFO_DEPTH) {
        pic32_sfr_set(&s->regs, A_ADCFSTAT,
                      FIELD_DP32(status, ADCFSTAT, FWROVERR, 1));
        return;
    }
    s->fifo_data[last] = data;
    s->fifo_tag[last] = unit | sign << 7;
    s->fifo_count++;
    adc_fifo_status(s);
}

uint32_t pic32_adc_fifo_pop(PIC32Adc *s)
{
    uint32_t data = s->fifo_count ? s->fifo_data[s->fifo_first] : 0;

    if (s->fifo_count) {
        s->fifo_first = (s->fifo_first + 1) % ADC_FIFO_DEPTH;
        s->fifo_count--;
        adc_fifo_status(s);
    }
    return data;
}

void pic32_adc_fifo_clear(PIC32Adc *s)
{
    s->fifo_first = s->fifo_count = 0;
    adc_fifo_status(s);
}

/* --- digital comparators */

static void adc_compare(PIC32Adc *s, unsigned n, unsigned input, uint32_t data)
{
    hwaddr offset = A_ADCCMPCON1 + n * 4;
    uint32_t con = adc_reg(s, offset);
    uint32_t limits = adc_reg(s, A_ADCCMP1 + n * 8);
    /* the limits have the format of the data: its upper half when FRACT */
    uint32_t half = FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, FRACT)
                    ? data >> 16 : data & 0xffff;
    int32_t value = half, low, high;
    bool event;

    if (!FIELD_EX32(con, ADCCMPCON1, ENDCMP) || input >= 32 ||
        !extract32(adc_reg(s, A_ADCCMPEN1 + n * 8), input, 1)) {
        return;
    }
    low = FIELD_EX32(limits, ADCCMP1, DCMPLO);
    high = FIELD_EX32(limits, ADCCMP1, DCMPHI);
    if (adc_is_signed(s, input)) {
        value = (int16_t)value;
        low = (int16_t)low;
        high = (int16_t)high;
    }
    event = (FIELD_EX32(con, ADCCMPCON1, IEBTWN) && value >= low &&
             value < high) ||
            (FIELD_EX32(con, ADCCMPCON1, IEHIHI) && value >= high) ||
            (FIELD_EX32(con, ADCCMPCON1, IEHILO) && value < high) ||
            (FIELD_EX32(con, ADCCMPCON1, IELOHI) && value >= low) ||
            (FIELD_EX32(con, ADCCMPCON1, IELOLO) && value < low);
    if (event) {
        con = FIELD_DP32(con, ADCCMPCON1, DCMPED, 1);
        pic32_sfr_set(&s->regs, offset,
                      FIELD_DP32(con, ADCCMPCON1, AINID, input));
    }
}

/* --- digital filters */

/* Samples of a result, a power of two, and the bits that the sum grows by. */
static unsigned adc_filter_order(uint32_t fltr)
{
    static const uint8_t oversampling[] = { 2, 4, 6, 8, 1, 3, 5, 7 };
    unsigned ovrsam = FIELD_EX32(fltr, ADCFLTR1, OVRSAM);

    return FIELD_EX32(fltr, ADCFLTR1, DFMODE) ? ovrsam + 1
                                              : oversampling[ovrsam];
}

void pic32_adc_filter_restart(PIC32Adc *s, unsigned n)
{
    memset(&s->filter[n], 0, sizeof(s->filter[n]));
}

/* What a full filter puts out, DS60001320 register 28-16. */
static uint16_t adc_filter_output(PIC32Adc *s, uint32_t fltr, int64_t sum)
{
    unsigned order = adc_filter_order(fltr);
    bool fract = FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, FRACT);
    unsigned gained = (order + 1) / 2;      /* 4x gains one bit, 16x two */

    if (!FIELD_EX32(fltr, ADCFLTR1, DFMODE)) {
        sum >>= order - gained;
        return fract ? sum << (16 - CODE_BITS - gained) : sum;
    }
    if (!fract) {
        return sum >> order;
    }
    return FIELD_EX32(fltr, ADCFLTR1, DATA16EN) ? (sum << 4) >> order
                                                : (sum >> order) << 4;
}

/* True: the filter needs another sample. */
static bool adc_filter(PIC32Adc *s, unsigned n, unsigned input, int32_t value)
{
    hwaddr offset = A_ADCFLTR1 + n * 4;
    uint32_t fltr = adc_reg(s, offset);
    PIC32AdcFilter *filter = &s->filter[n];

    if (!FIELD_EX32(fltr, ADCFLTR1, AFEN) ||
        FIELD_EX32(fltr, ADCFLTR1, CHNLID) != input) {
        return false;
    }
    filter->sum += value;
    if (++filter->count < 1u << adc_filter_order(fltr)) {
        return true;
    }
    fltr = FIELD_DP32(fltr, ADCFLTR1, FLTRDATA,
                      adc_filter_output(s, fltr, filter->sum));
    pic32_sfr_set(&s->regs, offset, FIELD_DP32(fltr, ADCFLTR1, AFRDY, 1));
    pic32_adc_filter_restart(s, n);
    return false;
}

bool pic32_adc_deliver(PIC32Adc *s, unsigned input, uint16_t code)
{
    int32_t value = adc_value(s, input, code);
    uint32_t data = value;
    bool more = false;
    unsigned n;

    if (FIELD_EX32(adc_reg(s, A_ADCCON1), ADCCON1, FRACT)) {
        data <<= 32 - CODE_BITS;
    }
    pic32_sfr_set(&s->regs, A_ADCDATA0 + input * 4, data);
    adc_set_input_bit(s, A_ADCDSTAT1, input, true);
    adc_fifo_push(s, adc_unit_of(input), data, adc_is_signed(s, input));
    for (n = 0; n < ADC_COMPARATORS; n++) {
        adc_compare(s, n, input, data);
    }
    for (n = 0; n < ADC_FILTERS; n++) {
        more |= adc_filter(s, n, input, value);
    }
    return more;
}
