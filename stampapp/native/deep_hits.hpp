// What the engine consists of: a network's prepared weights, the scratch memory of a call, and the
// code of each instruction set that turns images into probabilities with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <math.h>

extern "C" {
#include "interface.h"
}

namespace deep_hits {

constexpr int convolutions = 5;
// An alert is classified in four orientations, and the network takes the mean of them.
constexpr int rotations = 4;

constexpr int rounded_up(int n, int step) { return (n + step - 1) / step * step; }

// Memory for floats on a cache line's boundary, all zero; empty if there is not enough.
class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer();
    bool allocate(size_t floats);
    float *data() const { return values; }

private:
    float *values = nullptr;
};

// A matrix (in, out) or several, prepared for multiplication, and its bias. Columns are padded with
// zeros to whole vectors: `width` of them.
struct Layer {
    int depth = 0, out = 0, width = 0;
    Buffer kernel, bias;
};

// The sides of the images on their way: the input, padded by three pixels; what each convolution
// reads and writes; after the second and the fifth a 2×2 pooling halves them.
struct Sides {
    int padded, first, second, last;
    explicit Sides(int crop)
        : padded(crop + 6), first(crop + 3), second(first / 2), last(second / 2) {}
};

struct Network {
    explicit Network(const deep_hits_sizes &wanted) : sizes(wanted), sides(wanted.crop) {}
    deep_hits_sizes sizes;
    Sides sides;
    Layer convolution[convolutions], dense[3], output;
    Buffer feature_scale, feature_shift;
};

// The scratch memory of one call.
struct Workspace {
    // The padded image; what the second to fifth convolution reads, with a border of zeros.
    Buffer image, activations[convolutions - 1];
    // Winograd's transformed tiles and their products.
    Buffer tiles, products;
    // The outputs of the convolutions, of dense_1 for each orientation, and of the layers behind.
    Buffer flat, turned, joined, hidden, logits;
};

// The functions of one instruction set.
struct InstructionSet {
    const char *name;
    bool (*supported)();
    bool (*prepare)(Network &, const deep_hits_array *);
    bool (*allocate)(const Network &, Workspace &);
    void (*predict)(const Network &, Workspace &, int64_t n, const float *images,
                    const float *features, float *probabilities);
};

extern const InstructionSet portable;
#if defined(__x86_64__)
extern const InstructionSet avx2, avx512;
#endif

}  // namespace deep_hits
