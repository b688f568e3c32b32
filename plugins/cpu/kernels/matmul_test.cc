// SPDX-License-Identifier: Apache-2.0
// Products: own packed kernels against plain loops, OpenBLAS from eight threads at once, the LSTM built on them.
#include "kernels/matmul.hpp"

#include <omp.h>

#include "kernels/attention.hpp"
#include "kernels/blas.hpp"
#include "kernels/lstm.hpp"
#include "kernels/testing.hpp"

namespace tenon::cpu {
namespace {

using testing::random_floats;
using testing::same_bits;

struct Size {
  int64_t m, k, n;
};
const Size kSizes[] = {{1, 1, 1},    {1, 7, 100},   {3, 300, 5},   {14, 16, 32},   {15, 33, 31},
                       {29, 64, 48}, {128, 96, 70}, {200, 17, 33}, {500, 40, 129}, {5, 0, 9}};

TEST(MatMul, PackedMatchesPlainLoops) {
  for (const Size& s : kSizes) {
    for (const bool transposed : {false, true}) {  // of x
      const std::string what = plugin::cat(s.m, "x", s.k, "x", s.n, transposed ? " transposed" : "");
      const auto x = random_floats(s.m * s.k, 1);
      const auto w = random_floats(s.k * s.n, 2);
      const auto bias = random_floats(s.n, 3);
      const auto residual = random_floats(s.m * s.n, 4);
      std::vector<float> packed(static_cast<size_t>(packed_b_floats(s.k, s.n)) + 1);
      pack_b(w.data(), s.n, 1, s.k, s.n, 0, ceil_div(s.n, kCols), packed.data());
      const int64_t rs = transposed ? 1 : s.k;
      const int64_t cs = transposed ? s.m : 1;
      std::vector<double> want;
      for (int64_t i = 0; i < s.m; ++i)
        for (int64_t j = 0; j < s.n; ++j) {
          double sum = bias[static_cast<size_t>(j)] + residual[want.size()];
          for (int64_t k = 0; k < s.k; ++k)
            sum += static_cast<double>(x[static_cast<size_t>(i * rs + k * cs)]) * w[static_cast<size_t>(k * s.n + j)];
          want.push_back(std::max(sum, 0.0));
        }
      const MatPlan plan(s.m, s.k, s.n);
      const auto run = [&](const Parallel& parallel) {
        MatOut out;
        std::vector<float> y(static_cast<size_t>(s.m * s.n), -7.0f);
        std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats()) + 1);
        out.y = y.data();
        out.bias = bias.data();
        out.residual = residual.data();
        out.activation = {Function::kClamp, 0.0f, 1e9f};
        plan.run(x.data(), rs, cs, packed.data(), out, scratch.data(), parallel);
        return y;
      };
      testing::expect_near(same_bits(run, what), want, 1e-6 * static_cast<double>(s.k + 10), what);
    }
  }
}

TEST(MatMul, PackingWeightsThatLieTransposedGivesTheSameBytes) {
  const int64_t k = 19;
  const int64_t n = 45;
  const auto w = random_floats(k * n, 5);
  std::vector<float> turned(w.size());
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < n; ++j) turned[static_cast<size_t>(j * k + i)] = w[static_cast<size_t>(i * n + j)];
  std::vector<float> a(static_cast<size_t>(packed_b_floats(k, n)));
  std::vector<float> b = a;
  pack_b(w.data(), n, 1, k, n, 0, ceil_div(n, kCols), a.data());
  pack_b(turned.data(), 1, k, k, n, 0, ceil_div(n, kCols), b.data());
  EXPECT_EQ(a, b);
}

TEST(Blas, BatchedProductsHaveTheSameBitsOnAnyThreads) {
  const int64_t batch = 6;
  const Size s{70, 33, 50};
  const auto a = random_floats(batch * s.m * s.k, 1);
  const auto b = random_floats(batch * s.k * s.n, 2);
  std::vector<int64_t> a_at;
  std::vector<int64_t> b_at;
  for (int64_t i = 0; i < batch; ++i) {
    a_at.push_back(i * s.m * s.k);
    b_at.push_back((batch - 1 - i) * s.k * s.n);
  }
  BatchedProduct p;
  p.m = s.m;
  p.k = s.k;
  p.n = s.n;
  p.alpha = 0.5f;
  p.batch = batch;
  p.a_offsets = a_at.data();
  p.b_offsets = b_at.data();
  const auto y = same_bits(
      [&](const Parallel& parallel) {
        std::vector<float> out(static_cast<size_t>(batch * s.m * s.n));
        batched_product(p, a.data(), b.data(), out.data(), parallel);
        return out;
      },
      "batch");
  double sum = 0;
  for (int64_t k = 0; k < s.k; ++k)
    sum += static_cast<double>(a[static_cast<size_t>(k)]) * b[static_cast<size_t>((batch - 1) * s.k * s.n + k * s.n)];
  EXPECT_NEAR(y[0], 0.5 * sum, 1e-5);
}

TEST(Blas, EightThreadsAtOnceGetTheBitsOfOne) {
  const Size s{61, 200, 90};
  const auto a = random_floats(s.m * s.k, 1);
  const auto b = random_floats(s.k * s.n, 2);
  const auto product = [&] {
    std::vector<float> c(static_cast<size_t>(s.m * s.n));
    sgemm(false, false, s.m, s.n, s.k, 1.0f, a.data(), s.k, b.data(), s.n, c.data(), s.n);
    return c;
  };
  const std::vector<float> want = product();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) wrong += product() == want ? 0 : 1;
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Blas, LeavesTheCallersOpenMpThreadCountAlone) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(5);
  float a = 2.0f;
  float c = 0.0f;
  sgemm(false, false, 1, 1, 1, 1.0f, &a, 1, &a, 1, &c, 1);
  EXPECT_EQ(c, 4.0f);
  EXPECT_EQ(omp_get_max_threads(), 5);
  omp_set_num_threads(before);
}

// Plain loops over the ONNX definition, one direction.
std::vector<double> lstm_loops(int64_t steps, int64_t batch, int64_t input, int64_t hidden, bool reverse,
                               const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& r,
                               const std::vector<float>& bias, const std::vector<float>& peep) {
  const auto at = [](const std::vector<float>& v, int64_t i) { return static_cast<double>(v[static_cast<size_t>(i)]); };
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  std::vector<double> h(static_cast<size_t>(batch * hidden));
  std::vector<double> c = h;
  std::vector<double> y(static_cast<size_t>(steps * batch * hidden));
  for (int64_t s = 0; s < steps; ++s) {
    const int64_t t = reverse ? steps - 1 - s : s;
    for (int64_t b = 0; b < batch; ++b) {
      std::vector<double> before(h.begin() + b * hidden, h.begin() + (b + 1) * hidden);
      for (int64_t j = 0; j < hidden; ++j) {
        double gate[4];
        for (int64_t g = 0; g < 4; ++g) {
          const int64_t row = g * hidden + j;
          gate[g] = at(bias, row) + at(bias, 4 * hidden + row);
          for (int64_t i = 0; i < input; ++i) gate[g] += at(w, row * input + i) * at(x, (t * batch + b) * input + i);
          for (int64_t i = 0; i < hidden; ++i) gate[g] += at(r, row * hidden + i) * before[static_cast<size_t>(i)];
        }
        double& state = c[static_cast<size_t>(b * hidden + j)];
        const double in = sigmoid(gate[0] + at(peep, j) * state);
        const double forget = sigmoid(gate[2] + at(peep, 2 * hidden + j) * state);
        state = forget * state + in * std::tanh(gate[3]);
        const double out = sigmoid(gate[1] + at(peep, hidden + j) * state);
        h[static_cast<size_t>(b * hidden + j)] = out * std::tanh(state);
        y[static_cast<size_t>((t * batch + b) * hidden + j)] = h[static_cast<size_t>(b * hidden + j)];
      }
    }
  }
  return y;
}

TEST(Lstm, MatchesPlainLoopsInBothDirections) {
  const int64_t steps = 5;
  const int64_t batch = 3;
  const int64_t input = 7;
  const int64_t hidden = 21;
  const auto x = random_floats(steps * batch * input, 1);
  const auto w = random_floats(4 * hidden * input, 2);
  const auto r = random_floats(4 * hidden * hidden, 3);
  const auto bias = random_floats(8 * hidden, 4);
  const auto peep = random_floats(3 * hidden, 5);
  std::vector<float> packed_w(static_cast<size_t>(packed_b_floats(input, 4 * hidden)));
  std::vector<float> packed_r(static_cast<size_t>(packed_b_floats(hidden, 4 * hidden)));
  pack_b(w.data(), 1, input, input, 4 * hidden, 0, ceil_div(4 * hidden, kCols), packed_w.data());
  pack_b(r.data(), 1, hidden, hidden, 4 * hidden, 0, ceil_div(4 * hidden, kCols), packed_r.data());
  const LstmPlan plan(steps, batch, input, hidden);
  for (const bool reverse : {false, true}) {
    const auto run = [&](const Parallel& parallel) {
      std::vector<float> y(static_cast<size_t>(steps * batch * hidden));
      std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats()));
      LstmDirection d;
      d.x = x.data();
      d.packed_w = packed_w.data();
      d.packed_r = packed_r.data();
      d.bias = bias.data();
      d.peephole = peep.data();
      d.reverse = reverse;
      d.y = y.data();
      d.y_step = batch * hidden;
      plan.run(d, scratch.data(), parallel);
      return y;
    };
    testing::expect_near(same_bits(run, "lstm"), lstm_loops(steps, batch, input, hidden, reverse, x, w, r, bias, peep),
                         1e-5, "lstm");
  }
}

// `wide_mask`: one row of masks a query, or one for all. `one_query`, `one_key`: Q has one row, K one column.
void expect_attention(const std::array<int64_t, 4>& dims, bool wide_mask, bool one_query, bool one_key) {
  const auto& [queries, keys, depth, width] = dims;
  const std::string what =
      plugin::cat(queries, "x", keys, "x", depth, "x", width, one_query ? " one query" : "", one_key ? " one key" : "");
  const int64_t rows = one_query ? 1 : queries;
  const int64_t cols = one_key ? 1 : keys;
  const auto q = random_floats(2 * rows * depth, 1);
  const auto k = random_floats(2 * depth * cols, 2);
  const auto v = random_floats(2 * keys * width, 3);
  auto mask = random_floats((wide_mask ? queries : 1) * keys, 4);
  mask[0] = -__builtin_inff();
  AttentionDims d;
  d.queries = queries;
  d.keys = keys;
  d.depth = depth;
  d.width = width;
  d.one_query = one_query;
  d.one_key = one_key;
  d.q = {0, rows * depth};
  d.k = {0, depth * cols};
  d.v = {0, keys * width};
  d.mask = {0, 0};
  d.mask_row = wide_mask ? keys : 0;
  d.mask_col = 1;
  d.y = {0, width};  // the two products side by side
  d.y_row = 2 * width;
  d.scale = 0.5f;
  d.nan_is_zero = true;
  std::vector<double> want(static_cast<size_t>(2 * queries * width));
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t i = 0; i < queries; ++i) {
      std::vector<double> p;
      double sum = 0;
      for (int64_t j = 0; j < keys; ++j) {
        double s = 0;
        for (int64_t t = 0; t < depth; ++t)
          s += static_cast<double>(q[static_cast<size_t>((b * rows + (one_query ? 0 : i)) * depth + t)]) *
               k[static_cast<size_t>((b * depth + t) * cols + (one_key ? 0 : j))];
        p.push_back(std::exp(0.5 * s + mask[static_cast<size_t>(wide_mask ? i * keys + j : j)]));
        sum += p.back();
      }
      for (int64_t c = 0; c < width; ++c) {
        double y = 0;
        for (int64_t j = 0; j < keys && sum > 0; ++j)
          y += p[static_cast<size_t>(j)] / sum * v[static_cast<size_t>((b * keys + j) * width + c)];
        want[static_cast<size_t>((i * 2 + b) * width + c)] = y;
      }
    }
  const AttentionPlan plan(d);
  const auto run = [&](const Parallel& parallel) {
    std::vector<float> y(want.size());
    std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats(parallel.workers)));
    plan.run(q.data(), k.data(), v.data(), mask.data(), y.data(), scratch.data(), parallel);
    return y;
  };
  testing::expect_near(same_bits(run, what), want, 2e-6, what);
}

TEST(Attention, MatchesPlainLoops) {
  for (const auto& dims :
       std::vector<std::array<int64_t, 4>>{{1, 1, 1, 1}, {5, 40, 8, 3}, {70, 33, 16, 20}, {33, 130, 64, 64}}) {
    for (const bool wide_mask : {false, true}) expect_attention(dims, wide_mask, false, false);
    expect_attention(dims, true, true, false);
    expect_attention(dims, true, false, true);
    expect_attention(dims, true, true, true);
  }
}

}  // namespace
}  // namespace tenon::cpu
