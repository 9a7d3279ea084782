/*
 * The wire: raw Ethernet frames in newline-delimited JSON on a chardev
 *
 * Frames for the host that it does not read wait in memory, up to a limit; the
 * machine does not stand still for them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qmp/qbool.h"
#include "qapi/qmp/qjson.h"
#include "hw/qdev-core.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "pic32mz_eth.h"
#include "pic32mz_frame.h"
#include "pic32mz_inputs.h"
#include "pic32mz_lines.h"
#include "pic32mz_outbox.h"
#include "pic32mz_panel.h"
#include "pic32mz_wire.h"

#define LINE_MAX_BYTES      (2 * PIC32_FRAME_MAX + 1024)
#define OUTBOX_BYTES        (32 * 1024 * 1024)
#define WAITING_MAX_BYTES   (64 * 1024 * 1024)

struct PIC32Wire {
    DeviceState parent_obj;

    CharBackend chr;
    PIC32Inputs *inputs;
    PIC32Eth *eth;
    PIC32Panel *panel;
    NetClientState *nc;

    bool stop_on_frame;

    PIC32Lines lines;           /* from the host */
    PIC32Outbox outbox;         /* to the host */
    uint32_t lost;              /* lines that the outbox could not take */
};

/* --- to the host */

static void wire_say_line(PIC32Wire *s, QDict *dict)
{
    GString *json;

    qdict_put_int(dict, "t", qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    json = qobject_to_json(QOBJECT(dict));
    g_string_append_c(json, '\n');
    if (!pic32_outbox_send(&s->outbox, json->str, json->len)) {
        s->lost++;
    }
    g_string_free(json, true);
    qobject_unref(dict);
}

static void wire_say(PIC32Wire *s, QDict *dict)
{
    if (s->lost && pic32_outbox_is_empty(&s->outbox)) {
        QDict *error = qdict_new();
        g_autofree char *text = g_strdup_printf(
            "%u lines lost here: the wire was not read", s->lost);

        s->lost = 0;
        qdict_put_str(error, "error", text);
        wire_say_line(s, error);
    }
    wire_say_line(s, dict);
}

static void G_GNUC_PRINTF(2, 3) wire_error(PIC32Wire *s, const char *format,
                                           ...)
{
    g_autofree char *text = NULL;
    QDict *dict = qdict_new();
    va_list ap;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    qdict_put_str(dict, "error", text);
    wire_say(s, dict);
}

static ssize_t wire_nc_receive(NetClientState *nc, const uint8_t *data,
                               size_t size)
{
    static const char digits[] = "0123456789abcdef";
    PIC32Wire *s = *(PIC32Wire **)(nc + 1);
    g_autofree char *hex = g_malloc(2 * size + 1);
    QDict *dict = qdict_new();
    size_t i;

    for (i = 0; i < size; i++) {
        hex[2 * i] = digits[data[i] >> 4];
        hex[2 * i + 1] = digits[data[i] & 15];
    }
    hex[2 * size] = 0;
    qdict_put_str(dict, "frame", hex);
    wire_say(s, dict);
    if (s->stop_on_frame && s->panel) {
        pic32_panel_stop(s->panel, true);
    }
    return size;
}

/* QEMU announces a NIC after a migration: no frame of the board's. */
static ssize_t wire_nc_receive_raw(NetClientState *nc, const uint8_t *data,
                                   size_t size)
{
    return size;
}

static NetClientInfo wire_net_info = {
    .type = NET_CLIENT_DRIVER_SOCKET,
    .size = sizeof(NetClientState) + sizeof(PIC32Wire *),
    .receive = wire_nc_receive,
    .receive_raw = wire_nc_receive_raw,
};

/* --- from the host */

/* Hex digits to bytes; NULL unless there are min to max whole bytes. */
static GByteArray *wire_parse_hex(const char *hex, size_t min, size_t max)
{
    size_t digits = strlen(hex);
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new(digits / 2);
    size_t i;

    if (digits % 2 || digits / 2 < min || digits / 2 > max) {
        return NULL;
    }
    for (i = 0; i < digits; i += 2) {
        int high = g_ascii_xdigit_value(hex[i]);
        int low = g_ascii_xdigit_value(hex[i + 1]);
        uint8_t byte = high << 4 | low;

        if (high < 0 || low < 0) {
            return NULL;
        }
        g_byte_array_append(bytes, &byte, 1);
    }
    return g_steal_pointer(&bytes);
}

/* The frame of a line; NULL and an error if it makes no sense. */
static PIC32Frame *wire_parse_frame(const QDict *dict, Error **errp)
{
    const char *hex = qdict_get_try_str(dict, "frame");
    const char *fcs_hex = qdict_get_try_str(dict, "fcs");
    g_autoptr(GByteArray) data = NULL;
    g_autoptr(GByteArray) fcs = NULL;
    PIC32Frame *frame;

    data = hex ? wire_parse_hex(hex, 1, PIC32_FRAME_MAX) : NULL;
    if (!data) {
        error_setg(errp, "\"frame\" must be 1 to %d bytes in hex",
                   PIC32_FRAME_MAX);
        return NULL;
    }
    if (qdict_haskey(dict, "fcs")) {
        fcs = fcs_hex ? wire_parse_hex(fcs_hex, PIC32_FCS_LEN, PIC32_FCS_LEN)
                      : NULL;
        if (!fcs) {
            error_setg(errp, "\"fcs\" must be %d bytes in hex",
                       PIC32_FCS_LEN);
            return NULL;
        }
    }
    frame = pic32_frame_new(data->data, data->len,
                            PIC32_FRAME_MIN + PIC32_FCS_LEN);
    if (fcs) {
        memcpy(frame->data + frame->len, fcs->data, PIC32_FCS_LEN);
        frame->len += PIC32_FCS_LEN;
        frame->has_fcs = true;
    } else {
        frame->len = MAX(frame->len, PIC32_FRAME_MIN);
        pic32_frame_add_fcs(frame);
    }
    return frame;
}

static void wire_take_frame(PIC32Wire *s, QDict *dict)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t at = qdict_get_try_int(dict, "at", qdict_haskey(dict, "at")
                                   ? -1 : now);
    Error *err = NULL;
    GString *json;

    pic32_frame_free(wire_parse_frame(dict, &err));
    if (err) {
        wire_error(s, "%s", error_get_pretty(err));
        error_free(err);
        return;
    }
    if (at < now) {
        wire_error(s, "\"at\" must be a time in ns from %" PRId64 " on", now);
        return;
    }
    if (pic32_inputs_waiting(s->inputs, PIC32_INPUT_WIRE) >
        WAITING_MAX_BYTES) {
        wire_error(s, "%d bytes of frames are waiting: this one is dropped",
                   WAITING_MAX_BYTES);
        return;
    }
    if (pic32_inputs_play(s->inputs)) {
        wire_error(s, "this machine plays a recording: nobody else can be on "
                   "its wire");
        return;
    }
    qdict_del(dict, "at");
    json = qobject_to_json(QOBJECT(dict));
    pic32_inputs_add(s->inputs, PIC32_INPUT_WIRE, at, json->str, json->len);
    g_string_free(json, true);
}

/* A frame begins to arrive. */
static void wire_take_input(void *opaque, const PIC32Input *input)
{
    PIC32Wire *s = opaque;
    g_autofree char *json = g_strndup((char *)input->data, input->len);
    PIC32Frame *frame = NULL;
    Error *err = NULL;
    QObject *object = qobject_from_json(json, &err);

    if (!err) {
        frame = wire_parse_frame(qobject_to(QDict, object), &err);
    }
    qobject_unref(object);
    if (err) {      /* of a recording that was changed */
        wire_error(s, "%s", error_get_pretty(err));
        error_free(err);
    } else {
        pic32_eth_cable_send(s->eth, frame);
    }
}

static bool wire_keys_known(const QDict *dict, const char **unknown)
{
    static const char *const known[] = { "frame", "fcs", "at",
                                         "stop-on-frame" };
    const QDictEntry *entry;
    unsigned i;

    for (entry = qdict_first(dict); entry; entry = qdict_next(dict, entry)) {
        for (i = 0; i < ARRAY_SIZE(known); i++) {
            if (!strcmp(qdict_entry_key(entry), known[i])) {
                break;
            }
        }
        if (i == ARRAY_SIZE(known)) {
            *unknown = qdict_entry_key(entry);
            return false;
        }
    }
    return true;
}

static void wire_take_line(void *opaque, QDict *line)
{
    PIC32Wire *s = opaque;
    const char *unknown;

    if (s->panel && qdict_haskey(line, "run")) {
        pic32_panel_take_run(s->panel, line);
    } else if (!wire_keys_known(line, &unknown)) {
        wire_error(s, "unknown key \"%s\"", unknown);
    } else if (qdict_haskey(line, "frame")) {
        wire_take_frame(s, line);
    } else if (qobject_to(QBool, qdict_get(line, "stop-on-frame"))) {
        s->stop_on_frame = qdict_get_bool(line, "stop-on-frame");
    } else {
        wire_error(s, "neither \"frame\" nor \"stop-on-frame\" with true or "
                   "false");
    }
}

static void wire_complain(void *opaque, const char *error)
{
    wire_error(opaque, "%s", error);
}

static int wire_chr_can_receive(void *opaque)
{
    return 4096;
}

static void wire_chr_receive(void *opaque, const uint8_t *data, int size)
{
    PIC32Wire *s = opaque;

    pic32_lines_receive(&s->lines, data, size);
}

static void wire_chr_event(void *opaque, QEMUChrEvent event)
{
    PIC32Wire *s = opaque;

    if (event == CHR_EVENT_OPENED || event == CHR_EVENT_CLOSED) {
        pic32_lines_clear(&s->lines);
        pic32_outbox_clear(&s->outbox);
    }
}

/* --- the device */

static void wire_realize(DeviceState *dev, Error **errp)
{
    PIC32Wire *s = PIC32_WIRE(dev);

    if (!s->eth) {
        error_setg(errp, "the wire needs an Ethernet controller");
        return;
    }
    if (pic32_eth_net_client(s->eth)->peer) {
        error_setg(errp, "the NIC has a netdev: it cannot also be on the "
                   "wire");
        return;
    }
    pic32_lines_init(&s->lines, LINE_MAX_BYTES, wire_take_line, wire_complain,
                     s);
    pic32_outbox_init(&s->outbox, &s->chr, OUTBOX_BYTES);
    s->nc = qemu_new_net_client(&wire_net_info, pic32_eth_net_client(s->eth),
                                TYPE_PIC32_WIRE, "wire");
    *(PIC32Wire **)(s->nc + 1) = s;
    pic32_eth_set_link(s->eth, true);
    pic32_inputs_connect(s->inputs, PIC32_INPUT_WIRE, wire_take_input, s);
    qemu_chr_fe_set_handlers(&s->chr, wire_chr_can_receive, wire_chr_receive,
                             wire_chr_event, NULL, s, NULL, true);
}

static void wire_unrealize(DeviceState *dev)
{
    PIC32Wire *s = PIC32_WIRE(dev);

    pic32_outbox_finalize(&s->outbox);
    qemu_chr_fe_deinit(&s->chr, false);
    qemu_del_net_client(s->nc);
    pic32_lines_finalize(&s->lines);
}

static const VMStateDescription vmstate_wire = {
    .name = TYPE_PIC32_WIRE,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_BOOL(stop_on_frame, PIC32Wire),
        VMSTATE_END_OF_LIST()
    }
};

static Property wire_properties[] = {
    DEFINE_PROP_CHR("chardev", PIC32Wire, chr),
    DEFINE_PROP_LINK("inputs", PIC32Wire, inputs, TYPE_PIC32_INPUTS,
                     PIC32Inputs *),
    DEFINE_PROP_LINK("eth", PIC32Wire, eth, TYPE_PIC32_ETH, PIC32Eth *),
    DEFINE_PROP_LINK("panel", PIC32Wire, panel, TYPE_PIC32_PANEL,
                     PIC32Panel *),
    DEFINE_PROP_END_OF_LIST(),
};

static void wire_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "Raw Ethernet frames on a chardev";
    dc->realize = wire_realize;
    dc->unrealize = wire_unrealize;
    dc->vmsd = &vmstate_wire;
    device_class_set_props(dc, wire_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static const TypeInfo wire_types[] = {
    {
        .name = TYPE_PIC32_WIRE,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PIC32Wire),
        .class_init = wire_class_init,
    },
};

DEFINE_TYPES(wire_types)
