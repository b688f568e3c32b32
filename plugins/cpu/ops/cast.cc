// SPDX-License-Identifier: Apache-2.0
// ONNX Cast (form 6) between float32, float64, the integers of 8 to 64 bits and bool. Floats become integers by
// truncation, out-of-range values as the processor converts them; to bool: not equal to zero.
#include "kernels/loops.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct CastPlan : Plan {
  int64_t n = 0;
};

struct Bool {
  uint8_t value;
};

// Calls f with a value of the dtype's C++ type; false when there is none here.
template <class F>
bool with_type(uint32_t dtype, F&& f) {
  switch (dtype) {
    case TENON_FLOAT32:
      return f(float{}), true;
    case TENON_FLOAT64:
      return f(double{}), true;
    case TENON_INT8:
      return f(int8_t{}), true;
    case TENON_INT16:
      return f(int16_t{}), true;
    case TENON_INT32:
      return f(int32_t{}), true;
    case TENON_INT64:
      return f(int64_t{}), true;
    case TENON_UINT8:
      return f(uint8_t{}), true;
    case TENON_UINT16:
      return f(uint16_t{}), true;
    case TENON_UINT32:
      return f(uint32_t{}), true;
    case TENON_UINT64:
      return f(uint64_t{}), true;
    case TENON_BOOL:
      return f(Bool{}), true;
    default:
      return false;
  }
}

template <class To, class From>
To convert(From x) {
  if constexpr (std::is_same_v<From, Bool>) {
    if constexpr (std::is_same_v<To, Bool>)
      return x;
    else
      return static_cast<To>(x.value != 0);
  } else if constexpr (std::is_same_v<To, Bool>) {
    return Bool{static_cast<uint8_t>(x != From{})};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Through int64: narrower casts of what does not fit are undefined in C++.
    if (!(x > static_cast<From>(-9.2233720368547748e18) && x < static_cast<From>(9.2233720368547748e18))) {
      if constexpr (std::is_same_v<To, uint64_t>)
        if (x > 0 && x < static_cast<From>(1.8446744073709550e19)) return static_cast<To>(x);
      return static_cast<To>(INT64_MIN);
    }
    return static_cast<To>(static_cast<int64_t>(x));
  } else {
    return static_cast<To>(x);
  }
}

class Cast : public Kernel {
 public:
  explicit Cast(const Build& build)
      : Kernel(build, "cast"), from_(build.node.input(0).dtype()), to_(build.node.output(0).dtype()) {
    if (element_bytes(from_) == element_bytes(to_)) alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<CastPlan>();
    plan->n = count_of(dims(shapes, 0));
    settle(shapes, 0, dims(shapes, 0));
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const int64_t n = static_cast<const CastPlan&>(plan).n;
    with_type(from_, [&](auto from) {
      with_type(to_, [&](auto to) { this->convert_all<decltype(from), decltype(to)>(run, n); });
    });
  }

 private:
  template <class From, class To>
  void convert_all(const Run& run, int64_t n) const {
    const auto* x = data<std::byte>(run, 0);
    auto* y = out<std::byte>(run, 0);
    const auto apart = [&](int64_t first, int64_t last) {
      const From* __restrict from = reinterpret_cast<const From*>(x);
      To* __restrict to = reinterpret_cast<To*>(y);
      for (int64_t i = first; i < last; ++i) to[i] = convert<To>(from[i]);
    };
    const auto range = [&](int64_t first, int64_t last) {
      if (x != y) return apart(first, last);
      for (int64_t i = first; i < last; ++i) {  // by memcpy: x and y are the same memory
        From a;
        std::memcpy(&a, x + static_cast<size_t>(i) * sizeof(From), sizeof(From));
        const To b = convert<To>(a);
        std::memcpy(y + static_cast<size_t>(i) * sizeof(To), &b, sizeof(To));
      }
    };
    if (n <= kGrain) return range(0, n);
    parallel(run).ranges(n, kGrain, range);
  }
  uint32_t from_, to_;
};

bool check(const Node& node, Refusal& refusal) {
  for (const Value& v : {node.input(0), node.output(0)}) {
    if (with_type(v.dtype(), [](auto) {})) continue;
    return refusal.set(TENON_REFUSE_DTYPE,
                       plugin::cat("Cast of ", plugin::dtype_name(v.dtype()), " is not in this provider"), v.id());
  }
  return true;
}

}  // namespace

const Family cast_family = {check, make_kernel<Cast>};

}  // namespace tenon::cpu
