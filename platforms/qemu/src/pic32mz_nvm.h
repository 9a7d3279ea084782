/*
 * PIC32MZ flash controller
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the controller's registers, 0x200 bytes
 *  + sysbus IRQ 0: FLASH_CONTROL, a pulse when an operation has ended
 *  + property "flash-size": bytes of program flash, both panels together
 *  + link "cfg": the system configuration, whose DEVCFG0 has FECCCON
 *  + named GPIO outputs "pfswap" and "bfswap", levels: NVMCON.PFSWAP and
 *    NVMCON.BFSWAP. The machine owns the memory map and swaps the panels;
 *    this device writes to physical addresses as they are mapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_NVM_H
#define HW_MIPS_PIC32MZ_NVM_H

#include "qom/object.h"

#define TYPE_PIC32_NVM "pic32mz-nvm"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Nvm, PIC32_NVM)

/*
 * Says what NVMCON.BFSWAP is after a reset: whether the sequence numbers in
 * the boot flash (BFxSEQ) put boot flash 2 at the lower alias. The machine
 * calls it before it resets its devices.
 */
void pic32_nvm_set_boot_swap(PIC32Nvm *nvm, bool swapped);

#endif
