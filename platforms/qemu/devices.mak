# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU's own devices and buses that the PIC32MZ machine is built from; no other machine is in this emulator.
CONFIG_SEMIHOSTING=y
CONFIG_MIPS_ITU=y
CONFIG_SSI=y
CONFIG_I2C=y
CONFIG_CAN_BUS=y
