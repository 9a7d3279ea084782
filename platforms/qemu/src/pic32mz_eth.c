/*
 * PIC32MZ Ethernet controller
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 30 and DS60001155 (PIC32
 * Family Reference Manual, section 35): descriptor DMA both ways, receive
 * filters, statistics, flow control, the MAC and MII management.
 *
 * A frame holds the cable for its length, FCS, preamble and gap, 20 bytes
 * more, in virtual time, at the speed of the MAC (sending) or the PHY
 * (receiving). When the two differ nothing gets through.
 *
 * Left out: half duplex (collisions, deferral, back-pressure: a half duplex
 * link is as good as a full duplex one), IPGT and IPGR (the gap is always 12
 * bytes), preamble options, DELAYCRC, alignment errors, the MAC's own test
 * registers, SIDL. ETHSTAT.RXBUSY shows a frame on the cable, not DMA, which
 * takes no time.
 * Where the manual is silent: the receive FIFO holds 4 KiB, a starved receiver
 * fetches its descriptor again by itself after 10 us, later after up to 1 ms,
 * and SOFTRESET gives the MAC's registers but MII management and the station
 * address their reset values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_eth_internal.h"

#define MMIO_SIZE 0x400

/* Bits of ETHIRQ that software sets and clears; the others are conditions. */
#define IRQ_EVENTS (R_ETHIRQ_RXOVFLW_MASK | R_ETHIRQ_RXBUFNA_MASK | \
                    R_ETHIRQ_TXABORT_MASK | R_ETHIRQ_TXDONE_MASK | \
                    R_ETHIRQ_RXACT_MASK | R_ETHIRQ_RXDONE_MASK | \
                    R_ETHIRQ_RXBUSE_MASK | R_ETHIRQ_TXBUSE_MASK)
#define IRQ_ALL (IRQ_EVENTS | R_ETHIRQ_PKTPEND_MASK | \
                 R_ETHIRQ_FWMARK_MASK | R_ETHIRQ_EWMARK_MASK)

static const PIC32SfrDef eth_defs[] = {
    { "ETHCON1", A_ETHCON1, 0, 0xffffa391, false },
    { "ETHCON2", A_ETHCON2, 0, R_ETHCON2_RXBUF_SZ_MASK, false },
    { "ETHTXST", A_ETHTXST, 0, 0xfffffffc, false },
    { "ETHRXST", A_ETHRXST, 0, 0xfffffffc, false },
    { "ETHHT0", A_ETHHT0, 0, 0xffffffff, false },
    { "ETHHT1", A_ETHHT1, 0, 0xffffffff, false },
    { "ETHPMM0", A_ETHPMM0, 0, 0xffffffff, false },
    { "ETHPMM1", A_ETHPMM1, 0, 0xffffffff, false },
    { "ETHPMCS", A_ETHPMCS, 0, 0xffff, false },
    { "ETHPMO", A_ETHPMO, 0, 0xffff, false },
    { "ETHRXFC", A_ETHRXFC, 0, 0xdfff, false },
    { "ETHRXWM", A_ETHRXWM, 0, 0x00ff00ff, false },
    { "ETHIEN", A_ETHIEN, 0, IRQ_ALL, false },
    { "ETHIRQ", A_ETHIRQ, 0, IRQ_EVENTS, false },
    { "ETHSTAT", A_ETHSTAT, 0, 0, false },
    { "ETHRXOVFLOW", A_ETHRXOVFLOW, 0, 0xffff, false },
    { "ETHFRMTXOK", A_ETHFRMTXOK, 0, 0xffff, false },
    { "ETHSCOLFRM", A_ETHSCOLFRM, 0, 0xffff, false },
    { "ETHMCOLFRM", A_ETHMCOLFRM, 0, 0xffff, false },
    { "ETHFRMRXOK", A_ETHFRMRXOK, 0, 0xffff, false },
    { "ETHFCSERR", A_ETHFCSERR, 0, 0xffff, false },
    { "ETHALGNERR", A_ETHALGNERR, 0, 0xffff, false },
    { "EMAC1CFG1", A_EMAC1CFG1, 0x800d, 0xcf1f, false },
    { "EMAC1CFG2", A_EMAC1CFG2, 0x4082, 0x73ff, false },
    { "EMAC1IPGT", A_EMAC1IPGT, 0x0012, 0x7f, false },
    { "EMAC1IPGR", A_EMAC1IPGR, 0x0c12, 0x7f7f, false },
    { "EMAC1CLRT", A_EMAC1CLRT, 0x370f, 0x3f0f, false },
    { "EMAC1MAXF", A_EMAC1MAXF, 0x05ee, 0xffff, false },
    { "EMAC1SUPP", A_EMAC1SUPP, 0x1000, 0x0900, false },
    { "EMAC1TEST", A_EMAC1TEST, 0, 0x7, false },
    { "EMAC1MCFG", A_EMAC1MCFG, 0x0020, 0x803f, false },
    { "EMAC1MCMD", A_EMAC1MCMD, 0, 0x3, false },
    { "EMAC1MADR", A_EMAC1MADR, 0x0100, 0x1f1f, false },
    { "EMAC1MWTD", A_EMAC1MWTD, 0, 0xffff, false },
    { "EMAC1MRDD", A_EMAC1MRDD, 0, 0, false },
    { "EMAC1MIND", A_EMAC1MIND, 0, 0, false },
    { "EMAC1SA0", A_EMAC1SA0, 0, 0xffff, false },
    { "EMAC1SA1", A_EMAC1SA1, 0, 0xffff, false },
    { "EMAC1SA2", A_EMAC1SA2, 0, 0xffff, false },
};

/* --- what every part needs */

void pic32_eth_station_address(const PIC32Eth *s, uint8_t address[6])
{
    stw_le_p(address, pic32_eth_reg(s, A_EMAC1SA2));
    stw_le_p(address + 2, pic32_eth_reg(s, A_EMAC1SA1));
    stw_le_p(address + 4, pic32_eth_reg(s, A_EMAC1SA0));
}

void pic32_eth_update_irq(PIC32Eth *s)
{
    uint32_t irq = FIELD_DP32(pic32_eth_reg(s, A_ETHIRQ), ETHIRQ, PKTPEND,
                              s->bufcnt != 0);

    pic32_sfr_set(&s->regs, A_ETHIRQ, irq);
    qemu_set_irq(s->irq, (irq & pic32_eth_reg(s, A_ETHIEN)) != 0);
}

void pic32_eth_raise(PIC32Eth *s, uint32_t irqs)
{
    pic32_sfr_set(&s->regs, A_ETHIRQ, pic32_eth_reg(s, A_ETHIRQ) | irqs);
    pic32_eth_update_irq(s);
}

void pic32_eth_count(PIC32Eth *s, hwaddr counter)
{
    pic32_sfr_set(&s->regs, counter,
                  (pic32_eth_reg(s, counter) + 1) & 0xffff);
}

bool pic32_eth_is_broadcast(const uint8_t *data)
{
    return (data[0] & data[1] & data[2] & data[3] & data[4] & data[5]) == 0xff;
}

bool pic32_eth_is_vlan(const uint8_t *data, uint32_t len)
{
    return len >= 14 && lduw_be_p(data + 12) == 0x8100;
}

uint32_t pic32_eth_frame_status(const uint8_t *data, uint32_t len)
{
    uint32_t status = 0;
    uint32_t type;

    if (len < 14) {
        return 0;
    }
    if (pic32_eth_is_broadcast(data)) {
        status |= R_ED_STATUS2_BROADCAST_MASK;
    } else if (data[0] & 1) {
        status |= R_ED_STATUS2_MULTICAST_MASK;
    }
    type = lduw_be_p(data + 12);
    if (type > 1500) {
        status |= R_ED_STATUS2_LENGTH_RANGE_MASK;
    } else if (type > len - 14 || (type < len - 14 && len > PIC32_FRAME_MIN)) {
        status |= R_ED_STATUS2_LENGTH_ERROR_MASK;
    }
    return status;
}

/* --- descriptors; memory, not registers, takes what DMA writes */

static const MemTxAttrs dma_write_attrs = { .memory = 1 };

bool pic32_eth_read_ed(uint32_t address, uint32_t *words, uint32_t *next)
{
    unsigned i;

    if (!pic32_bus_rw("Ethernet", address, address, MEMTXATTRS_UNSPECIFIED,
                      words, ED_WORDS_MIN * 4, false)) {
        return false;
    }
    *next = address + ED_WORDS_MIN * 4;
    for (i = 0; i < ED_WORDS_MIN; i++) {
        words[i] = le32_to_cpu(words[i]);
    }
    if (FIELD_EX32(words[0], ED_HEADER, NPV)) {
        if (!pic32_bus_rw("Ethernet", address, address + A_ED_NEXT,
                          MEMTXATTRS_UNSPECIFIED, &words[4], 4, false)) {
            return false;
        }
        words[4] = le32_to_cpu(words[4]);
        *next = words[4] & ~3;
    }
    return true;
}

bool pic32_eth_write_bytes(uint32_t address, const uint8_t *data, uint32_t len)
{
    return pic32_bus_rw("Ethernet", address, address, dma_write_attrs,
                        (void *)data, len, true);
}

bool pic32_eth_write_word(uint32_t address, uint32_t value)
{
    uint8_t bytes[4];

    stl_le_p(bytes, value);
    return pic32_eth_write_bytes(address, bytes, sizeof(bytes));
}

/* --- registers */

static uint32_t eth_status(PIC32Eth *s)
{
    bool tx = pic32_eth_tx_busy(s);
    bool rx = pic32_eth_rx_busy(s);
    bool on = FIELD_EX32(pic32_eth_con1(s), ETHCON1, ON);
    uint32_t value = 0;

    value = FIELD_DP32(value, ETHSTAT, RXBUSY, rx);
    value = FIELD_DP32(value, ETHSTAT, TXBUSY, tx);
    value = FIELD_DP32(value, ETHSTAT, BUSY, on || tx || rx);
    return FIELD_DP32(value, ETHSTAT, BUFCNT, s->bufcnt);
}

static uint32_t eth_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Eth *s = opaque;
    uint32_t value = pic32_eth_reg(s, offset);

    if (offset == A_ETHSTAT) {
        return eth_status(s);
    }
    if (offset >= A_ETHRXOVFLOW && offset <= A_ETHALGNERR) {
        pic32_sfr_set(&s->regs, offset, 0);     /* statistics clear when read */
    }
    return value;
}

static void eth_write_con1(PIC32Eth *s, uint32_t old, uint32_t value)
{
    pic32_sfr_set(&s->regs, A_ETHCON1, value & ~R_ETHCON1_BUFCDEC_MASK);
    if (value & R_ETHCON1_BUFCDEC_MASK) {
        pic32_eth_rx_release(s);
    }
    if ((old ^ value) & (R_ETHCON1_ON_MASK | R_ETHCON1_RXEN_MASK)) {
        pic32_eth_rx_control(s);
    }
    pic32_eth_flow_control(s);
    pic32_eth_tx_kick(s);
}

/* The MAC's registers but those of MII management and the station address. */
static void eth_soft_reset(PIC32Eth *s)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(eth_defs); i++) {
        if (eth_defs[i].offset >= A_EMAC1CFG1 &&
            eth_defs[i].offset <= A_EMAC1TEST) {
            pic32_sfr_set(&s->regs, eth_defs[i].offset, eth_defs[i].reset);
        }
    }
    s->tx_paused = 0;
}

static void eth_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Eth *s = opaque;

    switch (offset) {
    case A_ETHCON1:
        eth_write_con1(s, old, value);
        break;
    case A_ETHTXST:
        s->tx_next = value;
        break;
    case A_ETHRXST:
        pic32_eth_rx_start(s);
        break;
    case A_ETHIEN:
    case A_ETHIRQ:
        pic32_eth_update_irq(s);
        break;
    case A_EMAC1CFG1:
        if (value & ~old & R_EMAC1CFG1_SOFTRESET_MASK) {
            eth_soft_reset(s);
        }
        /* fall through */
    case A_EMAC1CFG2:
    case A_EMAC1SUPP:
        pic32_eth_flow_control(s);
        pic32_eth_tx_kick(s);
        break;
    case A_EMAC1MCFG:
    case A_EMAC1MCMD:
    case A_EMAC1MWTD:
        pic32_miim_write(&s->miim, offset, value);
        break;
    }
}

static const PIC32SfrOps eth_ops = {
    .read = eth_read,
    .write = eth_write,
};

/* --- the cable */

static void eth_phy_changed(void *opaque)
{
    PIC32Eth *s = opaque;

    if (!pic32_phy_passes(&s->phy)) {
        pic32_eth_cable_cut(s);
        qemu_flush_queued_packets(qemu_get_queue(s->nic));
    }
}

void pic32_eth_set_link(PIC32Eth *s, bool up)
{
    qemu_get_queue(s->nic)->link_down = !up;
    pic32_phy_set_cable(&s->phy, up);
    if (s->watch.plugged) {
        s->watch.plugged(s->watch.opaque, up);
    }
}

void pic32_eth_watch(PIC32Eth *s, const PIC32CableWatch *watch)
{
    s->watch = *watch;
}

void pic32_eth_seen(PIC32Eth *s, const uint8_t *frame, size_t len,
                    bool to_board)
{
    if (s->watch.frame) {
        s->watch.frame(s->watch.opaque, frame, len, to_board);
    }
}

static void eth_nic_set_link(NetClientState *nc)
{
    PIC32Eth *s = qemu_get_nic_opaque(nc);
    const char *json = nc->link_down ? "{\"link\": \"down\"}"
                                     : "{\"link\": \"up\"}";

    pic32_inputs_add(s->inputs, PIC32_INPUT_LINK, 0, json, strlen(json));
}

static void eth_take_link(void *opaque, const PIC32Input *input)
{
    /* {"link": "up"} or {"link": "down"} */
    pic32_eth_set_link(opaque, g_strstr_len((char *)input->data, input->len,
                                            "\"up\""));
}

void pic32_eth_cable_send(PIC32Eth *s, PIC32Frame *frame)
{
    pic32_path_send(&s->paths[PIC32_PATH_TO_BOARD], frame);
}

static void eth_path_to_board(void *opaque, PIC32Frame *frame)
{
    pic32_eth_cable_receive(opaque, frame);
}

/* Who receives it checks the FCS, and the netdev has none. */
static void eth_path_from_board(void *opaque, PIC32Frame *frame)
{
    PIC32Eth *s = opaque;

    if (pic32_frame_fcs_ok(frame)) {
        qemu_send_packet(qemu_get_queue(s->nic), frame->data,
                         frame->len - PIC32_FCS_LEN);
    }
    pic32_frame_free(frame);
}

void pic32_eth_impair(PIC32Eth *s, const PIC32Impair *impair)
{
    pic32_paths_impair(s->paths, impair);
}

char *pic32_eth_path_counts(PIC32Eth *s)
{
    return pic32_paths_counts(s->paths);
}

static bool eth_nic_can_receive(NetClientState *nc)
{
    return pic32_eth_cable_has_room(qemu_get_nic_opaque(nc));
}

static ssize_t eth_nic_receive(NetClientState *nc, const uint8_t *data,
                               size_t size)
{
    PIC32Eth *s = qemu_get_nic_opaque(nc);

    if (size <= PIC32_FRAME_MAX) {
        if (pic32_phy_passes(&s->phy)) {
            pic32_eth_seen(s, data, size, true);
        }
        pic32_inputs_add(s->inputs, PIC32_INPUT_NET, 0, data, size);
    }
    return size;
}

/* A frame begins to arrive from the netdev. */
static void eth_take_frame(void *opaque, const PIC32Input *input)
{
    PIC32Frame *frame;

    if (input->len > PIC32_FRAME_MAX) {
        return;     /* of a recording that was changed */
    }
    frame = pic32_frame_new(input->data, input->len,
                            PIC32_FRAME_MIN + PIC32_FCS_LEN);
    frame->len = MAX(frame->len, PIC32_FRAME_MIN);
    pic32_frame_add_fcs(frame);
    pic32_eth_cable_send(opaque, frame);
}

static NetClientInfo eth_net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = eth_nic_can_receive,
    .receive = eth_nic_receive,
    .link_status_changed = eth_nic_set_link,
};

NetClientState *pic32_eth_net_client(PIC32Eth *s)
{
    return qemu_get_queue(s->nic);
}

/* --- the device */

static void eth_reset(DeviceState *dev)
{
    PIC32Eth *s = PIC32_ETH(dev);
    const uint8_t *mac = s->conf.macaddr.a;

    pic32_sfr_reset(&s->regs);
    pic32_sfr_set(&s->regs, A_EMAC1SA2, lduw_le_p(mac));
    pic32_sfr_set(&s->regs, A_EMAC1SA1, lduw_le_p(mac + 2));
    pic32_sfr_set(&s->regs, A_EMAC1SA0, lduw_le_p(mac + 4));
    pic32_eth_tx_reset(s);
    pic32_eth_rx_reset(s);
    pic32_miim_reset(&s->miim);
    pic32_phy_reset(&s->phy);
    pic32_eth_update_irq(s);
}

static void eth_init(Object *obj)
{
    PIC32Eth *s = PIC32_ETH(obj);
    DeviceState *dev = DEVICE(obj);

    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_ETH, MMIO_SIZE, eth_defs,
                   ARRAY_SIZE(eth_defs), &eth_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    s->pbclk = qdev_init_clock_in(dev, "pbclk", NULL, NULL, 0);
}

static void eth_realize(DeviceState *dev, Error **errp)
{
    PIC32Eth *s = PIC32_ETH(dev);
    NetClientState *nc;

    if (!pic32_phy_init(&s->phy, s->phy_model, s->phy_address,
                        eth_phy_changed, s, errp)) {
        return;
    }
    pic32_miim_init(&s->miim, &s->regs, &s->phy, s->pbclk);
    pic32_eth_tx_init(s);
    pic32_eth_rx_init(s);
    pic32_path_init(&s->paths[PIC32_PATH_TO_BOARD], eth_path_to_board, s);
    pic32_path_init(&s->paths[PIC32_PATH_FROM_BOARD], eth_path_from_board, s);
    pic32_paths_seed(s->paths, s->path_seed);
    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    s->nic = qemu_new_nic(&eth_net_info, &s->conf, TYPE_PIC32_ETH, dev->id,
                          &dev->mem_reentrancy_guard, s);
    pic32_inputs_connect(s->inputs, PIC32_INPUT_NET, eth_take_frame, s);
    pic32_inputs_connect(s->inputs, PIC32_INPUT_LINK, eth_take_link, s);
    nc = qemu_get_queue(s->nic);
    qemu_format_nic_info_str(nc, s->conf.macaddr.a);
    s->phy.cable = nc->peer != NULL;
    nc->link_down = !s->phy.cable;
}

static int eth_post_load(void *opaque, int version_id)
{
    PIC32Eth *s = opaque;

    qemu_get_queue(s->nic)->link_down = !s->phy.cable;
    return 0;
}

static const VMStateDescription vmstate_eth = {
    .name = TYPE_PIC32_ETH,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = eth_post_load,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Eth),
        VMSTATE_STRUCT(phy, PIC32Eth, 0, vmstate_pic32_phy, PIC32Phy),
        VMSTATE_STRUCT(miim, PIC32Eth, 0, vmstate_pic32_miim, PIC32Miim),
        VMSTATE_UINT8(tx_state, PIC32Eth),
        VMSTATE_BOOL(tx_abort, PIC32Eth),
        VMSTATE_UINT32(tx_next, PIC32Eth),
        VMSTATE_UINT32_ARRAY(tx_eds, PIC32Eth, PIC32_ETH_MAX_TX_EDS),
        VMSTATE_UINT32(tx_ed_count, PIC32Eth),
        VMSTATE_UINT32_ARRAY(tx_status, PIC32Eth, 2),
        VMSTATE_PIC32_FRAME_QUEUE(tx, PIC32Eth),
        VMSTATE_INT64(tx_free, PIC32Eth),
        VMSTATE_INT64(tx_paused, PIC32Eth),
        VMSTATE_TIMER_PTR(tx_timer, PIC32Eth),
        VMSTATE_BOOL(fc_auto, PIC32Eth),
        VMSTATE_BOOL(fc_on, PIC32Eth),
        VMSTATE_BOOL(pause_pending, PIC32Eth),
        VMSTATE_TIMER_PTR(fc_timer, PIC32Eth),
        VMSTATE_PIC32_FRAME_QUEUE(cable, PIC32Eth),
        VMSTATE_INT64(rx_free, PIC32Eth),
        VMSTATE_TIMER_PTR(rx_timer, PIC32Eth),
        VMSTATE_PIC32_FRAME_QUEUE(fifo, PIC32Eth),
        VMSTATE_UINT32(rx_next, PIC32Eth),
        VMSTATE_UINT8(bufcnt, PIC32Eth),
        VMSTATE_BOOL(rx_starved, PIC32Eth),
        VMSTATE_INT64(poll_interval, PIC32Eth),
        VMSTATE_TIMER_PTR(poll_timer, PIC32Eth),
        VMSTATE_STRUCT_ARRAY(paths, PIC32Eth, PIC32_PATH_N_DIRECTIONS, 0,
                             vmstate_pic32_path, PIC32Path),
        VMSTATE_END_OF_LIST()
    }
};

static Property eth_properties[] = {
    DEFINE_NIC_PROPERTIES(PIC32Eth, conf),
    DEFINE_PROP_LINK("inputs", PIC32Eth, inputs, TYPE_PIC32_INPUTS,
                     PIC32Inputs *),
    DEFINE_PROP_UINT64("path-seed", PIC32Eth, path_seed, 0),
    DEFINE_PROP_STRING("phy", PIC32Eth, phy_model),
    DEFINE_PROP_UINT8("phy-address", PIC32Eth, phy_address, 0),
    DEFINE_PROP_UINT16("phy-partner", PIC32Eth, phy.partner, 0x45e1),
    DEFINE_PROP_END_OF_LIST(),
};

static void eth_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "PIC32MZ Ethernet controller";
    dc->realize = eth_realize;
    dc->reset = eth_reset;
    dc->vmsd = &vmstate_eth;
    device_class_set_props(dc, eth_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo eth_types[] = {
    {
        .name = TYPE_PIC32_ETH,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Eth),
        .instance_init = eth_init,
        .class_init = eth_class_init,
    },
};

DEFINE_TYPES(eth_types)
