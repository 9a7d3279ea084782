/* SPDX-License-Identifier: MIT
 * Shadow register sets: PRISS picks the set of a priority, a handler there saves nothing, RDPGPR and WRPGPR reach
 * the interrupted set, nested handlers have sets of their own (FRM section 50.13, SRSCtl; DS60001192).
 */
#include "guest.h"

static volatile uint32_t taken, srsctl_in_handler, nested_srsctl, previous_s0;

/* Spoils every register it can: an interrupted program must not notice. */
static void __attribute__((interrupt("eic"), use_shadow_register_set, keep_interrupts_masked)) outer(void)
{
    IFSCLR(VECTOR_TIMER_2) = BIT(VECTOR_TIMER_2);
    srsctl_in_handler = CP0_SRSCTL();
    __asm__ volatile("rdpgpr %0, $16" : "=r"(previous_s0));
    __asm__ volatile("li $8, -1; li $9, -1; li $10, -1; li $11, -1; li $12, -1; li $13, -1; li $14, -1; li $15, -1;"
                     "li $24, -1; li $25, -1; li $2, -1; li $3, -1; li $4, -1; li $5, -1; li $6, -1; li $7, -1"
                     : : : "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "$2", "$3", "$4", "$5",
                     "$6", "$7");
    taken++;
}

static void __attribute__((interrupt("eic"), use_shadow_register_set, keep_interrupts_masked)) inner(void)
{
    IFSCLR(VECTOR_TIMER_3) = BIT(VECTOR_TIMER_3);
    nested_srsctl = CP0_SRSCTL();
    __asm__ volatile("li $16, 0x5A5A; wrpgpr $16, $16" : : : "$16");
    taken++;
}

int main(void)
{
    register uint32_t s0 __asm__("$16");
    register uint32_t t0 __asm__("$8");

    CHECK((CP0_SRSCTL() >> 26 & 0xF) == 7);         /* HSS: eight sets */
    INTCON = INTCON_MVEC;
    PRISS = 3 << 8 | 6 << 20;                       /* priority 2: set 3, priority 5: set 6 */
    attach(VECTOR_TIMER_2, outer, 2, 0);
    attach(VECTOR_TIMER_3, inner, 5, 0);
    /* the compiler's prologue of such a handler takes sp from the previous set */
    interrupts_on();

    __asm__ volatile("li %0, 0x1234; li %1, 0x5678" : "=r"(s0), "=r"(t0));
    __asm__ volatile("sw %2, 0(%3); nop; nop"
                     : "+r"(s0), "+r"(t0) : "r"(BIT(VECTOR_TIMER_2)), "r"(&IFSSET(VECTOR_TIMER_2)) : "memory");
    CHECK(t0 == 0x5678);
    CHECK(s0 == 0x1234);
    CHECK(taken == 1);
    CHECK(previous_s0 == 0x1234);
    CHECK((srsctl_in_handler & 0xF) == 3);          /* CSS */
    CHECK((srsctl_in_handler >> 6 & 0xF) == 0);     /* PSS */
    CHECK((CP0_SRSCTL() & 0xF) == 0);

    __asm__ volatile("li %0, 0x4321" : "=r"(s0));
    __asm__ volatile("sw %1, 0(%2); nop; nop"
                     : "+r"(s0) : "r"(BIT(VECTOR_TIMER_3)), "r"(&IFSSET(VECTOR_TIMER_3)) : "memory");
    CHECK(taken == 2);
    CHECK((nested_srsctl & 0xF) == 6);
    CHECK(s0 == 0x5A5A);                            /* WRPGPR wrote our register */

    /* single vector mode uses PRISS.SS0's set and the vector at 0x200: not here; exceptions use ESS */
    MTC0(12, 2, 4 << 12);
    RESULT->resume = 0;
    __asm__ volatile("syscall");
    CHECK(RESULT->exceptions == 1 && (RESULT->cause >> 2 & 0x1F) == 8);
    CHECK((CP0_SRSCTL() & 0xF) == 0);
    return 0;
}
