/* SPDX-License-Identifier: MIT
 * Comparator 1 watches a pin against CVREF and interrupts on both edges; its output is on a pin (FRM sections 19 and 20,
 * DS60001110, DS60001109).
 *
 * Panel: {"pin":"RB4","millivolts":3000}
 * Panel: {"pin":"RB4","millivolts":1000,"at":1000000}
 * Panel: {"pin":"RB4","millivolts":1700,"at":2000000}
 */
#include "guest.h"

#define VECTOR_COMPARATOR_1 130
#define CVRCON      SFR(0x1F800E00)
#define CM1CON      SFR(0x1F84C000)
#define CMSTAT      SFR(0x1F84C060)
#define RPD9R       SFR(0x1F8015E4)
#define PORTD       SFR(0x1F860320)
#define COUT        (1u << 8)

static volatile uint32_t edges, level[2], when[2];

static void __attribute__((interrupt("eic"))) edge_handler(void)
{
    when[edges & 1] = CP0_COUNT();
    level[edges & 1] = CMSTAT & 1;
    edges++;
    IFSCLR(VECTOR_COMPARATOR_1) = BIT(VECTOR_COMPARATOR_1);
}

int main(void)
{
    INTCON = INTCON_MVEC;
    CVRCON = 1u << 15 | 8;                          /* 1/4 + 8/32 of 3.3 V: 1.65 V */
    RPD9R = 14;                                     /* C1OUT */
    CM1CON = 1u << 15 | 1u << 14 | 3u << 6 | 1u << 4;   /* CVREF against C1INB: high while the pin is lower */
    while (CP0_COUNT() < 5000) {
    }
    CHECK(!(CM1CON & COUT));
    CHECK(!(PORTD & 1u << 9));
    attach(VECTOR_COMPARATOR_1, edge_handler, 3, 0);
    interrupts_on();
    while (edges < 1) {
        __asm__ volatile("wait");
    }
    CHECK(level[0] == 1);
    CHECK(PORTD & 1u << 9);
    CHECK(when[0] >= 100000 && when[0] < 100100);
    while (edges < 2) {
        __asm__ volatile("wait");
    }
    CHECK(level[1] == 0);
    CHECK(!(PORTD & 1u << 9));
    CHECK(when[1] >= 200000 && when[1] < 200100);
    CHECK(edges == 2);
    return 0;
}
