// The network from images to probabilities. Included once for each instruction set.

constexpr int tile_side = 4;
using Convolution3 = Convolution<tile_side, 3>;
using Convolution5 = Convolution<tile_side, 5>;

// So many alerts share a pass over the large matrix of dense_1.
constexpr int chunk = 6;

// The side of the images that convolution i (1 to 4) reads.
INLINE int side_of(const Network &network, int i) {
    return i == 1 ? network.sides.first : network.sides.second;
}

// The same with its border, up to the last pixel that the last tile reads.
INLINE int side_with_border(const Network &network, int i) {
    return rounded_up(side_of(network, i), tile_side) + network.sizes.kernel - 1;
}

INLINE Images images_of(const Network &network, const Workspace &work, int i) {
    return {work.activations[i - 1].data(), side_with_border(network, i),
            (network.sizes.kernel - 1) / 2, network.convolution[i].depth};
}

INLINE void convolve(const Network &network, int i, const Images &in, const Images &out,
                     Workspace &work) {
    const auto run = network.sizes.kernel == 3 ? Convolution3::run : Convolution5::run;
    run(network.convolution[i], rotations, side_of(network, i), in, out, i == 1 || i == 4,
        work);
}

// Write the outputs of the convolutions for one alert, a row for each orientation.
void run_convolutions(const Network &network, Workspace &work, const float *image, float *flat) {
    const int row = network.sizes.crop * network.sizes.channels;
    const Images padded{work.image.data(), network.sides.padded, 3, network.sizes.channels};
    for (int y = 0; y < network.sizes.crop; y++)
        memcpy(padded.pixel(0, y, 0), image + ptrdiff_t(y) * row, sizeof(float) * size_t(row));
    for (int rotation = 0; rotation < rotations; rotation++)
        convolve_image(network, rotation, work.image.data(), work.products.data(),
                       images_of(network, work, 1));
    for (int i = 1; i < 4; i++)
        convolve(network, i, images_of(network, work, i), images_of(network, work, i + 1), work);
    convolve(network, 4, images_of(network, work, 4),
             {flat, network.sides.last, 0, network.convolution[4].width}, work);
}

INLINE void run_dense(const Layer &layer, const float *in, int n, float *out, bool positive) {
    multiply({in, layer.depth, 1, layer.depth, 0}, n, layer, out);
    for (int i = 0; i < n; i++, out += layer.width)
        for (int c = 0; c < layer.width; c += lanes) {
            const Vector sum = load(out + c) + load(layer.bias.data() + c);
            store(out + c, positive ? relu(sum) : sum);
        }
}

// The mean of dense_1 over the orientations, and behind it the features.
INLINE void join(const Network &network, const float *turned, const float *features, float *joined) {
    const Layer &first = network.dense[0];
    for (int c = 0; c < first.out; c++) {
        float sum = 0;
        for (int r = 0; r < rotations; r++) sum += turned[r * first.width + c];
        joined[c] = sum / rotations;
    }
    for (int f = 0; f < network.sizes.features; f++)
        joined[first.out + f] =
            features[f] * network.feature_scale.data()[f] + network.feature_shift.data()[f];
}

INLINE void softmax(const float *logits, int classes, float *probabilities) {
    float highest = logits[0], sum = 0;
    for (int c = 1; c < classes; c++)
        if (logits[c] > highest) highest = logits[c];
    for (int c = 0; c < classes; c++) sum += probabilities[c] = expf(logits[c] - highest);
    for (int c = 0; c < classes; c++) probabilities[c] /= sum;
}

INLINE bool all_finite(const float *values, ptrdiff_t n) {
    Vector zeros{};
    float zero = 0;
    ptrdiff_t i = 0;
    for (; i + lanes <= n; i += lanes) zeros += load(values + i) * 0.0f;
    for (; i < n; i++) zero += values[i] * 0.0f;
    for (int lane = 0; lane < lanes; lane++) zero += zeros[lane];
    return zero == 0.0f;
}

void predict_chunk(const Network &network, Workspace &work, int n, const float *images,
                   const float *features, float *probabilities) {
    const deep_hits_sizes &sizes = network.sizes;
    const ptrdiff_t pixels = ptrdiff_t(sizes.crop) * sizes.crop * sizes.channels;
    const ptrdiff_t row = ptrdiff_t(network.dense[0].depth) * rotations;
    for (int i = 0; i < n; i++)
        run_convolutions(network, work, images + i * pixels, work.flat.data() + i * row);
    run_dense(network.dense[0], work.flat.data(), n * rotations, work.turned.data(), true);
    for (int i = 0; i < n; i++)
        join(network, work.turned.data() + ptrdiff_t(i) * rotations * network.dense[0].width,
             features + ptrdiff_t(i) * sizes.features,
             work.joined.data() + ptrdiff_t(i) * network.dense[1].depth);
    run_dense(network.dense[1], work.joined.data(), n, work.hidden.data(), true);
    run_dense(network.dense[2], work.hidden.data(), n, work.joined.data(), true);
    run_dense(network.output, work.joined.data(), n, work.logits.data(), false);
    for (int i = 0; i < n; i++, probabilities += sizes.classes) {
        softmax(work.logits.data() + ptrdiff_t(i) * network.output.width, sizes.classes,
                probabilities);
        if (!all_finite(images + i * pixels, pixels) ||
            !all_finite(features + ptrdiff_t(i) * sizes.features, sizes.features))
            for (int c = 0; c < sizes.classes; c++) probabilities[c] = NAN;
    }
}

void predict(const Network &network, Workspace &work, int64_t n, const float *images,
             const float *features, float *probabilities) {
    const deep_hits_sizes &sizes = network.sizes;
    for (int64_t i = 0; i < n; i += chunk) {
        const int count = n - i < chunk ? int(n - i) : chunk;
        predict_chunk(network, work, count, images + i * sizes.crop * sizes.crop * sizes.channels,
                      features + i * sizes.features, probabilities + i * sizes.classes);
    }
}
