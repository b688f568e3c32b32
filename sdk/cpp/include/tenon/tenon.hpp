// SPDX-License-Identifier: Apache-2.0
//
// Tenon for C++20, header-only over tenon.h.
//
//   tenon::Env env;
//   tenon::Session session(env, "model.onnx", tenon::SessionOptions().provider("cpu"));
//   std::vector<float> x(1 * 3 * 224 * 224);
//   auto outputs = session.run({tenon::Value::wrap<float>(x, {1, 3, 224, 224})});
//   std::span<const float> y = outputs[0].data<float>();
//   std::cout << session.placement_line() << '\n';
//
// Objects are handles: a copy is another reference to the same object, and they may be destroyed in any order.
// Everything that fails throws tenon::Error. Threads: as tenon.h says of the function beneath (sessions may run many
// times at once).
#pragma once

#include <tenon/tenon.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {

// What went wrong: a code of types.h, a sentence, and the things it is about (empty where that does not apply).
class Error : public std::runtime_error {
 public:
  Error(int32_t code, const std::string& message) : std::runtime_error(message), code_(code) {
    tenon_error_fields fields{};
    fields.size = sizeof fields;
    if (tenon_last_error_fields(&fields) == TENON_OK && fields.code == code) {
      auto text = [](tenon_string s) { return std::string(s.data ? s.data : "", s.len); };
      node = text(fields.node);
      op = text(fields.op);
      value = text(fields.value);
      provider = text(fields.provider);
      got = text(fields.got);
      expected = text(fields.expected);
    }
  }
  int32_t code() const noexcept { return code_; }
  const char* code_name() const noexcept { return tenon_code_name(code_); }

  std::string node, op, value, provider, got, expected;

 private:
  int32_t code_;
};

namespace detail {

inline tenon_string str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(tenon_string text) { return {text.data ? text.data : "", static_cast<size_t>(text.len)}; }

// Calls fn(args..., &status) and throws what it reports.
template <typename Fn, typename... Args>
void check(Fn fn, Args... args) {
  tenon_status status{};
  status.size = sizeof status;
  if (int32_t code = fn(args..., &status); code != TENON_OK) {
    throw Error(code, std::string(status.msg, status.len));
  }
}

// Calls a function that makes a text and returns a copy of it.
template <typename Fn, typename... Args>
std::string text_of(Fn fn, Args... args) {
  tenon_text* text = nullptr;
  check(fn, args..., &text);
  std::string copy(view(tenon_text_get(text)));
  tenon_text_release(text);
  return copy;
}

// One counted reference to a C object.
template <typename T, auto Retain, auto Release>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T* owned) : object_(owned) {}
  Handle(const Handle& other) : object_(other.object_) {
    if (object_ != nullptr) {
      Retain(object_);
    }
  }
  Handle(Handle&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Handle() { Release(object_); }
  T* get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

template <typename T>
struct DtypeOf;
#define TENON_DTYPE_OF(type, number)          \
  template <>                                 \
  struct DtypeOf<type> {                      \
    static constexpr uint32_t value = number; \
  }
TENON_DTYPE_OF(float, TENON_FLOAT32);
TENON_DTYPE_OF(double, TENON_FLOAT64);
TENON_DTYPE_OF(int8_t, TENON_INT8);
TENON_DTYPE_OF(int16_t, TENON_INT16);
TENON_DTYPE_OF(int32_t, TENON_INT32);
TENON_DTYPE_OF(int64_t, TENON_INT64);
TENON_DTYPE_OF(uint8_t, TENON_UINT8);
TENON_DTYPE_OF(uint16_t, TENON_UINT16);
TENON_DTYPE_OF(uint32_t, TENON_UINT32);
TENON_DTYPE_OF(uint64_t, TENON_UINT64);
TENON_DTYPE_OF(bool, TENON_BOOL);
#undef TENON_DTYPE_OF

}  // namespace detail

inline std::string version() { return tenon_version(); }

// A tensor, over the caller's memory (wrap) or in Tenon's own (create, or what a run returns); or a sequence, optional
// or map of such values, which it keeps alive.
class Value {
 public:
  Value() = default;  // absent: an input's default, or "make this output"
  explicit Value(tenon_value* owned) : handle_(owned) {}

  // Over `data` (row-major, dense), which must stay until the value is gone and no run uses it. Nothing is copied.
  template <typename T>
  static Value wrap(std::span<T> data, const std::vector<int64_t>& dims) {
    using Element = std::remove_const_t<T>;
    return wrap_bytes(detail::DtypeOf<Element>::value, const_cast<Element*>(data.data()), data.size_bytes(), dims);
  }
  template <typename T>
  static Value wrap(std::vector<T>& data, const std::vector<int64_t>& dims) {
    return wrap(std::span<T>(data), dims);
  }
  // The same for any dtype (float16, int4, ...): `bytes` bytes at `data`.
  static Value wrap_bytes(uint32_t dtype, void* data, uint64_t bytes, const std::vector<int64_t>& dims) {
    tenon_tensor tensor{};
    tensor.size = sizeof tensor;
    tensor.dtype = dtype;
    tensor.rank = static_cast<uint32_t>(dims.size());
    tensor.dims = dims.data();
    tensor.bytes = bytes;
    tensor.data = data;
    tenon_value* value = nullptr;
    detail::check(tenon_value_wrap, &tensor, &value);
    return Value(value);
  }
  // Zeroed, in Tenon's memory.
  static Value create(uint32_t dtype, const std::vector<int64_t>& dims) {
    tenon_value* value = nullptr;
    detail::check(tenon_value_create, dtype, dims.data(), static_cast<uint32_t>(dims.size()), &value);
    return Value(value);
  }
  // A copy of `strings`, row-major.
  static Value strings(const std::vector<std::string>& strings, const std::vector<int64_t>& dims) {
    uint64_t count = 1;
    for (const int64_t dim : dims) {
      const uint64_t size = dim < 0 ? UINT64_MAX : static_cast<uint64_t>(dim);
      count = size != 0 && count > UINT64_MAX / size ? UINT64_MAX : count * size;
    }
    if (count != strings.size()) {
      throw Error(TENON_INVALID_TENSOR, "a tensor of strings has one string for each element; got " +
                                            std::to_string(strings.size()) + ", expected the product of the dims");
    }
    std::vector<tenon_string> views;
    views.reserve(strings.size());
    for (const std::string& text : strings) {
      views.push_back(detail::str(text));
    }
    tenon_value* value = nullptr;
    detail::check(tenon_value_create_strings, views.data(), dims.data(), static_cast<uint32_t>(dims.size()), &value);
    return Value(value);
  }

  // Values of one kind and dtype; an empty sequence fits every sequence type.
  static Value sequence(const std::vector<Value>& items) {
    const std::vector<const tenon_value*> raw = raw_of(items);
    tenon_value* value = nullptr;
    detail::check(tenon_value_create_sequence, raw.data(), static_cast<uint64_t>(raw.size()), &value);
    return Value(value);
  }
  // One that holds `item`; without an item, or of Value(), an absent one.
  static Value optional(const Value& item = {}) {
    tenon_value* value = nullptr;
    detail::check(tenon_value_create_optional, static_cast<const tenon_value*>(item.get()), &value);
    return Value(value);
  }
  // keys: a tensor of as many integers or strings, rank 1, each once.
  static Value map(const Value& keys, const std::vector<Value>& values) {
    const std::vector<const tenon_value*> raw = raw_of(values);
    tenon_value* value = nullptr;
    detail::check(tenon_value_create_map, static_cast<const tenon_value*>(keys.get()), raw.data(),
                  static_cast<uint64_t>(raw.size()), &value);
    return Value(value);
  }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  // One of TENON_KIND_*; 0 for Value().
  uint32_t kind() const noexcept { return tenon_value_kind(handle_.get()); }
  bool is_tensor() const noexcept { return kind() == TENON_KIND_TENSOR; }
  // Items of a sequence or map; 1 or 0 (absent) of an optional.
  uint64_t count() const noexcept { return tenon_value_count(handle_.get()); }
  // An element of a sequence, the value of a present optional (index 0), a map's value for key `index`.
  Value item(uint64_t index) const {
    tenon_value* value = nullptr;
    detail::check(tenon_value_item, static_cast<const tenon_value*>(handle_.get()), index, &value);
    return Value(value);
  }
  std::vector<Value> items() const {
    std::vector<Value> all;
    all.reserve(static_cast<size_t>(count()));
    for (uint64_t i = 0; i < count(); ++i) {
      all.push_back(item(i));
    }
    return all;
  }
  // A map's keys: a tensor of rank 1.
  Value keys() const {
    tenon_value* value = nullptr;
    detail::check(tenon_value_map_keys, static_cast<const tenon_value*>(handle_.get()), &value);
    return Value(value);
  }
  // The view that tenon.h defines of a tensor; lives as long as this value.
  tenon_tensor tensor() const {
    tenon_tensor tensor{};
    tensor.size = sizeof tensor;
    detail::check(tenon_value_tensor, handle_.get(), &tensor);
    return tensor;
  }
  uint32_t dtype() const { return tensor().dtype; }
  std::vector<int64_t> dims() const {
    tenon_tensor view = tensor();
    return {view.dims, view.dims + view.rank};
  }
  // The elements, row-major; throws when T is not the value's dtype. Lives as long as this value.
  template <typename T>
  std::span<T> data() const {
    tenon_tensor view = tensor();
    if (view.dtype != detail::DtypeOf<std::remove_const_t<T>>::value) {
      throw Error(TENON_INVALID_ARGUMENT, "Value::data: the tensor has another dtype than was asked for");
    }
    uint64_t count = 1;
    for (uint32_t axis = 0; axis < view.rank; ++axis) {
      count *= static_cast<uint64_t>(view.dims[axis]);
    }
    return {static_cast<T*>(view.data), static_cast<size_t>(count)};
  }
  std::string string_at(uint64_t index) const {
    tenon_string text{};
    detail::check(tenon_value_string, handle_.get(), index, &text);
    return std::string(detail::view(text));
  }
  tenon_value* get() const noexcept { return handle_.get(); }

 private:
  static std::vector<const tenon_value*> raw_of(const std::vector<Value>& values) {
    std::vector<const tenon_value*> raw;
    raw.reserve(values.size());
    for (const Value& value : values) {
      raw.push_back(value.get());
    }
    return raw;
  }
  detail::Handle<tenon_value, tenon_value_retain, tenon_value_release> handle_;
};

// Where and how to look for providers; see tenon_env_desc.
struct EnvOptions {
  uint32_t threads = 0;
  uint32_t log_level = 0;
  std::vector<std::string> provider_dirs;
  bool no_default_dirs = false;
  tenon_log_fn log = nullptr;
  void* log_user = nullptr;
};

class Env {
 public:
  explicit Env(const EnvOptions& options = {}) {
    std::vector<tenon_string> dirs;
    dirs.reserve(options.provider_dirs.size());
    for (const std::string& dir : options.provider_dirs) {
      dirs.push_back(detail::str(dir));
    }
    tenon_env_desc desc{};
    desc.size = sizeof desc;
    desc.threads = options.threads;
    desc.log_level = options.log_level;
    desc.log = options.log;
    desc.log_user = options.log_user;
    desc.provider_dirs = dirs.data();
    desc.nprovider_dirs = static_cast<uint32_t>(dirs.size());
    desc.no_default_dirs = options.no_default_dirs ? 1 : 0;
    tenon_env* env = nullptr;
    detail::check(tenon_env_create, &desc, &env);
    handle_ = decltype(handle_)(env);
  }
  void add_provider(std::string_view manifest) {
    detail::check(tenon_env_add_provider, handle_.get(), detail::str(manifest));
  }
  // JSON texts: see tenon.h.
  std::string providers_json(bool load = true) const {
    return detail::text_of(tenon_env_providers_json, handle_.get(), load ? 1u : 0u);
  }
  std::string memory_json() const { return detail::text_of(tenon_env_memory_json, handle_.get()); }
  void trim() { detail::check(tenon_env_trim, handle_.get()); }
  tenon_env* get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<tenon_env, tenon_env_retain, tenon_env_release> handle_;
};

// How to load; each call returns the object, so that they chain.
class SessionOptions {
 public:
  SessionOptions() { detail::check(tenon_session_options_create, &options_); }
  SessionOptions(SessionOptions&& other) noexcept : options_(std::exchange(other.options_, nullptr)) {}
  SessionOptions& operator=(SessionOptions&& other) noexcept {
    std::swap(options_, other.options_);
    return *this;
  }
  SessionOptions(const SessionOptions&) = delete;
  SessionOptions& operator=(const SessionOptions&) = delete;
  ~SessionOptions() { tenon_session_options_release(options_); }

  // Adds a provider, in order of preference; naming one makes placement strict unless `policy` is set.
  SessionOptions& provider(std::string_view id,
                           const std::vector<std::pair<std::string, std::string>>& provider_options = {}) {
    std::vector<tenon_string> names, values;
    for (const auto& [name, value] : provider_options) {
      names.push_back(detail::str(name));
      values.push_back(detail::str(value));
    }
    detail::check(tenon_session_options_add_provider, options_, detail::str(id), names.data(), values.data(),
                  static_cast<uint32_t>(names.size()));
    return *this;
  }
  // Sets an option by name, e.g. set("policy", "warn"); tenon_session_options_set lists them.
  SessionOptions& set(std::string_view name, std::string_view value) {
    detail::check(tenon_session_options_set, options_, detail::str(name), detail::str(value));
    return *this;
  }
  SessionOptions& dim(std::string_view symbol, int64_t size) {
    detail::check(tenon_session_options_set_dim, options_, detail::str(symbol), size);
    return *this;
  }
  static std::string describe_json() { return detail::text_of(tenon_session_options_describe_json); }
  tenon_session_options* get() const noexcept { return options_; }

 private:
  tenon_session_options* options_ = nullptr;
};

// Cancels and limits the runs that it is given to; share one handle between the running and the cancelling thread.
class RunOptions {
 public:
  RunOptions() {
    tenon_run_options* options = nullptr;
    detail::check(tenon_run_options_create, &options);
    handle_ = decltype(handle_)(options);
  }
  void cancel() { tenon_run_options_cancel(handle_.get()); }
  void reset() { tenon_run_options_reset(handle_.get()); }
  RunOptions& timeout(std::chrono::nanoseconds time) {
    tenon_run_options_set_timeout(handle_.get(), static_cast<uint64_t>(time.count()));
    return *this;
  }
  RunOptions& threads(uint32_t count) {
    tenon_run_options_set_threads(handle_.get(), count);
    return *this;
  }
  tenon_run_options* get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<tenon_run_options, tenon_run_options_retain, tenon_run_options_release> handle_;
};

// How a model is written; see tenon_optimize_desc.
struct OptimizeOptions {
  uint32_t opset = 0;            // of ai.onnx; 0: the model's own
  bool external_data = false;    // weights go to a file beside it, even where one file would do
  bool dense_constants = false;  // constants of one repeated value are written out
  const RunOptions* run = nullptr;
  std::function<void(uint64_t done, uint64_t total)> progress;
};

// Writes the optimised graph of `model` to `out`, an ONNX model; returns tenon_env_optimize's JSON.
inline std::string optimize(const Env& env, std::string_view model, std::string_view out,
                            const SessionOptions& options = {}, const OptimizeOptions& how = {}) {
  tenon_optimize_desc desc{};
  desc.size = sizeof desc;
  desc.opset = how.opset;
  desc.out = detail::str(out);
  desc.external_data = how.external_data ? 1 : 0;
  desc.dense_constants = how.dense_constants ? 1 : 0;
  desc.run = how.run != nullptr ? how.run->get() : nullptr;
  if (how.progress) {
    desc.progress = [](void* user, uint64_t done, uint64_t total) {
      static_cast<const OptimizeOptions*>(user)->progress(done, total);
    };
    desc.progress_user = const_cast<OptimizeOptions*>(&how);
  }
  return detail::text_of(tenon_env_optimize, env.get(), detail::str(model),
                         static_cast<const tenon_session_options*>(options.get()),
                         static_cast<const tenon_optimize_desc*>(&desc));
}

// An input or output of a model.
struct Io {
  std::string name;
  std::string type;                  // "tensor(float32)"
  uint32_t dtype = TENON_UNDEFINED;  // of a tensor
  bool rank_known = false;
  std::vector<int64_t> dims;         // -1: not fixed
  std::vector<std::string> symbols;  // a name for each dim, or empty
  bool optional = false;
};

class Session {
 public:
  // Takes over one reference.
  explicit Session(tenon_session* owned) : handle_(owned) {}
  // From a file.
  Session(const Env& env, std::string_view path, const SessionOptions& options = {}) {
    tenon_session* session = nullptr;
    detail::check(tenon_session_create, env.get(), detail::str(path), options.get(), &session);
    handle_ = decltype(handle_)(session);
  }
  // From bytes, which are copied. external_folder: where external data lies; empty: none is allowed.
  Session(const Env& env, std::span<const std::byte> bytes, const SessionOptions& options = {},
          std::string_view external_folder = {}) {
    tenon_session* session = nullptr;
    detail::check(tenon_session_create_from_bytes, env.get(), bytes.data(), static_cast<uint64_t>(bytes.size()), 0u,
                  detail::str(external_folder), options.get(), &session);
    handle_ = decltype(handle_)(session);
  }

  std::vector<Io> inputs() const { return list(tenon_session_input_count, tenon_session_input); }
  std::vector<Io> outputs() const { return list(tenon_session_output_count, tenon_session_output); }
  // The model's own metadata, in its order.
  std::vector<std::pair<std::string, std::string>> metadata() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (uint32_t i = 0; i < tenon_session_metadata_count(handle_.get()); ++i) {
      tenon_string key{}, value{};
      if (tenon_session_metadata(handle_.get(), i, &key, &value) == TENON_OK) {
        all.emplace_back(detail::view(key), detail::view(value));
      }
    }
    return all;
  }

  // Runs once. inputs: by position, absent values take the model's default (of an optional type: are absent). Returns
  // every output, newly made.
  std::vector<Value> run(const std::vector<Value>& inputs, const RunOptions* options = nullptr) const {
    std::vector<Value> outputs(tenon_session_output_count(handle_.get()));
    run_into(inputs, outputs, options);
    return outputs;
  }
  // The same into values that the caller brings; absent ones are made.
  void run_into(const std::vector<Value>& inputs, std::vector<Value>& outputs,
                const RunOptions* options = nullptr) const {
    std::vector<const tenon_value*> in;
    std::vector<tenon_value*> out;
    in.reserve(inputs.size());
    out.reserve(outputs.size());
    for (const Value& value : inputs) {
      in.push_back(value.get());
    }
    for (const Value& value : outputs) {
      out.push_back(value.get());
    }
    detail::check(tenon_session_run, handle_.get(),
                  static_cast<const tenon_run_options*>(options != nullptr ? options->get() : nullptr), in.data(),
                  static_cast<uint32_t>(in.size()), out.data(), static_cast<uint32_t>(out.size()),
                  static_cast<const uint8_t*>(nullptr));
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i]) {
        outputs[i] = Value(out[i]);
      }
    }
  }

  // "95 nodes: cpu 61, view 14, folded 18, removed 2"
  std::string placement_line() const { return std::string(detail::view(tenon_session_placement_line(handle_.get()))); }
  // JSON and other texts: see tenon.h.
  std::string placement_json() const { return detail::text_of(tenon_session_placement_json, handle_.get()); }
  // stage: "import" or "optimized".
  std::string graph_json(std::string_view stage) const {
    return detail::text_of(tenon_session_graph_json, handle_.get(), detail::str(stage));
  }
  std::string inspect_json() const { return detail::text_of(tenon_session_inspect_json, handle_.get()); }
  std::string memory_json() const { return detail::text_of(tenon_session_memory_json, handle_.get()); }
  std::string profile_json() const { return detail::text_of(tenon_session_profile_json, handle_.get()); }
  std::string profile_trace() const { return detail::text_of(tenon_session_profile_trace, handle_.get()); }
  void profile_reset() { detail::check(tenon_session_profile_reset, handle_.get()); }
  // stage: "import" or "optimized".
  std::string ir_text(std::string_view stage) const {
    return detail::text_of(tenon_session_ir_text, handle_.get(), detail::str(stage));
  }
  void trim() { detail::check(tenon_session_trim, handle_.get()); }
  tenon_session* get() const noexcept { return handle_.get(); }

 private:
  template <typename Count, typename Get>
  std::vector<Io> list(Count count, Get get_one) const {
    std::vector<Io> all;
    for (uint32_t i = 0; i < count(handle_.get()); ++i) {
      tenon_io io{};
      io.size = sizeof io;
      if (int32_t code = get_one(handle_.get(), i, &io); code != TENON_OK) {
        throw Error(code, "the session did not describe input or output " + std::to_string(i));
      }
      Io item{std::string(detail::view(io.name)),
              std::string(detail::view(io.type)),
              io.dtype,
              io.rank != UINT32_MAX,
              {},
              {},
              io.optional != 0};
      for (uint32_t axis = 0; item.rank_known && axis < io.rank; ++axis) {
        item.dims.push_back(io.dims[axis]);
        item.symbols.emplace_back(io.symbols != nullptr ? detail::view(io.symbols[axis]) : std::string_view());
      }
      all.push_back(std::move(item));
    }
    return all;
  }

  detail::Handle<tenon_session, tenon_session_retain, tenon_session_release> handle_;
};

}  // namespace tenon
