// SPDX-License-Identifier: Apache-2.0
// A provider's manifest: what is known of it before any of its code is loaded [R5].
//
//   {
//     "tenon_manifest": 1,
//     "id": "acme-npu", "version": "2.3.1",
//     "generation": 0, "minor": [0, 0],
//     "roles": [],                                       "last-resort", "fold"
//     "variants": [
//       {"os": "linux", "arch": "x86_64", "isa": ["avx2", "fma"], "rank": 20, "library": "libacme_avx2.so"}
//     ],
//     "needs": [{"soname": "libacme.so.3", "hint": "install acme-driver 5 or later"}]
//   }
//
// All fields but "roles" and "needs" are required; an unknown field is an error, as is one of another type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"

namespace tenon {

struct ManifestVariant {
  std::string os;                // "linux"
  std::string arch;              // as cpu_arch()
  std::vector<std::string> isa;  // all must be there; names of cpu_features()
  int64_t rank = 0;              // the highest that fits is taken
  std::string library;           // relative to the manifest's folder and inside it
};

// A library that the provider's own one is linked with or opens.
struct ManifestNeed {
  std::string soname;
  std::string hint;  // what an administrator can do about it
};

struct Manifest {
  std::string path;    // of the manifest; absolute when read from a file
  std::string folder;  // that it lies in
  std::string id;      // [a-z0-9._-]+
  std::string version;
  uint32_t generation = 0;
  uint32_t min_minor = 0;
  uint32_t max_minor = 0;
  bool last_resort = false;  // takes what no other provider wants
  bool fold = false;         // may be asked to compute constants at load
  std::vector<ManifestVariant> variants;
  std::vector<ManifestNeed> needs;
};

// Parses a manifest's text. Errors are TENON_PROVIDER_LOAD and name file, field, got and expected.
Result<Manifest> parse_manifest(std::string_view text, const std::string& path);
// Reads one from a file of at most 1 MiB.
Result<Manifest> read_manifest(const std::string& path);

// The variant of the highest rank that this system and the features given can run (the first of equals). PROVIDER_LOAD
// when there is none, with what each one asks for.
Result<const ManifestVariant*> choose_variant(const Manifest& manifest, const std::vector<std::string>& features);

// [a-z0-9._-]+, at most 100 bytes, not beginning with '.' or '-'.
bool valid_provider_id(std::string_view id);

}  // namespace tenon
