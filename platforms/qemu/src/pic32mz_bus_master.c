/*
 * Memory as devices of the chip reach it that are bus masters: DMA
 *
 * All of them come through here, so that who watches RAM sees it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_watch.h"

bool pic32_bus_rw(const char *device, uint32_t begin, uint32_t address,
                  MemTxAttrs attrs, void *data, uint32_t len, bool is_write)
{
    if (address_space_rw(&address_space_memory, address, attrs, data, len,
                         is_write) != MEMTX_OK) {
        return false;
    }
    if (pic32_watch_ops) {
        pic32_watch_ops->dma(device, begin, address, len, is_write);
    }
    return true;
}
