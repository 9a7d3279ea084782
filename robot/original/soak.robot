# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The original streams for half an hour without a hiccup. Runs only when SOAK says for how long, in
...                 virtual minutes: `robot --variable SOAK:30 --include soak ... robot/original`. It takes about as long
...                 in real time, as there is a host at the other end.
Resource            original.resource
Library             stream_gap.py
Suite Setup         Skip Unless Asked For
Test Teardown       Stop Emulation
Test Tags           soak


*** Variables ***
${SOAK}                 ${None}


*** Test Cases ***
Stream Runs Without A Hiccup
    [Documentation]    SW1 is pressed, so that a frame that is lost, doubled or damaged breaks the ramp. At 2 ticks, 8 ms.
    Power Up Original And Wait For An Address
    Open Stream    timeout=3
    Send Stream Command    SetDelay 2
    Press Switch    SW1
    Send Stream Command    StartStream
    ${begin}=    Virtual Time
    ${frames}=    Evaluate    0
    WHILE    True    limit=NONE
        ${verdict}=    Stream Should Be Ramp    frames=7500    timeout=120
        ${frames}=    Evaluate    $frames + 7500
        ${now}=    Virtual Time
        IF    $now - $begin >= 60 * ${SOAK}    BREAK
    END
    Log    ${frames} frames in ${{$now - $begin}} virtual seconds    console=True
    ${gap}=    Longest Gap Of The Stream
    Log    longest gap ${gap} s    console=True
    Should Be True    ${gap} < 0.1
    Should Not Be On Uart    failed    timeout=0.1
    Send Stream Command    StopStream


*** Keywords ***
Skip Unless Asked For
    Original Image Should Be At Hand
    IF    $SOAK is None    Skip    a soak test takes long: say how many virtual minutes with --variable SOAK:30
