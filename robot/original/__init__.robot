# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The original demo (Harmony 2, FreeRTOS, XC32), unmodified: does it run here as on its board, and what is
...                 wrong with it. Its image is not part of this project: without one everything here is skipped.
...                 docs/original.md says how to get the image and what was found.
Resource            original.resource
Suite Setup         Original Image Should Be At Hand
