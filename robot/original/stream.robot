# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The original's WebSocket: echo, noise, the ramp while SW1 is pressed, SetDelay, reset.
...                 SetDelay counts ticks of FreeRTOS, 250 a second (configTICK_RATE_HZ), not milliseconds.
Resource            original.resource
Suite Setup         Power Up Original And Open The Stream
Suite Teardown      Stop Emulation


*** Test Cases ***
Terminal Tells Of The Connection
    Wait For Line On Uart    Received a clear text connection

Short Text Is Echoed
    Message Should Be Echoed    Hello, board!
    ${longest}=    Evaluate    'x' * 125
    Message Should Be Echoed    ${longest}

Stream Is Noise
    [Setup]    Start The Stream
    Wait For Line On Uart    Stream Started
    Stream Should Be Noise
    [Teardown]    Stop The Stream

SW1 Turns Noise Into A Ramp And Back
    [Setup]    Start The Stream
    Stream Should Be Noise
    Press Switch    SW1
    Stream Should Be Ramp
    Release Switch    SW1
    Stream Should Be Noise
    [Teardown]    Stop The Stream

Frames Come Every Ten Ticks Of Four Milliseconds After Boot
    [Setup]    Send Stream Command    StartStream
    ${period}=    Stream Period    frames=40
    Log    ${{1 / $period}} frames per virtual second    console=True
    Should Be True    0.0399 < ${period} < 0.0401
    [Teardown]    Stop The Stream

SetDelay Changes The Rate
    [Setup]    Start The Stream
    Send Stream Command    SetDelay 25
    Wait For Line On Uart    Set Streamer Task Delay: 25
    ${period}=    Stream Period    frames=20
    Should Be True    0.0995 < ${period} < 0.1005
    Send Stream Command    SetDelay 2
    ${period}=    Stream Period    frames=40
    Should Be True    0.0079 < ${period} < 0.0082
    [Teardown]    Stop The Stream

StopStream Stops It
    [Setup]    Start The Stream
    Send Stream Command    StopStream
    Wait For Line On Uart    Stream Stopped
    Stream Should Be Silent

Any Other Path Is Not Found
    Close Stream
    Wait For Line On Uart    Clear Text connection was closed    timeout=3
    Run Keyword And Expect Error    *404*    Open Stream    path=/other    timeout=0
    [Teardown]    Open Stream    timeout=3

Reset Restarts The Board After A Thousand Ticks
    [Setup]    Power Up Original And Wait For An Address
    ${client}=    Connect Raw
    Shake Hands    ${client}
    ${before}=    Virtual Time
    Send Frame    ${client}    reset
    Wait For Line On Uart    Initialization Started    timeout=6
    ${reset}=    Last Reset
    Should Be Equal    ${reset.what}    software
    Should Be True    3.99 < $reset.time - $before < 4.2    1000 ticks of 4 ms
    Wait For Line On Uart    IP Address: ${DHCP ADDRESS}    timeout=15
    Disconnect    ${client}


*** Keywords ***
Power Up Original And Open The Stream
    Power Up Original And Wait For An Address
    Open Stream    timeout=3

Start The Stream
    Send Stream Command    SetDelay 2
    Send Stream Command    StartStream

Stop The Stream
    Release Switch    SW1
    Send Stream Command    StopStream
    Send Stream Command    SetDelay 10
