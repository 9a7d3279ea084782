/* SPDX-License-Identifier: MIT
 * Sleep and idle: WAIT stops SYSCLK or only the core, an enabled interrupt ends it, SIDL stops a timer, Timer1 on SOSC
 * goes on, with interrupts off the program goes on behind WAIT, a request that Status.IPL masks makes idle of sleep
 * (FRM section 10, DS60001130).
 */
#include "guest.h"

#define OSCCON      SFR(0x1F801200)
#define OSCCONCLR   SFR(0x1F801204)
#define OSCCONSET   SFR(0x1F801208)
#define CLKSTAT     SFR(0x1F8013D0)
#define RCON        SFR(0x1F801240)
#define T1CON       SFR(0x1F840000)
#define TMR1        SFR(0x1F840010)
#define PR1         SFR(0x1F840020)
#define T2CON       SFR(0x1F840200)
#define TMR2        SFR(0x1F840210)
#define T3CON       SFR(0x1F840400)
#define TMR3        SFR(0x1F840410)
#define PR3         SFR(0x1F840420)
#define VECTOR_TIMER_1 4

#define SLPEN       (1 << 4)
#define SOSCEN      (1 << 1)
#define SOSCRDY     (1 << 4)
#define RCON_IDLE   (1 << 2)
#define RCON_SLEEP  (1 << 3)
#define TCS         (1 << 1)
#define SIDL        (1 << 13)
#define ON          (1 << 15)
#define T256        (7 << 4)        /* type B prescaler */
#define SOSC_MS     33              /* SOSC cycles in a millisecond */
#define COUNT_MS    100000          /* Count ticks, at 100 MHz */

static volatile uint32_t ticks;

static void __attribute__((interrupt("eic"))) timer_handler(void)
{
    ticks++;
    IFSCLR(VECTOR_TIMER_1) = BIT(VECTOR_TIMER_1);
}

static volatile uint32_t rounds;

static void __attribute__((interrupt("eic"))) other_timer_handler(void)
{
    rounds++;
    IFSCLR(VECTOR_TIMER_3) = BIT(VECTOR_TIMER_3);
}

/* WAITs for the next interrupt of Timer1, 2 ms from now; returns the Count that passed. */
static uint32_t wait_for_timer(void)
{
    uint32_t count;

    TMR1 = 0;
    TMR2 = 0;
    TMR3 = 0;
    RCON = 0;
    count = CP0_COUNT();
    __asm__ volatile("wait");
    return CP0_COUNT() - count;
}

int main(void)
{
    uint32_t passed;

    unlock();
    OSCCONSET = SOSCEN;
    while (!(CLKSTAT & SOSCRDY)) {
    }
    INTCON = INTCON_MVEC;
    attach(VECTOR_TIMER_1, timer_handler, 3, 0);
    PR1 = 2 * SOSC_MS - 1;
    T1CON = ON | TCS;
    T2CON = ON | SIDL | T256;           /* PBCLK3 100 MHz / 256: 390 a millisecond */
    T3CON = ON | T256;
    interrupts_on();

    /* idle: Count and Timer3 go on, Timer2 stops */
    passed = wait_for_timer();
    CHECK(ticks == 1);
    CHECK(RCON == RCON_IDLE);
    CHECK(passed > 2 * COUNT_MS * 9 / 10);
    CHECK(TMR3 > 2 * 390 * 9 / 10);
    CHECK(TMR2 < 50);

    /* sleep: only Timer1, which counts SOSC, goes on */
    OSCCONSET = SLPEN;
    passed = wait_for_timer();
    CHECK(ticks == 2);
    CHECK(RCON == RCON_SLEEP);
    CHECK(passed < COUNT_MS / 10);
    CHECK(TMR3 < 50);
    CHECK(TMR2 < 50);

    /* interrupts off: it ends all the same, and no handler runs */
    interrupts_off();
    wait_for_timer();
    CHECK(ticks == 2 && RCON == RCON_SLEEP);
    CHECK(IFS(VECTOR_TIMER_1) & BIT(VECTOR_TIMER_1));
    interrupts_on();
    CHECK(ticks == 3);

    /* a request that is there already: WAIT is no wait, and no sleep */
    interrupts_off();
    RCON = 0;
    IFSSET(VECTOR_TIMER_1) = BIT(VECTOR_TIMER_1);
    __asm__ volatile("wait");
    CHECK(RCON == 0);
    interrupts_on();
    CHECK(ticks == 4);

    /* a request that IPL masks makes idle of sleep, where Timer3 counts on and its interrupt wakes after 1 ms */
    PR3 = 390;
    attach(VECTOR_TIMER_3, other_timer_handler, 6, 0);
    set_status(0, STATUS_IPL(5));
    passed = wait_for_timer();
    CHECK(rounds == 1 && ticks == 4);
    CHECK(TMR2 < 50);                   /* SIDL */
    CHECK(RCON & RCON_SLEEP);
    CHECK(passed > COUNT_MS * 9 / 10 && passed < COUNT_MS * 12 / 10);
    IECCLR(VECTOR_TIMER_3) = BIT(VECTOR_TIMER_3);
    set_status(STATUS_IPL(7), 0);
    CHECK(ticks == 5);
    OSCCONCLR = SLPEN;
    CHECK(RESULT->exceptions == 0);
    return 0;
}
