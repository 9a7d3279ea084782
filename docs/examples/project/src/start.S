# SPDX-License-Identifier: MIT
# Start-up: stack, cleared variables, main(). Interrupts stay off.

    .section .reset, "ax"
    .globl _reset
    .ent _reset
_reset:
    la      $sp, _stack_top
    la      $t0, _bss_start
    la      $t1, _bss_end
    b       2f
1:  sw      $zero, 0($t0)
    addiu   $t0, $t0, 4
2:  bne     $t0, $t1, 1b
    la      $t0, main
    jalr    $t0
3:  b       3b
    .end _reset

    .section .config, "a"       # DEVCFG3..0: FRC through the PLL to 200 MHz, watchdogs off
    .word   0xFFFFFFFF
    .word   0xFFF9B1A8
    .word   0x7F7FDFB9
    .word   0xFFFFFFF7
