# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       With a DHCP server on the cable the board takes the address that it is given.
Resource            board.resource
Suite Setup         Power Up And Ask For An Address
Suite Teardown      Stop Emulation


*** Test Cases ***
Terminal Shows The Address That The Server Gave
    Write Line To Uart    netinfo
    Wait For Line On Uart    IP address: .*10\\.0\\.2\\.15 \\(DHCP\\)    treatAsRegex=true
    Wait For Line On Uart    Mask: .*255\\.255\\.255\\.0    treatAsRegex=true
    Wait For Line On Uart    Link: .*up    treatAsRegex=true
    Wait For Prompt On Uart

Green LED Shows The Link
    Assert Led State    true    testerId=LED3

Board Can Be Reached At The Address
    ${page}=    Get Page    /
    Should Be Equal As Integers    ${page.status}    200


*** Keywords ***
Power Up And Ask For An Address
    Power Up    user
    Wait For An Address From DHCP
