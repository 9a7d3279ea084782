/*
 * M5150: the core's registers as JSON, for a report of what it was doing
 *
 * All register sets, not only the current one: a handler finds the stack of
 * what it interrupted in the previous set.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qlist.h"
#include "sysemu/cpu-timers.h"
#include "internal.h"
#include "m5150.h"

static void put_cp0(M5150CPU *cpu, QDict *core)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    QDict *cp0 = qdict_new();

    qdict_put_int(cp0, "BadVAddr", (uint32_t)env->CP0_BadVAddr);
    qdict_put_int(cp0, "Count", cpu->stopped ? cpu->stopped_count
                                             : cpu_mips_get_count(env));
    qdict_put_int(cp0, "Compare", (uint32_t)env->CP0_Compare);
    qdict_put_int(cp0, "Status", (uint32_t)env->CP0_Status);
    qdict_put_int(cp0, "IntCtl", (uint32_t)env->CP0_IntCtl);
    qdict_put_int(cp0, "SRSCtl", (uint32_t)env->CP0_SRSCtl);
    qdict_put_int(cp0, "Cause", (uint32_t)env->CP0_Cause);
    qdict_put_int(cp0, "EPC", (uint32_t)env->CP0_EPC);
    qdict_put_int(cp0, "EBase", (uint32_t)env->CP0_EBase);
    qdict_put_int(cp0, "Config3", (uint32_t)env->CP0_Config3);
    qdict_put_int(cp0, "ErrorEPC", (uint32_t)env->CP0_ErrorEPC);
    qdict_put(core, "cp0", cp0);
}

static void put_register_sets(M5150CPU *cpu, QDict *core)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    unsigned set, reg;
    unsigned css = extract32(env->CP0_SRSCtl, CP0SRSCtl_CSS, 4);
    QList *sets = qlist_new();

    for (set = 0; set < M5150_SHADOW_SETS; set++) {
        QList *gpr = qlist_new();

        for (reg = 0; reg < 32; reg++) {
            qlist_append_int(gpr, set == css ? env->active_tc.gpr[reg]
                                             : cpu->shadow[set][reg]);
        }
        qlist_append(sets, gpr);
    }
    qdict_put(core, "gpr", sets);
}

static void put_arithmetic(CPUMIPSState *env, QDict *core)
{
    QList *hi = qlist_new(), *lo = qlist_new(), *fpr = qlist_new();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(env->active_tc.HI); i++) {
        qlist_append_int(hi, (uint32_t)env->active_tc.HI[i]);
        qlist_append_int(lo, (uint32_t)env->active_tc.LO[i]);
    }
    for (i = 0; i < 32; i++) {
        qlist_append_int(fpr, env->active_fpu.fpr[i].d);
    }
    qdict_put(core, "hi", hi);
    qdict_put(core, "lo", lo);
    qdict_put(core, "fpr", fpr);
    qdict_put_int(core, "fcr31", env->active_fpu.fcr31);
}

char *m5150_registers(M5150CPU *cpu)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    QDict *core = qdict_new();
    GString *json;

    qdict_put_int(core, "virtual-time", qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    qdict_put_int(core, "instructions", icount_enabled() ? icount_get_raw() : 0);
    qdict_put_int(core, "pc", exception_resume_pc(env) & ~1);
    qdict_put_bool(core, "micromips", env->hflags & MIPS_HFLAG_M16);
    qdict_put_bool(core, "delay-slot", env->hflags & MIPS_HFLAG_BMASK);
    qdict_put_bool(core, "waits", CPU(cpu)->halted);
    put_cp0(cpu, core);
    put_register_sets(cpu, core);
    put_arithmetic(env, core);
    json = qobject_to_json(QOBJECT(core));
    qobject_unref(core);
    return g_string_free(json, false);
}
