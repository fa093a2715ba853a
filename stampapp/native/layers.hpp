// The convolutions of the network. Images are NHWC; the channels are padded to whole panels.
// Included once for each instruction set.

// Images in memory: `side` pixels a side including a border of `border` zeros at the left and the top,
// and more at the right and the bottom, so that no tile reads beyond them.
struct Images {
    float *values;
    int side, border, channels;

    INLINE float *pixel(int image, int y, int x) const {
        const ptrdiff_t row = ptrdiff_t(image) * side + y + border;
        return values + (row * side + x + border) * channels;
    }
};

// Where the pixel (y, x) is after `rotation` quarter turns counter-clockwise.
struct Place {
    int y, x;
};

INLINE Place turned(int rotation, int y, int x, int side) {
    const int last = side - 1;
    const Place places[] = {{y, x}, {last - x, y}, {last - y, last - x}, {x, last - y}};
    return places[rotation];
}

// The first convolution, 4×4, of one orientation. Instead of the image its kernel is turned, and the
// output is written where the turned image would have it.
//
// An output row is one matrix product, without a copy: the pixels below a kernel's row are neighbours in
// memory, and the next output's begin one pixel further.
INLINE void convolve_image(const Network &network, int rotation, const float *image, float *row,
                           const Images &out) {
    const Layer &layer = network.convolution[0];
    const int side = network.sides.first, channels = network.sizes.channels;
    const ptrdiff_t jump = ptrdiff_t(network.sides.padded) * channels;
    const int own_columns = layer.width / rotations;
    for (int y = 0; y < side; y++) {
        const Rows pixels{image + y * jump, channels, 4, 4 * channels, jump};
        for (int c = 0; c < own_columns; c += panel_width)
            multiply_panel(pixels, side,
                           layer.kernel.data() + ptrdiff_t(rotation * own_columns + c) * layer.depth,
                           row + c, own_columns);
        for (int x = 0; x < side; x++) {
            const Place place = turned(rotation, y, x, side);
            float *to = out.pixel(rotation, place.y, place.x);
            for (int c = 0; c < own_columns; c += lanes)
                store(to + c, relu(load(row + ptrdiff_t(x) * own_columns + c) +
                                   load(layer.bias.data() + c)));
        }
    }
}

// How many tiles are transformed before their products are taken. All their values should stay in the
// second cache (L2): with 64 channels 36 tiles of 36 values take 330 kB.
constexpr int block_tiles = BLOCK_TILES;

// The values of a tile lie this far apart. The odd cache line keeps them out of the same cache sets.
constexpr int distance(int width) { return block_tiles * width + 16; }

// Tile number t of a group of images, row by row.
struct Tile {
    int image, y, x;
    INLINE Tile(int t, int per_side, int size)
        : image(t / (per_side * per_side)), y(t / per_side % per_side * size),
          x(t % per_side * size) {}
};

// A convolution of `n` images of `side` pixels with ReLU, and a pooling where `pooled` says so.
template <int R, int K>
struct Convolution {
    using Method = Winograd<R, K>;
    static constexpr int T = Method::T;

    static void run(const Layer &layer, int n, int side, const Images &in, const Images &out,
                    bool pooled, Workspace &work) {
        const int per_side = (side + R - 1) / R, tiles = n * per_side * per_side;
        for (int first = 0; first < tiles; first += block_tiles) {
            const int count = tiles - first < block_tiles ? tiles - first : block_tiles;
            for (int t = 0; t < count; t++)
                read_tile(in, Tile(first + t, per_side, R),
                          work.tiles.data() + ptrdiff_t(t) * in.channels);
            for (int panel = 0; panel < layer.width; panel += panel_width) {
                multiply_elements(layer, panel, count, work);
                for (int t = 0; t < count; t++)
                    for (int c = 0; c < panel_width; c += lanes)
                        write_tile(work.products.data() + ptrdiff_t(t) * panel_width + c,
                                   load(layer.bias.data() + panel + c), out,
                                   Tile(first + t, per_side, R), panel + c, side, pooled);
            }
        }
    }

    // One panel of the output channels, so that the products take little of the cache.
    static void multiply_elements(const Layer &layer, int panel, int count, Workspace &work) {
        const ptrdiff_t matrix = ptrdiff_t(layer.depth) * layer.width;
        for (int e = 0; e < Method::elements; e++) {
            const float *tiles = work.tiles.data() + ptrdiff_t(e) * distance(layer.depth);
            multiply_panel({tiles, layer.depth, 1, layer.depth, 0}, count,
                           layer.kernel.data() + e * matrix + ptrdiff_t(panel) * layer.depth,
                           work.products.data() + ptrdiff_t(e) * distance(panel_width),
                           panel_width);
        }
    }

    // Bᵀ d B for all channels, a vector of them at a time: rows first, then columns.
    static INLINE void read_tile(const Images &in, Tile tile, float *to) {
        const ptrdiff_t row = ptrdiff_t(in.side) * in.channels;
        for (int c = 0; c < in.channels; c += lanes) {
            const float *from = in.pixel(tile.image, tile.y - in.border, tile.x - in.border) + c;
            Vector half[T][T];
            for (int y = 0; y < T; y++) {
                Vector pixels[T];
                UNROLL for (int x = 0; x < T; x++)
                    pixels[x] = load(from + y * row + x * in.channels);
                Method::transform_input(pixels, half[y]);
            }
            for (int x = 0; x < T; x++) {
                Vector column[T], values[T];
                UNROLL for (int y = 0; y < T; y++) column[y] = half[y][x];
                Method::transform_input(column, values);
                UNROLL for (int y = 0; y < T; y++)
                    store(to + c + ptrdiff_t(y * T + x) * distance(in.channels), values[y]);
            }
        }
    }

    // Aᵀ m A for a vector of channels, with bias and ReLU.
    static INLINE void write_tile(const float *from, Vector bias, const Images &out, Tile tile,
                                  int channel, int side, bool pooled) {
        Vector half[T][R], values[R][R];
        for (int y = 0; y < T; y++) {
            Vector products[T];
            UNROLL for (int x = 0; x < T; x++)
                products[x] = load(from + ptrdiff_t(y * T + x) * distance(panel_width));
            Method::transform_output(products, half[y]);
        }
        for (int x = 0; x < R; x++) {
            Vector column[T], outputs[R];
            UNROLL for (int y = 0; y < T; y++) column[y] = half[y][x];
            Method::transform_output(column, outputs);
            UNROLL for (int y = 0; y < R; y++) values[y][x] = relu(outputs[y] + bias);
        }
        if (pooled)
            write_pooled(values, out, tile, channel, side / 2);
        else
            for (int y = 0; y < R && tile.y + y < side; y++)
                for (int x = 0; x < R && tile.x + x < side; x++)
                    store(out.pixel(tile.image, tile.y + y, tile.x + x) + channel, values[y][x]);
    }

    // A tile begins at an even pixel, so each 2×2 maximum is within one tile.
    static INLINE void write_pooled(const Vector (&v)[R][R], const Images &out, Tile tile,
                                    int channel, int side) {
        for (int y = 0; y < R / 2 && tile.y / 2 + y < side; y++)
            for (int x = 0; x < R / 2 && tile.x / 2 + x < side; x++)
                store(out.pixel(tile.image, tile.y / 2 + y, tile.x / 2 + x) + channel,
                      larger(larger(v[2 * y][2 * x], v[2 * y][2 * x + 1]),
                             larger(v[2 * y + 1][2 * x], v[2 * y + 1][2 * x + 1])));
    }

    // G g Gᵀ for each pair of channels, packed for the products.
    static void prepare(const float *kernel, int in, int out, Layer &layer) {
        const ptrdiff_t matrix = ptrdiff_t(layer.depth) * layer.width;
        for (int i = 0; i < in; i++)
            for (int o = 0; o < out; o++) {
                double g[K][K], u[T][T];
                for (int y = 0; y < K; y++)
                    for (int x = 0; x < K; x++)
                        g[y][x] = double(kernel[((ptrdiff_t(y) * K + x) * in + i) * out + o]);
                Method::transform_kernel(g, u);
                for (int e = 0; e < Method::elements; e++)
                    layer.kernel.data()[e * matrix + packed(i, o, layer.depth)] =
                        float(u[e / T][e % T]);
            }
    }
};
