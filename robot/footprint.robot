# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The firmware's functions and variables against the author's table: none may be bigger.
Resource            board.resource


*** Test Cases ***
Firmware Fits The Footprint Table
    Footprint Should Fit    image=${IMAGE}
