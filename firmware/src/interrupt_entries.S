/* SPDX-License-Identifier: MIT */
/*
 * One entry a source that OFFx can point at, and the common way into its C handler and back.
 *
 * Interrupts arrive in shadow register set 1 (PRISS, interrupts.c) with EXL set, and nothing nests: only HI and LO
 * are shared with what was interrupted. An interrupt inside the window of idle.S moves EPC behind its WAIT.
 */
#include "cp0.h"

    .set    noreorder
    .set    noat
    .section .interrupt_handlers, "ax", @progbits

    .macro  interrupt_entry name
    .globl  \name\()_entry
\name\()_entry:
    lui     $t0, %hi(\name\()_interrupt)
    b       interrupt_common
    addiu   $t0, $t0, %lo(\name\()_interrupt)
    .endm

    interrupt_entry tick
    interrupt_entry uart_rx
    interrupt_entry uart_tx
    interrupt_entry ethernet

    .ent    interrupt_common
interrupt_common:
    rdpgpr  $sp, $sp                        /* the stack of what was interrupted */
    addiu   $sp, $sp, -32
    mfhi    $t1
    mflo    $t2
    sw      $t1, 16($sp)
    jalr    $t0
    sw      $t2, 20($sp)
    lw      $t1, 16($sp)
    lw      $t2, 20($sp)
    mthi    $t1
    mtlo    $t2

    li      $t0, 1
    lui     $t1, %hi(idle_wake)
    sw      $t0, %lo(idle_wake)($t1)
    mfc0    $t0, CP0_EPC
    la      $t1, idle_until_interrupt
    la      $t2, idle_window_end
    subu    $t0, $t0, $t1
    subu    $t1, $t2, $t1
    sltu    $t0, $t0, $t1
    beqz    $t0, 1f
    nop
    mtc0    $t2, CP0_EPC
    ehb
1:  eret
    .end    interrupt_common
