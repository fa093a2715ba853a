// Call the engine with networks and batches of random sizes, for a run under the sanitizers.
//
//     exercise sizes SEED ROUNDS   random networks on each instruction set, and wrong lengths of arrays
//     exercise memory              more than 4 MiB at once are refused (max_allocation_size_mb)
//
// Every array is allocated by itself, so that a read beyond its end is found.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

extern "C" {
#include "interface.h"
}

namespace {

std::mt19937 random_numbers;

int between(int lowest, int highest) {
    return std::uniform_int_distribution<int>(lowest, highest)(random_numbers);
}

using Values = std::vector<float>;

Values random_values(int64_t count) {
    std::normal_distribution<float> normal(0, 0.2f);
    Values values(static_cast<size_t>(count));
    for (float &value : values) value = normal(random_numbers);
    values.shrink_to_fit();
    return values;
}

deep_hits_array array(const Values &values) { return {values.data(), int64_t(values.size())}; }

void require(bool holds, const char *what) {
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::exit(1);
}

deep_hits_sizes random_sizes() {
    deep_hits_sizes sizes{between(1, 32), between(1, 5), between(0, 1) ? 3 : 5, {}, {}, between(0, 40),
                          between(1, 40)};
    for (int32_t &filters : sizes.filters) filters = between(1, 40);
    for (int32_t &units : sizes.units) units = between(1, 70);
    return sizes;
}

std::vector<Values> random_weights(const deep_hits_sizes &sizes) {
    std::vector<Values> arrays;
    const auto layer = [&](int64_t in, int64_t out) {
        arrays.push_back(random_values(in * out));
        arrays.push_back(random_values(out));
    };
    int64_t in = sizes.channels, area = 16, side = (sizes.crop + 3) / 4;
    for (int32_t filters : sizes.filters) {
        layer(area * in, filters);
        in = filters;
        area = sizes.kernel * sizes.kernel;
    }
    layer(side * side * in, sizes.units[0]);
    arrays.push_back(random_values(sizes.features));
    arrays.push_back(random_values(sizes.features));
    layer(sizes.units[0] + sizes.features, sizes.units[1]);
    layer(sizes.units[1], sizes.units[2]);
    layer(sizes.units[2], sizes.classes);
    return arrays;
}

int create(const char *set, const deep_hits_sizes &sizes, const std::vector<Values> &weights,
           deep_hits_network **network) {
    std::vector<deep_hits_array> arrays;
    for (const Values &values : weights) arrays.push_back(array(values));
    return deep_hits_create(set, &sizes, arrays.data(), network);
}

int predict(deep_hits_network *network, int n, const Values &images, const Values &features,
            Values &probabilities) {
    return deep_hits_predict(network, n, array(images), array(features), probabilities.data(),
                             int64_t(probabilities.size()));
}

void use(deep_hits_network *network, const deep_hits_sizes &sizes) {
    const int n = between(0, 9), pixels = sizes.crop * sizes.crop * sizes.channels;
    Values images = random_values(n * pixels), features = random_values(n * sizes.features);
    Values found(static_cast<size_t>(n * sizes.classes)), again(found), longer(found.size() + 1);
    std::thread other([&] {
        require(!predict(network, n, images, features, again), "another thread can classify");
    });
    require(!predict(network, n, images, features, found), "a batch can be classified");
    other.join();
    require(found == again, "both threads find the same");
    require(predict(network, n, images, features, longer) == DEEP_HITS_BAD_ARRAY,
            "probabilities of another length are refused");
    require(predict(network, n + 1, images, features, found) == DEEP_HITS_BAD_ARRAY,
            "images of another length are refused");
    require(predict(network, -1, images, features, found) == DEEP_HITS_BAD_SIZES,
            "a negative number of alerts is refused");
    if (n) images[0] = NAN;
    require(!predict(network, n, images, features, found), "NaN is no error");
    for (int c = 0; n && c < sizes.classes; c++)
        require(std::isnan(found[static_cast<size_t>(c)]), "NaN leads to NaN");
}

void refuse(const char *set, deep_hits_sizes sizes, std::vector<Values> weights) {
    deep_hits_network *network = nullptr;
    Values &changed = weights[static_cast<size_t>(between(0, DEEP_HITS_ARRAYS - 1))];
    changed.push_back(0);
    require(create(set, sizes, weights, &network) == DEEP_HITS_BAD_ARRAY,
            "weights of another length are refused");
    changed.pop_back();
    const int32_t absurd[] = {-1, INT32_MIN, INT32_MAX, 1 << 20};
    int32_t *const fields = reinterpret_cast<int32_t *>(&sizes);
    fields[between(0, int(sizeof sizes / sizeof *fields) - 1)] = absurd[between(0, 3)];
    require(create(set, sizes, weights, &network) == DEEP_HITS_BAD_SIZES, "absurd sizes are refused");
    require(!network, "nothing is made of what is refused");
}

void try_sizes() {
    const deep_hits_sizes sizes = random_sizes();
    const std::vector<Values> weights = random_weights(sizes);
    for (int32_t i = 0; const char *set = deep_hits_instruction_set(i); i++) {
        deep_hits_network *network = nullptr;
        require(!create(set, sizes, weights, &network), "a network can be made");
        use(network, sizes);
        deep_hits_destroy(network);
        refuse(set, sizes, weights);
    }
}

// The memory of the weights suffices, and that of a call does not; or neither.
void refuse_memory() {
    const deep_hits_sizes sizes{100, 3, 3, {32, 32, 64, 64, 4}, {64, 64, 64}, 4, 5};
    const deep_hits_sizes large{100, 3, 3, {32, 32, 256, 256, 4}, {64, 64, 64}, 4, 5};
    deep_hits_network *network = nullptr;
    require(create("portable", large, random_weights(large), &network) == DEEP_HITS_NO_MEMORY,
            "too large weights are an error");
    require(!create("portable", sizes, random_weights(sizes), &network), "the weights have room");
    const Values images = random_values(100 * 100 * 3), features = random_values(4);
    Values probabilities(5);
    require(predict(network, 1, images, features, probabilities) == DEEP_HITS_NO_MEMORY,
            "a call without memory is an error");
    deep_hits_destroy(network);
}

}  // namespace

int main(int count, char **arguments) {
    if (count == 4 && !std::strcmp(arguments[1], "sizes")) {
        random_numbers.seed(unsigned(std::atoi(arguments[2])));
        for (int round = std::atoi(arguments[3]); round > 0; round--) try_sizes();
    } else if (count == 2 && !std::strcmp(arguments[1], "memory")) {
        refuse_memory();
    } else {
        std::fprintf(stderr, "usage: exercise sizes SEED ROUNDS | memory\n");
        return 2;
    }
    std::puts("all as expected");
    return 0;
}
