/* SPDX-License-Identifier: MIT */
/*
 * From reset to main: CP0, shadow sets, caches, memory. Runs uncached in boot flash.
 * MIPS32 PRA volume III; M5150 Software User's Manual; DS60001320 chapters 3, 4 and 7.
 */
#include "cp0.h"

    .set    noreorder
    .set    noat
    .section .boot, "ax", @progbits

    .globl  _reset
    .ent    _reset
_reset:
    la      $k0, start_up
    jr      $k0
    nop
    .end    _reset

/* Bootstrap exceptions (Status.BEV = 1): TLB refill, cache error, general, interrupt, debug. */
    .org    0x200
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x300
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x380
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x400
    la      $k0, exception_entry
    jr      $k0
    nop
    .org    0x480
    deret
    nop

    .org    0x4C0
    .ent    start_up
start_up:
    /* Out of error level, interrupts off, bootstrap vectors. */
    li      $t0, STATUS_BEV
    mtc0    $t0, CP0_STATUS
    ehb

    la      $gp, _gp

    /* Every general register of every other shadow set holds zero, gp alone its value, before anything can switch to it. */
    mfc0    $t0, CP0_SRSCTL
    ext     $t1, $t0, 26, 4                 /* SRSCtl.HSS: highest set */
    beqz    $t1, 2f
    nop
1:  ins     $t0, $t1, 6, 4                  /* SRSCtl.PSS: the set that wrpgpr writes */
    mtc0    $t0, CP0_SRSCTL
    ehb
    .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    wrpgpr  $\n, $zero
    .endr
    wrpgpr  $gp, $gp
    addiu   $t1, $t1, -1
    bnez    $t1, 1b                         /* set 0 is the one in use */
    nop
    ins     $t0, $zero, 6, 4
    mtc0    $t0, CP0_SRSCTL
    ehb
2:
    /* Both caches: no line valid, then KSEG0 cacheable, write-back with write allocation. */
    mtc0    $zero, CP0_TAGLO
    mtc0    $zero, CP0_TAGLO, 2
    ehb
    mfc0    $t0, CP0_CONFIG1
    .macro  clear_cache way line assoc op
    ext     $t1, $t0, \line, 3              /* line size 2 << L; 0: no such cache */
    beqz    $t1, 9f
    li      $t2, 2
    sllv    $t2, $t2, $t1
    ext     $t3, $t0, \way, 3               /* sets per way 64 << S */
    li      $t4, 64
    sllv    $t4, $t4, $t3
    ext     $t5, $t0, \assoc, 3             /* ways A + 1 */
    addiu   $t5, $t5, 1
    mul     $t4, $t4, $t5                   /* lines in all */
    lui     $t6, 0x8000
8:  cache   \op, 0($t6)
    addiu   $t4, $t4, -1
    bnez    $t4, 8b
    addu    $t6, $t6, $t2
9:
    .endm
    clear_cache 22, 19, 16, 0x08            /* instruction cache, index store tag */
    clear_cache 13, 10, 7, 0x09             /* data cache, index store tag */
    mfc0    $t0, CP0_CONFIG
    li      $t1, 3
    ins     $t0, $t1, 0, 3
    mtc0    $t0, CP0_CONFIG
    ehb

    /* Vectors: EBase, one offset per source (Cause.IV, IntCtl.VS not 0). EBase can be written while BEV is 1. */
    la      $t0, _ebase
    mtc0    $t0, CP0_EBASE
    ehb
    mfc0    $t0, CP0_INTCTL
    li      $t1, 1
    ins     $t0, $t1, 5, 5
    mtc0    $t0, CP0_INTCTL
    li      $t0, CAUSE_IV
    mtc0    $t0, CP0_CAUSE
    mtc0    $zero, CP0_STATUS
    ehb

    la      $sp, _stack_top
    addiu   $sp, $sp, -16

    /* Initialised data out of flash, then zeroes: both whole 16-byte lines. */
    la      $t0, _data_load
    la      $t1, _data_start
    la      $t2, _data_end
    b       5f
    nop
4:  lw      $t3, 0($t0)
    addiu   $t0, $t0, 4
    sw      $t3, 0($t1)
    addiu   $t1, $t1, 4
5:  sltu    $t3, $t1, $t2
    bnez    $t3, 4b
    nop
    la      $t1, _bss_start
    la      $t2, _bss_end
    b       7f
    nop
6:  sw      $zero, 0($t1)
    addiu   $t1, $t1, 4
7:  sltu    $t3, $t1, $t2
    bnez    $t3, 6b
    nop

    la      $t0, main
    jalr    $t0
    nop
    /* main does not return */
8:  b       8b
    nop
    .end    start_up
