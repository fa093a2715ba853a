/* The C interface of the engine. The binding (build_binding.py) reads this file as well, so it has
   declarations only. All sizes are checked; no function raises an exception. */

typedef struct deep_hits_network deep_hits_network;

/* The sizes of a network. All arrays of it follow from them. */
typedef struct {
    int32_t crop;             /* side of the images, in pixels */
    int32_t channels;         /* images of an alert */
    int32_t kernel;           /* side of the second to fifth convolution: 3 or 5 */
    int32_t filters[5];       /* of the convolutions */
    int32_t units[3];         /* of dense_1, dense_2 and dense_3 */
    int32_t features;
    int32_t classes;
} deep_hits_sizes;

typedef struct {
    const float *values;
    int64_t count;
} deep_hits_array;

/* The arrays of a network in this order: kernel and bias of the five convolutions, of dense_1;
   the scale and the shift of the features; kernel and bias of dense_2, dense_3 and the output.
   Kernels are (rows, columns, in, out) or (in, out), in C order. */
enum { DEEP_HITS_ARRAYS = 20 };

/* The largest sizes. They bound the memory of a call, and keep every index far below 2^31. */
enum {
    DEEP_HITS_MAX_CROP = 128,
    DEEP_HITS_MAX_CHANNELS = 16,
    DEEP_HITS_MAX_FILTERS = 256,
    DEEP_HITS_MAX_UNITS = 1024,
    DEEP_HITS_MAX_FEATURES = 1024,
    DEEP_HITS_MAX_CLASSES = 1024
};

enum {
    DEEP_HITS_OK = 0,
    DEEP_HITS_BAD_SIZES = 1,           /* a size is not supported */
    DEEP_HITS_BAD_ARRAY = 2,           /* an array has another length than the sizes say */
    DEEP_HITS_NO_INSTRUCTION_SET = 3,  /* this processor or build lacks it */
    DEEP_HITS_NO_MEMORY = 4
};

/* The name of the instruction set, best first, or NULL behind the last that this processor has. */
const char *deep_hits_instruction_set(int32_t index);

/* Copy and prepare the arrays. */
int deep_hits_create(const char *instruction_set, const deep_hits_sizes *sizes,
                     const deep_hits_array *arrays, deep_hits_network **network);

void deep_hits_destroy(deep_hits_network *network);

/* Write the probabilities (n, classes) of images (n, crop, crop, channels) and features
   (n, features). Several threads may call this for one network. */
int deep_hits_predict(deep_hits_network *network, int64_t n, deep_hits_array images,
                      deep_hits_array features, float *probabilities, int64_t count);
