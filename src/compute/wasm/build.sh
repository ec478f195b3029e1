#!/bin/sh
# Compiles the C kernels to WebAssembly SIMD with shared memory: build.sh [OUTPUT], default kernels.wasm beside this file.
# Needs clang and wasm-ld (lld), version 14 or later; CLANG and WASM_LD name others. The result is committed; after any
# change of src/compute/kernels/*.c or *.h run this and commit what it wrote.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kernels=$here/../kernels
output=${1:-$here/kernels.wasm}
clang=${CLANG:-clang}
linker=${WASM_LD:-wasm-ld}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

index=0
grep -v '^#' "$kernels/units.txt" >"$work/units"
while read -r source flags; do
  index=$((index + 1))
  # shellcheck disable=SC2086 # flags are words
  "$clang" --target=wasm32 -std=gnu11 -O3 -msimd128 -matomics -mbulk-memory -mmutable-globals -nostdlib -ffreestanding \
    -fno-math-errno -fno-trapping-math -fvisibility=hidden -DVECTOR_BYTES=16 $flags \
    -c "$kernels/$source" -o "$work/$index.o"
done <"$work/units"

# Threads have stacks of their own, set through the exported __stack_pointer; data segments are copied by the first
# instance alone. 65,536 pages are 4 GiB, all that 32-bit addresses reach.
"$linker" --no-entry --export-dynamic --gc-sections --strip-all \
  --import-memory --shared-memory --max-memory=4294967296 --export=__stack_pointer --export=__heap_base \
  -z stack-size=262144 --stack-first -o "$output" "$work"/*.o
