// The C interface: checks, the choice of the instruction set, and the scratch memory of the calls.
#include "deep_hits.hpp"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>

namespace deep_hits {

Buffer::~Buffer() { free(values); }

bool Buffer::allocate(size_t floats) {
    const size_t bytes = (floats * sizeof(float) + 64) / 64 * 64;
    values = static_cast<float *>(aligned_alloc(64, bytes));
    if (values) memset(values, 0, bytes);
    return values != nullptr;
}

namespace {

const InstructionSet *const instruction_sets[] = {
#if defined(__x86_64__)
    &avx512, &avx2,
#endif
    &portable};

const InstructionSet *find(const char *name) {
    for (const InstructionSet *set : instruction_sets)
        if (name && !strcmp(set->name, name) && set->supported()) return set;
    return nullptr;
}

bool within(int32_t value, int32_t lowest, int32_t highest) {
    return lowest <= value && value <= highest;
}

bool valid(const deep_hits_sizes &sizes) {
    for (int32_t filters : sizes.filters)
        if (!within(filters, 1, DEEP_HITS_MAX_FILTERS)) return false;
    for (int32_t units : sizes.units)
        if (!within(units, 1, DEEP_HITS_MAX_UNITS)) return false;
    return within(sizes.crop, 1, DEEP_HITS_MAX_CROP) && within(sizes.channels, 1, DEEP_HITS_MAX_CHANNELS) &&
           (sizes.kernel == 3 || sizes.kernel == 5) && within(sizes.features, 0, DEEP_HITS_MAX_FEATURES) &&
           within(sizes.classes, 1, DEEP_HITS_MAX_CLASSES);
}

bool fits(const deep_hits_array &array, int64_t count) {
    return array.count == count && (array.values || !count);
}

// Whether all arrays have the lengths that follow from the sizes.
bool fit(const deep_hits_sizes &sizes, const deep_hits_array *arrays) {
    int64_t in = sizes.channels, area = 16;
    for (int i = 0; i < convolutions; i++) {
        if (!fits(arrays[2 * i], area * in * sizes.filters[i])) return false;
        if (!fits(arrays[2 * i + 1], sizes.filters[i])) return false;
        in = sizes.filters[i];
        area = int64_t(sizes.kernel) * sizes.kernel;
    }
    const int64_t last = Sides(sizes.crop).last;
    const int64_t joined = int64_t(sizes.units[0]) + sizes.features;
    return fits(arrays[10], last * last * in * sizes.units[0]) && fits(arrays[11], sizes.units[0]) &&
           fits(arrays[12], sizes.features) && fits(arrays[13], sizes.features) &&
           fits(arrays[14], joined * sizes.units[1]) && fits(arrays[15], sizes.units[1]) &&
           fits(arrays[16], int64_t(sizes.units[1]) * sizes.units[2]) &&
           fits(arrays[17], sizes.units[2]) &&
           fits(arrays[18], int64_t(sizes.units[2]) * sizes.classes) &&
           fits(arrays[19], sizes.classes);
}

}  // namespace
}  // namespace deep_hits

using namespace deep_hits;

// A network and the scratch memory that no call uses now: at most as much as calls have overlapped.
struct deep_hits_network {
    struct Spare {
        Workspace work;
        std::unique_ptr<Spare> next;
    };

    deep_hits_network(const InstructionSet &set, const deep_hits_sizes &sizes)
        : code(set), network(sizes) {}

    std::unique_ptr<Spare> take() {
        {
            const std::lock_guard<std::mutex> lock(mutex);
            if (std::unique_ptr<Spare> found = std::move(spare)) {
                spare = std::move(found->next);
                return found;
            }
        }
        std::unique_ptr<Spare> made(new (std::nothrow) Spare);
        if (made && !code.allocate(network, made->work)) return nullptr;
        return made;
    }

    void put_back(std::unique_ptr<Spare> used) {
        const std::lock_guard<std::mutex> lock(mutex);
        used->next = std::move(spare);
        spare = std::move(used);
    }

    const InstructionSet &code;
    Network network;
    std::mutex mutex;
    std::unique_ptr<Spare> spare;
};

const char *deep_hits_instruction_set(int32_t index) {
    for (const InstructionSet *set : instruction_sets)
        if (set->supported() && index-- == 0) return set->name;
    return nullptr;
}

int deep_hits_create(const char *instruction_set, const deep_hits_sizes *sizes,
                     const deep_hits_array *arrays, deep_hits_network **network) {
    const InstructionSet *const set = find(instruction_set);
    if (!set) return DEEP_HITS_NO_INSTRUCTION_SET;
    if (!valid(*sizes)) return DEEP_HITS_BAD_SIZES;
    if (!fit(*sizes, arrays)) return DEEP_HITS_BAD_ARRAY;
    std::unique_ptr<deep_hits_network> made(new (std::nothrow) deep_hits_network(*set, *sizes));
    if (!made || !set->prepare(made->network, arrays)) return DEEP_HITS_NO_MEMORY;
    *network = made.release();
    return DEEP_HITS_OK;
}

void deep_hits_destroy(deep_hits_network *network) { delete network; }

int deep_hits_predict(deep_hits_network *network, int64_t n, deep_hits_array images,
                      deep_hits_array features, float *probabilities, int64_t count) {
    const deep_hits_sizes &sizes = network->network.sizes;
    // No batch of real memory is near this; the products below stay far from overflow.
    if (n < 0 || n > INT32_MAX) return DEEP_HITS_BAD_SIZES;
    const int64_t pixels = int64_t(sizes.crop) * sizes.crop * sizes.channels;
    if (!fits(images, n * pixels) || !fits(features, n * sizes.features) ||
        count != n * sizes.classes)
        return DEEP_HITS_BAD_ARRAY;
    auto spare = network->take();
    if (!spare) return DEEP_HITS_NO_MEMORY;
    network->code.predict(network->network, spare->work, n, images.values, features.values,
                          probabilities);
    network->put_back(std::move(spare));
    return DEEP_HITS_OK;
}
