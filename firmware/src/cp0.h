/* SPDX-License-Identifier: MIT */
/* Coprocessor 0 registers of the M5150 by name, for C and assembler. MIPS32 PRA volume III. */
#ifndef CP0_H
#define CP0_H

#ifdef __ASSEMBLER__
#define CP0_BADVADDR $8
#define CP0_COUNT    $9
#define CP0_COMPARE  $11
#define CP0_STATUS   $12
#define CP0_INTCTL   $12, 1
#define CP0_SRSCTL   $12, 2
#define CP0_CAUSE    $13
#define CP0_EPC      $14
#define CP0_EBASE    $15, 1
#define CP0_CONFIG   $16
#define CP0_CONFIG1  $16, 1
#define CP0_TAGLO    $28
#define CP0_ERROREPC $30
#else
#include <stdint.h>

#define CP0_READ(reg, sel) __extension__({ \
    uint32_t value_; \
    __asm__ volatile("mfc0 %0, $%1, %2" : "=r"(value_) : "i"(reg), "i"(sel)); \
    value_; })
#define CP0_WRITE(reg, sel, value) \
    __asm__ volatile("mtc0 %0, $%1, %2; ehb" : : "r"(value), "i"(reg), "i"(sel) : "memory")

#define CP0_READ_COUNT()        CP0_READ(9, 0)
#define CP0_READ_COMPARE()      CP0_READ(11, 0)
#define CP0_WRITE_COMPARE(v)    CP0_WRITE(11, 0, v)
#define CP0_READ_EPC()          CP0_READ(14, 0)
#define CP0_WRITE_EPC(v)        CP0_WRITE(14, 0, v)
#endif

#define STATUS_IE   0x00000001
#define STATUS_EXL  0x00000002
#define STATUS_ERL  0x00000004
#define STATUS_IPL_MASK 0x0000fc00
#define STATUS_BEV  0x00400000
#define CAUSE_IV    0x00800000
#define CAUSE_DC    0x08000000

#endif
