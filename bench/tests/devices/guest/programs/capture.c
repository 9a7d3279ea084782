/* SPDX-License-Identifier: MIT
 * Output compare, input capture, external interrupts and the proximity timer as drivers use them: PWM whose duty
 * changes, measured by input capture on the same pin; compare interrupts; INT0 to INT4 from the chip's own pins.
 */
#include "guest.h"

#define TIMER(n, reg)   SFR(0x1F840000 + ((n) - 1) * 0x200 + (reg))
#define IC(n, reg)      SFR(0x1F842000 + ((n) - 1) * 0x200 + (reg))
#define OC(n, reg)      SFR(0x1F844000 + ((n) - 1) * 0x200 + (reg))
#define CON             0x00
#define TMR             0x10        /* IC: BUF, OC: R */
#define PR              0x20        /* OC: RS */
#define PORTD(reg)      SFR(0x1F860300 + (reg))
#define TRISCLR         0x14
#define LATINV          0x3C
#define LATCLR          0x34
#define PORT            0x20
#define INT1R           SFR(0x1F801404)
#define RPD1R           SFR(0x1F8015C4)
#define IPTMR           SFR(0x1F810030)
#define ON              0x8000

#define VECTOR_EXTERNAL(n)  (3 + 5 * (n))
#define VECTOR_IC1      6
#define VECTOR_OC2      12
#define VECTOR_OC3      17
#define IC_ICBNE        8

static volatile uint32_t stamp[8], stamps;
static volatile uint32_t compares, count_at_compare, externals[5], taken_low, taken_high, count_at_low;

static void __attribute__((interrupt("eic"))) capture_handler(void)
{
    while (IC(1, CON) & IC_ICBNE) {
        uint32_t capture = IC(1, TMR);

        if (stamps < 8) {
            stamp[stamps++] = capture;
        }
    }
    IFSCLR(VECTOR_IC1) = BIT(VECTOR_IC1);
}

static void __attribute__((interrupt("eic"))) compare_handler(void)
{
    count_at_compare = TIMER(2, TMR);
    compares++;
    IFSCLR(VECTOR_OC3) = BIT(VECTOR_OC3);
}

#define EXTERNAL_HANDLER(n)                                                     \
    static void __attribute__((interrupt("eic"))) external_handler_##n(void)    \
    {                                                                           \
        externals[n]++;                                                         \
        IFSCLR(VECTOR_EXTERNAL(n)) = BIT(VECTOR_EXTERNAL(n));                   \
    }
EXTERNAL_HANDLER(0)
EXTERNAL_HANDLER(1)
EXTERNAL_HANDLER(2)
EXTERNAL_HANDLER(3)
EXTERNAL_HANDLER(4)

static void __attribute__((interrupt("eic"))) low_handler(void)
{
    count_at_low = CP0_COUNT();
    taken_low++;
    IFSCLR(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
}

static void __attribute__((interrupt("eic"))) high_handler(void)
{
    taken_high++;
    IFSCLR(VECTOR_TIMER_3) = BIT(VECTOR_TIMER_3);
}

/* A timer from 0 with a period of so many clocks. */
static void start_timer(unsigned n, uint32_t period)
{
    TIMER(n, CON) = 0;
    TIMER(n, TMR) = 0;
    TIMER(n, PR) = period - 1;
    TIMER(n, CON) = ON;
}

/* Measures what OC2 puts on RD1 with IC1 on the same pin. */
static void measure(uint32_t period, uint32_t duty)
{
    unsigned i;

    stamps = 0;
    IC(1, CON) = 0;
    IC(1, CON) = ON | 0x200 | 0x80 | 6;     /* every edge, rising first, Timer2 */
    while (stamps < 6) {
        __asm__ volatile("wait");
    }
    IC(1, CON) = 0;
    for (i = 0; i + 2 < 6; i++) {
        CHECK((uint16_t)(stamp[i + 2] - stamp[i]) == period);
    }
    CHECK((uint16_t)(stamp[1] - stamp[0]) == duty);
}

static void pwm(void)
{
    static const uint16_t duties[] = { 250, 600, 40, 999 };
    unsigned i, high;

    RPD1R = 11;                             /* OC2 */
    start_timer(2, 0x10000);
    attach(VECTOR_IC1, capture_handler, 3, 0);
    OC(2, CON) = 0x08 | 6;                  /* PWM of Timer3 */
    OC(2, TMR) = 100;
    OC(2, PR) = 100;
    OC(2, CON) |= ON;
    start_timer(3, 1000);
    measure(1000, 100);
    for (i = 0; i < 4; i++) {
        OC(2, PR) = duties[i];
        TIMER(3, TMR) = 998;                /* the next period is near: the duty cycle is taken over */
        while (OC(2, TMR) != duties[i]) {
        }
        measure(1000, duties[i]);
    }
    OC(2, PR) = 500;
    while (OC(2, TMR) != 500) {
    }
    for (i = high = 0; i < 1000; i++) {
        high += PORTD(PORT) >> 1 & 1;
    }
    CHECK(high > 300 && high < 700);
    OC(2, PR) = 0;
    while (OC(2, TMR) != 0) {
    }
    CHECK(!(PORTD(PORT) & 2));
    OC(2, PR) = 1000;
    while (OC(2, TMR) != 1000) {
    }
    CHECK(PORTD(PORT) & 2);
    CHECK(!(IFS(VECTOR_OC2) & BIT(VECTOR_OC2)));
    OC(2, CON) = 0;
    TIMER(3, CON) = 0;
    RPD1R = 0;
}

static void compare(void)
{
    attach(VECTOR_OC3, compare_handler, 4, 0);
    /* single compare: one interrupt */
    compares = 0;
    OC(3, TMR) = 5000;
    OC(3, CON) = ON | 1;
    start_timer(2, 10000);
    while (!compares) {
    }
    CHECK(count_at_compare >= 5000 && count_at_compare < 5300);
    /* a single pulse interrupts at its end, continuous pulses with every one */
    OC(3, CON) = 0;
    OC(3, TMR) = 3000;
    OC(3, PR) = 6000;
    compares = 0;
    OC(3, CON) = ON | 4;
    start_timer(2, 10000);
    while (!compares) {
    }
    CHECK(count_at_compare >= 6000 && count_at_compare < 6300);
    OC(3, CON) = 0;
    compares = 0;
    OC(3, CON) = ON | 5;
    start_timer(2, 10000);
    while (compares < 3) {
        CHECK(compares == 0 || (count_at_compare >= 6000 && count_at_compare < 6300));
    }
    OC(3, CON) = 0;
    TIMER(2, CON) = 0;
}

static void external(void)
{
    static const uint8_t pin[5] = { 0, 1, 9, 2, 3 };    /* of port D, with pin select as after reset */
    static void (*const handler[5])(void) = {
        external_handler_0, external_handler_1, external_handler_2, external_handler_3, external_handler_4,
    };
    unsigned n, edge;

    PORTD(LATCLR) = 0x20F;
    PORTD(TRISCLR) = 0x20F;
    for (edge = 0; edge < 2; edge++) {
        for (n = 0; n < 5; n++) {
            INTCON = INTCON_MVEC | edge << n;           /* INTnEP: 1 is the rising edge */
            attach(VECTOR_EXTERNAL(n), handler[n], 2, 0);
            externals[n] = 0;
            PORTD(LATINV) = 1 << pin[n];
            CHECK(externals[n] == edge);
            PORTD(LATINV) = 1 << pin[n];
            CHECK(externals[n] == 1);
            IECCLR(VECTOR_EXTERNAL(n)) = BIT(VECTOR_EXTERNAL(n));
        }
    }
    INTCON = INTCON_MVEC;
}

/* Interrupts of priority 3 and less wait for the proximity timer, higher ones do not. */
static void proximity(void)
{
    uint32_t start;

    attach(VECTOR_TIMER_2, low_handler, 3, 0);
    attach(VECTOR_TIMER_3, high_handler, 4, 0);
    IPTMR = 20000;                                      /* 100 us of SYSCLK at 200 MHz */
    INTCON = INTCON_MVEC | 3 << 8;
    taken_low = taken_high = 0;
    start = CP0_COUNT();
    IFSSET(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
    __asm__ volatile("ehb");
    CHECK(taken_low == 0);
    IFSSET(VECTOR_TIMER_3) = BIT(VECTOR_TIMER_3);
    __asm__ volatile("ehb");
    CHECK(taken_high == 1 && taken_low == 0);
    while (!taken_low) {
    }
    CHECK(count_at_low - start >= 20000 / 2);           /* Count runs at half of SYSCLK */
    CHECK(count_at_low - start < 20000 / 2 + 200);
    CHECK(taken_low == 1);
    /* the next one starts it anew */
    start = CP0_COUNT();
    IFSSET(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
    while (taken_low < 2) {
    }
    CHECK(count_at_low - start >= 20000 / 2);
    INTCON = INTCON_MVEC;
    IFSSET(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
    __asm__ volatile("ehb");
    CHECK(taken_low == 3);
}

int main(void)
{
    INTCON = INTCON_MVEC;
    interrupts_on();
    pwm();
    compare();
    external();
    proximity();
    CHECK(RESULT->exceptions == 0);
    return 0;
}
