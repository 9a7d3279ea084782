/* SPDX-License-Identifier: MIT
 * External interrupt controller: vector offsets, priorities, subpriorities, natural order, nesting, masking by
 * Status.IPL, RIPL in Cause and INTSTAT (FRM section 8, DS60001108; section 50, DS60001192).
 */
#include "guest.h"

#define LOW     VECTOR_TIMER_2
#define HIGH    VECTOR_TIMER_3

static volatile uint32_t order[8], taken;
static volatile uint32_t ripl_in_low, srs_in_low, intstat_in_low, nested_inside;

static void __attribute__((interrupt("eic"))) low_handler(void)
{
    IFSCLR(LOW) = BIT(LOW);
    order[taken++ & 7] = LOW;
    ripl_in_low = CP0_CAUSE() >> 10 & 0x3F;
    intstat_in_low = INTSTAT;
    if (nested_inside) {
        nested_inside = 0;
        IFSSET(HIGH) = BIT(HIGH);       /* the compiler's prologue has enabled interrupts above our level */
        __asm__ volatile("ehb");
        order[taken++ & 7] = 100;
    }
}

static void __attribute__((interrupt("eic"))) high_handler(void)
{
    IFSCLR(HIGH) = BIT(HIGH);
    order[taken++ & 7] = HIGH;
}

static void __attribute__((interrupt("eic"))) software_handler(void)
{
    MTC0(13, 0, CP0_CAUSE() & ~0x300u);
    IFSCLR(VECTOR_SOFTWARE_0) = BIT(VECTOR_SOFTWARE_0);
    order[taken++ & 7] = VECTOR_SOFTWARE_0;
}

static void both(void)
{
    taken = 0;
    interrupts_off();
    IFSSET(LOW) = BIT(LOW);
    IFSSET(HIGH) = BIT(HIGH);
    CHECK(taken == 0);
    interrupts_on();
    __asm__ volatile("nop; nop; nop");
    CHECK(taken == 2);
}

int main(void)
{
    INTCON = INTCON_MVEC;
    attach(LOW, low_handler, 2, 0);
    attach(HIGH, high_handler, 5, 0);
    interrupts_on();

    /* one interrupt: taken at once, RIPL latched, flag cleared stays cleared */
    IFSSET(LOW) = BIT(LOW);
    CHECK(taken == 1 && order[0] == LOW);
    CHECK(ripl_in_low == 2);
    CHECK((intstat_in_low & 0xFF) == LOW && (intstat_in_low >> 8 & 7) == 2);
    CHECK(!(IFS(LOW) & BIT(LOW)));
    CHECK((CP0_STATUS() & 0xFC02) == 0);

    /* priority decides, then subpriority, then natural order */
    both();
    CHECK(order[0] == HIGH && order[1] == LOW);
    attach(LOW, low_handler, 5, 2);
    attach(HIGH, high_handler, 5, 1);
    both();
    CHECK(order[0] == LOW && order[1] == HIGH);
    attach(HIGH, high_handler, 5, 3);
    both();
    CHECK(order[0] == HIGH && order[1] == LOW);
    attach(LOW, low_handler, 5, 3);
    both();
    CHECK(order[0] == LOW && order[1] == HIGH);

    /* a handler is interrupted by a higher level only */
    attach(LOW, low_handler, 2, 0);
    attach(HIGH, high_handler, 5, 0);
    taken = 0;
    nested_inside = 1;
    IFSSET(LOW) = BIT(LOW);
    CHECK(taken == 3 && order[0] == LOW && order[1] == HIGH && order[2] == 100);
    attach(HIGH, high_handler, 2, 3);
    taken = 0;
    nested_inside = 1;
    IFSSET(LOW) = BIT(LOW);
    CHECK(taken == 3 && order[1] == 100 && order[2] == HIGH);

    /* Status.IPL masks its own level and those below; priority 0 is off */
    taken = 0;
    set_status(STATUS_IPL(0x3F), STATUS_IPL(2));
    IFSSET(LOW) = BIT(LOW);
    CHECK(taken == 0);
    set_status(STATUS_IPL(0x3F), STATUS_IPL(1));
    CHECK(taken == 1);
    set_status(STATUS_IPL(0x3F), 0);
    attach(LOW, low_handler, 0, 3);
    IFSSET(LOW) = BIT(LOW);
    CHECK(taken == 1);
    IFSCLR(LOW) = BIT(LOW);

    /* software interrupt through Cause.IP0 */
    attach(VECTOR_SOFTWARE_0, software_handler, 1, 0);
    taken = 0;
    MTC0(13, 0, CP0_CAUSE() | 0x100);
    CHECK(taken == 1 && order[0] == VECTOR_SOFTWARE_0);

    /* WAIT ends on a request although interrupts are off */
    attach(LOW, low_handler, 2, 0);
    interrupts_off();
    taken = 0;
    IFSSET(LOW) = BIT(LOW);
    __asm__ volatile("wait");
    CHECK(taken == 0);
    interrupts_on();
    CHECK(taken == 1);
    CHECK(RESULT->exceptions == 0);
    return 0;
}
