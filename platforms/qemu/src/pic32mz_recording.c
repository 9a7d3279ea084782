/*
 * The list of a run: what came from outside and when, to be played again
 *
 * With the image, the options and the seed it determines the run, so it is all
 * that a recording needs. What the board sends is not in it, only checksums,
 * by which whoever plays it sees that it is the same run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qstring.h"
#include "pic32mz_recording.h"

#define SUMS_EVERY_NS   (10 * SCALE_MS)
#define FNV_PRIME       0x100000001b3ULL    /* FNV-1a, 64 bits */
#define FNV_BASIS       0xcbf29ce484222325ULL

static const char *const channel_names[PIC32_N_INPUTS] = {
    "uart1", "uart2", "uart3", "uart4", "uart5", "uart6",
    [PIC32_INPUT_PANEL] = "panel",
    [PIC32_INPUT_WIRE] = "wire",
    [PIC32_INPUT_NET] = "net",
    [PIC32_INPUT_LINK] = "link",
};

static bool channel_is_json(PIC32InputChannel channel)
{
    return channel == PIC32_INPUT_PANEL || channel == PIC32_INPUT_WIRE ||
           channel == PIC32_INPUT_LINK;
}

PIC32Input *pic32_input_new(int64_t time, PIC32InputChannel channel,
                            const void *data, size_t len)
{
    PIC32Input *input = g_new0(PIC32Input, 1);

    input->time = time;
    input->channel = channel;
    input->len = len;
    input->data = g_malloc(MAX(len, 1));
    memcpy(input->data, data, len);
    return input;
}

void pic32_input_free(PIC32Input *input)
{
    if (input) {
        g_free(input->data);
        g_free(input);
    }
}

/* --- writing */

static void recording_write(PIC32Recording *r, const char *line)
{
    ssize_t len = strlen(line);

    if (r->fd < 0 || qemu_write_full(r->fd, line, len) == len) {
        return;
    }
    error_report("the recording ends here, it cannot be written: %s",
                 strerror(errno));
    close(r->fd);
    r->fd = -1;
}

/* Time goes on: what was sent in the ten milliseconds before is summed up. */
static void recording_go_on(PIC32Recording *r, int64_t time)
{
    g_autofree char *sums = NULL;
    g_autofree char *line = NULL;

    if (r->last_output < 0 ||
        time / SUMS_EVERY_NS == r->last_output / SUMS_EVERY_NS) {
        return;
    }
    sums = pic32_recording_sums(r);
    line = g_strdup_printf("{\"t\":%" PRId64 ",\"sums\":%s}\n",
                           r->last_output, sums);
    recording_write(r, line);
    r->last_output = -1;
}

void pic32_recording_input(PIC32Recording *r, const PIC32Input *input)
{
    static const char digits[] = "0123456789abcdef";
    g_autoptr(GString) line = NULL;
    uint32_t i;

    if (pic32_recording_next(r) == input) {
        r->position++;
    }
    recording_go_on(r, input->time);
    if (r->fd < 0) {
        return;
    }
    line = g_string_new(NULL);
    g_string_printf(line, "{\"t\":%" PRId64 ",\"channel\":\"%s\",\"data\":",
                    input->time, channel_names[input->channel]);
    if (channel_is_json(input->channel)) {
        g_string_append_len(line, (char *)input->data, input->len);
    } else {
        g_string_append_c(line, '"');
        for (i = 0; i < input->len; i++) {
            g_string_append_c(line, digits[input->data[i] >> 4]);
            g_string_append_c(line, digits[input->data[i] & 15]);
        }
        g_string_append_c(line, '"');
    }
    g_string_append(line, "}\n");
    recording_write(r, line->str);
}

void pic32_recording_lost(PIC32Recording *r, int64_t time, const char *what)
{
    g_autofree char *line = g_strdup_printf(
        "{\"t\":%" PRId64 ",\"lost\":\"%s\"}\n", time, what);

    recording_write(r, line);
}

/* --- what the board sends */

static uint64_t fnv(uint64_t sum, const uint8_t *data, size_t len)
{
    while (len--) {
        sum = (sum ^ *data++) * FNV_PRIME;
    }
    return sum;
}

void pic32_recording_output(PIC32Recording *r, PIC32Output output,
                            int64_t time, const void *data, size_t len)
{
    uint8_t stamp[8];

    recording_go_on(r, time);
    stq_le_p(stamp, time);
    r->sums[output] = fnv(fnv(r->sums[output], stamp, sizeof(stamp)),
                          data, len);
    r->last_output = time;
}

char *pic32_recording_sums(const PIC32Recording *r)
{
    return g_strdup_printf("{\"uart\":\"%016" PRIx64 "\",\"panel\":\"%016"
                           PRIx64 "\",\"frames\":\"%016" PRIx64 "\"}",
                           r->sums[PIC32_OUTPUT_UART],
                           r->sums[PIC32_OUTPUT_PANEL],
                           r->sums[PIC32_OUTPUT_FRAMES]);
}

/* --- reading */

static bool recording_parse_hex(const char *hex, GByteArray *bytes)
{
    for (; hex[0]; hex += 2) {
        int high = g_ascii_xdigit_value(hex[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(hex[1]);
        uint8_t byte = high << 4 | low;

        if (low < 0) {
            return false;
        }
        g_byte_array_append(bytes, &byte, 1);
    }
    return true;
}

/* An input of the list; NULL without an error: another kind of line. */
static PIC32Input *recording_parse(const QDict *line, Error **errp)
{
    const char *name = qdict_get_try_str(line, "channel");
    const char *hex = qdict_get_try_str(line, "data");
    int64_t time = qdict_get_try_int(line, "t", -1);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    unsigned channel = 0;

    if (time < 0) {
        error_setg(errp, "\"t\" is a virtual time in ns");
        return NULL;
    }
    if (!qdict_haskey(line, "channel")) {
        return NULL;
    }
    while (channel < PIC32_N_INPUTS &&
           g_strcmp0(name, channel_names[channel])) {
        channel++;
    }
    if (channel == PIC32_N_INPUTS) {
        error_setg(errp, "\"channel\" is none of this machine's");
        return NULL;
    }
    if (channel_is_json(channel)) {
        QDict *data = qobject_to(QDict, qdict_get(line, "data"));

        if (data) {
            GString *json = qobject_to_json(QOBJECT(data));
            PIC32Input *input = pic32_input_new(time, channel, json->str,
                                                json->len);

            g_string_free(json, true);
            return input;
        }
    } else if (hex && recording_parse_hex(hex, bytes)) {
        return pic32_input_new(time, channel, bytes->data, bytes->len);
    }
    error_setg(errp, "\"data\" is %s", channel_is_json(channel)
               ? "a JSON object" : "bytes in hex");
    return NULL;
}

static bool recording_read(PIC32Recording *r, const char *path, Error **errp)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) failed = NULL;
    int64_t before = 0;
    unsigned number = 0;
    char *line, *end;

    if (!g_file_get_contents(path, &text, NULL, &failed)) {
        error_setg(errp, "%s", failed->message);
        return false;
    }
    r->played = g_ptr_array_new_with_free_func(
        (GDestroyNotify)pic32_input_free);
    for (line = text; *line; line = end) {
        PIC32Input *input = NULL;
        QObject *object;
        Error *err = NULL;

        end = line + strcspn(line, "\n");
        if (*end) {
            *end++ = 0;
        }
        number++;
        object = qobject_from_json(line, &err);
        if (!err && !qobject_to(QDict, object)) {
            error_setg(&err, "no JSON object");
        }
        if (!err) {
            input = recording_parse(qobject_to(QDict, object), &err);
        }
        qobject_unref(object);
        if (input && input->time < before) {
            error_setg(&err, "\"t\" goes back");
        }
        if (err) {
            error_setg(errp, "%s: line %u: %s", path, number,
                       error_get_pretty(err));
            error_free(err);
            pic32_input_free(input);
            return false;
        }
        if (input) {
            before = input->time;
            g_ptr_array_add(r->played, input);
        }
    }
    return true;
}

const PIC32Input *pic32_recording_next(const PIC32Recording *r)
{
    return r->played && r->position < r->played->len
           ? g_ptr_array_index(r->played, r->position) : NULL;
}

bool pic32_recording_open(PIC32Recording *r, const char *record,
                          const char *play, Error **errp)
{
    unsigned i;

    r->fd = -1;
    r->last_output = -1;
    for (i = 0; i < PIC32_N_OUTPUTS; i++) {
        r->sums[i] = FNV_BASIS;
    }
    if (record && *record) {
        r->fd = qemu_create(record, O_WRONLY | O_APPEND, 0644, errp);
        if (r->fd < 0) {
            return false;
        }
    }
    return !play || !*play || recording_read(r, play, errp);
}

void pic32_recording_close(PIC32Recording *r)
{
    if (r->fd >= 0) {
        close(r->fd);
        r->fd = -1;
    }
    g_clear_pointer(&r->played, g_ptr_array_unref);
}

const VMStateDescription vmstate_pic32_input = {
    .name = "pic32mz-input",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_INT64(time, PIC32Input),
        VMSTATE_UINT8(channel, PIC32Input),
        VMSTATE_UINT32(len, PIC32Input),
        VMSTATE_VBUFFER_ALLOC_UINT32(data, PIC32Input, 0, NULL, len),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_pic32_recording = {
    .name = "pic32mz-recording",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT32(position, PIC32Recording),
        VMSTATE_UINT64_ARRAY(sums, PIC32Recording, PIC32_N_OUTPUTS),
        VMSTATE_INT64(last_output, PIC32Recording),
        VMSTATE_END_OF_LIST()
    }
};
