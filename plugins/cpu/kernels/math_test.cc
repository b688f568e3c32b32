// SPDX-License-Identifier: Apache-2.0
// The stated errors of math.hpp and activation.hpp, against double precision over a dense sweep of floats.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "kernels/activation.hpp"

namespace tenon::cpu {
namespace {

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

// Floats of both signs, evenly spread over the bit patterns with |x| <= most.
std::vector<float> sweep(float most) {
  std::vector<float> out;
  for (float x = 1e-7f; x <= most; x *= 1.0003f) {
    out.push_back(x);
    out.push_back(-x);
  }
  out.push_back(0.0f);
  return out;
}

std::vector<float> run(Activation f, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  apply(f, x.data(), y.data(), static_cast<int64_t>(x.size()));
  return y;
}

double ulp(double exact) {
  const float e = static_cast<float>(std::fabs(exact));
  return std::nextafter(e, kInf) - e;
}

struct Bound {
  Activation f;
  double (*exact)(double);
  float most;
  double (*allowed)(double x, double y);
};

class MathBound : public ::testing::TestWithParam<Bound> {};

TEST_P(MathBound, HoldsOverTheRange) {
  const Bound& b = GetParam();
  const std::vector<float> x = sweep(b.most);
  const std::vector<float> y = run(b.f, x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = b.exact(x[i]);
    ASSERT_LE(std::fabs(y[i] - exact), b.allowed(x[i], exact))
        << name_of(b.f.function) << "(" << x[i] << ") is " << y[i] << ", expected " << exact;
  }
}

double positive_log(double x) { return x > 0 ? std::log(x) : 0.0; }

INSTANTIATE_TEST_SUITE_P(
    Functions, MathBound,
    ::testing::Values(
        Bound{
            {Function::kExp}, [](double x) { return std::exp(x); }, 86.6f, [](double, double y) { return 2 * ulp(y); }},
        Bound{{Function::kTanh},
              [](double x) { return std::tanh(x); },
              50.0f,
              [](double, double y) { return 4 * ulp(y); }},
        Bound{{Function::kSigmoid},
              [](double x) { return 1 / (1 + std::exp(-x)); },
              80.0f,
              [](double, double y) { return 5 * ulp(y); }},
        Bound{{Function::kErf}, [](double x) { return std::erf(x); }, 8.0f, [](double, double) { return 2e-7; }},
        Bound{{Function::kGelu},
              [](double x) { return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5))); },
              20.0f,
              [](double x, double) { return 3e-7 * std::max(1.0, std::fabs(x)); }},
        Bound{{Function::kGeluTanh},
              [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); },
              20.0f,
              [](double x, double) { return 4e-7 * std::max(1.0, std::fabs(x)); }},
        Bound{{Function::kSoftplus},
              [](double x) { return std::log1p(std::exp(x)); },
              80.0f,
              [](double x, double) { return 3e-7 * std::max(1.0, std::fabs(x)); }},
        Bound{{Function::kElu, 1.0f},
              [](double x) { return x < 0 ? std::expm1(x) : x; },
              80.0f,
              [](double x, double) { return 3e-7 * std::max(1.0, x); }},
        Bound{{Function::kSwish, 1.0f},
              [](double x) { return x / (1 + std::exp(-x)); },
              80.0f,
              [](double, double y) { return 6 * ulp(y); }},
        Bound{{Function::kFloor}, [](double x) { return std::floor(x); }, 1e10f, [](double, double) { return 0.0; }},
        Bound{{Function::kCeil}, [](double x) { return std::ceil(x); }, 1e10f, [](double, double) { return 0.0; }}));

TEST(Math, LogHoldsItsBound) {
  for (float x : sweep(1e30f)) {
    if (x <= 0) continue;
    const float y = run({Function::kLog}, {x})[0];
    const double exact = positive_log(x);
    ASSERT_LE(std::fabs(y - exact), 3 * ulp(exact)) << x;
  }
}

TEST(Math, SpecialValues) {
  EXPECT_EQ(run({Function::kExp}, {-kInf})[0], 0.0f);
  EXPECT_EQ(run({Function::kExp}, {kInf})[0], kInf);
  EXPECT_EQ(run({Function::kExp}, {0.0f})[0], 1.0f);
  EXPECT_EQ(run({Function::kTanh}, {kInf})[0], 1.0f);
  EXPECT_EQ(run({Function::kTanh}, {-kInf})[0], -1.0f);
  EXPECT_EQ(run({Function::kErf}, {-kInf})[0], -1.0f);
  EXPECT_EQ(run({Function::kSigmoid}, {-kInf})[0], 0.0f);
  EXPECT_EQ(run({Function::kSigmoid}, {kInf})[0], 1.0f);
  EXPECT_EQ(run({Function::kLog}, {0.0f})[0], -kInf);
  EXPECT_EQ(run({Function::kLog}, {kInf})[0], kInf);
  EXPECT_TRUE(std::isnan(run({Function::kLog}, {-1.0f})[0]));
  EXPECT_TRUE(std::signbit(run({Function::kNeg}, {0.0f})[0]));
  EXPECT_EQ(run({Function::kFloor}, {-0.5f})[0], -1.0f);
}

TEST(Math, EveryFunctionPassesNaN) {
  for (int f = 0; f <= static_cast<int>(Function::kCos); ++f) {
    const Activation a{static_cast<Function>(f), -1.0f, 1.0f};
    for (size_t n : {size_t{1}, size_t{16}, size_t{33}}) {
      for (float y : run(a, std::vector<float>(n, kNan)))
        EXPECT_TRUE(std::isnan(y)) << name_of(a.function) << " of " << n;
    }
  }
}

}  // namespace
}  // namespace tenon::cpu
