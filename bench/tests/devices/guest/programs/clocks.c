/* SPDX-License-Identifier: MIT
 * Clock switches as a driver makes them: PLL, FRC, crystal and back; the core timer and Timer2 are measured by Timer1
 * on SOSC after each. PBxDIV, the core's PB7DIV, a reference clock that a timer counts by pin select, PMD
 * (FRM section 42, DS60001250; DS60001320 chapters 8, 12 and 33).
 */
#include "guest.h"

#define PMD4        SFR(0x1F800070)
#define OSCCON      SFR(0x1F801200)
#define OSCCONSET   SFR(0x1F801208)
#define REFO4CON    SFR(0x1F8012E0)
#define PB3DIV      SFR(0x1F801320)
#define PB7DIV      SFR(0x1F801360)
#define CLKSTAT     SFR(0x1F8013D0)
#define T2CKR       SFR(0x1F801418)
#define RPD2R       SFR(0x1F8015C8)
#define T1CON       SFR(0x1F840000)
#define TMR1        SFR(0x1F840010)
#define PR1         SFR(0x1F840020)
#define T2CON       SFR(0x1F840200)
#define TMR2        SFR(0x1F840210)
#define PR2         SFR(0x1F840220)

#define OSWEN       (1 << 0)
#define SOSCEN      (1 << 1)
#define SOSCRDY     (1 << 4)
#define PBDIVRDY    (1 << 11)
#define TCS         (1 << 1)
#define OE          (1 << 12)
#define ON          (1 << 15)
#define REFCLKO4    13              /* on RPD2 */
#define T2MD        (1 << 1)
#define SOSC_CYCLES 10              /* that a measurement takes: 305 us */
#define KHZ_TO_COUNT(khz) ((khz) * SOSC_CYCLES * 1000u / 32768)

enum { FRC, SPLL, POSC };

/* The crystal in HS mode, clock switching on. */
__asm__(".globl guest_devcfg1\nguest_devcfg1 = 0x7F60DEB9");

static uint32_t count, timer;       /* ticks of Count and of Timer2 in a measurement */

static void switch_to(uint32_t oscillator)
{
    unlock();
    OSCCON = (OSCCON & ~(7 << 8)) | oscillator << 8;
    OSCCONSET = OSWEN;
    while (OSCCON & OSWEN) {
    }
    SYSKEY = 0;
    CHECK((OSCCON >> 12 & 7) == oscillator);
}

static void divide(volatile uint32_t *pbdiv, uint32_t by)
{
    unlock();
    *pbdiv = ON | (by - 1);
    SYSKEY = 0;
    while (!(*pbdiv & PBDIVRDY)) {
    }
}

static void measure(void)
{
    uint32_t edge = TMR1;

    while (TMR1 == edge) {
    }
    count = CP0_COUNT();
    timer = TMR2;
    edge = TMR1;
    while (((TMR1 - edge) & 0xFFFF) < SOSC_CYCLES) {
    }
    count = CP0_COUNT() - count;
    timer = (TMR2 - timer) & 0xFFFF;
}

/* Within 1 % and what the polling takes. */
static int near(uint32_t value, uint32_t expected)
{
    uint32_t slack = expected / 100 + 2;

    return value >= expected - slack && value <= expected + slack;
}

int main(void)
{
    uint32_t held;

    unlock();
    OSCCONSET = SOSCEN;
    SYSKEY = 0;
    while (!(CLKSTAT & SOSCRDY)) {
    }
    PR1 = 0xFFFF;
    T1CON = ON | TCS;
    PR2 = 0xFFFF;
    T2CON = ON;

    measure();                      /* 200 MHz: Count and PBCLK3 are half of it */
    CHECK(near(count, KHZ_TO_COUNT(100000)));
    CHECK(near(timer, KHZ_TO_COUNT(100000)));
    switch_to(FRC);
    measure();
    CHECK(near(count, KHZ_TO_COUNT(4000)));
    CHECK(near(timer, KHZ_TO_COUNT(4000)));
    switch_to(SPLL);
    measure();
    CHECK(near(count, KHZ_TO_COUNT(100000)));
    switch_to(POSC);
    measure();
    CHECK(near(count, KHZ_TO_COUNT(12000)));
    CHECK(near(timer, KHZ_TO_COUNT(12000)));

    OSCCONSET = OSWEN;              /* locked: no switch begins */
    CHECK(!(OSCCON & OSWEN));

    divide(&PB3DIV, 8);
    measure();
    CHECK(near(count, KHZ_TO_COUNT(12000)));
    CHECK(near(timer, KHZ_TO_COUNT(3000)));
    divide(&PB3DIV, 2);
    divide(&PB7DIV, 4);
    measure();
    CHECK(near(count, KHZ_TO_COUNT(3000)));
    CHECK(near(timer, KHZ_TO_COUNT(12000)));
    divide(&PB7DIV, 1);

    T2CON = 0;                      /* SYSCLK 24 MHz / (2 * 60) on RD2, and T2CK from there */
    RPD2R = REFCLKO4;
    T2CKR = 0;
    REFO4CON = 60 << 16 | OE | ON;
    TMR2 = 0;
    T2CON = ON | TCS;
    measure();
    CHECK(near(timer, KHZ_TO_COUNT(200)));
    REFO4CON = 0;

    T2CON = ON;
    PMD4 = T2MD;
    CHECK(TMR2 == 0 && T2CON == 0);
    PMD4 = 0;
    CHECK(T2CON == ON);
    measure();
    CHECK(near(timer, KHZ_TO_COUNT(12000)));
    held = TMR2;
    PMD4 = T2MD;
    measure();
    PMD4 = 0;
    CHECK(((TMR2 - held) & 0xFFFF) < 100);      /* it stood still */
    CHECK(RESULT->exceptions == 0);
    return 0;
}
