# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The original's scope page in headless Chromium: what it draws is read from the pixels of screenshots.
Resource            original.resource
Library             scope_page.py
Suite Setup         Power Up Original And Open Its Scope Page
Suite Teardown      Close Scope Page And Stop


*** Variables ***
${PAGE}             ${None}


*** Test Cases ***
Page Connects And The Board Streams
    Wait For Line On Uart    Received a clear text connection
    Wait For Line On Uart    Stream Started

Scope Is Live
    Scope Should Move    ${PAGE}
    Scope Should Move    ${PAGE}

SW1 Turns The Drawing Into A Ramp And Back
    Scope Should Show    ${PAGE}    noise    picture=original-noise
    Press Switch    SW1
    Scope Should Show    ${PAGE}    ramp    picture=original-ramp
    Release Switch    SW1
    Scope Should Show    ${PAGE}    noise


*** Keywords ***
Power Up Original And Open Its Scope Page
    Power Up Original And Wait For An Address
    ${page}=    Open Scope Page
    VAR    ${PAGE}    ${page}    scope=SUITE

Close Scope Page And Stop
    Close Scope Page    ${PAGE}
    Stop Emulation
