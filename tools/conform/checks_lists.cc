// SPDX-License-Identifier: Apache-2.0
// Checks of what a provider says about itself: devices, options, custom operators.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <set>

#include "checks.hpp"

namespace tenon::conform {

namespace {

/// Asks for devices with wider records and less room than there are, and looks at what was written.
void check_device_capacity(Reporter& report, const Provider& provider) {
  const auto n = static_cast<uint32_t>(provider.devices().size());
  constexpr uint32_t gap = 40;
  constexpr uint32_t stride = sizeof(tenon_device) + gap;
  constexpr auto untouched = std::byte{0x99};
  for (uint32_t cap = 0; cap <= n; ++cap) {
    std::vector<std::byte> room((size_t{n} + 2) * stride, untouched);
    uint32_t found = 0;
    StatusBox status;
    const int32_t code =
        provider.table().devices(provider.self(), cap == 0 ? nullptr : reinterpret_cast<tenon_device*>(room.data()),
                                 stride, cap, &found, status.get());
    if (status.check(report, code, "devices") != TENON_OK) {
      report.fail(1, "devices with room for ", cap, " of ", n, " fails with code ", code);
      continue;
    }
    if (found != n) report.fail(1, "devices with room for ", cap, " says there are ", found, ", before it were ", n);
    for (size_t i = size_t{cap} * stride; i < room.size(); ++i) {
      if (room[i] == untouched) continue;
      report.fail(1, "devices with room for ", cap, " records wrote past them");
      break;
    }
    for (uint32_t d = 0; d < cap; ++d) {
      const std::byte* record = room.data() + size_t{d} * stride;
      const auto* device = reinterpret_cast<const tenon_device*>(record);
      if (device->id != d) report.fail(1, "device ", d, " is not at ", d, " strides: its id there is ", device->id);
      if (device->size > stride) report.fail(2, "device ", d, " has size ", device->size, " in a record of ", stride);
    }
  }
}

void check_memory_kinds(Reporter& report, const Provider& provider, const tenon_device& d) {
  if (d.nmemory_kinds == 0 || d.nmemory_kinds > 32 || d.memory_kinds == nullptr) {
    return report.fail(9, "device ", d.id, " has ", d.nmemory_kinds, " memory kinds, expected 1 to 32");
  }
  const std::vector<tenon_memory_kind> kinds = provider.memory_kinds(d);
  if ((kinds[0].flags & TENON_MEMORY_HOST) == 0)
    report.fail(9, "memory kind 0 of device ", d.id, " is not host memory");
  for (const tenon_memory_kind& k : kinds) {
    if (k.name.len == 0) report.fail(9, "a memory kind of device ", d.id, " has no name");
    if (k.alignment == 0 || (k.alignment & (k.alignment - 1)) != 0) {
      report.fail(9, "memory kind '", plugin::view(k.name), "' has alignment ", k.alignment);
    }
    if ((k.flags & TENON_MEMORY_HOST_MAPPABLE) != 0 && provider.table().mem_map == nullptr) {
      report.fail(9, "memory kind '", plugin::view(k.name), "' is mappable, and there is no mem_map");
    }
  }
  if (kinds.size() > 1 && (provider.table().mem_alloc == nullptr || provider.table().copy == nullptr)) {
    report.fail(9, "device ", d.id, " has memory of its own, and there is no mem_alloc or no copy");
  }
}

}  // namespace

void check_devices(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    check_device_capacity(report, provider);
    for (const tenon_device& d : provider.devices()) {
      if (d.size < offsetof(tenon_device, reserved)) {
        report.fail(2, "device ", d.id, " has size ", d.size, ", expected ", sizeof(tenon_device));
        continue;
      }
      if (d.name.len == 0) report.fail(9, "device ", d.id, " has no name");
      if (d.kind < TENON_DEVICE_CPU || d.kind > TENON_DEVICE_OTHER) {
        report.fail(9, "device ", d.id, " has the unknown kind ", d.kind);
      }
      if (d.nqueues == 0) report.fail(10, "device ", d.id, " has no queue");
      if ((d.flags & TENON_DEVICE_ASYNC) != 0 && !provider.is_async()) {
        report.fail(10, "device ", d.id, " is marked ASYNC, the provider has no TENON_FEATURE_ASYNC");
      }
      check_memory_kinds(report, provider, d);
    }
  });
}

namespace {

bool is_number(const std::string& text, double& out) {
  char* end = nullptr;
  errno = 0;
  out = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && errno == 0 && std::isfinite(out);
}

/// Why `text` is no value of the option; empty when it is one.
std::string value_error(const tenon_option_desc& o, const std::string& text) {
  double number = 0;
  switch (o.type) {
    case TENON_OPTION_STRING:
      return {};
    case TENON_OPTION_INT:
    case TENON_OPTION_FLOAT:
      if (!is_number(text, number)) return "is no number";
      if (o.type == TENON_OPTION_INT && number != std::floor(number)) return "is no whole number";
      if (number < o.min || number > o.max) return "lies outside of its range";
      return {};
    case TENON_OPTION_BOOL:
      return text == "true" || text == "false" ? "" : "is neither true nor false";
    default:
      for (uint32_t i = 0; i < o.nchoices; ++i) {
        if (plugin::view(o.choices[i]) == text) return {};
      }
      return "is none of its choices";
  }
}

/// Values that the schema allows and that a provider therefore has to take, or to refuse with a reason.
std::vector<std::string> values_to_try(const tenon_option_desc& o) {
  if (o.type == TENON_OPTION_BOOL) return {"true", "false"};
  if (o.type == TENON_OPTION_INT) {
    return {std::to_string(static_cast<int64_t>(std::max(o.min, -9e15))),
            std::to_string(static_cast<int64_t>(std::min(o.max, 9e15)))};
  }
  if (o.type == TENON_OPTION_FLOAT) return {plugin::cat(o.min), plugin::cat(o.max)};
  std::vector<std::string> out;
  for (uint32_t i = 0; o.type == TENON_OPTION_CHOICE && i < o.nchoices; ++i)
    out.emplace_back(plugin::view(o.choices[i]));
  return out;
}

bool is_option_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == std::string_view::npos;
}

void try_option(Reporter& report, const Provider& provider, const tenon_option_desc& o) {
  const std::string name(plugin::view(o.name));
  for (const std::string& value : values_to_try(o)) {
    Session session(provider, GraphSpec{}, {0, 0, {{name, value}}});
    if (session.created() || session.code() == TENON_OPTION || session.code() == TENON_OUT_OF_MEMORY ||
        session.code() == TENON_UNSUPPORTED) {
      continue;
    }
    report.fail(14, "option '", name, "' allows '", value, "', and session_create refuses it with code ",
                session.code(), ": ", session.error());
  }
}

}  // namespace

void check_options(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    std::set<std::string> names;
    for (const tenon_option_desc& o : provider.options()) {
      const std::string name(plugin::view(o.name));
      report.step("looking at option '", name, "'");
      if (!is_option_name(name)) report.fail(14, "an option is called '", name, "', expected a-z 0-9 _ . -");
      if (!names.insert(name).second) report.fail(14, "two options are called '", name, "'");
      if (o.type > TENON_OPTION_CHOICE) {
        report.fail(14, "option '", name, "' has the unknown type ", o.type);
        continue;
      }
      if (o.text.len == 0) report.fail(14, "option '", name, "' has no text");
      if ((o.type == TENON_OPTION_INT || o.type == TENON_OPTION_FLOAT) && !(o.min <= o.max)) {
        report.fail(14, "option '", name, "' has the range ", o.min, " to ", o.max);
        continue;
      }
      if (o.type == TENON_OPTION_CHOICE && (o.nchoices == 0 || o.choices == nullptr)) {
        report.fail(14, "option '", name, "' is a choice of nothing");
        continue;
      }
      const std::string wrong = value_error(o, std::string(plugin::view(o.default_value)));
      if (!wrong.empty()) {
        report.fail(14, "option '", name, "': its default '", plugin::view(o.default_value), "' ", wrong);
      }
      try_option(report, provider, o);
    }
    if (provider.options().empty()) report.skip("the provider has no options");
  });
}

namespace {

void check_schema(Reporter& report, const tenon_schema& s) {
  const std::string name = plugin::cat(plugin::view(s.domain), ":", plugin::view(s.op));
  if (s.domain.len == 0 || s.op.len == 0) report.fail(15, "the schema '", name, "' has no domain or no name");
  const std::string_view domain = plugin::view(s.domain);
  if (domain == "ai.onnx" || domain.starts_with("ai.onnx.")) {
    report.fail(15, "the schema ", name, " stands in ONNX's own domain");
  }
  if (s.since_version == 0) report.fail(15, "the schema ", name, " has since_version 0");
  if (s.min_inputs > s.max_inputs || s.min_outputs > s.max_outputs || s.max_outputs == 0) {
    report.fail(15, "the schema ", name, " takes ", s.min_inputs, " to ", s.max_inputs, " inputs and makes ",
                s.min_outputs, " to ", s.max_outputs, " outputs");
  }
  std::set<std::string> names;
  for (const tenon_attribute& a :
       plugin::Records<const tenon_attribute>(s.attributes, s.nattributes, s.attribute_stride)) {
    const std::string attribute(plugin::view(a.name));
    if (attribute.empty() || !names.insert(attribute).second) {
      report.fail(15, "the schema ", name, " has an attribute '", attribute, "' twice or without a name");
    }
    if (a.type < TENON_ATTR_FLOAT || a.type > TENON_ATTR_STRINGS || a.type == 5) {
      report.fail(15, "the schema ", name, ": attribute '", attribute, "' has the unknown type ", a.type);
    }
  }
}

}  // namespace

void check_schemas(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    if (provider.table().schemas == nullptr) return report.skip("the provider has no operators of its own");
    std::set<std::string> seen;
    for (const tenon_schema& s : provider.schemas()) {
      check_schema(report, s);
      const std::string key = plugin::cat(plugin::view(s.domain), ":", plugin::view(s.op), " ", s.since_version);
      if (!seen.insert(key).second) report.fail(15, "there are two schemas of ", key);
    }
    report.step("infer");
    const std::vector<Case> cases = own_cases(provider);
    if (cases.empty()) {
      report.note("infer was not seen at work: no schema takes float32 inputs without required attributes");
    }
    for (const Case& c : cases) {
      for (const int64_t d : c.dims.back()) {
        if (d < TENON_UNKNOWN_DIM)
          report.fail(15, "infer of ", c.name, " left dims ", plugin::dims_text(c.dims.back()));
      }
    }
  });
}

}  // namespace tenon::conform
