/* SPDX-License-Identifier: MIT */
/* help, netinfo, reset. */
#include "commands.h"
#include <string.h>
#include "console.h"
#include "network.h"
#include "restart.h"

static void command_help(void);

static const struct {
    const char *name, *help;
    void (*run)(void);
} commands[] = {
    { "help", "lists the commands", command_help },
    { "netinfo", "shows the network interface", network_print_info },
    { "reset", "restarts the board", restart_now },
};

static void command_help(void)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        console_log("%-10s %s", commands[i].name, commands[i].help);
}

void command_run(char *line)
{
    size_t length = strlen(line);
    while (length && line[length - 1] == ' ')
        line[--length] = '\0';
    line += strspn(line, " ");
    if (!*line)
        return;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (!strcmp(line, commands[i].name)) {
            commands[i].run();
            return;
        }
    }
    console_log("Unknown command: %s (try help)", line);
}
