// For every processor: vectors of 16 bytes, which are SSE2 on x86-64 and NEON on aarch64.
#include "deep_hits.hpp"

#define VECTOR_BYTES 16
#if defined(__aarch64__)
// 9 × 2 sums of the 32 registers; the factors take some as well, and 36 tiles divide by 9.
#define PANEL_VECTORS 2
#define BLOCK_ROWS 9
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
