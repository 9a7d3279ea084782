/* SPDX-License-Identifier: MIT
 * A race between switch and stream, planted. A timer's interrupt takes a sample 62,500 times a second, the main loop
 * counts presses of SW1 on the starter kit, and both counts share a word. A sample that is taken between the load and
 * the store of count_press() is lost: about once in a thousand presses. After ten presses it says on UART2 whether
 * all samples are there, and halts; at the first that is lost it halts at once.
 */
#include "guest.h"

#define ANSELB      SFR(0x1F860100)
#define PORTB       SFR(0x1F860120)
#define CNPUB       SFR(0x1F860150)
#define RPB14R      SFR(0x1F801578)
#define IS_U2TX     2
#define SW1         (1 << 12)
#define T2CON       SFR(0x1F840200)
#define PR2         SFR(0x1F840220)
#define U2MODE      SFR(0x1F822200)
#define U2STA       SFR(0x1F822210)
#define U2TXREG     SFR(0x1F822220)
#define U2BRG       SFR(0x1F822240)
#define U2STA_UTXEN (1 << 10)
#define U2STA_UTXBF (1 << 9)
#define ON          (1 << 15)
#define PBCLK       100000000u
#define PRESSES     10

static volatile uint32_t counts;        /* presses << 16 | samples */
static volatile uint32_t samples_taken; /* by the interrupt alone: this one is right */

static void __attribute__((interrupt)) take_sample(void)
{
    IFSCLR(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
    samples_taken = samples_taken + 1;
    counts = counts + 1;
}

static void __attribute__((noinline)) count_press(void)
{
    counts = counts + 0x10000;
}

static void __attribute__((noinline, noreturn)) halt(const char *text)
{
    interrupts_off();
    T2CON = 0;
    IECCLR(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
    while (*text) {
        while (U2STA & U2STA_UTXBF) {
        }
        U2TXREG = *text++;
    }
    for (;;) {
        __asm__ volatile("wait");
    }
}

static void __attribute__((noinline)) check_samples(void)
{
    uint32_t seen, taken;

    interrupts_off();
    seen = counts & 0xFFFF;
    taken = samples_taken & 0xFFFF;
    interrupts_on();
    if (seen != taken) {
        halt("a sample is lost\r\n");
    }
}

int main(void)
{
    uint32_t now, before = SW1;

    ANSELB = 0;
    CNPUB = SW1;
    RPB14R = IS_U2TX;
    U2BRG = PBCLK / (16 * 115200) - 1;
    U2MODE = ON;
    U2STA = U2STA_UTXEN;
    INTCON = INTCON_MVEC;
    attach(VECTOR_TIMER_2, take_sample, 3, 0);
    PR2 = PBCLK / 62500 - 1;
    T2CON = ON;
    interrupts_on();
    while (counts >> 16 < PRESSES) {
        now = PORTB & SW1;
        if (before && !now) {
            count_press();
        }
        before = now;
        check_samples();
    }
    halt("all samples are there\r\n");
}
