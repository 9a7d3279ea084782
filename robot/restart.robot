# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       However the board is restarted, it boots as the first time, and the stream runs again.
Resource            board.resource
Suite Setup         Power Up And Open The Stream
Suite Teardown      Stop Emulation


*** Test Cases ***
Reset Button
    Press Reset
    Board Should Boot And Stream
    Why Should Be    mclr

Reset Button Held
    Hold Reset
    Run For    0.1    # what the UART had sent before may still be on its way
    Write To Uart    help\r
    Test If Uart Is Idle    1
    Run Keyword And Expect Error    *LED1*was not lit*    Assert Led State    true    timeout=1.5    testerId=LED1
    ${before}=    Virtual Time
    Release Reset
    Board Should Boot And Stream
    Why Should Be    mclr
    ${reset}=    Last Reset
    Should Be True    $reset.time >= $before
    [Teardown]    Release Reset

Power Off And On
    Power Cycle
    Board Should Boot And Stream
    Why Should Be    power-on

Supply Dips
    Brown Out
    Board Should Boot And Stream
    Why Should Be    brown-out

Reset Typed On The Terminal
    Write Line To Uart    reset
    Board Should Boot And Stream
    Why Should Be    software

Reset Sent To The WebSocket
    Open Stream    timeout=3
    ${before}=    Virtual Time
    Send Stream Command    reset
    ${after}=    Virtual Time
    Wait For Line On Uart    Initialization Started    timeout=3
    ${reset}=    Last Reset
    Should Be Equal    ${reset.what}    software
    # The firmware counts a second in ticks of a millisecond, and the first may be nearly over.
    Should Be True    $before + 0.999 <= $reset.time <= $after + 1.1    it restarts one second after the command
    Board Should Be Reached And Stream

Restart While It Streams
    Open Stream    timeout=3
    Send Stream Command    StartStream
    Collect Stream    frames=3
    Press Reset
    Board Should Boot And Stream


*** Keywords ***
Why Should Be
    [Arguments]    ${kind}
    ${reset}=    Last Reset
    Should Be Equal    ${reset.what}    ${kind}

Board Should Boot And Stream
    Wait For Line On Uart    Initialization Started
    Board Should Be Reached And Stream

Board Should Be Reached And Stream
    Wait For Line On Uart    Initialization Ended - success
    Wait For An Address From DHCP
    Open Stream    timeout=3
    Send Stream Command    StartStream
    Collect Stream    frames=5
    Send Stream Command    StopStream
