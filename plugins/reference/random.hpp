// SPDX-License-Identifier: Apache-2.0
// Numbers by chance, for the operators that draw them.
#ifndef TENON_REFERENCE_RANDOM_HPP_
#define TENON_REFERENCE_RANDOM_HPP_

#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>

#include "operator.hpp"

namespace tenon::reference {

/// MT19937. Without a seed each one draws other numbers; with one, the same on every machine.
class Random {
 public:
  explicit Random(std::optional<uint32_t> seed) : engine_(seed ? *seed : std::random_device()()) {}
  /// By the attribute "seed" of the Random* operators, Bernoulli and Multinomial, a float. A whole number gives the
  /// uniform and normal numbers of ONNX's reference implementation.
  explicit Random(const kit::Attributes& attributes) : Random(seed_of(attributes)) {}

  /// In [0, 1): 53 bits of two words, as ONNX's own examples draw them.
  double uniform() {
    const auto high = static_cast<uint64_t>(engine_() >> 5);
    const auto low = static_cast<uint64_t>(engine_() >> 6);
    return static_cast<double>(high << 26 | low) * 0x1p-53;
  }
  /// Of mean 0 and deviation 1: G. Marsaglia and T. A. Bray, A Convenient Method for Generating Normal Variables, 1964.
  double normal() {
    if (second_) return *std::exchange(second_, std::nullopt);
    double x, y, square;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    second_ = x * factor;
    return y * factor;
  }

 private:
  static std::optional<uint32_t> seed_of(const kit::Attributes& attributes) {
    if (!attributes.has("seed")) return std::nullopt;
    const double seed = attributes.number("seed");
    const bool whole = seed >= 0 && seed < 0x1p32 && std::floor(seed) == seed;
    return whole ? static_cast<uint32_t>(seed) : std::bit_cast<uint32_t>(static_cast<float>(seed));
  }

  std::mt19937 engine_;
  std::optional<double> second_;
};

/// Output 0, of these dims and a float type, from draw(Random&) in row-major order.
template <class F>
void draw_output(Context& c, Dims dims, F&& draw) {
  Random random(c.attributes());
  Output& y = c.output(0, std::move(dims));
  kit::dispatch(kit::kFloats, y.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < y.count(); ++i) {
      if (i % 65536 == 0) c.check();
      y.data<T>()[i] = kit::narrow<T>(draw(random));
    }
  });
}

inline void draw_normal(Context& c, Dims dims) {
  const double mean = c.attributes().number("mean", 0), scale = c.attributes().number("scale", 1);
  draw_output(c, std::move(dims), [=](Random& random) { return mean + scale * random.normal(); });
}

inline void draw_uniform(Context& c, Dims dims) {
  const double low = c.attributes().number("low", 0), high = c.attributes().number("high", 1);
  draw_output(c, std::move(dims), [=](Random& random) { return low + (high - low) * random.uniform(); });
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_RANDOM_HPP_
