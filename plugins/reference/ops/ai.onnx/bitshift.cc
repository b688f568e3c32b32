// SPDX-License-Identifier: Apache-2.0
// ai.onnx BitShift, form 11: X shifted by Y bits to the LEFT or RIGHT, broadcast; a signed X keeps its sign on the way
// right. By the type's bits or more: 0, or -1 for what is below 0 on the way right. By less than 0: as by the type's
// bits.
#include <type_traits>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

template <class T>
T shifted(T x, T by, bool left) {
  using U = std::make_unsigned_t<T>;
  constexpr T bits = 8 * sizeof(T);
  const bool beyond = by < 0 || by >= bits;
  if (left) return beyond ? T{0} : static_cast<T>(static_cast<uint64_t>(static_cast<U>(x)) << by);
  return beyond ? (x < 0 ? static_cast<T>(-1) : T{0}) : static_cast<T>(x >> by);
}

std::string refuse(const plugin::Node& node) {
  const std::string_view way = node.attr_string("direction", "");
  return way == "LEFT" || way == "RIGHT" ? ""
                                         : plugin::cat("attribute 'direction' is '", way, "', expected LEFT or RIGHT");
}

void run(Context& c) {
  const Input& x = c.input(0);
  const Input& by = c.input(1);
  Output& y = c.output(0, kit::broadcast(x.dims(), by.dims()));
  const bool left = c.attributes().string("direction") == "LEFT";
  kit::dispatch(kit::kInts, x.dtype(), [&]<class T>(Tag<T>) {
    broadcast_into(c, x.dims(), x.data<T>(), by.dims(), by.data<T>(), y.dims(), y.data<T>(),
                   [&](T a, T b) { return shifted(a, b, left); });
  });
}

}  // namespace

TENON_OPERATOR(bitshift){
    .name = "BitShift",
    .form = 11,
    .types = {{"T", kit::kInts}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
