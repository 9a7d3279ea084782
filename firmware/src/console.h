/* SPDX-License-Identifier: MIT */
/* The console: log lines, a prompt, and a line editor with echo and backspace. */
#ifndef CONSOLE_H
#define CONSOLE_H

/* Writes a whole line of log. A prompt on the terminal's last line moves below it, with what was typed so far;
 * the line is lost, and counted, when the terminal is too far behind to take it. */
void console_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows the prompt from now on and takes commands. */
void console_start(void);

/* Takes what was typed; calls command_run() for each line. */
void console_task(void);

#endif
