# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       With nobody at the other end of the cable every run is the same; another seed is another noise.
Resource            board.resource
Test Teardown       Stop Emulation


*** Test Cases ***
Two Boots Say And Do The Same At The Same Time
    ${console}    ${panel}=    Boot And Type
    ${console again}    ${panel again}=    Boot And Type
    Should Be Equal    ${console}    ${console again}
    Should Be Equal    ${panel}    ${panel again}
    Should Contain    ${console}    netinfo
    Should Contain    ${panel}    pin RH0 1

Two Seeds Give Two Streams Of Noise
    ${one}=    Noise With Seed    1
    ${other}=    Noise With Seed    2
    ${common}=    Evaluate    set($one) & set($other)
    Should Be Empty    ${common}    no frame of one stream is in the other


*** Keywords ***
Boot And Type
    [Documentation]    Terminal (1 ms fine) and panel (exact to the nanosecond) of two seconds with a person at the desk.
    Power Up    none    quantum=0.001
    Wait For Prompt On Uart
    Write Line To Uart    help
    Press Switch    SW1
    Run For    1.5
    Write Line To Uart    netinfo
    Release Switch    SW1
    Run For    0.5
    ${console}=    Console Log
    ${panel}=    Panel Log
    RETURN    ${console}    ${panel}

Noise With Seed
    [Arguments]    ${seed}
    Power Up And Open The Stream    seed=${seed}
    Send Stream Command    SetDelay 5
    Send Stream Command    StartStream
    ${frames}=    Collect Stream    frames=64
    Stream Should Be Noise
    RETURN    ${frames}
