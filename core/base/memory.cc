// SPDX-License-Identifier: Apache-2.0
// A block is: [gap][Header][payload], the payload aligned. Released blocks of 64 KiB and more wait in lists by size
// class for the next caller, at most kCacheBytes of them and for at most kCacheNs (seen at the next call). Large blocks
// come from the system itself: once glibc has seen one freed it keeps up to 64 MB of free heap for the next.
#include "core/base/memory.hpp"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/checked.hpp"
#include "core/base/time.hpp"

namespace tenon {

// Counted by its Memory and by each of its blocks, so that blocks may outlive the Memory.
struct MemoryBooks {
  std::atomic<uint64_t> refs{1};
  std::atomic<uint64_t> current{0};
  std::atomic<uint64_t> peak{0};
  std::atomic<uint64_t> allocations{0};
  std::atomic<uint64_t> limit{UINT64_MAX};
};

namespace {

constexpr uint64_t kMaxAlign = 1u << 20;
constexpr uint64_t kMaxBytes = 1ull << 48;
constexpr uint64_t kMapFrom = 1u << 20;
// Fewer faults and misses of the address cache; below, what the last huge page wastes would be a part worth naming.
constexpr uint64_t kHugeFrom = 32u << 20;
// Large arrays of others begin just behind the start of a page. A loop that reads such a one and writes ours would find
// each read to lie where, by the address within a page, it has just written, and wait for it.
constexpr uint64_t kShift = 2048;
constexpr uint64_t kCacheFrom = 64u << 10;
constexpr uint64_t kCacheBytes = 16u << 20;
constexpr uint64_t kCacheNs = 500'000'000;

struct Header {
  void* base;  // what raw_new returned
  MemoryBooks* books;
  uint64_t bytes;     // asked for
  uint64_t capacity;  // of the whole block from base
};
static_assert(sizeof(Header) <= 64 && sizeof(Header) % alignof(std::max_align_t) == 0);

// Pages of `bytes` from the system, or NULL.
void* map_pages(uint64_t bytes) {
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    return nullptr;
  }
  if (bytes >= kHugeFrom) {
    ::madvise(at, bytes, MADV_HUGEPAGE);  // no harm where the system has none
  }
  return at;
}

// `capacity` bytes at a multiple of 16, or NULL.
void* raw_new(uint64_t capacity) {
#if !defined(__SANITIZE_ADDRESS__)  // which looks after malloc's blocks only
  if (capacity >= kMapFrom) {
    return map_pages(capacity);
  }
#endif
  return std::malloc(capacity);
}

void raw_delete(void* base, uint64_t capacity) {
#if !defined(__SANITIZE_ADDRESS__)
  if (capacity >= kMapFrom) {
    ::munmap(base, capacity);
    return;
  }
#endif
  static_cast<void>(capacity);
  std::free(base);
}

Header* header_of(void* payload) { return static_cast<Header*>(payload) - 1; }

// Nine tenths of the machine's memory: a model that asks for more gets an error instead of the system's killer.
uint64_t default_limit() {
  const long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(bytes) / 10 * 9 : UINT64_MAX;
}

MemoryBooks& process_books() {
  static MemoryBooks* const books = [] {
    auto* made = new MemoryBooks;  // never destroyed: blocks may be released while the process ends
    made->limit.store(default_limit(), std::memory_order_relaxed);
    return made;
  }();
  return *books;
}

// Released blocks by size class: four classes an octave, so at most a quarter of a block is wasted.
class Cache {
 public:
  static Cache& instance() {
    static Cache* const cache = new Cache;
    return *cache;
  }

  void* take(uint64_t capacity) {
    const std::lock_guard lock(mutex_);
    auto& list = lists_[class_of(capacity)];
    if (list.empty()) {
      return nullptr;
    }
    void* block = list.back().block;
    list.pop_back();
    bytes_ -= capacity;
    return block;
  }

  // False: the caller frees it.
  bool put(void* block, uint64_t capacity) noexcept {
    const std::lock_guard lock(mutex_);
    const uint64_t now = coarse_now_ns();
    if (now - swept_ns_ > kCacheNs / 4) {
      sweep(now);
    }
    if (bytes_ + capacity > kCacheBytes) {
      return false;
    }
    auto& list = lists_[class_of(capacity)];
    if (list.size() == list.capacity()) {
      return false;
    }
    list.push_back({block, now});
    bytes_ += capacity;
    return true;
  }

  void drop_all() {
    const std::lock_guard lock(mutex_);
    sweep(UINT64_MAX);
  }

  uint64_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  static uint64_t round(uint64_t bytes) {
    if (bytes < kCacheFrom) {
      return bytes;
    }
    const uint64_t step = std::bit_floor(bytes) / 4;
    return (bytes + step - 1) / step * step;
  }

 private:
  struct Entry {
    void* block;
    uint64_t since_ns;
  };
  static constexpr size_t kEntries = 64;

  Cache() {
    for (auto& list : lists_) {
      list.reserve(kEntries);  // so that put never allocates
    }
    // A child of fork would otherwise inherit a lock that some other thread held.
    ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                     [] { instance().mutex_.unlock(); });
  }

  // `capacity` is a result of round() of at least kCacheFrom and at most kCacheBytes.
  static size_t class_of(uint64_t capacity) {
    const uint64_t floor = std::bit_floor(capacity);
    const size_t octave = static_cast<size_t>(std::countr_zero(floor) - std::countr_zero(kCacheFrom));
    return octave * 4 + static_cast<size_t>((capacity - floor) / (floor / 4));
  }

  void sweep(uint64_t now) {
    swept_ns_ = now == UINT64_MAX ? coarse_now_ns() : now;
    for (auto& list : lists_) {
      size_t kept = 0;
      for (const Entry& entry : list) {
        if (now == UINT64_MAX || now - entry.since_ns > kCacheNs) {
          const uint64_t capacity = header_capacity(entry.block);
          bytes_ -= capacity;
          raw_delete(entry.block, capacity);
        } else {
          list[kept++] = entry;
        }
      }
      list.resize(kept);
    }
  }

  // A cached block holds its capacity in its first bytes.
  static uint64_t header_capacity(void* block) { return *static_cast<const uint64_t*>(block); }

  std::mutex mutex_;
  std::array<std::vector<Entry>, 36> lists_;
  uint64_t bytes_ = 0;
  uint64_t swept_ns_ = 0;
};

bool cacheable(uint64_t capacity) {
#if defined(__SANITIZE_ADDRESS__)
  return capacity == 0;  // never: a block that waits for reuse would hide its late uses from the sanitizer
#else
  return capacity >= kCacheFrom && capacity <= kCacheBytes;
#endif
}

// Adds to current under the limit, raises peak. False: over the limit.
bool charge(MemoryBooks& books, uint64_t bytes) {
  const uint64_t limit = books.limit.load(std::memory_order_relaxed);
  uint64_t now = books.current.load(std::memory_order_relaxed);
  uint64_t next;
  do {
    if (bytes > limit || now > limit - bytes) {
      return false;
    }
    next = now + bytes;
  } while (!books.current.compare_exchange_weak(now, next, std::memory_order_relaxed));
  uint64_t peak = books.peak.load(std::memory_order_relaxed);
  while (peak < next && !books.peak.compare_exchange_weak(peak, next, std::memory_order_relaxed)) {
  }
  books.allocations.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void discharge(MemoryBooks& books, uint64_t bytes) { books.current.fetch_sub(bytes, std::memory_order_relaxed); }

void unref(MemoryBooks* books) {
  if (books != &process_books() && books->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete books;
  }
}

bool charge_all(MemoryBooks* books, uint64_t bytes) {
  if (!charge(process_books(), bytes)) {
    return false;
  }
  if (books != &process_books() && !charge(*books, bytes)) {
    discharge(process_books(), bytes);
    return false;
  }
  return true;
}

void discharge_all(MemoryBooks* books, uint64_t bytes) {
  discharge(process_books(), bytes);
  if (books != &process_books()) {
    discharge(*books, bytes);
  }
}

void* raw_allocate(MemoryBooks* books, uint64_t bytes, uint64_t align) {
  // Room for the header and for moving the payload to its alignment; raw_new itself aligns to 16.
  const uint64_t gap = align > alignof(std::max_align_t) ? align - alignof(std::max_align_t) : 0;
  const uint64_t shift = bytes >= kMapFrom ? kShift : 0;
  const uint64_t capacity = Cache::round(sizeof(Header) + shift + gap + std::max<uint64_t>(bytes, 1));
  void* base = cacheable(capacity) ? Cache::instance().take(capacity) : nullptr;
  if (base == nullptr) {
    base = raw_new(capacity);
  }
  if (base == nullptr) {
    return nullptr;
  }
  const uint64_t at =
      align_up(reinterpret_cast<uintptr_t>(base) + sizeof(Header) + shift, std::max<uint64_t>(align, 16));
  void* payload = reinterpret_cast<void*>(at);
  *header_of(payload) = {base, books, bytes, capacity};
  return payload;
}

}  // namespace

Buffer::~Buffer() { Memory::release(data_); }

Memory& Memory::process() {
  static Memory* const memory = [] {
    auto* made = new Memory;
    delete made->books_;
    made->books_ = &process_books();
    return made;
  }();
  return *memory;
}

Memory::Memory(uint64_t limit) : books_(new MemoryBooks) { books_->limit.store(limit, std::memory_order_relaxed); }

Memory::~Memory() { unref(books_); }

void* Memory::try_allocate(uint64_t bytes, uint64_t align) noexcept {
  if (bytes > kMaxBytes || align > kMaxAlign || (align != 0 && !is_power_of_two(align)) || !charge_all(books_, bytes)) {
    return nullptr;
  }
  void* payload = raw_allocate(books_, bytes, align);
  if (payload == nullptr) {
    Cache::instance().drop_all();  // what is cached may be what is missing
    payload = raw_allocate(books_, bytes, align);
  }
  if (payload == nullptr) {
    discharge_all(books_, bytes);
    return nullptr;
  }
  books_->refs.fetch_add(1, std::memory_order_relaxed);
  return payload;
}

// Why `bytes` could not be had.
static Status refusal(const MemoryBooks* own, uint64_t bytes, std::string_view what) {
  const std::string asked = std::to_string(bytes) + " bytes for " + std::string(what);
  for (const MemoryBooks* books : {own, &std::as_const(process_books())}) {
    const uint64_t limit = books->limit.load(std::memory_order_relaxed);
    const uint64_t current = books->current.load(std::memory_order_relaxed);
    if (bytes > limit || current > limit - bytes) {
      return Status(TENON_LIMIT, "memory_limit of " + std::to_string(limit) + " bytes reached: " + asked +
                                     " on top of " + std::to_string(current) + " in use");
    }
  }
  return Status(TENON_OUT_OF_MEMORY, "no memory: " + asked);
}

Result<Buffer> Memory::allocate(uint64_t bytes, uint64_t align, std::string_view what) {
  if (void* payload = try_allocate(bytes, align)) {
    return Buffer(static_cast<std::byte*>(payload), bytes);
  }
  return refusal(books_, bytes, what);
}

Pages::~Pages() { clear(); }

void Pages::clear() {
  if (books_ == nullptr) {
    return;
  }
  if (data_ != nullptr) {
    ::munmap(data_, reserved_);
  }
  discharge_all(books_, bytes_);
  unref(books_);
  data_ = nullptr;
  bytes_ = reserved_ = 0;
  books_ = nullptr;
}

Status Pages::resize(Memory& memory, uint64_t bytes, std::string_view what) {
  static const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  if (books_ != memory.books_) {
    clear();
  }
  if (bytes > kMaxBytes) {
    return refusal(memory.books_, bytes, what);
  }
  if (bytes <= bytes_) {
    const uint64_t kept = align_up(bytes, page);
    if (kept < align_up(bytes_, page)) {
      ::madvise(data_ + kept, align_up(bytes_, page) - kept, MADV_DONTNEED);
    }
    discharge_all(books_, bytes_ - bytes);
    bytes_ = bytes;
    return {};
  }
  if (bytes > reserved_) {
    clear();
  }
  if (!charge_all(memory.books_, bytes - bytes_)) {
    return refusal(memory.books_, bytes - bytes_, what);
  }
  if (bytes > reserved_) {
    const uint64_t wanted = align_up(bytes, page);
    void* at = map_pages(wanted);
    if (at == nullptr) {
      discharge_all(memory.books_, bytes);
      return Status(TENON_OUT_OF_MEMORY, "no memory: " + std::to_string(bytes) + " bytes for " + std::string(what));
    }
    data_ = static_cast<std::byte*>(at);
    reserved_ = wanted;
    books_ = memory.books_;
    books_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  bytes_ = bytes;
  return {};
}

void Memory::release(void* block) noexcept {
  if (block == nullptr) {
    return;
  }
  const Header header = *header_of(block);
  discharge_all(header.books, header.bytes);
  if (cacheable(header.capacity)) {
    *static_cast<uint64_t*>(header.base) = header.capacity;
    if (!Cache::instance().put(header.base, header.capacity)) {
      raw_delete(header.base, header.capacity);
    }
  } else {
    raw_delete(header.base, header.capacity);
  }
  unref(header.books);
}

MemoryStats Memory::stats() const {
  MemoryStats stats;
  stats.current = books_->current.load(std::memory_order_relaxed);
  stats.peak = books_->peak.load(std::memory_order_relaxed);
  stats.allocations = books_->allocations.load(std::memory_order_relaxed);
  stats.limit = books_->limit.load(std::memory_order_relaxed);
  stats.cached = Cache::instance().bytes();
  return stats;
}

void Memory::reset_peak() {
  books_->peak.store(books_->current.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void Memory::set_limit(uint64_t bytes) { books_->limit.store(bytes, std::memory_order_relaxed); }

void Memory::trim() {
  Cache::instance().drop_all();
  ::malloc_trim(0);
}

}  // namespace tenon
