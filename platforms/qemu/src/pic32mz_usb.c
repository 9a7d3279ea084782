/*
 * PIC32MZ Hi-Speed USB, with nothing plugged in
 *
 * Models: DS60001320 chapter 11 and DS60001326 (PIC32 Family Reference
 * Manual, section 51): a core that a driver can set up and that then waits for
 * a cable: reset values, which bits can be written, soft reset, the registers
 * that USBCSR3.ENDPOINT selects (USBIENCSR0 to 3, FIFO sizes and addresses),
 * the bits that the core clears by itself, and the port (as a device no VBUS;
 * as a host, with ID low through USBCRCON and SESSION set, VBUS and no device).
 *
 * Left out: everything that takes a cable. No packet is sent or received, so
 * that a packet stays ready, a FIFO reads 0, the frame number stands still,
 * no interrupt flag is ever set and no interrupt is raised; DMA channels, test
 * modes, link power management and the timing registers only keep what is
 * written. USBE0CSR3 tells of soft connect and dynamic FIFO sizes and nothing
 * else. The soft reset takes no time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_sfr.h"
#include "pic32mz_usb.h"

REG32(CSR0, 0x000)
REG32(CSR1, 0x004)
REG32(CSR2, 0x008)
REG32(CSR3, 0x00c)
    FIELD(CSR3, ENDPOINT, 16, 4)
    FIELD(CSR3, FIFOACC, 30, 1)
REG32(IENCSR0, 0x010)
REG32(FIFO0, 0x020)
REG32(OTG, 0x060)
    FIELD(OTG, SESSION, 0, 1)
    FIELD(OTG, HOSTMODE, 2, 1)
    FIELD(OTG, VBUS, 3, 2)
    FIELD(OTG, BDEV, 7, 1)
REG32(FIFOA, 0x064)
REG32(HWVER, 0x06c)
REG32(INFO, 0x078)
REG32(EOFRST, 0x07c)
    FIELD(EOFRST, SOFRST, 24, 2)
REG32(E0TXA, 0x080)
REG32(E0RXA, 0x084)
REG32(E0CSR0, 0x100)
    FIELD(E0CSR0, RXRDY, 16, 1)
    FIELD(E0CSR0, TXRDY, 17, 1)
    FIELD(E0CSR0, STALLED, 18, 1)
    FIELD(E0CSR0, DATAEND, 19, 1)
    FIELD(E0CSR0, SETEND, 20, 1)
    FIELD(E0CSR0, RXRDYC, 22, 1)
    FIELD(E0CSR0, SETENDC, 23, 1)
    FIELD(E0CSR0, FLUSH, 24, 1)
    FIELD(E0CSR0, DTWE, 26, 1)
REG32(E1CSR0, 0x110)            /* transmission */
    FIELD(E1CSR0, TXPKTRDY, 16, 1)
    FIELD(E1CSR0, FIFONE, 17, 1)
    FIELD(E1CSR0, UNDERRUN, 18, 1)
    FIELD(E1CSR0, FLUSH, 19, 1)
    FIELD(E1CSR0, SENTSTALL, 21, 1)
    FIELD(E1CSR0, CLRDT, 22, 1)
    FIELD(E1CSR0, INCOMPTX, 23, 1)
    FIELD(E1CSR0, DTWREN, 25, 1)
REG32(E1CSR1, 0x114)            /* reception */
    FIELD(E1CSR1, RXPKTRDY, 16, 1)
    FIELD(E1CSR1, FIFOFULL, 17, 1)
    FIELD(E1CSR1, OVERRUN, 18, 1)
    FIELD(E1CSR1, DATAERR, 19, 1)
    FIELD(E1CSR1, FLUSH, 20, 1)
    FIELD(E1CSR1, SENTSTALL, 22, 1)
    FIELD(E1CSR1, CLRDT, 23, 1)
    FIELD(E1CSR1, INCOMPRX, 24, 1)
    FIELD(E1CSR1, DATATWEN, 26, 1)
REG32(DMAINT, 0x200)
REG32(DMA1C, 0x204)
REG32(E1RPC, 0x304)
REG32(DPBFD, 0x340)
REG32(TMCON1, 0x344)
REG32(TMCON2, 0x348)
REG32(LPMR1, 0x360)
REG32(LPMR2, 0x364)
REG32(CRCON, 0x000)             /* the other block */
    FIELD(CRCON, USBIDVAL, 8, 1)
    FIELD(CRCON, USBIDOVEN, 9, 1)

#define CORE_SIZE       0x1000
#define CRCON_SIZE      0x10
#define ENDPOINTS       8
#define ENDPOINT_STEP   0x10
#define ENDPOINT_REGS   4
#define DMA_CHANNELS    8
#define INDEXES         16      /* values of CSR3.ENDPOINT */
#define VBUS_VALID      3
#define FIFO_SIZE_FIELDS 0x1f1f0000 /* of OTG: one for each endpoint */
#define MAX_DEFS        112

struct PIC32Usb {
    SysBusDevice parent_obj;

    PIC32SfrBlock core;
    PIC32SfrBlock control;
    PIC32SfrDef defs[MAX_DEFS];
    unsigned n_defs;
    qemu_irq irq;
    qemu_irq irq_dma;
    uint32_t fifo_size[INDEXES];
    uint32_t fifo_address[INDEXES];
};

static void usb_def(PIC32Usb *s, const char *name, hwaddr offset,
                    uint32_t reset, uint32_t writable)
{
    assert(s->n_defs < MAX_DEFS);
    s->defs[s->n_defs++] = (PIC32SfrDef) { name, offset, reset, writable,
                                           true };
}

static void usb_fill_defs(PIC32Usb *s)
{
    unsigned i;

    usb_def(s, "USBCSR0", A_CSR0, 0x00002000, 0x0000ef7f);
    usb_def(s, "USBCSR1", A_CSR1, 0x00ff0000, 0x00ff0000);
    usb_def(s, "USBCSR2", A_CSR2, 0x060000fe, 0xff0000fe);
    usb_def(s, "USBCSR3", A_CSR3, 0, 0xff0f0000);
    for (i = 0; i < ENDPOINT_REGS; i++) {
        usb_def(s, "USBIENCSR", A_IENCSR0 + i * 4, 0, UINT32_MAX);
    }
    usb_def(s, "USBOTG", A_OTG, R_OTG_BDEV_MASK, 0x1f1f0303);
    usb_def(s, "USBFIFOA", A_FIFOA, 0, 0x1fff1fff);
    usb_def(s, "USBHWVER", A_HWVER, 0x0800, 0);
    usb_def(s, "USBINFO", A_INFO, 0x3c5c8c77, 0xffff0000);
    usb_def(s, "USBEOFRST", A_EOFRST, 0x00727780,
            0x00ffffff | R_EOFRST_SOFRST_MASK);
    for (i = 0; i < ENDPOINTS; i++) {
        usb_def(s, "USBFIFO", A_FIFO0 + i * 4, 0, 0);
        usb_def(s, "USBExTXA", A_E0TXA + i * 8, 0, 0x7fff007f);
        usb_def(s, "USBExRXA", A_E0RXA + i * 8, 0,
                i ? 0x7fff007f : 0x7fff0000);
    }
    usb_def(s, "USBE0CSR0", A_E0CSR0, 0, 0x07ff07ff);
    usb_def(s, "USBE0CSR2", A_E0CSR0 + 0x8, 0, 0x0fc00000);
    usb_def(s, "USBE0CSR3", A_E0CSR0 + 0xc, 0x06000000, 0);
    for (i = 1; i < ENDPOINTS; i++) {
        hwaddr base = A_E0CSR0 + i * ENDPOINT_STEP;

        usb_def(s, "USBExCSR0", base, 0, UINT32_MAX);
        usb_def(s, "USBExCSR1", base + 0x4, 0, UINT32_MAX);
        usb_def(s, "USBExCSR2", base + 0x8, 0, 0xffff0000);
        usb_def(s, "USBExCSR3", base + 0xc, 0, 0x0000ffff);
        usb_def(s, "USBExRPC", A_E1RPC + (i - 1) * 4, 0, 0x0000ffff);
    }
    usb_def(s, "USBDMAINT", A_DMAINT, 0, 0);
    for (i = 0; i < DMA_CHANNELS; i++) {
        hwaddr base = A_DMA1C + i * 0x10;

        usb_def(s, "USBDMAxC", base, 0, 0x000006ff);
        usb_def(s, "USBDMAxA", base + 0x4, 0, UINT32_MAX);
        usb_def(s, "USBDMAxN", base + 0x8, 0, UINT32_MAX);
    }
    usb_def(s, "USBDPBFD", A_DPBFD, 0, 0x00fe00fe);
    usb_def(s, "USBTMCON1", A_TMCON1, 0x05e64074, UINT32_MAX);
    usb_def(s, "USBTMCON2", A_TMCON2, 0, 0x0000000f);
    usb_def(s, "USBLPMR1", A_LPMR1, 0, 0x3f1f0000);
    usb_def(s, "USBLPMR2", A_LPMR2, 0, 0x00007f00);
}

static const PIC32SfrDef control_defs[] = {
    { "USBCRCON", A_CRCON, 0, 0x000003ff, true },
};

static unsigned usb_endpoint(PIC32Usb *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->core, A_CSR3), CSR3, ENDPOINT);
}

/* The register that a USBIENCSR stands for now; NULL: there is none. */
static const PIC32SfrDef *usb_indexed(PIC32Usb *s, hwaddr offset)
{
    if (usb_endpoint(s) >= ENDPOINTS) {
        return NULL;
    }
    return s->core.def[(A_E0CSR0 + usb_endpoint(s) * ENDPOINT_STEP +
                        offset - A_IENCSR0) >> 2];
}

static bool usb_is_window(hwaddr offset)
{
    return offset >= A_IENCSR0 && offset < A_IENCSR0 + ENDPOINT_REGS * 4;
}

/* ID is pulled up; low makes the port a host's. */
static bool usb_is_a_device(PIC32Usb *s)
{
    uint32_t crcon = pic32_sfr_get(&s->control, A_CRCON);

    return FIELD_EX32(crcon, CRCON, USBIDOVEN) &&
           !FIELD_EX32(crcon, CRCON, USBIDVAL);
}

static uint32_t usb_otg(PIC32Usb *s)
{
    uint32_t value = pic32_sfr_get(&s->core, A_OTG);
    bool session = FIELD_EX32(value, OTG, SESSION) && usb_is_a_device(s);

    value = (value & ~FIFO_SIZE_FIELDS) | s->fifo_size[usb_endpoint(s)];
    value = FIELD_DP32(value, OTG, SESSION, session);
    value = FIELD_DP32(value, OTG, HOSTMODE, session);
    value = FIELD_DP32(value, OTG, VBUS, session ? VBUS_VALID : 0);
    return FIELD_DP32(value, OTG, BDEV, !usb_is_a_device(s));
}

static uint32_t usb_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Usb *s = opaque;

    if (usb_is_window(offset)) {
        const PIC32SfrDef *def = usb_indexed(s, offset);

        return def ? pic32_sfr_get(&s->core, def->offset) : 0;
    }
    switch (offset) {
    case A_OTG:
        return usb_otg(s);
    case A_FIFOA:
        return s->fifo_address[usb_endpoint(s)];
    default:
        return pic32_sfr_get(&s->core, offset);
    }
}

/* What is written byte by byte changes the selected endpoint's register. */
static bool usb_before_write(void *opaque, hwaddr addr, uint32_t data,
                             unsigned size)
{
    PIC32Usb *s = opaque;
    hwaddr offset = addr & ~3;

    if (usb_is_window(offset) || offset == A_FIFOA) {
        pic32_sfr_set(&s->core, offset, usb_read(s, offset, 4));
    } else if (offset == A_OTG) {
        pic32_sfr_set(&s->core, A_OTG,
                      (pic32_sfr_get(&s->core, A_OTG) & ~FIFO_SIZE_FIELDS) |
                      s->fifo_size[usb_endpoint(s)]);
    }
    return false;
}

/* Endpoint 0: value after what the core does at once. */
static uint32_t usb_control_csr(uint32_t old, uint32_t value)
{
    const uint32_t cleared_by_core = R_E0CSR0_DATAEND_MASK |
        R_E0CSR0_RXRDYC_MASK | R_E0CSR0_SETENDC_MASK | R_E0CSR0_FLUSH_MASK |
        R_E0CSR0_DTWE_MASK;
    const uint32_t set_by_core = R_E0CSR0_RXRDY_MASK |
        R_E0CSR0_STALLED_MASK | R_E0CSR0_SETEND_MASK;

    if (FIELD_EX32(value, E0CSR0, FLUSH)) {
        value &= ~R_E0CSR0_TXRDY_MASK;
    }
    return value & ~cleared_by_core & (old | ~set_by_core);
}

static uint32_t usb_tx_csr(uint32_t old, uint32_t value)
{
    const uint32_t cleared_by_core = R_E1CSR0_FLUSH_MASK |
        R_E1CSR0_CLRDT_MASK | R_E1CSR0_DTWREN_MASK;
    const uint32_t set_by_core = R_E1CSR0_FIFONE_MASK |
        R_E1CSR0_UNDERRUN_MASK | R_E1CSR0_SENTSTALL_MASK |
        R_E1CSR0_INCOMPTX_MASK;

    value &= old | ~set_by_core;
    if (FIELD_EX32(value, E1CSR0, FLUSH)) {
        value &= ~(R_E1CSR0_TXPKTRDY_MASK | R_E1CSR0_FIFONE_MASK);
    } else if (FIELD_EX32(value, E1CSR0, TXPKTRDY)) {
        value |= R_E1CSR0_FIFONE_MASK;
    }
    return value & ~cleared_by_core;
}

static uint32_t usb_rx_csr(uint32_t old, uint32_t value)
{
    const uint32_t cleared_by_core = R_E1CSR1_FLUSH_MASK |
        R_E1CSR1_CLRDT_MASK | R_E1CSR1_DATATWEN_MASK;
    const uint32_t set_by_core = R_E1CSR1_RXPKTRDY_MASK |
        R_E1CSR1_FIFOFULL_MASK | R_E1CSR1_OVERRUN_MASK |
        R_E1CSR1_DATAERR_MASK | R_E1CSR1_SENTSTALL_MASK |
        R_E1CSR1_INCOMPRX_MASK;

    return value & ~cleared_by_core & (old | ~set_by_core);
}

static void usb_write_endpoint(PIC32Usb *s, const PIC32SfrDef *def,
                               uint32_t old, uint32_t value)
{
    value = (old & ~def->writable) | (value & def->writable);
    if (def->offset == A_E0CSR0) {
        value = usb_control_csr(old, value);
    } else if (def->offset % ENDPOINT_STEP == A_E1CSR0 % ENDPOINT_STEP) {
        value = usb_tx_csr(old, value);
    } else if (def->offset % ENDPOINT_STEP == A_E1CSR1 % ENDPOINT_STEP) {
        value = usb_rx_csr(old, value);
    }
    pic32_sfr_set(&s->core, def->offset, value);
}

static void usb_reset_core(PIC32Usb *s)
{
    pic32_sfr_reset(&s->core);
    memset(s->fifo_size, 0, sizeof(s->fifo_size));
    memset(s->fifo_address, 0, sizeof(s->fifo_address));
}

static void usb_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Usb *s = opaque;

    if (usb_is_window(offset)) {
        const PIC32SfrDef *def = usb_indexed(s, offset);

        if (def) {
            usb_write_endpoint(s, def, pic32_sfr_get(&s->core, def->offset),
                               value);
        }
        pic32_sfr_set(&s->core, offset, 0);
        return;
    }
    if (offset >= A_E0CSR0 && offset < A_DMAINT) {
        usb_write_endpoint(s, s->core.def[offset >> 2], old, value);
        return;
    }
    switch (offset) {
    case A_CSR3:
        /* it has moved the packet between the bus and FIFO 0 */
        pic32_sfr_set(&s->core, A_CSR3, value & ~R_CSR3_FIFOACC_MASK);
        break;
    case A_OTG:
        s->fifo_size[usb_endpoint(s)] = value & FIFO_SIZE_FIELDS;
        break;
    case A_FIFOA:
        s->fifo_address[usb_endpoint(s)] = value;
        break;
    case A_EOFRST:
        if (value & R_EOFRST_SOFRST_MASK) {
            usb_reset_core(s);
        }
        break;
    }
}

static const PIC32SfrOps usb_ops = {
    .before_write = usb_before_write,
    .read = usb_read,
    .write = usb_write,
};

static void usb_reset(DeviceState *dev)
{
    PIC32Usb *s = PIC32_USB(dev);

    usb_reset_core(s);
    pic32_sfr_reset(&s->control);
}

static void usb_init(Object *obj)
{
    PIC32Usb *s = PIC32_USB(obj);

    usb_fill_defs(s);
    pic32_sfr_init(&s->core, obj, TYPE_PIC32_USB, CORE_SIZE, s->defs,
                   s->n_defs, &usb_ops, s);
    pic32_sfr_init(&s->control, obj, TYPE_PIC32_USB, CRCON_SIZE, control_defs,
                   ARRAY_SIZE(control_defs), NULL, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->core.iomem);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->control.iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq_dma);
}

static const VMStateDescription vmstate_usb = {
    .name = TYPE_PIC32_USB,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(core, PIC32Usb),
        VMSTATE_PIC32_SFR(control, PIC32Usb),
        VMSTATE_UINT32_ARRAY(fifo_size, PIC32Usb, INDEXES),
        VMSTATE_UINT32_ARRAY(fifo_address, PIC32Usb, INDEXES),
        VMSTATE_END_OF_LIST()
    }
};

static void usb_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->reset = usb_reset;
    dc->vmsd = &vmstate_usb;
    dc->desc = "PIC32MZ Hi-Speed USB, with nothing plugged in";
}

static const TypeInfo usb_types[] = {
    {
        .name = TYPE_PIC32_USB,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Usb),
        .instance_init = usb_init,
        .class_init = usb_class_init,
    },
};

DEFINE_TYPES(usb_types)
