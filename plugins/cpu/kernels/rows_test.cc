// SPDX-License-Identifier: Apache-2.0
// Softmax, layer normalization, reductions, broadcasting and copies against plain loops.
#include <algorithm>
#include <numeric>

#include "kernels/binary.hpp"
#include "kernels/move.hpp"
#include "kernels/norm.hpp"
#include "kernels/reduce.hpp"
#include "kernels/testing.hpp"

namespace tenon::cpu {
namespace {

using testing::random_floats;
using testing::same_bits;
using Dims = std::vector<int64_t>;

TEST(Softmax, MatchesPlainLoopsAlongAnyAxis) {
  for (const Dims& d :
       {Dims{3, 5, 1}, Dims{2, 40, 1}, Dims{700, 33, 1}, Dims{2, 7, 19}, Dims{40, 9, 100}, Dims{1, 1, 1}}) {
    const auto x = random_floats(d[0] * d[1] * d[2], 1);
    for (const bool logarithm : {false, true}) {
      std::vector<double> want(x.size());
      for (int64_t o = 0; o < d[0]; ++o)
        for (int64_t i = 0; i < d[2]; ++i) {
          double sum = 0;
          const auto at = [&](int64_t a) { return static_cast<size_t>((o * d[1] + a) * d[2] + i); };
          for (int64_t a = 0; a < d[1]; ++a) sum += std::exp(static_cast<double>(x[at(a)]));
          for (int64_t a = 0; a < d[1]; ++a)
            want[at(a)] = logarithm ? x[at(a)] - std::log(sum) : std::exp(static_cast<double>(x[at(a)])) / sum;
        }
      const auto run = [&](const Parallel& parallel) {
        std::vector<float> y(x.size());
        softmax(x.data(), y.data(), d[0], d[1], d[2], logarithm, parallel);
        return y;
      };
      testing::expect_near(same_bits(run, "softmax"), want, 2e-6, plugin::cat("dims ", std::span<const int64_t>(d)));
    }
  }
}

TEST(Softmax, MaskedElementsAreExactlyZeroAndNaNSpreadsOverItsRow) {
  const float inf = __builtin_inff();
  std::vector<float> x = {1.0f, -inf, 2.0f, std::nanf(""), 1.0f, 1.0f};
  std::vector<float> y(6);
  softmax(x.data(), y.data(), 2, 3, 1, false, {});
  EXPECT_EQ(y[1], 0.0f);
  EXPECT_NEAR(y[0] + y[2], 1.0f, 1e-6f);
  for (int i = 3; i < 6; ++i) EXPECT_TRUE(std::isnan(y[static_cast<size_t>(i)]));
}

TEST(LayerNorm, MatchesPlainLoopsAndAddsTheResidual) {
  for (const int64_t width : {1, 15, 16, 100, 768}) {
    const int64_t rows = 40;
    const auto x = random_floats(rows * width, 1);
    const auto add = random_floats(rows * width, 2);
    const auto scale = random_floats(width, 3);
    const auto bias = random_floats(width, 4);
    std::vector<double> want;
    for (int64_t r = 0; r < rows; ++r) {
      double mean = 0;
      double var = 0;
      const auto at = [&](int64_t i) {
        return static_cast<double>(x[static_cast<size_t>(r * width + i)] + add[static_cast<size_t>(r * width + i)]);
      };
      for (int64_t i = 0; i < width; ++i) mean += at(i) / static_cast<double>(width);
      for (int64_t i = 0; i < width; ++i) var += (at(i) - mean) * (at(i) - mean) / static_cast<double>(width);
      for (int64_t i = 0; i < width; ++i)
        want.push_back((at(i) - mean) / std::sqrt(var + 1e-3) * scale[static_cast<size_t>(i)] +
                       bias[static_cast<size_t>(i)]);
    }
    LayerNorm p;
    p.rows = rows;
    p.width = width;
    p.epsilon = 1e-3f;
    p.scale = scale.data();
    p.bias = bias.data();
    p.residual = add.data();
    const auto run = [&](const Parallel& parallel) {
      std::vector<float> y(x.size());
      layer_norm(p, x.data(), y.data(), parallel);
      return y;
    };
    testing::expect_near(same_bits(run, "layer_norm"), want, 2e-5, plugin::cat("width ", width));
  }
}

struct Reduction {
  Dims dims;
  std::vector<bool> reduced;
};

TEST(Reduce, MatchesPlainLoopsOverAnyAxes) {
  const Reduction cases[] = {{{4, 5, 6}, {false, true, false}},
                             {{4, 5, 6}, {true, false, true}},
                             {{300, 70}, {true, false}},
                             {{300, 70}, {false, true}},
                             {{2, 3, 4, 5}, {true, true, true, true}},
                             {{2, 3, 4, 5}, {false, true, true, false}},
                             {{6, 1, 50}, {false, true, false}},
                             {{33}, {true}},
                             {{20000}, {true}},
                             {{3, 20000}, {true, false}}};
  for (const Reduction& c : cases) {
    const int64_t n = std::accumulate(c.dims.begin(), c.dims.end(), int64_t{1}, std::multiplies<>());
    const auto x = random_floats(n, 1);
    const ReducePlan plan(c.dims, c.reduced);
    std::vector<double> sum(static_cast<size_t>(plan.outputs()));
    std::vector<double> most(sum.size(), -1e30);
    for (int64_t i = 0; i < n; ++i) {
      int64_t rest = i;
      int64_t at = 0;
      int64_t step = 1;
      for (size_t a = c.dims.size(); a-- > 0;) {
        if (!c.reduced[a]) {
          at += rest % c.dims[a] * step;
          step *= c.dims[a];
        }
        rest /= c.dims[a];
      }
      sum[static_cast<size_t>(at)] += x[static_cast<size_t>(i)];
      most[static_cast<size_t>(at)] =
          std::max(most[static_cast<size_t>(at)], static_cast<double>(x[static_cast<size_t>(i)]));
    }
    const auto run = [&](ReduceOp op) {
      return same_bits(
          [&](const Parallel& parallel) {
            std::vector<float> y(sum.size());
            plan.run(op, x.data(), y.data(), parallel);
            return y;
          },
          "reduce");
    };
    testing::expect_near(run(ReduceOp::kSum), sum, 1e-2, "sum");
    testing::expect_near(run(ReduceOp::kMax), most, 0.0, "max");
    for (double& s : sum) s /= static_cast<double>(plan.count());
    testing::expect_near(run(ReduceOp::kMean), sum, 1e-5, "mean");
  }
}

TEST(Binary, BroadcastsAsNumpyDoes) {
  const Dims out = {3, 4, 5};
  for (const auto& [a_dims, b_dims] : std::vector<std::pair<Dims, Dims>>{{{3, 4, 5}, {3, 4, 5}},
                                                                         {{3, 4, 5}, {5}},
                                                                         {{3, 4, 5}, {4, 1}},
                                                                         {{3, 1, 5}, {1, 4, 1}},
                                                                         {{3, 4, 5}, {}},
                                                                         {{1}, {3, 4, 5}}}) {
    const auto size = [](const Dims& d) {
      return std::accumulate(d.begin(), d.end(), int64_t{1}, std::multiplies<>());
    };
    const auto a = random_floats(size(a_dims), 1);
    const auto b = random_floats(size(b_dims), 2);
    const auto sa = broadcast_strides(a_dims, out);
    const auto sb = broadcast_strides(b_dims, out);
    std::vector<float> want;
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t j = 0; j < 4; ++j)
        for (int64_t k = 0; k < 5; ++k)
          want.push_back(a[static_cast<size_t>(i * sa[0] + j * sa[1] + k * sa[2])] -
                         b[static_cast<size_t>(i * sb[0] + j * sb[1] + k * sb[2])]);
    std::vector<float> y(60);
    binary(BinaryOp::kSub, broadcast_loops<3>({a_dims, b_dims}, out), a.data(), b.data(), y.data(), {});
    EXPECT_EQ(y, want);
  }
}

TEST(Binary, MaxAndMinGiveNaNFromEitherSide) {
  const float nan = std::nanf("");
  const std::vector<float> a = {nan, 1.0f, 2.0f};
  const std::vector<float> b = {1.0f, nan, 1.0f};
  const auto nest = broadcast_loops<3>({Dims{3}, Dims{3}}, Dims{3});
  std::vector<float> y(3);
  for (const BinaryOp op : {BinaryOp::kMax, BinaryOp::kMin}) {
    binary(op, nest, a.data(), b.data(), y.data(), {});
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_TRUE(std::isnan(y[1]));
    EXPECT_EQ(y[2], op == BinaryOp::kMax ? 2.0f : 1.0f);
  }
}

TEST(Move, CopiesAnyPermutationOfAnySize) {
  const Dims dims = {3, 20, 17, 4};
  const std::vector<int64_t> own = dense_strides(dims);
  std::vector<uint8_t> x(static_cast<size_t>(3 * 20 * 17 * 4) * 16);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(i * 7 + i / 251);
  Dims perm = {0, 1, 2, 3};
  do {
    for (const int64_t size : {1, 2, 4, 8, 16}) {
      Dims out;
      Dims from;
      for (const int64_t p : perm) {
        out.push_back(dims[static_cast<size_t>(p)]);
        from.push_back(own[static_cast<size_t>(p)]);
      }
      const Dims to = dense_strides(out);
      std::vector<uint8_t> y(x.size() / 16 * static_cast<size_t>(size));
      copy_strided(size, copy_plan(out, from, to), x.data(), y.data(), testing::backwards());
      for (int64_t i = 0; i < 3 * 20 * 17 * 4; ++i) {
        int64_t rest = i;
        int64_t at = 0;
        for (size_t a = 4; a-- > 0;) {
          at += rest % out[a] * from[a];
          rest /= out[a];
        }
        ASSERT_EQ(0, std::memcmp(y.data() + i * size, x.data() + at * size, static_cast<size_t>(size)));
      }
    }
  } while (std::next_permutation(perm.begin(), perm.end()));
}

}  // namespace
}  // namespace tenon::cpu
