/*
 * PIC32MZ ADC: what its files share
 *
 * pic32mz_adc.c has the registers and the device, pic32mz_adc_unit.c the
 * converters (power, triggers, time), pic32mz_adc_result.c what becomes of a
 * sample (code, format, filters, comparators, FIFO).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_ADC_INTERNAL_H
#define HW_MIPS_PIC32MZ_ADC_INTERNAL_H

#include "hw/clock.h"
#include "hw/registerfields.h"
#include "qemu/timer.h"
#include "pic32mz_adc.h"
#include "pic32mz_evic.h"
#include "pic32mz_ports.h"
#include "pic32mz_sfr.h"

REG32(ADCCON1, 0x000)
    FIELD(ADCCON1, STRGLVL, 3, 1)
    FIELD(ADCCON1, IRQVS, 4, 3)
    FIELD(ADCCON1, ON, 15, 1)
    FIELD(ADCCON1, STRGSRC, 16, 5)
    FIELD(ADCCON1, SELRES, 21, 2)
    FIELD(ADCCON1, FRACT, 23, 1)
REG32(ADCCON2, 0x004)
    FIELD(ADCCON2, ADCDIV, 0, 7)
    FIELD(ADCCON2, ADCEIS, 8, 3)
    FIELD(ADCCON2, ADCEIOVR, 12, 1)
    FIELD(ADCCON2, EOSIEN, 13, 1)
    FIELD(ADCCON2, REFFLTIEN, 14, 1)
    FIELD(ADCCON2, BGVRIEN, 15, 1)
    FIELD(ADCCON2, SAMC, 16, 10)
    FIELD(ADCCON2, EOSRDY, 29, 1)
    FIELD(ADCCON2, REFFLT, 30, 1)
    FIELD(ADCCON2, BGVRRDY, 31, 1)
REG32(ADCCON3, 0x008)
    FIELD(ADCCON3, ADINSEL, 0, 6)
    FIELD(ADCCON3, GSWTRG, 6, 1)
    FIELD(ADCCON3, GLSWTRG, 7, 1)
    FIELD(ADCCON3, RQCNVRT, 8, 1)
    FIELD(ADCCON3, SAMP, 9, 1)
    FIELD(ADCCON3, UPDRDY, 10, 1)
    FIELD(ADCCON3, UPDIEN, 11, 1)
    FIELD(ADCCON3, TRGSUSP, 12, 1)
    FIELD(ADCCON3, VREFSEL, 13, 3)
    FIELD(ADCCON3, DIGEN, 16, 8)
    FIELD(ADCCON3, CONCLKDIV, 24, 6)
    FIELD(ADCCON3, ADCSEL, 30, 2)
REG32(ADCTRGMODE, 0x00c)
    FIELD(ADCTRGMODE, SSAMPEN, 0, 5)
    FIELD(ADCTRGMODE, SHALT, 16, 10)
REG32(ADCIMCON1, 0x010)
REG32(ADCGIRQEN1, 0x020)
REG32(ADCCSS1, 0x028)
REG32(ADCDSTAT1, 0x030)
REG32(ADCCMPEN1, 0x038)         /* ADCCMPENx and ADCCMPx in turn */
REG32(ADCCMP1, 0x03c)
    FIELD(ADCCMP1, DCMPLO, 0, 16)
    FIELD(ADCCMP1, DCMPHI, 16, 16)
REG32(ADCFLTR1, 0x068)
    FIELD(ADCFLTR1, FLTRDATA, 0, 16)
    FIELD(ADCFLTR1, CHNLID, 16, 5)
    FIELD(ADCFLTR1, AFRDY, 24, 1)
    FIELD(ADCFLTR1, AFGIEN, 25, 1)
    FIELD(ADCFLTR1, OVRSAM, 26, 3)
    FIELD(ADCFLTR1, DFMODE, 29, 1)
    FIELD(ADCFLTR1, DATA16EN, 30, 1)
    FIELD(ADCFLTR1, AFEN, 31, 1)
REG32(ADCTRG1, 0x080)
REG32(ADCCMPCON1, 0x0a0)
    FIELD(ADCCMPCON1, IELOLO, 0, 1)
    FIELD(ADCCMPCON1, IELOHI, 1, 1)
    FIELD(ADCCMPCON1, IEHILO, 2, 1)
    FIELD(ADCCMPCON1, IEHIHI, 3, 1)
    FIELD(ADCCMPCON1, IEBTWN, 4, 1)
    FIELD(ADCCMPCON1, DCMPED, 5, 1)
    FIELD(ADCCMPCON1, DCMPGIEN, 6, 1)
    FIELD(ADCCMPCON1, ENDCMP, 7, 1)
    FIELD(ADCCMPCON1, AINID, 8, 6)
REG32(ADCFSTAT, 0x0b8)
    FIELD(ADCFSTAT, ADCID, 0, 3)
    FIELD(ADCFSTAT, FSIGN, 7, 1)
    FIELD(ADCFSTAT, FCNT, 8, 8)
    FIELD(ADCFSTAT, FWROVERR, 21, 1)
    FIELD(ADCFSTAT, FRDY, 22, 1)
    FIELD(ADCFSTAT, FIEN, 23, 1)
    FIELD(ADCFSTAT, ADCEN, 24, 5)
    FIELD(ADCFSTAT, FEN, 31, 1)
REG32(ADCFIFO, 0x0bc)
REG32(ADCBASE, 0x0c0)
REG32(ADCTRGSNS, 0x0d0)
REG32(ADC0TIME, 0x0d4)
    FIELD(ADC0TIME, SAMC, 0, 10)
    FIELD(ADC0TIME, ADCDIV, 16, 7)
    FIELD(ADC0TIME, SELRES, 24, 2)
    FIELD(ADC0TIME, ADCEIS, 26, 3)
REG32(ADCEIEN1, 0x0f0)
REG32(ADCEISTAT1, 0x0f8)
REG32(ADCANCON, 0x100)
    FIELD(ADCANCON, ANEN, 0, 8)
    FIELD(ADCANCON, WKRDY, 8, 8)
    FIELD(ADCANCON, WKIEN, 16, 8)
    FIELD(ADCANCON, WKUPCLKCNT, 24, 4)
REG32(ADC0CFG, 0x180)
REG32(ADCSYSCFG0, 0x1c0)
REG32(ADCSYSCFG1, 0x1c4)
REG32(ADCDATA0, 0x200)

#define ADC_SHARED          5       /* the unit that is ADC7 */
#define ADC_FILTERS         6
#define ADC_COMPARATORS     6
#define ADC_FIFO_DEPTH      128     /* DS60001320 28.1 */
#define ADC_NONE            0xff
#define ADC_NEVER           INT64_MAX

enum { ADC_IDLE, ADC_SAMPLING, ADC_CONVERTING };

/* TRGSRCx and STRGSRC, DS60001320 register 28-17 */
enum {
    ADC_TRIGGER_SOFTWARE = 1, ADC_TRIGGER_LEVEL, ADC_TRIGGER_SCAN,
    ADC_TRIGGER_INT0, ADC_TRIGGER_TMR1, ADC_TRIGGER_TMR3, ADC_TRIGGER_TMR5,
    ADC_TRIGGER_OC1, ADC_TRIGGER_OC3, ADC_TRIGGER_OC5,
    ADC_TRIGGER_COUT1, ADC_TRIGGER_COUT2,
};

/* A converter. Times are virtual, ns; ADC_NEVER: nothing to come. */
typedef struct PIC32AdcUnit {
    uint64_t requested;     /* inputs to convert, one bit each */
    uint8_t phase;
    uint8_t input;          /* under way, when not idle */
    uint8_t burst;          /* input that a filter wants again, or ADC_NONE */
    uint16_t code;          /* what was sampled */
    int64_t held_at;        /* end of sampling ... */
    int64_t early_at;       /* ... early interrupt ... */
    int64_t done_at;        /* ... end of the conversion */
    int64_t tracked_at;     /* a dedicated unit has followed its input enough */
    int64_t wake_at;        /* end of the warm-up */
    int64_t repeat_at;      /* earliest repetition by a level */
} PIC32AdcUnit;

typedef struct PIC32AdcFilter {
    int64_t sum;
    uint32_t count;
} PIC32AdcFilter;

struct PIC32Adc {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    qemu_irq irq[PIC32_ADC_IRQS];
    PIC32Ports *ports;
    PIC32Evic *evic;
    PIC32EvicWatch watch;
    Clock *pbclk, *sysclk, *frc, *refclk;
    uint32_t package;
    QEMUTimer *timer;

    PIC32AdcUnit unit[PIC32_ADC_UNITS];
    PIC32AdcFilter filter[ADC_FILTERS];
    uint64_t scan;              /* inputs that the scan under way still needs */
    int64_t scan_again_at;      /* earliest repetition by a level */
    int64_t reference_at;       /* band gap and reference are ready */
    uint8_t cout[2];            /* outputs of the analog comparators */
    uint8_t manual_input;       /* sampled by SAMP, or ADC_NONE */
    uint16_t manual_code;
    uint32_t fifo_data[ADC_FIFO_DEPTH];
    uint8_t fifo_tag[ADC_FIFO_DEPTH];   /* unit, bit 7: signed */
    uint32_t fifo_first, fifo_count;
    uint64_t line[DIV_ROUND_UP(PIC32_ADC_IRQS, 64)];    /* outputs, high */
};

static inline uint32_t adc_reg(PIC32Adc *s, hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset);
}

/* Bit of an input in a pair of registers with one bit an input. */
static inline bool adc_input_bit(PIC32Adc *s, hwaddr first, unsigned input)
{
    return extract32(adc_reg(s, first + input / 32 * 4), input % 32, 1);
}

static inline void adc_set_input_bit(PIC32Adc *s, hwaddr first, unsigned input,
                                     bool value)
{
    hwaddr offset = first + input / 32 * 4;

    pic32_sfr_set(&s->regs, offset,
                  deposit32(adc_reg(s, offset), input % 32, 1, value));
}

static inline uint64_t adc_input_bits(PIC32Adc *s, hwaddr first)
{
    return adc_reg(s, first) | (uint64_t)adc_reg(s, first + 4) << 32;
}

/* Bit of a unit in a field with one bit a converter: ADC7 is bit 7. */
static inline unsigned adc_unit_bit(unsigned unit)
{
    return unit == ADC_SHARED ? 7 : unit;
}

static inline unsigned adc_unit_of(unsigned input)
{
    return MIN(input, ADC_SHARED);
}

/* Result bits of a unit: 6, 8, 10 or 12. */
unsigned pic32_adc_bits(PIC32Adc *s, unsigned unit);

/* Whether the package has the pin of an input, or it is an internal one. */
bool pic32_adc_has_input(PIC32Adc *s, unsigned input);

/* The code that an input's voltage has now, left aligned in 12 bits. */
uint16_t pic32_adc_sample(PIC32Adc *s, unsigned input);

/*
 * A conversion is over: writes ADCDATA, feeds FIFO, comparators and filters.
 * True: a filter wants another sample of this input at once.
 */
bool pic32_adc_deliver(PIC32Adc *s, unsigned input, uint16_t code);

void pic32_adc_filter_restart(PIC32Adc *s, unsigned filter);

/* The FIFO's oldest value is taken out. */
uint32_t pic32_adc_fifo_pop(PIC32Adc *s);
void pic32_adc_fifo_clear(PIC32Adc *s);

/* Off: everything under way ends. */
void pic32_adc_stop(PIC32Adc *s);

/* ADCCON1.ON, ADCANCON, ADCCON3.DIGEN or a clock may have changed. */
void pic32_adc_power(PIC32Adc *s);

/* An edge of a trigger source. */
void pic32_adc_trigger(PIC32Adc *s, unsigned source);

/* ADCCON3.RQCNVRT and SAMP. */
void pic32_adc_request(PIC32Adc *s, unsigned input);
void pic32_adc_hold(PIC32Adc *s, unsigned input);

/* Does what is due, starts what can start, sets the timer for the rest. */
void pic32_adc_run(PIC32Adc *s);

/* Interrupt outputs follow the status bits. */
void pic32_adc_update_irqs(PIC32Adc *s);

#endif
