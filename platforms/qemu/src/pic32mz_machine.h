/*
 * PIC32MZ EF machine: what its parts share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_MACHINE_H
#define HW_MIPS_PIC32MZ_MACHINE_H

#include "hw/boards.h"
#include "net/can_emu.h"
#include "qemu/notify.h"
#include "m5150.h"
#include "pic32mz_chip.h"
#include "pic32mz_flash.h"
#include "pic32mz_i2c.h"
#include "pic32mz_spi.h"

#define TYPE_PIC32MZ_MACHINE MACHINE_TYPE_NAME("pic32mz")
OBJECT_DECLARE_SIMPLE_TYPE(PIC32MZMachine, PIC32MZ_MACHINE)

#define PIC32_N_CAN 2

struct PIC32MZMachine {
    MachineState parent_obj;

    char *chip_name;
    PIC32Chip chip;
    uint32_t posc_hz;
    uint32_t sosc_hz;
    char *phy;
    uint8_t phy_address;
    char *mac;
    uint64_t rng_seed;
    uint8_t ram_fill;           /* every byte of RAM after power-on */
    uint32_t answer_time_ms;    /* of hosts on the cable: see the governor */
    uint32_t ebi_ram_kib;
    CanBusState *canbus[PIC32_N_CAN];   /* NULL: nobody else is there */
    char *jumpers_text;
    char *spi_devices[PIC32_N_SPIS];
    char *i2c_devices[PIC32_N_I2CS];

    char *record;
    char *play;

    M5150CPU *cpu;
    PIC32Flash flash;
    DeviceState *inputs;
    DeviceState *storage;
    DeviceState *cfg;
    DeviceState *cru;
    DeviceState *gates;
    DeviceState *evic;
    DeviceState *nvm;
    DeviceState *ports;
    DeviceState *pps;
    DeviceState *jumpers;
    PIC32Spi *spi[PIC32_N_SPIS];
    PIC32I2c *i2c[PIC32_N_I2CS];
    DeviceState *eth;
    DeviceState *panel;
    DeviceState *governor;
    Notifier saved;             /* a snapshot was taken */
};

/* Makes the chip's peripherals and connects them; the CPU and flash exist. */
void pic32_soc_create(PIC32MZMachine *s);

#endif
