#!/bin/sh
# Every C source is formatted as .clang-format says.
cd "$(dirname "$0")/.." || exit 1
find src tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
