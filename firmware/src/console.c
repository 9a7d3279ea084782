/* SPDX-License-Identifier: MIT */
/* Console: log lines above a prompt. */
#include "console.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "uart.h"

#define LINE_SIZE 80u
#define LOST_SIZE 28u                               /* "(4294967295 lines lost)" */
#define AROUND    (5u + LOST_SIZE)                  /* line ends and the prompt */

static char typed[LINE_SIZE];
static size_t typed_length;
static bool prompt_shown;
static bool was_return;
static unsigned lines_lost;

static void write_text(const char *text)
{
    uart_write(text, strlen(text));
}

static void show_prompt(void)
{
    uart_write(">", 1);
    uart_write(typed, typed_length);
    prompt_shown = true;
}

void console_log(const char *format, ...)
{
    char line[160], lost[LOST_SIZE];
    bool prompt = prompt_shown;
    va_list arguments;

    va_start(arguments, format);
    vsniprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* With a prompt on the terminal it is news from outside, of which clients can make more than the line carries:
     * 40 characters take 3.5 ms, in which the main loop would do nothing else. */
    if (prompt && !uart_has_room(strlen(line) + typed_length + AROUND)) {
        lines_lost++;
        return;
    }
    if (prompt)
        write_text("\r\n");
    if (lines_lost) {
        sniprintf(lost, sizeof lost, "(%u lines lost)\r\n", lines_lost);
        write_text(lost);
        lines_lost = 0;
    }
    write_text(line);
    write_text("\r\n");
    if (prompt)
        show_prompt();
}

void console_start(void)
{
    show_prompt();
}

static void end_of_line(void)
{
    write_text("\r\n");
    prompt_shown = false;
    typed[typed_length] = '\0';
    command_run(typed);
    typed_length = 0;
    show_prompt();
}

static void take(char byte)
{
    bool second_of_pair = byte == '\n' && was_return;

    was_return = byte == '\r';
    if (second_of_pair)
        return;
    if (byte == '\r' || byte == '\n') {
        end_of_line();
    } else if (byte == '\b' || byte == 0x7F) {
        if (typed_length) {
            typed_length--;
            write_text("\b \b");
        }
    } else if (byte >= ' ' && byte < 0x7F && typed_length < LINE_SIZE - 1) {
        typed[typed_length++] = byte;
        uart_write(&byte, 1);
    }
}

void console_task(void)
{
    int byte;
    while (prompt_shown && (byte = uart_read()) >= 0)
        take((char)byte);
}
