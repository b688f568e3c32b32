// SPDX-License-Identifier: Apache-2.0
// Convolution, depthwise convolution and pooling against plain loops in double precision.
#include "kernels/conv.hpp"

#include "kernels/planes.hpp"
#include "kernels/testing.hpp"

namespace tenon::cpu {
namespace {

using testing::random_floats;
using testing::same_bits;

std::vector<double> conv_loops(const ConvDims& d, const std::vector<float>& x, const std::vector<float>& w,
                               const std::vector<float>& bias, const std::vector<float>& residual, float low) {
  std::vector<double> y;
  for (int64_t n = 0; n < d.n; ++n)
    for (int64_t oc = 0; oc < d.groups * d.ocg; ++oc)
      for (int64_t oy = 0; oy < d.oh; ++oy)
        for (int64_t ox = 0; ox < d.ow; ++ox) {
          double sum = bias[static_cast<size_t>(oc)];
          for (int64_t ic = 0; ic < d.icg; ++ic)
            for (int64_t i = 0; i < d.kh; ++i)
              for (int64_t j = 0; j < d.kw; ++j) {
                const int64_t iy = oy * d.sh + i * d.dh - d.pad_top;
                const int64_t ix = ox * d.sw + j * d.dw - d.pad_left;
                if (iy < 0 || iy >= d.ih || ix < 0 || ix >= d.iw) continue;
                const int64_t c = n * d.groups * d.icg + oc / d.ocg * d.icg + ic;
                sum += static_cast<double>(x[static_cast<size_t>((c * d.ih + iy) * d.iw + ix)]) *
                       w[static_cast<size_t>(((oc * d.icg + ic) * d.kh + i) * d.kw + j)];
              }
          sum += residual[y.size()];
          y.push_back(std::max(sum, static_cast<double>(low)));
        }
  return y;
}

ConvDims make(int64_t n, int64_t groups, int64_t icg, int64_t h, int64_t w, int64_t ocg, int64_t k, int64_t s,
              int64_t d, int64_t pad) {
  ConvDims c;
  c.n = n;
  c.groups = groups;
  c.icg = icg;
  c.ih = h;
  c.iw = w;
  c.ocg = ocg;
  c.kh = k;
  c.kw = k;
  c.sh = c.sw = s;
  c.dh = c.dw = d;
  c.pad_top = pad;
  c.pad_left = pad;
  c.oh = (h + 2 * pad - (k - 1) * d - 1) / s + 1;
  c.ow = (w + 2 * pad - (k - 1) * d - 1) / s + 1;
  return c;
}

const ConvDims kConvs[] = {
    make(1, 1, 3, 5, 7, 4, 3, 1, 1, 1),     make(2, 1, 5, 9, 9, 17, 1, 1, 1, 0), make(1, 1, 3, 17, 19, 33, 7, 2, 1, 3),
    make(1, 2, 4, 8, 8, 6, 3, 1, 1, 1),     make(1, 1, 8, 7, 7, 40, 3, 2, 1, 1), make(1, 1, 4, 12, 50, 5, 3, 1, 2, 2),
    make(1, 1, 20, 30, 30, 30, 3, 1, 1, 1), make(3, 1, 2, 1, 1, 3, 1, 1, 1, 0),  make(1, 1, 64, 14, 14, 90, 1, 1, 1, 0),
    make(1, 1, 3, 4, 4, 2, 3, 3, 1, 4),
};

TEST(Conv, BothPackingsMatchPlainLoops) {
  for (const ConvDims& d : kConvs) {
    for (const ConvPacking packing : {ConvPacking::kRows, ConvPacking::kCols}) {
      const std::string what = plugin::cat("k", d.kh, " s", d.sh, " ", d.groups, "x", d.icg, "->", d.ocg, " on ", d.ih,
                                           "x", d.iw, packing == ConvPacking::kRows ? " rows" : " cols");
      const auto x = random_floats(d.n * d.groups * d.icg * d.ih * d.iw, 1);
      const auto w = random_floats(d.groups * d.ocg * d.k(), 2);
      const auto bias = random_floats(d.groups * d.ocg, 3);
      const auto residual = random_floats(d.n * d.groups * d.ocg * d.pixels(), 4);
      std::vector<float> packed(static_cast<size_t>(packed_weight_floats(packing, d.groups, d.ocg, d.k())));
      pack_weights(packing, d.groups, d.ocg, d.k(), w.data(), packed.data());
      const ConvPlan plan(d, packing);
      const auto run = [&](const Parallel& parallel) {
        std::vector<float> y(residual.size(), -7.0f);
        std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats(parallel.workers)));
        ConvOut out{bias.data(), residual.data(), {Function::kClamp, -0.5f, 1e9f}, y.data()};
        plan.run(x.data(), packed.data(), out, scratch.data(), parallel);
        return y;
      };
      testing::expect_near(same_bits(run, what), conv_loops(d, x, w, bias, residual, -0.5f),
                           1e-6 * static_cast<double>(d.k() + 10), what);
    }
  }
}

TEST(Conv, NaNPassesTheClampAndOtherActivationsFollowTheSum) {
  const ConvDims d = make(1, 1, 1, 1, 40, 3, 1, 1, 1, 0);
  std::vector<float> x(40, std::nanf(""));
  x[1] = -1.0f;
  const std::vector<float> w = {1.0f, 2.0f, 3.0f};
  for (const ConvPacking packing : {ConvPacking::kRows, ConvPacking::kCols}) {
    std::vector<float> packed(64);
    pack_weights(packing, 1, 3, 1, w.data(), packed.data());
    const ConvPlan plan(d, packing);
    std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats(1)));
    std::vector<float> y(120);
    plan.run(x.data(), packed.data(), {nullptr, nullptr, {Function::kClamp, 0.0f, 6.0f}, y.data()}, scratch.data(), {});
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_TRUE(std::isnan(y[119]));
    EXPECT_EQ(y[1], 0.0f);
    plan.run(x.data(), packed.data(), {nullptr, nullptr, {Function::kLeakyRelu, 0.5f}, y.data()}, scratch.data(), {});
    EXPECT_EQ(y[41], -1.0f);
  }
}

PlaneDims plane_dims(const ConvDims& d) {
  PlaneDims p;
  static_cast<WindowDims&>(p) = d;
  p.planes_in = d.n * d.groups;
  p.multiplier = d.ocg;
  p.pad_bottom = d.pad_top;
  p.pad_right = d.pad_left;
  return p;
}

const ConvDims kPlanes[] = {
    make(1, 4, 1, 7, 7, 1, 3, 1, 1, 1),   make(2, 3, 1, 12, 9, 2, 5, 2, 1, 2), make(1, 2, 1, 130, 70, 1, 3, 2, 1, 1),
    make(1, 5, 1, 6, 200, 1, 3, 1, 2, 2), make(1, 2, 1, 9, 9, 1, 3, 3, 2, 0),  make(1, 40, 1, 3, 3, 1, 5, 1, 1, 2),
};

TEST(Planes, DepthwiseMatchesPlainLoops) {
  for (const ConvDims& d : kPlanes) {
    const std::string what = plugin::cat("k", d.kh, " s", d.sh, " d", d.dh, " on ", d.ih, "x", d.iw);
    const auto x = random_floats(d.n * d.groups * d.ih * d.iw, 1);
    const auto w = random_floats(d.groups * d.ocg * d.k(), 2);
    const auto bias = random_floats(d.groups * d.ocg, 3);
    const auto residual = random_floats(d.n * d.groups * d.ocg * d.pixels(), 4);
    const PlanePlan plan(plane_dims(d));
    const auto run = [&](const Parallel& parallel) {
      std::vector<float> y(residual.size());
      std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats(parallel.workers)));
      plan.convolve(x.data(), w.data(), d.groups, bias.data(), residual.data(), {Function::kClamp, 0.0f, 1e9f},
                    y.data(), scratch.data(), parallel);
      return y;
    };
    testing::expect_near(same_bits(run, what), conv_loops(d, x, w, bias, residual, 0.0f), 1e-5, what);
  }
}

TEST(Planes, PoolsMatchPlainLoops) {
  for (const ConvDims& d : kPlanes) {
    if (d.ocg != 1) continue;
    const std::string what = plugin::cat("k", d.kh, " s", d.sh, " d", d.dh, " on ", d.ih, "x", d.iw);
    const auto x = random_floats(d.n * d.groups * d.ih * d.iw, 1);
    std::vector<double> best;
    std::vector<double> mean;
    for (int64_t p = 0; p < d.n * d.groups; ++p)
      for (int64_t oy = 0; oy < d.oh; ++oy)
        for (int64_t ox = 0; ox < d.ow; ++ox) {
          double most = -1e30;
          double sum = 0;
          int count = 0;
          for (int64_t i = 0; i < d.kh; ++i)
            for (int64_t j = 0; j < d.kw; ++j) {
              const int64_t iy = oy * d.sh + i * d.dh - d.pad_top;
              const int64_t ix = ox * d.sw + j * d.dw - d.pad_left;
              if (iy < 0 || iy >= d.ih || ix < 0 || ix >= d.iw) continue;
              const double v = x[static_cast<size_t>((p * d.ih + iy) * d.iw + ix)];
              most = std::max(most, v);
              sum += v;
              ++count;
            }
          best.push_back(most);
          mean.push_back(sum / count);
        }
    const PlanePlan plan(plane_dims(d));
    const auto run = [&](bool max) {
      return [&, max](const Parallel& parallel) {
        std::vector<float> y(best.size());
        std::vector<float> scratch(static_cast<size_t>(plan.workspace_floats(parallel.workers)));
        if (max) {
          plan.max_pool(x.data(), y.data(), scratch.data(), parallel);
        } else {
          plan.average_pool(x.data(), false, y.data(), scratch.data(), parallel);
        }
        return y;
      };
    };
    testing::expect_near(same_bits(run(true), what), best, 0.0, what);
    testing::expect_near(same_bits(run(false), what), mean, 1e-6, what);
  }
}

}  // namespace
}  // namespace tenon::cpu
