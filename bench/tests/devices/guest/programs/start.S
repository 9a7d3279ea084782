# SPDX-License-Identifier: MIT
# Start-up of guest programs: CP0, stack, main(), then WAIT for ever. Exceptions are recorded in `result`.

#include "guest.h"

    .set noreorder
    .set nomacro

    .section .reset, "ax"
    .globl _reset
    .ent _reset
_reset:
    lui     $sp, 0x8002             # top of the first 128 KiB of RAM
    lui     $t0, 0x3440             # CU1, FR, MX | BEV
    mtc0    $t0, $12                # Status: BEV while EBase is written
    ehb
    lui     $t1, 0x9D00
    mtc0    $t1, $15, 1             # EBase
    li      $t1, 0x20
    mtc0    $t1, $12, 1             # IntCtl.VS: vectored
    lui     $t1, 0x0080
    mtc0    $t1, $13                # Cause.IV
    mtc0    $zero, $12, 2           # SRSCtl: ESS 0, PSS 0
    lui     $t0, 0x3500             # CU1, FR, MX; BEV and ERL clear, interrupts off
    mtc0    $t0, $12
    ehb
    lui     $t0, 0xA000
    sw      $zero, RESULT_OFFSET + 0($t0)
    sw      $zero, RESULT_OFFSET + 4($t0)
    sw      $zero, RESULT_OFFSET + 8($t0)
    sw      $zero, RESULT_OFFSET + 12($t0)
    lui     $t1, %hi(main)
    addiu   $t1, $t1, %lo(main)
    jalr    $t1
    nop
    lui     $t0, 0xA000
    lui     $t1, RESULT_DONE >> 16
    ori     $t1, $t1, RESULT_DONE & 0xFFFF
    sw      $t1, RESULT_OFFSET($t0)
1:  wait
    b       1b
    nop
    .end _reset

# EBase: TLB refill, general exception (0x180), single interrupt vector (0x200)
    .section .vectors, "ax"
    .globl _vectors
_vectors:
    j       _refill
    nop
    .org    0x180
    j       _exception
    nop
    .org    0x200
    j       _unexpected_vector
    nop
    .org    0x210

    .weak   _refill                 # a program may have its own
    .set    _refill, _exception

    .text
    .globl _exception
    .ent _exception
_exception:                         # result.exceptions++, cause, epc, badvaddr; goes on behind the instruction
    lui     $k0, 0xA000
    lw      $k1, RESULT_OFFSET + 16($k0)
    addiu   $k1, $k1, 1
    sw      $k1, RESULT_OFFSET + 16($k0)
    mfc0    $k1, $13
    sw      $k1, RESULT_OFFSET + 20($k0)
    mfc0    $k1, $8
    sw      $k1, RESULT_OFFSET + 28($k0)
    mfc0    $k1, $14
    sw      $k1, RESULT_OFFSET + 24($k0)
    lw      $k1, RESULT_OFFSET + 32($k0)    # where to go on, if the program said so
    bnez    $k1, 1f
    nop
    mfc0    $k1, $14
    addiu   $k1, $k1, 4
1:  mtc0    $k1, $14
    ehb
    eret
    nop
    .end _exception

    .ent _unexpected_vector
_unexpected_vector:
    lui     $k0, 0xA000
    li      $k1, 0x200
    sw      $k1, RESULT_OFFSET + 8($k0)     # failures
2:  b       2b
    nop
    .end _unexpected_vector

    .section .config, "a"           # DEVCFG3..0: FRC through the PLL to 200 MHz, watchdog off, clock switch on
    .word   0xFFFFFFFF
    .word   0xFFF9B1A8              # IDIV 1, 5-10 MHz range, FRC, MUL 50, ODIV 2
    .word   guest_devcfg1           # of guest.ld, unless the program has one
    .word   0xFFFFFFF7
