/* SPDX-License-Identifier: MIT */
/*
 * void idle_until_interrupt(void): WAIT, unless an interrupt has come since idle_wake was cleared.
 *
 * An interrupt between the look at idle_wake and the WAIT would go unseen until the next one. So an interrupt
 * handler that finds EPC inside this window moves it behind the WAIT (interrupt_end in interrupts.h).
 */
    .set    noreorder
    .section .text.idle_until_interrupt, "ax", @progbits
    .globl  idle_until_interrupt
    .globl  idle_window_end
    .ent    idle_until_interrupt
idle_until_interrupt:
    lui     $t0, %hi(idle_wake)
    lw      $t0, %lo(idle_wake)($t0)
    bnez    $t0, idle_window_end
    nop
    wait
idle_window_end:
    jr      $ra
    nop
    .end    idle_until_interrupt
