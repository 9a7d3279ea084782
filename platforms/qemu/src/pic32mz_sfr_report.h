/*
 * What the firmware leaned on: the registers it touched, and those there are
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_SFR_REPORT_H
#define HW_MIPS_PIC32MZ_SFR_REPORT_H

#include "pic32mz_storage.h"

/* JSON text: the registers that the guest has touched. The caller frees. */
char *pic32_sfr_report(PIC32Storage *storage);

/* JSON text: all registers of the chip, touched or not. The caller frees. */
char *pic32_sfr_map(PIC32Storage *storage);

#endif
