/* SPDX-License-Identifier: MIT
 * ADC: Timer3 starts a scan of three inputs, its end interrupts; a fourth input goes through an averaging filter, which
 * interrupts as well (FRM section 22, DS60001344).
 *
 * Panel: {"pin":"RG8","millivolts":300}
 * Panel: {"pin":"RC4","millivolts":1500}
 * Panel: {"pin":"RB10","millivolts":1000}
 * Panel: {"pin":"RB10","millivolts":2000,"at":4000000}
 */
#include "guest.h"
#include "adc.h"

#define VECTOR_ADC_DF1  52
#define VECTOR_ADC_EOS  192
#define T3CON           SFR(0x1F840400)
#define PR3             SFR(0x1F840420)
#define TMR3_MATCH      6           /* STRGSRC */
#define PERIOD          10000       /* 100 us at 100 MHz */
#define SCANS           10

static volatile uint32_t scans, wrong, averages, average[2], first, last;

static void __attribute__((interrupt("eic"))) scan_handler(void)
{
    uint32_t now = CP0_COUNT();

    (void)ADCCON2;                  /* reading EOSRDY clears it */
    IFSCLR(VECTOR_ADC_EOS) = BIT(VECTOR_ADC_EOS);
    if (ADCDATA(12) != 372 || ADCDATA(19) != 1862 || ADCDATA(43) != 1489) {
        wrong++;
    }
    if (!scans++) {
        first = now;
    }
    last = now;
}

static void __attribute__((interrupt("eic"))) filter_handler(void)
{
    average[averages++ & 1] = ADCFLTR1 & 0xFFFF;
    IFSCLR(VECTOR_ADC_DF1) = BIT(VECTOR_ADC_DF1);
}

int main(void)
{
    uint32_t taken;

    INTCON = INTCON_MVEC;
    adc_on(1u << 7);
    ADCCON1 |= TMR3_MATCH << 16;
    ADCCON2 |= ADCCON2_EOSIEN;
    ADCCSS1 = 1u << 12 | 1u << 19;
    ADCCSS2 = 1u << (43 - 32);                      /* IVREF, 1.2 V */
    attach(VECTOR_ADC_EOS, scan_handler, 3, 0);
    attach(VECTOR_ADC_DF1, filter_handler, 4, 0);
    ADCFLTR1 = 1u << 31 | 1u << 29 | 3u << 26 | 1u << 25 | 5u << 16;    /* AN5, 16 samples averaged */
    interrupts_on();

    ADCCON3 = (ADCCON3 & ~0x3Fu) | 5 | ADCCON3_RQCNVRT;
    while (!averages) {
        __asm__ volatile("wait");
    }
    CHECK(average[0] == 1241);

    PR3 = PERIOD - 1;
    T3CON = 0x8000;
    while (scans < SCANS) {
        __asm__ volatile("wait");
    }
    T3CON = 0;
    taken = scans;
    CHECK(taken == SCANS);
    CHECK(wrong == 0);
    CHECK(last - first >= (SCANS - 1) * PERIOD - 50);
    CHECK(last - first <= (SCANS - 1) * PERIOD + 50);

    while (CP0_COUNT() < 410000) {                  /* RB10 changes at 4 ms */
    }
    ADCCON3 |= ADCCON3_RQCNVRT;
    while (averages < 2) {
        __asm__ volatile("wait");
    }
    CHECK(average[1] == 2482);
    CHECK(scans == taken);
    return 0;
}
