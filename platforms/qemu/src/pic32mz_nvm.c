/*
 * PIC32MZ flash controller (NVM)
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 5 and DS60001193
 * (PIC32 Family Reference Manual, section 52, flash memory with live update):
 * programming, erasing, swapping and write protection.
 *
 * An operation keeps NVMCON.WR set for its time in the data sheet's table of
 * flash characteristics (in cycles of the 8 MHz FRC); the flash changes when
 * it ends. Programming clears bits only, erasing sets them.
 *
 * Left out: the CPU's stall when it fetches from the panel that is being
 * written (it runs on, as code in RAM would); ECC (programming a quad word
 * twice gives the AND of both and a line in the log, where the chip's next
 * read of it raises a bus error); LVDERR and a failing supply; brown-out
 * during an operation. Any reset gives every register its power-on value and
 * abandons the operation under way, its flash unchanged. A write to another
 * peripheral between key and use does not lock again. NVMCON2 is storage
 * but for SWAPLOCK; its reset value is taken as 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_cfg.h"
#include "pic32mz_nvm.h"
#include "pic32mz_sfr.h"

REG32(NVMCON, 0x00)
    FIELD(NVMCON, NVMOP, 0, 4)
    FIELD(NVMCON, BFSWAP, 6, 1)
    FIELD(NVMCON, PFSWAP, 7, 1)
    FIELD(NVMCON, LVDERR, 12, 1)
    FIELD(NVMCON, WRERR, 13, 1)
    FIELD(NVMCON, WREN, 14, 1)
    FIELD(NVMCON, WR, 15, 1)
REG32(NVMKEY, 0x10)
REG32(NVMADDR, 0x20)
REG32(NVMDATA0, 0x30)
REG32(NVMDATA1, 0x40)
REG32(NVMDATA2, 0x50)
REG32(NVMDATA3, 0x60)
REG32(NVMSRCADDR, 0x70)
REG32(NVMPWP, 0x80)
    FIELD(NVMPWP, PWP, 0, 24)
    FIELD(NVMPWP, PWPULOCK, 31, 1)
REG32(NVMBWP, 0x90)
    FIELD(NVMBWP, UBWP, 0, 5)
    FIELD(NVMBWP, UBWPULOCK, 7, 1)
    FIELD(NVMBWP, LBWP, 8, 5)
    FIELD(NVMBWP, LBWPULOCK, 15, 1)
REG32(NVMCON2, 0xa0)
    FIELD(NVMCON2, SWAPLOCK, 6, 2)

#define MMIO_SIZE       0x200
#define SWAP_MASK       (R_NVMCON_BFSWAP_MASK | R_NVMCON_PFSWAP_MASK)

#define PFM_BASE        0x1d000000
#define LOWER_BOOT_BASE 0x1fc00000
#define UPPER_BOOT_BASE 0x1fc20000
#define BOOT1_BASE      0x1fc40000
#define BOOT2_BASE      0x1fc60000
#define BOOT_SIZE       (80 * KiB)      /* of one panel: five pages */
#define PAGE_SIZE       (16 * KiB)
#define ROW_SIZE        (2 * KiB)
#define QUAD_SIZE       16
#define WORD_SIZE       4

enum {
    OP_NOP = 0,
    OP_WORD = 1,
    OP_QUAD = 2,
    OP_ROW = 3,
    OP_PAGE_ERASE = 4,
    OP_LOWER_ERASE = 5,
    OP_UPPER_ERASE = 6,
    OP_ALL_ERASE = 7,
    OP_COUNT
};

/* DS60001320 table 37-13: typical times, in cycles of the FRC */
#define FRC_CYCLE_NS    125
static const uint32_t op_frc_cycles[OP_COUNT] = {
    [OP_WORD] = 383,
    [OP_QUAD] = 773,
    [OP_ROW] = 66813,
    [OP_PAGE_ERASE] = 128453,
    [OP_LOWER_ERASE] = 128453,
    [OP_UPPER_ERASE] = 128453,
    [OP_ALL_ERASE] = 256909,
};

/* The NVMKEY sequence: how far the firmware has come. */
enum { KEY_LOCKED, KEY_HALF, KEY_OPEN };

struct PIC32Nvm {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    PIC32Cfg *cfg;
    uint32_t flash_size;
    bool boot_swap;
    qemu_irq irq;
    qemu_irq pfswap;
    qemu_irq bfswap;

    uint8_t key;
    QEMUTimer *timer;
    uint8_t row[ROW_SIZE];      /* data of the program operation under way */
};

static uint32_t nvm_con(PIC32Nvm *s)
{
    return pic32_sfr_get(&s->regs, A_NVMCON);
}

static void nvm_complain(PIC32Nvm *s, const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "NVM: %s (NVMCON 0x%08x, NVMADDR 0x%08x)\n",
                  what, nvm_con(s), pic32_sfr_get(&s->regs, A_NVMADDR));
}

void pic32_nvm_set_boot_swap(PIC32Nvm *s, bool swapped)
{
    s->boot_swap = swapped;
}

static void nvm_update_swap(PIC32Nvm *s)
{
    qemu_set_irq(s->pfswap, FIELD_EX32(nvm_con(s), NVMCON, PFSWAP));
    qemu_set_irq(s->bfswap, FIELD_EX32(nvm_con(s), NVMCON, BFSWAP));
}

/* --- where an operation goes */

static bool nvm_inside(uint32_t address, uint32_t base, uint32_t size)
{
    return address >= base && address - base < size;
}

/* 5-bit mask of protected pages if the address is in that boot region. */
static bool nvm_boot_page_protected(uint32_t address, uint32_t base,
                                    uint32_t pages)
{
    return nvm_inside(address, base, BOOT_SIZE) &&
           (pages >> ((address - base) / PAGE_SIZE) & 1);
}

static bool nvm_protected(PIC32Nvm *s, uint32_t address)
{
    uint32_t pwp = FIELD_EX32(pic32_sfr_get(&s->regs, A_NVMPWP), NVMPWP, PWP);
    uint32_t bwp = pic32_sfr_get(&s->regs, A_NVMBWP);
    uint32_t lower = FIELD_EX32(bwp, NVMBWP, LBWP);
    uint32_t upper = FIELD_EX32(bwp, NVMBWP, UBWP);
    bool swapped = FIELD_EX32(nvm_con(s), NVMCON, BFSWAP);

    if (nvm_inside(address, PFM_BASE, s->flash_size)) {
        /* PWP's page and all below it; 0 protects nothing */
        return pwp && (address - PFM_BASE) / PAGE_SIZE <= pwp / PAGE_SIZE;
    }
    return nvm_boot_page_protected(address, LOWER_BOOT_BASE, lower) ||
           nvm_boot_page_protected(address, UPPER_BOOT_BASE, upper) ||
           nvm_boot_page_protected(address, BOOT1_BASE,
                                   swapped ? upper : lower) ||
           nvm_boot_page_protected(address, BOOT2_BASE,
                                   swapped ? lower : upper);
}

static bool nvm_is_flash(PIC32Nvm *s, uint32_t address)
{
    return nvm_inside(address, PFM_BASE, s->flash_size) ||
           nvm_inside(address, LOWER_BOOT_BASE, BOOT_SIZE) ||
           nvm_inside(address, UPPER_BOOT_BASE, BOOT_SIZE) ||
           nvm_inside(address, BOOT1_BASE, BOOT_SIZE) ||
           nvm_inside(address, BOOT2_BASE, BOOT_SIZE);
}

/* Address and size of what the operation in NVMOP changes; size 0: nothing. */
static uint32_t nvm_target(PIC32Nvm *s, uint32_t *size)
{
    uint32_t address = pic32_sfr_get(&s->regs, A_NVMADDR);
    uint32_t half = s->flash_size / 2;

    switch (FIELD_EX32(nvm_con(s), NVMCON, NVMOP)) {
    case OP_WORD:
        *size = WORD_SIZE;
        break;
    case OP_QUAD:
        *size = QUAD_SIZE;
        break;
    case OP_ROW:
        *size = ROW_SIZE;
        break;
    case OP_PAGE_ERASE:
        *size = PAGE_SIZE;
        break;
    case OP_LOWER_ERASE:
        *size = half;
        return PFM_BASE;
    case OP_UPPER_ERASE:
        *size = half;
        return PFM_BASE + half;
    case OP_ALL_ERASE:
        *size = s->flash_size;
        return PFM_BASE;
    default:
        *size = 0;
        return address;
    }
    return address & ~(*size - 1);
}

/* --- operations */

static void nvm_finish(PIC32Nvm *s, bool error)
{
    uint32_t con = FIELD_DP32(nvm_con(s), NVMCON, WR, 0);

    if (error) {
        con = FIELD_DP32(con, NVMCON, WRERR, 1);
    }
    pic32_sfr_set(&s->regs, A_NVMCON, con);
    qemu_irq_pulse(s->irq);
}

static void nvm_erase(uint32_t address, uint32_t size)
{
    g_autofree uint8_t *erased = g_malloc(PAGE_SIZE);

    memset(erased, 0xff, PAGE_SIZE);
    for (; size; size -= PAGE_SIZE, address += PAGE_SIZE) {
        address_space_write_rom(&address_space_memory, address,
                                MEMTXATTRS_UNSPECIFIED, erased, PAGE_SIZE);
    }
}

static void nvm_program(PIC32Nvm *s, uint32_t address, uint32_t size)
{
    g_autofree uint8_t *cells = g_malloc(size);
    bool used = false;
    uint32_t i;

    address_space_read(&address_space_memory, address, MEMTXATTRS_UNSPECIFIED,
                       cells, size);
    for (i = 0; i < size; i++) {
        used |= cells[i] != 0xff;
        cells[i] &= s->row[i];
    }
    if (used) {
        nvm_complain(s, "programs flash that is not erased: the result is the"
                     " AND of both, on the chip an ECC error");
    }
    address_space_write_rom(&address_space_memory, address,
                            MEMTXATTRS_UNSPECIFIED, cells, size);
}

static void nvm_operation_ended(void *opaque)
{
    PIC32Nvm *s = opaque;
    uint32_t size;
    uint32_t address = nvm_target(s, &size);

    if (FIELD_EX32(nvm_con(s), NVMCON, NVMOP) >= OP_PAGE_ERASE) {
        nvm_erase(address, size);
    } else {
        nvm_program(s, address, size);
    }
    nvm_finish(s, false);
}

/* Fetches what a program operation writes. False: NVMSRCADDR is no RAM. */
static bool nvm_load_row(PIC32Nvm *s, unsigned op)
{
    static const hwaddr data[] = { A_NVMDATA0, A_NVMDATA1, A_NVMDATA2,
                                   A_NVMDATA3 };
    uint32_t source = pic32_sfr_get(&s->regs, A_NVMSRCADDR);
    unsigned i;

    if (op == OP_ROW) {
        return pic32_bus_rw("flash controller", source, source,
                            MEMTXATTRS_UNSPECIFIED, s->row, ROW_SIZE, false);
    }
    for (i = 0; i < ARRAY_SIZE(data); i++) {
        stl_le_p(s->row + 4 * i, pic32_sfr_get(&s->regs, data[i]));
    }
    return true;
}

/* NVMCON.WR has been set, by the book. */
static void nvm_start(PIC32Nvm *s)
{
    unsigned op = FIELD_EX32(nvm_con(s), NVMCON, NVMOP);
    uint32_t size;
    uint32_t address = nvm_target(s, &size);

    if (op == OP_NOP) {
        /* the one way to clear the error bits */
        pic32_sfr_set(&s->regs, A_NVMCON, nvm_con(s) &
                      ~(R_NVMCON_WRERR_MASK | R_NVMCON_LVDERR_MASK));
        nvm_finish(s, false);
    } else if (op >= OP_COUNT) {
        nvm_complain(s, "NVMOP is reserved");
        nvm_finish(s, false);
    } else if (op == OP_WORD && s->cfg &&
               !extract32(pic32_cfg_devcfg(s->cfg, 0), 8, 2)) {
        /* DS60001320 register 5-1: no operation with FECCCON = 00 */
        nvm_complain(s, "word programming does nothing while ECC is always on"
                     " (DEVCFG0.FECCCON = 00)");
        nvm_finish(s, false);
    } else if (!nvm_is_flash(s, address)) {
        nvm_complain(s, "NVMADDR is no flash address");
        nvm_finish(s, true);
    } else if (nvm_protected(s, address)) {
        nvm_complain(s, "the page is write-protected (NVMPWP, NVMBWP)");
        nvm_finish(s, true);
    } else if (op < OP_PAGE_ERASE && !nvm_load_row(s, op)) {
        nvm_complain(s, "nothing to read at NVMSRCADDR");
        nvm_finish(s, true);
    } else {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  (int64_t)op_frc_cycles[op] * FRC_CYCLE_NS);
    }
}

/* --- registers */

static void nvm_write_con(PIC32Nvm *s, uint32_t old, uint32_t value)
{
    uint32_t lock = FIELD_EX32(pic32_sfr_get(&s->regs, A_NVMCON2), NVMCON2,
                               SWAPLOCK);
    bool start = value & R_NVMCON_WR_MASK;

    if (old & R_NVMCON_WREN_MASK) {
        if ((old ^ value) & R_NVMCON_NVMOP_MASK) {
            nvm_complain(s, "NVMOP cannot change while WREN is set");
        }
        value = FIELD_DP32(value, NVMCON, NVMOP,
                           FIELD_EX32(old, NVMCON, NVMOP));
    }
    if ((old ^ value) & SWAP_MASK) {
        /* SWAPLOCK = 1x: the swap bits are locked */
        if (s->key != KEY_OPEN || (old & R_NVMCON_WREN_MASK) || lock >= 2) {
            nvm_complain(s, "PFSWAP and BFSWAP need the key, WREN clear and"
                         " SWAPLOCK open");
            value = (value & ~SWAP_MASK) | (old & SWAP_MASK);
        }
    }
    if (start && (s->key != KEY_OPEN || !(old & R_NVMCON_WREN_MASK))) {
        nvm_complain(s, "WR needs WREN and, just before, the NVMKEY sequence");
        start = false;
    }
    pic32_sfr_set(&s->regs, A_NVMCON, FIELD_DP32(value, NVMCON, WR, start));
    nvm_update_swap(s);
    if (start) {
        nvm_start(s);
    }
}

/* NVMPWP, NVMBWP: a field is writable with the key, until its lock is shut. */
static uint32_t nvm_lockable(PIC32Nvm *s, uint32_t old, uint32_t value,
                             uint32_t lock, uint32_t field)
{
    uint32_t mask = lock | field;

    if ((old ^ value) & mask) {
        if (s->key != KEY_OPEN || !(old & lock)) {
            nvm_complain(s, "write protection is locked, or lacks the NVMKEY"
                         " sequence");
            return (value & ~mask) | (old & mask);
        }
    }
    return value;
}

static void nvm_write_key(PIC32Nvm *s, uint32_t value)
{
    pic32_sfr_set(&s->regs, A_NVMKEY, 0);
    if (value == 0xaa996655) {
        s->key = KEY_HALF;
    } else if (value == 0x556699aa && s->key == KEY_HALF) {
        s->key = KEY_OPEN;
    } else {
        s->key = KEY_LOCKED;
    }
}

static void nvm_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Nvm *s = opaque;

    if (offset == A_NVMKEY) {
        nvm_write_key(s, value);
        return;
    }
    if (timer_pending(s->timer)) {
        nvm_complain(s, "register written while WR is set");
        value = old;
        pic32_sfr_set(&s->regs, offset, value);
    } else if (offset == A_NVMCON) {
        nvm_write_con(s, old, value);
    } else if (offset == A_NVMPWP) {
        value = nvm_lockable(s, old, value, R_NVMPWP_PWPULOCK_MASK,
                             R_NVMPWP_PWP_MASK);
        pic32_sfr_set(&s->regs, offset, value);
    } else if (offset == A_NVMBWP) {
        value = nvm_lockable(s, old, value, R_NVMBWP_LBWPULOCK_MASK,
                             R_NVMBWP_LBWP_MASK);
        value = nvm_lockable(s, old, value, R_NVMBWP_UBWPULOCK_MASK,
                             R_NVMBWP_UBWP_MASK);
        pic32_sfr_set(&s->regs, offset, value);
    } else if (offset == A_NVMCON2 &&
               FIELD_EX32(old, NVMCON2, SWAPLOCK) == 3) {
        /* SWAPLOCK = 11: itself locked too, until a reset */
        pic32_sfr_set(&s->regs, offset, value | R_NVMCON2_SWAPLOCK_MASK);
    }
    s->key = KEY_LOCKED;
}

static const PIC32SfrDef nvm_defs[] = {
    {
        "NVMCON", A_NVMCON,
        .writable = R_NVMCON_NVMOP_MASK | SWAP_MASK | R_NVMCON_WREN_MASK |
                    R_NVMCON_WR_MASK,
    },
    { "NVMKEY", A_NVMKEY, .writable = 0xffffffff, .plain = true },
    { "NVMADDR", A_NVMADDR, .writable = 0xffffffff },
    { "NVMDATA0", A_NVMDATA0, .writable = 0xffffffff },
    { "NVMDATA1", A_NVMDATA1, .writable = 0xffffffff },
    { "NVMDATA2", A_NVMDATA2, .writable = 0xffffffff },
    { "NVMDATA3", A_NVMDATA3, .writable = 0xffffffff },
    { "NVMSRCADDR", A_NVMSRCADDR, .writable = 0xffffffff },
    {
        "NVMPWP", A_NVMPWP, .reset = R_NVMPWP_PWPULOCK_MASK,
        .writable = R_NVMPWP_PWPULOCK_MASK | R_NVMPWP_PWP_MASK,
    },
    {
        "NVMBWP", A_NVMBWP, .reset = 0x9fdf,
        .writable = R_NVMBWP_LBWPULOCK_MASK | R_NVMBWP_LBWP_MASK |
                    R_NVMBWP_UBWPULOCK_MASK | R_NVMBWP_UBWP_MASK,
    },
    { "NVMCON2", A_NVMCON2, .writable = 0xf01fb3c0 },
};

static const PIC32SfrOps nvm_ops = {
    .write = nvm_write,
};

static void nvm_reset_enter(Object *obj, ResetType type)
{
    PIC32Nvm *s = PIC32_NVM(obj);

    if (timer_pending(s->timer)) {
        nvm_complain(s, "reset during an operation");
        timer_del(s->timer);
    }
    s->key = KEY_LOCKED;
    pic32_sfr_reset(&s->regs);
    pic32_sfr_set(&s->regs, A_NVMCON,
                  FIELD_DP32(0, NVMCON, BFSWAP, s->boot_swap));
}

static void nvm_reset_hold(Object *obj)
{
    nvm_update_swap(PIC32_NVM(obj));
}

static void nvm_init(Object *obj)
{
    PIC32Nvm *s = PIC32_NVM(obj);

    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_NVM, MMIO_SIZE, nvm_defs,
                   ARRAY_SIZE(nvm_defs), &nvm_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->pfswap, "pfswap", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->bfswap, "bfswap", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, nvm_operation_ended, s);
}

static int nvm_post_load(void *opaque, int version_id)
{
    nvm_update_swap(opaque);
    return 0;
}

static const VMStateDescription vmstate_nvm = {
    .name = TYPE_PIC32_NVM,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = nvm_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Nvm),
        VMSTATE_BOOL(boot_swap, PIC32Nvm),
        VMSTATE_UINT8(key, PIC32Nvm),
        VMSTATE_TIMER_PTR(timer, PIC32Nvm),
        VMSTATE_UINT8_ARRAY(row, PIC32Nvm, ROW_SIZE),
        VMSTATE_END_OF_LIST()
    }
};

static Property nvm_properties[] = {
    DEFINE_PROP_UINT32("flash-size", PIC32Nvm, flash_size, 2 * MiB),
    DEFINE_PROP_LINK("cfg", PIC32Nvm, cfg, TYPE_PIC32_CFG, PIC32Cfg *),
    DEFINE_PROP_END_OF_LIST(),
};

static void nvm_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_nvm;
    dc->desc = "PIC32MZ flash controller";
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    rc->phases.enter = nvm_reset_enter;
    rc->phases.hold = nvm_reset_hold;
    device_class_set_props(dc, nvm_properties);
}

static const TypeInfo nvm_types[] = {
    {
        .name = TYPE_PIC32_NVM,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Nvm),
        .instance_init = nvm_init,
        .class_init = nvm_class_init,
    },
};

DEFINE_TYPES(nvm_types)
