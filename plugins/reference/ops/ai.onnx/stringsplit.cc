// SPDX-License-Identifier: Apache-2.0
// ai.onnx StringSplit, form 20: the parts of each string between delimiters (runs of white space without one), at most
// maxsplit + 1 of them, in a new axis that is filled up with empty strings; and how many there are.
#include <algorithm>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";

// Runs of white space divide; those at both ends make no part.
std::vector<std::string_view> words(std::string_view text, uint64_t most) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    const size_t end = out.size() < most ? text.find_first_of(kSpaces) : std::string_view::npos;
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end);
  }
}

std::vector<std::string_view> fields(std::string_view text, std::string_view delimiter, uint64_t most) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t end = out.size() < most ? text.find(delimiter) : std::string_view::npos;
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + delimiter.size());
  }
}

void run(Context& c) {
  const Input& x = c.input(0);
  const std::string_view delimiter = c.attributes().string("delimiter", "");
  const int64_t limit = c.attributes().integer("maxsplit", -1);
  const uint64_t most = limit < 0 ? UINT64_MAX : static_cast<uint64_t>(limit);
  std::vector<std::vector<std::string_view>> parts;
  size_t wide = 0;
  for (int64_t i = 0; i < x.count(); ++i) {
    if (i % 1024 == 0) c.check();
    const kit::String text = x.data<kit::String>()[i];
    parts.push_back(delimiter.empty() ? words(text, most) : fields(text, delimiter, most));
    wide = std::max(wide, parts.back().size());
  }
  Dims dims = x.dims();
  dims.push_back(static_cast<int64_t>(wide));
  Output& y = c.output(0, dims);
  Output& counts = c.output(1, x.dims());
  for (size_t i = 0; i < parts.size(); ++i) {
    std::ranges::copy(parts[i], y.data<kit::String>() + i * wide);
    counts.data<int64_t>()[i] = static_cast<int64_t>(parts[i].size());
  }
}

}  // namespace

TENON_OPERATOR(stringsplit){
    .name = "StringSplit",
    .form = 20,
    .types = {{"T1", kit::Types<kit::String>{}}, {"T2", kit::Types<kit::String>{}}, {"T3", kit::Types<int64_t>{}}},
    .inputs = {"T1"},
    .outputs = {"T2", "T3"},
    .run = run,
};

}  // namespace tenon::reference
