/* SPDX-License-Identifier: MIT */
/*
 * Where a firmware begins: reset, exception vectors, interrupt handlers of four kinds. Read, never run.
 */
    .set    noreorder
    .set    noat
    .macro  function name
    .globl  \name
    .type   \name, @function
    .ent    \name
\name:
    .endm
    .macro  finish name
    .end    \name
    .size   \name, . - \name
    .endm

    .section .boot, "ax", @progbits
    function _reset
    la      $k0, start_up
    jr      $k0
    nop
    finish  _reset

    .section .vectors, "ax", @progbits
    .globl  ebase
ebase:
    .org    0x180
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x200

    /* A stack of its own for exceptions. */
    function exception_entry
    la      $k0, exception_stack_top
    addiu   $k0, $k0, -40
    sw      $ra, 36($k0)
    move    $sp, $k0
    la      $t0, report
    jr      $t0
    nop
    finish  exception_entry

    .text
    function start_up
    la      $t0, ebase
    mtc0    $t0, $15, 1
    ehb
    la      $sp, main_stack_top
    addiu   $sp, $sp, -16
    la      $a0, alone_entry
    la      $a1, other_entry
    la      $t9, attach
    jalr    $t9
    nop
    la      $a0, third_entry
    la      $a1, switching
    la      $t9, attach
    jalr    $t9
    nop
    la      $t0, main
    jalr    $t0
    nop
1:  b       1b
    nop
    finish  start_up

    /* Lets nobody in, in a register set of its own; two entries with their handlers in t0. */
    .globl  alone_entry, other_entry
alone_entry:
    lui     $t0, %hi(small)
    b       common
    addiu   $t0, $t0, %lo(small)
other_entry:
    lui     $t0, %hi(big)
    b       common
    addiu   $t0, $t0, %lo(big)

    function common
    rdpgpr  $sp, $sp
    addiu   $sp, $sp, -24
    jalr    $t0
    nop
    eret
    finish  common

    /* Goes to level 3 and lets higher ones in. */
    function third_entry
    addiu   $sp, $sp, -80
    mfc0    $k1, $12
    sw      $k1, 76($sp)
    ins     $k1, $zero, 10, 7
    ori     $k1, $k1, 3 << 10
    ins     $k1, $zero, 1, 4
    mtc0    $k1, $12
    jal     big
    nop
    lw      $k1, 76($sp)
    di
    mtc0    $k1, $12
    addiu   $sp, $sp, 80
    eret
    finish  third_entry

    /* As FreeRTOS does it: saves on the interrupted stack, then goes to another unless it is there already. */
    function switching
    addiu   $sp, $sp, -160
    mfc0    $k0, $13
    mfc0    $k1, $12
    sw      $k1, 156($sp)
    srl     $k0, $k0, 10
    ins     $k1, $k0, 10, 7
    ins     $k1, $zero, 1, 4
    add     $s5, $zero, $sp
    lui     $k0, %hi(nesting)
    lw      $s6, %lo(nesting)($k0)
    bnez    $s6, 1f
    nop
    lui     $sp, %hi(isr_stack_pointer)
    addiu   $sp, $sp, %lo(isr_stack_pointer)
    lw      $sp, 0($sp)
1:  mtc0    $k1, $12
    jal     big
    nop
    di
    add     $sp, $zero, $s5
    lw      $k1, 156($sp)
    addiu   $sp, $sp, 160
    mtc0    $k1, $12
    eret
    finish  switching

    .section .rodata
    .globl  isr_stack_pointer
isr_stack_pointer:
    .word   isr_stack_top

    .bss
nesting:
    .space  4
    .balign 16
    .globl  exception_stack, exception_stack_top, main_stack_top, isr_stack_top, isr_stack
exception_stack:
    .space  256
exception_stack_top:
    .space  1024
main_stack_top:
isr_stack:
    .space  512
isr_stack_top:
