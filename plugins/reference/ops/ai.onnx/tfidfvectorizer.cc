// SPDX-License-Identifier: Apache-2.0
// ai.onnx TfIdfVectorizer, form 9: how often the n-grams of a pool stand in each row (TF), whether they do (IDF), or
// that times their weight (TFIDF). Items of an n-gram may stand up to max_skip_count items apart.
#include <algorithm>
#include <map>
#include <type_traits>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::Types<kit::String, int32_t, int64_t>{};

template <class T>
using Item = std::conditional_t<std::is_same_v<T, kit::String>, std::string, int64_t>;
template <class T>
using Pool = std::map<std::vector<Item<T>>, int64_t>;  // an n-gram's column

template <class T>
Pool<T> read_pool(const kit::Attributes& a) {
  std::vector<Item<T>> items;
  if constexpr (std::is_same_v<T, kit::String>) {
    items.assign(a.strings("pool_strings").begin(), a.strings("pool_strings").end());
  } else {
    items.assign(a.ints("pool_int64s").begin(), a.ints("pool_int64s").end());
  }
  const auto starts = a.ints("ngram_counts"), columns = a.ints("ngram_indexes");
  Pool<T> pool;
  size_t id = 0;
  for (size_t n = 1; n <= starts.size(); ++n) {
    const auto end = n < starts.size() ? static_cast<size_t>(starts[n]) : items.size();
    require(starts[n - 1] >= 0 && end <= items.size(), TENON_INVALID_MODEL, "attribute 'ngram_counts' names item ", end,
            " of ", items.size());
    for (auto at = static_cast<size_t>(starts[n - 1]); at + n <= end; at += n) {
      require(id < columns.size(), TENON_INVALID_MODEL, "attribute 'ngram_indexes' has ", columns.size(),
              " entries, the pool more n-grams");
      const auto from = items.begin() + static_cast<std::ptrdiff_t>(at);
      pool.emplace(std::vector<Item<T>>(from, from + static_cast<std::ptrdiff_t>(n)), columns[id++]);
    }
  }
  return pool;
}

// Adds the n-grams of one row of n items to `counts`.
template <class T>
void count_grams(const Pool<T>& pool, const kit::Attributes& a, const T* row, int64_t n, std::vector<float>& counts) {
  const int64_t longest = a.integer("max_gram_length"), skips = a.integer("max_skip_count");
  int64_t shortest = a.integer("min_gram_length");
  // Items further apart than the row is long make no n-gram.
  for (int64_t step = 1; step <= std::min(skips, n) + 1 && shortest <= longest; ++step) {
    for (int64_t start = 0; start < n; ++start) {
      std::vector<Item<T>> gram;
      for (int64_t at = start; at < n && static_cast<int64_t>(gram.size()) < longest; at += step) {
        gram.push_back(Item<T>(row[at]));
        if (static_cast<int64_t>(gram.size()) < shortest) continue;
        if (const auto found = pool.find(gram); found != pool.end()) ++counts[static_cast<size_t>(found->second)];
      }
    }
    if (shortest == 1) ++shortest;  // single items are the same whatever lies between
  }
}

std::string refuse(const plugin::Node& node) {
  const std::string_view mode = node.attr_string("mode", "");
  return mode == "TF" || mode == "IDF" || mode == "TFIDF"
             ? ""
             : plugin::cat("attribute 'mode' is '", mode, "', expected TF, IDF or TFIDF");
}

void run(Context& c) {
  const Input& x = c.input(0);
  const kit::Attributes& a = c.attributes();
  require(x.rank() == 1 || x.rank() == 2, TENON_RUN, "X has dims ", DimsView(x.dims()), ", expected rank 1 or 2");
  int64_t columns = 0;
  for (const int64_t column : a.ints("ngram_indexes")) {
    require(column >= 0, TENON_INVALID_MODEL, "attribute 'ngram_indexes' names column ", column);
    columns = std::max(columns, kit::checked_add(column, 1));
  }
  const int64_t rows = x.rank() == 2 ? x.dim(0) : 1, n = x.dims().back();
  const auto weights = a.floats("weights");
  require(weights.empty() || static_cast<int64_t>(weights.size()) >= columns, TENON_INVALID_MODEL,
          "attribute 'weights' has ", weights.size(), " entries, expected ", columns);
  const std::string_view mode = a.string("mode");
  Output& y = c.output(0, x.rank() == 2 ? Dims{rows, columns} : Dims{columns});
  kit::dispatch(kTypes, x.dtype(), [&]<class T>(Tag<T>) {
    const Pool<T> pool = read_pool<T>(a);
    for (int64_t row = 0; row < rows; ++row) {
      c.check();
      std::vector<float> counts(static_cast<size_t>(columns), 0.0f);
      count_grams(pool, a, x.data<T>() + row * n, n, counts);
      for (size_t k = 0; k < counts.size(); ++k) {
        const float weight = mode == "TF" || weights.empty() ? 1 : weights[k];
        const float count = mode == "IDF" ? (counts[k] > 0 ? 1.0f : 0.0f) : counts[k];
        y.data<float>()[static_cast<size_t>(row * columns) + k] = count * weight;
      }
    }
  });
}

}  // namespace

TENON_OPERATOR(tfidfvectorizer){
    .name = "TfIdfVectorizer",
    .form = 9,
    .types = {{"T", kTypes}, {"T1", kit::Types<float>{}}},
    .inputs = {"T"},
    .outputs = {"T1"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
