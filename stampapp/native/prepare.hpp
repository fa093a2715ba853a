// Prepare the weights for the functions of forward.hpp, and make room for what they compute.
// Included once for each instruction set.

// Make room for `matrices` matrices (depth, out) and a bias.
INLINE bool allocate_layer(Layer &layer, int matrices, int depth, int out) {
    layer.depth = depth;
    layer.out = out;
    layer.width = rounded_up(out, panel_width);
    return layer.kernel.allocate(size_t(matrices) * size_t(depth) * size_t(layer.width)) &&
           layer.bias.allocate(size_t(layer.width));
}

// The kernel of the first convolution in four orientations, one beside the other.
INLINE bool prepare_first(Network &network, const float *kernel) {
    Layer &layer = network.convolution[0];
    const int channels = network.sizes.channels, out = network.sizes.filters[0];
    const int width = rounded_up(out, panel_width);
    if (!allocate_layer(layer, 1, 16 * channels, rotations * width)) return false;
    for (int rotation = 0; rotation < rotations; rotation++)
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++) {
                const Place place = turned(rotation, y, x, 4);
                const float *from = kernel + (place.y * 4 + place.x) * channels * out;
                for (int c = 0; c < channels; c++)
                    for (int o = 0; o < out; o++)
                        layer.kernel.data()[packed((y * 4 + x) * channels + c,
                                                   rotation * width + o, layer.depth)] =
                            from[c * out + o];
            }
    return true;
}

INLINE bool prepare_convolution(Network &network, int i, const float *kernel) {
    const int in = network.sizes.filters[i - 1], out = network.sizes.filters[i];
    const int k = network.sizes.kernel, depth = rounded_up(in, panel_width);
    if (!allocate_layer(network.convolution[i],
                        (tile_side + k - 1) * (tile_side + k - 1), depth, out))
        return false;
    const auto prepare = k == 3 ? Convolution3::prepare : Convolution5::prepare;
    prepare(kernel, in, out, network.convolution[i]);
    return true;
}

// A dense layer for inputs of whole panels, of which the matrix knows `in` each.
INLINE bool prepare_dense(Layer &layer, const float *kernel, int repeats, int in, int padded_in,
                          int out) {
    if (!allocate_layer(layer, 1, repeats * padded_in, out)) return false;
    for (int r = 0; r < repeats; r++)
        for (int i = 0; i < in; i++)
            for (int o = 0; o < out; o++)
                layer.kernel.data()[packed(r * padded_in + i, o, layer.depth)] =
                    kernel[(ptrdiff_t(r) * in + i) * out + o];
    return true;
}

INLINE void copy(const deep_hits_array &from, Buffer &to) {
    if (from.count) memcpy(to.data(), from.values, sizeof(float) * size_t(from.count));
}

// The arrays are as interface.h says. False where there is not enough memory.
bool prepare(Network &network, const deep_hits_array *arrays) {
    const deep_hits_sizes &sizes = network.sizes;
    const int last = sizes.filters[convolutions - 1], joined = sizes.units[0] + sizes.features;
    if (!prepare_first(network, arrays[0].values)) return false;
    for (int i = 1; i < convolutions; i++)
        if (!prepare_convolution(network, i, arrays[2 * i].values)) return false;
    for (int i = 0; i < convolutions; i++)
        copy(arrays[2 * i + 1], network.convolution[i].bias);
    Layer *const dense = network.dense;
    if (!prepare_dense(dense[0], arrays[10].values, network.sides.last * network.sides.last, last,
                       network.convolution[convolutions - 1].width, sizes.units[0]) ||
        !network.feature_scale.allocate(size_t(sizes.features)) ||
        !network.feature_shift.allocate(size_t(sizes.features)) ||
        !prepare_dense(dense[1], arrays[14].values, 1, joined, joined, sizes.units[1]) ||
        !prepare_dense(dense[2], arrays[16].values, 1, sizes.units[1], dense[1].width,
                       sizes.units[2]) ||
        !prepare_dense(network.output, arrays[18].values, 1, sizes.units[2], dense[2].width,
                       sizes.classes))
        return false;
    copy(arrays[11], dense[0].bias);
    copy(arrays[12], network.feature_scale);
    copy(arrays[13], network.feature_shift);
    copy(arrays[15], dense[1].bias);
    copy(arrays[17], dense[2].bias);
    copy(arrays[19], network.output.bias);
    return true;
}

INLINE size_t largest(size_t a, size_t b) { return a > b ? a : b; }

bool allocate(const Network &network, Workspace &work) {
    const auto square = [](int side) { return size_t(side) * size_t(side); };
    int widest = 0;
    for (int i = 1; i < convolutions; i++) {
        const int depth = network.convolution[i].depth;
        const size_t pixels = rotations * square(side_with_border(network, i));
        if (!work.activations[i - 1].allocate(pixels * size_t(depth))) return false;
        if (depth > widest) widest = depth;
    }
    const size_t elements = square(tile_side + network.sizes.kernel - 1);
    const Layer *const dense = network.dense;
    // The first convolution leaves a row of pixels where later ones leave products.
    const size_t row = size_t(network.sides.first) * size_t(network.convolution[0].width);
    return work.image.allocate(square(network.sides.padded) * size_t(network.sizes.channels)) &&
           work.tiles.allocate(elements * size_t(distance(widest))) &&
           work.products.allocate(largest(elements * size_t(distance(panel_width)), row)) &&
           work.flat.allocate(chunk * rotations * size_t(dense[0].depth)) &&
           work.turned.allocate(chunk * rotations * size_t(dense[0].width)) &&
           work.joined.allocate(chunk * largest(size_t(dense[1].depth), size_t(dense[2].width))) &&
           work.hidden.allocate(chunk * size_t(dense[1].width)) &&
           work.logits.allocate(chunk * size_t(network.output.width));
}
