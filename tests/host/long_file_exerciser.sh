#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The file exerciser with a million operations (SEED chooses); then fewer on small blocks, with the checked kernel on four CPUs.
set -u
. tests/host/file_exerciser.bash
begin long_file_exerciser
exercise "${SEED:-3}" 1000000 4096
exercise "${SEED:-4}" 50000 1024 --checked --cpus 4
finish
