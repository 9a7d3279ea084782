/* SPDX-License-Identifier: MIT */
/*
 * Exception vectors at EBase, and the way from any of them to exception_report().
 * Interrupts do not come here: each source has its own offset (OFFx, interrupts.c).
 */
#include "cp0.h"

    .set    noreorder
    .set    noat
    .section .exception_vectors, "ax", @progbits

    .org    0x000                           /* TLB refill: an address outside the unmapped segments */
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x100                           /* cache error */
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x180                           /* general exception */
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x200                           /* an interrupt whose OFFx nobody set */
    la      $k0, exception_entry
    jr      $k0
    nop

    .org    0x240
    .globl  exception_entry
    .ent    exception_entry
exception_entry:
    /* A stack of its own: the old one may be what went wrong. Registers are kept for a debugger. */
    la      $k0, exception_stack_top
    addiu   $k0, $k0, -160
    .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,28,29,30,31
    sw      $\n, 16+4*\n($k0)
    .endr
    move    $a0, $sp
    move    $a1, $ra
    move    $sp, $k0
    la      $gp, _gp
    la      $t0, exception_report
    jr      $t0
    nop
    .end    exception_entry

    .section .bss.exception_stack, "aw", @nobits
    .balign 16
    .globl  exception_stack
exception_stack:
    .space  1024
exception_stack_top:
