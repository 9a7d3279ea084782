/*
 * M5150: what its registers hold at one moment
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_M5150_REGISTERS_H
#define HW_MIPS_PIC32MZ_M5150_REGISTERS_H

#include "m5150.h"

typedef enum M5150Cp0 {
    M5150_BADVADDR, M5150_COUNT, M5150_COMPARE, M5150_STATUS, M5150_INTCTL,
    M5150_SRSCTL, M5150_CAUSE, M5150_EPC, M5150_EBASE, M5150_CONFIG3,
    M5150_ERROREPC, M5150_CP0_COUNT
} M5150Cp0;

typedef struct M5150Core {
    int64_t time;               /* virtual, ns */
    int64_t instructions;       /* executed since the start */
    uint32_t pc;                /* of a branch in whose delay slot it is */
    bool micromips;
    bool slot;
    bool waits;
    uint32_t gpr[M5150_SHADOW_SETS][32];
    uint32_t hi[MIPS_DSP_ACC], lo[MIPS_DSP_ACC];
    int64_t fpr[32];
    uint32_t fcr31;
    uint32_t cp0[M5150_CP0_COUNT];
} M5150Core;

/* Fills it in, for this virtual time; pc, slot and instructions are left. */
void m5150_take_core(M5150CPU *cpu, M5150Core *core, int64_t time);

/* JSON text. The caller frees. */
char *m5150_core_json(const M5150Core *core);

#endif
