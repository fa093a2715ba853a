// Matrix products on vectors of VECTOR_BYTES, the compiler's own (GCC, Clang): the same source gives
// SSE, AVX2, AVX-512 or NEON. Included once for each instruction set; see portable.cpp.
//
// Nothing here uses a template of the standard library: the linker keeps only one of the equally named
// copies, which might be one that the processor cannot run.

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
#define INLINE inline __attribute__((always_inline))

constexpr int lanes = VECTOR_BYTES / sizeof(float);
typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));
// In memory, where a vector may begin at any float.
typedef float Stored __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

// A panel is as many columns as the inner loop keeps in registers beside each other.
constexpr int panel_width = PANEL_VECTORS * lanes;

INLINE Vector load(const float *from) { return *reinterpret_cast<const Stored *>(from); }
INLINE void store(float *to, Vector value) { *reinterpret_cast<Stored *>(to) = value; }
// Written so that NaN stays NaN, and is not taken for a negative number.
INLINE Vector relu(Vector x) { return x < 0.0f ? Vector{} : x; }
INLINE Vector larger(Vector a, Vector b) { return a > b ? a : b; }

// The left factor: row i begins `stride` floats behind row i − 1. It may lie in pieces: after every
// `piece` columns the next ones follow `jump` floats behind the start of those before.
struct Rows {
    const float *values;
    ptrdiff_t stride;
    int pieces, piece;
    ptrdiff_t jump;
};

// `rows` rows of one panel of the product. All sums stay in registers, which needs their number to be
// known to the compiler and the loops over them to be unrolled.
template <int rows>
void multiply_block(Rows a, const float *panel, float *product, ptrdiff_t product_stride) {
    Vector sum[rows][PANEL_VECTORS] = {};
    for (int p = 0; p < a.pieces; p++) {
        const float *left = a.values + p * a.jump;
        for (int k = 0; k < a.piece; k++, left++, panel += panel_width) {
            Vector right[PANEL_VECTORS];
            UNROLL for (int j = 0; j < PANEL_VECTORS; j++) right[j] = load(panel + j * lanes);
            UNROLL for (int i = 0; i < rows; i++) {
                const float factor = left[i * a.stride];
                UNROLL for (int j = 0; j < PANEL_VECTORS; j++) sum[i][j] += factor * right[j];
            }
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < PANEL_VECTORS; j++)
            store(product + i * product_stride + j * lanes, sum[i][j]);
}

using Block = void (*)(Rows, const float *, float *, ptrdiff_t);

template <int rows>
struct Blocks : Blocks<rows - 1> {
    constexpr Blocks() { this->of[rows] = multiply_block<rows>; }
};
template <>
struct Blocks<0> {
    constexpr Blocks() {}
    Block of[BLOCK_ROWS + 1] = {};
};

// One panel of the product of `n` rows. The rows are divided evenly: 16 as 8 + 8, not as 14 + 2.
INLINE void multiply_panel(Rows a, int n, const float *panel, float *product, ptrdiff_t stride) {
    static constexpr Blocks<BLOCK_ROWS> blocks;
    for (int left = (n + BLOCK_ROWS - 1) / BLOCK_ROWS; left > 0; left--) {
        const int rows = (n + left - 1) / left;
        blocks.of[rows](a, panel, product, stride);
        a.values += rows * a.stride;
        product += rows * stride;
        n -= rows;
    }
}

// The product of `n` rows and a layer's matrix, its columns one panel after the other.
INLINE void multiply(Rows a, int n, const Layer &layer, float *product) {
    for (int column = 0; column < layer.width; column += panel_width)
        multiply_panel(a, n, layer.kernel.data() + ptrdiff_t(column) * layer.depth,
                       product + column, layer.width);
}

// Where the element (row, column) of a packed matrix lies: a panel after the other, each row by row,
// so that the inner loop reads them in order.
INLINE ptrdiff_t packed(int row, int column, int depth) {
    return (ptrdiff_t(column / panel_width) * depth + row) * panel_width + column % panel_width;
}
