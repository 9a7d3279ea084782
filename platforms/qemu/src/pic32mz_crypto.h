/*
 * PIC32MZ crypto engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CRYPTO_H
#define HW_MIPS_PIC32MZ_CRYPTO_H

#include "qom/object.h"

#define TYPE_PIC32_CRYPTO "pic32mz-crypto"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Crypto, PIC32_CRYPTO)

/* Sysbus interrupt 0: CRYPTO. The clock input "pbclk" sets its speed. */

#endif
