// SPDX-License-Identifier: Apache-2.0
// The name that somebody probably meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// Levenshtein distance in bytes. Names longer than 256 bytes count as their first 256.
inline size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, 256);
  b = b.substr(0, 256);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// The one of `names` (a range of things that convert to string_view) nearest to `name`, or "" when none is near: more
// than half of it would have to change.
template <typename Names>
std::string nearest_name(std::string_view name, const Names& names) {
  std::string best;
  size_t best_distance = name.size() / 2 + 1;
  for (std::string_view candidate : names) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate);
    }
  }
  return best;
}

// "; did you mean 'x'?", or "" when nothing is near.
template <typename Names>
std::string did_you_mean(std::string_view name, const Names& names) {
  const std::string best = nearest_name(name, names);
  return best.empty() ? std::string() : "; did you mean '" + best + "'?";
}

}  // namespace tenon
