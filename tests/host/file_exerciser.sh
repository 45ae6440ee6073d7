#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the file exerciser leaves is on the disk after power-off, and the disk is clean. EXERCISE="SEED COUNT" chooses.
set -u
. tests/host/file_exerciser.bash
begin file_exerciser
read -r seed count <<<"${EXERCISE:-2 10000}"
exercise "$seed" "$count" 4096
exercise "$seed" "$count" 1024 --cpus 4
finish
