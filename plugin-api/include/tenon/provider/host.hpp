// SPDX-License-Identifier: Apache-2.0
// What the host offers, as objects: log and memory, tasks (parallel_for, cancellation), weights, claims, one run.
#ifndef TENON_PROVIDER_HOST_HPP_
#define TENON_PROVIDER_HOST_HPP_

#include <tenon/plugin.h>
#include <tenon/provider/error.hpp>
#include <tenon/provider/graph.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tenon::plugin {

/// Host memory through the host's books, freed when it goes.
class HostMemory {
 public:
  HostMemory() = default;
  HostMemory(const tenon_host* host, uint64_t bytes, uint64_t align) : host_(host), bytes_(bytes) {
    data_ = host->alloc(host->ctx, bytes, align);
    if (data_ == nullptr && bytes != 0) fail(TENON_OUT_OF_MEMORY, "the host has no ", bytes, " bytes");
  }
  HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }
  HostMemory& operator=(HostMemory&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~HostMemory() {
    if (data_ != nullptr) host_->free(host_->ctx, data_);
  }
  void* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }

 private:
  const tenon_host* host_ = nullptr;
  void* data_ = nullptr;
  uint64_t bytes_ = 0;
};

/// The host's table and the minor that was agreed at the entry. Copy it freely; valid as long as the process.
class Host {
 public:
  Host() = default;
  Host(const tenon_host* raw, uint32_t minor) : raw_(raw), minor_(minor) {}
  const tenon_host* raw() const { return raw_; }
  uint32_t minor() const { return minor_; }
  void log(uint32_t level, std::string_view text) const { raw_->log(raw_->ctx, level, str(text)); }
  /// Throws TENON_OUT_OF_MEMORY. `align` is a power of two.
  HostMemory alloc(uint64_t bytes, uint64_t align = 64) const { return {raw_, bytes, align}; }
  const void* extension(std::string_view name) const { return raw_->get_extension(raw_->ctx, str(name)); }

 private:
  const tenon_host* raw_ = nullptr;
  uint32_t minor_ = 0;
};

/// Thread limit, cancellation and deadline of one call [R12].
class Task {
 public:
  Task(const tenon_host* host, tenon_task* raw) : host_(host), raw_(raw) {}
  tenon_task* raw() const { return raw_; }
  /// For the size of scratch, never for how work is cut.
  uint32_t max_workers() const { return host_->max_workers(raw_); }
  /// Throws TENON_CANCELLED or TENON_DEADLINE when the call is to stop. Costs a load; allowed inside of parallel_for.
  void check() const {
    const int32_t code = host_->should_stop(raw_);
    if (code != TENON_OK) stop(code);
  }
  /// Calls fn(i) or fn(i, worker) for every i < n, in any order, and returns when all are done. fn may throw: then the
  /// rest is skipped and, of what was thrown, the error of the lowest i comes out here. n is to be a function of
  /// shapes.
  template <class F>
  void parallel_for(uint64_t n, F&& fn) const {
    using Fn = std::remove_reference_t<F>;
    if (n == 0) return;
    if (n == 1) {
      call(fn, 0, 0);
      return;
    }
    Job<Fn> job{&fn, {}, {}, {}, 0};
    const int32_t code = host_->parallel_for(raw_, n, &Job<Fn>::run, &job);
    if (job.error) std::rethrow_exception(job.error);
    if (code != TENON_OK) stop(code);
  }

 private:
  template <class Fn>
  static void call(Fn& fn, uint64_t i, uint32_t worker) {
    if constexpr (std::is_invocable_v<Fn&, uint64_t, uint32_t>) {
      fn(i, worker);
    } else {
      fn(i);
    }
  }
  template <class Fn>
  struct Job {
    Fn* fn;
    std::atomic<bool> failed;
    std::mutex mutex;
    std::exception_ptr error;
    uint64_t index;
    static void run(void* arg, uint64_t i, uint32_t worker) noexcept {
      Job& job = *static_cast<Job*>(arg);
      if (job.failed.load(std::memory_order_relaxed)) return;
      try {
        call(*job.fn, i, worker);
      } catch (...) {
        const std::lock_guard lock(job.mutex);
        if (!job.error || i < job.index) {
          job.error = std::current_exception();
          job.index = i;
        }
        job.failed.store(true, std::memory_order_relaxed);
      }
    }
  };
  [[noreturn]] static void stop(int32_t code) {
    fail(code, code == TENON_DEADLINE ? "the run's deadline has passed" : "the run was cancelled");
  }
  const tenon_host* host_;
  tenon_task* raw_;
};

/// What a session is made from, and its weights [R11]. May be kept and used as long as the provider's session: options
/// are copied, `weight` may be called during query, compile and prepack.
class SessionDesc {
 public:
  SessionDesc(Host host, const tenon_session_desc& desc)
      : host_(host),
        session_(desc.host_session),
        device_(desc.device),
        max_workers_(desc.max_workers),
        flags_(desc.flags) {
    for (const tenon_option& o : Records<const tenon_option>(desc.options, desc.noptions, desc.option_stride)) {
      options_.emplace_back(std::string(view(o.name)), std::string(view(o.value)));
    }
  }
  Host host() const { return host_; }
  uint32_t device() const { return device_; }
  uint32_t max_workers() const { return max_workers_; }
  bool no_fusion() const { return (flags_ & TENON_SESSION_NO_FUSION) != 0; }
  /// The text of an option of the provider's own list; throws TENON_INTERNAL for a name that is not on it.
  std::string_view option(std::string_view name) const {
    for (const auto& [n, v] : options_) {
      if (n == name) return v;
    }
    fail(TENON_INTERNAL, "option '", name, "' was not handed over by the host");
  }
  bool option_bool(std::string_view name) const { return option(name) == "true"; }
  int64_t option_int(std::string_view name) const { return number<int64_t>(name); }
  double option_float(std::string_view name) const { return number<double>(name); }

  /// `align` in bytes, a power of two, or 0 for any. See tenon_weight for how long the bytes live.
  tenon_weight weight(uint32_t const_id, uint64_t align = 0) const {
    tenon_weight out{};
    out.size = sizeof(out);
    tenon_status status = empty_status();
    check_host(host_.raw()->weight_get(session_, const_id, align, &out, &status), status);
    return out;
  }

 private:
  template <class T>
  T number(std::string_view name) const {
    const std::string_view text = option(name);
    T out{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    require(end.ec == std::errc() && end.ptr == text.data() + text.size(), TENON_OPTION, "option '", name, "' is '",
            text, "', expected a number");
    return out;
  }
  Host host_;
  tenon_host_session* session_;
  uint32_t device_;
  uint32_t max_workers_;
  uint32_t flags_;
  std::vector<std::pair<std::string, std::string>> options_;
};

/// One claim to be sent; what is left alone means dense host memory, device 0, no estimate.
struct Claim {
  uint64_t id = 0;
  std::vector<uint32_t> nodes;
  std::vector<tenon_value_rule> rules;
  uint32_t device = 0;
  uint32_t estimate = TENON_ESTIMATE_GUESS;
  uint64_t est_ns = 0;
  uint64_t workspace_bytes = 0;
};

/// Takes the answers of one query. The host copies what it is given.
class Sink {
 public:
  Sink(const tenon_host* host, tenon_sink* raw) : host_(host), raw_(raw) {}
  void claim(const Claim& c) const {
    tenon_claim out{};
    out.size = sizeof(out);
    out.device = c.device;
    out.id = c.id;
    out.nodes = c.nodes.data();
    out.nnodes = static_cast<uint32_t>(c.nodes.size());
    out.rules = c.rules.data();
    out.nrules = static_cast<uint32_t>(c.rules.size());
    out.rule_stride = sizeof(tenon_value_rule);
    out.estimate = c.estimate;
    out.est_ns = c.est_ns;
    out.workspace_bytes = c.workspace_bytes;
    send(host_->claim(raw_, &out), "claim");
  }
  /// A claim of one node, on dense host memory.
  void claim(const Node& node, uint64_t id, uint32_t device = 0) const {
    Claim c;
    c.id = id;
    c.nodes = {node.id()};
    c.device = device;
    claim(c);
  }
  /// `reason` is TENON_REFUSE_*, `text` one sentence without a final full stop, `value` what it is about.
  void refuse(const Node& node, uint32_t reason, std::string_view text, uint32_t value = TENON_NO_ID) const {
    tenon_refusal out{};
    out.size = sizeof(out);
    out.node = node.id();
    out.reason = reason;
    out.value = value;
    out.text = str(text);
    send(host_->refuse(raw_, &out), "refusal");
  }

 private:
  static void send(int32_t code, std::string_view what) {
    if (code != TENON_OK) fail(code, "the host did not take a ", what);
  }
  const tenon_host* host_;
  tenon_sink* raw_;
};

/// Number of elements; throws TENON_LIMIT when it does not fit in int64_t.
inline int64_t element_count(std::span<const int64_t> dims) {
  int64_t n = 1;
  for (const int64_t d : dims) {
    if (d < 0 || __builtin_mul_overflow(n, d, &n)) {
      fail(TENON_LIMIT, "a tensor of dims ", dims, " has too many elements");
    }
  }
  return n;
}
inline std::span<const int64_t> dims_of(const tenon_tensor& t) { return {t.dims, t.rank}; }

/// One execute under way.
class Run {
 public:
  Run(const tenon_host* host, const tenon_run* raw) : host_(host), raw_(raw) {}
  const tenon_run& raw() const { return *raw_; }
  Task task() const { return {host_, raw_->task}; }
  uint32_t ninputs() const { return raw_->ninputs; }
  uint32_t noutputs() const { return raw_->noutputs; }
  const tenon_tensor& input(uint32_t i) const {
    return Records<const tenon_tensor>(raw_->inputs, raw_->ninputs, raw_->tensor_stride)[i];
  }
  tenon_tensor& output(uint32_t i) const {
    return Records<tenon_tensor>(raw_->outputs, raw_->noutputs, raw_->tensor_stride)[i];
  }
  /// The output's memory has to be asked for by alloc_output.
  bool open(uint32_t i) const {
    const tenon_tensor& t = output(i);
    if (t.dtype == TENON_STRING || t.rank == TENON_UNKNOWN_RANK) return true;
    for (const int64_t d : dims_of(t)) {
      if (d < 0) return true;
    }
    return false;
  }
  /// `string_bytes`: what all strings take together, 0 for other dtypes. Lives until execute returns.
  tenon_tensor alloc_output(uint32_t i, std::span<const int64_t> dims, uint64_t string_bytes = 0) const {
    tenon_tensor out{};
    out.size = sizeof(out);
    tenon_status status = empty_status();
    check_host(host_->alloc_output(raw_->handle, i, dims.data(), static_cast<uint32_t>(dims.size()), string_bytes, &out,
                                   &status),
               status);
    return out;
  }
  std::span<std::byte> workspace() const {
    return {static_cast<std::byte*>(raw_->workspace), static_cast<size_t>(raw_->workspace_bytes)};
  }
  Records<const tenon_point> waits() const { return {raw_->waits, raw_->nwaits, raw_->point_stride}; }
  Records<const tenon_point> signals() const { return {raw_->signals, raw_->nsignals, raw_->point_stride}; }

 private:
  const tenon_host* host_;
  const tenon_run* raw_;
};

}  // namespace tenon::plugin

#endif  // TENON_PROVIDER_HOST_HPP_
