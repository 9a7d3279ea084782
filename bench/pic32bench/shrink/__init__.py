# SPDX-License-Identifier: MIT
"""Smaller and smaller values of a firmware's build options, each built and tried: which is the smallest that works?"""
