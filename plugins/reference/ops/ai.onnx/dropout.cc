// SPDX-License-Identifier: Apache-2.0
// ai.onnx Dropout, form 12: a copy; when the scalar training_mode is true, each element is 0 with probability `ratio`
// (0.5 by default), else divided by 1 - ratio. The mask says which stayed.
#include "random.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::kFloat8;

template <class F>
auto scalar(const Context& c, size_t i, F&& read) {
  require(c.input(i).count() == 1, TENON_RUN, "input ", i, " has dims ", DimsView(c.input(i).dims()),
          ", expected one element");
  return read(c.input(i));
}

double ratio_of(const Context& c) {
  if (!c.has_input(1)) return 0.5;
  double ratio = 0;
  scalar(c, 1, [&](const Input& in) {
    kit::dispatch(kTypes, in.dtype(), [&]<class T>(Tag<T>) { ratio = kit::widen(*in.data<T>()); });
  });
  require(ratio >= 0 && ratio < 1, TENON_RUN, "input 'ratio' is ", ratio, ", expected 0 or more and less than 1");
  return ratio;
}

void run(Context& c) {
  const Input& x = c.input(0);
  const double ratio = ratio_of(c);
  const bool training = c.has_input(2) && scalar(c, 2, [](const Input& in) { return bool(*in.data<kit::Bool>()); });
  std::vector<kit::Bool> keep(static_cast<size_t>(x.count()), kit::Bool(true));
  if (training && ratio != 0) {
    const kit::Attributes& given = c.attributes();  // its seed is an integer
    Random random(given.has("seed") ? std::optional(static_cast<uint32_t>(given.integer("seed"))) : std::nullopt);
    for (kit::Bool& k : keep) k = random.uniform() >= ratio;
  }
  Output& y = c.output(0, x.dims());
  kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) {
    const T* in = x.data<T>();
    const double scale = training ? 1 / (1 - ratio) : 1;
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      const double kept = keep[static_cast<size_t>(i)] ? 1 : 0;
      y.data<T>()[i] = scale == 1 ? in[i] : kit::narrow<T>(kit::widen(in[i]) * kept * scale);
    }
  });
  if (c.has_output(1)) std::copy(keep.begin(), keep.end(), c.output(1, x.dims()).data<kit::Bool>());
}

}  // namespace

TENON_OPERATOR(dropout){
    .name = "Dropout",
    .form = 12,
    .types = {{"T", kTypes}, {"T1", kTypes}, {"T2", kit::Types<kit::Bool>{}}},
    .inputs = {"T", "T1?", "T2?"},
    .outputs = {"T", "T2?"},
    .run = run,
};

}  // namespace tenon::reference
