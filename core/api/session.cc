// SPDX-License-Identifier: Apache-2.0
#include "core/api/session.hpp"

#include <boost/json.hpp>
#include <cstring>
#include <string>

#include "core/api/error.hpp"
#include "core/api/text.hpp"
#include "core/ir/text.hpp"

namespace json = boost::json;
using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;
using tenon::api::make_text;

namespace {

Status create(tenon_env* env, tenon::api::ModelSource source, const tenon_session_options* options,
              tenon_session** out) {
  const tenon::LoadOptions standard;
  TENON_ASSIGN_OR_RETURN(
      auto session, tenon::api::load_session(env, std::move(source), options == nullptr ? standard : options->options));
  *out = session.release();
  return {};
}

int32_t copy_io(const std::vector<std::unique_ptr<tenon::api::IoInfo>>& list, uint32_t index, tenon_io* out) {
  if (out == nullptr || index >= list.size()) {
    return TENON_INVALID_ARGUMENT;
  }
  const uint32_t known = std::min<uint32_t>(out->size, sizeof(tenon_io));
  std::memcpy(out, &list[index]->record, known);
  out->size = known;
  return TENON_OK;
}

uint32_t find_io(const std::vector<std::unique_ptr<tenon::api::IoInfo>>& list, tenon_string name) {
  for (uint32_t i = 0; i < list.size(); ++i) {
    if (list[i]->name == tenon::api::view(name)) {
      return i;
    }
  }
  return UINT32_MAX;
}

// Runs make(), which returns a std::string, into a text.
template <typename Make>
int32_t text_of(const char* function, const void* session, tenon_text** out, tenon_status* status, const Make& make) {
  return guarded(status, [&]() -> Status {
    if (session == nullptr || out == nullptr) {
      return bad_argument(std::string(function) + ": session or out is NULL");
    }
    *out = make_text(make());
    return {};
  });
}

Status ir_text(const tenon_session& session, std::string_view stage, tenon_text** out) {
  if (stage == "optimized") {
    *out = make_text(tenon::to_text(*session.model));
    return {};
  }
  if (stage != "import") {
    return bad_argument("tenon_session_ir_text: stage is 'import' or 'optimized', not '" + std::string(stage) + "'");
  }
  TENON_ASSIGN_OR_RETURN(const auto model, tenon::api::import_again(session));
  *out = make_text(tenon::to_text(*model));
  return {};
}

}  // namespace

extern "C" {

int32_t tenon_session_create(tenon_env* env, tenon_string path, const tenon_session_options* options,
                             tenon_session** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr || out == nullptr || path.len == 0) {
      return bad_argument("tenon_session_create: env or out is NULL, or path is empty");
    }
    tenon::api::ModelSource source;
    source.path = std::string(tenon::api::view(path));
    return create(env, std::move(source), options, out);
  });
}

int32_t tenon_session_create_from_bytes(tenon_env* env, const void* data, uint64_t bytes, uint32_t keep_alive,
                                        tenon_string external_folder, const tenon_session_options* options,
                                        tenon_session** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr || out == nullptr || (data == nullptr && bytes > 0)) {
      return bad_argument("tenon_session_create_from_bytes: env, data or out is NULL");
    }
    tenon::api::ModelSource source;
    source.bytes = {static_cast<const std::byte*>(data), static_cast<size_t>(bytes)};
    source.external_folder = std::string(tenon::api::view(external_folder));
    if (keep_alive != 0) {
      source.owner = std::shared_ptr<const void>(std::shared_ptr<void>(), data);
    }
    TENON_RETURN_IF_ERROR(create(env, std::move(source), options, out));
    if (keep_alive == 0) {
      (*out)->source.bytes = {};
    }
    return {};
  });
}

void tenon_session_retain(tenon_session* session) {
  if (session != nullptr) {
    session->references.fetch_add(1, std::memory_order_relaxed);
  }
}

void tenon_session_release(tenon_session* session) {
  if (session != nullptr && session->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete session;
  }
}

uint32_t tenon_session_input_count(const tenon_session* session) {
  return session == nullptr ? 0 : static_cast<uint32_t>(session->inputs.size());
}

uint32_t tenon_session_output_count(const tenon_session* session) {
  return session == nullptr ? 0 : static_cast<uint32_t>(session->outputs.size());
}

int32_t tenon_session_input(const tenon_session* session, uint32_t index, tenon_io* out) {
  return session == nullptr ? TENON_INVALID_ARGUMENT : copy_io(session->inputs, index, out);
}

int32_t tenon_session_output(const tenon_session* session, uint32_t index, tenon_io* out) {
  return session == nullptr ? TENON_INVALID_ARGUMENT : copy_io(session->outputs, index, out);
}

uint32_t tenon_session_input_index(const tenon_session* session, tenon_string name) {
  return session == nullptr ? UINT32_MAX : find_io(session->inputs, name);
}

uint32_t tenon_session_output_index(const tenon_session* session, tenon_string name) {
  return session == nullptr ? UINT32_MAX : find_io(session->outputs, name);
}

uint32_t tenon_session_metadata_count(const tenon_session* session) {
  return session == nullptr ? 0 : static_cast<uint32_t>(session->model->metadata.size());
}

int32_t tenon_session_metadata(const tenon_session* session, uint32_t index, tenon_string* key, tenon_string* value) {
  if (session == nullptr || key == nullptr || value == nullptr || index >= session->model->metadata.size()) {
    return TENON_INVALID_ARGUMENT;
  }
  *key = tenon::api::borrow(session->model->metadata[index].first);
  *value = tenon::api::borrow(session->model->metadata[index].second);
  return TENON_OK;
}

int32_t tenon_session_placement_json(const tenon_session* session, tenon_text** out, tenon_status* status) {
  return text_of("tenon_session_placement_json", session, out, status,
                 [&] { return tenon::api::placement_json(*session); });
}

tenon_string tenon_session_placement_line(const tenon_session* session) {
  return session == nullptr ? tenon_string{nullptr, 0} : tenon::api::borrow(session->report.line);
}

int32_t tenon_session_ir_text(const tenon_session* session, tenon_string stage, tenon_text** out,
                              tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (session == nullptr || out == nullptr) {
      return bad_argument("tenon_session_ir_text: session or out is NULL");
    }
    return ir_text(*session, tenon::api::view(stage), out);
  });
}

int32_t tenon_session_graph_json(const tenon_session* session, tenon_string stage, tenon_text** out,
                                 tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (session == nullptr || out == nullptr) {
      return bad_argument("tenon_session_graph_json: session or out is NULL");
    }
    TENON_ASSIGN_OR_RETURN(std::string text, tenon::api::graph_json(*session, tenon::api::view(stage)));
    *out = make_text(std::move(text));
    return {};
  });
}

int32_t tenon_session_inspect_json(const tenon_session* session, tenon_text** out, tenon_status* status) {
  return text_of("tenon_session_inspect_json", session, out, status,
                 [&] { return tenon::api::inspect_json(*session); });
}

int32_t tenon_session_memory_json(const tenon_session* session, tenon_text** out, tenon_status* status) {
  return text_of("tenon_session_memory_json", session, out, status, [&] {
    uint64_t packed = 0;
    const auto add = [&](const auto& self, const tenon::Program& program) -> void {
      for (const auto& region : program.regions) {
        packed += region->packed_bytes();
      }
      for (const auto& body : program.bodies) {
        self(self, *body);
      }
    };
    add(add, session->executor->program());
    uint64_t idle = 0;
    uint64_t frames = 0;
    session->executor->usage(&idle, &frames);
    const tenon::MemoryStats stats = session->executor->memory().stats();
    return json::serialize(json::object{{"weights", session->weights_kept},
                                        {"packed", packed},
                                        {"arena", stats.current},
                                        {"arena_peak", stats.peak},
                                        {"outputs", session->released->waiting()},
                                        {"plans", frames}});
  });
}

int32_t tenon_session_trim(tenon_session* session, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (session == nullptr) {
      return bad_argument("tenon_session_trim: session is NULL");
    }
    session->executor->trim();
    session->released->clear();
    tenon::Memory::trim();
    return {};
  });
}

int32_t tenon_session_profile_trace(tenon_session* session, tenon_text** out, tenon_status* status) {
  return text_of("tenon_session_profile_trace", session, out, status,
                 [&] { return tenon::api::profile_trace(*session); });
}

int32_t tenon_session_profile_json(tenon_session* session, tenon_text** out, tenon_status* status) {
  return text_of("tenon_session_profile_json", session, out, status,
                 [&] { return tenon::api::profile_json(*session); });
}

int32_t tenon_session_profile_reset(tenon_session* session, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (session == nullptr) {
      return bad_argument("tenon_session_profile_reset: session is NULL");
    }
    session->executor->profile().reset();
    return {};
  });
}

}  // extern "C"
