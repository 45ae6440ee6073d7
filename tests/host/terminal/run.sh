#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The interactive shell on the terminal: line editing, signals from keys, end of file, power-off.
exec python3 "$(dirname "$0")/terminal.py"
