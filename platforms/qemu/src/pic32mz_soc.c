/*
 * PIC32MZ EF chip: its peripherals, where they are and what connects them
 *
 * Memory map and interrupt sources: data sheet DS60001320, chapters 4 and 7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "net/net.h"
#include "sysemu/sysemu.h"
#include "pic32mz_adc.h"
#include "pic32mz_can.h"
#include "pic32mz_cfg.h"
#include "pic32mz_comparator.h"
#include "pic32mz_cru.h"
#include "pic32mz_crypto.h"
#include "pic32mz_dma.h"
#include "pic32mz_dmt.h"
#include "pic32mz_ebi.h"
#include "pic32mz_eth.h"
#include "pic32mz_evic.h"
#include "pic32mz_flash.h"
#include "pic32mz_gates.h"
#include "pic32mz_i2c.h"
#include "pic32mz_ic.h"
#include "pic32mz_jumpers.h"
#include "pic32mz_machine.h"
#include "pic32mz_nvm.h"
#include "pic32mz_oc.h"
#include "pic32mz_pmp.h"
#include "pic32mz_ports.h"
#include "pic32mz_pps.h"
#include "pic32mz_prefetch.h"
#include "pic32mz_rng.h"
#include "pic32mz_rtcc.h"
#include "pic32mz_spi.h"
#include "pic32mz_storage.h"
#include "pic32mz_timer.h"
#include "pic32mz_uart.h"
#include "pic32mz_usb.h"
#include "pic32mz_vectors.h"
#include "pic32mz_wdt.h"

#define N_UARTS         6
#define N_TIMERS        9
#define N_CAPTURES      9
#define N_COMPARES      9
#define N_PORTS         10
#define DEFAULT_MAC     "00:04:a3:00:00:01"

static void soc_link(DeviceState *dev, const char *name, DeviceState *target)
{
    object_property_set_link(OBJECT(dev), name, OBJECT(target), &error_abort);
}

static void soc_clock(PIC32MZMachine *s, DeviceState *dev, const char *input,
                      const char *output)
{
    pic32_gates_connect(PIC32_GATES(s->gates), dev, input,
                        qdev_get_clock_out(s->cru, output));
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

    s->gates = qdev_new(TYPE_PIC32_GATES);
    soc_link(s->gates, "cfg", s->cfg);
    soc_link(s->gates, "cru", s->cru);

    s->evic = qdev_new(TYPE_PIC32_EVIC);
    soc_link(s->evic, "cpu", DEVICE(s->cpu));
    soc_link(s->evic, "cru", s->cru);
    soc_clock(s, s->evic, "sysclk", "sysclk");
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
    pic32_evic_connect_pins(PIC32_EVIC(s->evic), PIC32_PORTS(s->ports),
                            PIC32_PPS(s->pps));
    pic32_cru_connect_pins(PIC32_CRU(s->cru), PIC32_PPS(s->pps));
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
        soc_link(dev, "inputs", s->inputs);
        soc_link(dev, "pps", s->pps);
        soc_clock(s, dev, "pbclk", "pbclk2");
        soc_realize(dev, 0x1f822000 + i * 0x200);
        for (n = 0; n < 3; n++) {       /* fault, receive, transmit */
            soc_irq(s, dev, n, error_vector[i] + n);
        }
    }
}

/* What the board joins is asked for by peripherals that show no bits. */
static void board_create_jumpers(PIC32MZMachine *s)
{
    s->jumpers = qdev_new(TYPE_PIC32_JUMPERS);
    soc_link(s->jumpers, "ports", s->ports);
    if (s->jumpers_text) {
        qdev_prop_set_string(s->jumpers, "pairs", s->jumpers_text);
    }
    qdev_realize_and_unref(s->jumpers, NULL, &error_fatal);
}

static void soc_create_spis(PIC32MZMachine *s)
{
    static const int fault_vector[PIC32_N_SPIS] = {
        PIC32_VECTOR_SPI1_FAULT, PIC32_VECTOR_SPI2_FAULT,
        PIC32_VECTOR_SPI3_FAULT, PIC32_VECTOR_SPI4_FAULT,
        PIC32_VECTOR_SPI5_FAULT, PIC32_VECTOR_SPI6_FAULT,
    };
    unsigned i, n;

    for (i = 0; i < PIC32_N_SPIS; i++) {
        DeviceState *dev = qdev_new(TYPE_PIC32_SPI);

        s->spi[i] = PIC32_SPI(dev);
        pic32_spi_set_peers(s->spi[i], s->spi);
        qdev_prop_set_uint8(dev, "index", i + 1);
        soc_link(dev, "ports", s->ports);
        soc_link(dev, "pps", s->pps);
        soc_link(dev, "jumpers", s->jumpers);
        soc_clock(s, dev, "pbclk", "pbclk2");
        soc_clock(s, dev, "refclk", "refclk1");
        soc_realize(dev, 0x1f821000 + i * 0x200);
        for (n = 0; n < 3; n++) {       /* fault, receive, transmit */
            soc_irq(s, dev, n, fault_vector[i] + n);
        }
    }
}

static void soc_create_i2cs(PIC32MZMachine *s)
{
    static const int bus_vector[PIC32_N_I2CS] = {
        PIC32_VECTOR_I2C1_BUS, PIC32_VECTOR_I2C2_BUS, PIC32_VECTOR_I2C3_BUS,
        PIC32_VECTOR_I2C4_BUS, PIC32_VECTOR_I2C5_BUS,
    };
    unsigned i, n;

    for (i = 0; i < PIC32_N_I2CS; i++) {
        DeviceState *dev = qdev_new(TYPE_PIC32_I2C);

        s->i2c[i] = PIC32_I2C(dev);
        pic32_i2c_set_peers(s->i2c[i], s->i2c);
        qdev_prop_set_uint8(dev, "index", i + 1);
        soc_link(dev, "ports", s->ports);
        soc_link(dev, "jumpers", s->jumpers);
        soc_clock(s, dev, "pbclk", "pbclk2");
        soc_realize(dev, 0x1f820000 + i * 0x200);
        for (n = 0; n < 3; n++) {       /* collision, slave, master */
            soc_irq(s, dev, n, bus_vector[i] + n);
        }
    }
}

/*
 * DS60001320 tables 17-1 and 18-1: the time bases of output compare and input
 * capture module n, each an even timer and the odd one above; timer[0] is
 * Timer1.
 */
static void soc_link_time_bases(DeviceState *dev, unsigned n,
                                DeviceState *timer[N_TIMERS])
{
    /* while CFGCON.OCACLK or ICACLK is 1 */
    static const unsigned even[] = { 4, 2, 6 };
    unsigned alternate = even[(n - 1) / 3];

    soc_link(dev, "timer0", timer[2 - 1]);
    soc_link(dev, "timer1", timer[3 - 1]);
    soc_link(dev, "timer2", timer[alternate - 1]);
    soc_link(dev, "timer3", timer[alternate]);
}

static void soc_create_captures(PIC32MZMachine *s,
                                DeviceState *timer[N_TIMERS])
{
    static const int vector[N_CAPTURES] = {
        PIC32_VECTOR_INPUT_CAPTURE_1, PIC32_VECTOR_INPUT_CAPTURE_2,
        PIC32_VECTOR_INPUT_CAPTURE_3, PIC32_VECTOR_INPUT_CAPTURE_4,
        PIC32_VECTOR_INPUT_CAPTURE_5, PIC32_VECTOR_INPUT_CAPTURE_6,
        PIC32_VECTOR_INPUT_CAPTURE_7, PIC32_VECTOR_INPUT_CAPTURE_8,
        PIC32_VECTOR_INPUT_CAPTURE_9,
    };
    unsigned i;

    for (i = 0; i < N_CAPTURES; i++) {
        DeviceState *dev = qdev_new(TYPE_PIC32_IC);

        qdev_prop_set_uint32(dev, "index", i + 1);
        soc_link(dev, "cfg", s->cfg);
        soc_link(dev, "pps", s->pps);
        soc_link_time_bases(dev, i + 1, timer);
        soc_realize(dev, 0x1f842000 + i * 0x200);
        soc_irq(s, dev, 0, vector[i]);
        soc_irq(s, dev, 1, vector[i] - 1);      /* the error's comes before */
    }
}

static void soc_create_compares(PIC32MZMachine *s,
                                DeviceState *timer[N_TIMERS])
{
    static const int vector[N_COMPARES] = {
        PIC32_VECTOR_OUTPUT_COMPARE_1, PIC32_VECTOR_OUTPUT_COMPARE_2,
        PIC32_VECTOR_OUTPUT_COMPARE_3, PIC32_VECTOR_OUTPUT_COMPARE_4,
        PIC32_VECTOR_OUTPUT_COMPARE_5, PIC32_VECTOR_OUTPUT_COMPARE_6,
        PIC32_VECTOR_OUTPUT_COMPARE_7, PIC32_VECTOR_OUTPUT_COMPARE_8,
        PIC32_VECTOR_OUTPUT_COMPARE_9,
    };
    unsigned i;

    for (i = 0; i < N_COMPARES; i++) {
        DeviceState *dev = qdev_new(TYPE_PIC32_OC);

        qdev_prop_set_uint32(dev, "index", i + 1);
        soc_link(dev, "cfg", s->cfg);
        soc_link(dev, "pps", s->pps);
        soc_link(dev, "ports", s->ports);
        soc_link_time_bases(dev, i + 1, timer);
        soc_realize(dev, 0x1f844000 + i * 0x200);
        soc_irq(s, dev, 0, vector[i]);
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
    soc_create_captures(s, dev);
    soc_create_compares(s, dev);
}

static void soc_create_analog(PIC32MZMachine *s)
{
    static const int vector[PIC32_ADC_IRQ_DATA0] = {
        [PIC32_ADC_IRQ_GLOBAL] = PIC32_VECTOR_ADC,
        [PIC32_ADC_IRQ_FIFO] = PIC32_VECTOR_ADC_FIFO,
        [PIC32_ADC_IRQ_COMPARATOR1] = PIC32_VECTOR_ADC_DC1,
        PIC32_VECTOR_ADC_DC2, PIC32_VECTOR_ADC_DC3, PIC32_VECTOR_ADC_DC4,
        PIC32_VECTOR_ADC_DC5, PIC32_VECTOR_ADC_DC6,
        [PIC32_ADC_IRQ_FILTER1] = PIC32_VECTOR_ADC_DF1,
        PIC32_VECTOR_ADC_DF2, PIC32_VECTOR_ADC_DF3, PIC32_VECTOR_ADC_DF4,
        PIC32_VECTOR_ADC_DF5, PIC32_VECTOR_ADC_DF6,
        [PIC32_ADC_IRQ_FAULT] = PIC32_VECTOR_ADC_FAULT,
        [PIC32_ADC_IRQ_EOS] = PIC32_VECTOR_ADC_EOS,
        [PIC32_ADC_IRQ_ARDY] = PIC32_VECTOR_ADC_ARDY,
        [PIC32_ADC_IRQ_URDY] = PIC32_VECTOR_ADC_URDY,
        [PIC32_ADC_IRQ_EARLY] = PIC32_VECTOR_ADC_EARLY,
        [PIC32_ADC_IRQ_EARLY0] = PIC32_VECTOR_ADC0_EARLY,
        PIC32_VECTOR_ADC1_EARLY, PIC32_VECTOR_ADC2_EARLY,
        PIC32_VECTOR_ADC3_EARLY, PIC32_VECTOR_ADC4_EARLY,
        PIC32_VECTOR_ADC7_EARLY,
        [PIC32_ADC_IRQ_WARM0] = PIC32_VECTOR_ADC0_WARM,
        PIC32_VECTOR_ADC1_WARM, PIC32_VECTOR_ADC2_WARM,
        PIC32_VECTOR_ADC3_WARM, PIC32_VECTOR_ADC4_WARM,
        PIC32_VECTOR_ADC7_WARM,
    };
    DeviceState *adc = qdev_new(TYPE_PIC32_ADC);
    DeviceState *cmp = qdev_new(TYPE_PIC32_COMPARATOR);
    unsigned i;

    qdev_prop_set_uint32(adc, "package", s->chip.pins);
    soc_link(adc, "ports", s->ports);
    soc_link(adc, "evic", s->evic);
    soc_clock(s, adc, "pbclk", "pbclk3");
    soc_clock(s, adc, "sysclk", "sysclk");
    soc_clock(s, adc, "frc", "frc");
    soc_clock(s, adc, "refclk", "refclk3");
    soc_realize(adc, 0x1f84b000);
    for (i = 0; i < PIC32_ADC_IRQ_DATA0; i++) {
        soc_irq(s, adc, i, vector[i]);
    }
    for (i = 0; i < PIC32_ADC_INPUTS; i++) {
        soc_irq(s, adc, PIC32_ADC_IRQ_DATA0 + i,
                PIC32_VECTOR_ADC_DATA0 + i);
    }

    qdev_prop_set_uint32(cmp, "package", s->chip.pins);
    soc_link(cmp, "ports", s->ports);
    soc_link(cmp, "pps", s->pps);
    soc_realize(cmp, 0x1f84c000);
    sysbus_mmio_map(SYS_BUS_DEVICE(cmp), 1, 0x1f800e00);
    for (i = 0; i < PIC32_COMPARATORS; i++) {
        soc_irq(s, cmp, i, PIC32_VECTOR_COMPARATOR_1 + i);
        qdev_connect_gpio_out_named(cmp, "cout", i,
                                    qdev_get_gpio_in_named(adc, "cout", i));
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
    qdev_prop_set_uint64(s->eth, "path-seed", s->rng_seed);
    soc_link(s->eth, "inputs", s->inputs);
    soc_clock(s, s->eth, "pbclk", "pbclk5");
    soc_realize(s->eth, 0x1f882000);
    soc_irq(s, s->eth, 0, PIC32_VECTOR_ETHERNET);
}

/* Modules on the same can-bus object share a wire. */
static void soc_create_can(PIC32MZMachine *s)
{
    static const int vector[PIC32_N_CAN] = {
        PIC32_VECTOR_CAN1, PIC32_VECTOR_CAN2,
    };
    DeviceState *wire = NULL;
    unsigned i;

    for (i = 0; i < PIC32_N_CAN; i++) {
        DeviceState *dev = qdev_new(TYPE_PIC32_CAN);

        if (!wire || !s->canbus[i] || s->canbus[i] != s->canbus[i - 1]) {
            wire = qdev_new(TYPE_PIC32_CAN_WIRE);
            object_property_set_link(OBJECT(wire), "canbus",
                                     OBJECT(s->canbus[i]), &error_abort);
            sysbus_realize_and_unref(SYS_BUS_DEVICE(wire), &error_fatal);
        }
        qdev_prop_set_uint32(dev, "index", i + 1);
        soc_link(dev, "wire", wire);
        soc_link(dev, "pps", s->pps);
        soc_clock(s, dev, "pbclk", "pbclk5");
        soc_realize(dev, 0x1f880000 + i * PIC32_CAN_SIZE);
        soc_irq(s, dev, 0, vector[i]);
    }
}

static void soc_create_usb(PIC32MZMachine *s)
{
    DeviceState *dev = qdev_new(TYPE_PIC32_USB);

    soc_realize(dev, 0x1f8e3000);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 1, 0x1f884000);
    soc_irq(s, dev, 0, PIC32_VECTOR_USB);
    soc_irq(s, dev, 1, PIC32_VECTOR_USB_DMA);
}

static void soc_create_pmp(PIC32MZMachine *s)
{
    DeviceState *dev = qdev_new(TYPE_PIC32_PMP);

    soc_clock(s, dev, "pbclk", "pbclk2");
    soc_realize(dev, 0x1f82e000);
    soc_irq(s, dev, 0, PIC32_VECTOR_PMP);
    soc_irq(s, dev, 1, PIC32_VECTOR_PMP_ERROR);
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

static void soc_create_dma(PIC32MZMachine *s)
{
    DeviceState *dev = qdev_new(TYPE_PIC32_DMA);
    unsigned i;

    soc_link(dev, "evic", s->evic);
    soc_clock(s, dev, "sysclk", "sysclk");
    soc_realize(dev, 0x1f811000);
    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        soc_irq(s, dev, i, PIC32_VECTOR_DMA0 + i);
    }
}

static void soc_create_crypto(PIC32MZMachine *s)
{
    DeviceState *dev = qdev_new(TYPE_PIC32_CRYPTO);

    soc_clock(s, dev, "pbclk", "pbclk5");
    soc_realize(dev, 0x1f8e5000);
    soc_irq(s, dev, 0, PIC32_VECTOR_CRYPTO);
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

    dev = qdev_new(TYPE_PIC32_RTCC);
    soc_link(dev, "cru", s->cru);
    soc_link(dev, "ports", s->ports);
    soc_clock(s, dev, "sosc", "sosc");
    soc_clock(s, dev, "lprc", "lprc");
    soc_realize(dev, 0x1f800c00);
    soc_irq(s, dev, 0, PIC32_VECTOR_RTCC);

    dev = qdev_new(TYPE_PIC32_RNG);
    qdev_prop_set_uint64(dev, "seed", s->rng_seed);
    soc_clock(s, dev, "pbclk", "pbclk5");
    soc_realize(dev, 0x1f8e6000);

    dev = qdev_new(TYPE_PIC32_PREFETCH);
    soc_realize(dev, 0x1f8e0000);
    soc_irq(s, dev, 0, PIC32_VECTOR_PREFETCH);

    dev = qdev_new(TYPE_PIC32_EBI);
    qdev_prop_set_uint64(dev, "ram-size", s->ebi_ram_kib * KiB);
    soc_realize(dev, 0x1f8e1000);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 1, PIC32_EBI_WINDOW_BASE);
}

void pic32_soc_create(PIC32MZMachine *s)
{
    soc_create_core(s);
    soc_create_pins(s);
    board_create_jumpers(s);
    soc_create_uarts(s);
    soc_create_spis(s);
    soc_create_i2cs(s);
    soc_create_timers(s);
    soc_create_analog(s);
    soc_create_nvm(s);
    soc_create_dma(s);
    if (s->chip.crypto) {
        soc_create_crypto(s);
    }
    soc_create_system(s);
    soc_create_ethernet(s);
    soc_create_can(s);
    soc_create_usb(s);
    soc_create_pmp(s);
    /* last: it looks where the peripherals are */
    sysbus_realize_and_unref(SYS_BUS_DEVICE(s->gates), &error_fatal);
}
