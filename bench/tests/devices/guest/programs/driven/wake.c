/* SPDX-License-Identifier: MIT
 * Sleeps, and counts what wakes it: a start bit at UART2 (WAKE), a change at RB12, the external interrupt INT0 on RD0.
 * The host drives it (test_sleep.py). (FRM section 10, DS60001130; section 21, DS60001107)
 */
#include "guest.h"

#define OSCCONSET   SFR(0x1F801208)
#define U2RXR       SFR(0x1F801470)
#define U2MODE      SFR(0x1F822200)
#define U2MODESET   SFR(0x1F822208)
#define U2STA       SFR(0x1F822210)
#define U2RXREG     SFR(0x1F822230)
#define U2BRG       SFR(0x1F822240)
#define ANSELB      SFR(0x1F860100)
#define ANSELG      SFR(0x1F860600)
#define PORTB       SFR(0x1F860120)
#define CNCONB      SFR(0x1F860170)
#define CNENB       SFR(0x1F860180)
#define VECTOR_CNB  119
#define VECTOR_U2RX 146
#define SLPEN       (1 << 4)
#define WAKE        (1 << 7)
#define ON          (1 << 15)
#define URXDA       1

/* What the host reads: wakes by UART and by the pin, and the characters that came whole. */
#define WAKES_UART  (*(volatile uint32_t *)0xA0000200)
#define WAKES_PIN   (*(volatile uint32_t *)0xA0000204)
#define RECEIVED    (*(volatile uint32_t *)0xA0000208)

static void __attribute__((interrupt("eic"))) uart_handler(void)
{
    WAKES_UART++;
    IFSCLR(VECTOR_U2RX) = BIT(VECTOR_U2RX);
    while (U2STA & URXDA) {
        RECEIVED = RECEIVED << 8 | U2RXREG;
    }
}

static void __attribute__((interrupt("eic"))) pin_handler(void)
{
    (void)PORTB;
    WAKES_PIN++;
    IFSCLR(VECTOR_CNB) = BIT(VECTOR_CNB);
}

int main(void)
{
    WAKES_UART = WAKES_PIN = RECEIVED = 0;
    unlock();
    OSCCONSET = SLPEN;
    INTCON = INTCON_MVEC;
    ANSELG = 0;
    ANSELB = 0;
    U2RXR = 1;                          /* RPG6 */
    U2BRG = 650;                        /* 9600 bit/s from 100 MHz */
    U2STA = 1 << 12;                    /* URXEN */
    U2MODE = ON;
    CNENB = 1 << 12;
    CNCONB = ON;
    (void)PORTB;
    attach(VECTOR_U2RX, uart_handler, 3, 0);
    attach(VECTOR_CNB, pin_handler, 3, 0);
    interrupts_on();
    for (;;) {
        U2MODESET = WAKE;
        __asm__ volatile("wait");
    }
}
