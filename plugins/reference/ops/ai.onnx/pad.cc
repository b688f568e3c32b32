// SPDX-License-Identifier: Apache-2.0
// ai.onnx Pad, form 18: entries before and behind each axis: a constant, or what `mode` reads from the axis ("edge",
// "reflect", "wrap"). A pad below 0 cuts entries off, which happens first.
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

enum class Mode { kConstant, kEdge, kReflect, kWrap };

std::optional<Mode> mode_of(std::string_view name) {
  if (name == "constant") return Mode::kConstant;
  if (name == "edge") return Mode::kEdge;
  if (name == "reflect") return Mode::kReflect;
  if (name == "wrap") return Mode::kWrap;
  return std::nullopt;
}

std::string refuse(const plugin::Node& node) {
  const std::string_view name = node.attr_string("mode", "constant");
  if (mode_of(name)) return {};
  return plugin::cat("attribute 'mode' is '", name, "', expected constant, edge, reflect or wrap");
}

// One axis: the entries [first, first + kept) of the input lie at `before` in the output, which has `size`.
struct Axis {
  int64_t first = 0, kept = 0, before = 0, size = 0;
};

Axis axis_of(int64_t dim, int64_t before, int64_t after) {
  Axis out;
  const int64_t cut_before = before < 0 ? -std::max(before, -dim) : 0;
  const int64_t cut_after = after < 0 ? -std::max(after, -dim) : 0;
  require(before >= -dim && after >= -dim && cut_before + cut_after <= dim, TENON_RUN, "pads of ", before, " and ",
          after, " cut more than a dim of ", dim, " has");
  out.first = cut_before;
  out.kept = dim - cut_before - cut_after;
  out.before = std::max<int64_t>(before, 0);
  out.size = kit::checked_add(kit::checked_add(out.kept, out.before), std::max<int64_t>(after, 0));
  return out;
}

std::vector<Axis> axes_of(const Context& c) {
  const Input& x = c.input(0);
  const Dims pads = c.integers(1);
  Dims axes;
  for (int64_t i = 0; i < x.rank(); ++i) axes.push_back(i);
  if (c.has_input(3)) axes = kit::normal_axes(c.integers(3), x.rank(), "input 'axes'");
  const size_t n = axes.size();
  require(pads.size() == 2 * n, TENON_RUN, "input 'pads' has ", pads.size(), " entries, expected ", 2 * n);
  std::vector<Axis> out;
  for (const int64_t dim : x.dims()) out.push_back(axis_of(dim, 0, 0));
  for (size_t i = 0; i < n; ++i) out[static_cast<size_t>(axes[i])] = axis_of(x.dim(axes[i]), pads[i], pads[n + i]);
  return out;
}

// For each entry of the output the one of the input that it is read from.
Dims sources(const Axis& axis, Mode mode) {
  require(axis.kept > 0 || axis.size == 0, TENON_RUN, "an axis of no entries is padded to ", axis.size,
          " from itself, expected mode constant");
  Dims out(static_cast<size_t>(axis.size));
  const int64_t last = axis.kept - 1;
  const int64_t period = mode == Mode::kWrap ? axis.kept : std::max<int64_t>(2 * last, 1);
  for (int64_t i = 0; i < axis.size; ++i) {
    int64_t place = i - axis.before;
    if (mode == Mode::kEdge) {
      place = std::clamp<int64_t>(place, 0, last);
    } else {
      place = (place % period + period) % period;
      if (place > last) place = period - place;
    }
    out[static_cast<size_t>(i)] = axis.first + place;
  }
  return out;
}

// The constant everywhere, then what is kept of the input over it.
void pad_constant(Context& c, const std::vector<Axis>& axes, Output& y) {
  const Input& x = c.input(0);
  const Dims target = kit::dense_strides(y.dims());
  const Dims source = kit::dense_strides(x.dims());
  const std::byte zeros[16] = {};
  static_assert(sizeof(kit::String) <= sizeof(zeros));  // an empty string is all zeros
  const void* element = zeros;
  if (c.has_input(2)) {
    require(c.input(2).count() == 1, TENON_RUN, "input 'constant_value' has dims ", DimsView(c.input(2).dims()),
            ", expected one element");
    element = c.input(2).raw();
  }
  kit::copy(y.element_bytes(), y.dims(), y.raw(), target, element, Dims(y.dims().size(), 0));
  c.check();
  Dims kept;
  int64_t to = 0;
  int64_t from = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    kept.push_back(axes[i].kept);
    to += axes[i].before * target[i];
    from += axes[i].first * source[i];
  }
  if (kit::count(kept) == 0) return;
  kit::copy(y.element_bytes(), kept, y.raw() + to * y.element_bytes(), target, x.raw() + from * x.element_bytes(),
            source);
}

void pad_from_itself(Context& c, const std::vector<Axis>& axes, Mode mode, Output& y) {
  const Input& x = c.input(0);
  const Dims strides = kit::dense_strides(x.dims());
  std::vector<Dims> offsets;  // of every axis, in bytes
  for (size_t i = 0; i < axes.size(); ++i) {
    offsets.push_back(sources(axes[i], mode));
    for (int64_t& o : offsets.back()) o *= strides[i] * x.element_bytes();
  }
  if (axes.empty()) offsets.push_back({0});
  const size_t inner = offsets.size() - 1;
  std::vector<size_t> index(inner, 0);
  std::byte* to = y.raw();
  for (int64_t row = y.count() == 0 ? 0 : y.count() / static_cast<int64_t>(offsets[inner].size()); row > 0; --row) {
    c.check();
    const std::byte* from = x.raw();
    for (size_t i = 0; i < inner; ++i) from += offsets[i][index[i]];
    for (const int64_t o : offsets[inner]) {
      std::memcpy(to, from + o, x.element_bytes());
      to += x.element_bytes();
    }
    for (size_t i = inner; i-- > 0;) {
      if (++index[i] < offsets[i].size()) break;
      index[i] = 0;
    }
  }
}

void run(Context& c) {
  const std::vector<Axis> axes = axes_of(c);
  Dims dims;
  for (const Axis& axis : axes) dims.push_back(axis.size);
  Output& y = c.output(0, dims);
  const std::optional<Mode> mode = mode_of(c.attributes().string("mode", "constant"));
  require(mode.has_value(), TENON_INTERNAL, "the mode was not checked");
  if (y.count() == 0) return;
  if (*mode == Mode::kConstant) return pad_constant(c, axes, y);
  pad_from_itself(c, axes, *mode, y);
}

}  // namespace

TENON_OPERATOR(pad){
    .name = "Pad",
    .form = 18,
    .types = {{"T", kit::kAll}, {"Tind", kIndex}},
    .inputs = {"T", "int64", "T?", "Tind?"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
