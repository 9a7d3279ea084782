# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The page with the live scope goes on by itself after the board or the cable was away.
Resource            scope_page.resource
Suite Setup         Power Up And Open The Page
Suite Teardown      Close Page And Stop
Test Setup          Show The Page


*** Test Cases ***
Page Comes Back After A Reset With Its Delay
    Enter Delay    20
    Wait For Line On Uart    Set Streamer Task Delay: 20
    Press Reset
    Wait For An Address From DHCP
    Wait For Line On Uart    Set Streamer Task Delay: 20    timeout=60
    Wait For Line On Uart    Stream Started    timeout=30
    Wait Until Element Contains    connection    connected
    Scope Should Come To Show Noise    after-reset

Page Resumes After The Cable Was Out For 30 Seconds
    Enter Delay    20
    Wait For Line On Uart    Set Streamer Task Delay: 20
    Unplug Cable
    Run For    30
    Element Text Should Be    connection    connecting
    Element Should Contain    message    does not answer
    Plug Cable
    Wait For Line On Uart    Set Streamer Task Delay: 20    timeout=60
    Wait For Line On Uart    Stream Started    timeout=30
    Wait Until Element Contains    connection    connected
    Element Should Not Be Visible    message
    Scope Should Come To Show Noise    after-cable
