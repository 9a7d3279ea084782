/* SPDX-License-Identifier: MIT */
/* Commands and the stream: noise, or a ramp while SW1 is pressed. */
#include "websocket_stream.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "console.h"
#include "restart.h"
#include "rng.h"
#include "switches.h"
#include "tick.h"
#include "websocket_server.h"

#define VALUES            4u
#define RAMP_STEP         4000u
#define DELAY_MAX         60000u                    /* ms */
#define BACKLOG_MAX       5000u                     /* ms: a connection that stalls longer skips frames */
#define RESTART_DELAY     1000u                     /* ms */

void stream_command(struct websocket_stream *stream, const char *text, size_t length)
{
    static const char set_delay[] = "SetDelay ";
    char command[COMMAND_MAX + 1];

    if (length > COMMAND_MAX)
        return;
    memcpy(command, text, length);
    command[length] = '\0';
    if (!strcmp(command, "StartStream")) {
        stream->active = true;
        stream->due = tick_ms();
        console_log("Stream Started");
    } else if (!strcmp(command, "StopStream")) {
        stream->active = false;
        console_log("Stream Stopped");
    } else if (!strncmp(command, set_delay, sizeof set_delay - 1)) {
        char *end;
        unsigned long delay = strtoul(command + sizeof set_delay - 1, &end, 10);
        if (*end || delay < 1 || delay > DELAY_MAX)
            console_log("Set Streamer Task Delay: refused, 1 to %u ms", DELAY_MAX);
        else {
            console_log("Set Streamer Task Delay: %lu", delay);
            websocket_set_delay(delay);
        }
    } else if (!strcmp(command, "reset")) {
        restart_after(RESTART_DELAY);
    }
}

bool stream_due(const struct websocket_stream *stream)
{
    return stream->active && (int32_t)(tick_ms() - stream->due) >= 0;
}

size_t stream_text(const struct websocket_stream *stream, char *text, uint16_t *last)
{
    bool ramp = switch_pressed(SW1);
    uint16_t value[VALUES];

    *last = stream->value;
    for (unsigned i = 0; i < VALUES; i++)
        value[i] = *last = (uint16_t)(ramp ? *last + RAMP_STEP : rng_next());
    return (size_t)sniprintf(text, STREAM_TEXT_MAX, "%u %u %u %u", value[0], value[1], value[2], value[3]);
}

void stream_sent(struct websocket_stream *stream, uint16_t last)
{
    stream->value = last;
    /* From due time to due time, so the average rate is exact; what a lossy link held up is caught up with. */
    stream->due += websocket_delay();
    if (tick_ms() - stream->due < 0x80000000u && tick_ms() - stream->due > BACKLOG_MAX)
        stream->due = tick_ms();
}
