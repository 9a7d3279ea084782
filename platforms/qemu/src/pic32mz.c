/*
 * PIC32MZ EF machine
 *
 * The chip with its memories and peripherals, and the parts of a board that
 * a bench needs: oscillators, Ethernet PHY, the panel (pins, cable, power)
 * and the wire. Which chip and which board: machine properties, see
 * platforms/qemu/README.md. Memory map and interrupt sources: data sheet
 * DS60001320, chapters 4 and 7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "hw/boards.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "exec/address-spaces.h"
#include "net/net.h"
#include "sysemu/qtest.h"
#include "sysemu/reset.h"
#include "sysemu/sysemu.h"
#include "m5150.h"
#include "pic32mz_cfg.h"
#include "pic32mz_cru.h"
#include "pic32mz_dmt.h"
#include "pic32mz_eth.h"
#include "pic32mz_evic.h"
#include "pic32mz_flash.h"
#include "pic32mz_governor.h"
#include "pic32mz_image.h"
#include "pic32mz_nvm.h"
#include "pic32mz_panel.h"
#include "pic32mz_ports.h"
#include "pic32mz_pps.h"
#include "pic32mz_prefetch.h"
#include "pic32mz_rng.h"
#include "pic32mz_storage.h"
#include "pic32mz_timer.h"
#include "pic32mz_uart.h"
#include "pic32mz_vectors.h"
#include "pic32mz_wdt.h"
#include "pic32mz_wire.h"

#define TYPE_PIC32MZ_MACHINE MACHINE_TYPE_NAME("pic32mz")
OBJECT_DECLARE_SIMPLE_TYPE(PIC32MZMachine, PIC32MZ_MACHINE)

#define N_UARTS         6
#define N_TIMERS        9
#define N_PORTS         10
#define SERIAL_PANEL    6       /* serial ports 0 to 5 are the UARTs */
#define SERIAL_WIRE     7
#define OSCILLATOR_MAX_HZ 64000000u     /* the fastest external clock */
#define DEFAULT_MAC     "00:04:a3:00:00:01"

typedef struct PIC32Chip {
    uint32_t flash_size;
    uint32_t ram_size;
    uint32_t devid;
    uint32_t pins;
} PIC32Chip;

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

    M5150CPU *cpu;
    PIC32Flash flash;
    DeviceState *storage;
    DeviceState *cfg;
    DeviceState *cru;
    DeviceState *evic;
    DeviceState *nvm;
    DeviceState *ports;
    DeviceState *pps;
    DeviceState *eth;
    DeviceState *panel;
    DeviceState *governor;
};

/*
 * PIC32MZ0512EFE064 to PIC32MZ2048EFM144. Device IDs: flash programming
 * specification, DS60001145: they run through the family with the pin count,
 * the feature letter and the memory size.
 */
static bool pic32_chip_parse(const char *name, PIC32Chip *chip)
{
    static const struct {
        unsigned pins, id;
    } packages[] = {
        { 64, 0x01 }, { 100, 0x0b }, { 124, 0x15 }, { 144, 0x1f },
    };
    unsigned flash, pins, i, id, size_id;
    char feature;
    int end = 0;

    if (strlen(name) != strlen("PIC32MZ2048EFH144") ||
        sscanf(name, "PIC32MZ%4uEF%c%3u%n", &flash, &feature, &pins,
               &end) != 3 || name[end] ||
        !strchr("EFGHKM", feature)) {
        return false;
    }
    for (i = 0; i < ARRAY_SIZE(packages) && packages[i].pins != pins; i++) {
        continue;
    }
    if (i == ARRAY_SIZE(packages)) {
        return false;
    }
    id = packages[i].id + (strchr("FH", feature) ? 0x05 :
                           strchr("KM", feature) ? 0x2d : 0);
    if (strchr("EFK", feature)) {
        if (flash != 512 && flash != 1024) {
            return false;
        }
        size_id = flash == 512 ? 0 : 1;
        chip->ram_size = flash == 512 ? 128 * KiB : 256 * KiB;
    } else {
        if (flash != 1024 && flash != 2048) {
            return false;
        }
        size_id = flash == 1024 ? 2 : 3;
        chip->ram_size = 512 * KiB;
    }
    chip->flash_size = flash * KiB;
    chip->devid = 0x07200053 | (id + size_id) << 12;
    chip->pins = pins;
    return true;
}

/* Peripherals */

static void soc_link(DeviceState *dev, const char *name, DeviceState *target)
{
    object_property_set_link(OBJECT(dev), name, OBJECT(target), &error_abort);
}

static void soc_clock(PIC32MZMachine *s, DeviceState *dev, const char *input,
                      const char *output)
{
    qdev_connect_clock_in(dev, input, qdev_get_clock_out(s->cru, output));
}

static void soc_realize(DeviceState *dev, hwaddr base)
{
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, base);
}

static void soc_irq(PIC32MZMachine *s, DeviceState *dev, int n, int vector)
{
    sysbus_connect_irq(SYS_BUS_DEVICE(dev), n,
                       qdev_get_gpio_in(s->evic, vector));
}

static void soc_create_core(PIC32MZMachine *s)
{
    CPUMIPSState *env = &s->cpu->parent_obj.env;

    s->storage = qdev_new(TYPE_PIC32_STORAGE);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(s->storage), &error_fatal);
    sysbus_mmio_map_overlap(SYS_BUS_DEVICE(s->storage), 0, PIC32_SFR_BASE, -1);

    s->cfg = qdev_new(TYPE_PIC32_CFG);
    qdev_prop_set_uint32(s->cfg, "devid", s->chip.devid);
    soc_realize(s->cfg, 0x1f800000);

    s->cru = qdev_new(TYPE_PIC32_CRU);
    soc_link(s->cru, "cpu", DEVICE(s->cpu));
    soc_link(s->cru, "cfg", s->cfg);
    qdev_prop_set_uint32(s->cru, "posc-hz", s->posc_hz);
    qdev_prop_set_uint32(s->cru, "sosc-hz", s->sosc_hz);
    soc_realize(s->cru, 0x1f801200);

    s->evic = qdev_new(TYPE_PIC32_EVIC);
    soc_link(s->evic, "cpu", DEVICE(s->cpu));
    soc_realize(s->evic, 0x1f810000);
    /* the core's own sources go out to the controller and come back */
    env->irq[0] = qdev_get_gpio_in(s->evic, PIC32_VECTOR_CORE_SOFTWARE_0);
    env->irq[1] = qdev_get_gpio_in(s->evic, PIC32_VECTOR_CORE_SOFTWARE_1);
    env->irq[7] = qdev_get_gpio_in(s->evic, PIC32_VECTOR_CORE_TIMER);
}

static void soc_create_pins(PIC32MZMachine *s)
{
    unsigned i;

    s->ports = qdev_new(TYPE_PIC32_PORTS);
    qdev_prop_set_uint32(s->ports, "package", s->chip.pins);
    soc_realize(s->ports, 0x1f860000);
    for (i = 0; i < N_PORTS; i++) {
        soc_irq(s, s->ports, i, PIC32_VECTOR_CHANGE_NOTICE_A + i);
    }

    s->pps = qdev_new(TYPE_PIC32_PPS);
    soc_link(s->pps, "cfg", s->cfg);
    soc_link(s->pps, "ports", s->ports);
    soc_realize(s->pps, 0x1f801400);
}

static void soc_create_uarts(PIC32MZMachine *s)
{
    static const int error_vector[N_UARTS] = {
        PIC32_VECTOR_UART1_FAULT, PIC32_VECTOR_UART2_FAULT,
        PIC32_VECTOR_UART3_FAULT, PIC32_VECTOR_UART4_FAULT,
        PIC32_VECTOR_UART5_FAULT, PIC32_VECTOR_UART6_FAULT,
    };
    unsigned i, n;

    for (i = 0; i < N_UARTS; i++) {
        DeviceState *dev = qdev_new(TYPE_PIC32_UART);

        qdev_prop_set_uint8(dev, "index", i + 1);
        if (serial_hd(i)) {
            qdev_prop_set_chr(dev, "chardev", serial_hd(i));
        }
        soc_link(dev, "pps", s->pps);
        soc_clock(s, dev, "pbclk", "pbclk2");
        soc_realize(dev, 0x1f822000 + i * 0x200);
        for (n = 0; n < 3; n++) {       /* fault, receive, transmit */
            soc_irq(s, dev, n, error_vector[i] + n);
        }
    }
}

static void soc_create_timers(PIC32MZMachine *s)
{
    static const int vector[N_TIMERS] = {
        PIC32_VECTOR_TIMER_1, PIC32_VECTOR_TIMER_2, PIC32_VECTOR_TIMER_3,
        PIC32_VECTOR_TIMER_4, PIC32_VECTOR_TIMER_5, PIC32_VECTOR_TIMER_6,
        PIC32_VECTOR_TIMER_7, PIC32_VECTOR_TIMER_8, PIC32_VECTOR_TIMER_9,
    };
    DeviceState *dev[N_TIMERS];
    int i;

    /* from the last to the first: an even timer is linked to the odd above */
    for (i = N_TIMERS - 1; i >= 0; i--) {
        dev[i] = qdev_new(TYPE_PIC32_TIMER);
        qdev_prop_set_uint32(dev[i], "index", i + 1);
        soc_clock(s, dev[i], "pbclk", "pbclk3");
        soc_link(dev[i], "pps", s->pps);
        soc_link(dev[i], "ports", s->ports);
        if (i == 0) {
            soc_clock(s, dev[i], "sosc", "sosc");
        }
        if (i % 2 == 1) {
            soc_link(dev[i], "partner", dev[i + 1]);
        }
        soc_realize(dev[i], 0x1f840000 + i * 0x200);
        soc_irq(s, dev[i], 0, vector[i]);
    }
}

static void soc_create_ethernet(PIC32MZMachine *s)
{
    NICInfo *nd = &nd_table[0];

    s->eth = qdev_new(TYPE_PIC32_ETH);
    if (nd->used) {
        qdev_set_nic_properties(s->eth, nd);
    }
    object_property_set_str(OBJECT(s->eth), "mac", s->mac ?: DEFAULT_MAC,
                            &error_fatal);
    qdev_prop_set_string(s->eth, "phy", s->phy);
    qdev_prop_set_uint8(s->eth, "phy-address", s->phy_address);
    soc_clock(s, s->eth, "pbclk", "pbclk5");
    soc_realize(s->eth, 0x1f882000);
    soc_irq(s, s->eth, 0, PIC32_VECTOR_ETHERNET);
}

static void soc_swap_program(void *opaque, int n, int level)
{
    pic32_flash_swap_program(&PIC32MZ_MACHINE(opaque)->flash, level);
}

static void soc_swap_boot(void *opaque, int n, int level)
{
    pic32_flash_swap_boot(&PIC32MZ_MACHINE(opaque)->flash, level);
}

static void soc_create_nvm(PIC32MZMachine *s)
{
    s->nvm = qdev_new(TYPE_PIC32_NVM);
    qdev_prop_set_uint32(s->nvm, "flash-size", s->chip.flash_size);
    soc_link(s->nvm, "cfg", s->cfg);
    soc_realize(s->nvm, 0x1f800600);
    soc_irq(s, s->nvm, 0, PIC32_VECTOR_FLASH_CONTROL);
    qdev_connect_gpio_out_named(s->nvm, "pfswap", 0,
                                qemu_allocate_irq(soc_swap_program, s, 0));
    qdev_connect_gpio_out_named(s->nvm, "bfswap", 0,
                                qemu_allocate_irq(soc_swap_boot, s, 0));
}

static void soc_create_system(PIC32MZMachine *s)
{
    DeviceState *dev;

    dev = qdev_new(TYPE_PIC32_WDT);
    soc_link(dev, "cru", s->cru);
    soc_clock(s, dev, "lprc", "lprc");
    soc_realize(dev, 0x1f800800);

    dev = qdev_new(TYPE_PIC32_DMT);
    soc_link(dev, "cru", s->cru);
    soc_clock(s, dev, "sysclk", "sysclk");
    soc_realize(dev, 0x1f800a00);

    dev = qdev_new(TYPE_PIC32_RNG);
    qdev_prop_set_uint64(dev, "seed", s->rng_seed);
    soc_clock(s, dev, "pbclk", "pbclk5");
    soc_realize(dev, 0x1f8e6000);

    dev = qdev_new(TYPE_PIC32_PREFETCH);
    soc_realize(dev, 0x1f8e0000);
    soc_irq(s, dev, 0, PIC32_VECTOR_PREFETCH);
}

static void board_create_panel(PIC32MZMachine *s)
{
    DeviceState *wire;

    s->panel = qdev_new(TYPE_PIC32_PANEL);
    if (serial_hd(SERIAL_PANEL)) {
        qdev_prop_set_chr(s->panel, "chardev", serial_hd(SERIAL_PANEL));
    }
    soc_link(s->panel, "ports", s->ports);
    soc_link(s->panel, "eth", s->eth);
    soc_link(s->panel, "cru", s->cru);
    qdev_realize_and_unref(s->panel, NULL, &error_fatal);

    if (serial_hd(SERIAL_WIRE)) {
        wire = qdev_new(TYPE_PIC32_WIRE);
        qdev_prop_set_chr(wire, "chardev", serial_hd(SERIAL_WIRE));
        soc_link(wire, "panel", s->panel);
        soc_link(wire, "eth", s->eth);
        qdev_realize_and_unref(wire, NULL, &error_fatal);
    }
}

static void bench_create_governor(PIC32MZMachine *s)
{
    s->governor = qdev_new(TYPE_PIC32_GOVERNOR);
    soc_link(s->governor, "cpu", DEVICE(s->cpu));
    qdev_realize_and_unref(s->governor, NULL, &error_fatal);
}

/* Machine */

static void pic32mz_cpu_reset(void *opaque)
{
    cpu_reset(CPU(opaque));
}

static void pic32mz_init(MachineState *machine)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(machine);
    MemoryRegion *system = get_system_memory();
    Clock *cpuclk;
    Error *err = NULL;

    if (!pic32_chip_parse(s->chip_name, &s->chip)) {
        error_report("chip '%s' is not known: a PIC32MZ EF is named like "
                     "PIC32MZ2048EFH144", s->chip_name);
        exit(1);
    }
    if (MAX(s->posc_hz, s->sosc_hz) > OSCILLATOR_MAX_HZ) {
        error_report("machine properties posc and sosc: expected at most %u Hz",
                     OSCILLATOR_MAX_HZ);
        exit(1);
    }
    memory_region_add_subregion(system, 0, machine->ram);
    pic32_flash_init(&s->flash, OBJECT(s), system, s->chip.flash_size);

    cpuclk = clock_new(OBJECT(machine), "sysclk");
    clock_set_hz(cpuclk, 8000000);      /* until the first reset */
    s->cpu = M5150_CPU(mips_cpu_create_with_clock(machine->cpu_type, cpuclk));
    qemu_register_reset(pic32mz_cpu_reset, s->cpu);

    soc_create_core(s);
    soc_create_pins(s);
    soc_create_uarts(s);
    soc_create_timers(s);
    soc_create_nvm(s);
    soc_create_system(s);
    soc_create_ethernet(s);
    board_create_panel(s);
    bench_create_governor(s);

    if (machine->kernel_filename &&
        !pic32_image_load(machine->kernel_filename, pic32_flash_at, &s->flash,
                          &err)) {
        error_report_err(err);
        exit(1);
    }
}

static void pic32mz_reset(MachineState *machine, ShutdownCause reason)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(machine);
    PIC32Cru *cru = PIC32_CRU(s->cru);
    uint32_t devcfg[4];

    if (pic32_cru_next_cause(cru) == PIC32_RESET_POWER_ON) {
        memset(memory_region_get_ram_ptr(machine->ram), 0, machine->ram_size);
    }
    pic32_flash_reset(&s->flash);
    pic32_nvm_set_boot_swap(PIC32_NVM(s->nvm), s->flash.boot_swapped);
    pic32_flash_devcfg(&s->flash, devcfg);
    pic32_cfg_latch_devcfg(PIC32_CFG(s->cfg), devcfg);
    /* DEVCFG0.BOOTISA (bit 6): 0 starts in microMIPS */
    m5150_set_boot_isa(s->cpu, !(devcfg[0] & (1 << 6)));
    qemu_devices_reset(reason);
    pic32_panel_reset(PIC32_PANEL(s->panel),
                      pic32_cru_reset_name(pic32_cru_reset_cause(cru)));
}

/* Properties */

static char *get_chip(Object *obj, Error **errp)
{
    return g_strdup(PIC32MZ_MACHINE(obj)->chip_name);
}

static void set_chip(Object *obj, const char *value, Error **errp)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(obj);
    PIC32Chip chip;

    if (!pic32_chip_parse(value, &chip)) {
        error_setg(errp, "chip '%s' is not known: a PIC32MZ EF is named like "
                   "PIC32MZ2048EFH144", value);
        return;
    }
    g_free(s->chip_name);
    s->chip_name = g_strdup(value);
    MACHINE(obj)->ram_size = chip.ram_size;
}

static char *get_phy(Object *obj, Error **errp)
{
    return g_strdup(PIC32MZ_MACHINE(obj)->phy);
}

static void set_phy(Object *obj, const char *value, Error **errp)
{
    g_free(PIC32MZ_MACHINE(obj)->phy);
    PIC32MZ_MACHINE(obj)->phy = g_strdup(value);
}

static char *get_mac(Object *obj, Error **errp)
{
    return g_strdup(PIC32MZ_MACHINE(obj)->mac);
}

static void set_mac(Object *obj, const char *value, Error **errp)
{
    g_free(PIC32MZ_MACHINE(obj)->mac);
    PIC32MZ_MACHINE(obj)->mac = g_strdup(value);
}

static void get_virtual_time(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    visit_type_int64(v, name, &now, errp);
}

static bool get_paced(Object *obj, Error **errp)
{
    DeviceState *governor = PIC32MZ_MACHINE(obj)->governor;

    return governor && PIC32_GOVERNOR(governor)->paced;
}

static void set_paced(Object *obj, bool value, Error **errp)
{
    DeviceState *governor = PIC32MZ_MACHINE(obj)->governor;

    if (!governor) {
        error_setg(errp, "paced is for qom-set, once the machine runs");
        return;
    }
    pic32_governor_set_paced(PIC32_GOVERNOR(governor), value);
}

static char *get_sfr_report(Object *obj, Error **errp)
{
    return pic32_storage_report(
        PIC32_STORAGE(PIC32MZ_MACHINE(obj)->storage));
}

static void pic32mz_machine_init(Object *obj)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(obj);

    s->chip_name = g_strdup("PIC32MZ2048EFH144");
    s->phy = g_strdup("lan8740a");
    s->posc_hz = 24000000;
    s->sosc_hz = 32768;
    object_property_add_uint32_ptr(obj, "posc", &s->posc_hz,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "sosc", &s->sosc_hz,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint8_ptr(obj, "phy-address", &s->phy_address,
                                  OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "rng-seed", &s->rng_seed,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void pic32mz_machine_finalize(Object *obj)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(obj);

    g_free(s->chip_name);
    g_free(s->phy);
    g_free(s->mac);
}

static void pic32mz_machine_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "Microchip PIC32MZ EF";
    mc->init = pic32mz_init;
    mc->reset = pic32mz_reset;
    mc->default_cpu_type = TYPE_M5150_CPU;
    mc->default_ram_size = 512 * KiB;
    mc->default_ram_id = "pic32mz.ram";
    mc->no_cdrom = 1;
    mc->no_floppy = 1;
    mc->no_parallel = 1;
    object_class_property_add_str(oc, "chip", get_chip, set_chip);
    object_class_property_add_str(oc, "phy", get_phy, set_phy);
    object_class_property_add_str(oc, "mac", get_mac, set_mac);
    object_class_property_add(oc, "virtual-time", "int", get_virtual_time,
                              NULL, NULL, NULL);
    object_class_property_add_bool(oc, "paced", get_paced, set_paced);
    object_class_property_add_str(oc, "sfr-report", get_sfr_report, NULL);
}

static const TypeInfo pic32mz_machine_info = {
    .name = TYPE_PIC32MZ_MACHINE,
    .parent = TYPE_MACHINE,
    .instance_size = sizeof(PIC32MZMachine),
    .instance_init = pic32mz_machine_init,
    .instance_finalize = pic32mz_machine_finalize,
    .class_init = pic32mz_machine_class_init,
};

static void pic32mz_machine_register_types(void)
{
    type_register_static(&pic32mz_machine_info);
}

type_init(pic32mz_machine_register_types)
