// SPDX-License-Identifier: Apache-2.0
// ai.onnx Einsum, form 12: sums of products of the inputs' elements, by an equation such as "ij,jk->ik": letters name
// axes, "..." those that broadcast; what the right side lacks is summed, without one it has the letters that stand
// there once.
#include <algorithm>
#include <map>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

// Axes are numbered: 0-255 are letters, kEllipsis + k is the axis k from the end of "...".
constexpr int kEllipsis = 256;
using Labels = std::vector<int>;

struct Equation {
  std::vector<Labels> terms;
  Labels output;
};

// The labels of one term for a tensor with `rank` axes.
Labels term_labels(std::string_view text, int64_t rank) {
  Labels out;
  const auto letters =
      static_cast<int64_t>(std::ranges::count_if(text, [](char ch) { return ch != '.' && ch != ' '; }));
  const size_t dots = text.find("...");
  require(dots != std::string_view::npos ? letters <= rank : letters == rank, TENON_RUN, "the term '", text, "' has ",
          letters, " letters, its input rank ", rank);
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == dots) {
      for (int64_t k = rank - letters; k-- > 0;) out.push_back(kEllipsis + static_cast<int>(k));
      i += 2;
    } else if (text[i] != ' ') {
      require(text[i] != '.', TENON_RUN, "the term '", text, "' has a stray dot");
      out.push_back(static_cast<unsigned char>(text[i]));
    }
  }
  return out;
}

Equation parse(const Context& c) {
  const std::string_view text = c.attributes().string("equation");
  const size_t arrow = text.find("->");
  std::string_view left = text.substr(0, arrow);
  Equation e;
  for (size_t i = 0; i < c.ninputs(); ++i) {
    const size_t comma = left.find(',');
    require((comma == std::string_view::npos) == (i + 1 == c.ninputs()), TENON_RUN, "the equation '", text,
            "' has another number of terms than the ", c.ninputs(), " inputs");
    e.terms.push_back(term_labels(left.substr(0, comma), c.input(i).rank()));
    if (comma != std::string_view::npos) left.remove_prefix(comma + 1);
  }
  int wide = kEllipsis;  // behind the last axis of "..."
  std::map<int, int> seen;
  for (const Labels& term : e.terms) {
    for (const int label : term) {
      ++seen[label];
      wide = label >= kEllipsis ? std::max(wide, label + 1) : wide;
    }
  }
  if (arrow != std::string_view::npos) {
    const std::string_view right = text.substr(arrow + 2);
    const auto letters = std::ranges::count_if(right, [](char ch) { return ch != '.' && ch != ' '; });
    const bool dots = right.find("...") != std::string_view::npos;
    e.output = term_labels(right, letters + (dots ? wide - kEllipsis : 0));
  } else {
    for (int k = wide; k-- > kEllipsis;) e.output.push_back(k);
    for (const auto& [label, n] : seen) {
      if (label < kEllipsis && n == 1) e.output.push_back(label);
    }
  }
  for (const int label : e.output) {
    require(seen.count(label) != 0 && std::ranges::count(e.output, label) == 1, TENON_RUN, "the equation '", text,
            "' has an output axis that no input has, or one twice");
  }
  return e;
}

// Axes as they are walked: those of the output, then those that are summed.
struct Walked {
  Dims dims;
  size_t outputs = 0;
  std::vector<Dims> strides;  // of each input
};

Walked walked(const Context& c, const Equation& e) {
  std::map<int, int64_t> sizes;
  for (size_t i = 0; i < e.terms.size(); ++i) {
    for (size_t k = 0; k < e.terms[i].size(); ++k) {
      const int64_t dim = c.input(i).dims()[k];
      int64_t& size = sizes.try_emplace(e.terms[i][k], 1).first->second;
      require(size == 1 || dim == 1 || dim == size, TENON_RUN, "input ", i, " has dims ", DimsView(c.input(i).dims()),
              ", of which one does not fit another input's ", size);
      if (dim != 1) size = dim;
    }
  }
  Labels order = e.output;
  for (const auto& [label, size] : sizes) {
    if (std::ranges::find(order, label) == order.end()) order.push_back(label);
  }
  Walked w;
  w.outputs = e.output.size();
  for (const int label : order) w.dims.push_back(sizes[label]);
  for (size_t i = 0; i < e.terms.size(); ++i) {
    const Dims dense = kit::dense_strides(c.input(i).dims());
    Dims strides(order.size(), 0);
    for (size_t k = 0; k < e.terms[i].size(); ++k) {
      const auto at = static_cast<size_t>(std::ranges::find(order, e.terms[i][k]) - order.begin());
      if (c.input(i).dims()[k] != 1) strides[at] += dense[k];  // a letter twice in a term: the diagonal
    }
    w.strides.push_back(std::move(strides));
  }
  return w;
}

// Where every input lies at element `flat` of axes [first, last).
void add_offsets(const Walked& w, size_t first, size_t last, int64_t flat, Dims& offsets) {
  for (size_t axis = last; axis-- > first; flat /= w.dims[axis]) {
    for (size_t i = 0; i < offsets.size(); ++i) offsets[i] += flat % w.dims[axis] * w.strides[i][axis];
  }
}

void run(Context& c) {
  const Walked w = walked(c, parse(c));
  const DimsView dims = DimsView(w.dims).first(w.outputs);
  const int64_t summed = kit::count(DimsView(w.dims).subspan(w.outputs));
  Output& y = c.output(0, Dims(dims.begin(), dims.end()));
  const size_t n = c.ninputs();
  kit::dispatch(kit::kNumbers, y.dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(y.count(), [&](int64_t o) {
      Dims first(n, 0);
      add_offsets(w, 0, w.outputs, o, first);
      kit::Wide<T> sum = 0;
      for (int64_t s = 0; s < summed; ++s) {
        if (s % 4096 == 0) c.check();
        Dims at = first;
        add_offsets(w, w.outputs, w.dims.size(), s, at);
        kit::Wide<T> product = 1;
        for (size_t i = 0; i < n; ++i) product = multiply(product, kit::widen(c.input(i).data<T>()[at[i]]));
        sum = add(sum, product);
      }
      y.data<T>()[o] = kit::narrow<T>(sum);
    });
  });
}

}  // namespace

TENON_OPERATOR(einsum){
    .name = "Einsum",
    .form = 12,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T..."},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
