// SPDX-License-Identifier: Apache-2.0
// A provider in C++20: write three classes, name the first in TENON_PROVIDER, and the table, the entry function and
// the negotiation are made from them. Header-only over plugin.h; needs no library of Tenon.
//
//   class MyExec {                                            // a compiled region
//    public:
//     void execute(const Run& run);                           // without prepare; else execute(const MyPrepared&, run)
//     // optional; execute may be called at once from many threads with one MyPrepared:
//     std::unique_ptr<MyPrepared> prepare(const Shapes& shapes, tenon_prepared_info& info);
//     // optional, both or none:
//     void prepack(uint32_t pack, const tenon_tensor& dst, const Task& task);
//     void bind_packed(uint32_t pack, const tenon_tensor& packed);
//   };
//   class MySession {
//    public:
//     void query(const Graph& graph, const Sink& sink);       // pure: claims and refusals through `sink`
//     std::unique_ptr<MyExec> compile(const Region& region, const Task& task, tenon_exec_info& info);
//   };
//   class MyProvider {
//    public:
//     static constexpr Identity identity{.id = "mine", .version = "1.0.0"};
//     explicit MyProvider(const Host& host);
//     std::span<const tenon_device> devices();
//     std::unique_ptr<MySession> create_session(SessionDesc desc);
//     // optional; a member that is not there leaves its slot NULL:
//     std::span<const tenon_option_desc> options();
//     std::span<const tenon_schema> schemas();                      // with infer
//     void infer(const Node& node, const Shapes& shapes);
//     tenon_mem* mem_alloc(const tenon_mem_desc& desc);             // with mem_free; define struct tenon_mem yourself
//     void mem_free(tenon_mem* mem);
//     void* mem_map(tenon_mem* mem);                                // with mem_unmap
//     void mem_unmap(tenon_mem* mem);
//     uint64_t layout_bytes(const tenon_layout& layout, uint32_t dtype, std::span<const int64_t> dims);
//     void copy(const tenon_copy& copy);
//     uint64_t copy_cost(const tenon_copy& copy);                   // nanoseconds
//     tenon_sync* sync_create(uint32_t device, uint32_t& kind);     // with the three below
//     void sync_wait(tenon_sync* sync, uint64_t value, uint64_t timeout_ns);  // throws Error for any code but TENON_OK
//     void sync_signal(tenon_sync* sync, uint64_t value);
//     void sync_destroy(tenon_sync* sync);
//     const void* get_extension(std::string_view name);
//   };
//   TENON_PROVIDER(MyProvider)
//
// Every class may be abstract (create_session may return a base with virtual functions); names must not be overloaded.
// All members may throw: Error keeps its code, std::bad_alloc is TENON_OUT_OF_MEMORY, anything else TENON_INTERNAL.
// compile takes its claim back by throwing Error(TENON_DECLINED, why). The provider object is made at the first call of
// the entry and lives as long as the process. Threads are as plugin.h marks them.
#ifndef TENON_PROVIDER_HPP_
#define TENON_PROVIDER_HPP_

#include <tenon/plugin.h>
#include <tenon/provider/error.hpp>
#include <tenon/provider/graph.hpp>
#include <tenon/provider/host.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

namespace tenon::plugin {

/// Who a provider is; equals what its manifest says.
struct Identity {
  std::string_view id;
  std::string_view version;
  uint32_t min_minor = 0;
  uint32_t max_minor = TENON_ABI_MINOR;
  uint64_t features = 0;
  std::string_view build = {};
};

/// The common device record: the host's processor, one queue, host memory only.
inline tenon_device cpu_device(std::string_view name, std::span<const tenon_memory_kind> kinds) {
  tenon_device d{};
  d.size = sizeof(d);
  d.name = str(name);
  d.kind = TENON_DEVICE_CPU;
  d.nqueues = 1;
  d.memory_kinds = kinds.data();
  d.nmemory_kinds = static_cast<uint32_t>(kinds.size());
  d.memory_kind_stride = sizeof(tenon_memory_kind);
  return d;
}
/// Entry 0 of every device's memory kinds.
inline tenon_memory_kind host_memory_kind() {
  tenon_memory_kind k{};
  k.name = str("host");
  k.flags = TENON_MEMORY_HOST;
  k.alignment = 1;
  return k;
}

/// What the host and a provider can both speak; throws TENON_VERSION with both ranges in the text.
inline uint32_t agree_minor(const tenon_host_range& host, const Identity& own) {
  const uint32_t minor = std::min(host.max_minor, own.max_minor);
  if (host.generation != TENON_ABI_GENERATION || minor < host.min_minor || minor < own.min_minor) {
    fail(TENON_VERSION, "the host speaks ABI generation ", host.generation, ", minors ", host.min_minor, " to ",
         host.max_minor, "; provider '", own.id, "' speaks generation ", TENON_ABI_GENERATION, ", minors ",
         own.min_minor, " to ", own.max_minor);
  }
  return minor;
}

namespace detail {

/// Zeroes a record that the host made, beyond its `size` field and within it.
template <class T>
void clear(T& record) {
  const uint32_t size = record.size;
  std::memset(&record, 0, std::min<size_t>(size, sizeof(T)));
  record.size = size;
}

template <class P>
class Table {
  using Session = typename decltype(std::declval<P&>().create_session(std::declval<SessionDesc>()))::element_type;
  using Exec = typename decltype(std::declval<Session&>().compile(
      std::declval<const Region&>(), std::declval<const Task&>(), std::declval<tenon_exec_info&>()))::element_type;

 public:
  static int32_t entry(const tenon_host* host, const tenon_host_range* range, const tenon_provider** out,
                       tenon_status* status) noexcept {
    return guard(status, [&] {
      const uint32_t minor = agree_minor(*range, P::identity);
      static Table* const table = new Table(Host(host, minor));  // reachable for ever: code is never unloaded [R9]
      *out = &table->record_;
    });
  }

 private:
  explicit Table(Host host) : provider_((host_ = host)) {
    constexpr const Identity& id = P::identity;
    info_.size = sizeof(info_);
    info_.id = str(id.id);
    info_.version = str(id.version);
    info_.generation = TENON_ABI_GENERATION;
    info_.min_minor = id.min_minor;
    info_.max_minor = id.max_minor;
    info_.features = id.features;
    info_.build = str(id.build);
    record_.size = sizeof(record_);
    record_.self = &provider_;
    record_.info = &info_;
    fill_provider();
    fill_session();
    if constexpr (requires { &P::mem_alloc; }) fill_memory();
    fill_copies();
    if constexpr (requires { &P::sync_create; }) fill_timelines();
    if constexpr (requires { &P::get_extension; }) {
      record_.get_extension = [](void* self, tenon_string name) -> const void* {
        const void* out = nullptr;
        guard(nullptr, [&] { out = of(self).get_extension(view(name)); });
        return out;
      };
    }
  }

  void fill_provider() {
    record_.devices = [](void* self, tenon_device* out, uint32_t stride, uint32_t cap, uint32_t* n, tenon_status* st) {
      return guard(st, [&] {
        const std::span<const tenon_device> all = of(self).devices();
        for (uint32_t i = 0; i < all.size() && i < cap; ++i) {
          tenon_device one = all[i];
          one.id = i;
          one.size = static_cast<uint32_t>(std::min<size_t>(stride, sizeof(one)));
          std::memcpy(reinterpret_cast<std::byte*>(out) + size_t{i} * stride, &one, one.size);
        }
        *n = static_cast<uint32_t>(all.size());
      });
    };
    if constexpr (requires { &P::options; }) {
      record_.options = [](void* self, const tenon_option_desc** out, uint32_t* stride, uint32_t* n) {
        return list(out, stride, n, [&] { return std::span<const tenon_option_desc>(of(self).options()); });
      };
    }
    if constexpr (requires { &P::schemas; }) {
      record_.schemas = [](void* self, const tenon_schema** out, uint32_t* stride, uint32_t* n) {
        return list(out, stride, n, [&] { return std::span<const tenon_schema>(of(self).schemas()); });
      };
      record_.infer = [](void* self, const tenon_node* node, tenon_shapes* shapes, tenon_status* st) {
        return guard(st, [&] { of(self).infer(Node(node, nullptr), Shapes(shapes)); });
      };
    }
    record_.session_create = [](void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                                tenon_status* st) {
      return guard(st, [&] {
        *out = reinterpret_cast<tenon_provider_session*>(of(self).create_session(SessionDesc(host_, *desc)).release());
      });
    };
  }

  void fill_session() {
    record_.session_destroy = [](tenon_provider_session* s) { delete reinterpret_cast<Session*>(s); };
    record_.query = [](tenon_provider_session* s, const tenon_graph* graph, tenon_sink* sink, tenon_status* st) {
      return guard(st, [&] { reinterpret_cast<Session*>(s)->query(Graph(graph), Sink(host_.raw(), sink)); });
    };
    record_.compile = [](tenon_provider_session* s, const tenon_region* region, tenon_task* task, tenon_exec** out,
                         tenon_exec_info* info, tenon_status* st) {
      return guard(st, [&] {
        clear(*info);
        auto exec = reinterpret_cast<Session*>(s)->compile(Region(region), Task(host_.raw(), task), *info);
        *out = reinterpret_cast<tenon_exec*>(exec.release());
      });
    };
    record_.exec_destroy = [](tenon_exec* e) { delete reinterpret_cast<Exec*>(e); };
    if constexpr (requires { &Exec::prepack; }) {
      record_.prepack = [](tenon_exec* e, uint32_t pack, const tenon_tensor* dst, tenon_task* task, tenon_status* st) {
        return guard(st, [&] { reinterpret_cast<Exec*>(e)->prepack(pack, *dst, Task(host_.raw(), task)); });
      };
      record_.bind_packed = [](tenon_exec* e, uint32_t pack, const tenon_tensor* packed, tenon_status* st) {
        return guard(st, [&] { reinterpret_cast<Exec*>(e)->bind_packed(pack, *packed); });
      };
    }
    fill_execute();
  }

  void fill_execute() {
    if constexpr (requires { &Exec::prepare; }) {
      using Prepared = typename decltype(std::declval<Exec&>().prepare(
          std::declval<const Shapes&>(), std::declval<tenon_prepared_info&>()))::element_type;
      record_.prepare = [](tenon_exec* e, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info* info,
                           tenon_status* st) {
        return guard(st, [&] {
          clear(*info);
          auto prepared = reinterpret_cast<Exec*>(e)->prepare(Shapes(shapes), *info);
          *out = reinterpret_cast<tenon_prepared*>(prepared.release());
        });
      };
      record_.prepared_destroy = [](tenon_prepared* p) { delete reinterpret_cast<Prepared*>(p); };
      record_.execute = [](tenon_exec* e, tenon_prepared* p, const tenon_run* run, tenon_status* st) {
        return guard(st, [&] {
          reinterpret_cast<Exec*>(e)->execute(*reinterpret_cast<const Prepared*>(p), Run(host_.raw(), run));
        });
      };
    } else {
      record_.execute = [](tenon_exec* e, tenon_prepared*, const tenon_run* run, tenon_status* st) {
        return guard(st, [&] { reinterpret_cast<Exec*>(e)->execute(Run(host_.raw(), run)); });
      };
    }
  }

  void fill_memory() {
    record_.mem_alloc = [](void* self, const tenon_mem_desc* desc, tenon_mem** out, tenon_status* st) {
      return guard(st, [&] { *out = of(self).mem_alloc(*desc); });
    };
    record_.mem_free = [](void* self, tenon_mem* mem) { guard(nullptr, [&] { of(self).mem_free(mem); }); };
    if constexpr (requires { &P::mem_map; }) {
      record_.mem_map = [](void* self, tenon_mem* mem, void** out, tenon_status* st) {
        return guard(st, [&] { *out = of(self).mem_map(mem); });
      };
      record_.mem_unmap = [](void* self, tenon_mem* mem, tenon_status* st) {
        return guard(st, [&] { of(self).mem_unmap(mem); });
      };
    }
  }

  void fill_copies() {
    if constexpr (requires { &P::layout_bytes; }) {
      record_.layout_bytes = [](void* self, const tenon_layout* layout, uint32_t dtype, const int64_t* dims,
                                uint32_t rank, uint64_t* out, tenon_status* st) {
        return guard(st, [&] { *out = of(self).layout_bytes(*layout, dtype, std::span(dims, rank)); });
      };
    }
    if constexpr (requires { &P::copy; }) {
      record_.copy = [](void* self, const tenon_copy* copy, tenon_status* st) {
        return guard(st, [&] { of(self).copy(*copy); });
      };
    }
    if constexpr (requires { &P::copy_cost; }) {
      record_.copy_cost = [](void* self, const tenon_copy* copy, uint64_t* ns, tenon_status* st) {
        return guard(st, [&] { *ns = of(self).copy_cost(*copy); });
      };
    }
  }

  void fill_timelines() {
    record_.sync_create = [](void* self, uint32_t device, tenon_sync** out, uint32_t* kind, tenon_status* st) {
      return guard(st, [&] { *out = of(self).sync_create(device, *kind); });
    };
    record_.sync_wait = [](void* self, tenon_sync* sync, uint64_t value, uint64_t timeout_ns, tenon_status* st) {
      return guard(st, [&] { of(self).sync_wait(sync, value, timeout_ns); });
    };
    record_.sync_signal = [](void* self, tenon_sync* sync, uint64_t value, tenon_status* st) {
      return guard(st, [&] { of(self).sync_signal(sync, value); });
    };
    record_.sync_destroy = [](void* self, tenon_sync* s) { guard(nullptr, [&] { of(self).sync_destroy(s); }); };
  }

  template <class T, class F>
  static int32_t list(const T** out, uint32_t* stride, uint32_t* n, F&& get) noexcept {
    return guard(nullptr, [&] {
      const std::span<const T> all = get();
      *out = all.data();
      *stride = sizeof(T);
      *n = static_cast<uint32_t>(all.size());
    });
  }
  static P& of(void* self) { return *static_cast<P*>(self); }

  inline static Host host_;
  tenon_provider_info info_{};
  tenon_provider record_{};
  P provider_;
};

}  // namespace detail
}  // namespace tenon::plugin

/// Defines the library's one exported function from class P. Once, at file scope, outside of any namespace.
#define TENON_PROVIDER(P)                                                                                        \
  extern "C" TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* host, const tenon_host_range* range, \
                                                          const tenon_provider** out, tenon_status* status) {    \
    return ::tenon::plugin::detail::Table<P>::entry(host, range, out, status);                                   \
  }

#endif  // TENON_PROVIDER_HPP_
