/* SPDX-License-Identifier: MIT
 * The ADC's registers, and what a driver does to switch it on (DS60001320 chapter 28).
 */
#ifndef ADC_H
#define ADC_H

#include "guest.h"

#define DEVADC(unit)    SFR(0x1FC54000 + (unit) * 4)
#define ADCCON1         SFR(0x1F84B000)
#define ADCCON2         SFR(0x1F84B004)
#define ADCCON3         SFR(0x1F84B008)
#define ADCGIRQEN1      SFR(0x1F84B020)
#define ADCCSS1         SFR(0x1F84B028)
#define ADCCSS2         SFR(0x1F84B02C)
#define ADCDSTAT1       SFR(0x1F84B030)
#define ADCFLTR1        SFR(0x1F84B068)
#define ADCTRG1         SFR(0x1F84B080)
#define ADCTRG2         SFR(0x1F84B084)
#define ADCTRGMODE      SFR(0x1F84B00C)
#define ADCTIME(unit)   SFR(0x1F84B0D4 + (unit) * 4)
#define ADCANCON        SFR(0x1F84B100)
#define ADCCFG(unit)    SFR(0x1F84B180 + (unit) * 4)
#define ADCDATA(an)     SFR(0x1F84B200 + (an) * 4)

#define ADCCON1_ON      (1u << 15)
#define ADCCON2_BGVRRDY (1u << 31)
#define ADCCON2_REFFLT  (1u << 30)
#define ADCCON2_EOSIEN  (1u << 13)
#define ADCCON3_GSWTRG  (1u << 6)
#define ADCCON3_RQCNVRT (1u << 8)
#define ADC_SAMC        8

/* Switches on the converters in a mask, ADC7 is bit 7: 12 bits, TAD of 20 ns at 100 MHz. */
static inline void adc_on(uint32_t units)
{
    for (unsigned unit = 0; unit < 5; unit++) {
        ADCCFG(unit) = DEVADC(unit);
        ADCTIME(unit) = 3u << 24 | 1u << 16 | ADC_SAMC;
    }
    ADCCFG(7) = DEVADC(7);
    ADCCON1 = 3u << 21;
    ADCCON2 = ADC_SAMC << 16 | 1;
    ADCCON3 = 0;
    ADCANCON = 5u << 24;            /* warm-up: 32 TAD */
    ADCCON1 |= ADCCON1_ON;
    while (!(ADCCON2 & ADCCON2_BGVRRDY)) {
    }
    while (ADCCON2 & ADCCON2_REFFLT) {
    }
    ADCANCON |= units;
    while ((ADCANCON >> 8 & units) != units) {
    }
    ADCCON3 |= units << 16;
}

#endif
