// For x86-64 processors with AVX-512 (F): vectors of 64 bytes.
#include "deep_hits.hpp"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx2,fma")
#endif

#define VECTOR_BYTES 64
// 12 × 2 sums of the 32 registers.
#define PANEL_VECTORS 2
#define BLOCK_ROWS 12
#define BLOCK_TILES 36

namespace deep_hits {
namespace {
#include "matrices.hpp"
#include "winograd.hpp"
#include "layers.hpp"
#include "forward.hpp"
#include "prepare.hpp"

bool supported() { return __builtin_cpu_supports("avx512f"); }
}  // namespace

const InstructionSet avx512{"avx512", supported, prepare, allocate, predict};
}  // namespace deep_hits

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
