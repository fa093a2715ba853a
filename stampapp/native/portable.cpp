// For every processor: vectors of 16 bytes, which are SSE2 on x86-64 and NEON on aarch64.
#include "deep_hits.hpp"

#define VECTOR_BYTES 16
#if defined(__aarch64__)
// 8 × 3 sums and 3 columns of the 32 registers.
#define PANEL_VECTORS 2
#define BLOCK_ROWS 12
#else
// 6 × 2 sums of the 16 registers.
#define PANEL_VECTORS 2
#define BLOCK_ROWS 6
#endif
#define BLOCK_TILES 36

namespace deep_hits {
namespace {
#include "matrices.hpp"
#include "winograd.hpp"
#include "layers.hpp"
#include "forward.hpp"
#include "prepare.hpp"

bool supported() { return true; }
}  // namespace

const InstructionSet portable{"portable", supported, prepare, allocate, predict};
}  // namespace deep_hits
