/*
 * The panel: what hands and eyes reach on the board, as JSON lines
 *
 * The contract is in platforms/qemu/README.md: pins, cable and power at exact
 * virtual times, and runs that end at one. This is no part of the chip.
 *
 * Left out: when the machine runs without -icount, its CPU goes on for some
 * host microseconds after the time that a run ends at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qnull.h"
#include "qapi/qmp/qnum.h"
#include "qapi/qmp/qstring.h"
#include "hw/core/cpu.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "sysemu/runstate.h"
#include "pic32mz_cru.h"
#include "pic32mz_eth.h"
#include "pic32mz_governor.h"
#include "pic32mz_inputs.h"
#include "pic32mz_lines.h"
#include "pic32mz_outbox.h"
#include "pic32mz_panel.h"
#include "pic32mz_ports.h"

#define LINE_MAX_BYTES  1024    /* a longer line from the host is refused */
#define ERROR_MAX_BYTES 200     /* an error says no more than this */
#define OUTBOX_BYTES    (4 * 1024 * 1024)   /* what the host may read late */

enum {
    ACTION_PIN, ACTION_LINK, ACTION_POWER, ACTION_VOLTAGE, ACTION_MCLR,
    ACTION_MCLR_PUSH, ACTION_CRYSTAL, ACTION_IMPAIR,
};

/* Something that a hand does at a virtual time. */
typedef struct PanelAction {
    int64_t at;
    uint8_t kind;
    uint8_t pin;
    uint8_t level;      /* of a pin: level + 1; of the link: 1 is up;
                           of power: a PIC32ResetCause; of a crystal: runs */
    int32_t millivolts; /* of a pin, or PIC32_VOLTAGE_NONE */
    PIC32Impair impair;
} PanelAction;

struct PIC32Panel {
    DeviceState parent_obj;

    CharBackend chr;
    PIC32Inputs *inputs;
    PIC32Ports *ports;
    PIC32Eth *eth;
    PIC32Cru *cru;
    PIC32Governor *governor;
    PIC32PinWatch watch;

    PIC32Lines lines;           /* from the host */
    PIC32Outbox outbox;         /* to the host */

    bool running;               /* on a run: at its end it stands still */
    bool waiting;               /* on a wait: at its end it goes on */
    QEMUBH *stop_bh;
    bool stopping;              /* on the way to stand still ... */
    bool stopped_by_frame;      /* ... because a frame has left */
};

static int64_t panel_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void G_GNUC_PRINTF(4, 0) panel_say_args(PIC32Panel *s, int64_t at,
                                               bool of_board,
                                               const char *format,
                                               va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);
    g_autofree char *line = g_strdup_printf("{\"t\":%" PRId64 ",%s}\n", at,
                                            text);

    pic32_outbox_send_all(&s->outbox, line, strlen(line));
    if (of_board) {
        pic32_inputs_output(s->inputs, PIC32_OUTPUT_PANEL, at, text,
                            strlen(text));
    }
}

/* What the board does: part of what a replay must do again. */
static void G_GNUC_PRINTF(3, 4) panel_say_at(PIC32Panel *s, int64_t at,
                                             const char *format, ...)
{
    va_list args;

    va_start(args, format);
    /* while a snapshot is loaded, the host hears of it, but nothing happens */
    panel_say_args(s, at, !runstate_check(RUN_STATE_INMIGRATE), format, args);
    va_end(args);
}

/* An answer to the host. */
static void G_GNUC_PRINTF(2, 3) panel_answer(PIC32Panel *s,
                                             const char *format, ...)
{
    va_list args;

    va_start(args, format);
    panel_say_args(s, panel_now(), false, format, args);
    va_end(args);
}

static void panel_error(void *opaque, const char *message)
{
    PIC32Panel *s = opaque;
    g_autofree char *cut = g_strndup(message, ERROR_MAX_BYTES);
    g_autofree char *valid = g_utf8_make_valid(cut, -1);
    QString *string = qstring_from_str(valid);
    GString *json = qobject_to_json(QOBJECT(string));

    panel_answer(s, "\"error\":%s", json->str);
    g_string_free(json, true);
    qobject_unref(string);
}

void pic32_panel_reset(PIC32Panel *s, const char *cause)
{
    if (s) {
        panel_say_at(s, panel_now(), "\"reset\":\"%s\"", cause);
    }
}

static void panel_output(void *opaque, PIC32Pin pin, int level)
{
    PIC32Panel *s = opaque;
    int64_t at = pic32_ports_edge_ns(s->ports);
    char name[5];

    pic32_pin_name(pin, name);
    if (level < 0) {
        panel_say_at(s, at, "\"pin\":\"%s\",\"level\":null", name);
    } else {
        panel_say_at(s, at, "\"pin\":\"%s\",\"level\":%d", name, level);
    }
}

/* A number of 2^-32 ns as ns with three decimals, the zeros left off. */
static char *panel_ns(uint64_t units)
{
    uint64_t ps = muldiv64(units & UINT32_MAX, 1000, 1ULL << 31);
    uint64_t ns = units >> 32;
    char *text;

    ps = (ps + 1) / 2;      /* rounded */
    if (ps == 1000) {
        ns++;
        ps = 0;
    }
    if (!ps) {
        return g_strdup_printf("%" PRIu64, ns);
    }
    text = g_strdup_printf("%" PRIu64 ".%03" PRIu64, ns, ps);
    while (g_str_has_suffix(text, "0")) {
        text[strlen(text) - 1] = 0;
    }
    return text;
}

static void panel_waveform(void *opaque, PIC32Pin pin,
                           const PIC32Waveform *waveform)
{
    PIC32Panel *s = opaque;
    g_autofree char *period = panel_ns(waveform->period);
    g_autofree char *high = panel_ns(waveform->high);
    char name[5];

    pic32_pin_name(pin, name);
    panel_say_at(s, pic32_ports_edge_ns(s->ports),
                 "\"pin\":\"%s\",\"period\":%s,\"high\":%s", name, period,
                 high);
}

/* Actions */

static void panel_do(PIC32Panel *s, const PanelAction *action)
{
    int64_t before;

    switch (action->kind) {
    case ACTION_PIN:
        before = pic32_ports_set_edge_ns(s->ports, action->at);
        pic32_ports_drive_pin(s->ports, action->pin, action->level - 1);
        pic32_ports_set_edge_ns(s->ports, before);
        break;
    case ACTION_VOLTAGE:
        pic32_ports_drive_voltage(s->ports, action->pin, action->millivolts);
        break;
    case ACTION_LINK:
        pic32_eth_set_link(s->eth, action->level);
        break;
    case ACTION_POWER:
        pic32_cru_reset(s->cru, action->level);
        break;
    case ACTION_MCLR:
        pic32_cru_set_mclr(s->cru, action->level);
        break;
    case ACTION_MCLR_PUSH:
        pic32_cru_push_mclr(s->cru);
        break;
    case ACTION_CRYSTAL:
        pic32_cru_set_crystal(s->cru, action->pin, action->level);
        break;
    case ACTION_IMPAIR:
        pic32_eth_impair(s->eth, &action->impair);
        break;
    }
}

/* Runs and stops */

static void panel_nothing(CPUState *cpu, run_on_cpu_data data)
{
}

/*
 * Keeps the CPU's thread from going on, from the moment a stop is decided
 * until the main loop has made it so. More work in the queue means that the
 * CPU is not idle: an idle one would let the main loop warp virtual time to
 * the next timer.
 */
static void panel_hold_cpu(CPUState *cpu, run_on_cpu_data data)
{
    PIC32Panel *s = data.host_ptr;

    async_run_on_cpu(cpu, panel_nothing, RUN_ON_CPU_NULL);
    while (s->stopping && runstate_is_running() && !cpu->stop) {
        qemu_cond_wait_iothread(cpu->halt_cond);
    }
}

static void panel_stop_in_main_loop(void *opaque)
{
    PIC32Panel *s = opaque;

    if (s->stopping) {
        vm_stop(RUN_STATE_PAUSED);
    }
}

void pic32_panel_stop(PIC32Panel *s, bool frame)
{
    if (!s || !runstate_is_running()) {
        return;
    }
    s->stopped_by_frame |= frame;
    if (!s->stopping) {
        s->stopping = true;
        async_run_on_cpu(first_cpu, panel_hold_cpu, RUN_ON_CPU_HOST_PTR(s));
        cpu_exit(first_cpu);
        qemu_bh_schedule(s->stop_bh);
    }
}

static void panel_say_waited(PIC32Panel *s)
{
    pic32_inputs_run_on(s->inputs);
    panel_answer(s, "\"waited\":true");
}

static void panel_wait_over(PIC32Panel *s)
{
    if (s->waiting) {
        s->waiting = false;
        if (s->governor) {
            pic32_governor_set_awaited(s->governor, false);
        }
        panel_say_waited(s);
    }
}

static void panel_run_over(void *opaque)
{
    PIC32Panel *s = opaque;

    if (s->waiting) {
        panel_wait_over(s);
    } else {
        pic32_panel_stop(s, false);
    }
}

static void panel_run_state(void *opaque, bool running, RunState state)
{
    PIC32Panel *s = opaque;

    if (running) {
        s->stopping = false;
        s->stopped_by_frame = false;
    } else if (s->stopping) {
        s->stopping = false;
        s->running = false;
        pic32_inputs_run_on(s->inputs);
        panel_answer(s, "\"stopped\":true%s",
                     s->stopped_by_frame ? ",\"frame\":true" : "");
    }
}

static void panel_run(PIC32Panel *s, int64_t until, int64_t quantum)
{
    panel_wait_over(s);
    s->running = true;
    pic32_inputs_run_until(s->inputs, until, quantum, panel_run_over, s);
    vm_start();
}

static void panel_wait(PIC32Panel *s, int64_t until, int64_t quantum,
                       bool paced)
{
    panel_wait_over(s);                 /* this one takes its place */
    s->running = false;
    s->waiting = true;
    pic32_inputs_run_until(s->inputs, until, quantum, panel_run_over, s);
    if (s->governor) {
        pic32_governor_set_awaited(s->governor, !paced);
    }
}

/* Lines from the host */

/* Takes key's integer out of the line; -1 and an error if it is none. */
static int64_t panel_take_time(QDict *line, const char *key, Error **errp)
{
    QNum *number = qobject_to(QNum, qdict_get(line, key));
    int64_t value;

    if (!number || !qnum_get_try_int(number, &value) || value < 0) {
        error_setg(errp, "\"%s\" is a virtual time in whole nanoseconds", key);
        return -1;
    }
    if (value < panel_now()) {
        error_setg(errp, "\"%s\" is %" PRId64 ", and that is past", key, value);
        return -1;
    }
    qdict_del(line, key);
    return value;
}

/* Takes key's text out of the line; NULL if it is none. */
static char *panel_take_text(QDict *line, const char *key)
{
    char *text = g_strdup(qdict_get_try_str(line, key));

    qdict_del(line, key);
    return text;
}

static void panel_parse_level(QDict *line, PanelAction *action, Error **errp)
{
    QObject *level = qdict_get(line, "level");
    int64_t value;

    action->kind = ACTION_PIN;
    if (qobject_to(QNull, level)) {
        action->level = 0;
    } else if (qobject_to(QNum, level)
               && qnum_get_try_int(qobject_to(QNum, level), &value)
               && (value == 0 || value == 1)) {
        action->level = 1 + value;
    } else {
        error_setg(errp, "\"level\" is 0, 1 or null");
    }
    qdict_del(line, "level");
}

static void panel_parse_voltage(QDict *line, PanelAction *action, Error **errp)
{
    QObject *millivolts = qdict_get(line, "millivolts");
    int64_t value;

    action->kind = ACTION_VOLTAGE;
    if (qobject_to(QNull, millivolts)) {
        action->millivolts = PIC32_VOLTAGE_NONE;
    } else if (qobject_to(QNum, millivolts)
               && qnum_get_try_int(qobject_to(QNum, millivolts), &value)
               && value >= 0 && value <= PIC32_PIN_MAX_MV) {
        action->millivolts = value;
    } else {
        error_setg(errp, "\"millivolts\" is a whole number from 0 to %d or "
                   "null", PIC32_PIN_MAX_MV);
    }
    qdict_del(line, "millivolts");
}

static void panel_parse_pin(PIC32Panel *s, QDict *line, PanelAction *action,
                            Error **errp)
{
    g_autofree char *name = panel_take_text(line, "pin");

    action->pin = name ? pic32_pin_parse(name) : PIC32_PIN_NONE;
    if (!s->ports || !pic32_ports_has(s->ports, action->pin)) {
        error_setg(errp, "\"pin\" is none of this chip's, such as \"RB12\"");
    } else if (qdict_haskey(line, "millivolts")) {
        panel_parse_voltage(line, action, errp);
    } else {
        panel_parse_level(line, action, errp);
    }
}

static void panel_parse_link(PIC32Panel *s, QDict *line, PanelAction *action,
                             Error **errp)
{
    g_autofree char *text = panel_take_text(line, "link");

    action->kind = ACTION_LINK;
    if (!g_strcmp0(text, "up") || !g_strcmp0(text, "down")) {
        action->level = !strcmp(text, "up");
    } else {
        error_setg(errp, "\"link\" is \"up\" or \"down\"");
        return;
    }
    if (!s->eth) {
        error_setg(errp, "this machine has no Ethernet to link");
    }
}

static void panel_parse_power(PIC32Panel *s, QDict *line, PanelAction *action,
                              Error **errp)
{
    g_autofree char *text = panel_take_text(line, "power");

    action->kind = ACTION_POWER;
    if (!g_strcmp0(text, "cycle")) {
        action->level = PIC32_RESET_POWER_ON;
    } else if (!g_strcmp0(text, "brown-out")) {
        action->level = PIC32_RESET_BROWN_OUT;
    } else {
        error_setg(errp, "\"power\" is \"cycle\" or \"brown-out\"");
        return;
    }
    if (!s->cru) {
        error_setg(errp, "this machine has no power switch");
    }
}

static void panel_parse_mclr(PIC32Panel *s, QDict *line, PanelAction *action,
                             Error **errp)
{
    g_autofree char *text = panel_take_text(line, "mclr");

    action->kind = g_strcmp0(text, "push") ? ACTION_MCLR : ACTION_MCLR_PUSH;
    action->level = !g_strcmp0(text, "high");
    if (action->kind == ACTION_MCLR && !action->level &&
        g_strcmp0(text, "low")) {
        error_setg(errp, "\"mclr\" is \"low\", \"high\" or \"push\"");
    } else if (!s->cru) {
        error_setg(errp, "this machine has no reset pin");
    }
}

static void panel_parse_crystal(PIC32Panel *s, QDict *line,
                                PanelAction *action, Error **errp)
{
    g_autofree char *name = panel_take_text(line, "crystal");
    g_autofree char *state = panel_take_text(line, "state");

    action->kind = ACTION_CRYSTAL;
    action->pin = !g_strcmp0(name, "sosc") ? PIC32_CRYSTAL_SOSC
                                           : PIC32_CRYSTAL_POSC;
    action->level = !g_strcmp0(state, "running");
    if (g_strcmp0(name, "posc") && g_strcmp0(name, "sosc")) {
        error_setg(errp, "\"crystal\" is \"posc\" or \"sosc\"");
    } else if (!action->level && g_strcmp0(state, "stopped")) {
        error_setg(errp, "\"state\" is \"stopped\" or \"running\"");
    } else if (!s->cru) {
        error_setg(errp, "this machine has no crystals");
    }
}

static void panel_parse_impair(PIC32Panel *s, QDict *line,
                               PanelAction *action, Error **errp)
{
    QDict *impair = qobject_to(QDict, qdict_get(line, "impair"));

    action->kind = ACTION_IMPAIR;
    if (!impair) {
        error_setg(errp, "\"impair\" is an object of impairments");
    } else if (!s->eth) {
        error_setg(errp, "this machine has no Ethernet to impair");
    } else {
        pic32_impair_parse(&action->impair, impair, errp);
    }
    qdict_del(line, "impair");
}

static void panel_refuse_rest(QDict *line, Error **errp)
{
    if (qdict_size(line)) {
        error_setg(errp, "\"%s\" does not belong in this line",
                   qdict_entry_key(qdict_first(line)));
    }
}

/* What a line without its time is about; takes its members out. */
static void panel_parse_action(PIC32Panel *s, QDict *line,
                               PanelAction *action, Error **errp)
{
    Error *err = NULL;

    if (qdict_haskey(line, "pin")) {
        panel_parse_pin(s, line, action, &err);
    } else if (qdict_haskey(line, "link")) {
        panel_parse_link(s, line, action, &err);
    } else if (qdict_haskey(line, "power")) {
        panel_parse_power(s, line, action, &err);
    } else if (qdict_haskey(line, "mclr")) {
        panel_parse_mclr(s, line, action, &err);
    } else if (qdict_haskey(line, "crystal")) {
        panel_parse_crystal(s, line, action, &err);
    } else if (qdict_haskey(line, "impair")) {
        panel_parse_impair(s, line, action, &err);
    } else {
        error_setg(&err, "one of \"pin\", \"link\", \"power\", \"mclr\", "
                   "\"crystal\", \"impair\", \"run\", \"wait\" is missing");
    }
    if (!err) {
        panel_refuse_rest(line, &err);
    }
    error_propagate(errp, err);
}

/* An action becomes an input when all of its line makes sense. */
static void panel_parse_input(PIC32Panel *s, QDict *line, Error **errp)
{
    QDict *rest = qdict_clone_shallow(line);
    PanelAction action = { 0 };
    int64_t at = 0;
    GString *json;
    Error *err = NULL;

    qdict_del(rest, "at");
    json = qobject_to_json(QOBJECT(rest));
    panel_parse_action(s, rest, &action, &err);
    if (!err && qdict_haskey(line, "at")) {
        at = panel_take_time(line, "at", &err);
    }
    if (!err && pic32_inputs_play(s->inputs)) {
        error_setg(&err, "this machine plays a recording: nobody else can "
                   "work its panel");
    }
    if (!err) {
        pic32_inputs_add(s->inputs, PIC32_INPUT_PANEL, at, json->str,
                         json->len);
    }
    g_string_free(json, true);
    qobject_unref(rest);
    error_propagate(errp, err);
}

/* Takes the quantum of a run or wait; 0 if there is none. */
static int64_t panel_take_quantum(QDict *line, Error **errp)
{
    QObject *quantum = qdict_get(line, "quantum");
    int64_t value = 0;

    if (quantum &&
        (!qobject_to(QNum, quantum) ||
         !qnum_get_try_int(qobject_to(QNum, quantum), &value) || value <= 0)) {
        error_setg(errp, "\"quantum\" is a time in whole nanoseconds");
    }
    qdict_del(line, "quantum");
    return value;
}

static void panel_parse_run(PIC32Panel *s, QDict *line, Error **errp)
{
    Error *err = NULL;
    int64_t until = panel_take_time(line, "run", &err);
    int64_t quantum = err ? 0 : panel_take_quantum(line, &err);

    if (!err) {
        panel_refuse_rest(line, &err);
    }
    if (err) {
        error_propagate(errp, err);
    } else {
        panel_run(s, until, quantum);
    }
}

static void panel_parse_wait(PIC32Panel *s, QDict *line, Error **errp)
{
    QNum *number = qobject_to(QNum, qdict_get(line, "wait"));
    bool paced = qdict_get_try_bool(line, "paced", false);
    bool over = qobject_to(QNull, qdict_get(line, "wait"));
    Error *err = NULL;
    int64_t until, quantum;

    if (!over && (!number || !qnum_get_try_int(number, &until))) {
        error_setg(errp, "\"wait\" is a virtual time in whole nanoseconds, or "
                   "null");
        return;
    }
    qdict_del(line, "wait");
    qdict_del(line, "paced");
    quantum = panel_take_quantum(line, &err);
    if (!err) {
        panel_refuse_rest(line, &err);
    }
    if (err) {
        error_propagate(errp, err);
    } else if (over) {
        panel_wait_over(s);
        panel_say_waited(s);
    } else if (s->running && runstate_is_running()) {
        error_setg(errp, "\"wait\" is not for a machine that is on a run");
    } else {
        panel_wait(s, until, quantum, paced);
    }
}

static void panel_take_line(void *opaque, QDict *line)
{
    Error *err = NULL;

    if (qdict_haskey(line, "run")) {
        panel_parse_run(opaque, line, &err);
    } else if (qdict_haskey(line, "wait")) {
        panel_parse_wait(opaque, line, &err);
    } else {
        panel_parse_input(opaque, line, &err);
    }
    if (err) {
        panel_error(opaque, error_get_pretty(err));
        error_free(err);
    }
}

void pic32_panel_take_run(PIC32Panel *s, QDict *line)
{
    panel_take_line(s, line);
}

/* An action takes effect. */
static void panel_take_input(void *opaque, const PIC32Input *input)
{
    PIC32Panel *s = opaque;
    g_autofree char *json = g_strndup((char *)input->data, input->len);
    PanelAction action = { .at = input->time };
    Error *err = NULL;
    QObject *object = qobject_from_json(json, &err);

    if (!err) {
        panel_parse_action(s, qobject_to(QDict, object), &action, &err);
    }
    qobject_unref(object);
    if (err) {      /* of a recording that was changed, or is another board's */
        panel_error(s, error_get_pretty(err));
        error_free(err);
    } else {
        panel_do(s, &action);
    }
}

static int panel_can_receive(void *opaque)
{
    return LINE_MAX_BYTES;
}

static void panel_receive(void *opaque, const uint8_t *data, int size)
{
    PIC32Panel *s = opaque;

    pic32_lines_receive(&s->lines, data, size);
}

static void panel_event(void *opaque, QEMUChrEvent event)
{
    PIC32Panel *s = opaque;

    if (event == CHR_EVENT_OPENED || event == CHR_EVENT_CLOSED) {
        pic32_lines_clear(&s->lines);
        pic32_outbox_clear(&s->outbox);
    }
}

/* Device */

static void panel_realize(DeviceState *dev, Error **errp)
{
    PIC32Panel *s = PIC32_PANEL(dev);

    pic32_lines_init(&s->lines, LINE_MAX_BYTES, panel_take_line, panel_error,
                     s);
    pic32_outbox_init(&s->outbox, &s->chr, OUTBOX_BYTES);
    s->stop_bh = qemu_bh_new(panel_stop_in_main_loop, s);
    qemu_add_vm_change_state_handler(panel_run_state, s);
    if (s->ports) {
        s->watch.output = panel_output;
        s->watch.waveform = panel_waveform;
        s->watch.opaque = s;
        pic32_ports_watch(s->ports, &s->watch);
    }
    pic32_inputs_connect(s->inputs, PIC32_INPUT_PANEL, panel_take_input, s);
    qemu_chr_fe_set_handlers(&s->chr, panel_can_receive, panel_receive,
                             panel_event, NULL, s, NULL, true);
}

static Property panel_properties[] = {
    DEFINE_PROP_CHR("chardev", PIC32Panel, chr),
    DEFINE_PROP_LINK("inputs", PIC32Panel, inputs, TYPE_PIC32_INPUTS,
                     PIC32Inputs *),
    DEFINE_PROP_LINK("ports", PIC32Panel, ports, TYPE_PIC32_PORTS,
                     PIC32Ports *),
    DEFINE_PROP_LINK("eth", PIC32Panel, eth, TYPE_PIC32_ETH, PIC32Eth *),
    DEFINE_PROP_LINK("cru", PIC32Panel, cru, TYPE_PIC32_CRU, PIC32Cru *),
    DEFINE_PROP_LINK("governor", PIC32Panel, governor, TYPE_PIC32_GOVERNOR,
                     PIC32Governor *),
    DEFINE_PROP_END_OF_LIST(),
};

static void panel_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = panel_realize;
    dc->user_creatable = false;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, panel_properties);
}

static const TypeInfo panel_types[] = {
    {
        .name = TYPE_PIC32_PANEL,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PIC32Panel),
        .class_init = panel_class_init,
    },
};

DEFINE_TYPES(panel_types)
