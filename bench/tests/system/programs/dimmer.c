/* SPDX-License-Identifier: MIT
 * For the made-up board platforms/mini.toml: the potentiometer at RB8 (AN48, the other input of ADC3) dims the LED at RF0,
 * lit when low, by a PWM of 20 kHz, dark at 0 V. Its voltage also sets the pitch of a square wave on RD1, from 5 kHz at
 * 0 V down to 1.64 kHz at VDD.
 */
#include "guest.h"
#include "adc.h"

#define RPD1R       SFR(0x1F8015C4)
#define RPF0R       SFR(0x1F801640)
#define T2CON       SFR(0x1F840200)
#define PR2         SFR(0x1F840220)
#define T3CON       SFR(0x1F840400)
#define TMR3        SFR(0x1F840410)
#define PR3         SFR(0x1F840420)
#define OC1CON      SFR(0x1F844000)
#define OC1R        SFR(0x1F844010)
#define OC1RS       SFR(0x1F844020)
#define OC4CON      SFR(0x1F844600)
#define OC4R        SFR(0x1F844610)
#define OC4RS       SFR(0x1F844620)

#define RPD1_IS_OC1     12
#define RPF0_IS_OC4     11
#define ON              (1 << 15)
#define OF_TIMER_3      (1 << 3)
#define PWM             6
#define PBCLK3          100000000u
#define LED_PERIOD      (PBCLK3 / 20000)
#define PITCH_PERIOD    (PBCLK3 / 5000)     /* at 0 V; longer by 10 clocks a step of the ADC */

static uint32_t potentiometer(void)
{
    ADCCON3 |= ADCCON3_GSWTRG;
    while (!(ADCDSTAT1 & 1u << 3)) {
    }
    return ADCDATA(3);
}

int main(void)
{
    uint32_t now, before = UINT32_MAX;

    adc_on(1u << 3);
    ADCTRGMODE = 1u << 22;      /* SH3ALT: AN48 */
    ADCTRG1 = 1u << 24;         /* AN3 by GSWTRG */
    RPF0R = RPF0_IS_OC4;
    RPD1R = RPD1_IS_OC1;
    PR2 = LED_PERIOD - 1;
    OC4R = OC4RS = LED_PERIOD;
    OC4CON = ON | PWM;
    OC1CON = ON | OF_TIMER_3 | PWM;
    T2CON = ON;
    T3CON = ON;
    for (;;) {
        now = potentiometer();
        if (now != before) {
            before = now;
            OC4RS = LED_PERIOD - now * LED_PERIOD / 4096;
            PR3 = PITCH_PERIOD + 10 * now - 1;
            OC1RS = (PR3 + 1) / 2;
            TMR3 = 0;
        }
    }
}
