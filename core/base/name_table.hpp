// SPDX-License-Identifier: Apache-2.0
// Names to numbers, for tables of as many names as a model has: no allocation a name, little memory to miss in.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon {

// A hash table with open addressing. Borrows the names, which must outlive it. What find and emplace point to is valid
// until the next emplace. Not thread-safe.
class NameTable {
 public:
  void reserve(size_t names) {
    if (names > room()) {
      rehash(std::bit_ceil(names * 2));
    }
  }

  // NULL: there is none.
  uint32_t* find(std::string_view name) { return const_cast<uint32_t*>(std::as_const(*this).find(name)); }
  const uint32_t* find(std::string_view name) const {
    if (entries_.empty()) {
      return nullptr;
    }
    const Entry& entry = entries_[place(name, std::hash<std::string_view>()(name))];
    return entry.used ? &entry.number : nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  // The number that the name has now, and whether it is new.
  std::pair<uint32_t*, bool> emplace(std::string_view name, uint32_t number) {
    reserve(size_ + 1);
    const size_t hash = std::hash<std::string_view>()(name);
    Entry& entry = entries_[place(name, hash)];
    const bool added = !entry.used;
    if (added) {
      entry = Entry{name, static_cast<uint32_t>(hash), true, number};
      ++size_;
    }
    return {&entry.number, added};
  }
  size_t size() const { return size_; }

 private:
  struct Entry {
    std::string_view name;
    uint32_t hash = 0;  // low half: most comparisons of names end here
    bool used = false;
    uint32_t number = 0;
  };

  size_t room() const { return entries_.size() / 2; }

  // Where the name stands, or the free entry where it would.
  size_t place(std::string_view name, size_t hash) const {
    const size_t mask = entries_.size() - 1;
    size_t at = hash & mask;
    while (entries_[at].used && (entries_[at].hash != static_cast<uint32_t>(hash) || entries_[at].name != name)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  void rehash(size_t capacity) {
    std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(capacity < 16 ? 16 : capacity));
    for (const Entry& entry : old) {
      if (entry.used) {
        entries_[place(entry.name, std::hash<std::string_view>()(entry.name))] = entry;
      }
    }
  }

  std::vector<Entry> entries_;  // a power of two of them, at most half in use
  size_t size_ = 0;
};

}  // namespace tenon
