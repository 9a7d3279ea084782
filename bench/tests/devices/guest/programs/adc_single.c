/* SPDX-License-Identifier: MIT
 * ADC: single conversions of three pins, one of each class, as drivers do them: calibration, ON, reference, warm-up,
 * then a request for one input, and all of them by the global software trigger (FRM section 22, DS60001344).
 *
 * Panel: {"pin":"RB0","millivolts":1650}
 * Panel: {"pin":"RB11","millivolts":825}
 * Panel: {"pin":"RG6","millivolts":2475}
 * Panel: {"pin":"RB0","millivolts":330,"at":2000000}
 */
#include "guest.h"
#include "adc.h"

#define AN_DEDICATED    0           /* RB0 */
#define AN_CLASS2       6           /* RB11 */
#define AN_CLASS3       14          /* RG6 */

static uint32_t convert(unsigned an)
{
    ADCCON3 = (ADCCON3 & ~0x3Fu) | an;
    ADCCON3 |= ADCCON3_RQCNVRT;
    while (!(ADCDSTAT1 >> an & 1)) {
    }
    return ADCDATA(an);
}

int main(void)
{
    uint32_t start, ticks;

    CHECK(DEVADC(0) != 0xFFFFFFFF);
    adc_on(1u << 0 | 1u << 7);
    CHECK(ADCCFG(0) == DEVADC(0));

    CHECK(convert(AN_DEDICATED) == 2048);
    CHECK(convert(AN_CLASS2) == 1024);
    start = CP0_COUNT();
    CHECK(convert(AN_CLASS3) == 3072);
    ticks = CP0_COUNT() - start;
    CHECK(ticks >= 2 * (ADC_SAMC + 2 + 13));        /* TAD is 20 ns, a tick is 10 ns */
    CHECK(ticks < 2 * (ADC_SAMC + 2 + 13) + 60);
    CHECK(!(ADCDSTAT1 >> AN_CLASS3 & 1));           /* reading took it */

    while (CP0_COUNT() < 210000) {                  /* RB0 changes at 2 ms */
    }
    ADCTRG1 = 1;                                    /* AN0 and AN6: GSWTRG */
    ADCTRG2 = 1 << 16;
    ADCCON3 |= ADCCON3_GSWTRG;
    while ((ADCDSTAT1 & 0x41) != 0x41) {
    }
    CHECK(ADCDATA(AN_DEDICATED) == 410);
    CHECK(ADCDATA(AN_CLASS2) == 1024);
    return 0;
}
