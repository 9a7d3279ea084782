/*
 * PIC32MZ EF machine
 *
 * The chip with its memories and peripherals, and the parts of a board that
 * a bench needs: oscillators, Ethernet PHY, the panel (pins, cable, power)
 * and the wire. Which chip and which board: machine properties, see
 * platforms/qemu/README.md.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/prctl.h>
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "exec/address-spaces.h"
#include "migration/misc.h"
#include "sysemu/reset.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "pic32mz_bus_devices.h"
#include "pic32mz_cfg.h"
#include "pic32mz_cru.h"
#include "pic32mz_eth.h"
#include "pic32mz_governor.h"
#include "pic32mz_image.h"
#include "pic32mz_inputs.h"
#include "pic32mz_machine.h"
#include "pic32mz_nvm.h"
#include "pic32mz_panel.h"
#include "pic32mz_ports.h"
#include "pic32mz_sfr_report.h"
#include "pic32mz_watch.h"
#include "pic32mz_wire.h"

#define SERIAL_PANEL    6       /* serial ports 0 to 5 are the UARTs */
#define SERIAL_WIRE     7
#define OSCILLATOR_MAX_HZ 64000000u     /* the fastest external clock */

/* Board */

static void board_link(DeviceState *dev, const char *name, DeviceState *target)
{
    object_property_set_link(OBJECT(dev), name, OBJECT(target), &error_abort);
}

static void board_create_panel(PIC32MZMachine *s)
{
    DeviceState *wire;

    s->panel = qdev_new(TYPE_PIC32_PANEL);
    if (serial_hd(SERIAL_PANEL)) {
        qdev_prop_set_chr(s->panel, "chardev", serial_hd(SERIAL_PANEL));
    }
    board_link(s->panel, "inputs", s->inputs);
    board_link(s->panel, "ports", s->ports);
    board_link(s->panel, "eth", s->eth);
    board_link(s->panel, "cru", s->cru);
    board_link(s->panel, "governor", s->governor);
    qdev_realize_and_unref(s->panel, NULL, &error_fatal);

    if (serial_hd(SERIAL_WIRE)) {
        wire = qdev_new(TYPE_PIC32_WIRE);
        qdev_prop_set_chr(wire, "chardev", serial_hd(SERIAL_WIRE));
        board_link(wire, "inputs", s->inputs);
        board_link(wire, "panel", s->panel);
        board_link(wire, "eth", s->eth);
        qdev_realize_and_unref(wire, NULL, &error_fatal);
    }
}

static void board_attach_devices(PIC32MZMachine *s)
{
    PIC32Ports *ports = PIC32_PORTS(s->ports);
    Error *err = NULL;
    char name[5];
    unsigned i;

    for (i = 0; i < PIC32_N_SPIS && !err; i++) {
        snprintf(name, sizeof(name), "spi%u", i + 1);
        pic32_attach_spi(s->spi[i], ports, name, s->spi_devices[i], &err);
    }
    for (i = 0; i < PIC32_N_I2CS && !err; i++) {
        snprintf(name, sizeof(name), "i2c%u", i + 1);
        pic32_attach_i2c(s->i2c[i], name, s->i2c_devices[i], &err);
    }
    if (err) {
        error_report_err(err);
        exit(1);
    }
}

static void bench_create_inputs(PIC32MZMachine *s)
{
    s->inputs = qdev_new(TYPE_PIC32_INPUTS);
    qdev_prop_set_string(s->inputs, "record", s->record ?: "");
    qdev_prop_set_string(s->inputs, "play", s->play ?: "");
    qdev_realize_and_unref(s->inputs, NULL, &error_fatal);
}

static void bench_create_governor(PIC32MZMachine *s)
{
    s->governor = qdev_new(TYPE_PIC32_GOVERNOR);
    board_link(s->governor, "cpu", DEVICE(s->cpu));
    board_link(s->governor, "eth", s->eth);
    qdev_prop_set_uint32(s->governor, "answer-time", s->answer_time_ms);
    qdev_realize_and_unref(s->governor, NULL, &error_fatal);
}

/*
 * QEMU takes a machine that was saved for one that goes on elsewhere, and
 * would not save it once more before it has run.
 */
static void bench_saved(Notifier *notifier, void *data)
{
    if (runstate_check(RUN_STATE_POSTMIGRATE)) {
        runstate_set(RUN_STATE_PRELAUNCH);
    }
}

/* Machine */

static void pic32mz_cpu_reset(void *opaque)
{
    cpu_reset(CPU(opaque));
}

static void load_image(PIC32MZMachine *s, const char *path)
{
    Error *err = NULL;

    if (path && !pic32_image_load(path, pic32_flash_at, &s->flash, &err)) {
        error_report_err(err);
        exit(1);
    }
}

static void pic32mz_init(MachineState *machine)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(machine);
    MemoryRegion *system = get_system_memory();
    Clock *cpuclk;

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
    /* one new memory map for all, rather than one for each device */
    memory_region_transaction_begin();
    memory_region_add_subregion(system, 0, machine->ram);
    pic32_flash_init(&s->flash, OBJECT(s), system, s->chip.flash_size);

    cpuclk = clock_new(OBJECT(machine), "sysclk");
    clock_set_hz(cpuclk, 8000000);      /* until the first reset */
    s->cpu = M5150_CPU(mips_cpu_create_with_clock(machine->cpu_type, cpuclk));
    qemu_register_reset(pic32mz_cpu_reset, s->cpu);

    bench_create_inputs(s);
    pic32_soc_create(s);
    board_attach_devices(s);
    bench_create_governor(s);
    board_create_panel(s);
    memory_region_transaction_commit();
    s->saved.notify = bench_saved;
    add_migration_state_change_notifier(&s->saved);

    /* a bootloader keeps its own code, whatever its application's image has */
    load_image(s, machine->initrd_filename);
    load_image(s, machine->kernel_filename);
}

static void pic32mz_reset(MachineState *machine, ShutdownCause reason)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(machine);
    PIC32Cru *cru = PIC32_CRU(s->cru);
    uint32_t devcfg[4];
    bool power_on;

    if (reason == SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET) {
        pic32_inputs_lost(PIC32_INPUTS(s->inputs), "system_reset");
    }
    power_on = pic32_cru_next_cause(cru) == PIC32_RESET_POWER_ON;
    if (power_on) {
        memset(memory_region_get_ram_ptr(machine->ram), s->ram_fill,
               machine->ram_size);
    }
    if (pic32_watch_ops) {
        pic32_watch_ops->reset(power_on);
    }
    pic32_flash_reset(&s->flash);
    pic32_nvm_set_boot_swap(PIC32_NVM(s->nvm), s->flash.boot_swapped);
    pic32_flash_devcfg(&s->flash, devcfg);
    pic32_cfg_latch_devcfg(PIC32_CFG(s->cfg), devcfg);
    /* DEVCFG0.BOOTISA (bit 6): 0 starts in microMIPS */
    m5150_set_boot_isa(s->cpu, !(devcfg[0] & (1 << 6)));
    pic32_governor_reset(PIC32_GOVERNOR(s->governor));
    qemu_devices_reset(reason);
    if (pic32_cru_in_reset(cru)) {
        return;             /* it has not come out of it yet */
    }
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

/*
 * The kernel then ends the emulator with its parent, however that ends. Done
 * here, as a parent that does it between fork and exec cannot use vfork.
 */
static void set_parent(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    uint32_t parent;

    if (!visit_type_uint32(v, name, &parent, errp)) {
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != (pid_t)parent) {
        error_setg(errp, "parent: process %" PRIu32 " is not, or no longer, "
                   "the parent of this one", parent);
    }
}

static char *get_core(Object *obj, Error **errp)
{
    return m5150_registers(PIC32MZ_MACHINE(obj)->cpu);
}

static void get_peers(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    DeviceState *governor = PIC32MZ_MACHINE(obj)->governor;
    uint32_t peers = governor ? pic32_governor_peers(PIC32_GOVERNOR(governor))
                              : 0;

    visit_type_uint32(v, name, &peers, errp);
}

static void get_paced_time(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    DeviceState *governor = PIC32MZ_MACHINE(obj)->governor;
    int64_t time = governor ? PIC32_GOVERNOR(governor)->paced_ns : 0;

    visit_type_int64(v, name, &time, errp);
}

static char *get_sums(Object *obj, Error **errp)
{
    DeviceState *inputs = PIC32MZ_MACHINE(obj)->inputs;

    return inputs ? pic32_inputs_sums(PIC32_INPUTS(inputs)) : g_strdup("");
}

static char *get_paths(Object *obj, Error **errp)
{
    DeviceState *eth = PIC32MZ_MACHINE(obj)->eth;

    return eth ? pic32_eth_path_counts(PIC32_ETH(eth)) : g_strdup("");
}

static char *get_sfr_report(Object *obj, Error **errp)
{
    return pic32_sfr_report(PIC32_STORAGE(PIC32MZ_MACHINE(obj)->storage));
}

static char *get_sfr_map(Object *obj, Error **errp)
{
    return pic32_sfr_map(PIC32_STORAGE(PIC32MZ_MACHINE(obj)->storage));
}

static void get_text(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    char **text = opaque;
    g_autofree char *value = g_strdup(*text ?: "");

    visit_type_str(v, name, &value, errp);
}

static void set_text(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    char **text = opaque;
    char *value;

    if (visit_type_str(v, name, &value, errp)) {
        g_free(*text);
        *text = value;
    }
}

/* Looked at when the machine is made. */
static void pic32mz_add_list_properties(PIC32MZMachine *s)
{
    object_property_add(OBJECT(s), "record", "str", get_text, set_text, NULL,
                        &s->record);
    object_property_add(OBJECT(s), "play", "str", get_text, set_text, NULL,
                        &s->play);
}

/* What is on the board's buses; looked at when the machine is made. */
static void pic32mz_add_bus_properties(PIC32MZMachine *s)
{
    char name[5];
    unsigned i;

    object_property_add(OBJECT(s), "jumpers", "str", get_text, set_text, NULL,
                        &s->jumpers_text);
    for (i = 0; i < PIC32_N_SPIS; i++) {
        snprintf(name, sizeof(name), "spi%u", i + 1);
        object_property_add(OBJECT(s), name, "str", get_text, set_text, NULL,
                            &s->spi_devices[i]);
    }
    for (i = 0; i < PIC32_N_I2CS; i++) {
        snprintf(name, sizeof(name), "i2c%u", i + 1);
        object_property_add(OBJECT(s), name, "str", get_text, set_text, NULL,
                            &s->i2c_devices[i]);
    }
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
    object_property_add_uint32_ptr(obj, "ebi-ram", &s->ebi_ram_kib,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "rng-seed", &s->rng_seed,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint8_ptr(obj, "ram-fill", &s->ram_fill,
                                  OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "answer-time", &s->answer_time_ms,
                                   OBJ_PROP_FLAG_READWRITE);
    pic32mz_add_bus_properties(s);
    pic32mz_add_list_properties(s);
}

static void pic32mz_machine_finalize(Object *obj)
{
    PIC32MZMachine *s = PIC32MZ_MACHINE(obj);
    unsigned i;

    g_free(s->chip_name);
    g_free(s->phy);
    g_free(s->mac);
    g_free(s->jumpers_text);
    g_free(s->record);
    g_free(s->play);
    for (i = 0; i < PIC32_N_SPIS; i++) {
        g_free(s->spi_devices[i]);
    }
    for (i = 0; i < PIC32_N_I2CS; i++) {
        g_free(s->i2c_devices[i]);
    }
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
    object_class_property_add_link(oc, "can1", TYPE_CAN_BUS,
                                   offsetof(PIC32MZMachine, canbus[0]),
                                   object_property_allow_set_link,
                                   OBJ_PROP_LINK_STRONG);
    object_class_property_add_link(oc, "can2", TYPE_CAN_BUS,
                                   offsetof(PIC32MZMachine, canbus[1]),
                                   object_property_allow_set_link,
                                   OBJ_PROP_LINK_STRONG);
    object_class_property_add(oc, "virtual-time", "int", get_virtual_time,
                              NULL, NULL, NULL);
    object_class_property_add(oc, "parent", "uint32", NULL, set_parent, NULL,
                              NULL);
    object_class_property_add_bool(oc, "paced", get_paced, set_paced);
    object_class_property_add(oc, "paced-time", "int", get_paced_time,
                              NULL, NULL, NULL);
    object_class_property_add(oc, "peers", "uint32", get_peers, NULL, NULL,
                              NULL);
    object_class_property_add_str(oc, "core", get_core, NULL);
    object_class_property_add_str(oc, "sums", get_sums, NULL);
    object_class_property_add_str(oc, "paths", get_paths, NULL);
    object_class_property_add_str(oc, "sfr-report", get_sfr_report, NULL);
    object_class_property_add_str(oc, "sfr-map", get_sfr_map, NULL);
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
