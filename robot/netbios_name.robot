# SPDX-License-Identifier: MIT
*** Settings ***
Documentation       The board answers to its NetBIOS name, and to no other.
Resource            board.resource
Suite Setup         Power Up And Take The First Address
Suite Teardown      Stop Emulation


*** Test Cases ***
Board Answers To Its Name With Its Address
    ${address}=    Ask For Name    ${NAME}
    Should Be Equal    ${address}    ${FIRST ADDRESS}

Board Does Not Answer To Other Names
    Name Should Not Answer    MCHPBOARD
    Name Should Not Answer    MCHPBOARD_F
    Name Should Not Answer    NOBODY

Board Answers Again After Other Names
    Name Should Not Answer    SOMEBODY
    ${address}=    Ask For Name    ${NAME}
    Should Be Equal    ${address}    ${FIRST ADDRESS}
