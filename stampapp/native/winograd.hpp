// Winograd's convolution (Winograd 1980; Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural
// Networks"). Included once for each instruction set.
//
// A tile of R×R outputs of a K×K kernel depends on T×T inputs, T = R + K − 1. Directly it takes R²K²
// products for each pair of channels. Winograd's way takes T²: with the input tile d and the kernel g
//
//     outputs = Aᵀ [ (G g Gᵀ) ∘ (Bᵀ d B) ] A
//
// F(4×4, 3×3): 36 products instead of 144. F(4×4, 5×5): 64 instead of 400. The sum over the input
// channels is taken before Aᵀ…A, so that ∘ becomes T² independent products of matrices: (tiles,
// channels in) by (channels in, channels out).
//
// In one dimension, where outputs = Aᵀ [(G g) ∘ (Bᵀ d)], this is the product of polynomials by their
// values at T − 1 points and at infinity, transposed. With M(x) = Π (x − pᵢ) and Mᵢ = M / (x − pᵢ):
//     Aᵀ has pᵢʳ in row r and column i;
//     G has pᵢʲ / Mᵢ(pᵢ) in row i and column j;
//     Bᵀ has the coefficients of Mᵢ in row i;
// and for infinity: 1 in the last row of Aᵀ, 1 in the last column of G, the coefficients of M.

// The points are 0, the pairs ±p, and infinity. Small powers of two lose the least precision.
constexpr double pair_points[] = {1, 2, 0.5};

// Q(y), a product of (y − p²) over the pairs of points, by its coefficients, lowest first.
struct Polynomial {
    double coefficient[4];
};

// Over the first `pairs` pairs but the one numbered `without`.
constexpr Polynomial product_of_pairs(int pairs, int without) {
    Polynomial q{{1, 0, 0, 0}};
    for (int i = 0; i < pairs; i++) {
        if (i == without) continue;
        for (int k = 3; k >= 0; k--)
            q.coefficient[k] = (k ? q.coefficient[k - 1] : 0) -
                               pair_points[i] * pair_points[i] * q.coefficient[k];
    }
    return q;
}

template <int R, int K>
struct Winograd {
    static constexpr int T = R + K - 1, pairs = (T - 2) / 2, elements = T * T;
    static_assert(T % 2 == 0 && pairs <= 3 && R % 2 == 0, "pooling needs even tiles");

    static constexpr double power(double x, int n) { return n ? x * power(x, n - 1) : 1; }

    // Point i: 0, then p and −p of each pair.
    static constexpr double point(int i) {
        return i == 0 ? 0 : (i % 2 ? 1 : -1) * pair_points[(i - 1) / 2];
    }

    // G, in double precision because it is applied once.
    struct KernelMatrix {
        double factor[T][K];
    };

    static constexpr KernelMatrix kernel_matrix() {
        KernelMatrix g{};
        for (int i = 0; i < T - 1; i++) {
            double others = 1;
            for (int l = 0; l < T - 1; l++)
                if (l != i) others *= point(i) - point(l);
            for (int j = 0; j < K; j++) g.factor[i][j] = power(point(i), j) / others;
        }
        g.factor[T - 1][K - 1] = 1;
        return g;
    }

    // G g Gᵀ.
    static void transform_kernel(const double (&g)[K][K], double (&u)[T][T]) {
        constexpr KernelMatrix matrix = kernel_matrix();
        double rows[T][K] = {};
        for (int i = 0; i < T; i++)
            for (int k = 0; k < K; k++)
                for (int j = 0; j < K; j++) rows[i][j] += matrix.factor[i][k] * g[k][j];
        for (int i = 0; i < T; i++)
            for (int j = 0; j < T; j++) {
                u[i][j] = 0;
                for (int k = 0; k < K; k++) u[i][j] += rows[i][k] * matrix.factor[j][k];
            }
    }

    // Bᵀ d. With Q over all pairs M₀ = Q(x²) and M = x Q(x²); with Q over the other pairs
    // M₊ₚ, M₋ₚ = x² Q(x²) ± p x Q(x²): the rows of a pair share their sums.
    static INLINE void transform_input(const Vector (&d)[T], Vector (&out)[T]) {
        constexpr Polynomial all = product_of_pairs(pairs, -1);
        out[0] = sum<pairs>(all, &d[0]);
        out[T - 1] = sum<pairs>(all, &d[1]);
        input_pairs<0>(d, out);
    }

    // Aᵀ m. The rows alternate between even and odd powers, so pairs come in as sum or difference.
    static INLINE void transform_output(const Vector (&m)[T], Vector (&out)[R]) {
        Vector even[pairs], odd[pairs];
        UNROLL for (int i = 0; i < pairs; i++) {
            even[i] = m[2 * i + 1] + m[2 * i + 2];
            odd[i] = m[2 * i + 1] - m[2 * i + 2];
        }
        UNROLL for (int r = 0; r < R; r++) {
            out[r] = r % 2 ? odd[0] : even[0];
            UNROLL for (int i = 1; i < pairs; i++)
                out[r] += float(power(pair_points[i], r)) * (r % 2 ? odd[i] : even[i]);
        }
        out[0] += m[0];
        out[R - 1] += m[T - 1];
    }

private:
    // Σ q_k d[2k]; the highest coefficient is 1.
    template <int degree>
    static INLINE Vector sum(const Polynomial &q, const Vector *d) {
        Vector total = d[2 * degree];
        UNROLL for (int k = 0; k < degree; k++) total += float(q.coefficient[k]) * d[2 * k];
        return total;
    }

    template <int i>
    static INLINE void input_pairs(const Vector (&d)[T], Vector (&out)[T]) {
        if constexpr (i < pairs) {
            constexpr Polynomial others = product_of_pairs(pairs, i);
            const Vector even = sum<pairs - 1>(others, &d[2]);
            const Vector odd = float(pair_points[i]) * sum<pairs - 1>(others, &d[1]);
            out[2 * i + 1] = even + odd;
            out[2 * i + 2] = even - odd;
            input_pairs<i + 1>(d, out);
        }
    }
};
