// For x86-64 processors with AVX2 and FMA (Intel since 2013, AMD since 2015): vectors of 32 bytes.
#include "deep_hits.hpp"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define VECTOR_BYTES 32
// 6 × 2 sums of the 16 registers.
#define PANEL_VECTORS 2
#define BLOCK_ROWS 6
#define BLOCK_TILES 36

namespace deep_hits {
namespace {
#include "matrices.hpp"
#include "winograd.hpp"
#include "layers.hpp"
#include "forward.hpp"
#include "prepare.hpp"

bool supported() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
}  // namespace

const InstructionSet avx2{"avx2", supported, prepare, allocate, predict};
}  // namespace deep_hits

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
