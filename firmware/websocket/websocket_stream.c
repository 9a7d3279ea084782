/* SPDX-License-Identifier: MIT */
/* Commands and the stream: noise, or a ramp while SW1 is pressed. */
#include "websocket_stream.h"
#include <stdio.h>
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
#define BACKLOG_MAX       5000                      /* ms: a connection that stalls longer skips frames */
#define RESTART_DELAY     1000u                     /* ms */

/* A decimal number, the whole text; 0 for anything else, and for what is above `max`. */
static unsigned decimal(const char *text, const char *end, unsigned max)
{
    unsigned value = 0;

    while (text < end) {
        unsigned digit = (unsigned)*text++ - '0';
        if (digit > 9 || (value = 10 * value + digit) > max)
            return 0;
    }
    return value;
}

static bool command_is(const char *command, const char *text, size_t length)
{
    return length == strlen(command) && !memcmp(text, command, length);
}

void stream_command(struct websocket_stream *stream, const char *text, size_t length)
{
    static const char set_delay[] = "SetDelay ";

    if (command_is("StartStream", text, length)) {
        stream->active = true;
        stream->due = tick_ms();
        console_log("Stream Started");
    } else if (command_is("StopStream", text, length)) {
        stream->active = false;
        console_log("Stream Stopped");
    } else if (length >= sizeof set_delay - 1 && !memcmp(text, set_delay, sizeof set_delay - 1)) {
        unsigned delay = decimal(text + sizeof set_delay - 1, text + length, DELAY_MAX);
        if (!delay)
            console_log("Set Streamer Task Delay: refused, 1 to %u ms", DELAY_MAX);
        else {
            console_log("Set Streamer Task Delay: %u", delay);
            websocket_set_delay(delay);
        }
    } else if (command_is("reset", text, length)) {
        restart_after(RESTART_DELAY);
    }
}

bool stream_due(const struct websocket_stream *stream)
{
    return stream->active && (int32_t)(tick_ms() - stream->due) >= 0;
}

size_t stream_text(struct websocket_stream *stream, char text[STREAM_TEXT_MAX])
{
    bool ramp = switch_pressed(SW1);
    uint16_t value[VALUES];

    for (unsigned i = 0; i < VALUES; i++)
        value[i] = stream->value = (uint16_t)(ramp ? stream->value + RAMP_STEP : rng_next());
    /* From due time to due time, so the average rate is exact; what a lossy link held up is caught up with. */
    stream->due += websocket_delay();
    if ((int32_t)(tick_ms() - stream->due) > BACKLOG_MAX)
        stream->due = tick_ms();
    return (size_t)sniprintf(text, STREAM_TEXT_MAX, "%u %u %u %u", value[0], value[1], value[2], value[3]);
}
