/*
 * Memory as devices of the chip reach it that are bus masters: DMA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_BUS_MASTER_H
#define HW_MIPS_PIC32MZ_BUS_MASTER_H

#include "exec/memattrs.h"

/*
 * Reads or writes memory for a device. `begin` is where the transfer began
 * that this is a part of. False: there is nothing at the address.
 */
bool pic32_bus_rw(const char *device, uint32_t begin, uint32_t address,
                  MemTxAttrs attrs, void *data, uint32_t len, bool is_write);

#endif
