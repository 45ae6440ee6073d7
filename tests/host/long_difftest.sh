#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The programs of tests/diff and tests/user say the same on Linux and on Atlas (tools/difftest). Skipped where Linux's
# kernel cannot be fetched.
exec tools/difftest --tap
